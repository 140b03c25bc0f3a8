"""Deciding that clocks stand still or run slower for a while, and that they go on earlier than was decided.

A decision is an event of the office's own stream, and nothing else is kept of it: what holds is folded from there. Carrying it
out is moving open cases to the versions that follow from it (`moving`); new cases come under these by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..clock import Instant
from ..errors import NotFound, Refused, Text
from ..model.suspension import Suspension, suspensions
from .stream import Happened
from .unsaid import kept

if TYPE_CHECKING:
    from .engine import Engine


def decide(
    engine: Engine, begin: Instant, end: Instant, *, factor: int | None = None, procedures: Sequence[str] = (),
    clocks: Sequence[str] = (), statutory: bool = False, reason: str = "",
) -> Suspension:  # fmt: skip
    """The suspension that somebody wants, with its number. Nothing named means every procedure and every clock that may be
    paused. NotFound for unknown names; Refused for a window that ends before it begins, or a statutory clock named without
    saying that statutory ones are meant."""
    if begin >= end:
        raise Refused("time", Text("--to 须晚于 --from。", "--to must be later than --from."))
    known = engine.openable()
    _known(Text("流程", "procedure"), procedures, known)
    slas = [item for name in procedures or known for item in engine.opening(name).procedure.sla.items()]
    _known(Text("时限", "clock"), clocks, dict(slas))
    fixed = dict.fromkeys(clock for clock, sla in slas if clock in clocks and not sla.pausable)
    if fixed and not statutory:
        raise Refused(
            "statutory",
            Text(f"时限 {'、'.join(fixed)} 不可暂停（pausable: false）。", f"The clock {', '.join(fixed)} may not be paused (pausable: false)."),
            Text("法定时限也要暂停的，请明确加上 --statutory。", "To suspend statutory clocks too, say so: --statutory."),
        )  # fmt: skip
    number = 1 + sum(event.type == "suspended" for event in engine.log())
    return Suspension(
        f"S{number}", begin, end, factor, kept(engine, reason), tuple(procedures), tuple(clocks), statutory
    )


def reasoned(engine: Engine, item: Suspension, why: str) -> Suspension:
    """The same with its reason, as it may be kept."""
    return replace(item, reason=kept(engine, why))


def suspended(item: Suspension) -> Happened:
    return Happened("suspended", item.id, item.to_plain())


def recorded(engine: Engine) -> list[Suspension]:
    """All that were decided and came into force, also those that are over."""
    return suspensions(engine.log())


def ended(engine: Engine, id: str, at: Instant) -> list[Suspension]:
    """All suspensions with this one ended at an instant; one that had not begun is gone. NotFound; Refused when it is over."""
    known = recorded(engine)
    _known(Text("暂停计时的决定", "suspension"), [id], [item.id for item in known])
    found = next(item for item in known if item.id == id)
    if found.end <= at:
        raise Refused("state", Text(f"{id} 已经结束了。", f"{id} is over already."))
    left = [replace(item, end=at) if item is found else item for item in known]
    return [item for item in left if item.begin < item.end]


def resumed(engine: Engine, id: str, at: Instant, reason: str) -> Happened:
    return Happened("resumed", id, {"to": at, "reason": kept(engine, reason)})


def _known(what: Text, names: Iterable[str], known: Iterable[str]) -> None:
    there = list(known)
    for name in names:
        if name not in there:
            raise NotFound(
                Text(f"没有{what.zh}“{name}”。", f"There is no {what.en} {name!r}."),
                Text(f"有：{'、'.join(there) or '—'}", f"There are: {', '.join(there) or 'none'}"),
                known=there,
            )
