"""What is told apart of a case: two cases with one key are one situation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model.case import Case, Clock
from .asking import Some, Watched
from .relevance import UNCAPPED, Lens
from .tracks import remembered


class Keys:
    """The keys of the cases of a program, as far as a lens tells them apart."""

    def __init__(self, program: Watched, lens: Lens) -> None:
        self.program, self.lens = program, lens
        self.who = len(lens.who) > 1 or bool(lens.by)
        """Whether it matters which of several people somebody is; else only that there is somebody."""
        self.delays = {delay.key: delay for node in (program.root, *program.nodes.values()) for delay in node.delays}
        self._remembered = remembered(program)
        self._fields = sorted(lens.fields if lens.kept is None else lens.fields & lens.kept)

    def of(self, case: Case, children: Mapping[str, Any]) -> Any:
        """What is told apart of a case."""
        return self.bare(case, children), () if self.lens.havoc else tuple(
            (name, self.told(name, case.fields.get(name))) for name in self._fields
        )  # fmt: skip

    def agrees(self, case: Case, key: Any, children: Mapping[str, Any]) -> bool:
        """Whether a case in which nothing is open is of the situation with this key."""
        bare, fields = key
        return bool(self.bare(case, children) == bare) and all(
            self.told(name, case.fields.get(name))[0] in told for name, told in fields
        )

    def bare(self, case: Case, children: Mapping[str, Any]) -> Any:
        """What is told apart of a case beside the values of its fields."""
        lens = self.lens
        past = tuple(
            count if cap >= UNCAPPED else min(count, cap)
            for name, cap in lens.counts.items()
            for count in (case.past[name].count if name in case.past else 0,)
        )
        by = tuple(case.past[name].by if name in case.past else None for name in lens.by)
        given = tuple(case.past[name].input.get(item) if name in case.past else None for name, item in lens.given)
        who = tuple(getattr(case, name) for name in sorted(lens.who)) if self.who else ()
        assigned = case.assignee if self.who else case.assignee is None if lens.assigned or lens.who else None
        clocks = tuple(self._clock(case.clocks.get(name)) for name in lens.clocks)
        climbs = tuple(
            (name, climb.status, climb.level, climb.alarmed_at is not None)
            for name, climb in case.climbs.items() if climb.ladder in lens.ladders
        )  # fmt: skip
        hidden = lens.hidden
        states, delays = case.states, tuple(sorted(key for key in case.delays if key in self.delays))
        if hidden:
            states = tuple(name for name in states if name not in hidden)
            delays = tuple(key for key in delays if self.delays[key].owner.name not in hidden)
        return (
            states, case.finished, past, by, str(given), who, assigned, clocks, climbs,
            delays, self._history(case), case.outcome if lens.outcome else None,
            tuple((name, status["closed"], status["outcome"]) for name, status in children.items()),
            case.mode if lens.mode else None,
            (bool(case.escalated), any(climb.due is not None and climb.due <= case.changed_at for climb in case.climbs.values()))
            if lens.escalated
            else None,
        )  # fmt: skip

    def _history(self, case: Case) -> tuple[Any, ...]:
        return tuple(
            (name, left) for name, left in case.history.items()
            if not self._remembered.get(name, frozenset()).isdisjoint(case.states)
        )  # fmt: skip

    def _clock(self, clock: Clock | None) -> Any:
        if clock is None:
            return None
        told = self.program.clock_by_name[clock.name].by_name
        pending = tuple(item[2] for item in clock.pending if item[2] in told)
        if clock.status != "running":
            pending = tuple(name for name in clock.fired if name in told) if clock.open else ()
        if clock.name not in self.lens.judged:
            # Nobody asks how it ended.
            return (clock.halted, clock.held, pending) if clock.open else None
        return clock.status, clock.breached_at is not None, clock.halted, clock.held, pending

    def told(self, name: str, value: Any) -> tuple[str, ...]:
        """What is told apart of a field: everything that it may be."""
        values = value.values if isinstance(value, Some) else (value,)
        return tuple(sorted({str(self._clamped(name, each)) for each in values}))

    def _clamped(self, name: str, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            numbers = [
                int(v) for v in self.lens.compared.get((name,), ()) if isinstance(v, int) and not isinstance(v, bool)
            ]
            if numbers and (name,) not in self.lens.loose:
                return max(min(numbers) - 2, min(value, max(numbers) + 2))
        return value
