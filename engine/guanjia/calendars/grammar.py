"""What a calendar file may say: one reading gives what it says and everything that is wrong with it, each with its place.

docs/calendars.md is the grammar for people. A window is [start, end] in minutes from midnight, an end past 1440 lies in the next
day. A day is a date (`2026-10-01`), a day of every year (`10-01`), or a range of either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from ..errors import GuanjiaError, Text
from .counting import Counting, wrong_counting

Path: TypeAlias = tuple[str | int, ...]
Problem: TypeAlias = tuple[Path, Text, Text | None]
Windows: TypeAlias = list[list[int]]

FIRST_YEAR, LAST_YEAR = 1900, 2200
KEYS = (
    "zone",
    "always",
    "week",
    "workday_hours",
    "holidays",
    "workdays",
    "short_days",
    "published",
    "extends",
    "counting",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_WINDOW = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARLY = re.compile(r"[0-9]{2}-[0-9]{2}")
_WINDOW_HINT = Text("如 08:30-18:00、22:00-06:00、00:00-24:00", "e.g. 08:30-18:00, 22:00-06:00, 00:00-24:00")
_DATE_HINT = Text("如 2026-10-01、2026-10-01..2026-10-07、01-01", "e.g. 2026-10-01, 2026-10-01..2026-10-07, 01-01")
_WEEKDAY_HINT = Text("如 mon、mon-fri、“mon, wed”", "e.g. mon, mon-fri, or 'mon, wed'")
_DASHES = str.maketrans({"：": ":", "–": "-", "—": "-", "－": "-", "~": "-", "～": "-", "至": "-", "到": "-", "，": ",", "、": ","})  # fmt: skip


class CalendarError(GuanjiaError):
    """A calendar that cannot be used, or a time that it cannot reach."""


@dataclass(slots=True)
class Layer:
    """What one file says by itself. In `days` a day off has no windows, and None stands for the usual hours."""

    zone: str | None = None
    always: bool = False
    week: list[Windows] | None = None
    workday_hours: Windows | None = None
    days: dict[str, Windows | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    short: dict[str, Windows] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)
    extends: list[str] = field(default_factory=list)
    counting: str | Mapping[str, Any] | None = None


def check_calendar(data: Any) -> list[Problem]:
    """Everything that is wrong in the data of one calendar file, as (path into it, what is wrong, what to do)."""
    return read_layer(data)[1]


def read_layer(data: Any) -> tuple[Layer, list[Problem]]:
    """What the data of one file says, as far as it can be read, and everything that is wrong with it."""
    reading = _Reading()
    reading.read(data)
    return reading.layer, reading.problems


@cache
def yearly_dates() -> tuple[str, ...]:
    """01-01 … 12-31, with 02-29."""
    return tuple((date(2024, 1, 1) + timedelta(days=n)).strftime("%m-%d") for n in range(366))


class _Reading:
    def __init__(self) -> None:
        self.layer = Layer()
        self.problems: list[Problem] = []

    def read(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            self._wrong((), "日历应是一组“键: 值”", "a calendar is a mapping of keys", _there_are(KEYS))
            return
        for key in data:
            if key not in KEYS:
                self._wrong((key,), f"不认识“{key}”", f"unknown key {key!r}", _closest(key, KEYS) or _there_are(KEYS))
        for key in KEYS:
            if key in data:
                getattr(self, f"_{key}")(data[key])
        if self.layer.always:
            for key in data:
                if key in KEYS and key not in ("zone", "always", "counting"):
                    self._wrong(
                        (key,),
                        f"全天候的日历（always）不能有 {key}",
                        f"a calendar that is always open has no {key}",
                        Text("去掉其中一个", "take one of the two away"),
                    )

    def _wrong(self, path: Path, zh: str, en: str, hint: Text | None = None) -> None:
        self.problems.append((path, Text(zh, en), hint))

    # -- keys

    def _zone(self, given: Any) -> None:
        try:
            if not isinstance(given, str):
                raise ValueError
            ZoneInfo(given)
        except (ValueError, OSError, LookupError):
            close = _closest(given, available_timezones()) if isinstance(given, str) else None
            hint = close or Text("如 Asia/Shanghai", "e.g. Asia/Shanghai")
            shown = _shown(given)
            self._wrong(("zone",), f"{shown.zh}不是时区", f"{shown.en} is no time zone", hint)
        else:
            self.layer.zone = given

    def _always(self, given: Any) -> None:
        if given is True:
            self.layer.always = True
        else:
            hint = Text("不是全天候就去掉这一行", "take the line away when the calendar closes")
            self._wrong(("always",), "always 只能是 true", "always can only be true", hint)

    def _week(self, given: Any) -> None:
        hint = Text('写成 week: {mon-fri: ["09:00-18:00"]}', 'write week: {mon-fri: ["09:00-18:00"]}')
        if not isinstance(given, Mapping):
            self._wrong(("week",), "week 应写成“星期: 时段”", "week is a mapping of weekdays to windows", hint)
            return
        before = len(self.problems)
        week: list[Windows] = [[] for _ in WEEKDAYS]
        said: set[int] = set()
        for key, windows in given.items():
            path = ("week", key)
            days = _weekdays(key)
            if not days:
                close = _meant(str(key).lower(), _WEEKDAY_NAMES, _weekdays)
                self._wrong(path, f"“{key}”不是星期", f"{key!r} is no day of the week", close or _WEEKDAY_HINT)
            if twice := said.intersection(days):
                names = ", ".join(WEEKDAYS[day] for day in sorted(twice))
                self._wrong(path, f"{names} 已经写过", f"{names} stands here twice", None)
            said.update(days)
            read = self._windows(path, windows)
            for day in days:
                week[day] = read
        if len(self.problems) == before and not any(week):
            self._wrong(("week",), "一周里没有任何工作时间", "there is no working time in the whole week", hint)
        self.layer.week = week

    def _workday_hours(self, given: Any) -> None:
        self.layer.workday_hours = self._some_windows(("workday_hours",), given)

    def _holidays(self, given: Any) -> None:
        for path, name, days in self._days("holidays", given):
            if not isinstance(name, str | None):
                shown = _shown(name)
                self._wrong(path, f"节日名应为文字，不是{shown.zh}", f"the name of a holiday is a text, not {shown.en}")
                continue
            for day in days:
                self.layer.days[day] = []
                if name:
                    self.layer.names[day] = name

    def _workdays(self, given: Any) -> None:
        for path, windows, days in self._days("workdays", given):
            read = None if windows is None else self._some_windows(path, windows) or None
            for day in days:
                if self.layer.days.get(day) == []:
                    self._wrong(path, f"{day} 既是假日又是工作日", f"{day} is a holiday and a workday", _ONE_OF_THEM)
                    break
                self.layer.days[day] = read

    def _short_days(self, given: Any) -> None:
        if isinstance(given, list):
            hint = Text('写成 2026-12-31: ["08:30-12:00"]', 'write 2026-12-31: ["08:30-12:00"]')
            self._wrong(("short_days",), "短日要写明时段", "short_days need their windows", hint)
            return
        for path, windows, days in self._days("short_days", given):
            read = self._some_windows(path, windows)
            for day in days:
                if self.layer.days.get(day) == []:
                    self._wrong(path, f"{day} 既是假日又是短日", f"{day} is a holiday and a short day", _ONE_OF_THEM)
                    break
                self.layer.short[day] = read

    def _published(self, given: Any) -> None:
        if not isinstance(given, list) or not given:
            hint = Text("如 published: [2025, 2026]", "e.g. published: [2025, 2026]")
            self._wrong(("published",), "published 应为年份列表", "published is a list of years", hint)
            return
        for place, year in enumerate(given):
            if type(year) is int and FIRST_YEAR <= year <= LAST_YEAR:
                self.layer.published.append(year)
            else:
                hint = Text("如 2026", "e.g. 2026")
                shown = _shown(year)
                self._wrong(("published", place), f"{shown.zh}不是年份", f"{shown.en} is no year", hint)

    def _extends(self, given: Any) -> None:
        names = [given] if isinstance(given, str) else given
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            self.layer.extends = names
        else:
            hint = Text("如 extends: [cn-2025, cn-2026]", "e.g. extends: [cn-2025, cn-2026]")
            text = "extends is the name of a calendar, or a list of names"
            self._wrong(("extends",), "extends 应为日历名或其列表", text, hint)

    def _counting(self, given: Any) -> None:
        before = len(self.problems)
        for path, what, hint in wrong_counting(given):
            self.problems.append((("counting", *path), what, hint))
        if len(self.problems) > before:
            return
        self.layer.counting = given
        if self.layer.always and Counting().changed(given).roll_over:
            where = Text("顺延要写在有休息日的日历里", "days roll over in a calendar that has rest days")
            text = "a calendar that is always open has no rest days to roll over"
            self._wrong(("counting",), "全天候的日历没有休息日，无从顺延", text, where)

    # -- what keys are made of

    def _days(self, key: str, given: Any) -> Iterator[tuple[Path, Any, list[str]]]:
        """Of each entry: its path, what is said of it, and the days that it names."""
        if not isinstance(given, list | Mapping):
            text = f"{key} is a list of dates, or a mapping of dates"
            self._wrong((key,), f"{key} 应为日期列表，或“日期: …”", text, _DATE_HINT)
            return
        places = given if isinstance(given, Mapping) else range(len(given))
        for place in places:
            said, value = (place, given[place]) if isinstance(given, Mapping) else (given[place], None)
            days = _read_days(said)
            if days:
                yield (key, place), value, days
            elif (length := _length(said)) is not None:
                zh, en = ("先止后起", "ends before it begins") if length < 0 else ("长过一年", "is longer than a year")
                self._wrong((key, place), f"“{said}”{zh}", f"{said!r} {en}", _DATE_HINT)
            else:
                shown = _shown(said)
                hint = _unlisted(said) if isinstance(said, Mapping) else _meant_days(said)
                self._wrong((key, place), f"{shown.zh}不是日期", f"{shown.en} is no date", hint or _DATE_HINT)

    def _some_windows(self, path: Path, given: Any) -> Windows:
        read = self._windows(path, given)
        if given == []:
            hint = Text("全天不上班写在 holidays 里", "a day without working time belongs into holidays")
            self._wrong(path, "这里没有时段", "there is no window here", hint)
        return read

    def _windows(self, path: Path, given: Any) -> Windows:
        items = [given] if isinstance(given, str) else given
        if not isinstance(items, list):
            hint = Text('如 ["09:00-12:00", "13:00-18:00"]', 'e.g. ["09:00-12:00", "13:00-18:00"]')
            self._wrong(path, "应为时段列表", "a list of windows stands here", hint)
            return []
        windows: Windows = []
        for number, item in enumerate(items):
            where = path if isinstance(given, str) else (*path, number)
            window = _read_window(item)
            if window is None:
                hint = _meant(str(item), _WINDOW_NAMES, _read_window) or _WINDOW_HINT
                shown = _shown(item)
                self._wrong(where, f"{shown.zh}不是时段", f"{shown.en} is no window", hint)
            elif window[1] % 1440 == 1439:
                # 00:00-23:59 closes for a minute every night, and nobody who writes it means that.
                hint = Text("一天结束写 24:00", "write 24:00 for the end of the day")
                self._wrong(where, f"“{item}”漏掉一天的最后一分钟", f"{item!r} leaves out the last minute", hint)
            elif windows and window[0] < windows[-1][1]:
                hint = Text("从早到晚排列，互不重叠", "write windows in order, without overlap")
                text = f"{item!r} overlaps the window before it, or is out of order"
                self._wrong(where, f"“{item}”与前一时段重叠或次序颠倒", text, hint)
            else:
                windows.append(window)
        return windows


def days_of(text: str) -> list[date]:
    """The days of a date or a range of dates, at most a year of them; none where the text is neither."""
    length = _length(text)
    if length is None or not 0 <= length <= _LONGEST_RANGE:
        return []
    first = date.fromisoformat(text.partition("..")[0])
    return [first + timedelta(days=n) for n in range(length + 1)]


def meant_days(text: str) -> Text:
    """What somebody probably meant whose text is no date, else how dates are written."""
    return _meant_days(text) or Text("如 2026-10-01、2026-10-01..2026-10-07", "e.g. 2026-10-01, 2026-10-01..2026-10-07")


def window_of(text: str) -> tuple[int, int] | None:
    """A window of hours in minutes from midnight, past 1440 where it ends on the next day; None where the text is none."""
    found = _read_window(text)
    return None if found is None else (found[0], found[1])


def meant_window(text: str) -> Text:
    """What somebody probably meant whose text is no window, else how windows are written."""
    return _meant(text, _WINDOW_NAMES, _read_window) or _WINDOW_HINT


_LONGEST_RANGE = 366
_ONE_OF_THEM = Text("只留一处；范围可拆成两段", "keep one of them; a range can be split in two")
_WINDOW_NAMES = ((r"\s", ""), (r"(?<![:0-9])([0-9]{1,2})(?![:0-9])", r"\1:00"))
_WEEKDAY_NAMES = (
    (r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]+", r"\1"),
    (r"周|星期|礼拜|\s", ""),
    *((name, day) for name, day in zip("一二三四五六日天", (*WEEKDAYS, "sun"), strict=True)),
)


def _read_window(given: Any) -> list[int] | None:
    found = _WINDOW.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or begin >= 1440 or end > 1440 or begin == end:
        return None
    return [begin, end if end > begin else end + 1440]


def _weekdays(given: Any) -> list[int]:
    """The days of `mon`, `mon-fri`, `mon, wed`; none when that is not what it is."""
    days: list[int] = []
    for part in str(given).split(","):
        first, dash, last = part.strip().partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            return []
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return days


def _read_days(given: Any) -> list[str]:
    """The days of `2026-10-01`, `10-01`, or a range of at most a year; none when that is not what it is."""
    first, dots, last = given.partition("..") if isinstance(given, str) else ("", "", "")
    last = last if dots else first
    if _YEARLY.fullmatch(first) and _YEARLY.fullmatch(last):
        year = yearly_dates()
        if first not in year or last not in year:
            return []
        begin, end = year.index(first), year.index(last)
        return list(year[begin : end + 1] if begin <= end else year[begin:] + year[: end + 1])
    length = _length(given)
    if length is None or not 0 <= length <= _LONGEST_RANGE:
        return []
    return [(date.fromisoformat(first) + timedelta(days=n)).isoformat() for n in range(length + 1)]


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def _length(given: Any) -> int | None:
    """Days from the first to the last of a date or a range of dates; None when it is neither."""
    first, dots, last = str(given).partition("..")
    begun, ended = _date(first), _date(last if dots else first)
    return None if begun is None or ended is None else (ended - begun).days


def _shown(given: Any) -> Text:
    """What was written, as it was written and not as a value of Python."""
    if given is None:
        return Text("空的", "nothing")
    if isinstance(given, Mapping):
        return Text("“键: 值”", "a `key: value` pair")
    if isinstance(given, list):
        return Text("列表", "a list")
    word = str(given).lower() if isinstance(given, bool) else str(given)
    return Text(f"“{word}”", repr(word) if isinstance(given, str) else word)


def _unlisted(given: Mapping[Any, Any]) -> Text:
    """How `- 01-01: 元旦` is written: dates with something to say of each are no list."""
    day, said = next(iter(given.items()), ("2026-10-01", "国庆节"))
    line = f"{day}: {said}" if isinstance(said, str) else str(day)
    return Text(f"去掉前面的“- ”，写成 {line}", f"take the `- ` before it away: {line}")


def _meant_days(given: Any) -> Text | None:
    """What `2026/10/1`, `2026年10月1日`, `10月1日` or `2026-10-01 ~ 10-07` should have been. Dates that only stand beside each other
    are no range: all the days between them would change, where a comma is missing."""
    numbers = [number.zfill(2) for number in re.findall(r"[0-9]+", str(given))]
    year = numbers[0] if numbers and len(numbers[0]) == 4 else None
    match year, len(numbers):
        case None, 2 | 4:
            ends = ["-".join(numbers[:2]), "-".join(numbers[2:])]
        case str(), 3 | 6:
            ends = ["-".join(numbers[:3]), "-".join(numbers[3:])]
        case str(), 4:
            ends = ["-".join(numbers[:3]), "-".join((*numbers[:2], numbers[3]))]
        case str(), 5:
            ends = ["-".join(numbers[:3]), "-".join((numbers[0], *numbers[3:]))]
        case _:
            return None
    text = "..".join(end for end in ends if end)
    if not _read_days(text):
        return None
    between = re.split(r"[0-9]+", str(given))[ends[0].count("-") + 1]
    if ends[1] and not re.search(r"\.\.|[-–—－~～至到]|to", between):
        both = ", ".join(ends)
        return Text(f"两个日期要分开，写成 {both}", f"these are two dates, which stand apart: {both}")
    return _did_you_mean(text)


def _meant(given: str, names: Iterable[tuple[str, str]], read: Any) -> Text | None:
    """What was meant, when other dashes, other names of the same things or blanks are all that is wrong."""
    text = given.translate(_DASHES).strip()
    for written, meant in names:
        text = re.sub(written, meant, text)
    return _did_you_mean(text) if text and read(text) else None


def _closest(given: Any, known: Iterable[str]) -> Text | None:
    close = get_close_matches(str(given), list(known), 1)
    return _did_you_mean(close[0]) if close else None


def _did_you_mean(text: str) -> Text:
    return Text(f"是不是 {text}？", f"did you mean {text}?")


def _there_are(keys: Iterable[str]) -> Text:
    return Text("可用：" + "、".join(keys), "there are: " + ", ".join(keys))
