"""Many workers on one PostgreSQL: each due thing happens once, whoever is killed or stopped, and nothing stays behind.

    GUANJIA_FAULTS=1 python -m pytest -s tests/runtime/test_workers.py

runs it with 8 workers and 20,000 due cases, a turn of `make soak` with 16; without it, with a sample that takes seconds. What it did is printed as a table.
"""

from __future__ import annotations

import os
import select
import signal
import time
import traceback
from collections import Counter
from pathlib import Path

from guanjia.clock import HOUR, SECOND, ManualClock
from guanjia.language import OfficeFiles
from guanjia.model.event import Command, Event
from guanjia.people.organisation import Organisation
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store.postgres import PostgresStore

from tests.offices import MONDAY, small
from tests.scale import drawn, scale, tell

PROCEDURE = """\
procedure: desk
calendar: always
fields: {summary: {type: text, required: true}}
initial: waiting
states:
  waiting:
    after:
      nobody: {delay: 1h, to: over, do: [{notify: {told: opener}}]}
  over: {final: true}
"""
CASES, WORKERS, FAULTS = scale(600, 20_000, faults=20_000), scale(3, 16, faults=8), scale(8, 80, faults=80)
SPEED = 200
"""Virtual seconds in a second: a lease of a minute ends in the third of a second for which a worker is stopped."""


class FastClock:
    def __init__(self, began: float) -> None:
        self.began = began

    def now(self) -> int:
        return MONDAY + 2 * HOUR + int((time.time() - self.began) * SPEED * SECOND)


class Sink:
    """A channel to a file that all workers append to: a line for each message handed over."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def send(self, notification) -> str:
        os.write(self.fd, f"{notification.key}\n".encode())
        return "ok"

    def close(self) -> None:
        os.close(self.fd)


def engine(office: Path, dsn: str, handed: Path, clock) -> Engine:
    files, store = OfficeFiles(office), PostgresStore(dsn)
    store.migrate()
    people = Organisation.from_plain(files.organisation(), "zh")
    return Engine(store, files=files, organisation=people, clock=clock, channels={"file": Sink(handed)})


def work(office: Path, dsn: str, handed: Path, began: float) -> None:
    """The life of a worker: rounds without end."""
    desk = engine(office, dsn, handed, FastClock(began))
    while True:
        done = desk.run_once()
        if not done.fired and not done.delivered:
            select.select([], [], [], 0.05)


def forked(*life) -> int:
    worker = os.fork()
    if worker:
        return worker
    try:
        work(*life)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def test_workers_that_are_killed_and_stopped_do_everything_once(tmp_path: Path, postgres_dsn: str) -> None:
    draw = drawn()
    office, handed = small(tmp_path / "office", PROCEDURE, templates=("told",)), tmp_path / "handed"
    clock = ManualClock(MONDAY)
    desk = engine(office, postgres_dsn, handed, clock)
    wang = desk.actor("agent.wang")
    for first in range(0, CASES, 500):
        opening = [
            Command("open", "desk", values={"summary": str(n)}, actor=wang)
            for n in range(first, min(CASES, first + 500))
        ]
        assert not [outcome for outcome in desk.execute_many(opening) if isinstance(outcome, Exception)]

    began = time.time()
    life = (office, postgres_dsn, handed, began)
    workers = [forked(*life) for _ in range(WORKERS)]
    met: Counter[str] = Counter()
    try:
        # Spread over the work, however quick or slow the machine is; and a stop and a kill are not left to chance.
        while sum(met.values()) < 2 or (sum(met.values()) < FAULTS and _left(desk)):
            while sum(_done(desk)) < 2 * CASES * sum(met.values()) / FAULTS and _left(desk):
                select.select([], [], [], draw.uniform(0.02, 0.1))
            at = draw.randrange(len(workers))
            if (draw.random() < 0.7 or not met["kills"]) and met["stops"]:
                os.kill(workers[at], signal.SIGKILL)
                os.waitpid(workers[at], 0)
                workers[at] = forked(*life)
                met["kills"] += 1
            else:
                os.kill(workers[at], signal.SIGSTOP)
                select.select([], [], [], 0.4)
                os.kill(workers[at], signal.SIGCONT)
                met["stops"] += 1
        quiet = since = time.monotonic()
        before = _done(desk)
        while left := _left(desk):
            if (now := _done(desk)) != before:
                before, since = now, time.monotonic()
            assert time.monotonic() - since < 60, f"{left} things are to be done, and for a minute nobody does any"
            select.select([], [], [], 0.1)
        took, rest = time.time() - began, time.monotonic() - quiet
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)

    cases = list(desk.store.cases())
    fired = [sum(Event.from_text(row.text).type == "elapsed" for row in desk.store.events(case)) for case in cases]
    sent = Counter(handed.read_text().split())
    twice = sum(count - 1 for count in sent.values())
    print(
        f"{CASES} cases, {WORKERS} workers, {met['kills']} kills, {met['stops']} stops, {took:.1f} s, the last {rest:.1f} s "
        "after the last fault: "
        f"{fired.count(0)} lost, {sum(count > 1 for count in fired)} doubled; "
        f"{twice} messages handed over again, each with its own key"
    )
    assert len(cases) == CASES
    assert Counter(fired) == {1: CASES}
    assert desk.store.outbox_counts()["sent"] == CASES
    assert len(sent) == CASES
    # Again only where a fault fell between handing over and marking: at most one claim's worth for each fault.
    assert twice <= 20 * sum(met.values())
    assert met["kills"] > 0
    assert met["stops"] > 0
    assert not list(audit(desk))
    tell(
        f"{WORKERS} workers on PostgreSQL", due_cases=CASES, kills=met["kills"], stops=met["stops"],
        lost=fired.count(0), doubled=sum(count > 1 for count in fired), handed_over_again=twice, seconds=round(took),
    )  # fmt: skip
    desk.close()


def _left(desk: Engine) -> int:
    counts = desk.store.outbox_counts()
    return len(desk.store.due(MONDAY + 2 * HOUR, 1000)) + counts["waiting"] + counts["sending"]


def _done(desk: Engine) -> tuple[int, int]:
    """How much has happened: cases that fired, and messages that were sent."""
    counts = desk.store.outbox_counts()
    return sum(counts.values()), counts["sent"]
