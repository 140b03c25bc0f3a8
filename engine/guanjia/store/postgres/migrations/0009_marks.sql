-- What decides who sees a case (marks.py of the core), as text in which lists look. Cases of before are marked when the program
-- first opens the office; until then only an unbounded sight reaches them.

ALTER TABLE cases ADD COLUMN marks text;

-- As before, with the new column.
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
            provisional = new.provisional, alarms = new.alarms, marks = new.marks, personal = c.personal OR coalesce(rest ? 'personal', false)
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
