"""Small procedures drawn at random, and everything that can become of a case of one, gone through by the core itself.

This is what `prove` is held to. Nothing of it is shared with `prove`: no slice, no lens, nothing put together. A configuration is
a case with how long each wait in it still has to go; people act, edit and wait half an hour, as they like. All spans are whole
hours, so that of any two every order comes up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from guanjia.clock import HOUR, Instant, from_iso
from guanjia.core import Program, advance, next_due
from guanjia.errors import GuanjiaError
from guanjia.expressions import parse, scope_of
from guanjia.model.case import Case
from guanjia.model.event import Actor, Command, Event
from guanjia.model.scope import names_of

STEP = HOUR // 2
VALUES: Mapping[str, tuple[Any, ...]] = {"ok": (False, True, None), "kind": ("a", "b", None), "many": (0, 1, 2, None)}
FIELDS = {
    "ok": "{type: boolean}",
    "kind": "{type: choice, of: [a, b], default: a}",
    "many": "{type: integer, min: 0, max: 2, default: 0}",
}
START = from_iso("2026-03-02T10:00", "UTC")
HANDS = (Actor("agent.one", ("agent",)), Actor("agent.two", ("agent",)))
MOST = 600


class Drawn:
    """The text of a procedure, and the names that something in it counts."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        pick = self.random
        self.fields = pick.sample(list(FIELDS), pick.choice((1, 1, 2)))
        self.states = [f"s{n}" for n in range(pick.randint(2, 4))]
        self.actions = [f"a{n}" for n in range(pick.randint(2, 5))]
        self.claims: dict[str, tuple[str, str, bool]] = {}
        self.text = self._text()

    def _guard(self) -> str:
        pick = self.random
        parts = []
        for _ in range(pick.choice((1, 1, 2))):
            kind = pick.random()
            if kind < 0.6:
                name = pick.choice(self.fields)
                parts.append({
                    "ok": pick.choice(("ok", "not ok", "ok is none")), "kind": pick.choice(("kind == 'a'", "kind != 'b'", "kind is none")),
                    "many": pick.choice(("many == 1", "many != 2", "many is none")),
                }[name])  # fmt: skip
            else:
                action = pick.choice(self.actions)
                parts.append(f"past.{action}.count {pick.choice(('> 0', '== 0', '< 2', '== 1'))}")
        return pick.choice((" and ", " or ")).join(parts)

    def _body(self, to: str | None) -> str:
        pick = self.random
        parts = [] if to is None else [f"to: {to}"]
        if pick.random() < 0.5:
            parts.append(f'guard: "{self._guard()}"')
        if pick.random() < 0.25:
            name = pick.choice(self.fields)
            value = pick.choice([each for each in VALUES[name] if each is not None])
            parts.append(f"do: [{{set: {{{name}: {str(value).lower() if isinstance(value, bool) else value}}}}}]")
        return ", ".join(parts)

    def _text(self) -> str:
        pick = self.random
        lines = [
            "procedure: small",
            "fields:",
            *(f"  {name}: {FIELDS[name]}" for name in self.fields),
            "initial: s0",
            "states:",
        ]
        ends = [*self.states, "end"]
        left = list(self.actions)
        for state in self.states:
            own = [left.pop() for _ in range(min(len(left), pick.randint(1, 2)))] if state != self.states[-1] else left
            lines.append(f"  {state}:")
            if pick.random() < 0.15:
                lines.append("    entry: [{escalate: manager}]")
            if own:
                lines.append("    transitions:")
            for action in own:
                body = self._body(pick.choice([*ends, None]) if pick.random() < 0.9 else None)
                more = ", at_most: 1" if pick.random() < 0.2 else ""
                more += f", not_by: [{pick.choice(self.actions)}]" if pick.random() < 0.15 else ""
                lines.append(f"      {action}: {{by: agent{more}{', ' if body else ''}{body}}}")
            if pick.random() < 0.5:
                lines.append("    after:")
                for number in range(pick.choice((1, 1, 2))):
                    way = "escalate" if pick.random() < 0.2 else "go"
                    body = (
                        "do: [{escalate: manager}]"
                        if way == "escalate"
                        else self._body(pick.choice([each for each in ends if each != state]))
                    )
                    word = "every" if way == "escalate" else "delay"
                    lines.append(f"      d{number}: {{{word}: {pick.randint(1, 2)}h, calendar: always, {body}}}")
            if pick.random() < 0.2:
                lines.append(
                    f'    always: {{to: {pick.choice([e for e in ends if e != state])}, guard: "{self._guard()}"}}'
                )
        lines.append("  end: {final: true}")
        lines.append("properties:")
        for number in range(2):
            where, way, edits = (
                pick.choice([*self.states, "end"]),
                pick.choice(("never", "always")),
                pick.random() < 0.6,
            )
            what = (
                f"in_state('{where}') and ({self._guard()})"
                if way == "never"
                else f"not in_state('{where}') or {self._guard()}"
            )
            self.claims[f"p{number}"] = (way, what, edits)
            lines.append(f'  p{number}: {{{way}: "{what}", edits: {str(edits).lower()}}}')
        return "\n".join(lines) + "\n"


class Outside(dict[str, Any]):
    """What the core asks from outside: one of every role."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key) if dict.__contains__(self, key) else [f"{key.partition(':')[2]}.one"]


class All:
    """Every configuration that a case of a procedure can be in. `whole`: there were not too many."""

    def __init__(self, program: Program, fields: list[str], *, edits: bool) -> None:
        self.program, self.fields, self.edits = program, fields, edits
        self.found: dict[Any, tuple[Case, Instant]] = {}
        self.ways: dict[Any, list[Any]] = {}
        self.reached: set[tuple[str, str]] = set()
        self.whole = True
        self._pending: list[Any] = []
        self._explore()

    def _explore(self) -> None:
        starts: list[dict[str, Any]] = [{}]
        for name in self.fields:
            starts = [
                {**start, name: value} for start in starts for value in VALUES[name] if value is not None
            ] + starts
        for start in starts:
            for actor in HANDS[:1]:
                self._do(None, Command("open", "small", values=start, actor=actor), None, START)
        while self._pending and self.whole:
            key = self._pending.pop()
            case, now = self.found[key]
            self.ways[key] = []
            for command in self._commands(case):
                self._do(key, command, case, now)
            if next_due(case) is not None:
                self._wait(key, case, now)

    def _commands(self, case: Case) -> Iterator[Command]:
        for action in () if case.finished else self.program.actions:
            for actor in HANDS:
                yield Command("act", action, case.id, {}, actor)
        if self.edits:
            for name in self.fields:
                for value in VALUES[name]:
                    yield Command("edit", "", case.id, {name: value}, HANDS[0])

    def _do(self, key: Any, command: Command, case: Case | None, now: Instant) -> None:
        try:
            events, after = advance(self.program, case, command, now, Outside(id="c", number="N-1"))
        except GuanjiaError:
            return
        if events:
            self._came(key, events, case, after, now)

    def _wait(self, key: Any, case: Case, now: Instant) -> None:
        until, before = now + STEP, case
        while (due := next_due(case)) is not None and due <= until and not case.finished:
            try:
                events, after = advance(self.program, case, Command("due", ""), due, Outside(id="c", number="N-1"))
            except GuanjiaError:  # it goes round in a circle: of what never comes to rest nothing is asked here
                self.whole = False
                return
            self._came(None, events, case, after, due)
            case = after
        self._came(key, (), before, case, until)

    def _came(self, key: Any, events: tuple[Event, ...], before: Case | None, after: Case, now: Instant) -> None:
        for event in events:
            self.reached |= {("state", name) for name in event.data.get("entered", ())}
            moved = "entered" in event.data or "exited" in event.data
            if event.type == "acted":
                self.reached.add(("act", event.name))
            elif event.type == "elapsed" and (moved or "escalated" in event.data):
                self.reached.add(("delay", event.name))
            elif event.type == "moved":
                self.reached.add(("always", event.name))
        there = self._key(after, now)
        if there not in self.found:
            self.found[there] = after, now
            self._pending.append(there)
            self.whole &= len(self.found) < MOST
        if key is not None:
            self.ways[key].append(there)

    def _key(self, case: Case, now: Instant) -> Any:
        past = tuple(
            (name, min(past.count, 2), past.by) for name, past in sorted(case.past.items()) if name.startswith("a")
        )
        fields = tuple(str(case.fields.get(name)) for name in self.fields)
        waits = tuple((key, delay.due - now) for key, delay in sorted(case.delays.items()))
        return case.states, case.finished, past, fields, waits, bool(case.escalated)

    # -- what is so of them

    def ends(self) -> bool:
        before: dict[Any, list[Any]] = {}
        for key, several in self.ways.items():
            for there in several:
                before.setdefault(there, []).append(key)
        can = {key for key, (case, _) in self.found.items() if case.finished}
        pending = list(can)
        while pending:
            for key in before.get(pending.pop(), ()):
                if key not in can:
                    can.add(key)
                    pending.append(key)
        return len(can) == len(self.found)

    def bounded(self) -> bool:
        return all(self._ends_alone(case, now) for case, now in self.found.values())

    def _ends_alone(self, case: Case, now: Instant) -> bool:
        seen = set()
        while not (case.finished or case.escalated):
            due = next_due(case)
            key = self._key(case, now)
            if due is None or key in seen:
                return False
            seen.add(key)
            _, case = advance(self.program, case, Command("due", ""), due, Outside(id="c", number="N-1"))
            now = due
        return True

    def holds(self, text: str, way: str) -> bool:
        from guanjia.core.surroundings import Facts, Surroundings
        from guanjia.model.event import SYSTEM

        claim = parse(text, scope_of(names_of(self.program.procedure)), expect="boolean")
        return all(
            bool(claim.evaluate(Surroundings(self.program, case, now, SYSTEM, Facts(Outside()), {})))
            == (way == "always")
            for case, now in self.found.values()
        )

    def everything(self) -> bool:
        """Whether every state and transition is reached."""
        wanted: set[tuple[str, str]] = set()
        for name, node in self.program.nodes.items():
            wanted.add(("state", name))
            wanted |= {("act", action) for action in node.state.transitions}
            wanted |= {("delay", f"{name}.{delay}") for delay in node.state.after}
            wanted |= {("always", name)} if node.state.always else set()
        return wanted <= self.reached
