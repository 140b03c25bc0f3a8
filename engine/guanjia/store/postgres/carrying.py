"""A whole PostgreSQL database as rows, on its way out and in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from psycopg.sql import SQL as Composed, Identifier

from .. import refusals
from ..interface import Record
from ..records import TABLES, chosen, select
from .pool import Connection, Pool
from .transaction import SQL

_TOGETHER = 1000
"""Rows that are fetched at once."""


def dump(pool: Pool, *tables: str) -> Iterator[Record]:
    """What `Store.dump` promises: one read transaction that sees the database as it was when it began."""
    with pool.lend() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # who reads may take his time
        for table in chosen(tables):
            with connection.cursor(name="dump") as rows:
                rows.itersize = _TOGETHER
                rows.execute(select(table).encode())
                for row in rows:
                    yield table.name, table.plain(row)


def load(connection: Connection, location: str, records: Iterable[Record]) -> None:
    """What `Store.load` promises."""
    with connection.transaction():
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if connection.execute(SQL["filled"].encode()).fetchall()[0][0]:
            raise refusals.not_empty(location)
        for table in TABLES.values():
            _triggers(connection, "DISABLE", table.name, table.off)
        for name, rows in groupby(records, key=itemgetter(0)):
            table = TABLES[name]
            columns = Composed(", ").join(map(Identifier, table.columns))
            copy = Composed("COPY {} ({}) FROM STDIN").format(Identifier(name), columns)
            with connection.cursor() as cursor, cursor.copy(copy) as into:
                for _, row in rows:
                    into.write_row(row)
        for table in TABLES.values():
            _triggers(connection, "ENABLE", table.name, table.off)
        connection.execute(SQL["flag_personal"].encode())
        connection.execute(SQL["next_cursor"].encode())


def _triggers(connection: Connection, how: str, table: str, trigger: str) -> None:
    if trigger:
        text = Composed(f"ALTER TABLE {{}} {how} TRIGGER {{}}")
        connection.execute(text.format(Identifier(table), Identifier(trigger)))
