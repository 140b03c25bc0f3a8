"""Whom of the register of customers somebody sees: those who live at a site that he serves.

As with cases (`model.sight`) it is made of plain data, for a command that only finds a customer pays for no organisation. Where a
person lives is in the sealed record, so it is asked of the person and not of the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .customer import Customer
from .event import Actor
from .sight import sight_of


class Acquaintance(NamedTuple):
    """Those of whom some room is, or was, at one of these `sites`, and those without a room; `only` oneself, where it says so."""

    sites: tuple[str, ...] | None = None
    """None: everybody; none at all: nobody."""
    only: str | None = None

    @property
    def all(self) -> bool:
        return self.sites is None and self.only is None

    def knows(self, customer: Customer) -> bool:
        if self.only is not None:
            return customer.id == self.only
        if self.sites is None:
            return True
        return any(each.site in self.sites for each in customer.rooms) or (bool(self.sites) and not customer.rooms)

    def elsewhere(self, before: Customer, after: Customer) -> str | None:
        """A site of a relation that differs between the two, and is none of these; None where there is no such."""
        changed = {each.site for each in {*before.rooms} ^ {*after.rooms}}
        return None if self.sites is None else min(changed.difference(self.sites), default=None)


def acquaintance_of(people: Mapping[str, Any], actor: Actor) -> Acquaintance:
    """By organisation.yaml as plain data. Whoever is outside of the house knows nobody, a customer himself."""
    if actor.kind == "customer":
        return Acquaintance(only=actor.id)
    roles: Mapping[str, Any] = people.get("roles") or {}
    if any((roles.get(role) or {}).get("outside") for role in actor.roles):
        return Acquaintance(())
    sight = sight_of(people, actor)
    return Acquaintance(None if sight is None else sight.sites)
