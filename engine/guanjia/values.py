"""Field values: from what somebody typed to what a case holds, or a sentence that says what is wrong with it.

A case holds JSON scalars: text, whole numbers, booleans; decimals and money as text ("1234.50"), dates as YYYY-MM-DD,
instants in microseconds, durations as written ("2h30m"), lists of these. A personal value is taken out here: the case gets
a reference, the value goes to a place of its own where it can be destroyed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .calendars import AmountError, parse_amount
from .clock import HOUR, MINUTE, SECOND, from_iso, has_a_date, iso
from .errors import NotFound, Refused, Text, plural
from .model.event import commit, personal_reference
from .model.identifiers import mask, masked, narrow
from .model.procedure import LONGEST_MATCHED, Field

FREE = ("text", "room")
"""The types in which people write what they like."""

_NARROW = frozenset({"phone", "email", "room", "date"})
"""The types of which １３８ is the same as 138."""

LONGEST_TEXT = 20_000
"""Characters of one text value. A remark of a megabyte is an attachment."""

_PLAIN = (str, int, float, Decimal, date)
"""What a value may come as; a boolean is a number, a datetime a date."""

LARGEST = 10**15
"""Numbers of a case are smaller, with either sign: what is reckoned of them, again and again, stays a number of some digits."""

MOST_ITEMS = 1_000
"""Of one list."""

_PHONE = re.compile(r"\+?[\d][\d \-()]{4,20}")
_EMAIL = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]+\.[^\s@<>,;\"]{2,}")
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_TRUE = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}


class _Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def spelled(label: Text, name: str) -> Text:
    """What people call it, and the name that they type where that is another."""
    return Text(
        f"{label.zh}（{name}）" if label.zh != name else name, f"{label.en} ({name})" if label.en != name else name
    )


def coerce(
    name: str, field: Field, value: Any, *, label: Text | None = None, called: Callable[[str], Text] | None = None,
    zone: str = "UTC",
) -> Any:  # fmt: skip
    """`value` as a case holds it; a blank text is none. Refused (code `field`) says which field, what came, and what would do, by
    the `label` of the field, or by what people call it and its choices."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if field.type == "list":
            return _list(field, value, zone)
        held = _scalar(field, value, zone)
        _bounds(field, held, zone)
        return held
    except _Wrong as wrong:
        why, typed = wrong.text, str(value).strip()
        # Who sees the refusal need not be who typed the value.
        if typed and (shown := mask(typed) if field.personal else masked(typed)):
            why = _repeated(why, typed, shown)
        if called is not None:
            raise unfit(name, called(name), why, _choices(field, called)) from None
        raise unfit(name, label or Text(name, name), why) from None


def _repeated(why: Text, typed: str, shown: str) -> Text:
    """The words with what was typed as it may be seen: where they quote it, and not in the example that follows."""
    zh, en = why.zh.replace(f"“{typed}”", f"“{shown}”"), why.en.replace(repr(typed), repr(shown))
    zh = zh if zh != why.zh else zh.replace(typed, shown)
    return Text(zh, en if en != why.en else en.replace(repr(typed)[1:-1], shown))


def unfit(name: str, label: Text, why: Text, hint: Text | None = None) -> Refused:
    """The refusal of a value that will not do."""
    shown = spelled(label, name)
    text = Text(f"{shown.zh}不对：{why.zh}", f"{shown.en} will not do: {why.en}")
    return Refused("field", text, hint, field=name)


def admit(
    fields: Mapping[str, Field],
    given: Mapping[str, Any],
    salt: str,
    *,
    called: Callable[[str], Text],
    zone: str,
    what: Text,
    names: Callable[[], Mapping[str, str]] = dict,
) -> tuple[dict[str, Any], list[tuple[str, str, Any]]]:
    """Check what came with a command against the fields it may bring; `called` is what people call a name.

    Returns (values as a case holds them, personal values as (commitment, salt, value)). `names`: what is not to be repeated in
    a text, asked for where there is one. NotFound names an unknown field and lists those there are.
    """
    held: dict[str, Any] = {}
    personal: list[tuple[str, str, Any]] = []
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            known = "、".join(fields) or "—"
            raise NotFound(
                Text(f"{what.zh}没有“{name}”这一项。", f"{what.en} has no field {name!r}."),
                Text(f"可填：{known}", f"There are: {', '.join(fields) or 'none'}"),
                field=name,
                known=list(fields),
            )
        kept = coerce(name, field, value, called=called, zone=zone)
        free = (
            kept is not None and not field.personal and (field.type in FREE or (field.type == "list" and not field.of))
        )
        shown = masked(kept if isinstance(kept, str) else "、".join(kept), names()) if free else None
        if kept is not None and (field.personal or shown is not None):
            kept, item = seal_off(f"{salt}:{name}", kept, shown, sensitive=field.sensitive)
            personal.append(item)
        held[name] = kept
    return held, personal


def _choices(field: Field, called: Callable[[str], Text]) -> Text | None:
    """What may be typed for a choice, each with what people call it; None where it is called as it is typed."""
    words = [spelled(called(code), code) for code in field.of]
    if all(word.zh == word.en == code for word, code in zip(words, field.of, strict=True)):
        return None
    return Text(f"可填：{'、'.join(word.zh for word in words)}", f"There are: {', '.join(word.en for word in words)}")


def seal_off(
    salt: str, value: Any, shown: str | None = None, *, sensitive: bool = False
) -> tuple[dict[str, Any], tuple[str, str, Any]]:
    """The reference that stands for a personal value, and what is kept apart: (commitment, salt, value)."""
    commitment = commit(salt, value)
    return personal_reference(commitment, shown, sensitive=sensitive), (commitment, salt, value)


def _list(field: Field, value: Any, zone: str) -> list[Any]:
    if isinstance(value, str):
        value = [part.strip() for part in re.split(r"[,，、]", value) if part.strip()]
    if not isinstance(value, list | tuple):
        raise _Wrong("要一个列表，例如 a,b,c", "a list is wanted, e.g. a,b,c")
    item = Field(type="choice", of=field.of) if field.of else Field(type="text")
    if len(value) > MOST_ITEMS:
        raise _Wrong(f"{len(value)} 项，最多 {MOST_ITEMS}", f"{len(value)} items, at most {MOST_ITEMS} are allowed")
    held = [_scalar(item, part, zone) for part in value]
    _between(field, len(held), f"{len(held)} 项", plural(len(held), "item"))
    return held


def _scalar(field: Field, value: Any, zone: str) -> Any:  # one line a type: a table would only hide it
    kind = field.type
    if not isinstance(value, _PLAIN):
        what = type(value).__name__
        raise _Wrong(f"{what} 不能作为值，请给文字、数或日期", f"a {what} is no value; give text, a number or a date")
    if isinstance(value, str) and (found := _UNSAFE.search(value.strip())):  # before anything repeats it
        if found[0] >= "\ud800":
            raise _Wrong(
                "含有半个字符，多半是表情符号被截断了",
                "it contains half a character, as of an emoji that was cut in two",
            )
        raise _Wrong("含有控制字符", "it contains control characters")
    if kind == "boolean":
        known = value if isinstance(value, bool) else _TRUE.get(str(value).strip().lower())
        if known is None:
            raise _Wrong(
                f"“{value}”不是“是”或“否”（也可写 true、false）", f"{value!r} is neither yes nor no (nor true or false)"
            )
        return known
    if kind == "integer":
        try:
            number = int(str(value)) if not isinstance(value, bool | float) else _not_whole(value)
        except ValueError:
            number = _not_whole(value)
        if not -LARGEST < number < LARGEST:
            raise _Wrong(f"“{value}”太大了", f"{value!r} is too large")
        return number
    if kind in ("decimal", "money"):
        return _decimal(value, kind)
    if kind == "instant":
        return _instant(value, zone)
    text = str(value).strip() if not isinstance(value, date) else value.isoformat()
    if kind in _NARROW:
        text = narrow(text).strip()
    if len(text) > LONGEST_TEXT:
        raise _Wrong(
            f"太长（{len(text)} 字，最多 {LONGEST_TEXT}）", f"too long ({len(text)} of {LONGEST_TEXT} characters)"
        )
    if kind == "choice" and text not in field.of:
        raise _Wrong(f"“{text}”不在可选项中：{'、'.join(field.of)}", f"{text!r} is none of {', '.join(field.of)}")
    if kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _Wrong(f"“{text}”不是日期，写成 2026-11-24", f"{text!r} is no date; write 2026-11-24") from None
    if kind == "duration":
        try:
            parse_amount(text)
        except AmountError as error:
            raise _Wrong(error.text.zh, error.text.en) from None
    if kind == "phone" and not _PHONE.fullmatch(text):
        raise _Wrong(
            f"“{text}”不像电话号码，例如 13800001234", f"{text!r} does not look like a phone number, e.g. 13800001234"
        )
    if kind == "email" and not _EMAIL.fullmatch(text):
        raise _Wrong(
            f"“{text}”不像邮箱地址，例如 li@example.com", f"{text!r} does not look like an address, e.g. li@example.com"
        )
    return text


def _not_whole(value: Any) -> int:
    raise _Wrong(f"“{value}”不是整数", f"{value!r} is not a whole number")


def _decimal(value: Any, kind: str) -> str:
    text = str(value).strip().lstrip("¥￥").strip()
    if "," in text and not _THOUSANDS.fullmatch(text):
        raise _Wrong(
            f"“{value}”不是数；小数点写作“.”，例如 1.5", f"{value!r} is not a number; write a decimal point, as in 1.5"
        )
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or isinstance(value, bool) or abs(number) >= LARGEST:
        raise _Wrong(f"“{value}”不是数", f"{value!r} is not a number")
    if kind == "money":
        if number != round(number, 2):
            raise _Wrong(f"“{value}”的小数超过两位", f"{value!r} has more than two decimal places")
        number = round(number, 2)
    return format(number, "f")


def _instant(value: Any, zone: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        at = value
    else:
        try:
            at = from_iso(str(value).strip(), zone)
        except (ValueError, OverflowError):
            raise _Wrong(
                f"“{value}”不是时间，写成 2026-11-24 09:05", f"{value!r} is no time; write 2026-11-24 09:05"
            ) from None
    if not has_a_date(at):
        raise _Wrong(f"“{value}”超出年历的范围", f"{value!r} is beyond every calendar")
    return at


def _bounds(field: Field, held: Any, zone: str) -> None:
    if field.type in ("text", "room", "phone", "email"):
        _between(field, len(held), f"{len(held)} 字", plural(len(held), "character"))
        if field.pattern and len(held) > LONGEST_MATCHED:
            raise _Wrong(
                f"太长（{len(held)} 字，有格式要求的最多 {LONGEST_MATCHED}）",
                f"too long ({len(held)} characters, at most {LONGEST_MATCHED} where a pattern is to match)",
            )
        if field.pattern and not re.fullmatch(field.pattern, held):
            raise _Wrong(f"“{held}”不合格式 {field.pattern}", f"{held!r} does not match {field.pattern}")
    elif field.type == "integer":
        _between(field, held, str(held), str(held))
    elif field.type in ("decimal", "money"):
        _between(field, Decimal(held), held, held)
    elif field.type == "date":
        _between(field, held, held, held, of=str)
    elif field.type == "instant":
        _between(field, held, iso(held, zone), iso(held, zone), of=lambda bound: _instant(bound, zone))
    elif field.type == "duration":
        _between(field, as_span(held), held, held, of=as_span)


def _between(field: Field, value: Any, zh: str, en: str, of: Any = None) -> None:
    def bound(raw: Any) -> Any:
        return of(raw) if of else Decimal(str(raw))

    if field.min is not None and value < bound(field.min):
        raise _Wrong(f"{zh}，至少要 {field.min}", f"{en}, at least {field.min} is wanted")
    if field.max is not None and value > bound(field.max):
        raise _Wrong(f"{zh}，最多 {field.max}", f"{en}, at most {field.max} is allowed")


def as_span(duration: Any) -> int:
    """A duration as elapsed microseconds, for comparing: a day of any kind is 24 hours here."""
    amount = parse_amount(str(duration))
    return amount.value if amount.unit == "time" else amount.value * 24 * HOUR


CONVERTED = frozenset({"decimal", "money", "duration"})
"""The types of which an expression sees something else than the case holds."""


def as_known(field: Field, held: Any) -> Any:
    """What an expression sees of a held value: decimals as numbers, durations as microseconds."""
    if held is None:
        return None
    if field.type in ("decimal", "money"):
        return Decimal(held)
    if field.type == "duration":
        return as_span(held)
    return held


def as_held(field: Field, value: Any) -> Any:
    """What a case holds of an expression's result for this field; none where it is more than a field can hold."""
    if value is None or isinstance(value, bool):
        return value
    if field.type in ("decimal", "money"):
        try:
            return _decimal(round(value, 2) if field.type == "money" else value, field.type)
        except (_Wrong, ArithmeticError):
            return None
    if isinstance(value, int | Decimal) and field.type == "integer" and not -LARGEST < value < LARGEST:
        return None
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return None
    if field.type == "duration" and isinstance(value, int | Decimal):
        span = int(value) // SECOND * SECOND
        size, unit = next(
            (size, unit) for size, unit in ((HOUR, "h"), (MINUTE, "m"), (SECOND, "s")) if span % size == 0
        )
        text = f"{span // size}{unit}"
        try:
            parse_amount(text)
        except AmountError:  # no time at all, or more than a duration holds
            return None
        return text
    if isinstance(value, Decimal):
        return int(value) if field.type == "integer" else str(value)
    return value
