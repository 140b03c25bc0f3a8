"""Three complaints of one cause raise an improvement, once; and a return visit that found nothing solved opens its parent again."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from guanjia.clock import DAY, HOUR
from guanjia.core import fold
from guanjia.language import OfficeFiles
from guanjia.model.event import Event
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import Query, Store
from guanjia.store.memory import MemoryStore

from tests.offices import MONDAY, clock_of, engine, small

COMPLAINT = """\
procedure: complaint
calendar: always
fields:
  cause: {type: choice, of: [noise, dirt]}
  room:  {type: room}
  valid: {type: boolean, default: true}
counts:
  same_cause:
    same: cause
    within: 90 days
    where: valid
    at:
      3: [{open: {improve: {with: {about: cause}}}}, {notify: {told: supervisor}}]
modes: {drill: {}}
initial: taken
states:
  taken:
    transitions:
      find: {by: agent, require: [cause]}
      close: {to: closed}
      serious: {to: closed, guard: "count('same_cause') >= 4"}
  closed: {final: true, entry: [{open: {visit: {as: visit}}}]}
reopen: {to: taken, by: [system], within: 10 days, at_most: 2}
"""
VISIT = """\
procedure: visit
calendar: always
open_by: system
initial: due
states:
  due:
    transitions:
      bad:  {to: over, do: [{emit: {signal: reopen, to: parent}}]}
      good: {to: over}
  over: {final: true}
"""
IMPROVE = """\
procedure: improve
calendar: always
fields: {about: {type: text}}
initial: raised
states:
  raised: {transitions: {done: {to: over}}}
  over: {final: true}
"""


def office(folder: Path) -> Path:
    more = {"procedures/visit.yaml": VISIT, "procedures/improve.yaml": IMPROVE}
    made = small(folder, COMPLAINT, name="complaint", templates=("told",), more=more)
    assert [it for it in OfficeFiles(made).check() if it.severity == "error"] == []
    return made


def complain(desk: Engine, cause: str | None = "noise", **more: Any) -> str:
    case = desk.open("complaint", actor="agent.wang", **more).case.id
    if cause is not None:
        desk.act(case, "find", actor="agent.wang", cause=cause)
    return case


def raised(desk: Engine) -> int:
    return desk.store.count(Query(procedure="improve", open=None))


def test_the_third_complaint_of_one_cause_raises_an_improvement_and_further_ones_do_not(
    tmp_path: Path, store: Store
) -> None:
    desk = engine(office(tmp_path), store=store)
    complain(desk)
    complain(desk, "dirt")
    complain(desk, None)
    complain(desk, valid=False)
    complain(desk, mode="drill")
    complain(desk)
    assert raised(desk) == 0
    third = complain(desk)
    assert raised(desk) == 1
    (found,) = [event for event in desk.history(third) if "crossed" in event.data]
    (key, fact), *_ = found.data["facts"].items()
    assert key.startswith('count:["complaint", "same_cause"')
    assert fact == {"others": 2, "reached": []}
    (improve,) = desk.list(Query(procedure="improve"))
    assert desk.case(improve.id).parent == third, "linked both ways"
    assert desk.case(third).children == {"improve": improve.id}
    for _ in range(3):
        complain(desk)
    desk.edit(third, actor="agent.wang", cause="dirt")
    desk.edit(third, actor="agent.wang", cause="noise")
    assert raised(desk) == 1, "not again for each further one, nor for one that comes back"
    assert fold(Event.from_text(row.text) for row in store.events(third)) == desk.case(third)
    assert list(audit(desk)) == []


def test_a_count_begins_anew_when_its_window_is_over(tmp_path: Path, store: Store) -> None:
    desk = engine(office(tmp_path), store=store)
    for _ in range(3):
        complain(desk)
        clock_of(desk).advance(20 * DAY)
    assert raised(desk) == 1
    clock_of(desk).advance(91 * DAY)
    complain(desk)
    complain(desk)
    assert raised(desk) == 1
    complain(desk)
    assert raised(desk) == 2


def test_a_guard_counts_and_the_answer_stands_in_the_event(tmp_path: Path, store: Store) -> None:
    desk = engine(office(tmp_path), store=store)
    first = complain(desk)
    complain(desk)
    complain(desk)
    offered = {option.action: option.allowed for option in desk.available(first, "agent.wang")}
    assert not offered["serious"]
    complain(desk)
    done = desk.act(first, "serious", actor="agent.wang")
    assert [fact for key, fact in done.events[0].data["facts"].items() if key.startswith("count:")] == [
        {"others": 3, "reached": [3]}
    ]


def test_of_complaints_that_come_together_one_is_the_third(tmp_path: Path, store: Store, reopened: Any) -> None:
    """Two programs at once, again and again: exactly one of them raises the improvement."""
    folder = office(tmp_path / "office")
    desks = [engine(folder, store=store), engine(folder, store=reopened(), seed=2)]
    for number in range(1, 5):
        cases = [desk.open("complaint", actor="agent.wang").case.id for desk in (*desks, *desks)]
        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(desks[at % 2].act, case, "find", actor="agent.wang", cause="noise")
                for at, case in enumerate(cases)
            ]
            for each in done:
                each.result()
        assert raised(desks[0]) == number
        assert list(store.dropped_inbox()) == []
        for desk in desks:
            clock_of(desk).advance(91 * DAY)


def test_counts_are_those_of_the_plain_rule_whatever_happens(tmp_path: Path) -> None:
    """Against all cases looked through, one by one: at each finding the number of other cases of the last 90 days with the same cause."""
    dice, desk = random.Random(7), engine(office(tmp_path))
    cases: dict[str, tuple[int, str | None, bool]] = {}
    marks: list[tuple[int, str]] = []
    for _ in range(120):
        clock_of(desk).advance(dice.randint(0, 9) * DAY + HOUR)
        now = desk.clock.now()
        case = dice.choice([*cases, ""])
        if not case or dice.random() < 0.5:
            case = desk.open("complaint", actor="agent.wang").case.id
            cases[case] = (now, None, True)
        opened, before, valid = cases[case]
        cause, good = dice.choice(["noise", "dirt"]), dice.random() < 0.8
        had = raised(desk)
        desk.edit(case, actor="agent.wang", key=f"k{len(marks)}-{now}", cause=cause, valid=good)
        cases[case] = (opened, cause, good)
        others = sum(
            1 for id, (at, why, ok) in cases.items() if id != case and ok and why == cause and at > now - 90 * DAY
        )
        fresh = good and (before, valid) != (cause, True) and opened > now - 90 * DAY
        reached = any(why == cause and at > now - 90 * DAY for at, why in marks)
        due = fresh and others + 1 >= 3 and not reached
        assert raised(desk) - had == due
        marks += [(now, cause)] if due else []
    assert marks
    assert list(audit(desk)) == []


def test_what_is_counted_goes_along_with_an_office_that_moves_to_another_database(tmp_path: Path, store: Store) -> None:
    desk = engine(office(tmp_path))
    complain(desk)
    complain(desk)
    assert isinstance(desk.store, MemoryStore)
    store.load(desk.store.dump())
    moved = engine(tmp_path, store=store, seed=2)
    assert list(store.dump("alike")) == list(desk.store.dump("alike"))
    clock_of(moved).set(desk.clock.now())
    complain(moved)
    assert raised(moved) == 1
    fork = desk.store.fork()
    tried = engine(tmp_path, store=fork, seed=3)
    complain(tried)
    assert (raised(tried), raised(desk)) == (1, 0)


def test_a_dissatisfied_return_visit_opens_its_parent_again(tmp_path: Path, store: Store) -> None:
    desk = engine(office(tmp_path), store=store)
    case = complain(desk)
    desk.act(case, "close", actor="agent.wang")
    visit = desk.case(case).children["visit"]
    desk.act(visit, "bad", actor="agent.wang")
    again = desk.case(case)
    assert (again.closed_at, again.states, again.past["reopen"].by) == (None, ("taken",), "system")
    desk.act(case, "close", actor="agent.wang")
    assert desk.case(case).past["reopen"].count == 1
    second = desk.case(case).children["visit_2"]
    desk.act(second, "good", actor="agent.wang")
    assert desk.case(case).finished


def test_where_the_parent_is_open_that_it_was_asked_stands_in_its_history_and_nothing_else_changes(
    tmp_path: Path, store: Store
) -> None:
    desk = engine(office(tmp_path), store=store)
    case = complain(desk)
    desk.act(case, "close", actor="agent.wang")
    first = desk.case(case).children["visit"]
    desk.signal(case, "reopen")
    before = desk.case(case)
    desk.act(first, "bad", actor="agent.wang")
    after = desk.case(case)
    assert [event.name for event in desk.history(case) if event.data.get("already")] == ["reopen"]
    assert (after.states, after.past, after.fields) == (before.states, before.past, before.fields)
    assert list(store.dropped_inbox()) == []


def test_what_may_not_be_reopened_any_more_waits_for_a_person(tmp_path: Path) -> None:
    desk = engine(office(tmp_path))
    case = complain(desk)
    desk.act(case, "close", actor="agent.wang")
    visit = desk.case(case).children["visit"]
    clock_of(desk).advance(20 * DAY)
    desk.act(visit, "bad", actor="agent.wang")
    assert desk.case(case).finished
    ((item, why),) = desk.store.dropped_inbox()
    assert "期限已过" in why
    del item


def test_only_a_case_that_comes_to_be_alike_is_looked_at(tmp_path: Path) -> None:
    """The window since the last time is over and there are three again: nothing happens until one more comes."""
    desk, cases = engine(office(tmp_path)), []
    for day in (0, 1, 2, 50, 51, 60):
        clock_of(desk).set(MONDAY + day * DAY)
        cases.append(complain(desk))
    assert raised(desk) == 1
    clock_of(desk).set(MONDAY + 93 * DAY)
    desk.act(cases[-1], "find", actor="agent.wang", cause="noise")
    assert raised(desk) == 1
    complain(desk)
    assert raised(desk) == 2
