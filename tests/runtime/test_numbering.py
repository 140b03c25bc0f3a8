"""Numbers of new cases: each there once, whatever the procedure was called."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import HOUR
from guanjia.model.event import SYSTEM, Command
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine

from tests.offices import MONDAY, engine, small

DESK = """\
procedure: desk
number: N-{seq:03}
modes: {drill: {prefix: {zh: 演练, en: drill}}}
initial: here
states: {here: {transitions: {pass_on: {to: here, do: [{open: {work: {as: part}}}]}, finish: {to: over}}}, over: {final: true}}
"""
WORK = """\
procedure: work
number: W-{seq:03}
open_by: system
initial: here
states: {here: {transitions: {finish: {to: over}}}, over: {final: true}}
"""


def opened(desk: Engine, procedure: str, **more: str) -> str:
    return desk.open(procedure, actor=SYSTEM, **more).case.number


@pytest.fixture
def renamed(store, tmp_path: Path) -> Path:
    """An office whose procedures go by other names now than when their first cases were opened."""
    folder = small(tmp_path / "office", DESK, more={"procedures/work.yaml": WORK})
    desk = engine(folder, store=store)
    assert [opened(desk, "desk") for _ in range(3)] == ["N-001", "N-002", "N-003"]
    assert (opened(desk, "desk", mode="drill"), opened(desk, "work")) == ("N-001-DRILL", "W-001")
    for before, after in (("desk", "table"), ("work", "task")):
        file = folder / f"procedures/{before}.yaml"
        text = (
            file.read_text()
            .replace(f"procedure: {before}", f"procedure: {after}")
            .replace("open: {work:", "open: {task:")
        )
        file.unlink()
        (folder / f"procedures/{after}.yaml").write_text(text)
    return folder


def test_where_a_number_is_taken_the_next_free_one_is_given(store, renamed: Path) -> None:
    desk = engine(renamed, store=store, seed=2)
    assert [opened(desk, "table"), opened(desk, "table"), opened(desk, "table", mode="drill")] == [
        "N-004",
        "N-005",
        "N-002-DRILL",
    ]
    assert opened(engine(renamed, store=store, seed=3), "table") == "N-006"
    assert audit(desk) == []


def test_many_at_once_and_old_ones_get_free_numbers_too(store, renamed: Path) -> None:
    many = engine(renamed, store=store, seed=2).execute_many([Command("open", "table", actor=SYSTEM)] * 2)
    assert [outcome.case.number for outcome in many] == ["N-004", "N-005"]
    old = Command("open", "task", actor=SYSTEM, at=MONDAY - HOUR)
    assert engine(renamed, store=store, seed=3).take_in([old], by=SYSTEM, reason="x").case.number == "W-002"


def test_what_a_case_opens_gets_a_free_number_and_is_not_parked(store, renamed: Path) -> None:
    desk = engine(renamed, store=store, seed=2)
    parent = opened(desk, "table")
    desk = engine(renamed, store=store, seed=3)  # which has met no taken number yet
    desk.act(parent, "pass_on", actor=SYSTEM)
    (child,) = desk.case(parent).children.values()
    assert (desk.case(child).number, desk.store.dropped_inbox(5)) == ("W-002", [])
    assert audit(desk) == []
