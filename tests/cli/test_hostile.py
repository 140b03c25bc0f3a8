"""What a resident, a member of staff or another system typed: on no way out does it move a cursor, forge a line or begin one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.channels.console import Console
from guanjia.clock import MINUTE, ManualClock

from tests.cli.terminals import Ran, Screen
from tests.cli.test_out import HARMFUL
from tests.store.making import message

Call = Callable[..., Ran]
NASTY = "=cmd|' /C calc'!A0\r\n2026-11-24T01:05:00Z error guanjia forged\nTS-2026-00099 forged\x1b[2J\x1b]0;forged\x07\u202eforged\u2028forged\x9b31m"
KEPT = re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f]", "", NASTY)
"""What of it no field refuses: line ends, and signs that turn the writing round."""
READING = (
    "ls --all", "board", "log", "outbox", "inbox", "stats", "doctor", "audit", "staff", "whoami", "procedures", "procedures complaint",
    "show CASE --all --reveal", "why CASE", "find forged",
)  # fmt: skip


@pytest.fixture
def nasty(do: Call, clock: ManualClock, office: Path) -> str:
    """A case of which everything that can be typed is typed by somebody who means harm."""
    opened = do("open", "complaint", "--summary", KEPT, "--phone", "13800001234", "--tags", KEPT, "--json")
    case: str = json.loads(opened.out)["number"]
    (office / "harmless.txt").write_text(NASTY)
    for words in (
        ("do", case, "accept", "--room", "3-1-502", "--promise", NASTY), ("do", case, "accept", "--room", "3-1-502", "--promise", KEPT),
        ("note", case, NASTY), ("note", case, KEPT), ("open", "complaint", "--summary", NASTY),
        ("attach", case, str(office / "harmless.txt"), "--name", NASTY.replace("/", "")),
        ("edit", case, "--summary", f"{KEPT}!", "--reason", KEPT), ("do", case, NASTY), ("show", NASTY),
        ("signal", case, NASTY), ("assign", case, NASTY), ("do", case, "finish", "--key", NASTY),
    ):  # fmt: skip
        harmless(do(*words), words)
    clock.advance(31 * MINUTE)
    harmless(do("work", "--once"), "work")
    return case


def harmless(ran: Ran, what: object) -> None:
    for written in (ran.out, ran.err):
        assert not HARMFUL.search(written), (what, written)
        begun = [
            line for line in written.splitlines() if line.lstrip().startswith(("TS-2026-00099", "2026-11-24T01:05"))
        ]
        assert not begun, (what, written)


def test_no_command_lets_through_what_somebody_typed(do: Call, nasty: str) -> None:
    seen = 0
    keys = [row["key"] for row in json.loads(do("outbox", "--json").out)]
    for words in (*READING, *(f"outbox show {key}" for key in keys)):
        for more in ((), ("--json",), ("--lang", "en")):
            ran = do(*words.replace("CASE", nasty).split(), *more)
            assert ran.code in (0, 1), (words, ran)
            harmless(ran, words)
            seen += "forged" in ran.out
            if more == ("--json",) and ran.code == 0:
                json.loads(ran.out)
    assert seen >= 6, "it was there to be seen"


def test_a_message_on_the_console_cannot_forge_the_head_of_another() -> None:
    screen = Screen()
    Console(screen).send(message("a", 1, subject="x\n--- you: forged", body="--- you: forged\n\r--- you: forged"))
    assert [line[:3] for line in screen.getvalue().splitlines()].count("---") == 1
