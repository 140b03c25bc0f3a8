"""Who looked at personal data: every look and every refused try, of a case, of a customer over all cases, or of the office.

Nothing is kept for this beside the histories themselves, so it cannot lag, and `audit` verifies it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.event import Actor, Event
from ..store.interface import Query
from ..store.paging import pages
from . import customer_reading as reading
from .looking import Eyes

if TYPE_CHECKING:
    from .engine import Engine

_LOOKS = ('"revealed"', '"refused"')
"""What stands in the text of an event that may be one: so only few of them are read."""
PAGE = 2000


class Look(NamedTuple):
    at: int
    actor: str
    case: str | None
    """The id of the case that was looked at; None where it was a customer of the register."""
    customer: str | None
    refused: bool
    reason: str | None
    data: Mapping[str, Any]


def of_case(engine: Engine, ref: str, *, actor: Actor | None = None) -> Iterator[Look]:
    """NotFound; with an actor Refused where he does not see the case."""
    case = engine.case(ref, actor=actor)
    for event in engine.history(case.id):
        yield from _look(event, case.id, case.customer)


def of_customer(engine: Engine, customer: str, *, actor: Actor | None = None) -> Iterator[Look]:
    """At the person in the register, and at all cases under whatever id; with an actor at those that he sees. NotFound where there is
    neither."""
    register, found = engine.store.customers, False
    if actor is not None and register.get(customer) is not None:
        engine.customers.get(customer, actor=actor)
    for id in reading.family(register, customer):
        found = found or register.get(id) is not None
        for row in register.events(id):
            yield from _look(Event.from_text(row.text), None, id)
        place = 0
        while rows := engine.list(
            Query(customer=id, open=None, mode=None, order="opened", limit=200, offset=place), actor=actor
        ):
            place, found = place + len(rows), True
            for case in [row.id for row in rows]:
                for event in engine.history(case):
                    yield from _look(event, case, id)
    if not found:
        raise reading.unknown(customer)


def of_office(
    engine: Engine, progress: Callable[[int], None] | None = None, *, actor: Actor | None = None
) -> Iterator[Look]:
    """At anybody: the events of all cases (with an actor of those that he sees), then those of the register."""
    store, done, eyes = engine.store, 0, Eyes(engine, actor)
    for page in pages(lambda after: store.feed(after, PAGE), 0, itemgetter(0)):
        done += len(page)
        for _, case, row in page:
            if any(word in row.text for word in _LOOKS) and eyes.sees(case):
                yield from _look(Event.from_text(row.text), case, None)
        if progress is not None:
            progress(done)
    for _, (customer, _, text, *_) in store.dump("customer_events"):
        if any(word in text for word in _LOOKS) and _acquainted(engine, actor, customer):
            yield from _look(Event.from_text(text), None, customer)


def _acquainted(engine: Engine, actor: Actor | None, customer: str) -> bool:
    """Whether he sees a person of the register."""
    known = engine.customers.acquaintance(actor)
    return known.all or any(map(known.knows, reading.known(engine.store.customers, customer)))


def _look(event: Event, case: str | None, customer: str | None) -> Iterator[Look]:
    tried = event.type == "refused" and "reveal" in (event.data.get("kind"), event.data.get("what"))
    if event.type == "revealed" or tried:
        yield Look(event.occurred_at, event.actor, case, customer, tried, event.data.get("reason"), event.data)
