"""Who may, in the words of a procedure: `by`, `open_by`, and `read` and `write` of a field.

A word is a role, a relation to the case, or `<role> for customer`. What somebody may not read is `***` wherever the case is
shown to him; what he may not write is refused, however he gives it. The engine itself reads and writes everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..model.case import Case
from ..model.event import Actor, Event
from .surroundings import RELATIONS

if TYPE_CHECKING:
    from .parts import BranchProgram
    from .program import Program

HIDDEN = "***"
"""What stands in the place of a value that somebody may not read."""

_NOTHING: frozenset[str] = frozenset()


def allowed(words: Iterable[str], actor: Actor, case: Case | None) -> bool:
    """Whether one of the words is the actor. Before there is a case whoever opens it is its opener."""
    for word in words:  # noqa: SIM110  # not any(…): every attempt asks, and a loop costs half
        if _is(word, actor, case):
            return True
    return False


def on_behalf(branch: BranchProgram, actor: Actor, case: Case) -> bool:
    """Whether the actor, who may do this, may do it only for the customer (`agent for customer`)."""
    return branch.proxies and not allowed((word for word in branch.by if " for " not in word), actor, case)


def _is(word: str, actor: Actor, case: Case | None) -> bool:
    if word not in RELATIONS:
        return word.removesuffix(" for customer") in actor.roles
    if word == "anyone":
        return True
    if word in ("system", "staff"):
        return actor.kind == word
    if word == "customer":
        return actor.kind == "customer" and (case is None or case.customer == actor.id or answers(case) in actor.roles)
    if case is None:
        return word == "opener"
    return bool(getattr(case, word) == actor.id)


def answers(case: Case) -> str:
    """The role of whoever answers by a one-time code: in this case they are its customer, whoever that is."""
    return f"case:{case.id}"


# -- values of fields


def hidden(program: Program, case: Case, actor: Actor) -> frozenset[str]:
    """The fields whose values an actor does not see."""
    if not program.readers or actor.kind == "system":
        return _NOTHING
    return frozenset(name for name, words in program.readers.items() if not allowed(words, actor, case))


def unwritable(program: Program, case: Case | None, actor: Actor, names: Iterable[str]) -> str | None:
    """The first of these fields that an actor may not give a value; None where he may give them all."""
    if not program.writers or actor.kind == "system":
        return None
    return next(
        (name for name in names if name in program.writers and not allowed(program.writers[name], actor, case)), None
    )


def veiled(program: Program, case: Case, actor: Actor) -> Case:
    """The case as an actor sees it: `***` for every value that he may not read."""
    if program.open_to_all or actor.kind == "system":
        return case
    past = {
        name: replace(item, input=_without(item.input, _unread_inputs(program, case, actor, "act", name)))
        if item.input
        else item
        for name, item in case.past.items()
    }
    unread = hidden(program, case, actor)
    entries = {name: about for name, about in case.entries.items() if name not in unread}
    return case.changed(fields=_without(case.fields, unread), past=past, entries=entries)


def veiled_event(program: Program, case: Case, actor: Actor, event: Event) -> Event:
    """An event of the case as an actor sees it. What was handed on to templates and to other cases may hold anything, and is
    left out where anything is hidden from him."""
    if program.open_to_all or actor.kind == "system":
        return event
    unread, data = hidden(program, case, actor), dict(event.data)
    kind = "signal" if event.type == "signalled" else "act"
    if "entries" in data:
        data["entries"] = {name: about for name, about in data["entries"].items() if name not in unread}
    for key, names in (("set", unread), ("input", _unread_inputs(program, case, actor, kind, event.name))):
        if data.get(key):
            data[key] = _without(data[key], names)
    if unread:
        for key, inner in (("notify", "with"), ("open", "values")):
            data |= (
                {
                    key: [
                        {**item, inner: dict.fromkeys(item[inner], HIDDEN)} if item.get(inner) else item
                        for item in data[key]
                    ]
                }
                if key in data
                else {}
            )
    return replace(event, data=data)


def _unread_inputs(program: Program, case: Case, actor: Actor, kind: str, name: str) -> frozenset[str]:
    asked = program.inputs.get((kind, name), {})
    return frozenset(key for key, field in asked.items() if field.read and not allowed(field.read, actor, case))


def _without(values: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
    if not names:
        return values
    return {name: HIDDEN if name in names and value is not None else value for name, value in values.items()}
