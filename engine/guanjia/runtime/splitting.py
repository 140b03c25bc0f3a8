"""Which fields of a case go along into one that is split from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core import Program
from ..errors import Refused, Text
from ..model.case import Case
from .message import clear

WHO_AND_WHERE = ("room", "phone", "email", "customer")
"""Types of fields that say who reported and where it is."""


def taken_along(
    first: Program, other: Program, case: Case, personal: Mapping[str, Any], chosen: Sequence[str] | None
) -> dict[str, Any]:
    """Values by field, personal ones in clear: those that are chosen, else who and where it is. Refused (`field`) names fields
    that one of the two procedures does not have."""
    ours, theirs = first.procedure.fields, other.procedure.fields
    for name in chosen or ():
        if name not in ours or name not in theirs:
            where = (other if name in ours else first).procedure
            label = where.label(where.procedure, "zh"), where.label(where.procedure, "en")
            known = [it for it in ours if it in theirs]
            raise Refused(
                "field", Text(f"“{label[0]}”没有字段“{name}”。", f"“{label[1]}” has no field {name!r}."),
                Text(f"两边都有：{'、'.join(known) or '—'}", f"Both have: {', '.join(known) or 'none'}"), known=known,
            )  # fmt: skip
    names = chosen
    if names is None:
        names = [name for name, it in ours.items() if name in theirs and (it.personal or it.type in WHO_AND_WHERE)]
    values = {name: clear(case.fields.get(name), personal) for name in names}
    return {name: value for name, value in values.items() if value is not None}
