"""Lists: what comes out equals what a plain loop over all cases finds, and what the screens ask for is served by an index."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import apsw
import psycopg
import pytest
from guanjia.model.sight import Sight, joined
from guanjia.store import Columns, Query, Store
from guanjia.store.postgres import PostgresStore
from guanjia.store.postgres.listing import listed as listed_in_postgres
from guanjia.store.sqlite import SqliteStore
from guanjia.store.sqlite.listing import counted, listed
from guanjia.store.sqlite.transaction import SQL
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.store.making import change, columns, writing

NAMES = st.sampled_from(["a", "b", "c"])
MAYBE = st.none() | NAMES
INSTANTS = st.integers(0, 6)
WORDS = st.sampled_from(["电梯", "漏水", "LED", "led", "%", "_", "3-1", "N-1", "电", "\\"])

MARKS = st.lists(
    st.sampled_from(["hand:a", "hand:ab", "not:a", "only:*", "only:r", "work:r", "work:rr", "%", "_"]), unique=True
)
SIGHT = st.none() | st.builds(
    Sight, sites=st.none() | st.lists(NAMES, min_size=1, max_size=2).map(tuple), barred=st.sampled_from([None, "not:a", "not:"]),
    hand=st.sampled_from([(), ("hand:a",), ("hand:a", "hand:b")]), open=st.sampled_from([(), ("only:*",), ("only:*", "only:r")]),
    within=st.sampled_from([None, (), ("work:r",), ("work:r", "%")]),
)  # fmt: skip
ABOUT = st.builds(
    dict, site=NAMES, procedure=NAMES, states=st.sampled_from(["a", "a,b", "ab", "b,c", ""]), mode=st.sampled_from([None, None, "drill"]),
    summary=st.lists(WORDS, max_size=3).map(" ".join), room=st.sampled_from([None, "3-1", "4-2"]), assignee=MAYBE,
    parent=MAYBE, opened_at=INSTANTS, changed_at=INSTANTS, closed_at=st.none() | INSTANTS, deadline=st.none() | INSTANTS,
    marks=st.none() | MARKS.map(joined),
)  # fmt: skip
QUERY = st.builds(
    Query, site=MAYBE, procedure=MAYBE, open=st.sampled_from([True, False, None]), state=MAYBE, assignee=MAYBE,
    room=st.sampled_from([None, None, "3-1"]), parent=MAYBE, mode=st.sampled_from(["", None, "drill"]),
    text=st.none() | st.lists(WORDS, max_size=2).map(" ".join), order=st.sampled_from(["deadline", "opened", "changed"]),
    limit=st.integers(0, 9), offset=st.integers(0, 4), sight=SIGHT,
)  # fmt: skip


def seen(it: Columns, sight: Sight | None) -> bool:
    """What somebody with this sight sees, said once more."""
    if sight is None:
        return True
    there = set((it.marks or "").split("\n"))
    mine, open_ = there & {*sight.hand}, there & {*sight.open}
    near = sight.within is None or there & {*sight.within}
    return (
        (sight.sites is None or it.site in sight.sites) and sight.barred not in there and bool(mine or (open_ and near))
    )


def expected(cases: dict[str, Columns], query: Query) -> list[str]:
    """The oracle: a plain reading of what `Query` says."""
    found = []
    for name, it in cases.items():
        text = "\n".join([it.number, it.summary, it.room or ""]).lower()
        if (
            (query.open is None or query.open is (it.closed_at is None))
            and (query.mode is None or (query.mode or None) == it.mode)
            and (query.state is None or query.state in it.states.split(","))
            and seen(it, query.sight)
            and all(word.lower() in text for word in (query.text or "").split())
            and all(
                getattr(query, key) in (None, getattr(it, key))
                for key in ("site", "procedure", "assignee", "room", "customer", "parent")
            )
        ):
            found.append(name)
    late = float("inf")
    if query.order == "deadline":
        found.sort(key=lambda name: (late if cases[name].deadline is None else cases[name].deadline, name))
    else:
        found.sort(key=lambda name: (getattr(cases[name], f"{query.order}_at"), name), reverse=True)
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(abouts=st.lists(ABOUT, max_size=25), queries=st.lists(QUERY, min_size=1, max_size=25))
def test_every_list_equals_a_plain_loop(store: Store, abouts: list[dict[str, Any]], queries: list[Query]) -> None:
    """One database for all examples; each has a customer of its own, so that it sees its own cases only."""
    mine = uuid4().hex
    known = {
        uuid4().hex: columns(f"N-{number}-{mine}", **about | {"customer": mine}) for number, about in enumerate(abouts)
    }
    outcomes = store.transact_many([writing(change(name, about=about)) for name, about in known.items()])
    assert outcomes == [None] * len(known)
    for asked in queries:
        query = replace(asked, customer=mine)
        names = expected(known, query)
        rows = store.list(query)
        assert [row.id for row in rows] == names[query.offset : query.offset + query.limit]
        assert [row.columns for row in rows] == [known[row.id] for row in rows]
        assert store.count(query) == len(names)


PLANS = [
    Query(order=order, open=is_open, mode=mode)
    for order in ("deadline", "opened", "changed")
    for is_open in (True, False, None)
    for mode in ("", None)
]


@pytest.mark.parametrize("query", PLANS, ids=lambda query: f"{query.order}-{query.open}-{query.mode}")
def test_no_list_sorts_or_scans_the_table_in_sqlite(tmp_path: Path, query: Query) -> None:
    path = tmp_path / "guanjia.db"
    store = SqliteStore(path)
    store.migrate()
    store.close()
    plan = _plan(path, *listed(query))
    assert "TEMP B-TREE" not in plan
    assert _scanned(plan) == []
    assert plan.count("USING INDEX") == (2 if query.open is None else 1)


@pytest.mark.parametrize(
    ("sql", "values", "index"),
    [
        (SQL["due"], [1, 1], "open_by_due"),
        (SQL["load"], ["a"], "open_by_assignee"),
        (SQL["by_number"], ["a"], "sqlite_autoindex_cases"),
        (SQL["claimable"], [1], "outbox_by_time"),
        (SQL["ready"], [1, 1], "outbox_by_time"),
        (SQL["inbox"], [1], "inbox_waiting"),
        (SQL["inbox"], [1], "inbox_in_line"),
        (SQL["next_wake"], [], "inbox_waiting"),
        (SQL["next_wake"], [], "open_by_due"),
        (SQL["next_wake"], [], "outbox_by_time"),
        (*counted(Query(assignee="a")), "open_by_assignee"),
        (*listed(Query(assignee="a")), "open_by_assignee"),
        (*listed(Query(customer="a")), "cases_by_customer"),
        (*listed(Query(customer=("a", "b"))), "cases_by_customer"),
        (*listed(Query(parent="a")), "cases_by_parent"),
        (*listed(Query(room="a")), "cases_by_room"),
    ],
)
def test_what_is_asked_often_is_searched_by_an_index(tmp_path: Path, sql: str, values: list[Any], index: str) -> None:
    path = tmp_path / "guanjia.db"
    store = SqliteStore(path)
    store.migrate()
    store.close()
    plan = _plan(path, sql, values)
    assert index in plan
    assert _scanned(plan) == []


def _scanned(plan: str) -> list[str]:
    """Tables that are read from end to end without an index."""
    return [
        line
        for line in plan.splitlines()
        if re.match(r"SCAN (cases|events|outbox|inbox|[oie])\b", line) and "USING" not in line
    ]


def _plan(path: Path, sql: str, values: list[Any]) -> str:
    raw = apsw.Connection(str(path))
    try:
        return "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    finally:
        raw.close()


def test_no_list_sorts_or_scans_the_table_in_postgresql(postgres_dsn: str) -> None:
    """The table is small here, so the server is told that scanning and sorting are dear; then only an index can be cheaper."""
    store = PostgresStore(postgres_dsn)
    store.migrate()
    with psycopg.connect(postgres_dsn, autocommit=True) as raw:
        raw.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        for query in PLANS:
            sql, values = listed_in_postgres(query)
            plan = "\n".join(row[0] for row in raw.execute(f"EXPLAIN {sql}", values))
            assert "Index Scan" in plan
            assert "Sort" not in plan
            assert "Seq Scan" not in plan
    store.close()
