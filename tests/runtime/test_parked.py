"""What one case sends another is never lost: what is refused is parked with its reason, holds nothing up, and can be carried out
once the reason is mended. What the calendar opens does not depend on what somebody wrote into a setting."""

from __future__ import annotations

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.errors import NotFound, Refused
from guanjia.runtime.audit import audit
from guanjia.store import InboxItem

from tests.offices import MONDAY, OFFICE, engine, small

DESK = """
procedure: desk
number: D-{seq}
fields: {summary: {type: text}}
initial: a
signals: {}
states:
  a:
    transitions:
      help: {by: agent, do: [{open: {helper: {as: help, with: {summary: summary}}}}]}
    signals: {knock: {to: b}}
    after: {late: {delay: 1h, calendar: always, to: b}}
  b: {transitions: {back: {to: a, by: agent}, end: {to: z, by: agent}}}
  z: {final: true}
""".replace("signals: {}\n", "")
HELPER = """
procedure: helper
number: H-{seq}
fields: {summary: {type: text}}
initial: a
states: {a: {transitions: {knock_: {by: agent, do: [{emit: {signal: knock, to: parent}}]}, done_: {to: z}}}, z: {final: true}}
"""


@pytest.fixture
def desk(tmp_path, store):
    return engine(small(tmp_path, DESK, more={"procedures/helper.yaml": HELPER}), store=store)


def broken(desk, is_broken: bool) -> None:
    (desk.files.folder / "procedures/helper.yaml").write_text(
        HELPER.replace("to: z", "to: y" if is_broken else "to: z")
    )
    desk.refresh()


def parked(desk) -> list[str]:
    return [item.key for item, _ in desk.store.dropped_inbox()]


def test_a_child_that_could_not_be_opened_is_opened_once_its_file_is_mended(tmp_path, store):
    """It never was in order; else the version before would have gone on."""
    never = {"procedures/helper.yaml": HELPER.replace("to: z", "to: y")}
    desk = engine(small(tmp_path, DESK, more=never), store=store)
    case = desk.act(desk.open("desk", actor="agent.wang", summary="x").case.id, "help", actor="agent.wang").case
    (key,) = parked(desk)
    assert case.children["help"]
    with pytest.raises(NotFound):
        desk.case(case.children["help"])
    assert desk.retry_parked(key) is not None  # nothing was mended yet
    assert parked(desk) == [key]
    broken(desk, False)
    assert desk.retry_parked(key) is None
    assert desk.case(case.children["help"]).fields["summary"] == "x"
    with pytest.raises(NotFound):
        desk.retry_parked(key)
    with pytest.raises(NotFound):
        desk.retry_parked("nothing")
    assert not audit(desk)


def test_a_signal_that_comes_after_what_was_due_is_parked_and_not_marked_as_done(desk):
    """The due thing stays, the signal that it overtook does not count as heard."""
    case = desk.act(desk.open("desk", actor="agent.wang", summary="x").case.id, "help", actor="agent.wang").case
    desk.clock.set(MONDAY + 2 * HOUR)
    desk.act(case.children["help"], "knock_", actor="agent.wang")
    assert desk.case(case.id).states == ("b",)
    (key,) = parked(desk)
    assert desk.store.inbox_status(key) == "dropped"
    desk.act(case.id, "back", actor="agent.wang")
    assert desk.retry_parked(key) is None
    assert desk.history(case.id)[-1].type == "signalled"
    assert not audit(desk)


def test_a_command_that_a_due_thing_overtook_is_refused_again_with_its_key(desk):
    """A key remembers what happened; a refusal is nothing that happened."""
    case = desk.act(desk.open("desk", actor="agent.wang", summary="x").case.id, "help", actor="agent.wang").case
    desk.clock.set(MONDAY + 2 * HOUR)
    for _ in range(2):
        with pytest.raises(Refused):
            desk.act(case.id, "help", actor="agent.wang", key="once")
    desk.act(case.id, "back", actor="agent.wang")
    assert not desk.act(case.id, "help", actor="agent.wang", key="once").repeated


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"kind": "open"}', '{"kind": 5, "name": []}', "[" * 100_000,
                                  '{"kind": "signal", "name": "x", "since": "soon"}', '{"kind": "open", "name": "desk", "values": "x"}'])  # fmt: skip
def test_an_item_that_is_damaged_is_parked_and_holds_up_nothing(desk, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guanjia.runtime.funnel.asked", lambda *_: [InboxItem("bad", "x", None, text)])
        case = desk.open("desk", actor="agent.wang", summary="x").case
    desk.clock.set(MONDAY + 61 * MINUTE)
    work = desk.run_once()
    assert parked(desk) == ["bad"]
    assert (work.fired, desk.case(case.id).states) == (1, ("b",))


# -- what the calendar opens

TWO = OFFICE + "schedules:\n  one: {open: desk, cron: '0 8 * * *', catch_up: all}\n  two: {open: desk, cron: '0 8 * * *', catch_up: all}\n"  # fmt: skip


@pytest.mark.parametrize("kept", ["", "soon", "-5", "1e9", "9" * 40, "٣", str(MONDAY + 400 * DAY), '{"x": 1}'])
def test_a_damaged_schedule_is_told_once_and_the_others_go_on(tmp_path, store, kept):
    desk = engine(small(tmp_path, DESK, more={"procedures/helper.yaml": HELPER, "office.yaml": TWO}), store=store)
    assert desk.run_once().problems == ()
    store.set_setting("schedule:one", kept)
    desk.clock.advance(DAY)
    work = desk.run_once()
    assert work.opened == 1
    (problem,) = work.problems
    assert problem.startswith("schedule:one: ")
    assert desk.run_once().problems == ()
    desk.clock.advance(DAY)
    assert desk.run_once().opened == 2


def test_a_clock_that_was_set_back_a_little_opens_nothing_twice(tmp_path, store):
    desk = engine(small(tmp_path, DESK, more={"procedures/helper.yaml": HELPER, "office.yaml": TWO}), store=store)
    desk.run_once()
    desk.clock.advance(DAY)
    assert desk.run_once().opened == 2
    desk.clock.advance(-3 * HOUR)
    assert desk.run_once() == desk.run_once()
    desk.clock.advance(4 * HOUR)
    assert desk.run_once().opened == 0
