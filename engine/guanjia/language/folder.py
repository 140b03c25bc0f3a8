"""The folder of an office as files: what there is, and that nothing outside of it is ever read.

    office.yaml  organisation.yaml  standards.yaml  clauses.yaml  overlays/*.yaml  rosters/*.yaml|csv  registries/*.yaml|csv  calendars/*.yaml  procedures/*.yaml  templates/<language>/<name>.<channel>.j2

Stories (*.stories.yaml) and shared fragments (procedures/shared/) are not procedures. A link that leads out of the folder
is refused, as is a path that climbs out of it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..errors import Finding, Invalid, Text, because

MAX_BYTES = 1 << 20
"""Of one file; the byte after them is read too, so that whoever reads it sees that it is too big."""


class Folder:
    """Reads files of one folder by their path within it, written with `/`."""

    def __init__(self, folder: str | Path, edited: Mapping[str, bytes] | None = None) -> None:
        self.path = Path(folder).resolve()
        self._edited = edited or {}
        """What is read in place of files, by path."""

    def read(self, relative: str) -> bytes:
        """The bytes of a file. Invalid when it is missing, unreadable, too big, or outside of the folder."""
        if relative in self._edited:
            return self._edited[relative]
        try:
            real = os.path.realpath(os.path.join(self.path, relative))
            inside = real.startswith(os.path.join(self.path, ""))
            if inside and os.path.isfile(real):
                with open(real, "rb") as file:
                    return file.read(MAX_BYTES + 1)
        except (OSError, ValueError, RuntimeError) as problem:
            why = because(problem) if isinstance(problem, OSError) else Text(str(problem), str(problem))
            text = Text(f"文件读不出来：{why.zh}", f"the file cannot be read: {why.en}")
            raise _invalid("unreadable", relative, text) from None
        if not inside:
            raise _invalid(
                "outside", relative, Text("文件在办公室文件夹之外", "the file lies outside of the office's folder"),
                Text("只能用文件夹里面的文件，链接也不行", "use a file inside; links that lead out are refused too"),
            )  # fmt: skip
        raise _invalid("missing-file", relative, Text("没有这个文件", "there is no such file"))

    def has(self, relative: str) -> bool:
        return (self.path / relative).is_file()

    def calendars(self) -> dict[str, str]:
        """Calendar name -> path."""
        return {Path(path).stem: path for path in self._listed("calendars", "*.yaml")}

    def overlays(self) -> list[str]:
        return self._listed("overlays", "*.yaml")

    def rosters(self) -> list[str]:
        return sorted([*self._listed("rosters", "*.yaml"), *self._listed("rosters", "*.csv")])

    def registries(self) -> tuple[dict[str, str], dict[str, str]]:
        """Name -> path, of the files that declare registries, and of the tables that hold their rows."""
        declared, tables = (self._listed("registries", pattern) for pattern in ("*.yaml", "*.csv"))
        return {Path(path).stem: path for path in declared}, {Path(path).stem: path for path in tables}

    def procedures(self) -> list[str]:
        return [path for path in self._listed("procedures", "*.yaml") if not path.endswith(".stories.yaml")]

    def stories(self) -> list[str]:
        return self._listed("procedures", "*.stories.yaml")

    def templates(self) -> dict[str, str]:
        """Template key (`<language>/<name>.<channel>`) -> path."""
        return {
            path.removeprefix("templates/").removesuffix(".j2"): path for path in self._listed("templates", "**/*.j2")
        }

    def digest(self, paths: Iterable[str] | None = None) -> str:
        """SHA-256 over path and content of every file that a version or the organisation is made of; of those named, where some are."""
        total = hashlib.sha256()
        for path in sorted(set(self._pinned() if paths is None else paths)):
            try:
                content = self.read(path)
            except Invalid as refused:
                content = str(refused).encode()
            total.update(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest())
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def everything(self) -> str:
        """Changes exactly when a file changes that a check looks at: `digest`, and the stories."""
        return f"{self.digest()} {self.digest(self.stories())}"

    def _pinned(self) -> Iterator[str]:
        shared = self._listed("procedures", "*/**/*.yaml")
        yield from (
            name for name in ("office.yaml", "organisation.yaml", "standards.yaml", "clauses.yaml") if self.has(name)
        )
        yield from (*self.overlays(), *self.rosters(), *self.calendars().values())
        yield from (path for files in self.registries() for path in files.values())
        yield from (*self.procedures(), *shared, *self.templates().values())

    def _listed(self, below: str, pattern: str) -> list[str]:
        return sorted(self._files(self.path / below, pattern))

    def _files(self, start: Path, pattern: str) -> Iterator[str]:
        for path in start.glob(pattern):
            if not path.name.startswith(".") and (path.is_file() or path.is_symlink()):
                yield path.relative_to(self.path).as_posix()


def _invalid(code: str, file: str, text: Text, hint: Text | None = None) -> Invalid:
    return Invalid([Finding(code, text, file, hint=hint)])
