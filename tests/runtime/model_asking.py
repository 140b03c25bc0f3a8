"""A command of the model (model.py) as the engine takes it, and whether both answer it in the same way."""

from __future__ import annotations

from typing import Any

from guanjia import Actor, Command, Conflict, GuanjiaError, Refused
from guanjia.model.event import SYSTEM as ENGINE_SYSTEM
from guanjia.runtime.door import LETTERS

from tests.runtime.model_case import SYSTEM, Ask, Event, No, Who
from tests.runtime.model_time import local

ALONE = ("attach", "split", "code", "answer")
"""What is no command of its own kind, or is known by more than that: not in bulk, and not looked at ahead."""
UNREASONED = ("note", "attach", "signal", "code", "answer")
"""What is done without saying why."""


def code_of(number: int) -> str:
    """The text of a one-time code, where it is drawn from this number."""
    return "-".join(("".join(LETTERS[(number >> shift) % 32] for shift in (0, 5, 10, 15)),) * 3)


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


def who_is(name: str) -> Who:
    """`customer` is whoever acts by a code on the case of nobody in the register."""
    return SYSTEM if name == "system" else Who(name, "customer" if name.startswith(("c-", "customer")) else "staff")


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
    if ask.kind == "code":
        return desk.code(case, actor=actor)
    if ask.kind == "answer":
        code = code_of(values.pop("code")) if values["code"] >= 0 else values.pop("code") and "XXXX-XXXX-XXXX"
        return desk.answer(code, ask.name, values)
    if ask.kind in ("hold", "forget"):
        return desk.execute(to_command(ask))
    if ask.kind == "merge":
        return desk.merge(case, values["other"], actor=actor, key=ask.key, reason=ask.reason or "")
    if ask.kind == "link":
        return desk.link(case, values["other"], actor=actor, relation=ask.name, way=values["way"], **common)
    if ask.kind == "split":
        return desk.split(case, None, {"summary": "part", **values}, actor=actor, **common)
    if ask.kind == "undo":
        return desk.undo(case, actor=actor, **common)
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
        code = "version" if isinstance(error, Conflict) else error.code if isinstance(error, Refused) else "?"
        assert code in no.codes, f"the engine says {code} ({error.text.en}), the model {no.codes}: {ask}"
        return code
    assert error is None, (
        f"the engine refuses ({getattr(error, 'code', error)}: {error.text.en}), the model does not: {ask}"
    )
    assert result.repeated == done.repeated, ask
    agree(str(ask), told(plain(result.events)), told(done.events))
    assert result.case.number == done.number
    return None
