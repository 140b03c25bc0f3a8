"""How long it can take: until something is so, for a case that is left alone, or whatever people do.

What waits for its time and stays so until it comes bounds how long it can take until then, for its whole span at most; what comes
after that adds to it. So of each situation the shortest such chain counts, and of all situations the longest. Spans on different
calendars are not added up but named one by one; which is longer is measured over ten weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from ...calendars import Amount, Calendar, format_amount, parse_amount
from ...core import Program
from ...core.parts import ClockProgram, TargetProgram, Threshold
from ...core.surroundings import called
from ...errors import Text
from ..conditions import in_words, joined
from .asking import Values, Var
from .order import Starts
from .relevance import branches_of
from .situations import Edge, Node

Thing: TypeAlias = tuple[str, str]
"""(delay, key), (clock, `<clock>.<threshold>`), or (climb, key) of one that is due at once."""

_FAR = 10**18


class Term(NamedTuple):
    """One span after another: an amount on a calendar, or until an instant that somebody gave (`source`)."""

    calendar: str
    amount: Amount
    source: str = ""


Span: TypeAlias = tuple[Term, ...]


class Bounds:
    """The spans of one program's due things, measured."""

    def __init__(self, program: Program, starts: Starts) -> None:
        self.program, self.starts = program, starts
        self._spans: dict[Thing, Span | None] = {}
        self._extended = _extensions(program)

    def of(self, thing: Thing) -> Span | None:
        """The longest that it can take until a thing that waits comes; None where nothing says."""
        if thing not in self._spans:
            kind, key = thing
            self._spans[thing] = self._delay(key) if kind == "delay" else self._clock(key) if kind == "clock" else ()
        return self._spans[thing]

    def longest(self, span: Span) -> int:
        """By the wall clock, in microseconds; until a given instant longer than anything."""
        return sum(_FAR if term.source else self.starts.longest(self.calendar(term), term.amount) for term in span)

    def fits(self, span: Span, within: Amount, calendar: Calendar) -> bool:
        """Whether it is over within an amount, whenever it begins."""
        if any(term.source for term in span):
            return False

        def end(at: int) -> int:
            for term in span:
                at = self.starts.ends(self.calendar(term), at, term.amount)
            return at

        return all(end(at) <= self.starts.ends(calendar, at, within) for at in self.starts.at)

    def calendar(self, term: Term) -> Calendar:
        return self.program.calendars[term.calendar]

    def _delay(self, key: str) -> Span:
        for node in (self.program.root, *self.program.nodes.values()):
            for delay in node.delays:
                if delay.key == key:
                    name = delay.delay.calendar or self.program.procedure.calendar
                    if delay.amount is None:
                        return (Term(name, Amount("time", 0), delay.delay.at or ""),)
                    return (Term(name, delay.amount),)
        raise KeyError(key)

    def _clock(self, key: str) -> Span | None:
        name, _, threshold = key.partition(".")
        definition = self.program.clock_by_name[name]
        if name in self._extended and self._extended[name] is None:
            return None
        spans = [self._target(definition, target, definition.by_name[threshold]) for target in definition.targets]
        longest = max(spans, key=self.longest)
        more = tuple(Term(longest[0].calendar, amount) for amount in self._extended.get(name) or ())
        return (*longest, *more)

    def _target(self, clock: ClockProgram, target: TargetProgram, threshold: Threshold) -> Span:
        if target.earliest:
            parts = [self._target(clock, part, threshold) for part in target.earliest if not part.guards]
            if parts:
                return min(parts, key=self.longest)
            return max((self._target(clock, part, threshold) for part in target.earliest), key=self.longest)
        name = target.calendar_name
        if target.amount is None:
            return (Term(name, Amount("time", 0), target.until.source if target.until else ""),)
        amount, share = target.amount, threshold.share
        if share is not None:
            value = amount.value * share // 10_000 if amount.unit == "time" else -(-amount.value * share // 10_000)
            return (Term(name, Amount(amount.unit, value)),)
        offset = threshold.offset
        if offset is None or offset.value == 0 or threshold.sign < 0:
            return (Term(name, amount),)
        return (Term(name, amount), Term(name, offset))


def _extensions(program: Program) -> dict[str, tuple[Amount, ...] | None]:
    """By clock how much more it may be given at most; None where nothing limits it."""
    found: dict[str, tuple[Amount, ...] | None] = {}
    sources: list[tuple[int | None, Any]] = []
    for branch in branches_of(program):
        sources += [(branch.at_most, effect) for effect in tuple.__iter__(branch.effects)]
    for node in program.nodes.values():
        sources += [(None, effect) for effect in (*node.entry, *node.exit)]
    for times, effect in sources:
        for name, extension in (effect.effect.extend or {}).items():
            known = found.get(name, ())
            amount = parse_amount(extension.by)
            if times is None or known is None:
                found[name] = None
            else:
                found[name] = (*known, *(amount for _ in range(times)))
    return found


Config: TypeAlias = tuple[Node, frozenset[tuple[Var, Values]]]
"""A situation, and what each field may be that is known while nobody changes it."""


class Search:
    """The longest that it takes from each situation until `goal`. `alone`: nobody does anything meanwhile."""

    def __init__(self, bounds: Bounds, goal: Callable[[Node], bool], *, alone: bool) -> None:
        self.bounds, self.alone = bounds, alone
        self._goal: dict[Node, bool] = {}
        self._is = goal
        self.found: dict[Config, Span] = {}
        self._next: dict[Config, list[tuple[Thing | None, Config, Edge]]] = {}

    def goal(self, node: Node) -> bool:
        if node not in self._goal:
            self._goal[node] = self._is(node)
        return self._goal[node]

    def onward(self, here: Config) -> list[tuple[Thing | None, Config, Edge]]:
        """What can come next, by which due thing (None: by somebody)."""
        if here not in self._next:
            node, known = here
            fixed = dict(known)
            ways: dict[tuple[Thing | None, Config], Edge] = {}
            for edge in node.edges:
                move = edge.move
                if not move.timed:
                    if not self.alone:
                        ways.setdefault((None, (edge.to, frozenset())), edge)
                    continue
                after: frozenset[tuple[Var, Values]] = frozenset()
                if self.alone:
                    both = {
                        var: _both(fixed.get(var, values), values) for var, values in move.fixed if var[0] == "field"
                    }
                    if not all(both.values()):
                        continue
                    if not self.goal(edge.to):
                        written = {name for event in edge.events for name in event.data.get("set", ())}
                        after = frozenset((v, values) for v, values in {**fixed, **both}.items() if v[1] not in written)
                ways.setdefault(((move.kind, move.name), (edge.to, after)), edge)
            self._next[here] = [(thing, there, edge) for (thing, there), edge in ways.items()]
        return self._next[here]

    def reached(self, starts: Iterable[Config]) -> list[Config]:
        """Every configuration that can come of these before the goal."""
        found: dict[Config, None] = dict.fromkeys(start for start in starts if not self.goal(start[0]))
        pending = list(found)
        while pending:
            for _, there, _ in self.onward(pending.pop()):
                if not self.goal(there[0]) and there not in found:
                    found[there] = None
                    pending.append(there)
        return list(found)

    def solve(self, starts: Iterable[Config]) -> None:
        """Fill `found` for whatever is bounded."""
        open_ = self.reached(starts)
        while True:
            again = False
            rest: list[Config] = []
            for here in open_:
                span = self._bounded(here)
                if span is None:
                    rest.append(here)
                else:
                    self.found[here] = span
                    again = True
            open_ = rest
            if not again or not open_:
                return

    def _bounded(self, here: Config) -> Span | None:
        best: Span | None = None
        for thing in pending_in(here[0]):
            own = self.bounds.of(thing)
            if own is None or (best is not None and self.bounds.longest(own) >= self.bounds.longest(best)):
                continue
            after = self._after(here, thing)
            if after is None:
                continue
            whole = (*own, *max(after, key=self.bounds.longest, default=()))
            if best is None or self.bounds.longest(whole) < self.bounds.longest(best):
                best = whole
        return best

    def _after(self, here: Config, thing: Thing) -> list[Span] | None:
        """What is left to wait for once the thing came, or something else before it that ends the wait for it, on every way; None
        where nothing bounds what follows."""
        found: list[Span] = []
        seen, pending = {here}, [here]
        while pending:
            now = pending.pop()
            for by, there, edge in self.onward(now):
                if self.goal(there[0]):
                    continue
                came = by is not None and _comes(by, thing, now[0])
                if not came and not _anew(thing, edge) and thing in pending_in(there[0]):
                    if there not in seen:
                        seen.add(there)
                        pending.append(there)
                elif there in self.found:
                    found.append(self.found[there])
                else:
                    return None
        return found


def _both(some: Values, others: Values) -> Values:
    return some if some is others else tuple(value for value in some if value in others)


def pending_in(node: Node) -> set[Thing]:
    """Everything of which a situation says that it waits for its time."""
    case = node.case
    if case.finished:
        return set()
    found: set[Thing] = {("delay", key) for key in case.delays}
    for clock in case.clocks.values():
        if clock.status == "running":
            found |= {("clock", f"{clock.name}.{item[2]}") for item in clock.pending}
    found |= {
        ("climb", key) for key, climb in case.climbs.items() if climb.due is not None and climb.due <= case.changed_at
    }
    return found


def _comes(by: Thing, thing: Thing, node: Node) -> bool:
    """Whether the thing has come, or a later one of the same clock instead of it."""
    if by == thing:
        return True
    if by[0] != "clock" or thing[0] != "clock":
        return False
    name, _, threshold = by[1].partition(".")
    other, _, wanted = thing[1].partition(".")
    order = [item[2] for item in node.case.clocks[name].pending] if name == other else []
    return wanted in order and threshold in order and order.index(wanted) < order.index(threshold)


def _anew(thing: Thing, edge: Edge) -> bool:
    """Whether a step has begun the wait for the thing again."""
    kind, key = thing
    if kind == "delay":
        return any(key in event.data.get("delays", {}) for event in edge.events)
    name = key.partition(".")[0]
    return any(cycle["name"] == name for event in edge.events for cycle in event.data.get("cycles", ()))


def spoken_span(program: Program, span: Span) -> Text:
    """A bound in words: amounts of one calendar and unit together, instants by what names them."""
    added: dict[tuple[str, str, str], int] = {}
    for term in span:
        key = (term.source, term.calendar, term.amount.unit)
        added[key] = added.get(key, 0) + term.amount.value
    zh, en = [], []
    for (source, calendar, unit), value in added.items():
        if source:
            procedure = program.procedure
            until = in_words(procedure.fields, procedure.label, source, partial(called, program), value=True)
            zh.append(joined("到", until.zh))
            en.append(f"the wait until {until.en}")
            continue
        amount = Amount(unit, value)  # type: ignore[arg-type]
        names = {"always": Text("不分昼夜", "around the clock")}
        where = names.get(calendar, Text(f"按日历 {calendar}", f"by the calendar {calendar}"))
        zh.append(f"{format_amount(amount, 'zh')}（{where.zh}）")
        en.append(f"{format_amount(amount, 'en')} ({where.en})")
    return Text("，再加 ".join(zh) or "当时", ", then ".join(en) or "no time")


def edges_to(search: Search, start: Config, wanted: Callable[[Config], bool]) -> tuple[list[Edge], Config] | None:
    """A shortest way from a configuration to one that is wanted, never through the goal."""
    came: dict[Config, tuple[Config, Edge]] = {}
    pending, seen = [start], {start}
    for here in pending:
        if wanted(here):
            edges: list[Edge] = []
            at = here
            while at != start:
                at, edge = came[at]
                edges.append(edge)
            return edges[::-1], here
        for _, there, edge in search.onward(here):
            if there not in seen and not search.goal(there[0]):
                seen.add(there)
                came[there] = here, edge
                pending.append(there)
    return None
