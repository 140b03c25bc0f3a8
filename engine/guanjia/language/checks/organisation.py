"""office.yaml and organisation.yaml: zones, roles and staff that fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import prod
from zoneinfo import ZoneInfo

from ...calendars import days_of, meant_days, meant_window, window_of
from ...errors import Finding, Text
from ...model.office import Building, Office, Organisation, Person
from ...model.places import MOST_ROOMS, rooms_of, spread, unspread
from ..nodes import Node, Path
from .people import ON_DUTY, unknown
from .view import CALENDAR, PERSON, RELATIONS, ROLE, SKILL, TEAM, likely

RIGHTS = (
    "backdate",
    "assign",
    "edit",
    "reveal",
    "sensitive",
    "privacy",
    "clocks",
    "calendar",
    "customers",
    "act_for",
    "all",
)
_RESERVED = (*RELATIONS, "staff", "system", "anyone", "open")


def check_office(
    office: Office, root: Node, calendars: Collection[str], organisation: Organisation | None, findings: list[Finding]
) -> None:  # fmt: skip
    """`organisation`: None where it cannot be read. What is scheduled is looked at by `schedules`."""
    if organisation is not None:
        _check_people(("alarm",), office.alarm, organisation, root, findings)
        _check_publishers(office, organisation, root, findings)
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


def _check_people(
    path: Path, words: Iterable[str], organisation: Organisation, root: Node, findings: list[Finding]
) -> bool:
    """Whether every word means somebody."""
    problems = [(index, problem) for index, word in enumerate(words) if (problem := unknown(word, organisation))]
    findings += [root.at((*path, index))[1].finding(*problem) for index, problem in problems]
    return not problems


def _check_publishers(office: Office, organisation: Organisation, root: Node, findings: list[Finding]) -> None:
    """Where nobody could publish, or nobody approve, the files could never come into force again."""
    rule, here = office.publishing, ("publishing", "by")
    if rule is None or not _check_people(here, rule.by, organisation, root, findings):
        return
    for index, word in enumerate(rule.by):
        if word.startswith(ON_DUTY):
            what = Text("谁可以发布不随当班变动", "who may publish does not depend on who is on duty")
            hint = Text(f"写 {word.removeprefix(ON_DUTY)}", f"write {word.removeprefix(ON_DUTY)}")
            findings.append(root.at((*here, index))[1].finding("recipient", what, hint))
    able = {id for id, person in organisation.staff.items() if person.active and publishes(rule.by, id, organisation)}
    if len(able) < 1 + rule.approval:
        what = Text(
            f"可以发布的只有 {len(able)} 人，{'至少要两人：一人提交，另一人批准' if rule.approval else '改了的文件永远不能生效'}",
            f"{len(able)} may publish, {'and it takes two: one who proposes, another who approves' if rule.approval else 'so that no edit ever comes into force'}",
        )  # fmt: skip
        findings.append(root.at(here)[1].finding("no-publisher", what, Text("让更多的人有这些角色", "give these roles to more people")))  # fmt: skip


def publishes(words: Iterable[str], id: str, organisation: Organisation) -> bool:
    """Whether a member of staff is among those who publish."""
    person = organisation.staff[id]
    own = {*person.roles, f"staff:{id}", f"team:{person.team}"}
    own |= {f"lead:{name}" for name, team in organisation.teams.items() if team.lead == id}
    return not own.isdisjoint(words)


def check_organisation(
    organisation: Organisation, root: Node, calendars: Collection[str], site: str, findings: list[Finding]
) -> None:
    """`calendars`: those that there are. `site`: the one of office.yaml."""
    check = _Organisation(organisation, root, findings)
    check.roles()
    check.shifts(calendars)
    check.sites()
    for name, team in organisation.teams.items():
        if team.lead is not None:
            check.person(("teams", name, "lead"), team.lead)
    check.systems({site, *organisation.sites})
    check.staff({site, *organisation.sites})


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

    def sites(self) -> None:
        for name, site in self.it.sites.items():
            for called, building in site.buildings.items():
                self._rooms(("sites", name, "buildings", called), called, building)

    def _rooms(self, here: Path, name: str, building: Building) -> None:
        plain = building.model_dump()
        for key in ("units", "floors", "rooms", "also", "without"):
            for index, word in enumerate(plain[key]):
                if unspread(word):
                    what = Text(f"“{word}”不是范围", f"{word!r} is no range")
                    self.say((*here, key, index), "rooms", what, Text("写成 1..18", "write 1..18"))
                    return
        if (building.units or building.floors) and not building.rooms:
            key = "floors" if building.floors else "units"
            what = Text("写了单元或楼层，没有写房号", "it gives units or floors, but no rooms")
            self.say(
                (*here, key), "rooms", what, Text("加上 rooms: 每层几户", "add rooms: how many a floor has"), key=True
            )
            return
        if prod(max(1, len(list(spread(plain[key])))) for key in ("units", "floors", "rooms")) > MOST_ROOMS:
            what = Text(f"一栋楼多于 {MOST_ROOMS:,} 间", f"a building of more than {MOST_ROOMS:,} rooms")
            self.say((*here, "rooms"), "rooms", what, Text("分成几栋写", "write it as several buildings"))
            return
        before = [room.partition("-")[2] for room in rooms_of(name, plain | {"without": ()})]
        for index, word in enumerate(building.without):
            if missing := next((room for room in spread([word]) if room not in before), None):
                what = Text(f"本来就没有“{missing}”", f"there is no {missing!r} that could be left out")
                self.say((*here, "without", index), "rooms", what, likely(missing, before))

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

    def systems(self, sites: Collection[str]) -> None:
        digests: dict[str, str] = {}
        for name, system in self.it.systems.items():
            here: Path = ("systems", name)
            for key, what, code, names in (
                ("roles", ROLE, "unknown-role", self.it.roles),
                ("sites", Text("小区（site）", "site"), "unknown-site", sites),
            ):
                for index, word in enumerate(getattr(system, key)):
                    self.known((*here, key, index), what, code, word, names)
            if (digest := system.token_sha256) is not None and digests.setdefault(digest, name) != name:
                what = Text(f"和 {digests[digest]} 是同一个令牌", f"this is the token of {digests[digest]} too")
                self.say(
                    (*here, "token_sha256"),
                    "same-token",
                    what,
                    Text("用 guanjia token 另发一个", "make another with guanjia token"),
                )

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
