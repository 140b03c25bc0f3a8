"""A few connections that threads share: one is made when none is idle, and at most `size` exist at once."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from .. import refusals
from . import errors

Connection = psycopg.Connection[tuple[Any, ...]]

PATIENCE = 30.0
"""Seconds to wait for a connection that others use."""

_NETWORK = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
"""A server that the network has cut off is noticed within half a minute, unless the DSN says otherwise."""

_SESSION = "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
_SEARCH_PATH = re.compile(r"search_path=\s*\"?([^\s,\"]+)")


class Pool:
    """Connections to one database, in one schema: that of the search_path option of the DSN, else `guanjia`."""

    def __init__(self, dsn: str, size: int) -> None:
        try:
            given = conninfo_to_dict(dsn)
        except psycopg.Error as error:
            raise errors.store_error(error, "postgresql://…") from error
        options = str(given.get("options") or "")
        named = _SEARCH_PATH.search(options)
        self.schema = named.group(1) if named else "guanjia"
        session = f"{options} {_SESSION} -c search_path={self.schema}".strip()
        self._conninfo = make_conninfo("", **{**_NETWORK, **given, "options": session, "application_name": "guanjia"})
        self.location = f"postgresql://{given.get('host') or 'local'}/{given.get('dbname') or ''} ({self.schema})"
        self._size = size
        self._free = threading.BoundedSemaphore(size)
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection outside of any transaction; one that comes back inside one, or broken, is thrown away."""
        if self._closed:
            raise refusals.closed()
        if os.getpid() != self._process:
            raise errors.forked(self.location)
        if not self._free.acquire(timeout=PATIENCE):
            raise errors.exhausted(self.location, self._size)
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self.connect()
            try:
                yield connection
            finally:
                if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
                    connection.close()
                else:
                    self._idle.append(connection)
        finally:
            self._free.release()

    def connect(self) -> Connection:
        """A new connection beside those that are lent; whoever asks closes it."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            raise errors.store_error(error, self.location) from error
        connection.adapters.register_dumper(int, Int8Dumper)
        return connection

    def forget(self) -> None:
        """Throw away idle connections: one was found dead, so the others probably are."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        self._closed = True
        if os.getpid() == self._process:
            self.forget()
