"""The office whose rule book is written: its files as they are now or in another folder, or the rules that were in force on some day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...clock import Instant, moment
from ...errors import Text
from ...language import OfficeFiles
from ...model.office import Office, Organisation
from ...model.procedure import Procedure
from ...model.standards import Held
from ...model.survey import deeds
from ...model.suspension import under
from ...model.version import Version
from ...runtime import stream
from ...runtime.proposals import in_force, numbered
from ...store import Store


@dataclass(frozen=True, slots=True)
class House:
    """The office whose book it is. `versions` are the procedures in the order of the chapters."""

    office: Office
    organisation: Organisation
    versions: Sequence[Version]
    standards: Mapping[str, Held]
    editions: Mapping[str, Text]
    """Procedure -> which version it is, in words; nothing where it was never published."""
    beside: Sequence[Procedure] = ()
    """Procedures that have no chapter, but cases of them are opened in one: it says their words."""


def house_of(files: OfficeFiles, names: Iterable[str]) -> House:
    """An office as its files are, with the procedures of these names in their order. Invalid."""
    people = {key: value for key, value in files.organisation().items() if key in Organisation.model_fields}
    versions = [files.version(name) for name in names]
    opened = {name for version in versions for deed in deeds(version.procedure) for name in deed.effect.open or {}}
    beside = [files.version(name).procedure for name in sorted(opened - {it.procedure.procedure for it in versions})]
    return House(files.office(), Organisation.model_validate(people), versions, files.standards() or {}, {}, beside)


def editions(store: Store, versions: Sequence[Version], zone: str) -> Iterator[tuple[str, Text]]:
    """Procedure -> which of the published versions each of these is, in words."""
    past = list(stream.events(store))
    now = in_force(past)
    for version in versions:
        name = version.procedure.procedure
        if name not in now:
            yield name, Text("尚未发布", "not published yet")
            continue
        last = numbered(past, name)[-1]
        since = day(last.at, zone)
        told = Text(f"第 {last.number} 版，{since.zh}起", f"version {last.number}, since {since.en}")
        kept = store.version(now[name])
        if kept is None or under(Version.model_validate_json(kept), []).hash != version.hash:
            told = Text(f"{told.zh}；此后的改动尚未发布", f"{told.en}; what was changed since is not published yet")
        yield name, told


def as_of(house: House, store: Store, until: Instant, names: Collection[str]) -> House:
    """The same office under the rules that were in force just before an instant: of these names, of all where there are none."""
    known = in_force(event for event in stream.events(store) if event.recorded_at < until)
    texts = [store.version(hash) for name, hash in known.items() if not names or name in names]
    return replace(house, versions=[Version.model_validate_json(text) for text in texts if text])


def day(at: Instant, zone: str) -> Text:
    """A date as it is printed."""
    local = moment(at, zone)
    return Text(f"{local.year}年{local.month}月{local.day}日", f"{local:%Y-%m-%d}")
