"""One event of a case of the model (model.py) in the making: its effects, the states it leaves and enters, and what clocks hear
of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tests.runtime.model_case import ABOVE, STAFF, TEAMS, Case, Climb, Clock, Event, Item, Rule, Who
from tests.runtime.model_rules import CLOCKS, DELAYS, OUTCOMES, Action
from tests.runtime.model_time import DAY, local

if TYPE_CHECKING:
    from tests.runtime.model import Office


class Step:
    """One event of a case in the making."""

    def __init__(
        self, office: Office, case: Case, type: str, name: str, who: Who, at: int, *, follows: bool = False
    ) -> None:
        if case.last is not None and not follows and type not in ("refused", "noted", "attached"):
            case.last.over = True
        self.office, self.case, self.who, self.at = office, case, who, at
        self.fresh: set[str] = set()
        """Children that this very step opens for households."""
        self.given: Mapping[str, Any] = {}
        self.event = Event(type, name, who.id, at, office.now)
        self.happened: set[str] = set()
        self.started: list[str] = []
        self.crowd = None if type == "opened" else case.crowd
        self.sets_off = False
        """Whether other cases hear of it."""
        case.events.append(self.event)
        self.seq = len(case.events)
        case.changed_at = at

    # effects

    def tell(self, template: str, to: Iterable[str], urgency: str = "normal") -> tuple[str, ...]:
        case, found, nobody = self.case, [], []
        for word in to:
            before = len(found)
            if word in ("agent", "supervisor", "manager"):
                found += [f"staff:{who}" for who, role in STAFF.items() if role == word]
            elif word.startswith("team:"):
                found += [f"staff:{who}" for who in TEAMS[word.removeprefix("team:")]]
            elif word in (
                "customer",
                "customers",
            ):  # whoever the case is for; the word for one also where it names nobody
                found += ["customer"] if word == "customer" or case.customer or case.reached else []
            else:
                who = case.assignee if word == "assignee" else case.opener
                if who and who != "system":
                    found += [f"staff:{who}" if who in STAFF else "customer"]
            if len(found) == before and not word.startswith("customer"):
                nobody.append(word)
        for word in nobody:
            self.office.write(case, self.seq, "-", f"role:{word}")
        people = tuple(dict.fromkeys(found))
        for who in people:
            self.office.write(case, self.seq, template, who, urgency)
        if "customer" in people or "customers" in to:
            self.relay(template, urgency, children="customers" in to)
        return people

    def relay(self, template: str, urgency: str, *, children: bool) -> None:
        for number in self.others(children=children):
            self.office.inbox.append(Item("tell", self.at, self.case.number, number, template, urgency))
            self.office.asks = self.sets_off = True

    def others(self, *, children: bool) -> list[str]:
        """The cases whose customers are told too: those that go on in this one, and the open ones below it where they are meant; who
        has several of them is told once."""
        case, cases = self.case, self.office.cases
        below = [child or name for name, child in case.children.items() if child or name in self.fresh]
        told, found = {case.customer} - {None}, []
        for number in dict.fromkeys([*below, *case.absorbed]):
            other = cases.get(number)
            if number not in case.absorbed and (not children or (other is not None and other.closed)):
                continue
            customer = number.removeprefix("home:") if other is None else other.customer
            if customer is None or customer not in told:
                told.add(customer)
                found.append(number)
        return found

    def set(self, **values: Any) -> None:
        self.case.fields.update(values)

    def assign(self, who: str) -> None:
        self.case.assignee = who

    def extend(self, name: str, amount: int) -> None:
        clock = self.case.clocks.get(name)
        if clock and clock.open:
            clock.extra += amount

    def open_child(self) -> None:
        self.case.children["fix"], self.office.asks, self.sets_off = None, True, True
        self.office.inbox.append(Item("open", self.at, self.case.number, None, "fix"))

    def warn(self) -> None:
        """A case for each household of the places that were named, whose customer hears of it by none yet; and all are told."""
        case, office = self.case, self.office
        found = office.households(self.given["area"], self.at)
        below = [number for number in case.children.values() if number and not office.cases[number].closed]
        heard = {case.customer, *(office.cases[number].customer for number in (*below, *case.absorbed))}
        case.unreached += [found.empty] if found.empty else []
        for customer in found.told:
            name = f"home:{customer}"
            if customer not in heard and case.children.get(name, "") is not None:
                self.fresh.add(name)
                case.children[name], office.asks, self.sets_off = None, True, True
                office.inbox.append(Item("open", self.at, case.number, name, "home"))
        self.tell("told", ("customers",), "low")

    def emit(self, signal: str, *, homes: bool = False) -> None:
        self.office.asks = self.sets_off = True
        cases = self.office.cases
        if not homes and self.case.parent:
            self.office.inbox.append(Item("signal", self.at, self.case.number, self.case.parent, signal))
        for name, number in self.case.children.items() if homes else ():
            if name.startswith("home:") and number and not cases[number].closed:
                self.office.inbox.append(Item("signal", self.at, self.case.number, number, signal))

    def climb(self, clock: str) -> None:
        known = self.case.climbs.get(clock)
        if known is None or not known.open:
            self.case.climbs[clock] = Climb(clock, 0, self.case.clocks[clock].cycle, [], self.at)

    # moving

    def go(self, action: Action, source: str) -> None:
        case, to = self.case, action.to
        if to is None:
            return
        target = (case.left_in or "working") if to == "back" else to
        leaves = ("looking", "unpaid") if target == "checking" else (target,)
        if source in ("looking", "unpaid"):  # within a track
            case.states = tuple(target if leaf == source else leaf for leaf in case.states)
            self.enter(target)
            return
        if leaves == case.states and not action.reenter:
            return
        inside = ABOVE.get(target)
        stays = inside is not None and case.within(inside) and source != inside
        for leaf in case.states:
            for key in [key for key in case.delays if key.startswith(f"{leaf}.")]:
                del case.delays[key]
        if case.within("handling") and not stays:
            case.left_in = case.states[0]
            self.set(rounds=case.fields["rounds"] + 1)
        case.states = leaves
        if not stays and ABOVE.get(leaves[0]):
            self.enter(ABOVE[leaves[0]])
        for leaf in leaves:
            self.enter(leaf)

    def enter(self, state: str) -> None:
        case = self.case
        self.happened.add(state)
        self.remember(state)
        if state == "received":
            self.tell("told", ["customer"])
        for name, (home, _) in DELAYS.items():
            if home == state:
                self.office.arm(case, name, self.at)
        if state in OUTCOMES:
            case.closed_at, case.outcome, self.office.asks = self.at, OUTCOMES[state], True

    def remember(self, name: str) -> None:
        self.case.count[name] = self.case.count.get(name, 0) + 1
        self.case.by[name] = self.who.id

    # the end of a step: clocks hear of it

    def done(self, *, heard: bool = True) -> None:
        case = self.case
        if heard:
            self.crowds()
            for name, rule in CLOCKS[case.procedure].items():
                self.hear(name, rule)
            if "held" in case.states:
                self.office.follow(case, self.at)
        if case.closed:
            case.delays.clear()
            for climb in case.climbs.values():
                climb.status = "stopped" if climb.open else climb.status
            if case.parent and (self.happened & OUTCOMES.keys() or self.event.type == "merged"):
                self.sets_off = True
                self.office.inbox.append(Item("end", self.at, case.number, case.parent, case.number))
        for name in self.started:
            clock = case.clocks[name]
            clock.fired |= {threshold for at, threshold in self.office.thresholds(case, clock) if at < self.at}
            if "due" in clock.fired and clock.breached_at is None:
                clock.breached_at = self.office.due(case, clock)

    def crowds(self) -> None:
        """Once in three days somebody hears of the third of one place."""
        case, since, place = self.case, self.at - 3 * DAY, self.case.crowd
        if place is None or place == self.crowd or case.opened_at <= since:
            return
        others = [it for it in self.office.cases.values() if it is not case and it.crowd == place]
        told = any(
            it == place and since < at <= self.at for each in self.office.cases.values() for it, at in each.crossed
        )
        if sum(since < it.opened_at <= self.at for it in others) >= 2 and not told:
            case.crossed.append((place, self.at))
            self.tell("told", ("manager",))

    def hear(self, name: str, rule: Rule) -> None:
        case, happened, clock = self.case, self.happened, self.case.clocks.get(name)
        if clock is not None and clock.open:
            if rule.stop(case, happened):
                self.end(clock, "met")
            elif happened & rule.cancel or case.closed:
                self.end(clock, "cancelled")
            else:
                if happened & rule.reset:
                    clock = self.anew(clock)
                clock.halted = rule.pausable and rule.pause(case, happened, clock.halted)
        elif not case.closed and (clock is None or not rule.stop(case, happened)):
            starts = bool(happened & rule.start)
            if clock is not None and case.count.get("reopen"):
                resumes = rule.on_reopen == "resume" and (starts or (clock.by_closing and "reopen" in happened))
                if resumes:
                    clock = self.begin(name, clock)
                elif rule.on_reopen == "new" and starts:
                    clock = self.begin(name)
            elif starts:
                clock = self.begin(name)
        if clock is not None and clock.open:
            clock.target = self.target(rule)
            self.office.run(case, clock, self.at)

    def target(self, rule: Rule) -> int:
        return next(number for number, (guard, _) in enumerate(rule.targets) if guard(self.case))

    def begin(self, name: str, goes_on: Clock | None = None) -> Clock:
        case, before = self.case, self.case.clocks.get(name)
        clock = Clock(name, before.cycle + 1 if before else 1, self.at, 0, [[self.at, None]], local(self.at).date())
        if goes_on is not None:
            clock.ran = [list(item) for item in goes_on.ran] + clock.ran
            clock.first_day, clock.extra = goes_on.first_day, goes_on.extra
            clock.fired, clock.breached_at = set(goes_on.fired), goes_on.breached_at
        if before is not None:
            case.cycles.append(before)
        case.clocks[name] = clock
        self.started.append(name)
        return clock

    def anew(self, clock: Clock) -> Clock:
        self.end(clock, "reset")
        fresh = self.begin(clock.name)
        fresh.halted, fresh.held = clock.halted, clock.held
        return fresh

    def end(self, clock: Clock, status: str) -> None:
        case = self.case
        if clock.ran[-1][1] is None:
            clock.ran[-1][1] = self.at
        elif status in ("met", "reset") and clock.breached_at is None:  # it stood still: would it be late if it ran?
            clock.ran.append([self.at, None])
            due = self.office.due(case, clock)
            clock.ran.pop()
            if due is not None and due <= self.at:
                clock.breached_at = self.at  # as where it goes on: late when that shows
        clock.status = "breached" if status == "met" and clock.breached_at is not None else status
        clock.ended_at, clock.by_closing = self.at, case.closed
        climb = case.climbs.get(clock.name)
        if climb is not None and climb.open:
            climb.status = "stopped"
