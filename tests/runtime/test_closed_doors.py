"""What the model (model.py) found in the engine, each as a story of its own: doors that stood open, and facts that moved."""

from __future__ import annotations

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.errors import NotFound, Refused
from guanjia.model.event import Actor, Command
from guanjia.runtime.audit import audit

from tests.offices import MONDAY, clock_of, engine, small

DESK = """
procedure: desk
number: D-{seq:04}
calendar: always
fields: {n: {type: integer, default: 0}, visit_at: {type: instant}}
initial: asked
transitions:
  drop: {to: gone, by: customer}
  tell: {do: [{notify: {told: opener}}]}
  hire: {do: [{open: {job: {as: fix, wait: true}}}]}
states:
  asked:
    after: {visit: {at: visit_at, to: visited}, late: {delay: 3 days, do: [{notify: {told: supervisor}}]}}
  visited: {transitions: {drop_too: {to: gone}}}
  gone: {final: true}
reopen: {to: asked, within: 2 days}
modes: {drill: {prefix: {zh: 演练, en: DRILL}, outside: record}}
"""
JOB = """
procedure: job
initial: todo
states:
  todo: {after: {lapse: {delay: 1 days, to: over}}}
  over: {final: true}
"""
LI, OTHER = Actor("c-li", (), "customer"), Actor("c-wang", (), "customer")


@pytest.fixture
def desk(tmp_path):
    return engine(small(tmp_path / "office", DESK, templates=("told",), more={"procedures/job.yaml": JOB}))


def refused(call) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.code


def test_a_case_that_names_no_customer_is_no_customers(desk):
    number = desk.open("desk", actor="agent.wang").case.number
    assert refused(lambda: desk.act(number, "drop", actor=OTHER)) == "sight"


def test_a_case_that_a_customer_opens_is_his(desk):
    case = desk.open("desk", actor=LI).case
    assert case.customer == "c-li"
    assert refused(lambda: desk.act(case.number, "drop", actor=OTHER)) == "sight"
    assert desk.act(case.number, "drop", actor=LI).case.outcome == "gone"
    assert desk.open("desk", actor=LI, customer="c-wang").case.customer == "c-wang"


def test_an_opener_who_is_the_customer_is_told_as_one_and_in_a_drill_not_outside(desk):
    number = desk.open("desk", actor=LI, mode="drill").case.number
    desk.act(number, "tell", actor="agent.wang")
    (row,) = desk.store.outbox(limit=9)
    assert (row.notification.recipient, row.notification.outside, row.status) == ("customer", True, "recorded")


def test_to_backdate_is_a_right_that_a_customer_does_not_have_and_goes_back_to_the_opening_at_most(desk):
    number = desk.open("desk", actor=LI).case.number
    clock_of(desk).advance(HOUR)
    assert refused(lambda: desk.act(number, "drop", actor=LI, at=MONDAY + MINUTE, reason="x")) == "role"
    assert refused(lambda: desk.act(number, "tell", actor="supervisor.zhao", at=MONDAY - 1, reason="x")) == "time"
    assert desk.act(number, "tell", actor="supervisor.zhao", at=MONDAY, reason="x").events[0].occurred_at == MONDAY


def test_a_command_as_a_value_is_held_to_what_its_short_form_is_held_to(desk):
    number = desk.open("desk", actor="agent.wang").case.number
    (handed,) = desk.execute_many([Command("assign", "nobody", number, actor=desk.actor("agent.wang"))])
    assert isinstance(handed, NotFound)
    assert refused(lambda: desk.execute(Command("attach", "a.jpg", number, {}, desk.actor("agent.wang")))) == "field"
    assert not audit(desk)


def test_an_edit_that_changed_nothing_has_taken_its_key(desk):
    number = desk.open("desk", actor="agent.wang", n=1).case.number
    desk.edit(number, actor="agent.wang", n=1, key="k")
    desk.edit(number, actor="agent.wang", n=2)
    again = desk.edit(number, actor="agent.wang", n=1, key="k")
    assert (again.repeated, again.case.fields["n"]) == (True, 2)


def test_a_closed_case_that_is_edited_stays_closed_since_when_it_was(desk):
    number = desk.open("desk", actor="agent.wang", customer="c-li").case.number
    closed = desk.act(number, "drop", actor=LI).case.closed_at
    clock_of(desk).advance(DAY)
    assert desk.edit(number, actor="agent.wang", n=1).case.closed_at == closed
    assert "closed" not in desk.history(number)[-1].data
    clock_of(desk).advance(2 * DAY)
    assert refused(lambda: desk.act(number, "reopen", actor="agent.wang")) == "window"


@pytest.mark.parametrize(("visit_at", "states"), [(None, ("asked",)), (MONDAY - HOUR, ("visited",))])
def test_an_appointment_that_is_called_off_or_moved_into_the_past_takes_its_delay_along(desk, visit_at, states):
    number = desk.open("desk", actor="agent.wang", visit_at=MONDAY + HOUR).case.number
    desk.edit(number, actor="agent.wang", visit_at=visit_at)
    clock_of(desk).advance(2 * HOUR)
    desk.run_once()
    assert desk.case(number).states == states
    desk.edit(number, actor="agent.wang", n=5)
    assert [event.type for event in desk.history(number)].count("elapsed") == (visit_at is not None)


def test_a_parent_hears_of_the_end_of_its_child_as_of_that_minute_whoever_brought_the_child_up_to_date(desk):
    number = desk.open("desk", actor="agent.wang").case.number
    desk.act(number, "hire", actor="agent.wang")
    (child,) = desk.case(number).children.values()
    clock_of(desk).advance(9 * DAY)
    assert refused(lambda: desk.act(child, "dance", actor="agent.wang")) == "not_found"
    desk.run_once()
    assert [event.type for event in desk.history(number)][-2:] == ["linked", "elapsed"]
    assert desk.history(number)[-2].occurred_at == desk.case(child).closed_at
