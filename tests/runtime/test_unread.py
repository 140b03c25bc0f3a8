"""A notice that nobody reads within its time goes to whoever stands in for him, once."""

from __future__ import annotations

import pytest
from guanjia.clock import HOUR, MINUTE

from tests.offices import ROOT, clock_of, engine, small

PROCEDURE = """\
procedure: call
include: [{file: shared/read.yaml, with: {template: new_work, acknowledge: [go]}}]
initial: taken
states:
  taken:
    entry: [{assign: {person: "'agent.wang'"}}, {escalate: {ladder: read}}]
    transitions: {go: {to: over, by: agent}, drop: {to: taken, by: agent}}
  over: {final: true}
"""


@pytest.fixture
def office(tmp_path):
    read = (ROOT / "procedures/shared/read.yaml").read_text()
    folder = small(
        tmp_path, PROCEDURE, name="call", templates=("new_work",), more={"procedures/shared/read.yaml": read}
    )
    return folder


def among(folder, of_wang):
    path = folder / "organisation.yaml"
    path.write_text(
        path.read_text().replace("{name: 王小明, roles: [agent]}", f"{{name: 王小明, roles: [agent]{of_wang}}}")
    )
    return engine(folder)


def told(desk, case):
    rows = desk.store.outbox(case=case.id)[::-1]
    return [
        (
            row.notification.recipient.removeprefix("staff:"),
            (row.notification.created_at - case.opened_at) // MINUTE,
            row.notification.urgency,
        )
        for row in rows
        if row.notification.template == "new_work"
    ]


def test_what_is_not_read_in_ten_minutes_goes_to_the_substitute_once_at_its_own_instant(office):
    desk = among(office, ", substitute: agent.li")
    case = desk.open("call", actor="agent.li").case
    clock_of(desk).advance(9 * MINUTE)
    desk.run_once()
    assert told(desk, case) == [("agent.wang", 0, "urgent")]
    clock_of(desk).advance(HOUR)
    desk.run_once()
    clock_of(desk).advance(HOUR)
    desk.run_once()
    assert [(who, urgency) for who, _, urgency in told(desk, case)] == [
        ("agent.wang", "urgent"),
        ("agent.li", "urgent"),
    ]
    climbed = [event for event in desk.history(case.id) if event.name == "read"]
    assert [(event.type, (event.occurred_at - case.opened_at) // MINUTE) for event in climbed] == [
        ("climbed", 0),
        ("climbed", 10),
        ("alarmed", 20),
    ]


@pytest.mark.parametrize("how", ["ack", "go"])
def test_what_was_read_goes_to_nobody_else(office, how):
    desk = among(office, ", substitute: agent.li")
    case = desk.open("call", actor="agent.li").case
    desk.run_once()
    clock_of(desk).advance(9 * MINUTE)
    desk.acknowledge(case.id, actor="agent.wang") if how == "ack" else desk.act(case.id, "go", actor="agent.li")
    clock_of(desk).advance(HOUR)
    desk.run_once()
    assert told(desk, case) == [("agent.wang", 0, "urgent")]


def test_where_there_is_no_substitute_the_next_who_stands_in_is_told(office):
    path = office / "organisation.yaml"
    path.write_text(path.read_text().replace("staff:\n", "teams: {front: {lead: supervisor.zhao}}\nstaff:\n"))
    desk = among(office, ", team: front")
    case = desk.open("call", actor="agent.li").case
    clock_of(desk).advance(10 * MINUTE)
    desk.run_once()
    assert [who for who, _, _ in told(desk, case)] == ["agent.wang", "supervisor.zhao"]


def test_where_nobody_stands_in_it_is_an_alarm(office):
    desk = among(office, "")
    case = desk.open("call", actor="agent.li").case
    clock_of(desk).advance(10 * MINUTE)
    desk.run_once()
    assert desk.history(case.id)[-1].type == "alarmed"
