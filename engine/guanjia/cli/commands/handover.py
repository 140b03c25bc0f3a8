"""`handover`: the open work of a person or of a shift goes to others, after a look at what goes to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import GuanjiaError, Text, plural
from ..desk import Desk
from ..failure import OK, REFUSED, Usage
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option
from ..telling import STANDS_IN
from ..values import interactive
from .ls import due

if TYPE_CHECKING:
    from ...runtime.handing import Handover

HEAD = (
    Text("工单", "CASE"),
    Text("时限", "DEADLINE"),
    Text("现在", "FROM"),
    "",
    Text("转给", "TO"),
    Text("内容", "SUMMARY"),
)


def handover(
    desk: Desk, *, giver: str, taker: str | None, case: tuple[str, ...], reason: str | None, yes: bool, as_json: bool
) -> int:
    from ...runtime import handing

    out, engine = desk.out, desk.engine
    people = engine.organisation
    if giver in people.duty.shifts and taker is None:
        other = next((name for name in people.duty.shifts if name != giver), next(iter(people.staff)))
        raise Usage(
            Text("把一个班的工作交给谁？写另一个班次，或一位员工的编号。", "To whom does the work of a shift go? Name another shift, or a member of staff."),
            Text(f"例如：guanjia handover {giver} {other}", f"For example: guanjia handover {giver} {other}"),
        )  # fmt: skip
    givers = handing.ending(engine, giver) if giver in people.duty.shifts else [_person(desk, giver, gone=True)]
    takers: Sequence[str] = ()
    if taker is not None:
        takers = handing.beginning(engine, taker) if taker in people.duty.shifts else [_person(desk, taker)]
    planned = handing.plan(engine, givers, takers, case, by=desk.asking)
    done: dict[str, GuanjiaError | None] | None = None
    if planned and _agreed(desk, planned, yes=yes, reason=reason, as_json=as_json):
        reason = reason or out.ask(Text("原因：", "Why:"))
        done = {
            item.row.id: outcome if isinstance(outcome, GuanjiaError) else None
            for item, outcome in handing.carry_out(engine, planned, desk.actor, reason)
        }
    stuck = [item for item in planned if item.to is None or (done or {}).get(item.row.id) is not None]
    if as_json:
        out.json({"givers": list(givers), "done": done is not None, "cases": [_plain(item, done) for item in planned]})
    else:
        _print(desk, planned, done)
    return REFUSED if stuck and (done is not None or all(item.to is None for item in planned)) else OK


def _agreed(desk: Desk, planned: Sequence[Handover], *, yes: bool, reason: str | None, as_json: bool) -> bool:
    """Whether it is to be done now: said with --yes, or after a look at what would go to whom."""
    out = desk.out
    if yes:
        if not reason:
            raise Usage(
                Text("交接须写明原因。", "A handover needs a reason."), Text("加上 --reason 原因", "Add --reason WHY")
            )
        return True
    if as_json or not interactive(out):
        return False
    _print(desk, planned, None)
    return out.ask(Text("现在交接吗？[y/N]", "Hand over now? [y/N]")).strip().lower() in ("y", "yes", "是")


def _person(desk: Desk, id: str, *, gone: bool = False) -> str:
    """Somebody of the office; whoever gives may have left."""
    people = desk.engine.organisation
    id = desk.member(id)
    if gone and id in people.staff:
        return id
    if id in people.staff:
        return people.actor(id).id
    shifts = people.duty.shifts
    raise nameless(
        Text("员工或班次", "member of staff or shift"), id, [*people.staff, *shifts], {who: person["name"] for who, person in people.staff.items()}
    )  # fmt: skip


def _print(desk: Desk, planned: Sequence[Handover], done: dict[str, GuanjiaError | None] | None) -> None:
    out = desk.out
    if not planned:
        out.line(Text("没有要交接的未结工单。", "There is no open work to hand over."))
        return
    rows: list[list[Piece]] = []
    for item in planned:
        it, problem = item.row.columns, (done or {}).get(item.row.id)
        to: Piece = Ink(Text("没有人可以接", "nobody can take it"), "late") if item.to is None else desk.short(item.to)
        note: Piece = Ink(problem.text, "late") if problem is not None else it.summary
        rows.append(
            [Ink(it.number, "bold"), due(it.deadline, it.breached, desk.now()), desk.short(item.giver), "→", to, note]
        )
    out.table(rows, HEAD, flex=5, keep=(0,))
    for how in dict.fromkeys(item.stands_in for item in planned if item.stands_in is not None):
        count = sum(item.stands_in == how for item in planned)
        out.line("  ", Ink(STANDS_IN.get(how, Text(how, how)), "dim"), f" × {count}")
    if done is None:
        out.line(
            Text(
                "没有作任何改动。要交接，请加上 --yes --reason 原因",
                "Nothing was changed. To do it, add --yes --reason WHY",
            )
        )
    else:
        count = sum(problem is None for problem in done.values())
        out.line(Ink(Text(f"已交接 {count} 个工单。", f"{plural(count, 'case')} handed over."), "good"))


def _plain(item: Handover, done: dict[str, GuanjiaError | None] | None) -> dict[str, Any]:
    problem = (done or {}).get(item.row.id)
    return {
        "number": item.row.columns.number, "id": item.row.id, "from": item.giver, "to": item.to, "stands_in": item.stands_in,
        "problem": None if problem is None else {"zh": problem.text.zh, "en": problem.text.en},
    }  # fmt: skip


COMMANDS = {
    "handover": Command(
        "handover", handover,
        [
            Argument("giver", metavar="FROM", complete="people", say=Text("谁的工作：员工编号或姓名，或班次（这一班的人）", "whose work: the id or name of a member of staff, or a shift (its people)")),
            Argument("taker", metavar="TO", required=False, complete="people", say=Text(
                "交给谁：员工编号、姓名或班次；不写则给代班人、组长、待命人员、上级", "to whom: a person or a shift; without it, whoever stands in: substitute, lead, on call, the role above")),
            Option("--case", metavar="REF", many=True, complete="references", say=Text("只交这个工单（可写多次）", "only this case (several times)")),
            Option("--reason", metavar="TEXT", say=Text("原因", "why")),
            Option("--yes", flag=True, say=Text("不再询问，现在就做", "do it, without asking")),
            json_option(),
        ],
        say=Text("交接：把一个人或一个班的未结工单转给别人。", "Hand over the open work of a person or of a shift."),
        more=Text(
            "先列出哪个工单转给谁，加 --yes（或在终端上确认）才执行；每个工单一条命令，原因写进它的历史。离职的人也用它交接。",
            "What would go to whom is listed first and done with --yes, or after asking on a terminal; each case by a command of its own, with the reason in its history. It is also for somebody who has left.",
        ),
        examples=("guanjia handover steward.zheng", "guanjia handover engineer.li engineer.he --yes --reason 休假", "guanjia handover standby weekend --yes --reason 交班"),
    ),
}  # fmt: skip
