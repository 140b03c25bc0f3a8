"""What roles may do beyond what procedures say, read from organisation.yaml as plain data.

The data is that of a checked file, or of its compiled copy: a command that only lists cases asks here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused, Text
from .event import Actor
from .sight import listed


def may(people: Mapping[str, Any], roles: Iterable[str], right: str) -> bool:
    """Whether one of these roles carries the right."""
    known: Mapping[str, Any] = people.get("roles") or {}
    for role in roles:
        rights = (known.get(role) or {}).get("rights", ())
        if right in rights or "all" in rights:
            return True
    return False


def may_through(people: Mapping[str, Any], typed: str) -> bool:
    """Whether a member of staff may act for others."""
    staff: Mapping[str, Any] = people.get("staff") or {}
    return may(people, listed((staff.get(typed) or {}).get("roles")), "act_for")


def check_through(people: Mapping[str, Any], actor: Actor) -> None:
    """Refused (code `act_for`) where somebody else typed it, who may act for nobody. Whoever is not of the staff and runs the
    program on his own machine is nobody else."""
    if actor.through is None or may_through(people, actor.through):
        return
    typed: Mapping[str, Any] = (people.get("staff") or {}).get(actor.through) or {}
    typist, asked = str(typed.get("name") or actor.through), actor.name or actor.id
    raise Refused(
        "act_for",
        Text(f"{typist}没有 act_for 权限，不能以{asked}的身份办理或查看。", f"{typist} may not act as {asked}: that needs the right `act_for`."),
        Text("以自己的身份办理：去掉 --as（或环境变量 GUANJIA_AS）", "Act in your own name: leave out --as (or GUANJIA_AS)."),
    )  # fmt: skip


def check_whole(people: Mapping[str, Any], actor: Actor) -> None:
    """Refused (code `role`) unless the actor may do everything: to carry the whole office away is to see all of it."""
    if actor.kind == "system":
        return
    check_through(people, actor)
    if not may(people, actor.roles, "all"):
        who = actor.name or actor.id
        raise Refused(
            "role",
            Text(
                f"备份和导出带走整个办公室，需要 all 权限，{who}没有。",
                f"Backups and exports hold the whole office: only people with the right `all` may make them; {who} is not.",
            ),
            _those(people, "all"),
        )


def _those(people: Mapping[str, Any], right: str) -> Text:
    """Who of the staff has a right, for those who lack it."""
    staff: Mapping[str, Any] = people.get("staff") or {}
    here = {
        id: it for id, it in staff.items() if it.get("active", True) and may(people, listed(it.get("roles")), right)
    }
    if not here:
        return Text("还没有人有：在 organisation.yaml 里写进一个角色的 rights。", "Nobody has it yet: write it into the rights of a role in organisation.yaml.")  # fmt: skip
    zh, en = ([form.format(it.get("name") or id, id) for id, it in here.items()] for form in ("{}（{}）", "{} ({})"))
    return Text(f"有这个权限的：{'、'.join(zh)}", f"Those who have it: {', '.join(en)}")
