-- What happens to the office itself and to no case: procedures published, calendars applied, suspensions, another organisation.
-- One chain of hashes for the whole office, as each case has its own.

CREATE TABLE office_events (
    seq INTEGER PRIMARY KEY CHECK (seq >= 1),
    text TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    recorded_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER office_events_have_no_gaps BEFORE INSERT ON office_events
WHEN NEW.seq <> 1 + ifnull((SELECT max(seq) FROM office_events), 0)
BEGIN SELECT RAISE(ABORT, 'office_events: seq is not the next one'); END;

CREATE TRIGGER office_events_stay_as_they_are BEFORE UPDATE ON office_events
BEGIN SELECT RAISE(ABORT, 'office_events: append-only'); END;

CREATE TRIGGER office_events_are_never_removed BEFORE DELETE ON office_events
BEGIN SELECT RAISE(ABORT, 'office_events: append-only'); END;

-- Which versions open cases are pinned to, and which cases to each: what is moved when the rules change.
CREATE INDEX open_by_version ON cases (version, id) WHERE closed_at IS NULL;
