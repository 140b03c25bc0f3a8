"""A customer: a person whom the office knows, what ties them to rooms, how they want to be told, and what they agreed to.

Persons of one room are a *household*. What a person is called, how they are reached and where they live is personal; all of it
lies in one record that is sealed under a key of the person's own. A customer who is looked at without a reason is `masked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from ..clock import Instant
from .identifiers import mask, narrow

RELATIONS = ("owner", "tenant", "family", "agent")
"""What a person may be to a room."""

CARE = "care"
"""The purpose whose consent care tags need."""

Term = tuple[Literal["phone", "mail", "room", "name"], str]
"""What a customer is found by, exactly."""


class Relation(NamedTuple):
    """What a person is to a room, and for how long: days as YYYY-MM-DD, the last one included; None is open."""

    site: str
    room: str
    relation: str
    since: str | None = None
    until: str | None = None

    def holds(self, day: str) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Consent(NamedTuple):
    """That a person agreed to a purpose under a version of the notice, or withdrew that; one who never agreed and objects has only
    `withdrawn_at`."""

    purpose: str
    notice: str | None
    given_at: Instant | None
    withdrawn_at: Instant | None = None

    @property
    def holds(self) -> bool:
        return self.given_at is not None and self.withdrawn_at is None


class Customer(NamedTuple):
    """A person as the register has them. `seq` is the number of the last event about them."""

    id: str
    name: str = ""
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    rooms: tuple[Relation, ...] = ()
    language: str | None = None
    channel: str | None = None
    """The name of the channel by which they want to be told."""
    hours: tuple[str, ...] = ()
    """Windows by the clock on the wall in which they want to be told: 09:00-12:00."""
    care: tuple[str, ...] = ()
    """What is to be minded; needs a consent to `CARE`."""
    consents: tuple[Consent, ...] = ()
    """In the order given; of one purpose the last counts."""
    restricted: bool = False
    """Kept, and used for nothing but what has to be told."""
    verified_at: Instant | None = None
    survivor: str | None = None
    """Whom this one was merged into."""
    forgotten: bool = False
    seq: int = 0

    @property
    def used(self) -> bool:
        """Whether anything may still be done with it."""
        return not (self.forgotten or self.restricted or self.survivor)

    def consent(self, purpose: str) -> Consent | None:
        """The last word on a purpose; None where nothing was ever said."""
        return next((each for each in reversed(self.consents) if each.purpose == purpose), None)

    def agrees(self, purpose: str) -> bool:
        last = self.consent(purpose)
        return last is not None and last.holds

    def at_home(self, day: str) -> tuple[Relation, ...]:
        """Their relations that hold on a day."""
        return tuple(each for each in self.rooms if each.holds(day))

    def record(self) -> dict[str, Any]:
        """What is sealed: plain JSON, only what there is."""
        plain = {name: getattr(self, name) for name in _RECORD}
        return {name: value for name, value in plain.items() if value not in (None, "", (), False)}

    @classmethod
    def of(cls, id: str, record: Mapping[str, Any], **beside: Any) -> Customer:
        """From what `record` gave, and what lies beside it."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
        }
        rooms = tuple(Relation(*each) for each in given.pop("rooms", ()))
        consents = tuple(Consent(*each) for each in given.pop("consents", ()))
        return cls(id, rooms=rooms, consents=consents, **given, **beside)

    def terms(self) -> Iterator[Term]:
        """What they are found by; nothing where they were merged, forgotten or not in use."""
        if self.survivor or self.forgotten:
            return
        yield from dict.fromkeys([
            *(("phone", digits(each)) for each in self.phones),
            *(("mail", each.lower()) for each in self.mails),
            *(("room", each.room.upper()) for each in self.rooms),
            *(("name", called(each)) for each in (self.name,) if called(each)),
        ])  # type: ignore[misc]  # fmt: skip

    def masked(self) -> Customer:
        """As anybody of the house may see them: enough to recognise, too little to use. Care tags are hidden whole."""
        return self._replace(
            name=mask(self.name) if self.name else "", phones=tuple(mask(each, "phone") for each in self.phones),
            mails=tuple(mask(each, "mail") for each in self.mails), care=("***",) * bool(self.care),
        )  # fmt: skip


_BESIDE = ("id", "verified_at", "survivor", "forgotten", "seq")
_RECORD = tuple(name for name in Customer._fields if name not in _BESIDE)


def digits(phone: str) -> str:
    """A telephone number as it is compared: digits only, without China's own prefix."""
    bare = re.sub(r"\D", "", phone)
    return re.sub(r"^(?:0086|86)(?=1\d{10}$)", "", bare)


def called(name: str) -> str:
    """A name as it is compared: without blanks, letters of either case."""
    return re.sub(r"\s", "", name).casefold()


def sought(text: str) -> list[Term]:
    """What somebody may have meant by what he typed to find a person; an id is none of it."""
    typed = narrow(text).strip()
    if "@" in typed:
        return [("mail", typed.lower())]
    found: list[Term] = [("room", typed.upper())]
    if any(map(str.isalpha, typed)):
        found.append(("name", called(typed)))
    if len(digits(typed)) >= 7 and re.fullmatch(r"\+?[\d \-()]+", typed):
        found.insert(0, ("phone", digits(typed)))
    return found


_SIMPLE = r"(?i)(先生|女士|小姐|太太|老师|师傅|[（(].*[）)]|\s|·|mr\.?|mrs\.?|ms\.?|miss)"


def alike(one: str, other: str) -> bool:
    """Whether two names may be of one person: 张伟, 张 伟（业主）, 张先生; Li Lei, LEI LI."""
    a, b = (re.sub(_SIMPLE, "", each).casefold() for each in (one, other))
    if not a or not b:
        return False
    words = [sorted(re.findall(r"\w+", re.sub(_SIMPLE, " ", each).casefold())) for each in (one, other)]
    short, long = sorted((a, b), key=len)
    return a == b or words[0] == words[1] or (len(short) == 1 and long.startswith(short))
