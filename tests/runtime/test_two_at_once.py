"""Two programs at once on one database: what one of them does is there whole for the other, and nothing is done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, get_ident

import pytest
from guanjia.clock import HOUR
from guanjia.errors import Conflict, GuanjiaError, Refused, StoreError
from guanjia.failpoints import armed
from guanjia.model.event import Command
from guanjia.runtime.audit import audit
from guanjia.runtime.door import LETTERS

from tests.offices import clock_of, engine, small
from tests.scale import FAULTS, SOAK, drawn

DESK = """\
procedure: desk
number: D-{seq}
fields: {summary: {type: text, required: true}}
undo: 10m
initial: new
states:
  new: {transitions: {finish: {to: over, by: agent}}}
  over: {final: true}
"""


@pytest.fixture
def desks(tmp_path, store, reopened, store_name):
    folder = small(tmp_path / "office", DESK)
    return [engine(folder, store=store), engine(folder, store=reopened(), seed=2)]


def together(first, second, *, meet: bool):
    """Do both, the second while the first has read and not written. `meet`: the first waits until the second has read too."""
    begun, read, me = Event(), Event(), get_ident()

    def reach(point: str) -> None:
        if point != "after_read":
            return
        if get_ident() != me:
            read.set()
        elif not begun.is_set():
            begun.set()
            other.append(pool.submit(second))
            assert not meet or read.wait(30)

    other = []
    with ThreadPoolExecutor(1) as pool, armed(reach):
        mine = first()
        return mine, other[0].result() if other else second()


@pytest.mark.parametrize("way", ["alone", "in bulk"])
def test_of_two_that_open_with_one_key_the_second_gets_the_answer_of_the_first(desks, store_name, way):
    def opens(desk):
        if way == "alone":
            return lambda: desk.open("desk", actor="agent.wang", key="k", summary="x")
        command = Command("open", "desk", values={"summary": "x"}, actor=desk.actor("agent.wang"), key="k")
        note = Command("open", "desk", values={"summary": "y"}, actor=desk.actor("agent.wang"))
        return lambda: desk.execute_many([command, note])[0]

    results = together(*map(opens, desks), meet="://" in store_name)
    assert sorted(result.repeated for result in results) == [False, True]
    assert {result.case.id for result in results} == {results[0].case.id}
    assert not audit(desks[0])


def test_of_two_that_open_something_else_with_one_key_one_is_told_that_the_key_is_used(desks, store_name):
    def opens(desk, summary):
        def work():
            try:
                return desk.open("desk", actor="agent.wang", key="k", summary=summary)
            except Conflict as conflict:
                return conflict

        return work

    results = together(opens(desks[0], "x"), opens(desks[1], "y"), meet="://" in store_name)
    (conflict,) = [result for result in results if isinstance(result, Conflict)]
    assert "another command" in conflict.text.en
    assert "Send it again" not in str(conflict.hint)
    assert len({case for _, case, _ in desks[0].events()}) == 1
    assert not audit(desks[0])


def attempted(work):
    def go():
        try:
            return work()
        except GuanjiaError as error:
            return error

    return go


@pytest.mark.parametrize("way", ["merge", "child"])
def test_of_two_cases_that_are_tied_to_each_other_at_once_only_one_is(desks, store_name, way):
    one, two = (desks[0].open("desk", actor="agent.wang", summary="x").case.number for _ in "ab")

    def ties(desk, ref, other):
        if way == "merge":
            return attempted(lambda: desk.merge(ref, other, actor="agent.wang", reason="x"))
        return attempted(lambda: desk.link(ref, other, actor="agent.wang", way="child"))

    results = together(ties(desks[0], one, two), ties(desks[1], two, one), meet="://" in store_name)
    assert sorted(isinstance(result, Refused) for result in results) == [False, True]
    for desk in desks:
        desk.run_once()
    cases = [desks[0].case(ref) for ref in (one, two)]
    if way == "merge":
        assert sorted(case.finished for case in cases) == [False, True]
        assert sorted(len(case.absorbed) for case in cases) == [0, 1]
    else:
        assert sorted(case.parent is None for case in cases) == [False, True]
    assert not audit(desks[0])


DOINGS = {
    "finish": lambda desk, ref: desk.act(ref, "finish", actor="agent.wang"),
    "undo": lambda desk, ref: desk.undo(ref, actor="agent.wang"),
    "edit": lambda desk, ref: desk.edit(ref, actor="agent.wang", summary="y"),
    "merge": lambda desk, ref: desk.merge(ref, "", actor="agent.wang", reason="x"),
    "split": lambda desk, ref: desk.split(ref, None, {"summary": "y"}, actor="agent.wang"),
    "link": lambda desk, ref: desk.link(ref, "", actor="agent.wang"),
    "answer": lambda desk, ref: desk.answer("", "finish"),
    "code": lambda desk, ref: desk.code(ref, actor="agent.wang"),
    "forget": lambda desk, ref: desk.forget(ref, actor="agent.wang", reason="x"),
    "worker": lambda desk, ref: desk.run_once(),
}


@pytest.mark.parametrize("first", DOINGS)
def test_whatever_two_do_to_one_case_at_once_is_as_if_one_had_come_after_the_other(
    desks, store_name, first, monkeypatch
):
    """Each pair, the first half way through as the second begins, and the clock of the second an hour behind."""
    clock_of(desks[1]).advance(-HOUR)
    chosen = list(DOINGS) if FAULTS or SOAK else [first, *drawn().sample(sorted(DOINGS), 2)]
    for number, second in enumerate(chosen):
        ref, other = (desks[0].open("desk", actor="agent.wang", summary="x", customer="C-1").case.id for _ in "ab")
        with monkeypatch.context() as patch:
            patch.setattr(desks[0], "entropy", lambda size, number=number: bytes([number]) * size)
            desks[0].code(ref, actor="agent.wang")
        code = "-".join((LETTERS[number % 32] * 4,) * 3)
        monkeypatch.setitem(DOINGS, "answer", lambda desk, ref, code=code: desk.answer(code, "finish"))
        monkeypatch.setitem(
            DOINGS, "merge", lambda desk, ref, other=other: desk.merge(ref, other, actor="agent.wang", reason="x")
        )
        monkeypatch.setitem(DOINGS, "link", lambda desk, ref, other=other: desk.link(ref, other, actor="agent.wang"))
        desks[0].edit(ref, actor="agent.wang", summary="z")
        results = together(
            attempted(partial(DOINGS[first], desks[0], ref)),
            attempted(partial(DOINGS[second], desks[1], ref)),
            meet=False,
        )
        for result in results:
            assert not isinstance(result, StoreError | Conflict), (second, result)
        closings = [event for event in desks[0].history(ref) if event.data.get("closed")]
        undone = [event for event in desks[0].history(ref) if event.type == "undone"]
        assert len(closings) - 1 <= len(undone), second
        assert not audit(desks[0]), second
    for desk in desks:
        desk.run_once()
    assert not audit(desks[0])
