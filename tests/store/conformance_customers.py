"""What every store promises of the register of customers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from guanjia.errors import Conflict, StoreError
from guanjia.store import EventRow, Store
from guanjia.store.customers import CustomerChange, HeldCustomer


def person(id: str, seq: int = 1, record: str = '["salt", {"name": "张伟"}]', **given: object) -> HeldCustomer:
    return HeldCustomer(id, seq, head(id, seq), "", record, **given)  # type: ignore[arg-type]


def head(id: str, seq: int) -> bytes:
    return hashlib.sha256(f"{id}{seq}".encode()).digest()


def told(id: str, seq: int) -> EventRow:
    return EventRow(seq, f'["customer:{id}",{seq}]', head(id, seq), 1_000 + seq)


def put(
    store: Store, who: HeldCustomer, terms: Sequence[tuple[str, str]] | None = None, first: int | None = None
) -> None:
    """Write a person as they are after their events from `first` on."""
    begin = who.seq if first is None else first
    change = CustomerChange(who, begin - 1, [told(who.id, seq) for seq in range(begin, who.seq + 1)], terms)
    store.transact(lambda tx: tx.customers.write(change))


def plain(held: HeldCustomer | None) -> HeldCustomer | None:
    """Without the key, which only a sealed store has."""
    return None if held is None else held._replace(wrapped="")


class CustomersConformance:
    def test_a_customer_that_was_written_is_read(self, store: Store) -> None:
        who = person("C-1", 3, verified_at=7)
        put(store, who, [("phone", "138"), ("room", "3-1-502")], first=1)
        assert plain(store.customers.get("C-1")) == who
        assert plain(store.transact(lambda tx: tx.customers.read("C-1"))) == who
        assert list(store.customers.events("C-1")) == [told("C-1", seq) for seq in (1, 2, 3)]
        assert len(store.customers.terms("C-1")) == 2
        assert store.customers.get("c-1") is None
        assert list(store.customers.events("nobody")) == []
        assert store.transact(lambda tx: tx.customers.read("nobody")) is None
        assert store.customers.count() == 1

    def test_a_customer_is_found_by_every_term_and_by_no_former_one(self, store: Store) -> None:
        put(store, person("b"), [("phone", "138"), ("room", "1-1")])
        put(store, person("a"), [("phone", "138"), ("mail", "138")])
        assert [each.id for each in store.customers.find("phone", "138")] == ["a", "b"]
        assert [plain(each) for each in store.customers.find("mail", "138")] == [person("a")]
        put(store, person("a", 2), [("phone", "139")])
        put(store, person("b", 2))
        assert [each.id for each in store.customers.find("phone", "138")] == ["b"]
        assert [each.id for each in store.customers.find("room", "1-1")] == ["b"]
        assert list(store.customers.find("mail", "138")) == []
        assert store.transact(lambda tx: [each.id for each in tx.customers.find("phone", "139")]) == ["a"]

    def test_what_finds_a_customer_is_put_in_the_place_of_what_did_and_nothing_else_changes(self, store: Store) -> None:
        put(store, person("a"), [("phone", "138")])
        before = plain(store.customers.get("a"))
        store.transact(lambda tx: tx.customers.find_by("a", [("name", "zhang"), ("phone", "139")]))
        assert [each.id for each in store.customers.find("name", "zhang")] == ["a"]
        assert list(store.customers.find("phone", "138")) == []
        assert len(store.customers.terms("a")) == 2
        assert plain(store.customers.get("a")) == before

    def test_whoever_changes_what_another_has_changed_meanwhile_is_told(self, store: Store) -> None:
        put(store, person("a"))
        put(store, person("a", 2))
        for stale in (person("a", 2), person("a")):
            with pytest.raises(Conflict, match="changed meanwhile") as told_so:
                put(store, stale)
            assert told_so.value.data["again"] is True
        assert plain(store.customers.get("a")) == person("a", 2)
        assert len(store.customers.events("a")) == 2

    def test_events_of_a_customer_have_no_gaps(self, store: Store) -> None:
        put(store, person("a"))
        change = CustomerChange(person("a", 3), 1, [told("a", 3)])
        with pytest.raises((StoreError, Conflict)):
            store.transact(lambda tx: tx.customers.write(change))
        assert plain(store.customers.get("a")) == person("a")

    def test_a_work_that_fails_changes_nobody(self, store: Store) -> None:
        put(store, person("a"), [("phone", "1")])
        one, two = (
            CustomerChange(person("a", 2, "[]"), 1, [told("a", 2)], [("phone", "2")]),
            CustomerChange(person("b"), 0, [told("b", 1)]),
        )
        with pytest.raises(ZeroDivisionError):
            store.transact(lambda tx: (tx.customers.write(one), tx.customers.write(two), 1 / 0))
        assert plain(store.customers.get("a")) == person("a")
        assert store.customers.get("b") is None
        assert [each.id for each in store.customers.find("phone", "1")] == ["a"]
        assert list(store.customers.find("phone", "2")) == []

    def test_of_many_works_one_that_fails_leaves_the_others(self, store: Store) -> None:
        changes = [CustomerChange(person(id), before, [told(id, 1)]) for id, before in (("a", 0), ("b", 1), ("c", 0))]
        works = [lambda tx, change=change: tx.customers.write(change) for change in changes]
        outcomes = store.transact_many(works)
        assert [isinstance(each, Conflict) for each in outcomes] == [False, True, False]
        assert [each.id for each in store.customers.list()] == ["a", "c"]

    def test_lists_go_on_after_an_id(self, store: Store) -> None:
        for id in ("C-1", "a", "Ä", "张"):
            put(store, person(id))
        assert [each.id for each in store.customers.list(limit=3)] == ["C-1", "a", "Ä"]
        assert [plain(each) for each in store.customers.list("Ä")] == [person("张")]
        assert list(store.customers.list("张")) == []

    def test_stale_ones_are_those_in_the_register_the_longest_ago_first(self, store: Store) -> None:
        for id, at, more in (
            ("a", 5, {}),
            ("b", 3, {}),
            ("c", 9, {}),
            ("d", 1, {"survivor": "a"}),
            ("e", 1, {"record": ""}),
        ):
            put(store, person(id, verified_at=at, **more))
        assert [each.id for each in store.customers.stale(9)] == ["b", "a"]
        assert [each.id for each in store.customers.stale(10, 1)] == ["b"]

    def test_those_who_were_merged_into_somebody_are_known(self, store: Store) -> None:
        put(store, person("z", survivor="a"))
        put(store, person("b", survivor="a"))
        put(store, person("a"))
        assert list(store.customers.absorbed("a")) == ["b", "z"]
        assert list(store.customers.absorbed("b")) == []

    def test_terms_of_several_customers_are_told_with_all_of_them(self, store: Store) -> None:
        for id, terms in (("b", "xy"), ("a", "xz"), ("c", "yz"), ("d", "w")):
            put(store, person(id), [("phone", term) for term in terms] + [("room", "x")])
        pages, after = [], ""
        while page := store.customers.shared("phone", after, 2):
            pages += page
            after = page[-1][0]
        assert [term for term, _ in pages] == sorted(term for term, _ in pages)
        assert sorted(ids for _, ids in pages) == [("a", "b"), ("a", "c"), ("b", "c")]
        assert [ids for _, ids in store.customers.shared("room")] == [("a", "b", "c", "d")]

    def test_a_forgotten_customer_keeps_nothing_but_events(self, store: Store) -> None:
        put(store, person("a"), [("phone", "138")])
        put(store, person("a", 2, ""), [])
        assert store.customers.get("a") == HeldCustomer("a", 2, head("a", 2), "", "")
        assert list(store.customers.terms("a")) == []
        assert len(store.customers.events("a")) == 2

    def test_another_wrapping_changes_nothing_else(self, store: Store) -> None:
        put(store, person("a", verified_at=3), [("phone", "138")])
        before = store.customers.get("a")
        assert before is not None
        store.transact(lambda tx: tx.customers.rewrap("a", before.wrapped))
        assert store.customers.get("a") == before
