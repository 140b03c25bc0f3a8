"""Taking back what one did last: the case is again as it was before, and the history keeps both.

It is possible for as long as the event says (`undo`), to whoever did it, and while nothing has happened since; what an action has
set off in other cases cannot be called back. Clocks, delays and climbs are as if it had not been: what would have fallen due
meanwhile falls due now, at its own instant. Of what was told, what still waits is not sent; who has it already is told that it
holds no more.

A move to another version is taken back by the same means, by anybody with the right to move cases, while nothing has happened to
the case since: it is under the version that it left, as if it had never been moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..clock import spoken
from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import Event
from .admitting import reasoned, staff_only
from .evolve import fold
from .run import UNDOABLE, Run
from .surroundings import called

TEMPLATE = "undone"
"""What people are told who had been told what was taken back."""

MOVED = "migrated"

_PASSED_OVER = frozenset({"refused", "revealed", "noted", "attached"})
"""What may have happened since: it changes nothing in the case."""

_SET_OFF = (
    ("open", Text("已经由此新开了工单", "it has opened other cases")),
    ("emit", Text("已经由此向别的工单发了信号", "it has sent signals to other cases")),
    ("relay", Text("已经由此告知了别的工单的客户", "the customers of other cases have been told")),
)


def undo(run: Run) -> None:
    case, history = run.present(), run.given["history"]
    if run.command.name == MOVED:
        _record(run, case, _moved(run, history), _before(history))
        return
    last = _last(history)
    if last is None:
        raise _refused(run, Text("还没有可以撤回的操作。", "Nothing has been done that could be taken back."))
    done, since = last
    what = called(run.program, done.name if done.type in ("acted", "reopened") else done.type)
    if done.actor != run.command.actor.id:
        raise _refused(run, Text(f"最后一步“{what.zh}”不是您办的，只能由本人撤回。", f"The last step, “{what.en}”, is not yours; only whoever did it may take it back."))  # fmt: skip
    if (other := next((event for event in since if not _follows(event, done)), None)) is not None:
        at = spoken(other.occurred_at, run.program.calendar(None).zone)
        if other.type == "undone" and other.data.get("undone") == done.seq:
            raise _refused(run, Text(f"“{what.zh}”已经撤回（{at}）。", f"“{what.en}” has been taken back already (at {at})."))  # fmt: skip
        raise _refused(run, Text(f"“{what.zh}”之后（{at}）又有别的事发生，不能再撤回。", f"Something has happened since “{what.en}” (at {at}); it can no longer be taken back."))  # fmt: skip
    if run.recorded >= done.data.get("undo", 0):
        raise _refused(run, _too_late(run, done, what))
    undone = (done, *since)
    for key, text in _SET_OFF:
        if any(event.data.get(key) for event in undone):
            raise _refused(
                run, Text(f"“{what.zh}”不能撤回：{text.zh}。", f"“{what.en}” cannot be taken back: {text.en}.")
            )
    if case.parent is not None and any(event.data.get("closed") for event in undone):
        raise _refused(run, Text(f"“{what.zh}”不能撤回：上级工单已经知道它办结。", f"“{what.en}” cannot be taken back: its parent has heard that it is closed."))  # fmt: skip
    _record(run, case, done, fold(event for event in history if event.seq < done.seq))


def _before(history: Sequence[Event]) -> Case:
    """The case ahead of its last move to another version."""
    moved = next(event for event in reversed(history) if event.type == MOVED)
    return fold(event for event in history if event.seq < moved.seq)


def _moved(run: Run, history: Sequence[Event]) -> Event:
    """The move that is taken back: the last thing that changed the case. `version` and `before` say which one was meant."""
    staff_only(run)
    reasoned(run, Text("撤回改用须写明原因（--reason）。", "To take a move back needs a reason (--reason)."))
    last = next((event for event in reversed(history) if event.type not in _PASSED_OVER), None)
    meant = (run.command.values.get("version"), run.command.values.get("before"))
    if last is not None and last.type == MOVED and (last.data["version"], last.data["before"]) == meant:
        return last
    number = run.present().number
    if last is None or all(
        (it.data.get("version"), it.data.get("before")) != meant for it in history if it.type == MOVED
    ):
        raise _refused(run, Text(f"{number} 没有这样改用过。", f"{number} was never moved so."))
    what = called(run.program, last.name if last.type in ("acted", "reopened") else last.type)
    at = spoken(last.occurred_at, run.program.calendar(None).zone)
    raise _refused(run, Text(f"{number} 改用之后（{at}）又有别的事发生（{what.zh}），留在新版本。", f"Something has happened to {number} since it was moved ({what.en}, at {at}); it stays under the new version."))  # fmt: skip


def _record(run: Run, case: Case, done: Event, before: Case) -> None:
    step = run.step(case, {})
    told = step.facts.need(f"withdraw:{done.seq}")["told"]
    to = list(dict.fromkeys(recipient for _, recipient in told))
    if done.type == "merged":
        step.facts.need(f"resume:{done.seq}")  # what the merging had withdrawn waits again
    name = done.name if done.type in ("acted", "reopened") else done.type
    if to:
        step.data["notify"] = [{"template": TEMPLATE, "to": to, "with": {"undone": name}}]
    was, now = before.to_plain(), case.to_plain()
    changed = [key for key in {**was, **now} if key not in ("seq", "changed_at") and was.get(key) != now.get(key)]
    data: dict[str, Any] = {"undone": done.seq, "restore": {key: was.get(key) for key in changed}}
    if case.merged and not before.merged:
        data["ties"] = [{"case": other, "way": "yield", "name": case.number} for other in case.merged]
    run.record("undone", name, step, None, data, quiet=True)


def _last(history: Sequence[Event]) -> tuple[Event, Sequence[Event]] | None:
    """What a person did last, and everything since that changed the case."""
    since: list[Event] = []
    for event in reversed(history):
        if event.type in _PASSED_OVER:
            continue
        if event.type in UNDOABLE and not event.data.get("conflict"):
            return event, since[::-1]
        since.append(event)
    return None


def _follows(event: Event, done: Event) -> bool:
    """Whether it is a part of what was done: what followed from it by itself, at once."""
    at_once = (event.occurred_at, event.recorded_at) == (done.occurred_at, done.recorded_at)
    by_itself = event.type in ("moved", "assigned") or "own" in event.data
    return at_once and event.actor == "system" and by_itself


def _too_late(run: Run, done: Event, what: Text) -> Text:
    until = done.data.get("undo")
    if until is None:
        return Text(f"“{what.zh}”不能撤回：流程没有给撤回的时间（undo）。", f"“{what.en}” cannot be taken back: its procedure gives no time for that (undo).")  # fmt: skip
    at = spoken(until, run.program.calendar(None).zone)
    return Text(f"“{what.zh}”只能在 {at} 之前撤回。", f"“{what.en}” could be taken back until {at}.")


def _refused(run: Run, text: Text) -> Refused:
    return Refused("undo", text, case=run.present().number)
