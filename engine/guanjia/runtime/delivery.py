"""Delivery of the outbox: claim, hand over, mark; what is refused for now waits as a row, not as a sleeping thread.

A claim is a lease with an owner, renewed while its messages are handed over, so that a slow peer does not make a second
worker send the same. Between handing over and marking lies the one window in which a crash makes a message go out twice,
both times with the same key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..channels.interface import Channel, Undeliverable
from ..clock import HOUR, MINUTE, SECOND, Clock, Instant
from ..errors import GuanjiaError, StoreError, Text
from ..failpoints import fp
from ..model.event import short
from ..store.interface import OutboxRow, Store
from ..store.rows import together
from .holding import held
from .logs import tell
from .quiet import Quiet
from .sealing import DESTROYED

BACK_OFF = (30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR)
"""How long a message waits after each failed attempt; after the last it is a dead letter."""

LEASE = MINUTE
RENEWAL = 20.0
"""Seconds, by the machine's own clock, between two renewals of a lease."""

MOST_RENEWALS = 30
"""A channel that has not come back after ten minutes is given up: the lease runs out, and another worker tries."""

DECLINED = Text("客户不再同意接收这类通知", "the customer agrees no more to be told of such things")

log = logging.getLogger("guanjia.delivery")


@dataclass(frozen=True, slots=True)
class Delivered:
    """Messages, of those that go out as one each. `failed` will be tried again, `dead` will not."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


def deliver(
    store: Store, channels: Mapping[str, Channel], clock: Clock, owner: str, *, limit: int = 20, quiet: Quiet | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivered:  # fmt: skip
    """Deliver everything that waits now, `limit` to a claim. Never raises for a message. Whoever is to be left in peace now
    is told later. What is in nobody's hand yet when `stopping` comes true is left to others at once; while the office is held,
    nothing is taken in hand."""
    count = dict.fromkeys(("sent", "failed", "dead", "held", "declined"), 0)
    begun, quiet = clock.now(), quiet or Quiet()
    while not stopping() and held(store) is None and (rows := store.claim(begun, owner, clock.now() + LEASE, limit)):
        fp("after_claim")
        with _renewed(store, clock, owner):
            wanted = []
            for row in rows:
                if (how := _unwanted(store, row, owner, quiet)) is None:
                    wanted.append(row)
                else:
                    count[how] += 1
            for parcel in _parcels(wanted):
                if stopping():
                    store.release(owner, begun)
                    break
                count[_one(store, channels, parcel, clock.now(), owner, quiet)] += len(parcel)
    return Delivered(count["sent"], count["failed"], count["dead"])


def _unwanted(store: Store, row: OutboxRow, owner: str, quiet: Quiet) -> str | None:
    """What becomes of a message of which its customer agrees no more to be told, however long it waits already; None where it may be sent."""
    key = row.notification.key
    try:
        if quiet.agreed(row.notification):
            return None
    except StoreError:
        raise
    except Exception as error:  # nobody can know: a person decides
        kind = type(error).__name__
        why = Text(
            f"看不出客户是否还同意接收（{kind}）：guanjia audit",
            f"whether the customer still agrees cannot be told ({kind}): guanjia audit",
        )
        store.failed(key, owner, str(why), None, alone=True)
        _told([row], "dead", logging.WARNING, error=kind)
        return "dead"
    store.decline(key, owner, str(DECLINED))
    return "declined"


def _parcels(rows: Sequence[OutboxRow]) -> Sequence[Sequence[OutboxRow]]:
    """What goes out as one message, in the order of their first ones; most by themselves. Ahead of all what has lost its text:
    it is marked by itself, before what was claimed together with it is marked as one."""
    parcels: dict[object, list[OutboxRow]] = {}
    for row in sorted(rows, key=lambda row: row.notification.problem is None):
        alone = row.notification.problem is not None or together(row) is None
        parcels.setdefault(row.notification.key if alone else together(row), []).append(row)
    return list(parcels.values())


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
                tell(log, logging.WARNING, "not_renewed", error.text)

    thread = threading.Thread(target=renew, name="guanjia-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _one(
    store: Store, channels: Mapping[str, Channel], parcel: Sequence[OutboxRow], now: Instant, owner: str, quiet: Quiet
) -> str:  # fmt: skip
    """Hand over one message, and mark all that went into it by the first."""
    first = parcel[0].notification
    channel = channels.get(first.channel)
    if channel is None:
        store.failed(first.key, owner, f"没有渠道 / no such channel: {first.channel}", None)
        fp("after_failure_mark")
        _told(parcel, "dead", logging.WARNING)
        return "dead"
    until = quiet.free(first, now)
    if until > now:
        store.hold(first.key, owner, until)
        fp("after_hold")
        return "held"
    message = first if len(parcel) == 1 else quiet.as_one([row.notification for row in parcel])
    try:
        if first.problem is not None:  # another worker may have the key, or this one may get it
            raise Undeliverable(Text.parse(first.problem), permanent=first.problem == DESTROYED)
        note = channel.send(message)
    except Exception as error:  # a channel may fail in any way; the message must not be lost for it
        permanent = isinstance(error, Undeliverable) and error.permanent
        text = str(error) if isinstance(error, Undeliverable) else f"{type(error).__name__}: {error}"
        attempts = parcel[0].attempts
        given_up = permanent or attempts > len(BACK_OFF)
        retry_at = None if given_up else quiet.free(first, now + BACK_OFF[attempts - 1])
        store.failed(first.key, owner, text, retry_at, alone=first.problem is not None)
        fp("after_failure_mark")
        how = "dead" if retry_at is None else "failed"
        _told(parcel, how, logging.WARNING if retry_at is None else logging.INFO, error=type(error).__name__)
        return how
    fp("after_hand_over")
    if not store.sent(first.key, owner, now, note):
        tell(log, logging.WARNING, "lease_lost", Text(
            f"通知 {short(first.key)} 发送太慢，可能会再发一次", f"message {short(first.key)} took too long; it may go out again"),
            message_key=short(first.key), case=first.case)  # fmt: skip
    fp("after_mark")
    _told(parcel, "sent", logging.INFO)
    return "sent"


def _told(parcel: Sequence[OutboxRow], how: str, level: int, **about: Any) -> None:
    """What became of messages, by the keys that `guanjia outbox show` takes; why is told there, for a peer's words may be about
    somebody."""
    for row in parcel:
        sent, key = row.notification, short(row.notification.key)
        message = "" if level < logging.WARNING else Text(
            f"通知 {key} 发不出去：guanjia outbox show {key}", f"message {key} cannot be sent: guanjia outbox show {key}")  # fmt: skip
        tell(
            log,
            level,
            how,
            message,
            message_key=key,
            case=sent.case,
            channel=sent.channel,
            attempt=row.attempts,
            **about,
        )
