"""What a limit of a target uses up while its clock runs, and where its points lie in time.

One axis for every limit: how much was used. The due instant is where `total` is reached, and what of it was used by an
instant follows from the calendar alone. Time is used in working microseconds of the calendar; once the `head` is used up,
the rest of the total in elapsed ones. Days are used in day-ends at which the clock runs; which days of a start or a pause
count and what becomes of the last one is the calendar's `counting`. A given instant is not used up at all, and so no pause
moves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..calendars import Amount, Calendar, Unit
from ..clock import Instant
from ..model.case import Limit
from .parts import Threshold


class Run(NamedTuple):
    """A clock that runs since an instant. `pause` is the last one before, from when until when."""

    counted_from: Instant
    since: Instant
    pause: tuple[Instant, Instant] | None = None


def runs(
    counted_from: Instant, pauses: Iterable[tuple[Instant, Instant | None]], until: Instant
) -> Iterator[tuple[Run, Instant, bool]]:
    """When a clock ran from where it is counted until an instant: each run, its end, and whether a pause ended it."""
    run = Run(counted_from, counted_from)
    for begun, ended in pauses:
        if run.since < begun:
            yield run, begun, True
        if ended is None:
            return
        run = Run(counted_from, max(run.since, ended), (begun, ended))
    if run.since < until:
        yield run, until, False


def spend(limit: Limit, calendar: Calendar, run: Run, until: Instant, *, paused: bool = False) -> Limit:
    """The limit after the clock ran until an instant, at which it is paused perhaps."""
    if until <= run.since or limit.unit == "instant":
        return limit
    if limit.unit != "time":
        until = calendar.counts_until(until) if paused else until
        spent = calendar.days_between(
            calendar.counts_from(*run), until, working=limit.unit == "workdays", first_day_counts=True
        )
        return limit._replace(used=limit.used + spent)
    worked = calendar.between(run.since, until)
    if limit.head is None or worked < limit.head - limit.used:
        return limit._replace(used=limit.used + worked)
    left = max(0, limit.head - limit.used)
    return limit._replace(used=limit.used + left + until - calendar.add(run.since, left))


def measure(
    limit: Limit,
    calendar: Calendar,
    counted_from: Instant,
    pauses: Iterable[tuple[Instant, Instant | None]],
    until: Instant,
) -> Limit:
    """The limit as a clock with these pauses has used it until an instant."""
    limit = limit._replace(used=0)
    for run, end, paused in runs(counted_from, pauses, until):
        limit = spend(limit, calendar, run, end, paused=paused)
    return limit


def reach(limit: Limit, calendar: Calendar, run: Run, level: int) -> Instant:
    """When `level` is used up by a clock that runs; where that is over, when it would have been."""
    ahead = level - limit.used
    if limit.unit == "instant":
        return limit.total
    if limit.unit != "time":
        if ahead > 0:
            return calendar.after(calendar.counts_from(*run), Amount(limit.unit, ahead), first_day_counts=True)
        return _over(limit.unit, calendar, run, ahead)
    if ahead == 0 and (limit.head is None or limit.used <= limit.head):
        return _just(calendar, run)
    if limit.head is None:
        return calendar.add(run.since, ahead)
    elapsed = max(level, limit.head) - max(limit.used, limit.head)
    if ahead >= 0:
        return calendar.add(run.since, ahead - elapsed) + elapsed
    return calendar.add(run.since + elapsed, ahead - elapsed)


def due(limit: Limit, calendar: Calendar, run: Run) -> Instant:
    return reach(limit, calendar, run, limit.total)


def point(threshold: Threshold, limit: Limit, calendar: Calendar, run: Run, ends: Instant) -> Instant:
    """Where the threshold of a running clock lies for this limit, which `ends` then.

    A share of days or of the way to an instant is taken of its working time, as one of a time is anyway.
    """
    if threshold.share is not None:
        if limit.unit == "time":
            return reach(limit, calendar, run, limit.total * threshold.share // 10_000)
        whole = due(limit._replace(used=0), calendar, Run(run.counted_from, run.counted_from))
        return calendar.sub(ends, calendar.between(run.counted_from, whole) * (10_000 - threshold.share) // 10_000)
    offset = threshold.offset
    assert offset is not None
    if offset.value == 0:
        return ends
    signed = threshold.sign * offset.value
    if offset.unit == limit.unit == "time":
        return reach(limit, calendar, run, limit.total + signed)
    return calendar.after(ends, Amount(offset.unit, signed), due=True)


def lengthen(limit: Limit, calendar: Calendar, run: Run, amount: Amount, origin: str) -> Limit:
    """More for a running clock: counted on from its due instant, or all of it anew from its start.

    An amount in another unit becomes as much as reaches at least where the amount ends.
    """
    anew = origin == "start"
    if amount.unit == limit.unit:
        return limit._replace(extra=amount.value - limit.given if anew else limit.extra + amount.value)
    to = calendar.after(run.counted_from if anew else due(limit, calendar, run), amount, due=not anew)
    if limit.unit == "instant":
        return limit._replace(extra=to - limit.given)
    # Counted on as if all of the limit were used up at its due instant: whatever the pauses, they are over by then.
    # Days go on from the end of the last of them, not from where that rolled over to or closed.
    plain = calendar.counted({"roll_over": False, "ends": "midnight"})
    at = run.counted_from if anew else due(limit, plain, run)
    base, onwards = limit._replace(used=0 if anew else limit.total), Run(run.counted_from, at)
    total = spend(base, calendar, onwards, to).used
    while limit.unit != "time" and reach(base, calendar, onwards, total) < to:
        total += 1
    return limit._replace(extra=total - limit.given)


def _just(calendar: Calendar, run: Run) -> Instant:
    """When all was used that is used now: since then the clock ran, and nobody worked."""
    begun = run.counted_from if run.pause is None else max(run.counted_from, run.pause[1])
    return calendar.add(begun, calendar.between(begun, run.since)) if begun < run.since else run.since


def _over(unit: Unit, calendar: Calendar, run: Run, ahead: int) -> Instant:
    """When the last of the days was over, `ahead` days ago."""
    last = calendar.after(run.since + 1, Amount(unit, ahead - 1))
    ends = calendar.after(last - 1, Amount(unit, 1), first_day_counts=True)
    if run.pause and run.pause[0] < ends and (calendar.counting.roll_over or calendar.counting.pause_day):
        # All days were used and yet the clock was not due when it was paused: it is due as the day ends.
        today = calendar.after(run.since, Amount(unit, 1), first_day_counts=True)
        return max(ends, today)
    return ends
