"""A document before anybody lays it out: headings, paragraphs, lists, tables and pictures, in one language."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..diagram import Picture

Cell = tuple[str, ...]
"""The lines of a cell of a table."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 begins a chapter. `anchor` is what links lead to, unique in the document."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of (depth, text, heading): what stands deeper belongs to the item above it."""

    items: tuple[tuple[int, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`wide` says how the columns share the width, in parts."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    wide: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """The flow of a procedure."""

    picture: Picture


Block = Heading | Paragraph | Items | Table | Figure


@dataclass(slots=True)
class Document:
    """`under` are lines below the title."""

    title: str
    under: tuple[str, ...]
    language: str
    blocks: list[Block] = field(default_factory=list)

    def chapters(self) -> list[Heading]:
        return [block for block in self.blocks if isinstance(block, Heading) and block.level == 1]
