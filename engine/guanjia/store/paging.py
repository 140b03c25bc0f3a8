"""Reading a long table a page at a time: each page goes on where the one before ended.

An index that is damaged may give a page that does not go onward; whoever followed it would read the same rows for ever. So each
row is compared with the one before it, and the first that does not come after it is an error. Every reading of this kind goes through here,
whatever the database: keys are numbers or text, and text is in the order of its bytes in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from . import refusals

K = TypeVar("K", str, int)
R = TypeVar("R")


def pages(read: Callable[[K], Sequence[R]], after: K, key: Callable[[R], Any]) -> Iterator[Sequence[R]]:
    """The pages that `read` gives for what lies above a key, from `after` on, until one is empty. StoreError where a row is not above
    the one before it."""
    while page := read(after):
        for row in page:
            after = _onward(after, key(row))
        yield page


def _onward(last: K, found: Any) -> K:
    if not isinstance(found, type(last)) or found <= last:
        raise refusals.out_of_order()
    return found
