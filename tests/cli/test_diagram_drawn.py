"""`guanjia diagram`: what is typed, what comes out, and what is said when it cannot be drawn."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from guanjia.cli.failure import OK, REFUSED, USAGE

from tests.offices import shipped


@pytest.fixture
def do(tmp_path, monkeypatch, run):
    monkeypatch.chdir(shipped(tmp_path / "office"))
    monkeypatch.setenv("GUANJIA_AS", "coordinator.qian")
    return run


def test_a_procedure_a_case_and_the_past_are_drawn_to_a_file_or_to_the_screen(do, tmp_path):
    assert do("open", "repair", "--room", "3-1-502", "--summary", "厨房漏水 13800001234").code == OK
    for words in (("repair",), ("repair", "--stats"), ("BX-2026-00001",)):
        shown = do("--lang", "zh", "diagram", *words)
        assert shown.code == OK
        assert ElementTree.fromstring(shown.out).tag.endswith("svg")
        assert ("待派单" in shown.out, "厨房" in shown.out, "3-1-502" in shown.out) == (True, False, False)
    aim = tmp_path / "repair.svg"
    assert "repair.svg" in do("--lang", "en", "diagram", "repair", "-o", str(aim)).out
    assert "to be dispatched" in aim.read_text(encoding="utf-8")
    assert do("diagram", "repair", "--format", "mermaid").out.startswith("stateDiagram-v2\n")
    assert do("diagram", "BX-2026-00001", "--format", "dot").out.startswith('digraph "repair" {')


def test_what_cannot_be_drawn_is_said_with_what_to_type(do):
    missing = do("--lang", "en", "diagram", "repir")
    assert (missing.code, "Did you mean repair?" in missing.err) == (REFUSED, True)
    number = do("--lang", "zh", "diagram", "BX-2026-00009")
    assert (number.code, "没有工单“BX-2026-00009”" in number.err) == (REFUSED, True)
    assert do("diagram", "repair", "--format", "png").code == USAGE
    do("open", "repair", "--room", "3-1-502", "--summary", "x")
    both = do("--lang", "zh", "diagram", "BX-2026-00001", "--stats")
    assert (both.code, "去掉 --stats" in both.err) == (USAGE, True)
    nowhere = do("--lang", "zh", "diagram", "repair", "-o", "no/such/folder/x.svg")
    assert (nowhere.code, "写不了 no/such/folder/x.svg" in nowhere.err) == (REFUSED, True)
