"""Open cases that may be the same matter: looked for by the place or the customer, of which there is an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..calendars import parse_amount
from ..clock import DAY
from ..model.case import Case
from ..model.event import Actor
from ..model.procedure import WHERE
from ..store.interface import Query, Row
from .columns import place
from .message import clear
from .recent import as_case

if TYPE_CHECKING:
    from .engine import Engine

MOST_ALIKE = 5
"""Cases that are suggested as perhaps the same."""

MOST_COMPARED = 50
"""Cases of one room or customer that are looked at."""


def alike(engine: Engine, case: Case, personal: Mapping[str, Any], actor: Actor | None) -> Sequence[Row]:
    rules = engine.program(case).procedure.alike
    room = place(case.fields) if not set(WHERE).isdisjoint(rules.same) else None
    customer = case.customer if "customer" in rules.same else None
    if room is None and customer is None:
        return []
    amount = parse_amount(rules.within)
    span = amount.value if amount.unit == "time" else amount.value * DAY
    query = Query(
        site=case.site, procedure=case.procedure, room=room, customer=customer, mode=case.mode or "",
        since=case.opened_at - span, until=case.opened_at + span + 1, order="opened", limit=MOST_COMPARED,
    )  # fmt: skip
    wanted = _values(case, personal, rules.same)
    found: list[Row] = []
    for row in engine.list(query, actor=actor):
        other = engine.store.get(row.id) if row.id != case.id else None
        if other is not None and _values(as_case(other), other.personal, rules.same) == wanted:
            found.append(row)
    return found[:MOST_ALIKE]


def _values(case: Case, personal: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    return [case.customer if name == "customer" else clear(case.fields.get(name), personal) for name in names]
