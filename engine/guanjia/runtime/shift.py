"""What a shift leaves to the next: what happened to cases while it ran, what is still open and pressing, and words for the next.

Words for the next are of no case, and stand in the office's own stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ..clock import HOUR, MINUTE, Instant, instant
from ..errors import NotFound, Refused, Text
from ..model.event import Actor, Event
from ..people.duty import Turn
from ..store.interface import Query, Row
from . import stream
from .unsaid import kept

if TYPE_CHECKING:
    from .engine import Engine

USUAL = 12 * HOUR
"""How far it goes back for whoever stands in no roster."""
LONGEST = 7 * 24 * HOUR
"""How far a turn of a shift is looked for."""
PAGE = 200
MOST_WORDS = 1000
"""Characters of words for the next."""


class Span(NamedTuple):
    """From when to when, and which shift that is; None where it is none."""

    since: Instant
    until: Instant
    shift: str | None = None


class Passed(NamedTuple):
    """A case to which something happened."""

    row: Row
    events: Sequence[Event]


def of_shift(engine: Engine, shift: str) -> Span:
    """The turn of a shift that runs, else the one that ended last. NotFound, or Refused (`nobody`) where there was none for a week."""
    duty, now = engine.organisation.duty, engine.clock.now()
    if shift not in duty.shifts:
        known = list(duty.shifts)
        raise NotFound(
            Text(f"没有班次“{shift}”。", f"There is no shift {shift!r}."),
            Text(f"有：{'、'.join(known) or '—'}", f"There are: {', '.join(known) or 'none'}"), known=known,
        )  # fmt: skip
    for step in range(2 * LONGEST // HOUR):
        for turn in duty.at(now - step * HOUR // 2):
            if turn.shift == shift:
                return _span(engine, turn)
    raise Refused("nobody", Text(f"一周内没有“{shift}”这一班。", f"There was no shift {shift} within a week."))


def of_person(engine: Engine, actor: Actor) -> Span:
    """The turn in which somebody works now; the last half day where he is in none."""
    now = engine.clock.now()
    mine = next(
        (turn for turn in engine.organisation.duty.at(now) if actor.id in turn.staff and not turn.on_call), None
    )
    return Span(now - USUAL, now) if mine is None else _span(engine, mine)


def _span(engine: Engine, turn: Turn) -> Span:
    duty, now = engine.organisation.duty, engine.clock.now()
    midnight = instant(datetime.combine(turn.day, time(), ZoneInfo(duty.zone)))
    windows = duty.hours(turn.shift)
    return Span(midnight + windows[0][0] * MINUTE, min(now, midnight + windows[-1][1] * MINUTE), turn.shift)


def passed(engine: Engine, span: Span, *, actor: Actor | None = None) -> Iterator[Passed]:
    """The cases to which something happened in that time, the latest first, with what it was; drills left out. With an actor as he sees
    them, without those that he does not."""
    now, offset = engine.clock.now(), 0
    end = span.until if span.until < now else now + 1  # while it runs, what happens this very instant is its own
    while rows := engine.list(Query(open=None, order="changed", limit=PAGE, offset=offset), actor=actor):
        for row in rows:
            if row.columns.changed_at < span.since:
                return
            events = [event for event in engine.history(row.id, actor=actor) if span.since <= event.occurred_at < end]
            if events:
                yield Passed(row, events)
        offset += PAGE


def words(engine: Engine, since: Instant) -> Sequence[Event]:
    """Words that shifts left for the next, from an instant on, the oldest first."""
    return [event for event in engine.log() if event.type == "left_word" and event.recorded_at >= since]


def leave(engine: Engine, actor: Actor, text: str) -> Event:
    """Leave words for the next shift; numbers and names of residents are masked in them."""
    said = text.strip()
    if actor.kind != "staff":
        raise Refused("role", Text("交班留言只能由工作人员写。", "Only staff leave words for the next shift."))
    if not 0 < len(said) <= MOST_WORDS:
        raise Refused(
            "field", Text(f"留言为 1 到 {MOST_WORDS} 个字。", f"Words for the next have 1 to {MOST_WORDS} characters.")
        )
    happened = stream.Happened("left_word", "", {"text": kept(engine, said)})
    return engine.record([happened], by=actor.id)[-1]
