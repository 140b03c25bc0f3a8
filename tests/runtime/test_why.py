"""Every deadline can explain itself: from when, which target and why that one, what ran and stood still, which days counted."""

from __future__ import annotations

import json
import random

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, ManualClock, from_iso
from guanjia.errors import NotFound, Refused

from tests.offices import MONDAY, clock_of, engine, small

DESK = """\
procedure: desk
undo: 1h
fields:
  summary: {type: text, required: true}
  severity: {type: choice, of: [minor, critical], default: minor}
sla:
  resolve:
    start: open
    pause: waiting
    stop: closed
    target:
      - {guard: severity == 'critical', within: 4h, calendar: always}
      - {within: 3 workdays}
    at: {50%: [{log: half}], due: [{log: late}]}
  reply:
    start: take
    stop: closed
    target: {earliest: [{within: 2h}, {within: 30m, calendar: always}]}
initial: received
states:
  received:
    transitions:
      take: {to: working}
      close: {to: closed}
  working:
    transitions:
      ask: {to: waiting}
      more: {do: [{extend: {resolve: 1 workdays}}]}
      close: {to: closed}
  waiting:
    transitions:
      back: {to: working}
  closed: {final: true}
reopen: {to: received, by: agent}
labels: {zh: {}, en: {}}
"""


def at(text: str) -> int:
    return from_iso(text, "Asia/Shanghai")


@pytest.fixture
def desk(tmp_path):
    return engine(small(tmp_path, DESK))


def opened(desk, **values) -> str:
    return desk.open("desk", actor="agent.wang", summary="x", **values).case.number


def test_the_days_that_counted_add_up_to_the_deadline_and_the_others_say_why_not(desk):
    clock_of(desk).set(
        at("2026-02-12T10:00")
    )  # a Thursday; Spring Festival from Sunday on, Saturday is a make-up workday
    account = desk.why(opened(desk), "resolve")
    (ran,) = account.stretches
    counted = {spent.day.date.isoformat(): spent.used for spent in ran.days if spent.used}
    assert counted == {"2026-02-13": 1, "2026-02-14": 1, "2026-02-24": 1}
    assert account.clock.due == at("2026-02-25T00:00")
    why = {spent.day.date.isoformat(): (spent.day.kind, spent.day.name) for spent in ran.days}
    assert why["2026-02-14"] == ("workday", "")
    assert why["2026-02-17"] == ("holiday", "春节")
    assert not ran.days[0].used


def test_a_target_that_does_not_hold_names_the_part_of_its_guard(desk):
    passed, chosen = desk.why(opened(desk), "resolve").targets
    assert (passed.written, passed.chosen, chosen.written, chosen.chosen) == ("4h", False, "3 workdays", True)
    assert [(part.source, dict(part.values)) for part in passed.failing] == [
        ("severity == 'critical'", {("severity",): "minor"})
    ]


def test_pauses_extensions_and_changes_stand_with_the_event_that_made_them(desk):
    number, clock = opened(desk), clock_of(desk)
    desk.act(number, "take", actor="agent.wang")
    clock.advance(DAY)
    desk.act(number, "ask", actor="agent.li")
    clock.advance(2 * DAY)
    desk.act(number, "back", actor="agent.wang")
    desk.act(number, "more", actor="agent.wang")
    account = desk.why(number, "resolve")
    assert [(turn.kind, turn.event.name) for turn in account.turns] == [
        ("started", "desk"), ("paused", "ask"), ("resumed", "back"), ("extended", "more"),
    ]  # fmt: skip
    assert [(part.running, part.used) for part in account.stretches] == [(True, 0), (False, 0), (True, 4)]
    assert account.limit.total == 4
    assert account.stretches[1][1:3] == (MONDAY + DAY, MONDAY + 3 * DAY)
    assert account.stretches[-1].until == account.clock.due


def test_an_end_that_is_taken_back_says_so_and_a_start_that_is_leaves_no_account(desk):
    number = desk.open("desk", actor="agent.wang", summary="x").case.number
    desk.act(number, "close", actor="agent.wang")
    desk.undo(number, actor="agent.wang")
    account = desk.why(number, "resolve")
    assert [turn.kind for turn in account.turns] == ["started", "met", "undone"]
    assert account.clock.status == "running"
    desk.act(number, "take", actor="agent.wang")
    desk.undo(number, actor="agent.wang")
    with pytest.raises(NotFound, match="has not started"):
        desk.why(number, "reply")
    clock_of(desk).advance(MINUTE)
    desk.act(number, "take", actor="agent.wang")
    assert [turn.kind for turn in desk.why(number, "reply").turns] == ["started"]


def test_of_several_limits_the_first_to_end_is_explained(desk):
    clock_of(desk).set(at("2026-03-02T17:50"))
    number = opened(desk)
    desk.act(number, "take", actor="agent.wang")
    account = desk.why(number, "reply")
    assert account.limit.calendar == "always"
    assert account.ends == (at("2026-03-03T10:20"), at("2026-03-02T18:20"))
    assert account.clock.due == min(account.ends)


def test_a_supposition_moves_the_deadline_and_not_the_case(desk):
    number = opened(desk)
    before = desk.case(number)
    supposed = desk.why(number, "resolve", actor="agent.wang", severity="critical")
    assert supposed.clock.due == MONDAY + 4 * HOUR
    assert [turn.kind for turn in supposed.turns] == ["started", "aimed"]
    later = desk.why(number, "resolve", at=MONDAY + 5 * DAY)
    assert later.clock.breached_at == at("2026-03-06T00:00")
    assert [turn.detail for turn in later.turns if turn.kind == "reached"] == ["50%", "due"]
    assert desk.case(number) == before
    assert desk.why(number, "resolve").turns[-1].kind == "started"
    with pytest.raises(Refused):
        desk.why(number, "resolve", actor="agent.wang", severity="huge")


def test_each_cycle_has_an_account_of_its_own(desk):
    number, clock = opened(desk), clock_of(desk)
    desk.act(number, "close", actor="agent.wang")
    clock.advance(HOUR)
    desk.act(number, "reopen", actor="agent.wang")
    first, second = desk.why(number, "resolve", cycle=1), desk.why(number, "resolve")
    assert (first.clock.status, second.clock.status) == ("met", "running")
    assert [turn.kind for turn in first.turns] == ["started", "met"]
    assert second.clock.counted_from == MONDAY + HOUR
    for wrong in ({"cycle": 3}, {}):
        with pytest.raises(NotFound):
            desk.why(number, "reply" if not wrong else "resolve", **wrong)
    with pytest.raises(NotFound) as unknown:
        desk.why(number, "nosuch")
    assert unknown.value.data["known"] == ["resolve", "reply"]


@pytest.mark.parametrize("seed", range(12))
def test_what_every_stretch_used_always_adds_up(tmp_path, seed):
    """Whatever happens to the clock, what was carried and what ran make the total at the due instant, or what was used."""
    chance, desk = random.Random(seed), engine(small(tmp_path, DESK))
    number, clock = opened(desk), clock_of(desk)
    for _ in range(12):
        assert isinstance(clock, ManualClock)
        clock.advance(chance.randrange(1, 30 * 60) * MINUTE)
        desk.run_once()
        possible = [option.action for option in desk.available(number, "agent.wang") if option.allowed]
        if possible and chance.random() < 0.7:
            desk.act(number, chance.choice(possible), actor="agent.wang")
        elif not desk.case(number).finished:
            desk.edit(number, actor="agent.wang", severity=chance.choice(["minor", "critical"]))
        account = desk.why(number, "resolve")
        ran = sum(part.used for part in account.stretches if part.running)
        if account.clock.status == "running" and account.clock.breached_at is None:
            assert account.carried + ran == account.limit.total, f"seed {seed}"
        elif not account.clock.open:
            assert account.carried + ran == account.limit.used, f"seed {seed}"
        for before, after in zip(account.stretches, account.stretches[1:], strict=False):
            assert before.until == after.since
        json.dumps([turn.kind for turn in account.turns])
