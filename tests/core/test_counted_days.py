"""Limits of clocks and delays in days, counted in other ways than usual: by the calendar's choice or by their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import from_iso

from tests.core.test_clocks import MON, at, run, text
from tests.offices import clock_of, engine, small

WAITS = "  solve: {start: open, pause: waiting, stop: done, target: {within: %s}}\n"
TABLE = [
    # March 2026: the 2nd is a Monday. October 2026: 1st to 7th off, Saturday the 10th is worked.
    ("the first day counts", "3 workdays, counting: {first_day: true}", [f"{MON}T09:00 open"], "2026-03-05T00:00"),
    ("a pause on the first day takes it not back", "3 workdays, counting: {first_day: true}",
     [f"{MON}T09:00 open", f"{MON}T10:00 ask", f"{MON}T11:00 answered"], "2026-03-05T00:00"),
    ("a day of pausing counts", "3 workdays, counting: {pause_day: true}",
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-06T10:00 answered"], "2026-03-10T00:00"),
    ("a day of going on does not", "3 workdays, counting: {resume_day: false}",
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-06T10:00 answered"], "2026-03-12T00:00"),
    ("paused and gone on with within a day, the day counts once", "3 workdays, counting: {pause_day: true}",
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-03T11:00 answered", "2026-03-03T12:00 ask",
      "2026-03-03T13:00 answered"], "2026-03-06T00:00"),
    ("or not at all", "3 workdays, counting: {resume_day: false}",
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-03T11:00 answered"], "2026-03-07T00:00"),
    ("paused on the last day, which counts, it is due as the day ends on which it goes on", "1 workday, counting: {pause_day: true}",
     [f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-05T10:00 answered"], "2026-03-06T00:00"),
    ("days that end on a rest day go on to the next working day", "5 days, counting: {roll_over: true}",
     [f"{MON}T09:00 open"], "2026-03-10T00:00"),
    ("as the Civil Code has it", "10 days, counting: civil_code", ["2026-09-25T10:00 open"], "2026-10-08T18:00"),
    ("like it, but to midnight", "10 days, counting: {like: civil_code, ends: midnight}", ["2026-09-25T10:00 open"],
     "2026-10-09T00:00"),
    ("paused on the rest days before its last one, it is due as the first day ends", "5 days, counting: civil_code",
     [f"{MON}T09:00 open", "2026-03-08T10:00 ask", "2026-03-11T10:00 answered"], "2026-03-11T18:00"),
    ("a limit of hours inside has no days to count", "4h", [f"{MON}T17:00 open"], "2026-03-03T11:30"),
    ("a workday more goes on from the days, not from where they rolled to", "5 days, counting: civil_code",
     [f"{MON}T09:00 open", f"{MON}T09:10 accept", f"{MON}T10:00 more"], "2026-03-10T18:00"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "within", "steps", "due"), TABLE, ids=[row[0] for row in TABLE])
def test_a_limit_is_due(tmp_path: Path, claim: str, within: str, steps: list[str], due: str) -> None:
    _, case = run(tmp_path, WAITS % within, *steps)
    assert at(case.clocks["solve"].due) == due


def test_a_shorter_limit_that_rolls_over_may_still_be_kept_when_it_comes_to_hold(tmp_path: Path) -> None:
    """Five days from Monday end on Saturday, so they end on the next Monday, and that is to come on Sunday still."""
    sla = """
  solve:
    start: open
    stop: done
    target: [{guard: severity == 'critical', within: 5 days, counting: civil_code}, {within: 20 days}]
"""
    _, case = run(tmp_path, sla, f"{MON}T09:00 open", "2026-03-08T12:00 edit severity=critical")
    clock = case.clocks["solve"]
    assert at(clock.due) == "2026-03-09T18:00"
    assert clock.breached_at is None


def test_what_is_measured_anew_leaves_out_the_same_days(tmp_path: Path) -> None:
    """Started on Monday, paused from Tuesday to Friday: neither counts where a day of going on does not."""
    counting = "counting: {resume_day: false}"
    sla = f"""
  solve:
    start: open
    pause: waiting
    stop: done
    target: [{{guard: severity == 'critical', within: 4 workdays, {counting}}}, {{within: 3 workdays, {counting}}}]
"""
    steps = (f"{MON}T09:00 open", "2026-03-03T10:00 ask", "2026-03-06T10:00 answered")
    _, case = run(tmp_path, sla, *steps)
    assert at(case.clocks["solve"].due) == "2026-03-12T00:00"
    _, case = run(tmp_path, sla, *steps, "2026-03-09T11:00 edit severity=critical")
    assert at(case.clocks["solve"].due) == "2026-03-13T00:00"


def test_an_office_counts_all_its_limits_as_its_calendar_says(tmp_path: Path) -> None:
    sla = "  solve: {start: open, stop: done, target: [{guard: severity == 'critical', within: 5 days, counting: {roll_over: false}}, {within: 5 days}]}\n"
    folder = small(tmp_path, text(sla))
    office = folder / "calendars" / "office.yaml"
    office.write_text(office.read_text() + "counting: {roll_over: true}\n")
    desk = engine(folder)
    clock_of(desk).set(from_iso(f"{MON}T09:00", "Asia/Shanghai"))
    usual = desk.open("desk", actor="agent.wang").case
    exception = desk.open("desk", actor="agent.wang", severity="critical").case
    assert at(usual.clocks["solve"].due) == "2026-03-10T00:00"
    assert at(exception.clocks["solve"].due) == "2026-03-08T00:00"


def test_a_delay_counts_its_days_its_own_way(tmp_path: Path) -> None:
    after = """after:
  lapse: {delay: 5 days, counting: civil_code, to: dropped}
  daily: {every: 1 workday, counting: {ends: closing, first_day: true}, do: [{log: daily}]}
"""
    desk = engine(small(tmp_path, text("").replace("sla:", after)))
    clock_of(desk).set(from_iso(f"{MON}T09:00", "Asia/Shanghai"))
    case = desk.open("desk", actor="agent.wang").case
    assert at(case.delays["desk.lapse"].due) == "2026-03-09T18:00"
    clock_of(desk).set(from_iso("2026-03-05T00:00", "Asia/Shanghai"))
    desk.run_once()
    daily = [at(event.occurred_at) for event in desk.history(case.id) if event.name.endswith("daily")]
    assert daily == [f"{MON}T18:00", "2026-03-03T18:00", "2026-03-04T18:00"]


def test_the_account_of_a_limit_tells_the_days_that_count_and_why_the_others_do_not(tmp_path: Path) -> None:
    """From Friday on: that day does not count; the tenth after it lies in the holiday week, so the 8th is the last instead."""
    desk, case = run(tmp_path, WAITS % "10 days, counting: civil_code", "2026-09-25T10:00 open")
    (ran,) = desk.why(case.id, "solve").stretches
    assert ran.used == 10
    assert [(spent.day.date.day, spent.day.skip) for spent in ran.days if not spent.used] == [
        (25, "start"), (6, "over"), (7, "over"), (8, "over"),
    ]  # fmt: skip
    assert [spent.day.name for spent in ran.days[6:9]] == ["国庆节"] * 3
