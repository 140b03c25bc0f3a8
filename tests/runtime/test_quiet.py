"""Leaving residents in peace: who waits until when, what then goes out together, and what never waits or is mixed."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from guanjia import failpoints
from guanjia.channels.interface import Undeliverable
from guanjia.channels.mail import compose
from guanjia.clock import HOUR, MINUTE, from_iso, iso
from guanjia.errors import Text
from guanjia.language import OfficeFiles
from guanjia.model.event import Notification
from guanjia.runtime.audit import audit
from hypothesis import HealthCheck, example, given, settings, strategies as st

from tests.offices import OFFICE, ROOT, clock_of, engine, small

DESK = """
procedure: desk
number: D-{seq}
fields:
  what:  {type: text}
  email: {type: email}
  language: {type: choice, of: [zh, en]}
initial: new
states:
  new:
    transitions:
      tell: {do: [{notify: {news: customer}}]}
      warn: {do: [{notify: {alarm: {to: customer, urgency: urgent}}}]}
      ask:  {do: [{notify: {survey: {to: customer, urgency: low}}}]}
      brief: {do: [{notify: {news: agent}}]}
      finish: {to: done}
  done: {final: true}
"""
TEXTS = {
    f"templates/{language}/{name}.text.j2": f"主题：{name} {{{{ number }}}}\n{name} {{{{ number }}}} {{{{ now | at }}}}\n"
    for name in ("news", "alarm", "survey")
    for language in ("zh", "en")
}
DIGESTS = {
    f"templates/{language}/digest.text.j2": (ROOT / f"templates/{language}/digest.text.j2").read_text()
    for language in ("zh", "en")
}
NIGHT = "2026-03-02T22:00"
MORNING = "2026-03-03T08:00"


class Peer:
    """A channel that remembers what it was handed, and may refuse."""

    name = "file"

    def __init__(self, desk) -> None:
        self.desk = desk
        self.handed: list[tuple[str, Notification]] = []
        self.refusing = False

    def send(self, notification: Notification) -> str:
        if self.refusing:
            raise Undeliverable(Text("稍后", "450 later"))
        self.handed.append((iso(self.desk.clock.now(), "Asia/Shanghai")[:16], notification))
        return ""

    def close(self) -> None:
        pass

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(at, message.subject) for at, message in self.handed]


def office(
    tmp_path, procedure: str = DESK, *, quiet: str = "{customers: residents}", more: dict[str, str] | None = None
):
    files = {"office.yaml": OFFICE + f"quiet: {quiet}\n", **TEXTS, **DIGESTS, **(more or {})}
    desk = engine(small(tmp_path, procedure, more=files))
    peer = desk.channels["file"] = Peer(desk)
    return desk, peer


def go(desk, at: str) -> None:
    """Let the worker look every quarter of an hour until this time."""
    until = from_iso(at, "Asia/Shanghai")
    while desk.clock.now() + 15 * MINUTE < until:
        clock_of(desk).advance(15 * MINUTE)
        desk.run_once(owner="w")
    clock_of(desk).set(until)
    desk.run_once(owner="w")


def case(desk, customer: str | None = "c1", **values) -> str:
    return desk.open("desk", actor="agent.wang", customer=customer, **values).case.number


def act(desk, number: str, *actions: str) -> None:
    for action in actions:
        desk.act(number, action, actor="agent.wang")


def test_what_is_told_at_night_is_written_at_once_and_goes_out_in_the_morning(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "tell")
    (row,) = desk.store.outbox()
    assert row.notification.key == f"{desk.case(number).id}:2:news:customer:file"
    assert iso(row.next_at, "Asia/Shanghai")[:16] == iso(row.notification.not_before, "Asia/Shanghai")[:16] == MORNING
    go(desk, "2026-03-03T07:59")
    assert peer.handed == []
    go(desk, MORNING)
    ((at, told),) = peer.handed
    assert (at, told.subject, told.key) == (MORNING, f"news {number}", row.notification.key)
    assert "2026年3月2日 22:00" in told.body
    assert not audit(desk)


def test_by_day_nobody_waits(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    act(desk, number, "tell", "tell")
    desk.run_once()
    assert peer.said == [("2026-03-02T09:00", f"news {number}")] * 2


@pytest.mark.parametrize("urgent", ["action", "procedure"])
def test_what_is_urgent_wakes_people(tmp_path, urgent):
    text = DESK if urgent == "action" else DESK.replace("initial: new", "urgency: urgent\ninitial: new")
    desk, peer = office(tmp_path, text)
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "warn" if urgent == "action" else "tell")
    desk.run_once()
    assert [at for at, _ in peer.said] == [NIGHT]


def test_what_has_time_waits_for_the_next_morning_even_by_day(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, "2026-03-02T10:00")
    act(desk, number, "ask")
    go(desk, MORNING)
    assert peer.said == [(MORNING, f"survey {number}")]


def test_what_has_time_and_is_told_before_dawn_waits_for_this_morning(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, "2026-03-03T03:00")
    act(desk, number, "ask")
    go(desk, MORNING)
    assert peer.said == [(MORNING, f"survey {number}")]


def test_what_waited_for_one_person_goes_out_as_one_message_in_order(tmp_path):
    desk, peer = office(tmp_path)
    one, other = case(desk), case(desk)
    act(desk, one, "ask")
    go(desk, NIGHT)
    act(desk, other, "tell")
    go(desk, "2026-03-02T23:00")
    act(desk, one, "tell")
    go(desk, "2026-03-03T09:00")
    ((at, told),) = peer.handed
    assert (at, told.subject) == (MORNING, "3 条通知")
    assert [line for line in told.body.splitlines() if line.startswith("——")] == [
        f"—— 2026年3月2日 09:00  survey {one}", f"—— 2026年3月2日 22:00  news {other}", f"—— 2026年3月2日 23:00  news {one}",
    ]  # fmt: skip
    assert {row.status for row in desk.store.outbox()} == {"sent"}
    assert len({row.sent_at for row in desk.store.outbox()}) == 1
    assert not audit(desk)


def test_one_that_waited_alone_is_itself(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "tell")
    go(desk, MORNING)
    assert [message.template for _, message in peer.handed] == ["news"]


def test_messages_of_different_people_are_never_mixed(tmp_path):
    desk, peer = office(tmp_path)
    numbers = [
        case(desk, "c1", email="home@example.com"), case(desk, "c2", email="home@example.com"),
        case(desk, None), case(desk, None), case(desk, None, email="one@example.com"),
        case(desk, None, email="two@example.com"), case(desk, "c1", email="home@example.com", language="en"),
    ]  # fmt: skip
    go(desk, NIGHT)
    for number in numbers:
        act(desk, number, "tell")
    go(desk, MORNING)
    assert sorted(peer.said) == [(MORNING, f"news {number}") for number in numbers]


def test_a_drill_that_is_told_outside_is_not_mixed_with_what_is_meant(tmp_path):
    desk, peer = office(tmp_path, DESK + "modes: {drill: {outside: send}}\n")
    numbers = [
        desk.open("desk", actor="agent.wang", customer="c1", mode=mode).case.number for mode in ("drill", None, "drill")
    ]
    go(desk, NIGHT)
    for number in numbers:
        act(desk, number, "tell")
    go(desk, MORNING)
    assert sorted(peer.said) == [(MORNING, "2 条通知"), (MORNING, f"news {numbers[1]}")]


def test_people_without_a_number_are_known_by_their_address(tmp_path):
    desk, peer = office(tmp_path)
    numbers = [case(desk, None, email="one@example.com") for _ in range(2)]
    for folder in ("zh", "en"):
        assert f"{folder}/digest.text" in desk.files.templates()
    desk.channels["mail"] = desk.channels.pop("file")
    desk.renderer.channels = ("mail",)
    go(desk, NIGHT)
    for number in numbers:
        act(desk, number, "tell")
    go(desk, MORNING)
    assert peer.said == [(MORNING, "2 条通知")]


def test_staff_are_told_at_any_time_unless_the_office_says_otherwise(tmp_path):
    desk, peer = office(tmp_path / "one")
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "brief")
    desk.run_once()
    assert [at for at, _ in peer.said] == [NIGHT] * 2
    desk, peer = office(tmp_path / "two", quiet="{customers: residents, staff: office}")
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "brief")
    go(desk, "2026-03-03T08:30")
    assert [at for at, _ in peer.said] == ["2026-03-03T08:30"] * 2


def test_an_office_without_quiet_hours_lets_nobody_wait(tmp_path):
    desk = engine(small(tmp_path, DESK, more=TEXTS))
    peer = desk.channels["file"] = Peer(desk)
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "ask")
    desk.run_once()
    assert [at for at, _ in peer.said] == [NIGHT]


class Died(BaseException):
    """The process is gone."""


def test_a_worker_that_dies_between_handing_over_and_marking_hands_over_the_same_digest_again(tmp_path):
    desk, peer = office(tmp_path)
    one, other = case(desk), case(desk)
    go(desk, NIGHT)
    act(desk, one, "tell", "tell")
    act(desk, other, "tell")

    def die(name: str) -> None:
        if name == "after_hand_over":
            raise Died

    clock_of(desk).set(from_iso(MORNING, "Asia/Shanghai"))
    with pytest.raises(Died), failpoints.armed(die):
        desk.run_once(owner="w1")
    act(desk, one, "ask", "tell")
    clock_of(desk).advance(2 * MINUTE)
    desk.run_once(owner="w2")
    first, again, *rest = [message for _, message in peer.handed]
    assert again == first
    mails = [compose(replace(each, address="li@example.com"), "desk@example.com", "e.com") for each in (first, again)]
    assert mails[0]["Message-ID"] == mails[1]["Message-ID"]
    assert first.subject == "3 条通知"
    assert [message.template for message in rest] == ["survey", "news"]


def test_what_a_digest_could_not_deliver_is_tried_again_as_the_same_digest(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, NIGHT)
    act(desk, number, "tell", "tell")
    peer.refusing = True
    go(desk, MORNING)
    assert {(row.status, row.attempts) for row in desk.store.outbox()} == {("waiting", 1)}
    peer.refusing = False
    go(desk, "2026-03-03T08:01")
    assert peer.said == [("2026-03-03T08:01", "2 条通知")]


def test_a_worker_that_stood_still_in_the_evening_wakes_nobody_at_night(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, "2026-03-02T20:59")
    act(desk, number, "tell", "tell")
    clock_of(desk).set(from_iso("2026-03-02T23:00", "Asia/Shanghai"))
    desk.run_once()
    assert peer.handed == []
    assert {row.attempts for row in desk.store.outbox()} == {0}
    go(desk, MORNING)
    assert peer.said == [(MORNING, "2 条通知")]


def test_what_failed_in_the_evening_is_not_tried_again_at_night(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    go(desk, "2026-03-02T20:58")
    peer.refusing = True
    act(desk, number, "tell")
    desk.run_once()
    peer.refusing = False
    go(desk, "2026-03-02T20:59")
    assert peer.said == [("2026-03-02T20:59", f"news {number}")]
    act(desk, number, "tell")
    peer.refusing = True
    desk.run_once()
    clock_of(desk).advance(31_000_000)
    desk.run_once()
    peer.refusing = False
    go(desk, MORNING)
    assert peer.said[1:] == [(MORNING, f"news {number}")]


def test_what_failed_and_is_sent_again_by_hand_at_night_waits_for_the_morning(tmp_path):
    desk, peer = office(tmp_path)
    number = case(desk)
    channel, desk.channels = desk.channels, {}
    act(desk, number, "tell")
    desk.run_once()
    desk.channels = channel
    (dead,) = desk.store.outbox(status="dead")
    clock_of(desk).set(from_iso(NIGHT, "Asia/Shanghai"))
    assert desk.resend(dead.notification)
    go(desk, MORNING)
    assert peer.said == [(MORNING, f"news {number}")]


def test_an_urgent_message_takes_along_what_waits_before_it_in_its_case_so_that_order_is_kept(tmp_path):
    desk, peer = office(tmp_path)
    number, other = case(desk), case(desk)
    go(desk, NIGHT)
    act(desk, number, "tell")
    act(desk, other, "tell")
    act(desk, number, "warn")
    desk.run_once()
    assert peer.said == [(NIGHT, f"news {number}"), (NIGHT, f"alarm {number}")]
    go(desk, MORNING)
    assert peer.said[2:] == [(MORNING, f"news {other}")]


def test_an_office_without_a_template_for_digests_has_a_plain_one_and_is_told_so(tmp_path):
    desk, peer = office(tmp_path, more=dict.fromkeys(DIGESTS, "{{ nobody_knows }}"))
    number = case(desk)
    codes = {(finding.code, finding.place.partition(":")[0]) for finding in OfficeFiles(tmp_path).check()}
    assert ("unknown-variable", "templates/zh/digest.text.j2") in codes
    go(desk, NIGHT)
    act(desk, number, "tell", "tell")
    go(desk, MORNING)
    ((_, told),) = peer.handed
    assert told.subject == "2 条通知"
    assert told.body.count(f"news {number}") == 4


def test_an_emergency_at_night_waits_for_nothing_that_a_late_worker_left_behind(tmp_path):
    """What the day's worker did not send is not due at night; but what has to be said at once goes out, with what comes before it."""
    desk, peer = office(tmp_path)
    number, other = case(desk), case(desk)
    act(desk, other, "tell")
    act(desk, number, "tell", "ask", "warn")
    clock_of(desk).set(from_iso(NIGHT, "Asia/Shanghai"))
    desk.run_once(owner="w")
    assert peer.said == [(NIGHT, f"{name} {number}") for name in ("news", "survey", "alarm")]
    go(desk, MORNING)
    assert peer.said[3:] == [(MORNING, f"news {other}")]
    assert not audit(desk)


@pytest.mark.parametrize(
    ("quiet", "code"),
    [("{customers: residentz}", "unknown-calendar"), ("{}", "grammar"), ("{customer: residents}", "unknown-key")],
)
def test_what_is_wrong_with_quiet_hours_is_said_at_its_place(tmp_path, quiet, code):
    folder = small(tmp_path, DESK, more={"office.yaml": OFFICE + f"quiet: {quiet}\n", **TEXTS, **DIGESTS})
    assert (code, 4) in {(finding.code, finding.line) for finding in OfficeFiles(folder).check()}


PEOPLE = ("c1", "c1", "c2", None)
SPANS = (0, 5 * MINUTE, 55 * MINUTE, 3 * HOUR, 7 * HOUR)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("quiet")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(seed=8970)
@given(seed=st.integers(0, 2**32))
def test_whatever_is_told_when_nobody_is_woken_nothing_is_lost_mixed_or_out_of_order(folder, seed):
    draw = random.Random(seed)
    desk, peer = office(folder)
    numbers = [case(desk, whom) for whom in PEOPLE]
    for _ in range(40):
        kind = draw.random()
        if kind < 0.4:
            clock_of(desk).advance(draw.choice(SPANS))
        elif kind < 0.6:
            peer.refusing = draw.random() < 0.2
            desk.run_once(owner=f"w{draw.random()}")
        else:
            act(desk, draw.choice(numbers), draw.choice(("tell", "tell", "ask", "warn")))
            if draw.random() < 0.5:
                desk.run_once(owner="w")
    peer.refusing = False
    for _ in range(72):
        clock_of(desk).advance(HOUR)
        desk.run_once(owner="w")
    everything = desk.store.outbox(limit=1000)
    assert {row.status for row in everything} <= {"sent", "dead"}  # refused six times is given up
    rows = {row.notification.key: row for row in everything if row.status == "sent"}
    for at, message in peer.handed:
        assert message.urgency == "urgent" or "08:00" <= at[11:] < "21:00"
    told = [row.notification for row in rows.values()]
    counted = sum(int(each.subject.split()[0]) if each.template == "digest" else 1 for _, each in peer.handed)
    assert counted == len(told)
    people = {number: whom or number for number, whom in zip(numbers, PEOPLE, strict=True)}
    for _, digest in peer.handed:
        if digest.template == "digest":
            inside = {people[number] for number in numbers if f" {number}\n" in digest.body}
            assert len(inside) == 1
    # In order, but that what is urgent does not wait for what failed.
    for one, other in itertools.combinations(sorted(rows.values(), key=lambda row: row.notification.seq), 2):
        if one.notification.case == other.notification.case and one.sent_at > other.sent_at:
            assert (one.notification.urgency, other.notification.urgency) in (("normal", "urgent"), ("low", "urgent"))
    assert not audit(desk)
