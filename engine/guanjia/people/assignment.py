"""Who could take work, in tiers: the organisation's part of an assignment (docs/people.md).

A `Call` is what an assignment asks for. Its answer is plain data, a list of [tier, ids], for it stands in the event that was
decided by it. Conflicts of interest and choosing are of the case, and so are no concern here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from ..clock import Instant
from .organisation import Organisation

Tiers: TypeAlias = list[tuple[str, list[str]]]


class Call(NamedTuple):
    """Somebody of a role or team, or one person, is wanted; perhaps with a skill, perhaps only of those on duty. Whoever speaks
    the language comes before others of his tier."""

    kind: str
    skill: str
    language: str
    duty: bool
    name: str

    @classmethod
    def of(cls, question: str) -> Call:
        """As the key of a fact has it: `<role|team|person>:<skill>:<language>:<duty>:<name>`."""
        kind, skill, language, duty, name = question.split(":", 4)
        return cls(kind, skill, language, bool(duty), name)


def able(people: Organisation, call: Call, at: Instant, site: str | None) -> Tiers:
    """Everybody who could take it, at an instant and a site, each in the first tier to which he belongs."""
    seen: set[str] = set()
    answer: Tiers = []
    for tier, ids in _tiers(people, call, at, site):
        left = [id for id in dict.fromkeys(ids) if id not in seen]
        seen.update(left)
        speak = [id for id in left if call.language and call.language in people.staff[id].get("languages", ())]
        answer += [(tier, group) for group in (speak, [id for id in left if id not in speak]) if group]
    return answer


def owners(people: Organisation, call: Call, at: Instant, site: str | None) -> dict[str, Tiers]:
    """Of each building those who could take it: whose it is, else their substitutes."""
    of: dict[str, list[str]] = {}
    for id in _members(people, call):
        if people.serves(id, site) and people.staff[id].get("active", True):
            for building in people.staff[id].get("buildings", ()):
                of.setdefault(building, []).append(id)
    answer: dict[str, Tiers] = {}
    for building, ids in of.items():
        tiers = (("owner", ids), ("substitute", people.substitutes(ids, at, site)))
        fit = [(tier, list(_fit(people, call, group, at, site))) for tier, group in tiers]
        answer[building] = [(tier, group) for tier, group in fit if group]
    return {building: tiers for building, tiers in answer.items() if tiers}


def _tiers(people: Organisation, call: Call, at: Instant, site: str | None) -> Iterator[tuple[str, list[str]]]:
    members = _members(people, call)
    if call.kind == "person":
        yield "named", list(_fit(people, call, members, at, None))
    else:
        there = list(_fit(people, call, members, at, site))
        yield "on_duty", [id for id in there if people.on_duty(id, at)]
        yield "off_duty", [id for id in there if not people.on_duty(id, at)]
    yield "substitute", list(_fit(people, call, people.substitutes(members, at, site), at, site))
    teams = dict.fromkeys(str(people.staff[id].get("team")) for id in members)
    teams |= {call.name: None} if call.kind == "team" else {}
    leads = [str(people.teams[team].get("lead")) for team in teams if team in people.teams]
    yield "lead", list(_fit(people, call, [id for id in leads if id in people.staff], at, site, organises=True))
    yield "on_call", list(_fit(people, call, people.on_call(at, site), at, site, called=True))
    roles = [call.name] if call.kind == "role" else [role for id in members for role in people.roles_of(id)]
    for role in dict.fromkeys(above for each in roles for above in people.above(each)):
        found = list(_fit(people, call, people.candidates(role, at, site), at, site, organises=True))
        yield "above", [id for id in found if people.on_duty(id, at)]
        yield "above", [id for id in found if not people.on_duty(id, at)]


def _members(people: Organisation, call: Call) -> tuple[str, ...]:
    """Whoever was asked for, here or not."""
    if call.kind == "person":
        return (call.name,) if call.name in people.staff else ()
    return people.members(call.name if call.kind == "role" else f"team:{call.name}")


def _fit(
    people: Organisation, call: Call, ids: Iterable[str], at: Instant, site: str | None, *, organises: bool = False,
    called: bool = False,
) -> Iterator[str]:  # fmt: skip
    """Those who are here and have the skill. Whoever only finds somebody for it (`organises`) need not have it, but no
    certificate of his may have expired. Whoever is on call (`called`) counts as on duty."""
    day = people.duty.day_of(at).isoformat()
    for id in ids:
        if not people.here(id, at, site) or (call.duty and not called and not people.on_duty(id, at)):
            continue
        if call.skill:
            until = people.staff[id].get("certificates", {}).get(call.skill)
            expired = until is not None and until < day
            needs = (people.skills.get(call.skill) or {}).get("certificate", False)
            has = until is not None or (call.skill in people.staff[id].get("skills", ()) and not needs)
            if expired or not (has or organises):
                continue
        yield id
