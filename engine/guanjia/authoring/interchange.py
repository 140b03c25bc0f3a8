"""Findings and results in the forms that other programs read: SARIF 2.1.0 for editors and code forges, JUnit XML for build servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..errors import Finding, Text
from ..terminal import safe_text
from .pages import pages
from .stories import StoryResult

Say = Callable[[Text], str]


def sarif(findings: Sequence[Finding], say: Say, version: str) -> dict[str, Any]:
    """A SARIF log with one run. Places are relative to the folder of the office."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "guanjia check", "version": version, "rules": [_rule(code, say) for code in sorted({item.code for item in findings})]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(item, say) for item in findings],
            }
        ],
    }  # fmt: skip


def _rule(code: str, say: Say) -> dict[str, Any]:
    """A code with its page: what is wrong, and the two examples."""
    found = pages().get(code)
    if found is None:
        return {"id": code}
    shown = [f"{title}:\n\n```yaml\n{text}\n```" for title, text in (("✗", found.wrong), ("✓", found.right)) if text]
    help = "\n\n".join([say(found.text), *shown, f"guanjia check --explain {code}"])
    return {
        "id": code,
        "shortDescription": {"text": say(found.text)},
        "help": {"text": help, "markdown": help},
        "properties": {"page": found.anchor},
    }


def _result(item: Finding, say: Say) -> dict[str, Any]:
    text = say(item.text) if item.hint is None else f"{say(item.text)}\n{say(item.hint)}"
    place: dict[str, Any] = {"artifactLocation": {"uri": item.file}}
    if item.line:
        place["region"] = {"startLine": item.line, "startColumn": max(1, item.column)}
    level = "error" if item.severity == "error" else "warning"
    return {"ruleId": item.code, "level": level, "message": {"text": text}, "locations": [{"physicalLocation": place}]}


def junit(results: Sequence[StoryResult], say: Say) -> str:
    """A JUnit report: a suite for each procedure, a case for each story."""
    root = Element("testsuites", _counts(results))
    for procedure in dict.fromkeys(result.procedure for result in results):
        told = [result for result in results if result.procedure == procedure]
        suite = SubElement(root, "testsuite", {"name": procedure, **_counts(told)})
        for result in told:
            case = SubElement(suite, "testcase", {"classname": procedure, "name": _plain(result.name)})
            if not result.passed:
                message = "" if result.message is None else say(result.message)
                failure = SubElement(case, "failure", {"message": _plain(message)})
                failure.text = _plain(f"{result.place}: {message}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[StoryResult]) -> dict[str, str]:
    return {"tests": str(len(results)), "failures": str(sum(not result.passed for result in results)), "errors": "0"}


def _plain(text: str) -> str:
    """Without what may not stand in XML."""
    return safe_text(text, newlines=True)
