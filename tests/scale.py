"""How much is tried: a sample that takes seconds; more where crashes and faults are what is tested, with GUANJIA_FAULTS=1
(`make faults`, a part of `make check`); with GUANJIA_SOAK=1 what a turn of some minutes holds, of which `make soak` takes many.

All run the same tests; nothing is skipped, there is only less or more of it.
"""

from __future__ import annotations

import json
import os
import random
import resource
from collections.abc import Mapping

FAULTS = os.environ.get("GUANJIA_FAULTS") == "1"
SOAK = os.environ.get("GUANJIA_SOAK") == "1"


def scale(sample: int, turn: int, *, faults: int | None = None) -> int:
    if SOAK:
        return turn
    return sample if faults is None or not FAULTS else faults


def in_words(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items())


def tell(claim: str, **counted: int) -> None:
    """Say how much was tried and what came of it; `tests.soak` makes a table of what all tests say."""
    print(f"{claim}: {in_words(counted)}")
    note(claim, counted)


def note(claim: str, counted: Mapping[str, float]) -> None:
    if (tally := os.environ.get("GUANJIA_TALLY")) is not None:
        with open(tally, "a", encoding="utf-8") as file:
            file.write(json.dumps([claim, counted]) + "\n")


def note_processors() -> None:
    """How many seconds of a processor these tests took, with all programs that they began: beside others they last longer."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    note("", {"seconds": sum(each.ru_utime + each.ru_stime for each in used)})


def drawn() -> random.Random:
    """A random source whose seed is printed, so that a failure can be had again: GUANJIA_SEED=… names it."""
    seed = int(os.environ.get("GUANJIA_SEED") or random.SystemRandom().randrange(2**32))
    print(f"GUANJIA_SEED={seed}")
    return random.Random(seed)
