"""The commonest mistakes in conditions and templates, in words of ours: what Jinja2's parser says of them is for programmers, and English."""

from __future__ import annotations

import re
import unicodedata

from ..errors import Text
from ..signs import WIDE

_SAID: tuple[tuple[str, Text, Text], ...] = (
    (
        r"expected token '.*', got '='",
        Text("比较要写两个等号，这里只有一个“=”", "to compare takes two equals signs; here is one `=`"),
        Text("写成 ==，如 result == 'ok'", "write ==, e.g. result == 'ok'"),
    ),
    (
        r"expected token ':', got '}'",
        Text("花括号多了", "there are too many braces"),
        Text("模板里写 {{ 名字 }}，条件里只写名字", "write {{ name }} in a template, and the name alone in a condition"),
    ),
    (
        r"expected token 'in', got ",
        Text("for 后面缺少 in", "`in` is missing after `for`"),
        Text("写成 {% for item in items %}", "write {% for item in items %}"),
    ),
    (
        r"expected token 'name', got |expected name or number|unexpected end of template, expected 'name'",
        Text("“|”或“.”后面缺少名字", "a name is missing after `|` or `.`"),
        Text("补上名字，或删去这个符号", "write the name, or delete the sign"),
    ),
    (
        r"expected token 'end of .*', got '(?:string|integer|float)'",
        Text("一段文字或一个数前面缺少运算符", "an operator is missing before a text or a number"),
        Text("中间写 ==、and、or 等", "write ==, and, or … between"),
    ),
    (
        r"expected token 'end of .*', got '(.+)'",
        Text(r"“\1”前面缺少运算符，或漏了引号", r"before `\1` an operator is missing, or a quote"),
        Text("中间写 ==、and、or 等；文字两边加引号", "write ==, and, or … between; a text stands in quotes"),
    ),
    (
        r"(?i:expected an expression, got '|unexpected 'end of )",
        Text("这里缺少名字或值", "a name or a value is missing here"),
        Text(
            "{{ }} 和 {% if %} 里不能空，==、and、or、not 后面也要写",
            "{{ }} and {% if %} are not empty, and something follows ==, and, or, not",
        ),
    ),
    (
        r"Unexpected end of template\..* closed is '(\w+)'",
        Text(r"{% \1 %} 没有结束", r"{% \1 %} is not closed"),
        Text(r"在该结束的地方写 {% end\1 %}", r"write {% end\1 %} where it ends"),
    ),
    (
        r"Encountered unknown tag '(end\w+|else|elif)'.* closed is '(\w+)'",
        Text(r"{% \1 %} 前面的 {% \2 %} 还没有结束", r"{% \1 %} comes while {% \2 %} is not closed"),
        Text(r"先写 {% end\2 %}", r"write {% end\2 %} before it"),
    ),
    (
        r"Encountered unknown tag '(end\w*|else|elif)'",
        Text(r"{% \1 %} 前面没有与它相配的 {% if %} 或 {% for %}", r"no {% if %} or {% for %} before {% \1 %} goes with it"),
        Text("补上开头的标签，或删去它", "write the tag that begins it, or delete this one"),
    ),
    (
        r"Encountered unknown tag '(\w+)'",
        Text(r"没有 {% \1 %} 这种标签", r"there is no tag {% \1 %}"),
        Text("有：if、for、set、include", "there are: if, for, set, include"),
    ),
    (
        r"tag name expected",
        Text("{% 后面缺少标签", "the tag is missing after {%"),
        Text("如 {% if urgent %}", "e.g. {% if urgent %}"),
    ),
    (
        r"unexpected end of template",
        Text("{{ 或 {% 没有结束", "{{ or {% is not closed"),
        Text("补上 }} 或 %}", "write }} or %} where it ends"),
    ),
    (
        r"Missing end of comment tag",
        Text("{# 没有结束", "{# is not closed"),
        Text("补上 #}", "write #} where it ends"),
    ),
    (
        r"unexpected '}', expected '(.)'",
        Text(r"括号没有合上，缺“\1”", r"a bracket is not closed: `\1` is missing"),
        Text(r"补上“\1”", r"write `\1` where it ends"),
    ),
    (
        r"unexpected '(.)', expected '(.)'",
        Text(r"括号不相配：写的是“\1”，该是“\2”", r"brackets that do not match: `\1` where `\2` is due"),
        Text(r"改成“\2”", r"write `\2`"),
    ),
    (
        r"unexpected '}'",
        Text("“}”不成对", "`}` has no counterpart"),
        Text("{{ 用 }} 结束，{% 用 %} 结束；条件里不写花括号", "{{ ends with }} and {% with %}; a condition has no braces"),
    ),
    (
        r"unexpected '([)\]])'",
        Text(r"“\1”前面没有与它相配的括号", r"no bracket before `\1` goes with it"),
        Text("补上前面的括号，或删去它", "write the one before it, or delete it"),
    ),
    (
        r"unexpected char .(['\"])",
        Text("引号没有合上", "a quote is not closed"),
        Text(r"文字两边都写 \1", r"write \1 on both sides of the text"),
    ),
    (
        r"unexpected char '(.)'",
        Text(r"{{ }} 和 {% %} 里不能有 \1", r"`\1` cannot stand in {{ }} or {% %}"),
        Text(
            "标点用半角；并且写 and，或者写 or，不写 not",
            "use plain punctuation, and the words and, or, not",
        ),
    ),
)  # fmt: skip
"""What Jinja2 says (the first that fits counts), how we say it, and what to write."""


def told(said: str) -> tuple[Text, Text] | None:
    """The words of Jinja2's parser in ours, with what to write; None for what it seldom says."""
    for pattern, text, hint in _SAID:
        if found := re.match(pattern, said):
            return Text(found.expand(text.zh), found.expand(text.en)), Text(
                found.expand(hint.zh), found.expand(hint.en)
            )
    return None


_STRANGE = re.compile(r"unexpected char '(.)' at (\d+)")
"""What Jinja2 says of a sign that it knows no use for: the sign, and where in the text that it was given."""


def strange_sign(said: str) -> tuple[Text, Text | None, int] | None:
    """What is wrong, what to do and where, if Jinja2 says of a sign of another keyboard that it knows no use for it."""
    found = _STRANGE.match(said)
    if found is None or found[1].isascii():
        return None
    sign = found[1]
    # A text in an expression stands between single quotes, which the file's own double ones do not end.
    plain = "'" if sign in "“”「」" else WIDE.get(sign) or unicodedata.normalize("NFKC", sign)
    shown = f" {sign} " if sign in "“”" else f"“{sign}”"
    wide = Text(f"它是全角的，请改成半角 {plain}", f"it is full-width: write a plain {plain}")
    what = Text(f"表达式里不能有{shown}".rstrip(), f"{sign!r} cannot stand in an expression")
    return what, wide if plain.isascii() else None, int(found[2])
