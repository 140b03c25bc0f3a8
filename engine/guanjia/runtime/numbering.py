"""The numbers of new cases, each there once.

They are counted, by procedure. Where a number is taken all the same (a procedure goes by another name now and its cases by the same numbers)
the work is done again, and from then on this program looks whether a number is free before it gives one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..clock import Instant, moment
from ..core import Program
from ..errors import Conflict, GuanjiaError
from ..model.event import Command
from ..store.interface import Transaction

if TYPE_CHECKING:
    from .engine import Engine

T = TypeVar("T")


def number_of(engine: Engine, tx: Transaction, program: Program, command: Command, site: str, occurred: Instant) -> str:
    """The number of the case that a command opens at an instant."""
    at = moment(occurred, engine.zone)
    name = program.procedure.procedure
    pattern, counter = program.procedure.number, name if command.mode is None else f"{name}:{command.mode}"
    # Where numbers do not say the site they are counted over all of them, so that each is there once.
    counted = site if "{site}" in pattern else "", counter, at.year if "{year}" in pattern else 0
    about = {"procedure": name, "site": site, "year": at.year, "month": f"{at.month:02}", "day": f"{at.day:02}"}
    mode = "" if command.mode is None else f"-{command.mode.upper()}"
    while True:
        number = f"{pattern.format(**about, seq=tx.next_number(*counted))}{mode}"
        if not (engine.looking and _taken(tx, number)):
            return number


def transact(engine: Engine, work: Callable[[Transaction], T]) -> T:
    """Work that may open a case, in a transaction."""
    try:
        return engine.store.transact(work)
    except Conflict as clash:
        if engine.looking or "number" not in clash.data:
            raise
    engine.looking = True
    return engine.store.transact(work)


def transact_many(engine: Engine, works: Sequence[Callable[[Transaction], T]]) -> Sequence[T | GuanjiaError]:
    """Works that may open cases, under one commit."""
    outcomes = list(engine.store.transact_many(works))
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Conflict) and "number" in outcome.data:
            engine.looking = True
            (outcomes[place],) = engine.store.transact_many([works[place]])
    return outcomes


def _taken(tx: Transaction, number: str) -> bool:
    try:
        return tx.read(number, None).held is not None
    except Conflict:  # cases of several sites have it
        return True
