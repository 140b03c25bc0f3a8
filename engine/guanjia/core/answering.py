"""One-time codes: whoever has one answers as the customer of the case, once, until it is over. Only its digest is kept."""

from __future__ import annotations

from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import personal_reference
from .admitting import awake, impartial, staff_only
from .run import Run

TEMPLATE = "code"
"""What the customer is told it by."""


def code(run: Run) -> None:
    """Make a code and let the customer be told it. `digest` and `until`; what it is itself is never in an event."""
    case, values = run.present(), run.command.values
    awake(case)
    staff_only(run)
    impartial(run, case)
    step = run.step(case, {})
    given = {"code": personal_reference(values["digest"]), "until": values["until"]}
    step.data["notify"] = [{"template": TEMPLATE, "to": ["customer"], "with": given, "urgency": "urgent"}]
    over = {digest: None for digest, until in case.codes.items() if until <= run.now}
    run.record("coded", "", step, None, {"codes": {**over, values["digest"]: values["until"]}}, quiet=True)


def redeem(case: Case, digest: str, now: int) -> dict[str, None]:
    """What becomes of the codes of the case as this one is used. Refused (`code`) when it is over or was used."""
    if case.codes.get(digest, 0) <= now:
        raise Refused(
            "code", Text("这个回复码已用过或已过期。", "This code was used already, or is over."),
            Text("请来电索取新的回复码。", "Please call us for a new one."),
        )  # fmt: skip
    return {digest: None}
