"""What of a case can be searched and is shown in lists."""

from __future__ import annotations

from ..core import Program, next_due
from ..model.case import Case
from ..store.interface import Columns

PRIORITY_FIELDS = ("severity", "urgency", "level", "priority")
"""The first of these that a procedure has is what lists show as the priority."""


def columns(program: Program, case: Case) -> Columns:
    """The searchable columns of a case; personal values are never among them."""

    def shown(*names: str) -> str | None:
        for name in names:
            value = case.fields.get(name)
            if isinstance(value, str):
                return value
        return None

    running = [clock for clock in case.clocks.values() if clock.status == "running"]
    return Columns(
        site=case.site, number=case.number, procedure=case.procedure, version=case.version, states=",".join(case.states),
        mode=case.mode, priority=shown(*PRIORITY_FIELDS), summary=(shown("summary") or "")[:500],
        room=shown("room", "place"), assignee=case.assignee, customer=case.customer, parent=case.parent,
        opened_at=case.opened_at, changed_at=case.changed_at, closed_at=case.closed_at, outcome=case.outcome,
        next_due=next_due(case), deadline=min((clock.due for clock in running if clock.due is not None), default=None),
        breached=sum(1 for clock in case.clocks.values() if clock.breached_at is not None),
    )  # fmt: skip
