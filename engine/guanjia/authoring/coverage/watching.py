"""Listening to stories: the program that they run is compiled with ears, and what happened stands in the history of their cases.

History says which states were entered, which thresholds, delays and levels were reached and what was told. Which branch was taken
and how a condition came out, the program says itself: in it every condition reports what it came to, and every branch begins
with an effect whose `when` reports that it was asked, and never holds. The core is the same, and a program without ears is as it
always was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ...core import Program, compile, evolve
from ...core.parts import BranchProgram, EffectProgram, Node, TargetProgram
from ...errors import Text
from ...expressions import Expression
from ...language import OfficeFiles
from ...model.case import Case, Climb
from ...model.effects import Effect
from ...model.event import Event
from ...model.procedure import Branch, Field, Sla, Target
from ...model.survey import Path, deeds, places, steps
from ...model.version import Version
from ...runtime.engine import Engine
from ...store.interface import Query
from .pieces import HELD, KINDS, NOT, Key, Piece, pieces

Hear = Callable[[Key], None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the stories of one procedure reach."""

    procedure: str
    pieces: tuple[Piece, ...]
    reached: frozenset[Key]
    unwritten: Mapping[Key, Text]
    """Texts that some message asked for and that could not be written, and why."""

    def counts(self) -> dict[str, tuple[int, int]]:
        """Of each kind how many are reached, of how many."""
        of = Counter(piece.kind for piece in self.pieces)
        reached = Counter(piece.kind for piece in self.pieces if piece.key in self.reached)
        return {kind: (reached[kind], of[kind]) for kind in KINDS}

    @property
    def share(self) -> float:
        """How much of everything is reached, in percent; of nothing all."""
        reached, of = (sum(numbers) for numbers in zip(*self.counts().values(), strict=True))
        return 100 * reached / of if of else 100.0

    def missing(self) -> list[Piece]:
        """What no story reaches, in the order written; of a text that could not be written with the reason."""
        left = [piece for piece in self.pieces if piece.key not in self.reached]
        return [
            piece
            if why is None
            else piece._replace(text=Text(f"{piece.text.zh}：{why.zh}", f"{piece.text.en}: {why.en}"))
            for piece in left
            for why in (self.unwritten.get(piece.key),)
        ]


class Watches:
    """Listens to the stories of an office, each procedure to its own."""

    def __init__(self, files: OfficeFiles) -> None:
        self.files = files
        self._watches: dict[str, Watch] = {}

    def on(self, procedure: str) -> Watch:
        """Invalid when the procedure cannot be read."""
        if procedure not in self._watches:
            self._watches[procedure] = Watch(self.files.version(procedure))
        return self._watches[procedure]

    def coverage(self) -> list[Coverage]:
        """What was reached of each procedure that was listened to."""
        return [
            Coverage(
                name,
                tuple(pieces(watch.version, self.files.document(name))),
                frozenset(watch.reached),
                dict(watch.unwritten),
            )
            for name, watch in self._watches.items()
        ]


class Watch:
    """Listens to the cases of one version."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.reached: set[Key] = set()
        self.unwritten: dict[Key, Text] = {}
        self.program = _Listening(version, self.reached.add)
        self._places = {place.name: place.path for place in places(version.procedure)}
        self._texts: dict[str, list[Key]] = {}
        for key in version.templates:
            self._texts.setdefault(key.partition("/")[2].rpartition(".")[0], []).append((("templates", key), ""))

    def compiler(self, version: Version) -> Program:
        """What an engine that is listened to makes programs with."""
        return self.program if version.hash == self.program.hash else compile(version)

    def note(self, event: Event) -> None:
        """What an event says of itself; of a message that its texts are told, without writing them."""
        self._event(event)
        for notice in event.data.get("notify", ()):
            self.reached.update(self._texts.get(notice["template"], ()))

    def heard(self, engine: Engine) -> None:
        """What stands in the history of the engine's cases."""
        asked = Query(procedure=self.version.procedure.procedure, open=None, mode=None, order="opened", limit=10_000)
        for row in engine.list(asked):
            held = engine.store.get(row.id)
            case: Case | None = None
            for event in engine.history(row.id):
                case = evolve(case, event)
                self._event(event)
                if "notify" in event.data and held is not None:
                    self._told(engine, case, event, held.personal)

    def _event(self, event: Event) -> None:
        found: list[Path] = [self._places[name] for name in event.data.get("entered", ())]
        head, _, rest = event.name.partition(".")
        if event.type == "reached":
            found.append(("sla", head, "at", rest))
        elif event.type == "elapsed":
            found.append((*self._places.get(head, ()), "after", rest))
        for plain in event.data.get("climbs", {}).values():
            climb = Climb.from_plain(plain)
            found += [("ladders", climb.ladder, "levels", told.level - 1) for told in climb.told]
            if climb.alarmed_at is not None:
                found.append(("ladders", climb.ladder, "alarm"))
        self.reached.update((path, "") for path in found)

    def _told(self, engine: Engine, case: Case, event: Event, personal: Mapping[str, Any]) -> None:
        for _, key, made in engine.renderer.proofs(self.program, case, event, personal):
            piece: Key = (("templates", key), "")
            if isinstance(made, Text):
                self.unwritten.setdefault(piece, made)
            else:
                self.reached.add(piece)


class _Listening(Program):
    """A program that says which of its branches are taken and what its conditions come to."""

    def __init__(self, version: Version, hear: Hear) -> None:
        procedure = version.procedure
        self._hear = hear
        self.read: list[Expression] = []
        """Every expression of the procedure."""
        self._paths: dict[int, Path] = {id(step.branch): step.path for step in steps(procedure)}
        self._paths |= {id(deed.effect): deed.path for deed in deeds(procedure)}
        for name, sla in procedure.sla.items():
            for index, target in enumerate(sla.target):
                self._paths[id(target)] = path = ("sla", name, "target", index)
                self._paths |= {id(part): (*path, "earliest", at) for at, part in enumerate(target.earliest)}
        super().__init__(version)

    def _branch(self, trigger: str, name: str, owner: Node, branch: Branch) -> BranchProgram:
        made, path = super()._branch(trigger, name, owner, branch), self._paths[id(branch)]
        told = (self._told(expression, (*path, "guard", at)) for at, (_, expression) in enumerate(made.guards))
        made.guards = tuple(zip(branch.guard, told, strict=True))
        made.effects = (self._mark(path), *made.effects)
        return made

    def _effect(self, effect: Effect, inputs: Mapping[str, Field]) -> EffectProgram:
        made = super()._effect(effect, inputs)
        return (
            made if made.when is None else replace(made, when=self._told(made.when, (*self._paths[id(effect)], "when")))
        )

    def _target(self, clock: str, sla: Sla, target: Target) -> TargetProgram:
        made, path = super()._target(clock, sla, target), self._paths[id(target)]
        return replace(made, guards=tuple(self._told(it, (*path, "guard", at)) for at, it in enumerate(made.guards)))

    def _expression(self, text: str, inputs: Mapping[str, Field], expect: str | None = "boolean") -> Expression:
        self.read.append(made := super()._expression(text, inputs, expect))
        return made

    def _told(self, expression: Expression, path: Path) -> Expression:
        return _heard(expression, lambda answer: self._hear((path, HELD if answer else NOT)))

    def _mark(self, path: Path) -> EffectProgram:
        """The first effect of a branch: it is never done, but asked whenever the branch is taken."""
        taken = _heard(super()._expression("false", {}), lambda _: self._hear((path, "")))
        return EffectProgram("log", Effect(log="-"), taken, {})


def _heard(expression: Expression, tell: Callable[[bool], None]) -> Expression:
    """The same expression, which says each time what it comes to."""
    told = Expression(expression.source, expression.root)
    told.evaluate = partial(_evaluated, expression.evaluate, tell)
    return told


def _evaluated(run: Callable[[Any], Any], tell: Callable[[bool], None], env: Any) -> Any:
    answer = run(env)
    tell(bool(answer))
    return answer
