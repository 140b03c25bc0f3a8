"""Cases that make cases, on the office as it is shipped: what one finds becomes another, each knows the other, and a parent waits where it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import DAY, HOUR
from guanjia.errors import Refused
from guanjia.model.case import Case
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import Query

from tests.offices import clock_of, engine, shipped


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shipped(tmp_path_factory.mktemp("made") / "office", ("complaint", "patrol", "inspection"))


@pytest.fixture
def desk(folder: Path) -> Engine:
    return engine(folder)


def below(desk: Engine, case: str) -> dict[str, Case]:
    """The children of a case by name; each knows it as its parent."""
    found = {name: desk.case(child) for name, child in desk.case(case).children.items()}
    assert {child.parent for child in found.values()} <= {desk.case(case).id}
    return found


def complaint(desk: Engine, cause: str, **more: Any) -> str:
    """A complaint of which the cause is found out, as people do it."""
    case = desk.open("complaint", actor="reception.chen", summary="无人跟进", place="3 栋", **more).case.id
    desk.act(case, "acknowledge", actor="reception.chen")
    desk.act(case, "assess", actor="coordinator.qian", category="facility", department="engineering")
    desk.act(case, "assign", actor="coordinator.qian", to="agent.wang")
    desk.act(case, "accept", actor="agent.wang")
    desk.act(case, "find", actor="agent.wang", facts="漏跟", cause=cause, liability="ours", proof="记录")
    return case


def test_the_third_complaint_of_one_cause_raises_an_improvement_and_a_training_and_no_other_does(desk: Engine) -> None:
    cases = [complaint(desk, cause) for cause in ("delay", "omission", "delay", "staff_attitude")]
    complaint(desk, "delay", mode="drill")
    assert not any(below(desk, case) for case in cases)
    clock_of(desk).advance(80 * DAY)
    third = complaint(desk, "delay")
    made = below(desk, third)
    assert {name: case.procedure for name, case in made.items()} == {
        "improvement": "improvement_action", "training_case": "training",
    }  # fmt: skip
    improvement, training = made["improvement"], made["training_case"]
    assert (improvement.fields["source"], improvement.fields["root_cause"]) == ("complaints", "delay")
    assert (training.fields["source"], training.fields["topic"]) == ("complaint_cause", "skills")
    assert [below(desk, complaint(desk, "delay")) for _ in range(2)] == [{}, {}], "not again within the quarter"
    clock_of(desk).advance(91 * DAY)
    assert [len(below(desk, complaint(desk, "delay"))) for _ in range(4)] == [0, 0, 2, 0]
    assert list(audit(desk)) == []


def test_each_finding_of_a_round_that_is_to_be_mended_opens_a_repair_and_the_round_waits_for_all_of_them(
    desk: Engine,
) -> None:
    walk = desk.open("patrol", actor="system", route="BJ-1").case.id
    desk.act(walk, "begin", actor="cleaner.liu")
    for worst, mend in (("lamp", False), ("rubbish", False), ("other_issue", True), ("lamp", False)):
        desk.act(walk, "find", actor="cleaner.liu", worst=worst, found=worst, mend=mend)
    made = below(desk, walk)
    assert {name: (case.procedure, case.fields["summary"]) for name, case in made.items()} == {
        "fix": ("repair", "lamp"), "fix_2": ("repair", "other_issue"), "fix_3": ("repair", "lamp"),
    }  # fmt: skip
    desk.act(walk, "finish", actor="cleaner.liu", missed="演示")
    for _ in range(4):
        desk.act(walk, "fixed", actor="cleaner.liu", evidence="已围挡")
    assert desk.case(walk).states == ("checking",), "the draw wants this one walked again"
    for case in made.values():
        with pytest.raises(Refused) as refused:
            desk.act(walk, "walked_again", actor="supervisor.zhao", score=5)
        assert refused.value.code == "child"
        desk.act(case.id, "cancel", actor="coordinator.qian", why="已修好")
    assert desk.act(walk, "walked_again", actor="supervisor.zhao", score=5).case.outcome == "walked"


def test_an_inspection_is_not_verified_while_its_repair_is_open(desk: Engine) -> None:
    case = desk.open("inspection", actor="system", equipment="SB-1").case.id
    desk.act(case, "abnormal", actor="engineer.he", found="渗漏", risk="minor_risk")
    desk.act(case, "rechecked", actor="engineer.he", sound=True, reading="正常", photos="两张")
    with pytest.raises(Refused) as refused:
        desk.act(case, "verify", actor="supervisor.han")
    assert refused.value.code == "child"
    desk.act(below(desk, case)["fix"].id, "cancel", actor="coordinator.qian", why="已修好")
    assert desk.act(case, "verify", actor="supervisor.han").case.outcome == "in_order"


@pytest.mark.parametrize("found", ["at the opening", "at the triage", "on site"])
def test_a_danger_in_a_repair_becomes_one_emergency_whenever_it_is_seen(desk: Engine, found: str) -> None:
    case = desk.open(
        "repair", actor="reception.chen", room="3-1-502", summary="插座冒烟", danger=found == "at the opening"
    ).case.id
    if found == "on site":
        desk.act(case, "raise_danger", actor="coordinator.qian")
    given = {"danger": True} if found == "at the triage" else {}
    desk.act(case, "triage", actor="coordinator.qian", skill="electrical", **given)
    made = below(desk, case)
    assert {name: child.procedure for name, child in made.items()} == {"danger_case": "emergency"}
    with pytest.raises(Refused) as refused:
        desk.act(case, "raise_danger", actor="coordinator.qian")
    assert refused.value.code == "guard"
    assert desk.case(case).fields["danger"] is True


def test_of_homes_whose_supply_is_back_a_share_is_visited_and_who_still_has_none_has_the_case_open_again(
    desk: Engine,
) -> None:
    homes = [desk.open("repair", actor="reception.chen", room="3-1-502", summary="停水").case.id for _ in range(30)]
    for case in homes:
        desk.signal(case, "supply_restored")
    visits = {case: visit for case in homes for visit in below(desk, case).values()}
    assert 0 < len(visits) < len(homes)
    unhappy, happy, *_ = visits
    clock_of(desk).advance(10 * DAY + HOUR)  # the seven days of the resident are over; those of the visit are not
    desk.act(visits[unhappy].id, "rate", actor="agent.wang", score=1, solved=False)
    desk.act(visits[happy].id, "rate", actor="agent.wang", score=5, solved=True)
    again = desk.case(unhappy)
    assert (again.finished, again.states, again.past["reopen"].by) == (False, ("reported",), "system")
    assert desk.case(visits[unhappy].id).outcome == "reopened_original"
    assert desk.case(happy).finished
    assert list(desk.store.dropped_inbox()) == []
    assert desk.store.count(Query(procedure="repair", open=True)) == 1


def test_a_contractor_who_is_an_hour_late_is_told_to_the_supervisor_once(desk: Engine) -> None:
    case = desk.open("inspection", actor="system", equipment="DT-1").case.id
    told: list[int] = []
    for minutes in (59, 1, 30):
        clock_of(desk).advance(minutes * HOUR // 60)
        desk.run_once()
        told.append(sum(event.type == "elapsed" or "escalated" in event.data for event in desk.history(case)))
    assert told == [0, 1, 1]
    assert desk.case(case).clocks["attendance"].status == "running"
    desk.act(case, "arrived", actor="security.zhou", licence="T-001")
    assert desk.case(case).clocks["attendance"].status == "breached"
