-- The first schema, in the schema that search_path names. Instants are microseconds since 1970 in UTC; JSON is kept as the
-- text that was written. Text sorts by code point, so that orders are the same on every machine.

CREATE TABLE cases (
    id text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    seq bigint NOT NULL CHECK (seq >= 1),
    head bytea NOT NULL CHECK (length(head) = 32),
    personal boolean NOT NULL DEFAULT false,     -- whether there may be personal values to read
    site text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL CHECK (number <> ''),
    procedure text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    states text COLLATE "C" NOT NULL,
    mode text COLLATE "C",
    priority text COLLATE "C",
    summary text COLLATE "C" NOT NULL,
    room text COLLATE "C",
    assignee text COLLATE "C",
    customer text COLLATE "C",
    parent text COLLATE "C",
    opened_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    closed_at bigint,
    outcome text COLLATE "C",
    next_due bigint,
    deadline bigint,
    breached bigint NOT NULL CHECK (breached >= 0),
    snapshot text NOT NULL
);

CREATE UNIQUE INDEX cases_number_key ON cases (lower(number), site);
CREATE INDEX open_by_deadline ON cases (deadline, id) WHERE closed_at IS NULL;
CREATE INDEX open_by_opening ON cases (opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX open_by_change ON cases (changed_at, id) WHERE closed_at IS NULL;
CREATE INDEX all_by_deadline ON cases (deadline, id);
CREATE INDEX all_by_opening ON cases (opened_at, id);
CREATE INDEX all_by_change ON cases (changed_at, id);
CREATE INDEX open_by_due ON cases (next_due, id) WHERE closed_at IS NULL AND next_due IS NOT NULL;
CREATE INDEX open_by_assignee ON cases (assignee) WHERE closed_at IS NULL AND assignee IS NOT NULL;
CREATE INDEX cases_by_room ON cases (room) WHERE room IS NOT NULL;
CREATE INDEX cases_by_customer ON cases (customer) WHERE customer IS NOT NULL;
CREATE INDEX cases_by_parent ON cases (parent) WHERE parent IS NOT NULL;

-- Numbers of a sequence are taken when an event is written, not when it is committed: see `feed` in queries.sql.
CREATE TABLE events (
    cursor bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id text COLLATE "C" NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    seq bigint NOT NULL CHECK (seq >= 1),
    text text NOT NULL,
    head bytea NOT NULL CHECK (length(head) = 32),
    recorded_at bigint NOT NULL,
    CONSTRAINT events_case_seq_key UNIQUE (case_id, seq)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Not even the owner, which the program usually is; only a superuser is beyond privileges, and the trigger is left for him.
REVOKE UPDATE, DELETE, TRUNCATE ON events FROM PUBLIC, CURRENT_USER;

CREATE FUNCTION require_next_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM events WHERE case_id = NEW.case_id), 0) THEN
        RAISE EXCEPTION 'events: seq is not the next one of its case' USING ERRCODE = 'GJ001';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER events_have_no_gaps BEFORE INSERT ON events
FOR EACH ROW EXECUTE FUNCTION require_next_event();

-- Events are written before the snapshot that they lead to.
CREATE FUNCTION require_last_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT max(seq) FROM events WHERE case_id = NEW.id) THEN
        RAISE EXCEPTION 'cases: seq is not that of the last event' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER cases_equal_their_events AFTER INSERT OR UPDATE OF seq ON cases
FOR EACH ROW EXECUTE FUNCTION require_last_event();

CREATE TABLE personal (
    case_id text COLLATE "C" NOT NULL REFERENCES cases (id),
    commitment text COLLATE "C" NOT NULL,
    salt text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (case_id, commitment)
);

CREATE TABLE commands (
    key text COLLATE "C" PRIMARY KEY,
    digest text NOT NULL,
    answer text NOT NULL
);

CREATE TABLE counters (
    site text COLLATE "C" NOT NULL,
    counter text COLLATE "C" NOT NULL,
    year bigint NOT NULL,
    value bigint NOT NULL CHECK (value >= 1),
    PRIMARY KEY (site, counter, year)
);

CREATE TABLE blobs (
    sha256 text COLLATE "C" PRIMARY KEY CHECK (length(sha256) = 64),
    content bytea NOT NULL
);

CREATE TABLE outbox (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,
    case_id text COLLATE "C" NOT NULL REFERENCES cases (id),
    seq bigint NOT NULL,
    template text NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    address text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at bigint NOT NULL,
    outside boolean NOT NULL,
    problem text,
    status text COLLATE "C" NOT NULL CHECK (status IN ('waiting', 'sending', 'sent', 'dead', 'unrenderable', 'recorded')),
    attempts bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at bigint CHECK ((next_at IS NOT NULL) = (status IN ('waiting', 'sending'))),
    last_error text,
    sent_at bigint CHECK ((sent_at IS NOT NULL) = (status = 'sent')),
    owner text CHECK ((owner IS NOT NULL) = (status = 'sending')),
    note text
);

CREATE INDEX outbox_by_case ON outbox (case_id);
CREATE INDEX outbox_by_status ON outbox (status);
CREATE INDEX outbox_by_time ON outbox (next_at, n) WHERE status IN ('waiting', 'sending');
CREATE INDEX outbox_in_line ON outbox (case_id, recipient, channel, n) WHERE status IN ('waiting', 'sending');

CREATE TABLE inbox (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE "C" NOT NULL UNIQUE,
    sender text COLLATE "C" NOT NULL,
    receiver text COLLATE "C",
    command text NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'dropped')),
    problem text CHECK ((problem IS NOT NULL) = (status = 'dropped'))
);

CREATE INDEX inbox_in_line ON inbox (sender, coalesce(receiver, ''), n) WHERE status = 'waiting';
CREATE INDEX inbox_waiting ON inbox (n) WHERE status = 'waiting';
CREATE INDEX inbox_dropped ON inbox (n) WHERE status = 'dropped';

CREATE TABLE versions (
    hash text COLLATE "C" PRIMARY KEY,
    procedure text NOT NULL,
    canonical text NOT NULL
);

CREATE TABLE settings (
    name text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- The ids that a reference means: an id, or a number with letters of either case, which several sites may have.
CREATE FUNCTION resolve(ref text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT ARRAY[id] FROM cases WHERE id = ref),
        (SELECT array_agg(id) FROM cases WHERE lower(number) = lower(ref COLLATE "C"))
    )
$$;

-- Everything that one command writes, in one round trip. Errors of class GJ are what `Conflict` is made of.
-- `rest` is null when there is nothing but events: {key: [key, digest, answer], done: key, personal: [{…}], outbox: [{…}], inbox: [{…}]}.
CREATE FUNCTION write_change(
    case_id text, before bigint, at_seq bigint, snapshot text, columns jsonb, texts text[], heads bytea[], recorded bigint[], rest jsonb
) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    new cases%ROWTYPE;
BEGIN
    new := jsonb_populate_record(NULL::cases, columns);
    IF before > 0 THEN
        PERFORM 1 FROM cases AS c WHERE c.id = $1 AND c.seq = before FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'changed meanwhile' USING ERRCODE = 'GJ001';
        END IF;
    END IF;
    -- Held until the commit; whoever reads the feed past a gap waits for it (see `feed`).
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('guanjia.feed.' || current_schema(), 0));
    INSERT INTO events (case_id, seq, text, head, recorded_at)
    SELECT $1, before + e.n, e.text, e.head, e.recorded_at
    FROM unnest(texts, heads, recorded) WITH ORDINALITY AS e (text, head, recorded_at, n)
    ORDER BY e.n;
    IF before > 0 THEN
        UPDATE cases AS c
        SET seq = at_seq, head = heads[array_length(heads, 1)], snapshot = $4, version = new.version, states = new.states,
            priority = new.priority, summary = new.summary, room = new.room, assignee = new.assignee,
            customer = new.customer, parent = new.parent, changed_at = new.changed_at, closed_at = new.closed_at,
            outcome = new.outcome, next_due = new.next_due, deadline = new.deadline, breached = new.breached,
            personal = c.personal OR coalesce(rest ? 'personal', false)
        WHERE c.id = $1;
    ELSE
        new.id := $1;
        new.seq := at_seq;
        new.head := heads[array_length(heads, 1)];
        new.snapshot := $4;
        new.personal := coalesce(rest ? 'personal', false);
        INSERT INTO cases SELECT new.*;
    END IF;
    IF rest IS NULL THEN
        RETURN;
    END IF;
    IF rest ? 'key' THEN
        INSERT INTO commands (key, digest, answer) VALUES (rest->'key'->>0, rest->'key'->>1, rest->'key'->>2);
    END IF;
    IF rest ? 'done' THEN
        UPDATE inbox SET status = 'done' WHERE key = rest->>'done' AND status = 'waiting';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'applied meanwhile' USING ERRCODE = 'GJ002';
        END IF;
    END IF;
    INSERT INTO personal (case_id, commitment, salt, value)
    SELECT $1, p->>0, p->>1, p->>2 FROM jsonb_array_elements(coalesce(rest->'personal', '[]')) AS p
    ON CONFLICT DO NOTHING;
    INSERT INTO outbox (key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at,
        outside, problem, status, next_at)
    SELECT m.key, m.case_id, m.seq, m.template, m.recipient, m.channel, m.address, m.language, m.subject, m.body,
        m.created_at, m.outside, m.problem, m.status, m.next_at
    FROM jsonb_array_elements(coalesce(rest->'outbox', '[]')) WITH ORDINALITY AS e (message, place),
        jsonb_populate_record(NULL::outbox, e.message) AS m
    ORDER BY e.place;
    INSERT INTO inbox (key, sender, receiver, command)
    SELECT i->>0, i->>1, i->>2, i->>3
    FROM jsonb_array_elements(coalesce(rest->'inbox', '[]')) WITH ORDINALITY AS e (i, place)
    ORDER BY e.place;
END $$;
