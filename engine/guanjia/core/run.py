"""One command on its way to completion: the steps that it takes, and what follows from them by itself.

A step is recorded as an event, and the case after it is what the next step sees. `always` transitions and the case's own
signals are taken until nothing moves; what time brings (a delay, a threshold, a level of a ladder) is a step like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import Instant
from ..errors import Refused, Text
from ..model.case import Case
from ..model.event import SYSTEM, Actor, Command, Event, EventType
from ..model.procedure import Field
from . import assigning, clocks, ladders
from .assigning import conflicted
from .attempt import Attempt, select
from .evolve import evolve
from .parts import BranchProgram
from .program import Program
from .step import Step
from .surroundings import Facts, Surroundings

UNDOABLE = frozenset({"acted", "reopened", "edited", "assigned", "adjusted", "acknowledged", "merged"})
"""What somebody does that he may take back."""

MOST_STEPS = 200
"""Steps that one command may cause by itself before it is called a loop."""


class Run:
    """One command on its way to completion: the events so far and the case after them."""

    def __init__(
        self, program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
    ) -> None:
        self.program = program
        self._case = case
        self._ahead: list[Event] = []
        self.command = command
        self.now = now
        self.given = facts
        self.recorded: Instant = facts.get("recorded", now)
        self.personal: Mapping[str, Any] = facts.get("personal", {})
        self.events: list[Event] = []
        self.raised: list[str] = []
        self.asked: Mapping[str, Field] = {}
        """The fields that the action or signal asks for."""
        self.window: int | None = program.undo
        """How long what is done now may be taken back."""

    @property
    def case(self) -> Case | None:
        """The case after the events so far; they are folded in when somebody looks."""
        for event in self._ahead:
            self._case = evolve(self._case, event)
        self._ahead.clear()
        return self._case

    # -- to completion

    def complete(self) -> None:
        """`always` transitions, then own signals in the order raised, until nothing moves."""
        if not self.raised and "always" not in self.program.machine.events:
            return
        for _ in range(MOST_STEPS):
            case = self.case
            if case is None or case.finished or not self.events:
                return
            if self.moved(case):
                continue
            if not self.raised:
                return
            self.signalled(self.raised.pop(0), {}, SYSTEM, own=True)
        names = " -> ".join(dict.fromkeys(event.name for event in self.events[-8:] if event.name))
        raise Refused(
            "loop",
            Text(f"流程在这里转圈，停不下来：{names}", f"The procedure goes round in a circle here: {names}"),
            Text("检查这些状态的 always 和 emit。", "Look at `always` and `emit` of these states."),
        )

    def relieve(self) -> None:
        """Where whoever is responsible has come to have a conflict of interest, somebody else takes over."""
        if not self.program.procedure.conflicts or not self.events:
            return
        case = self.present()
        barred = conflicted(self.program, case, self.personal)
        if case.finished or case.assignee is None or case.assignee not in barred:
            return
        step, before = self.step(case, {}, SYSTEM), self.before(case, {})
        assigning.relieve(step, case.assignee)
        if step.assignee is not None:
            step.do(self.program.on_assign)
        self.record("assigned", step.assignee or "", step, before, {"conflict": True}, actor=SYSTEM)
        self.complete()

    def moved(self, case: Case) -> bool:
        if "always" not in self.program.machine.events:
            return False
        step = self.step(case, {}, SYSTEM)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, "always", attempt)
        if not taken:
            return False
        before = self.before(case, {})
        for branch, leaf in taken:
            step.take(branch, leaf)
        if not step.data:
            return False
        self.record("moved", taken[0][0].owner.name, step, before, actor=SYSTEM)
        return True

    def signalled(self, name: str, inputs: dict[str, Any], actor: Actor, *, own: bool = False) -> bool:
        case = self.present()
        if case.finished:
            return False
        self.asked = self.program.inputs.get(("signal", name), {})
        step = self.step(case, inputs, actor)
        attempt = Attempt(self.program, case, step.see, actor, by_person=False, inputs=inputs)
        taken = select(self.program, case.states, f"signal:{name}", attempt)
        if not taken and name not in self.program.heard:
            return False
        before = self.before(case, inputs)
        for branch, _ in taken:
            self.default(step, branch)
        step.happens(name)
        for branch, leaf in taken:
            step.take(branch, leaf)
        about: dict[str, Any] = {"input": inputs} if inputs else {}
        if own:
            about["own"] = True
        self.record("signalled", name, step, before, about, actor=actor)
        return True

    def elapsed(self, case: Case, key: str) -> None:
        armed = case.delays[key]
        step = self.step(case, {}, SYSTEM)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, f"delay:{key}", attempt)
        step.data["delays"] = {key: None}
        before = self.before(case, {})
        step.happens(armed.name)
        for branch, leaf in taken:
            step.take(branch, leaf)
        definition = next(item for item in self.program.node(armed.state).delays if item.key == key)
        if definition.delay.every is not None and armed.state not in step.data.get("exited", ()):
            step.arm(definition, armed.due, again=True)
        self.record("elapsed", key, step, before, actor=SYSTEM)

    def climbed(self, case: Case, key: str) -> None:
        step = self.step(case, {}, SYSTEM)
        before = self.before(case, {})
        ladders.climb(step, key)
        alarmed = step.climbs[key].alarmed_at is not None
        self.record("alarmed" if alarmed else "climbed", key, step, before, actor=SYSTEM)

    def reached(self, case: Case, key: str) -> None:
        name, _, threshold = key.partition(".")
        step = self.step(case, {}, SYSTEM)
        step.clock = step.see.clock = name
        fired = clocks.fire(case.clocks[name], threshold, self.now)
        breaches = fired.breached_at is not None and case.clocks[name].breached_at is None
        step.put(fired)
        before = self.before(case, {})
        # Effects and guards see the clock as it is once the threshold is reached.
        step.see.case = case.changed(clocks=step.clocks)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, f"breach:{name}", attempt) if breaches else []
        step.do(self.program.clock_by_name[name].by_name[threshold].effects)
        for branch, leaf in taken:
            step.take(branch, leaf)
        self.record("reached", key, step, before, actor=SYSTEM)

    # -- pieces

    def present(self) -> Case:
        case = self.case
        assert case is not None
        return case

    def step(self, case: Case, inputs: Mapping[str, Any], actor: Actor | None = None) -> Step:
        return Step(
            self.program,
            case,
            self.now,
            actor or self.command.actor,
            Facts(self.given),
            self.personal,
            inputs,
            self.asked,
        )

    def before(self, case: Case, inputs: Mapping[str, Any]) -> Surroundings | None:
        """What expressions saw ahead of the step; None where no clock begins as one becomes true."""
        if not self.program.rises:
            return None
        return Surroundings(
            self.program, case, self.now, self.command.actor, Facts(self.given), self.personal, inputs, asked=self.asked
        )

    def default(self, step: Step, branch: BranchProgram) -> None:
        absent = {name: value for name, value in branch.defaults.items() if step.see.inputs.get(name) is None}
        if absent:
            step.see.inputs = {**step.see.inputs, **absent}

    def record(
        self, type: EventType, name: str, step: Step, before: Surroundings | None, extra: Mapping[str, Any] | None = None,
        *, actor: Actor | None = None, quiet: bool = False,
    ) -> None:  # fmt: skip
        if self.command.reason and not self.events:
            step.data["reason"] = self.command.reason
        data = step.data if quiet else step.settle(before)
        if quiet and step.facts.used:
            data["facts"] = dict(step.facts.used)
        if self.given.get("quiet"):
            data["quiet"] = True
        elif self.window and not self.events and type in UNDOABLE:
            data["undo"] = self.recorded + self.window
        if (by := self.given.get("taken_in")) is not None:
            data["taken_in"] = by
        if actor is None and self.command.actor.through is not None:
            data["through"] = self.command.actor.through
        event = Event(
            step.case.id, step.case.seq + 1, type, name, (actor or self.command.actor).id, self.now, self.recorded,
            {**(extra or {}), **data},
        )  # fmt: skip
        self._ahead.append(event)
        self.events.append(event)
        self.raised.extend(step.raised)
