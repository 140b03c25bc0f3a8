"""What an administrator wrote, with the place of every piece of it.

A `Node` is one scalar, list or mapping of a file, and knows its file, line and column (from 1, in characters). Everything
that is said about a file later — a wrong key, an unknown state, a guard that does not fit — is said about a node, so that
the finding stands where the eye has to go. Nodes of an included fragment keep the fragment's file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..errors import Finding, Text

Path: TypeAlias = tuple[str | int, ...]

_WINDOW = 100


@dataclass(frozen=True, slots=True)
class Source:
    """One file as text."""

    file: str
    lines: tuple[str, ...] = ()

    def snippet(self, line: int, column: int) -> str:
        """The line and a caret under the column; a Chinese character is two cells wide, and so is the blank under it."""
        if not 1 <= line <= len(self.lines):
            return ""
        text = self.lines[line - 1]
        start = max(0, column - 1 - _WINDOW)
        ahead, rest = text[start : column - 1], text[column - 1 : column - 1 + _WINDOW]
        blank = "".join(c if c == "\t" else "\u3000" if unicodedata.east_asian_width(c) in "WF" else " " for c in ahead)
        return f"{ahead}{rest}\n{blank}^"


@dataclass(slots=True)
class Node:
    """A scalar (`value`), list (`items`) or mapping (`entries`: key text -> (node of the key, node of the value))."""

    source: Source
    line: int
    column: int
    kind: Literal["scalar", "list", "map"] = "scalar"
    value: Any = None
    text: str = ""
    """The scalar as written, before it became a number or a truth value."""
    items: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Node, Node]] = field(default_factory=dict)

    def plain(self) -> Any:
        """What the node means: dict, list, str, int, Decimal, bool or None."""
        if self.kind == "map":
            return {key: value.plain() for key, (_, value) in self.entries.items()}
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return self.value

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return None if entry is None else entry[1]

    def at(self, path: Iterable[str | int]) -> tuple[Node, Node]:
        """(key, value) of the deepest node on the way.

        Parts that the source does not have are passed over: normalised data has list indexes and `branches` where the
        author wrote a short form.
        """
        key = node = self
        for part in path:
            if node.kind == "map" and isinstance(part, str) and part in node.entries:
                key, node = node.entries[part]
            elif node.kind == "list" and isinstance(part, int) and 0 <= part < len(node.items):
                key = node = node.items[part]
        return key, node

    def shift(self, offset: int) -> int:
        """The column of the character `offset` of the scalar; the scalar's own where the text was folded or escaped."""
        if self.kind != "scalar" or not 1 <= self.line <= len(self.source.lines):
            return self.column
        line = self.source.lines[self.line - 1]
        for start in (self.column - 1, self.column):
            if line.startswith(self.text, start):
                return start + 1 + min(max(offset, 0), len(self.text))
        return self.column

    def finding(
        self, code: str, text: Text, hint: Text | None = None, *, offset: int | None = None, severity: str = "error"
    ) -> Finding:
        """A finding about this node, or about the character `offset` of it."""
        column = self.column if offset is None else self.shift(offset)
        snippet = self.source.snippet(self.line, column)
        return Finding(code, text, self.source.file, self.line, column, hint, snippet, severity)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that could be read as YAML."""

    root: Node

    @property
    def data(self) -> Any:
        return self.root.plain()

    def position(self, path: Path) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest thing above it that was written."""
        node = self.root.at(path)[1]
        return node.line, node.column

    def place(self, path: Path) -> str:
        """`file:line:column` of the same."""
        node = self.root.at(path)[1]
        return f"{node.source.file}:{node.line}:{node.column}"

    def written(self, path: Path) -> str:
        """`file:line:column` of what is called so: of its name where it has one, else of the value."""
        key, value = self.root.at(path)
        node = key if key.kind == "scalar" and path and key.text == path[-1] else value
        return f"{node.source.file}:{node.line}:{node.column}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, by file and place, errors before warnings at the same place."""
    return sorted(dict.fromkeys(findings), key=lambda f: (f.file, f.line, f.column, f.severity, f.code))


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those that forbid using the file."""
    return [finding for finding in findings if finding.severity == "error"]
