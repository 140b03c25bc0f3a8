"""`check` looks again at whatever changed, by a byte, in any file that it looks at; and what is remembered tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from guanjia.authoring import remembering
from guanjia.language import OfficeFiles

from tests.offices import shipped
from tests.scale import drawn, scale


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every time that an office is really checked."""
    times: list[Path] = []
    really = OfficeFiles.check

    def check(self):
        times.append(self.folder)
        return really(self)

    monkeypatch.setattr(OfficeFiles, "check", check)
    return times


def test_what_was_in_order_is_looked_at_again_when_any_file_changes(tmp_path, looked):
    office, cache = shipped(tmp_path / "office"), tmp_path / "cache"
    for _ in range(3):
        assert remembering.check(office, cache) == []
    assert len(looked) == 1
    changed = [
        "office.yaml", "organisation.yaml", "calendars/office.yaml", "procedures/repair.yaml", "procedures/repair.stories.yaml",
        "procedures/shared/read.yaml", "templates/zh/dear.text.j2", "rosters/on_call.yaml",
    ]  # fmt: skip
    changed = drawn().sample(changed, scale(3, len(changed), faults=len(changed)))
    for number, path in enumerate(changed, 2):
        file = office / path
        file.write_bytes(file.read_bytes() + (b"\n" if path.endswith(".j2") else b"# x\n"))
        remembering.check(office, cache)
        assert len(looked) == number, path
    (office / "procedures/repair.yaml").rename(office / "procedures/repairs.yaml")
    remembering.check(office, cache)
    assert len(looked) == len(changed) + 2


def test_a_file_that_is_saved_while_it_is_checked_is_looked_at_again(tmp_path, looked, monkeypatch):
    office, cache = shipped(tmp_path / "office"), tmp_path / "cache"
    really = OfficeFiles.check

    def check(self):
        findings = really(self)
        (office / "procedures/repair.yaml").write_text("procedure: [\n")
        return findings

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(OfficeFiles, "check", check)
        assert remembering.check(office, cache) == []
    assert not cache.exists()
    assert remembering.check(office, cache)


def test_what_is_said_is_said_each_time(tmp_path, looked):
    office, cache = shipped(tmp_path / "office"), tmp_path / "cache"
    (office / "office.yaml").write_text((office / "office.yaml").read_text() + "\nnothing: 1\n")
    first = remembering.check(office, cache)
    assert [it.code for it in first] == ["unknown-key"]
    assert remembering.check(office, cache) == first
    assert len(looked) == 2
    assert not cache.exists()


def test_another_program_or_python_has_to_look_for_itself(tmp_path, looked, monkeypatch):
    office, cache = shipped(tmp_path / "office"), tmp_path / "cache"
    remembering.check(office, cache)
    monkeypatch.setattr(remembering.sys, "version", "4.0")
    remembering.check(office, cache)
    really = remembering._program
    monkeypatch.setattr(remembering, "_program", lambda: [*really(), "checks.py 1 2"])
    remembering.check(office, cache)
    assert len(looked) == 3


def test_a_damaged_or_unwritable_cache_is_as_none_and_holds_nothing_but_hashes(tmp_path, looked):
    office, cache = shipped(tmp_path / "office"), tmp_path / "cache"
    remembering.check(office, cache)
    (kept,) = cache.iterdir()
    assert kept.read_text() == kept.name
    assert set(kept.name) <= set("0123456789abcdef")
    damages = [b"", b"\xff\xfe", b"x", kept.name[:-1].encode()][: scale(2, 4, faults=4)]
    for damage in damages:
        kept.write_bytes(damage)
        assert remembering.check(office, cache) == []
    assert len(looked) == 1 + len(damages)
    kept.unlink()
    kept.mkdir()  # where a file should be
    assert remembering.check(office, cache) == []
    assert remembering.check(office, tmp_path / "office/office.yaml") == []  # a file where the folder should be
    assert len(looked) == 3 + len(damages)


def test_only_so_much_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(remembering, "MOST", 2)
    for number in range(4):
        remembering._remember(tmp_path / "cache" / f"{number}")
    assert len(list((tmp_path / "cache").iterdir())) == 2
