"""What an operator should know of the machine and the database under an office, beside its files and its cases."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..channels.file import FileChannel
from ..clock import Instant, SystemClock
from ..people.keys import FILE
from ..store.interface import Query, Store
from ..store.records import BACKED_UP
from .engine import Engine
from .holding import Held, held
from .rekeying import missing


class Due(NamedTuple):
    number: str
    due: Instant


class Health(NamedTuple):
    """Spans are microseconds; None is what does not apply or is not known."""

    program: str
    python: str
    disk_free: int | None
    """Bytes that are free where the database lies."""
    open_to_others: tuple[str, ...]
    """What holds personal values, or opens them, and other users of the machine may read or write."""
    unwritable: tuple[str, ...]
    """Which of the database's files, or their folder, we may not write."""
    keys_missing: tuple[str, ...]
    """Keys of the office that something may be under and that are not here."""
    clock_off: int
    """How far our clock is ahead of the database's, or behind (negative) what was written already."""
    oldest_due: Due | None
    """The case that time should have changed first, when it has not."""
    oldest_unsent: Instant | None
    """Since when the message waits that waits longest, as far as it is not meant to."""
    held: Held | None
    """Why nothing is sent at all."""
    last_backup: Instant | None
    begun: Instant | None
    """When the office was begun; None where nothing is recorded yet."""
    unpublished: tuple[str, ...]
    """Procedures whose file has errors: new cases run under the version before."""


def examine(engine: Engine, now: Instant) -> Health:
    from .. import __version__

    store = engine.store
    path = store.describe()["location"]
    file = path if os.path.isfile(path) else None
    backup = store.setting(BACKED_UP)
    return Health(
        program=f"guanjia {__version__}", python=platform.python_version(),
        disk_free=None if file is None else shutil.disk_usage(os.path.dirname(file)).free,
        open_to_others=tuple(_open_to_others(engine, file)), unwritable=() if file is None else tuple(_unwritable(file)),
        keys_missing=tuple(missing(engine)), begun=next((row.recorded_at for row in store.office_events(0, 1)), None),
        clock_off=_clock_off(engine, now, file), oldest_due=oldest_due(store, now), oldest_unsent=store.oldest_unsent(now),
        held=held(store), last_backup=int(backup) if backup and backup.isascii() and backup.isdigit() else None, unpublished=engine.unpublished(),
    )  # fmt: skip


def _open_to_others(engine: Engine, file: str | None) -> Iterator[str]:
    """The database and the keys are for their owner alone; the folder of messages may be open to a group that fetches them."""
    keys, anybody = os.path.join(engine.files.folder, FILE), stat.S_IRWXG | stat.S_IRWXO
    folders = [channel.folder for channel in engine.channels.values() if isinstance(channel, FileChannel)]
    for path, others in ((file, anybody), (keys, anybody), *((folder, stat.S_IRWXO) for folder in folders)):
        if path is not None and os.path.exists(path) and os.stat(path).st_mode & others:
            yield str(path)


def _unwritable(file: str) -> Iterator[str]:
    """SQLite writes beside its file, and into the folder."""
    for path in (file, f"{file}-wal", f"{file}-shm", os.path.dirname(file)):
        if os.path.exists(path) and not os.access(path, os.W_OK):
            yield path


def oldest_due(store: Store, now: Instant) -> Due | None:
    """The case that time should have changed first, when it has not."""
    for case in store.due(now, 1):
        columns = store.columns(case)
        if columns is not None and columns.next_due is not None:
            return Due(columns.number, columns.next_due)
    return None


def _clock_off(engine: Engine, now: Instant, file: str | None) -> int:
    """A server's clock is compared with ours. A file has none, but what is in it and its own time cannot lie ahead of us."""
    known = [_last_recorded(engine.store)]
    if isinstance(engine.clock, SystemClock):
        present = engine.store.present()
        if present is not None:
            return now - present
        if file is not None:
            known += [os.stat(name).st_mtime_ns // 1000 for name in (file, f"{file}-wal") if os.path.exists(name)]
    return min(0, now - max(known))


def _last_recorded(store: Store) -> Instant:
    latest = store.list(Query(open=None, mode=None, order="changed", limit=1))
    return max((event.recorded_at for row in latest for event in store.events(row.id)), default=0)
