"""The customer at the door, for the model (model.py): a one-time code, and what is answered by it."""

from __future__ import annotations

from tests.runtime.model_case import Ask, Case, No, Who
from tests.runtime.model_joined import Joining
from tests.runtime.model_step import Step
from tests.runtime.model_time import HOUR

GOOD_FOR = 48 * HOUR


class Door(Joining):
    def do_code(self, case: Case, ask: Ask, at: int) -> None:
        codes = self.concerns(case, ask.who, "assign") | ({"merged"} if case.merged else set())
        if codes:
            raise No(*codes)
        step = Step(self, case, "coded", "", ask.who, at)
        self.write(case, step.seq, "code", "customer", "urgent")
        case.codes[len(self.coded)] = at + GOOD_FOR
        self.coded.append(case.number)

    def do_answer(self, case: Case, ask: Ask, at: int) -> None:
        code = ask.values["code"]
        if case.codes.get(code, 0) <= at:
            raise No("code")
        values = {name: value for name, value in ask.values.items() if name != "code"}
        self.do_act(case, Ask("act", ask.name, case.number, ask.who, values), at)
        del case.codes[code]


def at_the_door(case: Case) -> Who:
    """Whoever has a code of the case: its customer, whether it names one or not."""
    return Who(case.customer or "customer", "customer", case.number)
