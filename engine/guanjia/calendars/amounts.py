"""Amounts of time as administrators write them: `30m`, `2h30m` on a calendar; `10 days`; `5 workdays`.

A bare `5d` is refused, because nobody can know whether calendar days or working days are meant; so are months, bare numbers
and `1:30`. ISO 8601 times (`PT2H30M`) are taken as well.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ..clock import HOUR, MINUTE, SECOND
from ..errors import GuanjiaError, Text

Unit = Literal["time", "days", "workdays"]


class Amount(NamedTuple):
    """`value` is microseconds for time, a number of days otherwise."""

    unit: Unit
    value: int


class AmountError(GuanjiaError):
    """A text that is no amount of time; `text` says why, `hint` what to write."""


_TIME = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?")
_ISO = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?")
_DAYS = re.compile(r"(\d{1,5}) ?(days?|workdays?)")
_HINT = Text(
    "可写：30m、2h30m、10 days（自然日）、5 workdays（工作日）",
    "Write 30m, 2h30m, 10 days (calendar days) or 5 workdays",
)


def parse_amount(text: str) -> Amount:
    """The amount that `text` names, more than nothing. AmountError says what is wrong and what to write."""
    given = text.strip()
    if found := _DAYS.fullmatch(given):
        unit: Unit = "workdays" if found[2].startswith("workday") else "days"
        return _positive(Amount(unit, int(found[1])), given)
    if given and (found := _TIME.fullmatch(given) or _ISO.fullmatch(given)) and any(found.groups()):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return _positive(Amount("time", hours * HOUR + minutes * MINUTE + seconds * SECOND), given)
    raise AmountError(*_wrong(given))


def _positive(amount: Amount, given: str) -> Amount:
    if amount.value == 0:
        raise AmountError(Text(f"“{given}”等于没有时间", f"{given!r} is no time at all"), _HINT)
    return amount


def _wrong(given: str) -> tuple[Text, Text]:
    if re.fullmatch(r"\d+ ?d(ay)?", given):
        number = re.sub(r"\D", "", given)
        return (
            Text(f"“{given}”说不清是自然日还是工作日", f"{given!r} could mean calendar days or working days"),
            Text(
                f"写成 {number} days（自然日）或 {number} workdays（工作日）",
                f"write {number} days or {number} workdays",
            ),
        )
    if re.fullmatch(r"\d+([.:]\d+)?", given):
        return Text(f"“{given}”没有单位", f"{given!r} has no unit"), _HINT
    if re.fullmatch(r"\d+ ?(mo|months?|M|y|years?)|P\d+M.*", given):
        return Text(f"“{given}”：月和年长短不一，不能作时限", f"{given!r}: months and years differ in length"), _HINT
    return Text(f"“{given}”不是一段时间", f"{given!r} is no amount of time"), _HINT


def format_amount(amount: Amount, language: str) -> str:
    """In words: `2 小时 30 分钟`, `5 个工作日`; `2 h 30 min`, `5 working days`."""
    chinese = language.lower().startswith("zh")
    if amount.unit != "time":
        if chinese:
            return f"{amount.value} 个工作日" if amount.unit == "workdays" else f"{amount.value} 天"
        name = "working day" if amount.unit == "workdays" else "day"
        return f"{amount.value} {name}" + ("s" if amount.value != 1 else "")
    left, parts = amount.value, []
    for size, zh, en in ((HOUR, "小时", "h"), (MINUTE, "分钟", "min"), (SECOND, "秒", "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {zh if chinese else en}")
    return " ".join(parts) or ("0 分钟" if chinese else "0 min")
