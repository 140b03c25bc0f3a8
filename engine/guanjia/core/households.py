"""A case for each household of a place: whose they are to be, as the register says it at that moment.

The register answers by a fact, in ids of customers and numbers of rooms: who is called and where they are reached it keeps to itself.
Each household is told by its own case (decision 23), so nobody gets a second one while the first is open.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..errors import Refused, Text
from ..model.case import Case

if TYPE_CHECKING:
    from .step import Step

MOST_HOUSEHOLDS = 2_000
"""At once, so that one step stays a short transaction."""


def chosen(step: Step, name: str, given: Any) -> dict[str, str]:
    """Of each household of these places the customer who is told for it, with the id of the case that is opened for it. Rooms of which
    the register knows nobody, and places that there are not, stand in the event: somebody has to go there."""
    places = [str(place).strip() for place in (given if isinstance(given, list | tuple) else (given,)) if place]
    told: dict[str, str] = {}
    unreached: dict[str, None] = {}
    heard = _heard(step, name)
    for place in dict.fromkeys(places):
        about = step.facts.ask(f"households:{place}")
        if (doubt := about.get("doubt")) is not None:
            if step.see.actor.kind != "system":
                raise Refused("place", Text(*doubt[0]), Text(*doubt[1]), case=step.case.number)
            unreached[place] = None
            continue
        unreached |= dict.fromkeys(about["empty"])
        for customer in about["customers"]:
            if customer not in heard:
                told[customer] = child_id(step.case, f"{name}:{customer}")
    if len(told) > MOST_HOUSEHOLDS:
        raise Refused(
            "place", Text(f"这些地方有 {len(told):,} 户，一次最多 {MOST_HOUSEHOLDS:,} 户。", f"There are {len(told):,} households there, and {MOST_HOUSEHOLDS:,} at most at once."),
            Text("请按楼栋分几次办理。", "Do it building by building."), case=step.case.number,
        )  # fmt: skip
    if unreached:
        step.data["unreached"] = [*dict.fromkeys([*step.data.get("unreached", ()), *unreached])]
    return told


def _heard(step: Step, name: str) -> set[str]:
    """Customers who hear of it already: whose own case this is, or one below it that is open or is just being opened."""
    case = step.case
    heard = {case.customer or ""}
    if not (case.children or case.absorbed):
        return heard
    attached = step.facts.need("attached")
    heard |= {about["customer"] or "" for id, about in attached.items() if id in case.absorbed or not about["closed"]}
    before = f"{name}:"
    return heard | {
        each.removeprefix(before)
        for each, id in case.children.items()
        if each.startswith(before) and id not in attached
    }


def child_id(case: Case, name: str) -> str:
    """The id of a child follows from its cause, so that it is the same however often the cause is carried out."""
    digest = bytearray(hashlib.sha256(f"{case.id}:{case.seq + 1}:{name}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))
