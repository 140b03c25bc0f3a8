"""The resident's door: who knows the number and the tail is answered, who guesses learns nothing; a code answers once."""

from __future__ import annotations

import re

import pytest
from guanjia.clock import HOUR, MINUTE
from guanjia.core import fold
from guanjia.errors import Refused
from guanjia.runtime import door
from guanjia.runtime.audit import audit

from tests.offices import MONDAY, clock_of, engine, small

PROCEDURE = """\
procedure: repair
number: R-{seq}
fields: {summary: {type: text, required: true}, phone: {type: phone, personal: true}, second: {type: phone}}
sla:
  answer: {start: open, stop: agree, target: {within: 30m, calendar: always}}
  inside: {kind: ola, start: open, stop: agree, target: {within: 5m, calendar: always}}
initial: handling
states:
  handling:
    initial: quoted
    states:
      quoted:
        transitions:
          agree:  {to: working, by: customer, input: {when: {type: text}}}
          refuse: {to: over, by: [customer, agent for customer]}
          drop:   {to: over, by: agent}
      working: {transitions: {rate: {to: over, by: customer}}}
  over: {final: true}
labels:
  zh: {repair: 报修, handling: 办理中, quoted: 待确认, over: 已办结, answer: 答复期限, agree: 同意}
  en: {repair: repair, handling: in hand, quoted: quoted, over: closed, answer: answer, agree: agree}
"""


@pytest.fixture
def desk(tmp_path, store):
    return engine(small(tmp_path, PROCEDURE, name="repair"), store=store)


def opened(desk, **more):
    return desk.open("repair", actor="agent.wang", summary="漏水", **{"phone": "138-0000-1234", **more}).case


def code(desk, number, tail):
    try:
        return desk.ask(number, tail)
    except Refused as refused:
        return refused.code, refused.text


def sent(desk, case):
    body = desk.store.outbox(case=case.id)[0].notification.body
    (code,) = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", body)
    return code


def test_who_knows_number_and_tail_hears_the_state_in_plain_words_and_the_next_promise(desk):
    case = opened(desk, second="0571-88881111")
    told = desk.ask("r-1", "1234")
    assert (told.number, told.procedure.zh, told.state.zh, told.opened_at) == ("R-1", "报修", "办理中", MONDAY)
    assert (told.promise.clock.zh, told.promise.due) == ("答复期限", MONDAY + 30 * MINUTE)
    assert desk.ask("R-1", "1111") == told
    desk.act(case.number, "drop", actor="agent.wang")
    assert (desk.ask("R-1", "1234").state.en, desk.ask("R-1", "1234").promise) == ("closed", None)


def test_a_wrong_tail_and_a_number_that_there_is_not_are_told_alike_and_bounded_alike(desk):
    opened(desk)
    for tail in ("0000", "", "234", "51234", "138-"):
        assert code(desk, "R-1", tail) == code(desk, "R-9", tail)
        assert code(desk, "R-2", tail)[0] in ("unknown", "often")
    assert code(desk, "R-1", "1234") == code(desk, "R-9", "1234")
    assert code(desk, "R-1", "1234")[0] == "often"
    clock_of(desk).advance(HOUR)
    assert desk.ask("R-1", "1234").number == "R-1"


def test_right_answers_are_not_counted_and_wrong_ones_are_remembered_by_the_database(desk):
    opened(desk)
    for _ in range(3 * door.MOST_WRONG):
        desk.ask("R-1", "1234")
    for _ in range(door.MOST_WRONG):
        assert code(desk, "R-1", "0000")[0] == "unknown"
    assert code(desk, "R-1", "1234")[0] == "often"


def test_a_case_without_a_telephone_is_found_by_nobody(desk):
    opened(desk, phone=None)
    assert code(desk, "R-1", "")[0] == code(desk, "R-1", "None")[0] == "unknown"


def test_the_customer_answers_by_a_code_once_and_nobody_keeps_it(desk):
    case = opened(desk)
    desk.code(case.number, actor="agent.wang")
    shown = sent(desk, case)
    held = desk.case(case.id)
    assert shown not in str([row.text for row in desk.store.events(case.id)]) + str(held.to_plain())
    assert shown not in str(list(desk.store.dump("commands", "personal")))
    standing, options = desk.offered(shown.lower())
    assert (standing.number, [option.action for option in options]) == ("R-1", ["agree", "refuse"])
    result = desk.answer(shown, "agree", {"when": "下午"})
    assert (result.case.states, result.events[0].actor) == (("working",), "customer")
    assert not result.case.codes
    for attempt in (lambda: desk.answer(shown, "rate"), lambda: desk.offered(shown)):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "code"
    assert fold(desk.history(case.id)) == desk.case(case.id)
    assert not audit(desk)


def test_a_code_is_good_for_what_its_customer_may_do_in_that_case_and_no_longer_than_it_says(desk):
    case, other = opened(desk), opened(desk)
    desk.code(case.number, actor="agent.wang", good_for=HOUR)
    shown = sent(desk, case)
    with pytest.raises(Refused) as refused:
        desk.answer(shown, "drop")
    assert refused.value.code == "role"
    assert desk.case(case.id).codes
    clock_of(desk).advance(HOUR)
    with pytest.raises(Refused) as refused:
        desk.answer(shown, "agree")
    assert refused.value.code == "code"
    for wrong in ("AAAA-BBBB-CCCC", "", "x"):
        with pytest.raises(Refused) as refused:
            desk.answer(wrong, "agree")
        assert refused.value.code == "code"
    assert desk.case(other.id).states == ("quoted",)
    with pytest.raises(Refused) as refused:
        desk.code(case.number, actor="manager.sun")
    assert refused.value.code == "role"


def test_a_code_that_was_used_says_nothing_of_the_case(desk):
    case = opened(desk, customer="C-1")
    desk.code(case.number, actor="agent.wang")
    used = sent(desk, case)
    desk.answer(used, "agree")
    for action in ("agree", "drop", "rate", "nothing_of_the_kind"):
        with pytest.raises(Refused) as refused:
            desk.answer(used, action)
        assert refused.value.code == "code", action


def test_a_code_whose_message_failed_is_not_sent_without_it(desk):
    case = opened(desk)
    desk.code(case.number, actor="agent.wang")
    (row,) = desk.store.outbox(case=case.id)
    claimed = desk.store.claim(MONDAY + HOUR, "w", MONDAY + 2 * HOUR)
    desk.store.failed(claimed[0].notification.key, "w", "no", None)
    with pytest.raises(Refused, match="kept nowhere"):
        desk.resend(row.notification)


def test_a_person_of_the_register_is_known_by_his_telephone_there(tmp_path):
    from guanjia.runtime.engine import Engine

    folder = small(tmp_path, PROCEDURE, name="repair")
    path = folder / "organisation.yaml"
    path.write_text(path.read_text().replace("rights: [backdate, clocks]", "rights: [backdate, clocks, customers]"))
    with Engine.at(folder) as desk:
        person = desk.customers.add(actor="supervisor.zhao", name="张伟", phones=["13900005678"])
        number = desk.open("repair", actor="agent.wang", summary="x", customer=person.id).case.number
        assert desk.ask(number, "5678").number == number
