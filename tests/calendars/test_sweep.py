"""A fast part of the sweep (`make oracle` asks forty times as many), and that it notices what goes wrong."""

from __future__ import annotations

import random
from typing import Any

import pytest
from guanjia.clock import MINUTE

from tests.anchors.planting import Bug, planted
from tests.calendars.sweep import sweep

AMOUNTS = 2_500


def test_random_amounts_end_where_the_oracle_says() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    asked, wrong = sweep(AMOUNTS, seed)
    assert (asked, wrong) == (AMOUNTS, []), f"python -m tests.calendars.sweep {AMOUNTS} {seed}"


def _of_plan(change: Any) -> Any:
    return lambda real: lambda self, day: (change(*(found := real(self, day))[:2]), *found[1:])


@pytest.mark.parametrize("seed", [1])
@planted(
    Bug("a night shift ends at midnight", "guanjia.calendars.years.Plan.of",
        _of_plan(lambda windows, kind: [[begin, min(end, 1440)] for begin, end in windows])),
    Bug("make-up days are rest days", "guanjia.calendars.years.Plan.of",
        _of_plan(lambda windows, kind: [] if kind == "workday" else windows)),
    Bug("a repeated hour counts once", "guanjia.calendars.years.Walls.closing", lambda real: lambda self, at: self.opening(at)),
    Bug("the last day closes a minute early", "guanjia.calendars.Calendar._last_day",
        lambda real: lambda self, ends, rolls: (last := real(self, ends, rolls=rolls)) - MINUTE * (last != ends)),
    Bug("slower time loses what ran before a closing", "guanjia.calendars.suspending._cut",
        lambda real: lambda piece, stretch, plain: [(*part[:3], part[3] - part[3] % MINUTE) if part[2] == 1 else (*part[:3], 0)
                                                    for part in real(piece, stretch, plain)]),
    Bug("a result is the next opening instead of the closing", "guanjia.calendars.Calendar.add",
        lambda real: lambda self, start, span: self.next_open(real(self, start, span)) if span > 0 else real(self, start, span)),
)  # fmt: skip
def test_the_sweep_notices(seed: int) -> None:
    _, wrong = sweep(1_500, seed, most=1)
    assert wrong == []
