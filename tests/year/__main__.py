"""python -m tests.year [--days N] [--households N] [--seed N]: live through a whole year, and print what came of it."""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from pathlib import Path

from guanjia.clock import from_iso

from tests.year.whole import HOUSEHOLDS, live, said

LEAST = 200_000
"""Events that a year has, at least."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--households", type=int, default=HOUSEHOLDS)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = options.parse_args()
    print(f"seed {given.seed}", flush=True)
    gc.set_threshold(50_000, 20, 20)  # much lives on: looking at it all over again takes time
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guanjia-year-") as folder:
        lived = live(Path(folder) / "office", from_iso("2026-01-01T00:00", "Asia/Shanghai"), given.days, given.households, random.Random(given.seed))  # fmt: skip
    print(said(lived))
    wrong, events = list(lived.wrong()), lived.judged.events
    if given.days >= 365 and given.households >= HOUSEHOLDS and events < LEAST:
        wrong.append(f"{events:,} events are fewer than {LEAST:,}: more has to happen in a year (KINDS)")
    for each in wrong:
        print(f"WRONG {each}")
    print(
        f"{events:,} events, {sum(row['cases'] for row in lived.judged.by_procedure.values()):,} cases, {time.monotonic() - begun:.0f} s, {time.process_time():.0f} s of a processor"
    )
    for what, count in lived.life.refused.most_common(20):
        print(f"  refused {count}: {what}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
