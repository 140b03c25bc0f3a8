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

from collections.abc import Sequence
from typing import Any

from tests.runtime.model_case import (
    SYSTEM,
    Ask,
    Case,
    Done,
    Item,
    No,
    Who,
    copied,
)
from tests.runtime.model_deeds import wrong
from tests.runtime.model_forgetting import Forgetting
from tests.runtime.model_step import Step
from tests.runtime.model_time import local


class Office(Forgetting):
    """The whole office: the door by which commands come in, the worker, and other calendars."""

    def execute(self, ask: Ask) -> Done:
        """Carry out a command, whole or not at all; `refused` says what stays of one that was refused."""
        if ask.key is not None and ask.key in self.answers:
            before, done = self.answers[ask.key]
            if before != ask:
                raise No("version", *({"not_found"} if ask.kind == "split" and ask.case not in self.cases else ()))
            return done._replace(events=(), repeated=True)
        case = self.cases.get(ask.case) if ask.case else None
        at = self.begin(ask, case)
        if case is None or ask.kind == "split":
            done = self.open(ask, at) if case is None else self.split(ask, case, at)
        else:
            case.begun = len(case.events)
            kept, told, sent = copied(case), list(self.messages), len(self.inbox)
            before, coded = len(case.events), len(self.coded)
            self.advance(case, at)
            late = ask.kind == "act" and len(case.events) > before
            try:
                self.heard(case, ask.who)
                getattr(self, f"do_{ask.kind}")(case, ask, at)
                if ask.kind not in ("note", "attach"):
                    self.barred(case, ask.who)
            except No as no:
                self.cases[kept.number], self.messages = kept, told
                del self.inbox[sent:], self.coded[coded:]
                if ask.who.id in case.kin:
                    no = No(*no.codes, "conflict")
                if case.merged:  # nothing is done in it any more
                    raise No(*no.codes, "merged") from None
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
        if code == "version" or ask.kind == "split":  # what would be opened is not there
            return
        try:
            at = self.begin(ask, case)
        except No:
            return
        if case is not None:
            before = len(case.events)
            self.advance(case, at)
            if code in ("role", "not_by", "sight", "conflict", "too_late"):
                Step(
                    self, case, "refused", ask.values.get("other", "") if ask.kind == "merge" else ask.name, ask.who, at
                )
            if len(case.events) > before:
                self.advance(case, self.now)

    def take_in(self, asks: Sequence[Ask], by: Who, reason: str) -> Done:
        """An old case with what others did to it then: decided as it would have been, told to nobody, all or nothing."""
        codes = (set() if by.may("backdate") else {"role"}) | (set() if reason else {"reason"})
        instants = [ask.at or 0 for ask in asks]
        if instants != sorted(instants) or instants[-1] > self.now:
            codes.add("time")
        if codes:
            raise No(*codes)
        kept, told, sent = dict(self.cases), len(self.messages), len(self.inbox)
        try:
            first, *others = asks
            number = self.open(first, instants[0], until=instants[0]).number
            case = self.cases[number]
            for ask in others:
                self.advance(case, ask.at or 0)
                self.barred(case, ask.who)
                getattr(self, f"do_{ask.kind}")(case, ask, ask.at)
            self.advance(case, self.now)
            if len(self.inbox) > sent:
                raise No("taken_in")
        except No:
            self.cases = kept
            del self.inbox[sent:]
            raise
        finally:
            del self.messages[told:]
        case.keyed = bool(case.personal)
        if case.last is not None:
            case.last.over = True
        return Done(number, tuple(case.events))

    def preview(self, ask: Ask) -> Done:
        return copied(self).execute(ask)

    def begin(self, ask: Ask, case: Case | None) -> int:
        """When it happened, unless the command is refused before anybody looks into the case."""
        at, wrong = self.now if ask.at is None else ask.at, set()
        if ask.case is not None and case is None:
            wrong.add("code" if ask.kind == "answer" else "not_found")
        if ask.expect is not None and case is not None and ask.expect != len(case.events):
            wrong.add("version")
        if ask.at is not None:
            wrong |= set() if ask.who.may("backdate") else {"role"}
            wrong |= set() if ask.reason else {"reason"}
            wrong |= {"time"} if at > self.now or (case is not None and at < case.opened_at) else set()
        if wrong:
            raise No(*wrong)
        return at

    def open(self, ask: Ask, at: int, until: int | None = None) -> Done:
        """`until`: an old case is taken in, of which nothing is known but what it says."""
        values = {"priority": "usual", "rounds": 0, **ask.values}
        codes = wrong(ask.name, values)
        if ask.name != "request" or not (ask.who.kind == "customer" or ask.who.role == "agent"):
            codes.add("role")
        if not values.get("summary"):
            codes.add("field")
        if codes:
            raise No(*codes)
        number = self.next_number("R", "request", ask.mode)
        return self.born(number, "request", "received", ask, at, values, until=until)

    def next_number(self, letter: str, procedure: str, mode: str | None) -> str:
        """Cases of a mode are counted apart, and their numbers say so."""
        count = sum((case.procedure, case.mode) == (procedure, mode) for case in self.cases.values())
        return f"{letter}-{count + 1:04}" + (f"-{mode.upper()}" if mode else "")

    def born(
        self,
        number: str,
        procedure: str,
        initial: str,
        ask: Ask,
        at: int,
        values: dict[str, Any],
        until: int | None = None,
        **more: Any,
    ) -> Done:
        customer = ask.customer or (ask.who.id if ask.who.kind == "customer" else None)
        known = self.known(customer) if until is None else None
        customer = known.id if known and ask.customer and ask.customer != ask.who.id else customer
        known = None if known and known.restricted else known  # of whom nothing is filled in
        phone = values.pop("phone", None) or (known.phone if known and procedure != "job" else None)
        if known and procedure == "home" and len(rooms := known.rooms(local(self.now).date())) == 1:
            values["room"] = rooms[0]
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
        case.made_by = case.parent
        case.kin = self.kin(customer, self.now) if procedure == "request" else ()
        if phone is not None:
            case.reached = True
            self.lies(case, "phone", phone)
        step = Step(self, case, "opened", procedure, ask.who, at)
        step.happened.add("open")
        case.states = (initial,)
        step.enter(initial)
        step.done()
        self.advance(case, self.now if until is None else until)
        return Done(number, tuple(case.events))

    # -- the worker

    def round(self) -> None:
        """What a worker does: minute by minute, as if it had been there each minute."""
        while True:
            soon = [coming[0][0] for case in self.cases.values() if (coming := self.coming(case))]
            soon += [item.since for item in self.inbox]
            soon = [at for at in soon if at <= self.now]
            if not soon:
                self.hand_over()
                return
            minute = min(soon)
            for case in list(self.cases.values()):
                case.begun = len(case.events)
                self.advance(case, minute)
            while items := self.next_ones(minute):
                for item in items:
                    self.deliver(item, minute)

    def pass_on(self, *, anyhow: bool = False) -> None:
        """What cases ask of each other is done right after a command that asks for something; else by the worker."""
        asks, self.asks = self.asks or anyhow, False
        while asks and self.inbox:
            for item in self.next_ones():
                self.deliver(item, item.since)

    def next_ones(self, until: int | None = None) -> list[Item]:
        """What is next for each pair of cases, taken from the inbox: between two cases things stay in order."""
        pairs: dict[tuple[str, str | None], Item] = {}
        for item in self.inbox:
            if until is None or item.since <= until:
                pairs.setdefault((item.sender, item.receiver), item)
        for item in pairs.values():
            self.inbox.remove(item)
        return list(pairs.values())

    def deliver(self, item: Item, minute: int) -> None:
        if item.kind == "open":
            parent = self.cases[item.sender]
            if item.name == "home":
                number = self.next_number("H", "home", parent.mode)
                ask = Ask("open", "home", who=SYSTEM, customer=(item.receiver or "")[5:], mode=parent.mode)
                self.born(number, "home", "warned", ask, minute, {}, parent=parent.number)
                parent.children[item.receiver or ""] = number
                return
            number = self.next_number("J", "job", parent.mode)
            ask = Ask("open", "job", who=SYSTEM, customer=parent.customer, mode=parent.mode)
            self.born(number, "job", "todo", ask, minute, {"what": parent.fields["summary"]}, parent=parent.number)
            parent.children[item.name] = number
            return
        receiver = item.receiver or ""
        case = self.cases[receiver if receiver in self.cases else self.cases[item.sender].children[receiver] or ""]
        case.begun = len(case.events)
        at = max(minute, case.opened_at)  # what is recorded late reaches no case before it was opened
        self.advance(case, at)
        try:
            if item.kind == "signal":
                self.do_signal(case, Ask("signal", item.name, case.number, SYSTEM), at)
            elif item.kind == "tell":
                step = Step(self, case, "told", item.name, SYSTEM, at)
                if case.customer or case.reached:
                    self.write(case, step.seq, item.name, "customer", item.urgency, of="request")
                step.relay(item.name, item.urgency, children=False)
            else:
                self.tied(item, case, at)
        except No:
            self.parked += 1

    # -- other calendars

    def move(self, who: Who, calendar: str | None, suspended: dict[str, tuple[int, int]]) -> None:
        """Open cases come under other hours, or under a suspension with those that they have; no step, nothing is woken, what is
        overtaken is told to nobody."""
        self.calendar, self.suspended, self.asks, moved = calendar or self.calendar, suspended, False, False
        for case in self.cases.values():
            hours = calendar or case.calendar
            if case.closed or case.procedure == "home" or (case.calendar, case.suspended) == (hours, tuple(suspended)):
                continue
            case.begun = len(case.events)
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
