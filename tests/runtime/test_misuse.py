"""A program that embeds the engine and passes something of a wrong kind is told which argument, and nothing is done."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import pytest
from guanjia import Actor, Command, GuanjiaError, Misused, Query
from guanjia.model.event import CommandKind
from guanjia.people.customers import Asked
from guanjia.runtime.audit import audit
from guanjia.runtime.customers import Register
from guanjia.runtime.engine import Engine
from guanjia.store.memory import MemoryStore

from tests.offices import engine, small
from tests.scale import drawn, scale

DESK = """\
procedure: desk
number: D-{seq}
undo: 10m
fields: {summary: {type: text, required: true}, phone: {type: phone, personal: true}, n: {type: integer}}
sla: {answer: {start: open, stop: finish, target: {within: 30m, calendar: always}}}
initial: new
states:
  new: {transitions: {finish: {to: over, by: [agent, customer]}}}
  over: {final: true}
"""
NONSENSE = (5, -1, 2**70, 2**62, -(2**62), 1.5, True, None, "", "\x00", "\ud800", "x" * 70_000, b"x", [], [5], {}, {5: 5}, (), object(), print,
            Actor("nobody"), Actor(5, ["agent"]), Command("act", 5), Query(limit="many"))  # type: ignore[arg-type] # fmt: skip
LEFT_ALONE = {"close", "at"}
"""What ends the engine; what opens another one is tried below."""


def right(desk: Engine, number: str, method: str) -> dict[str, Any]:
    """An argument that will do, by the name of a parameter."""
    wang = desk.actor("agent.wang")
    return {
        "ref": number, "other": number, "into": number, "procedure": "desk", "actor": wang, "who": wang, "by": "supervisor.zhao",
        "action": "finish", "name": "x", "to": "agent.li", "reason": "x", "clock": "answer", "way": "pause", "version": "x", "number": number if method != "attachment" else 1,
        "tail": "1234", "code": "0000", "text": "x", "content": b"x", "command": Command("note", "", number, {"text": "x"}, wang),
        "commands": [Command("note", "", number, {"text": "x"}, wang)], "query": Query(), "what": "finish", "calendar": "always", "token": "x",
        "problems": [], "key": "x", "hash": "x", "case": desk.case(number), "customer": "C-1", "id": "C-1", "purpose": "x", "notice": "x",
        "room": "1-1", "days": 3, "message": desk.store.outbox(limit=1)[0].notification, "happened": [], "asked": Asked("verify", "C-1", actor=wang),
    }  # fmt: skip


@pytest.fixture
def desk(tmp_path, store):
    folder = small(tmp_path / "office", DESK)
    path = folder / "organisation.yaml"
    path.write_text(path.read_text().replace("[backdate, clocks]", "[all]"))
    desk = engine(folder, store=store)
    desk.customers.add("C-1", actor="supervisor.zhao", name="张伟", phones=["13800001234"])
    desk.open("desk", actor="agent.wang", summary="x", phone="13800001234", customer="C-1")
    return desk


@pytest.mark.parametrize(
    ("face", "name"),
    [(face, name) for face in (Engine, Register) for name, it in inspect.getmembers(face, callable)
     if not name.startswith("_") and name not in LEFT_ALONE],
    ids=lambda it: it if isinstance(it, str) else it.__name__,
)  # fmt: skip
def test_whatever_is_passed_to_whatever_method_nothing_but_an_error_of_ours_comes_out(desk, face, name):
    number = desk.list(Query())[0].columns.number
    desk.code(number, actor="agent.wang")
    events = len(desk.events())
    method = getattr(desk if face is Engine else desk.customers, name)
    hints, wrong = get_type_hints(getattr(face, name)), 0
    for parameter in inspect.signature(method).parameters.values():
        for value in some(desk, NONSENSE):
            given = {
                it.name: right(desk, number, name).get(it.name, "x")
                for it in inspect.signature(method).parameters.values()
                if it.default is it.empty and it.kind not in (it.VAR_KEYWORD, it.VAR_POSITIONAL)
            }
            given["n" if parameter.kind == parameter.VAR_KEYWORD else parameter.name] = value
            try:
                method(**given)
            except Misused as error:
                wrong += 1
                assert f"{parameter.name}=…" in error.text.en, error
                assert error.hint is not None
            except GuanjiaError as error:
                assert error.text.zh
                assert error.text.en
    assert wrong or not [
        it for it in inspect.signature(method).parameters.values() if hints.get(it.name, Any) is not Any
    ], name
    assert not audit(desk)
    assert len(desk.events()) >= events


def some(desk: Engine, given: Sequence[Any]) -> Sequence[Any]:
    """All of it over memory, and in `make faults`; else a part by chance over each other database, which refuses nothing of its own."""
    every = len(given)
    return (
        given if isinstance(desk.store, MemoryStore) else drawn().sample(given, scale(every // 4, every, faults=every))
    )


@pytest.mark.parametrize("kind", get_args(CommandKind))
def test_a_command_of_any_kind_without_its_values_or_with_others_is_refused_or_carried_out(desk, kind):
    number, who = desk.list(Query())[0].columns.number, desk.actor("supervisor.zhao")
    names = (
        "way",
        "text",
        "on",
        "policy",
        "notify",
        "drop",
        "case",
        "digest",
        "until",
        "fields",
        "sensitive",
        "event",
        "template",
        "$code",
        "$from",
        "$id",
    )
    for values in (
        {},
        *({name: value} for name in some(desk, names) for value in (None, 5, "x", [], {}, ["x"], object())),
    ):
        for name in ("", "answer", desk.case(number).version):
            attempted(desk, Command(kind, name, number, values, who, reason="x"))
    assert not audit(desk)


def attempted(desk, command):
    try:
        desk.execute(command)
    except GuanjiaError as error:
        assert error.text.zh
        assert error.text.en
