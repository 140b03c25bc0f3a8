"""An anchor: what a history was, in one line that is kept elsewhere.

A chain of hashes shows every change but one: when the last events are cut off together with all that followed from them, what
is left is whole. Only somebody who wrote down where the history stood can see that. An anchor is the number of events and one
hash over the heads of all chains in the order in which they were written; a later history must still lead through it.
Anchors are lines of JSON in a file that grows; each is checked every time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ..clock import Instant, from_iso, iso
from ..errors import NotFound, Refused, Text, because, plural
from ..store.interface import EventRow, Store
from ..store.paging import pages
from .audit import Problem

_PAGE = 1000


class Anchor(NamedTuple):
    """`events` and `head` are of all cases together, `office` and `office_head` of the office's own stream; both heads are
    hexadecimal, and "" ahead of the first event."""

    at: Instant
    events: int
    head: str
    office: int
    office_head: str

    def line(self) -> str:
        return json.dumps(self._asdict() | {"at": iso(self.at)}, separators=(", ", ": "))


def read(path: str) -> list[Anchor]:
    """The anchors of a file, oldest first; none when there is no file yet. Refused when it is no file of anchors."""
    if not os.path.exists(path):
        return []
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        why = because(error)
        raise NotFound(
            Text(f"锚文件 {path} 读不出来（{why.zh}）。", f"The file of anchors {path} cannot be read ({why.en}).")
        ) from None
    anchors = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            anchors.append(_parsed(line))
        except (ValueError, TypeError, KeyError):
            raise Refused(
                "anchor",
                Text(f"{path}:{number}: 这一行不是锚。", f"{path}:{number}: this line is no anchor."),
                Text(
                    "换一个文件，或从保管它的地方重新取来。",
                    "Name another file, or fetch it anew from where it is kept.",
                ),
            ) from None
    return anchors


def _parsed(line: bytes) -> Anchor:
    """ValueError, TypeError or KeyError where it is none."""
    plain = json.loads(line)
    anchor = Anchor(**plain | {"at": from_iso(plain["at"])})
    for value, kind in zip(anchor, (int, int, str, int, str), strict=True):
        if type(value) is not kind:
            raise TypeError(value)
    return anchor


def keep(path: str, anchor: Anchor) -> None:
    """Write another line, and have it on the disk when this returns. What cannot be written whole is taken back: half a line would
    spoil those that are there."""
    try:
        with open(path, "ab+", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            file.seek(max(before - 1, 0))
            ended = before == 0 or file.read(1) == b"\n"  # a line that was pasted has no end
            line = (b"" if ended else b"\n") + anchor.line().encode() + b"\n"
            try:
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), before)
                raise
    except OSError as error:
        raise NotFound(
            Text(
                f"锚文件 {path} 写不进去（{because(error).zh}）。",
                f"The file of anchors {path} cannot be written ({because(error).en}).",
            ),
        ) from None


def verify(store: Store, anchors: Sequence[Anchor], now: Instant) -> tuple[Anchor, list[Problem]]:
    """Where the history stands now, and the anchors that it does not lead through any more."""
    events, head, problems = _walked(_all(store), {anchor.events: anchor.head for anchor in anchors})
    office, office_head, more = _walked(_office(store), {anchor.office: anchor.office_head for anchor in anchors})
    found = [
        Problem("anchor", _said(anchor, events, office, anchor.events in problems or anchor.office in more))
        for anchor in anchors
        if anchor.events > events or anchor.office > office or anchor.events in problems or anchor.office in more
    ]
    return Anchor(now, events, head, office, office_head), found


def _said(anchor: Anchor, events: int, office: int, other: bool) -> Text:
    at = iso(anchor.at)
    missing = max(anchor.events - events, 0) + max(anchor.office - office, 0)
    if missing:
        return Text(
            f"{at} 时历史还多 {missing} 条记录：末尾被截掉了，或这是更早的副本",
            f"At {at} the history had {plural(missing, 'more event')}: its end was cut off, or this is an older copy",
        )
    assert other
    return Text(f"{at} 以前的历史已不是当时的历史", f"The history up to {at} is not what it was then")


def _walked(rows: Iterator[EventRow], marks: dict[int, str]) -> tuple[int, str, set[int]]:
    """How many events there are, the hash over their heads, and the marks (number -> hash) at which it is another one."""
    count, head, wrong = 0, b"", set()
    for row in rows:
        count += 1
        head = hashlib.sha256(head + row.head).digest()
        if count in marks and marks[count] != head.hex():
            wrong.add(count)
    return count, head.hex(), wrong


def _all(store: Store) -> Iterator[EventRow]:
    for page in pages(lambda after: store.feed(after, _PAGE), 0, itemgetter(0)):
        yield from (row for _, _, row in page)


def _office(store: Store) -> Iterator[EventRow]:
    for page in pages(lambda after: store.office_events(after, _PAGE), 0, lambda row: row.seq):
        yield from page
