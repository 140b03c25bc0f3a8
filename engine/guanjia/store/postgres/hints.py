"""LISTEN and NOTIFY: how a worker hears at once that there is something to send or to apply.

A notice is given after the commit and beside it, by a thread with a connection of its own: inside the command it would make
all commits of the server wait for each other, and after it the command would wait for one more answer. It is given seldom,
and it may fail; polling is the truth, so that a database without NOTIFY costs a second of delay and nothing else.
"""

from __future__ import annotations

import threading
import time

import psycopg
from psycopg.sql import SQL, Identifier

from ...errors import StoreError
from .pool import Connection, Pool

SELDOM = 0.05
"""Seconds between two notices of one program."""


def _channel(schema: str) -> Identifier:
    return Identifier(f"guanjia.{schema}"[:63])


class Notices:
    """Gives notice that something was written; the thread begins with the first and ends with `close`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._statement = SQL("NOTIFY {}").format(_channel(pool.schema))
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def give(self) -> None:
        self._wanted.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="guanjia-notices", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._wanted.set()

    def _run(self) -> None:
        connection: Connection | None = None
        while self._wanted.wait() and not self._closed.is_set():
            self._wanted.clear()
            try:
                if connection is None or connection.closed:
                    connection = self._pool.connect()
                connection.execute(self._statement)
            except (psycopg.Error, StoreError):
                connection = None  # the command itself is done; only its echo was lost
            self._closed.wait(SELDOM)
        if connection is not None:
            connection.close()


class PostgresHints:
    """Hears notices of all programs on the database, on a connection of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._listening = SQL("LISTEN {}").format(_channel(pool.schema))
        self._connection: Connection | None = None

    def wait(self, seconds: float) -> bool:
        try:
            if self._connection is None:
                self._connection = self._pool.connect()
                self._connection.execute(self._listening)
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except (psycopg.Error, StoreError):
            self.close()
            time.sleep(seconds)
            return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
