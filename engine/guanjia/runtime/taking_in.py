"""An old case taken in with all that happened to it: every step at its own instant, told to nobody.

A case that is opened with an instant of the past is at once brought up to the present: what was due meanwhile happens, and whoever
closed it in time comes too late. So an old case and what people did with it come in together, in one transaction: each step is decided as
it would have been then, what fell due between two of them at its own instant, and what is left up to now at the end. The same
`decide`, the same clocks and verdicts; every event says who took it in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..clock import Instant, spoken
from ..errors import GuanjiaError, NotFound, Refused, Text
from ..failpoints import fp
from ..model.event import Actor, Command
from ..store.interface import Transaction
from .arguments import told_by
from .funnel import Passage, Result
from .once import answered, digest_of, usable

if TYPE_CHECKING:
    from .engine import Engine

KINDS = ("open", "act", "signal", "edit", "assign", "clock", "ack", "note")


def take_in(
    engine: Engine, tx: Transaction, commands: Sequence[Command], by: Actor, reason: str, key: str | None
) -> Result:  # fmt: skip
    """Open the case and carry out what followed. All or nothing: Refused says which step does not fit, as it would have then."""
    now = told_by(engine.clock)
    if key is not None:
        usable(key)
    _entitled(engine, by, reason)
    _in_order(engine, commands, now)
    digest = (
        engine.blind(hashlib.sha256(json.dumps([digest_of(it) for it in commands]).encode()).hexdigest()) if key else ""
    )
    read = tx.read(None, key)
    if read.answer is not None:
        assert key is not None
        return Result(answered(tx, read.answer, digest, key), (), repeated=True)
    first = replace(commands[0], reason=commands[0].reason or reason, key=key)
    assert first.at is not None
    pack = Passage(engine, tx, now)
    pack.quiet, pack.taken_in = True, by.id
    pack.begin(engine.opening(first.name), first, first.at)
    sealed = []
    for number, command in enumerate((first, *commands[1:]), 1):
        assert command.at is not None
        pack.drain(command.at)
        if (error := pack.apply(command, command.at)) is not None:
            raise _of_step(engine, number, command, error)
        sealed += pack.sealed
    pack.drain(now)
    if pack.inbox:
        raise Refused(
            "taken_in",
            Text("补录的工单不能带出或通知别的工单。", "An old case that is taken in opens no other case and sends none anything."),
            Text("先不补这一步，或在别的工单里另行补录。", "Leave that step out, or take the other case in by itself."),
        )  # fmt: skip
    pack.sealed = sealed
    change = pack.change(first, digest, (), None)
    fp("before_write")
    pack.write(change)
    assert pack.case is not None
    return Result(pack.case, tuple(pack.events))


def _entitled(engine: Engine, by: Actor, reason: str) -> None:
    if by.kind == "customer" or not (by.kind == "system" or engine.organisation.may(by, "backdate")):
        raise Refused(
            "role", Text("补录旧工单需要 backdate 权限。", "To take in old cases needs the right `backdate`.")
        )
    if not reason.strip():
        raise Refused("reason", Text("补录旧工单须写明原因。", "To take in old cases needs a reason."))


def _in_order(engine: Engine, commands: Sequence[Command], now: Instant) -> None:
    """Refused unless the opening comes first, and every step has an instant that is over and not before the last one's."""
    kinds = [command.kind for command in commands]
    if kinds[:1] != ["open"] or "open" in kinds[1:] or not set(kinds) <= set(KINDS):
        raise Refused(
            "taken_in",
            Text("旧工单的第一步是建单，以后各步是对它的操作。", "The first step of an old case opens it; what follows is done with it."),
            Text(f"可以有：{'、'.join(KINDS)}", f"There may be: {', '.join(KINDS)}"),
        )  # fmt: skip
    last = None
    for number, command in enumerate(commands, 1):
        own = [name for name in ("case", "key", "expect") if getattr(command, name) is not None]
        if own:
            why = Text(
                f"补录的各步都属于这一张新工单，不能带 {'、'.join(own)}。",
                f"every step is of the one case that is taken in, and has no {', '.join(own)} of its own.",
            )
            hint = Text("整次补录的 key 给 take_in(key=…)。", "A key for all of it is given to take_in(key=…).")
            raise _of_step(engine, number, command, Refused("taken_in", why, hint))
        if command.at is None or command.at > now or (last is not None and command.at < last):
            at = "—" if command.at is None else spoken(command.at, engine.zone)
            why = Text(
                f"时间 {at} 应已过去，且不早于前一步。",
                f"its time {at} must be over, and not before the step ahead of it.",
            )
            raise _of_step(engine, number, command, Refused("time", why))
        last = command.at


def _of_step(engine: Engine, number: int, command: Command, error: GuanjiaError) -> Refused:
    at = "—" if command.at is None else spoken(command.at, engine.zone)
    what = f"{command.kind} {command.name}".strip()
    said = Text(f"第 {number} 步（{what}，{at}）：{error.text.zh}", f"Step {number} ({what}, {at}): {error.text.en}")
    data = {**error.data, "step": number}
    if isinstance(error, NotFound):
        return NotFound(said, error.hint, **data)
    return Refused(error.code if isinstance(error, Refused) else "taken_in", said, error.hint, **data)
