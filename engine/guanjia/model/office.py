"""An office and its organisation as their files say it: the definitions, frozen.

`office.yaml` names the office and says where it keeps its cases and how it reaches people; `organisation.yaml` lists
roles, staff, sites, teams and shifts; files in `rosters/` say who works which shift. All are read by `language` with the same
strictness as procedures.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field as Key,
    StrictBool as Flag,
    StrictInt as Whole,
    model_validator,
)

from .node import Expression, Kept, Labelled, Languages, Name, Names, Node, Scalar, Words, as_list, wrong


def _empty(value: Any) -> Any:
    """What is only named has nothing to say of itself."""
    return {} if value is None else value


def _digest(value: str) -> str:
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise wrong(
            "token_sha256 是 64 位十六进制的摘要，由 guanjia token 给出；令牌本身不要写在这里",
            "token_sha256 is a digest of 64 hexadecimal digits, as `guanjia token` gives it; never the token itself",
        )
    return value


def _time(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise wrong(f"“{value}”不是时刻，写成 08:30", f"{value!r} is no time of the day: write 08:30")
    return value


class Mail(Node):
    """An SMTP server. The password is read from the environment variable that `password_env` names."""

    host: str
    port: Whole = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    sender: str
    timeout: Whole = 20


class Files(Node):
    """Each message becomes a file in this folder of the office."""

    folder: str = "outbox"


class Channels(Node):
    """How the office reaches people. A channel that is not named is not used."""

    console: Flag = False
    file: Files | None = None
    mail: Mail | None = None


class Quiet(Node):
    """When people are left in peace: in the closed time of these calendars what is not urgent waits."""

    customers: Name | None = None
    staff: Name | None = None

    @model_validator(mode="after")
    def _of_somebody(self) -> Quiet:
        if self.customers is None and self.staff is None:
            raise wrong("quiet 要写 customers 或 staff 的日历", "quiet names a calendar for customers or staff")
        return self


class Schedule(Node):
    """Opens a case again and again: by `cron`, `every` so often from a day on, or `on` the date of a row; `each` of a registry: one case
    a row."""

    open: Name
    cron: str | None = None
    """Five fields in the office's zone; `mon#1`, `friL` are weekdays of the month."""
    every: str | None = None
    """A period (15 days, 6 months, 1 year), or a column that says how many days."""
    from_: str | None = Key(None, alias="from")
    """The first planned day: a date, or a column that has it."""
    on: Name | None = None
    """A column with a date."""
    before: Kept | None = None
    """So long before that date."""
    at: Annotated[str, AfterValidator(_time)] = "08:00"
    """The time of a planned day; a cron text has its own."""
    each: Name | None = None
    """A registry: each of its rows has a case of its own."""
    where: Expression | None = None
    """Only rows of which this holds: an expression over their columns."""
    planned: Name | None = None
    """The field of the case, a date or an instant, that takes when it was planned for."""
    with_: dict[Name, Scalar | None] = Key(default_factory=dict, alias="with")
    catch_up: Literal["skip", "once", "all"] = "once"
    calendar: Name | None = None
    """Whose working days count; every day does where none is named."""
    on_closed: Literal["next", "previous", "skip"] | None = None
    """What becomes of a planned day on which the calendar does not work: the `next` working day at the same time, the `previous` one, or
    `skip`."""

    @model_validator(mode="after")
    def _closed_on_a_calendar(self) -> Schedule:
        if (self.calendar is None) != (self.on_closed is None):
            raise wrong("calendar 和 on_closed 要一起写", "calendar and on_closed go together")
        return self

    @model_validator(mode="after")
    def _one_timing(self) -> Schedule:
        if sum(each is not None for each in (self.cron, self.every, self.on)) != 1:
            raise wrong("要写 cron、every、on 其中一个", "needs exactly one of cron, every, on")
        if (self.every is None) != (self.from_ is None):
            raise wrong("every 和 from 要一起写", "every and from go together")
        if self.before is not None and self.on is None:
            raise wrong("before 和 on 要一起写", "before goes with on")
        if self.each is None and (self.on is not None or self.where is not None):
            raise wrong(
                "on、where 说的是台账的列，要写 each", "on and where are of columns: name the registry under each"
            )
        if self.cron is not None and "at" in self.model_fields_set:
            raise wrong("时刻写在 cron 里，去掉 at", "a cron text has its own time: take at away")
        return self


class Publishing(Node):
    """Edited procedures come into force when somebody publishes them, and not by themselves."""

    by: Words = Key(min_length=1)
    """Who publishes, and who approves: roles, `staff:<id>`, `team:<team>`, `lead:<team>`."""
    approval: Flag = False
    """Whether a second person has to approve."""


class Office(Node):
    """office.yaml"""

    name: Labelled
    site: Name = "main"
    zone: str = "Asia/Shanghai"
    language: Languages = "zh"
    """The language of people of whom nothing else is known."""
    phone: str = ""
    database: str = "guanjia.db"
    """A file in the office's folder, or postgresql://…"""
    channels: Channels = Channels()
    quiet: Quiet | None = None
    overlays: Names = ()
    """Files of overlays/ whose limits hold here beside those of standards.yaml: a city's, a contract's."""
    schedules: dict[Name, Schedule] = Key(default_factory=dict)
    publishing: Publishing | None = None
    alarm: Words = ()
    """Who is told when nobody acknowledges the last level of a ladder: roles, `team:<team>`, `lead:<team>`, `on_duty:` before a role
    or team, `staff:<id>`."""


def _counted(value: Any) -> Any:
    """So many are 1 to so many; a text is one word; what is listed is as it is listed."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [f"1..{value}"]
    return [f"1..{value}"] if isinstance(value, str) and value.isdecimal() else as_list(value)


Counted = Annotated[tuple[str, ...], BeforeValidator(_counted)]


class Building(Node):
    """A building of a site. A room belongs to the building of its first part: 3-1-502 to 3. Its rooms, where it says them, are made
    of units, floors and rooms: each as a number, or as words and ranges (`1..18`)."""

    label: Labelled = Labelled()
    units: Counted = ()
    floors: Counted = ()
    rooms: Counted = ()
    """Of one floor, numbered with two digits after the floor; without floors the numbers of the rooms themselves."""
    also: Words = ()
    """Rooms besides, by what follows the name of the building: `S1`, `1-101..104`."""
    without: Words = ()
    """Rooms that are not there, in the same way."""


class Site(Node):
    """A place that the office looks after."""

    label: Labelled = Labelled()
    buildings: dict[str, Annotated[Building, BeforeValidator(_empty)]] = Key(default_factory=dict)


class Team(Node):
    """People who work together, and who answers for them."""

    label: Labelled = Labelled()
    lead: str | None = None


class Skill(Node):
    """What an assignment may ask for."""

    label: Labelled = Labelled()
    certificate: Flag = False
    """Whether nobody has it without a certificate of that name."""


class Shift(Node):
    """Hours that people are rostered for, by the clock on the wall; past midnight where they end before they begin."""

    label: Labelled = Labelled()
    hours: Words = Key(min_length=1)
    """Windows as calendars have them: 22:00-06:00."""
    days: Literal["every", "workdays", "rest_days"] = "every"
    calendar: Name = "office"
    """Whose workdays and rest days."""
    least: Whole = Key(1, ge=0)
    """How many people it needs."""
    on_call: Flag = False
    """At home, to be called: not on duty."""


class Leave(Node):
    """Days on which somebody is not there."""

    on: Words = Key(min_length=1)
    """Dates or ranges: 2026-03-02, 2026-03-02..2026-03-06."""
    reason: Literal["annual", "sick", "personal", "family", "maternity", "training", "business", "rest", "other"] = (
        "other"
    )


class Person(Node):
    """A member of staff."""

    name: str
    roles: Words = ()
    language: Languages | None = None
    """In which they are told."""
    languages: Words = ()
    """That they speak."""
    mail: str | None = None
    phone: str | None = None
    users: Words = ()
    """Names of this person at the operating system."""
    sites: Words = ()
    """That they serve; none is all."""
    buildings: Words = ()
    """That are theirs, at those sites."""
    customer: str | None = None
    """Their id in the register of customers, where they live here too: what is of their household they have no hand in."""
    team: Name | None = None
    skills: Words = ()
    certificates: dict[Name, str] = Key(default_factory=dict)
    """Called like the skill that it proves, with the last day on which it is good."""
    substitute: str | None = None
    leave: Annotated[tuple[Leave, ...], BeforeValidator(as_list)] = ()
    active: Flag = True
    """False: has left; history keeps the name."""
    on_duty: Flag = True
    """Where nobody rosters them."""


class Role(Node):
    """A role and what it may do beyond what procedures say."""

    label: Labelled = Labelled()
    rights: Words = ()
    """`backdate`; `assign` and `edit` on cases that are not one's own; `reveal` (personal data of such a case, or of a customer); `sensitive` (and what is so of it); `privacy`
    (destroy it, change keys); `customers` (change the register); `clocks` (pause and reset by hand); `calendar` (move
    open cases to other calendars, suspend clocks); `act_for` (act in the name of somebody else); `all`."""
    sees: Annotated[
        tuple[Literal["all", "buildings", "team", "work", "escalated", "own"], ...], BeforeValidator(as_list)
    ] = ()
    """Which cases, of the sites that one serves (`model.sight`). Without it all; of a role outside of the house `work`."""
    outside: Flag = False
    """Not our staff: the authority, a contractor. A drill never reaches them."""
    parent: Name | None = None
    """Whoever answers for this role: where escalation goes next."""


class System(Node):
    """Another system that acts here by a token: a hotline, a barrier, a payment desk. In `by` it is `system:<name>`."""

    label: Labelled = Labelled()
    roles: Words = ()
    """What it may do and see, as a member of staff with these roles."""
    sites: Words = ()
    """That it serves; none is all."""
    token_sha256: Annotated[str, AfterValidator(_digest)] | None = None
    """The digest of its token (`guanjia token`); the token itself is kept nowhere."""


class Organisation(Node):
    """organisation.yaml"""

    roles: dict[Name, Role] = Key(default_factory=dict)
    sites: dict[Name, Annotated[Site, BeforeValidator(_empty)]] = Key(default_factory=dict)
    """The site of office.yaml is one of them, named or not."""
    teams: dict[Name, Annotated[Team, BeforeValidator(_empty)]] = Key(default_factory=dict)
    skills: dict[Name, Annotated[Skill, BeforeValidator(_empty)]] = Key(default_factory=dict)
    shifts: dict[Name, Shift] = Key(default_factory=dict)
    systems: dict[Name, Annotated[System, BeforeValidator(_empty)]] = Key(default_factory=dict)
    staff: dict[str, Person] = Key(default_factory=dict)
    """Ids may hold dots and hyphens: engineer.li"""


class Rostered(Node):
    """Who works a shift, on which days; without `on` on every day of it."""

    shift: Name
    staff: Words = Key(min_length=1)
    on: Words = ()


class Roster(Node):
    """A file of rosters/."""

    roster: tuple[Rostered, ...]
