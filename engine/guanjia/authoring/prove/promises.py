"""Claims about time: every case ends or is escalated within a bound, and what the author says leads to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ...calendars import parse_amount
from ...clock import Instant
from ...core import NeedFact, Program, advance, next_due
from ...core.parts import ClockProgram
from ...core.surroundings import called
from ...errors import GuanjiaError, Text
from ...expressions import Expression
from ...model.case import Case
from ...model.event import Command, Event
from ...model.procedure import LeadsTo
from ..conditions import joined
from .asking import Values, Var, surroundings
from .bounds import Bounds, Config, Search, Span, edges_to, pending_in, spoken_span
from .claims import Claim, path, unfinished
from .domains import People, away
from .relevance import counts_on, lens
from .replaying import Replay
from .situations import EDITOR, Move, Node
from .space import Space
from .telling import steps

_LOOKED = 60
"""Due things that a case is watched for while nobody does anything."""

_TRIED = 3

Explore = Callable[..., Space]


def over(node: Node) -> bool:
    """Whether a situation is one in which the case has ended, or a higher level knows of it."""
    return node.finished or bool(node.case.escalated)


def bounded(program: Program, explore: Explore, *, coarse: bool) -> Claim:
    """Left alone, every case ends or is escalated within a bound."""
    name = "bounded"
    clocks: set[str] = set()
    while True:
        seen = lens(program, clocks=clocks, escalated=True, coarse=coarse)
        space = explore(seen, stop=lambda _, node: bool(node.case.escalated))
        if not space.whole:
            return unfinished(name, space)
        bounds = Bounds(program, space.starts)
        search = Search(bounds, over, alone=True)
        starts: list[Config] = [(node, frozenset()) for node in space.nodes.values()]
        search.solve(starts)
        open_ = [node for node, _ in starts if not over(node) and (node, frozenset()) not in search.found]
        if not open_:
            return _proved(name, program, bounds, search, space)
        rest = [clock for clock in program.clocks if clock.name not in clocks and _escalates(clock)]
        sure = {clock.name: len(_running(clock, space).intersection(open_)) for clock in rest}
        if sure and max(sure.values()):
            clocks.add(max(sure, key=lambda clock: sure[clock]))
            continue
        replay = Replay(program, space)
        votes: Counter[str] = Counter()
        for node in sorted(open_, key=lambda item: item.depth)[:_TRIED]:
            found = _waits(name, program, search, replay, node)
            if isinstance(found, Claim):
                return found
            votes.update(found)
        best = next((clock for clock, _ in votes.most_common() if clock not in clocks), None)
        if best is None:
            where = _where(program, open_[0])
            return Claim(
                name, "undecided",
                Text(f"未能判定：没人管时，“{where.zh}”里的工单多久会办结或升级", f"not decided: within what time a case that is left alone in “{where.en}” ends or is escalated"),
                Text("给这个状态一个会升级的 after，最为清楚", "an `after` with an escalation in this state would settle it"),
            )  # fmt: skip
        clocks.add(best)


def _escalates(clock: ClockProgram) -> bool:
    """Whether a threshold of the clock is sure to tell a higher level."""
    return any(
        effect.kind == "escalate" and counts_on(effect.effect)
        for threshold in clock.thresholds
        for effect in threshold.effects
    )


def _running(clock: ClockProgram, space: Space) -> set[Node]:
    """The situations in which the clock certainly runs, by the names that start and end it: those where it is worth to be told
    apart."""
    ends = clock.stop.names | clock.cancel.names
    if clock.stop.expressions or clock.cancel.expressions:
        return set()
    found = set(space.nodes.values())
    for root in space.roots:
        if clock.start.names.isdisjoint(root.case.past):
            found.discard(root)
    here = {  # what ends it and leaves the case where it is
        leaf for leaf, table in space.program.branches.items()
        if any(branch.name in ends and branch.target is None for several in table.values() for branch in several)
    }  # fmt: skip
    while True:
        lost = set()
        for node in space.nodes.values():
            on = node in found and here.isdisjoint(node.case.states)
            for edge in node.edges:
                names = {name for event in edge.events for name in (event.name.rpartition(".")[2], *event.data.get("entered", ()))}  # fmt: skip
                began = not clock.start.names.isdisjoint(names)
                if edge.to in found and (not names.isdisjoint(ends) or not (on or began)):
                    lost.add(edge.to)
        if not lost:
            return found
        found -= lost


def _proved(name: str, program: Program, bounds: Bounds, search: Search, space: Space) -> Claim:
    spans = {config: span for config, span in search.found.items() if not config[1]}
    if not any(map(bounds.longest, spans.values())):
        return Claim(
            name, "proved", Text("每个工单一开始就有上级知道，或当时办结", "every case is escalated or over at once")
        )
    (node, _), span = max(spans.items(), key=lambda item: bounds.longest(item[1]))
    where, words = _where(program, node), spoken_span(program, span)
    text = Text(
        f"没人管的工单，{joined('最迟', words.zh)}办结或升级（最久的是“{where.zh}”）",
        f"left alone, every case ends or is escalated within {words.en} at the latest (longest in “{where.en}”)",
    )
    anyhow = Search(bounds, over, alone=False)
    starts: list[Config] = [(node, frozenset()) for node in space.roots]
    anyhow.solve(starts)
    firsts = [anyhow.found.get(start) for start in starts if not over(start[0])]
    if firsts and None not in firsts:
        longest: Span = max((each for each in firsts if each is not None), key=bounds.longest)
        more = spoken_span(program, longest)
        text = Text(
            f"{text.zh}；不论谁做什么，登记后 {more.zh} 之内",
            f"{text.en}; whatever anybody does, within {more.en} of its opening",
        )
    return Claim(name, "proved", text)


def _where(program: Program, node: Node) -> Text:
    words = [called(program, state) for state in node.case.states]
    return Text("、".join(word.zh for word in words), ", ".join(word.en for word in words))


def _waits(name: str, program: Program, search: Search, replay: Replay, node: Node) -> Claim | list[str]:
    """The claim refuted by a case that is left alone where nothing more comes; else the clocks by which it is escalated."""
    found = edges_to(search, (node, frozenset()), lambda config: not pending_in(config[0]))
    edges, (last, known) = found if found is not None else ([], (node, frozenset[tuple[Var, Values]]()))
    values = dict(known)
    new = tuple((("new", var[1]), several) for var, several in known)
    way = path(node)
    if new:
        way = [*way, (Move("edit", "", EDITOR, new), node)]
    for edge in edges:
        fixed = tuple((var, values.get(var, value)) for var, value in edge.move.fixed)
        way.append((edge.move._replace(fixed=fixed), edge.to))
    done = replay.go(way)
    if done is None:
        done = replay.go(path(node))
        if done is None:
            return []
    case = done[-1].after
    if over_really(case) or any(over_really(here) for _, here in alone(program, case)):
        return _ahead(program, case)
    if found is None:
        return []
    where = _where(program, last)
    return Claim(
        name, "refuted",
        Text(f"在“{where.zh}”，没人管的工单既不会办结也不会升级", f"left alone in “{where.en}”, a case neither ends nor is escalated, ever"),
        Text("给这个状态一个 after，或让会升级的时限在这里计时", "give this state an `after`, or let a clock that escalates run there"),
        tuple(steps(program, done)), tuple(done),
    )  # fmt: skip


def _ahead(program: Program, case: Case) -> list[str]:
    """Clocks that run and are sure to tell a higher level yet."""
    return [
        clock.name
        for clock in case.clocks.values()
        if clock.status == "running"
        and any(
            effect.kind == "escalate" and counts_on(effect.effect)
            for _, _, threshold in clock.pending
            for effect in program.clock_by_name[clock.name].by_name[threshold].effects
        )
    ]


def over_really(case: Case) -> bool:
    return case.finished or bool(case.escalated)


def alone(program: Program, case: Case) -> Iterable[tuple[Event, Case]]:
    """What becomes of a case to which nobody does anything, due thing by due thing."""
    for _ in range(_LOOKED):
        due = None if case.finished else next_due(case)
        if due is None:
            return
        facts = away(program, case.id, {})
        try:
            events, case = advance(program, case, Command("due", ""), due, facts)
        except (GuanjiaError, NeedFact):
            return
        yield events[0], case


# -- what leads to what


def leads_to(name: str, program: Program, space: Space, lead: LeadsTo, first: Expression, then: Expression) -> Claim:
    """Whenever `from` holds, `to` holds within so long, whatever anybody does."""
    from_, to = space.watched(first), space.watched(then)
    if not space.whole:
        return unfinished(name, space)
    bounds = Bounds(program, space.starts)

    def goal(node: Node) -> bool:
        return space.possible(node, to, False) is None

    search = Search(bounds, goal, alone=False)
    begun = [node for node in space.nodes.values() if not goal(node) and space.possible(node, from_, True) is not None]
    starts: list[Config] = [(node, frozenset()) for node in begun]
    search.solve(starts)
    within, calendar = parse_amount(lead.within), program.calendar(lead.calendar)
    late = [node for node in begun if (span := search.found.get((node, frozenset()))) is None or not bounds.fits(span, within, calendar)]  # fmt: skip
    if not late:
        spans = [search.found[start] for start in starts]
        if not spans:
            return Claim(
                name,
                "proved",
                Text("总是如此（from 从不单独成立）", "it always does (`from` never holds without `to`)"),
            )
        words = spoken_span(program, max(spans, key=bounds.longest))
        return Claim(
            name,
            "proved",
            Text(f"总是如此，{joined('最迟', words.zh)}", f"it always does, within {words.en} at the latest"),
        )

    def holds(expression: Expression, case: Case, now: Instant) -> bool:
        return bool(expression.evaluate(surroundings(program, case, now, People({}, {}, choosing=False))))

    def misses(case: Case, now: Instant) -> bool:
        until = calendar.after(now, within)
        if holds(then, case, now):
            return False
        for _, here in alone(program, case):
            if here.changed_at > until:
                break
            if holds(then, here, here.changed_at):
                return False
        return True

    replay = Replay(program, space)
    tried = 0
    for node in sorted(late, key=lambda item: item.depth):
        for start, chosen in ((node, space.possible(node, from_, True) or ()),):
            tried += 1
            new = tuple((("new", var[1]), value) for var, value in chosen if var[0] == "field")
            way = path(start)
            if new and space.lens.havoc:
                way = [*way, (Move("edit", "", EDITOR, new), start)]
            elif new:
                move, root = way[0]
                way = [(move._replace(fixed=(*move.fixed, *chosen)), root), *way[1:]]
            done = replay.go(way, lambda case, now: holds(first, case, now) and misses(case, now))
            if done is not None:
                where = _where(program, node)
                return Claim(
                    name, "refuted",
                    Text(f"在“{where.zh}”放着不管，{lead.within} 之内到不了", f"left alone in “{where.en}”, it is not so within {lead.within}"),
                    None, tuple(steps(program, done)), tuple(done),
                )  # fmt: skip
        if tried > 12:
            break
    where = _where(program, late[0])
    return Claim(
        name, "undecided",
        Text(f"未能判定：从“{where.zh}”起有人一再拖延时，是否总在 {lead.within} 之内", f"not decided: whether it is always within {lead.within} from “{where.en}”, if people put it off again and again"),
        Text("让一个从那时起不停的时限来管它", "let a clock that does not stand still from then on see to it"),
    )  # fmt: skip
