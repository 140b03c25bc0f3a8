"""Limits and what they rest upon, in words; and which clocks of which procedures keep which standard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from ..calendars import format_amount, parse_amount
from ..errors import Text
from ..model.node import Labelled
from ..model.procedure import Procedure
from ..model.standards import Limit

BASES = {
    "law": Text("法规", "law"), "standard": Text("公开标准", "published standard"), "contract": Text("合同", "contract"),
    "company": Text("公司自定", "the company's own"),
}  # fmt: skip


def measured(limit: Limit, hours: Callable[[str], Text] = lambda name: Text(name, name)) -> Text:
    """How long, or which share; a limit without either comes with the case. `hours` says what a calendar is called."""
    if limit.within is None:
        share = getattr(limit, "at_least", None)
        return Text(*[f"≥ {share}"] * 2) if share else Text("以工单上的为准", "as the case says")
    amounts = [parse_amount(each) for each in (limit.within, limit.then) if each]
    said = Text("，再 ".join(format_amount(each, "zh") for each in amounts), ", then ".join(format_amount(each, "en") for each in amounts))  # fmt: skip
    if limit.calendar == "always":
        return Text(f"{said.zh}，不分昼夜", f"{said.en}, day and night")
    counted = any(amount.unit == "time" for amount in amounts)  # whole days are counted alike, whatever the hours
    called = hours(limit.calendar) if limit.calendar and counted else None
    return Text(f"{said.zh} · {called.zh}", f"{said.en} · {called.en}") if called else said


def ground(limit: Limit) -> Text:
    """What a limit rests upon: `法规：… （未查证原文）`."""
    said, where = BASES[limit.basis], sentence_of(limit.source)
    if not where.zh:
        return said
    unseen = Text("", "") if limit.verified else Text("（未查证原文）", " (not verified)")
    return Text(f"{said.zh}：{where.zh}{unseen.zh}", f"{said.en}: {where.en}{unseen.en}")


def sentence_of(words: Labelled) -> Text:
    """In both languages; what is not said in one is said in the other's words."""
    return Text(words.zh or words.en or "", words.en or words.zh or "")


def kept_by(procedures: Iterable[Procedure]) -> dict[str, list[tuple[Procedure, str]]]:
    """Standard -> the clocks and delays that keep it, as (procedure, name)."""
    found: dict[str, list[tuple[Procedure, str]]] = defaultdict(list)
    for procedure in procedures:
        for state in (procedure, *(each for _, each, _ in procedure.walk())):
            for name, delay in state.after.items():
                if delay.standard:
                    found[delay.standard].append((procedure, name))
        for clock, sla in procedure.sla.items():
            named = {part.standard for target in sla.target for part in (target, *target.earliest) if part.standard}
            for standard in named:
                found[standard].append((procedure, clock))
    return found
