"""What an iCalendar feed of holidays says: of each entry its days, its name, and whether it is marked as off or on.

An entry is as many local days as it covers: an end is exclusive, and a day is the day of the entry's own zone, whatever the
zone of the calendar. Days off and made-up workdays are marked in Chinese feeds (休 and 班) and by Apple; what is not marked
has only a name. Needs the extra `ics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ..errors import GuanjiaError, Text

MOST_BYTES = 5_000_000
MOST_DAYS = 366

Mark = Literal["holiday", "workday", ""]

_MARKS: tuple[tuple[re.Pattern[str], Mark], ...] = (
    (re.compile(r"[（(\[【]\s*休\s*[）)\]】]|\s休$|不上班"), "holiday"),
    (re.compile(r"[（(\[【]\s*班\s*[）)\]】]|\s班$|补班|上班"), "workday"),
    (re.compile(r"放假|假期|休假|休息日"), "holiday"),
)
"""The first that is found: what is made up for a holiday has its name too, as in 上班(补春节假期)."""
_COUNTER = re.compile(r"\s*第\s*\d+\s*天\s*/\s*共\s*\d+\s*天")
_DRESS = re.compile(
    r"\s*[（(\[【]\s*(休|班|休假|放假|补班|上班|调休上班)\s*[）)\]】]\s*|\s+(休|班)\s*$|\s*(假期|放假|休假|补班|调休上班)\s*$"
)
_RULE = {
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYMONTH",
    "BYMONTHDAY",
    "BYDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYSETPOS",
    "WKST",
}
_APPLE: dict[str, Mark] = {"WORK-HOLIDAY": "holiday", "ALTERNATE-WORKDAY": "workday"}


class FeedError(GuanjiaError):
    """A file that is no feed, or a choice that cannot be made of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of some days. `summary` is as written, `name` without marks; `days` are dates, `yearly` days of
    every year (`10-01`, `12-24..12-26`)."""

    name: str
    summary: str
    category: str
    mark: Mark
    days: tuple[date, ...] = ()
    yearly: str = ""

    def fits(self, pattern: str) -> bool:
        """Whether the pattern (`*` for anything) is the name, the text as written, or the category."""
        words = (self.name, self.summary, self.category)
        return any(fnmatchcase(word.casefold(), pattern.casefold()) for word in words if word)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was read. `left_out` are entries that are no whole days, with why."""

    title: str
    maker: str
    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, Text], ...]


def read_feed(content: bytes, zone: str, years: Sequence[int], this_year: int) -> Feed:
    """The feed; with `years` named, only their days, and yearly ones as days of these. FeedError when it is none."""
    try:
        from icalendar import Calendar
    except ImportError as error:
        raise FeedError(
            Text(f"没有安装读取 iCalendar 的组件（{error}）。", f"What reads iCalendar is not installed ({error})."),
            Text("请运行：pip install 'guanjia[ics]'", "Run: pip install 'guanjia[ics]'"),
        ) from None
    if len(content) > MOST_BYTES:
        raise FeedError(Text("文件超过 5 MB，不像是假日日历。", "The file is over 5 MB, which is no feed of holidays."))
    try:
        calendar: Any = Calendar.from_ical(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise FeedError(
            Text("这不是 iCalendar 文件（.ics）。", "This is no iCalendar file (.ics)."),
            Text("文件应以 BEGIN:VCALENDAR 开头，UTF-8 编码。", "It begins with BEGIN:VCALENDAR and is UTF-8."),
        ) from None
    events = calendar.walk("VEVENT")
    moved = {(str(event.get("UID")), _first(event)) for event in events if event.get("RECURRENCE-ID") is not None}
    dated = [day.year for event in events if event.get("RRULE") is None and (day := _day(event, zone))]
    entries: list[Entry] = []
    left_out: list[tuple[str, Text]] = []
    for event in events:
        summary = _text(event.get("SUMMARY")) or "?"
        try:
            mark = _mark(event, summary)
            days = _days(event, zone, mark)
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                raise _LeftOut(Text("已取消", "cancelled"))
            entries.append(_entry(event, summary, mark, days, years, dated, this_year, moved))
        except _LeftOut as why:
            left_out.append((summary, why.text))
    title, maker = _text(calendar.get("X-WR-CALNAME")).replace("\\n", " "), _text(calendar.get("PRODID"))
    return Feed(title, maker, tuple(item for item in entries if item.days or item.yearly), tuple(left_out))


class _LeftOut(Exception):
    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def _entry(
    event: Any, summary: str, mark: Mark, days: list[date], years: Sequence[int], dated: Sequence[int], this_year: int,
    moved: set[tuple[str, date | None]],
) -> Entry:  # fmt: skip
    name = _DRESS.sub("", _COUNTER.sub("", summary)).strip() if mark else ""
    about = (name or summary, summary, _category(event), mark)
    rule = event.get("RRULE")
    if rule is None:
        return Entry(*about, days=tuple(day for day in days if not years or day.year in years))
    if rule.get("FREQ") != ["YEARLY"] or not _RULE.issuperset(key.upper() for key in rule):
        raise _LeftOut(Text("不是每年重复的日子", "it repeats, but not as a day of the year"))
    without = {_as_day(each.dt) for item in _listed(event.get("EXDATE")) for each in item.dts}
    without |= {day for uid, day in moved if uid == str(event.get("UID")) and day is not None}
    if _plainly(rule, days[0]) and not without and not years:
        first, last = (f"{day:%m-%d}" for day in (days[0], days[-1]))
        return Entry(*about, yearly=first if first == last else f"{first}..{last}")
    wanted = sorted(years) or [*dated, this_year, this_year + 1]
    begins = [day for day in _repeated(rule, days[0], min(wanted), max(wanted)) if day not in without]
    spread = {begin + (day - days[0]) for begin in begins for day in days}
    return Entry(*about, days=tuple(sorted(day for day in spread if not years or day.year in years)))


def _mark(event: Any, summary: str) -> Mark:
    plain = _COUNTER.sub("", summary).strip()
    by_name: Mark = next((mark for pattern, mark in _MARKS if pattern.search(plain)), "")
    return _APPLE.get(_text(event.get("X-APPLE-SPECIAL-DAY")).upper(), by_name)


def _days(event: Any, zone: str, mark: Mark) -> list[date]:
    """The whole days of an entry, its first repetition if it repeats. A workday may be given by its hours."""
    begin, end = _bounds(event)
    if begin is None:
        raise _LeftOut(Text("没有可读的日期", "it has no date that can be read"))
    if isinstance(begin, datetime) or isinstance(end, datetime):
        begin, end = _midnights(begin, end, zone, hours=mark == "workday")
    count = max(1, (end - begin).days)
    if count > MOST_DAYS:
        raise _LeftOut(Text("长过一年", "it is longer than a year"))
    return [begin + timedelta(days=n) for n in range(count)]


def _bounds(event: Any) -> tuple[Any, Any]:
    """Beginning and exclusive end as written; (None, None) where they cannot be read."""
    try:
        begin = _one(event.get("DTSTART")).dt
        if event.get("DTEND") is not None:
            return begin, _one(event.get("DTEND")).dt
        if event.get("DURATION") is not None:
            return begin, begin + _one(event.get("DURATION")).dt
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None, None
    # RFC 5545: a date alone is a day, a time alone takes no time.
    return begin, begin if isinstance(begin, datetime) else begin + timedelta(days=1)


def _midnights(begin: Any, end: Any, zone: str, *, hours: bool) -> tuple[date, date]:
    """The days from midnight to midnight on the wall of the entry's own zone, else of the calendar's; with `hours` also the
    day that holds them there."""
    if isinstance(begin, datetime) and isinstance(end, datetime):
        here = ZoneInfo(zone)
        elsewhere = [(at.astimezone(here) if at.tzinfo else at) for at in (begin, end)]
        for since, until in ((begin, end), elsewhere):
            if since.time() == until.time() == time() and since < until:
                return since.date(), until.date()
        since, until = elsewhere
        if hours and since < until and since.date() == until.date():
            return since.date(), since.date() + timedelta(days=1)
    raise _LeftOut(Text("不是整天", "it is not of whole days"))


def _plainly(rule: Any, day: date) -> bool:
    """Whether the rule says no more than: on this day of every year."""
    said = {key.upper(): value for key, value in rule.items()}
    said.pop("FREQ", None)
    usual = {"INTERVAL": [1], "BYMONTH": [day.month], "BYMONTHDAY": [day.day], "WKST": said.get("WKST")}
    return all(key in usual and [*value] == [*(usual[key] or [])] for key, value in said.items())


def _repeated(rule: Any, first: date, since: int, until: int) -> Iterator[date]:
    from dateutil import rrule

    read: Any = rrule.rrulestr

    written = re.sub(r"UNTIL=(\d{8})[^;]*", r"UNTIL=\1T235959", rule.to_ical().decode())
    try:
        if min(rule.get("INTERVAL", [1])) < 1:
            raise ValueError
        found = read(written, dtstart=datetime.combine(first, time()))
        for at in found.between(datetime(since - 1, 12, 1), datetime(until, 12, 31), inc=True):  # noqa: DTZ001
            yield at.date()
    except (ValueError, TypeError, OverflowError):
        raise _LeftOut(Text("重复规则无法读懂", "how it repeats cannot be read")) from None


def _first(event: Any) -> date | None:
    try:
        return _as_day(_one(event.get("RECURRENCE-ID")).dt)
    except AttributeError:
        return None


def _day(event: Any, zone: str) -> date | None:
    try:
        return _days(event, zone, "workday")[0]
    except _LeftOut:
        return None


def _as_day(at: Any) -> date:
    return at.date() if isinstance(at, datetime) else at


def _category(event: Any) -> str:
    """The category, or the first line of the description, where feeds say such things as “Public holiday”."""
    said = [str(word) for item in _listed(event.get("CATEGORIES")) for word in getattr(item, "cats", [item])]
    lines = _text(event.get("DESCRIPTION")).splitlines()
    return ", ".join(said) or (lines[0].strip() if lines else "")


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return "" if value is None else str(_one(value)).strip()
