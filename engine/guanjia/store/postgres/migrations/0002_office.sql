-- What happens to the office itself and to no case: procedures published, calendars applied, suspensions, another organisation.
-- One chain of hashes for the whole office, as each case has its own.

CREATE TABLE office_events (
    seq bigint PRIMARY KEY CHECK (seq >= 1),
    text text NOT NULL,
    head bytea NOT NULL CHECK (length(head) = 32),
    recorded_at bigint NOT NULL
);

CREATE FUNCTION require_next_office_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM office_events), 0) THEN
        RAISE EXCEPTION 'office_events: seq is not the next one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER office_events_have_no_gaps BEFORE INSERT ON office_events
FOR EACH ROW EXECUTE FUNCTION require_next_office_event();

CREATE TRIGGER office_events_stay_as_they_are BEFORE UPDATE OR DELETE OR TRUNCATE ON office_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON office_events FROM PUBLIC, CURRENT_USER;

-- Which versions open cases are pinned to, and which cases to each: what is moved when the rules change.
CREATE INDEX open_by_version ON cases (version, id) WHERE closed_at IS NULL;
