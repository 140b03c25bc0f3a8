"""What the stories of a procedure walk through: every branch, threshold, target, level, effect and refusal that is written.

The core is listened to while stories run: which branch a step took, which effect it did, which threshold a clock reached,
at which target it aimed, how far a ladder was climbed, and which guard, limit or second pair of eyes refused somebody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring import stories
from guanjia.authoring.coverage import Watch
from guanjia.authoring.stories import StoryResult
from guanjia.core import attempt, clocks, ladders
from guanjia.core.parts import BranchProgram, EffectProgram
from guanjia.core.program import Program
from guanjia.core.step import Step
from guanjia.language import OfficeFiles
from guanjia.language.stories import read_stories
from guanjia.model.event import Notification
from guanjia.model.survey import Step as Written
from guanjia.people.organisation import Organisation
from guanjia.runtime.rendering import Renderer


class Walked:
    """What was walked, as the names that `pieces` gives to what is written."""

    def __init__(self, folder: Path, procedure: str) -> None:
        self.procedure = procedure
        self.files = OfficeFiles(folder, still=True)
        self.watch = Watch(self.files.version(procedure))
        """What `guanjia test --coverage` sees of it."""
        self.program = self.watch.program
        self.people = Organisation.from_plain(self.files.organisation(), self.files.office().language)
        path = self.files.stories(procedure)
        assert path is not None
        self.told, self._document = read_stories(path)
        self.results: list[StoryResult] = []
        self.pieces = list(pieces(self.program))
        self.names = {id(piece): name for name, piece in self.pieces}
        self.seen: set[str] = set()
        self.walkers: dict[str, list[int]] = {}
        """Piece -> the stories that walk it."""
        self.letters: list[Notification] = []
        """Everything that was told, in Chinese and in English."""

    def run(self) -> Walked:
        """Tell every story and listen."""
        with pytest.MonkeyPatch.context() as patch:
            self._listen(patch)
            for number in range(len(self.told.stories)):
                self.seen = set()
                self.results.append(self.tell(number, self.watch))
                for piece in self.seen:
                    self.walkers.setdefault(piece, []).append(number)
        return self

    def tell(self, number: int, watch: Watch | None = None) -> StoryResult:
        """Tell one story, and let `watch` listen."""
        place = stories._Place(self._document, number)
        return stories._run(self.files, self.people, self.procedure, self.told.stories[number], place, watch)

    def that_walk(self, step: Written) -> list[int]:
        """The stories that take this branch."""
        name = next(name for name, piece in self.pieces if getattr(piece, "branch", None) is step.branch)
        return self.walkers[name]

    def missing(self) -> list[str]:
        return [name for name, _ in self.pieces if name not in self.walkers]

    def _mark(self, piece: Any, what: str = "") -> None:
        name = self.names.get(id(piece))
        if name is not None:
            self.seen.add(name + what)

    def _listen(self, patch: pytest.MonkeyPatch) -> None:
        def listen(owner: Any, name: str, before: Any) -> None:
            original = getattr(owner, name)

            def listening(*args: Any, **named: Any) -> Any:
                answer = original(*args, **named)
                before(answer, *args, **named)
                return answer

            patch.setattr(owner, name, listening)

        listen(Step, "take", lambda _, step, branch, leaf: self._mark(branch))
        for kind in ("notify", "assign", "escalate", "set", "extend", "open", "emit", "log"):
            listen(Step, f"_{kind}", lambda _, step, effect: self._mark(effect))
        listen(clocks, "fire", lambda _, clock, threshold, at: self._threshold(clock.name, threshold))
        listen(clocks, "start", lambda clock, *rest: self._target(clock))
        listen(clocks, "retarget", lambda clock, *rest: self._target(clock))
        listen(ladders, "climb", lambda _, step, key: self._level(step.climbs[key]))
        listen(attempt.Attempt, "_judge", self._refused)

        rendered = Renderer._render

        def render(made: Renderer, message: Any, channel: str) -> Notification:
            for language in ("zh", "en"):
                to = dataclasses.replace(message.to, language=language)
                self.letters.append(rendered(made, message._replace(to=to), channel))
            return rendered(made, message, channel)

        patch.setattr(Renderer, "_render", render)

    def _threshold(self, clock: str, threshold: str) -> None:
        if clock in self.program.clock_by_name:
            self._mark(self.program.clock_by_name[clock].by_name.get(threshold))

    def _target(self, clock: Any) -> None:
        if clock.name in self.program.clock_by_name:
            self._mark(self.program.clock_by_name[clock.name].targets[clock.target])

    def _level(self, climb: Any) -> None:
        if climb.ladder in self.program.ladders:
            self._mark(self.program.ladders[climb.ladder].ladder.levels[climb.level - 1])

    def _refused(self, obstacle: Any, asked: attempt.Attempt, branch: BranchProgram) -> None:
        if obstacle is None:
            return
        if obstacle.code == "guard":
            failed = next((guard for guard, expression in branch.guards if not expression.evaluate(asked.see)), None)
            self._mark(failed)
        name = self.names.get(id(branch))
        if name is not None and obstacle.code in ("at_most", "not_by", "window"):
            self.seen.add(f"{name}: refused for {obstacle.code}")


def pieces(program: Program) -> Iterator[tuple[str, Any]]:
    """Everything that a story can walk, each with a name that is its own."""
    told: dict[str, int] = {}

    def own(name: str) -> str:
        told[name] = told.get(name, 0) + 1
        return name if told[name] == 1 else f"{name} #{told[name]}"

    def effects(where: str, listed: tuple[EffectProgram, ...]) -> Iterator[tuple[str, Any]]:
        for effect in listed:
            yield own(f"{where}: {effect.kind}"), effect

    branches = [branch for table in program.branches.values() for listed in table.values() for branch in listed]
    for branch in dict.fromkeys((*branches, *program.reopen)):
        here = own(f"{branch.owner.name} {branch.trigger} -> {branch.target.name if branch.target else '.'}")
        yield here, branch
        written = [id(effect) for effect in branch.branch.do]  # a program that is listened to has one of its own beside
        yield from effects(here, tuple(effect for effect in branch.effects if id(effect.effect) in written))
        for guard, expression in branch.guards:
            if guard.else_ is not None and expression.paths:
                yield own(f"{here}: refused with “{guard.else_.zh}”"), guard
        if branch.trigger.startswith("act:") or branch.trigger == "reopen":
            limits = {"at_most": branch.branch.at_most, "not_by": branch.branch.not_by, "window": branch.within}
            for code in (code for code, limit in limits.items() if limit):
                yield f"{here}: refused for {code}", (branch, code)
    for node in program.nodes.values():
        yield from effects(f"entry of {node.name}", node.entry)
        yield from effects(f"exit of {node.name}", node.exit)
    for clock in program.clocks:
        for number, target in enumerate(clock.targets, 1):
            yield f"clock {clock.name}: target {number}", target
        for threshold in clock.thresholds:
            yield f"clock {clock.name}: {threshold.name}", threshold
            yield from effects(f"clock {clock.name}: {threshold.name}", threshold.effects)
    for name, ladder in program.ladders.items():
        for number, level in enumerate(ladder.ladder.levels, 1):
            yield f"ladder {name}: level {number}", level
