"""Whether a way can really be gone: the whole procedure, from the opening on, with instants.

What the state space leaves open is looked for here: how long people wait before they act, and what they give where a time or
an amount is compared. The core makes each step as it does in an office; a way counts when it comes by the same situations.
Nothing is reported as refuted that was not replayed so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

from ...clock import DAY, HOUR, MINUTE, SECOND, Instant
from ...core import Program, advance, next_due
from ...errors import GuanjiaError
from ...model.case import Case
from ...model.event import SYSTEM, Command, Event
from ...model.procedure import ENTRY, Field
from .asking import Values, Var
from .domains import CUSTOMER, FAR, Rows, away, held_default, rows_to_try, sample_value
from .situations import EDITOR, Move, Node
from .space import Space

_WAITS = (MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, 6 * DAY, 16 * DAY)
_MOST = (150, 400, 1_000)
"""Steps that are tried: while people act at once, while they may wait for what is due next, and however long they wait."""
_ENDS = 4
"""Ways that are gone to their end with each patience: where what was to hold there does not, it hardly will after others."""
_SAMPLE = re.compile(r"sample\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Done:
    """One command, or one due thing, that was carried out."""

    at: Instant
    command: Command
    events: tuple[Event, ...]
    after: Case


class _Spent(Exception):
    """As much was tried as may be."""


_INSTANT = Field(type="instant")


class Replay:
    """Goes ways of one space in the whole procedure."""

    def __init__(self, program: Program, space: Space) -> None:
        self.program, self.space = program, space
        self._left = self._patience = 0
        self.rows: Rows = {}
        """What the rows say on the way that was gone last."""

    def go(
        self, way: Sequence[tuple[Move, Node]], holds: Callable[[Case, Instant], bool] | None = None
    ) -> list[Done] | None:
        """What was done on a way that leads there; None where none was found. `holds`: what is to be so at its end."""
        way = self._foreseen(way)
        identity = _drawn(way)
        if identity is None:
            return None
        self.rows = self._said(way)
        for self._patience in (0, 1, 2):
            self._left = _MOST[self._patience]
            try:
                for done in islice(self._from(way, 0, None, self.space.now, {}, identity), _ENDS):
                    if holds is None or holds(done[-1].after, done[-1].at):
                        return done
            except _Spent:
                pass
        return None

    def _foreseen(self, way: Sequence[tuple[Move, Node]]) -> list[tuple[Move, Node]]:
        """The way on which each field is given, where it is given, what fits as much as possible of what follows: so that little
        has to be changed by hand, and nothing where nobody edits."""
        ahead: dict[Var, Values] = {}
        found: list[tuple[Move, Node]] = []
        for place in range(len(way) - 1, -1, -1):
            move, node = way[place]
            fixed: dict[Var, Values] = {}
            for var, values in move.fixed:
                later = tuple(value for value in values if value in ahead[var]) if var in ahead else ()
                fixed[var] = (*later, *(value for value in values if value not in later))
                if var[0] == "field":
                    ahead[var] = later or values
            if move.kind == "act" and not self.space.lens.havoc:
                for name in self._required(move, way[place - 1][1].case):
                    ahead.pop(("field", name), None)
            if place == 0:
                given = {
                    var: values
                    for var, values in ahead.items()
                    if self._otherwise(var[1]) not in values and var[1] not in self.program.writers
                }
                fixed = given | fixed
            found.append((move._replace(fixed=tuple(fixed.items())), node))
        return found[::-1]

    def _said(self, way: Sequence[tuple[Move, Node]]) -> Rows:
        """What rows were taken to say."""
        rows: dict[str, dict[str, Any]] = {}
        for move, _ in way:
            for var, values in move.fixed:
                field, _, column = var[1].partition(".")
                if var[0] == "outside" and column in self.program.procedure.columns(field):
                    rows.setdefault(self.program.entries[field], {}).setdefault(column, values[0])
        return rows

    def _otherwise(self, name: str) -> Any:
        """What a field holds of which nothing is said as a case is opened."""
        item = self.program.fields[name]
        return sample_value(item, self.space.now) if item.required else held_default(item)

    # -- one move after the other

    def _from(
        self, way: Sequence[tuple[Move, Node]], place: int, case: Case | None, now: Instant,
        children: Mapping[str, Any], identity: str,
    ) -> Iterator[list[Done]]:  # fmt: skip
        if place == len(way):
            yield []
            return
        move, node = way[place]
        for done in self._moved(move, node, case, now, children, identity):
            last = done[-1] if done else None
            after, at = (last.after, last.at) if last is not None else (case, now)
            closed = {**node.children}
            for rest in self._from(way, place + 1, after, at, closed, identity):
                yield [*done, *rest]

    def _moved(
        self, move: Move, node: Node, case: Case | None, now: Instant, children: Mapping[str, Any], identity: str
    ) -> Iterator[list[Done]]:
        if move.kind == "child":
            yield []
            return
        if move.timed:
            assert case is not None
            yield from self._timed(move, node, case, now, children)
            return
        for wait in self._waits(case, now, move):
            before = self._wait(case, now, now + wait, children)
            if before is None:
                continue
            passed, at, here = before
            for given in self._given(move, here, at):
                done = self._act(move, here, at, children, identity, given)
                if done is not None and self._is(done[-1].after, node):
                    yield [*passed, *done]

    def _is(self, case: Case, node: Node) -> bool:
        return self.space.keys.agrees(case, node.key, node.children)

    def _waits(self, case: Case | None, now: Instant, move: Move) -> list[int]:
        if case is None:
            return [0]
        found = [0]
        compared = any(var[0] == "holds" for var, _ in move.fixed)
        if self._patience == 0 and not compared:
            return found
        if not case.finished and (due := next_due(case)) is not None and due - now > SECOND:
            found.append(due - now - SECOND)
        return found if self._patience < 2 and not compared else [*found, *_WAITS]

    def _wait(
        self, case: Case | None, now: Instant, until: Instant, children: Mapping[str, Any]
    ) -> tuple[list[Done], Instant, Case | None] | None:
        """The case at a later instant, if nothing that is told apart happened meanwhile."""
        if case is None or case.finished:
            return [], until, case
        done: list[Done] = []
        key = None
        while (due := next_due(case)) is not None and due <= until:
            if key is None:
                key = self.space.keys.bare(case, children)
            step = self._do(Command("due", ""), case, due, children)
            if step is None or self.space.keys.bare(step.after, children) != key or len(done) > 60:
                return None
            done.append(step)
            case = step.after
        return done, until, case

    def _timed(
        self, move: Move, node: Node, case: Case, now: Instant, children: Mapping[str, Any]
    ) -> Iterator[list[Done]]:
        for given in self._given(move, case, now):
            first = self._put(move, case, now, children, given)
            if first is None:
                continue
            done, here = first
            key, many = self.space.keys.bare(here, children), 0
            while (due := next_due(here)) is not None and many < 60:
                step = self._do(Command("due", ""), here, due, children)
                if step is None:
                    break
                done = [*done, step]
                here, many = step.after, many + 1
                if step.events and step.events[0].name == move.name and self._is(here, node):
                    yield done
                    break
                if self.space.keys.bare(here, children) != key:
                    break

    # -- what is given

    def _given(self, move: Move, case: Case | None, now: Instant) -> Iterator[Mapping[tuple[str, str], Any]]:
        """What people give besides: what was chosen, and for what is compared with a time or another amount several values."""
        fixed: dict[tuple[str, str], Any] = {}
        for var, values in move.fixed:
            if var[0] in ("field", "input", "new"):
                here = case.fields.get(var[1]) if var[0] == "field" and case is not None else None
                stays = case is not None and var[0] == "field" and here in values
                fixed[var[0], var[1]] = here if stays else values[0]
        loose: dict[tuple[str, str], list[Any]] = {}
        for var, value in list(fixed.items()):
            if value == self.space.now + FAR and not isinstance(value, bool):  # some instant: which one is to be found
                loose[var] = [*self._tried(_INSTANT, now, required=True), fixed.pop(var)]
        inputs = self.program.inputs.get((move.kind, move.name), {})
        sources = [var[1] for var, _ in move.fixed if var[0] == "holds"]
        for name, item in inputs.items():
            if any(f"input.{name}" in source for source in sources) and ("input", name) not in fixed:
                loose["input", name] = self._tried(item, now, required=item.required)
        for name, item in self.program.fields.items():
            named = any(
                name in source.replace(".", " ").replace("(", " ").replace(")", " ").split() for source in sources
            )
            if (
                named
                and not any(f"input.{name}" in s or f"past.{name}" in s for s in sources)
                and ("field", name) not in fixed
            ):
                several = rows_to_try(self.program, name, sources) if item.type == ENTRY else None
                loose["field", name] = several or self._tried(item, now, required=False)
        for name, item in inputs.items():
            if ("input", name) in fixed and fixed["input", name] is not None and item.type == "instant":
                loose["input", name] = self._tried(item, now, required=True)
        names = list(loose)[:3]
        for values in product(*(loose[name] for name in names)):
            yield {**fixed, **dict(zip(names, values, strict=True))}

    def _tried(self, field: Field, now: Instant, *, required: bool) -> list[Any]:
        kind = field.type
        if kind == "instant":
            found: list[Any] = [now + HOUR, now + DAY, now + 10 * DAY, now + 60 * DAY, now - DAY]
        elif kind in ("integer", "decimal", "money"):
            found = [0, 1, 10, 1000] if kind == "integer" else ["0.00", "1.00", "100.00", "10000.00"]
            found = [v for v in found if (field.min is None or float(v) >= float(str(field.min))) and (field.max is None or float(v) <= float(str(field.max)))]  # fmt: skip
        elif kind == "date":
            found = ["2026-01-01", "2026-12-31"]
        else:
            found = [sample_value(field, now)]
        return found if required else [*found, None]

    # -- doing

    def _put(
        self, move: Move, case: Case, now: Instant, children: Mapping[str, Any], given: Mapping[tuple[str, str], Any]
    ) -> tuple[list[Done], Case] | None:
        """The case with the fields that the move is to find, changed by hand where they are others."""
        wanted = {
            name: value for (kind, name), value in given.items() if kind == "field" and case.fields.get(name) != value
        }
        if not wanted or not self.space.lens.havoc:
            return [], case
        step = self._do(Command("edit", "", case.id, wanted, SYSTEM), case, now, children)
        if step is None or self.space.keys.bare(step.after, children) != self.space.keys.bare(case, children):
            return None
        return [step], step.after

    def _act(
        self, move: Move, case: Case | None, now: Instant, children: Mapping[str, Any], identity: str,
        given: Mapping[tuple[str, str], Any],
    ) -> list[Done] | None:  # fmt: skip
        fields = {name: value for (kind, name), value in given.items() if kind == "field"}
        if case is None:
            return self._open(move, now, identity, fields)
        done: list[Done] = []
        inputs = {name: value for (kind, name), value in given.items() if kind == "input" and value is not None}
        if move.kind in ("act", "signal"):
            asked = self.program.inputs.get((move.kind, move.name), {})
            for name, item in asked.items():
                if item.required and move.kind == "act" and name not in inputs:
                    inputs[name] = sample_value(item, now)
            values: dict[str, Any] = {name: value for name, value in fields.items() if case.fields.get(name) != value}
            if move.kind == "act":
                for name in self._required(move, case):
                    if values.get(name, case.fields.get(name)) is None:
                        values[name] = sample_value(self.program.fields[name], now)
            # Where a name is both, what is given is the input's; and some fields are written by some people only.
            by_hand = {
                n: v for n, v in values.items() if move.kind == "signal" or n in asked or n in self.program.writers
            }
            if by_hand:
                step = self._do(Command("edit", "", case.id, by_hand, SYSTEM), case, now, children)
                if step is None or self.space.keys.bare(step.after, children) != self.space.keys.bare(case, children):
                    return None
                done.append(step)
                case = step.after
            values = {name: value for name, value in values.items() if name not in by_hand}
            command = Command(move.kind, move.name, case.id, {**values, **inputs}, move.actor)  # type: ignore[arg-type]
        elif move.kind == "edit":
            new = {name: value for (kind, name), value in given.items() if kind == "new"}
            first = self._put(move, case, now, children, given)
            if first is None:
                return None
            done, case = list(first[0]), first[1]
            command = Command("edit", "", case.id, new, move.actor, key="k")
        elif move.kind == "assign":
            command = Command("assign", move.name, case.id, {}, EDITOR, reason="by hand")
        else:
            command = Command("ack", "", case.id, {}, move.actor)
        made = self._do(command, case, now, children)
        return None if made is None else [*done, made]

    def _required(self, move: Move, case: Case) -> list[str]:
        found = self.program.triggers_of(case.states).get(f"act:{move.name}", ()) if not case.finished else self.program.reopen  # fmt: skip
        return [name for branch in found for name in branch.require]

    def _open(self, move: Move, now: Instant, identity: str, fields: Mapping[str, Any]) -> list[Done] | None:
        values = {name: value for name, value in fields.items() if value is not None}
        for name, item in self.program.fields.items():
            if item.required and name not in values:
                values[name] = sample_value(item, now)
        command = Command("open", self.program.procedure.procedure, values=values, actor=move.actor, customer=CUSTOMER)
        command = replace(command, key=identity)
        opened = self._do(command, None, now, {})
        if opened is None:
            return None
        taken = {n: None for n, v in fields.items() if v is None and opened.after.fields.get(n) is not None}
        if not taken:
            return [opened]
        edited = self._do(Command("edit", "", opened.after.id, taken, SYSTEM), opened.after, now, {})
        return None if edited is None else [opened, edited]

    def _do(self, command: Command, case: Case | None, now: Instant, children: Mapping[str, Any]) -> Done | None:
        self._left -= 1
        if self._left < 0:
            raise _Spent
        identity = (command.key if case is None else case.id) or ""
        facts = away(self.program, identity, children, self.rows)
        try:
            events, after = advance(self.program, case, command, now, facts)
        except GuanjiaError:
            return None
        return Done(now, command, events, after)


def _drawn(way: Sequence[tuple[Move, Node]]) -> str | None:
    """The id of a case that every `sample(…)` on a way draws as it was chosen."""
    wanted = {
        (int(found.group(1)), bool(values[0]))
        for move, _ in way
        for var, values in move.fixed
        if var[0] == "holds" and (found := _SAMPLE.match(var[1]))
    }
    for number in range(400):
        draw = int.from_bytes(hashlib.sha256(f"{number}:sample".encode()).digest()[:4], "big") % 10_000
        if all((draw < share * 100) == drawn for share, drawn in wanted):
            return str(number)
    return None
