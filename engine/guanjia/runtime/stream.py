"""The office's own stream: events of what is of no case, in one chain of hashes.

They have the form of a case's events with an empty `case`, and are written in the transaction that writes what they record:
a procedure and the event that it was published, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..clock import Instant
from ..model.event import Event, OfficeEventType, chain
from ..store.interface import EventRow, OfficeChange, Store, Transaction
from ..store.paging import pages

OFFICE = ""
"""What stands for the case in an event of the office."""


class Happened(NamedTuple):
    type: OfficeEventType
    name: str
    data: Mapping[str, Any]


def record(
    tx: Transaction, happened: Sequence[Happened], *, actor: str, now: Instant,
    versions: Sequence[tuple[str, str, str]] = (), settings: Mapping[str, str] | None = None,
) -> tuple[Event, ...]:  # fmt: skip
    """Append to the stream, together with the versions and settings that this is about. Returns the events."""
    last, head = tx.office_head()
    events, rows = [], []
    for seq, item in enumerate(happened, last + 1):
        event = Event(OFFICE, seq, item.type, item.name, actor, now, now, item.data)
        text = event.text()
        head = chain(head, text)
        events.append(event)
        rows.append(EventRow(seq, text, head, now))
    tx.write_office(OfficeChange(rows, versions, settings or {}))
    return tuple(events)


def imagined(happened: Sequence[Happened]) -> Iterator[Event]:
    """The events as they would be, to see what would follow from them."""
    for item in happened:
        yield Event(OFFICE, 0, item.type, item.name, "", 0, 0, item.data)


def events(store: Store, after: int = 0) -> Iterator[Event]:
    """Events with a number above `after`, oldest first."""
    for row in _rows(store, after):
        yield Event.from_text(row.text)


def _rows(store: Store, after: int) -> Iterator[EventRow]:
    for page in pages(store.office_events, after, lambda row: row.seq):
        yield from page
