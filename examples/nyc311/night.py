"""The demo: a real night of New York's 311 line in an office of Guanjia, and the week after it.

    .venv/bin/python examples/nyc311/night.py [--seed 1] [--office demo-office]

Everything goes through the ordinary engine on a clock that is moved by hand: requests open at their real instants, staff
act as planned (plan.py), and the worker is let run at every instant at which something falls due. One seed, one history.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from guanjia import Actor, Engine, GuanjiaError, ManualClock, Refused
from guanjia.clock import DAY, Instant, from_iso
from plan import ZONE, Mapping311, Planned, Step
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

MARK = ".guanjia-demo"
"""Stands in a folder that this program made and may delete."""

MIDNIGHT = from_iso("2022-05-01T00:00:00", ZONE)
MORNING = from_iso("2022-05-01T02:10:00", ZONE)
END = MORNING + 7 * DAY


@dataclass
class Night:
    """One run: the engine, the agenda of what is planned, and what happened."""

    engine: Engine
    clock: ManualClock
    agenda: list[tuple[Instant, int, Planned, int]] = field(default_factory=list)
    """(when, tie-breaker, case, number of the step; -1 opens it)"""
    numbers: dict[str, str] = field(default_factory=dict)
    """request -> case"""
    refused: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    rounds: int = 0

    def add(self, planned: Planned) -> None:
        for number, at in enumerate([planned.request.opened, *(step.at for step in planned.steps)]):
            heapq.heappush(self.agenda, (at, len(self.agenda) * 0 + int(planned.request.id), planned, number - 1))

    def live(self, until: Instant, tell: Progress, label: str) -> None:
        """Let time pass until `until`: the next planned thing or the next due instant, whichever comes first."""
        begin = self.clock.now()
        bar = tell.add_task(label, total=max(1, until - begin))
        idle: Instant | None = None
        while True:
            wake = self.engine.store.next_wake()
            planned = self.agenda[0][0] if self.agenda else END
            if wake is not None and wake <= min(planned, until) and wake != idle:
                self.clock.set(max(wake, self.clock.now()))
                idle = wake if not self._work() else None
            elif planned <= until and self.agenda:
                self.clock.set(max(planned, self.clock.now()))
                self._carry_out(heapq.heappop(self.agenda))
            else:
                self.clock.set(until)
                tell.update(bar, completed=until - begin)
                return
            tell.update(bar, completed=self.clock.now() - begin)

    def _work(self) -> bool:
        """One round of the worker; whether it did anything."""
        work = self.engine.run_once()
        self.rounds += 1
        self.commands += work.fired + work.applied + work.opened
        self.problems.update(problem.partition(": ")[2] for problem in work.problems)
        return bool(work.fired + work.applied + work.opened + work.delivered + work.failed)

    def _carry_out(self, item: tuple[Instant, int, Planned, int]) -> None:
        _, _, planned, number = item
        self.commands += 1
        if number < 0:
            case = self.engine.open(
                planned.procedure,
                actor=self._of_role("reception"),
                key=f"nyc311:{planned.request.id}",
                **planned.values,
            ).case
            self.numbers[planned.request.id] = case.id
            return
        ref, step = self.numbers[planned.request.id], planned.steps[number]
        try:
            self.engine.act(ref, step.action, actor=self._actor(ref, step), **step.values)
        except Refused as refused:
            self.refused[f"{planned.procedure}.{step.action}: {refused.text.en}"] += 1

    def _actor(self, ref: str, step: Step) -> Actor | str:
        if step.by == "assignee":
            return self.engine.case(ref).assignee or self._of_role("reception")
        return self._of_role(step.by)

    def _of_role(self, role: str) -> str:
        return self.engine.organisation.candidates(role)[0]


def prepare(folder: Path) -> None:
    """A new office in `folder`, in New York, half of whose staff read English."""
    if folder.exists() and not (folder / MARK).exists():
        sys.exit(f"{folder} 不是演示办公室，不会删除。/ {folder} is not a demo office and is not deleted.")
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--office", type=Path, default=Path("demo-office"))
    given = options.parse_args()


if __name__ == "__main__":
    main()
