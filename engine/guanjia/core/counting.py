"""Cases that are alike, counted: how many there are, and what is done when there come to be so many.

A case counts by the values of some of its fields. Which those are it says itself (`alike`); how many others there are comes into the
decision as a fact, and stands in the event. A threshold is reached once: as a case comes to be alike, and not again by any other one
before the window is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..calendars import parse_amount
from ..clock import HOUR, Instant
from ..model.case import Case
from ..model.event import is_personal

if TYPE_CHECKING:
    from ..model.procedure import Count
    from .program import Program
    from .step import Step
    from .surroundings import Surroundings


def window(count: Count) -> int:
    """How far back, in microseconds; a day of any kind is 24 hours here."""
    amount = parse_amount(count.within)
    return amount.value if amount.unit == "time" else amount.value * 24 * HOUR


def alike(program: Program, name: str, see: Surroundings) -> str | None:
    """By what the case counts, as JSON; None where it does not: in a drill, where a value is open, where `where` does not hold."""
    count, case = program.procedure.counts[name], see.case
    if case.mode is not None or (name in program.wheres and not program.wheres[name].evaluate(see)):
        return None
    values = [see.fields.get(field) for field in count.same]
    if any(value is None or is_personal(value) for value in values):
        return None
    return json.dumps(values, ensure_ascii=False)


def counted(program: Program, case: Case) -> Iterator[tuple[str, Instant]]:
    """Under what a case is counted, and as of when: by what it is alike, and for each threshold that it was the one to reach."""
    from ..model.event import SYSTEM
    from .surroundings import Facts, Surroundings

    see = Surroundings(program, case, case.changed_at, SYSTEM, Facts({}), {})
    for name in program.procedure.counts:
        if (values := alike(program, name, see)) is not None:
            yield f"{name}:{values}", case.opened_at
    for crossed, (values, at) in case.crossed.items():
        yield f"{crossed}:{values}", at


def asked(program: Program, name: str, values: str) -> str:
    """The fact that is needed: `count:<JSON>` of procedure, name, window, thresholds and values."""
    count = program.procedure.counts[name]
    return "count:" + json.dumps([program.procedure.procedure, name, window(count), list(map(int, count.at)), values], ensure_ascii=False)  # fmt: skip


def number(program: Program, name: str, see: Surroundings) -> int:
    """How many cases are alike, this one among them."""
    values = alike(program, name, see)
    if values is None:
        return 0
    found: dict[str, Any] = see.facts.need(asked(program, name, values))
    return int(found["others"]) + _itself(program, name, see)


def _itself(program: Program, name: str, see: Surroundings) -> bool:
    return see.case.opened_at > see.now - window(program.procedure.counts[name])


def cross(step: Step) -> None:
    """Do what is to be done when there are so many, as this step makes the case one of them."""
    program, see = step.program, step.see
    if "taken_in" in step.facts.given and step.facts.given["taken_in"] is not None:
        return
    before = None if step.case.seq == 0 else step.ahead()
    for name, crossings in program.crossings.items():
        values = alike(program, name, see)
        was = None if before is None else alike(program, name, before)
        if not crossings or values is None or values == was or not _itself(program, name, see):
            continue
        found = step.facts.need(asked(program, name, values))
        for threshold, effects in crossings.items():
            if found["others"] + 1 >= threshold and threshold not in found["reached"]:
                step.data.setdefault("crossed", {})[f"{name}.{threshold}"] = [values, step.now]
                step.do(effects)
