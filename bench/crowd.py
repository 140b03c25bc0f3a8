"""Fifty clients at once through one engine, each with a case of its own, beside the bare loop with full sync.

Commands of one process share commits, so a crowd may be faster than a single bare writer that syncs every time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from guanjia import Engine

from . import office
from .measure import Measured, rates
from .tape import Bare, engine_in, room, walk

CLIENTS, STEPS, TURNS = 50, 14, 9


def measure() -> list[Measured]:
    each = CLIENTS * STEPS
    with room() as folder, engine_in(folder / "office") as engine, ThreadPoolExecutor(CLIENTS) as clients:
        cases = [office.opened(engine) for _ in range(CLIENTS)]

        def crowd() -> None:
            list(clients.map(lambda case: walk(engine, case, STEPS), cases))

        def one_by_one(twin: Engine) -> None:
            for _ in range(TURNS):
                actions = office.to_and_fro()
                for action in islice(actions, STEPS):
                    for case in cases:
                        walk(twin, case, 1, iter([action]))

        bare = Bare(engine, folder, "FULL", one_by_one)
        found = rates(
            f"{CLIENTS} clients, one engine, synchronous FULL",
            "a bare apsw loop, same rows",
            crowd,
            lambda: bare.play(each),
            each=each,
            turns=TURNS,
        )
        bare.close()
        return [found]
