"""The bare loop: exactly the rows and bytes that the engine writes, by the same driver, with nothing of the engine between.

While an engine advances a case, every statement that reaches SQLite is taken down with its values. Played into a copy of
the database as it was before, under the same pragmas, that is the least that this much durable writing can cost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import apsw
from guanjia import Engine
from guanjia.channels import open_channels
from guanjia.language import OfficeFiles
from guanjia.people import Organisation
from guanjia.store.sqlite import SqliteStore

from . import office

Tape = list[list[tuple[str, Any]]]
"""The statements and values of each durable transaction."""

PRAGMAS = ("journal_mode", "synchronous", "cache_size", "foreign_keys", "wal_autocheckpoint", "temp_store")


@contextmanager
def room() -> Iterator[Path]:
    """A folder for one measurement on the project's own disk: a folder in memory would make every sync free."""
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build", prefix="bench-") as folder:
        yield Path(folder)


def engine_in(folder: Path, synchronous: Literal["FULL", "OFF"] = "FULL") -> Engine:
    """An engine in a new office."""
    files = OfficeFiles(office.make(folder))
    settings = files.office()
    store = SqliteStore(folder / settings.database, synchronous)
    store.migrate()
    return Engine(
        store,
        files=files,
        organisation=Organisation.from_plain(files.organisation(), settings.language),
        channels=open_channels(settings.channels.model_dump(), folder),
    )


def walk(engine: Engine, case: str, count: int, actions: Iterator[str] | None = None) -> None:
    """Advance the case `count` times; a multiple of the row's round trip where no actions are given."""
    actions = actions or office.to_and_fro()
    for _ in range(count):
        engine.act(case, next(actions), actor=office.STAFF)


def record(engine: Engine, case: str, count: int) -> Tape:
    """Advance the case and take down what is written."""
    tape: Tape = []

    def note(_cursor: Any, sql: str, values: Any) -> bool:
        word = sql.split(None, 1)[0].upper()
        if word == "BEGIN":
            tape.append([])
        if tape and word not in ("SAVEPOINT", "RELEASE", "PRAGMA"):
            tape[-1].append((sql, values))
        return True

    writer = _writer()
    writer.exec_trace = note
    try:
        walk(engine, case, count)
    finally:
        writer.exec_trace = None
    return tape


def copy(to: Path) -> apsw.Connection:
    """The database of the engine as it is now, in another file under the same pragmas."""
    source, made = _writer(), apsw.Connection(str(to))
    with made.backup("main", source, "main") as backup:
        backup.step()
    for name in PRAGMAS:
        made.pragma(name, source.pragma(name))
    return made


def play(connection: apsw.Connection, tape: Iterator[list[tuple[str, Any]]], count: int) -> None:
    for _ in range(count):
        for sql, values in next(tape):
            connection.execute(sql, values).fetchall()


def _writer() -> apsw.Connection:
    """The one connection of this process that writes: the store's own."""
    (writer,) = (
        connection
        for connection in apsw.connections()
        if connection.filename.endswith("guanjia.db") and not connection.pragma("query_only")
    )
    return writer
