"""Cases that open by the calendar: `schedules` of office.yaml.

An opening is named by its schedule and its planned instant, and that name is the command's key: however many workers look,
it opens once. What was missed while no worker ran is caught up as the schedule says: skip, once, or all. What is planned for a day on
which its calendar does not work is left out or done on the next working day; what comes together there is one opening.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..clock import DAY, Instant, instant, moment
from ..errors import GuanjiaError, Text
from ..failpoints import fp
from ..language.cron import cron_trigger
from ..model.event import SYSTEM, Command
from ..model.office import Schedule

if TYPE_CHECKING:
    from ..calendars import Calendar
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
        try:
            planned = _planned(engine, schedule, since, now)
        except GuanjiaError as error:  # its calendar cannot be used just now: what is planned meanwhile is caught up
            problems.append(f"{setting}: {error}")
            continue
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


def _planned(engine: Engine, schedule: Schedule, since: Instant, until: Instant) -> list[Instant]:
    """The first planned instants in (since, until], oldest first, each once."""
    if schedule.calendar is None:
        return list(islice(_by_cron(schedule, engine.zone, since, until), MOST_MISSED))
    calendar = engine.working(schedule.calendar)

    def works(at: Instant) -> bool:
        return calendar.is_workday(moment(at, engine.zone).date())

    if schedule.on_closed == "skip":
        return list(islice(filter(works, _by_cron(schedule, engine.zone, since, until)), MOST_MISSED))
    # What was planned for days without work before `since` may come after it.
    begin = since - DAY
    while not works(begin):
        begin -= DAY
    moved = {_on_workday(calendar, at, engine.zone) for at in _by_cron(schedule, engine.zone, begin, until)}
    return sorted(at for at in moved if since < at <= until)[:MOST_MISSED]


def _on_workday(calendar: Calendar, at: Instant, zone: str) -> Instant:
    """The same time of the first working day from this one on."""
    local = moment(at, zone)
    while not calendar.is_workday(local.date()):
        local += timedelta(days=1)
    return instant(local)


def _by_cron(schedule: Schedule, zone: str, since: Instant, until: Instant) -> Iterator[Instant]:
    trigger = cron_trigger(schedule.cron, zone)
    before = moment(since, zone)
    while True:
        # One microsecond on: the trigger counts the given moment itself as still to come.
        following = trigger.get_next_fire_time(None, moment(instant(before) + 1, zone))
        if following is None or instant(following) > until:
            return
        yield instant(following)
        before = following
