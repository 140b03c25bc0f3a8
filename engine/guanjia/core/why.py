"""`account(program, events, name, now)`: why a deadline falls where it does, read from the history alone.

A clock's account says from when it counts, which target holds and why none before it, when it ran and when it stood still
and what made it do so, which days counted, and how that adds up to its due instant. Everything here is data; the command
line puts it into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ..calendars import Calendar, Counting, Day
from ..clock import Instant
from ..errors import NotFound, Text
from ..expressions import Part
from ..model.case import Case, Climb, Clock, Limit
from ..model.event import SYSTEM, Event
from ..model.suspension import as_written
from . import clocks, limits
from .evolve import evolve
from .options import clocks_meant
from .parts import ClockProgram
from .program import Program
from .surroundings import Facts, NeedFact, Surroundings

TurnKind = Literal[
    "started", "paused", "resumed", "aimed", "extended", "moved", "reached", "overtaken", "met", "breached", "cancelled", "reset",
    "climbed", "alarmed", "acknowledged", "undone",
]  # fmt: skip


class Turn(NamedTuple):
    """One thing that happened to the clock or to an escalation that it began, and the event that made it happen. `detail` is the
    threshold, target or amount."""

    kind: TurnKind
    at: Instant
    event: Event
    detail: str = ""


class Spent(NamedTuple):
    """A local day in which the clock ran, and what it used of the limit there."""

    day: Day
    used: int


class Stretch(NamedTuple):
    """A time in which the clock ran or stood still. `until` is the due instant or the end; None while it stands still yet.

    `used` is what it used of the limit that decides there: microseconds, or day-ends.
    """

    running: bool
    since: Instant
    until: Instant | None
    used: int
    days: tuple[Spent, ...]


class Considered(NamedTuple):
    """A target in the order written. `failing` are the parts of its guard that do not hold; `chosen`, that it counts."""

    written: str
    calendar: str
    guard: str
    failing: tuple[Part, ...]
    chosen: bool
    standards: tuple[str, ...] = ()
    """Those of the office that it keeps."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of one cycle. `limit` is the one of the clock's that ends first, and so decides; `ends`, where each does.

    `carried` is what was used of it before: under an earlier target or calendar, or in an earlier cycle.
    """

    clock: Clock
    kind: str
    zone: str
    counted_from: str
    """The `from` of the clock as written; "" where counting begins at the start."""
    limit: Limit
    ends: tuple[Instant, ...]
    targets: tuple[Considered, ...]
    turns: tuple[Turn, ...]
    stretches: tuple[Stretch, ...]
    carried: int
    counting: Counting
    """How the days of that limit are counted."""


def account(
    program: Program,
    events: Sequence[Event],
    name: str,
    now: Instant,
    personal: Mapping[str, Any],
    cycle: int | None = None,
) -> Account:
    """The account of the clock's cycle (None: the latest). NotFound lists the clocks, or says that it never started."""
    definition = program.clock_by_name.get(name)
    if definition is None:
        raise NotFound(
            Text(f"没有时钟“{name}”。", f"There is no clock {name!r}."), clocks_meant(program, name),
            clock=name, known=[clock.name for clock in program.clocks],
        )  # fmt: skip
    turns: dict[int, list[Turn]] = {}
    latest: dict[int, Clock] = {}
    case: Case | None = None
    seen: Clock | None = None
    judged: Case | None = None
    for event in events:
        before, case = case, evolve(case, event)
        for clock in _of(case, before, name):
            if cycle is not None and clock.cycle != cycle:
                continue
            found = _turns(latest.get(clock.cycle), clock, event, definition)
            turns.setdefault(clock.cycle, []).extend(found)
            seen, judged = clock, case
            latest[clock.cycle] = clock
        if seen is not None:
            turns[seen.cycle].extend(_climbed(seen, event))
            if event.type == "undone" and name not in case.clocks:  # its start was taken back
                del turns[seen.cycle], latest[seen.cycle]
                seen = None
    assert case is not None
    if seen is None or judged is None:
        raise NotFound(
            Text(f"时钟“{name}”没有启动过。", f"The clock {name!r} has not started.")
            if cycle is None
            else Text(f"时钟“{name}”没有第 {cycle} 轮。", f"The clock {name!r} has no cycle {cycle}."),
            clock=name,
        )
    # The targets of a running clock are read anew after every step, so they are explained by the case as it is now.
    at = now if seen.open else judged.changed_at
    see = Surroundings(program, case if seen.open else judged, at, SYSTEM, Facts(_facts(events)), personal)
    see.clock = name
    standing = clocks.measured(program, seen, now) if seen.status == "paused" else seen
    ends = tuple(limits.due(limit, program.calendar_of(limit), clocks.run_of(standing)) for limit in seen.limits)
    limit = seen.limits[ends.index(min(ends))]
    calendar = program.calendar_of(limit)
    here = limits.measure(limit, calendar, seen.counted_from, seen.pauses, seen.ended_at or seen.since).used
    return Account(
        seen, definition.sla.kind, calendar.zone, definition.sla.from_ or "", limit, ends,
        _considered(definition, see, seen), tuple(turns[seen.cycle]), _stretches(seen, limit, calendar, now, limit.used - here), limit.used - here,
        calendar.counting,
    )  # fmt: skip


def _of(case: Case, before: Case | None, name: str) -> list[Clock]:
    """What this event made of the clock: a finished cycle that made room, and the present one, where they changed."""
    earlier = [clock for clock in case.cycles[len(before.cycles) if before else 0 :] if clock.name == name]
    present = case.clocks.get(name)
    if present is None or (before is not None and before.clocks.get(name) is present):
        return earlier
    return [*earlier, present]


def _turns(before: Clock | None, after: Clock, event: Event, definition: ClockProgram) -> list[Turn]:
    at = event.occurred_at
    found: list[Turn] = []

    def turn(kind: TurnKind, detail: str = "") -> None:
        found.append(Turn(kind, at, event, detail))

    if before is None:
        turn("started")
        before = after
    elif event.type == "undone":
        return [Turn("undone", at, event)]
    if "version" in event.data:
        turn("moved")
    elif before.target != after.target or [_given(it) for it in before.limits] != [_given(it) for it in after.limits]:
        turn("aimed", definition.sla.on_change)
    for unit, value, origin in after.extended[len(before.extended) :]:
        turn("extended", f"{value} {unit} {origin}")
    fired = after.fired[len(before.fired) :]
    for threshold in fired:
        turn("reached" if event.type == "reached" else "overtaken", threshold)
    if len(after.pauses) > len(before.pauses) or (before is after and after.status == "paused"):
        turn("paused")
    elif before.status == "paused" and after.status == "running":
        turn("resumed")
    if before.open and not after.open:
        turn(after.status)  # type: ignore[arg-type]
    return found


def _climbed(clock: Clock, event: Event) -> Iterator[Turn]:
    """What the event made of the escalations that this cycle began: `detail` is the ladder and the level."""
    for plain in event.data.get("climbs", {}).values():
        here = Climb.from_plain(plain)
        if (here.clock, here.cycle) != (clock.name, clock.cycle):
            continue
        if event.type in ("climbed", "alarmed"):
            yield Turn(event.type, event.occurred_at, event, f"{here.ladder} {here.level}")
        elif here.status == "acknowledged":
            yield Turn("acknowledged", event.occurred_at, event, f"{here.ladder} {here.level}")


def _given(limit: Limit) -> Limit:
    return limit._replace(extra=0, used=0)


def _stretches(clock: Clock, limit: Limit, calendar: Calendar, now: Instant, carried: int) -> tuple[Stretch, ...]:
    """When the clock ran and stood still since it counts, up to its due instant or its end."""
    end = clock.due if clock.status == "running" and clock.due is not None else clock.ended_at or now
    spent = limit._replace(used=carried)
    found: list[Stretch] = []
    at = clock.counted_from
    for run, until, paused in limits.runs(clock.counted_from, clock.pauses, end):
        if at < run.since:
            found.append(Stretch(False, at, run.since, 0, ()))
        days = tuple(_days(spent, calendar, run, until, paused=paused, due=until == clock.due))
        used = sum(day.used for day in days)
        spent = spent._replace(used=spent.used + used)
        found.append(Stretch(True, run.since, until, used, days))
        at = until
    if clock.status == "paused" or at < end:
        found.append(Stretch(False, at, None if clock.status == "paused" else end, 0, ()))
    return tuple(found)


def _days(
    spent: Limit, calendar: Calendar, run: limits.Run, until: Instant, *, paused: bool, due: bool
) -> Iterator[Spent]:
    if spent.unit in ("time", "instant"):
        for day in calendar.days(run.since, until):
            after = limits.spend(spent, calendar, run._replace(since=day.since), day.until)
            yield Spent(day, after.used - spent.used)
            spent = after
        return
    # The last day of all counts although it may close before it ends.
    counts_until = calendar.end_of_day(until - 1) if due else calendar.counts_until(until) if paused else until
    left = max(0, spent.total - spent.used) if due else None
    for day in calendar.days(
        run.since, until, "days" if spent.unit == "days" else "workdays",
        counts_from=calendar.counts_from(*run), counts_until=counts_until, at_most=left,
    ):  # fmt: skip
        yield Spent(day, int(day.counted))


def _considered(definition: ClockProgram, see: Surroundings, clock: Clock) -> tuple[Considered, ...]:
    found = []
    for place, (target, written) in enumerate(zip(definition.targets, definition.sla.target, strict=True)):
        failing: list[Part] = []
        if place < clock.target:
            for guard in target.guards:
                try:
                    if not guard.evaluate(see):
                        failing.extend(guard.explain(see))
                except NeedFact:
                    continue
        guards = " and ".join(guard.source for guard in target.guards)
        found.append(
            Considered(
                _written(written),
                as_written(target.calendar_name),
                guards,
                tuple(failing),
                place == clock.target,
                tuple(dict.fromkeys(part.standard for part in (written, *written.earliest) if part.standard)),
            )
        )
        if place == clock.target:
            break
    return tuple(found)


def _written(target: Any) -> str:
    if target.within is not None:
        return f"{target.within}, then {target.then}" if target.then else str(target.within)
    if target.until is not None:
        return f"until {target.until}"
    return "earliest: " + ", ".join(_written(part) for part in target.earliest)


def _facts(events: Sequence[Event]) -> dict[str, Any]:
    """The facts that the history recorded, the latest of each."""
    known: dict[str, Any] = {}
    for event in events:
        known |= event.data.get("facts", {})
    return known
