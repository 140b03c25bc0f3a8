"""Which names and functions the expressions of a procedure may use, and of which kinds they are.

Plain tuples, so that this room needs to know nothing of how expressions are read: a kind is (kind, values or item kinds)
with the kinds of `expressions.Type`. `expressions.scope_of` makes a scope of it. Personal fields are visible to guards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from .procedure import Field, Procedure, Shape
from .survey import deeds, places, steps

Kind: TypeAlias = tuple[str, tuple[str, ...]]


class Names(NamedTuple):
    """`names`: path -> kind; `functions`: name -> (kinds of the parameters, kind of the result)."""

    names: Mapping[tuple[str, ...], Kind]
    functions: Mapping[str, tuple[tuple[str, ...], str]]


FUNCTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "minutes": (("integer",), "span"),
    "hours": (("integer",), "span"),
    "days": (("integer",), "span"),
    "workdays": (("integer",), "amount"),
    "done": (("text",), "boolean"),
    "in_state": (("text",), "boolean"),
    "is_role": (("text",), "boolean"),
    "is_open": (("instant",), "boolean"),
    "sample": (("integer",), "boolean"),
    "count": (("text",), "integer"),
}

ALWAYS: Mapping[str, str] = {
    "assignee": "text", "opener": "text", "customer": "text", "previous": "text", "number": "text", "procedure": "text",
    "site": "text", "mode": "text", "outcome": "text", "actor": "text", "now": "instant", "opened_at": "instant",
}  # fmt: skip
"""Names that every procedure has; no field may be called so."""

GROUPS = frozenset({"past", "clock", "ladder", "child", "input"})

_OF_CLOCK = {
    "running": "boolean", "paused": "boolean", "breached": "boolean", "met": "boolean", "started": "boolean",
    "due": "instant", "left": "span", "used": "span",
}  # fmt: skip
_OF_LADDER = {"level": "integer", "acknowledged": "boolean", "running": "boolean", "alarmed": "boolean"}
_OF_CHILD = {"closed": "boolean", "open": "boolean", "outcome": "text"}
_OF_PAST = {"count": "integer", "at": "instant", "by": "text"}
_KINDS = {
    "integer": "integer", "decimal": "decimal", "money": "decimal", "boolean": "boolean", "choice": "choice",
    "date": "date", "instant": "instant", "duration": "span", "list": "list",
}  # fmt: skip

_last: tuple[Procedure, dict[tuple[str, ...], Kind]] | None = None


def kind_of(field: Field) -> Kind:
    """How expressions see a field."""
    kind = _KINDS.get(field.type, "text")
    return kind, field.of if kind in ("choice", "list") else ()


def columns_of(shape: Shape) -> Names:
    """What an expression over a row may name: its columns."""
    return Names({(name,): kind_of(field) for name, field in shape.columns.items()}, {})


def names_of(procedure: Procedure, inputs: Mapping[str, Field] | None = None) -> Names:
    """Everything an expression may name; `inputs` are those of the transition where it stands."""
    global _last  # noqa: PLW0603
    # Compiling asks once for every transition: the part that never changes is kept for the procedure asked of last.
    known = _last
    if known is None or known[0] is not procedure:
        _last = known = procedure, _base(procedure)
    here: dict[tuple[str, ...], Kind] = {("input", name): kind_of(field) for name, field in (inputs or {}).items()}
    return Names({**known[1], **here} if here else known[1], FUNCTIONS)


def _base(procedure: Procedure) -> dict[tuple[str, ...], Kind]:
    names: dict[tuple[str, ...], Kind] = {(name,): (kind, ()) for name, kind in ALWAYS.items()}
    names |= {(name,): kind_of(field) for name, field in procedure.fields.items()}
    for name in procedure.fields if procedure.registries else ():
        names |= {(name, column): kind_of(about) for column, about in procedure.columns(name).items()}
    happened = dict.fromkeys(place.name for place in places(procedure) if place.name)
    for step in steps(procedure):
        if step.trigger not in ("action", "signal", "delay", "reopen"):
            continue
        happened[step.name] = None
        for name, field in step.branch.input.items():
            path, kind = ("past", step.name, "input", name), kind_of(field)
            names[path] = kind if names.get(path, kind) == kind else ("any", ())
    groups = [("past", name, _OF_PAST) for name in happened]
    groups += [("clock", name, _OF_CLOCK) for name in procedure.sla]
    groups += [("ladder", name, _OF_LADDER) for name in procedure.ladders]
    for deed in deeds(procedure):
        if deed.path[0] == "counts":  # opened by the way: the case goes on as if it had not been
            continue
        groups += [("child", child.as_ or name, _OF_CHILD) for name, child in (deed.effect.open or {}).items()]
    for group, name, parts in groups:
        names |= {(group, name, part): (kind, ()) for part, kind in parts.items()}
    return names
