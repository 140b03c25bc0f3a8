"""Checking an office again when nothing changed since it was found to be in order.

What is remembered is only that some content was in order: the hash of everything that a check looks at, with the program, Python and
the libraries that looked. So nothing of the office is kept, nobody's name either, and there is nothing to be believed wrongly: other content,
another program or another Python has another hash. An office of which something is said is checked each time. What cannot be read or written
is as if it were not there.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from ..errors import Finding
from ..language.folder import Folder
from ..runtime.rewriting import whole

LIBRARIES = ("jinja2", "pydantic", "yaml")

MOST = 500
"""Contents that are remembered; the oldest go."""


def check(folder: str | Path, cache: Path | None = None) -> list[Finding]:
    """What `OfficeFiles.check` says, without looking again at what was in order."""
    place = (cache or home()) / _key(folder)
    if _known(place):
        return []
    findings = _steadily(folder)
    if (
        findings or _key(folder) != place.name
    ):  # a file that was saved meanwhile: it is not known which of the two was read
        return findings
    _remember(place)
    return findings


def _steadily(folder: str | Path) -> list[Finding]:
    """Without looking for garbage meanwhile: of many small things that all stay there is none, and looking takes half the time."""
    from ..language import OfficeFiles  # with all that reads: whoever knows already needs none of it

    collects = gc.isenabled()
    gc.disable()
    try:
        return OfficeFiles(folder, still=True).check()
    finally:
        if collects:
            gc.enable()


def home() -> Path:
    """Where a user's programs keep what they can do without."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path(os.path.expanduser("~")) / ".cache"
    return base / "guanjia" / "check"


def _key(folder: str | Path) -> str:
    total = hashlib.sha256()
    for part in (*_program(), Folder(folder).everything()):
        total.update(hashlib.sha256(part.encode()).digest())
    return total.hexdigest()


def _program() -> Iterator[str]:
    """Everything that the outcome depends on beside the office: this program as it is on the disk, Python, and the libraries that read.
    Nothing of it is loaded: which version a library is stands in the name of the folder beside it."""
    yield sys.version
    origins = (spec.origin for name in LIBRARIES if (spec := find_spec(name)) is not None and spec.origin is not None)
    for place in sorted({Path(origin).parents[1] for origin in origins}):
        yield from sorted(name for name in os.listdir(place) if name.endswith((".dist-info", ".egg-info")))
    yield from sorted(_sources(str(Path(__file__).parents[1])))


def _sources(folder: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        for each in found:
            if each.is_dir():
                yield from _sources(each.path)
            elif each.name.endswith(".py"):
                about = each.stat()
                yield f"{each.path} {about.st_size} {about.st_mtime_ns}"


def _known(place: Path) -> bool:
    try:
        return place.read_text(encoding="ascii") == place.name
    except (OSError, UnicodeDecodeError):
        return False


def _remember(place: Path) -> None:
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole(place, place.name.encode())
        kept = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for old in kept[:-MOST]:
            old.unlink()
    except OSError:
        return
