"""A procedure in which time goes round in a circle holds up its own case, and that only until somebody gets it out."""

from __future__ import annotations

import pytest
from guanjia.clock import HOUR
from guanjia.core.run import MOST_STEPS
from guanjia.errors import Refused
from guanjia.runtime.funnel import Passage

from tests.offices import MONDAY, clock_of, engine, small

CIRCLE = """\
procedure: desk
fields: {summary: {type: text, required: true}}
initial: one
transitions: {quit: {to: over}}
states:
  one:
    after: {forth: {at: opened_at + hours(1), to: two}}
    transitions: {more: {}}
  two:
    after: {back: {at: opened_at + hours(1), to: one}}
  over: {final: true}
"""
PAST = """\
procedure: desk
fields: {summary: {type: text, required: true}}
initial: one
states:
  one:
    transitions: {go: {to: two}}
  two:
    after: {late: {at: opened_at + hours(1), to: over}}
  over: {final: true}
"""


def test_the_worker_names_the_circle_and_goes_on_with_the_others(tmp_path):
    desk = engine(small(tmp_path, CIRCLE))
    stuck, other = (desk.open("desk", actor="agent.wang", summary="x").case.number for _ in range(2))
    desk.act(other, "quit", actor="agent.wang")
    clock_of(desk).advance(HOUR)
    work = desk.run_once()
    assert len(work.problems) == 1
    assert "forth" in work.problems[0]
    assert "back" in work.problems[0]
    assert len(desk.history(stuck)) == 1


def test_a_person_gets_a_case_out_of_the_circle(tmp_path):
    desk = engine(small(tmp_path, CIRCLE))
    number = desk.open("desk", actor="agent.wang", summary="x").case.number
    clock_of(desk).advance(2 * HOUR)
    with pytest.raises(Refused, match="circle") as caught:
        desk.act(number, "more", actor="agent.wang")
    assert caught.value.code == "loop"
    assert desk.act(number, "quit", actor="agent.wang").case.finished
    assert not desk.run_once().problems


def test_an_instant_that_is_over_as_its_state_is_entered_runs_out_at_once_and_not_in_the_past(tmp_path):
    desk = engine(small(tmp_path, PAST))
    number = desk.open("desk", actor="agent.wang", summary="x").case.number
    clock_of(desk).advance(3 * HOUR)
    assert desk.act(number, "go", actor="agent.wang").case.finished
    assert [event.occurred_at for event in desk.history(number)] == [MONDAY, MONDAY + 3 * HOUR, MONDAY + 3 * HOUR]


def test_a_circle_is_given_up_after_so_many_steps(tmp_path, monkeypatch):
    desk, steps = engine(small(tmp_path, CIRCLE)), []
    desk.open("desk", actor="agent.wang", summary="x")
    clock_of(desk).advance(HOUR)
    real = Passage._advance
    monkeypatch.setattr(Passage, "_advance", lambda passage, *given: (steps.append(1), real(passage, *given))[1])
    desk.run_once()
    assert MOST_STEPS <= len(steps) <= MOST_STEPS + 2
