"""How much is tried: a sample that takes seconds, or with GUANJIA_SOAK=1 (`make soak`) the whole.

Both run the same tests; nothing is skipped, there is only less or more of it.
"""

from __future__ import annotations

import os
import random

SOAK = os.environ.get("GUANJIA_SOAK") == "1"


def scale(sample: int, whole: int) -> int:
    return whole if SOAK else sample


def drawn() -> random.Random:
    """A random source whose seed is printed, so that a failure can be had again: GUANJIA_SEED=… names it."""
    seed = int(os.environ.get("GUANJIA_SEED") or random.SystemRandom().randrange(2**32))
    print(f"GUANJIA_SEED={seed}")
    return random.Random(seed)
