"""The stories that are missing, as few as reach everything that can be reached: each told once to see what then holds, and told
again as it stands in the file before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, islice

from ...errors import GuanjiaError, Refused, Text
from ...language import OfficeFiles, read_yaml
from ...language.stories import read_stories
from ...people.organisation import Organisation
from ..coverage import Piece, Watches
from ..coverage.pieces import Key
from ..coverage.watching import Watch
from ..stories import Differs, rehearsal, run_stories, told_as_written
from .exploring import Explorer, Found, Way
from .holding import Holding
from .writing import story_text

START = "2026-03-02 09:00"
"""When a case is opened where no other story says: a Monday morning."""
MOST_NAMES = 8
"""Names under which a story is tried: what is drawn by lot follows from the name."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One story that is missing, as its lines stand under `stories:`, and what it is the first to reach."""

    name: str
    text: str
    reaches: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """A piece that no way leads to, and why."""

    piece: Piece
    why: Text


def suggest(
    files: OfficeFiles, procedure: str, language: str, tell: Callable[[int], None] | None = None
) -> tuple[list[Suggestion], list[Unreached]]:
    """The stories of a procedure that are missing, named in `language`, and what none can reach. `tell` hears how many cases were
    looked at. Invalid when a file cannot be read."""
    return _Suggesting(files, procedure, language).run(tell)


class _Suggesting:
    def __init__(self, files: OfficeFiles, procedure: str, language: str) -> None:
        self.files, self.procedure, self.language = files, procedure, language
        self.people = Organisation.from_plain(files.organisation(), files.office().language)
        watches = Watches(files)
        list(run_stories(files.folder, [procedure], watches=watches))
        (covered,) = watches.coverage()
        self.version = files.version(procedure)
        self.missing = covered.missing()
        self.start, self.names = START, set[str]()
        if (path := files.stories(procedure)) is not None:
            known = read_stories(path)[0].stories
            self.start, self.names = known[0].at, {story.story for story in known}

    def run(self, tell: Callable[[int], None] | None) -> tuple[list[Suggestion], list[Unreached]]:
        watch = Watch(self.version)
        telling = rehearsal(self.files, self.people, self.procedure, "-", watch)
        found = Explorer(telling, watch, self.start, {piece.key for piece in self.missing}, tell).run()
        telling.engine.close()
        left = {piece.key: piece for piece in self.missing}
        suggested, failed = [], dict[Key, Text]()
        # The longest ways first: they reach on their way what shorter ones were found for.
        for key, way in sorted(found.ways.items(), key=lambda item: -len(item[1].steps)):
            if key not in left:
                continue
            made = self._told(way, left, key)
            if isinstance(made, Text):
                failed[key] = made
                continue
            suggested.append(made)
            for piece in made.reaches:
                del left[piece.key]
        suggested.reverse()
        return suggested, [Unreached(piece, failed.get(key) or self._why(piece, found)) for key, piece in left.items()]

    def _told(self, way: Way, left: dict[Key, Piece], wanted: Key) -> Suggestion | Text:
        """The way as a story that comes true; why it does not, where it comes true under no name."""
        why, told = Text("", ""), self._called(way)
        for number in range(1, MOST_NAMES + 1):
            name = self._name(told, number)
            telling = rehearsal(self.files, self.people, self.procedure, name)
            try:
                steps = Holding(telling, self.start).told(way)
            except (GuanjiaError, Differs) as error:
                why = error.text
                continue
            finally:
                telling.engine.close()
            text = story_text(name, self.start, way.opening, steps)
            watch = Watch(self.version)
            (result,) = told_as_written(self.files, self.people, self.procedure, "stories:\n" + text, watch)
            reaches = tuple(piece for key, piece in left.items() if key in watch.reached)
            if result.passed and wanted in watch.reached:
                self.names.add(name)
                return Suggestion(name, text, reaches)
            why = result.message or Text("讲出来走的是另一条路", "when it is told it goes another way")
        return Text(f"找到的路讲不成情景：{why.zh}", f"the way that was found makes no story: {why.en}")

    def _called(self, way: Way) -> str:
        """What a way is called: what is done on it, and where it ends."""
        label = self.version.procedure.label
        done: list[Text] = []
        for step in way.steps:
            name = step.get("when") or step.get("signal")
            word = Text("等待", "waiting") if name is None else Text(f"“{label(name, 'zh')}”", f"“{label(name, 'en')}”")
            if done[-1:] != [word] or name is not None:
                done.append(word)
        refused = bool(way.steps) and "refused" in way.steps[-1]
        zh, en = "、".join(text.zh for text in done), ", ".join(text.en for text in done)
        if refused:
            return Text(f"{zh}：最后一步被拒绝", f"{en}: the last is refused").get(self.language)
        at = Text(
            *(
                between.join(f"“{label(name, spoken)}”" for name in way.ends)
                for between, spoken in (("、", "zh"), (", ", "en"))
            )
        )
        return Text(f"{zh or '登记'}之后是{at.zh}", f"after {en or 'opening'} it is in {at.en}").get(self.language)

    def _name(self, called: str, number: int) -> str:
        """A name that no story has: the first so, the others numbered."""
        names = (f"{called} · {at}" if at > 1 else called for at in count(1))
        free = (name for name in names if name not in self.names)
        return next(islice(free, number - 1, None))

    def _why(self, piece: Piece, found: Found) -> Text:
        why = self._reason(piece, found)
        if found.whole:
            return why
        return Text(f"{why.zh}（没有看完所有的路）", f"{why.en} (not all ways were looked at)")

    def _reason(self, piece: Piece, found: Found) -> Text:
        path, label = piece.key[0], self.version.procedure.label
        if piece.kind == "templates":
            return Text("没有一步发出它", "nothing that was done sends it")
        if path[0] == "sla" and path[1] not in found.started:
            return Text("这个时钟从没开始", "the clock never started")
        if piece.kind == "thresholds":
            return Text("到点之前时钟总已停止", "the clock had always stopped before")
        owner = next(
            (str(path[at + 1]) for at in range(len(path) - 2, -1, -1) if path[at] in ("states", "tracks")), None
        )
        if piece.kind != "states" and owner is not None and owner not in found.states:
            return Text(f"没走到状态“{label(owner, 'zh')}”", f"the state “{label(owner, 'en')}” was not reached")
        name = next((str(path[at + 1]) for at in range(len(path) - 1) if path[at] in ("transitions", "signals")), None)
        if name is not None and name not in found.done and (refused := found.refused.get(name)) is not None:
            return Text(f"总被拒绝：{refused.zh}", f"it was always refused: {refused.en}")
        if piece.kind == "guards":
            return Text("试过的都是另一种结果", "whatever was tried came to the other side")
        if piece.kind == "delays":
            return Text("到时之前总已离开", "the state had always been left before")
        return Text("没有一条路通到这里", "no way led there")


def with_stories(text: str | None, suggested: Sequence[Suggestion]) -> str:
    """The text of a story file with these stories after its own; of a new one where there is none. Refused where they cannot be
    put there."""
    lines = "".join(each.text for each in suggested)
    if text is None:
        return f"stories:\n{lines}"
    document = read_yaml(text, "stories.yaml")
    known = document.root.entries["stories"][1]
    indent = known.items[0].column - 3
    after = [key.line for key, _ in document.root.entries.values() if key.line > known.items[0].line]
    if known.line == document.root.entries["stories"][0].line or indent < 0:
        raise Refused(
            "file",
            Text("文件里的 stories 写在方括号里，没法在后面添加。", "The stories of the file stand in brackets; nothing can be added after them."),
            Text("每条情景另起一行，以“- story:”开头。", "Begin each story on a line of its own, with `- story:`."),
        )  # fmt: skip
    shifted = "".join(f"{' ' * indent}{line[2:]}" for line in lines.splitlines(keepends=True))
    own = text.splitlines(keepends=True)
    end = min(after, default=len(own) + 1) - 1
    before = "".join(own[:end])
    return before + ("" if before.endswith("\n") else "\n") + shifted + "".join(own[end:])
