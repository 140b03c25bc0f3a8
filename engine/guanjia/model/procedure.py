"""A procedure as the administrator means it: the definition, frozen.

These models are the grammar of the language (docs/language.md): what YAML may say, normalised so that nothing has two
forms any more (one branch is a list of one, one name is a list of one). Expressions and durations stay text here; they are
checked when a file is read and compiled when a version is loaded. The canonical JSON of a `Version` is what its hash covers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field as Key,
    StrictBool as Flag,
    StrictInt as Whole,
    model_validator,
)

from .effects import Effects
from .event import BUILT_IN, Urgency
from .node import (
    Duration,
    Expression,
    Guards,
    Kept,
    Labelled,
    Languages,
    Name,
    Names,
    Node,
    Scalar,
    Words,
    as_list,
    wrong,
)

LONGEST_MATCHED = 200
"""Characters of the longest value of a field that has a pattern: how long matching can take depends on it."""
FieldType = Literal[
    "text", "integer", "decimal", "money", "boolean", "choice", "date", "instant", "duration",
    "phone", "email", "room", "customer", "staff", "list", "attachment", "entry",
]  # fmt: skip


ENTRY = "entry"
"""The type of a field that points to a row of a registry."""


class Field(Node):
    """One datum that a case holds, or that an action asks for."""

    type: FieldType
    of: Words = ()
    """The values of a choice, or of the items of a list; of an entry the registry."""
    required: Flag = False
    default: Scalar | None = None
    min: Scalar | None = None
    max: Scalar | None = None
    """Bounds of a number, date, instant or duration; of the length of a text or list."""
    pattern: str | None = None
    personal: Flag = False
    sensitive: Flag = False
    """Personal, and told to no member of staff but whoever has the right `sensitive` and a reason."""
    retention: Kept | None = None
    """For how long after the closing a personal value is kept, where that is shorter than the case's own time."""
    read: Words = ()
    """Who sees the value: words as under `by`, and `staff`; without it whoever sees the case."""
    write: Words = ()
    """Who may give it, by hand; without it whoever opens, acts or edits."""

    @model_validator(mode="before")
    @classmethod
    def _what_is_sensitive_is_personal(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("sensitive") is True and "personal" not in value:
            return {**value, "personal": True}
        return value

    @model_validator(mode="after")
    def _not_both(self) -> Field:
        if self.sensitive and not self.personal:
            raise wrong(
                "敏感的一定是个人信息：去掉 personal: false",
                "what is sensitive is personal: take `personal: false` away",
            )
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """What it may be, where that is listed in the procedure: the rows of a registry are not."""
        return () if self.type == ENTRY else self.of

    def is_computed(self, given: Any) -> bool:
        """Whether what stands under `set` is an expression: a text is one, unless it is a value of the choice."""
        return isinstance(given, str) and not (self.type == "choice" and given in self.of)


class Branch(Node):
    """The one body of every transition, whatever triggers it. Without `to` the case stays where it is."""

    to: Name | None = None
    guard: Guards = ()
    by: Words = ()
    """Who may: roles, `assignee`, `opener`, `customer`, `system`, `anyone`, or `<role> for customer`."""
    not_by: Names = ()
    """Whoever last did one of these actions may not do this one."""
    require: Names = ()
    """Fields that must have a value, given now or before."""
    input: dict[Name, Field] = Key(default_factory=dict)
    at_most: Whole | None = Key(None, ge=1)
    do: Effects = ()
    reenter: Flag = False
    undo: Duration | None = None
    """How long whoever did it may take it back; as the procedure says where it is not said here, `never` not at all."""


Branches = Annotated[tuple[Branch, ...], BeforeValidator(as_list)]


class Counting(Node):
    """How the days of one limit are counted, where that differs from the way of its calendar (docs/calendars.md)."""

    like: Literal["civil_code"] | None = None
    """A ready-made way, from which the choices beside it differ."""
    first_day: Flag | None = None
    pause_day: Flag | None = None
    resume_day: Flag | None = None
    roll_over: Flag | None = None
    ends: Literal["midnight", "closing"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Counting:
        if not self.model_dump(exclude_none=True):
            raise wrong("counting 是空的", "counting is empty")
        return self

    @property
    def text(self) -> str:
        """The choices as a limit of a clock keeps them: JSON."""
        return json.dumps(self.model_dump(exclude_none=True), separators=(",", ":"))


def _counting(value: Any) -> Any:
    return {"like": value} if isinstance(value, str) else value


CountingKey = Annotated[Counting, BeforeValidator(_counting)]

_TIMING = ("delay", "at", "every", "calendar", "counting", "standard", "branches")


class Delay(Node):
    """A transition that time takes: once `delay` after entry, `at` an instant, or `every` so often."""

    delay: Duration | None = None
    at: Expression | None = None
    every: Duration | None = None
    calendar: Name | None = None
    counting: CountingKey | None = None
    standard: Name | None = None
    """The standard that says how long (`delay` is filled in from it)."""
    branches: Branches

    @model_validator(mode="before")
    @classmethod
    def _body_inline(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "branches" in value:
            return value
        body = {key: item for key, item in value.items() if key not in _TIMING}
        return {key: item for key, item in value.items() if key in _TIMING} | {"branches": [body]}

    @model_validator(mode="after")
    def _one_timing(self) -> Delay:
        if sum(value is not None for value in (self.delay, self.at, self.every)) != 1:
            raise wrong("要写 delay、at、every 其中一个", "needs exactly one of delay, at, every")
        return self


class State(Node):
    """A state: simple, compound (`states`), parallel (`tracks`), final, or a history of the compound it stands in."""

    initial: Name | None = None
    states: dict[Name, State] = Key(default_factory=dict)
    tracks: dict[Name, State] = Key(default_factory=dict)
    final: Flag = False
    outcome: Name | None = None
    history: Literal["shallow", "deep"] | None = None
    default: Name | None = None
    """Where a history leads when there is none yet."""
    entry: Effects = ()
    exit: Effects = ()
    transitions: dict[Name, Branches] = Key(default_factory=dict)
    signals: dict[Name, Branches] = Key(default_factory=dict)
    after: dict[Name, Delay] = Key(default_factory=dict)
    always: Branches = ()
    breach: dict[Name, Branches] = Key(default_factory=dict)

    @property
    def kind(self) -> Literal["simple", "compound", "parallel", "final", "history"]:
        if self.final:
            return "final"
        if self.history:
            return "history"
        if self.tracks:
            return "parallel"
        return "compound" if self.states else "simple"


Condition = Words
"""States, actions, signals, `open`, or expressions; any one of them is enough."""


class Target(Node):
    """How long a clock may run. The first target whose guard holds counts; the last has none."""

    guard: Guards = ()
    within: Duration | None = None
    then: Duration | None = None
    """After `within` of working time: so much more, around the clock."""
    until: Expression | None = None
    earliest: tuple[Target, ...] = ()
    calendar: Name | None = None
    counting: CountingKey | None = None
    standard: Name | None = None
    """The standard of the office that it keeps, and whose limit is filled in where none stands here."""
    overlay: Name | None = None
    """Filled in: which overlay sets this limit beside that of the standard."""

    @model_validator(mode="after")
    def _one_measure(self) -> Target:
        if sum((self.within is not None, self.until is not None, bool(self.earliest))) != 1:
            raise wrong(
                "target 要写 within、until、earliest 其中一个", "a target is exactly one of within, until, earliest"
            )
        return self


class Sla(Node):
    """A promise with a deadline: what starts, pauses and stops its clock, how long it may take, what happens on the way."""

    kind: Literal["sla", "ola", "uc"] = "sla"
    start: Condition
    pause: Condition = ()
    resume: Condition = ()
    stop: Condition = ()
    cancel: Condition = ()
    reset: Condition = ()
    runs_in: Names = ()
    """Short form: paused in every other state."""
    from_: Expression | None = Key(None, alias="from")
    """Where counting begins when that is not the start: `open`, an action or state of the past, an instant, or `clock.<name>`:
    where that clock counts from, without its pauses."""
    calendar: Name | None = None
    target: Annotated[tuple[Target, ...], BeforeValidator(as_list)] = Key(min_length=1)
    at: dict[str, Effects] = Key(default_factory=dict)
    """Thresholds: `80%`, `due`, `due + 30m`, `due - 1h`, and the effects of each."""
    on_change: Literal["keep", "carry", "restart"] = "keep"
    on_reopen: Literal["new", "resume", "closed"] = "new"
    manual: Flag = True
    """Whether people with the right `clocks` may pause, resume and reset it."""
    pausable: Flag = True
    """False, as for a statutory limit: neither rules nor people make it stand still, and nobody resets it by hand."""

    @property
    def from_clock(self) -> str | None:
        """The clock that `from` names."""
        head, dot, clock = (self.from_ or "").partition(".")
        return clock if head == "clock" and dot and "." not in clock else None


class Level(Node):
    """One level of a ladder: who is told, and how long after the level before."""

    to: Words = Key(min_length=1)
    wait: Duration | None = None


class Ladder(Node):
    """Escalation by levels: while nobody acknowledges, level after level is told. Begun by `escalate: {ladder: …}`."""

    calendar: Name | None = None
    """On which the waits run; the procedure's where none is named."""
    template: Name = "escalation"
    urgency: Urgency | None = None
    """How long its messages may wait; as the procedure says where it is not said here."""
    acknowledge: Names = ()
    """Actions and signals that count as an acknowledgement."""
    catch_up: Literal["each", "summary"] = "each"
    """What is told of levels that fell due while nothing ran: each of them, or all in one message."""
    levels: tuple[Level, ...] = Key(min_length=1)
    alarm: Duration | None = None
    """How long after the last level, unless somebody acknowledges, there is an alarm. Where it is left out, as long as the
    last level waited; an hour where there is only one."""


class Reopen(Branch):
    """How a finished case may be opened again. `within` counts from the closing."""

    within: Duration | None = None


class Mode(Node):
    """Another way to run the same procedure, e.g. a drill: marked in every text, and told to nobody outside."""

    prefix: Labelled = Labelled()
    outside: Literal["send", "record"] = "record"


class Retention(Node):
    """For how long after its closing all that is personal in a case is kept, and on what ground."""

    after: Kept
    basis: Labelled = Labelled()


def _retention(value: Any) -> Any:
    return {"after": value} if isinstance(value, str) else value


class LeadsTo(Node):
    """Whenever `from` holds, `to` holds `within` so long, whatever anybody does or leaves undone."""

    from_: Expression = Key(alias="from")
    to: Expression
    within: Duration
    calendar: Name | None = None
    """On which `within` runs; the procedure's where none is named."""


class Property(Node):
    """What is to be so of every case, for `authoring.prove` to prove or refute; no case is ever asked for it."""

    always: Expression | None = None
    """Holds after every step."""
    never: Expression | None = None
    """Holds after no step."""
    leads_to: LeadsTo | None = None
    edits: Flag = True
    """Whether it has to hold also where people change fields by hand; false: fields change by opening, actions and effects only."""

    @model_validator(mode="after")
    def _one_claim(self) -> Property:
        if sum(claim is not None for claim in (self.always, self.never, self.leads_to)) != 1:
            raise wrong("要写 always、never、leads_to 其中一个", "a property is exactly one of always, never, leads_to")
        return self


NEVER = "never"
"""What `undo` of a branch says where the procedure's own does not hold."""

WHERE = ("room", "place")
"""The first of these fields that a procedure has is what lists show as the place."""


class Duplicates(Node):
    """When two open cases of a procedure may be the same matter: opened near each other, with the same values."""

    within: Duration = "24h"
    same: Names = ()


class Shape(Node):
    """What a procedure knows of a registry (`model.registry`): its columns and what people call them, and no row of it."""

    key: Name
    """The column that names a row."""
    columns: dict[Name, Field] = Key(min_length=1)
    labels: dict[Languages, dict[str, str]] = Key(default_factory=dict)


class Count(Node):
    """How many cases of the procedure are alike: opened within so long, with the same values."""

    same: Names = ()
    """Fields whose values are the same; none: every case counts."""
    within: Duration
    where: Expression | None = None
    """Only cases of which this holds: an expression over fields."""
    at: dict[str, Effects] = Key(default_factory=dict)
    """So many of them: what is done once, as a case makes them so many."""

    @model_validator(mode="after")
    def _numbers(self) -> Count:
        for number in self.at:
            if not number.isdecimal() or not 2 <= int(number) <= 1000:
                raise wrong(
                    f"“{number}”不是个数，写 2 到 1000", f"{number!r} is no number of cases: write one from 2 to 1000"
                )
        return self


class Procedure(State):
    """One YAML file: the root of its states, with the fields, promises and words that go with them."""

    procedure: Name
    about: Labelled = Labelled()
    """What it is for and where it holds: the first words of its chapter in the rule book."""
    number: str = "{procedure}-{year}-{seq:05}"
    calendar: Name = "office"
    fields: dict[Name, Field] = Key(default_factory=dict)
    sla: dict[Name, Sla] = Key(default_factory=dict)
    ladders: dict[Name, Ladder] = Key(default_factory=dict)
    reopen: Annotated[tuple[Reopen, ...], BeforeValidator(as_list)] = ()
    modes: dict[Name, Mode] = Key(default_factory=dict)
    urgency: Urgency = "normal"
    """How long its notifications may wait for people who are to be left in peace."""
    purpose: Name | None = None
    """What a customer has to agree to before they are told anything; None where they have to be told."""
    open_by: Words = ("anyone",)
    """Who may open a case."""
    conflicts: Names = ()
    """Fields of type staff: whoever they name has no hand in the case. `customer`: nor has who of the staff is its customer, or lives in
    the room that it is about."""
    four_eyes: tuple[Annotated[tuple[Names, ...], Key(min_length=2)], ...] = ()
    """Of each list of actions nobody takes two; several that are one side stand in a list of their own."""
    visible_to: Names = ()
    """Of those who have no hand in a case, only these roles see it; without it all whose scope it is in."""
    on_assign: Effects = ()
    """Done when somebody is made responsible by hand, by a handover, or because of a conflict of interest."""
    retention: Annotated[Retention, BeforeValidator(_retention)] | None = None
    """When what is personal in a closed case goes; None: when somebody has it destroyed."""
    on_merge: Effects = ()
    """Done when the case goes on in another one."""
    duplicates: Duplicates | None = None
    """What is suggested at opening as perhaps the same matter; None: open cases of the same room or place within a day."""
    undo: Duration | None = None
    """How long somebody may take back what he did last; None: not at all."""
    properties: dict[Name, Property] = Key(default_factory=dict)
    """What is to be so of every case, by name: proven, never asked for while a case runs."""
    counts: dict[Name, Count] = Key(default_factory=dict)
    """Cases of this procedure that are alike, counted."""
    registries: dict[Name, Shape] = Key(default_factory=dict)
    """Filled in: what there is of the registries to which fields of type entry point."""
    labels: dict[Languages, dict[str, str]] = Key(default_factory=dict)

    def walk(self) -> Iterator[tuple[str, State, tuple[str, ...]]]:
        """Every state and track below the root as (name, state, names of its ancestors), in the order written."""

        def inside(state: State, above: tuple[str, ...]) -> Iterator[tuple[str, State, tuple[str, ...]]]:
            for name, child in (*state.states.items(), *state.tracks.items()):
                yield name, child, above
                yield from inside(child, (*above, name))

        return inside(self, ())

    def columns(self, field: str) -> Mapping[str, Field]:
        """The columns of the registry to which a field points; of one that points to none there are none."""
        about = self.fields.get(field)
        shape = self.registries.get(about.of[0]) if about is not None and about.type == ENTRY and about.of else None
        return {} if shape is None else shape.columns

    @property
    def alike(self) -> Duplicates:
        """When two cases may be the same matter."""
        where = [name for name in WHERE if name in self.fields][:1]
        return self.duplicates or Duplicates(same=tuple(where))

    def label(self, name: str, language: str) -> str:
        """What people call `name` in `language`; another language's word, else the name itself."""
        for spoken in (language[:2], "en", "zh"):
            word = self.labels.get(spoken, {}).get(name)  # type: ignore[call-overload]
            if word is not None:
                return str(word)
        for spoken in (language[:2], "en", "zh") if self.registries else ():
            for shape in self.registries.values():
                if (word := shape.labels.get(spoken, {}).get(name)) is not None:  # type: ignore[call-overload]
                    return str(word)
        return BUILT_IN[language[:2]].get(name, name)
