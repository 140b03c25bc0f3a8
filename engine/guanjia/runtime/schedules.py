"""Cases that open by the calendar: `schedules` of office.yaml.

An opening is named by its schedule, the row that it is of, and its planned day or instant; that name is the command's key: however many
workers look, and wherever a clock is set back to, it opens once. What was missed while no worker ran is caught up, of each row, as the
schedule says: skip, once, or all. When what is planned is said by `planning`; that nothing is for a while is remembered, for the worker
asks every second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import DAY, MINUTE, Instant, moment
from ..errors import Conflict, GuanjiaError, NotFound, Text
from ..failpoints import fp
from ..model.event import SYSTEM, Command
from ..model.office import Schedule
from ..model.procedure import ENTRY
from .planning import MOST_MISSED, Planned, came_late, changed_at, planned

if TYPE_CHECKING:
    from .engine import Engine

MOST_TOGETHER = 50
"""Cases that are opened under one commit."""


AHEAD = DAY
"""How far is looked for the next opening."""


class Lull(NamedTuple):
    """From `begin` until before `end` a schedule that was last looked at so (`kept`) opens nothing."""

    kept: str | None
    begin: Instant
    end: Instant

    def holds(self, kept: str | None, now: Instant) -> bool:
        return kept == self.kept and self.begin <= now < self.end


_NONE = Lull(None, 0, 0)


def open_due(engine: Engine, now: Instant, stopping: Callable[[], bool] = lambda: False) -> tuple[int, list[str]]:
    """Open what is planned at or before `now`. Returns how many, and what went wrong."""
    opened, problems = 0, list[str]()
    for name, schedule in engine.office.schedules.items():
        setting = f"schedule:{name}"
        kept = engine.store.setting(setting)
        if engine.lulls.get(name, _NONE).holds(kept, now):
            continue
        since = _since(kept, now)
        if since is None and kept is not None:
            problems.append(str(_LOST.about(setting)))
        try:
            found = planned(engine, schedule, since, now) if since is not None else []
            wanted = _wanted(schedule, found, now)
            fresh = since is None or changed_at(engine, schedule) > since
            if fresh and schedule.catch_up != "skip":
                wanted += [it for it in came_late(engine, schedule, now) if it not in wanted]
            done, some, wrong = 0, wanted[:MOST_MISSED], list[str]()
            some += [it for it in wanted[MOST_MISSED:] if it.at == some[-1].at]
            for place in range(0, len(some), MOST_TOGETHER):
                if stopping():
                    return opened + done, problems
                done += _opened(engine, name, schedule, some[place : place + MOST_TOGETHER], wrong)
                fp("after_schedule_open")
            if not found and not fresh:
                engine.lulls[name] = _lull(engine, schedule, kept, now)
        except GuanjiaError as error:  # its calendar cannot be used just now: what is planned meanwhile is caught up
            problems.append(str(error.text.about(setting)))
            continue
        opened += done
        problems += wrong
        if wrong:  # and tried again in the next round; what was opened is not opened again
            continue
        if len(some) < len(wanted):
            engine.store.set_setting(setting, str(some[-1].at))
        elif fresh:
            engine.store.set_setting(setting, str(now))
        elif found:
            engine.store.set_setting(setting, str(found[-1].at))
    return opened, problems


def _lull(engine: Engine, schedule: Schedule, kept: str | None, now: Instant) -> Lull:
    following = planned(engine, schedule, now, now + AHEAD)
    return Lull(kept, now, following[0].at if following else now + AHEAD)


def _wanted(schedule: Schedule, found: Sequence[Planned], now: Instant) -> list[Planned]:
    """What is to be opened of what was planned, row by row: what is late by a minute or more as `catch_up` says."""
    if schedule.catch_up == "all":
        return list(found)
    of_row: dict[str, list[Planned]] = {}
    for it in found:
        of_row.setdefault(it.row, []).append(it)
    wanted = []
    for plan in of_row.values():
        late = plan[:-1] if now - plan[-1].at < MINUTE else plan
        wanted += [it for it in plan if it not in late] or (late[-1:] if schedule.catch_up == "once" else [])
    return sorted(wanted)


def _opened(engine: Engine, name: str, schedule: Schedule, plan: Sequence[Planned], problems: list[str]) -> int:
    """Open these cases, unless there are such already: another worker was quicker, or the clock came by here before, and the
    schedule may have said something else then."""
    commands = [_command(engine, name, schedule, it) for it in plan]
    count = 0
    for command, outcome in zip(commands, engine.execute_many(commands), strict=True):
        if isinstance(outcome, Conflict) and outcome.data.get("key") == command.key:
            continue
        if isinstance(outcome, GuanjiaError):
            problems.append(str(outcome.text.about(str(command.key))))
        else:
            count += not outcome.repeated
    return count


def _command(engine: Engine, name: str, schedule: Schedule, it: Planned) -> Command:
    values: dict[str, Any] = dict(schedule.with_)
    procedure = engine.opening(schedule.open).procedure
    if schedule.each is not None:
        field = next(
            (each for each, about in procedure.fields.items() if about.type == ENTRY and about.of == (schedule.each,)),
            None,
        )
        if field is None:
            raise NotFound(Text(f"流程 {schedule.open} 没有指向台账 {schedule.each} 的字段", f"{schedule.open} has no field that points to the registry {schedule.each}"))  # fmt: skip
        values[field] = it.row
    if schedule.planned is not None:
        day = moment(it.at, engine.zone).date().isoformat()
        values[schedule.planned] = it.at if procedure.fields[schedule.planned].type == "instant" else day
    key = ":".join(filter(None, ("schedule", name, it.row, it.name)))
    return Command("open", schedule.open, values=values, actor=SYSTEM, key=key)


_LOST = Text(
    "上次建单的时间已损坏；从现在起重新计，之前漏下的请手工补建",
    "when it last opened a case is damaged: it counts from now on; open by hand what was missed before",
)


def _since(kept: str | None, now: Instant) -> Instant | None:
    """When the schedule was last looked at; None when that is not known, or cannot be: it lies a day or more ahead of us, and
    to wait for that would be to wait for nothing."""
    known = kept is not None and kept.isascii() and kept.isdigit() and len(kept) < 20
    return int(kept) if known and kept is not None and int(kept) < now + DAY else None
