"""Who could be given a case by an action that asks for somebody, the nearest first: whom a terminal offers.

Offered are those who could take it just now (here, serving its site, with the skill that the action asks for, without a conflict of
interest). The people of the house come first, of these whoever works at this moment, then whoever looks after the building, then
whoever is in the team of the one who has it. Somebody else may be named all the same: the action itself says who will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import NeedFact, Program
from ..core.assigning import conflicted
from ..core.parts import EffectProgram
from ..core.surroundings import Facts, Surroundings
from ..model.case import Case
from ..model.event import Actor
from ..people.assignment import Call, able
from .message import clear

if TYPE_CHECKING:
    from .engine import Engine


def takers(engine: Engine, case: Case, action: str, actor: Actor) -> dict[str, list[str]]:
    """By each input of the action that names who becomes responsible: the ids of those who could, the nearest first."""
    program, personal = engine.program(case), engine.personal(case.id)
    see = Surroundings(program, case, engine.clock.now(), actor, Facts({}), personal)
    barred = conflicted(program, case, personal)
    found: dict[str, list[str]] = {}
    for branch in program.triggers_of(case.states).get(f"act:{action}", ()):
        for effect in branch.effects:
            asked = effect.effect.assign
            head, _, name = (asked.person or "").partition(".") if asked is not None else ("", "", "")
            if asked is None or head != "input" or name not in branch.branch.input or not _holds(effect, see):
                continue
            people = engine.organisation
            for who in people.staff:
                fit = able(people, Call("person", asked.skill or "", "", False, who), see.now, case.site)
                if any(tier == "named" for tier, _ in fit) and people.serves(who, case.site) and who not in barred:
                    found.setdefault(name, []).append(who)
    return {name: _nearest(engine, program, case, list(dict.fromkeys(ids))) for name, ids in found.items()}


def _holds(effect: EffectProgram, see: Surroundings) -> bool:
    """Whether the effect would be done, as far as that can be said before anything is given."""
    try:
        return effect.when is None or bool(effect.when.evaluate(see))
    except NeedFact:
        return True


def _nearest(engine: Engine, program: Program, case: Case, ids: list[str]) -> list[str]:
    people, now, personal = engine.organisation, engine.clock.now(), engine.personal(case.id)
    rooms = (clear(case.fields.get(name), personal) for name, field in program.fields.items() if field.type == "room")
    building = str(next(filter(None, rooms), "")).partition("-")[0].strip()
    team = people.staff.get(case.assignee or "", {}).get("team")

    def distance(who: str) -> tuple[bool, ...]:
        about = people.staff[who]
        return (
            people.outside(who),
            not people.on_duty(who, now),
            building not in about.get("buildings", ()),
            team is None or about.get("team") != team,
        )

    return sorted((who for who in ids if who != case.assignee), key=distance)
