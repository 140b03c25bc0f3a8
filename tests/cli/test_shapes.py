"""docs/cli.md is the contract of `--json`: what is documented is printed, key by key, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import MINUTE, ManualClock

from tests.cli.terminals import Ran

Call = Callable[..., Ran]
TEXT = Path(__file__).parents[2].joinpath("docs/cli.md").read_text(encoding="utf-8")

OPEN = ("certificates", "fields", "children", "outbox", "labels", "database", "definition")
"""Keyed by what the office calls its things, or the database its settings."""

STORY = """\
stories:
  - story: accepted in time
    at: 2026-11-24 09:00
    open: {by: agent.wang, with: {summary: x, room: 1-1}}
    steps: [{when: accept, with: {promise: y}}, {then: {state: handling}}]
"""


def documented(section: str, number: int = 0) -> Any:
    """The shape that stands as the n-th piece of JSON under the heading that begins so."""
    under = re.split(rf"^### {re.escape(section)}", TEXT, maxsplit=1, flags=re.MULTILINE)[1].partition("\n### ")[0]
    found = re.findall(r"```json\n(.*?)```|`(\{\".*?\})`", under, re.DOTALL)
    return json.loads("".join(found[number]))


def differences(shape: Any, printed: Any, place: str = "") -> list[str]:
    """Where the keys differ. What is keyed by names of the office is open; null stands for anything; of a list the first counts."""
    if isinstance(shape, dict) and isinstance(printed, dict):
        if place.rpartition(".")[2] in OPEN:
            return []
        found = [f"{place}: documented {list(shape)}, printed {list(printed)}"] if list(shape) != list(printed) else []
        return found + [
            each
            for key in shape.keys() & printed.keys()
            for each in differences(shape[key], printed[key], f"{place}.{key}")
        ]
    if isinstance(shape, list) and isinstance(printed, list):
        return differences(shape[0], printed[0], f"{place}[0]") if shape and printed else []
    alike = shape is None or printed is None or isinstance(printed, type(shape)) or isinstance(shape, type(printed))
    return [] if alike else [f"{place}: documented {shape!r}, printed {printed!r}"]


@pytest.fixture
def busy(do: Call, case: str, clock: ManualClock, office: Path) -> str:
    """A case with a late clock, notifications, a drill beside it, a story, and a file that is doubtful."""
    (office / "procedures/complaint.stories.yaml").write_text(STORY)
    clock.advance(31 * MINUTE)
    assert do("do", case, "accept", "--room", "3-1-502", "--promise", "x").code == 0
    assert do("work", "--once").code == 0
    path = office / "procedures/complaint.yaml"
    path.write_text(path.read_text().replace("paid: 已付款, ", ""))
    return case


@pytest.mark.parametrize(
    ("section", "number", "words", "listed"),
    [
        ("ls, find", 0, ["ls"], True), ("ls, find", 0, ["find", "TS"], True), ("show REF", 0, ["show", "CASE"], False),
        ("why REF", 0, ["why", "CASE", "respond"], True), ("board", 0, ["board"], False), ("outbox", 0, ["outbox"], True),
        ("open PROCEDURE", 0, ["note", "CASE", "x"], False), ("work", 0, ["work", "--once"], False), ("check", 0, ["check"], True),
        ("test", 0, ["test"], True), ("procedures", 0, ["procedures"], True), ("procedures", 1, ["procedures", "complaint"], False),
        ("calendar show", 0, ["calendar", "show"], False), ("calendar show", 1, ["calendar", "explain", "09:00", "5 workdays"], False),
        ("check", 0, ["calendar", "check"], True), ("doctor", 0, ["doctor"], False), ("stats", 0, ["stats"], False), ("audit", 0, ["audit"], False), ("log", 0, ["log"], True),
        ("staff", 0, ["staff"], True), ("mine", 0, ["mine"], False), ("team [TEAM]", 0, ["team"], False), ("roster", 0, ["roster"], False),
        ("handover", 0, ["handover", "agent.wang", "agent.li"], False), ("whoami", 0, ["whoami"], False), ("shift [SHIFT]", 0, ["shift"], False), ("ask NUMBER", 0, ["ask", "CASE", "--phone-tail", "1234"], False), ("do REF", 0, ["do", "finish", "--where", "state=handling"], False),
        ("can WHO", 0, ["can", "agent.li", "accept", "CASE"], False), ("token NAME", 0, ["token", "hotline"], False),
    ],
)  # fmt: skip
def test_what_is_documented_is_printed_and_nothing_else(
    section: str,
    number: int,
    words: list[str],
    listed: bool,
    do: Call,
    busy: str,
) -> None:
    ran = do(*[busy if word == "CASE" else word for word in words], "--json")
    assert ran.out, ran
    printed = json.loads(ran.out)
    assert isinstance(printed, list) == listed
    if listed and not printed:
        assert words == ["calendar", "check"]
        return
    assert differences(documented(section, number), printed[0] if listed else printed) == []


def test_actions_of_do_are_those_of_show(do: Call, busy: str) -> None:
    listed = json.loads(do("do", busy, "--json").out)
    assert listed == json.loads(do("show", busy, "--json").out)["actions"]
    assert differences(documented("show REF")["actions"], listed) == []


def test_the_whole_of_a_notification_adds_subject_and_body(do: Call, busy: str) -> None:
    (first, *_) = json.loads(do("outbox", "--json").out)
    whole = json.loads(do("outbox", "show", first["key"], "--json").out)
    assert list(whole) == [*first, "subject", "body"]
