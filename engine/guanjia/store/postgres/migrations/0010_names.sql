-- Customers are found by their name too.

ALTER TABLE customer_terms DROP CONSTRAINT customer_terms_kind_check;
ALTER TABLE customer_terms ADD CONSTRAINT customer_terms_kind_check CHECK (kind IN ('phone', 'mail', 'room', 'name'));
