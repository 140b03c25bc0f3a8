"""Makes the golden databases of this version: `python -m tests.golden.make`. Once for a release, and never again.

A folder holds what two offices of that version left behind, a busy one and the shipped one: the database on SQLite, the same on
PostgreSQL, and the same as `guanjia export` wrote it, whose rows are the histories. Every later version has to open them, bring
them up to date, replay them and go on (test_golden.py). A folder that is there is never made anew: it would then hold what the
present version thinks that the former one wrote.
"""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from guanjia import __version__
from guanjia.clock import HOUR, ManualClock
from guanjia.language import OfficeFiles
from guanjia.people.organisation import Organisation
from guanjia.runtime import export
from guanjia.runtime.audit import audit
from guanjia.runtime.engine import Engine
from guanjia.store import open_store

from tests.offices import MONDAY, shipped
from tests.runtime import busy
from tests.store import postgres_server

HERE = Path(__file__).parent
SCHEMA = "golden_office"
"""Stands in a dump where the test puts the schema that it loads it into."""


def opened(database: str, files: OfficeFiles, at: int = MONDAY) -> Engine:
    """An engine on a database that is migrated, without any channel but a recorder."""
    store = open_store(database)
    store.migrate()
    who = Organisation.from_plain(files.organisation(), "zh")
    return Engine(
        store, files=files, organisation=who, clock=ManualClock(at), entropy=random.Random(at).randbytes,
        channels={"file": busy.Recorder("file")},
    )  # fmt: skip


def at_work(desk: Engine) -> None:
    list(busy.at_work(desk, random.Random(20260302), 90))


def days(desk: Engine) -> None:
    """Some cases of the shipped procedures, one of them a drill, and nobody who does anything about most of them."""
    agent = desk.actor("reception.chen")
    first = desk.open(
        "complaint", actor=agent, channel="phone", category="facility", place="3 栋", summary="电梯异响", name="王小明", phone="13800001234",
    )  # fmt: skip
    desk.open("repair", actor=agent, room="3-1-502", summary="厨房漏水", phone="13900001234")
    desk.open("repair", actor=agent, mode="drill", room="3-1-503", summary="演练")
    desk.note(first.case.id, "已联系住户", actor=agent)
    desk.attach(first.case.id, "照片.jpg", b"\xff\xd8 a picture", actor=agent)
    assert isinstance(desk.clock, ManualClock)
    for _ in range(20):
        desk.clock.advance(9 * HOUR)
        desk.run_once()


OFFICES: dict[str, tuple[Callable[[Path], Path], Callable[[Engine], None]]] = {
    "busy": (busy.office, at_work),
    "shipped": (shipped, days),
}


def make(folder: Path, socket: str, programs: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, (office, live) in OFFICES.items():
            files = OfficeFiles(office(Path(scratch, name, "office")))
            path = Path(scratch, name, "guanjia.db")
            with opened(str(path), files) as desk:
                live(desk)
                assert not audit(desk)
                desk.store.backup(f"{path}.copy")
                export.write(desk.store, str(folder / f"{name}.jsonl.gz"))
            _pack(folder / f"{name}.db.gz", Path(f"{path}.copy").read_bytes())
            dsn = f"postgresql://{postgres_server.ROLE}@/postgres?host={socket}&options=-csearch_path%3D{SCHEMA}"
            store = open_store(dsn)
            store.migrate()
            store.load(export.read(str(folder / f"{name}.jsonl.gz")))
            store.close()
            dump = subprocess.run(
                [programs / "pg_dump", "-h", socket, "-U", postgres_server.ROLE, "-n", SCHEMA, "--no-owner", "--inserts", "postgres"],
                check=True, capture_output=True, text=True,
            ).stdout  # fmt: skip
            lines = [line for line in dump.splitlines() if not line.startswith(("\\", "--"))]
            _pack(folder / f"{name}.sql.gz", ("\n".join(lines) + "\n").encode())
            import psycopg

            with psycopg.connect(host=socket, user=postgres_server.ROLE, dbname="postgres", autocommit=True) as own:
                own.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _pack(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, mtime=0))


def main() -> None:
    folder = HERE / __version__
    initdb = postgres_server.find_initdb()
    if folder.exists() or initdb is None:
        sys.exit(f"{folder} is there already" if folder.exists() else "PostgreSQL's initdb and pg_dump are needed")
    folder.mkdir()
    with postgres_server.running(initdb) as socket:
        make(folder, socket, initdb.parent)
    for file in sorted(folder.iterdir()):
        print(f"{file.name}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
