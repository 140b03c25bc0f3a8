"""A report before anybody prints it: tables of figures, each of which knows the cases that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...errors import Text


class Figure(NamedTuple):
    """`unit`: a number (`count`), a part of one (`share`), microseconds (`span`), a mean of marks (`mean`). None: there is nothing to tell.
    `cases` are the numbers of those that it is made of."""

    unit: Literal["count", "share", "span", "mean"]
    value: float | None
    cases: tuple[str, ...] = ()


Cell = Text | Figure


@dataclass(frozen=True, slots=True)
class Table:
    """`key` names it in JSON, as `keys` do its columns."""

    key: str
    title: Text
    head: tuple[Text, ...]
    keys: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    name: str
    title: Text
    tables: tuple[Table, ...]


def count(cases: Iterable[str]) -> Figure:
    """How many things there are of these cases: one that stands twice counts twice."""
    found = tuple(cases)
    return Figure("count", len(found), tuple(dict.fromkeys(found)))


def share(some: Sequence[str], of: Sequence[str]) -> Figure:
    return Figure("share", len(some) / len(of) if of else None, tuple(dict.fromkeys(of)))


def rank(values: Sequence[tuple[int, str]], part: float) -> Figure:
    """The span of the nearest rank: the least that at least `part` of all do not exceed."""
    if not values:
        return Figure("span", None)
    ordered = sorted(values)
    at = max(0, -int(-part * len(ordered) // 1) - 1)
    return Figure("span", ordered[at][0], tuple(dict.fromkeys(case for _, case in ordered)))


def mean(values: Sequence[tuple[float, str]]) -> Figure:
    if not values:
        return Figure("mean", None)
    return Figure(
        "mean", sum(value for value, _ in values) / len(values), tuple(dict.fromkeys(case for _, case in values))
    )
