-- How often something was tried in vain in the present period: what must not be found out by trying is bounded by it. Only the
-- latest period of a name is remembered.

CREATE TABLE attempts (
    name text PRIMARY KEY,
    period bigint NOT NULL,
    times bigint NOT NULL CHECK (times >= 1)
);
