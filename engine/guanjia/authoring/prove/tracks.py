"""Tracks and histories: what of one is asked for in another, and what of it need not be told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ...core import Program
from ...core.parts import BranchProgram, Node
from ...expressions import Expression
from ...expressions.language import _Built as Built
from .relevance import Lens, branches_of, conditions_of, expressions_of, matters, of_clock

_ALONE = re.compile(r"in_state\('([^']*)'\)")
_STATES = re.compile(r"\b(?:done|in_state)\('([^']*)'\)")


def asks_of_tracks(program: Program, lens: Lens, claims: Iterable[Expression] = ()) -> dict[str, set[str]]:
    """For each outermost track, and for all outside of them (""), which other tracks what happens there hangs on."""

    def track(node: Node) -> str:
        return next((above.name for above in node.path if above.kind == "track"), "")

    happens: dict[str, set[str]] = {}
    for node in program.nodes.values():
        happens.setdefault(node.name, set()).add(track(node))
        if node.kind == "parallel":
            happens[node.name] |= {child.name for child in node.children if track(child) == child.name}
    asked: dict[str, set[str]] = {name: {""} for below in happens.values() for name in below} | {"": set()}
    several = [b for b in branches_of(program) if (b.trigger, b.name) in lens.moving]
    heard: dict[str, set[str]] = {}
    for branch in several:
        happens.setdefault(branch.name, set()).add(track(branch.owner))
        heard.setdefault(branch.trigger, set()).add(track(branch.owner))

    def reads(expressions: Iterable[Expression]) -> set[str]:
        found: set[str] = set()
        for expression in expressions:
            names = {path[1] for path in expression.paths if path[0] == "past"} | set(
                _STATES.findall(expression.source)
            )
            found = found.union(*(happens.get(name, set()) for name in names))
        return found

    for branch in several:
        here = track(branch.owner)
        asked[here] |= reads(expression for _, expression in branch.guards)
        asked[here] |= reads(expressions_of(tuple.__iter__(branch.effects)))
        asked[here] = asked[here].union(*(happens.get(name, set()) for name in branch.not_by))
        if (branch.target is not None and track(branch.target) != here) or (branch.branch.reenter and not here):
            asked[""].add(here)
    deeds = [(node, effect) for node in program.nodes.values() for effect in (*node.entry, *node.exit)]
    deeds += [(branch.owner, effect) for branch in several for effect in tuple.__iter__(branch.effects)]
    for node, effect in deeds:
        asked[track(node)] |= reads(expressions_of((effect,)))
        if matters(lens, effect.effect) and effect.kind not in ("set", "escalate"):
            signal = None if effect.effect.emit is None else effect.effect.emit.signal
            for other in heard.get(f"signal:{signal}", {""}) if signal else {""}:
                asked[other].add(track(node))
    for clock in program.clocks:
        if clock.name in lens.clocks:
            asked[""] |= reads(of_clock(clock))
            names = {name for condition in conditions_of(clock) for name in condition.names} | set(clock.sla.runs_in)
            asked[""] = asked[""].union(*(happens.get(name, set()) for name in names))
    for trigger, owners in heard.items():
        if trigger != "always":
            for owner in owners - {""}:
                asked[owner] |= owners
    asked[""] |= reads(claims)
    return asked


def onward(program: Program, lens: Lens, claims: Iterable[Expression] = ()) -> dict[str, str]:
    """Innermost states of tracks that an action may leave at once, since nobody can tell whether it was taken: state -> action.

    What else could happen from there can happen from where it leads, to the same end. So the orders in which several tracks
    get there need not all be tried.
    """
    told = {name for claim in claims for name in _STATES.findall(claim.source)}
    for branch in branches_of(program):
        for expression in (*(guard for _, guard in branch.guards), *expressions_of(tuple.__iter__(branch.effects))):
            told |= {name for word, name in re.findall(r"\b(in_state)\('([^']*)'\)", expression.source)}
    for clock in program.clocks:
        if clock.name in lens.clocks:
            told |= {name for condition in conditions_of(clock) for name in condition.names} | set(clock.sla.runs_in)
    told |= lens.counts.keys() | lens.by | {action for action, _ in lens.given}
    found = {}
    for leaf, table in program.branches.items():
        here = program.nodes[leaf]
        if here.entry or here.exit or here.delays or leaf in told or not any(n.kind == "track" for n in here.path):
            continue
        own = [(trigger, b) for trigger, several in table.items() for b in several if b.owner is here]
        for trigger, branch in own:
            there = branch.target
            if not trigger.startswith("act:") or there is None or there.parent is not here.parent or not there.leaf:
                continue
            if there.kind != "simple" or there.name in told or branch.name in told or there.entry or there.delays:
                continue
            free = all(path[0] == "input" or path[0] in lens.names for _, g in branch.guards for path in g.paths)
            ends = {b.target for several in program.branches[there.name].values() for b in several} | {there}
            others = [b for _, b in own if b is not branch]
            if free and not tuple.__len__(branch.effects) and branch.at_most is None and all(
                b.target in ends and not tuple.__len__(b.effects) and b.name not in told for b in others
            ):  # fmt: skip
                found[leaf] = branch.name
                break
    return found


def hide(program: Program, asked: Mapping[str, set[str]], seeds: Iterable[str]) -> frozenset[str]:
    """The states inside tracks of which these do not hang on any."""
    needed, pending = set[str](), ["", *seeds]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += asked.get(name, ())
    return frozenset(
        node.name
        for node in program.nodes.values()
        if (above := next((each.name for each in node.path if each.kind == "track"), "")) and above not in needed
    )


def remembered(program: Program) -> dict[str, frozenset[str]]:
    """For each state to which a history leads back: the innermost states in which it matters where it was left. It does not where
    it is sure to be entered, and so left, before the history is asked."""
    ways = _ways(program)
    found = {}
    for node in program.nodes.values():
        if not node.remembers:
            continue
        inside = {below.name for below in program.leaves_below(node)}
        asked = {child.name for child in node.children if child.kind == "history"}
        live: set[str] = set()
        while True:
            more = {leaf for leaf, aims in ways.items() if leaf not in inside and aims & (asked | live)}
            if more <= live:
                break
            live |= more
        found[node.name] = frozenset(live)
    return found


def leading(program: Program, claim: Expression) -> frozenset[str]:
    """The innermost states from which a case may come to one in which the claim can hold: all of them, but where it names a state
    that it needs."""
    live = {leaf.name for leaf in program.leaves_below(program.root)}
    for part in _needed(claim.root):
        if (named := _ALONE.fullmatch(part.source.strip())) is not None:
            live &= {leaf.name for leaf in program.leaves_below(program.nodes[named[1]])}
    ways = _ways(program)
    while True:
        more = {leaf for leaf, aims in ways.items() if leaf not in live and not aims.isdisjoint(live)}
        if not more:
            return frozenset(live)
        live |= more


def _needed(node: Built) -> Iterator[Built]:
    """The parts of a condition that all have to hold."""
    if node.kind == "and":
        for part in node.parts:
            yield from _needed(part)
    else:
        yield node


def _ways(program: Program) -> dict[str, set[str]]:
    """For each innermost state every state that may be entered by what begins in it."""

    def aims(branches: Iterable[BranchProgram]) -> set[str]:
        found: set[str] = set()
        for target in {branch.target for branch in branches if branch.target is not None}:
            within = target.parent if target.kind == "history" and target.parent is not None else target
            within = next((above for above in within.path if above.kind == "parallel"), within)
            found |= {target.name, *(below.name for below in program.leaves_below(within))}
        return found

    ways = {
        leaf: aims(branch for several in table.values() for branch in several)
        for leaf, table in program.branches.items()
    }
    again = aims(program.reopen)
    return ways | {node.name: again for node in program.nodes.values() if node.finishes}
