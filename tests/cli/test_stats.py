"""`stats` and `work --log`: figures and records for programs, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from guanjia.cli.failure import USAGE
from guanjia.clock import HOUR, MINUTE, ManualClock

from tests.cli.terminals import Ran
from tests.offices import MONDAY, small
from tests.runtime import busy


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
def do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run, clock):
    folder = small(
        tmp_path / "office", busy.JOB, name="job", templates=("told",), more={"procedures/part.yaml": busy.PART}
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")

    def go(*words: str) -> Ran:
        return run(*words, clock=clock)

    return go


def test_figures_of_an_office_in_both_languages(do, clock):
    """Two cases, one of them late; messages that wait; a worker that has not come yet, and then has."""
    nothing = json.loads(do("stats", "--json").out)
    assert (nothing["open"], nothing["cases"], nothing["oldest_due"], nothing["workers"]) == (0, [], None, [])
    do("open", "job", "--summary", "x")
    clock.advance(40 * MINUTE)
    do("open", "job", "--summary", "y")
    found = json.loads(do("stats", "--json").out)
    assert (found["open"], found["late"], found["due"], found["oldest_due"]["number"]) == (2, 1, 1, "J-1")
    assert found["cases"] == [{"procedure": "job", "states": ["new"], "open": 2, "late": 1}]
    assert (found["outbox"]["waiting"], found["oldest_unsent"]) == (4, "2026-03-02T09:00:00+08:00")
    for language, said in (("zh", "一天内没有运行过"), ("en", "none within a day")):
        shown = do("--lang", language, "stats").out
        assert (said in shown, "J-1" in shown) == (True, True)
    do("work", "--once")
    after = json.loads(do("stats", "--json").out)
    assert (after["due"], after["oldest_unsent"], after["outbox"]["waiting"]) == (0, None, 0)
    assert after["workers"][0]["last_round"] == "2026-03-02T09:40:00+08:00"
    do("outbox", "hold")
    assert json.loads(do("stats", "--json").out)["held"] is True
    assert "all is held" in do("--lang", "en", "stats").out


def test_a_round_as_records_and_nothing_else(do, clock, monkeypatch):
    do("open", "job", "--summary", "x")
    clock.advance(HOUR)
    lines = [json.loads(line) for line in do("work", "--once", "--log", "json").out.splitlines()]
    assert {line["event"] for line in lines} == {"due", "sent", "round"}
    do("open", "job", "--summary", "x")
    monkeypatch.setenv("GUANJIA_LOG", "text")
    text = do("work", "--once").out
    assert "info guanjia.delivery sent message_key=" in text
    assert json.loads(do("work", "--once", "--json").out)["fired"] == 0  # what was asked for on the line comes first


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--log", "xml"), "--log"), (("--once", "--json", "--log", "json"), "--log"), (("--once", "--health", "8080"), "--health"), (("--once", "--metrics"), "--metrics"),
     (("--health", "nine"), "nine"), (("--health", "1:99999"), "99999"), (("--health", ":80"), ":80"), (("--health", "0"), "0")],
)  # fmt: skip
def test_what_does_not_fit_together_is_said(do, words, said):
    for language in ("zh", "en"):
        told = do("--lang", language, "work", *words)
        assert (told.code, said in told.err) == (USAGE, True)
