"""The demo: its plan is carried out without a refusal, most promises are kept and some are not, and a seed decides it all."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from guanjia.cli.desk import Desk
from guanjia.cli.out import Out
from guanjia.terminal import width

HERE = Path(__file__).parents[2] / "examples" / "nyc311"
FEW = 12
"""Requests that are lived through here; `make demo` has all of them."""


@pytest.fixture(scope="module")
def demo():
    """The modules of the demo, which lie beside each other as in a user's folder."""
    sys.path.insert(0, str(HERE))
    try:
        import night
        import plan
        import report

        yield night, plan, report
    finally:
        sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def lived(demo, tmp_path_factory):
    night, plan, _ = demo

    def live(name: str, seed: int) -> Any:
        folder = tmp_path_factory.mktemp("demo") / name
        every = plan.requests()
        urgent = [item for item in every[FEW:] if item.about["descriptor"] == "Blocked Hydrant"]
        lights = [item for item in every[FEW:] if "Light" in item.about["complaint_type"]]
        few = [*every[:FEW], *urgent[:4], *lights[:2]]
        return folder, night.run(folder, seed, Out("en", io.StringIO()), few)[0]

    return {"one": live("one", 1), "again": live("again", 1), "other": live("other", 2)}


def test_the_same_seed_gives_the_same_history_and_another_seed_another(demo, lived):
    _, _, report = demo
    one, again, other = (report.digest(night.engine) for _, night in lived.values())
    assert one == again
    assert one != other


def test_what_is_planned_can_be_done(lived):
    for _, night in lived.values():
        assert not night.refused
        assert not night.problems


def test_most_promises_are_kept_and_some_are_not(demo, lived):
    _, _, report = demo
    clocks = [
        report._verdict(clock.breached_at, clock.status)
        for _, night in lived.values()
        for case in report.cases(night.engine)
        for clock in (*case.cycles, *case.clocks.values())
    ]
    kept, broken = clocks.count("kept"), clocks.count("broken")
    assert broken
    assert kept / (kept + broken) > 0.85


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_fits_eighty_columns_in_one_language(demo, lived, monkeypatch, language):
    _, _, report = demo
    folder, night = lived["one"]
    monkeypatch.setattr(Out, "columns", 80)
    stream = io.StringIO()
    out = Out(language, stream, stream)
    desk = Desk(out, night.clock)
    desk.take({"office": str(folder)})
    report.opening(out, 464, 1)
    report.outcome(night.engine, out)
    report.promises(night.engine, out)
    number = report.one_case(desk)
    desk.close()
    assert re.fullmatch(r"(TS|BX|YJ)-2022-\d{5}", number)
    lines = stream.getvalue().splitlines()
    assert max(map(width, lines)) <= 80
    if language == "en":
        names = "|".join(person["name"] for person in night.engine.organisation.staff.values())
        assert not re.search("[\u4e00-\u9fff]", re.sub(names, "", stream.getvalue()))
    else:
        assert not re.search(r"\b(kept|broken|case|the)\b", stream.getvalue())


def test_the_clock_of_the_office_that_is_left_stands_where_the_demo_ended(lived):
    folder, _ = lived["one"]
    ran = subprocess.run(
        [folder / "guanjia", "--lang", "en", "ls", "--all"], capture_output=True, text=True, check=True
    )
    assert "TS-2022-00001" in ran.stdout
    assert not re.search(r"\d{3,} d late", ran.stdout)
