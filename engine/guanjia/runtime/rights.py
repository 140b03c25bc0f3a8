"""What no procedure grants: rights that roles have in `organisation.yaml`, and who has them on a case of his own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Instant, spoken
from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import Actor, Command
from ..model.rights import check_through
from ..people.seeing import elsewhere, refused, unseen

if TYPE_CHECKING:
    from ..core import Program
    from .engine import Engine

_RIGHTS = {
    "edit": ("edit", Text("修改字段", "change its fields")),
    "assign": ("assign", Text("指定责任人", "hand it over")),
    "merge": ("assign", Text("并入别的工单", "merge it into another case")),
    "link": ("assign", Text("与别的工单关联", "link it with other cases")),
    "code": ("assign", Text("给客户发回复码", "send its customer a code")),
    "clock": ("clocks", Text("人工暂停、恢复或重置时限", "pause, resume or reset a clock by hand")),
    "reveal": ("reveal", Text("查看完整的个人信息", "look at its personal data")),
    "forget": ("privacy", Text("销毁个人信息", "destroy its personal data")),
    "hold": ("privacy", Text("保全个人信息", "put its personal data on hold")),
    "migrate": ("calendar", Text("让它改按另一个版本办理", "bring it under another version")),
}
"""The right that a kind of command needs, and what it is to do."""


RECORDED = frozenset({"role", "not_by", "conflict", "site", "sight", "write", "act_for"})
"""The codes of attempts that nobody had the right to: they stand in the history of the case."""

UNSEEN = ("forget", "hold")
"""What whoever answers for personal data does also to cases that he does not see: nothing of them is shown to him by it."""


def somebody(actor: Actor) -> Actor:
    """The actor himself. Refused where he has no id: everybody without one would be the same person."""
    if not actor.id.strip():
        raise Refused(
            "customer" if actor.kind == "customer" else "role", Text("没有说是谁：编号是空的。", "It is not said who it is: the id is empty."),
            Text("不认识的客户，请不以他的名义办理", "For a customer who is not known act in nobody's name"),
        )  # fmt: skip
    return actor


def admitted(engine: Engine, program: Program, command: Command, case: Case | None) -> None:
    """Nobody acts for somebody else without the right to, at a site that he does not serve, or on a case that he does not
    see."""
    actor, people = somebody(command.actor), engine.organisation
    if actor.through is not None:
        check_through(vars(people), actor)
    if actor.kind == "system":
        return
    if case is None:
        sight = people.sight(actor)
        if sight is not None and sight.sites is not None and command.site not in sight.sites:
            what = program.procedure.label
            zh, en = what(program.procedure.procedure, "zh"), what(program.procedure.procedure, "en")
            name = actor.name or actor.id
            raise Refused("site", *elsewhere(people, Text(f"这个“{zh}”", f"This “{en}”"), command.site, name))
        return
    if (why := unseen(people, program, case, actor, acting=True)) is not None:
        if why == "sight" and command.kind in UNSEEN and people.may(actor, "privacy"):
            return
        raise refused(people, case, actor, why)


def entitled(engine: Engine, command: Command, case: Case | None) -> None:
    """What no procedure grants: to change fields, to hand over, to look at personal data, to destroy it, to touch clocks and to
    change the rules is a right, the first three on one's own case none."""
    actor = command.actor
    kind = "migrate" if command.kind == "undo" and command.name == "migrated" else command.kind
    if case is None or actor.kind == "system" or kind not in _RIGHTS:
        return
    if command.values.get("sensitive") and command.kind == "reveal" and not engine.organisation.may(actor, "sensitive"):
        raise Refused(
            "role",
            Text(f"{case.number}：查看敏感信息需要 sensitive 权限。", f"{case.number}: to look at what is sensitive needs the right `sensitive`."),
        )  # fmt: skip
    right, what = _RIGHTS[kind]
    personal = right in ("edit", "assign", "reveal")
    own = personal and actor.id in (case.assignee, case.opener)
    if own or engine.organisation.may(actor, right):
        return
    who = actor.name or actor.id
    others = Text("除责任人和登记人外，", "its assignee, its opener and ") if personal else Text("", "")
    raise Refused(
        "role",
        Text(
            f"{case.number}：{others.zh}{what.zh}需要 {right} 权限，{who}没有。",
            f"{case.number}: only {others.en}people with the right `{right}` may {what.en}; {who} is not.",
        ),
    )


def occurred_at(engine: Engine, command: Command, now: Instant) -> Instant:
    if command.at is None:
        return now
    if command.at > now:
        at = spoken(command.at, engine.zone)
        raise Refused("time", Text(f"{at} 还没有到。", f"{at} has not come yet."))
    if not engine.organisation.may(command.actor, "backdate"):
        raise Refused("role", Text("补登过去的时间需要 backdate 权限。", "To backdate needs the right `backdate`."))
    if not command.reason:
        raise Refused(
            "reason", Text("补登过去的时间须写明原因（--reason）。", "To backdate needs a reason (--reason).")
        )
    return command.at
