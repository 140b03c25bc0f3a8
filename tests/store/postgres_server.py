"""A PostgreSQL server of one's own for the tests: made in a temporary folder, on a socket, gone afterwards.

PostgreSQL refuses to run as root, so root runs it as an ordinary user. The tests connect as a role without special rights,
as an office does. Where no `initdb` is found the tests are skipped, loudly; in CI they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def running(initdb: Path, *, durable: bool = False) -> Iterator[str]:
    """A running server; the name of its socket's folder, where the database `postgres` takes the role `guanjia`.

    `durable`: commits are synced, as a server at work does it; the tests do without.
    """
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="guanjia-pg-", dir="/tmp"))
    data = folder / "data"
    who = _ordinary_user()
    if who is not None:
        os.chown(folder, who.pw_uid, who.pw_gid)
    identity = {} if who is None else {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(folder)}
    server = None
    try:
        subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=folder, env=environment, **identity,
        )  # fmt: skip
        log = (folder / "log").open("wb")
        server = subprocess.Popen(
            [initdb.with_name("postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=120",
             "-c", "shared_buffers=32MB", *(() if durable else ("-c", "fsync=off", "-c", "full_page_writes=off"))],
            stdout=log, stderr=log, cwd=folder, env=environment, **identity,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                admin = psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True)
                break
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "log").read_text(errors="replace")) from None
                time.sleep(0.05)
        admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        admin.execute(f"GRANT CREATE ON DATABASE postgres TO {ROLE}")
        admin.close()
        yield str(folder)
    finally:
        if server is not None:
            server.send_signal(3)
            server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


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
