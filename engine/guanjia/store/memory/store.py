"""A store in memory, for stories, simulations and tests: the same semantics, nothing durable.

One lock makes every piece of work alone in the world. What it changes is written at once, and every change leaves a way
back in a journal; an exception walks the journal backwards.
"""

from __future__ import annotations

import builtins
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from operator import itemgetter
from typing import TypeVar

from ...clock import Instant
from ...errors import GuanjiaError, Text
from ...model.event import Notification
from .. import carried, refusals
from ..interface import (
    STATUSES,
    Answer,
    Columns,
    EventRow,
    Held,
    InboxItem,
    OutboxRow,
    Query,
    Record,
    Row,
    Tally,
    Transaction,
)
from ..records import chosen
from ..rows import RENEWED, first_try, fold, together, words
from ..turns import due_in_turn
from .customers import Kept, MemoryCustomers
from .transaction import CaseInMemory, Line, MemoryTransaction, line_of

T = TypeVar("T")


class MemoryStore:
    """A whole database as dictionaries."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._writing: MemoryTransaction | None = None
        self._closed = False
        self.cases_by_id: dict[str, CaseInMemory] = {}
        self.numbers: dict[str, dict[str, str]] = {}
        """folded number -> site -> case id"""
        self.log: list[tuple[int, str, EventRow]] = []
        """(cursor, case id, event)"""
        self.keys: dict[str, Answer] = {}
        self.counters: dict[tuple[str, str, int], int] = {}
        self.attempts: dict[str, tuple[int, int]] = {}
        """name -> (period, times)"""
        self.messages: dict[str, OutboxRow] = {}
        self.items: dict[str, tuple[InboxItem, str, str]] = {}
        """key -> (item, waiting | done | dropped, problem)"""
        self.wakes: list[tuple[Instant, str]] = []
        """A heap of (next_due, case id); an entry that its case has left behind is dropped when it comes up."""
        self.lines: dict[Line, dict[str, int]] = {}
        """Messages that wait or are being sent, by line: key -> place in the order of writing"""
        self.sending: dict[str, None] = {}
        """Those of them that are being sent"""
        self.waiting: dict[str, int] = {}
        """Inbox items that wait: key -> place in the order of writing"""
        self.alike_by_case: dict[str, tuple[tuple[str, Instant], ...]] = {}
        """case id -> under which keys it is counted, each as of when, in order"""
        self.alike_by_key: dict[str, dict[tuple[str, Instant], None]] = {}
        """The same the other way round: key -> (case id, as of when)"""
        self.blobs: dict[str, bytes] = {}
        self.versions: dict[str, tuple[str, str]] = {}
        """hash -> (procedure, canonical)"""
        self.settings: dict[str, str] = {}
        self.office: list[EventRow] = []
        """The office's own stream"""
        self.customers = MemoryCustomers(Kept(), self._open)

    def migrate(self) -> None:
        self._open()

    def fork(self) -> MemoryStore:
        """Another store with the same cases, messages and settings, on which one can try what would follow. Customers stay behind."""
        with self._open():
            twin = MemoryStore()
            for name, table in vars(self).items():
                if isinstance(table, dict | list):
                    setattr(twin, name, table.copy())
            twin.cases_by_id = {
                id: replace(case, events=[*case.events], messages=[*case.messages], sealed={**case.sealed})
                for id, case in self.cases_by_id.items()
            }
            twin.numbers = {number: {**sites} for number, sites in self.numbers.items()}
            twin.alike_by_key = {key: {**found} for key, found in self.alike_by_key.items()}
            twin.lines = {line: {**keys} for line, keys in self.lines.items()}
            return twin

    def close(self) -> None:
        self._closed = True

    def _open(self) -> threading.RLock:
        if self._closed:
            raise refusals.closed()
        return self._lock

    # -- transactions

    def transact(self, work: Callable[[Transaction], T]) -> T:
        with self._open():
            if self._writing is not None:
                raise refusals.nested()
            tx = self._writing = MemoryTransaction(self)
            try:
                return tx.alone(work)
            finally:
                self._writing = None

    def transact_many(self, works: Sequence[Callable[[Transaction], T]]) -> builtins.list[T | GuanjiaError]:
        def each(outer: Transaction) -> builtins.list[T | GuanjiaError]:
            assert isinstance(outer, MemoryTransaction)
            outcomes: builtins.list[T | GuanjiaError] = []
            for work in works:
                try:
                    outcomes.append(outer.alone(work))
                except GuanjiaError as error:
                    outcomes.append(error)
            return outcomes

        return self.transact(each)

    def transact_due(
        self, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str] = ()
    ) -> builtins.list[tuple[str, T | GuanjiaError]]:
        return due_in_turn(self, now, limit, work, beside)

    def _put(self, write: Callable[[MemoryTransaction], T]) -> T:
        return self.transact(write)  # type: ignore[arg-type]

    # -- cases

    def find(self, ref: str) -> CaseInMemory | None:
        if ref in self.cases_by_id:
            return self.cases_by_id[ref]
        named = self.numbers.get(fold(ref), {})
        if len(named) > 1:
            raise refusals.ambiguous(ref)
        return next((self.cases_by_id[identity] for identity in named.values()), None)

    def get(self, ref: str) -> Held | None:
        with self._open():
            case = self.find(ref)
            return None if case is None else case.held

    def events(self, case: str, after: int = 0) -> Sequence[EventRow]:
        with self._open():
            found = self.cases_by_id.get(case)
            return [] if found is None else found.events[max(after, 0) :]

    def feed(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, EventRow]]:
        with self._open():
            start = bisect_right(self.log, after, key=itemgetter(0))
            return self.log[start : start + limit]

    def list(self, query: Query) -> Sequence[Row]:
        with self._open():
            found = [
                Row(identity, case.columns) for identity, case in self.cases_by_id.items() if _fits(case.columns, query)
            ]
        if query.order == "deadline":
            found.sort(key=lambda row: (row.columns.deadline is None, row.columns.deadline or 0, row.id))
        elif query.order == "opened":
            found.sort(key=lambda row: (row.columns.opened_at, row.id), reverse=True)
        else:
            found.sort(key=lambda row: (row.columns.changed_at, row.id), reverse=True)
        return found[query.offset : query.offset + query.limit]

    def count(self, query: Query) -> int:
        with self._open():
            return sum(1 for case in self.cases_by_id.values() if _fits(case.columns, query))

    def tally(self, now: Instant) -> Sequence[Tally]:
        counts: dict[tuple[str, str, str], Tally] = {}
        with self._open():
            for it in (case.columns for case in self.cases_by_id.values() if case.columns.closed_at is None):
                key = (it.procedure, it.states, it.mode or "")
                before = counts.get(key, Tally(it.procedure, it.states, it.mode, 0, 0, 0))
                late = it.breached > 0 or (it.deadline is not None and it.deadline <= now)
                due = it.next_due is not None and it.next_due <= now
                counts[key] = before._replace(open=before.open + 1, late=before.late + late, due=before.due + due)
        return [counts[key] for key in sorted(counts)]

    def columns(self, case: str) -> Columns | None:
        with self._open():
            found = self.cases_by_id.get(case)
            return None if found is None else found.columns

    def alike(self, case: str) -> Sequence[tuple[str, Instant]]:
        with self._open():
            return self.alike_by_case.get(case, ())

    def cases(self, after: str = "") -> Iterator[str]:
        with self._open():
            known = sorted(identity for identity in self.cases_by_id if identity > after)
        return iter(known)

    def sealed(self, case: str) -> Sequence[tuple[str, str, str]]:
        with self._open():
            found = self.cases_by_id.get(case)
            return [] if found is None else sorted((key, *rest) for key, rest in found.sealed.items())

    def pins(self) -> Mapping[str, int]:
        with self._open():
            return Counter(case.columns.version for case in self.cases_by_id.values() if case.columns.closed_at is None)

    def pinned(self, version: str) -> Iterator[str]:
        with self._open():
            known = sorted(
                identity
                for identity, case in self.cases_by_id.items()
                if case.columns.version == version and case.columns.closed_at is None
            )
        return iter(known)

    def due(self, now: Instant, limit: int = 100) -> Sequence[str]:
        with self._open():
            found: dict[str, Instant] = {}
            while len(found) < limit and (wake := self._soonest()) is not None and wake[0] <= now:
                found[wake[1]] = wake[0]
                heappop(self.wakes)
            for identity, at in found.items():
                heappush(self.wakes, (at, identity))
        return builtins.list(found)

    def _soonest(self) -> tuple[Instant, str] | None:
        while self.wakes:
            at, identity = self.wakes[0]
            case = self.cases_by_id.get(identity)
            if case is not None and case.columns.next_due == at and case.columns.closed_at is None:
                return at, identity
            heappop(self.wakes)
        return None

    def next_wake(self) -> Instant | None:
        with self._open():
            if self.waiting:
                return 0
            instants = [row.next_at for _, row in self._heads() if row.next_at is not None]
            soonest = self._soonest()
        return min(instants if soonest is None else [*instants, soonest[0]], default=None)

    def hints(self) -> None:
        return None

    def blob(self, sha256: str) -> bytes | None:
        with self._open():
            return self.blobs.get(sha256)

    # -- between cases

    def inbox(self, limit: int = 100) -> Sequence[InboxItem]:
        with self._open():
            first: dict[tuple[str, str | None], InboxItem] = {}
            for key in sorted(self.waiting, key=self.waiting.__getitem__):
                item = self.items[key][0]
                first.setdefault((item.sender, item.receiver), item)
        return builtins.list(first.values())[:limit]

    def inbox_status(self, key: str) -> str | None:
        with self._open():
            return self.items[key][1] if key in self.items else None

    def drop_inbox(self, key: str, problem: str) -> None:
        def drop(tx: MemoryTransaction) -> None:
            if key in self.waiting:
                tx.take(self.waiting, key)
                tx.put(self.items, key, (self.items[key][0], "dropped", problem))

        self._put(drop)

    def retry_inbox(self, key: str) -> bool:
        def retry(tx: MemoryTransaction) -> bool:
            if self.items.get(key, (None, ""))[1] != "dropped":
                return False
            tx.put(self.items, key, (self.items[key][0], "waiting", ""))
            tx.put(self.waiting, key, 1 + builtins.list(self.items).index(key))
            return True

        return self._put(retry)

    def dropped_inbox(self, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
        with self._open():
            dropped = [(item, problem) for item, state, problem in self.items.values() if state == "dropped"]
        return dropped[::-1][:limit]

    # -- outbox

    def _heads(self) -> Iterator[tuple[int, OutboxRow]]:
        """What may be claimed once its instant has come, with its place: nothing before it is on its way to the same recipient,
        but what goes out as one message with it. An urgent one does not wait for others that failed."""
        for line in self.lines.values():
            before: builtins.list[OutboxRow] = []
            for key, place in sorted(line.items(), key=itemgetter(1)):
                row = self.messages[key]
                if not any(_blocks(earlier, row) for earlier in before):
                    yield place, row
                before.append(row)
                if together(row) is None and not _overtaken(row):
                    break

    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        def take(tx: MemoryTransaction) -> builtins.list[OutboxRow]:
            heads = ((row.next_at, place, row) for place, row in self._heads() if row.next_at is not None)
            ready = [row for at, _, row in sorted(heads) if at <= now]
            whole = {together(row) for row in ready[:limit]} - {None}
            taken = [
                replace(row, status="sending", attempts=row.attempts + 1, next_at=lease, owner=owner)
                for place, row in enumerate(ready)
                if place < limit or together(row) in whole
            ]
            for row in taken:
                tx.keep(row)
            return taken

        return self._put(take)

    def _settle(self, key: str, owner: str, changed: Callable[[OutboxRow], OutboxRow], *, alone: bool = False) -> bool:
        def settle(tx: MemoryTransaction) -> bool:
            mine = {row.notification.key: row for row in self._in_hand(owner)}
            named = mine.get(key)
            if named is None:
                return False
            for row in mine.values():
                beside = not alone and together(row) is not None and together(row) == together(named)
                if row is named or beside:
                    tx.keep(replace(changed(row), owner=None))
            return True

        return self._put(settle)

    def _in_hand(self, owner: str) -> Iterator[OutboxRow]:
        rows = (self.messages[key] for key in builtins.list(self.sending))
        return (row for row in rows if row.owner == owner)

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        done = {"status": "sent", "sent_at": at, "next_at": None, "last_error": None, "note": note}
        return self._settle(key, owner, lambda row: replace(row, **done))  # type: ignore[arg-type]

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None, *, alone: bool = False) -> bool:
        done = {"status": "dead" if retry_at is None else "waiting", "next_at": retry_at, "last_error": error}
        return self._settle(key, owner, lambda row: replace(row, **done), alone=alone)  # type: ignore[arg-type]

    def decline(self, key: str, owner: str, why: str) -> bool:
        done = {"status": "recorded", "next_at": None, "last_error": why}
        return self._settle(key, owner, lambda row: replace(row, **done), alone=True)  # type: ignore[arg-type]

    def hold(self, key: str, owner: str, until: Instant) -> bool:
        def soon(row: OutboxRow) -> Instant | None:
            """When something urgent goes out that is told the same recipient after it; that takes it along."""
            line = self.lines[line_of(row.notification)]
            after = (self.messages[other] for other in line if line[other] > line[row.notification.key])
            urgent = (each for each in after if each.notification.urgency == "urgent" and each.status == "waiting")
            return min((at for each in urgent if (at := each.next_at) is not None and at < until), default=None)

        def held(row: OutboxRow) -> OutboxRow:
            attempts = row.attempts - (row.status == "sending")
            told, at = row.notification, None if attempts else soon(row)
            if at is not None:
                told = replace(told, urgency="urgent", not_before=None, digest=None)
            elif not attempts:
                told = replace(told, not_before=until)
            return replace(row, notification=told, status="waiting", next_at=at or until, attempts=attempts)

        digest = self.messages[key].notification.digest if key in self.messages else None

        def rest(tx: MemoryTransaction) -> None:
            """Whoever is left in peace is told nothing else meanwhile."""
            for other in [key for line in self.lines.values() for key in line] if digest is not None else ():
                row = self.messages[other]
                mine = row.notification.digest == digest and row.notification.urgency != "urgent"
                if mine and row.status == "waiting" and not row.attempts and (row.next_at or 0) < until:
                    tx.put(self.messages, other, held(row))

        return self._settle(key, owner, held) and (self._put(rest) or True)

    def renew(self, owner: str, lease: Instant) -> int:
        return self._of_owner(owner, lambda row: replace(row, next_at=lease))

    def release(self, owner: str, now: Instant) -> int:
        return self._of_owner(
            owner, lambda row: replace(row, status="waiting", next_at=now, owner=None, attempts=row.attempts - 1)
        )

    def _of_owner(self, owner: str, changed: Callable[[OutboxRow], OutboxRow]) -> int:
        def each(tx: MemoryTransaction) -> int:
            rows = builtins.list(self._in_hand(owner))
            for row in rows:
                tx.keep(changed(row))
            return len(rows)

        return self._put(each)

    def outbox(
        self, *, case: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[OutboxRow]:  # fmt: skip
        with self._open():
            rows = [
                row
                for row in reversed(self.messages.values())
                if case in (None, row.notification.case) and status in (None, row.status)
            ]
        return rows[:limit]

    def retry(self, message: Notification, now: Instant) -> bool:
        def again(tx: MemoryTransaction) -> bool:
            row = self.messages.get(message.key)
            if row is None or row.status not in ("dead", "unrenderable"):
                return False
            renewed = {name: getattr(message, name) for name in RENEWED}
            told = replace(row.notification, **renewed, problem=None, not_before=None, digest=None)
            tx.keep(replace(row, notification=told, status="waiting", attempts=0, next_at=now))
            return True

        return self._put(again)

    def withhold(self, until: Instant) -> int:
        def each(tx: MemoryTransaction) -> int:
            rows = [self.messages[key] for line in self.lines.values() for key in line]
            early = [row for row in rows if row.notification.created_at <= until]
            for row in early:
                tx.keep(replace(row, status="recorded", next_at=None, owner=None))
            return len(early)

        return self._put(each)

    def oldest_unsent(self, now: Instant) -> Instant | None:
        with self._open():
            messages = (self.messages[key].notification for line in self.lines.values() for key in line)
            return min((at for at in map(first_try, messages) if at <= now), default=None)

    def outbox_counts(self) -> Mapping[str, int]:
        with self._open():
            counts = dict.fromkeys(STATUSES, 0)
            for row in self.messages.values():
                counts[row.status] += 1
        return counts

    def outbox_keys(self, case: str) -> Sequence[str]:
        with self._open():
            found = self.cases_by_id.get(case)
            return [] if found is None else builtins.list(found.messages)

    # -- the office itself

    def office_events(self, after: int = 0, limit: int = 1000) -> Sequence[EventRow]:
        with self._open():
            return self.office[max(after, 0) : max(after, 0) + limit]

    def put_version(self, hash: str, procedure: str, canonical: str) -> None:
        self._put(lambda tx: None if hash in self.versions else tx.put(self.versions, hash, (procedure, canonical)))

    def version(self, hash: str) -> str | None:
        with self._open():
            return self.versions[hash][1] if hash in self.versions else None

    def setting(self, name: str) -> str | None:
        with self._open():
            return self.settings.get(name)

    def set_setting(self, name: str, value: str) -> None:
        self._put(lambda tx: tx.put(self.settings, name, value))

    # -- facts

    def describe(self) -> Mapping[str, str]:
        with self._open():
            return {"driver": "memory", "version": "-", "location": ":memory:", "schema": "-", "size": "0"}

    def present(self) -> Instant | None:
        return None

    def integrity(self) -> Sequence[Text]:
        with self._open():
            return [
                refusals.unsound("case", case.columns.number, case.held.seq, len(case.events), len(case.events))
                for case in self.cases_by_id.values()
                if case.held.seq != len(case.events)
            ]

    # -- the whole office

    def dump(self, *tables: str) -> Iterator[Record]:
        with self._open():
            found = [(table.name, row) for table in chosen(tables) for row in carried.rows(self, table.name)]
        return iter(found)

    def load(self, records: Iterable[Record]) -> None:
        if self.cases_by_id or self.log or self.office or self.versions or self.keys or self.customers.kept.held:
            raise refusals.not_empty(":memory:")

        self._put(lambda tx: carried.take_in(self, tx, records))

    def backup(self, path: str, progress: Callable[[int, int], None] | None = None) -> None:
        raise refusals.no_backup(":memory:", "Store.dump")


def _fits(it: Columns, query: Query) -> bool:
    if query.open is not None and query.open != (it.closed_at is None):
        return False
    if query.mode is not None and it.mode != (query.mode or None):
        return False
    if (query.since is not None and it.opened_at < query.since) or (
        query.until is not None and it.opened_at >= query.until
    ):
        return False
    if query.provisional is not None and query.provisional != (it.provisional > 0):
        return False
    if query.alarm is not None and query.alarm != (it.alarms > 0):
        return False
    if query.state is not None and query.state not in it.states.split(","):
        return False
    for name in ("site", "procedure", "assignee", "room", "customer", "parent"):
        wanted = getattr(query, name)
        if wanted is not None and getattr(it, name) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    if query.sight is not None and query.sight.unseen(it.site, it.marks or "") is not None:
        return False
    sought = words(query.text)
    if not sought:
        return True
    text = fold(f"{it.number}\n{it.summary}\n{it.room or ''}\n{it.customer or ''}")
    return all(word in text for word in sought)


def _blocks(earlier: OutboxRow, row: OutboxRow) -> bool:
    if together(earlier) is not None and together(earlier) == together(row):
        return False
    return not (row.notification.urgency == "urgent" and _overtaken(earlier))


def _overtaken(row: OutboxRow) -> bool:
    """Whether an urgent message goes ahead of it."""
    return row.status == "waiting" and row.attempts > 0 and row.notification.urgency != "urgent"
