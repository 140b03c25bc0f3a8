-- What SqliteStore says to SQLite, by name. Lists are put together in listing.py.

-- name: by_id
SELECT id, seq, snapshot, head, personal FROM cases WHERE id = ?

-- name: by_number
SELECT id, seq, snapshot, head, personal FROM cases WHERE number = ? LIMIT 2

-- name: personal
SELECT commitment, value FROM personal WHERE case_id = ?

-- name: answer
SELECT digest, answer FROM commands WHERE key = ?

-- A counter of no year goes on where those of the years ended, one of no site where those of the sites did.
-- name: next_number
INSERT INTO counters (site, counter, year, value)
SELECT ?1, ?2, ?3, 1 + coalesce(max(value), 0) FROM counters
WHERE counter = ?2 AND (site = ?1 OR ?1 = '') AND (year = ?3 OR ?3 = 0)
ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value

-- name: add_event
INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES (?, ?, ?, ?, ?)

-- name: add_case
INSERT INTO cases (id, seq, head, personal, snapshot, site, number, procedure, version, states, mode, priority, summary, room,
    assignee, customer, parent, opened_at, changed_at, closed_at, outcome, next_due, deadline, breached, provisional, alarms, marks)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)

-- Most commands leave assignee, room, customer and the like as they are. SQLite rewrites every index of which a column is
-- assigned to, changed or not; so these are only compared here, and `move_all` follows when they differ. Measured: 15 us
-- less of 50.
-- name: move
UPDATE cases SET seq = ?2, head = ?3, personal = personal | ?4, snapshot = ?5, states = ?6, changed_at = ?7, next_due = ?8,
    deadline = ?9, breached = ?10, marks = ?23
WHERE id = ?1 AND seq = ?11
    AND (version, priority, summary, room, assignee, customer, parent, closed_at, outcome, provisional, alarms)
        IS (?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)

-- name: move_all
UPDATE cases SET seq = ?2, head = ?3, personal = personal | ?4, snapshot = ?5, states = ?6, changed_at = ?7, next_due = ?8,
    deadline = ?9, breached = ?10, version = ?12, priority = ?13, summary = ?14, room = ?15, assignee = ?16, customer = ?17,
    parent = ?18, closed_at = ?19, outcome = ?20, provisional = ?21, alarms = ?22, marks = ?23
WHERE id = ?1 AND seq = ?11

-- name: add_personal
INSERT INTO personal (case_id, commitment, salt, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: put_marks
UPDATE cases SET marks = ? WHERE id = ?

-- name: drop_alike
DELETE FROM alike WHERE case_id = ?

-- name: add_alike
INSERT INTO alike (key, at, case_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: alike
SELECT count(*) FROM (SELECT 1 FROM alike WHERE key = ? AND at > ? AND at <= ? AND case_id <> ? LIMIT ?)

-- name: alike_of
SELECT key, at FROM alike WHERE case_id = ? ORDER BY key, at

-- name: put_personal
INSERT INTO personal (case_id, commitment, salt, value) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET salt = excluded.salt, value = excluded.value

-- name: forget
DELETE FROM personal WHERE case_id = ?

-- name: add_key
INSERT INTO commands (key, digest, answer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: add_message
INSERT INTO outbox (key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside,
    problem, urgency, not_before, digest, status, next_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: add_item
INSERT INTO inbox (key, sender, receiver, command) VALUES (?, ?, ?, ?)

-- name: finish_item
UPDATE inbox SET status = 'done' WHERE key = ? AND status = 'waiting'

-- name: drop_item
UPDATE inbox SET status = 'dropped', problem = ?2 WHERE key = ?1 AND status = 'waiting'

-- name: add_blob
INSERT INTO blobs (sha256, content) VALUES (?, ?) ON CONFLICT DO NOTHING

-- name: load
SELECT count(*) FROM cases WHERE assignee = ? AND closed_at IS NULL

-- name: events
SELECT seq, text, head, recorded_at FROM events WHERE case_id = ? AND seq > ? ORDER BY seq

-- name: feed
SELECT cursor, case_id, seq, text, head, recorded_at FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?

-- name: tally
SELECT procedure, states, mode, count(*), sum(breached > 0 OR coalesce(deadline <= ?1, 0)), sum(coalesce(next_due <= ?1, 0))
FROM cases WHERE closed_at IS NULL GROUP BY procedure, states, mode ORDER BY procedure, states, coalesce(mode, '')

-- name: columns
SELECT site, number, procedure, version, states, mode, priority, summary, room, assignee, customer, parent, opened_at,
    changed_at, closed_at, outcome, next_due, deadline, breached, provisional, alarms, marks
FROM cases WHERE id = ?

-- name: cases
SELECT id FROM cases WHERE id > ? ORDER BY id LIMIT ?

-- name: pins
SELECT version, count(*) FROM cases INDEXED BY open_by_version WHERE closed_at IS NULL GROUP BY version

-- name: pinned
SELECT id FROM cases INDEXED BY open_by_version WHERE closed_at IS NULL AND version = ? AND id > ? ORDER BY id LIMIT ?

-- name: due
SELECT id FROM cases WHERE closed_at IS NULL AND next_due <= ? ORDER BY next_due, id LIMIT ?

-- name: next_wake
SELECT min(at) FROM (
    SELECT * FROM (SELECT 0 AS at FROM inbox INDEXED BY inbox_waiting WHERE status = 'waiting' LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT next_due FROM cases WHERE closed_at IS NULL AND next_due IS NOT NULL ORDER BY next_due LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT next_at FROM heads ORDER BY next_at LIMIT 1)
)

-- name: ready
SELECT key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside, problem,
    urgency, not_before, digest, status, attempts, next_at, last_error, sent_at, owner, note
FROM outbox JOIN (SELECT n FROM heads WHERE next_at <= ?1 ORDER BY next_at, n LIMIT ?2) USING (n) ORDER BY next_at, n

-- name: ready_together
SELECT key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside, problem,
    urgency, not_before, digest, status, attempts, next_at, last_error, sent_at, owner, note
FROM outbox JOIN (SELECT n FROM heads WHERE next_at <= ?1 AND digest = ?2 AND not_before = ?3 AND attempts = ?4) USING (n) ORDER BY n

-- name: claim
UPDATE outbox SET status = 'sending', attempts = attempts + 1, owner = ?2, next_at = ?3 WHERE key = ?1

-- name: claimable
SELECT 1 FROM outbox INDEXED BY outbox_by_time WHERE status IN ('waiting', 'sending') AND next_at <= ? LIMIT 1

-- What went out as one message is marked as one.
-- name: sent
UPDATE outbox SET status = 'sent', sent_at = ?3, note = ?4, owner = NULL, next_at = NULL, last_error = NULL
WHERE owner = ?2 AND status = 'sending' AND n IN (
    SELECT n FROM outbox WHERE key = ?1
    UNION
    SELECT m.n FROM outbox AS k JOIN outbox AS m ON m.digest = k.digest AND m.not_before = k.not_before AND m.attempts = k.attempts
    WHERE k.key = ?1 AND m.status IN ('waiting', 'sending'))

-- name: failed
UPDATE outbox SET status = iif(?4 IS NULL, 'dead', 'waiting'), next_at = ?4, last_error = ?3, owner = NULL
WHERE owner = ?2 AND status = 'sending' AND n IN (
    SELECT n FROM outbox WHERE key = ?1
    UNION
    SELECT m.n FROM outbox AS k JOIN outbox AS m ON m.digest = k.digest AND m.not_before = k.not_before AND m.attempts = k.attempts
    WHERE NOT ?5 AND k.key = ?1 AND m.status IN ('waiting', 'sending'))

-- name: decline
UPDATE outbox SET status = 'recorded', next_at = NULL, owner = NULL, last_error = ?3 WHERE key = ?1 AND owner = ?2 AND status = 'sending'

-- Whoever is left in peace is told nothing else meanwhile; but what is urgent takes along what would be held before it.
-- name: hold
UPDATE outbox AS o SET status = 'waiting', next_at = coalesce(h.soon, ?3), not_before = iif(h.tried, o.not_before, iif(h.soon IS NULL, ?3, NULL)),
    digest = iif(h.soon IS NULL, o.digest, NULL), urgency = iif(h.soon IS NULL, o.urgency, 'urgent'),
    attempts = o.attempts - (o.status = 'sending'), owner = NULL
FROM (
    SELECT e.n, e.attempts > (e.status = 'sending') AS tried, iif(e.attempts > (e.status = 'sending'), NULL, (
        SELECT min(u.next_at) FROM outbox AS u
        WHERE u.status = 'waiting' AND u.case_id = e.case_id AND u.recipient = e.recipient AND u.channel = e.channel AND u.n > e.n
            AND u.urgency = 'urgent' AND u.next_at < ?3)) AS soon
    FROM outbox AS e
    WHERE e.owner = ?2 AND e.status = 'sending' AND e.n IN (
        SELECT n FROM outbox WHERE key = ?1
        UNION
        SELECT m.n FROM outbox AS k JOIN outbox AS m ON m.digest = k.digest AND m.not_before = k.not_before AND m.attempts = k.attempts
        WHERE k.key = ?1 AND m.status IN ('waiting', 'sending'))
    OR e.status = 'waiting' AND e.attempts = 0 AND e.urgency <> 'urgent' AND e.next_at < ?3
        AND e.digest = (SELECT digest FROM outbox WHERE key = ?1 AND owner = ?2)
) AS h WHERE o.n = h.n

-- name: renew
UPDATE outbox SET next_at = ?2 WHERE owner = ?1 AND status = 'sending'

-- name: release
UPDATE outbox SET status = 'waiting', next_at = ?2, owner = NULL, attempts = attempts - 1 WHERE owner = ?1 AND status = 'sending'

-- name: retry
UPDATE outbox SET status = 'waiting', attempts = 0, next_at = ?2, problem = NULL, channel = ?3, address = ?4, language = ?5,
    subject = ?6, body = ?7, not_before = NULL, digest = NULL
WHERE key = ?1 AND status IN ('dead', 'unrenderable')

-- name: outbox
SELECT key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside, problem,
    urgency, not_before, digest, status, attempts, next_at, last_error, sent_at, owner, note
FROM outbox

-- name: attempt
INSERT INTO attempts (name, period, times) VALUES (?, ?, 1)
ON CONFLICT DO UPDATE SET times = iif(period = excluded.period, times + 1, 1), period = excluded.period RETURNING times

-- name: in_line
SELECT key FROM outbox WHERE case_id = ? AND seq >= ? AND status = 'waiting' ORDER BY n

-- name: withdraw
UPDATE outbox SET status = 'recorded', next_at = NULL WHERE case_id = ? AND seq >= ? AND status = 'waiting'

-- name: resume
UPDATE outbox SET status = 'waiting', next_at = coalesce(not_before, created_at)
WHERE key = ? AND status = 'recorded' AND channel <> 'recorder' RETURNING key

-- name: beyond_recall
SELECT template, recipient FROM outbox WHERE case_id = ? AND seq >= ? AND status IN ('sent', 'sending') ORDER BY n

-- name: withhold
UPDATE outbox SET status = 'recorded', next_at = NULL, owner = NULL WHERE status IN ('waiting', 'sending') AND created_at <= ?

-- name: oldest_unsent
SELECT min(coalesce(not_before, created_at)) FROM outbox
WHERE status IN ('waiting', 'sending') AND coalesce(not_before, created_at) <= ?

-- name: outbox_counts
SELECT status, count(*) FROM outbox GROUP BY status

-- name: outbox_keys
SELECT key FROM outbox WHERE case_id = ? ORDER BY n

-- name: inbox
SELECT key, sender, receiver, command FROM inbox AS i INDEXED BY inbox_waiting
WHERE status = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM inbox AS e
    WHERE e.status = 'waiting' AND e.sender = i.sender AND e.receiver IS i.receiver AND e.n < i.n)
ORDER BY n LIMIT ?

-- name: retry_item
UPDATE inbox SET status = 'waiting', problem = NULL WHERE key = ? AND status = 'dropped'

-- name: dropped_inbox
SELECT key, sender, receiver, command, problem FROM inbox WHERE status = 'dropped' ORDER BY n DESC LIMIT ?

-- name: office_head
SELECT seq, head FROM office_events ORDER BY seq DESC LIMIT 1

-- name: office_events
SELECT seq, text, head, recorded_at FROM office_events WHERE seq > ? ORDER BY seq LIMIT ?

-- name: add_office_event
INSERT INTO office_events (seq, text, head, recorded_at) VALUES (?, ?, ?, ?)

-- name: blob
SELECT content FROM blobs WHERE sha256 = ?

-- name: put_version
INSERT INTO versions (hash, procedure, canonical) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: version
SELECT canonical FROM versions WHERE hash = ?

-- name: setting
SELECT value FROM settings WHERE name = ?

-- name: set_setting
INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value

-- name: broken_cases
SELECT 'case', number, seq, (SELECT max(seq) FROM events WHERE case_id = id), (SELECT count(*) FROM events WHERE case_id = id)
FROM cases WHERE seq IS NOT (SELECT max(seq) FROM events WHERE case_id = id)
    OR seq IS NOT (SELECT count(*) FROM events WHERE case_id = id)
UNION ALL
SELECT 'customer', customer, 0, 0, 0
FROM (SELECT DISTINCT customer FROM customer_events) WHERE customer NOT IN (SELECT id FROM customers)
UNION ALL
SELECT 'terms', customer, 0, 0, 0
FROM (SELECT DISTINCT customer FROM customer_terms) WHERE customer NOT IN (SELECT id FROM customers)

-- name: sealed
SELECT commitment, salt, value FROM personal WHERE case_id = ? ORDER BY commitment

-- name: inbox_status
SELECT status FROM inbox WHERE key = ?

-- name: filled
SELECT EXISTS (SELECT 1 FROM cases) OR EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM office_events)
    OR EXISTS (SELECT 1 FROM versions) OR EXISTS (SELECT 1 FROM commands) OR EXISTS (SELECT 1 FROM customers)

-- name: flag_personal
UPDATE cases SET personal = 1 WHERE id IN (SELECT case_id FROM personal)

-- name: trigger
SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?

-- name: create_migrations
CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT

-- name: add_migration
INSERT INTO migrations (number, name) VALUES (?, ?)

-- name: customer
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers WHERE id = ?

-- name: customers_by_term
SELECT c.id, c.seq, c.head, c.wrapped, c.record, c.verified_at, c.survivor
FROM customer_terms AS t CROSS JOIN customers AS c ON c.id = t.customer
WHERE t.kind = ? AND t.term = ? ORDER BY t.customer

-- name: customers
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers WHERE id > ? ORDER BY id LIMIT ?

-- name: stale_customers
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers INDEXED BY customers_by_verification
WHERE survivor IS NULL AND record <> '' AND verified_at < ? ORDER BY verified_at, id LIMIT ?

-- name: absorbed
SELECT id FROM customers WHERE survivor = ? ORDER BY id

-- name: shared_terms
SELECT term, group_concat(customer, char(10)) FROM (SELECT term, customer FROM customer_terms INDEXED BY customers_by_term
    WHERE kind = ? AND term > ? ORDER BY term, customer)
GROUP BY term HAVING count(*) > 1 ORDER BY term LIMIT ?

-- name: customer_terms
SELECT kind, term FROM customer_terms WHERE customer = ? ORDER BY kind, term

-- name: customer_events
SELECT seq, text, head, recorded_at FROM customer_events WHERE customer = ? ORDER BY seq

-- name: count_customers
SELECT count(*) FROM customers

-- name: add_customer
INSERT INTO customers (id, seq, head, wrapped, record, verified_at, survivor) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: move_customer
UPDATE customers SET seq = ?2, head = ?3, wrapped = ?4, record = ?5, verified_at = ?6, survivor = ?7 WHERE id = ?1 AND seq = ?8

-- name: add_customer_event
INSERT INTO customer_events (customer, seq, text, head, recorded_at) VALUES (?, ?, ?, ?, ?)

-- name: drop_customer_terms
DELETE FROM customer_terms WHERE customer = ?

-- name: add_customer_term
INSERT INTO customer_terms (customer, kind, term) VALUES (?, ?, ?)

-- name: rewrap_customer
UPDATE customers SET wrapped = ?2 WHERE id = ?1
