"""`guanjia ls`: the fifty most urgent of 100,000 cases as a whole process, beside a Python that does nothing at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .crowded import fill
from .measure import Measured, side_by_side
from .tape import room

CASES, TURNS = 100_000, 15


def measure() -> list[Measured]:
    program = str(Path(sys.executable).parent / "guanjia")
    with room() as folder:
        fill(folder / "office", CASES).close()
        ours, theirs, ratio = side_by_side(
            lambda: run(program, "--office", str(folder / "office"), "ls"),
            lambda: run(sys.executable, "-c", "pass"),
            TURNS,
        )
    return [Measured("guanjia ls, 50 of 100,000 cases", 1000 * ours, "ms", "python -c pass", 1000 * theirs, ratio)]


def run(*command: str) -> None:
    # As installed: modules are compiled once and kept, whatever the machine that measures says.
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=around)
