"""A program that failed is made as small as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.smaller import smaller


def test_what_is_not_needed_is_left_out_of_a_program_and_of_what_is_done_in_bulk() -> None:
    tried: list[Sequence[Any]] = []

    def fails(program: Sequence[Any]) -> bool:
        tried.append(program)
        words = [word for step in program for word in (step[1] if step[0] == "bulk" else step)]
        return [word for word in words if word in "abc"] == ["a", "b", "c"]

    program = [["x"], ["a"], *[["y"]] * 40, ["bulk", ["u", "b", "v", "w"]], ["z"], ["c"], ["x"]]
    assert smaller(program, fails) == [["a"], ["bulk", ["b"]], ["c"]]
    assert len(tried) < 60


def test_without_time_it_stays_as_it_is() -> None:
    assert smaller([["a"], ["b"]], lambda program: True, seconds=0) == [["a"], ["b"]]
