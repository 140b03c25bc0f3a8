"""Many workers on one PostgreSQL: deadlines that fire, beside the same rows written by bare SQL and beside other programs.

A server of our own is started for it, with every commit synced. Each due case is one durable advance: read with its lock,
guard, transition, event, rendered message, new due instant. The bare workers replay what ours sent, statement by statement,
into a copy of the schema; the others do the same steps in their own way.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from guanjia import Engine
from guanjia.channels import open_channels
from guanjia.clock import HOUR, ManualClock
from guanjia.language import OfficeFiles
from guanjia.model.event import Command
from guanjia.people import Organisation
from guanjia.runtime.worker import settle
from guanjia.store.postgres import PostgresStore
from guanjia.store.postgres.transaction import PostgresTransaction

from tests.store.postgres_server import find_initdb, running

from . import office
from .measure import Measured
from .peers import PYTHON, ready, speed

CASES, WORKERS, TURNS, SECONDS = 4000, 8, 3, 3.0
DUE = """\
procedure: row
number: R-{seq:07}
calendar: always
fields:
  summary: {type: text, required: true}
  level: {type: integer, default: 1}
sla:
  finish: {start: open, stop: ended, target: [{within: 1000 days}]}
initial: s1
states:
  s1:
    after: {on: {delay: 1h, to: s2, guard: level >= 0, do: [{notify: {moved: {to: 'staff:staff.wang'}}}]}}
  s2:
    after: {on_and_on: {delay: 1000h, to: ended}}
  ended: {final: true}
"""
Begin = Callable[[], Callable[[], None]]
"""What a worker does before the clock starts; it gives back the work itself."""

_go = multiprocessing.get_context("fork")


def engine_on(folder: Path, dsn: str) -> Engine:
    files, store = OfficeFiles(folder), PostgresStore(dsn)
    store.migrate()
    return Engine(
        store, files=files, organisation=Organisation.from_plain(files.organisation(), "zh"), clock=ManualClock(0),
        channels=open_channels(files.office().channels.model_dump(), folder),
    )  # fmt: skip


def fill(engine: Engine, count: int) -> None:
    actor = engine.actor(office.STAFF)
    values = {"summary": "三栋二单元电梯口灯不亮，夜里看不清台阶"}
    for _ in range(0, count, 500):
        engine.execute_many([Command("open", "row", values=values, actor=actor) for _ in range(500)])


def together(works: list[Begin]) -> float:
    """Seconds from the moment at which all have begun until the last has ended."""
    gate = _go.Barrier(len(works) + 1)

    def life(begin: Begin) -> None:
        work = begin()
        gate.wait()
        work()

    running_now = [_go.Process(target=life, args=(work,)) for work in works]
    for each in running_now:
        each.start()
    gate.wait()
    began = time.perf_counter()
    for each in running_now:
        each.join()
    if any(each.exitcode for each in running_now):
        sys.exit("a worker of the measurement failed")
    return time.perf_counter() - began


def fire(folder: Path, dsn: str) -> Begin:
    def begin() -> Callable[[], None]:
        engine = engine_on(folder, dsn)
        assert isinstance(engine.clock, ManualClock)
        engine.fire([])
        settle()
        engine.clock.set(2 * HOUR)
        return lambda: (engine.fire([]), engine.close())[1]

    return begin


def take_down(folder: Path, dsn: str) -> list[list[tuple[str, Any]]]:
    """Fire everything in one worker and keep what it sends to the server, a list of statements for each round trip."""
    tape: list[list[tuple[str, Any]]] = []
    run = PostgresTransaction._run

    def noted(tx: PostgresTransaction, *statements: Any) -> Any:
        tape.append([*tx._queued, *statements])
        return run(tx, *statements)

    PostgresTransaction._run = noted  # type: ignore[method-assign, assignment]
    try:
        fire(folder, dsn)()()
    finally:
        PostgresTransaction._run = run  # type: ignore[method-assign]
    return tape


def shares(tape: list[list[tuple[str, Any]]], count: int) -> list[list[list[tuple[str, Any]]]]:
    """The tape cut into transactions, dealt out to so many workers; what asks which cases are due is left out."""
    whole: list[list[list[tuple[str, Any]]]] = []
    for trip in tape:
        if trip[0][0] == "BEGIN":
            whole.append([])
        whole[-1].append([(text, values) for text, values in trip if "SKIP LOCKED" not in text])
    return [[trip for piece in whole[first::count] for trip in piece] for first in range(count)]


def replay(dsn: str, trips: list[list[tuple[str, Any]]]) -> Begin:
    def begin() -> Callable[[], None]:
        connection = psycopg.connect(dsn, autocommit=True)

        def work() -> None:
            for trip in trips:
                with connection.pipeline():
                    for text, values in trip:
                        connection.execute(text.encode(), values or None)
            connection.close()

        return work

    return begin


def measure() -> list[Measured]:
    initdb = find_initdb()
    if initdb is None:
        print("  SKIPPED: there is no PostgreSQL on this machine (initdb)", file=sys.stderr)
        return []
    speeds: dict[str, list[float]] = {"ours": [], "bare": [], "orm": [], "dbos": []}
    with running(initdb, durable=True) as socket, tempfile.TemporaryDirectory() as folder:
        office.make(Path(folder))
        (Path(folder) / "procedures/row.yaml").write_text(DUE, encoding="utf-8")
        sizes: list[float] = []
        for turn in range(TURNS):
            ours, bare = (
                f"postgresql://guanjia@/postgres?host={socket}&options=-csearch_path%3D{name}_{turn}"
                for name in ("ours", "bare")
            )
            engine = engine_on(Path(folder), ours)
            fill(engine, CASES)
            engine.close()
            _copy(socket, f"ours_{turn}", f"bare_{turn}")
            before = _size(ours)
            speeds["ours"].append(CASES / together([fire(Path(folder), ours) for _ in range(WORKERS)]))
            sizes.append((_size(ours) - before) / CASES)
            _copy(socket, f"bare_{turn}", f"tape_{turn}")
            tape = take_down(Path(folder), bare)
            target = bare.replace("bare_", "tape_")
            speeds["bare"].append(CASES / together([replay(target, share) for share in shares(tape, WORKERS)]))
            if ready():
                here = Path(__file__).parent / "rivals"
                where = f"postgresql+psycopg://postgres@/postgres?host={socket}"
                speeds["orm"].append(speed([str(PYTHON), str(here / "orm_due.py")], where))
                speeds["dbos"].append(speed([str(PYTHON), str(here / "dbos_steps.py")], where))
    return [
        Measured("database for one deadline that fired on PostgreSQL", statistics.median(sizes), "bytes"),
        _line("SQL replayed by 8 workers, same rows", speeds["ours"], speeds["bare"]),
        _line("one transitions + SQLAlchemy ORM program", speeds["ours"], speeds["orm"]),
        _line("DBOS on the same PostgreSQL, one step", speeds["ours"], speeds["dbos"]),
    ]


def _line(against: str, ours: list[float], theirs: list[float]) -> Measured:
    name = f"deadlines fired by {WORKERS} workers on PostgreSQL, beside {against}"
    if not theirs:
        return Measured(name, statistics.median(ours), "/s", against)
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    return Measured(name, statistics.median(ours), "/s", against, statistics.median(theirs), ratio)


def _size(dsn: str) -> int:
    store = PostgresStore(dsn)
    size = int(store.describe()["size"])
    store.close()
    return size


def _copy(socket: str, source: str, to: str) -> None:
    """Another schema with the same rows."""
    dsn = f"postgresql://guanjia@/postgres?host={socket}&options=-csearch_path%3D{to}"
    PostgresStore(dsn).migrate()
    with psycopg.connect(f"postgresql://postgres@/postgres?host={socket}", autocommit=True) as admin:
        tables = [
            row[0]
            for row in admin.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace", (source,)
            )
        ]
        admin.execute("SET session_replication_role = replica")
        for table in tables:
            if table == "migrations":
                continue
            admin.execute(f"INSERT INTO {to}.{table} OVERRIDING SYSTEM VALUE SELECT * FROM {source}.{table}".encode())
        admin.execute(
            f"SELECT setval(pg_get_serial_sequence('{to}.events', 'cursor'), (SELECT max(cursor) FROM {to}.events))".encode()
        )


if __name__ == "__main__":
    print(
        json.dumps(
            [item.__dict__ if hasattr(item, "__dict__") else str(item) for item in measure()],
            ensure_ascii=False,
            indent=1,
        )
    )
