"""What users of other systems report of clocks, each as a claim about ours, named after what goes wrong there: which event counts (B), what
a pause, a change and a reopening do (A), and who is still told (C5, D4 to D6). Every claim is run with the bug planted, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from guanjia.cli import words
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
from guanjia.core import clocks, following, next_due
from guanjia.model.event import Actor, Command
from guanjia.runtime.columns import columns

from tests.anchors.planting import Bug, planted
from tests.core.plain import CALENDARS, ZONE, Plain
from tests.offices import clock_of, engine, small

PROCEDURE = """
procedure: desk
fields:
  severity: {type: choice, of: [minor, critical], default: minor}
  promised: {type: instant}
  exempt: {type: boolean, default: false}
initial: new
transitions: {drop: {to: merged}, reply: {}, call: {}, inform: {}, wrote: {}}
signals: {wrote_online: {}}
states:
  new: {transitions: {accept: {to: working}, ask: {to: waiting}}}
  working: {transitions: {finish: {to: done}, ask: {to: waiting}}}
  waiting: {transitions: {answer: {to: working}, give_up: {to: done}}}
  done: {final: true}
  merged: {final: true}
reopen: {to: working}
sla:
"""
SOLVE = """
  solve:
    start: open
    pause: waiting
    stop: done
    cancel: exempt
    target: [{guard: severity == 'critical', within: 4h}, {within: 8h}]
    at: {50%: [], due: []}
"""
"""Of an office that works from Monday to Friday, 09:00 to 12:00 and 13:00 to 18:00."""


def at(text: str) -> int:
    return from_iso(f"2026-03-{text}", ZONE)


def told(instant: int | None) -> str | None:
    return None if instant is None else iso(instant, ZONE)[8:16]


def case_of(sla: str, *steps: str) -> Plain:
    """What happened: `02T09:00 open`, an action, `set name=value`, `signal name`. Monday is the 2nd of March 2026."""
    case = Plain(PROCEDURE + sla)
    for step in steps:
        when, what, *rest = step.split()
        values = dict(item.split("=") for item in rest if "=" in item)
        if what == "open":
            case.do(at(when), "open", "desk", **values)
        elif what == "set":
            case.do(at(when), "edit", **values)
        elif what == "signal":
            case.do(at(when), "signal", rest[0])
        else:
            case.do(at(when), "act", what)
    return case


def solve(case: Plain, name: str = "solve") -> Any:
    assert case.case is not None
    return case.case.clocks[name]


def fired(case: Plain) -> list[str]:
    return [event.name for event in case.events if event.type == "reached"]


# -- A: pause, change, reopening

PAUSE_LOST = Bug(
    "a new target counts from the opening",
    "guanjia.core.limits.runs",
    lambda real: lambda counted_from, pauses, until: real(counted_from, (), until),
)


@planted(PAUSE_LOST)
def test_A1_a_priority_raised_after_a_pause_loses_no_pause() -> None:
    """glpi #15605, #6902"""
    case = case_of(SOLVE, "02T09:00 open", "02T10:00 ask", "02T16:00 answer", "02T16:30 set severity=critical")
    assert (solve(case).status, told(solve(case).due)) == ("running", "03T10:00")
    assert solve(case).breached_at is None


@planted(PAUSE_LOST)
def test_A1_a_priority_raised_during_a_pause_loses_no_pause() -> None:
    """glpi PR #16383"""
    case = case_of(SOLVE, "02T09:00 open", "02T10:00 ask", "02T16:00 set severity=critical", "02T17:00 answer")
    case.until(at("02T18:00"))
    assert told(solve(case).due) == "03T11:00"
    assert fired(case) == ["solve.50%"]


@planted(Bug("a pause pauses nothing", "guanjia.core.clocks.stand", lambda real: lambda program, definition, clock, now, **flags: clock))  # fmt: skip
def test_A2_nothing_is_violated_while_it_is_pending() -> None:
    """glpi #24481"""
    case = case_of(SOLVE, "02T09:00 open", "02T10:00 ask")
    case.until(at("31T09:00"))
    assert fired(case) == []
    assert solve(case).breached_at is None


def _ran_on(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda program, clock, status, now: real(program, replace(clock, status="running"), status, now)


@planted(Bug("whoever stops from a pause has run all along", "guanjia.core.clocks.end", _ran_on))
def test_A3_a_hold_that_ends_with_the_case_is_left_out() -> None:
    """frappe/helpdesk PR #3776"""
    case = case_of(SOLVE, "02T09:00 open", "02T10:00 ask", "31T10:00 give_up")
    assert solve(case).status == "met"
    assert clocks.used(case.program, solve(case), at("31T10:00")) == HOUR


def _by_the_wall(real: Callable[..., Any]) -> Callable[..., Any]:
    def stand(program: Any, definition: Any, clock: Any, now: int, **flags: bool) -> Any:
        after = real(program, definition, clock, now, **flags)
        if clock.status != "paused" or after.status != "running":
            return after
        shifted = clock.counted_from + now - clock.pauses[-1][0]
        fresh = tuple(limit._replace(used=0) for limit in after.limits)
        return clocks._aimed(program, definition, replace(after, limits=fresh, since=shifted))

    return stand


@planted(Bug("a hold is added to the time of creation by the wall", "guanjia.core.clocks.stand", _by_the_wall))
def test_A4_a_hold_over_a_weekend_costs_what_the_office_was_open() -> None:
    """frappe/helpdesk PR #2449, frappe/erpnext PR #47884"""
    case = case_of(SOLVE, "06T16:00 open", "06T17:00 ask", "09T09:00 answer")
    assert told(solve(case).due) == "09T17:00"


@planted(
    Bug("shown as paused and due all the same", "guanjia.core.clocks.stand",
        lambda real: lambda program, definition, clock, now, **flags: replace(real(program, definition, clock, now, **flags), due=clock.due)),
)  # fmt: skip
def test_A5_a_paused_clock_does_not_tick_whatever_its_state_is_called() -> None:
    """frappe/helpdesk #1554, frappe/erpnext PR #22349"""
    for state in ("waiting", "warten_auf_kunde", "等待客户"):
        case = Plain((PROCEDURE + SOLVE).replace("waiting", state))
        case.do(at("02T09:00"), "open", "desk")
        case.do(at("02T10:00"), "act", "ask")
        assert case.case is not None
        assert (solve(case).status, solve(case).due, next_due(case.case)) == ("paused", None, None)
        assert columns(case.program, case.case, None).deadline is None
        assert clocks.used(case.program, solve(case), at("20T10:00")) == HOUR


REOPENED = ("02T09:00 open", "02T09:00 accept", "02T11:00 finish", "20T09:00 reopen")


@planted(
    Bug("a reopened case counts from its opening", "guanjia.core.clocks.start",
        lambda real: lambda program, definition, aim, now, counted_from, *more: real(program, definition, aim, now, at("02T09:00"), *more)),
)  # fmt: skip
def test_A6_closed_in_time_and_reopened_late_is_not_failed() -> None:
    """frappe/erpnext PR #28550"""
    case = case_of(SOLVE, *REOPENED)
    assert case.case is not None
    assert [cycle.status for cycle in case.case.cycles] == ["met"]
    assert (solve(case).status, solve(case).breached_at, told(solve(case).due)) == ("running", None, "20T18:00")
    case.do(at("20T10:00"), "act", "finish")
    assert solve(case).status == "met"


PROMISE = "  solve: {start: open, stop: done, on_reopen: resume, target: {until: promised}}\n"


@planted(Bug("what went by meanwhile is told at once", "guanjia.core.clocks.unheard", lambda real: clocks.overtaken))
def test_A7_reopening_after_the_due_date_tells_nobody_at_once() -> None:
    """osTicket PR #5206, #5955"""
    steps = ("02T09:00 open promised=2026-03-03T12:00", *REOPENED[1:])
    case = case_of(PROMISE, *steps)
    case.until(at("20T18:00"))
    assert fired(case) == []
    assert solve(case).breached_at == at("03T12:00")


@planted(
    Bug("the time closed is a pause of the new cycle", "guanjia.core.clocks.carry_on",
        lambda real: lambda program, definition, finished, now: replace(real(program, definition, finished, now), started_at=finished.ended_at)),
)  # fmt: skip
def test_A8_the_time_between_closing_and_reopening_is_neither_used_nor_pending() -> None:
    """glpi #23359"""
    case = case_of(SOLVE.replace("stop: done", "stop: done\n    on_reopen: resume"), *REOPENED)
    clock = solve(case)
    within = [pause for pause in clock.pauses if pause[0] >= clock.started_at]
    assert within == []
    assert clocks.used(case.program, clock, at("20T10:00")) == 3 * HOUR
    assert solve(case_of(SOLVE, *REOPENED)).pauses == ()


@planted(
    Bug("a clock that has ended is followed on", "guanjia.model.case.Clock.open", lambda real: property(lambda clock: True))
)  # fmt: skip
def test_A9_a_verdict_is_not_judged_again_by_later_changes() -> None:
    """frappe/erpnext PR #26173"""
    sla = SOLVE.replace("stop: done", "stop: reply")
    case = case_of(sla, "02T09:00 open", "02T14:30 reply")
    before = solve(case)
    assert before.status == "met"
    for step, day in (("set", "02T15:00"), ("touch", "20T09:00")):
        if step == "set":
            case.do(at(day), "edit", severity="critical")
        else:
            case.do(at(day), "act", "call")
    assert solve(case) == before


@planted(
    Bug("closing wipes what was late", "guanjia.core.clocks.end",
        lambda real: lambda program, clock, status, now: replace(real(program, clock, status, now), status=status, breached_at=None)),
)  # fmt: skip
def test_A10_a_breach_stays_a_fact_through_closing_cancelling_and_reopening() -> None:
    """osTicket #4078, #4144"""
    late = ("02T09:00 open", "02T09:00 accept", "03T10:00 finish")
    for steps in (late, (*late, "04T09:00 reopen"), (*late[:2], "03T10:00 drop")):
        case = case_of(SOLVE, *steps)
        assert case.case is not None
        cycle = (*case.case.cycles, solve(case))[0]
        assert cycle.breached_at == at("02T18:00"), steps
        assert columns(case.program, case.case, None).breached == 1, steps


@planted(
    Bug("a clock goes on when the case is solved", "guanjia.core.clocks.end",
        lambda real: lambda program, clock, status, now: replace(real(program, clock, status, now), ended_at=None)),
)  # fmt: skip
def test_A11_half_an_hour_too_late_is_half_an_hour_a_month_later() -> None:
    """chatwoot #10178, frappe/helpdesk PR #3297"""
    case = case_of(SOLVE, "02T09:00 open", "02T09:00 accept", "02T18:30 finish")
    a_month_later = at("02T18:30") + 30 * DAY
    assert words.clock(solve(case), a_month_later)[0].en == "30 min late"


# -- B: which event counts

TWO = """
  update: {start: open, reset: [inform, reply], stop: done, target: {within: 2h}, at: {due: []}}
  respond: {start: open, stop: reply, target: {within: 6h}, at: {due: []}}
"""


def _the_shortest(real: Callable[..., None]) -> Callable[..., None]:
    def put(step: Any, clock: Any) -> None:
        dues = [other.due for other in step.clocks.values() if other.status == "running"]
        first = min((due for due in (clock.due, *dues) if due is not None), default=None)
        if clock.status == "running" and first is not None:
            clock = replace(clock, due=first, pending=tuple((first, order, name) for _, order, name in clock.pending))
        real(step, clock)

    return put


@planted(Bug("one deadline for all", "guanjia.core.step.Step.put", _the_shortest))
def test_B1_a_short_update_target_does_not_overrule_the_first_response() -> None:
    """zammad #5177"""
    case = case_of(TWO, "02T09:00 open", "02T10:30 inform")
    assert told(solve(case, "respond").due) == "02T16:00"
    case.until(at("02T14:00"))
    assert fired(case) == ["update.due"]
    case.do(at("02T14:30"), "act", "reply")
    assert solve(case, "respond").status == "met"


NEXT = "  next_reply: {start: [wrote, wrote_online], stop: reply, target: {within: 4h}, at: {due: []}}\n"


@planted(
    Bug(
        "an answer stops nothing", "guanjia.core.following._happens", lambda real: lambda step, conditions, after: False
    )
)
def test_B2_nothing_escalates_while_the_customer_is_to_answer() -> None:
    """zammad #3140"""
    case = case_of(NEXT, "02T09:00 open", "02T09:30 wrote", "02T11:00 reply")
    case.until(at("31T09:00"))
    assert fired(case) == []
    assert solve(case, "next_reply").status == "met"


def _deaf(real: Callable[..., None]) -> Callable[..., None]:
    return lambda step, name: None if name == "wrote_online" else real(step, name)


@planted(Bug("the other channel is not heard", "guanjia.core.step.Step.happens", _deaf))
def test_B3_a_customer_starts_the_clock_by_every_channel() -> None:
    """zammad #1322, #2091"""
    for message in ("wrote", "signal wrote_online"):
        case = case_of(NEXT, "02T09:00 open", "02T09:30 wrote", "02T11:00 reply", f"03T09:00 {message}")
        clock = solve(case, "next_reply")
        assert (clock.status, clock.cycle, told(clock.due)) == ("running", 2, "03T14:00")


def _restarts(real: Callable[..., None]) -> Callable[..., None]:
    def follow(step: Any, definition: Any, before: Any, after: Any) -> None:
        clock = step.clocks.get(definition.name)
        if clock is not None and clock.open and following._begins(step, definition.start, before, after):
            following.renew(step, definition, clock, after)
        else:
            real(step, definition, before, after)

    return follow


@planted(Bug("every message starts the clock anew", "guanjia.core.step.follow", _restarts))
def test_B3_a_second_message_counts_from_the_oldest_that_is_not_answered() -> None:
    case = case_of(NEXT, "02T09:00 open", "02T09:30 wrote", "02T11:30 wrote", "02T12:00 signal wrote_online")
    assert told(solve(case, "next_reply").due) == "02T14:30"


@planted(
    Bug("only the first that is listed counts", "guanjia.core.program.Program._conditions", lambda real: lambda self, words: real(self, words[:1]))
)  # fmt: skip
def test_B4_every_answer_that_is_listed_is_a_first_response() -> None:
    """zammad #1620"""
    sla = "  respond: {start: open, stop: [reply, call, inform], target: {within: 6h}}\n"
    for answer in ("reply", "call", "inform"):
        case = case_of(sla, "02T09:00 open", f"02T10:00 {answer}")
        assert solve(case, "respond").status == "met", answer


CHILD = """
procedure: child
initial: looking
states: {looking: {transitions: {found: {to: over}}}, over: {final: true}}
sla: {respond: {start: open, stop: over, target: {within: 1h}}}
"""
PARENT = """
procedure: desk
initial: new
states:
  new: {entry: [{open: {child: {as: part}}}], transitions: {finish: {to: done}}}
  done: {final: true}
sla: {respond: {start: open, stop: done, target: {within: 1h}}}
"""


def _people_only(real: Callable[..., None]) -> Callable[..., None]:
    return lambda step, *rest: real(step, *rest) if step.see.actor.kind == "staff" else None


@planted(Bug("a clock starts only where a person opens the case", "guanjia.core.step.follow", _people_only))
def test_B5_a_case_has_its_clocks_whoever_opens_it(tmp_path: Path) -> None:
    """znuny #514"""
    office = small(tmp_path, PARENT, more={"procedures/child.yaml": CHILD})
    desk = engine(office)
    opened = [
        desk.open("desk", actor="agent.wang").case,
        desk.open("desk", actor=Actor("li", (), "customer"), customer="li").case,
        desk.open("child", actor=Actor("system", (), "system")).case,
    ]
    opened += [desk.case(child) for case in opened for child in case.children.values()]
    assert len(opened) == 5
    for case in opened:
        assert "respond" in case.clocks, case.procedure
        assert case.clocks["respond"].status == "running"


# -- C5 and D: levels, and who is told

EARLY = {
    "early": {"zone": "Europe/Paris", "week": {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}
}


def _wall_clock(real: Callable[..., Any]) -> Callable[..., Any]:
    def point(threshold: Any, limit: Any, calendar: Any, run: Any, ends: int) -> int:
        before = threshold.offset is not None and threshold.sign < 0
        return ends - ends % DAY if before else real(threshold, limit, calendar, run, ends)

    return point


@planted(Bug("a level before the deadline falls to the beginning of its day", "guanjia.core.limits.point", _wall_clock))
def test_C5_a_level_an_hour_before_a_deadline_of_the_next_day_fires_in_the_morning() -> None:
    """glpi PR #22678; also #15429"""
    CALENDARS.update(EARLY)
    try:
        case = Plain(
            PROCEDURE
            + "  own: {start: open, stop: accept, calendar: early, target: {within: 4h}, at: {due - 1h: []}}\n"
        )
    finally:
        del CALENDARS["early"]
    case.do(from_iso("2026-03-02T17:00", "Europe/Paris"), "open", "desk")
    case.until(from_iso("2026-03-04T00:00", "Europe/Paris"))
    reached = [
        (event.name, iso(event.occurred_at, "Europe/Paris")[8:16]) for event in case.events if event.type == "reached"
    ]
    assert reached == [("own.due - 1h", "03T10:00"), ("own.due", "03T11:00")]


NOT_ENDED = Bug(
    "what ends a clock only hides it", "guanjia.core.clocks.end", lambda real: lambda program, clock, status, now: clock
)


@planted(NOT_ENDED)
def test_D4_a_clock_that_is_switched_off_tells_nobody_any_more() -> None:
    """zammad #4353"""
    case = case_of(SOLVE, "02T09:00 open", "02T14:30 set exempt=true")
    case.until(at("31T09:00"))
    assert fired(case) == ["solve.50%"]
    assert solve(case).status == "cancelled"


@planted(NOT_ENDED)
def test_D5_a_case_that_was_merged_does_not_escalate() -> None:
    """zammad #904"""
    case = case_of(SOLVE, "02T09:00 open", "02T10:00 drop")
    case.until(at("31T09:00"))
    assert fired(case) == []
    assert case.case is not None
    assert not any(clock.open for clock in case.case.clocks.values())


LETTERS = (PROCEDURE + SOLVE).replace(
    "50%: [], due: []", "50%: [{notify: {warn: opener}}], due: [{notify: {late: opener}}]"
)


def _loud(real: Callable[..., None]) -> Callable[..., None]:
    def keep(passage: Any, *rest: Any) -> None:
        passage.quiet = False
        real(passage, *rest)

    return keep


@planted(Bug("old cases are told of like new ones", "guanjia.runtime.funnel.Passage._keep", _loud))
def test_D6_old_cases_taken_in_send_no_letters_when_the_worker_first_runs(tmp_path: Path) -> None:
    """abhinavxd/libredesk #70"""
    desk = engine(small(tmp_path, LETTERS, templates=("warn", "late")))
    taken_in = []
    for day in range(2, 6):
        old = from_iso(f"2026-02-0{day}T09:00", ZONE)
        case = desk.open("desk", actor="supervisor.zhao", at=old, reason="旧系统导入").case
        assert case.clocks["solve"].breached_at is not None
        if day % 2:
            desk.act(case.id, "accept", actor="supervisor.zhao")
            desk.act(case.id, "finish", actor="supervisor.zhao")
        taken_in.append(case.id)
    clock_of(desk).advance(30 * DAY)
    desk.run_once()
    assert [row for case in taken_in for row in desk.store.outbox(case=case)] == []


@planted(
    Bug("what is past is due before anybody is heard", "guanjia.runtime.funnel.Passage.drain",
        lambda real: lambda self, until: real(self, self.now if self.case is not None else until)),
    Bug("an old case is told of like a new one", "guanjia.runtime.funnel.Passage._keep", _loud),
)  # fmt: skip
def test_D6_a_case_taken_in_with_its_end_is_judged_by_the_instants_of_then(tmp_path: Path) -> None:
    """Opened and finished within the hour, a month ago; taken in today. Born breached only where it was."""
    desk = engine(small(tmp_path, LETTERS, templates=("warn", "late")))
    who, past = desk.actor("supervisor.zhao"), from_iso("2026-02-02T09:00", ZONE)
    for minutes, verdict in ((20, "met"), (60 * 24 * 20, "breached")):
        case = desk.take_in(
            [
                Command("open", "desk", actor=who, at=past),
                Command("act", "accept", actor=who, at=past + 10 * MINUTE),
                Command("act", "finish", actor=who, at=past + minutes * MINUTE),
            ],
            by=who, reason="旧系统导入",
        ).case  # fmt: skip
        assert (case.finished, case.clocks["solve"].status) == (True, verdict)
        desk.run_once()
        assert desk.store.outbox(case=case.id) == []


@planted(
    Bug("what is due is looked at when the worker comes", "guanjia.core.clocks.end",
        lambda real: lambda program, clock, status, now: replace(real(program, clock, status, now), status="running", pending=clock.pending)),
)  # fmt: skip
def test_D6_a_case_closed_in_time_is_not_late_when_the_worker_first_runs_months_later(tmp_path: Path) -> None:
    desk = engine(small(tmp_path, LETTERS, templates=("warn", "late")))
    case = desk.open("desk", actor="agent.wang").case
    clock_of(desk).advance(10 * MINUTE)
    desk.act(case.id, "accept", actor="agent.wang")
    desk.act(case.id, "finish", actor="agent.wang")
    clock_of(desk).advance(90 * DAY)
    desk.run_once()
    assert desk.store.outbox(case=case.id) == []
    assert desk.case(case.id).clocks["solve"].status == "met"


# -- what other systems have a setting for: looking back, and the hours in which nobody is there

LOOKING_BACK = """
  solve: {start: open, pause: waiting, stop: done, target: {within: 8h}}
  urged: {start: call, from: clock.solve, pause: waiting, stop: done, target: {within: 4h}}
"""
LATE_NIGHT = """
  respond: {start: open, stop: accept, target: [{guard: is_open(opened_at), within: 30m}, {within: 90m}]}
"""


@planted(
    Bug("a retroactive start without its pauses", "guanjia.core.clocks.start",
        lambda real: lambda program, definition, aim, now, counted_from, cycle, pauses=(): real(program, definition, aim, now, counted_from, cycle)),
    Bug("nothing is retroactive", "guanjia.core.clocks.start",
        lambda real: lambda program, definition, aim, now, counted_from, cycle, pauses=(): real(program, definition, aim, now, now, cycle)),
)  # fmt: skip
def test_servicenow_a_promise_that_comes_later_looks_back_and_loses_no_pause() -> None:
    """Retroactive start and retroactive pause: one hour before and one after a pause of four, and then it is urged."""
    steps = ("02T09:00 open", "02T10:00 ask", "02T15:00 answer", "02T16:00 call")
    case = case_of(LOOKING_BACK, *steps)
    assert (told(solve(case, "urged").due), solve(case, "urged").breached_at) == ("02T18:00", None)
    case = case_of(LOOKING_BACK, *steps[:2], "02T15:00 call", "02T16:00 answer")
    assert told(solve(case, "urged").due) == "03T10:00"
    case = case_of(LOOKING_BACK, "02T09:00 open", "02T10:00 call")
    assert told(solve(case, "urged").due) == "02T14:00"


@planted(Bug("at any hour it is as at noon", "guanjia.calendars.Calendar.is_open", lambda real: lambda self, at: True))
def test_rt_what_comes_in_out_of_hours_has_its_supplement() -> None:
    """RT-Extension-SLA, OutOfHours. On Monday at seven in the evening; and an hour and a half is not half an hour at nine."""
    assert told(solve(case_of(LATE_NIGHT, "02T09:00 open"), "respond").due) == "02T09:30"
    assert told(solve(case_of(LATE_NIGHT, "02T19:00 open"), "respond").due) == "03T10:30"
    later = case_of(LATE_NIGHT, "02T19:00 open", "03T09:30 set severity=critical")
    assert told(solve(later, "respond").due) == "03T10:30"
