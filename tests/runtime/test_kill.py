"""kill -9 at any instant: nothing lost, nothing half done, nothing decided twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from tests.offices import ROOT, shipped

KILLS = 120


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("kill") / "office")


def nursery(office, folder, kills: int, *more: str):
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.kill_nursery", str(office), str(folder), str(kills), str(seed), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False, env={"PYTHONPATH": f"{ROOT / 'engine'}:{ROOT}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    for window, count in sorted(report["windows"].items(), key=lambda item: -item[1]):
        print(f"{window:>12} {'#' * count} {count}")
    return report


def test_a_worker_killed_at_any_instant_loses_nothing_and_does_nothing_twice(office, tmp_path):
    report = nursery(office, tmp_path, KILLS)
    print({name: value for name, value in report.items() if name != "windows"})
    assert report["commands"] > KILLS
    assert report["messages"] > KILLS
    assert report["lost"] == []
    assert report["doubled"] == []
    assert report["problems"] == []
    between = sum(report["windows"].get(window, 0) for window in ("sending", "handed over", "marking"))
    assert report["handed_twice"] <= between
    assert sum(1 for window in ("deciding", "writing", "committing") if report["windows"].get(window)) >= 2


def test_the_same_test_finds_a_commit_that_is_split(office, tmp_path):
    assert nursery(office, tmp_path, 60, "split")["problem_count"] > 0
