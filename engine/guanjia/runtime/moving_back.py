"""Taking back the last move of open cases to another version of their procedure.

Which cases moved stands in their own histories; each goes back by a command of its own (`Engine.unmigrate`), a batch to a
commit, so that whoever is stopped half way begins again and finds only the rest. A case to which anything has happened since
stays where it is and is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ..errors import GuanjiaError, NotFound, Refused, Text
from ..model.event import SYSTEM, Actor, Command, Event
from .funnel import Result
from .moving import BATCH, Refusals, entitled
from .stream import Happened
from .unsaid import kept

if TYPE_CHECKING:
    from .engine import Engine


@dataclass(frozen=True)
class Last:
    """The last move of the open cases of a procedure: the event of the office that decided it."""

    decided: Event

    @property
    def procedure(self) -> str:
        return self.decided.name

    @property
    def pairs(self) -> dict[str, str]:
        """The version that cases came under, by the one that they left."""
        return {before: after for before, after, _ in self.decided.data["moves"]}


@dataclass
class Back(Refusals):
    """What became of the cases that had moved: those that are refused stay where they are."""

    cases: int = 0
    """That went back."""
    deadlines: int = 0

    def add(self, identity: str, outcome: Result | GuanjiaError) -> None:
        if isinstance(outcome, GuanjiaError):
            self.refuse(identity, outcome)
            return
        self.cases += 1
        undone = next(event for event in outcome.events if event.type == "undone")
        self.deadlines += len(undone.data["restore"].get("clocks") or ())


def last(engine: Engine, procedure: str | None = None) -> Last:
    """The last move of open cases to another version of the procedure; of any procedure, where none is named. NotFound."""
    found = None
    for event in engine.log():
        if event.type == "applied" and event.name and procedure in (None, event.name):
            found = event
    if found is None:
        raise NotFound(
            Text("还没有让在办工单改用过新版本。", "No open cases were ever brought under another version."),
            Text("请看 guanjia log", "See guanjia log"),
        )
    return Last(found)


def moved(engine: Engine, last: Last, progress: Callable[[int], None] | None = None) -> list[tuple[str, str]]:
    """The cases that this move brought under another version and that have not gone back: id, and the version that each left."""
    left: dict[str, str] = {}
    cursor, seen = 0, 0
    while page := engine.store.feed(cursor):
        for _, case, row in page:
            if '"migrated"' not in row.text or row.recorded_at < last.decided.recorded_at:
                continue
            event = Event.from_text(row.text)
            if event.type == "undone" and event.name == "migrated":
                left.pop(case, None)
            elif event.type == "migrated" and last.pairs.get(event.data["before"]) == event.data["version"]:
                left[case] = event.data["before"]
        cursor, seen = page[-1][0], seen + len(page)
        if progress is not None:
            progress(seen)
    return list(left.items())


def foresee(engine: Engine, last: Last, cases: Sequence[tuple[str, str]], back: Back) -> None:
    """Fill in what taking it back would do; nothing is written."""
    _each(last, cases, SYSTEM, "?", engine.preview, back, None)


def carry_out(
    engine: Engine, last: Last, cases: Sequence[tuple[str, str]], actor: Actor, reason: str, back: Back,
    progress: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Record the decision in the office's own stream, then take back every move. Refused without the right `calendar` or
    without a reason."""
    entitled(engine, actor, reason)
    reason = kept(engine, reason)
    if not cases:
        raise Refused("nothing", Text("没有要撤回的。", "There is nothing to take back."))
    decided = Happened(
        "taken_back", last.procedure, {"decided": last.decided.seq, "cases": len(cases), "reason": reason}
    )
    engine.record([decided], by=actor.id)
    _each(last, cases, actor, reason, engine.carry_out_many, back, progress)
    engine.pass_on()  # after all of them, for who has heard of another is not taken back


def _each(
    last: Last, cases: Sequence[tuple[str, str]], actor: Actor, reason: str,
    run: Callable[[Sequence[Command]], Sequence[Result | GuanjiaError]], back: Back, progress: Callable[[int], None] | None,
) -> None:  # fmt: skip
    done = 0
    for batch in _batches(iter(cases)):
        commands = [
            Command("undo", "migrated", case, {"version": last.pairs[before], "before": before}, actor, reason=reason)
            for case, before in batch
        ]
        for (case, _), outcome in zip(batch, run(commands), strict=True):
            back.add(case, outcome)
        done += len(batch)
        if progress is not None:
            progress(done)


def _batches(cases: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(islice(cases, BATCH)):
        yield batch
