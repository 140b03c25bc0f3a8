"""What a store is: the one interface behind which cases are kept, whatever the database.

A store keeps bytes and rows; it knows no rule. `transact` runs one piece of work in one transaction that is durable when
it returns; everything that one command changes is written by one `Transaction.write`. Several pieces of work of one
process may share a commit; each is all or nothing on its own. Every store passes the same suite (tests/store/conformance.py).

`site`, `number`, `procedure`, `mode` and `opened_at` of a case are written once; all other columns follow every change.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from ..clock import Instant
from ..errors import GuanjiaError, Text
from ..model.event import Notification
from ..model.frozen import quick
from ..model.sight import Sight

if TYPE_CHECKING:
    from .customers import Customers, CustomersInHand

T = TypeVar("T")

Record = tuple[str, tuple[Any, ...]]
"""The name of a table, and a row of it in the form of `records.TABLES`."""

RECORDER = "recorder"
"""Notifications of this channel are kept as `recorded` and never claimed: the outside of a drill."""

STATUSES = ("waiting", "sending", "sent", "dead", "unrenderable", "recorded")


class Held(NamedTuple):
    """A case as it lies in the store: its snapshot as JSON text, the head of its chain, its personal values."""

    id: str
    seq: int
    snapshot: str
    head: bytes
    personal: Mapping[str, Any] = {}
    """commitment -> value; a destroyed one is absent."""


@quick(frozen=True, slots=True)
class Answer:
    """What is remembered of a command key: the digest of the command, and the answer that was given (JSON text)."""

    digest: str
    text: str


class Read(NamedTuple):
    """What one command needs to begin: one round trip."""

    held: Held | None
    answer: Answer | None


class Columns(NamedTuple):
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
    provisional: int = 0
    """How many of its running clocks have a deadline in a year for which the calendar is not published."""
    alarms: int = 0
    """How many of its escalations came to the end of their ladder, and nobody has acknowledged them."""
    marks: str | None = None
    """What decides who sees it (`model.sight`); None while nobody has marked it: a bounded sight does not reach it."""


class EventRow(NamedTuple):
    seq: int
    text: str
    head: bytes
    """The chain's head after this event."""
    recorded_at: Instant


class Tally(NamedTuple):
    """How many open cases of a procedure are in these states, in this mode."""

    procedure: str
    states: str
    mode: str | None
    open: int
    late: int
    """With a breached clock, or a deadline that has come."""
    due: int
    """That time should have changed by now."""


@quick(frozen=True, slots=True)
class InboxItem:
    """A command that one case sends to another, applied in order for each pair, once. `key` derives from its cause."""

    key: str
    sender: str
    receiver: str | None
    """None: it opens a new case."""
    command: str
    """The Command as JSON text."""


class Change(NamedTuple):
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
    """The inbox item that this command came from: it is done with this change, and must still be waiting."""
    blobs: Sequence[tuple[str, bytes]] = ()
    """(sha256 in hexadecimal, content); one that is there already is kept."""
    forget: bool = False
    """Destroy all personal values of the case that there were; those of `personal` are what remains."""


@quick(frozen=True, slots=True)
class OfficeChange:
    """What is written about the office itself: events of its own stream, and what they record."""

    events: Sequence[EventRow]
    """They follow on the head that `office_head` gave."""
    versions: Sequence[tuple[str, str, str]] = ()
    """(hash, procedure, canonical), kept for ever; one that is there already is kept as it is."""
    settings: Mapping[str, str] = field(default_factory=dict)


@quick(frozen=True, slots=True)
class Query:
    """Which cases to list. None means any."""

    site: str | None = None
    procedure: str | None = None
    open: bool | None = True
    state: str | None = None
    """One of the active innermost states."""
    assignee: str | None = None
    room: str | None = None
    customer: str | tuple[str, ...] | None = None
    """One of them, where several are given: the ids that one person was known by."""
    parent: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    """Opened from `since` on, before `until`."""
    provisional: bool | None = None
    """Whether some deadline is provisional."""
    alarm: bool | None = None
    """Whether some escalation came to the end of its ladder without anybody acknowledging it."""
    mode: str | None = ""
    """"" = real cases only; None = all; "drill" = that mode only."""
    sight: Sight | None = None
    """Only what somebody with this sight sees."""
    text: str | None = None
    """Words, separated by blanks, each of which stands in number, summary, room or customer id; letters of either case."""
    order: Literal["deadline", "opened", "changed"] = "deadline"
    """`deadline` (soonest first, none last), `opened`, `changed` (both latest first)."""
    limit: int = 50
    offset: int = 0


@quick(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: str
    columns: Columns


@quick(frozen=True, slots=True)
class OutboxRow:
    """A notification with the state of its delivery: waiting | sending | sent | dead | unrenderable | recorded."""

    notification: Notification
    status: str
    attempts: int
    next_at: Instant | None
    last_error: str | None
    sent_at: Instant | None
    owner: str | None = None
    note: str | None = None
    """What the other side answered when it was sent."""


class Withdrawn(NamedTuple):
    """What became of messages that are not to be sent any more."""

    told: Sequence[tuple[str, str]] = ()
    """(template, recipient) of those that were sent already, or are in somebody's hand, in the order of writing."""
    kept: Sequence[str] = ()
    """The keys of those that waited, in the order of writing: they are kept as `recorded`."""


class Transaction(Protocol):
    """One piece of work inside a transaction that already holds the write lock (SQLite) or will lock the row (PostgreSQL).

    It may be used only by the work it was given to, and only until that returns. The work may run in another thread, and
    may run again when the database gave up the first attempt (a deadlock, a lost connection); nothing remains of that.
    """

    def read(self, ref: str | None, key: str | None) -> Read:
        """The case by id or number (letters of either case), locked, and what is remembered of the key.

        None asks for nothing. Conflict when cases of several sites have that number.
        """

    def next_number(self, site: str, counter: str, year: int) -> int:
        """The next number of this counter, from 1, without gaps: taken back when the work fails. In the year 0, which is for
        numbers that go on for ever, from where the counter stood in any year; of the site "", from where it stood at any site."""

    def write(self, change: Change) -> None:
        """Write it all. Conflict when the case is not at `change.before` any more or a key was taken meanwhile.

        `data["again"]` is true where doing the same once more can succeed. The Conflict may also be raised only as the
        transaction ends; either way it leaves `transact`, and nothing of the work remains.
        """

    def attempt(self, name: str, period: int) -> int:
        """How often this was tried in this period, with this time; taken back when the work fails. Of a name only the latest period is
        remembered, in this copy of the office alone."""

    def withdraw(self, case: str, since: int) -> Withdrawn:
        """Messages of the case that were made by events from number `since` on and still wait are kept as `recorded` and not sent,
        until somebody lets them wait again."""

    def resume(self, keys: Sequence[str]) -> Sequence[str]:
        """Messages that were withdrawn wait again, each from when it might first go out on; the keys of those that do. Not what was never
        to be sent (of a drill)."""

    def put_marks(self, case: str, marks: str) -> None:
        """Mark a case that is there; nothing else of it changes."""

    def put_alike(self, case: str, rows: Sequence[tuple[str, Instant]]) -> None:
        """From now on the case is counted under these keys, each as of an instant, and under no others."""

    def count_alike(self, key: str, since: Instant, until: Instant, beside: str, most: int) -> int:
        """How many cases but the one of this id are counted under the key as of an instant in (since, until], and no more than `most`.
        Until the transaction ends nobody else counts under it: so of two cases that come to be alike at once one sees the other."""

    def put_personal(self, case: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """Put other contents in the place of personal values that are there: (commitment, salt, value as JSON text)."""

    def load(self, assignees: Sequence[str]) -> Mapping[str, int]:
        """How many open cases each of these has; 0 for none."""

    def events(self, case: str) -> Sequence[EventRow]:
        """The events of a case in order, those too that other works wrote under the commit of this one."""

    def children(self, ids: Sequence[str], *, still: bool = False) -> Mapping[str, Held]:
        """Other cases that a decision asks about, as they are now, without their personal values; unknown ids are absent. Where they
        have to stay `still`, nobody changes them until the transaction ends."""

    @property
    def customers(self) -> CustomersInHand:
        """The register of customers, inside this transaction."""

    def office_head(self) -> tuple[int, bytes]:
        """Number and head of the last event of the office's own stream, (0, GENESIS) ahead of the first. Locked: until the
        transaction ends nobody else appends."""

    def write_office(self, change: OfficeChange) -> None:
        """Write it all; StoreError when the events do not follow on the head."""


class Hints(Protocol):
    """Word from the database that there is something to do. Only a hint: it may come in vain, late, or not at all."""

    def wait(self, seconds: float) -> bool:
        """Wait for a hint, at most `seconds`; whether one came. Never raises: without word the worker looks by itself."""

    def close(self) -> None: ...


class Store(Protocol):
    """A database of one office. All methods are safe from any thread. Errors are StoreError or Conflict, never a driver's."""

    def migrate(self) -> None:
        """Create the schema or bring it to this program's version; StoreError for a newer or foreign database."""

    def close(self) -> None:
        """Give back files and connections; whatever is asked afterwards is a StoreError. Closing twice is no error."""

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one durable transaction and return its result; on any exception nothing of it remains.

        Not inside another piece of work: that is a StoreError.
        """

    def transact_many(self, works: Sequence[Callable[[Transaction], T]]) -> builtins.list[T | GuanjiaError]:
        """Run pieces of work in order under one commit; each is all or nothing, and a GuanjiaError is its result.

        When one raises anything else, that is raised, and nothing of any of them remains.
        """

    def transact_due(
        self, now: Instant, limit: int, work: Callable[[Transaction, str], T], beside: Sequence[str] = ()
    ) -> builtins.list[tuple[str, T | GuanjiaError]]:
        """Run `work` under one commit for cases that are due, soonest first, at most `limit` and none of `beside`.

        Each is all or nothing, as with `transact_many`, and comes back by its id. A case that another worker has in hand is
        passed over, so that workers divide what is due without waiting for each other; the row's lock is the only claim.
        """

    # -- cases
    def get(self, ref: str) -> Held | None:
        """The case by id or number, as last committed. Conflict when cases of several sites have that number."""

    def events(self, case: str, after: int = 0) -> Sequence[EventRow]:
        """The events of a case (by id) with seq > `after`, in order."""

    def feed(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, str, EventRow]]:
        """Events of all cases in commit order from a cursor: (cursor, case id, event).

        Cursors grow, with gaps; an event never appears behind a cursor that was given out.
        """

    def list(self, query: Query) -> Sequence[Row]:
        """Cases in the order asked for; equals by id (oldest first for `deadline`, latest first for the others)."""

    def count(self, query: Query) -> int:
        """How many there are, whatever `limit` and `offset` say."""

    def tally(self, now: Instant) -> Sequence[Tally]:
        """Open cases counted by procedure, states and mode, in this order."""

    def columns(self, case: str) -> Columns | None: ...
    def alike(self, case: str) -> Sequence[tuple[str, Instant]]:
        """Under which keys the case is counted, each as of when, in order."""

    def cases(self, after: str = "") -> Iterator[str]:
        """The ids of all cases above `after` in order, for the auditor; cases may be added while it runs."""

    def sealed(self, case: str) -> Sequence[tuple[str, str, str]]:
        """The personal values of a case as they lie there: (commitment, salt, value as JSON text), by commitment."""

    def pins(self) -> Mapping[str, int]:
        """The versions that open cases are pinned to, and how many to each."""

    def pinned(self, version: str) -> Iterator[str]:
        """The ids of the open cases of a version in order; they may be moved to another one while it runs."""

    def due(self, now: Instant, limit: int = 100) -> Sequence[str]:
        """Ids of open cases with next_due <= now, soonest first: an index, never a scan."""

    def next_wake(self) -> Instant | None:
        """The soonest instant with something to do: next_due of an open case, an outbox message that may be claimed; 0 when
        an inbox item waits. None when nothing ever will be.
        """

    def hints(self) -> Hints | None:
        """Where the database can tell that another program wrote something for the workers; None where it cannot."""

    def blob(self, sha256: str) -> bytes | None: ...

    @property
    def customers(self) -> Customers:
        """The register of customers, as last committed."""

    # -- between cases
    def inbox(self, limit: int = 100) -> Sequence[InboxItem]:
        """Waiting items, oldest first: of each pair of sender and receiver only the first, for they go in order."""

    def drop_inbox(self, key: str, problem: str) -> None:
        """Park an item that its receiver refuses, with the reason; it is kept until `retry_inbox`."""

    def dropped_inbox(self, limit: int = 100) -> Sequence[tuple[InboxItem, str]]:
        """Parked items with the reason, the latest first."""

    def retry_inbox(self, key: str) -> bool:
        """A parked item waits again, in the place that it had; False when it is not parked."""

    def inbox_status(self, key: str) -> str | None:
        """waiting, done or dropped; None when nothing of that key was ever sent."""

    # -- outbox
    def claim(self, now: Instant, owner: str, lease: Instant, limit: int = 20) -> Sequence[OutboxRow]:
        """Take messages that are to be sent now (or whose lease ran out) for `owner` until `lease`; attempts + 1.

        A message stays while an earlier one of its case to the same recipient by the same channel is waiting or sending; but
        an urgent one does not stay for others that failed. Those with the same `digest` that had to wait for the same
        instant (`not_before`) and have been tried equally often come together, whatever `limit` says. A new message that may go out sooner than earlier ones which wait takes
        them along: they get its instant, its digest and at least its urgency.
        """

    def sent(self, key: str, owner: str, at: Instant, note: str | None = None) -> bool:
        """Mark as sent, and with it what `owner` claimed together with it; False when the lease was lost to another
        owner meanwhile (fencing)."""

    def failed(self, key: str, owner: str, error: str, retry_at: Instant | None, *, alone: bool = False) -> bool:
        """Put back until `retry_at`, with what was claimed together with it unless it failed `alone`; None makes dead letters.
        False when the lease was lost."""

    def decline(self, key: str, owner: str, why: str) -> bool:
        """Keep as `recorded` and never send; what else `owner` claimed together with it stays in hand. False when the lease was lost."""

    def hold(self, key: str, owner: str, until: Instant) -> bool:
        """Put back untried: its recipient is told nothing before `until`, neither this nor what else with the same `digest`
        has not been tried and is not urgent; but what a later urgent message of its case waits behind goes out with that, as if that
        were new. False when the lease was lost."""

    def renew(self, owner: str, lease: Instant) -> int:
        """Extend the lease of everything that `owner` has in hand until `lease`; how many that is."""

    def release(self, owner: str, now: Instant) -> int:
        """Put back what `owner` took and did not try, for others to take at once; how many that was."""

    def withhold(self, until: Instant) -> int:
        """Messages made up to this instant that are still to be sent are kept as `recorded` and never sent; how many."""

    def outbox(self, *, case: str | None = None, status: str | None = None, limit: int = 100) -> Sequence[OutboxRow]:
        """Messages, the latest first."""

    def retry(self, message: Notification, now: Instant) -> bool:
        """A dead or unrenderable one is tried again from `now` on as it is given here (attempts from 0), by itself; False when
        it is neither."""

    def oldest_unsent(self, now: Instant) -> Instant | None:
        """Since when the message waits that waits longest, of those that might have been sent by now; None when none does."""

    def outbox_counts(self) -> Mapping[str, int]:
        """How many messages there are of every status (see `STATUSES`)."""

    def outbox_keys(self, case: str) -> Sequence[str]:
        """The keys of all messages of a case, in the order in which they were written."""

    # -- the office itself
    def office_events(self, after: int = 0, limit: int = 1000) -> Sequence[EventRow]:
        """Events of the office's own stream with seq > `after`, in order. Numbers run from 1 without gaps."""

    def put_version(self, hash: str, procedure: str, canonical: str) -> None:
        """Keep a procedure version for ever; the same hash again is no change."""

    def version(self, hash: str) -> str | None: ...
    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...

    # -- facts about the database, for doctor and audit
    def describe(self) -> Mapping[str, str]:
        """What the database is: `driver`, `version`, `location`, `schema`, `size` (bytes), and what else its kind has to say."""

    def present(self) -> Instant | None:
        """The instant by the database's own clock; None where it has none of its own."""

    def integrity(self) -> Sequence[Text]:
        """What the database itself finds wrong; empty when nothing."""

    # -- the whole office
    def dump(self, *tables: str) -> Iterator[Record]:
        """Everything that the store holds (or these tables), as of one moment, whatever is written meanwhile: see
        `records.TABLES`. Close the iterator when it is not read to its end."""

    def load(self, records: Iterable[Record]) -> None:
        """Take in what `dump` gave, as a whole or not at all. StoreError when there is anything in this store already."""

    def backup(self, path: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Copy the database, as it is at one moment, into a new file while it is in use. `progress(done, total)`. StoreError
        when there is such a file, or when this kind of database has a program of its own for that."""
