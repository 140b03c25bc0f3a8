"""Handing over: the open work of some people goes to others, each case by a command of its own through the funnel.

`plan` says what would go to whom and changes nothing; `carry_out` sends the commands. Every one names the version of the case
that the plan saw: what changed meanwhile is refused, and stays with whoever has it now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clock import DAY, HOUR, Instant
from ..core.assigning import conflicted
from ..errors import GuanjiaError, Refused, Text
from ..model.case import Case
from ..model.event import Actor, Command
from ..people import Call, Turn, able
from ..store.interface import Query, Row
from .funnel import Result
from .recent import as_case

if TYPE_CHECKING:
    from .engine import Engine

PAGE = 500
LONGEST = 8 * DAY
"""How far ahead the next turn of a shift is looked for."""


@dataclass(frozen=True, slots=True)
class Handover:
    """One case that goes from one to another; `to` is None where nobody can take it. `stands_in` as in the event of an
    assignment, where nobody was named."""

    row: Row
    version: int
    giver: str
    to: str | None
    stands_in: str | None = None


def plan(
    engine: Engine,
    givers: Sequence[str],
    takers: Sequence[str],
    cases: Collection[str] = (),
    *,
    by: Actor | None = None,
) -> Sequence[Handover]:
    """What would go to whom: all open work of the givers, or only these cases (numbers), the most urgent first.

    Among several takers it is divided: to those who share a role with the giver, and of those to whoever has the fewest cases
    then. Without takers each case goes to whoever stands in for the giver. Nobody gets a case in which he has a conflict of interest. Of whoever asks (`by`) only what he sees.
    """
    now = engine.clock.now()
    load = dict(engine.store.transact(lambda tx: tx.load(list(takers))))
    wanted = {number.upper() for number in cases}
    found = []
    for row in sorted(_open(engine, givers, by), key=_urgency):
        if wanted and row.columns.number.upper() not in wanted:
            continue
        held = engine.store.get(row.id)
        giver = row.columns.assignee
        if held is None or giver is None:
            continue
        case = as_case(held)
        barred = conflicted(engine.program(case), case, held.personal) | set(givers)
        if takers:
            to, stands_in = _divided(engine, giver, [who for who in takers if who not in barred], load), None
        else:
            to, stands_in = _standing_in(engine, case, giver, barred, now)
        if to is not None:
            load[to] = load.get(to, 0) + 1
        found.append(Handover(row, case.seq, giver, to, stands_in))
    return found


def carry_out(
    engine: Engine, planned: Sequence[Handover], actor: Actor, reason: str
) -> Iterator[tuple[Handover, Result | GuanjiaError]]:
    """Hand over what was planned, one command after the other, with what became of each."""
    for item in planned:
        if item.to is None:
            continue
        command = Command("assign", item.to, item.row.id, {}, actor, reason=reason, expect=item.version)
        try:
            yield item, engine.execute(command)
        except GuanjiaError as error:
            yield item, error


def ending(engine: Engine, shift: str) -> Sequence[str]:
    """The people of a shift's turn that runs, else of the last that ended."""
    duty, now = engine.organisation.duty, engine.clock.now()
    return _turn(engine, shift, (now - step * HOUR // 2 for step in range(2 * LONGEST // HOUR)), duty.at(now))


def beginning(engine: Engine, shift: str) -> Sequence[str]:
    """The people of a shift's turn that runs, else of the next that begins."""
    duty, now = engine.organisation.duty, engine.clock.now()
    return _turn(engine, shift, (now + step * HOUR // 2 for step in range(2 * LONGEST // HOUR)), duty.at(now))


def _turn(engine: Engine, shift: str, moments: Iterator[Instant], running: Sequence[Turn]) -> Sequence[str]:
    people = engine.organisation
    for turns in (running, *map(people.duty.at, moments)):
        for turn in turns:
            if turn.shift == shift and (working := people.working(turn)):
                return working
    raise Refused(
        "nobody",
        Text(f"“{shift}”这一班前后一周没有排人。", f"Nobody is rostered for {shift} within a week."),
        Text("请看 guanjia roster --week", "See guanjia roster --week"),
    )


def _open(engine: Engine, givers: Sequence[str], by: Actor | None) -> Iterator[Row]:
    for giver in givers:
        offset = 0
        while rows := engine.list(Query(assignee=giver, mode=None, limit=PAGE, offset=offset), actor=by):
            yield from rows
            offset += PAGE


def _urgency(row: Row) -> tuple[bool, Instant, str]:
    deadline = row.columns.deadline
    return deadline is None, deadline or 0, row.columns.number


def _divided(engine: Engine, giver: str, takers: Sequence[str], load: dict[str, int]) -> str | None:
    people = engine.organisation
    roles = set(people.roles_of(giver)) if giver in people.staff else set()
    alike = [who for who in takers if roles & set(people.roles_of(who))] or takers
    return min(alike, key=lambda who: (load.get(who, 0), alike.index(who)), default=None)


def _standing_in(
    engine: Engine, case: Case, giver: str, barred: Collection[str], now: Instant
) -> tuple[str | None, str | None]:
    for tier, people in able(engine.organisation, Call("person", "", "", False, giver), now, case.site):
        for who in people:
            if who not in barred:
                return who, tier
    return None, None
