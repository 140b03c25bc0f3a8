"""What other programs read of `check` and `test`: SARIF and JUnit, whatever authors wrote into names and texts."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from guanjia.cli.failure import INVALID, OK, REFUSED, USAGE

from tests.offices import small

DESK = """
procedure: desk
fields: {n: {type: integer}}
initial: new
states:
  new: {transitions: {go: {to: done, guard: n > 1 and n < 1}}}
  done: {final: true}
"""
STORIES = """
stories:
  - story: "goes <at once> & \\e[31mred"
    at: 2026-03-02 09:00
    open: {by: agent, with: {n: 5}}
    steps:
      - {when: go, by: agent}
  - story: opens
    at: 2026-03-02 09:00
    open: {by: agent, with: {n: 5}}
    steps:
      - then: {state: new}
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    folder = small(tmp_path / "office", DESK, more={"procedures/desk.stories.yaml": STORIES})
    monkeypatch.chdir(folder)
    return folder


def test_findings_as_sarif_have_their_place_rule_and_level_and_the_exit_code_stays(office, run):
    shown = run("--lang", "zh", "check", "--sarif")
    log = json.loads(shown.out)
    (work,) = log["runs"]
    assert (shown.code, log["version"], work["tool"]["driver"]["name"]) == (OK, "2.1.0", "guanjia check")
    found = {result["ruleId"]: result for result in work["results"]}
    assert {rule["id"] for rule in work["tool"]["driver"]["rules"]} == set(found)
    waits = found["unbounded-wait"]
    place = waits["locations"][0]["physicalLocation"]
    assert (waits["level"], place["artifactLocation"]["uri"], place["region"]["startLine"]) == (
        "warning",
        "procedures/desk.yaml",
        6,
    )
    assert waits["message"]["text"].startswith("在“new”可能永远等下去")
    (office / "procedures" / "desk.yaml").write_text(DESK.replace("to: done", "to: nowhere"))
    wrong = run("--lang", "en", "check", "--sarif")
    assert wrong.code == INVALID
    assert "error" in {result["level"] for result in json.loads(wrong.out)["runs"][0]["results"]}


def test_stories_as_junit_are_counted_and_a_failure_names_its_place(office, run, tmp_path):
    report = tmp_path / "report.xml"
    shown = run("--lang", "en", "test", "--junit", str(report))
    assert shown.code == REFUSED
    root = ElementTree.parse(report).getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    bad, good = root.findall("./testsuite[@name='desk']/testcase")
    assert (good.get("name"), list(good)) == ("opens", [])
    assert bad.get("name", "").startswith("goes <at once> & ")
    assert "\x1b" not in report.read_text()
    (failure,) = bad
    assert (failure.text or "").startswith("procedures/desk.stories.yaml:7:")
    nowhere = run("--lang", "zh", "test", "--junit", "no/folder/x.xml")
    assert (nowhere.code, "写不了 no/folder/x.xml" in nowhere.err) == (REFUSED, True)


def test_a_code_is_explained_with_a_wrong_example_and_the_right_one_and_sarif_holds_the_same(office, run):
    shown = run("--lang", "zh", "check", "--explain", "unbounded-wait")
    assert (shown.code, "永远等下去" in shown.out, "对" in shown.out, "docs/checks.md#unbounded-wait" in shown.out) == (
        0,
        True,
        True,
        True,
    )
    missing = run("--lang", "en", "check", "--explain", "unbound-wait")
    assert (missing.code, "Did you mean unbounded-wait" in missing.err) == (1, True)
    (office / "office.yaml").write_text("name: {zh: 试验, en: test}\nzone: Nowhere\n")
    assert "guanjia check --explain unknown-zone" in run("--lang", "en", "check").out
    assert "--fix" not in run("--lang", "en", "check").out
    (office / "office.yaml").write_text("name： {zh: 试验, en: test}\nzone: Asia/Shanghai\n")
    assert "guanjia check --fix --dry-run" in run("--lang", "en", "check").out
    (office / "office.yaml").write_text("name: {zh: 试验, en: test}\nzone: Nowhere\n")
    rules = json.loads(run("--lang", "en", "check", "--sarif").out)["runs"][0]["tool"]["driver"]["rules"]
    (rule,) = [rule for rule in rules if rule["id"] == "unknown-zone"]
    assert "Asia/Peking" in rule["help"]["markdown"]


def test_of_the_files_that_are_named_only_what_stands_in_them_is_said_and_counts(office, run):
    (office / "office.yaml").write_text("name: {zh: 试验, en: test}\nzone: Nowhere\n")
    every = run("--lang", "en", "check")
    assert (every.code, "unbounded-wait" in every.out, "unknown-zone" in every.out) == (INVALID, True, True)
    for path in ("procedures/desk.yaml", "procedures", str(office / "procedures")):
        shown = run("--lang", "en", "check", path)
        assert (shown.code, "unbounded-wait" in shown.out, "unknown-zone" in shown.out) == (OK, True, False), path
        assert "In other files: 1" in shown.out
    assert {item["file"] for item in json.loads(run("check", "office.yaml", "--json").out)} == {"office.yaml"}
    assert run("check", ".", "--json").out == run("check", "--json").out
    for path in ("procedures/none.yaml", "..", "/etc/hostname"):
        refused = run("--lang", "zh", "check", path)
        assert (refused.code, "办公室里没有" in refused.err) == (REFUSED, True), path
    assert run("check", "procedures", "--fix").code == USAGE
