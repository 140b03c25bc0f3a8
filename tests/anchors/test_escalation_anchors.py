"""What users of other systems report of escalation (D), each as a claim about ours, named after what goes wrong there. D4 to D6 stand
with the clocks. Every claim is run with the bug planted, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from guanjia.channels.recorder import Recorder
from guanjia.clock import MINUTE, from_iso, iso
from guanjia.language import OfficeFiles
from guanjia.model.procedure import Ladder, Level
from guanjia.runtime.engine import Engine
from guanjia.store.interface import Query

from tests.anchors.planting import Bug, planted
from tests.offices import OFFICE, PEOPLE, clock_of, engine, small

ZONE = "Asia/Shanghai"
DESK = """
procedure: desk
number: D-{seq}
fields: {lead: {type: staff}}
initial: new
states:
  new: {transitions: {accept: {to: working}, see: {}}}
  working: {transitions: {finish: {to: done}}}
  done: {final: true}
sla:
  own: {start: open, stop: accept, target: {within: 30m}, at: {OWN}}
  solve: {start: open, stop: done, target: {within: 4h}, at: {SOLVE}}
"""
LADDER = """
ladders:
  up:
    acknowledge: see
    levels:
      - {to: supervisor}
      - {to: manager, wait: 1h}
      - {to: region, wait: 2h}
"""
STAFF = (
    PEOPLE.replace("staff:", "  region: {label: {zh: 区域, en: region}}\nstaff:")
    + "  region.feng: {name: 冯雪, roles: [region]}\n"
)
STEPS = "due: [{escalate: supervisor}], due + 1h: [{escalate: manager}], due + 3h: [{escalate: region}]"
CLIMB = "due: [{escalate: {ladder: up}}]"


def office(folder: Path, *, own: str = "", solve: str = "", more: str = "", staff: str = STAFF, **files: str) -> Engine:
    text = DESK.replace("OWN", own).replace("SOLVE", solve) + more
    return engine(small(folder, text, more={"organisation.yaml": staff, **files}))


def at(desk: Engine, time: str) -> None:
    """The clock says this on Monday, the 2nd of March 2026, and the worker looks."""
    clock_of(desk).set(from_iso(f"2026-03-02T{time}", ZONE))
    desk.run_once()


def told(desk: Engine, case: str) -> list[tuple[str, str]]:
    """When what was told to whom, by what the outbox holds and the time of the event."""
    events = {event.seq: event for event in desk.history(case)}
    rows = reversed(desk.store.outbox(case=desk.case(case).id, limit=1000))
    return [
        (iso(events[row.notification.seq].occurred_at, ZONE)[11:16], row.notification.recipient.rpartition(":")[2])
        for row in rows
    ]


UPWARDS = [("09:30", "supervisor.zhao"), ("10:30", "manager.sun"), ("14:00", "region.feng")]
"""Half an hour from nine o'clock, then an hour, then two: of an office that rests from noon to half past one."""


def _first_only(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda clock, threshold, now: replace(real(clock, threshold, now), pending=())


@planted(Bug("once one level was told the others are forgotten", "guanjia.core.clocks.fire", _first_only))
def test_D1_every_level_fires_not_only_the_first(tmp_path: Path) -> None:
    """glpi-project/glpi #5319"""
    desk = office(tmp_path, own=STEPS, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    for time in ("09:35", "10:35", "14:05", "17:00"):
        at(desk, time)
    assert told(desk, case) == UPWARDS


REST = {
    "calendars/office.yaml": "zone: Asia/Shanghai\nextends: [cn-2025, cn-2026]\nweek: {mon-fri: ['08:30-12:00', '13:30-18:00']}\n",
}


@planted(
    Bug("a ladder has one level", "guanjia.core.ladders._due", lambda real: lambda ladder, here: None if here.told else real(ladder, here)),
    Bug("the wait begins when the worker comes", "guanjia.core.ladders._due",
        lambda real: lambda ladder, here: None if (due := real(ladder, here)) is None else due + MINUTE * 200 * bool(here.told)),
)  # fmt: skip
def test_D1_levels_that_were_missed_are_made_up_each_at_its_own_instant(tmp_path: Path) -> None:
    """glpi-project/glpi PR #5805: the repair left out what had been missed."""
    desk = office(tmp_path, own=CLIMB, more=LADDER, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    at(desk, "17:00")
    assert told(desk, case) == UPWARDS


def _again(real: Callable[..., Any]) -> Callable[..., Any]:
    def fire(clock: Any, threshold: str, now: int) -> Any:
        fired = real(clock, threshold, now)
        order = next(order for _, order, name in clock.pending if name == threshold)
        return replace(fired, pending=((now + 15 * MINUTE, order, threshold), *fired.pending))

    return fire


@planted(Bug("what is late fires at every tick", "guanjia.core.clocks.fire", _again))
def test_D2_the_same_level_does_not_fire_at_every_tick_until_it_is_solved(tmp_path: Path) -> None:
    """glpi #1996"""
    desk = office(tmp_path, own=STEPS, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    for hour in range(9, 18):
        for minute in range(0, 60, 5):
            at(desk, f"{hour:02}:{minute:02}")
    assert told(desk, case) == UPWARDS
    assert [event.name for event in desk.history(case) if event.name.startswith("own")] == ["own.due", "own.due + 1h", "own.due + 3h"]  # fmt: skip


def _told_again(real: Callable[..., Any]) -> Callable[..., Any]:
    def climb(step: Any, key: str) -> None:
        here = step.climbs[key]
        real(step, key)
        if here.level == 1 and here.started_at + 100 * MINUTE > step.now:
            step.climbs[key] = replace(here, due=step.now + 15 * MINUTE)
            step.data["climbs"][key] = step.climbs[key].to_plain()

    return climb


@planted(Bug("a level is told until somebody answers", "guanjia.core.ladders.climb", _told_again))
def test_D2_a_level_of_a_ladder_is_told_once(tmp_path: Path) -> None:
    desk = office(tmp_path, own=CLIMB, more=LADDER, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    for hour in range(9, 18):
        for minute in range(0, 60, 5):
            at(desk, f"{hour:02}:{minute:02}")
    assert told(desk, case) == UPWARDS


def _of_the_other(real: Callable[..., Any]) -> Callable[..., Any]:
    def begin(step: Any, ladder: Any) -> None:
        step.clock = "solve"
        real(step, ladder)

    return begin


@planted(Bug("a level of time-to-own is kept as one of time-to-resolve", "guanjia.core.ladders.begin", _of_the_other))
def test_D3_a_level_belongs_to_the_clock_under_which_it_is_written(tmp_path: Path) -> None:
    """glpi #2184, #2765"""
    desk = office(tmp_path, own=CLIMB, more=LADDER, solve="due: [{escalate: region}]", **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    at(desk, "09:45")
    assert [climb.clock for climb in desk.case(case).climbs.values()] == ["own"]
    desk.act(case, "accept", actor="agent.wang")
    at(desk, "17:00")
    # What was owned climbs no further; that it is not solved is told by the clock of solving.
    assert told(desk, case) == [UPWARDS[0], ("14:30", "region.feng")]


VARIANTS = {
    "calendar": ("    acknowledge: see", "    calendar: always\n    acknowledge: see"),
    "template": ("    acknowledge: see", "    template: louder\n    acknowledge: see"),
    "urgency": ("    acknowledge: see", "    urgency: urgent\n    acknowledge: see"),
    "acknowledge": ("    acknowledge: see\n", ""),
    "alarm": ("    acknowledge: see", "    alarm: 1h\n    acknowledge: see"),
    "catch_up": ("    acknowledge: see", "    catch_up: summary\n    acknowledge: see"),
    "levels": ("      - {to: region, wait: 2h}\n", ""),
    "to": ("{to: manager, wait: 1h}", "{to: region, wait: 1h}"),
    "wait": ("wait: 1h", "wait: 40m"),
}


def _lived(folder: Path, ladder: str) -> list[tuple[str, ...]]:
    """What a late worker tells of one case, and of another on which somebody acts: when, to whom, by which template, how urgently."""
    texts = {f"templates/{language}/louder.text.j2": "louder {{ number }}\n" for language in ("zh", "en")}
    texts["office.yaml"] = OFFICE + "alarm: [supervisor]\n"
    desk = office(folder, own=CLIMB, more=ladder, **REST, **texts)
    cases = [desk.open("desk", actor="agent.wang").case for _ in range(2)]
    clock_of(desk).set(from_iso("2026-03-02T09:40", ZONE))
    desk.act(cases[1].id, "see", actor="agent.wang")
    at(desk, "15:30")
    sent = [row.notification for row in desk.store.outbox(limit=1000)]
    by = {it.key: (it.template, it.urgency) for it in sent}
    keys = {case.id: desk.store.outbox_keys(case.id) for case in cases}
    return [(*what, *by[key]) for case in cases for what, key in zip(told(desk, case.id), keys[case.id], strict=True)]


@planted(
    Bug("a ladder is read, kept, shown, and climbed by nobody", "guanjia.core.ladders.begin", lambda real: lambda step, ladder: None),
    Bug("a key is accepted and means nothing", "guanjia.core.program.Program._ladder",
        lambda real: lambda self, name, ladder: real(self, name, ladder.model_copy(update={"catch_up": "each"}))),
)  # fmt: skip
def test_D7_whatever_a_ladder_may_say_changes_what_happens(tmp_path: Path) -> None:
    """open-mercato/open-mercato #2293"""
    assert set(VARIANTS) == set(Ladder.model_fields) | set(Level.model_fields)
    as_it_is = _lived(tmp_path / "base", LADDER)
    assert as_it_is
    for key, (old, new) in VARIANTS.items():
        assert old in LADDER
        assert _lived(tmp_path / key, LADDER.replace(old, new)) != as_it_is, key


@planted(Bug("what nothing begins is accepted without a word", "guanjia.language.checks.check_ladders", lambda real: lambda view: None))  # fmt: skip
def test_D7_a_ladder_that_nothing_begins_is_told_as_the_file_is_read(tmp_path: Path) -> None:
    small(tmp_path, DESK.replace("OWN", "").replace("SOLVE", "") + LADDER, more={"organisation.yaml": STAFF})
    assert "unused-ladder" in {finding.code for finding in OfficeFiles(tmp_path).check()}


@planted(
    Bug("one target for all levels", "guanjia.core.program.Program._ladder",
        lambda real: lambda self, name, ladder: (made := real(self, name, ladder)) and replace(made, waits=(None, *[made.waits[1]] * (len(made.waits) - 1)))),
)  # fmt: skip
def test_D8_each_level_along_the_reporting_line_has_its_own_target(tmp_path: Path) -> None:
    """frappe/erpnext #6049"""
    desk = office(tmp_path, own=CLIMB, more=LADDER, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    at(desk, "17:00")
    assert told(desk, case) == UPWARDS


SICK = STAFF.replace("[manager]}", "[manager], active: false}")


@planted(
    Bug("nobody on call is waited for", "guanjia.core.ladders._due",
        lambda real: lambda ladder, here: real(ladder, replace(here, told=tuple(level._replace(to=level.to or ("staff:x",)) for level in here.told)))),
    Bug("nobody on call is silence", "guanjia.core.step.Step._lacking", lambda real: lambda self, who: None),
)  # fmt: skip
def test_D8_nobody_on_call_is_recorded_and_the_next_level_is_told_at_once(tmp_path: Path) -> None:
    """grafana/oncall #4846"""
    desk = office(tmp_path, own=CLIMB, more=LADDER, staff=SICK, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    at(desk, "10:35")
    assert told(desk, case) == [UPWARDS[0], ("10:30", "manager"), ("10:30", "region.feng")]
    assert [row.notification.recipient for row in desk.store.outbox(status="unrenderable")] == ["role:manager"]


@planted(
    Bug("the last level is like any other", "guanjia.runtime.rounds._alarm", lambda real: lambda engine, case, event: ""),
    Bug("an alarm is seen by whoever happens to look", "guanjia.runtime.rendering.Renderer._problem",
        lambda real: lambda self, case, event, template, recipient, problem: replace(real(self, case, event, template, recipient, problem), channel="recorder", problem=None)),
)  # fmt: skip
def test_D8_nobody_at_the_top_is_an_alarm(tmp_path: Path) -> None:
    desk = office(tmp_path, own=CLIMB, more=LADDER, staff=SICK.replace("[region]}", "[region], active: false}"), **REST)
    desk.channels["recorder"] = Recorder()
    case = desk.open("desk", actor="agent.wang").case
    clock_of(desk).set(from_iso("2026-03-02T11:00", ZONE))
    work = desk.run_once()
    assert any(case.number in alarm and "up" in alarm for alarm in work.alarms)
    assert "ladder:up" in {row.notification.recipient for row in desk.store.outbox(status="unrenderable")}
    assert desk.store.outbox_counts()["unrenderable"] == 3


@planted(
    Bug("who was told is enough", "guanjia.core.ladders._due",
        lambda real: lambda ladder, here: None if here.level == len(ladder.waits) else real(ladder, here)),
    Bug("what nobody acknowledges is nobody's", "guanjia.core.ladders._alarm",
        lambda real: lambda step, key, ladder, here: replace(real(step, key, ladder, here), alarmed_at=None, due=None)),
)  # fmt: skip
def test_D8_a_last_level_that_nobody_acknowledges_is_silence_for_ever(tmp_path: Path) -> None:
    """grafana/oncall #4846"""
    desk = office(tmp_path, own=CLIMB, more=LADDER, **REST, **{"office.yaml": OFFICE + "alarm: 'staff:agent.li'\n"})
    case = desk.open("desk", actor="agent.wang").case.id
    clock_of(desk).set(from_iso("2026-03-03T09:00", ZONE))
    assert any("up" in alarm for alarm in desk.run_once().alarms)
    assert told(desk, case) == [*UPWARDS, ("16:00", "agent.li")]
    assert [row.id for row in desk.list(Query(alarm=True))] == [case]
    desk.acknowledge(case, actor="agent.li")
    assert not desk.list(Query(alarm=True))


@planted(
    Bug("a role without people has nobody above", "guanjia.people.organisation.Organisation.resolve", lambda real: lambda self, role, *when: self.candidates(role, *when)),
)  # fmt: skip
def test_D8_where_a_role_is_empty_whoever_answers_for_it_is_told(tmp_path: Path) -> None:
    line = SICK.replace("manager: {label", "manager: {parent: region, label")
    desk = office(tmp_path, own=CLIMB, more=LADDER, staff=line, **REST)
    case = desk.open("desk", actor="agent.wang").case.id
    at(desk, "10:35")
    assert told(desk, case) == [UPWARDS[0], ("10:30", "region.feng")]
