"""Under what a case is counted (`counts` of its procedure), and how many others are: the table `alike`, which no list shows.

A key is a digest of site, procedure, and the values by which a case is alike to others, so that nothing of a case stands there in clear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..clock import Instant
from ..core import Program, counted
from ..model.case import Case
from ..store.interface import Transaction

MOST = 1000
"""More than these are not counted: whoever asks wants to know of a few."""


def rows(program: Program, case: Case) -> tuple[tuple[str, Instant], ...]:
    """The rows of a case: under which keys it is counted, and as of when."""
    if not program.procedure.counts and not case.crossed:
        return ()
    return tuple(sorted({(_key(case.site, case.procedure, under), at) for under, at in counted(program, case)}))


def others(tx: Transaction, site: str, case: str, asked: str, at: Instant) -> Mapping[str, Any]:
    """How many other cases are alike as of an instant, and which thresholds some case has reached within the window."""
    procedure, name, window, thresholds, values = json.loads(asked)
    since = at - window
    count = tx.count_alike(_key(site, procedure, f"{name}:{values}"), since, at, case, MOST)
    reached = [
        number
        for number in thresholds
        if count + 1 >= number and tx.count_alike(_key(site, procedure, f"{name}.{number}:{values}"), since, at, "", 1)
    ]
    return {"others": count, "reached": reached}


def _key(site: str, procedure: str, under: str) -> str:
    return hashlib.sha256(json.dumps([site, procedure, under]).encode()).hexdigest()[:32]
