"""What conditions can be together: true or false on every combination of what they read, as far as that can be counted.

A condition is and, or, not over comparisons. Where a comparison is of a name with fixed values, the name takes each of its own
values, or each at and around those that it is compared with; any other comparison may hold or not, whatever the others do.
So more combinations are looked at than there can be, never fewer: what holds in none of them never holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from .language import Expression, _Built
from .types import Scope

MOST = 20_000
"""Combinations that are looked at."""

Path = tuple[str, ...]
Bounds = Mapping[Path, tuple[Any, Any, bool]]
"""Of a name the least and the greatest value, None where there is none, and whether it may be absent."""

_LOGIC = ("and", "or", "not")
_COUNTED = ("boolean", "choice", "integer", "decimal", "text")


class _Case:
    """One combination: what a name is there, and whether a comparison holds that cannot be counted."""

    def __init__(self, values: Mapping[Any, Any]) -> None:
        self.values = values

    def look(self, path: Path) -> Any:
        return self.values[path]

    def holds(self, node: _Built) -> bool:
        if node.kind == "and":
            return all(self.holds(part) for part in node.parts)
        if node.kind == "or":
            return any(self.holds(part) for part in node.parts)
        if node.kind == "not":
            return not self.holds(node.parts[0])
        known = self.values.get(node.source)
        return bool(node.run(self) if known is None else known)  # type: ignore[arg-type]


def together(conditions: Sequence[Expression], scope: Scope, bounds: Bounds) -> Iterator[tuple[bool, ...]] | None:
    """Which of the conditions hold, for every combination of what they read; None where there are too many."""
    asked = [leaf for condition in conditions for leaf in leaves(condition.root)]
    read: dict[Path, set[Any]] = {}
    kinds: dict[Path, Any] = {}
    free: set[str] = set()
    for leaf in asked:
        found = {path: scope.type_of(path) for path in leaf.paths}
        if leaf.against is None or not all(kind is not None and kind.kind in _COUNTED for kind in found.values()):
            free.add(leaf.source)
            continue
        kinds |= found
        for path in leaf.paths:
            read.setdefault(path, set()).update(leaf.against)
    domains: list[tuple[Any, Sequence[Any]]] = [(source, (True, False)) for source in sorted(free)]
    # Texts are those that something is compared with, and enough others for each name to have one of its own.
    texts = sorted({value for found in read.values() for value in found if isinstance(value, str)})
    texts += [f"\0{number}" for number in range(sum(kind.kind == "text" for kind in kinds.values()))]
    domains += [
        (path, _values(kinds[path], found, bounds.get(path, (None, None, True)), texts))
        for path, found in sorted(read.items())
    ]
    size = 1
    for _, values in domains:
        size *= len(values)
        if size > MOST:
            return None
    names = [name for name, _ in domains]
    return (
        tuple(map(case.holds, (condition.root for condition in conditions)))
        for chosen in product(*(values for _, values in domains))
        for case in (_Case(dict(zip(names, chosen, strict=True))),)
    )


def leaves(node: _Built) -> Iterator[_Built]:
    """The comparisons that a condition is made of."""
    if node.kind in _LOGIC:
        for part in node.parts:
            yield from leaves(part)
    elif node.paths or node.kind != "const":
        yield node


def _values(kind: Any, found: set[Any], bounds: tuple[Any, Any, bool], texts: Sequence[str]) -> Sequence[Any]:
    """The values that a name takes."""
    least, greatest, absent = bounds
    values: list[Any]
    if kind.kind == "boolean":
        values = [True, False]
    elif kind.kind == "choice":
        values = list(kind.of)
    elif kind.kind == "text":
        values = list(texts)
    else:
        numbers = sorted(
            {
                value
                for value in (*found, least, greatest)
                if isinstance(value, int | Decimal) and not isinstance(value, bool)
            }
            or {0}
        )
        around = {value + by for value in numbers for by in (-1, 0, 1)}
        if kind.kind == "decimal":
            around |= {(one + other) / Decimal(2) for one, other in pairwise(numbers)}
        values = sorted(
            value for value in around if (least is None or value >= least) and (greatest is None or value <= greatest)
        )
    return [*values, None] if absent or not values else values
