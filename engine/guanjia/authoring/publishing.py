"""Whether edited procedures are fit to come into force: check, stories, and proofs, over the files as they are at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Conflict, Finding, Invalid, Text
from ..language import OfficeFiles
from ..model.version import Version
from .prove import Claim, prove
from .stories import StoryResult, run_stories


@dataclass
class Draft:
    """The procedures of an office as its files have them at one moment: those that are in order, and what is wrong with the
    others."""

    files: OfficeFiles
    digest: str
    written: dict[str, Version] = field(default_factory=dict)
    wrong: dict[str, Invalid] = field(default_factory=dict)

    def sound(self, names: Sequence[str]) -> None:
        """Invalid with everything that is wrong in the procedures named; in all, where none is named."""
        found: dict[Finding, None] = {}
        for name, invalid in self.wrong.items():
            if not names or name in names:
                found |= dict.fromkeys(invalid.findings)
        if found:
            raise Invalid(list(found))

    def same(self) -> None:
        """Conflict when a file was saved meanwhile: what was tried is not what would be published."""
        if OfficeFiles(self.files.folder).digest() != self.digest:
            raise Conflict(
                Text("检查期间有文件被改动，本次没有发布。", "A file was saved while they were checked; nothing was published."),
                Text("再运行一次同样的命令。", "Run the same command again."), again=True,
            )  # fmt: skip


def read(folder: str | Path) -> Draft:
    """The procedures of the office in `folder` as they are now."""
    files = OfficeFiles(folder, still=True)
    files.office()
    draft = Draft(files, files.digest())
    for name in files.procedures():
        try:
            draft.written[name] = files.version(name)
        except Invalid as wrong:
            draft.wrong[name] = wrong
    return draft


def failing(draft: Draft, names: Mapping[str, Version]) -> Iterator[StoryResult]:
    """The stories of these procedures that fail. Invalid when their file cannot be read."""
    if names:
        yield from (result for result in run_stories(draft.files.folder, list(names)) if not result.passed)


SOON = ("ends", "competing")
"""What is judged of every procedure before it comes into force, beside its own properties: what takes seconds. How long a case may
lie, and what is never reached, `guanjia prove` says."""

LOOKED_AT = 1_500
"""Situations that are looked at for each of them."""


def refuted(names: Mapping[str, Version], told: Callable[[int], None] | None) -> Iterator[tuple[str, Claim]]:
    """What is claimed of every case of these procedures and is not so. What cannot be decided stops nothing. `told` is called with
    how many situations were looked at."""
    for name, version in names.items():
        proof = prove(version, states=LOOKED_AT, told=told, general=SOON)
        yield from ((name, claim) for claim in proof.claims if claim.verdict == "refuted")
