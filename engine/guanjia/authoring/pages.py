"""The pages of the checks: for each code of a finding what is wrong, why, a short wrong example and the right one.

They are one book, docs/checks.md, which travels in the wheel; the command line and SARIF show what stands there. An example is what is written in
place of the keys of a small procedure, or a file that it names (`# file: office.yaml`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..errors import NotFound, Text

BOOK = "checks.md"
_PAGE = re.compile(r"^### ([a-z-]+)\n\n(.+)\n\n(.+)\n((?:\n```yaml (?:wrong|right)\n[\s\S]*?\n?```\n)*)", re.MULTILINE)
_EXAMPLE = re.compile(r"```yaml (wrong|right)\n([\s\S]*?)\n?```")


class Page(NamedTuple):
    code: str
    text: Text
    """What is wrong, and why it matters."""
    wrong: str | None
    right: str | None
    """None where no file could show it."""

    @property
    def anchor(self) -> str:
        return f"docs/{BOOK}#{self.code}"


def page(code: str) -> Page:
    """NotFound."""
    from difflib import get_close_matches

    known = pages()
    if code not in known:
        near = get_close_matches(code, known, 3)
        raise NotFound(
            Text(f"没有检查项“{code}”。", f"There is no finding {code!r}."),
            Text(f"是不是：{'、'.join(near)}？", f"Did you mean {' or '.join(near)}?") if near
            else Text("全部见 docs/checks.md", "All are in docs/checks.md."), known=list(known),
        )  # fmt: skip
    return known[code]


@cache
def pages() -> dict[str, Page]:
    """Every page, in the order of the book."""
    found = {}
    for code, zh, en, shown in _PAGE.findall(_book()):
        examples = dict(_EXAMPLE.findall(shown))
        found[code] = Page(code, Text(zh, en), examples.get("wrong"), examples.get("right"))
    return found


def _book() -> str:
    package = Path(__file__).parents[1]
    inside = package / BOOK
    return (inside if inside.is_file() else package.parents[1] / "docs" / BOOK).read_text(encoding="utf-8")
