"""A case that comes under another version: what moves, what stays, and what is refused."""

from __future__ import annotations

import random

import pytest
from guanjia.clock import HOUR, MINUTE, from_iso, iso
from guanjia.errors import Conflict, Misused, NotFound, Refused
from guanjia.model.event import SYSTEM, Command
from guanjia.runtime.audit import audit

from tests.offices import clock_of, engine, small

ZONE = "Asia/Shanghai"
WEEK = 'zone: Asia/Shanghai\nweek: {mon-fri: ["09:00-18:00"]}\n'
LONG = 'zone: Asia/Shanghai\nweek: {mon-sat: ["08:00-20:00"]}\n'
SHORT = 'zone: Asia/Shanghai\nweek: {mon-fri: ["10:00-12:00", "14:00-16:00"]}\nholidays: [2026-03-04]\n'

DESK = """
procedure: desk
number: D-{seq}
calendar: hours
fields:
  summary: {type: text}
  kind: {type: choice, of: [leak, noise]}
  visit: {type: instant}
sla:
  answer:
    start: open
    stop: working
    target: [{within: 4h}]
    at: {50%: [{notify: {warn: assignee}}], due: [{notify: {late: assignee}}], due + 1h: [{notify: {later: assignee}}]}
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{within: 3 workdays}]
    at: {due: [{notify: {late: assignee}}]}
initial: new
transitions: {drop: {to: dropped}}
states:
  new: {entry: [{assign: {role: agent}}], transitions: {accept: {to: working}, ask: {to: waiting}}}
  working: {transitions: {finish: {to: done}, ask: {to: waiting}, more: {do: [{extend: {solve: 1 workday}}]}, touch: {}}}
  waiting:
    transitions: {answered: {to: working}}
    after:
      silent: {delay: 5 workdays, to: working}
      remind: {at: visit, do: [{notify: {warn: assignee}}]}
      nag: {every: 1 workdays, do: [{log: nag}]}
  done: {final: true}
  dropped: {final: true}
reopen: {to: working}
"""


@pytest.fixture
def office(tmp_path):
    return made(tmp_path)


def made(folder, procedure: str = DESK, hours: str = WEEK):
    return small(folder, procedure, templates=("warn", "late", "later"), more={"calendars/hours.yaml": hours})


def at(text: str) -> int:
    return from_iso(text, ZONE)


def shown(instant: int | None) -> str:
    return "-" if instant is None else iso(instant, ZONE)[:16]


def edited(desk, *, hours: str | None = None, procedure: str | None = None) -> str:
    """The version that the files make now."""
    folder = desk.files.folder
    if hours is not None:
        (folder / "calendars/hours.yaml").write_text(hours)
    if procedure is not None:
        (folder / "procedures/desk.yaml").write_text(procedure)
    desk.refresh()
    return desk.opening("desk").hash


def opened(folder, when: str, **values):
    desk = engine(folder, at=at(when))
    return desk, desk.open("desk", actor="agent.wang", **values).case.number


def step(desk, number: str, when: str, what: str, **values):
    clock_of(desk).set(at(when))
    return desk.act(number, what, actor="agent.wang", **values) if what != "look" else desk.run_once()


def move(desk, number: str, version: str, when: str | None = None, **options):
    if when is not None:
        clock_of(desk).set(at(when))
    return desk.migrate(number, version, actor=SYSTEM, reason="节假日调整", **options)


def due(desk, number: str, clock: str) -> str:
    return shown(desk.case(number).clocks[clock].due)


def told(desk):
    return [row.notification.template for row in reversed(desk.store.outbox(limit=100))]


def test_every_open_clock_is_counted_anew_over_the_new_calendar_from_the_same_start(office):
    desk, number = opened(office, "2026-03-02T16:00")
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-03T11:00", "2026-03-06T00:00")
    (event,) = move(desk, number, edited(desk, hours=SHORT), "2026-03-02T17:00").events
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-03T16:00", "2026-03-07T00:00")
    assert (event.type, event.data["reason"]) == ("migrated", "节假日调整")
    assert event.data["version"] == desk.case(number).version == desk.opening("desk").hash
    assert {name: shown(was) for name, was in event.data["was"].items()} == {
        "answer": "2026-03-03T11:00", "solve": "2026-03-06T00:00",
    }  # fmt: skip
    assert not audit(desk)


def test_where_the_new_version_makes_no_difference_nothing_but_the_version_changes(office):
    desk, number = opened(office, "2026-03-02T10:00")
    before = desk.case(number)
    version = edited(desk, hours=WEEK + "holidays: [2027-01-01]\n")
    (event,) = move(desk, number, version, "2026-03-02T11:00").events
    assert set(event.data) == {"version", "before", "reason"}
    after = desk.case(number)
    assert after == before.changed(seq=after.seq, version=version)


def test_time_used_may_stay_as_it_was_and_time_left_count_under_the_new_hours(office):
    desk, number = opened(office, "2026-03-02T09:00")
    version = edited(desk, hours=SHORT)
    # Two of the four hours are used by 11:00; the new calendar opened at 10:00 and would have counted one.
    move(desk, number, version, "2026-03-02T11:00", policy="now")
    assert due(desk, number, "answer") == "2026-03-02T15:00"


def test_a_move_keeps_every_pause_and_every_extension(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    step(desk, number, "2026-03-04T10:00", "answered")
    step(desk, number, "2026-03-04T10:00", "more")
    assert due(desk, number, "solve") == "2026-03-10T00:00"
    before = desk.case(number).clocks["solve"]
    move(desk, number, edited(desk, hours=LONG))
    after = desk.case(number).clocks["solve"]
    assert (after.pauses, after.extended) == (before.pauses, before.extended)
    assert shown(after.due) == "2026-03-08T00:00"


def test_a_paused_clock_moves_too_and_goes_on_under_the_new_calendar(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    move(desk, number, edited(desk, hours=SHORT), "2026-03-02T11:00")
    clock = desk.case(number).clocks["solve"]
    assert (clock.status, clock.due, clock.pending) == ("paused", None, ())
    step(desk, number, "2026-03-03T10:00", "answered")
    assert due(desk, number, "solve") == "2026-03-07T00:00"


def test_what_has_fired_does_not_fire_again(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T13:30", "look")
    assert told(desk) == ["warn", "late"]
    move(desk, number, edited(desk, hours=SHORT))
    assert due(desk, number, "answer") == "2026-03-02T16:00"
    step(desk, number, "2026-03-06T18:00", "look")
    assert told(desk) == ["warn", "late", "later"]


@pytest.mark.parametrize(("notify", "heard"), [(False, []), (True, ["late"])])
def test_what_a_move_overtakes_is_recorded_and_told_once_at_most(office, notify, heard):
    desk, number = opened(office, "2026-03-02T18:30")
    version = edited(desk, hours=LONG.replace("20:00", "24:00"))
    clock_of(desk).set(at("2026-03-02T23:00"))
    result = move(desk, number, version, notify=notify)
    clock = desk.case(number).clocks["answer"]
    assert shown(clock.due) == "2026-03-02T22:30"
    assert clock.breached_at == (clock_of(desk).now() if notify else clock.due)
    assert clock.fired == ("50%", "due")
    assert told(desk) == heard
    assert [event.name for event in result.events[1:]] == (["answer.due"] if notify else [])
    step(desk, number, "2026-03-02T23:45", "look")
    assert told(desk) == [*heard, "later"]
    assert not audit(desk)


def test_a_breach_stays_a_fact_and_that_it_would_not_be_one_stands_beside_it(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T13:30", "look")
    (event,) = move(desk, number, edited(desk, hours=SHORT)).events
    assert desk.case(number).clocks["answer"].breached_at == at("2026-03-02T13:00")
    assert event.data["rejudged"] == [{"clock": "answer", "cycle": 1, "verdict": "breached", "recalculated": "running"}]


def test_a_verdict_that_was_given_stays_and_what_would_come_out_now_stands_beside_it(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T12:30", "accept")
    tighter = edited(desk, procedure=DESK.replace("within: 4h", "within: 2h"))
    finished = desk.case(number).clocks["answer"]
    (event,) = move(desk, number, tighter).events
    assert desk.case(number).clocks["answer"] == finished
    assert finished.status == "met"
    assert event.data["rejudged"] == [{"clock": "answer", "cycle": 1, "verdict": "met", "recalculated": "breached"}]
    # Back under the rules of then nothing differs any more, and that is recorded too.
    (event,) = move(desk, number, edited(desk, procedure=DESK)).events
    assert event.data["rejudged"] == [{"clock": "answer", "cycle": 1, "verdict": "met", "recalculated": "met"}]


def test_a_verdict_is_looked_at_anew_by_how_the_new_version_counts_days(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "accept")
    step(desk, number, "2026-03-05T19:00", "finish")
    closing = DESK.replace("{within: 3 workdays}", "{within: 3 workdays, counting: {ends: closing}}")
    step(desk, number, "2026-03-05T20:00", "reopen")
    (event,) = move(desk, number, edited(desk, procedure=closing)).events
    assert event.data["rejudged"] == [{"clock": "solve", "cycle": 1, "verdict": "met", "recalculated": "breached"}]


def test_delays_are_counted_anew_from_where_they_were_armed_and_dated_ones_asked_again(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask", visit="2026-03-06 10:00")
    before = desk.case(number).delays
    assert [shown(before[f"waiting.{name}"].due) for name in ("silent", "remind", "nag")] == [
        "2026-03-10T00:00", "2026-03-06T10:00", "2026-03-04T00:00",
    ]  # fmt: skip
    move(desk, number, edited(desk, hours=SHORT, procedure=DESK.replace("at: visit", "at: visit - hours(2)")))
    after = desk.case(number).delays
    assert [shown(after[f"waiting.{name}"].due) for name in ("silent", "remind", "nag")] == [
        "2026-03-11T00:00", "2026-03-06T08:00", "2026-03-04T00:00",
    ]  # fmt: skip
    assert {key: delay.armed_at for key, delay in after.items()} == {key: d.armed_at for key, d in before.items()}


def test_a_delay_that_is_over_under_the_new_calendar_runs_out_now_and_not_before(office):
    desk, number = opened(office, "2026-03-06T09:00")
    step(desk, number, "2026-03-06T10:00", "ask")
    version = edited(desk, hours=LONG.replace("sat", "sun"))
    result = move(desk, number, version, "2026-03-12T09:00")
    assert [(event.type, event.name, shown(event.occurred_at)) for event in result.events][-1] == (
        "elapsed", "waiting.silent", "2026-03-12T09:00",
    )  # fmt: skip
    assert desk.case(number).states == ("working",)


WITHOUT = DESK.replace("      silent: {delay: 5 workdays, to: working}\n", "")


def test_a_delay_that_the_new_version_adds_is_armed_and_one_that_it_lacks_is_gone(tmp_path):
    desk, number = opened(made(tmp_path, WITHOUT), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    old = desk.case(number).version
    move(desk, number, edited(desk, procedure=DESK), "2026-03-03T09:00")
    assert shown(desk.case(number).delays["waiting.silent"].due) == "2026-03-10T00:00"
    move(desk, number, old)
    assert "waiting.silent" not in desk.case(number).delays
    move(desk, number, desk.opening("desk").hash, policy="now")
    assert shown(desk.case(number).delays["waiting.silent"].due) == "2026-03-11T00:00"


def test_a_delay_that_ran_out_is_not_armed_again(office):
    desk, number = opened(office, "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask", visit="2026-03-02 10:30")
    step(desk, number, "2026-03-02T10:45", "look")
    assert told(desk) == ["warn"]
    move(desk, number, edited(desk, hours=SHORT))
    assert "waiting.remind" not in desk.case(number).delays


THIRD = """  close:
    start: open
    stop: done
    target: [{within: 5 workdays}]
"""


def test_a_clock_that_the_new_version_adds_is_started_where_it_would_be_open(office):
    desk, number = opened(office, "2026-03-02T09:00")
    added = DESK.replace("initial: new\n", THIRD + "initial: new\n", 1)
    version = edited(
        desk, procedure=added.replace("stop: done\n    target: [{within: 5", "stop: new\n    target: [{within: 5")
    )
    move(desk, number, version, "2026-03-04T09:00")
    assert "close" not in desk.case(number).clocks
    move(desk, number, edited(desk, procedure=added.replace("  close:", "  shut:")), drop=["close"])
    clock = desk.case(number).clocks["shut"]
    assert (shown(clock.counted_from), shown(clock.due)) == ("2026-03-02T09:00", "2026-03-10T00:00")


def test_a_clock_that_the_new_version_lacks_ends_only_when_that_is_said(office):
    desk, number = opened(office, "2026-03-02T09:00")
    lines = DESK.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line == "  answer:\n")
    without = "".join(lines[:first] + lines[first + 5 :])
    version = edited(desk, procedure=without)
    with pytest.raises(Refused, match="it has no clock “answer”, which is open"):
        move(desk, number, version)
    assert desk.case(number).clocks["answer"].status == "running"
    move(desk, number, version, drop=["answer"])
    step(desk, number, "2026-03-05T18:00", "look")
    assert told(desk) == []
    assert desk.case(number).clocks["answer"].status == "cancelled"
    assert not audit(desk)


UP = "ladders: {up: {calendar: hours, levels: [{to: supervisor}, {to: manager, wait: 2h}]}}\n"


def test_the_wait_for_the_next_level_is_counted_anew_and_a_ladder_that_is_gone_ends(tmp_path):
    laddered = (
        DESK.replace("due: [{notify: {late: assignee}}], due + 1h", "due: [{escalate: {ladder: up}}], due + 1h") + UP
    )
    desk, number = opened(made(tmp_path, laddered), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T13:30", "look")
    assert shown(desk.case(number).climbs["up.answer"].due) == "2026-03-02T15:00"
    (event,) = move(desk, number, edited(desk, hours=SHORT)).events
    assert shown(desk.case(number).climbs["up.answer"].due) == "2026-03-02T16:00"
    assert shown(event.data["was"]["up.answer"]) == "2026-03-02T15:00"
    assert told(desk) == ["warn", "escalation"]
    move(desk, number, edited(desk, procedure=DESK))
    assert desk.case(number).climbs["up.answer"].status == "stopped"
    step(desk, number, "2026-03-03T12:00", "look")
    assert told(desk) == ["warn", "escalation", "later"]
    assert not audit(desk)


LACKING = {
    "a state renamed": ("  waiting:\n", "  paused:\n", "it has no state “waiting”"),
    "a field gone": ("  summary: {type: text}\n", "", "it has no field “summary”"),
    "a field of another type": ("summary: {type: text}", "summary: {type: integer}", "the field “summary” cannot hold"),
    "a choice without the value": ("of: [leak, noise]", "of: [water, noise]", "the field “kind” cannot hold"),
    "a state that is final now": (
        "  waiting:\n", "  waiting: {final: true}\n  paused:\n", "a case cannot be in “waiting” alone",
    ),
    "a state with states inside": (
        "  waiting:\n", "  waiting:\n    initial: inner\n    states: {inner: {}}\n", "a case cannot be in “waiting” alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", LACKING)
def test_a_version_that_does_not_know_all_of_a_case_is_refused_with_what_it_lacks(office, change):
    old, new, why = LACKING[change]
    desk, number = opened(office, "2026-03-02T09:00", summary="漏水", kind="leak")
    step(desk, number, "2026-03-02T10:00", "ask")
    before = desk.case(number)
    changed = DESK.replace(old, new)
    if "  paused:" in changed:
        changed = (
            changed.replace("drop: {to: dropped}}", "drop: {to: dropped}, halt: {to: paused}}")
            .replace("ask: {to: waiting}", "ask: {to: paused}" if "renamed" in change else "ask: {to: waiting}")
            .replace("pause: waiting", "pause: paused")
        )
    version = edited(desk, procedure=changed)
    assert version != before.version
    with pytest.raises(Refused, match=why) as refused:
        move(desk, number, version)
    assert refused.value.code == "version"
    assert desk.case(number) == before
    step(desk, number, "2026-03-02T11:00", "answered")


def test_a_new_track_does_not_take_cases_in_that_are_not_in_it(tmp_path):
    tracks = """
procedure: desk
number: D-{seq}
initial: both
states:
  both:
    tracks:
      one: {initial: a, states: {a: {transitions: {go: {to: b}}}, b: {final: true}}}
      two: {initial: c, states: {c: {transitions: {walk: {to: d}}}, d: {final: true}}}
    always: [{to: done, guard: done('both')}]
  done: {final: true}
"""
    desk, number = opened(made(tmp_path, tracks), "2026-03-02T09:00")
    third = "      three: {initial: e, states: {e: {transitions: {run: {to: f}}}, f: {final: true}}}\n"
    with pytest.raises(Refused, match="a case cannot be in “a”, “c” alone"):
        move(desk, number, edited(desk, procedure=tracks.replace("    always", third + "    always")))


def test_a_move_wakes_no_rule_and_is_no_change_of_the_case(tmp_path):
    procedure = DESK.replace("touch: {}}}", "touch: {}}, always: [{to: dropped, guard: clock.solve.left < hours(60)}]}")
    desk, number = opened(made(tmp_path, procedure), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "accept")
    before = desk.case(number)
    version = edited(desk, hours=LONG.replace("sat", "sun"))
    result = move(desk, number, version, "2026-03-03T13:00")
    assert result.case.clocks["solve"].due - clock_of(desk).now() < 60 * HOUR
    assert [event.type for event in result.events] == ["migrated"]
    assert (result.case.states, result.case.changed_at) == (before.states, before.changed_at)
    assert step(desk, number, "2026-03-03T13:00", "touch").case.states == ("dropped",)


def test_a_move_needs_the_right_a_reason_an_open_case_and_a_version_that_is_kept(office):
    desk, number = opened(office, "2026-03-02T09:00")
    version = edited(desk, hours=SHORT)
    with pytest.raises(Refused, match="only people with the right `calendar` may"):
        desk.migrate(number, version, actor="agent.wang", reason="x")
    assert desk.history(number)[-1].type == "refused"
    with pytest.raises(Refused, match="needs a reason"):
        desk.migrate(number, version, actor=SYSTEM, reason="")
    with pytest.raises(NotFound):
        move(desk, number, "0" * 64)
    with pytest.raises(Misused, match="policy"):
        move(desk, number, version, policy="later")
    move(desk, number, version)
    assert move(desk, number, version).events == ()
    step(desk, number, "2026-03-02T10:00", "drop")
    with pytest.raises(Refused) as refused:
        move(desk, number, edited(desk, hours=LONG))
    assert refused.value.code == "state"


def test_what_was_due_before_the_move_happened_under_the_old_rules(office):
    desk, number = opened(office, "2026-03-02T09:00")
    result = move(desk, number, edited(desk, hours=SHORT), "2026-03-02T13:30")
    assert [(event.type, event.name, shown(event.occurred_at)) for event in result.events] == [
        ("reached", "answer.50%", "2026-03-02T11:00"), ("reached", "answer.due", "2026-03-02T13:00"),
        ("migrated", "", "2026-03-02T13:30"),
    ]  # fmt: skip
    assert told(desk) == ["warn", "late"]


def test_a_preview_says_what_would_happen_and_leaves_everything_as_it_was(store, office):
    desk = engine(office, store=store, at=at("2026-03-02T09:00"))
    number = desk.open("desk", actor="agent.wang").case.number
    before = desk.case(number)
    command = Command("migrate", edited(desk, hours=SHORT), number, {}, SYSTEM, reason="x")
    clock_of(desk).set(at("2026-03-02T13:30"))
    new = Command("open", "desk", actor=desk.actor("agent.wang"))
    foreseen, conflict, opening = desk.preview(
        [command, Command("note", "", number, {"text": "x"}, SYSTEM, expect=9), new]
    )
    assert [event.type for event in foreseen.events] == ["reached", "reached", "migrated"]
    assert isinstance(conflict, Conflict)
    assert (desk.case(number), told(desk)) == (before, [])
    assert desk.execute(new).case.number == opening.case.number
    done = desk.execute(command)
    assert [event.text() for event in done.events] == [event.text() for event in foreseen.events]


# -- one property for all of it


def test_a_moved_case_stands_as_if_it_had_always_been_under_the_new_calendar(tmp_path):
    """The same things happen to three cases: one is moved to the calendar that another has from the start, one there and
    back again. Whatever happened before, their clocks and delays agree."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    quiet = DESK.replace("      nag: {every: 1 workdays, do: [{log: nag}]}\n", "")
    folders = [
        made(tmp_path / name, quiet, hours) for name, hours in (("moved", WEEK), ("always", SHORT), ("back", WEEK))
    ]
    moved, always, back = (engine(folder, at=at("2026-03-02T08:00")) for folder in folders)
    first = back.opening("desk").hash
    second = [edited(desk, hours=SHORT) for desk in (moved, back)]
    edited(moved, hours=WEEK), edited(back, hours=WEEK)
    compared = 0
    for turn in range(60):
        draw = random.Random(seed + turn)
        now = at("2026-03-02T08:00") + draw.randrange(7 * 24 * 60) * MINUTE
        clock_of(moved).set(now), clock_of(always).set(now), clock_of(back).set(now)
        cases = [desk.open("desk", actor="agent.wang").case.id for desk in (moved, always, back)]
        for _ in range(draw.randrange(6)):
            now += draw.choice([0, 20 * MINUTE, HOUR, 5 * HOUR, 30 * HOUR])
            what = draw.choice(["accept", "ask", "answered", "more", "touch"])
            for desk, case in zip((moved, always, back), cases, strict=True):
                clock_of(desk).set(now)
                if desk.case(case).delays and min(d.due for d in desk.case(case).delays.values()) <= now:
                    break  # a state that was left by time under one calendar and not under the other is no comparison
                if any(what == option.action and option.allowed for option in desk.available(case, "agent.wang")):
                    desk.act(case, what, actor="agent.wang")
            else:
                continue
            break
        if len({desk.case(case).states for desk, case in zip((moved, always, back), cases, strict=True)}) > 1:
            continue
        for desk in (moved, always, back):
            clock_of(desk).set(now)
        here = move(moved, cases[0], second[0]).case
        there = always.case(cases[1])
        assert standing(here) == standing(there), (seed, turn)
        before = standing(back.case(cases[2]))
        move(back, cases[2], second[1])
        assert standing(move(back, cases[2], first).case) == before, (seed, turn)
        compared += 1
    assert compared > 20


def standing(case):
    """What of the clocks does not depend on which thresholds happened to fire under which calendar."""
    return {
        name: (clock.status, clock.due, clock.pauses, clock.extended, [limit[:2] + limit[4:] for limit in clock.limits])
        for name, clock in case.clocks.items()
        if clock.open
    }, {key: max(delay.due, case.changed_at) for key, delay in case.delays.items()}
