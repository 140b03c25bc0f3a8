"""What docs/ say of two small procedures, as a program of its own: the witness against which the engine is tried.

It was written from docs/ alone (concepts, language, clocks, calendars, changing, embedding, operations), without a look at the
engine, and shares no line with it. Where the two disagreed it was found out which was wrong, and that one was mended, or the
docs where they said too little. It is slow and plain on purpose: a clock is the list of stretches in which it ran, and its
deadline is looked for from the beginning whenever somebody asks; days are walked one by one; nothing is kept that could be
counted anew.

`Office` is asked as the engine is, and answers with what the engine must answer: `Done`, or `No` with the codes of all that
stands in the way, of which the engine may name any.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.runtime.model_case import (
    STAFF,
    SYSTEM,
    Ask,
    Case,
    Climb,
    Clock,
    Done,
    Event,
    Item,
    Message,
    No,
    Who,
    reached,
)
from tests.runtime.model_rules import ACTIONS, CLOCKS, DELAYS, LEVELS, OUTCOMES, SIGNALS, Action
from tests.runtime.model_step import Step
from tests.runtime.model_time import HOUR, MINUTE, Hours, local, midnight


def order_of(procedure: str, key: str) -> int:
    names = [f"{clock}.{threshold[0]}" for clock, rule in CLOCKS[procedure].items() for threshold in rule.at]
    names += [f"{home}.{name}" for name, (home, _) in DELAYS.items()]
    return names.index(key)


def wrong(procedure: str, values: Mapping[str, Any], action: str = "") -> set[str]:
    """What is wrong with values that are given."""
    known = ("summary", "priority", "cost", "rounds", "resume_at", "phone") if procedure == "request" else ("what",)
    known += ("why",) if action == "withdraw" else ()
    codes = set() if all(name in known for name in values) else {"not_found"}
    cost, summary = values.get("cost"), values.get("summary", "x")
    if values.get("priority", "usual") not in ("usual", "urgent") or not (cost is None or 0 <= cost <= 100):
        codes.add("field")
    if not summary or len(summary) > 20:
        codes.add("field")
    return codes


class Office:
    """The whole office: cases, messages, and what cases sent each other."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.calendar = "short"
        self.suspended: dict[str, tuple[int, int]] = {}
        self.cases: dict[str, Case] = {}
        self.messages: list[Message] = []
        self.inbox: list[Item] = []
        self.asks = False
        self.answers: dict[str, tuple[Any, tuple[Event, ...]]] = {}

    # -- what is due

    def hours(self, case: Case, clock: Clock) -> Hours:
        rule = CLOCKS[case.procedure][clock.name]
        calendar = rule.targets[clock.target][1].calendar
        still = tuple(self.suspended[name] for name in case.suspended) if rule.pausable else ()
        return Hours(case.calendar if calendar == "hours" else calendar, still)

    def due(self, case: Case, clock: Clock) -> int | None:
        target = CLOCKS[case.procedure][clock.name].targets[clock.target][1]
        return reached(self.hours(case, clock), clock, target.unit, target.amount + clock.extra)

    def thresholds(self, case: Case, clock: Clock) -> list[tuple[int, str]]:
        """Those of a running clock that are still to come, with their instants."""
        if clock.status != "running":
            return []
        rule, due, hours = CLOCKS[case.procedure][clock.name], self.due(case, clock), self.hours(case, clock)
        total = rule.targets[clock.target][1].amount + clock.extra
        found = [(at(hours, clock, total, due), name) for name, at, _ in rule.at if name not in clock.fired]
        return [(at, name) for at, name in found if at is not None]

    def coming(self, case: Case) -> list[tuple[int, int, str, str]]:
        """All that time will do to a case: (instant, order as written, kind, key)."""
        if case.closed:
            return []
        things = [(due, order_of(case.procedure, key), "delay", key) for key, (due, _) in case.delays.items()]
        for clock in case.clocks.values():
            for at, name in self.thresholds(case, clock):
                key = f"{clock.name}.{name}"
                things.append((at, order_of(case.procedure, key), "clock", key))
        for climb in case.climbs.values():
            at = self.next_level(climb)
            if at is not None:
                things.append((at, 100 + list(CLOCKS["request"]).index(climb.clock), "climb", climb.clock))
        return sorted(things)

    def next_level(self, climb: Climb) -> int | None:
        if climb.status != "climbing" or climb.alarmed:
            return None
        wait = LEVELS[min(len(climb.told), len(LEVELS) - 1)][1]
        return climb.since + wait * MINUTE - climb.used

    def run(self, case: Case, clock: Clock, at: int) -> None:
        """Let a clock run or stand still as it has to, and its climb with it."""
        still = clock.halted or clock.held
        climb = case.climbs.get(clock.name)
        if still and clock.ran[-1][1] is None:
            clock.ran[-1][1] = at
            clock.status = "paused"
            if climb is not None and climb.status == "climbing":
                climb.used, climb.status = climb.used + at - climb.since, "paused"
        elif not still and clock.ran[-1][1] is not None:
            clock.ran.append([at, None])
            clock.status = "running"
            if climb is not None and climb.status == "paused":
                climb.since, climb.status = at, "climbing"

    def arm(self, case: Case, name: str, at: int) -> None:
        home, hours = DELAYS[name][0], Hours(case.calendar)
        if name == "wake":
            resume = case.fields.get("resume_at")
            if resume is not None:
                case.delays["held.wake"] = (max(resume, at), resume)
            return
        if name == "tired":
            due = at + 26 * HOUR
        elif name == "nudge":
            due = hours.add(at, 5 * HOUR)
        else:
            ends = hours.day_ends(at, local(at).date())
            next(ends)
            due = next(ends)
        case.delays[f"{home}.{name}"] = (due, at)

    def follow(self, case: Case, at: int) -> None:
        """The delay until an instant follows the field."""
        known = case.delays.get("held.wake")
        if (known and known[1]) != case.fields.get("resume_at"):
            case.delays.pop("held.wake", None)
            self.arm(case, "wake", at)

    # -- what time does

    def advance(self, case: Case, until: int) -> None:
        while (coming := self.coming(case)) and coming[0][0] <= until:
            at, _, kind, key = coming[0]
            at = max(at, case.changed_at)
            if kind == "delay":
                self.elapse(case, key, at)
            elif kind == "clock":
                self.reach(case, key, at)
            else:
                climb = case.climbs[key]
                climb.alarmed = len(climb.told) == len(LEVELS)
                step = Step(self, case, "alarmed" if climb.alarmed else "climbed", f"up.{key}", SYSTEM, at)
                if climb.alarmed:
                    step.tell("escalation", ("manager",))
                else:
                    climb.told.append(step.tell("escalation", LEVELS[len(climb.told)][0]))
                climb.since, climb.used = at, 0
                step.done()
            self.settle(case, at)

    def elapse(self, case: Case, key: str, at: int) -> None:
        home, name = key.split(".")
        step = Step(self, case, "elapsed", key, SYSTEM, at)
        del case.delays[key]
        if name == "nudge":
            self.arm(case, name, at)
        step.remember(name)
        step.happened.add(name)
        action = DELAYS[name][1]
        action.do(step)
        step.go(action, home)
        step.done()

    def reach(self, case: Case, key: str, at: int) -> None:
        clock_name, name = key.split(".", 1)
        clock, rule = case.clocks[clock_name], CLOCKS[case.procedure][clock_name]
        passed = [threshold for when, threshold in sorted(self.thresholds(case, clock)) if when < at]
        if name in passed:
            name = passed[-1]
        step = Step(self, case, "reached", f"{clock_name}.{name}", SYSTEM, at)
        clock.fired |= {*passed, name}
        if "due" in (*passed, name) and clock.breached_at is None:
            clock.breached_at = at
            if clock_name == "respond" and "received" in case.states:
                step.set(priority="urgent")
        next(do for threshold, _, do in rule.at if threshold == name)(step)
        step.done()

    def settle(self, case: Case, at: int) -> None:
        """What follows by itself."""
        if case.states == ("passed", "settled") and not self.waits(case):
            step = Step(self, case, "moved", "checking", SYSTEM, at)
            step.go(Action((), "over"), "checking")
            step.done()

    # -- what people do

    def may(self, case: Case, by: tuple[str, ...], who: Who) -> bool:
        return not by or any(
            (word == "assignee" and who.id == case.assignee)
            or (word == "customer" and who.kind == "customer" and who.id == case.customer)
            or (word == "agent for customer" and who.role == "agent")
            or word == who.role
            for word in by
        )

    def against(self, case: Case, name: str, who: Who, given: Mapping[str, Any]) -> set[str]:
        """All that stands against taking an action now."""
        action = ACTIONS[case.procedure][name]
        codes: set[str] = set()
        if (case.closed and name != "reopen") or (action.states and not any(map(case.within, action.states))):
            codes.add("state")
        if not self.may(case, action.by, who):
            codes.add("role")
        if any(case.by.get(other) == who.id for other in action.not_by):
            codes.add("not_by")
        if action.at_most is not None and case.count.get(name, 0) >= action.at_most:
            codes.add("at_most")
        if not action.guard(case):
            codes.add("guard")
        if action.within is not None and case.closed_at is not None:
            last = local(case.closed_at).date() + timedelta(days=action.within)
            if self.now >= midnight(last + timedelta(days=1)):
                codes.add("window")
        if any(given.get(need, case.fields.get(need)) is None for need in action.needs):
            codes.add("field")
        if OUTCOMES.get(action.to or "") and self.waits(case):
            codes.add("child")
        return codes

    def waits(self, case: Case) -> bool:
        child = case.children.get("fix", "")
        return child != "" and (child is None or not self.cases[child].closed)

    # -- the one door

    def execute(self, ask: Ask) -> Done:
        """Carry out a command, whole or not at all; `refused` says what stays of one that was refused."""
        if ask.key is not None and ask.key in self.answers:
            before, done = self.answers[ask.key]
            if before != ask:
                raise No("conflict")
            return done._replace(events=(), repeated=True)
        case = self.cases.get(ask.case) if ask.case else None
        at = self.begin(ask, case)
        if case is None:
            done = self.open(ask, at)
        else:
            kept, told, sent = copy.deepcopy(case), len(self.messages), len(self.inbox)
            before = len(case.events)
            self.advance(case, at)
            late = ask.kind == "act" and len(case.events) > before
            try:
                getattr(self, f"do_{ask.kind}")(case, ask, at)
            except No as no:
                self.cases[kept.number] = kept
                del self.messages[told:], self.inbox[sent:]
                raise No(*no.codes, *({"too_late"} if late and "state" in no.codes else ())) from None
            self.advance(case, self.now)
            done = Done(case.number, tuple(case.events[before:]))
        if ask.key is not None:
            self.answers[ask.key] = (ask, done)
        return done

    def refused(self, ask: Ask, code: str) -> None:
        """What stays of a command that was refused: what was due before it, and the attempt where the right was lacking or time
        was faster."""
        case = self.cases.get(ask.case) if ask.case else None
        if code == "conflict":
            return
        try:
            at = self.begin(ask, case)
        except No:
            return
        if case is not None:
            before = len(case.events)
            self.advance(case, at)
            if code in ("role", "not_by", "too_late"):
                Step(self, case, "refused", ask.name, ask.who, at)
            if len(case.events) > before:
                self.advance(case, self.now)

    def preview(self, ask: Ask) -> Done:
        return copy.deepcopy(self).execute(ask)

    def begin(self, ask: Ask, case: Case | None) -> int:
        """When it happened, unless the command is refused before anybody looks into the case."""
        at, wrong = self.now if ask.at is None else ask.at, set()
        if ask.case is not None and case is None:
            wrong.add("not_found")
        if ask.expect is not None and case is not None and ask.expect != len(case.events):
            wrong.add("conflict")
        if ask.at is not None:
            wrong |= set() if ask.who.may("backdate") else {"role"}
            wrong |= set() if ask.reason else {"reason"}
            wrong |= {"time"} if at > self.now or (case is not None and at < case.opened_at) else set()
        if wrong:
            raise No(*wrong)
        return at

    def open(self, ask: Ask, at: int) -> Done:
        values = {"priority": "usual", "rounds": 0, **ask.values}
        codes = wrong(ask.name, values)
        if ask.name == "job" or not (ask.who.kind == "customer" or ask.who.role == "agent"):
            codes.add("role")
        if not values.get("summary"):
            codes.add("field")
        if codes:
            raise No(*codes)
        number = self.next_number("R", "request", ask.mode)
        return self.born(number, "request", "received", ask, at, values)

    def next_number(self, letter: str, procedure: str, mode: str | None) -> str:
        """Cases of a mode are counted apart, and their numbers say so."""
        count = sum((case.procedure, case.mode) == (procedure, mode) for case in self.cases.values())
        return f"{letter}-{count + 1:04}" + (f"-{mode.upper()}" if mode else "")

    def born(
        self, number: str, procedure: str, initial: str, ask: Ask, at: int, values: dict[str, Any], **more: Any
    ) -> Done:
        phone = values.pop("phone", None)
        customer = ask.customer or (ask.who.id if ask.who.kind == "customer" else None)
        case = Case(
            number,
            procedure,
            at,
            ask.who.id,
            customer,
            ask.mode,
            self.calendar,
            tuple(self.suspended),
            values,
            phone,
            **more,
        )
        self.cases[number] = case
        step = Step(self, case, "opened", procedure, ask.who, at)
        step.happened.add("open")
        case.states = (initial,)
        step.enter(initial)
        step.done()
        self.advance(case, self.now)
        return Done(number, tuple(case.events))

    def fill(self, case: Case, values: Mapping[str, Any]) -> None:
        values = dict(values)
        if "phone" in values:
            case.phone = values.pop("phone")
        case.fields.update(values)

    def do_act(self, case: Case, ask: Ask, at: int) -> None:
        action, codes = ACTIONS[case.procedure].get(ask.name), wrong(case.procedure, ask.values, ask.name)
        codes |= {"not_found"} if action is None else self.against(case, ask.name, ask.who, ask.values)
        if action is None or codes:
            raise No(*codes)
        reopened = ask.name == "reopen"
        step = Step(self, case, "reopened" if reopened else "acted", ask.name, ask.who, at)
        step.happened |= {ask.name, "open"} if reopened else {ask.name}
        if reopened:
            case.closed_at = case.outcome = None
            self.asks = True
        self.fill(case, {name: value for name, value in ask.values.items() if name != "why"})
        step.remember(ask.name)
        action.do(step)
        here = next((state for state in action.states if case.within(state)), "")
        step.go(action, here)
        step.done()
        self.settle(case, at)

    def do_signal(self, case: Case, ask: Ask, at: int) -> None:
        signal = SIGNALS.get(ask.name) if case.procedure == "request" else None
        if signal is None:
            raise No("not_found")
        if case.closed or (signal.states and not any(map(case.within, signal.states))):
            raise No("state")
        step = Step(self, case, "signalled", ask.name, ask.who, at)
        step.happened.add(ask.name)
        step.remember(ask.name)
        signal.do(step)
        step.go(signal, signal.states[0] if signal.states else "")
        step.done()
        self.settle(case, at)

    def concerns(self, case: Case, who: Who, right: str) -> set[str]:
        """Whether somebody may change what is not his."""
        return set() if who.may(right) or (who.role and who.id in (case.opener, case.assignee)) else {"role"}

    def do_edit(self, case: Case, ask: Ask, at: int) -> None:
        codes = self.concerns(case, ask.who, "edit") | wrong(case.procedure, ask.values)
        if codes:
            raise No(*codes)
        # Whether a personal value is the one that is sealed, nobody compares.
        if ask.key is None and all(
            case.fields.get(name) == value and name != "phone" for name, value in ask.values.items()
        ):
            return
        step = Step(self, case, "edited", "", ask.who, at)
        self.fill(case, ask.values)
        step.done()
        self.settle(case, at)

    def do_assign(self, case: Case, ask: Ask, at: int) -> None:
        codes = self.concerns(case, ask.who, "assign") | ({"state"} if case.closed else set())
        if ask.name not in STAFF:
            codes.add("not_found")
        if case.assignee not in (None, ask.name, ask.who.id) and not ask.reason:
            codes.add("reason")  # a case is taken from somebody else only with one
        if codes:
            raise No(*codes)
        step = Step(self, case, "assigned", ask.name, ask.who, at)
        step.assign(ask.name)
        step.done()
        self.settle(case, at)

    def heard(self, case: Case, who: Who) -> None:
        """A customer is heard on his own case only."""
        if who.kind == "customer" and who.id != case.customer:
            raise No("role")

    def do_note(self, case: Case, ask: Ask, at: int) -> None:
        self.heard(case, ask.who)
        Step(self, case, "noted", "", ask.who, at).done(heard=False)

    def do_attach(self, case: Case, ask: Ask, at: int) -> None:
        self.heard(case, ask.who)
        Step(self, case, "attached", ask.name, ask.who, at).done(heard=False)

    def do_clock(self, case: Case, ask: Ask, at: int) -> None:
        way, rule, clock = ask.values["way"], CLOCKS[case.procedure].get(ask.name), case.clocks.get(ask.name)
        codes = set() if ask.who.may("clocks") else {"role"}
        codes |= set() if ask.reason else {"field"}
        if rule is None:
            codes.add("not_found")
        elif not rule.manual or not rule.pausable:
            codes.add("manual")
        if clock is None or not clock.open or (way == "pause" and clock.held) or (way == "resume" and not clock.held):
            codes.add("state")
        if codes:
            raise No(*codes)
        step = Step(self, case, "adjusted", f"{ask.name}.{way}", ask.who, at)
        if way == "reset":
            clock = step.anew(clock)
        else:
            clock.held = way == "pause"
        step.done()
        self.settle(case, at)

    def do_ack(self, case: Case, ask: Ask, at: int) -> None:
        climbs = [climb for climb in case.climbs.values() if climb.open]
        if not climbs:
            raise No("state")
        mine = [climb for climb in climbs if any(ask.who.recipient in told for told in climb.told)]
        if not mine:
            raise No("role")
        step = Step(self, case, "acknowledged", "", ask.who, at)
        for climb in mine:
            climb.status = "acknowledged"
        step.done()
        self.settle(case, at)

    # -- the worker

    def round(self) -> None:
        """What a worker does: minute by minute, as if it had been there each minute."""
        while True:
            soon = [coming[0][0] for case in self.cases.values() if (coming := self.coming(case))]
            soon += [item.since for item in self.inbox]
            soon = [at for at in soon if at <= self.now]
            if not soon:
                return
            minute = min(soon)
            for case in list(self.cases.values()):
                self.advance(case, minute)
            for item in [item for item in self.inbox if item.since <= minute]:
                self.inbox.remove(item)
                self.deliver(item, minute)

    def pass_on(self, *, anyhow: bool = False) -> None:
        """What cases ask of each other is done right after a command that asks for something; else by the worker."""
        asks, self.asks = self.asks or anyhow, False
        while asks and self.inbox:
            item = self.inbox.pop(0)
            self.deliver(item, item.since)

    def deliver(self, item: Item, minute: int) -> None:
        if item.kind == "open":
            parent = self.cases[item.sender]
            number = self.next_number("J", "job", parent.mode)
            ask = Ask("open", "job", who=SYSTEM, customer=parent.customer, mode=parent.mode)
            self.born(number, "job", "todo", ask, minute, {"what": parent.fields["summary"]}, parent=parent.number)
            parent.children[item.name] = number
            return
        case = self.cases[item.receiver or ""]
        at = minute
        self.advance(case, at)
        if item.kind == "signal":
            self.do_signal(case, Ask("signal", item.name, case.number, SYSTEM), at)
            return
        step = Step(self, case, "linked", item.name, SYSTEM, at)
        step.done()
        self.settle(case, at)

    # -- other calendars

    def move(self, who: Who, calendar: str | None, suspended: dict[str, tuple[int, int]]) -> None:
        """Open cases come under other hours, or under a suspension with those that they have; no step, nothing is woken, what is
        overtaken is told to nobody."""
        self.calendar, self.suspended, self.asks, moved = calendar or self.calendar, suspended, False, False
        for case in self.cases.values():
            hours = calendar or case.calendar
            if case.closed or (case.calendar, case.suspended) == (hours, tuple(suspended)):
                continue
            self.advance(case, self.now)
            moved = True
            if case.closed:
                continue
            case.calendar, case.suspended = hours, tuple(suspended)
            Step(self, case, "migrated", "", who, self.now)
            for clock in case.clocks.values():
                over = [name for at, name in self.thresholds(case, clock) if at < self.now]
                clock.fired |= set(over)
                if "due" in over and clock.breached_at is None:
                    clock.breached_at = self.due(case, clock)
            for key, (_, since) in list(case.delays.items()):
                if key in ("waiting.no_answer", "waiting.nudge", "todo.lapse"):
                    self.arm(case, key.split(".")[1], since)
                    case.delays[key] = (max(case.delays[key][0], self.now), since)  # what is over now runs out now
            self.advance(case, self.now)
        self.pass_on(anyhow=moved)
