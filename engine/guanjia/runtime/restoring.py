"""A backup put in the place of a database: looked at first, brought up to date, with its messages held.

It is made beside the database under another name and gets its own only when all is well, so that a crash leaves no half office.
"""

from __future__ import annotations

import os
import shutil

from ..clock import Instant
from ..errors import StoreError, Text, because
from ..store import open_store
from .holding import hold, let_go

BESIDE = ("", "-wal", "-shm", "-journal")
"""What belongs to an SQLite database: an old log would be played into a new file."""


def restore(source: str, target: str, now: Instant, *, send: bool) -> None:
    """Make the database at the path `target` of the backup `source`. StoreError when it is none, is damaged, or when there is
    something in its place."""
    _free(target)
    half = f"{target}.part-{os.getpid()}"
    try:
        _copy(source, half)
        _made_ready(half, source, now, send)
        _free(target)  # somebody may have begun an office meanwhile
        os.rename(half, target)
        _sync(os.path.dirname(target) or ".")
    finally:
        for end in BESIDE:
            if os.path.exists(half + end):
                os.unlink(half + end)


def _free(target: str) -> None:
    there = [target + end for end in BESIDE if os.path.lexists(target + end)]
    if there:
        listed = ", ".join(there)
        raise StoreError(
            Text(f"这里已经有数据库：{listed}。", f"There is a database already: {listed}."),
            Text(
                "先停掉 guanjia work，把这些文件全部移到别处（不要删，也许还用得上），再恢复。",
                "Stop guanjia work and move all of these files elsewhere (do not delete them: they may be of use), then restore.",
            ),
            location=target,
        )


def _copy(source: str, half: str) -> None:
    try:
        with (
            open(source, "rb") as given,
            os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb") as file,
        ):
            shutil.copyfileobj(given, file, 1 << 20)
    except OSError as error:
        name, why = error.filename or source, because(error)
        raise StoreError(
            Text(f"{name}：{why.zh}。", f"{name}: {why.en}."),
            Text("请检查文件名和磁盘空间。", "Check the name of the file and the space on the disk."),
            location=source,
        ) from None


def _made_ready(half: str, source: str, now: Instant, send: bool) -> None:
    store = open_store(half)
    try:
        if os.path.getsize(half) == 0:
            raise _no_backup(source)
        store.migrate()
        problems = list(store.integrity())
        if problems:
            raise StoreError(
                Text(f"{source}：备份已损坏：{problems[0].zh}", f"{source}: the backup is damaged: {problems[0].en}"),
                Text("没有恢复任何东西。请用另一份备份。", "Nothing was restored. Take another backup."),
                location=source,
            )
        if send:
            let_go(store)
        else:
            hold(store, now, os.path.basename(source))
    except StoreError as error:
        raise StoreError(_named(error.text, half, source), error.hint, **error.data) from None
    finally:
        store.close()
    _sync(half)


def _no_backup(source: str) -> StoreError:
    return StoreError(Text(f"{source}：这是空文件。", f"{source}: this file is empty."), None, location=source)


def _named(text: Text, half: str, source: str) -> Text:
    """The name that the user knows, not that of our copy."""
    real = os.path.realpath(half)
    return Text(text.zh.replace(real, source), text.en.replace(real, source))


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
