"""What users of other systems report of merged cases, recurring ones, and those that come of others (F3 to F7), each as a claim
about ours. Every claim is run with the bug planted, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
from guanjia.core import commands
from guanjia.errors import Refused
from guanjia.model.event import Actor
from guanjia.people.keys import Keys, Secrets
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.sealing import sealed
from guanjia.store.interface import Query
from guanjia.store.memory import MemoryStore

from tests.anchors.planting import Bug, planted
from tests.offices import OFFICE, clock_of, engine, small

ZONE = "Asia/Shanghai"
DESK = """
procedure: desk
number: D-{seq}
fields:
  what: {type: text}
  phone: {type: phone, personal: true}
  original: {type: text}
initial: new
signals: {wrote: {}}
states:
  new:
    transitions:
      merge: {to: merged, by: agent, require: [original]}
      order: {to: ordered, by: [agent, supervisor], do: [{open: {work: {as: work, with: {what: what, phone: phone}}}}]}
  ordered: {transitions: {finish: {to: done, by: [agent, supervisor]}}}
  done:   {final: true}
  merged: {final: true, outcome: duplicate}
sla:
  answer: {start: open, stop: [ordered, merged], target: {within: 2h}, at: {due: [{escalate: supervisor}]}}
reopen: {to: new, by: [customer, agent], guard: outcome != 'duplicate'}
"""
WORK = """
procedure: work
fields:
  what:      {type: text}
  phone:     {type: phone, personal: true}
  signature: {type: text}
initial: open_work
states:
  open_work: {transitions: {finish: {to: done, by: agent, require: [signature]}}}
  done: {final: true}
"""


def office(folder: Path, more: str = "", **files: str) -> Engine:
    return engine(small(folder, DESK, more={"procedures/work.yaml": WORK, "office.yaml": OFFICE + more, **files}))


# -- F3: merged cases


def _wakes(real: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever writes to a closed case opens it again."""

    def note(run: Any) -> None:
        case = run.present()
        if not case.finished:
            real(run)
            return
        run.command = replace(run.command, kind="act", name="reopen", values={})
        commands.act(run)

    return note


@planted(
    Bug("a reply opens what is closed", "guanjia.core.commands.note", _wakes),
    Bug("a merged case is reopened like any other", "guanjia.core.attempt.Attempt.consider",
        lambda real: lambda self, branch: real(self, branch) or bool(self.case and self.case.finished)),
)  # fmt: skip
def test_F3_a_reply_to_a_merged_case_does_not_reopen_it(tmp_path: Path) -> None:
    """frappe/helpdesk #2539, zammad #983, #5714, #3105"""
    desk = office(tmp_path)
    case = desk.open("desk", actor="agent.wang", customer="C-1", what="dark").case.id
    desk.act(case, "merge", actor="agent.wang", original="D-7")
    customer = Actor("C-1", (), "customer")
    try:
        desk.note(case, "still dark", actor=customer)
    except Refused:
        pytest.fail("who writes is heard")
    for wake in (lambda: desk.act(case, "reopen", actor=customer), lambda: desk.signal(case, "wrote")):
        with pytest.raises(Refused):
            wake()
    clock_of(desk).advance(30 * DAY)
    desk.run_once()
    assert (desk.case(case).finished, desk.case(case).outcome) == (True, "duplicate")
    assert not desk.store.outbox(case=case)


# -- F4: recurring cases

EVERY = "schedules: {round: {open: desk, cron: CRON, catch_up: all, calendar: office, on_closed: CLOSED}}\n"


def opened(folder: Path, cron: str, closed: str, since: str, days: int, *, forgets: bool = False) -> list[str]:
    """The days on which a worker that looks twice a day opened what is planned; it dies each time before it has noted that, perhaps."""
    desk = office(folder, EVERY.replace("CRON", cron).replace("CLOSED", closed), **WEEK)
    clock_of(desk).set(from_iso(since, ZONE))
    desk.run_once()
    begun = desk.store.setting("schedule:round") or ""
    for _ in range(days * 2):
        clock_of(desk).advance(12 * HOUR)
        if forgets:
            desk.store.set_setting("schedule:round", begun)
        desk.run_once()
    return sorted(iso(row.columns.opened_at, ZONE)[5:10] for row in desk.list(Query(order="opened", limit=100)))


WEEK = {
    "calendars/office.yaml": "zone: Asia/Shanghai\nextends: [cn-2025, cn-2026]\nweek: {mon-fri: ['08:30-12:00', '13:30-18:00']}\n"
}


def _again_and_again(real: Callable[..., Any]) -> Callable[..., Any]:
    def execute_many(self: Any, commands: Any) -> Any:
        return real(self, [replace(it, key=f"{it.key}:{self.entropy(4).hex()}") for it in commands])

    return execute_many


@planted(
    Bug("a day without work is as good as any", "guanjia.calendars.Calendar.is_workday", lambda real: lambda self, day: True),
)  # fmt: skip
def test_F4_no_case_is_opened_on_a_closed_day(tmp_path: Path) -> None:
    """glpi #18703, #24220: Qingming is on Sunday the 5th of April 2026, with the Monday off; Saturday the 9th of May is made up for."""
    assert opened(tmp_path / "a", "0 8 * * *", "skip", "2026-04-02 20:00", 6) == ["04-03", "04-07", "04-08"]
    assert opened(tmp_path / "b", "0 8 * * sat", "skip", "2026-05-01 20:00", 14) == ["05-09"]
    assert opened(tmp_path / "c", "0 8 * * sat", "next", "2026-03-09 07:00", 1) == ["03-09"]


@planted(
    Bug("each tick opens it anew", "guanjia.runtime.engine.Engine.execute_many", _again_and_again),
    Bug("what comes together on a day is opened once for each", "guanjia.runtime.planning._on_workday",
        lambda real: lambda works, at, zone, step: real(works, at, zone, step) + at // DAY % 7 * MINUTE),
)  # fmt: skip
def test_F4_what_is_planned_out_of_hours_is_one_case(tmp_path: Path) -> None:
    """glpi #6205, #8168: every day at eight, and the days of a holiday give way to the day after it."""
    days = ["04-03", "04-07", "04-08"]
    assert opened(tmp_path / "a", "0 8 * * *", "next", "2026-04-02 20:00", 6) == days
    assert opened(tmp_path / "b", "0 8 * * *", "next", "2026-04-02 20:00", 6, forgets=True) == days


@planted(Bug("so many days after the last one", "guanjia.runtime.planning._fires",
             lambda real: lambda schedule, zone, since, until: (at for at in range(since + 28 * DAY, until, 28 * DAY))))  # fmt: skip
def test_F4_the_tenth_is_always_the_tenth_and_the_first_monday_a_monday(tmp_path: Path) -> None:
    """glpi #21821, #23519. On closed days: the first working day from then on."""
    assert opened(tmp_path / "a", "0 8 10 * *", "next", "2026-01-01 09:00", 125) == [
        "01-12",
        "02-10",
        "03-10",
        "04-10",
    ]
    assert opened(tmp_path / "b", "0 8 * * mon#1", "next", "2026-01-01 09:00", 125) == [
        "01-05",
        "02-02",
        "03-02",
        "04-07",
        "05-06",
    ]
    assert opened(tmp_path / "c", "0 8 1 * *", "next", "2026-01-01 09:00", 125) == [
        "01-04",
        "02-02",
        "03-02",
        "04-01",
        "05-06",
    ]


# -- F5: what comes of a case


@planted(
    Bug("what was known is lost on the way", "guanjia.runtime.funnel.asked",
        lambda real: lambda case, event, personal: (replace(item, command=item.command.replace("三栋", "").replace("13800001234", "")) for item in real(case, event, personal))),
    Bug("what is planned by itself is asked for less", "guanjia.core.attempt.Attempt._missing",
        lambda real: lambda self, branch: () if self.case is not None and self.case.opener == "system" else real(self, branch)),
)  # fmt: skip
def test_F5_a_work_order_has_what_the_request_had_and_asks_for_what_any_does(tmp_path: Path) -> None:
    """Grashjs/cmms #138, #216"""
    desk = office(tmp_path)
    case = desk.open("desk", actor="agent.wang", what="三栋", phone="13800001234").case.id
    work = desk.case(desk.act(case, "order", actor="agent.wang").case.children["work"])
    assert (work.fields.get("what"), work.parent) == ("三栋", case)
    assert list(desk.personal(work.id).values()) == ["13800001234"]
    assert "13800001234" not in desk.history(work.id)[0].text()
    with pytest.raises(Refused, match="signature"):
        desk.act(work.id, "finish", actor="agent.wang")


# -- F6: a person who is to be forgotten


def _only_the_first_page(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, query: real(self, replace(query, limit=50)) if not query.offset else ()


@planted(
    Bug("a person with many cases is forgotten in part", "guanjia.store.memory.MemoryStore.list", _only_the_first_page),
    Bug("only the fields go, and what was written stays", "guanjia.runtime.sealing.Sealed.closed", lambda real: lambda self, message, key: message),
)  # fmt: skip
def test_F6_a_person_is_forgotten_however_many_cases_there_are(tmp_path: Path) -> None:
    """zammad #4774, #4838"""
    files = {f"templates/{spoken}/told.text.j2": "{{ phone }}\n" for spoken in ("zh", "en")}
    told = DESK.replace("  new:\n", "  new:\n    entry: [{notify: {told: customer}}]\n")
    folder = small(tmp_path / "f6", told, templates=("told",), more={"procedures/work.yaml": WORK, **files})
    people = (folder / "organisation.yaml").read_text()
    (folder / "organisation.yaml").write_text(people.replace("rights: [backdate, clocks]", "rights: [all]"))
    desk = engine(folder, store=sealed(MemoryStore(), Keys(Secrets.new())))
    many = [desk.open("desk", actor="agent.wang", customer="c1", phone="13800001234").case.id for _ in range(450)]
    desk.open("desk", actor="agent.wang", customer="c2", phone="13900005678")
    for case in many[1:]:
        desk.act(case, "merge", actor="agent.wang", original="D-1")
    done, still = desk.forget_person("c1", actor="supervisor.zhao", reason="要求删除")
    assert (len(done), still) == (449, [many[0]])
    assert not any("13800001234" in row.notification.body for case in done for row in desk.store.outbox(case=case))
    assert not any(desk.personal(case) for case in done)
    assert list(desk.personal(many[0]).values()) == ["13800001234"]
    assert desk.forget_person("c1", actor="supervisor.zhao", reason="要求删除") == ([], [many[0]])
    assert not list(audit(desk))


# -- F7: who may act in a state


@planted(Bug("one role alone may act in a state", "guanjia.core.attempt.allowed",
             lambda real: lambda words, actor, case: real(tuple(words)[:1], actor, case)))  # fmt: skip
def test_F7_several_roles_may_act_in_one_state(tmp_path: Path) -> None:
    """frappe/erpnext #19004"""
    desk = office(tmp_path)
    for who in ("agent.wang", "supervisor.zhao"):
        case = desk.open("desk", actor="agent.wang").case.id
        try:
            assert desk.act(case, "order", actor=who).case.states == ("ordered",)
        except Refused:
            pytest.fail(f"{who} may")
