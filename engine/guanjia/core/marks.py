"""The marks of a case: what of it decides who sees it (`model.sight`), as text that lies beside it in the database.

`assignee:` who is responsible · `hand:` who opened it, was responsible, took an action, or was told of an escalation ·
`customer:` whose it is · `escalated:` roles to which it was escalated · `building:` of which building it is · `work:` roles for whose next step it waits · `only:` roles that may
see it where it is not theirs, `*` without `visible_to` · `not:` whom it concerns, who sees nothing of it.
"""

from __future__ import annotations

from operator import attrgetter

from ..model.case import Case
from ..model.sight import ANYBODY, joined
from .program import Program
from .surroundings import RELATIONS

_BY = attrgetter("by")


def marks(program: Program, case: Case) -> str:
    """The marks of a case under its program, each between two line ends. Every command writes them, so they are put together with
    no more work than they need."""
    standing = program.marks.get(case.states)
    if standing is None:
        standing = program.marks[case.states] = _standing(program, case.states)
    hands = set(map(_BY, case.past.values()))
    hands.add(case.opener)
    hands.update(case.handlers)
    if case.climbs:
        hands.update([who.removeprefix("staff:") for climb in case.climbs.values() for who in climb.people])
    hands.discard("system")
    found = []
    if case.customer is not None:
        hands.discard(case.customer)
        found.append(f"customer:{case.customer}")
    found += [f"hand:{who}" for who in sorted(hands)]
    if case.assignee is not None:
        found.append(f"assignee:{case.assignee}")
    for name in program.rooms:
        if isinstance(room := case.fields.get(name), str):
            found.append(f"building:{room.partition('-')[0].strip()}")
            break
    for name in program.procedure.conflicts:
        if isinstance(who := case.fields.get(name), str):
            found.append(f"not:{who}")
    found += [f"not:{who}" for who in case.kin]
    found += [f"escalated:{word.removeprefix('on_duty:')}" for word in dict.fromkeys(case.escalated)]
    text = "\n".join(found)
    if text.count("\n") >= len(found):  # what somebody typed may hold a line end, and must not pass for a mark
        text = "\n".join([mark.replace("\n", " ") for mark in found])
    return f"{standing}{text}\n" if found else standing


def _standing(program: Program, states: tuple[str, ...]) -> str:
    """The marks that every case of a version has in these states. What is possible in every state is nobody's next step."""
    only = [f"only:{role}" for role in program.procedure.visible_to] or [ANYBODY]
    words = [
        word
        for trigger, branches in program.triggers_of(states).items()
        if trigger.startswith("act:")
        for branch in branches
        if branch.owner is not program.root
        for word in branch.by
        if word not in RELATIONS and " for " not in word
    ]
    return joined([*only, *(f"work:{role}" for role in words)])
