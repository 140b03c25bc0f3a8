"""Nothing waits for ever: in every state that is not final, time itself must be able to do something; and every clock runs at some time
and can be stopped.

For each clock the case is walked through as (innermost state, how the clock stands), from every way it can start to every
way it can end; expressions may hold or not. A state in which no delay is armed and no clock can be running is said so. The
states of other tracks are taken as steps that may happen at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, TypeAlias

from ...errors import Text
from ...model.procedure import Sla
from ...model.survey import Path, Place
from .shape import Graph, is_leaf
from .view import View

Move: TypeAlias = tuple[frozenset[str], str]
"""What happens in a step (its name and the states entered), and the innermost state afterwards."""

_TOO_MANY = 1_000_000
_IDLE, _RUNNING, _PAUSED, _ENDED = "idle", "running", "paused", "ended"


def check_waits(view: View) -> None:
    graph = Graph(view)
    reached = graph.reached()
    leaves = [place for place in view.places[1:] if is_leaf(place) and not place.state.final and place.name in reached]
    waiting = [place for place in leaves if not _delayed(view, place)]
    if not waiting and not view.procedure.sla:
        return
    if len(view.places) * len(view.own[""]) * (len(view.procedure.sla) + 1) > _TOO_MANY:
        what = Text("流程太大，没有检查会不会永远等下去", "too large: whether a case may wait for ever was not checked")
        view.warn(("procedure",), "unchecked-waits", what, Text("请拆成几个流程", "split it into several procedures"))
        return
    moves = {place.name: _moves(view, graph, place) for place in view.places[1:] if is_leaf(place)}
    bounded: set[str] = set()
    for name, sla in view.procedure.sla.items():
        life = _lives(view, graph, sla, moves)
        bounded |= life.running
        _traps(view, name, sla, life)
    for place in waiting:
        if place.name not in bounded:
            view.warn(
                place.path, "unbounded-wait",
                Text(f"在“{place.name}”可能永远等下去：没有延时，也没有时钟在走", f"a case may wait in {place.name!r} for ever: no delay, and no clock that runs there"),
                Text("加一个 after，或让某个 sla 在这里计时", "add an `after`, or let a clock of `sla` run here"), key=True,
            )  # fmt: skip


def _delayed(view: View, place: Place) -> bool:
    return any(view.place[name].state.after for name in (place.name, *place.above)) or bool(view.procedure.after)


def _moves(view: View, graph: Graph, place: Place) -> set[Move]:
    """What may happen in a state."""
    steps = list(graph.steps(place))
    for above in (*place.above, ""):
        if view.place[above].state.tracks:
            steps += [step for each in view.places if above in each.above or not above for step in view.own[each.name]]
    around = {place.name, *place.above}
    found = set()
    for step in steps:
        target = step.branch.to
        entered = graph.entered(target) if target else set()
        fresh = frozenset(entered - around | ({target} if target in entered else set()))
        # A step of another track leaves this state where it is.
        outside = step.state not in ("", *around) and bool(entered & set(place.above))
        after = {place.name} if not entered or outside else graph.leaves(target or "")
        found |= {(fresh | {step.name}, leaf) for leaf in after}
    return found


class _Life(NamedTuple):
    """What can become of a clock, as far as names can tell."""

    running: frozenset[str]
    """The innermost states in which it can run."""
    starts: bool
    ends: bool
    """Whether something can stop or cancel it, or may, where that is an expression."""


def _traps(view: View, name: str, sla: Sla, life: _Life) -> None:
    """A clock that cannot start, one that stands still wherever it is, and one that nothing can stop, promise nothing."""
    path: Path = ("sla", name)
    if not life.starts:
        if not {*sla.stop, *sla.cancel}.issuperset(sla.start):  # which is said as an error
            view.warn(
                (*path, "start"), "never-starts",
                Text(f"让“{name}”开始的事不会发生，所以它从不计时", f"nothing that starts {name!r} can happen: it never runs"),
                Text("写一个走得到的状态或动作", "name a state or an action that can be reached"), key=True,
            )  # fmt: skip
    elif not life.running:
        view.warn(
            path, "always-paused",
            Text(f"“{name}”无论在哪个状态都暂停着，从不走动", f"{name!r} stands still in every state that it is open in: it never runs"),
            Text("看看 pause、runs_in：至少要有一个它走动的状态", "look at pause and runs_in: it has to run somewhere"), key=True,
        )  # fmt: skip
    elif (sla.stop or sla.cancel) and not life.ends:
        view.warn(
            (*path, "stop") if sla.stop else (*path, "cancel"), "never-stops",
            Text(f"让“{name}”停下的事在它计时的时候不会发生", f"nothing that stops {name!r} can happen while it runs"),
            Text("写一个从那里走得到的状态或动作", "name a state or an action that can be reached from there"), key=True,
        )  # fmt: skip


def _lives(view: View, graph: Graph, sla: Sla, moves: Mapping[str, set[Move]]) -> _Life:
    """Walk every way that a clock can take."""

    def named(words: tuple[str, ...]) -> frozenset[str]:
        return frozenset(word for word in words if word in view.happenings or word == "open")

    def computed(words: tuple[str, ...]) -> bool:
        return len(named(words)) < len(words)

    start, ends, pause, resume = named(sla.start), named((*sla.stop, *sla.cancel)), named(sla.pause), named(sla.resume)

    def halted(leaf: str) -> bool:
        around = {leaf, *view.place[leaf].above}
        return not around.isdisjoint(pause) or bool(sla.runs_in and around.isdisjoint(sla.runs_in))

    starts_anyhow, resumes_anyhow = computed(sla.start), computed(sla.resume)
    # Where there is a resume, also what a state paused waits for it.
    latching = pause if sla.resume else pause - frozenset(view.states)

    minded = start | ends | latching | resume

    @cache
    def noticed(leaf: str) -> set[Move]:
        """What may happen in a state, as far as the clock minds it."""
        return {(happens & minded, onward) for happens, onward in moves.get(leaf, ())}

    @cache
    def after(status: str, happened: frozenset[str]) -> frozenset[str]:
        if status in (_RUNNING, _PAUSED):
            if not happened.isdisjoint(ends):
                return frozenset({_ENDED})
            if not happened.isdisjoint(latching):
                return frozenset({_PAUSED})
            if status == _PAUSED and (not happened.isdisjoint(resume) or resumes_anyhow):
                return frozenset({_PAUSED, _RUNNING})
            return frozenset({status})
        begins = not happened.isdisjoint(start) and happened.isdisjoint(ends)
        runs = _RUNNING if happened.isdisjoint(latching) else _PAUSED
        return frozenset({runs} if begins else {status, runs} if starts_anyhow else {status})

    def walk(entered: frozenset[str], happened: frozenset[str]) -> set[tuple[str, str]]:
        pending = [
            (leaf, status)
            for leaf in entered
            if is_leaf(view.place[leaf])
            for status in after(_IDLE, entered | happened)
        ]
        seen: set[tuple[str, str]] = set()
        while pending:
            here = pending.pop()
            if here in seen:
                continue
            seen.add(here)
            leaf, status = here
            for happens, onward in noticed(leaf):
                pending += [(onward, then) for then in after(status, happens) if (onward, then) not in seen]
        return seen

    first = walk(frozenset(graph.begun()), frozenset({"open"}))
    lived = {leaf for leaf, _ in first}
    again: set[tuple[str, str]] = set()
    for step in view.own[""]:
        stays = sla.on_reopen == "closed" and any(status == _RUNNING for _, status in first)
        if step.trigger == "reopen" and step.branch.to and not stays:
            again |= walk(frozenset(graph.entered(step.branch.to)), frozenset({"open", "reopen"}))
    # What only a reopened case would have running does not help one in its first life.
    seen = first | {(leaf, status) for leaf, status in again if leaf not in lived}
    every = first | again
    return _Life(
        frozenset(leaf for leaf, status in seen if status == _RUNNING and not halted(leaf)),
        any(status != _IDLE for _, status in every),
        computed((*sla.stop, *sla.cancel)) or any(status == _ENDED for _, status in every),
    )
