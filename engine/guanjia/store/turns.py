"""Due cases of a store that has one writer at a time: they are looked up first, then each has its turn under one commit.

Between the look and the turn another writer may have been there; the work reads its case anew and finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from ..clock import Instant
from ..errors import GuanjiaError
from .interface import Store, Transaction

T = TypeVar("T")


def due_in_turn(
    store: Store, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str]
) -> list[tuple[str, T | GuanjiaError]]:
    """What `Store.transact_due` promises."""
    apart = frozenset(beside)
    due = [case for case in store.due(now, limit + len(apart)) if case not in apart][:limit]
    if not due:
        return []
    return list(zip(due, store.transact_many([partial(_turn, work, case) for case in due]), strict=True))


def _turn(work: Callable[[Transaction, str], T], case: str, tx: Transaction) -> T:
    return work(tx, case)
