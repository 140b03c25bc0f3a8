"""`OfficeFiles`: everything an office has written, read strictly, checked against each other, and pinned into versions.

What was read is kept until a file changes (seen by `digest`), so asking again is cheap. A version holds the procedure with
its includes merged, the calendars it names, and the templates it can send: the same files always make the same hash.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import Finding, GuanjiaError, Invalid, NotFound, Text
from ..model.office import Office, Organisation
from ..model.procedure import Labelled, Version
from .checks import Around, template_findings, template_names
from .checks.organisation import check_office, check_organisation
from .checks.words import DIGEST, check_digest, digest_findings
from .folder import Folder
from .grammar import build, suggest
from .nodes import Node, errors, in_order
from .procedures import Draft, draft_procedure
from .reading import decode, read_yaml
from .rosters import Line, check_lines, read_roster
from .stories import read_stories

if TYPE_CHECKING:
    from ..expressions import Templates

Thing = TypeVar("Thing")

_INCLUDED = re.compile(r"\{%-?\s*(?:include|import|from|extends)\s+(['\"])(.+?)\1")


class OfficeFiles:
    """The folder of an office. Methods raise Invalid with every error of what they were asked for.

    `still`: the files as they are when first asked for; what becomes of them later is not looked at.
    """

    def __init__(self, folder: str | Path, *, still: bool = False) -> None:
        self.folder = Path(folder)
        self._files = Folder(folder)
        self._still = still
        self._known: _Contents | None = None

    def digest(self) -> str:
        """Changes exactly when a file changes that the office, its organisation or a version is made of."""
        return self._known.digest if self._still and self._known is not None else self._files.digest()

    def office(self) -> Office:
        """office.yaml"""
        contents = self._contents()
        return _sound(contents.office, contents.office_findings)

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

    def stories(self, name: str) -> Path | None:
        """The file of the stories of a procedure; it stands beside it and is called like it or like its file."""
        file = self._contents().files.get(name)
        for stem in (name, Path(file).stem if file else name):
            relative = f"procedures/{stem}.stories.yaml"
            if self._files.has(relative):
                return self._files.path / relative
        return None

    def check(self) -> list[Finding]:
        """Everything that is wrong or doubtful in the folder, by file and place."""
        return in_order(self._contents().findings())

    def _contents(self) -> _Contents:
        digest = self.digest()
        known = self._known
        if known is None or known.digest != digest:
            self._known = known = _Contents(digest, self._files)
        return known


def _sound(thing: Thing | None, findings: list[Finding]) -> Thing:
    if wrong := errors(findings):
        raise Invalid(wrong)
    assert thing is not None
    return thing


@dataclass(eq=False)
class _Contents:
    """The folder as it was at one digest; each part is read when it is first asked for."""

    digest: str
    folder: Folder

    # -- office and organisation

    @cached_property
    def _office(self) -> tuple[Office | None, Node | None, list[Finding]]:
        if not self.folder.has("office.yaml"):
            missing = Finding(
                "missing-file",
                Text(
                    "这个文件夹里没有 office.yaml，不是办公室文件夹",
                    "there is no office.yaml: this is not the folder of an office",
                ),
                "office.yaml",
                hint=Text(
                    "请换到办公室的文件夹，或用 guanjia init 新建一个",
                    "go to the office's folder, or make one with guanjia init",
                ),
            )
            return None, None, [missing]
        return self._definition(Office, "office.yaml")

    @cached_property
    def _organisation(self) -> tuple[Organisation | None, Node | None, list[Finding]]:
        if not self.folder.has("organisation.yaml"):
            what = Text(
                "没有 organisation.yaml，谁也不能办理，谁也收不到通知",
                "there is no organisation.yaml: nobody can act, and nobody is told",
            )
            return Organisation(), None, [Finding("missing-file", what, "organisation.yaml", severity="warning")]
        return self._definition(Organisation, "organisation.yaml")

    def _definition(self, model: Any, file: str) -> tuple[Any, Node | None, list[Finding]]:
        findings: list[Finding] = []
        try:
            root = read_yaml(self.folder.read(file), file).root
        except Invalid as refused:
            return None, None, list(refused.findings)
        return build(model, root, findings), root, findings

    @property
    def office(self) -> Office | None:
        return self._office[0]

    @property
    def organisation(self) -> Organisation | None:
        return self._organisation[0]

    @cached_property
    def office_findings(self) -> list[Finding]:
        office, root, findings = self._office
        if office is not None and root is not None:
            findings = list(findings)
            check_office(
                office,
                root,
                {name: self._fields(name) for name in self.files},
                self.known_calendars,
                self.organisation,
                findings,
            )
            check_digest(office, root, self.compiled, findings)
        return in_order(findings)

    @cached_property
    def organisation_findings(self) -> list[Finding]:
        organisation, root, found = self._organisation
        findings = list(found)
        if organisation is not None and root is not None:
            check_organisation(organisation, root, self.known_calendars, self.site, findings)
        return in_order(findings)

    @property
    def site(self) -> str:
        return self.office.site if self.office else "main"

    @cached_property
    def roster(self) -> tuple[list[dict[str, Any]], list[Finding]]:
        """The lines of all rosters that are right, and what is wrong with the others."""
        from ..calendars import compile_calendar

        organisation, lines = self.organisation, list[Line]()
        findings: list[Finding] = []
        files = self.folder.rosters()
        if organisation is None or not files:
            return [], []
        for file in files:
            try:
                lines += read_roster(self.folder.read(file), file, findings)
            except Invalid as refused:
                findings += refused.findings
        used = {shift.calendar for shift in organisation.shifts.values()}
        calendars = {name: compile_calendar(self.calendars[name]) for name in used if name in self.calendars}
        return check_lines(lines, organisation, calendars, findings), in_order(findings)

    # -- calendars

    @cached_property
    def _calendars(self) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
        from ..calendars import flatten
        from ..calendars.grammar import read_layer

        findings: list[Finding] = []
        written: dict[str, Any] = {}
        parents: set[str] = set()
        for name, file in self.folder.calendars().items():
            try:
                document = read_yaml(self.folder.read(file), file)
            except Invalid as refused:
                findings += refused.findings
                continue
            layer, problems = read_layer(document.data)
            parents.update(layer.extends)
            for path, text, hint in problems:
                key, value = document.root.at(path)
                named = bool(path) and key.kind == "scalar" and key.text == path[-1]
                findings.append((key if named else value).finding("calendar", text, hint))
            if not problems:
                written[name] = document.data
        flat: dict[str, dict[str, Any]] = {}
        for name, data in written.items():
            try:
                flat[name] = flatten(name, written)
            except GuanjiaError as wrong:
                # One that others extend (a country's holidays) need not be a calendar by itself, and last year's may stay.
                file = self.folder.calendars()[name]
                if name in parents:
                    continue
                if {"week", "always", "extends"}.isdisjoint(data):
                    findings.append(
                        Finding(
                            "unused-calendar",
                            Text("没有上班时间，也没有日历以它为基础，所以不起作用", "it has no working time and no calendar extends it: it is used by nothing"),
                            file, 1, 1,
                            Text(f"写进某个日历的 extends: [{name}]；不再需要就不用管", f"name it in a calendar's extends: [{name}]; or leave it, if it is of the past"),
                            severity="warning",
                        )
                    )  # fmt: skip
                    continue
                findings.append(Finding("calendar", wrong.text, file, 1, 1, wrong.hint))
        zone = self.office.zone if self.office else "Asia/Shanghai"
        flat["always"] = {"zone": zone, "always": True}
        return flat, in_order(findings)

    @property
    def calendars(self) -> dict[str, dict[str, Any]]:
        return self._calendars[0]

    @property
    def calendar_findings(self) -> list[Finding]:
        return self._calendars[1]

    @cached_property
    def known_calendars(self) -> frozenset[str]:
        """Those that can be used, and those with mistakes of their own."""
        return frozenset((*self.calendars, *(Path(finding.file).stem for finding in errors(self.calendar_findings))))

    # -- templates

    @cached_property
    def _texts(self) -> tuple[dict[str, str], list[Finding]]:
        texts: dict[str, str] = {}
        findings: list[Finding] = []
        for key, file in self.folder.templates().items():
            try:
                texts[key] = decode(self.folder.read(file), file)
            except Invalid as refused:
                findings += refused.findings
        return texts, findings

    @property
    def texts(self) -> dict[str, str]:
        return self._texts[0]

    @property
    def unreadable(self) -> list[Finding]:
        return self._texts[1]

    @cached_property
    def compiled(self) -> Templates:
        from ..expressions import Templates

        return Templates(self.texts)

    def template_findings(self, key: str) -> list[Finding]:
        return template_findings(f"templates/{key}.j2", self.texts[key], self.compiled.check(key))

    # -- procedures

    @cached_property
    def _heads(self) -> dict[str, tuple[str, Node | None]]:
        """File -> (the name of its procedure, where it says so); a file that cannot be read goes by its own name."""
        heads: dict[str, tuple[str, Node | None]] = {}
        for file in self.folder.procedures():
            try:
                name = read_yaml(self.folder.read(file), file).root.get("procedure")
            except Invalid:
                name = None
            heads[file] = (name.text, name) if name is not None and name.text else (Path(file).stem, None)
        return heads

    @cached_property
    def files(self) -> dict[str, str]:
        """Procedure -> its file; of two files that claim one name the first."""
        found: dict[str, str] = {}
        for file, (name, _) in self._heads.items():
            found.setdefault(name, file)
        return found

    @cached_property
    def clashes(self) -> list[Finding]:
        found = []
        for file, (name, node) in self._heads.items():
            if self.files[name] != file and node is not None:
                what = Text(
                    f"流程“{name}”已在 {self.files[name]} 定义",
                    f"the procedure {name!r} is already defined in {self.files[name]}",
                )
                found.append(node.finding("duplicate-procedure", what, Text("请改名", "rename one of them")))
        return found

    def _fields(self, name: str) -> frozenset[str] | None:
        """The fields of a procedure, read without judging it; None when they cannot be known."""
        try:
            root = read_yaml(self.folder.read(self.files[name]), "").root
        except Invalid:
            return None
        fields = root.get("fields")
        if root.get("include") is not None or (fields is not None and fields.kind != "map"):
            return None
        return frozenset(fields.entries) if fields is not None else frozenset()

    @cached_property
    def around(self) -> Around:
        organisation = self.organisation
        known = organisation is not None and self._organisation[1] is not None
        return Around(
            roles=frozenset(organisation.roles) if organisation and known else None,
            staff=frozenset(organisation.staff) if organisation and known else None,
            staffed=_staffed(organisation) if organisation and known else None,
            teams=frozenset(organisation.teams) if organisation and known else None,
            skills=frozenset(organisation.skills) if organisation and known else None,
            calendars=self.known_calendars,
            procedures={name: self._fields(name) for name in self.files},
            templates=self.compiled,
            never_closed=frozenset(name for name, data in self.calendars.items() if data.get("always")),
        )

    @cached_property
    def _drafts(self) -> dict[str, Draft]:
        return {}

    def draft(self, file: str) -> Draft:
        """A procedure file, read and checked once."""
        if file not in self._drafts:
            try:
                raw = self.folder.read(file)
            except Invalid as refused:
                self._drafts[file] = Draft(None, None, list(refused.findings))
            else:
                self._drafts[file] = draft_procedure(raw, file, self._fetch, self.around)
        return self._drafts[file]

    def _fetch(self, path: str) -> tuple[str, bytes]:
        """A fragment: its path counts from procedures/."""
        file = f"procedures/{path}"
        return file, self.folder.read(file)

    def version(self, name: str) -> Version:
        file = self.files.get(name)
        if file is None:
            meant = suggest(name, self.files)
            listed = ", ".join(sorted(self.files)) or "-"
            raise NotFound(
                Text(f"没有叫“{name}”的流程", f"there is no procedure {name!r}"),
                Text(f"是否想写 {meant}？", f"did you mean {meant}?")
                if meant
                else Text(f"现有：{listed}", f"there are: {listed}"),
                known=sorted(self.files),
            )
        draft = self.draft(file)
        findings = [*self.office_findings_of_file(), *self.clashes_of(name), *self.calendar_findings, *draft.findings]
        sends = self._sent(draft)
        for key in sends:
            findings += self.template_findings(key)
        findings += self.unreadable
        if wrong := errors(in_order(findings)):
            raise Invalid(wrong)
        assert draft.procedure is not None
        return Version(
            procedure=draft.procedure,
            calendars={
                each: self.calendars[each] for each in sorted(_named_calendars(draft)) if each in self.calendars
            },
            templates={key: self.texts[key] for key in sends},
        )

    def office_findings_of_file(self) -> list[Finding]:
        """What is wrong with office.yaml itself: the zone of every case stands there."""
        return self._office[2]

    def clashes_of(self, name: str) -> list[Finding]:
        return [finding for finding in self.clashes if self._heads[finding.file][0] == name]

    def _sent(self, draft: Draft) -> list[str]:
        """The keys of the templates that a procedure can send, and of what those include."""
        return [] if draft.procedure is None else self.sending(template_names(draft.procedure))

    def sending(self, names: Collection[str]) -> list[str]:
        """The keys of these templates, and of what they include."""
        pending = [key for key in self.texts if _template_name(key) in names]
        found: set[str] = set()
        while pending:
            key = pending.pop()
            if key in found:
                continue
            found.add(key)
            for _, included in _INCLUDED.findall(self.texts[key]):
                pending += [each for each in (included, included.removesuffix(".j2")) if each in self.texts]
        return sorted(found)

    # -- everything

    def findings(self) -> list[Finding]:
        if not self.folder.has("office.yaml"):
            return self.office_findings
        found = [
            *self.office_findings,
            *self.organisation_findings,
            *self.roster[1],
            *self.calendar_findings,
            *self.unreadable,
            *self.clashes,
            *digest_findings(self.compiled),
        ]
        for key in self.texts:
            found += self.template_findings(key)
        for file in self._heads:
            found += self.draft(file).findings
        for file in self.folder.stories():
            try:
                read_stories(self.folder.path / file)
            except Invalid as refused:
                found += refused.findings
        if not self._heads:
            what = Text("还没有流程，什么工单也开不了", "there is no procedure yet: no case can be opened")
            found.append(Finding("no-procedure", what, "procedures/", severity="warning"))
        return found


def _staffed(organisation: Organisation) -> frozenset[str]:
    return frozenset(role for person in organisation.staff.values() if person.active for role in person.roles)


def _template_name(key: str) -> str:
    """`zh/sla_warning.mail` -> sla_warning"""
    return key.partition("/")[2].rpartition(".")[0]


def _named_calendars(draft: Draft) -> set[str]:
    """The calendars that a procedure names, `always` among them."""
    procedure = draft.procedure
    assert procedure is not None
    names = {procedure.calendar, "always"}
    for _, state, _ in [("", procedure, ()), *procedure.walk()]:
        names |= {delay.calendar for delay in state.after.values() if delay.calendar}
    names |= {ladder.calendar for ladder in procedure.ladders.values() if ladder.calendar}
    for sla in procedure.sla.values():
        targets = [part for target in sla.target for part in (target, *target.earliest)]
        names |= {each for each in (sla.calendar, *(part.calendar for part in targets)) if each}
    return names
