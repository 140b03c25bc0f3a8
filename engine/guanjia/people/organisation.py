"""Who there is: roles, staff, how each is reached, and what each may do beyond what procedures say.

Built from the plain data of organisation.yaml, so that a command that only lists cases pays for no models. The organisation is
live: who holds a role now is who is told now; what was decided from it stands in the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from ..calendars import days_of
from ..clock import MINUTE, Instant
from ..errors import NotFound, Refused, Text
from ..model.event import SYSTEM, Actor
from ..model.frozen import quick
from ..model.places import Places
from ..model.rights import may, may_through
from ..model.sight import Sight, listed as _words, sight_of
from .duty import Duty, Turn

BUILT_IN = ("system", "anyone", "customer")


@quick(frozen=True, slots=True)
class Contact:
    """How a recipient is reached: the language, an address for each channel, and whether they are not of the house."""

    language: str
    addresses: Mapping[str, str]
    outside: bool
    name: str
    channel: str | None = None
    """By which a customer wants to be told."""
    hours: tuple[str, ...] = ()
    """In which a customer wants to be told."""


def called(staff: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """The ids of those of the staff who are here and have this whole name."""
    return [id for id, person in staff.items() if person["name"] == name and person.get("active", True)]


class Organisation:
    """The people of one office, as they are in the files: other files make another organisation."""

    def __init__(self, data: Mapping[str, Any], language: str) -> None:
        self.roles: Mapping[str, Mapping[str, Any]] = data.get("roles") or {}
        self.staff: Mapping[str, Mapping[str, Any]] = data.get("staff") or {}
        self.teams: Mapping[str, Mapping[str, Any]] = data.get("teams") or {}
        self.skills: Mapping[str, Mapping[str, Any]] = data.get("skills") or {}
        self.systems: Mapping[str, Mapping[str, Any]] = data.get("systems") or {}
        self.sites: Mapping[str, Mapping[str, Any]] = data.get("sites") or {}
        self.places = Places(self.sites)
        self.duty = Duty(data.get("shifts") or {}, data.get("duty"))
        self.language = language
        self._actors = {SYSTEM.id: SYSTEM}
        self._sights: dict[Actor, Sight | None] = {}
        self._contacts: dict[str, Contact] = {}
        self._leave: dict[str, dict[date, str]] = {}
        self._now: tuple[int, dict[str, bool]] = (-1, {})

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], language: str) -> Organisation:
        """From organisation.yaml and rosters as plain data (checked by `language`), and the office's own language."""
        return cls(data, language)

    def actor(self, id: str, *, left: bool = False) -> Actor:
        """The actor of an id. NotFound when nobody has it; or nobody who is still here, unless who has `left` is meant too."""
        if not isinstance(id, str):
            kind = type(id).__name__
            raise NotFound(
                Text(f"{id!r}（{kind}）不是办理人。", f"{id!r} ({kind}) is nobody who could act."),
                Text(
                    "办理人写员工编号（文字），或一个 Actor。",
                    "An actor is the id of a member of staff, as text, or an Actor.",
                ),
            )
        known = self._actors.get(id)
        if known is not None:
            return known
        kind, colon, name = id.partition(":")
        if colon and kind == "customer":
            return Actor(name, (), "customer")
        if colon and kind == "system":
            return self._system(name)
        person = self.staff.get(id)
        if person is None:
            close = self._meant(id)
            raise NotFound(
                Text(f"名册里没有“{id}”。", f"There is nobody called {id!r}."),
                Text(f"是不是：{'、'.join(close)}？", f"Did you mean {', '.join(close)}?") if close else Text(
                    f"在册：{'、'.join(self.staff)}", f"There are: {', '.join(self.staff) or 'nobody yet; see organisation.yaml'}"
                ),
                known=list(self.staff),
            )  # fmt: skip
        if not person.get("active", True):
            if left:
                return Actor(id, _roles(person), "staff", person["name"])
            raise NotFound(
                Text(f"{person['name']}（{id}）已离职。", f"{person['name']} ({id}) has left."), known=list(self.staff)
            )
        actor = self._actors[id] = Actor(id, _roles(person), "staff", person["name"])
        return actor

    def _meant(self, typed: str) -> list[str]:
        """Whom somebody probably meant who typed this: by the very name, else like an id, else like a name."""
        named: dict[str, list[str]] = {}
        for who, person in self.staff.items():
            named.setdefault(person["name"], []).append(who)
        if typed in named:
            return named[typed]
        # Of two characters one is half of the name.
        near = get_close_matches(typed, self.staff, 3) or get_close_matches(typed, named, 3, 0.5)
        return [who for each in near for who in named.get(each, [each])][:3]

    def _system(self, name: str) -> Actor:
        """Another system; its own id is among its roles, so that `by` can name it."""
        about = self.systems.get(name)
        if about is None:
            listed = ", ".join(f"system:{known}" for known in self.systems)
            raise NotFound(
                Text(f"organisation.yaml 的 systems 里没有“{name}”。", f"organisation.yaml has no {name!r} under systems."),
                Text(f"有：{listed or '—'}", f"There are: {listed or 'none'}"), known=[f"system:{known}" for known in self.systems],
            )  # fmt: skip
        id, label = f"system:{name}", about.get("label") or {}
        return Actor(
            id,
            (*_words(about.get("roles")), id),
            "service",
            label.get(self.language) or label.get("zh") or label.get("en") or name,
        )

    def by_token(self, token: str) -> Actor:
        """The other system whose token it is; only its digest is known here. Refused (code `token`) when it is nobody's."""
        digest = token_digest(token)
        for name, about in self.systems.items():
            if compare_digest(digest, str(about.get("token_sha256") or "")):
                return self._system(name)
        raise Refused(
            "token",
            Text("没有哪个系统用这个令牌。", "This token is no system's."),
            Text("用 guanjia token 名字 另发一个，把摘要写进 organisation.yaml 的 systems。", "Make another with `guanjia token NAME`, and write its digest under systems in organisation.yaml."),
        )  # fmt: skip

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

    def by_name(self, name: str) -> Actor | None:
        """Whoever alone of those who are here has this name."""
        here = called(self.staff, name)
        return self.actor(here[0]) if len(here) == 1 else None

    def members(self, word: str) -> tuple[str, ...]:
        """Everybody who has not left and has the role, is in the team (`team:<name>`) or is its lead (`lead:<name>`), in the
        order written."""
        return self._holders.get(word, ())

    @cached_property
    def _holders(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for id, person in self.staff.items():
            if person.get("active", True):
                teams = [f"team:{person['team']}"] if person.get("team") else []
                led = [f"lead:{name}" for name, about in self.teams.items() if (about or {}).get("lead") == id]
                for word in dict.fromkeys((*_roles(person), *teams, *led)):
                    found.setdefault(word, []).append(id)
        return {word: tuple(ids) for word, ids in found.items()}

    def outside(self, id: str) -> bool:
        """Whether somebody is not of the house: the authority, a contractor."""
        return any((self.roles.get(role) or {}).get("outside", False) for role in _roles(self.staff[id]))

    def abroad(self, actor: Actor) -> bool:
        """Whether whoever acts is not of the house."""
        return any((self.roles.get(role) or {}).get("outside", False) for role in actor.roles)

    def roles_of(self, id: str) -> tuple[str, ...]:
        return _roles(self.staff[id])

    # -- at an instant

    def serves(self, id: str, site: str | None) -> bool:
        """Whether a person serves a site; one of whom no site is known serves all."""
        sites = _words(self.staff[id].get("sites", ()))
        return site is None or not sites or site in sites

    def leave(self, id: str, day: date) -> str | None:
        """Why somebody is not there on a day; None where he is."""
        known = self._leave.get(id)
        if known is None:
            known = self._leave[id] = {
                day: leave.get("reason", "other")
                for leave in self.staff[id].get("leave") or ()
                for text in _words(leave["on"])
                for day in days_of(text)
            }
        return known.get(day)

    def working(self, turn: Turn) -> tuple[str, ...]:
        """Whoever of a shift really comes: has not left, and is not on leave on the day on which it begins."""
        return tuple(
            id
            for id in turn.staff
            if id in self.staff and self.staff[id].get("active", True) and self.leave(id, turn.day) is None
        )

    def here(self, id: str, at: Instant, site: str | None = None) -> bool:
        """Whether somebody could be given work: he has not left, serves the site, and is not on leave, or still in a shift that
        began before it."""
        minute, known = self._now
        if minute != at // MINUTE:  # one decision asks for everybody, and for some of them several times
            self._now = _, known = at // MINUTE, {}
        there = known.get(id)
        if there is None:
            away = self.leave(id, self.duty.day_of(at)) is not None and not self._in_shift(id, at)
            there = known[id] = bool(self.staff[id].get("active", True)) and not away
        return there and self.serves(id, site)

    def on_duty(self, id: str, at: Instant) -> bool:
        """Whether somebody works at the instant: in a shift, or, where no roster has him, whenever `on_duty` is true."""
        if id in self.duty.rostered:
            return self._in_shift(id, at)
        return bool(self.staff[id].get("on_duty", True)) and self.here(id, at)

    def _in_shift(self, id: str, at: Instant) -> bool:
        return any(id in self.working(turn) for turn in self.duty.at(at) if not turn.on_call)

    def on_call(self, at: Instant, site: str | None = None) -> tuple[str, ...]:
        """Whoever is at home to be called, in the order written."""
        called = dict.fromkeys(id for turn in self.duty.at(at) if turn.on_call for id in self.working(turn))
        return tuple(id for id in called if self.serves(id, site))

    def candidates(self, word: str, at: Instant | None = None, site: str | None = None) -> tuple[str, ...]:
        """Members of a role or team, those on duty first; without an instant as `on_duty` says, and on leave or not."""
        members = self.members(word)
        if at is None:
            return tuple(sorted(members, key=lambda id: not self.staff[id].get("on_duty", True)))
        there = [id for id in members if self.here(id, at, site)]
        return tuple(sorted(there, key=lambda id: not self.on_duty(id, at)))

    def resolve(self, word: str, at: Instant | None = None, site: str | None = None) -> tuple[str, ...]:
        """Whom a word for people means: a role, `team:<name>`, `lead:<name>`, or `on_duty:` before one of these. The candidates,
        else their substitutes, else whoever answers for them; empty when nobody does. `on_duty:` means those who work just
        now, else those on call, and everybody where there is neither."""
        asked = word.removeprefix("on_duty:")
        if asked != word and at is not None:
            working = [id for id in self.candidates(asked, at, site) if self.on_duty(id, at)]
            if now := working or [id for id in self.on_call(at, site) if id in self.members(asked)]:
                return tuple(now)
        for each in (asked, *self.above(asked)):
            if found := self.candidates(each, at, site):
                return found
            if at is not None and (found := self.substitutes(self.members(each), at, site)):
                return found
        return ()

    def above(self, word: str) -> Iterator[str]:
        """Whoever answers for a role or team, the next first: the roles above a role; of a team its lead, then the roles above
        those of its people."""
        kind, colon, name = word.rpartition(":")
        if kind == "team":
            yield f"lead:{name}"
        people = (*self.members(f"team:{name}"), *self.members(f"lead:{name}")) if colon else ()
        seen = {word}
        for role in [role for id in people for role in self.roles_of(id)] if colon else [word]:
            while (role := (self.roles.get(role) or {}).get("parent") or "") and role not in seen:
                seen.add(role)
                yield role

    def substitutes(self, people: Iterable[str], at: Instant, site: str | None = None) -> tuple[str, ...]:
        """Whoever stands in for these people and is here; where he is not, whoever stands in for him."""
        found: dict[str, None] = {}
        for id in people:
            seen, stands_in = {id}, self._substitute(id)
            while stands_in not in seen and stands_in in self.staff and not self.here(stands_in, at, site):
                seen.add(stands_in)
                stands_in = self._substitute(stands_in)
            if stands_in in self.staff and stands_in not in seen:
                found[stands_in] = None
        return tuple(found)

    def _substitute(self, id: str) -> str:
        return str(self.staff[id].get("substitute"))

    def contact(self, recipient: str) -> Contact | None:
        """How `staff:<id>` is reached; None when the organisation does not know them."""
        known = self._contacts.get(recipient)
        if known is not None:
            return known
        person = self.staff.get(recipient.removeprefix("staff:"))
        if person is None:
            return None
        addresses = {channel: person[key] for channel, key in (("mail", "mail"), ("sms", "phone")) if person.get(key)}
        outside = self.outside(recipient.removeprefix("staff:"))
        contact = Contact(person.get("language") or self.language, addresses, outside, person["name"])
        self._contacts[recipient] = contact
        return contact

    def may(self, actor: Actor, right: str) -> bool:
        """Whether one of the actor's roles carries the right, and whoever typed it may act for him."""
        if actor.through is not None and not may_through(vars(self), actor.through):
            return False
        return actor.kind == "system" or may(vars(self), actor.roles, right)

    def sight(self, actor: Actor) -> Sight | None:
        """What an actor sees; None for the engine itself, which sees everything."""
        known = self._sights.get(actor, self)
        if known is self:
            if len(self._sights) >= 1024:  # customers too are actors, and there may be many
                self._sights.clear()
            known = self._sights[actor] = sight_of(vars(self), actor)
        return known  # type: ignore[return-value]

    def labels(self, language: str) -> dict[str, str]:
        """What people call each word for people that `resolve` takes; roles without a label are left out."""
        chinese, words = language[:2] == "zh", {}
        for role, about in self.roles.items():
            called = _label(about, language)
            if called:
                words[role] = called
            words[f"on_duty:{role}"] = f"在岗的{called or role}" if chinese else f"{called or role} on duty"
        for team, about in self.teams.items():
            called = words[f"team:{team}"] = _label(about, language) or team
            words[f"on_duty:team:{team}"] = f"{called}在岗人员" if chinese else f"{called} on duty"
            words[f"lead:{team}"] = f"{called.removesuffix('组')}组长" if chinese else f"lead of {called}"
        return words


def _label(about: Mapping[str, Any] | None, language: str) -> str:
    return str(((about or {}).get("label") or {}).get(language[:2]) or "")


def token_digest(token: str) -> str:
    """What is kept of a token: it is long and drawn at random, so that nobody finds it by trying."""
    return sha256(token.strip().encode()).hexdigest()


def _roles(person: Mapping[str, Any]) -> tuple[str, ...]:
    return _words(person.get("roles", ()))
