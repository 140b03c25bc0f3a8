"""Which office, which database, who asks; before any database is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from guanjia.cli.desk import Desk, database_of
from guanjia.cli.failure import Usage
from guanjia.cli.out import Out
from guanjia.clock import ManualClock, from_iso, iso
from guanjia.errors import NotFound
from hypothesis import given, settings, strategies as st


def office(folder: Path, text: str = "name: {zh: 试}\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "office.yaml").write_text(text, encoding="utf-8")
    return folder


def desk() -> Desk:
    return Desk(Out("en"), ManualClock(from_iso("2026-11-24T20:00+08:00")))


def test_the_nearest_office_above_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office(tmp_path / "a")
    inner = office(tmp_path / "a" / "b")
    below = inner / "procedures" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert desk().folder == str(inner)


def test_a_named_office_wins_over_the_variable_and_the_variable_over_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, elsewhere = (office(tmp_path / name) for name in ("here", "there", "elsewhere"))
    monkeypatch.chdir(here)
    monkeypatch.setenv("GUANJIA_OFFICE", str(there))
    assert desk().folder == str(there)
    named = desk()
    named.given_office = str(elsewhere)
    assert named.folder == str(elsewhere)


def test_a_folder_that_is_no_office_is_refused_with_what_to_do(tmp_path: Path) -> None:
    named = desk()
    named.given_office = str(tmp_path)
    with pytest.raises(NotFound) as caught:
        _ = named.folder
    assert caught.value.hint is not None
    assert "guanjia init" in caught.value.hint.en


@settings(deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9_./:@-]{1,30}", fullmatch=True),
    st.sampled_from(["{}", '"{}"', "'{}'", "{}   # where", "{}  "]),
)
def test_the_database_is_read_from_the_file_as_yaml_means_it(name: str, style: str) -> None:
    text = f"name: {{zh: 试}}\ndatabase: {style.format(name)}\nzone: UTC\n"
    try:
        meant = yaml.safe_load(text)["database"]
    except yaml.YAMLError:
        return
    if not isinstance(meant, str):
        return
    assert database_of(text) == meant


def test_without_a_word_on_it_the_database_lies_in_the_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(office(tmp_path / "a"))
    assert desk().database == str(tmp_path / "a" / "guanjia.db")
    monkeypatch.chdir(office(tmp_path / "b", "database: postgresql://u@h/d\n"))
    assert desk().database == "postgresql://u@h/d"


def test_a_time_is_read_in_the_zone_of_the_office(monkeypatch: pytest.MonkeyPatch) -> None:
    sat = desk()
    sat.__dict__["known"] = {"zone": "Asia/Shanghai"}
    assert iso(sat.instant("2026-11-24 09:05", "--at"), "Asia/Shanghai") == "2026-11-24T09:05:00+08:00"
    assert iso(sat.instant("9:05", "--at"), "Asia/Shanghai") == "2026-11-24T09:05:00+08:00"
    assert iso(sat.instant("2026-11-24T09:05:00Z", "--at")) == "2026-11-24T09:05:00Z"
    with pytest.raises(Usage):
        sat.instant("soon", "--at")
