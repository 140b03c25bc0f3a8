"""The `transitions` machine of a program: asked for a trigger in a state, it tries that state's branches in turn.

Its transitions lead nowhere and call nobody back: where a branch leads is worked out in `step`. So all there is to one is
its condition, and the library's way past its (empty) lists of callbacks is left out: half of what a trigger cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transitions import EventData, Machine as Flat, Transition

if TYPE_CHECKING:
    from .attempt import Attempt
    from .program import BranchProgram


class Choice(Transition):
    """One branch, taken when the attempt that is made finds nothing against it."""

    def __init__(self, *args: Any, branch: BranchProgram) -> None:
        super().__init__(*args)
        self.branch = branch

    def execute(self, event_data: EventData) -> bool:
        attempt: Attempt = event_data.args[0]  # type: ignore[index]  # a tuple, whatever the library's types say
        return attempt.consider(self.branch)


class Machine(Flat):
    transition_cls = Choice


def machine(branches: Mapping[str, Mapping[str, Sequence[BranchProgram]]], leaves: Sequence[str]) -> Machine:
    """The machine over innermost states (`leaves`) with the branches of each by trigger, in the order of asking."""
    made = Machine(
        model=None, states=leaves, initial=leaves[0], auto_transitions=False, queued=False, ignore_invalid_triggers=True
    )
    for leaf, table in branches.items():
        for trigger, several in table.items():
            for branch in several:
                made.add_transition(trigger, leaf, None, branch=branch)
    return made
