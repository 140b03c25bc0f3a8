"""What a step does beside moving, as it is written: tell, assign, escalate, set, extend, open, emit, log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field as Key, StrictBool as Flag, model_validator

from .event import Urgency
from .node import Duration, Expression, Name, Node, Scalar, Words, as_list, wrong


class Recipients(Node):
    """Who is told: roles, `team:<team>`, `lead:<team>`, `on_duty:` before a role or team, `staff:<id>`, `assignee`, `opener`,
    `customer`, `previous`, or a field of type staff."""

    to: Words
    channel: Words = ()
    with_: dict[Name, Expression] = Key(default_factory=dict, alias="with")
    urgency: Urgency | None = None
    """How long it may wait; as the procedure says where it is not said here."""


def _recipients(value: Any) -> Any:
    return {"to": value} if isinstance(value, str | list | tuple) else value


CHOICES = ("least_loaded", "round_robin", "owner", "previous", "on_duty", "first")
"""How one is chosen of several who could take a case; anything else is an expression."""


class Assign(Node):
    """Who becomes responsible: a person by expression, or somebody of a role or team (docs/people.md).

    Whoever is not here, lacks the skill or has a conflict of interest is passed over; where nobody is left, those who stand in.
    """

    role: Name | None = None
    team: Name | None = None
    person: Expression | None = None
    choose: Expression = "least_loaded"
    """One of `CHOICES`, or an expression that gives the id of whoever is to be preferred."""
    skill: Name | None = None
    """What he must be able to do."""
    speaks: Expression | None = None
    """The language that he had better speak, by expression."""

    @model_validator(mode="after")
    def _one_source(self) -> Assign:
        if sum(each is not None for each in (self.role, self.team, self.person)) != 1:
            raise wrong("assign 要写 role、team 或 person 其中一个", "assign needs exactly one of role, team, person")
        if self.person is not None and "choose" in self.model_fields_set:
            raise wrong("指名道姓（person）就没有可选的，去掉 choose", "who is named is not chosen: take choose away")
        return self


class Escalate(Node):
    """Tell a higher level and record that it was told; the assignee stays who it was. Or begin to climb a ladder."""

    to: Words = ()
    template: Name = "escalation"
    ladder: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Escalate:
        if bool(self.to) == (self.ladder is not None):
            raise wrong("escalate 要写 to 或 ladder 其中一个", "escalate needs exactly one of to, ladder")
        if self.ladder is not None and "template" in self.model_fields_set:
            raise wrong("模板写在 ladder 里", "the template of a ladder stands in the ladder")
        return self


def _escalate(value: Any) -> Any:
    return {"to": value} if isinstance(value, str | list | tuple) else value


class Extend(Node):
    """Give a clock more time, counted on from its due instant or anew from its start."""

    by: Duration
    from_: Literal["due", "start"] = Key("due", alias="from")


def _extends(value: Any) -> Any:
    return {"by": value} if isinstance(value, str) else value


class Open(Node):
    """Open a case of another procedure as a child of this one."""

    as_: Name | None = Key(None, alias="as")
    wait: Flag = False
    households: Expression | None = None
    """Where: a building, a unit, a room, the site, or a list of these. A child for each household there that the register knows."""
    with_: dict[Name, Expression] = Key(default_factory=dict, alias="with")


def _open(value: Any) -> Any:
    return {} if value is None else value


class Emit(Node):
    """Send a signal: to this case, its parent, or its child called …"""

    signal: Name
    to: str = "self"


def _emit(value: Any) -> Any:
    return {"signal": value} if isinstance(value, str) else value


class Effect(Node):
    """What a step does beside moving. Exactly one of the keys below, and `when` it is to be done."""

    when: Expression | None = None
    notify: dict[Name, Annotated[Recipients, BeforeValidator(_recipients)]] | None = None
    assign: Assign | None = None
    escalate: Annotated[Escalate, BeforeValidator(_escalate)] | None = None
    set: dict[Name, Scalar | None] | None = None
    extend: dict[Name, Annotated[Extend, BeforeValidator(_extends)]] | None = None
    open: dict[Name, Annotated[Open, BeforeValidator(_open)]] | None = None
    emit: Annotated[Emit, BeforeValidator(_emit)] | None = None
    log: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Effect:
        kinds = self.model_fields_set - {"when"}
        if len(kinds) != 1:
            raise wrong(
                "一个效果只能是 notify, assign, escalate, set, extend, open, emit, log 之一；几个效果请分成几项",
                "an effect is exactly one of notify, assign, escalate, set, extend, open, emit, log; list several one by one",
            )
        return self

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set - {"when"}))


Effects = Annotated[tuple[Effect, ...], BeforeValidator(as_list)]
