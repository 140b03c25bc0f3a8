"""`include`: a fragment that several procedures share is merged where it is named.

`include: [{file: shared/x.yaml, with: {name: value}}]` stands at the top level of a procedure or in a state. A fragment is
a file of the same keys, and may declare `parameters: {name: default}` (null: must be given). `${name}` in its scalars is
replaced; a scalar that is nothing else takes the value as it is. Merging happens on nodes, so that whatever is found later
still stands in the fragment's own file. Two definitions of one thing are an error; only labels give way to the host's.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..errors import Finding, Invalid, Text
from .grammar import suggest
from .nodes import Node
from .reading import read_yaml, twice

Fetch: TypeAlias = Callable[[str], tuple[str, bytes]]
"""From the path that an include names to (the file as findings call it, its bytes). Invalid with the reason."""

MAX_DEPTH = 3
MAX_FRAGMENTS = 64
_MAX_NODES = 200_000
_MAX_CHARACTERS = 1 << 20
_PARAMETER = re.compile(r"\$\{\s*([^{}]*?)\s*\}")
_TABLES = frozenset(
    {"fields", "sla", "ladders", "states", "tracks", "transitions", "signals", "after", "breach", "modes"}
)


class Including:
    """The includes of one procedure. `findings` gathers what is wrong with them."""

    def __init__(self, fetch: Fetch | None, findings: list[Finding]) -> None:
        self._fetch = fetch
        self._findings = findings
        self._fragments = 0
        self._nodes = 0
        self._characters = 0

    def expand(self, state: Node, chain: tuple[str, ...] = ()) -> None:
        """Merge what `state` and the states inside it include, in place. `chain`: the fragments we are in."""
        if state.kind != "map":
            return
        for key in ("states", "tracks"):
            table = state.get(key)
            if table is not None and table.kind == "map":
                for _, child in list(table.entries.values()):
                    self.expand(child, chain)
        entry = state.entries.pop("include", None)
        if entry is None:
            return
        asked = entry[1].items if entry[1].kind == "list" else [entry[1]]
        for item in asked:
            fragment = self._fragment(item, chain)
            if fragment is not None:
                self._merge(state, fragment, _TABLES)

    def _fragment(self, item: Node, chain: tuple[str, ...]) -> Node | None:
        file = item.get("file") if item.kind == "map" else None
        if file is None or file.kind != "scalar" or not isinstance(file.value, str):
            self._say(
                item, "include", Text("include 要写成 {file: …, with: {…}}", "an include is {file: …, with: {…}}")
            )
            return None
        for word, (key, _) in item.entries.items():
            if word not in ("file", "with"):
                what = Text(f"include 里不认识“{word}”", f"{word!r} is not known in an include")
                self._say(key, "unknown-key", what, Text("可以写：file, with", "allowed: file, with"))
        given = item.get("with") or Node(item.source, item.line, item.column, "map")
        if given.kind != "map":
            self._say(given, "include", Text("with 要写成“名字: 值”", "`with` holds `name: value` pairs"))
            return None
        if self._fetch is None:
            self._say(file, "include", Text("这里读不到别的文件，不能 include", "other files cannot be read here"))
            return None
        if file.value in chain:
            ring = " → ".join((*chain, file.value))
            self._say(
                file, "include-cycle", Text(f"include 绕成了圈：{ring}", f"includes go round in a circle: {ring}")
            )
            return None
        self._fragments += 1
        if len(chain) >= MAX_DEPTH or self._fragments > MAX_FRAGMENTS:
            what = Text(
                f"include 最多套 {MAX_DEPTH} 层、{MAX_FRAGMENTS} 个",
                f"includes may be {MAX_DEPTH} deep and {MAX_FRAGMENTS} in number",
            )
            self._say(file, "include-depth", what)
            return None
        try:
            shown, raw = self._fetch(file.value)
            root = read_yaml(raw, shown).root
        except Invalid as refused:
            for finding in refused.findings:
                if finding.line:
                    self._findings.append(finding)
                else:
                    self._say(file, finding.code, finding.text, finding.hint)
            return None
        if root.kind != "map":
            self._say(
                file, "include", Text("被包含的文件应是“键: 值”", "the included file must hold `key: value` pairs")
            )
            return None
        fragment = self._filled(root, given, item)
        self.expand(fragment, (*chain, file.value))
        return fragment

    # -- parameters

    def _filled(self, fragment: Node, given: Node, item: Node) -> Node:
        declared = fragment.entries.pop("parameters", None)
        values: dict[str, Node] = {name: value for name, (_, value) in given.entries.items()}
        if declared is not None and declared[1].kind == "map":
            known = declared[1].entries
            for name, (key, _) in given.entries.items():
                if name not in known:
                    meant = suggest(name, known)
                    hint = Text(f"是否想写 {meant}？", f"did you mean {meant}?") if meant else None
                    what = Text(f"片段没有参数“{name}”", f"the fragment has no parameter {name!r}")
                    self._say(key, "unknown-parameter", what, hint)
            for name, (_, default) in known.items():
                if default.kind == "scalar" and default.value is None and name not in values:
                    what = Text(f"缺少参数“{name}”", f"the parameter {name!r} is missing")
                    self._say(item, "missing-parameter", what, Text("写进 with", "give it under `with`"))
                    values[name] = default
                values.setdefault(name, default)
        elif declared is not None and declared[1].plain() is not None:
            what = Text("parameters 要写成“名字: 默认值”", "`parameters` holds `name: default` pairs")
            self._say(declared[1], "include", what)
        return self._substitute(fragment, values)

    def _substitute(self, node: Node, values: Mapping[str, Node]) -> Node:
        self._count(node)
        if node.kind == "list":
            return dataclasses.replace(node, items=[self._substitute(item, values) for item in node.items])
        if node.kind == "map":
            filled = dataclasses.replace(node, entries={})
            for key, value in node.entries.values():
                new = self._substitute(key, values)
                if new.text in filled.entries:
                    self._findings.append(twice(new, filled.entries[new.text][0]))
                filled.entries[new.text] = new, self._substitute(value, values)
            return filled
        whole = _PARAMETER.fullmatch(node.text)
        if whole and whole.group(1) in values:
            value = values[whole.group(1)]
            self._count(node, _size(value))
            return dataclasses.replace(value, source=node.source, line=node.line, column=node.column)
        if "${" not in node.text:
            return node

        def written(match: re.Match[str]) -> str:
            value = values.get(match.group(1))
            if value is None:
                meant = suggest(match.group(1), values)
                hint = Text(f"是否想写 ${{{meant}}}？", f"did you mean ${{{meant}}}?") if meant else None
                what = Text(f"没有参数“{match.group(1)}”", f"there is no parameter {match.group(1)!r}")
                self._say(node, "unknown-parameter", what, hint, match.start())
                return match.group()
            if value.kind != "scalar":
                what = Text("列表或映射不能嵌在文字里", "a list or mapping cannot stand inside a text")
                self._say(node, "parameter", what, None, match.start())
                return match.group()
            self._count(node, 0, len(value.text))
            return value.text

        text = _PARAMETER.sub(written, node.text)
        return dataclasses.replace(node, text=text, value=text)

    def _count(self, node: Node, nodes: int = 1, characters: int = 0) -> None:
        """Parameters may multiply what is written: a fragment must not grow in memory any more than a file may."""
        self._nodes += nodes
        self._characters += characters
        if self._nodes > _MAX_NODES or self._characters > _MAX_CHARACTERS:
            refused = node.finding("too-big", Text("包含进来的内容太多", "too much is included"))
            raise Invalid([*self._findings, refused])

    # -- merging

    def _merge(self, host: Node, fragment: Node, tables: frozenset[str], *, yields: bool = False) -> None:
        for word, (key, value) in fragment.entries.items():
            present = host.entries.get(word)
            if present is None:
                host.entries[word] = key, value
            elif word in tables and present[1].kind == value.kind == "map":
                self._merge(present[1], value, frozenset())
            elif (word == "labels" and tables and present[1].kind == value.kind == "map") or (
                yields and present[1].kind == value.kind == "map"
            ):
                self._merge(present[1], value, frozenset(), yields=True)
            elif not yields:
                self._findings.append(twice(key, present[0]))

    def _say(self, node: Node, code: str, text: Text, hint: Text | None = None, offset: int | None = None) -> None:
        self._findings.append(node.finding(code, text, hint, offset=offset))


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.items)) + sum(_size(value) for _, value in node.entries.values())
