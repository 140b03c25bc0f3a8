"""Times, spans and masked values as people read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from guanjia.cli import words
from guanjia.cli.naming import nameless
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, from_iso
from guanjia.errors import Text, often, plural
from guanjia.model.case import Clock, Limit
from hypothesis import given, settings, strategies as st

from tests.offices import ROOT

ZONE = "Asia/Shanghai"
UNITS = {"天": DAY, "小时": HOUR, "分": MINUTE, "秒": SECOND, "d": DAY, "h": HOUR, "min": MINUTE, "s": SECOND}


def said(text: str) -> int:
    """What a span in words adds up to, read independently of how it was made."""
    pairs = re.findall(r"(\d+) (\S+)", text)
    assert pairs
    return sum(int(count) * UNITS[unit] for count, unit in pairs)


def clock(**given: Any) -> Clock:
    held: dict[str, Any] = {
        "name": "respond", "cycle": 1, "status": "running", "started_at": 0, "counted_from": 0, "target": 0,
        "limits": (Limit("office", "time", HOUR),), "since": 0, "due": HOUR,
    }  # fmt: skip
    return Clock(**(held | given))


@settings(deadline=None)
@given(st.integers(0, 400 * DAY))
def test_a_span_in_words_is_the_span_to_the_smaller_of_its_two_units(length: int) -> None:
    text = words.span(length)
    assert said(text.zh) == said(text.en)
    assert said(text.zh) <= length
    short = length - said(text.zh)
    assert short < (HOUR if length >= DAY else MINUTE if length >= MINUTE else SECOND)


def test_what_is_left_and_what_is_late_is_said_in_both_languages() -> None:
    due = from_iso("2026-11-24T12:00+08:00")
    text, style = words.left(due, due - 2 * HOUR - 5 * MINUTE)
    assert (text.zh, text.en, style) == ("还剩 2 小时 5 分", "2 h 5 min left", "")
    text, style = words.left(due, due + 35 * MINUTE)
    assert (text.zh, text.en, style) == ("超时 35 分", "35 min late", "late")


def test_the_due_instant_itself_is_too_late() -> None:
    assert words.left(HOUR, HOUR)[1] == "late"
    assert words.left(HOUR, HOUR - 1)[1] == "soon"


def test_a_clock_says_how_it_stands_and_a_verdict_stays() -> None:
    later = 10 * DAY
    assert words.clock(clock(), HOUR - 20 * MINUTE)[0].zh == "还剩 20 分"
    assert words.clock(clock(status="paused", due=None), later)[0] == ("暂停中", "paused")
    assert words.clock(clock(status="met", ended_at=MINUTE), later)[0] == ("按时", "met")
    assert (
        words.clock(clock(status="breached", breached_at=HOUR, ended_at=HOUR + 35 * MINUTE), later)[0].en
        == "35 min late"
    )
    assert (
        words.clock(clock(status="breached", breached_at=HOUR, ended_at=3 * HOUR, due=None), later)[0].zh
        == "超时 2 小时"
    )


def test_a_clock_that_was_late_and_was_given_more_time_still_says_late() -> None:
    text, style = words.clock(clock(breached_at=HOUR, due=5 * HOUR), 2 * HOUR)
    assert (text.en, style) == ("late", "late")


def test_a_time_is_short_where_the_rest_is_plain() -> None:
    at, now = from_iso("2026-11-24T09:05+08:00"), from_iso("2026-11-24T20:00+08:00")
    assert words.when(at, ZONE) == "2026-11-24 09:05"
    assert words.when(at, ZONE, now) == "09:05"
    assert words.when(at, ZONE, now + 30 * DAY) == "11-24 09:05"
    assert words.when(at, ZONE, now + 60 * DAY) == "2026-11-24 09:05"


def test_the_end_of_a_day_is_called_24_00_of_that_day() -> None:
    end, now = from_iso("2026-10-14T00:00+08:00"), from_iso("2026-10-13T09:00+08:00")
    assert words.by(end, ZONE) == "2026-10-13 24:00"
    assert words.by(end, ZONE, now) == "24:00"
    assert words.by(end, ZONE, now + 30 * DAY) == "10-13 24:00"
    assert words.by(end + MINUTE, ZONE) == "2026-10-14 00:01"


@settings(deadline=None)
@given(st.text(min_size=2, max_size=40), st.sampled_from(["text", "phone", "email", "room", "date"]))
def test_a_masked_value_never_shows_half_of_itself(value: str, kind: str) -> None:
    shown = words.mask(value, kind)
    if kind == "email":
        name, _, _ = value.partition("@")
        assert len(name) < 2 or set(name) == {"*"} or name not in shown
    else:
        kept = sum(len(part) for part in shown.split("*"))
        assert kept <= max(1, 7 * (len(value) >= 9))
        assert shown != value or set(value) == {"*"}


def test_a_phone_number_and_a_name_are_masked_as_people_know_it() -> None:
    assert words.mask("13800001234", "phone") == "138****1234"
    assert words.mask("张伟", "text") == "张**"
    assert words.mask("li@example.com", "email") == "l***@example.com"


def test_of_very_many_names_some_are_told_and_how_many_there_are():
    told = nameless(Text("状态", "state"), "zzz", [f"s{n}" for n in range(50)])
    assert told.hint is not None
    assert told.hint.zh.endswith("s39等 50 个")
    assert told.hint.en.endswith("s39 and 10 more")


def test_what_was_reckoned_is_rounded_and_what_was_typed_is_as_it_was() -> None:
    assert [words.rounded(held) for held in ("86.33333333333333", "3.50", "100", "0.005", 7)] == [
        "86.33",
        "3.50",
        "100",
        "0.00",
        "7",
    ]


COUNTED = re.compile(r"len\(|sum\(|count|cases$|rows$|errors$|days$|findings|states$|waiting$|missing$")
"""What in a sentence is a number of something."""
SEVERAL = re.compile(
    r" (?!is |has |was |as )(?:[a-z]+ ){0,3}?(?:[a-z]*[a-rt-z]s\b(?<!\bis)(?<!\bas)|are\b|were\b|have\b)"
)
NEVER_ONE = {
    "There are {len(told):,} households there", "{len(called)} people are called", "{len(value)} items, at most",
    "{len(messages)} notifications", "{len(space.nodes):,} situations were looked at",
    "each of {count:,} households", "too long ({len(held)} characters,",
}  # fmt: skip
"""Where the sentence is only said of several."""


def sentences() -> Iterator[tuple[str, str, str]]:
    """Of each English text with a number in it: the file, the text up to the number with it, and what comes after."""
    for path in (ROOT / "engine/guanjia").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            said = [
                part.value if isinstance(part, ast.Constant) else ast.unparse(ast.JoinedStr([part]))[2:-1]
                for part in node.values
            ]
            for at, part in enumerate(node.values):
                number = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
                if COUNTED.search(number) and not number.startswith("plural("):
                    yield path.name, "".join(said[: at + 1]), "".join(said[at + 1 :])


def test_no_sentence_says_one_as_if_it_were_several() -> None:
    found = [
        f"{file}: {before}{after}"
        for file, before, after in sentences()
        if SEVERAL.match(after) and not any(told in before + after for told in NEVER_ONE)
    ]
    assert not found, "\n".join(found)


def test_how_many_there_are_is_said_in_english_as_one_says_it() -> None:
    assert [plural(count, "case") for count in (0, 1, 2, 1_200)] == ["0 cases", "1 case", "2 cases", "1,200 cases"]
    assert [plural(count, "story fails", "stories fail") for count in (1, 2)] == ["1 story fails", "2 stories fail"]
    assert [often(count) for count in (1, 2, 3)] == ["once", "twice", "3 times"]
