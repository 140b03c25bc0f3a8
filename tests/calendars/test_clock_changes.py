"""At every change of the clock from 2020 to 2040, in four zones: the instants around it, and windows that begin or end in it.

An hour that is skipped is a gap on the wall, one that is repeated an overlap; Lord Howe sets its clock by half an hour, Shanghai
never does.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from guanjia.calendars import compile_calendar, flatten
from guanjia.clock import HOUR

from tests.calendars.oracle import MINUTE, Oracle
from tests.calendars.sweep import WEEKDAYS, ZONES, changes
from tests.scale import drawn, scale

SPANS = (1, 30, 60, 90, 25 * 60)
CHANGES = [(zone, minute) for zone in ZONES for minute in changes(zone)]


def wall(zone: str, minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None)


def text(at: datetime) -> str:
    return f"{at:%H:%M}"


def windows(zone: str, change: int) -> list[str]:
    """Windows with an edge at the beginning, in the middle and at the end of the gap or overlap, and some around it."""
    before = wall(zone, change - 1) + timedelta(minutes=1)
    begin, end = sorted((before, wall(zone, change)))
    middle = begin + (end - begin) / 2
    day = begin.replace(hour=0, minute=0)
    later = end + timedelta(hours=2)
    pairs = [(begin, end), (middle, end), (begin, middle), (middle, later), (end, later), (day, middle), (day, begin)]
    found = [f"{text(a)}-{text(b)}" for a, b in pairs if text(a) != text(b)]
    night = f"{text(end + timedelta(hours=3))}-{text(middle)}"  # from the evening before, or the morning, into it
    return [*found, night, "00:00-24:00"]


def test_the_changes_are_all_there() -> None:
    assert [len(changes(zone)) for zone in ZONES] == [42, 42, 42, 0]
    assert datetime.fromtimestamp(changes("Europe/Berlin")[0] * 60, UTC) == datetime(2020, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("years", [range(2020, 2027), range(2027, 2034), range(2034, 2041)], ids=str)
def test_time_around_a_change_is_what_looking_at_every_minute_says(zone: str, years: range) -> None:
    """Each change in `make faults`, else some of each stretch."""
    there = [change for change in changes(zone) if wall(zone, change).year in years]
    for change in drawn().sample(there, scale(3, len(there), faults=len(there))):
        for window in windows(zone, change):
            _hold(zone, change, wall(zone, change).date(), window)


def _hold(zone: str, change: int, day: date, window: str) -> None:
    data: dict[str, Any] = {"zone": zone, "week": {name: [window] for name in WEEKDAYS}}
    calendar, oracle = compile_calendar(flatten("x", {"x": data})), Oracle(data, day, day)
    at = change - oracle.origin
    said = f"{zone} {wall(zone, change)} {window}"
    instant = oracle.instant(at)
    for tick in (-1, 0, 1):
        assert calendar.is_open(instant + tick) == oracle.open[at - (tick < 0)], said
    for n in (at - 1, at, at + 1):
        start = oracle.instant(n)
        assert calendar.is_open(start) == oracle.open[n], said
        opens = oracle.next_open(n)
        assert opens is None or calendar.next_open(start) == oracle.instant(opens), said
        for span in SPANS:
            for found, wanted in ((calendar.add, oracle.add), (calendar.sub, oracle.sub)):
                expected = wanted(n, span * MINUTE)
                assert expected is None or found(start, span * MINUTE) == expected, f"{said} {n - at} {span}"
        for other in range(oracle.begin, oracle.end, 311):
            assert calendar.between(start, oracle.instant(other)) == oracle.between(n, other), said
    assert (
        calendar.between(oracle.instant(oracle.begin), oracle.instant(oracle.end))
        == oracle.work[oracle.end] - oracle.work[oracle.begin]
    )
    assert calendar.end_of_day(instant) == oracle.instant(oracle.ends[oracle.day(at)]), said


def test_shanghai_has_days_of_24_hours() -> None:
    around = compile_calendar({"zone": "Asia/Shanghai", "always": True})
    at = int(datetime(2020, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
    for _ in range(21 * 365):
        ends = around.end_of_day(at)
        assert ends == at + 24 * HOUR
        at = ends
