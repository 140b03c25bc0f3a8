"""A program that tells what its steps read, so that only what is read is told apart.

It is the compiled program of the core, with other expressions. A field or an input that may be several things stands in a case as
`Some` of them. Where an expression reads one and does not come to the same for all of them, the step breaks off with `Unfixed`,
which says how they part; it is tried again with each part, and so on until nothing is left that parts. A comparison that no
such value settles (of instants, of two amounts) is an open question itself: it may hold or not. What a step did is noted
by the branches that it followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

from ...clock import Instant
from ...core import Program
from ...core.parts import BranchProgram, EffectProgram, Node
from ...core.surroundings import Surroundings
from ...expressions import Expression, parse, scope_of
from ...expressions.language import _Built as Built
from ...model.procedure import Branch, Field
from ...model.scope import GROUPS, names_of
from ...model.version import Version
from ...values import as_known

Var: TypeAlias = tuple[str, ...]
"""`("field", name)`, `("new", name)` of an edit, `("input", name)`, `("was", action, name)` of an input given before,
`("fact", key)`, `("holds", source, number)`, `("outside", source, number)`."""

Values: TypeAlias = tuple[Any, ...]

Tells: TypeAlias = Callable[[tuple[str, ...], Built], bool]

Place: TypeAlias = tuple[str, str, str, int]
"""A branch: the state that declares it, its trigger, its name, and which of the branches there it is."""

_COUNTS = re.compile(r"\bcount\(")
_PEOPLE = re.compile(r"\binput\.")
_OPENS = re.compile(r"^(now - .+|now) >=? |^.+ <=? (now - .+|now)$")
"""Comparisons that come true by waiting."""


_FEW = 6
"""Cases that a step goes through before it is asked whether it goes round."""
_ROUNDS = 3


class Some:
    """What stands in a case for a value of which only this is known: it is one of `values`, as they are held."""

    __slots__ = ("field", "values", "var")

    def __init__(self, var: Var, values: Values, field: Field) -> None:
        self.var, self.values, self.field = var, values, field


class Unfixed(Exception):
    """A step hangs on what is open: `groups` are the values that do not differ in it."""

    def __init__(self, var: Var, groups: tuple[Values, ...]) -> None:
        super().__init__(var)
        self.var, self.groups = var, groups


class Circle(Exception):
    """A step goes round and round by itself: whatever it may come to was come to on the first rounds."""


class _Unclear(Exception):
    """An expression has read a name that may be several things."""

    def __init__(self, some: Some) -> None:
        super().__init__(some.var)
        self.some = some


class Asking:
    """What is open in the step that is being tried, and what it did."""

    def __init__(self) -> None:
        self.fixed: Mapping[Var, Values] = {}
        """What each name is taken to be one of."""
        self.quiet = False
        """Nothing is open: values are as they stand, and what is followed is not noted."""
        self.followed: list[Place] = []
        self.asks: set[Callable[[Any], Any]] = set()
        """How open questions are read."""
        self.offered: Callable[[str, str, tuple[str, ...]], list[Any]] = lambda source, kind, of: []
        """What may come from outside of the case, by what asks for it and the kind of it."""
        self.alike: Callable[[Any, Any], bool] = lambda one, other: False
        """Whether nothing is told apart of two cases."""
        self._seen: list[object] = []

    def begin(self, fixed: Mapping[Var, Values]) -> None:
        self.fixed, self.quiet = fixed, False
        self.followed = []
        self._seen = []

    def values(self, some: Some) -> Values:
        return self.fixed.get(some.var, some.values)

    def sure(self, node: Built, env: Any) -> bool:
        """Whether a condition certainly holds, whatever is open."""
        if node.kind == "and":
            return all(self.sure(part, env) for part in node.parts)
        if node.kind == "or" and any(self.sure(part, env) for part in node.parts):
            return True
        try:
            return node.run not in self.asks and bool(node.run(env))
        except Unfixed:
            return False

    def outside(self, source: str, kind: str, of: tuple[str, ...], case: object) -> Any:
        """What an expression comes to that reads what is outside of the case, as it stands at this point: a row of a registry."""
        var = ("outside", source, str(self._number(case)))
        if var not in self.fixed:
            raise Unfixed(var, tuple((value,) for value in self.offered(source, kind, of)))
        return self.fixed[var][0]

    def _number(self, case: object) -> int:
        """Which of the cases that a step goes through this is."""
        number = next((at for at, seen in enumerate(self._seen) if seen is case), None)
        if number is None:
            number = len(self._seen)
            if number > _FEW and sum(self.alike(seen, case) for seen in self._seen) >= _ROUNDS:
                raise Circle
            self._seen.append(case)
        return number

    def holds(self, source: str, case: object) -> bool:
        """Whether an open comparison holds, as the case stands at this point."""
        var = ("holds", source, str(self._number(case)))
        if var not in self.fixed:
            raise Unfixed(var, ((True,), (False,)))
        return bool(self.fixed[var][0])

    def settle(self, run: Callable[[Any], Any], env: Any, some: Some) -> Any:
        """What an expression comes to that read a name which may be several things; Unfixed where it is not one and the same."""
        given: dict[Var, Any] = {}
        while True:
            values = self.values(some)
            groups: dict[Any, list[Any]] = {}
            for value in values:
                groups.setdefault(self._outcome(run, env, {**given, some.var: value}), []).append(value)
            if len(groups) > 1:
                raise Unfixed(some.var, tuple(map(tuple, groups.values())))
            given[some.var] = values[0]
            try:
                return run(_Seen(env, self, given))
            except _Unclear as unclear:
                some = unclear.some

    def _outcome(self, run: Callable[[Any], Any], env: Any, given: Mapping[Var, Any]) -> Any:
        try:
            result = run(_Seen(env, self, given))
        except _Unclear as unclear:
            some = unclear.some
            return some.var, *(self._outcome(run, env, {**given, some.var: value}) for value in self.values(some))
        return type(result), str(result)


_NOTHING: Mapping[Var, Any] = {}


class _Seen:
    """What an expression sees, with names that may be several things as they are `given`."""

    __slots__ = ("_asking", "_env", "_given")

    def __init__(self, env: Any, asking: Asking, given: Mapping[Var, Any] = _NOTHING) -> None:
        self._env, self._asking, self._given = env, asking, given

    def look(self, path: tuple[str, ...]) -> Any:
        held = held_at(self._env, path)
        if type(held) is not Some:
            return self._env.look(path)
        if held.var in self._given:
            return as_known(held.field, self._given[held.var])
        values = self._asking.values(held)
        if len(values) > 1:
            raise _Unclear(held)
        return as_known(held.field, values[0])

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        return self._env.call(name, args)

    def shift(self, at: Instant, amount: Any, sign: int) -> Instant | None:
        found: Instant | None = self._env.shift(at, amount, sign)
        return found


def held_at(env: Surroundings, path: tuple[str, ...]) -> Any:
    """What a case holds where a name leads that people give: a field, an input, an input of the past."""
    if len(path) == 1:
        return env.fields.get(path[0])
    if path[0] == "input":
        return env.inputs.get(path[1])
    if path[0] == "past" and path[2] == "input":
        past = env.case.past.get(path[1])
        inputs = env.inputs if path[1] == env.happened else {} if past is None else past.input
        return inputs.get(path[3])
    return None


class Noted(tuple[EffectProgram, ...]):
    """The effects of a branch: that they are gone through is noted."""

    note: Callable[[], None]

    def __iter__(self) -> Iterator[EffectProgram]:
        self.note()
        return super().__iter__()


class Watched(Program):
    """A program whose expressions ask. `tells`: whether a name is told apart that a part of a condition reads; `whole`: what this
    one is a slice of."""

    def __init__(self, version: Version, tells: Tells = lambda path, leaf: True, whole: Watched | None = None) -> None:
        self.asking = Asking()
        self.tells = tells
        self.whole = version.procedure if whole is None else whole.procedure
        self.parsed: dict[Any, Expression] = {} if whole is None else whole.parsed
        self._count: dict[tuple[str, str, str], int] = {}
        self.places: dict[int, Place] = {}
        """By the identity of a branch."""
        super().__init__(version)
        self.crossings = {}  # what is done as there come to be so many changes nothing of the case, and its values are open here

    def _expression(self, text: str, inputs: Mapping[str, Field], expect: str | None = "boolean") -> Expression:
        key = text, expect, *((name, item.type, item.of) for name, item in inputs.items())
        if key not in self.parsed:
            self.parsed[key] = parse(text, scope_of(names_of(self.whole, inputs)), expect=expect)
        return self.watch(self.parsed[key])

    def watch(self, parsed: Expression) -> Expression:
        return Expression(parsed.source, _watched(parsed.root, self.asking, self.tells))

    def _branch(self, trigger: str, name: str, owner: Node, branch: Branch) -> BranchProgram:
        made = super()._branch(trigger, name, owner, branch)
        key = owner.name, trigger, name
        self._count[key] = number = self._count.get(key, -1) + 1
        place = self.places[id(made)] = (*key, number)
        effects = Noted(made.effects)
        effects.note = lambda: self.asking.followed.append(place)
        made.effects = effects
        return made


def _watched(node: Built, asking: Asking, tells: Tells) -> Built:
    if node.kind in ("and", "or", "not"):
        parts = tuple(_watched(part, asking, tells) for part in node.parts)
        runs = [part.run for part in parts]
        if node.kind == "and":
            run: Any = lambda env: all(one(env) for one in runs)  # noqa: E731
        elif node.kind == "or":
            run = lambda env: any(one(env) for one in runs)  # noqa: E731
        else:
            run = lambda env: not runs[0](env)  # noqa: E731
        return Built(run, node.type, node.source, node.paths, node.kind, parts, node.constant, node.against)
    if not node.paths and "(" not in node.source:
        return node
    inner = node.run

    def read(env: Any) -> Any:
        if asking.quiet:
            return inner(env)
        try:
            return inner(_Seen(env, asking))
        except _Unclear as unclear:
            return asking.settle(inner, env, unclear.some)

    timed = is_open_question(node)
    untold = node.type.kind == "boolean" and not all(tells(path, node) for path in node.paths)
    if not timed and not untold and (any(map(reads_outside, node.paths)) or _COUNTS.search(node.source)):
        kind = node.type

        def comes(env: Any) -> Any:
            return inner(env) if asking.quiet else asking.outside(node.source, kind.kind, kind.of, env.case)

        return Built(comes, node.type, node.source, node.paths, node.kind, node.parts, node.constant, node.against)
    if not timed and not untold:
        return Built(read, node.type, node.source, node.paths, node.kind, node.parts, node.constant, node.against)
    source, past = node.source, [path for path in node.paths if path[0] == "past" and path[-1] == "at" and not untold]

    def ask(env: Any) -> Any:
        # What never happened is no time ago.
        if asking.quiet or any(env.look(path) is None for path in past):
            return read(env)
        return asking.holds(source, env.case)

    asking.asks.add(ask)
    return Built(ask, node.type, node.source, node.paths, node.kind, node.parts, node.constant, node.against)


def reads_outside(path: tuple[str, ...]) -> bool:
    """Whether a name is of what no case holds the rules of: a column of a row."""
    return len(path) == 2 and path[0] not in GROUPS


def is_open_question(node: Built) -> bool:
    """Whether no choice of fields and inputs settles a comparison: it is of times, or of amounts with each other."""
    if node.type.kind == "boolean" and (any(map(reads_outside, node.paths)) or _COUNTS.search(node.source)):
        return True
    if node.type.kind != "boolean" or node.kind == "path":
        return False
    if node.source.endswith((" is none", " is defined")):
        return False
    if node.source.startswith(("in_state(", "done(", "is_role(")):
        return False
    if node.source.startswith(("is_open(", "sample(")):
        return True
    if node.against is None or not node.paths:
        return True
    return any(
        path[-1] in ("now", "opened_at", "at", "due", "left", "used") and path[0] != "input" for path in node.paths
    )


def comes_true(source: str, fields: Collection[str]) -> bool:
    """Whether people can make an open comparison true, by what they give or by waiting."""
    if source.startswith("sample("):
        return False
    words = set(re.findall(r"(?<![\w.'])[^\W\d]\w*(?![\w(.])", source))  # of a row nobody can say that it says so
    return bool(_PEOPLE.search(source) or words & set(fields) or _OPENS.match(source))


def surroundings(program: Program, case: Any, now: Instant, facts: Any) -> Surroundings:
    """What an expression of nobody's sees of a case."""
    from ...core.surroundings import Facts
    from ...model.event import SYSTEM

    return Surroundings(program, case, now, SYSTEM, Facts(facts), {})
