"""What a picture of a procedure shows, before anybody draws it: its states as boxes in boxes, in each the ways out as lines.

A box is a state in its place. A line is one transition of it: what triggers it, who may or when, and where it leads. Words are
in one language; what has no label is called by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ...calendars import format_amount, parse_amount
from ...errors import Text
from ...model.node import Guard
from ...model.procedure import Branch, Delay, Procedure, State, Target
from ...terminal import clip
from ..conditions import in_words, joined

Trigger = Literal["act", "signal", "delay", "always", "breach", "reopen"]
Kind = Literal["root", "simple", "compound", "parallel", "track", "final", "history"]


@dataclass(frozen=True, slots=True)
class Line:
    """One way out of a box: `to` is the name of the box that it leads to, None where the case stays."""

    trigger: Trigger
    name: str
    text: str
    note: str
    """Who may, or when: smaller and paler beside the text."""
    to: str | None
    guard: str
    """The condition in words, "" where there is none."""
    owner: str
    mark: str = ""
    """The word for that there is a condition, "" where there is none."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the transition in traces."""
        return self.owner, self.trigger, self.name


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    kind: Kind
    text: str
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    initial: str | None
    """The name of the box inside in which it begins."""

    def walk(self) -> Iterator[Box]:
        yield self
        for box in self.boxes:
            yield from box.walk()


@dataclass(frozen=True, slots=True)
class Promise:
    """A clock, as one line below the picture."""

    name: str
    text: str
    limits: str
    runs: str


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    root: Box
    promises: tuple[Promise, ...]
    language: str

    def say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en


def picture(it: Procedure, language: str, entitled: Callable[[str], str]) -> Picture:
    """The picture of a procedure in a language. `entitled` says what people call a role or a relation."""
    words = _Words(it, language, entitled)
    return Picture(it.label(it.procedure, language), words.root(), tuple(words.promises()), language)


class _Words:
    def __init__(self, it: Procedure, language: str, entitled: Callable[[str], str]) -> None:
        self.it = it
        self.language = language
        self.entitled = entitled

    def root(self) -> Box:
        name = self.it.procedure
        lines = [
            *self.lines(name, self.it),
            *(self.line(name, "reopen", "reopen", branch) for branch in self.it.reopen),
        ]
        title = self.say(Text("在任何状态", "in any state"))
        return Box(name, "root", title, tuple(lines), tuple(self.inside(self.it)), self.it.initial)

    def inside(self, state: State) -> Iterator[Box]:
        for name, child in state.states.items():
            yield self.box(name, child, child.kind)
        for name, child in state.tracks.items():
            yield self.box(name, child, "track")

    def box(self, name: str, state: State, kind: Kind) -> Box:
        text = self.label(name)
        if state.outcome and state.outcome != name:
            text = f"{text} · {self.label(state.outcome)}"
        return Box(name, kind, text, tuple(self.lines(name, state)), tuple(self.inside(state)), state.initial)

    def lines(self, owner: str, state: State) -> Iterator[Line]:
        triggers: Sequence[tuple[Trigger, dict[str, tuple[Branch, ...]]]] = (
            ("act", state.transitions), ("signal", state.signals), ("breach", state.breach), ("always", {"": state.always}),
        )  # fmt: skip
        for trigger, table in triggers:
            for name, branches in table.items():
                for branch in branches:
                    yield self.line(owner, trigger, name, branch)
        for name, delay in state.after.items():
            for branch in delay.branches:
                yield self.line(owner, "delay", name, branch, self.when(delay))
        if state.history:
            yield Line("always", "", self.say(Text("回到离开时的状态", "back to where it was left")), "", state.default, "", owner)  # fmt: skip

    def line(self, owner: str, trigger: Trigger, name: str, branch: Branch, when: str = "") -> Line:
        text = self.label(name) if name else self.say(Text("随即", "at once"))
        if trigger == "reopen":
            text = self.it.labels.get(self.language, {}).get("reopen", self.say(Text("重开", "reopen")))  # type: ignore[call-overload]
        notes = [when] if when else []
        if trigger == "breach":
            notes.append(self.say(Text("超时", "breached")))
        if branch.by:
            notes.append(self.say(Text("、", ", ")).join(self.entitled(word) for word in branch.by))
        return Line(
            trigger,
            name,
            text,
            " · ".join(notes),
            branch.to,
            self.conditions(branch.guard),
            owner,
            self.say(Text("有条件", "on a condition")) if branch.guard else "",
        )

    def when(self, delay: Delay) -> str:
        if delay.every is not None:
            every = _amount(delay.every, self.language)
            return self.say(Text(f"每 {every}", f"every {every}"))
        if delay.delay is not None:
            return _amount(delay.delay, self.language)
        at = self.computed(delay.at or "")
        return self.say(Text(joined("到", at), f"at {at}"))

    def promises(self) -> Iterator[Promise]:
        for name, sla in self.it.sla.items():
            limits = self.say(Text("；", "; ")).join(map(self.limit, sla.target))
            start, stop = self.happenings(sla.start), self.happenings(sla.stop)
            yield Promise(
                name,
                self.label(name),
                limits,
                self.say(Text(f"起 {start} → 止 {stop}", f"from {start} → until {stop}")),
            )

    def limit(self, target: Target) -> str:
        each = [self.computed(part.until) if part.until else " + ".join(_amount(text, self.language) for text in (part.within, part.then) if text)
                for part in target.earliest or (target,)]  # fmt: skip
        limit = each[0] if not target.earliest else f"min({', '.join(each)})"
        return f"{limit} [{self.conditions(target.guard)}]" if target.guard else limit

    def happenings(self, words: Sequence[str]) -> str:
        """States, actions and conditions that a clock listens to."""
        told = (self.label(self.it.procedure) if word == "open" else self.label(word) if word.isidentifier() else self.condition(word) for word in words)  # fmt: skip
        return self.say(Text("、", ", ")).join(clip(word, 40) for word in told)

    def conditions(self, guards: Sequence[Guard]) -> str:
        return self.say(Text(" 且 ", " and ")).join(self.condition(guard.that) for guard in guards)

    def condition(self, source: str) -> str:
        return self.say(in_words(self.it.fields, self.it.label, source, self.called))

    def computed(self, source: str) -> str:
        return self.say(in_words(self.it.fields, self.it.label, source, self.called, value=True))

    def called(self, word: str) -> Text:
        return Text(*[self.entitled(word)] * 2)

    def label(self, name: str) -> str:
        return self.it.label(name, self.language)

    def say(self, text: Text) -> str:
        return text.zh if self.language == "zh" else text.en


def _amount(text: str, language: str) -> str:
    return format_amount(parse_amount(text), language)
