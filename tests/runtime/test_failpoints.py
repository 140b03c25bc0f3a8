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
from pathlib import Path
from typing import get_args

import pytest
from guanjia.clock import MINUTE, ManualClock
from guanjia.failpoints import FAILPOINTS, armed
from guanjia.language import OfficeFiles
from guanjia.model.event import CustomerEventType, EventType, OfficeEventType
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import open_store
from guanjia.store.memory import MemoryStore
from guanjia.store.sqlite import SqliteStore

from tests.offices import MONDAY, ROOT
from tests.runtime import busy
from tests.runtime.deeds import DEEDS as OF_CASES, DIED, KEY, office
from tests.runtime.deeds_of_office import OFFICE_DEEDS
from tests.scale import FAULTS, SOAK, drawn, tell

DEEDS = OF_CASES | OFFICE_DEEDS
IN_THE_SERVER = {name for name in FAILPOINTS if re.fullmatch("after_(.*_insert|case_write|item_done)", name)}
"""PostgreSQL writes everything by one function of the schema: there is no moment of ours between its statements."""


class Morgue:
    """Where children die, and what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.files = OfficeFiles(office(folder / "office"))
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
        office(Path(self.files.folder))
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


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(tmp_path, request):
    """A name for an empty database, again and again."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_prepared")
    numbers = iter(range(10_000))
    return lambda: f"{tmp_path}/guanjia.db_{next(numbers)}"


def test_whatever_dies_wherever_it_dies_leaves_a_whole_that_can_be_done_again(fresh, tmp_path, request):
    """All of them in `make faults` and in a soak. Else on SQLite each failpoint at least once, and one more of every third deed; of six
    deeds on PostgreSQL."""
    morgue, draw, here = Morgue(tmp_path), drawn(), "postgres" not in request.node.name
    deaths: Counter[str] = Counter()
    deeds = list(DEEDS) if SOAK or FAULTS or here else draw.sample(list(DEEDS), 6)
    for deed in deeds:
        way = morgue.dies_and_is_done_again(deed, fresh(), 0)
        new = {point: at for at, point in enumerate(way, 1) if point not in deaths}
        # Some deeds of the register are one call to the server, with no such moment on the way.
        more = [draw.randint(1, len(way))] if way and (draw.random() < 1 / 3 or not here) else []
        chosen = range(1, len(way) + 1) if SOAK or FAULTS else sorted({*new.values(), *more})
        for at in chosen:
            assert morgue.dies_and_is_done_again(deed, fresh(), at) == way[:at], (deed, at)
            deaths[way[at - 1]] += 1
    print(dict(deaths))
    tell(f"deaths at failpoints, {'SQLite' if here else 'PostgreSQL'}", deaths=deaths.total(), failpoints=len(deaths),
         kinds_of_command=len(deeds))  # fmt: skip
    passed = set(FAILPOINTS) - (set() if here else IN_THE_SERVER) - {"before_migration_commit"}
    assert set(deaths) == passed if len(deeds) == len(DEEDS) else set(deaths) <= passed


def test_every_kind_of_record_is_made_by_some_deed(tmp_path):
    """So that none is forgotten in which a process may die, or a disk fail; the keys of an office are changed in test_sealing.py."""
    files = OfficeFiles(office(tmp_path / "office"))
    of_cases, of_office, of_customers = set[str](), set[str](), set[str]()
    for deed in DEEDS.values():
        office(Path(files.folder))
        store = MemoryStore()
        store.migrate()
        desk = busy.open_desk(store, files, seed=1)
        deed.do(desk, deed.prepare(desk), KEY)
        desk.run_once()
        of_cases |= {event.type for _, _, event in desk.events(limit=10_000)}
        of_office |= {event.type for event in desk.log()}
        known = [id for id in ("C-1", "C-2", KEY) if desk.store.customers.get(id) is not None]
        of_customers |= {event.type for id in known for event in desk.customers.history(id)}
    assert set(get_args(EventType)) - of_cases == set()
    assert set(get_args(OfficeEventType)) - of_office == {"rekeyed"}
    assert set(get_args(CustomerEventType)) - of_customers == set()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_migration_that_dies_is_begun_anew(kind, tmp_path, request):
    name = str(tmp_path / "guanjia.db" if kind == "sqlite" else request.getfixturevalue("postgres_dsn"))
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
