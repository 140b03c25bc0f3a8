"""Who becomes responsible, from the files of an office through the funnel into the event: every way to choose, everybody who stands
in, whoever has a conflict of interest, and what must always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, from_iso
from guanjia.errors import Conflict, GuanjiaError, Refused
from guanjia.model.event import Actor, Command, Event
from guanjia.runtime.engine import Engine
from guanjia.runtime.handing import carry_out, plan
from guanjia.store.interface import Query, Row

from tests.offices import clock_of, engine, small
from tests.scale import drawn, scale, tell

PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, parent: supervisor}
  supervisor: {label: {zh: 主管, en: supervisor}, rights: [assign, edit, clocks, reveal]}
  keeper: {rights: [act_for]}
sites: {main: {buildings: {"1": , "2": , "3": }}}
teams: {front: {lead: lead}}
skills: {lift: {certificate: true}, paint: }
shifts:
  day:     {hours: "08:00-20:00"}
  night:   {hours: "20:00-08:00"}
  standby: {hours: "20:00-08:00", on_call: true}
staff:
"""
PROCEDURE = """\
procedure: job
conflicts: [subject]
on_assign: [{notify: {new_work: assignee}}]
four_eyes: [[[begin, redo], check], [sign, redo]]
fields:
  subject: {type: staff}
  room: {type: room}
  tongue: {type: choice, of: [zh, en]}
  wanted: {type: staff}
initial: asked
states:
  asked:
    entry: [{assign: ASSIGN}]
    transitions:
      begin: {to: doing, by: [agent, supervisor]}
      again: {to: asked, reenter: true}
      give: {input: {to: {type: staff, required: true}}, do: [{assign: {person: input.to}}]}
      mine: {do: [{assign: {person: actor}}]}
    after: {late: {delay: 30 days, to: over}}
  doing:
    transitions: {check: {to: over, by: [agent, supervisor]}, redo: {to: doing, by: [agent, supervisor]}, sign: {by: agent}}
    after: {too_late: {delay: 30 days, to: over}}
  over: {final: true}
"""


def office(folder: Path, staff: str, assign: str = "{role: agent}", roster: str | None = None) -> Engine:
    people = PEOPLE if "lead: {" in staff else PEOPLE.replace("{lead: lead}", "{}")
    more = {"organisation.yaml": people + "".join(f"  {line.strip()}\n" for line in staff.strip().splitlines())}
    if roster is not None:
        more["rosters/march.csv"] = "date,shift,staff\n" + roster
    desk = engine(small(folder, PROCEDURE.replace("ASSIGN", assign), name="job", templates=("new_work",), more=more))
    assert [item for item in desk.files.check() if item.severity == "error"] == []
    return desk


def opened(desk: Engine, **values: Any) -> Event:
    return desk.open("job", actor="system", **values).events[0]


ABC = """
a: {name: A, roles: agent}
b: {name: B, roles: agent}
c: {name: C, roles: agent}
"""


# -- choosing


@pytest.mark.parametrize("choose", ["least_loaded", "round_robin"])
def test_the_load_is_even_within_one_after_each_case(tmp_path: Path, choose: str) -> None:
    desk = office(
        tmp_path, ABC + "d: {name: D, roles: agent, leave: {on: 2026-03-02}}", f"{{role: agent, choose: {choose}}}"
    )
    count: Counter[str | None] = Counter({"a": 0, "b": 0, "c": 0})
    cases = scale(60, 10_000, faults=10_000)
    for _ in range(cases):
        count[desk.open("job", actor="system").case.assignee] += 1
        assert set(count) == {"a", "b", "c"}
        assert max(count.values()) - min(count.values()) <= 1
    assert sum(count.values()) == cases
    assert Counter(row.columns.assignee for row in every_open_case(desk)) == count
    tell(f"the load is even within one, {choose}", cases=cases)


def every_open_case(desk: Engine) -> Iterator[Row]:
    offset = 0
    while rows := desk.list(Query(order="opened", limit=200, offset=offset)):
        yield from rows
        offset += len(rows)


def test_every_group_that_could_take_it_has_turns_of_its_own(tmp_path: Path) -> None:
    """Cases of two groups that come one after the other would else always meet the same half of each."""
    desk = office(tmp_path, ABC, "{role: agent, choose: round_robin}")
    count: Counter[str | None] = Counter()
    for number in range(40):
        subject = {"subject": "c"} if number % 2 else {"subject": "a"}
        count[desk.open("job", actor="system", **subject).case.assignee] += 1
    assert count == {"a": 10, "b": 20, "c": 10}


def test_what_is_only_supposed_takes_nobodys_turn(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC, "{role: agent, choose: round_robin}")
    case = desk.open("job", actor="system").case
    first = case.assignee
    commands = [Command("act", "again", case.id)] * 5
    assert len({outcome.case.assignee for outcome in desk.preview(commands)}) == 1  # type: ignore[union-attr]
    count = Counter([first, *(desk.act(case.id, "again", actor="system").case.assignee for _ in range(5))])
    assert count == {"a": 2, "b": 2, "c": 2}


def test_asking_why_about_the_future_takes_nobodys_turn(tmp_path: Path) -> None:
    procedure = (
        "procedure: job\ninitial: asked\nsla: {take: {start: open, stop: over, target: {within: 9 days}}}\nstates:\n"
        "  asked: {after: {again: {delay: 1 days, do: [{assign: {role: agent, choose: round_robin}}]}}, transitions: {end: {to: over}}}\n"
        "  over: {final: true}\n"
    )
    people = PEOPLE.replace("{lead: lead}", "{}") + "".join(f"  {line}\n" for line in ABC.strip().splitlines())
    desk = engine(small(tmp_path, procedure, name="job", more={"organisation.yaml": people}))
    cases = [desk.open("job", actor="system").case.id for _ in range(3)]
    for _ in range(2):
        desk.why(cases[0], "take", at=desk.clock.now() + 3 * DAY)
    clock_of(desk).advance(3 * DAY)
    desk.run_once()
    assert {desk.case(case).assignee for case in cases} == {"a", "b", "c"}
    counter = f"turn:{sha256(b'a,b,c').hexdigest()[:16]}"
    assert desk.store.transact(lambda tx: tx.next_number("main", counter, 0)) == 4


def test_the_owner_of_the_building_gets_it_else_his_substitute_else_the_least_loaded(tmp_path: Path) -> None:
    staff = """
    a: {name: A, roles: agent, buildings: ["1"]}
    b: {name: B, roles: agent, buildings: ["3"], leave: {on: 2026-03-02..2026-03-03}, substitute: s}
    c: {name: C, roles: agent, buildings: ["2"], substitute: b}
    s: {name: S}
    """
    desk = office(tmp_path, staff, "{role: agent, choose: owner}")
    first = opened(desk, room="1-2-301").data
    assert (first["assignee"], "stands_in" in first) == ("a", False)
    instead = opened(desk, room="3-1-502").data
    assert (instead["assignee"], instead["stands_in"]) == ("s", "substitute")
    assert instead["facts"]["owners:role::::agent"]["3"] == [["substitute", ["s"]]] or instead["facts"][
        "owners:role::::agent"
    ]["3"] == [("substitute", ["s"])]
    assert (
        opened(desk, room="2-1", subject="c").data["assignee"] == "s"
    )  # of the substitute, who is away, the substitute
    assert opened(desk, room="9-9-9").data["assignee"] == "c"
    assert "owners:role::::agent" not in opened(desk).data["facts"]


def test_a_certificate_that_has_expired_makes_unable_in_every_tier(tmp_path: Path) -> None:
    staff = """
    a: {name: A, roles: agent, certificates: {lift: 2026-03-01}, team: front}
    b: {name: B, roles: agent, certificates: {lift: 2026-03-02}}
    c: {name: C, roles: agent, skills: lift}
    lead: {name: L, certificates: {lift: 2025-12-31}}
    s: {name: S, roles: supervisor}
    """
    desk = office(tmp_path, staff, "{role: agent, skill: lift}")
    assert opened(desk).data["assignee"] == "b"
    clock_of(desk).advance(DAY)
    above = opened(desk).data
    assert (above["assignee"], above["stands_in"]) == ("s", "above")


def test_a_skill_without_a_certificate_is_enough_where_none_is_asked_for(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC + "d: {name: D, roles: agent, skills: [paint]}", "{role: agent, skill: paint}")
    assert opened(desk).data["assignee"] == "d"


def test_whoever_speaks_the_language_comes_first(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC + "d: {name: D, roles: agent, languages: [en]}", "{role: agent, speaks: tongue}")
    assert [opened(desk, tongue="en").data["assignee"] for _ in range(3)] == ["d", "d", "d"]
    assert opened(desk, tongue="zh").data["assignee"] == "a"
    assert opened(desk).data["assignee"] == "b"


def test_an_expression_prefers_somebody_who_can_take_it(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC + "d: {name: D}", "{role: agent, choose: wanted}")
    assert [opened(desk, wanted=who).data["assignee"] for who in ("c", "d")] == ["c", "a"]


def test_whoever_had_it_before_gets_it_again_while_he_is_there(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC, "{role: agent, choose: previous}")
    case = desk.open("job", actor="system").case
    desk.assign(case.id, "c", actor="system")
    assert desk.act(case.id, "again", actor="system").case.assignee == "c"


def test_a_case_can_be_given_back_to_whoever_had_it_by_name(tmp_path: Path) -> None:
    giving = PROCEDURE.replace("mine: {do: [{assign: {person: actor}}]}", "mine: {do: [{assign: {person: previous}}]}")
    people = PEOPLE.replace("{lead: lead}", "{}") + "".join(f"  {line}\n" for line in ABC.split("\n") if line)
    folder = small(
        tmp_path, giving.replace("ASSIGN", "{role: agent}"), name="job", templates=("new_work",), more={"organisation.yaml": people}
    )  # fmt: skip
    desk = engine(folder)
    case = desk.open("job", actor="system").case
    desk.assign(case.id, "c", actor="system")
    assert desk.act(case.id, "mine", actor="system").case.assignee == case.assignee


# -- who stands in

NIGHT = from_iso("2026-03-03T02:00", "Asia/Shanghai")
LINE = """
a: {name: A, roles: agent, team: front, substitute: s}
s: {name: S}
lead: {name: L}
call: {name: On call}
boss: {name: B, roles: supervisor}
"""
ROSTER = "2026-03-02,day,a\n2026-03-02,day,s\n2026-03-02,day,lead\n2026-03-02,standby,call\n2026-03-02,day,boss\n"


@pytest.mark.parametrize(
    ("away", "who", "stands_in"),
    [
        ("", "a", None), ("a", "s", "substitute"), ("as", "lead", "lead"), ("asl", "boss", "above"), ("aslb", None, None),
    ],
)  # fmt: skip
def test_nobody_available_leads_from_tier_to_tier_and_at_last_to_an_alarm(
    tmp_path: Path, away: str, who: str | None, stands_in: str | None
) -> None:
    staff = LINE
    for id, letter in (("a", "a"), ("s", "s"), ("lead", "l"), ("boss", "b")):
        if letter in away:
            staff = staff.replace(f"\n{id}: {{name: ", f"\n{id}: {{leave: {{on: 2026-03-02}}, name: ")
    desk = office(tmp_path, staff)
    data = opened(desk).data
    assert (data.get("assignee"), data.get("stands_in")) == (who, stands_in)
    assert data.get("unassigned") == (None if who else "agent")
    alarms = [row.columns.alarms for row in desk.list(Query(alarm=True))]
    assert alarms == ([] if who else [1])
    problems = [row.notification.problem for row in desk.store.outbox(status="unrenderable")]
    assert [problem for problem in problems if problem and "nobody can be responsible" in problem] == (
        [] if who else problems
    )
    if who is None:
        case = desk.list(Query())[0].id
        assert desk.assign(case, "a", actor="system").case.unassigned is None
        assert not desk.list(Query(alarm=True))


def test_at_night_what_cannot_wait_goes_to_whoever_is_on_call(tmp_path: Path) -> None:
    desk = office(tmp_path, LINE, "{role: agent, choose: on_duty}", ROSTER)
    clock_of(desk).set(NIGHT)
    data = opened(desk).data
    assert (data["assignee"], data["stands_in"]) == ("call", "on_call")


def test_at_night_what_can_wait_is_left_for_the_morning(tmp_path: Path) -> None:
    desk = office(tmp_path, LINE, "{role: agent}", ROSTER)
    clock_of(desk).set(NIGHT)
    assert opened(desk).data["assignee"] == "a"


def test_a_team_is_asked_as_a_role_is(tmp_path: Path) -> None:
    desk = office(tmp_path, LINE, "{team: front}")
    assert opened(desk).data["assignee"] == "a"


def test_who_is_named_gets_it_unless_he_is_away_and_whoever_acts_is_there(tmp_path: Path) -> None:
    desk = office(tmp_path, LINE.replace("name: A", "name: A, leave: {on: 2026-03-02}") + "x: {name: X, roles: agent}")
    case = desk.open("job", actor="system").case
    assert case.assignee == "x"
    given = desk.act(case.id, "give", actor="x", to="a")
    assert (given.case.assignee, given.events[0].data["stands_in"]) == ("s", "substitute")
    assert desk.act(case.id, "mine", actor="a").case.assignee == "a"
    assert "stands_in" not in desk.history(case.id)[-1].data


def test_a_person_who_is_nobody_is_an_alarm_and_no_silence(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC, "{person: wanted}")
    assert opened(desk).data["unassigned"] == "wanted"
    assert opened(desk, wanted="c").data["assignee"] == "c"


# -- conflicts of interest


def test_whoever_is_named_has_no_hand_in_the_case(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC + "boss: {name: B, roles: supervisor}")
    case = desk.open("job", actor="system", subject="boss").case
    tried = [
        Command("act", "begin", case.id, {}, desk.actor("boss")), Command("edit", "", case.id, {"subject": None}, desk.actor("boss")),
        Command("act", "begin", case.id, {"subject": None}, desk.actor("boss")), Command("assign", "a", case.id, {}, desk.actor("boss"), reason="x"),
        Command("assign", "boss", case.id, {}, desk.actor("system"), reason="x"),
        Command("reveal", "", case.id, {}, desk.actor("boss"), reason="x"),
    ]  # fmt: skip
    for command in tried:
        with pytest.raises(Refused) as refused:
            desk.execute(command)
        assert refused.value.code == "conflict"
    for look in (desk.available, desk.case, desk.history):
        with pytest.raises(Refused, match="concerns you"):
            look(case.id, actor="boss")
    assert [event.type for event in desk.history(case.id)] == ["opened", *["refused"] * 6]
    desk.note(case.id, "我来说明情况", actor="boss")


def test_whoever_comes_to_be_named_while_responsible_is_relieved_at_once(tmp_path: Path) -> None:
    desk = office(tmp_path, LINE)
    case = desk.open("job", actor="system").case
    assert case.assignee == "a"
    result = desk.edit(case.id, actor="system", subject="a")
    assert [(event.type, event.name, event.actor) for event in result.events] == [
        ("edited", "", "system"),
        ("assigned", "s", "system"),
    ]
    assert result.events[1].data["stands_in"] == "substitute"
    assert result.case.assignee == "s"
    assert [(notice["template"], notice["to"]) for notice in result.events[1].data["notify"]] == [
        ("new_work", ["staff:s"])
    ]


def test_where_nobody_else_is_left_the_one_with_the_conflict_loses_it_all_the_same(tmp_path: Path) -> None:
    desk = office(tmp_path, "a: {name: A, roles: agent}")
    case = desk.open("job", actor="system").case
    after = desk.edit(case.id, actor="system", subject="a").case
    assert (after.assignee, after.unassigned) == (None, "a")
    assert [row.id for row in desk.list(Query(alarm=True))] == [case.id]


def test_four_eyes_hold_both_ways_and_for_whoever_acted_last(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC)
    case = desk.open("job", actor="system").case
    desk.act(case.id, "begin", actor="a")
    with pytest.raises(Refused, match="yourself") as refused:
        desk.act(case.id, "check", actor="a")
    assert refused.value.code == "not_by"
    desk.act(case.id, "redo", actor="a")
    with pytest.raises(Refused):
        desk.act(case.id, "check", actor="a")
    desk.act(case.id, "sign", actor="c")
    with pytest.raises(Refused):
        desk.act(case.id, "redo", actor="c")
    with pytest.raises(Refused):
        desk.act(case.id, "sign", actor="a")
    assert desk.act(case.id, "check", actor="b").case.finished


@pytest.mark.parametrize("second", [("k", None), ("b", "k"), ("a", None), ("a", "b"), ("k", "b")])
def test_whoever_acts_for_others_is_one_person_to_four_eyes(tmp_path: Path, second: tuple[str, str | None]) -> None:
    """K begins in A's name: then neither K, as himself or as B, nor A, in whoever's hands, may check."""
    desk = office(tmp_path, ABC + "k: {name: K, roles: [agent, keeper]}")

    def by(who: str, typed: str | None) -> Actor:
        return replace(desk.actor(who), through=typed)

    case = desk.open("job", actor="system").case
    desk.execute(Command("act", "begin", case.id, actor=by("a", "k")))
    assert desk.case(case.id).past["begin"].through == "k"
    for who in (second, ("c", "k")):
        with pytest.raises(Refused) as refused:
            desk.execute(Command("act", "check", case.id, actor=by(*who)))
        assert refused.value.code in ("not_by", "act_for")
        assert (refused.value.code == "act_for") is (who[1] == "b")  # who has no right to act for anybody
        options = {it.action: it for it in desk.available(case.id, by(*who))} if who[1] != "b" else {}
        assert not options or not options["check"].allowed
    assert "whichever name" in refused.value.text.en
    assert desk.execute(Command("act", "check", case.id, actor=by("b", None))).case.finished


def test_work_is_taken_from_somebody_only_with_a_reason(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC + "boss: {name: B, roles: supervisor}")
    case = desk.open("job", actor="system").case
    assert case.assignee == "a"
    with pytest.raises(Refused) as refused:
        desk.assign(case.id, "b", actor="boss")
    assert refused.value.code == "reason"
    given = desk.assign(case.id, "b", actor="boss", reason="换班").events[0].data
    assert (given["reason"], given["notify"][0]["to"]) == ("换班", ["staff:b"])
    desk.assign(case.id, "c", actor="b")  # one's own may be handed on as it is


def test_a_case_that_changed_after_the_plan_of_a_handover_stays_where_it_is(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC)
    case = desk.open("job", actor="system").case
    planned = plan(desk, ["a"], ["b"])
    desk.assign(case.id, "c", actor="a")
    ((item, outcome),) = carry_out(desk, planned, desk.actor("a"), "换班")
    assert (item.to, isinstance(outcome, Conflict)) == ("b", True)
    assert desk.case(case.id).assignee == "c"


def test_a_handover_gives_nobody_a_case_about_himself(tmp_path: Path) -> None:
    desk = office(tmp_path, ABC)
    desk.open("job", actor="system", subject="b")
    assert [item.to for item in plan(desk, ["a"], ["b"])] == [None]
    assert [item.to for item in plan(desk, ["a"], ["b", "c"])] == ["c"]


# -- what must always hold


def test_an_open_case_has_somebody_responsible_or_an_alarm_whatever_the_people_and_whatever_happens(
    tmp_path: Path,
) -> None:
    source = drawn()
    ways = ["least_loaded", "round_robin", "owner", "previous", "on_duty", "first", "wanted"]
    for number in range(scale(12, 60, faults=60)):
        ids = [f"p{n}" for n in range(source.randrange(1, 7))]
        staff = "".join(f"{id}: {_person(source, id, ids)}\n" for id in ids)
        days = [f"2026-03-{day:02}" for day in range(1, 6)]
        lines = {
            (source.choice(days), source.choice(["day", "night", "standby"]), source.choice(ids))
            for _ in range(source.randrange(15))
        }
        asked = source.choice(["role: agent", "role: supervisor", "team: front"])
        skill = source.choice(["", ", skill: lift", ", skill: paint"])
        folder = tmp_path / str(number)
        more = {
            "organisation.yaml": PEOPLE.replace("{lead: lead}", f"{{lead: {source.choice(ids)}}}")
            + "".join(f"  {line}\n" for line in staff.splitlines())
        }
        if source.random() < 0.6:
            more["rosters/march.csv"] = "date,shift,staff\n" + "".join(f"{','.join(line)}\n" for line in sorted(lines))
        desk = engine(
            small(
                folder,
                PROCEDURE.replace("ASSIGN", f"{{{asked}, choose: {source.choice(ways)}{skill}}}"),
                name="job",
                more=more,
            )
        )
        cases = []
        for _ in range(25):
            clock_of(desk).advance(source.randrange(6 * 60) * MINUTE)
            who = source.choice([*ids, "system"])
            at = desk.clock.now()
            try:
                if not cases or source.random() < 0.4:
                    given = {"room": source.choice(["1-1", "3-2", "x"])} if source.random() < 0.5 else {}
                    given |= {"subject": source.choice(ids)} if source.random() < 0.5 else {}
                    result = desk.open("job", actor="system", wanted=source.choice(ids), **given)
                    cases.append(result.case.id)
                else:
                    case = source.choice(cases)
                    act = source.choice(["again", "begin", "give", "mine", "redo", "edit", "assign"])
                    if act == "edit":
                        result = desk.edit(case, actor="system", subject=source.choice([*ids, None]))
                    elif act == "assign":
                        result = desk.assign(case, source.choice(ids), actor=who, reason="x")
                    else:
                        result = desk.act(case, act, actor=who, **({"to": source.choice(ids)} if act == "give" else {}))
            except GuanjiaError:
                continue
            _held(desk, result.case, result.events, at, skill)


def _person(source: Any, id: str, ids: list[str]) -> str:
    about = [f"name: {id}", f"roles: {source.choice(['agent', 'supervisor', '[agent, supervisor]', '[]'])}"]
    about += [
        f"active: {source.choice(['true', 'true', 'true', 'false'])}",
        f"on_duty: {source.choice(['true', 'false'])}",
    ]
    if source.random() < 0.4:
        about.append(f"leave: {{on: 2026-03-{source.randrange(1, 6):02}}}")
    if source.random() < 0.4:
        about.append(f"certificates: {{lift: 2026-03-{source.randrange(1, 9):02}}}")
    if source.random() < 0.4:
        about.append("skills: paint")
    if source.random() < 0.5:
        about.append("team: front")
    if source.random() < 0.5:
        about.append(f'buildings: ["{source.choice("13")}"]')
    others = [each for each in ids if each != id]
    if others and source.random() < 0.5:
        about.append(f"substitute: {source.choice(others)}")
    return "{" + ", ".join(about) + "}"


def _held(desk: Engine, case: Any, events: Any, at: int, skill: str) -> None:
    people = desk.organisation
    if case.finished:
        return
    assert case.assignee is not None or case.unassigned is not None, events
    assert case.assignee is None or case.assignee != case.fields.get("subject"), events
    row = desk.store.columns(case.id)
    assert row is not None
    assert (row.alarms > 0) == (case.unassigned is not None)
    for event in events:
        if event.data.get("assignee") is None or event.type == "assigned" or event.name in ("give", "mine"):
            continue
        who = event.data["assignee"]
        assert people.staff[who]["active"], event
        assert people.here(who, at), event
        until = people.staff[who]["certificates"].get("lift")
        assert "lift" not in skill or until is None or until >= people.duty.day_of(at).isoformat(), event


def test_acceptance_has_a_clock_of_its_own(tmp_path: Path) -> None:
    from tests.language.test_language_reference import DOCS, pieces_of

    (procedure,) = (text for _, text in pieces_of(DOCS / "people.md") if text.startswith("procedure: job"))
    desk = engine(small(tmp_path, procedure, name="job"))
    case = desk.open("job", actor="system").case
    first, due = case.assignee, case.clocks["take"].due
    assert due == desk.clock.now() + HOUR // 2
    clock_of(desk).advance(20 * MINUTE)
    offered = desk.act(case.id, "offer_again", actor="supervisor.zhao" if first is None else first, why="今天不在").case
    assert (offered.assignee != first, offered.clocks["take"].cycle, offered.clocks["take"].due) == (
        True,
        2,
        due + 20 * MINUTE,
    )
    clock_of(desk).advance(29 * MINUTE)
    accepted = desk.act(case.id, "accept", actor=offered.assignee).case
    assert (accepted.clocks["take"].status, accepted.states) == ("met", ("working",))
