"""An office at work, all from the command line: a case from its first word to its end."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from guanjia.cli.run import ROOT
from guanjia.clock import HOUR, MINUTE, ManualClock, from_iso

from tests.cli.complaints import PHONE
from tests.cli.terminals import Ran

Call = Callable[..., Ran]


def test_a_case_goes_from_its_first_word_to_its_end(do: Call, clock: ManualClock) -> None:
    opened = do("open", "complaint", "--summary", "电梯异响", "--urgent", "--tags", "a,b")
    assert opened.code == 0
    assert opened.out.splitlines()[0].split() == ["TS-2026-00001", "投诉", "已受理"]
    assert "下一时限：响应  09:30  还剩 30 分" in opened.out
    clock.advance(10 * MINUTE)
    accepted = do("do", "TS-2026-00001", "accept", "--room", "3-1-502", "--promise", "今天上门")
    assert accepted.code == 0
    assert "接单：已受理 → 处理中" in accepted.out
    assert "承诺 = 今天上门" in accepted.out
    closed = do("do", "TS-2026-00001", "finish", "--lang", "en")
    assert closed.code == 0
    assert "finish: in hand → closed" in closed.out
    assert do("ls").out == "没有符合的工单。\n"
    assert "TS-2026-00001" in do("ls", "--closed").out


def test_show_tells_what_can_be_done_and_the_very_line_works(do: Call, case: str) -> None:
    shown = do("show", case)
    assert shown.code == 0
    assert "还剩 30 分" in shown.out
    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines() if "guanjia do" in line)
    assert lines == {
        "接单": f"guanjia do {case} accept --room ROOM --promise TEXT",
        "撤回": f"guanjia do {case} withdraw",
    }
    assert do(*lines["撤回"].split()[1:]).code == 0
    ended = do("show", case).out
    assert "代客户" in ended
    assert "没有可办的操作" in ended


def test_what_is_personal_is_masked_until_it_is_asked_for(do: Call, case: str) -> None:
    for words in (["show", case], ["show", case, "--json"], ["show", case, "--all", "--lang", "en"]):
        ran = do(*words)
        assert PHONE not in ran.out
        assert "138****1234" in ran.out
    assert "--reason" in do("show", case, "--reveal").err
    assert PHONE in do("show", case, "--reveal", "--reason", "回电").out
    assert "查看了完整的个人信息" in do("show", case, "--all").out
    for words in (["ls"], ["board"], ["find", case], ["do", case], ["outbox"], ["doctor"]):
        assert PHONE not in do(*words).out


def test_what_is_missing_is_named_where_nobody_can_be_asked(do: Call, case: str) -> None:
    opened = do("open", "complaint")
    assert opened.code == 1
    assert "内容" in opened.err
    assert "summary" in opened.err
    accepted = do("do", case, "accept")
    assert accepted.code == 1
    assert "promise" in accepted.err


def test_a_wrong_value_is_refused_in_words_and_nothing_happened(do: Call, case: str) -> None:
    for words, said in ((["--severity", "huge"], "minor"), (["--phone", "abc"], "电话"), (["--visit", "soon"], "时间")):
        ran = do("edit", case, *words)
        assert ran.code == 1
        assert said in ran.err
    assert json.loads(do("show", case, "--json").out)["version"] == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["do", "TS-2026-99999"], 1, "没有工单"), (["show", "nothing"], 1, "没有工单"), (["open", "complait"], 1, "complaint"),
        (["do", "CASE", "acept"], 1, "accept"), (["do", "CASE", "finish"], 1, "已受理"), (["edit", "CASE"], 2, "--summary"),
        (["edit", "CASE", "--sumary", "x"], 2, "--summary"), (["assign", "CASE", "agent.wong"], 1, "agent.wang"),
        (["note", "CASE", "x", "--as", "nobody"], 1, "agent.wang"), (["attach", "CASE", "/nowhere/x"], 1, "/nowhere/x"),
        (["do", "CASE", "accept", "--expect", "7", "--room", "1", "--promise", "x"], 4, "TS-2026-00001"),
        (["do", "CASE", "accept", "--at", "soon"], 2, "2026-11-24 09:05"), (["outbox", "show", "nothing"], 1, "没有通知"),
        (["calendar", "show", "ofice"], 1, "office"), (["calendar", "explain", "09:00", "5d"], 2, "5"), (["procedures", "x"], 1, "complaint"),
        (["signal", "CASE", "paid"], 1, "已受理"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_has_its_exit_code_and_says_what_there_is(
    words: list[str], code: int, said: str, language: str, do: Call, case: str
) -> None:
    ran = do(*[case if word == "CASE" else word for word in words], "--lang", language)
    assert ran.code == code, ran
    assert not ran.out
    assert ran.err.startswith("错误：" if language == "zh" else "Error: ")
    if language == "zh" or said.isascii():
        assert said in ran.err
    if language == "en":
        assert not re.search("[\u4e00-\u9fff]", re.sub("电梯异响|王小明", "", ran.err)), ran.err


def test_a_key_makes_it_happen_once(do: Call, case: str) -> None:
    first = do("note", case, "已联系", "--key", "k1", "--json")
    again = do("note", case, "已联系", "--key", "k1", "--json")
    assert (json.loads(first.out)["repeated"], json.loads(again.out)["repeated"]) == (False, True)
    assert "没有重复办理" in do("note", case, "已联系", "--key", "k1").out
    assert do("note", case, "另一句", "--key", "k1").code == 4


def test_backdating_needs_its_right_and_a_reason_and_is_seen_in_the_history(
    do: Call, case: str, clock: ManualClock
) -> None:
    clock.advance(2 * HOUR)
    words = ("do", case, "accept", "--room", "1-1", "--promise", "x", "--at", "09:20")
    assert do(*words).code == 1
    assert "backdate" in do(*words).err


def test_remarks_files_and_assignment_stand_in_the_history_by_name(do: Call, case: str, tmp_path: Path) -> None:
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(b"\xff\xd8")
    assert do("note", case, "下午", "在家").code == 0
    assert do("attach", case, str(photo)).code == 0
    assert do("assign", case, "agent.li", "--reason", "换班").code == 0
    assert do("edit", case, "--severity", "major").code == 0
    shown = do("show", case).out
    for said in ("下午 在家", "现场.jpg", "指定责任人 Li Lei", "换班", "严重程度 = 严重", "王小明（agent.wang）"):
        assert said in shown, said


def test_an_attachment_that_cannot_be_put_anywhere_is_not_looked_at(do: Call, case: str, tmp_path: Path) -> None:
    photo, target = tmp_path / "现场.jpg", tmp_path / "copy.jpg"
    photo.write_bytes(b"\xff\xd8")
    do("attach", case, str(photo))
    get = ("attach", case, "--get", json.loads(do("attach", case, "--json").out)[0]["number"], "--reason", "看")
    get = tuple(map(str, get))
    target.write_text("mine")
    for to in (["--to", str(target)], ["--to", str(tmp_path / "nowhere/x")]):
        refused = do(*get, *to)
        assert (refused.code, "已有文件" in refused.err or "写不了" in refused.err) == (1, True), to
    assert (target.read_text(), photo.read_bytes()) == ("mine", b"\xff\xd8")
    assert do("log", "--access", "--json").out.strip() == "[]"
    assert do(*get).code == 0
    assert (tmp_path / "现场-2.jpg").read_bytes() == b"\xff\xd8"
    photo.unlink()
    assert do(*get).code == 0
    assert photo.read_bytes() == b"\xff\xd8"
    assert len(json.loads(do("log", "--access", "--json").out)) == 2


def test_where_an_attachment_is_not_given_out_no_file_is_left(do: Call, case: str, tmp_path: Path) -> None:
    photo, target = tmp_path / "现场.jpg", tmp_path / "copy.jpg"
    photo.write_bytes(b"\xff\xd8")
    number = json.loads(do("attach", case, str(photo), "--json").out)["events"][0]["seq"]
    for seq, reason in ((number, ""), (number + 90, "看")):
        assert do("attach", case, "--get", str(seq), "--to", str(target), "--reason", reason).code == 1
    assert not target.exists()


def test_a_clock_is_paused_by_hand_with_a_reason_and_says_so(do: Call, case: str, clock: ManualClock) -> None:
    refused = do("clock", "pause", case, "respond", "--reason", "等钥匙", "--as", "agent.wang")
    assert refused.code == 1
    assert "clocks" in refused.err
    assert "--reason" in do("clock", "pause", case, "respond", "--as", "supervisor.zhao").err
    unknown = do("clock", "pause", case, "repsond", "--reason", "等钥匙", "--as", "supervisor.zhao")
    assert "respond" in unknown.err
    paused = do("clock", "pause", case, "respond", "--reason", "等钥匙", "--as", "supervisor.zhao")
    assert (paused.code, "人工暂停“响应”" in paused.out, "等钥匙" in paused.out) == (0, True, True)
    assert "人工暂停" in do("show", case).out
    assert json.loads(do("show", case, "--json").out)["clocks"][0]["by_hand"] is True
    clock.advance(HOUR)
    assert do("clock", "resume", case, "respond", "--reason", "钥匙到了", "--as", "supervisor.zhao").code == 0
    shown = json.loads(do("show", case, "--json").out)["clocks"][0]
    assert (shown["status"], shown["used_seconds"], shown["due"][11:16]) == ("running", 0, "10:30")
    assert do("clock", "reset", case, "respond", "--reason", "改了诉求", "--as", "supervisor.zhao").code == 0
    cycles = [(item["cycle"], item["status"]) for item in json.loads(do("show", case, "--json").out)["clocks"]]
    assert cycles == [(2, "running"), (1, "reset")]


def test_the_worker_does_what_time_demands_and_says_so(do: Call, case: str, clock: ManualClock) -> None:
    assert "没有要做的" in do("work", "--once").out
    clock.advance(HOUR)
    done = json.loads(do("work", "--once", "--json").out)
    assert done["fired"] >= 1
    assert done["problems"] == []
    shown = do("show", case).out
    assert "“响应”超时" in shown
    assert "超时 30 分" in shown
    assert "late" in do("ls", "--lang", "en").out
    board = json.loads(do("board", "--json").out)
    assert (board["open"], board["late"]) == (1, 1)
    assert "超时 1" in do("board").out


def test_whoever_was_told_of_an_escalation_acknowledges_it_and_show_says_who_was_told_when(
    do: Call, case: str, clock: ManualClock
) -> None:
    assert do("ack", case).code == 1
    clock.advance(31 * MINUTE)
    do("work", "--once")
    shown = do("show", case).out
    assert "逐级上报  因“响应”  第 1/2 级，无人确认" in shown
    assert re.search(r"第 1 级 主管 +2026-11-24 09:30  赵敏（supervisor.zhao）", shown)
    assert re.search(r"第 2 级 经理 +2026-11-24 10:30  还没有到", shown)
    assert f"guanjia ack {case}" in shown
    refused = do("ack", case)
    assert (refused.code, "已通知：supervisor.zhao" in refused.err) == (1, True)
    done = do("--as", "supervisor.zhao", "ack", case, "--reason", "已安排")
    assert (done.code, "确认收到升级" in done.out, "原因：已安排" in done.out) == (0, True, True)
    clock.advance(2 * HOUR)
    do("work", "--once")
    ended = do("show", case, "--lang", "en").out
    assert "level 1 of 2, acknowledged 2026-11-24 09:31  赵敏 (supervisor.zhao)" in ended
    assert "level 2" not in ended


def test_a_field_typed_by_what_people_call_it_is_told_its_name(do: Call, case: str) -> None:
    for words in (
        ("open", "complaint", "--房号", "3-1-502"),
        ("do", case, "accept", "--房号", "3-1"),
        ("edit", case, "--房", "3-1"),
    ):
        refused = do(*words)
        assert (refused.code, "是不是：--room？" in refused.err) == (2, True), refused.err


def test_what_is_late_is_listed_by_itself_also_where_no_clock_runs_any_more(
    do: Call, case: str, clock: ManualClock
) -> None:
    assert do("ls", "--overdue").out == "没有符合的工单。\n"
    clock.advance(31 * MINUTE)
    fresh = json.loads(do("open", "complaint", "--summary", "x", "--room", "3-1-502", "--json").out)["number"]
    assert [row["number"] for row in json.loads(do("ls", "--overdue", "--json").out)] == [case]
    do("do", case, "accept", "--promise", "今天", "--room", "3-1-501")
    clock.advance(31 * MINUTE)
    late = do("ls", "--overdue", "--json", "--order", "opened", "--limit", "1", "--offset", "1")
    assert [row["number"] for row in json.loads(late.out)] in ([case], [fresh])
    assert {row["number"] for row in json.loads(do("ls", "--overdue", "--json").out)} == {case, fresh}
    assert "还有更多" in do("ls", "--overdue", "--limit", "1").out


def test_an_escalation_that_nobody_acknowledges_is_told_everywhere_until_somebody_does(
    do: Call, case: str, clock: ManualClock
) -> None:
    """Half an hour, then an hour to the second and last level, and once more as long."""
    assert do("ls", "--alarm").out == "没有符合的工单。\n"
    clock.advance(3 * HOUR)
    worked = do("work", "--once")
    assert f"{case}：升级“逐级上报”到顶仍没有人确认：guanjia ack {case}" in worked.err
    assert "到顶无人确认，2026-11-24 11:30 告警" in do("show", case).out
    assert "office.yaml 没有写 alarm，没有通知任何人" in do("show", case).out
    assert "无人确认" in do("ls").out
    assert [row["alarms"] for row in json.loads(do("ls", "--alarm", "--json").out)] == [1]
    assert "alarm: nobody acknowledged" in do("show", case, "--all", "--lang", "en").out
    checked = do("doctor", "--lang", "en")
    assert checked.code == 1
    assert (
        "1 case whose last level of escalation nobody acknowledged, or that nobody could take: guanjia ls --alarm"
        in checked.out
    )
    told = json.loads(do("why", case, "--json").out)[0]["turns"]
    assert [turn["kind"] for turn in told if turn["kind"] in ("climbed", "alarmed")] == [
        "climbed",
        "climbed",
        "alarmed",
    ]
    assert do("--as", "supervisor.zhao", "ack", case).code == 0
    assert do("ls", "--alarm").out == "没有符合的工单。\n"
    assert "有人确认" in do("why", case, "--lang", "zh").out


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "错误：{}：升级“逐级上报”到顶仍没有人确认：guanjia ack {}\n"), ("en", "error: {}: nobody acknowledged the last level of “reporting upwards”: guanjia ack {}\n")],
)  # fmt: skip
def test_a_worker_tells_an_alarm_once_in_the_language_that_was_asked_for(
    do: Call, case: str, clock: ManualClock, language: str, said: str
) -> None:
    clock.advance(3 * HOUR)
    assert do("--lang", language, "work", "--once").err == said.format(case, case)


def test_a_worker_tells_what_went_wrong_in_one_language_with_what_it_is_about(
    do: Call, case: str, office: Path
) -> None:
    path = office / "office.yaml"
    path.write_text(
        f"{path.read_text()}schedules: {{rounds: {{open: complaint, cron: 0 8 * * *, with: {{summary: x}}}}}}\n"
    )
    assert do("work", "--once").err == ""
    with closing(sqlite3.connect(office / "guanjia.db")) as database, database:
        database.execute("UPDATE settings SET value = 'x' WHERE name = 'schedule:rounds'")
    told = do("work", "--once", "--lang", "en").err
    assert told.startswith("error: schedule:rounds: when it last opened a case is damaged"), told
    assert not re.search("[\u4e00-\u9fff]", told)


def test_messages_are_listed_shown_and_sent_again(do: Call, case: str) -> None:
    do("do", case, "accept", "--room", "3-1-502", "--promise", "x")
    do("work", "--once")
    rows = json.loads(do("outbox", "list", case, "--json").out)
    assert [row["template"] for row in rows] == ["told"]
    assert rows[0]["short"] in do("outbox").out
    shown = do("outbox", "show", rows[0]["short"])
    assert case in shown.out
    message = shown.out.split("\n\n", 1)[1].splitlines()[1:]
    assert message
    assert all(line.startswith("│ ") for line in message)
    again = do("outbox", "retry", rows[0]["key"])
    assert again.code == (0 if rows[0]["status"] in ("dead", "unrenderable") else 1)
    assert do("outbox", "retry").code == 2
    assert do("outbox", "retry", "--all").code == 0


def test_a_list_that_was_asked_for_by_a_name_that_there_is_not_says_what_there_is(do: Call, case: str) -> None:
    for words, meant in (
        (["--procedure", "complait"], "complaint"), (["-p", "投诉"], "complaint"), (["--state", "recieved"], "received"), (["-s", "已受理"], "received"),
        (["--assignee", "agent.wong"], "agent.wang"), (["-a", "agent.le"], "agent.li"), (["--mode", "dril"], "drill"), (["--parent", "TS-2026-0001"], case),
    ):  # fmt: skip
        for more in ([], ["--json"]):
            ran = do("ls", *words, *more)
            assert (ran.code, ran.out) == (1, ""), words
            assert meant in ran.err, words
    for words in (
        ["--procedure", "complaint"],
        ["--state", "handling"],
        ["--assignee", "agent.li"],
        ["--mode", "drill"],
        ["--room", "x"],
    ):
        assert do("ls", "--closed", *words).code == 0, words
    assert do("test", "complait").code == 1
    assert do("procedures", "投诉").code == 1


def test_staff_are_listed_by_id_name_and_role(do: Call) -> None:
    shown = do("staff", "agent").out
    assert shown.splitlines()[1].split() == ["agent.wang", "王小明", "客服（agent）"]
    assert "supervisor" not in shown
    assert {row["id"] for row in json.loads(do("staff", "--json").out)} == {
        "agent.wang", "agent.li", "supervisor.zhao", "manager.sun",
    }  # fmt: skip
    assert "supervisor" in do("staff", "主管").err


def test_what_may_be_given_besides_stands_below_the_line_with_what_it_is_now(do: Call, office: Path) -> None:
    path = office / "procedures/complaint.yaml"
    path.write_text(path.read_text().replace("require: [room]", "require: [room, severity]"))
    assert do("open", "complaint", "--summary", "x").code == 0
    shown = do("show", "TS-2026-00001").out
    assert "accept --room ROOM --promise TEXT\n" in shown
    assert "可加 --severity 'minor|major'（现为 一般）\n" in shown
    accept = json.loads(do("do", "TS-2026-00001", "--json").out)[0]
    assert (accept["requires"], accept["optional"]) == (["room", "promise"], ["severity"])


def test_a_line_to_type_means_the_same_office_and_the_same_person(do: Call, case: str, office: Path) -> None:
    lines = [
        line
        for line in do("--as", "agent.li", "--office", str(office), "show", case).out.splitlines()
        if " do " in line
    ]
    assert lines
    for line in lines:
        assert f"guanjia --office {office} --as agent.li do {case} " in line
    assert "接下来可以（Li Lei）" in do("--as", "agent.li", "do", case).out
    assert f"guanjia do {case}" in do("show", case).out


def test_outbox_alone_is_its_list_with_all_that_a_list_takes(do: Call, case: str) -> None:
    do("do", case, "accept", "--room", "3-1-502", "--promise", "x")
    for words in ((), ("list",), (case,), ("--lang", "zh"), ("--status", "waiting"), ("--limit", "5", case)):
        assert "told" in do("outbox", *words).out, words
        assert json.loads(do("outbox", *words, "--json").out)[0]["template"] == "told"
    assert "show" in do("outbox", "shwo", "x").err
    assert do("outbox", "TS-9").code == 1


def test_the_program_says_its_version(do: Call) -> None:
    assert re.fullmatch(r"guanjia \d+\.\d+\.\d+\S*\n", do("--version").out)


def test_an_office_file_that_cannot_be_read_is_told_as_such(
    do: Call, office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (office / "office.yaml").chmod(0)
    if os.access(office / "office.yaml", os.R_OK):  # who runs the tests may read everything
        monkeypatch.setattr("builtins.open", _nobody_may_read(open))
        monkeypatch.setattr(Path, "open", _nobody_may_read(Path.open))
    for words in (["ls"], ["show", "TS-1"], ["check"]):
        ran = do(*words)
        assert ran.code == 3, ran
        assert "office.yaml" in ran.out + ran.err
        assert "没有权限" in ran.out + ran.err


def _nobody_may_read(real: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(path: Any, *rest: Any, **named: Any) -> Any:
        if str(path).endswith("office.yaml"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *rest, **named)

    return refuse


def test_a_database_of_an_older_program_is_brought_up_to_date_by_whatever_is_asked_first(
    do: Call, office: Path
) -> None:
    (office / "guanjia.db").write_bytes(b"")
    assert do("ls").out == "没有符合的工单。\n"
    assert do("open", "complaint", "--summary", "x").code == 0


def test_the_outbox_says_until_when_a_message_waits_and_why(
    do: Call, case: str, clock: ManualClock, office: Path
) -> None:
    with (office / "office.yaml").open("a") as file:
        file.write("quiet: {customers: residents}\n")
    clock.set(from_iso("2026-11-24T22:30+08:00"))
    do("do", case, "accept", "--room", "3-1-502", "--promise", "今天上门")
    assert "11-25 08:00 发送" in do("outbox").out
    assert "goes out 11-25 08:00" in do("outbox", "--lang", "en").out
    assert "11-25 08:00 发送" in do("show", case).out
    (row,) = (row for row in json.loads(do("outbox", "--json").out) if row["recipient"] == "customer")
    assert (row["status"], row["urgency"], row["not_before"]) == ("waiting", "normal", "2026-11-25T08:00:00+08:00")
    shown = do("outbox", "show", row["short"]).out
    assert "一般" in shown
    assert "安静时段，11-25 08:00 发送" in shown
    do("work", "--once")
    assert json.loads(do("outbox", "show", row["short"], "--json").out)["status"] == "waiting"
    clock.set(from_iso("2026-11-25T08:00+08:00"))
    do("work", "--once")
    assert json.loads(do("outbox", "show", row["short"], "--json").out)["status"] == "sent"


def test_a_drill_is_marked_and_not_listed_among_real_cases(do: Call) -> None:
    opened = do("open", "complaint", "--mode", "drill", "--summary", "演习")
    assert opened.code == 0, opened.err
    assert do("ls").out == "没有符合的工单。\n"
    assert "[演练]" in do("ls", "--mode", "all").out
    assert do("assign", "TS-2026-00001-DRILL", "agent.wang").code == 0
    for words, there in (
        (["mine"], "guanjia ls --mode drill --mine"),
        (["team"], "guanjia ls --mode drill"),
        (["board"], "guanjia ls --mode drill"),
    ):
        told = do(*words)
        assert told.out.splitlines()[-1] == f"另有 1 件演练：{there}", told.err
        assert do(*words, "--lang", "en").out.splitlines()[-1] == f"Left out, drill: 1 ({there})"
        assert do(*there.split()[1:]).out.count("-DRILL") == 1
    assert "另有" not in do("mine", "--as", "agent.li").out


def test_check_names_the_very_place_and_leaves_with_three(do: Call, office: Path) -> None:
    assert do("check").code == 0
    path = office / "procedures/complaint.yaml"
    path.write_text(path.read_text().replace("to: handling", "to: handlin"))
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "handlin\n" in text + "\n")
    ran = do("check")
    assert ran.code == 3
    assert f"procedures/complaint.yaml:{line}:" in ran.out
    assert "^" in ran.out
    found = json.loads(do("check", "--json").out)
    assert found[0]["line"] == line
    assert do("open", "complaint", "--summary", "x").code == 3
    refused = do("open", "complaint", "--summary", "x").err
    assert f"procedures/complaint.yaml:{line}:" in refused
    assert "不由您维护的，请告诉管理员" in refused


def test_stories_are_run_and_a_failing_one_leaves_with_one(do: Call, office: Path) -> None:
    story = """\
stories:
  - story: accepted in time
    at: 2026-11-24 09:00
    open: {by: agent.wang, with: {summary: x, room: 1-1}}
    steps:
      - {when: accept, with: {promise: y}}
      - then: {state: handling}
"""
    path = office / "procedures/complaint.stories.yaml"
    path.write_text(story)
    ran = do("test")
    assert ran.code == 0, ran
    path.write_text(story.replace("state: handling", "state: received"))
    ran = do("test", "complaint")
    assert ran.code == 1
    assert "procedures/complaint.stories.yaml:7:" in ran.out
    assert json.loads(do("test", "--json").out)[0]["passed"] is False


def test_doctor_and_audit_find_an_office_in_good_health(do: Call, case: str, office: Path) -> None:
    health = json.loads(do("doctor", "--json").out)
    assert health["healthy"], health["problems"]
    assert do("doctor").code == 0
    assert json.loads(do("audit", "--json").out)["problems"] == []
    assert "1 个工单" in do("audit").out


def test_doctor_says_that_no_worker_runs_and_that_files_are_wrong(
    do: Call, case: str, clock: ManualClock, office: Path
) -> None:
    clock.advance(3 * HOUR)
    ran = do("doctor")
    assert ran.code == 1
    assert "guanjia work" in ran.out
    (office / "procedures/broken.yaml").write_text("procedure: [\n")
    assert "guanjia check" in do("doctor").out


def test_a_database_that_is_none_leaves_with_five(do: Call, case: str, office: Path) -> None:
    (office / "guanjia.db").write_bytes(b"this is no database at all, only some text" * 100)
    for words in (["ls"], ["show", case], ["note", case, "x"]):
        ran = do(*words)
        assert ran.code == 5, ran
        assert "guanjia.db" in ran.err


def test_what_a_resident_typed_cannot_move_the_cursor_anywhere(do: Call, case: str) -> None:
    hostile = "\u202eevil\u009b31m\u2028"
    assert do("edit", case, f"--summary={hostile}", f"--room={hostile}").code == 0
    assert do("note", case, hostile).code == 0
    for words in (
        ["ls"],
        ["show", case],
        ["board"],
        ["find", "TS"],
        ["do", case],
        ["ls", "--json"],
        ["show", case, "--json"],
        ["board", "--json"],
    ):
        ran = do(*words)
        assert ran.code == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", ran.out), words


def test_a_user_of_the_system_is_known_by_the_organisation(
    do: Call, office: Path, monkeypatch: pytest.MonkeyPatch, run: Call
) -> None:
    from guanjia.cli import desk

    monkeypatch.delenv("GUANJIA_AS")
    monkeypatch.setattr(desk, "system_user", lambda: "mei")
    stranger = do("whoami")
    assert stranger.code == 1
    assert "users: [mei]" in stranger.err
    assert do("show", "nothing").code == 1
    path = office / "organisation.yaml"
    path.write_text(path.read_text().replace("{name: Li Lei,", "{users: [mei], name: Li Lei,"))
    assert json.loads(do("whoami", "--json").out)["id"] == "agent.li"
    assert do("open", "complaint", "--summary", "x").code == 0
    assert do("assign", "TS-2026-00001", "agent.li", "--reason", "x").code == 0
    assert [row["number"] for row in json.loads(do("ls", "--mine", "--json").out)] == ["TS-2026-00001"]


def test_every_reading_command_prints_json_that_can_be_read(do: Call, case: str) -> None:
    for words in (
        ["ls"], ["find", "TS"], ["show", case], ["board"], ["outbox", "list"], ["do", case], ["procedures"],
        ["procedures", "complaint"], ["calendar", "show"], ["calendar", "check"], ["calendar", "explain", "09:00", "4h"], ["check"], ["whoami"],
        ["doctor"], ["audit"], ["test"], ["staff"], ["outbox"],
    ):  # fmt: skip
        ran = do(*words, "--json")
        assert ran.code == 0, (words, ran)
        json.loads(ran.out)


def test_every_command_has_its_section_in_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs/cli.md").read_text(encoding="utf-8")
    heads = " ".join(re.findall(r"^### (.*)$", text, re.MULTILINE))
    for name in ROOT.entries:
        assert re.search(rf"\b{name}\b", heads), name


def test_nothing_the_office_keeps_is_readable_by_others(do: Call, case: str, office: Path) -> None:
    assert not stat.S_IMODE((office / "guanjia.db").stat().st_mode) & 0o007
