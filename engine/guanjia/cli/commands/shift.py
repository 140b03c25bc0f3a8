"""`shift`: the log of a shift for the next one, and words that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Text
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option, limit_option
from ..telling import Telling
from .ls import pages, plain, table

if TYPE_CHECKING:
    from ...model.event import Event
    from ...runtime.shift import Passed, Span
    from ...store.interface import Row

HEAD = (
    Text("工单", "CASE"),
    Text("几时", "WHEN"),
    Text("几件", "EVENTS"),
    Text("最后", "LAST"),
    Text("内容", "SUMMARY"),
)
URGENT = 10


def shift(desk: Desk, *, name: str | None, since: str | None, note: str | None, limit: int, as_json: bool) -> None:
    from ...runtime import shift as log

    engine = desk.engine
    if note is not None:
        log.leave(engine, desk.actor, note)
        if not as_json:
            desk.out.line(Ink(Text("已留给下一班。", "Left for the next shift."), "good"))
            return
    span = log.of_shift(engine, name) if name is not None else log.of_person(engine, desk.actor)
    if since is not None:
        span = span._replace(since=desk.instant(since, "--since"))
    found = list(islice(log.passed(engine, span, actor=desk.asking), limit + 1))
    open_rows = list(pages(desk))
    left = log.words(engine, span.since)
    if as_json:
        desk.out.json(_plain(desk, span, found[:limit], open_rows, left))
        return
    _print(desk, span, found, limit, open_rows, left)


def _late(desk: Desk, rows: Sequence[Row]) -> int:
    now = desk.now()
    return sum(
        bool(row.columns.breached) or (row.columns.deadline is not None and row.columns.deadline <= now) for row in rows
    )


def _print(
    desk: Desk, span: Span, found: Sequence[Passed], limit: int, rows: Sequence[Row], left: Sequence[Event]
) -> None:
    out, zone, now = desk.out, desk.zone, desk.now()
    times = f"{words.when(span.since, zone)} – {words.when(span.until, zone, span.since)}"
    out.line(
        Ink(Text("交接班记录", "Log of the shift"), "bold"), "  ", span.shift or "", "  " if span.shift else "", times
    )
    if not found:
        out.line("  ", Text("这段时间没有工单变动。", "Nothing happened to any case."))
    lines: list[list[Piece]] = []
    for each in found[:limit]:
        last = each.events[-1]
        telling = Telling(desk, desk.engine.case(each.row.id, actor=desk.asking))
        what = f"{telling.event(last)}  {desk.short(last.actor)}"
        lines.append(
            [
                Ink(each.row.columns.number, "bold"),
                words.when(last.occurred_at, zone, now),
                str(len(each.events)),
                what,
                each.row.columns.summary,
            ]
        )
    if lines:
        out.table(lines, HEAD, flex=4, keep=(0, 1))
    if len(found) > limit:
        out.line(
            Ink(
                Text(f"只列了 {limit} 个，还有更多：加大 --limit", f"These are {limit}; there are more: raise --limit"),
                "dim",
            )
        )
    out.line()
    out.line(
        Ink(
            Text(
                f"交给下一班：在办 {len(rows)}，超时 {_late(desk, rows)}",
                f"For the next: {len(rows)} open, {_late(desk, rows)} late",
            ),
            "bold",
        )
    )
    if rows:
        table(desk, rows[:URGENT], now)
    if len(rows) > URGENT:
        out.line(Ink(Text(f"全部见 {desk.line} ls", f"All of them: {desk.line} ls"), "dim"))
    if left:
        out.line()
        out.line(Ink(Text("留言", "Words for the next"), "bold"))
        for event in left:
            out.line("  ", Ink(words.when(event.recorded_at, zone, now), "dim"), "  ", desk.short(event.actor))
            out.lines(str(event.data["text"]), indent="    ", typed=True)


def _plain(
    desk: Desk, span: Span, found: Sequence[Passed], rows: Sequence[Row], left: Sequence[Event]
) -> dict[str, Any]:
    now, zone = desk.now(), desk.zone
    cases = []
    for each in found:
        last = each.events[-1]
        telling = Telling(desk, desk.engine.case(each.row.id, actor=desk.asking))
        cases.append(
            {"number": each.row.columns.number, "summary": each.row.columns.summary, "events": len(each.events), "last_at": iso(last.occurred_at, zone),
             "last": telling.event(last), "actor": last.actor, "closed": each.row.columns.closed_at is not None}
        )  # fmt: skip
    return {
        "shift": span.shift, "from": iso(span.since, zone), "to": iso(span.until, zone), "cases": cases, "open": len(rows), "late": _late(desk, rows),
        "urgent": [plain(desk, row, now) for row in rows[:URGENT]],
        "words": [{"at": iso(event.recorded_at, zone), "actor": event.actor, "text": event.data["text"]} for event in left],
    }  # fmt: skip


COMMANDS = {
    "shift": Command(
        "shift", shift,
        [
            Argument("name", metavar="SHIFT", required=False, say=Text("班次；不写则是我正在上的班，不在班次里则为最近 12 小时", "the shift; without it the one that I work, else the last 12 hours")),
            Option("--since", metavar="TIME", say=Text("从几时起", "from when")),
            Option("--note", metavar="TEXT", say=Text("给下一班留言", "leave words for the next shift")),
            limit_option(30), json_option(),
        ],
        say=Text("交接班记录：这一班发生了什么，什么要接着办，留言。", "The log of a shift: what happened, what is open and pressing, and words for the next."),
        more=Text("留言记在办公室记录里，不属于任何工单；其中的电话、证件号会打码。把工作交出去用 handover。",
                  "Words for the next stand in the office's own record and are of no case; telephone and identity numbers in them are masked. Work itself is handed over by `handover`."),
        examples=("guanjia shift", "guanjia shift night", "guanjia shift --note 3号楼水泵明早八点再看一次"),
    ),
}  # fmt: skip
