"""Whether a branch may be followed now, and if not, exactly why.

The machine asks `consider` for each branch in turn; the first that passes is taken. What refused the others is kept, so
that a refusal names the role, the field or the very part of the guard, in the author's words where there are some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import spoken
from ..errors import Refused, Text, often
from ..expressions import Expression, Part
from ..model.case import Case, Past
from ..model.event import Actor
from ..values import spelled
from .allowing import HIDDEN, allowed, hidden
from .assigning import conflicted
from .parts import BranchProgram, Node
from .program import Program
from .surroundings import Surroundings, called, entitled, read_out, shown


@dataclass(slots=True)
class Token:
    """The throw-away model that the machine moves."""

    state: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stood in the way of one branch. A higher rank was nearer to passing."""

    rank: int
    code: str
    text: Text
    missing: tuple[str, ...] = ()


_FAILS = Obstacle(5, "guard", Text("", ""))
"""Of what no person does nobody asks why it was not done."""


@dataclass(slots=True)
class Attempt:
    program: Program
    case: Case
    see: Surroundings
    actor: Actor
    by_person: bool
    """Roles, four eyes and required fields concern people; a delay or a breach has only its guard."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    probing: bool = False
    """Only asking what could be done: what a person would still fill in does not count as an obstacle."""
    chosen: BranchProgram | None = None
    obstacles: list[Obstacle] = field(default_factory=list)
    missing: tuple[str, ...] = ()

    def consider(self, branch: BranchProgram) -> bool:
        obstacle = self._judge(branch)
        if obstacle is None:
            self.chosen = branch
            return True
        self.obstacles.append(obstacle)
        return False

    def refusal(self, action: str, possible: tuple[str, ...]) -> Refused:
        """The refusal to show: of the branch that came nearest to being taken."""
        nearest = max(self.obstacles, key=lambda item: item.rank)
        hint = self.choice(possible) if nearest.code not in ("field", "guard") else None
        return Refused(
            nearest.code, nearest.text, hint,
            case=self.case.number, action=action, possible=list(possible), missing=list(nearest.missing),
        )  # fmt: skip

    def choice(self, possible: tuple[str, ...]) -> Text:
        """What whoever asks could do instead."""
        labels = self.all(possible)
        who = self.actor.name or self.actor.id
        if possible:
            return Text(f"{who}现在可以：{labels.zh}", f"{who} can do now: {labels.en}")
        return Text(f"{who}现在没有可办的操作。", f"There is nothing that {who} can do now.")

    def _judge(self, program: BranchProgram) -> Obstacle | None:
        if self.by_person:
            if program.by and not allowed(program.by, self.actor, self.case):
                return self._wrong_role(program)
            if self.program.procedure.conflicts and not self._conflicted().isdisjoint(self._persons()):
                return Obstacle(2, "conflict", conflict(self.case))
            for action in program.not_by:
                past = self.case.past.get(action)
                if past is not None and not {past.by, past.through}.isdisjoint(self._persons()):
                    return Obstacle(2, "not_by", self._twice(action, past))
        if program.at_most is not None:
            past = self.case.past.get(program.name)
            if past is not None and past.count >= program.at_most:
                return Obstacle(
                    3, "at_most",
                    Text(f"最多 {program.at_most} 次，已经用完。", f"At most {often(program.at_most)}, and that is used up."),
                )  # fmt: skip
        if program.within is not None and (obstacle := self._too_late(program)) is not None:
            return obstacle
        if self.case.waits and (target := program.target) is not None and target.finishes:
            waiting = [name for name in self.case.waits if self.see.look(("child", name, "open"))]
            if waiting:
                names = self.all(tuple(waiting))
                return Obstacle(
                    4, "child", Text(f"还在等子工单办结：{names.zh}", f"Still waiting for the child cases: {names.en}")
                )  # fmt: skip
        self.missing = self._missing(program)
        if self.missing and not self.probing:
            names = self.all(self.missing)
            hopeless = any(expression.settled(self.see, self._open) is False for _, expression in program.guards)
            return Obstacle(
                6 if hopeless else 7, "field", Text(f"还须填写：{names.zh}", f"Still needed: {names.en}"), self.missing
            )  # fmt: skip
        return self._guarded(program)

    def _twice(self, action: str, past: Past) -> Text:
        """That one person would do both; in whose name counts for nothing."""
        name = self.one(action)
        if self.actor.through is None and past.by == self.actor.id:
            return Text(
                f"“{name.zh}”是您本人做的，这一步须由另一人办理。",
                f"You did “{name.en}” yourself; somebody else must do this.",
            )
        return Text(
            f"“{name.zh}”和这一步出自同一人之手（代别人办的也算），须由另一人办理。",
            f"“{name.en}” was done by the same person, in whichever name; somebody else must do this.",
        )

    def _persons(self) -> tuple[str, ...]:
        """Whoever acts, and whoever really does it."""
        return (self.actor.id,) if self.actor.through is None else (self.actor.id, self.actor.through)

    def _conflicted(self) -> frozenset[str]:
        """Whoever has a conflict of interest, before what this very action changes or after it; customers have none."""
        if self.actor.kind != "staff":
            return frozenset()
        program, case, personal = self.program, self.case, self.see.personal
        return conflicted(program, case, personal) | conflicted(program, case, personal, self.see.fields)

    def _wrong_role(self, program: BranchProgram) -> Obstacle:
        words = [entitled(self.see.facts.given, word) for word in program.by]
        if self.case.assignee and "assignee" in program.by:
            words[program.by.index("assignee")] = spelled(entitled({}, "assignee"), self.case.assignee)
        who = Text("、".join(word.zh for word in words), ", ".join(word.en for word in words))
        what, actor = self.one(program.name), self.actor.name or self.actor.id
        return Obstacle(
            1, "role",
            Text(f"“{what.zh}”只能由{who.zh}办理；{actor}不是。", f"Only {who.en} may do “{what.en}”; {actor} is not."),
        )  # fmt: skip

    def _too_late(self, program: BranchProgram) -> Obstacle | None:
        amount, closed = program.within, self.case.closed_at
        if amount is None or closed is None:
            return None
        calendar = self.program.calendar(None)
        until = calendar.after(closed, amount)
        if self.see.now < until:
            return None
        at = spoken(until, calendar.zone)
        return Obstacle(3, "window", Text(f"期限已过：只能在 {at} 之前。", f"Too late: this was possible until {at}."))

    def _missing(self, program: BranchProgram) -> tuple[str, ...]:
        if not self.by_person or not (program.require or program.asked):
            return ()
        fields = tuple(name for name in program.require if self.see.fields.get(name) is None)
        return (*fields, *(name for name in program.asked if self.inputs.get(name) is None))

    def _guarded(self, program: BranchProgram) -> Obstacle | None:
        for guard, expression in program.guards:
            if self.probing and expression.settled(self.see, self._open) is not False:
                continue
            if not self.probing and expression.evaluate(self.see):
                continue
            if not self.by_person:
                return _FAILS
            if guard.else_ is not None and (guard.else_.zh or guard.else_.en):
                zh, en = guard.else_.zh or guard.else_.en or "", guard.else_.en or guard.else_.zh or ""
                return Obstacle(5, "guard", Text(zh, en))
            parts = expression.explain(self.see)
            parts = [part for part in parts if not (self.probing and any(map(self._open, part.values)))]
            told = [self._told(part) for part in parts]
            zh, en = "；".join(text.zh for text in told), "; ".join(text.en for text in told)
            return Obstacle(5, "guard", Text(f"条件不成立：{zh}", f"The guard does not hold: {en}"))
        return None

    def _told(self, part: Part) -> Text:
        """A part of a guard that fails, and what its names stand for now."""
        source, unread = read_out(self.program, part.source), hidden(self.program, self.case, self.actor)
        values = [
            (
                read_out(self.program, ".".join(path)),
                Text(HIDDEN, HIDDEN) if path[0] in unread else shown(self.program, path, value),
            )
            for path, value in part.values.items()
        ]
        return Text(
            source.zh + "".join(f"［{name.zh} = {value.zh}］" for name, value in values),
            source.en + "".join(f" [{name.en} = {value.en}]" for name, value in values),
        )

    def _open(self, path: tuple[str, ...]) -> bool:
        """Whether a name stands for what is still to be given."""
        return path[0] == "input" or path[0] in self.missing

    def needed(self, program: BranchProgram) -> tuple[str, ...]:
        """Inputs that the branch does not require, without one of which its guards cannot hold as things are."""
        found: list[str] = []
        for _, expression in program.guards:
            inputs = sorted(path[1] for path in expression.paths if path[0] == "input" and path[1] not in self.missing)
            if inputs and self._fails(expression, found):
                found += next(([name] for name in inputs if not self._fails(expression, [*found, name])), inputs)
        return tuple(dict.fromkeys(found))

    def _fails(self, expression: Expression, given: Iterable[str]) -> bool:
        """Whether a guard fails whatever is given for what is missing and for these inputs, and nothing for the others."""
        inputs = {*self.missing, *given}
        return (
            expression.settled(self.see, lambda at: at[1] in inputs if at[0] == "input" else at[0] in self.missing)
            is False
        )

    def one(self, name: str) -> Text:
        """What people call a name of the procedure."""
        return called(self.program, name)

    def all(self, names: tuple[str, ...]) -> Text:
        """Every name with what people call it: the name is what they type."""
        shown = [spelled(self.one(name), name) for name in names]
        return Text("、".join(text.zh for text in shown), ", ".join(text.en for text in shown))


def conflict(case: Case) -> Text:
    """Why somebody with a conflict of interest is refused."""
    return Text(
        f"{case.number} 涉及您本人，须回避，由他人办理。",
        f"{case.number} concerns you yourself: you stay out of it, and somebody else must do this.",
    )


def select(
    program: Program, leaves: tuple[str, ...], trigger: str, attempt: Attempt
) -> list[tuple[BranchProgram, str]]:
    """The branches that fire, with the innermost state of each: inner before outer, tracks in the order written."""
    event = program.machine.events.get(trigger)
    taken: list[tuple[BranchProgram, str]] = []
    if event is None:
        return taken
    for leaf in leaves:
        if leaf not in event.transitions:
            continue
        attempt.chosen = None
        if not event.trigger(Token(leaf), attempt) or attempt.chosen is None:
            continue
        branch: BranchProgram = attempt.chosen
        if not taken:
            taken.append((branch, leaf))
            continue
        if any(known is branch for known, _ in taken):
            continue
        rival = next((item for item in taken if _conflict(item, (branch, leaf), program)), None)
        if rival is None:
            taken.append((branch, leaf))
        elif rival[0].owner in branch.owner.path and rival[0].owner is not branch.owner:
            taken[taken.index(rival)] = (branch, leaf)
    return taken


def _conflict(one: tuple[BranchProgram, str], other: tuple[BranchProgram, str], program: Program) -> bool:
    """Two branches cannot both be followed when one leaves the state from which the other starts."""
    return any(
        branch.target is not None and _outside(branch) in program.nodes[leaf].path
        for (branch, _), (_, leaf) in ((one, other), (other, one))
    )


def _outside(branch: BranchProgram) -> Node:
    from .step import domain

    return domain(branch)
