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


_PLAIN = Text("要这个符号本身，就在它前面加 \\", "for the sign itself write \\ before it")
_SAID: tuple[tuple[str, Text, Text], ...] = (
    ("unterminated character set", Text("“[”没有合上", "`[` is not closed"), Text("补上“]”，如 [A-Z]", "write `]` where it ends, e.g. [A-Z]")),
    ("missing ), unterminated subpattern", Text("“(”没有合上", "`(` is not closed"), Text("补上“)”", "write `)` where it ends")),
    ("unbalanced parenthesis", Text("“)”前面没有与它相配的“(”", "no `(` before `)` goes with it"), _PLAIN),
    ("nothing to repeat", Text("*、+、? 或 {…} 前面没有可以重复的东西", "nothing stands before *, +, ? or {…} that could repeat"), _PLAIN),
    ("multiple repeat", Text("两个重复符号连在一起", "two signs of repetition stand together"), Text("去掉一个", "take one away")),
    ("min repeat greater than max repeat", Text("{…} 里前面的数比后面的大", "in {…} the first number is the greater"), Text("请对调，如 {1,2}", "exchange them, e.g. {1,2}")),
    ("bad escape (end of pattern)", Text("末尾的“\\”后面没有东西", "nothing follows the `\\` at the end"), Text("删去它，或写 \\\\", "delete it, or write \\\\")),
    ("bad escape", Text("没有这种以“\\”开头的写法", "nothing is written so with `\\`"), Text("有：\\d 数字、\\w 文字、\\s 空白；汉字写 [\\u4e00-\\u9fff]", "there are \\d (digits), \\w (letters), \\s (blanks); Chinese is [\\u4e00-\\u9fff]")),
    ("bad character range", Text("[…] 里的范围不成立", "a range in […] is none"), Text("小的在前，如 a-z、0-9；要“-”本身，写在最后", "the lesser first, e.g. a-z, 0-9; a `-` of its own stands last")),
)  # fmt: skip
"""What Python says first of a pattern that is none, how we say it, and what to write."""


def wrong_pattern(pattern: str) -> tuple[Text, Text | None, int] | None:
    """What is wrong, what to write, and at which character: it is no pattern, or it could take too long."""
    try:
        re.compile(pattern)
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        known = ((text, hint) for said, text, hint in _SAID if str(error).startswith(said))
        what, hint = next(known, (Text(str(error), str(error)), None))
        wrong = Text(f"pattern 不是正确的正则表达式：{what.zh}", f"pattern is not a regular expression: {what.en}")
        return wrong, hint, getattr(error, "pos", None) or 0
    if _ways(tree) <= MOST_WAYS:
        return None
    return (
        Text("这个 pattern 可能要匹配很久", "this pattern could take very long to match"),
        Text(
            "写明重复几次，如用 \\d{1,4} 代替 \\d+；重复的括号里不要再有重复",
            "say how often something repeats, e.g. \\d{1,4} for \\d+, and repeat nothing inside of what is repeated",
        ),
        0,
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
