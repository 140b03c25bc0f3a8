"""What is in force in an office: the procedures, registries and calendars under which its cases run, as values by name or hash.

What its files say comes into force when it is taken up (`publishing.py`); a case goes on under the version that it began with,
so whatever was in force once is known for ever by its hash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..calendars import Calendar, compile_calendar
from ..clock import Instant
from ..core import Program
from ..errors import NotFound, Refused, Text
from ..language import OfficeFiles
from ..model.case import Case
from ..model.registry import Registry
from ..model.version import Version
from ..store.interface import Store
from .arguments import checked
from .publishing import TABLE, Published


@checked
class InForce:
    """Each program, registry and calendar is compiled once and kept."""

    _published: Published

    def __init__(self, store: Store, files: OfficeFiles, compiler: Callable[[Version], Program]) -> None:
        self.store = store
        self.files = files
        self._compile = compiler
        """What makes the program of a version: one that is listened to, where somebody wants to know what is reached of it."""
        self._programs: dict[str, Program] = {}
        self._registries: dict[str, Registry] = {}
        self._calendars: dict[str, Calendar] = {}

    def program(self, case: Case) -> Program:
        return self._programs.get(case.version) or self.compiled(case.version)

    def working(self, calendar: str) -> Calendar:
        """A calendar as the office's files have it now, by its name. NotFound; Invalid when they cannot be read."""
        known = self._calendars.get(calendar)
        if known is None:
            published = self.files.calendars()
            if calendar not in published:
                raise NotFound(
                    Text(f"没有日历“{calendar}”。", f"There is no calendar {calendar!r}."), known=sorted(published)
                )
            known = self._calendars[calendar] = compile_calendar(published[calendar])
        return known

    def procedures(self) -> Sequence[str]:
        return self.files.procedures()

    def compiled(self, hash: str) -> Program:
        """The program of a version that is kept. NotFound."""
        program = self._programs.get(hash)
        if program is None:
            canonical = self.store.version(hash)
            if canonical is None:
                raise NotFound(
                    Text(f"数据库里没有流程版本 {hash[:12]}。", f"The database has no procedure version {hash[:12]}."),
                    Text("请运行 guanjia audit。", "Run guanjia audit."),
                )
            program = self._programs[hash] = self._compile(Version.model_validate_json(canonical))
        return program

    def know(self, version: Version) -> None:
        """Let commands that are only previewed name a version that is not kept."""
        self._programs.setdefault(version.hash, self._compile(version))

    def openable(self) -> Sequence[str]:
        """The procedures of which cases can be opened now: those whose files are in order, or were."""
        return list(self._published.versions)

    def unpublished(self) -> tuple[str, ...]:
        """Procedures whose file cannot be read as it is now; cases go on under the versions that there are."""
        return tuple(sorted(self._published.invalid))

    def registries(self) -> Sequence[str]:
        """The registries in force."""
        return list(self._published.registries)

    def registry(self, name: str) -> Registry:
        """A registry as it is in force. NotFound."""
        hash = self._published.registries.get(name)
        if hash is None:
            known = self.registries()
            raise NotFound(
                Text(f"没有台账“{name}”。", f"There is no registry {name!r}."),
                Text(f"有：{'、'.join(known) or '—'}", f"There are: {', '.join(known) or 'none'}"),
                known=known,
            )
        return self.registry_of(hash)

    def registry_since(self, name: str) -> Instant:
        """Since when the registry of this name is as it is, or is not there any more; 0 where there never was one."""
        return self._published.since.get(name, 0)

    def registry_of(self, hash: str) -> Registry:
        """A registry that was in force once, by its hash. NotFound."""
        found = self._registries.get(hash)
        if found is None:
            canonical = self.store.setting(TABLE + hash)
            if canonical is None:
                raise NotFound(
                    Text(f"数据库里没有台账 {hash[:12]}。", f"The database has no registry {hash[:12]}."),
                    Text("请运行 guanjia audit。", "Run guanjia audit."),
                )
            found = self._registries[hash] = Registry.of(canonical)
        return found

    def opening(self, procedure: str) -> Program:
        """What new cases run under: the last version that was in order. Invalid when there never was one, NotFound."""
        versions, invalid = self._published.versions, self._published.invalid
        if procedure not in versions and procedure in invalid:
            raise invalid[procedure]
        if procedure not in versions and procedure in self.files.procedures():
            raise Refused(
                "unpublished",
                Text(f"流程“{procedure}”还没有发布，不能建单。", f"The procedure {procedure!r} has not been published: no case can be opened."),
                Text(f"发布：guanjia publish {procedure} --reason 原因", f"Publish it: guanjia publish {procedure} --reason WHY"),
                procedure=procedure,
            )  # fmt: skip
        if procedure not in versions:
            known = sorted({*versions, *invalid})
            raise NotFound(
                Text(f"没有流程“{procedure}”。", f"There is no procedure {procedure!r}."),
                Text(f"有：{'、'.join(known)}", f"There are: {', '.join(known) or 'none'}"),
                known=known,
            )
        return self.compiled(versions[procedure])
