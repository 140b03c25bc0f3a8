"""The shortest ways to what no story reaches: breadth first through the real engine, from every way to open a case.

What could be done next is tried as a preview, and waiting is one step to whatever falls due next. A case is gone on from, on a
store of its own, where something is as it never was in these states: a comparison that some condition makes comes out otherwise, a
clock or a ladder stands otherwise. So most is found on few cases; what depends on several such things at once may be missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...clock import DAY, MINUTE, Instant
from ...core.surroundings import Facts, NeedFact, Surroundings
from ...errors import GuanjiaError, Refused, Text
from ...model.case import Case
from ...model.event import SYSTEM, Notification
from ...model.stories import Moment, Opening, Story
from ...runtime.funnel import Result
from ...runtime.rendering import Renderer
from ...store.memory import MemoryStore
from ..coverage.pieces import Key
from ..coverage.watching import Watch
from ..stories import Differs, Telling
from .offers import Offers, Plain

MOST_CASES = 400
"""Cases that are gone on from."""
MOST_WAITS = 12
FARTHEST = 200 * DAY
"""How long is waited at one place."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a case comes somewhere: its opening, and each step."""

    opening: Plain
    steps: tuple[Plain, ...] = ()
    ends: tuple[str, ...] = ()
    """The states in which it ends; none where the last step is refused."""

    def then(self, step: Plain, ends: tuple[str, ...] = ()) -> Way:
        return Way(self.opening, (*self.steps, step), ends)


@dataclass(slots=True)
class Found:
    """What the search came to."""

    ways: dict[Key, Way] = field(default_factory=dict)
    """The shortest way to each piece."""
    refused: dict[str, Text] = field(default_factory=dict)
    """Action or signal -> why it was refused when it was tried last, where it never took effect."""
    done: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    """Clocks that ever ran."""
    whole: bool = True
    """Whether there was nothing left to go on from, before as many cases were looked at as may be."""


@dataclass(slots=True)
class _Stand:
    """A case to go on from. `store` is as it was before its last step."""

    way: Way
    case: str
    store: MemoryStore
    at: Instant
    step: Plain | None


class _Silent(Renderer):
    """Writes no message: which are told stands in the events."""

    def __init__(self, other: Renderer) -> None:
        vars(self).update(vars(other))

    def notifications(self, *_: Any) -> Iterator[Notification]:
        return iter(())


class Explorer:
    def __init__(
        self, telling: Telling, watch: Watch, start: str, wanted: set[Key], tell: Callable[[int], None] | None
    ) -> None:
        self.telling, self.watch, self.start, self.wanted, self.tell = telling, watch, start, set(wanted), tell
        self.engine = telling.engine
        self.engine.renderer = _Silent(telling.engine.renderer)
        self.offers = Offers(watch.program, watch.program.read, telling)
        self.leaves = [
            leaf for leaf in self.offers.leaves if all(path[0] not in ("input", "actor") for path in leaf.paths)
        ]
        self.found = Found()
        self.stood: set[Any] = set()
        self.waiting: deque[_Stand] = deque()
        self.closely = False
        """Whether more than its states tells one case from another."""

    def run(self) -> Found:
        """First each combination of states once, which leads to most; then whatever conditions tell apart."""
        blank, looked = self.engine.store, 0
        assert isinstance(blank, MemoryStore)
        for self.closely in (False, True):
            self.waiting.clear()
            for opening in self.offers.openings():
                self._open(opening, blank.fork())
            while self.waiting and self.wanted:
                if looked == MOST_CASES:
                    self.found.whole = False
                    return self.found
                looked += 1
                if self.tell is not None:
                    self.tell(looked)
                self._go_on(self.waiting.popleft())
        return self.found

    def _open(self, opening: Plain, store: MemoryStore) -> None:
        self.engine.store = store
        story = Story(
            story="-",
            at=self.start,
            open=Opening.model_validate(opening),
            steps=(Moment.model_validate({"until": self.start}),),
        )
        self.watch.reached.clear()
        try:
            self.telling.begin(story)
        except (GuanjiaError, Differs) as error:
            self.found.refused.setdefault("open", error.text)
            return
        for event in self.engine.history(self.telling.case_id):
            self.watch.note(event)
        way = Way(opening, (), self.telling.case.states)
        self._taken(way)
        self._stands(self.telling.case, _Stand(way, self.telling.case_id, store, self.telling.clock.now(), None))

    def _go_on(self, stand: _Stand) -> None:
        store = stand.store.fork()
        self.engine.store = store
        self.telling.clock.set(stand.at)
        self.telling.case_id = stand.case
        if stand.step is not None:
            self.telling.tell(Moment.model_validate(stand.step))
        case, now = self.telling.case, self.telling.clock.now()
        for step, branches in self.offers.acts(case):
            self._try(stand.way, step, [branch.name for branch in branches], store, now)
        self._wait(stand.way, store, now)

    def _try(self, way: Way, step: Plain, names: list[str], store: MemoryStore, now: Instant) -> None:
        self.watch.reached.clear()
        self.engine.store = store
        self.telling.clock.set(now)
        try:
            command = self.telling.command(Moment.model_validate(step))
        except (GuanjiaError, Differs) as error:
            self.found.refused.setdefault(names[0], error.text)
            return
        (outcome,) = self.engine.preview([command])
        if isinstance(outcome, Result):
            self.found.done.update(names[:1])
            for event in outcome.events:
                self.watch.note(event)
            self._taken(gone := way.then(step, outcome.case.states))
            self._stands(outcome.case, _Stand(gone, self.telling.case_id, store, now, step))
        elif isinstance(outcome, Refused):
            self.found.refused[names[0]] = outcome.text
            if outcome.code == "guard":
                self._taken(way.then(step | {"refused": "guard"}))

    def _wait(self, way: Way, store: MemoryStore, now: Instant) -> None:
        """Let time pass, from one thing that falls due to the next, as one step; and a while where a condition looks at the time."""
        for until in self._instants(store, now):
            step = {"until": self.telling.wall(until)}
            last = len(self.engine.history(self.telling.case_id))
            self.watch.reached.clear()
            try:
                self.telling.tell(Moment.model_validate(step))
            except (GuanjiaError, Differs):
                return
            for event in self.engine.history(self.telling.case_id)[last:]:
                self.watch.note(event)
            left = len(self.wanted)
            self._taken(gone := way.then(step, self.telling.case.states))
            self._stands(self.telling.case, _Stand(gone, self.telling.case_id, store, now, step))
            if len(self.wanted) < left:  # a story stops here to look; elsewhere it waits on
                way = gone

    def _instants(self, store: MemoryStore, now: Instant) -> Iterator[Instant]:
        """When something falls due, one after the other on a store of its own; then later instants, each from where the case is."""
        self.engine.store = ahead = store.fork()
        for _ in range(MOST_WAITS):
            wake = ahead.next_wake()
            if wake is None or wake > now + FARTHEST:
                break
            yield _minute(max(wake, self.telling.clock.now() + 1))
        for span in self.offers.spans(self.telling.case):
            self.engine.store = store.fork()
            self.telling.clock.set(now)
            yield _minute(now + span)

    # -- what came of it

    def _taken(self, way: Way) -> None:
        """Of what is wanted and was reached just now, this is the shortest way."""
        new = self.wanted & self.watch.reached
        self.found.ways.update(dict.fromkeys(new, way))
        self.wanted -= new

    def _stands(self, case: Case, stand: _Stand) -> None:
        """Go on from a case that comes to stand as none stood before."""
        self.found.states.update(node.name for name in case.states for node in self.watch.program.nodes[name].path[1:])
        self.found.started.update(case.clocks)
        stands = self._as_it_stands(case)
        if not stands <= self.stood:
            self.stood |= stands
            self.waiting.append(stand)

    def _as_it_stands(self, case: Case) -> set[Any]:
        """Whatever can be said of a case in its states, one by one."""
        here = case.states, case.finished, case.mode
        if not self.closely:
            return {here}
        see = Surroundings(self.watch.program, case, self.telling.clock.now(), SYSTEM, Facts({}), {})
        said: set[Any] = {(here, "assignee", case.assignee is None)}
        for leaf in self.leaves:
            try:
                said.add((here, leaf.source, bool(leaf.run(see))))
            except NeedFact:
                continue
        said |= {(here, name, clock.status) for name, clock in case.clocks.items()}
        return said | {(here, climb.ladder, climb.status) for climb in case.climbs.values()}


def _minute(at: Instant) -> Instant:
    """The minute at or after it: stories tell no seconds."""
    return -(-at // MINUTE) * MINUTE
