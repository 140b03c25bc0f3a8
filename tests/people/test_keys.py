"""Keys: what is sealed opens under the same key, in the same place, and nowhere else."""

from __future__ import annotations

import os
import stat

import pytest
from guanjia.errors import StoreError
from guanjia.people.keys import FILE, VARIABLE, Keys, Secrets, Unreadable, read, write
from hypothesis import given, strategies as st


@given(st.text(), st.text(), st.text())
def test_what_is_sealed_opens_in_its_place_only(plain: str, place: str, other: str) -> None:
    key = Keys(Secrets.new()).made("case")
    sealed = key.seal(plain, place)
    assert key.open(sealed, place) == plain
    assert key.seal(plain, place) != sealed
    if other != place:
        with pytest.raises(Unreadable):
            key.open(sealed, other)


def test_the_key_of_one_case_opens_nothing_of_another() -> None:
    keys = Keys(Secrets.new())
    one, other = keys.made("one"), keys.made("other")
    with pytest.raises(Unreadable):
        other.open(one.seal("13800001111", "place"), "place")
    with pytest.raises(Unreadable):
        keys.opened(one.wrapped, "other")
    assert keys.opened(one.wrapped, "one").open(one.seal("x", "p"), "p") == "x"


def test_an_office_cannot_open_what_another_one_wrapped() -> None:
    wrapped = Keys(Secrets.new()).made("case").wrapped
    with pytest.raises(Unreadable):
        Keys(Secrets.new()).opened(wrapped, "case")


def test_what_was_changed_by_a_byte_does_not_open() -> None:
    key = Keys(Secrets.new()).made("case")
    sealed = key.seal("13800001111", "place")
    for at in range(0, len(sealed), 7):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(Unreadable):
            key.open(changed, "place")


def test_another_key_is_added_and_the_old_one_still_opens() -> None:
    first = Secrets.new()
    case = Keys(first).made("case")
    later = Keys(first.renewed())
    assert later.opened(case.wrapped, "case").open(case.seal("x", "p"), "p") == "x"
    again = later.rewrapped(case.wrapped, "case")
    assert again is not None
    assert again.startswith("k2:")
    assert later.rewrapped(again, "case") is None
    alone = Keys(first.renewed().without("k1"))
    with pytest.raises(Unreadable):
        alone.opened(again.replace("k2:", "k1:"), "case")


def test_a_key_that_another_program_added_is_read_when_it_is_met() -> None:
    first = Secrets.new()
    later = first.renewed()
    working = Keys(first, lambda: later)
    wrapped = Keys(later).made("case").wrapped
    assert working.opened(wrapped, "case").wrapped == wrapped


def test_a_blind_index_outlives_every_change_of_keys_and_belongs_to_one_office() -> None:
    first = Secrets.new()
    assert Keys(first).blind("13800001111") == Keys(first.renewed()).blind("13800001111")
    assert Keys(first).blind("13800001111") != Keys(Secrets.new()).blind("13800001111")


def test_the_file_comes_back_as_it_was_written_and_is_for_its_owner_only(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    path, kept = str(tmp_path / FILE), Secrets.new().renewed()
    assert read(path) is None
    write(path, kept, new=True)
    assert read(path) == kept
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write(path, kept, new=True)
    write(path, kept.renewed())
    assert read(path) == kept.renewed() or read(path).keys.keys() == {"k1", "k2", "k3"}
    assert os.listdir(tmp_path) == [FILE]


def test_the_environment_goes_before_the_file(tmp_path, monkeypatch) -> None:
    inside, outside = Secrets.new(), Secrets.new()
    write(str(tmp_path / FILE), inside)
    lines = ";".join(line for line in outside.text().splitlines() if not line.startswith("#"))
    monkeypatch.setenv(VARIABLE, lines)
    assert read(str(tmp_path / FILE)) == outside


@pytest.mark.parametrize("text", ["", "k1 zz", "index AAAA\nk1 AAAA", "\x00\xff", "k1", "index " + "A" * 43 + "="])
def test_a_damaged_file_is_told_without_a_word_of_a_key(tmp_path, text: str, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / FILE).write_text(text)
    with pytest.raises(StoreError) as told:
        read(str(tmp_path / FILE))
    assert FILE in str(told.value)
    assert "AAAA" not in str(told.value)
