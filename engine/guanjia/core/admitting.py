"""What many kinds of command ask before anything else: of whom, of the case, and for a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import Actor
from .assigning import conflicted
from .attempt import conflict
from .program import Program
from .run import Run


def staff_only(run: Run) -> None:
    if run.command.actor.kind == "customer":
        raise Refused("role", Text("这一步只能由工作人员办理。", "Only staff may do this."))


def impartial(run: Run, case: Case) -> None:
    unconcerned(run.program, case, run.personal, run.command.actor)


def unconcerned(program: Program, case: Case, personal: Mapping[str, Any], actor: Actor) -> None:
    """Refused (`conflict`) where the case concerns the actor."""
    if actor.kind != "staff":
        return
    barred = conflicted(program, case, personal)
    if actor.id in barred or actor.through in barred:
        raise Refused("conflict", conflict(case), case=case.number)


def awake(case: Case) -> None:
    """Nothing happens any more to a case that goes on in another."""
    for number in case.merged.values():
        raise Refused(
            "merged",
            Text(f"{case.number} 已并入 {number}，不再单独办理。", f"{case.number} goes on in {number}; nothing is done in it any more."),
            Text(f"请在 {number} 上办理。", f"Do it in {number}."),
            case=case.number, into=number,
        )  # fmt: skip


def open_case(run: Run) -> Case:
    case = run.present()
    awake(case)
    if case.finished:
        raise Refused("state", Text(f"{case.number} 已经办结。", f"{case.number} is closed already."))
    return case


def reasoned(run: Run, text: Text) -> None:
    if not run.command.reason:
        raise Refused("reason", text)
