"""`migrate`: an edited procedure reaches its open cases when somebody says so, after a look; what does not fit stays and is listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli.failure import OK, REFUSED
from guanjia.clock import ManualClock, from_iso

from tests.cli.terminals import Ran
from tests.cli.test_moves import PEOPLE
from tests.core.test_moving import DESK, made

CLOCK = ManualClock(from_iso("2026-03-02T16:00", "Asia/Shanghai"))
PAUSED = DESK.replace("waiting", "paused").replace("target: [{within: 4h}]", "target: [{within: 2h}]")


@pytest.fixture
def office(tmp_path: Path) -> Path:
    folder = made(tmp_path / "office")
    (folder / "organisation.yaml").write_text(PEOPLE)
    return folder


@pytest.fixture
def guanjia(run: Callable[..., Ran], office: Path) -> Callable[..., Ran]:
    def go(*words: str, who: str = "manager.sun", lang: str = "en") -> Ran:
        return run("--office", str(office), "--as", who, "--lang", lang, *words, clock=CLOCK)

    return go


@pytest.fixture
def edited(guanjia: Callable[..., Ran], office: Path) -> Path:
    """Three open cases, one of them in a state that the edit renamed, and a limit that it made shorter."""
    for _ in range(3):
        assert guanjia("open", "desk", who="agent.wang").code == OK
    assert guanjia("do", "D-3", "ask", who="agent.wang").code == OK
    (office / "procedures/desk.yaml").write_text(PAUSED)
    return office


def test_open_cases_come_under_an_edited_procedure_after_a_look_and_what_does_not_fit_is_listed(guanjia, edited):
    seen = guanjia("migrate", "desk", lang="zh")
    assert (seen.code, "将有 2 个时限改期，其中 0 个随即超时；涉及 2 个工单，1 个不能改用。" in seen.out) == (OK, True)
    assert "D-3" in seen.out
    assert "没有作任何改动" in seen.out
    assert "2026-03-03 11:00" in guanjia("show", "D-1").out  # four hours, as it was opened with
    done = guanjia("migrate", "desk", "--yes", "--reason", "缩短")
    assert (done.code, "2 deadlines moved, 0 breached; 2 cases, 1 refused." in done.out) == (REFUSED, True)
    assert "D-3  D-3 cannot come under" in done.out or "it has no state “waiting”" in done.out
    shown = guanjia("show", "D-1").out
    assert "2026-03-02 18:00" in shown
    assert "reason: 缩短" in shown
    assert "在办的“desk”改按新版本办理：缩短" in guanjia("log", lang="zh").out
    # Run again, it finds only the one that stayed.
    assert json.loads(guanjia("migrate", "desk", "--json").out)["planned"] == 1
    assert guanjia("do", "D-3", "answered", who="agent.wang").code == OK
    assert guanjia("migrate", "desk", "--yes", "--reason", "缩短").code == OK
    assert "都已按现在的版本办理" in guanjia("migrate", "desk", lang="zh").out
    assert guanjia("audit").code == OK


def test_a_clock_that_is_gone_ends_only_where_that_is_said(guanjia, edited):
    without = PAUSED.split("  answer:\n")[0] + "  solve:\n" + PAUSED.split("  solve:\n")[1]
    (edited / "procedures/desk.yaml").write_text(without)
    assert "3 refused" in guanjia("migrate", "desk").out
    assert "1 refused" in guanjia("migrate", "desk", "--drop", "answer").out


def test_who_may_not_and_what_is_not_there_is_said(guanjia, edited):
    refused = guanjia("migrate", "desk", "--yes", "--reason", "x", who="agent.wang")
    assert (refused.code, "calendar" in refused.err) == (REFUSED, True)
    assert guanjia("migrate", "desk", "--yes").code == REFUSED
    assert "Did you mean desk?" in guanjia("migrate", "desc").err


def test_the_last_move_is_taken_back_for_the_cases_to_which_nothing_has_happened_since(guanjia, edited):
    shown = {number: guanjia("show", number, "--json").out for number in ("D-1", "D-2")}
    assert guanjia("migrate", "desk", "--yes", "--reason", "缩短").code == REFUSED  # D-3 stays
    assert guanjia("do", "D-2", "accept", who="agent.wang").code == OK
    seen = guanjia("migrate", "--undo")
    assert (seen.code, "1 would go back, 1 stays under the new one" in seen.out) == (OK, True)
    assert "add --yes" in seen.out
    assert guanjia("migrate", "--undo", "--yes").code == REFUSED  # without a reason
    assert guanjia("migrate", "--undo", "--yes", "--reason", "x", who="agent.wang").code == REFUSED
    done = guanjia("migrate", "desk", "--undo", "--yes", "--reason", "误改", lang="zh")
    assert (done.code, "已撤回 1 个，1 个留在新版本" in done.out) == (REFUSED, True)
    assert "D-2  D-2 改用之后" in done.out
    before, after = json.loads(shown["D-1"]), json.loads(guanjia("show", "D-1", "--json").out)
    assert after["clocks"] == before["clocks"]
    assert "撤回“改用新版本”" in guanjia("show", "D-1", "--all", lang="zh").out
    assert "撤回“desk”在办工单的改用：误改" in guanjia("log", lang="zh").out
    again = json.loads(guanjia("migrate", "--undo", "--json").out)
    assert (again["cases"], again["refused"]) == (0, 1)  # what went back is not asked again
    assert guanjia("audit").code == OK


def test_what_cannot_be_taken_back_is_said(guanjia, office):
    none = guanjia("migrate", "--undo")
    assert (none.code, "No open cases were ever" in none.err) == (REFUSED, True)
    assert "Say which procedure" in guanjia("migrate").err
    assert "takes no --drop" in guanjia("migrate", "--undo", "--drop", "answer").err
