"""What the commands print, kept as plain data for the page: lines and tables of pieces with their styles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from ...errors import Text
from ...terminal import safe_text
from ..out import Ink, Out, Piece

Cell = list[str]
"""The words of a piece, and its style."""


class Sheet(Out):
    """`take` gives what was printed since it was last asked: a block for every line and table."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._blocks: list[dict[str, Any]] = []
        self.stdout: TextIO
        self.stderr: TextIO

    on_terminal = False
    columns = None

    def cell(self, piece: Piece) -> Cell:
        text, style = piece if isinstance(piece, Ink) else (piece, "")
        return [safe_text(self.say(text), newlines=True), style]

    def take(self) -> list[dict[str, Any]]:
        blocks, self._blocks = self._blocks, []
        return blocks

    def line(self, *pieces: Piece, err: bool = False) -> None:
        cells = [self.cell(piece) for piece in pieces]
        if any(text.strip() for text, _ in cells):
            self._blocks.append({"line": cells})

    def lines(
        self, text: str | Text, *, indent: str = "", style: str = "", err: bool = False, typed: bool = False
    ) -> None:  # fmt: skip
        self.line(Ink(self.say(text), style))

    def table(
        self, rows: Iterable[Sequence[Piece]], head: Sequence[str | Text] = (), *, indent: str = "", flex: int | None = None,
        keep: Sequence[int] = (), spare: Sequence[int] = (), wrapped: bool = False,
    ) -> None:  # fmt: skip
        if cells := [[self.cell(piece) for piece in row] for row in rows]:
            self._blocks.append({"table": cells})

    def _write(self, text: str, stream: TextIO | None = None) -> None:
        """There is nowhere to write to."""
