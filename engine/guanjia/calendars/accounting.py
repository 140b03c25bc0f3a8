"""The account of a time, day by day: which days counted and how much of each, which did not and why.

What explains a deadline reads it, for a duration out of the blue (`guanjia calendar explain`) and for the clock of a case
(`guanjia why`). The arithmetic does not: it is told here by the same calendar, and tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..clock import Instant
from .amounts import Unit
from .years import Kind

if TYPE_CHECKING:
    from .arithmetic import Calendar

Skip = Literal["", "start", "closed", "still", "slower", "unfinished", "over"]
"""Why a day does not count: counting began after it; there is no work on it; time stood still as it ended; it is not the
n-th of a slower window; the clock did not run as it ended; all that there was to count had been counted."""


class Day(NamedTuple):
    """A local day, as far as a time covers it: from `since` to `until`, `working` microseconds of it.

    `name` is that of a holiday; `reason`, why time stood still or ran slower as it ended.
    """

    date: date
    since: Instant
    until: Instant
    working: int
    counted: bool
    kind: Kind
    name: str
    skip: Skip
    reason: str


def days(
    calendar: Calendar, since: Instant, until: Instant, unit: Unit,
    counts_from: Instant | None, counts_until: Instant | None, at_most: int | None,
) -> Iterator[Day]:  # fmt: skip
    """The local days of [since, until). One counts that has working time here, or, for an amount in days, whose end counts:
    after `counts_from` (since, unless it is given), by `counts_until`, and `at_most` so many."""
    counts_from = since if counts_from is None else counts_from
    counts_until = until if counts_until is None else counts_until
    count = 0
    while since < until:
        day, ends = calendar.day_of(since), calendar.end_of_day(since)
        stop = min(ends, until)
        kind, name = calendar.kind_of(day)
        closed = kind in ("closed", "holiday") and unit != "days"
        working = calendar.between(since, stop)
        over = calendar.suspended_at(stop - 1)
        skip: Skip = ""
        if unit == "time":
            if not working:
                skip = "closed" if closed or over is None else "still"
        elif ends <= counts_from:
            skip = "start"
        elif not calendar.days_between(ends - 1, ends, working=unit == "workdays", first_day_counts=True):
            skip = "closed" if closed or over is None else "slower" if over.factor else "still"
        elif ends > counts_until:
            skip = "unfinished"
        elif count == at_most:
            skip = "over"
        else:
            count += 1
        reason = over.reason if over is not None and skip in ("still", "slower") else ""
        yield Day(day, since, stop, working, not skip, kind, name, skip, reason)
        since = stop
