"""One procedure, claim by claim: which space each needs, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ...clock import Instant
from ...core import Program, compile
from ...expressions import Expression, parse, scope_of
from ...model.case import Case
from ...model.procedure import Property
from ...model.scope import names_of
from ...model.version import Version
from .asking import Watched, surroundings
from .claims import GENERAL, Claim, always, competing, ends
from .domains import People
from .promises import bounded, leads_to
from .reaching import Reaching
from .relevance import Lens, lens
from .replaying import Replay
from .situations import Node
from .slicing import sliced
from .space import Space
from .tracks import asks_of_tracks, hide, leading, onward

STATES = 5_000
"""Situations that are looked at in one space before it is called too large."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of all claims of a procedure. `states` were looked at for them."""

    procedure: str
    claims: tuple[Claim, ...]
    states: int

    @property
    def refuted(self) -> bool:
        return any(claim.verdict == "refuted" for claim in self.claims)

    @property
    def proved(self) -> bool:
        return all(claim.verdict == "proved" for claim in self.claims)


def prove(
    version: Version,
    *,
    states: int = STATES,
    told: Callable[[int], None] | None = None,
    general: Collection[str] = GENERAL,
) -> Proof:
    """Judge every claim: those of all procedures (of `general`), then the properties that the author wrote. `told` is called
    with how many situations were looked at."""
    proving = _Proving(version, states, told)
    return Proof(version.procedure.procedure, tuple(proving.claims(general)), proving.seen)


class _Proving:
    def __init__(self, version: Version, limit: int, told: Callable[[int], None] | None) -> None:
        self.version, self.limit, self._told = version, limit, told
        self.program: Program = compile(version)
        self.full = Watched(version)
        self.full.asking.quiet = True
        self.seen = 0
        self._spaces: list[Space] = []

    def claims(self, general: Collection[str]) -> Iterator[Claim]:
        judges: dict[str, Callable[[], Claim]] = {
            "ends": lambda: ends(main(), Replay(self.program, main())),
            "bounded": lambda: self.closely(self.bounded),
            "competing": lambda: self.closely(self.competing),
            "reachable": lambda: Reaching(self.full, self.space).claim(main()),
        }

        def main() -> Space:
            return self.space(lens(self.program))

        yield from (judges[name]() for name in GENERAL if name in general)
        for name, stated in self.version.procedure.properties.items():
            yield self.property(name, stated)

    # -- spaces

    def space(
        self, seen: Lens, claims: tuple[Expression, ...] = (), seeds: tuple[str, ...] = (), *, free: bool = False,
        stop: Callable[[Space, Node], bool] | None = None, until: Callable[[Space, Node], bool] | None = None,
    ) -> Space:  # fmt: skip
        """The space of a lens. `free`: every order of what tracks do is tried."""
        asked = asks_of_tracks(self.program, seen, claims)
        program = Watched(sliced(self.version, seen), seen.tells, self.full)
        seen.hidden = hide(program, asked, seeds)
        space = Space(program, seen, self.limit, self._tell)
        if seen.havoc and not free:
            space.onward = onward(program, seen, claims)
        if stop is None and until is None:
            fine = replace(seen, coarse=False)
            known = (each for each in self._spaces if each.lens in (fine, seen) and each.onward == space.onward)
            if (same := next(known, None)) is not None:
                return same
            self._spaces.append(space)
        space.explore(stop, until)
        self.seen += len(space.nodes)
        return space

    def closely(self, judge: Callable[[bool], Claim]) -> Claim:
        """A claim proved with a coarse lens, or else judged with one that tells apart all that conditions read."""
        found = judge(True)
        return found if found.verdict == "proved" else judge(False)

    def bounded(self, coarse: bool) -> Claim:
        return bounded(self.program, partial(self.space, free=True), coarse=coarse)

    def competing(self, coarse: bool) -> Claim:
        space = self.space(lens(self.program, coarse=coarse))
        return competing(space, Replay(self.program, space))

    def _tell(self, count: int) -> None:
        if self._told is not None:
            self._told(self.seen + count)

    # -- properties

    def expression(self, text: str) -> Expression:
        return parse(text, scope_of(names_of(self.version.procedure)), expect="boolean")

    def property(self, name: str, stated: Property) -> Claim:
        if (lead := stated.leads_to) is not None:
            first, then = self.expression(lead.from_), self.expression(lead.to)
            live = leading(self.program, first)

            def beyond(space: Space, node: Node) -> bool:
                return live.isdisjoint(node.case.states) and space.possible(node, space.watched(then), False) is None

            def judge(coarse: bool) -> Claim:
                seen = lens(self.program, (first, then), havoc=stated.edits, coarse=coarse)
                space = self.space(seen, (first, then), free=True, stop=beyond)
                return leads_to(name, self.program, space, lead, first, then)

            return self.closely(judge)
        text = stated.always or stated.never
        assert text is not None
        claim, wanted = self.expression(text), stated.always is not None

        def held(coarse: bool) -> Claim:
            seen = lens(self.program, (claim,), havoc=stated.edits, coarse=coarse)
            if stated.edits:
                return self.stated(name, seen, claim, wanted)
            # What the claim does not read may be anything at first; only where that breaks it is all of it told apart.
            seen.kept = frozenset(path[0] for path in claim.paths) & seen.names
            if (found := self.stated(name, seen, claim, wanted)).verdict == "proved" or coarse:
                return found
            return self.stated(name, lens(self.program, (claim,), havoc=False), claim, wanted)

        return self.closely(held)

    def stated(self, name: str, seen: Lens, claim: Expression, wanted: bool) -> Claim:
        """A claim that is to come to `wanted` wherever a case stands."""
        space = self.space(seen, (claim,))
        replay = Replay(self.program, space)

        def holds(case: Case, now: Instant) -> bool:
            facts = People({}, {}, choosing=False)
            return bool(claim.evaluate(surroundings(self.program, case, now, facts))) == wanted

        watched, broken = space.watched(claim), {}
        for node in space.nodes.values():
            if (chosen := space.possible(node, watched, not wanted)) is not None:
                broken[node] = chosen
        return always(name, space, replay, holds, broken)


__all__ = ["STATES", "Proof", "prove"]
