"""Guards and values that nobody would write, over values that nobody would type: an answer or a refusal, at once, and never a fault.

Expressions are drawn by type, so that most pass the checker; what it refuses is drawn anew. Each is run as a guard and as what is set.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from guanjia.errors import GuanjiaError, Refused
from guanjia.expressions import ExpressionError, parse, scope_of
from guanjia.language import read_procedure_text
from guanjia.model.scope import names_of

from tests.offices import clock_of, engine, small
from tests.scale import drawn, scale, tell

PROCEDURE = """\
procedure: desk
number: D-{seq}
calendar: always
fields:
  text: {type: text}
  name: {type: text, personal: true}
  count: {type: integer}
  size: {type: integer}
  cost: {type: decimal}
  fee: {type: money}
  urgent: {type: boolean}
  day: {type: date}
  at: {type: instant}
  lasts: {type: duration}
  kind: {type: choice, of: [one, two]}
  tags: {type: list}
sla: {respond: {start: open, stop: end, target: [{within: 30m}]}}
initial: here
transitions: {end: {to: over}}
states:
  here:
    transitions:
GUARDS
      wait: {do: [{log: waiting}]}
  over: {final: true}
"""
LEAVES = {
    "boolean": ("urgent", "true", "done('here')", "is_role('agent')", "in_state('here')", "clock.respond.breached", "is_open(at)"),
    "integer": ("count", "size", "0", "7", "-3", "1000000000", "999999999999999", "past.wait.count", "text | length", "cost | int", "tags | length"),
    "decimal": ("cost", "fee", "0.5", "1e300", "1e-300", "cost | round", "fee | abs"),
    "text": ("text", "name", "kind", "assignee", "number", "''", "'x'", "text | upper", "day", "text | default('y')"),
    "instant": ("now", "opened_at", "at", "clock.respond.due", "past.wait.at"),
    "span": ("lasts", "clock.respond.left", "clock.respond.used", "minutes(30)", "days(1000000000)"),
    "amount": ("workdays(2)", "workdays(1000000000000)"),
    "list": ("tags", "['one', 'x', text]", "[1, count]"),
}  # fmt: skip
VALUES = {
    "text": ("x", "9" * 20_000, "1e999999"), "name": ("欧阳",), "count": (0, 5, 999_999_999_999_999, -999_999_999_999_999),
    "size": (-1, 10**15 - 1), "cost": ("0", "-0.01", "999999999999999"), "fee": ("0.01", "999999999999999.99"),
    "urgent": (True, False), "day": ("2026-02-29x", "0001-01-01", "9999-12-31"), "at": ("2026-11-24 09:05", "9999-12-31 23:59", "0001-01-02 00:00"),
    "lasts": ("30m", "99999h", "2 workdays"), "kind": ("one", "two"), "tags": ("one,two", ",".join(["x"] * 900)),
}  # fmt: skip


def made(draw: random.Random, kind: str, depth: int) -> str:
    """An expression of this type."""

    def one(of: str) -> str:
        return made(draw, of, depth - 1)

    if depth <= 0 or draw.random() < 0.15:
        return draw.choice(LEAVES[kind])
    if kind == "boolean":
        number = draw.choice(("integer", "decimal"))
        return draw.choice((
            lambda: f"({one('boolean')}) {draw.choice(('and', 'or'))} ({one('boolean')})",
            lambda: f"not ({one('boolean')})",
            lambda: f"({one(number)}) {draw.choice(('<', '>=', '=='))} ({one('integer')})",
            lambda: f"({one('instant')}) {draw.choice(('<', '!='))} ({one('instant')})",
            lambda: f"({one('span')}) > ({one('span')})",
            lambda: f"({one('text')}) {draw.choice(('==', '<', 'in'))} ({one('text')})",
            lambda: f"({one('text')}) in ({one('list')})",
            lambda: f"sample({one('integer')})",
            lambda: f"({one(draw.choice(list(LEAVES)))}) is none",
        ))()  # fmt: skip
    if kind in ("integer", "decimal"):
        return draw.choice((
            lambda: f"({one(kind)}) {draw.choice('+-*')} ({one(kind)})",
            lambda: f"({one(kind)}) * ({one(kind)})",
            lambda: f"({one(kind)}) {draw.choice(('//', '/'))} ({one('integer')})",
            lambda: f"-({one(kind)})",
            lambda: f"({one(draw.choice(('integer', 'decimal', 'text')))}) | {draw.choice(('int', 'round', 'abs', 'round(10)'))}",
            lambda: f"({one(kind)}) if ({one('boolean')}) else ({one(kind)})",
        ))()  # fmt: skip
    if kind == "instant":
        return f"({one('instant')}) {draw.choice('+-')} ({one(draw.choice(('span', 'amount')))})"
    if kind == "span":
        return draw.choice((
            lambda: f"{draw.choice(('minutes', 'hours', 'days'))}({one('integer')})",
            lambda: f"({one('instant')}) - ({one('instant')})",
            lambda: f"({one('span')}) {draw.choice('+-')} ({one('span')})",
            lambda: f"({one('span')}) * ({one('integer')})",
        ))()  # fmt: skip
    if kind == "amount":
        return f"workdays({one('integer')})"
    if kind == "text":
        return f"({one('text')}) | {draw.choice(('upper', 'lower', 'first', 'last'))}"
    return draw.choice(LEAVES[kind])


def test_no_expression_over_no_values_faults_or_takes_long(tmp_path: Path) -> None:
    draw, tries = drawn(), scale(4, 60)
    bare = read_procedure_text(PROCEDURE.replace("GUARDS\n", ""), "desk.yaml")
    scope = scope_of(names_of(bare))
    for number in range(tries):
        kinds = {
            "count": "integer",
            "cost": "decimal",
            "fee": "decimal",
            "at": "instant",
            "lasts": "span",
            "text": "text",
        }
        lines: list[str] = []
        while len(lines) < 60:
            field = draw.choice(list(kinds))
            guard, value = made(draw, "boolean", 6), made(draw, kinds[field], 6)
            try:
                parse(guard, scope, expect="boolean")
                parse(value, scope, expect=kinds[field])
            except ExpressionError:
                continue
            lines += [
                f'      g{len(lines)}: {{guard: "{guard}"}}',
                f'      s{len(lines)}: {{do: [{{set: {{{field}: "{value}"}}}}]}}',
            ]
        desk = engine(small(tmp_path / str(number), PROCEDURE.replace("GUARDS", "\n".join(lines))))
        for _ in range(3):
            case = desk.open("desk", actor="agent.wang").case.id
            for name, known in VALUES.items():
                if draw.random() < 0.7:
                    try:
                        desk.edit(case, actor="supervisor.zhao", **{name: draw.choice(known)})
                    except Refused:
                        continue
            for line in lines:
                action = line.strip().partition(":")[0]
                begun = time.process_time()
                try:
                    desk.act(case, action, actor="agent.wang")
                except GuanjiaError as error:
                    assert isinstance(error, Refused), (line, error)
                except Exception as fault:
                    raise AssertionError(line, desk.case(case).fields) from fault
                assert time.process_time() - begun < 1, line
            clock_of(desk).advance(draw.choice((0, 60_000_000, 86_400_000_000)))
    tell("expressions over values that nobody types", expressions=60 * tries, faults=0)
