"""A disk under the test's hand: it writes down what SQLite does to its files, and fails where it is told to.

The functions of SQLite's own `unix` VFS are replaced in place, so that the program under test runs as it always does: with
its write-ahead log, its shared memory, its several connections. Every write, truncation, sync and deletion of a database, its
journal or its log passes here; `Disk.log` is the record of them, in the order in which they happened.

What a cut of the power leaves is made from a part of that record (`after_power_cut`): what was synced is there; of the rest
each sector may have reached the disk or not, whole or torn, whatever the order in which it was written.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import fsdecode
from typing import NamedTuple

import apsw

FULL, FAILED_SYNC = 13, 1034
"""SQLITE_FULL, SQLITE_IOERR_FSYNC."""
SECTOR = 512

_Pointer, _Int, _Long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_Open = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Pointer, _Int, _Pointer)
_Delete = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int)
_Write = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int, _Long)
_Truncate = ctypes.CFUNCTYPE(_Int, _Pointer, _Long)
_Sync = ctypes.CFUNCTYPE(_Int, _Pointer, _Int)
_Directory = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer)


class _Vfs(ctypes.Structure):
    """The beginning of `sqlite3_vfs`."""

    _fields_ = [
        ("version", _Int), ("file_size", _Int), ("path_size", _Int), ("next", _Pointer), ("name", ctypes.c_char_p),
        ("data", _Pointer), ("open", _Pointer), ("delete", _Pointer),
    ]  # fmt: skip


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = [
        ("version", _Int), ("close", _Pointer), ("read", _Pointer), ("write", _Pointer), ("truncate", _Pointer), ("sync", _Pointer),
        ("rest", _Pointer * 13),
    ]  # fmt: skip


class Deed(NamedTuple):
    """What was done to a file: `write` of `data` at `at`, `truncate` to the size `at`, `sync`, `delete`; `directory`: what its
    folder holds was synced."""

    kind: str
    path: str
    at: int = 0
    data: bytes = b""


class Disk:
    def __init__(self) -> None:
        self.log: list[Deed] = []
        self.fails: Callable[[str], int] = lambda kind: 0
        """Asked before each deed with its kind: 0, or the code of SQLite that it fails with."""
        self._names: dict[int, str] = {}
        self._kept: list[object] = []
        """What C holds pointers to."""

    def _attempt(self, deed: Deed, real: Callable[[], int]) -> int:
        if code := self.fails(deed.kind):
            return code
        self.log.append(deed)  # before: a deletion syncs the folder on its way
        return real()

    def _watch(self, file: int) -> None:
        """Let the file that was opened at the address `file` answer by us."""
        field = _Pointer.from_address(file)
        real = _Methods.from_address(field.value or 0)
        write, truncate, sync = _Write(real.write), _Truncate(real.truncate), _Sync(real.sync)

        def on_write(file: int, data: int, size: int, at: int) -> int:
            deed = Deed("write", self._names[file], at, ctypes.string_at(data, size))
            return self._attempt(deed, lambda: write(file, data, size, at))

        def on_truncate(file: int, size: int) -> int:
            return self._attempt(Deed("truncate", self._names[file], size), lambda: truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            return self._attempt(Deed("sync", self._names[file]), lambda: sync(file, flags))

        ours = _Methods.from_buffer_copy(real)
        calls = (_Write(on_write), _Truncate(on_truncate), _Sync(on_sync))
        ours.write, ours.truncate, ours.sync = (ctypes.cast(call, _Pointer).value for call in calls)
        self._kept += [ours, *calls]
        field.value = ctypes.addressof(ours)


@contextmanager
def watched() -> Iterator[Disk]:
    """While this lasts, all that SQLite writes in this process passes a Disk. Close what was opened before it ends."""
    heir = apsw.VFS("heir", "unix")
    address = _Pointer.from_address(id(heir) + object.__basicsize__).value  # the first field: whom it inherits from
    unix = _Vfs.from_address(address)
    assert unix.name == b"unix", "apsw keeps it elsewhere now"
    disk, before = Disk(), (unix.open, unix.delete, heir.xGetSystemCall("openDirectory"))
    open_, delete, directory = _Open(before[0]), _Delete(before[1]), _Directory(before[2])

    def on_open(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = open_(vfs, name, file, flags, out)
        if code == 0 and name is not None:
            disk._names[file] = _path(name)
            disk._watch(file)
        return code

    def on_delete(vfs: int, name: int, synced: int) -> int:
        return disk._attempt(Deed("delete", _path(name)), lambda: delete(vfs, name, synced))

    def on_directory(name: int, file: int) -> int:
        return disk._attempt(Deed("directory", _path(name)), lambda: directory(name, file))

    calls = (_Open(on_open), _Delete(on_delete), _Directory(on_directory))
    ours = [ctypes.cast(call, _Pointer).value for call in calls]
    try:
        unix.open, unix.delete, _ = ours
        heir.xSetSystemCall("openDirectory", ours[2])
        yield disk
    finally:
        unix.open, unix.delete, _ = before
        heir.xSetSystemCall("openDirectory", before[2])
        heir.unregister()


@contextmanager
def checkpoints(pages: int) -> Iterator[None]:
    """While this lasts, a write-ahead log is brought into its database every few pages, so that this is met often."""
    hook = lambda connection: connection.wal_autocheckpoint(pages)  # noqa: E731
    apsw.connection_hooks.append(hook)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(hook)


def _path(name: int) -> str:
    return fsdecode(ctypes.string_at(name))


def after_power_cut(log: Sequence[Deed], draw: random.Random | None, *, unsynced: bool = False) -> dict[str, bytes]:
    """The files as they may be when the power goes after the last deed of `log`.

    Without `draw` nothing that was not synced is there, or with `unsynced` all of it is. With `draw` each sector of it is
    there or not, or its beginning only; so is each truncation and deletion.
    """
    files: dict[str, bytearray | None] = {}
    pending: dict[str, list[Deed]] = {}
    for deed in log:
        waits = pending.setdefault(deed.path, [])
        if deed.kind == "sync":
            for each in waits:
                files[deed.path] = _done(files.get(deed.path), each)
            waits.clear()
        elif deed.kind == "directory":
            for path, waiting in pending.items():
                if (
                    at := max((n for n, each in enumerate(waiting) if each.kind == "delete"), default=None)
                ) is not None:
                    files[path] = None
                    del waiting[: at + 1]
        else:
            waits.append(deed)
    for path, waits in pending.items():
        for each in waits if unsynced else [part for deed in waits for part in _reached(deed, draw)] if draw else ():
            files[path] = _done(files.get(path), each)
    return {path: bytes(content) for path, content in files.items() if content is not None}


def _done(content: bytearray | None, deed: Deed) -> bytearray | None:
    if deed.kind == "delete":
        return None
    content = bytearray() if content is None else content
    if deed.kind == "truncate":
        del content[deed.at :]
        return content
    content.extend(bytes(max(0, deed.at - len(content))))
    content[deed.at : deed.at + len(deed.data)] = deed.data
    return content


def _reached(deed: Deed, draw: random.Random) -> Iterator[Deed]:
    """What of a deed reached the disk."""
    if deed.kind != "write":
        if draw.random() < 0.5:
            yield deed
        return
    for start in range(0, len(deed.data), SECTOR):
        luck = draw.random()
        if luck < 0.5:
            size = SECTOR if luck < 0.4 else draw.randrange(SECTOR)
            yield deed._replace(at=deed.at + start, data=deed.data[start : start + size])
