"""What cases are to each other: one goes on in another (`merge`), they have to do with each other (`link`), one is a child of
another that it was not opened by, and its customer hears what another case tells (`tell`).

A tie has two ends. Whoever is asked records his own and asks the other case, as a command between cases, for the other
(`ties` of the event): so each end is an event of its case, and a tie that cannot be taken up is parked and seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import NotFound, Refused, Text
from ..model.event import MERGED, SYSTEM
from . import clocks, ladders
from .admitting import impartial, open_case, reasoned, staff_only
from .run import Run


def merge(run: Run) -> None:
    """The case is the same matter as another one, and goes on there: it ends, and nothing wakes it any more."""
    case, command = open_case(run), run.command
    staff_only(run)
    impartial(run, case)
    reasoned(run, Text("并单须写明原因（--reason）。", "To merge cases needs a reason (--reason)."))
    step = run.step(case, {})
    other = _other(run, command.name, step.facts.need(f"case:{command.name}"))
    if other["merged"] == case.number:
        raise _unfit(
            run,
            Text(f"{other['number']} 已经并入 {case.number}。", f"{other['number']} goes on in {case.number} already."),
        )
    if other["closed"]:
        raise _unfit(
            run, Text(f"{other['number']} 已经办结，不能并进去。", f"{other['number']} is closed: nothing can go on in it."),
            Text(f"并入 {other['merged']}", f"Merge into {other['merged']}") if other["merged"] else None,
        )  # fmt: skip
    step.facts.need("withdraw:1")  # what waits is not sent any more
    step.data["closed"] = {"outcome": MERGED}
    for clock in list(step.clocks.values()):
        if clock.open:
            step.put(clocks.end(run.program, clock, "cancelled", run.now))
    if case.delays:
        step.data["delays"] = dict.fromkeys(case.delays)
    step.do(run.program.on_merge)
    if step.climbs:
        ladders.follow(step)
    tie = {"case": other["id"], "way": "absorb", "name": case.number}
    merged = {other["id"]: other["number"]}
    run.record("merged", other["number"], step, None, {"merged": merged, "ties": [tie]}, quiet=True)


def link(run: Run) -> None:
    """Bind another case to this one, or let it go. `way`: `beside` or `child` of another (asked for by people, who name one
    end); `adopt`, `absorb`, `back` and their contraries are what the other end is asked for."""
    case, values = run.present(), run.command.values
    way, other = values.get("way", "adopt"), values["case"]
    step = run.step(case, {})
    if way in ("beside", "child", "apart"):
        staff_only(run)
        impartial(run, case)
        data = _asked(run, _other(run, other, step.facts.need(f"case:{other}")), way)
    elif run.command.actor is not SYSTEM:
        raise Refused("role", Text("这一步只由系统办理。", "Only the system does this."))
    else:
        data = _answered(run, way, other)
    name = data["link"]["name"] if "link" in data else run.command.name
    run.record("linked", name, step, run.before(case, {}), data)


def tell(run: Run) -> None:
    """The customer of this case, where it has one, is told what another case tells; `of` is the event that tells it."""
    if run.command.actor is not SYSTEM:
        raise Refused("role", Text("这一步只由系统办理。", "Only the system does this."))
    step = run.step(run.present(), {})
    notice = dict(run.command.values)
    if step.has_customer():
        step.data["notify"] = [{"template": run.command.name, "to": ["customer"], **notice}]
    if run.present().absorbed:
        step.relay(run.command.name, step.attached(False), notice)
    run.record("told", run.command.name, step, None, quiet=True)


def _other(run: Run, ref: str, other: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The other case, where it can have to do with this one at all."""
    case = run.present()
    if other is None:
        raise NotFound(Text(f"没有工单“{ref}”。", f"There is no case {ref!r}."), known=[])
    if other["id"] == case.id:
        raise _unfit(run, Text("一个工单不能与自己关联。", "A case has nothing to do with itself."))
    if other["mode"] != case.mode:
        raise _unfit(run, Text(f"{case.number} 和 {other['number']} 一真一演练，不能关联。", f"One of {case.number} and {other['number']} is a drill and the other is not."))  # fmt: skip
    return other


def _asked(run: Run, other: Mapping[str, Any], way: str) -> dict[str, Any]:
    """This end of a tie that somebody asks for, and what the other end is asked for."""
    case, identity = run.present(), other["id"]
    name = run.command.name or "related"
    if way == "apart":
        if identity == case.parent:
            return {"parent": None, "ties": [{"case": identity, "way": "release", "name": case.number}]}
        if identity not in case.links:
            raise _unfit(run, Text(f"{case.number} 与 {other['number']} 没有关联。", f"{case.number} and {other['number']} are not linked."))  # fmt: skip
        return {"links": {identity: None}, "ties": [{"case": identity, "way": "part", "name": name}]}
    if way == "beside":
        return {"links": {identity: name}, "ties": [{"case": identity, "way": "back", "name": name}]}
    if case.parent is not None:
        raise _unfit(run, Text(f"{case.number} 已经有上级工单。", f"{case.number} has a parent already."),
                     Text(f"先解除：guanjia link {case.number} 上级工单 --apart", f"Part them first: guanjia link {case.number} PARENT --apart"))  # fmt: skip
    if case.finished or other["closed"]:
        raise _unfit(run, Text("办结的工单不能挂到别的工单下，也不能再挂下级。", "Neither of the two may be closed."))
    if case.id in other["above"]:
        raise _unfit(run, Text(f"{other['number']} 就在 {case.number} 之下。", f"{other['number']} is below {case.number} itself."))  # fmt: skip
    return {"parent": identity, "ties": [{"case": identity, "way": "adopt", "name": case.number}]}


def _answered(run: Run, way: str, other: str) -> dict[str, Any]:
    """The other end of a tie that a case asks this one for."""
    case, name = run.present(), run.command.name
    if way in ("back", "part"):
        return {"links": {other: name if way == "back" else None}}
    if way == "absorb":
        if (
            case.finished and not case.merged
        ):  # one that went on in another meanwhile passes on what it hears from there
            raise _unfit(run, Text(f"{case.number} 已经办结，{name} 的客户不会从它得到消息。",
                                   f"{case.number} is closed: the customer of {name} would hear nothing of it."))  # fmt: skip
        return {"absorbed": {other: name}}
    if way == "yield":
        return {"absorbed": {other: None}}
    known = next((known for known, child in case.children.items() if child == other), name)
    return {"link": {"name": known, "case": None if way == "release" else other}}


def _unfit(run: Run, text: Text, hint: Text | None = None) -> Refused:
    return Refused("link", text, hint, case=run.present().number)
