"""Many writers of one SQLite file: threads share commits, processes take turns, and nobody is lost or in another's way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest
from guanjia.errors import Conflict, GuanjiaError, StoreError
from guanjia.store import Transaction
from guanjia.store.sqlite import SqliteStore
from guanjia.store.sqlite.group import Group, Job

from tests.store.making import advance, change, put, writing

PROCESS = """
import sys
from guanjia.store.sqlite import SqliteStore
from tests.store.making import advance, change, put
store = SqliteStore(sys.argv[1], wal=sys.argv[4] == "True")
store.migrate()
for number in range(int(sys.argv[3])):
    advance(store, "hot")
    put(store, change(f"{sys.argv[2]}-{number}", key=(f"{sys.argv[2]}-{number}", "d", "t")))
    store.transact(lambda tx: tx.next_number("main", "c", 2026))
store.close()
"""


@pytest.mark.parametrize("wal", [True, False])
def test_processes_take_turns_and_lose_nothing(tmp_path: Path, wal: bool) -> None:
    path = tmp_path / "guanjia.db"
    store = SqliteStore(path, wal=wal)
    store.migrate()
    put(store, change("hot"))
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'engine'}"}
    each = 60 if wal else 20
    others = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, path, name, str(each), str(wal)], env=environment, stderr=subprocess.PIPE
        )
        for name in ("one", "two")
    ]
    mine = 0
    while any(other.poll() is None for other in others) and mine < 10_000:
        advance(store, "hot")
        mine += 1
    for other in others:
        assert other.communicate()[1].decode() == ""
        assert other.returncode == 0
    assert mine
    assert len(store.events("hot")) == 1 + mine + 2 * each
    assert len(list(store.cases())) == 1 + 2 * each
    assert store.transact(lambda tx: tx.next_number("main", "c", 2026)) == 2 * each + 1
    assert list(store.integrity()) == []
    store.close()


def test_works_that_queue_while_one_runs_share_one_commit(tmp_path: Path) -> None:
    """Nine wait for a tenth; then they are one batch: five good ones stay, the others fail each in its own way."""
    store = SqliteStore(tmp_path / "guanjia.db")
    store.migrate()
    put(store, change("taken"))
    entered, let_go = threading.Event(), threading.Event()
    results: dict[int, object] = {}

    def first(tx: Transaction) -> None:
        entered.set()
        assert let_go.wait(20)
        tx.write(change("first"))

    def run(me: int) -> None:
        def work(tx: Transaction) -> int:
            tx.write(change(f"case-{me}"))
            if me % 4 == 0:
                raise ValueError(me)
            if me % 4 == 1:
                tx.write(change("taken"))
            return me

        try:
            results[me] = store.transact(work)
        except (ValueError, GuanjiaError) as error:
            results[me] = type(error)

    leader = threading.Thread(target=lambda: store.transact(first))
    leader.start()
    assert entered.wait(20)
    others = [threading.Thread(target=run, args=(me,)) for me in range(9)]
    for thread in others:
        thread.start()
    while len(store._group._queue) < len(others):
        pass
    commits = _commits(store)
    let_go.set()
    for thread in (leader, *others):
        thread.join()
    assert results == {me: ValueError if me % 4 == 0 else Conflict if me % 4 == 1 else me for me in range(9)}
    assert sorted(store.cases()) == ["case-2", "case-3", "case-6", "case-7", "first", "taken"]
    assert commits == ["commit", "commit"]
    store.close()


def _commits(store: SqliteStore) -> list[str]:
    """Grows with every commit of the store's writer."""
    seen: list[str] = []
    assert store._writer is not None

    def hook() -> bool:
        seen.append("commit")
        return False

    store._writer.set_commit_hook(hook)
    return seen


def test_when_the_commit_fails_everybody_hears_it_and_nothing_remains(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "guanjia.db")
    store.migrate()
    put(store, change("a"))
    assert store._writer is not None
    store._writer.set_commit_hook(lambda: True)
    with pytest.raises(StoreError):
        put(store, change("b"))
    with pytest.raises(StoreError):
        store.transact_many([writing(change("c")), writing(change("d"))])
    store._writer.set_commit_hook(None)
    assert list(store.cases()) == ["a"]
    put(store, change("b"))
    store.close()


def test_every_work_of_the_group_runs_exactly_once() -> None:
    """The queue alone: whatever the interleaving, each work is in one batch, and never two batches at once."""
    running = threading.Lock()
    ran: list[int] = []
    sizes: list[int] = []

    def run(batch: list[Job[int]]) -> None:
        assert running.acquire(blocking=False)
        sizes.append(len(batch))
        for job in batch:
            ran.append(job.work)
            job.result = job.work * 2
        running.release()

    group: Group[int] = Group(run)  # type: ignore[arg-type]
    wrong: list[int] = []

    def submit(me: int) -> None:
        for number in range(200):
            work = me * 1000 + number
            if group.submit(work) != work * 2:
                wrong.append(work)

    threads = [threading.Thread(target=submit, args=(me,)) for me in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sorted(ran) == sorted(me * 1000 + number for me in range(8) for number in range(200))
    assert sum(sizes) == 1600


def test_only_one_function_begins_a_transaction() -> None:
    import guanjia.store.sqlite

    folder = Path(guanjia.store.sqlite.__file__).parent
    lines = {
        (file.name, line.strip())
        for file in folder.rglob("*.py")
        for line in file.read_text().splitlines()
        if '"BEGIN' in line
    }
    # What is carried out of the database is read on connections that cannot write.
    reading = {("carrying.py", f'{name}.execute("BEGIN")') for name in ("connection", "source")}
    assert lines == {("store.py", 'on.execute("BEGIN IMMEDIATE")')} | reading


def test_a_write_that_reads_first_waits_for_the_writer_before_it(tmp_path: Path) -> None:
    """A plain BEGIN would read, meet the other's commit, and fail at once."""
    store = SqliteStore(tmp_path / "guanjia.db")
    store.migrate()
    put(store, change("a"))
    other = apsw.Connection(str(tmp_path / "guanjia.db"))
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO settings VALUES ('x', 'y')")
    started = threading.Event()

    def run() -> None:
        started.set()
        advance(store, "a")

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(20)
    thread.join(0.05)
    assert thread.is_alive()
    other.execute("COMMIT")
    thread.join(20)
    assert len(store.events("a")) == 2
    other.close()
    store.close()
