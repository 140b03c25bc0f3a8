"""From a feed of holidays to a calendar file: what becomes a holiday, what a workday, and the YAML.

What is marked is taken by its mark. Of anything else nobody but a person can know whether the office is closed, so it is taken
only by name or category; the rest stays undecided, to be shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..errors import Text
from .feeds import Entry, Feed, FeedError, Mark


@dataclass(slots=True)
class Choice:
    """What becomes a holiday or a workday; `undecided` is taken for neither."""

    holidays: list[Entry] = field(default_factory=list)
    workdays: list[Entry] = field(default_factory=list)
    undecided: list[Entry] = field(default_factory=list)


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
