"""What the funnel does not let pass, whoever calls it, and what it says instead."""

from __future__ import annotations

import pytest
from guanjia.errors import NotFound, Refused
from guanjia.model.event import Actor, Command

from tests.offices import engine, shipped


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("refusals") / "office")


@pytest.fixture
def desk(office):
    return engine(office)


@pytest.fixture
def number(desk):
    return desk.open("repair", actor="reception.chen", customer="c-1", room="3-1-502", summary="厨房漏水").case.number


def refused(call) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\u3000"])
def test_a_blank_text_is_no_value_and_does_not_fill_what_is_required(desk, number, blank):
    opened = refused(lambda: desk.open("repair", actor="reception.chen", room="1-1", summary=blank))
    assert opened.data["missing"] == ["summary"]
    label = desk.opening("repair").procedure.label
    assert opened.text.en == f"Still needed: {label('summary', 'en')} (summary)"
    assert opened.text.zh == f"还须填写：{label('summary', 'zh')}（summary）"
    cancelled = refused(lambda: desk.act(number, "cancel", actor="reception.chen", why=blank))
    assert cancelled.data["missing"] == ["why"]
    assert desk.edit(number, actor="reception.chen", place=blank).case.fields.get("place") is None
    assert refused(lambda: desk.note(number, blank, actor="reception.chen")).text.zh == "备注是空的。"


def test_what_a_case_is_not_opened_without_is_not_taken_from_it_later(desk, number):
    label = desk.opening("repair").procedure.label("summary", "en")
    for change in (
        lambda: desk.edit(number, actor="reception.chen", summary=" "),
        lambda: desk.act(number, "cancel", actor="reception.chen", why="x", summary=""),
    ):
        cleared = refused(change)
        assert cleared.code == "field"
        assert cleared.text.en == f"{label} (summary) is required, and cannot be cleared."
        assert cleared.text.zh.endswith("（summary）必须填写，不能清除。")
    assert desk.case(number).fields["summary"] == "厨房漏水"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\x07b", "\x7f"])
def test_remarks_and_reasons_are_held_to_what_fields_are_held_to(desk, number, hostile):
    calls = (
        lambda: desk.note(number, hostile, actor="reception.chen"),
        lambda: desk.act(number, "cancel", actor="reception.chen", why="x", reason=hostile),
        lambda: desk.edit(number, actor="reception.chen", place="x", reason=hostile),
    )
    for call in calls:
        assert "control characters" in refused(call).text.en
    assert "too long" in refused(lambda: desk.note(number, "长" * 20_001, actor="reception.chen")).text.en
    assert desk.case(number).seq == 1


def test_work_is_handed_to_nobody_who_is_not_there(desk, number):
    for who, meant in (
        ("engineer.lee", "engineer.li"),
        ("李强", "engineer.li"),
        ("李墙", "engineer.li"),
        ("nobody", "reception.chen"),
    ):
        error = refused(lambda who=who: desk.act(number, "dispatch", actor="coordinator.qian", to=who))
        assert (error.code, error.data["field"]) == ("field", "to")
        assert meant in error.hint.zh
    assert desk.case(number).states == ("reported",)
    gone = dict(desk.organisation.staff["engineer.li"], active=False)
    desk.organisation.staff["engineer.li"] = gone
    assert (
        "has left" in refused(lambda: desk.act(number, "dispatch", actor="coordinator.qian", to="engineer.li")).text.en
    )
    # Of somebody who has left one may still complain.
    about = {"summary": "态度差", "place": "大堂", "subject": "engineer.li"}
    assert desk.open("complaint", actor="reception.chen", **about).case.fields["subject"] == "engineer.li"


def test_what_is_possible_is_what_whoever_asks_may_do(desk, number):
    assert refused(lambda: desk.act(number, "finish", actor="finance.jiang")).code == "sight"
    for who in ("finance.jiang", "coordinator.qian"):
        desk.assign(number, who, actor="system")
    error = refused(lambda: desk.act(number, "finish", actor="finance.jiang"))
    assert error.hint.zh.endswith("蒋敏现在没有可办的操作。")
    error = refused(lambda: desk.act(number, "secure", actor="reception.chen"))
    assert (
        error.text.zh
        == "“险情已控制”只能由责任人（coordinator.qian）、维修工程师、秩序维护员、值班经理办理；陈静不是。"
    )
    assert set(error.data["possible"]) == {"triage", "dispatch", "cancel", "update", "urge", "raise_danger"}
    assert error.hint.en.startswith("陈静 can do now: triage, dispatch, cancel, ")


def test_what_a_guard_forbids_already_is_not_offered_whatever_would_still_be_filled_in(desk, number):
    def option(action, who):
        return next(item for item in desk.available(number, who) if item.action == action)

    cancel = option("cancel", "reception.chen")
    assert (cancel.allowed, cancel.requires) == (True, ("why",))
    desk.act(number, "dispatch", actor="coordinator.qian", to="engineer.li")
    desk.act(number, "arrive", actor="engineer.li")
    assert option("diagnose", "engineer.li").requires == ("cause",)
    assert option("diagnose", "engineer.li").optional == ("payer", "firm")
    for given, missing in (
        ({}, ["cause"]),
        ({"payer": "utility"}, ["cause", "firm"]),
        ({"payer": "utility", "cause": "x"}, ["firm"]),
    ):
        assert (
            refused(lambda given=given: desk.act(number, "diagnose", actor="engineer.li", **given)).data["missing"]
            == missing
        )
    desk.act(number, "diagnose", actor="engineer.li", cause="阀芯老化", payer="paid")
    assert not option("handle_now", "engineer.li").allowed
    desk.act(number, "offer", actor="engineer.li", price_basis="posted", quote="100", quote_items="阀芯一只")
    desk.act(number, "agree", actor="reception.chen", consent="phone", consent_by="业主本人")
    desk.act(number, "finish", actor="engineer.li", work="更换阀芯", cleaned=True)
    cancel = option("cancel", "reception.chen")
    assert not cancel.allowed
    assert "已经完工" in cancel.why[0].zh
    desk.act(number, "pass", actor="reception.chen")
    desk.act(number, "settle", actor="reception.chen", received="100")
    # What hangs on what is still to be typed is offered.
    assert option("rate", "agent.wang").requires == ("score", "solved")


def test_an_action_that_does_not_exist_is_told_with_the_one_that_was_meant(desk, number):
    for typed in ("dispach", "派单"):
        error = refused(lambda typed=typed: desk.act(number, typed, actor="reception.chen"))
        assert isinstance(error, Refused)
        assert error.code == "not_found"
        assert error.hint.zh.startswith("是不是：派单（dispatch）")
        assert error.hint.en.startswith("Did you mean dispatch")


def test_a_number_that_does_not_exist_is_told_with_those_that_are_like_it(desk, number):
    for typed in (number.lower().replace("0000", "000"), number + "0"):
        with pytest.raises(NotFound) as caught:
            desk.case(typed)
        assert number in caught.value.hint.en
    with pytest.raises(NotFound) as caught:
        desk.note("nothing like it", "x", actor="reception.chen")
    assert caught.value.data["known"] == []


@pytest.mark.parametrize("typed", ["ＢＸ-2026-00001", "bx－２０２６－００００１", "1", "００００１"])
def test_a_number_in_wide_signs_or_its_last_part_alone_leads_to_the_case(desk, number, typed):
    wanted = (
        typed
        if typed.isdecimal()
        else typed.replace("2026", number.split("-")[1]).replace("２０２６", number.split("-")[1])
    )
    with pytest.raises(NotFound) as caught:
        desk.case(wanted.replace("00001", number[-5:]))
    assert caught.value.data["known"][0] == number


def test_a_clock_is_meant_by_what_people_call_it_too(desk, number):
    for call in (
        lambda: desk.why(number, "完工时限"),
        lambda: desk.adjust(number, "完工时限", "pause", actor="manager.sun", reason="x"),
    ):
        with pytest.raises((NotFound, Refused)) as caught:
            call()
        assert (caught.value.hint.zh, caught.value.hint.en) == (
            "是不是：完工时限（resolve）？",
            "Did you mean completion (resolve)?",
        )
    with pytest.raises(NotFound) as caught:
        desk.why(number, "xyz")
    assert caught.value.hint.zh.startswith("有：派单时限（dispatching）、")


def test_fields_and_the_assignee_are_changed_by_those_whose_case_it_is_and_by_right(desk, number):
    stranger, right = "agent.wang", "supervisor.zhao"
    for call in (
        lambda who: desk.edit(number, actor=who, place="大堂"),
        lambda who: desk.assign(number, "engineer.he", actor=who, reason="换人"),
    ):
        error = refused(lambda call=call: call(stranger))
        assert error.code == "role"
        assert "王小明" in error.text.zh
        call("reception.chen")  # opened it
        call(right)
    assert [event.type for event in desk.history(number)].count("refused") == 2
    desk.edit(number, actor="engineer.he", place="门厅")  # is responsible for it now
    assert desk.case(number).fields["place"] == "门厅"


def test_a_customer_is_heard_on_his_own_case_only(desk, number):
    own, other = Actor("c-1", (), "customer"), Actor("c-2", (), "customer")
    desk.note(number, "下午在家", actor=own)
    desk.attach(number, "现场.txt", b"x", actor=own)
    assert refused(lambda: desk.note(number, "偷看", actor=other)).code == "sight"
    assert refused(lambda: desk.execute(Command("edit", "", number, {"place": "x"}, other))).code == "sight"


def test_labels_of_a_procedure_that_was_broken_stay(office, tmp_path):
    import json
    import shutil

    folder = tmp_path / "office"
    shutil.copytree(office, folder)
    first = engine(folder)
    (folder / "procedures/repair.yaml").write_text("procedure: [\n")
    second = engine(folder, store=first.store)
    known = json.loads(second.store.setting("office"))
    assert known["labels"]["repair"]["zh"]["dispatched"] == "已派单"
