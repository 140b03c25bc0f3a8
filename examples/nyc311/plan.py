"""Who does what when: the real requests, and the invented work between their opening and their closing.

A request opens its case at the real instant. The steps that lead to the closing stand in mapping.yaml, each at a percentage
of the way; a request that was closed in reality walks them all and ends at its real closing instant. One that stayed open is
planned from the seed: finished within the week, left half way, or never touched.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guanjia.clock import DAY, HOUR, MINUTE, Instant, from_iso
from guanjia.language import read_yaml

HERE = Path(__file__).parent
ZONE = "America/New_York"


@dataclass(frozen=True)
class Request:
    """One real request: what it was about, where, when it came, and when it was closed if it was."""

    id: str
    opened: Instant
    closed: Instant | None
    about: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One planned action of a case. `by` is a role or `assignee`."""

    at: Instant
    action: str
    by: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Planned:
    """A case to be: how it opens, and the steps that will be taken."""

    request: Request
    procedure: str
    values: Mapping[str, Any]
    steps: tuple[Step, ...]


def requests(path: Path = HERE / "nyc311-2022-even.csv") -> list[Request]:
    """The real requests in the order in which they came."""
    opened: dict[str, dict[str, str]] = {}
    closed: dict[str, Instant] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["activity"] == "Created":
                opened[row["case_id"]] = row
            elif row["activity"] == "Closed":
                closed[row["case_id"]] = from_iso(row["timestamp"], ZONE)
    found = [Request(id, from_iso(row["timestamp"], ZONE), closed.get(id), row) for id, row in opened.items()]
    return sorted(found, key=lambda request: (request.opened, request.id))


class Mapping311:
    """mapping.yaml: rules from request to case, and the steps of each procedure."""

    def __init__(self, path: Path = HERE / "mapping.yaml") -> None:
        data = read_yaml(path.read_text(encoding="utf-8"), path.name).data
        self.rules: list[dict[str, Any]] = data["rules"]
        self.invented: dict[str, Any] = data["invented"]
        self.steps: dict[str, list[dict[str, Any]]] = data["steps"]

    def plan(self, seed: int, week_ends: Instant) -> Iterator[Planned]:
        for request in requests():
            # Its own random source for each request: a changed rule for one leaves the others as they were.
            chance = random.Random(f"{seed}:{request.id}")
            procedure, values = self._case(request, chance)
            yield Planned(request, procedure, values, tuple(self._steps(request, procedure, chance, week_ends)))

    def _case(self, request: Request, chance: random.Random) -> tuple[str, dict[str, Any]]:
        rule = next(rule for rule in self.rules if _fits(rule.get("match", {}), request.about))
        words = {**request.about, **self._invented(request, chance)}
        values = {
            name: value.format(**words) if isinstance(value, str) else value for name, value in rule["fields"].items()
        }
        return rule["procedure"], values

    def _invented(self, request: Request, chance: random.Random) -> dict[str, str]:
        about = request.about
        building = int(about["incident_zip"] or 0) % 20 + 1
        digest = hashlib.sha256(request.id.encode()).digest()
        return {
            "room": f"{building}-{digest[0] % 4 + 1}-{digest[1] % 18 + 1}{digest[2] % 4 + 1:02}",
            "name": chance.choice(self.invented["names"]),
            "phone": f"{self.invented['phone']}{int.from_bytes(digest[3:7], 'big') % 10_000:04}",
            "language": chance.choice(["zh", "en"]),
            "channel": self.invented["channels"][about["open_data_channel_type"]],
            "words": self.invented["words"].get(about["descriptor"], about["descriptor"]),
        }

    def _steps(self, request: Request, procedure: str, chance: random.Random, week_ends: Instant) -> Iterator[Step]:
        steps = self.steps[procedure]
        if request.closed is not None:
            begin, end, most = request.opened, request.closed, len(steps)
        else:
            begin = request.opened + chance.randrange(5 * MINUTE, 20 * HOUR)
            end = begin + int(chance.triangular(2 * HOUR, 5 * DAY, 18 * HOUR))
            fate = chance.choices(("finished", "half way", "forgotten"), (76, 14, 10))[0]
            most = {"finished": len(steps), "half way": len(steps) // 2, "forgotten": 0}[fate]
        for step in steps[:most]:
            at = begin + (end - begin) * step["at"] // 100
            if at <= week_ends:
                yield Step(at, step["do"], step["by"], step.get("values", {}))


def _fits(match: Mapping[str, Any], about: Mapping[str, str]) -> bool:
    return all(about[key] in (wanted if isinstance(wanted, list) else [wanted]) for key, wanted in match.items())
