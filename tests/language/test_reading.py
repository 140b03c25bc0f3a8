"""Text that nobody vouches for becomes a document or findings, never a traceback, and never more than it says."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from guanjia.errors import Invalid
from guanjia.language import read_yaml
from hypothesis import example, given, settings, strategies as st


def refused(text: str | bytes) -> list[tuple[str, int, int]]:
    with pytest.raises(Invalid) as caught:
        read_yaml(text, "f.yaml")
    for finding in caught.value.findings:
        assert finding.text.zh
        assert finding.text.en
    return [(finding.code, finding.line, finding.column) for finding in caught.value.findings]


HOSTILE = {
    "alias bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]",
    "merge keys": "base: {a: 1}\nx:\n  <<: {b: 2}",
    "flow depth": "[" * 200_000,
    "map depth": "{a: " * 200_000,
    "block depth": "- " * 5000 + "x",
    "indented depth": "\n".join(" " * depth + "a:" for depth in range(200)),
    "many events": "[" + "a," * 210_000 + "]",
    "size": "# " + "x" * (1 << 20),
    "size in bytes": "字" * 500_000,
    "python tag": "a: !!python/object/apply:os.system [ls]",
    "string tag": "a: !!str 1",
    "bang": "a: ! x",
    "binary": "a: !!binary aGk=",
    "directive": "%YAML 1.1\n---\na: 1",
    "documents": "a: 1\n---\nb: 2",
    "duplicate": "a: 1\nb: 2\na: 3",
    "list as key": "? [a]\n: b",
    "braces": "a: {{ x }}",
    "tab": "a:\n\t- b",
    "tab later": "a:\n  b: 1\n\tc: 2",
    "control": "a: \x07",
    "escape sequence": "a: \x1b[31m",
    "line separator": "a\u2028b: 1",
    "next line": "a: 1\x85b: 2",
    "surrogate": "a: \ud800",
    "noncharacter": "a: \uffff",
    "zero": "a: \0",
    "inner mark": "a: \ufeff",
    "open quote": "a: 'x",
    "open bracket": "a: [1, 2",
    "percent": "a: %x",
    "at": "a: @x",
    "colon": "a: b: c",
    "indentation": "a:\n  - b\n c: d",
    "bad escape": 'a: "\\q"',
    "infinite": "a: .inf",
    "nan": "a: .NaN",
    "long number": "a: " + "9" * 5000,
    "big exponent": "a: 1e999999999",
    "long hex": "a: 0x" + "f" * 5000,
    "GBK": "名字: 张三".encode("gbk"),
    "UTF-16": "a: 1".encode("utf-16"),
    "UTF-16 big": b"\xfe\xff" + "a: 1".encode("utf-16-be"),
    "latin": b"a: \xe9",
    "cut": "a: 张".encode()[:-1],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_at_once_and_in_words(name: str) -> None:
    begun = time.process_time()
    assert refused(HOSTILE[name])
    assert time.process_time() - begun < 10


def test_every_anchor_alias_tag_and_merge_key_is_told_at_its_place() -> None:
    text = "甲: &a 1\n乙: *a\n丙: !t x\n丁: {<<: 1}"
    assert refused(text) == [("anchor", 1, 4), ("alias", 2, 4), ("tag", 3, 4), ("merge-key", 4, 5)]


def test_a_key_that_stands_twice_is_told_at_the_second_and_names_the_first() -> None:
    with pytest.raises(Invalid) as caught:
        read_yaml("名称: 一\n其他:\n  状态: 1\n  状态: 2\n", "流程.yaml")
    (finding,) = caught.value.findings
    assert finding.place == "流程.yaml:4:3"
    assert "流程.yaml:3:3" in finding.text.zh
    assert finding.snippet == "  状态: 2\n  ^"


def test_the_caret_stands_under_the_character_even_behind_wide_ones() -> None:
    with pytest.raises(Invalid) as caught:
        read_yaml("标题: &a 值", "f")
    assert caught.value.findings[0].snippet == "标题: &a 值\n\u3000\u3000  ^"


def test_a_byte_that_is_not_utf8_is_told_where_it_stands() -> None:
    assert refused("第一行: 1\n第二: ".encode() + b"\xff") == [("encoding", 2, 5)]


def test_a_byte_order_mark_does_not_move_anything() -> None:
    plain, marked = "甲: {乙: 丙}", "\ufeff甲: {乙: 丙}"
    for text in (plain, marked, marked.encode()):
        assert read_yaml(text, "f").position(("甲", "乙")) == (1, 8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("no", "no"), ("off", "off"), ("yes", "yes"), ("y", "y"), ("22:30", "22:30"), ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"), ("1_000", "1_000"), ("=", "="), ("true", True), ("False", False), ("TRUE", True),
        ("~", None), ("null", None), ("", None), ("12", 12), ("-3", -3), ("010", 10), ("0o17", 15), ("0x1F", 31),
        ("1.10", Decimal("1.10")), ("1e3", Decimal("1e3")), (".5", Decimal("0.5")), ("'1'", "1"), ('"true"', "true"),
        ("30m", "30m"), ("80%", "80%"), ("-", None), ("+", "+"), (".", "."), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    if text == "-":
        assert read_yaml("a:\n  - \n", "f").data == {"a": [None]}
        return
    got = read_yaml(f"a: {text}", "f").data["a"]
    assert got == value
    assert type(got) is type(value)
    assert str(got) == str(value)


def test_keys_are_text_as_written() -> None:
    assert read_yaml("80%: a\n1: b\ntrue: c\n2026-01-01: d\n~: e", "f").data == {
        "80%": "a", "1": "b", "true": "c", "2026-01-01": "d", "~": "e",
    }  # fmt: skip


words = st.text(st.sampled_from("ab 中文：，😀é"), min_size=1, max_size=6).map(str.strip).filter(bool)
trees = st.recursive(
    words,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=12,
)


def _written(
    tree: object, out: list[str], places: dict[tuple[object, ...], int], path: tuple[object, ...] = ()
) -> None:
    """An independent writer of one-line YAML that remembers the offset of every value."""
    places[path] = sum(map(len, out)) + 1
    if isinstance(tree, dict):
        out.append("{")
        for key, value in tree.items():
            out.append(f'"{key}": ')
            _written(value, out, places, (*path, key))
            out.append(", ")
        out.append("}")
    elif isinstance(tree, list):
        out.append("[")
        for index, value in enumerate(tree):
            _written(value, out, places, (*path, index))
            out.append(", ")
        out.append("]")
    else:
        out.append(f'"{tree}"')


@given(tree=trees)
@settings(deadline=None)
def test_every_value_is_read_and_found_at_the_column_where_it_was_written(tree: object) -> None:
    out: list[str] = []
    places: dict[tuple[object, ...], int] = {}
    _written(tree, out, places)
    document = read_yaml("".join(out), "f")
    assert document.data == tree
    for path, column in places.items():
        assert document.position(path) == (1, column)  # type: ignore[arg-type]


@given(
    st.one_of(
        st.text(max_size=60), st.text(st.sampled_from("a:- \n{}[],'\"&*!|>?%@\t#"), max_size=40), st.binary(max_size=40)
    )
)
@example("? ")
@example("- - : -")
@example("a: |+9\n x")
@settings(deadline=None, max_examples=300)
def test_any_text_at_all_is_a_document_or_findings(text: str | bytes) -> None:
    try:
        read_yaml(text, "f")
        return
    except Invalid as invalid:
        findings = invalid.findings
    assert findings
