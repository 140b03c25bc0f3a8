"""What somebody could take: open cases in which the next step is one of his roles', and not his already.

Steps of the procedure as a whole (to withdraw, to merge) are possible for ever and are nobody's next work; so are those on
behalf of the customer, and those that lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..model.event import Actor
from ..store.interface import Row

if TYPE_CHECKING:
    from .engine import Engine


def could_take(engine: Engine, actor: Actor, rows: Iterable[Row]) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Of these open cases those that wait for one of the actor's roles, each with the actions that it waits for."""
    known: dict[tuple[str, str], frozenset[str]] = {}
    for row in rows:
        it = row.columns
        if it.assignee == actor.id:
            continue
        key = (it.version, it.states)
        if key not in known:
            known[key] = _steps(engine, actor, *key)
        if not known[key]:
            continue
        options = engine.available(row.id, actor)
        if actions := tuple(option.action for option in options if option.allowed and option.action in known[key]):
            yield row, actions


def _steps(engine: Engine, actor: Actor, version: str, states: str) -> frozenset[str]:
    program = engine.compiled(version)
    roles = set(actor.roles)
    return frozenset(
        branch.name
        for trigger, branches in program.triggers_of(tuple(states.split(","))).items()
        if trigger.startswith("act:")
        for branch in branches
        if branch.target is not None and branch.owner is not program.root and not roles.isdisjoint(branch.by)
    )
