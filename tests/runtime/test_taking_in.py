"""An old case that is taken in with all that happened to it stands as it would have stood, and nobody is told of the past."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import DAY, MINUTE, Instant, from_iso
from guanjia.core import fold
from guanjia.errors import Conflict, NotFound, Refused
from guanjia.model.event import Actor, Command
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store.interface import Query

from tests.offices import clock_of, engine, small

ZONE = "Asia/Shanghai"
DESK = """
procedure: desk
number: D-{year}-{seq}
fields:
  priority: {type: choice, of: [usual, high], default: usual}
  phone: {type: phone, personal: true}
initial: new
states:
  new:
    entry: [{notify: {told: customer}}]
    transitions: {accept: {to: working, by: agent, do: [{assign: {person: actor}}, {notify: {told: customer}}]}}
  working:
    transitions:
      ask: {to: waiting, by: assignee}
      finish: {to: done, by: assignee, input: {number: {type: phone, personal: true}}}
      hand_on: {to: working, by: agent, do: [{open: {desk: {as: other}}}]}
  waiting: {transitions: {answered: {to: working, by: customer}}}
  done: {final: true}
sla:
  answer: {start: open, stop: accept, target: {within: 30m}, at: {due: [{escalate: supervisor}]}}
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{guard: priority == 'high', within: 4h}, {within: 3 workdays}]
    at: {due: [{escalate: supervisor}]}
reopen: {to: working, by: agent}
"""
WHEN = "2026-02-02T"


def at(text: str) -> Instant:
    return from_iso(f"{WHEN}{text}" if len(text) == 5 else text, ZONE)


@pytest.fixture
def desk(tmp_path: Path) -> Engine:
    return engine(small(tmp_path, DESK, templates=("told",)))


def opening(desk: Engine, time: str = "09:00", **values: Any) -> Command:
    return Command("open", "desk", values=values, actor=desk.actor("agent.wang"), at=at(time), customer="customer")


def act(desk: Engine, action: str, time: str, who: str = "agent.wang", **values: Any) -> Command:
    return Command("act", action, values=values, actor=desk.actor(who), at=at(time))


def taken_in(desk: Engine, *commands: Command, **more: Any) -> Any:
    return desk.take_in(commands, by="supervisor.zhao", reason="旧系统导入", **more)


def test_a_case_that_was_closed_in_time_is_met_and_was_never_late(desk: Engine) -> None:
    case = taken_in(
        desk, opening(desk, phone="13800001234"), act(desk, "accept", "09:20"), act(desk, "finish", "15:00", number="13900005678")
    ).case  # fmt: skip
    assert (case.number, case.closed_at, case.opener, case.assignee) == (
        "D-2026-1",
        at("15:00"),
        "agent.wang",
        "agent.wang",
    )
    assert {name: (clock.status, clock.ended_at, clock.breached_at) for name, clock in case.clocks.items()} == {
        "answer": ("met", at("09:20"), None), "solve": ("met", at("15:00"), None),
    }  # fmt: skip
    assert [event.occurred_at for event in desk.history(case.id)] == [at("09:00"), at("09:20"), at("15:00")]
    assert {event.recorded_at for event in desk.history(case.id)} == {desk.clock.now()}
    assert {event.data["taken_in"] for event in desk.history(case.id)} == {"supervisor.zhao"}
    assert desk.history(case.id)[0].data["reason"] == "旧系统导入"
    assert sorted(desk.personal(case.id).values()) == ["13800001234", "13900005678"]
    clock_of(desk).advance(60 * DAY)
    desk.run_once()
    assert not desk.store.outbox(limit=10)
    assert not audit(desk)


def test_what_was_late_then_is_late_at_its_own_instant_and_a_pause_is_left_out(desk: Engine) -> None:
    case = taken_in(
        desk, opening(desk, priority="high"), act(desk, "accept", "10:00"), act(desk, "ask", "10:30"),
        Command("act", "answered", actor=Actor("customer", (), "customer"), at=at("16:00")),
        act(desk, "finish", "2026-02-03T08:50"),
    ).case  # fmt: skip
    assert (case.clocks["answer"].status, case.clocks["answer"].breached_at) == ("breached", at("09:30"))
    assert case.clocks["solve"].status == "met"
    assert [event.name for event in desk.history(case.id)][1] == "answer.due"


def test_one_that_is_open_lives_on_and_only_what_comes_is_told(desk: Engine) -> None:
    case = taken_in(desk, opening(desk, "2026-03-02T08:40"), act(desk, "accept", "2026-03-02T08:50")).case
    assert not desk.store.outbox(limit=10)
    assert case.clocks["solve"].due == at("2026-03-06T00:00")
    clock_of(desk).set(at("2026-03-06T09:00"))
    desk.run_once()
    assert [row.notification.recipient for row in desk.store.outbox(limit=10)] == ["staff:supervisor.zhao"]


def test_it_may_be_reopened_and_its_history_folds_to_it(desk: Engine) -> None:
    number = taken_in(
        desk, opening(desk), act(desk, "accept", "09:20"), act(desk, "finish", "15:00", number="13900005678"),
        act(desk, "reopen", "16:00"), act(desk, "finish", "17:00", number="13900005678"),
    ).case.number  # fmt: skip
    case = desk.case(number)
    assert [cycle.status for cycle in (*case.cycles, case.clocks["solve"]) if cycle.name == "solve"] == ["met", "met"]
    assert fold(desk.history(number)) == case
    assert not audit(desk)


def test_it_stands_as_if_it_had_been_lived(desk: Engine, tmp_path: Path) -> None:
    """The same steps, done at those instants by a worker who was there."""
    steps = [("accept", "09:20", {}), ("ask", "10:00", {}), ("finish", "2026-02-09T10:00", {"number": "13900005678"})]
    other = engine(desk.files.folder, at=at("09:00"))
    number = other.open("desk", actor="agent.wang").case.number
    for action, time, values in steps[:2]:
        clock_of(other).set(at(time))
        other.act(number, action, actor="agent.wang", **values)
    clock_of(other).set(at("2026-02-05T09:00"))
    other.run_once()
    case = taken_in(desk, opening(desk), *(act(desk, name, time, **values) for name, time, values in steps[:2])).case
    lived = other.case(number)
    assert (case.states, case.clocks, case.assignee) == (lived.states, lived.clocks, lived.assignee)


def test_it_is_all_or_nothing_and_says_which_step_does_not_fit(desk: Engine) -> None:
    with pytest.raises(Refused) as refused:
        taken_in(desk, opening(desk), act(desk, "accept", "09:20"), act(desk, "answered", "09:30"))
    assert (refused.value.code, "第 3 步（act answered" in refused.value.text.zh) == ("state", True)
    with pytest.raises(Refused, match=r"Step 2 \(act accept"):
        taken_in(desk, opening(desk), act(desk, "accept", "09:20", "supervisor.zhao"))
    assert desk.store.count(Query(open=None)) == 0
    assert taken_in(desk, opening(desk)).case.number == "D-2026-1"


def test_its_instants_are_over_and_in_order_and_it_begins_with_its_opening(desk: Engine) -> None:
    for wrong in (
        (act(desk, "accept", "09:20"),), (), (opening(desk), opening(desk)),
        (opening(desk), Command("migrate", "x", actor=desk.actor("agent.wang"), at=at("09:20"))),
    ):  # fmt: skip
        with pytest.raises(Refused, match="first step of an old case opens it"):
            taken_in(desk, *wrong)
    for wrong in (
        (opening(desk, "2026-12-02T09:00"),), (opening(desk), act(desk, "accept", "08:20")),
        (opening(desk), Command("act", "accept", actor=desk.actor("agent.wang"))),
    ):  # fmt: skip
        with pytest.raises(Refused, match="must be over, and not before"):
            taken_in(desk, *wrong)


def test_it_wants_the_right_and_a_reason(desk: Engine) -> None:
    with pytest.raises(Refused, match="needs the right `backdate`"):
        desk.take_in([opening(desk)], by="agent.wang", reason="x")
    with pytest.raises(Refused, match="needs a reason"):
        desk.take_in([opening(desk)], by="supervisor.zhao", reason=" ")


def test_it_sets_nothing_else_in_motion(desk: Engine) -> None:
    with pytest.raises(Refused, match="opens no other case"):
        taken_in(desk, opening(desk), act(desk, "accept", "09:20"), act(desk, "hand_on", "09:30"))
    assert desk.store.count(Query(open=None)) == 0


def test_it_comes_in_once_for_a_key(desk: Engine) -> None:
    first = taken_in(desk, opening(desk), act(desk, "accept", "09:20"), key="old:1")
    again = taken_in(desk, opening(desk), act(desk, "accept", "09:20"), key="old:1")
    assert (again.case, again.repeated, desk.store.count(Query(open=None))) == (first.case, True, 1)
    with pytest.raises(Conflict):
        taken_in(desk, opening(desk), key="old:1")
    assert first.case.clocks["answer"].ended_at == at("09:00") + 20 * MINUTE


def test_a_step_has_no_case_key_or_version_of_its_own(desk: Engine) -> None:
    other = desk.open("desk", actor="agent.wang", customer="customer").case
    for more in ({"case": other.number}, {"key": "k"}, {"expect": 7}):
        for wrong in ((replace(opening(desk), **more), act(desk, "accept", "09:20")),
                      (opening(desk), replace(act(desk, "accept", "09:20"), **more))):  # fmt: skip
            with pytest.raises(Refused, match=f"has no {next(iter(more))} of its own") as refused:
                taken_in(desk, *wrong)
            assert refused.value.data["step"] == 1 + ("accept" in refused.value.text.en)
    assert desk.case(other.id) == other
    assert desk.store.count(Query(open=None)) == 1


def test_a_step_that_names_what_is_not_there_says_what_there_is(desk: Engine) -> None:
    with pytest.raises(NotFound, match="Step 2") as refused:
        taken_in(desk, opening(desk), act(desk, "accpet", "09:20"))
    assert "accept" in refused.value.data["known"]
