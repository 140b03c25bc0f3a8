"""`stats`: how much there is to do and how late it is, for operators and their alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import Instant, iso
from ...errors import Text
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Command, json_option
from .ls import states

if TYPE_CHECKING:
    from ...runtime.stats import Stats


def stats(desk: Desk, *, as_json: bool) -> None:
    from ...runtime.stats import stats as counted

    found = counted(desk.store, desk.now())
    if as_json:
        desk.out.json(_plain(desk, found))
        return
    out, now = desk.out, desk.now()
    rows: list[list[Piece]] = [
        [Ink(desk.label(it.procedure, it.procedure), "bold"), states(desk, it.procedure, it.states), f"{it.open:>4}",
         Ink(f"{it.late or '':>4}", "late")]
        for it in found.real
    ]  # fmt: skip
    if rows:
        out.table(rows, (Text("流程", "PROCEDURE"), Text("状态", "STATE"), Text("未结", "OPEN"), Text("超时", "LATE")))
        out.line()
    outbox = out.both("，", ", ").join(
        f"{out.say(words.STATUS[status])} {count}" for status, count in found.outbox.items() if count
    )
    first, unsent = found.oldest_due, found.oldest_unsent
    facts: list[tuple[Text, Piece]] = [
        (Text("该由后台处理", "Due, for the worker"), str(found.due)),
        (Text("其中最早", "The oldest of it"), words.NOTHING if first is None else f"{words.when(first.due, desk.zone)}  {first.number}"),
        (Text("通知", "Notifications"), outbox or "0"),
        (Text("最早未发", "Oldest not sent"), words.when(unsent, desk.zone)),
        (Text("搁置的命令", "Commands parked"), str(found.parked)),
        (Text("升级到顶无人确认", "Escalations nobody acknowledged"), Ink(str(found.alarms), "late" if found.alarms else "")),
    ]  # fmt: skip
    if found.held:
        facts.append((Text("发送", "Sending"), Ink(Text("已全部扣住", "all is held"), "late")))
    facts += [
        (Text("后台", "Worker"), f"{it.name}  {words.when(it.last_round, desk.zone, now)}") for it in found.workers
    ]
    if not found.workers:
        facts.append((Text("后台", "Worker"), Ink(Text("一天内没有运行过", "none within a day"), "late")))
    out.table([[Ink(title, "dim"), value] for title, value in facts])


def _plain(desk: Desk, found: Stats) -> dict[str, Any]:

    def at(instant: Instant | None) -> str | None:
        return None if instant is None else iso(instant, desk.zone)

    first, real = found.oldest_due, found.real
    return {
        "at": at(found.at), "open": sum(it.open for it in real), "late": sum(it.late for it in real), "due": found.due,
        "oldest_due": None if first is None else {"number": first.number, "due": at(first.due)},
        "cases": [{"procedure": it.procedure, "states": it.states.split(","), "open": it.open, "late": it.late} for it in real],
        "outbox": dict(found.outbox), "oldest_unsent": at(found.oldest_unsent), "held": found.held, "parked": found.parked,
        "alarms": found.alarms,
        "workers": [{"name": it.name, "last_round": at(it.last_round)} for it in found.workers],
    }  # fmt: skip


COMMANDS = {
    "stats": Command(
        "stats", stats, [json_option()],
        say=Text("数字一览：未结、超时、该处理的、待发的、后台最近一轮。", "Figures: open and late cases, what is due, what waits to be sent, the workers' last rounds."),
        more=Text("只读数据库，不读文件，可以放心地每分钟运行一次；drill 等演练工单不计入 open 和 late。",
                  "It reads the database alone and may run every minute; cases of a mode, such as drills, are not among open and late."),
        examples=("guanjia stats --json",),
    ),
}  # fmt: skip
