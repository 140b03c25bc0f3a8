"""Old cases as another system gives them: a line of JSON for each, with all that happened to it.

    {"open": "repair", "at": "2026-03-02 09:00", "by": "reception.chen", "with": {"room": "3-1-502", "summary": "厨房漏水"},
     "steps": [{"do": "dispatch", "at": "2026-03-02 09:20", "by": "coordinator.qian", "with": {"to": "engineer.li"}}]}

A line becomes the commands that `Engine.take_in` takes. Its key, or the line itself where it has none, names it: however often a
file is read, every case comes in once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ..clock import Instant, from_iso
from ..errors import GuanjiaError, Refused, Text
from ..model.event import SYSTEM, Actor, Command
from ..runtime.engine import Engine

KINDS = ("do", "signal", "edit", "assign", "note")
_OPENING = ("open", "at", "by", "with", "customer", "mode", "key", "steps")
MOST_NAMED = 100


@dataclass
class Taken:
    """What became of the lines: how many came in, were in already, were refused; the first refused ones by number, and why."""

    taken: int = 0
    repeated: int = 0
    refused: int = 0
    reasons: list[tuple[int, Text, Text | None]] = field(default_factory=list)


def take_in(
    engine: Engine, lines: Iterable[str], by: Actor, reason: str, so_far: Taken, progress: Callable[[int], None] | None = None
) -> None:  # fmt: skip
    """Take in a case for each line that is not empty. A line that does not fit holds up no other."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            commands, key = read(engine, line)
            repeated = engine.take_in(commands, by=by, reason=reason, key=key).repeated
            so_far.taken += not repeated
            so_far.repeated += repeated
        except GuanjiaError as error:
            if isinstance(error, Refused) and error.code in ("role", "reason") and "step" not in error.data:
                raise  # nobody may, whatever the line says
            so_far.refused += 1
            if len(so_far.reasons) < MOST_NAMED:
                so_far.reasons.append((number, error.text, error.hint))
        if progress is not None:
            progress(number)


def read(engine: Engine, line: str) -> tuple[list[Command], str]:
    """The commands of a line, and its key. Refused (code `line`) with what is wrong."""
    try:
        plain = json.loads(line)
    except json.JSONDecodeError as error:
        raise _wrong(
            f"不是 JSON：第 {error.colno} 个字符处写错了", f"it is no JSON: {error.msg} at character {error.colno}"
        ) from None
    except ValueError:
        raise _wrong("不是 JSON：有一个数太长", "it is no JSON: a number is too long") from None
    if not isinstance(plain, dict):
        raise _wrong("一行应是一个 {…}", "a line is one {…}")
    _known(plain, _OPENING)
    steps = plain.get("steps", [])
    if not isinstance(plain.get("open"), str) or not isinstance(steps, list):
        raise _wrong(
            "要有 open（流程名），steps 是一个列表", "it needs `open`, the name of a procedure; `steps` is a list"
        )
    values, customer, mode = plain.get("with", {}), plain.get("customer"), plain.get("mode")
    opening = Command(
        "open", plain["open"], values=_values(values), actor=_who(engine, plain.get("by"), customer), customer=customer,
        mode=mode, at=_at(engine, plain.get("at")),
    )  # fmt: skip
    key = plain.get("key")
    named = f"taken in:{key}" if key is not None else f"taken in:{hashlib.sha256(line.strip().encode()).hexdigest()}"
    return [opening, *(_step(engine, step, customer) for step in steps)], named


def _step(engine: Engine, plain: Any, customer: str | None) -> Command:
    found = [kind for kind in KINDS if isinstance(plain, dict) and kind in plain]
    if len(found) != 1:
        raise _wrong(f"每一步是 {'、'.join(KINDS)} 之一", f"a step is one of {', '.join(KINDS)}")
    (kind,) = found
    _known(plain, (kind, "at", "by", "reason", *(("with",) if kind in ("do", "signal") else ())))
    what, at, actor = plain[kind], _at(engine, plain.get("at")), _who(engine, plain.get("by"), customer)
    common: dict[str, Any] = {"actor": actor, "at": at, "reason": plain.get("reason")}
    if kind == "edit":
        return Command("edit", "", values=_values(what), **common)
    if kind == "note":
        return Command("note", "", values={"text": str(what)}, **common)
    if kind == "assign":
        return Command("assign", engine.organisation.actor(str(what), left=True).id, **common)
    return Command("act" if kind == "do" else "signal", str(what), values=_values(plain.get("with", {})), **common)


def _who(engine: Engine, who: Any, customer: str | None) -> Actor:
    """Whoever did it then; somebody who has left since did it all the same."""
    if who == "customer":
        return Actor(customer or "customer", (), "customer")
    if who == SYSTEM.id:
        return SYSTEM
    if not isinstance(who, str):
        raise _wrong("要写 by：是谁办的", "`by` is missing: who did it")
    return engine.organisation.actor(who, left=True)


def _at(engine: Engine, text: Any) -> Instant:
    try:
        return from_iso(text, engine.zone)
    except (ValueError, TypeError, AttributeError):
        raise _wrong(
            f"时间“{text}”看不懂，写成 2026-03-02 09:00", f"the time {text!r} is not understood; write 2026-03-02 09:00"
        ) from None


def _values(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _wrong("with、edit 是 {字段: 值}", "`with` and `edit` are {field: value}")
    return given


def _known(plain: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in plain:
        if key not in keys:
            close = get_close_matches(key, keys, 1)
            raise Refused(
                "line", Text(f"不认识“{key}”", f"unknown key {key!r}"),
                Text(f"是不是 {close[0]}？", f"did you mean {close[0]}?") if close
                else Text(f"可用：{'、'.join(keys)}", f"there are: {', '.join(keys)}"),
            )  # fmt: skip


def _wrong(zh: str, en: str) -> Refused:
    return Refused("line", Text(zh, en))
