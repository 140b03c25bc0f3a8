"""From what calendar files say to the one canonical form that a version pins and `compile_calendar` takes.

`extends` is resolved: each calendar stands once in the line, ancestors first, and later ones win. The canonical form is plain
JSON: `name` and `zone`; then `always`, or `week` (seven lists of windows from Monday), `days` (date -> windows, empty for a day
off; yearly ones as MM-DD), `short` (the hours of short days), `names` (of holidays), `published` (years), `counting` (the
choices that differ from the usual). A window is [start, end] in minutes from midnight; an end past 1440 lies in the next day. Either form may be given `suspended` as well (see
`suspending`), which no file says: it belongs to what happened, not to what is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ..errors import Text
from .counting import Counting
from .grammar import CalendarError, Layer, Windows, read_layer, yearly_dates


class Misfit(CalendarError):
    """A calendar that cannot be put together for what stands in the file of `culprit`, itself or one that it extends."""

    def __init__(self, culprit: str, text: Text, hint: Text | None = None) -> None:
        super().__init__(text, hint)
        self.culprit = culprit


def flatten(name: str, calendars: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical data of one calendar, those that it extends merged in. CalendarError when it cannot be used."""
    line: dict[str, Layer] = {}
    _line_up(name, calendars, (), line)
    zone: str | None = None
    week: list[Windows] = [[] for _ in range(7)]
    hours: Windows | None = None
    days: dict[str, Windows | None] = {}
    short: dict[str, Windows] = {}
    names: dict[str, str] = {}
    published: set[int] = set()
    counting = Counting()
    for layer in line.values():
        zone = layer.zone or zone
        counting = counting.changed(layer.counting)
        week = layer.week or week
        hours = layer.workday_hours or hours
        for day in layer.days:
            short.pop(day, None)
            names.pop(day, None)
        days |= layer.days
        names |= layer.names
        short |= layer.short
        published |= set(layer.published)
    if zone is None:
        raise CalendarError(
            Text(f"日历 {name} 没有时区", f"the calendar {name} has no zone"),
            Text("加一行 zone: Asia/Shanghai", "add a line: zone: Asia/Shanghai"),
        )
    choices = {"counting": counting.to_plain()} if counting != Counting() else {}
    if line[name].always:
        return {"name": name, "zone": zone, "always": True, **choices}
    usual = hours or next((windows for windows in week if windows), [])
    flat = {
        "name": name,
        "zone": zone,
        "week": week,
        "days": {day: usual if windows is None else windows for day, windows in sorted(days.items())},
        "short": dict(sorted(short.items())),
        "names": dict(sorted(names.items())),
        "published": sorted(published),
        **choices,
    }
    if not has_working_time(flat):
        raise no_working_time(name)
    return flat


def has_working_time(data: Mapping[str, Any]) -> bool:
    """Whether canonical data has a week with working time, and not every day of the year off."""
    off = {day for day, windows in data.get("days", {}).items() if not windows}
    return any(data.get("week", ())) and not off.issuperset(yearly_dates())


def no_working_time(name: str) -> CalendarError:
    """On such a calendar no deadline would ever come."""
    return CalendarError(
        Text(f"日历 {name} 里没有任何工作时间", f"the calendar {name} has no working time"),
        Text('加上 week，如 week: {mon-fri: ["09:00-18:00"]}', 'add week, e.g. week: {mon-fri: ["09:00-18:00"]}'),
    )


def _line_up(name: str, calendars: Mapping[str, Any], chain: tuple[str, ...], line: dict[str, Layer]) -> None:
    """Put the ancestors of a calendar and then itself into the line, each once."""
    if name in line:
        return
    if name in chain:
        circle = (*chain[chain.index(name) :], name)
        raise Misfit(
            name,
            Text(
                f"日历的继承绕成了圈：{' → '.join(circle)}",
                f"calendars extend each other in a circle: {' -> '.join(circle)}",
            ),
            Text("去掉其中一个 extends", "take one of the extends away"),
        )
    if name not in calendars:
        known = sorted(calendars)
        # One that is extended already was not meant: whoever took the advice would lose the year that is missing.
        others = read_layer(calendars[chain[-1]])[0].extends if chain else []
        close = get_close_matches(name, [each for each in known if each not in (*others, *chain)], 1)
        raise Misfit(
            chain[-1] if chain else name,
            Text(f"没有日历“{name}”", f"there is no calendar {name!r}")
            if not chain
            else Text(f"日历 {chain[-1]} 继承的“{name}”不存在", f"{name!r}, which {chain[-1]} extends, does not exist"),
            Text(f"是不是 {close[0]}？", f"did you mean {close[0]}?")
            if close
            else Text(f"现有：{'、'.join(known)}", f"there are: {', '.join(known)}"),
        )
    layer, problems = read_layer(calendars[name])
    if problems:
        path, text, hint = problems[0]
        where = ".".join(map(str, path))
        raise Misfit(name, Text(f"日历 {name}：{where} {text.zh}", f"calendar {name}: {where} {text.en}"), hint)
    if layer.always and chain:
        raise Misfit(
            chain[-1],
            Text(f"日历 {chain[-1]} 不能继承全天候的 {name}", f"{chain[-1]} cannot extend {name}, which never closes"),
            Text("去掉 extends，或直接使用该日历", "take extends away, or use that calendar itself"),
        )
    for parent in layer.extends:
        _line_up(parent, calendars, (*chain, name), line)
    line[name] = layer
