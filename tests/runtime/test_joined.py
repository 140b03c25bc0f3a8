"""Cases that turn out to be one, have to do with each other, or are parts of something larger."""

from __future__ import annotations

from itertools import pairwise

import pytest
from guanjia.clock import HOUR, MINUTE
from guanjia.core import fold
from guanjia.errors import Conflict, Refused
from guanjia.model.event import Actor, Command
from guanjia.runtime.audit import audit
from guanjia.store import Query

from tests.offices import clock_of, engine, small

PROCEDURE = """\
procedure: leak
number: L-{seq}
fields:
  summary: {type: text, required: true}
  room: {type: room}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
sla:
  answer: {start: open, stop: done, target: {within: 30m, calendar: always}, at: {due: [{escalate: {ladder: up}}]}}
ladders:
  up: {calendar: always, levels: [{to: supervisor}]}
initial: new
on_merge: [{notify: {joined: customer}}]
states:
  new:
    entry: [{assign: {role: agent, choose: first}}, {notify: {received: customer}}]
    transitions:
      inform: {by: agent, input: {news: {type: text, required: true}}, do: [{notify: {progress: {to: customer, with: {news: input.news}}}}]}
      inform_all: {by: agent, do: [{notify: {progress: {to: customers, with: {news: "'all'"}}}}]}
      restore: {to: done, by: agent, do: [{notify: {progress: {to: customers, with: {news: "'back'"}}}}, {emit: {signal: restored, to: children}}]}
      finish: {to: done, by: agent, do: [{notify: {ended: customer}}]}
    signals:
      restored: {to: done}
    after:
      look: {delay: 2h, calendar: always, do: [{notify: {ended: assignee}}]}
  done: {final: true}
reopen: {to: new, by: agent, within: 3 days}
modes:
  drill: {prefix: {zh: 【演练】, en: "[DRILL] "}}
"""
TEMPLATES = ("received", "joined", "progress", "ended")
TEXTS = {
    f"templates/{language}/progress.text.j2": "{{ number }} {{ news }}\n{{ name | default('nobody') }} {{ room }} {{ phone | default('-') }}\n"
    for language in ("zh", "en")
}
TEXTS |= {f"templates/{language}/joined.text.j2": "{{ number }} in {{ merged }}\nx\n" for language in ("zh", "en")}
PEOPLE = "agent: {label: {zh: 客服, en: agent}}"


@pytest.fixture
def folder(tmp_path):
    made = small(tmp_path / "office", PROCEDURE, name="leak", templates=TEMPLATES, more=TEXTS)
    path = made / "organisation.yaml"
    path.write_text(path.read_text().replace("rights: [backdate, clocks]", "rights: [backdate, clocks, assign]"))
    return made


@pytest.fixture
def desk(folder, store):
    return engine(folder, store=store)


def reported(desk, summary="漏水", **more):
    return desk.open("leak", actor="agent.wang", summary=summary, **more).case


def bodies(desk, case, template):
    rows = desk.store.outbox(case=case.id, limit=500)
    return [row.notification.body.strip().replace("\n", "|") for row in rows if row.notification.template == template][
        ::-1
    ]


def sound(desk):
    assert audit(desk) == []
    for row in desk.list(Query(open=None, mode=None, limit=500)):
        assert fold(desk.history(row.id)) == desk.case(row.id)
    assert not desk.store.dropped_inbox()


def test_a_case_that_goes_on_in_another_ends_and_its_customer_hears_of_the_other(desk):
    one = reported(desk, customer="C-1", name="张伟", phone="13800001111", room="3-1-502")
    other = reported(desk, customer="C-2", name="李雷", phone="13900002222", room="3-1-501")
    desk.merge(one.number, other.number, actor="agent.wang", reason="同一处漏水")
    ended, master = desk.case(one.id), desk.case(other.id)
    assert (ended.finished, ended.outcome, dict(ended.merged)) == (True, "merged", {other.id: other.number})
    assert dict(master.absorbed) == {one.id: one.number}
    assert {clock.status for clock in ended.clocks.values()} == {"cancelled"}
    assert not ended.delays
    assert [row.status for row in desk.store.outbox(case=one.id)] == ["waiting", "recorded"]
    assert bodies(desk, one, "joined") == [f"{one.number} in {other.number}|x"]

    desk.act(other.number, "inform", actor="agent.wang", news="正在修")
    assert bodies(desk, other, "progress") == [f"{other.number} 正在修|李雷 3-1-501 13900002222"]
    assert bodies(desk, one, "progress") == [f"{one.number} 正在修|张伟 3-1-501 13800001111"]
    desk.act(other.number, "finish", actor="agent.wang")
    assert len(bodies(desk, one, "ended")) == len(bodies(desk, other, "ended")) == 1
    sound(desk)


def test_nothing_wakes_a_case_that_goes_on_in_another(desk):
    one, other = reported(desk), reported(desk)
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复")
    seq = desk.case(one.id).seq
    for attempt in (
        lambda: desk.act(one.number, "reopen", actor="agent.wang"),
        lambda: desk.act(one.number, "finish", actor="agent.wang"),
        lambda: desk.signal(one.number, "restored"),
        lambda: desk.assign(one.number, "agent.li", actor="agent.wang", reason="x"),
        lambda: desk.adjust(one.number, "answer", "reset", actor="supervisor.zhao", reason="x"),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "merged"
        assert other.number in refused.value.text.zh
    clock_of(desk).advance(10 * HOUR)
    desk.run_once()
    assert desk.case(one.id).seq == seq
    assert desk.available(one.id, "agent.wang") == ()
    assert desk.store.columns(one.id).next_due is None
    sound(desk)


def test_what_is_no_good_to_merge_is_refused_with_the_reason(desk):
    one, other = reported(desk), reported(desk)
    drill = desk.open("leak", actor="agent.wang", summary="x", mode="drill").case
    closed = reported(desk)
    desk.act(closed.number, "finish", actor="agent.wang")

    def code(ref, into, who="agent.wang", reason="重复"):
        with pytest.raises(Refused) as refused:
            desk.merge(ref, into, actor=who, reason=reason)
        return refused.value.code

    assert code(one.number, one.number) == "link"
    assert code(one.number, drill.number) == "link"
    assert code(one.number, closed.number) == "link"
    assert code(closed.number, one.number) == "state"
    assert code(one.number, other.number, reason="") == "reason"
    assert code(one.number, other.number, "manager.sun") == "role"
    assert code(one.number, other.number, Actor("C-1", (), "customer")) == "sight"
    assert not desk.case(one.id).finished
    desk.merge(one.number, other.number, actor="supervisor.zhao", reason="重复")
    assert code(one.number, other.number) == "merged"
    third = reported(desk)
    with pytest.raises(Refused) as refused:
        desk.merge(third.number, one.number, actor="agent.wang", reason="重复")
    assert refused.value.hint.en == f"Merge into {other.number}"
    sound(desk)


def test_customers_of_a_chain_of_merged_cases_hear_of_the_last(desk):
    cases = [reported(desk, customer=f"C-{number}") for number in range(3)]
    desk.merge(cases[0].number, cases[1].number, actor="agent.wang", reason="重复")
    desk.merge(cases[1].number, cases[2].number, actor="agent.wang", reason="重复")
    desk.act(cases[2].number, "finish", actor="agent.wang")
    assert [len(bodies(desk, case, "ended")) for case in cases] == [1, 1, 1]
    sound(desk)


def test_customers_of_a_chain_that_is_merged_under_one_commit_hear_of_the_last_too(desk):
    cases = [reported(desk, customer=f"C-{number}") for number in range(3)]
    who = desk.actor("agent.wang")
    desk.execute_many([Command("merge", other.id, case.id, {}, who, reason="重复") for case, other in pairwise(cases)])
    desk.act(cases[2].number, "finish", actor="agent.wang")
    assert [len(bodies(desk, case, "ended")) for case in cases] == [1, 1, 1]
    sound(desk)


def test_a_merged_case_and_its_master_have_one_time_line(desk):
    one = reported(desk)
    clock_of(desk).advance(MINUTE)
    other = reported(desk)
    clock_of(desk).advance(MINUTE)
    desk.note(one.number, "先到现场看过", actor="agent.li")
    clock_of(desk).advance(MINUTE)
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复")
    told = [(case.number, event.type) for case, event in desk.timeline(other.number)]
    assert told[:4] == [
        (one.number, "opened"),
        (other.number, "opened"),
        (one.number, "noted"),
        (other.number, "linked"),
    ] or told[:5] == [
        (one.number, "opened"),
        (other.number, "opened"),
        (one.number, "noted"),
        (other.number, "linked"),
        (one.number, "merged"),
    ]


def test_linked_cases_know_of_each_other_until_they_are_parted(desk):
    one, other = reported(desk), reported(desk)
    desk.link(one.number, other.number, actor="agent.wang", relation="same_pipe")
    assert dict(desk.case(one.id).links) == {other.id: "same_pipe"}
    assert dict(desk.case(other.id).links) == {one.id: "same_pipe"}
    desk.act(one.number, "finish", actor="agent.wang")
    assert not desk.case(other.id).finished
    desk.link(other.number, one.number, actor="agent.wang", way="apart")
    assert not desk.case(one.id).links
    assert not desk.case(other.id).links
    with pytest.raises(Refused, match="not linked"):
        desk.link(other.number, one.number, actor="agent.wang", way="apart")
    sound(desk)


def test_a_case_is_put_below_one_other_and_never_below_itself(desk):
    mass, one, deeper = reported(desk, "全楼停水"), reported(desk), reported(desk)
    desk.link(one.number, mass.number, actor="agent.wang", way="child")
    desk.link(deeper.number, one.number, actor="agent.wang", way="child")
    assert desk.store.columns(one.id).parent == mass.id
    assert [row.id for row in desk.list(Query(parent=mass.id))] == [one.id]
    assert dict(desk.case(mass.id).children) == {one.number: one.id}
    for ref, other in ((mass, deeper), (one, deeper), (mass, mass)):
        with pytest.raises(Refused):
            desk.link(ref.number, other.number, actor="agent.wang", way="child")
    desk.link(one.number, mass.number, actor="agent.wang", way="apart")
    assert desk.case(one.id).parent is None
    assert not desk.case(mass.id).children
    sound(desk)


def test_forty_households_are_told_once_each_and_closed_with_the_mass_case(desk):
    mass = reported(desk, "3 号楼停水")
    homes = [reported(desk, customer=f"C-{number}", name=f"住户{number}", room=f"3-1-{number}") for number in range(40)]
    twice = reported(desk, customer="C-7", name="住户7")
    settled = reported(desk, customer="C-99")
    desk.act(settled.number, "finish", actor="agent.wang")
    for case in (*homes, twice):
        desk.link(case.number, mass.number, actor="agent.wang", way="child")
    desk.act(mass.number, "inform_all", actor="agent.wang")
    assert [len(bodies(desk, case, "progress")) for case in homes] == [1] * 40
    assert bodies(desk, homes[3], "progress") == [f"{homes[3].number} all|住户3 3-1-3 -"]
    assert not bodies(desk, twice, "progress")
    assert not bodies(desk, settled, "progress")
    assert not bodies(desk, mass, "progress")  # is nobody's own
    desk.act(homes[0].number, "finish", actor="agent.wang")
    desk.act(mass.number, "restore", actor="agent.wang")
    assert [len(bodies(desk, case, "progress")) for case in homes] == [1, *[2] * 39]
    assert all(desk.case(case.id).finished for case in homes)
    sound(desk)


def test_who_has_a_household_and_a_case_that_goes_on_in_it_is_told_of_the_mass_event_once(desk):
    mass, home, double, neighbour = (reported(desk, customer=f"C-{name}") for name in ("0", "1", "1", "2"))
    desk.link(home.number, mass.number, actor="agent.wang", way="child")
    for case in (double, neighbour):
        desk.merge(case.number, home.number, actor="agent.wang", reason="重复")
    desk.act(mass.number, "inform_all", actor="agent.wang")
    assert [len(bodies(desk, case, "progress")) for case in (mass, home, double, neighbour)] == [1, 1, 0, 1]
    sound(desk)


def test_a_part_of_the_matter_becomes_a_case_of_its_own(desk):
    one = reported(desk, customer="C-1", name="张伟", phone="13800001111", room="3-1-502")
    new = desk.split(one.number, None, {"summary": "另外还吵"}, actor="agent.wang", reason="两件事").case
    assert (new.customer, dict(new.links)) == ("C-1", {one.id: "split"})
    assert new.fields["room"] == "3-1-502"
    assert sorted(desk.personal(new.id).values()) == ["13800001111", "张伟"]
    assert dict(desk.case(one.id).links) == {new.id: "split"}
    chosen = desk.split(one.number, actor="agent.wang", take=["summary"]).case
    assert dict(chosen.fields) == {"summary": "漏水"}
    with pytest.raises(Refused, match="no field"):
        desk.split(one.number, actor="agent.wang", take=["weight"])
    with pytest.raises(Refused) as refused:
        desk.split(one.number, None, {"summary": "x"}, actor="manager.sun")
    assert refused.value.code == "role"
    sound(desk)


def test_nobody_splits_off_a_part_of_a_case_that_he_does_not_see(desk, folder):
    path = folder / "organisation.yaml"
    text = path.read_text().replace(
        "manager: {label: {zh: 经理, en: manager}", "manager: {label: {zh: 经理, en: manager}, rights: [assign]"
    )
    text = (
        text.replace("roles: [manager]", "roles: [manager], sites: [far]")
        + "sites: {main: {label: {zh: 近, en: near}}, far: {label: {zh: 远, en: far}}}\n"
    )
    path.write_text(text)
    desk.refresh()
    one = reported(desk, name="张伟", phone="13800001111")
    with pytest.raises(Refused) as refused:
        desk.split(one.number, None, {"summary": "x"}, actor="manager.sun")
    assert refused.value.code == "site"
    with pytest.raises(Refused) as refused:
        desk.split(one.number, None, {"summary": "x"}, actor=Actor("C-9", (), "customer"))
    assert refused.value.code == "sight"
    own = desk.open("leak", actor=Actor("C-9", (), "customer"), summary="x").case
    with pytest.raises(Refused) as refused:
        desk.split(own.number, None, {"summary": "x"}, actor=Actor("C-9", (), "customer"))
    assert refused.value.code == "role"


def test_what_falls_due_as_a_case_is_merged_is_not_told_any_more(desk):
    one, other = reported(desk), reported(desk)
    desk.run_once()
    clock_of(desk).advance(HOUR)
    result = desk.merge(one.number, other.number, actor="agent.wang", reason="重复", key="k")
    assert [event.type for event in result.events] == ["reached", "climbed", "merged"]
    assert {row.status for row in desk.store.outbox(case=one.id) if row.notification.template == "escalation"} == {
        "recorded"
    }
    assert desk.merge(one.number, other.number, actor="agent.wang", reason="重复", key="k").repeated
    third = reported(desk)
    clock_of(desk).advance(HOUR)
    with pytest.raises(Refused):
        desk.merge(third.number, one.number, actor="agent.wang", reason="重复")
    assert [event.type for event in desk.history(third.id)] == ["opened", "reached", "climbed"]
    sound(desk)


def test_forgetting_a_mass_case_leaves_the_cases_below_it_alone(desk, folder):
    path = folder / "organisation.yaml"
    path.write_text(path.read_text().replace("clocks, assign]", "clocks, assign, privacy]"))
    desk.refresh()
    mass, one = reported(desk, name="值班员"), reported(desk, name="张伟")
    desk.link(one.number, mass.number, actor="agent.wang", way="child")
    desk.act(mass.number, "restore", actor="agent.wang")
    desk.forget(mass.number, actor="supervisor.zhao", reason="到期")
    assert not desk.store.sealed(mass.id)
    assert list(desk.personal(one.id).values()) == ["张伟"]


def test_the_same_merge_sent_twice_with_a_key_happens_once(desk):
    one, other = reported(desk), reported(desk)
    desk.merge(one.number, other.number, actor="agent.wang", reason="重复", key="k")
    assert desk.merge(one.number, other.number, actor="agent.wang", reason="重复", key="k").repeated
    with pytest.raises(Conflict):
        desk.merge(one.number, other.number, actor="agent.wang", reason="另一个", key="k")
