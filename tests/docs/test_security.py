"""docs/security.md claims nothing that no test holds: every test that it names is there, and every attack names one."""

from __future__ import annotations

import re

from tests.offices import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
FOUND = {
    f"{path.name}::{name}"
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^\s*def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(test_\w+\.py::test_\w+)`", PAGE)
    assert len(named) > 25
    assert not [name for name in named if name not in FOUND]


def test_every_attack_names_what_would_fail() -> None:
    table = PAGE.partition("## What stands against it")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| attack"))]
    assert len(rows) > 15
    assert not [line for line in rows if "::test_" not in line.rsplit("|", 2)[1]]
