"""Scenario stories as their file says them: what happens to one case, and what must then be true.

A story file stands beside its procedure (`complaint.stories.yaml`). Stories run on a virtual clock through the real funnel,
so that they are how behaviour is specified.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field as Key, StrictBool as Flag, StrictInt, model_validator

from .node import Languages, Name, Node, Scalar, Words, as_list

Values = dict[Name, Scalar | tuple[Scalar, ...] | None]


class Opening(Node):
    """Who opens the case, and with what."""

    by: str
    mode: Name | None = None
    customer: str | None = None
    with_: Values = Key(default_factory=dict, alias="with")


class Then(Node):
    """What must hold now. `notified` is what was sent since the last `then`."""

    state: Words = ()
    not_state: Words = ()
    clocks: dict[Name, str | dict[str, Any]] = Key(default_factory=dict)
    """running | paused | met | breached | cancelled | none, or {due: "2026-03-05 18:00"}"""
    ladders: dict[str, StrictInt | str] = Key(default_factory=dict)
    """By `<ladder>`, or `<ladder>.<clock>` where several clocks climb it: the level that was told last, or climbing | paused | alarmed
    | acknowledged | stopped | none"""
    notified: Annotated[tuple[str | dict[Name, Any], ...], BeforeValidator(as_list)] = ()
    not_notified: Words = ()
    fields: dict[Name, Any] = Key(default_factory=dict)
    assignee: str | None = None
    outcome: Name | None = None
    closed: Flag | None = None
    children: dict[Name, Name] = Key(default_factory=dict)
    """Name of a child -> its procedure."""
    others: dict[Name, Then] = Key(default_factory=dict)
    """What must hold of other cases of the story, by their names."""


KINDS = (
    "when", "signal", "edit", "assign", "ack", "pause", "resume", "reset", "also", "merge", "below", "after", "until", "then",
)  # fmt: skip


class Moment(Node):
    """One step: an action, a signal, an edit, an acknowledgement, a clock that is touched by hand, another case that comes in, time
    that passes, or what must then be true."""

    when: Name | None = None
    signal: Name | None = None
    edit: Values | None = None
    assign: str | None = None
    ack: str | None = None
    """Who acknowledges the escalation."""
    pause: Name | None = None
    resume: Name | None = None
    reset: Name | None = None
    """The clock that somebody pauses, lets go on, or resets by hand."""
    also: Name | None = None
    """Another case that is opened, under a name for this story; the story's own is called `case`."""
    procedure: Name | None = None
    """Its procedure; the story's own where none is named."""
    customer: str | None = None
    """Whose it is."""
    merge: Name | None = None
    """The other case that this one goes on in."""
    below: Name | None = None
    """The other case below which this one is put."""
    in_: Name | None = Key(None, alias="in")
    """The other case to which it happens."""
    after: str | None = None
    until: str | None = None
    then: Then | None = None
    by: str | None = None
    with_: Values = Key(default_factory=dict, alias="with")
    refused: str | None = None
    """The code with which the step must be refused: state, role, field, guard, at_most, not_by, window, manual."""

    @model_validator(mode="after")
    def _one_kind(self) -> Moment:
        if sum(getattr(self, name) is not None for name in KINDS) != 1:
            raise ValueError(f"a step is exactly one of {', '.join(KINDS)}")
        return self


class Resident(Node):
    """Somebody whom the register of customers knows."""

    room: Words = Key(min_length=1)
    name: str = ""
    relation: Literal["owner", "tenant", "family", "agent"] = "owner"
    language: Languages | None = None
    phone: str | None = None
    mail: str | None = None


class Story(Node):
    story: str
    at: str
    residents: dict[Name, Resident] = Key(default_factory=dict)
    """Whom the register knows, by a name for this story: it is their id, and that of the case which a household of theirs gets."""
    open: Opening
    steps: tuple[Moment, ...] = Key(min_length=1)


class Stories(Node):
    """<procedure>.stories.yaml"""

    stories: tuple[Story, ...] = Key(min_length=1)
    procedure: Name | None = None
    """Where the file's name does not say it."""
