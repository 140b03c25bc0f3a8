"""PostgreSQL fails in the middle of commands and rounds of the worker: each takes effect once, and nothing stays behind."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import psycopg
import pytest
from guanjia.clock import HOUR, MINUTE, ManualClock
from guanjia.errors import GuanjiaError, StoreError
from guanjia.language import OfficeFiles
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import Query
from guanjia.store.postgres import PostgresStore

from tests.offices import MONDAY
from tests.runtime import busy
from tests.scale import drawn, scale, tell
from tests.store import postgres_server
from tests.store.cutting import relay

THREADS = 3


class Office:
    """One office on one database; `desk()` is a program of its own each time."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.files, self.dsn = OfficeFiles(busy.office(folder / "office")), dsn
        self.clock = ManualClock(MONDAY)
        self.handed: Counter[str] = Counter()
        self.draw = drawn()

    def desk(self, dsn: str | None = None, refuses: float = 0.1) -> Engine:
        store = PostgresStore(dsn or self.dsn, size=4)
        store.migrate()
        channel = busy.Moody(lambda key: self.handed.update([key]), self.draw, refuses)
        return busy.open_desk(store, self.files, clock=self.clock, channel=channel)

    def settled(self) -> Engine:
        """Somebody works until nothing is left to do; the channel takes everything again, for the schedule goes on opening cases."""
        desk = self.desk(refuses=0)
        for _ in range(30):
            self.clock.advance(7 * HOUR)
            done = desk.run_once()
            assert not done.problems
            counts = desk.store.outbox_counts()
            if not counts["waiting"] + counts["sending"] + done.fired:
                break
        assert not desk.store.due(self.clock.now())
        assert not counts["waiting"] + counts["sending"]
        return desk

    def check(self, desk: Engine, notes: list[str], faults: int) -> None:
        """Each note stands once, every message went out, twice only where a fault may have fallen in between."""
        told = Counter(e.data["text"] for case in desk.store.cases() for e in desk.history(case) if e.type == "noted")
        assert told == Counter(notes)
        assert not audit(desk)
        sent = {row.notification.key for row in desk.store.outbox(status="sent", limit=10**6)}
        assert set(self.handed) == sent
        assert self.handed.total() - len(sent) <= faults


def test_a_connection_lost_at_any_commit_leaves_every_command_done_once(
    tmp_path: Path, postgres_socket: str, postgres_dsn: str
) -> None:
    """Through a relay that hangs up before the server hears of the commit, or after it has committed, two times of three."""
    ways = cycle(["", "before", "after", "", "after", "before"])
    options = postgres_dsn.partition("options=")[2]
    office = Office(tmp_path, postgres_dsn)
    office.desk().close()
    with relay(postgres_socket, lambda: next(ways)) as network:
        desk = office.desk(
            f"postgresql://{postgres_server.ROLE}@127.0.0.1:{network.port}/postgres?sslmode=disable&gssencmode=disable&options={options}"
        )
        notes = [f"note {number}" for number in range(scale(4, 40, faults=25))]
        for number, note in enumerate(notes):
            case = desk.open("job", actor="agent.wang", key=f"open {number}", summary="x", phone="13800001234").case
            desk.act(case.id, "accept", actor="agent.wang", key=f"accept {number}")
            part = desk.act(case.id, "split", actor="agent.wang", phone="13900001234").case.id
            desk.note(part, note, actor="agent.wang")
            office.clock.advance(MINUTE)
            if number % 3 == 0:
                with suppress(StoreError):  # a claim that is cut twice: the worker's next round comes
                    desk.run_once()
        desk.close()
    cuts = network.cuts
    tell(
        "connection lost at COMMIT",
        before=cuts["before"],
        after=cuts["after"],
        let_pass=cuts[""],
        commands=4 * len(notes),
    )
    assert min(network.cuts["before"], network.cuts["after"]) >= len(notes)
    with office.settled() as desk:
        assert sum(e.type == "opened" for case in desk.store.cases() for e in desk.history(case)) >= 2 * len(notes)
        office.check(desk, notes, network.cuts.total())
        for number in range(len(notes)):
            assert desk.open("job", actor="agent.wang", key=f"open {number}", summary="x", phone="13800001234").repeated


@pytest.fixture
def own_server(postgres_socket: str):
    """A server that may crash; only where there is one at all."""
    initdb = postgres_server.find_initdb()
    assert initdb is not None
    with postgres_server.server(initdb) as made:
        yield made


def test_a_server_that_crashes_and_backends_that_are_killed_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, own_server: postgres_server.Server
) -> None:
    """Programs and a worker go on all the while; a program that gets no answer asks again, by the same key."""
    office = Office(tmp_path, f"postgresql://{postgres_server.ROLE}@/postgres?host={own_server.folder}")
    office.desk().close()
    over, notes, refused, broken = threading.Event(), [], Counter[str](), []

    def ask(desk: Engine, key: str, *what: str) -> str:
        while True:
            try:
                if what:
                    return desk.note(what[0], key, actor="agent.wang", key=key).case.id
                return desk.open("job", actor="agent.wang", key=key, summary="asked for", phone="13800001234").case.id
            except StoreError as error:
                refused[error.text.en.partition(": ")[2].partition(" (")[0]] += 1
                over.wait(0.05)

    def program(name: int) -> None:
        try:
            with office.desk() as desk:
                done = 0
                while not over.is_set() or done < 5:
                    case = ask(desk, f"open {name}-{done}")
                    ask(desk, f"note {name}-{done}", case)
                    notes.append(f"note {name}-{done}")
                    done += 1
        except BaseException as error:
            broken.append(error)

    def worker() -> None:
        try:
            with office.desk() as desk:
                while not over.is_set():
                    office.clock.advance(2 * MINUTE)
                    try:
                        desk.run_once()
                    except GuanjiaError:
                        refused["a round of the worker"] += 1
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=program, args=(name,)) for name in range(THREADS)]
    threads.append(threading.Thread(target=worker))
    for thread in threads:
        thread.start()
    faults: Counter[str] = Counter()
    admin = psycopg.connect(host=str(own_server.folder), user="postgres", dbname="postgres", autocommit=True)
    for fault in islice(cycle(["killed", "killed", "crashed"]), scale(6, 60, faults=30)):
        over.wait(office.draw.uniform(0.05, 0.3))
        if fault == "crashed":
            own_server.crash()
            admin = own_server.start()
        else:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guanjia'")
        faults[fault] += 1
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    admin.close()
    assert not broken
    with office.settled() as desk:
        print(f"refused: {dict(refused)}")
        tell("PostgreSQL that fails", backends_killed=faults["killed"], crashes=faults["crashed"], commands=2 * len(notes),
             messages=len(office.handed))  # fmt: skip
        assert desk.store.count(Query(open=None, text="asked for")) == len(notes)
        office.check(desk, notes, 20 * faults.total())
