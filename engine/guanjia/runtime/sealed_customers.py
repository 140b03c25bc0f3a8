"""The register of a sealed store: records are sealed on the way in and opened on the way out, terms are keyed digests.

Each customer has a key of their own, wrapped by the office's key, in the row of the record. What they are found by can only be looked
up by whoever has the secret of the office's blind indexes. Light, for `customer find` must start fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..clock import Instant
from ..errors import StoreError, Text
from ..model.customer import Customer
from ..people.keys import Keys, Unreadable
from ..store.customers import CustomerChange, Customers, CustomersInHand, HeldCustomer

SHORT = 32
"""Hexadecimal digits of a digest that are kept: 128 bits."""


def blind(keys: Keys, kind: str, term: str) -> str:
    """What stands for a term in the database."""
    return keys.blind(f"customer {kind}\0{term}")[:SHORT]


def terms_of(register: Customers, customer: Customer) -> Sequence[tuple[str, str]]:
    """What finds a customer, as it is to lie in the store that this register is of."""
    if not isinstance(register, SealedCustomers):
        return list(customer.terms())
    return [(kind, blind(register.keys, kind, term)) for kind, term in customer.terms()]


class SealedCustomers:
    """What can be read; the rest goes through."""

    def __init__(self, within: Customers, keys: Keys) -> None:
        self.within = within
        self.keys = keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self.within, name)

    def get(self, id: str) -> HeldCustomer | None:
        held = self.within.get(id)
        return None if held is None else opened(self.keys, held)

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        return [opened(self.keys, held) for held in self.within.find(kind, blind(self.keys, kind, term))]

    def list(self, after: str = "", limit: int = 100) -> Sequence[HeldCustomer]:
        return [opened(self.keys, held) for held in self.within.list(after, limit)]

    def stale(self, before: Instant, limit: int = 100) -> Sequence[HeldCustomer]:
        return [opened(self.keys, held) for held in self.within.stale(before, limit)]


class SealedCustomersInHand:
    """Of one transaction."""

    def __init__(self, within: CustomersInHand, keys: Keys) -> None:
        self.within = within
        self.keys = keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self.within, name)

    def read(self, id: str) -> HeldCustomer | None:
        held = self.within.read(id)
        return None if held is None else opened(self.keys, held)

    def get(self, id: str) -> HeldCustomer | None:
        held = self.within.get(id)
        return None if held is None else opened(self.keys, held)

    def find(self, kind: str, term: str) -> Sequence[HeldCustomer]:
        return [opened(self.keys, held) for held in self.within.find(kind, blind(self.keys, kind, term))]

    def write(self, change: CustomerChange) -> None:
        terms = None if change.terms is None else self._blind(change.terms)
        self.within.write(change._replace(customer=closed(self.keys, change.customer), terms=terms))

    def find_by(self, id: str, terms: Sequence[tuple[str, str]]) -> None:
        self.within.find_by(id, self._blind(terms))

    def _blind(self, terms: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(kind, blind(self.keys, kind, term)) for kind, term in terms]


def closed(keys: Keys, held: HeldCustomer) -> HeldCustomer:
    """A customer as they are to lie in the store: under the key that they have, else a new one; without one once forgotten."""
    if not held.record:
        return held._replace(wrapped="")
    place = f"customer:{held.id}"
    key = keys.opened(held.wrapped, place) if held.wrapped else keys.made(place)
    return held._replace(wrapped=key.wrapped, record=key.seal(held.record, place))


def opened(keys: Keys, held: HeldCustomer) -> HeldCustomer:
    """With the record in clear. StoreError where the office has no key that opens it, or it was changed."""
    if not held.wrapped:
        return held
    place = f"customer:{held.id}"
    try:
        return held._replace(record=keys.opened(held.wrapped, place).open(held.record, place))
    except Unreadable:
        raise StoreError(
            Text(f"客户 {held.id} 的资料解不开：密钥不对，或数据被改过。", f"What is known of customer {held.id} cannot be opened: another key, or the data was changed."),
            Text("把这个办公室当时的 office.key 放回来；guanjia keys 列出缺哪把钥匙。", "Put back the office.key that this office had then; guanjia keys says which key is missing."),
            customer=held.id,
        ) from None  # fmt: skip
