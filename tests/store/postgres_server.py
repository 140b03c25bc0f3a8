"""A PostgreSQL server of one's own for the tests: made in a temporary folder, on a socket, gone afterwards.

PostgreSQL refuses to run as root, so root runs it as an ordinary user. The tests connect as a role without special rights,
as an office does. Where no `initdb` is found the tests are skipped, loudly; in CI they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import psycopg
from guanjia.store import open_store

ROLE = "guanjia"
READY = b"ready to accept connections"


def find_initdb() -> Path | None:
    """The newest initdb of the machine, with its companions beside it."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name.split(".")[0]),
        reverse=True,
    )
    found = shutil.which("initdb")
    if found:
        folders.insert(0, Path(found).resolve().parent)
    return next((folder / "initdb" for folder in folders if (folder / "postgres").exists()), None)


def required() -> bool:
    return bool(os.environ.get("CI")) or os.environ.get("GUANJIA_REQUIRE_POSTGRES") == "1"


class Server:
    """A server of one's own in a temporary folder. `durable`: commits are synced, as a server at work does it; the tests do
    without, and still lose nothing by `crash`, for the system survives."""

    def __init__(self, initdb: Path, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guanjia-pg-", dir="/tmp"))
        self._program = initdb.with_name("postgres")
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        who = _ordinary_user()
        if who is not None:
            os.chown(self.folder, who.pw_uid, who.pw_gid)
        self._how: dict[str, Any] = {
            "cwd": self.folder,
            "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.folder)},
            **({} if who is None else {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}),
        }
        subprocess.run(
            [initdb, "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, **self._how,
        )  # fmt: skip

    def start(self) -> psycopg.Connection[Any]:
        """Start it; a connection of the superuser, once it says that it takes any."""
        self._process = subprocess.Popen(
            [self._program, "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=120",
             "-c", "shared_buffers=32MB", *(() if self._durable else ("-c", "fsync=off", "-c", "full_page_writes=off"))],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self._how,
        )  # fmt: skip
        assert self._process.stdout is not None
        ready = Event()
        self._listener = Thread(target=self._listen, args=(self._process.stdout, ready), daemon=True)
        self._listener.start()
        if not ready.wait(30) or self._process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace"))
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)

    def _listen(self, said: IO[bytes], ready: Event) -> None:
        """Keep what it says in its log, and tell when it is ready, or says nothing any more."""
        with said, (self.folder / "log").open("ab", buffering=0) as log:
            for line in said:
                log.write(line)
                if READY in line:
                    ready.set()
        ready.set()

    def crash(self) -> None:
        """End it at once, as a crash does: no command is finished, nothing is put in order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
            self._listener.join(timeout=30)
            self._process = None


@contextmanager
def server(initdb: Path, *, durable: bool = False) -> Iterator[Server]:
    """A running server whose database `postgres` takes the role `guanjia`."""
    made = Server(initdb, durable=durable)
    try:
        with made.start() as admin:
            admin.execute(f"CREATE ROLE {ROLE} LOGIN")
            admin.execute(f"GRANT CREATE ON DATABASE postgres TO {ROLE}")
        yield made
    finally:
        made.crash()
        shutil.rmtree(made.folder, ignore_errors=True)


@contextmanager
def running(initdb: Path, *, durable: bool = False) -> Iterator[str]:
    """A running server; the name of its socket's folder."""
    with server(initdb, durable=durable) as made:
        yield str(made.folder)


class Prepared:
    """Schemas of ours in a running server that hold nothing, each as long as a test. Making one costs ten times as much as emptying
    it, so they are emptied and given again; one that a test has altered is not."""

    def __init__(self, folder: str) -> None:
        self._dsn = f"postgresql://{ROLE}@/postgres?host={folder}&options=-csearch_path%3D"
        self._admin = psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True)
        self._admin.execute("SET session_replication_role = replica")  # what is append-only is emptied too
        self._numbers = count(1)
        self._free: list[str] = []
        self._given: dict[str, Any] = {}
        """By schema: how it looked before the test."""

    def one(self) -> str:
        """The name of one, as `open_store` takes it."""
        if not self._free:
            name = f"prepared_{next(self._numbers)}"
            with closing(open_store(self._dsn + name)) as store:
                store.migrate()
            self._free.append(name)
        name = self._free.pop()
        self._given[name] = self._shape(name)
        return self._dsn + name

    def clear(self) -> None:
        """Take back all that were given, from whoever still uses them."""
        if self._given:
            self._admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", (ROLE,)
            )
        while self._given:
            name, before = self._given.popitem()
            if self._shape(name) == before:
                self._empty(name, before)
                self._free.append(name)

    def empty(self, dsn: str) -> None:
        """Take out of one what is in it; whoever has it open goes on with it."""
        name = dsn.removeprefix(self._dsn)
        self._empty(name, self._given[name])

    def _empty(self, name: str, shape: Any) -> None:
        tables = [table for kind, table, *_ in shape if kind == "r" and table != "migrations"]
        sequences = [sequence for kind, sequence, *_ in shape if kind == "S"]
        emptied = [f'DELETE FROM {name}."{table}"' for table in tables]
        begun = [f'ALTER SEQUENCE {name}."{sequence}" RESTART' for sequence in sequences]
        self._admin.execute("; ".join([*emptied, *begun]))

    def close(self) -> None:
        self._admin.close()

    def _shape(self, name: str) -> list[tuple[Any, ...]]:
        return self._admin.execute(_SHAPE.format(name=name).encode()).fetchall()


_SHAPE = """
WITH ours AS (SELECT oid, relname, relkind::text, reloptions::text FROM pg_class WHERE relnamespace = to_regnamespace('{name}'))
SELECT relkind, relname, oid::text, reloptions FROM ours
UNION ALL SELECT 'column', attname, attrelid::text, concat(atttypid, attnotnull, attisdropped) FROM pg_attribute JOIN ours ON attrelid = ours.oid
UNION ALL SELECT 'constraint', conname, oid::text, '' FROM pg_constraint WHERE connamespace = to_regnamespace('{name}')
UNION ALL SELECT 'trigger', tgname, t.oid::text, tgenabled::text FROM pg_trigger t JOIN ours ON tgrelid = ours.oid
UNION ALL SELECT 'function', proname, oid::text, md5(prosrc) FROM pg_proc WHERE pronamespace = to_regnamespace('{name}')
UNION ALL SELECT 'migration', name, number::text, '' FROM {name}.migrations
ORDER BY 1, 2, 3
"""


def _ordinary_user() -> pwd.struct_passwd | None:
    """Whom root runs the server as; None for anybody else, who runs it himself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no ordinary user to run PostgreSQL as")
