"""What reaches the terminal: nothing but text, and styles of our own."""

from __future__ import annotations

import io
import json
import re

import pytest
from guanjia.cli.out import Ink, Out, wrap
from guanjia.errors import Finding, Text
from guanjia.terminal import width
from hypothesis import given, settings, strategies as st

from tests.cli.terminals import Screen

OURS = re.compile(r"\x1b\[(1|2|1;31|33|32|4)m(.*?)\x1b\[0m", re.DOTALL)
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\x08\r\n\t\x9b\x90\x7f\u202e\u2066\u200f\u2028["),
    ),
    max_size=60,
) | st.sampled_from(
    ["\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://x\x07y", "a\rb", "\x9b31mred", "\u202etxt.exe", "\x1bP+q\x1b\\", "\x1b[0m\x1b[31m"]
)  # fmt: skip


def both() -> tuple[Out, Screen, Screen]:
    out, err = Screen(), Screen()
    return Out("zh", out, err), out, err


def leftovers(text: str) -> str:
    """What is left once every style of ours is taken away."""
    before = None
    while before != text:
        before, text = text, OURS.sub(lambda found: found[2], text)
    return text


@settings(deadline=None)
@given(nasty, nasty)
def test_no_text_can_move_the_cursor_or_colour_the_terminal(one: str, other: str) -> None:
    out, screen, errors = both()
    out.line(one, Ink(other, "late"), Text(one, other))
    out.lines(one, style="dim", indent="  ")
    out.table([[one, Ink(other, "bold"), "x"], [other, one, "y"]], ("A", Text(one, other), "C"), flex=1)
    out.problem(one, other)
    out.finding(Finding(one, Text(one, other), other, 3, 2, Text(other, one), f"{one}\n  ^"))
    for written in (screen.getvalue(), errors.getvalue()):
        assert not HARMFUL.search(leftovers(written))


@settings(deadline=None)
@given(nasty, nasty)
def test_json_stays_json_and_is_harmless_on_a_terminal(key: str, value: str) -> None:
    out, screen, _ = both()
    out.json({key: [value]})
    assert json.loads(screen.getvalue()) == {key: [value]}
    assert not HARMFUL.search(screen.getvalue())
    screen.getvalue().encode()


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("aé中文，龍 x한"), max_size=9), min_size=1, max_size=6))
def test_a_column_begins_at_one_cell_for_all_rows(cells: list[str]) -> None:
    stream = io.StringIO()
    Out("zh", stream, stream).table([[cell, "|"] for cell in cells])
    starts = {width(line[: line.rindex("|")]) for line in stream.getvalue().splitlines()}
    assert len(starts) == 1


def test_on_a_terminal_a_long_summary_gives_way_and_a_row_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen, _ = both()
    monkeypatch.setattr(Out, "columns", 60)
    monkeypatch.setenv("NO_COLOR", "1")
    out.table([["TS-2026-00001", "电梯" * 60, "张伟"]], flex=1)
    line = screen.getvalue().rstrip("\n")
    assert width(line) <= 60
    assert line.endswith("张伟")


def test_where_no_terminal_is_nothing_is_cut_or_coloured() -> None:
    stream = io.StringIO()
    Out("zh", stream, stream).table([[Ink("电梯" * 60, "late")]], flex=0)
    assert stream.getvalue() == "电梯" * 60 + "\n"


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen, _ = both()
    out.line(Ink("迟", "late"))
    assert "\x1b[1;31m" in screen.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain, screen, _ = both()
    plain.line(Ink("迟", "late"))
    assert screen.getvalue() == "迟\n"


@settings(deadline=None)
@given(st.text(st.sampled_from("ab 中文，。（）x-"), max_size=120), st.integers(20, 60))
def test_wrapping_loses_nothing_but_spaces_and_keeps_within_the_columns(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        longest = max((width(word) for word in line.split()), default=0)
        assert width(line) <= max(columns, longest) + 4
