"""Working time by the definition alone: every minute is looked at, nothing is clever.

A minute belongs to a window when the clock on the wall has reached the window's beginning in it or before, and shows less than
the window's end in it or later. A day ends right after the last minute that shows it or an earlier day. A minute in a
suspended window has the strictest factor of all the windows over it. This shares no code with the calendars: windows are read
here once more, and the wall is what `zoneinfo` says of each minute.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = 60_000_000
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MARGIN = 2


@cache
def walls(zone: str, first: date, last: date) -> tuple[int, list[int], list[int]]:
    """From the minute of UTC two days before `first` on: the greatest wall minute so far, and the least to come."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=_MARGIN)
    minutes = ((last - first).days + 2 * _MARGIN + 1) * 1440
    shown = []
    for n in range(minutes):
        local = (begin + timedelta(minutes=n)).astimezone(ZoneInfo(zone))
        shown.append(local.toordinal() * 1440 + local.hour * 60 + local.minute)
    to_come = list(accumulate(reversed(shown), min))[::-1]
    return int(begin.timestamp()) // 60, list(accumulate(shown, max)), to_come


class Oracle:
    """The answers for the days `first` … `last`; instants are whole minutes, in microseconds since 1970 like everywhere."""

    def __init__(self, data: dict[str, Any], first: date, last: date) -> None:
        self.data = data
        self.origin, reached, to_come = walls(data["zone"], first, last)
        self.days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
        windows = [
            (day.toordinal() * 1440 + begin, day.toordinal() * 1440 + end)
            for day in self.days
            for begin, end in self.windows(day)
        ]
        self.open = [False] * len(reached)
        for begin, end in windows:
            # Neither list ever falls, so these are all n with begin <= reached[n] and to_come[n] < end.
            for n in range(bisect_left(reached, begin), bisect_left(to_come, end)):
                self.open[n] = True
        self.hours = list(self.open)
        self._suspend(len(reached))
        self.ends = {}
        for day in self.days:
            self.ends[day] = bisect_left(to_come, (day.toordinal() + 1) * 1440)
        self.begin = self.ends[first - timedelta(days=1)]
        self.end = self.ends[last]

    def windows(self, day: date) -> list[tuple[int, int]]:
        hours = self.data["week"].get(_WEEKDAYS[day.weekday()], [])
        if day.isoformat() in self.data.get("holidays", ()):
            hours = []
        if day.isoformat() in self.data.get("workdays", {}):
            hours = self.data["workdays"][day.isoformat()]
        if hours and day.isoformat() in self.data.get("short_days", {}):
            hours = self.data["short_days"][day.isoformat()]
        read = []
        for text in hours:
            (h1, m1), (h2, m2) = (part.split(":") for part in text.split("-"))
            begin, end = int(h1) * 60 + int(m1), int(h2) * 60 + int(m2)
            read.append((begin, end if end > begin else end + 1440))
        return read

    def instant(self, n: int) -> int:
        return (self.origin + n) * MINUTE

    def _suspend(self, minutes: int) -> None:
        """Of each minute: its factor (0 stands still), the stretch it is in, how long that has run, and all work before it."""
        self.factor, self.stretch = [1] * minutes, [0] * minutes
        for window in self.data.get("suspended", ()):
            factor = window["factor"] or 0
            for n in range(window["from"] // MINUTE - self.origin, window["to"] // MINUTE - self.origin):
                self.factor[n] = 0 if 0 in (self.factor[n], factor) else max(self.factor[n], factor)
        self.run, self.work = [0] * (minutes + 1), [0] * (minutes + 1)
        for n in range(minutes):
            if n and self.factor[n] != self.factor[n - 1]:
                self.stretch[n] = self.stretch[n - 1] + 1
                self.run[n] = 0
            elif n:
                self.stretch[n] = self.stretch[n - 1]
            self.open[n] = self.open[n] and self.factor[n] > 0
            self.run[n + 1] = self.run[n] + MINUTE * self.open[n]
            self.work[n + 1] = self.work_at(n, MINUTE)

    def work_at(self, n: int, into: int) -> int:
        """The working time until so many microseconds after minute n began."""
        if not self.open[n]:
            return self.work[n]
        return self.work[n] + (self.run[n] + into) // self.factor[n] - self.run[n] // self.factor[n]

    def between(self, a: int, b: int) -> int:
        return self.work[b] - self.work[a] if b > a else 0

    def add(self, start: int, span: int) -> int | None:
        """The earliest instant from minute `start` on with so much work before it; None when it lies outside."""
        n, work = start, self.work
        goal, end = work[start] + span, self.end
        while work[n] < goal:
            if n >= end:
                return None
            n += 1
        return self.instant(n) if n == start else self._within(n - 1, goal)

    def sub(self, end: int, span: int) -> int | None:
        """The earliest instant with exactly so much work from it to minute `end`; None when it may lie outside."""
        if span == 0:
            return self.instant(end)
        n, work = end, self.work
        goal, begin = work[end] - span, self.begin
        while work[n] >= goal:
            n -= 1
            if n <= begin:
                return None
        return self._within(n, goal)

    def _within(self, n: int, goal: int) -> int:
        """The earliest instant of minute n, or its end, at which the work reaches the goal, by halving."""
        low, high = 0, MINUTE
        while low < high:
            middle = (low + high) // 2
            if self.work_at(n, middle) < goal:
                low = middle + 1
            else:
                high = middle
        return self.instant(n) + low

    def next_open(self, at: int) -> int | None:
        return next((n for n in range(at, self.end) if self.open[n]), None)

    def days_of(self, working: bool) -> list[date]:
        """The days that the zone has, or the workdays among them."""
        return [
            day
            for before, day in zip(self.days, self.days[1:], strict=False)
            if self.ends[before] < self.ends[day] and (self.windows(day) or not working)
        ]

    def counted_days(self, working: bool) -> list[date]:
        """Those that count: not one whose last minute stands still, and every n-th whose last minute is in one slower stretch."""
        counted, seen = [], dict[int, int]()
        for day in self.days_of(working):
            last = self.ends[day] - 1
            stretch, factor = self.stretch[last], self.factor[last]
            seen[stretch] = seen.get(stretch, 0) + 1
            if factor and (factor == 1 or seen[stretch] % factor == 0):
                counted.append(day)
        return counted

    def open_days(self) -> list[date]:
        """The workdays of which the last minute does not stand still."""
        return [day for day in self.days_of(True) if self.factor[self.ends[day] - 1]]

    def day(self, at: int) -> date:
        return next(day for day in self.days if at < self.ends[day])

    def add_days(self, start: int, count: int, working: bool, first_day_counts: bool) -> int | None:
        today = self.day(start)
        if count > 0:
            days = [d for d in self.counted_days(working) if d > today or (first_day_counts and d == today)]
            found = days[count - 1] if count <= len(days) else None
        else:
            days = [d for d in self.counted_days(working) if self.ends[d] < start]
            found = days[count] if -count <= len(days) else None
        return None if found is None or found >= self.days[-1] else self.ends[found]

    def last_day(self, ends: int, rolls: bool, closing: bool) -> int | None:
        """Where a period ends whose last day ends with minute `ends`: rolled on to a working day, at the end of its hours."""
        day = next(day for day in self.days if self.ends[day] == ends)
        if rolls:
            later = [each for each in self.open_days() if each >= day]
            if not later or later[0] >= self.days[-1]:
                return None
            day = later[0]
        begin = self.ends[day - timedelta(days=1)]
        worked = [n for n in range(begin, self.ends[day]) if self.hours[n]]
        return worked[-1] + 1 if closing and self.windows(day) and worked else self.ends[day]

    def days_between(self, a: int, b: int, working: bool, first_day_counts: bool) -> int:
        today = self.day(a)
        return sum(a < self.ends[day] <= b and (first_day_counts or day != today) for day in self.counted_days(working))
