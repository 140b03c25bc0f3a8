"""Conditions that never hold, and what is never reached because of one before it: told where it is so, and nowhere else.

The oracle tries every value of small fields by brute force, without knowing how conditions are taken apart.
"""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from guanjia.expressions import parse, scope_of
from guanjia.expressions.finite import together
from guanjia.language import read_procedure_text
from guanjia.language.procedures import draft_procedure
from guanjia.model import scope as scopes

DESK = """
procedure: desk
fields:
  kind: {{type: choice, of: [minor, major, critical]}}
  urgent: {{type: boolean, default: false}}
  n: {{type: integer, min: 0, max: 9}}
  price: {{type: money, min: 0}}
  note: {{type: text}}
  at: {{type: instant}}
{more}
initial: new
states:
  new:
    transitions:
{transitions}
    always: {{guard: n == 9, to: done}}
    after: {{late: {{delay: 2h, to: done}}}}
  done: {{final: true}}
"""


def found(transitions: str, more: str = "") -> list[tuple[str, int]]:
    """The codes and lines of what is said of conditions in a small procedure."""
    indented = "\n".join(f"      {line}" for line in transitions.strip().splitlines())
    _, _, findings = draft_procedure(DESK.format(transitions=indented, more=more), "desk.yaml", None, None)
    wrong = [item for item in findings if item.severity == "error"]
    assert not wrong, wrong
    return [(item.code, item.line) for item in findings if item.code in ("never-holds", "never-taken", "never-applies")]


NEVER = (
    "kind == 'minor' and kind == 'major'",
    "kind == 'minor' and urgent and not urgent",
    "n > 9",
    "n > 3 and n < 4",
    "price < 0",
    "price > 1 and price <= 1",
    "kind not in ['minor', 'major', 'critical'] and kind is not none",
    "past.go.count < 0",
    "note == 'a' and note == 'b'",
    "at > now and not (at > now)",
    "n == 3 and (urgent or n == 4) and not urgent",
)
SOMETIMES = (
    "kind == 'minor' or kind == 'major'",
    "n > 8",
    "n > 3 and n < 5",
    "price > 1 and price < 1.2",
    "kind not in ['minor', 'major', 'critical']",
    "kind is none",
    "past.go.count > 100",
    "note == 'a' or note == 'b'",
    "note != 'a' and note != 'b' and note is not none",
    "'a' in note and 'b' in note",
    "n - 5 > 3",
    "n + n == 18",
    "-n < -8",
    "at > now and at < now + hours(2)",
    "not urgent and opener == assignee and opener != customer",
    "note > 'a' and note < 'c'",
    "sample(30) and not sample(40)",
    "done('new')",
    "n == 3 and (urgent or n == 4)",
)


@pytest.mark.parametrize("guard", NEVER)
def test_a_condition_that_never_holds_is_told_at_its_place(guard: str) -> None:
    assert found(f'go: {{to: done, guard: "{guard}"}}') == [("never-holds", 15)]


@pytest.mark.parametrize("guard", SOMETIMES)
def test_a_condition_that_may_hold_is_not(guard: str) -> None:
    assert found(f'go: {{to: done, guard: "{guard}"}}') == []


def test_what_an_earlier_branch_always_takes_is_told_and_what_it_may_leave_is_not() -> None:
    assert found("go:\n  - {to: done, guard: n > 3}\n  - {guard: n > 5, do: [{log: x}]}") == [("never-taken", 17)]
    assert found("go:\n  - {to: done, guard: n > 5}\n  - {guard: n > 3, do: [{log: x}]}") == []
    # two together leave nothing for the third, unless a value may be missing
    two = "go:\n  - {to: done, guard: urgent}\n  - {guard: not urgent, do: [{log: x}]}\n"
    assert found(two + "  - {guard: n > 3, do: [{log: y}]}") == [("never-taken", 18)]
    # what asks for something else may be refused, and then the next has its turn
    for holds in (
        "at_most: 1",
        "require: kind",
        "by: agent",
        "input: {why: {type: text, required: true}}",
        "not_by: go",
    ):
        assert found(f"go:\n  - {{to: done, guard: n > 3, {holds}}}\n  - {{guard: n > 5, do: [{{log: x}}]}}") == [], (
            holds
        )
    assert found(
        "go:\n  - {to: done, guard: n > 3, by: [agent, manager]}\n  - {guard: n > 5, by: agent, do: [{log: x}]}"
    ) == [("never-taken", 17)]


def test_targets_and_effects_are_looked_at_as_well() -> None:
    clock = """
sla:
  answer:
    start: open
    stop: done
    target:
      - {guard: urgent or kind == 'major', within: 1h}
      - {guard: kind == 'major' and n > 1, within: 2h}
      - {within: 3h}
    at: {due: [{when: n > 10, log: never}, {when: n > 1, log: perhaps}]}
"""
    assert found("go: {to: done}", clock) == [("never-applies", 17), ("never-holds", 19)]


# -- the oracle

FIELDS = """
procedure: desk
fields:
  k: {type: choice, of: [x, y, z]}
  b: {type: boolean}
  n: {type: integer, min: 0, max: 5}
  d: {type: decimal, min: 0, max: 3}
initial: new
states: {new: {final: true}}
"""
VALUES: dict[str, tuple[Any, ...]] = {
    "k": ("x", "y", "z", None), "b": (True, False, None), "n": (*range(6), None), "d": (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, None),
}  # fmt: skip


def condition(draw: random.Random, depth: int) -> str:
    if depth and draw.random() < 0.6:
        word = draw.choice(["and", "or", "not"])
        if word == "not":
            return f"not ({condition(draw, depth - 1)})"
        return f"({condition(draw, depth - 1)}) {word} ({condition(draw, depth - 1)})"
    return draw.choice([
        f"k {draw.choice(['==', '!='])} '{draw.choice('xyz')}'", f"k in ['x', '{draw.choice('yz')}']", "b", "not b", "k is none", "n is not none",
        f"n {draw.choice(['==', '!=', '<', '<=', '>', '>='])} {draw.randint(-1, 6)}", f"{draw.randint(0, 5)} < n",
        f"d {draw.choice(['<', '<=', '>', '>='])} {draw.choice(['0', '0.5', '1', '1.5', '3'])}", f"n + {draw.randint(0, 2)} > {draw.randint(0, 8)}",
        f"n in [1, {draw.randint(2, 5)}]", "n == d",
    ])  # fmt: skip


class Values:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def look(self, path: tuple[str, ...]) -> Any:
        return self.values[path[0]]


@pytest.mark.parametrize("seed", range(300))
def test_what_is_said_never_to_hold_holds_for_no_values_and_what_can_be_counted_is_counted(seed: int) -> None:
    """Two conditions at once: which pairs of truth there are, by the program and by trying all values."""
    draw = random.Random(seed)
    scope = scope_of(scopes.names_of(read_procedure_text(FIELDS, "desk.yaml")))
    pair = [parse(condition(draw, 3), scope) for _ in range(2)]
    bounds = {("n",): (0, 5, True), ("d",): (0, 3, True)}
    told = together(pair, scope, bounds)
    if told is None:  # too many to be counted; nothing is said then
        return
    can = set(told)
    names = sorted({path[0] for each in pair for path in each.paths})
    real = {
        tuple(bool(each.evaluate(Values(dict(zip(names, chosen, strict=True))))) for each in pair)  # type: ignore[arg-type]
        for chosen in product(*(VALUES[name] for name in names))
    }
    assert real <= can, (seed, [each.source for each in pair])
    if not any(word in each.source for each in pair for word in ("n +", "n == d")):
        assert can == real, (seed, [each.source for each in pair])
