-- What cases of a procedure are counted by (`counts`): under a key that says how a case is alike to others, as of an instant.

CREATE TABLE alike (
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    PRIMARY KEY (key, at, case_id)
);

CREATE INDEX alike_by_case ON alike (case_id);
