"""More deeds that a process may die in (deeds.py): what is done to the register, to the rules of the office, and to many households."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from guanjia.clock import DAY, HOUR
from guanjia.errors import Conflict, NotFound, Refused
from guanjia.model.event import SYSTEM
from guanjia.runtime import holding, moving, moving_back, publications, shift, suspending
from guanjia.runtime.engine import Engine
from guanjia.store import Query

from tests.offices import MONDAY
from tests.runtime.deeds import DEEDS, JOB, KEY, NONE, WANG, Deed, closed, couple, newer, opened, told

RULE = "publishing: {by: [supervisor, manager], approval: true}\n"
MANY = {"actor": "supervisor.zhao", "reason": "x"}


def settled(type: str, name: str = "") -> Callable[[Engine, str, str], int]:
    """How often it stands in the office's own stream."""
    return lambda desk, ref, key: sum((event.type, event.name) == (type, name or event.name) for event in desk.log())


def at_least_once(counted: Callable[[Engine, str, str], int]) -> Callable[[Engine, str, str], int]:
    """Of what has no key a second time may follow on a death."""
    return lambda desk, ref, key: int(counted(desk, ref, key) in (1, 2))


def building(desk: Engine) -> str:
    """A case, and two households that it concerns."""
    for id, room in (("C-1", "1-1-101"), ("C-2", "1-1-102")):
        desk.customers.add(id, actor=SYSTEM, name=id, phones=["13800001234"], rooms=[{"room": room}])
    return told(desk)


def warned(desk: Engine, ref: str, key: str) -> int:
    """Each household was told once, by a case of its own."""
    rows = desk.list(Query(parent=ref))
    heard = [sum(event.type == "told" for event in desk.history(row.id)) for row in rows]
    return int(sorted(row.columns.customer or "" for row in rows) == ["C-1", "C-2"] and heard == [1, 1])


def customer_of_a_case(desk: Engine) -> str:
    couple(desk)
    ref = desk.open("job", **WANG, summary="x", customer="C-1").case.id
    desk.act(ref, "withdraw", **WANG)
    desk.run_once()
    return ref


def both_gone(desk: Engine, ref: str, key: str) -> int:
    case = sum(event.type == "forgotten" for event in desk.history(ref))
    person = sum(event.type == "forgotten" for event in desk.customers.history("C-1"))
    return int(case in (1, 2) and person in (1, 2))


def agreed_to_care(desk: Engine) -> str:
    desk.customers.consent(couple(desk) and "C-1", "care", "2026", actor=SYSTEM)
    return NONE


def of_person(type: str) -> Callable[[Engine, str, str], int]:
    return lambda desk, ref, key: sum(event.type == type for event in desk.customers.history("C-1"))


def guarded(desk: Engine) -> str:
    """An office in which two publish, where a rule was edited."""
    office = desk.files.folder / "office.yaml"
    if "publishing" not in office.read_text():
        office.write_text(office.read_text() + RULE)
    desk.refresh()
    (desk.files.folder / "procedures/job.yaml").write_text(JOB + f"labels: {{zh: {{new: {KEY}}}}}\n")
    desk.refresh()
    return NONE


def proposed(desk: Engine) -> str:
    propose(desk, guarded(desk), KEY)
    return NONE


def propose(desk: Engine, ref: str, key: str) -> None:
    if not publications.waiting(desk):  # it may have been proposed before the death
        edits = publications.edits(desk, {"job": desk.files.version("job")}, ())
        publications.publish(desk, edits, desk.actor("supervisor.zhao"), "x")


def approve(desk: Engine, ref: str, key: str) -> None:
    with suppress(NotFound, Conflict, Refused):
        publications.approve(desk, "P1", desk.actor("manager.sun"))


def decline(desk: Engine, ref: str, key: str) -> None:
    with suppress(NotFound, Conflict, Refused):
        publications.decline(desk, "P1", desk.actor("manager.sun"), "x")


def stands_still(desk: Engine, ref: str, key: str) -> None:
    if suspending.recorded(desk):
        return
    who, how = desk.actor("supervisor.zhao"), {"policy": "start", "notify": False}
    item = suspending.decide(desk, MONDAY + HOUR, MONDAY + DAY, reason="x")
    plan = moving.plan(desk, (), [item])
    moving.carry_out(desk, plan, who, "x", how, moving.Tally(), happened=[suspending.suspended(item)])


def moved_to_the_new_rule(desk: Engine) -> str:
    ref = newer(desk)
    DEEDS["migrate a procedure"].do(desk, ref, KEY)
    return ref


def moves_back(desk: Engine, ref: str, key: str) -> None:
    last = moving_back.last(desk, "job")
    cases = moving_back.moved(desk, last)
    if cases:
        moving_back.carry_out(desk, last, cases, desk.actor("supervisor.zhao"), "x", moving_back.Back())


def held_back(desk: Engine, ref: str, key: str) -> None:
    holding.hold(desk.store, desk.clock.now(), "x")
    holding.release(desk.store, only_new=False)


def another_person(desk: Engine, ref: str, key: str) -> None:
    file = desk.files.folder / "organisation.yaml"
    if key not in file.read_text():
        file.write_text(file.read_text() + f"  {key}: {{name: 新人, roles: [agent]}}\n")
    desk.refresh()


def there(desk: Engine, ref: str, key: str) -> int:
    return int(key in desk.organisation.staff)


def _customers(do: Callable[[Any], Any]) -> Callable[[Engine, str, str], Any]:
    return lambda desk, ref, key: do(desk.customers)


def goes_on(desk: Engine, ref: str, key: str) -> None:
    now, who = desk.clock.now(), desk.actor("supervisor.zhao")
    if any(event.type == "resumed" for event in desk.log()):
        return
    plan = moving.plan(desk, (), suspending.ended(desk, "S1", now))
    how = {"policy": "start", "notify": False}
    happened = [suspending.resumed(desk, "S1", now, "x")]
    moving.carry_out(desk, plan, who, "x", how, moving.Tally(), happened=happened)


def stood_still(desk: Engine) -> str:
    ref = told(desk)
    stands_still(desk, ref, KEY)
    return ref


def restricted(desk: Engine) -> str:
    desk.customers.restrict(couple(desk) and "C-1", actor=SYSTEM, reason="x")
    return NONE


def another_table(desk: Engine, ref: str, key: str) -> None:
    file = desk.files.folder / "registries/pumps.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("registry: pumps\nkey: code\ncolumns: {code: {type: text}}\nrows: [{code: P1}]\n")
    desk.refresh()


def explains(desk: Engine, ref: str, key: str) -> None:
    publications.explain(desk, ["job"], desk.actor("supervisor.zhao"), "x")


def is_refused(desk: Engine, ref: str, key: str) -> None:
    with suppress(Refused):
        desk.act(ref, "accept", actor="manager.sun", key=key)
    with suppress(Refused):
        desk.customers.edit("C-1", actor="agent.wang", name="x")


def refusals(desk: Engine, ref: str, key: str) -> int:
    found = [*desk.history(ref), *desk.customers.history("C-1")]
    return int(sum(event.type == "refused" for event in found) >= 2)


OFFICE_DEEDS = {
    "reopen": Deed(
        closed, lambda desk, ref, key: desk.act(ref, "reopen", actor="supervisor.zhao", key=key),
        lambda desk, ref, key: sum(event.type == "reopened" for event in desk.history(ref)),
    ),
    "be refused": Deed(lambda desk: (couple(desk), told(desk))[1], is_refused, refusals),
    "lift a restriction": Deed(
        restricted, _customers(lambda it: it.restrict("C-1", actor=SYSTEM, reason="x", lift=True)), of_person("lifted")
    ),
    "let clocks go on": Deed(stood_still, goes_on, settled("resumed", "S1")),
    "amend a registry": Deed(lambda desk: NONE, another_table, settled("amended", "pumps")),
    "say why a rule came into force": Deed(newer, explains, settled("explained", "job")),
    "tell the households of a building": Deed(
        building, lambda desk, ref, key: desk.act(ref, "warn", **WANG, key=key), warned
    ),
    "forget a person": Deed(
        customer_of_a_case, lambda desk, ref, key: desk.forget_person("C-1", **MANY), both_gone
    ),
    "edit a customer": Deed(
        couple, _customers(lambda it: it.edit("C-1", actor=SYSTEM, mails=["c@example.com"])), of_person("changed")
    ),
    "verify a customer": Deed(couple, _customers(lambda it: it.verify("C-1", actor=SYSTEM)), at_least_once(of_person("verified"))),
    "restrict a customer": Deed(
        couple, _customers(lambda it: it.restrict("C-1", actor=SYSTEM, reason="x")), of_person("restricted")
    ),
    "withdraw a consent": Deed(
        agreed_to_care, _customers(lambda it: it.withdraw("C-1", "care", actor=SYSTEM)), of_person("withdrew")
    ),
    "look at a customer": Deed(
        couple, _customers(lambda it: it.reveal("C-1", actor=SYSTEM, reason="x")), at_least_once(of_person("revealed"))
    ),
    "propose": Deed(guarded, propose, settled("proposed", "P1")),
    "approve": Deed(proposed, approve, lambda desk, ref, key: int(desk.opening("job").procedure.label("new", "zh") == KEY)),
    "decline": Deed(proposed, decline, settled("declined", "P1")),
    "suspend clocks": Deed(told, stands_still, settled("suspended", "S1")),
    "take back a move": Deed(
        moved_to_the_new_rule, moves_back,
        lambda desk, ref, key: sum(event.type == "undone" for event in desk.history(ref)),
    ),
    "leave words": Deed(
        lambda desk: NONE, lambda desk, ref, key: shift.leave(desk, desk.actor("agent.wang"), "x"), at_least_once(settled("left_word"))
    ),
    "hold the outbox and let it go": Deed(opened, held_back, lambda desk, ref, key: int(holding.held(desk.store) is None)),
    "take up another person": Deed(lambda desk: NONE, another_person, there),
}  # fmt: skip
