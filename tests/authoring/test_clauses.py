"""Clauses of the rule book: one is carried out when all that it is bound to is there and its stories come true, and not otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from guanjia.authoring.clauses import judge
from guanjia.cli.commands.coverage import _commands
from guanjia.errors import Invalid
from guanjia.language import OfficeFiles
from guanjia.language.clauses import clauses_of

from tests.offices import ROOT, SHIPPED, small

DESK = """\
procedure: desk
fields: {summary: {type: text}, about_whom: {type: staff}}
conflicts: [about_whom]
sla: {answer: {start: open, stop: take, target: {within: 2h}}}
initial: new
states:
  new: {transitions: {take: {to: done, by: agent, do: [{notify: {told: assignee}}]}}}
  done: {final: true}
"""
STORIES = """\
stories:
  - story: it is taken
    at: 2026-03-02 09:00
    open: {by: agent.wang}
    steps: [{when: take, by: agent.wang}, {then: {closed: true}}]
  - story: it is never taken
    at: 2026-03-02 09:00
    open: {by: agent.wang}
    steps: [{when: take, by: agent.wang}, {then: {closed: false}}]
"""


def against(folder: Path, *done_by: str, stories: list[str] | None = None) -> list[str]:
    """What is against a clause that is bound so, in English."""
    clause = {
        "clause": {"en": "x"},
        "check": {"en": "y"},
        "done_by": list(done_by),
        "stories": {"desk": ["it is taken"] if stories is None else stories},
    }
    (folder / "clauses.yaml").write_text(json.dumps({"clauses": {"1": clause}}))
    (judged,) = judge(OfficeFiles(folder), (), ["ls", "customer stale"])
    assert all(each.place.startswith("clauses.yaml:1:") for each in judged.against)
    return [each.text.en for each in judged.against]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small(tmp_path / "office", DESK, templates=("told",), more={"procedures/desk.stories.yaml": STORIES})


@pytest.mark.parametrize(
    "binding",
    ["procedure desk", "state desk.new", "action desk.take", "field desk.summary", "clock desk.answer", "notice desk.told", "rule desk.conflicts",
     "role agent", "report sla", "command customer stale"],
)  # fmt: skip
def test_what_is_there_carries_a_clause_out_and_what_is_not_is_named_with_what_was_meant(folder, binding):
    assert against(folder, binding) == []
    wrong = binding[:-1] + ("x" if binding[-1] != "x" else "y")
    (said,) = against(folder, wrong)
    assert said.startswith("there is no ")
    assert binding.partition(" ")[2] in said or "did you mean" not in said


def test_a_story_that_fails_or_is_not_there_speaks_against_it_and_so_does_having_no_proof(folder):
    (said,) = against(folder, "procedure desk", stories=["it is never taken"])
    assert said.startswith("procedures/desk.stories.yaml:9")
    (said,) = against(folder, "procedure desk", stories=["it was taken"])
    assert said == "desk has no story 'it was taken'; did you mean 'it is taken'?"
    (said,) = against(folder, "procedure desk", stories=[])
    assert said == "nothing proves it: no story, no test"


def test_what_is_bound_to_a_file_in_error_is_not_carried_out(folder):
    (folder / "procedures" / "desk.yaml").write_text(DESK.replace("to: done", "to: dnoe"))
    said = against(folder, "clock desk.answer")
    assert said[0].startswith("desk is in error: procedures/desk.yaml:")
    assert against(folder, "wish desk")[0].startswith("'wish desk' is no kind of binding")


def test_a_file_of_clauses_with_mistakes_is_told_with_their_places(folder):
    with pytest.raises(Invalid) as refused:
        clauses_of(b"clauses:\n  '1': {clause: {en: x}, chekc: {en: y}, done_by: []}\n")
    assert {(item.file, item.line) for item in refused.value.findings} == {("clauses.yaml", 2)}
    (folder / "clauses.yaml").write_text("clauses: 3\n")
    assert [item.file for item in OfficeFiles(folder).check() if item.severity == "error"] == ["clauses.yaml"]


def test_each_shipped_clause_is_bound_to_what_is_there_and_its_proofs_exist():
    text = (ROOT / "starter" / "clauses.yaml").read_text()
    clauses, _ = clauses_of(text.encode())
    assert [int(name) for name in clauses] == list(range(1, 32))
    commands = set(_commands())
    written = {path.name.partition(".")[0]: path.read_text() for path in (ROOT / "procedures").glob("*.stories.yaml")}
    for name, clause in clauses.items():
        assert clause.stories or clause.tests, name
        for word in clause.done_by:
            kind, _, what = word.partition(" ")
            assert kind != "procedure" or what in SHIPPED, (name, what)
            assert kind != "command" or what in commands, (name, what)
        for procedure, stories in clause.stories.items():
            for story in stories:
                assert re.search(rf"story: [\"']?{re.escape(story)}", written[procedure]), (name, story)
        for test in clause.tests:
            path, _, function = test.partition("::")
            assert re.search(rf"^def {function}\(", (ROOT / path).read_text(), re.M), (name, test)
