"""`merge`, `link`, `split`: cases that are one, have to do with each other, or are two."""

from __future__ import annotations

from ...errors import Text
from ..desk import Desk
from ..failure import Usage
from ..spec import Argument, Command, Option, json_option
from .acts import Given, key_option, reason_option, ref_argument, told, values_of

WAYS = Text("--child 和 --apart 不能同时用。", "--child and --apart cannot be used together.")


def merge(desk: Desk, *, ref: str, into: str, reason: str | None, key: str | None, as_json: bool) -> None:
    result = desk.engine.merge(ref, into, actor=desk.actor, reason=reason or "", key=key)
    told(desk, result, as_json=as_json)


def link(
    desk: Desk, *, ref: str, other: str, relation: str, child: bool, apart: bool, reason: str | None, key: str | None, as_json: bool
) -> None:  # fmt: skip
    if child and apart:
        raise Usage(WAYS)
    way = "child" if child else "apart" if apart else "beside"
    result = desk.engine.link(ref, other, actor=desk.actor, relation=relation, way=way, key=key, reason=reason)  # type: ignore[arg-type]
    told(desk, result, as_json=as_json)


def split(
    desk: Desk, *, given: Given, ref: str, procedure: str | None, take: tuple[str, ...], relation: str, reason: str | None, key: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    engine = desk.engine
    fields = engine.opening(procedure or engine.case(ref).procedure).procedure.fields
    chosen = [each.strip().replace("-", "_") for word in take for each in word.split(",")] or None
    result = engine.split(
        ref,
        procedure,
        values_of(desk, given, fields),
        actor=desk.actor,
        take=chosen,
        relation=relation,
        key=key,
        reason=reason,
    )
    told(desk, result, as_json=as_json)


COMMANDS = {
    "merge": Command(
        "merge", merge,
        [
            ref_argument(), Argument("into", metavar="INTO", complete="references", say=Text("并入哪个工单（在办的）", "the open case that it goes on in")),
            reason_option(), key_option(), json_option(),
        ],
        say=Text("并单：同一件事，并入另一个工单办理。", "Merge: it is the same matter as another case, and goes on there."),
        more=Text(
            "被并的工单办结为“已并单”，时限取消，还没发出的通知不再发；之后另一个工单告知客户的，也告知它的客户。它不能再办理、重开或被唤醒。须是责任人、登记人，或有 assign 权限，并写原因。",
            "The merged case ends, its clocks are cancelled, and what of its messages waits is not sent; what the other case tells its customer "
            "from then on, its customer is told too. It cannot be acted on, reopened or woken. For its assignee, its opener and people with the right `assign`, with a reason.",
        ),
        examples=("guanjia merge WX-2026-00012 WX-2026-00009 --reason 同一处漏水",),
    ),
    "link": Command(
        "link", link,
        [
            ref_argument(), Argument("other", complete="references", say=Text("另一个工单", "the other case")),
            Option("--relation", metavar="NAME", default="related", say=Text("是什么关系（默认 related）", "what they are to each other (default related)")),
            Option("--child", flag=True, say=Text("归到另一个工单之下：群发事件的一户", "put it below the other: a household of a mass event")),
            Option("--apart", flag=True, say=Text("解除关联，或移出上级工单", "part them again, or take it out from below its parent")),
            reason_option(), key_option(), json_option(),
        ],
        say=Text("关联两个工单，或把一个归到另一个之下。", "Link two cases, or put one below the other."),
        more=Text(
            "两边都会记下。归在下面的工单，上级告知 customers 时它的客户也收到。",
            "Both record it. When a case tells `customers`, those of the cases below it are told too.",
        ),
        examples=("guanjia link TS-2026-00003 WX-2026-00009 --relation 同一户", "guanjia link WX-2026-00012 YJ-2026-00002 --child"),
    ),
    "split": Command(
        "split", split,
        [
            ref_argument(),
            Argument("procedure", required=False, complete="procedures", say=Text("新工单的流程；不写则与原工单相同", "procedure of the new case; without it, that of the first")),
            Option("--take", metavar="FIELDS", many=True, say=Text("带过去的字段，用逗号隔开；不写则带报事人和房号", "fields to take along, separated by commas; else who reported and where")),
            Option("--relation", metavar="NAME", default="split", say=Text("关联的名字（默认 split）", "the name of the link (default split)")),
            reason_option(), key_option(), json_option(),
        ],
        dynamic=True,
        say=Text("拆单：把一件事分成另一个工单，两边互相关联。", "Split: a part of the matter becomes a case of its own, linked both ways."),
        more=Text("新工单的字段写成 --字段 值，客户与原工单相同。", "Fields of the new case are written --FIELD VALUE; its customer is that of the first."),
        examples=("guanjia split TS-2026-00003 repair --summary 另报厨房漏水",),
    ),
}  # fmt: skip
