"""A mass event: one case, and every household of a place is told by a case of its own, in its own language, once."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from guanjia.channels.recorder import Recorder
from guanjia.clock import HOUR, ManualClock
from guanjia.core import fold
from guanjia.errors import Refused
from guanjia.failpoints import armed
from guanjia.language import OfficeFiles
from guanjia.model.event import Command
from guanjia.people.organisation import Organisation
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.households import reached
from guanjia.store import Query
from guanjia.store.interface import Store
from guanjia.store.memory import MemoryStore

from tests.offices import MONDAY, clock_of, small

OUTAGE = """\
procedure: outage
number: W-{seq}
calendar: always
fields: {summary: {type: text, required: true}, name: {type: text, personal: true}, room: {type: room}}
initial: known
states:
  known:
    transitions:
      tell:
        by: supervisor
        input: {area: {type: list, required: true}, news: {type: text, required: true}}
        do:
          - open: {household: {households: input.area}}
          - notify: {news: {to: customers, with: {news: input.news}}}
      update: {by: agent, input: {news: {type: text, required: true}}, do: [{notify: {news: {to: customers, with: {news: input.news}}}}]}
      repair: {by: agent, do: [{open: {job: {}}}]}
      back: {to: over, by: agent, do: [{notify: {news: {to: customers, with: {news: "'back'"}}}}, {emit: {signal: over, to: household}}]}
    after: {itself: {delay: 3h, do: [{open: {household: {households: "['3-2', '7']"}}}]}}
  over: {final: true}
modes: {drill: {prefix: {zh: 【演练】, en: "[DRILL] "}, outside: record}}
"""
HOUSEHOLD = """\
procedure: household
number: H-{seq}
open_by: system
fields: {name: {type: text, personal: true}, phone: {type: phone, personal: true}, room: {type: room}}
initial: told
states: {told: {signals: {over: {to: closed}}, after: {late: {delay: 30 days, to: closed}}}, closed: {final: true}}
modes: {drill: {prefix: {zh: 【演练】, en: "[DRILL] "}, outside: record}}
"""
JOB = "procedure: job\ninitial: a\nstates: {a: {transitions: {do_it: {to: b}}}, b: {final: true}}\nmodes: {drill: {}}\n"
PEOPLE = """\
roles:
  agent: {rights: [customers]}
  supervisor: {}
  manager: {rights: [all]}
sites: {main: {buildings: {"3": {units: 2, floors: 5, rooms: 4}, "5": }}}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
  manager.sun: {name: 孙悦, roles: [manager]}
"""
TEXTS = {
    "templates/zh/news.text.j2": "【{{ number }}】通知\n{{ recipient.name }} {{ summary }} {{ news }}\n",
    "templates/en/news.text.j2": "[{{ number }}] notice\n{{ recipient.name }} {{ summary }} {{ news }}\n",
}
ROOMS = [f"3-{unit}-{floor}{room:02}" for unit in (1, 2) for floor in range(1, 6) for room in range(1, 5)]


def office(folder: Path, store: Store, outage: str = OUTAGE) -> Engine:
    more = {"procedures/household.yaml": HOUSEHOLD, "procedures/job.yaml": JOB, "organisation.yaml": PEOPLE, **TEXTS}
    files = OfficeFiles(small(folder, outage, name="outage", more=more))
    store.migrate()
    people = Organisation.from_plain(files.organisation(), "zh")
    return Engine(store, files=files, organisation=people, clock=ManualClock(MONDAY), channels={"mail": Recorder("mail")},
                  entropy=random.Random(1).randbytes)  # fmt: skip


def lives(desk: Engine, room: str, language: str = "zh", relation: str = "owner", **more: object) -> str:
    given = {"name": f"住户{room}", "mails": [f"{relation}.{room}@home.example"], "language": language, **more}
    return desk.customers.add(actor="manager.sun", rooms=[{"room": room, "relation": relation}], **given).id


def told(desk: Engine) -> list[tuple[str, str, str, str]]:
    """What residents were told."""
    rows = [row for row in desk.store.outbox(limit=500) if row.notification.template == "news"]
    found = [(row, row.notification) for row in rows]
    return sorted((row.status, each.language, each.address, each.body.strip()) for row, each in found)


def tell(desk: Engine, case: str, area: object = ("3",), key: str | None = None) -> None:
    values = {"area": list(area) if isinstance(area, tuple) else area, "news": "停水"}
    desk.execute(Command("act", "tell", case, values, desk.actor("supervisor.zhao"), key))


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Engine:
    return office(tmp_path / "office", store)


def begun(desk: Engine, mode: str | None = None) -> str:
    return desk.open("outage", actor="agent.wang", summary="水管爆了", mode=mode).case.id


def test_forty_households_in_two_languages_are_told_once_each_by_cases_of_their_own(desk: Engine) -> None:
    for place, room in enumerate(ROOMS):
        lives(desk, room, "en" if place % 2 else "zh")
    case = begun(desk)
    tell(desk, case, key="once")
    tell(desk, case, key="once")
    rows = told(desk)
    assert len({address for _, _, address, _ in rows}) == len(rows) == 40
    assert Counter(language for _, language, _, _ in rows) == {"zh": 20, "en": 20}
    assert all(f"住户{address[6:-13]} 水管爆了 停水" in body for _, _, address, body in rows)
    desk.run_once()
    assert {status for status, *_ in told(desk)} == {"sent"}

    tell(desk, case, key="again")  # whoever was told hears the news, and gets no second case
    assert len(told(desk)) == 80
    assert len(desk.list(Query(procedure="household", limit=500))) == 40
    desk.act(case, "repair", actor="agent.wang")
    desk.act(case, "back", actor="agent.wang")
    assert len(told(desk)) == 120
    assert [row.columns.procedure for row in desk.list(Query())] == ["job"]  # the households' are over, the job goes on
    assert audit(desk) == []
    for row in desk.list(Query(open=None, limit=500)):
        assert fold(desk.history(row.id)) == desk.case(row.id)
    assert not desk.store.dropped_inbox()


def test_nothing_of_anybody_lies_with_the_case_of_all_and_one_who_is_forgotten_is_gone(tmp_path: Path) -> None:
    office(tmp_path / "office", MemoryStore()).close()
    with Engine.at(tmp_path / "office", clock=ManualClock(MONDAY)) as desk:
        for room in ROOMS[:3]:
            lives(desk, room)
        case = begun(desk)
        tell(desk, case)
        kept = desk.case(case).text() + "".join(event.text() for event in desk.history(case))
        assert "住户" not in kept
        assert "home.example" not in kept
        assert desk.store.outbox(case=case) == []
        gone = desk.customers.find("3-1-101")[0].id
        desk.act(case, "back", actor="agent.wang")
        desk.forget_person(gone, actor="manager.sun", reason="要求删除")
        assert [body for *_, body in told(desk) if not body] == ["", ""]
        assert len([body for *_, body in told(desk) if body]) == 4
        assert audit(desk) == []


def test_what_reaches_no_household_at_all_is_told_to_nobody_and_says_so(desk: Engine) -> None:
    case = begun(desk)
    tell(desk, case)  # nobody is registered there
    assert desk.store.outbox(case=case) == []
    assert desk.history(case)[-1].data["nobody"] == ["customers"]
    lives(desk, "3-1-101")
    tell(desk, case)
    assert [address for _, _, address, _ in told(desk)] == ["owner.3-1-101@home.example"]
    assert desk.store.outbox(case=case) == []
    assert audit(desk) == []


def test_who_reported_what_concerns_many_hears_of_it_too_without_a_number_of_a_customer(desk: Engine) -> None:
    case = desk.open("outage", actor="agent.wang", summary="水管爆了", name="路人").case.id
    tell(desk, case)
    assert [row.notification.recipient for row in desk.store.outbox(case=case)] == ["customer"]


def test_of_a_household_one_is_told_and_of_several_rooms_somebody_once(desk: Engine) -> None:
    lives(desk, "3-1-101")
    lives(desk, "3-1-101", relation="tenant")
    lives(desk, "3-1-102", relation="tenant", mails=[])
    lives(desk, "3-1-102", relation="family")
    both = lives(desk, "3-1-103")
    desk.customers.edit(
        both, actor="manager.sun", rooms=[{"room": "3-1-104"}, {"room": "3-1-201", "until": "2020-01-01"}]
    )
    lives(desk, "3-2-101")
    case = begun(desk)
    tell(desk, case, ("3-1", "3-1-101"))
    assert [address for _, _, address, _ in told(desk)] == ["family.3-1-102@home.example", "owner.3-1-103@home.example", "tenant.3-1-101@home.example"]  # fmt: skip
    (event,) = [event for event in desk.history(case) if event.name == "tell"]
    assert event.data["unreached"] == [room for room in ROOMS if room.startswith("3-1") and room[:7] > "3-1-104"]


def test_whoever_cannot_be_reached_or_has_not_agreed_is_not_lost(tmp_path: Path) -> None:
    asks = OUTAGE.replace("calendar: always\n", "calendar: always\npurpose: news\n", 1)
    for outage, wanted in (
        (OUTAGE, ["unrenderable", "waiting", "waiting"]),
        (asks, ["recorded", "unrenderable", "waiting"]),
    ):
        desk = office(tmp_path / str(len(outage)), MemoryStore(), outage)
        agreed, objected = lives(desk, "3-1-101"), lives(desk, "3-1-102")
        lives(desk, "3-1-103", mails=[], phones=["13800000001"])
        desk.customers.consent(agreed, "news", "2026-1", actor="manager.sun")
        desk.customers.withdraw(objected, "news", actor="manager.sun")
        case = begun(desk)
        tell(desk, case)
        assert [status for status, *_ in told(desk)] == wanted
        found = {status: len(cases) for status, cases in reached(desk.store, desk.case(case))["household"].items()}
        assert found == Counter(wanted)


def test_whose_case_was_there_before_hears_of_it_by_that_one(desk: Engine) -> None:
    people = [lives(desk, room) for room in ROOMS[:4]]
    case = desk.open("outage", actor="agent.wang", summary="水管爆了", customer=people[0]).case.id
    own = [desk.open("outage", actor="agent.wang", summary="没水", customer=each).case for each in people[1:3]]
    desk.link(own[0].number, case, actor="agent.wang", way="child")
    desk.merge(own[1].number, desk.case(case).number, actor="agent.wang", reason="同一处")
    tell(desk, case)
    assert len(told(desk)) == len({address for _, _, address, _ in told(desk)}) == 4
    assert [row.columns.customer for row in desk.list(Query(procedure="household"))] == people[3:]


def test_in_a_drill_nobody_outside_is_told(desk: Engine) -> None:
    lives(desk, "3-1-101", "en")
    tell(desk, begun(desk, "drill"))
    assert [(status, body[:7]) for status, _, _, body in told(desk)] == [("recorded", "[DRILL]")]
    assert {row.columns.mode for row in desk.list(Query(mode="drill"))} == {"drill"}


def test_only_who_may_tells_and_only_what_is_there(desk: Engine) -> None:
    case = begun(desk)
    with pytest.raises(Refused) as refused:
        desk.act(case, "tell", actor="agent.wang", area=["3"], news="x")
    assert refused.value.code == "role"
    for area, hint in (
        ("3-11", "mean 3-1, "),
        ("33-1-101", "There are: 3"),
        ("5", "There are: 3"),
        ("东区", "There are: 3"),
    ):
        with pytest.raises(Refused) as refused:
            tell(desk, case, (area,))
        assert (refused.value.code, hint in refused.value.hint.en) == ("place", True), area
    assert desk.case(case).children == {}


def test_what_reached_no_household_can_be_taken_back_for_it_opened_nothing(tmp_path: Path) -> None:
    desk = office(tmp_path / "office", MemoryStore(), f"{OUTAGE}undo: 1h\n")
    case = begun(desk)
    tell(desk, case)
    assert "open" not in desk.history(case)[-1].data
    desk.undo(case, actor="supervisor.zhao")
    lives(desk, "3-1-101")
    tell(desk, case)
    with pytest.raises(Refused, match="opened other cases"):
        desk.undo(case, actor="supervisor.zhao")


def test_what_time_tells_says_where_nobody_could_be_told(desk: Engine) -> None:
    lives(desk, "3-2-101")
    case = begun(desk)
    clock_of(desk).advance(3 * HOUR)
    desk.run_once()
    (event,) = [event for event in desk.history(case) if event.name == "known.itself"]
    assert event.data["unreached"] == [*(room for room in ROOMS if room[:3] == "3-2" and room != "3-2-101"), "7"]
    assert len(desk.list(Query(procedure="household"))) == 1


class Died(BaseException):
    """The process is gone."""


def test_what_is_broken_off_goes_on_and_nobody_is_told_twice(desk: Engine) -> None:
    for room in ROOMS[:8]:
        lives(desk, room)
    case = begun(desk)
    left = iter(range(5))

    def die(name: str) -> None:
        if name == "after_item" and next(left, None) is None:
            raise Died

    with armed(die), pytest.raises(Died):
        tell(desk, case, key="once")
    assert 0 < len(told(desk)) + len(desk.list(Query(procedure="household"))) < 16
    tell(desk, case, key="once")
    desk.run_once()
    assert len(told(desk)) == len({address for _, _, address, _ in told(desk)}) == 8
    assert audit(desk) == []
