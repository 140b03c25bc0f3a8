"""`clauses.yaml`: the rule book's clauses, read and checked like every other file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import Finding, Invalid, NotFound, Text
from ..model.clauses import Clause, Clauses
from .grammar import build
from .nodes import Document, errors
from .reading import read_yaml

if TYPE_CHECKING:
    from .office import OfficeFiles

FILE = "clauses.yaml"


def read_clauses(files: OfficeFiles) -> tuple[Mapping[str, Clause], Document]:
    """Every clause by its name, in the order written, and the file for the places of what it says. NotFound where there is no such file; Invalid."""
    path = files.folder / FILE
    if not path.is_file():
        raise NotFound(
            Text(f"办公室里没有 {FILE}。", f"The office has no {FILE}."),
            Text("guanjia init 会放一份；每一条写清要求、怎么查、由什么执行", "guanjia init puts one there: what is demanded, how it is checked, what carries it out"),
        )  # fmt: skip
    return clauses_of(path.read_bytes())


def clauses_of(text: bytes) -> tuple[Mapping[str, Clause], Document]:
    """The same of the text of a file. Invalid with everything that is wrong in it."""
    findings: list[Finding] = []
    document = read_yaml(text, FILE)
    made = build(Clauses, document.root, findings)
    if wrong := errors(findings):
        raise Invalid(wrong)
    assert made is not None
    return made.clauses, document
