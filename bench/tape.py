"""The bare loop: exactly the rows and bytes that the engine writes, by the same driver, with nothing of the engine between.

While an engine advances cases, every statement that reaches SQLite is taken down with its values. Played into a copy of the
database as it was before, under the same pragmas, that is the least that this much durable writing can cost. Three copies
of one database are at work: of the engine that is measured, of the twin that is taken down, and of the bare loop; so both
sides begin with the same rows and grow alike, and in the end twin and bare loop must hold the same, row by row.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
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

PRAGMAS = ("journal_mode", "synchronous", "cache_size", "foreign_keys", "wal_autocheckpoint", "temp_store")


@contextmanager
def room() -> Iterator[Path]:
    """A folder for one measurement on the project's own disk: a folder in memory would make every sync free."""
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build", prefix="bench-") as folder:
        yield Path(folder)


def engine_in(folder: Path, synchronous: Literal["FULL", "OFF"] = "FULL", like: Engine | None = None) -> Engine:
    """An engine in a new office; its database begins as that of `like` is now."""
    files = OfficeFiles(office.make(folder))
    settings = files.office()
    if like is not None:
        _copy(like, folder / settings.database).close()
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


class Bare:
    """The bare loop beside `engine`: what `work` writes through the engine's twin, played into a copy of its database."""

    def __init__(
        self, engine: Engine, folder: Path, synchronous: Literal["FULL", "OFF"], work: Callable[[Engine], None]
    ) -> None:
        self._connection = _copy(engine, folder / "bare.db")
        with engine_in(folder / "twin", synchronous, engine) as twin:
            self._tape = iter(_taken_down(twin, work))
            self._expected = _rows(_writer(twin))

    def play(self, count: int) -> None:
        connection, tape = self._connection, self._tape
        for _ in range(count):
            for sql, values in next(tape):
                connection.execute(sql, values).fetchall()

    def close(self) -> None:
        """To be called when all was played: it must have written what the engine did."""
        written = _rows(self._connection)
        self._connection.close()
        if next(self._tape, None) is not None or written != self._expected:
            raise AssertionError("the bare loop did not write the rows that the engine wrote")


def _taken_down(engine: Engine, work: Callable[[Engine], None]) -> list[list[tuple[str, Any]]]:
    """The statements and values of each durable transaction of `work`."""
    tape: list[list[tuple[str, Any]]] = []

    def note(_cursor: Any, sql: str, values: Any) -> bool:
        word = sql.split(None, 1)[0].upper()
        if word == "BEGIN":
            tape.append([])
        if tape and word not in ("SAVEPOINT", "RELEASE", "PRAGMA"):
            tape[-1].append((sql, values))
        return True

    writer = _writer(engine)
    writer.exec_trace = note
    try:
        work(engine)
    finally:
        writer.exec_trace = None
    return tape


def _copy(engine: Engine, to: Path) -> apsw.Connection:
    """The database of the engine as it is now, in another file under the same pragmas."""
    source, made = _writer(engine), apsw.Connection(str(to))
    with made.backup("main", source, "main") as backup:
        backup.step()
    for name in PRAGMAS:
        made.pragma(name, source.pragma(name))
    return made


def _rows(connection: apsw.Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for (name,) in tables}


def _writer(engine: Engine) -> apsw.Connection:
    """The one connection of the engine's store that writes; it is opened by the first transaction."""
    engine.store.transact(lambda _: None)
    (writer,) = (
        connection
        for connection in apsw.connections()
        if connection.filename == engine.store.describe()["location"] and not connection.pragma("query_only")
    )
    return writer
