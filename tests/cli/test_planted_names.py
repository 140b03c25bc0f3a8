"""Fifty planted names, numbers and addresses of thirteen people, and every command that there is: they come out nowhere but in
messages meant for the people and in what somebody looked at with a reason.

Each command is driven as it is meant, then with numbers in the place of everything that it takes, so that it fails; on SQLite and on
PostgreSQL. Searched is what was printed, the log at DEBUG, and every byte of the office, of its copies, and of the server. A new command
without a drive fails here.
"""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from guanjia.cli.main import main
from guanjia.cli.run import ROOT
from guanjia.cli.spec import Command, Group, load
from guanjia.clock import DAY, HOUR, ManualClock
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine

from tests.cli.terminals import Screen
from tests.offices import MONDAY, OFFICE, small
from tests.runtime.test_sealing import NEEDLES, PART, PEOPLE, found
from tests.scale import drawn, scale

PROCEDURE = """\
procedure: desk
calendar: always
retention: {after: 2 years}
fields:
  summary: {type: text, required: true}
  room: {type: room}
  name: {type: text, personal: true}
  phone: {type: phone, personal: true}
  email: {type: email, personal: true}
  identity: {type: text, sensitive: true, retention: 1 year}
sla:
  reply: {start: open, stop: over, target: {within: 1h}, at: {due: [{escalate: {ladder: up}}]}}
ladders: {up: {levels: [{to: agent}]}}
initial: waiting
transitions: {withdraw: {to: over}}
states:
  waiting:
    entry: [{assign: {role: agent}}, {notify: {told: [customer, 'staff:agent.wang']}}]
    transitions:
      answer: {to: over, input: {words: {type: text}}, do: [{notify: {told: customer}}]}
      greet: {do: [{set: {summary: "name | default('业主')"}}, {notify: {told: {to: customer, with: {summary: name | upper}}}}]}
      pass_on: {do: [{open: {part: {as: part, with: {phone: phone, name: name, summary: summary}}}}]}
    signals: {paid: {input: {from: {type: text}}}}
  over: {final: true}
reopen: {to: waiting}
modes: {drill: {}}
"""
TOLD = "{{ name }} {{ phone }}\n{{ name }} {{ phone }} {{ email }} {{ identity }}\n{{ summary }}\n"
STAFF = """\
roles:
  agent: {label: {zh: 客服, en: agent}, rights: [customers, clocks, backdate]}
  guard: {label: {zh: 保安, en: guard}}
  manager: {label: {zh: 经理, en: manager}, rights: [all]}
shifts: {night: {hours: 22:00-06:00}}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  agent.li: {name: 李雷, roles: [agent]}
  guard.xu: {name: 徐刚, roles: [guard]}
  manager.sun: {name: 孙经理, roles: [manager]}
"""

DRIVES: dict[str, list[str]] = {
    "open": ["open desk --name {name} --phone {phone} --email {email} --identity {identity} --customer {customer} --reason {reason} --summary {text}",
             "open desk --summary x --phone 'x{phone}x'", "open desk --summary x --email '{name}'", "open desk --summary x --customer {phone}",
             "open desk --name {name} --summary {text} --mode drill"],
    "do": ["do {ref}", "do {ref} greet --reason {reason}", "do {ref} pass_on", "do {ref} answer --words {text}", "do {ref} reopen", "do {ref} answer --nothing {text}"],
    "signal": ["signal {ref} paid --from {text}"],
    "edit": ["edit {ref} --phone {other} --summary {text} --reason {reason}", "edit {ref} --room '3-1 {name}' --reason x", "edit {ref} --phone 'call {name}'"],
    "note": ["note {ref} {text}", "note {ref} {identity}"],
    "attach": ["attach {ref} {file}", "attach {ref}", "attach {ref} --get {phone} --reason {reason}"],
    "assign": ["assign {ref} agent.li --reason {reason}", "assign {ref} agent.wang --reason x"],
    "handover": ["handover agent.wang agent.li --case {ref} --yes --reason {reason}", "handover agent.li agent.wang --yes --reason x"],
    "ack": ["ack {ref} --reason {reason}"],
    "clock pause": ["clock pause {ref} reply --reason {reason}"], "clock resume": ["clock resume {ref} reply --reason {reason}"],
    "clock reset": ["clock reset {ref} reply --reason {reason}"],
    "hold": ["@manager.sun hold {ref} --reason {reason}", "@manager.sun hold {ref} --lift --reason {reason}", "hold {ref} --reason {reason}"],
    "forget": ["forget {ref} --reason {reason}", "@manager.sun forget {ref} --reason {reason}"],
    "ls": ["ls", "ls --all", "ls --customer {phone}", "ls --room {name}"], "find": ["find {phone}", "find {name}", "find desk"],
    "show": ["show {ref} --all", "@guard.xu show {ref} --reveal --reason {reason}", "*show {ref} --reveal --reason {reason}"],
    "why": ["why {ref}", "why {ref} reply --if phone={phone}"], "mine": ["mine"], "team": ["team"], "roster": ["roster"], "board": ["board"],
    "customer add": ["customer add --id {customer} --name {name} --phone {phone} --mail {email} --room 3-1-502 --relation owner --reason {reason}",
                     "customer add --phone 'x{name}'", "customer add --name {name} --id {phone}"],
    "customer edit": ["customer edit {customer} --phone {other} --reason {reason}", "customer edit {customer} --hours {phone}"],
    "customer verify": ["customer verify {customer}"], "customer find": ["customer find {phone}", "customer find {email}", "customer find {name}"],
    "customer show": ["customer show {customer} --all", "@guard.xu customer show {customer} --reveal --reason {reason}", "*@manager.sun customer show {customer} --reveal --reason {reason}"],
    "customer import": ["customer import {table}", "customer import {table} --apply --reason {reason}"],
    "customer consent": ["customer consent {customer} care --notice 2026-01"], "customer withdraw": ["customer withdraw {customer} care --reason {reason}"],
    "customer duplicates": ["customer duplicates"], "customer merge": ["@manager.sun customer merge {customer} t-0 --reason {reason}"],
    "customer restrict": ["@manager.sun customer restrict {customer} --reason {reason}", "@manager.sun customer restrict {customer} --lift --reason {reason}"],
    "customer export": ["customer export {customer} --reason {reason}", "*@manager.sun customer export {customer} --reason {reason}"],
    "can": ["can guard.xu answer {ref}", "can agent.wang edit {ref} --phone {phone}"], "token": ["@manager.sun token erp"],
    "ask": ["ask {ref} --phone-tail {tail}"], "code": ["code {ref}"], "answer": ["answer 000000 answer --words {text}"], "diff": ["diff desk"],
    "explain-file": ["explain-file desk"], "new": ["new parcel --yes", "test parcel --suggest --write"],
    "shift": ["shift night", "shift night --note 'ask {phone}'"],
    "link": ["link {ref} {ref} --reason {reason}"], "merge": ["merge {ref} {ref} --reason {reason}"],
    "split": ["split {ref} desk --name {name} --summary {text} --reason {reason}"], "undo": ["note {ref} {text}", "undo {ref} --reason {reason}"],
    "customer cases": ["customer cases {customer}"], "customer stale": ["customer stale"],
    "outbox list": ["outbox", "outbox list {ref}"], "outbox show": ["outbox show {key}", "*outbox show {key} --reveal --reason {reason}"],
    "outbox retry": ["outbox retry {key}", "outbox retry --all"], "outbox hold": ["outbox hold"], "outbox release": ["outbox release"],
    "inbox list": ["inbox"], "inbox retry": ["inbox retry --all"],
    "work": ["work --once --log json", "work --once"], "stats": ["stats"], "doctor": ["doctor"], "audit": ["audit"],
    "log": ["log", "log --access", "log --customer {customer}"], "staff": ["staff"], "whoami": ["whoami"], "completion": ["completion bash"],
    "retention list": ["retention"], "retention run": ["retention run --dry-run", "@manager.sun retention run"],
    "keys list": ["keys"], "keys rotate": ["@manager.sun keys rotate"], "keys drop": ["@manager.sun keys drop k1 --yes"],
    "backup": ["backup {copies}/{number}.db"], "export": ["export {copies}/{number}.jsonl.gz"], "restore": ["restore {copies}/none.db"], "import": ["import {copies}/none"],
    "take-in": ["take-in {old} --reason {reason}"], "init": ["init {copies}/new"],
    "check": ["check", "check procedures", "check --explain unbounded-wait"], "standards": ["standards"], "registry ls": ["registry ls"], "registry show": ["registry show none"], "schedules": ["schedules"], "test": ["test", "test --coverage"], "prove": ["prove desk --states 200"], "handbook": ["handbook"], "coverage": ["coverage"], "report": ["report", *(f"report {name} --from 2026-01-01 --cases" for name in ("sla", "pledge", "cycle_time", "complaint_analysis", "appraisal"))], "procedures": ["procedures desk"], "diagram": ["diagram desk", "diagram {ref}"],
    "suspend": ["@manager.sun suspend --from '2026-03-03 09:00' --to '2026-03-03 10:00' --reason 'ask {phone}' --yes", "suspend --list"],
    "calendar show": ["calendar show"], "calendar check": ["calendar check"], "calendar explain": ["calendar explain 09:00 2h"],
    "migrate": ["migrate desk", "migrate --undo", "@manager.sun migrate desk --yes --reason 'ask {phone}'", "@manager.sun migrate desk --undo --yes --reason 'ask {phone}'"],
    "schema": ["schema procedure", "schema --write"],
    "publish": ["publish", "publish desk --reason 'ask {phone}'", "publish --approve P1"], "rollback": ["rollback desk --reason 'ask {phone}'"], "versions": ["versions desk"],
    "calendar import": ["calendar import {copies}/none.ics"], "calendar apply": ["calendar apply"],
    "preview": ["preview --port 70000"],
}  # fmt: skip
"""What is driven, by command: `@who` asks as somebody else than the agent; `*` may say what was looked at with a reason."""


def leaves(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    for name, entry in group.entries.items():
        made = load(entry, name)
        if isinstance(made, Group):
            yield from leaves(made, (*path, name))
        else:
            yield " ".join((*path, name)), made


COMMANDS = dict(leaves(ROOT))
FILES = ("FILE", "DIR", "FILE.ics")


def test_every_command_is_driven_here() -> None:
    """A new command wants a line in DRIVES: one that does what it is for, with what is personal wherever it may be typed."""
    assert not set(COMMANDS) - set(DRIVES)


def failing(name: str, made: Command, typed: str) -> list[str]:
    """The command with a number in the place of everything that it takes, and with each of its options so; but files are called
    as whoever calls them likes."""
    words = [*name.split(), *("nothing/there" if argument.metavar in FILES else typed for argument in made.arguments)]
    options = [option.names[0] for option in made.options if not option.flag and option.metavar not in FILES][:3]
    return [shlex.join([*words, option, typed]) for option in options] + ([shlex.join(words)] if made.arguments else [])


@pytest.fixture(params=["sqlite", "postgres"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    told = {f"templates/{language}/told.{channel}.j2": TOLD for language in ("zh", "en") for channel in ("text",)}
    folder = small(
        tmp_path / "office", PROCEDURE, templates=("told",), more={"procedures/part.yaml": PART, "organisation.yaml": STAFF, **told}
    )  # fmt: skip
    place = f"database: {request.getfixturevalue('postgres_dsn')}\n" if request.param == "postgres" else ""
    (folder / "office.yaml").write_text(f"{OFFICE.replace('file: {}', 'file: {folder: sent}')}{place}")
    return folder


class Driver:
    """Runs lines for one person after the other, and looks at all that comes out."""

    def __init__(self, office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.office, self.capsys, self.clock = office, capsys, ManualClock(MONDAY)
        self.copies = tmp_path / "copies"
        self.copies.mkdir()
        self.typed = tmp_path / "typed"
        """What people brought: it holds what it holds."""
        self.typed.mkdir()
        self.told: list[tuple[str, set[str]]] = []
        self.number = 0

    def line(self, line: str, **given: str) -> tuple[int, str]:
        free = line.startswith("*")
        line = line.removeprefix("*").format(**{name: shlex.quote(value) for name, value in given.items()})
        who, rest = line[1:].split(" ", 1) if line.startswith("@") else ("agent.wang", line)
        self.capsys.readouterr()
        code = main(
            ["--office", str(self.office), "--as", who, "--lang", ("zh", "en")[self.number % 2], *shlex.split(rest)],
            clock=self.clock,
        )
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err
        assert code != 70, said.err
        leaks = {text for spelling, text in NEEDLES.items() if spelling in (said.out + said.err).encode()}
        if leaks and not free:
            self.told.append((line, leaks))
        return code, said.out

    def person(self, number: int) -> dict[str, str]:
        """What stands in the lines for one of them: a case of theirs that is opened for it."""
        self.number = number
        name, phone, email, identity = PEOPLE[number]
        other = PEOPLE[(number + 1) % len(PEOPLE)][1]
        text, reason = f"{name}，{phone}，{email}，{identity}：漏水", f"{name} 来电 {phone}"
        scan, old = self.typed / f"{name}.txt", self.typed / f"{number}.jsonl"
        scan.write_text(f"{name} {identity}")
        steps = [{"do": "note", "at": "2026-02-02 10:00", "by": "agent.wang", "text": text}]
        opening = {
            "open": "desk",
            "at": "2026-02-02 09:00",
            "by": "agent.wang",
            "with": {"name": name, "summary": text},
        }
        old.write_text(json.dumps({**opening, "key": f"old {number}", "steps": steps}, ensure_ascii=False) + "\n")
        table = self.typed / f"{number}.csv"
        table.write_text(
            f"id,name,phone,mail,room\nt-{number},{name},{phone},{email},9-{number}\n,{name},{identity}x,,\n"
        )
        given = {
            "table": str(table), "tail": phone[-4:], "name": name, "phone": phone, "email": email, "identity": identity, "other": other, "text": text, "reason": reason,
            "customer": f"c-{number}", "file": str(scan), "old": str(old), "copies": str(self.copies), "number": str(number),
        }  # fmt: skip
        code, out = self.line(
            "open desk --name {name} --phone {phone} --email {email} --identity {identity} --customer {customer} --summary {text} --json",
            **given,
        )
        assert code == 0
        given["ref"] = json.loads(out)["number"]
        given["key"] = json.loads(self.line("outbox list {ref} --json", **given)[1])[-1]["key"]
        return given

    def everything(self) -> None:
        """Each drive for one of the people, the next for the next; all of them in `make faults`, else some by chance. What does not
        depend on the database is tried once: to print JSON too, and to fail."""
        here = not any(line.startswith("database:") for line in (self.office / "office.yaml").read_text().splitlines())
        drives = [name for name in DRIVES if name in COMMANDS]
        driven = drawn().sample(drives, scale(24 if here else 12, len(drives), faults=len(drives)))
        for number, name in enumerate(sorted(driven, key=drives.index)):
            lines = DRIVES[name]
            given = self.person(number % len(PEOPLE))
            both = here and any(option.names[0] == "--json" for option in COMMANDS[name].options)
            for line in lines:
                self.line(line, **given)
                if both:
                    self.line(f"{line} --json", **given)
            for line in failing(name, COMMANDS[name], given["phone"]) if here else ():
                self.line(line, **{})
            self.clock.advance(HOUR)
        for number in range(len(PEOPLE)):  # a case of each to which nothing was done
            self.person(number)


@pytest.fixture
def driver(office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Driver:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    return Driver(office, tmp_path, capsys)


def crashes(driver: Driver, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    """The program fails with what was typed in its very error; and somebody types at a terminal what is wrong."""
    with monkeypatch.context() as patch:

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError(given["text"])

        patch.setattr(Engine, "execute", fail)
        driver.capsys.readouterr()
        assert (
            main(
                ["--office", str(driver.office), "--as", "agent.wang", "note", given["ref"], given["text"]],
                clock=driver.clock,
            )
            == 70
        )
        said = driver.capsys.readouterr()
        assert not [text for spelling, text in NEEDLES.items() if spelling in (said.out + said.err).encode()]
    screen = Screen()
    with monkeypatch.context() as patch:
        typed = Screen(f"{given['text']}\n")
        for name, stream in (("stdin", typed), ("stdout", screen), ("stderr", screen)):
            patch.setattr(sys, name, stream)
        main(
            ["--office", str(driver.office), "--as", "agent.wang", "open", "desk", "--phone", f"x{given['phone']}"],
            clock=driver.clock,
        )
    assert not [text for spelling, text in NEEDLES.items() if spelling in screen.getvalue().encode()]


def server_bytes(office: Path) -> Iterator[Path]:
    """The files of the server that it has written since the office is there, its own log too; nothing where the office lies in a file
    of its own."""
    dsn = next(
        (
            line.partition(" ")[2]
            for line in (office / "office.yaml").read_text().splitlines()
            if line.startswith("database:")
        ),
        "",
    )
    if not dsn:
        return
    with psycopg.connect(dsn) as connection:
        folder = connection.info.host
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        ).fetchall()
        rows = [
            row for (table,) in tables for row in connection.execute(f'SELECT t::text FROM "{table}" AS t').fetchall()
        ]  # type: ignore[arg-type]
    text = "\n".join(row[0] for row in rows).encode()
    assert not {word for spelling, word in NEEDLES.items() if spelling in text}
    yield Path(folder) / "log"
    begun = (office / "office.yaml").stat().st_mtime - 1
    files = [
        path for kind in ("base", "pg_wal") for path in (Path(folder) / "data" / kind).rglob("*") if path.is_file()
    ]
    yield from [path for path in files if path.stat().st_mtime >= begun]


def test_nothing_personal_comes_out_of_any_command_or_lies_anywhere_and_is_gone_when_it_is_forgotten(
    driver: Driver, office: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def kept() -> set[str]:
        return found(*[path for path in office.iterdir() if path.name != "sent"], driver.copies)

    driver.everything()
    crashes(driver, monkeypatch, driver.person(0))
    driver.line("outbox release")  # by chance it was held and not let go
    driver.line("work --once")
    assert not driver.told, "\n".join(f"{line}: {leaks}" for line, leaks in driver.told)
    assert kept() == set()
    assert found(*server_bytes(office)) == set()
    assert not [text for text in NEEDLES.values() if text in caplog.text]
    # That they were there: in what was sent to them, all of it, and for whoever looks with a reason.
    sent = found(office / "sent")
    assert {text for person in PEOPLE for text in person} - sent == set()

    driver.clock.advance(DAY)
    with Engine.at(office, clock=driver.clock) as engine:
        assert not list(audit(engine))
        cases = list(engine.store.cases())
        for case in cases:
            if not engine.case(case).finished:
                engine.act(case, "end" if engine.case(case).procedure == "part" else "withdraw", actor="manager.sun")
        before = {str(value) for case in cases for value in engine.personal(case).values()}
        assert {text for person in PEOPLE for text in person} - before == set()
    driver.clock.advance(800 * DAY)
    driver.line("@manager.sun retention run")
    for number in range(len(PEOPLE)):
        driver.line(f"@manager.sun forget --customer c-{number} --reason x")
    with Engine.at(office, clock=driver.clock) as engine:
        assert not list(audit(engine))
        assert not [value for case in engine.store.cases() for value in engine.personal(case).values()]
        assert not [
            row
            for row in engine.store.outbox(limit=100_000)
            if row.notification.body and "欧阳" in row.notification.body
        ]
    assert not driver.told, "\n".join(f"{line}: {leaks}" for line, leaks in driver.told)
    assert kept() == set()
    assert not [text for text in NEEDLES.values() if text in caplog.text]
