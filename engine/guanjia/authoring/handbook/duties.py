"""Who has to do what: the actions of each role with the limits that hang on them, and what a role is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...errors import Text
from ...model.effects import Effect, Escalate
from ...model.procedure import Branch, Procedure, State
from .regulations import Limit, Regulation, states_of

Duties = Mapping[Text, Sequence[Text]]
"""Action -> the clocks that it ends, in whichever state it is done."""


def duties(regulation: Regulation) -> dict[str, Duties]:
    """Role or relation -> what it does, in the order written."""
    it = regulation.procedure
    limits: dict[str, list[Limit]] = defaultdict(list)
    for limit in regulation.limits():
        limits[limit.clock].append(limit)
    found: dict[str, dict[Text, dict[Text, None]]] = defaultdict(lambda: defaultdict(dict))
    for word in it.open_by:
        if word != "system":
            found[_who(word)][Text("登记", "open a case")] = {}
    for owner, state, above in states_of(it):
        for action, branches in state.transitions.items():
            ended = {name for branch in branches for name in _ended(it, owner, above, action, branch)}
            clocks = {_clock(regulation, name, limits[name]): None for name in it.sla if name in ended}
            for word in (_who(word) for branch in branches for word in branch.by):
                found[word][regulation.plainly(action)] |= clocks
    return {word: {action: list(clocks) for action, clocks in each.items()} for word, each in found.items()}


class Told(NamedTuple):
    """What somebody is told: notices by their names, which clocks are late or nearly so, and what is escalated to them."""

    notices: list[Text]
    late: list[Text]
    ladders: list[Text]


def told(regulation: Regulation) -> dict[str, Told]:
    """Role or relation -> what it is told, each thing once."""
    it, found = regulation.procedure, defaultdict[str, Told](lambda: Told([], [], []))

    def tell(kept: Callable[[Told], list[Text]], words: Iterable[str], what: Text) -> None:
        for told in (kept(found[_who(word)]) for word in words):
            if what not in told:
                told.append(what)

    late = {id(effect): clock for clock, sla in it.sla.items() for effects in sla.at.values() for effect in effects}
    for effect in _effects(it):
        for template, to in (effect.notify or {}).items():
            tell(lambda told: told.notices, to.to, regulation.notice(template))
        if effect.escalate is not None and (clock := late.get(id(effect))) is not None:
            tell(lambda told: told.late, effect.escalate.to, regulation.plainly(clock))
    for name, ladder in it.ladders.items():
        for level in ladder.levels:
            tell(lambda told: told.ladders, level.to, regulation.plainly(name))
    for effect in _effects(it):
        if effect.escalate is not None and id(effect) not in late:
            called = effect.escalate.template
            late_itself = called == Escalate.model_fields["template"].default
            what = Text("到时未办的", "what was not done in time") if late_itself else regulation.notice(called)
            tell(lambda told: told.ladders, effect.escalate.to, what)
    return dict(found)


def _clock(regulation: Regulation, name: str, limits: list[Limit]) -> Text:
    """A clock by its name; with how long it is where it is as long for everybody."""
    called = regulation.plainly(name)
    if len(limits) > 1 or limits[0].when is not None:
        return called
    return Text(f"{called.zh}，{limits[0].measure.zh}", f"{called.en}, {limits[0].measure.en}")


def _ended(it: Procedure, owner: str, above: tuple[str, ...], action: str, branch: Branch) -> Iterable[str]:
    """The clocks that this step stops, by its name or by a state that it enters, of those that may run then: one that a state starts
    which has nothing to do with this one has ended before."""
    around = {owner, *above}
    entered = {action, *_entered(it, branch.to, around)} if branch.to else {action}
    states = {name: {name, *over} for name, _, over in it.walk()}

    def may_run(word: str) -> bool:
        return word not in states or bool(states[word] & around) or owner in states[word]

    return (name for name, sla in it.sla.items() if entered.intersection(sla.stop) and any(map(may_run, sla.start)))


def _entered(it: Procedure, to: str, inside: set[str]) -> Iterator[str]:
    for name, state, above in it.walk():
        if name == to:
            yield from (each for each in above if each not in inside)
            yield name
            inner: State | None = state
            while inner is not None and inner.initial:
                yield inner.initial
                inner = inner.states.get(inner.initial)


def _effects(it: Procedure) -> Iterator[Effect]:
    yield from (*it.on_assign, *it.on_merge)
    yield from (effect for branch in it.reopen for effect in branch.do)
    yield from (effect for sla in it.sla.values() for effects in sla.at.values() for effect in effects)
    yield from (effect for count in it.counts.values() for effects in count.at.values() for effect in effects)
    for _, state, _ in states_of(it):
        yield from (*state.entry, *state.exit)
        groups = [*state.transitions.values(), *state.signals.values(), state.always, *state.breach.values()]
        for branch in (
            branch for group in (*groups, *(delay.branches for delay in state.after.values())) for branch in group
        ):
            yield from branch.do


def _who(word: str) -> str:
    """The role in `reception for customer`, `on_duty:engineer`, `lead:team`."""
    return word.partition(" for ")[0].removeprefix("on_duty:")
