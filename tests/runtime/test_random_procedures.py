"""Procedures and paths at random, run side by side on every store: the histories are the same to the byte.

`make soak` runs thousands; a failing pair of seeds goes into corpus.txt beside this file, which is replayed first for ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from guanjia.clock import DAY, HOUR, MINUTE
from guanjia.core import Program, fold
from guanjia.errors import GuanjiaError, Refused
from guanjia.language import OfficeFiles
from guanjia.runtime.audit import audit
from guanjia.store import Store
from guanjia.store.memory import MemoryStore
from guanjia.store.postgres import PostgresStore
from guanjia.store.sqlite import SqliteStore

from tests.offices import clock_of, engine, small
from tests.runtime.procedures_at_random import TEMPLATES, made
from tests.scale import SOAK, drawn, scale, tell
from tests.store.postgres_server import Prepared

CORPUS = Path(__file__).with_name("corpus.txt")
PATHS = scale(1, 10)
"""Paths through one procedure: it is drawn, looked at and read once for all of them."""

LONG = 30
STEPS = (4, 8, 16) if SOAK else (LONG,)
"""How long a path is. A soak takes short ones: most of what a procedure has is met in the first steps, and what it counts is paths."""

ENOUGH = 500
"""Events after which a path is over: two states that lead to each other every ten minutes do so thousands of times."""

SPANS = (0, MINUTE, 9 * MINUTE, HOUR, 7 * HOUR, DAY, 3 * DAY)


def kept() -> list[tuple[int, int]]:
    lines = (line.split("#")[0].split() for line in CORPUS.read_text().splitlines())
    return [(int(parts[0]), int(parts[1])) for parts in lines if parts]


def outcome(work) -> object:
    """What came of it, to be the same everywhere."""
    try:
        result = work()
    except Refused as refused:
        return refused.code, refused.text
    except GuanjiaError as error:
        return type(error).__name__, error.text
    return getattr(result, "events", result)


class Path_:
    """One way through a procedure: what is done next is drawn from what the first engine says is possible."""

    def __init__(self, desks, seed: int) -> None:
        self.desks, self.draw = desks, random.Random(seed)
        self.numbers: list[str] = []

    def everywhere(self, work) -> None:
        first, *others = [outcome(lambda desk=desk: work(desk)) for desk in self.desks]
        for other in others:
            assert other == first

    def walk(self, steps: int) -> int:
        """How many steps it came."""
        for done in range(steps):
            if sum(self.desks[0].case(number).seq for number in self.numbers) > ENOUGH:
                return done
            self.step()
        return steps

    def step(self) -> None:
        draw = self.draw
        kind = draw.random()
        if not self.numbers or kind < 0.05:
            values = {
                "summary": "水 water",
                "c": draw.choice("xyz"),
                **({"phone": "13800001234"} if draw.random() < 0.5 else {}),
            }
            self.everywhere(lambda desk: desk.open("desk", actor="agent.wang", **values))
            self.numbers = [self.desks[0].case(case).number for case in self.desks[0].store.cases()]
            if not self.numbers:  # one that goes round in a circle from the start
                return
        number = draw.choice(self.numbers)
        if kind < 0.35:
            span = draw.choice(SPANS)
            for desk in self.desks:
                clock_of(desk).advance(span)
            self.everywhere(lambda desk: desk.run_once().fired)
        elif kind < 0.45:
            values = (
                {"n": draw.randint(0, 8)}
                if draw.random() < 0.5
                else {"b": draw.random() < 0.5, "c": draw.choice("xyz")}
            )
            self.everywhere(lambda desk: desk.edit(number, actor="supervisor.zhao", **values))
        elif kind < 0.5:
            self.everywhere(lambda desk: desk.signal(number, "ping", why="x"))
        else:
            options = self.desks[0].available(number, "agent.li")
            if options:
                option = draw.choice(options)
                given = dict.fromkeys(option.inputs, "因为 because")
                key = f"k{draw.randint(0, 40)}" if draw.random() < 0.1 else None
                self.everywhere(lambda desk: desk.act(number, option.action, actor="agent.li", key=key, **given))


@pytest.fixture(scope="module")
def postgres(prepared: Prepared) -> Iterator[tuple[str, PostgresStore]]:
    """A connection that knows its statements by now costs half as much as a new one for each path."""
    with closing(PostgresStore(dsn := prepared.one())) as store:
        yield dsn, store


@pytest.fixture
def stores(tmp_path: Path, prepared: Prepared, postgres: tuple[str, PostgresStore]) -> Callable[[], list[Store]]:
    """One of each kind, which hold nothing."""
    number = count(1)

    def opened() -> list[Store]:
        dsn, store = postgres
        prepared.empty(dsn)
        return [MemoryStore(), SqliteStore(tmp_path / f"{next(number)}.db", "OFF"), store]

    return opened


def office_of(folder: Path, seed: int) -> Path:
    office = small(folder, made(random.Random(seed)), templates=TEMPLATES)
    people = (office / "organisation.yaml").read_text().replace("rights: [backdate]", "rights: [backdate, edit]")
    people = people.replace("staff:", "teams: {front: {lead: supervisor.zhao}}\nstaff:").replace(
        "[agent]", "[agent], team: front"
    )
    (office / "organisation.yaml").write_text(people)
    wrong = [finding for finding in OfficeFiles(office).check() if finding.severity == "error"]
    assert not wrong, wrong
    return office


def run(office: Path, stores: Sequence[Store], seed: int, steps: int, programs: dict[str, Program]) -> int:
    """How many steps of the path were gone. `programs`: what its procedures compile to, if that is known."""
    desks = [engine(office, store=store, seed=seed) for store in stores]
    for desk in desks:
        desk._programs = programs
    gone = Path_(desks, seed).walk(steps)
    histories = [{case: [row.text for row in desk.store.events(case)] for case in desk.store.cases()} for desk in desks]
    assert histories[0] == histories[1] == histories[2]
    told = [
        sorted((row.notification.key, row.notification.body) for row in desk.store.outbox(limit=10_000))
        for desk in desks
    ]
    assert told[0] == told[1] == told[2]
    for case in histories[0]:
        assert fold(desks[0].history(case)) == desks[0].case(case)
    assert not list(audit(desks[1]))
    assert not list(audit(desks[2]))
    for store in stores[:2]:
        store.close()
    return gone


@pytest.mark.parametrize(("procedure", "path"), kept())
def test_what_failed_once_is_replayed_first(tmp_path, stores, procedure, path):
    run(office_of(tmp_path / "office", procedure), stores(), path, LONG, {})


@pytest.mark.parametrize("number", range(scale(6, 60, faults=20)))
def test_every_store_tells_the_same_history(tmp_path, stores, number):
    draw = random.Random(f"{drawn().random()} {number}")
    procedure, steps, programs = draw.randrange(2**32), 0, {}
    office = office_of(tmp_path / "office", procedure)
    for _ in range(PATHS):
        path = draw.randrange(2**32)
        print(f"to keep: {procedure} {path}")
        steps += run(office, stores(), path, draw.choice(STEPS), programs)
    tell("random procedures on three stores", paths=PATHS, steps=steps, differences=0)
