"""Stories that are suggested come true as they are written, reach what none reached, and leave alone what stands in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.authoring import suggesting
from guanjia.authoring.stories import run_stories
from guanjia.authoring.suggesting import exploring, offers, suggest, with_stories
from guanjia.errors import Refused
from guanjia.language import OfficeFiles
from guanjia.store.memory import MemoryStore

from tests.authoring.test_coverage import DESK, LARGE, SMALL, covered
from tests.offices import PEOPLE, engine, shipped, small
from tests.scale import drawn, scale


def written(folder: Path, procedure: str, language: str = "zh") -> list[suggesting.Unreached]:
    """Write what is suggested into the file; what could not be reached."""
    files = OfficeFiles(folder, still=True)
    suggested, unreached = suggest(files, procedure, language)
    path = files.stories(procedure) or folder / f"procedures/{procedure}.stories.yaml"
    if suggested:
        path.write_text(with_stories(path.read_text() if path.exists() else None, suggested))
    return unreached


@pytest.mark.parametrize("had", ["", SMALL, SMALL + LARGE])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_missing_is_written_until_nothing_is(tmp_path, had, language):
    more = {"procedures/desk.stories.yaml": f"stories:\n{had}"} if had else {}
    folder = small(tmp_path, DESK, templates=("hurry",), more=more)
    assert written(folder, "desk", language) == []
    (one,) = covered(folder)
    assert one.missing() == []
    assert written(folder, "desk", language) == []
    assert (folder / "procedures/desk.stories.yaml").read_text().startswith(f"stories:\n{had}")


def test_a_story_stops_to_look_where_something_new_is_reached(tmp_path):
    files = OfficeFiles(small(tmp_path, DESK, templates=("hurry",)), still=True)
    suggested, _ = suggest(files, "desk", "en")
    (late,) = [each.text for each in suggested if "until" in each.text]
    assert (
        late
        == """\
  - story: "after waiting it is in “dropped”"
    at: 2026-03-02 09:00
    open: {by: agent}
    steps:
      - then: {state: asked, clocks: {answer: {due: "2026-03-02 10:00"}}}
      - until: 2026-03-02 09:48
      - then: {notified: [{hurry: agent.wang}, {hurry: agent.li}]}
      - until: 2026-03-02 10:00
      - then: {clocks: {answer: breached}, ladders: {up.answer: 1}, notified: [{escalation: supervisor.zhao}]}
      - until: 2026-03-02 11:00
      - then: {ladders: {up.answer: 2}, notified: [{escalation: manager.sun}]}
      - until: 2026-03-02 13:00
      - then: {ladders: {up.answer: alarmed}}
      - until: 2026-03-02 19:00
      - then: {state: dropped, closed: true, outcome: dropped, clocks: {answer: breached}, ladders: {up.answer: stopped}}
"""
    )


HARD = """\
procedure: hard
fields:
  score: {type: integer, min: 1, max: 5}
  note: {type: text, pattern: '[A-Z]\\d'}
  price: {type: money}
sla: {never: {start: lost, stop: done, target: {within: 1h}}}
initial: asked
states:
  asked:
    transitions:
      rate: [{to: good, by: agent, require: [score, note], guard: score > 3}, {to: bad, by: agent, require: [score, note]}]
      impossible: {to: lost, guard: score > 3 and score < 3}
      audit: {to: done, by: auditor}
  good: {transitions: {check: {to: done, by: [agent, manager], not_by: [rate], guard: price * 10 <= 1000}}}
  bad: {transitions: {again: {to: asked, at_most: 1}, much_later: {to: done, guard: now >= past.rate.at + days(5)}}}
  lost: {after: {gone: {delay: 1h, to: done}}}
  done: {final: true}
reopen: {to: asked, by: manager, within: 2 days}
"""


def test_inputs_are_found_that_conditions_need_and_what_no_way_leads_to_is_told_with_the_reason(tmp_path):
    nobody = PEOPLE.replace("staff:\n", "  auditor: {label: {zh: 审计, en: auditor}}\nstaff:\n")
    unreached = written(small(tmp_path, HARD, name="hard", more={"organisation.yaml": nobody}), "hard", "en")
    said = {each.piece.text.en: each.why.en for each in unreached}
    assert {name: why for name, why in said.items() if "impossible" not in name} == {
        "state “lost”": "no way led there",
        "action “audit” in “asked” → “done”": "it was always refused: There is nobody called 'auditor'.",
        "delay “gone” in “lost” → “done”": "the state “lost” was not reached",
        "delay “gone” in state “lost”": "the state “lost” was not reached",
        "clock “never”, threshold due": "the clock never started",
    }
    assert [why for name, why in said.items() if "impossible" in name] == [
        "it was always refused: The guard does not hold: score > 3 [score = 1]"
    ]


def test_what_is_suggested_for_a_shipped_procedure_without_stories_comes_true(tmp_path, monkeypatch):
    procedure = drawn().choice(["complaint", "repair", "emergency"])
    monkeypatch.setattr(exploring, "MOST_CASES", scale(1, 60, faults=3))
    monkeypatch.setattr(offers, "MOST_OPENINGS", scale(1, 64, faults=3))
    folder = shipped(tmp_path / "office")
    (folder / f"procedures/{procedure}.stories.yaml").unlink()
    unreached = written(folder, procedure)
    results = list(run_stories(folder, [procedure]))
    assert [(result.name, result.message) for result in results if not result.passed] == []
    (one,) = covered(folder, procedure)
    assert one.share > 5
    assert {each.piece.key for each in unreached} == {piece.key for piece in one.missing()}


ONE = suggesting.Suggestion("new", "  - story: new\n    at: 2026-03-02 09:00\n    steps: []\n", ())


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("stories:\n- story: a\n  at: x\n", "stories:\n- story: a\n  at: x\n- story: new\n  at: 2026-03-02 09:00\n  steps: []\n"),
        ("# who\nstories:\n    - story: a   # why", "# who\nstories:\n    - story: a   # why\n    - story: new\n      at: 2026-03-02 09:00\n      steps: []\n"),
        ("stories:\n  - story: a\nprocedure: desk\n", "stories:\n  - story: a\n  - story: new\n    at: 2026-03-02 09:00\n    steps: []\nprocedure: desk\n"),
    ],
)  # fmt: skip
def test_what_stands_in_a_file_stays_byte_by_byte(text, after):
    assert with_stories(text, [ONE]) == after


def test_stories_in_brackets_are_left_alone():
    text = "stories: [{story: a, at: '2026-03-02 09:00', open: {by: agent}, steps: [{until: '2026-03-02 09:00'}]}]\n"
    with pytest.raises(Refused, match="brackets"):
        with_stories(text, [ONE])


def test_what_is_done_on_a_fork_is_not_done_on_the_store(tmp_path):
    desk = engine(small(tmp_path, DESK, templates=("hurry",)))
    number = desk.open("desk", actor="agent.wang").case.number
    store = desk.store
    assert isinstance(store, MemoryStore)
    before = (repr(vars(store)["cases_by_id"]), len(store.log), store.next_wake())
    desk.store = store.fork()
    desk.act(number, "take", actor="agent.wang")
    desk.open("desk", actor="agent.li")
    assert desk.case(number).finished
    desk.store = store
    assert not desk.case(number).finished
    assert (repr(vars(store)["cases_by_id"]), len(store.log), store.next_wake()) == before
