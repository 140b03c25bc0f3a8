"""How clocks follow a step: started, paused, resumed, stopped, cancelled, reset, or aimed at another target.

Conditions that hold at once resolve as stop > cancel > pause > resume > start; `reset` ends one cycle and begins the next.
A state named to start, stop, cancel or reset counts as it is entered; named to pause, while it is active. An action or
signal counts in the step in which it happens. An expression starts or resets when it becomes true, else it counts while it
is true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calendars import Amount
from ..clock import Instant
from ..errors import Refused, Text
from ..model.case import Clock
from . import clocks
from .program import ClockProgram, Conditions, TargetProgram
from .surroundings import Surroundings, is_in

if TYPE_CHECKING:
    from .step import Step


def follow(step: Step, definition: ClockProgram, before: Surroundings | None, after: Surroundings) -> None:
    """stop > cancel > pause > resume > start, and reset ends one cycle and begins the next."""
    clock = step.clocks.get(definition.name)
    if clock is not None and clock.open:
        if _pulse(step, definition.stop) or _holds(definition.stop, after):
            step.put(clocks.end(clock, "met", step.now, step.program))
        elif _pulse(step, definition.cancel) or _holds(definition.cancel, after):
            step.put(clocks.end(clock, "cancelled", step.now, step.program))
        elif _pulse(step, definition.reset) or _rises(definition.reset, before, after):
            step.retire(clocks.end(clock, "reset", step.now, step.program))
            _start(step, definition, after)
        else:
            _go_on(step, definition, clock, after)
    elif step.reopening and definition.sla.on_reopen != "new":
        if clock is not None and definition.sla.on_reopen == "resume" and clock.unit != "instant":
            step.retire(clock)
            step.put(clocks.carry_on(step.program, definition, clock, step.now))
    elif _begins(step, definition, before, after):
        if clock is not None:
            step.retire(clock)
        _start(step, definition, after)


def _begins(step: Step, definition: ClockProgram, before: Surroundings | None, after: Surroundings) -> bool:
    if not (_pulse(step, definition.start) or _rises(definition.start, before, after)):
        return False
    return not any(_pulse(step, ends) or _holds(ends, after) for ends in (definition.stop, definition.cancel))


def _go_on(step: Step, definition: ClockProgram, clock: Clock, after: Surroundings) -> None:
    halted = _halted(step, definition, after)
    now_halted = halted or _pulse_of_step(step, definition.pause)
    if clock.status == "running" and now_halted:
        clock = clocks.pause(step.program, clock, step.now)
        step.put(clock)
    elif clock.status == "paused" and not now_halted and _resumes(step, definition, after):
        clock = clocks.resume(step.program, definition, clock, step.now)
        step.put(clock)
    if "set" in step.data or "assignee" in step.data:
        aim = _aim(step, definition, after)
        reaimed = (aim.place, aim.calendar, aim.unit) != (clock.target, clock.calendar, clock.unit)
        if reaimed or (aim.unit == "instant" and aim.total != clock.total and not clock.extended):
            step.put(clocks.retarget(step.program, definition, clock, aim, step.now))


def _halted(step: Step, definition: ClockProgram, after: Surroundings) -> bool:
    """Whether the clock must stand still here: a state or expression of `pause` holds, or no state of `runs_in` does."""
    active = any(
        name in step.program.nodes and is_in(step.program, step.leaves, name) for name in definition.pause.names
    )
    runs_in = definition.sla.runs_in
    outside = bool(runs_in) and not any(is_in(step.program, step.leaves, name) for name in runs_in)
    return active or outside or _holds(definition.pause, after)


def _resumes(step: Step, definition: ClockProgram, after: Surroundings) -> bool:
    if definition.resume:
        return _pulse(step, definition.resume) or _holds(definition.resume, after)
    by_action = [name for name in definition.pause.names if name not in step.program.nodes]
    return not by_action or len(by_action) < len(definition.pause.names)


def _pulse(step: Step, conditions: Conditions) -> bool:
    return not conditions.names.isdisjoint(step.occurred)


def _pulse_of_step(step: Step, conditions: Conditions) -> bool:
    return any(name in step.occurred and name not in step.program.nodes for name in conditions.names)


def _start(step: Step, definition: ClockProgram, after: Surroundings) -> None:
    earlier = sum(1 for item in step.case.cycles if item.name == definition.name)
    earlier += sum(1 for item in step.data.get("cycles", ()) if item["name"] == definition.name)
    clock = clocks.start(
        step.program,
        definition,
        _aim(step, definition, after),
        step.now,
        _counted_from(step, definition, after),
        earlier + 1,
    )
    if _halted(step, definition, after) or _pulse_of_step(step, definition.pause):
        clock = clocks.pause(step.program, clock, step.now)
    step.put(clock)


def _counted_from(step: Step, definition: ClockProgram, after: Surroundings) -> Instant:
    if definition.from_name is not None:
        past = step.case.past.get(definition.from_name)
        return step.now if past is None else past.at
    if definition.from_expression is not None:
        at = definition.from_expression.evaluate(after)
        return step.now if at is None else int(at)
    return step.now


def _aim(step: Step, definition: ClockProgram, after: Surroundings) -> clocks.Aim:
    origin = step.clocks.get(definition.name)
    since = origin.counted_from if origin is not None and origin.open else _counted_from(step, definition, after)
    for index, target in enumerate(definition.targets):
        if all(guard.evaluate(after) for guard in target.guards):
            aim = _aimed_at(index, target, since, after)
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


def _aimed_at(index: int, target: TargetProgram, since: Instant, after: Surroundings) -> clocks.Aim | None:
    if target.amount is not None:
        return clocks.Aim(index, target.calendar_name, target.amount.unit, target.amount.value)
    if target.until is not None:
        until = target.until.evaluate(after)
        return None if until is None else clocks.Aim(index, target.calendar_name, "instant", until)
    ends: list[int] = []
    for part in target.earliest:
        if not all(guard.evaluate(after) for guard in part.guards):
            continue
        aim = _aimed_at(index, part, since, after)
        if aim is not None:
            ends.append(aim.total if aim.unit == "instant" else part.calendar.after(since, Amount(aim.unit, aim.total)))
    return clocks.Aim(index, target.calendar_name, "instant", min(ends)) if ends else None


def _holds(conditions: Conditions, after: Surroundings) -> bool:
    return any(expression.evaluate(after) for expression in conditions.expressions)


def _rises(conditions: Conditions, before: Surroundings | None, after: Surroundings) -> bool:
    return any(
        expression.evaluate(after) and (before is None or not expression.evaluate(before))
        for expression in conditions.expressions
    )
