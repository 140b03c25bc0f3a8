"""Keys of a mapping in braces that nobody meant as keys: a comma tore a text in two, or a colon is none for YAML."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..errors import Instead, Text
from ..signs import full_width
from .nodes import Node

_COLON = re.compile(r"(\w+)([:：])\s*(\S.*)")
_BRACKETS = re.compile(r"[\[［【](.*)[\]］】]")


def meant(around: Node, key: Node, known: Collection[str] | None) -> Text | None:
    """What to write instead of a key that has no value; None where there is one, or nothing can be said. `known`: what can
    stand there, None for any name."""
    entries = list(around.entries.values())
    at = next((number for number, (each, _) in enumerate(entries) if each is key), None)
    if at is None or not _empty(entries[at][1]):
        return None
    before = _text_before(entries, at)
    colon = _COLON.fullmatch(key.text)
    if colon and (colon[1] in known if known is not None else before is None or colon[1].isascii()):
        right = f"{colon[1]}: {colon[3]}"
        said = (
            Text(f"冒号是全角的，要写成半角的冒号加空格：{right}", f"the colon is full-width; write a plain one and a space: {right}")
            if colon[2] == "："
            else Text(f"冒号后面缺少空格：{right}", f"a space must follow the colon: {right}")
        )  # fmt: skip
        return Instead.of(said, key.text, right)
    if before is None:
        return None
    if brackets := _BRACKETS.fullmatch(before):
        right, wide = f"[{brackets[1]}]", full_width(before[0] + before[-1])
        return Instead.of(Text(f"“{wide}”是全角的，请改成半角：{right}", f"{wide} is full-width: write {right}"), before, right)  # fmt: skip
    right = "'" + before.replace("'", "''") + "'"
    said = Text(f"若这是前面那段文字的一部分，整段加引号：{right}", f"if this is part of the text before it, put all of that in quotes: {right}")  # fmt: skip
    return said if colon else Instead.of(said, before, right)


def _text_before(entries: list[tuple[Node, Node]], at: int) -> str | None:
    """What stands in the line from the value before the key to the last key without one, where that value is plain text."""
    first, last = at, at
    while first >= 0 and _empty(entries[first][1]):
        first -= 1
    while last + 1 < len(entries) and _empty(entries[last + 1][1]):
        last += 1
    if first < 0:
        return None
    begun, ended = entries[first][1], entries[last][0]
    if begun.kind != "scalar" or begun.line != ended.line:
        return None
    line, start = begun.source.lines[begun.line - 1], begun.column - 1
    return line[start : ended.column - 1 + len(ended.text)] if line.startswith(begun.text, start) else None


def _empty(node: Node) -> bool:
    return node.kind == "scalar" and node.value is None and not node.text
