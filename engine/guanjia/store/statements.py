"""SQL lives in .sql files beside the store that speaks it; here they are read.

`queries.sql` holds statements by name, each below a line `-- name: …`. `migrations/` holds numbered files that bring an
older schema up to date, one transaction each, recorded in the table `migrations`. Plain paths: importing pathlib costs a
command that lists cases a tenth of its time.
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Migration(NamedTuple):
    number: int
    name: str
    file: str

    def text(self) -> str:
        return _read(self.file)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def queries(folder: str) -> dict[str, str]:
    """The statements of `folder`/queries.sql by name, without the comments between them."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in _read(os.path.join(folder, "queries.sql")).splitlines():
        if line.startswith("-- name: "):
            lines = found.setdefault(line.removeprefix("-- name: ").strip(), [])
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(lines).strip().removesuffix(";") for name, lines in found.items()}


def migrations(folder: str) -> list[Migration]:
    """The files of `folder`/migrations in order of their numbers: 1, 2, 3 …"""
    below = os.path.join(folder, "migrations")
    return [
        Migration(int(name[:4]), name.removesuffix(".sql"), os.path.join(below, name))
        for name in sorted(os.listdir(below))
        if name.endswith(".sql")
    ]
