"""Reading page by page ends, whatever an index gives: the first row that does not go onward is an error of a damaged database."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw
import pytest
from guanjia.cli.main import main
from guanjia.errors import StoreError
from guanjia.runtime.engine import Engine
from guanjia.runtime.stream import events as office_stream
from guanjia.store import Store
from guanjia.store.paging import pages
from guanjia.store.postgres import PostgresStore
from guanjia.store.postgres.transaction import SQL as POSTGRES
from guanjia.store.sqlite import SqliteStore
from hypothesis import given, strategies as st

from tests.offices import small
from tests.store.making import change, columns, put

DESK = "procedure: desk\ncalendar: always\nfields: {summary: {type: text}}\ninitial: new\nstates: {new: {transitions: {end: {to: over}}}, over: {final: true}}\n"
REVERSED = {
    "sqlite_autoindex_cases_1": "cases (id DESC)",
    "open_by_version": "cases (version, id DESC) WHERE closed_at IS NULL",
}
"""What an index is put in the place of: the same entries, the other way round."""


@given(st.lists(st.integers(1, 30), unique=True), st.integers(1, 7))
def test_every_row_above_the_first_key_comes_once_and_in_order(keys: list[int], size: int) -> None:
    rows = sorted(keys)
    read = [row for page in pages(lambda last: [it for it in rows if it > last][:size], 0, int) for row in page]
    assert read == rows


@given(st.lists(st.integers(0, 5), min_size=1), st.integers(1, 3))
def test_rows_in_any_order_end_or_are_an_error(rows: list[int], size: int) -> None:
    """Whatever comes back, as if nobody knew where the reading had come to."""
    turns = itertools.count()
    read = pages(lambda _: rows[next(turns) % len(rows) :][:size], 0, int)
    with pytest.raises(StoreError):
        deque(read, maxlen=0)
    assert next(turns) <= len(rows) + 2


@pytest.mark.parametrize("found", [None, 5, b"b", "a"])
def test_a_key_of_another_kind_is_damage_too(found: Any) -> None:
    with pytest.raises(StoreError, match="damaged"):
        list(pages(lambda _: [(found,)], "a", itemgetter(0)))


def damaged(path: Path, index: str) -> None:
    """Let the index stand where one stands that was built the other way round."""
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    connection.execute(f"CREATE INDEX odd ON {REVERSED[index]}")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'odd') WHERE name = ?",
        (index,),
    )
    connection.execute("DELETE FROM sqlite_schema WHERE name = 'odd'")
    connection.close()


@pytest.mark.parametrize(
    ("index", "read"),
    [
        ("sqlite_autoindex_cases_1", lambda it: list(it.cases())),
        ("open_by_version", lambda it: list(it.pinned(columns().version))),
    ],
)
def test_a_database_whose_index_is_damaged_says_so_and_does_not_run_for_ever(
    tmp_path: Path, index: str, read: Callable[[Store], Any]
) -> None:
    store = SqliteStore(tmp_path / "guanjia.db")
    store.migrate()
    put(store, *(change(f"c{number}", about=columns(f"N-{number}")) for number in range(9)))
    assert read(store) == [f"c{number}" for number in range(9)]
    store.close()
    damaged(tmp_path / "guanjia.db", index)
    store = SqliteStore(tmp_path / "guanjia.db")
    with pytest.raises(StoreError) as error:
        read(store)
    assert "已损坏" in error.value.text.zh
    assert error.value.hint is not None
    assert "guanjia audit" in error.value.hint.en
    store.close()


def test_the_commands_that_go_over_all_cases_say_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = small(tmp_path, DESK)
    with Engine.at(folder) as desk:
        for _ in range(5):
            desk.open("desk", actor="agent.wang", summary="x")
    damaged(folder / "guanjia.db", "sqlite_autoindex_cases_1")
    for line, found in ((["audit"], "row 1 missing from index"), (["keys"], "guanjia audit says what")):
        code = main(["--office", str(folder), "--as", "manager.sun", "--lang", "en", *line])
        said = capsys.readouterr()
        assert code != 0
        assert "Traceback" not in said.err
        assert "an index gives rows out of order" in said.out + said.err
        assert found in said.out + said.err


def test_a_server_whose_index_is_damaged_is_told_so(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PostgresStore(postgres_dsn)
    store.migrate()
    put(store, *(change(f"c{number}", about=columns(f"N-{number}")) for number in range(9)))
    for name, read in (
        ("cases", lambda: list(store.cases())),
        ("pinned", lambda: list(store.pinned(columns().version))),
    ):
        monkeypatch.setitem(POSTGRES, name, POSTGRES[name].replace("ORDER BY id", "ORDER BY id DESC"))  # type: ignore[index]
        with pytest.raises(StoreError, match="damaged"):
            read()
    store.close()


def test_customers_and_the_offices_stream_are_read_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small(tmp_path, DESK)
    with Engine.at(folder) as desk:
        for number in range(3):
            desk.customers.add(f"c{number}", name="x", phones=["13800001234"], actor="system")
        register, rows = desk.store.customers, desk.store.office_events(0)
        kept = list(register.list())
        for name, shown in (
            ("list", lambda *_: kept[::-1]),
            ("shared", lambda *_: [("b", ("c0", "c1")), ("a", ("c1", "c2"))]),
        ):
            monkeypatch.setattr(type(register), name, lambda self, *args, shown=shown: shown(), raising=False)
        monkeypatch.setattr(type(desk.store), "office_events", lambda self, *_: [rows[0]] * 2, raising=False)
        for read in (desk.customers.duplicates, lambda: list(office_stream(desk.store))):
            with pytest.raises(StoreError):
                read()
