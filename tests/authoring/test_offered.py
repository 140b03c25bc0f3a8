"""What `show` offers can be done as it is offered: in every state that the stories of the shipped procedures come to, by whoever is
there, with nothing but what it says is needed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from guanjia.authoring import stories
from guanjia.clock import DAY, iso
from guanjia.core import Option
from guanjia.errors import GuanjiaError
from guanjia.model.event import Actor, Command
from guanjia.model.procedure import Field
from guanjia.people.seeing import unseen
from guanjia.runtime.engine import Engine

from tests.authoring.walked import Walked
from tests.offices import engine, shipped, small
from tests.scale import drawn, scale

MOST_TRIES = 24
"""Ways to fill in what is needed, before it counts as refused."""


def fillings(field: Field | None, desk: Engine, known: Iterable[Any]) -> list[Any]:
    """Values that somebody might type for a field, who sees what the case knows: as many as are at risk, say."""
    kind = field.type if field is not None else "text"
    if field is not None and kind == "choice":
        return list(field.of)
    days = [iso(desk.clock.now() + days * DAY, desk.zone)[:16] for days in (1, 5, 90)]
    many = max([50, *(value for value in known if type(value) is int)])
    return {
        "integer": [field.max if field is not None and field.max is not None else many, 0], "decimal": ["1"], "money": ["10", "0"],
        "boolean": ["yes", "no"], "instant": days, "date": [day[:10] for day in days], "duration": ["2h"], "phone": ["13800001234"],
        "email": ["a@example.com"], "staff": ["engineer.li", "agent.wang"], "room": ["3-1-502"], "list": [list(field.of[:1]) if field else ["x"]],
    }.get(kind, ["x"])  # fmt: skip


def refused(desk: Engine, case: str, option: Option, actor: Actor) -> GuanjiaError | None:
    """What is said to somebody who types what is offered, if every way to fill it in is refused."""
    now = desk.case(case)
    fields, known = desk.program(now).procedure.fields, now.fields.values()
    ways = itertools.product(
        *(fillings(option.inputs.get(name) or fields.get(name), desk, known) for name in option.requires)
    )
    error = None
    for way in itertools.islice(ways, MOST_TRIES):
        values = dict(zip(option.requires, way, strict=True))
        (outcome,) = desk.preview([Command("act", option.action, case, values, actor)])
        if not isinstance(outcome, GuanjiaError):
            return None
        error = outcome
    return error


class Offers:
    """Tries whatever is offered at each step of a story, each kind of offer once."""

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.tried, self.wrong = draw, set[Any](), list[Any]()

    def look(self, desk: Engine, identity: str, customer: str) -> None:
        case = desk.case(identity)
        program = desk.program(case)
        choices = tuple(
            case.fields.get(name) for name, field in program.procedure.fields.items() if field.type == "choice"
        )
        staff = [desk.organisation.actor(id) for id in desk.organisation.staff]
        for actor in self.draw.sample([*staff, Actor(customer, (), "customer")], scale(2, 20)):
            here = (case.procedure, case.states, choices, actor.roles, actor.id == case.assignee)
            if here in self.tried:
                continue
            self.tried.add(here)
            if unseen(desk.organisation, program, case, actor) is not None:
                continue  # nothing is offered to whoever does not see the case
            for option in self.untried(desk.available(case.id, actor), here):
                error = refused(desk, case.id, option, actor)
                if error is not None:
                    self.wrong.append((case.states, option.action, option.requires, actor.id, error.text.en))

    def untried(self, options: tuple[Option, ...], here: tuple[Any, ...]) -> Iterator[Option]:
        for option in options:
            kind = (*here[:3], option.action, option.requires)
            if option.allowed and kind not in self.tried:
                self.tried.add(kind)
                yield option


@pytest.mark.parametrize("procedure", ["complaint", "repair", "emergency"])
def test_whatever_is_offered_can_be_done_with_nothing_but_what_it_says_is_needed(tmp_path, monkeypatch, procedure):
    offers, tell = Offers(drawn()), stories.Telling.tell

    def looking(telling: Any, item: Any) -> None:
        offers.look(telling.engine, telling.case_id, telling.customer)
        tell(telling, item)

    monkeypatch.setattr(stories.Telling, "tell", looking)
    walked = Walked(shipped(tmp_path / "office"), procedure)
    told = range(len(walked.told.stories))
    results = [walked.tell(number) for number in offers.draw.sample(told, min(len(told), scale(3, 1000, faults=12)))]
    assert all(result.passed for result in results)
    assert len(offers.tried) > 10
    assert offers.wrong == []


JOB = """
procedure: desk
fields:
  kind:    {type: choice, of: [lift, other], default: other}
  payer:   {type: choice, of: [free, firm], default: free}
  cause:   {type: text}
  company: {type: text}
  big:     {type: boolean, default: false}
  at_risk: {type: integer}
initial: new
states:
  new:
    transitions:
      safe:
        to: over
        input: {counted: {type: integer, required: true}, opened_by: {type: choice, of: [firm, brigade]}, note: {type: text}}
        guard:
          - at_risk is none or input.counted >= at_risk
          - kind != 'lift' or input.opened_by is not none
      plan: {input: {until: {type: instant, required: true}}, guard: big and input.until > now}
      diagnose:
        - {to: over, require: [cause, payer, company], guard: payer == 'firm'}
        - {to: over, require: [cause, payer], guard: payer != 'firm'}
      offer:
        - {to: over, input: {price: {type: integer}}, guard: input.price > 500}
        - {to: over, input: {price: {type: integer}}}
  over: {final: true}
"""


def offered(desk: Engine, **values: Any) -> dict[str, Option]:
    case = desk.open("desk", actor="agent.wang", **values).case
    return {option.action: option for option in desk.available(case.id, "agent.wang")}


def test_an_input_without_which_a_guard_cannot_hold_is_needed_and_one_of_another_branch_may_be_given(tmp_path):
    desk = engine(small(tmp_path, JOB))
    safe = offered(desk)["safe"]
    assert (safe.requires, safe.optional) == (("counted",), ("opened_by", "note"))
    safe = offered(desk, kind="lift", at_risk=3)["safe"]
    assert (safe.requires, safe.optional) == (("counted", "opened_by"), ("note",))
    diagnose = offered(desk)["diagnose"]
    assert (diagnose.requires, diagnose.optional) == (("cause",), ("payer", "company"))
    assert offered(desk, payer="firm")["diagnose"].requires == ("cause", "company")
    assert (offered(desk)["offer"].requires, offered(desk)["offer"].optional) == ((), ("price",))


def test_what_no_value_could_make_possible_is_not_offered_and_says_why(tmp_path):
    desk = engine(small(tmp_path, JOB))
    plan = offered(desk)["plan"]
    assert not plan.allowed
    assert plan.why[0].en == "The guard does not hold: big [big = no]"
    assert offered(desk, big=True)["plan"].allowed
