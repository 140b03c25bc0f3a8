"""Customers in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...clock import Instant
from ...errors import GuanjiaError
from .. import refusals
from ..customers import CustomerChange, HeldCustomer
from ..interface import EventRow


@dataclass(slots=True)
class Kept:
    """All customers of a store: by id, their events, what they are found by and whom that finds."""

    held: dict[str, HeldCustomer] = field(default_factory=dict)
    events: dict[str, tuple[EventRow, ...]] = field(default_factory=dict)
    terms: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    found: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)


class Journal(Protocol):
    """What changes a dictionary and knows the way back."""

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None: ...


class MemoryCustomers:
    """What can be read, one reader at a time."""

    def __init__(self, kept: Kept, alone: Callable[[], AbstractContextManager[Any]]) -> None:
        self.kept = kept
        self.alone = alone

    def get(self, id: str) -> HeldCustomer | None:
        with self.alone():
            return self.kept.held.get(id)

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        with self.alone():
            return [self.kept.held[id] for id in sorted(self.kept.found.get((kind, term), ()))]

    def list(self, after: str = "", limit: int = 100) -> Sequence[HeldCustomer]:
        with self.alone():
            return [self.kept.held[id] for id in sorted(self.kept.held) if id > after][:limit]

    def stale(self, before: Instant, limit: int = 100) -> Sequence[HeldCustomer]:
        with self.alone():
            old = [
                (each.verified_at, each.id)
                for each in self.kept.held.values()
                if each.record and each.survivor is None and each.verified_at is not None and each.verified_at < before
            ]
            return [self.kept.held[id] for _, id in sorted(old)[:limit]]

    def absorbed(self, survivor: str) -> Sequence[str]:
        with self.alone():
            return sorted(each.id for each in self.kept.held.values() if each.survivor == survivor)

    def shared(self, kind: str, after: str = "", limit: int = 100) -> Sequence[tuple[str, tuple[str, ...]]]:
        with self.alone():
            found = [
                (term, tuple(sorted(ids)))
                for (of, term), ids in self.kept.found.items()
                if of == kind and term > after and len(ids) > 1
            ]
        return sorted(found)[:limit]

    def terms(self, id: str) -> Sequence[tuple[str, str]]:
        with self.alone():
            return sorted(self.kept.terms.get(id, ()))

    def events(self, id: str) -> Sequence[EventRow]:
        with self.alone():
            return self.kept.events.get(id, ())

    def count(self) -> int:
        with self.alone():
            return len(self.kept.held)


class MemoryCustomersInHand(MemoryCustomers):
    """Of one transaction, which is alone in the world. `failed` keeps an error with it."""

    def __init__(self, of: MemoryCustomers, journal: Journal, failed: Callable[[GuanjiaError], GuanjiaError]) -> None:
        super().__init__(of.kept, of.alone)
        self._journal = journal
        self._failed = failed

    def read(self, id: str) -> HeldCustomer | None:
        return self.get(id)

    def write(self, change: CustomerChange) -> None:
        who, kept = change.customer, self.kept
        before = kept.held.get(who.id)
        if change.before != (0 if before is None else before.seq):
            raise self._failed(refusals.customer_changed(who.id))
        if [row.seq for row in change.events] != [*range(change.before + 1, who.seq + 1)]:
            raise self._failed(refusals.broken_rule("customer_events: seq is not the next one of its customer"))
        self._journal.put(kept.held, who.id, who)
        self._journal.put(kept.events, who.id, (*kept.events.get(who.id, ()), *change.events))
        if change.terms is not None:
            self.find_by(who.id, change.terms)

    def find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        """From now on the customer is found by these and by nothing else."""
        kept = self.kept
        for term in kept.terms.get(id, ()):
            self._journal.put(kept.found, term, kept.found[term] - {id})
        for term in terms:
            self._journal.put(kept.found, term, kept.found.get(term, frozenset()) | {id})
        self._journal.put(kept.terms, id, tuple(terms))

    def rewrap(self, id: str, wrapped: str) -> None:
        self._journal.put(self.kept.held, id, self.kept.held[id]._replace(wrapped=wrapped))


def rows(kept: Kept, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of `records`, in order."""
    for id, held in sorted(kept.held.items()):
        if table == "customers":
            yield tuple(held)
        elif table == "customer_events":
            yield from ((id, *row) for row in kept.events[id])
        else:
            yield from ((id, *term) for term in sorted(kept.terms.get(id, ())))


def take_in(customers: MemoryCustomersInHand, journal: Journal, table: str, row: tuple[Any, ...]) -> None:
    """Put a row back."""
    kept = customers.kept
    if table == "customers":
        journal.put(kept.held, row[0], HeldCustomer(*row))
    elif table == "customer_events":
        journal.put(kept.events, row[0], (*kept.events.get(row[0], ()), EventRow(*row[1:])))
    else:
        customers.find_by(row[0], (*kept.terms.get(row[0], ()), (row[1], row[2])))
