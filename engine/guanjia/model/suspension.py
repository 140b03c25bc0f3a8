"""A suspension: a window in which clocks stand still or run slower, by decision of somebody who may decide it.

Typhoon, flood, lockdown: what the law calls force majeure. It is laid over the calendars of the clocks that it covers, one
calendar for each clock (`office@respond`: office hours as the clock `respond` counts them). So a suspension is one more way
in which a version may differ from another by its calendars alone, and cases come under it as they come under any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..clock import Instant
from .event import Event
from .procedure import Sla
from .version import Version

SCOPE = "@"
"""Between a calendar and the clock that it is kept for; no name of a calendar holds it."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """`id` is S1, S2 …; `factor` None stands still, n runs n times slower. Nothing named means everything. `reason` is what may be
    kept of what was given for one (`runtime/unsaid.py`)."""

    id: str
    begin: Instant
    end: Instant
    factor: int | None
    reason: str
    procedures: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    statutory: bool = False
    """Whether it holds for clocks that nothing else may pause (`pausable: false`), too."""

    def covers(self, procedure: str, clock: str, sla: Sla) -> bool:
        return (
            (not self.procedures or procedure in self.procedures)
            and (not self.clocks or clock in self.clocks)
            and (sla.pausable or self.statutory)
        )

    def window(self) -> dict[str, Any]:
        """As canonical calendar data has it, and as events do."""
        return {"from": self.begin, "to": self.end, "factor": self.factor, "reason": self.reason}

    def to_plain(self) -> dict[str, Any]:
        """The data of the event that records it."""
        scope = {"procedures": list(self.procedures), "clocks": list(self.clocks), "statutory": self.statutory}
        return {**self.window(), **scope}


def suspensions(events: Iterable[Event]) -> list[Suspension]:
    """All that were decided and came into force, by the office's own stream. One that is over is among them: it goes on
    to explain deadlines, and holds for cases that are entered late."""
    found: dict[str, Suspension] = {}
    for event in events:
        data = event.data
        if event.type == "suspended":
            found[event.name] = Suspension(
                event.name, data["from"], data["to"], data["factor"], data["reason"], tuple(data["procedures"]),
                tuple(data["clocks"]), data["statutory"],
            )  # fmt: skip
        elif event.type == "resumed":
            found[event.name] = replace(found[event.name], end=min(found[event.name].end, data["to"]))
    return [item for item in found.values() if item.begin < item.end]


def under(
    version: Version, suspensions: Sequence[Suspension], calendars: Mapping[str, Mapping[str, Any]] | None = None
) -> Version:
    """The version with these suspensions and no others; `calendars` take the place of its own of the same name."""
    fresh = calendars or {}
    plain = {name: dict(fresh.get(name, data)) for name, data in version.calendars.items() if SCOPE not in name}
    kept = dict(plain)
    for clock, sla in version.procedure.sla.items():
        windows = [item.window() for item in suspensions if item.covers(version.procedure.procedure, clock, sla)]
        if windows:
            named = dict.fromkeys(calendars_of(version, sla))
            kept |= {kept_for(name, clock): {**plain[name], "suspended": windows} for name in named}
    if kept == version.calendars:  # the same version: what was worked out of it stays true
        return version
    return Version(
        language=version.language, procedure=version.procedure, calendars=kept, templates=version.templates,
        standards=version.standards,
    )  # fmt: skip


def kept_for(calendar: str, clock: str) -> str:
    """What the calendar that a clock counts by is called where it is not the same for every clock."""
    return f"{calendar}{SCOPE}{clock}"


def as_written(calendar: str) -> str:
    """The name that the office gave it, whichever clock it is kept for."""
    return calendar.partition(SCOPE)[0]


def calendars_of(version: Version, sla: Sla) -> Iterator[str]:
    """The calendars that the targets of a clock count by."""
    for target in sla.target:
        for part in (target, *target.earliest):
            yield part.calendar or sla.calendar or version.procedure.calendar
