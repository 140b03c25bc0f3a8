"""The engine and the model (model.py) side by side: a step of both, and what is different afterwards.

A step is plain data, a list that begins with the name of a method of `Desk`; so a program that failed can be kept and replayed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from guanjia import Command, ManualClock, NotFound, Refused, Result
from guanjia.channels.recorder import Recorder
from guanjia.language import OfficeFiles
from guanjia.model.event import SYSTEM
from guanjia.people.keys import Keys, Secrets
from guanjia.runtime import moving, retention, suspending
from guanjia.runtime.audit import audit
from guanjia.runtime.customers import Register
from guanjia.runtime.sealing import sealed

from tests.offices import MONDAY, OFFICE, engine, small
from tests.runtime.model import Office
from tests.runtime.model_asking import (
    ALONE,
    UNREASONED,
    agree,
    answered,
    asked,
    plain,
    same,
    to_actor,
    to_command,
    told,
    when,
    who_is,
)
from tests.runtime.model_case import Ask, Event, No, Who, copied
from tests.runtime.model_door import at_the_door
from tests.runtime.model_register import Home
from tests.runtime.model_rules import ACTIONS, HOME, HOURS, JOB, PEACE, PEOPLE, PLACES, REQUEST
from tests.runtime.model_shown import desk_why, expected, parcels, shown, waited, whose, written
from tests.runtime.model_time import DAY, HOUR, MINUTE, local


class Channel(Recorder):
    """Remembers what it was handed, and notes on each message in which parcel it was."""

    def __init__(self) -> None:
        super().__init__("file")
        self.keys: list[str] = []

    def send(self, notification) -> str:
        self.keys.append(notification.key)
        return str(len(self.keys))


def folder_of(path: Path) -> Path:
    made = small(path, REQUEST, name="request", templates=("told",), more={
        "procedures/job.yaml": JOB, "procedures/home.yaml": HOME, "organisation.yaml": PEOPLE, "calendars/hours.yaml": HOURS["short"],
        "office.yaml": OFFICE + "alarm: [manager]\nquiet: {customers: peace}\n", "registries/places.yaml": PLACES,
        "calendars/peace.yaml": PEACE,
    })  # fmt: skip
    wrong = [finding for finding in OfficeFiles(made).check() if finding.severity == "error"]
    assert not wrong, wrong
    return made


class Desk:
    """The engine and the model side by side; `do` takes a step of both and looks for a difference."""

    def __init__(self, folder: Path, stores) -> None:
        (folder / "calendars/hours.yaml").write_text(HOURS["short"])
        (folder / "procedures/request.yaml").write_text(REQUEST)
        self.folder, self.stores = folder, stores
        self.clock = ManualClock(MONDAY)
        self.channel = Channel()
        self.entropy = 0
        secrets = Secrets.new()
        self.keys = Keys(secrets, lambda: secrets)
        self.desks = [self.opened(number) for number in range(len(stores))]
        self.office = Office(MONDAY)
        for person in self.office.persons.values():
            self.desks[0].customers.add(
                person.id, actor=SYSTEM, name="某人", phones=[person.phone] if person.phone else [], language=person.language,
                hours=["{:02}:00-{:02}:00".format(*person.hours)] if person.hours != (0, 24) else [],
                rooms=[{"room": home.room, "relation": home.relation} for home in person.homes],
            )  # fmt: skip
        self.cursor, self.commands = 0, 0
        self.ids: dict[str, str] = {}
        self.compared: dict[str, int] = {}
        """How many events a case had when both were compared: in which nothing happened since, it is not read again."""
        self.steps: list[list[Any]] = []
        self.turn = 0

    def opened(self, number: int):
        self.entropy += 1  # no two of them draw the same ids
        made = engine(self.folder, store=sealed(self.stores[number], self.keys), seed=self.entropy)
        made.clock = self.clock
        made.channels = {"file": self.channel}
        return made

    @property
    def desk(self):
        return self.desks[self.turn % len(self.desks)]

    # -- one step of both

    def do(self, step: list[Any]) -> None:
        self.steps.append(step)
        kind, *rest = step
        getattr(self, kind)(*rest)
        self.turn += 1
        self.compare()

    def number(self, which: int) -> str | None:
        numbers = list(self.office.cases)
        return numbers[which % len(numbers)] if numbers else None

    def ask(self, given: dict[str, Any]) -> Ask | None:
        """A command as it stands in a step, where `case` is a number from 0, `ago` minutes before now, and so on."""
        number = None
        if given["kind"] != "open":
            number = "R-9999" if given.get("case") == -1 else self.number(given["case"])
            if number is None:
                return None
        expect = None
        if "behind" in given and number in self.office.cases:
            expect = len(self.office.cases[number].events) - given["behind"]
        values = dict(given.get("values", {}))
        who = who_is(given["who"])
        if given["kind"] == "answer":
            code = given["code"] if given["code"] in range(len(self.office.coded)) else -1
            number, values["code"] = self.office.coded[code] if code >= 0 else "R-9999", code
            if number in self.office.cases:
                who = at_the_door(self.office.cases[number])
        if "other" in values:
            values["other"] = self.number(values["other"])
            if values["other"] is None:
                return None
        if "resume_in" in values:
            span = values.pop("resume_in")
            values["resume_at"] = None if span is None else self.office.now + span * MINUTE
        return Ask(
            given["kind"], given.get("name", ""), number, who, values, None if given["kind"] in ("code", "answer") else given.get("key"),
            None if given.get("ago") is None or given["kind"] not in ("open", "act", "clock") else self.office.now - given["ago"] * MINUTE,
            None if given["kind"] in UNREASONED else given.get("reason"),
            expect if given["kind"] == "act" else None,
            given.get("mode"), given.get("customer"),
        )  # fmt: skip

    def command(self, given: dict[str, Any]) -> None:
        ask = self.ask(given)
        if ask is None:
            return
        self.commands += 1
        self.office.asks = False
        drawn, number = self.desk.entropy, len(self.office.coded)
        if ask.kind == "code":  # else nobody knows what it is but whoever is told it
            letters = bytes((number >> shift) % 32 for shift in (0, 5, 10, 15)) * 3
            self.desk.entropy = lambda size: letters if size == 12 else drawn(size)
        done = self.same(ask, lambda: asked(self.desk, ask))
        self.desk.entropy = drawn
        if done and ask.kind != "attach":
            self.office.pass_on()

    def same(self, ask: Ask, engine_does) -> bool:
        """Whether it was done."""
        code = same(self.office.execute, ask, engine_does)
        if code is not None:
            self.office.refused(ask, code)
        return code is None

    def bulk(self, several: list[dict[str, Any]]) -> None:
        asks = [ask for given in several if (ask := self.ask(given)) is not None and ask.kind not in ALONE]
        self.commands += len(asks)
        answers = self.desk.execute_many([self.to_command(ask) for ask in asks])
        for ask, answer in zip(asks, answers, strict=True):
            self.same(ask, lambda answer=answer: answered(answer))
        self.office.pass_on(anyhow=True)

    def preview(self, given: dict[str, Any]) -> None:
        ask = self.ask(given)
        if ask is not None:
            if ask.kind in ALONE:
                return
            (answer,) = self.desk.preview([self.to_command(ask)])
            same(self.office.preview, ask, lambda: answered(answer))

    def take_in(self, who: str, ago: int, steps: list[dict[str, Any]]) -> None:
        """`after`: how many minutes after the step before."""
        at, asks = self.office.now - ago * MINUTE, []
        for given in steps:
            at += given.get("after", 0) * MINUTE
            asks.append(
                Ask(
                    given["kind"], given["name"], None, who_is(given["who"]), given.get("values", {}), at=at,
                    customer=given.get("customer"), mode=given.get("mode"),
                )
            )  # fmt: skip
        self.commands += len(asks)
        by = who_is(who)
        same(
            lambda _: self.office.take_in(asks, by, "old"), asks[0],
            lambda: self.desk.take_in([to_command(ask) for ask in asks], by=to_actor(by), reason="old"),
        )  # fmt: skip

    def tick(self, minutes: int) -> None:
        self.office.now += minutes * MINUTE
        self.clock.set(self.office.now)

    def work(self) -> None:
        self.commands += 1
        done = self.desk.run_once()
        left = self.office.parcels
        self.office.round()
        assert not done.problems, done.problems
        agree("parked", len(self.desk.store.dropped_inbox(10_000)), self.office.parked)
        assert not self.office.inbox
        agree(
            "delivered",
            done.delivered,
            sum(it.left is not None and it.left[1] > left and not it.destroyed for it in self.office.messages),
        )

    def to_command(self, ask: Ask) -> Command:
        given = to_command(ask)
        if ask.kind not in ("merge", "link"):
            return given
        other = self.ids[ask.values["other"]]
        if ask.kind == "merge":
            return dataclasses.replace(given, name=other, values={})
        return dataclasses.replace(given, values={"case": other, "way": ask.values["way"]})

    def forget(self, which: int, who: str, reason: str | None) -> None:
        """A case, and those that it opened."""
        number = self.number(which)
        if number is None:
            return
        asks = [
            Ask("forget", "", case.number, who_is(who), {}, reason=reason)
            for case in self.office.family(self.office.cases[number])
        ]
        self.commands += len(asks)
        done = iter(())

        def each(ask: Ask, before: int):
            nonlocal done
            if ask is asks[0]:
                done = iter(self.desk.forget(number, actor=to_actor(ask.who), reason=reason or ""))
            case = next(done)
            events = tuple(event for event in self.desk.history(case.id) if before < event.seq <= case.seq)
            return Result(case, events)

        for ask in asks:
            self.office.asks, before = False, len(self.office.cases[ask.case or ""].events)
            if not self.same(ask, lambda ask=ask, before=before: each(ask, before)):
                break
            self.office.pass_on()

    def retain(self, who: str) -> None:
        """What was kept for its time goes."""
        due = list(retention.due(self.desk))
        over = self.office.over()
        agree("retention", sorted((it.number, it.fields, when(it.since), it.held) for it in due),
              sorted((it.number, it.fields, when(it.since), it.held) for it in over))  # fmt: skip
        by, left = who_is(who), {it.number: it for it in over if not it.held}
        done, refused = retention.run(self.desk, due, to_actor(by))
        for number in (it.number for it in due if not it.held):
            ask = Ask("forget", "", number, by, {"fields": left[number].fields}, reason="over")
            try:
                self.office.execute(ask)
                done -= 1
            except No as no:
                assert no.codes <= {"role", "sight", "merged"}
                self.office.refused(ask, "role")
                refused = refused[1:]
        if left:
            self.office.pass_on(anyhow=True)
        assert (done, list(refused)) == (0, [])

    def restart(self) -> None:
        place = self.turn % len(self.desks)
        self.desks[place] = self.opened(place)

    def look(self, which: int, actor: str) -> None:
        """What is possible, and when clocks are due, without doing anything."""
        number = self.number(which)
        if number is None:
            return
        case = self.office.cases[number]
        who = who_is(actor)
        try:
            options = {option.action: option for option in self.desk.available(number, to_actor(who))}
        except Refused as unseen:  # nothing is offered to whoever does not see the case
            foreign = who.kind == "customer" and not self.office.own(case, who)
            assert unseen.code == ("sight" if foreign else "conflict" if who.id in case.kin else "?"), (actor, unseen)
            options = None
        for name in ACTIONS[case.procedure] if options is not None else ():
            stands = self.office.against(case, name, who_is(actor), {}) - {"field"}
            offered = name in options and options[name].allowed
            assert offered == (not stands), (name, actor, options.get(name), stands)
        ahead = copied(self.office)  # an account is as of now, with all that is due until now
        case = ahead.cases[number]
        ahead.advance(case, ahead.now)
        for name, clock in case.clocks.items():
            accounted = desk_why(self.desk, number, name)
            agree(f"{number}.why.{name}", accounted, (clock.cycle, expected(ahead, case, clock)[2]))

    def registered(self, change: Callable[[Register], Any], *about: str) -> bool:
        """Whether it was changed: of whom it is restricted, it is not."""
        restricted = any(self.office.persons[each].restricted for each in about)
        try:
            change(self.desk.customers)
        except Refused as refused:
            assert restricted, refused
            return False
        assert not restricted
        return True

    def asks(self) -> None:
        """From now on requests tell customers only what they agreed to."""
        (self.folder / "procedures/request.yaml").write_text(f"purpose: activities{REQUEST}")
        for desk in self.desks:
            desk.refresh()
        self.office.asking = True

    def agrees(self, who: str) -> None:
        """Somebody agrees to be told of more, or no longer does; of whom it is restricted, nothing more is agreed to."""
        person = self.office.persons[who]
        if person.agrees:
            self.desk.customers.withdraw(who, "activities", actor=SYSTEM)
            person.agrees = False
        elif self.registered(lambda register: register.consent(who, "activities", "1", actor=SYSTEM), who):
            person.agrees = True

    def restricts(self, who: str) -> None:
        """What is known of somebody is kept and no more used, or used again."""
        person = self.office.persons[who]
        self.desk.customers.restrict(who, actor=to_actor(who_is("manager.sun")), reason="x", lift=person.restricted)
        person.restricted = not person.restricted

    def one_person(self, one: str, other: str) -> None:
        """Two entries of the register turn out to be one person."""
        if self.registered(lambda register: register.merge(one, other, actor=SYSTEM, reason="x"), one, other):
            self.office.one_person(one, other)

    def moves(self, who: str, room: str, since: int | None, until: int | None) -> None:
        """Somebody moves in or out, so many days from now."""
        today, person = local(self.office.now).date(), self.office.persons[who]
        begin, end = (None if days is None else today + timedelta(days=days) for days in (since, until))
        about = {"room": room, "relation": person.relation}
        about |= {name: day.isoformat() for name, day in (("since", begin), ("until", end)) if day}
        if self.registered(lambda register: register.edit(who, actor=SYSTEM, rooms=[about]), who):
            self.office.moves(who, Home(room, person.relation, begin, end))

    def hours(self, name: str) -> None:
        (self.folder / "calendars/hours.yaml").write_text(HOURS[name])
        self.moved("manager.sun", lambda desk: (moving.plan(desk), ()), name, dict(self.office.suspended))

    def suspend(self, begin: int, end: int) -> None:
        since = self.office.now // DAY * DAY + begin * HOUR
        until = since + end * HOUR
        name = f"S{len(self.office.suspended) + 1}"

        def plan(desk):
            item = suspending.decide(desk, since, until, factor=None, procedures=[], clocks=[], statutory=False)
            given = dataclasses.replace(item, reason="台风")
            return moving.plan(desk, (), [*suspending.recorded(desk), given]), [suspending.suspended(given)]

        self.moved("manager.sun", plan, None, {**self.office.suspended, name: (since, until)})

    def moved(self, by: str, plan, calendar: str | None, suspended: dict[str, tuple[int, int]]) -> None:
        self.commands += 1
        self.tick(1)
        self.work()  # in which order cases are moved that a late worker has left behind, no page says
        for desk in self.desks:
            desk.refresh()
        desk = self.desk
        planned, happened = plan(desk)
        how = {"policy": "start", "notify": False}
        moving.carry_out(desk, planned, desk.actor(by), "调整", how, moving.Tally(), happened=happened)
        self.office.move(Who(by), calendar, suspended)
        for desk in self.desks:
            desk.refresh()

    # -- the differences

    def compare(self) -> None:
        touched = {}
        while rows := self.desk.events(after=self.cursor):
            for cursor, case, _ in rows:
                touched[case] = self.cursor = cursor
        for id in touched:
            number = self.desk.case(id).number
            assert number in self.office.cases, f"{number} is there only in the engine"
            self.ids[number] = id
            self.compare_case(number)
        for number, case in self.office.cases.items():
            assert number in self.ids, f"{number} is there only in the model"
            assert self.compared[number] == len(case.events), f"{number} went on in the model only"

    def compare_case(self, number: str) -> None:
        case, it, desk, office = self.office.cases[number], self.desk.case(number), self.desk, self.office
        agree(number, told(self.named(desk.history(number))), told(case.events))
        assert it.seq == len(case.events), number
        self.compared[number] = it.seq
        engine = {
            "states": it.states, "assignee": it.assignee, "closed": when(it.closed_at), "outcome": it.outcome,
            "opener": it.opener, "customer": it.customer, "mode": it.mode, "opened": when(it.opened_at),
            "fields": {name: value for name, value in it.fields.items() if value is not None and name != "phone"},
            "entries": {name: about["values"]["code"] for name, about in it.entries.items()},
            "phone": desk.personal(number).get((it.fields.get("phone") or {}).get("personal")),
            "personal": sorted(text for text in desk.personal(number).values() if isinstance(text, str) and "13" in text[:7]),
            "clocks": {name: shown(clock) for name, clock in it.clocks.items()},
            "cycles": [(clock.name, clock.cycle, clock.status) for clock in it.cycles],
            "delays": {key: when(delay.due) for key, delay in it.delays.items()},
            "climbs": {c.clock: (c.status, [level.to for level in c.told], when(c.due)) for c in it.climbs.values()},
            "past": {name: it.past[name].count for name in case.count if name in it.past},
            "unreached": [rooms for event in desk.history(number) if (rooms := event.data.get("unreached"))],
            "children": {name: self.number_of(id) for name, id in it.children.items()},
            "kin": it.kin,
            "held": it.hold is not None,
            "codes": sorted(until for until in it.codes.values() if until > desk.clock.now()),
            "joined": (it.parent and self.number_of(it.parent), list(it.merged.values()), list(it.absorbed.values()),
                       {self.number_of(id): name for id, name in it.links.items()}),
        }  # fmt: skip
        agree(number, engine, {
            "states": case.states, "assignee": case.assignee, "closed": when(case.closed_at), "outcome": case.outcome,
            "opener": case.opener, "customer": case.customer, "mode": case.mode, "opened": when(case.opened_at),
            "fields": {name: value for name, value in case.fields.items() if value is not None},
            "entries": {name: case.fields[name] for name in ("place",) if case.fields.get(name)},
            "phone": case.phone,
            "personal": sorted(text for what, text in case.personal if what != "file"),
            "clocks": {name: expected(office, case, clock) for name, clock in case.clocks.items()},
            "cycles": [(clock.name, clock.cycle, clock.status) for clock in case.cycles],
            "delays": {key: when(due) for key, (due, _) in case.delays.items()},
            "climbs": {c.clock: (c.status, c.told, when(office.next_level(c))) for c in case.climbs.values()},
            "past": case.count,
            "unreached": case.unreached,
            "children": case.children,
            "kin": case.kin,
            "held": case.held,
            "codes": sorted(until for until in case.codes.values() if until > office.now),
            "joined": (case.parent, [case.merged] if case.merged else [], case.absorbed, case.links),
        })  # fmt: skip

    def named(self, events) -> list[Event]:
        """The events, where a merging that was refused names the other case by its number."""
        numbers = {id: number for number, id in self.ids.items()}
        return [event._replace(name=numbers.get(event.name, event.name)) for event in plain(events)]

    def number_of(self, id: str) -> str | None:
        """None for a child that is still to be opened."""
        try:
            return self.desk.case(id).number
        except NotFound:
            return None

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def end(self) -> None:
        self.do(["work"])
        rows = self.desk.store.outbox(limit=100_000)
        numbers = {id: number for number, id in self.ids.items()}
        found = [(numbers[row.notification.case], row) for row in rows]
        agree(
            "outbox", sorted(written(number, row) for number, row in found), sorted(map(waited, self.office.messages))
        )
        gone = {it[:4]: it.left[1] for it in self.office.messages if it.left and not it.behind and not it.destroyed}
        noted = {it: row.note for number, row in found if (it := whose(number, row)) in gone}
        agree("parcels", parcels(noted), parcels(gone))
        keys = [row.notification.key for row in rows]
        assert len(set(keys)) == len(keys)
        assert len(set(self.channel.keys)) == len(self.channel.keys)
        problems = list(audit(self.desk))
        assert not problems, problems
