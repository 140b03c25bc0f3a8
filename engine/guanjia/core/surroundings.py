"""What an expression sees: the case as it is at this point of the step, and the facts that were given.

A fact that is needed and not there is asked for by `NeedFact`: the funnel supplies it and runs the decision again, so that
the decision itself stays a function of its arguments.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..calendars import Amount, CalendarError
from ..clock import DAY, HOUR, MINUTE, Instant
from ..errors import Text
from ..model.case import Case, Clock, Past, latest_climb
from ..model.event import PERSONAL, Actor, is_personal
from ..model.procedure import Field
from ..values import as_known
from . import clocks, counting

if TYPE_CHECKING:
    from .program import Program


MOST_WORKDAYS = 2_500
"""Ten years: that many are still counted at once."""


class NeedFact(Exception):
    """The decision depends on something outside of the case. `key` says what:

    `role:<role>`, `team:<team>`, `lead:<team>`, `on_duty:<role>`, `on_duty:team:<team>` -> ids of staff who are told, the first
    is to be preferred; `child:<name>` -> {closed, outcome};
    `able:<role|team|person>:<skill>:<language>:<duty>:<name>` -> [[tier, ids] …], who could take work (`Organisation.able`);
    `owners:<the same>` -> {building: [[tier, ids] …]}; `load:<ids>` -> {id: open cases}; `turn:<ids>` -> how often somebody of these was chosen in turn;
    `case:<id>` -> {id, number, mode, closed, merged, above} of another case, or None; `attached` -> {id: {customer, closed}} of the
    cases below this one and of those that go on in it; `withdraw:<seq>` -> {told: [[template, recipient]] of what was sent by events from
    that number on, kept: keys of what waited} when all that waits is not sent any more; `resume:<seq>` -> keys of what waits again of
    what the event of that number withdrew; `entry:<registry>:<key>` -> {of, version, values} of a row as it is now, None where there is none;
    `households:<place>` -> {customers: of each household whom the register has of it, empty: rooms of which it has nobody}, or {doubt: why
    there is no such place};
    `count:<procedure, name, window, thresholds, values>` -> {others: how many other cases are alike, reached: thresholds that others have reached}.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Facts:
    """Facts by key; those that were needed are remembered in `used`, to stand in the event."""

    __slots__ = ("given", "used")

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.used: dict[str, Any] = {}

    def need(self, key: str) -> Any:
        if key not in self.given:
            raise NeedFact(key)
        self.used[key] = self.given[key]
        return self.given[key]

    def ask(self, key: str) -> Any:
        """One that stands in the event as what it is about: it is not told there a second time."""
        if key not in self.given:
            raise NeedFact(key)
        return self.given[key]


class Surroundings:
    """An `expressions.Environment` over one case at one moment.

    `happened` names what this very step is: it stands in the past already, though in no event yet. `asked` says what the inputs
    are: the fields that the action asks for. `clock` is the one under which the expression stands: what it says of a ladder is
    said of the climb that this clock began.
    """

    __slots__ = (
        "actor",
        "asked",
        "case",
        "clock",
        "entries",
        "facts",
        "fields",
        "happened",
        "inputs",
        "now",
        "personal",
        "program",
    )

    def __init__(
        self, program: Program, case: Case, now: Instant, actor: Actor, facts: Facts, personal: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None, fields: Mapping[str, Any] | None = None, happened: str | None = None,
        asked: Mapping[str, Field] | None = None, entries: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.happened = happened
        self.clock: str | None = None
        self.program = program
        self.case = case
        self.now = now
        self.actor = actor
        self.facts = facts
        self.personal = personal
        self.inputs = inputs or {}
        self.asked = asked or {}
        self.fields = case.fields if fields is None else fields
        self.entries = case.entries if entries is None else entries

    def look(self, path: tuple[str, ...]) -> Any:
        head = path[0]
        if len(path) == 1:
            program = self.program
            if head in program.fields:
                held = self.fields.get(head)
                if type(held) is dict:
                    held = self.clear(held)
                return as_known(program.fields[head], held) if head in program.converted else held
            if head == "now":
                return self.now
            if head == "actor":
                return self.actor.id
            return getattr(self.case, head, None)
        if head in self.program.entries:
            return self._column(head, path[1])
        if head == "input":
            return self._brought(self.asked, self.inputs, path[1])
        if head == "past":
            return self._past(path[1:])
        if head == "clock":
            return self._clock(self.case.clocks.get(path[1]), path[2])
        if head == "ladder":
            return self._ladder(path[1], path[2])
        if head == "child":
            return self._child(path[1], path[2])
        return None

    def _column(self, field: str, column: str) -> Any:
        """What the row said to which the field points, as it was when it was pointed to; none where it says nothing."""
        held = self.entries[field]["values"].get(column) if field in self.entries else None
        about = self.program.columns[field].get(column)
        return held if about is None else as_known(about, held)

    def clear(self, held: Any) -> Any:
        """A held value with a personal reference followed; None once the value was destroyed."""
        return self.personal.get(held[PERSONAL]) if is_personal(held) else held

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        if name == "done":
            return done(self.program, self.case.states, args[0])
        if name == "in_state":
            return is_in(self.program, self.case.states, args[0])
        if name == "is_role":
            return args[0] in self.actor.roles
        if name == "is_open":
            return args[0] is not None and self.program.calendar(None).is_open(args[0])
        if name == "count":
            return counting.number(self.program, args[0], self) if args[0] in self.program.procedure.counts else 0
        if name == "sample":
            draw = hashlib.sha256(f"{self.case.id}:sample".encode()).digest()
            return int.from_bytes(draw[:4], "big") % 10_000 < args[0] * 100
        if name == "workdays":
            return Amount("workdays", int(args[0]))
        return int(args[0] * {"minutes": MINUTE, "hours": HOUR, "days": DAY}[name])

    def shift(self, at: Instant, amount: Any, sign: int) -> Instant | None:
        if not isinstance(amount, Amount):
            return at + sign * int(amount)
        if abs(amount.value) > MOST_WORKDAYS:
            return None
        try:
            return self.program.calendar(None).after(at, Amount(amount.unit, sign * amount.value))
        except CalendarError:  # in a year that no calendar has
            return None

    def _brought(self, asked: Mapping[str, Field], inputs: Mapping[str, Any], name: str) -> Any:
        held, field = self.clear(inputs.get(name)), asked.get(name)
        return held if field is None else as_known(field, held)

    def _past(self, path: tuple[str, ...]) -> Any:
        past = self.case.past.get(path[0])
        if path[0] == self.happened:
            past = Past(1 if past is None else past.count + 1, self.now, self.actor.id, self.inputs)
        if past is None:
            return 0 if path[1] == "count" else None
        if path[1] == "input":
            asked = self.program.inputs.get(("act", path[0])) or self.program.inputs.get(("signal", path[0]), {})
            return self._brought(asked, past.input, path[2])
        return getattr(past, path[1])

    def _clock(self, clock: Clock | None, what: str) -> Any:
        if clock is None:
            return False if what in ("running", "paused", "breached", "met", "started") else None
        if what == "started":
            return True
        if what == "breached":
            return clock.breached_at is not None
        if what == "due":
            return clock.due
        if what == "left":
            return None if clock.due is None else clock.due - self.now
        if what == "used":
            return clocks.used(self.program, clock, self.now)
        return clock.status == what

    def _ladder(self, name: str, what: str) -> Any:
        if self.clock is not None and name in self.program.clock_by_name[self.clock].ladders:
            climb = self.case.climbs.get(f"{name}.{self.clock}")
        else:
            climb = latest_climb(self.case, name)
        if what == "level":
            return 0 if climb is None else climb.level
        if climb is None:
            return False
        return {
            "running": climb.open,
            "acknowledged": climb.status == "acknowledged",
            "alarmed": climb.alarmed_at is not None,
        }[what]

    def _child(self, name: str, what: str) -> Any:
        if name not in self.case.children:
            return False if what in ("open", "closed") else None
        child = self.facts.need(f"child:{name}")
        return not child["closed"] if what == "open" else child[what]


RELATIONS = {
    "system": Text("系统", "system"),
    "customer": Text("客户", "customer"),
    "assignee": Text("责任人", "assignee"),
    "opener": Text("登记人", "opener"),
    "previous": Text("上一责任人", "previous assignee"),
    "anyone": Text("任何人", "anyone"),
    "staff": Text("员工", "staff"),
}
"""Who may do something by what they are to the case."""

TOLD = {"substitute": Text("代班人", "substitute"), "customers": Text("所属各户", "customers")}
"""Who is only told by what they are to it."""


def called(program: Program, name: str) -> Text:
    """What people call a name of the procedure."""
    return Text(program.procedure.label(name, "zh"), program.procedure.label(name, "en"))


def read_out(program: Program, source: str) -> Text:
    """A guard as people read it: fields and choices by what they are called, the rest as it is written."""
    return Text(*(_READ.sub(partial(_read, program, spoken), source) for spoken in ("zh", "en")))


def _read(program: Program, spoken: str, found: re.Match[str]) -> str:
    word, code = found.group(), found.group(1)
    if code is not None:
        label = program.procedure.label(code, spoken)
        return word if label == code else f"“{label}”"
    return program.procedure.label(word, spoken) if word in program.fields else word


_READ = re.compile(r"'([^']*)'|(?<![\w.])[^\W\d]\w*(?![\w.(])")
"""Constants in quotes, and names that stand alone."""


def shown(program: Program, path: tuple[str, ...], value: Any) -> Text:
    """What a name of an expression stands for, in words: the choice of a field by its label."""
    if value is None:
        return Text("空", "none")
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    field = program.procedure.fields.get(path[0]) if len(path) == 1 else None
    return called(program, str(value)) if field is not None and field.choices else Text(str(value), str(value))


def entitled(facts: Mapping[str, Any], word: str) -> Text:
    """What people call a role (`facts["labels"]`), a relation to the case, or one that acts for another."""
    base, _, behalf = word.partition(" for ")
    own, roles = RELATIONS.get(base) or TOLD.get(base, Text(base, base)), facts.get("labels", {})
    called = Text(*(roles.get(spoken, {}).get(base) or own.get(spoken) for spoken in ("zh", "en")))
    if not behalf:
        return called
    other = entitled(facts, behalf)
    return Text(f"{called.zh}（代{other.zh}）", f"{called.en} for {other.en}")


def is_in(program: Program, leaves: tuple[str, ...], name: str) -> bool:
    """Whether the state, or one inside it, is active."""
    return any(node.name == name for leaf in leaves for node in program.nodes[leaf].path[1:])


def done(program: Program, leaves: tuple[str, ...], name: str) -> bool:
    """Whether a track or compound state has reached a final state of its own; a parallel one: all its tracks have."""
    node = program.nodes.get(name)
    if node is None:
        return False
    if node.kind == "parallel":
        return all(done(program, leaves, track.name) for track in node.children)
    return any(program.nodes[leaf].kind == "final" and program.nodes[leaf].parent is node for leaf in leaves)
