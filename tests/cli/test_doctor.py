"""`doctor`: everything around an office that may go wrong is said with what to do, in both languages; a sound one is told so."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, ManualClock, SystemClock
from guanjia.store.postgres import PostgresStore

from tests.core.test_statecharts import FLAT
from tests.offices import MONDAY, small

TELLING = FLAT.replace("  new:\n", "  new:\n    entry: [{notify: {told: agent}}]\n")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run, clock: ManualClock) -> Path:
    folder = small(tmp_path / "office", TELLING, templates=("told",))
    people = folder / "organisation.yaml"  # backups and exports are for people with every right
    people.write_text(people.read_text().replace("en: agent}}", "en: agent}, rights: all}"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    assert run("open", "desk", "--summary", "x", clock=clock).code == 0
    return folder


@pytest.fixture
def problems(run, clock: ManualClock, office: Path):
    """What doctor finds, in English; each problem stands in both languages, and the exit code says whether there is one."""

    def look(at: ManualClock | SystemClock = clock) -> list[str]:
        told = run("doctor", "--json", clock=at)
        found = json.loads(told.out)
        assert (told.code == 1) == bool(found["problems"]) == (not found["healthy"])
        assert all(problem["zh"] and problem["en"] for problem in found["problems"])
        for language in ("zh", "en"):
            shown = run("--lang", language, "doctor", clock=at).out
            assert all(problem[language][:12] in shown for problem in found["problems"])
        return [problem["en"] for problem in found["problems"]]

    return look


def test_a_sound_office_is_told_so(problems, run, clock):
    assert problems() == []
    shown = run("--lang", "en", "doctor", clock=clock).out
    assert "journal wal (SQLite" in shown
    assert ">= 3.51.3" in shown


def test_messages_that_do_not_leave(problems, clock):
    clock.advance(2 * HOUR)
    stuck, silent = sorted(problems())
    assert "A notification has waited for 2 h" in stuck
    assert "is guanjia work running?" in silent


def test_a_hold_after_a_restore_is_told_and_not_as_a_stuck_message(problems, run, office, clock, tmp_path):
    run("backup", str(tmp_path / "copy.db"), clock=clock)
    for name in os.listdir(office):
        if name.startswith("guanjia.db"):
            (office / name).unlink()
    run("restore", str(tmp_path / "copy.db"), clock=clock)
    clock.advance(2 * HOUR)
    assert any("All notifications are held (copy.db)" in problem for problem in problems())
    assert not any("has waited" in problem for problem in problems())


def test_a_clock_that_was_set_back(problems, run, clock):
    clock.set(MONDAY - HOUR)
    assert any("clock is 1 h behind what was written" in problem for problem in problems())
    clock.set(MONDAY + 4 * MINUTE)
    assert problems() == []


def test_a_clock_behind_the_files(problems, office):
    ahead = SystemClock().now() // 1_000_000 + 7200
    os.utime(office / "guanjia.db", (ahead, ahead))
    (office / "guanjia.db-wal").unlink(missing_ok=True)
    assert any("behind what was written" in problem for problem in problems(SystemClock()))


def test_a_clock_that_is_not_the_servers(problems, office, run, postgres_dsn, monkeypatch):
    (office / "office.yaml").write_text((office / "office.yaml").read_text() + f"database: {postgres_dsn}\n")
    assert run("open", "desk", "--summary", "x").code == 0
    assert problems(SystemClock()) == []
    real = PostgresStore.present
    monkeypatch.setattr(PostgresStore, "present", lambda self: real(self) - 3 * MINUTE)
    assert any("ahead of the database's" in problem for problem in problems(SystemClock()))


def test_a_disk_that_is_nearly_full(problems, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 3 * 2**20))
    assert problems() == ["Only 3 MB are left on the disk"]


def test_a_database_that_others_may_read(problems, office):
    for name, mode in (("guanjia.db", 0o644), ("office.key", 0o640)):
        (office / name).chmod(mode)
        assert any(f"may read or write {office / name}" in problem for problem in problems())
        (office / name).chmod(0o600)
    assert problems() == []


def test_messages_that_others_may_read(problems, office, run, clock):
    run("work", "--once", clock=clock)
    assert problems() == []
    for mode, open_ in ((0o700, False), (0o750, False), (0o755, True)):
        (office / "outbox").chmod(mode)
        assert any("outbox" in problem for problem in problems()) is open_


def test_a_database_that_cannot_be_written(problems, office, monkeypatch):
    real = os.access
    for name in ("guanjia.db", "guanjia.db-shm", ""):
        there = os.path.normpath(office / name)
        monkeypatch.setattr(
            os, "access", lambda path, mode, there=there: os.path.normpath(path) != there and real(path, mode)
        )
        assert any(f"{there} cannot be written" in problem for problem in problems()), name


def test_a_key_that_is_not_here(problems, office, run, clock):
    before = (office / "office.key").read_text()
    assert run("keys", "rotate", clock=clock).code == 0
    after = (office / "office.key").read_text()
    (office / "office.key").write_text(before)
    assert any("The key k2 is missing" in problem for problem in problems())
    (office / "office.key").write_text(after)
    assert problems() == []
    assert run("keys", "drop", "k1", "--yes", clock=clock).code == 0
    assert problems() == []


def test_an_office_that_was_never_backed_up(problems, run, clock):
    run("work", "--once", clock=clock)
    clock.advance(7 * DAY)
    assert not any("backed up" in problem for problem in problems())
    clock.advance(2 * DAY)
    assert any("Never backed up in the 9 " in problem for problem in problems())


def test_a_backup_that_is_old(problems, run, clock, tmp_path):
    run("work", "--once", clock=clock)
    assert run("backup", str(tmp_path / "a.db"), clock=clock).code == 0
    clock.advance(7 * DAY)
    assert not any("last backup" in problem for problem in problems())
    clock.advance(2 * DAY)
    assert any("The last backup is 9 " in problem for problem in problems())


def test_files_that_new_cases_cannot_be_opened_by(problems, office):
    file = office / "procedures/desk.yaml"
    file.write_text(TELLING.replace("to: working", "to: warking", 1))
    assert any("run under the version before: desk" in problem for problem in problems())


def test_somebody_of_the_staff_whom_the_register_does_not_have(problems, office):
    file = office / "organisation.yaml"
    file.write_text(re.sub(r"(agent\.wang: \{)", r"\1customer: C-00099, ", file.read_text()))
    assert any("customer of agent.wang" in problem for problem in problems())
