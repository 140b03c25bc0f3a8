"""A case that is played by hand is a story: it comes true again, goes as far as other rules let it, and is written as people write."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from guanjia.authoring.playing import MOST, Played, Script
from guanjia.authoring.stories import run_stories
from guanjia.authoring.story_text import scalar, story_text
from guanjia.clock import iso
from guanjia.errors import GuanjiaError, Refused
from guanjia.language import OfficeFiles, read_yaml
from guanjia.language.stories import read_stories
from guanjia.model.stories import Moment, Opening, Stories, Story, Then
from hypothesis import given, settings, strategies as st

from tests.docs.test_snippets import stories_of_the_page
from tests.offices import OFFICE, shipped, small
from tests.scale import scale

LOCKER = stories_of_the_page()[0]
"""The procedure of the page on stories: every kind of step means something in it."""


def step(**said: Any) -> Moment:
    return Moment.model_validate(said)


def locker(folder: Path, procedure: str = LOCKER) -> OfficeFiles:
    return OfficeFiles(small(folder, procedure, name="locker", templates=("told", "reminder")), still=True)


def opened(files: OfficeFiles, *steps: Moment, by: str = "agent.wang") -> Played:
    opening = Opening.model_validate({"by": by, "with": {"what": "a key"}})
    return Played(files, "locker", Script("played", "2026-03-02 09:00", opening, steps))


PLAYED = (
    step(edit={"size": "large"}, by="agent.wang"),
    step(pause="answer", by="supervisor.zhao"),
    step(after="30m"),
    step(resume="answer", by="supervisor.zhao"),
    step(until="2026-03-02 11:30"),
    step(ack="supervisor.zhao"),
    step(assign="agent.li", by="agent.wang"),
    step(when="take", by="agent.li"),
    step(when="ask", by="agent.li"),
    step(when="answered", by="customer", **{"with": {"lines": ("one", "two")}}),
    step(when="ask", by="agent.li"),
    step(signal="paid"),
    step(after="2 workdays"),
    step(when="finish", by="agent.li", **{"with": {"until_when": "2026-03-05 12:00"}}),
    step(when="reopen", by="supervisor.zhao"),
)


def test_what_was_played_comes_true_again_as_a_story(tmp_path: Path) -> None:
    played = opened(locker(tmp_path))
    for each in PLAYED:
        played.move(each)
    folder = played.files.folder
    (folder / "procedures/locker.stories.yaml").write_text("stories:\n" + story_text(played.story()))
    (result,) = run_stories(folder)
    assert (result.passed, result.message) == (True, None)
    told = [each.then for each in played.story().steps if each.then is not None]
    assert told[-1].state == ("working",)
    assert any(then.closed and then.outcome == "repaired" for then in told)
    assert any({"escalation": "supervisor.zhao"} in then.notified for then in told)
    assert any(then.clocks.get("answer") == "paused" for then in told)


def test_a_story_that_was_played_fails_once_the_rules_are_others(tmp_path: Path) -> None:
    played = opened(locker(tmp_path))
    for each in PLAYED:
        played.move(each)
    folder = played.files.folder
    (folder / "procedures/locker.stories.yaml").write_text("stories:\n" + story_text(played.story()))
    file = folder / "procedures/locker.yaml"
    file.write_text(LOCKER.replace("within: 2h", "within: 3h"))
    (result,) = run_stories(folder)
    assert not result.passed


def test_rules_that_wait_to_be_published_are_played_as_they_are_saved(tmp_path: Path) -> None:
    files = locker(tmp_path)
    (files.folder / "office.yaml").write_text(OFFICE + "publishing: {by: [supervisor, manager], approval: true}\n")
    played = opened(OfficeFiles(files.folder, still=True), step(when="take", by="agent.li"))
    assert (played.stop, played.case.states) == (None, ("working",))


def test_what_is_refused_has_not_happened(tmp_path: Path) -> None:
    played = opened(locker(tmp_path), step(when="take", by="agent.li"))
    before = played.history, played.script, played.now
    for wrong in (
        step(when="take", by="agent.li"),
        step(when="ask", by="manager.sun"),
        step(when="finish", by="agent.li"),
        step(when="nothing", by="agent.li"),
        step(when="ask", by="nobody"),
        step(edit={"size": "huge"}, by="agent.wang"),
        step(until="2026-03-01 09:00"),
        step(until="tomorrow"),
        step(after="5d"),
        step(after="99999 days"),
        step(until="9999-12-31 23:59"),
    ):
        with pytest.raises(GuanjiaError):
            played.move(wrong)
        assert (played.history, played.script, played.now) == before
    played.move(step(when="ask", by="agent.li"))
    assert played.case.states == ("waiting",)


def test_it_is_told_again_under_other_rules_as_far_as_it_goes_and_goes_on_from_there(tmp_path: Path) -> None:
    steps = (step(when="take", by="agent.li"), step(when="ask", by="agent.li"), step(when="answered", by="customer"))
    assert opened(locker(tmp_path / "1"), *steps).stop is None
    other = locker(
        tmp_path / "2", LOCKER.replace("ask:    {to: waiting, by: assignee}", "ask:    {to: waiting, by: manager}")
    )
    again = opened(other, *steps)
    assert again.stop is not None
    assert (again.stop.step, isinstance(again.stop.why, Refused)) == (1, True)
    assert again.case.states == ("working",)
    assert again.script.steps == steps  # kept, for the rules may be mended
    again.move(step(when="ask", by="manager.sun"))
    assert (again.stop, len(again.script.steps)) == (None, 2)
    unopened = opened(locker(tmp_path / "3", LOCKER.replace("initial: reported", "open_by: manager\ninitial: reported")), *steps)  # fmt: skip
    assert (unopened.begun, unopened.stop.step if unopened.stop else None) == (False, -1)


def test_time_goes_to_the_next_due_thing_and_to_the_next_opening(tmp_path: Path) -> None:
    played = opened(locker(tmp_path))
    due = played.next()
    assert due is not None
    assert played.wall(due) == "2026-03-02 10:00"
    played.move(step(until=played.wall(due)))
    assert played.case.clocks["answer"].breached_at == due
    begins = played.tomorrow()
    assert iso(begins, "Asia/Shanghai").startswith("2026-03-03T")
    assert played.program.calendar(None).is_open(begins)
    played.move(step(until=played.wall(begins)))
    assert played.now == begins


def test_more_than_can_be_looked_at_does_not_fall_due_in_one_step(tmp_path: Path) -> None:
    often = LOCKER.replace("look_again: {every: 1 workday,", "look_again: {every: 1m,")
    played = opened(locker(tmp_path, often), step(when="take", by="agent.li"))
    played.move(step(after="5m"))
    before = played.history, played.script, played.now
    with pytest.raises(Refused, match=str(MOST)):
        played.move(step(after="5 days"))
    assert (played.history, played.script, played.now) == before


@pytest.mark.parametrize("seed", range(scale(1, 20, faults=3)))
def test_whatever_is_played_in_a_shipped_procedure_comes_true_as_a_story(tmp_path: Path, seed: int) -> None:
    """Whoever may do something does it, with what is needed, at times of their own."""
    chance, files = Random(seed), OfficeFiles(shipped(tmp_path / "office"), still=True)
    opening = Opening.model_validate({"by": "reception.chen", "with": {"room": "3-1-502", "summary": "水管漏水"}})
    played = Played(files, "repair", Script("played", "2026-03-02 09:00", opening))
    for _ in range(7):
        if chance.random() < 0.3:
            due = played.next()
            played.move(
                step(until=played.wall(due)) if due is not None and chance.random() < 0.5 else step(after="35m")
            )
            continue
        able = []
        for who in (*played.engine.organisation.staff, "customer"):
            try:
                options = played.engine.available(played.case.id, played.telling.who(who))
            except Refused:
                continue
            able += [(who, option) for option in options if option.allowed]
        if not able:
            break
        who, option = chance.choice(able)
        fields = {**played.program.procedure.fields, **option.inputs}
        values = {name: _some(fields[name].type, fields[name].of) for name in option.requires}
        try:
            played.move(step(when=option.action, by=who, **({"with": values} if values else {})))
        except Refused:
            continue
    assert played.script.steps
    file = files.folder / "procedures/repair.stories.yaml"
    file.write_text("stories:\n" + story_text(played.story()))
    (result,) = run_stories(files.folder, ["repair"])
    assert result.message is None


def _some(kind: str, of: tuple[str, ...]) -> Any:
    return {
        "choice": of[0] if of else "", "staff": "engineer.li", "boolean": True, "integer": 3, "decimal": "2", "money": "80", "instant": "2026-03-03 14:00",
        "date": "2026-03-09", "duration": "2h", "phone": "13800001234",
    }.get(kind, "照办")  # fmt: skip


# -- as text

NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20) | st.sampled_from(
    ["yes", "null", "3-1-502", "30m", "1e3", "2 workdays", "- x", "a: b", "a #b", "{x}", "'", '"', "是", "漏水，三楼", "~", " x ", "a\nb", "\ufeffx", "0x1f", ".5", "NaN"]
)  # fmt: skip
VALUES = st.dictionaries(
    NAMES, TEXTS | st.booleans() | st.integers(-(10**9), 10**9) | st.lists(TEXTS, min_size=2, max_size=3).map(tuple) | st.decimals(-1000, 1000, places=2), max_size=3
)  # fmt: skip
THENS = st.builds(
    Then,
    state=st.lists(NAMES, max_size=2).map(tuple), clocks=st.dictionaries(NAMES, st.sampled_from(["met", "paused"]) | st.just({"due": "2026-03-02 09:30"}), max_size=2),
    notified=st.lists(st.dictionaries(NAMES, NAMES, min_size=1, max_size=1), max_size=2).map(tuple), closed=st.none() | st.booleans(),
)  # fmt: skip
STEPS = st.one_of(
    st.builds(
        lambda name, by, with_: Moment.model_validate({"when": name, "by": by, "with": with_}), NAMES, TEXTS, VALUES
    ),
    st.builds(lambda name, by: Moment.model_validate({"edit": name, "by": by}), VALUES, TEXTS),
    st.builds(lambda amount: Moment.model_validate({"after": amount}), st.sampled_from(["30m", "2 workdays", "2h30m"])),
    st.builds(lambda then: Moment.model_validate({"then": then}), THENS),
)
STORIES = st.builds(
    lambda name, by, with_, steps: Story(story=name, at="2026-03-02 09:00", open=Opening.model_validate({"by": by, "with": with_}), steps=tuple(steps)),
    TEXTS, TEXTS, VALUES, st.lists(STEPS, min_size=1, max_size=4),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(story=STORIES)
def test_a_story_that_is_written_is_read_back_as_the_same_story(tmp_path_factory: Any, story: Story) -> None:
    file = tmp_path_factory.getbasetemp() / "x.stories.yaml"
    file.write_text("stories:\n" + story_text(story))
    read, _ = read_stories(file)
    assert read == Stories(stories=(story,))


@settings(deadline=None)
@given(text=TEXTS)
def test_a_text_is_read_as_a_text(text: str) -> None:
    assert read_yaml(f"x: {{y: {scalar(text)}}}", "x").data == {"x": {"y": text}}


def test_what_people_write_plainly_is_written_plainly() -> None:
    assert [scalar(text) for text in ("agent.wang", "厨房漏水，三楼", "2 workdays", "30m", "work order")] == [
        "agent.wang", "厨房漏水，三楼", "2 workdays", "30m", "work order",
    ]  # fmt: skip
    assert [scalar(text) for text in ("3-1-502", "yes", "a: b", "13800001234")] == ['"3-1-502"', '"yes"', '"a: b"', '"13800001234"']  # fmt: skip
    assert Decimal("1.50") == read_yaml("x: 1.50", "x").data["x"]
