"""A program that embeds the engine and passes something of a wrong kind is told which argument, and nothing is done."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import pytest
from guanjia import Actor, Command, GuanjiaError, Misused, Query, Refused
from guanjia.clock import ManualClock, SystemClock
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
fields:
  {summary: {type: text, required: true}, phone: {type: phone, personal: true}, n: {type: integer}, cost: {type: money}, when: {type: instant},
   kind: {type: choice, of: [a, b]}, tags: {type: list}, sure: {type: boolean}}
sla: {answer: {start: open, stop: finish, target: {within: 30m, calendar: always}}}
initial: new
states:
  new: {transitions: {finish: {to: over, by: [agent, customer]}}}
  over: {final: true}
"""
NONSENSE = (5, -1, 2**70, 2**62, -(2**62), 1.5, True, None, "", "\x00", "\ud800", "x" * 70_000, b"x", [], [5], {}, {5: 5}, (), object(), print,
            Actor("nobody"), Actor(5, ["agent"]), Command("act", 5), Query(limit="many"))  # type: ignore[arg-type] # fmt: skip


class Wrong:
    """A clock of a program that made a mistake."""

    def __init__(self, tells: Any) -> None:
        self.tells = tells

    def now(self) -> Any:
        return self.tells


FIELDS: dict[type, Sequence[str]] = {
    Engine: ("n", "summary", "phone", "cost", "when", "kind", "tags", "sure"),
    Register: ("name", "phones", "mails", "rooms", "care", "hours", "language", "channel", "room"),
}
"""What may be said of a case or of a customer: each is given all the nonsense too."""
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
    parameters = inspect.signature(method).parameters.values()
    first = [it.name for it in parameters if it.kind == it.POSITIONAL_ONLY]
    for argument in [each for it in parameters for each in (FIELDS[face] if it.kind == it.VAR_KEYWORD else [it.name])]:
        for value in some(desk, NONSENSE):
            given = {
                it.name: right(desk, number, name).get(it.name, "x")
                for it in parameters
                if it.default is it.empty and it.kind not in (it.VAR_KEYWORD, it.VAR_POSITIONAL)
            }
            given[argument] = value
            try:
                method(*(given.pop(each) for each in first), **given)
            except Misused as error:
                wrong += 1
                assert f"{argument}=…" in error.text.en, error
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


@pytest.mark.parametrize("wrong", [SystemClock, 5, Wrong(1.5e15), Wrong(True), Wrong(None), Wrong(2**70)])
def test_a_clock_that_tells_no_instant_is_refused_as_the_engine_is_made(tmp_path, wrong):
    folder = small(tmp_path / "office", DESK)
    with pytest.raises(Misused, match="which is no instant"):
        Engine.at(folder, clock=wrong)
    with Engine.at(folder) as desk:
        assert desk.open("desk", actor="agent.wang", summary="x").case.number == "D-1"


def test_a_clock_that_goes_wrong_later_leaves_nothing_in_a_history(desk):
    clock = Wrong(desk.clock.now())
    desk.clock, events = clock, len(desk.events())
    for now in (clock.tells + 0.5, float(clock.tells), None):
        clock.tells = now
        with pytest.raises(Misused, match="which is no instant"):
            desk.note("D-1", "x", actor="agent.wang")
        with pytest.raises(Misused, match="which is no instant"):
            desk.customers.verify("C-1", actor="supervisor.zhao")
    assert len(desk.events()) == events
    with pytest.raises(TypeError, match="whole microseconds"):
        ManualClock().advance(3600 * 1e6)
    with pytest.raises(TypeError, match="whole microseconds"):
        ManualClock(1.5)


def test_nobody_is_no_customer_for_everybody_without_an_id_would_be_the_same(desk):
    for nobody in (Actor("", (), "customer"), Actor(" ", (), "customer"), Actor("")):
        for attempt in (
            lambda who=nobody: desk.open("desk", actor=who, summary="x"),
            lambda who=nobody: desk.execute(Command("open", "desk", values={"summary": "x"}, actor=who)),
            lambda who=nobody: desk.list(Query(), actor=who),
            lambda who=nobody: desk.customers.get("C-1", actor=who),
        ):
            with pytest.raises(Refused, match=r"It is not said who it is|is named by id"):
                attempt()
    assert desk.store.count(Query(open=None)) == 1


def test_an_empty_key_is_refused_and_not_taken_for_none(desk):
    who = desk.actor("agent.wang")
    for key in ("", "  "):
        for attempt in (
            lambda key=key: desk.open("desk", actor=who, summary="x", key=key),
            lambda key=key: desk.act("D-1", "finish", actor=who, key=key),
            lambda key=key: desk.take_in(
                [Command("open", "desk", values={"summary": "x"}, actor=who, at=desk.clock.now())],
                by="supervisor.zhao", reason="x", key=key,
            ),
        ):  # fmt: skip
            with pytest.raises(Refused, match="key of the command is empty") as refused:
                attempt()
            assert refused.value.code == "key"
    assert desk.store.count(Query(open=None)) == 1


def test_one_command_that_nothing_can_write_spoils_none_beside_it(desk):
    who = desk.actor("agent.wang")
    good, bad = (Command("open", "desk", values={"summary": text}, actor=who) for text in ("好", "\ud83d"))
    first, second, third = desk.execute_many([good, bad, good])
    assert [first.case.number, third.case.number] == ["D-2", "D-3"]
    assert isinstance(second, Refused)
    assert second.code == "field"


@pytest.mark.parametrize("name", ["", " ", "..", "a\x00b", "a\r\nX: y", "../../x", "a\\b", "x" * 256])
def test_a_file_is_kept_under_the_name_of_a_file(desk, name):
    with pytest.raises(Refused, match="a file's name without a folder"):
        desk.attach("D-1", name, b"x", actor="agent.wang")
    assert desk.attach("D-1", "漏水 照片.jpg", b"x", actor="agent.wang").events[0].type == "attached"


@pytest.mark.parametrize("where", [{"limit": -1}, {"offset": -3}])
def test_there_are_no_fewer_than_none(desk, where):
    with pytest.raises(Misused, match="will not do"):
        desk.list(Query(**where))
    with pytest.raises(Misused):
        desk.events(limit=-1)


def test_a_field_may_be_called_as_the_first_arguments_are(tmp_path):
    text = DESK.replace("{summary:", "{name: {type: text}, summary:").replace(
        "new: {transitions:", "new: {signals: {told: {to: over, input: {name: {type: text}}}}, transitions:"
    )
    made = engine(small(tmp_path, text))
    number = made.open("desk", actor="agent.wang", summary="x", name="张三").case.number
    assert made.signal(number, "told", name="李四").case.states == ("over",)
