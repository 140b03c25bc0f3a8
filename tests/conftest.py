"""What tests of several rooms share: a store of each kind, a PostgreSQL server and a browser of their own, and what has been read."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from guanjia.language.contents import Contents
from guanjia.language.office import OfficeFiles
from guanjia.store import Store, open_store

from tests import offices
from tests.browser import Browser, find as find_browser, required as browser_required, running
from tests.scale import note_processors
from tests.store import postgres_server

pytest.register_assert_rewrite("tests.store.conformance", "tests.store.conformance_customers")

_numbers = count(1)

# A shell that starts tests in the background lets them ignore SIGINT, and whatever they start and interrupt would ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of tests leave much that lives on: looking at it all over again is a tenth of the time.
gc.set_threshold(50_000, 20, 20)


def pytest_sessionfinish() -> None:
    note_processors()


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """What the files of an office come to is worked out once for the same files, to the byte, however many offices they are in."""

    def as_written(files: OfficeFiles, digest: str) -> Contents:
        known = Contents(digest, files._files)
        if (same := offices.READ.get(digest)) is not None:
            known.__dict__.update(same.__dict__ | {"folder": known.folder})
        offices.READ[digest] = known
        return known

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OfficeFiles, "_as_written", as_written)
        yield


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The folder of the socket of a server that lives as long as the tests."""
    initdb = postgres_server.find_initdb()
    if initdb is None:
        reason = "no PostgreSQL on this machine: initdb is neither on PATH nor in /usr/lib/postgresql/*/bin"
        if postgres_server.required():
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres_server.running(initdb) as folder:
        yield folder


@pytest.fixture
def postgres_dsn(postgres_socket: str) -> str:
    """The name of an empty schema of its own."""
    role = postgres_server.ROLE
    return f"postgresql://{role}@/postgres?host={postgres_socket}&options=-csearch_path%3Dtest_{next(_numbers)}"


@pytest.fixture(scope="session")
def prepared(postgres_socket: str) -> Iterator[postgres_server.Prepared]:
    with closing(postgres_server.Prepared(postgres_socket)) as prepared:
        yield prepared


@pytest.fixture
def postgres_prepared(prepared: postgres_server.Prepared) -> Iterator[Callable[[], str]]:
    """Gives names of databases of their own, which hold nothing but the schema, as long as the test lasts."""
    yield prepared.one
    prepared.clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser that lives as long as the tests."""
    found = find_browser()
    if found is None:
        reason = (
            "no browser on this machine: chromium and chromedriver (Debian: chromium, chromium-driver) are not on PATH"
        )
        if browser_required():
            pytest.fail(reason)
        pytest.skip(reason)
    with running(found) as opened:
        yield opened


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `open_store` takes, for each kind of store: one that holds nothing."""
    if request.param == "memory":
        return ":memory:"
    if request.param == "sqlite":
        return str(tmp_path / "guanjia.db")
    return str(request.getfixturevalue("postgres_prepared")())


@pytest.fixture
def store(store_name: str) -> Iterator[Store]:
    """A store of each kind, migrated and empty."""
    opened = open_store(store_name)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def reopened(store_name: str, store: Store) -> Callable[[], Store]:
    """The same database opened once more, as another process does; the store itself where there is nothing to open."""
    return lambda: store if store_name == ":memory:" else open_store(store_name)
