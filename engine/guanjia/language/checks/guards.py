"""Conditions on every combination of what they read: those that never hold, and what is never reached because something before
it always holds as well. What cannot be counted may hold or not; so what is said here is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import Text
from ...model.node import Guard
from ...model.procedure import Branch, Field
from ...model.survey import Path, Step
from .view import View

if TYPE_CHECKING:
    from ...expressions import Expression
    from ...expressions.finite import Bounds

_WITHOUT: Mapping[str, Field] = {}


class _Way(NamedTuple):
    """One of several of which the first that holds is taken. `certain`: nothing but its guard can hold it back."""

    path: Path
    guard: Sequence[Guard]
    certain: bool
    by: frozenset[str]

    def goes_before(self, later: _Way) -> bool:
        """Whether, where it holds, the later one has no turn."""
        return self.certain and (not self.by or bool(later.by and later.by <= self.by))


def check_guards(view: View) -> None:
    for ways, inputs in _alternatives(view):
        targets = ways[0].path[0] == "sla"
        _first_of(view, ways, inputs, "never-applies" if targets else "never-taken")
    for deed in view.deeds:
        if (when := deed.effect.when) is not None:
            found = _together(view, [[when]], deed.input)
            if found is not None and not any(one for (one,) in found):
                _never(view, (*deed.path, "when"))


def one_sided(view: View) -> Iterator[tuple[Path, bool]]:
    """Each condition that, whenever it is asked, comes to the same: its path, and what it never comes to."""
    for ways, inputs in _alternatives(view):
        guards = [[guard.that for guard in way.guard] for way in ways]
        parts = [text for texts in guards for text in texts]
        found = _together(view, [[text] for text in parts], inputs) if parts else None
        if found is None:
            continue
        sizes, first = [len(way.guard) for way in ways], 0
        truths = [(truth, _joined(truth, sizes)) for truth in found]
        for index, way in enumerate(ways):
            before = [other for other, it in enumerate(ways[:index]) if it.goes_before(way)]
            asked = [truth for truth, held in truths if not any(held[other] for other in before)]
            for place in range(len(way.guard)):
                for never in {True, False} - {truth[first + place] for truth in asked}:
                    yield (*way.path, "guard", place), never
                asked = [truth for truth in asked if truth[first + place]]
            first += len(way.guard)
    for deed in view.deeds:
        if (when := deed.effect.when) is not None and (found := _together(view, [[when]], deed.input)) is not None:
            for never in {True, False} - {one for (one,) in found}:
                yield (*deed.path, "when"), never


def _alternatives(view: View) -> Iterator[tuple[list[_Way], Mapping[str, Field]]]:
    """Those of which the first that holds is taken, and the inputs that they see."""
    for place in view.places:
        ways: dict[tuple[str, str], list[Step]] = {}
        for step in view.own[place.name]:
            ways.setdefault((step.trigger, step.name), []).append(step)
        for steps in ways.values():
            yield (
                [_way(step) for step in steps],
                {name: field for step in steps for name, field in step.branch.input.items()},
            )
    for name, sla in view.procedure.sla.items():
        targets = [
            _Way(("sla", name, "target", i), target.guard, target.within is not None, frozenset())
            for i, target in enumerate(sla.target)
        ]
        yield targets, _WITHOUT


def _way(step: Step) -> _Way:
    branch: Branch = step.branch
    asked = any(field.required and field.default is None for field in branch.input.values())
    certain = not (branch.not_by or branch.at_most or branch.require or asked)
    return _Way(step.path, branch.guard, certain, frozenset(branch.by))


def _first_of(view: View, ways: Sequence[_Way], inputs: Mapping[str, Field], code: str) -> None:
    """Say which of these never is the first that holds."""
    guards = [[guard.that for guard in way.guard] for way in ways]
    if not any(guards) or (found := _together(view, guards, inputs)) is None:
        return
    before = {
        index: [other for other, it in enumerate(ways[:index]) if it.guard and it.goes_before(way)]
        for index, way in enumerate(ways)
        if way.guard
    }
    held: set[int] = set()
    for truth in found:
        if not before:
            return  # each had its turn
        for index in [index for index in before if truth[index]]:
            held.add(index)
            if not any(truth[other] for other in before[index]):
                del before[index]
    for index in before:
        path = (*ways[index].path, "guard")
        if index not in held:
            _never(view, path)
            continue
        view.warn(
            path, code,
            Text("只要它成立，前面总有一支也成立：永远轮不到它", "whenever it holds, one before it holds too: its turn never comes"),
            Text("把它移到前面，或收窄前面的条件", "move it to the front, or make the conditions before it narrower"), key=True,
        )  # fmt: skip


def _never(view: View, path: Path) -> None:
    view.warn(
        path, "never-holds",
        Text("这个条件无论如何都不成立", "this condition never holds, whatever the values are"),
        Text("看看是否写了互相矛盾的比较，或超出了字段的 min、max", "look for comparisons that contradict each other, or that lie outside of `min` and `max` of the field"),
        key=True,
    )  # fmt: skip


def _together(
    view: View, conditions: Sequence[Sequence[str]], inputs: Mapping[str, Field]
) -> Iterable[tuple[bool, ...]] | None:
    """Which of the conditions, each of several parts, hold together; None where it cannot be told."""
    from ...expressions import ExpressionError, parse
    from ...expressions.finite import together

    scope = view.scope(inputs)
    try:
        parsed = [[parse(text, scope) for text in texts] for texts in conditions]
    except ExpressionError:
        return None  # said where types are checked
    flat: list[Expression] = [each for parts in parsed for each in parts]
    bounds = _bounds(view, {path for each in flat for path in each.paths}, inputs)
    found = together(flat, scope, bounds)
    if found is None:
        return None
    sizes = [len(parts) for parts in parsed]
    return (_joined(truth, sizes) for truth in found)


def _joined(truth: tuple[bool, ...], sizes: Sequence[int]) -> tuple[bool, ...]:
    at, joined = 0, []
    for size in sizes:
        joined.append(all(truth[at : at + size]))
        at += size
    return tuple(joined)


def _bounds(view: View, paths: Iterable[tuple[str, ...]], inputs: Mapping[str, Field]) -> Bounds:
    bounds = {}
    for path in paths:
        field = (
            view.procedure.fields.get(path[0])
            if len(path) == 1
            else inputs.get(path[1])
            if path[0] == "input"
            else None
        )
        if field is not None:
            number = field.type in ("integer", "decimal", "money")
            least, greatest = (_number(field.min), _number(field.max)) if number else (None, None)
            bounds[path] = least, greatest, True
        elif path[0] == "past" and path[-1] == "count":
            bounds[path] = 0, None, False
        elif path[0] in ("clock", "ladder", "child"):
            bounds[path] = (0 if path[-1] == "level" else None), None, path[0] == "child"
    return bounds


def _number(value: Any) -> Any:
    if isinstance(value, int | Decimal) or value is None:
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
