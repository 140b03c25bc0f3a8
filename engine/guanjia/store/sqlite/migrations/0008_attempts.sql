-- How often something was tried in vain in the present period: what must not be found out by trying is bounded by it. Only the
-- latest period of a name is remembered.

CREATE TABLE attempts (
    name TEXT NOT NULL PRIMARY KEY,
    period INTEGER NOT NULL,
    times INTEGER NOT NULL CHECK (times >= 1)
) STRICT, WITHOUT ROWID;
