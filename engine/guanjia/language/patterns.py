"""How long a regular expression can keep a processor busy, judged from its tree.

Python's `re` tries one way to match after the other and cannot be stopped: `(a+)+b` takes years over thirty letters. So an
author's pattern is admitted only where the number of ways that it could ever have to try, on the longest text that is matched
against patterns, is small. What asks for more can nearly always be written with bounds: `\\d{1,4}` for `\\d+`.
"""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from ..errors import Text
from ..model.procedure import LONGEST_MATCHED

MOST_WAYS = 10_000_000
MOST_REPEATED = 2_000

_ONE = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "CATEGORY", "RANGE"}
_NOWHERE = {"AT"}


def wrong_pattern(pattern: str) -> tuple[Text, Text | None] | None:
    """What is wrong and what to write: it is no pattern, or it could take too long."""
    try:
        re.compile(pattern)
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return Text(f"pattern 不是正确的正则表达式：{error}", f"pattern is not a regular expression: {error}"), None
    if _ways(tree) <= MOST_WAYS:
        return None
    return (
        Text("这个 pattern 可能要匹配很久", "this pattern could take very long to match"),
        Text(
            "写明重复几次，如用 \\d{1,4} 代替 \\d+；重复的括号里不要再有重复",
            "say how often something repeats, e.g. \\d{1,4} for \\d+, and repeat nothing inside of what is repeated",
        ),
    )


def _ways(tree: Any) -> float:
    """An upper bound of the ways in which the sequence can match some part of a text."""
    ways = 1.0
    for operator, argument in tree:
        kind = str(operator)
        if kind in _ONE or kind in _NOWHERE:
            continue
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            ways *= _repeated(*argument)
        elif kind == "SUBPATTERN":
            ways *= _ways(argument[-1])
        elif kind == "BRANCH":
            ways *= sum(_ways(branch) for branch in argument[1])
        elif kind in ("ASSERT", "ASSERT_NOT"):
            ways *= 1 + _ways(argument[1])
        else:  # back references and the like: what they cost depends on the text
            return float("inf")
        if ways > MOST_WAYS:
            return float("inf")
    return ways


def _repeated(least: int, most: Any, item: Any) -> float:
    times = min(int(most), LONGEST_MATCHED)
    if least > MOST_REPEATED:
        return float("inf")
    one = _ways(item)
    if one == 1 and len(item) == 1:
        return max(1, times - least + 1)
    # Each repetition of something that itself can match in several ways, or at several lengths, multiplies them.
    width = item.getwidth()
    lengths = 1 if width[0] == width[1] else min(width[1], LONGEST_MATCHED) - width[0] + 1
    several = max(one, lengths)
    if several == 1:
        return max(1, times - least + 1)
    total = 0.0
    for count in range(least, times + 1):
        total += several**count
        if total > MOST_WAYS:
            return float("inf")
    return max(1.0, total)
