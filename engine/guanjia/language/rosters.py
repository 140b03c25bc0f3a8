"""Rosters: who works which shift on which days, as YAML (rosters/*.yaml) or as a table (rosters/*.csv).

Both become lines of plain data, each with its place. A line that is wrong is told and left out; the others count, for an
office must not stand still because of a slip in next week's roster.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..calendars import Calendar, days_of, meant_days
from ..errors import Finding, Invalid, Text
from ..model.office import Organisation, Person, Roster, Shift
from .checks.view import likely
from .grammar import build
from .nodes import Node, Source
from .reading import decode, read_yaml

_COLUMNS = {"date": "date", "shift": "shift", "staff": "staff", "日期": "date", "班次": "shift", "人员": "staff"}
_TABLE = Text("第一行写 date,shift,staff", "the first line is date,shift,staff")


class Line(NamedTuple):
    """One shift, who works it, and on which days (none: on every day of it), each with the node it was written as."""

    shift: Node
    staff: Sequence[Node]
    on: Sequence[Node]


def read_roster(raw: bytes, file: str, findings: list[Finding]) -> list[Line]:
    """The lines of one file; what cannot be read is added to `findings`."""
    try:
        return list(_table(raw, file, findings) if file.endswith(".csv") else _listed(raw, file, findings))
    except Invalid as refused:
        findings += refused.findings
        return []


def check_lines(
    lines: Sequence[Line], organisation: Organisation, calendars: Mapping[str, Calendar], findings: list[Finding]
) -> list[dict[str, Any]]:
    """The lines that are right, as plain data: `{shift, staff, on}`, where `on` is a list of dates or ranges. `calendars` are
    those that can be used."""
    check = _Check(organisation, calendars, findings)
    return [plain for line in lines if (plain := check.line(line)) is not None]


def _listed(raw: bytes, file: str, findings: list[Finding]) -> Iterator[Line]:
    root = read_yaml(raw, file).root
    if build(Roster, root, findings) is None:
        return
    for entry in _items(root.get("roster")):
        shift = entry.get("shift")
        assert shift is not None
        yield Line(shift, _items(entry.get("staff")), _items(entry.get("on")))


def _items(node: Node | None) -> Sequence[Node]:
    return () if node is None else node.items if node.kind == "list" else (node,)


def _table(raw: bytes, file: str, findings: list[Finding]) -> Iterator[Line]:
    text = decode(raw, file)
    source = Source(file, tuple(text.splitlines()))
    columns: dict[str, int] = {}
    for number, written in enumerate(source.lines, 1):
        cells = cells_of(source, number, written)
        if not any(cell.text for cell in cells):
            continue
        if not columns:
            columns = {_COLUMNS[cell.text]: at for at, cell in enumerate(cells) if cell.text in _COLUMNS}
            if missing := [name for name in ("date", "shift", "staff") if name not in columns]:
                what = Text(f"缺少列 {'、'.join(missing)}", f"the column {', '.join(missing)} is missing")
                raise Invalid([cells[0].finding("roster-columns", what, _TABLE)])
            continue
        if len(cells) <= max(columns.values()):
            what = Text("这一行的列不够", "this line has too few columns")
            findings.append(cells[-1].finding("roster-columns", what, _TABLE))
            continue
        day, shift, staff = (cells[columns[name]] for name in ("date", "shift", "staff"))
        yield Line(shift, (staff,), (day,))


def cells_of(source: Source, number: int, written: str) -> list[Node]:
    """The cells of a line with their columns; a cell in quotes counts from its quote."""
    values = next(csv.reader([written]), [])
    cells, column = [], 1
    for value in values:
        text = value.strip()
        blanks = len(value) - len(value.lstrip())
        cells.append(Node(source, number, column + blanks, value=text, text=text))
        quoted = written[column - 1 : column] == '"'
        column += len(value) + (2 + value.count('"') if quoted else 0) + 1
    return cells or [Node(source, number, 1)]


class _Check:
    """What is wrong with lines, across all files."""

    def __init__(self, organisation: Organisation, calendars: Mapping[str, Calendar], findings: list[Finding]) -> None:
        self.organisation = organisation
        self.calendars = calendars
        self.findings = findings
        self.named: dict[str, list[str]] = {}
        for id, person in organisation.staff.items():
            self.named.setdefault(person.name, []).append(id)
        self.seen: dict[tuple[str, str, str], Node] = {}

    def line(self, line: Line) -> dict[str, Any] | None:
        shift = self.organisation.shifts.get(line.shift.text)
        if shift is None:
            what = Text(f"没有叫“{line.shift.text}”的班次", f"there is no shift {line.shift.text!r}")
            self._say(line.shift, "unknown-shift", what, likely(line.shift.text, self.organisation.shifts))
        people = [id for node in line.staff if (id := self._person(node)) is not None]
        days = [node for node in line.on if self._dates(node)]
        if shift is None or len(people) < len(line.staff) or len(days) < len(line.on):
            return None
        fits = [self._fits(line, shift, id, node) for id in people for node in days]
        return {"shift": line.shift.text, "staff": people, "on": [node.text for node in days]} if all(fits) else None

    def _person(self, node: Node) -> str | None:
        staff = self.organisation.staff
        called = self.named.get(node.text, [])
        if node.text in staff or len(called) == 1:
            id = node.text if node.text in staff else called[0]
            if staff[id].active:
                return id
            what = Text(f"{staff[id].name}（{id}）已离职", f"{staff[id].name} ({id}) has left")
            self._say(node, "has-left", what, Text("请换成在职的人", "roster somebody who is here"))
            return None
        if called:
            what = Text(f"“{node.text}”有 {len(called)} 人", f"{len(called)} people are called {node.text!r}")
            self._say(
                node,
                "unknown-staff",
                what,
                Text(f"请写编号：{'、'.join(called)}", f"write the id: {', '.join(called)}"),
            )
        else:
            what = Text(f"名册里没有“{node.text}”", f"there is nobody called {node.text!r}")
            self._say(node, "unknown-staff", what, likely(node.text, staff))
        return None

    def _dates(self, node: Node) -> bool:
        if days_of(node.text):
            return True
        self._say(node, "date", Text(f"“{node.text}”不是日期", f"{node.text!r} is no date"), meant_days(node.text))
        return False

    def _fits(self, line: Line, shift: Shift, id: str, node: Node) -> bool:
        """Whether one day for one person, a cell of a table, say, fits the shift, is written once, and is none of his leave."""
        days, person = days_of(node.text), self.organisation.staff[id]
        calendar = self.calendars.get(shift.calendar)
        runs = shift.days == "every" or calendar is None or calendar.is_workday(days[0]) == (shift.days == "workdays")
        if not runs and len(days) == 1:
            what = Text(
                f"{node.text} 没有“{line.shift.text}”这一班",
                f"the shift {line.shift.text!r} does not run on {node.text}",
            )
            hint = Text(f"它只在{_DAYS[shift.days].zh}有", f"it runs on {_DAYS[shift.days].en} only")
            self._say(node, "no-shift", what, hint)
            return False
        once = True
        for day in days:
            first = self.seen.setdefault((line.shift.text, id, day.isoformat()), node)
            if first is not node and once:
                where = f"{first.source.file}:{first.line}:{first.column}"
                what = Text(
                    f"{person.name} {day} 的这一班已写在 {where}",
                    f"{person.name} is rostered for it on {day} at {where} already",
                )
                self._say(node, "rostered-twice", what, Text("删去一处", "delete one of them"))
                once = False
        away = _away(person)
        if absent := next((day for day in days if day.isoformat() in away), None):
            what = Text(f"{person.name} {absent} 休假", f"{person.name} is on leave on {absent}")
            self._say(node, "rostered-on-leave", what, Text("请换人", "roster somebody else"), severity="warning")
        return once

    def _say(self, node: Node, code: str, what: Text, hint: Text, *, severity: str = "error") -> None:
        self.findings.append(node.finding(code, what, hint, severity=severity))


_DAYS = {"workdays": Text("工作日", "workdays"), "rest_days": Text("休息日", "rest days")}


def _away(person: Person) -> frozenset[str]:
    return frozenset(day.isoformat() for leave in person.leave for text in leave.on for day in days_of(text))
