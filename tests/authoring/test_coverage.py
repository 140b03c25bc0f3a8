"""What stories reach of a procedure, and what they do not: said piece by piece, and listening changes nothing of what happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.authoring import stories
from guanjia.authoring.coverage import Coverage, Watch, Watches
from guanjia.authoring.stories import run_stories
from guanjia.language import OfficeFiles
from guanjia.runtime.engine import Engine
from guanjia.store.interface import Query

from tests.authoring.walked import Walked
from tests.offices import MAIN, shipped, small
from tests.scale import drawn, scale

DESK = """\
procedure: desk
calendar: always
fields:
  what: {type: text}
  size: {type: choice, of: [small, large], default: small}
sla:
  answer:
    start: open
    stop: [done, dropped]
    target: [{guard: size == 'large', within: 2h}, {within: 1h}]
    at: {80%: [{notify: {hurry: agent}}], due: [{escalate: {ladder: up}}], due + 1h: []}
ladders: {up: {levels: [{to: supervisor}, {to: manager, wait: 1h}], alarm: 2h}}
initial: asked
states:
  asked:
    transitions:
      take: [{to: done, by: agent, guard: size == 'small'}, {to: handling, by: [agent, manager], guard: size != 'small'}]
    after: {lapse: {delay: 10h, to: dropped}}
    signals: {paid: {to: done}}
  handling:
    initial: writing
    states:
      writing: {transitions: {finish: {to: done, do: [{when: what is none, notify: {hurry: supervisor}}]}}}
  done: {final: true}
  dropped: {final: true}
"""
SMALL = """\
  - story: a small one is done at once
    at: 2026-03-02 09:00
    open: {by: agent}
    steps:
      - until: 2026-03-02 09:50
      - {when: take, by: agent}
      - then: {state: done}
"""
LARGE = """\
  - story: a large one is late
    at: 2026-03-02 09:00
    open: {by: agent, with: {size: large}}
    steps:
      - until: 2026-03-02 12:30
      - then: {state: asked}
      - {when: take, by: supervisor, refused: role}
"""


def at(piece: str) -> str:
    """Where this stands in DESK."""
    before, found, _ = DESK.partition(piece)
    assert found
    return f"procedures/desk.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def covered(folder: Path, *names: str) -> list[Coverage]:
    watches = Watches(OfficeFiles(folder, still=True))
    assert [result for result in run_stories(folder, names, watches=watches) if not result.passed] == []
    return watches.coverage()


def told(tmp_path: Path, *said: str, more: dict[str, str] | None = None) -> Coverage:
    files = {"procedures/desk.stories.yaml": "stories:\n" + "".join(said)} if said else {}
    (one,) = covered(small(tmp_path, DESK, templates=("hurry",), more=files | (more or {})))
    return one


def test_of_each_kind_it_is_said_how_much_is_reached_and_what_is_not_at_its_place(tmp_path):
    one = told(tmp_path, SMALL)
    assert one.counts() == {
        "states": (2, 5), "transitions": (1, 5), "guards": (2, 8), "thresholds": (1, 3), "delays": (0, 1), "levels": (0, 3),
        "templates": (2, 4),
    }  # fmt: skip
    assert one.share == 100 * 8 / 29
    said = {piece.place: piece.text.en for piece in one.missing() if piece.kind != "guards"}
    assert said[at("due: [")] == "clock “answer”, threshold due"
    assert said[at("lapse:")] == "delay “lapse” in state “asked”"
    assert said[at("{to: supervisor}")] == "ladder “up”, level 1"
    assert said[at("{to: handling")] == "action “take” in “asked” → “handling” (size != 'small')"
    assert said["templates/zh/escalation.text.j2:1:1"] == "the template zh/escalation.text"


def test_a_condition_has_two_sides_unless_it_can_only_come_to_one(tmp_path):
    one = told(tmp_path, SMALL)
    sides = [(piece.text.en, piece.key in one.reached) for piece in one.pieces if piece.kind == "guards"]
    take = "action “take” in “asked” → “{}”: the condition size {} 'small' {}"
    assert sides[:4] == [
        (take.format("done", "==", "holds"), True), (take.format("done", "==", "does not hold"), False),
        (take.format("handling", "!=", "holds"), False), (take.format("handling", "!=", "does not hold"), False),
    ]  # fmt: skip
    plain = DESK.replace("by: [agent, manager]", "by: agent")
    (one,) = covered(
        small(
            tmp_path / "plain", plain, templates=("hurry",), more={"procedures/desk.stories.yaml": f"stories:\n{SMALL}"}
        )
    )
    sides = [piece.text.en for piece in one.pieces if piece.kind == "guards" and "!=" in piece.text.en]
    assert sides == ["action “take” in “asked” → “handling”: the condition size != 'small' holds"], (
        "after the first it always holds"
    )


def test_stories_together_reach_what_each_of_them_reaches(tmp_path):
    each = [told(tmp_path / name, story) for name, story in (("a", SMALL), ("b", LARGE))]
    both = told(tmp_path / "both", SMALL, LARGE)
    assert both.reached == each[0].reached | each[1].reached
    assert each[0].reached != both.reached != each[1].reached
    assert told(tmp_path / "none").reached == frozenset(), "a procedure without stories is told too"


def test_a_text_counts_in_each_language_and_one_that_cannot_be_written_says_why(tmp_path):
    wrong = {
        "templates/en/hurry.text.j2": "{{ number }}\n{{ recipient.nothing }}\n",
        "templates/zh/hurry.mail.j2": "急\n{{ number }}\n",
    }
    one = told(tmp_path, SMALL, more=wrong)
    texts = {piece.key[0][1]: piece.key in one.reached for piece in one.pieces if piece.kind == "templates"}
    assert texts == {
        "en/escalation.text": False, "zh/escalation.text": False, "en/hurry.text": False, "zh/hurry.mail": True, "zh/hurry.text": True,
    }  # fmt: skip
    (why,) = [piece.text for piece in one.missing() if piece.place == "templates/en/hurry.text.j2:1:1"]
    assert "cannot be rendered" in why.en
    assert "无法生成" in why.zh


class Kept(Watch):
    """Keeps what happened, word for word."""

    def __init__(self, watch: Watch, *, listens: bool) -> None:
        super().__init__(watch.version)
        self.histories: list[list[str]] = []
        if not listens:
            self.program = stories.compile(watch.version)

    def heard(self, engine: Engine) -> None:
        super().heard(engine)
        asked = Query(open=None, mode=None, limit=1000)
        self.histories += [[row.text for row in engine.store.events(it.id)] for it in engine.list(asked)]


@pytest.mark.parametrize("procedure", MAIN)
def test_listening_changes_nothing_and_hears_what_somebody_else_hears(tmp_path, procedure):
    walked = Walked(shipped(tmp_path / "office"), procedure)
    every = len(walked.told.stories)
    for number in drawn().sample(range(every), min(every, scale(1, 40, faults=3))):
        ways = []
        for listens in (True, False):
            kept = Kept(Watch(walked.program.version), listens=listens)
            assert walked.tell(number, kept).passed
            ways.append(kept)
        assert ways[0].histories == ways[1].histories
        with pytest.MonkeyPatch.context() as patch:
            walked.seen = set()
            walked._listen(patch)
            walked.tell(number, walked.watch)
        taken = {id(piece.branch) for name, piece in walked.pieces if name in walked.seen and hasattr(piece, "trigger")}
        paths = ways[0].program._paths  # type: ignore[attr-defined]
        heard = {key[0] for key in ways[0].reached}
        assert {paths[each] for each in taken} == heard & {
            paths[id(branch.branch)] for _, branch in walked.pieces if hasattr(branch, "trigger")
        }
