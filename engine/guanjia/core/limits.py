"""What a limit of a target uses up while its clock runs, and where its points lie in time.

One axis for every limit: how much was used. The due instant is where `total` is reached, and what of it was used by an
instant follows from the calendar alone. Time is used in working microseconds of the calendar; once the `head` is used up,
the rest of the total in elapsed ones. Days are used in day-ends at which the clock runs, that of the day of the start left
out. A given instant is not used up at all, and so no pause moves it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..calendars import Amount, Calendar
from ..clock import Instant
from ..model.case import Limit
from .program import Threshold


def spend(limit: Limit, calendar: Calendar, counted_from: Instant, since: Instant, until: Instant) -> Limit:
    """The limit after the clock ran from `since` to `until`."""
    if until <= since or limit.unit == "instant":
        return limit
    if limit.unit != "time":
        since = max(since, calendar.end_of_day(counted_from))  # the day of the start does not count
        spent = calendar.days_between(since, until, working=limit.unit == "workdays", first_day_counts=True)
        return limit._replace(used=limit.used + spent)
    worked = calendar.between(since, until)
    if limit.head is None or worked < limit.head - limit.used:
        return limit._replace(used=limit.used + worked)
    left = max(0, limit.head - limit.used)
    return limit._replace(used=limit.used + left + until - calendar.add(since, left))


def measure(limit: Limit, calendar: Calendar, counted_from: Instant, runs: Iterable[tuple[Instant, Instant]]) -> Limit:
    """The limit as if nothing had been used before these runs."""
    limit = limit._replace(used=0)
    for since, until in runs:
        limit = spend(limit, calendar, counted_from, since, until)
    return limit


def reach(limit: Limit, calendar: Calendar, counted_from: Instant, since: Instant, level: int) -> Instant:
    """When `level` is used up by a clock that runs from `since` on; where that is over, when it would have been."""
    ahead = level - limit.used
    if limit.unit == "instant":
        return limit.total
    if limit.unit != "time":
        if ahead <= 0:
            return calendar.after(since + 1, Amount(limit.unit, ahead - 1))
        since = max(since, calendar.end_of_day(counted_from))
        return calendar.after(since, Amount(limit.unit, ahead), first_day_counts=True)
    if limit.head is None:
        return calendar.add(since, ahead)
    elapsed = max(level, limit.head) - max(limit.used, limit.head)
    if ahead >= 0:
        return calendar.add(since, ahead - elapsed) + elapsed
    return calendar.add(since + elapsed, ahead - elapsed)


def due(limit: Limit, calendar: Calendar, counted_from: Instant, since: Instant) -> Instant:
    return reach(limit, calendar, counted_from, since, limit.total)


def point(threshold: Threshold, limit: Limit, calendar: Calendar, counted_from: Instant, since: Instant) -> Instant:
    """Where the threshold of a clock that runs from `since` on lies for this limit.

    A share of days or of the way to an instant is taken of its working time, as one of a time is anyway.
    """
    ends = due(limit, calendar, counted_from, since)
    if threshold.share is not None:
        if limit.unit == "time":
            return reach(limit, calendar, counted_from, since, limit.total * threshold.share // 10_000)
        whole = due(limit._replace(used=0), calendar, counted_from, counted_from)
        return calendar.sub(ends, calendar.between(counted_from, whole) * (10_000 - threshold.share) // 10_000)
    offset = threshold.offset
    assert offset is not None
    if offset.value == 0:
        return ends
    signed = threshold.sign * offset.value
    if offset.unit == limit.unit == "time":
        return reach(limit, calendar, counted_from, since, limit.total + signed)
    return calendar.after(ends, Amount(offset.unit, signed), due=True)


def lengthen(
    limit: Limit, calendar: Calendar, counted_from: Instant, since: Instant, amount: Amount, origin: str
) -> Limit:
    """More for a clock that runs from `since` on: counted on from its due instant, or all of it anew from its start.

    An amount in another unit becomes as much as reaches at least where the amount ends.
    """
    anew = origin == "start"
    if amount.unit == limit.unit:
        return limit._replace(extra=amount.value - limit.given if anew else limit.extra + amount.value)
    at = counted_from if anew else due(limit, calendar, counted_from, since)
    to = calendar.after(at, amount, due=not anew)
    if limit.unit == "instant":
        return limit._replace(extra=to - limit.given)
    # Counted on as if all of the limit were used up at its due instant: whatever the pauses, they are over by then.
    base = limit._replace(used=0 if anew else limit.total)
    total = spend(base, calendar, counted_from, at, to).used
    if reach(base, calendar, counted_from, at, total) < to and limit.unit != "time":
        total += 1
    return limit._replace(extra=total - limit.given)
