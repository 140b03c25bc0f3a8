"""What becomes of a case that comes under another version: other calendars, or other rules that still know all it holds.

Its states stay. Every open clock is counted anew from the same start, with all its pauses and extensions (`start`), or keeps
what it has used and goes on by the new hours (`now`). What has fired fires no more; what the move overtakes is recorded and
told to nobody, unless `notify` asks for it. Delays and the waits of ladders are counted anew from where they began; a delay
`at` an instant is asked again. Finished cycles and their verdicts stay as they are; where the new version would judge one
otherwise, that is recorded beside. A move is no step of the procedure: no transition follows it and no clock hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..clock import Instant
from ..errors import NotFound, Refused, Text
from ..model.case import Case, Clock, Delay, Limit
from ..model.event import SHOWN, Event, is_personal
from ..model.procedure import Field
from ..values import FREE
from . import clocks, ladders
from .following import aim_of, join
from .parts import ClockProgram, DelayProgram, Node
from .program import Program
from .step import Step

POLICIES = ("start", "now")


def move(step: Step, before: Program, values: Mapping[str, Any]) -> None:
    """Bring the case of the step under the program of the step, from the program `before`.

    `values`: `policy` (`start` or `now`), `notify`, and `drop`: open clocks that may end, for the new version has them no
    more. Refused (`version`) with everything of the case that the new version does not know.
    """
    policy = values.get("policy", "start")
    if policy not in POLICIES:
        raise NotFound(
            Text(f"没有“{policy}”这种算法。", f"There is no policy {policy!r}."),
            Text(f"有：{'、'.join(POLICIES)}", f"There are: {', '.join(POLICIES)}"), known=list(POLICIES),
        )  # fmt: skip
    missing = list(_missing(step.program, before, step.case, values.get("drop", ())))
    if missing:
        raise Refused(
            "version",
            Text(
                f"{step.case.number} 不能改用这个版本：{'；'.join(item.zh for item in missing)}。",
                f"{step.case.number} cannot come under this version: {'; '.join(item.en for item in missing)}.",
            ),
            Text("工单仍按原来的版本办理。", "The case stays under the version that it has."),
            case=step.case.number,
        )
    was: dict[str, Instant | None] = {}
    for clock in step.case.clocks.values():
        if clock.open and clock.name not in step.program.clock_by_name:
            was[clock.name] = clock.due
            step.put(clocks.end(before, clock, "cancelled", step.now))
    for definition in step.program.clocks:
        held = step.case.clocks.get(definition.name)
        if held is not None and held.open:
            moved = _moved(step, before, definition, held, policy)
            moved = clocks.overtaken(moved, step.now) if values.get("notify") else clocks.unheard(moved, step.now)
            if moved != held:
                was[held.name] = held.due
                step.put(moved)
        elif held is None and definition.name not in before.clock_by_name:
            join(step, definition, step.see, from_now=policy == "now")
    step.see.clock = None
    _move_delays(step, before, policy, was)
    was |= ladders.move(step)
    step.data |= {"version": step.program.hash, "before": before.hash}
    if was:
        step.data["was"] = was
    if rejudged := list(_rejudged(step, before)):
        step.data["rejudged"] = rejudged


def recalculated(events: Iterable[Event]) -> dict[tuple[str, int], str]:
    """By clock and cycle: what would come out by the rules that the case came under last, where that is not the verdict.
    `met`, `breached`, or `running` for an open clock that is breached and would not be."""
    found: dict[tuple[str, int], str] = {}
    for event in events:
        for item in event.data.get("rejudged", ()):
            found[item["clock"], item["cycle"]] = item["recalculated"]
            if item["recalculated"] == item["verdict"]:
                del found[item["clock"], item["cycle"]]
    return found


def _moved(step: Step, before: Program, definition: ClockProgram, clock: Clock, policy: str) -> Clock:
    step.see.clock = definition.name
    aim, program = aim_of(definition, step.see), step.program
    if policy == "now":
        return clocks.retarget(program, definition, clocks.measured(before, clock, step.now), aim, step.now, "carry")
    # As of where it last began to run: what was used by then is measured anew, and where nothing differs nothing changes.
    return clocks.retarget(program, definition, clock, aim, clock.since, "keep")


# -- delays


def _move_delays(step: Step, before: Program, policy: str, was: dict[str, Instant | None]) -> None:
    case, changes = step.case, step.data.setdefault("delays", {})
    known = {delay.key for node in (before.root, *before.nodes.values()) for delay in node.delays}
    kept: set[str] = set()
    for node in _active(step.program, case):
        for delay in node.delays:
            kept.add(delay.key)
            held, moved = case.delays.get(delay.key), None
            if held is not None:
                moved = _again(step, delay, held, _entered(case, node))
            elif delay.key not in known:
                moved = step.armed(delay, _entered(case, node) if policy == "start" else step.now)
            if moved is None or moved == held:
                continue
            was[delay.key] = held.due if held is not None else None
            # What is over by now happens now: nothing that the move brings about can have happened before it.
            changes[delay.key] = replace(moved, due=max(moved.due, step.now)).to_plain()
    for key, armed in case.delays.items():
        if key not in kept:
            was[key], changes[key] = armed.due, None
    if not changes:
        del step.data["delays"]


def _again(step: Step, delay: DelayProgram, armed: Delay, entered: Instant) -> Delay:
    """The delay as the new version would have armed it. An instant that is over, or not known any more, changes nothing."""
    anew = step.armed(delay, armed.armed_at, again=delay.delay.every is not None and armed.armed_at != entered)
    if anew is None or (delay.at is not None and anew.due <= step.now):
        return replace(armed, order=delay.order)
    return anew


def _active(program: Program, case: Case) -> list[Node]:
    """The procedure itself and the active states, outer first, in the order written."""
    nodes = {node for name in case.states for node in program.nodes[name].path}
    return sorted(nodes, key=lambda node: (node.index, len(node.path)))


def _entered(case: Case, node: Node) -> Instant:
    past = case.past.get(node.name if node.parent is not None else "reopen")
    return case.opened_at if past is None else past.at


# -- verdicts


def _rejudged(step: Step, before: Program) -> Iterator[dict[str, Any]]:
    """Cycles of which the new version would say otherwise than the old one: how each was judged, and what would come out."""
    program = step.program
    for clock in (*step.case.cycles, *step.case.clocks.values()):
        new, old = program.clock_by_name.get(clock.name), before.clock_by_name.get(clock.name)
        if new is None or old is None:
            continue
        about = {"clock": clock.name, "cycle": clock.cycle}
        if clock.status in ("met", "breached"):
            now, then = _limits(program, new, clock), _limits(before, old, clock)
            if now and then and (anew := clocks.verdict(program, clock, now)) != clocks.verdict(before, clock, then):
                yield {**about, "verdict": clock.status, "recalculated": anew}
        elif clock.open and clock.breached_at is not None:
            due = step.clocks[clock.name].due
            if due is not None and due > step.now and not (clock.due is not None and clock.due > step.now):
                yield {**about, "verdict": "breached", "recalculated": "running"}


def _limits(program: Program, definition: ClockProgram, clock: Clock) -> Sequence[Limit]:
    """The limits of the target by which the clock was judged, as a version has them; a given instant stays what it was.
    Nothing where the version cannot say, because it does not have that calendar."""
    targets = definition.targets[clock.target : clock.target + 1]
    parts = [part for target in targets for part in target.earliest or (target,)]
    if len(parts) == len(clock.limits) and all(part.amount is not None for part in parts):
        return [
            Limit(part.calendar_name, part.amount.unit, part.amount.value, part.head, counting=part.counting)
            for part in parts
            if part.amount
        ]
    names = [program.counted_by(limit.calendar, clock.name) for limit in clock.limits]
    if any(name not in program.calendars for name in names):
        return []
    return [limit._replace(calendar=name, extra=0, used=0) for name, limit in zip(names, clock.limits, strict=True)]


# -- what the new version does not know


def _missing(program: Program, before: Program, case: Case, drop: Sequence[str]) -> Iterator[Text]:
    def called(name: str) -> Text:
        label = before.procedure.label
        return Text(f"“{label(name, 'zh')}”", f"“{label(name, 'en')}”")

    remembered = [name for key, leaves in case.history.items() for name in (key, *leaves)]
    lost = [name for name in dict.fromkeys((*case.states, *remembered)) if name not in program.nodes]
    for name in lost:
        yield Text(f"没有状态{called(name).zh}", f"it has no state {called(name).en}")
    if not lost and not _stands(program, case.states):
        words = [called(name) for name in case.states]
        yield Text(
            f"工单不能只停在{'、'.join(word.zh for word in words)}（状态的层次变了，或成了终态）",
            f"a case cannot be in {', '.join(word.en for word in words)} alone (states lie in others now, or are final)",
        )
    for name, value in case.fields.items():
        field = program.procedure.fields.get(name)
        if value is not None and not (field and _holds(field, before.procedure.fields.get(name), value)):
            yield Text(
                f"字段{called(name).zh}没有了，或容不下现在的值" if field else f"没有字段{called(name).zh}",
                f"the field {called(name).en} cannot hold its value any more" if field else f"it has no field {called(name).en}",
            )  # fmt: skip
    for clock in case.clocks.values():
        if clock.open and clock.name not in program.clock_by_name and clock.name not in drop:
            yield Text(
                f"没有时限{called(clock.name).zh}，而它还没有结束",
                f"it has no clock {called(clock.name).en}, which is open",
            )
    if case.mode is not None and case.mode not in program.procedure.modes:
        yield Text(f"没有“{case.mode}”这种模式", f"it has no mode {case.mode!r}")


def _stands(program: Program, states: Sequence[str]) -> bool:
    """Whether a case can be in exactly these innermost states: of each state around them one inside, of tracks all."""
    active = {node for name in states for node in program.nodes[name].path}
    for node in active:
        inside = sum(child in active for child in node.children)
        together = node.kind == "parallel" or (node is program.root and bool(node.state.tracks))
        if inside != (len(node.children) if together else min(1, len(node.children))):
            return False
        if node.kind == "history" or node.finishes:
            return False
    return True


def _holds(field: Field, was: Field | None, value: Any) -> bool:
    """Whether the value may stand in the field as it is defined now."""
    if was is not None and field.type != was.type:
        return False
    if is_personal(value) and SHOWN in value:  # text in which there is a number or a name
        return field.type in FREE or (field.type == "list" and not field.of)
    if is_personal(value) != field.personal:
        return False
    items = value if isinstance(value, list) else [value]
    return field.type not in ("choice", "list") or not field.of or all(item in field.of for item in items)
