"""A whole SQLite database on its way out and in: as rows, and as a copy of the file while it is in use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import apsw

from .. import refusals
from ..interface import Record
from ..records import TABLES, Table, chosen, select
from . import errors
from .transaction import SQL, SqliteTransaction

_PAGES = 512
"""Pages that are copied between two words about how far it is: 2 MB."""


def dump(connect: Callable[[], apsw.Connection], path: str, *tables: str) -> Iterator[Record]:
    """What `Store.dump` promises: a connection of its own, on which one read transaction lasts until the end."""
    try:
        connection = connect()
        try:
            connection.execute("BEGIN")
            for table in chosen(tables):
                for row in connection.execute(select(table)):
                    yield table.name, table.plain(row)
        finally:
            connection.close()
    except errors.FAILURES as error:
        raise errors.store_error(error, path) from error


def load(tx: SqliteTransaction, path: str, records: Iterable[Record]) -> None:
    """What `Store.load` promises, inside a transaction to write."""
    if tx.execute(SQL["filled"]).fetchall()[0][0]:
        raise refusals.not_empty(path)
    try:
        for name, rows in groupby(records, key=itemgetter(0)):
            _fill(tx, TABLES[name], (row for _, row in rows))
        tx.execute(SQL["flag_personal"])
    except errors.FAILURES as error:
        raise errors.store_error(error, path) from error


def _fill(tx: SqliteTransaction, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    triggers = tx.execute(SQL["trigger"], (table.off,)).fetchall()
    for _ in triggers:
        tx.execute(f"DROP TRIGGER {table.off}")
    marks = ", ".join("?" * len(table.columns))
    insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
    for row in rows:
        tx.execute(insert, row)
    for (text,) in triggers:
        tx.execute(text)


def backup(
    connect: Callable[[], apsw.Connection], path: str, target: str, progress: Callable[[int, int], None] | None
) -> None:
    """What `Store.backup` promises, by SQLite's own backup. It reads in one read transaction, so that no other program's
    commit makes it begin anew; the copy is put on the disk before it gets its name."""
    if os.path.lexists(target):
        raise refusals.exists_already(target)
    half = f"{target}.part-{os.getpid()}"
    try:
        source = connect()
        try:
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
            os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _copy(source, half, progress)
        finally:
            source.close()
        if os.path.lexists(target):  # made meanwhile
            raise refusals.exists_already(target)
        os.rename(half, target)
        _sync(os.path.dirname(target) or ".")
    except errors.FAILURES as error:
        raise errors.store_error(error, target) from error
    finally:
        for left in (half, f"{half}-journal"):
            if os.path.exists(left):
                os.unlink(left)


def _copy(source: apsw.Connection, half: str, progress: Callable[[int, int], None] | None) -> None:
    copy = apsw.Connection(half)
    try:
        with copy.backup("main", source, "main") as pages:
            while not pages.done:
                pages.step(_PAGES)
                if progress is not None:
                    progress(pages.page_count - pages.remaining, pages.page_count)
        copy.execute("PRAGMA synchronous = FULL")
        copy.pragma("journal_mode", "delete")  # a single file, whatever the database itself uses
    finally:
        copy.close()
    _sync(half)


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
