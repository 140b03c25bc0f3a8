"""Customers on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import GuanjiaError
from ...failpoints import fp
from .. import refusals
from ..customers import CustomerChange, CustomersBySql, HeldCustomer, Rows


class PostgresCustomersInHand(CustomersBySql):
    """Of one transaction. `send` runs statements in one round trip and counts the rows of each; `failed` keeps a Conflict with the
    transaction."""

    def __init__(
        self, sql: Mapping[str, str], rows: Rows, send: Callable[[Sequence[tuple[str, Any]]], Sequence[int]],
        failed: Callable[[GuanjiaError], GuanjiaError],
    ) -> None:  # fmt: skip
        super().__init__(sql, rows)
        self._send = send
        self._failed = failed

    def read(self, id: str) -> HeldCustomer | None:
        return next((HeldCustomer(*row) for row in self._asked("lock_customer", id)), None)

    def write(self, change: CustomerChange) -> None:
        """The row first: its lock puts writers of one customer in line, and whoever comes second is told so."""
        who, sql = change.customer, self._sql
        row = (
            (sql["move_customer"], {**who._asdict(), "before": change.before})
            if change.before
            else (sql["add_customer"], tuple(who))
        )
        if self._send([row]) != [1]:
            raise self._failed(refusals.customer_changed(who.id))
        fp("after_customer_write")
        columns = [list(column) for column in zip(*change.events, strict=True)]
        statements: list[tuple[str, Any]] = [(sql["add_customer_events"], (who.id, *columns))]
        if change.terms is not None:
            statements += self._found_by(who.id, change.terms)
        self._send(statements)

    def _found_by(self, id: str, terms: Sequence[tuple[str, str]]) -> list[tuple[str, Any]]:
        kinds, texts = [kind for kind, _ in terms], [term for _, term in terms]
        return [(self._sql["drop_customer_terms"], (id,)), (self._sql["add_customer_terms"], (id, kinds, texts))]

    def find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        self._send(self._found_by(id, terms))

    def rewrap(self, id: str, wrapped: str) -> None:
        self._send([(self._sql["rewrap_customer"], (wrapped, id))])
