"""What a template sees of one message: plain values by name, each worked out only where the template needs it.

What the notice itself gives (`with`) goes before what every template may see, and that before the fields of the case.
Personal values are read here, for the case's own customer and for staff; whoever else is outside of the house sees that
there is one, and not what it is; of a sensitive one so do staff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import Instant
from ..core import HIDDEN, Program, allowed
from ..errors import Refused, Text
from ..expressions import Entry
from ..model.case import Case, Climb, Clock
from ..model.event import PERSONAL, SENSITIVE, SHOWN, Actor, Event, is_personal
from ..people.organisation import Contact

if TYPE_CHECKING:
    from .rendering import Renderer


class Own(NamedTuple):
    """The case of a customer who is told what another case tells, and the event by which he is."""

    case: Case
    event: Event


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
    own: Own | None = None
    """The recipient's own, where another case tells him something: `case` and `event` are those of the other one."""

    def data(self, names: Iterable[str]) -> dict[str, Any]:
        given, fields, found = self.notice.get("with", {}), self.program.procedure.fields, {}
        for name in names:
            if name in given:
                found[name] = self.clear(given[name])
                if self.own is not None and is_personal(given[name]):
                    found[name] = given[name].get(SHOWN, "***")
                if name == "code" and self.event.type == "coded" and found[name] is None:
                    raise Refused("code", Text("回复码没有留存，请重新发一个（guanjia code）。", "A code is kept nowhere: make a new one (guanjia code)."))  # fmt: skip
            elif name in SEEN:
                found[name] = SEEN[name](self)
            elif name in fields:
                value = self.case.fields.get(name)
                # Nobody hears from another's case who else is in it; what that one leaves open his own may say.
                if self.own is not None and (value is None or fields[name].personal or is_personal(value)):
                    value = self.own.case.fields.get(name)
                if value is not None and not self.reads(fields[name].read):
                    found[name] = HIDDEN
                    continue
                if name in self.program.entries and value is not None:
                    found[name] = self._entry(name, value)
                    continue
                hidden = self.to.outside and self.recipient != "customer" and is_personal(value)
                found[name] = value.get(SHOWN, HIDDEN) if hidden and is_personal(value) else self.clear(value)
        return found

    def _entry(self, field: str, key: str) -> Entry:
        """The key of a row, with what the row said."""
        about = self.case.entries.get(field) or (self.own.case.entries.get(field) if self.own else None)
        values, columns = about["values"] if about else {}, self.program.columns[field]
        return Entry.of(key, {name: values.get(name) for name in {**columns, **values}})

    def reads(self, words: Sequence[str]) -> bool:
        """Whether the recipient is among those who may read a field."""
        if not words:
            return True
        if self.recipient == "customer":
            return "customer" in words or "anyone" in words
        who = self.recipient.removeprefix("staff:")
        people = self.renderer.organisation
        return who in people.staff and allowed(words, Actor(who, people.roles_of(who)), self.case)

    def brought(self) -> dict[str, Any]:
        """What came with the action: an input that the recipient may not read is there, and does not say what it is."""
        asked = self.program.inputs.get(("signal" if self.event.type == "signalled" else "act", self.event.name), {})
        return {
            name: HIDDEN if name in asked and not self.reads(asked[name].read) else self.clear(value)
            for name, value in self.event.data.get("input", {}).items()
        }

    def whom(self, address: str) -> str:
        """Who it is, across cases and as surely as anything says: the customer of the case, else whoever has the address.
        Whoever is told in a drill is told of nothing else with it."""
        whom, case = self.recipient, self.mine.case
        if whom == "customer":
            whom = f"customer:{case.customer}" if case.customer else address if "@" in address else case.id
        return f"{self.case.mode or ''}:{whom}"

    @property
    def mine(self) -> Own | Message:
        """What has the case that the message is of, and the event."""
        return self.own or self

    def clear(self, value: Any) -> Any:
        """A value as the recipient may read it: what is sensitive, only the customer."""
        if is_personal(value) and SENSITIVE in value and self.recipient != "customer":
            return "***"
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
        """When that clock is due, in the cycle that the message is of; where it is about none, the first of those that run."""
        if self.clock:
            return self._about.due if self._about is not None else None
        running = [
            item.due
            for item in self.case.clocks.values()
            if item.due is not None and item.status == "running" and self._concerns(item.name)
        ]
        return min(running, default=None)

    @property
    def _about(self) -> Clock | None:
        """The clock that the message is about: of a cycle that the very step ended that one, and not the one after it."""
        name, climb = self.clock, self.climb
        if climb is None:
            ended = (plain for plain in self.event.data.get("cycles", ()) if plain["name"] == name)
            return next(map(Clock.from_plain, ended), None) or self.case.clocks.get(name)
        cycles = (*self.case.clocks.values(), *self.case.cycles)
        return next((item for item in cycles if (item.name, item.cycle) == (name, climb.cycle)), None)

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
    "number": lambda it: it.mine.case.number,
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
    "input": Message.brought,
    "reason": lambda it: it.event.data.get("reason"),
    "outcome": lambda it: it.case.outcome,
    "climb": Message.climbed,
    "merged": lambda it: next(iter(it.case.merged.values()), None),
}
"""What every template may see beside fields and what the notice gives."""


def clear(value: Any, personal: Mapping[str, Any]) -> Any:
    return personal.get(value[PERSONAL]) if is_personal(value) else value
