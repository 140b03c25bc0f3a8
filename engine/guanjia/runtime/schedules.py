"""Cases that open by the calendar: `schedules` of office.yaml.

An opening is named by its schedule and its planned instant, and that name is the command's key: however many workers look,
it opens once. What was missed while no worker ran is caught up as the schedule says: skip, once, or all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..clock import DAY, Instant, instant, moment
from ..errors import GuanjiaError, Text
from ..failpoints import fp
from ..model.event import SYSTEM, Command
from ..model.office import Schedule

if TYPE_CHECKING:
    from .engine import Engine

MOST_MISSED = 1000
"""Openings caught up in one round; the rest follows in the next."""


def open_due(engine: Engine, now: Instant) -> tuple[int, list[str]]:
    """Open what is planned at or before `now`. Returns how many, and what went wrong."""
    opened, problems = 0, []
    for name, schedule in engine.office.schedules.items():
        setting = f"schedule:{name}"
        kept = engine.store.setting(setting)
        since = _since(kept, now)
        if since is None:
            if kept is not None:
                problems.append(f"{setting}: {_LOST}")
            engine.store.set_setting(setting, str(now))
            continue
        planned = list(_planned(schedule, engine.zone, since, now))
        if not planned:
            continue
        wanted = planned
        if schedule.catch_up != "all":
            late = planned[:-1] if now - planned[-1] < 60_000_000 else planned
            wanted = [at for at in planned if at not in late]
            if schedule.catch_up == "once" and late and not wanted:
                wanted = [late[-1]]
        try:
            for at in wanted:
                values: dict[str, Any] = dict(schedule.with_)
                result = engine.execute(
                    Command("open", schedule.open, values=values, actor=SYSTEM, key=f"{setting}:{at}")
                )
                opened += not result.repeated
                fp("after_schedule_open")
        except GuanjiaError as error:
            problems.append(f"{setting}: {error}")
            continue
        engine.store.set_setting(setting, str(planned[-1]))
    return opened, problems


_LOST = Text(
    "上次建单的时间已损坏；从现在起重新计，之前漏下的请手工补建",
    "when it last opened a case is damaged: it counts from now on; open by hand what was missed before",
)


def _since(kept: str | None, now: Instant) -> Instant | None:
    """When the schedule was last looked at; None when that is not known, or cannot be: it lies a day or more ahead of us, and
    to wait for that would be to wait for nothing."""
    known = kept is not None and kept.isascii() and kept.isdigit() and len(kept) < 20
    return int(kept) if known and kept is not None and int(kept) < now + DAY else None


def _planned(schedule: Schedule, zone: str, since: Instant, until: Instant) -> Iterator[Instant]:
    """The planned instants in (since, until], oldest first."""
    from zoneinfo import ZoneInfo

    from apscheduler.triggers.cron import CronTrigger

    trigger = CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(zone))
    before = moment(since, zone)
    for _ in range(MOST_MISSED):
        # One microsecond on: the trigger counts the given moment itself as still to come.
        following = trigger.get_next_fire_time(None, moment(instant(before) + 1, zone))
        if following is None or instant(following) > until:
            return
        yield instant(following)
        before = following
