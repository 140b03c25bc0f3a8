"""The one place through which everything reaches the terminal.

A line is made of pieces: plain text, a `Text` in both languages, or either with a style (`Ink`). Every piece is cleaned of
what could move the cursor or colour the terminal before a style of ours is put around it, so that nothing a resident typed
can do either. Columns are aligned by the width that characters really have. JSON is escaped so far that it is harmless on
a terminal too, and stays JSON.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from ..errors import Finding, GuanjiaError, Refused, Text, because
from ..terminal import UNSEEN, clip, safe_text, width

if TYPE_CHECKING:
    from pathlib import Path


class Ink(NamedTuple):
    """A piece of a line with a style: `bold`, `dim`, `late`, `soon`, `good` or `head`."""

    text: str | Text
    style: str


Piece = str | Text | Ink

_STYLES = {"bold": "1", "dim": "2", "late": "1;31", "soon": "33", "good": "32", "head": "4"}
_LEAST, _SHORTEST = 16, 4
"""Columns that a cell of text keeps where there is little room: of the column that gives way first, and of the others."""


class Unwritable(GuanjiaError):
    """What was to be printed could not be: the disk that standard output goes to is full, say."""


class Unread(Exception):
    """Whoever read us has gone."""


class Out:
    """Standard output and standard error of one run, in one language."""

    def __init__(self, language: str, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.language = language
        self.stdout = stdout or sys.stdout or _nowhere()
        self.stderr = stderr or sys.stderr or _nowhere()
        for stream in (self.stdout, self.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")

    # -- what the terminal is

    @property
    def on_terminal(self) -> bool:
        return self.stdout.isatty()

    @property
    def columns(self) -> int | None:
        """Columns of the terminal; None where there is none, and nothing needs to be cut."""
        if not self.on_terminal:
            return None
        try:
            return max(20, os.get_terminal_size(self.stdout.fileno()).columns or 80)
        except OSError:
            return 80

    def _colours(self, stream: TextIO) -> bool:
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    # -- words

    def say(self, text: str | Text) -> str:
        """The words of a text in the language of this run."""
        return text.get(self.language) if isinstance(text, Text) else text

    def both(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    # -- lines

    def line(self, *pieces: Piece, err: bool = False) -> None:
        stream = self.stderr if err else self.stdout
        self._write(self._line(pieces, self._colours(stream)) + "\n", stream)

    def lines(
        self, text: str | Text, *, indent: str = "", style: str = "", err: bool = False, typed: bool = False
    ) -> None:  # fmt: skip
        """Text of several lines, each kept and wrapped to the terminal, all indented alike. Of what was `typed` by somebody
        the lines after the first are marked, so that none of them looks like a line of ours."""
        for number, part in enumerate(safe_text(self.say(text), newlines=True).split("\n")):
            before = f"{indent}│ " if typed and number else indent
            for wrapped in wrap(part, max(20, (self.columns or 100) - width(before))):
                self.line(before, Ink(wrapped, style) if style else wrapped, err=err)

    def json(self, data: Any) -> None:
        import json

        text = json.dumps(data, ensure_ascii=False, indent=2, default=_plain)
        self._write(re.sub(f"[{UNSEEN}]", lambda found: json.dumps(found[0])[1:-1], text) + "\n")

    def raw(self, text: str) -> None:
        """Text of our own that must come out byte by byte, such as a completion script."""
        self._write(text)

    def table(
        self, rows: Iterable[Sequence[Piece]], head: Sequence[str | Text] = (), *, indent: str = "", flex: int | None = None,
        keep: Sequence[int] = (), spare: Sequence[int] = (), wrapped: bool = False,
    ) -> None:  # fmt: skip
        """Columns as wide as their widest cell, a row a line. On a terminal that is too narrow the column `flex` gives way
        first, then the widest of the others that are not in `keep`; what is cut ends in an ellipsis. Sooner than that,
        columns of `spare` are left out, one after the other. With `wrapped` the column `flex` goes on in lines below
        instead, and its words stay whole."""
        cells = [[_cell(piece, self) for piece in row] for row in rows]
        titles = [_cell(Ink(title, "head"), self) for title in head]
        if titles:
            cells.insert(0, titles)
        if not cells:
            return
        count = max(len(row) for row in cells)
        widths = [max((width(row[i][0]) for row in cells if i < len(row)), default=0) for i in range(count)]
        left_out: set[int] = set()
        if flex is not None and self.columns is not None:
            room = self.columns - width(indent) - 2 * (count - 1)
            least = _least(cells, flex, room) if wrapped else _LEAST
            for column in spare:
                if sum(widths) - max(0, widths[flex] - least) <= room:
                    break
                left_out.add(column)
                widths[column], room = 0, room + 2
            _fit(widths, room, flex, least, (*keep, flex) if wrapped else keep)
        colours = self._colours(self.stdout)
        for row in cells:
            for line in self._below(row, flex, widths) if wrapped and flex is not None else (row,):
                shown = []
                for i, (text, style) in enumerate(line):
                    if i in left_out:
                        continue
                    kept = clip(text, widths[i]) if width(text) > widths[i] and not (wrapped and i == flex) else text
                    pad = " " * (widths[i] - width(kept)) if i + 1 < len(line) else ""
                    shown.append(_painted(kept, style if colours else "") + pad)
                self._write((indent + "  ".join(shown)).rstrip() + "\n")

    def _below(
        self, row: Sequence[tuple[str, str]], flex: int, widths: Sequence[int]
    ) -> Iterable[Sequence[tuple[str, str]]]:
        """The lines of a row whose cell `flex` goes on below."""
        if flex >= len(row):
            return (row,)
        text, style = row[flex]
        first, *rest = wrap(text, widths[flex])
        return (
            [*row[:flex], (first, style), *row[flex + 1 :]],
            *([*[("", "")] * flex, (more, style)] for more in rest),
        )

    def _line(self, pieces: Sequence[Piece], colours: bool) -> str:
        inks = [_cell(piece, self) for piece in pieces]
        return "".join(_painted(text, style if colours else "") for text, style in inks).rstrip()

    def ask(self, *pieces: Piece) -> str:
        """One line typed by whoever sits there; EOFError when they end the input."""
        self.flush()
        return input(self._line(pieces, False) + " ")

    # -- what went wrong

    def problem(self, text: str | Text, hint: str | Text | None = None) -> None:
        """What happened, and under it what to do, on standard error."""
        mark, said = self.both("错误：", "Error: "), safe_text(_one_line(self.say(text)))
        first, *more = wrap(mark + said, self.columns) if self.columns else [mark + said]
        self.line(Ink(mark, "late"), first.removeprefix(mark.rstrip()).lstrip(), err=True)
        for wrapped in more:
            self.line(wrapped, err=True)
        if hint is not None:
            self.lines(hint, indent="  ", err=True)

    def finding(self, finding: Finding, *, err: bool = True) -> None:
        """`file:line:column: text`, the line of the file with the caret that came with it, and the hint."""
        serious = finding.severity == "error"
        mark = Text("错误", "error") if serious else Text("提醒", "warning")
        place = f"{finding.place}: " if finding.place else ""
        self.line(
            Ink(place, "bold"), Ink(mark, "late" if serious else "soon"), " ", Ink(f"[{finding.code}]", "dim"), " ",
            _one_line(self.say(finding.text)), err=err,
        )  # fmt: skip
        for i, shown in enumerate(self._window(finding.snippet) if finding.snippet else ()):
            gutter = f"{finding.line:>5} | " if i == 0 else "      | "
            self.line(Ink(gutter, "dim"), Ink(shown.replace("\t", " "), "late" if i else ""), err=err)
        if finding.hint is not None:
            self.lines(finding.hint, indent="        ", err=err)

    def _window(self, snippet: str) -> list[str]:
        """The line of a file and its caret, as much of both as the terminal has room for around the caret."""
        line, _, caret = snippet.partition("\n")
        room = (self.columns or 200) - 8
        first = len(caret) - len(caret.lstrip())
        start = 0 if width(line[: first + 1]) < room else max(0, first - room // 4)
        cut = "…" if start else ""
        shown = [clip(cut + line[start:], room)]
        return [*shown, *([clip(" " * len(cut) + caret[start:], room).rstrip("…")] if caret else [])]

    def _write(self, text: str, stream: TextIO | None = None) -> None:
        with _told():
            (stream or self.stdout).write(text)

    def flush(self) -> None:
        with _told():
            self.stdout.flush()
            self.stderr.flush()


def _nowhere() -> TextIO:
    """Where a stream that was closed before we began writes to."""
    return open(os.devnull, "w", encoding="utf-8")


@contextmanager
def _told() -> Iterator[None]:
    """What the system says when we write, as an error of ours."""
    try:
        yield
    except BrokenPipeError:
        raise Unread from None
    except OSError as error:
        raise _unwritable(because(error)) from None


def _unwritable(why: Text) -> Unwritable:
    return Unwritable(
        Text(f"结果写不出去：{why.zh}。", f"The output cannot be written: {why.en}."),
        Text("命令本身可能已经办成，请用 guanjia show 查看。", "The command itself may have been carried out: see guanjia show."),
    )  # fmt: skip


def write(file: str, content: str | bytes) -> None:
    """Write a file that somebody named; Refused says why it cannot be written."""
    try:
        with open(file, "wb") as target:
            target.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        why = because(error)
        raise Refused("file", Text(f"写不了 {file}：{why.zh}", f"{file} cannot be written: {why.en}")) from None


def replace_file(path: Path, text: str) -> None:
    """Write a file so that it is there as it was or as it is to be, and never half; Refused says why it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as target:
            target.write(text)
        if path.exists():
            beside.chmod(path.stat().st_mode)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        why = because(error)
        raise Refused("file", Text(f"写不了 {path}：{why.zh}", f"{path} cannot be written: {why.en}")) from None


def _least(cells: Sequence[Sequence[tuple[str, str]]], flex: int, room: int) -> int:
    """How narrow a column may be that goes on below: as its longest word, if that is not much of the room."""
    words = (word for row in cells for text, _ in row[flex : flex + 1] for word in re.findall(_PART, text))
    return max(_LEAST, min(room // 3, max(map(width, words), default=0)))


def _fit(widths: list[int], room: int, flex: int, least: int, keep: Sequence[int]) -> None:
    """Make columns narrower until they fit into `room`, or nothing may give way any more."""
    over = sum(widths) - room
    if over > 0 and flex < len(widths):
        given = min(over, max(0, widths[flex] - least))
        widths[flex] -= given
        over -= given
    while over > 0:
        widest = max((i for i in range(len(widths)) if i not in keep), key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= _SHORTEST:
            return
        widths[widest] -= 1
        over -= 1


_WIDE = "⺀-꓿가-힣豈-﫿︰-﹏！-｠"
_OPENING, _CLOSING = "（“《「【(", "，。：；！？、）”》」】)"
_PART = rf"\s+|[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+"
"""What a line is not broken within: a word or a Chinese character, with the signs that open before and close after it."""


def wrap(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`, broken at spaces and between Chinese characters; a longer word stays whole."""
    parts = re.findall(_PART, text)
    lines, now = [], ""
    for part in parts:
        if now.strip() and width(now) + width(part.rstrip()) > columns:
            lines.append(now.rstrip())
            now = part.lstrip()
        else:
            now += part
    lines.append(now.rstrip())
    return lines


def _cell(piece: Piece, out: Out) -> tuple[str, str]:
    """The safe words of a piece and its style."""
    text, style = piece if isinstance(piece, Ink) else (piece, "")
    return safe_text(out.say(text)), style


def _painted(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style and text.strip() else text


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
