"""Rules that change while cases are open: what users of other systems report as broken (sla-anchors C4, D4, F1, F2; engine-anchors
17, 21 to 24), each claim run once more with the bug planted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from guanjia.cli.main import main
from guanjia.core import Program
from guanjia.errors import Refused
from guanjia.model.event import SYSTEM
from guanjia.runtime import moving
from guanjia.store import Query

from tests.anchors.planting import Bug, planted
from tests.core.test_moving import DESK, LONG, SHORT, due, edited, made, move, opened, shown, step, told
from tests.offices import clock_of


def apply(desk: Any) -> moving.Tally:
    tally = moving.Tally()
    moving.carry_out(desk, moving.plan(desk), SYSTEM, "x", {"policy": "start", "notify": False}, tally)
    return tally


# -- calendars (C4)

LEFT_AS_THEY_WERE = Bug(
    "open cases are not recalculated", "guanjia.core.moving._moved", lambda real: lambda step, before, definition, clock, policy: clock
)  # fmt: skip


@planted(LEFT_AS_THEY_WERE)
def test_c4_an_edited_calendar_reaches_open_cases(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T16:00")
    edited(desk, hours=SHORT)
    assert apply(desk).deadlines == 2
    assert (due(desk, number, "answer"), due(desk, number, "solve")) == ("2026-03-03T16:00", "2026-03-07T00:00")


def _completing(real: Any) -> Callable[..., Any]:
    def completed(program: Program, case: Any, command: Any, now: int, facts: Any) -> Any:
        run = real(program, case, command, now, facts)
        run.complete()
        return run

    return completed


WOKEN = Bug("recalculating wakes other rules", "guanjia.core.decide._completed", _completing)
TOUCHED = Bug(
    "recalculating counts as a change of the case", "guanjia.model.case.Case.changed",
    lambda real: lambda self, **changes: real(self, **changes, **({"changed_at": self.changed_at + 1} if "version" in changes else {})),
)  # fmt: skip


@planted(WOKEN, TOUCHED)
def test_c4_a_recalculation_wakes_no_rule_and_is_no_change(tmp_path: Path) -> None:
    impatient = DESK.replace("touch: {}}}", "touch: {}}, always: [{to: dropped, guard: clock.solve.left < hours(60)}]}")
    desk, number = opened(made(tmp_path, impatient), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "accept")
    before = desk.case(number)
    edited(desk, hours=LONG.replace("sat", "sun"))
    clock_of(desk).set(clock_of(desk).now() + 27 * 3_600_000_000)
    assert apply(desk).cases == 1
    after = desk.case(number)
    assert (after.states, after.changed_at) == (before.states, before.changed_at)
    assert told(desk) == []


# -- procedures (F1, F2, D4; engine-anchors 17, 24)

FOLLOWED = Bug(
    "a case follows the files at once", "guanjia.runtime.engine.Engine.program",
    lambda real: lambda self, case: self.opening(case.procedure),
)  # fmt: skip
RENAMED = (
    DESK.replace("waiting", "paused")
)  # fmt: skip


@planted(FOLLOWED)
def test_f1_a_state_that_is_renamed_hides_no_case_that_is_in_it(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    version = edited(desk, procedure=RENAMED)
    assert [row.columns.number for row in desk.list(Query(state="waiting"))] == [number]
    assert [item.action for item in desk.available(number, "agent.wang") if item.allowed] == ["answered", "drop"]
    with pytest.raises(Refused, match="it has no state “waiting”"):
        move(desk, number, version)
    assert step(desk, number, "2026-03-02T11:00", "answered").case.states == ("working",)


MOVED_WHEN_CLOSED = Bug(
    "closed cases come under new rules", "guanjia.core.commands.open_case", lambda real: lambda run: run.present()
)  # fmt: skip


@planted(MOVED_WHEN_CLOSED)
def test_f2_another_meaning_of_a_state_reopens_no_closed_case(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "accept")
    step(desk, number, "2026-03-02T11:00", "finish")
    closed = desk.case(number)
    looser = DESK.replace(
        "  done: {final: true}", "  done: {transitions: {approve: {to: approved}}}\n  approved: {final: true}"
    )
    version = edited(desk, procedure=looser)
    apply(desk)
    with pytest.raises(Refused) as refused:
        move(desk, number, version)
    assert refused.value.code == "state"
    assert desk.case(number) == closed


LINES = DESK.splitlines(keepends=True)
FIRST = LINES.index("  answer:\n")
WITHOUT_ANSWER = "".join(LINES[:FIRST] + LINES[FIRST + 5 :])
NEVER_ENDED = Bug(
    "a clock of which the rule is gone goes on", "guanjia.core.clocks.end",
    lambda real: lambda program, clock, status, now: clock if status == "cancelled" else real(program, clock, status, now),
)  # fmt: skip


@planted(FOLLOWED, NEVER_ENDED)
def test_d4_a_clock_that_is_taken_out_goes_on_for_pinned_cases_and_is_silent_after_a_move(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    other = desk.open("desk", actor="agent.wang").case.number
    version = edited(desk, procedure=WITHOUT_ANSWER)
    move(desk, other, version, drop=["answer"])
    step(desk, number, "2026-03-02T15:00", "look")
    assert told(desk) == ["warn", "late", "later"]
    assert {row.notification.case for row in desk.store.outbox()} == {desk.case(number).id}
    assert desk.case(other).clocks["answer"].status == "cancelled"
    assert desk.case(number).clocks["answer"].breached_at is not None


@planted(FOLLOWED)
def test_17_a_transition_that_stays_where_it_is_outlives_a_renamed_state(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "accept")
    edited(desk, procedure=DESK.replace("working", "at_work"))
    new = desk.open("desk", actor="agent.wang").case.number
    step(desk, new, "2026-03-02T10:30", "accept")
    for case, state in ((number, "working"), (new, "at_work")):
        allowed = [item.action for item in desk.available(case, "agent.wang") if item.allowed]
        assert "touch" in allowed
        assert step(desk, case, "2026-03-02T11:00", "touch").case.states == (state,)


NAMES_MUST_BE_THERE = Bug(
    "history is told by the procedure of now only", "guanjia.model.procedure.Procedure.label",
    lambda real: lambda self, name, language: real(self, name, language) if name != "waiting" or name in self.states else {}[name],
)  # fmt: skip


@planted(NAMES_MUST_BE_THERE)
def test_24_a_history_is_told_after_a_state_in_it_was_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = made(tmp_path / "office")
    assert _guanjia(folder, "open", "desk") == 0
    for action in ("ask", "answered"):
        assert _guanjia(folder, "do", "D-1", action) == 0
    shorter = DESK.replace(", ask: {to: waiting}", "").replace("    pause: waiting\n", "")
    start, end = shorter.index("  waiting:\n"), shorter.index("  done: {final")
    (folder / "procedures/desk.yaml").write_text(shorter[:start] + shorter[end:])
    from guanjia import Engine

    with Engine.at(folder) as desk:
        version = desk.opening("desk").hash
        desk.migrate("D-1", version, actor=SYSTEM, reason="x")
        assert desk.case("D-1").version == version
    capsys.readouterr()
    assert _guanjia(folder, "show", "D-1", "--all") == 0
    assert "new → waiting" in capsys.readouterr().out


def _guanjia(folder: Path, *words: str) -> int:
    return main(["--lang", "en", "--office", str(folder), "--as", "agent.wang", *words])


# -- verdicts, and time used (Jira's reconstruct, Plain's override)


def _judging_anew(real: Any) -> Callable[..., Iterator[Any]]:
    def rejudged(step: Any, before: Program) -> Iterator[Any]:
        for item in real(step, before):
            step.put(replace(step.clocks[item["clock"]], status=item["recalculated"]))
            yield item

    return rejudged


JUDGED_ANEW = Bug("verdicts are given again", "guanjia.core.moving._rejudged", _judging_anew)


@planted(JUDGED_ANEW)
def test_jira_a_verdict_met_under_four_hours_is_not_breached_under_two(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T12:00", "accept")
    (event,) = move(desk, number, edited(desk, procedure=DESK.replace("within: 4h", "within: 2h"))).events
    assert desk.case(number).clocks["answer"].status == "met"
    assert event.data["rejudged"] == [{"clock": "answer", "cycle": 1, "verdict": "met", "recalculated": "breached"}]


COUNTED_ANEW = Bug(
    "time used is counted anew", "guanjia.core.clocks.retarget",
    lambda real: lambda program, definition, clock, aim, now, policy: real(program, definition, clock, aim, now, "keep"),
)  # fmt: skip


@planted(COUNTED_ANEW)
def test_plain_time_used_stays_as_it_was_and_time_left_counts_under_the_new_hours(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    move(desk, number, edited(desk, hours=SHORT), "2026-03-02T11:00", policy="now")
    assert due(desk, number, "answer") == "2026-03-02T15:00"


# -- timers (engine-anchors 21 to 23)

FORGOTTEN = Bug(
    "what has fired is forgotten by a move", "guanjia.core.clocks.retarget",
    lambda real: lambda program, definition, clock, aim, now, policy: real(program, definition, replace(clock, fired=()), aim, now, policy),
)  # fmt: skip
NOTHING = SimpleNamespace(root=SimpleNamespace(delays=()), nodes={})
ARMED_AGAIN = Bug(
    "timers that ran out are made again", "guanjia.core.moving._move_delays",
    lambda real: lambda step, before, policy, was: real(step, NOTHING, policy, was),
)  # fmt: skip


@planted(FORGOTTEN, ARMED_AGAIN)
def test_21_a_timer_that_has_fired_is_not_made_again_by_a_move(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask", visit="2026-03-02 10:30")
    step(desk, number, "2026-03-02T12:00", "look")
    assert told(desk) == ["warn", "warn"]
    move(desk, number, edited(desk, hours=SHORT))
    assert set(desk.case(number).delays) == {"waiting.silent", "waiting.nag"}
    step(desk, number, "2026-03-02T15:45", "look")
    assert told(desk) == ["warn", "warn"]


RESTARTED = Bug(
    "a move starts timers anew", "guanjia.core.step.Step.armed",
    lambda real: lambda self, delay, since, again=False: real(self, delay, self.now, again=again),
)  # fmt: skip


@planted(RESTARTED)
def test_22_a_timer_counts_from_where_it_began_however_often_the_case_is_moved(tmp_path: Path) -> None:
    desk, number = opened(made(tmp_path), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    before = shown(desk.case(number).delays["waiting.silent"].due)
    for day in ("03", "04", "05"):
        move(
            desk,
            number,
            edited(desk, hours=SHORT.replace("holidays: [2026-03-04]", f"holidays: [2027-01-{day}]")),
            f"2026-03-{day}T10:00",
        )
    assert shown(desk.case(number).delays["waiting.silent"].due) == before == "2026-03-10T00:00"


OVERLOOKED = Bug(
    "timers that the new version adds are ignored", "guanjia.core.moving._move_delays",
    lambda real: lambda step, before, policy, was: real(step, step.program, policy, was),
)  # fmt: skip


@planted(OVERLOOKED)
def test_23_a_timer_that_the_new_version_adds_to_the_present_state_is_armed(tmp_path: Path) -> None:
    without = DESK.replace("      silent: {delay: 5 workdays, to: working}\n", "")
    desk, number = opened(made(tmp_path, without), "2026-03-02T09:00")
    step(desk, number, "2026-03-02T10:00", "ask")
    move(desk, number, edited(desk, procedure=DESK), "2026-03-03T09:00")
    assert "waiting.silent" in desk.case(number).delays
    step(desk, number, "2026-03-10T09:00", "look")
    assert desk.case(number).states == ("working",)
