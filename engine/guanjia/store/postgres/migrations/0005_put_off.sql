-- A new message looks for earlier ones that were put off beyond it: by an index of those alone, whose order is that of their
-- instants. Looked for among all that wait, it cost as many steps as messages waited for the same recipient.

CREATE INDEX outbox_put_off ON outbox (case_id, recipient, channel, next_at) WHERE not_before IS NOT NULL AND status = 'waiting';

CREATE OR REPLACE FUNCTION take_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE outbox AS o
    SET next_at = NEW.next_at, not_before = NEW.not_before, digest = NEW.digest,
        urgency = CASE WHEN NEW.urgency = 'urgent' OR o.urgency = 'low' THEN NEW.urgency ELSE o.urgency END
    WHERE o.not_before IS NOT NULL AND o.status = 'waiting' AND o.case_id = NEW.case_id AND o.recipient = NEW.recipient
        AND o.channel = NEW.channel AND o.next_at > NEW.next_at AND o.attempts = 0;
    RETURN NEW;
END $$;
