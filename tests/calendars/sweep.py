"""`python -m tests.calendars.sweep [COUNT] [SEED]`: random (start, amount, calendar) against the oracle that looks at every minute.

Calendars are drawn in four zones: lunch breaks, night shifts, days around the clock, holidays, made-up and short days, ways of
counting days, some with suspended windows; around changes of the clock from 2020 to 2040, and in Shanghai on the days that
the State Council published for 2026. Prints how many there were and how many differed; the exit code is 1 when any did.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from guanjia.calendars import Amount, Calendar, compile_calendar, flatten
from guanjia.language import read_yaml

from tests.calendars.oracle import MINUTE, Oracle

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REACH = 8
EACH = 250
PUBLISHED = Path(__file__).parents[2] / "calendars" / "cn-2026.yaml"


@cache
def changes(zone: str, since: int = 2020, until: int = 2040) -> list[int]:
    """Every minute since 1970 at which the zone's clock is set, in these years."""
    here, found = ZoneInfo(zone), []

    def offset(minute: int) -> timedelta | None:
        return datetime.fromtimestamp(minute * 60, here).utcoffset()

    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60 for year in (since, until + 1))
    for day in range(first, last, 1440):
        if offset(day) != offset(day + 1440):
            found.append(next(n for n in range(day + 1, day + 1441) if offset(n) != offset(n - 1)))
    return found


def windows(rng: random.Random) -> list[str]:
    def text(minute: int) -> str:
        return "24:00" if minute == 1440 else f"{minute // 60:02}:{minute % 60:02}"

    kind = rng.randrange(5)
    if kind == 0:
        return ["00:00-24:00"]
    if kind == 1:
        begin = rng.randrange(18 * 60, 24 * 60)
        return [f"{text(begin)}-{text(rng.randrange(0, 8 * 60))}"]
    near = [rng.randrange(0, 5 * 60) for _ in range(2)] if kind == 2 else []
    cuts = sorted(set(near + [rng.randrange(0, 1439) for _ in range(4)]))[: 4 if kind > 2 else 6]
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return [f"{text(begin)}-{text(end)}" for begin, end in pairs]


def draw(rng: random.Random) -> tuple[dict[str, Any], date, date]:
    """What a calendar file says, and the days around which it is asked."""
    zone = rng.choice(ZONES)
    data: dict[str, Any] = {"zone": zone, "week": {day: windows(rng) for day in WEEKDAYS if rng.random() < 0.8}}
    data["week"].setdefault("wed", ["09:00-12:00", "13:00-17:30"])
    if zone == "Asia/Shanghai":
        middle = date(2026, rng.randrange(1, 13), rng.randrange(1, 29))
        published = flatten(
            "cn", {"cn": {**read_yaml(PUBLISHED.read_text("utf-8"), "cn").data, "week": {"mon": ["09:00-10:00"]}}}
        )
        usual = next(data["week"][day] for day in WEEKDAYS if day in data["week"])
        data["holidays"] = [day for day, hours in published["days"].items() if not hours]
        data["workdays"] = {day: usual for day, hours in published["days"].items() if hours}
        return data, middle - timedelta(days=REACH), middle + timedelta(days=REACH)
    clock = rng.choice(changes(zone))
    change = datetime.fromtimestamp(60 * clock, ZoneInfo(zone)).date()
    first, last = change - timedelta(days=REACH), change + timedelta(days=REACH)
    hour = datetime.fromtimestamp(60 * clock, ZoneInfo(zone)).hour
    if rng.random() < 0.5:  # a window that ends within an hour of the change
        data["week"][WEEKDAYS[change.weekday()]] = [f"00:00-{hour:02}:{rng.randrange(1, 59):02}"]
    days = [(first + timedelta(days=n)).isoformat() for n in range(2 * REACH + 1)]
    data["holidays"] = sorted(rng.sample(days, rng.randrange(4)))
    rest = [day for day in days if day not in data["holidays"]]
    data["workdays"] = {day: windows(rng) for day in rng.sample(rest, rng.randrange(4))}
    data["short_days"] = {day: windows(rng) for day in rng.sample(rest, rng.randrange(3))}
    return data, first, last


def suspended(rng: random.Random, oracle: Oracle) -> list[dict[str, Any]]:
    """Windows on whole minutes, from the second day on, for the oracle must see the day on which one begins."""
    found = []
    for _ in range(rng.randrange(1, 4)):
        begin, end = sorted(rng.sample(range(oracle.begin + 1440, oracle.end), 2))
        factor = rng.choice([None, None, 2, 3, 7])
        found.append({"from": oracle.instant(begin), "to": oracle.instant(end), "factor": factor, "reason": ""})
    return found


def asked(rng: random.Random) -> Iterator[tuple[Oracle, Calendar, dict[str, Any]]]:
    while True:
        data, first, last = draw(rng)
        flat = flatten("x", {"x": data})
        oracle = Oracle(data, first, last)
        if rng.random() < 0.4:
            data["suspended"] = flat["suspended"] = suspended(rng, oracle)
            oracle = Oracle(data, first, last)
        counting = {"first_day": rng.random() < 0.3, "roll_over": rng.random() < 0.3,
                    "ends": rng.choice(("midnight", "closing"))}  # fmt: skip
        yield oracle, compile_calendar({**flat, "counting": counting}), counting


def expected(oracle: Oracle, counting: dict[str, Any], start: int, amount: Amount) -> int | None:
    """What the definition says; None where the answer lies outside of what the oracle looks at."""
    if amount.unit == "time":
        found = oracle.add(start, amount.value) if amount.value >= 0 else oracle.sub(start, -amount.value)
        return found
    ends = oracle.add_days(start, amount.value, amount.unit == "workdays", counting["first_day"])
    if ends is None:
        return None
    rolls = counting["roll_over"] and amount.unit == "days" and amount.value > 0
    last = oracle.last_day(ends, rolls, counting["ends"] == "closing")
    return None if last is None else oracle.instant(last)


def sweep(count: int, seed: int, most: int | None = None) -> tuple[int, list[str]]:
    """How many were asked, and each that differed; no more are asked once `most` did."""
    rng, asked_for, wrong = random.Random(seed), 0, list[str]()
    for oracle, calendar, counting in asked(rng):
        edges = [n for n in range(oracle.begin, oracle.end) if oracle.open[n] != oracle.open[n - 1]] or [oracle.begin]
        for _ in range(EACH):
            start = rng.choice(edges) if rng.random() < 0.2 else rng.randrange(oracle.begin, oracle.end)
            unit = rng.choice(("time", "time", "time", "days", "workdays"))
            value = rng.choice((-1, 1, 1)) * rng.randrange(1, 9)
            if unit == "time":
                value = rng.choice((-1, 1, 1)) * rng.randrange(rng.choice((60, 600, 5000))) * MINUTE
                if rng.random() < 0.2:  # to where work begins or ends
                    value = oracle.work[rng.choice(edges)] - oracle.work[start]
            amount = Amount(unit, value)
            wanted = expected(oracle, counting, start, amount)
            if wanted is None:
                continue
            found = calendar.after(oracle.instant(start), amount)
            asked_for += 1
            if found != wanted:
                wrong.append(f"{oracle.data} {counting} {oracle.instant(start)} + {amount}: {found}, not {wanted}")
            if asked_for == count or len(wrong) == most:
                return asked_for, wrong
    raise AssertionError("without end")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    began = time.perf_counter()
    asked_for, wrong = sweep(count, seed)
    for line in wrong[:3]:
        print(line, file=sys.stderr)
    took = time.perf_counter() - began
    print(
        f"{asked_for:,} (start, amount, calendar) beside the oracle: {len(wrong)} differences (seed {seed}, {took:.0f} s)"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
