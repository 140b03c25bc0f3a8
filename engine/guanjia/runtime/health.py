"""What an operator should know of the machine and the database under an office, beside its files and its cases."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from typing import NamedTuple

from ..clock import Instant, SystemClock
from ..store.interface import Query, Store
from ..store.records import BACKED_UP
from .engine import Engine
from .holding import Held, held


class Due(NamedTuple):
    number: str
    due: Instant


class Health(NamedTuple):
    """Spans are microseconds; None is what does not apply or is not known."""

    program: str
    python: str
    disk_free: int | None
    """Bytes that are free where the database lies."""
    open_to_others: bool
    """Whether other users of the machine may read or write the database's file."""
    clock_off: int
    """How far our clock is ahead of the database's, or behind (negative) what was written already."""
    oldest_due: Due | None
    """The case that time should have changed first, when it has not."""
    oldest_unsent: Instant | None
    """Since when the message waits that waits longest, as far as it is not meant to."""
    held: Held | None
    """Why nothing is sent at all."""
    last_backup: Instant | None
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
        open_to_others=file is not None and bool(os.stat(file).st_mode & (stat.S_IRWXG | stat.S_IRWXO)),
        clock_off=_clock_off(engine, now, file), oldest_due=oldest_due(store, now), oldest_unsent=store.oldest_unsent(now),
        held=held(store), last_backup=int(backup) if backup and backup.isascii() and backup.isdigit() else None, unpublished=engine.unpublished(),
    )  # fmt: skip


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
