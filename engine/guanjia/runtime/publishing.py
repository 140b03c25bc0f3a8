"""Taking up the files of an office as they are now.

Every procedure that is in order becomes a version, kept for ever; new cases run under it. What changed stands in the
office's own stream, written in the same transaction. A small compiled copy of the files (setting `office`) lets commands
that only list cases do without reading them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Conflict, Invalid, Text
from ..model.event import Event
from ..model.procedure import Version
from ..model.suspension import suspensions, under
from ..store.interface import Store, Transaction
from . import logs, stream
from .stream import Happened

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger("guanjia.publishing")

COMPILED = "office"
"""The setting that holds the compiled copy."""


class Published(NamedTuple):
    """What new cases run under (procedure -> hash), why others cannot be opened, and what this taking up recorded."""

    versions: Mapping[str, str]
    invalid: Mapping[str, Invalid]
    quiet: Mapping[str, Any]
    """When people are left in peace, and what then tells it together (`OfficeFiles.quiet`)."""
    events: tuple[Event, ...] = ()


def take_up(engine: Engine, by: str, happened: Sequence[Happened] = (), kept: Iterable[Version] = ()) -> Published:
    """Publish the files as they are, under the suspensions that there are; nothing is read or written where nothing changed
    since somebody last did. What `happened` (a suspension, calendars applied to open cases) is recorded with it, and
    versions that this needs are `kept`, all in one transaction."""
    digest = engine.files.digest()
    compiled = _compiled(engine.store)
    if not happened and compiled.get("digest") == digest and "quiet" in compiled:
        return Published(compiled["versions"], {}, compiled["quiet"])
    written: dict[str, Version] = {}
    invalid: dict[str, Invalid] = {}
    for name in engine.files.procedures():
        try:
            written[name] = engine.files.version(name)
        except Invalid as wrong:
            invalid[name] = wrong
    quiet = _quiet(engine)
    people = engine.files.organisation()
    # Rosters are long and change every week: commands that only list cases do without them.
    duty = hashlib.sha256(json.dumps(people.pop("duty"), sort_keys=True).encode()).hexdigest()

    def write(tx: Transaction) -> Published:
        tx.office_head()  # locked: of two that take up the same files the second finds nothing new
        before = _compiled(engine.store)
        known: dict[str, str] = before.get("versions", {})
        before_that = list(stream.events(engine.store))
        _of_its_own(before_that, happened)
        decided = suspensions([*before_that, *stream.imagined(happened)])
        versions = {name: under(version, decided) for name, version in written.items()}
        # A procedure that cannot be read stays known by its last version: once it is mended nothing new was published.
        current = {name: known[name] for name in invalid if name in known}
        current |= {name: version.hash for name, version in versions.items()}
        plain: dict[str, Any] = {
            "digest": "" if invalid or quiet is None else digest, "quiet": before.get("quiet", {}) if quiet is None else quiet,
            "name": engine.office.name.model_dump(), "zone": engine.zone, "language": engine.office.language,
            "labels": {name: before["labels"][name] for name in current if name in before.get("labels", {})}
            | {name: version.procedure.labels for name, version in versions.items()},
            "organisation": people, "duty": duty, "versions": current,
            "staff": {who: person["name"] for who, person in people.get("staff", {}).items()},
        }  # fmt: skip
        changes = [
            *_published(engine.store, known, versions),
            *_withdrawn(known, current),
            *_reorganised(before, people, duty),
        ]
        events = stream.record(
            tx, [*happened, *changes], actor=by, now=engine.clock.now(),
            versions=[
                (version.hash, version.procedure.procedure, version.canonical) for version in (*versions.values(), *kept)
            ],
            settings={COMPILED: json.dumps(plain, ensure_ascii=False)},
        )  # fmt: skip
        return Published(current, invalid, plain["quiet"], events)

    return engine.store.transact(write)


def _of_its_own(events: Sequence[Event], happened: Sequence[Happened]) -> None:
    """Conflict when somebody else took the number of a suspension meanwhile."""
    taken = {event.name for event in events if event.type == "suspended"}
    for item in happened:
        if item.type == "suspended" and item.name in taken:
            raise Conflict(
                Text(f"{item.name} 刚刚被别人用掉了，本次未作任何改动。", f"{item.name} was decided by somebody else meanwhile; nothing was done."),
                Text("请看 guanjia suspend --list，再试一次。", "See guanjia suspend --list, then try again."),
                again=True,
            )  # fmt: skip


def _quiet(engine: Engine) -> dict[str, Any] | None:
    """None where a calendar cannot be used: what was known of it goes on."""
    try:
        return engine.files.quiet()
    except Invalid as wrong:
        logs.tell(log, logging.ERROR, "unusable", wrong.text)
        return None


def _compiled(store: Store) -> dict[str, Any]:
    try:
        compiled: dict[str, Any] = json.loads(store.setting(COMPILED) or "{}")
    except ValueError:  # a damaged copy is made anew from the files
        return {}
    return compiled


def _published(store: Store, known: Mapping[str, str], versions: Mapping[str, Version]) -> Iterator[Happened]:
    for name, version in versions.items():
        before = known.get(name)
        if before == version.hash:
            continue
        data: dict[str, Any] = {"version": version.hash}
        if before is not None:
            data |= {"before": before, "changed": list(differences(store.version(before) or "{}", version.canonical))}
        yield Happened("published", name, data)


def _withdrawn(known: Mapping[str, str], current: Mapping[str, str]) -> Iterator[Happened]:
    for name, version in known.items():
        if name not in current:
            yield Happened("withdrawn", name, {"version": version})


def _reorganised(before: Mapping[str, Any], people: Mapping[str, Any], duty: str) -> Iterator[Happened]:
    """Ids only: the names and addresses of people belong into no stream that is kept for ever."""
    rosters = before.get("duty", duty) != duty
    if "organisation" not in before or (before["organisation"] == people and not rosters):
        return
    data: dict[str, Any] = {"sha256": hashlib.sha256(json.dumps(people, sort_keys=True).encode()).hexdigest()}
    for group in ("roles", "staff", "sites", "teams", "skills", "shifts"):
        then, now = before["organisation"].get(group, {}), people.get(group, {})
        changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
        if changed:
            data[group] = changed
    yield Happened("reorganised", "", data | ({"rosters": duty} if rosters else {}))


def differences(before: str, after: str) -> Iterator[str]:
    """Which parts two canonical versions differ in: `procedure`, `calendars/office`, `templates/zh/told.text`."""
    then, now = json.loads(before), json.loads(after)
    if then.get("procedure") != now.get("procedure") or then.get("language") != now.get("language"):
        yield "procedure"
    for group in ("calendars", "templates"):
        old, new = then.get(group, {}), now.get(group, {})
        yield from (f"{group}/{name}" for name in sorted({*old, *new}) if old.get(name) != new.get(name))
