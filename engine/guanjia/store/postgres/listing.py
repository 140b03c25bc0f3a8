"""Puts the statement of a list together; partial indexes give the order of the open cases, whole ones that of all."""

from __future__ import annotations

from typing import Any

from ..interface import Query
from ..searching import FIELDS, Dialect, conditions

_DIALECT = Dialect(
    mark="%s",
    state="%s = ANY (string_to_array(states, ','))",
    marked="position(%s in marks) > 0",
    word="position(%s in lower(number || chr(10) || summary || chr(10) || coalesce(room, '') || chr(10) || coalesce(customer, ''))) > 0",
)
_ORDER = {
    "deadline": "deadline, id",
    "opened": "opened_at DESC, id DESC",
    "changed": "changed_at DESC, id DESC",
}


def _where(query: Query) -> tuple[str, list[Any]]:
    given, values = conditions(query, _DIALECT)
    if query.open is not None:
        given.append("closed_at IS NULL" if query.open else "closed_at IS NOT NULL")
    return (f" WHERE {' AND '.join(given)}" if given else ""), values


def listed(query: Query) -> tuple[str, list[Any]]:
    """The statement and its values: rows of id and `Columns`."""
    where, values = _where(query)
    text = f"SELECT {FIELDS} FROM cases{where} ORDER BY {_ORDER[query.order]} LIMIT %s OFFSET %s"
    return text, [*values, query.limit, query.offset]


def counted(query: Query) -> tuple[str, list[Any]]:
    where, values = _where(query)
    return f"SELECT count(*) FROM cases{where}", values
