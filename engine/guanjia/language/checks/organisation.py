"""office.yaml and organisation.yaml: zones, schedules, roles and staff that fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from ...calendars import days_of, meant_days, meant_window, window_of
from ...errors import Finding, Text
from ...model.office import Office, Organisation, Person
from ..cron import cron_trigger
from ..nodes import Node, Path
from .view import CALENDAR, RELATIONS, ROLE, SKILL, TEAM, likely

RIGHTS = ("backdate", "assign", "edit", "reveal", "privacy", "clocks", "calendar", "all")
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


def check_organisation(
    organisation: Organisation, root: Node, calendars: Collection[str], site: str, findings: list[Finding]
) -> None:
    """`calendars`: those that there are. `site`: the one of office.yaml."""
    check = _Organisation(organisation, root, findings)
    check.roles()
    check.shifts(calendars)
    for name, team in organisation.teams.items():
        if team.lead is not None:
            check.person(("teams", name, "lead"), team.lead)
    check.staff({site, *organisation.sites})


PERSON = Text("员工", "member of staff")


class _Organisation:
    def __init__(self, organisation: Organisation, root: Node, findings: list[Finding]) -> None:
        self.it = organisation
        self.root = root
        self.findings = findings

    def say(
        self, path: Path, code: str, what: Text, hint: Text | None = None, *, key: bool = False, severity: str = "error"
    ) -> None:
        self.findings.append(self.root.at(path)[0 if key else 1].finding(code, what, hint, severity=severity))

    def person(self, path: Path, id: str) -> None:
        """Somebody who is counted on. That he has left is a doubt, no error: the office goes on, by whoever comes next."""
        if self.known(path, PERSON, "unknown-staff", id, self.it.staff) and not self.it.staff[id].active:
            what = Text(f"{self.it.staff[id].name}已离职", f"{self.it.staff[id].name} has left")
            self.say(path, "has-left", what, Text("请换成在职的人", "name somebody who is here"), severity="warning")

    def known(self, path: Path, what: Text, code: str, word: str, names: Collection[str]) -> bool:
        if word in names:
            return True
        self.say(path, code, Text(f"没有叫“{word}”的{what.zh}", f"there is no {what.en} {word!r}"), likely(word, names))
        return False

    def roles(self) -> None:
        for name, role in self.it.roles.items():
            if name in _RESERVED:
                what = Text(
                    f"“{name}”另有含义，不能作角色名", f"{name!r} has a meaning of its own and cannot name a role"
                )
                self.say(("roles", name), "reserved-name", what, Text("请改名", "rename it"), key=True)
            for index, right in enumerate(role.rights):
                self.known(("roles", name, "rights", index), Text("权限", "right"), "unknown-right", right, RIGHTS)
            if role.parent is None:
                continue
            known = self.known(("roles", name, "parent"), ROLE, "unknown-role", role.parent, self.it.roles)
            if known and _in_circle(name, {each: it.parent for each, it in self.it.roles.items()}):
                self.say(
                    ("roles", name, "parent"), "parent-circle", Text("上级绕成了圈", "the parents go round in a circle")
                )

    def shifts(self, calendars: Collection[str]) -> None:
        for name, shift in self.it.shifts.items():
            for index, hours in enumerate(shift.hours):
                if window_of(hours) is None:
                    what = Text(f"“{hours}”不是时段", f"{hours!r} is no window")
                    self.say(("shifts", name, "hours", index), "window", what, meant_window(hours))
            if shift.days != "every":
                at = ("shifts", name, "calendar" if "calendar" in shift.model_fields_set else "days")
                self.known(at, CALENDAR, "unknown-calendar", shift.calendar, calendars)

    def staff(self, sites: Collection[str]) -> None:
        users: dict[str, str] = {}
        for id, person in self.it.staff.items():
            here: Path = ("staff", id)
            for key, what, code, names in (
                ("roles", ROLE, "unknown-role", self.it.roles),
                ("sites", Text("小区（site）", "site"), "unknown-site", sites),
                ("skills", SKILL, "unknown-skill", self.it.skills),
                ("certificates", SKILL, "unknown-skill", self.it.skills),
            ):
                for index, word in enumerate(getattr(person, key)):
                    self.known((*here, key, word if key == "certificates" else index), what, code, word, names)
            if person.team is not None:
                self.known((*here, "team"), TEAM, "unknown-team", person.team, self.it.teams)
            if person.substitute is not None:
                self._substitute(here, id, person.substitute)
            self._buildings(here, person, person.sites or sites)
            for name, until in person.certificates.items():
                if len(days_of(until)) != 1:
                    what = Text(f"“{until}”不是日期", f"{until!r} is no date")
                    self.say((*here, "certificates", name), "date", what, meant_days(until))
            for number, leave in enumerate(person.leave):
                for index, text in enumerate(leave.on):
                    if not days_of(text):
                        what = Text(f"“{text}”不是日期", f"{text!r} is no date")
                        self.say((*here, "leave", number, "on", index), "date", what, meant_days(text))
            for index, user in enumerate(person.users):
                if users.setdefault(user, id) != id:
                    what = Text(
                        f"系统用户“{user}”已属于 {users[user]}", f"the user {user!r} already belongs to {users[user]}"
                    )
                    self.say((*here, "users", index), "duplicate-user", what)

    def _substitute(self, here: Path, id: str, substitute: str) -> None:
        at = (*here, "substitute")
        if substitute == id:
            self.say(at, "substitute", Text("不能由自己代班", "nobody stands in for himself"))
        else:
            self.person(at, substitute)

    def _buildings(self, here: Path, person: Person, sites: Collection[str]) -> None:
        known = {name for site in sites if site in self.it.sites for name in self.it.sites[site].buildings}
        for index, building in enumerate(person.buildings):
            self.known((*here, "buildings", index), Text("楼栋", "building"), "unknown-building", building, known)


def _in_circle(name: str, above: Mapping[str, str | None]) -> bool:
    """Whether whoever is above `name` leads back to it."""
    seen, at = {name}, above[name]
    while at is not None and at in above and at not in seen:
        seen.add(at)
        at = above[at]
    return at == name
