"""What a write costs SQLite does not grow with what lies there already: steps of its virtual machine, so no time is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import apsw
from guanjia.store import Store
from guanjia.store.sqlite import SqliteStore

from tests.store.making import change, message, put

FEW, MANY = 10, 2_000


def steps_of_one_more(store: Store, case: str, seq: int, key: int) -> int:
    """How many steps it takes to write one more event of the case, with one more message for the same person."""
    (writer,) = (
        found for found in apsw.connections() if found.filename == store.path and not found.pragma("query_only")
    )
    return steps_of(writer, lambda: put(store, change(case, seq, notifications=[message(case, key, seq + 1)])))


def steps_of(writer: apsw.Connection, work: Callable[[], object]) -> int:
    """How many steps SQLite takes for some work."""
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    writer.set_progress_handler(count, 1)
    work()
    writer.set_progress_handler(None)
    return steps


def test_a_step_costs_the_same_however_long_the_case_is_and_however_many_messages_wait(tmp_path):
    store = SqliteStore(tmp_path / "growth.db", synchronous="OFF")
    store.migrate()
    put(store, change("a", notifications=[message("a", 0)]))
    found = {}
    for size, before in ((FEW, 1), (MANY, FEW + 2)):
        put(store, change("a", before, size, notifications=[message("a", before + n, before + 1) for n in range(size)]))
        found[size] = steps_of_one_more(store, "a", before + size, before + size)
    assert found[MANY] <= found[FEW] + 20, found
    store.close()


def test_it_costs_the_same_however_many_messages_are_put_off_to_an_earlier_instant(tmp_path):
    store = SqliteStore(tmp_path / "growth.db", synchronous="OFF")
    store.migrate()
    put(store, change("a", notifications=[message("a", 0)]))
    found = {}
    for size, before in ((FEW, 1), (MANY, FEW + 2)):
        waiting = [replace(message("a", before + n, before + 1), created_at=10, not_before=50) for n in range(size)]
        put(store, change("a", before, size, notifications=waiting))
        found[size] = steps_of_one_more(store, "a", before + size, before + size)
    assert found[MANY] <= found[FEW] + 20, found
    store.close()


def test_counting_costs_what_there_is_to_count_and_not_what_lies_beside_it(tmp_path):
    """Other keys and other times are never looked at, and no more than is asked for."""
    store = SqliteStore(tmp_path / "growth.db", synchronous="OFF")
    store.migrate()
    put(store, change("a"))
    found = {}
    for size in (FEW, MANY):
        rows = [("k", 100), *((f"other {n}", 100) for n in range(size)), *(("k", n - size) for n in range(size))]
        store.transact(lambda tx, rows=rows: tx.put_alike("a", rows))
        found[size] = store.transact(lambda tx: counted_steps(store, tx, 0))
    assert found[MANY] <= found[FEW] + 20, found
    assert store.transact(lambda tx: counted_steps(store, tx, -MANY)) <= found[FEW] + 200, "it stops at `most`"
    store.close()


def counted_steps(store: Store, tx, since: int) -> int:
    (writer,) = (it for it in apsw.connections() if it.filename == store.path and not it.pragma("query_only"))
    found: list[int] = []
    steps = steps_of(writer, lambda: found.append(tx.count_alike("k", since, 200, "", 5)))
    assert found[0] in (1, 5)
    return steps
