"""What a case of the model (model.py) is made of, and what is asked and answered. A clock is the list of stretches in which it ran;
its deadline is looked for from the beginning whenever somebody asks."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tests.runtime.model_time import DAY, Hours

T = TypeVar("T")


def copied(it: T) -> T:
    """A copy that shares nothing with it; `copy.deepcopy` takes several times as long."""
    made: T = pickle.loads(pickle.dumps(it, pickle.HIGHEST_PROTOCOL))
    return made


LIVES_HERE = {"agent.li": "c-3"}
"""Who of the staff is in the register too."""
STAFF = {"agent.wang": "agent", "agent.li": "agent", "supervisor.zhao": "supervisor", "manager.sun": "manager"}
TEAMS = {"front": ("agent.wang", "manager.sun")}
RIGHTS = {"supervisor": {"backdate", "assign", "edit", "clocks"}, "manager": {"calendar", "privacy"}}

if TYPE_CHECKING:
    from tests.runtime.model_step import Step


class Target(NamedTuple):
    unit: str  # "time" | "days"
    amount: int
    calendar: str = "hours"


class Rule(NamedTuple):
    """A clock as the procedure has it."""

    targets: tuple[tuple[Callable[[Case], bool], Target], ...]
    at: tuple[tuple[str, Callable[[Hours, Clock, Target], int | None], Callable[[Step], None]], ...]
    start: frozenset[str]
    stop: Callable[[Case, set[str]], bool]
    cancel: frozenset[str] = frozenset()
    reset: frozenset[str] = frozenset()
    pause: Callable[[Case, set[str], bool], bool] = lambda case, happened, halted: False
    on_reopen: str = "new"
    manual: bool = True
    pausable: bool = True


@dataclass
class Clock:
    name: str
    cycle: int
    started: int
    target: int
    ran: list[list[int | None]]
    """[from, until] in which it ran; the last is open while it runs."""
    first_day: date
    status: str = "running"
    extra: int = 0
    fired: set[str] = field(default_factory=set)
    halted: bool = False
    held: bool = False
    breached_at: int | None = None
    ended_at: int | None = None
    by_closing: bool = False

    @property
    def open(self) -> bool:
        return self.status in ("running", "paused")

    @property
    def pauses(self) -> list[tuple[int, int | None]]:
        """When it stood still, the last for how long nobody knows yet."""
        ends = [*(begun for begun, _ in self.ran[1:]), self.ended_at]
        return [
            (until, end) for (_, until), end in zip(self.ran, ends, strict=True) if until is not None and until != end
        ]


@dataclass
class Climb:
    clock: str
    order: int
    cycle: int
    told: list[tuple[str, ...]]
    since: int
    used: int = 0
    status: str = "climbing"
    alarmed: bool = False

    @property
    def open(self) -> bool:
        return self.status in ("climbing", "paused")


class Event(NamedTuple):
    type: str
    name: str
    actor: str
    occurred_at: int
    recorded_at: int


class Message(NamedTuple):
    """A notification, as far as docs/ say what it is."""

    case: str
    seq: int
    template: str
    recipient: str
    recorded: bool
    urgency: str = "normal"
    person: str = ""
    """Who is to be left in peace; nobody where it is for the staff, or urgent."""
    until: int = 0
    """From when on it may leave."""
    put_off: bool = False
    left: tuple[int, int] | None = None
    """When it left, and in which parcel."""
    sealed: bool = False
    """Under the key of its case, for something personal lay there when it was written."""
    destroyed: bool = False
    """Its text is gone with that key."""
    asks: bool = False
    """Its customer is told of it only where they agreed, by the time at which it leaves too."""
    behind: bool = False
    """Another one of its line left then too, before it and not in the same parcel: then it may have left by itself."""

    @property
    def waits(self) -> bool:
        return self.left is None and not self.recorded and self.template != "-"


class No(Exception):
    """Refused; the engine may name any of these codes."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = frozenset(codes)


@dataclass
class Case:
    number: str
    procedure: str
    opened_at: int
    opener: str
    customer: str | None
    mode: str | None
    calendar: str
    suspended: tuple[str, ...]
    fields: dict[str, Any]
    phone: str | None = None
    reached: bool = False
    """It says how to reach its customer, though that may have been destroyed."""
    personal: list[tuple[str, str]] = field(default_factory=list)
    """All that lies sealed: what it is, and what it says"""
    kin: tuple[str, ...] = ()
    """Of the staff whose own home it is of."""
    keyed: bool = False
    """It has a key, for something of it is sealed: that, or what its customer was told."""
    begun: int = 0
    """How many events it had as the present transaction began."""
    states: tuple[str, ...] = ()
    assignee: str | None = None
    closed_at: int | None = None
    outcome: str | None = None
    parent: str | None = None
    made_by: str | None = None
    """which case opened it, wherever it is put later"""
    merged: str | None = None
    withdrawn: list[int] = field(default_factory=list)
    """which messages a merging kept back"""
    absorbed: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)
    """one-time codes that are good: which -> until when"""
    held: bool = False
    crossed: list[tuple[str, int]] = field(default_factory=list)
    """where it was the third of a crowd, and when"""
    unreached: list[list[str]] = field(default_factory=list)
    """Rooms of which the register had nobody, time by time."""
    children: dict[str, str | None] = field(default_factory=dict)
    clocks: dict[str, Clock] = field(default_factory=dict)
    cycles: list[Clock] = field(default_factory=list)
    delays: dict[str, tuple[int, int]] = field(default_factory=dict)
    """state.name -> (due, from where it counts)"""
    climbs: dict[str, Climb] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    left_in: str | None = None
    events: list[Event] = field(default_factory=list)
    changed_at: int = 0
    last: Last | None = None

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    @property
    def crowd(self) -> str | None:
        """The place by which it counts as one of a crowd."""
        counts = self.procedure == "request" and self.mode is None and self.fields.get("priority") == "usual"
        return self.fields.get("place") if counts else None

    def within(self, state: str) -> bool:
        return state in self.states or any(ABOVE.get(leaf) == state for leaf in self.states)


@dataclass
class Last:
    """What somebody did last, and the case before it."""

    name: str
    seq: int
    actor: str
    until: int
    before: Case
    over: bool = False
    """It cannot be taken back any more: something has happened since, or it set off other cases."""


@dataclass(frozen=True)
class Who:
    id: str
    kind: str = "staff"
    coded: str = ""
    """The case of which he has a code."""

    @property
    def role(self) -> str:
        return STAFF.get(self.id, "") if self.kind == "staff" else ""

    def may(self, right: str) -> bool:
        return self.kind == "system" or right in RIGHTS.get(self.role, ())

    @property
    def recipient(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Who("system", "system")
ABOVE = {"working": "handling", "waiting": "handling"} | dict.fromkeys(
    ("looking", "passed", "unpaid", "settled"), "checking"
)


def reached(hours: Hours, clock: Clock, unit: str, amount: int) -> int | None:
    """The instant at which so much of a clock was or will be used; none while it stands still before that."""
    left = amount
    last = clock.ran[-1][0]
    for since, until in clock.ran:
        assert since is not None
        assert last is not None
        if unit == "time":
            used = None if until is None else hours.between(since, until)
            if used is None and left < 0:  # late before the last pause, which moves the deadline on all the same
                return hours.sub(since, -left)
            if used is None or (used >= left and clock.ran[-1][1] is not None):
                return hours.add(since, left)
            left -= used
        elif until is None and left <= 0:
            ends = [end for end in hours.day_ends(since - 90 * DAY, date.min) if end <= since]
            return ends[left - 1]
        else:
            for end in hours.day_ends(since, clock.first_day):
                if until is not None and end > until:
                    break
                left -= 1
                if left == 0 and clock.ran[-1][1] is not None:
                    return end
                if left == 0 and until is None:
                    return end
    return None


class Item(NamedTuple):
    kind: str
    since: int
    sender: str
    receiver: str | None
    name: str
    urgency: str = "normal"


@dataclass(frozen=True)
class Ask:
    """A command."""

    kind: str
    name: str = ""
    case: str | None = None
    who: Who = SYSTEM
    values: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    at: int | None = None
    reason: str | None = None
    expect: int | None = None
    mode: str | None = None
    customer: str | None = None


class Done(NamedTuple):
    number: str
    events: tuple[Event, ...]
    repeated: bool = False
