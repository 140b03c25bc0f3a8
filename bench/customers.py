"""`guanjia customer find`: one person among a million by telephone number, as a whole process, beside a Python that does nothing at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import apsw
from guanjia import Engine
from guanjia.clock import MINUTE
from guanjia.model.customer import Customer, Relation
from guanjia.model.event import GENESIS
from guanjia.people.keys import FILE, Keys, read
from guanjia.runtime.sealed_customers import blind, closed
from guanjia.store.customers import HeldCustomer

from . import office
from .listing import run
from .measure import Measured, side_by_side
from .tape import room

PEOPLE, TURNS = 1_000_000, 15
SOUGHT = PEOPLE * 2 // 3


def measure() -> list[Measured]:
    program = str(Path(sys.executable).parent / "guanjia")
    with room() as folder:
        fill(folder / "office", PEOPLE)
        command = (program, "--office", str(folder / "office"), "customer", "find", phone(SOUGHT))
        ours, theirs, ratio = side_by_side(lambda: run(*command), lambda: run(sys.executable, "-c", "pass"), TURNS)
    name = f"guanjia customer find, one of {PEOPLE:,} persons"
    return [Measured(name, 1000 * ours, "ms", "python -c pass", 1000 * theirs, ratio)]


def phone(n: int) -> str:
    return f"138{n:08}"


def fill(folder: Path, people: int) -> None:
    """An office whose register has so many persons, each sealed under a key of their own. They have no events: only to be read."""
    Engine.at(office.make(folder)).close()
    kept = read(str(folder / FILE))
    assert kept is not None
    keys = Keys(kept)
    connection = apsw.Connection(str(folder / "guanjia.db"))
    connection.pragma("synchronous", 0)
    with connection:
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                closed(keys, HeldCustomer(it.id, 1, GENESIS, "", _record(it), MINUTE))
                for it in map(_person, range(people))
            ),
        )
        connection.executemany(
            "INSERT INTO customer_terms VALUES (?, ?, ?)",
            ((it.id, kind, blind(keys, kind, term)) for it in map(_person, range(people)) for kind, term in it.terms()),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _person(n: int) -> Customer:
    return Customer(f"C-{n:07}", "欧阳春", (phone(n),), rooms=(Relation("main", f"{n // 1000}-1-{n % 1000}", "owner"),))


def _record(person: Customer) -> str:
    return json.dumps(["0" * 32, person.record()], ensure_ascii=False)
