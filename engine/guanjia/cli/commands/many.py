"""`do ACTION --where …`: one action for many cases, after a look at what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import GuanjiaError, Text
from ..desk import Desk
from ..failure import OK, REFUSED
from ..out import Ink, Piece
from ..telling import Telling
from ..values import gather, interactive
from ..where import meant

if TYPE_CHECKING:
    from ...model.procedure import Field
    from ...runtime.many import Each

HEAD = (Text("工单", "CASE"), Text("现在", "NOW"), "", Text("结果", "RESULT"), Text("内容", "SUMMARY"))


def do_many(
    desk: Desk, *, given: Sequence[tuple[str, str | None]], action: str, where: str, reason: str | None, key: str | None, yes: bool,
    as_json: bool,
) -> int:  # fmt: skip
    from ...runtime import many

    engine, out = desk.engine, desk.out
    rows, actor = meant(desk, where), desk.actor
    fields: dict[str, Field] = {}
    for version in dict.fromkeys(row.columns.version for row in rows):
        program = engine.compiled(version)
        fields = {**program.procedure.fields, **program.inputs.get(("act", action), {}), **fields}
    planned = many.plan(
        engine, rows, action, actor=actor, values=gather(desk, given, fields) if rows else {}, reason=reason, key=key
    )
    done = yes and bool(planned)
    if planned and not (yes or as_json) and interactive(out):
        _print(desk, planned, done=False)
        count = sum(not each.refused for each in planned)
        answer = out.ask(Text(f"办理这 {count} 个吗？[y/N]", f"Do it for these {count}? [y/N]")) if count else ""
        done = answer.strip().lower() in ("y", "yes", "是")
    if done:
        planned = list(many.carry_out(engine, planned))
    if as_json:
        out.json({"action": action, "done": done, "cases": [_plain(each) for each in planned]})
    else:
        _print(desk, planned, done=done)
        if not done and not all(each.refused for each in planned):
            out.line(Text("没有作任何改动。要办理，请加上 --yes", "Nothing was changed. To do it, add --yes"))
    return REFUSED if any(each.refused for each in planned) else OK


def _print(desk: Desk, planned: Sequence[Each], *, done: bool) -> None:
    out = desk.out
    if not planned:
        out.line(Text("没有符合的在办工单。", "No such open cases."))
        return
    rows: list[list[Piece]] = []
    for each in planned:
        it, outcome = each.row.columns, each.outcome
        before = " + ".join(desk.label(it.procedure, name) for name in it.states.split(",") if name)
        result: Piece
        if isinstance(outcome, GuanjiaError):
            result = Ink(outcome.text, "late")
        elif outcome.repeated:
            result = Ink(Text("以前办过了", "was done before"), "dim")
        else:
            case = outcome.case
            result = Ink(
                desk.label(it.procedure, case.outcome or "")
                if case.finished
                else Telling(desk, case).states(case.states),
                "good",
            )
        rows.append([Ink(it.number, "bold"), before, "→" if not each.refused else "×", result, it.summary])
    out.table(rows, HEAD, flex=4, keep=(0,))
    fine, refused = sum(not each.refused for each in planned), sum(each.refused for each in planned)
    out.line(
        Text(f"已办理 {fine} 个，被拒绝 {refused} 个。", f"Done: {fine}; refused: {refused}.")
        if done
        else Text(f"可以办理 {fine} 个，会被拒绝 {refused} 个。", f"Possible: {fine}; would be refused: {refused}.")
    )


def _plain(each: Each) -> dict[str, Any]:
    outcome = each.outcome
    problem = {"zh": outcome.text.zh, "en": outcome.text.en} if isinstance(outcome, GuanjiaError) else None
    case = None if isinstance(outcome, GuanjiaError) else outcome.case
    return {
        "number": each.row.columns.number, "id": each.row.id, "states": None if case is None else list(case.states),
        "outcome": None if case is None else case.outcome, "repeated": case is not None and getattr(outcome, "repeated", False),
        "problem": problem,
    }  # fmt: skip
