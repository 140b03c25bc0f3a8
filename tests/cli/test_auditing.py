"""`audit` from the command line: what is wrong in words, anchors that are kept elsewhere, and going on after a break."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest
from guanjia.runtime import audit as auditor

from tests.core.test_statecharts import FLAT
from tests.offices import small


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> Path:
    folder = small(tmp_path / "office", FLAT)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    monkeypatch.setenv("GUANJIA_LANG", "en")
    for number in range(1, 4):
        assert run("open", "desk", "--summary", f"no {number}").code == 0
        assert run("note", f"D-2026-0000{number}", "seen").code in (0, 1)
    return folder


def spoil(folder: Path, *statements: str) -> None:
    raw = apsw.Connection(str(folder / "guanjia.db"))
    for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        raw.execute(statement)
    raw.close()


def test_a_sound_office_is_told_so(office, run):
    assert "Verified 3 cases and" in run("audit").out
    found = json.loads(run("audit", "--json").out)
    assert (found["cases"], found["problems"], found["anchor"]) == (3, [], None)
    assert found["events"] >= 3


def test_what_is_wrong_is_said_with_what_to_do_and_exits_with_1(office, run):
    spoil(
        office,
        "UPDATE events SET text = replace(text, 'no 2', 'no 9') WHERE seq = 1",
        "UPDATE cases SET summary = 'x' WHERE number LIKE '%3'",
    )
    for language, wrong, todo in (
        ("en", "event 1 was altered", "find out who can write"),
        ("zh", "第 1 条记录被改动过", "查明谁能直接写数据库"),
    ):
        told = run("--lang", language, "audit")
        assert told.code == 1
        assert wrong in told.out
        assert todo in told.out.replace("\n  ", " " if language == "en" else "")
        assert "2026-00002" in told.out
    found = json.loads(run("audit", "--json").out)["problems"]
    assert [problem["code"] for problem in found] == ["history", "columns"]
    assert all(problem["zh"] and problem["en"] and problem["hint"]["zh"] and problem["hint"]["en"] for problem in found)


def test_an_anchor_is_written_led_through_and_lost(office, run, tmp_path):
    file = tmp_path / "anchors.jsonl"
    first = run("audit", "--anchor", str(file))
    assert first.code == 0
    assert file.read_text().strip() in first.out
    run("open", "desk", "--summary", "later")
    assert "leads through 1 anchor of" in run("audit", "--anchor", str(file)).out
    assert len(file.read_text().splitlines()) == 2
    spoil(
        office, "DELETE FROM outbox WHERE case_id IN (SELECT id FROM cases WHERE number LIKE '%4')",
        "DELETE FROM events WHERE case_id IN (SELECT id FROM cases WHERE number LIKE '%4')", "DELETE FROM cases WHERE number LIKE '%4'",
    )  # fmt: skip
    assert run("audit").code == 0
    found = json.loads((told := run("audit", "--anchor", str(file), "--json")).out)
    assert told.code == 1
    assert [problem["code"] for problem in found["problems"]] == ["anchor"]
    assert "its end was cut off" in found["problems"][0]["en"]
    assert (found["anchor"]["checked"], found["anchor"]["written"]) == (2, False)
    assert len(file.read_text().splitlines()) == 2


def test_what_is_no_file_of_anchors_and_what_cannot_be_written_are_told(office, run, tmp_path):
    (tmp_path / "notes").write_text("shopping\n")
    told = run("audit", "--anchor", str(tmp_path / "notes"))
    assert (told.code, "notes:1: this line is no anchor" in told.err) == (1, True)
    told = run("audit", "--anchor", str(tmp_path / "no" / "where"))
    assert (told.code, "cannot be written" in told.err) == (1, True)
    told = run("audit", "--resume", str(tmp_path / "notes"))
    assert (told.code, "broken off" in told.err) == (1, True)
    told = run("audit", "--anchor", str(tmp_path))
    assert (told.code, "cannot be read (it is a folder)" in told.err) == (1, True)
    (tmp_path / "notes").write_text(
        '{"at": "2026-03-02T09:00:00Z", "events": "x", "head": 5, "office": null, "office_head": ""}\n'
    )
    assert run("audit", "--anchor", str(tmp_path / "notes")).code == 1


def test_an_audit_that_was_broken_off_goes_on_where_it_stopped(office, run, tmp_path, monkeypatch):
    spoil(office, "UPDATE cases SET summary = 'x' WHERE number LIKE '%1'")
    state = tmp_path / "audit.part"
    real = auditor.cases

    def interrupted(engine, after=""):
        for number, found in enumerate(real(engine, after)):
            if number == 2:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(auditor, "cases", interrupted)
    assert run("audit", "--resume", str(state)).code == 130
    monkeypatch.setattr(auditor, "cases", real)
    told = run("audit", "--resume", str(state), "--json")
    found = json.loads(told.out)
    assert (told.code, found["cases"]) == (1, 3)
    assert [problem["code"] for problem in found["problems"]] == ["columns"]
    assert not state.exists()
