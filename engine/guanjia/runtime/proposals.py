"""What the office's own stream says of publications: what is in force and by which rule, what waits for a second person, and
how the versions of a procedure are numbered. Pure: events in, values out.

A publication is a `published` event, and its number counts those of its procedure from 1, suspensions that were laid over it
included: nothing that was ever in force is without a number. A proposal ends when it is published or declined, or when
something else was published on purpose for one of its procedures: what it was decided over is in force no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..clock import Instant
from ..model.event import Event


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of a procedure that came into force. `by` decided it, `approved_by` was the second person."""

    number: int
    version: str
    at: Instant
    by: str
    approved_by: str | None = None
    reason: str | None = None
    changed: tuple[str, ...] = ()
    rollback: int | None = None
    """The number of the one whose text this is again."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to publish: for each procedure the version (None: no new cases), and what that was decided over."""

    id: str
    by: str
    through: str | None
    at: Instant
    reason: str
    versions: Mapping[str, str | None]
    before: Mapping[str, str | None]
    rule: Mapping[str, Any] | None = None
    rollback: int | None = None

    @property
    def people(self) -> frozenset[str]:
        """Whose proposal it is: in whose name, and who really typed it."""
        return frozenset(filter(None, (self.by, self.through)))


def in_force(events: Iterable[Event]) -> dict[str, str]:
    """What new cases run under, by procedure: the hash of its version."""
    found: dict[str, str] = {}
    for event in events:
        if event.type == "published":
            found[event.name] = event.data["version"]
        elif event.type == "withdrawn":
            found.pop(event.name, None)
    return found


def guarded(events: Iterable[Event]) -> dict[str, Any] | None:
    """The rule by which procedures come into force (`by`, `approval`); None: by themselves."""
    rule: Mapping[str, Any] = {}
    for event in events:
        if event.type == "guarded":
            rule = event.data["rule"]
    return dict(rule) if rule.get("by") else None


def proposals(events: Iterable[Event]) -> list[Proposal]:
    """Those that wait, in the order in which they were made."""
    waiting: dict[str, Proposal] = {}
    for event in events:
        data = event.data
        if event.type == "proposed":
            made = Proposal(
                event.name, event.actor, data.get("through"), event.recorded_at, data["reason"], data["versions"],
                data["before"], data.get("rule"), data.get("rollback"),
            )  # fmt: skip
            waiting[event.name] = made
        elif event.type == "declined":
            waiting.pop(event.name, None)
        elif event.type in ("published", "withdrawn", "guarded") and "reason" in data:
            waiting.pop(data.get("proposal", ""), None)
            waiting = {id: it for id, it in waiting.items() if not _about(it, event)}
    return list(waiting.values())


def _about(proposal: Proposal, event: Event) -> bool:
    return proposal.rule is not None if event.type == "guarded" else event.name in proposal.versions


def numbered(events: Iterable[Event], procedure: str) -> list[Publication]:
    """Every version of the procedure that was ever in force, the first one first."""
    found: list[Publication] = []
    for event in events:
        if event.type == "published" and event.name == procedure:
            data = event.data
            proposer = data.get("proposed_by")
            found.append(
                Publication(
                    len(found) + 1, data["version"], event.recorded_at, proposer or event.actor, event.actor if proposer else None,
                    data.get("reason"), tuple(data.get("changed", ())), data.get("rollback"),
                )
            )  # fmt: skip
        elif event.type == "explained" and event.name == procedure:
            at = next(at for at in reversed(range(len(found))) if found[at].version == event.data["version"])
            found[at] = replace(found[at], reason=event.data["reason"])
    return found
