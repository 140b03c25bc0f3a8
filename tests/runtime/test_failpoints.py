"""A process dies at every failpoint that every kind of command passes; what it leaves is whole, and can be done again.

The child does one deed and dies (`os._exit`) when it reaches the k-th failpoint on its way, for k = 1, 2, 3 … until it gets
through. The parent opens the database, audits it, does the same deed again, and finds that it took effect exactly once.
"""

from __future__ import annotations

import json
import os
import re
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from guanjia.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from guanjia.failpoints import FAILPOINTS, armed
from guanjia.language import OfficeFiles
from guanjia.model.event import Command, Notification
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.runtime.quiet import Quiet
from guanjia.store import Query, open_store
from guanjia.store.sqlite import SqliteStore

from tests.offices import MONDAY, ROOT
from tests.runtime import busy
from tests.scale import FAULTS, SOAK, drawn, tell

IN_THE_SERVER = {name for name in FAILPOINTS if re.fullmatch("after_(.*_insert|case_write|item_done)", name)}
"""PostgreSQL writes everything by one function of the schema: there is no moment of ours between its statements."""

DIED = 9
NONE, KEY = "-", "key-of-the-deed"


class Deed(NamedTuple):
    prepare: Callable[[Engine], str]
    do: Callable[[Engine, str, str], Any]
    """(engine, what `prepare` gave, a command key)"""
    effects: Callable[[Engine, str, str], int]
    """How often it took effect."""


def opened(desk: Engine) -> str:
    return desk.open("job", actor="agent.wang", summary="x", phone="13800001234").case.id


def accepted(desk: Engine) -> str:
    return desk.act(opened(desk), "accept", actor="agent.wang").case.id


def told(desk: Engine) -> str:
    """A case about which everything was told."""
    case = opened(desk)
    desk.run_once()
    return case


def escalated(desk: Engine) -> str:
    """A case of which the supervisor was told that nobody answered."""
    case = told(desk)
    round_at(MONDAY + 31 * MINUTE)(desk, case, KEY)
    return case


def child(desk: Engine) -> str:
    case = desk.act(accepted(desk), "split", actor="agent.wang", phone="13900001234").case
    return desk.case(case.id).children["part"]


def ended_unheard(desk: Engine) -> str:
    """A case whose child has ended, which nobody has told it yet."""
    part = child(desk)
    apply, desk._apply_inbox = desk._apply_inbox, lambda: 0  # type: ignore[method-assign]
    desk.act(part, "end", actor="agent.wang")
    desk._apply_inbox = apply  # type: ignore[method-assign]
    return desk.case(part).parent or ""


def round_at(at: int) -> Callable[[Engine, str, str], Any]:
    def go(desk: Engine, ref: str, key: str) -> None:
        assert isinstance(desk.clock, ManualClock)
        desk.clock.set(at)
        desk.run_once()

    return go


def happened(type: str, name: str = "", times: int = 1) -> Callable[[Engine, str, str], int]:
    return lambda desk, ref, key: sum(e.type == type and name in e.name for e in desk.history(ref)) // times


def three_notes(desk: Engine, ref: str, key: str) -> None:
    who = desk.actor("agent.wang")
    desk.execute_many([Command("note", "", ref, {"text": "x"}, who, f"{key}-{n}") for n in range(3)])


def new_rule(desk: Engine, ref: str, key: str) -> None:
    (desk.files.folder / "procedures/job.yaml").write_text(busy.JOB + f"labels: {{zh: {{new: {key}}}}}\n")
    desk.refresh()


def lives_by_it(desk: Engine, ref: str, key: str) -> int:
    return int(desk.opening("job").procedure.label("new", "zh") == key)


class Peace(Quiet):
    """Nobody is told anything in the first minute and a half."""

    def free(self, message: Notification, at: int) -> int:
        return max(at, MONDAY + 90 * SECOND)


def in_peace(desk: Engine, ref: str, key: str) -> None:
    desk.quiet = Peace()
    round_at(MONDAY)(desk, ref, key)


WANG = {"actor": "agent.wang"}
DEEDS = {
    "open": Deed(
        lambda desk: NONE,
        lambda desk, ref, key: desk.open("job", **WANG, key=key, summary=key, phone="13800001234"),
        lambda desk, ref, key: len(desk.list(Query(text=key, procedure="job"))),
    ),
    "act": Deed(
        opened,
        lambda desk, ref, key: desk.act(ref, "accept", **WANG, key=key, phone="13700001234"),
        happened("acted", "accept"),
    ),
    "act that opens a child": Deed(
        accepted,
        lambda desk, ref, key: desk.act(ref, "split", **WANG, key=key, phone="13700001234"),
        lambda desk, ref, key: len(desk.list(Query(parent=ref))),
    ),
    "act that tells the parent": Deed(
        child,
        lambda desk, ref, key: desk.act(ref, "ping", **WANG, key=key),
        lambda desk, ref, key: happened("signalled")(desk, desk.case(ref).parent or "", key),
    ),
    "signal": Deed(opened, lambda desk, ref, key: desk.signal(ref, "pinged", key=key), happened("signalled")),
    "edit": Deed(
        opened,
        lambda desk, ref, key: desk.edit(ref, actor="supervisor.zhao", key=key, phone="13700001234"),
        happened("edited"),
    ),
    "assign": Deed(
        opened,
        lambda desk, ref, key: desk.assign(ref, "agent.li", actor="supervisor.zhao", key=key),
        happened("assigned"),
    ),
    "note": Deed(opened, lambda desk, ref, key: desk.note(ref, "看过", **WANG, key=key), happened("noted")),
    "ack": Deed(
        escalated,
        lambda desk, ref, key: desk.acknowledge(ref, actor="supervisor.zhao", key=key),
        happened("acknowledged"),
    ),
    "attach": Deed(
        opened, lambda desk, ref, key: desk.attach(ref, "x.txt", key.encode(), **WANG, key=key), happened("attached")
    ),
    "three notes under one commit": Deed(opened, three_notes, happened("noted", times=3)),
    "due": Deed(told, round_at(MONDAY + 25 * MINUTE), happened("reached", "answer.80%")),
    "link": Deed(ended_unheard, round_at(MONDAY), happened("linked")),
    "deliver": Deed(opened, round_at(MONDAY), lambda desk, ref, key: 1),
    "deliver to a channel that refuses": Deed(opened, round_at(MONDAY), lambda desk, ref, key: 1),
    "deliver to whom is to be left in peace": Deed(opened, in_peace, lambda desk, ref, key: 1),
    "open by the calendar": Deed(
        told, round_at(MONDAY + DAY - HOUR), lambda desk, ref, key: len(desk.list(Query(text="例行")))
    ),
    "take up a new rule": Deed(lambda desk: NONE, new_rule, lives_by_it),
}


class Morgue:
    """Where children die, and what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.files = OfficeFiles(busy.office(folder / "office"))
        self.handed = folder / "handed"
        self.notes = folder / "notes"

    def desk(self, name: str, *, refuses: float = 0, at: int = MONDAY) -> Engine:
        # What a process has written is the system's: it survives the process without any sync, and the test is faster.
        store = open_store(name) if "://" in name else SqliteStore(name, synchronous="OFF")
        store.migrate()
        handed = os.open(self.handed, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        channel = busy.Moody(lambda key: os.write(handed, f"{key}\n".encode()), _Same(), refuses)
        return busy.open_desk(store, self.files, clock=ManualClock(at), channel=channel)

    def dies_and_is_done_again(self, name: str, database: str, at: int) -> list[str]:
        """The failpoints that a deed reached until it died at the `at`-th; 0 lets it live."""
        (self.files.folder / "procedures/job.yaml").write_text(busy.JOB)
        ref, reached = self._dies(name, database, at)
        where = f"{name!r} that died at {reached[-1:] if at else 'no point'} ({at})"
        desk = self.desk(database, at=MONDAY + MINUTE)
        assert not audit(desk), where
        DEEDS[name].do(desk, ref, KEY)
        desk.clock.advance(2 * MINUTE)  # leases of the dead run out
        desk.run_once()
        assert DEEDS[name].effects(desk, ref, KEY) == 1, where
        assert not audit(desk), where
        counts = desk.store.outbox_counts()
        assert counts["waiting"] + counts["sending"] + counts["dead"] == 0, where
        handed = Counter(self.handed.read_text().split())
        sent = {row.notification.key for row in desk.store.outbox(limit=1000) if row.status == "sent"}
        assert set(handed) == sent, where
        assert handed.total() - len(handed) == (at > 0 and handed_but_not_marked(reached)), where
        desk.close()
        return reached

    def _dies(self, name: str, database: str, at: int) -> tuple[str, list[str]]:
        for file in (self.handed, self.notes):
            file.unlink(missing_ok=True)
        process = os.fork()
        if process == 0:
            try:
                self._live(name, database, at)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(3)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        assert status == (DIED if at else 0), (name, at, status)
        ref, reached = json.loads(self.notes.read_text())
        return ref, reached

    def _live(self, name: str, database: str, at: int) -> None:
        desk = self.desk(database, refuses=1 if "refuses" in name else 0)
        ref = DEEDS[name].prepare(desk)
        reached: list[str] = []

        def leave(code: int) -> None:
            self.notes.write_text(json.dumps([ref, reached]))
            os._exit(code)

        def reach(point: str) -> None:
            reached.append(point)
            if len(reached) == at:
                leave(DIED)

        with armed(reach):
            DEEDS[name].do(desk, ref, KEY)
        leave(0)


class _Same:
    """The same draw for ever: a channel refuses always or never."""

    def random(self) -> float:
        return 0.5


def handed_but_not_marked(reached: list[str]) -> bool:
    """The one window in which a crash makes a message go out twice."""
    last = [point for point in reached if point in ("after_hand_over", "after_commit", "after_mark")][-1:]
    return last == ["after_hand_over"]


@pytest.fixture
def fresh(store_name, tmp_path, request):
    """A name for an empty database, again and again."""
    if store_name == ":memory:":
        pytest.fail("a store in memory does not outlive its process")
    numbers = iter(range(10_000))
    return lambda: f"{store_name}_{next(numbers)}"


@pytest.mark.parametrize("store_name", ["sqlite", "postgres"], indirect=True)
def test_whatever_dies_wherever_it_dies_leaves_a_whole_that_can_be_done_again(fresh, tmp_path, request):
    """All of them in `make faults` and in a soak; else each failpoint at least once, and one more of every deed."""
    morgue, draw = Morgue(tmp_path), drawn()
    deaths: Counter[str] = Counter()
    for deed in DEEDS:
        way = morgue.dies_and_is_done_again(deed, fresh(), 0)
        new = {point: at for at, point in enumerate(way, 1) if point not in deaths}
        chosen = range(1, len(way) + 1) if SOAK or FAULTS else sorted({*new.values(), draw.randint(1, len(way))})
        for at in chosen:
            assert morgue.dies_and_is_done_again(deed, fresh(), at) == way[:at], (deed, at)
            deaths[way[at - 1]] += 1
    print(dict(deaths))
    tell(f"deaths at failpoints, {'PostgreSQL' if 'postgres' in request.node.name else 'SQLite'}", deaths=deaths.total(),
         failpoints=len(deaths), kinds_of_command=len(DEEDS))  # fmt: skip
    assert set(FAILPOINTS) - set(deaths) - {"before_migration_commit"} == (
        IN_THE_SERVER if "postgres" in request.node.name else set()
    )


@pytest.mark.parametrize("store_name", ["sqlite", "postgres"], indirect=True)
def test_a_migration_that_dies_is_begun_anew(fresh):
    name = fresh()
    process = os.fork()
    if process == 0:
        store = open_store(name)
        with armed(lambda point: os._exit(DIED)):
            store.migrate()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == DIED
    store = open_store(name)
    store.migrate()
    assert list(store.integrity()) == []
    store.set_setting("office", "{}")
    store.close()


def test_every_failpoint_stands_in_the_program_and_every_one_there_is_listed():
    files = [path for path in (ROOT / "engine/guanjia").rglob("*.py") if path.name != "failpoints.py"]
    named = {name for path in files for name in re.findall(r'\bfp\("(\w+)"\)', path.read_text())}
    assert named == set(FAILPOINTS)
    assert len(FAILPOINTS) == len(set(FAILPOINTS))
