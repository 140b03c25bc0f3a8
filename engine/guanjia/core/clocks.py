"""The arithmetic of SLA clocks: pure functions from a clock and an instant to the clock after it.

One model for every unit: a clock has `total` to use up and has `used` some of it before `since`; its due instant is where
the rest ends. An amount of time is used in working microseconds of the clock's calendar; an amount of days in day-ends at
which the clock runs; a given instant is not used up at all and no pause moves it. Pausing moves what was used into `used`,
resuming counts on from there: so no pause is ever lost, whatever happens to the target meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from ..calendars import Amount, Calendar
from ..clock import Instant
from ..model.case import Clock, ClockStatus
from .program import ClockProgram, Program, Threshold


class Aim(NamedTuple):
    """A target as it applies now. `total` is an instant when the unit is one."""

    place: int
    """Which of the targets, from 0."""
    calendar: str
    unit: Literal["time", "days", "workdays", "instant"]
    total: int


def start(program: Program, clock: ClockProgram, aim: Aim, now: Instant, counted_from: Instant, cycle: int) -> Clock:
    """A new cycle, counting since `counted_from`. What would be past already is recorded as such and not fired."""
    calendar = program.calendars[aim.calendar]
    begun = Clock(
        clock.name, cycle, "running", now, counted_from, aim.place, aim.calendar, aim.unit, aim.total,
        0, counted_from, None,
    )  # fmt: skip
    due = _due(begun, calendar)
    begun = _aimed(clock, replace(begun, due=due, working=_working(begun, calendar, due)), calendar)
    born_late = tuple(name for at, _, name in begun.pending if at < now)
    return replace(
        begun,
        pending=tuple(item for item in begun.pending if item[0] >= now),
        fired=born_late,
        breached_at=due if "due" in born_late else None,
    )


def carry_on(program: Program, definition: ClockProgram, finished: Clock, now: Instant) -> Clock:
    """A new cycle that goes on with what the finished one had left (`on_reopen: resume`)."""
    calendar = program.calendars[finished.calendar]
    going = Clock(
        finished.name, finished.cycle + 1, "running", now, finished.counted_from, finished.target, finished.calendar,
        finished.unit, finished.total, finished.used, now, None,
        fired=finished.fired, breached_at=finished.breached_at, working=finished.working,
    )  # fmt: skip
    return _superseded(_aimed(definition, replace(going, due=_due(going, calendar)), calendar), now)


def pause(program: Program, clock: Clock, now: Instant) -> Clock:
    calendar = program.calendars[clock.calendar]
    return replace(
        clock,
        status="paused",
        used=used(clock, calendar, now),
        due=None,
        pending=(),
        pauses=(*clock.pauses, (now, None)),
    )


def resume(program: Program, definition: ClockProgram, clock: Clock, now: Instant) -> Clock:
    calendar = program.calendars[clock.calendar]
    running = replace(clock, status="running", since=now, pauses=(*clock.pauses[:-1], (clock.pauses[-1][0], now)))
    return _superseded(_aimed(definition, replace(running, due=_due(running, calendar)), calendar), now)


def end(clock: Clock, status: ClockStatus, now: Instant, program: Program) -> Clock:
    """Stop (`met`: judged here), cancel or reset. The verdict of a cycle never changes after this."""
    if status == "met" and clock.breached_at is not None:
        status = "breached"
    spent = used(clock, program.calendars[clock.calendar], now) if clock.status == "running" else clock.used
    pauses = clock.pauses
    if clock.status == "paused":
        pauses = (*pauses[:-1], (pauses[-1][0], now))
    return replace(clock, status=status, ended_at=now, used=spent, pending=(), pauses=pauses)


def fire(clock: Clock, threshold: str, at: Instant) -> Clock:
    """The threshold is reached: it is spent for this cycle; `due` is the breach."""
    return replace(
        clock,
        pending=tuple(item for item in clock.pending if item[2] != threshold),
        fired=(*clock.fired, threshold),
        breached_at=at if threshold == "due" and clock.breached_at is None else clock.breached_at,
    )


def retarget(program: Program, definition: ClockProgram, clock: Clock, aim: Aim, now: Instant) -> Clock:
    """Another target holds now. `keep` counts from the same start under the new target with all pauses; `carry` takes over
    what was used as it was measured; `restart` begins to count now."""
    policy = definition.sla.on_change
    old, new = program.calendars[clock.calendar], program.calendars[aim.calendar]
    counted_from = now if policy == "restart" else clock.counted_from
    changed = replace(
        clock, target=aim.place, calendar=aim.calendar, unit=aim.unit, total=aim.total, counted_from=counted_from
    )
    if aim.unit == "instant" or policy == "restart":
        spent = 0
    elif policy == "carry" and clock.unit == aim.unit:
        spent = used(clock, old, now) if clock.status == "running" else clock.used
    else:
        spent = _used_over(changed, new, now)
    changed = replace(changed, used=spent, since=now)
    whole = replace(changed, used=0, since=counted_from)
    changed = replace(changed, working=_working(whole, new, _due(whole, new)))
    if clock.status == "paused":
        return changed
    return _superseded(_aimed(definition, replace(changed, due=_due(changed, new)), new), now)


def extend(
    program: Program, definition: ClockProgram, clock: Clock, amount: Amount, origin: str, now: Instant
) -> Clock | None:
    """More time, counted on from the due instant or anew from the start. None: hours cannot be added to days."""
    calendar = program.calendars[clock.calendar]
    if clock.unit == "instant":
        base = clock.total if origin == "due" else clock.counted_from
        total = calendar.after(base, amount, due=origin == "due")
    elif amount.unit == clock.unit:
        total = amount.value + (clock.total if origin == "due" else 0)
    elif clock.unit == "time":
        base = (clock.due or now) if origin == "due" else clock.counted_from
        total = calendar.between(base, calendar.after(base, amount, due=origin == "due")) + (
            clock.total if origin == "due" else 0
        )
    else:
        return None
    whole = replace(clock, total=total, used=0, since=clock.counted_from)
    longer = replace(
        clock, total=total, working=_working(whole, calendar, _due(whole, calendar)),
        extended=(*clock.extended, (f"{amount.value} {amount.unit}", origin)),
    )  # fmt: skip
    if clock.status == "paused":
        return longer
    return _superseded(_aimed(definition, replace(longer, due=_due(longer, calendar)), calendar), now)


def used(clock: Clock, calendar: Calendar, now: Instant) -> int:
    """What the clock has used of its total at `now`, while it runs."""
    if clock.unit == "time":
        return clock.used + calendar.between(clock.since, now)
    if clock.unit == "instant":
        return 0
    return clock.used + calendar.days_between(
        clock.since, now, working=clock.unit == "workdays", first_day_counts=_first_day_counts(clock, calendar)
    )


def _first_day_counts(clock: Clock, calendar: Calendar) -> bool:
    """The day of the start does not count, however often the clock is paused or aimed anew on it."""
    return clock.since != clock.counted_from and calendar.day_of(clock.since) != calendar.day_of(clock.counted_from)


def _used_over(clock: Clock, calendar: Calendar, now: Instant) -> int:
    """What was used from the start until now, the pauses left out, measured by another calendar or in another unit."""
    spent, since = 0, clock.counted_from
    for begun, ended in clock.pauses:
        spent = used(replace(clock, used=spent, since=since), calendar, begun)
        since = now if ended is None else ended
    return used(replace(clock, used=spent, since=since), calendar, now)


def _due(clock: Clock, calendar: Calendar) -> Instant:
    left = clock.total - clock.used
    if clock.unit == "instant":
        return clock.total
    if clock.unit == "time":
        return calendar.add(clock.since, left)
    if left <= 0:
        return clock.since
    return calendar.after(clock.since, Amount(clock.unit, left), first_day_counts=_first_day_counts(clock, calendar))


def _working(clock: Clock, calendar: Calendar, due: Instant) -> int:
    return clock.total if clock.unit == "time" else calendar.between(clock.counted_from, due)


def _aimed(definition: ClockProgram, clock: Clock, calendar: Calendar) -> Clock:
    """With every threshold that has not fired at its instant, in order."""
    assert clock.due is not None
    pending = sorted(
        (_instant(item, clock, calendar), item.order, item.name)
        for item in definition.thresholds
        if item.name not in clock.fired
    )
    return replace(clock, pending=tuple(pending), provisional=calendar.provisional(clock.due))


def _superseded(clock: Clock, now: Instant) -> Clock:
    """Thresholds that a change of target, calendar or amount has overtaken: only the last of them is told, now.

    Without this a case that becomes urgent would warn at 50 %, 80 % and 100 % in one breath.
    """
    passed = [item for item in clock.pending if item[0] < now]
    if not passed:
        return clock
    silent = tuple(name for _, _, name in passed[:-1])
    pending = ((now, *passed[-1][1:]), *clock.pending[len(passed) :])
    breached = now if "due" in silent and clock.breached_at is None else clock.breached_at
    return replace(clock, pending=pending, fired=(*clock.fired, *silent), breached_at=breached)


def _instant(threshold: Threshold, clock: Clock, calendar: Calendar) -> Instant:
    due = clock.due
    assert due is not None
    if threshold.share is not None:
        span = clock.working * (10_000 - threshold.share) // 10_000
        return calendar.sub(due, span) if span >= 0 else calendar.add(due, -span)
    offset = threshold.offset
    assert offset is not None
    if offset.value == 0:
        return due
    return calendar.after(due, Amount(offset.unit, threshold.sign * offset.value), due=True)
