"""What every store promises: one suite, run on each kind. A new store is right when it passes this."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from guanjia.clock import SECOND, SystemClock
from guanjia.errors import Conflict, Refused, StoreError, Text
from guanjia.model.event import GENESIS, Notification
from guanjia.model.sight import Sight, joined
from guanjia.store import InboxItem, OfficeChange, Query, Store, Transaction
from guanjia.store.interface import Tally

from tests.store.making import advance, change, columns, events, keys, message, put, writing


class Broken(Exception):
    """A fault of the work itself, which no store knows."""


class Conformance:
    # -- cases and events

    def test_what_was_written_is_read(self, store: Store) -> None:
        about = columns("TS-1", mode=None, deadline=5, next_due=4, breached=2, assignee=None)
        put(store, change("a", steps=3, about=about, personal=[("c1", "salt", '"王敏"'), ("c2", "salt", "13")]))
        held = store.get("a")
        assert held is not None
        assert (held.id, held.seq, held.snapshot) == ("a", 3, '{"case":"a","seq":3}')
        assert held.head == events("a", 3, 3)[0].head
        assert held.personal == {"c1": "王敏", "c2": 13}
        assert store.columns("a") == about
        assert list(store.events("a")) == events("a", 1, 3)
        assert list(store.events("a", 2)) == events("a", 3, 3)
        assert store.transact(lambda tx: tx.read("a", None)).held == held

    def test_what_is_not_there_is_none(self, store: Store) -> None:
        assert store.get("nobody") is None
        assert store.columns("nobody") is None
        assert list(store.events("nobody")) == []
        assert store.blob("00") is None
        assert store.version("00") is None
        assert store.setting("nothing") is None
        assert store.next_wake() is None
        nothing = store.transact(lambda tx: tx.read("nobody", "nokey"))
        assert (nothing.held, nothing.answer) == (None, None)

    def test_every_column_but_the_fixed_ones_follows_every_change(self, store: Store) -> None:
        put(store, change("a", about=columns("N-1")))
        slow = columns(
            "N-1", version="v2", priority="major", summary="新", room=None, assignee="li", customer="c", parent="p"
        )
        quick = slow._replace(states="a,b", changed_at=9, next_due=11, deadline=12, breached=1)
        unsure = quick._replace(provisional=2)
        ended = unsure._replace(closed_at=20, outcome="done", next_due=None, deadline=None, provisional=0)
        for before, about in enumerate((slow, quick, unsure, ended), 1):
            put(store, change("a", before, about=about))
            assert store.columns("a") == about
        assert list(store.integrity()) == []

    def test_a_case_is_found_by_its_number_in_letters_of_either_case(self, store: Store) -> None:
        put(store, change("a", about=columns("TS-2026-00001")), change("b", about=columns("投诉-Ä1")))
        for ref, identity in (("ts-2026-00001", "a"), ("Ts-2026-00001", "a"), ("投诉-Ä1", "b")):
            held = store.get(ref)
            assert held is not None
            assert held.id == identity
            read = store.transact(lambda tx, ref=ref: tx.read(ref, None)).held  # type: ignore[misc]
            assert read == held
        assert store.get("00001") is None
        assert store.get("投诉-ä1") is None

    def test_a_number_belongs_to_one_case_of_a_site(self, store: Store) -> None:
        put(store, change("a", about=columns("N-1", site="east")), change("b", about=columns("N-1", site="west")))
        with pytest.raises(Conflict, match="belongs to another case"):
            put(store, change("c", about=columns("n-1", site="east")))
        assert store.get("c") is None
        with pytest.raises(Conflict, match="several sites"):
            store.get("N-1")
        with pytest.raises(Conflict, match="several sites"):
            store.transact(lambda tx: tx.read("N-1", None))

    def test_personal_values_add_up_over_changes(self, store: Store) -> None:
        put(
            store,
            change("a", personal=[("c1", "s", "1")]),
            change("a", 1),
            change("a", 2, personal=[("c2", "s", "2"), ("c1", "s", "1")]),
            change("a", 3),
        )
        held = store.get("a")
        assert held is not None
        assert held.personal == {"c1": 1, "c2": 2}
        assert store.transact(lambda tx: tx.read("a", None)).held == held
        assert store.transact(lambda tx: tx.children(["a", "zz"]))["a"] == held._replace(personal={})
        assert store.transact(lambda tx: tx.children([])) == {}

    def test_what_is_forgotten_is_gone_and_the_rest_stays(self, store: Store) -> None:
        put(store, change("a", personal=[("c1", "s", "1"), ("c2", "s", "2")]), change("b", personal=[("c1", "s", "1")]))
        put(store, change("a", 1, forget=True))
        assert list(store.sealed("a")) == []
        held = store.get("a")
        assert held is not None
        assert (held.seq, held.personal) == (2, {})
        assert store.transact(lambda tx: tx.read("a", None)).held == held
        assert store.sealed("b")
        put(store, change("a", 2, personal=[("c3", "s", "3")]))
        assert [row[0] for row in store.sealed("a")] == ["c3"]

    def test_what_comes_with_a_forgetting_is_what_remains(self, store: Store) -> None:
        put(store, change("a", personal=[("c1", "s", "1"), ("c2", "s", "2")]))
        put(store, change("a", 1, forget=True, personal=[("c2", "s", "2")]))
        assert store.sealed("a") == [("c2", "s", "2")]
        held = store.get("a")
        assert held is not None
        assert held.personal == {"c2": 2}

    def test_forgetting_that_fails_forgets_nothing(self, store: Store) -> None:
        put(store, change("a", personal=[("c1", "s", "1")]))

        def fail(tx: Transaction) -> None:
            tx.write(change("a", 1, forget=True, personal=[("c2", "s", "2")]))
            raise Broken

        with pytest.raises(Broken):
            store.transact(fail)
        assert len(store.sealed("a")) == 1
        held = store.get("a")
        assert held is not None
        assert held.personal == {"c1": 1}

    def test_personal_values_are_put_in_the_place_of_others(self, store: Store) -> None:
        put(store, change("a", personal=[("c1", "s", "1"), ("c2", "s", "2")]))
        within = getattr(store, "within", store)
        rows = {row[0]: row for row in within.sealed("a")}
        within.transact(lambda tx: tx.put_personal("a", [("c1", "t", '"neu"')]))
        assert {row[0]: row for row in within.sealed("a")} == {**rows, "c1": ("c1", "t", '"neu"')}
        held = within.get("a")
        assert held is not None
        assert held.seq == 1
        assert held.personal["c1"] == "neu"

        def fail(tx: Transaction) -> None:
            tx.put_personal("a", [("c1", "u", '"nie"')])
            raise Broken

        with pytest.raises(Broken):
            within.transact(fail)
        assert {row[0]: row for row in within.sealed("a")}["c1"] == ("c1", "t", '"neu"')

    def test_all_cases_are_named_in_order(self, store: Store) -> None:
        names = [f"case-{number:04}" for number in range(1050)]
        store.transact_many([writing(change(name)) for name in reversed(names)])
        assert list(store.cases()) == names

    def test_the_feed_gives_every_event_once_in_order(self, store: Store) -> None:
        put(store, change("a", steps=2), change("b"), change("a", 2))
        with pytest.raises(Conflict):
            put(store, change("b", 5))
        put(store, change("b", 1, 2))
        wanted = [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2), ("b", 3)]
        every = store.feed()
        assert [(case, row.seq) for _, case, row in every] == wanted
        cursor, seen = 0, []
        while page := store.feed(cursor, 2):
            seen += [(case, row.seq) for _, case, row in page]
            cursor = page[-1][0]
        assert seen == wanted
        assert [row for _, case, row in every if case == "b"] == events("b", 1, 3)

    # -- transactions

    def test_a_stale_change_is_a_conflict_and_changes_nothing(self, store: Store) -> None:
        put(store, change("a", steps=2))
        for before, steps in ((1, 1), (0, 1), (5, 1), (1, 3)):
            with pytest.raises(Conflict, match="changed meanwhile") as caught:
                put(store, change("a", before, steps, notifications=[message("a", 1, before + 1)], key=("k", "d", "t")))
            assert caught.value.data["again"]
        with pytest.raises(Conflict, match="changed meanwhile"):
            put(store, change("new", 1))
        assert store.get("new") is None
        held = store.get("a")
        assert held is not None
        assert held.seq == 2
        assert store.outbox() == []
        assert store.transact(lambda tx: tx.read(None, "k")).answer is None
        assert list(store.integrity()) == []

    def test_events_that_do_not_lead_to_the_snapshot_are_refused(self, store: Store) -> None:
        put(store, change("a"))
        with pytest.raises(StoreError):
            put(store, change("a", 1, 2)._replace(events=events("a", 2, 2)))
        with pytest.raises(StoreError):
            put(store, change("a", 1, 2)._replace(events=()))
        held = store.get("a")
        assert held is not None
        assert held.seq == 1
        assert list(store.events("a", 1)) == []

    def test_an_exception_leaves_nothing_behind(self, store: Store) -> None:
        put(store, change("a"))

        def work(tx: Transaction) -> None:
            tx.next_number("main", "complaint", 2026)
            tx.write(
                change(
                    "a",
                    1,
                    about=columns("N-a", assignee="li", closed_at=3),
                    personal=[("c", "s", "1")],
                    key=("k", "d", "t"),
                    notifications=[message("a", 1, 2)],
                    inbox=[InboxItem("i", "a", None, "{}")],
                    blobs=[("0" * 64, b"x")],
                )
            )
            tx.write(change("b", about=columns("N-b")))
            raise Broken

        with pytest.raises(Broken):
            store.transact(work)
        held = store.get("a")
        assert held is not None
        assert (held.seq, held.personal) == (1, {})
        assert store.columns("a") == columns("N-a")
        assert store.get("b") is None
        assert store.get("N-b") is None
        assert store.blob("0" * 64) is None
        assert list(store.inbox()) == []
        assert list(store.outbox()) == []
        assert len(store.feed()) == 1
        assert store.transact(lambda tx: tx.read(None, "k")).answer is None
        assert store.transact(lambda tx: tx.next_number("main", "complaint", 2026)) == 1
        assert store.transact(lambda tx: tx.load(["staff.wang", "li"])) == {"staff.wang": 1, "li": 0}
        put(store, change("b", about=columns("N-b")), change("a", 1))

    def test_a_work_that_hides_an_error_is_undone_all_the_same(self, store: Store) -> None:
        put(store, change("a", key=("k", "d", "t")))

        def work(tx: Transaction) -> str:
            tx.write(change("b"))
            try:
                tx.write(change("c", key=("k", "d", "t")))
                tx.read("c", None)
            except Conflict:
                pass
            return "all is well"

        with pytest.raises(Conflict, match="was taken"):
            store.transact(work)
        assert store.get("b") is None
        assert store.get("c") is None

    def test_several_writes_of_one_work_are_one(self, store: Store) -> None:
        def work(tx: Transaction) -> None:
            tx.write(change("a"))
            held = tx.read("a", None).held
            assert held is not None
            tx.write(change("a", held.seq))
            tx.write(change("b"))

        store.transact(work)
        assert [len(store.events(name)) for name in "ab"] == [2, 1]

    def test_of_many_works_each_is_all_or_nothing(self, store: Store) -> None:
        def refused(tx: Transaction) -> None:
            tx.next_number("main", "complaint", 2026)
            tx.write(change("b"))
            raise Refused("state", Text("不行", "no"))

        def number(tx: Transaction) -> int:
            return tx.next_number("main", "complaint", 2026)

        outcomes = store.transact_many(
            [writing(change("a")), refused, writing(change("a")), number, writing(change("a", 1))]
        )
        assert [type(outcome).__name__ for outcome in outcomes] == [
            "NoneType",
            "Refused",
            "Conflict",
            "int",
            "NoneType",
        ]
        assert outcomes[3] == 1
        assert store.get("b") is None
        assert len(store.events("a")) == 2

    def test_the_last_of_many_works_may_fail_as_any_other(self, store: Store) -> None:
        put(store, change("a"))
        outcomes = store.transact_many([writing(change("b")), writing(change("a"))])
        assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "Conflict"]
        assert store.get("b") is not None
        put(store, change("d", about=columns("N-d", next_due=1)))
        found = store.transact_due(5, 10, lambda tx, case: tx.write(change("a")))
        assert [(case, type(outcome).__name__) for case, outcome in found] == [("d", "Conflict")]
        put(store, change("a", 1))

    def test_a_fault_among_many_works_undoes_them_all(self, store: Store) -> None:
        def broken(tx: Transaction) -> None:
            tx.write(change("b"))
            raise Broken

        with pytest.raises(Broken):
            store.transact_many([writing(change("a")), broken, writing(change("c"))])
        assert list(store.cases()) == []
        put(store, change("a"))

    def test_due_cases_are_worked_on_soonest_first_and_those_beside_are_left(self, store: Store) -> None:
        put(
            store,
            *(
                change(name, about=columns(f"N-{name}", next_due=at))
                for name, at in zip("abcd", (40, 10, 30, 20), strict=True)
            ),
        )

        def fire(tx: Transaction, case: str) -> int:
            held = tx.read(case, None).held
            assert held is not None
            tx.write(change(case, held.seq, about=columns(f"N-{case}", next_due=None)))
            return held.seq

        assert store.transact_due(30, 10, fire, ["d"]) == [("b", 1), ("c", 1)]
        assert store.transact_due(30, 10, fire) == [("d", 1)]
        assert store.transact_due(30, 10, fire) == []
        assert list(store.due(100)) == ["a"]

    def test_a_due_case_that_fails_leaves_nothing_and_holds_up_no_other(self, store: Store) -> None:
        put(store, *(change(name, about=columns(f"N-{name}", next_due=1)) for name in "abc"))
        put(store, change("p", about=columns("N-p", next_due=1), personal=[("c1", "salt", '"王敏"')]))

        def fire(tx: Transaction, case: str) -> object:
            held = tx.read(case, None).held
            assert held is not None
            if case == "c":
                return None  # nothing asked further, nothing written
            tx.write(change(case, held.seq, about=columns(f"N-{case}", next_due=None)))
            if case == "b":
                raise Refused("state", Text("不行", "no"))
            return dict(held.personal)

        outcomes = dict(store.transact_due(1, 10, fire))
        assert isinstance(outcomes.pop("b"), Refused)
        assert outcomes == {"a": {}, "c": None, "p": {"c1": "王敏"}}
        assert list(store.due(1)) == ["b", "c"]
        assert [len(store.events(case)) for case in "abcp"] == [2, 1, 1, 2]

    def test_a_transaction_inside_a_transaction_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="inside a transaction"):
            store.transact(lambda _: store.transact(writing(change("a"))))
        put(store, change("a"))

    def test_a_work_may_read_through_the_store(self, store: Store) -> None:
        put(store, change("a"))
        found = store.transact(lambda tx: (tx.read("a", None), store.events("a"), store.get("a")))
        assert len(found[1]) == 1
        assert found[2] == found[0].held

    def test_a_closed_store_says_so(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.get("a")
        with pytest.raises(StoreError, match="closed"):
            put(store, change("a"))

    def test_migrating_again_changes_nothing(self, store: Store, reopened: Callable[[], Store]) -> None:
        put(store, change("a"))
        again = reopened()
        again.migrate()
        assert again.get("a") == store.get("a")
        again.close()

    # -- numbers and keys

    def test_numbers_run_without_gaps_for_each_counter(self, store: Store) -> None:
        def take(counter: str, year: int) -> Callable[[Transaction], int]:
            return lambda tx: tx.next_number("main", counter, year)

        assert [store.transact(take("a", 2026)) for _ in range(3)] == [1, 2, 3]
        assert store.transact(take("a", 2027)) == 1
        assert store.transact(take("b", 2026)) == 1
        assert store.transact(lambda tx: [tx.next_number("main", "a", 2026) for _ in range(2)]) == [4, 5]
        assert store.transact(lambda tx: tx.next_number("other", "a", 2026)) == 1
        assert [store.transact(take("a", 0)) for _ in range(2)] == [6, 7]
        assert [store.transact(take("c", 0)) for _ in range(2)] == [1, 2]
        assert store.transact(take("a", 2026)) == 6
        assert [store.transact(lambda tx: tx.next_number("", "a", 2026)) for _ in range(2)] == [7, 8]
        assert store.transact(lambda tx: tx.next_number("", "d", 2026)) == 1

    def test_a_key_remembers_its_answer_and_is_taken_once(self, store: Store) -> None:
        put(store, change("a", key=("k", "digest", '{"seq":1}')))
        answer = store.transact(lambda tx: tx.read(None, "k")).answer
        assert answer is not None
        assert (answer.digest, answer.text) == ("digest", '{"seq":1}')
        read = store.transact(lambda tx: tx.read("a", "k"))
        assert read.held is not None
        assert read.answer == answer
        with pytest.raises(Conflict, match="was taken") as caught:
            put(store, change("a", 1, key=("k", "other", "x")))
        assert caught.value.data == {"key": "k", "again": True}
        assert len(store.events("a")) == 1

    # -- many at once

    def test_fifty_threads_each_get_exactly_their_own_result(self, store: Store) -> None:
        """Half of them write one case by compare-and-set, half fail on purpose; the numbers show who really was there."""
        put(store, change("hot"))
        found: list[tuple[int, int] | str] = []
        start = threading.Barrier(50)

        def run(me: int) -> None:
            def work(tx: Transaction) -> tuple[int, int]:
                held = tx.read("hot", None).held
                assert held is not None
                number = tx.next_number("main", "threads", 2026)
                tx.write(change("hot", held.seq, about=columns("N-hot")))
                tx.write(change(f"own-{me}"))
                if me % 5 == 0:
                    raise Broken
                return held.seq + 1, number

            start.wait()
            try:
                found.append(store.transact(work))
            except Broken:
                found.append("broken")

        threads = [threading.Thread(target=run, args=(me,)) for me in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = sorted(each for each in found if not isinstance(each, str))
        assert found.count("broken") == 10
        assert done == [(number + 1, number) for number in range(1, 41)]
        assert len(store.events("hot")) == 41
        assert len(list(store.cases())) == 41
        assert list(store.integrity()) == []

    def test_of_two_that_read_the_same_version_one_wins(self, store: Store) -> None:
        put(store, change("a"))
        results: list[str] = []
        start = threading.Barrier(8)

        def run() -> None:
            held = store.get("a")
            assert held is not None
            start.wait()
            try:
                put(store, change("a", held.seq))
                results.append("won")
            except Conflict:
                results.append("lost")

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["lost"] * 7 + ["won"]

    def test_the_feed_misses_nothing_while_many_write(self, store: Store) -> None:
        done = threading.Event()
        seen: list[tuple[str, int]] = []

        def follow() -> None:
            cursor = 0
            while True:
                ended = done.is_set()
                page = store.feed(cursor, 7)
                seen.extend((case, row.seq) for _, case, row in page)
                if page:
                    cursor = page[-1][0]
                elif ended:
                    return

        def write(me: int) -> None:
            put(store, change(f"c{me}"))
            for _ in range(12):
                advance(store, f"c{me}")
                with pytest.raises(Conflict):
                    put(store, change(f"c{me}", 0))

        reader = threading.Thread(target=follow)
        writers = [threading.Thread(target=write, args=(me,)) for me in range(6)]
        for thread in (reader, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        reader.join()
        assert sorted(seen) == sorted((f"c{me}", seq) for me in range(6) for seq in range(1, 14))
        for me in range(6):
            assert [seq for case, seq in seen if case == f"c{me}"] == list(range(1, 14))

    # -- lists

    def test_due_cases_come_soonest_first_and_finished_ones_never(self, store: Store) -> None:
        put(
            store,
            change("late", about=columns("N-1", next_due=30)),
            change("soon", about=columns("N-2", next_due=10)),
            change("now", about=columns("N-3", next_due=20)),
            change("shut", about=columns("N-4", next_due=5, closed_at=4)),
            change("never", about=columns("N-5")),
        )
        assert list(store.due(20)) == ["soon", "now"]
        assert list(store.due(20)) == ["soon", "now"]
        assert list(store.due(100, 2)) == ["soon", "now"]
        assert list(store.due(9)) == []
        assert store.next_wake() == 10
        put(store, change("soon", 1, about=columns("N-2", next_due=None)))
        assert store.next_wake() == 20
        with pytest.raises(Broken):
            store.transact(lambda tx: (tx.write(change("now", 1, about=columns("N-3"))), _break()))
        assert list(store.due(100)) == ["now", "late"]

    def test_load_counts_open_cases(self, store: Store) -> None:
        put(
            store,
            change("a", about=columns("N-1", assignee="wang")),
            change("b", about=columns("N-2", assignee="wang")),
            change("c", about=columns("N-3", assignee="wang", closed_at=2)),
            change("d", about=columns("N-4", assignee="li")),
        )
        assert store.transact(lambda tx: tx.load(["wang", "li", "zhao"])) == {"wang": 2, "li": 1, "zhao": 0}
        assert store.transact(lambda tx: tx.load([])) == {}

    def test_two_characters_of_chinese_are_found(self, store: Store) -> None:
        put(
            store,
            change("a", about=columns("TS-1", summary="三栋电梯困人", room="3-501")),
            change("b", about=columns("TS-2", summary="水管漏水 100%", room=None)),
            change("c", about=columns("WX-3", summary="LED lamp", room="3-501", closed_at=9)),
        )

        def found(text: str, **given: bool | None) -> list[str]:
            return sorted(row.id for row in store.list(Query(text=text, **given)))  # type: ignore[arg-type]

        assert found("电梯") == ["a"]
        assert found("漏水") == ["b"]
        assert found("3-501 困人") == ["a"]
        assert found("ts-") == ["a", "b"]
        assert found("led", open=None) == ["c"]
        assert found("%") == ["b"]
        assert found("_") == []
        assert found("3-501", open=None) == ["a", "c"]
        assert found("  ") == ["a", "b"]
        assert store.count(Query(text="3-501", open=None)) == 2

    def test_cases_with_provisional_deadlines_are_found(self, store: Store) -> None:
        for name, provisional in (("a", 0), ("b", 2), ("c", 1)):
            put(store, change(name, about=columns(f"N-{name}", provisional=provisional, deadline=ord(name))))
        assert [row.id for row in store.list(Query(provisional=True))] == ["b", "c"]
        assert [row.id for row in store.list(Query(provisional=False))] == ["a"]
        assert store.count(Query(provisional=True)) == 2

    def test_cases_with_an_alarm_are_found_until_it_is_acknowledged(self, store: Store) -> None:
        for name, alarms in (("a", 0), ("b", 2), ("c", 1)):
            put(store, change(name, about=columns(f"N-{name}", alarms=alarms, deadline=ord(name))))
        assert [row.id for row in store.list(Query(alarm=True))] == ["b", "c"]
        put(store, change("b", 1, about=columns("N-b", alarms=0, deadline=1)))
        assert [row.id for row in store.list(Query(alarm=True))] == ["c"]
        assert [row.id for row in store.list(Query(alarm=False))] == ["b", "a"]
        assert store.count(Query(alarm=True)) == 1

    def test_a_case_that_nobody_has_marked_is_seen_without_bounds_only_and_marking_it_changes_nothing_else(
        self, store: Store
    ) -> None:
        put(store, change("a", about=columns("N-a")))
        mine = Query(sight=Sight(hand=("hand:li",)))
        assert [row.id for row in store.list(Query())] == ["a"]
        assert store.list(mine) == []
        held, about = store.get("a"), store.columns("a")
        assert about is not None
        with pytest.raises(Broken):
            store.transact(lambda tx: (tx.put_marks("a", joined(["hand:li"])), _break()))
        assert store.list(mine) == []
        store.transact(lambda tx: tx.put_marks("a", joined(["hand:li"])))
        assert [row.id for row in store.list(mine)] == ["a"]
        assert store.count(mine) == 1
        assert (store.get("a"), store.columns("a")) == (held, about._replace(marks=joined(["hand:li"])))
        put(store, change("a", 1, about=columns("N-a", marks=joined(["hand:wang"]))))
        assert store.list(mine) == []

    def test_cases_are_counted_under_their_keys_within_bounds_and_what_fails_counts_for_nothing(
        self, store: Store
    ) -> None:
        for name, at in (("a", 10), ("b", 20), ("c", 30)):
            put(store, change(name))
            store.transact(lambda tx, name=name, at=at: tx.put_alike(name, [("k", at), (f"own {name}", 1)]))  # type: ignore[misc]

        def count(key: str, since: int, until: int, beside: str = "", most: int = 9) -> int:
            return store.transact(lambda tx: tx.count_alike(key, since, until, beside, most))

        assert [count("k", 0, 99), count("k", 10, 30), count("k", 10, 29), count("k", 30, 99)] == [3, 2, 1, 0]
        assert [count("k", 0, 99, "b"), count("k", 0, 99, "", 2), count("own a", 0, 99), count("none", 0, 99)] == [
            2,
            2,
            1,
            0,
        ]
        with pytest.raises(Broken):
            store.transact(lambda tx: (tx.put_alike("a", [("k", 50)]), _break()))
        assert list(store.alike("a")) == [("k", 10), ("own a", 1)]
        store.transact(lambda tx: tx.put_alike("a", [("k", 50)]))
        assert list(store.alike("a")) == [("k", 50)]
        assert [count("k", 0, 19), count("own a", 0, 99)] == [0, 0]
        store.transact(lambda tx: tx.put_alike("a", []))
        assert list(store.alike("a")) == []

    # -- outbox

    def test_messages_are_claimed_once_and_settled_by_their_owner(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1), message("a", 2, recipient="customer:1", outside=True)]))
        put(store, change("b", notifications=[message("b", 3, created_at=50)]))
        first = store.claim(100, "one", 200, limit=2)
        assert keys(first) == ["3", "1"]
        assert [(row.status, row.attempts, row.owner, row.next_at) for row in first] == [("sending", 1, "one", 200)] * 2
        assert keys(store.claim(100, "two", 200)) == ["2"]
        assert store.claim(199, "three", 300) == []
        key = first[0].notification.key
        assert first[0].notification == message("b", 3, created_at=50)
        assert not store.sent(key, "two", 150)
        assert store.sent(key, "one", 150, "250 ok")
        assert not store.sent(key, "one", 151)
        (row,) = store.outbox(case="b")
        assert (row.status, row.sent_at, row.note, row.owner, row.next_at) == ("sent", 150, "250 ok", None, None)
        assert store.next_wake() == 200

    def test_a_lease_is_renewed_and_what_was_not_tried_is_put_back_by_its_owner_alone(self, store: Store) -> None:
        put(store, *(change(name, notifications=[message(name, number)]) for number, name in enumerate("abc", 1)))
        (first, _) = store.claim(100, "one", 200, limit=2)
        assert store.renew("one", 500) == 2
        assert store.renew("two", 900) == 0
        assert keys(store.claim(200, "two", 300)) == ["3"]
        assert store.sent(first.notification.key, "one", 210)
        assert store.release("one", 220) == 1
        (back,) = store.claim(220, "two", 400)
        assert keys([back]) == ["2"]
        assert back.attempts == 1
        assert store.release("one", 230) == 0

    def test_a_message_is_not_claimed_before_its_instant(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1)]))
        assert store.claim(99, "one", 200) == []
        assert store.next_wake() == 100

    def test_who_lost_his_lease_cannot_settle(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1)]))
        (row,) = store.claim(100, "slow", 200)
        (again,) = store.claim(200, "quick", 300)
        assert (again.attempts, again.owner) == (2, "quick")
        assert not store.sent(row.notification.key, "slow", 210)
        assert not store.failed(row.notification.key, "slow", "timeout", 400)
        assert store.sent(row.notification.key, "quick", 220)

    def test_a_failed_message_waits_then_dies_then_is_tried_again(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1)]))
        (row,) = store.claim(100, "one", 200)
        key = row.notification.key
        assert store.failed(key, "one", "450 later", 500)
        assert store.claim(499, "one", 600) == []
        assert store.next_wake() == 500
        (row,) = store.claim(500, "one", 600)
        assert (row.attempts, row.last_error) == (2, "450 later")
        assert store.failed(key, "one", "550 never", None)
        assert store.next_wake() is None
        assert store.claim(10_000, "one", 20_000) == []
        assert store.outbox_counts() == {
            "waiting": 0, "sending": 0, "sent": 0, "dead": 1, "unrenderable": 0, "recorded": 0,
        }  # fmt: skip
        assert not store.retry(replace(row.notification, key="nothing"), 700)
        assert store.retry(row.notification, 700)
        assert not store.retry(row.notification, 700)
        (row,) = store.claim(700, "one", 800)
        assert row.attempts == 1
        assert store.sent(key, "one", 750)
        assert [(row.status, row.last_error) for row in store.outbox()] == [("sent", None)]

    def test_messages_of_a_case_to_one_recipient_go_in_order(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1), message("a", 2), message("a", 3, channel="robot")]))
        put(store, change("b", notifications=[message("b", 4)]))
        (one, three, four) = store.claim(100, "w", 200)
        assert keys([one, three, four]) == ["1", "3", "4"]
        assert store.failed(one.notification.key, "w", "later", 1_000)
        assert keys(store.claim(300, "w", 2_000)) == ["3", "4"]
        (one,) = store.claim(1_000, "w", 2_000)
        assert keys([one]) == ["1"]
        assert store.failed(one.notification.key, "w", "never", None)
        assert keys(store.claim(1_001, "w", 2_000)) == ["2"]

    def test_a_blocked_message_wakes_nobody(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1), message("a", 2)]))
        (row,) = store.claim(100, "w", 200)
        assert store.failed(row.notification.key, "w", "later", 5_000)
        assert store.next_wake() == 5_000

    def test_what_cannot_be_rendered_or_is_only_recorded_is_kept_and_not_sent(self, store: Store) -> None:
        bad = message("a", 1, problem="模板出错", subject="", body="")
        put(store, change("a", notifications=[bad, message("a", 2, channel="recorder"), message("a", 3)]))
        assert [(row.status, row.next_at) for row in store.outbox()] == [
            ("waiting", 100),
            ("recorded", None),
            ("unrenderable", None),
        ]
        assert keys(store.claim(100, "w", 200)) == ["3"]
        assert store.outbox(status="unrenderable")[0].notification == bad
        assert keys(store.outbox(case="a", limit=2)) == ["3", "2"]
        assert store.outbox(case="a", status="dead") == []
        assert store.outbox_keys("a") == [message("a", n, 1).key for n in (1, 2, 3)]
        assert store.outbox_keys("b") == []
        mended = replace(bad, subject="好了", body="可以发了", channel="mail", address="a@example.com", problem=None)
        assert store.retry(mended, 150)
        (row,) = store.claim(150, "w", 200)
        assert row.notification == mended

    def test_the_same_message_is_never_written_twice(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1)]))
        with pytest.raises(StoreError):
            put(store, change("a", 1, notifications=[message("a", 1)]))
        assert len(store.outbox()) == 1
        assert len(store.events("a")) == 1

    def test_workers_share_the_outbox_and_nothing_is_taken_twice(self, store: Store) -> None:
        for number in range(12):
            case = f"c{number}"
            put(store, change(case, notifications=[message(case, n, recipient=f"r{n}") for n in range(10)]))
        taken: list[str] = []

        def work(me: int) -> None:
            while rows := store.claim(100, f"w{me}", 10_000, limit=7):
                taken.extend(row.notification.key for row in rows)
                assert all(store.sent(row.notification.key, f"w{me}", 101) for row in rows)

        threads = [threading.Thread(target=work, args=(me,)) for me in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for row in store.claim(100, "last", 10_000, limit=200):  # one that stood aside for another's lock may be left
            taken.append(row.notification.key)
            assert store.sent(row.notification.key, "last", 101)
        assert len(taken) == len(set(taken)) == 120
        assert store.outbox_counts()["sent"] == 120

    # -- messages that wait

    def test_a_message_that_has_to_wait_is_claimed_from_that_instant_on(self, store: Store) -> None:
        waiting = message("a", 1, urgency="low", not_before=500, digest="d")
        put(store, change("a", notifications=[waiting]))
        assert store.next_wake() == 500
        assert store.claim(499, "w", 600) == []
        (row,) = store.claim(500, "w", 600)
        assert row.notification == waiting

    def test_what_has_the_same_digest_is_claimed_and_settled_as_one_whatever_the_limit(self, store: Store) -> None:
        later = {"not_before": 500, "digest": "d"}
        other = message("b", 4, channel="robot", not_before=500, digest="other")
        mine = [message("a", 1, **later), message("a", 2, **later), message("a", 3, not_before=700)]
        put(store, change("a", notifications=mine), change("b", notifications=[other, message("b", 5, **later)]))
        assert keys(store.claim(500, "w", 600, limit=1)) == ["1", "2", "5"]
        assert keys(store.claim(500, "v", 600, limit=1)) == ["4"]
        assert store.sent(message("a", 2).key, "v", 510) is False
        assert store.sent(message("a", 2).key, "w", 510, "250 ok")
        assert {row.notification.key[-1]: row.status for row in store.outbox()} == {
            "1": "sent", "2": "sent", "3": "waiting", "4": "sending", "5": "sent",
        }  # fmt: skip
        assert {row.sent_at for row in store.outbox(status="sent")} == {510}

    def test_what_failed_or_was_lost_together_comes_again_together_and_nothing_joins_it(self, store: Store) -> None:
        later = {"not_before": 500, "digest": "d"}
        put(
            store,
            change("a", notifications=[message("a", 1, **later)]),
            change("b", notifications=[message("b", 2, **later)]),
        )
        assert keys(store.claim(500, "dead worker", 600)) == ["1", "2"]
        put(store, change("c", notifications=[message("c", 3, **later)]))
        assert keys(store.claim(599, "w", 700)) == ["3"]
        assert keys(store.claim(600, "w", 710)) == ["1", "2"]
        assert store.failed(message("b", 2).key, "w", "450 later", 900)
        assert store.next_wake() == 700
        assert keys(store.claim(900, "w", 1_000, limit=1)) == ["3"]
        assert keys(store.claim(900, "w", 1_000)) == ["1", "2"]
        assert store.failed(message("a", 1).key, "w", "550 never", None)
        assert [row.last_error for row in store.outbox(status="dead")] == ["550 never", "550 never"]
        assert store.retry(message("a", 1), 950)
        (again,) = store.claim(950, "w", 2_000)
        assert (keys([again]), again.notification.digest, again.notification.not_before) == (["1"], None, None)

    def test_one_may_fail_alone_of_those_that_go_out_together(self, store: Store) -> None:
        later = {"not_before": 500, "digest": "d"}
        put(store, change("a", notifications=[message("a", 1, **later)]))
        put(store, change("b", notifications=[message("b", 2, **later)]))
        assert keys(store.claim(500, "w", 600)) == ["1", "2"]
        assert not store.failed(message("a", 1).key, "other", "unreadable", None, alone=True)
        assert store.failed(message("a", 1).key, "w", "unreadable", 900, alone=True)
        assert store.sent(message("b", 2).key, "w", 510)
        assert [(row.status, row.last_error) for row in store.outbox()] == [("sent", None), ("waiting", "unreadable")]
        assert keys(store.claim(900, "w", 1_000)) == ["1"]

    def test_a_message_is_held_without_counting_as_tried(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1, digest="d"), message("a", 2, digest="d")]))
        put(store, change("b", notifications=[message("b", 3, digest="d"), message("b", 4)]))
        urgent = message("c", 5, digest="d", urgency="urgent")
        put(store, change("c", notifications=[urgent]))
        assert keys(store.claim(100, "w", 200, limit=1)) == ["1"]
        assert not store.hold(message("a", 1).key, "other", 700)
        assert store.hold(message("a", 1).key, "w", 700)
        assert [(row.status, row.attempts, row.next_at, row.notification.not_before) for row in store.outbox()] == [
            ("waiting", 0, 100, None), ("waiting", 0, 100, None), *[("waiting", 0, 700, 700)] * 3,
        ]  # fmt: skip
        assert keys(store.claim(100, "w", 200)) == ["5"]
        assert keys(store.claim(700, "w", 800, limit=1)) == ["5"]
        assert keys(store.claim(700, "w", 800, limit=1)) == ["1", "2", "3"]

    def test_a_message_that_nobody_wants_any_more_is_kept_and_never_sent(self, store: Store) -> None:
        late = {"not_before": 300, "digest": "d"}
        put(store, change("a", notifications=[message("a", 1, **late), message("a", 2, **late)]))
        assert keys(store.claim(300, "w", 400)) == ["1", "2"]
        assert not store.decline(message("a", 1).key, "other", "no")
        assert store.decline(message("a", 1).key, "w", "no")
        assert not store.decline(message("a", 1).key, "w", "no")
        assert store.sent(message("a", 2).key, "w", 310)
        assert [(row.status, row.last_error, row.next_at) for row in store.outbox()] == [
            ("sent", None, None),
            ("recorded", "no", None),
        ]
        assert keys(store.claim(10**9, "w", 10**9 + 1)) == []

    def test_what_is_urgent_takes_along_what_would_be_held_before_it(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1, digest="d"), message("a", 2, digest="d", urgency="low")]))
        put(store, change("a", 1, notifications=[message("a", 3, 2, urgency="urgent"), message("a", 4, 2, digest="d")]))
        put(store, change("b", notifications=[message("b", 5, digest="d")]))
        assert keys(store.claim(100, "w", 200, limit=1)) == ["1"]
        assert store.hold(message("a", 1).key, "w", 700)
        for number in ("1", "2", "3"):
            (row,) = store.claim(100, "w", 200, limit=1)
            assert (keys([row]), row.notification.urgency, row.notification.digest) == ([number], "urgent", None)
            assert store.sent(row.notification.key, "w", 110)
        assert keys(store.claim(100, "w", 200)) == []
        assert keys(store.claim(700, "w", 800)) == ["4", "5"]

    def test_what_is_told_later_takes_along_what_waits_before_it(self, store: Store) -> None:
        def late(number: int, **given: Any) -> Notification:
            return message("a", number, **{"not_before": 800, "digest": "d", **given})

        put(store, change("a", notifications=[late(1, urgency="low"), late(2, channel="robot"), late(3)]))
        put(store, change("b", notifications=[message("b", 4, not_before=800, digest="d")]))
        put(store, change("a", 1, notifications=[message("a", 5, 2, urgency="urgent", created_at=150)]))
        assert store.next_wake() == 150
        assert keys(store.claim(150, "w", 10_000)) == ["1"]
        assert store.sent(message("a", 1).key, "w", 151)
        assert keys(store.claim(151, "w", 10_000)) == ["3"]
        assert store.sent(message("a", 3).key, "w", 152)
        assert keys(store.claim(152, "w", 10_000)) == ["5"]
        taken = [row.notification for row in store.outbox(status="sent")]
        assert [(one.urgency, one.not_before, one.digest) for one in taken] == [("urgent", None, None)] * 2
        assert keys(store.claim(800, "w", 10_000)) == ["2", "4"]

    def test_an_urgent_message_does_not_stay_for_one_that_failed(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1)]))
        (row,) = store.claim(100, "w", 200)
        put(store, change("a", 1, notifications=[message("a", 2, 2, urgency="urgent"), message("a", 3, 2)]))
        assert store.claim(150, "w", 300) == []
        assert store.failed(row.notification.key, "w", "450 later", 9_000)
        assert store.next_wake() == 100
        assert keys(store.claim(160, "w", 300)) == ["2"]
        assert store.sent(message("a", 2, 2).key, "w", 170)
        assert store.claim(180, "w", 300) == []

    def test_of_what_goes_out_as_one_no_worker_takes_a_part(self, store: Store) -> None:
        for number in range(40):
            case, given = f"c{number}", {"not_before": 500, "digest": f"d{number % 5}"}
            put(store, change(case, notifications=[message(case, n, **given) for n in (1, 2)]))
        taken: list[list[str]] = []

        def work(me: int) -> None:
            while rows := store.claim(500, f"w{me}", 10_000, limit=3):
                for digest in {row.notification.digest for row in rows}:
                    parcel = [row.notification.key for row in rows if row.notification.digest == digest]
                    taken.append(parcel)
                    assert store.sent(parcel[0], f"w{me}", 501)

        threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(parcel) for parcel in taken) == [16] * 5
        assert store.outbox_counts()["sent"] == 80

    # -- inbox

    def test_the_inbox_gives_the_oldest_of_each_pair(self, store: Store) -> None:
        items = [
            InboxItem("1", "a", "b", '{"n":1}'), InboxItem("2", "a", "b", "{}"), InboxItem("3", "a", None, "{}"),
            InboxItem("4", "a", None, "{}"), InboxItem("5", "c", "b", "{}"),
        ]  # fmt: skip
        put(store, change("a", about=columns("N-a", next_due=7), inbox=items))
        assert list(store.inbox()) == [items[0], items[2], items[4]]
        assert list(store.inbox(2)) == [items[0], items[2]]
        assert store.next_wake() == 0
        put(store, change("b", inbox_done="1"))
        assert [item.key for item in store.inbox()] == ["2", "3", "5"]
        with pytest.raises(Conflict) as caught:
            put(store, change("b", 1, inbox_done="1"))
        assert caught.value.data["again"]
        assert len(store.events("b")) == 1
        store.drop_inbox("3", "没有这个流程")
        store.drop_inbox("3", "again")
        store.drop_inbox("nothing", "?")
        assert [item.key for item in store.inbox()] == ["2", "4", "5"]
        assert list(store.dropped_inbox()) == [(items[2], "没有这个流程")]
        assert [store.retry_inbox(key) for key in ("3", "3", "1", "nothing")] == [True, False, False, False]
        assert [item.key for item in store.inbox()] == ["2", "3", "5"]
        assert (list(store.dropped_inbox()), store.inbox_status("3")) == ([], "waiting")
        store.drop_inbox("3", "没有这个流程")
        for key in ("2", "4", "5"):
            store.drop_inbox(key, "x")
        assert store.next_wake() == 7

    # -- files, definitions, settings

    def test_blobs_versions_and_settings_are_kept(self, store: Store) -> None:
        content = bytes(range(256)) * 20
        put(
            store,
            change("a", blobs=[("a" * 64, content)]),
            change("a", 1, blobs=[("a" * 64, content), ("b" * 64, b"")]),
        )
        assert store.blob("a" * 64) == content
        assert store.blob("b" * 64) == b""
        store.put_version("h1", "complaint", "{}")
        store.put_version("h1", "complaint", "changed")
        assert store.version("h1") == "{}"
        store.set_setting("office", "甲")
        store.set_setting("office", "乙")
        assert store.setting("office") == "乙"

    def test_the_office_has_a_stream_of_its_own(self, store: Store) -> None:
        rows = events("", 1, 4)
        assert store.transact(lambda tx: tx.office_head()) == (0, GENESIS)

        def publish(tx: Transaction) -> tuple[int, bytes]:
            assert tx.office_head() == (0, GENESIS)
            tx.write_office(OfficeChange(rows[:2], [("h1", "complaint", "{}")], {"office": "甲"}))
            tx.write_office(OfficeChange((), [("h1", "complaint", "changed")], {"office": "乙"}))
            return tx.office_head()

        assert store.transact(publish) == (2, rows[1].head)
        assert (store.version("h1"), store.setting("office")) == ("{}", "乙")
        store.transact(lambda tx: tx.write_office(OfficeChange(rows[2:])))
        assert list(store.office_events()) == rows
        assert list(store.office_events(1, 2)) == rows[1:3]
        assert store.feed() == []
        assert list(store.integrity()) == []

    def test_a_change_of_the_office_is_all_or_nothing_and_follows_on_its_head(self, store: Store) -> None:
        rows = events("", 1, 3)

        def fails(tx: Transaction) -> None:
            tx.write_office(OfficeChange(rows[:1], [("h1", "complaint", "{}")], {"office": "甲"}))
            _break()

        with pytest.raises(Broken):
            store.transact(fails)
        for wrong in (rows[1:2], [rows[0], rows[2]]):
            with pytest.raises(StoreError):
                store.transact(lambda tx, wrong=wrong: tx.write_office(OfficeChange(wrong, (), {"office": "甲"})))  # type: ignore[misc]
        assert (store.office_events(), store.version("h1"), store.setting("office")) == ([], None, None)
        store.transact(lambda tx: tx.write_office(OfficeChange(rows[:1])))
        with pytest.raises(StoreError):
            store.transact(lambda tx: tx.write_office(OfficeChange(rows[:1])))
        assert list(store.office_events()) == rows[:1]

    def test_of_many_who_append_to_the_stream_each_follows_on_the_other(self, store: Store) -> None:
        def append(_: int) -> None:
            def work(tx: Transaction) -> None:
                (row,) = events("", tx.office_head()[0] + 1, tx.office_head()[0] + 1)
                tx.write_office(OfficeChange([row]))

            store.transact(work)

        with ThreadPoolExecutor(8) as people:
            list(people.map(append, range(40)))
        assert [row.seq for row in store.office_events()] == list(range(1, 41))

    def test_open_cases_are_found_by_the_version_they_are_pinned_to(self, store: Store) -> None:
        for name, version in (("c", "v1"), ("a", "v1"), ("b", "v2"), ("d", "v1")):
            put(store, change(name, about=columns(f"N-{name}", version=version)))
        put(store, change("d", 1, about=columns("N-d", version="v1", closed_at=9)))
        assert store.pins() == {"v1": 2, "v2": 1}
        moved = []
        for name in store.pinned("v1"):
            put(store, change(name, 1, about=columns(f"N-{name}", version="v2")))
            moved.append(name)
        assert moved == ["a", "c"]
        assert store.pins() == {"v2": 3}
        assert list(store.pinned("v2")) == ["a", "b", "c"]
        assert list(store.pinned("v9")) == []

    def test_text_of_every_script_survives(self, store: Store) -> None:
        text = "中文 😀 e\u0301 ' \" \\ % $1 ? \u200b\ufeff\t\n {} [] NULL"
        put(
            store,
            change(
                "a", about=columns("N-1", summary=text), personal=[("c", "s", '"\\u0000 \\ud83d"')],
                notifications=[message("a", 1, body=text)],
            )._replace(snapshot=text),
        )  # fmt: skip
        held = store.get("a")
        about = store.columns("a")
        assert held is not None
        assert about is not None
        assert (held.snapshot, about.summary, store.outbox()[0].notification.body) == (text, text, text)
        assert held.personal == {"c": "\x00 \ud83d"}
        assert [row.id for row in store.list(Query(text="😀 $1 ?"))] == ["a"]

    def test_instants_are_exact_over_the_whole_range(self, store: Store) -> None:
        edges = [-(2**63), -1, 0, 2**53 + 1, 2**63 - 2]
        for number, at in enumerate(edges):
            about = columns(f"N-{number}", opened_at=at, changed_at=at, next_due=at, deadline=at)
            put(store, change(f"c{number}", about=about))
            assert store.columns(f"c{number}") == about
        assert [row.columns.deadline for row in store.list(Query())] == edges
        assert list(store.due(0)) == ["c0", "c1", "c2"]
        assert store.next_wake() == edges[0]

    def test_it_tells_what_it_is(self, store: Store) -> None:
        told = store.describe()
        assert {"driver", "version", "location", "schema", "size"} <= set(told)
        assert all(isinstance(value, str) for value in told.values())
        assert list(store.integrity()) == []


def _break() -> None:
    raise Broken

    # -- what an operator asks

    def test_the_oldest_message_that_might_have_been_sent_is_named(self, store: Store) -> None:
        assert store.oldest_unsent(10**9) is None
        put(
            store,
            change(
                "a",
                notifications=[
                    message("a", 1, created_at=100, not_before=900), message("a", 2, created_at=200, channel="recorder"),
                    message("a", 3, created_at=300, recipient="staff:li"), message("a", 4, created_at=400, recipient="staff:wu"),
                ],
            ),
        )  # fmt: skip
        assert [store.oldest_unsent(now) for now in (99, 299, 300, 899, 2000)] == [None, None, 300, 300, 300]
        (first, *_) = store.claim(350, "w", 400)
        assert store.oldest_unsent(2000) == 300
        store.sent(first.notification.key, "w", 360)
        assert store.oldest_unsent(2000) == 400

    def test_messages_that_are_withheld_are_kept_and_never_sent(self, store: Store) -> None:
        put(
            store,
            change(
                "a", notifications=[message("a", n, created_at=100 * n, recipient=f"staff:{n}") for n in range(1, 5)]
            ),
        )
        (taken,) = store.claim(150, "w", 400)
        assert store.withhold(300) == 3
        assert store.withhold(300) == 0
        assert store.outbox_counts()["recorded"] == 3
        assert not store.sent(taken.notification.key, "w", 160)
        assert keys(store.claim(10_000, "v", 20_000)) == ["4"]
        assert list(store.integrity()) == []

    def test_attempts_are_counted_in_their_period_and_taken_back_with_the_work(self, store: Store) -> None:
        def tried(name: str, period: int) -> int:
            return store.transact(lambda tx: tx.attempt(name, period))

        assert [tried("a", 1), tried("a", 1), tried("b", 1), tried("a", 2), tried("a", 2)] == [1, 2, 1, 1, 2]

        def broken(tx: Transaction) -> None:
            tx.attempt("a", 2)
            raise Broken

        with pytest.raises(Broken):
            store.transact(broken)
        assert tried("a", 2) == 3

    def test_what_waits_of_some_events_is_withdrawn_and_what_is_out_is_named(self, store: Store) -> None:
        put(store, change("a", notifications=[message("a", 1, recipient="early")]))
        put(store, change("a", 1, notifications=[message("a", n, 2, recipient=f"r{n}") for n in (1, 2, 3)]))
        put(store, change("b", notifications=[message("b", 1, recipient="other")]))
        of = {row.notification.recipient: row.notification.key for row in store.claim(200, "w", 300, 10)}
        store.sent(of["r1"], "w", 210)
        store.failed(of["r2"], "w", "busy", 220)
        store.failed(of["early"], "w", "busy", 220)

        def broken(tx: Transaction) -> None:
            withdrawn = tx.withdraw("a", 2)
            assert [tuple(each) for each in withdrawn.told] == [("told", "r1"), ("told", "r3")]
            assert list(withdrawn.kept) == [of["r2"]]
            raise Broken

        def statuses() -> dict[str, str]:
            return {row.notification.recipient: row.status for row in store.outbox()}

        before = statuses()
        with pytest.raises(Broken):
            store.transact(broken)
        assert statuses() == before
        withdrawn = store.transact(lambda tx: tx.withdraw("a", 2))
        assert statuses() == {**before, "r2": "recorded"}
        again = store.transact(lambda tx: tx.withdraw("a", 3))
        assert (list(again.told), list(again.kept)) == ([], [])
        keys = [*withdrawn.kept, of["r1"], "none"]
        assert list(store.transact(lambda tx: tx.resume(keys))) == [of["r2"]]
        assert statuses() == before
        assert [row.notification.recipient for row in store.claim(500, "w", 600, 10)] == ["early", "r2"]

    def test_open_cases_are_counted_by_procedure_states_and_mode(self, store: Store) -> None:
        put(
            store,
            change("a", about=columns("N-a", states="x", deadline=50, next_due=40)),
            change("b", about=columns("N-b", states="x", breached=1)),
            change("c", about=columns("N-c", states="x,y", deadline=51, next_due=51)),
            change("d", about=columns("N-d", states="x", mode="drill", next_due=1)),
            change("e", about=columns("N-e", states="x", closed_at=3, breached=1)),
            change("f", about=columns("N-f", procedure="Zebra", states="x")),
        )
        procedure = columns("N").procedure
        assert list(store.tally(50)) == [
            Tally("Zebra", "x", None, 1, 0, 0), Tally(procedure, "x", None, 2, 2, 1),
            Tally(procedure, "x", "drill", 1, 0, 1), Tally(procedure, "x,y", None, 1, 0, 0),
        ]  # fmt: skip
        assert store.tally(51)[3] == Tally(procedure, "x,y", None, 1, 1, 1)

    def test_a_database_with_a_clock_tells_it(self, store: Store) -> None:
        present = store.present()
        assert present is None or abs(present - SystemClock().now()) < 60 * SECOND
