"""Files that are not as they should be: each is refused in one clear sentence in both languages, and left as it was."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from guanjia.errors import Conflict, StoreError
from guanjia.store import OfficeChange, Query, Store, open_store
from guanjia.store.sqlite import SqliteStore, connection

from tests.scale import scale, tell
from tests.store.making import OLD_SNAPSHOT, advance, change, columns, events, message, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with ten cases, closed."""
    file = tmp_path / "guanjia.db"
    with opened(file) as store:
        store.migrate()
        store.transact(lambda tx: tx.write_office(OfficeChange(events("", 1, 1))))
        for number in range(10):
            case = f"case-{number}"
            about = columns(f"N-{number}", next_due=number, deadline=number)
            put(
                store,
                change(case, steps=3, about=about, personal=[("c", "s", '"王"')], notifications=[message(case, 1)]),
            )
    return file


@contextmanager
def opened(path: Path, **options: bool) -> Iterator[SqliteStore]:
    store = SqliteStore(path, **options)
    yield store
    store.close()


@contextmanager
def refused(english: str, chinese: str) -> Iterator[None]:
    with pytest.raises(StoreError) as caught:
        yield
    error = caught.value
    assert english in error.text.en
    assert chinese in error.text.zh
    assert error.hint is not None
    assert error.hint.zh
    assert error.hint.en


def everything(store: Store) -> None:
    """Ask for all there is."""
    for case in store.cases():
        store.get(case)
        store.columns(case)
        store.events(case)
    store.list(Query(open=None, mode=None))
    store.list(Query(text="电梯"))
    store.feed()
    store.due(100)
    store.outbox()
    store.inbox()
    store.next_wake()
    store.integrity()


def test_a_new_database_is_only_for_its_owner(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with opened(tmp_path / "none.db") as store, refused("no such database file", "没有这个数据库文件"):
        store.get("a")
    assert not (tmp_path / "none.db").exists()
    with opened(tmp_path / "no" / "folder" / "x.db") as store, refused("no such folder", "没有这个文件夹"):
        store.migrate()
    with opened(tmp_path) as store, refused("a folder, not a database", "这是文件夹"):
        store.migrate()


def test_an_empty_file_asks_to_be_set_up_and_then_serves(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    with opened(file) as store:
        with refused("not up to date", "还没有更新"):
            store.setting("office")
        store.migrate()
        assert store.setting("office") is None


@pytest.mark.parametrize(
    "content", [b"x", b"name,room\n" * 500, b"SQLite format 3\x00" + b"\xff" * 5000, b"\x00" * 9000]
)
def test_what_is_not_a_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with opened(file) as store:
        with pytest.raises(StoreError):
            store.get("a")
        with pytest.raises(StoreError):
            store.migrate()
    assert file.read_bytes() == content


def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    other = apsw.Connection(str(file))
    other.execute("CREATE TABLE migrations (id, name); CREATE TABLE cases (id)")
    other.close()
    before = file.read_bytes()
    with opened(file) as store:
        with refused("belongs to another program", "别的程序"):
            store.migrate()
        with refused("belongs to another program", "别的程序"):
            store.list(Query())
    assert file.read_bytes() == before


def test_a_database_of_the_first_schema_is_brought_up_with_everything_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as first:
        first.setattr(connection, "MIGRATIONS", connection.MIGRATIONS[:1])
        first.setattr(connection, "NEWEST", 1)
        with opened(tmp_path / "old.db") as store:
            store.migrate()
    raw = apsw.Connection(str(tmp_path / "old.db"))
    for seq in (1, 2):
        raw.execute(
            "INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES ('a', ?, 'x', zeroblob(32), 1)", (seq,)
        )
    raw.execute(
        "INSERT INTO cases (id, seq, head, site, number, procedure, version, states, summary, opened_at, changed_at, breached,"
        " snapshot) VALUES ('a', 2, zeroblob(32), 's', 'N-a', 'p', 'v1', 'x', '', 1, 1, 0, ?)", (OLD_SNAPSHOT,),
    )  # fmt: skip
    raw.close()
    with opened(tmp_path / "old.db") as store:
        with refused("not up to date", "还没有更新"):
            store.get("a")
        store.migrate()
        assert [row.seq for row in store.events("a")] == [1, 2]
        assert store.pins() == {"v1": 1}
        assert store.office_events() == []
        about = store.columns("a")
        assert about is not None
        assert about.provisional == 1


def test_a_newer_schema_is_refused(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("INSERT INTO migrations VALUES (99, '0099_future')")
    other.close()
    with opened(path) as store:
        for ask in (store.migrate, lambda: store.get("a"), lambda: put(store, change("z"))):
            with refused("has schema 99", "99"):
                ask()


def test_a_read_only_database_is_read_and_refuses_to_be_written(path: Path) -> None:
    """Root may write everything, so root asks as an ordinary user."""
    script = """
import os, sys
from guanjia.errors import StoreError
from guanjia.store.sqlite import SqliteStore
from tests.store.making import change, put
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = SqliteStore(sys.argv[1])
try:
    found = store.get("case-1")
    assert found is not None and found.seq == 3
    put(store, change("z"))
except StoreError as error:
    assert error.hint
    print(error.text.en)
store.close()
"""
    folder = Path("/tmp") / f"guanjia-{os.getpid()}-{random.getrandbits(32):x}"
    folder.mkdir()
    try:
        file = folder / "guanjia.db"
        shutil.copy(path, file)
        other = apsw.Connection(str(file))
        other.pragma("journal_mode", "delete")
        other.close()
        file.chmod(0o444)
        folder.chmod(0o555)
        root = Path(__file__).parents[2]
        environment = {"PYTHONPATH": f"{root}:{root / 'engine'}"}
        told = subprocess.run(
            [sys.executable, "-c", script, file], capture_output=True, text=True, env=environment, check=False
        )
        assert "read-only" in told.stdout, told.stderr
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_lock_of_another_program_is_waited_for_and_then_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY", 30)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with opened(path) as store:
        with refused("locked by another program", "被另一个程序锁住"):
            put(store, change("z"))
        assert store.get("case-1") is not None
        other.execute("ROLLBACK")
        put(store, change("z"))
    other.close()


def test_a_writer_does_not_wait_for_readers_nor_they_for_it(path: Path) -> None:
    with opened(path) as store:
        held = store.transact(lambda tx: (tx.write(change("z")), store.get("case-1"), store.get("z")))
        assert held[1] is not None
        assert held[2] is None
        assert store.get("z") is not None


def test_two_names_of_one_file_are_refused_but_a_symbolic_link_is_followed(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with opened(link) as store:
        put(store, change("by-link"))
        assert store.path == str(path)
    os.link(path, path.with_name("second.db"))
    with opened(path) as store, refused("several hard links", "多个硬链接"):
        store.get("by-link")


def test_a_file_that_is_replaced_under_a_running_program_is_noticed(path: Path) -> None:
    backup = path.with_name("backup.db")
    shutil.copy(path, backup)
    with opened(path) as store:
        advance(store, "case-1")
        os.replace(backup, path)
        with refused("was replaced", "被换掉了"):
            advance(store, "case-1")


def test_a_store_is_not_used_across_a_fork(path: Path) -> None:
    with opened(path) as store:
        advance(store, "case-1")
        child = os.fork()
        if child == 0:
            code = 1
            for ask in (lambda: store.get("case-1"), lambda: advance(store, "case-1")):
                try:
                    ask()
                except StoreError as error:
                    code = 0 if "parent process" in error.text.en else 2
            store.close()
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        advance(store, "case-1")
        assert list(store.integrity()) == []


def test_a_lost_write_ahead_log_leaves_an_older_database_that_is_whole(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with opened(path) as store:
        advance(store, "case-1")
        assert Path(f"{path}-wal").stat().st_size > 0
        shutil.copy(path, copy / "guanjia.db")
    with opened(copy / "guanjia.db") as store:
        held = store.get("case-1")
        assert held is not None
        assert held.seq == 3
        assert list(store.integrity()) == []


def test_a_truncated_file_is_refused_or_still_whole(path: Path) -> None:
    content = path.read_bytes()
    with opened(path) as store:
        whole = [row for case in store.cases() for row in store.events(case)]
    for size in range(0, len(content), 4096 * 3 + 100):
        path.write_bytes(content[:size])
        with opened(path) as store:
            try:
                everything(store)
                found = list(store.integrity())
            except StoreError as error:
                found = [error.text.en]
            assert found or [row for case in store.cases() for row in store.events(case)] == whole


def test_flipped_bits_are_never_answered_with_a_fault(path: Path) -> None:
    """Any bit anywhere: what is asked is answered, or refused as a StoreError; nothing else comes out."""
    content = bytearray(path.read_bytes())
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    noticed = 0
    tries = scale(250, 1_000)
    for _ in range(tries):
        place, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
        content[place] ^= bit
        path.write_bytes(content)
        with opened(path) as store:
            try:
                everything(store)
                noticed += bool(store.integrity())
                put(store, change("z", about=columns("N-z")))
            except (StoreError, Conflict):
                noticed += 1
            except Exception as fault:
                raise AssertionError(f"seed {seed}: bit {bit} of byte {place}") from fault
        content[place] ^= bit
        for leftover in (Path(f"{path}-wal"), Path(f"{path}-shm"), Path(f"{path}-journal")):
            leftover.unlink(missing_ok=True)
    tell("bits flipped in a database", bits=tries, noticed=noticed, faults=0)
    assert noticed


FULL_DISK = """
import resource, sys
from guanjia.errors import StoreError
from guanjia.store.sqlite import SqliteStore
from tests.store.making import advance, change, columns, message, put
from dataclasses import replace
store = SqliteStore(sys.argv[1], wal=sys.argv[2] == "wal")
def size(limit): resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
def command(number):
    case = f"new-{number}"
    put(store, change(case, steps=2, notifications=[message(case, 1)], key=(case, "d", "t"))._replace(snapshot="x" * 9000))
advance(store, "case-1")
refusals, done = 0, 0
for limit in range(0, 1 << 30, 2048):
    size(limit)
    try:
        command(limit)
        done += 1
    except StoreError as error:
        assert "disk" in error.text.en or "opened" in error.text.en, error
        assert "磁盘" in error.text.zh or "打开" in error.text.zh, error
        assert done == 0 or store.get(f"new-{limit}") is None
        refusals += 1
    if done == 3: break
size(resource.RLIM_INFINITY)
command("after")
assert len(list(store.cases())) == 10 + done + 1, list(store.cases())
assert list(store.integrity()) == []
assert store.outbox_counts()["waiting"] == 10 + done + 1
store.close()
print(refusals)
"""


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_full_disk_refuses_the_command_and_harms_nothing(path: Path, journal: str) -> None:
    """The file may grow to no size at all, then to a little more, until a command fits; each that does not fit is undone."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'engine'}"}
    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path, journal], capture_output=True, text=True, env=environment, check=False
    )
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) > 5


def test_the_journal_is_a_log_where_that_is_safe_and_says_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path) as store:
        assert store.describe()["journal"] == "wal"
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with opened(path) as store:
        advance(store, "case-1")
        told = store.describe()
        assert (told["journal"], told["synchronous"]) == ("delete", "FULL")
        assert "3.51.2" in told["journal_why"]


def test_the_database_itself_holds_the_rules(path: Path) -> None:
    raw = apsw.Connection(str(path))
    raw.pragma("foreign_keys", 1)
    head = b"h" * 32
    for sql in (
        "UPDATE events SET text = 'x'",
        "DELETE FROM events",
        "UPDATE office_events SET text = 'x'",
        "DELETE FROM office_events",
        "INSERT INTO office_events VALUES (3, 'x', zeroblob(32), 1)",
        "UPDATE cases SET seq = 9 WHERE id = 'case-1'",
        "UPDATE cases SET seq = seq - 1 WHERE id = 'case-1'",
        "UPDATE cases SET deadline = 'tomorrow'",
        "UPDATE cases SET number = 'n-2' WHERE id = 'case-1'",
        "UPDATE outbox SET status = 'lost'",
        "UPDATE outbox SET status = 'sent'",
        "UPDATE outbox SET next_at = NULL",
        "INSERT INTO commands VALUES ('k', 'd', 't'), ('k', 'd', 't')",
        "INSERT INTO counters VALUES ('s', 'c', 2026, 0)",
        "INSERT INTO personal VALUES ('nobody', 'c', 's', 'v')",
    ):
        with pytest.raises(apsw.ConstraintError):
            raw.execute(sql)
    for case, seq in (("case-1", 3), ("case-1", 5), ("case-1", 0), ("nobody", 1)):
        with pytest.raises(apsw.ConstraintError):
            raw.execute(
                "INSERT INTO events (case_id, seq, text, head, recorded_at) VALUES (?, ?, 'x', ?, 1)", (case, seq, head)
            )
    raw.close()


def test_damage_to_the_snapshot_is_found(path: Path) -> None:
    raw = apsw.Connection(str(path))
    raw.execute("DROP TRIGGER cases_equal_their_events; UPDATE cases SET seq = 2 WHERE id = 'case-1'")
    raw.execute("DROP TRIGGER events_are_never_removed; DELETE FROM events WHERE case_id = 'case-2' AND seq = 1")
    raw.close()
    with opened(path) as store:
        numbers = [store.columns(case).number for case in ("case-1", "case-2")]
        found = store.integrity()
    assert [item.en for item in found[-2:]] == [
        f"case {numbers[0]}: the snapshot is at step 2, its history has 3, the last of them 3",
        f"case {numbers[1]}: the snapshot is at step 3, its history has 2, the last of them 3",
    ]
    assert all(f"工单 {number}：快照到第" in item.zh for number, item in zip(numbers, found[-2:], strict=True))


def test_values_that_no_column_can_hold_are_refused(path: Path) -> None:
    with opened(path) as store:
        for about in (columns("\ud83d"), columns("N-z", deadline=2**70)):
            with refused("cannot be stored", "无法存入"):
                put(store, change("z", about=about))
        with refused("cannot be stored", "无法存入"):
            store.set_setting("office", "\ud83d")
        assert store.get("z") is None


def test_every_kind_of_name_opens_its_store(tmp_path: Path) -> None:
    names: list[Callable[[], Store]] = [
        lambda: open_store(tmp_path / "a.db"),
        lambda: open_store(f"sqlite:///{tmp_path}/a.db"),
        lambda: open_store(":memory:"),
    ]
    for name in names:
        store = name()
        store.migrate()
        store.close()
    assert (tmp_path / "a.db").exists()
    with refused("No such kind of database", "不认识"):
        open_store("mysql://host/name")


def test_without_its_driver_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with refused("is not installed", "没有安装"):
        open_store("postgresql://host/name")


def test_opening_a_list_loads_neither_models_nor_templates(tmp_path: Path) -> None:
    script = (
        "import sys; from guanjia.store import open_store, Query; s = open_store(sys.argv[1]); s.migrate(); s.list(Query());"
        "print(*sorted({n.partition('.')[0] for n in sys.modules} & {'pydantic', 'jinja2', 'psycopg', 'yaml', 'rich', 'transitions', 'asyncio'}))"
    )
    engine = Path(__file__).parents[2] / "engine"
    told = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.db"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(engine)},
        check=True,
    )
    assert told.stdout.strip() == ""
