"""The calendars of an office, each with those that it extends merged in, and what is wrong with them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..calendars import flatten
from ..calendars.flattening import Misfit
from ..calendars.grammar import read_layer
from ..errors import Finding, GuanjiaError, Invalid, Text
from .folder import Folder
from .nodes import Node, in_order
from .reading import read_yaml


class Calendars(NamedTuple):
    """Those that can be used, what is wrong, and the names of those that cannot be for a mistake, theirs or of one that they extend."""

    flat: dict[str, dict[str, Any]]
    findings: list[Finding]
    broken: frozenset[str]


def read_calendars(folder: Folder, zone: str) -> Calendars:
    """`zone`: of the one that never closes, which no file says."""
    findings: list[Finding] = []
    written: dict[str, Any] = {}
    roots: dict[str, Node] = {}
    parents: set[str] = set()
    broken: set[str] = set()
    for name, file in folder.calendars().items():
        try:
            document = read_yaml(folder.read(file), file)
        except Invalid as refused:
            findings += refused.findings
            written[name] = None
            broken.add(name)
            continue
        written[name], roots[name] = document.data, document.root
        layer, problems = read_layer(document.data)
        parents.update(layer.extends)
        for path, text, hint in problems:
            key, value = document.root.at(path)
            named = bool(path) and key.kind == "scalar" and key.text == path[-1]
            findings.append((key if named else value).finding("calendar", text, hint))
        if problems:
            broken.add(name)
    flat: dict[str, dict[str, Any]] = {}
    for name in sorted(written.keys() - broken):
        data, root = written[name], roots[name]
        try:
            flat[name] = flatten(name, written)
        except Misfit as wrong:
            broken.add(name)
            if wrong.culprit == name:  # else it is told there
                place = root.entries["extends"][0]
                findings.append(place.finding("calendar", wrong.text, wrong.hint))
        except GuanjiaError as wrong:
            # One that others extend (a country's holidays) need not be a calendar by itself, and last year's may stay.
            file = folder.calendars()[name]
            if name in parents:
                continue
            if {"week", "always", "extends"}.isdisjoint(data):
                findings.append(
                    Finding(
                        "unused-calendar",
                        Text("没有上班时间，也没有日历以它为基础，所以不起作用", "it has no working time and no calendar extends it: it is used by nothing"),
                        file, 1, 1,
                        Text(f"写进某个日历的 extends: [{name}]；不再需要就不用管", f"name it in a calendar's extends: [{name}]; or leave it, if it is of the past"),
                        severity="warning",
                    )
                )  # fmt: skip
                continue
            broken.add(name)
            findings.append(Finding("calendar", wrong.text, file, 1, 1, wrong.hint))
    flat["always"] = {"zone": zone, "always": True}
    return Calendars(flat, in_order(findings), frozenset(broken))
