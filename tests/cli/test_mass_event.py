"""A mass event on the command line: where somebody has to go, and what a household's own case says it was told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guanjia.model.places import ranged, rooms_of, spread

from tests.cli.conftest import Call
from tests.offices import small
from tests.runtime.test_households import HOUSEHOLD, JOB, OUTAGE, PEOPLE, TEXTS

ROOMS = [f"3-{unit}-{floor}{room:02}" for unit in (1, 2) for floor in range(1, 10) for room in range(1, 5)]


@pytest.fixture
def office_of_outages(tmp_path: Path) -> Path:
    people = PEOPLE.replace("floors: 5", "floors: 9")
    more = {"procedures/household.yaml": HOUSEHOLD, "procedures/job.yaml": JOB, "organisation.yaml": people, **TEXTS}
    return small(tmp_path / "outages", OUTAGE, name="outage", more=more)


@pytest.fixture
def go(do: Call, office_of_outages: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("GUANJIA_OFFICE", str(office_of_outages))
    return do


def begun(go: Call) -> str:
    return str(json.loads(go("open", "outage", "--summary", "水管爆了", "--json").out)["number"])


def test_all_rooms_where_somebody_has_to_go_are_told_to_who_asks_for_them(go: Call) -> None:
    number = begun(go)
    asked = ("do", number, "tell", "--area", "3", "--news", "停水")
    short = go("--as", "supervisor.zhao", *asked)
    assert "（72）：3-1-101..104、" in short.out
    assert "3-2-901..904" not in short.out
    assert f"    全部房号：guanjia --as supervisor.zhao show {number} --all\n" in short.out
    whole = "".join(go("show", number, "--all").out.split())
    told = whole.partition("（72）：")[2].partition("area=")[0]
    assert list(spread(told.split("、"))) == ROOMS
    events = json.loads(go("show", number, "--json").out)["events"]
    assert [event["unreached"] for event in events] == [[], ROOMS]
    more = json.loads(go("--as", "supervisor.zhao", *asked, "--json").out)
    assert more["events"][0]["unreached"] == ROOMS


def test_a_household_is_told_by_a_message_that_its_own_case_calls_as_people_do(
    go: Call, office_of_outages: Path
) -> None:
    for language, subject in (("zh", "主题：【{{ number }}】停水通知"), ("en", "Subject: [{{ number }}] no water")):
        text = f"{subject}\n{{{{ news }}}}\n"
        (office_of_outages / f"templates/{language}/news.text.j2").write_text(text)
    lives = ("customer", "add", "--name", "张伟", "--phone", "13800001234", "--room", "3-1-101")
    assert go("--as", "manager.sun", *lives).code == 0
    go("--as", "supervisor.zhao", "do", begun(go), "tell", "--area", "3-1-101", "--news", "停水")
    assert go("work", "--once").code == 0
    own = next(case["number"] for case in json.loads(go("ls", "--json").out) if case["procedure"] == "household")
    assert "通知 客户：“停水通知”" in go("show", own).out
    assert "told customer: “no water”" in go("--lang", "en", "show", own).out
    export = ("--as", "manager.sun", "customer", "export", "C-00001", "--reason", "本人申请")
    assert "通知 客户：“停水通知”" in go(*export).out
    assert "“news”" not in go(*export, "--json").out


def test_rooms_that_follow_each_other_are_written_as_one_range_and_nothing_else_is() -> None:
    rooms = ["3-09", "3-10", "3-12", "A", "A", "4-2-99", "4-2-100", "4-2-101", "5-2-102", "5"]
    assert ranged(rooms) == ["3-09..10", "3-12", "A", "A", "4-2-99", "4-2-100..101", "5-2-102", "5"]
    all_rooms = rooms_of("7", {"units": ["1..2"], "floors": ["1..12"], "rooms": ["1..3"], "also": ["S01", "S02"]})
    assert len(ranged(all_rooms)) == 25
    assert tuple(spread(ranged(all_rooms))) == all_rooms
