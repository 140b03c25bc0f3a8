"""SQL lives in .sql files beside the store that speaks it; here they are read.

`queries.sql` holds statements by name, each below a line `-- name: …`. `migrations/` holds numbered files that bring an
older schema up to date, one transaction each, recorded in the table `migrations`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Migration(NamedTuple):
    number: int
    name: str
    file: Path

    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")


def queries(folder: Path) -> dict[str, str]:
    """The statements of `folder`/queries.sql by name, without the comments between them."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (folder / "queries.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("-- name: "):
            lines = found.setdefault(line.removeprefix("-- name: ").strip(), [])
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(lines).strip().removesuffix(";") for name, lines in found.items()}


def migrations(folder: Path) -> list[Migration]:
    """The files of `folder`/migrations in order of their numbers: 1, 2, 3 …"""
    return [
        Migration(int(file.name[:4]), file.stem, file) for file in sorted((folder / "migrations").glob("[0-9]*.sql"))
    ]
