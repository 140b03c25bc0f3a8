"""A program that failed, made as small as it goes: steps are left out, many at a time and then one by one, for as long as it still fails.

Programs are lists of plain data whose steps stand for themselves: what a step no longer finds it does without.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

Program = Sequence[Any]


def smaller(program: Program, fails: Callable[[Program], bool], seconds: float = 120) -> Program:
    """The smallest that is found in that time. A step `["bulk", [several]]` is several steps itself."""
    end = time.monotonic() + seconds

    def without(steps: Program, fails: Callable[[Program], bool]) -> Program:
        size = len(steps)
        while size:
            at, before = 0, len(steps)
            while at < len(steps) and time.monotonic() < end:
                fewer = [*steps[:at], *steps[at + size :]]
                if fails(fewer):
                    steps = fewer
                else:
                    at += size
            size = size if size == 1 and len(steps) < before and time.monotonic() < end else size // 2
        return steps

    program = without(program, fails)
    for place, step in enumerate(program):
        if step[0] == "bulk":
            before, after = list(program[:place]), list(program[place + 1 :])
            several = without(step[1], lambda some: fails([*before, ["bulk", some], *after]))  # noqa: B023
            program = [*before, ["bulk", several], *after]
    return program
