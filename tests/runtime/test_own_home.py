"""A member of staff who lives here too: what is of his own home he has no hand in, whatever roles he has."""

from __future__ import annotations

import pytest
from guanjia.core import fold
from guanjia.errors import Refused
from guanjia.model.event import Actor
from guanjia.store import Query

from tests.offices import engine, small

PROCEDURE = """\
procedure: desk
conflicts: [customer]
fields: {summary: {type: text, required: true}, room: {type: room}}
initial: taken
states:
  taken:
    entry: [{assign: {role: agent, choose: owner}}]
    transitions: {finish: {to: over, by: [agent, manager]}, told: {by: customer}}
  over: {final: true}
reopen: {to: taken, by: agent, within: 9 days}
"""
PEOPLE = """\
sites: {main: {buildings: {"3": }}}
roles:
  agent: {parent: manager, rights: [customers, edit]}
  manager: {rights: [all]}
staff:
  agent.wang: {name: 王小明, roles: [agent], buildings: ["3"], customer: C-00001}
  agent.li: {name: 李强, roles: [agent]}
  manager.sun: {name: 孙悦, roles: [manager], customer: C-00009}
"""


@pytest.fixture
def desk(tmp_path, store):
    folder = small(tmp_path / "office", PROCEDURE, more={"organisation.yaml": PEOPLE})
    desk = engine(folder, store=store)
    home = [{"room": "3-1-502"}]
    desk.customers.add(actor="manager.sun", name="王小明", phones=["13800000001"], rooms=home)
    desk.customers.add(actor="manager.sun", name="王芳", phones=["13800000002"], rooms=home)
    return desk


@pytest.mark.parametrize("given", [{"customer": "C-00001"}, {"customer": "C-00002"}, {"room": " 3-1-502"}])
def test_nobody_handles_what_is_of_his_own_home(desk, given):
    """He is its customer, somebody of his household is, or it is about the room that he lives in."""
    case = desk.open("desk", actor="agent.li", summary="漏水", **given).case
    assert (case.kin, case.assignee) == (("agent.wang",), "agent.li")
    for attempt in (
        lambda: desk.act(case.id, "finish", actor="agent.wang"),
        lambda: desk.assign(case.id, "agent.wang", actor="manager.sun", reason="是他的楼"),
        lambda: desk.edit(case.id, actor="agent.wang", summary="没漏"),
        lambda: desk.case(case.id, actor="agent.wang"),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "conflict"
    assert [row.id for row in desk.list(Query(), actor="agent.wang")] == []
    desk.act(case.id, "finish", actor="agent.li")
    assert fold(desk.history(case.id)) == desk.case(case.id)


def test_what_somebody_of_his_household_is_the_customer_of_is_his_also_where_no_room_is_given(tmp_path, store):
    folder = small(tmp_path / "roomless", PROCEDURE.replace(", room: {type: room}", "").replace(", choose: owner", ""),
                   more={"organisation.yaml": PEOPLE})  # fmt: skip
    desk = engine(folder, store=store)
    for name, room in (("王小明", "3-1-502"), ("王芳", "3-1-502"), ("李", "3-1-503")):
        desk.customers.add(actor="manager.sun", name=name, rooms=[{"room": room}])
    assert desk.open("desk", actor="agent.li", summary="漏水", customer="C-00002").case.kin == ("agent.wang",)
    assert desk.open("desk", actor="agent.li", summary="漏水", customer="C-00003").case.kin == ()
    desk.customers.edit("C-00002", actor="manager.sun", rooms=[{"room": "3-1-502", "until": "2020-01-01"}])
    assert desk.open("desk", actor="agent.li", summary="漏水", customer="C-00002").case.kin == ()
    desk.customers.merge("C-00003", "C-00001", actor="manager.sun", reason="同一人")
    asked = Actor("C-00003", (), "customer")
    assert desk.open("desk", actor=asked, summary="漏水").case.kin == ("agent.wang",)


def test_nobody_makes_a_code_for_what_is_of_his_own_home_and_splits_nothing_off_it(desk):
    case = desk.open("desk", actor="agent.wang", summary="漏水", customer="C-00002").case
    with pytest.raises(Refused) as refused:
        desk.code(case.id, actor="agent.wang")
    assert refused.value.code == "conflict"
    with pytest.raises(Refused) as refused:
        desk.split(case.id, None, {"summary": "另一处"}, actor="agent.wang")
    assert refused.value.code == "conflict"
    desk.code(case.id, actor="manager.sun")


def test_as_its_customer_he_is_heard_like_anybody(desk):
    case = desk.open("desk", actor=Actor("C-00001", (), "customer"), summary="漏水").case
    assert case.kin == ("agent.wang",)
    desk.act(case.id, "told", actor=Actor("C-00001", (), "customer"))


def test_what_is_of_others_he_handles_and_an_id_of_nobody_bars_nobody(desk):
    desk.customers.edit("C-00001", actor="manager.sun", rooms=[{"room": "3-1-502", "until": "2020-01-01"}])
    case = desk.open("desk", actor="agent.li", summary="漏水", room="3-1-502").case
    assert (case.kin, case.assignee) == ((), "agent.wang")  # he has moved out
    assert desk.open("desk", actor="agent.li", summary="漏水", room="3-1-503").case.kin == ()
