"""Adding working time: an hour, a day, a year, in one process, beside businesstimedelta with the same weeks and holidays.

What is wanted: 200,000 hours a second and 50,000 years; and a year costs about what a day costs, for nothing steps from day to
day. The rival runs in a process of its own, turn by turn with ours, and must give the same answers.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from guanjia.calendars import Calendar, compile_calendar, flatten
from guanjia.clock import HOUR, SECOND, from_iso

from .measure import Measured, rates, seconds_of
from .peers import PYTHON, ready

EACH, TURNS, SECONDS = 1000, 3, 1.5
ROUNDS = 10
DAY, YEAR = 8, 250 * 8
WEEK = {"mon-fri": ["08:30-12:00", "13:30-18:00"]}
HOLIDAYS = ["01-01", "05-01", "10-01..10-07"]
RIVAL = Path(__file__).parent / "rivals" / "business_time.py"


def calendar() -> Calendar:
    data = {"zone": "Asia/Shanghai", "week": WEEK, "holidays": HOLIDAYS}
    return compile_calendar(flatten("bench", {"bench": data}))


def measure() -> list[Measured]:
    each = calendar()
    first = from_iso("2026-01-05T00:00", each.zone)
    starts = [first + 7 * n * HOUR for n in range(EACH)]

    def adding(hours: int) -> None:
        span = hours * HOUR
        for _ in range(ROUNDS):
            for start in starts:
                each.add(start, span)

    adding(YEAR)

    def answers(hours: int) -> list[int]:
        return [each.add(start, hours * HOUR) for start in starts[:3]]

    return [
        _beside("add a working hour (200,000/s)", 1, partial(adding, 1), answers(1)),
        _beside("add a working year (50,000/s)", YEAR, partial(adding, YEAR), answers(YEAR)),
        rates("add a working year", "add a working day", partial(adding, YEAR), partial(adding, DAY), each=EACH * ROUNDS, turns=11),
    ]  # fmt: skip


def _beside(name: str, hours: int, work: Callable[[], object], answers: list[int]) -> Measured:
    ours: list[float] = []
    theirs: list[float] = []
    rival = ready()
    for _ in range(TURNS):
        ours.append(EACH * ROUNDS / statistics.median(seconds_of(work) for _ in range(5)))
        if rival:
            theirs.append(_theirs(hours, answers))
    if not rival:
        return Measured(name, statistics.median(ours), "/s")
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    return Measured(name, statistics.median(ours), "/s", "businesstimedelta", statistics.median(theirs), ratio)


def _theirs(hours: int, answers: list[int]) -> float:
    command = [str(PYTHON), str(RIVAL), str(hours), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    told, speed = done.stdout.splitlines()
    if [int(at) * SECOND for at in told.split()] != answers:
        sys.exit(f"businesstimedelta: {told}, not {answers}")
    return float(speed)
