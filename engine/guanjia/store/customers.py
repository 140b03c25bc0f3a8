"""What a store keeps of customers, and the two faces of it: `Customers` to read, `CustomersInHand` inside a transaction.

As with cases, a store knows no rule and no key: the record is a text, sealed on its way here (`runtime.sealing`), the terms that a
person is found by are keyed digests, and each person has an append-only stream of events of their own.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..clock import Instant
from .interface import EventRow

CUSTOMER = ("id", "seq", "head", "wrapped", "record", "verified_at", "survivor")


class HeldCustomer(NamedTuple):
    """A customer as it lies in the store. `record` is "" once they are forgotten."""

    id: str
    seq: int
    head: bytes
    wrapped: str
    """Their key, wrapped by the office's; "" where the record lies in clear or is gone."""
    record: str
    verified_at: Instant | None = None
    survivor: str | None = None


class CustomerChange(NamedTuple):
    """Everything that one command writes about a customer: how they are after it, the events that led there from `before`."""

    customer: HeldCustomer
    before: int
    events: Sequence[EventRow]
    terms: Sequence[tuple[str, str]] | None = None
    """What they are found by, as (kind, term), instead of what there was; None leaves it."""


class Customers(Protocol):
    def get(self, id: str) -> HeldCustomer | None: ...

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        """Whoever is found by exactly this, by id."""

    def list(self, after: str = "", limit: int = 100) -> Sequence[HeldCustomer]:
        """All customers with an id above `after`, in order, merged and forgotten ones too."""

    def stale(self, before: Instant, limit: int = 100) -> Sequence[HeldCustomer]:
        """Those in the register who were last verified before an instant, the longest ago first."""

    def absorbed(self, survivor: str) -> Sequence[str]:
        """The ids of those who were merged into this one, in order."""

    def shared(self, kind: str, after: str = "", limit: int = 100) -> Sequence[tuple[str, tuple[str, ...]]]:
        """Terms above `after` that several customers are found by, in order, each with their ids."""

    def terms(self, id: str) -> Sequence[tuple[str, str]]:
        """What a customer is found by, as (kind, term), in order."""

    def events(self, id: str) -> Sequence[EventRow]: ...

    def count(self) -> int:
        """How many there are, merged and forgotten ones too."""


class CustomersInHand(Protocol):
    """Of one transaction."""

    def get(self, id: str) -> HeldCustomer | None: ...
    def read(self, id: str) -> HeldCustomer | None:
        """The customer, locked until the transaction ends."""

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        """As `Customers.find`, with what this transaction wrote."""

    def write(self, change: CustomerChange) -> None:
        """Write it all; Conflict when they are not at `before` any more. A record of "" is written over what was there."""

    def find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        """From now on the customer is found by these, as (kind, term), and by nothing else."""

    def rewrap(self, id: str, wrapped: str) -> None:
        """Put another wrapping of the same key in the place of the one that is there."""


Rows = Callable[[str, Sequence[Any]], builtins.list[tuple[Any, ...]]]
"""Runs a statement with its values."""


class CustomersBySql:
    """`Customers` of a database that speaks SQL, by its own statements, on whatever connection `rows` asks."""

    def __init__(self, sql: Mapping[str, str], rows: Rows) -> None:
        self._sql = sql
        self._rows = rows

    def _asked(self, name: str, *values: Any) -> builtins.list[tuple[Any, ...]]:
        return self._rows(self._sql[name], values)

    def get(self, id: str) -> HeldCustomer | None:
        return next((HeldCustomer(*row) for row in self._asked("customer", id)), None)

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        return [HeldCustomer(*row) for row in self._asked("customers_by_term", kind, term)]

    def list(self, after: str = "", limit: int = 100) -> Sequence[HeldCustomer]:
        return [HeldCustomer(*row) for row in self._asked("customers", after, limit)]

    def stale(self, before: Instant, limit: int = 100) -> Sequence[HeldCustomer]:
        return [HeldCustomer(*row) for row in self._asked("stale_customers", before, limit)]

    def absorbed(self, survivor: str) -> Sequence[str]:
        return [row[0] for row in self._asked("absorbed", survivor)]

    def shared(self, kind: str, after: str = "", limit: int = 100) -> Sequence[tuple[str, tuple[str, ...]]]:
        return [(term, tuple(ids.split("\n"))) for term, ids in self._asked("shared_terms", kind, after, limit)]

    def terms(self, id: str) -> Sequence[tuple[str, str]]:
        return [(kind, term) for kind, term in self._asked("customer_terms", id)]

    def events(self, id: str) -> Sequence[EventRow]:
        return [EventRow(*row) for row in self._asked("customer_events", id)]

    def count(self) -> int:
        number: int = self._asked("count_customers")[0][0]
        return number
