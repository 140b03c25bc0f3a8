-- Messages that wait: how urgent each is, until when it waits, and with which others that wait as long it goes out as one message.

ALTER TABLE outbox ADD COLUMN urgency TEXT NOT NULL DEFAULT 'normal' CHECK (urgency IN ('low', 'normal', 'urgent'));
ALTER TABLE outbox ADD COLUMN not_before INTEGER;
ALTER TABLE outbox ADD COLUMN digest TEXT;

CREATE INDEX outbox_by_digest ON outbox (digest, not_before) WHERE digest IS NOT NULL AND status IN ('waiting', 'sending');

-- What is told later takes along what waits before it, so that messages of a case to one recipient stay in order.
CREATE TRIGGER messages_take_along_what_waits BEFORE INSERT ON outbox WHEN NEW.status = 'waiting'
BEGIN
    UPDATE outbox
    SET next_at = NEW.next_at, not_before = NEW.not_before, digest = NEW.digest,
        urgency = CASE WHEN NEW.urgency = 'urgent' OR urgency = 'low' THEN NEW.urgency ELSE urgency END
    WHERE status IN ('waiting', 'sending') AND case_id = NEW.case_id AND recipient = NEW.recipient AND channel = NEW.channel
        AND status = 'waiting' AND attempts = 0 AND next_at > NEW.next_at;
END;

-- What may be claimed once its instant has come: nothing before it is on its way to the same recipient, but what goes out as
-- one message with it. An urgent one does not wait for others that failed and are to be tried again.
CREATE VIEW heads AS
SELECT o.n, o.next_at, o.digest, o.not_before, o.attempts FROM outbox AS o INDEXED BY outbox_by_time
WHERE o.status IN ('waiting', 'sending') AND NOT EXISTS (
    SELECT 1 FROM outbox AS e
    WHERE e.status IN ('waiting', 'sending') AND e.case_id = o.case_id AND e.recipient = o.recipient
        AND e.channel = o.channel AND e.n < o.n
        AND NOT (e.digest IS o.digest AND e.not_before IS o.not_before AND e.attempts = o.attempts
            AND e.digest IS NOT NULL AND e.not_before IS NOT NULL)
        AND NOT (o.urgency = 'urgent' AND e.urgency <> 'urgent' AND e.status = 'waiting' AND e.attempts > 0));
