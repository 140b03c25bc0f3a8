-- The register of customers: each person's record is sealed under a key of their own; what they are found by are keyed digests.

CREATE TABLE customers (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    head BLOB NOT NULL CHECK (length(head) = 32),
    wrapped TEXT NOT NULL,
    record TEXT NOT NULL,                  -- '' once they are forgotten
    verified_at INTEGER,
    survivor TEXT CHECK (survivor <> id)   -- whom they were merged into
) STRICT, WITHOUT ROWID;

CREATE INDEX customers_by_verification ON customers (verified_at, id) WHERE survivor IS NULL AND record <> '';
CREATE INDEX customers_by_survivor ON customers (survivor) WHERE survivor IS NOT NULL;

CREATE TABLE customer_events (
    customer TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    text TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (customer, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER customer_events_have_no_gaps BEFORE INSERT ON customer_events
WHEN NEW.seq <> 1 + ifnull((SELECT max(seq) FROM customer_events WHERE customer = NEW.customer), 0)
BEGIN SELECT RAISE(ABORT, 'customer_events: seq is not the next one of its customer'); END;

CREATE TRIGGER customer_events_stay_as_they_are BEFORE UPDATE ON customer_events
BEGIN SELECT RAISE(ABORT, 'customer_events: append-only'); END;

CREATE TRIGGER customer_events_are_never_removed BEFORE DELETE ON customer_events
BEGIN SELECT RAISE(ABORT, 'customer_events: append-only'); END;

CREATE TABLE customer_terms (
    customer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'mail', 'room')),
    term TEXT NOT NULL,
    PRIMARY KEY (customer, kind, term)
) STRICT, WITHOUT ROWID;

CREATE INDEX customers_by_term ON customer_terms (kind, term, customer);
