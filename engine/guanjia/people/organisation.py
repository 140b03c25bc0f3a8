"""Who there is: roles, staff, how each is reached, and what each may do beyond what procedures say.

Built from the plain data of organisation.yaml, so that a command that only lists cases pays for no models. The organisation is
live: who holds a role now is who is told now; what was decided from it stands in the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..errors import NotFound, Text
from ..model.event import SYSTEM, Actor
from ..model.frozen import quick

BUILT_IN = ("system", "anyone", "customer")


@quick
@dataclass(frozen=True, slots=True)
class Contact:
    """How a recipient is reached: the language, an address for each channel, and whether they are not of the house."""

    language: str
    addresses: Mapping[str, str]
    outside: bool
    name: str


class Organisation:
    """The people of one office, as they are in the file: another file makes another organisation."""

    def __init__(
        self, roles: Mapping[str, Mapping[str, Any]], staff: Mapping[str, Mapping[str, Any]], language: str
    ) -> None:
        self.roles = roles
        self.staff = staff
        self.language = language
        self._actors = {SYSTEM.id: SYSTEM}
        self._contacts: dict[str, Contact] = {}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], language: str) -> Organisation:
        """From organisation.yaml as plain data (checked by `language`), and the office's own language."""
        return cls(data.get("roles") or {}, data.get("staff") or {}, language)

    def actor(self, id: str) -> Actor:
        """The actor of an id. NotFound when nobody, or nobody who is still here, has it."""
        known = self._actors.get(id)
        if known is not None:
            return known
        person = self.staff.get(id)
        if person is None:
            called = [who for who, other in self.staff.items() if other["name"] == id]
            close = called or get_close_matches(id, self.staff, 3)
            raise NotFound(
                Text(f"名册里没有“{id}”。", f"There is nobody called {id!r}."),
                Text(f"是不是：{'、'.join(close)}？", f"Did you mean {', '.join(close)}?") if close else Text(
                    f"在册：{'、'.join(self.staff)}", f"There are: {', '.join(self.staff) or 'nobody yet; see organisation.yaml'}"
                ),
                known=list(self.staff),
            )  # fmt: skip
        if not person.get("active", True):
            raise NotFound(
                Text(f"{person['name']}（{id}）已离职。", f"{person['name']} ({id}) has left."), known=list(self.staff)
            )
        actor = self._actors[id] = Actor(id, _roles(person), "staff", person["name"])
        return actor

    def name(self, id: str) -> str:
        """The name of an actor as a sentence has it; of one whom the organisation does not know, the id."""
        return str(self.staff.get(id, {}).get("name") or id)

    def by_user(self, user: str) -> Actor | None:
        """Whoever the operating system knows by this name."""
        for id, person in self.staff.items():
            users = person.get("users", ())
            if user in ([users] if isinstance(users, str) else users) and person.get("active", True):
                return self.actor(id)
        return None

    def members(self, role: str) -> tuple[str, ...]:
        """Everybody who is here and has the role, in the order written."""
        return tuple(id for id, person in self.staff.items() if role in _roles(person) and person.get("active", True))

    def candidates(self, role: str) -> tuple[str, ...]:
        """Members of the role, those on duty first."""
        members = self.members(role)
        return tuple(sorted(members, key=lambda id: not self.staff[id].get("on_duty", True)))

    def resolve(self, role: str) -> tuple[str, ...]:
        """Candidates of the role, or of the next role above it that has any; empty when nobody answers for it."""
        seen: set[str] = set()
        while role and role not in seen:
            if found := self.candidates(role):
                return found
            seen.add(role)
            role = (self.roles.get(role) or {}).get("parent") or ""
        return ()

    def contact(self, recipient: str) -> Contact | None:
        """How `staff:<id>` is reached; None when the organisation does not know them."""
        known = self._contacts.get(recipient)
        if known is not None:
            return known
        person = self.staff.get(recipient.removeprefix("staff:"))
        if person is None:
            return None
        addresses = {channel: person[key] for channel, key in (("mail", "mail"), ("sms", "phone")) if person.get(key)}
        outside = any((self.roles.get(role) or {}).get("outside", False) for role in _roles(person))
        contact = Contact(person.get("language") or self.language, addresses, outside, person["name"])
        self._contacts[recipient] = contact
        return contact

    def may(self, actor: Actor, right: str) -> bool:
        """Whether one of the actor's roles carries the right."""
        if actor.kind == "system":
            return True
        for role in actor.roles:
            rights = (self.roles.get(role) or {}).get("rights", ())
            if right in rights or "all" in rights:
                return True
        return False

    def labels(self, language: str) -> dict[str, str]:
        """What people call each role."""
        return {
            role: word
            for role, about in self.roles.items()
            if (word := ((about or {}).get("label") or {}).get(language[:2]))
        }


def _roles(person: Mapping[str, Any]) -> tuple[str, ...]:
    roles = person.get("roles", ())
    return (roles,) if isinstance(roles, str) else tuple(roles)
