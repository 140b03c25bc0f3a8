"""What could be done with a case now: every action of its present states, allowed or not, what it needs and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..clock import Instant
from ..errors import Text
from ..model.case import Case
from ..model.event import Actor
from ..model.procedure import Field
from ..values import spelled
from .attempt import Attempt
from .parts import BranchProgram
from .program import Program
from .surroundings import Facts, Surroundings, called


@dataclass(frozen=True, slots=True)
class Option:
    """Something that could be done with a case now, and what stands in the way."""

    action: str
    allowed: bool
    to: str | None
    requires: tuple[str, ...]
    """Inputs and fields that are still to be given, also where only a guard asks for them."""
    optional: tuple[str, ...]
    """What may be given besides: inputs that are not required, fields that have a value already, and those that another branch
    of the action asks for."""
    inputs: Mapping[str, Field]
    why: tuple[Text, ...]


def available(program: Program, case: Case, actor: Actor, now: Instant, facts: Mapping[str, Any]) -> tuple[Option, ...]:
    """Every action of the present states, in the order written: allowed or not, what it needs, why not."""
    known = Facts(facts)
    see = Surroundings(program, case, now, actor, known, facts.get("personal", {}))
    options = []
    for action, branches in _actions(program, case).items():
        attempt = Attempt(program, case, see, actor, by_person=True, probing=True)
        able: dict[BranchProgram, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        near: list[BranchProgram] = []
        for branch in branches:
            if attempt.consider(branch):
                able[branch] = attempt.missing, attempt.needed(branch)
            if branch in able or attempt.obstacles[-1].code == "guard":
                near.append(branch)
        # The first that only needs what it says it needs; else one of which a guard asks for more.
        taken = next((branch for branch, (_, more) in able.items() if not more), next(iter(able), None))
        missing = tuple(dict.fromkeys(name for names in able[taken] for name in names)) if taken is not None else ()
        inputs = {name: field for branch in branches for name, field in branch.branch.input.items()}
        others = (name for branch in near for name in branch.require)
        asked = dict.fromkeys((*taken.require, *others, *inputs) if taken is not None else ())
        options.append(
            Option(
                action,
                taken is not None,
                taken.target.name if taken is not None and taken.target is not None else None,
                missing,
                tuple(name for name in asked if name not in missing),
                inputs,
                () if taken is not None else tuple(dict.fromkeys(item.text for item in attempt.obstacles)),
            )
        )
    return tuple(options)


def meant(program: Program, typed: str) -> tuple[str, ...]:
    """The actions that somebody probably meant who typed this: like a name, or the very label."""
    return _near(program, typed, list(program.actions))


def clocks_meant(program: Program, typed: str) -> Text:
    """A hint for somebody who named a clock that there is not: those that he probably meant, else all."""
    known = list(program.clock_by_name)
    near = _near(program, typed, known)
    names = [spelled(called(program, name), name) for name in near or known]
    zh, en = "、".join(name.zh for name in names) or "—", ", ".join(name.en for name in names) or "none"
    return Text(f"是不是：{zh}？", f"Did you mean {en}?") if near else Text(f"有：{zh}", f"There are: {en}")


def _near(program: Program, typed: str, names: list[str]) -> tuple[str, ...]:
    label = program.procedure.label
    same = [name for name in names if typed in (label(name, "zh"), label(name, "en"))]
    return tuple(same or get_close_matches(typed, names, 3))


def _actions(program: Program, case: Case) -> dict[str, list[BranchProgram]]:
    if case.merged:
        return {}
    if case.finished:
        return {"reopen": list(program.reopen)} if program.reopen else {}
    found = program.triggers_of(case.states)
    return {trigger[4:]: branches for trigger, branches in found.items() if trigger.startswith("act:")}
