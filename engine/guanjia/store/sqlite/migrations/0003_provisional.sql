-- How many running clocks of a case have a deadline that a year not published yet may move; told by lists and by doctor.

ALTER TABLE cases ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0 CHECK (provisional >= 0);

UPDATE cases SET provisional = (
    SELECT count(*) FROM json_each(snapshot, '$.clocks')
    WHERE json_extract(value, '$.status') = 'running' AND json_extract(value, '$.provisional')
)
WHERE closed_at IS NULL;

CREATE INDEX open_provisional ON cases (id) WHERE closed_at IS NULL AND provisional > 0;
