"""A procedure version, compiled: what `decide` runs.

Compiling turns text into values once: expressions into closures, durations into amounts, calendars into arithmetic, and the
statechart into one flat `transitions` machine over its innermost states. Nesting is flattened here: a trigger that an outer
state declares is given to every innermost state below it, after that state's own (inner wins over outer, branches as
written). The machine only selects a branch; which states are left and entered is computed by `core.step`. A `Program` is
never changed after compiling and serves any number of threads.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from .. import calendars as working_time, expressions
from ..calendars import Amount, Calendar
from ..expressions import Expression
from ..model import scope as scopes
from ..model.case import Limit
from ..model.effects import CHOICES, Effect
from ..model.procedure import (
    ENTRY,
    NEVER,
    Branch,
    Counting,
    Delay,
    Field,
    Ladder,
    Procedure,
    Reopen,
    Sla,
    State,
    Target,
)
from ..model.suspension import as_written, kept_for
from ..model.version import Version
from ..values import CONVERTED
from .parts import (
    BranchProgram,
    ClockProgram,
    Conditions,
    DelayProgram,
    EffectProgram,
    LadderProgram,
    Node,
    NoticeProgram,
    TargetProgram,
    Threshold,
)


class _Calendars(dict[str, Calendar]):
    """By name. A finished cycle may name one that an earlier version kept for its clock alone: the plain one answers for it."""

    def __missing__(self, name: str) -> Calendar:
        plain = as_written(name)
        if plain == name:
            raise KeyError(name)
        return self[plain]


class Program:
    """One version of a procedure, ready to run."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.procedure: Procedure = version.procedure
        self.hash = version.hash
        self.fields: Mapping[str, Field] = self.procedure.fields
        self.entries = {name: item.of[0] for name, item in self.fields.items() if item.type == ENTRY}
        """Fields that point to a row: name -> registry."""
        self.columns = {name: self.procedure.columns(name) for name in self.entries}
        self.converted = frozenset(name for name, item in self.fields.items() if item.type in CONVERTED)
        self.calendars = _Calendars(
            {name: working_time.compile_calendar(data) for name, data in version.calendars.items()}
        )
        self._counted: dict[tuple[str, str], Calendar] = {}
        self.nodes: dict[str, Node] = {}
        self._order = 0
        self._plain_scope: dict[frozenset[str], expressions.Scope] = {}
        self.root = self._node(self.procedure.procedure, self.procedure, None, "root")
        self.clocks = tuple(self._clock(name, sla) for name, sla in self.procedure.sla.items())
        self.clock_by_name = {clock.name: clock for clock in self.clocks}
        self.rises = any(clock.start.expressions or clock.reset.expressions for clock in self.clocks)
        """Whether some clock begins as an expression becomes true."""
        dated = any(delay.at is not None for node in (self.root, *self.nodes.values()) for delay in node.delays)
        self.looks = dated or any(clock.looks for clock in self.clocks)
        """Whether some clock or dated delay reads an expression once a step is done."""
        counts = self.procedure.counts.items()
        self.wheres = {name: self._expression(count.where, {}) for name, count in counts if count.where is not None}
        self.crossings = {
            name: {int(number): self._effects(effects) for number, effects in count.at.items()}
            for name, count in counts
        }
        self.ladders = {name: self._ladder(name, ladder) for name, ladder in self.procedure.ladders.items()}
        self.on_assign = self._effects(self.procedure.on_assign)
        self.on_merge = self._effects(self.procedure.on_merge)
        self.undo = _window(self.procedure.undo)
        self.branches: dict[str, dict[str, list[BranchProgram]]] = {}
        self._wire()
        self.reopen = tuple(self._branch("reopen", "reopen", self.root, item) for item in self.procedure.reopen)
        self.machine = self._machine()
        self.inputs = self._inputs()
        self.readers = {name: field.read for name, field in self.fields.items() if field.read}
        self.writers = {name: field.write for name, field in self.fields.items() if field.write}
        inputs = (field for asked in self.inputs.values() for field in asked.values())
        self.open_to_all = not self.readers and not any(field.read for field in inputs)
        """Whether everybody who sees a case sees all values in it."""
        self.rooms = tuple(name for name, field in self.fields.items() if field.type == "room")
        self.marks: dict[tuple[str, ...], str] = {}
        """What the states of a case say of who sees it (`marks.py`)."""

    # -- what others ask of it

    def calendar(self, name: str | None) -> Calendar:
        return self.calendars[name or self.procedure.calendar]

    def calendar_of(self, limit: Limit) -> Calendar:
        """The calendar of a clock's limit, its days counted as the limit has them."""
        if not limit.counting:
            return self.calendars[limit.calendar]
        key = (limit.calendar, limit.counting)
        if key not in self._counted:
            self._counted[key] = self.calendars[limit.calendar].counted(json.loads(limit.counting))
        return self._counted[key]

    def counted_by(self, calendar: str, clock: str) -> str:
        """The calendar that a clock counts by where its rules name this one: its own while a suspension covers it."""
        plain = as_written(calendar)
        own = kept_for(plain, clock)
        return own if own in self.calendars else plain

    def node(self, name: str) -> Node:
        """The state of this name; the procedure's own name is the root."""
        return self.nodes.get(name, self.root)

    def leaves_below(self, node: Node) -> Iterator[Node]:
        if node.leaf:
            yield node
        for child in node.children:
            yield from self.leaves_below(child)

    def triggers_of(self, leaves: tuple[str, ...]) -> dict[str, list[BranchProgram]]:
        """Every trigger that has a branch in these innermost states, outer ones included."""
        found: dict[str, list[BranchProgram]] = {}
        for leaf in leaves:
            for trigger, branches in self.branches.get(leaf, {}).items():
                kept = found.setdefault(trigger, [])
                kept.extend(branch for branch in branches if branch not in kept)
        return found

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Every action of the procedure, in the order written."""
        names = dict.fromkeys(
            branch.name
            for by_trigger in self.branches.values()
            for trigger, branches in by_trigger.items()
            if trigger.startswith("act:")
            for branch in branches
        )
        return (*names, *(["reopen"] if self.reopen else []))

    @cached_property
    def signals(self) -> frozenset[str]:
        return frozenset(
            trigger.removeprefix("signal:")
            for by_trigger in self.branches.values()
            for trigger in by_trigger
            if trigger.startswith("signal:")
        )

    @cached_property
    def heard(self) -> frozenset[str]:
        """Every name that some clock listens to."""
        conditions = (
            (clock.start, clock.pause, clock.resume, clock.stop, clock.cancel, clock.reset) for clock in self.clocks
        )
        return frozenset(name for each in conditions for condition in each for name in condition.names)

    # -- compiling

    def _node(self, name: str, state: State, parent: Node | None, kind: str) -> Node:
        node = Node(name, kind, state, parent, len(self.nodes))
        node.path = (*parent.path, node) if parent else (node,)
        if kind != "root":
            self.nodes[name] = node
        for child_name, child in state.states.items():
            node.children.append(self._node(child_name, child, node, child.kind))
        for child_name, child in state.tracks.items():
            node.children.append(self._node(child_name, child, node, "track"))
        node.finishes = kind == "final" and parent is not None and parent.kind == "root"
        node.remembers = any(child.kind == "history" for child in node.children)
        node.entry = self._effects(state.entry)
        node.exit = self._effects(state.exit)
        node.delays = tuple(self._delay(node, delay_name, delay) for delay_name, delay in state.after.items())
        return node

    def _wire(self) -> None:
        """Give every innermost state the triggers of itself and of the states around it, inner ones first."""
        declared: dict[str, list[tuple[str, list[BranchProgram]]]] = {}
        for node in (self.root, *self.nodes.values()):
            state, own = node.state, declared.setdefault(node.name if node is not self.root else "", [])
            for prefix, table in (("act", state.transitions), ("signal", state.signals), ("breach", state.breach)):
                for name, branches in table.items():
                    own.append(
                        (f"{prefix}:{name}", [self._branch(f"{prefix}:{name}", name, node, b) for b in branches])
                    )
            for delay in node.delays:
                trigger = f"delay:{delay.key}"
                own.append((trigger, [self._branch(trigger, delay.name, node, b) for b in delay.delay.branches]))
            if state.always:
                own.append(("always", [self._branch("always", node.name, node, b) for b in state.always]))
        for leaf in self.leaves_below(self.root):
            if leaf.finishes:
                continue
            reached: dict[str, list[BranchProgram]] = {}
            for node in reversed(leaf.path):
                for trigger, compiled in declared["" if node is self.root else node.name]:
                    reached.setdefault(trigger, []).extend(compiled)
            self.branches[leaf.name] = reached

    def _machine(self) -> Any:
        from .machine import machine  # a command that only lists cases does without it

        return machine(self.branches, [leaf.name for leaf in self.leaves_below(self.root)])

    def _branch(self, trigger: str, name: str, owner: Node, branch: Branch) -> BranchProgram:
        target = self.nodes[branch.to] if branch.to else None
        within = branch.within if isinstance(branch, Reopen) else None
        return BranchProgram(
            trigger, name, owner, target, branch,
            tuple((guard, self._expression(guard.that, branch.input)) for guard in branch.guard),
            self._effects(branch.do, branch.input),
            working_time.parse_amount(within) if within else None,
            by=branch.by, proxies=any(" for " in word for word in branch.by), not_by=self._not_by(name, branch), at_most=branch.at_most,
            require=branch.require, asked=tuple(name for name, item in branch.input.items() if item.required),
            defaults={
                name: item.default if isinstance(item.default, bool | int) else str(item.default)
                for name, item in branch.input.items()
                if item.default is not None
            },
            undo=_window(branch.undo),
        )  # fmt: skip

    def _not_by(self, name: str, branch: Branch) -> tuple[str, ...]:
        """Whoever took one of these actions may not take this one: by the branch, and by the four eyes of the procedure."""
        others = (
            action
            for sides in self.procedure.four_eyes
            for side in sides
            if name not in side and any(name in own for own in sides)
            for action in side
        )
        return tuple(dict.fromkeys((*branch.not_by, *others)))

    def _effects(
        self, effects: tuple[Effect, ...], inputs: Mapping[str, Field] | None = None
    ) -> tuple[EffectProgram, ...]:
        return tuple(self._effect(effect, inputs or {}) for effect in effects)

    def _effect(self, effect: Effect, inputs: Mapping[str, Field]) -> EffectProgram:
        texts: dict[str, str] = {}
        if effect.notify is not None:
            texts = {f"{name}.{key}": text for name, to in effect.notify.items() for key, text in to.with_.items()}
        elif effect.assign is not None:
            asked = effect.assign
            chosen = None if asked.choose in CHOICES else asked.choose
            given = {"person": asked.person, "speaks": asked.speaks, "choose": chosen}
            texts = {key: text for key, text in given.items() if text is not None}
        elif effect.set is not None:
            fields = self.procedure.fields
            texts = {name: str(value) for name, value in effect.set.items() if fields[name].is_computed(value)}
        elif effect.open is not None:
            texts = {f"{name}.{key}": text for name, child in effect.open.items() for key, text in child.with_.items()}
            texts |= {f"{name}:households": child.households for name, child in effect.open.items() if child.households}
        values = {name: self._expression(text, inputs, None) for name, text in texts.items()}
        return EffectProgram(
            effect.kind, effect, self._expression(effect.when, inputs) if effect.when else None, values,
            tuple(
                NoticeProgram(
                    name, to.to, to.channel, tuple((key, values[f"{name}.{key}"]) for key in to.with_),
                    {"urgency": to.urgency} if to.urgency else {},
                )
                for name, to in (effect.notify or {}).items()
            ),
        )  # fmt: skip

    def _delay(self, owner: Node, name: str, delay: Delay) -> DelayProgram:
        span = delay.delay or delay.every
        self._order += 1
        return DelayProgram(
            f"{owner.name}.{name}", name, owner, 1_000_000 + self._order, delay,
            working_time.parse_amount(span) if span else None,
            self._expression(delay.at, {}, "instant") if delay.at else None,
            self.calendar(delay.calendar).counted(_choices(delay.counting)),
        )  # fmt: skip

    def _clock(self, name: str, sla: Sla) -> ClockProgram:
        thresholds = []
        for key, effects in sla.at.items():
            self._order += 1
            thresholds.append(_threshold(key, self._order, self._effects(effects)))
        if not any(item.name == "due" for item in thresholds):
            self._order += 1
            thresholds.append(_threshold("due", self._order, ()))
        from_name = sla.from_ if sla.from_ and (sla.from_ == "open" or sla.from_ in self._names) else None
        from_clock = sla.from_clock
        return ClockProgram(
            name, sla,
            self._conditions(sla.start), self._conditions(sla.pause), self._conditions(sla.resume),
            self._conditions(sla.stop), self._conditions(sla.cancel), self._conditions(sla.reset),
            from_name,
            from_clock,
            self._expression(sla.from_, {}, "instant") if sla.from_ and not from_name and not from_clock else None,
            tuple(self._target(name, sla, target) for target in sla.target),
            tuple(thresholds),
            {item.name: item for item in thresholds},
        )  # fmt: skip

    def _ladder(self, name: str, ladder: Ladder) -> LadderProgram:
        self._order += 1
        alarm = ladder.alarm or ladder.levels[-1].wait or "1h"
        return LadderProgram(
            name, 2_000_000 + self._order, ladder, self.calendar(ladder.calendar),
            tuple(working_time.parse_amount(level.wait) if level.wait else None for level in ladder.levels),
            working_time.parse_amount(alarm), frozenset(ladder.acknowledge),
        )  # fmt: skip

    def _target(self, clock: str, sla: Sla, target: Target) -> TargetProgram:
        calendar = self.counted_by(target.calendar or sla.calendar or self.procedure.calendar, clock)
        return TargetProgram(
            tuple(self._expression(guard.that, {}) for guard in target.guard),
            *_within(target),
            self._expression(target.until, {}, "instant") if target.until else None,
            tuple(self._target(clock, sla, item) for item in target.earliest),
            calendar,
            target.counting.text if target.counting else "",
        )

    def _conditions(self, words: tuple[str, ...]) -> Conditions:
        names = frozenset(word for word in words if word.isidentifier() and (word == "open" or word in self._names))
        return Conditions(names, tuple(self._expression(word, {}) for word in words if word not in names))

    @cached_property
    def _names(self) -> frozenset[str]:
        """States, actions and signals: one name space."""
        found = set(self.nodes)
        for node in (self.procedure, *(state for _, state, _ in self.procedure.walk())):
            found |= set(node.transitions) | set(node.signals)
        return frozenset(found | ({"reopen"} if self.procedure.reopen else set()))

    def _expression(self, text: str, inputs: Mapping[str, Field], expect: str | None = "boolean") -> Expression:
        key = frozenset(inputs)
        scope = self._plain_scope.get(key)
        if scope is None or inputs:
            scope = expressions.scope_of(scopes.names_of(self.procedure, inputs))
            self._plain_scope[key] = scope
        return expressions.parse(text, scope, expect=expect)

    def _inputs(self) -> dict[tuple[str, str], dict[str, Field]]:
        """What may come with an action or signal, by (kind, name): the inputs of all its branches."""
        found: dict[tuple[str, str], dict[str, Field]] = {}
        for state in (self.procedure, *(state for _, state, _ in self.procedure.walk())):
            for kind, table in (("act", state.transitions), ("signal", state.signals)):
                for name, branches in table.items():
                    for branch in branches:
                        found.setdefault((kind, name), {}).update(branch.input)
        for branch in self.procedure.reopen:
            found.setdefault(("act", "reopen"), {}).update(branch.input)
        return found


def _choices(counting: Counting | None) -> dict[str, Any] | None:
    return counting.model_dump(exclude_none=True) if counting else None


def _within(target: Target) -> tuple[Amount | None, int | None]:
    if target.within is None:
        return None, None
    amount = working_time.parse_amount(target.within)
    if target.then is None:
        return amount, None
    return Amount("time", amount.value + working_time.parse_amount(target.then).value), amount.value


def _threshold(key: str, order: int, effects: tuple[EffectProgram, ...]) -> Threshold:
    """`key` has been checked by the language: `80%`, `due`, `due + 30m`, `due - 1 workday`."""
    text = key.strip()
    if text.endswith("%"):
        whole, _, part = text[:-1].strip().partition(".")
        return Threshold(key, order, int(whole) * 100 + int(part.ljust(2, "0")[:2] or 0), None, 1, effects)
    if text == "due":
        return Threshold("due", order, None, Amount("time", 0), 1, effects)
    sign = -1 if "-" in text else 1
    return Threshold(key, order, None, working_time.parse_amount(text[3:].strip().lstrip("+-").strip()), sign, effects)


_compiled: dict[str, Program] = {}
_lock = threading.Lock()


def compile(version: Version) -> Program:
    """The program of a version, compiled once for each hash."""
    program = _compiled.get(version.hash)
    if program is None:
        with _lock:
            program = _compiled.setdefault(version.hash, Program(version))
    return program


def _window(written: str | None) -> int | None:
    """How long something may be taken back, in microseconds of elapsed time."""
    return None if written is None else 0 if written == NEVER else working_time.parse_amount(written).value
