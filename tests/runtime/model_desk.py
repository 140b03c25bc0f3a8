"""The engine and the model (model.py) side by side: a step of both, and what is different afterwards.

A step is plain data, a list that begins with the name of a method of `Desk`; so a program that failed can be kept and replayed.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from guanjia import Actor, Command, Conflict, GuanjiaError, ManualClock, NotFound, Refused
from guanjia.channels.recorder import Recorder
from guanjia.language import OfficeFiles
from guanjia.model.event import SYSTEM as ENGINE_SYSTEM
from guanjia.runtime import moving, suspending
from guanjia.runtime.audit import audit

from tests.offices import MONDAY, OFFICE, engine, small
from tests.runtime.model import Office
from tests.runtime.model_case import SYSTEM, Ask, Case, Clock, Event, Message, No, Who
from tests.runtime.model_rules import ACTIONS, HOURS, JOB, PEOPLE, REQUEST
from tests.runtime.model_time import DAY, HOUR, MINUTE, local


class Channel(Recorder):
    """Remembers what it was handed."""

    def __init__(self) -> None:
        super().__init__("file")
        self.keys: list[str] = []

    def send(self, notification) -> str:
        self.keys.append(notification.key)
        return super().send(notification)


def folder_of(path: Path) -> Path:
    made = small(path, REQUEST, name="request", templates=("told",), more={
        "procedures/job.yaml": JOB, "organisation.yaml": PEOPLE, "calendars/hours.yaml": HOURS["short"],
        "office.yaml": OFFICE + "alarm: [manager]\n",
    })  # fmt: skip
    wrong = [finding for finding in OfficeFiles(made).check() if finding.severity == "error"]
    assert not wrong, wrong
    return made


class Desk:
    """The engine and the model side by side; `do` takes a step of both and looks for a difference."""

    def __init__(self, folder: Path, stores) -> None:
        (folder / "calendars/hours.yaml").write_text(HOURS["short"])
        self.folder, self.stores = folder, stores
        self.clock = ManualClock(MONDAY)
        self.channel = Channel()
        self.entropy = 0
        self.desks = [self.opened(number) for number in range(len(stores))]
        self.office = Office(MONDAY)
        self.cursor, self.commands = 0, 0
        self.ids: dict[str, str] = {}
        self.steps: list[list[Any]] = []
        self.keys: dict[str, Message] = {}
        self.turn = 0

    def opened(self, number: int):
        self.entropy += 1  # no two of them draw the same ids
        made = engine(self.folder, store=self.stores[number], seed=self.entropy)
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
        if "resume_in" in values:
            span = values.pop("resume_in")
            values["resume_at"] = None if span is None else self.office.now + span * MINUTE
        return Ask(
            given["kind"], given.get("name", ""), number, who_is(given["who"]), values, given.get("key"),
            None if given.get("ago") is None or given["kind"] not in ("open", "act", "clock") else self.office.now - given["ago"] * MINUTE, given.get("reason"),
            expect if given["kind"] == "act" else None,
            given.get("mode"), given.get("customer"),
        )  # fmt: skip

    def command(self, given: dict[str, Any]) -> None:
        ask = self.ask(given)
        if ask is None:
            return
        self.commands += 1
        self.office.asks = False
        if self.same(ask, lambda: asked(self.desk, ask)) and ask.kind != "attach":
            self.office.pass_on()

    def same(self, ask: Ask, engine_does) -> bool:
        """Whether it was done."""
        code = same(self.office.execute, ask, engine_does)
        if code is not None:
            self.office.refused(ask, code)
        return code is None

    def bulk(self, several: list[dict[str, Any]]) -> None:
        asks = [ask for given in several if (ask := self.ask(given)) is not None and ask.kind != "attach"]
        self.commands += len(asks)
        answers = self.desk.execute_many([to_command(ask) for ask in asks])
        for ask, answer in zip(asks, answers, strict=True):
            self.same(ask, lambda answer=answer: answered(answer))
        self.office.pass_on(anyhow=True)

    def preview(self, given: dict[str, Any]) -> None:
        ask = self.ask(given)
        if ask is not None:
            if ask.kind == "attach":
                return
            (answer,) = self.desk.preview([to_command(ask)])
            same(self.office.preview, ask, lambda: answered(answer))

    def tick(self, minutes: int) -> None:
        self.office.now += minutes * MINUTE
        self.clock.set(self.office.now)

    def work(self) -> None:
        self.commands += 1
        before = len(self.channel.keys)
        done = self.desk.run_once()
        assert not done.problems, done.problems
        self.office.round()
        assert not self.office.inbox
        handed = self.channel.keys[before:]
        assert len(handed) == done.delivered

    def restart(self) -> None:
        place = self.turn % len(self.desks)
        self.desks[place] = self.opened(place)

    def look(self, which: int, actor: str) -> None:
        """What is possible, and when clocks are due, without doing anything."""
        number = self.number(which)
        if number is None:
            return
        case = self.office.cases[number]
        options = {option.action: option for option in self.desk.available(number, to_actor(who_is(actor)))}
        for name in ACTIONS[case.procedure]:
            stands = self.office.against(case, name, who_is(actor), {}) - {"field"}
            offered = name in options and options[name].allowed
            assert offered == (not stands), (name, actor, options.get(name), stands)

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
            assert self.desk.case(number).seq == len(case.events), number

    def compare_case(self, number: str) -> None:
        case, it, desk, office = self.office.cases[number], self.desk.case(number), self.desk, self.office
        agree(number, told(plain(desk.history(number))), told(case.events))
        engine = {
            "states": it.states, "assignee": it.assignee, "closed": when(it.closed_at), "outcome": it.outcome,
            "opener": it.opener, "customer": it.customer, "mode": it.mode, "opened": when(it.opened_at),
            "fields": {name: value for name, value in it.fields.items() if value is not None and name != "phone"},
            "phone": desk.personal(number).get((it.fields.get("phone") or {}).get("personal")),
            "clocks": {name: shown(clock) for name, clock in it.clocks.items()},
            "cycles": [(clock.name, clock.cycle, clock.status) for clock in it.cycles],
            "delays": {key: when(delay.due) for key, delay in it.delays.items()},
            "climbs": {c.clock: (c.status, [level.to for level in c.told], when(c.due)) for c in it.climbs.values()},
            "past": {name: it.past[name].count for name in case.count if name in it.past},
            "children": {name: self.number_of(id) for name, id in it.children.items()},
        }  # fmt: skip
        agree(number, engine, {
            "states": case.states, "assignee": case.assignee, "closed": when(case.closed_at), "outcome": case.outcome,
            "opener": case.opener, "customer": case.customer, "mode": case.mode, "opened": when(case.opened_at),
            "fields": {name: value for name, value in case.fields.items() if value is not None},
            "phone": case.phone,
            "clocks": {name: expected(office, case, clock) for name, clock in case.clocks.items()},
            "cycles": [(clock.name, clock.cycle, clock.status) for clock in case.cycles],
            "delays": {key: when(due) for key, (due, _) in case.delays.items()},
            "climbs": {c.clock: (c.status, c.told, when(office.next_level(c))) for c in case.climbs.values()},
            "past": case.count,
            "children": case.children,
        })  # fmt: skip

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
        found = sorted(
            Message(numbers[row.notification.case], row.notification.seq, row.notification.template,
                          row.notification.recipient, row.status == "recorded")
            for row in rows
        )  # fmt: skip
        agree("outbox", [str(item) for item in found], [str(item) for item in sorted(self.office.messages)])
        keys = [row.notification.key for row in rows]
        assert len(set(keys)) == len(keys)
        assert sorted(self.channel.keys) == sorted(row.notification.key for row in rows if row.status == "sent")
        for row in rows:
            assert row.status == ("unrenderable" if row.notification.template == "-" else row.status), row
            assert row.status in ("sent", "recorded", "unrenderable"), row
        problems = list(audit(self.desk))
        assert not problems, problems


def agree(number: str, engine: Any, model: Any) -> None:
    if engine == model:
        return
    if isinstance(engine, dict):
        for name in sorted({*engine, *model}):
            agree(f"{number}.{name}", engine.get(name), model.get(name))
    if isinstance(engine, list):
        at = next(i for i in range(max(len(engine), len(model))) if engine[i : i + 1] != model[i : i + 1])
        engine, model = engine[max(0, at - 3) : at + 3], model[max(0, at - 3) : at + 3]
    raise AssertionError(f"{number}\n   engine: {engine}\n   model:  {model}")


def plain(events) -> list[Event]:
    return [Event(e.type, e.name, e.actor, e.occurred_at, e.recorded_at) for e in events]


def when(at: int | None) -> str | None:
    return None if at is None else f"{local(at):%m-%d %H:%M:%S}"


def told(events) -> list[str]:
    return [
        f"{event.type} {event.name} {event.actor} {when(event.occurred_at)} / {when(event.recorded_at)}"
        for event in events
    ]


def shown(clock) -> tuple[Any, ...]:
    due = clock.due if clock.open else None
    return (
        clock.cycle,
        clock.status,
        when(due),
        when(clock.breached_at),
        when(clock.ended_at),
        sorted(clock.fired),
        clock.held,
    )


def expected(office: Office, case: Case, clock: Clock) -> tuple[Any, ...]:
    due = office.due(case, clock) if clock.status == "running" else None
    return (
        clock.cycle,
        clock.status,
        when(due),
        when(clock.breached_at),
        when(clock.ended_at),
        sorted(clock.fired),
        clock.held,
    )


def who_is(name: str) -> Who:
    return SYSTEM if name == "system" else Who(name, "customer" if name.startswith("c-") else "staff")


def to_actor(who: Who) -> Actor:
    if who is SYSTEM:
        return ENGINE_SYSTEM
    return Actor(who.id, (who.role,) if who.role else (), who.kind)


def to_command(ask: Ask) -> Command:
    values = dict(ask.values)
    return Command(
        {"clock": "clock"}.get(ask.kind, ask.kind), ask.name, ask.case, values, to_actor(ask.who), ask.key, mode=ask.mode,
        customer=ask.customer, at=ask.at, reason=ask.reason, expect=ask.expect,
    )  # fmt: skip


def asked(desk, ask: Ask):
    """The command by the short form of its kind."""
    actor, common = to_actor(ask.who), {"key": ask.key} | ({"reason": ask.reason} if ask.reason else {})
    case, values = ask.case or "", dict(ask.values)
    back = {} if ask.at is None else {"at": ask.at}
    if ask.kind == "open":
        return desk.open(ask.name, actor=actor, customer=ask.customer, mode=ask.mode, **common, **back, **values)
    if ask.kind == "act":
        return desk.act(case, ask.name, actor=actor, expect=ask.expect, **common, **back, **values)
    if ask.kind == "edit":
        return desk.edit(case, actor=actor, **common, **values)
    if ask.kind == "assign":
        return desk.assign(case, ask.name, actor=actor, **common)
    if ask.kind == "clock":
        return desk.adjust(case, ask.name, values["way"], actor=actor, key=ask.key, reason=ask.reason or "", **back)
    if ask.kind == "ack":
        return desk.acknowledge(case, actor=actor, **common)
    if ask.kind == "note":
        return desk.note(case, values["text"], actor=actor, key=ask.key)
    if ask.kind == "attach":
        return desk.attach(case, ask.name, values["content"].encode(), actor=actor, key=ask.key)
    return desk.signal(case, ask.name, actor=actor, key=ask.key, **values)


def answered(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


def same(model_does, ask: Ask, engine_does) -> str | None:
    """Both do it, or both refuse it: then with a code that the model knows a reason for."""
    try:
        done, no = model_does(ask), None
    except No as refused:
        done, no = None, refused
    try:
        result, error = engine_does(), None
    except GuanjiaError as refused:
        result, error = None, refused
    if no is not None:
        assert error is not None, (
            f"the model refuses ({', '.join(no.codes)}), the engine does not: {ask} {told(result.events)}"
        )
        code = "conflict" if isinstance(error, Conflict) else error.code if isinstance(error, Refused) else "?"
        assert code in no.codes, f"the engine says {code} ({error.text.en}), the model {no.codes}: {ask}"
        return code
    assert error is None, (
        f"the engine refuses ({getattr(error, 'code', error)}: {error.text.en}), the model does not: {ask}"
    )
    assert result.repeated == done.repeated, ask
    agree(str(ask), told(plain(result.events)), told(done.events))
    assert result.case.number == done.number
    return None
