"""From what lies in the store to customers. Light, for `guanjia customer find` must start fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..errors import NotFound, Text
from ..model.customer import Customer, sought
from ..store.customers import Customers, CustomersInHand, HeldCustomer


def as_customer(held: HeldCustomer) -> Customer:
    """The person of an opened row."""
    beside: dict[str, Any] = {"verified_at": held.verified_at, "survivor": held.survivor, "seq": held.seq}
    if not held.record:
        return Customer(held.id, forgotten=True, **beside)
    _, plain = json.loads(held.record)
    return Customer.of(held.id, plain, **beside)


def found(register: Customers, text: str) -> Sequence[Customer]:
    """Everybody whom somebody may mean who types an id, a name, a telephone number, a mail address or a room; in clear, by id. One who
    was merged is found under his old id, and is answered with the survivor."""
    named = {each.id: each for kind, term in sought(text) for each in register.find(kind, term)}
    if (held := register.get(text.strip())) is not None:
        held = survivor(register, held)
        named = {held.id: held, **named}
    return [as_customer(each) for each in named.values()]


def named(register: Customers, text: str) -> Sequence[Customer]:
    """Everybody of this name, telephone number or mail address, in clear."""
    rows = (each for kind, term in sought(text) if kind != "room" for each in register.find(kind, term))
    return [as_customer(each) for each in {each.id: each for each in rows}.values()]


def known(register: Customers, id: str) -> Sequence[Customer]:
    """The person of an id in clear, whom they were merged into; nobody where there is none."""
    held = register.get(id)
    return [] if held is None else [as_customer(survivor(register, held))]


def survivor(register: Customers | CustomersInHand, held: HeldCustomer) -> HeldCustomer:
    """Whom a customer was merged into, in the end; themselves where they were not."""
    seen = {held.id}
    while held.survivor is not None and held.survivor not in seen:
        seen.add(held.survivor)
        following = register.get(held.survivor)
        if following is None:
            break
        held = following
    return held


def family(register: Customers, id: str) -> Sequence[str]:
    """The ids that a person was ever known by, whichever of them is given: their own first, then those of everybody who was merged
    into them."""
    held = register.get(id)
    known = [id if held is None else survivor(register, held).id]
    for each in known:
        known += [other for other in register.absorbed(each) if other not in known]
    return known


def unknown(id: str) -> NotFound:
    return NotFound(
        Text(f"没有客户“{id}”。", f"There is no customer {id!r}."),
        Text(
            "按姓名、电话、邮箱、房号查找：guanjia customer find …",
            "Search by name, phone, mail or room: guanjia customer find …",
        ),
        customer=id,
    )
