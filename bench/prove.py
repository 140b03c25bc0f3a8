"""How long proving each shipped procedure takes, in seconds of this process, and what comes of it; printed as it goes."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from guanjia.authoring.prove import prove
from guanjia.language import OfficeFiles

from .measure import Measured

ROOT = Path(__file__).resolve().parent.parent


def measure() -> list[Measured]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for part in ("procedures", "templates", "calendars"):
            shutil.copytree(ROOT / part, Path(folder) / part)
        shutil.copytree(ROOT / "starter", folder, dirs_exist_ok=True)
        files = OfficeFiles(folder)
        for name in files.procedures():
            version, began = files.version(name), time.process_time()
            proof = prove(version)
            spent = time.process_time() - began
            verdicts = ", ".join(f"{claim.name} {claim.verdict}" for claim in proof.claims)
            print(f"  {name}: {spent:.1f} s, {proof.states:,} situations: {verdicts}", flush=True)
            found.append(Measured(f"prove {name}", spent, "s"))
    return found
