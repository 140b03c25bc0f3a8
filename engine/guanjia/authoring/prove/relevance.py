"""What of a case can matter to what is asked: the rest of it is not told apart.

From the guards of transitions and the author's properties it is followed back what they read: through the effects that set
it, the clocks that a guard asks for or that move something as they breach, and what those read in turn. What nothing of this
reads (who is told, a clock that only escalates) makes no two cases different. A `Lens` is the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...core import Program
from ...core.parts import BranchProgram, ClockProgram, Conditions, EffectProgram, Node
from ...expressions import Expression
from ...expressions.language import _Built as Built
from ...model.effects import Effect
from .asking import is_open_question

Path = tuple[str, ...]
UNCAPPED = 1_000_000
_CLIMBED = re.compile(r"\bladder\.\w+\.\w+")


@dataclass
class Lens:
    """What is told apart of a case."""

    names: frozenset[str]
    """Every field of the procedure."""
    havoc: bool
    """Whether people may change fields by hand at any time: then no value of a field outlasts a step."""
    fields: set[str] = field(default_factory=set)
    """Fields that something reads."""
    kept: frozenset[str] | None = None
    """Where nobody edits: fields whose values outlast a step, the others may have any; None: all of them."""
    chained: set[str] = field(default_factory=set)
    """Those of them that are read in the step that sets them."""
    settled: set[str] = field(default_factory=set)
    """Those of them that are read at the end of every step."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often something happened, as far as it matters: name -> the number from which on more makes no difference."""
    by: set[str] = field(default_factory=set)
    """Of which happenings it matters who did them."""
    given: set[tuple[str, str]] = field(default_factory=set)
    """Inputs of the past: (action, input)."""
    clocks: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    """Clocks of which something reads how they stand or ended."""
    ladders: set[str] = field(default_factory=set)
    children: set[str] = field(default_factory=set)
    who: set[str] = field(default_factory=set)
    """`assignee`, `opener`, `previous`, `customer`: of whom it matters who they are."""
    assigned: bool = False
    """Whether it matters that anybody is responsible."""
    outcome: bool = False
    hidden: frozenset[str] = frozenset()
    """States inside tracks on which nothing hangs that is asked."""
    mode: bool = False
    coarse: bool = False
    """Whether of what conditions read only fields are told apart: else each may hold or not. So there are more ways than there
    can be: what holds on all of them is proved, and no more is."""
    escalated: bool = False
    """Whether it is told apart that a higher level was told."""
    shown: frozenset[str] = frozenset()
    """Clocks of which every threshold is told apart."""
    moving: frozenset[tuple[str, str]] = frozenset()
    """(trigger, name) of transitions that change something that is told apart."""
    compared: dict[Path, set[Any]] = field(default_factory=dict)
    """The values that a field or an input is compared with."""
    loose: set[Path] = field(default_factory=set)
    """Names that something reads otherwise than by comparing them with fixed values."""

    def told(self) -> tuple[Any, ...]:
        """All that is told apart, but for what happens and makes no difference."""
        sets = (self.fields, self.counts.items(), self.by, self.given, self.clocks, self.judged, self.ladders, self.who)
        return *map(frozenset, sets), self.shown, self.assigned, self.outcome, self.mode

    def tells(self, path: Path, leaf: Built) -> bool:
        """Whether what a name stands for is told apart, as far as this part of a condition reads it."""
        head = path[0]
        if head == "past":
            if path[2] == "input":
                known = self.compared.get(("input", path[3]), set())
                compared = leaf.against is not None and known.issuperset(leaf.against)
                return (path[1], path[3]) in self.given and (compared or not self.coarse)
            if path[2] == "count":
                return self.counts.get(path[1], 0) >= cap_of(leaf)
            return path[1] in (self.by if path[2] == "by" else self.counts)
        if head == "clock":
            return path[1] in self.judged
        if head == "ladder":
            return path[1] in self.ladders or self.escalated
        if head == "child":
            return path[1] in self.children
        if head in ("assignee", "opener", "previous", "customer"):
            return head in self.who or (head == "assignee" and self.assigned and _absent(leaf))
        return bool(getattr(self, head)) if head in ("outcome", "mode") else True


def is_role(word: str) -> bool:
    """Whether several people may be meant by a word of `by`."""
    return word.removesuffix(" for customer") not in ("assignee", "opener", "previous", "customer", "system")


def expressions_of(effects: Iterable[EffectProgram]) -> Iterator[Expression]:
    for effect in effects:
        if effect.when is not None:
            yield effect.when
        if effect.kind != "open":  # what a child is opened with is the child's
            yield from effect.values.values()


def branches_of(program: Program) -> list[BranchProgram]:
    """Every branch once."""
    found = {
        id(branch): branch for table in program.branches.values() for several in table.values() for branch in several
    }
    return [*found.values(), *program.reopen]


def deeds_of(program: Program) -> Iterator[EffectProgram]:
    """Every effect that a step may do, those of clocks left out."""
    for node in program.nodes.values():
        yield from node.entry
        yield from node.exit
    for branch in branches_of(program):
        yield from tuple.__iter__(branch.effects)
    yield from program.on_assign


def lens(
    program: Program,
    claims: Iterable[Expression] = (),
    *,
    havoc: bool = True,
    clocks: Iterable[str] = (),
    ladders: Iterable[str] = (),
    shown: Iterable[str] = (),
    also: Iterable[tuple[str, str]] = (),
    escalated: bool = False,
    coarse: bool = False,
) -> Lens:
    """What matters to where a case goes, to the `claims`, and of these clocks and ladders how they stand.

    Of the clocks `shown` every threshold is kept; `also` are transitions, (trigger, name), that are kept whatever they change.
    """
    found = Lens(frozenset(program.fields), havoc, escalated=escalated, coarse=coarse)
    found.clocks |= set(clocks)
    found.ladders |= set(ladders)
    found.shown = frozenset(shown)
    branches = branches_of(program)
    together: dict[tuple[str, str], list[BranchProgram]] = {}
    for branch in branches:
        together.setdefault((branch.trigger, branch.name), []).append(branch)
    for branch in branches:
        if branch.trigger.startswith("breach:"):
            found.clocks.add(branch.trigger.partition(":")[2])
    for claim in claims:
        _read(found, claim, whole=True)
    found.children |= {
        child.as_ or name
        for effect in deeds_of(program)
        for name, child in (effect.effect.open or {}).items()
        if child.wait
    }
    seen: set[tuple[str, str]] = set()
    kept = set(also)
    while True:
        before = _size(found), len(seen)
        found.chained |= _chained(found, program)
        for key, several in together.items():
            if key not in seen and (key in kept or not all(inert(found, program, branch) for branch in several)):
                seen.add(key)
                for branch in several:
                    _ask(found, branch)
        for effect in deeds_of(program):
            if matters(found, effect.effect):
                for expression in expressions_of((effect,)):
                    _read(found, expression)
        for node in (program.root, *program.nodes.values()):
            for delay in node.delays:
                if delay.at is not None:
                    _dated(found, program, node, delay.at)
        for clock in program.clocks:
            if _moves(found, clock):
                found.clocks.add(clock.name)
            if clock.name in found.clocks:
                if clock.from_clock is not None:
                    found.clocks.add(clock.from_clock)
                for expression in of_clock(clock):
                    _read(found, expression)
                for threshold in clock.thresholds:
                    for effect in threshold.effects:
                        if matters(found, effect.effect):
                            for expression in expressions_of((effect,)):
                                _read(found, expression)
        if (_size(found), len(seen)) == before:
            break
    found.moving = frozenset(seen)
    for effect in (*deeds_of(program), *(e for c in program.clocks for t in c.thresholds for e in t.effects)):
        for name, expression in effect.values.items() if effect.kind == "set" else ():
            for path in expression.paths:
                # What is written there is compared with these in its turn.
                found.compared.setdefault(path, set()).update(found.compared.get((name,), ()))
    return found


def _chained(found: Lens, program: Program) -> set[str]:
    """Fields that a step reads after what it does has set them."""
    read: list[Expression] = []
    for branch in branches_of(program):
        if branch.trigger == "always" or branch.trigger.startswith("signal:"):
            read += [expression for _, expression in branch.guards]
    for node in (program.root, *program.nodes.values()):
        read += [delay.at for delay in node.delays if delay.at is not None]
    for clock in program.clocks:
        if clock.name in found.clocks:
            read += of_clock(clock)
    found.settled |= {path[0] for expression in read for path in expression.paths if len(path) == 1} & found.names
    for effect in deeds_of(program):
        if effect.kind != "set" and matters(found, effect.effect):
            read += expressions_of((effect,))
    return {path[0] for expression in read for path in expression.paths if len(path) == 1} & found.names


def _dated(found: Lens, program: Program, owner: Node, at: Expression) -> None:
    """What an instant reads; not the input of the only action that leads there, for that is given whenever it is asked."""
    before = set(found.given)
    _read(found, at)
    ways = [b for b in branches_of(program) if b.target is not None and owner in b.target.path]
    for action, name in found.given - before:
        several = [branch for branch in branches_of(program) if branch.name == action]
        if all(way.name == action for way in ways) and all(name in branch.asked for branch in several):
            found.given.discard((action, name))


def _ask(found: Lens, branch: BranchProgram) -> None:
    """What decides whether the branch is followed."""
    for _, expression in branch.guards:
        _read(found, expression)
    if found.coarse:
        return
    if not any(is_role(word) for word in branch.by or ("anyone",)):
        found.by |= set(branch.not_by)  # of a role there is always somebody else
    if branch.at_most is not None:
        _count(found, branch.name, branch.at_most)
    found.assigned |= "assignee" in branch.by


def matters(lens: Lens, effect: Effect) -> bool:
    """Whether an effect changes anything that is told apart."""
    if effect.set is not None:
        return not (lens.chained if lens.havoc else lens.fields).isdisjoint(effect.set)
    if effect.assign is not None:
        return lens.assigned or bool(lens.who & {"assignee", "previous"})
    if effect.emit is not None:
        return effect.emit.to == "self"
    if effect.open is not None:
        return any((child.as_ or name) in lens.children for name, child in effect.open.items())
    if effect.extend is not None:
        return False  # more time changes no order that is not tried anyway
    if effect.escalate is not None:
        return (lens.escalated and counts_on(effect)) or effect.escalate.ladder in lens.ladders
    return False


def counts_on(effect: Effect) -> bool:
    """Whether an escalation can be counted on: it happens at any rate, or by fields alone."""
    when = _CLIMBED.sub("", effect.when or "")  # before anybody was told no ladder was climbed
    return "." not in when and "(" not in when


def inert(lens: Lens, program: Program, branch: BranchProgram) -> bool:
    """Whether following a branch changes nothing that is told apart."""
    if branch.target is not None or branch.name in lens.counts or branch.name in lens.by:
        return False
    if any(action == branch.name for action, _ in lens.given):
        return False
    for effect in tuple.__iter__(branch.effects):
        lasting = effect.kind != "set" or not lens.havoc or not lens.settled.isdisjoint(effect.effect.set or {})
        if lasting and matters(lens, effect.effect):
            return False
    for clock in program.clocks:
        heard = clock.name in lens.clocks and any(branch.name in each.names for each in conditions_of(clock))
        if heard:
            return False
    return not any(branch.name in program.ladders[name].acknowledge for name in lens.ladders)


def conditions_of(clock: ClockProgram) -> tuple[Conditions, ...]:
    return clock.start, clock.pause, clock.resume, clock.stop, clock.cancel, clock.reset


def _size(lens: Lens) -> int:
    return sum(
        map(len, (lens.fields, lens.counts, lens.by, lens.given, lens.clocks, lens.ladders, lens.children, lens.who))
    ) + lens.assigned + lens.outcome + sum(lens.counts.values())  # fmt: skip


def _moves(lens: Lens, clock: ClockProgram) -> bool:
    """Whether a threshold of the clock changes what is told apart."""
    if lens.ladders & clock.ladders:
        return True
    return any(
        matters(lens, effect.effect) and (effect.kind != "escalate")
        for threshold in clock.thresholds
        for effect in threshold.effects
    )


def of_clock(clock: ClockProgram) -> Iterator[Expression]:
    for condition in conditions_of(clock):
        yield from condition.expressions
    if clock.from_expression is not None:
        yield clock.from_expression
    pending = list(clock.targets)
    while pending:
        target = pending.pop()
        yield from target.guards
        if target.until is not None:
            yield target.until
        pending += target.earliest


def _count(lens: Lens, name: str, cap: int) -> None:
    lens.counts[name] = max(lens.counts.get(name, 0), cap)


def _read(lens: Lens, expression: Expression, *, whole: bool = False) -> None:
    """What is told apart since an expression reads it. `whole`: also with a coarse lens all of it."""
    some = lens.coarse and not whole and expression.type.kind == "boolean"
    for leaf in leaves(expression.root):
        if is_open_question(leaf):
            # Whatever it reads, it may hold or not; but of what never happened nothing does.
            for path in leaf.paths:
                if path[0] == "past" and path[2] == "at" and not (lens.escalated or some):
                    _count(lens, path[1], 1)
            continue
        for path in leaf.paths:
            if not some or path[0] == "input" or path[0] in lens.names:
                _name(lens, path, leaf)


def leaves(node: Built) -> Iterator[Built]:
    if node.kind in ("and", "or", "not"):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def cap_of(leaf: Built) -> int:
    """From which count on more makes no difference to a comparison."""
    against = () if leaf.against is None else leaf.against
    numbers = (int(value) + 1 for value in against if isinstance(value, int) or hasattr(value, "as_tuple"))
    return max(numbers, default=UNCAPPED)


def _absent(leaf: Built) -> bool:
    return leaf.source.endswith((" is none", " is defined"))


def _name(lens: Lens, path: Path, leaf: Built) -> None:
    head = path[0]
    if head in ("assignee", "opener", "previous", "customer") and len(path) == 1:
        if _absent(leaf) and head == "assignee":
            lens.assigned = True
        else:
            lens.who.add(head)
    elif head == "outcome" and len(path) == 1:
        lens.outcome = True
    elif head == "mode" and len(path) == 1:
        lens.mode = True
    elif head == "past":
        if path[2] == "count":
            _count(lens, path[1], cap_of(leaf))
        elif path[2] == "by":
            lens.by.add(path[1])
        elif path[2] == "input":
            lens.given.add((path[1], path[3]))
            _compare(lens, ("input", path[3]), leaf)
        else:
            _count(lens, path[1], 1)
    elif head == "clock":
        lens.clocks.add(path[1])
        lens.judged.add(path[1])
    elif head == "ladder":
        lens.ladders.add(path[1])
    elif head == "child":
        lens.children.add(path[1])
    elif head == "input":
        _compare(lens, path, leaf)
    elif len(path) == 1 and head in lens.names:
        lens.fields.add(head)
        _compare(lens, path, leaf)


def _compare(lens: Lens, path: Path, leaf: Built) -> None:
    known = lens.compared.setdefault(path, set())
    if leaf.against is not None:
        known.update(leaf.against)
        if leaf.source.endswith((" is none", " is defined")):
            known.add(None)
    elif leaf.kind != "path":
        lens.loose.add(path)
    if leaf.kind == "path" and leaf.type.kind != "boolean":
        lens.loose.add(path)
