"""Mending what can be mended safely in the files of an office: misspelt names, numbers that are text, full-width punctuation, tabs.

An edit takes the place of a few characters; every other byte stays, comments and ends of lines among them. None is believed: the office
is checked again as it would be, and an edit that does not take its finding away, or brings a new one to that place, is left out. So mending
what was mended changes nothing. A tab is only mended where just one
reading of the widths that it may have had is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Conflict, Finding, Instead, Invalid, Text
from ..language import OfficeFiles, read_yaml
from ..language.malformed import QUOTED, WIDE
from ..runtime.rewriting import whole

_BREAK = re.compile(r"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_MARGIN = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)
_UNREAD = frozenset({"syntax", "tab", "key", "number", "duplicate-key"})
"""What keeps a file from being read at all: once it is mended, what it hid comes to light."""

WIDTHS = (2, 4, 8)
"""Blanks that a tab may have stood for."""

MOST_ROUNDS = 20


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


def offers(folder: str | Path, findings: Iterable[Finding]) -> bool:
    """Whether there is anything in these findings that `mend` would try."""
    office = _Office(Path(folder))
    return any(True for item in findings for _ in _edits(office, item))


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


# -- what may be tried


def _edits(office: _Office, item: Finding) -> Iterator[Edit]:
    text = office.text(item.file)
    if text is None or not item.line:
        return
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    lines = _BREAK.split(text)
    if item.line > len(lines):
        return
    if isinstance(item.hint, Instead):
        word = _word(item, starts[item.line - 1], lines[item.line - 1], item.hint)
        if word is not None and (item.code != "number" or _wants_text(office, word)):
            yield word
    if item.code == "tab":
        yield from _tabs(office, item, text)
        return
    # A key without its colon is only missed on the next line.
    for number in (item.line, item.line - 1) if item.code == "syntax" else (item.line,):
        if number and (plain := _narrow(lines[number - 1])) != lines[number - 1]:
            begin = starts[number - 1]
            yield Edit(item, begin, begin + len(lines[number - 1]), plain)


def _word(item: Finding, begin: int, line: str, hint: Instead) -> Edit | None:
    """The wrong word where it stands, in quotes or not."""
    at = item.column - 1
    for start in (at, at + 1):
        end = start + len(hint.wrong)
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


def _narrow(line: str) -> str:
    """The line with full-width punctuation, digits and letters as ASCII; what stands in quotes and comments stays."""
    kept = [match.span() for match in QUOTED.finditer(line)]
    out = ""
    for at, char in enumerate(line):
        if any(start <= at < end for start, end in kept) or char not in WIDE:
            out += char
            continue
        plain = WIDE[char]
        after = line[at + 1 : at + 2]
        out += plain + (
            " " if plain in ":," and after and not after.isspace() and not (plain == ":" and out[-1:].isdigit()) else ""
        )
    return out


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
