"""Story files, read as strictly as procedures."""

from __future__ import annotations

from pathlib import Path

from ..errors import Finding, Invalid, Text, because
from ..model.stories import Stories
from .grammar import build
from .nodes import Document, in_order
from .reading import read_yaml


def read_stories(path: Path) -> tuple[Stories, Document]:
    """The stories of a file, and the document for the places of their steps. Invalid with every finding."""
    file = f"{path.parent.name}/{path.name}"
    try:
        raw = path.read_bytes()
    except OSError as problem:
        why = because(problem)
        text = Text(f"文件读不出来：{why.zh}", f"the file cannot be read: {why.en}")
        raise Invalid([Finding("unreadable", text, file)]) from None
    return read_stories_text(raw, file)


def read_stories_text(raw: str | bytes, file: str) -> tuple[Stories, Document]:
    """The same of what would stand in a file."""
    document = read_yaml(raw, file)
    findings: list[Finding] = []
    stories = build(Stories, document.root, findings)
    if stories is None:
        raise Invalid(in_order(findings))
    return stories, document
