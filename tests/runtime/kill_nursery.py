"""Forks workers that work hard on one database, kills each with SIGKILL, and reports what is left.

    python -m tests.runtime.kill_nursery FOLDER KILLS SEED [DATABASE [split | early]]

DATABASE is `sqlite`, or the DSN of an empty schema of PostgreSQL. Half of the kills are aimed: the worker stops in a window
(kill_windows.py) that was not hit yet, and is killed there. The other half fall at a random instant; which window that is the
worker says in shared memory.

Like a client that cannot know whether its command arrived, each worker first repeats, by its key, what the one before it
was killed at. `split` commits messages apart from their events, `early` marks a message as sent before it is handed over:
two bugs that the report has to show.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import select
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from guanjia.clock import HOUR, MINUTE, SECOND
from guanjia.errors import GuanjiaError
from guanjia.failpoints import armed
from guanjia.language import OfficeFiles
from guanjia.model.event import Command, Notification
from guanjia.runtime import delivery
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.quiet import Quiet
from guanjia.store import Query, Store
from guanjia.store.postgres import PostgresStore
from guanjia.store.sqlite import SqliteStore
from guanjia.store.sqlite.transaction import SQL, message_values

from tests.offices import MONDAY
from tests.runtime import busy, kill_windows
from tests.runtime.kill_windows import Marks

PATIENCE = 2.0
"""Seconds that a worker has to reach the window that was aimed at; then it is killed wherever it is."""


class SharedClock:
    """A clock in shared memory, so that time goes on from one worker to the next; workers move it with every step."""

    def __init__(self, memory: mmap.mmap) -> None:
        self.memory = memory

    def now(self) -> int:
        return int.from_bytes(self.memory[8:16], "big")

    def set(self, at: int) -> None:
        self.memory[8:16] = at.to_bytes(8, "big")


class Split:
    """A store with a bug: it commits messages apart from the events that ask for them."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __getattr__(self, name: str):
        return getattr(self._store, name)

    def transact(self, work):
        later = []

        def apart(tx):
            class Tx:
                def __getattr__(self, name):
                    return getattr(tx, name)

                def write(self, change):
                    later.extend(change.notifications)
                    tx.write(change._replace(notifications=()))

            return work(Tx())

        result = self._store.transact(apart)
        self._store.transact(lambda tx: [tx.execute(SQL["add_message"], message_values(item)) for item in later])
        return result


def early(real: Callable) -> Callable:
    def one(store, channels, parcel, now, owner, quiet):
        store.sent(parcel[0].notification.key, owner, now, None)
        return real(store, channels, parcel, now, owner, quiet)

    return one


class Breaks(Quiet):
    """Nobody is told anything in every fifth minute."""

    def free(self, message: Notification, at: int) -> int:
        return at if at // MINUTE % 5 else (at // MINUTE + 1) * MINUTE


def as_asked(desk: Engine, asked: list) -> Command:
    """The command that was noted, once more."""
    kind, name, case, values, actor, key, reason = asked
    return Command(kind, name, case, values, desk.actor(actor), key, reason=reason)


class Nursery:
    def __init__(self, folder: Path, seed: int, database: str, bug: str) -> None:
        self.folder, self.seed, self.database, self.bug = folder, seed, database, bug
        self.windows = kill_windows.SQLITE if database == "sqlite" else kill_windows.POSTGRES
        self.files = OfficeFiles(busy.office(folder / "office", cron="0 * * * *"))
        self.draw = random.Random(seed)
        self.memory = mmap.mmap(-1, 16)
        self.clock = SharedClock(self.memory)
        self.clock.set(MONDAY)
        self.wanted = dict.fromkeys(self.windows, 0.0)
        """How often each window was hit, and a third for every time that it was aimed at in vain."""
        self.aimed: Counter[str] = Counter()
        self.random: Counter[str] = Counter()
        self.desk(random.Random(1)).close()  # the database is there, the files are read, the rules compiled

    def desk(self, draw: random.Random) -> Engine:
        here = self.database == "sqlite"
        store: Store = SqliteStore(self.folder / "guanjia.db") if here else PostgresStore(self.database, size=2)
        store.migrate()
        handed = os.open(self.folder / "handed", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        channel = busy.Moody(lambda key: os.write(handed, f"{key}\n".encode()), draw)
        if self.bug == "split":
            store = Split(store)  # type: ignore[assignment, arg-type]
        desk = busy.open_desk(store, self.files, clock=self.clock, channel=channel)
        desk.quiet = Breaks()
        return desk

    # -- the worker

    def work(self, number: int, marks: Marks, ready: int) -> None:
        marks("starting")
        (kill_windows.watch_sqlite if self.database == "sqlite" else kill_windows.watch_postgres)(marks)
        draw = random.Random(self.seed * 100_000 + number)
        if self.bug == "early":
            delivery._one = early(delivery._one)
        with armed(marks):
            desk = self.desk(draw)
            log = os.open(self.folder / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
            os.write(ready, b".")
            self.repeat(desk, log)
            for step in range(10**9):
                marks("between commands")
                self.clock.set(self.clock.now() + draw.choice([SECOND, 2 * MINUTE, 15 * MINUTE]))
                if draw.random() < 0.3:
                    desk.run_once()
                elif draw.random() < 0.1 and (rows := desk.store.list(Query(limit=5))):
                    desk.attach(draw.choice(rows).id, "x.txt", draw.randbytes(3000), actor="agent.wang")
                else:
                    self.promise(desk, log, busy.invented(desk, draw, f"{number}-{step}"))

    def promise(self, desk: Engine, log: int, command: Command) -> None:
        """Carry out a command as a careful client does: what is asked is noted before, the answer after."""
        asked = [
            command.kind,
            command.name,
            command.case,
            dict(command.values),
            command.actor.id,
            command.key,
            command.reason,
        ]
        os.write(log, (json.dumps({"asked": asked}) + "\n").encode())
        try:
            result = desk.execute(command)
            answer = {"key": command.key, "case": result.case.id, "seq": result.case.seq}
        except GuanjiaError:
            answer = {"key": command.key, "refused": True}
        os.write(log, (json.dumps(answer) + "\n").encode())

    def repeat(self, desk: Engine, log: int) -> None:
        """What was asked last and never answered is asked again, with the same key."""
        lines = (self.folder / "log").read_text().splitlines()
        last = json.loads(lines[-1]) if lines else {}
        if "asked" in last:
            self.promise(desk, log, as_asked(desk, last["asked"]))

    # -- the killer

    def kill(self, number: int) -> None:
        aim = None
        if number % 2 == 0:
            few = min(self.wanted.values())
            aim = self.draw.choice([window for window, count in self.wanted.items() if count == few])
        nth = self.draw.choice([1, 2, 3, 7]) if aim and self.wanted[aim] >= 1 else 1
        ready, writer = os.pipe()
        stopped, stopping = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.work(number, Marks(self.windows, self.memory, aim, nth, stopping), writer)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(3)
        if aim != "starting":
            select.select([ready], [], [], 30)
        # What is not aimed falls at a random instant of the work, which only real time can choose.
        there, _, _ = select.select([stopped], [], [], PATIENCE if aim else self.draw.random() * 0.06)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        for file in (ready, writer, stopped, stopping):
            os.close(file)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"worker {number} ended by itself")
        window = self.windows[self.memory[0]]
        (self.aimed if there else self.random)[window] += 1
        self.wanted[window] += 1
        if aim and not there:
            self.wanted[aim] += 1 / 3

    def missed(self) -> list[str]:
        return [window for window, count in self.wanted.items() if not self.aimed[window] + self.random[window]]

    def found(self) -> bool:
        """Whether what is left shows the bug already."""
        with self.desk(random.Random(1)) as desk:
            handed = set((self.folder / "handed").read_text().split())
            sent = {row.notification.key for row in desk.store.outbox(status="sent", limit=10**6)}
            return bool(sent - handed or audit(desk))

    # -- the report

    def report(self) -> dict[str, object]:
        desk = self.desk(random.Random(1))
        desk.channels["file"].refuses = 0  # type: ignore[attr-defined]
        desk.quiet = Quiet()
        with (self.folder / "log").open("a") as log:
            self.repeat(desk, log.fileno())
        for _ in range(20):
            self.clock.set(self.clock.now() + 7 * HOUR)  # leases and back-offs run out
            desk.run_once()
            counts = desk.store.outbox_counts()
            if not counts["waiting"] + counts["sending"]:
                break
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        asked = {line["asked"][5]: line["asked"] for line in lines if "asked" in line}
        answered = {line["key"]: line for line in lines if "key" in line}
        lost, notes = [], Counter(
            event.data["text"] for case in desk.store.cases() for event in desk.history(case) if event.type == "noted"
        )  # fmt: skip
        for key, answer in answered.items():
            if "refused" in answer:
                continue
            command = as_asked(desk, asked[key])
            again = desk.execute(command)
            if not again.repeated or again.case.id != answer["case"] or again.case.seq < answer["seq"]:
                lost.append(key)
            if command.kind == "note" and notes[f"note {key}"] != 1:
                lost.append(key)
        handed = Counter((self.folder / "handed").read_text().split())
        sent = {row.notification.key for row in desk.store.outbox(status="sent", limit=10**6)}
        problems = [str(problem) for problem in audit(desk)]
        return {
            "kills": self.aimed.total() + self.random.total(), "aimed": dict(self.aimed), "random": dict(self.random),
            "missed": self.missed(),
            "commands": len(answered), "cases": sum(1 for _ in desk.store.cases()), "messages": len(sent),
            "lost": lost, "done twice": [note for note, count in notes.items() if count > 1],
            "half done": problems[:5], "half done count": len(problems), "never handed over": len(sent - set(handed)),
            "handed over twice": sum(1 for count in handed.values() if count > 1), "counts": dict(desk.store.outbox_counts()),
        }  # fmt: skip


def main() -> None:
    database, bug = (*sys.argv[4:], *("sqlite", "")[len(sys.argv) - 4 :])
    nursery = Nursery(Path(sys.argv[1]), int(sys.argv[3]), database, bug)
    kills, number = int(sys.argv[2]), 0
    while number < kills or (not nursery.bug and nursery.missed() and number < 4 * kills):
        nursery.kill(number)
        number += 1
        if nursery.bug and number % 10 == 0 and nursery.found():
            break
    print(json.dumps(nursery.report()))


if __name__ == "__main__":
    main()
