"""Nothing is there in vain: every state, transition, threshold and level is reached by some real case, or it is said which is not.

What one replayed case does on its way, and what becomes of it when it is left alone from there on, is ticked off. What is left then is
looked for in spaces of its own, each of which ends when all is found that can be shown in it. What is not found in a whole space is never
reached, for a space has every way that there can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ...clock import Instant
from ...core import Program, advance, next_due
from ...core.parts import BranchProgram
from ...core.surroundings import called
from ...errors import GuanjiaError, Text
from ...model.case import Case
from ...model.event import Command, Event
from .asking import Watched
from .claims import Claim, path
from .domains import away
from .relevance import Lens, branches_of, lens
from .replaying import Replay
from .situations import Edge, Move, Node
from .space import Space

_LOOKED = 1_500
"""Due things that a case is watched for while something waits in it that was not reached yet."""
_TRIED = 12
"""States from which each thing is tried."""

Thing: TypeAlias = tuple[Any, ...]
"""("state", name), ("branch", *Place), ("threshold", clock, name), ("level", ladder, number)."""


class Reaching:
    """What of a procedure was reached by real cases."""

    def __init__(self, full: Watched, explore: Callable[..., Space]) -> None:
        self.full, self.explore = full, explore
        self.wanted: dict[Thing, None] = dict.fromkeys(_things(full))
        self.lost: list[Thing] = []
        """Never reached."""
        self.open: list[Thing] = []
        """Reached by no case that was found."""
        self._waited: set[tuple[Thing, tuple[str, ...]]] = set()
        """What was waited for already, and where."""

    def claim(self, main: Space) -> Claim:
        name = "reachable"
        self._walk(main)
        for part in self._together():
            self._search(*part)
        if self.lost:
            words = [_said(self.full, thing) for thing in self.lost]
            return Claim(
                name, "refuted",
                Text("永远到不了：" + "；".join(w.zh for w in words), "never reached: " + "; ".join(w.en for w in words)),
                Text("删去，或改掉挡住它的条件", "delete it, or change the condition that stands in its way"),
            )  # fmt: skip
        if self.open:
            words = [_said(self.full, thing) for thing in self.open]
            return Claim(
                name, "undecided",
                Text("没有找到走得到的例子：" + "；".join(w.zh for w in words), "not decided: no example was found that reaches " + "; ".join(w.en for w in words)),
                Text("时间、台账或个数的条件可能挡住了它；或用 --states 放宽上限", "perhaps a condition of time, of a registry's row, or of a count stands in the way; or raise the limit with --states"),
            )  # fmt: skip
        return Claim(
            name,
            "proved",
            Text(
                "每个状态、转换、时点和升级级别都走得到",
                "every state, transition, threshold and level is reached by some case",
            ),
        )

    def _walk(self, main: Space) -> None:
        """The ways of the main space, the longest first: each ticks off what lies on it."""
        replay = Replay(self.full, main)
        for place, (node, move) in sorted(
            main.followed.items(), key=lambda item: -(item[1][0].depth if item[1][0] else 0)
        ):
            if ("branch", *place) in self.wanted and node is not None:
                edge = next(edge for edge in node.edges if edge.move == move)
                self._replayed(replay, [*path(node), (edge.move, edge.to)])
        for node in main.nodes.values():
            if any(("state", state) in self.wanted for state in node.case.states):
                self._replayed(replay, path(node))

    def _replayed(self, replay: Replay, way: list[tuple[Move, Node]]) -> None:
        """Tick off what lies on a way, or what comes by itself before its last step where that is waited for."""
        done = replay.go(way)
        if done is None and way[-1][0].timed:
            done = replay.go(way := way[:-1])
        if done is None:
            return
        # The search tries more than it takes: only what was done is ticked off.
        asking = self.full.asking
        case: Case | None = None
        for each in done:
            asking.followed = []
            facts = away(self.full, each.after.id, way[-1][1].children, replay.rows)
            events, case = advance(self.full, case, each.command, each.at, facts)
            self._tick(events, case)
        if case is not None:
            self._left_alone(case)

    def _left_alone(self, case: Case) -> None:
        """Tick off what comes by itself, as long as something that was not reached yet waits for its time."""
        ahead = {at for at, thing in self._promised(case) if (thing, case.states) not in self._waited}
        self._waited |= {(thing, case.states) for _, thing in self._promised(case)}
        for _ in range(_LOOKED if ahead else 0):
            due = None if case.finished else next_due(case)
            if due is None or due > max(ahead):
                return
            self.full.asking.followed = []
            try:
                facts = away(self.full, case.id, {})
                events, case = advance(self.full, case, Command("due", ""), due, facts)
            except GuanjiaError:
                return
            self._tick(events, case)
            ahead |= {at for at, thing in self._promised(case) if thing[0] == "level"}

    def _promised(self, case: Case) -> Iterator[tuple[Instant, Thing]]:
        """What was not reached yet and waits for its time in a case, and until when."""
        for clock in case.clocks.values():
            if clock.status == "running":
                for at, _, threshold in clock.pending:
                    if (thing := ("threshold", clock.name, threshold)) in self.wanted:
                        yield at, thing
        for climb in case.climbs.values():
            thing = ("level", climb.ladder, str(climb.level + 1))
            if climb.open and climb.due is not None and thing in self.wanted:
                yield climb.due, thing
        for thing in self.wanted:
            if thing[0] == "branch" and thing[2].startswith("delay:"):
                delay = case.delays.get(thing[2].removeprefix("delay:"))
                if delay is not None:
                    yield delay.due, thing

    def _tick(self, events: tuple[Event, ...], case: Case) -> None:
        for place in self.full.asking.followed:
            self.wanted.pop(("branch", *place), None)
        for event in events:
            for state in (*event.data.get("entered", ()), *event.data.get("states", ())):
                self.wanted.pop(("state", state), None)
            if event.type == "reached":
                clock, _, threshold = event.name.partition(".")
                self.wanted.pop(("threshold", clock, threshold), None)
        for climb in case.climbs.values():
            for level in range(1, climb.level + 1):
                self.wanted.pop(("level", climb.ladder, str(level)), None)

    # -- what is left

    def _together(self) -> list[tuple[Lens, str, list[Thing]]]:
        """What is left, in parts that are looked for in one space each, for it has to tell the same apart for them all. Each with the
        lens of that space and the track that it is in."""
        found: dict[tuple[str, Any], list[Thing]] = {}
        for thing in self.wanted:
            track = self._track(thing[1]) if thing[0] in ("state", "branch") else ""
            found.setdefault((track, self._lens([thing]).told()), []).append(thing)
        return [(self._lens(things), track, things) for (track, _), things in found.items()]

    def _lens(self, things: list[Thing]) -> Lens:
        clocks = {thing[1] for thing in things if thing[0] == "threshold"}
        places = {thing[1:] for thing in things}
        several = [b for b in branches_of(self.full) if self.full.places[id(b)] in places]
        return lens(
            self.full, clocks=clocks, shown=clocks, ladders={thing[1] for thing in things if thing[0] == "level"},
            also=[(b.trigger, b.name) for b in several],
        )  # fmt: skip

    def _track(self, name: str) -> str:
        return next((n.name for n in self.full.nodes[name].path if n.kind == "track"), "") if name in self.full.nodes else ""  # fmt: skip

    def _search(self, seen: Lens, track: str, things: list[Thing]) -> None:
        replays: list[Replay] = []
        tries: dict[Thing, set[tuple[str, ...]]] = {thing: set() for thing in things}

        def reached(space: Space, node: Node) -> bool:
            if not replays:
                replays.append(Replay(self.full, space))
            here = path(node)
            ways = [(here, [("state", each.name) for leaf in node.case.states for each in self.full.nodes[leaf].path])]
            ways += [([*here, (edge.move, edge.to)], list(self._shown(space, edge))) for edge in node.edges]
            for way, shown in ways:
                for thing in shown:
                    tried = tries.get(thing)
                    if tried is None or thing not in self.wanted or node.case.states in tried or len(tried) >= _TRIED:
                        continue
                    tried.add(node.case.states)
                    self._replayed(replays[0], way)
            return not any(thing in self.wanted and len(tries[thing]) < _TRIED for thing in things)

        if not any(thing in self.wanted for thing in things):
            return
        space = self.explore(seen, seeds=(track,) if track else (), until=reached)
        for thing in things:
            if thing in self.wanted:
                (self.lost if space.whole and not tries[thing] else self.open).append(thing)

    def _shown(self, space: Space, edge: Edge) -> Iterator[Thing]:
        """What a step of a space would reach."""
        for place in edge.followed:
            yield ("branch", *place)
        for event in edge.events:
            for state in event.data.get("entered", ()):
                yield "state", state
            for climb in event.data.get("climbs", {}).values():
                for level in range(1, len(climb.get("told", ())) + 1):
                    yield "level", climb["ladder"], str(level)
        if edge.move.kind == "clock":
            clock, _, threshold = edge.move.name.partition(".")
            yield "threshold", clock, threshold


def _things(program: Watched) -> Iterator[Thing]:
    for node in program.nodes.values():
        if node.kind not in ("history", "track"):
            yield "state", node.name
    for branch in _written(program):
        yield ("branch", *program.places[id(branch)])
    for clock in program.clocks:
        for threshold in clock.sla.at:
            yield "threshold", clock.name, threshold
    for ladder in program.ladders.values():
        for number in range(1, len(ladder.waits) + 1):
            yield "level", ladder.name, str(number)


def _written(program: Program) -> list[BranchProgram]:
    return sorted(branches_of(program), key=lambda branch: branch.owner.index)


def _said(program: Watched, thing: Thing) -> Text:
    kind = thing[0]
    if kind == "state":
        what = called(program, thing[1])
        return Text(f"状态“{what.zh}”（{thing[1]}）", f"the state “{what.en}” ({thing[1]})")
    if kind == "threshold":
        what = called(program, thing[1])
        return Text(f"时限“{what.zh}”的 {thing[2]}", f"{thing[2]} of the clock “{what.en}”")
    if kind == "level":
        what = called(program, thing[1])
        return Text(f"升级阶梯“{what.zh}”的第 {thing[2]} 级", f"level {thing[2]} of the ladder “{what.en}”")
    _, owner, trigger, name, number = thing
    several = sum(1 for place in program.places.values() if place[:3] == (owner, trigger, name)) > 1
    which = trigger.partition(":")[2] or trigger
    what = called(program, name if name != owner else trigger)
    place = f"{owner}.{which.rpartition('.')[2]}" + (f"[{int(number) + 1}]" if several else "")
    return Text(f"转换“{what.zh}”（{place}）", f"the transition “{what.en}” ({place})")
