"""What goes on in the office through the year: who calls when, and what staff do about it.

Of each open case somebody takes the next step after a while: drawn between now and the nearest promise, mostly well before it and
now and then too late. He asks the engine what is available to him, chooses by weight, and fills in what is asked for. Every half
hour the worker has its round. One seed, one year.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from guanjia.clock import DAY, HOUR, MINUTE, SECOND, Instant, ManualClock
from guanjia.core import Option
from guanjia.errors import Refused
from guanjia.model.case import Case
from guanjia.model.event import Actor
from guanjia.runtime.engine import Engine

from tests.offices import SHIPPED
from tests.year.office import Home
from tests.year.said import Telling, Words

ROUND = 30 * MINUTE

KINDS = {
    "repair": 4_200, "reception": 5_600, "complaint": 1_700, "contact": 3_000, "handover": 730, "return_visit": 300, "fee_dispute": 240,
    "decoration": 150, "move_in": 180, "hotline": 160, "emergency": 90, "privacy_request": 40, "activity": 24, "training": 24, "data_incident": 4,
    "standard_publish": 12, "improvement_action": 20, "survey": 1,
}  # fmt: skip
"""How many cases a year people open of each kind, for 2,000 households; schedules and other cases open more."""

OPENED = {
    "repair": ("area", "item", "urgency", "payer", "skill"), "complaint": ("category", "channel", "severity", "subject"), "hotline": ("subject",),
    "reception": ("kind", "channel"), "contact": ("kind",), "emergency": ("kind", "level"), "privacy_request": ("kind",), "move_in": ("kind",),
    "fee_dispute": ("ground",),
}  # fmt: skip
"""What is said at once, beyond what has to be."""

HOUSE = {"handover", "activity", "training", "data_incident", "standard_publish", "improvement_action", "survey", "emergency"}  # fmt: skip
"""What no household asks for."""

SELDOM = {
    "withdraw": 1, "cancel": 1, "void": 1, "drop": 1, "reject": 2, "refer": 1, "decline": 3, "decline_job": 2, "send_back": 4, "not_done": 3, "dispute": 6, "disagree": 8,
    "fail": 3, "fail_inspection": 10, "refuse": 6, "no_contact": 15, "no_access": 5, "raise_danger": 0.1, "suspend": 2, "extend": 2, "reassign": 2, "redispatch": 2,
    "update": 5, "urge": 2, "order_repair": 3, "dissuasion_failed": 3, "report_violation": 20, "go_external": 30, "need_parts": 8, "need_utility": 2, "requote": 2, "not_one": 5,
    "false_alarm": 8, "to_complaint": 6, "to_repair": 12, "to_fee_dispute": 1, "return_ticket": 6, "stop_work": 10, "find_violation": 8, "abnormal": 10, "ask_skip": 1,
    "postpone": 4, "move": 4, "change": 5, "find": 6, "secure": 2, "company_told": 10, "lifts_checked": 5, "differ": 3, "replace": 1, "ask_changes": 10, "redo": 5, "rewrite": 8, "revise": 2, "retire": 1, "recheck": 20,
    "sue": 5, "waive": 2, "lawyer_letter": 20, "round": 60, "sign_up": 300, "regrade": 3, "returned": 30, "hand_over": 10, "replan": 5, "hand_on": 10, "dropped": 3,
    "ask_again": 10, "not_identified": 5, "object": 3, "correct": 2, "new_date": 3, "plan": 10, "report_again": 20, "inform": 30, "handle_now": 20,
    "call_help": 40, "generator_on": 10, "prepared": 10, "forced_entry": 3, "take_complaint": 1, "meeting_held": 60, "stand_down": 3, "remind": 30, "add": 5,
}  # fmt: skip
"""Of a hundred times that something else is done, how often this is."""

AGAIN = {"scan", "sign_up", "no_contact", "fixed", "round", "contact"}
"""What leads nowhere and is to be done again and again."""

IDLE = DAY
"""When somebody looks again at a case of which nothing can be done now and nothing falls due."""

REOPENED = 0.03
"""How many cases somebody comes back with."""

READ = 0.6
"""How often whoever was told of an escalation says so when he comes to the case."""


@dataclass
class Life:
    """The office at work: the agenda of what people will do, and what became of it."""

    engine: Engine
    draw: random.Random
    homes: list[Home]
    agenda: list[tuple[Instant, int, str, str]] = field(default_factory=list)
    """(when, number, what: a procedure to open or nothing, case)."""
    waiting: set[str] = field(default_factory=set)
    """Cases that stand on the agenda."""
    cursor: int = 0
    numbered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    alarms: int = 0

    def __post_init__(self) -> None:
        self.clock = self.engine.clock
        assert isinstance(self.clock, ManualClock)
        self.words = Words(SHIPPED)
        self.office = self.engine.working("office")
        self.people = self.engine.organisation
        self.known = {home.customer for home in self.homes}

    # -- the agenda

    def expect(self, begin: Instant, end: Instant, share: float) -> None:
        """Put on the agenda what people will open between two instants: `share` of what they open in a year."""
        for procedure, count in KINDS.items():
            wanted = count * share
            for _ in range(int(wanted) + (self.draw.random() < wanted % 1)):
                at = begin + int(self.draw.random() * (end - begin))
                if procedure not in ("repair", "complaint", "emergency", "handover") or self.draw.random() < 0.8:
                    at = self.office.next_open(at) + int(self.draw.random() * 8 * HOUR)
                if at < end:
                    self._put(at, procedure, "")

    def _put(self, at: Instant, procedure: str, case: str) -> None:
        self.numbered += 1
        heapq.heappush(self.agenda, (at, self.numbered, procedure, case))
        if case:
            self.waiting.add(case)

    def live(self, end: Instant, tell: Callable[[Instant], None] = lambda at: None) -> None:
        """Let time pass, a round of the worker every half hour."""
        at = self.clock.now()
        while at < end:
            at = min(at + ROUND, end)
            while self.agenda and self.agenda[0][0] <= at:
                when, _, procedure, case = heapq.heappop(self.agenda)
                self.clock.set(max(when, self.clock.now()))
                self._open(procedure) if procedure else self._step(case)
            self.clock.set(at)
            work = self.engine.run_once(owner="year")
            self.problems.update(problem.partition(": ")[2] for problem in work.problems)
            self.alarms += len(work.alarms)
            self._notice()
            tell(at)

    def _notice(self) -> None:
        """Cases that schedules and other cases opened come onto somebody's desk."""
        while rows := self.engine.store.feed(self.cursor, 1000):
            for cursor, case, _ in rows:
                self.cursor = cursor
                if case not in self.waiting:
                    self._plan(self.engine.case(case))

    # -- who opens what

    def _open(self, procedure: str) -> None:
        draw, now = self.draw, self.clock.now()
        program = self.engine.opening(procedure).procedure
        home = draw.choice(self.homes)
        telling = Telling(draw, now, procedure, None)
        values = {
            name: self.words.value(name, about, telling)
            for name, about in program.fields.items()
            if about.type not in ("entry", "attachment") and not about.personal
            and (about.required or name in OPENED.get(procedure, ()) or (about.type == "boolean" and name in ("danger", "queued") and draw.random() < 0.3))
        }  # fmt: skip
        if "room" in program.fields:
            values["room"] = home.room
        by = next(
            (
                self._somebody(word)
                for word in draw.sample(program.open_by, len(program.open_by))
                if self._somebody(word)
            ),
            "reception.chen",
        )
        mode = "drill" if procedure == "emergency" and draw.random() < 0.3 else None
        whose = home.customer if procedure not in HOUSE else None
        try:
            result = self.engine.open(procedure, actor=by, mode=mode, customer=whose, **values)
        except Refused as refused:
            self.refused[f"open {procedure}: {refused.code} {refused.text.en}"] += 1
            return
        self.taken[f"open {procedure}"] += 1
        self._plan(result.case)

    def _somebody(self, word: str) -> str | None:
        members = self.people.members(word)
        return self.draw.choice(members) if members else None

    # -- who does what

    def _plan(self, case: Case) -> None:
        """When somebody takes the next step: most times before the nearest promise is broken."""
        self.waiting.discard(case.id)
        if case.finished:
            return
        now, draw = self.clock.now(), self.draw
        dues = [
            clock.due
            for clock in case.clocks.values()
            if clock.status == "running" and clock.due is not None and clock.due > now
        ]
        luck = draw.random()
        part = (
            draw.uniform(0.03, 0.4) if luck < 0.965 else draw.uniform(0.8, 2.0) if luck < 0.997 else draw.uniform(5, 20)
        )
        in_office = self.engine.program(case).procedure.calendar == "office"
        promised = min(dues, default=now + (12 * HOUR if in_office else HOUR))
        at = now + int(part * min(promised - now, 4 * DAY)) + draw.randint(1, 120) * SECOND
        if in_office:
            at = self.office.next_open(at)
        self._put(at, "", case.id)

    def _step(self, id: str) -> None:
        case = self.engine.case(id)
        self.waiting.discard(id)
        self._acknowledge(case)
        for who, options in self._hands(case):
            option = self._chosen(case, options)
            after = self._take(case, who, option) if option is not None else None
            if after is not None:
                self._plan(after)
                if after.finished and self.draw.random() < REOPENED:
                    self._put(self.clock.now() + int(self.draw.uniform(0.5, 9) * DAY), "", id)
                return
        if case.finished:
            return
        due = self.engine.store.columns(id)
        at = due.next_due if due is not None and due.next_due is not None else self.clock.now() + IDLE
        self.taken["nothing to do yet"] += 1
        self._put(max(at, self.clock.now() + HOUR) + MINUTE, "", id)

    def _acknowledge(self, case: Case) -> None:
        told = [who for climb in case.climbs.values() if climb.open for who in climb.people if who.startswith("staff:")]
        if told and self.draw.random() < READ:
            try:
                self.engine.acknowledge(case.id, actor=told[-1].removeprefix("staff:"))
            except Refused:  # what fell due at this very moment came first, and ended the escalation
                return
            self.taken["ack"] += 1

    def _hands(self, case: Case) -> Iterator[tuple[Actor, list[Option]]]:
        """Who could do something now, one after the other, with what he could: whoever is responsible first, then who is drawn."""
        program = self.engine.program(case)
        words = dict.fromkeys(word for branch in program.reopen for word in branch.by) if case.finished else {}
        for trigger, branches in program.triggers_of(case.states).items():
            if trigger.startswith("act:") and self.draw.random() * 100 < SELDOM.get(trigger[4:], 100):
                words |= dict.fromkeys(word for branch in branches for word in branch.by)
        ids = [case.assignee] if case.assignee and case.assignee in self.people.staff else []
        for word in self.draw.sample(list(words), len(words)):
            if word == "customer":
                ids += [f"customer:{case.customer}"] if case.customer else []
            elif (id := self._somebody(word.removesuffix(" for customer"))) is not None:
                ids.append(id)
        for id in dict.fromkeys(ids):
            try:
                options = [option for option in self.engine.available(case.id, id) if option.allowed]
            except Refused:  # it is none of his
                continue
            if options:
                yield self.engine.actor(id), options

    def _chosen(self, case: Case, options: list[Option]) -> Option | None:
        weights = [self._weight(case, option) for option in options]
        # Whoever could only do what is seldom done leaves it, most times.
        if self.draw.random() * 100 > sum(weights):
            return None
        return self.draw.choices(options, weights)[0]

    def _weight(self, case: Case, option: Option) -> float:
        """What leads nowhere and was done already is seldom done again."""
        again = option.to is None and option.action in case.past and option.action not in AGAIN
        return SELDOM.get(option.action, 100) / (20 if again else 1)

    def _take(self, case: Case, who: Actor, option: Option) -> Case | None:
        program = self.engine.program(case)
        telling = Telling(self.draw, self.clock.now(), case.procedure, case)
        given = {}
        for name in (*option.requires, *(name for name in option.optional if self.draw.random() < 0.3)):
            about = option.inputs.get(name) or program.fields[name]
            if about.type != "attachment":
                given[name] = self.words.value(name, about, telling)
        try:
            after = self.engine.act(case.id, option.action, actor=who, **given).case
        except Refused as refused:
            self.refused[f"{case.procedure}.{option.action}: {refused.code} {refused.text.en[:100]}"] += 1
            return None
        self.taken[f"{case.procedure}.{option.action}"] += 1
        if option.action == "talked" and given.get("verified") and case.customer in self.known:
            self.engine.customers.verify(case.customer, actor="reception.chen")
        return after
