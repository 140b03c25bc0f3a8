"""Who does what when: the real requests, and the invented work between their opening and their closing.

A request opens its case at the real instant. The steps that lead to the closing stand in mapping.yaml; a request that was
closed in reality walks them all and ends at its real closing instant. One that stayed open is planned from the seed: finished
within the week, left half way, or never touched; what is urgent is worked off at once.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from guanjia.calendars import parse_amount
from guanjia.clock import DAY, HOUR, MINUTE, Instant, from_iso, instant, moment
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
    """One planned action of a case. `by` is a person, or `assignee`; `within` the only state in which it is to be done."""

    at: Instant
    action: str
    by: str
    within: str | None
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


class Planner:
    """mapping.yaml and a seed: from requests to cases and steps. `people` gives the staff of a role."""

    def __init__(self, seed: int, people: Callable[[str], Sequence[str]], path: Path = HERE / "mapping.yaml") -> None:
        data = read_yaml(path.read_text(encoding="utf-8"), path.name).data
        self.seed = seed
        self.people = people
        self.rules: list[dict[str, Any]] = data["rules"]
        self.invented: dict[str, Any] = data["invented"]
        self.steps: dict[str, list[dict[str, Any]]] = data["steps"]

    def plan(self, request: Request) -> Planned:
        # Its own random source for each request: a changed rule for one leaves the others as they were.
        chance = random.Random(f"{self.seed}:{request.id}")
        rule = next(rule for rule in self.rules if _fits(rule["match"], request.about))
        words = {**request.about, **self._invent(request, chance), "call": rule.get("call", "")}
        words["handler"] = chance.choice(self.people(rule["handler"]))
        steps = tuple(self._steps(request, rule, words, chance))
        return Planned(request, rule["procedure"], _fill(rule["fields"], words, chance), steps)

    def _invent(self, request: Request, chance: random.Random) -> dict[str, str]:
        about = request.about
        digest = hashlib.sha256(request.id.encode()).digest()
        building = int(about["incident_zip"] or 0) % 20 + 1
        language = chance.choice(["zh", "en"])
        said = self.invented["words"].get(about["descriptor"], {}).get(language, about["descriptor"])
        return {
            "room": f"{building}-{digest[0] % 4 + 1}-{digest[1] % 18 + 1}{digest[2] % 4 + 1:02}",
            "name": chance.choice(self.invented["names"][language]),
            "phone": f"{self.invented['phone']}{int.from_bytes(digest[3:7], 'big') % 10_000:04}",
            "language": language,
            "channel": self.invented["channels"][about["open_data_channel_type"]],
            "words": said,
        }

    def _steps(
        self, request: Request, rule: Mapping[str, Any], words: Mapping[str, str], chance: random.Random
    ) -> Iterator[Step]:
        steps = self.steps[rule.get("steps", rule["procedure"])]
        by_day = request.closed is None and not rule.get("urgent")
        most, begin, end = len(steps), request.opened, request.closed
        if by_day:
            begin = request.opened + chance.randrange(5 * MINUTE, 20 * HOUR)
            end = begin + int(chance.triangular(2 * HOUR, 5 * DAY, 18 * HOUR))
            fates = self.invented["fates"]
            fate = chance.choices(list(fates), list(fates.values()))[0]
            most = {"finished": most, "half way": chance.randrange(1, most), "forgotten": 0}[fate]
        before = begin
        for step in steps[:most]:
            at = _instant(step, request, begin, end, chance)
            at = _awake(at) if by_day else at
            if not step.get("whenever"):
                at = before = max(at, before)
            by = step["by"] if step["by"] == "assignee" else chance.choice(self.people(step["by"]))
            yield Step(at, step["do"], by, step.get("in"), _fill(step.get("values", {}), words, chance))


def _instant(
    step: Mapping[str, Any], request: Request, begin: Instant, end: Instant | None, chance: random.Random
) -> Instant:
    """So long after the opening as is drawn, or so far on the way; the sooner where the closing is a real one."""
    on_the_way = None if end is None else begin + (end - begin) * step.get("at", 100) // 100
    if "after" not in step:
        assert on_the_way is not None, f"{step['do']} needs `after`: nobody knows when the case was closed"
        return on_the_way
    drawn = request.opened + chance.randrange(*(parse_amount(span).value for span in step["after"]))
    return drawn if request.closed is None or on_the_way is None else min(drawn, on_the_way)


def _fits(match: Mapping[str, Any], about: Mapping[str, str]) -> bool:
    return all(about[key] in (wanted if isinstance(wanted, list) else [wanted]) for key, wanted in match.items())


def _fill(values: Mapping[str, Any], words: Mapping[str, str], chance: random.Random) -> dict[str, Any]:
    """Values in the customer's language, with words put in, and one taken by chance where several are listed."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            value = value[words["language"]]
        if isinstance(value, list):
            value = chance.choice(value)
        return value.format(**words) if isinstance(value, str) else value

    return {name: one(value) for name, value in values.items()}


def _awake(at: Instant) -> Instant:
    """The same, or half past eight the next morning where it falls into the night: the week is worked by day."""
    local = moment(at, ZONE)
    morning = local.replace(hour=8, minute=30, second=0, microsecond=0)
    if morning <= local < local.replace(hour=21):
        return at
    return instant(morning + timedelta(days=local.hour >= 21))
