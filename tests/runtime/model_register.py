"""The register of the model (model.py): who lives where, how they are reached, and who of each household of a place is told for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from tests.runtime.model_case import LIVES_HERE
from tests.runtime.model_time import local

ROOMS = ("1-1-101", "1-1-102", "1-1-201", "1-1-202", "2-1-101", "2-1-102")
PLACES = ("1", "2", "1-1", "2-1", "main", *ROOMS)
NEAREST = ("tenant", "owner", "family", "agent")


class Home(NamedTuple):
    room: str
    relation: str
    since: date | None = None
    until: date | None = None


@dataclass
class Person:
    id: str
    phone: str | None
    homes: list[Home]
    language: str = "zh"
    hours: tuple[int, int] = (0, 24)
    relation: str = "owner"
    """Which he has to any room."""
    survivor: str | None = None
    """Who it turned out to be."""
    restricted: bool = False
    """What is known of him is used for nothing but what has to be told."""
    agrees: bool = False
    """To be told of what nobody has to be told of."""

    def rooms(self, day: date) -> list[str]:
        """Where he lives on a day."""
        return list(dict.fromkeys(home.room for home in self.there(day)))

    def there(self, day: date) -> list[Home]:
        return [
            home for home in self.homes
            if (home.since is None or home.since <= day) and (home.until is None or day <= home.until)
        ]  # fmt: skip


def residents() -> dict[str, Person]:
    found = (
        Person("c-2", None, [Home("1-1-101", "tenant")], "en", (10, 20), "tenant"),
        Person("c-3", "13800000003", [Home("1-1-101", "family"), Home("2-1-101", "family")], relation="family"),
        Person("c-4", "13800000004", [Home("1-1-102", "owner"), Home("1-1-201", "owner")], "en"),
        Person("c-5", "13800000005", [Home("1-1-102", "tenant")], relation="tenant"),
        Person("c-6", None, [Home("1-1-201", "agent")], hours=(18, 22), relation="agent"),
    )
    return {person.id: person for person in found}


@dataclass
class Households:
    """Whose a place is: who is told, and where there is nobody."""

    told: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


class Register:
    def __init__(self) -> None:
        self.persons = residents()

    def moves(self, person: str, home: Home) -> None:
        """What is said of a room is changed; what is not stays, but whoever moves in again has not moved out yet."""
        homes = self.persons[person].homes
        for place, known in enumerate(homes):
            if known[:2] == home[:2]:
                back = home.since is not None and known.until is not None and known.until < home.since
                until = home.until if back else home.until or known.until
                homes[place] = Home(home.room, home.relation, home.since or known.since, until)
                return
        homes.append(home)

    def who(self, customer: str | None) -> str | None:
        """The person of an id: whoever it turned out to be in the end."""
        while customer in self.persons and (survivor := self.persons[customer].survivor) is not None:
            customer = survivor
        return customer

    def known(self, customer: str | None) -> Person | None:
        return self.persons.get(self.who(customer) or "")

    def agreed(self, customer: str | None) -> bool:
        known = self.known(customer)
        return known is not None and known.agrees and not known.restricted

    def kin(self, customer: str | None, at: int) -> tuple[str, ...]:
        """Of the staff those who are this customer, or live with them."""
        day, theirs = local(at).date(), self.known(customer)
        homes = set(theirs.rooms(day)) if theirs else set()
        return tuple(
            who for who, id in LIVES_HERE.items()
            if (it := self.known(id)) is not None and (it is theirs or not homes.isdisjoint(it.rooms(day)))
        )  # fmt: skip

    def one_person(self, one: str, other: str) -> None:
        """The second has from now on what both had; what is his own goes before."""
        gone, stays = self.persons[one], self.persons[other]
        gone.survivor = other
        stays.phone = stays.phone or gone.phone
        stays.hours = gone.hours if stays.hours == (0, 24) else stays.hours
        rooms = {(home.room, home.relation) for home in stays.homes}
        stays.homes += [home for home in gone.homes if (home.room, home.relation) not in rooms]

    def households(self, places: list[str], at: int) -> Households:
        found, day = Households(), local(at).date()
        for place in places:
            for room in ROOMS:
                if place == "main" or room == place or room.startswith(f"{place}-"):
                    here = sorted(
                        (person.phone is None, NEAREST.index(home.relation), person.id)
                        for person in self.persons.values() if person.survivor is None
                        for home in person.there(day) if home.room == room
                    )  # fmt: skip
                    (found.told if here else found.empty).append(here[0][2] if here else room)
        return Households(list(dict.fromkeys(found.told)), list(dict.fromkeys(found.empty)))
