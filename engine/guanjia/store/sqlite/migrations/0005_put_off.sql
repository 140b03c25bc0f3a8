-- A new message looks for earlier ones that were put off beyond it: by an index of those alone, whose order is that of their
-- instants. Looked for among all that wait, it cost as many steps as messages waited for the same recipient.

CREATE INDEX outbox_put_off ON outbox (case_id, recipient, channel, next_at) WHERE not_before IS NOT NULL AND status = 'waiting';

DROP TRIGGER messages_take_along_what_waits;

CREATE TRIGGER messages_take_along_what_waits BEFORE INSERT ON outbox WHEN NEW.status = 'waiting'
BEGIN
    UPDATE outbox
    SET next_at = NEW.next_at, not_before = NEW.not_before, digest = NEW.digest,
        urgency = CASE WHEN NEW.urgency = 'urgent' OR urgency = 'low' THEN NEW.urgency ELSE urgency END
    WHERE not_before IS NOT NULL AND status = 'waiting' AND case_id = NEW.case_id AND recipient = NEW.recipient
        AND channel = NEW.channel AND next_at > NEW.next_at AND attempts = 0;
END;
