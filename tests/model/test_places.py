"""The rooms that an office says there are, and what a typed room may have meant."""

from __future__ import annotations

from typing import Any

import pytest
from guanjia.model.places import Places, rooms_of, spread, unspread

SITES: dict[str, Any] = {
    "main": {"buildings": {
        "3": {"units": ["1..2"], "floors": ["1..18"], "rooms": ["1..4"], "also": ["S1", "1-B101..102"], "without": ["1-1304", "2-1801..1802"]},
        "A": {"rooms": ["101..103"]},
    }},
    "open": {"buildings": {"1": {"rooms": ["1..3"]}, "2": None}},
    "bare": None,
}  # fmt: skip
PLACES = Places(SITES)


def test_a_pattern_makes_the_rooms_of_each_unit_and_floor() -> None:
    rooms = rooms_of("3", SITES["main"]["buildings"]["3"])
    assert len(rooms) == 2 * 18 * 4 + 3 - 3
    assert rooms[:2] == ("3-1-101", "3-1-102")
    assert {"3-1-502", "3-2-1803", "3-S1", "3-1-B102"} <= set(rooms)
    assert not {"3-1-1304", "3-2-1801", "3-2-1802"} & set(rooms)
    assert rooms_of("A", {"rooms": ["101..103"]}) == ("A-101", "A-102", "A-103")
    assert rooms_of("B", {"units": ["甲", "乙"], "rooms": ["1"]}) == ("B-甲-1", "B-乙-1")
    assert rooms_of("1", {}) == ()


def test_a_range_counts_with_the_zeros_that_it_is_written_with() -> None:
    assert list(spread(["08..11", "x1..2", "S"])) == ["08", "09", "10", "11", "x1", "x2", "S"]
    assert [word for word in ("1..18", "18..1", "1..999999", "..", "A") if unspread(word)] == [
        "18..1",
        "1..999999",
        "..",
    ]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("3-1-502", None), ("a-101", None), (" 3-1-b101 ", None), ("3", None), ("3-2", None),  # rooms, and parts of the house
        ("东门", None), ("3 号楼大堂", None), ("3-1-大堂", None),  # places in words
        ("3-1-5002", "3-1-502"), ("3-1-1304", "3-2-1304"), ("3-3", "?"), ("A-1-101", "A-101"), ("33-1-502", "3-1-502"), ("3-1-05", "3-1-"),
    ],
)  # fmt: skip
def test_what_is_no_room_is_doubted_and_a_like_one_is_named(typed: str, hint: str | None) -> None:
    doubt = PLACES.doubt("main", typed)
    assert (doubt is None) == (hint is None)
    assert doubt is None or hint in doubt.hint.en + doubt.hint.zh


@pytest.mark.parametrize(
    ("site", "typed"), [("open", "2-1-101"), ("open", "7-7-7"), ("bare", "1-1"), ("nowhere", "1-1")]
)
def test_where_the_office_says_nothing_of_rooms_nothing_is_doubted(site: str, typed: str) -> None:
    assert PLACES.doubt(site, typed) is None
    assert PLACES.rooms(site, typed) is None
    assert ("organisation.yaml" in PLACES.told(site).en) == (site != "open")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("3栋502", "3-1-502, 3-2-502"), ("3 号楼 2 单元 502 室", "3-2-502"), ("3#502", "3-1-502, 3-2-502"), ("a座101", "A-101"), ("3 s1", "3-S1"),
        ("Building 3, Unit 1, Room 502", "3-1-502"), ("building a flat 102", "A-102"),
        ("3栋", None), ("3 号楼大堂", None), ("3栋2单元", None), ("3栋2单元门口", None), ("4栋502", None), ("3栋502门口", None), ("502", None),
    ],
)  # fmt: skip
def test_a_room_as_people_say_it_is_told_as_it_is_written(typed: str, meant: str | None) -> None:
    doubt = PLACES.doubt("main", typed)
    assert (doubt and doubt.hint.en) == (meant and f"Did you mean {meant}?")
    assert (PLACES.doubt("main", typed, whole=True) is None) == (meant is None)
    assert PLACES.doubt("open", "2栋502") is None


def test_who_lives_somewhere_lives_in_a_room() -> None:
    assert [bool(PLACES.doubt("main", typed, whole=True)) for typed in ("3", "3-1", "3-1-大堂", "3-1-502", "商铺甲")] == [True] * 3 + [False] * 2  # fmt: skip


def test_a_place_has_the_rooms_that_lie_in_it() -> None:
    assert list(PLACES.rooms("main", "a") or ()) == ["A-101", "A-102", "A-103"]
    assert list(PLACES.rooms("main", "3-1-502") or ()) == ["3-1-502"]
    assert len(PLACES.rooms("main", "3-1") or ()) == 18 * 4 + 2 - 1
    assert len(PLACES.rooms("main", "MAIN") or ()) == 144 + 3
    assert [PLACES.rooms("main", place) for place in ("3-9", "", "4")] == [None, None, None]
