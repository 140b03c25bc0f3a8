"""SLA clocks through the funnel, what their thresholds do, and clocks that people touch by hand.

What a clock says after each thing that can happen to it is the matter of `clock_rules.md`.
"""

from __future__ import annotations

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
from guanjia.core import clocks, fold
from guanjia.core.following import aim_of
from guanjia.errors import Refused

from tests.core.plain import Plain
from tests.offices import MONDAY, clock_of, engine, small

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


# -- thresholds and what they do


def plain(sla: str, more: str = "") -> Plain:
    head = HEAD.replace("EXTEND", "{log: more}")
    return Plain(head.replace("initial: new\n", f"initial: new\n{more}") + sla)


def happened(case: Plain) -> list[tuple[str, str]]:
    return [(event.type, event.name) for event in case.events if event.type in ("reached", "elapsed")]


@pytest.mark.parametrize("first", ["one", "other"])
def test_a_threshold_of_a_clock_that_stopped_in_the_same_instant_does_not_fire(first):
    second = "other" if first == "one" else "one"
    sla = "".join(f"  {name}: {{start: open, stop: done, target: {{within: 2h}}}}\n" for name in (first, second))
    case = plain(sla, f"breach: {{{first}: {{to: done}}}}\n")
    case.do(MONDAY, "open", "desk")
    case.until(MONDAY + 3 * HOUR)
    assert happened(case) == [("reached", f"{first}.due")]
    assert case.case.clocks[second].status == "breached", "the due instant of both had come"


def test_a_clock_that_is_cancelled_in_the_instant_of_its_threshold_does_not_fire():
    sla = (
        "  one: {start: open, stop: done, target: {within: 2h}}\n"
        "  other: {start: open, stop: done, cancel: dropped, target: {within: 4h}, at: {due - 2h: [{log: told}]}}\n"
    )
    case = plain(sla, "breach: {one: {to: dropped}}\n")
    case.do(MONDAY, "open", "desk")
    case.until(MONDAY + 3 * HOUR)
    assert happened(case) == [("reached", "one.due")]
    assert case.case.clocks["other"].status == "cancelled"


def test_what_a_threshold_does_is_asked_again_as_it_fires():
    sla = """
  solve:
    start: open
    stop: done
    target: {within: 8h}
    at:
      50%: [{log: taken already, when: in_state('working')}, {log: nobody has it, when: not in_state('working')}]
"""
    for steps, line in (((), "nobody has it"), (("accept",), "taken already")):
        case = plain(sla)
        case.do(MONDAY, "open", "desk")
        for step in steps:
            case.do(MONDAY + HOUR, "act", step)
        case.until(MONDAY + 7 * HOUR)
        assert [event.data["log"] for event in case.events if event.type == "reached"] == [[line]]


def test_a_breach_that_a_later_threshold_has_overtaken_still_moves_the_case_once():
    sla = """
  solve:
    start: open
    stop: done
    target: [{guard: severity == 'critical', within: 1h}, {within: 8h}]
    at: {due: [{log: late}], due + 1h: [{log: very late}]}
"""
    case = plain(sla, "breach: {solve: {to: waiting}}\n")
    case.do(MONDAY, "open", "desk")
    case.do(MONDAY + 5 * HOUR, "edit", severity="critical")
    assert case.case.states == ("waiting",)
    (reached,) = [event for event in case.events if event.type == "reached"]
    assert (reached.name, reached.data["log"], reached.data["entered"]) == (
        "solve.due + 1h",
        ["very late"],
        ["waiting"],
    )
    case.until(MONDAY + 30 * DAY)
    assert len([event for event in case.events if event.type == "reached"]) == 1


def test_a_target_may_depend_on_how_another_clock_stands():
    sla = """
  respond: {start: open, stop: accept, target: {within: 2h}}
  solve: {start: open, stop: done, target: [{guard: clock.respond.breached, within: 4h}, {within: 8h}]}
"""
    case = plain(sla)
    case.do(MONDAY, "open", "desk")
    assert case.case.clocks["solve"].due == MONDAY + 9 * HOUR, "eight hours and noon"
    case.until(MONDAY + 2 * HOUR)
    assert case.case.clocks["solve"].due == MONDAY + 5 * HOUR


def test_an_expression_sees_what_a_clock_has_used_by_now():
    sla = "  solve: {start: open, pause: waiting, stop: done, target: {within: 8h}}\n"
    more = "signals: {look: [{guard: clock.solve.used >= hours(3), do: [{log: three hours}]}, {do: [{log: less}]}]}\n"
    for steps, line in ((("look",), "three hours"), (("ask", "look"), "less")):
        case = plain(sla, more)
        case.do(MONDAY, "open", "desk")
        for number, step in enumerate(steps):
            case.do(MONDAY + (number + 1 if len(steps) > 1 else 4) * HOUR, "signal" if step == "look" else "act", step)
        assert case.events[-1].data["log"] == [line]


def test_what_has_fired_does_not_fire_again_under_another_version():
    old = plain(SOLVE.replace("notify: {warn: opener}", "log: warned").replace("notify: {late: opener}", "log: late"))
    old.do(MONDAY, "open", "desk")
    old.until(MONDAY + 6 * HOUR)
    assert old.case.clocks["solve"].fired == ("50%",)
    new = plain(
        "  solve: {start: open, pause: waiting, stop: done, target: {within: 9h}, at: {50%: [{log: again}], 90%: [{log: soon}]}}\n"
    )
    aim = aim_of(new.program.clock_by_name["solve"], None)
    for policy in ("keep", "carry"):
        held = clocks.measured(old.program, old.case.clocks["solve"], MONDAY + 6 * HOUR)
        moved = clocks.retarget(new.program, new.program.clock_by_name["solve"], held, aim, MONDAY + 6 * HOUR, policy)
        assert "50%" not in [name for _, _, name in moved.pending]
        assert [name for _, _, name in moved.pending] == ["90%", "due"]
        assert moved.due == MONDAY + 24 * HOUR + HOUR


# -- by hand


def by_hand(tmp_path, more: str = ""):
    desk = engine(
        small(tmp_path, text(SOLVE.replace("stop: done", f"stop: done\n    {more}")), templates=("warn", "late"))
    )
    return desk, desk.open("desk", actor="agent.wang").case.id


def test_a_clock_paused_by_hand_stands_in_the_history_with_the_reason(tmp_path):
    desk, case = by_hand(tmp_path)
    result = desk.adjust(case, "solve", "pause", actor="supervisor.zhao", reason="等配件")
    assert result.case.clocks["solve"].held
    (event,) = result.events
    assert (event.type, event.name, event.actor, event.data["reason"]) == (
        "adjusted", "solve.pause", "supervisor.zhao", "等配件",
    )  # fmt: skip
    assert fold(desk.history(case)) == desk.case(case)


def test_to_touch_a_clock_needs_the_right_and_the_attempt_is_kept(tmp_path):
    desk, case = by_hand(tmp_path)
    with pytest.raises(Refused) as refused:
        desk.adjust(case, "solve", "pause", actor="agent.wang", reason="想晚点")
    assert refused.value.code == "role"
    assert "clocks" in refused.value.text.en
    assert [event.type for event in desk.history(case)] == ["opened", "refused"]


@pytest.mark.parametrize(
    ("more", "clock", "way", "reason", "code"),
    [
        ("", "solve", "pause", "", "reason"), ("", "sovle", "pause", "x", "not_found"),
        ("", "solve", "resume", "x", "state"), ("manual: false", "solve", "pause", "x", "manual"),
        ("manual: false", "solve", "reset", "x", "manual"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_to_a_clock_by_hand_is_refused(tmp_path, more, clock, way, reason, code):
    desk, case = by_hand(tmp_path, more)
    with pytest.raises(Refused) as refused:
        desk.adjust(case, clock, way, actor="supervisor.zhao", reason=reason)
    assert refused.value.code == code
    assert desk.case(case).seq == 1


def test_a_clock_is_paused_by_hand_once(tmp_path):
    desk, case = by_hand(tmp_path)
    desk.adjust(case, "solve", "pause", actor="supervisor.zhao", reason="x")
    with pytest.raises(Refused, match="paused by hand already"):
        desk.adjust(case, "solve", "pause", actor="supervisor.zhao", reason="x")


def test_a_clock_that_its_rules_paused_is_not_let_go_on_by_hand(tmp_path):
    desk, case = by_hand(tmp_path)
    desk.act(case, "ask", actor="agent.wang")
    with pytest.raises(Refused, match="own rules"):
        desk.adjust(case, "solve", "resume", actor="supervisor.zhao", reason="x")


def test_a_clock_that_has_ended_is_not_touched(tmp_path):
    desk, case = by_hand(tmp_path)
    desk.act(case, "accept", actor="agent.wang")
    desk.act(case, "finish", actor="agent.wang")
    with pytest.raises(Refused, match="closed"):
        desk.adjust(case, "solve", "reset", actor="supervisor.zhao", reason="x")


def test_nobody_touches_a_statutory_clock(tmp_path):
    sla = "  by_law: {start: open, stop: done, pausable: false, target: {within: 10 days}}\n"
    desk = engine(small(tmp_path, text(sla)))
    case = desk.open("desk", actor="agent.wang").case.id
    for way in ("pause", "resume", "reset"):
        with pytest.raises(Refused, match="never stands still"):
            desk.adjust(case, "by_law", way, actor="supervisor.zhao", reason="x")


def test_every_pause_of_a_clock_is_remembered():
    case = plain("  solve: {start: open, pause: waiting, stop: done, target: {within: 8h}}\n")
    case.do(MONDAY, "open", "desk")
    for hour in (1, 2):
        case.do(MONDAY + hour * HOUR, "act", "ask")
        case.do(MONDAY + hour * HOUR + 30 * MINUTE, "act", "answered")
    assert case.case.clocks["solve"].pauses == tuple(
        (MONDAY + hour * HOUR, MONDAY + hour * HOUR + 30 * MINUTE) for hour in (1, 2)
    )
