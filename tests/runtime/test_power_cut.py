"""The power goes: what was answered is there, whole, and nothing that never was.

An office works on a disk that is watched. From the record of what it wrote, the files are put together as a cut of the power
may have left them, at any moment, with any part of what was not synced. Each such image is opened as after a restart, and
must be one of the states between two commits: not older than the last that was answered, not newer than the one under way.
"""

from __future__ import annotations

import hashlib
import os
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import apsw
import pytest
from guanjia.errors import GuanjiaError
from guanjia.failpoints import armed
from guanjia.language import OfficeFiles
from guanjia.runtime.audit import audit
from guanjia.store.records import TABLES, select
from guanjia.store.sqlite import SqliteStore, connection

from tests.disk import Deed, after_power_cut, checkpoints, watched
from tests.runtime import busy
from tests.scale import drawn, scale, tell

STEPS = scale(25, 60, faults=60)
Level = Literal["FULL", "NORMAL", "OFF"]


class Ran(NamedTuple):
    """What an office did: the record of its disk, and after how many deeds which state was answered."""

    path: Path
    log: list[Deed]
    answered: list[int]
    states: list[str]


def state(connection: apsw.Connection) -> str:
    """All rows of all tables, in short."""
    digest = hashlib.sha256()
    for table in TABLES.values():
        for row in connection.execute(select(table)):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def ran(folder: Path, files: OfficeFiles, draw: random.Random, *, wal: bool, synchronous: Level) -> Ran:
    """An office at work in `folder`."""
    path = folder / "guanjia.db"
    answered: list[int] = []
    states: list[str] = []
    with checkpoints(40), watched() as disk:
        store = SqliteStore(path, synchronous=synchronous, wal=wal)
        store.migrate()
        reader = apsw.Connection(os.fspath(path))

        def answer(point: str = "after_commit") -> None:
            if point == "after_commit":
                answered.append(len(disk.log))
                states.append(state(reader))

        answer()
        with armed(answer):
            desk = busy.open_desk(store, files, seed=draw.getrandbits(32))
            done = Counter(busy.at_work(desk, draw, STEPS))
        desk.close()
        reader.close()
    print(
        f"{len(states)} commits, {len(disk.log)} deeds of the disk:",
        dict(Counter(deed.kind for deed in disk.log)),
        dict(done),
    )
    return Ran(path, disk.log, answered, states)


def images(draw: random.Random, run: Ran, count: int) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Cuts, as (deeds that were done, files): right after an answer with nothing of what was not synced, anywhere with all of
    it, and anywhere with a part of it."""
    for number in range(count):
        at = draw.choice(run.answered) if number % 4 == 0 else draw.randrange(len(run.log) + 1)
        yield at, after_power_cut(run.log[:at], draw if number % 4 > 1 else None, unsynced=number % 4 == 1)


def opened(folder: Path, files: OfficeFiles, run: Ran, at: int, image: dict[str, bytes]) -> str:
    """What is wrong with an image, "" when nothing is: opened as after a restart, audited, and gone on with."""
    path = folder / "guanjia.db"
    for name in ("guanjia.db", "guanjia.db-wal", "guanjia.db-shm", "guanjia.db-journal"):
        (folder / name).unlink(missing_ok=True)
    path.touch()
    for name, content in image.items():
        (folder / os.path.basename(name)).write_bytes(content)
    last = bisect_right(run.answered, at) - 1
    try:
        store = SqliteStore(path, synchronous="OFF")
        store.migrate()
        reader = apsw.Connection(os.fspath(path))
        found = state(reader)
        reader.close()
        with busy.open_desk(store, files, seed=1) as desk:
            if found not in run.states[max(0, last) : last + 2]:
                before = found in run.states[: max(0, last)]
                return "an answer is lost" if before else "a state that never was"
            if problems := audit(desk):
                return str(problems[0])
            desk.open("job", actor="agent.wang", summary="x", phone="13800001234")
    except GuanjiaError as error:
        return str(error)
    return ""


@pytest.fixture
def files(tmp_path: Path) -> OfficeFiles:
    return OfficeFiles(busy.office(tmp_path / "office"))


@pytest.fixture
def again(tmp_path: Path) -> Path:
    """Where images are opened."""
    (tmp_path / "again").mkdir()
    return tmp_path / "again"


@pytest.mark.parametrize("wal", [True, False])
def test_a_power_cut_at_any_moment_leaves_all_that_was_answered_and_nothing_half_done(
    tmp_path: Path, files: OfficeFiles, again: Path, wal: bool
) -> None:
    draw, count = drawn(), scale(48, 500, faults=300)
    run = ran(tmp_path, files, draw, wal=wal, synchronous="FULL")
    found = Counter(opened(again, files, run, at, image) for at, image in images(draw, run, count))
    assert found == {"": count}
    tell(
        f"power cut, {'write-ahead log' if wal else 'rollback journal'}", images=count, commits=len(run.states), wrong=0
    )


@pytest.mark.parametrize(("wal", "synchronous"), [(True, "NORMAL"), (True, "OFF"), (False, "OFF")])
def test_the_same_cuts_find_a_database_that_does_not_sync(
    tmp_path: Path, files: OfficeFiles, again: Path, wal: bool, synchronous: Level
) -> None:
    """Right after an answer, with nothing of what was not synced."""
    run = ran(tmp_path, files, drawn(), wal=wal, synchronous=synchronous)
    assert any(opened(again, files, run, at, after_power_cut(run.log[:at], None)) for at in run.answered)


def test_the_same_cuts_find_a_journal_whose_deletion_is_not_synced(
    tmp_path: Path, files: OfficeFiles, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback journal that is there again takes the last answer back: what SQLite calls FULL is not enough for it."""
    monkeypatch.setattr(connection, "SURE", "FULL")
    run = ran(tmp_path, files, drawn(), wal=False, synchronous="FULL")
    assert any(opened(again, files, run, at, after_power_cut(run.log[:at], None)) for at in run.answered)
