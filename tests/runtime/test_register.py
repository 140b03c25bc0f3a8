"""The register of customers at work, on a sealed store: what is kept, who may, what is recorded, and what is found nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guanjia.clock import DAY, ManualClock
from guanjia.errors import NotFound, Refused, StoreError
from guanjia.model.event import SYSTEM, Actor, Command
from guanjia.people.customers import Asked
from guanjia.people.keys import FILE, Keys, Secrets, read
from guanjia.runtime import export, rekeying
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.marking import MARKED
from guanjia.runtime.sealing import Sealed, sealed
from guanjia.store import Query, open_store

from tests.offices import MONDAY, small

PROCEDURE = """\
procedure: desk
calendar: always
fields:
  summary: {type: text, required: true}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  room: {type: room}
initial: waiting
states: {waiting: {transitions: {finish: {to: over}}}, over: {final: true}}
"""
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, rights: [customers]}
  manager: {label: {zh: 经理, en: manager}, rights: [all]}
  guard: {label: {zh: 保安, en: guard}}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  manager.sun: {name: 孙经理, roles: [manager]}
  guard.xu: {name: 徐刚, roles: [guard]}
"""
NAME, PHONE, MAIL = "欧阳甲春", "13812345678", "chun@resident.example"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return small(tmp_path / "office", PROCEDURE, more={"organisation.yaml": PEOPLE})


@pytest.fixture
def desk(office: Path) -> Iterator[Engine]:
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        yield engine


def test_a_case_belongs_to_the_site_of_its_customer_else_of_whoever_opens_it(tmp_path: Path) -> None:
    people = PEOPLE.replace(
        "staff:", "sites: {main: , east: , west: }\nstaff:\n  agent.east: {name: 东, roles: [agent], sites: east}"
    )
    with Engine.at(small(tmp_path, PROCEDURE, more={"organisation.yaml": people}), clock=ManualClock(MONDAY)) as desk:

        def site(actor: str, **given: object) -> str:
            return desk.open("desk", actor=actor, summary="x", **given).case.site  # type: ignore[arg-type]

        west = desk.customers.add(
            actor="manager.sun", name=NAME, phones=[PHONE], rooms=[{"room": "9-1", "site": "west"}]
        ).id
        both = desk.customers.add(
            actor="manager.sun", name="张伟", rooms=[{"room": "9-2", "site": each} for each in ("west", "east")]
        ).id
        assert [site("agent.wang", customer=who) for who in (west, PHONE, both, "wx-9", None)] == [
            "west",
            "west",
            "main",
            "main",
            "main",
        ]
        assert site("agent.east") == site("agent.east", customer=both) == "east"
        with pytest.raises(Refused, match="west"):
            site("agent.east", customer=west)
        named = Command(
            "open", "desk", values={"summary": "x"}, actor=desk.actor("agent.wang"), site="east", customer=west
        )
        assert desk.execute(named).case.site == "east"


def added(desk: Engine, **given: object) -> str:
    values = {"name": NAME, "phones": [PHONE], "mails": [MAIL], "rooms": [{"room": "3-1-502"}], **given}
    return desk.customers.add(actor="agent.wang", **values).id


def test_whoever_is_added_is_found_by_phone_mail_room_and_id_and_shown_masked(desk: Engine) -> None:
    id = added(desk)
    assert id == "C-00001"
    for text in ("+86 138 1234 5678", MAIL.upper(), "3-1-502", id):
        (found,) = desk.customers.find(text)
        assert (found.id, found.name, found.phones) == (id, "欧**", ("138****5678",))
    assert desk.customers.find("13812345679") == []
    assert NAME not in str(desk.customers.get(id))
    assert audit(desk) == []


def test_whoever_was_registered_before_names_found_anybody_is_found_by_name_once_the_office_is_opened(
    desk: Engine, office: Path
) -> None:
    id = added(desk)
    desk.store.transact(lambda tx: tx.customers.find_by(id, [("phone", PHONE)]))
    assert desk.customers.find(NAME) == []
    desk.store.set_setting(MARKED, "1")
    desk.close()
    with Engine.at(office, clock=ManualClock(MONDAY)) as again:
        for text in (NAME, " 欧阳 甲春", PHONE, "3-1-502"):
            assert [each.id for each in again.customers.find(text)] == [id]
        assert audit(again) == []
        again.customers.forget(id, actor="manager.sun", reason="x")
        assert again.customers.find(NAME) == []


def test_ids_that_were_given_are_passed_over_and_none_is_given_twice(desk: Engine) -> None:
    desk.customers.add("C-00001", actor="agent.wang", name="x")
    assert added(desk) == "C-00002"
    with pytest.raises(Refused, match=r"C-00001"):
        desk.customers.add("C-00001", actor="agent.wang", name="y")
    assert added(desk) == "C-00003"


def test_a_look_in_clear_needs_the_right_and_a_reason_and_stands_in_the_history(desk: Engine) -> None:
    id = added(desk)
    with pytest.raises(Refused, match="reveal"):
        desk.customers.reveal(id, actor="agent.wang", reason="好奇 13900001111")
    with pytest.raises(Refused, match="reason"):
        desk.customers.reveal(id, actor="manager.sun", reason=" ")
    assert desk.customers.reveal(id, actor="manager.sun", reason="回访").phones == (PHONE,)
    events = desk.customers.history(id)
    assert [(event.type, event.actor) for event in events] == [
        ("registered", "agent.wang"),
        ("refused", "agent.wang"),
        ("revealed", "manager.sun"),
    ]
    assert events[1].data == {"what": "reveal", "code": "role", "reason": "好奇 139****1111"}
    assert events[2].data["reason"] == "回访"
    assert audit(desk) == []


@pytest.mark.parametrize(
    "kind", ["add", "edit", "verify", "consent", "withdraw", "restrict", "lift", "merge", "reveal", "forget"]
)
def test_whoever_has_no_right_changes_nothing(desk: Engine, kind: str) -> None:
    id, other = added(desk), added(desk, phones=["13700000000"])
    before = desk.store.customers.get(id)
    for actor in (desk.actor("guard.xu"), Actor("somebody", (), "customer")):
        with pytest.raises(Refused) as refused:
            desk.customers.execute(
                Asked(
                    kind, None if kind == "add" else id, {"name": "x"}, name=other, notice="v", actor=actor, reason="x"
                )
            )  # type: ignore[arg-type]
        assert refused.value.code == "role"
    after = desk.store.customers.get(id)
    assert before is not None
    assert after is not None
    assert after.record == before.record
    assert desk.store.customers.count() == 2
    assert audit(desk) == []


def test_a_customer_may_agree_and_withdraw_for_himself_only(desk: Engine) -> None:
    id = added(desk)
    me = Actor(id, (), "customer")
    desk.customers.consent(id, "activities", "v1", actor=me)
    assert [each.purpose for each in desk.customers.withdraw(id, "activities", actor=me).consents] == ["activities"]
    with pytest.raises(Refused):
        desk.customers.consent(id, "activities", "v1", actor=Actor("C-00002", (), "customer"))


def test_persons_of_a_room_are_its_household_as_long_as_they_live_there(desk: Engine) -> None:
    owner, tenant = (
        added(desk),
        added(
            desk,
            name="Li Lei",
            phones=["13700000000"],
            rooms=[{"room": "3-1-502", "relation": "tenant", "since": "2026-03-03"}],
        ),
    )
    added(desk, name="王五", phones=[], mails=[], rooms=[{"room": "3-1-503"}])
    assert [each.id for each in desk.customers.household("3-1-502")] == [owner]
    clock = desk.clock
    assert isinstance(clock, ManualClock)
    clock.advance(DAY)
    assert [each.id for each in desk.customers.household("3-1-502")] == [owner, tenant]
    desk.customers.edit(owner, actor="agent.wang", rooms=[{"room": "3-1-502", "until": "2026-03-02"}])
    assert [each.id for each in desk.customers.household("3-1-502")] == [tenant]
    assert [each.id for each in desk.customers.find("3-1-502")] == [owner, tenant]


def test_what_nobody_verified_for_long_is_stale(desk: Engine) -> None:
    first, clock = added(desk), desk.clock
    assert isinstance(clock, ManualClock)
    clock.advance(100 * DAY)
    second = added(desk)
    clock.advance(100 * DAY)
    assert [each.id for each in desk.customers.stale(150)] == [first]
    assert [each.id for each in desk.customers.stale(50)] == [first, second]
    desk.customers.verify(first, actor="agent.wang")
    assert [each.id for each in desk.customers.stale(50)] == [second]
    assert audit(desk) == []


def test_no_byte_of_the_database_a_backup_or_an_export_tells_who_it_is(
    desk: Engine, office: Path, tmp_path: Path
) -> None:
    id = added(desk)
    desk.customers.edit(id, actor="agent.wang", phones=["13998765432"], reason=f"应 {PHONE} 要求")
    desk.customers.reveal(id, actor="manager.sun", reason=f"回 {MAIL}")
    desk.store.backup(str(tmp_path / "copy.db"))
    export.write(desk.store, str(tmp_path / "office.jsonl"))
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for text in (NAME, PHONE, MAIL, "13998765432", "3-1-502"):
            for spelling in (text.encode(), text.encode("utf-16-le"), text.encode("ascii", "backslashreplace")):
                assert spelling not in content, (file, text)


def test_an_export_carries_customers_sealed_and_an_office_with_the_keys_reads_them(
    desk: Engine, office: Path, tmp_path: Path
) -> None:
    id = added(desk)
    export.write(desk.store, str(tmp_path / "office.jsonl"))
    other = open_store(":memory:")
    other.migrate()
    other.load(export.read(str(tmp_path / "office.jsonl")))
    kept = read(str(office / FILE))
    assert kept is not None
    assert [each.id for each in sealed(other, Keys(kept)).customers.find("phone", PHONE)] == [id]
    strange = sealed(other, Keys(Secrets.new()))
    assert list(strange.customers.find("phone", PHONE)) == []
    with pytest.raises(StoreError, match=id):
        strange.customers.get(id)


def test_keys_of_customers_change_with_those_of_cases(desk: Engine, office: Path) -> None:
    ids = [added(desk, phones=[f"1380000{n:04}"]) for n in range(5)]
    desk.customers.forget(ids[4], actor="manager.sun", reason="要求删除")
    assert rekeying.customers_by(desk.store) == {"k1": 4}
    rekeying.renew(desk, str(office / FILE), desk.actor("manager.sun"))
    with pytest.raises(Refused, match="k1"):
        rekeying.drop(desk, str(office / FILE), "k1", desk.actor("manager.sun"))
    assert rekeying.rewrap_customers(desk.store) == 4
    assert rekeying.rewrap_customers(desk.store) == 0
    rekeying.drop(desk, str(office / FILE), "k1", desk.actor("manager.sun"))
    assert [each.id for each in desk.customers.find("13800000002")] == [ids[2]]
    assert audit(desk) == []


def test_forgetting_a_person_destroys_key_record_and_terms_and_the_history_verifies(
    desk: Engine, tmp_path: Path
) -> None:
    id = added(desk)
    case = desk.open("desk", actor="agent.wang", customer=id, summary="漏水", phone=PHONE).case
    with pytest.raises(Refused, match="privacy"):
        desk.customers.forget(id, actor="agent.wang", reason="要求删除")
    assert desk.forget_person(id, actor="manager.sun", reason="要求删除") == ([], [case.id])
    assert desk.customers.reveal(id, actor="manager.sun", reason="x").name == NAME  # an open case needs it still
    desk.act(case.id, "finish", actor="agent.wang")
    assert desk.forget_person(id, actor="manager.sun", reason="要求删除") == ([case.id], [])
    held = desk.store.customers.get(id)
    assert held is not None
    assert (held.record, held.wrapped) == ("", "")
    assert desk.customers.get(id).forgotten
    assert desk.customers.find(PHONE) == []
    assert [event.type for event in desk.customers.history(id)][-1] == "forgotten"
    assert audit(desk) == []
    assert desk.forget_person(id, actor="manager.sun", reason="要求删除") == ([], [])
    with pytest.raises(Refused, match="destroyed"):
        desk.customers.edit(id, actor="agent.wang", name="x")


def test_cases_of_both_who_were_merged_are_the_survivors_to_see_and_to_act_in(desk: Engine) -> None:
    desk.customers.add("C-1", actor="agent.wang", name="张伟")
    desk.customers.add("C-2", actor="agent.wang", name="张玮")
    one, two, other = Actor("C-1", (), "customer"), Actor("C-2", (), "customer"), Actor("C-3", (), "customer")
    case = desk.open("desk", actor=one, summary="漏水").case
    with pytest.raises(Refused, match="not your case"):
        desk.act(case.id, "finish", actor=two)
    desk.customers.merge("C-1", "C-2", actor="agent.wang", reason="同一人")
    for who in (one, two):
        assert [row.id for row in desk.list(Query(), actor=who)] == [case.id]
        assert desk.case(case.id, actor=who).customer == "C-1"
        assert [option.action for option in desk.available(case.id, who) if option.allowed] == ["finish"]
        assert desk.history(case.id, actor=who)[0].actor == "C-1"
    assert desk.list(Query(), actor=other) == []
    with pytest.raises(Refused, match="not your case"):
        desk.act(case.id, "finish", actor=other)
    done = desk.act(case.id, "finish", actor=two)
    assert (done.events[-1].actor, done.case.finished) == ("C-2", True)
    assert not list(audit(desk))


def test_two_who_are_one_are_merged_and_everything_follows(desk: Engine) -> None:
    old, new = added(desk), added(desk, name="", phones=["13700000000"], mails=[], rooms=[{"room": "5-2-101"}])
    desk.open("desk", actor="agent.wang", customer=new, summary="漏水")
    desk.open("desk", actor="agent.wang", customer=old, summary="停电")
    kept = desk.customers.merge(new, old, actor="agent.wang", reason="同一人")
    assert kept.id == old
    assert [each.id for each in desk.customers.find("13700000000")] == [old]
    assert [each.id for each in desk.customers.find(new)] == [old]
    assert desk.customers.get(new).id == old
    assert len(desk.customers.cases(old)) == 2
    assert [event.type for event in desk.customers.history(new)] == ["registered", "merged"]
    assert desk.customers.history(old)[-1].data["reason"] == "同一人"
    assert audit(desk) == []
    for id, into in ((new, old), (old, new), (old, old), (old, "nobody")):
        with pytest.raises(Refused):
            desk.customers.merge(id, into, actor="agent.wang", reason="x")
    third = added(desk, phones=["13600000000"])
    desk.customers.merge(old, third, actor="agent.wang", reason="同一人")
    assert desk.customers.get(new).id == third
    assert len(desk.customers.cases(third)) == 2
    assert desk.customers.forget(new, actor="manager.sun", reason="要求删除") == [third, old, new]
    assert {rekeying.customers_by(desk.store).get("k1", 0)} == {0}
    assert audit(desk) == []


def test_whoever_is_not_there_is_told_where_to_look(desk: Engine) -> None:
    for ask in (desk.customers.get, desk.customers.history, lambda id: desk.customers.verify(id, actor=SYSTEM)):
        with pytest.raises(NotFound, match="C-9") as told:
            ask("C-9")
        assert told.value.hint is not None
        assert "customer find" in told.value.hint.en


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE customers SET record = (SELECT record FROM customers WHERE id = 'C-00002') WHERE id = 'C-00001'", "cannot be opened"),
        ("UPDATE customers SET verified_at = 5 WHERE id = 'C-00001'", "verified"),
        ("UPDATE customers SET survivor = 'C-00002' WHERE id = 'C-00001'", "merged into"),
        ("DELETE FROM customer_terms WHERE customer = 'C-00001' AND kind = 'phone'", "what finds them"),
        ("UPDATE customers SET seq = 1, head = (SELECT head FROM customer_events WHERE customer = 'C-00001' AND seq = 1) WHERE id = 'C-00001'", "last may be missing"),
        ("DROP TRIGGER customer_events_stay_as_they_are; UPDATE customer_events SET text = replace(text, 'agent.wang', 'guard.xu') WHERE customer = 'C-00001'", "altered"),
        ("UPDATE customers SET record = '', wrapped = '' WHERE id = 'C-00001'", "destroyed"),
    ],
)  # fmt: skip
def test_whatever_is_changed_behind_the_programs_back_is_found(desk: Engine, statement: str, what: str) -> None:
    import apsw

    added(desk)
    added(desk, phones=["13700000000"])
    desk.customers.edit("C-00001", actor="agent.wang", name="张三")
    assert audit(desk) == []
    assert isinstance(desk.store, Sealed)
    with apsw.Connection(desk.store.within.path) as other:
        other.execute(statement)
    found = audit(desk)
    assert found
    assert any(what in problem.text.en for problem in found), found


def test_an_older_record_that_is_put_back_is_found(desk: Engine) -> None:
    import apsw

    added(desk)
    assert isinstance(desk.store, Sealed)
    with apsw.Connection(desk.store.within.path) as other:
        ((record, wrapped),) = other.execute("SELECT record, wrapped FROM customers").fetchall()
    desk.customers.edit("C-00001", actor="agent.wang", name="张三")
    with apsw.Connection(desk.store.within.path) as other:
        other.execute("UPDATE customers SET record = ?, wrapped = ?", (record, wrapped))
    assert "not what the history vouches for" in audit(desk)[0].text.en
