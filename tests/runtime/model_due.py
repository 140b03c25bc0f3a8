"""What time does to the cases of the model (model.py): which thresholds, delays and levels are still to come, and what each of them
does as its instant comes."""

from __future__ import annotations

from typing import Any

from tests.runtime.model_case import SYSTEM, Case, Climb, Clock, Event, Item, reached
from tests.runtime.model_outbox import Outbox
from tests.runtime.model_rules import CLOCKS, DELAYS, LEVELS, Action
from tests.runtime.model_step import Step
from tests.runtime.model_time import HOUR, MINUTE, Hours, local


def order_of(procedure: str, key: str) -> int:
    names = [f"{clock}.{threshold[0]}" for clock, rule in CLOCKS[procedure].items() for threshold in rule.at]
    names += [f"{home}.{name}" for name, (home, _) in DELAYS.items()]
    return names.index(key)


class Time(Outbox):
    """The cases, and what they sent each other, as far as time changes them."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.calendar = "short"
        self.suspended: dict[str, tuple[int, int]] = {}
        self.cases: dict[str, Case] = {}
        self.inbox: list[Item] = []
        self.asks = False
        self.coded: list[str] = []
        """Of which case each one-time code is."""
        self.withdrawn: list[int] = []
        """Which messages were kept back last."""
        self.parked = 0
        """How many things that cases asked of each other were refused."""
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
            clock.ran.append(
                [max(at, clock.ran[-1][1]), None]
            )  # no time counts twice, though it is said later that it went on earlier
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
        ahead = sorted(self.thresholds(case, clock))
        passed = [threshold for when, threshold in ahead if when < at]
        if name in passed:
            name = next((threshold for when, threshold in ahead if when == at), passed[-1])
        step = Step(self, case, "reached", f"{clock_name}.{name}", SYSTEM, at)
        clock.fired |= {*passed, name}
        if "due" in (*passed, name) and clock.breached_at is None:
            clock.breached_at = at
            if clock_name == "respond" and "received" in case.states:
                step.set(priority="urgent")
        next(do for threshold, _, do in rule.at if threshold == name)(step)
        step.done()

    def settle(self, case: Case, at: int, *, follows: bool = False) -> None:
        """What follows by itself; from what somebody did where it `follows`, and goes back with that."""
        if case.states == ("passed", "settled") and not self.waits(case):
            step = Step(self, case, "moved", "checking", SYSTEM, at, follows=follows)
            step.go(Action((), "over"), "checking")
            step.done()
