"""A case as a value: what is written of it."""

from __future__ import annotations

import json

import pytest
from guanjia.model.case import Case, Clock, Delay, Limit, Past
from guanjia.model.event import GENESIS, chain, commit, to_json
from hypothesis import given, settings, strategies as st

names = st.sampled_from(["open", "accept", "受理", "s1"])
instants = st.integers(0, 3)
pasts = st.builds(
    Past,
    instants,
    instants,
    st.sampled_from(["li", '"\\\n"', "\x01\x1f\x7f\u2028\t\b", "王"]),
    st.dictionaries(names, instants),
)
clocks = st.builds(
    Clock, names, instants, st.just("running"), instants, instants, instants, st.tuples(st.just(Limit("office", "time", 5))),
    instants, st.none() | instants,
)  # fmt: skip
delays = st.builds(Delay, names, names, instants, instants, instants)
changes = st.fixed_dictionaries(
    {},
    optional={
        "seq": instants, "mode": st.none() | names, "states": st.lists(names, max_size=2).map(tuple),
        "fields": st.dictionaries(names, st.none() | st.booleans() | instants | st.text(max_size=3)),
        "assignee": st.none() | st.sampled_from(["", "li"]), "closed_at": st.none() | instants,
        "clocks": st.dictionaries(names, clocks, max_size=2), "cycles": st.lists(clocks, max_size=1).map(tuple),
        "delays": st.dictionaries(names, delays, max_size=2), "past": st.dictionaries(names, pasts, max_size=3),
        "history": st.dictionaries(names, st.lists(names, max_size=2).map(tuple), max_size=2),
    },
)  # fmt: skip


@given(st.lists(changes, max_size=6))
@settings(max_examples=300)
def test_the_text_of_a_case_is_its_plain_form_however_it_became_so(steps):
    case = Case("id", "TS-1", "main", "row", "hash", None, 1, 0, 0, "li")
    seen = [case]
    for step in steps:
        read = Case.from_text(case.text())
        assert read == case
        case, read = case.changed(**step), read.changed(**step)
        assert case.text() == read.text() == to_json(case.to_plain())
        seen.append(case)
    for earlier in seen:  # cases that share what they keep do not mix it up
        assert earlier.text() == to_json(earlier.to_plain())
        assert Case.from_plain(json.loads(earlier.text())) == earlier


@pytest.mark.parametrize("wrong", [{"mood": "good"}, {"number": ...}])
def test_what_is_no_case_is_not_read_as_one(wrong):
    plain = {**Case("id", "TS-1", "main", "row", "hash", None, 1, 0, 0, "li").to_plain(), **wrong}
    with pytest.raises(ValueError, match="a case has id, number"):
        Case.from_plain({name: value for name, value in plain.items() if value is not ...})


def test_a_head_depends_on_the_text_and_on_all_that_came_before():
    assert len({chain(head, text) for head in (GENESIS, chain(GENESIS, "a")) for text in ("a", "b")}) == 4


def test_a_commitment_tells_nothing_to_whoever_guesses_the_value_without_the_salt():
    assert commit("salt", "13800001234") == commit("salt", "13800001234")
    assert len({commit(salt, value) for salt in ("salt", "other") for value in ("13800001234", 13800001234)}) == 4
