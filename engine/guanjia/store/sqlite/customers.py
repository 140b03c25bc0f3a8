"""Customers in SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import apsw

from ...errors import GuanjiaError
from ...failpoints import fp
from .. import refusals
from ..customers import CustomerChange, CustomersBySql, HeldCustomer
from . import errors


class SqliteCustomersInHand(CustomersBySql):
    """Of one transaction; `failed` makes of an error of the driver what is raised, and keeps it with the transaction."""

    def __init__(
        self, sql: dict[str, str], connection: apsw.Connection, execute: Callable[..., Any],
        failed: Callable[[Exception], GuanjiaError],
    ) -> None:  # fmt: skip
        self._connection = connection
        self._execute = execute
        self._failed = failed
        super().__init__(sql, self._fetched)

    def _fetched(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            rows: list[tuple[Any, ...]] = self._execute(sql, values).fetchall()
            return rows
        except errors.FAILURES as error:
            raise self._failed(error) from error

    def read(self, id: str) -> HeldCustomer | None:
        return self.get(id)

    def write(self, change: CustomerChange) -> None:
        who = change.customer
        try:
            self._write(change)
        except apsw.ConstraintError as error:
            taken = "customers.id" in str(error) or "customer_events" in str(error)
            raise self._failed(refusals.customer_changed(who.id) if taken else error) from error
        except errors.FAILURES as error:
            raise self._failed(error) from error

    def _write(self, change: CustomerChange) -> None:
        who, sql, execute = change.customer, self._sql, self._execute
        if not who.record:
            execute("PRAGMA secure_delete = ON")  # what was deleted is written over
        for row in change.events:
            execute(sql["add_customer_event"], (who.id, *row))
        if change.before:
            execute(sql["move_customer"], (*who, change.before))
            if not self._connection.changes():
                raise self._failed(refusals.customer_changed(who.id))
        else:
            execute(sql["add_customer"], who)
        fp("after_customer_write")
        if change.terms is not None:
            self._find_by(who.id, change.terms)

    def _find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        self._execute(self._sql["drop_customer_terms"], (id,))
        for term in terms:
            self._execute(self._sql["add_customer_term"], (id, *term))

    def find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        try:
            self._find_by(id, terms)
        except errors.FAILURES as error:
            raise self._failed(error) from error

    def rewrap(self, id: str, wrapped: str) -> None:
        self._fetched(self._sql["rewrap_customer"], (id, wrapped))
