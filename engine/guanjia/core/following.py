"""How clocks follow a step: started, paused, resumed, stopped, cancelled, reset, or aimed at another target.

Conditions that hold at once resolve as stop > cancel > pause > resume > start; `reset` ends one cycle and begins the next.
A state named to start, stop, cancel or reset counts as it is entered; named to pause, while it is active. An action or
signal counts in the step in which it happens. An expression starts or resets when it becomes true, else it counts while it
is true. Targets are read at the start and after every step from then on: whatever their guards read, a change is seen as
soon as something happens to the case, and time alone changes no target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Instant
from ..errors import Refused, Text
from ..model.case import Clock, Limit
from . import clocks
from .parts import ClockProgram, Conditions, TargetProgram
from .surroundings import Surroundings, is_in

if TYPE_CHECKING:
    from .step import Step


def follow(step: Step, definition: ClockProgram, before: Surroundings | None, after: Surroundings) -> None:
    after.clock = definition.name
    if before is not None:
        before.clock = definition.name
    clock = step.clocks.get(definition.name)
    if clock is not None and clock.open:
        if _happens(step, definition.stop, after):
            step.put(clocks.end(step.program, clock, "met", step.now))
        elif _happens(step, definition.cancel, after):
            step.put(clocks.end(step.program, clock, "cancelled", step.now))
        elif _begins(step, definition.reset, before, after):
            renew(step, definition, clock, after)
        else:
            _go_on(step, definition, clock, after)
    elif clock is not None and _again(step, definition, clock):
        if definition.sla.on_reopen == "resume" and _resumes(step, definition, clock, before, after):
            step.retire(clock)
            _go_on(step, definition, clocks.carry_on(step.program, definition, clock, step.now), after, fresh=True)
    elif _starts(step, definition, before, after):
        if clock is not None:
            step.retire(clock)
        _start(step, definition, after, *_counted_from(step, definition, after))


def renew(step: Step, definition: ClockProgram, clock: Clock, after: Surroundings) -> None:
    """End the cycle and begin the next, counted from now. That lets no clock go on that stands still."""
    after.clock = definition.name
    step.retire(clocks.end(step.program, clock, "reset", step.now))
    _start(step, definition, after, step.now, halted=_halted(step, definition, clock, after), held=clock.held)


def join(step: Step, definition: ClockProgram, see: Surroundings, *, from_now: bool) -> None:
    """Start a clock that the procedure did not have when its start came, if by what happened since it would be open."""
    see.clock = definition.name
    past = step.case.past
    begun = max((past[name].at for name in definition.start.names if name in past), default=None)
    if begun is None and _holds(definition.start, see):
        begun = step.now
    ends = (definition.stop, definition.cancel)
    ended = max((past[name].at for end in ends for name in end.names if name in past), default=None)
    if begun is None or (ended is not None and begun <= ended) or any(_holds(end, see) for end in ends):
        return
    if from_now or not definition.sla.from_:
        _start(step, definition, see, step.now if from_now else begun)
    else:
        _start(step, definition, see, *_counted_from(step, definition, see))


def aim_of(definition: ClockProgram, see: Surroundings) -> clocks.Aim:
    """The target that applies. Refused when none does, because an `until` has no value and nothing comes after it."""
    aim = _aim(definition, see)
    if aim is not None:
        return aim
    raise Refused(
        "target",
        Text(
            f"时钟 {definition.name} 没有适用的时限：最后一个 target 不应有 guard，until 须有值。",
            f"No target of the clock {definition.name} applies: the last must have no guard, and `until` needs a value.",
        ),
        clock=definition.name,
    )


def _aim(definition: ClockProgram, see: Surroundings) -> clocks.Aim | None:
    for place, target in enumerate(definition.targets):
        if limits := _limits(target, see):
            return clocks.Aim(place, limits)
    return None


def _limits(target: TargetProgram, see: Surroundings) -> tuple[Limit, ...]:
    """The limits of a target, none of them used; nothing where it does not apply."""
    if not all(guard.evaluate(see) for guard in target.guards):
        return ()
    if target.amount is not None:
        amount = target.amount
        return (Limit(target.calendar_name, amount.unit, amount.value, target.head, counting=target.counting),)
    if target.until is not None:
        until = target.until.evaluate(see)
        return () if until is None else (Limit(target.calendar_name, "instant", until),)
    return tuple(limit for part in target.earliest for limit in _limits(part, see))


def _start(
    step: Step, definition: ClockProgram, after: Surroundings, counted_from: Instant,
    pauses: tuple[tuple[Instant, Instant], ...] = (), *, halted: bool | None = None, held: bool = False,
) -> None:  # fmt: skip
    cycles = [item.cycle for item in step.case.cycles if item.name == definition.name]
    cycles += [item["cycle"] for item in step.data.get("cycles", ()) if item["name"] == definition.name]
    clock = clocks.start(
        step.program, definition, aim_of(definition, after), step.now, counted_from, max(cycles, default=0) + 1, pauses
    )
    if halted is None:
        halted = _halted(step, definition, clock, after)
    step.put(clocks.stand(step.program, definition, clock, step.now, halted=halted, held=held))


def _go_on(step: Step, definition: ClockProgram, clock: Clock, after: Surroundings, *, fresh: bool = False) -> None:
    halted = _halted(step, definition, clock, after)
    followed = clocks.stand(step.program, definition, clock, step.now, halted=halted, held=clock.held)
    if definition.varies:
        aim = _aim(definition, after)
        # Where none applies any more, as an instant was taken away, the clock keeps the one that it has.
        if aim is not None and not aim.is_of(followed):
            policy = definition.sla.on_change
            if policy == "restart":
                renew(step, definition, followed, after)
                return
            followed = clocks.retarget(step.program, definition, followed, aim, step.now, policy)
    if fresh or followed is not clock:
        step.put(followed)


def _halted(step: Step, definition: ClockProgram, clock: Clock, after: Surroundings) -> bool:
    """Whether the rules make the clock stand still after this step.

    A state or expression of `pause` does while it holds, `runs_in` where none of its states is active; an action or signal
    does from its step on. Where there is a `resume`, what stood still waits for it.
    """
    pause, runs_in = definition.pause, definition.sla.runs_in
    for name in pause.names:
        state = step.program.nodes.get(name)
        if name in step.occurred if state is None else is_in(step.program, step.leaves, name):
            return True
    if runs_in and not any(is_in(step.program, step.leaves, name) for name in runs_in):
        return True
    if _holds(pause, after):
        return True
    return clock.halted and bool(definition.resume) and not _happens(step, definition.resume, after)


def _again(step: Step, definition: ClockProgram, clock: Clock) -> bool:
    """Whether the case was reopened since this clock began, and that is no new beginning for it."""
    reopened = step.case.past.get("reopen")
    before = step.reopening or (reopened is not None and clock.started_at < reopened.at)
    return before and definition.sla.on_reopen != "new"


def _resumes(
    step: Step, definition: ClockProgram, clock: Clock, before: Surroundings | None, after: Surroundings
) -> bool:
    """Whether a finished clock of a reopened case goes on: at once where it was the closing that ended it, else when it is
    started again."""
    cut_off = step.reopening and clock.ended_at == step.case.closed_at and not _ends(step, definition, after)
    return cut_off or _starts(step, definition, before, after)


def _starts(step: Step, definition: ClockProgram, before: Surroundings | None, after: Surroundings) -> bool:
    # For what is measured a case that is opened again begins again.
    begun = _begins(step, definition.start, None if step.reopening else before, after)
    return begun and not _ends(step, definition, after)


def _ends(step: Step, definition: ClockProgram, after: Surroundings) -> bool:
    return _happens(step, definition.stop, after) or _happens(step, definition.cancel, after)


def _begins(step: Step, conditions: Conditions, before: Surroundings | None, after: Surroundings) -> bool:
    if _named(step, conditions):
        return True
    for expression in conditions.expressions:
        if expression.evaluate(after) and (before is None or not expression.evaluate(before)):
            return True
    return False


def _happens(step: Step, conditions: Conditions, after: Surroundings) -> bool:
    return _named(step, conditions) or _holds(conditions, after)


def _named(step: Step, conditions: Conditions) -> bool:
    return not conditions.names.isdisjoint(step.occurred)


def _holds(conditions: Conditions, after: Surroundings) -> bool:
    return bool(conditions.expressions) and any(expression.evaluate(after) for expression in conditions.expressions)


def _counted_from(
    step: Step, definition: ClockProgram, after: Surroundings
) -> tuple[Instant, tuple[tuple[Instant, Instant], ...]]:  # fmt: skip
    """From when the clock counts that starts now, and which pauses since then it leaves out."""
    if definition.from_clock is not None and (other := step.clocks.get(definition.from_clock)) is not None:
        return other.counted_from, tuple((begun, step.now if ended is None else ended) for begun, ended in other.pauses)
    since: Instant | None = None
    if definition.from_name is not None and definition.from_name not in step.occurred:
        past = step.case.past.get(definition.from_name)
        since = None if past is None else past.at
    elif definition.from_expression is not None:
        since = definition.from_expression.evaluate(after)
    return step.now if since is None else int(since), ()
