"""What a `Query` asks for, as conditions of SQL: the same for every database but for a few turns of speech."""

from __future__ import annotations

from typing import Any, NamedTuple

from .interface import Query
from .rows import COLUMNS, words

FIELDS = ", ".join(("id", *COLUMNS))
_EQUAL = ("site", "procedure", "assignee", "room", "customer", "parent")


class Dialect(NamedTuple):
    """How a database says it: the mark of a value, that a state is active, that a word stands in the text."""

    mark: str
    state: str
    word: str


def conditions(query: Query, dialect: Dialect) -> tuple[list[str], list[Any]]:
    """Conditions to be joined by AND, with their values in order; all but whether the case is open."""
    found: list[str] = []
    values: list[Any] = []
    for name in _EQUAL:
        wanted = getattr(query, name)
        if wanted is not None:
            found.append(f"{name} = {dialect.mark}")
            values.append(wanted)
    if query.provisional is not None:
        found.append("provisional > 0" if query.provisional else "provisional = 0")
    if query.alarm is not None:
        found.append("alarms > 0" if query.alarm else "alarms = 0")
    if query.mode == "":
        found.append("mode IS NULL")
    elif query.mode is not None:
        found.append(f"mode = {dialect.mark}")
        values.append(query.mode)
    if query.state is not None:
        found.append(dialect.state)
        values.append(query.state)
    for word in words(query.text):
        found.append(dialect.word)
        values.append(word)
    return found, values
