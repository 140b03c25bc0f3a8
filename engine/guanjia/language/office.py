"""`OfficeFiles`: everything an office has written, read strictly, checked against each other, and pinned into versions.

What was read is kept until a file changes (seen by `digest`), so asking again is cheap. A version holds the procedure with
its includes merged, the calendars it names, and the templates it can send: the same files always make the same hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import Finding, Invalid
from ..model.node import Labelled
from ..model.office import Office
from ..model.standards import Held
from ..model.version import Version
from .checks.words import DIGEST
from .contents import Contents
from .folder import Folder
from .nodes import Document, errors, in_order
from .procedures import Draft, draft_procedure
from .reading import decode
from .registries import Registries

if TYPE_CHECKING:
    pass

Thing = TypeVar("Thing")

SETTLED = ("office.yaml", "organisation.yaml")
"""Without which nobody can do anything."""


class OfficeFiles:
    """The folder of an office. Methods raise Invalid with every error of what they were asked for.

    `still`: the files as they are when first asked for; what becomes of them later is not looked at. `edited` holds what is read in
    place of some of them, by path.
    """

    def __init__(self, folder: str | Path, *, still: bool = False, edited: Mapping[str, bytes] | None = None) -> None:
        self.folder = Path(folder)
        self._files = Folder(folder, edited or {})
        self._still = still
        self._known: Contents | None = None
        self._vouched = ""
        self._kept: Mapping[str, bytes] = {}
        self.leaning: list[Finding] = []
        """Why what office.yaml and organisation.yaml said before goes on (`lean_on`); empty while they are in order."""

    def digest(self) -> str:
        """Changes exactly when a file changes that the office, its organisation or a version is made of."""
        return self._known.digest if self._still and self._known is not None else self._files.digest()

    @contextmanager
    def steady(self) -> Iterator[None]:
        """All that is asked for within is of the files as they are at its beginning, which looks them through once."""
        before = self._still
        self._contents()
        self._still = True
        try:
            yield
        finally:
            self._still = before

    def office(self) -> Office:
        """office.yaml"""
        contents = self._contents()
        more = [] if contents.digest == self._vouched else contents.schedule_findings
        return _sound(contents.office, [*contents.office_findings, *more])

    def place(self) -> str:
        """Where office.yaml says that the cases are kept. What it says of procedures is not looked at."""
        contents = self._contents()
        return _sound(contents.office, contents.office_findings).database

    def vouch(self, digest: str) -> None:
        """As they were of this digest, the files were taken up and all in order: what office.yaml says of procedures and registries need
        not be looked at anew by whoever opens the office."""
        self._vouched = digest

    def lean_on(self, kept: Mapping[str, str]) -> None:
        """What office.yaml and organisation.yaml said when they were taken up last, by path: while one of them cannot be used, both go on
        so, as an edited procedure does that is wrong."""
        self._kept = {path: text.encode() for path, text in kept.items()}
        self._known = self._in_force(self._contents())

    def settled(self) -> dict[str, str]:
        """The texts of office.yaml and organisation.yaml as they are in force, by path, for `lean_on`."""
        folder = self._contents().folder
        return {path: decode(folder.read(path), path) for path in SETTLED if folder.has(path)}

    def organisation(self) -> dict[str, Any]:
        """organisation.yaml as canonical plain data; without the file there are no roles and no staff.

        `duty` holds what says who is on duty besides: the office's `zone` and `site`, the `lines` of rosters/ that are right,
        and the `calendars` of shifts.
        """
        contents = self._contents()
        organisation = _sound(contents.organisation, contents.organisation_findings)
        plain: dict[str, Any] = organisation.model_dump(mode="json", by_alias=True)
        office = contents.office or Office(name=Labelled())
        used = {shift.calendar for shift in organisation.shifts.values() if shift.days != "every"}
        return plain | {
            "duty": {
                "zone": office.zone, "site": office.site, "lines": contents.roster[0],
                "calendars": {name: contents.calendars[name] for name in sorted(used) if name in contents.calendars},
            }
        }  # fmt: skip

    def calendars(self) -> dict[str, dict[str, Any]]:
        """Every calendar by name, `extends` resolved, and `always`: the office's zone around the clock."""
        contents = self._contents()
        if wrong := errors(contents.calendar_findings):
            raise Invalid(wrong)
        return dict(contents.calendars)

    def standards(self) -> dict[str, Held] | None:
        """Every standard by name, with the limits of the overlays that office.yaml names; None without a standards.yaml."""
        contents = self._contents()
        if wrong := errors(contents.standards_findings):
            raise Invalid(wrong)
        return contents.standards

    def registries(self) -> Registries:
        """What registries/ declares, and the registries that are in order as a whole."""
        return self._contents().registries

    def templates(self) -> dict[str, str]:
        """Every template's text by `<language>/<name>.<channel>`."""
        contents = self._contents()
        if contents.unreadable:
            raise Invalid(contents.unreadable)
        return dict(contents.texts)

    def quiet(self) -> dict[str, Any]:
        """What leaving people in peace needs: `calendars` by whom they are for (`customers`, `staff`), as canonical data, and
        the `templates` of digests by key. Invalid when a calendar that office.yaml names cannot be used."""
        contents, quiet = self._contents(), self.office().quiet
        named = {} if quiet is None else {whom: name for whom, name in quiet if name is not None}
        if wrong := errors(contents.office_findings):
            raise Invalid(wrong)
        if not set(named.values()) <= contents.calendars.keys():
            raise Invalid(errors(contents.calendar_findings))
        return {
            "calendars": {whom: contents.calendars[name] for whom, name in named.items()},
            "templates": {key: contents.texts[key] for key in contents.sending([DIGEST])} if named else {},
        }

    def procedures(self) -> list[str]:
        """The names of the procedures, sorted; of broken ones too, as far as the name can be read."""
        return sorted(self._contents().files)

    def version(self, name: str) -> Version:
        """The procedure `name` with all that a case of it is pinned to. NotFound; Invalid with every error."""
        return self._contents().version(name)

    def document(self, name: str) -> Document:
        """The file of a procedure as it is written, includes merged: where each piece of its definition stands. NotFound;
        Invalid with every error."""
        self.version(name)
        root = self._contents().draft(self._contents().files[name]).root
        assert root is not None
        return Document(root)

    def written(self, name: str) -> tuple[Version, dict[str, str]]:
        """The version, and the text of each file that it is made of by its path: the procedure's own, what it includes, its
        calendars with those that they extend, the standards that it names, and its templates. NotFound, Invalid."""
        contents = self._contents()
        version = contents.version(name)
        return version, contents.sources(version)

    def judge(self, text: bytes, file: str) -> Draft:
        """A procedure that is not one of this office yet, read and checked as if it stood in its folder."""
        contents = self._contents()
        return draft_procedure(text, file, contents.fetch, contents.around)

    def stories(self, name: str) -> Path | None:
        """The file of the stories of a procedure; it stands beside it and is called like it or like its file."""
        file = self._contents().files.get(name)
        for stem in (name, Path(file).stem if file else name):
            relative = f"procedures/{stem}.stories.yaml"
            if self._files.has(relative):
                return self._files.path / relative
        return None

    def check(self) -> list[Finding]:
        """Everything that is wrong or doubtful in the folder as it is written, by file and place."""
        contents = self._contents()
        return in_order((self._as_written(contents.digest) if self.leaning else contents).findings())

    def _contents(self) -> Contents:
        digest = self.digest()
        known = self._known
        if known is None or known.digest != digest:
            self._known = known = self._in_force(self._as_written(digest))
        return known

    def _as_written(self, digest: str) -> Contents:
        return Contents(digest, self._files)

    def _in_force(self, written: Contents) -> Contents:
        """The files as they are written, or with what is kept in place of what cannot be used."""
        self.leaning = written.unusable(schedules=written.digest != self._vouched) if self._kept else []
        if not self.leaning:
            return written
        before = Contents(written.digest, Folder(self.folder, self._kept))
        if before.unusable():  # what is wrong is none of these two files
            self.leaning = []
            return written
        return before


def _sound(thing: Thing | None, findings: list[Finding]) -> Thing:
    if wrong := errors(findings):
        raise Invalid(wrong)
    assert thing is not None
    return thing
