"""From an iCalendar feed of holidays to a calendar file: what each entry says, what was chosen of it, and the YAML.

A feed mixes days off, make-up workdays and days that only have a name. What is marked (班 and 休 in Chinese feeds, and as
Apple marks them) is taken by its mark; of anything else nobody but a person can know whether the office is closed, so it is
taken only by name or category. An entry is as many local days as it covers: an end is exclusive, and a day is the day of
the entry's own zone, whatever the zone of the calendar. Needs the extra `ics`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ..errors import GuanjiaError, Text

MOST_BYTES = 5_000_000
MOST_DAYS = 366

Mark = Literal["holiday", "workday", ""]

_OFF = re.compile(r"放假|假期|休假|休息日|[（(\[【\s]休\s*[）)\]】]?\s*$|^[（(\[【]休[）)\]】]")
_ON = re.compile(r"补班|上班|[（(\[【\s]班\s*[）)\]】]?\s*$|^[（(\[【]班[）)\]】]")
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
_APPLE = {"WORK-HOLIDAY": "holiday", "ALTERNATE-WORKDAY": "workday"}


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


@dataclass(slots=True)
class Choice:
    """What becomes a holiday or a workday; `undecided` is taken for neither."""

    holidays: list[Entry] = field(default_factory=list)
    workdays: list[Entry] = field(default_factory=list)
    undecided: list[Entry] = field(default_factory=list)


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
    dated = [day.year for event in events if event.get("RRULE") is None for day in [_day(event, zone)] if day]
    entries: list[Entry] = []
    left_out: list[tuple[str, Text]] = []
    for event in events:
        summary = _text(event.get("SUMMARY")) or "?"
        try:
            days = _days(event, zone)
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                raise _LeftOut(Text("已取消", "cancelled"))
            entries.append(_entry(event, summary, days, years, dated, this_year, moved))
        except _LeftOut as why:
            left_out.append((summary, why.text))
    title, maker = _text(calendar.get("X-WR-CALNAME")).replace("\\n", " "), _text(calendar.get("PRODID"))
    return Feed(title, maker, tuple(item for item in entries if item.days or item.yearly), tuple(left_out))


def choose(feed: Feed, holidays: Sequence[str], workdays: Sequence[str], ignored: Sequence[str]) -> Choice:
    """Each entry by the patterns that fit it, else by its mark. FeedError for a pattern that fits none, and for a day that
    would be both."""
    for pattern in (*holidays, *workdays, *ignored):
        if not any(entry.fits(pattern) for entry in feed.entries):
            names = list(dict.fromkeys(entry.name for entry in feed.entries))[:20]
            raise FeedError(
                Text(f"文件里没有叫“{pattern}”的日子或类别。", f"Nothing in the feed is called {pattern!r}, name or category."),
                Text(f"有：{'、'.join(names) or '—'}", f"There are: {', '.join(names) or 'none'}"),
            )  # fmt: skip
    choice = Choice()
    for entry in feed.entries:
        if any(map(entry.fits, ignored)):
            continue
        by_name: Mark = (
            "workday" if any(map(entry.fits, workdays)) else "holiday" if any(map(entry.fits, holidays)) else ""
        )
        mark = by_name or entry.mark
        {"holiday": choice.holidays, "workday": choice.workdays, "": choice.undecided}[mark].append(entry)
    worked = {day: entry for entry in choice.workdays for day in entry.days}
    for entry in choice.holidays:
        for day in entry.days:
            if day in worked:
                raise FeedError(
                    Text(f"{day} 既是假日“{entry.summary}”，又是工作日“{worked[day].summary}”。",
                         f"{day} is the holiday {entry.summary!r} and the workday {worked[day].summary!r}."),
                    Text("用 --ignore 去掉其中一个", "take one of them away with --ignore"),
                )  # fmt: skip
    return choice


def published(choice: Choice) -> list[int]:
    """The years that the feed seems to cover: those with more than a first week, which may belong to the year before."""
    days = {day for entry in (*choice.holidays, *choice.workdays) for day in entry.days}
    return sorted({day.year for day in days if (day.month, day.day) > (1, 7)})


def to_yaml(choice: Choice, zone: str, years: Iterable[int], sources: Iterable[str]) -> str:
    """The calendar file, with where it is from."""
    lines = [f"# {_plain(source)}" for source in sources]
    lines.append(f"zone: {zone}")
    if years := list(years):
        lines.append(f"published: [{', '.join(map(str, years))}]")
    if choice.holidays:
        lines.append("holidays:")
        lines += [f"  {key}: {_scalar(name)}" for key, name in holiday_lines(choice)]
    if choice.workdays:
        lines.append("workdays:")
        named = workday_lines(choice)
        lines += [f"  - {day}  # {_plain(name)}" for day, name in named]
    return "\n".join(lines) + "\n"


def holiday_lines(choice: Choice) -> list[tuple[str, str]]:
    """Days off as the file has them: neighbours of one name as a range, the names of one day together."""
    names: dict[str, list[str]] = {}
    for entry in choice.holidays:
        for key in (*(day.isoformat() for day in entry.days), *([entry.yearly] if entry.yearly else [])):
            known = names.setdefault(key, [])
            if entry.name not in known:
                known.append(entry.name)
    joined = [(key, "、".join(names[key])) for key in sorted(names)]
    found: list[list[str]] = []
    for key, name in joined:
        last = found[-1] if found else None
        if last and len(key) == 10 and last[2] == name and _follows(last[1], key):
            last[1] = key
        else:
            found.append([key, key, name])
    return [(first if first == last else f"{first}..{last}", name) for first, last, name in found]


def workday_lines(choice: Choice) -> list[tuple[str, str]]:
    named: dict[str, str] = {}
    for entry in choice.workdays:
        named |= {day.isoformat(): entry.name for day in entry.days}
        if entry.yearly:
            named[entry.yearly] = entry.name
    return sorted(named.items())


class _LeftOut(Exception):
    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def _entry(
    event: Any, summary: str, days: list[date], years: Sequence[int], dated: Sequence[int], this_year: int,
    moved: set[tuple[str, date | None]],
) -> Entry:  # fmt: skip
    off, on = bool(_OFF.search(summary)), bool(_ON.search(summary))
    mark: Any = _APPLE.get(_text(event.get("X-APPLE-SPECIAL-DAY")).upper(), "")
    if not mark and off != on:
        mark = "holiday" if off else "workday"
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


def _days(event: Any, zone: str) -> list[date]:
    """The whole days of an entry, its first repetition if it repeats."""
    begin, end = _bounds(event)
    if begin is None:
        raise _LeftOut(Text("没有可读的日期", "it has no date that can be read"))
    if isinstance(begin, datetime) or isinstance(end, datetime):
        begin, end = _midnights(begin, end, zone)
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


def _midnights(begin: Any, end: Any, zone: str) -> tuple[date, date]:
    """The days from midnight to midnight on the wall of the entry's own zone, else of the calendar's."""
    if isinstance(begin, datetime) and isinstance(end, datetime):
        here = ZoneInfo(zone)
        elsewhere = [(at.astimezone(here) if at.tzinfo else at) for at in (begin, end)]
        for since, until in ((begin, end), elsewhere):
            if since.time() == until.time() == time() and since < until:
                return since.date(), until.date()
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
        return _days(event, zone)[0]
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


def _follows(before: str, after: str) -> bool:
    return len(before) == 10 and date.fromisoformat(before) + timedelta(days=1) == date.fromisoformat(after)


def _plain(text: str) -> str:
    """A text that stays in a comment of one line."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def _scalar(name: str) -> str:
    """A name as YAML reads it back as a text."""
    if re.fullmatch(r"[A-Za-z一-鿿][\w一-鿿 、·（）'.-]*", name) and name.lower() not in (
        "null",
        "true",
        "false",
        "nan",
    ):
        return name
    return json.dumps(name, ensure_ascii=False)
