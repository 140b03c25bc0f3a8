"""The arithmetic agrees, minute for minute, with looking at every minute: across jumps of the clock, night shifts and make-up days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from guanjia.calendars import Amount, Calendar, check_calendar, compile_calendar, flatten
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.calendars.oracle import MINUTE, Oracle
from tests.scale import scale

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PLACES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2026, 12, 31)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Shanghai", date(2026, 1, 1)),
    ("Asia/Shanghai", date(2026, 2, 14)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
]
REACH = 3
ALL_DAY = {day: ["00:00-24:00"] for day in WEEKDAYS}


def clock(minute: int) -> str:
    return "24:00" if minute == 1440 else f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def windows(draw: st.DrawFn) -> list[str]:
    """One or two windows; the last may pass midnight."""
    near_the_jump = st.integers(0, 4 * 60).map(lambda minute: minute - minute % 10)
    cuts = sorted(draw(st.sets(st.one_of(near_the_jump, st.integers(0, 1438)), min_size=2, max_size=4)))
    if len(cuts) % 2:
        cuts.pop()
    pairs = list(zip(cuts[::2], cuts[1::2], strict=True))
    if draw(st.booleans()):
        begin, _ = pairs[-1]
        night = draw(st.sampled_from([1440, *(end for end in (60, 150, 360) if end < begin)]))
        pairs[-1] = (begin, night)
    return [f"{clock(begin)}-{clock(end)}" for begin, end in pairs]


@st.composite
def suspensions(draw: st.DrawFn, first: date, last: date) -> list[dict[str, Any]]:
    """Up to three windows on whole minutes, often at midnight in UTC or Shanghai, that may overlap; each in two pieces."""
    # From the second day of UTC on, for the oracle must see the first day of every zone that a window touches.
    since = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) // 60 + 1440
    minutes = (last - first).days * 1440
    marks = st.one_of(st.integers(0, minutes), st.integers(0, minutes // 480).map(lambda n: n * 480))
    windows = []
    for _ in range(draw(st.integers(1, 3))):
        begin, end = sorted(draw(st.lists(marks, min_size=2, max_size=2, unique=True)))
        factor = draw(st.sampled_from([None, 2, 3, 7]))
        windows.append(
            {"from": (since + begin) * MINUTE, "to": (since + end) * MINUTE, "factor": factor, "reason": "?"}
        )
    return windows


Made = tuple[dict[str, Any], Calendar, Oracle, dict[str, Any]]
"""What a file says, its calendar, its oracle, and its canonical data."""


@st.composite
def calendars(draw: st.DrawFn) -> Made:
    zone, middle = draw(st.sampled_from(PLACES))
    first, last = middle - timedelta(days=REACH), middle + timedelta(days=REACH)
    days = [(first + timedelta(days=n)).isoformat() for n in range(2 * REACH + 1)]
    data: dict[str, Any] = {"zone": zone, "week": {day: draw(windows()) for day in WEEKDAYS if draw(st.integers(0, 3))}}
    data["week"].setdefault("wed", ["09:00-17:00"])
    off = draw(st.sets(st.sampled_from(days), max_size=3))
    data["holidays"] = sorted(off)
    some = st.sampled_from([day for day in days if day not in off])
    data["workdays"] = draw(st.dictionaries(some, windows(), max_size=2))
    data["short_days"] = draw(st.dictionaries(some, windows(), max_size=2))
    if zone == "Asia/Shanghai":
        data["holidays"] = [f"2026-01-0{n}" for n in (1, 2, 3)] + [f"2026-02-{n}" for n in range(15, 24)]
        data["workdays"] = {f"2026-{day}": ["08:30-12:00", "13:30-18:00"] for day in ("01-04", "02-14", "02-28")}
        data["short_days"] = {}
    assert check_calendar(data) == []
    flat = flatten("x", {"x": data})
    if draw(st.booleans()):
        data["suspended"] = flat["suspended"] = draw(suspensions(first, last))
    if draw(st.integers(0, 7)) == 0:
        data["week"], data["holidays"], data["workdays"], data["short_days"] = ALL_DAY, [], {}, {}
        flat = {"name": "x", "zone": zone, "always": True, "suspended": data.get("suspended", [])}
    return data, compile_calendar(flat), Oracle(data, first, last), flat


settled = settings(
    deadline=None,
    max_examples=scale(20, 400, faults=100),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@settled
@given(calendars(), st.data())
def test_time_is_what_looking_at_every_minute_says(made: Made, data: st.DataObject) -> None:
    _, calendar, oracle, _ = made
    for _ in range(12):
        a = data.draw(st.integers(oracle.begin, oracle.end - 1))
        b = data.draw(st.integers(oracle.begin, oracle.end))
        minutes = data.draw(st.integers(0, 4000))
        at, until = oracle.instant(a), oracle.instant(b)
        assert calendar.is_open(at) == oracle.open[a]
        assert calendar.between(at, until) == oracle.between(a, b)
        if (n := oracle.next_open(a)) is not None:
            assert calendar.next_open(at) == oracle.instant(n)
        if (found := oracle.add(a, minutes * MINUTE)) is not None:
            assert calendar.add(at, minutes * MINUTE) == found
        if (found := oracle.sub(a, minutes * MINUTE)) is not None:
            assert calendar.sub(at, minutes * MINUTE) == found


@settled
@given(calendars(), st.data())
def test_days_are_what_looking_at_every_minute_says(made: Made, data: st.DataObject) -> None:
    _, calendar, oracle, _ = made
    for day in oracle.days[1:-1]:
        assert calendar.is_workday(day) == (day in oracle.open_days())
    marks = [n for n in oracle.ends.values() if oracle.begin <= n < oracle.end]
    for _ in range(12):
        moments = st.one_of(st.integers(oracle.begin, oracle.end - 1), st.sampled_from(marks))
        a, b = data.draw(moments), data.draw(moments)
        working, whole = data.draw(st.booleans()), data.draw(st.booleans())
        at, until = oracle.instant(a), oracle.instant(b)
        counted = calendar.days_between(at, until, working=working, first_day_counts=whole)
        assert counted == oracle.days_between(a, b, working, whole)
        count = data.draw(st.integers(-2 * REACH, 2 * REACH).filter(bool))
        if (n := oracle.add_days(a, count, working, whole)) is not None:
            assert calendar.add_days(at, count, working=working, first_day_counts=whole) == oracle.instant(n)


@settled
@given(calendars(), st.data())
def test_amounts_of_days_end_where_looking_at_every_minute_says(made: Made, data: st.DataObject) -> None:
    _, _, oracle, flat = made
    for _ in range(12):
        first, rolls, closing = (data.draw(st.booleans()) for _ in range(3))
        choices = {"first_day": first, "roll_over": rolls, "ends": "closing" if closing else "midnight"}
        calendar = compile_calendar({**flat, "counting": choices})
        a = data.draw(st.integers(oracle.begin, oracle.end - 1))
        unit = data.draw(st.sampled_from(("days", "workdays")))
        count = data.draw(st.integers(-2 * REACH, 2 * REACH).filter(bool))
        ends = oracle.add_days(a, count, unit == "workdays", first)
        if ends is not None:
            shut = closing and "always" not in flat
            expected = oracle.last_day(ends, rolls and unit == "days" and count > 0, shut)
            if expected is not None:
                assert calendar.after(oracle.instant(a), Amount(unit, count)) == oracle.instant(expected)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Apia"])
@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24", "2011-12-29", "2026-12-31"])
def test_the_oracle_has_whole_days_where_the_clock_does_not_jump(zone: str, night: str) -> None:
    """The oracle itself: around the clock, all minutes are open, and what is open are all minutes."""
    date_of_it = date.fromisoformat(night)
    oracle = Oracle({"zone": zone, "week": ALL_DAY}, date_of_it, date_of_it)
    assert all(oracle.open[oracle.begin : oracle.end])
