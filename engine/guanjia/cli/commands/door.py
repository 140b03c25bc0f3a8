"""`ask`, `code`, `answer`: the resident's door, as a web page or a telephone robot uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import HOUR, iso
from ...errors import Text
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink
from ..spec import Argument, Command, Option, json_option, whole
from ..values import gather, interactive
from .acts import Given, meant, ref_argument, told

if TYPE_CHECKING:
    from ...core import Option as Possible
    from ...runtime.door import Standing


def ask(desk: Desk, *, number: str, tail: str | None, as_json: bool) -> None:
    out = desk.out
    if tail is None:
        if as_json or not interactive(out):
            raise Usage(
                Text(
                    "缺少 --phone-tail：登记电话的后四位。",
                    "--phone-tail is missing: the last four digits of the telephone.",
                )
            )
        tail = out.ask(Text("登记电话的后四位：", "The last four digits of the telephone:"))
    standing = desk.engine.ask(number, tail)
    if as_json:
        out.json(_plain(desk, standing))
    else:
        _print(desk, standing)


def code(desk: Desk, *, ref: str, hours: int, as_json: bool) -> None:
    told(desk, desk.engine.code(ref, actor=desk.actor, good_for=hours * HOUR), as_json=as_json)


def answer(desk: Desk, *, given: Given, typed: str, action: str | None, as_json: bool) -> None:
    engine, out = desk.engine, desk.out
    standing, options = engine.offered(typed)
    if action is None:
        if as_json:
            out.json({**_plain(desk, standing), "actions": [_option(desk, standing, item) for item in options]})
            return
        _print(desk, standing)
        for item in options:
            needed = "".join(f" --{name} …" for name in item.requires)
            out.line(
                "  ",
                _label(desk, standing, item.action),
                "  ",
                Ink(f"{desk.line} answer {typed} {item.action}{needed}", "good"),
            )
        return
    program = engine.program(engine.case(standing.number))
    action = meant(program.procedure, action, [item.action for item in options])
    fields = {**program.procedure.fields, **program.inputs.get(("act", action), {})}
    engine.answer(typed, action, gather(desk, given, fields))
    after = engine.standing(standing.number)
    if as_json:
        out.json(_plain(desk, after))
    else:
        out.line(Ink(Text("已收到，谢谢。", "Received, thank you."), "good"))
        _print(desk, after)


def _print(desk: Desk, it: Standing) -> None:
    out, zone = desk.out, desk.zone
    out.line(Ink(it.number, "bold"), "  ", it.procedure, "  ", Ink(it.state, "bold"))
    if it.merged is not None:
        out.line("  ", Text(f"已并入 {it.merged} 一起办理。", f"It is dealt with together with {it.merged}."))
    rows = [(Text("登记", "Opened"), words.when(it.opened_at, zone))]
    if it.closed_at is not None:
        rows.append((Text("办结", "Closed"), words.when(it.closed_at, zone)))
    if it.promise is not None:
        rows.append((it.promise.clock, words.by(it.promise.due, zone)))
    out.table([[Ink(title, "dim"), text] for title, text in rows], indent="  ")


def _plain(desk: Desk, it: Standing) -> dict[str, Any]:
    out, zone = desk.out, desk.zone
    return {
        "number": it.number, "procedure": out.say(it.procedure), "state": out.say(it.state), "opened_at": iso(it.opened_at, zone),
        "closed_at": None if it.closed_at is None else iso(it.closed_at, zone), "merged": it.merged,
        "promise": None if it.promise is None else {"what": out.say(it.promise.clock), "due": iso(it.promise.due, zone)},
    }  # fmt: skip


def _label(desk: Desk, it: Standing, action: str) -> str:
    return desk.label(desk.engine.case(it.number).procedure, action)


def _option(desk: Desk, it: Standing, item: Possible) -> dict[str, Any]:
    return {
        "action": item.action,
        "label": _label(desk, it, item.action),
        "requires": list(item.requires),
        "optional": list(item.optional),
    }


COMMANDS = {
    "ask": Command(
        "ask", ask,
        [
            Argument("number", say=Text("工单编号", "number of the case")),
            Option("--phone-tail", to="tail", metavar="1234", say=Text("登记电话的后四位", "the last four digits of the telephone that we have")),
            json_option(),
        ],
        say=Text("业主查询：凭工单编号和电话后四位查进展。", "How a case stands, for its customer: by its number and the tail of a telephone number."),
        more=Text(
            "编号不存在和电话不对，答复是一样的；每小时错五次以后，这个编号一小时内不再答复。供网页和电话自助使用，不需要说明身份。",
            "A number that there is not and a wrong tail are answered alike; after five wrong attempts in an hour that number is not answered any more until the next. For web pages and telephone robots: nobody says who he is.",
        ),
        examples=("guanjia ask TS-2026-00001 --phone-tail 1234",),
    ),
    "code": Command(
        "code", code,
        [
            ref_argument(), Option("--hours", metavar="N", convert=whole(1), default=48, say=Text("几小时内有效（默认 48）", "good for N hours (default 48)")),
            json_option(),
        ],
        say=Text("给客户发一次性回复码。", "Send the customer a one-time code for answering."),
        more=Text(
            "回复码随通知发给客户（模板 code），这里不显示，也不保存原文。须是责任人、登记人，或有 assign 权限。",
            "It goes to the customer by notification (template `code`); it is neither shown here nor kept. For the assignee, the opener and people with the right `assign`.",
        ),
        examples=("guanjia code BX-2026-00012",),
    ),
    "answer": Command(
        "answer", answer,
        [
            Argument("typed", metavar="CODE", say=Text("回复码", "the code")),
            Argument("action", required=False, say=Text("操作；不写则列出可以怎样答复", "the action; without it, what can be answered is listed")),
            json_option(),
        ],
        dynamic=True,
        say=Text("客户凭回复码答复，一个码只能用一次。", "Answer as the customer by a code; each is good for one answer."),
        more=Text("不写操作时只查看，码仍有效。不需要说明身份。", "Without an action it only looks, and the code stays good. Nobody says who he is."),
        examples=("guanjia answer 7KQ2-M9FX-TR4H", "guanjia answer 7KQ2-M9FX-TR4H agree"),
    ),
}  # fmt: skip
