"""How things are timed here: always two of them, turn by turn in the same minute, so that a busy machine is busy for both.

A ratio is the median over the turns; it says more than either number, which belong to the machine they were taken on.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One line of the table. `ratio` is value / beside; `beside` is None where nothing comparable stands."""

    name: str
    value: float
    unit: str
    against: str = ""
    beside: float | None = None
    ratio: float | None = None


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], turns: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median over the turns of ours / theirs. Each goes first every other turn."""
    first: list[float] = []
    second: list[float] = []
    for turn in range(turns):
        if turn % 2:
            second.append(seconds_of(theirs))
            first.append(seconds_of(ours))
        else:
            first.append(seconds_of(ours))
            second.append(seconds_of(theirs))
    ratio = statistics.median(one / other for one, other in zip(first, second, strict=True))
    return statistics.median(first), statistics.median(second), ratio


def rates(
    name: str, against: str, ours: Callable[[], object], theirs: Callable[[], object], *, each: int, turns: int
) -> Measured:
    """Two ways to do `each` things, as things a second. The ratio is of speeds: 1 is as fast, 0.5 half as fast."""
    one, other, ratio = side_by_side(ours, theirs, turns)
    return Measured(name, each / one, "/s", against, each / other, 1 / ratio)
