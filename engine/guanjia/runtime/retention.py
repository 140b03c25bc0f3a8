"""Retention: what is personal in closed cases goes when its time is over, by procedure and by field.

The time runs from the closing. It is the one that the procedure's file gives now, for the office's rule holds for whatever it
still keeps; where a procedure is gone, that of the case's own version. Each case is forgotten, as a whole or some fields of it,
by a command of its own; so whoever is broken off begins again where he was, and cases on hold are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import Instant
from ..core import Program
from ..errors import Conflict, GuanjiaError, Text
from ..model.event import PERSONAL, Actor, Command, Event, is_personal
from ..model.retention import Period
from ..store.interface import Query, Row, Store
from .sealing import left

if TYPE_CHECKING:
    from .engine import Engine

TOGETHER = 50
"""Cases that are forgotten under one commit."""

PAGE = 500
"""Closed cases that are looked at in one step."""


@dataclass(frozen=True, slots=True)
class Rules:
    """For how long a procedure keeps what is personal."""

    after: Period | None
    """All of it; None where no time is given."""
    fields: Mapping[str, Period] = field(default_factory=dict)
    """What goes sooner, by the name of a field or input."""

    @classmethod
    def of(cls, program: Program) -> Rules:
        procedure = program.procedure
        asked = [named for inputs in program.inputs.values() for named in inputs.items()]
        own = {name: it.retention for name, it in [*asked, *procedure.fields.items()] if it.retention is not None}
        whole = procedure.retention
        return cls(
            None if whole is None else Period.parse(whole.after),
            {name: Period.parse(text) for name, text in own.items()},
        )


class Due(NamedTuple):
    """A closed case in which something has been kept for its time."""

    case: str
    number: str
    procedure: str
    fields: tuple[str, ...]
    """What goes; nothing here is everything."""
    since: Instant
    """When the first of it was over."""
    held: bool
    """It is on hold, and keeps all."""


def rules(engine: Engine, row: Row, known: dict[str, Rules]) -> Rules:
    """Those that hold for a case now."""
    name = row.columns.procedure
    key = name if name in engine.openable() else row.columns.version
    if key not in known:
        known[key] = Rules.of(engine.opening(name) if key == name else engine.compiled(key))
    return known[key]


def due(engine: Engine, progress: Callable[[int], None] | None = None) -> Iterator[Due]:
    """Every closed case in which something is to go now."""
    known: dict[str, Rules] = {}
    now, place, seen = engine.clock.now(), 0, set()
    while rows := engine.store.list(Query(open=False, mode=None, order="opened", limit=PAGE, offset=place)):
        place += len(rows)
        for row in rows:
            if row.id not in seen and (found := _due(engine, row, rules(engine, row, known), now)) is not None:
                seen.add(row.id)  # a case that is closed meanwhile pushes others on to the next page
                yield found
        if progress is not None:
            progress(place)


def _due(engine: Engine, row: Row, rules: Rules, now: Instant) -> Due | None:
    closed, zone = row.columns.closed_at, engine.zone
    if closed is None:
        return None
    whole = None if rules.after is None else rules.after.over(closed, zone)
    over = {name: at for name, period in rules.fields.items() if (at := period.over(closed, zone)) <= now}
    if whole is not None and whole <= now:
        if not left(engine.store, row.id):
            return None
        names: tuple[str, ...] = ()
    else:
        names = tuple(named(engine.store, row.id, over)) if over else ()
        if not names:
            return None
    since = min([over[name] for name in names] or [whole or now])
    return Due(row.id, row.columns.number, row.columns.procedure, names, since, engine.case(row.id).hold is not None)


def named(store: Store, case: str, names: Mapping[str, Any] | Sequence[str]) -> dict[str, set[str]]:
    """The commitments of what these fields and inputs of a case have ever held and still hold, by name."""
    kept = {commitment for commitment, _, _ in store.sealed(case)}
    found: dict[str, set[str]] = {}
    if not kept:
        return found
    for row in store.events(case):
        data = Event.from_text(row.text).data
        for name, value in [*data.get("set", {}).items(), *data.get("input", {}).items()]:
            if name in names and is_personal(value) and value[PERSONAL] in kept:
                found.setdefault(name, set()).add(value[PERSONAL])
    return found


def remaining(store: Store, case: str, names: Sequence[str], held: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is personal in a case beside these fields: (commitment, salt, value as JSON text). `held` is what a transaction sees
    there; Conflict where a command of the same commit has just brought something that cannot be seen from beside it yet."""
    rows, gone = store.sealed(case), set().union(*named(store, case, names).values())
    if {commitment for commitment, _, _ in rows} != set(held):
        raise Conflict(Text("工单正在被改动。", "The case is just being changed."), again=True)
    return [row for row in rows if row[0] not in gone]


def run(
    engine: Engine, items: Sequence[Due], actor: Actor, progress: Callable[[int], None] | None = None
) -> tuple[int, list[tuple[Due, Text]]]:
    """Let it go, many cases to a commit; how many cases, and which were refused and why. Those on hold are passed over."""
    items = [item for item in items if not item.held]
    done, refused = 0, []
    for at in range(0, len(items), TOGETHER):
        batch = items[at : at + TOGETHER]
        for item, outcome in zip(batch, engine.execute_many([_command(item, actor) for item in batch]), strict=True):
            if isinstance(outcome, GuanjiaError):
                refused.append((item, outcome.text))
            else:
                done += 1
        if progress is not None:
            progress(at + len(batch))
    return done, refused


def _command(item: Due, actor: Actor) -> Command:
    values = {"fields": list(item.fields)} if item.fields else {}
    return Command("forget", "", item.case, values, actor, reason="保存期满 / kept for its time")
