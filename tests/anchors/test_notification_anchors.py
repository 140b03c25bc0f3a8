"""What users of other systems report of notifications (E), each as a claim about ours, named after what goes wrong there. Every claim is
run with the bug planted, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest
from guanjia.channels.interface import Undeliverable
from guanjia.cli.main import main
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, from_iso, iso
from guanjia.errors import Conflict, Text
from guanjia.language import OfficeFiles
from guanjia.model.event import Command, Notification
from guanjia.runtime import delivery
from guanjia.runtime.engine import Engine
from guanjia.store import open_store

from tests.anchors.planting import Bug, planted
from tests.core.plain import Plain
from tests.offices import OFFICE, clock_of, engine, small

ZONE = "Asia/Shanghai"
DESK = """
procedure: desk
number: D-{seq}
fields:
  what: {type: text}
  score: {type: integer, min: 1, max: 5}
  language: {type: choice, of: [zh, en]}
initial: new
states:
  new:
    transitions:
      take: {do: [{assign: {person: actor}}]}
      tell: {do: [{notify: {news: customer}}]}
      brief: {do: [{notify: {news: assignee}}, {notify: {news: [supervisor, 'staff:supervisor.zhao']}}], to: told}
      rate: {require: [score], do: [{notify: {thanks: customer}}]}
      finish: {to: done}
  told: {entry: [{notify: {news: [assignee, supervisor]}}], transitions: {end: {to: done}}}
  done: {final: true}
labels:
  zh: {desk: 台账, new: 新建}
  en: {desk: service desk, new: received}
"""
NAMES = ("news", "thanks")


class Peer:
    """A channel that remembers what it was handed, and refuses as it is told."""

    name = "file"

    def __init__(self, desk: Engine) -> None:
        self.desk = desk
        self.handed: list[tuple[str, Notification]] = []
        self.tries = 0
        self.refusal: Callable[[Notification], Undeliverable | None] = lambda message: None

    def send(self, notification: Notification) -> str:
        self.tries += 1
        refused = self.refusal(notification)
        if refused is not None:
            raise refused
        self.handed.append((iso(self.desk.clock.now(), ZONE)[5:16], notification))
        return ""

    def close(self) -> None:
        pass


DOWN = Undeliverable(Text("连不上", "connection refused"))
BOUNCE = Undeliverable(Text("没有这个人", "550 no such user"), permanent=True)


def office(folder: Path, procedure: str = DESK, *, quiet: str = "", **files: str) -> tuple[Engine, Peer]:
    desk = engine(small(folder, procedure, templates=NAMES, more={"office.yaml": OFFICE + quiet, **files}))
    peer = Peer(desk)
    desk.channels["file"] = peer
    return desk, peer


def go(desk: Engine, time: str) -> None:
    """The clock says this day and time of March 2026; the worker has not looked."""
    clock_of(desk).set(from_iso(f"2026-{time}", ZONE))


def look(desk: Engine, span: int, every: int = 30 * SECOND) -> None:
    """The worker looks every so often for so long."""
    for _ in range(span // every):
        clock_of(desk).advance(every)
        desk.run_once()


def _forgets(real: Callable[..., Any]) -> Callable[..., Any]:
    def tell(self: Any, *given: Any, **more: Any) -> None:
        self.told = set()
        real(self, *given, **more)

    return tell


@planted(Bug("each path tells for itself", "guanjia.core.step.Step.tell", _forgets))
def test_E1_what_two_paths_tell_one_person_in_one_step_is_one_message_and_one_entry() -> None:
    """pluginsGLPI/escalade #213, znuny #422"""
    case = Plain(DESK, {"role:supervisor": ["supervisor.zhao"]})
    at = from_iso("2026-03-02T09:00", ZONE)
    case.do(at, "open", "desk")
    case.do(at, "assign", "supervisor.zhao")
    case.do(at, "act", "brief")
    told = [
        (event.seq, who) for event in case.events for notice in event.data.get("notify", ()) for who in notice["to"]
    ]
    assert told == [(3, "staff:supervisor.zhao")]


def _once_a_day(real: Callable[..., Any]) -> Callable[..., Any]:
    seen: set[tuple[Any, ...]] = set()

    def notifications(self: Any, program: Any, case: Any, event: Any, personal: Any) -> Any:
        for message in real(self, program, case, event, personal):
            mark = (case.id, message.template, message.recipient, event.occurred_at // DAY)
            if mark not in seen:
                seen.add(mark)
                yield message

    return notifications


@planted(Bug("once a day of a kind", "guanjia.runtime.rendering.Renderer.notifications", _once_a_day))
def test_E2_the_second_reminder_of_a_day_is_not_swallowed(tmp_path: Path) -> None:
    """zammad #4348"""
    nudge = "  new:\n    after: {nudge: {every: 2h, calendar: always, do: [{notify: {news: assignee}}]}}\n"
    desk, peer = office(tmp_path, DESK.replace("  new:\n", nudge))
    case = desk.open("desk", actor="agent.wang").case.id
    desk.act(case, "take", actor="agent.wang")
    look(desk, 7 * HOUR, every=MINUTE)
    assert [at for at, _ in peer.handed] == ["03-02T11:00", "03-02T13:00", "03-02T15:00"]


NO_QUIET = Bug(
    "any hour is as good as another", "guanjia.runtime.quiet.Quiet._calendar", lambda real: lambda self, message: None
)
QUIET = "quiet: {customers: residents, staff: office}\n"


@planted(NO_QUIET)
def test_E3_residents_are_not_told_at_midnight(tmp_path: Path) -> None:
    """zammad #4432, #2157"""
    desk, peer = office(tmp_path, quiet=QUIET)
    case = desk.open("desk", actor="agent.wang").case.id
    go(desk, "03-02T23:50")
    desk.act(case, "tell", actor="agent.wang")
    look(desk, 9 * HOUR, every=10 * MINUTE)
    assert [at for at, _ in peer.handed] == ["03-03T08:00"]


@planted(
    NO_QUIET,
    Bug(
        "only what is written at night waits",
        "guanjia.runtime.quiet.Quiet.free",
        lambda real: lambda self, message, at: at,
    ),
)
def test_E3_a_worker_that_comes_late_does_not_tell_them_at_night_either(tmp_path: Path) -> None:
    desk, peer = office(tmp_path, quiet=QUIET)
    case = desk.open("desk", actor="agent.wang").case.id
    go(desk, "03-02T20:30")
    desk.act(case, "tell", actor="agent.wang")
    go(desk, "03-03T02:00")
    look(desk, 7 * HOUR, every=10 * MINUTE)
    assert [at for at, _ in peer.handed] == ["03-03T08:00"]


@planted(NO_QUIET)
def test_E3_staff_of_an_office_that_says_so_are_not_told_at_the_weekend(tmp_path: Path) -> None:
    desk, peer = office(tmp_path, quiet=QUIET)
    case = desk.open("desk", actor="agent.wang").case.id
    desk.act(case, "take", actor="agent.wang")
    go(desk, "03-07T10:00")  # a Saturday
    desk.act(case, "brief", actor="agent.wang")
    look(desk, 48 * HOUR, every=30 * MINUTE)
    assert {at for at, _ in peer.handed} == {"03-09T08:30"}


def _given_up(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, key, owner, error, retry_at, **_: real(self, key, owner, error, None)


def _taken_for_sent(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, key, owner, error, retry_at, **_: self.sent(
        key, owner, self.messages[key].notification.created_at
    )


@planted(
    Bug("what is refused once is lost", "guanjia.store.memory.MemoryStore.failed", _given_up),
    Bug("what is refused is taken for sent", "guanjia.store.memory.MemoryStore.failed", _taken_for_sent),
    Bug("it is tried again tomorrow", "guanjia.runtime.delivery.BACK_OFF", lambda real: (DAY,) * len(real)),
)
def test_E4_while_the_mail_server_is_down_messages_wait_and_go_out_soon_after(tmp_path: Path) -> None:
    """zammad #1239, #5465, #1631"""
    desk, peer = office(tmp_path)
    case = desk.open("desk", actor="agent.wang").case.id
    peer.refusal = lambda message: DOWN
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    look(desk, 10 * MINUTE)
    assert peer.handed == []
    (row,) = desk.store.outbox()
    assert (row.status, row.last_error) == ("waiting", str(DOWN))
    peer.refusal = lambda message: None
    look(desk, 10 * MINUTE)
    assert [at for at, _ in peer.handed] == ["03-02T09:12"]


@planted(
    Bug("nobody is told that nobody was told", "guanjia.cli.commands.doctor._problems", lambda real: lambda *given: [])
)
def test_E4_what_could_not_be_sent_at_all_is_an_alarm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(str(tmp_path / "guanjia.db"))
    desk = engine(small(tmp_path, DESK, templates=NAMES), store=store)
    peer = Peer(desk)
    desk.channels["file"], peer.refusal = peer, lambda message: DOWN
    case = desk.open("desk", actor="agent.wang").case.id
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    look(desk, 9 * HOUR, every=5 * MINUTE)
    assert peer.tries == len(delivery.BACK_OFF) + 1
    desk.close()
    capsys.readouterr()
    assert main(["--office", str(tmp_path), "doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["outbox"]["dead"] == 1
    assert any("1 notification failed" in problem["en"] for problem in told["problems"])


def _for_ever(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, now, owner, lease, limit=20: real(self, now, owner, now + 3650 * DAY, limit)


@planted(
    Bug(
        "what a dead worker had in hand is locked until somebody deletes the lock",
        "guanjia.store.memory.MemoryStore.claim",
        _for_ever,
    )
)
def test_E5_a_worker_that_died_blocks_nothing_for_longer_than_its_lease(tmp_path: Path) -> None:
    """znuny/Znuny #745, #97"""
    desk, peer = office(tmp_path)
    case = desk.open("desk", actor="agent.wang").case.id
    desk.act(case, "tell", actor="agent.wang")
    assert len(desk.store.claim(desk.clock.now(), "dead worker", desk.clock.now() + delivery.LEASE)) == 1
    look(desk, 5 * MINUTE)
    assert [at for at, _ in peer.handed] == ["03-02T09:01"]


def _never_final(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, key, owner, error, retry_at, **_: real(self, key, owner, error, self.messages[key].next_at)


def _blocked(real: Callable[..., Any]) -> Callable[..., Any]:
    bounced: set[str] = set()

    def one(store: Any, channels: Any, parcel: Any, now: int, owner: str, quiet: Any) -> str:
        to = parcel[0].notification.recipient
        if to in bounced:
            store.failed(parcel[0].notification.key, owner, "blocked for -157 days", None)
            return "dead"
        outcome: str = real(store, channels, parcel, now, owner, quiet)
        if outcome == "dead":
            bounced.add(to)
        return outcome

    return one


@planted(
    Bug("a bounce blocks its address for ever", "guanjia.runtime.delivery._one", _blocked),
    Bug("what bounced is tried again and again", "guanjia.store.memory.MemoryStore.failed", _never_final),
)
def test_E6_a_bounce_is_the_end_of_one_message_and_of_no_other(tmp_path: Path) -> None:
    """zammad #3389, #5428"""
    desk, peer = office(tmp_path)
    case, other = (desk.open("desk", actor="agent.wang").case.id for _ in range(2))
    peer.refusal = lambda message: BOUNCE if message.case == case else None
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    look(desk, 8 * HOUR, every=5 * MINUTE)
    assert peer.tries == 1
    assert [row.status for row in desk.store.outbox()] == ["dead"]
    desk.act(other, "tell", actor="agent.wang")
    desk.run_once()
    assert [message.case for _, message in peer.handed] == [other]
    peer.refusal = lambda message: None
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    assert [message.case for _, message in peer.handed] == [other, case]


def _no_error(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *given: (message for message in real(self, *given) if message.language == "zh")


@planted(
    Bug(
        "no template in the language, no mail, no error", "guanjia.runtime.rendering.Renderer.notifications", _no_error
    ),
)
def test_E7_without_a_template_in_his_language_the_recipient_gets_the_other_one(tmp_path: Path) -> None:
    """glpi #809"""
    desk, peer = office(tmp_path)
    (tmp_path / "templates/zh/news.text.j2").unlink()
    desk.refresh()
    codes = [finding.code for finding in OfficeFiles(tmp_path).check()]
    assert "missing-template" in codes
    case = desk.open("desk", actor="agent.wang", language="zh").case.id
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    assert [(message.language, message.subject) for _, message in peer.handed] == [("en", "news: D-1")]


WORDS = {
    f"templates/{language}/news.text.j2": "{{ procedure | label }} {{ state | label }} {{ now | day }} {{ office.name }}\n"
    for language in ("zh", "en")
}


@planted(
    Bug("labels in the language of whoever acts", "guanjia.runtime.rendering.Renderer.words", lambda real: lambda self, program, language: real(self, program, "zh")),
)  # fmt: skip
def test_E7_a_message_is_in_one_language_the_recipients(tmp_path: Path) -> None:
    """glpi #89"""
    desk, peer = office(tmp_path, **WORDS)
    for language in ("en", "zh"):
        case = desk.open("desk", actor="agent.wang", language=language).case.id
        desk.act(case, "tell", actor="agent.li" if language == "zh" else "agent.wang")
    desk.run_once()
    assert [message.subject for _, message in peer.handed] == [
        "service desk received 2 Mar 2026 Test office", "台账 新建 2026年3月2日 试验管家",
    ]  # fmt: skip


@planted(
    Bug(
        "a name that there is not is nothing",
        "guanjia.expressions.templates.StrictUndefined",
        lambda real: jinja2.Undefined,
    )
)
def test_E8_a_template_that_names_what_it_is_not_given_sends_nothing_half(tmp_path: Path) -> None:
    """frappe/frappe #5829, #16439, #27856"""
    # Texts that nothing has rendered before: what they compile to is kept.
    odd = {
        f"templates/{language}/thanks.text.j2": f"{{{{ office.fax }}}} {{{{ number }}}} {tmp_path.name}\n"
        for language in ("zh", "en")
    }
    desk, peer = office(tmp_path, **odd)
    case = desk.open("desk", actor="agent.wang").case.id
    after = desk.act(case, "rate", actor="agent.wang", score=4).case
    desk.act(case, "tell", actor="agent.wang")
    desk.run_once()
    assert after.past["rate"].count == 1
    assert [message.template for _, message in peer.handed] == ["news"]
    (kept,) = desk.store.outbox(status="unrenderable")
    assert "thanks" in str(kept.notification.problem)
    assert "fax" in str(kept.notification.problem)


@planted(
    Bug(
        "what a template names is not looked at",
        "guanjia.language.checks.words._variables",
        lambda real: lambda *given: None,
    )
)
def test_E8_a_name_that_a_template_is_not_given_is_told_before_anything_runs(tmp_path: Path) -> None:
    small(tmp_path, DESK, templates=NAMES, more={"templates/zh/news.text.j2": "{{ custom_field }}\n"})
    told = [finding for finding in OfficeFiles(tmp_path).check() if finding.code == "unknown-variable"]
    assert any("custom_field" in finding.text.en and "zh/news.text" in finding.text.en for finding in told)


def _swallowed(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *given: (message for message in real(self, *given) if message.problem is None)


@planted(
    Bug(
        "an error that is none of Jinja's own is swallowed",
        "guanjia.runtime.rendering.Renderer.notifications",
        _swallowed,
    )
)
def test_E8_any_failure_of_a_template_is_kept_with_its_reason_and_stops_no_case(tmp_path: Path) -> None:
    """frappe PR #28490"""
    odd = {f"templates/{language}/thanks.text.j2": "{{ what | round }}\n" for language in ("zh", "en")}
    desk, _ = office(tmp_path, **odd)
    case = desk.open("desk", actor="agent.wang", what="不是数").case.id
    assert desk.act(case, "rate", actor="agent.wang", score=4).case.fields["score"] == 4
    assert [(row.status, bool(row.notification.problem)) for row in desk.store.outbox()] == [("unrenderable", True)]


def _each_anew(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, command: real(self, replace(command, key=None))


@planted(Bug("pressing Save again is another command", "guanjia.runtime.engine.Engine.execute", _each_anew))
def test_E9_pressing_save_again_sends_nothing_again(tmp_path: Path) -> None:
    """glpi #15476"""
    desk, peer = office(tmp_path)
    case = desk.open("desk", actor="agent.wang").case.id
    saved = Command("act", "rate", case, {"score": 5}, desk.actor("agent.wang"), key="survey-1")
    results = [desk.execute(saved) for _ in range(3)]
    desk.run_once()
    assert [result.repeated for result in results] == [False, True, True]
    assert [message.template for _, message in peer.handed] == ["thanks"]
    with pytest.raises(Conflict):
        desk.execute(replace(saved, values={"score": 1}))


def _saved(real: Callable[..., Any]) -> Callable[..., Any]:
    def change(self: Any, name: str, value: Any) -> None:
        self.fields[name] = value
        self.data.setdefault("set", {})[name] = value

    return change


@planted(Bug("saving what is the same is a change", "guanjia.core.step.Step.change", _saved))
def test_E9_saving_what_is_the_same_changes_nothing(tmp_path: Path) -> None:
    desk, _ = office(tmp_path)
    case = desk.open("desk", actor="agent.wang", score=5).case
    assert desk.edit(case.id, actor="agent.wang", score=5).events == ()
    assert desk.case(case.id).seq == case.seq
