"""The decision alone: `decide` and `evolve` without a store, beside a bare `transitions` machine with the same guard."""

from __future__ import annotations

import tempfile
from itertools import islice, pairwise
from pathlib import Path

from guanjia import Actor, Command
from guanjia.clock import SECOND
from guanjia.core import compile, decide, evolve, fold
from guanjia.language import OfficeFiles
from transitions import Machine

from . import office
from .measure import Measured, rates

EACH, TURNS = 1_000, 11


class Walker:
    state = office.STATES[0]
    level = 1

    def allowed(self) -> bool:
        return self.level >= 0


def measure() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        program = compile(OfficeFiles(office.make(Path(folder))).version("row"))
    actor = Actor(office.STAFF, ("agent",))
    opening = Command("open", "row", values={"summary": "灯不亮", "level": 1}, actor=actor)
    start = fold(decide(program, None, opening, 0, {"id": "bench", "number": "R-0000001"}))
    commands = [Command("act", action, case=start.id, actor=actor) for action in islice(office.to_and_fro(), EACH)]

    machine = Machine(model=None, states=office.STATES, initial="s1", auto_transitions=False)
    for here, there in pairwise(office.STATES):
        machine.add_transition("forward", here, there, conditions="allowed")
        machine.add_transition("back", there, here, conditions="allowed")

    def ours() -> str:
        case = start
        for number, command in enumerate(commands, 1):
            for event in decide(program, case, command, number * SECOND, {}):
                case = evolve(case, event)
        return case.states[0]

    def theirs() -> str:
        walker = Walker()
        for command in commands:
            machine.events[command.name].trigger(walker)
        return walker.state

    assert ours() == theirs() != start.states[0]
    return [rates("decide + evolve", "a bare transitions machine", ours, theirs, each=EACH, turns=TURNS)]
