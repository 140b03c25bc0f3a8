"""Forks workers that work hard on one SQLite file, kills each with SIGKILL, and reports what is left.

    python -m tests.runtime.kill_nursery FOLDER KILLS SEED [split | early]

Half of the kills are aimed: the worker stops in a window that was not hit yet, and is killed there. The other half fall at a
random instant. A window is what lies between two marks that the worker sets in shared memory: at every failpoint, before
and after every SQL statement, and before and after every write to a file inside of a commit.

Like a client that cannot know whether its command arrived, each worker first repeats, by its key, what the one before it
was killed at. `split` commits messages apart from their events, `early` marks a message as sent before it is handed over:
two bugs that the report has to show.
"""

from __future__ import annotations

import ctypes
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

import apsw
from guanjia.clock import HOUR, MINUTE, SECOND
from guanjia.errors import GuanjiaError
from guanjia.failpoints import FAILPOINTS, armed
from guanjia.language import OfficeFiles
from guanjia.model.event import Command
from guanjia.runtime import delivery
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import Query
from guanjia.store.sqlite import SqliteStore
from guanjia.store.sqlite.transaction import SQL, message_values

from tests.offices import MONDAY
from tests.runtime import busy

STATEMENTS = (
    "BEGIN IMMEDIATE", "SELECT FROM cases", "SELECT FROM personal", "SELECT FROM commands", "SELECT FROM outbox", "SELECT FROM inbox",
    "INSERT INTO counters", "INSERT INTO events", "INSERT INTO cases", "UPDATE cases", "INSERT INTO commands", "INSERT INTO personal",
    "INSERT INTO outbox", "INSERT INTO inbox", "INSERT INTO blobs", "UPDATE inbox", "UPDATE outbox", "COMMIT",
)  # fmt: skip
OF_NO_CASE = {"after_office_event_insert", "after_version_insert", "after_setting_insert", "before_migration_commit"}
"""What no worker passes while it works."""
WINDOWS = (
    "starting",
    "between commands",
    *(name for name in FAILPOINTS if name not in OF_NO_CASE),
    *(f"{when} {statement}" for statement in STATEMENTS for when in ("in", "after")),
    "commit: before a write", "commit: after a write",
)  # fmt: skip
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


class Marks:
    """Says in shared memory in which window this process is; stops for ever in the one aimed at, the `nth` time."""

    def __init__(self, memory: mmap.mmap, aim: str | None, nth: int, stopped: int) -> None:
        self.memory, self.aim, self.nth, self.stopped = memory, aim, nth, stopped
        self.numbers = {name: number for number, name in enumerate(WINDOWS)}
        self.committing = False

    def __call__(self, name: str) -> None:
        number = self.numbers.get(name)
        if number is None:
            return
        self.memory[0] = number
        if name == self.aim:
            self.nth -= 1
            if self.nth == 0:
                os.write(self.stopped, b"!")
                while True:
                    signal.pause()

    def watch(self) -> None:
        """Every statement of every connection, and what a commit writes to files."""

        def trace(event: dict) -> None:
            words = event["sql"].split() if event.get("sql") else []
            if not words or words[0].startswith("--"):
                return
            name = statement(words)
            if event["code"] == apsw.SQLITE_TRACE_STMT:
                self.committing = name == "COMMIT"
                self(f"in {name}")
            else:
                self.committing = False
                self(f"after {name}")

        apsw.connection_hooks.append(
            lambda connection: connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, trace)
        )
        files = apsw.VFS("watched", "")
        kind = ctypes.CFUNCTYPE(
            ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, use_errno=True
        )
        real = kind(files.xGetSystemCall("pwrite64"))

        def write(file: int, data: int, size: int, offset: int) -> int:
            if self.committing:
                self("commit: before a write")
            written = real(file, data, size, offset)
            if self.committing:
                self("commit: after a write")
            return written

        self.kept = kind(write)
        files.xSetSystemCall("pwrite64", ctypes.cast(self.kept, ctypes.c_void_p).value)


def statement(words: list[str]) -> str:
    if words[0] in ("INSERT", "UPDATE"):
        return " ".join(words[: 3 if words[0] == "INSERT" else 2]).partition("(")[0].strip()
    if words[0] == "SELECT":
        return f"SELECT FROM {words[words.index('FROM') + 1]}" if "FROM" in words else "SELECT"
    return " ".join(words[:2])


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


class Nursery:
    def __init__(self, folder: Path, seed: int, bug: str) -> None:
        self.folder, self.seed, self.bug = folder, seed, bug
        self.files = OfficeFiles(busy.office(folder / "office", cron="0 * * * *"))
        self.draw = random.Random(seed)
        self.memory = mmap.mmap(-1, 16)
        self.clock = SharedClock(self.memory)
        self.clock.set(MONDAY)
        self.wanted = dict.fromkeys(WINDOWS, 0.0)
        """How often each window was hit, and a third for every time that it was aimed at in vain."""
        self.aimed: Counter[str] = Counter()
        self.random: Counter[str] = Counter()
        self.desk(random.Random(1)).close()  # the database is there, the files are read, the rules compiled

    def desk(self, draw: random.Random) -> Engine:
        store = SqliteStore(self.folder / "guanjia.db")
        store.migrate()
        handed = os.open(self.folder / "handed", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        channel = busy.Moody(lambda key: os.write(handed, f"{key}\n".encode()), draw)
        return busy.open_desk(
            Split(store) if self.bug == "split" else store, self.files, clock=self.clock, channel=channel
        )  # type: ignore[arg-type]

    # -- the worker

    def work(self, number: int, marks: Marks, ready: int) -> None:
        marks("starting")
        marks.watch()
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
        asked = [command.kind, command.name, command.case, dict(command.values), command.actor.id, command.key]
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
            kind, name, case, values, actor, key = last["asked"]
            self.promise(desk, log, Command(kind, name, case, values, desk.actor(actor), key))

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
                self.work(number, Marks(self.memory, aim, nth, stopping), writer)
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
        window = WINDOWS[self.memory[0]]
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
            kind, name, case, values, actor, _ = asked[key]
            again = desk.execute(Command(kind, name, case, values, desk.actor(actor), key))
            if not again.repeated or again.case.id != answer["case"] or again.case.seq < answer["seq"]:
                lost.append(key)
            if kind == "note" and notes[f"note {key}"] != 1:
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
    nursery = Nursery(Path(sys.argv[1]), int(sys.argv[3]), (sys.argv[4:] or [""])[0])
    kills, number = int(sys.argv[2]), 0
    while number < kills or (not nursery.bug and nursery.missed() and number < 4 * kills):
        nursery.kill(number)
        number += 1
        if nursery.bug and number % 10 == 0 and nursery.found():
            break
    print(json.dumps(nursery.report()))


if __name__ == "__main__":
    main()
