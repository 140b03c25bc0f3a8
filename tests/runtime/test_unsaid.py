"""What is of no case names nobody whom the register knows: reasons for the office itself, and words for the next shift."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, ManualClock
from guanjia.runtime import moving, publications, shift, suspending
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.unsaid import kept

from tests.offices import MONDAY, small
from tests.runtime.test_register import PEOPLE, PROCEDURE

NAMES = ("欧阳甲春", "王敏", "阿里木·买买提", "Sørine Kierkegaard", "O'Brien")
SAID = "欧阳甲春和王敏、阿里木·买买提（13812345678）都投诉了；sørine  kierkegaard and O'Brien too"
UNSAID = "欧**和王**、阿**（138****5678）都投诉了；s** and O** too"


@pytest.fixture
def desk(tmp_path: Path):
    with Engine.at(small(tmp_path, PROCEDURE, more={"organisation.yaml": PEOPLE}), clock=ManualClock(MONDAY)) as engine:
        for number, name in enumerate(NAMES):
            engine.customers.add(actor="manager.sun", name=name, phones=[f"1390000000{number}"])
        yield engine
        told = "".join(event.text() for event in engine.log()) + "".join(
            row.text for case in engine.store.cases() for row in engine.store.events(case)
        )
        assert not [name for name in (*NAMES, "kierkegaard", "13812345678") if name in told]
        assert not list(audit(engine))


def test_words_for_the_next_shift_name_nobody(desk: Engine) -> None:
    assert shift.leave(desk, desk.actor("agent.wang"), SAID).data["text"] == UNSAID


def test_why_something_is_published_moved_or_suspended_names_nobody(desk: Engine, tmp_path: Path) -> None:
    boss = desk.actor("manager.sun")
    case = desk.open("desk", actor="agent.wang", summary="x").case.id
    file = tmp_path / "procedures" / "desk.yaml"
    file.write_text(file.read_text().replace("finish:", "complete:"))
    desk.run_once()
    item = suspending.reasoned(desk, suspending.decide(desk, MONDAY, MONDAY + DAY), SAID)
    laid = moving.plan(desk, (), [item])
    moving.carry_out(desk, laid, boss, SAID, {}, moving.Tally(), happened=[suspending.suspended(item)])
    lifted = moving.plan(desk, (), suspending.ended(desk, "S1", MONDAY + HOUR))
    moving.carry_out(
        desk, lifted, boss, SAID, {}, moving.Tally(), happened=[suspending.resumed(desk, "S1", MONDAY + HOUR, SAID)]
    )
    moving.carry_out(desk, moving.plan_procedure(desk, "desk"), boss, SAID, {}, moving.Tally())
    publications.rollback(desk, "desk", 1, boss, SAID)
    assert {event.type for event in desk.log() if event.data.get("reason") == UNSAID} >= {
        "suspended",
        "resumed",
        "applied",
        "published",
    }
    assert [event.data["reason"] for event in desk.history(case) if "reason" in event.data] == [UNSAID]


def test_a_text_that_names_nobody_stays_as_it_is_and_who_is_forgotten_is_not_known(desk: Engine) -> None:
    assert kept(desk, "小区停电，王敏锐地发现") == "小区停电，王**锐地发现"  # rather one too many
    plain = "台风“梅花”，全市停工 24 小时 / typhoon"
    assert kept(desk, plain) == plain
    desk.customers.forget("C-00002", actor="manager.sun", reason="x")
    assert kept(desk, "王敏") == "王敏"
