"""One person under several ids: cases of somebody who was merged into another are the other's, and the old id is answered for."""

from __future__ import annotations

from dataclasses import replace

from ..core.allowing import answers
from ..model.case import Case
from ..model.event import Actor
from ..store.customers import Customers, CustomersInHand
from .customer_reading import survivor


def known_as(register: Customers | CustomersInHand, case: Case, actor: Actor) -> Actor:
    """A customer as the case knows them: where the register says that they are its customer under another id, they answer in it as
    such."""
    if actor.kind != "customer" or case.customer in (None, actor.id):
        return actor
    one, other = register.get(actor.id), register.get(case.customer or "")
    if one is None or other is None or survivor(register, one).id != survivor(register, other).id:
        return actor
    return replace(actor, roles=(*actor.roles, answers(case)))
