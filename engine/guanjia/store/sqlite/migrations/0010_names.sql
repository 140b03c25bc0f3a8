-- Customers are found by their name too. A CHECK is changed by making the table anew.

CREATE TABLE terms_of_before AS SELECT customer, kind, term FROM customer_terms;
DROP TABLE customer_terms;

CREATE TABLE customer_terms (
    customer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'mail', 'room', 'name')),
    term TEXT NOT NULL,
    PRIMARY KEY (customer, kind, term)
) STRICT, WITHOUT ROWID;

INSERT INTO customer_terms (customer, kind, term) SELECT customer, kind, term FROM terms_of_before;
DROP TABLE terms_of_before;

CREATE INDEX customers_by_term ON customer_terms (kind, term, customer);
