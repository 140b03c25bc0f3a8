"""`staff`: who there is, by the ids that commands take, and with which roles. Without the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...clock import moment
from ...errors import Text
from ..desk import Desk
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, json_option

HEAD = (
    Text("编号", "ID"),
    Text("姓名", "NAME"),
    Text("角色", "ROLES"),
    Text("班组", "TEAM"),
    Text("小区、楼栋", "AREA"),
    Text("技能", "SKILLS"),
    "",
)


def staff(desk: Desk, *, role: str | None, as_json: bool) -> None:
    labels = roles(desk)
    if role is not None and role not in labels:
        raise nameless(Text("角色", "role"), role, list(labels), labels)
    people: Mapping[str, Mapping[str, Any]] = desk.known.get("organisation", {}).get("staff", {})
    shown = {who: person for who, person in people.items() if role is None or role in _roles(person)}
    if as_json:
        desk.out.json([plain(who, person) for who, person in shown.items()])
        return
    desk.out.table(
        [row(desk, who, person, labels) for who, person in shown.items()],
        HEAD,
        flex=2,
        keep=(0,),
        spare=(4, 3),
        wrapped=True,
    )


def roles(desk: Desk) -> dict[str, str]:
    """Every role with what people call it."""
    return {name: desk.called("roles", name) for name in desk.known.get("organisation", {}).get("roles", {})}


def row(desk: Desk, who: str, person: Mapping[str, Any], labels: Mapping[str, str]) -> list[Piece]:
    named = [
        desk.out.both(f"{labels.get(role, role)}（{role}）", f"{labels.get(role, role)} ({role})")
        if labels.get(role, role) != role
        else role
        for role in _roles(person)
    ]
    away = Text("", "")
    if not person.get("active", True):
        away = Text("已离职", "has left")
    elif not person.get("on_duty", True):
        away = Text("不当班", "off duty")
    skills, expired = _skills(desk, person)
    return [
        Ink(who, "bold"), str(person["name"]), desk.out.both("、", ", ").join(named), desk.called("teams", person.get("team")), desk.area(person),
        Ink(skills, "late" if expired else ""), Ink(away, "dim"),
    ]  # fmt: skip


def _skills(desk: Desk, person: Mapping[str, Any]) -> tuple[str, bool]:
    """What somebody can do, certificates with their last day, and whether one of those has expired."""
    today = f"{moment(desk.now(), desk.zone):%Y-%m-%d}"
    proven: Mapping[str, str] = person.get("certificates") or {}
    shown = [desk.called("skills", name) for name in person.get("skills", ()) if name not in proven]
    for name, until in proven.items():
        day = until if until >= today else desk.out.both(f"{until} 已过期", f"{until} expired")
        shown.append(desk.out.both(f"{desk.called('skills', name)}（{day}）", f"{desk.called('skills', name)} ({day})"))
    return desk.out.both("、", ", ").join(shown), any(until < today for until in proven.values())


def plain(who: str, person: Mapping[str, Any]) -> dict[str, Any]:
    """A member of staff as docs/cli.md promises it."""
    return {
        "id": who, "name": person["name"], "roles": _roles(person), "language": person.get("language"),
        "active": person.get("active", True), "on_duty": person.get("on_duty", True), "team": person.get("team"),
        "sites": list(person.get("sites", ())), "buildings": list(person.get("buildings", ())), "skills": list(person.get("skills", ())),
        "certificates": dict(person.get("certificates") or {}), "languages": list(person.get("languages", ())),
        "substitute": person.get("substitute"),
    }  # fmt: skip


def _roles(person: Mapping[str, Any]) -> list[str]:
    held = person.get("roles", ())
    return [held] if isinstance(held, str) else list(held)


COMMANDS = {
    "staff": Command(
        "staff", staff,
        [Argument("role", metavar="ROLE", required=False, complete="roles", say=Text("只列这个角色的", "only with this role")), json_option()],
        say=Text("名册：员工编号、姓名、角色。", "Who there is: ids, names and roles."),
        examples=("guanjia staff", "guanjia staff engineer"),
    ),
}  # fmt: skip
