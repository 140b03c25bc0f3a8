"""The shape of the graph: where states begin, how they nest, which can be reached, and which let nobody out."""

from __future__ import annotations

from ...errors import Text
from ...model.procedure import State
from ...model.survey import Place, Step
from .view import STATE, View, likely


def check_shape(view: View) -> None:
    for place in view.places:
        _composite(view, place)
        if place.state.final:
            _final(view, place)
        if place.state.history:
            _history(view, place)
    for place in view.places:
        _branches(view, place)


def check_flow(view: View) -> None:
    """What can be reached, what lets nobody out, what goes round for ever."""
    graph = Graph(view)
    reached = graph.reached()
    for place in view.places[1:]:
        if place.name not in reached and view.place[place.name] is place:
            view.say(
                place.path, "unreachable-state",
                Text(f"没有任何路能走到“{place.name}”", f"nothing leads to the state {place.name!r}"),
                Text("请加一个 to 指向它的转移，或删除它", "add a transition with `to` it, or delete it"), key=True,
            )  # fmt: skip
    _dead_ends(view, graph, reached)
    _always_loops(view, graph)


class Graph:
    """Who leads where. A target that does not exist leads nowhere; that is said elsewhere."""

    def __init__(self, view: View) -> None:
        self.view = view

    def entered(self, name: str) -> set[str]:
        """Every state that is active once `name` was entered: those around it, and the initial ones inside."""
        place = self.view.place.get(name)
        if place is None:
            return set()
        found = {name, *place.above} - {""}
        for above in place.above:
            # The other tracks of a parallel state around it begin as well.
            found |= self._inside_tracks(self.view.place[above].state, found)
        found |= self._inside_tracks(self.view.procedure, found)
        return found | self._inside(place)

    def begun(self) -> set[str]:
        """Every state that is active when a case begins."""
        return self._inside(self.view.places[0])

    def _inside_tracks(self, state: State, found: set[str]) -> set[str]:
        begun: set[str] = set()
        for track in state.tracks:
            if track not in found and track in self.view.place:
                begun |= {track} | self._inside(self.view.place[track])
        return begun

    def _inside(self, place: Place) -> set[str]:
        state, found = place.state, set()
        below = [state.initial] if state.states else []
        if state.history:
            below = [state.default] if state.default else []
        for name in (*below, *state.tracks):
            child = self.view.place.get(name or "")
            if name and child is not None and child is not place:
                found |= {name} if state.history else {name} | self._inside(child)
        return found

    def leaves(self, name: str) -> set[str]:
        """The innermost states that are active once `name` was entered."""
        return {each for each in self.entered(name) if is_leaf(self.view.place[each])}

    def steps(self, place: Place) -> list[Step]:
        """The branches that can be taken while in `place`: its own, then those of the states around it."""
        found = list(self.view.own[place.name]) if place.name else []
        for above in reversed(place.above):
            found += self.view.own[above]
        return [step for step in (*found, *self.view.own[""]) if step.trigger != "reopen"]

    def reached(self) -> set[str]:
        view = self.view
        found: set[str] = set()
        pending = list(self.begun())
        pending += [step.branch.to for step in view.own[""] if step.branch.to]
        while pending:
            name = pending.pop()
            fresh = self.entered(name) - found
            found |= fresh
            for each in fresh:
                pending += [step.branch.to for step in view.own[each] if step.branch.to]
                default = view.place[each].state.default
                pending += [default] if default else []
        return found


def is_leaf(place: Place) -> bool:
    return not place.state.states and not place.state.tracks and not place.state.history


def _composite(view: View, place: Place) -> None:
    state, path = place.state, place.path
    if state.states and state.tracks:
        view.say(
            (*path, "tracks"), "states-and-tracks",
            Text("states 和 tracks 不能同时出现", "states and tracks cannot stand together"),
            Text("把其中一个放进单独的状态里", "put one of them into a state of its own"), key=True,
        )  # fmt: skip
    elif state.states:
        if state.initial is None:
            view.say(
                (*path, "states"), "no-initial", Text("缺少 initial：从哪个状态开始？", "initial is missing: where does it begin?"),
                likely("", state.states), key=True,
            )  # fmt: skip
        else:
            inner = Text("下级状态", "state inside")
            view.known((*path, "initial"), inner, "unknown-state", state.initial, state.states)
    elif state.initial is not None:
        view.say(
            (*path, "initial"), "initial-without-states",
            Text("这里没有 states，initial 没有意义", "there are no states here for initial to name"), key=True,
        )  # fmt: skip
    elif place.track:
        view.say(
            path, "track-without-states",
            Text(f"并行线“{place.name}”里没有 states", f"the track {place.name!r} has no states"),
            Text("写上 initial 和 states", "give it initial and states"), key=True,
        )  # fmt: skip
    elif not place.name and not state.tracks:
        view.say(
            path,
            "no-states",
            Text("流程没有 states", "the procedure has no states"),
            Text("写上 initial 和 states", "give it initial and states"),
        )
    if place.track and state.tracks:
        view.say(
            (*path, "tracks"), "track-in-track",
            Text("并行线里不能直接再分并行线", "a track cannot be divided into tracks directly"),
            Text("在中间加一个状态", "put a state between them"), key=True,
        )  # fmt: skip


def _final(view: View, place: Place) -> None:
    state = place.state
    for key in ("transitions", "signals", "after", "always", "breach", "exit"):
        if getattr(state, key):
            view.say(
                (*place.path, key), "final-with-exit",
                Text("终态（final）不能再有出路", "a final state has no way out"),
                Text("重新开启请写在最外层的 reopen", "to begin again, write reopen at the top level"), key=True,
            )  # fmt: skip
    if state.states or state.tracks or state.history:
        view.say(
            (*place.path, "final"), "final-with-states",
            Text("终态里不能再有 states、tracks 或 history", "a final state has no states, tracks or history"), key=True,
        )  # fmt: skip
    if place.track:
        view.say(
            (*place.path, "final"),
            "final-track",
            Text("并行线本身不能是终态", "a track itself cannot be final"),
            key=True,
        )


def _history(view: View, place: Place) -> None:
    state = place.state
    if state.default is not None:
        view.known((*place.path, "default"), STATE, "unknown-state", state.default, view.states)
    for key in ("transitions", "signals", "after", "always", "breach", "entry", "exit", "states", "tracks", "outcome"):
        if getattr(state, key):
            view.say(
                (*place.path, key), "history-with-body",
                Text("历史状态只能有 history 和 default", "a history state has only history and default"), key=True,
            )  # fmt: skip
    if not place.above:
        view.say(
            (*place.path, "history"), "history-at-top",
            Text("历史状态要放在一个复合状态里面", "a history state stands inside a compound state"), key=True,
        )  # fmt: skip


def _branches(view: View, place: Place) -> None:
    """Of several branches the first that holds is taken: what follows one that always holds is never reached."""
    open_end: tuple[str, str] | None = None
    for step in view.own[place.name]:
        trigger = (step.trigger, step.name)
        if open_end == trigger:
            view.warn(
                step.path, "unreachable-branch",
                Text("前面的分支没有条件，这一支永远轮不到", "the branch before has no condition: this one is never taken"),
                Text("给前面的分支加 guard，或删除这一支", "give the one before a guard, or delete this one"),
            )  # fmt: skip
        branch = step.branch
        if not (branch.guard or branch.by or branch.not_by or branch.at_most or branch.require):
            open_end = trigger


def _dead_ends(view: View, graph: Graph, reached: set[str]) -> None:
    for place in view.places[1:]:
        if place.state.final or not is_leaf(place) or place.name not in reached or place.track:
            continue
        if any(step.branch.to not in (None, place.name) for step in graph.steps(place)) or _left_by_others(view, place):
            continue
        view.say(
            place.path, "dead-end",
            Text(f"进了“{place.name}”就再也出不来", f"there is no way out of the state {place.name!r}"),
            Text("加一个有 to 的转移；若到此结束，写 final: true", "add a transition with `to`; if it ends here, write final: true"),
            key=True,
        )  # fmt: skip


def _left_by_others(view: View, place: Place) -> bool:
    """Whether another track of a parallel state around `place` has a branch that leaves them all."""
    for above in (*place.above, ""):
        outer = view.place[above]
        if not outer.state.tracks:
            continue
        inside = {each.name for each in view.places if above in each.above or not above}
        if any(step.branch.to not in {None, *inside} for name in inside for step in view.own.get(name, ())):
            return True
    return False


def _always_loops(view: View, graph: Graph) -> None:
    """`always` branches that nothing holds back and that lead round in a circle would never come to rest."""
    free: dict[str, Step] = {}
    for place in view.places:
        for step in view.own[place.name]:
            if step.trigger == "always" and not step.branch.guard:
                free.setdefault(place.name, step)
    edges = {name: graph.entered(step.branch.to) if step.branch.to else {name} for name, step in free.items()}
    for name, step in free.items():
        seen: set[str] = set()
        pending = [name]
        while pending:
            onward = edges.get(pending.pop(), set()) - seen
            seen |= onward
            pending += onward
        if name in seen or not name:
            view.say(
                step.path, "always-loop",
                Text("这个 always 没有 guard，会一直转下去", "this always has no guard and would go round for ever"),
                Text("加上 guard", "give it a guard"),
            )  # fmt: skip
