"""`show`: one case as a person needs it, or as a program does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...clock import Instant
from ...core import recalculated
from ...core.clocks import used
from ...errors import Text, plural
from ...model.case import Case, Climb, Clock
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option
from ..telling import Telling, Unsaid
from . import outbox


def show(desk: Desk, *, ref: str, reveal: bool, reason: str | None, everything: bool, as_json: bool) -> None:
    shown = desk.engine.reveal(ref, actor=desk.actor, reason=reason or "") if reveal else None
    case = desk.engine.case(ref, actor=desk.asking)
    telling = Telling(desk, case, reveal=shown)
    options = _options(desk, case)
    if as_json:
        desk.out.json(_plain(desk, telling, case, options))
        return
    now = desk.now()
    _head(desk, telling, case)
    _fields(desk, telling, case)
    history = desk.engine.history(case.id, actor=desk.asking)
    _clocks(desk, telling, case, now, recalculated(history))
    climbs(desk, telling, case)
    _notifications(desk, case)
    _history(desk, telling, everything=everything)
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
    return None if desk.asking is None else desk.engine.available(case.id, desk.asking)


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
        (
            Text("小区", "Site"),
            desk.called("sites", case.site) if case.site in desk.known.get("organisation", {}).get("sites", {}) else "",
        ),
        (Text("责任人", "Assignee"), _with_team(desk, case.assignee)),
        (Text("客户", "Customer"), case.customer),
        (Text("建单", "Opened"), f"{opened}  {desk.person(case.opener)}"),
        *((Text("并入", "Goes on in"), desk.number(other)) for other in case.merged),
        *((Text("并入的工单", "Goes on here"), desk.number(other)) for other in case.absorbed),
        *(
            (Text(f"关联 {telling.label(name)}", f"Linked, {telling.label(name)}"), desk.number(other))
            for other, name in case.links.items()
        ),
        (Text("上级工单", "Parent"), case.parent and desk.number(case.parent)),
        (Text("保全", "On hold"), case.hold),
        *(
            (_child(telling, name, desk.number(child)), desk.number(child))
            for name, child in case.children.items()
            if ":" not in name
        ),
        *_households(desk, telling, case),
    ]
    out.table([[Ink(title, "dim"), text] for title, text in about if text])


def _with_team(desk: Desk, who: str | None) -> str:
    person = desk.known.get("organisation", {}).get("staff", {}).get(who) or {}
    return "  ".join(filter(None, (desk.person(who), desk.called("teams", person.get("team")))))


def _child(telling: Telling, name: str, number: str) -> Text:
    if name == number:  # put below it by hand
        return Text("下级工单", "Child")
    return Text(f"下级工单 {telling.named(name)}", f"Child {telling.named(name)}")


def _households(desk: Desk, telling: Telling, case: Case) -> Iterator[tuple[Text, Text]]:
    """Of each mass event how many were told, and whose message does not get there."""
    if not any(":" in name for name in case.children):
        return
    from ...runtime.households import STATUSES, reached

    for group, found in reached(desk.engine.store, case).items():
        title = Text(f"各户 {telling.named(group)}", f"Households, {telling.named(group)}")
        told = []
        for status in (*STATUSES, "none"):
            if (cases := found.get(status)) is None:
                continue
            called = words.STATUS.get(status, Text("还没有通知", "told nothing yet"))
            which = (
                f" ({', '.join(map(desk.number, cases[:5]))}{' …' if len(cases) > 5 else ''})"
                if status in STATUSES[:2]
                else ""
            )
            told.append(Text(f"{called.zh} {len(cases)}{which}", f"{len(cases)} {called.en}{which}"))
        count = sum(map(len, found.values()))
        yield (
            title,
            Text(
                f"{count} 户：{'，'.join(each.zh for each in told)}", f"{count}: {', '.join(each.en for each in told)}"
            ),
        )


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
    desk.out.table([clock_row(desk, telling, clock, now, anew) for clock in clocks], indent="  ", flex=5)


def clock_row(
    desk: Desk, telling: Telling, clock: Clock, now: Instant, anew: Mapping[tuple[str, int], str]
) -> list[Piece]:
    """What it is called, how it stands, when it is due, its cycle, to whom it is promised, and what is not sure about it."""
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
    return [name, Ink(text, style), due, cycle, Ink(kind, "dim"), Ink(unsure, "soon")]


def climbs(desk: Desk, telling: Telling, case: Case) -> None:
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
        if climb.open and climb.told and telling.lines:
            out.line("    ", Ink(Text("收到的人请确认：", "Whoever was told may acknowledge: "), "dim"),
                     Ink(f"{desk.line} ack {case.number}", "good"))  # fmt: skip


def _level(telling: Telling, climb: Climb, level: int) -> Text:
    people = telling.level(climb.ladder, level)
    return Text(f"第 {level} 级 {people}", f"level {level} {people}")


def _notifications(desk: Desk, case: Case) -> None:
    rows = desk.engine.store.outbox(case=case.id, limit=20)
    if not rows:
        return
    _title(desk, Text("通知", "Notifications"))
    table: list[list[Piece]] = []
    unsaid = Unsaid(desk)
    for row in rows:
        sent = row.notification
        table.append(
            [
                words.when(row.sent_at or sent.created_at, desk.zone), outbox.standing(desk, row),
                desk.short(sent.recipient), sent.channel, outbox.what(unsaid, row, case.number),
            ]
        )  # fmt: skip
    desk.out.table(table, indent="  ", flex=4, keep=(0, 1))


def _history(desk: Desk, telling: Telling, *, everything: bool) -> None:
    """What happened; of a case that others go on in, with what happened to those, marked by their numbers."""
    _title(desk, Text("经过", "History"))
    events = desk.engine.timeline(telling.case.id, actor=desk.asking)
    own, of = telling.case.id, _tellings(desk, telling)
    shown = events if everything else events[-30:]
    if len(shown) < len(events):
        hidden = len(events) - len(shown)
        desk.out.line(
            "  ",
            Ink(
                Text(
                    f"（更早的 {hidden} 条未显示，加 --all）",
                    f"({plural(hidden, 'earlier one', 'earlier ones')} not shown; add --all)",
                ),
                "dim",
            ),
        )
    for case, event in shown:
        telling = of(case)
        mark: list[Piece] = [] if case.id == own else [Ink(case.number, "bold"), "  "]
        late = event.type == "reached" and event.name.endswith(".due")
        style = "late" if late else "dim" if event.type == "refused" else ""
        recorded = ""
        if event.recorded_at - event.occurred_at > 60_000_000 and event.actor != "system":
            at = words.when(event.recorded_at, desk.zone)
            recorded = desk.out.both(f"（{at} 补登）", f" (recorded {at})")
        who = desk.person(event.actor)
        if (typed := event.data.get("through")) is not None:
            who = desk.out.both(f"{who}，{desk.short(typed)}代", f"{who}, through {desk.short(typed)}")
        desk.out.line("  ", Ink(words.when(event.occurred_at, desk.zone), "dim"), "  ", *mark, Ink(telling.event(event), style), "  ",
                      Ink(who, "dim"), Ink(recorded, "soon"))  # fmt: skip
        for detail in telling.details(event, everything=everything):
            text, style = detail if isinstance(detail, Ink) else (detail, "")
            desk.out.lines(text, indent=" " * 20, style=style, typed=True)


def _tellings(desk: Desk, telling: Telling) -> Callable[[Case], Telling]:
    """Puts into words what happened to this case, and to others that go on in it."""
    known = {telling.case.id: telling}

    def of(case: Case) -> Telling:
        if case.id not in known:
            known[case.id] = Telling(desk, case)
        return known[case.id]

    return of


def _plain(desk: Desk, telling: Telling, case: Case, options: Any) -> dict[str, Any]:
    """The case as docs/cli.md promises it."""
    columns = desk.store.columns(case.id)
    history = desk.engine.history(case.id, actor=desk.asking)
    anew = recalculated(history)
    at = telling.at
    of = _tellings(desk, telling)

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
        "outcome": case.outcome, "parent": case.parent, "children": dict(case.children), "links": dict(case.links),
        "merged": next(iter(case.merged), None), "absorbed": list(case.absorbed), "hold": case.hold,
        "fields": {name: telling.plain(case.fields.get(name), field) for name, field in telling.procedure.fields.items()},
        "entries": case.entries,
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
                "seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor, "through": event.data.get("through"),
                "occurred_at": at(event.occurred_at), "recorded_at": at(event.recorded_at),
                "words": of(whose).event(event), "unreached": list(event.data.get("unreached", ())), "case": whose.number,
            }
            for whose, event in desk.engine.timeline(case.id, actor=desk.asking)
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
        more=Text("标记为个人信息的字段默认打码：138****1234、张**。完整的只有责任人、登记人和有 reveal 权限的人能看，谁在何时为什么看过都记在经过里。",
                  "Personal fields are masked: 138****1234, 张**. In full they are for the assignee, the opener and people with the right "
                  "`reveal`; who looked, when and why stands in the history."),
        examples=("guanjia show TS-2026-00001", "guanjia show TS-2026-00001 --reveal --reason 回电核对地址"),
    ),
}  # fmt: skip
