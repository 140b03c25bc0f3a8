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
from pathlib import Path

from ..errors import Finding
from ..language import OfficeFiles
from ..runtime.rewriting import whole

MOST = 500
"""Contents that are remembered; the oldest go."""


def check(folder: str | Path, cache: Path | None = None) -> list[Finding]:
    """What `OfficeFiles.check` says, without looking again at what was in order."""
    files = OfficeFiles(folder, still=True)
    place = (cache or home()) / _key(files)
    if _known(place):
        return []
    findings = _steadily(files)
    if not findings:
        _remember(place)
    return findings


def _steadily(files: OfficeFiles) -> list[Finding]:
    """Without looking for garbage meanwhile: of many small things that all stay there is none, and looking takes half the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return files.check()
    finally:
        if collects:
            gc.enable()


def home() -> Path:
    """Where a user's programs keep what they can do without."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path(os.path.expanduser("~")) / ".cache"
    return base / "guanjia" / "check"


def _key(files: OfficeFiles) -> str:
    total = hashlib.sha256()
    for part in (*_program(), files.everything()):
        total.update(hashlib.sha256(part.encode()).digest())
    return total.hexdigest()


def _program() -> Iterator[str]:
    """Everything that the outcome depends on beside the office: this program as it is on the disk, Python, and the libraries that read."""
    import jinja2
    import pydantic
    import yaml

    yield sys.version
    yield from (f"{library.__name__} {library.__version__}" for library in (jinja2, pydantic, yaml))
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        about = path.stat()
        yield f"{path.relative_to(package)} {about.st_size} {about.st_mtime_ns}"


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
