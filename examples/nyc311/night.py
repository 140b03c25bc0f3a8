"""The demo: a real night of New York's 311 line in an office of Guanjia, and the week after it.

    .venv/bin/python examples/nyc311/night.py [--seed 1] [--office demo-office]

Everything goes through the ordinary engine on a clock that is moved by hand: requests open at their real instants, staff
act as planned (plan.py), and the worker is let run at every instant at which something falls due. One seed, one history.
"""

from __future__ import annotations

import argparse
import heapq
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import report
import yaml
from guanjia import Engine, Instant, ManualClock, Refused, from_iso, iso
from guanjia.cli.run import run as cli
from guanjia.clock import DAY
from guanjia.language import read_yaml
from plan import HERE, ZONE, Planned, Planner, requests
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

MARK = ".guanjia-demo"
"""Stands in a folder that this program made and may delete."""

MIDNIGHT = from_iso("2022-05-01T00:00:00", ZONE)
MORNING = from_iso("2022-05-01T02:10:00", ZONE)
END = MORNING + 7 * DAY


@dataclass
class Night:
    """One run: the engine, the agenda of what is planned, and what became of it."""

    engine: Engine
    clock: ManualClock
    agenda: list[tuple[Instant, str, int, Planned]] = field(default_factory=list)
    """(when, request, number of the step, plan); step 0 opens the case."""
    cases: dict[str, str] = field(default_factory=dict)
    """Request -> case."""
    refused: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    rounds: int = 0

    def add(self, planned: Planned) -> None:
        id = planned.request.id
        for number, at in enumerate([planned.request.opened, *(step.at for step in planned.steps)]):
            heapq.heappush(self.agenda, (at, id, number, planned))

    def live(self, until: Instant, tell: Callable[[Instant], None]) -> None:
        """Let time pass until `until`: the next planned thing or the next due instant, whichever comes first."""
        idle: Instant | None = None
        while True:
            planned = self.agenda[0][0] if self.agenda else until + 1
            wake = self.engine.store.next_wake()
            if wake is not None and wake != idle and wake <= min(planned, until):
                self.clock.set(max(wake, self.clock.now()))
                # What cannot be done now must not keep the rest from happening: it is tried again at the next instant.
                idle = None if self._work() else wake
            elif planned <= until:
                self.clock.set(planned)
                self._carry_out(*heapq.heappop(self.agenda)[2:])
                idle = None
            else:
                self.clock.set(until)
                return
            tell(self.clock.now())

    def _work(self) -> bool:
        """One round of the worker; whether it did anything."""
        work = self.engine.run_once()
        self.rounds += 1
        self.commands += work.fired + work.applied + work.opened
        self.problems.update(problem.partition(": ")[2] for problem in work.problems)
        return bool(work.fired + work.applied + work.opened + work.delivered + work.failed)

    def _carry_out(self, number: int, planned: Planned) -> None:
        id = planned.request.id
        if number == 0:
            by = self.engine.organisation.candidates("reception")[0]
            opened = self.engine.open(planned.procedure, actor=by, key=f"nyc311:{id}", **planned.values)
            self.cases[id] = opened.case.id
            self.commands += 1
            return
        step, case = planned.steps[number - 1], self.engine.case(self.cases[id])
        if step.within is not None and step.within not in case.states:
            return
        self.commands += 1
        try:
            self.engine.act(
                case.id, step.action, actor=case.assignee if step.by == "assignee" else step.by, **step.values
            )
        except Refused as refused:
            self.refused[f"{planned.procedure}.{step.action}: {refused.code}"] += 1


def prepare(folder: Path) -> None:
    """A new office in `folder` by `guanjia init`, moved to New York, every other one of its staff reading English."""
    if folder.exists() and not (folder / MARK).exists():
        sys.exit(
            f"{folder} 不是演示办公室，不会删除；请用 --office 另指一个。\n"
            f"{folder} is not a demo office and is not deleted; name another one with --office."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    program = Path(sys.executable).parent / "guanjia"
    subprocess.run([program, "init", str(folder)], check=True, stdout=subprocess.DEVNULL)

    office = folder / "office.yaml"
    office.write_text(re.sub(r"(?m)^zone:.*$", f"zone: {ZONE}", office.read_text("utf-8")), "utf-8")
    for calendar in (folder / "calendars").glob("*.yaml"):
        if calendar.stem == "residents":
            calendar.write_text(re.sub(r"(?m)^zone:.*$", f"zone: {ZONE}", calendar.read_text("utf-8")), "utf-8")
        else:
            calendar.unlink()
    shutil.copyfile(HERE / "calendar.yaml", folder / "calendars" / "office.yaml")

    organisation = folder / "organisation.yaml"
    people = read_yaml(organisation.read_text("utf-8"), organisation.name).data
    for number, person in enumerate(people["staff"].values()):
        person["language"] = "en" if number % 2 else "zh"
    organisation.write_text(yaml.safe_dump(people, allow_unicode=True, sort_keys=False), "utf-8")


def run(folder: Path, seed: int, console: Console) -> tuple[Night, float]:
    """Live through the night and the week; the run, and the wall seconds it took."""
    prepare(folder)
    clock = ManualClock(MIDNIGHT)
    engine = Engine.at(folder, clock=clock, entropy=random.Random(seed).randbytes)
    night = Night(engine, clock)
    planner = Planner(seed, engine.organisation.candidates)
    for request in requests():
        night.add(planner.plan(request))
    began = time.perf_counter()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        for label, start, until in (
            ("这一夜（两小时）  The night, two hours", MIDNIGHT, MORNING),
            ("随后七天          Seven days more     ", MORNING, END),
        ):
            task = progress.add_task(label, total=until - start)
            night.live(until, lambda now, task=task, start=start: progress.update(task, completed=now - start))
            progress.update(task, completed=until - start)
    return night, time.perf_counter() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1, help="what staff do and forget (default 1)")
    options.add_argument("--office", type=Path, default=Path("demo-office"), help="the folder to make")
    given = options.parse_args()
    console = Console()
    console.print(
        f"纽约 311 热线 2022-05-01 的一夜：464 件真实工单。A night of New York's 311 line. seed {given.seed}",
        style="bold",
    )
    night, seconds = run(given.office, given.seed, console)
    engine = night.engine
    console.print()
    cli(["--office", str(given.office), "board", "--limit", "12"], night.clock)
    console.print()
    report.promises(engine, console)
    report.notifications(engine, console)
    for what, count in (*night.refused.most_common(), *night.problems.most_common()):
        console.print(f"{count} × 未办成 not done: {what}", style="yellow", markup=False)
    now = iso(engine.clock.now(), ZONE)
    speed = f"{night.commands} 条命令 commands，{seconds:.1f} s，{night.commands / seconds:.0f} 条/秒 commands/s"
    console.print(f"\n{now}  {len(night.cases)} 件工单 cases，{speed}", highlight=False, soft_wrap=True)
    console.print(f"seed {given.seed}  历史摘要 digest {report.digest(engine)}", highlight=False, soft_wrap=True)
    last = engine.case(night.cases[requests()[-1].id]).number
    engine.close()
    console.print("\n接下来 Next:", style="bold")
    console.print(
        f"  演示的时钟停在 {now}；以下命令按今天算。The demo's clock stopped there; these count from today.",
        style="dim",
    )
    for command in ("board", "ls --limit 20", f"show {last}", "outbox", "audit", "--lang en board"):
        console.print(f"  .venv/bin/guanjia --office {given.office} {command}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
