"""What people and other programs do to the cases of the model (model.py), and all that stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.runtime.model_case import STAFF, Ask, Case, No, Who
from tests.runtime.model_due import Time
from tests.runtime.model_register import PLACES
from tests.runtime.model_rules import ACTIONS, CLOCKS, OUTCOMES, SIGNALS
from tests.runtime.model_step import Step
from tests.runtime.model_time import local, midnight


def wrong(procedure: str, values: Mapping[str, Any], action: str = "") -> set[str]:
    """What is wrong with values that are given."""
    known: tuple[str, ...] = {
        "request": ("summary", "priority", "cost", "rounds", "resume_at", "phone", "place"),
        "job": ("what",),
        "home": ("phone", "room"),
    }.get(procedure, ())
    known += {"withdraw": ("why",), "warn": ("area",)}.get(action, ())
    codes = set() if all(name in known for name in values) else {"not_found"}
    cost, summary = values.get("cost"), values.get("summary", "x")
    if values.get("priority", "usual") not in ("usual", "urgent") or not (cost is None or 0 <= cost <= 100):
        codes.add("field")
    if not all(place in PLACES for place in values.get("area", ())):
        codes.add("place")
    if values.get("place") not in (None, "P1", "P2"):
        codes.add("field")
    if not summary or len(summary) > 20:
        codes.add("field")
    return codes


class Deeds(Time):
    """Each `do_` carries out one kind of command, or raises `No` with all that stands against it."""

    def aside(self, case: Case) -> Case:
        """The case as it is, laid aside."""
        raise NotImplementedError

    def took(self, case: Case, before: Case, step: Step) -> None:
        """Somebody took this step."""
        raise NotImplementedError

    def may(self, case: Case, by: tuple[str, ...], who: Who) -> bool:
        return not by or any(
            (word == "assignee" and who.id == case.assignee)
            or (word == "customer" and who.kind == "customer" and case.number in (who.coded, self.own(case, who)))
            or (word == "agent for customer" and who.role == "agent")
            or word == (who.role or ("system" if who.kind == "system" else None))
            for word in by
        )

    def own(self, case: Case, who: Who) -> str:
        return case.number if case.customer and self.who(who.id) == self.who(case.customer) else ""

    def against(self, case: Case, name: str, who: Who, given: Mapping[str, Any], at: int | None = None) -> set[str]:
        """All that stands against taking an action, now or at another instant."""
        action = ACTIONS[case.procedure][name]
        codes: set[str] = set()
        if (case.closed and name != "reopen") or (action.states and not any(map(case.within, action.states))):
            codes.add("state")
        if who.id in case.kin:
            codes.add("conflict")
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
            if (self.now if at is None else at) >= midnight(last + timedelta(days=1)):
                codes.add("window")
        if any(given.get(need, case.fields.get(need)) is None for need in action.needs):
            codes.add("field")
        if OUTCOMES.get(action.to or "") and self.waits(case):
            codes.add("child")
        return codes

    def least_loaded(self, *people: str) -> str:
        """Who has the fewest open cases, of equals the first as written."""
        return min(
            people, key=lambda who: sum(case.assignee == who and not case.closed for case in self.cases.values())
        )

    def waits(self, case: Case) -> bool:
        child = case.children.get("fix", "")
        return child != "" and (child is None or not self.cases[child].closed)

    def fill(self, case: Case, values: Mapping[str, Any]) -> None:
        values = dict(values)
        if "phone" in values:
            case.phone = values.pop("phone")
            case.reached = case.phone is not None
            if case.phone is not None:
                self.lies(case, "phone", case.phone)
        case.fields.update(values)

    def lies(self, case: Case, what: str, value: str) -> None:
        """Something personal lies sealed from now on."""
        case.personal.append((what, value))
        self.seal(case)

    def do_act(self, case: Case, ask: Ask, at: int) -> None:
        action, codes = ACTIONS[case.procedure].get(ask.name), wrong(case.procedure, ask.values, ask.name)
        codes |= {"not_found"} if action is None else self.against(case, ask.name, ask.who, ask.values, at)
        if action is None or codes:
            raise No(*codes)
        reopened = ask.name == "reopen"
        before = self.aside(case)
        step = Step(self, case, "reopened" if reopened else "acted", ask.name, ask.who, at)
        step.happened |= {ask.name, "open"} if reopened else {ask.name}
        if reopened:
            case.closed_at = case.outcome = None
            self.asks = True
        self.fill(case, {name: value for name, value in ask.values.items() if name not in ("why", "area")})
        step.remember(ask.name)
        step.given = ask.values
        action.do(step)
        here = next((state for state in action.states if case.within(state)), "")
        step.go(action, here)
        step.done()
        self.took(case, before, step)
        self.settle(case, at, follows=True)

    def do_signal(self, case: Case, ask: Ask, at: int) -> None:
        if ask.name == "reopen" and case.procedure == "request":
            self.called_back(case, ask, at)
            return
        signal = SIGNALS[case.procedure].get(ask.name)
        if signal is None:
            raise No("not_found")
        self.heard(case, ask.who)
        if ask.who.kind == "customer":  # other programs signal; no customer does, unless the procedure says so
            raise No("role")
        if case.closed or (signal.states and not any(map(case.within, signal.states))):
            raise No("state")
        step = Step(self, case, "signalled", ask.name, ask.who, at)
        step.happened.add(ask.name)
        step.remember(ask.name)
        signal.do(step)
        step.go(signal, signal.states[0] if signal.states else "")
        step.done()
        self.settle(case, at)

    def called_back(self, case: Case, ask: Ask, at: int) -> None:
        """Another case asks for this one to be opened again; one that is open only hears it."""
        if case.merged:
            raise No("merged")
        if case.closed:
            self.do_act(case, ask, at)
        elif ask.who.kind == "customer":
            raise No("role")
        else:
            Step(self, case, "signalled", ask.name, ask.who, at).done(heard=False)

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
        before = self.aside(case)
        step = Step(self, case, "edited", "", ask.who, at)
        self.fill(case, ask.values)
        step.done()
        self.took(case, before, step)
        self.settle(case, at, follows=True)

    def do_assign(self, case: Case, ask: Ask, at: int) -> None:
        codes = self.concerns(case, ask.who, "assign") | ({"state"} if case.closed else set())
        if ask.name not in STAFF:
            codes.add("not_found")
        if ask.name in case.kin:
            codes.add("conflict")
        if case.assignee not in (None, ask.name, ask.who.id) and not ask.reason:
            codes.add("reason")  # a case is taken from somebody else only with one
        if codes:
            raise No(*codes)
        before = self.aside(case)
        step = Step(self, case, "assigned", ask.name, ask.who, at)
        step.assign(ask.name)
        step.done()
        self.took(case, before, step)
        self.settle(case, at, follows=True)

    def barred(self, case: Case, who: Who) -> None:
        """Nobody has a hand in what is of his own home."""
        if who.id in case.kin:
            raise No("conflict")

    def heard(self, case: Case, who: Who) -> None:
        """A customer is heard on his own case only."""
        if who.kind == "customer" and case.number not in (who.coded, self.own(case, who)):
            raise No("sight")

    def do_note(self, case: Case, ask: Ask, at: int) -> None:
        Step(self, case, "noted", "", ask.who, at).done(heard=False)
        if any(letter.isdigit() for letter in ask.values["text"]):
            self.lies(case, "remark", ask.values["text"])

    def do_attach(self, case: Case, ask: Ask, at: int) -> None:
        Step(self, case, "attached", ask.name, ask.who, at).done(heard=False)
        self.lies(case, "file", ask.name)

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
        before = self.aside(case)
        step = Step(self, case, "adjusted", f"{ask.name}.{way}", ask.who, at)
        if way == "reset":
            clock = step.anew(clock)
        else:
            clock.held = way == "pause"
        step.done()
        self.took(case, before, step)
        self.settle(case, at, follows=True)

    def do_ack(self, case: Case, ask: Ask, at: int) -> None:
        climbs = [climb for climb in case.climbs.values() if climb.open]
        if not climbs:
            raise No("state")
        mine = [climb for climb in climbs if any(ask.who.recipient in told for told in climb.told)]
        if not mine:
            raise No("role")
        before = self.aside(case)
        step = Step(self, case, "acknowledged", "", ask.who, at)
        for climb in mine:
            climb.status = "acknowledged"
        step.done()
        self.took(case, before, step)
        self.settle(case, at, follows=True)
