"""Working time by the definition alone: every minute is looked at, nothing is clever.

A minute belongs to a window when the clock on the wall has reached the window's beginning in it or before, and shows less than
the window's end in it or later. A day ends right after the last minute that shows it or an earlier day. This shares no code
with the calendars: windows are read here once more, and the wall is what `zoneinfo` says of each minute.
"""

from __future__ import annotations

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
            for n in range(len(reached)):
                if begin <= reached[n] and to_come[n] < end:
                    self.open[n] = True
        self.ends = {}
        for day in self.days:
            midnight = (day.toordinal() + 1) * 1440
            self.ends[day] = 1 + max(n for n in range(len(to_come)) if to_come[n] < midnight)
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

    def between(self, a: int, b: int) -> int:
        return sum(self.open[a:b]) * MINUTE

    def add(self, start: int, minutes: int) -> int | None:
        """The earliest minute from `start` on with so many open ones before it; None when it lies outside."""
        n = start
        while minutes:
            if n >= self.end:
                return None
            minutes -= self.open[n]
            n += 1
        return n

    def sub(self, end: int, minutes: int) -> int | None:
        """The earliest minute with exactly so many open ones from it to `end`; None when it may lie outside."""
        if minutes == 0:
            return end
        n = end
        while minutes or not self.open[n - 1]:
            n -= 1
            minutes -= self.open[n]
            if n <= self.begin:
                return None
        return n

    def next_open(self, at: int) -> int | None:
        return next((n for n in range(at, self.end) if self.open[n]), None)

    def counted_days(self, working: bool) -> list[date]:
        """The days that the zone has, or the workdays among them."""
        return [
            day
            for before, day in zip(self.days, self.days[1:], strict=False)
            if self.ends[before] < self.ends[day] and (self.windows(day) or not working)
        ]

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

    def days_between(self, a: int, b: int, working: bool, first_day_counts: bool) -> int:
        today = self.day(a)
        return sum(a < self.ends[day] <= b and (first_day_counts or day != today) for day in self.counted_days(working))
