"""Backups while everybody works, and what becomes of them: a restored office is whole, and tells nobody anything twice."""

from __future__ import annotations

import os
import random
import stat
import threading
from pathlib import Path

import apsw
import pytest
from guanjia.clock import DAY, ManualClock
from guanjia.errors import StoreError
from guanjia.language import OfficeFiles
from guanjia.runtime import holding
from guanjia.runtime.audit import audit
from guanjia.runtime.restoring import restore
from guanjia.store import Query, open_store
from guanjia.store.sqlite import SqliteStore

from tests.offices import MONDAY
from tests.runtime import busy
from tests.scale import drawn, scale, tell


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OfficeFiles:
    return OfficeFiles(busy.office(tmp_path_factory.mktemp("backup") / "office"))


def at_work(path: Path, files: OfficeFiles, draw: random.Random, **more):
    store = SqliteStore(path)
    store.migrate()
    return busy.open_desk(store, files, channel=busy.Moody(lambda key: None, draw), **more)


@pytest.fixture
def backup(tmp_path: Path, files: OfficeFiles) -> Path:
    """A backup of an office in which messages wait."""
    draw = random.Random(5)
    with at_work(tmp_path / "guanjia.db", files, draw, seed=5) as desk:
        list(busy.at_work(desk, draw, 30))
        desk.open("job", actor="agent.wang", summary="x")
        desk.store.backup(str(tmp_path / "backup.db"))
    return tmp_path / "backup.db"


def test_backups_while_everybody_works_are_whole(tmp_path, files):
    draw = drawn()
    done = threading.Event()
    told = []
    with at_work(tmp_path / "guanjia.db", files, draw, seed=1) as desk:
        list(busy.at_work(desk, draw, 20))

        def work() -> None:
            while not done.is_set():
                list(busy.at_work(desk, draw, 5))

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for number in range(scale(5, 50)):
                copy = tmp_path / f"copy-{number}.db"
                desk.store.backup(str(copy), lambda done, total: told.append((done, total)))
                assert stat.S_IMODE(copy.stat().st_mode) == 0o600
                with busy.open_desk(SqliteStore(copy), files) as there:
                    assert not audit(there), number
                    assert there.store.count(Query(open=None, mode=None)) <= desk.store.count(
                        Query(open=None, mode=None)
                    )
        finally:
            done.set()
            worker.join()
    tell("backups while everybody works", backups=len(list(tmp_path.glob("copy-*.db"))), not_whole=0)
    assert told
    assert all(done <= total for done, total in told)
    assert not [name for name in os.listdir(tmp_path) if ".part-" in name]


def test_a_backup_is_one_file_that_any_sqlite_opens(backup):
    assert not [name for name in os.listdir(backup.parent) if name.startswith("backup.db-")]
    raw = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
    assert raw.pragma("journal_mode") == "delete"
    assert raw.pragma("integrity_check") == "ok"
    raw.close()


def test_a_backup_never_takes_the_place_of_a_file(tmp_path, backup):
    before = backup.read_bytes()
    store = SqliteStore(tmp_path / "guanjia.db")
    with pytest.raises(StoreError, match="such a file already"):
        store.backup(str(backup))
    with pytest.raises(StoreError):
        store.backup(str(tmp_path / "no" / "where.db"))
    store.close()
    assert backup.read_bytes() == before


def test_other_kinds_of_database_say_how_they_are_backed_up(tmp_path, postgres_dsn):
    for name, program in ((":memory:", "Store.dump"), (postgres_dsn, "pg_dump")):
        store = open_store(name)
        store.migrate()
        with pytest.raises(StoreError, match=program) as refused:
            store.backup(str(tmp_path / "x"))
        assert refused.value.hint is not None
        store.close()
    assert not (tmp_path / "x").exists()


# -- restoring


def test_a_restored_office_tells_nobody_anything_until_it_is_let(backup, tmp_path, files):
    """What waited in the backup, and what fell due since then: all of it waits for a word."""
    target = tmp_path / "new.db"
    restore(str(backup), str(target), MONDAY + DAY, send=False)
    handed: list[str] = []
    with busy.open_desk(
        SqliteStore(target), files, clock=ManualClock(MONDAY + 2 * DAY), channel=busy.Moody(handed.append, random.Random(1), 0)
    ) as desk:  # fmt: skip
        assert not audit(desk)
        state = holding.held(desk.store)
        assert state == (MONDAY + DAY, "backup.db")
        before = desk.store.outbox_counts()["waiting"]
        assert before
        assert desk.run_once().delivered == 0
        new = desk.store.outbox_counts()["waiting"] - before
        assert new > 0
        assert holding.release(desk.store, only_new=True) == before
        assert desk.run_once().delivered == new == len(handed)
        assert desk.store.outbox_counts()["recorded"] >= before
        assert holding.held(desk.store) is None
        assert not audit(desk)


def test_it_sends_as_usual_where_that_is_asked_for(backup, tmp_path, files):
    """Also when sending had been stopped in the office that the backup is of."""
    target = tmp_path / "new.db"
    store = SqliteStore(backup)
    holding.hold(store, MONDAY, "by hand")
    store.close()
    restore(str(backup), str(target), MONDAY, send=True)
    with busy.open_desk(SqliteStore(target), files, clock=ManualClock(MONDAY + DAY)) as desk:
        waiting = desk.store.outbox_counts()["waiting"]
        assert desk.run_once().delivered >= waiting > 0


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_restored_onto_or_beside_what_is_there(backup, tmp_path, end):
    """An old log would be played into the restored file."""
    there = tmp_path / f"new.db{end}"
    there.write_bytes(b"old")
    with pytest.raises(StoreError, match="There is a database already"):
        restore(str(backup), str(tmp_path / "new.db"), MONDAY, send=False)
    assert there.read_bytes() == b"old"


def test_what_is_no_sound_backup_is_refused_and_leaves_nothing(backup, tmp_path):
    raw = apsw.Connection(str(backup))
    raw.execute("INSERT INTO migrations VALUES (99, '0099_future')")
    raw.close()
    newer, content = backup.rename(tmp_path / "newer.db"), (tmp_path / "newer.db").read_bytes()
    (tmp_path / "empty.db").touch()
    (tmp_path / "list.csv").write_text("room,name\n" * 100)
    (tmp_path / "cut.db").write_bytes(content[: len(content) // 2])
    other = apsw.Connection(str(tmp_path / "other.db"))
    other.execute("CREATE TABLE cases (id)")
    other.close()
    for name in ("newer.db", "empty.db", "list.csv", "cut.db", "other.db", "none.db"):
        with pytest.raises(StoreError) as refused:
            restore(str(tmp_path / name), str(tmp_path / "new.db"), MONDAY, send=False)
        assert name in refused.value.text.en, refused.value.text
        assert ".part-" not in refused.value.text.en
        assert not [found for found in os.listdir(tmp_path) if found.startswith("new.db")], name
    assert newer.exists()


def test_a_restore_that_breaks_off_leaves_nothing_half(backup, tmp_path, monkeypatch):
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(KeyboardInterrupt):
        restore(str(backup), str(tmp_path / "new.db"), MONDAY, send=False)
    assert not [found for found in os.listdir(tmp_path) if found.startswith("new.db")]


@pytest.mark.parametrize("kept", ["x", "[]", "{}", '{"since": "x", "source": 1}', "1", "[" * 99_999])
def test_a_hold_that_somebody_damaged_is_still_a_hold(backup, files, kept):
    """Nothing is sent, the other work goes on, and what waited can be kept back."""
    with busy.open_desk(SqliteStore(backup), files, clock=ManualClock(MONDAY + 2 * DAY)) as desk:
        desk.store.set_setting("held", kept)
        work = desk.run_once()
        assert (work.fired > 0, work.delivered) == (True, 0)
        waiting = desk.store.outbox_counts()["waiting"]
        assert holding.release(desk.store, only_new=True) == waiting > 0
        assert holding.held(desk.store) is None
