"""Who is told what, and who can act: roles that somebody holds, templates that say no more than whoever reads them may know and
than there is to say, and no flood of messages.

What cannot be told from the files (the role of an assignee, who is in a team) is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...calendars import AmountError, parse_amount
from ...clock import MINUTE
from ...errors import Text
from ...model.procedure import Field
from ...model.survey import Deed, Path
from .ladders import unstaffed
from .view import View

STORM = 5
"""Minutes: whoever is told the same thing more often than that stops reading."""

_READS_ALL = frozenset({"anyone"})


def check_telling(view: View) -> None:
    _actors(view)
    for deed in view.deeds:
        effect, path = deed.effect, deed.path
        for name, to in (effect.notify or {}).items():
            here = (*path, "notify", name)
            unstaffed(view, (*here, "to"), to.to, Text("这条通知可能没有人收到", "this message may reach nobody"))
            _said(view, deed, here, name, to.to, frozenset(to.with_))
        if effect.escalate is not None:
            unstaffed(
                view,
                (*path, "escalate", "to"),
                effect.escalate.to,
                Text("这次升级可能没有人收到", "this may reach nobody"),
            )
        if effect.assign is not None and effect.assign.role is not None:
            unstaffed(view, (*path, "assign", "role"), (effect.assign.role,), Text("可能没有人可以负责", "nobody may be there to be responsible"), single=True)  # fmt: skip
        if effect.notify or effect.escalate is not None:
            _storm(view, deed)


def _actors(view: View) -> None:
    """An action that only roles may take which nobody holds is never taken."""
    staffed = view.around.staffed
    if staffed is None:
        return
    for step in view.steps:
        words = step.branch.by
        roles = [word.removesuffix(" for customer") for word in words if not word.startswith("system:")]
        judged = words and len(roles) == len(words) and all(word in (view.around.roles or ()) for word in roles)
        if judged and staffed.isdisjoint(roles):
            view.warn(
                (*step.path, "by"), "nobody-in-role",
                Text(f"可以办这一步的（{'、'.join(words)}）现在没有在职人员", f"nobody who is here now may do this ({', '.join(words)})"),
                Text("在 organisation.yaml 里安排人，或改 by", "give somebody the role in organisation.yaml, or change `by`"), key=True,
            )  # fmt: skip


def _said(view: View, deed: Deed, path: Path, name: str, to: Iterable[str], given: frozenset[str]) -> None:
    """What the texts of a template write: inputs that are there, and no field that somebody who reads it may not know."""
    templates = view.around.templates
    if templates is None:
        return
    inputs: set[str] = set()
    fields: set[str] = set()
    for key in templates.of(name):
        inputs |= templates.members(key, "input")
        fields |= templates.variables(key)
    for missing in sorted(inputs - deed.input.keys()):
        view.say(
            path, "unknown-variable",
            Text(f"模板 {name} 用到 input.{missing}，这一步没有这样的填写项", f"the template {name} uses input.{missing}, which nobody is asked for here"),
            Text("另写一个模板，或在这一步的 input 里加上它", "write another template, or ask for it under `input` of this step"), key=True,
        )  # fmt: skip
    for field in sorted((fields & view.procedure.fields.keys()) - given):
        for word in to:
            if not _may_read(view.procedure.fields[field], word):
                view.warn(
                    path, "unread-field",
                    Text(f"模板 {name} 写了“{field}”，而收件人 {word} 不可以看它（read）", f"the template {name} writes {field!r}, which {word} may not read (`read`)"),
                    Text("换一个不写它的模板，或在 read 里加上收件人", "tell them by a template without it, or add them to `read`"), key=True,
                )  # fmt: skip


def _may_read(field: Field, word: str) -> bool:
    """Whether somebody who is told may read the field; where that is not known, he may."""
    role = word.removeprefix("on_duty:")
    if not field.read or role in field.read or not _READS_ALL.isdisjoint(field.read):
        return True
    if role == "customer":
        return False
    return (
        "staff" in field.read
        or ":" in role
        or role in ("assignee", "opener", "previous", "substitute", "customers")
        or not role.isidentifier()
    )


def _storm(view: View, deed: Deed) -> None:
    """The same people, told again and again within minutes, by a delay that comes round by itself."""
    path = deed.path
    if "after" not in path:
        return
    at = path.index("after")
    state = path[at - 1] if at else ""
    place = view.place.get(str(state))
    delay = place.state.after.get(str(path[at + 1])) if place is not None and len(path) > at + 1 else None
    if delay is None:
        return
    round_again = any(branch.to == state and not branch.at_most and not branch.guard for branch in delay.branches)
    again = delay.every or (delay.delay if round_again else None)
    try:
        amount = parse_amount(again) if again else None
    except AmountError:
        return
    if amount is not None and amount.unit == "time" and amount.value < STORM * MINUTE:
        view.warn(
            path[: at + 2], "notification-storm",
            Text(f"每 {again} 通知一次，没有尽头，收的人很快就不看了", f"somebody is told every {again} without end, and soon stops reading"),
            Text(f"间隔不少于 {STORM} 分钟，或改用升级阶梯（ladders）", f"wait {STORM} minutes or more, or use a ladder (`ladders`)"), key=True,
        )  # fmt: skip
