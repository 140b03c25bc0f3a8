"""The folder of an office as it was at one digest: each part read once, when it is first asked for, and checked against the others."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Finding, Invalid, NotFound, Text
from ..model.office import Office, Organisation
from ..model.procedure import Procedure
from ..model.standards import Held
from ..model.version import Version
from .checks import Around, template_findings, template_names
from .checks.organisation import check_office, check_organisation
from .checks.schedules import Schedules
from .checks.view import likely
from .checks.words import check_digest, digest_findings
from .clauses import FILE as CLAUSES, clauses_of
from .cron import next_days
from .folder import Folder
from .grammar import build, suggest
from .nodes import Node, errors, in_order
from .procedures import Draft, draft_procedure
from .reading import decode, read_yaml
from .registries import Registries, read_registries
from .rosters import Line, check_lines, read_roster
from .standards import known_overlays, named_standards, read_standards
from .stories import read_stories_text

if TYPE_CHECKING:
    from ..expressions import Templates
    from .calendars import Calendars

_INCLUDED = re.compile(r"\{%-?\s*(?:include|import|from|extends)\s+(['\"])(.+?)\1")


_WIDTH = re.compile(r"\{seq:0\d+\}")


@dataclass(eq=False)
class Contents:
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
            # Whoever opens an office waits for this: templates are read only where office.yaml speaks of what is told together.
            check_office(office, root, self.known_calendars, self.organisation, findings)
            for index, name in enumerate(office.overlays):
                if name not in (known := known_overlays(self.folder)):
                    what = Text(f"没有 overlays/{name}.yaml", f"there is no overlays/{name}.yaml")
                    findings.append(
                        root.at(("overlays", index))[1].finding("unknown-overlay", what, likely(name, known))
                    )
            if office.quiet is not None:
                check_digest(root, self.compiled, findings)
        return in_order(findings)

    @cached_property
    def schedule_findings(self) -> list[Finding]:
        """What is wrong with what opens by the calendar: to know it all procedures and registries are read."""
        office, root, _ = self._office
        if office is None or root is None or not office.schedules:
            return []
        written = {name: self._roots[file] for name, file in self.files.items()}
        shapes, sound, broken = self.registries
        rules = Schedules(root, written, self.known_calendars, shapes, broken, sound, self._closed)
        return in_order(rules.check(office.schedules))

    def _closed(self, calendar: str, cron: str) -> bool:
        """Whether none of the next sixty instants of a cron text falls on a working day."""
        from ..calendars import compile_calendar

        data = self.calendars.get(calendar)
        return data is not None and not any(map(compile_calendar(data).is_workday, next_days(cron, 60)))

    @cached_property
    def organisation_findings(self) -> list[Finding]:
        organisation, root, found = self._organisation
        findings = list(found)
        if organisation is not None and root is not None:
            check_organisation(organisation, root, self.known_calendars, self.site, findings)
        return in_order(findings)

    def unusable(self, *, schedules: bool = True) -> list[Finding]:
        """The errors for which nobody could do anything; those of what opens by the calendar, where they are asked for, too."""
        wrong = errors([*self.office_findings, *self.organisation_findings])
        return [*wrong, *errors(self.schedule_findings)] if schedules else wrong

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
    def _calendars(self) -> Calendars:
        from .calendars import read_calendars

        return read_calendars(self.folder, self.office.zone if self.office else "Asia/Shanghai")

    @property
    def calendars(self) -> dict[str, dict[str, Any]]:
        return self._calendars.flat

    @property
    def calendar_findings(self) -> list[Finding]:
        return self._calendars.findings

    @cached_property
    def known_calendars(self) -> frozenset[str]:
        """Those that can be used, and those that cannot for a mistake which is told where it is."""
        return frozenset(self.calendars) | self._calendars.broken

    # -- registries

    @cached_property
    def _registries(self) -> tuple[Registries, list[Finding]]:
        findings: list[Finding] = []
        organisation = self.organisation
        staff = (
            frozenset(organisation.staff) if organisation is not None and self._organisation[1] is not None else None
        )
        zone = self.office.zone if self.office else "Asia/Shanghai"
        return read_registries(self.folder, zone, staff, findings), in_order(findings)

    @property
    def registries(self) -> Registries:
        return self._registries[0]

    @property
    def registry_findings(self) -> list[Finding]:
        return self._registries[1]

    # -- standards

    @cached_property
    def _standards(self) -> tuple[dict[str, Held] | None, list[Finding]]:
        findings: list[Finding] = []
        overlays = self.office.overlays if self.office else ()
        return read_standards(self.folder, overlays, self.known_calendars, findings), in_order(findings)

    @property
    def standards(self) -> dict[str, Held] | None:
        """None where the office has no standards.yaml."""
        return self._standards[0]

    @property
    def standards_findings(self) -> list[Finding]:
        return self._standards[1]

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
        return template_findings(self.compiled, key, self.texts[key])

    # -- procedures

    @cached_property
    def _roots(self) -> dict[str, Node | None]:
        """What stands in each file of a procedure, not judged yet; None for one that cannot be read."""
        roots: dict[str, Node | None] = {}
        for file in self.folder.procedures():
            try:
                roots[file] = read_yaml(self.folder.read(file), file).root
            except Invalid:
                roots[file] = None
        return roots

    @cached_property
    def _heads(self) -> dict[str, tuple[str, Node | None]]:
        """File -> (the name of its procedure, where it says so); a file that cannot be read goes by its own name."""
        heads: dict[str, tuple[str, Node | None]] = {}
        for file, root in self._roots.items():
            name = None if root is None else root.get("procedure")
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

    @cached_property
    def same_numbers(self) -> list[Finding]:
        """Procedures whose patterns can give one number twice, each told at its own: a number is there once, and so the later of
        two cases could not be opened."""
        alike: dict[str, list[tuple[str, Node]]] = {}
        for name, file in self.files.items():
            root = self._roots[file]
            pattern = None if root is None else root.get("number") or root.get("procedure")
            if root is not None and pattern is not None and pattern.text:
                written = pattern.text if "number" in root.entries else Procedure.model_fields["number"].default
                # From some number on the widths make no difference, and the store tells no capital letters apart.
                meant = _WIDTH.sub("{seq}", written).replace("{procedure}", name).casefold()
                alike.setdefault(meant, []).append((name, pattern))
        found = []
        for taken in alike.values():
            for name, pattern in taken if len(taken) > 1 else ():
                other, there = next(each for each in taken if each[0] != name)
                where = f"{there.source.file}:{there.line}:{there.column}"
                what = Text(f"流程“{name}”的编号会与“{other}”（{where}）的重复，后开的工单就开不了", f"the procedure {name!r} would give the numbers of {other!r} ({where}): the later case could not be opened")  # fmt: skip
                hint = Text("给其中一个换个开头，如 AB-{year}-{seq:05}", "begin one of them otherwise, e.g. AB-{year}-{seq:05}")  # fmt: skip
                found.append(pattern.finding("duplicate-number", what, hint))
        return found

    @cached_property
    def _fields(self) -> dict[str, frozenset[str] | None]:
        """The fields of each procedure, as its own file has them; None where they cannot be known."""
        return {name: _own_fields(self._roots[file]) for name, file in self.files.items()}

    @cached_property
    def around(self) -> Around:
        organisation = self.organisation
        known = organisation is not None and self._organisation[1] is not None
        return Around(
            roles=frozenset(organisation.roles) if organisation and known else None,
            called=_called(organisation) if organisation and known else {},
            staff=frozenset(organisation.staff) if organisation and known else None,
            staffed=_staffed(organisation) if organisation and known else None,
            teams=frozenset(organisation.teams) if organisation and known else None,
            systems=frozenset(organisation.systems) if organisation and known else None,
            skills=frozenset(organisation.skills) if organisation and known else None,
            calendars=self.known_calendars,
            procedures=self._fields,
            templates=self.compiled,
            standards=self.standards,
            registries=self.registries.shapes,
            broken=self.registries.broken,
            never_closed=frozenset(name for name, data in self.calendars.items() if data.get("always")),
        )

    @cached_property
    def _drafts(self) -> dict[str, Draft]:
        return {}

    def draft(self, file: str) -> Draft:
        """A procedure file, read and checked once."""
        if file not in self._drafts:
            around = self.around  # what files say by themselves is read before anything is merged into them
            try:
                written = self._roots[file] or self.folder.read(file)
            except Invalid as refused:
                self._drafts[file] = Draft(None, None, list(refused.findings))
            else:
                self._drafts[file] = draft_procedure(written, file, partial(self.fetch, host=file), around)
        return self._drafts[file]

    def fetch(self, path: str, host: str = "") -> tuple[str, bytes]:
        """A fragment for a procedure's file (`host`): its path counts from procedures/."""
        file = f"procedures/{path}"
        self._included.setdefault(host, set()).add(file)
        return file, self.folder.read(file)

    @cached_property
    def _versions(self) -> dict[str, Version]:
        return {}

    @cached_property
    def _included(self) -> dict[str, set[str]]:
        """By file of a procedure: the files of the fragments in it."""
        return {}

    @cached_property
    def _sources(self) -> dict[str, dict[str, str]]:
        return {}

    def sources(self, version: Version) -> dict[str, str]:
        """The text of each file that the version is made of, by path."""
        name = version.procedure.procedure
        if name not in self._sources:
            self._sources[name] = self._made_of(version)
        return self._sources[name]

    def _made_of(self, version: Version) -> dict[str, str]:
        file, layers = self.files[version.procedure.procedure], self.folder.calendars()
        pending, calendars = list(version.calendars), dict[str, str]()
        while pending:
            if (name := pending.pop()) in layers and name not in calendars:
                calendars[name] = layers[name]
                extends = read_yaml(self.folder.read(layers[name]), layers[name]).data.get("extends") or ()
                pending += [extends] if isinstance(extends, str) else extends
        plain = [file, *sorted(self._included.get(file, ())), *calendars.values()]
        plain += [
            path for path in ("standards.yaml", *self.folder.overlays()) if version.standards and self.folder.has(path)
        ]
        declared, _ = self.folder.registries()
        plain += [declared[name] for name in version.procedure.registries]
        texts = {path: decode(self.folder.read(path), path) for path in plain}
        return texts | {f"templates/{key}.j2": text for key, text in version.templates.items()}

    def version(self, name: str) -> Version:
        if name not in self._versions:
            self._versions[name] = self._pinned(name)
        return self._versions[name]

    def _pinned(self, name: str) -> Version:
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
        findings = [
            *self.office_findings_of_file(),
            *self.clashes_of(name),
            *self.calendar_findings,
            *self.standards_findings,
            *draft.findings,
        ]
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
            standards={each: self.standards[each] for each in named_standards(draft.procedure)}
            if self.standards
            else {},
        )

    def office_findings_of_file(self) -> list[Finding]:
        """What is wrong with office.yaml itself: the zone of every case stands there."""
        return self._office[2]

    def clashes_of(self, name: str) -> list[Finding]:
        clashes = (*self.clashes, *self.same_numbers)
        return [finding for finding in clashes if self._heads[finding.file][0] == name]

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
            *self.schedule_findings,
            *self.organisation_findings,
            *self.roster[1],
            *self.calendar_findings,
            *self.standards_findings,
            *self.registry_findings,
            *self.unreadable,
            *self.clashes,
            *self.same_numbers,
            *digest_findings(self.compiled),
        ]
        for key in self.texts:
            found += self.template_findings(key)
        for file in self._heads:
            found += self.draft(file).findings
        for file in self.folder.stories():
            try:
                read_stories_text(self.folder.read(file), file)
            except Invalid as refused:
                found += refused.findings
        if self.folder.has(CLAUSES):
            try:
                clauses_of(self.folder.read(CLAUSES))
            except Invalid as refused:
                found += refused.findings
        if not self._heads:
            what = Text("还没有流程，什么工单也开不了", "there is no procedure yet: no case can be opened")
            found.append(Finding("no-procedure", what, "procedures/", severity="warning"))
        return found


def _own_fields(root: Node | None) -> frozenset[str] | None:
    fields = None if root is None else root.get("fields")
    if root is None or root.get("include") is not None or (fields is not None and fields.kind != "map"):
        return None
    return frozenset(fields.entries) if fields is not None else frozenset()


def _staffed(organisation: Organisation) -> frozenset[str]:
    here = {id: person for id, person in organisation.staff.items() if person.active}
    words = {role for person in here.values() for role in person.roles}
    words |= {f"team:{person.team}" for person in here.values() if person.team}
    return frozenset(words | {f"lead:{name}" for name, team in organisation.teams.items() if team.lead in here})


def _called(organisation: Organisation) -> dict[str, str]:
    """What people call the roles -> their names."""
    return {word: name for name, role in organisation.roles.items() for word in (role.label.zh, role.label.en) if word}


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
    claims = (stated.leads_to for stated in procedure.properties.values())
    names |= {claim.calendar for claim in claims if claim is not None and claim.calendar}
    for sla in procedure.sla.values():
        targets = [part for target in sla.target for part in (target, *target.earliest)]
        names |= {each for each in (sla.calendar, *(part.calendar for part in targets)) if each}
    return names
