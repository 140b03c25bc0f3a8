"""DBOS, on SQLite in a folder or on the PostgreSQL of a URL, in its cheapest form: one workflow whose every step is one durable advance.

Each step moves along eight states under a guard, renders one text, and returns both; DBOS writes the result before the
next step begins. Runs inside the throw-away environment: `dbos_steps.py FOLDER|URL SECONDS` prints advances a second.
"""

from __future__ import annotations

import logging
import sys
import time

from dbos import DBOS
from jinja2 import Environment

STATES = [f"s{number}" for number in range(1, 9)]
TEXT = Environment().from_string("{{ number }} 已到 {{ state }}：{{ summary }}")


@DBOS.step()
def advance(state: str, forward: bool, level: int) -> list[str]:
    if level < 0:
        raise ValueError("refused")
    state = STATES[STATES.index(state) + (1 if forward else -1)]
    return [state, TEXT.render(number="R-000001", state=state, summary="bench")]


@DBOS.workflow()
def walk(seconds: float) -> float:
    state, forward, done = STATES[0], True, 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        state = advance(state, forward, 1)[0]
        done += 1
        if state in (STATES[0], STATES[-1]):
            forward = not forward
    return done / (time.perf_counter() - began)


def main() -> None:
    where, seconds = sys.argv[1], float(sys.argv[2])
    url = where if "://" in where else f"sqlite:///{where}/dbos.sqlite"
    DBOS(config={"name": "bench", "system_database_url": url, "run_admin_server": False})
    logging.disable(logging.CRITICAL)
    DBOS.launch()
    walk(min(1.0, seconds))
    print(walk(seconds))
    DBOS.destroy()


if __name__ == "__main__":
    main()
