"""Who becomes responsible for a case: the first tier of people in which somebody is left, and of those the one that is chosen.

The organisation answers one question by a fact: who could take it, in tiers (those on duty, those off duty, their substitutes,
…), as names and nothing else. What only the case knows is decided here: whose conflict of interest it is, whose building, who
had it before. `relieve` is the other way in: somebody who is responsible comes to have a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..model.event import PERSONAL, is_personal
from .parts import EffectProgram
from .program import Program

if TYPE_CHECKING:
    from ..model.case import Case
    from ..model.effects import Assign
    from .step import Step

Tiers: TypeAlias = Sequence[tuple[str, Sequence[str]]]

MEMBERS = ("on_duty", "off_duty", "named", "owner")
"""Tiers of people who were asked for; everybody in another one stands in."""


def conflicted(
    program: Program, case: Case, personal: Mapping[str, Any], fields: Mapping[str, Any] | None = None
) -> frozenset[str]:
    """The ids of everybody who is to have no hand in the case: by its fields, or by those that it is about to have, and because it is
    his own."""
    if not program.procedure.conflicts:
        return frozenset()
    held: list[Any] = [(case.fields if fields is None else fields).get(name) for name in program.procedure.conflicts]
    known = [personal.get(who[PERSONAL]) if is_personal(who) else who for who in held]
    return frozenset(str(who) for who in (*known, *case.kin) if who is not None)


def assign(step: Step, effect: EffectProgram) -> None:
    asked = effect.effect.assign
    assert asked is not None
    duty = "duty" if asked.choose == "on_duty" else ""
    spoken = effect.values["speaks"].evaluate(step.see) if asked.speaks is not None else None
    kind, name = ("role", asked.role) if asked.role is not None else ("team", asked.team)
    if asked.person is not None:
        kind, name = "person", effect.values["person"].evaluate(step.see)
        if not name:
            _nobody(step, asked.person)
            return
        if name == step.see.actor.id and asked.skill is None and name not in _barred(step):
            step.hand_to(name)  # whoever acts is here
            return
    language = str(spoken or "").replace(":", "")
    question = f"{kind}:{asked.skill or ''}:{language}:{duty}:{name}"
    able = _left(step, step.facts.need(f"able:{question}"))
    how, chosen = _chosen(step, effect, asked, able, question)
    _take(step, how, chosen, f"team:{name}" if kind == "team" else str(name))


def relieve(step: Step, who: str) -> None:
    """Somebody else takes the case from whoever has come to have a conflict: his substitute, and so on."""
    able = _left(step, step.facts.need(f"able:person::::{who}"))
    how, pool = able[0] if able else ("", ())
    _take(step, how, _least_loaded(step, pool), who)


def _take(step: Step, how: str, chosen: str | None, sought: str) -> None:
    if chosen is None:
        _nobody(step, sought)
        return
    step.hand_to(chosen)
    if how not in MEMBERS:
        step.data["stands_in"] = how


def _nobody(step: Step, sought: str) -> None:
    """An alarm. The case stays with whoever has it, unless that is what must not be."""
    step.data["unassigned"] = sought
    if step.assignee in _barred(step):
        step.hand_to(None)


def _barred(step: Step) -> frozenset[str]:
    return conflicted(step.program, step.case, step.see.personal, step.fields)


def _left(step: Step, tiers: Tiers) -> list[tuple[str, list[str]]]:
    """The tiers without whoever has a conflict, and without those in which nobody is left."""
    barred = _barred(step)
    rest = [(how, [who for who in people if who not in barred]) for how, people in tiers]
    return [(how, people) for how, people in rest if people]


def _chosen(
    step: Step, effect: EffectProgram, asked: Assign, able: list[tuple[str, list[str]]], question: str
) -> tuple[str, str | None]:
    """(tier, id); nobody where no tier has anybody."""
    if asked.choose == "owner" and (building := _building(step)):
        of_building = step.facts.need(f"owners:{question}").get(building, ())
        able = [*_left(step, of_building), *able]
    if not able:
        return "", None
    members = {who: how for how, people in able if how in MEMBERS for who in people}
    preferred: str | None = None
    if asked.choose == "previous":
        preferred = next((who for who in reversed(step.case.handlers) if who in members), None)
    elif "choose" in effect.values:
        preferred = effect.values["choose"].evaluate(step.see)
    if preferred is not None and preferred in members:
        return members[preferred], preferred
    how, pool = able[0]
    if len(pool) == 1 or asked.choose == "first":
        return how, pool[0]
    if asked.choose == "round_robin":
        return how, pool[step.facts.need(f"turn:{','.join(pool)}") % len(pool)]
    return how, _least_loaded(step, pool)


def _least_loaded(step: Step, pool: Sequence[str]) -> str | None:
    if len(pool) < 2:
        return pool[0] if pool else None
    load = step.facts.need(f"load:{','.join(pool)}")
    return min(pool, key=lambda who: (load.get(who, 0), pool.index(who)))


def _building(step: Step) -> str | None:
    """The first part of the first field of type room that has a value: 3 of 3-1-502."""
    for name, field in step.program.fields.items():
        if field.type == "room" and (room := step.see.clear(step.fields.get(name))):
            return str(room).partition("-")[0].strip()
    return None
