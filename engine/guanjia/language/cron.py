"""When a schedule opens a case: `cron`, five fields in the office's zone, as everybody knows them.

One thing more than crontab has: a weekday of the month, `mon#1` for the first Monday and `friL` for the last Friday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_PLAIN = re.compile(r"[0-9*,/-]|sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|last")
_OF_MONTH = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:#([1-5])|L)")
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")


MOST_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def has_a_day(text: str) -> bool:
    """Whether the days of a cron text are on the calendar at all: the 30th of February is not. It has to be one that `cron_trigger`
    takes."""
    days, months = text.split()[2:4]
    return "last" in days or any(
        day <= MOST_DAYS.get(month, 31) for month in _expanded(months, 1, 12) for day in _expanded(days, 1, 31)
    )


def next_days(text: str, most: int) -> Iterator[date]:
    """The days of a cron text from 2024 on. It has to be one that `cron_trigger` takes and that has a day."""
    trigger, at = cron_trigger(text, "UTC"), datetime(2024, 1, 1, tzinfo=UTC)
    for _ in range(most):
        following = trigger.get_next_fire_time(None, at)
        if following is None:
            return
        yield following.date()
        at = datetime(following.year, following.month, following.day, tzinfo=UTC) + timedelta(days=1)


def _expanded(field: str, least: int, most: int) -> set[int]:
    """The numbers that a field means: 1,15 or 1-5 or */2."""
    found: set[int] = set()
    for number, name in enumerate(_MONTHS, 1):
        field = field.replace(name, str(number))
    for part in field.split(","):
        span, _, every = part.partition("/")
        first, _, last = span.partition("-")
        begin = least if first == "*" else int(first)
        end = most if first == "*" else int(last) if last else most if every else begin
        found |= set(range(begin, end + 1, int(every or 1)))
    return found


def cron_trigger(text: str, zone: str) -> CronTrigger:
    """The trigger of a cron text. ValueError or TypeError when it is none."""
    from apscheduler.triggers.cron import CronTrigger

    fields = text.split()
    found = _OF_MONTH.fullmatch(fields[4]) if len(fields) == 5 else None
    if found is None:
        # The trigger takes the beginning of a field that it knows and forgets the rest of it.
        if any(_PLAIN.sub("", field) for field in fields):
            raise ValueError("unknown words")
        return CronTrigger.from_crontab(text, timezone=ZoneInfo(zone))
    if fields[2] != "*":
        raise ValueError("a day of the month and a weekday of the month exclude each other")
    place = _ORDINALS[int(found.group(2)) - 1] if found.group(2) else "last"
    return CronTrigger(
        minute=fields[0], hour=fields[1], day=f"{place} {found.group(1)}", month=fields[3], timezone=ZoneInfo(zone)
    )
