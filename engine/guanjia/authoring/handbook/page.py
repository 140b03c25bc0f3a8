"""A document as one HTML file that needs nothing beside it and prints well: A4, a chapter on a new page, heads of tables on every one."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ...terminal import safe_text
from ..diagram.svg import font, sheets
from .document import Block, Cell, Document, Figure, Heading, Items, Paragraph, Table

SHEET = (672, 900)
"""Width and height that a page of A4 has for a picture below a heading, in pixels of CSS."""

STYLE = """
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-center { content: counter(page); font: 9pt sans-serif; color: #6b7280; } }
:root { color-scheme: light; }
body { font-size: 15px; line-height: 1.6; color: #1f2937; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.9em; margin: 0 0 .3em; }
h2 { font-size: 1.45em; margin: 2em 0 .6em; padding-bottom: .2em; border-bottom: 2px solid #1f2937; }
main { counter-reset: chapter; }
h2::before { counter-increment: chapter; content: counter(chapter) ". "; }
.alone h2::before { content: none; }
h3 { font-size: 1.1em; margin: 1.6em 0 .5em; }
.under { color: #6b7280; margin: 0; }
nav ol { columns: 2; padding-left: 1.6em; }
nav a { color: inherit; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .87em; margin: .6em 0; }
th, td { border: 1px solid #cbd5e1; padding: .35em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f1f5f9; }
ul { padding-left: 1.3em; margin: .4em 0; }
li { margin: .15em 0; overflow-wrap: anywhere; }
li > b { display: block; margin-top: .3em; }
figure { margin: .8em 0; }
figure svg { display: block; max-width: 100%; height: auto; }
@media print {
  body { font-size: 10.5pt; max-width: none; margin: 0; padding: 0; }
  h2 { break-before: page; margin-top: 0; }
  .alone h2 { break-before: auto; }
  .alone table { line-height: 1.3; }
  .alone th, .alone td { padding: .06em .5em; }
  h2, h3, li > b, tbody tr:first-child { break-after: avoid; }
  li > b + ul, tbody tr:last-child { break-before: avoid; }
  tr, figure svg { break-inside: avoid; }
  thead { display: table-header-group; }
  a { text-decoration: none; }
}
"""


def page(document: Document) -> str:
    title = f"{document.under[0]} · {document.title}" if document.under else document.title
    chapters = "".join(
        f'<li><a href="#{chapter.anchor}">{_safe(chapter.text)}</a></li>' for chapter in document.chapters()
    )
    parts = [
        f'<!doctype html>\n<html lang="{"zh-CN" if document.language == "zh" else document.language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_safe(title)}</title><style>{STYLE}body {{ font-family: {font(document.language)} }}</style></head><body>",
        f"<header><h1>{_safe(document.title)}</h1>{''.join(f'<p class=under>{_safe(line)}</p>' for line in document.under)}</header>",
        f"<nav><ol>{chapters}</ol></nav><main>" if len(document.chapters()) > 1 else "<main class=alone>",
    ]
    for block in document.blocks:
        parts += _block(block)
    return "\n".join([*parts, "</main></body></html>"]) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, text, anchor):
            yield f'<h{level + 1} id="{anchor}">{_safe(text)}</h{level + 1}>'
        case Paragraph(text):
            yield f"<p>{_safe(text)}</p>"
        case Items(items):
            yield from _list(items)
        case Table(head, rows, wide):
            shares = "".join(f'<col style="width:{100 * part / sum(wide):.1f}%">' for part in wide)
            heads = "".join(f"<th>{_safe(text)}</th>" for text in head)
            yield f"<table><colgroup>{shares}</colgroup><thead><tr>{heads}</tr></thead><tbody>"
            yield from (f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
            yield "</tbody></table>"
        case Figure(picture):
            yield f"<figure>{''.join(sheets(picture, *SHEET))}</figure>"


def _list(items: tuple[tuple[int, str, bool], ...]) -> Iterator[str]:
    """Items and, inside each, those below it that stand deeper."""
    if not items:
        return
    yield "<ul>"
    at = 0
    while at < len(items):
        depth, text, heading = items[at]
        end = next((later for later in range(at + 1, len(items)) if items[later][0] <= depth), len(items))
        yield f"<li><b>{_safe(text)}</b>" if heading else f"<li>{_safe(text)}"
        yield from _list(items[at + 1 : end])
        yield "</li>"
        at = end
    yield "</ul>"


def _cell(lines: Cell) -> str:
    return f"<td>{'<br>'.join(map(_safe, lines))}</td>"


def _safe(text: str) -> str:
    return escape(safe_text(text))
