"""Checks of a whole procedure, split by idea. Each finding has a stable code and says what to write instead."""

from __future__ import annotations

from ...errors import Finding
from ...model.procedure import Procedure
from ..nodes import Node
from .clocks import check_clocks
from .counts import check_counts
from .desk import check_desk
from .guards import check_guards
from .ladders import check_ladders
from .names import check_names
from .properties import check_properties
from .retention import check_retention
from .shape import check_flow, check_shape
from .telling import check_telling
from .values import check_values
from .view import Around, View
from .waits import check_waits
from .words import check_words, template_findings, template_names

__all__ = ["Around", "check", "template_findings", "template_names"]

_HOLES = frozenset({"unknown-state", "no-initial", "duplicate-state", "no-states", "states-and-tracks"})


def check(procedure: Procedure, root: Node, around: Around) -> list[Finding]:
    """Everything that is wrong or doubtful in a procedure, in no order."""
    view = View(procedure, root, around)
    for look in (
        check_names,
        check_shape,
        check_values,
        check_clocks,
        check_ladders,
        check_counts,
        check_retention,
        check_desk,
        check_properties,
        check_words,
        check_telling,
    ):
        look(view)
    # A graph with holes leads nowhere by itself: what follows from a wrong name is not worth saying.
    if _HOLES.isdisjoint(finding.code for finding in view.findings):
        check_flow(view)
        check_waits(view)
    check_guards(view)
    return view.findings
