"""Escalation by levels: who is told when, what stops it, and that a late worker, or one that dies, changes nothing."""

from __future__ import annotations

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
from guanjia.core import fold
from guanjia.errors import GuanjiaError, Refused
from guanjia.language import OfficeFiles
from guanjia.runtime.audit import audit
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.offices import MONDAY, OFFICE, PEOPLE, clock_of, engine, small
from tests.scale import scale

DESK = """
procedure: desk
number: D-{seq}
fields:
  boss: {type: staff}
initial: new
states:
  new: {transitions: {accept: {to: working, by: agent}, see_to_it: {}, ask: {to: waiting}, drop: {to: dropped}}}
  working: {transitions: {finish: {to: done}, ask: {to: waiting}}}
  waiting: {transitions: {answered: {to: new}}}
  done: {final: true}
  dropped: {final: true}
sla:
  respond:
    start: open
    pause: waiting
    stop: accept
    target: {within: 30m, calendar: always}
    at: {due: [{escalate: {ladder: up}}]}
  solve:
    start: open
    stop: done
    target: {within: 4h, calendar: always}
    at: {due: [{escalate: {ladder: up}}]}
ladders:
  up:
    calendar: always
    acknowledge: see_to_it
    levels:
      - {to: supervisor}
      - {to: manager, wait: 30m}
      - {to: [agent, 'staff:supervisor.zhao'], wait: 2h}
"""


def opened(tmp_path, procedure: str = DESK, **more):
    desk = engine(small(tmp_path, procedure, **more))
    return desk, desk.open("desk", actor="agent.wang").case.number


def at(instant: int | None) -> str:
    return "-" if instant is None else iso(instant, "Asia/Shanghai")[11:16]


def told(desk, number: str) -> list[tuple[str, str]]:
    """(when, to whom) of every level that was told."""
    return [
        (at(event.occurred_at), who)
        for event in desk.history(number)
        for notice in event.data.get("notify", ())
        if "climb" in notice
        for who in notice["to"]
    ]


def until(desk, time: str) -> None:
    clock_of(desk).set(from_iso(f"2026-03-02T{time}", "Asia/Shanghai"))


ALL = [
    ("09:30", "staff:supervisor.zhao"),
    ("10:00", "staff:manager.sun"),
    ("12:00", "staff:agent.wang"),
    ("12:00", "staff:agent.li"),
    ("12:00", "staff:supervisor.zhao"),
]


def test_level_after_level_is_told_at_its_own_instant_however_late_the_worker_is(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "12:30")
    desk.run_once()
    assert told(desk, number) == ALL
    climb = desk.case(number).climbs["up.respond"]
    assert (climb.level, at(climb.due), climb.open) == (3, "14:00", True)
    assert not audit(desk)


def test_no_level_is_told_twice_however_often_the_worker_looks(tmp_path):
    desk, number = opened(tmp_path)
    for minute in range(0, 200, 5):
        clock_of(desk).set(MONDAY + minute * MINUTE)
        desk.run_once()
    assert told(desk, number) == ALL


def test_who_was_told_may_acknowledge_and_nobody_further_up_is_told(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:40")
    desk.run_once()
    case = desk.acknowledge(number, actor="supervisor.zhao", reason="已安排").case
    climb = case.climbs["up.respond"]
    assert (climb.status, climb.ended_by, at(climb.ended_at)) == ("acknowledged", "supervisor.zhao", "09:40")
    until(desk, "12:30")
    desk.run_once()
    assert told(desk, number) == ALL[:1]
    assert desk.history(number)[-1].data["reason"] == "已安排"


def test_an_acknowledgement_does_not_stop_the_clock(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:40")
    desk.run_once()
    desk.acknowledge(number, actor="supervisor.zhao")
    clock = desk.case(number).clocks["respond"]
    assert (clock.status, at(clock.breached_at)) == ("running", "09:30")


def test_who_was_not_told_yet_may_not_acknowledge_and_that_is_recorded(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:40")
    desk.run_once()
    with pytest.raises(Refused) as refused:
        desk.acknowledge(number, actor="manager.sun")
    assert refused.value.code == "role"
    assert "supervisor.zhao" in refused.value.hint.zh
    assert desk.history(number)[-1].type == "refused"
    until(desk, "10:00")
    assert desk.acknowledge(number, actor="manager.sun").case.climbs["up.respond"].ended_by == "manager.sun"


def test_an_acknowledgement_of_what_does_not_climb_is_refused_and_says_who_was_first(tmp_path):
    desk, number = opened(tmp_path)
    with pytest.raises(Refused, match="no escalation"):
        desk.acknowledge(number, actor="supervisor.zhao")
    until(desk, "09:40")
    desk.acknowledge(number, actor="supervisor.zhao")
    with pytest.raises(Refused) as refused:
        desk.acknowledge(number, actor="supervisor.zhao")
    assert "supervisor.zhao" in refused.value.hint.en


def test_an_action_that_counts_as_an_acknowledgement_ends_the_climb(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:45")
    case = desk.act(number, "see_to_it", actor="agent.li").case
    assert (case.climbs["up.respond"].status, case.climbs["up.respond"].ended_by) == ("acknowledged", "agent.li")
    assert case.clocks["respond"].status == "running"


def test_the_climb_ends_with_the_clock_that_began_it_and_not_with_another(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:45")
    case = desk.act(number, "accept", actor="agent.wang").case
    assert case.climbs["up.respond"].status == "stopped"
    until(desk, "13:10")
    desk.run_once()
    assert told(desk, number) == [ALL[0], ("13:00", "staff:supervisor.zhao")]
    assert desk.case(number).climbs["up.solve"].status == "climbing"


def test_two_late_promises_of_one_case_climb_each_for_itself(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "13:10")
    desk.run_once()
    assert told(desk, number) == [*ALL, ("13:00", "staff:supervisor.zhao")]
    desk.acknowledge(number, actor="supervisor.zhao")
    assert {climb.status for climb in desk.case(number).climbs.values()} == {"acknowledged"}


def test_nobody_is_told_of_a_case_that_is_closed(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:45")
    case = desk.act(number, "drop", actor="agent.wang").case
    assert case.climbs["up.respond"].status == "stopped"
    until(desk, "20:00")
    desk.run_once()
    assert told(desk, number) == ALL[:1]


def test_while_the_clock_is_paused_the_wait_stands_still(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:40")
    desk.act(number, "ask", actor="agent.wang")
    climb = desk.case(number).climbs["up.respond"]
    assert (climb.status, climb.due) == ("paused", None)
    until(desk, "11:40")
    desk.act(number, "answered", actor="agent.wang")
    assert at(desk.case(number).climbs["up.respond"].due) == "12:00"
    until(desk, "12:30")
    desk.run_once()
    assert told(desk, number)[:2] == [ALL[0], ("12:00", "staff:manager.sun")]


def test_who_was_told_may_acknowledge_while_the_clock_is_paused(tmp_path):
    desk, number = opened(tmp_path)
    until(desk, "09:40")
    desk.act(number, "ask", actor="agent.wang")
    assert desk.acknowledge(number, actor="supervisor.zhao").case.climbs["up.respond"].status == "acknowledged"


WORKDAYS = DESK.replace("calendar: always\n    ack", "ack").replace("wait: 30m", "wait: 1 workday")


def test_a_wait_in_working_days_ends_with_the_day_and_a_pause_within_a_day_costs_nothing(tmp_path):
    desk, number = opened(tmp_path, WORKDAYS)
    until(desk, "09:40")
    desk.run_once()
    due = desk.case(number).climbs["up.respond"].due
    assert due == from_iso("2026-03-04T00:00", "Asia/Shanghai")
    clock_of(desk).set(MONDAY + DAY)
    desk.act(number, "ask", actor="agent.wang")
    clock_of(desk).advance(HOUR)
    desk.act(number, "answered", actor="agent.wang")
    assert desk.case(number).climbs["up.respond"].due == due


def test_a_pause_on_the_day_on_which_a_level_was_told_does_not_make_that_day_count(tmp_path):
    desk, number = opened(tmp_path, WORKDAYS)
    until(desk, "09:40")
    desk.act(number, "ask", actor="agent.wang")
    until(desk, "09:50")
    desk.act(number, "answered", actor="agent.wang")
    assert desk.case(number).climbs["up.respond"].due == from_iso("2026-03-04T00:00", "Asia/Shanghai")


def test_a_level_that_is_told_as_a_day_ends_waits_the_very_next_workday(tmp_path):
    desk, number = opened(tmp_path, WORKDAYS.replace("within: 30m, calendar: always", "within: 1 workday"))
    clock_of(desk).set(from_iso("2026-03-04T08:00", "Asia/Shanghai"))
    desk.run_once()
    climb = desk.case(number).climbs["up.respond"]
    assert climb.told[-1].at == from_iso("2026-03-04T00:00", "Asia/Shanghai")
    assert climb.due == from_iso("2026-03-05T00:00", "Asia/Shanghai")


def test_a_level_that_nobody_can_receive_is_recorded_and_passed_at_once(tmp_path):
    desk, number = opened(tmp_path, DESK.replace("{to: manager, wait: 30m}", "{to: boss, wait: 30m}"))
    until(desk, "10:05")
    desk.run_once()
    assert told(desk, number) == [ALL[0], *[("10:00", who) for _, who in ALL[2:]]]
    assert [told.to for told in desk.case(number).climbs["up.respond"].told][1] == ()
    (kept,) = desk.store.outbox(status="unrenderable")
    assert kept.notification.recipient == "role:boss"
    assert not audit(desk)


def test_nobody_at_the_top_is_an_alarm(tmp_path):
    desk, number = opened(tmp_path, DESK.replace("[agent, 'staff:supervisor.zhao']", "boss"))
    until(desk, "12:00")
    work = desk.run_once()
    assert [alarm for alarm in work.alarms if "nobody at the top" in alarm and number in alarm]
    kept = {row.notification.recipient for row in desk.store.outbox(status="unrenderable")}
    assert kept == {"role:boss", "ladder:up"}
    assert not audit(desk)


OFFICED = {"office.yaml": OFFICE + "alarm: [manager, 'staff:agent.li']\n"}


def test_after_the_last_level_there_is_an_alarm_unless_somebody_acknowledges(tmp_path):
    """As long after it as it waited itself, to whom the office names, and these may acknowledge too."""
    desk, number = opened(tmp_path, more=OFFICED)
    until(desk, "13:59")
    assert not desk.run_once().alarms
    until(desk, "14:00")
    assert [alarm for alarm in desk.run_once().alarms if "nobody acknowledged" in alarm and number in alarm]
    assert told(desk, number)[len(ALL) : len(ALL) + 3] == [
        ("13:00", "staff:supervisor.zhao"), ("13:30", "staff:manager.sun"), ("14:00", "staff:manager.sun"),
    ]  # fmt: skip
    case = desk.case(number)
    climb = case.climbs["up.respond"]
    assert (at(climb.alarmed_at), climb.alarmed, climb.due) == ("14:00", ("staff:manager.sun", "staff:agent.li"), None)
    assert desk.store.columns(case.id).alarms == 1
    assert (desk.history(number)[-1].type, desk.history(number)[-1].data["unanswered"]) == ("alarmed", "up")
    message = desk.store.outbox(case=case.id, limit=1)[0].notification
    assert (message.recipient, message.urgency) == ("staff:agent.li", "urgent")
    assert not audit(desk)
    case = desk.acknowledge(number, actor="agent.li").case
    assert (case.climbs["up.respond"].status, desk.store.columns(case.id).alarms) == ("acknowledged", 0)
    assert not audit(desk)


@pytest.mark.parametrize(("said", "when"), [("    alarm: 10m\n", "12:10"), ("    alarm: 3h\n", "15:00")])
def test_a_ladder_says_how_long_after_its_last_level(tmp_path, said, when):
    text = DESK.replace("    levels:\n", f"{said}    levels:\n").replace("4h", "40h")
    desk, number = opened(tmp_path, text)
    until(desk, "16:00")
    desk.run_once()
    assert at(desk.case(number).climbs["up.respond"].alarmed_at) == when


def test_a_ladder_of_one_level_has_its_alarm_an_hour_later(tmp_path):
    text = DESK[: DESK.index("      - {to: manager")].replace("4h", "40h")
    desk, number = opened(tmp_path, text)
    until(desk, "11:00")
    desk.run_once()
    assert at(desk.case(number).climbs["up.respond"].alarmed_at) == "10:30"


def test_the_wait_for_the_alarm_stands_still_with_the_clock_and_ends_with_it(tmp_path):
    desk, number = opened(tmp_path, DESK.replace("4h", "40h"), more=OFFICED)
    until(desk, "13:00")
    desk.act(number, "ask", actor="agent.wang")
    until(desk, "17:00")
    assert not desk.run_once().alarms
    desk.act(number, "answered", actor="agent.wang")
    assert at(desk.case(number).climbs["up.respond"].due) == "18:00"
    desk.act(number, "accept", actor="agent.wang")
    until(desk, "20:00")
    desk.run_once()
    climb = desk.case(number).climbs["up.respond"]
    assert (climb.status, climb.alarmed_at) == ("stopped", None)


def test_an_alarm_that_names_nobody_who_is_there_is_recorded_as_such(tmp_path):
    people = PEOPLE.replace("agent: {label", "nobody: {label: {zh: 无人, en: nobody}}\n  agent: {label")
    more = {"office.yaml": OFFICE + "alarm: nobody\n", "organisation.yaml": people}
    desk, number = opened(tmp_path, DESK.replace("4h", "40h"), more=more)
    until(desk, "14:00")
    desk.run_once()
    assert desk.history(number)[-1].data["nobody"] == ["nobody"]
    (kept,) = desk.store.outbox(status="unrenderable")
    assert kept.notification.recipient == "role:nobody"
    assert not audit(desk)


def test_the_office_may_name_only_people_that_there_are(tmp_path):
    folder = small(tmp_path, DESK, more={"office.yaml": OFFICE + "alarm: [manger, 'staff:agent.li']\n"})
    (found,) = [finding for finding in OfficeFiles(folder).check() if finding.file == "office.yaml"]
    assert (found.code, "manager" in found.hint.en, found.place) == ("unknown-recipient", True, "office.yaml:4:9")


def test_guards_see_an_alarm_so_that_a_case_can_be_taken_elsewhere(tmp_path):
    text = DESK.replace("  new: {trans", "  new:\n    always: {to: dropped, guard: ladder.up.alarmed}\n    trans")
    text = text.replace("drop: {to: dropped}}}", "drop: {to: dropped}}").replace("4h", "40h")
    desk, number = opened(tmp_path, text)
    until(desk, "14:30")
    desk.run_once()
    assert desk.case(number).states == ("dropped",)
    assert at(desk.case(number).closed_at) == "14:00"


def test_a_ladder_without_a_clock_begins_with_an_effect_of_the_opening_and_is_told(tmp_path):
    text = DESK.replace("  new: {trans", "  new: {entry: [{escalate: {ladder: up}}], trans").replace("4h", "40h")
    desk, number = opened(tmp_path, text)
    assert told(desk, number) == [("09:00", "staff:supervisor.zhao")]
    assert [row.notification.recipient for row in desk.store.outbox()] == ["staff:supervisor.zhao"]
    assert desk.case(number).climbs["up"].clock is None


def test_a_climb_without_a_clock_ends_with_the_case(tmp_path):
    text = DESK.replace("  new: {trans", "  new: {entry: [{escalate: {ladder: up}}], trans")
    desk, number = opened(tmp_path, text)
    assert desk.act(number, "drop", actor="agent.wang").case.climbs["up"].status == "stopped"


def test_an_action_that_begins_a_climb_does_not_acknowledge_it_in_the_same_breath(tmp_path):
    text = DESK.replace("see_to_it: {}", "see_to_it: {do: [{escalate: {ladder: up}}]}")
    desk, number = opened(tmp_path, text)
    assert desk.act(number, "see_to_it", actor="agent.li").case.climbs["up"].status == "climbing"
    assert desk.act(number, "see_to_it", actor="agent.li").case.climbs["up"].status == "acknowledged"


def test_the_climb_ends_with_the_cycle_of_its_clock(tmp_path):
    text = DESK.replace("    stop: accept\n", "    stop: accept\n    reset: again\n").replace(
        "see_to_it: {}", "see_to_it: {}, again: {}"
    )
    desk, number = opened(tmp_path, text)
    until(desk, "09:40")
    case = desk.act(number, "again", actor="agent.li").case
    assert (case.clocks["respond"].cycle, case.climbs["up.respond"].status) == (2, "stopped")
    until(desk, "10:15")
    desk.run_once()
    assert told(desk, number) == [ALL[0], ("10:10", "staff:supervisor.zhao")]


def test_an_old_case_taken_in_late_climbs_and_tells_nobody_of_the_past(tmp_path):
    desk = engine(small(tmp_path, DESK))
    past = from_iso("2026-03-02T08:00", "Asia/Shanghai")
    case = desk.open("desk", actor="supervisor.zhao", at=past, reason="补登").case
    assert case.climbs["up.respond"].level == 2
    assert not desk.store.outbox(case=case.id)


def test_the_same_clock_begins_no_second_climb_while_one_goes_on_and_a_new_one_afterwards(tmp_path):
    text = DESK.replace(
        "{due: [{escalate: {ladder: up}}]}",
        "{due: [{escalate: {ladder: up}}], due + 3h: [{escalate: {ladder: up}}]}",
        1,
    )
    desk, number = opened(tmp_path, text)
    until(desk, "12:40")
    desk.run_once()
    assert desk.case(number).climbs["up.respond"].started_at == MONDAY + 30 * MINUTE
    other = desk.open("desk", actor="agent.wang").case.number
    until(desk, "13:20")
    desk.acknowledge(other, actor="supervisor.zhao")
    until(desk, "16:20")
    desk.run_once()
    assert told(desk, other)[-1] == ("16:10", "staff:supervisor.zhao")


EXPRESSIONS = DESK.replace(
    "  new: {trans",
    """  new:
    always: {to: dropped, guard: ladder.up.level >= 2 and ladder.up.running and not ladder.up.acknowledged}
    trans""",
).replace(
    "{accept: {to: working, by: agent}, see_to_it: {}, ask: {to: waiting}, drop: {to: dropped}}}",
    "{accept: {to: working, by: agent, guard: ladder.up.acknowledged}, see_to_it: {}, ask: {to: waiting}, drop: {to: dropped}}",
)


def test_guards_see_how_high_it_climbed_and_whether_it_was_acknowledged(tmp_path):
    desk, number = opened(tmp_path, EXPRESSIONS)
    with pytest.raises(Refused):
        desk.act(number, "accept", actor="agent.wang")
    until(desk, "10:10")
    desk.run_once()
    assert desk.case(number).states == ("dropped",)
    assert told(desk, number) == ALL[:2]
    other = desk.open("desk", actor="agent.wang").case.number
    until(desk, "10:40")
    desk.acknowledge(other, actor="supervisor.zhao")
    assert desk.act(other, "accept", actor="agent.wang").case.states == ("working",)


TWO = DESK.replace(
    "at: {due: [{escalate: {ladder: up}}]}",
    """at:
      50%: [{notify: {where: {to: agent, with: {level: ladder.up.level, running: ladder.up.running, seen: ladder.up.acknowledged}}}}]
      due: [{escalate: {ladder: up}}]
      due + 45m: [{notify: {where: {to: agent, with: {level: ladder.up.level, running: ladder.up.running, seen: ladder.up.acknowledged}}}}]""",
)
TWO = TWO.replace("within: 4h", "within: 90m").replace(
    "    pause: waiting\n", "    pause: waiting\n    cancel: ladder.up.alarmed\n"
)


def said(desk, number: str) -> list[tuple[str, str, int, bool, bool]]:
    return [
        (at(event.occurred_at), event.name, notice["with"]["level"], notice["with"]["running"], notice["with"]["seen"])
        for event in desk.history(number)
        for notice in event.data.get("notify", ())
        if notice["template"] == "where"
    ]


def test_what_a_clock_tells_of_a_ladder_is_of_its_own_climb_however_many_there_are(tmp_path):
    desk, number = opened(tmp_path, TWO, templates=("where",))
    until(desk, "09:40")
    desk.acknowledge(number, actor="supervisor.zhao")
    until(desk, "11:20")
    desk.run_once()
    assert said(desk, number) == [
        ("09:15", "respond.50%", 0, False, False),
        ("09:45", "solve.50%", 0, False, False),  # the other clock's climb was told, and acknowledged
        ("10:15", "respond.due + 45m", 1, False, True),
        ("11:15", "solve.due + 45m", 2, True, False),
    ]
    assert not audit(desk)


def test_the_conditions_of_a_clock_read_its_own_climb(tmp_path):
    desk, number = opened(tmp_path, TWO, templates=("where",))
    until(desk, "14:10")
    desk.run_once()
    climbs, clocks = desk.case(number).climbs, desk.case(number).clocks
    assert (at(climbs["up.respond"].ended_at), climbs["up.solve"].open) == ("14:00", True)
    assert (clocks["respond"].status, clocks["solve"].status) == ("cancelled", "running")


TEMPLATE = {
    "templates/zh/escalation.text.j2": "升级 {{ climb.level }}/{{ climb.levels }} {{ clock }}\n"
    "{% for item in climb.told %}{{ item.level }} {{ item.at | at }} {{ item.to | label }};{% endfor %}\n"
}
SUMMARY = DESK.replace("acknowledge: see", "catch_up: summary\n    acknowledge: see")


def test_a_late_worker_tells_all_that_was_missed_in_one_message_where_the_ladder_says_so(tmp_path):
    desk, number = opened(tmp_path, SUMMARY, more=TEMPLATE)
    until(desk, "12:30")
    desk.run_once()
    assert sorted(told(desk, number)) == sorted(
        ("12:00", who) for who in ("staff:supervisor.zhao", "staff:manager.sun", "staff:agent.wang", "staff:agent.li")
    )
    told_at = [at(item.at) for item in desk.case(number).climbs["up.respond"].told]
    assert told_at == ["09:30", "10:00", "12:00"]
    body = next(row.notification for row in desk.store.outbox() if row.notification.recipient == "staff:manager.sun")
    assert body.subject == "升级 3/3 respond"
    assert "1 2026年3月2日 09:30 主管;2 2026年3月2日 10:00 经理;3 " in body.body


def test_a_worker_in_time_tells_each_level_even_where_the_late_one_would_summarise(tmp_path):
    desk, number = opened(tmp_path, SUMMARY, more=TEMPLATE)
    for minute in range(0, 211):
        clock_of(desk).set(MONDAY + minute * MINUTE)
        desk.run_once()
    assert told(desk, number) == ALL


TEAMS = (
    PEOPLE.replace(
        "staff:", "teams: {front: {label: {zh: 前台组, en: front desk}, lead: supervisor.zhao}}\n"
        "shifts: {day: {hours: '08:00-20:00'}, late: {hours: '20:00-08:00'}, standby: {hours: '20:00-08:00', on_call: true}}\nstaff:"
    )
    .replace("王小明, roles: [agent]", "王小明, roles: [agent], team: front")
    .replace("Li Lei, roles: [agent]", "Li Lei, roles: [manager], team: front, substitute: manager.sun")
)  # fmt: skip
BY_TEAM = DESK[: DESK.index("      - {to: supervisor}")] + (
    "      - {to: on_duty:team:front}\n      - {to: team:front, wait: 30m}\n      - {to: lead:front, wait: 1h}\n"
)
ROSTER = "roster: [{shift: day, staff: agent.wang}, {shift: late, staff: agent.li}]\n"


def by_team(tmp_path, more: dict[str, str] = {}):  # noqa: B006
    folder = small(tmp_path, BY_TEAM, more={"organisation.yaml": TEAMS, "rosters/march.yaml": ROSTER, **more})
    assert [finding for finding in OfficeFiles(folder).check() if finding.severity == "error"] == []
    desk = engine(folder)
    return desk, desk.open("desk", actor="manager.sun").case.number


def test_levels_are_those_on_duty_of_a_team_the_team_and_its_lead_with_the_facts_in_the_event(tmp_path):
    desk, number = by_team(tmp_path)
    until(desk, "12:00")
    desk.run_once()
    assert told(desk, number) == [
        ("09:30", "staff:agent.wang"),
        ("10:00", "staff:agent.wang"),
        ("10:00", "staff:agent.li"),
        ("11:00", "staff:supervisor.zhao"),
    ]
    facts = [event.data["facts"] for event in desk.history(number) if event.type == "climbed"]
    assert facts == [
        {"on_duty:team:front": ["agent.wang"]},
        {"team:front": ["agent.wang", "agent.li"]},
        {"lead:front": ["supervisor.zhao"]},
    ]
    assert desk.case(number).escalated == ("on_duty:team:front", "team:front", "lead:front")
    assert not audit(desk)


def test_any_member_of_the_team_that_was_told_may_acknowledge_and_nobody_else(tmp_path):
    desk, number = by_team(tmp_path)
    until(desk, "09:40")
    with pytest.raises(Refused) as refused:
        desk.acknowledge(number, actor="agent.li")  # of the team, and not told yet
    assert refused.value.code == "role"
    until(desk, "10:10")
    climb = desk.acknowledge(number, actor="agent.li").case.climbs["up.respond"]
    assert (climb.status, climb.ended_by) == ("acknowledged", "agent.li")
    until(desk, "12:00")
    desk.run_once()
    assert ("11:00", "staff:supervisor.zhao") not in told(desk, number)


def test_at_night_the_level_on_duty_is_the_late_shift(tmp_path):
    desk, _ = by_team(tmp_path)
    clock_of(desk).set(from_iso("2026-03-02T22:00", "Asia/Shanghai"))
    number = desk.open("desk", actor="manager.sun").case.number
    until(desk, "22:40")
    desk.run_once()
    assert told(desk, number) == [("22:30", "staff:agent.li")]


def test_a_team_of_which_nobody_is_there_is_its_substitutes_its_lead_and_at_last_a_level_that_nobody_received(tmp_path):
    away = TEAMS.replace("team: front", "team: front, leave: {on: 2026-03-02}")
    desk, number = by_team(tmp_path, {"organisation.yaml": away})
    until(desk, "09:40")
    desk.run_once()
    assert told(desk, number) == [("09:30", "staff:manager.sun")]  # who stands in for agent.li
    nobody = away.replace("roles: [manager]}", "roles: [manager], active: false}").replace(
        "roles: [supervisor]}", "roles: [supervisor], active: false}"
    )
    (tmp_path / "organisation.yaml").write_text(nobody)
    desk.refresh()
    until(desk, "10:10")
    desk.run_once()
    last = desk.history(number)[-3:]
    assert [event.data.get("nobody") for event in last] == [["team:front"], ["lead:front"], None]
    assert last[-1].type == "alarmed"
    problems = [row.notification for row in desk.store.outbox() if row.notification.problem]
    assert {item.recipient: item.problem for item in problems if ":" in item.recipient} == {
        "team:front": "没有人可以收到：前台组 / nobody to tell: front desk",
        "lead:front": "没有人可以收到：前台组长 / nobody to tell: lead of front desk",
        "ladder:up": "升级“up”到顶也没有人可以收到 / nobody at the top of the ladder “up” to tell",
    }
    assert not audit(desk)


def test_the_office_may_name_a_team_for_the_alarm(tmp_path):
    desk, number = by_team(tmp_path, {"office.yaml": OFFICE + "alarm: ['on_duty:team:front', 'lead:front']\n"})
    until(desk, "12:10")
    desk.run_once()
    assert desk.case(number).climbs["up.respond"].alarmed == ("staff:agent.wang", "staff:supervisor.zhao")
    folder = small(
        tmp_path / "wrong", DESK, more={"office.yaml": OFFICE + "alarm: 'team:frnt'\n", "organisation.yaml": TEAMS}
    )
    (found,) = [finding for finding in OfficeFiles(folder).check() if finding.file == "office.yaml"]
    assert (found.code, "team:front" in found.hint.zh) == ("unknown-team", True)


@pytest.mark.parametrize("cut", ["held", "dropped"])
def test_a_summary_that_a_pause_or_the_end_cuts_short_is_told_all_the_same(tmp_path, cut):
    sleepy = "after: {sleepy: {delay: 50m, calendar: always, to: " + cut + "}}"
    text = SUMMARY.replace("  waiting: {", "  held: {transitions: {release: {to: new}}}\n  waiting: {")
    text = text.replace("pause: waiting", "pause: [waiting, held]").replace(
        "see_to_it: {}", "see_to_it: {}, hold: {to: held}"
    )
    desk, number = opened(tmp_path, text.replace("  new: {trans", f"  new: {{{sleepy}, trans"), more=TEMPLATE)
    until(desk, "12:30")
    desk.run_once()
    assert told(desk, number) == [("09:50", "staff:supervisor.zhao")]


DUE = {"templates/zh/escalation.text.j2": "{{ clock }} {% if due %}{{ due | at }}{% else %}-{% endif %}\nx\n"}


def subjects(desk) -> list[str]:
    rows = (row.notification for row in desk.store.outbox(limit=100))
    return sorted(item.subject for item in rows if item.template == "escalation" and item.language == "zh")


def test_what_is_told_of_a_clock_that_was_paused_names_no_deadline_of_another_one(tmp_path):
    text = SUMMARY.replace("  waiting: {", "  held: {transitions: {release: {to: new}}}\n  waiting: {")
    sleepy = "after: {sleepy: {delay: 50m, calendar: always, to: held}}"
    text = text.replace("pause: waiting", "pause: [waiting, held]").replace(
        "  new: {trans", f"  new: {{{sleepy}, trans"
    )
    desk, _ = opened(tmp_path, text, more=DUE)
    until(desk, "12:30")
    desk.run_once()
    assert subjects(desk) == ["respond -"]  # solve is due at 13:00


def test_what_is_told_of_a_clock_is_of_the_cycle_that_was_late_and_not_of_the_one_after_it(tmp_path):
    text = DESK.replace("    stop: accept\n", "    stop: accept\n    reset: anew\n").replace(
        "at: {due: [{escalate: {ladder: up}}]}", "at: {due: [{escalate: supervisor}]}", 1
    )
    text = text.replace("  waiting: {tr", "  anew: {transitions: {accept: {to: working}}}\n  waiting: {tr")
    text = text.replace("states:\n  new: {", "states:\n  new: {breach: {respond: {to: anew}}, ")
    desk, number = opened(tmp_path, text, more=DUE)
    until(desk, "09:30")
    desk.run_once()
    assert at(desk.case(number).clocks["respond"].due) == "10:00"
    assert subjects(desk) == ["respond 2026年3月2日 09:30"]


MOVES = ("look", "ack", "see_to_it", "ask", "answered", "accept", "finish", "note", "die")


def lived(folder, moves: list[tuple[int, str, str]], *, every_minute: bool):
    """A case on which people act as `moves` say; the worker looks every minute, or only where they say so, or dies in between."""
    desk = engine(folder)
    number = desk.open("desk", actor="agent.wang").case.number
    clock = MONDAY
    for minutes, what, who in [*moves, (500, "look", "")]:
        for minute in range(1, minutes + 1) if every_minute else ():
            clock_of(desk).set(clock + minute * MINUTE)
            desk.run_once()
        clock += minutes * MINUTE
        clock_of(desk).set(clock)
        try:
            if what == "look":
                desk.run_once()
            elif what == "ack":
                desk.acknowledge(number, actor=who)
            elif what == "note":
                desk.note(number, "x", actor=who)
            elif what == "die":  # another process goes on with what the store holds
                again = engine(folder, store=desk.store, at=clock)
                again.entropy = desk.entropy
                desk = again
            else:
                desk.act(number, what, actor=who)
        except GuanjiaError:
            pass
    # Who comes too late is recorded as such only where nothing ran before him.
    history = [event for event in desk.history(number) if event.type != "refused"]
    assert fold(desk.history(number)) == desk.case(number)
    assert not audit(desk)
    outbox = [
        (event.name, event.occurred_at, row.notification.template, row.notification.recipient, row.notification.subject)
        for event in history
        for row in desk.store.outbox(limit=1000)
        if row.notification.seq == event.seq
    ]
    events = [(event.type, event.name, event.actor, event.occurred_at, event.data) for event in history]
    return events, desk.case(number).climbs, outbox


WHO = ("agent.wang", "agent.li", "supervisor.zhao", "manager.sun")


@pytest.fixture(scope="module")
def ladder_office(tmp_path_factory):
    return small(tmp_path_factory.mktemp("ladders"), DESK, more=OFFICED)


@settings(max_examples=scale(10, 400, faults=100), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    moves=st.lists(
        st.tuples(st.sampled_from((0, 1, 29, 30, 31, 61, 150)), st.sampled_from(MOVES), st.sampled_from(WHO)),
        max_size=8,
    )
)
def test_whatever_is_acknowledged_and_however_the_worker_stops_the_result_is_that_of_every_minute(ladder_office, moves):
    assert lived(ladder_office, moves, every_minute=False) == lived(ladder_office, moves, every_minute=True)
