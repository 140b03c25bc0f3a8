"""A calendar's time, laid out one local year at a time: working time as intervals of UTC with running totals, days as their ends.

Years cut the line of time without gap or overlap, so any span is a sum of whole years and two bisections. What a day's hours
are comes from the `Plan`; what a wall time means comes from `Walls`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ..clock import DAY, MINUTE, Instant
from .grammar import Windows
from .walls import Walls

_EPOCH = date(1970, 1, 1).toordinal()

Kind = Literal["", "closed", "holiday", "workday", "short day"]
"""What makes a day's hours: its weekday, which is open or closed; or that it is a holiday, a make-up workday, a short day."""


class Plan:
    """The hours of each day, as canonical data has them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._week: list[Windows] = data.get("week", [])
        self._days: Mapping[str, Windows] = data.get("days", {})
        self._short: Mapping[str, Windows] = data.get("short", {})

    def of(self, day: date) -> tuple[Windows, Kind, str]:
        """The windows of a day, what makes them so, and the key that says it. What is said of the date goes before what is
        said of every year; a short day has other hours than usual, and opens no day that is closed."""
        windows, why = self._week[day.weekday()], ""
        kind: Kind = "" if windows else "closed"
        written = day.isoformat()
        for key in (written[5:], written):
            if key in self._days:
                windows, why = self._days[key], key
                kind = "workday" if windows else "holiday"
            if windows and key in self._short:
                windows, kind, why = self._short[key], "short day", key
        return windows, kind, why


class Year:
    """One local year. Days are ordinals. `before[i]` is the working time of the year ahead of interval i; `days` are every
    day that counts as a day, and as a workday; `workdays` are those on which the office works at all."""

    __slots__ = ("before", "begin", "day_ends", "days", "end", "ends", "first", "number", "starts", "total", "workdays")

    def __init__(
        self, number: int, begin: Instant, day_ends: list[Instant], intervals: Iterable[tuple[Instant, Instant]],
        days: tuple[list[int], list[int]], workdays: list[int],
    ) -> None:  # fmt: skip
        self.number = number
        self.first = date(number, 1, 1).toordinal()
        self.begin, self.end = begin, day_ends[-1]
        self.day_ends = day_ends
        self.days, self.workdays = days, workdays
        self.starts: list[Instant] = []
        self.ends: list[Instant] = []
        self.before: list[int] = []
        self.total = 0
        for start, end in intervals:
            self.starts.append(start)
            self.ends.append(end)
            self.before.append(self.total)
            self.total += self.worth(len(self.before) - 1)

    def worth(self, index: int) -> int:
        """The working time of a whole interval."""
        return self.ends[index] - self.starts[index]

    def spent(self, at: Instant) -> int:
        """The working time of the year before an instant in it."""
        index = bisect_right(self.starts, at) - 1
        return self.before[index] + min(at, self.ends[index]) - self.starts[index] if index >= 0 else 0

    def reach(self, spent: int) -> Instant:
        """The earliest instant at which `spent` of the year's working time is over: more than nothing, at most all."""
        index = bisect_left(self.before, spent) - 1
        return self.starts[index] + spent - self.before[index]

    def day(self, at: Instant) -> int:
        """The day of an instant in the year."""
        return self.first + bisect_right(self.day_ends, at)

    def begin_of(self, day: int) -> Instant:
        return self.day_ends[day - self.first - 1] if day > self.first else self.begin

    def end_of(self, day: int) -> Instant:
        """24:00 of the day: the first instant that shows a later one."""
        return self.day_ends[day - self.first]


def lay(zone: ZoneInfo, plan: Plan | None, number: int) -> Year:
    """The year of a zone under a plan; without one it is working time around the clock."""
    first, after = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
    midnight = (first - _EPOCH) * DAY
    walls = Walls(zone, midnight - 3 * DAY, midnight + (after - first + 3) * DAY)
    day_ends = [walls.closing((day - _EPOCH + 1) * DAY) for day in range(first, after)]
    begin = walls.closing(midnight)
    # A zone that moves over the date line skips a day.
    spans = zip(range(first, after), [begin, *day_ends[:-1]], day_ends, strict=True)
    exists = [day for day, since, end in spans if end > since]
    if plan is None:
        return Year(number, begin, day_ends, [(begin, day_ends[-1])], (exists, exists), exists)
    intervals: list[tuple[Instant, Instant]] = []
    hours = {day: plan.of(date.fromordinal(day))[0] for day in range(first - 1, after)}
    for day, windows in hours.items():
        wall = (day - _EPOCH) * DAY
        for opens, closes in windows:
            start = max(walls.opening(wall + opens * MINUTE), begin)
            end = min(walls.closing(wall + closes * MINUTE), day_ends[-1])
            if intervals and start <= intervals[-1][1]:
                intervals[-1] = (intervals[-1][0], max(intervals[-1][1], end))
            elif start < end:
                intervals.append((start, end))
    workdays = [day for day in exists if hours[day]]
    return Year(number, begin, day_ends, intervals, (exists, workdays), workdays)
