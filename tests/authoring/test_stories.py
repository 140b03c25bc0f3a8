"""Stories are how behaviour is specified: those that are shipped hold, and one that does not says where and how."""

from __future__ import annotations

import pytest
from guanjia.authoring.stories import run_stories
from guanjia.errors import Invalid

from tests.core.test_ladders import BY_TEAM, DESK, ROSTER, TEAMS
from tests.core.test_statecharts import FLAT
from tests.offices import small


def told(tmp_path, steps: str):
    story = f"stories:\n  - story: s\n    at: 2026-03-02 09:00\n    open: {{by: agent, with: {{summary: x}}}}\n    steps:\n{steps}"
    folder = small(tmp_path, FLAT, more={"procedures/desk.stories.yaml": story})
    (result,) = run_stories(folder)
    return result


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("then: {state: working}", "state should be working, is new"),
        ("then: {closed: true}", "should be closed"),
        ("then: {assignee: manager}", "assignee should be manager, is None"),
        ("then: {fields: {severity: critical}}", "severity should be critical, is minor"),
        ("then: {notified: [late]}", "late should have gone to somebody"),
        ("then: {clocks: {solve: met}}", "clock solve should be met, is none"),
        ("{when: accept, by: agent, refused: role}", "should be refused (role) but was not"),
        ("{when: accept, by: manager, refused: field}", "should be refused for field, was for role"),
        ("when: finish", "there is no assignee here"),
        ("until: yesterday", "'yesterday' is no time"),
        ("after: 3d", "calendar days or working days"),
    ],
)
def test_a_story_that_does_not_hold_says_where_and_how(tmp_path, step, said):
    result = told(tmp_path, f"      - then: {{state: new}}\n      - {step}\n")
    assert not result.passed
    assert result.place.startswith("procedures/desk.stories.yaml:7:")
    assert said in result.message.en
    assert result.message.zh


def test_a_story_tells_how_high_an_escalation_climbed_and_who_acknowledged(tmp_path):
    steps = """\
      - until: 2026-03-02 10:10
      - then: {ladders: {up: climbing}, notified: [{escalation: supervisor}, {escalation: manager}]}
      - {ack: agent, refused: role}
      - ack: manager
      - after: 2h
      - then: {ladders: {up: acknowledged}, not_notified: [escalation]}
      - then: {ladders: {up: 3}}
"""
    story = "stories:\n  - story: s\n    at: 2026-03-02 09:00\n    open: {by: agent}\n    steps:\n" + steps
    (result,) = run_stories(small(tmp_path, DESK, more={"procedures/desk.stories.yaml": story}))
    assert result.place.startswith("procedures/desk.stories.yaml:12:")
    assert result.message.en == "ladder up should be 3, is 2 (acknowledged)"


def test_a_story_tells_of_teams_their_leads_and_those_on_duty(tmp_path):
    steps = """\
      - until: 2026-03-02 09:30
      - then: {notified: [{escalation: [on_duty:team:front, agent.wang]}]}
      - {ack: agent.li, refused: role}
      - until: 2026-03-02 10:00
      - then: {notified: [{escalation: [team:front, agent.li]}]}
      - {ack: on_duty:team:front}
      - then: {ladders: {up: acknowledged}}
      - {assign: lead:front, by: system}
      - then: {assignee: lead:front}
      - then: {notified: [{escalation: lead:front}]}
"""
    story = "stories:\n  - story: s\n    at: 2026-03-02 09:00\n    open: {by: manager}\n    steps:\n" + steps
    more = {"organisation.yaml": TEAMS, "rosters/march.yaml": ROSTER, "procedures/desk.stories.yaml": story}
    (result,) = run_stories(small(tmp_path, BY_TEAM, more=more))
    assert result.place.startswith("procedures/desk.stories.yaml:15:")
    assert result.message.en.startswith("escalation should have gone to lead:front")


def test_a_story_touches_clocks_by_hand(tmp_path):
    steps = """\
      - {pause: respond, by: agent, refused: role}
      - {pause: respond, by: supervisor}
      - then: {clocks: {respond: paused}}
      - after: 1h
      - {resume: respond, by: supervisor}
      - then: {clocks: {respond: {due: "2026-03-02 10:30"}}}
      - after: 10m
      - {reset: respond, by: supervisor}
      - then: {clocks: {respond: {due: "2026-03-02 10:40"}}}
"""
    story = "stories:\n  - story: s\n    at: 2026-03-02 09:00\n    open: {by: agent}\n    steps:\n" + steps
    (result,) = run_stories(small(tmp_path, DESK, more={"procedures/desk.stories.yaml": story}))
    assert result.passed, result.message


def test_time_passes_through_everything_that_falls_due(tmp_path):
    steps = """\
      - {when: accept, by: agent}
      - {when: hold, by: agent}
      - after: 119m
      - then: {state: held}
      - after: 1m
      - then: {state: working}
"""
    assert told(tmp_path, steps).passed


def test_a_misspelt_key_in_a_story_is_told_with_its_place(tmp_path):
    with pytest.raises(Invalid) as wrong:
        told(tmp_path, "      - wehn: accept\n")
    (misspelt,) = [finding for finding in wrong.value.findings if "wehn" in finding.text.en]
    assert misspelt.place.startswith("procedures/desk.stories.yaml:6:")
    assert misspelt.hint is not None
    assert "when" in misspelt.hint.en
