"""Who of each household of a place is told for it, by the register as it is now: ids and rooms, and nothing else of anybody.

Of those who live in a room one is told: whoever can be reached before whoever cannot, a tenant before an owner, before family and agents.
Whoever is that for several rooms is there once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..clock import Instant
from ..errors import Text
from ..model.case import Case
from ..model.customer import Customer
from ..people.customers import today
from ..store.interface import Store, Transaction
from .customer_reading import as_customer

if TYPE_CHECKING:
    from .engine import Engine

_FIRST = ("tenant", "owner", "family", "agent")


STATUSES = ("unrenderable", "dead", "sending", "waiting", "recorded", "sent")
"""Of messages, what matters most first."""


def reached(store: Store, case: Case) -> dict[str, dict[str, list[str]]]:
    """What became of the messages to the households of a mass event: by the name of their cases, and by what matters most of what each
    was sent (`STATUSES`, or `none`), the ids of these cases."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, id in case.children.items():
        group, each, _ = name.partition(":")
        if each:
            statuses = {row.status for row in store.outbox(case=id)}
            worst = next((status for status in STATUSES if status in statuses), "none")
            found.setdefault(group, {}).setdefault(worst, []).append(id)
    return found


def households(engine: Engine, tx: Transaction, site: str, place: str, at: Instant) -> dict[str, Any]:
    """What the core is told of a place (`households:` of `core.surroundings.NeedFact`)."""
    places = engine.organisation.places
    rooms = places.rooms(site, place)
    if rooms is None:
        doubt = places.doubt(site, place)
        why = Text(f"“{place}”不是这里的楼栋、单元或房号。", f"{place!r} is no building, unit or room here.")
        hint = doubt.hint if doubt is not None else places.told(site)
        return {"doubt": [[why.zh, why.en], [hint.zh, hint.en]]}
    day = today(at, engine.zone)
    told: dict[str, None] = {}
    empty: list[str] = []
    for room in rooms:
        persons = (as_customer(held) for held in tx.customers.find("room", room.upper()))
        ranked = [(rank, person.id) for person in persons if (rank := _rank(person, site, room, day)) is not None]
        if ranked:
            told[min(ranked)[1]] = None
        else:
            empty.append(room)
    return {"customers": list(told), "empty": empty}


def _rank(person: Customer, site: str, room: str, day: str) -> tuple[bool, int] | None:
    """How near somebody is to being told for a room; None where he does not live there."""
    here = [
        _FIRST.index(each.relation)
        for each in person.at_home(day)
        if (each.site, each.room.upper()) == (site, room.upper())
    ]
    return (not (person.phones or person.mails), min(here)) if here else None
