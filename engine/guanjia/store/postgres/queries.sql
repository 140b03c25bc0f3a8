-- What PostgresStore says to PostgreSQL, by name. Lists are put together in listing.py.

-- The row is locked in a statement of its own: what the next one reads is then as new as the row.
-- name: lock
SELECT id, seq, snapshot, head FROM cases WHERE id = ANY (resolve(%s)) ORDER BY id FOR UPDATE

-- name: beside
SELECT (SELECT json_build_array(digest, answer)::text FROM commands WHERE key = %s),
    (SELECT json_agg(json_build_array(commitment, value))::text FROM personal
        WHERE case_id IN (SELECT id FROM cases WHERE id = ANY (resolve(%s)) AND personal))

-- Cases that another worker is just advancing are passed over; the lock is held until the commit and is the only claim.
-- name: take_due
SELECT id, seq, snapshot, head, personal FROM cases
WHERE closed_at IS NULL AND next_due <= %s AND id <> ALL (%s::text[]) ORDER BY next_due, id LIMIT %s FOR UPDATE SKIP LOCKED

-- name: private
SELECT case_id, json_agg(json_build_array(commitment, value))::text FROM personal WHERE case_id = ANY (%s::text[]) GROUP BY case_id

-- name: get
SELECT id, seq, snapshot, head,
    CASE WHEN personal THEN (SELECT json_agg(json_build_array(commitment, value))::text FROM personal WHERE case_id = id) END
FROM cases WHERE id = ANY (resolve(%s))

-- A counter of no year goes on where those of the years ended, one of no site where those of the sites did.
-- name: next_number
INSERT INTO counters AS c (site, counter, year, value)
SELECT %(site)s, %(counter)s, %(year)s, 1 + coalesce(max(value), 0) FROM counters
WHERE counter = %(counter)s AND (site = %(site)s OR %(site)s = '') AND (year = %(year)s OR %(year)s = 0)
ON CONFLICT (site, counter, year) DO UPDATE SET value = c.value + 1 RETURNING value

-- name: write
SELECT write_change(%s, %s, %s, %s, %s::jsonb, %s::text[], %s::bytea[], %s::bigint[], %s::jsonb)

-- name: add_blob
INSERT INTO blobs (sha256, content) VALUES (%s, %s) ON CONFLICT DO NOTHING

-- name: load
SELECT assignee, count(*) FROM cases WHERE assignee = ANY(%s::text[]) AND closed_at IS NULL GROUP BY assignee

-- name: children
SELECT id, seq, snapshot, head FROM cases WHERE id = ANY(%s::text[])

-- name: children_still
SELECT id, seq, snapshot, head FROM cases WHERE id = ANY(%s::text[]) ORDER BY id FOR SHARE

-- name: events
SELECT seq, text, head, recorded_at FROM events WHERE case_id = %s AND seq > %s ORDER BY seq

-- Cursors are taken in the order of writing, and a case's events are written under its lock, so they are in order too. But a
-- lower cursor may be committed after a higher one: a gap is either a transaction that failed or one that is under way. The
-- reader that meets a gap takes the feed's lock, which waits for all that are writing, and reads again behind it. A reader may
-- not simply stop at the oldest transaction that is running (pg_snapshot_xmin): then the order would have to be that of
-- transaction numbers, and a transaction that touches two cases can write a case after one that began later.
-- name: feed
SELECT cursor, case_id, seq, text, head, recorded_at FROM events WHERE cursor > %s ORDER BY cursor LIMIT %s

-- name: feed_lock
SELECT pg_advisory_xact_lock(hashtextextended('guanjia.feed.' || current_schema(), 0))

-- name: event_stands
SELECT 1 FROM events WHERE case_id = %s AND seq = %s AND head = %s

-- name: tally
SELECT procedure, states, mode, count(*), count(*) FILTER (WHERE breached > 0 OR deadline <= %s), count(*) FILTER (WHERE next_due <= %s)
FROM cases WHERE closed_at IS NULL GROUP BY procedure, states, mode 
ORDER BY procedure COLLATE "C", states COLLATE "C", coalesce(mode, '') COLLATE "C"

-- name: columns
SELECT site, number, procedure, version, states, mode, priority, summary, room, assignee, customer, parent, opened_at,
    changed_at, closed_at, outcome, next_due, deadline, breached, provisional, alarms, marks
FROM cases WHERE id = %s

-- name: cases
SELECT id FROM cases WHERE id > %s ORDER BY id LIMIT %s

-- name: pins
SELECT version, count(*) FROM cases WHERE closed_at IS NULL GROUP BY version

-- name: pinned
SELECT id FROM cases WHERE closed_at IS NULL AND version = %s AND id > %s ORDER BY id LIMIT %s

-- name: due
SELECT id FROM cases WHERE closed_at IS NULL AND next_due <= %s ORDER BY next_due, id LIMIT %s

-- name: next_wake
SELECT least(
    (SELECT 0 FROM inbox WHERE status = 'waiting' LIMIT 1),
    (SELECT next_due FROM cases WHERE closed_at IS NULL AND next_due IS NOT NULL ORDER BY next_due LIMIT 1),
    (SELECT next_at FROM heads ORDER BY next_at LIMIT 1))

-- Workers take turns, for of what goes out as one message nobody may take a part.
-- name: claim_lock
SELECT pg_advisory_xact_lock(hashtextextended('guanjia.outbox.' || current_schema(), 0))

-- Rows that somebody is just changing are skipped.
-- name: claim
WITH ready AS MATERIALIZED (
    SELECT n, digest, not_before, attempts FROM heads WHERE next_at <= %(now)s ORDER BY next_at, n LIMIT %(limit)s
), locked AS MATERIALIZED (
    SELECT n, next_at FROM outbox
    WHERE status IN ('waiting', 'sending') AND next_at <= %(now)s AND n IN (
        SELECT n FROM ready
        UNION
        SELECT h.n FROM heads AS h JOIN ready AS r USING (digest, not_before, attempts) WHERE h.next_at <= %(now)s)
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE outbox AS o SET status = 'sending', attempts = attempts + 1, owner = %(owner)s, next_at = %(lease)s
    FROM locked WHERE o.n = locked.n
    RETURNING locked.next_at AS was, o.*
)
SELECT key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside, problem,
    urgency, not_before, digest, status, attempts, next_at, last_error, sent_at, owner, note
FROM taken ORDER BY was, n

-- What went out as one message is marked as one.
-- name: sent
UPDATE outbox SET status = 'sent', sent_at = %(at)s, note = %(note)s, owner = NULL, next_at = NULL, last_error = NULL
WHERE owner = %(owner)s AND status = 'sending' AND n IN (
    SELECT n FROM outbox WHERE key = %(key)s
    UNION
    SELECT m.n FROM outbox AS k JOIN outbox AS m USING (digest, not_before, attempts)
    WHERE k.key = %(key)s AND m.status IN ('waiting', 'sending'))

-- name: failed
UPDATE outbox SET status = CASE WHEN %(retry_at)s::bigint IS NULL THEN 'dead' ELSE 'waiting' END, next_at = %(retry_at)s::bigint,
    last_error = %(error)s, owner = NULL
WHERE owner = %(owner)s AND status = 'sending' AND n IN (
    SELECT n FROM outbox WHERE key = %(key)s
    UNION
    SELECT m.n FROM outbox AS k JOIN outbox AS m USING (digest, not_before, attempts)
    WHERE NOT %(alone)s AND k.key = %(key)s AND m.status IN ('waiting', 'sending'))

-- name: decline
UPDATE outbox SET status = 'recorded', next_at = NULL, owner = NULL, last_error = %(why)s
WHERE key = %(key)s AND owner = %(owner)s AND status = 'sending'

-- Whoever is left in peace is told nothing else meanwhile; but what is urgent takes along what would be held before it.
-- name: hold
UPDATE outbox AS o SET status = 'waiting', next_at = coalesce(h.soon, %(until)s),
    not_before = CASE WHEN h.tried THEN o.not_before WHEN h.soon IS NULL THEN %(until)s END,
    digest = CASE WHEN h.soon IS NULL THEN o.digest END, urgency = CASE WHEN h.soon IS NULL THEN o.urgency ELSE 'urgent' END,
    attempts = o.attempts - (o.status = 'sending')::int, owner = NULL
FROM (
    SELECT e.n, e.attempts > (e.status = 'sending')::int AS tried, CASE WHEN e.attempts = (e.status = 'sending')::int THEN (
        SELECT min(u.next_at) FROM outbox AS u
        WHERE u.status = 'waiting' AND u.case_id = e.case_id AND u.recipient = e.recipient AND u.channel = e.channel AND u.n > e.n
            AND u.urgency = 'urgent' AND u.next_at < %(until)s) END AS soon
    FROM outbox AS e
    WHERE e.owner = %(owner)s AND e.status = 'sending' AND e.n IN (
        SELECT n FROM outbox WHERE key = %(key)s
        UNION
        SELECT m.n FROM outbox AS k JOIN outbox AS m USING (digest, not_before, attempts)
        WHERE k.key = %(key)s AND m.status IN ('waiting', 'sending'))
    OR e.status = 'waiting' AND e.attempts = 0 AND e.urgency <> 'urgent' AND e.next_at < %(until)s
        AND e.digest = (SELECT digest FROM outbox WHERE key = %(key)s AND owner = %(owner)s)
) AS h WHERE o.n = h.n

-- name: renew
UPDATE outbox SET next_at = %(lease)s WHERE owner = %(owner)s AND status = 'sending'

-- name: release
UPDATE outbox SET status = 'waiting', next_at = %(now)s, owner = NULL, attempts = attempts - 1
WHERE owner = %(owner)s AND status = 'sending'

-- name: retry
UPDATE outbox SET status = 'waiting', attempts = 0, next_at = %(now)s, problem = NULL, channel = %(channel)s,
    address = %(address)s, language = %(language)s, subject = %(subject)s, body = %(body)s, not_before = NULL, digest = NULL
WHERE key = %(key)s AND status IN ('dead', 'unrenderable')

-- name: outbox
SELECT key, case_id, seq, template, recipient, channel, address, language, subject, body, created_at, outside, problem,
    urgency, not_before, digest, status, attempts, next_at, last_error, sent_at, owner, note
FROM outbox

-- name: attempt
INSERT INTO attempts AS a (name, period, times) VALUES (%s, %s, 1)
ON CONFLICT (name) DO UPDATE SET times = CASE WHEN a.period = excluded.period THEN a.times + 1 ELSE 1 END, period = excluded.period
RETURNING times

-- name: in_line
SELECT key FROM outbox WHERE case_id = %s AND seq >= %s AND status = 'waiting' ORDER BY n FOR UPDATE

-- name: withdraw
UPDATE outbox SET status = 'recorded', next_at = NULL WHERE case_id = %s AND seq >= %s AND status = 'waiting'

-- name: resume
UPDATE outbox SET status = 'waiting', next_at = coalesce(not_before, created_at)
WHERE key = ANY (%s::text[]) AND status = 'recorded' AND channel <> 'recorder' RETURNING key

-- name: beyond_recall
SELECT template, recipient FROM outbox WHERE case_id = %s AND seq >= %s AND status IN ('sent', 'sending') ORDER BY n

-- name: withhold
UPDATE outbox SET status = 'recorded', next_at = NULL, owner = NULL
WHERE status IN ('waiting', 'sending') AND created_at <= %(until)s

-- name: oldest_unsent
SELECT min(coalesce(not_before, created_at)) FROM outbox
WHERE status IN ('waiting', 'sending') AND coalesce(not_before, created_at) <= %s

-- name: outbox_counts
SELECT status, count(*) FROM outbox GROUP BY status

-- name: outbox_keys
SELECT key FROM outbox WHERE case_id = %s ORDER BY n

-- name: inbox
SELECT key, sender, receiver, command FROM inbox AS i
WHERE status = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM inbox AS e
    WHERE e.status = 'waiting' AND e.sender = i.sender AND coalesce(e.receiver, '') = coalesce(i.receiver, '') AND e.n < i.n)
ORDER BY n LIMIT %s

-- name: drop_item
UPDATE inbox SET status = 'dropped', problem = %(problem)s WHERE key = %(key)s AND status = 'waiting'

-- name: retry_item
UPDATE inbox SET status = 'waiting', problem = NULL WHERE key = %(key)s AND status = 'dropped'

-- name: dropped_inbox
SELECT key, sender, receiver, command, problem FROM inbox WHERE status = 'dropped' ORDER BY n DESC LIMIT %s

-- name: office_lock
SELECT pg_advisory_xact_lock(hashtextextended('guanjia.office.' || current_schema(), 0))

-- name: office_head
SELECT seq, head FROM office_events ORDER BY seq DESC LIMIT 1

-- name: office_events
SELECT seq, text, head, recorded_at FROM office_events WHERE seq > %s ORDER BY seq LIMIT %s

-- name: add_office_event
INSERT INTO office_events (seq, text, head, recorded_at) VALUES (%s, %s, %s, %s)

-- name: blob
SELECT content FROM blobs WHERE sha256 = %s

-- name: put_version
INSERT INTO versions (hash, procedure, canonical) VALUES (%(hash)s, %(procedure)s, %(canonical)s) ON CONFLICT DO NOTHING

-- name: version
SELECT canonical FROM versions WHERE hash = %s

-- name: setting
SELECT value FROM settings WHERE name = %s

-- name: set_setting
INSERT INTO settings (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: sealed
SELECT commitment, salt, value FROM personal WHERE case_id = %s ORDER BY commitment

-- name: inbox_status
SELECT status FROM inbox WHERE key = %s

-- name: filled
SELECT EXISTS (SELECT FROM cases) OR EXISTS (SELECT FROM events) OR EXISTS (SELECT FROM office_events)
    OR EXISTS (SELECT FROM versions) OR EXISTS (SELECT FROM commands) OR EXISTS (SELECT FROM customers)

-- name: drop_alike
DELETE FROM alike WHERE case_id = %s

-- name: add_alike
INSERT INTO alike (case_id, key, at) SELECT %s, * FROM unnest(%s::text[], %s::bigint[]) ON CONFLICT DO NOTHING

-- Of two cases that become alike at once the second has to see the first, or neither would be the one to reach a threshold: whoever
-- counts waits until the other one is committed, and counts in a statement of its own.
-- name: alike_lock
SELECT pg_advisory_xact_lock(hashtextextended('guanjia.alike.' || current_schema() || %s, 0))

-- name: alike
SELECT count(*) FROM (SELECT 1 FROM alike WHERE key = %s AND at > %s AND at <= %s AND case_id <> %s LIMIT %s) AS found

-- name: alike_of
SELECT key, at FROM alike WHERE case_id = %s ORDER BY key COLLATE "C", at

-- name: put_marks
UPDATE cases SET marks = %s WHERE id = %s

-- name: put_personal
INSERT INTO personal (case_id, commitment, salt, value)
SELECT %s, row->>0, row->>1, row->>2 FROM json_array_elements(%s::json) AS row
ON CONFLICT (case_id, commitment) DO UPDATE SET salt = excluded.salt, value = excluded.value

-- name: forget
DELETE FROM personal WHERE case_id = %s

-- name: flag_personal
UPDATE cases SET personal = true WHERE id IN (SELECT case_id FROM personal)

-- Rows that bring their cursor along do not move the sequence.
-- name: next_cursor
SELECT setval(pg_get_serial_sequence('events', 'cursor'), max(cursor)) FROM events HAVING max(cursor) IS NOT NULL

-- name: broken_cases
SELECT 'case', c.number, c.seq, e.last, e.number
FROM cases AS c LEFT JOIN LATERAL (SELECT max(seq) AS last, count(*) AS number FROM events WHERE case_id = c.id) AS e ON true
WHERE c.seq IS DISTINCT FROM e.last OR c.seq IS DISTINCT FROM e.number
UNION ALL
SELECT 'customer', e.customer, 0, 0, 0
FROM (SELECT DISTINCT customer FROM customer_events) AS e WHERE NOT EXISTS (SELECT FROM customers WHERE id = e.customer)
UNION ALL
SELECT 'terms', t.customer, 0, 0, 0
FROM (SELECT DISTINCT customer FROM customer_terms) AS t WHERE NOT EXISTS (SELECT FROM customers WHERE id = t.customer)

-- name: present
SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint

-- name: facts
SELECT current_setting('server_version'), current_setting('server_encoding'), current_setting('synchronous_commit'),
    current_setting('fsync'), current_database(), current_schema(), inet_server_port(),
    (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'),
    (SELECT max(number) FROM migrations)

-- name: customer
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers WHERE id = %s

-- name: lock_customer
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers WHERE id = %s FOR UPDATE

-- name: customers_by_term
SELECT c.id, c.seq, c.head, c.wrapped, c.record, c.verified_at, c.survivor
FROM customer_terms AS t JOIN customers AS c ON c.id = t.customer
WHERE t.kind = %s AND t.term = %s ORDER BY t.customer

-- name: customers
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers WHERE id > %s ORDER BY id LIMIT %s

-- name: stale_customers
SELECT id, seq, head, wrapped, record, verified_at, survivor FROM customers
WHERE survivor IS NULL AND record <> '' AND verified_at < %s ORDER BY verified_at, id LIMIT %s

-- name: absorbed
SELECT id FROM customers WHERE survivor = %s ORDER BY id

-- name: shared_terms
SELECT term, string_agg(customer, chr(10) ORDER BY customer) FROM customer_terms
WHERE kind = %s AND term > %s GROUP BY term HAVING count(*) > 1 ORDER BY term LIMIT %s

-- name: customer_terms
SELECT kind, term FROM customer_terms WHERE customer = %s ORDER BY kind, term

-- name: customer_events
SELECT seq, text, head, recorded_at FROM customer_events WHERE customer = %s ORDER BY seq

-- name: count_customers
SELECT count(*) FROM customers

-- name: add_customer
INSERT INTO customers (id, seq, head, wrapped, record, verified_at, survivor) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING

-- name: move_customer
UPDATE customers SET seq = %(seq)s, head = %(head)s, wrapped = %(wrapped)s, record = %(record)s, verified_at = %(verified_at)s,
    survivor = %(survivor)s
WHERE id = %(id)s AND seq = %(before)s

-- name: add_customer_events
INSERT INTO customer_events (customer, seq, text, head, recorded_at)
SELECT %s, e.seq, e.text, e.head, e.recorded_at FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::bigint[]) AS e (seq, text, head, recorded_at)
ORDER BY e.seq

-- name: drop_customer_terms
DELETE FROM customer_terms WHERE customer = %s

-- name: add_customer_terms
INSERT INTO customer_terms (customer, kind, term) SELECT %s, * FROM unnest(%s::text[], %s::text[])

-- name: rewrap_customer
UPDATE customers SET wrapped = %s WHERE id = %s
