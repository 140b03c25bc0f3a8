"""`mine`: what is mine, and what waits for one of my roles, the most urgent first."""

from __future__ import annotations

from ...errors import Text
from ...store.interface import Query
from ..desk import Desk
from ..out import Ink
from ..spec import Command, json_option, limit_option
from .ls import left_out, pages, plain, table

LOOKED_AT = 500
"""Open cases, the most urgent first, among which is looked for what could be taken."""


def mine(desk: Desk, *, limit: int, as_json: bool) -> None:
    from ...runtime.taking import could_take

    out, engine, actor, now = desk.out, desk.engine, desk.actor, desk.now()
    own = engine.list(Query(assignee=actor.id, limit=limit + 1, sight=desk.sight))
    could = []
    for found in could_take(engine, actor, engine.list(Query(limit=LOOKED_AT, sight=desk.sight))):
        could.append(found)
        if len(could) > limit:
            break
    if as_json:
        out.json(
            {
                "who": actor.id,
                "mine": [plain(desk, row, now) for row in own[:limit]],
                "could": [plain(desk, row, now) | {"actions": list(actions)} for row, actions in could[:limit]],
                "more": {"mine": len(own) > limit, "could": len(could) > limit},
            }
        )
        return
    person = desk.known.get("organisation", {}).get("staff", {}).get(actor.id, {})
    about = (desk.short(actor.id), desk.called("teams", person.get("team")), desk.area(person))
    out.line(Ink(Text("我负责的", "Mine"), "bold"), "  ", Ink("  ".join(filter(None, about)), "dim"))
    if own:
        table(desk, own[:limit], now)
    else:
        out.line("  ", Ink(Text("没有。", "Nothing."), "dim"))
    if len(own) > limit:
        out.line("  ", Ink(Text("还有更多：guanjia ls --mine", "There are more: guanjia ls --mine"), "dim"))
    if could:
        out.line()
        out.line(Ink(Text("等着我的角色办的", "Waiting for one of my roles"), "bold"))
        table(desk, [row for row, _ in could[:limit]], now)
        row, actions = could[0]
        label = desk.label(row.columns.procedure, actions[0])
        out.line(
            "  ",
            Ink(Text(f"例如“{label}”：", f"for example “{label}”: "), "dim"),
            f"{desk.line} do {row.columns.number} {actions[0]}",
        )
    if len(could) > limit:
        out.line("  ", Ink(Text("还有更多：加大 --limit", "There are more: raise --limit"), "dim"))
    left_out(desk, pages(desk, assignee=actor.id, mode=None), " --mine")


COMMANDS = {
    "mine": Command(
        "mine", mine, [limit_option(20), json_option()],
        say=Text("我负责的工单，和等着我的角色办的，最急的在前。", "What is mine and what waits for one of my roles, the most urgent first."),
        more=Text(
            f"等着角色办的，从最急的 {LOOKED_AT} 个未结工单里找：下一步是我的某个角色的、不是代客户的。",
            f"What waits for a role is looked for among the {LOOKED_AT} most urgent open cases: those whose next step is one of my roles', not on behalf of a customer.",
        ),
        examples=("guanjia mine", "guanjia --as engineer.li mine"),
    ),
}  # fmt: skip
