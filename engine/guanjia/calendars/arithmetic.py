"""Working time: adding, subtracting and measuring it, exactly, whatever the zone does.

A calendar lays its windows out year by year as intervals of UTC with running totals, so that any span is found by bisection: a
year costs about what an hour does. One rule everywhere: a result is the *earliest* instant that fits, so an amount that ends
exactly at closing time ends there. A wall time that a change of the clocks makes ambiguous is the first where a window
begins and the last where it ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..clock import Instant, instant, moment
from ..errors import Text
from .grammar import CalendarError

_LAST_YEAR = 9000
_KEPT_YEARS = 64


class _Year(NamedTuple):
    """Intervals that begin in one local year: `before[i]` is the working time of the year ahead of interval i."""

    starts: list[Instant]
    ends: list[Instant]
    before: list[int]
    total: int


class Calendar:
    """A working calendar. Spans are microseconds; days are local days. Safe to use from any thread."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.zone: str = data["zone"]
        self.always = bool(data.get("always"))
        self._tz = ZoneInfo(self.zone)
        self._week: list[list[list[int]]] = data.get("week", [])
        self._days: Mapping[str, list[list[int]]] = data.get("days", {})
        self._names: Mapping[str, str] = data.get("names", {})
        self.published: frozenset[int] = frozenset(data.get("published", ()))
        self._years: dict[int, _Year] = {}
        self._workdays: dict[int, list[int]] = {}
        if not self.always and not any(self._week):
            raise CalendarError(
                Text("这个日历里没有任何工作时间。", "This calendar has no working time."),
                Text('加上 week:，如 mon-fri: ["09:00-18:00"]', 'Add week:, e.g. mon-fri: ["09:00-18:00"].'),
            )

    # -- time

    def add(self, start: Instant, span: int) -> Instant:
        """The earliest instant t with between(start, t) == span, for span >= 0."""
        if self.always or span == 0:
            return start + span
        year, spent = self._place(start)
        return self._at(year, spent + span)

    def sub(self, end: Instant, span: int) -> Instant:
        """The earliest instant t with between(t, end) == span, for span > 0; `end` itself for 0."""
        if self.always or span == 0:
            return end - span
        year, spent = self._place(end)
        return self._at(year, spent - span)

    def between(self, a: Instant, b: Instant) -> int:
        """Working microseconds in [a, b); 0 when b is not after a."""
        if b <= a:
            return 0
        if self.always:
            return b - a
        first, spent = self._place(a)
        last, reached = self._place(b)
        return reached - spent + sum(self._year(year).total for year in range(first, last))

    def is_open(self, at: Instant) -> bool:
        if self.always:
            return True
        year, _ = self._place(at)
        laid = self._year(year)
        index = bisect_right(laid.starts, at) - 1
        return index >= 0 and at < laid.ends[index]

    def next_open(self, at: Instant) -> Instant:
        """`at` itself when there is working time at it, else where it next begins."""
        if self.is_open(at):
            return at
        year, _ = self._place(at)
        while year < _LAST_YEAR:
            laid = self._year(year)
            index = bisect_left(laid.starts, at)
            if index < len(laid.starts):
                return laid.starts[index]
            year += 1
        raise self._endless()

    # -- days

    def is_workday(self, day: date) -> bool:
        """Whether there is working time that begins on this local day."""
        return self.always or bool(self._windows(day))

    def add_days(self, start: Instant, n: int, *, working: bool, first_day_counts: bool = False) -> Instant:
        """The end (24:00 local) of the n-th counted day; for n < 0 the |n|-th such end before `start`; `start` for 0."""
        if n == 0:
            return start
        day = self._local(start)
        if n < 0:
            ordinal = day.toordinal() - (start <= self._end(day - timedelta(days=1)))
            return self._end(date.fromordinal(self._counted(ordinal - 1, n, working)))
        return self._end(date.fromordinal(self._counted(day.toordinal() + (not first_day_counts), n, working)))

    def days_between(self, a: Instant, b: Instant, *, working: bool, first_day_counts: bool = False) -> int:
        """How many counted days have ended in (a, b]."""
        first = self._local(a).toordinal() + (not first_day_counts)
        last = self._local(b).toordinal() - 1
        if last < first:
            return 0
        if not working or self.always:
            return last - first + 1
        count = 0
        for year in range(date.fromordinal(first).year, date.fromordinal(last).year + 1):
            days = self._days_of(year)
            count += bisect_right(days, last) - bisect_left(days, first)
        return count

    def provisional(self, at: Instant) -> bool:
        """Whether `at` lies beyond the years for which the calendar is published."""
        return bool(self.published) and self._local(at).year > max(self.published)

    def windows(self, day: date) -> list[tuple[Instant, Instant]]:
        """The working time that begins on a local day, as half-open intervals."""
        if self.always:
            return [(self._end(day - timedelta(days=1)), self._end(day))]
        return [(self._wall(day, begin, 0), self._wall(day, end, 1)) for begin, end in self._windows(day)]

    def name_of(self, day: date) -> str:
        """Why the day differs from its weekday: the holiday's name, `workday`, `short day`, or nothing."""
        return self._names.get(day.isoformat(), self._names.get(day.isoformat()[5:], ""))

    # -- within

    def _windows(self, day: date) -> list[list[int]]:
        written = day.isoformat()
        special = self._days.get(written)
        if special is None:
            special = self._days.get(written[5:])
        return self._week[day.weekday()] if special is None else special

    def _local(self, at: Instant) -> date:
        return moment(at).astimezone(self._tz).date()

    def _wall(self, day: date, minutes: int, fold: int) -> Instant:
        days, minute = divmod(minutes, 1440)
        wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), self._tz)
        return instant(wall.replace(fold=fold))

    def _end(self, day: date) -> Instant:
        return self._wall(day, 1440, 0)

    def _place(self, at: Instant) -> tuple[int, int]:
        """The local year of an instant, and the working time of that year before it."""
        year = self._local(at).year
        laid = self._year(year)
        index = bisect_right(laid.starts, at) - 1
        if index >= 0:
            return year, laid.before[index] + min(at, laid.ends[index]) - laid.starts[index]
        # A night shift of the last day of the year before may still run.
        earlier = self._year(year - 1)
        if earlier.ends and earlier.ends[-1] > at:
            return year - 1, earlier.total - (earlier.ends[-1] - max(at, earlier.starts[-1]))
        return year, 0

    def _at(self, year: int, spent: int) -> Instant:
        """The earliest instant at which `spent` of the year's working time is over; may lie in another year."""
        while spent <= 0:
            year -= 1
            if year < 1900:
                raise self._endless()
            spent += self._year(year).total
        while spent > (laid := self._year(year)).total:
            spent -= laid.total
            year += 1
            if year > _LAST_YEAR:
                raise self._endless()
        index = bisect_left(laid.before, spent) - 1
        return laid.starts[index] + spent - laid.before[index]

    def _year(self, year: int) -> _Year:
        known = self._years.get(year)
        if known is not None:
            return known
        starts: list[Instant] = []
        ends: list[Instant] = []
        before: list[int] = []
        total = 0
        day, last = date(year, 1, 1), date(year, 12, 31)
        until = self.windows(day - timedelta(days=1))[-1][1] if self._windows(day - timedelta(days=1)) else 0
        while day <= last:
            for opens, end in self.windows(day):
                begin = max(opens, until)
                if end <= begin:
                    continue
                starts.append(begin)
                ends.append(end)
                before.append(total)
                total += end - begin
                until = end
            day += timedelta(days=1)
        laid = _Year(starts, ends, before, total)
        if len(self._years) >= _KEPT_YEARS:
            self._years.clear()
        self._years[year] = laid
        return laid

    def _days_of(self, year: int) -> list[int]:
        known = self._workdays.get(year)
        if known is None:
            first = date(year, 1, 1).toordinal()
            length = date(year, 12, 31).toordinal() - first + 1
            known = [n for n in range(first, first + length) if self._windows(date.fromordinal(n))]
            self._workdays[year] = known
        return known

    def _counted(self, first: int, n: int, working: bool) -> int:
        """The ordinal of the n-th counted day from `first` on, itself included; backwards for n < 0."""
        if not working or self.always:
            return first + n - 1 if n > 0 else first + n + 1
        year = date.fromordinal(first).year
        while 1900 < year < _LAST_YEAR:
            days = self._days_of(year)
            if n > 0:
                index = bisect_left(days, first) + n - 1
                if index < len(days):
                    return days[index]
                n = index - len(days) + 1
                year += 1
            else:
                index = bisect_right(days, first) + n
                if index >= 0:
                    return days[index]
                n = index
                year -= 1
        raise self._endless()

    def _endless(self) -> CalendarError:
        return CalendarError(Text("这个日历里找不到足够的工作时间。", "This calendar has not enough working time."))


def compile_calendar(data: Mapping[str, Any]) -> Calendar:
    """The calendar of canonical data (see `flatten`)."""
    return Calendar(data)
