"""What SQLite says, in words that tell what to do. No error of the driver leaves this room."""

from __future__ import annotations

import os
from json import JSONDecodeError

import apsw

from ...errors import StoreError, Text
from .. import refusals

FAILURES = (apsw.Error, UnicodeError, OverflowError, OSError, JSONDecodeError)
"""What may go wrong in a driver call: its own errors, values that do not fit, text that is none."""

_BUSY = (apsw.BusyError, apsw.LockedError, apsw.ProtocolError)
_DAMAGED = (apsw.CorruptError, apsw.FormatError, UnicodeDecodeError, JSONDecodeError)
_UNFIT = (UnicodeEncodeError, OverflowError, apsw.TooBigError)


def store_error(error: Exception, path: str) -> StoreError:
    """The StoreError for a failure of the driver on the file at `path`."""
    if isinstance(error, _UNFIT):
        return refusals.unfit(str(error))
    if isinstance(error, apsw.ConstraintError):
        return refusals.broken_rule(str(error))
    if isinstance(error, apsw.ConnectionClosedError):
        return refusals.closed()
    for kinds, what, todo in _SAYINGS:
        if isinstance(error, kinds):
            return _said(path, what, todo, error)
    if isinstance(error, apsw.CantOpenError | OSError):
        return cannot_open(path, error)
    return _said(path, Text("数据库出错", "the database failed"), _DOCTOR, error)


def cannot_open(path: str, error: Exception | None = None) -> StoreError:
    """Why the file cannot be opened, as far as the file system tells."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return _said(
            folder,
            Text("没有这个文件夹", "there is no such folder"),
            Text(
                "请先建立它，或改正路径（数据库的写在 office.yaml 的 database）。",
                "Make it, or correct the path (that of the database is `database` in office.yaml).",
            ),
        )
    if os.path.isdir(path):
        return _said(
            path,
            Text("这是文件夹，不是数据库文件", "this is a folder, not a database file"),
            Text("请改正 office.yaml 里的 database。", "Correct `database` in office.yaml."),
        )
    if not os.path.exists(path):
        return _said(
            path,
            Text("没有这个数据库文件", "there is no such database file"),
            Text(
                "新数据库由 guanjia work 或第一次立案建立；程序里请先调用 store.migrate()。",
                "A new one is made by `guanjia work` or the first case; a program calls store.migrate() first.",
            ),
        )
    return _said(
        path,
        Text("无法打开数据库文件", "the database file cannot be opened"),
        Text(
            "请检查文件及所在文件夹的权限：运行 guanjia 的用户须能读写它们。",
            "Check the permissions of file and folder: the user that runs guanjia must be able to read and write both.",
        ),
        error,
    )


def linked(path: str) -> StoreError:
    return _said(
        path,
        Text("这个数据库文件有多个硬链接", "this database file has several hard links"),
        Text(
            "从两个名字打开同一个数据库会损坏它，请只留一个名字（需要副本请用 SQLite 的备份命令）。",
            "A database opened by two names gets damaged: keep one name (for a copy use SQLite's backup command).",
        ),
    )


def replaced(path: str) -> StoreError:
    return _said(
        path,
        Text("数据库文件在使用中被换掉了", "the database file was replaced while it was in use"),
        Text(
            "本次未作任何改动。请重新启动正在运行的 guanjia（恢复备份以前要先停下来）。",
            "Nothing was changed. Start guanjia anew (and stop it before a backup is restored).",
        ),
    )


def forked(path: str) -> StoreError:
    return _said(
        path,
        Text("数据库是在父进程里打开的", "the database was opened in the parent process"),
        Text("请在子进程里重新 open_store。", "Call open_store again in the child process."),
    )


def _said(path: str, what: Text, todo: Text, error: Exception | None = None) -> StoreError:
    cause = "" if error is None or str(error) == "not an error" else str(error)  # so SQLite says of a copy that failed
    detail, after = (f"（{cause}）", f" ({cause})") if cause else ("", "")
    return StoreError(
        Text(f"{path}：{what.zh}{detail}。", f"{path}: {what.en}{after}."), todo, location=path, cause=cause
    )


_DOCTOR = Text("请运行 guanjia doctor 查看详情。", "Run guanjia doctor to see more.")
_SPACE = Text(
    "本次未作任何改动。请腾出磁盘空间后再试。", "Nothing was changed. Free some space on the disk, then try again."
)
_SAYINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Text, Text], ...] = (
    (
        _BUSY,
        Text("数据库被另一个程序锁住了", "the database is locked by another program"),
        Text(
            "本次未作任何改动。请关闭正在打开它的其他程序（例如数据库浏览器），再试一次。",
            "Nothing was changed. Close other programs that have it open (a database browser, say), then try again.",
        ),
    ),
    (
        apsw.ReadOnlyError,
        Text("数据库是只读的", "the database is read-only"),
        Text(
            "本次未作任何改动。请检查它、旁边的 -wal 和 -shm 以及所在文件夹的权限和属主。",
            "Nothing was changed. Check permissions and owner of it, of -wal and -shm beside it, and of the folder.",
        ),
    ),
    (apsw.FullError, Text("磁盘已满", "the disk is full"), _SPACE),
    (apsw.IOError, Text("磁盘读写失败，可能已满或有故障", "the disk failed: it may be full or faulty"), _SPACE),
    (
        apsw.NotADBError,
        Text("这不是 SQLite 数据库文件", "this is not an SQLite database"),
        Text(
            "请改正 office.yaml 里的 database；如果它本来是数据库，请从备份恢复。",
            "Correct `database` in office.yaml; if it was a database once, restore it from a backup.",
        ),
    ),
    (
        _DAMAGED,
        Text("数据库文件已损坏", "the database file is damaged"),
        Text(
            "请先停止使用，把文件连同 -wal、-shm 一起另存一份，再从备份恢复。",
            "Stop using it, keep a copy of it with its -wal and -shm, then restore it from a backup.",
        ),
    ),
)
