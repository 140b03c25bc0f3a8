"""What could happen next to a case, as steps of a story: actions with values that their conditions tell apart, signals, waiting.

Values are those that conditions compare with, at and around them; a text that nothing compares is given once. People are the
first two of each role, so that four eyes can be two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice, product
from typing import Any

from ...clock import DAY, HOUR, Instant
from ...core.allowing import allowed
from ...core.parts import BranchProgram
from ...core.program import Program
from ...expressions import Expression
from ...expressions.finite import leaves
from ...model.case import Case
from ...model.procedure import ENTRY, Field
from ..stories import Telling

Plain = dict[str, Any]
"""One step as the file has it."""

MOST_WAYS = 16
"""Ways to fill in what an action asks for."""
MOST_OPENINGS = 64
_NONE = Field(type="text")
_TEXTS = ("3-1-502", "13800001234", "a@example.com", "12345", "A1")
_SPANS = (5 * HOUR, 25 * HOUR, 6 * DAY)
"""How long is waited where a condition looks at the present and nothing else falls due."""


class Offers:
    """The steps that a story of one procedure could take next."""

    def __init__(self, program: Program, read: Sequence[Expression], telling: Telling) -> None:
        self.program, self.telling = program, telling
        self.procedure = program.procedure
        self.leaves = [leaf for each in read if each.type.kind == "boolean" for leaf in leaves(each.root)]
        self.compared: dict[tuple[str, ...], set[Any]] = {}
        for leaf in self.leaves:
            for path in leaf.paths:
                self.compared.setdefault(path, set()).update(leaf.against or ())

    # -- people

    def people(self, words: Iterable[str], case: Case | None, *, two: bool) -> list[str]:
        """Whom these words may mean, as a story says it."""
        found: dict[str, None] = {}
        staff = self.telling.engine.organisation
        for word in tuple(words) or ("anyone",):
            base = word.removesuffix(" for customer")
            if base in ("customer", "system"):
                found[base] = None
            elif base in ("assignee", "opener", "previous"):
                if case is not None and getattr(case, base) is not None:
                    found[base] = None
            elif base in ("anyone", "staff"):
                if case is not None and case.assignee is not None:
                    found["assignee"] = None
                found.update((self._said(who), None) for who in islice(staff.staff, 2 if two else 1))
            else:
                found[base] = None
                if two:
                    found.update(dict.fromkeys(staff.resolve(base)[1:2]))
        return list(found)

    def _said(self, who: str) -> str:
        """Somebody as stories say it: by a role of which he is the first, else by id."""
        people = self.telling.engine.organisation
        return next((role for role in people.roles_of(who) if people.resolve(role)[:1] == (who,)), who)

    # -- values

    def values(self, name: str, field: Field, path: tuple[str, ...]) -> list[Any]:
        """What might be given for a field or an input, the plainest first."""
        kind, compared, now = field.type, self.compared.get(path, set()), self.telling.clock.now()
        if kind == "boolean":
            return [True, False] if field.default is not True else [False, True]
        if kind == "choice":
            return list(field.of)
        if kind in ("integer", "decimal", "money"):
            return _numbers(field, compared)
        if kind in ("instant", "date"):
            return [self._day(kind, now + later) for later in (DAY, HOUR, 6 * DAY, 40 * DAY)]
        if kind == "staff":
            people = self.telling.engine.organisation
            first = {people.roles_of(who)[:1]: who for who in reversed(list(people.staff))}
            return list(first.values())
        if kind == ENTRY:
            engine = self.telling.engine
            return list(engine.registry(field.of[0]).rows) if field.of[0] in engine.registries() else ["-"]
        if kind == "duration":
            return [field.min if field.min is not None else "2h"]
        if kind == "list":
            return [list(field.of[:1]) or ["x"]]
        fixed = {
            "phone": "13800001234",
            "email": "a@example.com",
            "room": "3-1-502",
            "attachment": "photo.jpg",
            "customer": "C-1",
        }
        if kind in fixed and field.pattern is None:
            return [fixed[kind]]
        word = self.procedure.label(name, self.telling.engine.office.language)
        fits = [text for text in (word, *_TEXTS) if field.pattern is None or re.fullmatch(field.pattern, text)]
        short = None if field.max is None else int(str(field.max))
        plain = [text[:short].ljust(int(str(field.min or 0)), "x") for text in fits[:1]]
        return [*plain, *sorted(value for value in compared if isinstance(value, str) and value not in plain)]

    def _day(self, kind: str, at: Instant) -> str:
        wall = self.telling.wall(at)
        return wall if kind == "instant" else wall[:10]

    def _ways(self, needed: Mapping[str, tuple[Field, tuple[str, ...]]]) -> Iterator[Plain]:
        """Each way to fill these in; ways that differ in one value before those that differ in two."""
        domains = {name: self.values(name, field, path)[:8] for name, (field, path) in needed.items()}
        places = sorted(
            product(*(range(len(values)) for values in domains.values())),
            key=lambda way: (sum(at > 0 for at in way), way),
        )
        for way in places[:MOST_WAYS]:
            yield {name: values[at] for (name, values), at in zip(domains.items(), way, strict=True)}

    # -- steps

    def openings(self) -> Iterator[Plain]:
        """Ways to open a case: with what is required, then with one other value of what conditions look at, then with two."""
        fields, base = self.procedure.fields, dict[str, Any]()
        for name, field in fields.items():
            if field.required and field.default is None:
                base[name] = self.values(name, field, (name,))[0]
        heads = {path[0] for path in self.compared}  # of an entry its columns are looked at
        looked_at = [
            name for name in fields if (name,) in self.compared or (fields[name].type == ENTRY and name in heads)
        ]
        other: list[tuple[str, Any]] = []
        for name in looked_at:
            plain = base.get(name, fields[name].default)
            other += [(name, value) for value in self.values(name, fields[name], (name,)) if str(value) != str(plain)]
        ways = [base, *({**base, name: value} for name, value in other)]
        ways += [{**base, a: x, b: y} for i, (a, x) in enumerate(other) for b, y in other[i + 1 :] if a != b]
        words = [word for word in self.procedure.open_by if word not in ("assignee", "previous")]
        openers = self.people(words, None, two=False) or ["system"]
        for number, way in enumerate(ways[:MOST_OPENINGS]):
            for by in openers if number == 0 else openers[:1]:
                yield {"by": by, "with": way}
            if number == 0:
                yield from ({"by": openers[0], "mode": mode, "with": way} for mode in self.procedure.modes)

    def acts(self, case: Case) -> Iterator[tuple[Plain, tuple[BranchProgram, ...]]]:
        """Everything that people and other systems could do now, allowed or not, with the branches that it may take."""
        if case.merged:
            return
        found = {"act:reopen": list(self.program.reopen)} if case.finished else self.program.triggers_of(case.states)
        for trigger, branches in found.items():
            kind, _, name = trigger.partition(":")
            told: set[str] = set()
            for branch in branches if kind in ("act", "signal") else ():
                for step in self._steps(kind, name, branch, case):
                    if (key := repr(step)) not in told:
                        told.add(key)
                        yield step, tuple(branches)

    def spans(self, case: Case) -> tuple[int, ...]:
        """How long to wait where a way out looks at the time."""
        branches = (
            [] if case.finished else [b for listed in self.program.triggers_of(case.states).values() for b in listed]
        )
        looks = any(("now",) in expression.paths for branch in branches for _, expression in branch.guards)
        return _SPANS if looks else ()

    def _steps(self, kind: str, name: str, branch: BranchProgram, case: Case) -> Iterator[Plain]:
        needed = self._needed(branch, case)
        ways = list(self._ways(needed))
        bare = {name: ways[0][name] for name in needed if name in branch.asked or name in branch.require}
        if bare != ways[0]:
            ways.append(bare)  # what only a condition looks at may be left out too
        people = self.people(branch.by, case, two=bool(branch.not_by)) if kind == "act" else [""]
        for by in people:
            for way in ways:
                step: Plain = {"when": name, "by": by} if kind == "act" else {"signal": name}
                yield step | ({"with": way} if way else {})

    def _needed(self, branch: BranchProgram, case: Case) -> dict[str, tuple[Field, tuple[str, ...]]]:
        """What is asked for, and whatever its conditions look at that can be given with it."""
        fields, inputs = self.procedure.fields, branch.branch.input
        needed: dict[str, tuple[Field, tuple[str, ...]]] = {
            name: (inputs[name], ("input", name)) for name in branch.asked
        }
        needed |= {name: (fields[name], (name,)) for name in branch.require if case.fields.get(name) is None}
        for _, expression in branch.guards:
            for path in sorted(expression.paths):
                if path[0] == "input" and path[1] in inputs:
                    needed[path[1]] = inputs[path[1]], path
                elif (
                    (len(path) == 1 or fields.get(path[0], _NONE).type == ENTRY)
                    and path[0] in fields
                    and branch.trigger.startswith("act:")
                ):
                    needed[path[0]] = fields[path[0]], path
        return needed

    def may(self, branch: BranchProgram, who: str, case: Case) -> bool:
        return not branch.by or allowed(branch.by, self.telling.who(who), case)


def _numbers(field: Field, compared: set[Any]) -> list[Any]:
    """At and around what it is compared with, within its bounds; else the least, or one."""
    bounds = [None if bound is None else Decimal(str(bound)) for bound in (field.min, field.max)]
    fixed = {
        Decimal(str(value)) for value in compared if isinstance(value, int | Decimal) and not isinstance(value, bool)
    }
    around = (
        {value + by for value in fixed for by in (-1, 0, 1)}
        | {bound for bound in bounds if bound is not None}
        | {Decimal(1)}
    )
    if not fixed:  # it is reckoned with: a little and a lot
        around |= {Decimal(0), Decimal(1_000_000)}
    least, greatest = bounds
    fits = [
        value
        for value in sorted(around)
        if (least is None or value >= least) and (greatest is None or value <= greatest)
    ]
    fits.sort(key=lambda value: value != 1)
    return [int(value) if field.type == "integer" else f"{value:f}" for value in fits]
