"""`standards.yaml` and `overlays/`: read, checked, and put in the place of the names that procedures give.

In a procedure `{standard: repair_arrival}` stands where `{within: 30m, calendar: always}` could. What the standard says is filled in
on nodes, before anything is built, as an include is: whoever reads a procedure later sees a limit like any other, with the name of
its standard beside it. Where an overlay sets a limit of its own, both hold, and the earlier one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..calendars import AmountError, parse_amount
from ..errors import Finding, Invalid, Text
from ..model.procedure import Procedure
from ..model.standards import Held, Limit, Overlay, Standards
from .checks.view import likely
from .folder import Folder
from .grammar import build
from .nodes import Node
from .reading import read_yaml

FILE = "standards.yaml"
_MEASURES = ("within", "then", "calendar", "counting")


def read_standards(
    folder: Folder, overlays: Collection[str], calendars: Collection[str], findings: list[Finding]
) -> dict[str, Held] | None:
    """Every standard by name, with the limits of these overlays; none where standards.yaml cannot be read, None where there is none."""
    if not folder.has(FILE):
        return None
    root, found = _read(folder, FILE, Standards, findings)
    if found is None or root is None:
        return {}
    for name, standard in found.standards.items():
        _check(standard, root.at(("standards", name))[1], calendars, findings)
    held = {name: Held(standard=standard) for name, standard in found.standards.items()}
    for file, overlay, there in _overlays(folder, findings):
        for name, limit in overlay.limits.items():
            key, node = there.at(("limits", name))
            _check(limit, node, calendars, findings)
            if name not in held:
                what = Text(f"没有标准“{name}”", f"there is no standard {name!r}")
                findings.append(key.finding("unknown-standard", what, likely(name, held)))
            elif overlay.overlay in overlays:
                held[name] = held[name].model_copy(update={"overlays": {**held[name].overlays, overlay.overlay: limit}})
        if overlay.overlay != _stem(file):
            what = Text(f"文件叫 {_stem(file)}，里面写的是 {overlay.overlay}", f"the file is called {_stem(file)}")
            findings.append(
                there.at(("overlay",))[1].finding("overlay-name", what, Text("两处写成一样", "call both the same"))
            )
    return held


def known_overlays(folder: Folder) -> list[str]:
    return [_stem(file) for file in folder.overlays()]


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")


def _overlays(folder: Folder, findings: list[Finding]) -> Iterator[tuple[str, Overlay, Node]]:
    for file in folder.overlays():
        root, overlay = _read(folder, file, Overlay, findings)
        if overlay is not None and root is not None:
            yield file, overlay, root


def _read(folder: Folder, file: str, model: Any, findings: list[Finding]) -> tuple[Node | None, Any]:
    try:
        root = read_yaml(folder.read(file), file).root
    except Invalid as refused:
        findings += refused.findings
        return None, None
    return root, build(model, root, findings)


def _check(limit: Limit, node: Node, calendars: Collection[str], findings: list[Finding]) -> None:
    for key in ("within", "then"):
        written = getattr(limit, key)
        if written is None:
            continue
        try:
            parse_amount(written)
        except AmountError as wrong:
            findings.append((node.get(key) or node).finding("duration", wrong.text, wrong.hint))
    if limit.calendar is not None and limit.calendar not in {*calendars, "always"}:
        what = Text(f"没有叫“{limit.calendar}”的日历", f"there is no calendar {limit.calendar!r}")
        findings.append(
            (node.get("calendar") or node).finding("unknown-calendar", what, likely(limit.calendar, sorted(calendars)))
        )


# -- in a procedure


def fill(root: Node, standards: Mapping[str, Held] | None, findings: list[Finding]) -> None:
    """Put what the standards say where targets and delays of a procedure name them, in place."""
    for node, key in _naming(root):
        name = node.get("standard")
        assert name is not None
        held = (standards or {}).get(name.text)
        if held is not None:
            problem = _fill(node, name, key, held)
        elif standards is None:
            what = Text("办公室里没有 standards.yaml", "the office has no standards.yaml")
            problem = name.finding(
                "unknown-standard", what, Text(f"写一个，或在这里写 {key}", f"write one, or write {key} here")
            )
        elif standards:
            what = Text(f"没有标准“{name.text}”", f"there is no standard {name.text!r}")
            problem = name.finding("unknown-standard", what, likely(name.text, standards))
        else:  # the file cannot be read, which is told of it and not of every limit
            problem = None
        if problem is not None:
            findings.append(problem)
        if held is None or problem is not None:
            _stand_in(node, name, key)


def _naming(root: Node) -> Iterator[tuple[Node, str]]:
    """The targets and delays that name a standard, with the key that it fills in; what is not of that shape is told by whoever
    builds it."""
    for _, clock in _entries(root.get("sla")):
        for target in _listed(clock.get("target") if clock.kind == "map" else None):
            for part in (target, *_listed(target.get("earliest"))):
                if part.get("standard") is not None:
                    yield part, "within"
    yield from _delays(root)


def _delays(state: Node) -> Iterator[tuple[Node, str]]:
    for _, delay in _entries(state.get("after")):
        if delay.kind == "map" and delay.get("standard") is not None:
            yield delay, "delay"
    for key in ("states", "tracks"):
        for _, child in _entries(state.get(key)):
            if child.kind == "map":
                yield from _delays(child)


def _entries(node: Node | None) -> list[tuple[Node, Node]]:
    return list(node.entries.values()) if node is not None and node.kind == "map" else []


def _listed(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return [item for item in (node.items if node.kind == "list" else [node]) if item.kind == "map"]


def _own(node: Node) -> str | None:
    return next(
        (key for key in ("within", "until", "earliest", "delay", "every", "at") if node.get(key) is not None), None
    )


def _fill(node: Node, name: Node, key: str, held: Held) -> Finding | None:
    """Put one standard in its place, or say why it cannot stand there."""
    own = _own(node)
    if own in ("within", "delay", "every", "at"):
        what = Text("时限写在标准里，这里不再写", "the limit stands in the standard, and not here too")
        return node.entries[own][0].finding("two-limits", what, Text(f"删去 {own}", f"delete {own}"))
    if own is None and held.standard.within is None:
        what = Text(f"标准“{name.text}”没有时间", f"the standard {name.text!r} gives no time")
        return name.finding("no-limit", what, Text("在标准里写 within", "write within in the standard"))
    if key == "delay" and held.overlays:
        what = Text("延时只有一个，附加规定不能再加一个", "a delay is one, and an overlay would set a second")
        return name.finding("overlay-on-delay", what, Text("写成时钟的 target", "make it the target of a clock"))
    if held.overlays:
        _earliest(node, name, held, own)
    elif own is None:
        _measure(node, name, held.standard, key)
    return None


def _stand_in(node: Node, name: Node, key: str) -> None:
    """Any measure in the place of one that is not known, so that nothing else is said of it."""
    if _own(node) is None:
        _put(node, name, key, "1h")


def _measure(node: Node, name: Node, limit: Limit, key: str) -> None:
    plain = limit.model_dump(mode="json", by_alias=True, exclude_none=True, include={*_MEASURES})
    for each, value in plain.items():
        _put(node, name, key if each == "within" else each, value)


def _earliest(node: Node, name: Node, held: Held, own: str | None) -> None:
    """The standard's own limit, or the one that stands in the procedure, and those of the overlays beside it."""
    if own == "earliest":
        parts = list(_listed(node.get("earliest")))
    else:
        first = Node(name.source, name.line, name.column, "map")
        if own is None:
            _measure(first, name, held.standard, "within")
        else:
            first.entries[own] = node.entries.pop(own)
        parts = [first]
    for overlay, limit in held.overlays.items():
        part = Node(name.source, name.line, name.column, "map")
        _measure(part, name, limit, "within")
        _put(part, name, "overlay", overlay)
        parts.append(part)
    node.entries["earliest"] = name, Node(name.source, name.line, name.column, "list", items=parts)


def _put(node: Node, name: Node, key: str, value: Any) -> None:
    """Give `node` a key, told to stand where the standard is named."""
    node.entries[key] = name, _planted(name, value)


def _planted(name: Node, value: Any) -> Node:
    if isinstance(value, dict):
        made = Node(name.source, name.line, name.column, "map")
        for key, inner in value.items():
            made.entries[key] = name, _planted(name, inner)
        return made
    return Node(name.source, name.line, name.column, "scalar", value, str(value))


def named_standards(procedure: Procedure) -> list[str]:
    """The standards that a procedure's limits name, sorted."""
    names = {
        part.standard for sla in procedure.sla.values() for target in sla.target for part in (target, *target.earliest)
    }
    names |= {
        delay.standard
        for state in (procedure, *(each for _, each, _ in procedure.walk()))
        for delay in state.after.values()
    }
    return sorted(name for name in names if name is not None)
