"""The rules of clocks are a document that a person can check by hand, `clock_rules.md`; here it is run, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, Instant, from_iso, iso
from guanjia.core import clocks
from guanjia.language import read_yaml
from guanjia.model.case import Clock

from tests.core.plain import ZONE, Plain

PAGE = Path(__file__).with_name("clock_rules.md")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FIRST = from_iso("2026-03-02T00:00", ZONE)


def instant(text: str) -> Instant:
    """`Mon 09:00` is in the first week, `2Mon 09:00` in the second."""
    week, day, hour, minute = re.fullmatch(r"(\d?)([A-Z]\w\w) (\d\d):(\d\d)", text).groups()
    return FIRST + (7 * (int(week or 1) - 1) + DAYS.index(day)) * DAY + int(hour) * HOUR + int(minute) * MINUTE


def told(at: Instant | None) -> str:
    """An instant as the page has it; the end of a day belongs to that day."""
    if at is None:
        return "-"
    ends = (at - FIRST) % DAY == 0
    days, week = (at - FIRST) // DAY - ends, ""
    if days >= 7:
        week = str(days // 7 + 1)
    return f"{week}{DAYS[days % 7]} {'24:00' if ends else iso(at, ZONE)[11:16]}"


def span(length: int) -> str:
    hours, minutes = divmod(length // MINUTE, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rules():
    """(number of the line, rule, the clock as YAML, the row by column)."""
    base, columns, heading = "", [], ""
    fenced = False
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("```"):
            base, fenced = ("" if not fenced else base), not fenced
        elif fenced:
            base += line + "\n"
        elif line.startswith("#"):
            heading = line.strip("# ")
        elif line.startswith("|") and not columns:
            columns = cells(line)
        elif line.startswith("|") and not line.startswith("| -"):
            row = dict(zip(columns, cells(line), strict=True))
            yield pytest.param(base, row, id=f"{number}: {heading}: {row['rule']}")
        elif not line.startswith("|"):
            columns = []


PROCEDURE = """
procedure: desk
fields:
  severity: {type: choice, of: [minor, critical, odd], default: minor}
  promised: {type: instant}
  since: {type: instant}
  flag: {type: boolean, default: false}
initial: new
transitions:
  drop: {to: dropped}
  touch: {}
  inform: {}
  begin: {}
  more: {do: [{extend: {it: 2h}}]}
  more_days: {do: [{extend: {it: 1 workdays}}]}
  anew: {do: [{extend: {it: {by: 4h, from: start}}}]}
signals: {ring: {}}
states:
  new: {transitions: {accept: {to: working}, ask: {to: waiting}}}
  working: {transitions: {finish: {to: done}, ask: {to: waiting}, shut: {to: done, do: [{set: {severity: critical}}]}}}
  waiting: {transitions: {answer: {to: working}, give_up: {to: done}}}
  done: {final: true}
  dropped: {final: true}
reopen: {to: working}
sla:
  it:
"""


def procedure(base: str, more: str) -> str:
    """The procedure with the clock of the section, what the row says of it put over it."""
    clock = read_yaml(base, "rules").data
    clock |= read_yaml("{" + more + "}", "row").data if more else {}
    return PROCEDURE + "".join(f"    {key}: {written(value)}\n" for key, value in clock.items())


def written(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def play(case: Plain, events: str) -> None:
    for item in filter(None, (part.strip() for part in events.split(";"))):
        when, what = re.fullmatch(r"(\S+ \S+) (.+)", item).groups()
        at = instant(when)
        verb, *rest = what.split(" ")
        values = {name: value for name, _, value in (word.partition("=") for word in rest)}
        values = {
            name: instant(value.replace("_", " ")) if "_" in value else value or None for name, value in values.items()
        }
        if verb == "open":
            case.do(at, "open", "desk", **values)
        elif verb == "set":
            case.do(at, "edit", **values)
        elif verb == "hand":
            case.do(at, "clock", "it", reason="because", way=rest[0])
        elif verb == "assign":
            case.do(at, "assign", rest[0])
        elif verb == "ring":
            case.do(at, "signal", "ring")
        else:
            case.do(at, "act", verb)


def used(case: Plain, clock: Clock, now: Instant) -> str:
    limit = clocks.measured(case.program, clock, now).limits[0]
    if limit.unit in ("days", "workdays"):
        return f"{limit.used}d"
    return span(clocks.used(case.program, clock, now))


def stands(case: Plain) -> str:
    clock = case.case.clocks.get("it")
    if clock is None:
        return "none"
    cycle = f" {clock.cycle}" if clock.cycle > 1 else ""
    late = f", late {told(clock.breached_at)}" if clock.breached_at is not None else ""
    return clock.status + cycle + late


def fired(case: Plain) -> str:
    found = [
        (event.name.removeprefix("it."), told(event.occurred_at)) for event in case.events if event.type == "reached"
    ]
    return "; ".join(f"{name} {at}" for name, at in found) or "-"


@pytest.mark.parametrize(("base", "row"), list(rules()))
def test_rule(base: str, row: dict[str, str]) -> None:
    case = Plain(procedure(base, row.get("clock", "")))
    play(case, row["events"])
    now = instant(row["at"])
    case.until(now)
    clock = case.case.clocks.get("it")
    seen = {"stands": stands(case)}
    if clock is not None:
        seen |= {"used": used(case, clock, now), "due": told(clock.due), "fires": fired(case)}
        seen["before"] = (
            "; ".join(
                cycle.status + (f", late {told(cycle.breached_at)}" if cycle.breached_at is not None else "")
                for cycle in case.case.cycles
            )
            or "-"
        )
    assert {name: seen.get(name, "-") for name in row if name in seen} == {
        name: row[name] for name in row if name in seen
    }
