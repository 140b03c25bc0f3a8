"""`mine`, `team` and `handover`: whose what is, and how it goes to somebody else, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import HOUR, MINUTE, ManualClock

from tests.cli.terminals import Ran

Call = Callable[..., Ran]

PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, parent: supervisor}
  supervisor: {label: {zh: 主管, en: supervisor}, rights: [assign]}
  manager: {label: {zh: 经理, en: manager}}
teams: {front: {label: {zh: 前台组, en: front desk}, lead: supervisor.zhao}}
shifts:
  day: {label: {zh: 白班, en: day}, hours: "08:00-20:00"}
  night: {label: {zh: 夜班, en: night}, hours: "20:00-08:00"}
staff:
  agent.wang: {name: 王小明, roles: [agent], team: front, substitute: agent.li}
  agent.li: {name: Li Lei, roles: [agent], language: en, team: front}
  agent.xu: {name: 徐刚, roles: [agent]}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
  manager.sun: {name: 孙经理, roles: [manager]}
"""


@pytest.fixture
def desk(do: Call, office: Path) -> Call:
    """Three cases of agent.wang: `choose: first`."""
    (office / "organisation.yaml").write_text(PEOPLE)
    for summary in ("电梯异响", "路灯不亮", "水压低"):
        assert do("open", "complaint", "--summary", summary).code == 0
    return do


def assignees(do: Call, who: str = "agent.wang") -> dict[str, str]:
    return {row["number"][-1]: row["assignee"] for row in json.loads(do("ls", "--json", "--as", who).out)}


def test_what_is_mine_comes_first_and_then_what_waits_for_my_roles(desk: Call, clock: ManualClock) -> None:
    own = desk("mine")
    assert own.code == 0
    assert [word in own.out for word in ("我负责的", "电梯异响", "等着我的角色办的")] == [True, True, False]
    other = desk("mine", "--as", "agent.li", "--lang", "en")
    assert "Nothing." in other.out
    assert "guanjia --as agent.li do TS-2026-0000" in other.out
    data = json.loads(desk("mine", "--as", "agent.li", "--json").out)
    assert [row["actions"] for row in data["could"]] == [["accept"]] * 3
    assert (
        json.loads(desk("mine", "--as", "manager.sun", "--json").out)["could"] == []
    )  # to withdraw is nobody's next work
    assert "还有更多" in desk("mine", "--limit", "1").out


def test_the_team_is_told_with_what_each_has_to_do_and_what_is_late(desk: Call, clock: ManualClock) -> None:
    clock.advance(31 * MINUTE)
    shown = desk("team", "front")
    assert shown.code == 0
    line = next(line for line in shown.out.splitlines() if "agent.wang" in line)
    assert line.split()[:6] == ["agent.wang", "王小明", "前台组", "在岗", "3", "3"]
    assert "agent.xu" not in shown.out
    wrong = desk("team", "frnot", "--lang", "en")
    assert (wrong.code, "Did you mean front" in wrong.err) == (1, True)


def test_a_case_that_nobody_could_take_stands_below_the_team_and_is_marked_in_the_list(
    do: Call, office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_AS", "manager.sun")
    (office / "organisation.yaml").write_text(
        "roles: {agent: {}, supervisor: {}, manager: {}}\nstaff:\n  manager.sun: {name: 孙经理, roles: manager}\n"
    )
    opened = do("open", "complaint", "--summary", "x", "--as", "manager.sun")
    assert "没有人可以负责：agent" in opened.out
    assert "没有人可以负责的" in do("team").out
    assert "nobody responsible" in do("ls", "--alarm", "--lang", "en").out
    assert len(json.loads(do("team", "--json").out)["nobody"]) == 1
    assert do("assign", "TS-2026-00001", "manager.sun", "--as", "system").code == 0
    assert json.loads(do("team", "--json").out)["nobody"] == []


def test_a_handover_is_listed_first_and_done_when_it_is_said(desk: Call) -> None:
    looked = desk("handover", "agent.wang")
    assert looked.code == 0
    assert looked.out.count("Li Lei") == 3
    assert "由代班人接手 × 3" in looked.out
    assert "没有作任何改动" in looked.out
    assert set(assignees(desk).values()) == {"agent.wang"}
    assert desk("handover", "agent.wang", "--yes").code == 2
    done = desk("handover", "agent.wang", "--yes", "--reason", "休假", "--lang", "en")
    assert (done.code, "3 cases handed over." in done.out) == (0, True)
    assert set(assignees(desk).values()) == {"agent.li"}
    assert "原因：休假" in desk("show", "TS-2026-00001").out
    assert "no open work" in desk("handover", "agent.wang", "--lang", "en").out


def test_it_is_divided_among_the_people_of_the_next_shift(desk: Call, office: Path, clock: ManualClock) -> None:
    (office / "rosters").mkdir()
    (office / "rosters/november.csv").write_text(
        "date,shift,staff\n2026-11-24,day,agent.wang\n2026-11-24,night,agent.li\n2026-11-24,night,agent.xu\n2026-11-24,night,manager.sun\n"
    )
    clock.advance(10 * HOUR + 30 * MINUTE)
    refused = desk("handover", "day", "--lang", "zh")
    assert (refused.code, "例如：guanjia handover day night" in refused.err) == (2, True)
    done = desk(
        "handover", "day", "night", "--case", "ts-2026-00001", "--case", "TS-2026-00003", "--yes", "--reason", "交班"
    )
    assert done.code == 0, done.err
    assert assignees(desk) == {"1": "agent.li", "2": "agent.wang", "3": "agent.xu"}
    nobody = desk("handover", "agent.wang", "weekend")
    assert (nobody.code, "员工或班次" in nobody.err) == (1, True)


def test_whoever_alone_has_a_name_is_meant_by_it(desk: Call, office: Path) -> None:
    path = office / "procedures/complaint.yaml"
    path.write_text(path.read_text().replace("{promise: {type: text,", "{promise: {type: staff,"))
    assert json.loads(desk("--as", "赵敏", "whoami", "--json").out)["id"] == "supervisor.zhao"
    assert json.loads(desk("log", "--json").out)[0]["actor"] == "supervisor.zhao", "who took the edit up"
    number = json.loads(desk("open", "complaint", "--summary", "x", "--room", "1-1", "--json").out)["number"]
    assert desk("--as", "赵敏", "assign", number, "Li Lei", "--reason", "换班").code == 0
    assert [each["number"] for each in json.loads(desk("ls", "-a", "Li Lei", "--json").out)] == [number]
    assert number in desk("do", "accept", "--where", "assignee='Li Lei'", "--promise", "徐刚").out
    assert desk("can", "Li Lei", "accept", number).code == 0
    assert "承诺 = 徐刚（agent.xu）" in desk("--as", "Li Lei", "do", number, "accept", "--promise", "徐刚").out
    given = desk("--as", "赵敏", "handover", "Li Lei", "徐刚", "--yes", "--reason", "x", "--json")
    assert [each["to"] for each in json.loads(given.out)["cases"]] == ["agent.xu"]


def test_of_several_of_one_name_the_ids_are_told_and_who_has_left_is_none_of_them(desk: Call, office: Path) -> None:
    other = "  agent.xu2: {name: 徐刚, roles: [agent]}\n"
    (office / "organisation.yaml").write_text(PEOPLE + other)
    for words in (["assign", "TS-2026-00001", "徐刚", "--as", "赵敏"], ["--as", "徐刚", "ls"], ["ls", "-a", "徐刚"]):
        refused = desk(*words)
        assert (refused.code, "2 位“徐刚”" in refused.err, "agent.xu、agent.xu2" in refused.err) == (1, True, True)
    assert "Write the id: agent.xu, agent.xu2" in desk("--lang", "en", "can", "徐刚", "see", "TS-2026-00001").err
    (office / "organisation.yaml").write_text(PEOPLE + other.replace("]}", "], active: false}"))
    assert desk("assign", "TS-2026-00001", "徐刚", "--reason", "x", "--as", "赵敏").code == 0
    assert assignees(desk, "supervisor.zhao")["1"] == "agent.xu"


def test_who_has_left_still_gives_and_whoever_may_not_assign_is_refused(desk: Call, office: Path) -> None:
    (office / "organisation.yaml").write_text(
        PEOPLE.replace("team: front, substitute: agent.li", "active: false, team: front, substitute: agent.li")
    )
    line = next(line for line in desk("team", "--as", "supervisor.zhao").out.splitlines() if "agent.wang" in line)
    assert "已离职" in line
    refused = desk("handover", "agent.wang", "--yes", "--reason", "离职", "--as", "agent.li", "--json")
    data = json.loads(refused.out)
    assert refused.code == 1
    assert all("assign" in case["problem"]["en"] for case in data["cases"])
    assert set(assignees(desk, "supervisor.zhao").values()) == {"agent.wang"}
    assert "已离职" in desk("ls").err
    done = desk("handover", "agent.wang", "--yes", "--reason", "离职", "--as", "supervisor.zhao", "--json")
    cases: list[dict[str, Any]] = json.loads(done.out)["cases"]
    assert [(case["to"], case["stands_in"], case["problem"]) for case in cases] == [
        ("agent.li", "substitute", None)
    ] * 3
    assert desk("handover", "nobody", "--as", "supervisor.zhao").code == 1


def test_where_nobody_can_take_it_nothing_moves_and_it_is_said(do: Call, office: Path) -> None:
    (office / "organisation.yaml").write_text(
        "roles: {agent: {}, supervisor: {}, manager: {}}\nstaff:\n  agent.wang: {name: 王小明, roles: agent}\n"
    )
    assert do("open", "complaint", "--summary", "x").code == 0
    looked = do("handover", "agent.wang", "--yes", "--reason", "x")
    assert (looked.code, "没有人可以接" in looked.out) == (1, True)


def test_staff_are_listed_with_their_team_and_skills_and_a_certificate_that_expired_is_said(
    desk: Call, office: Path
) -> None:
    more = "skills: {lift: {label: {zh: 电梯, en: lifts}}, paint: }\n" + PEOPLE.replace(
        "agent.xu: {name: 徐刚, roles: [agent]}",
        "agent.xu: {name: 徐刚, roles: [agent], skills: [paint], certificates: {lift: 2026-11-23}}",
    )
    (office / "organisation.yaml").write_text(more)
    assert desk("roster").code == 0
    line = next(line for line in desk("staff").out.splitlines() if "agent.xu" in line)
    assert line.split() == ["agent.xu", "徐刚", "客服（agent）", "paint、电梯（2026-11-23", "已过期）"]
    assert "lifts (2026-11-23 expired)" in desk("staff", "--lang", "en").out
    assert "front desk" in desk("staff", "--lang", "en").out
