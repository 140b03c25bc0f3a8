"""The folder of an office as files: what there is, and that nothing outside of it is ever read.

    office.yaml  organisation.yaml  rosters/*.yaml|csv  calendars/*.yaml  procedures/*.yaml  templates/<language>/<name>.<channel>.j2

Stories (*.stories.yaml) and shared fragments (procedures/shared/) are not procedures. A link that leads out of the folder
is refused, as is a path that climbs out of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import Finding, Invalid, Text, because
from .reading import MAX_BYTES


class Folder:
    """Reads files of one folder by their path within it, written with `/`."""

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder).resolve()

    def read(self, relative: str) -> bytes:
        """The bytes of a file. Invalid when it is missing, unreadable, too big, or outside of the folder."""
        try:
            real = (self.path / relative).resolve()
            inside = real.is_relative_to(self.path)
            if inside and real.is_file():
                with real.open("rb") as file:
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

    def rosters(self) -> list[str]:
        return sorted([*self._listed("rosters", "*.yaml"), *self._listed("rosters", "*.csv")])

    def procedures(self) -> list[str]:
        return [path for path in self._listed("procedures", "*.yaml") if not path.endswith(".stories.yaml")]

    def stories(self) -> list[str]:
        return self._listed("procedures", "*.stories.yaml")

    def templates(self) -> dict[str, str]:
        """Template key (`<language>/<name>.<channel>`) -> path."""
        return {
            path.removeprefix("templates/").removesuffix(".j2"): path for path in self._listed("templates", "**/*.j2")
        }

    def digest(self) -> str:
        """SHA-256 over path and content of every file that a version or the organisation is made of."""
        total = hashlib.sha256()
        shared = self._listed("procedures", "*/**/*.yaml")
        single = [name for name in ("office.yaml", "organisation.yaml") if self.has(name)]
        listed = (
            *single, *self.rosters(), *self.calendars().values(), *self.procedures(), *shared, *self.templates().values()
        )  # fmt: skip
        for path in sorted(set(listed)):
            try:
                content = self.read(path)
            except Invalid as refused:
                content = str(refused).encode()
            total.update(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest())
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def _listed(self, below: str, pattern: str) -> list[str]:
        return sorted(self._files(self.path / below, pattern))

    def _files(self, start: Path, pattern: str) -> Iterator[str]:
        for path in start.glob(pattern):
            if not path.name.startswith(".") and (path.is_file() or path.is_symlink()):
                yield path.relative_to(self.path).as_posix()


def _invalid(code: str, file: str, text: Text, hint: Text | None = None) -> Invalid:
    return Invalid([Finding(code, text, file, hint=hint)])
