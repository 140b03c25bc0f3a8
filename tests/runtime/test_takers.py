"""Whom a terminal offers where an action asks who is to have the case: those who could take it, the nearest first."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.clock import DAY
from guanjia.runtime.engine import Engine
from guanjia.runtime.takers import takers

from tests.offices import clock_of, engine, small

DESK = """\
procedure: desk
conflicts: [subject]
fields: {subject: {type: staff}, room: {type: room}, kind: {type: choice, of: [power, other], default: other}}
initial: waiting
states:
  waiting:
    transitions:
      give:
        input: {to: {type: staff, required: true}, witness: {type: staff}}
        do: [{when: kind == 'power', assign: {person: input.to, skill: power}}, {when: kind != 'power', assign: {person: input.to}}]
      close: {to: closed}
  closed: {final: true}
"""
PEOPLE = """\
roles: {agent: {}, firm: {outside: true}}
sites: {main: {buildings: {"3": }}, other: {}}
teams: {one: {}, two: {}}
skills: {power: {certificate: true}}
staff:
  far: {name: 远, roles: [agent], sites: [other]}
  gone: {name: 走, roles: [agent], active: false}
  away: {name: 假, roles: [agent], leave: [{on: 2026-03-02}]}
  firm: {name: 厂, roles: [firm], certificates: {power: 2030-01-01}}
  resting: {name: 休, roles: [agent], on_duty: false}
  plain: {name: 平, roles: [agent]}
  mate: {name: 友, roles: [agent], team: two}
  near: {name: 近, roles: [agent], buildings: ["3"], certificates: {power: 2020-01-01}}
  has: {name: 有, roles: [agent], team: two}
  agent.wang: {name: 王小明, roles: [agent]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Engine:
    return engine(small(tmp_path / "office", DESK, more={"organisation.yaml": PEOPLE}))


def offered(desk: Engine, number: str) -> dict[str, list[str]]:
    return takers(desk, desk.case(number), "give", desk.actor("agent.wang"))


def test_those_who_are_here_and_serve_the_site_are_offered_the_nearest_first_and_no_others(desk: Engine) -> None:
    number = desk.open("desk", actor="agent.wang", room="3-1-502").case.number
    assert offered(desk, number) == {"to": ["near", "plain", "mate", "has", "agent.wang", "resting", "firm"]}
    desk.act(number, "give", actor="agent.wang", to="has")
    assert offered(desk, number)["to"] == ["near", "mate", "plain", "agent.wang", "resting", "firm"]
    clock_of(desk).advance(DAY)
    assert "away" in offered(desk, number)["to"]


def test_nobody_is_offered_whom_the_case_concerns_or_who_lacks_the_skill(desk: Engine) -> None:
    number = desk.open("desk", actor="agent.wang", subject="plain").case.number
    assert "plain" not in offered(desk, number)["to"]
    power = desk.open("desk", actor="agent.wang", kind="power").case.number
    assert offered(desk, power) == {"to": ["firm"]}  # of the others none has a certificate that is still good


def test_whom_else_an_action_asks_for_may_be_anybody(desk: Engine) -> None:
    number = desk.open("desk", actor="agent.wang").case.number
    assert "witness" not in offered(desk, number)
    desk.act(number, "close", actor="agent.wang")
    assert offered(desk, number) == {}
