"""An office backed up, lost, restored and carried over from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from guanjia.cli.failure import REFUSED, STORE
from guanjia.store.sqlite import SqliteStore

from tests.core.test_statecharts import FLAT
from tests.offices import small

TELLING = FLAT.replace("  new:\n", "  new:\n    entry: [{notify: {told: agent}}]\n")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> Path:
    folder = small(tmp_path / "office", TELLING, templates=("told",))
    people = folder / "organisation.yaml"  # backups and exports are for people with every right
    people.write_text(people.read_text().replace("en: agent}}", "en: agent}, rights: all}"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GUANJIA_AS", "agent.wang")
    monkeypatch.setenv("GUANJIA_LANG", "en")
    for number in range(3):
        assert run("open", "desk", "--summary", f"no {number}").code == 0
    return folder


def lose(folder: Path) -> None:
    for name in os.listdir(folder):
        if name.startswith("guanjia.db"):
            (folder / name).unlink()


def test_a_lost_database_comes_back_and_sends_only_when_it_is_let(office, run, tmp_path):
    copy = str(tmp_path / "copy.db")
    assert json.loads(run("backup", copy, "--json").out)["bytes"] == os.path.getsize(copy)
    assert "There is a file" in run("backup", copy).err
    lose(office)
    assert json.loads(run("restore", copy, "--json").out)["held"] == 6
    assert "sent" not in run("work", "--once").out
    for language, said in (("en", "Nothing is sent since"), ("zh", "不发送通知")):
        assert said in run("--lang", language, "outbox").out
    assert "6 will be sent" in run("outbox", "release").out
    assert "sent 6" in run("work", "--once").out
    assert "No messages are held" in run("outbox", "release").out
    assert run("audit").code == 0


@pytest.mark.parametrize(("left", "said"), [(None, ("is gone", "不见了")), (b"", ("is empty", "是空的"))])
def test_a_lost_database_is_missed_and_no_empty_one_takes_its_place(office, run, tmp_path, left, said):
    """A full disk and a copy that was broken off leave a file of no bytes: no new office begins in it, whose numbers were given already."""
    number = json.loads(run("ls", "--json").out)[0]["number"]
    copy = str(tmp_path / "copy.db")
    run("backup", copy)
    lose(office)
    file = office / "guanjia.db"
    if left is not None:
        file.write_bytes(left)
    for words in (
        ("ls",),
        ("find", "x"),
        ("show", number),
        ("open", "desk", "--summary", "x"),
        ("work", "--once"),
        ("doctor",),
        ("audit",),
    ):
        told = run(*words)
        assert (told.code, f"guanjia.db {said[0]}" in told.err) == (STORE, True), words
    assert said[1] in run("--lang", "zh", "ls").err
    assert (file.read_bytes() if file.exists() else None) == left
    lose(office)
    assert run("restore", copy).code == 0
    assert len(json.loads(run("ls", "--json").out)) > 0
    assert run("show", number).code == 0
    lose(office)
    (office / "office.key").rename(tmp_path / "office.key")
    assert "No such cases" in run("ls").out


def test_what_waited_in_the_copy_can_be_kept_back_for_good(office, run, tmp_path):
    copy = str(tmp_path / "copy.db")
    run("backup", copy)
    lose(office)
    assert "3 cases are in place" in run("restore", copy).out
    run("open", "desk", "--summary", "since")
    told = run("outbox", "release", "--only-new").out
    assert "6 messages from before" in told
    assert "2 will be sent" in told
    assert "sent 2" in run("work", "--once").out


def test_sending_can_be_stopped_by_hand(office, run):
    assert "until guanjia outbox release" in run("outbox", "hold").out
    run("outbox", "hold")
    assert "sent" not in run("work", "--once").out
    assert "guanjia outbox hold" in run("outbox").out
    assert run("doctor").code == 1
    assert "6 will be sent" in run("outbox", "release").out


def test_nothing_is_restored_over_a_database_or_of_a_file_that_is_none(office, run, tmp_path):
    copy = str(tmp_path / "copy.db")
    run("backup", copy)
    told = run("restore", copy)
    assert (told.code, "There is a database already" in told.err) == (STORE, True)
    lose(office)
    for file in (str(tmp_path / "none.db"), str(office / "office.yaml")):
        told = run("restore", file)
        assert (told.code, file in told.err) == (STORE, True)
    assert not (office / "guanjia.db").exists()


def test_an_office_goes_out_as_lines_and_comes_in_again(office, run, tmp_path):
    first, again = str(tmp_path / "a.jsonl.gz"), str(tmp_path / "b.jsonl.gz")
    rows = json.loads(run("export", first, "--json").out)["rows"]
    told = run("import", first)
    assert (told.code, "not empty" in told.err) == (STORE, True)
    lose(office)
    assert json.loads(run("import", first, "--send", "--json").out) | {"last_event": ""} == {
        "file": first, "cases": 3, "last_event": "", "held": None,
    }  # fmt: skip
    assert f"{rows} rows are in" in run("export", again).out
    assert Path(first).read_bytes() == Path(again).read_bytes()
    assert "sent 6" in run("work", "--once").out


def test_what_cannot_be_imported_leaves_no_database_behind(office, run, tmp_path):
    good = str(tmp_path / "a.jsonl")
    run("export", good)
    lose(office)
    (tmp_path / "cut.jsonl").write_bytes(Path(good).read_bytes()[:-100])
    for name, code, said in (
        ("none.jsonl", STORE, {"zh": "没有这个文件", "en": "there is no such file"}),
        ("office/office.yaml", REFUSED, {"zh": "读不懂", "en": "cannot be understood"}),
        ("cut.jsonl", REFUSED, {"zh": "文件已损坏", "en": "the file is damaged"}),
    ):
        for language in ("zh", "en"):
            told = run("--lang", language, "import", str(tmp_path / name))
            assert (told.code, said[language] in told.err) == (code, True), told.err
        assert (office / "guanjia.db").exists() == (name == "cut.jsonl")  # and then it is an empty one
    assert run("import", good).code == 0


def test_an_imported_office_is_never_without_its_hold(office, run, tmp_path, monkeypatch):
    """A crash right after the commit of the rows: the hold is among them."""
    file = str(tmp_path / "a.jsonl")
    run("export", file)
    lose(office)
    taken: list[list[tuple[str, object]]] = []
    real = SqliteStore.load

    def load(self: SqliteStore, records: object) -> None:
        rows = list(records)  # type: ignore[call-overload]
        taken.append(rows)
        real(self, rows)

    monkeypatch.setattr(SqliteStore, "load", load)
    assert run("import", file).code == 0
    assert [row[1][0] for row in taken[0] if row[0] == "settings"].count("held") == 1
    lose(office)
    assert run("import", file, "--send").code == 0
    assert "held" not in [row[1][0] for row in taken[1] if row[0] == "settings"]


def test_personal_values_are_sealed_in_an_export_too(office, run, tmp_path):
    assert run("open", "desk", "--summary", "x", "--phone", "13800138000").code == 0
    assert run("export", str(tmp_path / "a.jsonl")).code == 0
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert not [line for line in lines if "13800138000" in line]
    assert [row for row in map(json.loads, lines[1:-1]) if row[0] == "personal"]


def test_a_postgresql_office_is_told_to_use_its_own_programs(office, run, tmp_path, postgres_dsn):
    text = (office / "office.yaml").read_text()
    (office / "office.yaml").write_text(f"{text}database: {postgres_dsn}\n")
    assert "pg_dump" in run("backup", str(tmp_path / "x.db")).err
    assert "pg_restore" in run("restore", str(tmp_path / "x.db")).err


def test_an_office_goes_to_postgresql_and_comes_out_the_same(office, run, tmp_path, postgres_dsn):
    first, again = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    run("export", str(first))
    text = (office / "office.yaml").read_text()
    (office / "office.yaml").write_text(f"{text}database: {postgres_dsn}\n")
    assert run("import", str(first)).code == 0
    told = run("import", str(first)).err
    assert "not empty" in told
    assert "let import be the first command" in " ".join(told.split())
    assert run("export", str(again)).code == 0
    assert first.read_bytes() == again.read_bytes()
    assert "Nothing is sent since" in run("outbox").out
    assert run("audit").code == 0
