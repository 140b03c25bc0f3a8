"""What the page shows, as plain data in one language: the office's part. The played case's part is `desk`."""

from __future__ import annotations

from typing import Any

from ...authoring import diagram
from ...errors import Finding
from ...model.event import Event
from .office import Office
from .runs import Run
from .wording import WORDS

Plain = dict[str, Any]


def words(language: str) -> Plain:
    return {name: text.get(language) for name, text in WORDS.items()}


def office(of: Office, language: str) -> Plain:
    """The office, its procedures by what people call them, and what is wrong in its files."""
    return {
        "name": of.name.get(language),
        "folder": of.folder.name,
        "procedures": [
            {"name": name, "label": _label(of, name, language), "broken": name in of.broken} for name in of.procedures
        ],
        "findings": [finding(item, language) for item in of.findings],
        "errors": sum(item.severity == "error" for item in of.findings),
    }


def _label(of: Office, name: str, language: str) -> str:
    good = of.good(name)
    return name if good is None else good.procedure.label(name, language)


def finding(item: Finding, language: str) -> Plain:
    return {
        "severity": item.severity, "code": item.code, "place": item.place, "text": item.text.get(language),
        "hint": None if item.hint is None else item.hint.get(language), "line": item.line,
        "snippet": item.snippet.split("\n") if item.snippet else [],
    }  # fmt: skip


def picture(of: Office, name: str, language: str, history: tuple[Event, ...] = ()) -> Plain:
    """The SVG of the procedure as it was last in order, with the path of a case on it; None where it never was."""
    good = of.good(name)
    if good is None:
        return {"svg": None, "stale": False}
    drawn = diagram.picture(good.procedure, language, lambda word: of.entitled(language, word))
    traces = diagram.of_case(drawn.root, history) if history else None
    return {"svg": diagram.svg(drawn, traces), "stale": name in of.broken}


def stories(run: Run, language: str) -> Plain:
    results = list(run.results)
    return {
        "running": run.running, "unreadable": run.unreadable, "failure": run.failed,
        "passed": sum(item.passed for item in results), "failed": sum(not item.passed for item in results),
        "results": [
            {
                "name": item.name, "passed": item.passed, "place": item.place,
                "message": None if item.message is None else item.message.get(language),
            }
            for item in results
        ],
    }  # fmt: skip
