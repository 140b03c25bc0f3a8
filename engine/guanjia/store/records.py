"""Everything that a store holds as rows that do not depend on the database: what a whole office is carried over by.

A row is the values of `Table.columns` in order: text, whole numbers, true and false, bytes, None. Tables come in an order in
which each only refers to those before it, rows in one that is the same everywhere. What only one database needs (numbers of
rows, indexes) is not among them, nor what is true of one copy only (`LOCAL`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .customers import CUSTOMER
from .rows import COLUMNS, OUTBOX

HELD = "held"
"""The setting that says that this copy of an office sends nothing (see `runtime.holding`)."""

BACKED_UP = "backed_up"
"""The setting that says when this copy was last backed up by `guanjia backup`."""

WORKERS = "workers"
"""The setting that says who works on this copy, and since when he was seen last (see `runtime.stats`)."""

LOCAL = frozenset({HELD, BACKED_UP, WORKERS})
"""Settings of this copy of the office and of no other."""


class Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    order: str
    flags: tuple[str, ...] = ()
    """Columns that hold true or false, whatever a database makes of that."""
    off: str = ""
    """A trigger that rows which are put back must not set off: it is about new ones."""

    def plain(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of a database in the one form."""
        if not self.flags:
            return row
        return tuple(
            bool(value) if name in self.flags else value for name, value in zip(self.columns, row, strict=True)
        )


TABLES = {
    table.name: table
    for table in (
        Table("versions", ("hash", "procedure", "canonical"), "hash"),
        Table("settings", ("name", "value"), "name"),
        Table("office_events", ("seq", "text", "head", "recorded_at"), "seq"),
        Table("counters", ("site", "counter", "year", "value"), "site, counter, year"),
        Table("events", ("cursor", "case_id", "seq", "text", "head", "recorded_at"), "cursor"),
        Table("cases", ("id", "seq", "head", "snapshot", *COLUMNS), "id"),
        Table("personal", ("case_id", "commitment", "salt", "value"), "case_id, commitment"),
        Table("alike", ("key", "at", "case_id"), "case_id, key, at"),
        Table("blobs", ("sha256", "content"), "sha256"),
        Table("outbox", OUTBOX, "n", flags=("outside",), off="messages_take_along_what_waits"),
        Table("inbox", ("key", "sender", "receiver", "command", "status", "problem"), "n"),
        Table("customers", CUSTOMER, "id"),
        Table("customer_events", ("customer", "seq", "text", "head", "recorded_at"), "customer, seq"),
        Table("customer_terms", ("customer", "kind", "term"), "customer, kind, term"),
        Table("commands", ("key", "digest", "answer"), "key"),
    )
}


def chosen(names: tuple[str, ...]) -> Iterator[Table]:
    """The tables of these names, all without any, in the order of TABLES."""
    return (table for table in TABLES.values() if not names or table.name in names)


def select(table: Table) -> str:
    where = (
        f" WHERE name NOT IN ({', '.join(repr(name) for name in sorted(LOCAL))})" if table.name == "settings" else ""
    )
    return f"SELECT {', '.join(table.columns)} FROM {table.name}{where} ORDER BY {table.order}"
