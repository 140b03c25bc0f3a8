"""What is claimed of every case, judged on the state space.

A claim is proved when it holds on all of the space, which has every way that there can be and perhaps more; it is refuted when a
way that breaks it could be replayed with instants; else it is not decided, and it is said what stood in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...clock import Instant
from ...core import Program
from ...core.surroundings import called
from ...errors import Text
from ...model.case import Case
from .asking import Place, Values, Var
from .replaying import Done, Replay
from .situations import EDITOR, Edge, Move, Node
from .space import Space
from .telling import Step, steps

GENERAL = ("ends", "bounded", "competing", "reachable")
"""What is claimed of every procedure."""

Verdict: TypeAlias = Literal["proved", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and what came of it. `trace` is a shortest example where it is refuted."""

    name: str
    verdict: Verdict
    text: Text
    hint: Text | None = None
    trace: tuple[Step, ...] = ()
    done: tuple[Done, ...] = ()


def path(node: Node) -> list[tuple[Move, Node]]:
    """How the node was first reached: each move with where it led."""
    found: list[tuple[Move, Node]] = []
    here: Node | None = node
    while here is not None and here.came is not None:
        before, move = here.came
        found.append((move, here))
        here = before if before is not here else None
    return found[::-1]


def refuted(
    name: str, replay: Replay, nodes: Iterable[Node], text: Callable[[Node], Text], hint: Text | None = None,
    holds: Callable[[Case, Instant], bool] | None = None, way: Callable[[Node], list[tuple[Move, Node]]] = path,
) -> Claim:  # fmt: skip
    """The claim refuted by the first of these nodes to which a way can be replayed, else not decided."""
    first: Node | None = None
    for tried, node in enumerate(sorted(nodes, key=lambda item: item.depth)):
        first = first or node
        if tried >= 12:
            break
        if (done := replay.go(way(node), holds)) is not None:
            return Claim(name, "refuted", text(node), hint, tuple(steps(replay.program, done)), tuple(done))
    assert first is not None
    said = text(first)
    return Claim(
        name, "undecided",
        Text(f"未能判定：{said.zh}", f"not decided: {said.en}"),
        Text("没有找到真能走到那里的例子；时间的先后只按次序推演", "no example was found that really leads there; of time only the order is looked at"),
    )  # fmt: skip


def unfinished(name: str, space: Space) -> Claim:
    """What is to be said where the space was too large."""
    return Claim(
        name, "undecided",
        Text(f"看了 {len(space.nodes):,} 种情形还没有看完", f"not decided: {len(space.nodes):,} situations were looked at, and there are more"),
        Text("用 --states 放宽上限，或少用计数、并行的分支和互相牵连的时限", "raise the limit with --states; fewer counts, tracks and clocks that hang together make it smaller"),
    )  # fmt: skip


def ends(space: Space, replay: Replay) -> Claim:
    """From every situation some way leads to an end."""
    name = "ends"
    nodes = list(space.nodes.values())
    can = _backwards(nodes, lambda edge: True)
    stuck = [node for node in nodes if node not in can]
    if stuck:
        return refuted(name, replay, stuck, lambda node: _stuck(space.program, node))
    if not space.whole:
        return unfinished(name, space)
    sure = _attracted(nodes)
    if all(node in sure for node in nodes):
        return Claim(name, "proved", Text("每个工单都能办结", "every case can reach an end"))
    doubtful = min((node for node in nodes if node not in sure), key=lambda node: node.depth)
    where = _where(space.program, doubtful)
    return Claim(
        name, "undecided",
        Text(f"从“{where.zh}”能否办结，取决于时间、台账或个数的条件", f"not decided: whether a case in “{where.en}” can end hangs on a condition of time, of a registry's row, or of a count"),
        Text("给它一条不看这些的出路", "give it a way out that asks for none of these"),
    )  # fmt: skip


def _stuck(program: Program, node: Node) -> Text:
    where = _where(program, node)
    return Text(f"到了“{where.zh}”就再也办结不了", f"a case in “{where.en}” can never reach an end")


def _where(program: Program, node: Node) -> Text:
    words = [called(program, name) for name in node.case.states]
    return Text("、".join(word.zh for word in words), ", ".join(word.en for word in words))


def _backwards(nodes: Sequence[Node], good: Callable[[Edge], bool]) -> set[Node]:
    """The nodes from which some way leads to an end, or to where nothing was looked at yet."""
    before: dict[Node, list[Node]] = {}
    for node in nodes:
        for edge in node.edges:
            if good(edge):
                before.setdefault(edge.to, []).append(node)
    found = {node for node in nodes if node.finished or not node.seen}
    pending = list(found)
    while pending:
        for node in before.get(pending.pop(), ()):
            if node not in found:
                found.add(node)
                pending.append(node)
    return found


def _attracted(nodes: Sequence[Node]) -> set[Node]:
    """The nodes from which people can bring a case to an end, whatever comes first of what is due."""
    found = {node for node in nodes if node.finished}
    while True:
        more = {node for node in nodes if node not in found and _leads(node, found)}
        if not more:
            return found
        found |= more


def _leads(node: Node, found: set[Node]) -> bool:
    if any(edge.certain and not edge.move.timed and edge.to in found for edge in node.edges):
        return True
    if not node.due:
        return False
    for kind, key in node.due:
        ways = [edge for edge in node.edges if (edge.move.kind, edge.move.name) == (kind, key)]
        if not ways or any(edge.to not in found for edge in ways):
            return False
    return True


def competing(space: Space, replay: Replay) -> Claim:
    """No two tracks want the same trigger for transitions of which only one can be followed."""
    name = "competing"
    for rivals in space.rivals:
        way = path(rivals.node)
        if (done := replay.go(way)) is not None:
            one, other = (_place(space.program, place) for place in rivals.places)
            return Claim(
                name, "refuted",
                Text(f"{one.zh} 与 {other.zh} 相争：只走先写的那一条", f"{one.en} and {other.en} compete: only the one that is written first is followed"),
                Text("给其中一个加上 guard，或改名", "give one of them a guard, or another name"),
                tuple(steps(replay.program, done)), tuple(done),
            )  # fmt: skip
    if not space.whole:
        return unfinished(name, space)
    if space.rivals:
        return Claim(name, "undecided", Text("也许有两条转换相争", "not decided: two transitions may compete"))
    return Claim(name, "proved", Text("没有两条转换相争", "no two transitions compete"))


def _place(program: Program, place: Place) -> Text:
    owner, trigger, name, _ = place
    what = called(program, name if name != owner else trigger)
    where = called(program, owner)
    return Text(f"“{where.zh}”的“{what.zh}”（{owner}.{name}）", f"“{what.en}” of “{where.en}” ({owner}.{name})")


def always(
    name: str, space: Space, replay: Replay, holds: Callable[[Case, Instant], bool],
    broken: Mapping[Node, tuple[tuple[Var, Values], ...]],
) -> Claim:  # fmt: skip
    """A property that is to hold wherever a case stands; `broken` are the nodes where it does not, with what is chosen there."""

    def way(node: Node) -> list[tuple[Move, Node]]:
        found, chosen = path(node), broken[node]
        if not any(var[0] == "field" for var, _ in chosen):
            return found
        if not space.lens.havoc:  # open since the opening
            first = found[0][0]
            return [(first._replace(fixed=(*first.fixed, *chosen)), found[0][1]), *found[1:]]
        new = tuple((("new", var[1]), value) for var, value in chosen if var[0] == "field")
        return [*found, (Move("edit", "", EDITOR, new), node)]

    if broken:
        return refuted(
            name, replay, broken,
            lambda node: Text(f"在“{_where(space.program, node).zh}”不成立", f"it does not hold in “{_where(space.program, node).en}”"),
            holds=lambda case, now: not holds(case, now), way=way,
        )  # fmt: skip
    if not space.whole:
        return unfinished(name, space)
    return Claim(name, "proved", Text("在每种情形都成立", "it holds in every situation"))
