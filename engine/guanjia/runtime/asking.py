"""Whether somebody could do something, and why not: the very funnel is asked, and nothing remains of it.

A command is previewed like any other, so that whoever is told `yes` can do it at that moment, and whoever is told `no` hears what he would
have been told. A refused attempt that is only asked about is no event. What would still have to be filled in is said, and is no obstacle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import GuanjiaError, Refused, Text
from ..model.case import Case
from ..model.event import Actor, Command
from . import looking

if TYPE_CHECKING:
    from .engine import Engine

SEE, OPEN = "see", "open"
DEEDS = ("edit", "assign", "note", "reveal", "ack", "forget")
"""What can be done to a case beside actions and signals; an action of that name comes first."""


class Verdict(NamedTuple):
    """The answer: `code`, `why` and `hint` are those of the refusal; `needs` are the inputs and fields that are still to be given."""

    allowed: bool
    code: str | None = None
    why: Text | None = None
    hint: Text | None = None
    needs: tuple[str, ...] = ()


def can(engine: Engine, who: Actor, what: str, ref: str, values: Mapping[str, Any]) -> Verdict:
    """Whether an actor could see a case, open one of a procedure, take an action, send a signal, or do one of `DEEDS`. NotFound where
    there is no such case or procedure."""
    try:
        if what == OPEN:
            return _foreseen(engine, Command("open", ref, values=values, actor=who))
        case = engine.case(ref)
        if what == SEE:
            looking.check(engine, case, who)
            return Verdict(True)
        program = engine.program(case)
        if what in program.actions or (what not in DEEDS and what not in program.signals):
            return _act(engine, who, what, case, values)
        kind: Any = what if what in DEEDS else "signal"
        return _foreseen(
            engine, Command(kind, _named(engine, who, what, case), case.id, _given(what, values), who, reason="?")
        )
    except Refused as refused:
        return Verdict(False, refused.code, refused.text, refused.hint)


def _act(engine: Engine, who: Actor, action: str, case: Case, values: Mapping[str, Any]) -> Verdict:
    verdict = _foreseen(engine, Command("act", action, case.id, values, who))
    if not verdict.needs:
        return verdict
    # What is missing is asked for ahead of the guard: whether that would hold is known to the options.
    option = next((option for option in engine.available(case.id, who) if option.action == action), None)
    if option is None or option.allowed:
        return verdict
    return Verdict(False, "guard", option.why[0] if option.why else verdict.why)


def _named(engine: Engine, who: Actor, what: str, case: Case) -> str:
    """What such a command is about: to assign is asked with somebody who is there, so that only the right to is in question."""
    if what != "assign":
        return "" if what in DEEDS else what
    staff = engine.organisation.staff
    return who.id if who.id in staff else case.assignee or next(iter(staff), "")


def _given(what: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": "?"} if what == "note" else values


def _foreseen(engine: Engine, command: Command) -> Verdict:
    outcome = engine.preview([command])[0]
    if not isinstance(outcome, GuanjiaError):
        return Verdict(True)
    if not isinstance(outcome, Refused):
        raise outcome
    missing = tuple(outcome.data.get("missing", ())) if outcome.code == "field" else ()
    return Verdict(True, needs=missing) if missing else Verdict(False, outcome.code, outcome.text, outcome.hint)
