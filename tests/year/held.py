"""The 31 clauses over everything that happened: for each, a claim that is looked at in every case that it is about.

A check of a case is given what the history says of it (`Seen`); one of the whole year, what was gathered on the way (`Year`). Each
yields a truth for every single thing that it looked at, so that one that looked at nothing is seen.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from guanjia.authoring.reports.facts import Facts
from guanjia.clock import Instant
from guanjia.core import Program
from guanjia.model.case import Case, Clock
from guanjia.model.event import Event, Notification
from guanjia.people.organisation import Organisation

PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
TOLD = frozenset({"escalated", "climbs", "notify", "nobody"})
"""What an event holds that told somebody."""


@dataclass
class Seen:
    """One case and all that happened to it."""

    case: Case
    events: tuple[Event, ...]
    facts: Facts
    program: Program
    people: Organisation
    zone: str = "Asia/Shanghai"

    def took(self, *names: str) -> list[Event]:
        return [event for event in self.events if event.type == "acted" and event.name in names]

    def who(self, *names: str) -> set[str]:
        return {event.actor for event in self.took(*names)}

    def given(self, event: Event, name: str) -> Any:
        return event.data.get("input", {}).get(name)

    def told(self, template: str) -> int:
        return sum(note["template"] == template for event in self.events for note in event.data.get("notify", ()))

    def apart(self, checks: tuple[str, ...], done: tuple[str, ...]) -> Iterator[bool]:
        """Whoever checks is not who last did what is checked."""
        for event in self.took(*checks):
            last = {before.name: before.actor for before in self.took(*done) if before.seq < event.seq}
            yield event.actor not in last.values()

    def entered(self, state: str) -> list[Instant]:
        return [event.occurred_at for event in self.events if state in event.data.get("entered", ())]

    @property
    def cycles(self) -> tuple[Clock, ...]:
        return (*self.case.cycles, *self.case.clocks.values())

    def in_time(self, clock: Clock) -> bool:
        """Met before it was due, or else broken, and somebody was told of it at that very instant: of the threshold, or of a later one
        where a new limit lay in the past already."""
        if clock.breached_at is None:
            return clock.status != "met" or clock.due is None or (clock.ended_at or 0) < clock.due
        then = [event for event in self.events if event.occurred_at == clock.breached_at]
        return any(event.name.startswith(f"{clock.name}.") and not TOLD.isdisjoint(event.data) for event in then)

    def answered(self, *clocks: str) -> Iterator[bool]:
        for clock in self.cycles:
            if clock.name in clocks:
                yield self.in_time(clock)


@dataclass
class Year:
    """What is known of the year beside its cases, and what was gathered from them."""

    begin: Instant
    end: Instant
    languages: dict[str, str] = field(default_factory=dict)
    """Customer -> the language that he asked for."""
    registered: dict[str, list[Event]] = field(default_factory=dict)
    """Customer -> the history of what is known of him."""
    stale_before: Instant = 0
    stale: set[str] = field(default_factory=set)
    """Customers whom the register lists as not verified since `stale_before`."""
    planned: dict[str, tuple[Instant, str | None]] = field(default_factory=dict)
    """What schedules were to open -> when, and the case that it is."""
    scheduled: dict[str, Instant] = field(default_factory=dict)
    """Cases that schedules opened -> when."""
    reports: dict[str, Any] = field(default_factory=dict)
    pledge: dict[str, str] = field(default_factory=dict)
    """Language -> the page for residents."""
    names: frozenset[str] = frozenset()
    """What residents are called."""
    numbers: Counter[str] = field(default_factory=Counter)
    ids: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Case -> (procedure, parent)."""
    children: list[tuple[str, str, bool]] = field(default_factory=list)
    """(case, child, whether it is for danger)."""
    counted: Counter[str] = field(default_factory=Counter)
    domains: set[str] = field(default_factory=set)
    complaints: int = 0
    broken: int = 0
    kept: int = 0
    letters: int = 0
    """Messages that left the house."""
    loud: Counter[str] = field(default_factory=Counter)
    """Case -> messages that told the number of a resident to somebody else."""
    spoken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(case, language) -> messages to its customer."""
    wanted: Counter[str] = field(default_factory=Counter)
    """Language -> messages to residents who asked for it."""
    strange: int = 0
    """Those in another one."""
    abroad: Counter[str] = field(default_factory=Counter)
    """Case -> messages to residents, and to others who are not of the house."""
    drills: set[str] = field(default_factory=set)
    recorded: int = 0
    """Messages of drills that were kept in the house."""

    def gather(self, seen: Seen) -> None:
        case = seen.case
        self.numbers[case.number] += 1
        if case.mode == "drill":
            self.drills.add(case.id)
        if (wanted := self.languages.get(case.customer or "")) is not None:
            self.wanted[wanted] += self.spoken[case.id, wanted]
            self.strange += sum(self.spoken[case.id, spoken] for spoken in ("zh", "en") if spoken != wanted)
        if case.opener == "system" and case.parent is None:
            self.scheduled[case.id] = case.opened_at
        self.ids[case.id] = case.procedure, case.parent
        self.children += [(case.id, child, name == "danger_case") for name, child in case.children.items()]
        self.counted[case.procedure] += 1
        if case.procedure == "patrol":
            self.domains.add(case.entries["route"]["values"]["domain"])
        if case.mode is None:
            self.complaints += case.procedure == "complaint"
            last = {
                (name, clock["cycle"]): clock
                for event in seen.events
                for name, clock in event.data.get("clocks", {}).items()
            }
            self.broken += sum(clock.get("breached_at") is not None for clock in last.values())
            self.kept += sum(clock["status"] == "met" and clock.get("breached_at") is None for clock in last.values())

    def deliver(self, message: Notification) -> None:
        """A message as it leaves the house."""
        self.letters += 1
        customer = message.recipient == "customer"
        if customer:
            self.spoken[message.case, message.language] += 1
        elif PHONE.search(message.body + message.subject):
            self.loud[message.case] += 1
        if message.outside or customer:
            self.abroad[message.case] += 1


OfCase = Callable[[Seen], Iterator[bool]]
OfYear = Callable[[Year], Iterator[bool]]
OF_CASE: dict[str, list[tuple[frozenset[str], OfCase]]] = defaultdict(list)
OF_YEAR: dict[str, list[OfYear]] = defaultdict(list)


def of(clause: str, *procedures: str) -> Callable[[OfCase], OfCase]:
    def kept(check: OfCase) -> OfCase:
        OF_CASE[clause].append((frozenset(procedures), check))
        return check

    return kept


def all_year(clause: str) -> Callable[[OfYear], OfYear]:
    def kept(check: OfYear) -> OfYear:
        OF_YEAR[clause].append(check)
        return check

    return kept


class Held:
    """How many things each clause was looked at in, and in how many of them it held."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.failed: dict[str, list[str]] = defaultdict(list)
        self.checked = {*OF_CASE, *OF_YEAR}
        """The clauses of which anything is looked at."""

    def case(self, seen: Seen) -> None:
        for clause, checks in OF_CASE.items():
            for procedures, check in checks:
                if not procedures or seen.case.procedure in procedures:
                    self._add(clause, check(seen), seen.case.number)

    def year(self, year: Year) -> None:
        for clause, checks in OF_YEAR.items():
            for check in checks:
                self._add(clause, check(year), check.__name__)

    def _add(self, clause: str, truths: Iterator[bool], where: str) -> None:
        for truth in truths:
            self.looked[clause] += 1
            if not truth:
                self.failed[clause].append(where)
