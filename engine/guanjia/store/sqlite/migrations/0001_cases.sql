-- The first schema. Instants are microseconds since 1970 in UTC; JSON is kept as the text that was written.

CREATE TABLE cases (
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    head BLOB NOT NULL CHECK (length(head) = 32),
    personal INTEGER NOT NULL DEFAULT 0 CHECK (personal IN (0, 1)),   -- whether there may be personal values to read
    site TEXT NOT NULL,
    number TEXT NOT NULL COLLATE NOCASE CHECK (number <> ''),
    procedure TEXT NOT NULL,
    version TEXT NOT NULL,
    states TEXT NOT NULL,
    mode TEXT,
    priority TEXT,
    summary TEXT NOT NULL,
    room TEXT,
    assignee TEXT,
    customer TEXT,
    parent TEXT,
    opened_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    closed_at INTEGER,
    outcome TEXT,
    next_due INTEGER,
    deadline INTEGER,
    breached INTEGER NOT NULL CHECK (breached >= 0),
    snapshot TEXT NOT NULL,
    UNIQUE (number, site)
) STRICT;

-- Every order of a list, apart for open and for finished cases, so that the open ones stay near each other.
-- A case without a deadline comes last: 9223372036854775807 is later than every instant.
CREATE INDEX open_by_deadline ON cases (ifnull(deadline, 9223372036854775807), id) WHERE closed_at IS NULL;
CREATE INDEX open_by_opening ON cases (opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX open_by_change ON cases (changed_at, id) WHERE closed_at IS NULL;
CREATE INDEX closed_by_deadline ON cases (ifnull(deadline, 9223372036854775807), id) WHERE closed_at IS NOT NULL;
CREATE INDEX closed_by_opening ON cases (opened_at, id) WHERE closed_at IS NOT NULL;
CREATE INDEX closed_by_change ON cases (changed_at, id) WHERE closed_at IS NOT NULL;
CREATE INDEX open_by_due ON cases (next_due, id) WHERE closed_at IS NULL AND next_due IS NOT NULL;
CREATE INDEX open_by_assignee ON cases (assignee) WHERE closed_at IS NULL AND assignee IS NOT NULL;
CREATE INDEX cases_by_room ON cases (room) WHERE room IS NOT NULL;
CREATE INDEX cases_by_customer ON cases (customer) WHERE customer IS NOT NULL;
CREATE INDEX cases_by_parent ON cases (parent) WHERE parent IS NOT NULL;

CREATE TABLE events (
    cursor INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    text TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    recorded_at INTEGER NOT NULL,
    UNIQUE (case_id, seq)
) STRICT;

CREATE TRIGGER events_have_no_gaps BEFORE INSERT ON events
WHEN NEW.seq <> 1 + ifnull((SELECT max(seq) FROM events WHERE case_id = NEW.case_id), 0)
BEGIN SELECT RAISE(ABORT, 'events: seq is not the next one of its case'); END;

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events: append-only'); END;

CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events: append-only'); END;

-- Events are written before the snapshot that they lead to.
CREATE TRIGGER new_cases_equal_their_events AFTER INSERT ON cases
WHEN NEW.seq IS NOT (SELECT max(seq) FROM events WHERE case_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'cases: seq is not that of the last event'); END;

CREATE TRIGGER cases_equal_their_events AFTER UPDATE OF seq ON cases
WHEN NEW.seq IS NOT (SELECT max(seq) FROM events WHERE case_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'cases: seq is not that of the last event'); END;

CREATE TABLE personal (
    case_id TEXT NOT NULL REFERENCES cases (id),
    commitment TEXT NOT NULL,
    salt TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (case_id, commitment)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    key TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    site TEXT NOT NULL,
    counter TEXT NOT NULL,
    year INTEGER NOT NULL,
    value INTEGER NOT NULL CHECK (value >= 1),
    PRIMARY KEY (site, counter, year)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    content BLOB NOT NULL
) STRICT;

CREATE TABLE outbox (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    template TEXT NOT NULL,
    recipient TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    outside INTEGER NOT NULL CHECK (outside IN (0, 1)),
    problem TEXT,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'sending', 'sent', 'dead', 'unrenderable', 'recorded')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at INTEGER CHECK ((next_at IS NOT NULL) = (status IN ('waiting', 'sending'))),
    last_error TEXT,
    sent_at INTEGER CHECK ((sent_at IS NOT NULL) = (status = 'sent')),
    owner TEXT CHECK ((owner IS NOT NULL) = (status = 'sending')),
    note TEXT,
    FOREIGN KEY (case_id, seq) REFERENCES events (case_id, seq)
) STRICT;

CREATE INDEX outbox_by_case ON outbox (case_id);
CREATE INDEX outbox_by_status ON outbox (status);
CREATE INDEX outbox_by_time ON outbox (next_at) WHERE status IN ('waiting', 'sending');
CREATE INDEX outbox_in_line ON outbox (case_id, recipient, channel) WHERE status IN ('waiting', 'sending');

CREATE TABLE inbox (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    receiver TEXT,
    command TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'dropped')),
    problem TEXT CHECK ((problem IS NOT NULL) = (status = 'dropped'))
) STRICT;

CREATE INDEX inbox_in_line ON inbox (sender, receiver) WHERE status = 'waiting';
CREATE INDEX inbox_waiting ON inbox (n) WHERE status = 'waiting';
CREATE INDEX inbox_dropped ON inbox (n) WHERE status = 'dropped';

CREATE TABLE versions (
    hash TEXT NOT NULL PRIMARY KEY,
    procedure TEXT NOT NULL,
    canonical TEXT NOT NULL
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
