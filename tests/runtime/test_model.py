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
from tests.runtime.model_desk import Desk, folder_of
from tests.runtime.model_draws import ACTORS, MINUTES, WAYS, apt, brings, some, tells, tempting
from tests.runtime.model_register import ROOMS
from tests.runtime.model_time import local
from tests.scale import SOAK, drawn, scale, tell
from tests.smaller import Program, smaller

CORPUS = Path(__file__).with_name("model_corpus.txt")
COMMANDS = dict.fromkeys(("memory", "sqlite", "postgres"), scale(100, 2_000, faults=5_000))
"""How many commands are tried on each store."""
if SOAK:  # nothing but the store differs between them, and each is held to the same histories elsewhere: most where most can be had
    COMMANDS |= {"memory": 16_000, "sqlite": 1_000, "postgres": 500}

CHANCE = randoms(use_true_random=True)
"""One draw for all that a rule draws: what is drawn through Hypothesis takes as long as the engine does."""


class Machine(RuleBasedStateMachine):
    """The rules by which steps are drawn; each is plain data, so that a program that failed can be kept and replayed."""

    desk: Desk

    @rule(draw=CHANCE)
    def apt(self, draw: random.Random) -> None:
        self.desk.do(["command", apt(draw, self.desk.office)])

    @rule(draw=CHANCE)
    def more(self, draw: random.Random) -> None:
        self.desk.do(["command", apt(draw, self.desk.office)])

    @rule(draw=CHANCE)
    def some(self, draw: random.Random) -> None:
        self.desk.do(["command", some(draw)])

    @rule(draw=CHANCE)
    def tempting(self, draw: random.Random) -> None:
        self.desk.do(["command", tempting(draw, self.desk.office)])

    @rule(draw=CHANCE)
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

    @rule(draw=CHANCE)
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

    @rule(draw=CHANCE)
    def bulk(self, draw: random.Random) -> None:
        both = (some, lambda draw: apt(draw, self.desk.office))
        self.desk.do(["bulk", [draw.choice(both)(draw) for _ in range(draw.choice((2, 3, 4)))]])

    @rule(draw=CHANCE)
    def preview(self, draw: random.Random) -> None:
        self.desk.do(["preview", draw.choice((some(draw), apt(draw, self.desk.office)))])

    @rule(minutes=sampled_from(MINUTES))
    def tick(self, minutes: int) -> None:
        self.desk.do(["tick", minutes])

    @rule(draw=CHANCE)
    def night(self, draw: random.Random) -> None:
        """Something that residents are told of while they sleep, and the morning after it."""
        now = local(self.desk.office.now)
        self.desk.do(["tick", (22 * 60 - now.hour * 60 - now.minute) % (24 * 60)])
        if draw.random() < 0.5:
            self.desk.do(["work"])
        for _ in range(draw.choice((1, 2, 3))):
            self.desk.do(["command", tells(draw, self.desk.office)])
            self.desk.do(draw.choice((["tick", 1], ["tick", 300], ["work"], ["preview", some(draw)])))
        self.desk.do(["tick", draw.choice((60, 600, 660))])
        self.desk.do(["work"])

    @rule(draw=CHANCE)
    def moves(self, draw: random.Random) -> None:
        """Somebody moves, and all households of somewhere are told of something."""
        days = draw.choice(((None, None), (0, None), (1, None), (None, -1), (None, 0), (None, 3)))
        office = self.desk.office
        there = [person.id for person in office.persons.values() if person.survivor is None]
        self.desk.do(["moves", draw.choice(there), draw.choice(ROOMS), *days])
        spoken = draw.choice(("zh", "en"))
        alike = [id for id in there if office.persons[id].language == spoken]
        if len(alike) > 1 and draw.random() < 0.2:
            self.desk.do(["one_person", *draw.sample(alike, 2)])
        if draw.random() < 0.2:
            self.desk.do(["restricts", draw.choice([id for id in there if office.persons[id].survivor is None])])
        for _ in range(draw.choice((0, 1, 2)) if office.asking else 0):
            self.desk.do(["agrees", draw.choice([id for id in there if office.persons[id].survivor is None])])
        found = [
            {"kind": "act", "name": name, "who": "supervisor.zhao", "case": which, "values": brings(draw, name)}
            for which, case in enumerate(office.cases.values()) for name in ("warn", "warn", "calm", "announce")
            if case.procedure == "request" and not case.closed
        ]  # fmt: skip
        for _ in range(draw.choice((1, 2, 3))) if found else ():
            self.desk.do(["command", draw.choice(found)])

    @rule()
    @precondition(lambda self: not self.desk.office.cases and not self.desk.office.asking)
    def asks(self) -> None:
        self.desk.do(["asks"])
        for person in self.desk.office.persons.values():
            if person.survivor is None:
                self.desk.do(["agrees", person.id])

    @rule(draw=CHANCE)
    def forgets(self, draw: random.Random) -> None:
        """What is personal of cases that are over goes, by somebody's word or by its time."""
        cases = self.desk.office.cases
        which, who = draw.randrange(max(1, len(cases))), draw.choice(("manager.sun",) * 4 + ("supervisor.zhao", "c-1"))
        if draw.random() < 0.7:
            given = {"case": which, "who": "agent.wang"}
            if draw.random() < 0.5:
                self.desk.do(["command", given | {"kind": "note", "values": {"text": "call 13700001234"}}])
            self.desk.do(["command", given | {"kind": "act", "name": "withdraw", "values": {"why": "enough"}}])
            if draw.random() < 0.5:
                self.desk.do(["work"])
        if draw.random() < 0.5:
            self.desk.do(["forget", which, who, draw.choice((None, "asked", "asked", "asked"))])
        else:
            self.desk.do(["tick", draw.choice((0, 2, 3, 5, 7)) * 24 * 60])
            self.desk.do(["retain", who])

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


NAMES = {"memory": "memory", "sqlite": "SQLite", "postgres": "PostgreSQL"}


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def stores(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], list[Store]]:
    """Opens an empty database, twice where it can be."""
    number = count(1)

    def opened() -> list[Store]:
        if kind == "memory":
            store = MemoryStore()
            return [store, store]
        if kind == "sqlite":
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


# A turn of a soak, of which there are dozens a day, is there for new ones.
def replayed(desk: Desk, program: Program) -> None:
    try:
        for step in program:
            desk.do(step)
        desk.end()
    finally:
        desk.close()


@pytest.mark.parametrize("program", [] if SOAK else list(kept()))
def test_what_failed_once_is_replayed_first(folder, stores, program):
    replayed(Desk(folder, stores()), program)


def test_the_engine_does_what_the_docs_say(folder, kind, stores):
    # The programs of every day are always the same ones, so that a change is at fault when they fail; `make soak` draws new ones.
    draw, done = drawn() if SOAK or "GUANJIA_SEED" in os.environ else random.Random(4), 0
    desks: list[Desk] = []
    happened: Counter[str] = Counter()

    def machine() -> Machine:
        made = Machine()
        made.desk = Desk(folder, stores())
        desks.append(made.desk)
        return made

    def fails(program: Program) -> bool:
        try:
            replayed(Desk(folder, stores()), json.loads(json.dumps(program)))
        except Exception:
            return True
        return False

    while done < COMMANDS[kind]:
        chosen, machine_of = draw.randrange(2**32), machine
        try:
            run_state_machine_as_test(
                seed(chosen)(machine_of),
                settings=settings(
                    max_examples=3, stateful_step_count=50, deadline=None, database=None, suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate,), print_blob=False,
                ),
            )  # fmt: skip
        except Exception:
            program = smaller(desks[-1].steps, fails)
            print(f"to keep in {CORPUS.name}: {json.dumps(program, ensure_ascii=False)}")
            raise
        done += sum(desk.commands for desk in desks)
        happened += Counter(e.type for desk in desks for case in desk.office.cases.values() for e in case.events)
        desks.clear()
    print(dict(happened))
    tell(f"random commands against the model, {NAMES[kind]}", commands=done, differences=0)
