"""The pieces of a compiled procedure: what a `Program` is made of, and what the core looks at while a case moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..calendars import Amount, Calendar
from ..expressions import Expression
from ..model.effects import Effect
from ..model.node import Guard
from ..model.procedure import Branch, Delay, Ladder, Sla, State


@dataclass(eq=False, slots=True)
class Node:
    """A state in its place. `kind`: root, compound, parallel, track, simple, final, history."""

    name: str
    kind: str
    state: State
    parent: Node | None
    index: int
    """Position in the order written, outer before inner."""
    children: list[Node] = field(default_factory=list)
    entry: tuple[EffectProgram, ...] = ()
    exit: tuple[EffectProgram, ...] = ()
    delays: tuple[DelayProgram, ...] = ()
    path: tuple[Node, ...] = ()
    """From the root down to this node, both included."""
    remembers: bool = False
    """Whether a history of it leads back to where it was left."""
    finishes: bool = False
    """Whether a case that is here is finished."""

    @property
    def leaf(self) -> bool:
        return not self.children and self.kind in ("simple", "final", "track", "root")


class NoticeProgram(NamedTuple):
    template: str
    to: tuple[str, ...]
    channel: tuple[str, ...]
    given: tuple[tuple[str, Expression], ...]
    more: Mapping[str, Any]
    """What else the event says of it: its urgency, where it has one of its own."""


@dataclass(frozen=True, slots=True)
class EffectProgram:
    kind: str
    effect: Effect
    when: Expression | None
    values: Mapping[str, Expression]
    """Expressions inside the effect, by the name they stand under."""
    notices: tuple[NoticeProgram, ...] = ()
    """What `notify` tells."""


@dataclass(eq=False, slots=True)
class BranchProgram:
    """One branch under one trigger of one state. `owner` is the state that declares it.

    What every attempt asks of the branch lies here in the open: an attribute of a model costs seven times as much.
    """

    trigger: str
    """`act:accept`, `signal:paid`, `delay:<state>.<name>`, `breach:<clock>`, `always`, `reopen`."""
    name: str
    owner: Node
    target: Node | None
    branch: Branch
    guards: tuple[tuple[Guard, Expression], ...]
    effects: tuple[EffectProgram, ...]
    within: Amount | None = None
    way: tuple[Node, tuple[Node, ...]] | None = None
    """The state inside which it happens and the states entered, where neither depends on the case."""
    by: tuple[str, ...] = ()
    proxies: bool = False
    """Whether some of `by` act for somebody else only."""
    not_by: tuple[str, ...] = ()
    at_most: int | None = None
    require: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    """The inputs that must be given."""
    defaults: Mapping[str, bool | int | str] = field(default_factory=dict)
    """What inputs are that were not given."""
    undo: int | None = None
    """How long it may be taken back, in microseconds; None: as long as the procedure says."""


@dataclass(frozen=True, slots=True)
class DelayProgram:
    key: str
    name: str
    owner: Node
    order: int
    delay: Delay
    amount: Amount | None
    at: Expression | None
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Conditions:
    """A clock's condition: names (states, actions, signals, `open`) and expressions; any one is enough."""

    names: frozenset[str]
    expressions: tuple[Expression, ...]

    def __bool__(self) -> bool:
        return bool(self.names or self.expressions)


@dataclass(frozen=True, slots=True)
class TargetProgram:
    guards: tuple[Expression, ...]
    amount: Amount | None
    head: int | None
    """Of an amount of time: how much of it is working time, where the rest is not."""
    until: Expression | None
    earliest: tuple[TargetProgram, ...]
    calendar_name: str
    counting: str
    """As `Limit` has it."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """`80%` (share 0.8), `due` (offset 0), `due + 30m` (offset in time or days of the clock's calendar)."""

    name: str
    order: int
    share: int | None
    """In hundredths of a percent: 8000 is 80 %."""
    offset: Amount | None
    sign: int
    effects: tuple[EffectProgram, ...]


@dataclass(frozen=True, slots=True)
class ClockProgram:
    name: str
    sla: Sla
    start: Conditions
    pause: Conditions
    resume: Conditions
    stop: Conditions
    cancel: Conditions
    reset: Conditions
    from_name: str | None
    from_clock: str | None
    """The clock from whose beginning, and without whose pauses, it counts."""
    from_expression: Expression | None
    targets: tuple[TargetProgram, ...]
    thresholds: tuple[Threshold, ...]
    by_name: Mapping[str, Threshold]

    @property
    def looks(self) -> bool:
        """Whether some expression of it is read."""
        conditions = (self.start, self.pause, self.resume, self.stop, self.cancel, self.reset)
        return self.varies or self.from_expression is not None or any(each.expressions for each in conditions)

    @property
    def ladders(self) -> frozenset[str]:
        """Those that its thresholds begin to climb."""
        begun = (effect.effect.escalate for threshold in self.thresholds for effect in threshold.effects)
        return frozenset(escalate.ladder for escalate in begun if escalate is not None and escalate.ladder is not None)

    @property
    def varies(self) -> bool:
        """Whether what happens to a case can change the target that applies."""
        return len(self.targets) > 1 or self.targets[0].amount is None or bool(self.targets[0].guards)


@dataclass(frozen=True, slots=True)
class LadderProgram:
    name: str
    order: int
    ladder: Ladder
    calendar: Calendar
    waits: tuple[Amount | None, ...]
    """For each level how long after the one before; the first has none."""
    alarm: Amount
    """How long after the last."""
    acknowledge: frozenset[str]
