"""office.yaml and organisation.yaml: zones, schedules, roles and staff that fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from ...errors import Finding, Text
from ...model.office import Office, Organisation
from ..cron import cron_trigger
from ..nodes import Node
from .view import RELATIONS, likely

RIGHTS = ("backdate", "assign", "edit", "clocks", "calendar", "all")
_RESERVED = (*RELATIONS, "system", "anyone", "open")


def check_office(
    office: Office, root: Node, procedures: Mapping[str, frozenset[str] | None], calendars: Collection[str],
    organisation: Organisation | None, findings: list[Finding],
) -> None:  # fmt: skip
    """`procedures`: name -> its fields, None where they are not known; `organisation`: None where it cannot be read."""
    if organisation is not None:
        _check_alarm(office, organisation, root, findings)
    for whom, calendar in office.quiet or ():
        if calendar is not None and calendar not in calendars:
            what = Text(f"没有叫“{calendar}”的日历", f"there is no calendar {calendar!r}")
            known = likely(calendar, sorted(calendars))
            findings.append(root.at(("quiet", whom))[1].finding("unknown-calendar", what, known))
    try:
        ZoneInfo(office.zone)
    except (KeyError, ValueError, OSError):
        what = Text(f"没有时区“{office.zone}”", f"there is no time zone {office.zone!r}")
        hint = Text("例如 Asia/Shanghai", "for example Asia/Shanghai")
        findings.append(root.at(("zone",))[1].finding("unknown-zone", what, hint))
    for name, schedule in office.schedules.items():
        here = ("schedules", name)
        if schedule.open not in procedures:
            what = Text(f"没有叫“{schedule.open}”的流程", f"there is no procedure {schedule.open!r}")
            findings.append(
                root.at((*here, "open"))[1].finding("unknown-procedure", what, likely(schedule.open, procedures))
            )
        fields = procedures.get(schedule.open)
        for given in schedule.with_ if fields is not None else ():
            if given not in (fields or ()):
                what = Text(f"流程 {schedule.open} 没有字段“{given}”", f"{schedule.open} has no field {given!r}")
                findings.append(
                    root.at((*here, "with", given))[0].finding("unknown-field", what, likely(given, fields or ()))
                )
        if schedule.calendar is not None and schedule.calendar not in calendars:
            what = Text(f"没有叫“{schedule.calendar}”的日历", f"there is no calendar {schedule.calendar!r}")
            known = likely(schedule.calendar, sorted(calendars))
            findings.append(root.at((*here, "calendar"))[1].finding("unknown-calendar", what, known))
        if not _is_cron(schedule.cron):
            what = Text("cron 看不懂", "this cron is not understood")
            hint = Text(
                "五段：分 时 日 月 周，例如 0 8 * * mon；每月第一个星期一写 mon#1，最后一个星期五写 friL",
                "five fields: minute hour day month weekday, e.g. 0 8 * * mon; mon#1 is the first Monday of the month, friL its last Friday",
            )
            findings.append(root.at((*here, "cron"))[1].finding("cron", what, hint))


def _check_alarm(office: Office, organisation: Organisation, root: Node, findings: list[Finding]) -> None:
    for index, word in enumerate(office.alarm):
        kind, colon, person = word.partition(":")
        if (colon and kind == "staff" and person in organisation.staff) or word in organisation.roles:
            continue
        what = Text(f"没有叫“{word}”的角色或员工", f"there is no role or member of staff {word!r}")
        known = [*organisation.roles, *(f"staff:{who}" for who in organisation.staff)]
        findings.append(root.at(("alarm", index))[1].finding("unknown-role", what, likely(word, known)))


def _is_cron(text: str) -> bool:
    try:
        cron_trigger(text, "UTC")
    except (ValueError, TypeError):
        return False
    return True


def check_organisation(organisation: Organisation, root: Node, findings: list[Finding]) -> None:
    roles = organisation.roles
    for name, role in roles.items():
        if name in _RESERVED:
            what = Text(f"“{name}”另有含义，不能作角色名", f"{name!r} has a meaning of its own and cannot name a role")
            findings.append(root.at(("roles", name))[0].finding("reserved-name", what, Text("请改名", "rename it")))
        for index, right in enumerate(role.rights):
            if right not in RIGHTS:
                what = Text(f"没有叫“{right}”的权限", f"there is no right {right!r}")
                findings.append(
                    root.at(("roles", name, "rights", index))[1].finding("unknown-right", what, likely(right, RIGHTS))
                )
        if role.parent is not None and role.parent not in roles:
            what = Text(f"没有叫“{role.parent}”的角色", f"there is no role {role.parent!r}")
            findings.append(
                root.at(("roles", name, "parent"))[1].finding("unknown-role", what, likely(role.parent, roles))
            )
        elif _in_circle(name, organisation):
            what = Text("上级绕成了圈", "the parents go round in a circle")
            findings.append(root.at(("roles", name, "parent"))[1].finding("parent-circle", what))
    users: dict[str, str] = {}
    for staff, person in organisation.staff.items():
        for index, word in enumerate(person.roles):
            if word not in roles:
                what = Text(f"没有叫“{word}”的角色", f"there is no role {word!r}")
                findings.append(
                    root.at(("staff", staff, "roles", index))[1].finding("unknown-role", what, likely(word, roles))
                )
        for index, user in enumerate(person.users):
            if users.setdefault(user, staff) != staff:
                what = Text(
                    f"系统用户“{user}”已属于 {users[user]}", f"the user {user!r} already belongs to {users[user]}"
                )
                findings.append(root.at(("staff", staff, "users", index))[1].finding("duplicate-user", what))


def _in_circle(name: str, organisation: Organisation) -> bool:
    seen, above = {name}, organisation.roles[name].parent
    while above is not None and above in organisation.roles and above not in seen:
        seen.add(above)
        above = organisation.roles[above].parent
    return above == name
