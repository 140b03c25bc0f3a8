"""What a `Query` asks for, as conditions of SQL: the same for every database but for a few turns of speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..model.sight import Sight, framed
from .interface import Query
from .rows import COLUMNS, words

FIELDS = ", ".join(("id", *COLUMNS))
_EQUAL = ("site", "procedure", "assignee", "room", "customer", "parent")


class Dialect(NamedTuple):
    """How a database says it: the mark of a value, that a state is active, that a word stands in the text, that a case is marked."""

    mark: str
    state: str
    word: str
    marked: str


def conditions(query: Query, dialect: Dialect) -> tuple[list[str], list[Any]]:
    """Conditions to be joined by AND, with their values in order; all but whether the case is open."""
    found: list[str] = []
    values: list[Any] = []
    for name in _EQUAL:
        wanted = getattr(query, name)
        if isinstance(wanted, tuple):
            found.append(f"{name} IN ({', '.join([dialect.mark] * len(wanted))})")
            values.extend(wanted)
        elif wanted is not None:
            found.append(f"{name} = {dialect.mark}")
            values.append(wanted)
    for name, sign in (("since", ">="), ("until", "<")):
        instant = getattr(query, name)
        if instant is not None:
            found.append(f"opened_at {sign} {dialect.mark}")
            values.append(instant)
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
    if query.sight is not None:
        seen(query.sight, dialect, found, values)
    for word in words(query.text):
        found.append(dialect.word)
        values.append(word)
    return found, values


def seen(sight: Sight, dialect: Dialect, found: list[str], values: list[Any]) -> None:
    """What `Sight.unseen` says of one case, as conditions on all of them."""

    def any_of(marks: Sequence[str]) -> str:
        values.extend(map(framed, marks))
        return f"({' OR '.join([dialect.marked] * len(marks))})" if marks else "(1 = 0)"

    if sight.sites is not None:
        found.append(f"site IN ({', '.join([dialect.mark] * len(sight.sites))})")
        values.extend(sight.sites)
    if sight.barred is not None:
        found.append(f"NOT {any_of([sight.barred])}")
    hand, open_ = any_of(sight.hand), any_of(sight.open)
    within = "" if sight.within is None else f" AND {any_of(sight.within)}"
    found.append(f"({hand} OR {open_}{within})")
