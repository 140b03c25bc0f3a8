"""What of a case can be searched and is shown in lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import Instant
from ..core import Program, marks
from ..model.case import Case
from ..model.event import SHOWN, is_personal
from ..model.procedure import WHERE
from ..store.interface import Columns

PRIORITY_FIELDS = ("severity", "urgency", "level", "priority")
"""The first of these that a procedure has is what lists show as the priority."""


def columns(program: Program, case: Case, due: Instant | None) -> Columns:
    """The searchable columns of a case that time changes next at `due`; personal values are never among them, nor are those
    that not everybody may read."""
    fields, deadline, provisional = case.fields, None, 0
    if program.readers:
        fields = {name: value for name, value in fields.items() if name not in program.readers}
    late = {cycle.name for cycle in case.cycles if cycle.breached_at is not None}
    for clock in case.clocks.values():
        if clock.breached_at is not None:
            late.add(clock.name)
        if clock.due is not None and clock.status == "running":
            provisional += clock.provisional
            if deadline is None or clock.due < deadline:
                deadline = clock.due
    return Columns(
        site=case.site, number=case.number, procedure=case.procedure, version=case.version, states=",".join(case.states),
        mode=case.mode, priority=_first(fields, PRIORITY_FIELDS), summary=(_first(fields, ("summary",)) or "")[:500],
        room=place(fields), assignee=case.assignee, customer=case.customer, parent=case.parent,
        opened_at=case.opened_at, changed_at=case.changed_at, closed_at=case.closed_at, outcome=case.outcome,
        next_due=due, deadline=deadline, breached=len(late), provisional=provisional, alarms=alarms(case),
        marks=marks(program, case),
    )  # fmt: skip


def place(fields: Mapping[str, Any]) -> str | None:
    """Where it is, as lists show it."""
    return _first(fields, WHERE)


def alarms(case: Case) -> int:
    """How many of its escalations came to the end of their ladder and are not acknowledged yet, and one where nobody could be
    made responsible."""
    climbs = sum(climb.open and climb.alarmed_at is not None for climb in case.climbs.values()) if case.climbs else 0
    return climbs + (case.unassigned is not None and not case.finished)


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            return value
        if is_personal(value) and isinstance(shown := value.get(SHOWN), str):
            return shown
    return None
