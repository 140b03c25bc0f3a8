"""What new cases run under: the files of an office as they are now, or what somebody published on purpose.

Every procedure that is in order becomes a version, kept for ever, with the text of its files; new cases run under it. Where
`publishing` of office.yaml says so, an edited procedure waits until somebody publishes it (`publications`), and so does an
edit of that very rule. A file that was seen is an edit no more: what is rolled back stays so until the file changes again.
What changed stands in the office's own stream, written in the same transaction. A small compiled copy of the files (setting
`office`) lets commands that only list cases do without reading them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import Instant
from ..errors import Conflict, Invalid, NotFound, Text
from ..model.event import Event
from ..model.registry import Registry
from ..model.suspension import suspensions, under
from ..model.version import Version
from ..store.interface import Store, Transaction
from . import logs, stream
from .proposals import guarded, in_force, proposals
from .stream import Happened

if TYPE_CHECKING:
    from ..language.registries import Registries
    from .engine import Engine

log = logging.getLogger("guanjia.publishing")

COMPILED = "office"
"""The setting that holds the compiled copy."""

TABLE = "registry:"
"""Before the hash of a registry: the setting that holds it, for ever."""

SOURCE = "source:"
"""Before the hash of a version: the setting that holds the text of its files, by path."""

SETTLED = "settled"
"""The setting that holds what office.yaml and organisation.yaml said when they were taken up last, by path."""

_NOBODY: Mapping[str, Any] = {"by": [], "approval": False}


class Published(NamedTuple):
    """What new cases run under (procedure -> hash), why others cannot be opened, and what this taking up recorded."""

    versions: Mapping[str, str]
    invalid: Mapping[str, Invalid]
    quiet: Mapping[str, Any]
    """When people are left in peace, and what then tells it together (`OfficeFiles.quiet`)."""
    registries: Mapping[str, str] = {}
    """The registries in force: name -> hash."""
    since: Mapping[str, Instant] = {}
    """When each registry was amended last."""
    asks: bool = True
    """Whether any procedure that was ever in force tells customers only what they agreed to; True where nobody wrote that down."""
    events: tuple[Event, ...] = ()


class Put(NamedTuple):
    """What somebody publishes on purpose."""

    versions: Mapping[str, Version | None]
    """What is to come into force, by procedure; None: no new cases."""
    data: Mapping[str, Any]
    """Stands in the event of each: `reason`, and where they apply `rollback`, `proposal`, `proposed_by`."""
    before: Mapping[str, str | None]
    """What it was decided over, by procedure; Conflict where something else is in force by now."""
    rule: Mapping[str, Any] | None = None
    """The rule of publishing that is to hold from then on; None leaves it as it is."""


def take_up(
    engine: Engine, by: str, happened: Sequence[Happened] = (), kept: Iterable[Version] = (), put: Put | None = None
) -> Published:
    """Take up the files as they are, under the suspensions that there are; nothing is read or written where nothing changed
    since somebody last did. What `happened` (a suspension, calendars applied to open cases, a proposal) is recorded with
    it, versions that this needs are `kept`, and what somebody `put`s comes into force, all in one transaction."""
    digest = engine.files.digest()
    compiled = _compiled(engine.store)
    if not happened and put is None and compiled.get("digest") == digest and "quiet" in compiled:
        return Published(compiled["versions"], {}, compiled["quiet"], *_besides(compiled))
    written: dict[str, Version] = {}
    sources: dict[str, Mapping[str, str]] = {}
    invalid: dict[str, Invalid] = {}
    for name in engine.files.procedures():
        try:
            written[name], sources[name] = engine.files.written(name)
        except Invalid as wrong:
            invalid[name] = wrong
    quiet, tables = _quiet(engine), engine.files.registries()
    untabled = tables.shapes.keys() - tables.sound.keys() | tables.broken
    people = engine.files.organisation()
    # Rosters are long and change every week: commands that only list cases do without them.
    duty = hashlib.sha256(json.dumps(people.pop("duty"), sort_keys=True).encode()).hexdigest()
    given, why = ({}, {}) if put is None else (put.versions, put.data)

    def write(tx: Transaction) -> Published:
        tx.office_head()  # locked: of two that take up the same files the second finds nothing new
        before = _compiled(engine.store)
        past = list(stream.events(engine.store))
        _of_its_own(past, happened)
        known: dict[str, str] = before["versions"] if "versions" in before else in_force(past)
        if put is not None:
            _undecided(engine, past, known, put)
        ruled = list(_ruled(engine, None if engine.rehearsal else guarded(past), put))
        free = (
            engine.rehearsal or guarded([*past, *stream.imagined(ruled)]) is None
        )  # edits come into force by themselves
        decided = suspensions([*past, *stream.imagined(happened)])
        seen: dict[str, str] = before.get("written", {})
        fresh = {name: it for name, it in written.items() if free and (name not in known or seen.get(name) != it.hash)}
        fresh |= {name: version for name, version in given.items() if version is not None}
        gone = {name for name, version in given.items() if version is None}
        if free:
            gone |= known.keys() - written.keys() - invalid.keys() - fresh.keys()
        base = {
            name: _as_was(engine, hash, written.get(name)) for name, hash in known.items() if name not in gone
        } | fresh
        versions = {name: under(version, decided) for name, version in base.items() if version is not None}
        current = {name: known[name] for name in base if name in known} | {
            name: it.hash for name, it in versions.items()
        }
        now = engine.clock.now()
        amended, registries = _amended(before.get("registries", {}), tables, untabled)
        plain: dict[str, Any] = {
            "registries": registries, "amended": {**before.get("amended", {}), **dict.fromkeys(amended, now)},
            "digest": "" if invalid or untabled or quiet is None or engine.files.leaning else digest, "quiet": before.get("quiet", {}) if quiet is None else quiet,
            "name": engine.office.name.model_dump(), "zone": engine.zone, "language": engine.office.language,
            "labels": _called(before.get("labels", {}), versions),
            "organisation": people, "duty": duty, "versions": current,
            "written": seen | {name: it.hash for name, it in written.items() if free or name in given},
            "staff": {who: person["name"] for who, person in people.get("staff", {}).items()},
            "asks": before.get("asks", "versions" in before) or any(it.procedure.purpose is not None for it in versions.values()),
        }  # fmt: skip
        changes = [
            *ruled,
            *_published(engine.store, known, versions, given, why),
            *_withdrawn(known, current, given, why),
            *(
                Happened("amended", name, _rows_changed(engine, before.get("registries", {}).get(name), it))
                for name, it in amended.items()
            ),
            *_reorganised(before, people, duty),
        ]
        raw = [*filter(None, base.values()), *kept]
        settings = {COMPILED: json.dumps(plain, ensure_ascii=False)}
        if not engine.files.leaning:
            settings[SETTLED] = json.dumps(engine.files.settled(), ensure_ascii=False)
        settings |= {TABLE + it.hash: it.canonical for it in amended.values() if it is not None}
        for name, it in {} if engine.rehearsal else written.items():
            if any(it.hash == version.hash for version in raw) and engine.store.setting(SOURCE + it.hash) is None:
                settings[SOURCE + it.hash] = json.dumps(sources[name], ensure_ascii=False)
        events = stream.record(
            tx, [*happened, *changes], actor=by, now=now,
            versions=[
                (version.hash, version.procedure.procedure, version.canonical) for version in (*versions.values(), *raw)
            ],
            settings=settings,
        )  # fmt: skip
        return Published(current, invalid, plain["quiet"], registries, plain["amended"], plain["asks"], events)

    return engine.store.transact(write)


def in_order(store: Store) -> str:
    """The digest of the files as they were taken up last; nothing where something was wrong with them."""
    return str(_compiled(store).get("digest", ""))


def settled(store: Store) -> Mapping[str, str]:
    """What office.yaml and organisation.yaml said when they were taken up last, by path."""
    return _kept(store, SETTLED)


def present(store: Store) -> Published:
    """What was taken up last; nothing where nobody ever did."""
    compiled = _compiled(store)
    return Published(compiled.get("versions", {}), {}, compiled.get("quiet", {}), *_besides(compiled))


def as_written(engine: Engine) -> dict[str, Any]:
    """The rule of publishing as office.yaml has it now; nobody in `by` where there is none."""
    rule = engine.office.publishing
    return {"by": [], "approval": False} if rule is None else rule.model_dump(mode="json")


def rule(engine: Engine, past: Iterable[Event]) -> dict[str, Any] | None:
    """The rule by which procedures come into force: the one that holds, else that of office.yaml, which holds from the moment
    that it is there. None: by themselves."""
    return guarded(past) or (as_written(engine) if engine.office.publishing is not None else None)


def without_suspensions(engine: Engine, hash: str) -> Version:
    """The version of this hash as it was written: without the suspensions that were laid over it. NotFound."""
    return under(engine.compiled(hash).version, [])


def _as_was(engine: Engine, hash: str, written: Version | None) -> Version | None:
    """What is in force, as it was written. None when the database has lost it: then its hash stays, as cases know it."""
    if written is not None and written.hash == hash:
        return written
    try:
        return without_suspensions(engine, hash)
    except NotFound:
        return None


def _ruled(engine: Engine, rule: Mapping[str, Any] | None, put: Put | None) -> Iterator[Happened]:
    """A rule where there was none holds at once; a change of the one that there is has to be published, like what it guards."""
    if put is not None and put.rule is not None:
        if put.rule != (rule or _NOBODY):
            yield Happened("guarded", "", {"rule": dict(put.rule), **put.data})
    elif rule is None and not engine.rehearsal and engine.office.publishing is not None:
        yield Happened("guarded", "", {"rule": as_written(engine)})


def _undecided(engine: Engine, past: Sequence[Event], known: Mapping[str, str], put: Put) -> None:
    """Conflict where somebody was faster: the proposal waits no more, or what this was decided over is in force no more."""
    if "proposal" in put.data and all(it.id != put.data["proposal"] for it in proposals(past)):
        raise Conflict(
            Text(f"{put.data['proposal']} 刚刚已经有人处理了。", f"{put.data['proposal']} was settled by somebody else meanwhile."),
            Text("请看 guanjia publish", "See guanjia publish."),
        )  # fmt: skip
    for name, before in put.before.items():
        if (without_suspensions(engine, known[name]).hash if name in known else None) != before:
            raise Conflict(
                Text(f"“{name}”刚刚发布了别的版本，本次未作任何改动。", f"Another version of {name!r} was published meanwhile; nothing was done."),
                Text(f"请看 guanjia versions {name}", f"See guanjia versions {name}"),
            )  # fmt: skip


_NUMBERED = {"suspended": "guanjia suspend --list", "proposed": "guanjia publish"}
"""What of the office has a number of its own, and where it is listed."""


def _of_its_own(events: Sequence[Event], happened: Sequence[Happened]) -> None:
    """Conflict when somebody else took the number of a suspension or of a proposal meanwhile."""
    taken = {event.name for event in events if event.type in _NUMBERED}
    for item in happened:
        if item.type in _NUMBERED and item.name in taken:
            look = _NUMBERED[item.type]
            raise Conflict(
                Text(f"{item.name} 刚刚被别人用掉了，本次未作任何改动。", f"{item.name} was decided by somebody else meanwhile; nothing was done."),
                Text(f"请看 {look}，再试一次。", f"See {look}, then try again."),
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
    return _kept(store, COMPILED)


def _kept(store: Store, name: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(store.setting(name) or "{}")
    except ValueError:  # a damaged copy is made anew from the files
        return {}
    return kept


def _called(before: Mapping[str, Any], versions: Mapping[str, Version]) -> dict[str, Any]:
    """What people call the names of each procedure: also those that only cases of earlier versions, or of one that is gone, are in."""
    now = {name: version.procedure.labels for name, version in versions.items()}
    return {
        name: {
            language: {**before.get(name, {}).get(language, {}), **now.get(name, {}).get(language, {})}
            for language in ("zh", "en")
        }
        for name in {**before, **now}
    }


def _published(
    store: Store,
    known: Mapping[str, str],
    versions: Mapping[str, Version],
    given: Collection[str],
    why: Mapping[str, Any],
) -> Iterator[Happened]:
    """`given` was published on purpose, and `why`."""
    for name, version in versions.items():
        before = known.get(name)
        if before == version.hash:
            continue
        data: dict[str, Any] = {"version": version.hash}
        if before is not None:
            data |= {"before": before, "changed": list(differences(store.version(before) or "{}", version.canonical))}
        yield Happened("published", name, {**data, **(why if name in given else {})})


def _withdrawn(
    known: Mapping[str, str], current: Mapping[str, str], given: Collection[str], why: Mapping[str, Any]
) -> Iterator[Happened]:
    for name, version in known.items():
        if name not in current:
            yield Happened("withdrawn", name, {"version": version, **(why if name in given else {})})


def _besides(compiled: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, Instant], bool]:
    """What else was taken up: the registries, when each was amended, and whether anybody is asked."""
    return compiled.get("registries", {}), compiled.get("amended", {}), compiled.get("asks", True)


def _amended(
    known: Mapping[str, str], tables: Registries, untabled: Collection[str]
) -> tuple[dict[str, Registry | None], dict[str, str]]:
    """What became of registries (None: gone), and those in force from now on. One with a mistake stays as it was."""
    fresh = {name: it for name, it in tables.sound.items() if known.get(name) != it.hash}
    gone = known.keys() - tables.sound.keys() - set(untabled)
    current = {name: hash for name, hash in known.items() if name not in gone}
    return {**fresh, **dict.fromkeys(sorted(gone))}, {**current, **{name: it.hash for name, it in fresh.items()}}


def _rows_changed(engine: Engine, before: str | None, after: Registry | None) -> dict[str, Any]:
    """How many rows came, went and changed, and the hash from then on: the rows themselves are kept by it."""
    was: Mapping[str, Any] = {} if before is None else engine.registry_of(before).rows
    now: Mapping[str, Any] = {} if after is None else after.rows
    changed = [key for key in was.keys() & now.keys() if was[key] != now[key]]
    counts = {"added": len(now.keys() - was.keys()), "removed": len(was.keys() - now.keys()), "changed": len(changed)}
    return {"version": None if after is None else after.hash, "before": before, **counts}


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
