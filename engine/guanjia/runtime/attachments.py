"""Files of a case, each sealed under a key of its own that lies among the personal values of the case.

So a file goes with the case's other personal data, and what the history says of it tells nothing: the hash is that of the
sealed bytes, and name, hash and key of the clear ones stand behind a salted commitment. To read one is to look at personal
data: it needs a reason, and is recorded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import NotFound, Refused, Text
from ..model.event import PERSONAL, Actor, Command, Event
from ..values import unfit

if TYPE_CHECKING:
    from .engine import Engine

LONGEST_NAME = 255
_NO_NAME = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]")

OVERHEAD = 28
"""Bytes that a sealed file has more than the clear one: nonce and tag."""

_PLACE = b"attachment"


class File(NamedTuple):
    """What a history says of a file; `name` may be masked."""

    number: int
    """By which it is asked for: that of its event."""
    name: str
    size: int
    event: Event


def closed(
    command: Command, content: bytes, entropy: Callable[[int], bytes]
) -> tuple[Command, list[tuple[str, bytes]]]:
    """The command with the key of the file and the hash of the sealed one; and that, by its hash."""
    _filename(command.values.get("name"))
    key, nonce = entropy(32), entropy(12)
    sealed = nonce + _cipher(key).encrypt(nonce, content, _PLACE)
    digest = hashlib.sha256(sealed).hexdigest()
    return replace(command, values={**command.values, "key": key.hex(), "sealed": digest}), [(digest, sealed)]


def _filename(name: Any) -> None:
    """Refused unless it is the name of a file, and of no folder: whoever gets the file out writes it under that name."""
    if not isinstance(name, str) or not name.strip(" .") or len(name) > LONGEST_NAME or _NO_NAME.search(name):
        raise unfit(
            "name", Text("附件名", "name of the attachment"),
            Text("应是不带文件夹的文件名，不含控制字符", "it has to be a file's name without a folder, and without control characters"),
            Text(f"最多 {LONGEST_NAME} 字，例如 漏水照片.jpg", f"At most {LONGEST_NAME} characters, such as leak.jpg"),
        )  # fmt: skip


def files(engine: Engine, ref: str) -> list[File]:
    """The files of a case in the order in which they came."""
    return [
        File(event.seq, event.data["file"]["name"], event.data["file"]["size"], event)
        for event in engine.history(ref)
        if event.type == "attached"
    ]


def read(engine: Engine, ref: str, number: int, actor: Actor, reason: str) -> tuple[str, bytes]:
    """The name and the content of a file. NotFound; Refused as any look at personal data, or where it was destroyed."""
    case = engine.case(ref)
    known = {file.number: file for file in files(engine, case.id)}
    if number not in known:
        listed = ", ".join(f"{file.number} {file.name}" for file in known.values())
        raise NotFound(
            Text(f"{case.number} 没有附件 {number}。", f"{case.number} has no attachment {number}."),
            Text(f"有：{listed or '—'}", f"There are: {listed or 'none'}"), known=list(known),
        )  # fmt: skip
    engine.execute(Command("reveal", "", case.id, {"file": number}, actor, reason=reason))
    about: Mapping[str, Any] = known[number].event.data["file"]
    content = engine.store.blob(about["sha256"])
    if "key" not in about:  # of an older program, in clear
        return about["name"], content or b""
    behind = engine.personal(case.id).get(about["key"][PERSONAL])
    if behind is None or content is None:
        raise Refused(
            "destroyed", Text("这个附件已随个人信息销毁。", "This attachment was destroyed with the personal data.")
        )
    name: str = behind["name"]
    return name, _cipher(bytes.fromhex(behind["key"])).decrypt(content[:12], content[12:], _PLACE)


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
