"""A whole office as lines of JSON: the same bytes from every database, and what is damaged is not taken in at all."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from guanjia.clock import ManualClock
from guanjia.errors import Refused, StoreError
from guanjia.language import OfficeFiles
from guanjia.runtime import anchor, export
from guanjia.runtime.audit import audit
from guanjia.store import Store, open_store

from tests.offices import MONDAY
from tests.runtime import busy
from tests.scale import drawn, scale


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OfficeFiles:
    return OfficeFiles(busy.office(tmp_path_factory.mktemp("export") / "office"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, files: OfficeFiles) -> Path:
    """A busy office, exported from SQLite."""
    folder = tmp_path_factory.mktemp("exported")
    draw = random.Random(3)
    store = open_store(folder / "a.db")
    store.migrate()
    with busy.open_desk(store, files, channel=busy.Moody(lambda key: None, draw), seed=3) as desk:
        list(busy.at_work(desk, draw, 80))
        rows = export.write(store, str(folder / "office.jsonl"))
        export.write(store, str(folder / "office.jsonl.gz"))
    assert rows > 200
    return folder / "office.jsonl"


def fresh(name: str) -> Store:
    store = open_store(name)
    store.migrate()
    return store


def test_an_office_that_goes_through_every_database_comes_out_the_same(exported, files, tmp_path, postgres_dsn):
    content = exported.read_bytes()
    given = str(exported)
    for number, name in enumerate((postgres_dsn, ":memory:", str(tmp_path / "b.db"))):
        store = fresh(name)
        store.load(export.read(given))
        given = str(tmp_path / f"again-{number}.jsonl")
        export.write(store, given)
        assert Path(given).read_bytes() == content
        with busy.open_desk(store, files, clock=ManualClock(MONDAY)) as desk:
            assert not audit(desk)
            export.write(store, given + ".opened")
            assert Path(given + ".opened").read_bytes() == content  # opening an office changes nothing in it


def test_anchors_hold_for_the_office_wherever_it_is_carried(exported, tmp_path, postgres_dsn):
    heads = set()
    for name in (postgres_dsn, ":memory:", str(tmp_path / "b.db")):
        store = fresh(name)
        store.load(export.read(str(exported)))
        heads.add(anchor.verify(store, [], MONDAY)[0])
        store.close()
    assert len(heads) == 1


def test_the_first_line_names_everything_and_the_last_one_counts(exported):
    first, *lines, last = [json.loads(line) for line in exported.read_bytes().splitlines()]
    assert (first["guanjia"], first["format"]) == ("office", export.FORMAT)
    assert {line[0] for line in lines} <= set(first["tables"])
    assert all(len(line) == 1 + len(first["tables"][line[0]]) for line in lines)
    assert last["rows"] == len(lines)


def test_compressed_it_is_the_same_and_holds_no_time_or_name(exported):
    packed = exported.with_suffix(".jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == exported.read_bytes()
    assert packed[3:8] == b"\0" * 5
    assert export.read(str(exported.with_suffix(".jsonl.gz"))).__next__() == next(export.read(str(exported)))


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The file with one thing wrong: cut, a bit flipped, a line taken out, put twice, or changed places."""
    lines = content.splitlines(keepends=True)
    at = draw.randrange(1, len(lines) - 1)
    kind = draw.randrange(5)
    if kind == 0:
        return content[: draw.randrange(len(content) - 1)]
    if kind == 1:
        raw = bytearray(content)
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        return bytes(raw)
    if kind == 2:
        return b"".join(lines[:at] + lines[at + 1 :])
    if kind == 3:
        return b"".join(lines[: at + 1] + lines[at:])
    return b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_damaged_anywhere_is_refused_as_a_whole(exported, tmp_path, packed):
    content = exported.with_suffix(".jsonl.gz" if packed else ".jsonl").read_bytes()
    draw = drawn()
    file, store = tmp_path / "x", fresh(str(tmp_path / "c.db"))
    for _ in range(scale(25, 250)):
        if packed:
            raw = bytearray(content)
            raw[draw.randrange(10, len(raw))] ^= 1 << draw.randrange(8)
            bad = bytes(raw) if draw.random() < 0.7 else content[: draw.randrange(len(content) - 1)]
        else:
            bad = damaged(content, draw)
        if bad == content:
            continue
        file.write_bytes(bad)
        with pytest.raises((Refused, StoreError)) as refused:
            store.load(export.read(str(file)))
        assert refused.value.text.zh
        assert refused.value.hint is not None
    assert list(store.dump()) == []
    store.load(export.read(str(exported)))
    store.close()


def _row(value: bytes) -> bytes:
    """A file whose first row holds what no column can."""
    return json.dumps(export.HEADER).encode() + b'\n["settings","name",' + value + b"]\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "its end is missing"),
        (b"room,name\n1,2\n", "x:1: this line cannot be understood"),
        (b"[]\n", "no file that guanjia export wrote"),
        (b'{"guanjia":"office","format":99,"tables":{}}\n', "another version of guanjia"),
        (json.dumps(export.HEADER).encode() + b'\n["cases",1]\n', "x:2: this line cannot be understood"),
        (json.dumps(export.HEADER).encode() + b'\n["cars",1]\n', "x:2: this line cannot be understood"),
        *((_row(value), "x:2: this line cannot be understood") for value in (b"[]", b"{}", b"1.5", b"9" * 30, b'"\\ud800"')),
        (b"\x1f\x8bnonsense", "x"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_told_with_its_line(tmp_path, content, said):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises((Refused, StoreError), match=said):
        list(export.read(str(tmp_path / "x")))


def test_a_file_that_is_there_is_left_alone_and_nothing_half_is_left(exported, tmp_path, monkeypatch):
    store = fresh(":memory:")
    store.load(export.read(str(exported)))
    (tmp_path / "x").write_text("mine")
    with pytest.raises(StoreError, match="such a file already"):
        export.write(store, str(tmp_path / "x"))
    with pytest.raises(StoreError):
        export.write(store, str(tmp_path / "no" / "where"))

    def broken(rows: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "OFTEN", 1)
    with pytest.raises(KeyboardInterrupt):
        export.write(store, str(tmp_path / "y"), broken)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
