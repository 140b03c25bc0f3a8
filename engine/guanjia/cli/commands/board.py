"""`board`: the whole office on one page: how many open cases in which state, how many late or soon late, and the most urgent."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ...clock import HOUR, Instant
from ...errors import Text
from ...store.interface import Row
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Command, json_option, limit_option
from .ls import left_out, pages, plain, states, table


class Count:
    """How many cases, how many of them late, how many soon late."""

    def __init__(self) -> None:
        self.open = self.late = self.soon = 0

    def add(self, row: Row, now: Instant) -> None:
        it = row.columns
        self.open += 1
        if it.breached or (it.deadline is not None and it.deadline <= now):
            self.late += 1
        elif it.deadline is not None and it.deadline - now <= HOUR:
            self.soon += 1


def board(desk: Desk, *, limit: int, as_json: bool) -> None:
    now = desk.now()
    counts: dict[tuple[str, str], Count] = defaultdict(Count)
    urgent: list[Row] = []
    drills: list[Row] = []
    for row in pages(desk, mode=None):
        if row.columns.mode:
            drills.append(row)
            continue
        counts[row.columns.procedure, row.columns.states].add(row, now)
        if len(urgent) < limit:
            urgent.append(row)
    if as_json:
        desk.out.json(_plain(desk, counts, urgent, now))
        return
    _print(desk, counts, urgent, now)
    left_out(desk, drills)


def _print(desk: Desk, counts: dict[tuple[str, str], Count], urgent: list[Row], now: Instant) -> None:
    out = desk.out
    name = desk.known.get("name", {})
    title = name.get(out.language) or name.get("zh") or name.get("en") or ""
    total, late, soon = (sum(getattr(count, what) for count in counts.values()) for what in ("open", "late", "soon"))
    out.line(Ink(title, "bold"), "  ", Text(f"未结 {total}", f"{total} open"), "  ", Ink(Text(f"超时 {late}", f"{late} late"), "late" if late else ""),
             "  ", Ink(Text(f"一小时内到期 {soon}", f"{soon} due within the hour"), "soon" if soon else ""))  # fmt: skip
    if not counts:
        return
    out.line()
    rows: list[list[Piece]] = []
    previous = None
    for (procedure, joined), count in sorted(counts.items()):
        rows.append(
            [
                Ink(desk.label(procedure, procedure) if procedure != previous else "", "bold"), states(desk, procedure, joined), f"{count.open:>4}",
                Ink(f"{count.late or '':>4}", "late"), Ink(f"{count.soon or '':>4}", "soon"),
            ]
        )  # fmt: skip
        previous = procedure
    out.table(
        rows,
        (
            Text("流程", "PROCEDURE"),
            Text("状态", "STATE"),
            Text("未结", "OPEN"),
            Text("超时", "LATE"),
            Text("将到期", "SOON"),
        ),
    )
    out.line()
    out.line(Ink(Text("最急的", "Most urgent"), "bold"))
    table(desk, urgent, now)


def _plain(desk: Desk, counts: dict[tuple[str, str], Count], urgent: list[Row], now: Instant) -> dict[str, Any]:
    return {
        "open": sum(count.open for count in counts.values()),
        "late": sum(count.late for count in counts.values()),
        "soon": sum(count.soon for count in counts.values()),
        "counts": [
            {
                "procedure": procedure,
                "states": joined.split(","),
                "open": count.open,
                "late": count.late,
                "soon": count.soon,
            }
            for (procedure, joined), count in sorted(counts.items())
        ],
        "urgent": [plain(desk, row, now) for row in urgent],
    }


COMMANDS = {
    "board": Command(
        "board", board,
        [limit_option(10, 0),
         json_option()],
        say=Text("看全局：各流程各状态有多少未结，多少超时、多少一小时内到期，以及最急的几个。",
                 "The whole office: open cases by procedure and state, how many are late or due within the hour, and the most urgent."),
    ),
}  # fmt: skip
