"""`decide(program, case, command, now, facts) -> events`: every rule of a procedure, applied to one command.

Run to completion: the command is one step; then `always` transitions and the case's own signals are taken until nothing
moves. Nothing here does input or output or reads a clock: the same arguments give the same events for ever. An error leaves
no trace, for nothing was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any

from ..clock import Instant
from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import Command, Event
from ..model.identifiers import masked
from ..model.procedure import Field
from ..values import admit, coerce, seal_off
from . import answering, commands, joining, undoing
from .personal import given, known
from .program import Program
from .run import Run
from .surroundings import called

_HOMES = (commands, joining, undoing, answering)
"""Where the kinds of command are, each a function of its name."""

_WORDS = Field(type="text")
"""What people write beside the fields: remarks, reasons."""

FILLING = ("open", "act", "signal", "edit")
"""The kinds of command whose values are those of fields and inputs."""

_NOTHING: Mapping[str, Any] = {}


def decide(
    program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
) -> tuple[Event, ...]:
    """The events that the command causes at `now`. Values must have been admitted (see `prepare`).

    `facts` holds what is known from outside: `id` and `number` to open, `recorded` when that is not `now`, `personal`
    (commitment -> value), `quiet` when nobody is to be told, `taken_in` who takes in an old case, `before` the program that a migrated case leaves, `history` the events of one of which something is taken back, `code` the digest of the code by which a customer answers, `labels` of roles by language, and what `NeedFact` asked for. Raises Refused, Conflict or NeedFact.
    """
    return tuple(_completed(program, case, command, now, facts).events)


def advance(
    program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
) -> tuple[tuple[Event, ...], Case]:
    """`decide` and `evolve` in one: the events and the case after them."""
    run = _completed(program, case, command, now, facts)
    after = run.case
    assert after is not None
    return tuple(run.events), after


def _completed(program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]) -> Run:
    run = Run(program, case, command, now, facts)
    next(getattr(home, command.kind) for home in _HOMES if command.kind in vars(home))(run)
    if command.kind not in ("migrate", "undo"):  # which are no steps of the procedure: nothing follows from them
        run.complete()
        run.relieve()
    return run


def prepare(
    program: Program, command: Command, salt: Callable[[], str], case: Case | None = None, personal: Mapping[str, Any] = _NOTHING
) -> tuple[Command, list[tuple[str, str, Any]]]:  # fmt: skip
    """The command with checked values, personal ones as references; and those as (commitment, salt, value).

    `case` and `personal` are what the values come to: what the case knows as personal stands in no text of it in clear.
    """
    if not command.values and command.reason is None and command.kind != "open":
        return command, []
    fields: dict[str, Field] = dict(program.procedure.fields)
    if command.kind in ("act", "signal"):
        fields |= program.inputs.get((command.kind, command.name), {})

    @cache
    def names() -> Mapping[str, str]:
        own = {} if case is None else known(program, case, personal)
        return own | given(fields, command.values) if command.kind in FILLING else own

    if command.reason is not None:
        reason = coerce("reason", _WORDS, command.reason, label=Text("原因", "reason"))
        command = replace(command, reason=reason and (masked(reason, names()) or reason))
    if command.kind == "note":
        label = Text("备注", "remark")
        if (text := coerce("text", _WORDS, command.values["text"], label=label)) is None:
            raise Refused("field", Text("备注是空的。", "The remark is empty."))
        if (shown := masked(text, names())) is None:
            return replace(command, values={"text": text}), []
        reference, item = seal_off(f"{salt()}:text", text, shown)
        return replace(command, values={"text": reference}), [item]
    if command.kind == "attach":
        file = command.values
        shown = masked(command.name, names()) or command.name
        reference, item = seal_off(
            f"{salt()}:file", {"name": command.name, "sha256": file["sha256"], "key": file["key"]}
        )
        held = {"name": shown, "size": file["size"], "sha256": file["sealed"], "key": reference}
        return replace(command, name=shown, values=held), [item]
    if command.kind == "open":
        _pseudonymous(command)
    if not command.values or command.kind not in FILLING:
        return command, []
    what = Text(
        f"“{program.procedure.label(program.procedure.procedure, 'zh')}”",
        f"The procedure {program.procedure.procedure!r}",
    )
    zone = program.calendar(None).zone
    held, sealed = admit(
        fields, command.values, salt(), called=partial(called, program), zone=zone, what=what, names=names
    )
    return replace(command, values=held), sealed


def _pseudonymous(command: Command) -> None:
    """A customer's id lies in clear wherever a case does, so it may be no number by which anybody finds out who it is."""
    customer = command.customer or (command.actor.id if command.actor.kind == "customer" else "")
    if masked(customer) is not None:
        raise Refused(
            "field",
            Text("客户编号不能是电话、证件号或邮箱：编号不加密。", "A customer's id cannot be a phone or identity number or a mail address: ids are not sealed."),
            Text("用别的编号；电话写在工单的字段里。", "Use another id; the number belongs in a field of the case."),
            field="customer",
        )  # fmt: skip


def refusal(
    program: Program, case: Case, personal: Mapping[str, Any], command: Command, refused: Refused, now: Instant, recorded: Instant
) -> Event:  # fmt: skip
    """The event that records that somebody tried what they may not, or came too late; of a look at personal data also why."""
    data: dict[str, Any] = {
        "kind": command.kind,
        "code": refused.code,
        "text": {"zh": refused.text.zh, "en": refused.text.en},
    }
    if command.kind == "reveal" and command.reason:
        with suppress(Refused):  # a reason that is none is kept nowhere
            reason = coerce("reason", _WORDS, command.reason)
            data["reason"] = masked(reason, known(program, case, personal)) or reason
    if command.actor.through is not None:
        data["through"] = command.actor.through
    return Event(case.id, case.seq + 1, "refused", command.name, command.actor.id, now, recorded, data)
