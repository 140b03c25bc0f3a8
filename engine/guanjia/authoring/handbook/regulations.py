"""One procedure told as a regulation: in the words of people, with nothing that only a file has.

The words are those of `explaining`; here names are not told beside labels, notices are called by their subjects, calendars by
their hours, and what a limit rests upon stands in a table of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ...errors import Text
from ...model.procedure import Procedure, State, Target
from ...model.version import Version
from ..doings import Line, Plain, about, listed
from ..explaining import Explaining
from ..limits import ground
from ..subjects import subject
from ..wording import Entitled
from .hours import hours

_TYPED = re.compile(r"（guanjia [^）]*）|（[a-z_]+）|(?<![A-Za-z{_])([a-z]+(?:_[a-z]+)*)(?![A-Za-z}_])")
"""Names in a Chinese sentence: beside what they name, or in its place."""


_IN_BRACKETS = re.compile(r" \((guanjia [^)]*|[a-z]+(?:_[a-z]+)*)\)")
_JOINED = re.compile(r"(?<![\w.])[a-z]+(?:_[a-z]+)+(?!\w)")
"""The same in an English one, where only an underscore tells."""


class Limit(NamedTuple):
    """One limit of a clock: of what, when it holds, how long, and on what ground."""

    clock: str
    when: Text | None
    measure: Text
    ground: Text | None


class Regulation(Explaining):
    """The words for one version."""

    def __init__(self, version: Version, entitled: Entitled, others: Iterable[Procedure]) -> None:
        super().__init__(version.procedure, entitled)
        self.version = version
        self.others = tuple(others)

    # -- words

    def plainly(self, name: str) -> Text:
        return Text(self.label(name, "zh"), self.label(name, "en"))

    def own(self, name: str) -> Text:
        return self.named(name)

    def notice(self, template: str) -> Text:
        """By the subject of its text; by its label where that has none."""
        return subject(self.version.templates, template, self.label, self.procedure.procedure) or super().notice(
            template
        )

    def letter(self, key: str) -> Text:
        """What the text of a template is of: a notice, or words that several share."""
        name = key.partition("/")[2].partition(".")[0]
        called = self.notice(name)
        return called if called != Text(name, name) else Text("各通知共用的文字", "words that notices share")

    def _hours(self, calendar: str) -> Text:
        return hours(self.version.calendars.get(calendar, {"always": calendar == "always"}))

    def _by(self, what: Text, plain: Plain) -> Text:
        """After a comma: it stands in brackets itself often enough."""
        bare = super()._by(Text("", ""), plain)
        zh, en = bare.zh.removeprefix("（").removesuffix("）"), bare.en.removeprefix(" (").removesuffix(")")
        return Text(f"{what.zh}，{zh}", f"{what.en}, {en}") if zh else what

    def _grounds(self, standard: str | None, overlay: str | None) -> list[Text]:
        return []

    def elsewhere(self, procedure: str) -> Procedure:
        return next((it for it in self.others if it.procedure == procedure), self.procedure)

    def label(self, name: str, language: str) -> str:
        """What has no word here is of another procedure: its name, a field of a case that is opened, a signal."""
        knows = (it for it in (self.procedure, *self.others) if {it.label(name, "zh"), it.label(name, "en")} != {name})
        return next(knows, self.procedure).label(name, language)

    def _guard(self, plain: Plain) -> Text:
        """What is answered names no option that is typed."""
        told = super()._guard(plain)
        zh = _TYPED.sub(lambda found: self.named(found[1]).zh if found[1] else "", told.zh)
        en = _IN_BRACKETS.sub(
            lambda found: "" if found[1].startswith("guanjia ") or self.label(found[1], "zh") != found[1] else found[0],
            told.en,
        )
        en = _JOINED.sub(lambda found: self.named(found[0]).en, en)
        return Text(zh.replace(" “", "“"), en)

    def _inputs(self, fields: Plain) -> list[Text]:
        """By their names: what is filled in stands in the table of forms."""
        if not fields:
            return []
        names = self.names(fields)
        return [Text(f"另填{names.zh}", f"with {names.en}")]

    def _effects(self, effects: Iterable[Plain]) -> Text:
        """That what is filled in is recorded goes without saying."""
        return super()._effects(effect for effect in effects if not _recorded(effect))

    def _one_notice(self, name: str, plain: Plain) -> Text:
        plain.pop("with", None)
        return super()._one_notice(name, plain)

    # -- parts of a chapter

    def general(self) -> Iterator[Text]:
        """What holds for all of it, the aim first."""
        plain = self._plain()
        for key in ("procedure", "number", "labels", *_ELSEWHERE):
            plain.pop(key, None)
        return self._general(plain)

    def fields(self) -> Iterator[tuple[Text, Text]]:
        """(name, what it holds) of everything that is recorded."""
        for name, plain in self._plain().get("fields", {}).items():
            yield self.plainly(name), self._field(plain)

    def forms(self) -> Iterator[tuple[Text, list[Text]]]:
        """(action, what is filled in with it); where its branches ask for different things, everything."""
        found: dict[str, dict[str, Text]] = {}
        for _, state, _ in states_of(self.procedure):
            for action, branches in state.transitions.items():
                for branch in branches:
                    for name, field in branch.input.items():
                        plain = field.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                        plain["type"] = field.type
                        item = about(self.plainly(name), self._field(plain))
                        found.setdefault(action, {})[name] = item
        for action, items in found.items():
            yield self.plainly(action), list(items.values())

    def steps(self) -> Iterator[Line]:
        """How a case goes, state by state."""
        plain = self._plain()
        return self._inside({key: plain[key] for key in _OF_A_STATE if key in plain}, 0)

    def limits(self) -> Iterator[Limit]:
        """Every limit of every clock, in the order written."""
        plain = self._plain().get("sla", {})
        for name, sla in self.procedure.sla.items():
            targets: list[Plain] = plain[name]["target"]
            for number, (target, told) in enumerate(zip(sla.target, targets, strict=True)):
                guards = [self.condition(guard.that) for guard in target.guard]
                told.pop("guard", None)
                when = (
                    Text("且".join(each.zh for each in guards), " and ".join(each.en for each in guards))
                    if guards
                    else None
                )
                if when is None and number:
                    when = Text("其余", "otherwise")
                if "calendar" in plain[name] and not told.keys() & {"calendar", "until", "earliest"}:
                    told["calendar"] = plain[name]["calendar"]
                yield Limit(name, when, self._target(told), self._resting(target))

    def clocks(self) -> Iterator[Line]:
        """From what to what each clock runs, and what happens on the way; its limits are left out."""
        for name, plain in self._plain().get("sla", {}).items():
            plain.pop("calendar", None)
            plain["target"] = []
            first, *rest = self._clock(name, plain)
            yield Line(0, first.text, True)
            yield from (Line(line.level - 1, line.text) for line in rest)

    def ladders(self) -> Iterator[Line]:
        for name, plain in self._plain().get("ladders", {}).items():
            for line in self._ladder(name, plain):
                yield Line(line.level - 1, line.text, line.level == 1)

    def ends(self) -> Iterator[Text]:
        """How it may begin again, and in which other ways it runs; the ends themselves stand among the states."""
        plain = self._plain()
        yield from self._reopening(plain.get("reopen", []))
        yield from self._modes(plain.get("modes", {}))

    def _resting(self, target: Target) -> Text | None:
        held = [self.version.standards[part.standard].overlays[part.overlay] if part.overlay else self.version.standards[part.standard].standard
                for part in (target, *target.earliest) if part.standard in self.version.standards]  # fmt: skip
        told = list(dict.fromkeys(ground(each) for each in held))
        return listed(told) if told else None

    def _plain(self) -> dict[str, Any]:
        return self.procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _recorded(effect: Plain) -> bool:
    """Whether all it does is to keep what was given under the name of the field that it was asked for."""
    values = effect.get("set")
    return (
        values is not None and "when" not in effect and all(value == f"input.{name}" for name, value in values.items())
    )


def states_of(procedure: Procedure) -> Iterator[tuple[str, State, tuple[str, ...]]]:
    """The root, called like the procedure, and every state below it with those that it stands in."""
    yield procedure.procedure, procedure, ()
    yield from procedure.walk()


_OF_A_STATE = ("initial", "states", "tracks", "entry", "exit", "transitions", "signals", "after", "always", "breach")
_ELSEWHERE = (*_OF_A_STATE, "fields", "sla", "ladders", "reopen", "modes", "properties")
