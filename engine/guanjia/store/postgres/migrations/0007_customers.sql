-- The register of customers: each person's record is sealed under a key of their own; what they are found by are keyed digests.

CREATE TABLE customers (
    id text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    seq bigint NOT NULL CHECK (seq >= 1),
    head bytea NOT NULL CHECK (length(head) = 32),
    wrapped text NOT NULL,
    record text NOT NULL,                             -- '' once they are forgotten
    verified_at bigint,
    survivor text COLLATE "C" CHECK (survivor <> id)  -- whom they were merged into
);

CREATE INDEX customers_by_verification ON customers (verified_at, id) WHERE survivor IS NULL AND record <> '';
CREATE INDEX customers_by_survivor ON customers (survivor) WHERE survivor IS NOT NULL;

CREATE TABLE customer_events (
    customer text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    text text NOT NULL,
    head bytea NOT NULL CHECK (length(head) = 32),
    recorded_at bigint NOT NULL,
    PRIMARY KEY (customer, seq)
);

CREATE FUNCTION require_next_customer_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM customer_events WHERE customer = NEW.customer), 0) THEN
        RAISE EXCEPTION 'customer_events: seq is not the next one of its customer' USING ERRCODE = 'GJ001';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER customer_events_have_no_gaps BEFORE INSERT ON customer_events
FOR EACH ROW EXECUTE FUNCTION require_next_customer_event();

CREATE TRIGGER customer_events_stay_as_they_are BEFORE UPDATE OR DELETE OR TRUNCATE ON customer_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON customer_events FROM PUBLIC, CURRENT_USER;

CREATE TABLE customer_terms (
    customer text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('phone', 'mail', 'room')),
    term text COLLATE "C" NOT NULL,
    PRIMARY KEY (customer, kind, term)
);

CREATE INDEX customers_by_term ON customer_terms (kind, term, customer);
