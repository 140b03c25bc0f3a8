"""The folder of an office as it was last looked at: what is wrong with it, and each procedure as it was last in order.

A file that is broken takes nothing off the page: its findings stand there, with the last good picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.surroundings import entitled
from ...errors import Finding, Invalid, NotFound, Text
from ...language import OfficeFiles
from ...language.folder import Folder
from ...model.procedure import Procedure
from ...people.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Good:
    """A procedure that is in order, and the files as they were then."""

    procedure: Procedure
    files: OfficeFiles


class Office:
    """`look` takes up what was saved meanwhile; everything else is as of the last look."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.digest = ""
        self.findings: list[Finding] = []
        self.procedures: list[str] = []
        self.broken: frozenset[str] = frozenset()
        """Procedures that cannot be used as they are now."""
        self.files = OfficeFiles(folder, still=True)
        self.name = Text(self.folder.name, self.folder.name)
        self._good: dict[str, Good] = {}
        self.people: Organisation | None = None
        """Those of the office as it was last in order."""
        self.zone = "Asia/Shanghai"
        self._roles: Mapping[str, Mapping[str, str]] = {"zh": {}, "en": {}}

    def look(self) -> bool:
        """Whether a file has changed since the last look; then all is read anew."""
        digest = Folder(self.folder).everything()
        if digest == self.digest:
            return False
        files = OfficeFiles(self.folder, still=True)
        findings, procedures, broken = files.check(), files.procedures(), set()
        wrong = any(item.severity == "error" for item in findings)
        usable = self._people(files)
        for name in procedures:
            try:
                found = Good(files.version(name).procedure, files)
            except (Invalid, NotFound):
                broken.add(name)
                continue
            if usable or name not in self._good:
                self._good[name] = found
        # One whose file cannot even be read has lost its name: it is gone only where nothing is wrong.
        lost = self._good.keys() - set(procedures)
        if not wrong:
            for name in lost:
                del self._good[name]
        self.procedures = sorted({*procedures, *self._good})
        self.broken = frozenset({*broken, *(lost & self._good.keys()), *(() if usable else self.procedures)})
        self.files, self.findings, self.digest = files, findings, digest
        return True

    def good(self, name: str) -> Good | None:
        """The procedure as it was last in order; None where it never was."""
        return self._good.get(name)

    def entitled(self, language: str, word: str) -> str:
        """What people call a role, or a relation to the case."""
        return entitled({"labels": self._roles}, word).get(language)

    def _people(self, files: OfficeFiles) -> bool:
        """Take up what the office and its roles are called; whether both can be used."""
        try:
            office = files.office()
            self.name = Text(*(getattr(office.name, one) or self.folder.name for one in ("zh", "en")))
            self.people, self.zone = Organisation.from_plain(files.organisation(), office.language), office.zone
        except Invalid:
            return False
        self._roles = {language: self.people.labels(language) for language in ("zh", "en")}
        return True
