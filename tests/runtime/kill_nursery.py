"""Forks workers that work hard on one SQLite file, kills each with SIGKILL at a random instant, and reports what is left.

    python -m tests.runtime.kill_nursery OFFICE FOLDER KILLS SEED [split]

A worker writes the window it is in into shared memory, and every answered command's key into a log, so that afterwards it is
known in which window each kill fell and what had been promised. `split` breaks the one commit in two on purpose.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from guanjia.channels.interface import Undeliverable
from guanjia.clock import SECOND
from guanjia.errors import GuanjiaError, Text
from guanjia.language import OfficeFiles
from guanjia.model.event import Command
from guanjia.people.organisation import Organisation
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store.memory import MemoryStore
from guanjia.store.sqlite import SqliteStore
from guanjia.store.sqlite.transaction import SQL, message_values

from tests.offices import MONDAY

WINDOWS = (
    "starting",
    "idle",
    "deciding",
    "writing",
    "committing",
    "answered",
    "claiming",
    "sending",
    "handed over",
    "marking",
)
SPEED = 2000
"""Virtual seconds in a second, so that clocks run out while workers are killed."""


class FastClock:
    def __init__(self, began: float) -> None:
        self.began = began

    def now(self) -> int:
        return MONDAY + int((time.time() - self.began) * SPEED * SECOND)


class Watched:
    """A store that says in which window its caller is. With `split`, it commits messages apart from their events."""

    def __init__(self, store: SqliteStore, mark, split: bool) -> None:
        self._store, self._mark, self._split = store, mark, split

    def __getattr__(self, name):
        return getattr(self._store, name)

    def transact(self, work):
        later = []

        def watched(tx):
            self._mark("deciding")
            written = tx.write

            class Tx:
                def __getattr__(self, name):
                    return getattr(tx, name)

                def write(inner, change):
                    self._mark("writing")
                    if self._split:
                        later.extend(change.notifications)
                        change = change._replace(notifications=())
                    written(change)

            result = work(Tx())
            self._mark("committing")
            return result

        result = self._store.transact(watched)
        if later:
            self._store.transact(lambda tx: [tx.execute(SQL["add_message"], message_values(item)) for item in later])
        self._mark("answered")
        return result

    def claim(self, *args, **kwargs):
        self._mark("claiming")
        return self._store.claim(*args, **kwargs)

    def sent(self, *args, **kwargs):
        self._mark("marking")
        return self._store.sent(*args, **kwargs)


class Sink:
    """A channel to a file: each message handed over is one line with its key."""

    name = "file"

    def __init__(self, path: Path, mark, draw: random.Random) -> None:
        self.fd = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self.mark, self.draw = mark, draw

    def send(self, notification):
        self.mark("sending")
        if self.draw.random() < 0.1:
            raise Undeliverable(Text("暂时不行", "not now"))
        os.write(self.fd, (notification.key + "\n").encode())
        self.mark("handed over")
        return "ok"

    def close(self):
        os.close(self.fd)


def engine(office: Path, folder: Path, began: float, mark, draw: random.Random, split: bool) -> Engine:
    files = OfficeFiles(office)
    store = SqliteStore(folder / "guanjia.db")
    store.migrate()
    people = Organisation.from_plain(files.organisation(), "zh")
    sink = Sink(folder / "handed", mark, draw)
    return Engine(
        Watched(store, mark, split), files=files, organisation=people, clock=FastClock(began), channels={"file": sink}
    )  # type: ignore[arg-type]


def work(office: Path, folder: Path, began: float, memory: mmap.mmap, seed: int, split: bool, ready: int) -> None:
    draw = random.Random(seed)

    def mark(window: str) -> None:
        memory[0] = WINDOWS.index(window)

    mark("starting")
    desk = engine(office, folder, began, mark, draw, split)
    promised = os.open(folder / "promised", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(ready, b".")
    for number in range(10**9):
        mark("idle")
        if draw.random() < 0.25:
            desk.run_once()
            continue
        command = invented(desk, draw, f"{seed}-{number}")
        try:
            result = desk.execute(command)
        except GuanjiaError:
            continue
        line = json.dumps([command.key, result.case.id, result.case.seq])
        os.write(promised, (line + "\n").encode())


def invented(desk: Engine, draw: random.Random, key: str) -> Command:
    known = [row.id for row in desk.store.list(_recent())]
    actor = desk.actor("reception.chen")
    if not known or draw.random() < 0.3:
        values = {"room": "3-1-502", "summary": "厨房漏水"}
        return Command("open", "repair", values=values, actor=actor, key=key)
    case = draw.choice(known)
    if draw.random() < 0.5:
        return Command("act", "dispatch", case, {"to": "engineer.li"}, desk.actor("coordinator.qian"), key)
    return Command("note", "", case, {"text": "看过"}, actor, key)


def _recent():
    from guanjia.store.interface import Query

    return Query(order="opened", limit=20)


def main() -> None:
    office, folder, kills, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    split = "split" in sys.argv[5:]
    draw = random.Random(seed)
    warm(office)
    memory = mmap.mmap(-1, 1)
    began = time.time()
    windows: Counter[str] = Counter()
    for number in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                work(office, folder, began, memory, seed * 100_000 + number, split, writer)
            finally:
                os._exit(3)
        os.close(writer)
        select.select([reader], [], [], 30)
        # The kill falls at a random instant of the work, which only real time can choose.
        select.select([], [], [], draw.random() * 0.08)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(reader)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"worker {number} ended by itself")
        windows[WINDOWS[memory[0]]] += 1
    print(json.dumps(report(office, folder, began, windows, split)))


def warm(office: Path) -> None:
    """Import and compile everything once, so that children are forked ready to work and kills fall on work."""
    files = OfficeFiles(office)
    desk = Engine(
        MemoryStore(),
        files=files,
        organisation=Organisation.from_plain(files.organisation(), "zh"),
        channels={"file": Sink(Path(os.devnull), lambda window: None, random.Random(1))},
    )
    number = desk.open("repair", actor="reception.chen", room="1", summary="x").case.number
    desk.act(number, "dispatch", actor="coordinator.qian", to="engineer.li")
    desk.run_once()
    desk.close()


def report(office: Path, folder: Path, began: float, windows: Counter[str], split: bool) -> dict[str, object]:
    desk = engine(office, folder, began, lambda window: None, random.Random(1), split)
    while desk.store.next_wake() is not None and desk.store.outbox_counts().get(
        "waiting", 0
    ) + desk.store.outbox_counts().get("sending", 0):
        desk.clock.began -= 36  # type: ignore[attr-defined]  # twenty virtual hours: leases and back-offs run out
        desk.run_once()
    lost, doubled = [], []
    for line in (folder / "promised").read_text().splitlines():
        key, case, seq = json.loads(line)
        held = desk.store.get(case)
        if held is None or held.seq < seq:
            lost.append(key)
        command = Command("note", "", case, {"text": "x"}, desk.actor("reception.chen"), key)
        try:
            if not desk.execute(command).repeated:
                doubled.append(key)
        except GuanjiaError:
            pass  # the key is known, for another command: it was kept
    handed = Counter((folder / "handed").read_text().split())
    problems = [text.en for text in audit(desk)]
    return {
        "windows": dict(windows), "commands": sum(1 for _ in (folder / "promised").open()), "lost": lost, "doubled": doubled,
        "problems": problems[:5], "problem_count": len(problems), "messages": len(handed),
        "handed_twice": sum(1 for count in handed.values() if count > 1), "most_often": max(handed.values(), default=0),
        "counts": dict(desk.store.outbox_counts()),
    }  # fmt: skip


if __name__ == "__main__":
    main()
