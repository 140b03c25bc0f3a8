"""What of a case must not lie in clear: its personal values, and every text in which one of them occurs.

Whoever types a remark writes the resident's name into it, and an expression may put it into a text. What a case knows as
personal is looked for in whatever is typed or made for it: the text is then kept as personal data is, with the value masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from ..model.case import Case
from ..model.event import PERSONAL, SENSITIVE, SHOWN, is_personal
from ..model.identifiers import masked
from ..model.procedure import Field
from .program import Program

SAID = frozenset({"text", "phone", "email", "room", "date", "customer"})
"""The types of which a value can be told in a text from a word that only looks like it."""


def references(*held: Mapping[str, Any], case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every personal value among these and those that actions and signals of the case brought, by its name."""
    brought = (past.input for past in case.past.values() if past.input)
    for name, value in chain.from_iterable(each.items() for each in (*held, *brought)):
        if is_personal(value):
            yield name, value


def known(program: Program, case: Case, personal: Mapping[str, Any]) -> dict[str, str]:
    """The values that are not to be repeated, each with the type that it is masked as."""
    found: dict[str, str] = {}
    for name, held in references(case.fields, case=case):
        value = personal.get(held[PERSONAL])
        if SHOWN in held or not isinstance(value, str):
            continue  # a text in which something occurs is no name of anybody
        field = program.procedure.fields.get(name)
        kind = "text" if field is None else field.type
        if SENSITIVE in held or kind in SAID:
            found[value] = SENSITIVE if SENSITIVE in held else kind
    return found


def repeated(program: Program, case: Case, personal: Mapping[str, Any]) -> dict[str, str]:
    """The same and all else that is personal in the case or ever was: what a message of the case may repeat."""
    all_of_it = {value: "text" for value in personal.values() if isinstance(value, str)}
    return all_of_it | known(program, case, personal)


def given(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, str]:
    """The same of what comes with a command, as it was typed."""
    named = ((fields[name], value) for name, value in values.items() if name in fields and isinstance(value, str))
    return {
        value.strip(): SENSITIVE if field.sensitive else field.type
        for field, value in named
        if field.personal and field.type in SAID
    }


def unsaid(
    program: Program, case: Case, fields: Mapping[str, Any], inputs: Mapping[str, Any], personal: Mapping[str, Any],
    paths: frozenset[tuple[str, ...]], value: Any,
) -> Any:  # fmt: skip
    """What an expression that reads `paths` gave, as it may stand in an event: a personal value as its reference, a text that
    was made of one with it masked."""
    if not isinstance(value, str):
        return value
    read = {path[0] for path in paths}
    found = [
        (name, held) for name, held in references(fields, inputs, case=case) if name in read or read & {"input", "past"}
    ]
    for _, held in found:
        if personal.get(held[PERSONAL]) == value:
            return held
    if not found:
        return value
    return masked(value, known(program, case.changed(fields={**fields, **inputs}), personal)) or value
