"""Mending what can be mended safely in the files of an office: misspelt names, numbers that are text, full-width punctuation, tabs.

An edit takes the place of a few characters; every other byte stays, comments and ends of lines among them. None is believed: it has to
leave all that the file says (`Kept`), and the office is checked again as it would be; an edit that does not take its finding away, or
brings a new one to that place, is left out. So mending what was mended changes nothing. A tab is only mended where just one
reading of the widths that it may have had is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from itertools import combinations, islice
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Conflict, Finding, Instead, Invalid, Text
from ..language import OfficeFiles, read_yaml
from ..language.malformed import QUOTED
from ..language.said import Said, words
from ..runtime.rewriting import whole
from ..signs import WIDE

_BREAK = re.compile(r"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_SLIP = re.compile(rf"^\s*(?:- +)?\w+:(?=\S)|^\s*-(?=[^\s-])|[{''.join(sign for sign in WIDE if not sign.isalnum())}]")
_TEXTS = re.compile(rf"{QUOTED.pattern}|“([^“”]*)”|‘([^‘’]*)’|「([^「」]*)」|[{''.join(WIDE)}]")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_MARGIN = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)
_UNREAD = frozenset({"syntax", "tab", "key", "number", "duplicate-key"})
"""What keeps a file from being read at all: once it is mended, what it hid comes to light."""

WIDTHS = (2, 4, 8)
"""Blanks that a tab may have stood for."""

MOST_ROUNDS = 20
MOST_TRIED = 6
"""Edits that are tried to say whether there is one: each costs a check of the office."""
MOST_SIGNS = 6
"""Signs of one line of which every choice is tried."""


class Edit(NamedTuple):
    """Characters of a file from `start` to `end` become `text`, for the sake of a finding."""

    finding: Finding
    start: int
    end: int
    text: str

    @property
    def name(self) -> tuple[str, int, int, str]:
        return (self.finding.file, self.start, self.end, self.text)


@dataclass
class Mended:
    """What would be written, by path: the bytes as they were read, and as they are to be; and the findings that this takes away."""

    folder: Path
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)

    def diff(self) -> Iterator[str]:
        """The difference as `diff -u` shows it, line by line."""
        for path, (before, after) in sorted(self.files.items()):
            old, new = (raw.decode("utf-8-sig").splitlines() for raw in (before, after))
            yield from unified_diff(old, new, path, path, lineterm="")

    def write(self) -> None:
        """Write the files, each as a whole or not at all. Conflict when one was saved meanwhile."""
        for path, (before, after) in self.files.items():
            file = self.folder / path
            if file.read_bytes() != before:
                raise Conflict(Text(f"{path} 刚刚被别人保存过，没有改它。", f"{path} was saved meanwhile; it was left alone."), Text("再运行一次。", "Run it again."), again=True)  # fmt: skip
            whole(file, after)


def mend(folder: str | Path) -> Mended:
    """What can be mended in the office in `folder`; nothing is written."""
    found, office = Mended(Path(folder)), _Office(Path(folder))
    findings = office.check({})
    refused: set[tuple[str, int, int, str]] = set()
    for _ in range(MOST_ROUNDS):
        offered = [edit for item in findings for edit in _edits(office, item) if edit.name not in refused]
        if not (edits := _apart(offered)):
            break
        for group in [edits, *([edit] for edit in edits)] if len(edits) > 1 else [edits]:
            tried = office.edited | office.applied(group)
            after = office.check(tried)
            if all(_better(edit, findings, after) for edit in group):
                found.findings += [edit.finding for edit in group]
                office.edited, findings = tried, after
                break
            if len(group) == 1:
                refused.add(group[0].name)
    found.files = {path: ((found.folder / path).read_bytes(), raw) for path, raw in office.edited.items()}
    found.left = findings
    return found


def offers(folder: str | Path, findings: Sequence[Finding]) -> bool:
    """Whether `mend` would mend an error among these findings, which are all that there are; after MOST_TRIED in vain it is not promised."""
    office = _Office(Path(folder))
    edits = (edit for item in findings if item.severity == "error" for edit in _edits(office, item))
    return any(_better(edit, findings, office.supposed(edit)) for edit in islice(edits, MOST_TRIED))


class _Office:
    """The files of an office as they are with the edits so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.edited: dict[str, bytes] = {}

    def check(self, edited: Mapping[str, bytes]) -> list[Finding]:
        return OfficeFiles(self.folder, edited=edited).check()

    def supposed(self, edit: Edit) -> list[Finding]:
        """What would be said after one more edit."""
        return self.check(self.edited | self.applied([edit]))

    def raw(self, file: str) -> bytes:
        return self.edited[file] if file in self.edited else (self.folder / file).read_bytes()

    def text(self, file: str) -> str | None:
        """None for a file that cannot be read, or is none."""
        try:
            return self.raw(file).decode("utf-8-sig") if file else None
        except (OSError, UnicodeDecodeError):
            return None

    def applied(self, edits: Sequence[Edit]) -> dict[str, bytes]:
        changed: dict[str, bytes] = {}
        for file in {edit.finding.file for edit in edits}:
            text = self.text(file) or ""
            for edit in sorted((it for it in edits if it.finding.file == file), key=lambda it: -it.start):
                text = text[: edit.start] + edit.text + text[edit.end :]
            changed[file] = (_BOM if self.raw(file).startswith(_BOM) else b"") + text.encode()
        return changed


def _better(edit: Edit, before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether its finding is gone, and nothing new is said where it was."""
    it = edit.finding
    if it.code in _UNREAD:
        unread = [[f for f in found if f.file == it.file and f.code in _UNREAD] for found in (before, after)]
        return len(unread[1]) < len(unread[0]) or not unread[1]
    known = {(f.file, f.line, f.code, f.text) for f in before}
    new = [f for f in after if (f.file, f.line) == (it.file, it.line) and (f.file, f.line, f.code, f.text) not in known]
    return not new and (it.file, it.line, it.code, it.text) not in {(f.file, f.line, f.code, f.text) for f in after}


# -- what may not be lost


class Kept:
    """What a file says, for an edit has to leave it: every letter and digit of every key and value, in order, but those of the word that
    the edit puts in place of another; no remark more or less, and no key without a value where there was none."""

    def __init__(self, file: str, text: str) -> None:
        self.yaml = file.endswith((".yaml", ".yml"))
        self.text = text
        self.said = Said.of(text) if self.yaml else None

    def after(self, start: int, end: int, new: str) -> bool:
        """Whether it can be shown that nothing is lost when `new` stands from `start` to `end`."""
        old, text = self.text[start:end], self.text[:start] + new + self.text[end:]
        if not self.yaml:
            return _swapped(words(self.text), words(text), words(old), words(new))
        said = Said.of(text)
        if said is None:
            return False
        if self.said is not None:
            return said.bare <= self.said.bare and _swapped(self.said.words, said.words, words(old), words(new))
        # What could not be read says nothing to compare with: then only a remark can hide what was a value.
        first = len(_BREAK.findall(self.text, 0, start)) + 1
        lines = range(first, first + len(_BREAK.findall(old)) + 1)
        since = max(self.text.rfind(sign, 0, start) for sign in "\r\n") + 1
        until = _end(text, start + len(new))
        spoken = {at for place in said.places for at in range(max(place[0], since), min(place[1], until))}
        unsaid = "".join(text[at] for at in range(since, until) if at not in spoken)
        remarks = "".join(_remarks(self.text[since : _end(self.text, end)]))
        return words(unsaid) == words(remarks) and not any(line in lines for line, _ in said.bare)


def _end(text: str, at: int) -> int:
    """Where the line ends."""
    found = _BREAK.search(text, at)
    return found.start() if found else len(text)


def _swapped(before: str, after: str, old: str, new: str) -> bool:
    """Whether `after` is `before` with one `old` become `new`."""
    if old == new:
        return before == after
    same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    return any(
        before[at : at + len(old)] == old and after == before[:at] + new + before[at + len(old) :]
        for at in range(max(0, same - len(old)), same + 1)
    )


def _remarks(text: str) -> list[str]:
    """The comments of a text, line by line."""
    return [match[0] for line in _BREAK.split(text) for match in QUOTED.finditer(line) if match[0].startswith("#")]


# -- what may be tried


def _edits(office: _Office, item: Finding) -> Iterator[Edit]:
    """What might mend a finding, the likeliest first; only what loses nothing."""
    text = office.text(item.file)
    if text is None or not item.line:
        return
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    lines = _BREAK.split(text)
    if item.line > len(lines):
        return
    begin, line = starts[item.line - 1], lines[item.line - 1]
    kept = Kept(item.file, text)
    if isinstance(item.hint, Instead):
        word = _word(item, begin, line, item.hint)
        if word is not None and kept.after(*word[1:]) and (item.code != "number" or _wants_text(office, word)):
            yield word
    if item.code == "tab":
        yield from _tabs(office, item, text)
    elif item.code == "syntax":
        # A key without its colon is only missed on the next line.
        for number in (item.line, item.line - 1):
            if number and (found := _read_again(kept, starts[number - 1], lines[number - 1])) is not None:
                yield Edit(item, *found)
                return
    else:
        for start, end, plain in _plainly(item, text, kept.said, begin, line):
            if plain != text[start:end] and kept.after(start, end, plain):
                yield Edit(item, start, end, plain)


def _read_again(kept: Kept, begin: int, line: str) -> tuple[int, int, str] | None:
    """The fewest signs of the line with which the file can be read, if they are the only ones of so many."""
    if line.lstrip().startswith("＃"):  # a remark, and no key
        return None
    signs = [(match.start(), match.end(), text) for match, text in _slips(line)]
    for many in range(1, len(signs) + 1) if len(signs) <= MOST_SIGNS else (1, len(signs)):
        found = []
        for some in combinations(signs, many):
            start, end = some[0][0], some[-1][1]
            edit = (begin + start, begin + end, _replaced(line[:end], some)[start:])
            if kept.after(*edit):
                found.append(edit)
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _slips(line: str) -> Iterator[tuple[re.Match[str], str]]:
    """Signs of a line that may stand for others, and a dash or colon that wants a blank."""
    quoted = [match.span() for match in QUOTED.finditer(line)]
    for match in _SLIP.finditer(line):
        if not any(start <= match.start() < end for start, end in quoted):
            # A semicolon separates nothing in YAML: whoever writes a full-width one means a comma.
            sign = "，" if match[0] == "；" else match[0]
            yield match, _plain(line, match.start(), sign) if sign in WIDE else sign + " "


def _plain(line: str, at: int, sign: str) -> str:
    """The plain sign for a full-width one, with the blank that YAML wants after it."""
    plain, after = WIDE[sign], line[at + 1 : at + 2]
    of_time = plain == ":" and WIDE.get(line[at - 1 : at], line[at - 1 : at]).isdigit()  # 10：30
    return plain + (" " if plain in ":," and after and not after.isspace() and not of_time else "")


def _replaced(line: str, some: Iterable[tuple[int, int, str]]) -> str:
    for start, end, text in sorted(some, reverse=True):
        line = line[:start] + text + line[end:]
    return line


def _plainly(item: Finding, text: str, said: Said | None, begin: int, line: str) -> Iterator[tuple[int, int, str]]:
    """What the finding points at in plain signs: the expressions of a template's line, else the one scalar; prose beside it stays."""
    if item.file.endswith(".j2"):
        yield begin, begin + len(line), _EXPRESSION.sub(lambda match: _narrow(match[0], '"'), line)
        return
    here = begin + item.column - 1
    start, end = next((place for place in said.places if place[0] <= here < place[1]), (0, 0)) if said else (0, 0)
    written = text[start:end]
    if written[:1] in ("'", '"'):
        if item.code == "expression":
            yield start + 1, end - 1, _narrow(written[1:-1], '"' if written[0] == "'" else "'")
        return
    plain = _narrow(written, "'")
    yield start, end, plain
    names = [part.strip() for part in plain.split(",")]
    if item.code.startswith("unknown-") and len(names) > 1 and all(names):
        yield start, end, f"[{', '.join(names)}]"  # 甲、乙 without brackets


def _word(item: Finding, begin: int, line: str, hint: Instead) -> Edit | None:
    """The wrong word where it stands, in quotes or not; it may begin before the place that is named."""
    at, long = item.column - 1, len(hint.wrong)
    for start in (at, at + 1, *range(at - 1, max(-1, at - long), -1)):
        end = start + long
        if line[start:end] == hint.wrong and not line[end : end + 1].isalnum():
            return Edit(item, begin + start, begin + end, hint.right)
    return None


def _wants_text(office: _Office, quoting: Edit) -> bool:
    """Whether a text stands there, so that a small number would be refused just as well."""
    it = quoting.finding
    return any(
        (f.file, f.line, f.column) == (it.file, it.line, it.column)
        and isinstance(f.hint, Instead)
        and f.hint.right == "'0'"
        for f in office.supposed(quoting._replace(text="0"))
    )


def _narrow(text: str, quote: str) -> str:
    """Full-width punctuation, digits and letters as ASCII; what stands in quotes stays, in Chinese ones too, and these become `quote`."""

    def plain(match: re.Match[str]) -> str:
        inner = next((part for part in match.groups() if part is not None), quote)
        if quote not in inner:
            return f"{quote}{inner}{quote}"
        return _plain(text, match.start(), match[0]) if match[0] in WIDE else match[0]

    return _TEXTS.sub(plain, text)


def _tabs(office: _Office, item: Finding, text: str) -> Iterator[Edit]:
    """Every tab in a margin as blanks, where all the widths that can be read, or that leave no error, say the same."""
    readings: list[tuple[Any, Edit]] = []
    for width in WIDTHS:
        plain = _MARGIN.sub(lambda match, blanks=" " * width: match[0].replace("\t", blanks), text)  # type: ignore[misc]
        try:
            data = read_yaml(plain, item.file).data
        except Invalid:
            continue
        if all(data != known for known, _ in readings):
            readings.append((data, Edit(item, 0, len(text), plain)))
    if len(readings) > 1:
        readings = [
            (data, edit)
            for data, edit in readings
            if not any(f.file == item.file and f.severity == "error" for f in office.supposed(edit))
        ]
    if len(readings) == 1:
        yield readings[0][1]


def _apart(edits: Iterable[Edit]) -> list[Edit]:
    """Those that do not touch each other, the first of each place; one finding is mended in one way at a time."""
    chosen: list[Edit] = []
    for edit in sorted(edits, key=lambda it: (it.finding.file, it.start, it.end)):
        if any(it.finding == edit.finding for it in chosen):
            continue
        if not chosen or chosen[-1].finding.file != edit.finding.file or chosen[-1].end <= edit.start:
            chosen.append(edit)
    return chosen
