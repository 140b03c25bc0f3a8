"""`evolve(case, event) -> case`: the only way in which a case changes.

An event holds everything that it changed (docs/architecture.md lists the keys), so no procedure is needed here: a history
folds to the same case for ever, whatever becomes of the program that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..clock import Instant
from ..model.case import Case, Climb, Clock, Delay, Past
from ..model.event import Event, openings

_NOTHING: Mapping[str, Any] = {}
_REMEMBERED = {"acted", "signalled", "elapsed", "reopened"}


def evolve(case: Case | None, event: Event) -> Case:
    """The case after the event. The event must be the next of this case (`seq` one higher), the first one `opened`."""
    data = event.data
    if case is None:
        if event.type != "opened" or event.seq != 1:
            raise ValueError("a history begins with `opened`, number 1")
        case = begun(event.case, event.occurred_at, data["case"])
    elif event.seq != case.seq + 1 or event.case != case.id:
        raise ValueError(f"event {event.seq} of {event.case} does not follow version {case.seq} of {case.id}")
    if event.type == "refused":
        return case.changed(seq=event.seq)
    if "restore" in data:
        restored = {name: value for name, value in case.to_plain().items() if name not in data["restore"]}
        return Case.from_plain(
            {**restored, **_without(data["restore"]), "seq": event.seq, "changed_at": event.occurred_at}
        )
    # A move to another version is nothing that somebody did to the case: it stays where it was among the lately changed.
    if event.type == "migrated":
        changes: dict[str, Any] = {"seq": event.seq, "version": data["version"]}
    else:
        changes = {"seq": event.seq, "changed_at": event.occurred_at}
    if event.type in _REMEMBERED or "entered" in data or event.type == "opened":
        changes["past"] = _remember(case, event)
    if "states" in data:
        changes["states"] = tuple(data["states"])
    if "set" in data:
        changes["fields"] = {**case.fields, **data["set"]}
    if "entries" in data:
        changes["entries"] = _without({**case.entries, **data["entries"]})
    if "crossed" in data:
        changes["crossed"] = {**case.crossed, **data["crossed"]}
    if "assignee" in data:
        who = data["assignee"]
        changes["assignee"] = who
        if who is not None:
            changes["handlers"] = (*(name for name in case.handlers if name != who), who)
            changes["unassigned"] = None
    if "unassigned" in data:
        changes["unassigned"] = data["unassigned"]
    if "clocks" in data:
        changes["clocks"] = {
            **case.clocks, **{name: Clock.from_plain(plain) for name, plain in data["clocks"].items()}
        }  # fmt: skip
    if "cycles" in data:
        changes["cycles"] = (*case.cycles, *(Clock.from_plain(plain) for plain in data["cycles"]))
    if "delays" in data:
        changes["delays"] = _delays(case.delays, data["delays"])
    if "climbs" in data:
        changes["climbs"] = {
            **case.climbs, **{key: Climb.from_plain(plain) for key, plain in data["climbs"].items()}
        }  # fmt: skip
    if "history" in data:
        changes["history"] = {**case.history, **{name: tuple(leaves) for name, leaves in data["history"].items()}}
    if "hold" in data:
        changes["hold"] = data["hold"]
    if "escalated" in data:
        changes["escalated"] = (*case.escalated, *data["escalated"])
    if "customer" in data:
        changes["customer"] = data["customer"]
    if "open" in data:
        opened = list(openings(data))
        changes["children"] = {**case.children, **{name: id for name, id, _, _ in opened}}
        changes["waits"] = (*case.waits, *(name for name, _, _, child in opened if child["wait"]))
    if "link" in data:
        changes["children"] = _without({**case.children, data["link"]["name"]: data["link"]["case"]})
    if "parent" in data:
        changes["parent"] = data["parent"]
    for name in ("links", "absorbed", "merged", "codes"):
        if name in data:
            changes[name] = _without({**getattr(case, name), **data[name]})
    if "closed" in data:
        closed = data["closed"]
        changes["closed_at"] = event.occurred_at if closed else None
        changes["outcome"] = closed["outcome"] if closed else None
    return case.changed(**changes)


def begun(id: str, at: Instant, about: Mapping[str, Any]) -> Case:
    """The case as it is when nothing has happened to it, by what `opened` says of it."""
    given = {**about, "kin": tuple(about.get("kin", ()))}
    return Case(id=id, seq=0, opened_at=at, changed_at=at, **given)


def _without(table: Mapping[str, Any]) -> dict[str, Any]:
    """What was let go stands there as None, and is left out."""
    return {name: value for name, value in table.items() if value is not None}


def fold(events: Iterable[Event]) -> Case:
    """The case that a history makes. ValueError for an empty or broken one."""
    case: Case | None = None
    for event in events:
        case = evolve(case, event)
    if case is None:
        raise ValueError("an empty history is no case")
    return case


def _remember(case: Case, event: Event) -> dict[str, Past]:
    past, at, by, through = dict(case.past), event.occurred_at, event.actor, event.data.get("through")
    if event.data.get("already"):  # it was asked for what is so: nothing happened
        return past
    happened = [("open", _NOTHING)] if event.type in ("opened", "reopened") else []
    if event.type in _REMEMBERED:
        happened.append((event.name.rpartition(".")[2], event.data.get("input", _NOTHING)))
    happened += [(state, _NOTHING) for state in event.data.get("entered", ())]
    for name, given in happened:
        before = past.get(name)
        past[name] = Past(1 if before is None else before.count + 1, at, by, given, through)
    return past


def _delays(before: Mapping[str, Delay], changes: Mapping[str, Any]) -> dict[str, Delay]:
    after = {key: delay for key, delay in before.items() if key not in changes}
    for key, plain in changes.items():
        if plain is not None:
            after[key] = Delay(**plain)
    return after
