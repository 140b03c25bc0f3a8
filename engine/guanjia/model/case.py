"""A case: one run of a procedure, as a value.

Everything here is frozen and plain, so that a case can be folded from its events, compared, and written as JSON. Field
values are JSON scalars; a personal value is a `Personal` reference (a commitment), never the value itself. Instants are
microseconds (see `guanjia.clock`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from itertools import compress, count
from operator import is_not, itemgetter
from typing import Any, Literal, NamedTuple

from ..clock import Instant
from .event import from_json, to_json
from .frozen import quick

ClockStatus = Literal["running", "paused", "met", "breached", "cancelled", "reset"]


class Limit(NamedTuple):
    """One limit of a clock's target and how much of it is used: microseconds for an amount of time, day-ends for an amount
    of days, an instant for a given one."""

    calendar: str
    unit: Literal["time", "days", "workdays", "instant"]
    given: int
    """What the target says."""
    head: int | None = None
    """Of a time: how much of it is working time, before the rest that is elapsed time; None is all."""
    extra: int = 0
    """What extensions added."""
    used: int = 0
    counting: str = ""
    """How its target has days counted, as JSON; nothing where it is the calendar's way."""

    @property
    def total(self) -> int:
        return self.given + self.extra


@quick(frozen=True, slots=True)
class Clock:
    """One cycle of an SLA clock: an instance of a `Sla`.

    It runs against the limits of its target, each used up to `since`; the first that ends gives `due`, the first instant
    that is too late. `pending` are the thresholds still to come, as (instant, order, name) in that order. While paused
    there is neither.
    """

    name: str
    cycle: int
    status: ClockStatus
    started_at: Instant
    counted_from: Instant
    target: int
    limits: tuple[Limit, ...]
    since: Instant
    due: Instant | None
    pending: tuple[tuple[Instant, int, str], ...] = ()
    fired: tuple[str, ...] = ()
    halted: bool = False
    """Its rules make it stand still."""
    held: bool = False
    """A person made it stand still, until a person lets it go on."""
    pauses: tuple[tuple[Instant, Instant | None], ...] = ()
    """In a cycle that goes on with an earlier one also those of that one, and the time that the case was closed."""
    extended: tuple[tuple[Literal["time", "days", "workdays"], int, str], ...] = ()
    """Extensions given: (unit, value, counted from `due` or `start`)."""
    breached_at: Instant | None = None
    ended_at: Instant | None = None
    provisional: bool = False

    @property
    def open(self) -> bool:
        return self.status in ("running", "paused")

    def to_plain(self) -> dict[str, Any]:
        # Plain tuples: the writer of JSON takes ten times as long over named ones.
        return _plain(self) | {"limits": tuple(tuple(limit) for limit in self.limits)}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Clock:
        values = {**data, "limits": tuple([Limit(*item) for item in data["limits"]])}
        for name in ("pending", "pauses", "extended"):
            if name in data:
                values[name] = tuple(map(tuple, data[name]))
        if "fired" in data:
            values["fired"] = tuple(data["fired"])
        return cls(**values)


@quick(frozen=True, slots=True)
class Delay:
    """An armed delay of a state that the case is in. Leaving the state cancels it."""

    name: str
    state: str
    due: Instant
    order: int
    armed_at: Instant

    def to_plain(self) -> dict[str, Any]:
        return _plain(self)


class Told(NamedTuple):
    """A level of a ladder that was told: when, and to whom; nobody where nobody could receive it."""

    level: int
    at: Instant
    to: tuple[str, ...]


@quick(frozen=True, slots=True)
class Climb:
    """One escalation on its way up a ladder: an instance of a `Ladder`, begun by a clock's threshold or by another effect.

    `due` is when the next level is told, after the last one when there is an alarm; None after that, at the end, and while
    the clock that began it is paused. The wait for it counts from `since`, with `used` of it spent before (working microseconds, or day-ends).
    """

    ladder: str
    clock: str | None
    """The clock of which a threshold began it, in its `cycle`: when that ends, so does the climb."""
    cycle: int
    order: int
    started_at: Instant
    since: Instant
    due: Instant | None
    status: Literal["climbing", "paused", "acknowledged", "stopped"] = "climbing"
    used: int = 0
    told: tuple[Told, ...] = ()
    silent: int = 0
    """How many of the last levels are still to be told, all in one message (`catch_up: summary`)."""
    ended_at: Instant | None = None
    ended_by: str | None = None
    """Who acknowledged it."""
    alarmed_at: Instant | None = None
    """When there was an alarm, for nobody had acknowledged the last level, or nobody could receive it."""
    alarmed: tuple[str, ...] = ()
    """Whom the office names for that case, as recipients."""

    @property
    def open(self) -> bool:
        return self.status in ("climbing", "paused")

    @property
    def level(self) -> int:
        """The highest level that was told; 0 before the first."""
        return len(self.told)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who was told, as recipients, in the order in which they were."""
        return tuple(dict.fromkeys((*(who for told in self.told for who in told.to), *self.alarmed)))

    def to_plain(self) -> dict[str, Any]:
        return _plain(self)

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Climb:
        told = tuple(Told(level, at, tuple(to)) for level, at, to in data.get("told", ()))
        return cls(**{**data, "told": told, "alarmed": tuple(data.get("alarmed", ()))})


@quick(frozen=True, slots=True)
class Past:
    """What is remembered of an action, a signal, a delay or a state: how often, and the last time when, by whom, with what."""

    count: int
    at: Instant
    by: str
    input: Mapping[str, Any] = field(default_factory=dict)
    through: str | None = None
    """Who really did it, in the name of `by`."""

    def to_plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"count": self.count, "at": self.at, "by": self.by}
        if self.input:
            plain["input"] = self.input
        if self.through:
            plain["through"] = self.through
        return plain

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Past:
        return cls(data["count"], data["at"], data["by"], data.get("input", {}), data.get("through"))


@dataclass(frozen=True)
class Case:
    """A case at one moment: the fold of its events. `seq` is the number of the last of them, and its version."""

    id: str
    number: str
    site: str
    procedure: str
    version: str
    mode: str | None
    seq: int
    opened_at: Instant
    changed_at: Instant
    opener: str
    states: tuple[str, ...] = ()
    """The active innermost states, in the order written: one, or one of each track."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, Any] = field(default_factory=dict)
    """Of fields that point to a row of a registry: what that said then, as {of, version, values}."""
    crossed: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds of counts that this case was the one to reach, `<count>.<number>` -> [by what it is alike, when]."""
    assignee: str | None = None
    handlers: tuple[str, ...] = ()
    """Everybody who was ever responsible, the latest last."""
    customer: str | None = None
    kin: tuple[str, ...] = ()
    """Staff whose own case it is, where its procedure has a conflict of interest in that: its customer, or of the household."""
    closed_at: Instant | None = None
    outcome: str | None = None
    parent: str | None = None
    children: Mapping[str, str] = field(default_factory=dict)
    """Name -> id of the cases that this one opened."""
    waits: tuple[str, ...] = ()
    """Children that must be closed before this case may finish."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Other cases that this one has to do with: id -> what they are to each other."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """The case that it goes on in, id -> number: it is closed, and nothing wakes it."""
    codes: Mapping[str, Instant] = field(default_factory=dict)
    """One-time codes by which its customer may answer, and until when: digest -> instant."""
    absorbed: Mapping[str, str] = field(default_factory=dict)
    """Cases that go on in this one: id -> number. Their customers are told what its own customer is told."""
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    """The present or last cycle of each clock that ever started."""
    cycles: tuple[Clock, ...] = ()
    """Earlier, finished cycles; they never change again."""
    delays: Mapping[str, Delay] = field(default_factory=dict)
    """By `<state>.<name>`."""
    climbs: Mapping[str, Climb] = field(default_factory=dict)
    """The present or last climb by `<ladder>.<clock>`, or `<ladder>` where no clock began it."""
    past: Mapping[str, Past] = field(default_factory=dict)
    history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each compound state that was left: the innermost states it was left in."""
    escalated: tuple[str, ...] = ()
    unassigned: str | None = None
    """The role, team or person who was to become responsible when nobody could; None once somebody is."""
    hold: str | None = None
    """Why its personal data stays although its time may be over; None where nothing keeps it."""

    @property
    def previous(self) -> str | None:
        """Who was responsible before the present assignee."""
        return next((who for who in reversed(self.handlers) if who != self.assignee), None)

    def changed(self, **changes: Any) -> Case:
        """The same case with these attributes; `dataclasses.replace` without its cost, which every event would pay."""
        other = object.__new__(Case)
        object.__setattr__(other, "__dict__", {**self.__dict__, **changes})
        return other

    @property
    def finished(self) -> bool:
        return self.closed_at is not None

    def to_plain(self) -> dict[str, Any]:
        """The case as JSON can hold it; what is at its default is left out."""
        own = self.__dict__
        return {name: _part(name, own[name]) for name in _NAMES if _told(name, own[name])}

    def text(self) -> str:
        """The plain form as JSON: the snapshot. What a step left as it was is not made plain anew: it is kept, with the very
        values that it is of, and handed on by `changed`."""
        own = self.__dict__
        values = _VALUES(own)
        before, plain = own.get("_kept", _NOTHING)
        plain, added = dict(plain), False
        for place in compress(count(), map(is_not, values, before)):
            name, value = _NAMES[place], values[place]
            if not _told(name, value):
                plain.pop(name, None)
                continue
            added = added or name not in plain
            plain[name] = _past(value, before[place], plain.get(name)) if name == "past" else _part(name, value)
        if added:
            plain = {name: plain[name] for name in _NAMES if name in plain}
        own["_kept"] = values, plain
        return to_json(plain)

    @classmethod
    def from_text(cls, text: str) -> Case:
        """The case of a snapshot."""
        plain = from_json(text)
        case = cls.from_plain(plain)
        case.__dict__["_kept"] = _VALUES(case.__dict__), plain
        return case

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Case:
        """The case that `to_plain` wrote."""
        values = {**_BLANK, **data}
        if len(values) != len(_NAMES) or not data.keys() >= _ALWAYS:
            raise ValueError(f"a case has {', '.join(_NAMES)}, and not {', '.join(data)}")
        for name, read in _READ.items():
            if name in data:
                values[name] = read(data[name])
        case = object.__new__(cls)
        object.__setattr__(case, "__dict__", values)
        return case


_NAMES = tuple(item.name for item in dataclasses.fields(Case))
_VALUES = itemgetter(*_NAMES)
_NOTHING: Any = [object()] * len(_NAMES), {}
_ALWAYS = frozenset(item.name for item in dataclasses.fields(Case) if item.default is MISSING is item.default_factory)
"""What is written of a case even when it is none: it has no default."""
_BLANK = {
    item.name: item.default if item.default_factory is MISSING else item.default_factory()
    for item in dataclasses.fields(Case)
}


def _each(read: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda plain: {name: read(item) for name, item in plain.items()}


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("states", "escalated", "handlers", "waits", "kin"), tuple),
    "clocks": _each(Clock.from_plain),
    "cycles": lambda plain: tuple(map(Clock.from_plain, plain)),
    "delays": _each(lambda plain: Delay(**plain)),
    "climbs": _each(Climb.from_plain),
    "past": _each(Past.from_plain),
    "history": _each(tuple),
}
"""How what is more than JSON is read from it."""
_NESTED = frozenset({"clocks", "delays", "climbs", "past"})


def _told(name: str, value: Any) -> bool:
    return bool(value) or name in _ALWAYS or (value is not None and value not in ((), {}))


def _part(name: str, value: Any) -> Any:
    if name in _NESTED:
        return {key: inner.to_plain() for key, inner in value.items()}
    return [inner.to_plain() for inner in value] if name == "cycles" else value


def _past(past: Mapping[str, Past], known: Any, plain: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is remembered, as JSON can hold it; what is the same as was known is as it was."""
    if plain is None:
        return {name: item.to_plain() for name, item in past.items()}
    return {name: plain[name] if item is known.get(name) else item.to_plain() for name, item in past.items()}


_DEFAULTS: dict[type, tuple[tuple[str, Any], ...]] = {}


def _plain(value: Any) -> dict[str, Any]:
    """A value as JSON can hold it, what is at its default left out."""
    defaults = _DEFAULTS.get(type(value))
    if defaults is None:
        defaults = _DEFAULTS[type(value)] = tuple(
            (item.name, item.default_factory() if callable(item.default_factory) else item.default)
            for item in dataclasses.fields(value)
            if item.init
        )
    out: dict[str, Any] = {}
    for name, default in defaults:
        item = getattr(value, name)
        if item is not default and item != default:
            out[name] = item
    return out


def latest_climb(case: Case, ladder: str) -> Climb | None:
    """Of several climbs of a ladder the one that goes on counts, then the one that began last."""
    climbs = [climb for climb in case.climbs.values() if climb.ladder == ladder]
    return max(climbs, key=lambda item: (item.open, item.started_at), default=None)


def due_things(case: Case) -> Iterator[tuple[Instant, int, str, str]]:
    """Everything in a case that time will do: (instant, order as written, "delay" | "clock" | "climb", key).

    The key is `<state>.<delay>`, `<clock>.<threshold>`, or that of the climb.
    """
    for key, delay in case.delays.items():
        yield delay.due, delay.order, "delay", key
    for clock in case.clocks.values():
        if clock.status == "running" and clock.pending:
            at, order, threshold = clock.pending[0]
            yield at, order, "clock", f"{clock.name}.{threshold}"
    for key, climb in case.climbs.items():
        if climb.due is not None:
            yield climb.due, climb.order, "climb", key


def next_due(case: Case) -> Instant | None:
    """The next instant at which time changes this case by itself; None when nothing will. The one indexed column."""
    if case.closed_at is not None:
        return None
    soonest = [clock.pending[0][0] for clock in case.clocks.values() if clock.pending and clock.status == "running"]
    if case.delays:
        soonest += [delay.due for delay in case.delays.values()]
    if case.climbs:
        soonest += [climb.due for climb in case.climbs.values() if climb.due is not None]
    return min(soonest, default=None)
