"""The disk is full, or fails to sync, at the n-th time of asking, for every n that a deed needs: one clear sentence, nothing
half done, and the same deed succeeds when the disk is well again, with the same program.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path

import apsw
import pytest
from guanjia.clock import MINUTE, ManualClock
from guanjia.errors import StoreError
from guanjia.language import OfficeFiles
from guanjia.runtime.audit import audit
from guanjia.store.sqlite import SqliteStore

from tests.disk import FAILED_SYNC, FULL, Disk, checkpoints, watched
from tests.runtime import busy
from tests.runtime.deeds import DEEDS as OF_CASES, KEY, office
from tests.runtime.deeds_of_office import OFFICE_DEEDS
from tests.runtime.test_power_cut import state
from tests.scale import drawn, scale, tell

DEEDS = OF_CASES | OFFICE_DEEDS
ROUNDS = {"due", "link", "deliver", "deliver to a channel that refuses", "deliver to whom is to be left in peace", "open by the calendar"}  # fmt: skip
"""Rounds of the worker: several transactions, of which some are done before the disk fails; some failures are only named."""

SEVERAL = ROUNDS | {
    "hold and release", "migrate a procedure", "forget a person", "take back a move", "suspend clocks", "let clocks go on", "be refused", "hold the outbox and let it go",
}  # fmt: skip
"""The same of what people do: what is done stays done, and the rest is done when the deed is done again."""

LOOKS = {"ask how it stands"}
"""Nothing is written where nothing is wrong."""

ONCE = {
    "make a code",
    "look at what is sealed",
    "forget",
    "verify a customer",
    "look at a customer",
    "leave words",
    "be refused",
}
"""What has no key is not done again once it was answered."""

TRIED = sorted(DEEDS)


class Failing:
    """Fails from the `nth` deed of a `kind` on, as a full disk does, or that one only."""

    def __init__(self, kind: str, nth: int, code: int, *, lasting: bool) -> None:
        self.kind, self.left, self.code, self.lasting = kind, nth, code, lasting
        self.failed = 0

    def __call__(self, kind: str) -> int:
        if kind != self.kind:
            return 0
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.lasting):
            self.failed += 1
            return self.code
        return 0


def deed_by_deed(folder: Path, files: OfficeFiles, name: str, disk: Disk, kind: str, code: int, *, wal: bool) -> int:
    """Do a deed over and over with the disk failing one step later each time, until it does not fail; how many times it was
    refused."""
    deed, path = DEEDS[name], folder / "guanjia.db"
    office(Path(files.folder))
    handed: Counter[str] = Counter()
    with busy.open_desk(
        _migrated(SqliteStore(path, wal=wal)), files,
        channel=busy.Moody(lambda key: handed.update([key]), _Never(), 1 if "refuses" in name else 0), seed=1,
    ) as desk:  # fmt: skip
        reader = apsw.Connection(str(path))
        ref = deed.prepare(desk)
        clock = desk.clock
        assert isinstance(clock, ManualClock)
        refused = 0
        for nth in count(1):
            before, at, done = state(reader), clock.now(), False
            disk.fails = failing = Failing(kind, nth, code, lasting=kind == "write")
            try:
                deed.do(desk, ref, KEY)
                done = True
            except StoreError as error:
                refused += 1
                assert "disk" in error.text.en, (name, nth, error)
                assert "磁盘" in error.text.zh
                assert error.hint is not None
                disk.fails = lambda kind: 0
                if name not in SEVERAL:
                    assert state(reader) == before, (name, nth)
                assert not audit(desk), (name, nth)
                clock.set(at)
            disk.fails = lambda kind: 0
            if not failing.failed or (done and name in ONCE):
                break
        assert nth > 1 or name in LOOKS, name
        desk.clock.advance(2 * MINUTE)  # leases that a failing disk left behind run out
        desk.run_once()
        assert deed.effects(desk, ref, KEY) == 1, name
        assert not audit(desk), name
        counts = desk.store.outbox_counts()
        assert counts["sending"] == 0
        reader.close()
    return refused


def _migrated(store: SqliteStore) -> SqliteStore:
    store.migrate()
    return store


class _Never:
    """A draw that never changes its mind."""

    def random(self) -> float:
        return 0.5


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize(("kind", "code"), [("write", FULL), ("sync", FAILED_SYNC)])
def test_a_disk_that_fails_at_any_step_refuses_the_deed_and_harms_nothing(
    tmp_path: Path, wal: bool, kind: str, code: int
) -> None:
    files = OfficeFiles(office(tmp_path / "office"))
    refused: Counter[str] = Counter()
    every = len(TRIED)
    with checkpoints(10), watched() as disk:
        for number, name in enumerate(drawn().sample(TRIED, scale(5, every, faults=every))):
            folder = tmp_path / str(number)
            folder.mkdir()
            refused[name] = deed_by_deed(folder, files, name, disk, kind, code, wal=wal)
    tell(f"disk that fails at the n-th {kind}", deeds=len(refused), refusals=refused.total(), half_done=0)
    assert all(refused[name] for name in refused.keys() - ROUNDS - LOOKS)


@pytest.mark.parametrize(("kind", "code"), [("write", FULL), ("sync", FAILED_SYNC)])
def test_a_backup_that_the_disk_does_not_hold_leaves_no_half_of_it(tmp_path: Path, kind: str, code: int) -> None:
    store, copy = _migrated(SqliteStore(tmp_path / "guanjia.db")), tmp_path / "copy.db"
    with watched() as disk:
        for nth in count(1):
            disk.fails = failing = Failing(kind, nth, code, lasting=True)
            try:
                store.backup(str(copy))
            except StoreError as error:
                assert "disk" in error.text.en
                assert "not an error" not in error.text.en
                assert not list(tmp_path.glob("copy.db*"))
            if not failing.failed:
                break
        assert nth > 1
        assert list(SqliteStore(copy).integrity()) == []
    store.close()
