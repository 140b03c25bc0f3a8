"""Delivery of the outbox: claim, hand over, mark; what is refused for now waits as a row, not as a sleeping thread.

A claim is a lease with an owner, renewed while its messages are handed over, so that a slow peer does not make a second
worker send the same. Between handing over and marking lies the one window in which a crash makes a message go out twice,
both times with the same key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..channels.interface import Channel, Undeliverable
from ..clock import HOUR, MINUTE, SECOND, Clock, Instant
from ..errors import GuanjiaError
from ..failpoints import fp
from ..store.interface import OutboxRow, Store

BACK_OFF = (30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR)
"""How long a message waits after each failed attempt; after the last it is a dead letter."""

LEASE = MINUTE
RENEWAL = 20.0
"""Seconds, by the machine's own clock, between two renewals of a lease."""

MOST_RENEWALS = 30
"""A channel that has not come back after ten minutes is given up: the lease runs out, and another worker tries."""

log = logging.getLogger("guanjia.delivery")


@dataclass(frozen=True, slots=True)
class Delivered:
    """`failed` will be tried again, `dead` will not."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


def deliver(
    store: Store, channels: Mapping[str, Channel], clock: Clock, owner: str, *, limit: int = 20,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivered:  # fmt: skip
    """Deliver everything that waits now, `limit` to a claim. Never raises for a message. What is in nobody's hand yet when
    `stopping` comes true is left to others at once."""
    sent = failed = dead = 0
    begun = clock.now()
    while not stopping() and (rows := store.claim(begun, owner, clock.now() + LEASE, limit)):
        fp("after_claim")
        with _renewed(store, clock, owner):
            for row in rows:
                if stopping():
                    store.release(owner, begun)
                    break
                outcome = _one(store, channels, row, clock.now(), owner)
                sent += outcome == "sent"
                failed += outcome == "failed"
                dead += outcome == "dead"
    return Delivered(sent, failed, dead)


@contextmanager
def _renewed(store: Store, clock: Clock, owner: str) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        for _ in range(MOST_RENEWALS):
            if done.wait(RENEWAL):
                return
            try:
                store.renew(owner, clock.now() + LEASE)
            except GuanjiaError as error:  # fenced all the same: whoever lost the lease cannot mark
                log.warning("the lease was not renewed: %s", error)

    thread = threading.Thread(target=renew, name="guanjia-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _one(store: Store, channels: Mapping[str, Channel], row: OutboxRow, now: Instant, owner: str) -> str:
    key = row.notification.key
    channel = channels.get(row.notification.channel)
    if channel is None:
        store.failed(key, owner, f"没有渠道 / no such channel: {row.notification.channel}", None)
        fp("after_failure_mark")
        return "dead"
    try:
        note = channel.send(row.notification)
    except Exception as error:  # a channel may fail in any way; the message must not be lost for it
        permanent = isinstance(error, Undeliverable) and error.permanent
        text = str(error) if isinstance(error, Undeliverable) else f"{type(error).__name__}: {error}"
        retry_at = None if permanent or row.attempts > len(BACK_OFF) else now + BACK_OFF[row.attempts - 1]
        store.failed(key, owner, text, retry_at)
        fp("after_failure_mark")
        return "dead" if retry_at is None else "failed"
    fp("after_hand_over")
    if not store.sent(key, owner, now, note):
        log.warning("the lease of %s ran out while it was handed over; it may go out again", key)
    fp("after_mark")
    return "sent"
