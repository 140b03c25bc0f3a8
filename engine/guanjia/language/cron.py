"""When a schedule opens a case: `cron`, five fields in the office's zone, as everybody knows them.

One thing more than crontab has: a weekday of the month, `mon#1` for the first Monday and `friL` for the last Friday.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_PLAIN = re.compile(r"[0-9*,/-]|sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|last")
_OF_MONTH = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:#([1-5])|L)")
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")


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
