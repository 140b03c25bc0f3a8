"""Text that is no YAML: what is wrong with it, told where it was written.

The parser stops where it can go on no more: a bracket that is not closed, or a key without its colon, is only missed on a line
below. What it was reading then says where that began, and a look at that line what it lacks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from ..errors import Finding, Text
from ..signs import full_width
from .nodes import Node, Source

QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|(?:^|(?<=\s))#.*")
"""What stands in quotes or in a comment, where every sign means itself."""

_OPENS = re.compile(r":\s*(#.*)?$")
"""A line with a key whose value stands below it."""
_KEY = re.compile(r":(\s|$)")
_COLON = re.compile(r"：|:(?=\S)|$")
"""Where a line that should begin with a key and a colon fails to."""
_KEY_LIKE = re.compile(r"\s*(?:- +)?\w+(?:：|:(?=\S))")
"""A line that begins with a word and a colon that is none for YAML."""
DASH = re.compile(r"\s*-(?=[^\s\d-])")
"""A line whose dash begins no item, for no blank follows it."""

_SYNTAX: tuple[tuple[str, Text], ...] = (
    (
        "found character that cannot start any token",
        Text("这个字符不能出现在值的开头（如 @ ` %）", "a value cannot begin with this character"),
    ),
    ("mapping values are not allowed", Text("这里不能出现“键: 值”", "no `key: value` can stand here")),
    ("did not find expected key", Text("这里应是一个键，可能是缩进不齐", "a key was expected; check the indentation")),
    ("could not find expected ':'", Text("键的后面缺少冒号加空格（: ）", "a colon and a space must follow the key")),
    (
        "did not find expected ',' or",
        Text("括号没有合上，或缺少逗号", "a bracket is not closed, or a comma is missing"),
    ),
    (
        "did not find expected '-' indicator",
        Text("列表的每一项都要以“- ”开头并对齐", "each item begins with `- `, aligned"),
    ),
    ("block sequence entries are not allowed", Text("这里不能开始列表项（- ）", "no list item (`- `) can begin here")),
    ("found unexpected end of stream", Text("引号没有合上", "a quotation mark is not closed")),
    ("unknown escape character", Text("双引号里有不认识的反斜杠转义", "an unknown escape in double quotes")),
    (
        "did not find expected node content",
        Text("括号里缺少内容，或逗号多余", "something is missing, or a comma is extra"),
    ),
    (
        "did not find expected <document start>",
        Text("这里多出了内容，可能是缩进不齐", "unexpected text; check the indentation"),
    ),
    ("exceeded maximum nesting", Text("括号嵌套太深", "brackets are nested too deeply")),
    ("indentation", Text("缩进不对", "the indentation does not fit")),
)
_QUOTE = Text(
    "缩进用空格并对齐；含有 : # [ ] { } , & * ! | > ' \" % @ 的文字请整个加引号",
    "indent with spaces, aligned; put text that holds : # [ ] { } , & * ! | > ' \" % @ wholly in quotes",
)


def malformed(problem: yaml.YAMLError, source: Source) -> Finding:
    """The finding that is told of what the parser said."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    line = min(mark.line + 1 if mark else 1, len(source.lines))
    column = mark.column + 1 if mark else 1
    here = Node(source, line, column)
    for number in (line, line - 1):
        written = source.lines[number - 1] if number else ""
        margin = written[: len(written) - len(written.lstrip())]
        if "\t" in margin:
            return Node(source, number, margin.index("\t") + 1).finding(
                "tab",
                Text("缩进里用了制表符（Tab）", "a tab is used for indentation"),
                Text("请换成空格，每层两个", "use spaces, two for each level"),
            )
    said = " ".join(str(part) for part in (getattr(problem, "problem", ""), getattr(problem, "context", "")) if part)
    if "did not find expected key" in said and (deep := _too_deep(source.lines, line - 1)) is not None:
        return Node(source, deep + 1, _indent(source.lines[deep]) + 1).finding(
            "syntax",
            Text(f"这里的缩进与第 {line} 行对不齐", f"the indentation here does not fit that of line {line}"),
            Text(f"看看是这里缩进多了，还是上面少了一行，或第 {line} 行缩进少了",
                 f"look whether this is indented too far, a line is missing above it, or line {line} is not indented enough"),
        )  # fmt: skip
    began = getattr(problem, "context_mark", None)
    above = _last(source.lines, line - 1)
    for number in (line - 1, above):
        if number is not None and DASH.match(source.lines[number]):
            return _without_blank(source, number)
    if began is None:
        if "mapping values are not allowed" in said and above is not None and _keyless(source.lines, above, line - 1):
            return _without_colon(source, above)
    elif "could not find expected ':'" in said:
        return (_without_blank if DASH.match(source.lines[began.line]) else _without_colon)(source, began.line)
    elif (
        "did not find expected ',' or" in said
        and above is not None
        and began.line <= above
        and _ends(source.lines, began.line, line - 1)
    ):
        return _not_closed(source, began.line, began.column, above)
    wide = full_width(QUOTED.sub("", source.lines[line - 1]))
    hint = Text(f"这一行有全角的 {wide}：若不是文字的一部分，请改成半角",
                f"this line has the full-width {wide}: write plain ones, unless they are part of a text") if wide else _QUOTE  # fmt: skip
    for words, text in _SYNTAX:
        if words in said:
            return here.finding("syntax", text, hint)
    return here.finding("syntax", Text("这里不是正确的 YAML 写法", f"this is not valid YAML: {said}"), hint)


def _keyless(lines: Sequence[str], number: int, below: int) -> bool:
    """Whether a line has no key, above one that is indented further, or that should have been the next one beside it."""
    above, under = _indent(lines[number]), _indent(lines[below])
    if _KEY.search(QUOTED.sub("", lines[number])):
        return False
    return above < under or (above == under and _KEY_LIKE.match(lines[number]) is not None)


def _ends(lines: Sequence[str], opened: int, met: int) -> bool:
    """Whether what was opened in a line cannot go on in this one, for it is not indented further."""
    return _indent(lines[met]) <= _indent(lines[opened])


def _without_colon(source: Source, number: int) -> Finding:
    """A line, counted from 0, that should begin with a key, a colon and a blank."""
    written = source.lines[number]
    at = _COLON.search(written)
    sign = at[0] if at else ""
    text = {
        "：": Text("冒号是全角的，要写成半角的冒号加空格（: ）", "the colon is full-width; a plain colon and a space must follow the key"),
        ":": Text("冒号后面缺少空格", "a space must follow the colon"),
    }.get(sign, Text("键的后面缺少冒号加空格（: ）", "a colon and a space must follow the key"))  # fmt: skip
    node = Node(source, number + 1, (at.start() if at and sign else len(written.rstrip())) + 1)
    return node.finding("syntax", text, Text("写成“键: 值”", "write `key: value`"))


def _without_blank(source: Source, number: int) -> Finding:
    """A line, counted from 0, that should begin with a dash and a blank."""
    node = Node(source, number + 1, _indent(source.lines[number]) + 1)
    return node.finding("syntax", Text("短横线后面缺少空格", "a space must follow the dash"), Text("写成“- 值”", "write `- value`"))  # fmt: skip


def _not_closed(source: Source, opened: int, column: int, last: int) -> Finding:
    """A bracket that was still open after the line `last`, where it should have been closed; lines and columns counted from 0."""
    sign = source.lines[opened][column]
    node = Node(source, last + 1, (column if last == opened else len(source.lines[last].rstrip())) + 1)
    return node.finding(
        "syntax",
        Text(f"第 {opened + 1} 行的括号“{sign}”到这里还没有合上", f"the bracket `{sign}` of line {opened + 1} is still not closed here"),
        Text(f"补上“{'}' if sign == '{' else ']'}”；也可能是有个引号没有合上", f"add `{'}' if sign == '{' else ']'}`; or a quotation mark is not closed"),
    )  # fmt: skip


def _last(lines: Sequence[str], number: int) -> int | None:
    """The last line before this one that says something, counted from 0."""
    return next((each for each in range(number - 1, -1, -1) if _says(lines[each])), None)


def _too_deep(lines: Sequence[str], met: int) -> int | None:
    """A block ended at a line, counted from 0, that belongs neither into it nor around it. Where the block begins, if it is the block
    that is indented too far, for the lines after that one fit to that one."""
    there, block = _indent(lines[met]), None
    for number in range(met - 1, -1, -1):
        if _says(lines[number]):
            if _indent(lines[number]) <= there:
                break
            block = number
    if block is None or lines[met].lstrip().startswith(":"):
        return None
    if (there - _indent(lines[block])) % 2:  # one of them stands between the usual levels of two spaces
        return None if there % 2 else block
    deep, after = _indent(lines[block]), list(filter(_says, lines[met + 1 :]))
    if after and _OPENS.search(lines[met]) and there < _indent(after[0]) <= deep:
        return block
    return block if next((_indent(line) for line in after if _indent(line) <= deep), 0) != deep else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _says(line: str) -> bool:
    """Whether there is more on it than a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")
