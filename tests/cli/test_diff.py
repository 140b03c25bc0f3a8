"""`guanjia diff`: what an edit changes is told before anything is published, and what a version changed is told after."""

from __future__ import annotations

import json

import pytest
from guanjia.cli.failure import INVALID, OK, REFUSED

from tests.offices import shipped


@pytest.fixture
def office(tmp_path, monkeypatch):
    folder = shipped(tmp_path / "office")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "manager.sun")
    return folder


def test_an_edit_is_told_without_being_published_and_again_once_it_is(office, run):
    assert run("ls").code == OK  # publishes
    path = office / "standards.yaml"
    promise = "en: An urgent repair is done}, within: "
    path.write_text(path.read_text().replace(f"{promise}24h", f"{promise}12h"))
    for _ in range(2):  # looking publishes nothing, so it is told again
        shown = run("--lang", "zh", "diff", "repair")
        assert (shown.code, "：24 小时 → 12 小时" in shown.out) == (OK, True)
    run("log")  # whatever opens the engine publishes
    assert ": 24 h → 12 h" in run("--lang", "en", "diff", "repair").out
    told = json.loads(run("diff", "repair", "--json").out)
    assert told["differences"][0]["path"] == ["sla", "resolve", "target", 0, "within"]
    there, back = told["before"][:12], told["after"][:12]
    turned = run("--lang", "en", "diff", "repair", "--from", back, "--to", there)
    assert ": 12 h → 24 h" in turned.out
    assert "Nothing changed." in run("--lang", "en", "diff", "repair", "--from", back).out
    assert "还没有别的版本" in run("--lang", "zh", "diff", "complaint").out


def test_what_cannot_be_compared_is_said(office, run):
    missing = run("--lang", "en", "diff", "repair", "--from", "abcdef")
    assert (missing.code, "has no version 'abcdef'" in missing.err) == (REFUSED, True)
    assert "Did you mean repair?" in run("--lang", "en", "diff", "repir").err
    (office / "procedures" / "repair.yaml").write_text("procedure: repair\n")
    assert run("diff", "repair").code == INVALID
