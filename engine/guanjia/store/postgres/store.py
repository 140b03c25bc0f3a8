"""Cases on a PostgreSQL server, for offices whose commands come from several machines.

Every command locks its case's row and writes everything by one function of the schema (migrations/), so that it takes two
round trips.
"""

from __future__ import annotations

import builtins
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.sql import SQL as Composed, Identifier

from ...clock import Instant
from ...errors import GuanjiaError, StoreError, Text
from ...failpoints import fp
from ...model.event import Notification
from .. import refusals
from ..customers import CustomersBySql
from ..interface import (
    STATUSES,
    Change,
    Columns,
    EventRow,
    Held,
    InboxItem,
    OutboxRow,
    Query,
    Record,
    Row,
    Tally,
    Transaction,
)
from ..paging import pages
from ..rows import RENEWED, outbox_row
from ..statements import migrations
from . import carrying, errors
from .hints import Notices, PostgresHints
from .listing import counted, listed
from .pool import Connection, Pool
from .transaction import SQL, PostgresTransaction, personal_values

T = TypeVar("T")
MIGRATIONS = migrations(str(Path(__file__).parent))
NEWEST = MIGRATIONS[-1].number
_ATTEMPTS = 5
_PATIENCE = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between tries to learn what became of a commit: a server that was restarted is back within these, as a rule."""
_PAGE = 1000


class PostgresStore:
    """The database that `dsn` names, with at most `size` connections. The schema is `guanjia`, or that of the DSN's option
    search_path, e.g. `postgresql://user@host/name?options=-csearch_path%3Doffice_two`."""

    def __init__(self, dsn: str, size: int = 10) -> None:
        self._pool = Pool(dsn, size)
        self.location = self._pool.location
        self._local = threading.local()
        self._notices = Notices(self._pool)
        self._checked = False
        self.customers = CustomersBySql(SQL, self._rows)

    # -- the schema

    def migrate(self) -> None:
        with self._pool.lend() as connection:
            try:
                (encoding,) = connection.execute("SHOW server_encoding").fetchall()[0]
                if encoding != "UTF8":
                    raise errors.encoding(self.location, encoding)
                if self._schema_number(connection) < NEWEST:
                    self._bring_up(connection)
            except errors.FAILURES as error:
                raise errors.store_error(error, self.location) from error
        self._checked = True

    def _bring_up(self, connection: Connection) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('guanjia.migrate', 0))")
            if not connection.execute("SELECT current_schema()").fetchall()[0][0]:
                connection.execute(Composed("CREATE SCHEMA {}").format(Identifier(self._pool.schema)))
            number = self._schema_number(connection)
            connection.execute("CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, name text NOT NULL)")
            for migration in MIGRATIONS[number:]:
                connection.execute(migration.text().encode())
                connection.execute("INSERT INTO migrations VALUES (%s, %s)", (migration.number, migration.name))
                fp("before_migration_commit")

    def _schema_number(self, connection: Connection) -> int:
        """The schema of the database, 0 when there is none; StoreError when it is not ours or newer than this program."""
        tables = {
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()) AND relkind = 'r'"
            )
        }
        if not tables:
            return 0
        if not {"migrations", "cases", "events"} <= tables:
            raise refusals.foreign(
                self.location,
                Text("这个模式（schema）属于别的程序。", "this schema belongs to another program."),
            )
        number: int = connection.execute("SELECT max(number) FROM migrations").fetchall()[0][0] or 0
        if number > NEWEST:
            raise refusals.newer(self.location, number, NEWEST)
        return number

    def _check(self, connection: Connection) -> None:
        if not self._checked:
            number = self._schema_number(connection)
            if number < NEWEST:
                raise refusals.unprepared(self.location, number, NEWEST)
            self._checked = True

    def close(self) -> None:
        self._notices.close()
        self._pool.close()

    # -- transactions

    def transact(self, work: Callable[[Transaction], T]) -> T:
        return self._transact(lambda tx: tx.checked(work))

    def transact_many(self, works: Sequence[Callable[[Transaction], T]]) -> builtins.list[T | GuanjiaError]:
        return self._transact(lambda tx: _each(tx, works))

    def transact_due(
        self, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str] = ()
    ) -> builtins.list[tuple[str, T | GuanjiaError]]:
        def at_once(tx: PostgresTransaction) -> builtins.list[tuple[str, T | GuanjiaError]]:
            return [(case, tx.queued(partial(_on, work, case))) for case in tx.take_due(now, limit, beside)]

        def each(tx: PostgresTransaction) -> builtins.list[tuple[str, T | GuanjiaError]]:
            due = tx.take_due(now, limit, beside)
            return list(zip(due, _each(tx, [partial(_on, work, case) for case in due]), strict=True))

        try:
            return self._transact(at_once)
        except GuanjiaError:  # one of them: it is found, and the others go on without it
            return self._transact(each)

    def _transact(self, work: Callable[[PostgresTransaction], T]) -> T:
        if getattr(self._local, "transaction", None) is not None:
            raise refusals.nested()
        attempt = 1
        while True:
            lost = False
            with self._pool.lend() as connection:
                tx = self._local.transaction = PostgresTransaction(connection, self.location)
                try:
                    self._check(connection)
                    fp("after_begin")
                    result = work(tx)
                    fp("before_commit")
                    tx.commit()
                    fp("after_commit")
                    if any(change.notifications or change.inbox for change in tx.written):
                        self._notices.give()
                    return result
                except errors.FAILURES as error:
                    raise errors.store_error(error, self.location) from error
                except GuanjiaError as error:
                    lost = connection.closed
                    if lost and tx.committing and tx.written and self._stands(tx.written[-1], error):
                        return result
                    again = lost or isinstance(error.__cause__, errors.TRANSIENT) or errors.was_answered(error)
                    if not again or attempt == _ATTEMPTS:
                        raise
                finally:
                    self._local.transaction = None
                    tx.abandon()
            attempt += 1
            if lost:
                self._pool.forget()

    def _stands(self, change: Change, error: GuanjiaError) -> bool:
        """Whether a commit whose answer was lost took place: then the head that the change led to stands in its chain.

        The server may not have noticed yet that nobody waits for its answer, and be committing still. Every writer shares the
        feed's lock until it ends, so whoever has it alone sees what became of them. StoreError when the server is away.
        """
        last = change.events[-1]
        for patience in (*_PATIENCE, None):
            try:
                with closing(self._pool.connect()) as connection, connection.transaction():
                    connection.execute(SQL["feed_lock"].encode())
                    found = connection.execute(SQL["event_stands"].encode(), (change.case, last.seq, last.head))
                    return bool(found.fetchone())
            except (*errors.FAILURES, StoreError):
                if patience is not None:
                    time.sleep(patience)
        raise errors.unknown_result(self.location, error) from error

    def _change(self, statement: str, /, **values: Any) -> int:
        """Run one named statement in a transaction of its own; how many rows it changed."""
        return self._read(lambda connection: connection.execute(SQL[statement].encode(), values).rowcount)

    # -- reading

    def _read(self, read: Callable[[Connection], T]) -> T:
        """Lend a connection to `read`; another one, and once more, where it turned out dead or the server gave up just this one
        of several that waited for each other."""
        for attempt in range(1, _ATTEMPTS + 1):
            with self._pool.lend() as connection:
                try:
                    self._check(connection)
                    return read(connection)
                except errors.FAILURES as error:
                    lost = connection.closed
                    if attempt == _ATTEMPTS or not (lost or isinstance(error, errors.TRANSIENT)):
                        raise errors.store_error(error, self.location) from error
            if lost:
                self._pool.forget()
        raise AssertionError

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> builtins.list[tuple[Any, ...]]:
        tx: PostgresTransaction | None = getattr(self._local, "transaction", None)
        if tx is not None:  # a work that reads through the store does not wait for a second connection
            return tx.query(sql, values)
        return self._read(lambda connection: connection.execute(sql.encode(), values).fetchall())

    def get(self, ref: str) -> Held | None:
        rows = self._rows(SQL["get"], (ref,))
        if len(rows) > 1:
            raise refusals.ambiguous(ref)
        if not rows:
            return None
        identity, seq, snapshot, head, personal = rows[0]
        return Held(identity, seq, snapshot, head, personal_values(personal))

    def events(self, case: str, after: int = 0) -> Sequence[EventRow]:
        return [EventRow(*row) for row in self._rows(SQL["events"], (case, after))]

    def feed(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, EventRow]]:
        rows = self._rows(SQL["feed"], (after, limit))
        if rows and rows[-1][0] != after + len(rows):
            rows = self._read(lambda connection: _feed_behind_writers(connection, after, limit))
        return [(row[0], row[1], EventRow(*row[2:])) for row in rows]

    def list(self, query: Query) -> Sequence[Row]:
        return [Row(row[0], Columns(*row[1:])) for row in self._rows(*listed(query))]

    def count(self, query: Query) -> int:
        number: int = self._rows(*counted(query))[0][0]
        return number

    def tally(self, now: Instant) -> Sequence[Tally]:
        return [Tally(*row) for row in self._rows(SQL["tally"], (now, now))]

    def columns(self, case: str) -> Columns | None:
        rows = self._rows(SQL["columns"], (case,))
        return Columns(*rows[0]) if rows else None

    def alike(self, case: str) -> Sequence[tuple[str, Instant]]:
        return [(key, at) for key, at in self._rows(SQL["alike_of"], (case,))]

    def cases(self, after: str = "") -> Iterator[str]:
        for page in pages(lambda last: self._rows(SQL["cases"], (last, _PAGE)), after, itemgetter(0)):
            yield from (identity for (identity,) in page)

    def pins(self) -> Mapping[str, int]:
        return dict(self._rows(SQL["pins"]))

    def pinned(self, version: str) -> Iterator[str]:
        for page in pages(lambda last: self._rows(SQL["pinned"], (version, last, _PAGE)), "", itemgetter(0)):
            yield from (identity for (identity,) in page)

    def sealed(self, case: str) -> Sequence[tuple[str, str, str]]:
        return [(row[0], row[1], row[2]) for row in self._rows(SQL["sealed"], (case,))]

    def due(self, now: Instant, limit: int = 100) -> Sequence[str]:
        return [row[0] for row in self._rows(SQL["due"], (now, limit))]

    def next_wake(self) -> Instant | None:
        wake: Instant | None = self._rows(SQL["next_wake"])[0][0]
        return wake

    def hints(self) -> PostgresHints:
        return PostgresHints(self._pool)

    def blob(self, sha256: str) -> bytes | None:
        content: bytes | None = self._single(SQL["blob"], sha256)
        return content

    def _single(self, sql: str, value: str) -> Any:
        rows = self._rows(sql, (value,))
        return rows[0][0] if rows else None

    # -- between cases

    def inbox(self, limit: int = 100) -> Sequence[InboxItem]:
        return [InboxItem(*row) for row in self._rows(SQL["inbox"], (limit,))]

    def inbox_status(self, key: str) -> str | None:
        status: str | None = self._single(SQL["inbox_status"], key)
        return status

    def drop_inbox(self, key: str, problem: str) -> None:
        self._change("drop_item", key=key, problem=problem)

    def retry_inbox(self, key: str) -> bool:
        return self._change("retry_item", key=key) == 1

    def dropped_inbox(self, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
        return [(InboxItem(*row[:4]), row[4]) for row in self._rows(SQL["dropped_inbox"], (limit,))]

    # -- outbox

    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        values = {"now": now, "owner": owner, "lease": lease, "limit": limit}

        def take(connection: Connection) -> builtins.list[tuple[Any, ...]]:
            with connection.transaction(), connection.pipeline():
                connection.execute(SQL["claim_lock"].encode())
                return connection.execute(SQL["claim"].encode(), values).fetchall()

        return [outbox_row(row) for row in self._read(take)]

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        return self._change("sent", key=key, owner=owner, at=at, note=note) > 0

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None, *, alone: bool = False) -> bool:
        return self._change("failed", key=key, owner=owner, error=error, retry_at=retry_at, alone=alone) > 0

    def decline(self, key: str, owner: str, why: str) -> bool:
        return self._change("decline", key=key, owner=owner, why=why) > 0

    def hold(self, key: str, owner: str, until: Instant) -> bool:
        return self._change("hold", key=key, owner=owner, until=until) > 0

    def renew(self, owner: str, lease: Instant) -> int:
        return self._change("renew", owner=owner, lease=lease)

    def release(self, owner: str, now: Instant) -> int:
        return self._change("release", owner=owner, now=now)

    def outbox(
        self, *, case: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[OutboxRow]:  # fmt: skip
        given = {name: value for name, value in (("case_id", case), ("status", status)) if value is not None}
        where = f" WHERE {' AND '.join(f'{name} = %s' for name in given)}" if given else ""
        rows = self._rows(f"{SQL['outbox']}{where} ORDER BY n DESC LIMIT %s", (*given.values(), limit))
        return [outbox_row(row) for row in rows]

    def retry(self, message: Notification, now: Instant) -> bool:
        renewed = {name: getattr(message, name) for name in RENEWED}
        return self._change("retry", key=message.key, now=now, **renewed) == 1

    def withhold(self, until: Instant) -> int:
        return self._change("withhold", until=until)

    def oldest_unsent(self, now: Instant) -> Instant | None:
        since: Instant | None = self._rows(SQL["oldest_unsent"], (now,))[0][0]
        return since

    def outbox_counts(self) -> Mapping[str, int]:
        return dict.fromkeys(STATUSES, 0) | dict(self._rows(SQL["outbox_counts"]))

    def outbox_keys(self, case: str) -> Sequence[str]:
        return [row[0] for row in self._rows(SQL["outbox_keys"], (case,))]

    # -- the office itself

    def office_events(self, after: int = 0, limit: int = 1000) -> Sequence[EventRow]:
        return [EventRow(*row) for row in self._rows(SQL["office_events"], (after, limit))]

    def put_version(self, hash: str, procedure: str, canonical: str) -> None:
        self._change("put_version", hash=hash, procedure=procedure, canonical=canonical)

    def version(self, hash: str) -> str | None:
        text: str | None = self._single(SQL["version"], hash)
        return text

    def setting(self, name: str) -> str | None:
        text: str | None = self._single(SQL["setting"], name)
        return text

    def set_setting(self, name: str, value: str) -> None:
        self._change("set_setting", name=name, value=value)

    # -- facts

    def describe(self) -> Mapping[str, str]:
        version, encoding, commit, fsync, database, schema, port, size, number = self._rows(SQL["facts"])[0]
        return {
            "driver": f"psycopg {psycopg.__version__}",
            "version": f"PostgreSQL {version}",
            "location": self.location,
            "schema": str(number),
            "size": str(size),
            "database": f"{database}.{schema}",
            "port": str(port or "-"),
            "encoding": encoding,
            "synchronous_commit": commit,
            "fsync": fsync,
        }

    def present(self) -> Instant | None:
        at: Instant = self._rows(SQL["present"])[0][0]
        return at

    def integrity(self) -> Sequence[Text]:
        return [refusals.unsound(*row) for row in self._rows(SQL["broken_cases"])]

    # -- the whole office

    def dump(self, *tables: str) -> Iterator[Record]:
        try:
            yield from carrying.dump(self._pool, *tables)
        except errors.FAILURES as error:
            raise errors.store_error(error, self.location) from error

    def load(self, records: Iterable[Record]) -> None:
        with self._pool.lend() as connection:
            try:
                self._check(connection)
                carrying.load(connection, self.location, records)
            except errors.FAILURES as error:
                raise errors.store_error(error, self.location) from error

    def backup(self, path: str, progress: Callable[[int, int], None] | None = None) -> None:
        raise refusals.no_backup(self.location, "pg_dump")


def _each(tx: PostgresTransaction, works: Sequence[Callable[[Transaction], T]]) -> list[T | GuanjiaError]:
    """Every work alone, under the commit of this transaction; a GuanjiaError is its result."""
    outcomes: list[T | GuanjiaError] = []
    for work in works:
        try:
            outcomes.append(_answered(tx, work))
        except GuanjiaError as error:
            if tx.spoiled:
                raise
            outcomes.append(error)
    return outcomes


def _answered(tx: PostgresTransaction, work: Callable[[Transaction], T]) -> T:
    try:
        return tx.alone(work)
    except GuanjiaError as error:
        if tx.spoiled or not errors.was_answered(error):
            raise
    return tx.alone(work)


def _on(work: Callable[[Transaction, str], T], case: str, tx: Transaction) -> T:
    return work(tx, case)


def _feed_behind_writers(connection: Connection, after: int, limit: int) -> builtins.list[tuple[Any, ...]]:
    with connection.transaction(), connection.pipeline():
        connection.execute(SQL["feed_lock"].encode())
        found = connection.execute(SQL["feed"].encode(), (after, limit))
        return found.fetchall()
