"""Working time as people live it: the published year of China, and what users of other systems reported as broken.

Tests named after a letter and a number tell a failure of another system that must not be ours.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from guanjia.calendars import Calendar, CalendarError, compile_calendar, flatten
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
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


# -- what users of other systems reported


def test_C1_a_calendar_around_the_clock_does_not_close_for_a_minute_at_midnight() -> None:
    """zammad #3180, zendesk/biz #68"""
    around = calendar({"mon-sun": ["00:00-24:00"]}, "Europe/Berlin")
    start = at("2026-03-02T23:30", "Europe/Berlin")
    assert around.between(start, start + 400 * DAY) == 400 * DAY
    assert around.add(start, 365 * DAY) == start + 365 * DAY
    midnight = at("2026-03-03T00:00", "Europe/Berlin")
    assert all(around.is_open(midnight + n * MINUTE // 4) for n in range(-8, 9))


def test_C2_a_calendar_that_lost_its_hours_is_refused_and_never_asked_for_a_deadline() -> None:
    """zammad #1395 (every save fails), osTicket PR #4807 (all days off: 150 days)"""
    without: list[dict[str, Any]] = [
        {"zone": SHANGHAI},
        {"zone": SHANGHAI, "workdays": ["2026-10-10"]},
        {"zone": SHANGHAI, "week": {"mon-fri": ["09:00-17:00"]}, "holidays": ["01-01..12-31"]},
    ]
    for data in without:
        with pytest.raises(CalendarError, match="no working time"):
            flatten("lost", {"lost": data})
    with pytest.raises(CalendarError, match="no working time"):
        compile_calendar({"zone": SHANGHAI, "week": [[]] * 7})


def test_C2_time_that_can_hardly_be_found_ends_in_a_sentence() -> None:
    rare = calendar({"mon": ["09:00-09:01"]}, holidays=["01-01..12-30"])
    assert shown(rare.add(at("2026-01-01T00:00"), MINUTE)) == "2029-12-31T09:01"
    for impossible in (
        lambda: rare.add(at("2026-01-01T00:00"), HOUR * 1000),
        lambda: rare.sub(at("2026-01-01T00:00"), HOUR * 1000),
        lambda: rare.next_open(at("2200-12-31T12:00")),
        lambda: rare.add_days(at("2026-01-01T00:00"), 1000, working=True),
        lambda: rare.add_days(at("2026-01-01T00:00"), -1000, working=True),
        lambda: rare.between(-(10**20), 10**20),
    ):
        with pytest.raises(CalendarError, match="from 1900 to 2200"):
            impossible()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland", "Asia/Shanghai"])
def test_C3_a_holiday_is_the_local_day_east_and_west_of_greenwich(zone: str) -> None:
    """zammad #3706"""
    around = calendar({"mon-sun": ["00:00-24:00"]}, zone, holidays={"2026-07-04": "Independence Day"})
    assert shown(around.next_open(at("2026-07-04T00:00", zone)), zone) == "2026-07-05T00:00"
    assert around.is_open(at("2026-07-04T00:00", zone) - 1)
    assert around.between(at("2026-07-03T00:00", zone), at("2026-07-06T00:00", zone)) == 2 * DAY


def test_C3_a_day_off_that_stretches_a_deadline_can_be_explained_by_its_name() -> None:
    """zammad #390"""
    assert OFFICE.kind_of(date(2026, 6, 19)) == ("holiday", "端午节")
    assert OFFICE.kind_of(date(2026, 6, 22)) == ("", "")


def test_C5_an_hour_before_a_deadline_of_the_next_day_is_an_hour_before_it_and_not_midnight() -> None:
    """glpi PR #22678"""
    each = calendar({"mon-fri": ["08:00-18:00"]}, "Europe/Paris")
    due = each.add(at("2026-03-02T17:00", "Europe/Paris"), 4 * HOUR)
    assert shown(due, "Europe/Paris") == "2026-03-03T11:00"
    assert shown(each.sub(due, HOUR), "Europe/Paris") == "2026-03-03T10:00"


def test_C6_the_hour_that_is_skipped_or_repeated_is_counted_as_it_passes() -> None:
    """fivetran/dbt_zendesk #25, chatwoot #2882, zendesk/biz PR #37"""
    zone = "Europe/Berlin"
    night = calendar({"mon-sun": ["22:00-06:00"]}, zone)
    lengths = {"2026-03-27": 8, "2026-03-28": 7, "2026-10-23": 8, "2026-10-24": 9}
    for day, hours in lengths.items():
        begin = at(f"{day}T22:00", zone)
        assert night.between(begin, begin + 12 * HOUR) == hours * HOUR
        assert shown(night.add(begin, hours * HOUR), zone)[11:] == "06:00"
    early = calendar({"sun": ["02:30-05:00"]}, zone)
    assert early.next_open(at("2026-03-29T00:00", zone)) == at("2026-03-29T03:00", zone), "begins with the jump"
    assert early.between(at("2026-10-25T00:00", zone), at("2026-10-25T12:00", zone)) == 3 * HOUR + 30 * MINUTE
    late = calendar({"sun": ["01:00-02:00"]}, zone)
    assert late.between(at("2026-10-25T00:00", zone), at("2026-10-25T12:00", zone)) == HOUR


def test_C6_a_change_of_the_clock_that_is_no_summer_time_is_followed_too() -> None:
    """zendesk/biz PR #160: Casablanca sets its clock back for Ramadan"""
    zone = "Africa/Casablanca"
    each = calendar({"mon-sun": ["00:00-24:00"]}, zone)
    assert each.between(at("2026-02-15T00:00", zone), at("2026-02-16T00:00", zone)) == 25 * HOUR
    assert each.between(at("2026-03-22T00:00", zone), at("2026-03-23T00:00", zone)) == 23 * HOUR


def test_C7_a_deadline_does_not_depend_on_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """frappe/helpdesk PR #3776"""
    found = set()
    for zone in ("Asia/Shanghai", "America/New_York", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        fresh = compile_calendar(flatten("office", SHIPPED))
        found.add(
            (fresh.add(at("2026-02-13T17:45"), 30 * MINUTE), fresh.add_days(at("2026-02-13T23:30"), 2, working=True))
        )
    monkeypatch.undo()
    time.tzset()
    assert [tuple(map(shown, each)) for each in found] == [("2026-02-14T08:45", "2026-02-25T00:00")]


def test_C8_a_make_up_sunday_is_worked_and_a_short_day_is_short() -> None:
    """zendesk/biz #142 (2019-04-28), #103, #122; rickar/cal #106"""
    each = calendar(
        DAYTIME,
        holidays={"2019-05-01..2019-05-04": "劳动节"},
        workdays=["2019-04-28", "2019-05-05"],
        short_days={"2019-04-30": ["09:00-12:00"], "2019-04-27": ["09:00-12:00"]},
    )
    sunday = at("2019-04-28T00:00")
    assert each.is_workday(date(2019, 4, 28))
    assert each.next_open(sunday) == at("2019-04-28T09:00")
    assert each.between(sunday, sunday + DAY) == 7 * HOUR
    assert shown(each.add(at("2019-04-30T11:00"), 2 * HOUR)) == "2019-05-05T10:00"
    assert not each.is_workday(date(2019, 4, 27)), "a short day opens no Saturday"
    assert each.kind_of(date(2019, 4, 30)) == ("short day", "")
    assert each.kind_of(date(2019, 4, 27)) == ("closed", "")


def test_C9_the_lunch_break_does_not_count() -> None:
    """chatwoot #14009, frappe/helpdesk #2212, osTicket #6847"""
    each = calendar(DAYTIME)
    assert shown(each.add(at("2026-03-02T11:30"), HOUR)) == "2026-03-02T13:30"
    assert shown(each.add(at("2026-03-02T12:15"), HOUR)) == "2026-03-02T14:00"
    assert not each.is_open(at("2026-03-02T12:00"))


def test_C9_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    """seppemans/businesstimedelta #5"""
    night = calendar({"mon-fri": ["22:00-06:00"]}, holidays=["2026-03-04"])
    assert night.is_open(at("2026-03-04T05:59")), "Tuesday's shift ends on the holiday"
    assert not night.is_open(at("2026-03-04T23:00"))
    assert not night.is_open(at("2026-03-05T03:00"))
    assert night.is_open(at("2026-03-07T05:00")), "Friday's shift ends on Saturday"
    assert not night.is_workday(date(2026, 3, 7))
    assert shown(night.add(at("2026-03-06T21:00"), 9 * HOUR)) == "2026-03-09T23:00"
    new_year = at("2026-12-31T22:00")
    assert night.add(new_year, 8 * HOUR) == new_year + 8 * HOUR


def test_C10_an_hour_from_half_an_hour_before_the_weekend_ends_on_monday() -> None:
    """chatwoot PR #13392"""
    each = calendar({"mon-fri": ["09:00-17:00"]}, "America/New_York")
    assert shown(each.add(at("2026-03-06T16:30", "America/New_York"), HOUR), "America/New_York") == "2026-03-09T09:30"


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
instants = st.integers(at("2005-01-01T00:00"), at("2045-01-01T00:00"))
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


def test_adding_ten_years_does_not_cost_more_than_ten_times_what_adding_an_hour_does() -> None:
    """Stepping from day to day would cost a thousand times as much."""
    starts = [at("2026-01-05T00:00") + n * 7 * HOUR for n in range(500)]

    def seconds(span: int) -> float:
        def once() -> float:
            begun = time.perf_counter()
            for start in starts:
                OFFICE.add(start, span)
            return time.perf_counter() - begun

        return min(once() for _ in range(7))

    assert seconds(23_000 * HOUR) < 10 * seconds(HOUR)
