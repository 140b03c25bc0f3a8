"""A copy of an office does not tell everybody once more what the office itself has told already.

What waits to be sent in a backup has probably been sent by the time it is restored, and what fell due since then is found due anew.
So a restored or imported office holds its messages, all of them, until somebody lets them go.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from ..clock import Instant
from ..store.interface import Store
from ..store.records import HELD

ALL = 2**62
"""An instant after every other."""


class Held(NamedTuple):
    since: Instant | None
    """None when that is not known any more: somebody damaged the setting."""
    source: str
    """The file that the office was restored or imported from, or the command that stopped it."""


def word(since: Instant, source: str) -> tuple[str, str]:
    """The setting that says so, and its value."""
    return HELD, json.dumps({"since": since, "source": source}, ensure_ascii=False)


def hold(store: Store, since: Instant, source: str) -> None:
    store.set_setting(*word(since, source))


def held(store: Store) -> Held | None:
    """Since when and why nothing is sent; None when it is."""
    text = store.setting(HELD)
    if not text:
        return None
    try:
        plain = json.loads(text)
        return Held(int(plain["since"]), str(plain["source"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Held(None, "?")  # whoever cannot be understood is not taken to have said: send


def release(store: Store, *, only_new: bool) -> int:
    """Send what waits from now on; with `only_new` not what waited in the copy already, which is kept as recorded. Returns the
    number of those."""
    state = held(store)
    kept = 0
    if state is not None and only_new:
        kept = store.withhold(ALL if state.since is None else state.since)
    let_go(store)
    return kept


def let_go(store: Store) -> None:
    if store.setting(HELD):
        store.set_setting(HELD, "")
