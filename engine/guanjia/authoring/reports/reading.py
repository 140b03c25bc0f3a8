"""From the history of an office to a report: the cases that whoever asks sees, drills left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ...clock import Instant
from ...errors import Text
from ...model.event import Actor
from ...store.interface import Query
from .facts import Facts, facts_of
from .figures import Report
from .kinds import REPORTS, Asked

if TYPE_CHECKING:
    from ...runtime.engine import Engine

PAGE = 500


def report(
    engine: Engine, name: str, actor: Actor | str | None, since: Instant, until: Instant, *, procedure: str | None = None,
    site: str | None = None, step: Callable[[int], None] | None = None,
) -> Report:  # fmt: skip
    """One of REPORTS over the cases that the actor sees (None: over all). Who may not hand out work sees of the staff only himself."""
    made, _ = REPORTS[name]
    query = Query(procedure=procedure, site=site, open=None, until=until, order="opened", limit=PAGE)
    found = []
    for number, it in enumerate(_facts(engine, query, actor), 1):
        found.append(it)
        if step is not None:
            step(number)
    who = None if actor is None else engine.actor(actor)
    whom = None if who is None or engine.organisation.may(who, "assign") else who.id
    people = engine.organisation

    def named(id: str) -> Text:
        return Text(*[people.name(id)] * 2)

    return made(found[::-1], Asked(since, until, engine.files.standards() or {}, named, whom))


def _facts(engine: Engine, query: Query, actor: Actor | str | None) -> Iterator[Facts]:
    while rows := engine.list(query, actor=actor):
        for row in rows:
            yield facts_of(engine.history(row.id), lambda case: engine.program(case).procedure)
        query = replace(query, offset=query.offset + len(rows))
