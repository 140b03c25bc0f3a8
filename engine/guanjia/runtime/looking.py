"""Looking in somebody's name: one case, its history, its messages, as he may see them.

Whoever embeds the engine looks at everything; with an actor given, what he may not see is refused or stands as `***`. Looking
changes nothing, so a look that is refused is no event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from ..core import HIDDEN, Account, Program, hidden, veiled, veiled_event
from ..expressions import Part
from ..model.case import Case
from ..model.event import SENSITIVE, Actor, Event
from ..model.rights import check_through
from ..people.seeing import refused, unseen
from ..store.interface import Columns, InboxItem, OutboxRow
from .one_person import known_as

if TYPE_CHECKING:
    from .engine import Engine
    from .funnel import Result


def check(engine: Engine, case: Case, actor: Actor) -> Program:
    """Refused where the actor does not see the case; else its program."""
    program, people, actor = engine.program(case), engine.organisation, known_as(engine.store.customers, case, actor)
    check_through(vars(people), actor)
    if (why := unseen(people, program, case, actor)) is not None:
        raise refused(people, case, actor, why)
    return program


def seen(engine: Engine, case: Case, actor: Actor) -> Case:
    """The case as the actor sees it. Refused (`site`, `conflict`, `sight`, `act_for`)."""
    actor = known_as(engine.store.customers, case, actor)
    shown = veiled(check(engine, case, actor), case, actor)
    if not (case.absorbed or case.merged):
        return shown
    eyes = Eyes(engine, actor)
    return replace(shown, absorbed=eyes.numbers(case.absorbed), merged=eyes.numbers(case.merged))


def told(engine: Engine, case: Case, actor: Actor, events: Sequence[Event]) -> tuple[Event, ...]:
    """Events of the case as the actor sees them."""
    actor = known_as(engine.store.customers, case, actor)
    program, eyes = check(engine, case, actor), Eyes(engine, actor)
    return tuple(_joined(eyes, veiled_event(program, case, actor, event)) for event in events)


def _joined(eyes: Eyes, event: Event) -> Event:
    """An event that cases became one, without the numbers of those that he does not see."""
    joined = {part: event.data[part] for part in ("absorbed", "merged") if part in event.data}
    if not joined:
        return event
    shown = {part: eyes.numbers(numbers) for part, numbers in joined.items()}
    unseen = not all(eyes.sees(case) for numbers in joined.values() for case in numbers)
    return replace(event, name=HIDDEN, data={**event.data, **shown}) if unseen else event


def outcome(engine: Engine, actor: Actor | None, result: Result) -> Result:
    """What a command did, as whoever asked for it may see it."""
    if actor is None:
        return result
    program, case = engine.program(result.case), result.case
    events = tuple(veiled_event(program, case, actor, event) for event in result.events)
    return replace(result, case=veiled(program, case, actor), events=events)


def explained(program: Program, case: Case, actor: Actor, account: Account) -> Account:
    """The account of a clock without the values that the actor may not read."""
    unread = hidden(program, case, actor)
    if not unread:
        return account

    def part(of: Part) -> Part:
        return of._replace(values={path: HIDDEN if path[0] in unread else value for path, value in of.values.items()})

    targets = tuple(item._replace(failing=tuple(map(part, item.failing))) for item in account.targets)
    return replace(account, targets=targets)


def sees_sensitive(engine: Engine, actor: Actor) -> bool:
    """Whether what is sensitive is shown to him where he may see the rest of what is personal."""
    return engine.organisation.may(actor, SENSITIVE)


def messages(
    engine: Engine, actor: Actor | None, *, case: str | None = None, status: str | None = None, limit: int = 100
) -> Sequence[OutboxRow]:
    """Notifications of the cases that the actor sees, the latest first."""
    if actor is None:
        return engine.store.outbox(case=case, status=status, limit=limit)
    check_through(vars(engine.organisation), actor)
    eyes = Eyes(engine, actor)
    rows = engine.store.outbox(case=case, status=status, limit=limit if eyes.all else MOST)
    return list(islice((row for row in rows if eyes.sees(row.notification.case)), limit))


def parked(engine: Engine, actor: Actor | None, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
    """What cases sent each other and was parked, of pairs of which the actor sees both, the latest first."""
    eyes = Eyes(engine, actor)
    rows = engine.store.dropped_inbox(limit if eyes.all else MOST)
    return list(islice((row for row in rows if eyes.sees(row[0].sender) and eyes.sees(row[0].receiver)), limit))


class Eyes:
    """What somebody sees of cases that are met by their ids, one here and one there; each is looked at once. Without an actor everything."""

    def __init__(self, engine: Engine, actor: Actor | None) -> None:
        self._store = engine.store
        self._sight = None if actor is None else engine.sight(actor)
        self._known: dict[str, tuple[Columns | None, bool]] = {}

    @property
    def all(self) -> bool:
        return self._sight is None

    def sees(self, case: str | None) -> bool:
        """Whether he sees it; what is no case is in nobody's way."""
        return case is None or self._look(case)[1]

    def number(self, case: str) -> str | None:
        """Its number, None where he does not see it; the id of what is no case."""
        columns, seen = self._look(case)
        return (case if columns is None else columns.number) if seen else None

    def numbers(self, joined: Mapping[str, str]) -> dict[str, str]:
        """Numbers by the id of the case: `***` for those that he does not see."""
        return {case: HIDDEN if number and not self.sees(case) else number for case, number in joined.items()}

    def _look(self, case: str) -> tuple[Columns | None, bool]:
        if case not in self._known:
            it, sight = self._store.columns(case), self._sight
            seen = sight is None or it is None or sight.unseen(it.site, it.marks or "") is None
            self._known[case] = it, seen
        return self._known[case]


MOST = 100_000
"""Rows that are looked through for those of one's own cases."""
