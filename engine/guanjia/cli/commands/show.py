"""`show`: one case as a person needs it, or as a program does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...clock import Instant
from ...core import recalculated
from ...core.clocks import used
from ...errors import NotFound, Text
from ...model.case import Case, Climb, Clock
from ...model.event import Event
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option
from ..telling import Telling
from . import outbox


def show(desk: Desk, *, ref: str, reveal: bool, reason: str | None, everything: bool, as_json: bool) -> None:
    if reveal:
        desk.engine.reveal(ref, actor=desk.actor, reason=reason or "")
    case = desk.engine.case(ref)
    telling = Telling(desk, case, reveal=reveal)
    options = _options(desk, case)
    if as_json:
        desk.out.json(_plain(desk, telling, case, options))
        return
    now = desk.now()
    _head(desk, telling, case)
    _fields(desk, telling, case)
    history = desk.engine.history(case.id)
    _clocks(desk, telling, case, now, recalculated(history))
    _climbs(desk, telling, case)
    _notifications(desk, case)
    _history(desk, telling, history, everything=everything)
    desk.out.line()
    if options is None:
        desk.out.line(
            Ink(
                Text("要看您能办什么，请用 --as 说明身份。", "Say who you are with --as to see what you can do."), "dim"
            )
        )
    else:
        telling.options(options)


def _options(desk: Desk, case: Case) -> Any:
    """What can be done by whoever asks; None when nobody is known, for looking needs no name."""
    if desk.given_actor is None:
        try:
            return desk.engine.available(case.id, desk.actor)
        except NotFound:
            return None
    return desk.engine.available(case.id, desk.actor)


def _head(desk: Desk, telling: Telling, case: Case) -> None:
    out, columns = desk.out, desk.store.columns(case.id)
    finished = case.closed_at is not None
    state = telling.label(case.outcome or "") if finished else telling.states(case.states)
    pieces: list[Piece] = [
        Ink(case.number, "bold"),
        "  ",
        telling.label(case.procedure),
        "  ",
        Ink(state, "good" if finished else "bold"),
    ]
    if case.mode:
        pieces += ["  ", Ink(f"[{telling.label(case.mode)}]", "soon")]
    if finished:
        at = words.when(case.closed_at, desk.zone)
        pieces += ["  ", Text(f"{at} 办结", f"closed {at}")]
    out.line(*pieces)
    if columns is not None and columns.summary:
        out.lines(columns.summary, typed=True)
    opened = words.when(case.opened_at, desk.zone)
    about = [
        (Text("责任人", "Assignee"), desk.person(case.assignee)),
        (Text("客户", "Customer"), case.customer),
        (Text("建单", "Opened"), f"{opened}  {desk.person(case.opener)}"),
        (Text("上级工单", "Parent"), _number(desk, case.parent)),
        *((Text(f"下级工单 {name}", f"Child {name}"), _number(desk, child)) for name, child in case.children.items()),
    ]
    out.table([[Ink(title, "dim"), text] for title, text in about if text])


def _number(desk: Desk, identity: str | None) -> str | None:
    if identity is None:
        return None
    columns = desk.store.columns(identity)
    return columns.number if columns is not None else identity


def _title(desk: Desk, text: Text) -> None:
    desk.out.line()
    desk.out.line(Ink(text, "bold"))


def _fields(desk: Desk, telling: Telling, case: Case) -> None:
    rows: list[list[Piece]] = [
        [Ink(telling.label(name), "dim"), telling.value(case.fields[name], field)]
        for name, field in telling.procedure.fields.items()
        if case.fields.get(name) is not None
    ]
    if rows:
        _title(desk, Text("字段", "Fields"))
        desk.out.table(rows, indent="  ", flex=1, wrapped=True)


def _clocks(desk: Desk, telling: Telling, case: Case, now: Instant, anew: Mapping[tuple[str, int], str]) -> None:
    clocks = [*case.clocks.values(), *reversed(case.cycles)]
    if not clocks:
        return
    _title(desk, Text("时限", "Clocks"))
    rows: list[list[Piece]] = []
    for clock in clocks:
        text, style = words.clock(clock, now)
        name = telling.label(clock.name)
        cycle = "" if clock.cycle == 1 else Text(f"第 {clock.cycle} 轮", f"cycle {clock.cycle}")
        due = (
            Text(f"截止 {words.by(clock.due, desk.zone)}", f"due {words.by(clock.due, desk.zone)}")
            if clock.due is not None
            else ""
        )
        unsure = (
            Text("（日历未公布，暂定）", "(provisional: the calendar is not published yet)")
            if clock.provisional and clock.open
            else ""
        )
        other = anew.get((clock.name, clock.cycle))
        if other is not None:
            verdict = words.VERDICTS[other]
            unsure = Text(f"（照现在的规则是{verdict.zh}）", f"(by the rules of now: {verdict.en})")
        kind = words.KINDS[telling.kind(clock.name)]
        rows.append([name, Ink(text, style), due, cycle, Ink(kind, "dim"), Ink(unsure, "soon")])
    desk.out.table(rows, indent="  ", flex=5)


def _climbs(desk: Desk, telling: Telling, case: Case) -> None:
    """Who was told at which level and when, when the next is told, and how to acknowledge."""
    if not case.climbs:
        return
    _title(desk, Text("升级", "Escalation"))
    out = desk.out
    for climb in case.climbs.values():
        text, style = words.climb(climb, len(telling.ladder(climb)), desk.zone)
        clock = Text(f"因“{telling.label(climb.clock)}”", f"for “{telling.label(climb.clock)}”") if climb.clock else ""
        by = desk.person(climb.ended_by) if climb.ended_by else ""
        out.line("  ", telling.label(climb.ladder), "  ", clock, "  ", Ink(text, style), "  ", by)
        rows: list[list[Piece]] = []
        for told in climb.told:
            people = out.both("、", ", ").join(desk.person(who) for who in told.to)
            nobody = Ink(Text("没有人可以收到", "nobody to tell"), "late")
            rows.append([_level(telling, climb, told.level), words.when(told.at, desk.zone), people or nobody])
        if climb.alarmed_at is not None:
            people = out.both("、", ", ").join(desk.person(who) for who in climb.alarmed)
            nobody = Ink(
                Text(
                    "office.yaml 没有写 alarm，没有通知任何人", "office.yaml names nobody under alarm: nobody was told"
                ),
                "late",
            )
            rows.append([Ink(Text("告警", "alarm"), "late"), words.when(climb.alarmed_at, desk.zone), people or nobody])
        elif climb.due is not None:
            level = (
                _level(telling, climb, climb.level + 1)
                if climb.level < len(telling.ladder(climb))
                else Text("告警", "alarm")
            )
            rows.append([level, words.when(climb.due, desk.zone), Ink(Text("还没有到", "not yet"), "dim")])
        out.table(rows, indent="    ")
        if climb.open and climb.told:
            out.line("    ", Ink(Text("收到的人请确认：", "Whoever was told may acknowledge: "), "dim"),
                     Ink(f"{desk.line} ack {case.number}", "good"))  # fmt: skip


def _level(telling: Telling, climb: Climb, level: int) -> Text:
    ladder = telling.ladder(climb)
    to = ladder[level - 1].to if level <= len(ladder) else ()
    zh, en = ("、".join(map(telling.role, to)), ", ".join(map(telling.role, to)))
    return Text(f"第 {level} 级 {zh}", f"level {level} {en}")


def _notifications(desk: Desk, case: Case) -> None:
    rows = desk.engine.store.outbox(case=case.id, limit=20)
    if not rows:
        return
    _title(desk, Text("通知", "Notifications"))
    table: list[list[Piece]] = []
    for row in rows:
        sent = row.notification
        table.append(
            [
                words.when(row.sent_at or sent.created_at, desk.zone), outbox.standing(desk, row),
                desk.short(sent.recipient), sent.channel, outbox.what(row, case.number),
            ]
        )  # fmt: skip
    desk.out.table(table, indent="  ", flex=4, keep=(0, 1))


def _history(desk: Desk, telling: Telling, events: Sequence[Event], *, everything: bool) -> None:
    _title(desk, Text("经过", "History"))
    shown = events if everything else events[-30:]
    if len(shown) < len(events):
        hidden = len(events) - len(shown)
        desk.out.line(
            "  ",
            Ink(
                Text(f"（更早的 {hidden} 条未显示，加 --all）", f"({hidden} earlier ones not shown; add --all)"), "dim"
            ),
        )
    for event in shown:
        late = event.type == "reached" and event.name.endswith(".due")
        style = "late" if late else "dim" if event.type == "refused" else ""
        recorded = ""
        if event.recorded_at - event.occurred_at > 60_000_000 and event.actor != "system":
            at = words.when(event.recorded_at, desk.zone)
            recorded = desk.out.both(f"（{at} 补登）", f" (recorded {at})")
        desk.out.line("  ", Ink(words.when(event.occurred_at, desk.zone), "dim"), "  ", Ink(telling.event(event), style), "  ",
                      Ink(desk.person(event.actor), "dim"), Ink(recorded, "soon"))  # fmt: skip
        for detail in telling.details(event):
            text, style = detail if isinstance(detail, Ink) else (detail, "")
            desk.out.lines(text, indent=" " * 20, style=style, typed=True)


def _plain(desk: Desk, telling: Telling, case: Case, options: Any) -> dict[str, Any]:
    """The case as docs/cli.md promises it."""
    columns = desk.store.columns(case.id)
    history = desk.engine.history(case.id)
    anew = recalculated(history)
    at = telling.at

    def clock(item: Clock) -> dict[str, Any]:
        return {
            "name": item.name, "kind": telling.kind(item.name), "cycle": item.cycle, "status": item.status,
            "by_hand": item.held, "started_at": at(item.started_at),
            "used_seconds": None if (spent := used(telling.program, item, desk.now())) is None else spent // 1_000_000,
            "due": at(item.due), "breached_at": at(item.breached_at), "ended_at": at(item.ended_at),
            "seconds_left": (item.due - desk.now()) // 1_000_000 if item.due is not None and item.status == "running" else None,
            "provisional": item.provisional, "recalculated": anew.get((item.name, item.cycle)),
        }  # fmt: skip

    return {
        "number": case.number, "id": case.id, "version": case.seq, "procedure": case.procedure, "procedure_version": case.version,
        "mode": case.mode, "states": list(case.states), "assignee": case.assignee, "opener": case.opener,
        "customer": case.customer, "summary": columns.summary if columns else "", "room": columns.room if columns else None,
        "opened_at": at(case.opened_at), "changed_at": at(case.changed_at), "closed_at": at(case.closed_at),
        "outcome": case.outcome, "parent": case.parent, "children": dict(case.children),
        "fields": {name: telling.plain(case.fields.get(name), field) for name, field in telling.procedure.fields.items()},
        "clocks": [clock(item) for item in (*case.clocks.values(), *case.cycles)],
        "ladders": [
            {
                "ladder": item.ladder, "clock": item.clock, "status": item.status, "level": item.level,
                "levels": len(telling.ladder(item)), "started_at": at(item.started_at), "next_at": at(item.due),
                "told": [{"level": told.level, "at": at(told.at), "to": list(told.to)} for told in item.told],
                "alarmed_at": at(item.alarmed_at), "alarmed": list(item.alarmed),
                "ended_at": at(item.ended_at), "acknowledged_by": item.ended_by,
            }
            for item in case.climbs.values()
        ],
        "notifications": [
            {
                "key": row.notification.key, "template": row.notification.template, "recipient": row.notification.recipient,
                "channel": row.notification.channel, "status": row.status, "attempts": row.attempts, "sent_at": at(row.sent_at),
                "problem": row.notification.problem or row.last_error,
            }
            for row in desk.engine.store.outbox(case=case.id)
        ],
        "events": [
            {
                "seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor,
                "occurred_at": at(event.occurred_at), "recorded_at": at(event.recorded_at), "words": telling.event(event),
            }
            for event in history
        ],
        "actions": None if options is None else [telling.option(item) for item in options],
    }  # fmt: skip


COMMANDS = {
    "show": Command(
        "show", show,
        [
            Argument("ref", complete="references", say=Text("工单编号", "number of the case")),
            Option("--reveal", flag=True, say=Text("显示完整的个人信息；须写原因，并留下记录", "show personal data in full; needs a reason, and is recorded")),
            Option("--reason", metavar="TEXT", say=Text("为什么要看", "why it is looked at")),
            Option("--all", flag=True, to="everything", say=Text("显示全部经过", "show the whole history")),
            json_option(),
        ],
        say=Text("看一个工单：字段、时限、通知、经过，以及您接下来能做什么。",
                 "One case: fields, clocks, notifications, history, and what you can do next."),
        more=Text("标记为个人信息的字段默认打码：138****1234、张**。完整的只有责任人、建单人和有 reveal 权限的人能看，谁在何时为什么看过都记在经过里。",
                  "Personal fields are masked: 138****1234, 张**. In full they are for the assignee, the opener and people with the right "
                  "`reveal`; who looked, when and why stands in the history."),
        examples=("guanjia show TS-2026-00001", "guanjia show TS-2026-00001 --reveal --reason 回电核对地址"),
    ),
}  # fmt: skip
