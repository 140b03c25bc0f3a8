"""What the checks look at: a procedure, its source, and what is known of the office around it.

A `View` gathers once what every check asks again and again (places, steps, names), and is where findings are said: always
at the node that a path of the definition was written as. What of the office is unknown (None) is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...errors import Finding, Instead, Text
from ...model import scope as scopes
from ...model.procedure import ENTRY, Counting, Field, Procedure, Shape
from ...model.standards import Held
from ...model.survey import Deed, Path, Place, Step, deeds, places, steps_of
from ...signs import WIDE, full_width
from ..grammar import instead, suggest
from ..malformed import DASH
from ..nodes import Node

if TYPE_CHECKING:
    from ...calendars import Amount
    from ...expressions import Scope, Templates, Type

_CALLS = re.compile(r"\b(done|in_state|is_role|count)\s*\(\s*(['\"])([^'\"]*)\2\s*\)")
_COLUMN = re.compile(r"[^\W\d]\w*\.\w+")
RELATIONS = ("assignee", "opener", "customer", "customers", "previous", "substitute")


@dataclass(frozen=True, slots=True)
class Around:
    """What a procedure may refer to outside of its file. None: not known here, and so not checked."""

    roles: frozenset[str] | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    """What people call a role, in either language -> the role."""
    staff: frozenset[str] | None = None
    staffed: frozenset[str] | None = None
    """Words for people that mean somebody who is still here: roles, `team:<team>`, `lead:<team>`."""
    teams: frozenset[str] | None = None
    systems: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    calendars: frozenset[str] | None = None
    procedures: Mapping[str, frozenset[str] | None] | None = None
    """Procedure -> its fields; None for one whose file cannot be read."""
    never_closed: frozenset[str] = frozenset({"always"})
    """The calendars that are open around the clock."""
    templates: Templates | None = None
    standards: Mapping[str, Held] | None = None
    """None where the office has no standards.yaml: then no limit needs one."""
    registries: Mapping[str, Shape] | None = None
    broken: frozenset[str] = frozenset()
    """Registries of which not even the columns are known, which is told of them and not of what reads them."""


class Saying:
    """Where findings about a file are said: always at the node that a path of it was written as."""

    called: Mapping[str, str] = {}
    """What people call something -> its name, for those who write the one for the other."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.findings: list[Finding] = []

    def say(
        self, path: Iterable[str | int], code: str, text: Text, hint: Text | None = None, *,
        key: bool = False, offset: int | None = None, severity: str = "error",
    ) -> None:  # fmt: skip
        """A finding at the value (or at its key) that `path` was written as."""
        found = self.root.at(path)
        node = found[0] if key else found[1]
        self.findings.append(node.finding(code, text, hint, offset=offset, severity=severity))

    def warn(
        self, path: Iterable[str | int], code: str, text: Text, hint: Text | None = None, *, key: bool = False
    ) -> None:
        self.say(path, code, text, hint, key=key, severity="warning")

    def known(
        self,
        path: Path,
        what: Text,
        code: str,
        word: str,
        names: Collection[str],
        *,
        key: bool = False,
        offset: int | None = None,
    ) -> bool:
        """Say that `word` is none of `names`, with the likeliest one, unless it is."""
        if word in names:
            return True
        self.say(
            path, code, Text(f"没有叫“{word}”的{what.zh}", f"there is no {what.en} {word!r}"), likely(word, names, self.called),
            key=key, offset=offset,
        )  # fmt: skip
        return False

    def amount(self, path: Path, text: str, *, key: bool = False, offset: int | None = None) -> Amount | None:
        """A duration, or None with what is wrong said at its place."""
        from ...calendars import AmountError, parse_amount

        try:
            return parse_amount(text)
        except AmountError as wrong:
            self.say(path, "duration", wrong.text, wrong.hint, key=key, offset=offset)
            return None

    def positive(self, path: Path, key: str, text: str) -> None:
        """A duration that must be longer than nothing."""
        amount = self.amount((*path, key), text)
        if amount is not None and amount.value <= 0:
            self.say((*path, key), "duration", Text("时长要大于零", "the duration must be more than nothing"))


_RELATED = {"责任人": "assignee", "登记人": "opener", "客户": "customer"}


class View(Saying):
    """A procedure as it is checked."""

    def __init__(self, procedure: Procedure, root: Node, around: Around) -> None:
        super().__init__(root)
        self.procedure = procedure
        self.around = around
        own = {label: name for labels in procedure.labels.values() for name, label in labels.items()}
        self.called = {**_RELATED, **around.called, **own}
        self.places: tuple[Place, ...] = tuple(places(procedure))
        self.place: dict[str, Place] = {}
        for place in self.places:
            self.place.setdefault(place.name, place)
        self.own: dict[str, list[Step]] = {place.name: [] for place in self.places}
        for place in self.places:
            self.own[place.name] += steps_of(place)
        self.steps: tuple[Step, ...] = tuple(step for found in self.own.values() for step in found)
        self.deeds: tuple[Deed, ...] = tuple(deeds(procedure))

    # -- names

    @cached_property
    def states(self) -> dict[str, Path]:
        """Every state and track with its path, the root left out; of equal names the first."""
        return {name: place.path for name, place in self.place.items() if name}

    @cached_property
    def actions(self) -> dict[str, Path]:
        return self._triggers("action", "reopen")

    @cached_property
    def signals(self) -> dict[str, Path]:
        return self._triggers("signal")

    @cached_property
    def delays(self) -> dict[str, Path]:
        return self._triggers("delay")

    def _triggers(self, *kinds: str) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for step in self.steps:
            if step.trigger in kinds:
                path = step.path[: step.path.index(step.name) + 1] if step.name in step.path else step.path
                found.setdefault(step.name, path)
        return found

    @cached_property
    def happenings(self) -> frozenset[str]:
        """States, actions and signals: the one name space that clocks listen to."""
        return frozenset((*self.states, *self.actions, *self.signals))

    @cached_property
    def inputs(self) -> dict[str, Field]:
        """Every input of every transition."""
        return {name: field for step in self.steps for name, field in step.branch.input.items()}

    # -- expressions and amounts

    def expression(
        self, path: Path, text: str, expect: str | None, inputs: Mapping[str, Field] | None = None,
        explain: Callable[[], Text | None] | None = None,
    ) -> Type | None:  # fmt: skip
        """The type of an expression, or None with what is wrong said at its character."""
        from ...expressions import ExpressionError, parse

        try:
            parsed = parse(text, self.scope(inputs), expect=expect)
        except ExpressionError as wrong:
            if self._columnless(text):
                return None
            self.say(
                path, "expression", wrong.text, (explain() if explain else None) or wrong.hint, offset=wrong.offset or 0
            )
            return None
        self._literals(path, text)
        return parsed.type

    def reads(self, text: str) -> frozenset[tuple[str, ...]]:
        """The names that an expression reads; none where it is wrong, which is said elsewhere."""
        from ...expressions import ExpressionError, parse

        try:
            return parse(text, self._plain_scope).paths
        except ExpressionError:
            return frozenset()

    def _columnless(self, text: str) -> bool:
        """Whether it reads columns of a registry of which none are known: that is told where the field names it."""
        words = {word.partition(".")[0] for word in _COLUMN.findall(text)}
        fields = self.procedure.fields
        return any(fields[name].type == ENTRY and not self.procedure.columns(name) for name in words & fields.keys())

    def scope(self, inputs: Mapping[str, Field] | None) -> Scope:
        from ...expressions import scope_of

        if inputs:
            return scope_of(scopes.names_of(self.procedure, inputs))
        return self._plain_scope

    @cached_property
    def _plain_scope(self) -> Scope:
        from ...expressions import scope_of

        return scope_of(scopes.names_of(self.procedure))

    def _literals(self, path: Path, text: str) -> None:
        """The names that `done`, `in_state`, `is_role` and `count` are given as text."""
        for match in _CALLS.finditer(text):
            function, name, offset = match.group(1), match.group(3), match.start(3)
            if function == "is_role":
                if self.around.roles is not None:
                    self.known(path, ROLE, "unknown-role", name, self.around.roles, offset=offset)
            elif function == "count":
                self.known(path, COUNT, "unknown-count", name, self.procedure.counts, offset=offset)
            else:
                self.known(path, STATE, "unknown-state", name, self.states, offset=offset)

    def counting(self, path: Path, counting: Counting | None, amount: str | None, calendar: str) -> None:
        """A way of counting days, beside an amount of days on a calendar that has rest days if they matter."""
        from ...calendars import AmountError, Counting as Choices, parse_amount

        if counting is None:
            return
        here = (*path, "counting")
        try:
            unit = parse_amount(amount).unit if amount is not None else "instant"
        except AmountError:
            return
        if unit not in ("days", "workdays"):
            self.say(
                here, "counting-without-days",
                Text("counting 只管以天计的时限", "counting is for limits in days"),
                Text("时限写成 10 days 或 5 workdays，或去掉 counting", "write 10 days or 5 workdays, or take counting away"), key=True,
            )  # fmt: skip
        elif (
            calendar in self.around.never_closed and Choices().changed(counting.model_dump(exclude_none=True)).roll_over
        ):
            self.say(
                here, "no-rest-days",
                Text(f"日历 {calendar} 没有休息日，无从顺延", f"the calendar {calendar} has no rest days to roll over"),
                Text("换一个有休息日的日历，或写 roll_over: false", "name a calendar that has rest days, or write roll_over: false"), key=True,
            )  # fmt: skip


def likely(word: str, names: Iterable[str], called: Mapping[str, str] = MappingProxyType({})) -> Text:
    """A hint: the name that was perhaps meant, by what people call it too; else what there is."""
    names = list(names)
    if DASH.match(word):
        return Text("短横线后面缺少空格：写成“- 值”", "a space must follow the dash: write `- value`")
    if wide := full_width(word):
        return Text(f"“{wide}”是全角的，请改成半角", f"{wide} is full-width: write a plain {WIDE[wide[0]]}")
    if (name := called.get(word, "")) in names:
        return Instead.of(Text(f"是否想写 {name}？", f"did you mean {name}?"), word, name)
    meant = suggest(word, names)
    if meant:
        return instead(Text(f"是否想写 {meant}？", f"did you mean {meant}?"), word, names)
    if not names:
        return Text("一个也没有定义", "none is defined")
    listed = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    return Text(f"现有：{listed}", f"there are: {listed}")


STATE = Text("状态", "state")
ROLE = Text("角色", "role")
TEAM = Text("班组", "team")
PERSON = Text("员工", "member of staff")
SKILL = Text("技能", "skill")
FIELD = Text("字段", "field")
CLOCK = Text("时钟", "clock")
COUNT = Text("计数", "count")
LADDER = Text("升级阶梯", "ladder")
CALENDAR = Text("日历", "calendar")
