"""The deeds that a process may die in (test_failpoints.py): one or more of every kind of command, what it needs, and how often it took
effect."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from guanjia.errors import GuanjiaError, Refused
from guanjia.model.event import SYSTEM, Command, Notification
from guanjia.runtime import many, moving, retention, rounds
from guanjia.runtime.door import LETTERS
from guanjia.runtime.engine import Engine
from guanjia.runtime.quiet import Quiet
from guanjia.store import Query

from tests.offices import MONDAY
from tests.runtime import busy

JOB = busy.JOB.replace(
    "transitions:\n",
    "transitions:\n  inform: {by: agent, do: [{notify: {told: customers}}]}\n"
    "  warn: {by: agent, do: [{open: {part: {as: home, households: \"'1'\"}}}, {notify: {told: customers}}]}\n",
    1,
) + ("undo: 1h\non_merge: [{notify: {told: customer}}]\nretention: 30 days\n")
DIED = 9
NONE, KEY = "-", "key-of-the-deed"


HOMES = 'sites: {main: {buildings: {"1": {units: 1, floors: 1, rooms: 2}}}}\n'


def office(folder: Path) -> Path:
    """The office that they are done in, as it is before any of them."""
    busy.office(folder)
    people = folder / "organisation.yaml"
    people.write_text(HOMES + people.read_text())
    shutil.rmtree(folder / "registries", ignore_errors=True)
    (folder / "procedures/job.yaml").write_text(JOB)
    return folder


class Deed(NamedTuple):
    prepare: Callable[[Engine], str]
    do: Callable[[Engine, str, str], Any]
    """(engine, what `prepare` gave, a command key)"""
    effects: Callable[[Engine, str, str], int]
    """How often it took effect."""


def opened(desk: Engine) -> str:
    return desk.open("job", actor="agent.wang", summary="x", phone="13800001234").case.id


def accepted(desk: Engine) -> str:
    return desk.act(opened(desk), "accept", actor="agent.wang").case.id


def told(desk: Engine) -> str:
    """A case about which everything was told."""
    case = opened(desk)
    desk.run_once()
    return case


def escalated(desk: Engine) -> str:
    """A case of which the supervisor was told that nobody answered."""
    case = told(desk)
    round_at(MONDAY + 31 * MINUTE)(desk, case, KEY)
    return case


def child(desk: Engine) -> str:
    case = desk.act(accepted(desk), "split", actor="agent.wang", phone="13900001234").case
    return desk.case(case.id).children["part"]


def ended_unheard(desk: Engine) -> str:
    """A case whose child has ended, which nobody has told it yet."""
    part = child(desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "apply_inbox", lambda _: 0)
        desk.act(part, "end", actor="agent.wang")
    return desk.case(part).parent or ""


def round_at(at: int) -> Callable[[Engine, str, str], Any]:
    def go(desk: Engine, ref: str, key: str) -> None:
        assert isinstance(desk.clock, ManualClock)
        desk.clock.set(at)
        desk.run_once()

    return go


def happened(type: str, name: str = "", times: int = 1) -> Callable[[Engine, str, str], int]:
    return lambda desk, ref, key: sum(e.type == type and name in e.name for e in desk.history(ref)) // times


def three_notes(desk: Engine, ref: str, key: str) -> None:
    who = desk.actor("agent.wang")
    desk.execute_many([Command("note", "", ref, {"text": "x"}, who, f"{key}-{n}") for n in range(3)])


def new_rule(desk: Engine, ref: str, key: str) -> None:
    (desk.files.folder / "procedures/job.yaml").write_text(JOB + f"labels: {{zh: {{new: {key}}}}}\n")
    desk.refresh()


def lives_by_it(desk: Engine, ref: str, key: str) -> int:
    return int(desk.opening("job").procedure.label("new", "zh") == key)


def registered(desk: Engine, ref: str, key: str) -> None:
    with suppress(Refused):  # it may have been done before the death
        desk.customers.add(key, actor=SYSTEM, name=key, phones=["13800001234"], rooms=[{"room": "1-1-101"}])


class Peace(Quiet):
    """Nobody is told anything in the first minute and a half."""

    def free(self, message: Notification, at: int) -> int:
        return max(at, MONDAY + 90 * SECOND)


def in_peace(desk: Engine, ref: str, key: str) -> None:
    desk.quiet = Peace()
    round_at(MONDAY)(desk, ref, key)


def closed(desk: Engine) -> str:
    """A case that is over and about which everything was told."""
    case = told(desk)
    desk.act(case, "withdraw", actor="agent.wang")
    desk.run_once()
    return case


def pair(desk: Engine) -> str:
    """Two cases of two customers, of which the second shares the first one's id as its summary."""
    first = told(desk)
    desk.open("job", actor="agent.wang", summary=first, customer="C-2")
    desk.run_once()
    return first


def other(desk: Engine, ref: str) -> str:
    return desk.list(Query(text=ref, open=None, mode=None))[0].id


def mass(desk: Engine) -> str:
    """A case with another one below it, of another customer, and one that goes on in it."""
    ref = pair(desk)
    desk.link(other(desk, ref), ref, actor="agent.wang", way="child")
    desk.merge(opened(desk), ref, actor="agent.wang", reason="x")
    desk.run_once()
    return ref


def both_ends(desk: Engine, ref: str, key: str) -> int:
    """Of two cases each knows the other, once."""
    one, two = desk.case(ref), desk.case(other(desk, ref))
    known = [two.id in one.links or two.id in one.merged, one.id in two.links or one.id in two.absorbed]
    return int(all(known) and happened("linked")(desk, two.id, key) == 1)


CODE = "-".join((LETTERS[0] * 4,) * 3)


def coded(desk: Engine) -> str:
    ref = told(desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "entropy", bytes)
        desk.code(ref, actor="agent.wang")
    desk.run_once()
    return ref


def answers(desk: Engine, ref: str, key: str) -> None:
    with suppress(Refused):  # used before the death
        desk.answer(CODE, "withdraw")


def lifted(desk: Engine, ref: str, key: str) -> None:
    who = desk.actor("supervisor.zhao")
    desk.execute(Command("hold", "", ref, {"on": True}, who, key, reason="x"))
    desk.execute(Command("hold", "", ref, {"on": False}, who, f"{key}-", reason="x"))


def newer(desk: Engine) -> str:
    """A case under an older version than its file now has."""
    ref = told(desk)
    new_rule(desk, ref, KEY)
    return ref


def moved_all(desk: Engine, ref: str, key: str) -> None:
    how = {"policy": "start", "notify": False}
    moving.carry_out(desk, moving.plan_procedure(desk, "job"), desk.actor("supervisor.zhao"), "x", how, moving.Tally())


def three(desk: Engine) -> str:
    ids = [opened(desk) for _ in range(3)]
    desk.run_once()
    return ids[0]


def many_at_once(desk: Engine, ref: str, key: str) -> None:
    rows = desk.list(Query(open=None))
    for each in many.carry_out(
        desk, many.plan(desk, rows, "accept", actor=desk.actor("agent.wang"), values={}, key=key)
    ):
        if isinstance(each.outcome, GuanjiaError):
            raise each.outcome


def accepted_once(desk: Engine, ref: str, key: str) -> int:
    rows = desk.list(Query(open=None))
    return int([happened("acted", "accept")(desk, row.id, key) for row in rows] == [1] * 3)


def old_case(desk: Engine, ref: str, key: str) -> None:
    wang = desk.actor("agent.wang")
    steps = [
        Command("open", "job", values={"summary": key, "phone": "13800001234"}, actor=wang, at=MONDAY - HOUR),
        Command("act", "accept", actor=wang, at=MONDAY - HOUR + MINUTE),
    ]
    desk.take_in(steps, by="supervisor.zhao", reason="x", key=key)


def couple(desk: Engine) -> str:
    for id in ("C-1", "C-2"):
        desk.customers.add(id, actor=SYSTEM, name=id, phones=["13800001234"])
    return NONE


def one_person(desk: Engine, ref: str, key: str) -> None:
    with suppress(Refused):
        desk.customers.merge("C-1", "C-2", actor=SYSTEM, reason="x")


def of_customers(*types: tuple[str, str]) -> Callable[[Engine, str, str], int]:
    return lambda desk, ref, key: int(
        all(sum(event.type == type for event in desk.customers.history(id)) == 1 for id, type in types)
    )


def agreed(desk: Engine, ref: str, key: str) -> None:
    desk.customers.consent("C-1", "care", "2026", actor=SYSTEM)


def at_least_once(type: str) -> Callable[[Engine, str, str], int]:
    """Of what has no key a second time may follow on a death."""
    return lambda desk, ref, key: int(happened(type)(desk, ref, key) in (1, 2))


def over_for_long(desk: Engine) -> str:
    ref = closed(desk)
    assert isinstance(desk.clock, ManualClock)
    return ref


def let_go(desk: Engine, ref: str, key: str) -> None:
    assert isinstance(desk.clock, ManualClock)
    now = desk.clock.now()
    desk.clock.set(MONDAY + 40 * DAY)
    retention.run(desk, list(retention.due(desk)), desk.actor("supervisor.zhao"))
    desk.clock.set(now)


WANG = {"actor": "agent.wang"}
DEEDS = {
    "open": Deed(
        lambda desk: NONE,
        lambda desk, ref, key: desk.open("job", **WANG, key=key, summary=key, phone="13800001234"),
        lambda desk, ref, key: len(desk.list(Query(text=key, procedure="job"))),
    ),
    "act": Deed(
        opened,
        lambda desk, ref, key: desk.act(ref, "accept", **WANG, key=key, phone="13700001234"),
        happened("acted", "accept"),
    ),
    "act that opens a child": Deed(
        accepted,
        lambda desk, ref, key: desk.act(ref, "split", **WANG, key=key, phone="13700001234"),
        lambda desk, ref, key: len(desk.list(Query(parent=ref))),
    ),
    "act that tells the parent": Deed(
        child,
        lambda desk, ref, key: desk.act(ref, "ping", **WANG, key=key),
        lambda desk, ref, key: happened("signalled")(desk, desk.case(ref).parent or "", key),
    ),
    "signal": Deed(opened, lambda desk, ref, key: desk.signal(ref, "pinged", key=key), happened("signalled")),
    "edit": Deed(
        opened,
        lambda desk, ref, key: desk.edit(ref, actor="supervisor.zhao", key=key, phone="13700001234"),
        happened("edited"),
    ),
    "assign": Deed(
        opened,
        lambda desk, ref, key: desk.assign(ref, "agent.li", actor="supervisor.zhao", key=key),
        happened("assigned"),
    ),
    "note": Deed(opened, lambda desk, ref, key: desk.note(ref, "看过", **WANG, key=key), happened("noted")),
    "ack": Deed(
        escalated,
        lambda desk, ref, key: desk.acknowledge(ref, actor="supervisor.zhao", key=key),
        happened("acknowledged"),
    ),
    "attach": Deed(
        opened, lambda desk, ref, key: desk.attach(ref, "x.txt", key.encode(), **WANG, key=key), happened("attached")
    ),
    "three notes under one commit": Deed(opened, three_notes, happened("noted", times=3)),
    "due": Deed(told, round_at(MONDAY + 25 * MINUTE), happened("reached", "answer.80%")),
    "link": Deed(ended_unheard, round_at(MONDAY), happened("linked")),
    "deliver": Deed(opened, round_at(MONDAY), lambda desk, ref, key: 1),
    "deliver to a channel that refuses": Deed(opened, round_at(MONDAY), lambda desk, ref, key: 1),
    "deliver to whom is to be left in peace": Deed(opened, in_peace, lambda desk, ref, key: 1),
    "open by the calendar": Deed(
        told, round_at(MONDAY + DAY - HOUR), lambda desk, ref, key: len(desk.list(Query(text="例行")))
    ),
    "register a customer": Deed(
        lambda desk: NONE, registered, lambda desk, ref, key: len(desk.store.customers.events(key))
    ),
    "undo": Deed(
        lambda desk: desk.act(told(desk), "accept", **WANG).case.id,
        lambda desk, ref, key: desk.undo(ref, **WANG, key=key),
        happened("undone"),
    ),
    "undo what was told": Deed(
        lambda desk: (accepted(desk), desk.run_once())[0],
        lambda desk, ref, key: desk.undo(ref, **WANG, key=key),
        happened("undone"),
    ),
    "merge": Deed(
        pair, lambda desk, ref, key: desk.merge(ref, other(desk, ref), **WANG, reason="x", key=key), both_ends
    ),
    "undo a merging": Deed(
        lambda desk: (ref := pair(desk)) and desk.merge(ref, other(desk, ref), **WANG, reason="x").case.id,
        lambda desk, ref, key: desk.undo(ref, **WANG, key=key),
        lambda desk, ref, key: int(not desk.case(other(desk, ref)).absorbed and not desk.case(ref).finished),
    ),
    "link with another case": Deed(
        pair, lambda desk, ref, key: desk.link(ref, other(desk, ref), **WANG, key=key), both_ends
    ),
    "put below another case": Deed(
        pair,
        lambda desk, ref, key: desk.link(ref, other(desk, ref), **WANG, way="child", key=key),
        lambda desk, ref, key: int(list(desk.case(other(desk, ref)).children.values()) == [ref]),
    ),
    "split": Deed(
        told,
        lambda desk, ref, key: desk.split(ref, None, {"summary": key}, **WANG, key=key),
        lambda desk, ref, key: int(len(desk.list(Query(text=key))) == len(desk.case(ref).links) == 1),
    ),
    "tell the customers of a mass event": Deed(
        mass,
        lambda desk, ref, key: desk.act(ref, "inform", **WANG, key=key),
        lambda desk, ref, key: int(
            [happened("told")(desk, row.id, key) for row in desk.list(Query(open=None))].count(1) == 2
        ),
    ),
    "make a code": Deed(told, lambda desk, ref, key: desk.code(ref, **WANG), at_least_once("coded")),
    "answer by a code": Deed(coded, answers, happened("acted", "withdraw")),
    "ask how it stands": Deed(opened, lambda desk, ref, key: desk.ask(desk.case(ref).number, "1234"), lambda *_: 1),
    "pause a clock": Deed(
        told,
        lambda desk, ref, key: desk.adjust(ref, "answer", "pause", actor="supervisor.zhao", reason="x", key=key),
        happened("adjusted"),
    ),
    "look at what is sealed": Deed(
        told, lambda desk, ref, key: desk.reveal(ref, actor="supervisor.zhao", reason="x"), at_least_once("revealed")
    ),
    "hold and release": Deed(closed, lifted, happened("held")),
    "forget": Deed(
        closed, lambda desk, ref, key: desk.forget(ref, actor="supervisor.zhao", reason="x"), at_least_once("forgotten")
    ),
    "retention": Deed(over_for_long, let_go, happened("forgotten")),
    "migrate": Deed(
        newer,
        lambda desk, ref, key: desk.migrate(
            ref, desk.opening("job").version.hash, actor="supervisor.zhao", reason="x", key=key
        ),
        happened("migrated"),
    ),
    "migrate a procedure": Deed(newer, moved_all, happened("migrated")),
    "one action for many": Deed(three, many_at_once, accepted_once),
    "take in an old case": Deed(lambda desk: NONE, old_case, lambda desk, ref, key: len(desk.list(Query(text=key)))),
    "merge customers": Deed(couple, one_person, of_customers(("C-1", "merged"), ("C-2", "absorbed"))),
    "consent of a customer": Deed(couple, agreed, of_customers(("C-1", "consented"))),
    "take up a new rule": Deed(lambda desk: NONE, new_rule, lives_by_it),
}
