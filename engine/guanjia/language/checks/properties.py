"""Properties: each a truth about a case as it stands after a step, so they see no action, no input, and nobody who acts."""

from __future__ import annotations

from ...errors import Text
from ...model.survey import Path
from .names import calendar
from .view import View


def check_properties(view: View) -> None:
    for name, stated in view.procedure.properties.items():
        path: Path = ("properties", name)
        for key in ("always", "never"):
            if (text := getattr(stated, key)) is not None:
                _claim(view, (*path, key), text)
        if (claim := stated.leads_to) is not None:
            here = (*path, "leads_to")
            _claim(view, (*here, "from"), claim.from_)
            _claim(view, (*here, "to"), claim.to)
            view.positive(here, "within", claim.within)
            if claim.calendar is not None:
                calendar(view, (*here, "calendar"), claim.calendar)


def _claim(view: View, path: Path, text: str) -> None:
    if view.expression(path, text, "boolean") is None:
        return
    if ("actor",) in view.reads(text) or "is_role(" in text:
        view.say(
            path, "property-of-actor",
            Text("性质说的是工单，不是某一步：这里没有办理人（actor、is_role）", "a property is of the case, not of a step: nobody acts here (actor, is_role)"),
            Text("用 past.<操作>.by 说是谁做的", "past.<action>.by says who did it"),
        )  # fmt: skip
