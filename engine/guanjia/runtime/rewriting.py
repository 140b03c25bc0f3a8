"""Writing files of the office back, and never losing what is there: it is kept beside, under a name that nothing reads.

A file is written as a whole under another name and then renamed, so that nobody ever reads half of one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import Refused, Text, because


def differing(folder: str | Path, texts: Mapping[str, str]) -> list[str]:
    """The files, by path within the folder, whose content is another than the text given for them."""
    return [path for path, text in texts.items() if _read(Path(folder) / path) != text.encode()]


def rewrite(folder: str | Path, texts: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Write these files; where one was there, under which path it is kept. Refused (`file`) when one cannot be written."""
    kept: dict[str, str] = {}
    for path in paths:
        file = Path(folder) / path
        if not file.resolve().is_relative_to(Path(folder).resolve()):
            raise Refused("file", Text(f"{path} 在办公室文件夹之外。", f"{path} lies outside of the office's folder."))
        try:
            if file.exists():
                beside = _beside(file)
                os.link(file, beside)
                kept[path] = beside.relative_to(folder).as_posix()
            file.parent.mkdir(parents=True, exist_ok=True)
            whole(file, texts[path].encode())
        except OSError as error:
            why = because(error)
            raise Refused("file", Text(f"{path} 写不了：{why.zh}", f"{path} cannot be written: {why.en}")) from None
    return kept


def whole(file: Path, content: bytes) -> None:
    """Write a file so that it is either as before or as it is to be. OSError."""
    file = file.resolve()
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with part.open("wb") as out:
            if file.exists():
                os.fchmod(out.fileno(), file.stat().st_mode & 0o777)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _beside(file: Path) -> Path:
    """repair.yaml.before, repair.yaml.before-2 …: the first that is free."""
    number, beside = 1, file.with_name(f"{file.name}.before")
    while beside.exists():
        number += 1
        beside = file.with_name(f"{file.name}.before-{number}")
    return beside
