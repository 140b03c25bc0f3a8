"""Escalation by levels: a climb tells one level of its ladder after the other, for as long as nobody acknowledges.

A climb is data of its case, and its next level a due thing like any delay, so that it comes at its own instant however late
the worker is. It belongs to the clock of which a threshold began it: the wait stands still while that clock is paused, and
the climb ends with the clock's cycle. An acknowledgement ends the climb and leaves the clock alone. A level that nobody can
receive is recorded and passed at once. What comes after the last level is an alarm: told to whom the office names for it,
and a fact of the case for as long as nobody acknowledges.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..calendars import Amount
from ..clock import Instant
from ..model.case import Case, Climb, Told
from ..model.event import Actor

if TYPE_CHECKING:
    from .parts import LadderProgram
    from .step import Step


def begin(step: Step, ladder: LadderProgram) -> None:
    """Begin to climb, unless the same cause is climbing this ladder already. The first level is due now."""
    key = f"{ladder.name}.{step.clock}" if step.clock else ladder.name
    known = step.climbs.get(key)
    if known is not None and known.open:
        return
    cycle = step.clocks[step.clock].cycle if step.clock else 0
    _put(step, key, Climb(ladder.name, step.clock, cycle, ladder.order, step.now, step.now, step.now))


def climb(step: Step, key: str) -> None:
    """Tell the level that is due; after the last, that nobody acknowledged."""
    here = step.climbs[key]
    ladder = step.program.ladders[here.ladder]
    if here.level >= len(ladder.waits):
        _put(step, key, _alarm(step, key, ladder, here))
        return
    level = ladder.ladder.levels[here.level]
    people = step.recipients(level.to)
    told = Told(here.level + 1, step.now, people)
    here = replace(here, told=(*here.told, told), silent=here.silent + 1, since=step.now, used=0)
    here = replace(here, due=_due(ladder, here))
    if people:
        step.data.setdefault("escalated", []).extend(level.to)
    # The worker is late and more is due by now: `summary` tells it all with the last.
    more = here.due is not None and here.due <= step.facts.given.get("recorded", step.now)
    _put(step, key, here if more and ladder.ladder.catch_up == "summary" else _tell(step, key, ladder, here))


def _alarm(step: Step, key: str, ladder: LadderProgram, here: Climb) -> Climb:
    """Nobody acknowledged at the top, or nobody was there: whoever the office names for that is told of all of it."""
    step.data["unanswered" if here.told[-1].to else "alarm"] = ladder.name
    people = step.recipients(step.facts.need("alarm"))
    levels = [told.level for told in here.told if told.level <= len(ladder.waits)]
    about = {"key": key, "levels": levels, "alarm": True}
    step.tell(ladder.ladder.template, people, climb=about, urgency="urgent")
    return replace(_tell(step, key, ladder, here), due=None, alarmed_at=step.now, alarmed=people)


def follow(step: Step) -> None:
    """What the step means for each climb: acknowledged by one of its actions, ended or paused with its clock."""
    for key, here in list(step.climbs.items()):
        if here.open:
            after = _followed(step, key, here)
            if after is not here:
                _put(step, key, after)


def move(step: Step) -> dict[str, Instant | None]:
    """Count the waits for next levels anew by the rules that the case came under, and end climbs that they do not have. Gives
    when each level that moved was due before."""
    was: dict[str, Instant | None] = {}
    for key, here in list(step.climbs.items()):
        if not here.open:
            continue
        after, ladder = _followed(step, key, here), step.program.ladders.get(here.ladder)
        if ladder is not None and after.open:
            due = _due(ladder, after)
            after = replace(after, order=ladder.order, due=None if due is None else max(due, step.now))
        if after != here:
            was[key] = here.due
            _put(step, key, after)
    return was


def acknowledge(step: Step, keys: Iterable[str]) -> None:
    """Somebody who was told has taken note."""
    for key in keys:
        here = step.climbs[key]
        _put(step, key, _end(step, key, here, "acknowledged"))


def told_to(case: Case, actor: Actor) -> tuple[str, ...]:
    """The climbs that go on and of which the actor was told."""
    who = "customer" if actor.kind == "customer" else f"staff:{actor.id}"
    return tuple(key for key, here in case.climbs.items() if here.open and who in here.people)


def _followed(step: Step, key: str, here: Climb) -> Climb:
    ladder = step.program.ladders.get(here.ladder)
    if ladder is None:
        return _end(step, key, here, "stopped")
    if key in step.case.climbs and not ladder.acknowledge.isdisjoint(step.occurred):
        return _end(step, key, here, "acknowledged")
    if step.data.get("closed"):
        return _end(step, key, here, "stopped")
    if here.clock is None:
        return here
    clock = step.clocks.get(here.clock)
    if clock is None or not clock.open or clock.cycle != here.cycle:
        return _end(step, key, here, "stopped")
    if clock.status == "paused" and here.status == "climbing":
        here = replace(here, status="paused", used=_used(ladder, here, step.now))
        return _tell(step, key, ladder, replace(here, due=_due(ladder, here)))
    if clock.status == "running" and here.status == "paused":
        here = replace(here, status="climbing", since=step.now)
        return replace(here, due=_due(ladder, here))
    return here


def _end(step: Step, key: str, here: Climb, status: Literal["acknowledged", "stopped"]) -> Climb:
    by = step.see.actor.id if status == "acknowledged" else None
    ladder = step.program.ladders.get(here.ladder)
    if ladder is not None:
        here = _tell(step, key, ladder, here)
    return replace(here, status=status, due=None, ended_at=step.now, ended_by=by)


def _tell(step: Step, key: str, ladder: LadderProgram, here: Climb) -> Climb:
    """Tell the people of the levels that have not been told yet; each of them once."""
    if not here.silent:
        return here
    levels = here.told[-here.silent :]
    people = dict.fromkeys(who for level in levels for who in level.to)
    more: dict[str, Any] = {} if ladder.ladder.urgency is None else {"urgency": ladder.ladder.urgency}
    step.tell(ladder.ladder.template, people, climb={"key": key, "levels": [level.level for level in levels]}, **more)
    return replace(here, silent=0)


def _put(step: Step, key: str, here: Climb) -> None:
    step.climbs[key] = here
    step.data.setdefault("climbs", {})[key] = here.to_plain()


def _due(ladder: LadderProgram, here: Climb) -> Instant | None:
    """When the next level is told, or the alarm after the last. The first is told at once, and so is what comes after a level
    that nobody received."""
    if here.alarmed_at is not None:
        return None
    wait = _wait(ladder, here)
    if wait is None or not here.told or not here.told[-1].to:
        return here.since
    if here.status == "paused":
        return None
    left = wait.value - here.used
    if wait.unit == "time":
        return ladder.calendar.add(here.since, left)
    return ladder.calendar.after(_days_from(ladder, here), Amount(wait.unit, left), first_day_counts=True)


def _used(ladder: LadderProgram, here: Climb, now: Instant) -> int:
    """How much of the wait for the next level is over."""
    wait = _wait(ladder, here)
    if wait is None or not here.told or here.alarmed_at is not None:
        return 0
    if wait.unit == "time":
        return here.used + ladder.calendar.between(here.since, now)
    return here.used + ladder.calendar.days_between(
        _days_from(ladder, here), now, working=wait.unit == "workdays", first_day_counts=True
    )


def _wait(ladder: LadderProgram, here: Climb) -> Amount | None:
    """How long after the level told last the next one is, or the alarm."""
    return ladder.waits[here.level] if here.level < len(ladder.waits) else ladder.alarm


def _days_from(ladder: LadderProgram, here: Climb) -> Instant:
    """From when ends of days count. What was told as a day ended belongs to that day."""
    return ladder.calendar.counts_from(here.told[-1].at - 1, here.since)
