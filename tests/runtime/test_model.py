"""Random commands against the engine and against a small program that was written from docs/ alone (model.py): states, fields,
clocks, delays, every event, every message, every answer and every refusal are the same, on every store, through two engines
that take turns on one database.

`make faults` tries 5,000 commands on each store, `make soak` more and more. A program that failed is printed as one line, made as small as
it goes; it is kept in model_corpus.txt, which is replayed first for ever.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from guanjia.store.interface import Store
from guanjia.store.memory import MemoryStore
from guanjia.store.postgres import PostgresStore
from guanjia.store.sqlite import SqliteStore
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import integers, randoms, sampled_from

from tests.runtime.model import Office
from tests.runtime.model_asking import who_is
from tests.runtime.model_case import Case
from tests.runtime.model_desk import Desk, folder_of
from tests.runtime.model_door import at_the_door
from tests.runtime.model_rules import ACTIONS, CLOCKS, JOB_ACTIONS, REQUEST_ACTIONS
from tests.runtime.model_time import local
from tests.scale import SOAK, drawn, scale, tell

CORPUS = Path(__file__).with_name("model_corpus.txt")
COMMANDS = scale(100, 4_000, faults=5_000)
"""How many commands are tried on each store."""


# -- what is tried

ACTORS = ("agent.wang", "agent.li", "supervisor.zhao", "manager.sun", "c-1", "c-2")
MINUTES = (0, 1, 10, 30, 60, 90, 120, 240, 12 * 60, 24 * 60, 3 * 24 * 60, 11 * 24 * 60)
KINDS = (
    "open",
    "act",
    "act",
    "act",
    "signal",
    "edit",
    "edit",
    "assign",
    "note",
    "attach",
    "clock",
    "clock",
    "ack",
    "ack",
    "undo",
    "merge",
    "link",
    "split",
    "code",
    "answer",
    "hold",
)
EDITS: tuple[dict[str, Any], ...] = (
    {"priority": "urgent"}, {"priority": "usual"}, {"cost": 7}, {"cost": 700}, {"resume_in": 60}, {"resume_in": -60},
    {"resume_in": None}, {"place": "P1"}, {"place": "P1"}, {"place": "P2"}, {"place": "P3"}, {"place": None}, {"resume_in": 2880}, {"phone": "13900000000"}, {"odd": 1},
)  # fmt: skip
SELDOM = {"withdraw": 0.15, "stay": 0.2, "again": 0.3, "inform": 0.3, "prolong": 0.4, "rework": 0.5}


WAYS: tuple[tuple[tuple[str, str, dict[str, Any]], ...], ...] = (
    (("inspect", "", {"cost": 50}), ("pass", "supervisor.zhao", {}), ("withdraw", "", {"why": "enough"}), ("reopen", "supervisor.zhao", {})),
    (("hold", "", {}), ("go_on", "", {}), ("inform", "", {}), ("announce", "supervisor.zhao", {}), ("withdraw", "", {"why": "enough"})),
    (("ask", "", {}), ("answered", "", {}), ("order", "", {})),
    (("prolong", "supervisor.zhao", {}), ("again", "", {}), ("withdraw", "c-1", {"why": "enough"}), ("reopen", "c-1", {})),
)  # fmt: skip
"""What people do to a case that one of them accepted, where nobody else is named."""


def some(draw: random.Random) -> dict[str, Any]:
    """A command that may be nonsense."""
    kind, who = draw.choice(KINDS), draw.choice(ACTORS)
    given: dict[str, Any] = {"kind": kind, "who": who, "case": draw.choice((0, 1, 2, 3, 4, -1))}
    if draw.random() < 0.15:
        given["key"] = draw.choice("abc")
    if draw.random() < 0.15:
        given |= {"ago": draw.choice((0, 5, 60, 240, 1800, -5)), "reason": draw.choice((None, "late", "late"))}
        given["who"] = draw.choice((who, "supervisor.zhao"))
    if kind == "open":
        given["name"] = draw.choice(("request",) * 9 + ("job",))
        priority = draw.choice(("usual", "urgent", "odd"))
        given["values"] = {"summary": draw.choice(("water", "水", "", "x" * 21)), "priority": priority}
    elif kind == "act":
        given["name"] = draw.choice((*REQUEST_ACTIONS, *JOB_ACTIONS, "dance"))
        given["values"] = draw.choice(({}, {"cost": 101}, {"why": "enough"}, {"priority": "urgent"}))
        if draw.random() < 0.2:
            given["behind"] = draw.choice((0, 0, 1))
    elif kind == "signal":
        given |= {"name": draw.choice(("paid", "fixed", "sung", "reopen")), "who": draw.choice(("system", who))}
    elif kind == "edit":
        given |= {"values": draw.choice(EDITS), "who": draw.choice((who, "supervisor.zhao"))}
    elif kind == "assign":
        given["name"] = draw.choice(("agent.wang", "agent.li", "supervisor.zhao", "nobody.here"))
        given["reason"] = draw.choice((None, "holiday"))
    elif kind == "note":
        given["values"] = {"text": "called back"}
    elif kind == "attach":
        given |= {"name": "photo.jpg", "values": {"content": "bytes"}}
    elif kind == "clock":
        name, way = (
            draw.choice(("respond", "solve", "solve", "keep", "held_long", "odd")),
            draw.choice(("pause", "resume", "reset")),
        )
        given |= {
            "name": name,
            "values": {"way": way},
            "reason": "because",
            "who": draw.choice((who, "supervisor.zhao")),
        }
    elif kind == "answer":
        given |= {"code": draw.choice((-1, 0, 1, 2, 3)), "name": draw.choice((*REQUEST_ACTIONS, "dance"))}
    elif kind == "hold":
        given |= {"values": {"on": draw.random() < 0.6}, "reason": draw.choice((None, "suit", "suit"))}
        given["who"] = draw.choice((who, "manager.sun"))
    elif kind == "merge":
        given |= {"values": {"other": draw.choice(range(5))}, "reason": draw.choice((None, "same", "same"))}
    elif kind == "link":
        way = draw.choice(("beside", "child", "apart"))
        given |= {"name": draw.choice(("", "pipe")), "values": {"other": draw.choice(range(5)), "way": way}}
    elif kind == "ack":
        given["who"] = draw.choice((who, "supervisor.zhao", "manager.sun"))
    return given


def _heard(case: Case) -> bool:
    """Whether customers of other cases hear what this one tells."""
    return not case.closed and bool(case.absorbed or any(number for number in case.children.values()))


def apt(draw: random.Random, office: Office) -> dict[str, Any]:
    """A command that the model would carry out, as far as it can see."""
    if not office.cases or (len(office.cases) < 5 and draw.random() < 0.1):
        who = draw.choice(("agent.wang", "agent.li", "c-1", "c-2"))
        values = {"summary": draw.choice(("water", "水")), "priority": draw.choice(("usual", "urgent"))}
        given: dict[str, Any] = {"kind": "open", "name": "request", "who": who, "values": values}
        if draw.random() < 0.3:
            values["phone"] = "13800001234"
        if draw.random() < 0.6:
            values["place"] = draw.choice(("P1", "P1", "P2"))
        if draw.random() < 0.2:
            given["mode"] = "drill"
        if draw.random() < 0.7:
            given["customer"] = who if who.startswith("c-") else draw.choice(("c-1", "c-2"))
        return given
    which = draw.choice(range(len(office.cases)))
    case = list(office.cases.values())[which]
    clocks = [clock for clock in case.clocks.values() if clock.open and CLOCKS[case.procedure][clock.name].pausable]
    if clocks and draw.random() < 0.2:
        clock = draw.choice(clocks)
        way = draw.choice(("resume", "resume", "reset")) if clock.held else "pause"
        given = {"kind": "clock", "name": clock.name, "who": "supervisor.zhao", "case": which, "reason": "because"}
        return given | {"values": {"way": way}}
    if draw.random() < 0.2:
        return joins(draw, office, which)
    if case.codes and case.procedure == "request" and draw.random() < 0.4:
        words = [
            name
            for name in ("withdraw", "reopen", "inform", "stay")
            if not office.against(case, name, at_the_door(case), {"why": ""})
        ]
        if words:
            name = draw.choice(words)
            given = {"kind": "answer", "who": "c-1", "case": which, "code": draw.choice(list(case.codes)), "name": name}
            return given | ({"values": {"why": "enough"}} if name == "withdraw" else {})
    if draw.random() < 0.1:
        return {"kind": "code", "who": draw.choice(("supervisor.zhao", case.opener)), "case": which}
    if _heard(case) and draw.random() < 0.3:
        return {"kind": "act", "name": "announce", "who": "supervisor.zhao", "case": which}
    if case.last is not None and not case.last.over and draw.random() < 0.15:
        return {"kind": "undo", "who": case.last.actor, "case": which}
    if "unpaid" in case.states and draw.random() < 0.5:
        return {"kind": "signal", "name": "paid", "who": "system", "case": which}
    found = [
        (name, actor) for name in ACTIONS[case.procedure] for actor in ACTORS
        if not office.against(case, name, who_is(actor), {}) - {"field"}
    ]  # fmt: skip
    wanted = [name for name in dict.fromkeys(name for name, _ in found) if draw.random() < SELDOM.get(name, 1)]
    if not wanted:
        return some(draw)
    name = draw.choice(wanted)
    given = {
        "kind": "act",
        "name": name,
        "who": draw.choice([actor for action, actor in found if action == name]),
        "case": which,
    }
    if name in ("withdraw", "inspect"):
        given["values"] = {"why": "enough"} if name == "withdraw" else {"cost": 50}
    return given


def joins(draw: random.Random, office: Office, which: int) -> dict[str, Any]:
    """Something that ties two cases, as a person does who may."""
    given: dict[str, Any] = {"case": which, "who": draw.choice(("supervisor.zhao", "agent.wang"))}
    open_ones = [place for place, case in enumerate(office.cases.values()) if not case.closed and place != which]
    case = list(office.cases.values())[which]
    if case.parent or case.links:
        tied = [*filter(None, [case.parent]), *case.links]
        other = list(office.cases).index(draw.choice(tied))
        if draw.random() < 0.3:
            return given | {"kind": "link", "values": {"other": other, "way": "apart"}}
    kind = draw.choice(("merge", "merge", "child", "child", "beside", "split"))
    if kind == "split" or not open_ones:
        return given | {"kind": "split", "who": draw.choice(("agent.wang", "agent.li"))}
    other = draw.choice(open_ones)
    if kind == "merge":
        return given | {"kind": "merge", "values": {"other": other}, "reason": "same"}
    return given | {"kind": "link", "values": {"other": other, "way": kind}}


def tells(draw: random.Random, office: Office) -> dict[str, Any]:
    """Something of which a customer is told."""
    found = [
        {"kind": "act", "name": name, "who": "supervisor.zhao", "case": which}
        for which, case in enumerate(office.cases.values())
        for name in ("inform", "announce") if case.customer and name in ACTIONS[case.procedure]
        if not office.against(case, name, who_is("supervisor.zhao"), {})
    ]  # fmt: skip
    values = {"summary": "water", "priority": "usual"}
    new = {"kind": "open", "name": "request", "who": draw.choice(("c-1", "c-2")), "values": values}
    return draw.choice(found) if found and draw.random() < 0.8 else new


def tempting(draw: random.Random, office: Office) -> dict[str, Any]:
    """An action against which just one thing stands: where what stands in the way is forgotten, it is taken."""
    found: dict[str, list[dict[str, Any]]] = {}
    for which, case in enumerate(office.cases.values()):
        for name in ACTIONS[case.procedure]:
            for actor in ACTORS:
                given = {"why": "enough"} if name == "withdraw" else {"cost": 50} if name == "inspect" else {}
                stands = office.against(case, name, who_is(actor), given)
                if len(stands) == 1:
                    step = {"kind": "act", "name": name, "who": actor, "case": which, "values": given}
                    found.setdefault(*stands, []).append(step)
    return draw.choice(found[draw.choice(sorted(found))]) if found else some(draw)


class Machine(RuleBasedStateMachine):
    """The rules by which steps are drawn; each is plain data, so that a program that failed can be kept and replayed."""

    desk: Desk

    @rule(draw=randoms())
    def apt(self, draw: random.Random) -> None:
        self.desk.do(["command", apt(draw, self.desk.office)])

    @rule(draw=randoms())
    def more(self, draw: random.Random) -> None:
        self.desk.do(["command", apt(draw, self.desk.office)])

    @rule(draw=randoms())
    def some(self, draw: random.Random) -> None:
        self.desk.do(["command", some(draw)])

    @rule(draw=randoms())
    def tempting(self, draw: random.Random) -> None:
        self.desk.do(["command", tempting(draw, self.desk.office)])

    @rule(draw=randoms())
    def regret(self, draw: random.Random) -> None:
        """Do something, perhaps something else, and take the first back."""
        given = apt(draw, self.desk.office)
        self.desk.do(["command", given])
        if draw.random() < 0.5:
            between = draw.choice((some, apt))
            step = some(draw) if between is some else apt(draw, self.desk.office)
            self.desk.do(draw.choice((["command", step], ["preview", step], ["tick", 9], ["work"])))
        if given["kind"] != "open":
            self.desk.do(["command", {"kind": "undo", "who": given["who"], "case": given["case"]}])

    @rule(draw=randoms())
    def take_in(self, draw: random.Random) -> None:
        """An old case: what its people probably did, one after the other."""
        first = apt(draw, Office(self.desk.office.now))
        agent, boss = draw.choice(("agent.wang", "agent.li")), "supervisor.zhao"
        way = [("accept", agent, {}), *draw.choice(WAYS)]
        steps = [{"kind": "act", "name": name, "who": who or agent, "values": values,
                  "after": draw.choice((0, 1, 30, 60, 600, 3000))} for name, who, values in way[: draw.randrange(6)]]  # fmt: skip
        self.desk.do(
            ["take_in", draw.choice((boss, boss, boss, agent)), draw.choice((60, 3000, 20000)), [first, *steps]]
        )

    @rule(draw=randoms())
    def bulk(self, draw: random.Random) -> None:
        both = (some, lambda draw: apt(draw, self.desk.office))
        self.desk.do(["bulk", [draw.choice(both)(draw) for _ in range(draw.choice((2, 3, 4)))]])

    @rule(draw=randoms())
    def preview(self, draw: random.Random) -> None:
        self.desk.do(["preview", draw.choice((some(draw), apt(draw, self.desk.office)))])

    @rule(minutes=sampled_from(MINUTES))
    def tick(self, minutes: int) -> None:
        self.desk.do(["tick", minutes])

    @rule(draw=randoms())
    def night(self, draw: random.Random) -> None:
        """Something that residents are told of while they sleep, and the morning after it."""
        now = local(self.desk.office.now)
        self.desk.do(["tick", (22 - now.hour) % 24 * 60 - now.minute])
        if draw.random() < 0.5:
            self.desk.do(["work"])
        for _ in range(draw.choice((1, 2, 3))):
            self.desk.do(["command", tells(draw, self.desk.office)])
            self.desk.do(draw.choice((["tick", 1], ["tick", 300], ["work"], ["preview", some(draw)])))
        self.desk.do(["tick", draw.choice((60, 600, 660))])
        self.desk.do(["work"])

    @rule()
    def work(self) -> None:
        self.desk.do(["work"])

    @rule(which=integers(0, 4), actor=sampled_from(ACTORS))
    def look(self, which: int, actor: str) -> None:
        self.desk.do(["look", which, actor])

    @rule(name=sampled_from(("", "", "", "short", "long")))
    def hours(self, name: str) -> None:
        self.desk.do(["hours", name] if name else ["restart"])

    @rule(begin=sampled_from((-24, 0, 5, 24, 48)), span=sampled_from((3, 24, 72)))
    @precondition(lambda self: len(self.desk.office.suspended) < 2)
    def suspend(self, begin: int, span: int) -> None:
        self.desk.do(["suspend", begin, span])

    def teardown(self) -> None:
        try:
            self.desk.end()
        finally:
            self.desk.close()


# -- the tests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("model") / "office")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], list[Store]]:
    """Opens an empty database, twice where it can be."""
    number = count(1)

    def opened() -> list[Store]:
        if request.param == "memory":
            store = MemoryStore()
            return [store, store]
        if request.param == "sqlite":
            file = tmp_path / f"{next(number)}.db"
            return [SqliteStore(file, "OFF"), SqliteStore(file, "OFF")]
        dsn = f"{request.getfixturevalue('postgres_dsn')}_{next(number)}"
        return [PostgresStore(dsn), PostgresStore(dsn)]

    return opened


def kept() -> Iterator[Any]:
    """The programs of the corpus, each with the sentence above it as its name."""
    name = ""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            name = line.removeprefix("# ")
        elif line:
            yield pytest.param(json.loads(line), id=name)


@pytest.mark.parametrize("program", list(kept()))
def test_what_failed_once_is_replayed_first(folder, stores, program):
    desk = Desk(folder, stores())
    try:
        for step in program:
            desk.do(step)
        desk.end()
    finally:
        desk.close()


def test_the_engine_does_what_the_docs_say(folder, stores):
    # The programs of every day are always the same ones, so that a change is at fault when they fail; `make soak` draws new ones.
    draw, done = drawn() if SOAK or "GUANJIA_SEED" in os.environ else random.Random(4), 0
    desks: list[Desk] = []
    happened: Counter[str] = Counter()

    def machine() -> Machine:
        made = Machine()
        made.desk = Desk(folder, stores())
        desks.append(made.desk)
        return made

    while done < COMMANDS:
        chosen, machine_of = draw.randrange(2**32), machine
        try:
            run_state_machine_as_test(
                seed(chosen)(machine_of),
                settings=settings(
                    max_examples=3, stateful_step_count=50, deadline=None, database=None, suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate, Phase.shrink), print_blob=False,
                ),
            )  # fmt: skip
        except BaseException:
            print(f"to keep in {CORPUS.name}: {json.dumps(desks[-1].steps, ensure_ascii=False)}")
            raise
        done += sum(desk.commands for desk in desks)
        happened += Counter(e.type for desk in desks for case in desk.office.cases.values() for e in case.events)
        desks.clear()
    print(dict(happened))
    tell("random commands against the model", commands=done, differences=0)
