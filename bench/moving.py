"""Open cases moved to an edited calendar, beside a bare loop that writes the same rows; and 100,000 of them in one go.

Each case has two running clocks with thresholds, which are counted anew over the other calendar. Run as a program,
`python -m bench.moving FOLDER CASES` fills an office, moves it, and prints cases a second and by how much memory grew.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import apsw
from guanjia import SYSTEM, Engine
from guanjia.runtime import moving

from . import office
from .crowded import OWN
from .measure import Measured, rates
from .tape import Bare, engine_in, room

EACH, TURNS = 2_000, 7
MANY = 100_000
OPTIONS = {"policy": "start", "notify": False}
HOURS = ("08:30-18:00", "09:00-17:30")


def measure() -> list[Measured]:
    return [_beside_bare(), *_many()]


def _beside_bare() -> Measured:
    with room() as folder, engine_in(folder / "office") as engine:
        for _ in range(EACH):
            _opened(engine)
        bare = Bare(engine, folder, "FULL", lambda twin: [_move(twin, turn) for turn in range(TURNS)] and None)
        turns = iter(range(TURNS))
        # Ahead of the batches: the calendar is published, and that it is applied is recorded.
        transactions = 2 + -(-EACH // moving.BATCH)
        found = rates(
            "open cases moved to an edited calendar",
            "a bare apsw loop, same rows",
            lambda: _move(engine, next(turns)),
            lambda: bare.play(transactions),
            each=EACH,
            turns=TURNS,
        )
        bare.close()
        return found


def _many() -> list[Measured]:
    with room() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.moving", str(folder), str(MANY)], capture_output=True, text=True, check=True
        )
        rate, grown = map(float, done.stdout.split())
    return [
        Measured(f"{MANY:,} open cases moved in one go", rate, "/s"),
        Measured(f"memory grown by moving {MANY:,} cases", grown, "MB"),
    ]


def _opened(engine: Engine) -> str:
    return engine.open("shift", actor=office.STAFF, summary="三栋二单元电梯口灯不亮，夜里看不清台阶").case.id


def _move(engine: Engine, turn: int) -> moving.Tally:
    """Edit the calendar, take it up, and let every open case come under it."""
    file = engine.files.folder / "calendars/hours.yaml"
    file.write_text(office.HOURS.replace(HOURS[0], HOURS[(turn + 1) % 2]), encoding="utf-8")
    engine.refresh()
    tally = moving.Tally()
    moving.carry_out(engine, moving.plan(engine), SYSTEM, "bench", OPTIONS, tally)
    return tally


def _multiply(folder: Path, case: str, cases: int) -> None:
    """More open cases by SQL, each with the events of this one under its own id; chains are not made to fit."""
    connection = apsw.Connection(str(folder / "guanjia.db"))
    connection.pragma("synchronous", 0)
    own = OWN | {"snapshot": "replace(snapshot, id, printf('%s-%08d', id, n))"}
    columns = [row[1] for row in connection.execute("PRAGMA table_info(cases)")]
    count = f"WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {cases - 1})"
    with connection:
        connection.execute(
            f"""{count} INSERT INTO events (case_id, seq, text, head, recorded_at)
            SELECT printf('%s-%08d', case_id, n), seq, replace(text, case_id, printf('%s-%08d', case_id, n)), head, recorded_at
            FROM count, (SELECT * FROM events WHERE case_id = ? ORDER BY seq)""",
            (case,),
        )
        connection.execute(
            f"""{count} INSERT INTO cases ({", ".join(columns)}) SELECT {", ".join(own.get(name, name) for name in columns)}
            FROM count, (SELECT * FROM cases WHERE id = ?)""",
            (case,),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def main() -> None:
    folder, cases = Path(sys.argv[1]), int(sys.argv[2])
    with engine_in(folder) as engine:
        _multiply(folder, _opened(engine), cases)
        _move(engine, 1)  # the same calendar: nothing moves, and whatever is made once is made
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        tally = _move(engine, 0)
        if (tally.cases, tally.refused) != (cases, 0):
            raise AssertionError(f"{tally.cases} of {cases} cases were moved")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(cases / (time.perf_counter() - began), grown / 1024)


if __name__ == "__main__":
    main()
