"""`guanjia check` of an office of 20 procedures and 100 templates, as a whole process: when nothing is known of it, and when nothing
changed since; and of one procedure of 10,000 states.

The procedures are the shipped ones under other names, with all that they include and send.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from tests.offices import shipped, small

from .measure import Measured
from .tape import room

PROCEDURES, TEMPLATES, STATES, TURNS = 20, 100, 10_000, 5


def measure() -> list[Measured]:
    program = str(Path(sys.executable).parent / "guanjia")
    with room() as folder:
        office = many(folder / "office")
        around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        around["XDG_CACHE_HOME"] = str((folder / "cache").resolve())

        def check(place: Path) -> float:
            began = time.perf_counter()
            subprocess.run(
                (program, "--office", str(place), "check", "--json"), check=True, stdout=subprocess.DEVNULL, env=around
            )
            return time.perf_counter() - began

        cold, warm = [], []
        for turn in range(TURNS):
            (office / "procedures/complaint.yaml").write_text(
                f"# {turn}\n" + (office / "procedures/complaint.yaml").read_text()
            )
            for path in (folder / "cache").rglob("*"):
                if path.is_file():
                    path.unlink()
            cold.append(check(office))
            warm.append(check(office))
        large = check(long(folder / "large"))
    return [
        Measured(f"guanjia check, {PROCEDURES} procedures, {TEMPLATES} templates", 1000 * min(cold), "ms"),
        Measured("the same, nothing changed", 1000 * min(warm), "ms"),
        Measured(f"guanjia check, {STATES:,} states", large, "s"),
    ]  # fmt: skip


def many(folder: Path) -> Path:
    """An office with `PROCEDURES` procedures and at least `TEMPLATES` templates in each language."""
    shipped(folder)
    kinds = [path for path in sorted((folder / "procedures").glob("*.yaml")) if not path.name.endswith(".stories.yaml")]
    for number in range(PROCEDURES - len(kinds)):
        source = kinds[number % len(kinds)]
        text = re.sub(rf"\b{source.stem}:", f"{source.stem}_{number}:", source.read_text())
        text = text.replace(f"procedure: {source.stem}", f"procedure: {source.stem}_{number}", 1)
        (folder / f"procedures/{source.stem}_{number}.yaml").write_text(text)
    for language in ("zh", "en"):
        known = sorted((folder / f"templates/{language}").glob("*.text.j2"))
        for number in range(max(0, TEMPLATES - len(known))):
            path = known[number % len(known)]
            path.with_name(f"more_{number}.text.j2").write_text(path.read_text())
    return folder


def long(folder: Path) -> Path:
    """An office with one procedure of `STATES` states in a row."""
    lines = [
        "procedure: desk",
        "calendar: always",
        "sla: {all: {start: open, stop: end, target: {within: 4h}}}",
        "initial: s0",
        "states:",
    ]
    names = [*(f"s{n}" for n in range(STATES)), "end"]
    lines += [f"  {here}: {{transitions: {{to_{there}: {{to: {there}}}}}}}" for here, there in pairwise(names)]
    return small(folder, "\n".join([*lines, "  end: {final: true}", ""]))
