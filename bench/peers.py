"""Others that promise durable steps, on this machine, in this minute: one durable advance of each, with full sync.

With full sync the disk is most of it for everybody; so the ORM is measured without sync too, which leaves the work itself. They are installed into a throw-away environment, build/peers; where the package index is out of reach they are left out,
loudly. Each runs in a process of its own, turn by turn with ours.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from .measure import Measured
from .tape import room

ROOM = Path("build/peers")
PYTHON = ROOM / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
NEEDS = ("businesstimedelta", "dbos", "sqlalchemy", "transitions==0.9.3", "jinja2", "psycopg[binary]")
RIVALS = (
    ("DBOS on SQLite, one step", "dbos_steps.py", "FULL"),
    ("transitions + SQLAlchemy ORM", "orm_steps.py", "FULL"),
    ("transitions + SQLAlchemy ORM", "orm_steps.py", "OFF"),
)
SECONDS, TURNS = 2.0, 3


def ready() -> bool:
    """Whether the throw-away environment stands, made now if need be."""
    done_for, needs = ROOM / "ready", " ".join(NEEDS)
    if done_for.exists() and done_for.read_text(encoding="utf-8") == needs:
        return True
    print("  installing peers into build/peers …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(ROOM)], check=True)
    command = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-q", *NEEDS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print("  SKIPPED: the peers could not be installed:\n" + done.stderr[-500:], file=sys.stderr)
        return False
    done_for.write_text(needs, encoding="utf-8")
    return True


def measure() -> list[Measured]:
    if not ready():
        return []
    return [_beside(*rival) for rival in RIVALS]


def _beside(name: str, script: str, synchronous: str) -> Measured:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(TURNS):
        ours.append(_speed([sys.executable, "-m", "bench.advance"], synchronous))
        theirs.append(_speed([str(PYTHON), str(Path(__file__).parent / "rivals" / script)], synchronous))
    return Measured(
        f"one durable advance beside {name}, synchronous {synchronous}", statistics.median(ours), "/s", name,
        statistics.median(theirs), statistics.median(our / their for our, their in zip(ours, theirs, strict=True)),
    )  # fmt: skip


def _speed(command: list[str], synchronous: str) -> float:
    """Advances a second that the program prints as its last line."""
    with room() as folder:
        return speed(command, str(folder), synchronous)


def speed(command: list[str], where: str, *more: str) -> float:
    """Of a program that works for some seconds in a folder, or on a server."""
    done = subprocess.run([*command, where, str(SECONDS), *more], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])
