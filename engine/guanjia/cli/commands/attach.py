"""`attach`: files of a case: put in, listed, and read back by whoever may look at its personal data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import BinaryIO

from ...clock import iso
from ...errors import Refused, Text, because
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option, whole
from .acts import told


def attach(
    desk: Desk, *, ref: str, file: str | None, name: str | None, get: int | None, to: str | None, reason: str | None, key: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    if get is not None:
        _get(desk, ref, get, to, reason or "", as_json=as_json)
    elif file is not None:
        result = desk.engine.attach(ref, name or os.path.basename(file), _read(file), actor=desk.actor, key=key)
        told(desk, result, as_json=as_json)
    else:
        _list(desk, ref, as_json=as_json)


def _read(file: str) -> bytes:
    from ...runtime.engine import MOST_ATTACHED

    try:
        with open(file, "rb") as stream:
            return stream.read(MOST_ATTACHED + 1)
    except OSError as error:
        why = because(error)
        raise Refused("file", Text(f"读不了文件 {file}：{why.zh}", f"{file} cannot be read: {why.en}")) from None


def _list(desk: Desk, ref: str, *, as_json: bool) -> None:
    from ...runtime.attachments import files

    found = files(desk.engine, ref)
    if as_json:
        desk.out.json(
            [
                {"number": file.number, "name": file.name, "size": file.size, "actor": file.event.actor,
                 "at": iso(file.event.occurred_at, desk.zone)}
                for file in found
            ]
        )  # fmt: skip
        return
    if not found:
        desk.out.line(Text("没有附件。", "There is no attachment."))
        return
    rows: list[list[Piece]] = [
        [str(file.number), file.name, f"{file.size:,} B", words.when(file.event.occurred_at, desk.zone), desk.short(file.event.actor)]
        for file in found
    ]  # fmt: skip
    head = (Text("号", "NO"), Text("名称", "NAME"), Text("大小", "SIZE"), Text("时间", "WHEN"), Text("谁", "WHO"))
    desk.out.table(rows, head, flex=1)


def _get(desk: Desk, ref: str, number: int, to: str | None, reason: str, *, as_json: bool) -> None:
    path = to or f".attachment-{os.getpid()}"
    # Made before it is read: to read it is recorded, and must not have been for nothing.
    with _made(path) as stream:
        name, content = desk.engine.attachment(ref, number, actor=desk.actor, reason=reason)
        stream.write(content)
    if to is None:
        path = _named(path, name)
    if as_json:
        desk.out.json({"file": path, "size": len(content)})
        return
    desk.out.line(
        Ink(
            Text(
                f"已存为 {path}（{len(content):,} B），只有您能读。",
                f"It is in {path} ({len(content):,} B), for you only.",
            ),
            "good",
        )
    )


def _named(path: str, name: str) -> str:
    """Give a file the name that it was attached by: one of this folder and of no other, whatever somebody typed, and a free one."""
    safe = PurePath(re.sub(r"[\x00-\x1f\x7f/\\]", "_", name).lstrip(".") or "attachment")
    stem, suffix, number = safe.stem[:60], safe.suffix[:10], 1
    while True:
        free = f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}"
        with suppress(FileExistsError):
            os.close(os.open(free, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            os.replace(path, free)
            return free
        number += 1


@contextmanager
def _made(path: str) -> Iterator[BinaryIO]:
    """A new file for its owner only; gone again where nothing came of it."""
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            try:
                yield stream
                stream.flush()
            except BaseException:
                os.unlink(path)
                raise
    except FileExistsError:
        raise Refused(
            "file", Text(f"已有文件 {path}。", f"There is a file {path} already."),
            Text("用 --to 另取一个名字。", "Name another one with --to."),
        ) from None  # fmt: skip
    except OSError as error:
        why = because(error)
        raise Refused("file", Text(f"写不了 {path}：{why.zh}", f"{path} cannot be written: {why.en}")) from None


def _number(spelling: str, text: str) -> int:
    try:
        return whole(1)(spelling, text)
    except Usage:
        raise Usage(
            Text(f"{spelling} 要附件的号，“{text}”不是。", f"{spelling} wants the number of an attachment; {text!r} is none."),
            Text("不带文件运行 guanjia attach 工单编号，列出附件和号。", "guanjia attach REF without a file lists them with their numbers."),
        ) from None  # fmt: skip


COMMANDS = {
    "attach": Command(
        "attach", attach,
        [
            Argument("ref", complete="references", say=Text("工单编号", "number of the case")),
            Argument("file", required=False, complete="files", say=Text("文件；不写则列出附件", "the file; without one, list them")),
            Option("--name", metavar="NAME", say=Text("另起名字", "keep it under another name")),
            Option("--get", metavar="NO", convert=_number, say=Text("取出第几号附件；须写原因，并留下记录", "read one back, by its number; needs a reason, and is recorded")),
            Option("--to", metavar="FILE", say=Text("取出后存到哪里（默认当前文件夹）", "where to put it (by default into this folder)")),
            Option("--reason", metavar="TEXT", say=Text("为什么要看", "why it is looked at")),
            Option("--key", metavar="KEY", say=Text("幂等键：同一个键只办一次", "happens once however often sent with the same key")),
            json_option(),
        ],
        say=Text("把文件附在工单上，列出附件，或取出一个。", "Keep a file with a case, list its files, or read one back."),
        more=Text("附件加密保存，随工单的个人信息一起销毁。取出等于查看个人信息：责任人、登记人和有 reveal 权限的人可以。",
                  "Files are sealed, and destroyed with the personal data of the case. To read one back is to look at personal data: for the assignee, "
                  "the opener and people with the right `reveal`."),
        examples=("guanjia attach TS-2026-00001 现场.jpg", "guanjia attach TS-2026-00001", "guanjia attach TS-2026-00001 --get 4 --reason 核对现场"),
    ),
}  # fmt: skip
