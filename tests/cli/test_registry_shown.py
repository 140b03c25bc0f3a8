"""What a person sees of registries and of what is planned from them: in both languages, with nothing there, with a wrong word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli.main import main
from guanjia.clock import ManualClock

from tests.offices import MONDAY, OFFICE, small
from tests.runtime.test_rows import LIFTS, PROCEDURE

SCHEDULES = "schedules:\n  plan: {open: desk, each: lifts, on: until, before: 1 month}\n  week: {open: desk, every: 7 days, from: 2026-03-04, with: {lift: L2}}\n"  # fmt: skip

Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ran:
    small(tmp_path, PROCEDURE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("guanjia.cli.desk.SystemClock", lambda: ManualClock(MONDAY))

    def run(*typed: str) -> tuple[int, str, str]:
        code = main(typed)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def filled(folder: Path) -> None:
    (folder / "registries").mkdir()
    (folder / "registries/lifts.yaml").write_text(LIFTS)
    (folder / "office.yaml").write_text(OFFICE + SCHEDULES)


def test_with_nothing_there_it_is_said_where_to_begin(ran: Ran) -> None:
    assert "docs/registries.md" in ran("--lang", "zh", "registry", "ls")[1]
    assert "no schedules" in ran("--lang", "en", "schedules")[1]
    code, _, said = ran("--lang", "zh", "registry", "show", "lifts")
    assert (code, "没有台账“lifts”" in said) == (1, True)


def test_a_registry_is_shown_in_the_words_of_whoever_looks(ran: Ran, tmp_path: Path) -> None:
    filled(tmp_path)
    assert "电梯" in ran("--lang", "zh", "registry", "ls")[1]
    zh, en = (ran("--lang", spoken, "registry", "show", "lifts")[1] for spoken in ("zh", "en"))
    assert all(word in zh for word in ("有效期至", "货梯", "2026-06-30", "加 2 行"))
    assert all(word in en for word in ("valid until", "goods", "2 added"))
    assert json.loads(ran("registry", "show", "lifts", "L1", "--json")[1])["load"] == "1000.5"
    code, _, said = ran("--lang", "en", "registry", "show", "lifts", "L3")
    assert (code, "L1" in said) == (1, True)
    (tmp_path / "registries/lifts.yaml").write_text(
        LIFTS.replace('  - {code: L2, building: "2", kind: goods, open: false}\n', "")
    )
    (listed,) = json.loads(ran("registry", "ls", "--json")[1])
    assert listed["rows"] == 1
    first = next(event for event in json.loads(ran("log", "--json")[1])[::-1] if event["type"] == "amended")
    shown = json.loads(ran("registry", "show", "lifts", "--version", first["data"]["version"][:10], "--json")[1])
    assert len(shown["rows"]) == 2
    assert "去 1 行" in ran("--lang", "zh", "log")[1]
    code, _, said = ran("--lang", "en", "registry", "show", "lifts", "--version", "zz")
    assert (code, "has no version" in said) == (1, True)


def test_what_opens_next_is_shown_before_it_opens(ran: Ran, tmp_path: Path) -> None:
    filled(tmp_path)
    found = json.loads(ran("schedules", "--days", "100", "--json")[1])
    assert [it["row"] for it in found if it["schedule"] == "plan"] == ["L1"]
    assert [it["at"][:10] for it in found if it["schedule"] == "week"][:3] == ["2026-03-04", "2026-03-11", "2026-03-18"]
    assert "desk" in ran("--lang", "en", "schedules", "week")[1]
    assert "前台" in ran("--lang", "zh", "schedules")[1]
    assert ran("schedules", "wek")[0] == 1
    assert ran("schedules", "--days", "5000")[0] == 2
