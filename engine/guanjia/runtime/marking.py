"""What lists go by, and follows from what is there, is made once for what was written before, when the program first opens the office:
the marks of cases (`model.sight`), and what customers are found by.

From then on every command writes its own. `RULES` names how they are made: whoever changes that gives it another number, and all of it is
made anew.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ..core import marks
from ..errors import NotFound
from ..store.interface import Transaction
from ..store.paging import pages
from .customer_reading import as_customer
from .recent import as_case

if TYPE_CHECKING:
    from .engine import Engine

MARKED, RULES = "marked", "3"
"""The setting that says by which rules that was done."""

TOGETHER = 500
"""Cases or customers to a transaction."""


def mark(engine: Engine) -> None:
    """Mark every case and index every customer, unless that was done. Broken off, it begins anew the next time."""
    store = engine.store
    if store.setting(MARKED) == RULES:
        return
    after = ""
    while ids := list(islice(store.cases(after), TOGETHER)):
        store.transact(lambda tx, ids=ids: _mark(engine, tx, ids))  # type: ignore[misc]
        after = ids[-1]
    register = store.customers
    for page in pages(lambda after: register.list(after, TOGETHER), "", lambda held: held.id):
        store.transact(lambda tx, page=page: _index(tx, [held.id for held in page]))  # type: ignore[misc]
    store.set_setting(MARKED, RULES)


def _index(tx: Transaction, ids: list[str]) -> None:
    for id in ids:
        held = tx.customers.read(id)
        if held is not None:
            tx.customers.find_by(id, list(as_customer(held).terms()))


def _mark(engine: Engine, tx: Transaction, ids: list[str]) -> None:
    for identity in ids:
        held = tx.read(identity, None).held
        if held is None:
            continue
        case = as_case(held)
        try:
            program = engine.program(case)
        except NotFound:  # its version is lost, which the audit tells: a bounded sight does not reach it
            continue
        tx.put_marks(identity, marks(program, case))
