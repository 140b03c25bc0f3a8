"""An author's pattern can keep no processor busy: what could is refused when the file is read, with what to write instead."""

from __future__ import annotations

import random
import re
import time

import pytest
from guanjia.language.patterns import wrong_pattern
from guanjia.model.procedure import LONGEST_MATCHED

SLOW = [
    "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)*x", r"(\d+)*-", "(a?){100}a{100}", "(([a-z])+.)+[A-Z]([a-z])+",
    "((a+)+)+", r"(\w+\s?)+$", "(a{1,50}){1,50}b", ".*.*.*.*.*x", r"(a)\1*b", "(?=(a+)+b)a", "(x+x+)+y", "a{3000}",
]  # fmt: skip
FINE = [
    r"\d+-\d+-\d+", r"[A-Z]{2}\d{6}", r"\d{1,3}(\.\d{1,3}){3}", r"(苏|浙)[A-Z][A-Z0-9]{5,6}", r".*", r"[^@\s]+@[^@\s]+",
    r"^\d{4}$", r"(\d{2,4}-)?\d{7,8}", r"[\u4e00-\u9fff]{2,20}", "(?i)yes|no", r"\S+",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_could_take_very_long_is_refused(pattern):
    wrong = wrong_pattern(pattern)
    assert wrong is not None
    assert wrong[1] is not None


@pytest.mark.parametrize("pattern", FINE)
def test_a_pattern_that_offices_use_is_admitted(pattern):
    assert wrong_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "said", "offset"),
    [
        ("[A-Z", "“[”没有合上", 0), ("B(a", "“(”没有合上", 1), ("a)", "“)”前面没有与它相配的“(”", 1), ("*a", "可以重复的东西", 0),
        ("a**", "两个重复符号", 2), ("a{2,1}", "前面的数比后面的大", 2), ("a\\", "后面没有东西", 1), (r"a\q", "没有这种以“\\”开头的写法", 1),
        ("[z-a]", "范围不成立", 1),
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_told_in_the_words_of_the_reader_at_its_character(pattern, said, offset):
    wrong = wrong_pattern(pattern)
    assert wrong is not None
    assert said in wrong[0].zh
    assert re.search("[a-z]{4}", wrong[0].zh.removeprefix("pattern")) is None, "no English in a Chinese answer"
    assert wrong[1] is not None
    assert wrong[2] == offset


def test_what_is_seldom_wrong_with_a_pattern_is_told_in_the_words_of_python():
    wrong = wrong_pattern("(?z)")
    assert wrong is not None
    assert "unknown extension" in wrong[0].zh


def _made(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(["a", "b", ".", "[ab]", "aa"])
    kind = draw.randrange(4)
    if kind == 0:
        return _made(draw, depth - 1) + _made(draw, depth - 1)
    if kind == 1:
        return f"({_made(draw, depth - 1)}|{_made(draw, depth - 1)})"
    return f"({_made(draw, depth - 1)}){draw.choice(['*', '+', '?', '{2}', '{0,3}', '{1,9}'])}"


def test_no_pattern_that_is_admitted_takes_long_on_any_text():
    draw, admitted = random.Random(7), 0
    texts = ["a" * LONGEST_MATCHED, "ab" * (LONGEST_MATCHED // 2), "a" * (LONGEST_MATCHED - 1) + "!"]
    for _ in range(400):
        pattern = _made(draw, draw.randint(1, 4)) + "c"
        if wrong_pattern(pattern) is not None:
            continue
        admitted += 1
        began = time.process_time()
        for text in texts:
            re.fullmatch(pattern, text)
        assert time.process_time() - began < 5, pattern
    assert admitted > 50
