"""When a schedule opens what: planned instants from cron texts, from a day on every so often, and from the dates of rows.

Planned days are counted from the day that the plan says and never from when something was done, so nothing drifts. What is planned is told
from the registry that was in force at that very instant: an edit changes what is to come, and not what was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from ..calendars import Calendar, parse_amount
from ..clock import DAY, Instant, instant, moment
from ..expressions import Expression, parse, scope_of
from ..language.cron import cron_trigger
from ..model.office import Schedule
from ..model.procedure import Shape
from ..model.registry import Registry
from ..model.retention import Period
from ..model.scope import columns_of
from ..values import as_known
from . import stream

if TYPE_CHECKING:
    from .engine import Engine

MOST_MISSED = 1000
"""Openings caught up in one round; the rest follows in the next."""


class Planned(NamedTuple):
    """An opening: when, of which row (none where the schedule is of no registry), and what names it for ever beside both."""

    at: Instant
    row: str
    name: str


class Row(NamedTuple):
    """A row as an expression over its columns sees it."""

    shape: Shape
    values: Mapping[str, Any]

    def look(self, path: tuple[str, ...]) -> Any:
        return as_known(self.shape.columns[path[0]], self.values.get(path[0]))

    def call(self, name: str, args: tuple[Any, ...]) -> Any:  # no function is known to a row
        raise KeyError(name)

    def shift(self, at: Instant, amount: Any, sign: int) -> Instant | None:
        return None


def condition(shape: Shape, text: str) -> Expression:
    """A condition on the columns of a row. ExpressionError."""
    return parse(text, scope_of(columns_of(shape)), expect="boolean")


def planned(engine: Engine, schedule: Schedule, since: Instant, until: Instant) -> list[Planned]:
    """What is planned in (since, until], in the order of time. Of a cron text by itself the first that there are."""
    if schedule.each is None:
        return _of(engine, schedule, None, "", since, until)
    found: list[Planned] = []
    for registry, begin, end in _in_force(engine, schedule.each, since, until):
        for row in _rows(schedule, registry):
            found += _of(engine, schedule, registry, row, begin, end)
    return sorted(found)


def came_late(engine: Engine, schedule: Schedule, now: Instant) -> list[Planned]:
    """What a registry that has just come into force would have had opened already, and whose day is not over: a row whose certificate
    ends next week, written down today."""
    if schedule.each is None or schedule.cron is not None or schedule.each not in engine.registries():
        return []
    registry, today = engine.registry(schedule.each), moment(now, engine.zone).date()
    first, found = date.min if schedule.on is not None else today, list[Planned]()
    for row in _rows(schedule, registry):
        days = list(_days(schedule, registry, row, first, today))
        until = _date(registry, row, schedule.on) if schedule.on is not None else None
        alive = [day for day in days if (until or day) >= today]
        found += [it for it in _moved(engine, schedule, row, alive) if it.at <= now]
    return sorted(found)


def changed_at(engine: Engine, schedule: Schedule) -> Instant:
    """When the registry came into force that the schedule opens from; 0 where it is of none."""
    return engine.registry_since(schedule.each) if schedule.each is not None else 0


def _in_force(engine: Engine, name: str, since: Instant, until: Instant) -> Iterator[tuple[Registry, Instant, Instant]]:
    """The registries of this name that were in force in (since, until], each from when to when."""
    if engine.registry_since(name) <= since:
        if name in engine.registries():
            yield engine.registry(name), since, until
        return
    changes: list[tuple[Instant, str | None]] = [
        (event.recorded_at, event.data["version"])
        for event in stream.events(engine.store)
        if event.type == "amended" and event.name == name
    ]
    for place, (begin, version) in enumerate(changes):
        end = changes[place + 1][0] if place + 1 < len(changes) else until
        if version is not None and max(begin, since) < min(end, until):
            yield engine.registry_of(version), max(begin, since), min(end, until)


def _rows(schedule: Schedule, registry: Registry) -> Iterator[str]:
    """The rows that the schedule is about."""
    holds = condition(registry.shape, schedule.where) if schedule.where is not None else None
    for key, values in registry.rows.items():
        if holds is None or holds.evaluate(Row(registry.shape, values)):
            yield key


def _of(
    engine: Engine, schedule: Schedule, registry: Registry | None, row: str, since: Instant, until: Instant
) -> list[Planned]:
    if schedule.cron is not None:
        return [Planned(at, row, str(at)) for at in _by_cron(engine, schedule, since, until)]
    first, last = moment(since, engine.zone).date(), moment(until, engine.zone).date()
    if schedule.calendar is not None:  # days without work come to days that may lie on the other side
        works = engine.working(schedule.calendar).is_workday
        first, last = _beyond(works, first, -1), _beyond(works, last, 1)
    days = list(_days(schedule, registry, row, first, last))
    return [it for it in _moved(engine, schedule, row, days) if since < it.at <= until]


def _beyond(works: Any, day: date, step: int) -> date:
    day += timedelta(days=step)
    while not works(day):
        day += timedelta(days=step)
    return day


def _days(schedule: Schedule, registry: Registry | None, row: str, first: date, last: date) -> Iterator[date]:
    """The planned days from one day to another."""
    if schedule.on is not None:
        assert registry is not None
        until = _date(registry, row, schedule.on)
        if until is not None:
            day = until if schedule.before is None else Period.parse(schedule.before).later(until, -1)
            if first <= day <= last:
                yield day
        return
    assert schedule.every is not None
    assert schedule.from_ is not None
    anchor = _date(registry, row, schedule.from_)
    period = _period(registry, row, schedule.every)
    if anchor is None or period is None:
        return
    times = max(0, (first - anchor).days // period.longest - 1)
    while (day := period.later(anchor, times)) <= last:
        if day >= first:
            yield day
        times += 1


def _date(registry: Registry | None, row: str, said: str) -> date | None:
    """A date, or that of a column."""
    text = registry.rows[row].get(said) if registry is not None and said in registry.shape.columns else said
    return None if text is None else date.fromisoformat(text)


def _period(registry: Registry | None, row: str, said: str) -> Period | None:
    """A period, or so many days as a column says."""
    if registry is None or said not in registry.shape.columns:
        return Period.parse(said)
    text = registry.rows[row].get(said)
    return None if text is None else Period(parse_amount(text).value, "day")


def _moved(engine: Engine, schedule: Schedule, row: str, days: list[date]) -> list[Planned]:
    """The instants of planned days, those without work moved or left out; what comes together is one, named by the first."""
    hour, minute = map(int, schedule.at.split(":"))
    calendar = engine.working(schedule.calendar) if schedule.calendar is not None else None
    found: dict[Instant, Planned] = {}
    for day in sorted(days):
        done = _workday(calendar, schedule.on_closed, day)
        if done is not None:
            at = instant(datetime.combine(done, time(hour, minute), ZoneInfo(engine.zone)))
            found.setdefault(at, Planned(at, row, day.isoformat()))
    return list(found.values())


def _workday(calendar: Calendar | None, on_closed: str | None, day: date) -> date | None:
    if calendar is None or calendar.is_workday(day):
        return day
    return None if on_closed == "skip" else _beyond(calendar.is_workday, day, 1 if on_closed == "next" else -1)


# -- cron texts


def _by_cron(engine: Engine, schedule: Schedule, since: Instant, until: Instant) -> list[Instant]:
    """The first planned instants in (since, until], oldest first, each once."""
    if schedule.calendar is None:
        return list(islice(_fires(schedule, engine.zone, since, until), MOST_MISSED))
    works = engine.working(schedule.calendar).is_workday

    def open_on(at: Instant) -> bool:
        return works(moment(at, engine.zone).date())

    if schedule.on_closed == "skip":
        return list(islice(filter(open_on, _fires(schedule, engine.zone, since, until)), MOST_MISSED))
    # What was planned for days without work may come from, or to, the other side of the bounds.
    begin, end = since - DAY, until + DAY
    while not open_on(begin):
        begin -= DAY
    while not open_on(end):
        end += DAY
    step = 1 if schedule.on_closed == "next" else -1
    moved = {_on_workday(works, at, engine.zone, step) for at in _fires(schedule, engine.zone, begin, end)}
    return sorted(at for at in moved if since < at <= until)[:MOST_MISSED]


def _on_workday(works: Any, at: Instant, zone: str, step: int) -> Instant:
    """The same time of the first working day from this one on, or back."""
    local = moment(at, zone)
    while not works(local.date()):
        local += timedelta(days=step)
    return instant(local)


def _fires(schedule: Schedule, zone: str, since: Instant, until: Instant) -> Iterator[Instant]:
    assert schedule.cron is not None
    trigger = cron_trigger(schedule.cron, zone)
    before = moment(since, zone)
    while True:
        # One microsecond on: the trigger counts the given moment itself as still to come.
        following = trigger.get_next_fire_time(None, moment(instant(before) + 1, zone))
        if following is None or instant(following) > until:
            return
        yield instant(following)
        before = following
