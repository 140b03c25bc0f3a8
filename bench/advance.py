"""One durable advance of a case, beside a bare loop that writes the same rows: without sync (the work itself) and with it.

Run as a program, `python -m bench.advance FOLDER SECONDS FULL|OFF` prints the engine's advances a second, for peers.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Literal

from . import office
from .measure import Measured, rates
from .tape import Bare, engine_in, room, walk

EACH, TURNS = 140, 15


def measure() -> list[Measured]:
    return [_beside_bare("OFF"), _beside_bare("FULL")]


def _beside_bare(synchronous: Literal["FULL", "OFF"]) -> Measured:
    with room() as folder, engine_in(folder / "office", synchronous) as engine:
        case = office.opened(engine)
        walk(engine, case, EACH)
        bare = Bare(engine, folder, synchronous, lambda twin: walk(twin, case, EACH * TURNS))
        found = rates(
            f"one durable advance, synchronous {synchronous}",
            "a bare apsw loop, same rows",
            lambda: walk(engine, case, EACH),
            lambda: bare.play(EACH),
            each=EACH,
            turns=TURNS,
        )
        bare.close()
        return found


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    synchronous: Literal["FULL", "OFF"] = "OFF" if sys.argv[3] == "OFF" else "FULL"
    with engine_in(folder / "office", synchronous) as engine:
        case = office.opened(engine)
        walk(engine, case, EACH)
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            walk(engine, case, 2 * (len(office.STATES) - 1))
            done += 2 * (len(office.STATES) - 1)
        print(done / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
