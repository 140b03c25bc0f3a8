"""Guards: what they mean, what they refuse, and that no text can make them cost or reach anything."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from guanjia.calendars import Amount
from guanjia.clock import DAY, MINUTE
from guanjia.expressions import ExpressionError, Function, Type, parse
from hypothesis import given, settings, strategies as st

HOSTILE = [line for line in (Path(__file__).parent / "hostile.txt").read_text().splitlines() if line]


class Names:
    """The names of a small procedure."""

    functions = {
        "minutes": Function(("integer",), Type("span")), "workdays": Function(("integer",), Type("amount")),
        "done": Function(("text",), Type("boolean")), "in_state": Function(("text",), Type("boolean")),
        "sample": Function(("integer",), Type("boolean")), "is_role": Function(("text",), Type("boolean")),
    }  # fmt: skip
    types = {
        ("severity",): Type("choice", ("minor", "critical")), ("summary",): Type("text"), ("cost",): Type("decimal"),
        ("count",): Type("integer"), ("now",): Type("instant"), ("opened_at",): Type("instant"), ("urgent",): Type("boolean"),
        ("past", "accept", "count"): Type("integer"), ("clock", "solve", "left"): Type("span"), ("rooms",): Type("list"),
    }  # fmt: skip

    def type_of(self, path):
        return self.types.get(path)

    def known(self, prefix):
        depth = len(prefix)
        return list(dict.fromkeys(path[depth] for path in self.types if len(path) > depth and path[:depth] == prefix))


class Now:
    """An environment of plain values."""

    def __init__(self, **values):
        self.values = {tuple(name.split("__")): value for name, value in values.items()}

    def look(self, path):
        return self.values.get(path)

    def call(self, name, args):
        return {"minutes": lambda n: n * MINUTE, "workdays": lambda n: Amount("workdays", n)}.get(name, lambda _: True)(
            *args
        )

    def shift(self, at, amount, sign):
        return at + sign * amount.value * DAY


def value(text: str, **values):
    return parse(text, Names()).evaluate(Now(**values))


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("severity == 'critical'", {"severity": "critical"}, True),
        ("severity in ['minor', 'critical'] and count > 2", {"severity": "minor", "count": 3}, True),
        ("1 < count <= 3", {"count": 3}, True),
        ("count > 2", {}, False),
        ("count <= 2", {}, False),
        ("not count", {}, True),
        ("cost + 1", {}, None),
        ("cost is none", {}, True),
        ("count / 0", {"count": 1}, None),
        ("'big' if count > 1 else 'small'", {"count": 2}, "big"),
        ("summary | length", {"summary": "漏水"}, 2),
        ("cost | default(5)", {}, 5),
        ("past.accept.count + 1", {"past__accept__count": 2}, 3),
        ("now - opened_at > minutes(30)", {"now": 31 * MINUTE, "opened_at": 0}, True),
        ("opened_at + workdays(2)", {"opened_at": DAY}, 3 * DAY),
        ("clock.solve.left < minutes(5)", {"clock__solve__left": MINUTE}, True),
        ("summary in rooms", {"summary": "a", "rooms": ["a"]}, True),
        ("summary not in rooms", {"rooms": ["a"]}, True),
    ],
)
def test_an_expression_means_what_it_says_and_nothing_is_ever_more_than_nothing(text, values, result):
    assert value(text, **values) == result


@pytest.mark.parametrize(
    ("text", "said", "at"),
    [
        ("severity == 'critcal'", "critical", 13),
        ("severty == 'minor'", "severity", 0),
        ("past.acept.count > 1", "accept", 5),
        ("count > 'three'", "cannot be compared", 0),
        ("urgent > 1", "compared", 0),
        ("minutes(1, 2)", "1 argument", 0),
        ("summary | shout", "filter", 10),
        ("opened_at * 2", "no meaning", 0),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_way_out(text, said, at):
    with pytest.raises(ExpressionError) as wrong:
        parse(text, Names())
    assert said in wrong.value.text.en + (wrong.value.hint.en if wrong.value.hint else "")
    assert wrong.value.offset == at
    assert wrong.value.text.zh


def test_a_guard_must_be_true_or_false():
    with pytest.raises(ExpressionError, match="boolean is wanted"):
        parse("count + 1", Names(), expect="boolean")


def test_the_explanation_names_only_what_is_false():
    guard = parse("severity == 'minor' and (count > 2 or urgent) and not summary", Names())
    parts = guard.explain(Now(severity="minor", count=1, summary="x"))
    assert [part.source for part in parts] == ["count > 2", "urgent", "not summary"]
    assert parts[0].values == {("count",): 1}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_hostile_text_is_anything_but_refused_or_harmless(text):
    begun = time.process_time()
    try:
        result = value(text, severity="minor", summary="x", cost=3, count=2)
    except ExpressionError as wrong:
        assert wrong.text.zh
        return
    finally:
        assert time.process_time() - begun < 1
    assert result is None or isinstance(result, bool | int | str | tuple)


def test_the_corpus_is_large_enough():
    assert len(HOSTILE) >= 100


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="severitycount0123456789.()[]'\"|=<>+-*/{}%_ andornot\n", max_size=60))
def test_random_text_never_raises_anything_else(text):
    try:
        value(text, severity="minor", count=2)
    except ExpressionError as wrong:
        assert 0 <= wrong.offset <= len(text)


integers = st.integers(-50, 50)


@settings(deadline=None)
@given(a=integers, b=integers)
@pytest.mark.parametrize(
    "text",
    [
        "{a} + {b} * 3",
        "{a} - ({b} + 3)",
        "{a} < {b}",
        "{a} == {b} or {b} != 3",
        "not ({a} > {b} and {b} > 3)",
        "{a} // 7 + {b}",
    ],
)
def test_reckoning_and_order_agree_with_python(text, a, b):
    ours = value(text.format(a="count", b="past.accept.count"), count=a, past__accept__count=b)
    assert ours == eval(text.format(a=f"({a})", b=f"({b})"))
