"""What a store in memory holds, as the rows of `records` and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .interface import Answer, Columns, EventRow, Held, InboxItem, Record
from .memory.customers import rows as customer_rows, take_in as take_in_customer
from .records import LOCAL
from .rows import outbox_row, outbox_values

if TYPE_CHECKING:
    from .memory import MemoryStore, MemoryTransaction

_held = attrgetter("id", "seq", "head", "snapshot")
_item = attrgetter("key", "sender", "receiver", "command")


def rows(store: MemoryStore, table: str) -> Iterable[tuple[Any, ...]]:
    """The rows of a table in order."""
    cases = sorted(store.cases_by_id.items())
    if table == "versions":
        return sorted((hash, *rest) for hash, rest in store.versions.items())
    if table == "settings":
        return sorted((name, value) for name, value in store.settings.items() if name not in LOCAL)
    if table == "office_events":
        return store.office
    if table == "counters":
        return sorted((*key, value) for key, value in store.counters.items())
    if table == "events":
        return ((cursor, identity, *row) for cursor, identity, row in store.log)
    if table == "cases":
        return ((*_held(case.held), *case.columns) for _, case in cases)
    if table == "personal":
        return ((identity, key, *rest) for identity, case in cases for key, rest in sorted(case.sealed.items()))
    if table == "alike":
        return ((key, at, identity) for identity, found in sorted(store.alike_by_case.items()) for key, at in found)
    if table == "blobs":
        return sorted(store.blobs.items())
    if table == "outbox":
        return map(outbox_values, store.messages.values())
    if table == "inbox":
        return ((*_item(item), state, problem or None) for item, state, problem in store.items.values())
    if table.startswith("customer"):
        return customer_rows(store.customers.kept, table)
    return sorted((key, answer.digest, answer.text) for key, answer in store.keys.items())


def take_in(store: MemoryStore, tx: MemoryTransaction, records: Iterable[Record]) -> None:
    """Put rows back into an empty store."""
    from .memory import CaseInMemory

    events: dict[str, list[EventRow]] = {}
    for table, row in records:
        if table == "versions":
            tx.put(store.versions, row[0], row[1:])
        elif table == "settings":
            tx.put(store.settings, *row)
        elif table == "office_events":
            tx.append(store.office, EventRow(*row))
        elif table == "counters":
            tx.put(store.counters, row[:3], row[3])
        elif table == "events":
            event = EventRow(*row[2:])
            tx.append(store.log, (row[0], row[1], event))
            events.setdefault(row[1], []).append(event)
        elif table == "cases":
            identity, seq, head, snapshot = row[:4]
            case = CaseInMemory(Held(identity, seq, snapshot, head), Columns(*row[4:]), events.get(identity, []))
            tx.number(identity, case.columns)
            tx.put(store.cases_by_id, identity, case)
            tx.set(case, case.held, case.columns)
        elif table == "personal":
            identity, commitment, salt, value = row
            case = store.cases_by_id[identity]
            tx.put(case.sealed, commitment, (salt, value))
            personal = {**case.held.personal, commitment: json.loads(value)}
            tx.set(case, case.held._replace(personal=personal), case.columns)
        elif table == "alike":
            key, at, identity = row
            tx.put_alike(identity, (*store.alike_by_case.get(identity, ()), (key, at)))
        elif table == "blobs":
            tx.put(store.blobs, *row)
        elif table == "outbox":
            message = outbox_row(row)
            tx.keep(message)
            tx.append(store.cases_by_id[message.notification.case].messages, message.notification.key)
        elif table == "inbox":
            item = InboxItem(*row[:4])
            tx.put(store.items, item.key, (item, row[4], row[5] or ""))
            if row[4] == "waiting":
                tx.put(store.waiting, item.key, len(store.items))
        elif table.startswith("customer"):
            take_in_customer(tx.customers, tx, table, row)
        else:
            tx.put(store.keys, row[0], Answer(*row[1:]))
