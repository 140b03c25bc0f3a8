"""Handing over: a slow peer keeps its lease, a worker that is told to stop leaves the rest to others at once."""

from __future__ import annotations

import threading

import pytest
from guanjia.clock import MINUTE, ManualClock
from guanjia.model.event import Notification
from guanjia.runtime import delivery
from guanjia.runtime.delivery import LEASE, deliver
from guanjia.runtime.holding import hold, let_go
from guanjia.store.memory import MemoryStore

from tests.store.making import change, keys, message, put


def kept(*names: str) -> MemoryStore:
    store = MemoryStore()
    store.migrate()
    put(store, *(change(name, notifications=[message(name, number)]) for number, name in enumerate(names, 1)))
    return store


class Slow:
    """A channel whose peer takes longer than a lease; what it does meanwhile is the test's."""

    name = "mail"

    def __init__(self, meanwhile) -> None:
        self.meanwhile = meanwhile

    def send(self, notification: Notification) -> str:
        self.meanwhile(notification)
        return ""

    def close(self) -> None:
        pass


def test_a_peer_slower_than_the_lease_is_not_handed_the_message_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "RENEWAL", 0.001)
    store, clock, renewed = kept("a"), ManualClock(1_000), threading.Event()
    renew = store.renew
    monkeypatch.setattr(store, "renew", lambda *given: (renew(*given), renewed.set()))
    taken = []

    def meanwhile(_: Notification) -> None:
        for _ in range(5):
            clock.advance(LEASE * 2 // 3)
            renewed.clear()
            assert renewed.wait(20)
            taken.extend(store.claim(clock.now(), "other", clock.now() + LEASE))

    assert deliver(store, {"mail": Slow(meanwhile)}, clock, "one").sent == 1
    assert taken == []


def test_a_channel_that_never_comes_back_loses_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "RENEWAL", 0.0001)
    monkeypatch.setattr(delivery, "MOST_RENEWALS", 3)
    store, clock = kept("a"), ManualClock(1_000)

    def meanwhile(_: Notification) -> None:
        while any(thread.name == "guanjia-lease" for thread in threading.enumerate()):
            pass
        clock.advance(LEASE + MINUTE)
        (row,) = store.claim(clock.now(), "other", clock.now() + LEASE)
        assert store.sent(row.notification.key, "other", clock.now())

    deliver(store, {"mail": Slow(meanwhile)}, clock, "one")
    (row,) = store.outbox()
    assert (row.status, row.attempts) == ("sent", 2)


def test_a_worker_told_to_stop_finishes_what_it_hands_over_and_puts_back_the_rest() -> None:
    store, clock, handed = kept("a", "b", "c"), ManualClock(1_000), []
    done = deliver(store, {"mail": Slow(lambda it: handed.append(it.key))}, clock, "one", stopping=lambda: bool(handed))
    assert done.sent == 1
    rest = store.claim(clock.now(), "other", clock.now() + LEASE)
    assert keys(rest) == ["2", "3"]
    assert {row.attempts for row in rest} == {1}


def test_a_hold_is_seen_between_two_handfuls() -> None:
    """Whoever says `hold` in the middle of a thousand messages does not have to wait for the last of them."""
    store, clock = kept(*"abcdef"), ManualClock(1_000)
    told = []

    def meanwhile(message: Notification) -> None:
        told.append(message.key)
        if len(told) == 2:
            hold(store, clock.now(), "by hand")

    assert deliver(store, {"mail": Slow(meanwhile)}, clock, "one", limit=2).sent == 2
    assert store.outbox_counts()["waiting"] == 4
    assert deliver(store, {"mail": Slow(meanwhile)}, clock, "one").sent == 0
    let_go(store)
    assert deliver(store, {"mail": Slow(meanwhile)}, clock, "one", limit=2).sent == 4
