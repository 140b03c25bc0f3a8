"""The demo: a real night of New York's 311 line in an office of Guanjia, and the week after it.

    .venv/bin/python examples/nyc311/night.py [--seed 1] [--office demo-office] [--lang zh|en]

Everything goes through the ordinary engine on a clock that is moved by hand: requests open at their real instants, staff
act as planned (plan.py), and the worker is let run at every instant at which something falls due. One seed, one history.
"""

from __future__ import annotations

import argparse
import heapq
import random
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import report
import yaml
from guanjia import Engine, Instant, ManualClock, Refused, from_iso, moment
from guanjia.cli.desk import Desk
from guanjia.cli.out import Ink, Out, Piece
from guanjia.cli.run import language
from guanjia.clock import DAY
from guanjia.errors import Text
from guanjia.language import read_yaml
from plan import HERE, ZONE, Planned, Planner, Request, requests
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
        if case.finished or (step.within is not None and step.within not in case.states):
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
    named = people["sites"]["main"]["buildings"]
    people["sites"]["main"]["buildings"] = {
        str(number): {**named.get(str(number), {}), "units": 4, "floors": 18, "rooms": 4} for number in range(1, 21)
    }
    organisation.write_text(yaml.safe_dump(people, allow_unicode=True, sort_keys=False), "utf-8")


def leave_a_clock(folder: Path) -> None:
    """`./guanjia` in the demo's office: the ordinary command at the instant at which the demo ended, so that what was an hour
    late then is not years late now."""
    line = f"import sys; from guanjia.cli.main import main; from guanjia import ManualClock; sys.exit(main(sys.argv[1:], clock=ManualClock({END})))"
    script = folder / "guanjia"
    script.write_text(
        f'#!/bin/sh\nGUANJIA_OFFICE=$(dirname "$0") exec {shlex.quote(sys.executable)} -c {shlex.quote(line)} "$@"\n'
    )
    script.chmod(0o755)


def run(folder: Path, seed: int, out: Out, asked: Sequence[Request]) -> tuple[Night, float]:
    """Live through the night and the week of these requests; the run, and the wall seconds it took."""
    prepare(folder)
    clock = ManualClock(MIDNIGHT)
    engine = Engine.at(folder, clock=clock, entropy=random.Random(seed).randbytes)
    night = Night(engine, clock)
    planner = Planner(seed, engine.organisation.candidates)
    for request in asked:
        night.add(planner.plan(request))
    began = time.perf_counter()
    columns = (TextColumn("  {task.description}"), BarColumn(24), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=Console(file=out.stdout)) as progress:
        for label, start, until in (
            (out.both("这一夜，两小时", "The night, two hours"), MIDNIGHT, MORNING),
            (out.both("随后的七天    ", "Seven days more     "), MORNING, END),
        ):
            task = progress.add_task(label, total=until - start)
            night.live(until, lambda now, task=task, start=start: progress.update(task, completed=now - start))
            progress.update(task, completed=until - start)
    leave_a_clock(folder)
    return night, time.perf_counter() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1, help="what staff do and forget (default 1)")
    options.add_argument("--office", type=Path, default=Path("demo-office"), help="the folder to make")
    options.add_argument(
        "--lang", choices=["zh", "en"], default=language([]), help="else that of the surroundings, as for guanjia"
    )
    given = options.parse_args()
    out = Out(given.lang)
    asked = requests()
    report.opening(out, len(asked), given.seed)
    night, seconds = run(given.office, given.seed, out, asked)
    desk = Desk(out, night.clock)
    desk.take({"office": str(given.office)})
    report.outcome(night.engine, out)
    report.promises(night.engine, out)
    number = report.one_case(desk)
    report.notifications(night.engine, out)
    for what, count in (*night.refused.most_common(), *night.problems.most_common()):
        out.line(Ink(Text(f"  {count} × 未办成：{what}", f"  {count} × not done: {what}"), "soon"))
    out.line()
    speed = night.commands / seconds
    out.lines(
        Text(
            f"{night.commands} 条命令用了 {seconds:.1f} 秒（每秒 {speed:.0f} 条）。历史摘要 {report.digest(night.engine)[:16]}",
            f"{night.commands} commands in {seconds:.1f} s ({speed:.0f} a second). Digest of all history: {report.digest(night.engine)[:16]}",
        ),
        style="dim",
    )  # fmt: skip
    night.engine.close()
    desk.close()
    _next(out, given.office, number)


def _next(out: Out, office: Path, number: str) -> None:
    out.line()
    out.line(Ink(Text("接着看", "What to type next"), "bold"))
    at = f"{moment(END, ZONE):%Y-%m-%d %H:%M}"
    out.lines(Text(f"这里的 ./guanjia 的时钟停在演示结束的 {at}。", f"The clock of this ./guanjia stands at {at}, where the demo ended."), indent="  ", style="dim")  # fmt: skip
    rows: list[list[Piece]] = [
        [Ink(line, "good"), text]
        for line, text in (
            (f"cd {shlex.quote(str(office))}", Text("演示办公室", "the demo's office")),
            ("./guanjia board", Text("全局：未结多少、哪些最急", "what is open, what is most urgent")),
            (
                f"./guanjia show {number}",
                Text("一个工单：时限、经过、能办什么", "one case: clocks, history, what can be done"),
            ),
            (f"./guanjia outbox {number}", Text("它的通知", "what was told about it")),
            ("./guanjia audit", Text("核对每个工单与它的历史", "verify every case against its history")),
            (
                "./guanjia procedures complaint",
                Text("投诉流程，可在 procedures/ 里改", "the procedure; edit it in procedures/"),
            ),
        )
    ]
    out.table(rows, indent="  ")


if __name__ == "__main__":
    main()
