"""The worker: schedules open once, a term signal ends it after the round in hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from guanjia.clock import DAY, HOUR, from_iso
from guanjia.store import Query

from tests.core.test_statecharts import FLAT
from tests.offices import OFFICE, ROOT, clock_of, engine, shipped, small

CRON = OFFICE + "schedules:\n  daily: {open: desk, cron: '0 8 * * *', with: {summary: 例行}, catch_up: HOW}\n"


@pytest.mark.parametrize(("how", "opened"), [("skip", 0), ("once", 1), ("all", 3)])
def test_what_was_missed_is_caught_up_as_the_schedule_says(tmp_path, how, opened):
    desk = engine(small(tmp_path, FLAT, more={"office.yaml": CRON.replace("HOW", how)}))
    desk.run_once()
    clock_of(desk).advance(3 * DAY)
    assert desk.run_once().opened == opened
    assert desk.run_once().opened == 0
    assert desk.store.count(Query()) == opened


def test_a_schedule_opens_at_its_time_and_once_however_many_workers_look(tmp_path):
    folder = small(tmp_path, FLAT, more={"office.yaml": CRON.replace("HOW", "skip")})
    first = engine(folder)
    second = engine(folder, store=first.store)
    for worker in (first, second):
        worker.run_once()
    for worker in (first, second):
        clock_of(worker).set(from_iso("2026-03-03T08:00", "Asia/Shanghai"))
    assert first.run_once().opened + second.run_once().opened == 1
    (row,) = first.list(Query())
    assert row.columns.summary == "例行"


def test_a_case_that_fails_does_not_stop_the_others(tmp_path):
    """A version that is lost from the database: that case is named as a problem, the other goes on."""
    desk = engine(small(tmp_path, FLAT))
    numbers = []
    for _ in range(2):
        numbers.append(desk.open("desk", actor="agent.wang", summary="x").case.number)
        desk.act(numbers[-1], "accept", actor="agent.wang")
        desk.act(numbers[-1], "hold", actor="agent.wang")
    broken = desk.case(numbers[0])
    real = desk.program
    desk.program = lambda case: real(case) if case.id != broken.id else desk.compiled("lost")
    clock_of(desk).advance(3 * HOUR)
    work = desk.run_once()
    assert desk.case(numbers[1]).states == ("working",)
    assert len(work.problems) == 1
    assert broken.id in work.problems[0]


def test_a_worker_ends_cleanly_on_a_term_signal(tmp_path):
    office = shipped(tmp_path / "office")
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "--lang", "en", "--office", str(office), "work"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert worker.stdout is not None
    worker.stdout.readline()
    worker.send_signal(signal.SIGTERM)
    _, errors = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert "Traceback" not in errors


def test_a_schedule_that_two_workers_look_at_together_opens_once(tmp_path):
    """The second had read when it last opened before the first wrote that down."""
    folder = small(tmp_path, FLAT, more={"office.yaml": CRON.replace("HOW", "skip")})
    first = engine(folder)
    second = engine(folder, store=first.store)
    first.run_once()
    known = first.store.setting("schedule:daily")
    clock_of(first).set(from_iso("2026-03-03T08:00", "Asia/Shanghai"))
    clock_of(second).set(from_iso("2026-03-03T08:00:20", "Asia/Shanghai"))
    assert first.run_once().opened == 1
    first.store.set_setting("schedule:daily", known)
    work = second.run_once()
    assert (work.opened, work.problems) == (0, ())
    assert first.store.count(Query()) == 1
