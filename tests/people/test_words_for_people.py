"""Whom a word for people means: a role, a team, its lead, those of them who work just now; and who is told when nobody is there."""

from __future__ import annotations

import random
from typing import Any

import pytest
from guanjia.clock import from_iso
from guanjia.people import Organisation

from tests.scale import drawn, scale

NIGHT, DAY = from_iso("2026-03-02T23:00", "Asia/Shanghai"), from_iso("2026-03-02T10:00", "Asia/Shanghai")
SHIFTS = {
    "day": {"hours": ["08:00-20:00"]},
    "night": {"hours": ["20:00-08:00"]},
    "standby": {"hours": ["20:00-08:00"], "on_call": True},
}


def house(staff: dict[str, Any], lines: list[tuple[str, str]] = [], lead: str | None = "boss") -> Organisation:  # noqa: B006
    data = {
        "roles": {"agent": {"parent": "manager"}, "manager": {}, "clerk": {}},
        "teams": {"front": {"lead": lead, "label": {"zh": "前台组", "en": "front desk"}}, "back": None},
        "shifts": SHIFTS,
        "staff": {id: {"name": id.upper(), **about} for id, about in staff.items()},
        "duty": {"zone": "Asia/Shanghai", "calendars": {}, "lines": [{"shift": shift, "staff": [id], "on": []} for shift, id in lines]},
    }  # fmt: skip
    return Organisation.from_plain(data, "zh")


AWAY = {"leave": [{"on": "2026-03-02"}]}
TEAM = {
    "a": {"roles": "agent", "team": "front"},
    "b": {"roles": "clerk", "team": "front"},
    "boss": {"roles": "clerk"},
    "top": {"roles": "manager"},
    "other": {"roles": "agent", "team": "back"},
}


def test_a_team_is_everybody_of_it_who_is_here_whatever_their_roles_those_on_duty_first() -> None:
    it = house(TEAM, [("night", "a"), ("day", "b")])
    assert it.resolve("team:front", DAY) == ("b", "a")
    assert it.resolve("team:front", NIGHT) == ("a", "b")


def test_whoever_is_on_duty_is_told_alone_else_who_is_on_call_else_everybody() -> None:
    lines = [("day", "a"), ("day", "b"), ("standby", "b")]
    it = house(TEAM, lines)
    assert it.resolve("on_duty:team:front", DAY) == ("a", "b")
    assert it.resolve("on_duty:team:front", NIGHT) == ("b",)
    assert house(TEAM, lines[:2]).resolve("on_duty:team:front", NIGHT) == ("a", "b")
    assert house(TEAM, [("night", "a")]).resolve("on_duty:agent", NIGHT) == ("a", "other")
    assert house(TEAM, [("night", "a"), ("day", "other")]).resolve("on_duty:agent", NIGHT) == ("a",)


def test_where_nobody_of_the_team_is_there_it_goes_to_substitutes_the_lead_and_the_role_above() -> None:
    away = {**TEAM, "a": {**TEAM["a"], **AWAY, "substitute": "other"}, "b": {**TEAM["b"], **AWAY}}
    assert house(away).resolve("team:front", DAY) == ("other",)
    away["a"] = {**TEAM["a"], **AWAY}
    assert house(away).resolve("team:front", DAY) == ("boss",)
    assert house(away).resolve("on_duty:team:front", DAY) == ("boss",)
    away["boss"] = {**TEAM["boss"], **AWAY, "substitute": "other"}
    assert house(away).resolve("team:front", DAY) == ("other",)
    away["boss"] = {**TEAM["boss"], **AWAY}
    assert house(away).resolve("team:front", DAY) == ("top",)
    away["top"] = {**TEAM["top"], "active": False}
    assert house(away).resolve("team:front", DAY) == ()


def test_the_lead_is_one_person_and_falls_to_who_stands_in_for_him_and_to_the_role_above() -> None:
    assert house(TEAM).resolve("lead:front", DAY) == ("boss",)
    away = {**TEAM, "boss": {"roles": "clerk", **AWAY, "substitute": "other"}}
    assert house(away).resolve("lead:front", DAY) == ("other",)
    away["boss"] = {"roles": "clerk", **AWAY}
    assert house(away).resolve("lead:front", DAY) == ("top",)
    assert house(TEAM, lead=None).resolve("lead:front", DAY) == ("top",)
    assert house(TEAM).resolve("lead:back", DAY) == ("top",)


def test_whoever_serves_another_site_or_has_left_is_not_told() -> None:
    it = house({**TEAM, "a": {**TEAM["a"], "sites": "south"}, "b": {**TEAM["b"], "active": False}})
    assert it.resolve("team:front", DAY, "south") == ("a",)
    assert it.resolve("team:front", DAY, "north") == ("boss",)


@pytest.mark.parametrize(
    ("word", "zh", "en"),
    [
        ("team:front", "前台组", "front desk"),
        ("lead:front", "前台组长", "lead of front desk"),
        ("on_duty:team:front", "前台组在岗人员", "front desk on duty"),
        ("on_duty:agent", "在岗的agent", "agent on duty"),
        ("team:back", "back", "back"),
    ],
)
def test_every_word_is_said_as_people_say_it(word: str, zh: str, en: str) -> None:
    it = house(TEAM)
    assert (it.labels("zh")[word], it.labels("en")[word]) == (zh, en)


def test_it_is_so_whatever_the_people_and_the_rosters() -> None:
    source = drawn()
    for _ in range(scale(400, 20_000)):
        agree(source)


def agree(draw: random.Random) -> None:
    """The words of one office drawn at random, and what docs/people.md says of them, one person after the other."""
    ids = [f"p{n}" for n in range(draw.randint(0, 6))]
    staff = {
        id: {
            "roles": draw.sample(["agent", "manager", "clerk"], draw.randint(0, 2)), "team": draw.choice(["front", "back", None]),
            "active": draw.random() < 0.8, "on_duty": draw.random() < 0.7,
            **({"substitute": other} if draw.random() < 0.5 and (other := draw.choice(ids)) != id else {}),
            **(AWAY if draw.random() < 0.4 else {}),
        }
        for id in ids
    }  # fmt: skip
    lead = draw.choice([*ids, None])
    lines = [(shift, id) for id in ids for shift in SHIFTS if draw.random() < 0.25]
    it, at = house(staff, lines, lead), draw.choice([DAY, NIGHT])
    shift, rostered = ("night" if at == NIGHT else "day"), {id for shift, id in lines if shift != "standby"}

    def here(id: str) -> bool:
        return staff[id]["active"] and "leave" not in staff[id]

    def works(id: str) -> bool:
        return here(id) and ((shift, id) in lines if id in rostered else staff[id]["on_duty"])

    def asked(word: str) -> list[str]:
        kind, _, name = word.rpartition(":")
        if kind == "lead":
            found = [lead] if name == "front" and lead else []
        else:
            found = [id for id in ids if staff[id]["team"] == name or (not kind and name in staff[id]["roles"])]
        return [id for id in found if staff[id]["active"]]

    def stands_in(id: str, seen: tuple[str, ...] = ()) -> str | None:
        other = staff[id].get("substitute")
        if other is None or other in (id, *seen):
            return None
        return other if here(other) else stands_in(other, (id, *seen))

    def answer(word: str) -> set[str]:
        return {id for id in asked(word) if here(id)} or {who for id in asked(word) if (who := stands_in(id))}

    def expected(word: str) -> set[str]:
        kind, _, name = word.rpartition(":")
        line = [word]
        if kind:
            held = {role for of in (f"team:{name}", f"lead:{name}") for id in asked(of) for role in staff[id]["roles"]}
            line += [f"lead:{name}"] if kind == "team" else []
            line += ["manager"] if "agent" in held else []
        else:
            line += ["manager"] if word == "agent" else []
        return next((found for each in line if (found := answer(each))), set())

    for word in ("agent", "clerk", "team:front", "team:back", "lead:front", "lead:back"):
        told = it.resolve(word, at)
        assert (set(told), len(told)) == (expected(word), len(expected(word))), word
        now = [id for id in told if works(id)]
        assert list(told[: len(now)]) == now or not set(told) <= set(asked(word)), word
        working = {id for id in asked(word) if works(id)}
        called = {id for id in asked(word) if here(id) and at == NIGHT and ("standby", id) in lines}
        assert set(it.resolve(f"on_duty:{word}", at)) == (working or called or expected(word)), word
