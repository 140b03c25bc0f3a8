"""A whole store as rows: what one kind of database gives, every other takes in and gives again, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import apsw
import pytest
from guanjia.errors import StoreError
from guanjia.model.event import GENESIS
from guanjia.store import EventRow, InboxItem, OfficeChange, Query, Store, open_store
from guanjia.store.records import LOCAL, TABLES

from tests.store import conformance_customers as customers
from tests.store.making import advance, change, columns, events, message, put

OF_THE_DATABASE = {"migrations", "attempts", "cases.personal", "outbox.n", "inbox.n"}
"""Tables and columns that are no part of what is carried."""


@pytest.fixture
def stores(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Store]]:
    """Empty ones of each kind, and the first kind once more."""
    names = [
        ":memory:",
        str(tmp_path / "a.db"),
        request.getfixturevalue("postgres_dsn"),
        str(tmp_path / "b.db"),
        ":memory:",
    ]
    opened = [open_store(name) for name in names]
    for store in opened:
        store.migrate()
    yield opened
    for store in opened:
        store.close()


def fill(store: Store) -> None:
    """Something in every table, every status, every kind of value."""
    store.put_version("v" * 64, "complaint", '{"procedure": "投诉"}')
    store.set_setting("schedule:daily", "7")
    store.set_setting("held", "{}")
    rows = [EventRow(1, "published", b"o" * 32, 5)]
    store.transact(lambda tx: (tx.office_head(), tx.write_office(OfficeChange(rows)))[1])
    store.transact(lambda tx: [tx.next_number("main", "complaint", 2026) for _ in range(3)])
    with pytest.raises(ZeroDivisionError):
        store.transact(lambda tx: (tx.write(change("gone")), 1 / 0))  # leaves a gap in the cursors of PostgreSQL
    put(
        store,
        change("b", steps=2, about=columns("N-b", mode="drill", next_due=9, deadline=10, breached=1), key=("k", "d" * 64, "{}")),
        change("a", about=columns("N-a", room=None, closed_at=7, outcome="fertig ß"), personal=[("c2", "s", '"王"'), ("c1", "t", "7")],
               blobs=[("0" * 64, b"\x00\xff\n"), ("f" * 64, b"")]),
        change("c", notifications=[message("c", n) for n in range(4)] + [message("c", 9, channel="recorder")],
               inbox=[InboxItem("i1", "c", None, '{"kind": "open"}'), InboxItem("i2", "c", "a", "{}")]),
    )  # fmt: skip
    for who in ("x", "y"):
        (row,) = store.claim(200, who, 300)
        (store.sent if who == "x" else store.failed)(
            row.notification.key, who, *((201, "ok") if who == "x" else ("no", 900))
        )
    store.claim(950, "z", 2000)
    put(
        store,
        change(
            "d", notifications=[message("d", 1, created_at=5000), message("d", 2, problem="目录 / no", created_at=1)]
        ),
    )
    store.drop_inbox("i1", "refused")
    advance(store, "b")
    customers.put(store, customers.person("C-2", 2, verified_at=5), [("phone", "138"), ("room", "3-1-502")], first=1)
    customers.put(store, customers.person("C-1", survivor="C-2"), [])
    store.transact(lambda tx: (tx.put_alike("b", [("f0", 9), ("a1", 5)]), tx.put_alike("a", [("a1", 7)]))[0])


def test_whatever_takes_it_in_gives_it_again(stores: list[Store]) -> None:
    fill(stores[0])
    given = list(stores[0].dump())
    assert {table for table, _ in given} == set(TABLES)
    for store, following in pairwise(stores):
        rows = list(store.dump())
        assert rows == given
        following.load(iter(rows))
    for store in stores:
        assert list(store.integrity()) == []
        assert store.setting("held") == ("{}" if store is stores[0] else None)
        held = store.get("n-A")
        assert held is not None
        assert held.personal == {"c1": 7, "c2": "王"}
        assert store.list(Query(open=None, mode=None)) == stores[0].list(Query(open=None, mode=None))
        assert store.outbox() == stores[0].outbox()
        assert store.next_wake() == stores[0].next_wake()
        assert store.inbox() == stores[0].inbox()
    claimed = [store.claim(10_000, "w", 20_000) for store in stores]
    assert claimed[0]
    assert all(rows == claimed[0] for rows in claimed)


def test_an_office_works_on_where_it_was_carried_to(stores: list[Store]) -> None:
    """Cursors go on behind those that host programs keep, numbers behind those that were given out."""
    fill(stores[0])
    given = list(stores[0].dump())
    for store in stores[1:]:
        store.load(given)
        last = stores[0].feed()[-1][0]
        advance(store, "c")
        assert store.feed(last)[0][1] == "c"
        assert store.transact(lambda tx: tx.next_number("main", "complaint", 2026)) == 4
        assert store.transact(lambda tx: tx.office_head()) == (1, b"o" * 32)
        put(store, change("new", notifications=[message("new", 1)], inbox=[InboxItem("i3", "new", None, "{}")]))
        assert store.outbox()[0].notification.case == "new"


def test_only_an_empty_store_takes_an_office_in(stores: list[Store]) -> None:
    fill(stores[0])
    given = list(stores[0].dump())
    for store in stores[1:]:
        put(store, change("a"))
        with pytest.raises(StoreError, match="not empty"):
            store.load(given)
        assert list(store.cases()) == ["a"]


def test_what_breaks_off_is_not_there_at_all(stores: list[Store]) -> None:
    fill(stores[0])
    given = list(stores[0].dump())

    def broken() -> Iterator[object]:
        yield from given[:-1]
        raise ZeroDivisionError

    for store in stores[1:]:
        with pytest.raises(ZeroDivisionError):
            store.load(broken())  # type: ignore[arg-type]
        assert list(store.dump()) == []
        store.load(given)
        assert list(store.dump()) == given


def test_a_dump_shows_one_moment_whatever_is_written_meanwhile(stores: list[Store]) -> None:
    fill(stores[0])
    given = list(stores[0].dump())
    for store in stores[1:4]:
        store.load(given)
        rows = store.dump()
        begun = [next(rows)]
        for _ in range(3):
            advance(store, "c")
        put(store, change("later"))
        assert begun + list(rows) == given


def test_every_table_and_column_is_carried(stores: list[Store], tmp_path: Path, postgres_dsn: str) -> None:
    """A column that a migration adds has to be named in `records.TABLES`, or here as one that is not carried."""
    named = {f"{table.name}.{column}" for table in TABLES.values() for column in table.columns}
    raw = apsw.Connection(str(tmp_path / "a.db"))
    found = {
        f"{table}.{column}"
        for (table,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (column,) in raw.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    }
    raw.close()
    import psycopg

    with psycopg.connect(postgres_dsn) as connection:
        there = connection.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns NATURAL JOIN information_schema.tables"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        ).fetchall()
    for columns_ in (found, {row[0] for row in there}):
        carried = {
            name for name in columns_ if name not in OF_THE_DATABASE and name.partition(".")[0] not in OF_THE_DATABASE
        }
        assert carried == named


def test_what_auditors_ask_for(stores: list[Store]) -> None:
    fill(stores[0])
    given = list(stores[0].dump())
    for store in stores[1:]:
        store.load(given)
    for store in stores:
        assert list(store.cases("b")) == ["c", "d"]
        assert list(store.sealed("a")) == [("c1", "t", "7"), ("c2", "s", '"王"')]
        assert list(store.sealed("b")) == []
        assert [store.inbox_status(key) for key in ("i1", "i2", "i9")] == ["dropped", "waiting", None]
        assert [table for table, _ in store.dump("commands", "versions")] == ["versions", "commands"]
        assert "held" in LOCAL
        assert events("c", 1, 1)[0].head != GENESIS
