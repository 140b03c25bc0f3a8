-- How many escalations of a case came to the end of their ladder and are not acknowledged; told by lists and by doctor. Cases of
-- before have none: what comes after the last level was not counted then.

ALTER TABLE cases ADD COLUMN alarms INTEGER NOT NULL DEFAULT 0 CHECK (alarms >= 0);

CREATE INDEX open_alarms ON cases (id) WHERE closed_at IS NULL AND alarms > 0;
