"""What people at the desk may be helped with: taking back what they did, and seeing that a case is there already."""

from __future__ import annotations

from ...errors import Text
from ...model.procedure import NEVER, WHERE
from ...model.survey import Path
from .view import FIELD, View

KEYS = (*WHERE, "customer")
"""Of these there is an index: one of them says where to look for cases that may be the same."""


def check_desk(view: View) -> None:
    procedure = view.procedure
    if procedure.undo is not None:
        _window(view, ("undo",), procedure.undo)
    for step in view.steps:
        if step.branch.undo is None:
            continue
        path = (*step.path, "undo")
        if step.trigger not in ("action", "reopen"):
            view.say(
                path, "undo", Text("只有人做的操作才谈得上撤回", "only what a person does can be taken back"),
                Text("去掉 undo", "take undo away"), key=True,
            )  # fmt: skip
        elif step.branch.undo != NEVER:
            _window(view, path, step.branch.undo)
    if procedure.duplicates is None:
        return
    amount = view.amount(("duplicates", "within"), procedure.duplicates.within)
    if amount is not None and amount.unit == "workdays":
        view.say(("duplicates", "within"), "duration", Text("这里按钟表算，不能用工作日", "this is counted by the wall clock: no workdays"),
                 Text("写成 24h 或 3 days", "write 24h or 3 days"))  # fmt: skip
    same = procedure.duplicates.same
    for index, name in enumerate(same):
        view.known(("duplicates", "same", index), FIELD, "unknown-field", name, [*procedure.fields, "customer"])
    if same and set(KEYS).isdisjoint(same):
        view.say(
            ("duplicates", "same"), "duplicates",
            Text("same 里至少要有 room、place、customer 之一，否则要翻遍所有工单", "same needs room, place or customer: else every case would have to be looked at"),
        )  # fmt: skip


def _window(view: View, path: Path, text: str) -> None:
    amount = view.amount(path, text)
    if amount is not None and amount.unit != "time":
        view.say(
            path,
            "duration",
            Text("撤回的时间按钟表算，写成 10m 或 1h", "this is counted by the wall clock: write 10m or 1h"),
        )
