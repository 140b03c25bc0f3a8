"""Runs the tests of crashes, faults and chance, over and over with new seeds, and makes tables of what they counted.

    python -m tests.soak MINUTES    towards the large figures (`make soak`); ends when the time is over and each part had its turn
    python -m tests.soak MINUTES runtime/test_model …           the same, of these files only
    python -m tests.soak faults     once, as much of it as `make check` runs (`make faults`), with what each test printed

As many files run at a time as there are processors, and in a soak one more. A run of a file is a turn of some minutes. Whose turn it is: whoever had
none yet; then whoever is nearest to his figure by the time that it takes; when all have reached theirs, whoever had least. It
ends at the first failure, and says last of all what failed and how to have it again: of a long print, the end is what is kept.

What a turn came to is noted in build/soak.jsonl, and a later soak of the same engine, to the byte, goes on from there: the large
figures are a night's work, and a night has other things to do. Of an engine that was changed nothing counts that was before.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.scale import in_words

ROOT = Path(__file__).resolve().parents[1]
LEDGER = ROOT / "build/soak.jsonl"
FAULTS = (
    "runtime/test_model", "runtime/test_workers", "runtime/test_kill", "runtime/test_failpoints", "runtime/test_power_cut",
    "authoring/test_prove_against_all", "authoring/test_planted_faults", "runtime/test_truth", "runtime/test_assigning", "runtime/test_postgres_faults", "language/test_places_of_mistakes", "store/test_migrations",
    "runtime/test_failing_disk", "runtime/test_clock_jumps", "authoring/test_shipped", "authoring/test_differences",
    "authoring/test_explaining", "authoring/test_offered", "authoring/test_remembering", "editor/test_schema", "cli/test_planted_names",
    "runtime/test_undoing", "runtime/test_random_procedures", "runtime/test_misuse", "calendars/test_oracle", "calendars/test_clock_changes",
    "core/test_ladders",
)  # fmt: skip
"""Longest first, so that none is alone at the end."""

PATIENCE = 15 * 60
"""Seconds after which a file that does not end has failed: where it stood is printed."""


@dataclass
class Part:
    """A file of tests, the figure that it is to reach by and by, and what it had so far."""

    file: str
    figure: int = 0
    unit: str = ""
    counted: tuple[str, ...] = ()
    """Under which names its tests count what makes up the figure, when that is not its unit."""
    sums: dict[str, Counter[str]] = field(default_factory=dict)
    """By claim, what was counted of it."""
    running: int = 0
    """In how many lanes; in more than one only once it had a turn."""
    runs: int = 0
    failed: str = ""
    seconds: float = 0.0
    processor: float = 0.0
    """Seconds of a processor: how many it took by the clock depends on what else the machine does."""
    longest: float = 0.0

    @property
    def reached(self) -> int:
        return sum(count[name] for count in self.sums.values() for name in self.counted or (self.unit,))

    @property
    def turn(self) -> tuple[bool, bool, float]:
        left = self.figure - self.reached
        return self.runs > 0, left <= 0, self.seconds if left <= 0 else self.seconds * left / max(self.reached, 1)


LARGE = (
    Part("tests/runtime/test_workers.py", 100_000, "due_cases"),
    Part("tests/runtime/test_model.py", 1_000_000, "commands"),
    Part("tests/runtime/test_failpoints.py"),
    Part("tests/runtime/test_kill.py", 10_000, "kills"),
    Part("tests/runtime/test_random_procedures.py", 30_000, "paths"),
    Part("tests/runtime/test_power_cut.py", 2_000, "images"),
    Part("tests/runtime/test_postgres_faults.py", 500, "faults", ("backends_killed", "crashes", "before", "after")),
    Part("tests/runtime/test_clock_jumps.py", 100_000, "sequences"),
    Part("tests/language/test_language_mutations.py", 100_000, "files"),
    Part("tests/store/test_sqlite_files.py", 2_000, "bits"),
    Part("tests/runtime/test_backup.py", 200, "backups"),
    Part("tests/runtime/test_failing_disk.py"),
)
"""The large figures, and what is exhausted in one run; longest first. More files have more of something to try: `others`."""


def main() -> int:
    whole = sys.argv[1] != "faults"
    named = [f"tests/{name}.py" for name in (sys.argv[2:] if whole else FAULTS)]
    known = {part.file: part for part in (*LARGE, *others())} if whole else {}
    parts = [known.get(file, Part(file)) for file in named] or [*known.values()]
    engine = engine_of()
    before = count_before(known, engine) if whole else 0
    begun = time.monotonic()
    end = begun + 60 * float(sys.argv[1]) if whole else float("inf")
    good, ended = True, threading.Condition()

    def due() -> Part | None:
        left = end - time.monotonic()
        fit = [
            part
            for part in parts
            if (part.runs == 0 and part.running == 0) or (whole and part.runs > 0 and part.longest < left)
        ]
        return min(fit, key=lambda part: part.turn) if good and fit else None

    def lane() -> None:
        nonlocal good
        while True:
            with ended:
                while (part := due()) is None and any(each.running for each in parts):
                    ended.wait()
                if part is None:
                    return
                part.running += 1
            passed = run(part, engine if whole else "")
            with ended:
                part.running, good = part.running - 1, good and passed
                ended.notify_all()

    # A turn of a soak waits a third of its time, for servers and for what it kills.
    lanes = (os.cpu_count() or 1) + whole
    with ThreadPoolExecutor(lanes) as pool:
        for each in [pool.submit(lane) for _ in range(lanes)]:
            each.result()
    print(table(parts))
    if whole:
        print("\n" + shares(parts))
    ran, minutes = sum(part.runs for part in parts), (time.monotonic() - begun) / 60
    print("".join(f"\n{part.failed}" for part in parts if part.failed))
    said = f"{before} of them before, " if before else ""
    print(f"\n{ran} runs of test files, {said}{minutes:.1f} minutes: {'all passed' if good else 'FAILED'}")
    if whole:
        print(f"Of the engine {engine}.")
    return 0 if good else 1


def engine_of() -> str:
    """Which engine it is: of all that is in engine/, to the byte."""
    files = sorted(path for path in (ROOT / "engine").rglob("*") if path.is_file() and "__pycache__" not in path.parts
                   and not any(part.endswith(".egg-info") for part in path.parts))  # fmt: skip
    told = (f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files)
    return hashlib.sha256("".join(told).encode()).hexdigest()[:12]


def count_before(parts: dict[str, Part], engine: str) -> int:
    """Give the parts what they had of this engine before; how many turns that were."""
    lines = LEDGER.read_text(encoding="utf-8").splitlines() if LEDGER.exists() else []
    turns = [turn for turn in map(json.loads, lines) if turn["engine"] == engine and turn["file"] in parts]
    for turn in turns:
        add(parts[turn["file"]], turn["sums"], turn["seconds"], turn["processor"])
    return len(turns)


def add(part: Part, sums: dict[str, dict[str, int]], seconds: float, processor: float) -> None:
    for claim, counted in sums.items():
        part.sums.setdefault(claim, Counter()).update(counted)
    part.runs, part.seconds, part.longest = part.runs + 1, part.seconds + seconds, max(part.longest, seconds)
    part.processor += processor


def run(part: Part, engine: str) -> bool:
    """Run the file once, with a new seed, and add up what it counts. `engine`: of which a soak takes note."""
    seed, begun, whole = random.SystemRandom().randrange(2**32), time.monotonic(), engine != ""
    sums: dict[str, Counter[str]] = {}
    processor = 0.0
    with tempfile.NamedTemporaryFile("r", prefix="guanjia-tally-", suffix=".jsonl", encoding="utf-8") as tally:
        returned, said = _pytest(
            ["-x", "-n", "0", "-rP", f"--hypothesis-seed={seed}", part.file],
            {"GUANJIA_TALLY": tally.name, "GUANJIA_SOAK" if whole else "GUANJIA_FAULTS": "1"},
        )
        for claim, counted in map(json.loads, tally):
            if claim:
                sums.setdefault(claim, Counter()).update(counted)
            else:
                processor += counted["seconds"]
    took = time.monotonic() - begun
    add(part, sums, took, processor)
    if whole and not returned:
        turn = {"engine": engine, "file": part.file, "seed": seed, "sums": sums}
        LEDGER.parent.mkdir(exist_ok=True)
        with LEDGER.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(turn | {"seconds": took, "processor": processor}) + "\n")
    if returned or not whole:
        print(said, flush=True)
    if not whole:
        print(f"{part.file}: {took:.0f} s\n", flush=True)
    if returned:
        failures = said.partition("= FAILURES =")[2].partition("= PASSES =")[0] or said
        part.failed = (
            f"{failures[-8000:]}\n--hypothesis-seed={seed} {part.file}; other seeds stand above as GUANJIA_SEED=…"
        )
    return returned == 0


def _pytest(arguments: list[str], settings: dict[str, str]) -> tuple[int, str]:
    """What pytest returned and said. What does not end is interrupted, so that it says where it stood and stops its servers."""
    with tempfile.TemporaryFile("w+", prefix="guanjia-said-", encoding="utf-8", errors="replace") as said:
        running = subprocess.Popen([sys.executable, "-m", "pytest", "--full-trace", "-o", f"faulthandler_timeout={PATIENCE}", *arguments], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT,
                                   env={**os.environ, **settings})  # fmt: skip
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
        said.seek(0)
        return running.returncode, said.read()


def others() -> list[Part]:
    """The rest of the tests of which there is more to run."""
    known = {part.file for part in LARGE}
    found = (str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").rglob("test_*.py"))
             if "tests.scale" in path.read_text(encoding="utf-8"))  # fmt: skip
    return [Part(path) for path in found if path not in known]


def table(parts: list[Part]) -> str:
    """A row for each claim, with all that was counted of it."""
    rows = sorted((claim, in_words(counted)) for part in parts for claim, counted in part.sums.items())
    return "\n".join(f"| {claim} | {counted} |" for claim, counted in [("tried", "counted"), ("---", "---"), *rows])


def shares(parts: list[Part]) -> str:
    """A row for each part: its turns, and how far it came with its figure."""
    rows: list[tuple[str, ...]] = [("tests", "runs", "minutes", "of a processor", "of the large figure"), ("---",) * 5]
    for part in parts:
        come = f"{part.reached:,} of {part.figure:,} {part.unit.replace('_', ' ')}" if part.figure else ""
        minutes = (f"{seconds / 60:.1f}" for seconds in (part.seconds, part.processor))
        rows.append((part.file.removeprefix("tests/"), str(part.runs), *minutes, come))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
