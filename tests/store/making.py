"""Cases as a store sees them: texts and columns without meaning, in the shape that the funnel writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from guanjia.model.event import Notification
from guanjia.store import Change, Columns, EventRow, Held, Store, Transaction

OLD_SNAPSHOT = (
    '{"clocks": {"a": {"status": "running", "provisional": true}, "b": {"status": "paused", "provisional": true},'
    ' "c": {"status": "running"}}}'
)
"""What a case looked like before there was a column for its provisional deadlines: one of them counts."""


def columns(number: str = "TS-2026-00001", **given: Any) -> Columns:
    plain = Columns(
        site="main", number=number, procedure="complaint", version="v1", states="received", mode=None, priority="minor",
        summary="三栋二单元电梯口灯不亮", room="3-2-501", assignee="staff.wang", customer=None, parent=None, opened_at=1_000,
        changed_at=1_000, closed_at=None, outcome=None, next_due=None, deadline=None, breached=0,
    )  # fmt: skip
    return plain._replace(**given)


def events(case: str, first: int, last: int) -> list[EventRow]:
    texts = {seq: f'["{case}",{seq},"noted"]' for seq in range(first, last + 1)}
    return [EventRow(seq, text, hashlib.sha256(text.encode()).digest(), 1_000 + seq) for seq, text in texts.items()]


def change(case: str, before: int = 0, steps: int = 1, *, about: Columns | None = None, **given: Any) -> Change:
    seq = before + steps
    return Change(
        case, before, seq, f'{{"case":"{case}","seq":{seq}}}', about or columns(f"N-{case}"), events(case, before + 1, seq),
        **given,
    )  # fmt: skip


def message(case: str, number: int, seq: int = 1, **given: Any) -> Notification:
    plain = Notification(
        key=f"{case}:{seq}:told:staff.wang:mail:{number}", case=case, seq=seq, template="told", recipient="staff:staff.wang",
        channel="mail", address="wang@example.com", language="zh", subject="新投诉", body=f"第 {number} 条", created_at=100,
    )  # fmt: skip
    return replace(plain, **given)


def put(store: Store, *changes: Change) -> None:
    """Write these, each in a transaction of its own."""
    for each in changes:
        store.transact(writing(each))


def writing(each: Change) -> Callable[[Transaction], None]:
    return lambda tx: tx.write(each)


def advance(store: Store, case: str) -> Held:
    """Read the case and write one more event: what every command does."""

    def work(tx: Transaction) -> Held:
        held = tx.read(case, None).held
        assert held is not None
        tx.write(change(held.id, held.seq))
        return held

    return store.transact(work)


def keys(rows: Sequence[Any]) -> list[str]:
    return [row.notification.key.rpartition(":")[2] for row in rows]
