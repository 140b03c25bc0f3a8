"""How a file becomes a connection: which journal, how sure, and whose database it is.

SQLite up to 3.51.2 can damage a database in WAL mode that several programs write (sqlite.org/wal.html), and WAL needs
memory that programs share, which a network disk does not give; there the rollback journal is used, slower and safe.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import apsw

from ...errors import Text
from .. import refusals
from ..statements import migrations
from . import errors

APPLICATION_ID = 0x474A4941
"""`GJIA` in the header of the file: the database is ours."""

BUSY = 5_000
"""Milliseconds to wait for another program's lock."""

SURE = "EXTRA"
"""What SQLite has to be told so that a command that was answered survives a power cut in either journal mode: with FULL a
rollback journal whose deletion was the commit may be there again, and take it back. With a write-ahead log they are the same."""

WAL_SAFE = (3, 51, 3)
MIGRATIONS = migrations(os.path.dirname(__file__))
NEWEST = MIGRATIONS[-1].number
_HEADER = 100
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "ceph", "glusterfs"})


class Journal(NamedTuple):
    mode: str
    why: Text


def journal(path: str, wal: bool) -> Journal:
    """The journal mode for this file, and the reason."""
    version = apsw.sqlite_lib_version()
    if not wal:
        return Journal("delete", Text("程序要求如此（wal=False）", "the program asked for it (wal=False)"))
    if tuple(int(part) for part in version.split(".")) < WAL_SAFE:
        text = Text(
            f"SQLite {version} 早于 3.51.3，用 WAL 可能损坏数据库",
            f"SQLite {version} < 3.51.3 may damage a database in WAL mode",
        )
        return Journal("delete", text)
    remote = _remote(path)
    if remote is not None:
        return Journal("delete", Text(f"文件在网络盘上（{remote}）", f"the file lies on a network disk ({remote})"))
    return Journal("wal", Text(f"SQLite {version} 不早于 3.51.3", f"SQLite {version} >= 3.51.3"))


def _remote(path: str) -> str | None:
    """The kind of network file system that holds `path`, if any, where the system tells (Linux)."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as file:
            mounts = file.read()
    except OSError:
        return None
    best = ("", "")
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1] if best[1] in _REMOTE else None


def create(path: str) -> None:
    """Make an empty file that only its owner may read, unless there is one."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise errors.cannot_open(path, error) from None


def connect(path: str, *, synchronous: str, mode: str, writes: bool) -> apsw.Connection:
    """A connection to an existing file; the one that writes sees to it that the journal mode is `mode`."""
    if not os.path.isfile(path):
        raise errors.cannot_open(path)
    about = os.stat(path)
    if about.st_nlink > 1:
        raise errors.linked(path)
    if 0 < about.st_size < _HEADER:  # SQLite would take it for an empty database and write over it
        raise apsw.NotADBError("file is too short")
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_handler(_patience())
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.execute(f"PRAGMA synchronous = {SURE if synchronous == 'FULL' else synchronous}")
    if not writes:
        connection.execute("PRAGMA query_only = ON")
        return connection
    connection.execute("PRAGMA foreign_keys = ON")
    if not connection.readonly("main"):
        _set_journal(connection, mode)
    return connection


def _patience() -> Callable[[int], bool]:
    """Ask for a lock every millisecond. SQLite's own handler asks ever more seldom, and beside a program that writes without
    a pause it was seen to go away empty-handed after five seconds."""
    began = 0.0

    def wait(attempt: int) -> bool:
        nonlocal began
        if attempt == 0:
            began = time.monotonic()
        time.sleep(0.001)
        return time.monotonic() - began < BUSY / 1000

    return wait


def _set_journal(connection: apsw.Connection, mode: str) -> None:
    """Set it; a rollback journal is safe and may stay while another program has the database open."""
    if connection.pragma("journal_mode") == mode:
        return
    try:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    except apsw.BusyError:
        if mode != "wal":
            raise


def schema_number(connection: apsw.Connection, path: str) -> int:
    """The schema of the database, 0 when it is empty; StoreError when it is not ours or newer than this program."""
    identity = connection.pragma("application_id")
    if identity != APPLICATION_ID:
        if identity == 0 and not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall():
            return 0
        raise refusals.foreign(
            path,
            Text("这是别的程序的数据库。", "this database belongs to another program."),
        )
    rows: list[tuple[Any, ...]] = connection.execute("SELECT max(number) FROM migrations").fetchall()
    number: int = rows[0][0] or 0
    if number > NEWEST:
        raise refusals.newer(path, number, NEWEST)
    return number
