"""`suspend`: clocks stand still or run slower for a while, by a recorded decision: typhoon, flood, lockdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Text
from ...model.event import Event
from .. import words
from ..desk import Desk
from ..failure import OK, Usage
from ..naming import no_procedure
from ..out import Ink
from ..spec import Command, Option, whole
from .moves import moved, options

if TYPE_CHECKING:
    from ...runtime.stream import Happened

HEAD = (
    Text("编号", "NO"),
    Text("自", "FROM"),
    Text("至", "TO"),
    Text("方式", "HOW"),
    Text("范围", "WHAT"),
    Text("决定人", "BY"),
    Text("原因", "WHY"),
)


def suspend(
    desk: Desk, *, since: str | None, until: str | None, factor: int | None, procedure: str | None, clock: str | None,
    statutory: bool, listed: bool, end: str | None, policy: str, notify: bool, yes: bool, reason: str | None, as_json: bool,
) -> int:  # fmt: skip
    from ...runtime import moving, suspending

    asked = [given for given in (listed, end is not None, since is not None or until is not None) if given]
    if len(asked) != 1 or (since is None) != (until is None):
        raise Usage(
            Text("要写 --from 和 --to，或 --end 编号，或 --list。", "Say --from and --to, or --end ID, or --list."),
            Text("例如：guanjia suspend --from \"2026-09-01 00:00\" --to \"2026-09-04 00:00\" --reason 台风",
                 "For example: guanjia suspend --from \"2026-09-01 00:00\" --to \"2026-09-04 00:00\" --reason typhoon"),
        )  # fmt: skip
    if listed:
        return _list(desk, as_json)
    engine, now = desk.engine, desk.now()
    common = {"policy": policy, "notify": notify, "yes": yes, "reason": reason, "as_json": as_json}
    if end is not None:
        plan = moving.plan(engine, (), suspending.ended(engine, end, now))
        return moved(desk, lambda why: (plan, [suspending.resumed(engine, end, now, why)]), **common)  # type: ignore[arg-type]
    assert since is not None
    assert until is not None
    procedures, openable = _several(procedure), engine.openable()
    for name in procedures:
        if name not in openable:
            raise no_procedure(desk, name, openable)
    item = suspending.decide(
        engine, desk.instant(since, "--from"), desk.instant(until, "--to"), factor=factor, procedures=procedures,
        clocks=_several(clock), statutory=statutory,
    )  # fmt: skip

    def planned(why: str) -> tuple[moving.Plan, list[Happened]]:
        given = suspending.reasoned(engine, item, why)
        return moving.plan(engine, (), [*suspending.recorded(engine), given]), [suspending.suspended(given)]

    return moved(desk, planned, **common)  # type: ignore[arg-type]


def _several(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").replace("，", ",").split(",") if name.strip()]


def _list(desk: Desk, as_json: bool) -> int:
    from ...model.suspension import suspensions

    out, now = desk.out, desk.now()
    events = list(desk.engine.log())
    decided = {event.name: event for event in events if event.type == "suspended"}
    found = suspensions(events)
    if as_json:
        out.json(
            [
                {"id": item.id, "from": iso(item.begin, desk.zone), "to": iso(item.end, desk.zone), "factor": item.factor,
                 "procedures": list(item.procedures), "clocks": list(item.clocks), "statutory": item.statutory,
                 "reason": item.reason, "actor": decided[item.id].actor, "recorded_at": iso(decided[item.id].recorded_at, desk.zone),
                 "state": "ahead" if now < item.begin else "in force" if now < item.end else "over"}
                for item in found
            ]
        )  # fmt: skip
        return OK
    if not found:
        out.line(Text("没有暂停计时的决定。", "No suspension was decided."))
        return OK
    out.table(
        [
            [Ink(item.id, "bold"), words.when(item.begin, desk.zone), Ink(words.by(item.end, desk.zone), "dim" if item.end <= now else "soon"),
             how(item.factor), scope(desk, item.to_plain()), desk.short(decided[item.id].actor), item.reason]
            for item in found
        ],
        HEAD,
        flex=len(HEAD) - 1,
    )  # fmt: skip
    return OK


def how(factor: int | None) -> Text:
    if factor is None:
        return Text("停止计时", "stand still")
    return Text(f"慢 {factor} 倍", f"{factor} times slower")


def scope(desk: Desk, data: dict[str, Any]) -> Text:
    """Which procedures and clocks a decision is about."""
    named = [desk.label(name, name) for name in data["procedures"]]
    clocks = data["clocks"]
    zh = f"{'、'.join(named) or '全部流程'}，{'、'.join(clocks) or '全部时限'}"
    en = f"{', '.join(named) or 'all procedures'}: {', '.join(clocks) or 'all clocks'}"
    if data["statutory"]:
        return Text(f"{zh}，含法定时限", f"{en}, statutory ones too")
    return Text(zh, en)


def told(desk: Desk, event: Event) -> Text:
    """A decision in one line."""
    data, reason = event.data, event.data.get("reason", "")
    until = words.by(data["to"], desk.zone)
    if event.type == "resumed":
        return Text(f"{event.name} 于 {until} 提前结束：{reason}", f"{event.name} ends at {until} already: {reason}")
    since, way, about = words.when(data["from"], desk.zone), how(data["factor"]), scope(desk, dict(data))
    return Text(
        f"决定 {event.name}：{since} 至 {until} {way.zh}（{about.zh}）：{reason}",
        f"decided {event.name}: from {since} to {until} clocks {way.en} ({about.en}): {reason}",
    )


COMMANDS = {
    "suspend": Command(
        "suspend", suspend,
        [
            Option("--from", to="since", metavar="TIME", say=Text("从何时起", "from when")),
            Option("--to", to="until", metavar="TIME", say=Text("到何时止", "until when")),
            Option("--factor", metavar="N", convert=whole(2), say=Text("慢 N 倍（不写则完全停止）", "N times slower (else they stand still)")),
            Option("--procedure", metavar="NAME,…", say=Text("只限这些流程", "these procedures only")),
            Option("--clock", metavar="NAME,…", say=Text("只限这些时限", "these clocks only")),
            Option("--statutory", flag=True, say=Text("法定时限（pausable: false）也停", "statutory clocks (pausable: false) too")),
            Option("--list", to="listed", flag=True, say=Text("列出已作的决定", "list what was decided")),
            Option("--end", metavar="ID", say=Text("提前结束，从现在起恢复计时", "end it now, earlier than was decided")),
            *options(),
        ],
        say=Text("不可抗力期间暂停或放慢计时：先预览，确认后记录并执行。",
                 "Let clocks stand still or run slower for a while (force majeure): a preview first, then recorded and done."),
        more=Text("在办工单随即改期，期间新建的工单也照此计算。延时（after）不受影响。需要 calendar 权限和原因。",
                  "Open cases are moved at once, and new ones count so too. Delays (`after`) go on. Needs the right `calendar` and a reason."),
        examples=('guanjia suspend --from "2026-09-01 00:00" --to "2026-09-04 00:00" --reason 台风橙色预警', "guanjia suspend --list",
                  "guanjia suspend --end S1 --yes --reason 预警解除"),
    ),
}  # fmt: skip
