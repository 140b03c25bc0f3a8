"""What former versions left behind is opened, brought up to date, replayed and gone on with: the promise to whoever upgrades.

Each folder here was made by the version that it is named after (`make.py`). The events, their hashes and the versions that cases
are pinned to must come out as they were written, to the byte; a snapshot must be what its history folds to now.
"""

from __future__ import annotations

import gzip
import json
import random
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from guanjia.clock import DAY
from guanjia.core import fold
from guanjia.language import OfficeFiles
from guanjia.model.case import Case
from guanjia.model.event import GENESIS, Event, chain
from guanjia.runtime.audit import audit
from guanjia.store import Store, open_store
from guanjia.store.records import TABLES

from tests.golden.make import HERE, OFFICES, SCHEMA, opened
from tests.offices import MONDAY
from tests.runtime import busy

GOLDEN = [
    (folder.name, office)
    for folder in sorted(HERE.iterdir())
    if folder.is_dir() and folder.name[0].isdigit()
    for office in OFFICES
]
FOR_EVER = ("events", "office_events", "versions", "personal", "blobs", "commands", "counters")
"""Tables whose rows nothing may ever change."""


def rows(version: str, office: str) -> dict[str, list[dict[str, Any]]]:
    """The histories: table -> rows by the names of the columns of then."""
    first, *lines = gzip.decompress((HERE / version / f"{office}.jsonl.gz").read_bytes()).splitlines()
    columns = json.loads(first)["tables"]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines[:-1]:
        table, *values = json.loads(line)
        found[table].append(dict(zip(columns[table], values, strict=True)))
    return found


def loaded(version: str, office: str, name: str) -> None:
    """Put the database of then where `open_store(name)` finds it."""
    if "://" not in name:
        Path(name).write_bytes(gzip.decompress((HERE / version / f"{office}.db.gz").read_bytes()))
        return
    text = gzip.decompress((HERE / version / f"{office}.sql.gz").read_bytes()).decode()
    schema = name.partition("search_path%3D")[2]
    with psycopg.connect(name.partition("&options")[0], autocommit=True) as own:
        own.execute(text.replace(SCHEMA, schema).encode())  # type: ignore[arg-type]


@contextmanager
def brought_up(version: str, office: str, name: str) -> Iterator[Store]:
    loaded(version, office, name)
    store = open_store(name)
    store.migrate()
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "guanjia.db") if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OfficeFiles]:
    """The offices as they are today: cases go on under what they were opened with."""
    return {
        office: OfficeFiles(make(tmp_path_factory.mktemp(office) / "office")) for office, (make, _) in OFFICES.items()
    }


@pytest.mark.parametrize(("version", "office"), GOLDEN)
def test_a_history_folds_to_what_it_folded_to_then(version, office):
    found = rows(version, office)
    histories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found["events"]:
        histories[row["case_id"]].append(row)
    assert len(found["cases"]) == len(histories) > 2
    for row in found["cases"]:
        head = GENESIS
        for event in histories[row["id"]]:
            assert Event.from_text(event["text"]).text() == event["text"]
            head = chain(head, event["text"])
            assert head.hex() == event["head"]
        case = fold(Event.from_text(event["text"]) for event in histories[row["id"]])
        assert case == Case.from_plain(json.loads(row["snapshot"])), row["number"]
        assert (case.number, ",".join(case.states), head.hex()) == (row["number"], row["states"], row["head"])


@pytest.mark.parametrize(("version", "office"), GOLDEN)
def test_a_database_of_then_is_opened_and_nothing_in_its_history_is_another(version, office, name, files):
    then = rows(version, office)
    now: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with brought_up(version, office, name) as store:
        for table, row in store.dump():
            now[table].append(dict(zip(TABLES[table].columns, map(_plain, row), strict=True)))
    assert len(now["cases"]) == len(then["cases"])
    for table in FOR_EVER:
        # Columns that came later are not compared: there was nothing in them.
        kept = [{column: it[column] for column in before} for before, it in zip(then[table], now[table], strict=True)]
        assert kept == then[table], table
    with opened(name, files[office], MONDAY) as desk:
        assert audit(desk) == []


def _plain(value: Any) -> Any:
    """As `guanjia export` writes it: heads in hexadecimal, contents of files in base64."""
    return value if not isinstance(value, bytes) else value.hex() if len(value) == 32 else b64encode(value).decode()


@pytest.mark.parametrize(("version", "office"), GOLDEN)
def test_the_cases_of_then_go_on(version, office, name, files):
    """Deadlines that fell due meanwhile take effect, commands are taken, and all of it stands the auditor."""
    loaded(version, office, name)
    last = max(row["recorded_at"] for row in rows(version, office)["events"])
    with opened(name, files[office], last + DAY) as desk:
        before = len(list(desk.store.feed(limit=100_000)))
        work = desk.run_once()
        assert (work.fired > 0, work.problems) == (True, ())
        if office == "busy":
            list(busy.at_work(desk, random.Random(1), 30))
        else:
            desk.open("repair", actor="reception.chen", room="1-1", summary="x")
        assert len(list(desk.store.feed(limit=100_000))) > before
        assert audit(desk) == []


def test_there_is_a_folder_for_this_version_and_each_is_whole():
    from guanjia import __version__

    assert __version__ in {version for version, _ in GOLDEN}, "python -m tests.golden.make"
    for version, office in GOLDEN:
        assert {path.suffixes[0] for path in (HERE / version).glob(f"{office}.*.gz")} == {".db", ".sql", ".jsonl"}
