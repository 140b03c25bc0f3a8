"""Nothing personal lies in clear: planted names and numbers are looked for in every byte that is kept, in every spelling.

The office works as usual on a real SQLite file (and on PostgreSQL), every command is used, messages are refused with the
address in the refusal, backups and exports are made; then the files are searched.
"""

from __future__ import annotations

import base64
import gzip
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from guanjia.channels.interface import Undeliverable
from guanjia.cli.main import main
from guanjia.clock import DAY, MINUTE, ManualClock
from guanjia.errors import Refused, StoreError, Unopened
from guanjia.model.event import Command, Notification
from guanjia.people.keys import FILE, Keys, Secrets, write
from guanjia.runtime import export, rekeying
from guanjia.runtime.audit import audit
from guanjia.runtime.delivery import BACK_OFF, deliver
from guanjia.runtime.engine import Engine
from guanjia.runtime.funnel import carry_out
from guanjia.runtime.sealing import MARK, Sealed, sealed
from guanjia.store.memory import MemoryStore

from tests.offices import MONDAY, small
from tests.store.making import change, message

PROCEDURE = """\
procedure: desk
calendar: always
fields:
  summary: {type: text, required: true}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  email: {type: email, personal: true}
  identity: {type: text, personal: true}
initial: waiting
transitions: {withdraw: {to: over}}
states:
  waiting:
    entry: [{notify: {told: customer}}]
    after: {late: {delay: 4 days, do: [{notify: {told: customer}}]}}
    transitions:
      answer: {to: over, input: {words: {type: text}}, do: [{notify: {told: customer}}]}
      pass_on: {do: [{open: {part: {as: part, with: {phone: phone, name: name, summary: summary}}}}]}
  over: {final: true}
"""
PART = """\
procedure: part
calendar: always
fields: {summary: {type: text}, name: {type: text, personal: true}, phone: {type: phone, personal: true}}
initial: here
states:
  here: {transitions: {end: {to: gone}}}
  gone: {final: true}
"""
TOLD = "{{ name }} {{ phone }} {{ identity }}\n{{ summary }}\n"

PEOPLE = [
    (f"欧阳{sign}{other}", f"138{n:04}{n * 7 % 10000:04}", f"resident{n}@mail{n}.example", f"11010519{50 + n}1231{n:03}X")
    for n, (sign, other) in enumerate(zip("甲乙丙丁戊己庚辛壬癸", "春夏秋冬梅兰竹菊松柏", strict=True), 10)
] + [
    ("Aloysius Featherstonehaugh", "+44 20 7946 0018", "aloysius@featherstone.example", "QQ123456C"),
    ("Sørine Kierkegaard", "+45 32 12 34 56", "soerine@kierke.example", "010190-1234"),
    ("Nguyễn Thị Hồng", "+84 90 123 4567", "hong@nguyen.example", "001190012345"),
]  # fmt: skip
"""Thirteen people with four things each: fifty-two that must be found nowhere."""


class Refusing:
    """A channel whose other side repeats the address in its answer, in other letters too, and names others."""

    name = "mail"

    def __init__(self) -> None:
        self.received: list[str] = []

    def send(self, notification) -> str:
        self.received.append(notification.body)
        if len(self.received) % 2:
            said = f"550 <{notification.address}> ({notification.address.upper()}) moved, try {PEOPLE[0][1]}, {PEOPLE[0][2]}"
            raise Undeliverable(said, permanent=len(self.received) % 4 == 1)
        return f"250 ok for {notification.address}"

    def close(self) -> None: ...


class Taking:
    """A channel whose other side takes everything."""

    name = "mail"

    def __init__(self) -> None:
        self.taken: list[Notification] = []

    def send(self, notification: Notification) -> str:
        self.taken.append(notification)
        return ""

    def close(self) -> None: ...


@pytest.fixture
def office(tmp_path: Path) -> Path:
    files = {
        "procedures/part.yaml": PART, "templates/zh/told.text.j2": TOLD, "templates/en/told.text.j2": TOLD,
        "organisation.yaml": (
            "roles:\n  agent: {label: {zh: 客服, en: agent}, rights: [all]}\n  guard: {label: {zh: 保安, en: guard}}\n"
            "staff:\n  agent.wang: {name: 王小明, roles: [agent]}\n  guard.xu: {name: 徐刚, roles: [guard]}\n"
        ),
    }  # fmt: skip
    return small(tmp_path / "office", PROCEDURE, templates=("told",), more=files)


def spellings(text: str) -> set[bytes]:
    plain = {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("unicode_escape")}
    plain.add(text.encode("ascii", "backslashreplace"))
    plain |= {base64.b64encode(text.encode()).rstrip(b"=")[:-1]}
    digits = "".join(sign for sign in text if sign.isdigit())
    if len(digits) >= 10:
        plain.add(digits.encode())
    return plain


NEEDLES = {spelling: text for person in PEOPLE for text in person for spelling in spellings(text)}


_BLANKS = re.compile(rb"\0{16,}")
"""Most of what a database writes: nothing that is looked for has so many of them on end."""


def found(*places: Path) -> set[str]:
    """What of the people stands in the files, packed ones unpacked too."""
    hits = set()
    for place in places:
        for file in [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]:
            content = _BLANKS.sub(b"\0" * 16, file.read_bytes())
            texts = [content, gzip.decompress(content)] if content[:2] == b"\x1f\x8b" else [content]
            hits |= {text for spelling, text in NEEDLES.items() if any(spelling in each for each in texts)}
    return hits


def at_work(engine: Engine, clock: ManualClock) -> list[str]:
    """Everything that can be done, with what is personal in every place where a person may type it."""
    numbers = []
    for name, phone, email, identity in PEOPLE:
        opened = engine.open(
            "desk", actor="agent.wang", key=f"open {len(numbers)}", name=name, phone=phone, email=email, identity=identity,
            summary=f"水管漏水，请打 {phone}，或写 {email}",
        )  # fmt: skip
        ref = opened.case.number
        numbers.append(ref)
        engine.execute(
            Command("note", "", ref, {"text": f"又打来：{phone}"}, engine.actor("agent.wang"), f"note {ref}")
        )
        engine.edit(ref, actor="agent.wang", summary=f"改约 {phone}", reason=f"应 {phone} 要求")
        engine.act(ref, "pass_on", actor="agent.wang")
        with pytest.raises(Refused):
            engine.reveal(ref, actor="guard.xu", reason="好奇")
        assert engine.reveal(ref, actor="agent.wang", reason="回电")["phone"] == phone
        engine.run_once()
        clock.advance(MINUTE)
    for ref in numbers[::2]:
        engine.act(ref, "answer", actor="agent.wang", words=f"已回 {PEOPLE[0][1]}")
    clock.advance(3 * DAY)
    engine.run_once()
    return numbers


def test_no_byte_that_is_kept_tells_who_the_residents_are(office, tmp_path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    clock, mail = ManualClock(MONDAY), Refusing()
    with Engine.at(office, clock=clock) as engine:
        engine.channels["mail"] = mail
        engine.renderer.channels = ("mail",)
        numbers = at_work(engine, clock)
        engine.store.backup(str(tmp_path / "copy.db"))
        export.write(engine.store, str(tmp_path / "office.jsonl.gz"))
        held = engine.personal(numbers[3])
        assert PEOPLE[3][1] in held.values()
        assert not list(audit(engine))
        assert found(office, tmp_path) == set()  # the -wal file is there while the engine works
        told = "\n".join(mail.received)
        assert all(person[0] in told and person[1] in told for person in PEOPLE)
        assert any(row.note and "***" in row.note for row in engine.store.outbox(limit=10_000))
    assert not [needle for needle in NEEDLES.values() if needle in caplog.text]
    assert found(office, tmp_path) == set()


def test_whoever_is_forgotten_is_gone_and_the_history_still_verifies(office, tmp_path) -> None:
    clock, mail = ManualClock(MONDAY), Refusing()
    with Engine.at(office, clock=clock) as engine:
        engine.channels["mail"] = mail
        engine.renderer.channels = ("mail",)
        numbers = at_work(engine, clock)
        with pytest.raises(Refused, match=r"not closed|没有办结"):
            engine.forget(numbers[1], actor="agent.wang", reason="要求删除")
        with pytest.raises(Refused, match="privacy"):
            engine.forget(numbers[0], actor="guard.xu", reason="要求删除")
        for child in engine.case(numbers[0]).children.values():
            engine.act(child, "end", actor="agent.wang")
        gone = engine.forget(numbers[0], actor="agent.wang", reason="要求删除")
        assert len(gone) == 2
        for case in gone:
            assert engine.personal(case.id) == {}
            assert list(engine.store.sealed(case.id)) == []
        assert all(not row.notification.body for row in engine.store.outbox(case=gone[0].id))
        assert PEOPLE[2][1] in engine.personal(numbers[2]).values()
        engine.run_once()
        assert not list(audit(engine))


def test_a_message_whose_text_was_destroyed_is_never_sent(office) -> None:
    clock, mail = ManualClock(MONDAY), Refusing()
    with Engine.at(office, clock=clock) as engine:
        engine.channels["mail"] = mail
        engine.renderer.channels = ("mail",)
        ref = engine.open("desk", actor="agent.wang", phone=PEOPLE[0][1], email=PEOPLE[0][2], summary="x").case.number
        engine.act(ref, "withdraw", actor="agent.wang")
        engine.forget(ref, actor="agent.wang", reason="撤回")
        engine.run_once()
        assert mail.received == []
        assert {row.status for row in engine.store.outbox()} == {"dead"}


def test_keys_change_while_everybody_works_and_a_broken_change_goes_on(office, tmp_path, monkeypatch) -> None:
    clock = ManualClock(MONDAY)
    with Engine.at(office, clock=clock) as engine, Engine.at(office, clock=clock) as other:
        numbers = at_work(engine, clock)
        store = engine.store
        assert isinstance(store, Sealed)
        cases = sum(rekeying.wrapped_by(store).values())
        assert rekeying.renew(engine, str(office / FILE), engine.actor("agent.wang")) == "k2"

        class Stop(Exception):
            pass

        def stop(done: int) -> None:
            if done == 5:
                raise Stop

        with pytest.raises(Stop):
            rekeying.rewrap(store, stop)
        assert rekeying.wrapped_by(store) == {"k1": cases - 5, "k2": 5}
        assert PEOPLE[1][1] in other.personal(numbers[1]).values()  # which has the old keys only, and reads them anew
        with pytest.raises(Refused, match="k1"):
            rekeying.drop(engine, str(office / FILE), "k1", engine.actor("agent.wang"))
        assert rekeying.rewrap(store) == cases - 5
        assert rekeying.rewrap(store) == 0
        rekeying.drop(engine, str(office / FILE), "k1", engine.actor("agent.wang"))
        assert not list(audit(engine))
        assert [event.data["way"] for event in engine.log() if event.type == "rekeyed"] == ["added", "dropped"]
    with Engine.at(office, clock=clock) as engine:
        assert [person[1] in engine.personal(ref).values() for person, ref in zip(PEOPLE, numbers, strict=True)]


def test_an_office_does_not_open_without_its_keys_or_with_those_of_another(office) -> None:
    Engine.at(office).close()
    kept = (office / FILE).read_text()
    (office / FILE).unlink()
    with pytest.raises(StoreError, match=r"missing|缺少"):
        Engine.at(office)
    (office / FILE).write_text(Secrets.new().text())
    with pytest.raises(StoreError, match=r"another office|不是这个办公室"):
        Engine.at(office)
    (office / FILE).write_text(kept)
    Engine.at(office).close()


@pytest.mark.parametrize("url", ["{}", "sqlite:///{}", "sqlite://elsewhere.db"])
def test_a_database_is_missed_by_whatever_name_it_goes_and_only_when_it_is_gone(
    office, tmp_path, monkeypatch, url
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "elsewhere.db"
    for _ in range(2):
        Engine.at(office, database=url.format(file)).close()
    file.rename(tmp_path / "moved.db")
    with pytest.raises(StoreError, match=r"is gone"):
        Engine.at(office, database=url.format(file))
    assert not file.exists()


def test_what_an_older_program_left_in_clear_is_read_and_sealed_when_keys_change(office) -> None:
    with Engine.at(office) as engine:
        store = engine.store
        assert isinstance(store, Sealed)
        plain = Engine(store.within, files=engine.files, organisation=engine.organisation, clock=ManualClock(MONDAY))
        ref = plain.open("desk", actor="agent.wang", phone=PEOPLE[0][1], summary="x").case.id
        assert PEOPLE[0][1] in engine.personal(ref).values()
        assert rekeying.wrapped_by(store) == {"": 1}
        assert rekeying.rewrap(store) == 1
        assert PEOPLE[0][1] in engine.personal(ref).values()
        assert PEOPLE[0][1] not in str(store.within.sealed(ref))
        assert not list(audit(engine))


def test_a_command_key_still_answers_and_its_digest_is_not_to_be_guessed(office) -> None:
    with Engine.at(office) as engine:
        first = engine.open("desk", actor="agent.wang", key="k", phone=PEOPLE[0][1], summary="x")
        again = engine.open("desk", actor="agent.wang", key="k", phone=PEOPLE[0][1], summary="x")
        assert again.repeated
        assert again.case.id == first.case.id
        from guanjia.runtime.once import digest_of

        command = Command(
            "open", "desk", values={"phone": PEOPLE[0][1], "summary": "x"}, actor=engine.actor("agent.wang"), key="k"
        )
        assert digest_of(command) not in str(list(engine.store.dump("commands")))


def test_text_that_begins_like_a_sealed_one_is_not_taken_for_it() -> None:
    store = sealed(MemoryStore(), Keys(Secrets.new()))
    told = message("a", 1, body="sealed:1:AAAA")
    store.transact(lambda tx: tx.write(change("a", notifications=[told])))
    assert store.outbox()[0].notification.body == " sealed:1:AAAA"
    assert store.claim(1_000, "me", 2_000)[0].notification.body == " sealed:1:AAAA"


def test_without_the_key_of_then_the_rest_of_the_office_works_and_the_audit_comes_to_its_end(office) -> None:
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        for person in PEOPLE[:3]:
            engine.open("desk", actor="agent.wang", phone=person[1], summary="x")
        store = engine.store
        assert isinstance(store, Sealed)
        write(str(office / FILE), store.keys.secrets.renewed().without("k1"))
    with Engine.at(office, clock=ManualClock(MONDAY)) as engine:
        store = engine.store
        case = next(iter(store.cases()))
        assert engine.case(case).fields["summary"] == "x"
        with pytest.raises(StoreError, match="cannot be opened"):
            list(engine.personal(case).values())
        assert engine.act(case, "withdraw", actor="agent.wang").case.finished  # which tells nobody anything
        other = list(store.cases())[1]
        with pytest.raises(StoreError):
            engine.act(other, "answer", actor="agent.wang")
        assert engine.case(other).states == ("waiting",)
        numbers = {engine.case(name).number for name in store.cases()}
        assert {(problem.code, problem.case) for problem in audit(engine)} == {
            ("personal", number) for number in numbers
        }


def test_messages_that_the_keys_of_now_cannot_open_are_marked_and_all_others_go_out(
    office, monkeypatch, capsys
) -> None:
    """Whatever is claimed with them, and between cases too; when the key is back they are told."""
    clock, mail = ManualClock(MONDAY), Taking()
    monkeypatch.chdir(office)

    def said(*words: str) -> str:
        main(words, clock=clock)
        return capsys.readouterr().out

    def engine() -> Engine:
        opened = Engine.at(office, clock=clock)
        opened.channels["mail"], opened.renderer.channels = mail, ("mail",)
        return opened

    with engine() as one:
        first = one.open("desk", actor="agent.wang", phone=PEOPLE[0][1], email=PEOPLE[0][2], summary="x").case
        sends = Command("act", "pass_on", first.id, {}, one.actor("agent.wang"))
        one.store.transact(lambda tx: carry_out(one, tx, sends))  # what it asks for still lies there
        rekeying.renew(one, str(office / FILE), one.actor("agent.wang"))
        whole = (office / FILE).read_text()
        second = one.open("desk", actor="agent.wang", phone=PEOPLE[1][1], email=PEOPLE[1][2], summary="x").case
        write(str(office / FILE), one.store.keys.secrets.without("k1"))
    with engine() as one:
        assert {row.notification.case for row in one.store.outbox()} == {first.id, second.id}
        assert one.run_once().delivered == 1
        assert [message.case for message in mail.taken] == [second.id]
        (failed,) = one.store.outbox(status="waiting")
        assert (failed.notification.case, failed.attempts) == (first.id, 1)
        assert "密钥不对" in failed.last_error
        assert "another key" in failed.last_error
        ((item, why),) = one.store.dropped_inbox()
        assert "缺少当时的密钥" in why
        for pause in BACK_OFF:
            clock.advance(pause)
            assert one.run_once().failed == 1
        (dead,) = one.store.outbox(status="dead")
        with pytest.raises(Unopened):
            one.resend(dead.notification)
        clock.advance(5 * DAY)
        work = one.run_once()
        assert (work.delivered, [problem.partition(":")[0] for problem in work.problems]) == (1, [first.id])
        assert "仍发不出" in said("--lang", "zh", "outbox", "retry", "--all")
        assert "another key" in said("--lang", "en", "outbox")
    (office / FILE).write_text(whole)
    with engine() as one:
        assert one.resend(dead.notification)
        assert one.run_once().delivered == 2
        assert mail.taken[-1].case == first.id
        assert PEOPLE[0][1] in mail.taken[-1].body
        assert one.retry_parked(item.key) is None
        assert not list(audit(one))


def test_of_what_goes_out_as_one_message_the_part_that_cannot_be_opened_is_left_out() -> None:
    store, mail = MemoryStore(), Taking()
    store.migrate()
    store.transact(lambda tx: tx.write(change("a", notifications=[message("a", 1, digest="d", not_before=500)])))
    store.transact(lambda tx: tx.write(change("b", notifications=[message("b", 2, digest="d", not_before=500)])))
    shut = sealed(store, Keys(Secrets.new()))
    lost = replace(store.outbox(case="a")[0].notification, body=MARK + "AAAA")
    store.messages[lost.key] = replace(store.messages[lost.key], notification=lost)
    deliver(shut, {"mail": mail}, ManualClock(1_000), "w")
    assert [message.case for message in mail.taken] == ["b"]
    assert {row.notification.case: row.status for row in store.outbox()} == {"a": "dead", "b": "sent"}


def test_a_rehearsal_in_memory_sends_nobody_anything(office) -> None:
    (office / "office.yaml").write_text("name: {zh: 试验, en: Test}\nchannels: {file: {folder: out}}\n")
    with Engine.at(office, clock=ManualClock(MONDAY), database=":memory:") as engine:
        engine.open("desk", actor="agent.wang", email=PEOPLE[0][2], phone=PEOPLE[0][1], summary="x")
        assert engine.run_once().delivered == 1
    assert not (office / "out").exists() or not list((office / "out").iterdir())
