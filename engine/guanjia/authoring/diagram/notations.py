"""A picture in the notations of other programs: Mermaid (wikis and code forges draw it) and DOT (Graphviz)."""

from __future__ import annotations

from collections.abc import Iterator

from ...terminal import safe_text
from .picture import Box, Line, Picture
from .traces import Traces


def mermaid(picture: Picture, traces: Traces | None = None) -> str:
    """`stateDiagram-v2`, states by their names with their words as descriptions."""
    return "\n".join(["stateDiagram-v2", *_mermaid(picture.root, traces, 1), *_present(traces)]) + "\n"


def _mermaid(box: Box, traces: Traces | None, depth: int) -> Iterator[str]:
    pad = "    " * depth
    for inner in box.boxes:
        said = _plain(inner.text).replace(":", "：")
        if inner.boxes:
            yield f'{pad}state "{said}" as {inner.name} {{'
            yield from _mermaid(inner, traces, depth + 1)
            yield f"{pad}}}"
        elif inner.kind == "history":
            yield f"{pad}state {inner.name} <<choice>>"
        else:
            yield f'{pad}state "{said}" as {inner.name}'
        if box.kind == "parallel" and inner is not box.boxes[-1]:
            yield f"{pad}--"
    if box.initial:
        yield f"{pad}[*] --> {box.initial}"
    for inner in box.boxes:
        for line in inner.lines:
            yield f"{pad}{inner.name} --> {line.to or inner.name}: {_said(line, traces)}"
        if inner.kind == "final":
            yield f"{pad}{inner.name} --> [*]"
    if box.kind == "root":
        # From everywhere: Mermaid has no arrow from the border of the whole.
        for line in box.lines:
            for first in box.boxes:
                if (first.kind != "final" and line.to and line.trigger != "reopen") or (
                    first.kind == "final" and line.to and line.trigger == "reopen"
                ):
                    yield f"{pad}{first.name} --> {line.to}: {_said(line, traces)}"


def _present(traces: Traces | None) -> Iterator[str]:
    if traces is not None and traces.present:
        yield "    classDef present fill:#fde68a,stroke:#92400e"
        for name in sorted(traces.present):
            yield f"    class {name} present"


def dot(picture: Picture, traces: Traces | None = None) -> str:
    """A digraph with a cluster for every state that holds others."""
    lines = [
        f"digraph {_quoted(picture.root.name)} {{",
        f'  label={_quoted(picture.title)}; labelloc=t; compound=true; rankdir=TB; node [shape=box, style="rounded,filled", fillcolor=white];',
        '  "[*]" [shape=circle, style=filled, fillcolor=black, label="", width=0.15];',
        *_nodes(picture.root, traces, 1),
    ]
    if picture.root.initial:
        lines.append(f'  "[*]" -> {_quoted(_leaf(picture.root, picture.root.initial))};')
    first = {box.name: _first(box).name for box in picture.root.walk()}
    for box in picture.root.walk():
        for line in box.lines:
            if line.to is None or (box.kind == "root" and not picture.root.boxes):
                continue
            style = ", style=dashed" if line.trigger in ("delay", "breach") else ""
            lines.append(
                f"  {_quoted(first[box.name])} -> {_quoted(first[line.to])} [label={_quoted(_said(line, traces))}{style}];"
            )
    return "\n".join([*lines, "}"]) + "\n"


def _nodes(box: Box, traces: Traces | None, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for inner in box.boxes:
        if inner.boxes:
            dashed = ' style="dashed,rounded";' if inner.kind == "track" else ' style="rounded";'
            yield f"{pad}subgraph {_quoted('cluster_' + inner.name)} {{ label={_quoted(inner.text)};{dashed}"
            yield from _nodes(inner, traces, depth + 1)
            yield f"{pad}}}"
        else:
            shape = ", peripheries=2" if inner.kind == "final" else ""
            fill = ', fillcolor="#fde68a"' if traces is not None and inner.name in traces.present else ""
            yield f"{pad}{_quoted(inner.name)} [label={_quoted(inner.text)}{shape}{fill}];"


def _leaf(root: Box, name: str) -> str:
    return next((_first(box).name for box in root.walk() if box.name == name), name)


def _first(box: Box) -> Box:
    """The innermost box in which a box begins."""
    while box.boxes:
        box = next((inner for inner in box.boxes if inner.name == box.initial), box.boxes[0])
    return box


def _said(line: Line, traces: Traces | None) -> str:
    times = traces.taken[line.key] if traces is not None else 0
    note = f"（{line.note}）" if line.note else ""
    return _plain(f"{line.text}{f' [{line.mark}]' if line.mark else ''}{note}{f' {times}×' if times else ''}").replace(
        ":", "："
    )


def _plain(text: str) -> str:
    return safe_text(text).replace('"', "'").replace(";", "；")


def _quoted(text: str) -> str:
    return '"' + safe_text(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
