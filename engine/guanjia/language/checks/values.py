"""Values: fields with bounds and defaults that fit, guards and expressions with types, durations that can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ...clock import from_iso
from ...errors import Finding, Text
from ...model.effects import CHOICES
from ...model.procedure import ENTRY, Branch, Field, Reopen
from ...model.scope import kind_of
from ...model.survey import Deed, Path, Step
from ..nodes import Node
from ..patterns import wrong_pattern
from .view import Saying, View, likely

_TEXTS = ("text", "phone", "email", "room", "customer", "staff", "attachment")
_NUMBER = re.compile(r"\{(?:procedure|site|year|month|day|seq(?::0[1-9]\d?)?)\}")


def check_field(root: Node, path: Path, field: Field) -> list[Finding]:
    """What is wrong with a field that stands by itself: a column of a registry."""
    saying = Saying(root)
    _field(saying, path, field)
    return saying.findings


def check_values(view: View) -> None:
    for name, field in view.procedure.fields.items():
        _field(view, ("fields", name), field)
    for step in view.steps:
        _step(view, step)
    for place in view.places:
        for name, delay in place.state.after.items():
            here = (*place.path, "after", name)
            if delay.delay is not None:
                view.amount((*here, "delay"), delay.delay)
            if delay.every is not None:
                view.positive(here, "every", delay.every)
            view.counting(here, delay.counting, delay.delay or delay.every, delay.calendar or view.procedure.calendar)
            if delay.at is not None:
                view.expression((*here, "at"), delay.at, "instant")
    for deed in view.deeds:
        _effect(view, deed)
    _number(view)


def _step(view: View, step: Step) -> None:
    branch: Branch = step.branch
    for name, field in branch.input.items():
        _field(view, (*step.path, "input", name), field)
        if field.type == ENTRY:
            view.say(
                (*step.path, "input", name, "type"), "entry-input",
                Text("台账的条目只能是工单的字段", "an entry is a field of the case"),
                Text("写在 fields 里，这一步用 require 要它", "write it under `fields`, and let this step require it"),
            )  # fmt: skip
    for index, guard in enumerate(branch.guard):
        view.expression((*step.path, "guard", index, "that"), guard.that, "boolean", branch.input)
    if isinstance(branch, Reopen) and branch.within is not None:
        view.positive(step.path, "within", branch.within)


def _effect(view: View, deed: Deed) -> None:
    effect, path = deed.effect, deed.path
    if effect.when is not None:
        view.expression((*path, "when"), effect.when, "boolean", deed.input)
    for name, to in (effect.notify or {}).items():
        for given, text in to.with_.items():
            view.expression((*path, "notify", name, "with", given), text, None, deed.input)
    for name, child in (effect.open or {}).items():
        if child.households is not None:
            _places(view, (*path, "open", name, "households"), child.households, deed.input)
        for given, text in child.with_.items():
            view.expression((*path, "open", name, "with", given), text, None, deed.input)
    if effect.assign is not None:
        for key in ("person", "speaks", "choose"):
            text = getattr(effect.assign, key)
            if text is not None and (key != "choose" or text not in CHOICES):
                _person(view, (*path, "assign", key), key, text, deed.input)
    for name, extend in (effect.extend or {}).items():
        view.positive((*path, "extend", name), "by", extend.by)
    for name, value in (effect.set or {}).items():
        field = view.procedure.fields.get(name)
        if field is not None:
            _set(view, (*path, "set", name), field, value, deed.input)


def _places(view: View, path: Path, text: str, inputs: Mapping[str, Field]) -> None:
    found = view.expression(path, text, None, inputs)
    if found is not None and found.kind not in ("text", "choice", "list", "any", "none"):
        view.say(path, "type", Text(f"这里要楼栋、单元或房号；这个表达式是 {found.kind}", f"a building, a unit or a room is wanted here; this is {found.kind}"))  # fmt: skip


def _person(view: View, path: Path, key: str, text: str, inputs: Mapping[str, Field]) -> None:
    """The id of somebody, or the language that he had better speak."""

    def choices() -> Text | None:
        return likely(text, CHOICES) if key == "choose" and text.isidentifier() else None

    found = view.expression(path, text, "text" if key != "speaks" else None, inputs, choices)
    if found is not None and found.kind not in ("text", "choice", "any"):
        view.say(path, "type", Text(f"这里要一种语言，如 zh；这个表达式是 {found.kind}", f"a language such as zh is wanted here; this is {found.kind}"))  # fmt: skip


def _set(view: View, path: Path, field: Field, value: Any, inputs: Mapping[str, Field]) -> None:
    """A text under `set` is an expression unless it is a value of the choice; numbers, truth values, null are themselves."""
    if value is None:
        return
    if not field.is_computed(value):
        _fit(view, path, field, value)
        return

    def quoted() -> Text | None:
        if value.isidentifier() and field.type == "choice":
            return Text(f"可选的值：{'、'.join(field.of)}", f"the values are {', '.join(field.of)}")
        if value.isidentifier() and field.type in _TEXTS:
            return Text(f"""文字要再加一层引号："'{value}'\"""", f"""put a text in quotes of its own: "'{value}'\"""")
        return None

    found = view.expression(path, value, None, inputs, quoted)
    if found is None:
        return
    wanted = kind_of(field)[0]
    same = {"text": ("text", "choice"), "choice": ("choice", "text"), "decimal": ("integer", "decimal")}
    if found.kind not in (*same.get(wanted, (wanted,)), "any", "none"):
        view.say(
            path, "type",
            Text(f"字段要的是 {wanted}，这个表达式是 {found.kind}", f"the field holds {wanted}, this expression is {found.kind}"),
        )  # fmt: skip
    literal = re.fullmatch(r"\s*(['\"])([^'\"\\]*)\1\s*", value)
    if literal and field.type not in ("text", "list"):
        _fit(view, path, field, literal.group(2))


def _field(view: Saying, path: Path, field: Field) -> None:
    if field.type == "choice" and not field.of:
        view.say(
            path, "choice-without-values",
            Text("choice 要用 of 列出可选的值", "a choice lists its values under `of`"), Text("of: [甲, 乙]", "of: [a, b]"), key=True,
        )  # fmt: skip
    elif field.type == ENTRY and len(field.of) != 1:
        view.say(
            path, "entry-of",
            Text("entry 要用 of 写明哪一本台账", "an entry names its registry under `of`"), Text("of: lifts", "of: lifts"), key=True,
        )  # fmt: skip
    elif field.of and field.type not in ("choice", "list", ENTRY):
        view.say(
            (*path, "of"), "of",
            Text(f"类型 {field.type} 没有 of", f"the type {field.type} has no `of`"),
            Text("of 只用于 choice、list 和 entry", "`of` is for choice, list and entry"), key=True,
        )  # fmt: skip
    for index, value in enumerate(field.of):
        if value in field.of[:index]:
            what = Text(f"“{value}”列了两次", f"{value!r} is listed twice")
            view.say((*path, "of", index), "duplicate-value", what)
    if field.default is not None:
        _fit(view, (*path, "default"), field, field.default)
    bounds = [_bound(view, (*path, key), field, getattr(field, key)) for key in ("min", "max")]
    if None not in bounds and bounds[0] > bounds[1]:
        view.say(
            (*path, "max"), "bounds",
            Text("max 比 min 小", "max is less than min"), Text("请对调", "exchange them"),
        )  # fmt: skip
    if field.pattern is not None:
        if wrong := wrong_pattern(field.pattern):
            view.say((*path, "pattern"), "pattern", *wrong[:2], offset=wrong[2])
        if field.type not in _TEXTS:
            what = Text(f"类型 {field.type} 不能用 pattern", f"the type {field.type} takes no pattern")
            view.say(
                (*path, "pattern"), "pattern", what, Text("pattern 只用于文字", "patterns are for texts"), key=True
            )


def _bound(view: Saying, path: Path, field: Field, value: Any) -> Any:
    """The bound as something that can be compared; None when there is none or it does not fit."""
    if value is None:
        return None
    if field.type in (*_TEXTS, "list"):
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        view.say(
            path, "type",
            Text(f"文字和列表的 min、max 是长度，要 0 或更大的整数，写的是 {_shown(value)}", f"bounds of a text or list are lengths: whole numbers from 0 on; this is {_shown(value)}"),
            Text("如 max: 200", "e.g. max: 200"),
        )  # fmt: skip
        return None
    if field.type in ("boolean", "choice"):
        what = Text(f"类型 {field.type} 没有大小", f"the type {field.type} has no bounds")
        view.say(path, "bounds", what, key=True)
        return None
    return value_of(view, path, field, value)


def _shown(value: Any) -> str:
    """A value as YAML has it: `true`, and not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fit(view: Saying, path: Path, field: Field, value: Any) -> None:
    value_of(view, path, field, value)


def value_of(view: Saying, path: Path, field: Field, value: Any) -> Any:
    """A constant as the field's type compares it, or None with the misfit said."""
    kind, found = field.type, value
    flag = isinstance(value, bool)
    wanted: Text | None = None
    if kind == "boolean":
        wanted = None if flag else Text("true 或 false", "true or false")
    elif kind == "integer":
        wanted = None if isinstance(value, int) and not flag else Text("整数", "a whole number")
    elif kind in ("decimal", "money"):
        wanted = None if isinstance(value, int | Decimal) and not flag else Text("数字", "a number")
    elif kind == "list":
        wanted = Text("列表，不能有默认值", "a list: it takes no single value")
    elif kind == "choice":
        wanted = None if value in field.of else Text(f"{'、'.join(field.of)} 之一", f"one of {', '.join(field.of)}")
    elif not isinstance(value, str):
        wanted = Text("文字（请加引号）", "a text (put it in quotes)")
    elif kind == "date":
        try:
            found = date.fromisoformat(value)
        except ValueError:
            wanted = Text("日期，如 2026-11-24", "a date such as 2026-11-24")
    elif kind == "instant":
        try:
            found = from_iso(value, "UTC")
        except (ValueError, OverflowError):
            wanted = Text("时间，如 2026-11-24 09:05", "a time such as 2026-11-24 09:05")
    elif kind == "duration":
        amount = view.amount(path, value)
        return None if amount is None else amount.value * (1 if amount.unit == "time" else 86_400_000_000)
    if wanted is None:
        return found
    view.say(
        path,
        "type",
        Text(f"这里要{wanted.zh}，写的是 {_shown(value)}", f"this must be {wanted.en}; it is {_shown(value)}"),
    )
    return None


def _number(view: View) -> None:
    number = view.procedure.number
    path = ("number",) if view.root.get("number") else ("procedure",)
    rest = _NUMBER.sub(lambda match: " " * len(match.group()), number)
    known = Text(
        "可用：{procedure} {site} {year} {month} {day} {seq} {seq:05}",
        "known: {procedure} {site} {year} {month} {day} {seq} {seq:05}",
    )
    brace = re.search(r"[{}]", rest)
    if brace:
        what = Text("编号里有不认识的部分", "the number holds a part that is not known")
        view.say(path, "number-pattern", what, known, offset=brace.start())
    elif "{seq" not in number:
        what = Text("编号里没有 {seq}，会重复", "without {seq} numbers would repeat")
        view.say(path, "number-pattern", what, Text("加上 {seq:05}", "add {seq:05}"))
