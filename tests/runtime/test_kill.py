"""kill -9 at any instant: nothing lost, nothing half done, nothing decided twice."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.offices import ROOT
from tests.runtime import kill_windows
from tests.scale import drawn, scale, tell

AROUND_MARKING = {
    *(
        "after_hand_over",
        "after_begin",
        "before_commit",
        "in BEGIN",
        "after BEGIN",
        "UPDATE outbox",
        "in COMMIT",
        "commit:",
    ),
    "before sent",
}
"""Windows, by a part of their name, in which a message may have been handed over and not be marked."""


def nursery(folder, kills: int, database: str = "sqlite", bug: str = "") -> dict[str, Any]:
    seed = drawn().randrange(10_000)
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.kill_nursery", str(folder), str(kills), str(seed), database, bug],
        cwd=ROOT, capture_output=True, text=True, timeout=120 + 2 * kills, check=False,
        env={"PYTHONPATH": f"{ROOT / 'engine'}:{ROOT}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for window in kill_windows.SQLITE if database == "sqlite" else kill_windows.POSTGRES:
        aimed, fell = report["aimed"].get(window, 0), report["random"].get(window, 0)
        print(f"{window:>26} {'#' * aimed}{'+' * fell} {aimed + fell}")
    counted = (
        f"{name} {len(value) if isinstance(value, list) else value}"
        for name, value in report.items()
        if name not in ("aimed", "random")
    )
    print(", ".join(counted))
    return report


@pytest.mark.parametrize("store_name", ["sqlite", "postgres"], indirect=True)
def test_a_worker_killed_at_any_instant_loses_nothing_and_does_nothing_twice(tmp_path, store_name):
    """`#` was aimed at its window, `+` fell there. Every window is hit; only what lies between handing over and the commit
    of the mark may go out twice."""
    here = not store_name.startswith("postgres")
    kills = scale(48, 600, faults=600) if here else scale(40, 400, faults=400)
    report = nursery(tmp_path, kills, "sqlite" if here else store_name)
    assert report["kills"] >= kills
    assert report["commands"] > kills / 2
    assert report["messages"] > kills
    for nothing in ("lost", "done twice", "half done", "missed"):
        assert report[nothing] == [], nothing
    assert report["never handed over"] == 0
    assert report["counts"]["waiting"] + report["counts"]["sending"] == 0
    between = sum(
        count
        for hits in (report["aimed"], report["random"])
        for window, count in hits.items()
        if any(part in window for part in AROUND_MARKING)
    )
    assert report["handed over twice"] <= between
    tell(
        f"workers killed, {'SQLite' if here else 'PostgreSQL'}", kills=report["kills"], commands=report["commands"],
        messages=report["messages"], lost=len(report["lost"]), done_twice=len(report["done twice"]),
        half_done=report["half done count"], handed_over_twice=report["handed over twice"],
        windows_missed=len(report["missed"]),
    )  # fmt: skip


def test_the_same_kills_find_a_commit_that_is_split(tmp_path):
    assert nursery(tmp_path, 400, bug="split")["half done count"] > 0


def test_the_same_kills_find_a_message_that_is_marked_before_it_is_handed_over(tmp_path):
    assert nursery(tmp_path, 400, bug="early")["never handed over"] > 0
