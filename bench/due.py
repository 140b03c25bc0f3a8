"""What the worker asks at every tick, "which cases are due?", with a million open cases, beside a thousand."""

from __future__ import annotations

from guanjia import Engine
from guanjia.clock import MINUTE

from .crowded import fill
from .measure import Measured, side_by_side
from .tape import room

EACH, TURNS = 200, 15
MANY, FEW = 1_000_000, 1_000


def measure() -> list[Measured]:
    with room() as folder, fill(folder / "many", MANY) as many, fill(folder / "few", FEW) as few:
        ours, theirs, ratio = side_by_side(lambda: _ask(many), lambda: _ask(few), TURNS)
    micro = 1_000_000 / EACH
    return [
        Measured(
            "what is due, of 1,000,000 open cases", ours * micro, "us", "of 1,000 open cases", theirs * micro, ratio
        )
    ]


def _ask(engine: Engine) -> None:
    """The first ten are due, in either office."""
    soonest = engine.store.next_wake()
    assert soonest is not None
    for _ in range(EACH):
        if len(engine.store.due(soonest + 9 * MINUTE, 100)) != 10:
            raise AssertionError("ten cases should be due")
