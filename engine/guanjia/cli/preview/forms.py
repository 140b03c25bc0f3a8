"""Fields as inputs of a form, and what came from a form as the values of a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...errors import GuanjiaError, Text, plural
from ...model import kinds
from ...model.procedure import Field
from .. import words

Plain = dict[str, Any]
Label = Callable[[str], str]

LONG = 120
"""A text of more characters than these has room for several lines."""


def people(staff: Mapping[str, Any]) -> list[list[str]]:
    """The staff who are here, as choices."""
    return [[who, str(person["name"])] for who, person in staff.items() if person.get("active", True)]


def inputs(
    names: Iterable[str], fields: Mapping[str, Field], needed: Sequence[str], *, label: Label, language: str, staff: list[list[str]],
    now: Callable[[str], str | None] = lambda name: None, rows: Callable[[Field], list[list[str]]] = lambda field: [],
) -> list[Plain]:  # fmt: skip
    """One input for each of these fields; `needed` must be given, `now` is what the case holds."""
    return [
        _input(name, fields[name], name in needed, label, language, staff, now(name), rows)
        for name in names
        if name in fields
    ]


def _input(
    name: str,
    field: Field,
    needed: bool,
    label: Label,
    language: str,
    staff: list[list[str]],
    now: str | None,
    rows: Callable[[Field], list[list[str]]],
) -> Plain:
    choices = (
        staff
        if field.type == "staff"
        else rows(field)
        if field.type == "entry"
        else [[value, label(value)] for value in field.of]
    )
    if field.type == "boolean":
        choices = [[word, words.truth(word == "true").get(language)] for word in ("true", "false")]
    return {
        "name": name, "label": label(name), "type": field.type, "needed": needed, "choices": choices,
        "many": field.type == "list" and bool(field.of), "long": field.type == "text" and _most(field) > LONG,
        "hint": _hint(field, label, language, now),
    }  # fmt: skip


def _most(field: Field) -> int:
    return field.max if isinstance(field.max, int) else LONG


def _hint(field: Field, label: Label, language: str, now: str | None) -> str:
    """What a value looks like, its bounds, and what stands there now."""
    said: list[Text] = []
    if field.type in ("duration", "decimal", "integer", "money", "list", "customer") and not field.of:
        said.append(kinds.TYPES[field.type])
    low, high = field.min, field.max
    if field.type in ("integer", "decimal", "money", "date", "duration"):
        if low is not None and high is not None:
            said.append(Text(f"{low} 到 {high}", f"{low} to {high}"))
        elif low is not None or high is not None:
            said.append(
                Text(f"最小 {low}", f"at least {low}") if low is not None else Text(f"最大 {high}", f"at most {high}")
            )
    elif high is not None and field.type in ("text", "room"):
        said.append(Text(f"最多 {high} 字", f"at most {plural(int(high), 'character')}"))
    if field.personal:
        said.append(Text("个人信息", "personal"))
    if now is not None:
        said.append(Text(f"现为 {now}", f"now {now}"))
    elif field.default is not None:
        default = field.default
        shown = words.truth(default).get(language) if isinstance(default, bool) else label(str(default))
        said.append(Text(f"默认 {shown}", f"default {shown}"))
    return ("，" if language == "zh" else ", ").join(text.get(language) for text in said)


def values(given: Mapping[str, Any], fields: Mapping[str, Field]) -> Plain:
    """What was filled in, as a story says it; what is empty is not given."""
    found: Plain = {}
    for name, value in given.items():
        field = fields.get(name)
        if value in ("", [], None):
            continue
        found[name] = _value(value, field.type if field is not None else "text")
    return found


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    text = str(value).strip()
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if (
        kind == "integer"
        and text.lstrip("-").isdecimal()
        and text.isascii()
        and len(text) < 16
        and str(int(text)) == text
    ):
        return int(text)
    return text.replace("T", " ") if kind == "instant" else text


def wrong(error: GuanjiaError, language: str) -> dict[str, str]:
    """The fields that an error is about, each with what is wrong with it."""
    named = error.data.get("field")
    names = [named] if named else error.data.get("missing") or []
    missing = Text("必填", "required")
    return {str(name): (error.text if named else missing).get(language) for name in names}
