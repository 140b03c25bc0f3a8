"""Windows in which time stands still or runs slower, as people live them. The exact rules are proven beside the oracle."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from guanjia.calendars import Calendar, CalendarError, compile_calendar
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso

ZONE = "Asia/Shanghai"
WEEK = [[[540, 720], [780, 1020]]] * 5 + [[], []]


def at(text: str) -> int:
    return from_iso(text, ZONE)


def shown(when: int) -> str:
    return iso(when, ZONE)[:16]


def window(since: str, until: str, factor: int | None = None) -> dict[str, Any]:
    return {"from": at(since), "to": at(until), "factor": factor, "reason": "台风"}


def office(*suspended: dict[str, Any]) -> Calendar:
    return compile_calendar({"name": "office", "zone": ZONE, "week": WEEK, "suspended": list(suspended)})


def always(*suspended: dict[str, Any]) -> Calendar:
    return compile_calendar({"name": "always", "zone": ZONE, "always": True, "suspended": list(suspended)})


def test_no_working_time_passes_while_time_stands_still() -> None:
    calendar = office(window("2026-03-03T10:00", "2026-03-04T14:00"))
    start = at("2026-03-03T09:00")
    assert shown(calendar.add(start, HOUR)) == "2026-03-03T10:00"
    assert shown(calendar.add(start, 2 * HOUR)) == "2026-03-04T15:00"
    assert calendar.between(start, at("2026-03-04T14:00")) == HOUR
    assert not calendar.is_open(at("2026-03-03T11:00"))
    assert shown(calendar.next_open(at("2026-03-03T11:00"))) == "2026-03-04T14:00"


def test_around_the_clock_time_stands_still_too() -> None:
    calendar = always(window("2026-03-03T10:00", "2026-03-04T14:00"))
    assert shown(calendar.add(at("2026-03-03T09:00"), 2 * HOUR)) == "2026-03-04T15:00"
    assert calendar.between(at("2025-01-01"), at("2027-01-01")) == 730 * DAY - 28 * HOUR
    assert not calendar.is_open(at("2026-03-03T11:00"))


def test_a_day_counts_when_time_runs_as_it_ends() -> None:
    """Stood still from Tuesday 14:00 to Thursday 24:00: Tuesday, Wednesday and Thursday do not count, Friday does."""
    calendar = office(window("2026-03-03T14:00", "2026-03-06T00:00"))
    monday = at("2026-03-02T10:00")
    assert shown(calendar.add_days(monday, 1, working=True)) == "2026-03-07T00:00"
    assert shown(calendar.add_days(monday, 3, working=False)) == "2026-03-09T00:00"
    assert calendar.days_between(monday, at("2026-03-07T00:00"), working=False) == 1
    assert shown(calendar.add_days(at("2026-03-09T00:00"), -2, working=True)) == "2026-03-03T00:00"
    assert [calendar.is_workday(date(2026, 3, day)) for day in range(2, 7)] == [True, False, False, False, True]


def test_a_window_that_is_over_before_the_evening_costs_no_day() -> None:
    calendar = office(window("2026-03-03T08:00", "2026-03-03T17:00"))
    assert shown(calendar.add_days(at("2026-03-02T10:00"), 1, working=True)) == "2026-03-04T00:00"
    assert calendar.is_workday(date(2026, 3, 3))
    assert calendar.between(at("2026-03-03T00:00"), at("2026-03-04T00:00")) == 0


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_limit_inside_a_slower_window_is_multiplied(factor: int) -> None:
    slow = window("2026-03-02T00:00", "2026-06-01T00:00", factor)
    start = at("2026-03-02T09:00")
    for plain, calendar in ((office(), office(slow)), (always(), always(slow))):
        for span in (MINUTE, 90 * MINUTE, 8 * HOUR):
            assert calendar.add(start, span) == plain.add(start, factor * span)
        for n in (1, 2, 5):
            for working in (False, True):
                whole = plain.add_days(start, factor * n - 1, working=working)
                assert calendar.add_days(start, n, working=working, first_day_counts=True) == whole


def test_outside_of_its_windows_a_calendar_is_as_it_was() -> None:
    calendar = office(window("2026-03-03T10:00", "2026-03-04T14:00"), window("2026-05-01T00:00", "2026-05-03T00:00", 2))
    for text in ("2025-07-01T10:00", "2026-03-04T14:00", "2026-06-01T03:00", "2027-01-01T00:00"):
        assert calendar.add(at(text), 30 * HOUR) == office().add(at(text), 30 * HOUR)
        assert calendar.add_days(at(text), 7, working=True) == office().add_days(at(text), 7, working=True)


def test_a_window_over_new_year_goes_on_where_it_was() -> None:
    """Three microseconds of work make one, and two are left over as the year ends."""
    calendar = always({**window("2026-12-31T23:00", "2027-01-02T00:00", 3), "from": at("2027-01-01T00:00") - 2})
    new_year = at("2027-01-01T00:00")
    assert calendar.between(new_year - 2, new_year) == 0
    assert calendar.between(new_year - 2, new_year + 1) == 1
    assert calendar.add(new_year - 2, 1) == new_year + 1


def test_windows_that_touch_are_one_and_where_they_overlap_the_strictest_holds() -> None:
    start, span = at("2026-03-02T09:00"), 100 * MINUTE + 1
    whole = office(window("2026-03-02T09:00", "2026-03-20T00:00", 3))
    pieces = [window("2026-03-02T09:00", "2026-03-04T10:00", 3), window("2026-03-04T10:00", "2026-03-20T00:00", 3)]
    pieces += [window("2026-03-03T00:00", "2026-03-09T00:00", 2)]
    for order in (pieces, pieces[::-1]):
        assert office(*order).add(start, span) == whole.add(start, span)
        assert office(*order).add_days(start, 3, working=False) == whole.add_days(start, 3, working=False)
    still = window("2026-03-02T12:00", "2026-03-04T14:00")
    assert office(*pieces, still).between(start, at("2026-03-04T14:00")) == HOUR


@pytest.mark.parametrize("factor", [1, 0, -2, 1.5, True])
def test_a_factor_is_a_whole_number_from_two_on(factor: Any) -> None:
    with pytest.raises(CalendarError) as refused:
        office(window("2026-03-02T09:00", "2026-03-20T00:00", factor))
    assert refused.value.hint


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(CalendarError):
        office(window("2026-03-02T09:00", "2026-03-02T09:00"))
