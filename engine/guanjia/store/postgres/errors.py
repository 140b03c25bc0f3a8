"""What PostgreSQL says, in words that tell what to do. No error of the driver leaves this room."""

from __future__ import annotations

import psycopg
from psycopg import errors as kinds

from ...errors import Conflict, GuanjiaError, StoreError, Text
from .. import refusals
from ..interface import Change

FAILURES = (psycopg.Error, UnicodeError, OverflowError)

TRANSIENT = (kinds.SerializationFailure, kinds.DeadlockDetected)
"""The server gave up one of several that waited for each other: the same may be tried again."""


def conflict(error: Exception, change: Change | None) -> GuanjiaError | None:
    """The Conflict that an error of writing `change` means, if it means one."""
    if change is None or not isinstance(error, psycopg.Error):
        return None
    constraint = error.diag.constraint_name
    if error.sqlstate == "GJ001" or constraint in ("events_case_seq_key", "cases_pkey"):
        return refusals.changed_meanwhile(change.case)
    if error.sqlstate == "GJ002" and change.inbox_done is not None:
        return refusals.already_applied(change.inbox_done)
    if constraint == "commands_pkey" and change.key is not None:
        return refusals.key_taken(change.key[0])
    if constraint == "cases_number_key":
        return refusals.number_taken(change.columns.site, change.columns.number)
    return None


def was_answered(error: Exception) -> bool:
    """Whether the key of a command was taken between asking for it and writing: whoever took it has committed, so that the same
    done once more finds the answer. Nothing is locked where a case is opened, hence two may do so with one key."""
    return isinstance(error, Conflict) and isinstance(error.__cause__, kinds.UniqueViolation) and "key" in error.data


def store_error(error: Exception, location: str) -> StoreError:
    """The StoreError for a failure of the driver on the database at `location` (no password in it)."""
    if isinstance(error, UnicodeError | OverflowError | psycopg.DataError):
        return refusals.unfit(str(error))
    if isinstance(error, psycopg.IntegrityError):
        return refusals.broken_rule(str(error.diag.message_primary))
    for kind, what, todo in _SAYINGS:
        if isinstance(error, kind):
            return _said(location, what, todo, error)
    return _said(location, Text("数据库出错", "the database failed"), _DOCTOR, error)


def unknown_result(location: str, error: Exception) -> StoreError:
    """The connection was lost while the commit was under way: it may have happened or not."""
    return _said(
        location,
        Text(
            "提交时与数据库断开，不知道是否已经写入", "the connection was lost during the commit; it may be done or not"
        ),
        Text(
            "请重新查看；带键的命令可以用同一个键再发一次，不会重复执行。",
            "Look again; a command with a key can be sent again with the same key and is not done twice.",
        ),
        error,
    )


def exhausted(location: str, size: int) -> StoreError:
    return _said(
        location,
        Text(f"{size} 个连接都在使用中，等待超时", f"all of the {size} connections are in use; waited too long"),
        Text("请稍后再试，或者给 PostgresStore 更大的 size。", "Try again, or give PostgresStore a larger `size`."),
    )


def forked(location: str) -> StoreError:
    return _said(
        location,
        Text("数据库是在父进程里打开的", "the database was opened in the parent process"),
        Text("请在子进程里重新 open_store。", "Call open_store again in the child process."),
    )


def encoding(location: str, name: str) -> StoreError:
    return _said(
        location,
        Text(f"数据库的编码是 {name}，需要 UTF8", f"the encoding of the database is {name}, UTF8 is needed"),
        Text("请新建：CREATE DATABASE … ENCODING 'UTF8'", "Make a new one: CREATE DATABASE … ENCODING 'UTF8'"),
    )


def _said(location: str, what: Text, todo: Text, error: Exception | None = None) -> StoreError:
    cause = " ".join(str(error).split()) if error is not None else ""
    detail = (f"（{cause}）", f" ({cause})") if cause else ("", "")
    return StoreError(
        Text(f"{location}：{what.zh}{detail[0]}。", f"{location}: {what.en}{detail[1]}."),
        todo,
        location=location,
        cause=cause,
    )


_DOCTOR = Text("请运行 guanjia doctor 查看详情。", "Run guanjia doctor to see more.")
_SAYINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Text, Text], ...] = (
    (
        (kinds.LockNotAvailable, *TRANSIENT),
        Text("要改的数据被别的程序锁住了", "what is to be changed is locked by another program"),
        Text("本次未作任何改动，请稍后再试。", "Nothing was changed; try again."),
    ),
    (
        (kinds.ReadOnlySqlTransaction,),
        Text("数据库是只读的", "the database is read-only"),
        Text("请连接主库，而不是备库。", "Connect to the primary server, not to a standby."),
    ),
    (
        (kinds.DiskFull, kinds.OutOfMemory),
        Text("数据库服务器的磁盘或内存已满", "the disk or memory of the database server is full"),
        Text("本次未作任何改动。请腾出空间后再试。", "Nothing was changed. Free some space, then try again."),
    ),
    (
        (kinds.InsufficientPrivilege,),
        Text("数据库用户没有所需的权限", "the database user lacks a privilege"),
        Text(
            "请让该用户拥有 guanjia 模式（schema），或授予建立它的权限。",
            "Let that user own the schema guanjia, or grant it the right to create it.",
        ),
    ),
    (
        (kinds.InvalidPassword, kinds.InvalidAuthorizationSpecification),
        Text("数据库用户名或密码不对", "the database refuses user or password"),
        Text("请检查 office.yaml 里的 database。", "Check `database` in office.yaml."),
    ),
    (
        (kinds.InvalidCatalogName,),
        Text("服务器上没有这个数据库", "the server has no such database"),
        Text("请先建立它：createdb 库名", "Make it first: createdb NAME"),
    ),
    (
        (psycopg.OperationalError, psycopg.InterfaceError),
        Text("连接不上数据库服务器", "the database server cannot be reached"),
        Text(
            "请检查服务器是否在运行，以及 office.yaml 里 database 的地址。",
            "Check that the server runs, and the address in `database` of office.yaml.",
        ),
    ),
)
