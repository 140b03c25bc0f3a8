"""How much there is to do and how late it is: what a board for operators and an alarm look at, from the database alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..clock import DAY, Instant
from ..store.interface import Query, Store, Tally
from ..store.records import WORKERS
from .health import Due, oldest_due
from .holding import held

MOST_PARKED = 1000
"""Parked commands are counted up to here."""

FORGOTTEN = DAY
"""A worker that was not seen for so long is none any more."""


class Seen(NamedTuple):
    """A worker, and when its last round ended that reached the database; within half a minute."""

    name: str
    last_round: Instant


class Stats(NamedTuple):
    at: Instant
    tallies: Sequence[Tally]
    """Open cases by procedure, states and mode."""
    oldest_due: Due | None
    """The case that time should have changed first, when it has not."""
    outbox: Mapping[str, int]
    oldest_unsent: Instant | None
    held: bool
    """Nothing is sent: see `runtime.holding`."""
    parked: int
    """Commands between cases that were refused."""
    alarms: int
    """Real open cases of which nobody acknowledged the last level of an escalation."""
    workers: Sequence[Seen]

    @property
    def due(self) -> int:
        """Cases that time should have changed by now, drills among them."""
        return sum(tally.due for tally in self.tallies)

    @property
    def real(self) -> Sequence[Tally]:
        return [tally for tally in self.tallies if tally.mode is None]


def stats(store: Store, now: Instant) -> Stats:
    return Stats(
        now, store.tally(now), oldest_due(store, now), store.outbox_counts(), store.oldest_unsent(now),
        held(store) is not None, len(store.dropped_inbox(MOST_PARKED)), store.count(Query(alarm=True)), workers(store, now),
    )  # fmt: skip


def workers(store: Store, now: Instant) -> Sequence[Seen]:
    """Who worked on this database within the last day, the one seen last first."""
    known = _known(store)
    seen = [Seen(name, at) for name, at in known.items() if now - at < FORGOTTEN]
    return sorted(seen, key=lambda worker: (-worker.last_round, worker.name))


def seen(store: Store, name: str, now: Instant | None) -> None:
    """Write down that this worker has ended a round, or with None that it has gone. Of two that write at once one is lost, until
    it writes again."""
    known = _known(store)
    known.pop(name, None)
    if now is not None:
        known = {other: at for other, at in known.items() if now - at < FORGOTTEN} | {name: now}
    store.set_setting(WORKERS, json.dumps(known))


def _known(store: Store) -> dict[str, Instant]:
    try:
        plain = json.loads(store.setting(WORKERS) or "{}")
        return {str(name): int(at) for name, at in plain.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}  # it is written anew with the next round
