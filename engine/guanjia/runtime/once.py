"""Once, however often sent: what the key of a command may be, what it stands for, and what is answered when it comes again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from ..errors import Conflict, Refused, Text
from ..model.case import Case
from ..model.event import Command
from ..store.interface import Answer, Transaction
from .recent import as_case


def usable(key: str) -> None:
    """Refused for an empty key: every command that came with one would be the same."""
    if not key.strip():
        raise Refused(
            "key", Text("命令的键是空的。", "The key of the command is empty."),
            Text("给每条命令一个自己的键，或不给键（None）", "Give each command a key of its own, or none at all (None)"),
        )  # fmt: skip


def digest_of(command: Command) -> str:
    """What names a command among all that may come with one key."""
    about = asdict(command)
    about["actor"] = command.actor.id
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def answered(tx: Transaction, answer: Answer, digest: str, key: str) -> Case:
    """The case, as it is now, that a command was answered with when its key was first used; Conflict when that was another command."""
    if answer.digest != digest:
        raise Conflict(Text(f"键“{key}”已用于另一条命令。", f"The key {key!r} was used for another command."), key=key)
    given = json.loads(answer.text)
    held = tx.read(given["case"], None).held
    assert held is not None
    return as_case(held)
