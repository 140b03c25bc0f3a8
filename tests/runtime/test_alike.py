"""Cases that may be the same matter are suggested, and looked for by an index."""

from __future__ import annotations

import pytest
from guanjia.clock import DAY, HOUR
from guanjia.store import Query
from guanjia.store.sqlite import listing

from tests.offices import clock_of, engine, small

PROCEDURE = """\
procedure: leak
number: L-{seq}
DUPLICATES
fields:
  summary: {type: text, required: true}
  room: {type: room}
  kind: {type: choice, of: [water, power]}
  phone: {type: phone, personal: true}
initial: new
states:
  new: {transitions: {finish: {to: done}}}
  done: {final: true}
modes: {drill: {}}
"""


def office(folder, duplicates=""):
    return small(folder, PROCEDURE.replace("DUPLICATES\n", duplicates), name="leak")


def case(desk, room="3-1-502", **more):
    return desk.open("leak", actor="agent.wang", summary="x", room=room, **more).case.number


def like(desk, number):
    return [row.columns.number for row in desk.like(number)]


def test_an_open_case_of_the_same_room_within_a_day_may_be_the_same(tmp_path, store):
    desk = engine(office(tmp_path), store=store)
    first, elsewhere, drill, closed = case(desk), case(desk, "3-1-501"), case(desk, mode="drill"), case(desk)
    desk.act(closed, "finish", actor="agent.wang")
    clock_of(desk).advance(23 * HOUR)
    second = case(desk)
    assert like(desk, second) == [first]
    assert like(desk, first) == [second]
    assert like(desk, elsewhere) == like(desk, drill) == []
    clock_of(desk).advance(2 * HOUR)
    assert like(desk, case(desk)) == [second]
    assert like(desk, case(desk, None)) == []


def test_a_procedure_says_what_is_the_same_and_how_near(tmp_path, store):
    desk = engine(office(tmp_path, "duplicates: {within: 2 days, same: [room, kind, phone]}\n"), store=store)
    first = case(desk, kind="water", phone="13800001234")
    clock_of(desk).advance(DAY + HOUR)
    case(desk, kind="power", phone="13800001234")
    case(desk, kind="water", phone="13900001234")
    assert like(desk, case(desk, kind="water", phone="13800001234")) == [first]


def test_cases_of_one_customer_may_be_the_same_wherever_they_are(tmp_path, store):
    desk = engine(office(tmp_path, "duplicates: {same: [customer]}\n"), store=store)
    first = case(desk, customer="C-1")
    case(desk, customer="C-2")
    assert like(desk, case(desk, "9-9", customer="C-1")) == [first]
    assert like(desk, case(desk)) == []


def test_a_procedure_may_have_none_suggested(tmp_path):
    desk = engine(office(tmp_path, "duplicates: {same: []}\n"))
    case(desk)
    assert like(desk, case(desk)) == []


@pytest.mark.parametrize(
    "query", [Query(room="3-1", since=1, until=9, procedure="leak", site="main"), Query(customer="C", since=1, until=9)]
)
def test_it_is_looked_for_by_an_index_of_the_place_or_the_customer(tmp_path, query):
    from guanjia.store.sqlite import SqliteStore

    made = SqliteStore(tmp_path / "guanjia.db")
    made.migrate()
    sql, values = listing.listed(
        Query(**{**query.__dict__, "order": "opened"}) if hasattr(query, "__dict__") else query
    )
    with made._connect(writes=False) as raw:
        plan = "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    assert "cases_by_room" in plan or "cases_by_customer" in plan, plan
    made.close()
