"""An office and its organisation as their files say it: the definitions, frozen.

`office.yaml` names the office and says where it keeps its cases and how it reaches people; `organisation.yaml` lists
roles, staff, sites, teams and shifts; files in `rosters/` say who works which shift. All are read by `language` with the same
strictness as procedures.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field as Key, StrictBool as Flag, StrictInt as Whole, model_validator

from .procedure import Labelled, Languages, Name, Node, Scalar, Words, _listed, _wrong


def _empty(value: Any) -> Any:
    """What is only named has nothing to say of itself."""
    return {} if value is None else value


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
            raise _wrong("quiet 要写 customers 或 staff 的日历", "quiet names a calendar for customers or staff")
        return self


class Schedule(Node):
    """Opens a case again and again: `cron` as five fields in the office's zone; `mon#1`, `friL` are weekdays of the month."""

    open: Name
    cron: str
    with_: dict[Name, Scalar | None] = Key(default_factory=dict, alias="with")
    catch_up: Literal["skip", "once", "all"] = "once"
    calendar: Name | None = None
    """Whose working days count; every day does where none is named."""
    on_closed: Literal["next", "skip"] | None = None
    """What becomes of a planned day on which the calendar does not work: `next`, the next working day at the same time, or `skip`."""

    @model_validator(mode="after")
    def _closed_on_a_calendar(self) -> Schedule:
        if (self.calendar is None) != (self.on_closed is None):
            raise _wrong("calendar 和 on_closed 要一起写", "calendar and on_closed go together")
        return self


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
    schedules: dict[Name, Schedule] = Key(default_factory=dict)
    alarm: Words = ()
    """Roles, or staff by `staff:<id>`, who are told when nobody acknowledges the last level of a ladder."""


class Building(Node):
    """A building of a site. A room belongs to the building of its first part: 3-1-502 to 3."""

    label: Labelled = Labelled()


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
    team: Name | None = None
    skills: Words = ()
    certificates: dict[Name, str] = Key(default_factory=dict)
    """Called like the skill that it proves, with the last day on which it is good."""
    substitute: str | None = None
    leave: Annotated[tuple[Leave, ...], BeforeValidator(_listed)] = ()
    active: Flag = True
    """False: has left; history keeps the name."""
    on_duty: Flag = True
    """Where nobody rosters them."""


class Role(Node):
    """A role and what it may do beyond what procedures say."""

    label: Labelled = Labelled()
    rights: Words = ()
    """`backdate`; `assign` and `edit` on cases that are not one's own; `reveal` (personal data of such a case); `privacy` (destroy it,
    change keys); `clocks` (pause and reset by hand); `calendar` (move
    open cases to other calendars, suspend clocks); `all`."""
    outside: Flag = False
    """Not our staff: the authority, a contractor. A drill never reaches them."""
    parent: Name | None = None
    """Whoever answers for this role: where escalation goes next."""


class Organisation(Node):
    """organisation.yaml"""

    roles: dict[Name, Role] = Key(default_factory=dict)
    sites: dict[Name, Annotated[Site, BeforeValidator(_empty)]] = Key(default_factory=dict)
    """The site of office.yaml is one of them, named or not."""
    teams: dict[Name, Annotated[Team, BeforeValidator(_empty)]] = Key(default_factory=dict)
    skills: dict[Name, Annotated[Skill, BeforeValidator(_empty)]] = Key(default_factory=dict)
    shifts: dict[Name, Shift] = Key(default_factory=dict)
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
