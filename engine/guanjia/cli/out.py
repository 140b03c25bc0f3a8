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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from ..errors import Finding, Text
from ..terminal import clip, safe_text, width


class Ink(NamedTuple):
    """A piece of a line with a style: `bold`, `dim`, `late`, `soon`, `good` or `head`."""

    text: str | Text
    style: str


Piece = str | Text | Ink

_STYLES = {"bold": "1", "dim": "2", "late": "1;31", "soon": "33", "good": "32", "head": "4"}
_NOT_ON_A_TERMINAL = "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"


class Out:
    """Standard output and standard error of one run, in one language."""

    def __init__(self, language: str, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.language = language
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
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
        stream.write(self._line(pieces, self._colours(stream)) + "\n")

    def lines(self, text: str | Text, *, indent: str = "", style: str = "", err: bool = False) -> None:
        """Text of several lines, each kept and wrapped to the terminal, all indented alike."""
        room = (self.columns or 100) - width(indent)
        for part in safe_text(self.say(text), newlines=True).split("\n"):
            for wrapped in wrap(part, max(20, room)):
                self.line(indent, Ink(wrapped, style) if style else wrapped, err=err)

    def json(self, data: Any) -> None:
        import json

        text = json.dumps(data, ensure_ascii=False, indent=2, default=_plain)
        self.stdout.write(re.sub(_NOT_ON_A_TERMINAL, lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")

    def raw(self, text: str) -> None:
        """Text of our own that must come out byte by byte, such as a completion script."""
        self.stdout.write(text)

    def table(
        self,
        rows: Iterable[Sequence[Piece]],
        head: Sequence[str | Text] = (),
        *,
        indent: str = "",
        flex: int | None = None,
    ) -> None:
        """Columns as wide as their widest cell; on a terminal the column `flex` gives way so that a row stays one line."""
        cells = [[_cell(piece, self) for piece in row] for row in rows]
        titles = [_cell(Ink(title, "head"), self) for title in head]
        if titles:
            cells.insert(0, titles)
        if not cells:
            return
        count = max(len(row) for row in cells)
        widths = [max((width(row[i][0]) for row in cells if i < len(row)), default=0) for i in range(count)]
        if flex is not None and flex < count and self.columns is not None:
            others = width(indent) + sum(w + 2 for i, w in enumerate(widths) if i != flex)
            widths[flex] = min(widths[flex], max(8, self.columns - others))
        colours = self._colours(self.stdout)
        for row in cells:
            shown = []
            for i, (text, style) in enumerate(row):
                kept = clip(text, widths[i]) if width(text) > widths[i] else text
                pad = " " * (widths[i] - width(kept)) if i + 1 < len(row) else ""
                shown.append(_painted(kept, style if colours else "") + pad)
            self.stdout.write((indent + "  ".join(shown)).rstrip() + "\n")

    def _line(self, pieces: Sequence[Piece], colours: bool) -> str:
        inks = [_cell(piece, self) for piece in pieces]
        return "".join(_painted(text, style if colours else "") for text, style in inks).rstrip()

    def ask(self, *pieces: Piece) -> str:
        """One line typed by whoever sits there; EOFError when they end the input."""
        self.stdout.flush()
        return input(self._line(pieces, False) + " ")

    # -- what went wrong

    def problem(self, text: str | Text, hint: str | Text | None = None) -> None:
        """What happened, and under it what to do, on standard error."""
        self.line(Ink(Text("错误：", "Error: "), "late"), _one_line(self.say(text)), err=True)
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
        for i, shown in enumerate(finding.snippet.split("\n") if finding.snippet else ()):
            gutter = f"{finding.line:>5} | " if i == 0 else "      | "
            self.line(Ink(gutter, "dim"), Ink(shown.replace("\t", " "), "late" if i else ""), err=err)
        if finding.hint is not None:
            self.lines(finding.hint, indent="        ", err=err)

    def flush(self) -> None:
        self.stdout.flush()
        self.stderr.flush()


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
