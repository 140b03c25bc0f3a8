"""Working time as people live it: the published years of China, where an amount ends, and the laws that hold for every calendar.

What users of other systems report as broken stands in tests/anchors/test_calendar_anchors.py.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from guanjia.calendars import Calendar, compile_calendar, flatten
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso, moment
from guanjia.language import read_yaml
from hypothesis import given, settings, strategies as st

ROOT = Path(__file__).parents[2]
SHIPPED = {
    path.stem: read_yaml(path.read_text("utf-8"), path.name).data for path in (ROOT / "calendars").glob("*.yaml")
}
OFFICE = compile_calendar(flatten("office", SHIPPED))
SHANGHAI = "Asia/Shanghai"


def calendar(week: dict[str, Any], zone: str = SHANGHAI, **more: Any) -> Calendar:
    return compile_calendar(flatten("test", {"test": {"zone": zone, "week": week, **more}}))


def at(text: str, zone: str = SHANGHAI) -> int:
    return from_iso(text, zone)


def shown(when: int, zone: str = SHANGHAI) -> str:
    return iso(when, zone)[:16]


# -- the shipped calendars

OFF = {
    2025: ["01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02", "10-01..10-08"],
    2026: ["01-01..01-03", "02-15..02-23", "04-04..04-06", "05-01..05-05", "06-19..06-21", "09-25..09-27", "10-01..10-07"],
}  # fmt: skip
ON = {
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_office_works_on_exactly_the_days_that_the_state_council_has_published(year: int) -> None:
    off = set()
    for written in OFF[year]:
        first, _, last = written.partition("..")
        day = date.fromisoformat(f"{year}-{first}")
        while day <= date.fromisoformat(f"{year}-{last or first}"):
            off.add(day)
            day += timedelta(days=1)
    on = {date.fromisoformat(f"{year}-{day}") for day in ON[year]}
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    worked = [day for day in days if day in on or (day.weekday() < 5 and day not in off)]
    assert [day for day in days if OFFICE.is_workday(day)] == worked
    assert len(worked) == 248
    for day in worked:
        begin = at(f"{day}T00:00")
        assert OFFICE.next_open(begin) == begin + 8 * HOUR + 30 * MINUTE
        assert OFFICE.between(begin, begin + DAY) == 9 * HOUR + 30 * MINUTE
    assert all(OFFICE.kind_of(day) == ("workday", "") for day in on)
    assert all(kind == "holiday" and name for kind, name in map(OFFICE.kind_of, off))


def test_two_workdays_before_the_spring_festival_reach_over_it() -> None:
    friday = at("2026-02-13T17:00")
    assert shown(OFFICE.add_days(friday, 1, working=True)) == "2026-02-15T00:00"
    assert shown(OFFICE.add_days(friday, 2, working=True)) == "2026-02-25T00:00"
    assert OFFICE.is_workday(date(2026, 2, 24))


def test_the_first_workdays_after_the_national_day() -> None:
    start = at("2026-09-30T17:00")
    assert shown(OFFICE.add_days(start, 1, working=True) - 1) == "2026-10-08T23:59"
    assert shown(OFFICE.add_days(start, 3, working=True) - 1) == "2026-10-10T23:59"
    assert shown(OFFICE.add_days(start, 4, working=True) - 1) == "2026-10-12T23:59"
    assert shown(OFFICE.add(start, 2 * HOUR)) == "2026-10-08T09:30"


def test_ten_days_are_not_ten_workdays() -> None:
    start = at("2026-09-25T10:00")
    assert shown(OFFICE.add_days(start, 10, working=False)) == "2026-10-06T00:00"
    assert shown(OFFICE.add_days(start, 10, working=True)) == "2026-10-16T00:00"


def test_a_deadline_in_a_year_that_is_not_published_is_provisional() -> None:
    assert not OFFICE.provisional(at("2025-01-01T00:01"))
    assert not OFFICE.provisional(at("2027-01-01T00:00")), "the end of 31 December 2026"
    assert OFFICE.provisional(at("2027-01-01T00:00") + 1)
    assert OFFICE.provisional(OFFICE.add_days(at("2026-12-30T10:00"), 3, working=True))
    assert OFFICE.provisional(at("2024-06-01T12:00"))
    assert not calendar({"mon": ["09:00-10:00"]}).provisional(at("2099-06-01T12:00"))
    assert not compile_calendar({"zone": SHANGHAI, "always": True}).provisional(at("2099-06-01T12:00"))


def test_a_year_that_is_not_published_has_weekends_and_the_days_that_are_fixed_by_law() -> None:
    closed = [day for n in range(365) if not OFFICE.is_workday(day := date(2027, 1, 1) + timedelta(days=n))]
    fixed = [day.isoformat()[5:] for day in closed if day.weekday() < 5]
    assert fixed == ["01-01", "10-01"]
    assert OFFICE.kind_of(date(2027, 5, 1)) == ("holiday", "劳动节")
    assert OFFICE.kind_of(date(2027, 10, 3)) == ("holiday", "国庆节")


# -- where an amount ends

DAYTIME = {"mon-fri": ["09:00-12:00", "13:00-17:00"]}


def test_an_amount_that_ends_at_closing_time_ends_there_and_not_at_the_next_opening() -> None:
    assert shown(calendar(DAYTIME).add(at("2026-03-06T16:00"), HOUR)) == "2026-03-06T17:00"
    assert shown(calendar(DAYTIME).sub(at("2026-03-09T10:00"), HOUR)) == "2026-03-06T17:00"


def test_no_time_moves_nothing_even_outside_working_hours() -> None:
    saturday = at("2026-03-07T03:00")
    for each in (calendar(DAYTIME), OFFICE):
        assert each.add(saturday, 0) == each.sub(saturday, 0) == saturday
        assert each.add_days(saturday, 0, working=True) == saturday


def test_the_day_of_the_start_does_not_count_unless_it_is_asked_for() -> None:
    tuesday = at("2026-03-03T00:00")
    assert shown(OFFICE.add_days(tuesday, 1, working=True)) == "2026-03-05T00:00"
    assert shown(OFFICE.add_days(tuesday, 1, working=True, first_day_counts=True)) == "2026-03-04T00:00"


def test_workdays_before_a_deadline_are_ends_of_days_before_it() -> None:
    friday_night = at("2026-03-07T00:00")
    assert shown(OFFICE.add_days(friday_night, -1, working=True)) == "2026-03-06T00:00"
    assert shown(OFFICE.add_days(friday_night - HOUR, -1, working=True)) == "2026-03-06T00:00"
    assert shown(OFFICE.add_days(at("2026-03-09T12:00"), -1, working=True)) == "2026-03-07T00:00"


def test_hours_on_a_calendar_that_never_closes_are_plain_hours() -> None:
    always = compile_calendar({"zone": "Europe/Berlin", "always": True})
    start = at("2026-03-28T12:00", "Europe/Berlin")
    assert (always.name, always.zone) == ("always", "Europe/Berlin")
    assert always.add(start, DAY) == start + DAY
    assert always.sub(start, DAY) == start - DAY
    assert always.between(start, start + 5) == 5
    assert always.is_open(start)
    assert always.next_open(start) == start
    assert always.is_workday(date(2026, 12, 25))
    assert always.kind_of(date(2026, 12, 25)) == ("", "")
    assert shown(always.add_days(start, 1, working=True), "Europe/Berlin") == "2026-03-30T00:00"


# -- laws that hold for every calendar

CALENDARS = [
    OFFICE,
    calendar(DAYTIME, "Europe/Berlin", holidays=["12-24..12-26", "01-01"]),
    calendar({"mon-sat": ["06:00-14:00", "22:00-06:00"]}, "America/New_York"),
    calendar({"mon-sun": ["00:00-24:00"]}, "Australia/Lord_Howe"),
    calendar({"sun": ["23:59-24:00"]}, "Africa/Casablanca"),
    compile_calendar({"zone": "America/St_Johns", "always": True}),
]
some = st.sampled_from(CALENDARS)
instants = st.integers(at("2020-01-01T00:00"), at("2060-01-01T00:00"))
unhurried = settings(deadline=None)
spans = st.one_of(st.integers(1, 3 * HOUR), st.integers(1, 3000).map(lambda n: n * MINUTE))


@unhurried
@given(some, instants, spans)
def test_between_measures_exactly_what_was_added_or_taken_off(each: Calendar, start: int, span: int) -> None:
    later, earlier = each.add(start, span), each.sub(start, span)
    assert each.between(start, later) == span == each.between(earlier, start)
    assert each.between(start, later - 1) == span - 1, "no earlier instant will do"
    assert each.between(earlier - 1, start) == span + 1, "no earlier instant will do"


@unhurried
@given(some, instants, spans, spans)
def test_time_added_in_two_steps_is_the_time_added_in_one(each: Calendar, start: int, one: int, two: int) -> None:
    assert each.add(each.add(start, one), two) == each.add(start, one + two)
    assert each.sub(each.sub(start, one), two) == each.sub(start, one + two)


@unhurried
@given(some, instants, instants, instants)
def test_measuring_over_a_point_is_measuring_to_it_and_from_it(each: Calendar, a: int, b: int, c: int) -> None:
    a, b, c = sorted((a, b, c))
    assert each.between(a, c) == each.between(a, b) + each.between(b, c)
    assert each.between(c, a) == 0


@unhurried
@given(some, instants, st.integers(1, 400), st.booleans(), st.booleans())
def test_as_many_days_are_counted_as_were_added(each: Calendar, start: int, n: int, working: bool, whole: bool) -> None:
    end = each.add_days(start, n, working=working, first_day_counts=whole)
    assert each.days_between(start, end, working=working, first_day_counts=whole) == n
    assert each.days_between(start, end - 1, working=working, first_day_counts=whole) == n - 1
    assert each.days_between(end, start, working=working) == 0
    back = each.add_days(end, -n, working=working)
    assert back < end
    assert each.days_between(back, end, working=working, first_day_counts=True) == n, "back is where a day begins"


@unhurried
@given(some, instants)
def test_what_is_open_next_is_open_and_nothing_before_it_is(each: Calendar, start: int) -> None:
    opening = each.next_open(start)
    assert each.is_open(opening)
    assert each.between(start, opening) == 0
    assert each.between(opening, opening + 1) == 1


def test_many_threads_get_the_same_answers_from_one_calendar() -> None:
    def deadlines(each: Calendar) -> list[int]:
        starts = [at(f"{year}-06-01T10:00") for year in range(1990, 2060)]
        return [each.add(start, 3000 * HOUR) for start in (*starts, *reversed(starts))]

    alone, shared = (
        deadlines(compile_calendar(flatten("office", SHIPPED))),
        compile_calendar(flatten("office", SHIPPED)),
    )
    with ThreadPoolExecutor(4) as threads:
        assert all(found == alone for found in threads.map(deadlines, [shared] * 4))


def test_adding_ten_years_looks_at_ten_years_and_at_no_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stepping from day to day would cost hundreds of times as much; what it does cost is measured by `make bench`."""
    each, start = compile_calendar(flatten("office", SHIPPED)), at("2026-01-05T10:00")
    ends = each.add(start, 23_000 * HOUR)
    looked: list[int] = []
    real = Calendar._year
    monkeypatch.setattr(Calendar, "_year", lambda self, number: looked.append(number) or real(self, number))
    monkeypatch.setattr(Calendar, "_lay", None)
    assert each.add(start, 23_000 * HOUR) == ends
    assert looked == list(range(2026, moment(ends, SHANGHAI).year + 1))
    assert len(looked) == 10
