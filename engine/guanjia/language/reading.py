"""YAML text to nodes, for text that nobody vouches for.

The parser's event stream is judged first: anchors, aliases, merge keys, tags, several documents, depth and number of
events are refused before anything is built from them, so that no small file can grow in memory. Then nodes are composed
with their places; a key that stands twice is an error. Scalars follow the YAML 1.2 core schema: `on`, `no`, `22:30` and
`2026-01-01` are text, `1.10` is an exact decimal. Keys are always text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from ..errors import Finding, Instead, Invalid, Text
from .folder import MAX_BYTES
from .malformed import malformed
from .nodes import Document, Node, Source, in_order

MAX_DEPTH = 32
MAX_EVENTS = 200_000
_MAX_FINDINGS = 50
_MAX_DIGITS = 30

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile(r"\r\n|\n|\r")

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_REFUSED = {
    "anchor": Text("不支持锚点（&名字）", "anchors (&name) are not part of this language"),
    "alias": Text("不支持别名（*名字）", "aliases (*name) are not part of this language"),
    "merge-key": Text("不支持合并键（<<）", "merge keys (<<) are not part of this language"),
    "tag": Text("不支持标签（!名字）", "tags (!name) are not part of this language"),
}
_WRITE_OUT = Text(
    "请把内容直接写出来；几个流程共用的部分用 include；若本来就是文字，请加引号",
    "write it out; share between procedures with include; put it in quotes if it is meant as text",
)


def decode(raw: bytes, file: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Invalid for every other encoding."""
    save = Text("请在编辑器中另存为 UTF-8 编码", "save the file as UTF-8 in your editor")
    if len(raw) > MAX_BYTES:
        raise Invalid([_too_big(file)])
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = Text("文件是 UTF-16 编码，这里只读 UTF-8", "the file is in UTF-16; only UTF-8 is read")
        raise Invalid([Finding("encoding", text, file, hint=save)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = raw[: problem.start].decode("utf-8-sig", "replace")
        lines = _BREAK.split(before)
        text = Text(
            "文件不是 UTF-8 编码（可能是 GBK，即 Windows 的“ANSI”）",
            "the file is not in UTF-8 (perhaps GBK, which Windows calls ANSI)",
        )
        raise Invalid([Finding("encoding", text, file, len(lines), len(lines[-1]) + 1, save)]) from None


def read_yaml(text: str | bytes, file: str) -> Document:
    """The document that `text` holds; `file` is what findings call it. Invalid with every finding."""
    if isinstance(text, bytes):
        text = decode(text, file)
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid([_too_big(file)])
    source = Source(file, tuple(_BREAK.split(text)))
    if findings := _characters(source):
        raise Invalid(findings)
    findings = []
    events = _scan(text, source, findings)
    if findings:
        raise Invalid(in_order(findings))
    root = _compose(iter(events), source, findings)
    if findings:
        raise Invalid(in_order(findings))
    return Document(root)


def _too_big(file: str) -> Finding:
    return Finding(
        "too-big",
        Text("文件超过 1 MiB", "the file is larger than 1 MiB"),
        file,
        hint=Text("请拆成几个文件", "split it into several files"),
    )


def _characters(source: Source) -> list[Finding]:
    findings = []
    for number, line in enumerate(source.lines, 1):
        for match in _FORBIDDEN.finditer(line):
            code = f"U+{ord(match.group()):04X}"
            shown = Source(source.file, (_FORBIDDEN.sub("\ufffd", line),))
            findings.append(
                Finding(
                    "control-character",
                    Text(f"这里有看不见的控制字符 {code}", f"an invisible control character {code} stands here"),
                    source.file,
                    number,
                    match.start() + 1,
                    Text("请删除它，常见于从别处粘贴", "delete it; such characters often come with pasted text"),
                    shown.snippet(1, match.start() + 1),
                )
            )
            if len(findings) >= _MAX_FINDINGS:
                return findings
    return findings


def _scan(text: str, source: Source, findings: list[Finding]) -> list[yaml.Event]:
    """The events of the text, judged one by one; stops where going on would cost or say nothing new."""
    # The parser itself does not recurse, in C or in Python; only composing does, and that is ours and bounded by depth.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events: list[yaml.Event] = []
    depth = documents = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            events.append(event)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                here = _node(event, source)
                if event.version or event.tags:
                    findings.append(here.finding("tag", Text("不支持 % 指令", "% directives are not supported")))
                if documents > 1:
                    what = Text(
                        "一个文件只能有一份内容，这里又以 --- 开始了一份", "a second document begins here (---)"
                    )
                    findings.append(
                        here.finding("several-documents", what, Text("请拆成两个文件", "one file holds one document"))
                    )
                    return events
            elif isinstance(event, yaml.NodeEvent):
                _refuse(event, source, findings)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                what = Text(f"嵌套超过 {MAX_DEPTH} 层", f"nested more than {MAX_DEPTH} levels deep")
                findings.append(
                    _node(event, source).finding(
                        "too-deep", what, Text("请检查括号和缩进", "check brackets and indentation")
                    )
                )
                return events
            if len(events) > MAX_EVENTS:
                what = Text(f"内容超过 {MAX_EVENTS} 项", f"more than {MAX_EVENTS} items")
                findings.append(
                    _node(event, source).finding("too-big", what, Text("请拆成几个文件", "split it into several files"))
                )
                return events
            if len(findings) >= _MAX_FINDINGS:
                return events
    except yaml.YAMLError as problem:
        findings.append(malformed(problem, source))
    return events


def _node(event: yaml.Event, source: Source) -> Node:
    mark: Any = event.start_mark
    return Node(source, mark.line + 1, mark.column + 1)


def _refuse(event: yaml.NodeEvent, source: Source, findings: list[Finding]) -> None:
    code = None
    if isinstance(event, yaml.AliasEvent):
        code = "alias"
    elif event.anchor is not None:
        code = "anchor"
    elif getattr(event, "tag", None) is not None:
        code = "tag"
    elif isinstance(event, yaml.ScalarEvent) and event.value == "<<" and not event.style:
        code = "merge-key"
    if code:
        findings.append(_node(event, source).finding(code, _REFUSED[code], _WRITE_OUT))


def _compose(events: Iterator[yaml.Event], source: Source, findings: list[Finding]) -> Node:
    """The node tree of judged events."""

    def build(event: yaml.Event) -> Node:
        node = _node(event, source)
        if isinstance(event, yaml.ScalarEvent):
            node.text = event.value
            node.value = _resolve(node, findings) if event.implicit[0] and not event.style else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node.kind = "list"
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                node.items.append(build(item))
        else:
            node.kind = "map"
            while not isinstance(item := next(events), yaml.MappingEndEvent):
                key = build(item)
                value = build(next(events))
                enter(node, key, value)
        return node

    def enter(node: Node, key: Node, value: Node) -> None:
        if key.kind != "scalar":
            what = Text("键必须是一个词，不能是列表或映射", "a key must be a word, not a list or mapping")
            hint = Text("若是 {{ }} 之类的文字，请加引号", "put text such as {{ }} in quotes")
            findings.append(key.finding("key", what, hint))
        elif key.text in node.entries:
            first = node.entries[key.text][0]
            findings.append(twice(key, first))
        else:
            node.entries[key.text] = key, value

    for event in events:
        if isinstance(event, yaml.NodeEvent):
            return build(event)
    return Node(source, 1, 1)


def twice(key: Node, first: Node) -> Finding:
    """The finding that `key` was written before, at `first`."""
    where = f"{first.source.file}:{first.line}:{first.column}"
    return key.finding(
        "duplicate-key",
        Text(f"“{key.text}”写了两次，前一次在 {where}", f"{key.text!r} is written twice; the first is at {where}"),
        Text("请合并成一处，或改名", "make them one, or rename one"),
    )


def _resolve(node: Node, findings: list[Finding]) -> Any:
    """A plain scalar by the YAML 1.2 core schema."""
    text = node.text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    number = _FLOAT.fullmatch(text)
    if _RADIX.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text, 0)
    if not number and not _RADIX.fullmatch(text) and not _NOT_FINITE.fullmatch(text):
        return text
    exponent = (number.group(3) or "") if number else ""
    if not number or len(text) > _MAX_DIGITS or len(exponent) > 4:
        findings.append(
            node.finding(
                "number",
                Text("这个数太大或不是有限的数", "this number is too large or not finite"),
                Instead.of(
                    Text(
                        f"最多 {_MAX_DIGITS} 位；若是文字（如编号）请加引号",
                        f"at most {_MAX_DIGITS} digits; quote what is text",
                    ),
                    text,
                    f"'{text}'",
                ),
            )
        )
        return None
    return int(text) if _INT.fullmatch(text) else Decimal(text)
