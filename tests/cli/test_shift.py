"""The log that one shift leaves to the next."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import HOUR, MINUTE, ManualClock

from tests.cli.terminals import Ran

Call = Callable[..., Ran]
SHIFTS = """\
shifts:
  day:   {hours: "08:00-20:00"}
  night: {hours: "20:00-08:00"}
staff:
"""


@pytest.fixture
def rostered(office: Path) -> Path:
    path = office / "organisation.yaml"
    path.write_text(path.read_text().replace("staff:\n", SHIFTS, 1))
    (office / "rosters").mkdir()
    (office / "rosters/now.yaml").write_text(
        "roster: [{shift: day, staff: [agent.wang]}, {shift: night, staff: [agent.li]}]\n"
    )
    return office


def test_what_happened_in_my_shift_and_what_is_open_is_listed_with_words_for_the_next(
    do: Call, rostered: Path, clock: ManualClock
) -> None:
    do("open", "complaint", "--summary", "早班以前的", "--room", "1-1")
    number = json.loads(do("open", "complaint", "--summary", "电梯异响", "--room", "3-1", "--json").out)["number"]
    clock.advance(31 * MINUTE)
    do("work", "--once")
    assert do("shift", "--note", "水泵明早再看，业主电话 13800001234").code == 0
    shown = do("shift").out
    assert "day" in shown
    assert "在办 2，超时 2" in shown
    assert number in shown
    assert "水泵明早再看" in shown
    assert "13800001234" not in shown + do("log").out
    assert "Words for the next" in do("--lang", "en", "shift").out
    told = json.loads(do("shift", "day", "--json").out)
    assert (told["shift"], told["from"][11:16], told["to"][11:16]) == ("day", "08:00", "09:31")
    assert next(case["events"] for case in told["cases"] if case["number"] == number) >= 2


def test_the_next_shift_reads_of_the_one_before(do: Call, rostered: Path, clock: ManualClock) -> None:
    number = json.loads(do("open", "complaint", "--summary", "电梯异响", "--json").out)["number"]
    do("shift", "--note", "已约维保")
    clock.advance(12 * HOUR)
    told = json.loads(do("--as", "agent.li", "shift", "day", "--json").out)
    assert [case["number"] for case in told["cases"]] == [number]
    assert [word["text"] for word in told["words"]] == ["已约维保"]
    mine = json.loads(do("--as", "agent.li", "shift", "--json").out)
    assert (mine["shift"], mine["words"]) == ("night", [])
    assert "没有班次" in do("shift", "nigth").err


def test_without_a_roster_it_is_the_last_half_day(do: Call, case: str, clock: ManualClock) -> None:
    told = json.loads(do("shift", "--json").out)
    assert (told["shift"], [each["number"] for each in told["cases"]]) == (None, [case])
    clock.advance(13 * HOUR)
    assert json.loads(do("shift", "--json").out)["cases"] == []
    assert "没有工单变动" in do("shift").out
    assert json.loads(do("shift", "--since", "2026-11-24 08:00", "--json").out)["cases"][0]["number"] == case
    assert do("shift", "--note", " ").code == 1
