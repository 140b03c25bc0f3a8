"""Personal data that is destroyed, for the model (model.py): by a command, or because it was kept for its time; and what is kept on hold."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from tests.runtime.model_case import Ask, Case, No
from tests.runtime.model_door import Door
from tests.runtime.model_rules import KEPT_FOR, PHONE_KEPT_FOR
from tests.runtime.model_step import Step
from tests.runtime.model_time import local, midnight


class Over(NamedTuple):
    """Something of a closed case that was kept for its time."""

    number: str
    fields: tuple[str, ...]
    since: int
    held: bool


class Forgetting(Door):
    def do_hold(self, case: Case, ask: Ask, at: int) -> None:
        on = ask.values["on"]
        codes = set() if ask.who.may("privacy") else {"role"}
        codes |= set() if ask.reason else {"reason"}
        if case.held == on:
            codes.add("state")
        if codes:
            raise No(*codes)
        Step(self, case, "held" if on else "released", "", ask.who, at)
        case.held = on

    def do_forget(self, case: Case, ask: Ask, at: int) -> None:
        codes = set() if ask.who.may("privacy") else {"role"}
        codes |= set() if ask.reason else {"reason"}
        codes |= set() if case.closed else {"state"}
        codes |= {"hold"} if case.held else set()
        if codes:
            raise No(*codes)
        Step(self, case, "forgotten", "", ask.who, at)
        names = ask.values.get("fields", ())
        case.personal = [(what, value) for what, value in case.personal if names and what not in names]
        case.phone, case.keyed = None, bool(case.personal)
        for place, it in enumerate(self.messages):
            if it.case == case.number and it.waits and it.sealed:  # what remains comes under another key
                self.messages[place] = it._replace(destroyed=True)

    def family(self, case: Case) -> list[Case]:
        """The case and those that it opened and that are below it still; what keeps its data comes first."""
        below = [self.cases[number] for number in case.children.values() if number]
        found = [case, *(each for each in below if each.made_by == case.number)]
        return sorted(found, key=lambda each: each.closed and not each.held)

    def over(self) -> list[Over]:
        """What the time of which is over now."""
        found = []
        for case in self.cases.values():
            days = KEPT_FOR.get(case.procedure)
            if case.closed_at is None or days is None or not case.keyed:
                continue
            whole, phone = (
                midnight(local(case.closed_at).date() + timedelta(days=1 + span)) for span in (days, PHONE_KEPT_FOR)
            )
            if whole <= self.now:
                found.append(Over(case.number, (), whole, case.held))
            elif phone <= self.now and any(what == "phone" for what, _ in case.personal):
                found.append(Over(case.number, ("phone",), phone, case.held))
        return found
