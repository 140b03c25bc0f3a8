"""A month of the shipped office passes through the funnel and a real database: nothing is stuck, every schedule is met, and every clause
of the rule book holds in all that happened. `python -m tests.year` lives through the whole year. And each check can fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from guanjia.authoring.reports import facts_of
from guanjia.authoring.reports.facts import Deed, Facts, Stay
from guanjia.clock import DAY, HOUR, MINUTE, from_iso
from guanjia.core import Program, compile
from guanjia.language import OfficeFiles
from guanjia.model.case import Case, Climb, Clock, Limit, Told
from guanjia.model.event import Event
from guanjia.people.organisation import Organisation
from guanjia.runtime.engine import Engine

from tests.offices import MONDAY, SHIPPED, clock_of, engine, shipped, small
from tests.scale import drawn, scale, tell
from tests.year import held_cases, held_staff  # noqa: F401  # their checks are counted among those of `held`
from tests.year.held import OF_CASE, OF_YEAR, Held, Seen, Year
from tests.year.judging import Judged
from tests.year.whole import HOUSEHOLDS, live, said

MARCH = from_iso("2026-03-01T00:00", "Asia/Shanghai")


def test_a_month_ends_with_nothing_stuck_every_schedule_met_and_every_clause_held(tmp_path: Path) -> None:
    lived = live(tmp_path / "office", MARCH, 31, scale(80, HOUSEHOLDS), drawn())
    print(said(lived))
    assert list(lived.wrong()) == []
    rows = lived.judged.by_procedure.values()
    tell("a month of the office", events=lived.judged.events, cases=sum(row["cases"] for row in rows))
    assert lived.judged.events > 1_500
    looked = {clause for clause, count in lived.judged.held.looked.items() if count}
    assert looked >= {"1", "2", "4", "5", "7", "9", "10", "19", "20", "22", "25", "29", "31"}


# -- each check can fail


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OfficeFiles:
    return OfficeFiles(shipped(tmp_path_factory.mktemp("shipped") / "office", SHIPPED))


@pytest.fixture(scope="module")
def people(files: OfficeFiles) -> Organisation:
    return Organisation.from_plain(files.organisation(), "zh")


_compiled: dict[str, Program] = {}


def history(
    files: OfficeFiles, people: Organisation, procedure: str, *deeds: tuple[str, str, Mapping[str, Any]], **about: Any
) -> Seen:
    """A case as somebody might have it: what was done by whom with what, in this order, a minute after the other. `data` of a deed
    may hold whatever else an event does."""
    program = _compiled.setdefault(procedure, compile(files.version(procedure)))
    plain: dict[str, Any] = {"id": "c", "number": "X-1", "site": "main", "procedure": procedure, "version": program.hash, "mode": None, "seq": 1, "opened_at": 0,
             "changed_at": 0, "opener": "reception.chen"}  # fmt: skip
    beside = {name: about.pop(name) for name in ("stays", "more") if name in about}
    case = Case(**{**plain, **about})
    events = [
        Event("c", number, "acted", name, who, number * MINUTE, number * MINUTE, data)
        for number, (name, who, data) in enumerate(deeds, 1)
    ]
    facts = Facts(
        case,
        program.procedure,
        stays=list(beside.get("stays", ())),
        deeds=[Deed(e.name, e.actor, e.occurred_at) for e in events],
    )
    return Seen(case, (*events, *beside.get("more", ())), facts, program, people)


def given(**values: Any) -> dict[str, Any]:
    return {"input": values}


def clock(name: str, *, late: bool) -> dict[str, Clock]:
    """A clock that was met, in time or not, and of which nobody says that it was not."""
    due = 30 * MINUTE
    met = Clock(
        name,
        1,
        "met",
        0,
        0,
        0,
        (Limit("office", "time", due),),
        0,
        due,
        ended_at=due + MINUTE if late else due - MINUTE,
    )
    return {name: met}


def read_late(*, told: int) -> dict[str, Climb]:
    levels = tuple(Told(level, level * HOUR, ("staff:agent.wang",)) for level in range(1, told + 1))
    return {"read": Climb("read", None, 0, 0, 0, 0, None, "acknowledged", told=levels, ended_at=3 * HOUR)}


CHECK_LIST = dict.fromkeys(("greeted", "named", "repeated", "thanked", "notice"), True)
SCHEME = {
    "scheme": {
        "values": {"timely": 30, "satisfaction": 25, "lasting": 15, "spot_check": 10, "trained": 5, "judged": 15}
    }
}
ROUTE = {"domain": "order", "points": 3}
WHOLE = {"summary": "噪声", "place": "3 栋", "occurred": 1}
Q, W, Z, S, R = "coordinator.qian", "agent.wang", "steward.zheng", "supervisor.zhao", "reception.chen"

HISTORIES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], tuple[Any, ...], dict[str, Any]]] = {
    # clause and what is wrong: procedure, deeds and case of one that holds, deeds and case of one that does not
    "2 in clear": ("repair", (), {"fields": {"phone": {"personal": "x"}}}, (), {"fields": {"phone": "13800001234"}}),
    "2 late": ("privacy_request", (), {"clocks": clock("answer", late=False)}, (), {"clocks": clock("answer", late=True)}),
    "4 another version": ("complaint", (), {"clocks": clock("receipt", late=False)}, (), {"clocks": clock("receipt", late=False), "version": "other"}),
    "5 no points": ("patrol", (), {"entries": {"route": {"values": ROUTE}}, "clocks": clock("start", late=False)}, (), {"entries": {"route": {"values": ROUTE | {"points": 0}}}}),
    "6 check list": ("reception", [("answer", R, {})], {"fields": CHECK_LIST}, [("answer", R, {})], {"fields": {"greeted": True}}),
    "7 lost time": ("repair", (), {"closed_at": HOUR, "stays": [Stay("reported", 0, HOUR)]}, (), {"closed_at": DAY, "stays": [Stay("reported", 0, HOUR)]}),
    "8 channel": ("complaint", [("x", R, {"notify": [{"template": "complaint_received"}]})], {"fields": {"channel": "phone"}}, [("x", R, {"notify": [{"template": "complaint_received"}]})], {"fields": {"channel": "pigeon"}}),
    "8 not told": ("complaint", [("x", R, {"notify": [{"template": "complaint_received"}]})], {"fields": {"channel": "phone"}}, (), {"fields": {"channel": "phone"}}),
    "9 where": ("complaint", (), {"fields": WHOLE}, (), {"fields": WHOLE | {"place": ""}}),
    "9 late": ("complaint", (), {"fields": WHOLE, "clocks": clock("receipt", late=False)}, (), {"fields": WHOLE, "clocks": clock("receipt", late=True)}),
    "10 category": ("complaint", [("assess", Q, {})], {"fields": {"category": "noise", "severity": "minor", "department": "order"}}, [("assess", Q, {})], {"fields": {"severity": "minor"}}),
    "10 danger": ("complaint", (), {"fields": {"danger": True}, "children": {"danger_case": "e"}}, (), {"fields": {"danger": True}}),
    "11 late": ("complaint", (), {"clocks": clock("decide", late=False)}, (), {"clocks": clock("decide", late=True)}),
    "12 about himself": ("complaint", [("find", Z, {})], {"fields": {"subject": W}}, [("find", W, {})], {"fields": {"subject": W}}),
    "13 no findings": ("complaint", [("find", W, {}), ("propose", W, {})], {}, [("propose", W, {}), ("find", W, {})], {}),
    "14 no evidence": ("complaint", [("carried_out", W, given(evidence="照片"))], {}, [("carried_out", W, {})], {}),
    "14 no way outside": ("complaint", [("dispute", "C-1", {}), ("dispute", "C-1", {"notify": [{"template": "external_paths"}]})], {}, [("dispute", "C-1", {})] * 2, {}),
    "15 verifies himself": ("complaint", [("carried_out", W, given(evidence="照片")), ("verified", Q, {})], {}, [("carried_out", Q, given(evidence="照片")), ("verified", Q, {})], {}),
    "15 visits himself": ("complaint", [("find", W, {}), ("rate", R, given(score=5, solved=True) | {"entered": ["closed"]})], {}, [("find", R, {}), ("rate", R, given(score=5, solved=True) | {"entered": ["closed"]})], {}),
    "15 no reason": ("complaint", [("reject", Q, given(why="不属实"))], {}, [("reject", Q, {})], {}),
    "16 no visit": ("complaint", [("rate", R, given(score=4, solved=True) | {"entered": ["closed"]})], {"outcome": "satisfied", "fields": {"cause": "delay"}}, (), {"outcome": "satisfied", "fields": {"cause": "delay"}}),
    "16 two marks": ("complaint", [("rate", R, given(score=2, solved=True) | {"entered": ["reopened"]})], {}, [("rate", R, given(score=2, solved=True) | {"entered": ["closed"]})], {}),
    "17 no figures": ("improvement_action", [("measure", S, {})], {"closed_at": 1, "states": ("closed",), "fields": {"before": "20"}}, (), {"closed_at": 1, "states": ("closed",), "fields": {"before": "20"}}),
    "18 a track": ("emergency", [("classify", "duty.wu", {"entered": ["responding", "searching", "isolating", "informing", "judging", "preserving"]})], {}, [("classify", "duty.wu", {"entered": ["responding", "searching", "isolating", "informing", "judging"]})], {}),
    "19 late": ("inspection", (), {"clocks": clock("do_by", late=False)}, (), {"clocks": clock("do_by", late=True)}),
    "19 not looked at again": ("inspection", [("abnormal", W, {}), ("rechecked", W, given(sound=True))], {"states": ("closed",)}, [("abnormal", W, {})], {"states": ("closed",)}),
    "20 no consent": ("repair", [("agree", "C-1", {}), ("finish", "engineer.li", {})], {"fields": {"payer": "paid"}}, [("finish", "engineer.li", {})], {"fields": {"payer": "paid"}}),
    "20 late": ("repair", (), {"clocks": clock("arrival", late=False)}, (), {"clocks": clock("arrival", late=True)}),
    "21 his own request": ("fee_dispute", [("decide", "finance.jiang", {}), ("approve", "manager.sun", {})], {"fields": {"amount": "100"}}, [("decide", "manager.sun", {}), ("approve", "manager.sun", {})], {"fields": {"amount": "100"}}),
    "21 too much": ("fee_dispute", (), {"fields": {"amount": "100", "reduction": "100"}}, (), {"fields": {"amount": "100", "reduction": "100.01"}}),
    "22 role": ("complaint", [("assess", Q, {})], {"fields": {"category": "noise", "severity": "minor", "department": "order"}}, [("assess", "cleaner.liu", {})], {"fields": {"category": "noise", "severity": "minor", "department": "order"}}),
    "23 late": ("reception", (), {"clocks": clock("call_back", late=False)}, (), {"clocks": clock("call_back", late=True)}),
    "23 no link": ("reception", [("to_repair", R, {})], {"children": {"repair": "r"}}, [("to_repair", R, {})], {}),
    "24 no certificate": ("repair", [("dispatch", Q, {"assignee": "engineer.li"})], {"fields": {"skill": "electrical"}}, [("dispatch", Q, {"assignee": "engineer.park"})], {"fields": {"skill": "electrical"}}),
    "25 rates himself": ("appraisal", [("judge", S, {})], {"fields": {"whom": W}, "entries": SCHEME}, [("judge", W, {})], {"fields": {"whom": W}, "entries": SCHEME}),
    "25 weights": ("appraisal", [("freeze", S, {})], {"fields": {"whom": W}, "entries": SCHEME}, [("freeze", S, {})], {"fields": {"whom": W}, "entries": {"scheme": {"values": SCHEME["scheme"]["values"] | {"judged": 16}}}}),
    "26 no reason": ("reception", [("decide", S, given(verdict="not_adopted", ground="费用过高"))], {}, [("decide", S, given(verdict="not_adopted"))], {}),
    "26 late": ("contact", (), {"clocks": clock("talk", late=False)}, (), {"clocks": clock("talk", late=True)}),
    "27 takes over himself": ("handover", [("take_over", "security.xu", given(counted=3))], {"fields": {"open_cases": 3}}, [("take_over", R, given(counted=3))], {"fields": {"open_cases": 3}}),
    "27 unread": ("complaint", (), {"climbs": read_late(told=2)}, (), {"climbs": read_late(told=1)}),
    "28 not called": ("survey", (), {"states": ("closed",), "fields": {"called": 3, "unhappy": 3}}, (), {"states": ("closed",), "fields": {"called": 2, "unhappy": 3}}),
    "29 verifies himself": ("service_audit", [("corrected", S, {}), ("verified", "manager.sun", {})], {}, [("corrected", S, {}), ("verified", S, {})], {}),
    "30 approves himself": ("activity", [("propose", Z, {}), ("approve", "manager.sun", {})], {"fields": {"people": 20}}, [("propose", "manager.sun", {}), ("approve", "manager.sun", {})], {"fields": {"people": 20}}),
    "30 no plan": ("activity", [("approve", "manager.sun", {})], {"fields": {"people": 201, "safety_plan": "有"}}, [("approve", "manager.sun", {})], {"fields": {"people": 201}}),
}  # fmt: skip


@pytest.mark.parametrize("what", HISTORIES)
def test_a_history_in_which_a_clause_is_broken_is_seen(files: OfficeFiles, people: Organisation, what: str) -> None:
    clause = what.split(maxsplit=1)[0]
    procedure, deeds, about, wrong_deeds, wrong_about = HISTORIES[what]

    def failed(seen: Seen) -> list[str]:
        held = Held()
        held.case(seen)
        return held.failed[clause]

    assert failed(history(files, people, procedure, *deeds, **about)) == []
    assert failed(history(files, people, procedure, *wrong_deeds, **wrong_about)) != []


def whole(**about: Any) -> Year:
    """A year in which all is as it has to be."""
    registered = Event("customer:C-1", 1, "registered", "", R, 10, 10, {})
    year = Year(
        0,
        365 * DAY,
        stale_before=20,
        registered={"C-1": [registered]},
        stale={"C-1"},
        domains={"cleaning", "greening", "order", "engineering"},
    )
    year.ids = {"p": ("complaint", None), "e": ("emergency", "p"), "s": ("survey", None)}
    year.children = [("p", "e", True)]
    year.counted.update(repair=1, survey=1, complaint=1)
    year.numbers.update(["A", "B"])
    year.wanted["en"] = 3
    year.drills, year.recorded = {"d"}, 2
    year.planned, year.scheduled = {"schedule:survey:1": (5, "s")}, {"s": 5}
    year.complaints = year.kept = year.broken = 1
    year.reports = {"complaints": 1, "kept": 1, "broken": 1}
    year.pledge, year.names = {"zh": "投诉三十分钟内受理", "en": "Complaints are taken up"}, frozenset({"王伟"})
    for name, value in about.items():
        setattr(year, name, value)
    return year


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("1", {"stale": set()}),
    ("1", {"registered": {"C-1": []}}),
    ("2", {"loud": {"p": 1}}),
    ("3", {"strange": 1}),
    ("5", {"domains": {"cleaning", "order", "engineering"}}),
    ("9", {"numbers": {"A": 2}}),
    ("10", {"ids": {"p": ("complaint", None), "e": ("emergency", None), "s": ("survey", None)}}),
    ("17", {"complaints": 2}),
    ("18", {"abroad": {"d": 1}}),
    ("19", {"planned": {"schedule:survey:1": (5, None)}}),
    ("19", {"planned": {"schedule:survey:1": (4, "s")}}),
    ("19", {"scheduled": {"s": 5, "twice": 5}}),
    ("28", {"counted": {"repair": 1, "survey": 0}}),
    ("29", {"kept": 2}),
    ("31", {"pledge": {"zh": "王伟的投诉三十分钟内受理"}}),
    ("31", {"pledge": {"zh": "电话 13800001234"}}),
]


@pytest.mark.parametrize(("clause", "about"), WRONG)
def test_a_year_in_which_a_clause_is_broken_is_seen(clause: str, about: dict[str, Any]) -> None:
    def failed(year: Year) -> list[str]:
        held = Held()
        for check in OF_YEAR[clause]:
            held._add(clause, check(year), clause)
        return held.failed[clause]

    from collections import Counter

    def counted(value: Any, like: Any) -> Any:
        return Counter(value) if isinstance(like, Counter) else value

    good = whole()
    assert failed(good) == []
    assert failed(whole(**{name: counted(value, getattr(good, name)) for name, value in about.items()})) != []


def test_each_clause_is_looked_at_and_each_check_was_seen_to_fail() -> None:
    assert {*OF_CASE, *OF_YEAR} == set(map(str, range(1, 32)))
    assert {what.split()[0] for what in HISTORIES} >= {clause for clause, checks in OF_CASE.items() if checks}
    assert {clause for clause, _ in WRONG} >= {clause for clause, checks in OF_YEAR.items() if checks}


@pytest.mark.parametrize(
    ("clause", "written", "instead"),
    [
        ("9", "due: [{when: danger, escalate: [supervisor, duty_manager]}, {when: not danger, escalate: supervisor}]", "due: []"),
        ("8", "          - notify: {complaint_received: customer}\n", ""),
    ],
)  # fmt: skip
def test_a_rule_that_is_broken_shows_in_what_happens(tmp_path: Path, clause: str, written: str, instead: str) -> None:
    def failed(folder: Path) -> list[str]:
        desk = engine(folder)
        case = desk.open("complaint", actor=R, summary="噪声", place="3 栋", phone="13800001234").case
        clock_of(desk).set(MONDAY + 2 * HOUR)
        desk.run_once()
        held = Held()
        held.case(seen_by(desk, case.id))
        return held.failed[clause]

    folder = shipped(tmp_path / "office", ("complaint", "repair", "emergency"))
    assert failed(folder) == []
    path = folder / "procedures/complaint.yaml"
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead, 1))
    assert failed(folder) != []


DESK = """\
procedure: desk
initial: new
states:
  new: {transitions: {take: {to: left}}, after: {slow: {every: 1h, calendar: always, do: [{log: slow}]}}}
  left: {transitions: {finish: {to: done}}}
  done: {final: true}
"""


def test_a_case_that_nothing_bounds_is_seen_to_be_stuck(tmp_path: Path) -> None:
    desk = engine(small(tmp_path / "office", DESK))
    cases = [desk.open("desk", actor=W).case for _ in range(3)]
    desk.act(cases[1].id, "take", actor=W)
    for action in ("take", "finish"):
        desk.act(cases[2].id, action, actor=W)
    assert Judged(desk, Year(MONDAY, MONDAY + DAY)).stuck == [f"{cases[1].number} left"]


def seen_by(desk: Engine, id: str) -> Seen:
    events = desk.history(id)
    facts = facts_of(events, lambda case: desk.program(case).procedure)
    return Seen(facts.case, events, facts, desk.program(facts.case), desk.organisation)
