"""docs/calendars.md cannot lag: every snippet in it is a calendar that works, and every key stands in one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from guanjia.calendars import check_calendar, compile_calendar, flatten
from guanjia.calendars.grammar import KEYS
from guanjia.clock import from_iso
from guanjia.language import read_yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "calendars.md").read_text("utf-8")
PIECES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
SHIPPED = {
    path.stem: read_yaml(path.read_text("utf-8"), path.name).data for path in (ROOT / "calendars").glob("*.yaml")
}
NAMED = {m[1]: read_yaml(text, "x").data for text in PIECES if (m := re.match(r"# file: (\S+)\.yaml", text))}


@pytest.mark.parametrize("text", PIECES)
def test_every_snippet_is_a_calendar_that_works(text: str) -> None:
    data: Any = read_yaml(text, "piece.yaml").data
    assert check_calendar(data) == []
    calendar = compile_calendar(flatten("piece", {**SHIPPED, **NAMED, "piece": data}))
    assert calendar.add(from_iso("2026-10-01T00:00Z"), 1) > 0


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained_and_stands_in_a_snippet(key: str) -> None:
    assert f"**`{key}`**" in PAGE
    assert any(key in read_yaml(text, "piece.yaml").data for text in PIECES)


def test_what_the_page_says_of_the_gatehouse_holds() -> None:
    gatehouse = compile_calendar(flatten("gatehouse", {**SHIPPED, **NAMED}))
    assert gatehouse.zone == "Asia/Shanghai"
    assert gatehouse.is_open(from_iso("2026-03-01T03:00+08:00"))
    assert gatehouse.is_open(from_iso("2026-10-01T23:59+08:00"))
    assert not gatehouse.is_open(from_iso("2026-10-03T12:00+08:00"))
