"""A way in words: when, who, what, and where the case stood then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...clock import Instant, spoken
from ...core import Program
from ...core.surroundings import called, entitled, shown
from ...errors import Text
from .replaying import Done


class Step(NamedTuple):
    """One step of an example: the instant, what was done, and the innermost states afterwards."""

    at: Instant
    text: Text
    states: tuple[str, ...]


def steps(program: Program, done: Sequence[Done]) -> Iterator[Step]:
    for each in done:
        if each.events:
            yield Step(each.at, _said(program, each), each.after.states)


def _said(program: Program, done: Done) -> Text:
    event, command = done.events[0], done.command
    who = _who(program, event.actor, command.actor.roles)
    given = {**command.values}
    with_ = _values(program, given, command)
    if command.kind == "open":
        text = Text(f"{who.zh}登记{with_.zh}", f"{who.en} opens the case{with_.en}")
    elif command.kind in ("act", "signal"):
        what = called(program, command.name)
        verb = "" if command.kind == "act" else "信号"
        text = Text(f"{who.zh}：{verb}{_named(what.zh, command.name)}{with_.zh}", f"{who.en}: {'signal ' if verb else ''}{_named(what.en, command.name)}{with_.en}")  # fmt: skip
    elif command.kind == "edit":
        text = Text(f"有人修改{with_.zh}", f"somebody edits{with_.en}")
    elif command.kind == "assign":
        text = Text(f"有人指定责任人：{command.name}", f"somebody makes {command.name} responsible")
    elif command.kind == "ack":
        text = Text("有人确认了升级", "somebody acknowledges the escalation")
    else:
        text = _due(program, event.type, event.name)
    where = "、".join(called(program, name).zh for name in done.after.states)
    there = ", ".join(called(program, name).en for name in done.after.states)
    return Text(f"{text.zh} → {where}", f"{text.en} → {there}")


def _due(program: Program, kind: str, name: str) -> Text:
    first, _, last = name.partition(".")
    if kind == "elapsed":
        what = called(program, last)
        return Text(f"到时：{_named(what.zh, last)}", f"time is up: {_named(what.en, last)}")
    what = called(program, first)
    if kind == "reached":
        return Text(f"时限“{what.zh}”到 {last}", f"the clock “{what.en}” reaches {last}")
    return Text(f"升级：{what.zh}", f"escalation: {what.en}")


def _who(program: Program, actor: str, roles: tuple[str, ...]) -> Text:
    if actor in ("system", "customer"):
        return entitled({}, actor)
    return entitled({}, roles[0]) if roles else Text(actor, actor)


def _named(label: str, name: str) -> str:
    return label if label == name else f"{label}（{name}）" if not label.isascii() else f"{label} ({name})"


def _values(program: Program, given: dict[str, Any], command: Any) -> Text:
    if not given:
        return Text("", "")
    zone = program.calendar(None).zone
    asked = program.inputs.get((command.kind, command.name), {})
    said = []
    for name, value in given.items():
        field = asked.get(name) or program.fields.get(name)
        timed = field is not None and field.type == "instant" and isinstance(value, int)
        label = called(program, name)
        word = shown(program, (name,), spoken(value, zone) if timed else value)
        said.append(Text(f"{label.zh} = {word.zh}", f"{label.en} = {word.en}"))
    return Text(f"（{'，'.join(s.zh for s in said)}）", f" ({', '.join(s.en for s in said)})")
