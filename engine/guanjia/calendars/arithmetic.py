"""Working time: adding, subtracting and measuring it, exactly, whatever the zone does.

A calendar lays itself out year by year (`years`), when a year is first asked for; any span is a sum of whole years and two
bisections, so a year costs about what an hour does. One rule everywhere: a result is the *earliest* instant that fits, so
an amount that ends exactly at closing time ends there. Windows in which time stands still or runs slower (`suspending`)
are laid over the years, and cost calendars without them nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from copy import copy
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from ..clock import Instant
from ..errors import Text
from .accounting import Day, days
from .amounts import Amount, Unit
from .counting import Counting
from .flattening import has_working_time, no_working_time
from .grammar import FIRST_YEAR, LAST_YEAR, CalendarError
from .suspending import Stretch, stretches, suspend
from .years import Kind, Plan, Year, lay

_KEPT_YEARS = 64
_YEAR = 31_556_952_000_000


class Calendar:
    """A working calendar. Spans are microseconds; days are local days. Safe to use from any thread.

    Every method raises CalendarError where the answer would lie outside the years 1900 to 2200.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._always = bool(data.get("always"))
        self.name: str = data.get("name", "always" if self._always else "")
        self.zone: str = data["zone"]
        self._tz = ZoneInfo(self.zone)
        self._plan = Plan(data)
        self._names: Mapping[str, str] = data.get("names", {})
        self.counting = Counting().changed(data.get("counting"))
        self._published = frozenset(data.get("published", ()))
        self._years: dict[int, Year] = {}
        self._stretches = stretches(data.get("suspended", ()))
        self._plain = Calendar({**data, "suspended": ()}) if self._stretches else None
        self._elapsed = self._always and self._plain is None
        if not self._always and not has_working_time(data):
            raise no_working_time(self.name)

    # -- time

    def add(self, start: Instant, span: int) -> Instant:
        """The earliest instant t with between(start, t) == span; `start` itself for 0. A negative span is taken off."""
        if self._elapsed or span == 0:
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
        if self._elapsed:
            return b - a
        first, last = self._of(a), self._of(b)
        whole = sum(self._year(number).total for number in range(first.number, last.number))
        return whole + last.spent(b) - first.spent(a)

    def is_open(self, at: Instant) -> bool:
        """Whether there is working time right after the instant."""
        if self._elapsed:
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

    def counted(self, said: str | Mapping[str, Any] | None) -> Calendar:
        """The same calendar, its days counted as is said (see `counting`)."""
        if said is None:
            return self
        other = copy(self)
        other.counting = self.counting.changed(said)
        return other

    def after(self, at: Instant, amount: Amount, *, first_day_counts: bool | None = None, due: bool = False) -> Instant:
        """Where an amount ends that is counted from `at`, or back from it when its value is negative; days as `counting`
        has them, unless `first_day_counts` says otherwise. What is counted back does not roll over.

        `due` says that `at` is the end of another period: it belongs to the day that ends with it, which is over. So
        a workday after a deadline at Tuesday 24:00 is Wednesday 24:00.
        """
        if amount.unit == "time":
            return self.add(at, amount.value)
        if amount.value == 0:
            return at
        if first_day_counts is None:
            first_day_counts = self.counting.first_day and not due
        ends = self.add_days(
            at - (due and amount.value > 0),
            amount.value,
            working=amount.unit == "workdays",
            first_day_counts=first_day_counts,
        )
        return self._last_day(ends, rolls=amount.unit == "days" and amount.value > 0)

    def explained(self, at: Instant, amount: Amount) -> tuple[Instant, list[Day]]:
        """Where an amount ends that is counted from an instant, with the account of every day until then."""
        ends = self.after(at, amount)
        if amount.unit == "time":
            return ends, self.days(at, ends)
        from_, until = self.counts_from(at, at), self.end_of_day(ends - 1)
        return ends, self.days(at, ends, amount.unit, counts_from=from_, counts_until=until, at_most=amount.value)

    def counts_from(self, start: Instant, since: Instant, pause: tuple[Instant, Instant] | None = None) -> Instant:
        """From when on ends of days count for what started at `start` and runs since `since`, after its last pause: the
        days of the start, of the pause and of going on count as `counting` has them, and none counts twice."""
        if not self.counting.first_day:
            since = max(since, self.end_of_day(start))
        if pause is not None:
            if self.counting.pause_day:
                since = max(since, self.end_of_day(pause[0]))
            if not self.counting.resume_day:
                since = max(since, self.end_of_day(pause[1]))
        return since

    def counts_until(self, paused: Instant) -> Instant:
        """Until when ends of days count for what is paused at an instant."""
        return self.end_of_day(paused) if self.counting.pause_day else paused

    # -- days

    def day_of(self, at: Instant) -> date:
        """The local day that an instant lies in."""
        return date.fromordinal(self._of(at).day(at))

    def end_of_day(self, at: Instant) -> Instant:
        """24:00 of the local day that an instant lies in."""
        year = self._of(at)
        return year.end_of(year.day(at))

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
        return year.end_of(days[index])

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
        """Whether there is working time that begins on this local day, and time does not stand still as it ends."""
        days = self._year(day.year).workdays
        index = bisect_left(days, day.toordinal())
        return index < len(days) and days[index] == day.toordinal()

    def kind_of(self, day: date) -> tuple[Kind, str]:
        """What makes the hours of a local day as they are planned, and the holiday's name where there is one."""
        if self._always:
            return "", ""
        _, kind, key = self._plan.of(day)
        return kind, self._names.get(key, "") if kind == "holiday" else ""

    def suspended_at(self, at: Instant) -> Stretch | None:
        """The stretch in which time stands still or runs slower at an instant."""
        return next((stretch for stretch in self._stretches if stretch.begin <= at < stretch.end), None)

    def days(
        self, since: Instant, until: Instant, unit: Unit = "time", *,
        counts_from: Instant | None = None, counts_until: Instant | None = None, at_most: int | None = None,
    ) -> list[Day]:  # fmt: skip
        """The account of [since, until), day by day (see `accounting.days`)."""
        return list(days(self, since, until, unit, counts_from, counts_until, at_most))

    def provisional(self, at: Instant) -> bool:
        """Whether the time up to `at` ends in a year for which the calendar is not published."""
        return bool(self._published) and self._of(at - 1).number not in self._published

    # -- within

    def _last_day(self, ends: Instant, *, rolls: bool) -> Instant:
        """Where a period ends whose last day ends at `ends`."""
        if self.counting.roll_over and rolls:
            year = self._of(ends - 1)
            index = bisect_left(year.workdays, year.day(ends - 1))
            while index == len(year.workdays):
                year, index = self._year(year.number + 1), 0
            ends = year.end_of(year.workdays[index])
        if self.counting.ends == "closing" and not self._always:
            # What suspends time closes no office earlier.
            year = (self._plain or self)._of(ends - 1)
            day, last = year.day(ends - 1), bisect_left(year.starts, ends) - 1
            if last >= 0 and self._plan.of(date.fromordinal(day))[0] and year.ends[last] > year.begin_of(day):
                ends = min(ends, year.ends[last])
        return ends

    def _of(self, at: Instant) -> Year:
        """The year that an instant lies in: the mean length of years is never wrong by more than one."""
        year = self._year(1970 + at // _YEAR)
        if at < year.begin:
            return self._year(year.number - 1)
        if at >= year.end:
            return self._year(year.number + 1)
        return year

    def _at(self, year: Year, spent: int) -> Instant:
        """The earliest instant at which `spent` of the year's working time is over; may lie in another year."""
        while spent > year.total:
            spent -= year.total
            year = self._year(year.number + 1)
        while spent <= 0:
            year = self._year(year.number - 1)
            spent += year.total
        return year.reach(spent)

    def _year(self, number: int) -> Year:
        known = self._years.get(number)
        if known is None:
            known = self._lay(number)
            # Threads may lay the same year twice or drop each other's; the answers are the same.
            if len(self._years) >= _KEPT_YEARS:
                self._years.clear()
            self._years[number] = known
        return known

    def _lay(self, number: int) -> Year:
        if not FIRST_YEAR <= number <= LAST_YEAR:
            raise CalendarError(
                Text(
                    f"日历 {self.name} 只算 {FIRST_YEAR} 年到 {LAST_YEAR} 年，这个时间在此之外",
                    f"the calendar {self.name} reckons from {FIRST_YEAR} to {LAST_YEAR}, and this time lies outside",
                ),
                Text("时限是否太长，或工作时间太少？", "Is the limit too long, or is there too little working time?"),
            )
        if self._plain is not None:
            return suspend(self._plain._year(number), self._stretches, self._plain)
        return lay(self._tz, None if self._always else self._plan, number)


def compile_calendar(data: Mapping[str, Any]) -> Calendar:
    """The calendar of canonical data (see `flatten`). CalendarError when it has no working time."""
    return Calendar(data)
