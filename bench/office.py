"""The office that all measurements run in: one procedure of eight states in a row, walked to and fro.

Every advance asks a role and a guard, restarts a clock's thought of what is due, renders one notification and writes one
durable commit: what an advance of a real procedure does, and nothing beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from guanjia import Engine

STATES = [f"s{number}" for number in range(1, 9)]
STAFF = "staff.wang"

OFFICE = """\
name: {zh: 测量, en: Bench}
zone: Asia/Shanghai
channels:
  file: {folder: outbox}
"""
ORGANISATION = """\
roles:
  agent: {label: {zh: 客服, en: Agent}}
staff:
  staff.wang: {name: 王敏, roles: [agent], language: zh, mail: wang@example.com}
"""
CALENDAR = """\
zone: Asia/Shanghai
always: true
"""
HOURS = """\
zone: Asia/Shanghai
week: {mon-fri: ["08:30-18:00"]}
published: [2025, 2026, 2027]
"""
SHIFT = """\
procedure: shift
number: S-{seq:07}
calendar: hours
fields:
  summary: {type: text, required: true}
sla:
  respond:
    start: open
    stop: working
    target: [{within: 900h}]
    at: {80%: [{log: soon}]}
  resolve:
    start: open
    stop: ended
    target: [{within: 200 workdays}]
    at: {50%: [{log: half}], due - 5 workdays: [{log: soon}], due: [{log: late}]}
initial: waiting
states:
  waiting: {transitions: {begin: {to: working}}}
  working: {transitions: {end: {to: ended}}}
  ended: {final: true}
"""
"""A procedure on working hours, for what happens when they are edited."""

TEMPLATE = "{{ number }} 已到 {{ state }}：{{ summary }}\n"


def procedure() -> str:
    """The YAML of the row of states; the last is not final, so that a case can be walked for ever."""
    lines = [
        "procedure: row",
        "number: R-{seq:07}",
        "calendar: always",
        "fields:",
        "  summary: {type: text, required: true}",
        "  level: {type: integer, default: 1}",
        "sla:",
        "  finish: {start: open, stop: ended, target: [{within: 1000 days}]}",
        "initial: s1",
        "states:",
    ]
    for here, state in enumerate(STATES):
        lines += [f"  {state}:", "    transitions:"]
        for action, there in (("forward", here + 1), ("back", here - 1)):
            if 0 <= there < len(STATES):
                lines += [
                    f"      {action}:",
                    f"        to: {STATES[there]}",
                    "        by: agent",
                    "        guard: level >= 0",
                    f"        do: [{{notify: {{moved: {{to: 'staff:{STAFF}'}}}}}}]",
                ]
        if state == STATES[-1]:
            lines += ["      end: {to: ended, by: agent}"]
    return "\n".join([*lines, "  ended: {final: true}", ""])


def make(folder: Path) -> Path:
    """Write the office's files into `folder` and return it."""
    for name, text in {
        "office.yaml": OFFICE,
        "organisation.yaml": ORGANISATION,
        "calendars/always.yaml": CALENDAR,
        "calendars/hours.yaml": HOURS,
        "procedures/row.yaml": procedure(),
        "procedures/shift.yaml": SHIFT,
        "templates/zh/moved.file.j2": TEMPLATE,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def to_and_fro() -> Iterator[str]:
    """The actions that walk a case along the row and back, for ever."""
    while True:
        yield from ["forward"] * (len(STATES) - 1)
        yield from ["back"] * (len(STATES) - 1)


def opened(engine: Engine) -> str:
    """The id of a new case."""
    return engine.open("row", actor=STAFF, summary="三栋二单元电梯口灯不亮，夜里看不清台阶").case.id
