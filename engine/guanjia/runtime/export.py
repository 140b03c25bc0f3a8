"""A whole office as lines of JSON, and back: the way from one database to another, of whatever kind.

The first line says what this is and names the columns of every table; each line after it is one row, `["cases", …]`, in the order
of `store.records`; the last one counts them and holds the SHA-256 of all bytes before it, so that a file that broke off is
noticed. The same office gives the same bytes whatever database it comes from. Heads are hexadecimal, contents base64.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from ..errors import Refused, StoreError, Text, because
from ..store.interface import Record, Store
from ..store.records import TABLES

FORMAT = 1
HEADER = {
    "guanjia": "office",
    "format": FORMAT,
    "tables": {table.name: list(table.columns) for table in TABLES.values()},
}
OFTEN = 1000
"""Rows between two words about how far it is."""

_WRITE: dict[str, Callable[[bytes], str]] = {"head": bytes.hex, "content": lambda content: b64encode(content).decode()}
_READ: dict[str, Callable[[str], bytes]] = {
    "head": bytes.fromhex,
    "content": lambda text: b64decode(text, validate=True),
}
_BYTES = {
    table.name: [(place, name) for place, name in enumerate(table.columns) if name in _WRITE]
    for table in TABLES.values()
}


def write(store: Store, path: str, progress: Callable[[int], None] | None = None) -> int:
    """Write the office as it is at one moment; the number of rows. Compressed when the name ends in `.gz`. StoreError when there
    is such a file already or it cannot be written; then nothing is left of it."""
    if os.path.lexists(path):
        raise _cannot(path, Text("已经有这个文件", "there is such a file already"))
    half = f"{path}.part-{os.getpid()}"
    rows = 0
    try:
        with _created(half, path.endswith(".gz")) as file:
            total = hashlib.sha256()

            def put(plain: Any) -> None:
                line = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                total.update(line)
                file.write(line)

            put(HEADER)
            for rows, record in enumerate(store.dump(), 1):
                put(_plain(record))
                if progress is not None and rows % OFTEN == 0:
                    progress(rows)
            put({"rows": rows, "sha256": total.hexdigest()})
        os.rename(half, path)
    except OSError as error:
        raise _cannot(path, because(error)) from None
    finally:
        if os.path.exists(half):
            os.unlink(half)
    return rows


@contextmanager
def _created(path: str, packed: bool) -> Iterator[IO[bytes]]:
    """A new file for its owner only, on the disk once it is closed. Nothing of when and where it was made is in it."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as plain:
        if packed:
            with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as file:
                yield cast(IO[bytes], file)
        else:
            yield plain
        plain.flush()
        os.fsync(plain.fileno())


def _plain(record: Record) -> list[Any]:
    table, row = record
    line = [table, *row]
    for place, name in _BYTES[table]:
        line[place + 1] = _WRITE[name](line[place + 1])
    return line


def read(path: str, progress: Callable[[int], None] | None = None) -> Iterator[Record]:
    """The rows of a file. Refused, with the line, when it is no such file, is of another version, or broke off; whoever takes the
    rows in has to give back what he took until then. `progress` is told the bytes of the file that were read."""
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            lines: Iterable[bytes] = gzip.GzipFile(fileobj=plain, mode="rb") if packed else plain
            for number, record in enumerate(_rows(path, lines), 1):
                yield record
                if progress is not None and number % OFTEN == 0:
                    progress(plain.tell())
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _damaged(
            Text(f"{path}：压缩的内容已损坏或不完整。", f"{path}: what is compressed in it is damaged or broke off.")
        ) from None
    except OSError as error:
        raise _cannot(path, because(error)) from None


def _rows(path: str, lines: Iterable[bytes]) -> Iterator[Record]:
    total, rows, ended = hashlib.sha256(), 0, False
    for number, line in enumerate(lines, 1):
        try:
            plain = json.loads(line)
            if number == 1:
                _known(path, plain)
            elif isinstance(plain, dict):
                ended = plain == {"rows": rows, "sha256": total.hexdigest()}
            elif ended:
                raise ValueError
            else:
                rows += 1
                yield _record(plain)
            if isinstance(plain, dict) and number > 1 and not ended:
                raise ValueError
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise _damaged(
                Text(
                    f"{path}:{number}: 这一行读不懂，文件已损坏。",
                    f"{path}:{number}: this line cannot be understood: the file is damaged.",
                )
            ) from None
        total.update(line)
    if not ended:
        raise _damaged(Text(f"{path}：文件不完整，末尾缺失。", f"{path}: the file broke off; its end is missing."))


def _known(path: str, header: Any) -> None:
    if not isinstance(header, dict) or header.get("guanjia") != "office":
        raise Refused(
            "export",
            Text(f"{path}：这不是 guanjia export 写的文件。", f"{path}: this is no file that guanjia export wrote."),
            Text("数据库的备份用 guanjia restore 恢复。", "A backup of a database is restored by guanjia restore."),
        )
    if header != HEADER:
        raise Refused(
            "export",
            Text(
                f"{path}：由另一个版本的 guanjia 写成（格式 {header.get('format')}）。",
                f"{path}: another version of guanjia wrote it (format {header.get('format')}).",
            ),
            Text(
                "请用写它的那个版本导入到 SQLite，再由现在的版本打开：数据库会自动更新。",
                "Import it with that version into SQLite and open the database with this one: it brings databases up to date.",
            ),
        )


def _record(plain: list[Any]) -> Record:
    table, *row = plain
    if len(row) != len(TABLES[table].columns):
        raise ValueError
    if not all(map(_storable, row)):
        raise ValueError
    for place, name in _BYTES[table]:
        row[place] = _READ[name](row[place])
    return table, tuple(row)


def _storable(value: Any) -> bool:
    """Text that can be written as such, a whole number of 64 bits, true, false, nothing: all that a row is made of."""
    if isinstance(value, str):
        value.encode()  # half a character is a ValueError
        return True
    return value is None or (isinstance(value, int) and -(2**63) <= value < 2**63)


def _damaged(what: Text) -> Refused:
    hint = Text(
        "没有导入任何数据。请重新导出，或换一份副本。", "Nothing was imported. Export anew, or take another copy."
    )
    return Refused("export", what, hint)


def _cannot(path: str, what: Text) -> StoreError:
    return StoreError(
        Text(f"{path}：{what.zh}。", f"{path}: {what.en}."),
        Text("请换一个文件名或位置。", "Give another name or place."),
        location=path,
    )
