"""The statechart semantics that docs/language.md promises, through the real funnel."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.core import advance
from guanjia.errors import Refused
from guanjia.model.event import Command

from tests.core.plain import Plain
from tests.offices import MONDAY, clock_of, engine, small


def desk(tmp_path: Path, procedure: str, **more):
    return engine(small(tmp_path, procedure, **more))


FLAT = """
procedure: desk
number: D-{year}-{seq:05}
fields:
  summary: {type: text}
  severity: {type: choice, of: [minor, critical], default: minor}
  phone: {type: phone, personal: true}
  cost: {type: money}
initial: new
transitions:
  withdraw: {to: withdrawn, by: [agent, customer]}
states:
  new:
    transitions:
      accept: {to: working, by: agent, require: [summary], do: [{assign: {person: actor}}]}
  working:
    transitions:
      finish:
        to: done
        by: assignee
        guard:
          - that: severity == 'minor' or cost is not none
            else: {zh: 重大事项须先填写费用, en: A critical case needs its cost first}
      hold: {to: held, by: agent, at_most: 1}
      check: {by: supervisor, not_by: [accept], input: {ok: {type: boolean, required: true}}}
  held:
    transitions:
      go_on: {to: working, by: agent}
    after:
      too_long: {delay: 2h, calendar: always, to: working}
  done: {final: true}
  withdrawn: {final: true, outcome: given_up}
reopen: {to: working, by: supervisor, within: 15 days, at_most: 1}
"""


def test_a_case_goes_from_opening_to_closing(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    case = desk_.open("desk", actor="agent.wang", summary="漏水").case
    assert (case.number, case.states) == ("D-2026-00001", ("new",))
    case = desk_.act(case.number, "accept", actor="agent.wang").case
    assert case.assignee == "agent.wang"
    case = desk_.act(case.number, "finish", actor="agent.wang").case
    assert case.finished
    assert case.outcome == "done"


@pytest.mark.parametrize(
    ("action", "actor", "values", "code"),
    [
        ("accept", "supervisor.zhao", {"summary": "x"}, "role"),
        ("accept", "agent.wang", {}, "field"),
        ("finish", "agent.wang", {}, "state"),
        ("dance", "agent.wang", {}, "not_found"),
        ("accept", "agent.wang", {"sumary": "x"}, "not_found"),
        ("accept", "agent.wang", {"summary": "x", "severity": "huge"}, "field"),
    ],
)
def test_a_refusal_names_its_reason_and_leaves_the_case_as_it_was(tmp_path, action, actor, values, code):
    desk_ = desk(tmp_path, FLAT)
    before = desk_.open("desk", actor="agent.wang").case
    with pytest.raises(Refused) as refused:
        desk_.act(before.number, action, actor=actor, **values)
    assert refused.value.code == code
    assert refused.value.text.zh
    assert refused.value.text.en
    after = desk_.case(before.number)
    assert (after.states, after.fields) == (before.states, before.fields)


def test_a_guard_refuses_in_the_authors_words(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x", severity="critical").case.number
    desk_.act(number, "accept", actor="agent.wang")
    with pytest.raises(Refused, match="needs its cost first"):
        desk_.act(number, "finish", actor="agent.wang")
    assert desk_.act(number, "finish", actor="agent.wang", cost="1,234.5").case.fields["cost"] == "1234.50"


def test_four_eyes_are_held_by_person(tmp_path):
    more = {
        "organisation.yaml": "roles: {agent: {}, supervisor: {}, manager: {}}\nstaff:\n  both: {name: B, roles: [agent, supervisor]}\n  other: {name: O, roles: supervisor}\n"
    }
    desk_ = desk(tmp_path, FLAT, more=more)
    number = desk_.open("desk", actor="both", summary="x").case.number
    desk_.act(number, "accept", actor="both")
    with pytest.raises(Refused) as refused:
        desk_.act(number, "check", actor="both", ok=True)
    assert refused.value.code == "not_by"
    assert desk_.act(number, "check", actor="other", ok="yes").events[-1].data["input"] == {"ok": True}


def test_an_action_may_be_limited_in_number(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "accept", actor="agent.wang")
    desk_.act(number, "hold", actor="agent.wang")
    desk_.act(number, "go_on", actor="agent.wang")
    with pytest.raises(Refused) as refused:
        desk_.act(number, "hold", actor="agent.wang")
    assert refused.value.code == "at_most"


def test_a_delay_falls_due_at_its_own_instant_however_late_the_worker(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "accept", actor="agent.wang")
    desk_.act(number, "hold", actor="agent.wang")
    clock_of(desk_).advance(3 * DAY)
    desk_.run_once()
    event = desk_.history(number)[-1]
    assert (event.type, event.occurred_at, event.recorded_at) == ("elapsed", MONDAY + 2 * HOUR, MONDAY + 3 * DAY)
    assert desk_.case(number).states == ("working",)


def test_leaving_a_state_cancels_its_delay(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "accept", actor="agent.wang")
    desk_.act(number, "hold", actor="agent.wang")
    desk_.act(number, "go_on", actor="agent.wang")
    clock_of(desk_).advance(3 * HOUR)
    assert desk_.run_once().fired == 0


def test_an_action_at_the_instant_of_a_delay_is_told_that_it_came_too_late(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "accept", actor="agent.wang")
    desk_.act(number, "hold", actor="agent.wang")
    clock_of(desk_).advance(2 * HOUR)
    with pytest.raises(Refused) as refused:
        desk_.act(number, "go_on", actor="agent.wang")
    assert refused.value.code == "too_late"
    assert [event.type for event in desk_.history(number)[-2:]] == ["elapsed", "refused"]


def test_a_finished_case_is_reopened_only_as_declared(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "withdraw", actor="agent.wang")
    assert desk_.case(number).outcome == "given_up"
    with pytest.raises(Refused):
        desk_.act(number, "reopen", actor="agent.wang")
    assert desk_.act(number, "reopen", actor="supervisor.zhao").case.states == ("working",)
    desk_.act(number, "withdraw", actor="agent.wang")
    with pytest.raises(Refused) as refused:
        desk_.act(number, "reopen", actor="supervisor.zhao")
    assert refused.value.code == "at_most"


def test_reopening_has_a_last_day(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "withdraw", actor="agent.wang")
    clock_of(desk_).advance(16 * DAY)
    with pytest.raises(Refused) as refused:
        desk_.act(number, "reopen", actor="supervisor.zhao")
    assert refused.value.code == "window"


def test_a_personal_value_lies_in_no_event_and_no_snapshot(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    result = desk_.open("desk", actor="agent.wang", summary="x", phone="13800001234")
    assert "13800001234" not in "".join(event.text() for event in result.events)
    assert "13800001234" not in str(result.case.to_plain())
    assert list(desk_.personal(result.case.id).values()) == ["13800001234"]


def test_the_same_key_gives_the_same_answer_and_does_nothing_twice(tmp_path):
    desk_ = desk(tmp_path, FLAT)
    first = desk_.open("desk", actor="agent.wang", key="k1", summary="x")
    again = desk_.open("desk", actor="agent.wang", key="k1", summary="x")
    assert (again.case.id, again.repeated) == (first.case.id, True)
    with pytest.raises(Exception, match="another command"):
        desk_.open("desk", actor="agent.wang", key="k1", summary="y")


NESTED = """
procedure: desk
number: D-{seq}
initial: new
signals:
  alarm: {do: [{log: outer}]}
states:
  new:
    transitions: {start: {to: handling}}
  handling:
    initial: looking
    transitions:
      park: {to: parked}
      look: {to: waiting}
    states:
      looking:
        transitions:
          ask: {to: waiting}
          look: {to: looking, reenter: true}
        signals:
          alarm: {do: [{log: inner}]}
        after: {nudge: {delay: 1h, calendar: always, do: [{log: nudged}]}}
      waiting: {transitions: {answered: {to: looking}}, after: {bored: {delay: 2h, calendar: always, to: looking}}}
      back: {history: shallow}
  parked: {transitions: {resume: {to: back}}, after: {forgotten: {delay: 9h, calendar: always, to: over}}}
  over: {final: true}
"""


def test_inner_transitions_win_over_outer_ones(tmp_path):
    desk_ = desk(tmp_path, NESTED)
    number = desk_.open("desk", actor="agent.wang").case.number
    assert desk_.signal(number, "alarm").events[-1].data["log"] == ["outer"]
    desk_.act(number, "start", actor="agent.wang")
    assert desk_.signal(number, "alarm").events[-1].data["log"] == ["inner"]
    assert desk_.act(number, "look", actor="agent.wang").case.states == ("looking",)
    desk_.act(number, "ask", actor="agent.wang")
    assert desk_.act(number, "look", actor="agent.wang").case.states == ("waiting",)


def test_history_leads_back_to_where_the_case_was(tmp_path):
    desk_ = desk(tmp_path, NESTED)
    number = desk_.open("desk", actor="agent.wang").case.number
    desk_.act(number, "start", actor="agent.wang")
    desk_.act(number, "ask", actor="agent.wang")
    desk_.act(number, "park", actor="agent.wang")
    assert desk_.act(number, "resume", actor="agent.wang").case.states == ("waiting",)


def test_only_reenter_restarts_a_delay(tmp_path):
    desk_ = desk(tmp_path, NESTED)
    number = desk_.open("desk", actor="agent.wang").case.number
    desk_.act(number, "start", actor="agent.wang")
    clock_of(desk_).advance(30 * MINUTE)
    desk_.note(number, "x", actor="agent.wang")
    assert desk_.case(number).delays["looking.nudge"].due == MONDAY + HOUR
    desk_.act(number, "look", actor="agent.wang")
    assert desk_.case(number).delays["looking.nudge"].due == MONDAY + 90 * MINUTE


PARALLEL = """
procedure: desk
number: D-{seq}
initial: responding
states:
  responding:
    tracks:
      people:
        initial: searching
        states:
          searching: {transitions: {found: {to: safe}}, signals: {all_clear: {to: safe}}}
          safe: {final: true}
      building:
        initial: open_valve
        states:
          open_valve: {transitions: {shut: {to: dry}}, signals: {all_clear: {to: dry}}}
          dry: {final: true}
    transitions:
      cancel: {to: ended}
    always:
      - {to: ended, guard: done('people') and done('building')}
    after: {late: {delay: 1h, calendar: always, do: [{log: late}]}}
  ended: {final: true}
"""


def test_tracks_join_when_their_guard_holds(tmp_path):
    desk_ = desk(tmp_path, PARALLEL)
    number = desk_.open("desk", actor="agent.wang").case.number
    assert desk_.case(number).states == ("searching", "open_valve")
    assert desk_.act(number, "found", actor="agent.wang").case.states == ("safe", "open_valve")
    assert desk_.act(number, "shut", actor="agent.wang").case.outcome == "ended"


def test_one_signal_moves_every_track_that_knows_it(tmp_path):
    desk_ = desk(tmp_path, PARALLEL)
    number = desk_.open("desk", actor="agent.wang").case.number
    assert desk_.signal(number, "all_clear").case.finished


def test_a_transition_of_the_parallel_state_leaves_all_tracks_once(tmp_path):
    desk_ = desk(tmp_path, PARALLEL)
    number = desk_.open("desk", actor="agent.wang").case.number
    event = desk_.act(number, "cancel", actor="agent.wang").events[0]
    assert event.data["exited"] == ["open_valve", "building", "searching", "people", "responding"]


def test_a_circle_of_always_is_an_error_that_names_the_states(tmp_path):
    circle = "procedure: desk\nnumber: D-{seq}\ninitial: a\nstates:\n  a: {always: [{to: b, guard: \"number != ''\"}]}\n  b: {always: [{to: a, guard: \"number != ''\"}], transitions: {stop: {to: c}}}\n  c: {final: true}\n"
    desk_ = desk(tmp_path, circle)
    with pytest.raises(Refused, match="circle") as refused:
        desk_.open("desk", actor="agent.wang")
    assert "a" in refused.value.text.en


@pytest.mark.parametrize("written", ["critical", "\"'critical'\"", "input.how"])
def test_a_value_of_a_choice_is_set_by_its_name_or_by_an_expression(tmp_path, written):
    asks = "input" in written
    raised = FLAT.replace("check: {by: supervisor,", "check: {do: [{set: {severity: WRITTEN}}], by: supervisor,")
    raised = raised.replace("WRITTEN", written)
    raised = (
        raised.replace("input: {ok:", "input: {how: {type: choice, of: [minor, critical]}, ok:") if asks else raised
    )
    desk_ = desk(tmp_path, raised)
    number = desk_.open("desk", actor="agent.wang", summary="x").case.number
    desk_.act(number, "accept", actor="agent.wang")
    given = {"how": "critical"} if asks else {}
    assert desk_.act(number, "check", actor="supervisor.zhao", ok=True, **given).case.fields["severity"] == "critical"


CONFLICT = """
procedure: desk
fields: {subject: {type: staff}}
initial: new
states:
  new:
    entry:
      - assign: {role: agent, choose: first}
      - {when: assignee == subject, assign: {role: supervisor}}
    transitions:
      end: {to: over}
  over: {final: true}
"""


@pytest.mark.parametrize(("subject", "assignee"), [("agent.wang", "supervisor.zhao"), ("agent.li", "agent.wang")])
def test_a_later_effect_of_the_same_step_sees_who_was_made_responsible(tmp_path, subject, assignee):
    assert desk(tmp_path, CONFLICT).open("desk", actor="manager.sun", subject=subject).case.assignee == assignee


PRICED = """
procedure: desk
fields: {price: {type: money, default: 100}, paid: {type: money}, day: {type: date}, wait: {type: duration}}
initial: new
states:
  new:
    transitions:
      pay:
        input: {sum: {type: money, required: true}, spared: {type: duration}}
        guard: input.sum * 2 <= price and (input.spared is none or input.spared < hours(2))
        do: [{set: {paid: input.sum, wait: input.spared}}]
      end: {to: over, guard: past.pay.input.sum > 10}
  over: {final: true}
"""


def test_what_comes_with_an_action_is_reckoned_with_as_a_field_of_its_type_is(tmp_path):
    here = desk(tmp_path, PRICED)
    number = here.open("desk", actor="agent.wang").case.number
    for sum_, spared in (("50.01", None), ("9", "3h")):
        with pytest.raises(Refused) as refused:
            here.act(number, "pay", actor="agent.wang", sum=sum_, spared=spared)
        assert refused.value.code == "guard"
    here.act(number, "pay", actor="agent.wang", sum="9", spared="90m")
    with pytest.raises(Refused):
        here.act(number, "end", actor="agent.wang")
    case = here.act(number, "pay", actor="agent.wang", sum="50").case
    assert (case.fields["paid"], case.fields["wait"]) == ("50.00", None)
    assert here.act(number, "end", actor="agent.wang").case.finished


def test_a_delay_is_not_over_a_moment_before_its_instant():
    """The core itself says so, whoever asks it."""
    waiting = "procedure: w\ninitial: one\nstates:\n  one: {after: {late: {delay: 2h, calendar: always, to: two}}}\n  two: {final: true}\n"
    case = Plain(waiting)
    case.do(MONDAY, "open", "w")
    for early in (HOUR, 1):
        events, _ = advance(case.program, case.case, Command("due", ""), MONDAY + 2 * HOUR - early, case.facts)
        assert not events
    case.until(MONDAY + 2 * HOUR)
    assert case.case.states == ("two",)
