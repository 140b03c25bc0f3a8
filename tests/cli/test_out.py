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
HARMFUL = re.compile(
    "[\U000e0000-\U000e007f\ufff9-\ufffb\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)

nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\x08\r\n\t\x9b\x90\x7f\u202e\u2066\u200f\u2028["),
    ),
    max_size=60,
) | st.sampled_from(
    ["\U000e0041\ufffa", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://x\x07y", "a\rb", "\x9b31mred", "\u202etxt.exe", "\x1bP+q\x1b\\", "\x1b[0m\x1b[31m"]
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


def test_a_long_error_is_broken_between_words_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out, _, screen = both()
    out.language = "en"
    monkeypatch.setattr(Out, "columns", 40)
    monkeypatch.setenv("NO_COLOR", "1")
    out.problem("trade (skill) will not do: 'x' is none of plumbing, electrical, lifts", "Look again.")
    lines = screen.getvalue().splitlines()
    assert " ".join(lines[:-1]) == "Error: trade (skill) will not do: 'x' is none of plumbing, electrical, lifts"
    assert len(lines) > 2
    assert all(width(line) <= 40 for line in lines)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.text(st.sampled_from("aé中文 x한e\u0301\ufe0f"), max_size=60), min_size=5, max_size=5), min_size=1, max_size=5),
    st.integers(50, 90), st.integers(0, 4),
)  # fmt: skip
def test_a_row_fits_the_terminal_whatever_stands_in_it_and_what_is_kept_is_whole(
    rows: list[list[str]], columns: int, flex: int
) -> None:
    out, screen, _ = both()
    kept = "TS-2026-00001"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Out, "columns", columns)
        patch.setenv("NO_COLOR", "1")
        out.table([[kept, *row] for row in rows], flex=flex + 1, keep=(0,))
    lines = screen.getvalue().splitlines()
    assert len(lines) == len(rows)
    for line in lines:
        assert width(line) <= columns
        assert line.startswith(kept)


def test_where_there_is_little_room_spare_columns_are_left_out_before_anything_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for columns, shown in (
        (70, "TS-2026-00001  front desk  on duty  a long summary of what it is"),
        (54, "TS-2026-00001  front desk  on duty  a long summary of…"),
        (44, "TS-2026-00001  on duty  a long summary of w…"),
        (22, "TS-2026-00001  on duty"),
    ):
        out, screen, _ = both()
        monkeypatch.setattr(Out, "columns", columns)
        row = ["TS-2026-00001", "front desk", "on duty", "a long summary of what it is"]
        out.table([row], flex=3, keep=(0, 2), spare=(1, 3))
        assert screen.getvalue() == f"{shown}\n"


def test_a_word_of_a_cell_that_goes_on_below_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen, _ = both()
    monkeypatch.setattr(Out, "columns", 80)
    monkeypatch.setenv("NO_COLOR", "1")
    out.table([["a" * 30, "one (engineering_supervisor), two", "b" * 40]], flex=1, keep=(0,), wrapped=True)
    lines = screen.getvalue().splitlines()
    assert all(width(line) <= 80 for line in lines)
    assert any("(engineering_supervisor)" in line for line in lines)


def test_a_cell_may_go_on_below_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    out, screen, _ = both()
    monkeypatch.setattr(Out, "columns", 40)
    monkeypatch.setenv("NO_COLOR", "1")
    out.table([["accept", "only the assignee may do this and nobody else at all"], ["x", "y"]], flex=1, wrapped=True)
    assert screen.getvalue().splitlines() == [
        "accept  only the assignee may do this",
        "        and nobody else at all",
        "x       y",
    ]


def test_signs_without_a_width_of_their_own_take_no_column() -> None:
    assert [width(sign) for sign in ("e\u0301", "\ufe0f", "\u20dd", "中", "ＡＢ", "ab")] == [1, 0, 0, 2, 4, 2]


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


@settings(deadline=None)
@given(st.text(st.sampled_from("abc 中文{}"), min_size=1, max_size=300), st.data(), st.integers(40, 90))
def test_a_long_line_of_a_file_is_shown_around_its_caret(line: str, data: st.DataObject, columns: int) -> None:
    at = data.draw(st.integers(0, len(line) - 1))
    caret = "".join("\u3000" if width(sign) == 2 else " " for sign in line[:at]) + "^"
    out, _, errors = both()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Out, "columns", columns)
        patch.setenv("NO_COLOR", "1")
        out.finding(Finding("x", Text("错", "wrong"), "a.yaml", 7, at + 1, None, f"{line}\n{caret}"))
    shown, mark = (row[8:] for row in errors.getvalue().splitlines()[1:3])
    assert width(shown) + 8 <= columns
    place = width(mark) - 1
    under = next((sign for i, sign in enumerate(shown) if width(shown[:i]) == place), "")
    assert under in (line[at], "") if line[at] == " " else under == line[at]
