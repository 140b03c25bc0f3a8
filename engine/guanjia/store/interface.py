"""What a store is: the one interface behind which cases are kept, whatever the database.

A store keeps bytes and rows; it knows no rule. `transact` runs one piece of work in one transaction that is durable when
it returns; everything that one command changes is written by one `Transaction.write`. Several pieces of work of one
process may share a commit; each is all or nothing on its own. Every store passes the same suite (tests/store/conformance.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ..clock import Instant
from ..model.event import Notification

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """A case as it lies in the store: its snapshot as JSON text, the head of its chain, its personal values."""

    id: str
    seq: int
    snapshot: str
    head: bytes
    personal: Mapping[str, Any] = field(default_factory=dict)
    """commitment -> value; a destroyed one is absent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is remembered of a command key: the digest of the command, and the answer that was given (JSON text)."""

    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """What one command needs to begin: one round trip."""

    held: Held | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a case is searchable. Instants are microseconds; `summary` and `room` are shown in lists."""

    site: str
    number: str
    procedure: str
    version: str
    states: str
    """Active innermost states, comma separated."""
    mode: str | None
    priority: str | None
    summary: str
    room: str | None
    assignee: str | None
    customer: str | None
    parent: str | None
    opened_at: Instant
    changed_at: Instant
    closed_at: Instant | None
    outcome: str | None
    next_due: Instant | None
    """When time next changes the case."""
    deadline: Instant | None
    """The earliest due instant of a running clock: what people see."""
    breached: int
    """How many of its clocks are breached."""


@dataclass(frozen=True, slots=True)
class EventRow:
    seq: int
    text: str
    head: bytes
    """The chain's head after this event."""
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A command that one case sends to another, applied in order for each pair, once. `key` derives from its cause."""

    key: str
    sender: str
    receiver: str | None
    """None: it opens a new case."""
    command: str
    """The Command as JSON text."""


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that one command writes. `before` is the version that was read (0 for a new case): the compare-and-set."""

    case: str
    before: int
    seq: int
    snapshot: str
    columns: Columns
    events: Sequence[EventRow]
    personal: Sequence[tuple[str, str, str]] = ()
    """(commitment, salt, value as JSON text)"""
    notifications: Sequence[Notification] = ()
    inbox: Sequence[InboxItem] = ()
    key: tuple[str, str, str] | None = None
    """(command key, digest of the command, answer as JSON text)"""
    inbox_done: str | None = None
    blobs: Sequence[tuple[str, bytes]] = ()
    """(sha256 in hexadecimal, content)"""


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases to list. None means any."""

    site: str | None = None
    procedure: str | None = None
    open: bool | None = True
    state: str | None = None
    assignee: str | None = None
    room: str | None = None
    customer: str | None = None
    parent: str | None = None
    mode: str | None = ""
    """"" = real cases only; None = all; "drill" = that mode only."""
    text: str | None = None
    """Words to find in number, summary and room."""
    order: str = "deadline"
    """`deadline` (soonest first, none last), `opened`, `changed` (latest first)."""
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A notification with the state of its delivery: waiting | sending | sent | dead | unrenderable | recorded."""

    notification: Notification
    status: str
    attempts: int
    next_at: Instant | None
    last_error: str | None
    sent_at: Instant | None
    owner: str | None = None


class Transaction(Protocol):
    """One piece of work inside a transaction that already holds the write lock (SQLite) or will lock the row (PostgreSQL)."""

    def read(self, ref: str | None, key: str | None) -> Read:
        """The case by id or number, locked, and what is remembered of the key."""

    def next_number(self, site: str, counter: str, year: int) -> int:
        """The next number of this counter, from 1, without gaps: taken back when the work fails."""

    def write(self, change: Change) -> None:
        """Write it all. Conflict when the case is not at `change.before` any more or a key was taken meanwhile."""

    def load(self, assignees: Sequence[str]) -> Mapping[str, int]:
        """How many open cases each of these has."""

    def children(self, ids: Sequence[str]) -> Mapping[str, Held]:
        """Other cases that a decision asks about, as they are now."""


class Store(Protocol):
    """A database of one office. All methods are safe from any thread. Errors are StoreError or Conflict, never a driver's."""

    def migrate(self) -> None:
        """Create the schema or bring it to this program's version; StoreError for a newer or foreign database."""

    def close(self) -> None: ...

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one durable transaction and return its result; on any exception nothing of it remains."""

    # -- cases
    def get(self, ref: str) -> Held | None: ...
    def events(self, case: str, after: int = 0) -> Sequence[EventRow]: ...
    def feed(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, EventRow]]:
        """Events of all cases in commit order from a cursor: (cursor, case id, event)."""

    def list(self, query: Query) -> Sequence[Row]: ...
    def count(self, query: Query) -> int: ...
    def columns(self, case: str) -> Columns | None: ...
    def cases(self) -> Iterator[str]:
        """The ids of all cases, for the auditor."""

    def due(self, now: Instant, limit: int = 100) -> Sequence[str]:
        """Ids of open cases with next_due <= now, soonest first: an index, never a scan."""

    def next_wake(self) -> Instant | None:
        """The soonest next_due or outbox retry."""

    def blob(self, sha256: str) -> bytes | None: ...

    # -- between cases
    def inbox(self, limit: int = 100) -> Sequence[InboxItem]:
        """Waiting items, oldest first."""

    def drop_inbox(self, key: str, problem: str) -> None:
        """Park an item that its receiver refuses, with the reason; it is shown by doctor and never lost."""

    # -- outbox
    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        """Take messages that are to be sent now (or whose lease ran out) for `owner` until `lease`; attempts + 1."""

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        """Mark as sent; False when the lease was lost meanwhile (fencing)."""

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None) -> bool:
        """Put back until `retry_at`; None makes it a dead letter."""

    def outbox(
        self, *, case: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[OutboxRow]: ...
    def retry(self, key: str, now: Instant) -> bool:
        """A dead or unrenderable one is tried again (attempts from 0)."""

    def outbox_counts(self) -> Mapping[str, int]: ...
    def outbox_keys(self, case: str) -> Sequence[str]: ...

    # -- definitions and settings
    def put_version(self, hash: str, procedure: str, canonical: str) -> None:
        """Keep a procedure version for ever; the same hash again is no change."""

    def version(self, hash: str) -> str | None: ...
    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...

    # -- facts about the database, for doctor and audit
    def describe(self) -> Mapping[str, str]: ...
    def integrity(self) -> Sequence[str]:
        """What the database itself finds wrong; empty when nothing."""
