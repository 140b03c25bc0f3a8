"""How much is tried: a sample that takes seconds; more where crashes and faults are what is tested, with GUANJIA_FAULTS=1
(`make faults`, a part of `make check`); the whole with GUANJIA_SOAK=1 (`make soak`).

All run the same tests; nothing is skipped, there is only less or more of it.
"""

from __future__ import annotations

import os
import random

FAULTS = os.environ.get("GUANJIA_FAULTS") == "1"
SOAK = os.environ.get("GUANJIA_SOAK") == "1"


def scale(sample: int, whole: int, *, faults: int | None = None) -> int:
    if SOAK:
        return whole
    return sample if faults is None or not FAULTS else faults


def drawn() -> random.Random:
    """A random source whose seed is printed, so that a failure can be had again: GUANJIA_SEED=… names it."""
    seed = int(os.environ.get("GUANJIA_SEED") or random.SystemRandom().randrange(2**32))
    print(f"GUANJIA_SEED={seed}")
    return random.Random(seed)
