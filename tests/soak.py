"""Runs the tests of crashes, faults and chance, over and over with new seeds, and makes one table of what they counted.

    python -m tests.soak MINUTES    the large figures (`make soak`); ends with the file in hand when the time is over
    python -m tests.soak faults     once, as much of it as `make check` runs (`make faults`), with what each test printed

As many files run at a time as there are processors. It ends at the first failure, and says how to have it again.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

from tests.scale import in_words

ROOT = Path(__file__).resolve().parents[1]
FAULTS = ("model", "workers", "kill", "failpoints", "power_cut", "postgres_faults", "failing_disk", "clock_jumps")
"""Longest first, so that none is alone at the end."""


def main() -> int:
    whole = sys.argv[1] != "faults"
    first = [f"tests/runtime/test_{name}.py" for name in FAULTS]
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile(prefix="guanjia-tally-", suffix=".jsonl") as tally:
        environment = {**os.environ, "GUANJIA_TALLY": tally.name, "GUANJIA_SOAK" if whole else "GUANJIA_FAULTS": "1"}

        def run(file: str) -> bool:
            seed = random.SystemRandom().randrange(2**32)
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-x", "-n", "0", "-rP", f"--hypothesis-seed={seed}", file],
                cwd=ROOT, capture_output=True, text=True, check=False, env=environment,
            )  # fmt: skip
            if done.returncode or not whole:
                print(done.stdout, done.stderr, flush=True)
            if done.returncode:
                print(f"--hypothesis-seed={seed} {file}; other seeds stand above as GUANJIA_SEED=…", flush=True)
            return done.returncode == 0

        good, ran = True, 0
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            end = begun + 60 * float(sys.argv[1]) if whole else float("inf")
            files = cycle([*first, *others(first)]) if whole else iter(first)

            def lane() -> None:
                nonlocal good, ran
                while good and time.monotonic() < end and (file := next(files, None)) is not None:
                    passed = run(file)
                    good, ran = good and passed, ran + 1

            for each in [pool.submit(lane) for _ in range(os.cpu_count() or 1)]:
                each.result()
        print(table(Path(tally.name).read_text(encoding="utf-8")))
    print(
        f"{ran} runs of test files, {(time.monotonic() - begun) / 60:.1f} minutes: {'all passed' if good else 'FAILED'}"
    )
    return 0 if good else 1


def others(first: list[str]) -> list[str]:
    """The rest of the tests of which there is more to run."""
    found = (str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").rglob("test_*.py"))
             if "tests.scale" in path.read_text(encoding="utf-8"))  # fmt: skip
    return [path for path in found if path not in first]


def table(tally: str) -> str:
    """A row for each claim, with all that was counted of it."""
    sums: dict[str, Counter[str]] = {}
    for line in tally.splitlines():
        claim, counted = json.loads(line)
        sums.setdefault(claim, Counter()).update(counted)
    rows = [(claim, in_words(counted)) for claim, counted in sorted(sums.items())]
    return "\n".join(f"| {claim} | {counted} |" for claim, counted in [("tried", "counted"), ("---", "---"), *rows])


if __name__ == "__main__":
    sys.exit(main())
