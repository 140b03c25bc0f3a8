"""Schedules from rows: from the planned day and without drift, caught up as they say, never twice, by what was in force then."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, Instant, from_iso, moment
from guanjia.language import OfficeFiles
from guanjia.language.contents import Contents
from guanjia.model.retention import Period
from guanjia.runtime import planning, schedules
from guanjia.runtime.engine import Engine
from guanjia.store import Query

from tests.offices import MONDAY, OFFICE, clock_of, engine, small

ZONE = "Asia/Shanghai"
PROCEDURE = """\
procedure: upkeep
calendar: always
fields: {lift: {type: entry, of: lifts, required: true}, planned: {type: date}}
initial: issued
states:
  issued: {transitions: {done: {to: over}}}
  over: {final: true}
"""
HEAD = """\
registry: lifts
key: code
columns:
  code: {type: text}
  first: {type: date}
  valid: {type: date}
  often: {type: duration}
  goods: {type: boolean, default: false}
rows:
"""


def rows(*lines: str) -> str:
    return HEAD + "".join(f"  - {{{line}}}\n" for line in lines)


def office(folder: Path, schedule: str, registry: str) -> Path:
    more = {
        "registries/lifts.yaml": registry,
        "office.yaml": f"{OFFICE}schedules:\n  plan: {{open: upkeep, each: lifts, {schedule}}}\n",
    }
    return small(folder, PROCEDURE, name="upkeep", more=more)


def opened(desk: Engine) -> list[tuple[str, str]]:
    """(row, planned day) of all cases, in order."""
    cases = [desk.case(row.id) for row in desk.list(Query(open=None, limit=500))]
    return sorted((case.fields["lift"], case.fields["planned"]) for case in cases)


def at(text: str) -> Instant:
    return from_iso(text, ZONE)


def pass_days(desk: Engine, until: str, step: int = HOUR) -> None:
    while desk.clock.now() < at(until):
        clock_of(desk).advance(step)
        assert desk.run_once().problems == ()


def test_each_lift_is_looked_after_every_fifteen_days_from_its_own_day_without_drift(tmp_path: Path) -> None:
    folder = office(tmp_path, "every: 15 days, from: first, planned: planned", rows("code: L1, first: 2026-03-05", "code: L2, first: 2026-02-20", "code: L3"))  # fmt: skip
    assert [it for it in OfficeFiles(folder).check() if it.severity == "error"] == []
    desk = engine(folder)
    desk.run_once()
    pass_days(desk, "2026-04-20T09:00", 7 * HOUR)
    assert opened(desk) == [
        ("L1", "2026-03-05"), ("L1", "2026-03-20"), ("L1", "2026-04-04"), ("L1", "2026-04-19"),
        ("L2", "2026-03-07"), ("L2", "2026-03-22"), ("L2", "2026-04-06"),
    ]  # fmt: skip


@pytest.mark.parametrize(("how", "days"), [("skip", []), ("once", ["2026-04-04"]), ("all", ["2026-03-05", "2026-03-20", "2026-04-04"])])  # fmt: skip
def test_what_was_missed_is_caught_up_row_by_row_as_the_schedule_says(
    tmp_path: Path, how: str, days: Sequence[str]
) -> None:
    lines = ("code: L1, first: 2026-03-05", "code: L2, first: 2026-03-05")
    desk = engine(office(tmp_path, f"every: 15 days, from: first, planned: planned, catch_up: {how}", rows(*lines)))
    desk.run_once()
    clock_of(desk).set(at("2026-04-10T09:00"))
    assert desk.run_once().opened == 2 * len(days)
    # What the case says of itself is the day on which it was opened for; `planned` of what was missed is its own day.
    assert opened(desk) == [(row, day) for row in ("L1", "L2") for day in days]
    assert desk.run_once().opened == 0


def test_a_case_is_opened_a_month_before_a_certificate_ends_and_again_when_it_is_renewed(tmp_path: Path) -> None:
    lifts = rows(
        "code: L1, valid: 2026-05-31", "code: L2, valid: 2026-03-20", "code: L3, valid: 2026-02-01", "code: L4"
    )
    folder = office(tmp_path, "on: valid, before: 1 month, planned: planned", lifts)
    desk = engine(folder)
    assert desk.run_once().opened == 1, "of L2 the day is over, and its certificate is not; L3 is of the past"
    pass_days(desk, "2026-05-01T09:00", 23 * HOUR)
    assert opened(desk) == [("L1", "2026-04-30"), ("L2", "2026-02-20")]
    (folder / "registries/lifts.yaml").write_text(lifts.replace("2026-05-31", "2027-05-31"))
    desk.refresh()
    pass_days(desk, "2026-05-03T09:00", 23 * HOUR)
    assert len(opened(desk)) == 2
    clock_of(desk).set(at("2027-04-30T08:00"))
    desk.run_once()
    assert opened(desk)[1] == ("L1", "2027-04-30")


def test_what_was_planned_is_told_from_the_registry_that_was_in_force_then(tmp_path: Path) -> None:
    """No worker runs for a month; meanwhile somebody takes a lift away and adds another one."""
    folder = office(tmp_path, "every: 15 days, from: first, planned: planned, catch_up: all", rows("code: L1, first: 2026-03-05"))  # fmt: skip
    desk = engine(folder)
    desk.run_once()
    clock_of(desk).set(at("2026-03-25T12:00"))
    (folder / "registries/lifts.yaml").write_text(rows("code: L2, first: 2026-03-10"))
    desk.refresh()
    clock_of(desk).set(at("2026-04-12T12:00"))
    desk.run_once()
    assert opened(desk) == [("L1", "2026-03-05"), ("L1", "2026-03-20"), ("L2", "2026-04-09")]


def test_a_planned_day_of_rest_comes_to_the_working_day_before_or_after(tmp_path: Path) -> None:
    """Saturday the 7th of March; the 4th to the 6th of April are a holiday."""
    lines = ("code: L1, first: 2026-03-07", "code: L2, first: 2026-04-05")
    for how, days in {
        "previous": [("L1", "2026-03-06"), ("L2", "2026-04-03")],
        "next": [("L1", "2026-03-09"), ("L2", "2026-04-07")],
        "skip": [],
    }.items():
        desk = engine(office(tmp_path / how, f"every: 1 year, from: first, planned: planned, calendar: office, on_closed: {how}", rows(*lines)))  # fmt: skip
        desk.run_once()
        pass_days(desk, "2026-04-10T09:00", 11 * HOUR)
        assert opened(desk) == days


def test_rows_say_how_often_and_which_of_them_are_meant(tmp_path: Path) -> None:
    lifts = rows("code: L1, first: 2026-03-03, often: 10 days", "code: L2, first: 2026-03-03, often: 20 days", "code: L3, first: 2026-03-03, often: 5 days, goods: true", "code: L4, first: 2026-03-03")  # fmt: skip
    desk = engine(office(tmp_path, "every: often, from: first, where: not goods, at: '09:30', planned: planned", lifts))
    desk.run_once()
    clock_of(desk).set(at("2026-03-03T09:29"))
    assert desk.run_once().opened == 0
    pass_days(desk, "2026-03-24T10:00", 30 * MINUTE)
    assert opened(desk) == [("L1", "2026-03-03"), ("L1", "2026-03-13"), ("L1", "2026-03-23"), ("L2", "2026-03-03"), ("L2", "2026-03-23")]  # fmt: skip


def test_the_first_working_day_of_a_month_opens_a_case_for_each_row(tmp_path: Path) -> None:
    desk = engine(office(tmp_path, "cron: 0 8 1 * *, calendar: office, on_closed: next, planned: planned", rows("code: L1", "code: L2")))  # fmt: skip
    desk.run_once()
    pass_days(desk, "2026-05-08T09:00", 5 * HOUR)
    assert opened(desk) == [(row, day) for row in ("L1", "L2") for day in ("2026-04-01", "2026-05-06")]


def test_however_clocks_jump_and_whoever_looks_each_row_has_each_planned_day_once(tmp_path: Path) -> None:
    """Against the plain rule, day by day: the days that lie between the first and the last look, each once."""
    dice = random.Random(20)
    for number in range(3):
        often, first = dice.choice([1, 2, 15]), date(2026, 3, dice.randint(1, 28))
        folder = office(tmp_path / str(number), f"every: {often} days, from: first, planned: planned, catch_up: all", rows(f"code: L1, first: {first}"))  # fmt: skip
        one = engine(folder)
        two, latest = engine(folder, store=one.store), MONDAY
        one.run_once()
        for _ in range(25):
            desk = dice.choice((one, two))
            clock_of(desk).set(latest + dice.choice([-20 * HOUR, -3 * MINUTE, 0, SECOND, 5 * HOUR, 3 * DAY]))
            latest = max(latest, desk.clock.now())
            assert desk.run_once().problems == ()
        for desk in (one, two):
            clock_of(desk).set(latest)
            desk.run_once()
        last = moment(latest - 8 * HOUR, ZONE).date()
        days = [first + timedelta(days=often * times) for times in range(500)]
        assert [day for _, day in opened(one)] == [str(day) for day in days if date(2026, 3, 2) < day <= last], number


def test_periods_are_counted_from_the_first_day_whatever_the_length_of_months() -> None:
    january = date(2026, 1, 31)
    assert [str(Period.parse("1 month").later(january, times)) for times in range(4)] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]  # fmt: skip
    assert Period.parse("1 year").later(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert Period.parse("1 month").later(date(2026, 3, 31), -1) == date(2026, 2, 28)


def test_a_row_that_cannot_be_opened_holds_up_no_other(tmp_path: Path) -> None:
    folder = office(tmp_path, "every: 15 days, from: first, planned: planned", rows("code: L1, first: 2026-03-05", "code: L2, first: 2026-03-05"))  # fmt: skip
    procedure = folder / "procedures/upkeep.yaml"
    procedure.write_text(
        procedure.read_text().replace(
            "planned: {type: date}", "planned: {type: date}, code: {type: text, required: true}"
        )
    )
    desk = engine(folder)
    desk.run_once()
    clock_of(desk).set(at("2026-03-05T09:00"))
    assert [it.partition(": ")[0] for it in desk.run_once().problems] == [
        "schedule:plan:L1:2026-03-05",
        "schedule:plan:L2:2026-03-05",
    ]
    procedure.write_text(procedure.read_text().replace("required: true}}", "default: x}}"))
    desk.refresh()
    assert desk.run_once().opened == 2
    assert desk.run_once().opened == 0


def test_whoever_opens_an_office_that_was_in_order_reads_no_procedure_for_its_schedules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office(tmp_path, "every: 15 days, from: first", rows("code: L1, first: 2026-03-05"))
    Engine.at(folder).close()
    read: list[str] = []
    monkeypatch.setattr(Contents, "_roots", property(lambda contents: read.append("procedures") or {}))
    Engine.at(folder).close()
    assert read == []
    monkeypatch.undo()
    (folder / "office.yaml").write_text((folder / "office.yaml").read_text().replace("from: first", "from: frist"))
    with Engine.at(folder) as desk:  # which goes on by what office.yaml said before
        assert [finding.file for finding in desk.files.leaning] == ["office.yaml"]
        assert "frist" not in str(desk.office.schedules)


def test_a_round_that_has_nothing_to_open_reckons_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker asks every second: what is planned next is looked for once a day, once for each opening, and when files change."""
    folder = office(tmp_path, "every: 1 day, from: first, planned: planned", rows("code: L1, first: 2026-03-05"))
    with (folder / "office.yaml").open("a") as file:
        file.write("  yearly: {open: upkeep, cron: 0 9 1 7 *, with: {lift: L1}}\n")
    desk, asked = engine(folder), list[Instant]()
    desk.run_once()

    def counted(*given: object) -> list[planning.Planned]:
        asked.append(desk.clock.now())
        return planning.planned(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(schedules, "planned", counted)
    pass_days(desk, "2026-03-05T08:01", MINUTE)
    assert len(opened(desk)) == 1
    assert len(asked) < 20, "thousands of rounds went by"
    asked.clear()
    (folder / "registries/lifts.yaml").write_text(rows("code: L1, first: 2026-03-05", "code: L2, first: 2026-03-05"))
    desk.refresh()
    pass_days(desk, "2026-03-07T08:00", MINUTE)
    assert opened(desk) == [("L1", "2026-03-05"), ("L1", "2026-03-06"), ("L1", "2026-03-07"), ("L2", "2026-03-05"), ("L2", "2026-03-06"), ("L2", "2026-03-07")]  # fmt: skip
    assert len(asked) < 20
