"""One action for many cases: first what would become of each, then each by a command of its own.

Each command names the version of its case that was looked at, and has a key that derives from what is done and from that version:
whoever repeats it, after a break or twice by mistake, does nothing twice; a case that somebody changed meanwhile is a conflict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import GuanjiaError
from ..model.event import Actor, Command
from ..store.interface import Row
from .funnel import Result

if TYPE_CHECKING:
    from .engine import Engine

MOST_TOGETHER = 50
"""Cases under one commit."""


@dataclass(frozen=True, slots=True)
class Each:
    """One case with the command that is meant for it, and what came of that or would."""

    row: Row
    command: Command
    outcome: Result | GuanjiaError

    @property
    def refused(self) -> bool:
        return isinstance(self.outcome, GuanjiaError)


def plan(
    engine: Engine, rows: Sequence[Row], action: str, *, actor: Actor, values: Mapping[str, Any], reason: str | None = None,
    key: str | None = None,
) -> Sequence[Each]:  # fmt: skip
    """What the action would do to each case; nothing is written. With a `key` no case is ever done twice under it."""
    commands = [Command("act", action, row.id, values, actor, reason=reason) for row in rows]
    keyed = [replace(it, key=f"{key}:{it.case}") if key is not None else it for it in commands]
    planned = []
    for row, command, outcome in zip(rows, keyed, engine.preview(keyed), strict=True):
        if key is None and isinstance(outcome, Result):
            seen = outcome.case.seq - len(outcome.events)
            command = replace(command, key=_key(command, seen), expect=seen)  # noqa: PLW2901
        planned.append(Each(row, command, outcome))
    return planned


def carry_out(engine: Engine, planned: Sequence[Each]) -> Iterator[Each]:
    """Do what was not refused, each case by itself; those that were refused come back as they are."""
    for start in range(0, len(planned), MOST_TOGETHER):
        some = planned[start : start + MOST_TOGETHER]
        done = iter(engine.execute_many([each.command for each in some if not each.refused]))
        for each in some:
            yield each if each.refused else replace(each, outcome=next(done))


def _key(command: Command, seen: int) -> str:
    about = [command.name, command.case, seen, command.values, command.actor.id, command.reason]
    return f"many:{hashlib.sha256(json.dumps(about, default=str, sort_keys=True).encode()).hexdigest()}"
