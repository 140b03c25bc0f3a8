"""A walk through everything that a procedure does, with the path of each piece.

A step is one branch under one trigger; a deed is one effect, wherever it is written. The path is where the piece stands in
the normalised definition, as keys of the language and list indexes: ("states", "received", "transitions", "accept", 0).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from .effects import Effect, Effects
from .procedure import Branch, Field, Procedure, State

Path: TypeAlias = tuple[str | int, ...]
Trigger: TypeAlias = Literal["action", "signal", "delay", "always", "breach", "reopen"]

_NO_INPUT: Mapping[str, Field] = {}


class Place(NamedTuple):
    """A state or track; the root of the procedure has the name "". `above` are the names of its ancestors, root left out."""

    name: str
    state: State
    above: tuple[str, ...]
    path: Path
    track: bool = False


class Step(NamedTuple):
    """A branch, what triggers it, and the state that declares it ("" for the root)."""

    state: str
    trigger: Trigger
    name: str
    branch: Branch
    path: Path


class Deed(NamedTuple):
    """An effect, and the input of the transition that it belongs to (empty elsewhere)."""

    effect: Effect
    path: Path
    input: Mapping[str, Field]


def places(procedure: Procedure) -> Iterator[Place]:
    """The root, then every state and track, outer ones first, as written."""

    def inside(place: Place) -> Iterator[Place]:
        yield place
        above = (*place.above, place.name) if place.name else ()
        for key, children in (("states", place.state.states), ("tracks", place.state.tracks)):
            for name, child in children.items():
                yield from inside(Place(name, child, above, (*place.path, key, name), key == "tracks"))

    return inside(Place("", procedure, (), ()))


def steps_of(place: Place) -> Iterator[Step]:
    """The branches that one state declares itself."""
    name, state, _, path, _ = place
    for trigger, key, table in (
        ("action", "transitions", state.transitions),
        ("signal", "signals", state.signals),
        ("breach", "breach", state.breach),
    ):
        for called, branches in table.items():
            for index, branch in enumerate(branches):
                yield Step(name, trigger, called, branch, (*path, key, called, index))  # type: ignore[arg-type]
    for called, delay in state.after.items():
        for index, branch in enumerate(delay.branches):
            yield Step(name, "delay", called, branch, (*path, "after", called, "branches", index))
    for index, branch in enumerate(state.always):
        yield Step(name, "always", "", branch, (*path, "always", index))
    if isinstance(state, Procedure):
        for index, branch in enumerate(state.reopen):
            yield Step(name, "reopen", "reopen", branch, (*path, "reopen", index))


def steps(procedure: Procedure) -> Iterator[Step]:
    for place in places(procedure):
        yield from steps_of(place)


def deeds(procedure: Procedure) -> Iterator[Deed]:
    """Every effect: of entries and exits, of branches, of assigning by hand, and of the thresholds of clocks and counts."""

    def listed(effects: Effects, path: Path, given: Mapping[str, Field] = _NO_INPUT) -> Iterator[Deed]:
        for index, effect in enumerate(effects):
            yield Deed(effect, (*path, index), given)

    for place in places(procedure):
        yield from listed(place.state.entry, (*place.path, "entry"))
        yield from listed(place.state.exit, (*place.path, "exit"))
        for step in steps_of(place):
            yield from listed(step.branch.do, (*step.path, "do"), step.branch.input)
    yield from listed(procedure.on_assign, ("on_assign",))
    yield from listed(procedure.on_merge, ("on_merge",))
    for name, count in procedure.counts.items():
        for number, effects in count.at.items():
            yield from listed(effects, ("counts", name, "at", number))
    for name, sla in procedure.sla.items():
        for threshold, effects in sla.at.items():
            yield from listed(effects, ("sla", name, "at", threshold))
