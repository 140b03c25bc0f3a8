"""What is claimed of every case: proved where it is so, refuted by a way that can really be gone, else not decided."""

from __future__ import annotations

import pytest
from guanjia.authoring.prove import Claim, prove
from guanjia.calendars import flatten
from guanjia.core import fold
from guanjia.language import read_procedure_text
from guanjia.model.version import Version

from tests.core.plain import CALENDARS

DESK = """
procedure: desk
fields:
  payer: {{type: choice, of: [us, them], default: us}}
  paid: {{type: boolean, default: false}}
initial: new
states:
  new:
    transitions:
      accept: {{to: working, by: agent, do: [{{assign: {{person: actor}}}}]}}
  working:
    transitions:
      finish: {{to: done, by: assignee, guard: payer == 'us' or paid}}
      hold: {{to: held, by: agent, at_most: 1}}
      pay: {{by: agent, do: [{{set: {{paid: true}}}}]}}
    after:
      lost: {{delay: 2 workdays, to: limbo}}
  held:
    transitions:
      go_on: {{to: working, by: agent}}
    after:
      too_long: {{delay: 2h, calendar: always, to: working}}
  limbo: {{transitions: {{again: {{to: limbo, reenter: true}}, out: {{to: done, guard: past.hold.count > {out}}}}}}}
  done: {{final: true}}
{more}
"""


def version(text: str) -> Version:
    calendars = {name: data if "always" in data else flatten(name, CALENDARS) for name, data in CALENDARS.items()}
    return Version(procedure=read_procedure_text(text, "desk.yaml"), calendars=calendars)


def judged(more: str = "", *, out: int = -1, states: int = 20_000) -> dict[str, Claim]:
    proof = prove(version(DESK.format(more=more, out=out)), states=states)
    return {claim.name: claim for claim in proof.claims}


def test_a_case_that_can_always_end_is_proved_to():
    assert judged()["ends"].verdict == "proved"


def test_a_case_that_comes_where_no_way_leads_out_is_shown_on_its_way_there():
    claim = judged(out=1)["ends"]
    assert claim.verdict == "refuted"
    assert "limbo" in claim.text.en
    assert [step.states for step in claim.trace] == [("new",), ("working",), ("limbo",)]
    waited = claim.trace[2].at - claim.trace[1].at
    assert waited > 0, "two working days go by before it is lost"


def test_an_example_is_a_history_of_a_real_case():
    claim = judged(out=1)["ends"]
    assert fold([event for done in claim.done for event in done.events]) == claim.done[-1].after


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        ("{never: past.hold.count > 1}", "proved"),
        ("{always: past.hold.count < 1}", "refuted"),
        ("{never: \"in_state('done') and payer == 'them' and not paid\"}", "refuted"),
        ("{never: \"in_state('done') and payer == 'them' and not paid\", edits: false}", "proved"),
        ("{never: \"in_state('held') and payer == 'them'\", edits: false}", "refuted"),
        ("{never: \"in_state('held') and in_state('working')\"}", "proved"),
    ],
)
def test_what_the_author_claims_is_judged(stated, verdict):
    claim = judged(f"properties: {{stated: {stated}}}", out=1)["stated"]
    assert claim.verdict == verdict
    assert bool(claim.trace) == (verdict == "refuted")


def test_what_is_broken_by_hand_only_is_shown_with_the_edit():
    claim = judged("properties: {stated: {never: \"in_state('done') and payer == 'them' and not paid\"}}")["stated"]
    assert "edits" in claim.trace[-1].text.en


def test_tracks_that_want_the_same_trigger_are_said_to_compete():
    text = """
procedure: desk
initial: both
states:
  both:
    tracks:
      one: {initial: a, states: {a: {transitions: {on_b: {to: b}, leave: {to: over}}}, b: {final: true}}}
      two: {initial: c, states: {c: {transitions: {on_d: {to: d}, leave: {to: gone}}}, d: {final: true}}}
  over: {final: true}
  gone: {final: true}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert claims["competing"].verdict == "refuted"
    assert "one.leave" in claims["competing"].text.en or "a.leave" in claims["competing"].text.en


def test_too_large_a_space_is_not_decided_and_says_how_far_it_was_seen():
    claim = judged(states=3)["ends"]
    assert claim.verdict == "undecided"
    assert claim.hint is not None
    assert "--states" in claim.hint.en


@pytest.mark.parametrize(("within", "verdict"), [("3 workdays", "proved"), ("1 workdays", "refuted")])
def test_what_leads_to_what_is_judged_by_the_calendar(within, verdict):
    stated = f"{{leads_to: {{from: in_state('working'), to: not in_state('working'), within: {within}}}}}"
    assert judged(f"properties: {{stated: {stated}}}")["stated"].verdict == verdict


def test_a_bound_is_named_in_the_units_of_its_calendar():
    text = """
procedure: desk
calendar: office
initial: new
states:
  new: {transitions: {end: {to: over}}, after: {nobody: {delay: 3 workdays, do: [{escalate: supervisor}]}}}
  over: {final: true}
"""
    claim = next(claim for claim in prove(version(text)).claims if claim.name == "bounded")
    assert claim.verdict == "proved"
    assert "3 working days" in claim.text.en
    assert "office" in claim.text.en


def test_where_nothing_more_comes_a_case_that_is_left_alone_is_shown_waiting():
    claim = judged()["bounded"]
    assert claim.verdict == "refuted"
    assert claim.trace[-1].states == ("new",)


def test_what_a_count_makes_impossible_is_said_to_be_never_reached():
    claim = judged(out=1)["reachable"]
    assert claim.verdict == "refuted"
    assert "limbo.out" in claim.text.en


def test_a_field_that_names_somebody_may_still_name_nobody_where_somebody_is_responsible():
    text = """
procedure: desk
fields: {subject: {type: staff}}
initial: new
states:
  new: {transitions: {take: {to: taken, by: agent, do: [{assign: {person: actor}}]}}}
  taken: {transitions: {end: {to: over, by: assignee, guard: subject is none}}}
  over: {final: true}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert (claims["ends"].verdict, claims["reachable"].verdict) == ("proved", "proved")


def test_a_count_is_told_apart_as_far_as_each_condition_asks():
    text = """
procedure: desk
initial: new
states:
  new: {transitions: {call: {by: agent}, go: {to: held, by: agent}}}
  held: {always: {to: over, guard: past.call.count == 1}, transitions: {end: {to: over}}}
  over: {final: true}
properties: {stated: {never: "in_state('held') and past.call.count > 0"}}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert claims["stated"].verdict == "refuted", "whoever calls twice stays"


def test_what_is_done_when_there_are_so_many_alike_is_in_the_way_of_no_proof():
    text = """
procedure: desk
fields: {cause: {type: choice, of: [noise, dirt]}, grade: {type: decimal}, fine: {type: boolean}}
counts: {alike: {same: [cause, grade], within: 90 days, where: fine, at: {3: [{log: the third}]}}}
initial: new
states:
  new: {transitions: {find: {to: found, by: agent, require: [cause, grade]}}}
  found: {transitions: {end: {to: over, by: agent, guard: "count('alike') < 5"}, go: {to: over, by: agent}}}
  over: {final: true}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert (claims["ends"].verdict, claims["reachable"].verdict) == ("proved", "proved")


def test_a_wait_until_what_somebody_gave_is_called_as_people_call_it():
    text = """
procedure: desk
calendar: office
initial: new
states:
  new: {transitions: {hold: {to: held, input: {until: {type: instant, required: true}}}}, after: {nobody: {delay: 3 workdays, do: [{escalate: supervisor}]}}}
  held: {after: {wake: {at: past.hold.input.until, to: new}}}
labels: {zh: {hold: 挂起, until: 恢复时间}, en: {hold: put on hold, until: resume by}}
"""
    claim = next(claim for claim in prove(version(text)).claims if claim.name == "bounded")
    assert "最迟到“挂起”时所填的“恢复时间”，再加" in claim.text.zh
    assert "the wait until “resume by” as given with “put on hold”" in claim.text.en


def test_a_limit_that_lies_before_an_instant_is_seen_to_be_missed():
    text = """
procedure: desk
fields: {begins: {type: instant, required: true}}
sla: {announced: {start: approved, stop: over, target: {until: begins - days(7)}, at: {due: [{log: late}]}}}
initial: new
states:
  new: {transitions: {approve: {to: approved, by: agent}}}
  approved: {transitions: {end: {to: over, by: agent}}, breach: {announced: {to: bad}}}
  bad: {transitions: {end: {to: over, by: agent}}}
  over: {final: true}
properties: {stated: {never: "in_state('bad')"}}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert (claims["stated"].verdict, claims["reachable"].verdict) == ("refuted", "proved")


def test_of_two_delays_that_end_at_once_the_one_that_is_written_first_comes_first():
    text = """
procedure: desk
fields: {owed: {type: boolean, default: false}}
initial: told
states:
  told:
    after:
      pays: {delay: 10 workdays, to: paying, guard: owed}
      stands: {delay: 10 workdays, to: over}
  paying: {transitions: {pay: {to: over, by: agent}}, after: {late: {delay: 1 workdays, do: [{escalate: manager}]}}}
  over: {final: true}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert {claim.verdict for claim in claims.values()} == {"proved"}
    assert "11 working days" in claims["bounded"].text.en
    turned = text.replace("10 workdays, to: over", "9 workdays, to: over")
    claims = {claim.name: claim for claim in prove(version(turned)).claims}
    assert claims["reachable"].verdict != "proved", "what comes later never has its turn"


def test_what_is_waited_for_is_reached_although_a_clock_comes_first():
    text = """
procedure: desk
sla: {answer: {start: new, stop: over, target: {within: 1h, calendar: always}, at: {due: [{log: late}]}}}
initial: new
states:
  new:
    transitions: {end: {to: over, by: agent, guard: clock.answer.breached}}
    after: {nobody: {every: 5h, calendar: always, do: [{escalate: supervisor}]}}
  over: {final: true}
"""
    claims = {claim.name: claim for claim in prove(version(text)).claims}
    assert claims["reachable"].verdict == "proved"
