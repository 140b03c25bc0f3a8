"""A database of the first schema is brought up to date with all that is in it; dies the program or the connection at any statement
of a migration, then nothing of that migration has happened, and it is done when it is run again."""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import apsw
import psycopg
import pytest
from guanjia.errors import StoreError
from guanjia.store import Store, open_store
from guanjia.store.postgres import store as postgres
from guanjia.store.records import TABLES
from guanjia.store.sqlite import SqliteStore, connection as sqlite
from guanjia.store.statements import Migration

from tests.golden.test_golden import GOLDEN, rows
from tests.scale import FAULTS, SOAK, drawn

DIED = 9
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def golden() -> Rows:
    return rows(*GOLDEN[0])


@contextmanager
def up_to(number: int) -> Iterator[None]:
    """While this lasts, the program knows no later schema."""
    with (
        patch.object(sqlite, "MIGRATIONS", sqlite.MIGRATIONS[:number]), patch.object(sqlite, "NEWEST", number),
        patch.object(postgres, "MIGRATIONS", postgres.MIGRATIONS[:number]), patch.object(postgres, "NEWEST", number),
    ):  # fmt: skip
        yield


def opened(name: str) -> Store:
    """What a process has written survives it without any sync, and the test is faster."""
    return open_store(name) if "://" in name else SqliteStore(name, synchronous="OFF")


def migrated(name: str) -> None:
    store = opened(name)
    store.migrate()
    store.close()


def of_the_first_schema(name: str, golden: Rows) -> None:
    """Make a database as the first schema had it, with as much of the golden rows as it has columns for."""
    with up_to(1):
        migrated(name)
    run: Callable[[str, tuple[Any, ...]], Any]
    if "://" in name:
        own = psycopg.connect(name)
        run, mark, close = own.execute, "%s", own.close  # type: ignore[assignment]
        given = " OVERRIDING SYSTEM VALUE"
        ask = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s"
    else:
        raw = apsw.Connection(name)
        run, mark, close = raw.execute, "?", raw.close
        given = ""
        ask = "SELECT name FROM pragma_table_info(?)"
    for table in TABLES:
        known = {row[0] for row in run(ask, (table,))}
        for row in golden[table] if known else ():
            plain = {column: _value(column, value) for column, value in row.items() if column in known}
            marks = ", ".join([mark] * len(plain))
            run(f"INSERT INTO {table} ({', '.join(plain)}){given} VALUES ({marks})", tuple(plain.values()))
    if "://" in name:
        own.commit()
    close()


def _value(column: str, value: Any) -> Any:
    return bytes.fromhex(value) if column == "head" else b64decode(value) if column == "content" else value


def dumped(name: str) -> list[tuple[str, tuple[Any, ...]]]:
    store = opened(name)
    try:
        assert list(store.integrity()) == []
        return list(store.dump())
    finally:
        store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, tmp_path) -> str:
    """What `open_store` takes: a database without our schema."""
    return str(tmp_path / "guanjia.db" if request.param == "sqlite" else request.getfixturevalue("postgres_dsn"))


def test_a_database_of_the_first_schema_comes_up_to_date_with_all_that_is_in_it(empty, golden):
    """Its columns are not audited: histories of now hold things that no column of then had to count."""
    of_the_first_schema(empty, golden)
    unprepared(empty)
    migrated(empty)
    kept = dumped(empty)
    for table in ("cases", "events", "personal", "outbox", "inbox", "commands", "blobs"):
        assert sum(name == table for name, _ in kept) == len(golden[table]) > 0, table
    texts = [row[TABLES["events"].columns.index("text")] for name, row in kept if name == "events"]
    assert texts == [row["text"] for row in golden["events"]]


def unprepared(name: str) -> None:
    """Nobody works on it by mistake as long as it is not up to date."""
    store = opened(name)
    with pytest.raises(StoreError, match="not up to date"):
        store.get("x")
    store.close()


# -- killed, and run again


def dies(name: str, at: int) -> bool:
    """Migrate in a child that dies ahead of its `at`-th statement; whether it got that far."""
    process = os.fork()
    if process == 0:
        count = 0

        def step(*_: object) -> bool:
            nonlocal count
            count += 1
            if count == at:
                os._exit(DIED)
            return True

        real = SqliteStore._open

        def watched(self: SqliteStore, *, writes: bool) -> apsw.Connection:
            opened = real(self, writes=writes)
            if writes:
                opened.exec_trace = step
            return opened

        try:
            SqliteStore._open = watched  # type: ignore[method-assign]
            migrated(name)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == DIED


@pytest.mark.parametrize("filled", [False, True])
def test_killed_at_any_statement_a_migration_is_done_when_it_is_run_again(tmp_path, golden, filled):
    """SQLite: before each statement of each migration, from an empty file and from one of the first schema with data."""
    old, path = tmp_path / "old.db", tmp_path / "guanjia.db"
    if filled:
        of_the_first_schema(str(old), golden)
    else:
        old.touch()
    shutil.copy(old, path)
    migrated(str(path))
    expected = dumped(str(path))
    deaths, further = 0, 1 if SOAK or FAULTS else 3
    while True:
        for left in tmp_path.glob("guanjia.db*"):
            left.unlink()
        shutil.copy(old, path)
        if not dies(str(path), 1 + deaths * further):
            break
        deaths += 1
        migrated(str(path))
        assert dumped(str(path)) == expected, deaths
    print(f"{deaths} deaths")
    assert deaths * further > 3 * (len(sqlite.MIGRATIONS) - filled)


def statements(text: str) -> list[str]:
    """The statements of a script; a body between dollars belongs to its statement."""
    found, body = [""], False
    for part in re.split(r"(\$\$|;\n|;$)", re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE)):
        body ^= part == "$$"
        found[-1] += part
        if part.startswith(";") and not body:
            found.append("")
    return [each for each in found if each.strip()]


@contextmanager
def reading(step: Migration, cut: str) -> Iterator[None]:
    """While this lasts, the script of one migration is another."""
    real = Migration.text
    with patch.object(Migration, "text", lambda self: cut if self == step else real(self)):
        yield


@pytest.mark.parametrize("filled", [False, True])
def test_a_connection_that_is_killed_at_any_statement_leaves_the_schema_as_it_was(postgres_dsn, golden, filled):
    """PostgreSQL: the server ends the connection after each statement of each migration. All of them are one transaction."""
    schemas, draw = iter(range(10_000)), drawn()
    points = [
        (step, count) for step in postgres.MIGRATIONS[filled:] for count in range(len(statements(step.text())) + 1)
    ]
    # After the last statement of each, and at some between: at all of them where faults are what is tested.
    firm = [(step, count) for step, count in points if count == len(statements(step.text()))]
    for step, count in points if SOAK or FAULTS else draw.sample(firm, 2) + draw.sample(points, 2):
        name = f"{postgres_dsn}_{next(schemas)}"
        if filled:
            of_the_first_schema(name, golden)
        cut = "".join(statements(step.text())[:count]) + "SELECT pg_terminate_backend(pg_backend_pid());"
        with reading(step, cut), pytest.raises(StoreError):
            migrated(name)
        if filled:
            unprepared(name)
        migrated(name)
        assert len(dumped(name)) == (sum(len(golden[table]) for table in TABLES if table not in ("office_events", "settings")) + len(golden["settings"]) if filled else 0)  # fmt: skip


def test_the_scripts_are_cut_where_their_statements_end():
    for step in postgres.MIGRATIONS:
        assert "".join("".join(statements(step.text())).split()) == "".join(re.sub(r"^\s*--.*$", "", step.text(), flags=re.MULTILINE).split())  # fmt: skip
        assert all(each.count("$$") % 2 == 0 for each in statements(step.text()))
