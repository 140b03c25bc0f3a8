"""What of a procedure a story can reach, piece by piece, each with its words and its place in the file.

States, transitions (each branch of them), conditions held and not held, thresholds, delays, levels of ladders, and the texts of
templates. What can never come to pass is no piece: a condition that comes to the same whenever it is asked has only one side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ...errors import Text
from ...language import Around, Document
from ...language.checks.guards import one_sided
from ...language.checks.view import View
from ...language.checks.words import told_names
from ...model.procedure import Procedure, Target
from ...model.survey import Path, Step, deeds, places, steps
from ...model.version import Version
from ..wording import Wording

KINDS: Mapping[str, Text] = {
    "states": Text("状态", "STATES"), "transitions": Text("转换", "TRANSITIONS"), "guards": Text("条件", "GUARDS"),
    "thresholds": Text("时点", "THRESHOLDS"), "delays": Text("延时", "DELAYS"), "levels": Text("升级层级", "LEVELS"),
    "templates": Text("模板", "TEMPLATES"),
}  # fmt: skip
"""The kinds of pieces, in the order told."""

Key: TypeAlias = tuple[Path, str]
"""Where it stands in the definition, and which side of it: `held` or `not` of a condition, else ""."""

HELD, NOT = "held", "not"


class Piece(NamedTuple):
    kind: str
    key: Key
    text: Text
    place: str
    """file:line:column"""


def pieces(version: Version, document: Document) -> Iterator[Piece]:
    """Everything that a story of this procedure can reach, in the order written."""
    yield from _Pieces(version, document).all()


def guards(procedure: Procedure) -> Iterator[tuple[Path, str, Text]]:
    """Every condition: its path, itself, and what it is of."""
    said = Wording(procedure)
    for step in steps(procedure):
        for index, guard in enumerate(step.branch.guard):
            yield (*step.path, "guard", index), guard.that, spoken(said, step)
    for name, sla in procedure.sla.items():
        of = said.thing("sla", name)

        def inside(target: Target, path: Path, of: Text = of) -> Iterator[tuple[Path, str, Text]]:
            for index, guard in enumerate(target.guard):
                yield (*path, "guard", index), guard.that, of
            for index, part in enumerate(target.earliest):
                yield from inside(part, (*path, "earliest", index))

        for index, target in enumerate(sla.target):
            yield from inside(target, ("sla", name, "target", index))
    for deed in deeds(procedure):
        if deed.effect.when is not None:
            yield (
                (*deed.path, "when"),
                deed.effect.when,
                Text(f"效果 {deed.effect.kind}", f"the effect {deed.effect.kind}"),
            )


def spoken(said: Wording, step: Step) -> Text:
    """A branch in words: what triggers it, where, and where it leads."""
    kinds = {"action": "transitions", "signal": "signals", "delay": "after", "breach": "breach"}
    if step.trigger == "reopen":
        what = Text("重开", "reopening")
    elif step.trigger == "always":
        what = Text("随即的转换", "the transition that follows at once")
    else:
        what = said.thing(kinds[step.trigger], step.name)
    if step.state:
        what = Text(
            f"状态“{said.label(step.state, 'zh')}”的{what.zh}", f"{what.en} in “{said.label(step.state, 'en')}”"
        )
    if step.branch.to is None:
        return what
    return Text(
        f"{what.zh} → “{said.label(step.branch.to, 'zh')}”", f"{what.en} → “{said.label(step.branch.to, 'en')}”"
    )


class _Pieces:
    def __init__(self, version: Version, document: Document) -> None:
        self.version = version
        self.procedure = version.procedure
        self.document = document
        self.said = Wording(version.procedure)

    def all(self) -> Iterator[Piece]:
        for group in (
            self._states,
            self._transitions,
            self._guards,
            self._thresholds,
            self._delays,
            self._levels,
            self._templates,
        ):
            yield from group()

    def _piece(self, kind: str, path: Path, text: Text, side: str = "") -> Piece:
        return Piece(kind, (path, side), text, self.document.written(path))

    def _states(self) -> Iterator[Piece]:
        for place in places(self.procedure):
            if place.name and not place.track and place.state.history is None:
                yield self._piece("states", place.path, self.said.thing("states", place.name))

    def _transitions(self) -> Iterator[Piece]:
        for step in steps(self.procedure):
            what = spoken(self.said, step)
            if guard := " and ".join(guard.that for guard in step.branch.guard):
                what = Text(f"{what.zh}（{guard}）", f"{what.en} ({guard})")
            yield self._piece("transitions", step.path, what)

    def _guards(self) -> Iterator[Piece]:
        never = set(one_sided(View(self.procedure, self.document.root, Around())))
        for path, that, of in guards(self.procedure):
            for side, holds in ((HELD, True), (NOT, False)):
                if (path, holds) not in never:
                    came = Text("成立", "holds") if holds else Text("不成立", "does not hold")
                    text = Text(f"{of.zh}：条件 {that} {came.zh}", f"{of.en}: the condition {that} {came.en}")
                    yield self._piece("guards", path, text, side)

    def _thresholds(self) -> Iterator[Piece]:
        for name, sla in self.procedure.sla.items():
            for threshold in sla.at if "due" in sla.at else (*sla.at, "due"):
                clock = self.said.thing("sla", name)
                text = Text(f"{clock.zh}的时点 {threshold}", f"{clock.en}, threshold {threshold}")
                yield self._piece("thresholds", ("sla", name, "at", threshold), text)

    def _delays(self) -> Iterator[Piece]:
        for place in places(self.procedure):
            for name in place.state.after:
                what = self.said.thing("after", name)
                if place.name:
                    where = self.said.thing("states", place.name)
                    what = Text(f"{where.zh}的{what.zh}", f"{what.en} in {where.en}")
                yield self._piece("delays", (*place.path, "after", name), what)

    def _levels(self) -> Iterator[Piece]:
        for name, ladder in self.procedure.ladders.items():
            what = self.said.thing("ladders", name)
            for number in range(len(ladder.levels)):
                text = Text(f"{what.zh}第 {number + 1} 级", f"{what.en}, level {number + 1}")
                yield self._piece("levels", ("ladders", name, "levels", number), text)
            text = Text(f"{what.zh}到顶无人确认的告警", f"{what.en}, the alarm that nobody acknowledged the top")
            yield self._piece("levels", ("ladders", name, "alarm"), text)

    def _templates(self) -> Iterator[Piece]:
        for name in sorted(told_names(self.procedure)):
            for key in self.version.templates:
                _language, _, rest = key.partition("/")
                if rest.rpartition(".")[0] == name:
                    text = Text(f"模板 {key}", f"the template {key}")
                    yield Piece("templates", (("templates", key), ""), text, f"templates/{key}.j2:1:1")
