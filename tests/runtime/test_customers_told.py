"""Cases of people whom the register knows: whose they are, what is filled in, how they are told, and what needs their consent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, ManualClock
from guanjia.errors import Refused
from guanjia.model.event import SYSTEM, Actor, Command
from guanjia.runtime.audit import audit
from guanjia.runtime.delivery import DECLINED
from guanjia.runtime.engine import Engine
from guanjia.runtime.sealing import MARK, Sealed

from tests.offices import MONDAY, small
from tests.runtime.test_register import MAIL, NAME, PEOPLE, PHONE

DESK = """\
procedure: desk
calendar: always
fields:
  summary: {type: text, required: true}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  second: {type: phone, personal: true}
  email: {type: email, personal: true}
  open_phone: {type: phone}
  room: {type: room}
  language: {type: choice, of: [zh, en]}
initial: waiting
states:
  waiting: {entry: [{notify: {told: customer}}], transitions: {finish: {to: over}, say: {do: [{notify: {told: {to: customer, urgency: urgent}}}]}}}
  over: {final: true}
"""
BARE = """\
procedure: bare
calendar: always
fields: {summary: {type: text, required: true}}
initial: waiting
states: {waiting: {entry: [{notify: {told: customer}}], transitions: {finish: {to: over}}}, over: {final: true}}
"""
THERE = BARE.replace("procedure: bare", "procedure: there").replace(
    "fields: {", "fields: {room: {type: room, required: true}, "
)
PARTY = BARE.replace("procedure: bare", "procedure: party\npurpose: activities")


@pytest.fixture(params=["sqlite", "postgres"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    template = "{{ recipient.name }} {{ number }}\n"
    more = {
        "organisation.yaml": PEOPLE, "procedures/bare.yaml": BARE, "procedures/party.yaml": PARTY,
        "procedures/there.yaml": THERE,
        "templates/zh/told.text.j2": "你好" + template, "templates/en/told.text.j2": "hello " + template,
        "office.yaml": "name: {zh: 试验, en: Test}\nzone: Asia/Shanghai\nchannels: {file: {}, console: true}\n",
    }  # fmt: skip
    folder = small(tmp_path / "office", DESK, templates=("told",), more=more)
    database = None if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))
    with Engine.at(folder, clock=ManualClock(MONDAY), database=database) as engine:
        yield engine


def added(desk: Engine, **given: object) -> str:
    values = {
        "name": NAME,
        "phones": [PHONE],
        "mails": [MAIL],
        "rooms": [{"room": "3-1-502"}],
        "language": "en",
        **given,
    }
    return desk.customers.add(actor="agent.wang", **values).id


def opened(desk: Engine, procedure: str = "desk", **given: object) -> str:
    return desk.open(procedure, actor="agent.wang", summary="x", **given).case.id  # type: ignore[arg-type]


def values(desk: Engine, case: str) -> dict[str, object]:
    clear = desk.personal(case)
    return {
        name: clear.get(it["personal"]) if isinstance(it, dict) else it
        for name, it in desk.case(case).fields.items()
        if it is not None
    }


def test_a_case_of_a_known_customer_has_what_is_known_where_nothing_was_said(desk: Engine) -> None:
    id = added(desk)
    case = opened(desk, customer=id, phone="13700000000")
    assert values(desk, case) == {
        "summary": "x", "name": NAME, "phone": "13700000000", "email": MAIL, "room": "3-1-502", "language": "en",
    }  # fmt: skip
    plain = opened(desk, customer="wx-1001")
    assert values(desk, plain) == {"summary": "x"}


def test_a_customer_may_be_named_by_his_phone_and_a_number_of_nobody_is_refused(desk: Engine) -> None:
    id = added(desk)
    assert desk.case(opened(desk, customer="138 1234 5678")).customer == id
    assert desk.case(opened(desk, customer=MAIL)).customer == id
    with pytest.raises(Refused, match="No customer has that"):
        opened(desk, customer="13900009999")
    added(desk)
    with pytest.raises(Refused, match="C-00001, C-00002"):
        opened(desk, customer=PHONE)


@pytest.mark.parametrize("id", ["C-00001", "C-100000", "王小二", "Li Lei", "13800001234 "])
def test_a_case_is_of_nobody_whom_the_register_will_only_know_some_day_and_is_under_no_name(
    desk: Engine, id: str
) -> None:
    with pytest.raises(Refused):
        opened(desk, customer=id)
    with pytest.raises(Refused):
        desk.open("desk", actor=Actor(id, (), "customer"), summary="x")
    old = Command("open", "desk", values={"summary": "x"}, actor=desk.actor("agent.wang"), at=MONDAY - DAY, customer=id)
    with pytest.raises(Refused) as refused:
        desk.take_in([old], by=SYSTEM, reason="x")
    assert refused.value.code in ("not_found", "customer")
    assert desk.case(opened(desk, customer="wx-1001")).customer == "wx-1001"


def test_a_case_that_a_customer_opens_himself_has_it_too(desk: Engine) -> None:
    id = added(desk)
    case = desk.open("desk", actor=Actor(id, (), "customer"), summary="x").case
    assert case.customer == id
    assert values(desk, case.id)["phone"] == PHONE


def test_of_several_rooms_none_is_guessed_and_of_a_restricted_person_nothing_is_filled_in(desk: Engine) -> None:
    id = added(desk, rooms=[{"room": "1-1"}, {"room": "1-2"}])
    assert "room" not in values(desk, opened(desk, customer=id))
    desk.customers.edit(id, actor="agent.wang", rooms=[{"room": "1-2", "until": "2020-01-01"}])
    assert values(desk, opened(desk, customer=id))["room"] == "1-1"
    desk.customers.restrict(id, actor="manager.sun", reason="本人要求")
    assert values(desk, opened(desk, customer=id)) == {"summary": "x"}


def test_where_a_room_is_needed_those_of_the_customer_are_told(desk: Engine) -> None:
    id = added(desk, rooms=[{"room": "1-2"}, {"room": "1-1"}, {"room": "1-3", "until": "2020-01-01"}])
    with pytest.raises(Refused, match="Still needed: room") as refused:
        opened(desk, "there", customer=id)
    assert refused.value.hint == (f"{id} 的房号有：1-1、1-2", f"The rooms of {id}: 1-1, 1-2")
    assert values(desk, opened(desk, "there", customer=id, room="1-1"))["room"] == "1-1"
    desk.customers.restrict(id, actor="manager.sun", reason="本人要求")
    with pytest.raises(Refused) as refused:
        opened(desk, "there", customer=id)
    assert refused.value.hint is None


def test_a_new_case_of_one_who_was_merged_is_the_survivors(desk: Engine) -> None:
    old, new = added(desk), added(desk, phones=["13700000000"])
    desk.customers.merge(old, new, actor="agent.wang", reason="同一人")
    assert desk.case(opened(desk, customer=old)).customer == new
    his = desk.open("desk", actor=Actor(old, (), "customer"), customer=old, summary="x").case
    assert his.customer == his.opener == old  # else he would be told as its opener as if he were of the staff


def test_whoever_the_register_knows_is_told_in_his_language_by_his_channel(desk: Engine) -> None:
    id = added(desk, channel="console")
    case = opened(desk, "bare", customer=id)
    (row,) = desk.store.outbox(case=case)
    assert (row.notification.channel, row.notification.language) == ("console", "en")
    assert f"hello {NAME}" in row.notification.body
    (other,) = desk.store.outbox(case=opened(desk, "bare", customer="wx-1"))
    assert (other.notification.channel, other.notification.language) == ("file", "zh")
    assert isinstance(desk.store, Sealed)
    assert all(each.notification.body.startswith(MARK) for each in desk.store.within.outbox(case=case))
    assert audit(desk) == []


def test_whoever_wants_to_be_told_in_the_evening_is_told_then_and_the_urgent_at_once(desk: Engine) -> None:
    id = added(desk, hours="19:00-21:00")
    case = opened(desk, "desk", customer=id)
    (row,) = desk.store.outbox(case=case)
    assert row.next_at == MONDAY + 10 * HOUR
    clock = desk.clock
    assert isinstance(clock, ManualClock)
    desk.run_once()
    assert [each.status for each in desk.store.outbox(case=case)] == ["waiting"]
    desk.act(case, "say", actor="agent.wang")
    desk.run_once()
    assert {each.status for each in desk.store.outbox(case=case)} == {"sent"}  # the urgent one takes along what waits
    late = opened(desk, "desk", customer=id)
    clock.set(MONDAY + 12 * HOUR)  # 21:00, too late by a moment
    desk.run_once()
    assert [each.status for each in desk.store.outbox(case=late)] == ["waiting"]
    clock.set(MONDAY + 34 * HOUR)
    desk.run_once()
    assert [each.status for each in desk.store.outbox(case=late)] == ["sent"]


def test_what_needs_a_consent_is_told_to_those_who_gave_it_and_to_nobody_else(desk: Engine) -> None:
    id = added(desk)

    def told(customer: str | None) -> str:
        (row,) = desk.store.outbox(case=opened(desk, "party", customer=customer))
        return row.status

    assert [told(id), told(None), told("wx-1")] == ["recorded"] * 3
    desk.customers.consent(id, "activities", "2026-01", actor="agent.wang")
    assert told(id) == "waiting"
    desk.customers.restrict(id, actor="manager.sun", reason="x")
    assert told(id) == "recorded"
    desk.customers.restrict(id, actor="manager.sun", reason="x", lift=True)
    desk.customers.withdraw(id, "activities", actor="agent.wang")
    assert told(id) == "recorded"
    (row,) = desk.store.outbox(case=opened(desk, "bare", customer=id))
    assert row.status == "waiting"  # what has to be told needs no consent
    assert audit(desk) == []


def test_whoever_agrees_no_more_is_not_told_of_what_waits_already(desk: Engine) -> None:
    keeps, leaves, closed_off = (added(desk, hours="19:00-21:00", phones=[f"1380000000{last}"]) for last in (1, 2, 3))
    cases = {}
    for id in (keeps, leaves, closed_off):
        desk.customers.consent(id, "activities", "2026-01", actor="agent.wang")
        cases[id] = [opened(desk, "party", customer=id), opened(desk, "bare", customer=id)]
    desk.customers.withdraw(leaves, "activities", actor="agent.wang")
    desk.customers.restrict(closed_off, actor="manager.sun", reason="本人要求")
    assert desk.run_once().delivered == 0  # they want to be told in the evening
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(11 * HOUR)
    work = desk.run_once()
    assert (work.delivered, work.failed) == (4, 0)
    statuses = {id: [desk.store.outbox(case=case)[0].status for case in both] for id, both in cases.items()}
    assert statuses == {keeps: ["sent", "sent"], leaves: ["recorded", "sent"], closed_off: ["recorded", "sent"]}
    assert desk.store.outbox(case=cases[leaves][0])[0].last_error == str(DECLINED)
    assert audit(desk) == []


def test_whether_somebody_agrees_is_not_guessed_where_the_history_is_damaged(
    desk: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = added(desk)
    desk.customers.consent(id, "activities", "2026-01", actor="agent.wang")
    case = opened(desk, "party", customer=id)
    monkeypatch.setattr(desk.store, "events", lambda identity: [])
    assert (desk.run_once().failed, desk.store.outbox(case=case)[0].status) == (1, "dead")
    monkeypatch.undo()
    assert desk.resend(desk.store.outbox(case=case)[0].notification)
    assert desk.run_once().delivered == 1


def test_a_message_to_a_customer_who_is_forgotten_is_nowhere(desk: Engine, tmp_path: Path) -> None:
    id = added(desk, hours="19:00-21:00")
    case = opened(desk, "bare", customer=id)
    desk.act(case, "finish", actor="agent.wang")
    desk.forget_person(id, actor="manager.sun", reason="要求删除")
    assert [row.notification.body for row in desk.store.outbox(case=case)] == [""]
    assert audit(desk) == []


def test_duplicates_are_those_with_one_phone_or_of_one_room_with_like_names(desk: Engine) -> None:
    first, second = added(desk), added(desk, name="欧阳甲春（业主）", phones=["13700000000"], mails=[])
    family = added(desk, name="李娜", rooms=[{"room": "3-1-502", "relation": "family"}])
    added(desk, name="王五", phones=["13600000000"], rooms=[{"room": "5-1"}])
    found = [(each.shared, [it.id for it in each.customers]) for each in desk.customers.duplicates()]
    assert found == [("phone", [first, family]), ("room", [first, second])]
    assert NAME not in str(desk.customers.duplicates())
    assert len(desk.customers.duplicates(1)) == 1
    desk.customers.merge(second, first, actor="agent.wang", reason="同一人")
    assert [each.shared for each in desk.customers.duplicates()] == ["phone"]


def test_everything_about_a_person_is_there_and_that_it_was_taken_is_recorded(desk: Engine) -> None:
    old, id = added(desk), added(desk, phones=["13700000000"])
    case = opened(desk, customer=old, email=MAIL)
    desk.reveal(case, actor="manager.sun", reason="回电")
    desk.customers.merge(old, id, actor="agent.wang", reason="同一人")
    for who, code in (("agent.wang", "role"), ("guard.xu", "role")):
        with pytest.raises(Refused) as refused:
            desk.customers.everything(id, actor=who, reason="x")
        assert refused.value.code == code
    found = desk.customers.everything(id, actor="manager.sun", reason="本人申请")
    assert found.customer.phones == ("13700000000", PHONE)
    (about,) = found.cases
    assert about.values["phone"] == PHONE
    assert [look.data["reason"] for look in about.looks] == ["回电"]
    assert [NAME in each.body for each in about.messages] == [True]
    assert {event.type for event in found.history} >= {"registered", "merged", "absorbed", "refused", "revealed"}
    assert desk.customers.history(id)[-1].name == "export"


def test_an_old_case_that_is_taken_in_gets_nothing_of_today(desk: Engine) -> None:
    from guanjia.model.event import Command

    id = added(desk)
    command = Command(
        "open", "desk", values={"summary": "旧"}, actor=desk.actor("agent.wang"), customer=id, at=MONDAY - 24 * HOUR
    )
    case = desk.take_in([command], by=SYSTEM, reason="旧系统停用").case
    assert (case.customer, case.fields.get("phone")) == (id, None)
