"""Which values are tried: of what is finite every one that something tells apart, of numbers those at and around each constant.

A value that nothing compares is tried once. Instants, spans and amounts are never counted: whatever compares them is an open
question (`asking`). People are two of every role, so that four eyes can be two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeAlias, get_args

from ...clock import DAY, Instant
from ...core import Program
from ...core.surroundings import RELATIONS
from ...model.case import Case
from ...model.event import SYSTEM, Actor
from ...model.procedure import Field, FieldType, Shape
from ...values import as_known
from .asking import Unfixed, Values, Var
from .relevance import Lens, Path

CUSTOMER = "customer"
TEXT = "some text"
ROW_OF_LITTLE = "some row"
"""The key of a row of a registry that says no more than it has to; any other says something in each column."""
_NUMBERS = ("integer", "decimal", "money")
_MANY = 24
FAR = 1000 * DAY
"""From now to the instant that is tried: so far that what lies some days or weeks before it is still to come. A clock whose limit is
over as it starts is never late, and what would follow would not be seen. Where it is replayed, nearer ones are tried (`replaying`)."""


_OTHERS: Mapping[str, Callable[[str], Any]] = defaultdict(
    lambda: str, integer=int, boolean=bool, money=lambda text: _held(Decimal(text), "money")
)
"""By the type of a column, what a value other than the sample stands for."""

Rows: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Registry -> column -> what the row in question says there."""


def person(role: str, number: int = 1) -> str:
    return f"{role}.{('one', 'two', 'three')[number - 1]}"


def sample_value(field: Field, now: Instant) -> Any:
    """A value that fits the field, as a case holds it."""
    kind = field.type
    if kind == "choice":
        return field.of[0]
    if kind == "list":
        return [field.of[0]] if field.of else [TEXT]
    if kind in _NUMBERS:
        least = field.min if field.min is not None else min(0, int(str(field.max))) if field.max is not None else 0
        return int(str(least)) if kind == "integer" else _held(Decimal(str(least)), kind)
    if kind == "boolean":
        return False
    if kind == "date":
        return str(field.min or "2026-06-01")
    if kind == "instant":
        return now + 5 * DAY
    if kind == "duration":
        return str(field.min or "2h")
    if kind == "staff":
        return person("hand")
    if kind == "phone":
        return "13800001234"
    if kind == "email":
        return "a@example.com"
    least = int(str(field.min)) if field.min is not None else 0
    return TEXT.ljust(least, "x")[: int(str(field.max)) if field.max is not None else None]


def held_default(field: Field) -> Any:
    """What a field holds of which nothing was said."""
    kept = field.default
    return kept if kept is None or isinstance(kept, bool | int) else str(kept)


class Domains:
    """The values of one procedure's names."""

    def __init__(self, program: Program, lens: Lens, now: Instant) -> None:
        self.program, self.lens, self.now = program, lens, now
        self._known: dict[tuple[Path, bool], list[Any]] = {}
        self.inputs: dict[str, Field] = {
            name: field for asked in program.inputs.values() for name, field in asked.items()
        }

    def of(self, var: Var, field: Field, *, absent: bool) -> list[Any]:
        path: Path = (var[1],) if var[0] in ("field", "new") else ("input", var[1])
        key = path, absent
        if key not in self._known:
            self._known[key] = self._made(path, field, absent)
        return self._known[key]

    def outside(self, source: str, kind: str, of: Sequence[str]) -> list[Any]:
        """What may come from outside of the case: of a column what it may hold, of a choice every value, else whatever some name is
        compared with, and others."""
        field, _, column = source.partition(".")
        about = self.program.procedure.columns(field).get(column)
        if about is not None and about.type == "staff":
            return [person("hand"), person("hand", 2), *([] if about.required else [None])]
        compared = {value for values in self.lens.compared.values() for value in values}
        type = {"instant": "instant", "span": "duration", "any": "text"}.get(kind, kind)
        if type == "choice" and not of:
            type = "text"
        like = Field.model_validate({"type": type if type in get_args(FieldType) else "text", "of": list(of)})
        found = _values(like, compared, True, self.now, many=False)
        return [*(as_known(like, value) for value in found), *([] if about is not None and about.required else [None])]

    def _made(self, path: Path, field: Field, absent: bool) -> list[Any]:
        found = _values(
            field,
            self.lens.compared.get(path, set()),
            path in self.lens.loose,
            self.now,
            bool(self.lens.who or self.lens.by),
        )
        tells = None in self.lens.compared.get(path, ()) or field.type != "boolean" or path in self.lens.loose
        every = [*found, None] if absent and tells else found
        usual = held_default(field)
        # Of several ways the one is found first on which nobody gives what need not be given, or takes away what has to be.
        return sorted(every, key=lambda value: value is None if field.required else value != usual)


def _values(field: Field, compared: set[Any], loose: bool, now: Instant, many: bool) -> list[Any]:
    kind = field.type
    if kind == "boolean":
        return [False, True]
    if kind == "choice":
        if loose:
            return list(field.of)
        other = sorted(
            (value for value in field.of if value not in compared), key=lambda value: value != field.default
        )[:1]
        return [*(value for value in field.of if value in compared), *other]
    if kind in _NUMBERS:
        return _numbers(field, compared, 2 if loose else 1)
    if kind == "staff":
        return [person("hand"), person("hand", 2)] if many else [person("hand")]
    if kind == "list":
        items = list(field.of) or sorted(str(value) for value in compared if value is not None)
        return [[], *([item] for item in items), items] if items else [[TEXT]]
    if kind == "instant":
        return [now + FAR]
    texts = sorted(value for value in compared if isinstance(value, str))
    return [sample_value(field, now), *(text for text in texts if kind in ("text", "room"))]


def _numbers(field: Field, compared: set[Any], around: int) -> list[Any]:
    kind = field.type
    fixed = sorted({Decimal(str(v)) for v in compared if isinstance(v, int | Decimal) and not isinstance(v, bool)})
    least, greatest = (None if bound is None else Decimal(str(bound)) for bound in (field.min, field.max))
    if not fixed:
        return [sample_value(field, 0)]
    if kind == "integer" and fixed[-1] - fixed[0] <= _MANY:
        values = {Decimal(n) for n in range(int(fixed[0]) - around, int(fixed[-1]) + around + 1)}
    else:
        values = {value + by for value in fixed for by in (-1, 0, 1)}
        if kind != "integer":
            values |= {(one + other) / 2 for one, other in pairwise(fixed)}
    values |= {bound for bound in (least, greatest) if bound is not None}
    fits = [v for v in sorted(values) if (least is None or v >= least) and (greatest is None or v <= greatest)]
    return [int(v) if kind == "integer" else _held(v, kind) for v in fits] or [sample_value(field, 0)]


def _held(value: Decimal, kind: str) -> str:
    return f"{value:.2f}" if kind == "money" else str(value)


# -- people and other facts


class People(dict[str, Any]):
    """What the core asks from outside: two of every role and team are there, whoever is named can come.

    `choosing`: who of two is taken is an open question. `registries`: where rows are to say something, and `rows` what; without, what
    they say is an open question wherever something asks for it.
    """

    def __init__(
        self, given: Mapping[str, Any], children: Mapping[str, Any], *, choosing: bool,
        registries: Mapping[str, Shape] | None = None, rows: Rows | None = None,
    ) -> None:  # fmt: skip
        super().__init__(given)
        self.children, self.choosing, self.registries, self.rows = children, choosing, registries or {}, rows or {}
        self.fixed: Mapping[Var, Values] = {}

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        if dict.__contains__(self, key):
            return super().__getitem__(key)
        kind, _, name = key.partition(":")
        if kind in ("role", "team", "lead", "on_duty"):
            return [person(name.replace(":", "_"))]
        if kind == "able":
            return self._able(key, name)
        if kind == "owners":
            return {}
        if kind == "load":
            return dict.fromkeys(name.split(","), 0)
        if kind == "turn":
            return 0
        if kind == "child":
            return self.children.get(name) or {"closed": False, "outcome": None}
        if kind == "attached":
            return {}
        if kind == "households":
            return {"customers": [], "empty": []}
        if kind == "alarm":
            return ["supervisor"]
        if kind == "count":
            return {"others": 0, "reached": []}
        if kind == "entry":
            of, _, row = name.partition(":")
            columns = self.registries[of].columns if of in self.registries else {}
            said = {
                name: sample_value(field, 0)
                for name, field in columns.items()
                if field.required or row != ROW_OF_LITTLE
            }
            column, other, value = row.partition("=")
            if other and column in columns:
                said[column] = _OTHERS[columns[column].type](value)
            return {"of": of, "version": "", "values": {**said, **self.rows.get(of, {})}}
        return None

    def _able(self, key: str, name: str) -> list[list[Any]]:
        """Who could take a case, in tiers: whoever is meant, and others where that is somebody who may not."""
        parts = name.split(":", 4)
        kind, who = parts[0], parts[-1]
        if kind == "person":
            role = who.rpartition(".")[0] or "staff"
            return [["on_duty", [who]], ["substitute", [person(role), person(role, 2)]]]
        who = who if kind == "role" else f"team_{who}"
        if not self.choosing:
            return [["on_duty", [person(who), person(who, 2)]]]
        var = ("fact", key)
        if var not in self.fixed:
            raise Unfixed(var, ((1,), (2,)))
        return [["on_duty", [person(who, self.fixed[var][0])]], ["off_duty", [person(who, 3)]]]


def rows_to_try(program: Program, field: str, sources: Collection[str]) -> list[str]:
    """The keys of rows to which a field may point where it is replayed: for each column that is asked for in `sources` one for each
    value that it may hold as well, `<column>=<value>`."""
    found = [TEXT, ROW_OF_LITTLE]
    for name, about in program.procedure.columns(field).items():
        if any(f"{field}.{name}" in source for source in sources):
            others = about.of[1:] if about.type == "choice" else [] if about.max is None else [about.max]
            found += [f"{name}={value}" for value in (["true"] if about.type == "boolean" else others)]
    return found


def away(program: Program, identity: str, children: Mapping[str, Any], rows: Rows | None = None) -> People:
    """What a case that is replayed asks from outside."""
    registries = program.procedure.registries
    return People({"id": identity, "number": "N-1"}, children, choosing=False, registries=registries, rows=rows)


def actors(words: Sequence[str], case: Case | None, *, both: bool) -> list[Actor]:
    """Who may be meant by these words: of a role one person, or both."""
    found: dict[str, Actor] = {}
    for word in words or ("anyone",):
        for actor in _actor(word, case, both):
            found.setdefault(f"{actor.id} {actor.roles}", actor)
    return list(found.values())


def _actor(word: str, case: Case | None, both: bool) -> list[Actor]:
    base = word.removesuffix(" for customer")
    if base == "system":
        return [SYSTEM]
    if base.startswith("system:"):
        return [Actor(base, (), "service")]
    if base == "customer":
        return [Actor(CUSTOMER, (), "customer")]
    if base in ("assignee", "opener", "previous"):
        who = None if case is None else getattr(case, base)
        if case is None and base == "opener":
            who = person("staff")
        return [] if who is None else [Actor(CUSTOMER, (), "customer") if who == CUSTOMER else hand(who)]
    role = "staff" if base in RELATIONS else base
    return [hand(person(role, number)) for number in ((1, 2, 3) if both else (1,))]


def hand(who: str) -> Actor:
    """The member of staff of this id: the role stands in it."""
    return SYSTEM if who == "system" else Actor(who, (who.rpartition(".")[0],))
