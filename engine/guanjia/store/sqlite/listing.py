"""Puts the statement of a list together: an index gives its order, so that fifty of a hundred thousand cost fifty.

Open and finished cases have indexes of their own; a list of both merges the two.
"""

from __future__ import annotations

from typing import Any

from ..interface import Query
from ..searching import FIELDS, Dialect, conditions

_DIALECT = Dialect(
    mark="?",
    state="instr(',' || states || ',', ',' || ? || ',') > 0",
    marked="instr(marks, ?) > 0",
    word="instr(lower(number || char(10) || summary || char(10) || ifnull(room, '') || char(10) || ifnull(customer, '')), ?) > 0",
)
_DEADLINE = "ifnull(deadline, 9223372036854775807)"
_ORDER = {
    "deadline": "soon, id",
    "opened": "opened_at DESC, id DESC",
    "changed": "changed_at DESC, id DESC",
}


def _halves(query: Query, what: str, given: list[str]) -> list[str]:
    halves = {True: ["closed_at IS NULL"], False: ["closed_at IS NOT NULL"]}
    each = halves[True] + halves[False] if query.open is None else halves[query.open]
    return [f"SELECT {what} FROM cases WHERE {' AND '.join([half, *given])}" for half in each]


def listed(query: Query) -> tuple[str, list[Any]]:
    """The statement and its values: rows of id, `Columns`, and what they are ordered by."""
    given, values = conditions(query, _DIALECT)
    selects = _halves(query, f"{FIELDS}, {_DEADLINE} AS soon", given)
    text = f"{' UNION ALL '.join(selects)} ORDER BY {_ORDER[query.order]} LIMIT ? OFFSET ?"
    return text, [*values * len(selects), query.limit, query.offset]


def counted(query: Query) -> tuple[str, list[Any]]:
    """One row, or two to be added."""
    given, values = conditions(query, _DIALECT)
    selects = _halves(query, "count(*)", given)
    return " UNION ALL ".join(selects), values * len(selects)
