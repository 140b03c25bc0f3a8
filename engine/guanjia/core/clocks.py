"""SLA clocks: pure functions from a clock and an instant to the clock after it.

A clock runs from `since` on, against limits that hold what was used before. Pausing moves what was used into them, resuming
counts on from there, and whatever else changes (target, calendar, more time) only changes the limits: so no pause is ever
lost. What has fired is kept by name and fires no more in its cycle; what a change has overtaken is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from ..calendars import Amount
from ..clock import Instant
from ..model.case import Clock, ClockStatus, Limit
from ..model.frozen import changed
from . import limits as measures
from .parts import ClockProgram
from .program import Program


class Aim(NamedTuple):
    """A target as it applies now: which of the targets it is, from 0, and its limits, nothing of them used."""

    place: int
    limits: tuple[Limit, ...]

    def is_of(self, clock: Clock) -> bool:
        """Whether the clock is aimed so already."""
        return self.place == clock.target and self.limits == tuple(
            limit._replace(extra=0, used=0) for limit in clock.limits
        )


def start(
    program: Program, definition: ClockProgram, aim: Aim, now: Instant, counted_from: Instant, cycle: int,
    pauses: tuple[tuple[Instant, Instant], ...] = (),
) -> Clock:  # fmt: skip
    """A new cycle, counting since `counted_from` without the `pauses` since then. What would be past already is recorded as such
    and not fired."""
    begun = Clock(
        definition.name, cycle, "running", now, counted_from, aim.place, aim.limits, since=counted_from, due=None, pauses=pauses,
    )  # fmt: skip
    if pauses:
        begun = changed(_against(program, begun, aim.limits, now, {}, aim.place), since=max(now, counted_from))
    return unheard(_aimed(program, definition, begun), now)


def carry_on(program: Program, definition: ClockProgram, finished: Clock, now: Instant) -> Clock:
    """A new cycle that goes on with what the finished one had left."""
    assert finished.ended_at is not None
    limits = tuple(
        limit._replace(calendar=program.counted_by(limit.calendar, finished.name)) for limit in finished.limits
    )
    going = Clock(
        finished.name, finished.cycle + 1, "running", now, finished.counted_from, finished.target, limits,
        since=max(now, finished.counted_from), due=None, fired=finished.fired, extended=finished.extended,
        pauses=(*finished.pauses, (finished.ended_at, now)), breached_at=finished.breached_at,
    )  # fmt: skip
    return unheard(_aimed(program, definition, going), now)


def stand(program: Program, definition: ClockProgram, clock: Clock, now: Instant, *, halted: bool, held: bool) -> Clock:
    """The clock stands still while its rules or a person say so, else it runs."""
    if (halted, held) == (clock.halted, clock.held):
        return clock
    clock = changed(clock, halted=halted, held=held)
    still = halted or held
    if still == (clock.status == "paused"):
        return clock
    if still:
        stopped = measured(program, clock, now, paused=True)
        return changed(stopped, status="paused", due=None, pending=(), pauses=(*clock.pauses, (now, None)))
    running = changed(
        clock, status="running", since=max(now, clock.since), pauses=(*clock.pauses[:-1], (clock.pauses[-1][0], now))
    )
    return overtaken(_aimed(program, definition, running), now)


def end(program: Program, clock: Clock, status: ClockStatus, now: Instant) -> Clock:
    """Stop (`met`: judged here), cancel or reset. The verdict of a cycle never changes after this.

    A clock that is stopped too late is breached, also where that did not show: because it was paused when a shorter target
    came to hold, or because both came in one step.
    """
    ended = measured(program, clock, now)
    breached_at = clock.breached_at
    if status == "met" and breached_at is None and min(_ends(program, ended)) <= now:
        breached_at = now
    if status == "met" and breached_at is not None:
        status = "breached"
    pauses = clock.pauses if clock.status == "running" else (*clock.pauses[:-1], (clock.pauses[-1][0], now))
    return changed(ended, status=status, ended_at=now, pending=(), pauses=pauses, breached_at=breached_at)


def fire(clock: Clock, threshold: str, at: Instant) -> Clock:
    """The threshold is reached: it is spent for this cycle. From the due instant on the clock is breached."""
    late = clock.breached_at is None and clock.due is not None and clock.due <= at
    return changed(
        clock,
        pending=tuple(item for item in clock.pending if item[2] != threshold),
        fired=(*clock.fired, threshold),
        breached_at=at if late else clock.breached_at,
    )


def retarget(
    program: Program, definition: ClockProgram, clock: Clock, aim: Aim, now: Instant, policy: Literal["keep", "carry"]
) -> Clock:
    """Another target holds now. `keep` measures all that ran since the start anew, by the new target; `carry` takes over
    what was used as it was measured, where both count in the same unit. Extensions stay.

    To come from another program, `carry` needs the clock as `measured` by that one.
    """
    clock = measured(program, clock, now)
    used: dict[str, int] = {limit.unit: limit.used for limit in reversed(clock.limits)} if policy == "carry" else {}
    aimed = _against(program, clock, aim.limits, now, used, aim.place)
    return aimed if clock.status == "paused" else overtaken(_aimed(program, definition, aimed), now)


def extend(
    program: Program, definition: ClockProgram, clock: Clock, amount: Amount, origin: str, now: Instant
) -> Clock:
    """More time, counted on from the due instant or anew from the start."""
    longer = _lengthened(program, measured(program, clock, now), amount, origin)
    longer = changed(longer, extended=(*clock.extended, (amount.unit, amount.value, origin)))
    return longer if clock.status == "paused" else overtaken(_aimed(program, definition, longer), now)


def measured(program: Program, clock: Clock, now: Instant, *, paused: bool = False) -> Clock:
    """The same clock with all that was used until now, when it is paused perhaps, in its limits."""
    if clock.status != "running" or now <= clock.since:
        return clock if clock.status != "paused" else changed(clock, since=max(now, clock.since))
    limits = tuple(
        measures.spend(limit, program.calendar_of(limit), run_of(clock), now, paused=paused) for limit in clock.limits
    )
    return changed(clock, limits=limits, since=now)


def used(program: Program, clock: Clock, now: Instant) -> int | None:
    """How much time the clock has used by now, in microseconds: of a limit in time what it counts, else working time; None
    for a finished clock whose calendar the case has left behind."""
    limit = measured(program, clock, now).limits[0]
    if limit.unit == "time":
        return limit.used
    calendar = program.calendars.get(program.counted_by(limit.calendar, clock.name))
    if calendar is None:
        return None
    return sum(calendar.between(since, until) for since, until in runs(clock, clock.ended_at or now))


def runs(clock: Clock, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The spans in which the clock ran from where it is counted until now, the pauses left out."""
    for run, end, _ in measures.runs(clock.counted_from, clock.pauses, until):
        yield run.since, end


def run_of(clock: Clock) -> measures.Run:
    """The run that the clock is in; of one that is paused, the one that would begin at its `since`."""
    last = clock.pauses[-1] if clock.pauses else None
    pause = None if last is None else (last[0], clock.since if last[1] is None else last[1])
    return measures.Run(clock.counted_from, clock.since, pause)


def verdict(program: Program, clock: Clock, limits: Sequence[Limit]) -> ClockStatus:
    """How a finished cycle would be judged against these limits: by what ran then, with its pauses and extensions."""
    assert clock.ended_at is not None
    anew = changed(_against(program, clock, limits, clock.ended_at, {}, clock.target), since=clock.ended_at)
    return "breached" if min(_ends(program, anew)) <= clock.ended_at else "met"


def _against(
    program: Program, clock: Clock, limits: Sequence[Limit], until: Instant, used: Mapping[str, int], target: int
) -> Clock:
    """The clock against the limits of another target: what it has used of them by unit, else measured anew; and all its
    extensions."""
    other = changed(
        clock,
        limits=tuple(
            limit._replace(used=used[limit.unit])
            if limit.unit in used
            else measures.measure(limit, program.calendar_of(limit), clock.counted_from, clock.pauses, until)
            for limit in limits
        ),
        target=target,
    )
    for unit, value, origin in clock.extended:
        other = _lengthened(program, other, Amount(unit, value), origin)
    return other


def _lengthened(program: Program, clock: Clock, amount: Amount, origin: str) -> Clock:
    return changed(
        clock,
        limits=tuple(
            measures.lengthen(limit, program.calendar_of(limit), run_of(clock), amount, origin)
            for limit in clock.limits
        ),
    )


def _ends(program: Program, clock: Clock) -> Iterator[Instant]:
    for limit in clock.limits:
        yield measures.due(limit, program.calendar_of(limit), run_of(clock))


def _aimed(program: Program, definition: ClockProgram, clock: Clock) -> Clock:
    """With its due instant, and with every threshold that has not fired at its own, in order."""
    run = run_of(clock)
    counted = [(limit, program.calendar_of(limit)) for limit in clock.limits]
    ends = [measures.due(limit, calendar, run) for limit, calendar in counted]
    due = min(ends)
    pending = sorted(
        (
            min(measures.point(item, *each, run, end) for each, end in zip(counted, ends, strict=True)),
            item.order,
            item.name,
        )
        for item in definition.thresholds
        if item.name not in clock.fired
    )
    first = program.calendars[clock.limits[ends.index(due)].calendar]
    return changed(clock, due=due, pending=tuple(pending), provisional=first.provisional(due))


def unheard(clock: Clock, now: Instant) -> Clock:
    """Thresholds that were past before the cycle began are recorded and told to nobody."""
    late = tuple(name for at, _, name in clock.pending if at < now)
    if not late:
        return clock
    # Not by its threshold: a later one may have overtaken that already.
    late_now = clock.breached_at is None and clock.due is not None and clock.due < now
    return changed(
        clock,
        pending=tuple(item for item in clock.pending if item[0] >= now),
        fired=(*clock.fired, *late),
        breached_at=clock.due if late_now else clock.breached_at,
    )


def overtaken(clock: Clock, now: Instant) -> Clock:
    """Thresholds that a change has overtaken: only the last of them is told, now, unless one falls due now anyway.

    Without this a case that becomes urgent would warn at 50 %, 80 % and 100 % in one breath.
    """
    passed = [item for item in clock.pending if item[0] < now]
    if not passed:
        return clock
    ahead = clock.pending[len(passed) :]
    if not ahead or ahead[0][0] > now:
        _, order, last = passed.pop()
        ahead = ((now, order, last), *ahead)
    return changed(clock, pending=ahead, fired=(*clock.fired, *(name for _, _, name in passed)))
