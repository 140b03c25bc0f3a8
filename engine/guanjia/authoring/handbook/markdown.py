"""A document as Markdown, with flows as Mermaid, which wikis and code forges draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...terminal import safe_text
from ..diagram import mermaid
from .document import Block, Cell, Document, Figure, Heading, Items, Paragraph, Table

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown(document: Document) -> str:
    parts = [f"# {_safe(document.title)}", *(_safe(line) for line in document.under)]
    if len(chapters := document.chapters()) > 1:
        parts += ["\n".join(f"- [{_safe(chapter.text)}](#{chapter.anchor})" for chapter in chapters)]
    parts += ["\n".join(_block(block)) for block in document.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, text, anchor):
            yield f'<a id="{anchor}"></a>\n'
            yield f"{'#' * (level + 1)} {_safe(text)}"
        case Paragraph(text):
            yield _safe(text)
        case Items(items):
            for depth, text, heading in items:
                yield f"{'  ' * depth}- {f'**{_safe(text)}**' if heading else _safe(text)}"
        case Table(head, rows, _):
            yield _row(tuple((each,) for each in head))
            yield "|" + " --- |" * len(head)
            yield from map(_row, rows)
        case Figure(picture):
            yield f"```mermaid\n{mermaid(picture)}```"


def _row(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join("<br>".join(map(_safe, cell)) for cell in cells) + " |"


def _safe(text: str) -> str:
    return _SIGNS.sub(r"\\\1", safe_text(text))
