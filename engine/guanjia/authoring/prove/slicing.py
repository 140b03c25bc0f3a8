"""The procedure without what a lens does not see, so that the core does not work on it at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...model.effects import Effect
from ...model.node import Labelled
from ...model.procedure import Procedure, Sla, State
from ...model.version import Version
from .relevance import Lens, is_role, matters

_SAID = Labelled(zh="—", en="—")


def sliced(version: Version, lens: Lens) -> Version:
    """The version without what the lens does not see: clocks, ladders, and effects that tell somebody something."""
    procedure = version.procedure

    def kept(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        return tuple(map(bare, (effect for effect in effects if matters(lens, effect))))

    def bare(effect: Effect) -> Effect:
        if effect.open is not None:
            named = {name: child.model_copy(update={"with_": {}}) for name, child in effect.open.items()}
            return effect.model_copy(update={"open": named})
        if effect.set is not None:
            wanted = lens.chained if lens.havoc else lens.fields
            seen = {name: value for name, value in effect.set.items() if name in wanted}
            return effect.model_copy(update={"set": seen})
        return effect

    def branch(name: str, body: Any) -> Any:
        # To say why a guard fails takes the core long.
        guards = tuple(guard.model_copy(update={"else_": _SAID}) for guard in body.guard)
        at_most = body.at_most if lens.counts.get(name, 0) >= (body.at_most or 0) else None
        bare = {"do": kept(body.do), "guard": guards, "at_most": at_most}
        if lens.coarse:
            bare |= {"by": () if "assignee" in body.by else body.by}
            if not any(map(is_role, body.by or ("anyone",))):
                bare |= {"not_by": tuple(other for other in body.not_by if other in lens.by)}
        return body.model_copy(update=bare)

    def all_of(name: str, several: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(branch(name, body) for body in several)

    def bodies(kind: str, table: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: all_of(name, several) for name, several in table.items() if (f"{kind}:{name}", name) in lens.moving
        }

    def inside(name: str, state: State) -> dict[str, Any]:
        return {
            "entry": kept(state.entry), "exit": kept(state.exit),
            "transitions": bodies("act", state.transitions), "signals": bodies("signal", state.signals), "breach": bodies("breach", state.breach),
            "always": all_of(name, state.always),
            "after": {
                called: delay.model_copy(update={"branches": all_of(called, delay.branches)})
                for called, delay in state.after.items()
                if (f"delay:{name}.{called}", called) in lens.moving
            },
            "states": {name: child.model_copy(update=inside(name, child)) for name, child in state.states.items()},
            "tracks": {name: child.model_copy(update=inside(name, child)) for name, child in state.tracks.items()},
        }  # fmt: skip

    def clock(clock_: str, sla: Sla) -> Sla:
        if clock_ in lens.shown:
            return sla.model_copy(update={"at": {name: kept(effects) for name, effects in sla.at.items()}})
        bare = {name: kept(effects) for name, effects in sla.at.items()}
        if lens.escalated and any(effect.escalate and effect.when is None for effect in bare.get("due", ())):
            return sla.model_copy(update={"at": {"due": bare["due"]}})  # once it is escalated nothing more is asked
        return sla.model_copy(update={"at": {name: done for name, done in bare.items() if done or name == "due"}})

    without: Procedure = procedure.model_copy(
        update={
            **inside(procedure.procedure, procedure),
            "sla": {name: clock(name, sla) for name, sla in procedure.sla.items() if name in lens.clocks},
            "ladders": {
                name: ladder
                for name, ladder in procedure.ladders.items()
                if name in lens.ladders or lens.escalated
            },
            "reopen": all_of("reopen", procedure.reopen),
            "on_assign": kept(procedure.on_assign),
            "on_merge": (),
            "four_eyes": () if lens.coarse else procedure.four_eyes,
            "properties": {},
            "labels": {},
        }
    )  # fmt: skip
    return Version(procedure=without, calendars=version.calendars)
