"""Fifty clients at once through one engine, each with a case of its own, beside the bare loop with full sync.

Commands of one process share commits, so a crowd may be faster than a single bare writer that syncs every time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from . import office
from .measure import Measured, rates
from .tape import copy, engine_in, play, record, room, walk

CLIENTS, STEPS, TURNS = 50, 14, 9


def measure() -> list[Measured]:
    each = CLIENTS * STEPS
    with room() as folder, ThreadPoolExecutor(CLIENTS) as clients:
        engine = engine_in(folder / "office")
        cases = [office.opened(engine) for _ in range(CLIENTS)]
        alone = office.opened(engine)
        bare = copy(folder / "bare.db")
        tape = iter(record(engine, alone, each * TURNS))

        def crowd() -> None:
            list(clients.map(lambda case: walk(engine, case, STEPS), cases))

        try:
            return [
                rates(
                    f"{CLIENTS} clients, one engine, synchronous FULL",
                    "a bare apsw loop, same rows",
                    crowd,
                    lambda: play(bare, tape, each),
                    each=each,
                    turns=TURNS,
                )
            ]
        finally:
            bare.close()
            engine.close()
