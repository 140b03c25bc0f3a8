"""So many days of the office, from the first call to the figures, with a bar that moves where somebody looks."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guanjia.clock import DAY, Instant
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.year.held import Year
from tests.year.judging import Judged, look_at_register, look_at_schedules
from tests.year.life import Life
from tests.year.office import Door, households, running

HOUSEHOLDS = 2_000


@dataclass
class Lived:
    """What came of it."""

    life: Life
    judged: Judged
    audited: list[str]
    """What `guanjia audit` found."""
    parked: list[str]
    """What cases sent each other and could not be done."""

    def wrong(self) -> Iterator[str]:
        """Everything that is not as it has to be."""
        yield from (f"stuck: {case}" for case in self.judged.stuck)
        yield from (f"audit: {problem}" for problem in self.audited)
        yield from (f"parked: {why}" for why in self.parked)
        yield from (f"worker: {count} x {problem}" for problem, count in self.life.problems.items())
        for clause, where in self.judged.held.failed.items():
            if where:
                yield f"clause {clause}: {len(where)} of {self.judged.held.looked[clause]}: {', '.join(where[:5])}"
        for clause in map(str, range(1, 32)):
            if clause not in self.judged.held.checked:
                yield f"clause {clause}: nothing is looked at"


def live(folder: Path, begin: Instant, days: int, homes: int, draw: random.Random) -> Lived:
    end = begin + days * DAY
    with running(folder, begin, draw.getrandbits(32)) as engine:
        year, door = Year(begin, end), engine.channels["file"]
        assert isinstance(door, Door)
        door.watch = year.deliver
        known = households(engine, homes, draw)
        year.languages = {home.customer: home.language for home in known}
        year.names = frozenset(home.name for home in known)
        life = Life(engine, draw, known)
        life.expect(begin, end, days / 365 * homes / HOUSEHOLDS)
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[done]}"), TimeElapsedColumn())  # fmt: skip
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task(f"{days} days", total=end - begin, done="")

            def tell(at: Instant) -> None:
                bar.update(task, completed=at - begin, done=f"{life.cursor:,} events, {len(life.waiting):,} open")

            life.live(end, tell)
            bar.update(task, description="looking at all of it")
            year.recorded = engine.store.outbox_counts().get("recorded", 0)
            look_at_register(engine, year, known)
            look_at_schedules(engine, year)
            # The command itself, beside what is looked at here: there are two processors.
            audit = subprocess.Popen([Path(sys.executable).parent / "guanjia", "audit", "--json", "--office", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
            parked = [f"{item.command[:200]}: {why}" for item, why in engine.store.dropped_inbox(1000)]
            judged = Judged(engine, year)
            told, _ = audit.communicate()
            return Lived(life, judged, [] if audit.returncode == 0 else told.splitlines()[:20], parked)


def said(lived: Lived) -> str:
    """The figures of the year, and what was looked at for each clause."""
    refused = f"refused: {sum(lived.life.refused.values()):,}; messages that left the house: {lived.judged.year.letters:,}, of drills kept in it: {lived.judged.year.recorded:,}; alarms: {lived.life.alarms:,}"
    return "\n".join([lived.judged.figures(), refused, "", lived.judged.clauses()])


__all__ = ["HOUSEHOLDS", "Lived", "live", "said"]
