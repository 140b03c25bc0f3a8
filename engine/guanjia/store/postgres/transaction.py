"""One piece of work on a connection of its own. What needs no answer at once travels with what comes next.

So a command takes two round trips: BEGIN with the locking read, and the write with COMMIT.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from ...clock import Instant
from ...errors import GuanjiaError
from ...model.event import GENESIS, to_json
from .. import refusals
from ..interface import Answer, Change, EventRow, Held, OfficeChange, Read, Withdrawn
from ..rows import NEW_MESSAGE, message_values
from ..statements import queries
from . import errors
from .customers import PostgresCustomersInHand
from .pool import Connection

T = TypeVar("T")
SQL = queries(str(Path(__file__).parent))
Statement = tuple[str, Any]
_SAVEPOINT: Statement = ("SAVEPOINT work", ())


def personal_values(text: str | None) -> dict[str, Any]:
    return {} if text is None else {commitment: json.loads(value) for commitment, value in json.loads(text)}


class PostgresTransaction:
    """What a work may do. An error of the database stays with the transaction: a work that hides it is undone all the same."""

    def __init__(self, connection: Connection, location: str) -> None:
        self._connection = connection
        self._location = location
        self._queued: list[Statement] = [("BEGIN", ())]
        self._change: Change | None = None
        self._failed: GuanjiaError | None = None
        self.written: list[Change] = []
        self._taken: dict[str, Held] = {}
        """Cases that were locked and read as they were taken, until their turn comes."""
        self.committing = False
        self.spoiled = False
        """The driver may count on prepared statements that the server, in a failed pipeline, never prepared."""

    def _run(self, *statements: Statement) -> list[psycopg.Cursor[tuple[Any, ...]]]:
        """Send what is queued and these in one round trip; the answers to these."""
        queued, change, self._change, self._queued = self._queued, self._change, None, []
        try:
            with self._connection.pipeline():
                for text, alike in groupby(queued, itemgetter(0)):
                    self._send(text, [values for _, values in alike])
                return [self._send(text, [values]) for text, values in statements]
        except errors.FAILURES as error:
            self.spoiled = change is None or bool(change.blobs)
            self._failed = errors.conflict(error, change) or errors.store_error(error, self._location)
            raise self._failed from error

    def _send(self, text: str, given: list[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        """One statement, for each of the values that it is given: many at once cost the driver less than one by one."""
        if len(given) == 1:
            return self._connection.execute(text.encode(), given[0], prepare=None if given[0] else False)
        cursor = self._connection.cursor()
        cursor.executemany(text.encode(), given)
        return cursor

    # -- begin and end

    def checked(self, work: Callable[[PostgresTransaction], T]) -> T:
        self._failed = None
        result = work(self)
        if self._failed is not None:
            raise self._failed
        return result

    def alone(self, work: Callable[[PostgresTransaction], T]) -> T:
        """Run one of several works of a transaction: when it fails, nothing of it remains, and the others do.

        The savepoint travels with the first question of the work, its release with the write.
        """
        self._flush()
        self._queued.append(_SAVEPOINT)
        try:
            result = self.checked(work)
            if self._queued and self._queued[-1] is _SAVEPOINT:
                self._queued.pop()  # it asked nothing and wrote nothing
            else:
                self._run(("RELEASE work", ()))
        except BaseException:
            unsent, self._change = _SAVEPOINT in self._queued, None
            self._queued = self._queued[: self._queued.index(_SAVEPOINT)] if unsent else []
            if not unsent and not self._connection.closed and not self.spoiled:
                self._run(("ROLLBACK TO work", ()), ("RELEASE work", ()))
            raise
        return result

    def queued(self, work: Callable[[PostgresTransaction], T]) -> T | GuanjiaError:
        """Run one of several works whose writes travel together at the end; a GuanjiaError is its result. Raises it where
        something of the work was sent already, and whoever comes to know at the end that one failed begins anew, with each `alone`."""
        queue, place, written = self._queued, len(self._queued), len(self.written)
        try:
            return self.checked(work)
        except GuanjiaError as error:
            if self._queued is not queue or self._connection.closed:
                raise
            del queue[place:], self.written[written:]
            return error
        finally:
            self._change = None

    def take_due(self, now: Instant, limit: int, beside: Sequence[str]) -> list[str]:
        """Lock cases that are due and in nobody's hand, and read them in the same round trip."""
        (found,) = self._run((SQL["take_due"], (now, list(beside), limit)))
        rows = found.fetchall()
        private = [row[0] for row in rows if row[4]]
        values: dict[str, Mapping[str, Any]] = {}
        if private:
            (found,) = self._run((SQL["private"], (private,)))
            values = {case: personal_values(text) for case, text in found.fetchall()}
        self._taken = {row[0]: Held(row[0], row[1], row[2], row[3], values.get(row[0], {})) for row in rows}
        return list(self._taken)

    def commit(self) -> None:
        if self._queued == [("BEGIN", ())]:
            return
        self.committing = True
        self._run(("COMMIT", ()))
        self.committing = False

    def abandon(self) -> None:
        """Roll back what was begun and not committed; after a commit there is nothing to do."""
        if self.spoiled:
            self._connection.close()
        if self._connection.closed or self._connection.info.transaction_status == TransactionStatus.IDLE:
            return
        try:
            self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    # -- what a work may ask and do

    def read(self, ref: str | None, key: str | None) -> Read:
        if ref is None and key is None:
            return Read(None, None)
        if key is None and ref in self._taken:
            return Read(self._taken.pop(ref), None)
        self._flush()
        case, beside = self._run((SQL["lock"], (ref,)), (SQL["beside"], (key, ref)))
        rows = case.fetchall()
        if ref is not None and len(rows) > 1:
            raise refusals.ambiguous(ref)
        ((answer, personal),) = beside.fetchall()
        return Read(
            Held(*rows[0], personal_values(personal)) if rows else None,  # type: ignore[call-arg]
            None if answer is None else Answer(*json.loads(answer)),
        )

    def _flush(self) -> None:
        """Send a write that waits for company: what follows needs its outcome."""
        if self._change is not None:
            self._run()

    def next_number(self, site: str, counter: str, year: int) -> int:
        self._flush()
        named = {"site": site, "counter": counter, "year": year}
        number: int = self._run((SQL["next_number"], named))[0].fetchall()[0][0]
        return number

    def load(self, assignees: Sequence[str]) -> Mapping[str, int]:
        self._flush()
        (found,) = self._run((SQL["load"], (list(assignees),)))
        return dict.fromkeys(assignees, 0) | dict(found.fetchall())

    def events(self, case: str) -> Sequence[EventRow]:
        self._flush()
        (found,) = self._run((SQL["events"], (case, 0)))
        return [EventRow(*row) for row in found.fetchall()]

    def children(self, ids: Sequence[str], *, still: bool = False) -> Mapping[str, Held]:
        self._flush()
        (found,) = self._run((SQL["children_still" if still else "children"], (list(ids),)))
        return {row[0]: Held(*row) for row in found.fetchall()}

    def office_head(self) -> tuple[int, bytes]:
        self._flush()
        _, found = self._run((SQL["office_lock"], ()), (SQL["office_head"], ()))
        rows = found.fetchall()
        return rows[0] if rows else (0, GENESIS)

    def write_office(self, change: OfficeChange) -> None:
        self._flush()
        events = [(SQL["add_office_event"], (row.seq, row.text, row.head, row.recorded_at)) for row in change.events]
        versions = [
            (SQL["put_version"], {"hash": hash, "procedure": procedure, "canonical": canonical})
            for hash, procedure, canonical in change.versions
        ]
        settings = [(SQL["set_setting"], {"name": name, "value": value}) for name, value in change.settings.items()]
        self._run(*events, *versions, *settings)

    def put_marks(self, case: str, marks: str) -> None:
        self._flush()
        self._run((SQL["put_marks"], (marks, case)))

    def put_alike(self, case: str, rows: Sequence[tuple[str, Instant]]) -> None:
        self._flush()
        keys, instants = [key for key, _ in rows], [at for _, at in rows]
        self._run((SQL["drop_alike"], (case,)), (SQL["add_alike"], (case, keys, instants)))

    def count_alike(self, key: str, since: Instant, until: Instant, beside: str, most: int) -> int:
        self._flush()
        _, found = self._run((SQL["alike_lock"], (key,)), (SQL["alike"], (key, since, until, beside, most)))
        number: int = found.fetchall()[0][0]
        return number

    @property
    def customers(self) -> PostgresCustomersInHand:
        return PostgresCustomersInHand(SQL, self._asked, self._sent, self._keep)

    def _asked(self, text: str, values: Any) -> list[tuple[Any, ...]]:
        self._flush()
        return self._run((text, values))[0].fetchall()

    def _sent(self, statements: Sequence[Statement]) -> list[int]:
        self._flush()
        return [cursor.rowcount for cursor in self._run(*statements)]

    def _keep(self, error: GuanjiaError) -> GuanjiaError:
        self._failed = error
        return error

    def attempt(self, name: str, period: int) -> int:
        self._flush()
        times: int = self._run((SQL["attempt"], (name, period)))[0].fetchall()[0][0]
        return times

    def withdraw(self, case: str, since: int) -> Withdrawn:
        self._flush()
        kept, _, told = self._run(*((SQL[name], (case, since)) for name in ("in_line", "withdraw", "beyond_recall")))
        return Withdrawn(told.fetchall(), [key for (key,) in kept.fetchall()])

    def resume(self, keys: Sequence[str]) -> Sequence[str]:
        self._flush()
        waiting = {key for (key,) in self._run((SQL["resume"], (list(keys),)))[0].fetchall()}
        return [key for key in keys if key in waiting]

    def put_personal(self, case: str, rows: Sequence[tuple[str, str, str]]) -> None:
        self._flush()
        self._run((SQL["put_personal"], (case, to_json(list(rows)))))

    def write(self, change: Change) -> None:
        self._flush()
        if [row.seq for row in change.events] != [*range(change.before + 1, change.seq + 1)] or not change.events:
            self._failed = refusals.broken_rule("the events do not lead from `before` to `seq`")
            raise self._failed
        self._queued += [(SQL["add_blob"], blob) for blob in change.blobs]
        if change.forget:
            self._queued.append((SQL["forget"], (change.case,)))
        columns = change.columns._asdict()
        rest = _rest(change)
        self._queued.append(
            (
                SQL["write"],
                (
                    change.case, change.before, change.seq, change.snapshot, to_json(columns),
                    _array([_quoted(row.text) for row in change.events]),
                    _array([f'"\\\\x{row.head.hex()}"' for row in change.events]),
                    _array([str(row.recorded_at) for row in change.events]), to_json(rest) if rest else None,
                ),
            )
        )  # fmt: skip
        self._change = change
        self.written.append(change)

    def query(self, text: str, values: Any) -> list[tuple[Any, ...]]:
        """Rows of any statement, inside this transaction when it has begun."""
        if self._queued == [("BEGIN", ())]:
            return self._connection.execute(text.encode(), values).fetchall()
        self._flush()
        return self._run((text, values))[0].fetchall()


def _rest(change: Change) -> dict[str, Any]:
    """What only some commands write; only what there is."""
    rest: dict[str, Any] = {}
    if change.key is not None:
        rest["key"] = change.key
    if change.inbox_done is not None:
        rest["done"] = change.inbox_done
    if change.personal:
        rest["personal"] = change.personal
    if change.notifications:
        rest["outbox"] = [dict(zip(NEW_MESSAGE, message_values(each), strict=True)) for each in change.notifications]
    if change.inbox:
        rest["inbox"] = [(each.key, each.sender, each.receiver, each.command) for each in change.inbox]
    return rest


def _array(items: Iterable[str]) -> str:
    """An array as the server reads it; the driver would take each text apart, sign by sign."""
    return f"{{{','.join(items)}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
