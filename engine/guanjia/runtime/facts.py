"""Facts from outside: what a pure function turns out to need to know of people, of other cases and of the office."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..clock import Instant
from ..core import NeedFact
from ..model.case import Case
from ..people import Call, able, owners
from ..store.interface import Transaction, Withdrawn
from .counted import others
from .households import households
from .recent import as_case

if TYPE_CHECKING:
    from .engine import Engine


def with_facts(
    engine: Engine,
    tx: Transaction,
    case: Case | None,
    facts: Mapping[str, Any],
    ask: Callable[[Mapping[str, Any]], Any],
    at: Instant,
) -> Any:
    """Ask a pure function, supplying the facts that it turns out to need, as they are at an instant."""
    known = facts
    while True:
        try:
            return ask(known)
        except NeedFact as need:
            known = {**known, need.key: _fact(engine, tx, case, need.key, at, known)}


def _fact(engine: Engine, tx: Transaction, case: Case | None, key: str, at: Instant, known: Mapping[str, Any]) -> Any:
    """`known` has the site of a case that is only being opened, and says where nothing may be written (`supposed`)."""
    kind, _, name = key.partition(":")
    people, site = engine.organisation, known.get("site") if case is None else case.site
    if kind in ("role", "team", "lead", "on_duty"):
        return list(people.resolve(key.removeprefix("role:"), at, site))
    if kind == "able":
        return able(people, Call.of(name), at, site)
    if kind == "owners":
        return owners(people, Call.of(name), at, site)
    if kind == "load":
        return dict(tx.load(name.split(",")))
    if kind == "turn":
        # Each group of people has turns of its own, so that they come out even; where a group begins follows from who they are.
        of = hashlib.sha256(name.encode()).hexdigest()
        turn = 0 if known.get("supposed") else tx.next_number(site or "", f"turn:{of[:16]}", 0)
        return turn + int(of[16:24], 16)
    if kind == "alarm":
        return list(engine.office.alarm)
    if kind == "count":
        return others(tx, str(site), str(known["id"] if case is None else case.id), name, at)
    if kind == "households":
        return households(engine, tx, str(site), name, at)
    if kind == "entry":
        return _row(engine, *name.split(":", 1))
    assert case is not None
    if kind == "case":
        return _other(tx, name)
    if kind == "attached":
        ids = [*case.children.values(), *case.absorbed]
        cases = {identity: as_case(held) for identity, held in tx.children(ids).items()}
        return {it: {"customer": cases[it].customer, "closed": cases[it].finished} for it in ids if it in cases}
    if kind == "withdraw":
        found = Withdrawn() if known.get("supposed") else tx.withdraw(case.id, int(name))
        return {"told": [list(told) for told in found.told], "kept": list(found.kept)}
    if kind == "resume":
        by = next(event for event in known["history"] if event.seq == int(name))
        return list(tx.resume(by.data["facts"]["withdraw:1"]["kept"]))
    identity = case.children.get(name, "")  # absent: it is being opened by this very command
    held = tx.children([identity]).get(identity) if identity else None
    if held is None:
        return {"closed": False, "outcome": None}
    child = as_case(held)
    return {"closed": child.finished, "outcome": child.outcome}


def _row(engine: Engine, of: str, key: str) -> dict[str, Any] | None:
    """A row of a registry as it is in force; None where there is none."""
    if of not in engine.registries():
        return None
    registry = engine.registry(of)
    values = registry.rows.get(key)
    return None if values is None else {"of": of, "version": registry.hash, "values": values}


def _other(tx: Transaction, identity: str) -> dict[str, Any] | None:
    """Another case, as far as being tied to it depends on it; `above` are the cases that it is below. They stay as they are until
    the tie is written: else two cases could go on in each other, or lie below each other."""
    above: list[str] = []
    held = tx.children([identity], still=True).get(identity)
    if held is None:
        return None
    other = parent = as_case(held)
    while parent.parent is not None and parent.parent not in above:
        above.append(parent.parent)
        if (held := tx.children([parent.parent], still=True).get(parent.parent)) is None:
            break
        parent = as_case(held)
    return {"id": other.id, "number": other.number, "mode": other.mode, "closed": other.finished,
            "merged": next(iter(other.merged.values()), None), "above": above}  # fmt: skip
