"""What a calendar file may say: checked with places, derived calendars flattened, one canonical form for compiling.

The canonical form is plain JSON: `zone`; `always`, or `week` (seven lists of windows from Monday), `days` (date -> windows, empty
for a day off; yearly ones as MM-DD), `names` (date -> why), and the years for which it is `published`. A window is
[start, end] in minutes from midnight; an end past 1440 lies in the next day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import GuanjiaError, Text

Path = tuple[str | int, ...]
Problem = tuple[Path, Text, Text | None]

KEYS = ("zone", "always", "week", "holidays", "workdays", "short_days", "published", "extends", "source")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEARLY = re.compile(r"\d{2}-\d{2}")


class CalendarError(GuanjiaError):
    """A calendar that cannot be used."""


def check_calendar(data: Any) -> list[Problem]:
    """Everything that is wrong in one calendar file, as (path, text, hint)."""
    if not isinstance(data, Mapping):
        return [((), Text("日历应是一组“键: 值”", "a calendar is a mapping of keys"), None)]
    problems: list[Problem] = []
    for key in data:
        if key not in KEYS:
            close = get_close_matches(str(key), KEYS, 1)
            hint = Text(f"是不是 {close[0]}？", f"did you mean {close[0]}?") if close else Text(
                "可用：" + "、".join(KEYS), "there are: " + ", ".join(KEYS)
            )  # fmt: skip
            problems.append(((key,), Text(f"不认识“{key}”", f"unknown key {key!r}"), hint))
    problems += _zone(data) + list(_week(data.get("week"))) + list(_special(data))
    published = data.get("published", [])
    if not isinstance(published, list) or not all(isinstance(year, int) and 1970 <= year <= 9000 for year in published):
        problems.append((("published",), Text("应为年份列表，如 [2026]", "a list of years, e.g. [2026]"), None))
    extends = data.get("extends", [])
    if not isinstance(extends, str | list) or (
        isinstance(extends, list) and not all(isinstance(e, str) for e in extends)
    ):
        problems.append((("extends",), Text("应为日历名或其列表", "the name of a calendar, or a list of names"), None))
    if not problems and not data.get("always") and not data.get("extends") and "week" in data:
        week, _ = _canonical_week(data["week"])
        if not any(week):
            problems.append(
                (("week",), Text("一周里没有任何工作时间", "there is no working time in the whole week"), None)
            )
    return problems


def flatten(name: str, calendars: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical data of one calendar, those that it extends merged in. CalendarError when it cannot be used."""
    merged = _merge(name, calendars, ())
    if merged.get("always"):
        return {"zone": merged["zone"], "always": True}
    if not merged.get("zone"):
        raise CalendarError(Text(f"日历 {name} 没有 zone", f"the calendar {name} has no zone"))
    merged["published"] = sorted(set(merged["published"]))
    return merged


def _merge(name: str, calendars: Mapping[str, Any], chain: tuple[str, ...]) -> dict[str, Any]:
    if name in chain:
        raise CalendarError(
            Text(
                f"日历互相继承：{' → '.join((*chain, name))}",
                f"calendars extend each other: {' -> '.join((*chain, name))}",
            )
        )
    if name not in calendars:
        known = ", ".join(sorted(calendars))
        raise CalendarError(
            Text(f"没有日历“{name}”；有：{known}", f"there is no calendar {name!r}; there are: {known}")
        )
    data = calendars[name]
    problems = check_calendar(data)
    if problems:
        path, text, hint = problems[0]
        where = ".".join(map(str, path))
        raise CalendarError(Text(f"日历 {name}：{where} {text.zh}", f"calendar {name}: {where} {text.en}"), hint)
    out: dict[str, Any] = {"zone": None, "week": [[]] * 7, "days": {}, "names": {}, "published": []}
    extends = data.get("extends", [])
    for parent in [extends] if isinstance(extends, str) else extends:
        above = _merge(parent, calendars, (*chain, name))
        if any(above["week"]):
            out["week"] = above["week"]
        out["zone"] = above["zone"] or out["zone"]
        out["days"] |= above["days"]
        out["names"] |= above["names"]
        out["published"] = [*out["published"], *above["published"]]
    out["zone"] = data.get("zone") or out["zone"]
    if data.get("always"):
        out["always"] = True
    if "week" in data:
        out["week"], _ = _canonical_week(data["week"])
    for day, why in _days(data.get("holidays")):
        out["days"][day] = []
        out["names"][day] = why
    for day, given in _days(data.get("workdays"), windows=True):
        out["days"][day] = given if given is not None else "workday"
        out["names"][day] = "workday"
    for day, given in _days(data.get("short_days"), windows=True):
        out["days"][day] = given or []
        out["names"][day] = "short day"
    out["published"] = [*out["published"], *data.get("published", [])]
    if not chain:
        # A make-up day without hours of its own works as the first working day of the week does.
        usual: list[list[int]] = next((windows for windows in out["week"] if windows), [])
        out["days"] = {day: usual if given == "workday" else given for day, given in sorted(out["days"].items())}
        out["names"] = dict(sorted(out["names"].items()))
    return out


def _zone(data: Mapping[str, Any]) -> list[Problem]:
    zone = data.get("zone")
    if zone is None:
        return []
    try:
        ZoneInfo(str(zone))
    except Exception:  # zoneinfo raises several kinds for a name that is none
        return [
            (
                ("zone",),
                Text(f"“{zone}”不是时区", f"{zone!r} is no time zone"),
                Text("例如 Asia/Shanghai", "e.g. Asia/Shanghai"),
            )
        ]
    return []


def _week(week: Any) -> Iterator[Problem]:
    if week is None:
        return
    if not isinstance(week, Mapping):
        yield ("week",), Text('应写成 mon-fri: ["09:00-18:00"]', 'write mon-fri: ["09:00-18:00"]'), None
        return
    seen: set[int] = set()
    for key, windows in week.items():
        days = _day_range(str(key))
        if days is None:
            yield (
                ("week", key),
                Text(f"“{key}”不是星期", f"{key!r} is no day of the week"),
                Text("mon … sun 或 mon-fri", "mon … sun, or mon-fri"),
            )
            continue
        if seen & set(days):
            yield ("week", key), Text(f"“{key}”与前面重复", f"{key!r} says a day twice"), None
        seen |= set(days)
        yield from _windows(("week", key), windows)


def _windows(path: Path, windows: Any) -> Iterator[Problem]:
    if isinstance(windows, str):
        windows = [windows]
    if not isinstance(windows, list):
        yield path, Text('应为时段列表，如 ["09:00-12:00"]', 'a list of windows, e.g. ["09:00-12:00"]'), None
        return
    last = -1
    for number, window in enumerate(windows):
        parsed = _window(window)
        if parsed is None:
            yield (
                (*path, number),
                Text(f"“{window}”不是时段", f"{window!r} is no window"),
                Text("如 08:30-18:00、22:00-06:00、00:00-24:00", "e.g. 08:30-18:00, 22:00-06:00, 00:00-24:00"),
            )
            continue
        if parsed[0] < last:
            yield (
                (*path, number),
                Text(
                    f"“{window}”与前一时段重叠或次序颠倒", f"{window!r} overlaps the one before or stands out of order"
                ),
                None,
            )
        last = parsed[1]


def _special(data: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("holidays", "workdays", "short_days"):
        given = data.get(key)
        if given is None:
            continue
        if not isinstance(given, list | Mapping) or (key == "short_days" and not isinstance(given, Mapping)):
            yield (key,), Text("应为日期列表，或“日期: …”", "a list of dates, or `date: …`"), None
            continue
        for place, day in enumerate(given):
            path = (key, str(day)) if isinstance(given, Mapping) else (key, place)
            if not _is_day(str(day), ranges=key == "holidays"):
                yield (
                    path,
                    Text(f"“{day}”不是日期", f"{day!r} is no date"),
                    Text(
                        "如 2026-10-01、2026-10-01..2026-10-07、01-01", "e.g. 2026-10-01, 2026-10-01..2026-10-07, 01-01"
                    ),
                )
            elif isinstance(given, Mapping) and key != "holidays":
                yield from _windows(path, given[day])


def _is_day(text: str, *, ranges: bool) -> bool:
    first, dots, last = text.partition("..")
    try:
        if dots:
            return (
                ranges
                and bool(_DATE.fullmatch(first) and _DATE.fullmatch(last))
                and date.fromisoformat(first) <= date.fromisoformat(last)
            )
        if _YEARLY.fullmatch(text):
            return bool(date.fromisoformat(f"2024-{text}"))
        return bool(_DATE.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _days(given: Any, *, windows: bool = False) -> Iterator[tuple[str, Any]]:
    for day in given or ():
        value = given[day] if isinstance(given, Mapping) else None
        if windows:
            value = (
                None
                if value is None
                else [list(_window(item) or ()) for item in ([value] if isinstance(value, str) else value)]
            )
        first, dots, last = str(day).partition("..")
        if not dots:
            yield first, value if windows else (value or "")
            continue
        current = date.fromisoformat(first)
        while current <= date.fromisoformat(last):
            yield current.isoformat(), value if windows else (value or "")
            current += timedelta(days=1)


def _canonical_week(week: Mapping[str, Any]) -> tuple[list[list[list[int]]], list[int]]:
    out: list[list[list[int]]] = [[] for _ in range(7)]
    for key, windows in week.items():
        for day in _day_range(str(key)) or []:
            out[day] = [list(_window(item) or ()) for item in ([windows] if isinstance(windows, str) else windows)]
    return out, []


def _day_range(text: str) -> list[int] | None:
    first, dash, last = text.lower().partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        return None
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _window(text: Any) -> tuple[int, int] | None:
    found = _WINDOW.fullmatch(str(text).strip())
    if found is None:
        return None
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if begin >= 1440 or end > 1440 or int(found[2]) > 59 or int(found[4]) > 59 or begin == end:
        return None
    return (begin, end) if end > begin else (begin, end + 1440)
