"""What people read is called as they call it, in both languages; what they type, and what programs read, stays as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli import words
from guanjia.clock import HOUR, MINUTE, ManualClock
from guanjia.errors import Misused

from tests.cli.complaints import PROCEDURE
from tests.cli.terminals import Ran
from tests.offices import engine

Call = Callable[..., Ran]

PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, parent: supervisor}
  supervisor: {label: {zh: 主管, en: supervisor}}
  manager: {label: {zh: 经理, en: manager}}
sites: {main: {label: {zh: 翠湖花园, en: Cuihu Garden}, buildings: {"3": {label: {zh: 三号楼, en: Building Three}}, "4": }}}
teams: {front: {label: {zh: 前台组, en: front desk}, lead: supervisor.zhao}}
shifts: {day: {label: {zh: 白班, en: day shift}, hours: "08:00-20:00"}}
staff:
  agent.wang: {name: 王小明, roles: [agent], team: front, sites: [main], buildings: ["3", "4"]}
  agent.li: {name: Li Lei, roles: [agent], team: front}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
  manager.sun: {name: 孙经理, roles: [manager]}
"""


@pytest.fixture
def desk(do: Call, office: Path) -> Call:
    procedure = PROCEDURE.replace(
        "target: [{within: 30m}]", "target: [{guard: severity == 'major' and urgent, within: 15m}, {within: 30m}]"
    ).replace("to: closed, by: agent}", "to: closed, by: agent, guard: severity == 'major' or urgent}")
    (office / "procedures/complaint.yaml").write_text(
        procedure.replace("{to: manager, wait: 1h}", "{to: team:front, wait: 1h}")
    )
    (office / "organisation.yaml").write_text(PEOPLE)
    assert do("open", "complaint", "--summary", "电梯异响", "--room", "3-1-502").code == 0
    return do


CASE = "TS-2026-00001"


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("show", CASE), ["严重程度  一般", "3-1-502（三号楼）", "小区    翠湖花园", "王小明（agent.wang）  前台组"],
                         ["severity  minor", "3-1-502 (Building Three)", "Site      Cuihu Garden", "王小明 (agent.wang)  front desk"]),
        (("why", CASE), ["因为不成立：“严重程度”是“严重”（“严重程度” = 一般）", "将到达  到期"], ["“severity” is “major” (“severity” = minor)", "to come  due"]),
        (("procedures", "complaint"), ["minor（一般） | major（严重）", "客服", "前台组 → 1 小时 → 告警", "若“严重程度”是“严重”且“加急”为“是”，15 分钟", "其余 30 分钟"], ["minor | major", "front desk → 1 h → alarm", "if “severity” is “major” and “urgent” is yes: 15 min", "otherwise 30 min"]),
        (("roster",), ["另有在岗\n  前台组  王小明、Li Lei\n  其他    赵敏、孙经理"], ["Also on duty\n  front desk  王小明, Li Lei\n  others      赵敏, 孙经理"]),
        (("team", "front"), ["前台组  组长 赵敏（supervisor.zhao）"], ["front desk  lead 赵敏 (supervisor.zhao)"]),
        (("mine",), ["我负责的  王小明  前台组  翠湖花园、三号楼、4"], ["Mine  王小明  front desk  Cuihu Garden, Building Three, 4"]),
        (("staff",), ["前台组  翠湖花园、三号楼、4"], ["front desk  Cuihu Garden, Building Three, 4"]),
    ],
)  # fmt: skip
def test_choices_sites_buildings_and_teams_are_read_by_their_labels(
    desk: Call, words: tuple[str, ...], zh: list[str], en: list[str]
) -> None:
    for language, wanted in (("zh", zh), ("en", en)):
        ran = desk(*words, "--lang", language)
        assert ran.code == 0, ran.err
        for word in wanted:
            assert word in ran.out, (language, word, ran.out)


def test_programs_read_what_is_written(desk: Call) -> None:
    fields = json.loads(desk("show", CASE, "--json").out)["fields"]
    assert (fields["severity"], fields["room"]) == ("minor", "3-1-502")
    (account,) = json.loads(desk("why", CASE, "--json").out)
    assert account["targets"][0]["guard"] == "severity == 'major' and urgent"


def test_a_wrong_choice_is_told_with_what_may_be_typed_and_what_each_is_called(desk: Call) -> None:
    ran = desk("edit", CASE, "--severity", "grave")
    assert ran.code == 1
    assert "“grave”不在可选项中：minor、major" in ran.err
    assert "可填：一般（minor）、严重（major）" in ran.err


def test_a_guard_that_fails_is_told_in_words(desk: Call) -> None:
    desk("do", CASE, "accept", "--promise", "今天来")
    ran = desk("do", CASE, "finish")
    assert "条件不成立：严重程度 == “严重”［严重程度 = 一般］；加急［加急 = 空］" in ran.err
    assert (
        "The guard does not hold: severity == 'major' [severity = minor]; urgent [urgent = none]"
        in desk("do", CASE, "finish", "--lang", "en").err
    )


def test_a_notice_is_told_by_the_subject_of_its_letter_and_not_by_the_key_of_its_template(
    desk: Call, office: Path
) -> None:
    (office / "templates/zh/told.text.j2").write_text("主题：【{{ number }}】{{ procedure | label }}已登记\n内容\n")
    (office / "templates/en/told.text.j2").write_text(
        "Subject: [{{ number }}] {{ procedure | label }} taken down\ntext\n"
    )
    assert desk("open", "complaint", "--summary", "x", "--room", "3-1-502").code == 0
    assert desk("do", "TS-2026-00002", "accept", "--promise", "今天来").code == 0
    assert "通知 客户：“投诉已登记”" in desk("show", "TS-2026-00002").out
    assert "told customer: “complaint taken down”" in desk("show", "TS-2026-00002", "--lang", "en").out


def test_a_level_is_told_by_the_label_of_its_team_and_the_history_says_for_which_clock(
    desk: Call, clock: ManualClock
) -> None:
    clock.advance(HOUR + 31 * MINUTE)
    desk("work", "--once")
    shown = desk("show", CASE).out
    assert "第 2 级 前台组" in shown
    assert "“逐级上报”（响应）升到第 2 级" in shown
    assert "“reporting upwards” (response) climbed to level 2" in desk("show", CASE, "--lang", "en").out
    assert "逐级上报 第 2 级 前台组" in desk("why", CASE).out


def test_a_message_that_nobody_could_receive_names_whom_it_was_for(
    desk: Call, clock: ManualClock, office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_AS", "system")  # of the staff nobody is left who could look
    people = PEOPLE.replace("team: front, sites", "team: front, active: false, sites").replace(
        "team: front}", "team: front, active: false}"
    )
    (office / "organisation.yaml").write_text(
        people.replace("roles: [supervisor]}", "roles: [supervisor], active: false}")
    )
    clock.advance(HOUR + 31 * MINUTE)
    desk("work", "--once")
    assert re.search("前台组 +none", desk("outbox").out)
    assert re.search("front desk +none", desk("outbox", "--lang", "en").out)
    assert "没有人可以收到：前台组" in desk("show", CASE).out


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("80%", "80%", "80%"), ("due", "到期", "due"), ("due + 30m", "到期后 30 分钟", "30 min after due"),
        ("due - 1 workday", "到期前 1 个工作日", "1 working day before due"),
    ],
)  # fmt: skip
def test_a_threshold_is_told_in_words(name: str, zh: str, en: str) -> None:
    assert words.threshold(name) == (zh, en)


@pytest.mark.parametrize("who", [123, None, ["agent.wang"]])
def test_an_actor_that_is_no_text_is_told_as_such(office: Path, who: object) -> None:
    with pytest.raises(Misused) as unknown:
        engine(office).open("complaint", actor=who, summary="x")  # type: ignore[arg-type]
    assert type(who).__name__ in unknown.value.text.en
    assert "actor=…" in unknown.value.text.en
    assert "Actor | str" in unknown.value.hint.zh  # type: ignore[union-attr]


def test_an_action_is_taken_by_what_it_is_called_on_the_screen(desk: Call, office: Path) -> None:
    assert desk("do", CASE, "接单", "--promise", "今天上门").code == 0
    assert desk("do", CASE, "办理").code == 1
    assert desk("do", CASE, "Withdraw").code == 0
    assert "已撤回" in desk("--lang", "zh", "show", CASE).out
    procedure = (office / "procedures/complaint.yaml").read_text()
    (office / "procedures/complaint.yaml").write_text(
        procedure.replace("finish: 办结, withdraw: 撤回", "finish: 了结, withdraw: 了结")
    )
    assert desk("open", "complaint", "--summary", "又响了", "--room", "3-1-502").code == 0
    assert desk("do", "TS-2026-00002", "接单", "--promise", "明天").code == 0
    assert desk("do", "TS-2026-00002", "了结").code == 1, "two actions are called so"


def test_what_a_case_is_called_stays_known_when_its_procedure_has_it_no_more_or_is_gone(
    desk: Call, office: Path
) -> None:
    path = office / "procedures/complaint.yaml"
    renamed = re.sub(r"\breceived\b", "noted", path.read_text()).replace("noted: 已受理", "noted: 已登记")
    path.write_text(renamed.replace("complaint: 投诉", "complaint: 业主投诉"))
    assert desk("open", "complaint", "--summary", "x").code == 0
    assert set(re.findall("业主投诉  (已..)", desk("ls").out)) == {"已受理", "已登记"}, "and the newest word counts"
    path.unlink()
    assert desk("check").code == 0
    assert set(re.findall("业主投诉  (已..)", desk("ls").out)) == {"已受理", "已登记"}
