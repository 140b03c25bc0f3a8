"""The filters of notification templates: how instants, money, names and phones are written in each language.

None makes much out of little: a list is joined up to a length, a number is rounded to few places, and nothing else than a text
or a list of texts has a text. What they read and write is counted (`costs.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

from ..clock import SECOND, moment
from ..errors import Text
from .costs import MOST_TEXT, Costly, counted

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _nothing(value: Any) -> bool:
    return value is None or isinstance(value, Undefined)


def _chinese(context: Context) -> bool:
    return str(context.get("language", "en")).startswith("zh")


@pass_context
def label(context: Context, value: Any) -> Any:
    """What people call a code: `{{ severity | label }}`. A list is labelled item by item."""
    if _nothing(value):
        return ""
    words: Mapping[str, str] = context.get("labels") or {}
    if isinstance(value, list | tuple):
        named = (words.get(item, item) if isinstance(item, str) else item for item in value)
        return joined("、" if _chinese(context) else ", ", named)
    return words.get(value, value) if isinstance(value, str) else value


@pass_context
def at(context: Context, value: Any) -> str:
    """An instant as 2026年11月24日 09:05, or 24 Nov 2026 09:05."""
    if _nothing(value):
        return ""
    when = moment(int(value), context.get("zone") or "UTC")
    return f"{_day(when, _chinese(context))} {when:%H:%M}"


@pass_context
def by(context: Context, value: Any) -> str:
    """A deadline as `at` writes it, but the end of a day as 24:00 of that day, as people call it."""
    if _nothing(value):
        return ""
    zone = context.get("zone") or "UTC"
    if moment(int(value), zone).strftime("%H%M%S") != "000000":
        return at(context, value)
    return f"{_day(moment(int(value) - SECOND, zone), _chinese(context))} 24:00"


@pass_context
def day(context: Context, value: Any) -> str:
    """A date, or the day of an instant."""
    if _nothing(value):
        return ""
    if isinstance(value, str):
        from datetime import date

        return _day(date.fromisoformat(value[:10]), _chinese(context))
    return _day(moment(int(value), context.get("zone") or "UTC"), _chinese(context))


def _day(when: Any, chinese: bool) -> str:
    return (
        f"{when.year}年{when.month}月{when.day}日" if chinese else f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
    )


@pass_context
def money(context: Context, value: Any) -> str:
    """An amount of yuan: ¥1,234.50 元, or ¥1,234.50."""
    if _nothing(value):
        return ""
    try:
        amount = Decimal(written(value))
    except InvalidOperation:
        return written(value)
    if not abs(amount) < LARGEST:
        return written(value)
    shown = f"¥{amount:,.2f}"
    return f"{shown} 元" if _chinese(context) else shown


def masked(value: Any) -> str:
    """138****1234 for a number, 张** for a name."""
    if _nothing(value):
        return ""
    text = written(value)
    if sum(sign.isdigit() for sign in text) >= 7:
        return text[:3] + "****" + text[-4:]
    return text[:1] + "**" if text else ""


_DOUBLE = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "夏侯")


def surname(value: Any) -> str:
    """张 of 张小明, 欧阳 of 欧阳娜娜, Smith of Ann Smith."""
    if _nothing(value) or not (text := written(value).strip()):
        return ""
    if text.isascii():
        return text.split()[-1]
    return text[:2] if text[:2] in _DOUBLE else text[:1]


def default(value: Any, other: Any = "", _boolean: bool = False) -> Any:
    """`other` where the value is absent, none or empty."""
    return other if _nothing(value) or value == "" else value


def written(value: Any) -> str:
    """A value as text; a list item by item. Costly where there is no end of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return joined(", ", value)
    if isinstance(value, Mapping):
        raise Costly(Text("一组值不能直接写出来", "a group of values has no text of its own"))
    return str(value)


def joined(between: str, items: Iterable[Any]) -> str:
    parts, size = [], 0
    for item in items:
        parts.append(written(item))
        size += len(parts[-1]) + len(between)
        if size > MOST_TEXT:
            raise Costly(Text("列表连起来太长", "the list is too long to be joined"))
    return between.join(parts)


def rounded(value: Any, places: int = 0) -> Any:
    if not isinstance(places, int) or not 0 <= places <= 10:
        raise Costly(Text("round 的位数为 0 到 10", "round takes 0 to 10 places"))
    return round(value if isinstance(value, int | float) else Decimal(written(value)), places)


AROUND = frozenset({"labels", "language", "zone"})
"""What filters look up of a template's data without being given it."""

LARGEST = Decimal(10) ** 15
"""No amount of money is so large."""

_FILTERS: Mapping[str, Callable[..., Any]] = {
    "at": at, "by": by, "day": day, "default": default, "label": label, "masked": masked, "money": money, "surname": surname,
    "round": rounded, "length": len, "join": lambda items, between="": joined(written(between), items),
    "first": lambda items: next(iter(items), ""), "last": lambda items: items[-1] if items else "",
    "lower": lambda value: written(value).lower(), "upper": lambda value: written(value).upper(),
    "trim": lambda value, signs=None: written(value).strip(signs),
}  # fmt: skip
FILTERS = {name: counted(filter) for name, filter in _FILTERS.items()}
