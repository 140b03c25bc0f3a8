"""`take-in`: a file of old cases, line by line, each as a whole, and none twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import DAY, ManualClock, from_iso

from tests.cli.terminals import Ran
from tests.cli.test_shapes import differences, documented
from tests.offices import PEOPLE, small
from tests.runtime.test_taking_in import DESK

Call = Callable[..., Ran]
CLOCK = ManualClock(from_iso("2026-03-02T09:00", "Asia/Shanghai"))
LINE = {
    "open": "desk", "at": "2026-02-02 09:00", "by": "agent.old", "customer": "C-7", "key": "4711", "with": {"priority": "usual"},
    "steps": [
        {"do": "accept", "at": "2026-02-02 09:20", "by": "agent.old"},
        {"note": "业主下午在家", "at": "2026-02-02 09:30", "by": "agent.old"},
        {"do": "ask", "at": "2026-02-02 10:00", "by": "agent.old"},
        {"do": "answered", "at": "2026-02-02 14:00", "by": "customer"},
        {"edit": {"priority": "high"}, "at": "2026-02-02 14:10", "by": "agent.old"},
        {"assign": "agent.wang", "at": "2026-02-02 14:20", "by": "system"},
        {"do": "finish", "at": "2026-02-02 15:00", "by": "agent.wang", "with": {"number": "13900005678"}},
    ],
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Path:
    people = PEOPLE + "  agent.old: {name: 老王, roles: [agent], active: false}\n"
    return small(tmp_path / "office", DESK, templates=("told",), more={"organisation.yaml": people})


@pytest.fixture
def do(run: Callable[..., Ran], office: Path) -> Call:
    def go(*words: str, who: str = "supervisor.zhao", lang: str = "zh") -> Ran:
        return run("--office", str(office), "--as", who, "--lang", lang, *words, clock=CLOCK)

    return go


def written(tmp_path: Path, *lines: object) -> str:
    file = tmp_path / "old.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return str(file)


def test_old_cases_come_in_judged_by_their_own_instants_and_once(do: Call, tmp_path: Path) -> None:
    other = {"open": "desk", "at": "2026-01-05 09:00", "by": "agent.wang"}
    file = written(tmp_path, LINE, "", other)
    assert "补录了 2 个工单，原已补录 0 个，0 行未能补录。" in do("take-in", file, "--reason", "旧系统停用").out
    assert "补录了 0 个工单，原已补录 2 个，0 行未能补录。" in do("take-in", file, "--reason", "旧系统停用").out
    closed = json.loads(do("show", "D-2026-1", "--json").out)
    assert {clock["name"]: clock["status"] for clock in closed["clocks"]} == {"answer": "met", "solve": "met"}
    assert (closed["opener"], closed["customer"], closed["closed_at"]) == (
        "agent.old",
        "C-7",
        "2026-02-02T15:00:00+08:00",
    )
    shown = do("show", "D-2026-1").out
    assert "由 赵敏（supervisor.zhao） 补录" in shown
    assert "老王（agent.old）" in shown
    assert "通知 客户" not in shown
    late = json.loads(do("show", "D-2026-2", "--json").out)
    assert [clock["breached_at"] is None for clock in late["clocks"]] == [False, False]
    CLOCK.advance(DAY)
    assert "发出" not in do("work", "--once").out
    assert json.loads(do("outbox", "--json").out) == []
    assert do("audit").code == 0


def test_a_line_that_does_not_fit_is_named_and_holds_up_no_other(do: Call, tmp_path: Path) -> None:
    step = {"do": "finish", "at": "2026-02-02 09:20", "by": "agent.wang"}
    lines = [
        "{", "[]", {"opne": "desk"}, {"at": "2026-02-02 09:00"}, {"open": "desk", "at": "soon", "by": "agent.wang"},
        {"open": "desk", "at": "2026-02-02 09:00"}, {"open": "desk", "at": "2026-02-02 09:00", "by": "agent.wong"},
        {"open": "dusk", "at": "2026-02-02 09:00", "by": "agent.wang"},
        {"open": "desk", "at": "2026-02-02 09:00", "by": "agent.wang", "steps": [step]},
        {"open": "desk", "at": "2026-02-02 09:00", "by": "agent.wang", "steps": [{"at": "2026-02-02 09:20"}]},
        {"open": "desk", "at": "2026-02-02 09:00", "by": "agent.wang", "steps": [{**step, "wiht": {}}]},
        {"open": "desk", "at": "2027-02-02 09:00", "by": "agent.wang"}, {"open": "desk", "at": "2026-02-02 09:00", "by": "agent.wang", "with": []},
        LINE,
    ]  # fmt: skip
    ran = do("take-in", written(tmp_path, *lines), "--reason", "x", lang="en")
    assert ran.code == 1
    assert "1 case taken in, 0 were in already, 13 lines refused." in ran.out
    for number, said in (
        (1, "it is no JSON"), (2, "a line is one"), (3, "unknown key 'opne'"), (4, "it needs `open`"), (5, "the time 'soon'"), (6, "`by` is missing"),
        (7, "agent.wong"), (8, "no procedure 'dusk'"), (9, "Step 2 (act finish"), (10, "a step is one of"), (11, "unknown key 'wiht'"),
        (12, "must be over"), (13, "`with` and `edit` are"),
    ):  # fmt: skip
        (line,) = [line for line in ran.out.splitlines() if f"line {number}: " in line]
        assert said in line
    assert "did you mean open?" in ran.out
    told = json.loads(do("take-in", written(tmp_path, *lines), "--reason", "x", "--json").out)
    assert (told["taken_in"], told["repeated"], told["refused"], told["reasons"][0]["line"]) == (0, 1, 13, 1)
    assert differences(documented("take-in FILE"), told) == []


def test_a_file_that_is_none_is_told_in_one_language(do: Call, tmp_path: Path) -> None:
    (tmp_path / "gbk.jsonl").write_bytes("中文".encode("gbk"))
    for file, said in ((str(tmp_path / "none.jsonl"), "没有这个文件"), (str(tmp_path / "gbk.jsonl"), "不是 UTF-8")):
        ran = do("take-in", file, "--reason", "x")
        assert (ran.code, said in ran.err, "No such" in ran.err) == (1, True, False)
    ran = do("take-in", written(tmp_path, "{", '{"at": ' + "9" * 5000 + "}"), "--reason", "x")
    assert [line[2:] for line in ran.out.splitlines()[1:]] == [
        "第 1 行：不是 JSON：第 2 个字符处写错了",
        "第 2 行：不是 JSON：有一个数太长",
    ]


def test_without_the_right_or_a_reason_nothing_is_read(do: Call, tmp_path: Path) -> None:
    file = written(tmp_path, LINE)
    refused = do("take-in", file, "--reason", "x", who="agent.wang")
    assert (refused.code, "需要 backdate 权限" in refused.err) == (1, True)
    assert "须写明原因" in do("take-in", file).err
    missing = do("take-in", str(tmp_path / "none.jsonl"), "--reason", "x", lang="en")
    assert (missing.code, "cannot be read" in missing.err) == (1, True)
    assert do("ls", "--all", "--json").out.strip() == "[]"
