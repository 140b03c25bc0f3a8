"""From `--name value` as typed to the values of a command, and asking for what is missing where somebody sits at a terminal.

Values stay text: the engine converts each by the type of its field and says what will not do. Here is only decided which
field is meant and whether it has a value at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ..errors import NotFound, Refused, Text
from ..model import kinds
from .failure import Usage
from .out import Ink, Out

if TYPE_CHECKING:
    from ..model.procedure import Field
    from .desk import Desk

FIELD = "field:"
"""`--field:at=…` is the field `at` where `--at` is an option of the command itself."""

Label = Callable[[str], str]
People = Mapping[str, Sequence[str]]


def gather(
    desk: Desk, given: Iterable[tuple[str, str | None]], fields: Mapping[str, Field], label: Label = str
) -> dict[str, Any]:
    """Values by field name. Usage when a name is unknown, stands twice, or has no value. An empty value is none at all. `label` says
    what people call a field: whoever types that, or a part of it, is told the name. People may be typed by their names."""
    values: dict[str, Any] = {}
    for option, value in given:
        name = _name(option, fields)
        field = fields.get(name)
        if field is None:
            raise _unknown(option, fields, label)
        kept: Any = value
        if value is None:
            if field.type != "boolean":
                raise Usage(Text(f"{option} 后面要有值。", f"{option} needs a value."), _what(field))
            kept = True
        elif field.type == "staff":
            kept = desk.member(value)
        if name in values:
            if field.type != "list":
                raise Usage(Text(f"{option} 写了两次。", f"{option} stands there twice."))
            before = values[name]
            values[name] = [*(before if isinstance(before, list) else [before]), kept]
        else:
            values[name] = None if kept == "" else kept
    return values


def _name(option: str, fields: Mapping[str, Field]) -> str:
    name = option.removeprefix("--").removeprefix(FIELD)
    return name if name in fields else name.replace("-", "_")


def _unknown(option: str, fields: Mapping[str, Field], label: Label) -> Usage:
    known, typed = [f"--{name}" for name in fields], option.lstrip("-")
    called = [name for name in fields if typed == label(name) or (not typed.isascii() and typed in label(name))]
    near = [f"--{name}" for name in called[:3] or get_close_matches(typed, fields, 3)]
    meant = Text(f"是不是：{'、'.join(near)}？\n", f"Did you mean {' or '.join(near)}?\n") if near else Text("", "")
    there = Text(f"可以写：{' '.join(known)}", f"There are: {' '.join(known)}")
    nothing = Text("这里没有可填的字段。", "There is nothing to fill in here.")
    shown = there if known else nothing
    return Usage(
        Text(f"没有“{option}”这一项。", f"There is no {option!r} here."), Text(meant.zh + shown.zh, meant.en + shown.en)
    )


def _what(field: Field) -> Text:
    kind = kinds.TYPES[field.type]
    if field.choices:
        return Text(f"可以是：{'、'.join(field.of)}", f"It is one of: {', '.join(field.of)}")
    return Text(f"类型：{kind.zh}", f"Type: {kind.en}")


def interactive(out: Out) -> bool:
    """Whether somebody sits there who can be asked."""
    return out.on_terminal and sys.stdin is not None and sys.stdin.isatty()


def ask(
    desk: Desk, names: Sequence[str], fields: Mapping[str, Field], label: Label, people: People | None = None
) -> dict[str, Any]:
    """Ask for each of these fields until there is an answer; one of a list may be answered by its number. `people`: whom to offer, by
    field, where that is not everybody."""
    return {
        name: _ask_one(desk, name, fields[name], label, (people or {}).get(name)) for name in names if name in fields
    }


def _ask_one(desk: Desk, name: str, field: Field, label: Label, people: Sequence[str] | None) -> str:
    out = desk.out
    kind = out.say(kinds.TYPES[field.type])
    out.line(
        Ink(label(name), "bold"),
        "" if label(name) == name else out.both(f"（{name}）", f" ({name})"),
        Ink(f"  {kind}", "dim"),
    )
    offered = _offered(desk, field, label, people)
    rows = [[f"{number:>3}", value, word if word != value else ""] for number, (value, word) in enumerate(offered, 1)]
    out.table(rows)
    while True:
        typed = out.ask("> ").strip()
        numbered = typed.isdecimal() and all(typed != value for value, _ in offered)
        if numbered and 1 <= int(typed) <= len(offered):
            return offered[int(typed) - 1][0]
        if not typed:
            out.line(Ink(Text("这一项必填。", "This is required."), "soon"))
            continue
        try:
            return desk.member(typed) if field.type == "staff" else typed
        except NotFound as several:
            out.problem(several.text, several.hint)


def _offered(desk: Desk, field: Field, label: Label, people: Sequence[str] | None) -> list[tuple[str, str]]:
    """What a value may be, each with what people call it: choices, or the staff who are here."""
    if field.type == "staff":
        staff: Mapping[str, Any] = desk.known.get("organisation", {}).get("staff", {})
        chosen = people or [who for who, person in staff.items() if person.get("active", True)]
        return [(who, str(staff[who]["name"])) for who in chosen]
    if field.type == "entry":
        return rows_of(desk, field)
    return [(value, label(value)) for value in field.of]


def rows_of(desk: Desk, field: Field) -> list[tuple[str, str]]:
    """The rows to which a field may point, each with what else it says first."""
    if field.of[0] not in desk.engine.registries():
        return []
    return desk.engine.registry(field.of[0]).told()


def retrying(
    desk: Desk, values: dict[str, Any], fields: Mapping[str, Field], label: Label, run: Callable[[dict[str, Any]], Any],
    people: People | None = None,
) -> Any:  # fmt: skip
    """Run; where the engine refuses a value and somebody sits there, say why, ask for that one again, and run again."""
    while True:
        try:
            return run(values)
        except Refused as refused:
            wrong = _wrong(refused, fields)
            if not wrong or not interactive(desk.out):
                raise
            desk.out.problem(refused.text, refused.hint)
            values = {**values, **ask(desk, wrong, fields, label, people)}


def _wrong(refused: Refused, fields: Mapping[str, Field]) -> list[str]:
    if refused.code != "field":
        return []
    named = refused.data.get("field")
    return [name for name in ([named] if named else refused.data.get("missing", ())) if name in fields]
