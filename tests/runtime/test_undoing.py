"""Taking back what one did last: the case is as it was, the clocks run as if nothing had been, and the history keeps both."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from guanjia.clock import HOUR, MINUTE
from guanjia.core import fold, next_due
from guanjia.errors import GuanjiaError, Refused
from guanjia.model.event import Command
from guanjia.runtime.audit import audit

from tests.offices import clock_of, engine, small
from tests.runtime.procedures_at_random import TEMPLATES, made
from tests.scale import drawn, scale

PROCEDURE = """\
procedure: desk
number: D-{seq}
undo: 10m
fields: {summary: {type: text, required: true}, n: {type: integer}, phone: {type: phone, personal: true}}
sla:
  answer: {start: open, stop: accept, target: {within: 30m, calendar: always}, at: {due: [{notify: {late: supervisor}}]}}
  work: {start: accept, stop: done, target: {within: 2h, calendar: always}}
initial: new
signals: {rung: {do: [{set: {n: 7}}]}}
states:
  new:
    transitions:
      accept: {to: open_desk, by: agent, at_most: 1, do: [{assign: {person: actor}}, {notify: {told: customer}}]}
      refer:  {to: new, by: agent, undo: never}
      hurry:  {by: agent, undo: 1m}
      spawn:  {by: agent, do: [{open: {desk: {as: part, with: {summary: summary}}}}]}
      both:   {to: passing, by: agent}
      ring:   {by: agent, do: [{emit: {signal: rung, to: self}}]}
    after: {nag: {delay: 8m, calendar: always, do: [{notify: {late: opener}}]}}
  passing: {always: {to: open_desk}}
  open_desk:
    transitions:
      finish: {to: done, by: agent, do: [{notify: {late: supervisor}}]}
  done: {final: true}
reopen: {to: new, by: agent, undo: 5m}
"""


@pytest.fixture
def desk(tmp_path, store):
    return engine(small(tmp_path, PROCEDURE, templates=("told", "late")), store=store)


def opened(desk, **more):
    return desk.open("desk", actor="agent.wang", summary="x", customer="C-1", **more).case


def apart(case):
    return replace(case, seq=0, changed_at=0)


def refused(desk, number, who="agent.wang"):
    with pytest.raises(Refused) as refusal:
        desk.undo(number, actor=who)
    assert refusal.value.code == "undo", refusal.value
    return refusal.value.text.en


def test_what_is_taken_back_leaves_the_case_as_it_was(desk):
    case = opened(desk)
    clock_of(desk).advance(2 * MINUTE)
    desk.act(case.number, "accept", actor="agent.wang", n=5, phone="13800001234")
    clock_of(desk).advance(2 * MINUTE)
    result = desk.undo(case.number, actor="agent.wang", reason="点错了")
    assert apart(result.case) == apart(case)
    assert desk.store.columns(case.id).next_due == next_due(case)
    assert [event.type for event in desk.history(case.id)][-2:] == ["acted", "undone"]
    (row,) = desk.store.outbox(case=case.id)
    assert row.status == "recorded"
    desk.act(case.number, "accept", actor="agent.wang")  # at_most: 1 is not used up
    assert fold(desk.history(case.id)) == desk.case(case.id)
    assert not audit(desk)


def test_clocks_run_as_if_nothing_had_been_and_what_fell_due_meanwhile_falls_due_now(desk):
    case = opened(desk)
    clock_of(desk).advance(7 * MINUTE)
    desk.act(case.number, "accept", actor="agent.wang")
    clock_of(desk).advance(5 * MINUTE)
    desk.undo(case.number, actor="agent.wang")
    last = desk.history(case.id)[-1]
    assert (last.type, last.name, last.occurred_at) == ("elapsed", "new.nag", case.opened_at + 8 * MINUTE)
    assert desk.case(case.id).clocks["answer"].due == case.clocks["answer"].due


def test_whoever_was_told_already_is_told_that_it_holds_no_more(desk):
    case = opened(desk)
    desk.act(case.number, "accept", actor="agent.wang")
    desk.run_once()
    desk.undo(case.number, actor="agent.wang")
    rows = desk.store.outbox(case=case.id)[::-1]
    assert [(row.notification.template, row.status, row.notification.recipient) for row in rows] == [
        ("told", "sent", "customer"), ("undone", "waiting", "customer"),
    ]  # fmt: skip
    assert "“accept”" in rows[1].notification.body
    assert not audit(desk)


@pytest.mark.parametrize("what", ["edit", "assign", "both", "reopen", "hurry"])
def test_every_thing_that_one_does_by_hand_can_be_taken_back(desk, what):
    case = opened(desk)
    if what == "reopen":
        desk.act(case.number, "accept", actor="agent.wang")
        desk.act(case.number, "finish", actor="agent.wang")
    before = desk.case(case.id)
    if what == "edit":
        desk.edit(case.number, actor="agent.wang", n=3)
    elif what == "assign":
        desk.assign(case.number, "agent.li", actor="agent.wang")
    else:
        desk.act(case.number, what, actor="agent.wang")
    assert apart(desk.case(case.id)) != apart(before)
    assert apart(desk.undo(case.number, actor="agent.wang").case) == apart(before)
    assert not audit(desk)


def test_a_merged_case_that_is_taken_back_goes_on_by_itself(desk):
    one, other = opened(desk), opened(desk)
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复")
    assert apart(desk.undo(one.number, actor="agent.wang").case) == apart(one)
    assert not desk.case(other.id).absorbed
    desk.act(other.number, "accept", actor="agent.wang")
    assert not desk.store.outbox(case=one.id)
    assert not audit(desk)


def test_what_a_merging_had_withdrawn_is_sent_after_all_once_that_is_taken_back(desk):
    one, other = opened(desk), opened(desk)
    desk.act(one.number, "accept", actor="agent.wang")  # which tells the customer
    desk.run_once()
    desk.undo(one.number, actor="agent.wang")  # sent already: a correction, which waits
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复")
    assert [row.status for row in desk.store.outbox(case=one.id)] == ["recorded", "sent"]
    undone = desk.undo(one.number, actor="agent.wang").events[-1]
    (correction, _) = desk.store.outbox(case=one.id)
    assert undone.data["facts"][f"resume:{undone.data['undone']}"] == [correction.notification.key]
    assert correction.status == "waiting"
    desk.run_once()
    assert [row.status for row in desk.store.outbox(case=one.id)] == ["sent", "sent"]
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复")
    assert desk.undo(one.number, actor="agent.wang").events[-1].data["facts"][f"resume:{undone.seq + 1}"] == []
    assert not audit(desk)


def test_what_cannot_be_taken_back_is_refused_with_the_reason(desk):
    case = opened(desk)
    assert "Nothing has been done" in refused(desk, case.number)
    desk.act(case.number, "hurry", actor="agent.wang")
    assert "is not yours" in refused(desk, case.number, "agent.li")
    clock_of(desk).advance(MINUTE)
    assert "until 2026-03-02 09:01:00" in refused(desk, case.number)
    desk.act(case.number, "refer", actor="agent.wang")
    assert "gives no time" in refused(desk, case.number)
    desk.edit(case.number, actor="agent.wang", n=3)
    clock_of(desk).advance(8 * MINUTE)
    assert "Something has happened" in refused(desk, case.number)
    desk.act(case.number, "spawn", actor="agent.wang")
    desk.note(case.number, "开了一个", actor="agent.li")
    assert "opened other cases" in refused(desk, case.number)
    fresh = opened(desk)
    desk.act(fresh.number, "accept", actor="agent.wang")
    desk.undo(fresh.number, actor="agent.wang")
    assert "“accept” has been taken back already" in refused(desk, fresh.number)
    assert not audit(desk)


def test_what_was_done_under_the_same_commit_is_known_when_something_is_taken_back(desk):
    case = opened(desk)
    wang, li = desk.actor("agent.wang"), desk.actor("agent.li")
    accept = Command("act", "accept", case.id, {}, wang)
    _, back = desk.execute_many([accept, Command("undo", "", case.id, {}, wang)])
    assert apart(back.case) == apart(case)
    finish = Command("act", "finish", case.id, {}, li)
    *_, back = desk.execute_many([accept, finish, Command("undo", "", case.id, {}, wang)])
    assert isinstance(back, Refused)
    assert desk.case(case.id).finished
    assert not audit(desk)


def test_what_another_program_signals_at_the_same_instant_is_not_taken_back_with_what_somebody_did(desk):
    case = opened(desk)
    desk.act(case.number, "ring", actor="agent.wang")  # its own signal goes back with it
    assert apart(desk.undo(case.number, actor="agent.wang").case) == apart(case)
    desk.act(case.number, "hurry", actor="agent.wang")
    desk.signal(case.number, "rung")
    assert "Something has happened" in refused(desk, case.number)
    assert desk.case(case.id).fields["n"] == 7


def test_a_child_that_closed_told_its_parent_and_stays_closed(desk):
    case = opened(desk)
    desk.act(case.number, "spawn", actor="agent.wang")
    child = desk.case(case.id).children["part"]
    child = desk.case(desk.case(case.id).children["part"])
    desk.act(child.number, "accept", actor="agent.wang")
    desk.act(child.number, "finish", actor="agent.wang")
    assert "its parent has heard" in refused(desk, child.number)


@pytest.mark.parametrize("number", range(scale(12, 300, faults=40)))
def test_taking_back_any_action_of_any_procedure_gives_the_case_before_it(tmp_path, number):
    draw = drawn()
    for _ in range(number):
        draw.random()
    seed = draw.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    folder = small(tmp_path / "office", made(random.Random(seed)) + "undo: 30m\n", templates=TEMPLATES)
    people = (folder / "organisation.yaml").read_text().replace("rights: [backdate", "rights: [edit, backdate")
    people = people.replace("staff:", "teams: {front: {lead: supervisor.zhao}}\nstaff:").replace(
        "[agent]", "[agent], team: front"
    )
    (folder / "organisation.yaml").write_text(people)
    desk = engine(folder, seed=seed)
    try:
        case, taken = desk.open("desk", actor="agent.li", summary="x").case, 0
    except Refused as circle:  # one that goes round in a circle as it begins
        assert circle.code == "loop"
        return
    for _ in range(25):
        clock_of(desk).advance(draw.choice([0, MINUTE, HOUR]))
        desk.run_once()
        before = desk.case(case.id)
        options = [option for option in desk.available(case.id, "agent.li") if option.allowed]
        if not options:
            break
        option = draw.choice(options)
        try:
            desk.act(case.number, option.action, actor="agent.li", **dict.fromkeys(option.inputs, "why"))
        except GuanjiaError:
            continue
        clock_of(desk).advance(draw.choice([0, MINUTE]))
        try:
            back = desk.undo(case.number, actor="agent.li")
        except Refused as refusal:
            assert refusal.code in ("undo", "loop")  # time itself may go round in a circle
            continue
        taken += 1
        at = next(event.seq for event in desk.history(case.id)[::-1] if event.type == "undone")
        restored = fold(desk.history(case.id)[:at])
        assert apart(restored) == apart(before)
        assert next_due(restored) == next_due(before)
        assert fold(desk.history(case.id)) == back.case
    assert not audit(desk)
    print("taken back", taken)
