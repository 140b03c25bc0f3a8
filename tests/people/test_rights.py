"""Who may do what to which case: every row of rights.md, run against the funnel.

The page is written by hand and read by people; here each row becomes a case of that site and relation, and a command. What is
looked at is looked at through the library, what changes a case goes down the funnel; both must answer as the page says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from guanjia.core import HIDDEN
from guanjia.errors import Refused
from guanjia.model.event import Actor, Command
from guanjia.runtime.engine import Engine
from guanjia.store.interface import Query

from tests.offices import ROOT, engine, small

PAGE = Path(__file__).with_name("rights.md")
ROW = re.compile(r"^\| (\S+) \| (north|south) \| ([^|]+) \| ([^|]+) \| (yes|no) ?(\S*) \|$")


class Row(NamedTuple):
    line: int
    who: str
    site: str
    relation: str
    command: str
    allowed: bool
    code: str
    """Why not, as the code of the refusal."""


ROWS = [
    Row(number, who, site, relation.strip(), command.strip(), answer == "yes", code)
    for number, line in enumerate(PAGE.read_text().splitlines(), 1)
    if (found := ROW.match(line))
    for who, site, relation, command, answer, code in [found.groups()]
]
BLOCKS = dict(re.findall(r"```yaml\n# file: (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine(
        small(
            tmp_path_factory.mktemp("rights"),
            BLOCKS["procedures/job.yaml"],
            name="job",
            templates=("told",),
            more=BLOCKS,
        )
    )


def actor(desk: Engine, who: str) -> Actor:
    kind, _, name = who.partition(":")
    return Actor(name, (), "customer") if kind == "customer" else desk.actor(who)


def case(desk: Engine, row: Row) -> str:
    """A new case of the site, to which whoever asks has the relation that the page names, and no other."""
    who, values = actor(desk, row.who), {"place": "9-1"}
    relation, _, what = row.relation.partition(" ")
    procedure = "closet" if relation == "closet" else "job"
    if relation == "building":
        values["place"] = f"{what}-1-101"
    if relation == "concerned":
        values["subject"] = who.id
    opener = who if relation == "opener" else desk.actor("system")
    customer = who.id if relation == "customer" else None
    if relation == "opener":  # as it was when he still served there
        opener = Actor(who.id, who.roles, "system") if who.kind == "staff" else who
    opened = desk.execute(
        Command("open", procedure, values=values, actor=opener, site=row.site, customer=customer)
    ).case
    deeds = {
        "assignee": [Command("assign", who.id, opened.id, actor=desk.actor("system"))],
        "team": [Command("assign", what, opened.id, actor=desk.actor("system"))],
        "before": [
            Command("assign", one, opened.id, actor=desk.actor("system"), reason="x") for one in (who.id, "clerk.zed")
        ],
        "lifted": [Command("signal", "lift", opened.id)],
        "told": [Command("signal", "urge", opened.id, {"whom": who.id})],
        "took": [Command("act", "look", opened.id, actor=Actor(who.id, who.roles, "system"))],
    }.get(relation, [])
    for command in deeds:
        desk.execute(command)
    return opened.id


def tried(desk: Engine, row: Row) -> str:
    """The code of the refusal; "" where it was done."""
    who = actor(desk, row.who)
    name, _, what = row.command.partition(" ")
    if name == "customer":
        return asked(desk, row, who, what)
    try:
        if name == "open":
            desk.execute(Command("open", what, values={"place": "9-1"}, actor=who, site=row.site))
            return ""
        ref = case(desk, row)
        if name == "see":
            listed = {row.id for row in desk.list(Query(limit=10_000), actor=who)}
            assert (ref in listed) is row.allowed
            desk.case(ref, actor=who)
            assert desk.history(ref, actor=who)
        elif name == "read":
            desk.execute(Command("edit", "", ref, {what: "7"}, desk.actor("system")))
            shown = desk.case(ref, actor=who).fields[what]
            assert shown in ("7.00", HIDDEN)
            return "" if shown == "7.00" else "hidden"
        elif name == "do":
            desk.execute(Command("act", what, ref, actor=who))
        elif name in ("write", "edit"):
            desk.execute(Command("edit", "", ref, {what or "remark": "8"}, who))
        elif name == "assign":
            desk.execute(Command("assign", "clerk.zed", ref, actor=who, reason="x"))
        elif name == "pause":
            desk.execute(Command("clock", "reply", ref, {"way": "pause"}, who, reason="x"))
        elif name == "note":
            desk.note(ref, "x", actor=who)
        elif name == "reveal":
            desk.reveal(ref, actor=who, reason="x")
        elif name == "forget":
            desk.execute(Command("act", "close", ref, actor=desk.actor("boss.jo")))
            desk.forget(ref, actor=who, reason="x")
        elif name == "hold":
            desk.execute(Command("hold", "", ref, {"on": True}, who, reason="x"))
        elif name == "signal":
            desk.execute(Command("signal", what, ref, actor=who))
        elif name == "ack":
            desk.acknowledge(ref, actor=who)
        else:
            raise AssertionError(f"rights.md:{row.line}: nobody knows how to {row.command}")
    except Refused as refused:
        if name not in ("open", "see"):
            last = desk.history(ref)[-1]
            recorded = last.type == "refused" and (last.actor, last.data["code"]) == (who.id, refused.code)
            assert recorded is (refused.code in ("role", "site", "sight", "conflict", "write"))
        return refused.code
    return ""


def person(desk: Engine, row: Row, who: Actor) -> str:
    """A new person of the register, as the page says."""
    if row.relation == "himself":
        if desk.store.customers.get(who.id) is None:
            desk.customers.add(who.id, name="C", rooms=[{"room": "9-1", "site": row.site}], actor="system")
        return who.id
    sites = {"resident": [row.site], "of both": ["north", "south"], "roomless": []}[row.relation]
    rooms = [{"room": f"9-{row.line}", "site": site} for site in sites]
    id = desk.customers.add(name="张三", phones=[f"1390000{row.line:04}"], rooms=rooms, actor="system").id
    desk.customers.consent(id, "news", "1", actor="system")
    return id


def asked(desk: Engine, row: Row, who: Actor, what: str) -> str:
    """As `tried`, of a person of the register."""
    register, day = desk.customers, {"actor": who}
    id = person(desk, row, who)
    phones = [f"1390000{row.line:04}"]
    lists = {
        "find": lambda: register.find(id, **day), "household": lambda: register.household(f"9-{row.line}", row.site, **day),
        "stale": lambda: register.stale(-1, 10_000, **day), "duplicates": lambda: [one for it in register.duplicates(10_000, **day) for one in it.customers],
    }  # fmt: skip
    if what == "duplicates":
        register.add(name="张三", phones=phones, rooms=[{"room": "9-1", "site": row.site}], actor="system")
    if what in lists:
        return "" if id in [each.id for each in lists[what]()] else "hidden"
    other = register.add(name="李四", rooms=[{"room": "1-1", "site": "north"}], actor="system").id
    room = [{"room": "7-7", "site": row.site}]
    tries = {
        "show": lambda: register.get(id, **day), "history": lambda: register.history(id, **day),
        "edit": lambda: register.edit(id, language="en", **day), "verify": lambda: register.verify(id, **day),
        "consent": lambda: register.consent(id, "care", "1", **day), "withdraw": lambda: register.withdraw(id, "news", **day),
        "merge": lambda: register.merge(id, other, reason="x", **day), "absorb": lambda: register.merge(other, id, reason="x", **day),
        "restrict": lambda: register.restrict(id, reason="x", **day), "reveal": lambda: register.reveal(id, reason="x", **day),
        "export": lambda: register.everything(id, reason="x", **day), "forget": lambda: desk.forget_person(id, reason="x", **day),
        "add": lambda: register.add(name="王五", rooms=room, **day), "settle": lambda: register.edit(id, rooms=room, **day),
        "open": lambda: desk.execute(Command("open", "job", values={"place": "9-1"}, actor=who, site="north", customer=id)),
    }  # fmt: skip
    try:
        tries[what]()
    except Refused as refused:
        if what not in ("show", "history", "add", "open", "absorb", "forget"):
            last = register.history(id)[-1]
            assert (last.type, last.actor, last.data["code"]) == ("refused", who.id, refused.code)
        return refused.code
    return ""


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.line}-{row.who}-{row.site}-{row.relation}-{row.command}".replace(" ", "_")
)
def test_the_funnel_answers_as_the_page_says(desk: Engine, row: Row) -> None:
    answer = tried(desk, row)
    assert (answer == "", answer) == (row.allowed, row.code), f"rights.md:{row.line}"


def test_the_page_is_as_long_as_it_says_and_no_two_rows_ask_the_same() -> None:
    lines = [
        line
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| who", "| ---"))
    ]
    assert len(lines) == len(ROWS) > 200
    assert len({row[1:5] for row in ROWS}) == len(ROWS)


def test_no_rule_of_rights_lives_in_the_command_line() -> None:
    """It passes on who asks, and what the library makes of it; it never asks for a role or a right by itself."""
    asked = re.compile(
        r"\bmay\(|\.unseen\(|\ballowed\(|\bhas\(|\brights\b(?! import check_)|\.readers\b|\.writers\b|hidden\(|\bif\b.*\bin\b.*\.roles\b"
    )
    for file in (ROOT / "engine/guanjia/cli").rglob("*.py"):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            code = re.sub(r'"[^"]*"|`[^`]*`', "", line)
            assert not asked.search(code), f"{file.name}:{number}: {line.strip()}"
