"""The planting itself: a claim that notices its bug passes, one that does not fails, and nothing stays planted."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia import calendars

from tests.anchors.planting import Bug, planted

BLIND = Bug("any text is half an hour", "guanjia.calendars.parse_amount", lambda real: lambda text: real("30m"))
CRASHING = Bug("no such thing", "guanjia.calendars.parse_amount", lambda real: lambda: real("30m"))


@planted(BLIND)
def test_a_claim_is_run_as_it_is_and_with_its_bug(tmp_path: Path) -> None:
    assert tmp_path.is_dir()
    assert calendars.parse_amount("2h") == calendars.parse_amount("120m") != calendars.parse_amount("1h")


def run(claim: object, bug: Bug | None) -> None:
    test = planted(BLIND)(claim)  # type: ignore[arg-type]
    test(bug=bug)


def test_a_claim_that_does_not_notice_its_bug_fails() -> None:
    def claim() -> None:
        assert calendars.parse_amount("30m")

    run(claim, None)
    with pytest.raises(pytest.fail.Exception, match="does not notice the bug: any text is half an hour"):
        run(claim, BLIND)


def test_a_bug_that_only_crashes_catches_nothing() -> None:
    def claim() -> None:
        assert calendars.parse_amount("30m")

    with pytest.raises(TypeError):
        run(claim, CRASHING)


def test_nothing_stays_planted() -> None:
    def claim() -> None:
        assert calendars.parse_amount("2h").value > calendars.parse_amount("1h").value

    run(claim, BLIND)
    claim()
