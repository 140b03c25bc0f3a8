"""`can`: whether somebody may do something, and why not; asked of the very funnel, and nothing is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import Text
from ..desk import Desk
from ..failure import OK, REFUSED
from ..naming import nameless, no_procedure
from ..out import Ink
from ..spec import Argument, Command, json_option
from ..values import gather

if TYPE_CHECKING:
    from ...core import Program
    from ...runtime.asking import Verdict

WORDS = {
    "see": Text("查看 {}", "see {}"), "open": Text("登记“{}”", "open “{}”"), "edit": Text("修改 {} 的字段", "change fields of {}"),
    "assign": Text("指定 {} 的责任人", "assign {}"), "note": Text("给 {} 加备注", "add a remark to {}"),
    "reveal": Text("查看 {} 的个人信息", "reveal personal data of {}"), "ack": Text("确认 {} 的升级", "acknowledge an escalation of {}"),
    "forget": Text("销毁 {} 的个人信息", "destroy personal data of {}"),
}  # fmt: skip
"""What can be asked about, beside actions and signals."""


def can(desk: Desk, *, given: Sequence[tuple[str, str | None]], who: str, what: str, ref: str, as_json: bool) -> int:
    engine = desk.engine
    actor = engine.actor(desk.member(who))
    if what == "open":
        if ref not in (known := engine.procedures()):
            raise no_procedure(desk, ref, known)
        program, number = engine.opening(ref), ref
    else:
        case = engine.case(ref)
        program, number = engine.program(case), case.number
        _meant(program, what)
    fields = {
        **program.procedure.fields,
        **program.inputs.get(("act", what), {}),
        **program.inputs.get(("signal", what), {}),
    }
    verdict = engine.can(actor, what, ref, gather(desk, given, fields), actor=desk.asking)
    if as_json:
        desk.out.json(_plain(actor.id, what, number, verdict))
    else:
        _told(desk, program, actor.name or actor.id, what, number, verdict)
    return OK if verdict.allowed else REFUSED


def _meant(program: Program, what: str) -> None:
    if what in WORDS or what in program.actions or what in program.signals:
        return
    known = {name: program.procedure.label(name, "zh") for name in (*program.actions, *sorted(program.signals))}
    raise nameless(Text("操作", "action"), what, [*known, *WORDS], known)


def _told(desk: Desk, program: Program, who: str, what: str, number: str, verdict: Verdict) -> None:
    out, label = desk.out, program.procedure.label
    if what in WORDS and what not in program.actions:
        of = (label(number, "zh"), label(number, "en")) if what == "open" else (number, number)
        deed = Text(WORDS[what].zh.format(of[0]), WORDS[what].en.format(of[1]))
    else:
        deed = Text(f"对 {number} 办理“{label(what, 'zh')}”", f"do “{label(what, 'en')}” on {number}")
    if verdict.allowed:
        out.line(
            Ink(Text("可以", "Yes"), "good"),
            Text(f"：{who}可以{deed.zh}。", f": {who} may {deed.en}."),
        )
        if verdict.needs:
            named = [(name, Text(label(name, "zh"), label(name, "en"))) for name in verdict.needs]
            zh = "、".join(f"{word.zh}（{name}）" for name, word in named)
            en = ", ".join(f"{word.en} ({name})" for name, word in named)
            out.line("  ", Ink(Text(f"还须填写：{zh}", f"Still to be given: {en}"), "dim"))
        return
    out.line(
        Ink(Text("不可以", "No"), "late"),
        Text(f"：{who}不能{deed.zh}。", f": {who} may not {deed.en}."),
    )
    if verdict.why is not None:
        out.lines(verdict.why, indent="  ")
    if verdict.hint is not None:
        out.lines(verdict.hint, indent="  ", style="dim")


def _plain(who: str, what: str, of: str, verdict: Verdict) -> dict[str, Any]:
    """The answer as docs/cli.md promises it."""

    def both(text: Text | None) -> Mapping[str, str] | None:
        return None if text is None else {"zh": text.zh, "en": text.en}

    return {
        "who": who, "what": what, "of": of, "allowed": verdict.allowed, "code": verdict.code, "why": both(verdict.why),
        "hint": both(verdict.hint), "needs": list(verdict.needs),
    }  # fmt: skip


COMMANDS = {
    "can": Command(
        "can", can,
        [
            Argument("who", complete="people", say=Text("员工编号或姓名、customer:编号、system 或 system:名字", "id or name of a member of staff, customer:<id>, system or system:<name>")),
            Argument("what", metavar="ACTION", say=Text("操作或信号的名字，或 see、open、edit、assign、note、reveal、ack、forget",
                                                        "name of an action or signal, or see, open, edit, assign, note, reveal, ack, forget")),
            Argument("ref", complete="references", say=Text("工单编号；open 时是流程的名字", "number of the case; with open the name of a procedure")),
            json_option(),
        ],
        dynamic=True,
        say=Text("某人现在能不能办这一步、看这个工单；不能则说明为什么。", "Whether somebody may do this now, or see the case; and why not."),
        more=Text("由办理时的同一道关口回答，但什么也不做、不留记录。能则以 0 退出，不能则以 1 退出。要填的内容可以写成 --名字 值一并判断。",
                  "Answered by the very gate that a command goes through; nothing is done or recorded. The exit code is 0 for yes, 1 for no. What would be filled in may be given as --NAME VALUE."),
        examples=("guanjia can steward.zheng dispatch BX-2026-00001", "guanjia can engineer.li see TS-2026-00001", "guanjia can customer:C-17 open complaint"),
    ),
}  # fmt: skip
