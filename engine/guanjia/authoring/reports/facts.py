"""What a report needs to know of one case, folded from its history: how long it stayed where, which promises were kept, who did what.

A verdict is the one that the history holds: it was given by the rules that the case ran under then, and is never worked out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ...clock import Instant
from ...core import evolve
from ...model.case import Case, Clock
from ...model.event import Event
from ...model.procedure import Procedure, Target


class Stay(NamedTuple):
    """In a state, from when to when; `left` is None while the case is there."""

    state: str
    entered: Instant
    left: Instant | None


class Promise(NamedTuple):
    """One cycle of a clock that was judged. `at` is when it was met, or when it was late; `who` was responsible: of
    one that was met after the step that met it, of one that was late before."""

    clock: str
    kept: bool
    at: Instant
    who: str | None
    standards: tuple[str, ...]


class Deed(NamedTuple):
    """An action that somebody took."""

    name: str
    actor: str
    at: Instant


@dataclass(slots=True)
class Facts:
    """One case. `assignees` are those responsible from an instant on, in order."""

    case: Case
    procedure: Procedure
    stays: list[Stay] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    closings: list[Instant] = field(default_factory=list)
    reopenings: list[Instant] = field(default_factory=list)
    assignees: list[tuple[Instant, str | None]] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.case.number

    def responsible(self, at: Instant, *, then: bool = False) -> str | None:
        """Who was responsible as an instant came; with `then` who was after what happened at it."""
        found = None
        for since, who in self.assignees:
            if since > at or (since == at and not then):
                break
            found = who
        return found

    def mainly(self, until: Instant) -> str | None:
        """Who was responsible for the longest up to an instant; of equals the first."""
        long: dict[str, int] = {}
        ends = [at for at, _ in self.assignees[1:]]
        for (since, who), end in zip(self.assignees, [*ends, until], strict=False):
            if who is not None and since < until:
                long[who] = long.get(who, 0) + min(end, until) - since
        return max(long, key=lambda who: long[who], default=None)


def facts_of(history: Iterable[Event], procedure_of: Callable[[Case], Procedure]) -> Facts:
    """The facts of a case; `procedure_of` gives the procedure under which it runs."""
    case: Case | None = None
    since: dict[str, Instant] = {}
    stays, deeds, closings, reopenings = list[Stay](), list[Deed](), list[Instant](), list[Instant]()
    assignees: list[tuple[Instant, str | None]] = []
    for event in history:
        before = case
        case = evolve(case, event)
        data, at = event.data, event.occurred_at
        stays += [Stay(name, since.pop(name), at) for name in data.get("exited", ()) if name in since]
        since |= dict.fromkeys(data.get("entered", ()), at)
        if event.type == "acted":
            deeds.append(Deed(event.name, event.actor, at))
        if event.type == "reopened":
            reopenings.append(at)
        if case.closed_at is not None and (before is None or before.closed_at is None):
            closings.append(at)
        if "assignee" in data:
            assignees.append((at, case.assignee))
    assert case is not None
    stays += [Stay(name, at, None) for name, at in since.items()]
    procedure = procedure_of(case)
    found = Facts(case, procedure, stays, [], deeds, closings, reopenings, assignees)
    for clock in (*case.cycles, *case.clocks.values()):
        if (kept := _kept(clock)) is not None:
            judged = clock.ended_at if kept else clock.breached_at
            assert judged is not None
            found.promises.append(
                Promise(clock.name, kept, judged, found.responsible(judged, then=kept), _standards(procedure, clock))
            )
    return found


def _kept(clock: Clock) -> bool | None:
    """None: it runs, or ended without being judged."""
    if clock.breached_at is not None:
        return False
    return True if clock.status == "met" else None


def _standards(procedure: Procedure, clock: Clock) -> tuple[str, ...]:
    """The standards that the target of this cycle keeps."""
    sla = procedure.sla.get(clock.name)
    if sla is None or clock.target >= len(sla.target):
        return ()
    target: Target = sla.target[clock.target]
    return tuple(dict.fromkeys(part.standard for part in (target, *target.earliest) if part.standard))
