"""The `transitions` machine of a program: asked for a trigger in a state, it tries that state's branches in turn.

Its transitions lead nowhere and call nobody back: where a branch leads is worked out in `step`. So of the library's way from
a trigger to the transition that is taken only the choice itself is left, without the callbacks, the queue and the record of
what is going on that nobody here looks at: they were four fifths of what a trigger cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transitions import Event, Machine as Flat, Transition

if TYPE_CHECKING:
    from .attempt import Attempt
    from .parts import BranchProgram


class Choice(Transition):
    """One branch, in one of the states that it may be taken from."""

    def __init__(self, *args: Any, branch: BranchProgram) -> None:
        super().__init__(*args)
        self.branch = branch


class Trigger(Event):
    def trigger(self, model: Any, attempt: Attempt) -> bool:
        """Take the first branch of the model's state against which the attempt finds nothing; False when there is none."""
        choices: list[Choice] = self.transitions[model.state]  # type: ignore[assignment]
        for choice in choices:  # noqa: SIM110  # not any(…): most states have one
            if attempt.consider(choice.branch):
                return True
        return False


class Machine(Flat):
    event_cls = Trigger
    transition_cls = Choice


def machine(branches: Mapping[str, Mapping[str, Sequence[BranchProgram]]], leaves: Sequence[str]) -> Machine:
    """The machine over innermost states (`leaves`) with the branches of each by trigger, in the order of asking."""
    made = Machine(model=None, states=leaves, initial=leaves[0], auto_transitions=False, queued=False)
    for leaf, table in branches.items():
        for trigger, several in table.items():
            for branch in several:
                made.add_transition(trigger, leaf, None, branch=branch)
    return made
