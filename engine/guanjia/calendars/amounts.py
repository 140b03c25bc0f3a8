"""Amounts of time as administrators write them: `30m`, `2h30m` on a calendar; `10 days`; `5 workdays`.

A bare `5d` is refused, because nobody can know whether calendar days or working days are meant; so are months, bare numbers
and `1:30`. ISO 8601 times (`PT2H30M`) are taken as well. What can be guessed ("30 分钟", "1.5 hours") is refused with the
right way to write it: one way to write a thing keeps files readable.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Literal, NamedTuple

from ..clock import HOUR, MINUTE, SECOND
from ..errors import GuanjiaError, Text, plural

Unit = Literal["time", "days", "workdays"]


class Amount(NamedTuple):
    """`value` is microseconds for time, a number of days otherwise."""

    unit: Unit
    value: int


class AmountError(GuanjiaError):
    """A text that is no amount of time; `text` says why, `hint` what to write."""


_TIME = re.compile(r"(?=.)(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,9})s)?")
_ISO = re.compile(r"PT(?=.)(?:([0-9]{1,6})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})S)?")
_DAYS = re.compile(r"([0-9]{1,5}) ?(days?|workdays?)")
_HINT = Text(
    "可写：30m、2h30m、10 days（自然日）、5 workdays（工作日）",
    "write 30m, 2h30m, 10 days (calendar days) or 5 workdays",
)
_WORDS = (
    (r"个?工作日|(working|business|work) ?days?|wd$", "workdays"),
    (r"个?(自然|日历)[日天]|calendar ?days?", "days"),
    (r"个?半小时", "h30m"),
    (r"个?(小时|钟头)|hours?|hrs?", "h"),
    (r"分钟?|minutes?|mins?", "m"),
    (r"秒钟?|seconds?|secs?", "s"),
)


def parse_amount(text: str) -> Amount:
    """The amount that `text` names, more than nothing. AmountError says what is wrong and what to write."""
    given = text.strip()
    amount = _read(given)
    if amount is None:
        raise AmountError(*_wrong(given))
    if amount.value == 0:
        raise AmountError(Text(f"“{given}”等于没有时间", f"{given!r} is no time at all"), _HINT)
    return amount


def format_amount(amount: Amount, language: str) -> str:
    """In words: `2 小时 30 分钟`, `5 个工作日`; `2 h 30 min`, `5 working days`. Parts of a second are left out."""
    chinese = language.lower().startswith("zh")
    if amount.unit != "time":
        if chinese:
            return f"{amount.value} 个工作日" if amount.unit == "workdays" else f"{amount.value} 天"
        return plural(amount.value, "working day" if amount.unit == "workdays" else "day")
    left, parts = amount.value, []
    for size, zh, en in ((HOUR, "小时", "h"), (MINUTE, "分钟", "min"), (SECOND, "秒", "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {zh if chinese else en}")
    return " ".join(parts) or ("0 分钟" if chinese else "0 min")


def _read(given: str) -> Amount | None:
    if found := _DAYS.fullmatch(given):
        return Amount("workdays" if found[2].startswith("workday") else "days", int(found[1]))
    if found := _TIME.fullmatch(given) or _ISO.fullmatch(given):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return Amount("time", hours * HOUR + minutes * MINUTE + seconds * SECOND)
    return None


def _wrong(given: str) -> tuple[Text, Text]:
    """Why the text is none, and what to write."""
    if found := re.fullmatch(r"P?([0-9]{1,5}) ?(d|D|天|日)", given):
        n = found[1]
        return (
            Text(f"“{given}”说不清是自然日还是工作日", f"{given!r} could mean calendar days or working days"),
            Text(f"写成 {n} days（自然日）或 {n} workdays（工作日）", f"write {n} days or {n} workdays"),
        )
    if found := re.fullmatch(r"P?([0-9]{1,4}) ?(w|W|weeks?|周|个?星期|个?礼拜)", given):
        n = int(found[1])
        return (
            Text(f"“{given}”说不清是自然日还是工作日", f"{given!r} could mean calendar days or working days"),
            Text(
                f"写成 {7 * n} days（自然日）或 {5 * n} workdays（工作日）", f"write {7 * n} days or {5 * n} workdays"
            ),
        )
    if found := re.fullmatch(r"([0-9]{1,4}):([0-9]{1,2})", given):
        a, b = int(found[1]), int(found[2])
        return (
            Text(f"“{given}”没有单位：是时和分，还是分和秒", f"{given!r} has no unit: hours or minutes first"),
            Text(f"写成 {a}h{b}m 或 {a}m{b}s", f"write {a}h{b}m or {a}m{b}s"),
        )
    if re.fullmatch(r"[0-9.]+", given):
        return Text(f"“{given}”没有单位", f"{given!r} has no unit"), _HINT
    if re.fullmatch(r"P?[0-9]+ ?(mo|months?|M|Y|y|years?|个?月|年)", given):
        return Text(f"“{given}”：月和年长短不一，不能作时限", f"{given!r}: months and years differ in length"), _HINT
    meant = _meant(given)
    hint = Text(f"是不是 {meant}？", f"did you mean {meant}?") if meant else _HINT
    return Text(f"“{given}”不是一段时间", f"{given!r} is no amount of time"), hint


def _meant(given: str) -> str | None:
    """How to write what was written in other words, if that can be told."""
    plain = re.sub(r"\s|and", "", unicodedata.normalize("NFKC", given).lower())
    for words, unit in _WORDS:
        plain = re.sub(words, unit, plain)
    plain = re.sub(r"^pt(?=[0-9])", "", plain)
    if found := re.fullmatch(r"([0-9]{1,4}\.[0-9]{1,3})([hm])", plain):
        seconds = Fraction(found[1]) * (3600 if found[2] == "h" else 60)
        hours, minutes = divmod(int(seconds), 3600)
        minutes, rest = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
        plain = "".join(f"{n}{unit}" for n, unit in parts if n) if seconds.denominator == 1 else ""
    plain = re.sub(r"([0-9])(days?|workdays?)$", r"\1 \2", plain)
    amount = _read(plain)
    return plain if amount and amount.value else None
