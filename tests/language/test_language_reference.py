"""docs/language.md cannot lag: every piece in it is read, and every key of the grammar stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guanjia.errors import Finding, Invalid, Text
from guanjia.language import Around, draft_procedure, read_yaml
from guanjia.language.grammar import build
from guanjia.model import office, procedure
from pydantic import BaseModel

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "language.md"


def pieces_of(page: Path) -> list[tuple[int, str]]:
    """Every piece of YAML with the line that it begins on."""
    text = page.read_text()
    found = re.finditer(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
    return [(text[: match.start()].count("\n") + 2, match.group(1)) for match in found]


PIECES = pieces_of(PAGE)
PEOPLE = pieces_of(DOCS / "people.md")
CLOCKS = [(line, text) for line, text in pieces_of(DOCS / "clocks.md") if not text.startswith("stories:")]
FILES = {m.group(1): text for _, text in PIECES if (m := re.match(r"# file: (\S+)", text))}

ALL_FIELDS = """\
summary: {type: text}
priority: {type: choice, of: [high, low]}
amount: {type: money}
urgent: {type: boolean}
visit_at: {type: instant}
"""
PARTS = {
    "fields": ALL_FIELDS,
    "sla": "answer: {start: open, stop: ended, target: {within: 1h}}\n",
    "states": (
        "desk: {transitions: {accept: {to: over}, back: {}, withdraw: {to: over}, ask: {to: waiting}}}\n"
        "waiting: {transitions: {answered: {to: desk}}}\nover: {final: true}\n"
    ),
    "transitions": "reply: {}\ninform: {}\n",
    "ladders": "up: {levels: [{to: supervisor}]}\n",
    "modes": "drill: {}\n",
    "properties": "calm: {never: now < opened_at}\n",
}


def wrapped(key: str, text: str) -> str:
    """The piece in the smallest procedure around it that is right."""
    parts = {**PARTS, key: text}
    first = re.search(r"^(\w+):", parts["states"], re.M)
    assert first
    over = "" if re.search(r"^(over|settled):", parts["states"], re.M) else "over: {final: true}\n"
    body = "".join(f"{name}:\n{_indented(part)}" for name, part in parts.items())
    return (
        f"procedure: piece\ninitial: {first.group(1)}\nsignals: {{ended: {{}}, wrote: {{}}, ordered: {{}}, repaired: {{}}}}\n{body}"
        + over
    )


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def fetch(path: str) -> tuple[str, bytes]:
    if path not in FILES:
        raise Invalid([Finding("missing-file", Text("没有", "none"), path)])
    return path, FILES[path].encode()


def wrong(text: str) -> list[str]:
    findings = draft_procedure(text, "piece.yaml", fetch, Around()).findings
    return [
        f"{f.place} {f.text.en}\n{f.snippet}" for f in findings if f.severity == "error" or f.code.startswith("unreach")
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [*PIECES, *CLOCKS, *PEOPLE],
    ids=[
        *(f"line-{line}" for line, _ in PIECES),
        *(f"clocks-line-{line}" for line, _ in CLOCKS),
        *(f"people-line-{line}" for line, _ in PEOPLE),
    ],
)
def test_every_piece_of_the_reference_is_right(line: int, text: str) -> None:
    head = re.match(r"# (fragment|file): (\S+)", text)
    if head is None:
        assert wrong(text) == []
    elif head.group(1) == "fragment":
        assert wrong(wrapped(head.group(2), text)) == []
    else:
        models: dict[str, type[BaseModel]] = {"office.yaml": office.Office, "organisation.yaml": office.Organisation}
        model = office.Roster if head.group(2).startswith("rosters/") else models.get(head.group(2))
        if model is not None:
            findings: list[Finding] = []
            assert build(model, read_yaml(text, head.group(2)).root, findings) is not None, findings


def test_every_key_of_the_grammar_stands_in_the_reference() -> None:
    page = PAGE.read_text()
    for module in (procedure, office):
        for model in vars(module).values():
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                continue
            for name, info in model.model_fields.items():
                key = info.alias or name
                assert re.search(rf"(?<!\w){key}(?!\w)", page) or key == "branches", f"{model.__name__}.{key}"


def test_a_piece_that_is_wrong_would_be_noticed() -> None:
    pieces = [text for _, text in PIECES if text.startswith("# fragment: states")]
    assert wrong(wrapped("states", pieces[0].replace("to: over", "to: ovre")))
