"""The auditor: does every case equal its history, and does every index tell the truth?

For each case it folds the events, checks the hash chain, and compares snapshot, columns and outbox with what the history
says. It changes nothing. What it finds is said in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..core import evolve, next_due
from ..errors import GuanjiaError, Text
from ..model.case import Case
from ..model.event import GENESIS, Event, chain
from . import stream
from .columns import columns

if TYPE_CHECKING:
    from .engine import Engine


def audit(engine: Engine, progress: Callable[[int], None] | None = None) -> Sequence[Text]:
    """Everything that is wrong, in words; empty when nothing is. `progress` is called with the cases checked so far."""
    found = [Text(f"数据库：{problem}", f"Database: {problem}") for problem in engine.store.integrity()]
    found += stream.verify(engine.store)
    for number, identity in enumerate(engine.store.cases(), 1):
        try:
            found.extend(_case(engine, identity))
        except (GuanjiaError, ValueError, KeyError, TypeError) as error:
            found.append(Text(f"工单 {identity}：无法核对（{error}）", f"Case {identity}: cannot be checked ({error})"))
        if progress is not None:
            progress(number)
    return found


def _case(engine: Engine, identity: str) -> list[Text]:
    held = engine.store.get(identity)
    if held is None:
        return [Text(f"工单 {identity} 没有快照", f"Case {identity} has no snapshot")]
    found: list[Text] = []
    head = GENESIS
    case: Case | None = None
    told: set[str] = set()
    for row in engine.store.events(identity):
        head = chain(head, row.text)
        if head != row.head:
            return [Text(f"工单 {identity}：第 {row.seq} 条记录被改动过（哈希链断开）",
                         f"Case {identity}: event {row.seq} was altered (the hash chain is broken)")]  # fmt: skip
        event = Event.from_text(row.text)
        case = evolve(case, event)
        if not event.data.get("quiet"):
            for notice in event.data.get("notify", ()):
                told |= {f"{identity}:{event.seq}:{notice['template']}:{to}" for to in notice["to"]}
            told |= {f"{identity}:{event.seq}:-:role:{who}" for who in event.data.get("nobody", ())}
            if "alarm" in event.data:
                told.add(f"{identity}:{event.seq}:-:ladder:{event.data['alarm']}")
    if case is None:
        return [Text(f"工单 {identity} 没有记录", f"Case {identity} has no events")]

    def differs(what: Text) -> None:
        found.append(Text(f"工单 {case.number}：{what.zh}", f"Case {case.number}: {what.en}"))

    if head != held.head:
        differs(
            Text(
                "链头与记录不符（可能少了最后几条）",
                "the chain's head does not fit the events (the last may be missing)",
            )
        )
    if json.loads(held.snapshot) != json.loads(json.dumps(case.to_plain())):
        differs(Text("快照与历史不符", "the snapshot does not equal the history"))
    expected = columns(case, next_due(case))
    if engine.store.columns(identity) != expected:
        differs(Text("列表所用的列与历史不符", "the columns for lists do not equal the history"))
    kept = {key.rpartition(":")[0] for key in engine.store.outbox_keys(identity)}
    for key in sorted(kept - told):
        differs(Text(f"通知 {key} 没有对应的记录", f"the notification {key} belongs to no event"))
    for key in sorted(told - kept):
        differs(
            Text(
                f"记录要求的通知 {key} 不在发件箱",
                f"the notification {key} that an event asks for is not in the outbox",
            )
        )
    return found
