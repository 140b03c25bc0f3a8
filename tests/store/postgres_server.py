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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROLE = "guanjia"


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
        """Start it; a connection of the superuser, once it answers."""
        log = self.folder / "log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [self._program, "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=120",
                 "-c", "shared_buffers=32MB", *(() if self._durable else ("-c", "fsync=off", "-c", "full_page_writes=off"))],
                stdout=file, stderr=file, **self._how,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text(errors="replace")) from None
                time.sleep(0.05)

    def crash(self) -> None:
        """End it at once, as a crash does: no command is finished, nothing is put in order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
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
