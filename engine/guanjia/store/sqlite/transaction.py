"""One piece of work on the connection that writes, inside the transaction that its batch has begun."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import apsw

from ...clock import Instant
from ...errors import GuanjiaError
from ...failpoints import fp
from ...model.event import GENESIS
from .. import refusals
from ..interface import Answer, Change, EventRow, Held, OfficeChange, Read, Withdrawn
from ..rows import message_values
from ..statements import queries
from . import errors
from .customers import SqliteCustomersInHand

T = TypeVar("T")
SQL = queries(os.path.dirname(__file__))

_BY_ID, _BY_NUMBER, _ANSWER, _PERSONAL = SQL["by_id"], SQL["by_number"], SQL["answer"], SQL["personal"]
_ADD_EVENT, _MOVE, _MOVE_ALL = SQL["add_event"], SQL["move"], SQL["move_all"]


def find(execute: Callable[..., Any], ref: str) -> tuple[Any, ...] | None:
    """The row of a case by id, else by number; Conflict when several have the number."""
    rows: list[tuple[Any, ...]] = execute(_BY_ID, (ref,)).fetchall() or execute(_BY_NUMBER, (ref,)).fetchall()
    if len(rows) > 1:
        raise refusals.ambiguous(ref)
    return rows[0] if rows else None


def held(execute: Callable[..., Any], row: tuple[Any, ...]) -> Held:
    identity, seq, snapshot, head, personal = row
    if not personal:
        return Held(identity, seq, snapshot, head)
    values = execute(_PERSONAL, (identity,)).fetchall()
    return Held(identity, seq, snapshot, head, {commitment: json.loads(value) for commitment, value in values})


class SqliteTransaction:
    """What a work may do. An error in `write` stays with the transaction: a work that hides it is undone all the same."""

    __slots__ = ("_connection", "_failed", "_path", "execute")

    def __init__(self, connection: apsw.Connection, cursor: apsw.Cursor, path: str) -> None:
        self._connection = connection
        self._path = path
        self._failed: Exception | None = None
        self.execute: Callable[..., Any] = cursor.execute

    @property
    def customers(self) -> SqliteCustomersInHand:
        return SqliteCustomersInHand(SQL, self._connection, self.execute, self._failure)

    def alone(self, work: Callable[[SqliteTransaction], T]) -> T:
        """Run one of several works of a transaction: when it fails, nothing of it remains, and the others do."""
        self.execute("SAVEPOINT work")
        try:
            result = self.checked(work)
        except BaseException:
            if self._connection.in_transaction:
                self.execute("ROLLBACK TO work")
                self.execute("RELEASE work")
            self._failed = None  # it is undone: the others need not be
            raise
        self.execute("RELEASE work")
        return result

    def checked(self, work: Callable[[SqliteTransaction], T]) -> T:
        """Run the only work of a transaction."""
        self._failed = None
        result = work(self)
        if self._failed is not None:
            raise self._failed
        return result

    def read(self, ref: str | None, key: str | None) -> Read:
        try:
            answer = None
            if key is not None:
                answers = self.execute(_ANSWER, (key,)).fetchall()
                answer = Answer(*answers[0]) if answers else None
            row = None if ref is None else find(self.execute, ref)
            return Read(None if row is None else held(self.execute, row), answer)
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def next_number(self, site: str, counter: str, year: int) -> int:
        try:
            number: int = self.execute(SQL["next_number"], (site, counter, year)).fetchall()[0][0]
            return number
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def attempt(self, name: str, period: int) -> int:
        try:
            times: int = self.execute(SQL["attempt"], (name, period)).fetchall()[0][0]
            return times
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def withdraw(self, case: str, since: int) -> Withdrawn:
        try:
            kept = [key for (key,) in self.execute(SQL["in_line"], (case, since)).fetchall()]
            self.execute(SQL["withdraw"], (case, since))
            return Withdrawn(self.execute(SQL["beyond_recall"], (case, since)).fetchall(), kept)
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def resume(self, keys: Sequence[str]) -> Sequence[str]:
        try:
            return [key for given in keys for (key,) in self.execute(SQL["resume"], (given,)).fetchall()]
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def put_marks(self, case: str, marks: str) -> None:
        try:
            self.execute(SQL["put_marks"], (marks, case))
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def put_alike(self, case: str, rows: Sequence[tuple[str, Instant]]) -> None:
        try:
            self.execute(SQL["drop_alike"], (case,))
            for key, at in rows:
                self.execute(SQL["add_alike"], (key, at, case))
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def count_alike(self, key: str, since: Instant, until: Instant, beside: str, most: int) -> int:
        try:
            number: int = self.execute(SQL["alike"], (key, since, until, beside, most)).fetchall()[0][0]
            return number
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def put_personal(self, case: str, rows: Sequence[tuple[str, str, str]]) -> None:
        try:
            for row in rows:
                self.execute(SQL["put_personal"], (case, *row))
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def load(self, assignees: Sequence[str]) -> Mapping[str, int]:
        try:
            return {who: self.execute(SQL["load"], (who,)).fetchall()[0][0] for who in assignees}
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def events(self, case: str) -> Sequence[EventRow]:
        try:
            return [EventRow(*row) for row in self.execute(SQL["events"], (case, 0)).fetchall()]
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def children(self, ids: Sequence[str], *, still: bool = False) -> Mapping[str, Held]:
        try:
            rows = [row for identity in ids for row in self.execute(_BY_ID, (identity,)).fetchall()]
        except errors.FAILURES as error:
            raise self._failure(error) from error
        return {row[0]: Held(row[0], row[1], row[2], row[3]) for row in rows}

    def office_head(self) -> tuple[int, bytes]:
        try:
            rows = self.execute(SQL["office_head"]).fetchall()
        except errors.FAILURES as error:
            raise self._failure(error) from error
        return rows[0] if rows else (0, GENESIS)

    def write_office(self, change: OfficeChange) -> None:
        try:
            for row in change.events:
                self.execute(SQL["add_office_event"], (row.seq, row.text, row.head, row.recorded_at))
                fp("after_office_event_insert")
            for version in change.versions:
                self.execute(SQL["put_version"], version)
                fp("after_version_insert")
            for setting in change.settings.items():
                self.execute(SQL["set_setting"], setting)
                fp("after_setting_insert")
        except errors.FAILURES as error:
            raise self._failure(error) from error

    def write(self, change: Change) -> None:
        try:
            self._write(change)
        except GuanjiaError as error:
            self._failed = error
            raise
        except errors.FAILURES as error:
            raise self._failure(error, change) from error

    def _failure(self, error: Exception, change: Change | None = None) -> GuanjiaError:
        told: GuanjiaError = error if isinstance(error, GuanjiaError) else errors.store_error(error, self._path)
        if change is not None and isinstance(error, apsw.ConstraintError):
            if str(error).startswith("events: seq"):
                told = refusals.changed_meanwhile(change.case)
            elif "cases.number" in str(error):
                told = refusals.number_taken(change.columns.site, change.columns.number)
        self._failed = told
        return told

    def _write(self, change: Change) -> None:
        execute, identity = self.execute, change.case
        if not change.events or change.events[0].seq != change.before + 1:
            raise refusals.broken_rule("the events do not lead from `before` to `seq`")
        for row in change.events:
            execute(_ADD_EVENT, (identity, row.seq, row.text, row.head, row.recorded_at))
            fp("after_event_insert")
        (
            site, number, procedure, version, states, mode, priority, summary, room, assignee, customer, parent, opened_at,
            changed_at, closed_at, outcome, next_due, deadline, breached, provisional, alarms, marks,
        ) = change.columns  # fmt: skip
        personal = 1 if change.personal else 0
        if change.before:
            values = (
                identity, change.seq, change.events[-1].head, personal, change.snapshot, states, changed_at, next_due, deadline,
                breached, change.before, version, priority, summary, room, assignee, customer, parent, closed_at, outcome,
                provisional, alarms, marks,
            )  # fmt: skip
            execute(_MOVE, values)
            if not self._connection.changes():
                execute(_MOVE_ALL, values)
                if not self._connection.changes():
                    raise refusals.changed_meanwhile(identity)
        else:
            execute(
                SQL["add_case"],
                (
                    identity, change.seq, change.events[-1].head, personal, change.snapshot, site, number, procedure, version,
                    states, mode, priority, summary, room, assignee, customer, parent, opened_at, changed_at, closed_at, outcome,
                    next_due, deadline, breached, provisional, alarms, marks,
                ),
            )  # fmt: skip
        fp("after_case_write")
        if change.key is not None:
            execute(SQL["add_key"], change.key)
            if not self._connection.changes():
                raise refusals.key_taken(change.key[0])
            fp("after_key_insert")
        if change.inbox_done is not None:
            execute(SQL["finish_item"], (change.inbox_done,))
            if not self._connection.changes():
                raise refusals.already_applied(change.inbox_done)
            fp("after_item_done")
        if change.forget:
            execute("PRAGMA secure_delete = ON")  # what was deleted is written over
            execute(SQL["forget"], (identity,))
        for commitment, salt, value in change.personal:
            execute(SQL["add_personal"], (identity, commitment, salt, value))
            fp("after_personal_insert")
        for message in change.notifications:
            execute(SQL["add_message"], message_values(message))
            fp("after_message_insert")
        for item in change.inbox:
            execute(SQL["add_item"], (item.key, item.sender, item.receiver, item.command))
            fp("after_item_insert")
        for blob in change.blobs:
            execute(SQL["add_blob"], blob)
            fp("after_blob_insert")
