"""The register of customers: the one function through which every change of a person goes, and the small face of it.

`carry_out` reads the person, asks for the right, decides (people/customers.py), and writes the sealed record, what the person is found
by, and an event of their own stream in one transaction. Looking at somebody in clear is a change too: it is recorded. Attempts
without the right to are events as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import DAY, Instant
from ..errors import GuanjiaError, Refused, Text
from ..model.acquaintance import Acquaintance, acquaintance_of
from ..model.case import Case
from ..model.customer import Customer, Relation, alike
from ..model.event import GENESIS, PERSONAL, Actor, Event, Notification, chain, commit, is_personal
from ..model.identifiers import masked
from ..model.rights import check_through
from ..people.customers import Asked, Decided, Kind, Surroundings, absorbed, decide, given, identifier, today
from ..people.seeing import strange_rooms, stranger
from ..store.customers import CustomerChange, HeldCustomer
from ..store.interface import EventRow, Query, Row, Transaction
from ..store.paging import pages
from . import customer_reading as reading
from .arguments import checked, told_by

if TYPE_CHECKING:
    from .engine import Engine

_RIGHTS: Mapping[Kind, str] = {"reveal": "reveal", "restrict": "privacy", "lift": "privacy", "forget": "privacy"}
"""The right that a kind of change needs; all others need `customers`."""
_REASONED = ("merge", "restrict", "lift", "reveal", "forget")
_ROOMS = ("add", "edit")
"""What may change relations to rooms."""
_OWN = ("consent", "withdraw")
"""What a customer may do himself, with what is about himself."""


def carry_out(engine: Engine, tx: Transaction, asked: Asked) -> Customer | GuanjiaError:
    """One change of one customer inside one transaction; the person after it, in clear. An error that stands in the history is
    returned, not raised."""
    around = surroundings(engine)
    now = around.now
    ids = {asked.customer, asked.name} if asked.kind == "merge" else {asked.customer}
    held = {id: tx.customers.read(id) for id in sorted(filter(None, ids))}
    mine = held.get(asked.customer or "")
    if mine is None and asked.kind != "add":
        raise reading.unknown(asked.customer or "")
    refused = _unentitled(engine, asked)
    if refused is None:
        persons = [reading.as_customer(each) for each in held.values() if each is not None]
        refused = next(filter(None, (stranger(engine.organisation, each, asked.actor) for each in persons)), None)
    if refused is None:
        before = reading.as_customer(mine) if mine is not None else Customer(_identity(tx, asked))
        if asked.kind == "merge":
            return _merge(engine, tx, asked, before, mine, held.get(asked.name), around)
        decided = decide(before, asked, around)
        refused = strange_rooms(engine.organisation, before, decided.customer, asked.actor)
        if refused is None or asked.kind not in _ROOMS:
            return _write(engine, tx, mine, decided._replace(data={**decided.data, **_why(asked)}), asked.actor, now)
    if mine is None:
        raise refused
    data = {"what": asked.kind, "code": refused.code, **_why(asked)}
    _write(engine, tx, mine, Decided(reading.as_customer(mine), "refused", "", data), asked.actor, now)
    return refused


def surroundings(engine: Engine) -> Surroundings:
    """What of the office decides what a customer may have now."""
    people, office = engine.organisation, engine.office
    sites = list(dict.fromkeys([office.site, *people.sites]))
    return Surroundings(told_by(engine.clock), engine.zone, office.site, sites, list(engine.channels), people.places)


def entitled(engine: Engine, asked: Asked, before: Customer | None = None, after: Customer | None = None) -> None:
    """Refused unless this actor may ask this, and, where it is said, make this of that."""
    people, actor = engine.organisation, asked.actor
    refused = _unentitled(engine, asked) or (before and stranger(people, before, actor))
    if refused or (after and (refused := strange_rooms(people, before or Customer(""), after, actor))):
        raise refused


def _merge(
    engine: Engine, tx: Transaction, asked: Asked, before: Customer, mine: HeldCustomer | None, other: HeldCustomer | None,
    around: Surroundings,
) -> Customer:  # fmt: skip
    """Two of the register become one, in one transaction; the survivor."""
    if other is None:
        raise reading.unknown(asked.name)
    into = reading.as_customer(other)
    if into.id == before.id or not into.used:
        raise Refused(
            "customer", Text(f"不能并入客户 {into.id}。", f"Nobody can be merged into customer {into.id}."),
            Text("并入的客户须是另一位在册的客户，没有被并入、限制或销毁。", "It has to be another one in the register, not merged, restricted or destroyed."),
        )  # fmt: skip
    gone = decide(before, asked, around)
    _write(engine, tx, mine, gone._replace(data=_why(asked)), asked.actor, around.now)
    kept = absorbed(into, before)
    return _write(engine, tx, other, kept._replace(data={**kept.data, **_why(asked)}), asked.actor, around.now)


def _identity(tx: Transaction, asked: Asked) -> str:
    if asked.customer is not None:
        return identifier(asked.customer)
    while True:
        id = given(tx.next_number("", "customer", 0))
        if tx.customers.read(id) is None:
            return id


def _unentitled(engine: Engine, asked: Asked) -> Refused | None:
    """Why this actor may not ask this; None where they may."""
    actor, right = asked.actor, _RIGHTS.get(asked.kind, "customers")
    if actor.kind == "customer":
        if asked.kind not in _OWN or actor.id != asked.customer:
            return Refused("role", Text("这要由客服来办。", "This is for the office's staff to do."))
    elif not engine.organisation.may(actor, right):
        who = actor.name or actor.id
        return Refused(
            "role", Text(f"客户资料：这需要 {right} 权限，{who}没有。", f"Customers: this needs the right `{right}`, and {who} does not have it."),
            Text(f"在 organisation.yaml 里给角色写 rights: [{right}]。", f"Give a role rights: [{right}] in organisation.yaml."),
        )  # fmt: skip
    if asked.kind in _REASONED and not (asked.reason or "").strip():
        raise Refused("reason", Text("须写明原因（--reason）。", "A reason is needed (--reason)."))
    return None


def _why(asked: Asked) -> dict[str, str]:
    reason = (asked.reason or "").strip()
    return {"reason": masked(reason) or reason} if reason else {}


def _write(
    engine: Engine, tx: Transaction, held: HeldCustomer | None, decided: Decided, actor: Actor, now: Instant
) -> Customer:
    """Write what was decided; nothing where nothing changed."""
    after = decided.customer
    if decided.type is None:
        return after
    seq = after.seq + 1
    record, data = "" if held is None else held.record, dict(decided.data)
    if reason := data.get("reason"):
        persons = [after] if held is None else [after, reading.as_customer(held)]
        data["reason"] = masked(reason, {each.name: "text" for each in persons if each.name}) or reason
    terms = None
    if decided.type not in ("revealed", "refused"):
        plain, salt = after.record(), engine.entropy(16).hex()
        record = "" if after.forgotten else json.dumps([salt, plain], ensure_ascii=False, separators=(",", ":"))
        if record:
            data["commitment"] = commit(salt, json.loads(record)[1])
        before = None if held is None else reading.as_customer(held)
        terms = list(after.terms())
        if before is not None and terms == list(before.terms()):
            terms = None
    event = Event(f"customer:{after.id}", seq, decided.type, decided.name, actor.id, now, now, data)
    text = event.text()
    head = chain(GENESIS if held is None else held.head, text)
    row = HeldCustomer(
        after.id, seq, head, "" if held is None else held.wrapped, record, after.verified_at, after.survivor
    )
    tx.customers.write(CustomerChange(row, after.seq, [EventRow(seq, text, head, now)], terms))
    return after._replace(seq=seq)


class Duplicate(NamedTuple):
    """Entries that may be of one person, and what they share: a phone, or a room and a like name."""

    shared: str
    customers: tuple[Customer, ...]


class AboutCase(NamedTuple):
    """One case of somebody: its values in clear, what happened, what was told, who looked at it."""

    case: Case
    values: Mapping[str, Any]
    messages: Sequence[Notification]
    looks: Sequence[Event]
    events: Sequence[Event]


class Everything(NamedTuple):
    """All that the office has about a person."""

    customer: Customer
    history: Sequence[Event]
    cases: Sequence[AboutCase]


MOST_LOOKED_AT = 100_000
"""Persons that are looked through for those of one's own sites."""
MOST_MESSAGES = 100_000
"""Messages of one case."""


def _alike(persons: Sequence[Customer]) -> Iterator[list[Customer]]:
    """Those of one room whose names are alike, each group once."""
    for place, person in enumerate(persons):
        if not any(alike(person.name, other.name) for other in persons[:place]):
            yield [person, *(other for other in persons[place + 1 :] if alike(person.name, other.name))]


@checked
class Register:
    """Customers of one office, as `engine.customers`. Whoever only looks sees them masked; whoever changes one gets them masked too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows = engine.store.customers

    # -- changing

    def execute(self, asked: Asked) -> Customer:
        """Carry out one change, durably, or raise Refused, NotFound, Conflict, StoreError. The person after it, masked."""
        return self._carried(asked).masked()

    def execute_many(self, asked: Sequence[Asked]) -> Sequence[Customer | GuanjiaError]:
        """Changes in order under one commit; each is all or nothing on its own, and answered by its own error."""
        engine = self._engine
        works = [lambda tx, each=each: carry_out(engine, tx, each) for each in asked]
        outcomes = engine.store.transact_many(works)
        return [each if isinstance(each, GuanjiaError) else each.masked() for each in outcomes]

    def _carried(self, asked: Asked) -> Customer:
        outcome = self._engine.store.transact(lambda tx: carry_out(self._engine, tx, asked))
        if isinstance(outcome, GuanjiaError):
            raise outcome
        return outcome

    def add(self, id: str | None = None, *, actor: Actor | str, reason: str | None = None, **values: Any) -> Customer:
        """Put a person into the register: `name`, `phones`, `mails`, `rooms` (each `{room, relation, site, since, until}`), `language`,
        `channel`, `hours`. Without an id they get the next number. Needs the right `customers`."""
        return self.execute(Asked("add", id, values, actor=self._engine.actor(actor), reason=reason))

    def edit(
        self, id: str, *, actor: Actor | str, drop: Mapping[str, Sequence[str]] | None = None, reason: str | None = None, **values: Any
    ) -> Customer:  # fmt: skip
        """Correct what is known of a person: values as with `add`, lists grow by them, `drop` takes away. Needs `customers`."""
        return self.execute(Asked("edit", id, values, drop or {}, actor=self._engine.actor(actor), reason=reason))

    def verify(self, id: str, *, actor: Actor | str) -> Customer:
        """Say that everything known of a person was found to be so still. Needs `customers`."""
        return self.execute(Asked("verify", id, actor=self._engine.actor(actor)))

    def consent(self, id: str, purpose: str, notice: str, *, actor: Actor | str) -> Customer:
        """The person agreed to a purpose, under this version of the notice. Needs `customers`, or to be the person."""
        return self.execute(Asked("consent", id, name=purpose, notice=notice, actor=self._engine.actor(actor)))

    def withdraw(self, id: str, purpose: str, *, actor: Actor | str, reason: str | None = None) -> Customer:
        """The person withdraws that consent; objects to the purpose, where there is none. As `consent`."""
        return self.execute(Asked("withdraw", id, name=purpose, actor=self._engine.actor(actor), reason=reason))

    def restrict(self, id: str, *, actor: Actor | str, reason: str, lift: bool = False) -> Customer:
        """Keep what is known of a person and use it for nothing but what has to be told; `lift` ends that. Needs `privacy`."""
        return self.execute(Asked("lift" if lift else "restrict", id, actor=self._engine.actor(actor), reason=reason))

    def merge(self, id: str, into: str, *, actor: Actor | str, reason: str) -> Customer:
        """`id` turned out to be `into`, who has from now on what both had; cases of both are his. The survivor. Needs `customers`."""
        return self.execute(Asked("merge", id, name=into, actor=self._engine.actor(actor), reason=reason))

    def reveal(self, id: str, *, actor: Actor | str, reason: str) -> Customer:
        """The person in clear; that somebody looked, who and why, stands in the person's history. Needs `reveal`."""
        return self._carried(Asked("reveal", id, actor=self._engine.actor(actor), reason=reason))

    def forget(self, id: str, *, actor: Actor | str, reason: str) -> Sequence[str]:
        """Destroy the keys of a person and of everybody who was merged into them, and what finds them; the ids that were. Their cases
        are for `Engine.forget_person`. Needs `privacy`."""
        who = self._engine.actor(actor)
        ids = [each for each in reading.family(self._rows, id) if (held := self._rows.get(each)) is None or held.record]
        for each in reversed(ids):
            self._carried(Asked("forget", each, actor=who, reason=reason))
        return ids

    # -- looking

    # With an actor as he sees the register: only people of sites that he serves. Whoever embeds the engine sees everybody.

    def get(self, id: str, *, actor: Actor | str | None = None) -> Customer:
        """The person of this id, masked; the survivor, where they were merged. NotFound; Refused (`site`, `sight`)."""
        found = self._clear(id)
        if actor is not None:
            self._checked(found, actor)
        return found.masked()

    def _checked(self, found: Customer, actor: Actor | str) -> None:
        engine = self._engine
        who = engine.actor(actor)
        check_through(vars(engine.organisation), who)
        if (refused := stranger(engine.organisation, found, who)) is not None:
            raise refused

    def acquaintance(self, actor: Actor | str | None) -> Acquaintance:
        """Whom of the register an actor sees."""
        if actor is None:
            return Acquaintance()
        who = self._engine.actor(actor)
        check_through(vars(self._engine.organisation), who)
        return acquaintance_of(vars(self._engine.organisation), who)

    def _clear(self, id: str) -> Customer:
        held = self._rows.get(id)
        if held is None:
            raise reading.unknown(id)
        return reading.as_customer(reading.survivor(self._rows, held))

    def profile(self, id: str) -> Customer | None:
        """Whom a case of this customer is told to, in clear: for the program itself, which renders for them. None where the register
        does not know them, or has forgotten them."""
        held = self._rows.get(id)
        if held is None:
            return None
        person = reading.as_customer(reading.survivor(self._rows, held))
        return None if person.forgotten else person

    def hours_of(self, message: Notification) -> tuple[str, ...]:
        """In which hours whoever a message is for wants to be told; nothing where the register does not say."""
        columns = self._engine.store.columns(message.case) if message.recipient == "customer" else None
        known = self.profile(columns.customer) if columns is not None and columns.customer else None
        return known.hours if known is not None else ()

    def find(self, text: str, *, actor: Actor | str | None = None) -> Sequence[Customer]:
        """Everybody with this id, name, telephone number, mail address or room, masked."""
        known = self.acquaintance(actor)
        return [each.masked() for each in reading.found(self._rows, text) if known.knows(each)]

    def household(self, room: str, site: str | None = None, *, actor: Actor | str | None = None) -> Sequence[Customer]:
        """The persons to whom this room belongs in some way today, masked, by id."""
        day, where = today(self._engine.clock.now(), self._engine.zone), site or self._engine.office.site

        def there(each: Relation) -> bool:
            return (each.site, each.room.upper()) == (where, room.upper())

        persons, known = map(reading.as_customer, self._rows.find("room", room.upper())), self.acquaintance(actor)
        return [each.masked() for each in persons if any(map(there, each.at_home(day))) and known.knows(each)]

    def stale(self, days: int, limit: int = 100, *, actor: Actor | str | None = None) -> Sequence[Customer]:
        """Persons whom nobody has verified for so many days, the longest ago first, masked."""
        before, known = self._engine.clock.now() - days * DAY, self.acquaintance(actor)
        rows = self._rows.stale(before, limit if known.all else MOST_LOOKED_AT)
        persons = map(reading.as_customer, rows)
        return [each.masked() for each in islice(filter(known.knows, persons), max(limit, 0))]

    def duplicates(self, limit: int = 100, *, actor: Actor | str | None = None) -> Sequence[Duplicate]:
        """Entries that may be of one person: those with the same phone, and those of one room with like names; masked."""
        found: dict[tuple[str, ...], Duplicate] = {}
        known = self.acquaintance(actor)
        for kind in ("phone", "room"):
            for ids in self._shared(kind):
                persons = [it for id in ids if (it := self._clear(id)).used and known.knows(it)]
                for group in [persons] if kind == "phone" else _alike(persons):
                    if len(group) > 1:
                        names = tuple(it.id for it in group)
                        found.setdefault(names, Duplicate(kind, tuple(it.masked() for it in group)))
                if len(found) >= limit:
                    return list(found.values())[:limit]
        return list(found.values())

    def like(self, id: str, *, actor: Actor | str | None = None) -> Sequence[Customer]:
        """Whoever may be the same person as this one, as `duplicates` judges it; masked."""
        mine, known, found = self._clear(id), self.acquaintance(actor), dict[str, Customer]()
        for kind, term in mine.terms():
            for other in map(reading.as_customer, self._rows.find(kind, term) if kind in ("phone", "room") else ()):
                same = kind == "phone" or alike(mine.name, other.name)
                if same and other.used and other.id != mine.id and known.knows(other):
                    found[other.id] = other.masked()
        return list(found.values())

    def _shared(self, kind: str) -> Iterator[tuple[str, ...]]:
        for page in pages(lambda after: self._rows.shared(kind, after), "", itemgetter(0)):
            yield from (ids for _, ids in page)

    def everything(self, id: str, *, actor: Actor | str, reason: str) -> Everything:
        """All that the office has about a person: the entry in clear, what happened to it and who looked at it, every case with its values,
        messages and those who looked. Recorded as a look. Needs `reveal`."""
        person = self._carried(Asked("reveal", id, name="export", actor=self._engine.actor(actor), reason=reason))
        ids = reading.family(self._rows, person.id)
        history = sorted((event for each in ids for event in self.history(each)), key=lambda event: event.recorded_at)
        return Everything(person, history, [self._about(row.id) for each in ids for row in self._all_cases(each)])

    def _all_cases(self, id: str) -> Iterator[Row]:
        offset = 0
        while rows := self._engine.list(
            Query(customer=id, open=None, mode=None, order="opened", limit=200, offset=offset)
        ):
            yield from rows
            offset += len(rows)

    def _about(self, id: str) -> AboutCase:
        engine, case = self._engine, self._engine.case(id)
        personal = engine.personal(id)
        values = {name: personal.get(it[PERSONAL]) if is_personal(it) else it for name, it in case.fields.items()}
        events = engine.history(id)
        looks = [event for event in events if event.type == "revealed"]
        messages = [row.notification for row in engine.store.outbox(case=id, limit=MOST_MESSAGES)]
        return AboutCase(case, values, messages, looks, events)

    def cases(
        self, id: str, *, open: bool | None = None, limit: int = 200, actor: Actor | str | None = None
    ) -> Sequence[Row]:
        """The cases of a person, under whatever id they were opened, the last changed first; with an actor those that he sees."""
        ids = tuple(reading.family(self._rows, id))
        return self._engine.list(Query(customer=ids, open=open, mode=None, order="changed", limit=limit), actor=actor)

    def history(self, id: str, *, actor: Actor | str | None = None) -> Sequence[Event]:
        """What happened to the person in the register: who changed or looked at what, when and why, never what it was."""
        if (held := self._rows.get(id)) is None:
            raise reading.unknown(id)
        if actor is not None:
            self._checked(reading.as_customer(held), actor)
        return [Event.from_text(row.text) for row in self._rows.events(id)]
