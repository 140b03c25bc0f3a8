"""What happens, as records of the standard library's logging: for whoever runs the office, never about whom it is for.

A record says one `event` and names things by their ids: the case, its number, who acted, the command's key as a digest, a
message by the short key of `guanjia outbox`. Values of fields, texts, addresses, files' names, what a peer answered and
what an exception says do not go in: any of them may hold what a resident typed. The same stands as plain data in
`record.guanjia`, for formatters of a host program; ours write one line for a record, and nothing in it can end that line.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..clock import iso
from ..errors import GuanjiaError, Refused, StoreError, Text
from ..model.event import Actor, Command, Event
from ..terminal import UNSEEN, safe_text

if TYPE_CHECKING:
    from ..store.interface import Store
    from .funnel import Result

COMMANDS = logging.getLogger("guanjia.command")
# A program that set up no logging is told by exceptions alone.
logging.getLogger("guanjia").addHandler(logging.NullHandler())

_NAMED = frozenset({"open", "act", "signal", "clock", "migrate"})
"""Kinds of commands whose name is a word of the procedure; that of an attachment is a file's."""

_LOOKED_UP = frozenset({"open", "act", "signal"})
"""Those of them of which a name that there is not is refused as such."""

_BARE = re.compile(r"[\w.:/+%-]+")
_UNSEEN = re.compile(f"[{UNSEEN}]")


def tell(log: logging.Logger, level: int, event: str, message: str | Text = "", **about: Any) -> None:
    """One record. `about`: plain data, of which None is left out; `message` is for people, in both languages."""
    if log.isEnabledFor(level):
        known = {name: value for name, value in about.items() if value is not None}
        log.log(level, "%s", str(message) or event, extra={"guanjia": {"event": event, **known}, "told": str(message)})


def command(store: Store, given: Command, outcome: Result | GuanjiaError) -> None:
    """What became of a command."""
    level = logging.ERROR if isinstance(outcome, StoreError) else logging.INFO
    if not COMMANDS.isEnabledFor(level):
        return
    about: dict[str, Any] = {"kind": given.kind, "key": digest(given.key)}
    if isinstance(outcome, GuanjiaError):
        code = outcome.code if isinstance(outcome, Refused) else type(outcome).__name__.lower()
        # What was typed is taken over only where it was found to name something.
        name = given.name if given.kind in _LOOKED_UP and code != "not_found" else None
        case, number = _found(store, given.case)
        tell(
            COMMANDS,
            level,
            "refused",
            **about,
            name=name,
            case=case,
            number=number,
            actor=actor(given.actor),
            code=code,
        )
        return
    name = given.name if given.kind in _NAMED else None
    after = outcome.case
    tell(
        COMMANDS, level, "repeated" if outcome.repeated else "done", **about, name=name, case=after.id, number=after.number,
        actor=actor(given.actor), seq=after.seq, events=len(outcome.events),
    )  # fmt: skip


def due(case: str, number: str, events: Sequence[Event]) -> None:
    """What fell due in a case and took effect."""
    if COMMANDS.isEnabledFor(logging.INFO):
        tell(COMMANDS, logging.INFO, "due", case=case, number=number, names=[event.name for event in events])


def failed(log: logging.Logger, error: Exception, **about: Any) -> None:
    """A fault of the program, with the way to it."""
    kind = type(error).__name__
    said = Text(f"程序出错：{kind}", f"the program failed: {kind}")
    log.error("%s", said, exc_info=error, extra={"guanjia": {"event": "fault", **about}, "told": str(said)})


def actor(who: Actor) -> str:
    """Staff by their id. A customer's is what some other program calls him, so he is only a customer here."""
    return who.id if who.kind != "customer" else "customer"


def digest(key: str | None) -> str | None:
    """What names a command key, which a host program made of whatever it liked."""
    return None if key is None else hashlib.sha256(key.encode()).hexdigest()[:16]


def _found(store: Store, ref: str | None) -> tuple[str | None, str | None]:
    try:
        held = store.get(ref) if ref else None
        columns = store.columns(held.id) if held else None
    except GuanjiaError:
        return None, None
    return (held.id, columns.number) if held and columns else (None, None)


class _Form(logging.Formatter):
    def plain(self, record: logging.LogRecord) -> dict[str, Any]:
        """A record as data. One of another program's logger has its message only."""
        about = getattr(record, "guanjia", {"event": "message"})
        message = getattr(record, "told", None)
        if message is None:
            message = record.getMessage()
        head = {"at": iso(int(record.created * 1_000_000)), "level": record.levelname.lower(), "logger": record.name}
        told = {"message": message} if message else {}
        failed = {"error": _lines(record.exc_info[1])} if record.exc_info and record.exc_info[1] else {}
        return head | about | told | failed


class JsonLines(_Form):
    """One JSON object a line, harmless on a terminal too."""

    def format(self, record: logging.LogRecord) -> str:
        text = json.dumps(self.plain(record), ensure_ascii=False, default=str)
        return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


class TextLines(_Form):
    """`2026-11-24T01:05:00Z info guanjia.command done kind=act case=…`: what is not one plain word stands in quotes."""

    def format(self, record: logging.LogRecord) -> str:
        plain = self.plain(record)
        head = [plain.pop(name) for name in ("at", "level", "logger", "event")]
        return safe_text(" ".join([*head, *(f"{name}={_word(value)}" for name, value in plain.items())]))


def _word(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _lines(error: BaseException) -> list[str]:
    """The kind of an error and the lines of the program that it went through; not what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    return [
        type(error).__name__,
        *(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames),
    ]
