"""The funnel over every store: the same history, whoever keeps it and however many people are at it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from guanjia.clock import DAY, HOUR, from_iso
from guanjia.errors import Conflict, GuanjiaError, NotFound, Refused, StoreError, Text
from guanjia.model.event import Command
from guanjia.runtime.audit import audit
from guanjia.store import Query

from tests.core.test_statecharts import FLAT
from tests.offices import MONDAY, clock_of, engine, shipped, small


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("engine") / "office")


def a_repair(desk):
    """From opening to closing, with a night in between and a delay that fell due meanwhile."""
    number = desk.open(
        "repair", actor="reception.chen", room="3-1-502", summary="厨房漏水", phone="13800001234"
    ).case.number
    desk.act(number, "dispatch", actor="coordinator.qian", to="engineer.li")
    desk.act(number, "accept", actor="engineer.li")
    desk.act(number, "arrive", actor="engineer.li")
    clock_of(desk).advance(DAY)
    desk.act(number, "diagnose", actor="engineer.li", cause="阀芯老化", payer="free")
    desk.act(number, "finish", actor="engineer.li", work="更换阀芯", cleaned=True)
    clock_of(desk).advance(9 * DAY)
    desk.run_once()
    return number


def test_every_store_keeps_the_same_history(store, office, tmp_path_factory):
    here, there = engine(office, store=store), engine(office)
    one, other = a_repair(here), a_repair(there)
    assert [event.text() for event in here.history(one)] == [event.text() for event in there.history(other)]
    assert here.case(one) == there.case(other)
    assert [row.notification for row in here.store.outbox(limit=500)] == [
        row.notification for row in there.store.outbox(limit=500)
    ]
    assert not audit(here)


def test_of_two_people_who_advance_one_case_one_wins_and_the_other_is_told(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    number = desk.open("desk", actor="agent.wang", summary="x").case.number

    def accept(who: str) -> str:
        try:
            desk.act(number, "accept", actor=who)
        except Refused as refused:
            assert "last changed by " in (refused.hint.en if refused.hint else "")
            return refused.code
        return "won"

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(accept, ["agent.wang", "agent.li"])) == ["state", "won"]


def test_whoever_looked_at_an_older_version_is_refused(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    case = desk.open("desk", actor="agent.wang", summary="x").case
    desk.note(case.number, "我来", actor="agent.li")
    with pytest.raises(Conflict, match="changed by Li Lei at 2026-03-02 09:00:00"):
        desk.act(case.number, "accept", actor="agent.wang", expect=case.seq)


def test_many_threads_and_many_cases_end_in_one_consistent_office(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)

    def one(index: int) -> str:
        number = desk.open("desk", actor="agent.wang", summary=f"第 {index} 件").case.number
        desk.act(number, "accept", actor="agent.li")
        desk.act(number, "finish", actor="agent.li")
        return number

    with ThreadPoolExecutor(8) as people:
        numbers = list(people.map(one, range(40)))
    assert sorted(numbers) == [f"D-2026-{index:05}" for index in range(1, 41)]
    assert desk.store.count(Query(open=False)) == 40
    assert not audit(desk)


def test_commands_together_share_a_commit_and_each_has_its_own_answer(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    who = desk.actor("agent.wang")
    number = desk.open("desk", actor=who, summary="x").case.number
    answers = desk.execute_many(
        [
            Command("act", "accept", number, {}, who),
            Command("act", "accept", number, {}, who),
            Command("act", "finish", number, {}, who),
            Command("note", "", "D-9", {"text": "x"}, who),
        ]
    )
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["Result", "Refused", "Result", "NotFound"]
    assert desk.case(number).finished


def test_an_unknown_case_procedure_and_person_are_told_with_what_there_is(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    for attempt in (
        lambda: desk.case("D-1"),
        lambda: desk.open("dask", actor="agent.wang"),
        lambda: desk.open("desk", actor="agent.wong"),
    ):
        with pytest.raises(NotFound) as unknown:
            attempt()
        assert unknown.value.hint is not None


def test_an_attempt_without_the_right_stands_in_the_history(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    number = desk.open("desk", actor="agent.wang", summary="x").case.number
    with pytest.raises(Refused):
        desk.act(number, "accept", actor="supervisor.zhao")
    assert [(event.type, event.actor) for event in desk.history(number)][-1] == ("refused", "supervisor.zhao")
    assert not audit(desk)


def test_a_drill_reaches_nobody_outside(office):
    desk = engine(office)
    number = desk.open(
        "emergency", actor="duty.wu", mode="drill", place="2 栋", summary="消防演练", kind="fire"
    ).case.number
    desk.act(number, "classify", actor="duty.wu", level="II", at_risk=0)
    clock_of(desk).advance(2 * HOUR)
    desk.run_once()
    outside = [row for row in desk.store.outbox(limit=500) if row.notification.outside]
    assert all(row.status == "recorded" for row in outside)
    assert all(row.notification.subject.startswith(("【演练】", "[DRILL]")) for row in desk.store.outbox(limit=500))


def test_a_case_keeps_the_rules_under_which_it_was_opened(tmp_path):
    folder = small(tmp_path, FLAT)
    desk = engine(folder)
    old = desk.open("desk", actor="agent.wang", summary="x").case
    (folder / "procedures/desk.yaml").write_text(
        FLAT.replace("by: agent, require: [summary]", "by: manager, require: [summary]")
    )
    desk.refresh()
    new = desk.open("desk", actor="agent.wang", summary="x").case
    assert new.version != old.version
    desk.act(old.number, "accept", actor="agent.wang")
    with pytest.raises(Refused):
        desk.act(new.number, "accept", actor="agent.wang")


def test_a_template_that_fails_blocks_no_case(tmp_path):
    procedure = FLAT.replace("  new:\n", "  new:\n    entry: [{notify: {odd: opener}}]\n")
    folder = small(
        tmp_path, procedure, templates=("odd",), more={"templates/zh/odd.text.j2": "{{ summary | round }}\n"}
    )
    desk = engine(folder)
    case = desk.open("desk", actor="agent.wang", summary="x").case
    (row,) = desk.store.outbox(case=case.id)
    assert row.status == "unrenderable"
    assert "odd" in (row.notification.problem or "")


def test_one_template_to_one_person_twice_in_a_step_is_one_message(tmp_path):
    procedure = FLAT.replace("  new:\n", "  new:\n    entry: [{escalate: agent}, {escalate: [agent, manager]}]\n")
    desk = engine(small(tmp_path, procedure))
    case = desk.open("desk", actor="agent.wang", summary="x").case
    keys = [row.notification.recipient for row in desk.store.outbox(case=case.id)]
    assert sorted(keys) == ["staff:agent.li", "staff:agent.wang", "staff:manager.sun"]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("D-{seq}", ["D-1", "D-2", "D-3", "D-4"]),
        ("D-{month}{day}-{seq:03}", ["D-1231-001", "D-0101-002", "D-0101-003", "D-1231-004"]),
        ("D-{year}-{seq}", ["D-2025-1", "D-2026-1", "D-2026-2", "D-2025-2"]),
    ],
)
def test_numbers_begin_anew_with_the_year_only_where_they_name_it(store, tmp_path, pattern, numbers):
    """Else the first case of a new year, or of a clock that was set back into the old one, had a number that another has."""
    desk = engine(
        small(tmp_path, PARENT.replace("D-{seq}", pattern), more={"procedures/helper.yaml": CHILD}), store=store
    )
    found = []
    for at in ("2025-12-31T23:59", "2026-01-01T00:00", "2026-01-01T00:01", "2025-12-31T23:58"):
        clock_of(desk).set(from_iso(at, "Asia/Shanghai"))
        found.append(desk.open("desk", actor="agent.wang", summary="x").case.number)
    assert found == numbers


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [("D-{seq}", ["D-1", "D-2", "D-3"]), ("D-{site}-{seq}", ["D-main-1", "D-north-1", "D-main-2"])],
)
def test_no_two_cases_of_different_sites_have_the_same_number(store, tmp_path, pattern, numbers):
    more = {"procedures/helper.yaml": CHILD}
    folder = small(tmp_path, PARENT.replace("D-{seq}", pattern), more=more)
    people = folder / "organisation.yaml"
    people.write_text(people.read_text() + "sites: {main: , north: }\n")
    desk = engine(folder, store=store)
    who = desk.actor("agent.wang")
    asked = [
        Command("open", "desk", values={"summary": "x"}, actor=who, site=site) for site in ("main", "north", "main")
    ]
    assert [desk.execute(each).case.number for each in asked] == numbers


PARENT = """
procedure: desk
number: D-{seq}
fields: {summary: {type: text}, phone: {type: phone, personal: true}}
initial: a
states:
  a: {transitions: {fix: {to: b, do: [{open: {helper: {as: fixes, wait: true, with: {summary: summary, phone: phone}}}}]}}}
  b: {transitions: {force: {to: z}}, always: [{to: z, guard: child.fixes.closed}]}
  z: {final: true}
"""
CHILD = """
procedure: helper
number: H-{seq}
fields: {summary: {type: text}, phone: {type: phone, personal: true}}
initial: a
states: {a: {transitions: {done_: {to: z}}}, z: {final: true}}
"""


def test_a_parent_waits_for_its_child_and_goes_on_when_it_closes(store, tmp_path):
    desk = engine(small(tmp_path, PARENT, more={"procedures/helper.yaml": CHILD}), store=store)
    parent = desk.open("desk", actor="agent.wang", summary="x", phone="13800001234").case.number
    case = desk.act(parent, "fix", actor="agent.wang").case
    child = desk.case(case.children["fixes"])
    assert (child.procedure, child.parent, child.fields["summary"]) == ("helper", case.id, "x")
    with pytest.raises(Refused) as refused:
        desk.act(parent, "force", actor="agent.wang")
    assert refused.value.code == "child"
    desk.act(child.number, "done_", actor="agent.wang")
    assert desk.case(parent).finished
    assert "13800001234" not in "".join(
        event.text() for number in (parent, child.number) for event in desk.history(number)
    )
    assert list(desk.personal(child.number).values()) == ["13800001234"]


def test_a_child_is_given_values_of_every_kind(store, tmp_path):
    kinds = {"money": "12.50", "decimal": "0.125", "instant": "2026-03-05 09:00", "date": "2026-03-05", "duration": "2h",
             "integer": 3, "list": ["a"], "boolean": True}  # fmt: skip
    fields = ", ".join(f"a_{kind}: {{type: {kind}}}" for kind in kinds)
    passed = ", ".join(f"a_{kind}: a_{kind}" for kind in kinds)
    family = PARENT.replace("fields: {", f"fields: {{{fields}, ").replace("with: {", f"with: {{{passed}, ")
    family = family.replace("wait: true", "wait: false").replace("a_decimal: a_decimal", "a_decimal: a_decimal * 2")
    helper = CHILD.replace("fields: {", f"fields: {{{fields}, ")
    desk = engine(small(tmp_path, family, more={"procedures/helper.yaml": helper}), store=store)
    opened = desk.open("desk", actor="agent.wang", **{f"a_{kind}": value for kind, value in kinds.items()}).case
    child = desk.case(desk.act(opened.id, "fix", actor="agent.wang").case.children["fixes"])
    given = {name: value for name, value in opened.fields.items() if name.startswith("a_")} | {"a_decimal": "0.250"}
    assert {name: value for name, value in child.fields.items() if name.startswith("a_")} == given


def test_what_cases_send_each_other_waits_while_the_database_cannot_be_written(store, tmp_path, monkeypatch):
    """The action is done and answered; what it asks of another case is neither lost nor parked for a disk that was full."""
    desk = engine(small(tmp_path, PARENT, more={"procedures/helper.yaml": CHILD}), store=store)
    parent = desk.open("desk", actor="agent.wang", summary="x").case.number
    real, calls = store.transact, []

    def full(work):
        calls.append(work)
        if len(calls) > 1:
            raise StoreError(Text("磁盘已满", "the disk is full"))
        return real(work)

    monkeypatch.setattr(store, "transact", full)
    case = desk.act(parent, "fix", actor="agent.wang").case
    monkeypatch.setattr(store, "transact", real)
    assert len(calls) == 2
    assert not list(store.dropped_inbox())
    desk.run_once()
    assert desk.case(case.children["fixes"]).parent == case.id
    assert not audit(desk)


def test_what_is_backdated_needs_a_right_and_a_reason(tmp_path):
    desk = engine(small(tmp_path, FLAT))
    for actor, reason in (("agent.wang", "x"), ("supervisor.zhao", None)):
        with pytest.raises(GuanjiaError):
            desk.open("desk", actor=actor, at=MONDAY - DAY, reason=reason, summary="x")
    with pytest.raises(Refused):
        desk.open("desk", actor="supervisor.zhao", at=MONDAY + DAY, reason="x", summary="x")
    event = desk.open("desk", actor="supervisor.zhao", at=MONDAY - DAY, reason="纸质登记", summary="x").events[0]
    assert (event.occurred_at, event.recorded_at, event.data["reason"]) == (MONDAY - DAY, MONDAY, "纸质登记")


def test_what_reached_nobody_is_told_anew_once_the_office_is_mended(tmp_path):
    """A notice by mail to somebody without an address waits, named, until the address is there; then it says what it would
    have said when it happened, not what the case has become since."""
    procedure = FLAT.replace(
        "  new:\n", "  new:\n    entry: [{notify: {odd: {to: 'staff:agent.li', channel: mail}}}]\n"
    )
    folder = small(
        tmp_path, procedure, templates=("odd",), more={"templates/en/odd.text.j2": "{{ number }} {{ state }}\n"}
    )
    desk = engine(folder)
    case = desk.open("desk", actor="agent.wang", summary="x").case
    desk.act(case.number, "accept", actor="agent.wang")
    (row,) = desk.store.outbox(case=case.id, status="unrenderable")
    with pytest.raises(Refused, match="no mail address"):
        desk.resend(row.notification)
    people = (folder / "organisation.yaml").read_text()
    (folder / "organisation.yaml").write_text(people.replace("agent.li: {", "agent.li: {mail: li@example.com, "))
    mended = engine(folder, store=desk.store)
    assert mended.resend(row.notification)
    assert not mended.resend(row.notification)
    (row,) = desk.store.outbox(case=case.id, status="waiting")
    assert (row.notification.address, row.notification.body.strip()) == ("li@example.com", f"{case.number} new")


def test_a_key_is_good_for_one_command_and_no_other(store, tmp_path):
    desk = engine(small(tmp_path, FLAT), store=store)
    number = desk.open("desk", actor="agent.wang", summary="x", key="k-1").case.number
    assert desk.open("desk", actor="agent.wang", summary="x", key="k-1").repeated
    with pytest.raises(Conflict, match="was used for another command"):
        desk.open("desk", actor="agent.wang", summary="something else", key="k-1")
    with pytest.raises(Conflict, match="was used for another command"):
        desk.act(number, "accept", actor="agent.wang", key="k-1")
    assert desk.store.count(Query()) == 1
    assert len(desk.history(number)) == 1
