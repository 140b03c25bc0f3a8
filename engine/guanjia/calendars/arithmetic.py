"""Working time: adding, subtracting and measuring it, exactly, whatever the zone does.

A calendar lays itself out year by year, when a year is first asked for: the working time as intervals of UTC with running
totals, the days as the instants at which they end. Years cut the line of time without gap or overlap, so any span is a sum
of whole years and two bisections, and a year costs about what an hour does. One rule everywhere: a result is the
*earliest* instant that fits, so an amount that ends exactly at closing time ends there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..clock import DAY, MINUTE, Instant
from ..errors import Text
from .amounts import Amount
from .flattening import has_working_time, no_working_time
from .grammar import FIRST_YEAR, LAST_YEAR, CalendarError
from .walls import Walls

_KEPT_YEARS = 64
_YEAR = 31_556_952_000_000
_EPOCH = date(1970, 1, 1).toordinal()


class _Year(NamedTuple):
    """One local year. Days are ordinals; `before[i]` is the working time of the year ahead of interval i."""

    number: int
    begin: Instant
    end: Instant
    starts: list[Instant]
    ends: list[Instant]
    before: list[int]
    total: int
    first: int
    day_ends: list[Instant]
    days: tuple[list[int], list[int]]
    """Every day that the zone has, and the workdays among them."""

    def spent(self, at: Instant) -> int:
        """The working time of the year before an instant in it."""
        index = bisect_right(self.starts, at) - 1
        return self.before[index] + min(at, self.ends[index]) - self.starts[index] if index >= 0 else 0

    def day(self, at: Instant) -> int:
        """The day of an instant in the year."""
        return self.first + bisect_right(self.day_ends, at)


class Calendar:
    """A working calendar. Spans are microseconds; days are local days. Safe to use from any thread.

    Every method raises CalendarError where the answer would lie outside the years 1900 to 2200.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._always = bool(data.get("always"))
        self.name: str = data.get("name", "always" if self._always else "")
        self.zone: str = data["zone"]
        self._tz = ZoneInfo(self.zone)
        self._week: list[list[list[int]]] = data.get("week", [])
        self._days: Mapping[str, list[list[int]]] = data.get("days", {})
        self._short: Mapping[str, list[list[int]]] = data.get("short", {})
        self._names: Mapping[str, str] = data.get("names", {})
        self._published = frozenset(data.get("published", ()))
        self._years: dict[int, _Year] = {}
        if not self._always and not has_working_time(data):
            raise no_working_time(self.name)

    # -- time

    def add(self, start: Instant, span: int) -> Instant:
        """The earliest instant t with between(start, t) == span; `start` itself for 0. A negative span is taken off."""
        if self._always or span == 0:
            return start + span
        year = self._of(start)
        return self._at(year, year.spent(start) + span)

    def sub(self, end: Instant, span: int) -> Instant:
        """The earliest instant t with between(t, end) == span; `end` itself for 0. A negative span is added."""
        return self.add(end, -span)

    def between(self, a: Instant, b: Instant) -> int:
        """Working microseconds in [a, b); 0 when b is not after a."""
        if b <= a:
            return 0
        if self._always:
            return b - a
        first, last = self._of(a), self._of(b)
        whole = sum(self._year(number).total for number in range(first.number, last.number))
        return whole + last.spent(b) - first.spent(a)

    def is_open(self, at: Instant) -> bool:
        """Whether there is working time right after the instant."""
        if self._always:
            return True
        year = self._of(at)
        index = bisect_right(year.starts, at) - 1
        return index >= 0 and at < year.ends[index]

    def next_open(self, at: Instant) -> Instant:
        """`at` itself when there is working time at it, else where it next begins."""
        if self.is_open(at):
            return at
        year = self._of(at)
        index = bisect_left(year.starts, at)
        while index == len(year.starts):
            year, index = self._year(year.number + 1), 0
        return year.starts[index]

    # -- amounts

    def after(self, at: Instant, amount: Amount, *, first_day_counts: bool = False, due: bool = False) -> Instant:
        """Where an amount ends that is counted from `at`, or back from it when its value is negative.

        `due` says that `at` is the end of another period: it belongs to the day that ends with it, which is over. So
        a workday after a deadline at Tuesday 24:00 is Wednesday 24:00.
        """
        if amount.unit == "time":
            return self.add(at, amount.value)
        return self.add_days(
            at - (due and amount.value > 0),
            amount.value,
            working=amount.unit == "workdays",
            first_day_counts=first_day_counts,
        )

    # -- days

    def day_of(self, at: Instant) -> date:
        """The local day that an instant lies in."""
        return date.fromordinal(self._of(at).day(at))

    def add_days(self, start: Instant, n: int, *, working: bool, first_day_counts: bool = False) -> Instant:
        """The end (24:00 local) of the n-th counted day; for n < 0 the |n|-th such end before `start`; `start` for 0."""
        if n == 0:
            return start
        if n > 0:
            year = self._of(start)
            days = year.days[working]
            index = bisect_left(days, year.day(start) + (not first_day_counts)) + n - 1
        else:
            # The year in which the microsecond before lies: `start` may be the very end of it.
            year = self._of(start - 1)
            days = year.days[working]
            index = bisect_left(days, year.first + bisect_left(year.day_ends, start)) + n
        while index >= len(days):
            index -= len(days)
            year = self._year(year.number + 1)
            days = year.days[working]
        while index < 0:
            year = self._year(year.number - 1)
            days = year.days[working]
            index += len(days)
        return year.day_ends[days[index] - year.first]

    def days_between(self, a: Instant, b: Instant, *, working: bool, first_day_counts: bool = False) -> int:
        """How many counted days have ended in (a, b]."""
        if b <= a:
            return 0
        first, last = self._of(a), self._of(b)
        passed = bisect_left(first.days[working], first.day(a) + (not first_day_counts))
        ended = bisect_left(last.days[working], last.day(b))
        whole = sum(len(self._year(number).days[working]) for number in range(first.number, last.number))
        return max(0, whole + ended - passed)

    def is_workday(self, day: date) -> bool:
        """Whether there is working time that begins on this local day."""
        days = self._year(day.year).days[True]
        index = bisect_left(days, day.toordinal())
        return index < len(days) and days[index] == day.toordinal()

    def name_of(self, day: date) -> str:
        """Why the day differs from its weekday: the holiday's name, `workday`, `short day`, or nothing."""
        return "" if self._always else self._plan(day)[1]

    def provisional(self, at: Instant) -> bool:
        """Whether the time up to `at` ends in a year for which the calendar is not published."""
        return bool(self._published) and self._of(at - 1).number not in self._published

    # -- within

    def _plan(self, day: date) -> tuple[list[list[int]], str]:
        """The windows of a day and what makes it differ from its weekday. What is said of the date goes before what is
        said of every year; a short day has other hours than usual, and opens no day that is closed."""
        windows, why = self._week[day.weekday()], ""
        written = day.isoformat()
        for key in (written[5:], written):
            if key in self._days:
                windows = self._days[key]
                why = "workday" if windows else self._names.get(key, "")
            if windows and key in self._short:
                windows, why = self._short[key], "short day"
        return windows, why

    def _of(self, at: Instant) -> _Year:
        """The year that an instant lies in: the mean length of years is never wrong by more than one."""
        year = self._year(1970 + at // _YEAR)
        if at < year.begin:
            return self._year(year.number - 1)
        if at >= year.end:
            return self._year(year.number + 1)
        return year

    def _at(self, year: _Year, spent: int) -> Instant:
        """The earliest instant at which `spent` of the year's working time is over; may lie in another year."""
        while spent > year.total:
            spent -= year.total
            year = self._year(year.number + 1)
        while spent <= 0:
            year = self._year(year.number - 1)
            spent += year.total
        index = bisect_left(year.before, spent) - 1
        return year.starts[index] + spent - year.before[index]

    def _year(self, number: int) -> _Year:
        known = self._years.get(number)
        if known is None:
            known = self._lay(number)
            # Threads may lay the same year twice or drop each other's; the answers are the same.
            if len(self._years) >= _KEPT_YEARS:
                self._years.clear()
            self._years[number] = known
        return known

    def _lay(self, number: int) -> _Year:
        if not FIRST_YEAR <= number <= LAST_YEAR:
            raise CalendarError(
                Text(
                    f"日历 {self.name} 只算 {FIRST_YEAR} 年到 {LAST_YEAR} 年，这个时间在此之外",
                    f"the calendar {self.name} reckons from {FIRST_YEAR} to {LAST_YEAR}, and this time lies outside",
                ),
                Text("时限是否太长，或工作时间太少？", "Is the limit too long, or is there too little working time?"),
            )
        first, after = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
        midnight = (first - _EPOCH) * DAY
        walls = Walls(self._tz, midnight - 3 * DAY, midnight + (after - first + 3) * DAY)
        day_ends = [walls.closing((day - _EPOCH + 1) * DAY) for day in range(first, after)]
        begin = walls.closing(midnight)
        day_begins = [begin, *day_ends[:-1]]
        # A zone that moves over the date line skips a day.
        exists = [first + n for n, (since, end) in enumerate(zip(day_begins, day_ends, strict=True)) if end > since]
        if self._always:
            return _Year(number, begin, day_ends[-1], [], [], [], 0, first, day_ends, (exists, exists))
        starts: list[Instant] = []
        ends: list[Instant] = []
        plans = {day: self._plan(date.fromordinal(day))[0] for day in range(first - 1, after)}
        for day, windows in plans.items():
            wall = (day - _EPOCH) * DAY
            for opens, closes in windows:
                start = max(walls.opening(wall + opens * MINUTE), begin)
                end = min(walls.closing(wall + closes * MINUTE), day_ends[-1])
                if ends and start <= ends[-1]:
                    ends[-1] = max(ends[-1], end)
                elif start < end:
                    starts.append(start)
                    ends.append(end)
        before, total = [], 0
        for start, end in zip(starts, ends, strict=True):
            before.append(total)
            total += end - start
        workdays = [day for day in exists if plans[day]]
        return _Year(number, begin, day_ends[-1], starts, ends, before, total, first, day_ends, (exists, workdays))


def compile_calendar(data: Mapping[str, Any]) -> Calendar:
    """The calendar of canonical data (see `flatten`). CalendarError when it has no working time."""
    return Calendar(data)
