"""Whether the office carries out what its rule book demands: each clause is bound to what carries it out and to stories that prove it.

A binding is two words, a kind and a name. What is bound has to be there, in files that hold no error; a story has to come true.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..errors import Finding, Invalid, Text
from ..language import OfficeFiles
from ..language.clauses import read_clauses
from ..language.grammar import suggest
from ..model.clauses import Clause
from ..model.version import Version
from .reports import REPORTS
from .stories import StoryResult, run_stories


class Against(NamedTuple):
    """What is against a clause's being kept, and where in clauses.yaml it was bound so: `file:line:column`."""

    place: str
    text: Text


class Judged(NamedTuple):
    """A clause, and everything that is against its being kept; nothing where it is."""

    name: str
    clause: Clause
    against: tuple[Against, ...]


def judge(
    files: OfficeFiles, names: Collection[str], commands: Collection[str], step: Callable[[int], None] | None = None
) -> Iterator[Judged]:
    """The clauses of these names (of all, where there are none), one by one. `commands`: those that there are. Invalid, NotFound."""
    clauses, document = read_clauses(files)
    office = _Office(files, commands)
    told: dict[str, dict[str, StoryResult]] = {}
    for number, (name, clause) in enumerate(clauses.items(), 1):
        if names and name not in names:
            continue
        here = ("clauses", name)
        found: list[tuple[tuple[str | int, ...], Text | None]] = [
            ((*here, "done_by", at), office.lacks(word)) for at, word in enumerate(clause.done_by)
        ]
        for procedure, stories in clause.stories.items():
            if procedure not in told:
                told[procedure] = (
                    {result.name: result for result in _run(files, procedure)} if procedure in office.versions else {}
                )
            found += [
                ((*here, "stories", procedure, at), _untrue(procedure, story, told[procedure]))
                for at, story in enumerate(stories)
            ]
        if not any(clause.stories.values()) and not clause.tests:
            found.append((here, Text("没有情景或测试证明它", "nothing proves it: no story, no test")))
        against = [Against(document.place(path), text) for path, text in found if text is not None]
        yield Judged(name, clause, tuple(against))
        if step is not None:
            step(number)


def _run(files: OfficeFiles, procedure: str) -> Iterable[StoryResult]:
    return run_stories(files.folder, [procedure]) if files.stories(procedure) else ()


def _untrue(procedure: str, story: str, told: Mapping[str, StoryResult]) -> Text | None:
    """What is wrong with a story; None where it comes true."""
    result = told.get(story)
    if result is None:
        meant = suggest(story, told)
        hint = Text(f"，是不是“{meant}”？", f"; did you mean {meant!r}?") if meant else Text("", "")
        return Text(f"{procedure} 没有情景“{story}”{hint.zh}", f"{procedure} has no story {story!r}{hint.en}")
    if result.message is None:
        return None
    return Text(
        f"{result.place} 情景不通过：{result.message.zh}", f"{result.place} the story fails: {result.message.en}"
    )


class _Office:
    """What there is in an office for a clause to be bound to."""

    def __init__(self, files: OfficeFiles, commands: Collection[str]) -> None:
        self.files = files
        self.commands = commands
        self.versions: dict[str, Version] = {}
        self.wrong: dict[str, Finding] = {}
        for name in files.procedures():
            try:
                self.versions[name] = files.version(name)
            except Invalid as invalid:
                self.wrong[name] = invalid.findings[0]

    def lacks(self, word: str) -> Text | None:
        """What is missing for a binding; None where it is there."""
        kind, _, name = word.partition(" ")
        whole: dict[str, Callable[[], Collection[str]]] = {
            "command": lambda: self.commands, "report": lambda: REPORTS, "standard": lambda: self.files.standards() or (),
            "role": self._staffed, "schedule": lambda: self.files.office().schedules,
        }  # fmt: skip
        if kind in whole:
            known = whole[kind]()
            return None if name in known else _missing(KINDS[kind], name, known)
        if kind not in KINDS:
            return Text(
                f"“{word}”不是一种绑定；有 {'、'.join(KINDS)}",
                f"{word!r} is no kind of binding; there are {', '.join(KINDS)}",
            )
        procedure, _, part = name.partition(".")
        version = self.versions.get(procedure)
        if procedure in self.wrong:
            found = self.wrong[procedure]
            return Text(
                f"流程 {procedure} 有错误：{found.place} {found.text.zh}",
                f"{procedure} is in error: {found.place} {found.text.en}",
            )
        if version is None:
            return _missing(KINDS["procedure"], procedure, self.versions)
        if kind == "procedure":
            return None
        parts = _parts(version, kind)
        return None if part in parts else _missing(KINDS[kind], name, [f"{procedure}.{each}" for each in parts])

    def _staffed(self) -> Collection[str]:
        """Roles that somebody has."""
        staff = self.files.organisation().get("staff", {}).values()
        return {role for person in staff if person.get("active", True) for role in person.get("roles", ())}


KINDS: Mapping[str, Text] = {
    "procedure": Text("流程", "procedure"), "state": Text("状态", "state"), "action": Text("操作", "action"), "field": Text("字段", "field"),
    "clock": Text("时限", "clock"), "ladder": Text("升级阶梯", "ladder"), "notice": Text("通知", "notice"), "rule": Text("规则", "rule"),
    "standard": Text("标准", "standard"), "role": Text("有人担任的角色", "role that somebody has"), "report": Text("报表", "report"),
    "command": Text("命令", "command"), "schedule": Text("定期建单", "schedule"),
}  # fmt: skip
"""What a clause may be bound to; those of a procedure are written `procedure.name`, a `rule` is a key of it that has been given."""


def _missing(kind: Text, name: str, known: Collection[str]) -> Text:
    meant = suggest(name, known)
    hint = Text(f"，是不是 {meant}？", f"; did you mean {meant}?") if meant else Text("", "")
    return Text(f"没有{kind.zh} {name}{hint.zh}", f"there is no {kind.en} {name}{hint.en}")


def _parts(version: Version, kind: str) -> Collection[str]:
    it = version.procedure
    states = [it, *(state for _, state, _ in it.walk())]
    if kind == "rule":
        return [name for name in it.model_fields_set if getattr(it, name)]
    if kind == "state":
        return [name for name, _, _ in it.walk()]
    if kind == "action":
        return list(dict.fromkeys(name for state in states for name in state.transitions))
    if kind == "notice":
        return {key.partition("/")[2].partition(".")[0] for key in version.templates}
    if kind == "field":
        return it.fields
    return it.sla if kind == "clock" else it.ladders
