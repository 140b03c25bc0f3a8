"""Fixtures: a terminal that remembers, and a command line run in this process."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from guanjia.cli.main import main
from guanjia.clock import Clock

from tests.cli.terminals import Ran, Screen


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
