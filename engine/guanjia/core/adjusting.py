"""A clock that a person pauses, lets go on, or resets, with a reason.

What stands still by hand goes on by hand only: no state, action or target lets it go, nor does a reset. The rules of the
procedure go on being heard meanwhile, so that afterwards the clock stands as they would have it.
"""

from __future__ import annotations

from ..errors import Refused, Text
from ..model.case import Clock
from . import clocks
from .following import renew
from .parts import ClockProgram
from .step import Step

WAYS = ("pause", "resume", "reset")


def adjust(step: Step, definition: ClockProgram, way: str, name: Text) -> None:
    """Carry out one of `WAYS`. Refused when the clock is not to be touched by hand, or stands so already."""
    clock = step.clocks.get(definition.name)
    if not definition.sla.pausable:
        raise _refused("manual", definition, Text(f"“{name.zh}”不可暂停，也不能由人重新起算。", f"“{name.en}” never stands still and cannot be reset by anybody."))  # fmt: skip
    if not definition.sla.manual:
        raise _refused("manual", definition, Text(f"“{name.zh}”不能由人暂停、恢复或重新起算。", f"“{name.en}” is not to be paused, resumed or reset by hand."))  # fmt: skip
    if clock is None or not clock.open:
        raise _refused("state", definition, Text(f"“{name.zh}”现在没有在计时。", f"“{name.en}” is not running now."))
    if way == "reset":
        renew(step, definition, clock, step.after())
        return
    if clock.held == (way == "pause"):
        raise _refused("state", definition, _already(clock, name))
    step.put(clocks.stand(step.program, definition, clock, step.now, halted=clock.halted, held=way == "pause"))


def _already(clock: Clock, name: Text) -> Text:
    if clock.held:
        return Text(f"“{name.zh}”已经被人工暂停。", f"“{name.en}” is paused by hand already.")
    if clock.halted:
        return Text(f"“{name.zh}”是按流程暂停的，条件满足时自己恢复。", f"“{name.en}” is paused by the procedure's own rules and goes on by them.")  # fmt: skip
    return Text(f"“{name.zh}”没有暂停，正在计时。", f"“{name.en}” is not paused; it is running.")


def _refused(code: str, definition: ClockProgram, text: Text) -> Refused:
    return Refused(code, text, clock=definition.name)
