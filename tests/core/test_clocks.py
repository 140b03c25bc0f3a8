"""SLA clocks as a table that a person can read: what happens when, and what the clock then says."""

from __future__ import annotations

import pytest
from guanjia.clock import from_iso, iso

from tests.offices import clock_of, engine, small

HEAD = """
procedure: desk
number: D-{seq}
fields:
  severity: {type: choice, of: [minor, critical], default: minor}
  promised: {type: instant}
initial: new
transitions: {drop: {to: dropped}}
states:
  new: {transitions: {accept: {to: working}, ask: {to: waiting}}}
  working: {transitions: {finish: {to: done}, ask: {to: waiting}, more: {do: [EXTEND]}, touch: {}}}
  waiting: {transitions: {answered: {to: working}, finish: {to: done}}}
  done: {final: true}
  dropped: {final: true}
reopen: {to: working}
sla:
"""


def text(sla: str) -> str:
    return HEAD.replace("EXTEND", "{extend: {solve: 1 workday}}" if "solve" in sla else "{log: more}") + sla


def run(tmp_path, sla: str, *steps: str):
    """Steps are `<yyyy-mm-ddThh:mm> <what>`: open, an action, `edit name=value`, or `look`. Returns the engine and case."""
    desk = engine(small(tmp_path, text(sla), templates=("warn", "late")))
    case = None
    for step in steps:
        at, what, *rest = step.split()
        clock_of(desk).set(from_iso(at, "Asia/Shanghai"))
        values = dict(item.split("=") for item in rest)
        if what == "open":
            case = desk.open("desk", actor="agent.wang", **values).case.id
        elif what == "edit":
            desk.edit(case, actor="agent.wang", **values)
        elif what == "look":
            desk.run_once()
        else:
            desk.act(case, what, actor="agent.wang", **values)
    return desk, desk.case(case)


def at(instant: int | None) -> str:
    return "-" if instant is None else iso(instant, "Asia/Shanghai")[:16]


SOLVE = """
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{guard: severity == 'critical', within: 2h}, {within: 8h}]
    at: {50%: [{notify: {warn: opener}}], due: [{notify: {late: opener}}], due + 1h: [{escalate: manager}]}
"""
DAYS = """
  solve: {start: open, pause: waiting, stop: done, target: {within: 3 workdays}}
"""
DAYS_BY_SEVERITY = """
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{guard: severity == 'critical', within: 1 workday}, {within: 3 workdays}]
"""
MON = "2026-03-02"
TABLE = [
    ("an amount runs in working time over the night", SOLVE, [f"{MON}T17:00 open"], "running", "2026-03-03T15:30"),
    ("one that ends exactly at closing time ends there", SOLVE, [f"{MON}T10:00 open"], "running", "2026-03-02T18:00"),
    ("opened on Sunday it begins on Monday", SOLVE, ["2026-03-01T12:00 open"], "running", "2026-03-02T16:30"),
    ("a pause moves the due instant by what it lasted in working time", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T10:00 ask", f"{MON}T12:00 answered"], "running", "2026-03-03T09:30"),
    ("a pause over the night costs no more than the office was open", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T16:30 ask", "2026-03-03T09:00 answered"], "running", "2026-03-03T09:30"),
    ("while paused there is no due instant", SOLVE, [f"{MON}T09:00 open", f"{MON}T10:00 ask"], "paused", "-"),
    ("a change of priority keeps what has elapsed", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T10:00 edit severity=critical"], "running", "2026-03-02T11:00"),
    ("a change of priority after a pause does not lose the pause", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T09:30 ask", f"{MON}T13:30 answered", f"{MON}T14:00 edit severity=critical"],
     "running", "2026-03-02T15:00"),
    ("a change of priority while paused does not start the clock", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T09:30 ask", f"{MON}T10:00 edit severity=critical"], "paused", "-"),
    ("stopped in time it is met", SOLVE, [f"{MON}T09:00 open", f"{MON}T09:10 accept", f"{MON}T10:00 finish"], "met", "2026-03-02T17:00"),
    ("at the due instant it is too late", SOLVE, [f"{MON}T09:00 open", f"{MON}T09:10 accept", f"{MON}T17:00 finish"], "breached", "2026-03-02T17:00"),
    ("from waiting straight to done the pause is left out", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T10:00 ask", "2026-08-03T10:00 finish"], "met", "-"),
    ("a case that is dropped cancels the clock", SOLVE, [f"{MON}T09:00 open", f"{MON}T10:00 drop"], "cancelled", "2026-03-02T17:00"),
    ("the day of the start does not count", DAYS, [f"{MON}T09:00 open"], "running", "2026-03-06T00:00"),
    ("make-up Saturdays are working days", DAYS, ["2026-02-13T17:00 open"], "running", "2026-02-26T00:00"),
    ("a day counts when the clock runs as it ends", DAYS,
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-06T10:00 answered"], "running", "2026-03-11T00:00"),
    ("a short pause within a day costs no day", DAYS,
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-03T11:00 answered"], "running", "2026-03-06T00:00"),
    ("a short pause on the day of the start does not make that day count", DAYS,
     [f"{MON}T09:00 open", f"{MON}T10:00 ask", f"{MON}T11:00 answered"], "running", "2026-03-06T00:00"),
    ("a change of priority on the day of the start does not make that day count", DAYS_BY_SEVERITY,
     [f"{MON}T09:00 open", f"{MON}T10:00 edit severity=critical"], "running", "2026-03-04T00:00"),
    ("an extension counts on from the due instant", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T09:10 accept", f"{MON}T10:00 more"], "running", "2026-03-03T18:00"),
    ("a reopened case starts a new cycle", SOLVE,
     [f"{MON}T09:00 open", f"{MON}T09:10 accept", f"{MON}T10:00 finish", "2026-03-04T09:00 reopen"], "running", "2026-03-04T17:00"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "sla", "steps", "status", "due"), TABLE, ids=[row[0] for row in TABLE])
def test_clock(tmp_path, claim, sla, steps, status, due):
    _, case = run(tmp_path, sla, *steps)
    clock = case.clocks["solve"]
    assert (clock.status, at(clock.due)) == (status, due)


def test_thresholds_fire_once_each_at_their_own_instants_however_late(tmp_path):
    desk, case = run(tmp_path, SOLVE, f"{MON}T09:00 open", "2026-03-09T09:00 look", "2026-03-09T10:00 look")
    fired = [(event.name, at(event.occurred_at)) for event in desk.history(case.id) if event.type == "reached"]
    assert fired == [
        ("solve.50%", "2026-03-02T13:00"),
        ("solve.due", "2026-03-02T17:00"),
        ("solve.due + 1h", "2026-03-02T18:00"),
    ]
    assert case.escalated == ("manager",)


def test_a_threshold_that_fired_before_a_pause_does_not_fire_again(tmp_path):
    desk, case = run(
        tmp_path,
        SOLVE,
        f"{MON}T09:00 open",
        f"{MON}T13:30 look",
        f"{MON}T14:00 ask",
        f"{MON}T14:30 answered",
        "2026-03-04T09:00 look",
    )
    fired = [event.name for event in desk.history(case.id) if event.type == "reached"]
    assert fired == ["solve.50%", "solve.due", "solve.due + 1h"]


def test_a_case_that_becomes_urgent_warns_once_and_not_for_every_threshold_it_has_passed(tmp_path):
    desk, case = run(tmp_path, SOLVE, f"{MON}T09:00 open", f"{MON}T12:30 edit severity=critical", f"{MON}T12:30 look")
    told = [event.name for event in desk.history(case.id) if event.type == "reached"]
    assert told == ["solve.due + 1h"]
    assert at(case.clocks["solve"].breached_at) == "2026-03-02T12:30"


def test_an_old_case_taken_in_late_is_recorded_as_breached_and_told_to_nobody(tmp_path):
    desk = engine(small(tmp_path, text(SOLVE), templates=("warn", "late")))
    past = from_iso("2026-02-02T09:00", "Asia/Shanghai")
    case = desk.open("desk", actor="supervisor.zhao", at=past, reason="旧系统导入").case
    assert case.clocks["solve"].breached_at == from_iso("2026-02-02T17:00", "Asia/Shanghai")
    assert not desk.store.outbox(case=case.id)


def test_the_verdict_of_a_finished_cycle_never_changes(tmp_path):
    _, case = run(
        tmp_path,
        SOLVE,
        f"{MON}T09:00 open",
        f"{MON}T09:10 accept",
        f"{MON}T10:00 finish",
        "2026-03-04T09:00 reopen",
        "2026-03-09T09:00 look",
    )
    assert [(cycle.cycle, cycle.status) for cycle in case.cycles] == [(1, "met")]
    assert case.clocks["solve"].cycle == 2
    assert case.clocks["solve"].breached_at is not None


UNTIL = """
  promise: {start: open, stop: done, target: [{guard: promised is not none, until: promised}, {within: 8h}]}
"""


def test_a_promised_instant_is_the_due_instant_and_follows_the_field(tmp_path):
    _, case = run(tmp_path, UNTIL, f"{MON}T09:00 open promised=2026-03-03T12:00")
    assert at(case.clocks["promise"].due) == "2026-03-03T12:00"


def test_a_promised_instant_that_is_moved_moves_the_due_instant(tmp_path):
    _, case = run(
        tmp_path, UNTIL, f"{MON}T09:00 open promised=2026-03-03T12:00", f"{MON}T10:00 edit promised=2026-03-05T12:00"
    )
    assert at(case.clocks["promise"].due) == "2026-03-05T12:00"


EARLIEST = """
  both:
    start: open
    stop: done
    target: {earliest: [{within: 3 workdays}, {within: 10 days}, {within: 30h, calendar: always}]}
"""


def test_of_several_limits_the_earliest_wins(tmp_path):
    _, case = run(tmp_path, EARLIEST, f"{MON}T09:00 open")
    assert at(case.clocks["both"].due) == "2026-03-03T15:00"


def test_a_stop_that_comes_with_the_start_wins(tmp_path):
    sla = "  quick: {start: accept, stop: working, target: {within: 1h}}\n"
    _, case = run(tmp_path, sla, f"{MON}T09:00 open", f"{MON}T10:00 accept")
    assert "quick" not in case.clocks


def test_a_reset_ends_one_cycle_and_begins_the_next(tmp_path):
    sla = "  informed: {start: accept, reset: touch, stop: done, target: {within: 4h}}\n"
    _, case = run(tmp_path, sla, f"{MON}T09:00 open", f"{MON}T09:00 accept", f"{MON}T11:00 touch")
    assert [cycle.status for cycle in case.cycles] == ["reset"]
    assert at(case.clocks["informed"].due) == "2026-03-02T15:00"


def test_a_workday_after_a_deadline_that_ends_a_day_is_the_very_next_one(tmp_path):
    sla = """
  solve:
    start: open
    stop: done
    target: {within: 1 workday}
    at: {due - 1 workday: [{log: a}], due: [{log: b}], due + 1 workday: [{log: c}], due + 1 days: [{log: d}]}
"""
    _, case = run(tmp_path, sla, "2026-03-05T09:00 open")
    assert [(at(when), name) for when, _, name in case.clocks["solve"].pending] == [
        ("2026-03-06T00:00", "due - 1 workday"),
        ("2026-03-07T00:00", "due"),
        ("2026-03-08T00:00", "due + 1 days"),
        ("2026-03-10T00:00", "due + 1 workday"),
    ]


def test_what_comes_every_workday_comes_at_the_end_of_each_and_misses_none(tmp_path):
    desk = engine(small(tmp_path, text("").replace("sla:", "after: {nudge: {every: 1 workday, do: [{log: nudged}]}}")))
    clock_of(desk).set(from_iso("2026-03-05T10:00", "Asia/Shanghai"))
    case = desk.open("desk", actor="agent.wang").case.id
    clock_of(desk).set(from_iso("2026-03-11T10:00", "Asia/Shanghai"))
    desk.run_once()
    nudged = [at(event.occurred_at) for event in desk.history(case) if event.type == "elapsed"]
    assert nudged == ["2026-03-07T00:00", "2026-03-10T00:00", "2026-03-11T00:00"]
