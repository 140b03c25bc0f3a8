"""The values of a state space: moves, and the situations that they lead to and from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...model.case import Case
from ...model.event import SYSTEM, Actor, Event
from .asking import Place, Values, Var

EDITOR = Actor("editor.one", ("editor",))
"""Somebody who may change fields by hand."""


class Move(NamedTuple):
    """What leads from one situation to the next. `kind`: open, act, signal, edit, assign, ack, child, or delay, clock, climb."""

    kind: str
    name: str
    actor: Actor = SYSTEM
    fixed: tuple[tuple[Var, Values], ...] = ()
    """What it hung on, in the order in which it was asked, and what each of it may be."""
    names: tuple[str, ...] = ()
    """Of an edit: the fields that are given."""

    @property
    def timed(self) -> bool:
        return self.kind in ("delay", "clock", "climb")


class Edge(NamedTuple):
    move: Move
    to: Node
    certain: bool
    """Whether people can bring it about, or the core does: it hangs on no comparison of times that may fail."""
    events: tuple[Event, ...]
    followed: tuple[Place, ...] = ()


@dataclass(eq=False, slots=True)
class Node:
    case: Case
    key: Any
    children: Mapping[str, Any]
    came: tuple[Node, Move] | None
    depth: int
    edges: list[Edge] = field(default_factory=list)
    due: tuple[tuple[str, str], ...] = ()
    """Every due thing that could come next, (kind, key)."""
    seen: bool = False
    """Whether everything was tried from here."""

    @property
    def finished(self) -> bool:
        return self.case.finished

    def way(self) -> list[Move]:
        """The moves that lead here from nothing."""
        moves: list[Move] = []
        node: Node | None = self
        while node is not None and node.came is not None:
            moves.append(node.came[1])
            node = node.came[0] if node.came[0] is not node else None
        return moves[::-1]


class Rivals(NamedTuple):
    """Two transitions of one trigger in tracks that cannot both be followed."""

    node: Node
    move: Move
    places: tuple[Place, Place]
