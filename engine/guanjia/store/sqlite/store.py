"""Cases in one SQLite file, for one machine: no server, and every answered command survives a power cut.

One connection writes, in transactions that threads share (group.py); any number of connections read beside it. Another
program may use the same file: `BEGIN IMMEDIATE` takes turns with it.
"""

from __future__ import annotations

import builtins
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Literal, TypeVar

import apsw

from ...clock import Instant
from ...errors import GuanjiaError, StoreError, Text
from ...failpoints import fp
from ...model.event import Notification
from .. import refusals
from ..customers import CustomersBySql
from ..interface import STATUSES, Columns, EventRow, Held, InboxItem, OutboxRow, Query, Record, Row, Tally, Transaction
from ..paging import pages
from ..rows import RENEWED, outbox_row, together
from ..statements import Migration
from ..turns import due_in_turn
from . import carrying, connection as files, errors
from .group import Group, Job
from .listing import counted, listed
from .transaction import SQL, SqliteTransaction, find, held

T = TypeVar("T")
_PAGE = 1000


class SqliteStore:
    """The database in the file at `path`. `synchronous="OFF"` trades the survival of a power cut for speed."""

    def __init__(
        self, path: str | os.PathLike[str], synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL", wal: bool = True
    ) -> None:
        self.path = os.path.realpath(path)
        self._synchronous = synchronous
        self._journal = files.journal(self.path, wal)
        self._process = os.getpid()
        self._closed = False
        self._writer: apsw.Connection | None = None
        self._file = (0, 0)
        self._readers: deque[apsw.Connection] = deque()
        self._group: Group[Callable[[SqliteTransaction], Any]] = Group(self._run)
        self.customers = CustomersBySql(SQL, self._rows)

    # -- the schema

    def migrate(self) -> None:
        self._usable()
        files.create(self.path)
        try:
            connection = self._open(writes=False)
            try:
                number = files.schema_number(connection, self.path)
            finally:
                connection.close()
            if number < files.NEWEST:
                connection = self._open(writes=True)
                try:
                    for migration in files.MIGRATIONS:
                        self._apply(connection, migration)
                finally:
                    connection.close()
        except errors.FAILURES as error:
            raise errors.store_error(error, self.path) from error

    def _apply(self, connection: apsw.Connection, migration: Migration) -> None:
        _begin(connection)
        try:
            if files.schema_number(connection, self.path) < migration.number:
                connection.pragma("application_id", files.APPLICATION_ID)
                connection.execute(SQL["create_migrations"])
                connection.execute(migration.text())
                connection.execute(SQL["add_migration"], (migration.number, migration.name))
                fp("before_migration_commit")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._closed = True
        if os.getpid() != self._process:
            return
        readers = builtins.list(self._readers)
        self._readers.clear()
        for reader in readers:
            reader.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _usable(self) -> None:
        if self._closed:
            raise refusals.closed()
        if os.getpid() != self._process:
            raise errors.forked(self.path)

    def _open(self, *, writes: bool) -> apsw.Connection:
        return files.connect(self.path, synchronous=self._synchronous, mode=self._journal.mode, writes=writes)

    def _connect(self, *, writes: bool) -> apsw.Connection:
        """A new connection to a database that is known to be ours and up to date."""
        connection = self._open(writes=writes)
        try:
            number = files.schema_number(connection, self.path)
            if number < files.NEWEST:
                raise refusals.unprepared(self.path, number, files.NEWEST)
        except BaseException:
            connection.close()
            raise
        return connection

    # -- writing

    def transact(self, work: Callable[[Transaction], T]) -> T:
        result: T = self._group.submit(work)
        return result

    def transact_many(self, works: Sequence[Callable[[Transaction], T]]) -> builtins.list[T | GuanjiaError]:
        def each(tx: SqliteTransaction) -> builtins.list[T | GuanjiaError]:
            outcomes: builtins.list[T | GuanjiaError] = []
            for work in works:
                try:
                    outcomes.append(tx.alone(work))
                except GuanjiaError as error:
                    if self._writer is None or not self._writer.in_transaction:
                        raise
                    outcomes.append(error)
            return outcomes

        outcomes: builtins.list[T | GuanjiaError] = self._group.submit(each)
        return outcomes

    def transact_due(
        self, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str] = ()
    ) -> builtins.list[tuple[str, T | GuanjiaError]]:
        return due_in_turn(self, now, limit, work, beside)

    def _change(self, name: str, values: tuple[Any, ...]) -> int:
        """Run one named statement in a transaction of its own; how many rows it changed."""

        def work(tx: SqliteTransaction) -> int:
            tx.execute(SQL[name], values)
            assert self._writer is not None
            return self._writer.changes()

        try:
            changed: int = self._group.submit(work)
        except errors.FAILURES as error:
            raise errors.store_error(error, self.path) from error
        return changed

    def _run(self, batch: Sequence[Job[Callable[[SqliteTransaction], Any]]]) -> None:
        """All works of a batch under one commit; what is wrong with one of them is its own affair."""
        try:
            self._usable()
            stat = os.stat(self.path)
            if self._writer is None:
                self._writer = self._connect(writes=True)
                self._file = (stat.st_dev, stat.st_ino)
            elif self._file != (stat.st_dev, stat.st_ino):
                raise errors.replaced(self.path)
            writer = self._writer
            cursor = writer.cursor()
            _begin(cursor)
            fp("after_begin")
        except errors.FAILURES as error:
            _all_failed(batch, errors.store_error(error, self.path))
            return
        except StoreError as error:
            _all_failed(batch, error)
            return
        try:
            if len(batch) == 1:
                batch[0].result = SqliteTransaction(writer, cursor, self.path).checked(batch[0].work)
            else:
                self._each(writer, cursor, batch)
            fp("before_commit")
            cursor.execute("COMMIT")
            fp("after_commit")
        except BaseException as error:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            _all_failed(batch, errors.store_error(error, self.path) if isinstance(error, apsw.Error) else error)
            if not isinstance(error, Exception):
                raise

    def _each(
        self, writer: apsw.Connection, cursor: apsw.Cursor, batch: Sequence[Job[Callable[[SqliteTransaction], Any]]]
    ) -> None:
        for job in batch:
            try:
                job.result = SqliteTransaction(writer, cursor, self.path).alone(job.work)
            except Exception as error:
                if not writer.in_transaction:  # a full disk, for one, undoes the whole transaction
                    raise
                job.error = errors.store_error(error, self.path) if isinstance(error, apsw.Error) else error

    # -- reading

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> builtins.list[tuple[Any, ...]]:
        return self._reading(lambda reader: reader.execute(sql, values).fetchall())

    def _reading(self, read: Callable[[apsw.Connection], T]) -> T:
        """Lend a reading connection to `read`; as many are kept as were ever needed at once."""
        self._usable()
        try:
            try:
                reader = self._readers.pop()
            except IndexError:
                reader = self._connect(writes=False)
            try:
                return read(reader)
            finally:
                if self._closed:
                    reader.close()
                else:
                    self._readers.append(reader)
        except errors.FAILURES as error:
            raise errors.store_error(error, self.path) from error

    def get(self, ref: str) -> Held | None:
        def read(reader: apsw.Connection) -> Held | None:
            # Case and personal values must be of one moment.
            with reader:
                row = find(reader.execute, ref)
                found = None if row is None else held(reader.execute, row)
            return found

        return self._reading(read)

    def events(self, case: str, after: int = 0) -> Sequence[EventRow]:
        return [EventRow(*row) for row in self._rows(SQL["events"], (case, after))]

    def feed(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, EventRow]]:
        return [(row[0], row[1], EventRow(*row[2:])) for row in self._rows(SQL["feed"], (after, limit))]

    def list(self, query: Query) -> Sequence[Row]:
        return [Row(row[0], Columns(*row[1:-1])) for row in self._rows(*listed(query))]

    def count(self, query: Query) -> int:
        return sum(row[0] for row in self._rows(*counted(query)))

    def tally(self, now: Instant) -> Sequence[Tally]:
        return [Tally(*row) for row in self._rows(SQL["tally"], (now,))]

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

    def hints(self) -> None:
        return None

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
        self._change("drop_item", (key, problem))

    def retry_inbox(self, key: str) -> bool:
        return self._change("retry_item", (key,)) == 1

    def dropped_inbox(self, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
        return [(InboxItem(*row[:4]), row[4]) for row in self._rows(SQL["dropped_inbox"], (limit,))]

    # -- outbox

    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        if not self._rows(SQL["claimable"], (now,)):
            return []

        def take(tx: SqliteTransaction) -> builtins.list[OutboxRow]:
            ready = [outbox_row(row) for row in tx.execute(SQL["ready"], (now, limit)).fetchall()]
            known = {row.notification.key for row in ready}
            for parcel in {parcel for row in ready if (parcel := together(row)) is not None}:
                rest = map(outbox_row, tx.execute(SQL["ready_together"], (now, *parcel)).fetchall())
                ready += [row for row in rest if row.notification.key not in known]
            for row in ready:
                tx.execute(SQL["claim"], (row.notification.key, owner, lease))
            return [
                replace(row, status="sending", attempts=row.attempts + 1, owner=owner, next_at=lease) for row in ready
            ]

        taken: builtins.list[OutboxRow] = self._group.submit(take)
        return taken

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        return self._change("sent", (key, owner, at, note)) > 0

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None, *, alone: bool = False) -> bool:
        return self._change("failed", (key, owner, error, retry_at, alone)) > 0

    def decline(self, key: str, owner: str, why: str) -> bool:
        return self._change("decline", (key, owner, why)) > 0

    def hold(self, key: str, owner: str, until: Instant) -> bool:
        return self._change("hold", (key, owner, until)) > 0

    def renew(self, owner: str, lease: Instant) -> int:
        return self._change("renew", (owner, lease))

    def release(self, owner: str, now: Instant) -> int:
        return self._change("release", (owner, now))

    def outbox(
        self, *, case: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[OutboxRow]:  # fmt: skip
        given = {name: value for name, value in (("case_id", case), ("status", status)) if value is not None}
        where = f" WHERE {' AND '.join(f'{name} = ?' for name in given)}" if given else ""
        rows = self._rows(f"{SQL['outbox']}{where} ORDER BY n DESC LIMIT ?", (*given.values(), limit))
        return [outbox_row(row) for row in rows]

    def retry(self, message: Notification, now: Instant) -> bool:
        return self._change("retry", (message.key, now, *(getattr(message, name) for name in RENEWED))) == 1

    def withhold(self, until: Instant) -> int:
        return self._change("withhold", (until,))

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
        if self.version(hash) is None:
            self._change("put_version", (hash, procedure, canonical))

    def version(self, hash: str) -> str | None:
        text: str | None = self._single(SQL["version"], hash)
        return text

    def setting(self, name: str) -> str | None:
        text: str | None = self._single(SQL["setting"], name)
        return text

    def set_setting(self, name: str, value: str) -> None:
        self._change("set_setting", (name, value))

    # -- facts

    def describe(self) -> Mapping[str, str]:
        def read(reader: apsw.Connection) -> Mapping[str, str]:
            return {
                "driver": f"apsw {apsw.apsw_version()}",
                "version": f"SQLite {apsw.sqlite_lib_version()}",
                "location": self.path,
                "schema": str(files.schema_number(reader, self.path)),
                "size": str(os.path.getsize(self.path)),
                "journal": str(reader.pragma("journal_mode")),
                "journal_why": str(self._journal.why),
                "synchronous": self._synchronous,
            }

        return self._reading(read)

    def present(self) -> Instant | None:
        return None

    def integrity(self) -> Sequence[Text]:
        found = [
            Text(f"SQLite：{said}", f"SQLite: {said}")
            for (said,) in self._rows("PRAGMA integrity_check")
            if said != "ok"
        ]
        found += [
            Text(
                f"{row[0]} 有一行指向 {row[2]}，那里没有它", f"{row[0]}: a row refers to {row[2]}, where it is missing"
            )
            for row in self._rows("PRAGMA foreign_key_check")
        ]
        return found + [refusals.unsound(*row) for row in self._rows(SQL["broken_cases"])]

    # -- the whole office

    def dump(self, *tables: str) -> Iterator[Record]:
        return carrying.dump(lambda: self._connect(writes=False), self.path, *tables)

    def load(self, records: Iterable[Record]) -> None:
        self._group.submit(lambda tx: carrying.load(tx, self.path, records))

    def backup(self, path: str, progress: Callable[[int, int], None] | None = None) -> None:
        carrying.backup(lambda: self._connect(writes=False), self.path, path, progress)


def _begin(on: apsw.Connection | apsw.Cursor) -> None:
    """The one place that begins a transaction to write: a plain BEGIN that reads first may fail at once when it writes."""
    on.execute("BEGIN IMMEDIATE")


def _all_failed(batch: Sequence[Job[Any]], error: BaseException) -> None:
    for job in batch:
        if len(batch) == 1:
            job.error = error
        elif isinstance(error, StoreError):  # one for each: every thread adds a traceback of its own
            job.error = StoreError(error.text, error.hint, **error.data)
        else:
            job.error = StoreError(
                Text("程序被中断，本次未作任何改动。", "The program was interrupted; nothing was done."),
                Text("请再试一次。", "Try again."),
            )
