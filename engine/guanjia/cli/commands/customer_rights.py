"""`customer consent`, `withdraw`, `restrict` and `export`: what people may ask for about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import Text
from ...people.customers import Asked, Kind
from .. import words
from ..desk import Desk
from ..out import Ink
from ..spec import Argument, Command, Option, json_option
from ..telling import Telling
from .customer import plain, standing
from .customer_acts import done, entry, event_plain, happened

if TYPE_CHECKING:
    from ...model.case import Case
    from ...model.event import Event
    from ...runtime.customers import AboutCase


def consent(desk: Desk, *, id: str, purpose: str, notice: str | None, as_json: bool) -> None:
    done(desk, Asked("consent", id, name=purpose, notice=notice or "", actor=desk.actor), as_json=as_json)


def withdraw(desk: Desk, *, id: str, purpose: str, reason: str | None, as_json: bool) -> None:
    done(desk, Asked("withdraw", id, name=purpose, actor=desk.actor, reason=reason), as_json=as_json)


def restrict(desk: Desk, *, id: str, lift: bool, reason: str | None, as_json: bool) -> None:
    kind: Kind = "lift" if lift else "restrict"
    done(desk, Asked(kind, id, actor=desk.actor, reason=reason), as_json=as_json)


def export(desk: Desk, *, id: str, reason: str | None, as_json: bool) -> None:
    found, out = desk.engine.customers.everything(id, actor=desk.actor, reason=reason or ""), desk.out
    if as_json:
        out.json({
            "customer": plain(found.customer, desk.zone), "history": [event_plain(desk, each) for each in found.history],
            "cases": [_case(desk, each) for each in found.cases],
        })  # fmt: skip
        return
    it = found.customer
    out.line(Ink(Text(f"关于客户 {it.id} 的全部资料", f"All there is about customer {it.id}"), "bold"))
    out.line("  ", it.name, "  ", Ink(standing(it) or "", "soon"))
    entry(desk, it)
    out.line(Ink(Text("经过，谁看过", "What happened, and who looked"), "bold"))
    for each in found.history:
        happened(desk, each)
    for about in found.cases:
        _told_case(desk, about)
    if not found.cases:
        out.line(Text("没有工单。", "No cases."))


def _telling(desk: Desk, case: Case) -> Telling:
    """Tells a case in clear: it is told to whom it is about."""
    telling = Telling(desk, case, reveal=case.fields)
    telling.lines = False
    return telling


def _told_case(desk: Desk, about: AboutCase) -> None:
    out, case, telling = desk.out, about.case, _telling(desk, about.case)
    state = telling.label(case.outcome or "") if case.closed_at is not None else telling.states(case.states)
    out.line()
    out.line(Ink(case.number, "bold"), "  ", telling.label(case.procedure), "  ", state)
    out.table(
        [
            [telling.label(name), telling.value(held, telling.procedure.fields.get(name))]
            for name, held in case.fields.items()
            if held is not None
        ],
        indent="  ",
        flex=1,
        wrapped=True,
    )
    out.line("  ", Ink(Text("经过", "History"), "bold"))
    for event in about.events:
        out.line("    ", Ink(words.when(event.occurred_at, desk.zone), "dim"), "  ", telling.event(event), "  ", Ink(desk.person(event.actor), "dim"))  # fmt: skip
        for detail in telling.details(event):
            text, style = detail if isinstance(detail, Ink) else (detail, "")
            out.lines(text, indent=" " * 22, style=style, typed=True)
    if about.messages:
        out.line("  ", Ink(Text("通知", "Messages"), "bold"))
    for sent in about.messages:
        staff = sent.recipient.startswith("staff:")
        to = desk.person(sent.recipient) if staff else out.both("客户", "the customer")
        out.line("    ", Ink(words.when(sent.created_at, desk.zone), "dim"), "  ", to, "  ", sent.channel, "  ", "" if staff else sent.address)  # fmt: skip
        if not sent.body.startswith(sent.subject):  # a text without a subject of its own is called by its first line
            out.lines(sent.subject, indent="      ", style="bold", typed=True)
        out.lines(sent.body.strip("\n"), indent="      ", typed=True)


def _case(desk: Desk, about: AboutCase) -> dict[str, Any]:
    def at(moment: Any) -> str | None:
        return None if moment is None else iso(moment, desk.zone)

    case, telling = about.case, _telling(desk, about.case)
    return {
        "number": case.number, "id": case.id, "procedure": case.procedure, "opened_at": at(case.opened_at), "closed_at": at(case.closed_at),
        "outcome": case.outcome, "fields": dict(about.values),
        "messages": [{"recipient": each.recipient, "channel": each.channel, "address": each.address, "created_at": at(each.created_at),
                      "subject": each.subject, "body": each.body} for each in about.messages],
        "events": [_event(telling, each) for each in about.events],
        "looks": [{"actor": each.actor, "at": at(each.recorded_at), "reason": each.data.get("reason")} for each in about.looks],
    }  # fmt: skip


def _event(telling: Telling, event: Event) -> dict[str, Any]:
    details = [telling.out.say(each.text if isinstance(each, Ink) else each) for each in telling.details(event)]
    return {
        "seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor, "at": telling.at(event.occurred_at),
        "words": "\n".join([telling.event(event), *details]),
    }  # fmt: skip


_ID = Argument("id", say=Text("客户编号", "id of the customer"))
_PURPOSE = Argument(
    "purpose",
    say=Text("用途，例如 care（关怀标签）、activities", "the purpose, such as care (care tags) or activities"),
)
_WHY = Option("--reason", metavar="TEXT", say=Text("原因", "why"))

COMMANDS = {
    "consent": Command(
        "consent", consent,
        [_ID, _PURPOSE, Option("--notice", metavar="VERSION", say=Text("当时告知书的版本（必填）", "version of the notice that they were given (needed)")), json_option()],
        say=Text("登记本人同意某一用途。需要 customers 权限。", "Record that the person agreed to a purpose. Needs the right `customers`."),
        examples=("guanjia customer consent C-00001 activities --notice 2026-01",),
    ),
    "withdraw": Command(
        "withdraw", withdraw, [_ID, _PURPOSE, _WHY, json_option()],
        say=Text("撤回同意；从未同意过则记为反对。撤回 care 时关怀标签一并删除。需要 customers 权限。",
                 "Withdraw a consent; who never agreed objects. Care tags go with the consent to care. Needs the right `customers`."),
        examples=("guanjia customer withdraw C-00001 activities",),
    ),
    "restrict": Command(
        "restrict", restrict, [_ID, Option("--lift", flag=True, say=Text("解除", "end it")), _WHY, json_option()],
        say=Text("限制使用：只保存，只用于必须的通知，不改动。需要 privacy 权限和原因。",
                 "Keep what is known, use it for nothing but what has to be told, change nothing. Needs the right `privacy` and a reason."),
        examples=("guanjia customer restrict C-00001 --reason 本人要求",),
    ),
    "export": Command(
        "export", export, [_ID, _WHY, json_option()],
        say=Text("关于一位客户的全部：资料、同意、工单和其中的内容、通知、谁看过。会记录。需要 reveal 权限和原因。",
                 "All there is about a customer: entry, consents, cases with their values, messages, who looked. Recorded. Needs `reveal` and a reason."),
        examples=("guanjia customer export C-00001 --reason 本人申请查阅", "guanjia customer export C-00001 --reason 本人申请 --json"),
    ),
}  # fmt: skip
