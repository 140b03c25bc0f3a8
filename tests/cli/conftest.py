"""Fixtures: a terminal that remembers, and a command line run in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.cli.main import main
from guanjia.clock import Clock, ManualClock

from tests.cli.complaints import NINE, PHONE, PROCEDURE
from tests.cli.terminals import Ran, Screen
from tests.offices import small

Call = Callable[..., Ran]


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """No variable of whoever runs the tests, and a folder of our own, decides what is found."""
    for name in list(os.environ):
        if name.startswith(("GUANJIA", "LC_", "LANG", "NO_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(str(tmp_path))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs one command line and gives back its exit code and what it printed."""

    def go(*words: str, clock: Clock | None = None) -> Ran:
        capsys.readouterr()
        code = main(words, clock=clock)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(code, said.out, said.err)

    return go


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NINE)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small(tmp_path / "office", PROCEDURE, name="complaint", templates=("told",))
    monkeypatch.setenv("GUANJIA_OFFICE", str(folder))
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    monkeypatch.setenv("GUANJIA_LANG", "zh")
    return folder


@pytest.fixture
def do(run: Call, clock: ManualClock, office: Path) -> Call:
    return lambda *words: run(*words, clock=clock)


@pytest.fixture
def case(do: Call) -> str:
    ran = do("open", "complaint", "--summary", "电梯异响", "--phone", PHONE, "--json")
    assert ran.code == 0, ran.err
    number: str = json.loads(ran.out)["number"]
    return number
