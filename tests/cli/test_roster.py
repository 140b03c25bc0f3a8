"""`guanjia roster`: who is on duty, who is not, and what lacks people, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminals import Ran

Call = Callable[..., Ran]
PEOPLE = """
shifts:
  day: {label: {zh: 白班, en: day}, hours: "08:00-20:00"}
  night: {label: {zh: 夜班, en: night}, hours: "20:00-08:00", least: 2}
"""


@pytest.fixture
def rostered(office: Path) -> Path:
    path = office / "organisation.yaml"
    path.write_text(
        path.read_text().replace(
            "{name: Li Lei, roles: [agent], language: en}",
            "{name: Li Lei, roles: [agent], language: en, leave: {on: 2026-11-25, reason: sick}}",
        )
        + PEOPLE
    )
    (office / "rosters").mkdir()
    (office / "rosters/november.csv").write_text(
        "date,shift,staff\n2026-11-24,day,agent.wang\n2026-11-24,night,agent.li\n2026-11-25,night,agent.li\n"
    )
    return office


def test_who_is_on_duty_is_told_for_now_for_a_night_and_for_a_week(do: Call, rostered: Path) -> None:
    now = do("roster")
    assert now.code == 0, now.err
    assert "王小明" in now.out
    assert "Li Lei" not in now.out
    assert "另有在岗：赵敏、孙经理" in now.out
    night = do("roster", "--at", "2026-11-25 03:00", "--lang", "en")
    assert all(said in night.out for said in ("Li Lei", "1 missing", "1 shift with too few people"))
    week = do("roster", "--week")
    assert week.out.count("夜班") == 7
    assert "不在：Li Lei（agent.li）  2026-11-25 病假" in week.out
    assert "缺人的班次 13 个" in week.out


def test_the_shape_for_programs_says_what_is_missing_and_who_is_away(do: Call, rostered: Path) -> None:
    data = json.loads(do("roster", "--at", "2026-11-25 21:00", "--json").out)
    assert data["shifts"] == [
        {"shift": "night", "date": "2026-11-25", "hours": ["20:00-08:00"], "on_call": False, "staff": [], "away": ["agent.li"],
         "least": 2, "missing": 2}
    ]  # fmt: skip
    assert data["on_leave"] == [{"id": "agent.li", "date": "2026-11-25", "reason": "sick"}]
    assert data["on_duty"] == ["supervisor.zhao", "manager.sun"]


def test_an_office_without_shifts_says_so_and_a_time_that_is_none_is_refused(do: Call, office: Path) -> None:
    assert "没有班次" in do("roster").out
    assert "There is no roster" in do("roster", "--lang", "en").out
    wrong = do("roster", "--at", "tomorrow")
    assert wrong.code == 2
    assert "2026-11-24 09:05" in wrong.err


def test_a_roster_that_changes_stands_in_the_record_of_the_office(do: Call, rostered: Path) -> None:
    assert do("roster").code == 0
    (rostered / "rosters/november.csv").write_text("date,shift,staff\n2026-11-24,day,agent.li\n")
    assert "Li Lei" in do("roster").out
    assert "组织有变动：排班" in do("log").out
    assert "the organisation changed: rosters" in do("log", "--lang", "en").out
