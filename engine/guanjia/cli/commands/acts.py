"""The commands that change a case: each builds one `Command`, sends it down the funnel, and says what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...clock import Instant
from ...errors import Refused, Text
from ...model.event import Command as Asked
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..naming import SITE, nameless, no_procedure
from ..out import Ink
from ..spec import Argument, Command, Entry, Group, Option, json_option, whole
from ..telling import Telling
from ..values import Label, ask, gather, interactive, retrying
from .ls import sites_of

Given = Sequence[tuple[str, str | None]]
"""What was typed for fields: (option, value)."""

if TYPE_CHECKING:
    from ...model.case import Case
    from ...model.procedure import Field, Procedure
    from ...runtime.funnel import Result
    from ...store.interface import Row


def open_case(
    desk: Desk, *, given: Given, procedure: str, mode: str | None, customer: str | None, site: str | None, reason: str | None, at: str | None,
    key: str | None, as_json: bool,
) -> None:  # fmt: skip
    engine = desk.engine
    if procedure not in (known := engine.procedures()):
        raise no_procedure(desk, procedure, known)
    definition = engine.opening(procedure).procedure
    fields = definition.fields

    def label(name: str) -> str:
        return definition.label(name, desk.out.language)

    values = values_of(desk, given, fields, label, customer=customer, reason=reason, site=site)
    site = None if "site" in fields else site
    if site and site not in (sites := sites_of(desk)):
        raise nameless(SITE, site, list(sites), sites)
    actor, when = desk.actor, _at(desk, at)
    missing = [
        name for name, field in fields.items() if field.required and field.default is None and values.get(name) is None
    ]
    if missing and customer is None and interactive(desk.out):  # what is known of a customer needs no asking
        values |= ask(desk, missing, fields, label)

    def run(values: dict[str, Any]) -> Result:
        return engine.execute(
            Asked(
                "open",
                procedure,
                values=values,
                actor=actor,
                key=key,
                mode=mode,
                at=when,
                reason=reason,
                customer=customer,
                site=site or "",
            )
        )

    result = retrying(desk, values, fields, label, run)
    like = engine.like(result.case.id, actor=actor) if not result.repeated else []
    told(desk, result, as_json=as_json, more={"like": [row.columns.number for row in like]})
    if not as_json:
        _alike(desk, result.case.number, like)


def _alike(desk: Desk, number: str, like: Sequence[Row]) -> None:
    """Cases that may be the same matter, with the line that would make them one."""
    for row in like:
        other, at = row.columns, words.when(row.columns.opened_at, desk.zone, desk.now())
        where = other.room or other.customer or ""
        desk.out.line(
            "  ", Ink(Text(f"可能重复：{other.number}（{at}，{where}）{other.summary}", f"Perhaps the same: {other.number} ({at}, {where}) {other.summary}"), "soon"),
        )  # fmt: skip
        desk.out.line(
            "    ",
            Ink(Text("若是同一件事：", "if it is: "), "dim"),
            Ink(f"{desk.line} merge {number} {other.number} --reason …", "good"),
        )


def do(
    desk: Desk, *, given: Given, ref: str, action: str | None, reason: str | None, at: str | None, key: str | None, expect: int | None,
    where: str | None, yes: bool, as_json: bool,
) -> int | None:  # fmt: skip
    from ...runtime.takers import takers

    engine, out = desk.engine, desk.out
    if where is not None:
        return _many(desk, given, ref, action, where, reason, at, key, expect, yes=yes, as_json=as_json)
    if yes:
        raise Usage(Text("--yes 只和 --where 一起用。", "--yes goes with --where only."))
    case = engine.case(ref)
    telling = Telling(desk, case)
    actor = desk.actor
    if action is None:
        _list(desk, telling, engine.available(case.id, actor), as_json=as_json)
        return None
    action = meant(telling.procedure, action, telling.program.actions)
    try:
        options = engine.available(case.id, actor)
    except Refused:  # said by the funnel, where it is recorded
        options = ()
    fields = {**telling.procedure.fields, **telling.program.inputs.get(("act", action), {})}
    option = next((item for item in options if item.action == action), None)
    # That there is no such action is said by the engine, with what is possible; complaints about its fields would hide it.
    values = values_of(desk, given, fields, telling.label, reason=reason) if action in telling.program.actions else {}
    missing = (
        [name for name in option.requires if values.get(name) is None] if option is not None and option.allowed else []
    )
    people = takers(engine, case, action, actor) if interactive(out) else {}
    if missing and interactive(out):
        values |= ask(desk, missing, fields, telling.label, people)
    when = _at(desk, at)

    def run(values: dict[str, Any]) -> Result:
        return engine.execute(Asked("act", action, case.id, values, actor, key, at=when, reason=reason, expect=expect))

    told(desk, retrying(desk, values, fields, telling.label, run, people), as_json=as_json)
    return None


def meant(procedure: Procedure, said: str, actions: Collection[str]) -> str:
    """The one of these actions that is called so on the screen, in either language, where it is one."""
    if said in actions:
        return said
    called = [
        name for name in actions
        if said.casefold() in {procedure.label(name, language).casefold() for language in ("zh", "en")}
    ]  # fmt: skip
    return called[0] if len(called) == 1 else said


def _many(
    desk: Desk, given: Given, action: str, more: str | None, where: str, reason: str | None, at: str | None, key: str | None,
    expect: int | None, *, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    from .many import do_many

    for name, value in (("--at", at), ("--expect", expect)):
        if value is not None:
            raise Usage(Text(f"{name} 不能和 --where 一起用。", f"{name} does not go with --where."))
    if more is not None:
        raise Usage(
            Text("有 --where 时只写操作，不写工单编号。", "With --where there is the action alone, and no number."),
            Text(f"例如：guanjia do {more} --where '{where}'", f"For example: guanjia do {more} --where '{where}'"),
        )
    return do_many(desk, given=given, action=action, where=where, reason=reason, key=key, yes=yes, as_json=as_json)


def signal(desk: Desk, *, given: Given, ref: str, name: str, key: str | None, as_json: bool) -> None:
    case = desk.engine.case(ref)
    program = desk.engine.program(case)
    values = values_of(desk, given, {**program.procedure.fields, **program.inputs.get(("signal", name), {})})
    told(
        desk, desk.engine.execute(Asked("signal", name, case.id, values, desk.actor_or_system(), key)), as_json=as_json
    )


def edit(
    desk: Desk, *, given: Given, ref: str, reason: str | None, key: str | None, expect: int | None, as_json: bool
) -> None:
    case = desk.engine.case(ref)
    procedure = desk.engine.program(case).procedure
    fields = procedure.fields
    values = values_of(desk, given, fields, partial(procedure.label, language=desk.out.language), reason=reason)
    if not values:
        names = " ".join(f"--{name}" for name in fields)
        raise Usage(
            Text("要改哪个字段？", "Which field is to be changed?"), Text(f"可以写：{names}", f"There are: {names}")
        )
    command = Asked("edit", "", case.id, values, desk.actor, key, reason=reason, expect=expect)
    told(desk, desk.engine.execute(command), as_json=as_json)


def assign(desk: Desk, *, ref: str, who: str, reason: str | None, key: str | None, as_json: bool) -> None:
    engine = desk.engine
    who = engine.organisation.actor(desk.member(who)).id
    told(desk, engine.execute(Asked("assign", who, ref, {}, desk.actor, key, reason=reason)), as_json=as_json)


def ack(desk: Desk, *, ref: str, reason: str | None, key: str | None, as_json: bool) -> None:
    told(desk, desk.engine.acknowledge(ref, actor=desk.actor, key=key, reason=reason), as_json=as_json)


def undo(desk: Desk, *, ref: str, reason: str | None, key: str | None, as_json: bool) -> None:
    result = desk.engine.undo(ref, actor=desk.actor, reason=reason, key=key)
    back = next((event for event in result.events if event.type == "undone"), None)
    rows = desk.engine.store.outbox(case=result.case.id, limit=500) if back else []
    mine = [row for row in rows if back and back.data["undone"] <= row.notification.seq < back.seq]
    recalled = [row.notification for row in mine if row.status == "recorded"]
    sent = [row.notification for row in mine if row.status in ("sent", "sending")]
    again = set(back.data.get("facts", {}).get(f"resume:{back.data['undone']}", ())) if back else set()
    resumed = [row.notification for row in rows[::-1] if row.notification.key in again]
    more = {
        "withdrawn": [told.key for told in recalled],
        "corrected": [told.key for told in sent],
        "resumed": [told.key for told in resumed],
    }
    told(desk, result, as_json=as_json, more=more)
    if as_json:
        return
    for title, messages in (
        (Text("未发出，不再发：", "not sent any more: "), recalled),
        (Text("已发出，已另发更正：", "sent already, a correction follows: "), sent),
        (Text("原先被并单扣下，现在照发：", "withdrawn by the merging, sent after all: "), resumed),
    ):
        for message in messages:
            desk.out.line("  ", Ink(title, "dim"), desk.short(message.recipient), "  ", message.subject)


def adjust(way: str) -> Callable[..., None]:
    def run(
        desk: Desk, *, ref: str, clock: str, reason: str | None, at: str | None, key: str | None, as_json: bool
    ) -> None:
        command = Asked("clock", clock, ref, {"way": way}, desk.actor, key, at=_at(desk, at), reason=reason)
        told(desk, desk.engine.execute(command), as_json=as_json)

    return run


def note(desk: Desk, *, ref: str, text: tuple[str, ...], key: str | None, as_json: bool) -> None:
    command = Asked("note", "", ref, {"text": " ".join(text)}, desk.actor, key)
    told(desk, desk.engine.execute(command), as_json=as_json)


# -- pieces


def values_of(
    desk: Desk, given: Given, fields: Mapping[str, Field], label: Label = str, **own: str | None
) -> dict[str, Any]:
    """What was typed for fields; an option of the command itself fills a field of the same name too."""
    values = gather(desk, given, fields, label)
    return {**{name: value for name, value in own.items() if value is not None and name in fields}, **values}


def _at(desk: Desk, text: str | None) -> Instant | None:
    return None if text is None else desk.instant(text, "--at")


def _list(desk: Desk, telling: Telling, options: Any, *, as_json: bool) -> None:
    if as_json:
        desk.out.json([telling.option(item) for item in options])
        return
    case = telling.case
    state = telling.label(case.outcome or "") if case.closed_at is not None else telling.states(case.states)
    desk.out.line(Ink(case.number, "bold"), "  ", telling.label(case.procedure), "  ", Ink(state, "bold"))
    telling.options(options)


def told(desk: Desk, result: Result, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """What happened: the case as it is now, the events, and the next deadline."""
    from ...runtime.looking import outcome

    result = outcome(desk.engine, desk.asking, result)
    out, case = desk.out, result.case
    telling = Telling(desk, case)
    if as_json:
        out.json(
            {
                "number": case.number, "id": case.id, "version": case.seq, "states": list(case.states),
                "assignee": case.assignee, "closed_at": telling.at(case.closed_at), "outcome": case.outcome,
                "repeated": result.repeated,
                "events": [
                    {"seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor, "through": event.data.get("through"),
                     "occurred_at": telling.at(event.occurred_at), "words": telling.event(event),
                     "unreached": list(event.data.get("unreached", ()))}
                    for event in result.events
                ],
                **(more or {}),
            }
        )  # fmt: skip
        return
    state = telling.label(case.outcome or "") if case.closed_at is not None else telling.states(case.states)
    out.line(Ink(case.number, "bold"), "  ", telling.label(case.procedure), "  ", Ink(state, "good"))
    if result.repeated:
        out.line(
            "  ",
            Ink(
                Text("这个键已经办过，这次没有重复办理。", "This key was used before; nothing was done again."), "soon"
            ),
        )
    for event in result.events:
        out.line("  ", telling.event(event))
        for detail in telling.details(event):
            text, style = detail if isinstance(detail, Ink) else (detail, "")
            out.lines(text, indent="    ", style=style or "dim", typed=True)
    _next(desk, telling, case)


def _next(desk: Desk, telling: Telling, case: Case) -> None:
    running = [clock for clock in case.clocks.values() if clock.status == "running" and clock.due is not None]
    if case.closed_at is not None or not running:
        return
    clock = min(running, key=lambda item: item.due or 0)
    text, style = words.clock(clock, desk.now())
    at = words.by(clock.due, desk.zone, desk.now())
    desk.out.line(
        "  ",
        Ink(Text("下一时限：", "next deadline: "), "dim"),
        telling.label(clock.name),
        "  ",
        at,
        "  ",
        Ink(text, style),
    )


REF = Text("工单编号", "number of the case")


def ref_argument() -> Argument:
    return Argument("ref", complete="references", say=REF)


def key_option() -> Option:
    return Option(
        "--key",
        metavar="KEY",
        say=Text("幂等键：同一个键只办一次", "happens once however often sent with the same key"),
    )


def reason_option() -> Option:
    return Option("--reason", metavar="TEXT", say=Text("原因", "why"))


def _backdate() -> Option:
    return Option(
        "--at",
        metavar="TIME",
        say=Text("补登：实际发生的时间，需权限和原因", "backdate: when it really happened; needs a right and a reason"),
    )


def _expect() -> Option:
    return Option("--expect", metavar="N", convert=whole(1), say=Text("只在工单仍是第 N 版时办理，否则退出码 4",
                                                                   "only if the case is still at version N; else exit code 4"))  # fmt: skip


def _by_hand(way: str, say: Text, example: str) -> Command:
    params: list[Option | Argument] = [
        ref_argument(), Argument("clock", complete="clocks", say=Text("时限的名字（见 guanjia show）", "name of the clock (see guanjia show)")),
        reason_option(), _backdate(), key_option(), json_option(),
    ]  # fmt: skip
    return Command(way, adjust(way), params, say=say, examples=(f"guanjia clock {way} {example}",))


COMMANDS = {
    "clock": Group(
        "clock",
        {
            Text("命令", "Commands"): {
                "pause": Entry("acts", Text("人工暂停", "let it stand still")),
                "resume": Entry("acts", Text("人工恢复", "let it go on")),
                "reset": Entry("acts", Text("结束这一轮，从现在重新起算", "end its cycle and begin the next one now")),
            }
        },
        say=Text("人工暂停、恢复、重置时限；需要 clocks 权限，须写原因。", "Pause, resume or reset a clock by hand; needs the right `clocks` and a reason."),
    ),
    "pause": _by_hand(
        "pause", Text("人工暂停一个时限；只有人工恢复才会继续。", "Pause a clock by hand; it goes on by hand only."), "TS-2026-00001 decide --reason 等业主提供图纸"
    ),
    "resume": _by_hand("resume", Text("恢复人工暂停的时限。", "Let a clock go on that was paused by hand."), "TS-2026-00001 decide --reason 图纸已收到"),
    "reset": _by_hand(
        "reset", Text("结束时限的这一轮，从现在重新起算。", "End the cycle of a clock and begin the next one now."), "TS-2026-00001 decide --reason 业主变更了诉求"
    ),
    "open": Command(
        "open", open_case,
        [
            Argument("procedure", complete="procedures", say=Text("流程的名字（见 guanjia procedures）", "name of the procedure (see guanjia procedures)")),
            Option("--mode", metavar="MODE", say=Text("模式，如演练 drill", "a mode, e.g. drill")),
            Option("--customer", metavar="ID", say=Text("客户编号", "the customer's id")),
            Option("--site", metavar="SITE", say=Text("小区；不写为客户所在的、您任职的，再不然办公室自己的", "the site; else where the customer lives, that you serve, or the office's own")),
            reason_option(), _backdate(), key_option(), json_option(),
        ],
        dynamic=True,
        say=Text("新建工单。", "Open a case."),
        more=Text(
            "流程的字段写成 --字段 值（见 guanjia procedures 流程名）。在终端上会逐项询问必填的；不在终端上则列出缺什么并以 1 退出。",
            "Fields of the procedure are written --FIELD VALUE (see guanjia procedures NAME). On a terminal what is required is asked for; elsewhere it is named and the exit code is 1.",
        ),
        examples=("guanjia open complaint --channel phone --place 3号楼 --summary 电梯异响",),
    ),
    "do": Command(
        "do", do,
        [
            ref_argument(),
            Argument("action", required=False, complete="actions", say=Text("操作；不写则列出现在能做什么", "the action; without it, what can be done is listed")),
            reason_option(), _backdate(), key_option(), _expect(),
            Option("--where", metavar="CONDITIONS", say=Text("对所有符合的在办工单办理，这时只写操作", "for all open cases that these name; then the action stands alone")),
            Option("--yes", flag=True, say=Text("不再询问，现在就办（用于 --where）", "do it, without asking (with --where)")), json_option(),
        ],
        dynamic=True,
        say=Text("办理一步。", "Take an action."),
        more=Text(
            "操作要的内容和工单的字段写成 --名字 值。在终端上会询问缺少的必填项。名字与本命令选项相同的字段写成 --field:名字=值。",
            "What the action asks for and fields of the case are written --NAME VALUE. On a terminal what is missing is asked for. A field that is called like an option of this command is written --field:NAME=VALUE.",
        ),
        examples=(
            "guanjia do TS-2026-00001", "guanjia do TS-2026-00001 acknowledge --contact phone",
            "guanjia do update --where 'procedure=repair state=waiting_parts overdue' --message 配件明天到",
        ),
    ),
    "signal": Command(
        "signal", signal,
        [ref_argument(), Argument("name", complete="signals", say=Text("信号的名字", "name of the signal")), key_option(), json_option()],
        dynamic=True,
        say=Text("把其他系统的信号传给工单。", "Send a signal from another system to a case."),
        more=Text("没有说明身份时以系统的名义发送。", "Where nobody is known it is sent by the system."),
        examples=("guanjia signal WX-2026-00007 paid --amount 120.00 --key pos-8841",),
    ),
    "edit": Command(
        "edit", edit, [ref_argument(), reason_option(), key_option(), _expect(), json_option()],
        dynamic=True,
        say=Text("修改字段；值为空则清除。", "Change fields; an empty value clears one."),
        examples=("guanjia edit TS-2026-00001 --severity major", "guanjia edit TS-2026-00001 --phone="),
    ),
    "assign": Command(
        "assign", assign,
        [ref_argument(), Argument("who", complete="people", say=Text("员工编号或姓名", "id or name of a member of staff")), reason_option(), key_option(), json_option()],
        say=Text("指定责任人。", "Make somebody responsible."),
        examples=("guanjia assign TS-2026-00001 engineer.li --reason 换班",),
    ),
    "ack": Command(
        "ack", ack, [ref_argument(), reason_option(), key_option(), json_option()],
        say=Text("确认收到升级：不再往上通知；时限照走。", "Acknowledge an escalation: nobody further up is told; the clock goes on."),
        more=Text("只有收到升级通知的人可以确认。", "Only somebody who was told of it may."),
        examples=("guanjia ack TS-2026-00001", "guanjia ack TS-2026-00001 --reason 已安排夜班处理"),
    ),
    "undo": Command(
        "undo", undo, [ref_argument(), reason_option(), key_option(), json_option()],
        say=Text("撤回自己刚办的一步。", "Take back what you did last."),
        more=Text(
            "流程用 undo 规定多久以内可以撤回，show 里写着到几点。之后又有别的事发生，或已由此新开工单、发出信号，就不能撤回。状态、字段和时限都回到原样；没发出的通知不再发，已发出的另发更正。",
            "The procedure says for how long (undo); `show` says until when. It is too late once anything has happened since, or when other cases were opened or signalled by it. "
            "States, fields and clocks are as they were; what was not sent yet is not sent, whoever was told gets a correction.",
        ),
        examples=("guanjia undo TS-2026-00001",),
    ),
    "note": Command(
        "note", note,
        [ref_argument(), Argument("text", many=True, say=Text("备注", "the remark")), key_option(), json_option()],
        say=Text("加一条备注。", "Add a remark."),
        examples=("guanjia note TS-2026-00001 已电话联系，下午在家",),
    ),
}  # fmt: skip
