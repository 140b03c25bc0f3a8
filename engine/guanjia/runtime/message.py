"""What a template sees of one message: plain values by name, each worked out only where the template needs it.

What the notice itself gives (`with`) goes before what every template may see, and that before the fields of the case.
Personal values are read here, for the case's own customer and for staff; whoever else is outside of the house sees that
there is one, and not what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import Instant
from ..core import Program
from ..model.case import Case, Climb
from ..model.event import PERSONAL, SHOWN, Event, is_personal
from ..people.organisation import Contact

if TYPE_CHECKING:
    from .rendering import Renderer


class Message(NamedTuple):
    """One notice of an event to one recipient; `case` is the case after the event."""

    renderer: Renderer
    program: Program
    case: Case
    event: Event
    notice: Mapping[str, Any]
    recipient: str
    to: Contact
    personal: Mapping[str, Any]

    def data(self, names: Iterable[str]) -> dict[str, Any]:
        given, fields, found = self.notice.get("with", {}), self.program.procedure.fields, {}
        for name in names:
            if name in given:
                found[name] = self.clear(given[name])
            elif name in SEEN:
                found[name] = SEEN[name](self)
            elif name in fields:
                value = self.case.fields.get(name)
                hidden = self.to.outside and self.recipient != "customer" and is_personal(value)
                found[name] = value.get(SHOWN, "***") if hidden and is_personal(value) else self.clear(value)
        return found

    def whom(self, address: str) -> str:
        """Who it is, across cases and as surely as anything says: the customer of the case, else whoever has the address.
        Whoever is told in a drill is told of nothing else with it."""
        whom, customer = self.recipient, self.case.customer
        if whom == "customer":
            whom = f"customer:{customer}" if customer else address if "@" in address else self.case.id
        return f"{self.case.mode or ''}:{whom}"

    def clear(self, value: Any) -> Any:
        return clear(value, self.personal)

    @property
    def climb(self) -> Climb | None:
        """The escalation that a ladder's message is of."""
        return self.case.climbs[self.notice["climb"]["key"]] if "climb" in self.notice else None

    @property
    def clock(self) -> str:
        """The clock that the message is about."""
        if (climb := self.climb) is not None:
            return climb.clock or ""
        return self.event.name.partition(".")[0] if self.event.type == "reached" else ""

    def due(self) -> Instant | None:
        """When that clock is due; where there is none, the first of those that run."""
        about = self.case.clocks.get(self.clock)
        running = [
            item.due
            for item in self.case.clocks.values()
            if item.due is not None and item.status == "running" and self._concerns(item.name)
        ]
        return (about.due if about else None) or min(running, default=None)

    def _concerns(self, clock: str) -> bool:
        """Whether the recipient was promised it: a customer nothing that is so among ourselves or with a contractor."""
        sla = self.program.procedure.sla.get(clock)
        return self.recipient != "customer" or sla is None or sla.kind == "sla"

    def clocks(self) -> dict[str, dict[str, Any]]:
        """When each clock is due; none for one that does not run."""
        running = {name: clock.due for name, clock in self.case.clocks.items() if clock.status == "running"}
        return {name: {"due": running.get(name)} for name in self.program.procedure.sla}

    def climbed(self) -> dict[str, Any] | None:
        """What a template of a ladder sees: the level told last, of how many, and all that this message tells."""
        climb = self.climb
        if climb is None:
            return None
        ladder, levels = self.program.procedure.ladders[climb.ladder], self.notice["climb"]["levels"]
        told = [
            {"level": item.level, "at": item.at, "to": list(ladder.levels[item.level - 1].to)}
            for item in climb.told
            if item.level in levels
        ]
        alarm = bool(self.notice["climb"].get("alarm"))
        return {"ladder": climb.ladder, "level": levels[-1], "levels": len(ladder.levels), "told": told, "alarm": alarm}

    def office(self) -> dict[str, str]:
        office = self.renderer.office
        return {"name": office["name"].get(self.to.language) or "", "phone": office.get("phone", "")}


SEEN: Mapping[str, Callable[[Message], Any]] = {
    "number": lambda it: it.case.number,
    "procedure": lambda it: it.case.procedure,
    "state": lambda it: it.case.states[0] if it.case.states else "",
    "labels": lambda it: it.renderer.words(it.program, it.to.language),
    "language": lambda it: it.to.language,
    "zone": lambda it: it.renderer.zone,
    "office": Message.office,
    "recipient": lambda it: {"name": it.to.name},
    "assignee": lambda it: it.renderer.person(it.case.assignee),
    "now": lambda it: it.event.occurred_at,
    "opened_at": lambda it: it.case.opened_at,
    "due": Message.due,
    "clock": lambda it: it.clock,
    "threshold": lambda it: it.event.name.partition(".")[2] if it.event.type == "reached" else "",
    "clocks": Message.clocks,
    "input": lambda it: {name: it.clear(value) for name, value in it.event.data.get("input", {}).items()},
    "reason": lambda it: it.event.data.get("reason"),
    "outcome": lambda it: it.case.outcome,
    "climb": Message.climbed,
}
"""What every template may see beside fields and what the notice gives."""


def clear(value: Any, personal: Mapping[str, Any]) -> Any:
    return personal.get(value[PERSONAL]) if is_personal(value) else value
