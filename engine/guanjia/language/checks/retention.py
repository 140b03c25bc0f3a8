"""Retention: a time to keep stands only where something is kept that goes, and a field's own is shorter than its case's."""

from __future__ import annotations

from ...errors import Text
from ...model.procedure import Field
from ...model.retention import Period
from ..nodes import Path
from .view import View


def check_retention(view: View) -> None:
    for name, field in view.procedure.fields.items():
        _field(view, ("fields", name, "retention"), field)
    for step in view.steps:
        for name, field in step.branch.input.items():
            _field(view, (*step.path, "input", name, "retention"), field)


def _field(view: View, path: Path, field: Field) -> None:
    if field.retention is None:
        return
    if not field.personal:
        what = Text("只有个人信息才会到期销毁", "only what is personal is destroyed when its time is over")
        view.say(path, "retention", what, Text("加上 personal: true，或去掉 retention", "add `personal: true`, or take `retention` away"), key=True)  # fmt: skip
        return
    whole, own = view.procedure.retention, Period.parse(field.retention)
    if whole is not None and own.longest >= Period.parse(whole.after).shortest:
        what = Text(
            f"比整个工单的保存期限 {whole.after} 长，或者一样长",
            f"the case as a whole is kept for {whole.after}, which is no longer than this",
        )
        view.say(path, "retention", what, Text("写短一些，或去掉", "make it shorter, or take it away"))
