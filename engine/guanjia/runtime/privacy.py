"""Personal data of cases, looked at and destroyed at somebody's word: of one case, of one with all that it opened, of a person.

Each is a command of the case and stands in its history; what goes because its time is over is in `retention.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core import hidden
from ..errors import GuanjiaError, Refused
from ..model.case import Case
from ..model.event import PERSONAL, SENSITIVE, Actor, Command, is_personal
from ..store.interface import Query
from .customer_reading import family
from .sealing import left

if TYPE_CHECKING:
    from .engine import Engine


def reveal(engine: Engine, ref: str, who: Actor, reason: str) -> Mapping[str, Any]:
    """The personal values of a case in clear, by the name of the field."""
    fields = engine.case(ref).fields
    sealed = sorted(name for name, value in fields.items() if is_personal(value) and SENSITIVE in value)
    shown = {"sensitive": sealed} if sealed and engine.organisation.may(who, "sensitive") else {}
    case = engine.execute(Command("reveal", "", ref, shown, who, reason=reason)).case
    personal, unread = engine.personal(case.id), hidden(engine.program(case), case, who)
    return {
        name: personal.get(value[PERSONAL])
        for name, value in case.fields.items()
        if is_personal(value) and name not in unread and (SENSITIVE not in value or name in shown.get("sensitive", ()))
    }


def forget(engine: Engine, ref: str, who: Actor, reason: str) -> Sequence[Case]:
    """Destroy what is personal in a closed case and in those that it opened."""
    cases = [engine.case(ref)]
    for case in cases:
        children = map(engine.store.columns, case.children.values())
        cases += [engine.case(it.number) for it in children if it is not None and _opened_by(engine, case, it.number)]
    # One that is open or on hold comes first, and is refused before anything is gone.
    cases.sort(key=lambda case: case.finished and case.hold is None)
    return [engine.execute(Command("forget", "", case.id, {}, who, reason=reason)).case for case in cases]


def _opened_by(engine: Engine, parent: Case, number: str) -> bool:
    """Whether the case is one that `parent` opened, and not only put below it."""
    return bool(engine.history(number)[0].data["case"]["parent"] == parent.id)


def forget_person(
    engine: Engine, customer: str, who: Actor, reason: str, progress: Callable[[int], None] | None
) -> tuple[Sequence[str], Sequence[str]]:
    """`forget` for every case of a customer: ids of those that are done, and of those that are open still or on hold."""
    seen, done, still = 0, [], []
    if engine.store.customers.get(customer) is not None:
        engine.customers.get(customer, actor=who)
    for id in family(engine.store.customers, customer):
        after = 0
        while rows := engine.store.list(
            Query(customer=id, open=None, mode=None, order="opened", limit=200, offset=after)
        ):
            after += len(rows)
            still += [row.id for row in rows if row.columns.closed_at is None]
            due = [row.id for row in rows if row.columns.closed_at is not None and left(engine.store, row.id)]
            commands = [Command("forget", "", case, {}, who, reason=reason) for case in due]
            for case, outcome in zip(due, engine.execute_many(commands), strict=True):
                if isinstance(outcome, Refused) and outcome.code == "hold":
                    still.append(case)
                elif isinstance(outcome, GuanjiaError):
                    raise outcome
                else:
                    done.append(case)
            if progress is not None:
                progress(seen + after)
        seen += after
    if not still and engine.store.customers.get(customer) is not None:
        engine.customers.forget(customer, actor=who, reason=reason)
    return done, still
