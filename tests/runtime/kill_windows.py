"""The windows of a worker's life in which it can be killed: what lies between two marks.

A mark is set at every failpoint; for SQLite before and after every SQL statement, and before and after every write to a file
inside of a commit; for PostgreSQL before every exchange with the server, when it is sent and not answered, and after it.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
from collections.abc import Callable

import apsw
import psycopg
from guanjia.failpoints import FAILPOINTS
from guanjia.store.postgres import PostgresStore
from guanjia.store.postgres.transaction import SQL, PostgresTransaction

from tests.runtime.test_failpoints import IN_THE_SERVER

STATEMENTS = (
    "BEGIN IMMEDIATE", "SELECT FROM cases", "SELECT FROM personal", "SELECT FROM commands", "SELECT FROM outbox", "SELECT FROM inbox",
    "INSERT INTO counters", "INSERT INTO events", "INSERT INTO cases", "UPDATE cases", "INSERT INTO commands", "INSERT INTO personal",
    "INSERT INTO outbox", "INSERT INTO inbox", "INSERT INTO blobs", "UPDATE inbox", "UPDATE outbox", "COMMIT",
)  # fmt: skip
EXCHANGES = ("beside", "next_number", "children", "take_due", "private", "COMMIT")
"""What a command says to PostgreSQL, by the last statement that travels together."""
SINGLE = ("claim", "sent", "failed", "hold", "set_setting")
"""What is a transaction of its own there."""
OF_NO_CASE = {
    "after_office_event_insert",
    "after_version_insert",
    "after_setting_insert",
    "after_customer_write",
    "before_migration_commit",
}
"""What no worker passes while it works."""
_ALWAYS = ("starting", "between commands", *(name for name in FAILPOINTS if name not in OF_NO_CASE))
SQLITE = (
    *_ALWAYS,
    *(f"{when} {statement}" for statement in STATEMENTS for when in ("in", "after")),
    "commit: before a write", "commit: after a write",
)  # fmt: skip
POSTGRES = (
    *(name for name in _ALWAYS if name not in IN_THE_SERVER),
    *(f"{when} {exchange}" for exchange in EXCHANGES for when in ("before", "sent", "after")),
    *(f"{when} {statement}" for statement in SINGLE for when in ("before", "after")),
)


class Marks:
    """Says in shared memory in which window this process is; stops for ever in the one aimed at, the `nth` time."""

    def __init__(self, windows: tuple[str, ...], memory: mmap.mmap, aim: str | None, nth: int, stopped: int) -> None:
        self.memory, self.aim, self.nth, self.stopped = memory, aim, nth, stopped
        self.numbers = {name: number for number, name in enumerate(windows)}

    def __call__(self, name: str) -> None:
        number = self.numbers.get(name)
        if number is None:
            return
        self.memory[0] = number
        if name == self.aim:
            self.nth -= 1
            if self.nth == 0:
                os.write(self.stopped, b"!")
                while True:
                    signal.pause()


def watch_sqlite(mark: Callable[[str], None]) -> None:
    """Every statement of every connection, and what a commit writes to files."""
    committing = False

    def trace(event: dict) -> None:
        nonlocal committing
        words = event["sql"].split() if event.get("sql") else []
        if not words or words[0].startswith("--"):
            return
        name = _statement(words)
        if event["code"] == apsw.SQLITE_TRACE_STMT:
            committing = name == "COMMIT"
            mark(f"in {name}")
        else:
            committing = False
            mark(f"after {name}")

    apsw.connection_hooks.append(
        lambda connection: connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, trace)
    )
    files = apsw.VFS("watched", "")
    kind = ctypes.CFUNCTYPE(
        ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, use_errno=True
    )
    real = kind(files.xGetSystemCall("pwrite64"))

    def write(file: int, data: int, size: int, offset: int) -> int:
        if committing:
            mark("commit: before a write")
        written = real(file, data, size, offset)
        if committing:
            mark("commit: after a write")
        return written

    kept = kind(write)
    _KEPT.append(kept)
    files.xSetSystemCall("pwrite64", ctypes.cast(kept, ctypes.c_void_p).value)


_KEPT: list[object] = []
"""What C holds pointers to, until the process is killed."""


def _statement(words: list[str]) -> str:
    if words[0] in ("INSERT", "UPDATE"):
        return " ".join(words[: 3 if words[0] == "INSERT" else 2]).partition("(")[0].strip()
    if words[0] == "SELECT":
        return f"SELECT FROM {words[words.index('FROM') + 1]}" if "FROM" in words else "SELECT"
    return " ".join(words[:2])


def watch_postgres(mark: Callable[[str], None]) -> None:
    """Every exchange with the server. The driver sends all that is queued, then waits: there it is sent and not answered."""
    names = {text: name for name, text in SQL.items()}
    exchange = ""
    run, fetch, change, claim = (
        PostgresTransaction._run,
        psycopg.Pipeline._fetch_gen,
        PostgresStore._change,
        PostgresStore.claim,
    )

    def on_run(tx, *statements):
        nonlocal exchange
        exchange = names.get(statements[-1][0], statements[-1][0]) if statements else "write"
        mark(f"before {exchange}")
        answers = run(tx, *statements)
        mark(f"after {exchange}")
        return answers

    def on_fetch(pipeline, **how):
        if pipeline.result_queue:
            mark(f"sent {exchange}")
        return fetch(pipeline, **how)

    def single(name, real):
        def call(store, *args, **values):
            statement = args[0] if name is None else name
            mark(f"before {statement}")
            answer = real(store, *args, **values)
            mark(f"after {statement}")
            return answer

        return call

    PostgresTransaction._run, psycopg.Pipeline._fetch_gen = on_run, on_fetch
    PostgresStore._change, PostgresStore.claim = single(None, change), single("claim", claim)
