-- Messages that wait: how urgent each is, until when it waits, and with which others that wait as long it goes out as one message.

ALTER TABLE outbox
    ADD COLUMN urgency text COLLATE "C" NOT NULL DEFAULT 'normal' CHECK (urgency IN ('low', 'normal', 'urgent')),
    ADD COLUMN not_before bigint,
    ADD COLUMN digest text COLLATE "C";

CREATE INDEX outbox_by_digest ON outbox (digest, not_before) WHERE digest IS NOT NULL AND status IN ('waiting', 'sending');

-- What is told later takes along what waits before it, so that messages of a case to one recipient stay in order.
CREATE FUNCTION take_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE outbox AS o
    SET next_at = NEW.next_at, not_before = NEW.not_before, digest = NEW.digest,
        urgency = CASE WHEN NEW.urgency = 'urgent' OR o.urgency = 'low' THEN NEW.urgency ELSE o.urgency END
    WHERE o.status IN ('waiting', 'sending') AND o.case_id = NEW.case_id AND o.recipient = NEW.recipient
        AND o.channel = NEW.channel AND o.status = 'waiting' AND o.attempts = 0 AND o.next_at > NEW.next_at;
    RETURN NEW;
END $$;

CREATE TRIGGER messages_take_along_what_waits BEFORE INSERT ON outbox
FOR EACH ROW WHEN (NEW.status = 'waiting') EXECUTE FUNCTION take_along();

-- What may be claimed once its instant has come: nothing before it is on its way to the same recipient, but what goes out as
-- one message with it. An urgent one does not wait for others that failed and are to be tried again.
CREATE VIEW heads AS
SELECT o.n, o.next_at, o.digest, o.not_before, o.attempts FROM outbox AS o
WHERE o.status IN ('waiting', 'sending') AND NOT EXISTS (
    SELECT 1 FROM outbox AS e
    WHERE e.status IN ('waiting', 'sending') AND e.case_id = o.case_id AND e.recipient = o.recipient
        AND e.channel = o.channel AND e.n < o.n
        AND NOT coalesce(e.digest = o.digest AND e.not_before = o.not_before AND e.attempts = o.attempts, false)
        AND NOT (o.urgency = 'urgent' AND e.urgency <> 'urgent' AND e.status = 'waiting' AND e.attempts > 0));

-- As before, with what a message now says of its waiting.
CREATE OR REPLACE FUNCTION write_change(
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
            provisional = new.provisional, personal = c.personal OR coalesce(rest ? 'personal', false)
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
        outside, problem, urgency, not_before, digest, status, next_at)
    SELECT m.key, m.case_id, m.seq, m.template, m.recipient, m.channel, m.address, m.language, m.subject, m.body,
        m.created_at, m.outside, m.problem, m.urgency, m.not_before, m.digest, m.status, m.next_at
    FROM jsonb_array_elements(coalesce(rest->'outbox', '[]')) WITH ORDINALITY AS e (message, place),
        jsonb_populate_record(NULL::outbox, e.message) AS m
    ORDER BY e.place;
    INSERT INTO inbox (key, sender, receiver, command)
    SELECT i->>0, i->>1, i->>2, i->>3
    FROM jsonb_array_elements(coalesce(rest->'inbox', '[]')) WITH ORDINALITY AS e (i, place)
    ORDER BY e.place;
END $$;
