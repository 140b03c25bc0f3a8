"""One piece of work on the store in memory: everything that it changes, with a way back in a journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappush
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from ...clock import Instant
from ...errors import GuanjiaError
from ...model.event import GENESIS, Notification
from .. import refusals
from ..interface import (
    RECORDER,
    Answer,
    Change,
    Columns,
    EventRow,
    Held,
    OfficeChange,
    OutboxRow,
    Read,
    Transaction,
    Withdrawn,
)
from ..rows import first_status, first_try, fold
from .customers import MemoryCustomersInHand

if TYPE_CHECKING:
    from .store import MemoryStore

T = TypeVar("T")
Line = tuple[str, str, str]
"""Case, recipient and channel: messages of one line are sent one after the other."""
_MISSING: Any = object()


@dataclass(slots=True)
class CaseInMemory:
    held: Held
    columns: Columns
    events: list[EventRow] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    sealed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Personal values as they lie there: commitment -> (salt, value as JSON text)"""


class MemoryTransaction:
    """One piece of work on the dictionaries, with the way back."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._undo: list[Callable[[], object]] = []
        self._failed: GuanjiaError | None = None

    def alone(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`; when it fails, nothing of it remains."""
        mark = len(self._undo)
        try:
            result = work(self)
            if self._failed is not None:
                raise self._failed
            return result
        except BaseException:
            while len(self._undo) > mark:
                self._undo.pop()()
            raise
        finally:
            self._failed = None

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        before = table.get(key, _MISSING)
        if before is _MISSING:
            self._undo.append(lambda: table.pop(key))
        else:
            self._undo.append(lambda: table.__setitem__(key, before))
        table[key] = value

    def take(self, table: dict[Any, Any], key: Any) -> None:
        """Taken back, the key stands at the end: nothing relies on the order of a table that is taken from."""
        value = table.pop(key)
        self._undo.append(lambda: table.__setitem__(key, value))

    def keep(self, row: OutboxRow) -> None:
        """The row of a message as it is now; it stands in its line while it is not settled."""
        store, key, name = self._store, row.notification.key, line_of(row.notification)
        new = key not in store.messages
        self.put(store.messages, key, row)
        if row.status == "sending":
            self.put(store.sending, key, None)
        elif key in store.sending:
            self.take(store.sending, key)
        line = store.lines.get(name, {})
        if row.status in ("waiting", "sending"):
            if not line:
                self.put(store.lines, name, line)
            if key not in line:
                self.put(line, key, len(store.messages) - 1 if new else list(store.messages).index(key))
        elif key in line:
            self.take(line, key)
            if not line:
                self.take(store.lines, name)

    def append(self, rows: list[Any], value: Any) -> None:
        self._undo.append(rows.pop)
        rows.append(value)

    def read(self, ref: str | None, key: str | None) -> Read:
        case = None if ref is None else self._store.find(ref)
        return Read(
            None if case is None else case.held,
            None if key is None else self._store.keys.get(key),
        )

    def next_number(self, site: str, counter: str, year: int) -> int:
        counters = self._store.counters
        before = counters.get((site, counter, year))
        if before is None:
            ended = (
                value
                for (at, name, when), value in counters.items()
                if name == counter and site in ("", at) and year in (0, when)
            )
            before = max(ended, default=0)
        number = before + 1
        self.put(self._store.counters, (site, counter, year), number)
        return number

    def attempt(self, name: str, period: int) -> int:
        last, times = self._store.attempts.get(name, (period, 0))
        times = times + 1 if last == period else 1
        self.put(self._store.attempts, name, (period, times))
        return times

    def withdraw(self, case: str, since: int) -> Withdrawn:
        kept = self._store.cases_by_id[case]
        rows = [self._store.messages[key] for key in kept.messages]
        rows = [row for row in rows if row.notification.seq >= since]
        waiting = [row for row in rows if row.status == "waiting"]
        for row in waiting:
            self.keep(replace(row, status="recorded", next_at=None))
        told = [row.notification for row in rows if row.status in ("sent", "sending")]
        return Withdrawn([(it.template, it.recipient) for it in told], [row.notification.key for row in waiting])

    def resume(self, keys: Sequence[str]) -> Sequence[str]:
        rows = [self._store.messages[key] for key in keys if key in self._store.messages]
        rows = [row for row in rows if row.status == "recorded" and row.notification.channel != RECORDER]
        for row in rows:
            self.keep(replace(row, status="waiting", next_at=first_try(row.notification)))
        return [row.notification.key for row in rows]

    def put_marks(self, case: str, marks: str) -> None:
        kept = self._store.cases_by_id[case]
        before = (kept.held, kept.columns)
        self._undo.append(lambda: self.set(kept, *before))
        self.set(kept, kept.held, kept.columns._replace(marks=marks))

    def put_alike(self, case: str, rows: Sequence[tuple[str, Instant]]) -> None:
        store = self._store
        for key, at in store.alike_by_case.get(case, ()):
            self.take(store.alike_by_key[key], (case, at))
        self.put(store.alike_by_case, case, tuple(sorted(set(rows))))
        for key, at in set(rows):
            if key not in store.alike_by_key:
                self.put(store.alike_by_key, key, {})
            self.put(store.alike_by_key[key], (case, at), None)

    def count_alike(self, key: str, since: Instant, until: Instant, beside: str, most: int) -> int:
        found = (case for case, at in self._store.alike_by_key.get(key, ()) if case != beside and since < at <= until)
        return sum(1 for _ in islice(found, most))

    def put_personal(self, case: str, rows: Sequence[tuple[str, str, str]]) -> None:
        kept = self._store.cases_by_id[case]
        personal = {**kept.held.personal, **{commitment: json.loads(value) for commitment, _, value in rows}}
        before = (kept.held, kept.columns)
        self._undo.append(lambda: self.set(kept, *before))
        self.set(kept, kept.held._replace(personal=personal), kept.columns)
        for commitment, salt, value in rows:
            self.put(kept.sealed, commitment, (salt, value))

    def write(self, change: Change) -> None:
        try:
            self._write(change)
        except GuanjiaError as error:
            self._failed = error
            raise

    def _write(self, change: Change) -> None:
        store, identity = self._store, change.case
        case = store.cases_by_id.get(identity)
        if change.before != (0 if case is None else case.held.seq):
            raise refusals.changed_meanwhile(identity)
        if [row.seq for row in change.events] != [*range(change.before + 1, change.seq + 1)] or not change.events:
            raise refusals.broken_rule("the events do not lead from `before` to `seq`")
        personal = dict(case.held.personal) if case is not None and not change.forget else {}
        personal |= {commitment: json.loads(value) for commitment, _, value in change.personal}
        held = Held(identity, change.seq, change.snapshot, change.events[-1].head, personal)
        if case is None:
            case = CaseInMemory(held, change.columns)
            self.number(identity, change.columns)
            self.put(store.cases_by_id, identity, case)
            self.set(case, held, change.columns)
        else:
            before = (case.held, case.columns)
            self._undo.append(lambda: self.set(case, *before))
            self.set(case, held, change.columns)
        if change.forget:
            forgotten = dict(case.sealed)
            self._undo.append(lambda: case.sealed.update(forgotten))
            case.sealed.clear()
        for commitment, salt, value in change.personal:
            self.put(case.sealed, commitment, (salt, value))
        for row in change.events:
            self.append(case.events, row)
            self.append(store.log, (store.log[-1][0] + 1 if store.log else 1, identity, row))
        self._settle(change)
        self._tell(change, case)

    def set(self, case: CaseInMemory, held: Held, columns: Columns) -> None:
        case.held, case.columns = held, columns
        if columns.next_due is not None:
            heappush(self._store.wakes, (columns.next_due, held.id))

    def number(self, identity: str, columns: Columns) -> None:
        number = fold(columns.number)
        if number not in self._store.numbers:
            self.put(self._store.numbers, number, {})
        if columns.site in self._store.numbers[number]:
            raise refusals.number_taken(columns.site, columns.number)
        self.put(self._store.numbers[number], columns.site, identity)

    def _settle(self, change: Change) -> None:
        store = self._store
        if change.key is not None:
            key, digest, text = change.key
            if key in store.keys:
                raise refusals.key_taken(key)
            self.put(store.keys, key, Answer(digest, text))
        if change.inbox_done is not None:
            waiting = store.items.get(change.inbox_done)
            if waiting is None or change.inbox_done not in store.waiting:
                raise refusals.already_applied(change.inbox_done)
            self.take(store.waiting, change.inbox_done)
            self.put(store.items, change.inbox_done, (waiting[0], "done", ""))

    def _tell(self, change: Change, case: CaseInMemory) -> None:
        store = self._store
        for message in change.notifications:
            if message.key in store.messages:
                raise refusals.broken_rule(f"outbox.key {message.key}")
            status = first_status(message)
            at = first_try(message) if status == "waiting" else None
            if at is not None:
                self._take_along(message, at)
            self.keep(OutboxRow(message, status, 0, at, None, None))
            self.append(case.messages, message.key)
        for item in change.inbox:
            if item.key in store.items:
                raise refusals.broken_rule(f"inbox.key {item.key}")
            self.put(store.items, item.key, (item, "waiting", ""))
            self.put(store.waiting, item.key, len(store.items))
        for sha256, content in change.blobs:
            if sha256 not in store.blobs:
                self.put(store.blobs, sha256, content)

    def _take_along(self, message: Notification, at: Instant) -> None:
        """What is told later takes along what waits before it, so that messages of a case to one recipient stay in order."""
        store = self._store
        for key in store.lines.get(line_of(message), ()):
            row = store.messages[key]
            told = row.notification
            if row.status != "waiting" or row.attempts:
                continue
            if told.not_before is not None and row.next_at is not None and row.next_at > at:
                urgency = message.urgency if message.urgency == "urgent" or told.urgency == "low" else told.urgency
                told = replace(told, urgency=urgency, not_before=message.not_before, digest=message.digest)
                self.put(store.messages, key, replace(row, notification=told, next_at=at))

    def load(self, assignees: Sequence[str]) -> Mapping[str, int]:
        counts = dict.fromkeys(assignees, 0)
        for case in self._store.cases_by_id.values():
            if case.columns.assignee in counts and case.columns.closed_at is None:
                counts[case.columns.assignee] += 1
        return counts

    def events(self, case: str) -> Sequence[EventRow]:
        return self._store.events(case)

    def children(self, ids: Sequence[str], *, still: bool = False) -> Mapping[str, Held]:
        known = self._store.cases_by_id
        return {identity: known[identity].held._replace(personal={}) for identity in ids if identity in known}

    @property
    def customers(self) -> MemoryCustomersInHand:
        return MemoryCustomersInHand(self._store.customers, self, self._fail)

    def _fail(self, error: GuanjiaError) -> GuanjiaError:
        self._failed = error
        return error

    def office_head(self) -> tuple[int, bytes]:
        stream = self._store.office
        return (stream[-1].seq, stream[-1].head) if stream else (0, GENESIS)

    def write_office(self, change: OfficeChange) -> None:
        store = self._store
        for row in change.events:
            if row.seq != len(store.office) + 1:
                self._failed = refusals.broken_rule("office_events: seq is not the next one")
                raise self._failed
            self.append(store.office, row)
        for hash, procedure, canonical in change.versions:
            if hash not in store.versions:
                self.put(store.versions, hash, (procedure, canonical))
        for name, value in change.settings.items():
            self.put(store.settings, name, value)


def line_of(message: Notification) -> Line:
    return message.case, message.recipient, message.channel
