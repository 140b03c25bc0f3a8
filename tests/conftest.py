"""What tests of several rooms share: a store of each kind, and a PostgreSQL server of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from guanjia.store import Store, open_store

from tests.store import postgres_server

pytest.register_assert_rewrite("tests.store.conformance")

_numbers = count(1)


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


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `open_store` takes, for each kind of store: an empty one."""
    if request.param == "memory":
        return ":memory:"
    if request.param == "sqlite":
        return str(tmp_path / "guanjia.db")
    return str(request.getfixturevalue("postgres_dsn"))


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
