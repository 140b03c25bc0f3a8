"""Lists of cases, and the check of an office in which nothing changed, start fast: they load nothing that they do not need."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import HOUR, MINUTE, ManualClock, from_iso
from guanjia.model.sight import ANYBODY, joined
from guanjia.store import Change, Columns, EventRow, open_store

from tests.cli.terminals import Ran
from tests.offices import small

NOW = from_iso("2026-11-24T12:00+08:00")
HEAVY = {"pydantic", "jinja2", "transitions", "apscheduler", "rich", "yaml", "click", "asyncio", "logging", "inspect"}


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Fifty cases of an office whose files nobody reads: what lists need lies in the database."""
    folder = tmp_path / "office"
    folder.mkdir()
    (folder / "office.yaml").write_text("this: is not looked at\n")
    store = open_store(folder / "guanjia.db")
    store.migrate()
    office = {
        "digest": "x", "name": {"zh": "阳光花园"}, "zone": "Asia/Shanghai", "language": "zh", "staff": {"agent.wang": "王小明"},
        "labels": {"complaint": {"zh": {"complaint": "投诉", "received": "已受理"}, "en": {"received": "received"}}},
        "organisation": {"roles": {}, "staff": {"agent.wang": {"name": "王小明", "users": []}}}, "versions": {},
    }  # fmt: skip
    store.set_setting("office", json.dumps(office))
    for number in range(50):
        columns = Columns(
            "main", f"TS-2026-{number:05}", "complaint", "hash", "received", None, None, f"第 {number} 件\x1b[31m", "3-1-502",
            "agent.wang" if number % 2 else None, None, None, NOW - HOUR, NOW - HOUR, None, None, None,
            NOW + (number - 3) * 20 * MINUTE, int(number < 3), marks=joined([ANYBODY, *(["assignee:agent.wang"] if number % 2 else [])]),
        )  # fmt: skip
        row = EventRow(1, "[]", b"x" * 32, NOW)
        change = Change(f"case-{number}", 0, 1, "{}", columns, [row])
        store.transact(lambda tx, change=change: tx.write(change))  # type: ignore[misc]
    store.close()
    return folder


def call(*words: str) -> list[str]:
    """What the installed command runs."""
    return [sys.executable, "-c", "import sys; from guanjia.cli.main import main; sys.exit(main())", *words]


def surroundings(office: Path) -> dict[str, str]:
    """As installed: modules are compiled once and kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "GUANJIA_OFFICE": str(office), "PYTHONPYCACHEPREFIX": str(office.parent / "compiled")}


def test_a_list_loads_no_module_that_is_heavy(office: Path) -> None:
    listed, loaded = loading("--office", str(office), "ls")
    assert not loaded & (HEAVY - {"inspect"})
    assert listed.count("TS-2026-") == 50


def test_the_check_of_an_office_in_which_nothing_changed_loads_no_module_that_is_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = small(tmp_path / "office", DESK)
    first, _ = loading("check", "--office", str(folder), "--json")
    assert first == "[]\n", "only what is in order is known again"
    again, loaded = loading("check", "--office", str(folder), "--json")
    assert again == first
    assert not loaded & (HEAVY - {"inspect"})


DESK = """
procedure: desk
initial: new
states:
  new: {after: {late: {delay: 1 days, to: done}}, transitions: {finish: {by: agent, to: done}}}
  done: {final: true}
labels:
  zh: {desk: 服务台, new: 新, done: 完, finish: 办结, late: 逾期}
  en: {desk: desk, new: new, done: done, finish: finish, late: late}
"""


def loading(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and the packages that it loads."""
    script = "import sys; from guanjia.cli.main import main; code = main(); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    return ran.stdout, {name.partition(".")[0] for name in ran.stderr.split()}


def test_a_list_says_who_what_and_how_late_in_the_words_of_the_office(
    office: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_OFFICE", str(office))
    chinese = run("ls", "--lang", "zh", "--limit", "8", clock=ManualClock(NOW))
    lines = chinese.out.splitlines()
    assert lines[0].split() == ["编号", "流程", "状态", "时限", "责任人", "地点", "内容"]
    assert lines[1].split()[:5] == ["TS-2026-00000", "投诉", "已受理", "超时", "1"]
    assert "还剩 20 分" in chinese.out
    assert "王小明" in chinese.out
    assert "--limit" in lines[-1]
    assert "\x1b" not in chinese.out
    english = run("ls", "--limit", "8", clock=ManualClock(NOW))
    assert "1 h late" in english.out


def test_rows_as_json_have_the_documented_keys(office: Path, run: Callable[..., Ran]) -> None:
    rows = json.loads(run("ls", "--office", str(office), "--json", clock=ManualClock(NOW)).out)
    assert len(rows) == 50
    documented = (
        Path(__file__)
        .parents[2]
        .joinpath("docs/cli.md")
        .read_text(encoding="utf-8")
        .split("### show")[0]
        .split("```json")[1]
        .split("```")[0]
    )
    assert list(rows[0]) == list(json.loads(documented))
    assert rows[0]["late"] is True
    assert rows[4]["seconds_left"] == 20 * 60


def test_mine_are_those_of_whoever_asks_and_nobody_is_told_how_to_become_known(
    office: Path, run: Callable[..., Ran]
) -> None:
    rows = json.loads(
        run("ls", "--office", str(office), "--mine", "--as", "agent.wang", "--json", clock=ManualClock(NOW)).out
    )
    assert len(rows) == 25


def test_words_are_found_in_what_a_case_is_about(office: Path, run: Callable[..., Ran]) -> None:
    assert "TS-2026-00017" in run("find", "TS-2026-00017", "--office", str(office)).out
    assert run("find", "nothing like it", "--office", str(office)).out == "No such cases.\n"
    assert len(json.loads(run("find", "3-1-502", "--limit", "5", "--json", "--office", str(office)).out)) == 5


def test_a_reader_that_goes_away_is_no_error(office: Path) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{shlex.join(call('ls', '--json'))} | head -n 1"],
        env=surroundings(office),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not ran.stderr
