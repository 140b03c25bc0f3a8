"""Do the tests bite? `python -m tests.planted [NAME …]` plants faults in a copy of the engine, one by one, and runs the tests
that ought to notice.

Each fault is a place in the engine where one line is made wrong, as a tired programmer might (faults.py). A fault that every
test passes is a hole in the tests. At least `WANTED` of them must be caught; which are not is printed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.planted.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.95
"""Of all faults, how many must be caught: 38 of 40."""

PATIENCE = 120
"""Seconds after which tests that do not end have told that something is wrong."""

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "demo-office", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis"
)


def main() -> int:
    wanted = [fault for fault in FAULTS if not sys.argv[1:] or fault.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="guanjia-planted-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(os.cpu_count() or 1):
            copy = Path(folder) / str(number)
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            copies.put(copy)

        def plant(fault: Fault) -> tuple[str, float]:
            copy, begun = copies.get(), time.monotonic()
            try:
                return _caught(copy, fault), time.monotonic() - begun
            finally:
                copies.put(copy)

        missed = 0
        with ThreadPoolExecutor(copies.qsize()) as pool:
            for fault, (by, took) in zip(wanted, pool.map(plant, wanted), strict=True):
                missed += not by
                print(f"{'caught' if by else 'MISSED':7} {fault.name:32} {took:5.1f} s  {by}", flush=True)
    caught = len(wanted) - missed
    print(f"{len(wanted)} faults planted: {caught} caught, {missed} missed")
    return 0 if caught >= WANTED * len(wanted) else 1


def _caught(copy: Path, fault: Fault) -> str:
    """The first test that failed with the fault planted; "" when all passed. SystemExit where the place is not there."""
    path = copy / "engine/guanjia" / fault.file
    before = path.read_text(encoding="utf-8")
    if before.count(fault.right) != 1:
        sys.exit(f"{fault.name}: {fault.file} holds this {before.count(fault.right)} times, not once: {fault.right!r}")
    path.write_text(before.replace(fault.right, fault.wrong), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:randomly", *fault.tests],
            cwd=copy, capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, "PYTHONPATH": str(copy / "engine"), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "it never ended"
    finally:
        path.write_text(before, encoding="utf-8")
    if done.returncode == 0:
        return ""
    failed = [
        line.partition(" - ")[0].split(" ", 1)[1]
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED", "ERROR"))
    ]
    if not failed:
        sys.exit(f"{fault.name}: the tests could not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[0]


if __name__ == "__main__":
    sys.exit(main())
