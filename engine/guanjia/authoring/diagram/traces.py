"""The past on a picture: which boxes a case has been in and is in now, which ways were taken how often, and how long it stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...clock import Instant
from ...core import evolve
from ...model.case import Case
from ...model.event import Event
from .picture import Box

_TRIGGERS = {
    "acted": "act",
    "reopened": "reopen",
    "signalled": "signal",
    "elapsed": "delay",
    "moved": "always",
    "reached": "breach",
}


@dataclass(slots=True)
class Traces:
    """`stays`: of each state how often it was left and the whole time until then, in microseconds."""

    cases: int = 0
    present: frozenset[str] = frozenset()
    taken: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    stays: dict[str, tuple[int, int]] = field(default_factory=dict)

    def mean(self, state: str) -> int | None:
        """The mean length of a stay, in microseconds."""
        times, whole = self.stays.get(state, (0, 0))
        return whole // times if times else None


def of_case(root: Box, history: Iterable[Event]) -> Traces:
    """The path of one case, and where it is."""
    traces, above = Traces(), dict(_paths(root))
    case = _follow(traces, root, above, _owners(root), history)
    states = () if case is None else case.states
    traces.present = frozenset(states).union(*(above.get(state, ()) for state in states))
    return traces


def of_cases(root: Box, histories: Iterable[Iterable[Event]]) -> Traces:
    """The paths of many cases together; where they are is told of a single one only, that is asked for."""
    traces, above, owners = Traces(), dict(_paths(root)), _owners(root)
    for history in histories:
        _follow(traces, root, above, owners, history)
    return traces


def _follow(
    traces: Traces, root: Box, above: dict[str, tuple[str, ...]], owners: dict[tuple[str, str], list[str]], history: Iterable[Event]
) -> Case | None:  # fmt: skip
    """Add the path of one case; the case at its end."""
    traces.cases += 1
    case: Case | None = None
    since: dict[str, Instant] = {}
    for event in history:
        states = case.states if case is not None else ()
        case = evolve(case, event)
        _take(traces, event, states, owners, above, root.name)
        for name in event.data.get("exited", ()):
            if (begun := since.pop(name, None)) is not None:
                times, whole = traces.stays.get(name, (0, 0))
                traces.stays[name] = times + 1, whole + event.occurred_at - begun
        for name in event.data.get("entered", ()):
            traces.entered[name] += 1
            since[name] = event.occurred_at
    return case


def _take(
    traces: Traces, event: Event, states: tuple[str, ...], owners: dict[tuple[str, str], list[str]], above: dict[str, tuple[str, ...]],
    root: str,
) -> None:  # fmt: skip
    trigger = _TRIGGERS.get(event.type)
    if trigger is None:
        return
    if trigger == "delay":
        owner, _, name = event.name.rpartition(".")
        traces.taken[owner, trigger, name] += 1
        return
    if trigger == "always":
        traces.taken[event.name, trigger, ""] += 1
        return
    name = event.name.partition(".")[0] if trigger == "breach" else event.name
    if trigger == "breach" and not event.data.get("states"):
        return
    around = {each for state in states for each in above.get(state, (state,))} | {root}
    known = [owner for owner in owners.get((trigger, name), ()) if owner in around]
    if known:  # the innermost: inner ways win over outer ones
        traces.taken[max(known, key=lambda owner: len(above.get(owner, ()))), trigger, name] += 1


def _owners(root: Box) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for box in root.walk():
        for line in box.lines:
            found.setdefault((line.trigger, line.name), []).append(box.name)
    return found


def _paths(root: Box, above: tuple[str, ...] = ()) -> Iterable[tuple[str, tuple[str, ...]]]:
    for box in root.boxes:
        here = (*above, box.name)
        yield box.name, here
        yield from _paths(box, here)
