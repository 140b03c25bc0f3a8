"""Offices for tests: the shipped one assembled in a folder, and small ones written on the spot."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from guanjia.channels.recorder import Recorder
from guanjia.clock import ManualClock, from_iso
from guanjia.language import OfficeFiles
from guanjia.language.contents import Contents
from guanjia.people.organisation import Organisation
from guanjia.runtime.engine import Engine
from guanjia.runtime.publishing import TABLE
from guanjia.store.interface import Store
from guanjia.store.memory import MemoryStore

ROOT = Path(__file__).resolve().parent.parent
MONDAY = from_iso("2026-03-02T09:00", "Asia/Shanghai")
"""A working day, nine o'clock, in the shipped office's zone."""


MAIN = ("complaint", "repair", "emergency", "household")
"""The procedures that most tests need; an office of all of them takes longer to compile."""
SHIPPED = tuple(sorted(path.stem for path in (ROOT / "procedures").glob("*.yaml") if "." not in path.stem))


def shipped(folder: Path, procedures: Sequence[str] = MAIN) -> Path:
    """The office that `guanjia init` makes, in `folder`, with these procedures of it and those that they open."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("procedures", "templates", "calendars"):
        shutil.copytree(ROOT / name, folder / name)
    kept = opened(procedures)
    for path in (folder / "procedures").glob("*.yaml"):
        if path.name.split(".")[0] not in kept:
            path.unlink()
    shutil.copytree(ROOT / "starter", folder, dirs_exist_ok=True)
    return folder


def opened(procedures: Sequence[str]) -> set[str]:
    """These procedures, those of which they open cases, and so on."""
    found, left = set[str](), list(procedures)
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            left += re.findall(r"\bopen: \{(\w+):", (ROOT / "procedures" / f"{name}.yaml").read_text())
    return found


OFFICE = "name: {zh: 试验管家, en: Test office}\nzone: Asia/Shanghai\nchannels: {file: {}}\n"
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}}
  supervisor: {label: {zh: 主管, en: supervisor}, rights: [backdate, clocks]}
  manager: {label: {zh: 经理, en: manager}}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  agent.li: {name: Li Lei, roles: [agent], language: en}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
  manager.sun: {name: 孙经理, roles: [manager]}
"""


def small(
    folder: Path,
    procedure: str,
    *,
    name: str = "desk",
    templates: tuple[str, ...] = (),
    more: dict[str, str] | None = None,
) -> Path:
    """An office with one procedure, written as YAML, and plain templates of the names given."""
    for below in ("procedures", "calendars", "templates/zh", "templates/en"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    (folder / "office.yaml").write_text(OFFICE)
    (folder / "organisation.yaml").write_text(PEOPLE)
    (folder / "procedures" / f"{name}.yaml").write_text(procedure)
    for calendar in (ROOT / "calendars").glob("*.yaml"):
        shutil.copy(calendar, folder / "calendars")
    for template in (*templates, "escalation"):
        (folder / f"templates/zh/{template}.text.j2").write_text(
            f"{template}：{{{{ number }}}}\n工单 {{{{ number }}}}\n"
        )
        (folder / f"templates/en/{template}.text.j2").write_text(
            f"{template}: {{{{ number }}}}\ncase {{{{ number }}}}\n"
        )
    for path, text in (more or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


READ: dict[str, Contents] = {}
"""What the files of offices came to, by their digest (`conftest.py`)."""

_PUBLISHED: dict[Path, tuple[dict[str, str], list[tuple[str, str, str]]]] = {}


def engine(folder: Path, *, store: Store | None = None, at: int = MONDAY, seed: int = 1) -> Engine:
    """An engine over a store in memory, on a clock that stands at `at`, with ids that follow from `seed`.

    What a folder's files compile to is remembered between engines, as a database would.
    """
    files = OfficeFiles(folder)
    kept = store or MemoryStore()
    kept.migrate()
    if store is None and folder in _PUBLISHED:
        settings, versions = _PUBLISHED[folder]
        for name, text in settings.items():
            kept.set_setting(name, text)
        for version in versions:
            kept.put_version(*version)
    with files.steady():
        people = Organisation.from_plain(files.organisation(), files.office().language)
        made = Engine(
            kept, files=files, organisation=people, clock=ManualClock(at), channels={"file": Recorder("file")},
            entropy=random.Random(seed).randbytes,
        )  # fmt: skip
    office = json.loads(kept.setting("office") or "{}")
    wanted = ("office", *(TABLE + hash for hash in office.get("registries", {}).values()))
    settings = {name: text for name in wanted if (text := kept.setting(name)) is not None}
    versions = [(hash, name, kept.version(hash) or "") for name, hash in office.get("versions", {}).items()]
    _PUBLISHED[folder] = (settings, versions)
    return made


def clock_of(engine: Engine) -> ManualClock:
    assert isinstance(engine.clock, ManualClock)
    return engine.clock
