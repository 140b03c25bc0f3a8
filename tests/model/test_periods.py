"""Periods in days, months and years: read, and counted as the Civil Code counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from guanjia.clock import from_iso, instant, iso
from guanjia.errors import Text
from guanjia.model.retention import Period
from hypothesis import given, strategies as st

ZONE = "Asia/Shanghai"


def over(period: str, closed: str) -> str:
    return iso(Period.parse(period).over(from_iso(closed, ZONE), ZONE), ZONE)[:16]


@pytest.mark.parametrize(
    ("period", "closed", "end"),
    [
        (
            "90 days",
            "2026-03-02 17:00",
            "2026-06-01T00:00",
        ),  # the 2nd does not count: 29 + 30 + 31 days, and the whole of the last
        ("1 day", "2026-03-02 00:00", "2026-03-04T00:00"),
        ("3 years", "2026-03-02 23:59", "2029-03-03T00:00"),
        ("6 months", "2026-08-31 09:00", "2027-03-01T00:00"),  # February has no 31st: its last day
        ("1 year", "2028-02-29 09:00", "2029-03-01T00:00"),
        ("4 years", "2028-02-29 09:00", "2032-03-01T00:00"),
    ],
)
def test_a_period_ends_with_its_last_day(period: str, closed: str, end: str) -> None:
    assert over(period, closed) == end


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 600))
def test_months_are_counted_as_one_counts_them_on_a_wall_calendar(day: date, months: int) -> None:
    """The oracle turns over month by month, and looks for the day's number in the last one."""
    leaf = day.replace(day=1)
    for _ in range(months):
        leaf = (leaf + timedelta(32)).replace(day=1)
    days = [leaf + timedelta(n) for n in range(31) if (leaf + timedelta(n)).month == leaf.month]
    last = next((found for found in days if found.day == day.day), days[-1])
    closed = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(ZONE))
    end = datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(ZONE)) + timedelta(1)
    assert Period(months, "month").over(instant(closed), ZONE) == instant(end)
    if months % 12 == 0:
        assert Period(months // 12, "year").over(instant(closed), ZONE) == instant(end)


@pytest.mark.parametrize(
    "text", ["0 days", "5 workdays", "3", "a year", "-1 years", "101 years", "36600000 days", "2h", "1.5 years", ""]
)
def test_what_is_no_time_to_keep_something_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        Period.parse(text)
    (told,) = refused.value.args
    assert isinstance(told, Text)
    assert "3 years" in told.en
    assert "3 years" in told.zh


def test_a_hundred_years_are_the_most() -> None:
    assert Period.parse("100 years") == Period(100, "year")
    assert Period.parse("1 month").text == ("1 个月", "1 month")
    assert Period.parse("2 years").text.en == "2 years"
