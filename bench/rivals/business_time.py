"""businesstimedelta: the same weeks, lunch breaks and holidays as bench/working_time.py has them, in its own way.

Runs inside the throw-away environment: `business_time.py HOURS SECONDS` adds so many working hours to one start after the
other, and prints the answers for the first three starts, then additions a second.
"""

from __future__ import annotations

import sys
import time
from datetime import date, datetime, time as wall, timedelta

import pytz
from businesstimedelta import BusinessTimeDelta, HolidayRule, Rules, WorkDayRule

ZONE = pytz.timezone("Asia/Shanghai")
WINDOWS = ((wall(8, 30), wall(12)), (wall(13, 30), wall(18)))
HOLIDAYS = [date(year, *day) for year in range(2025, 2033) for day in [(1, 1), (5, 1), *((10, n) for n in range(1, 8))]]


def main() -> None:
    hours, seconds = float(sys.argv[1]), float(sys.argv[2])
    rules = [
        WorkDayRule(start_time=begin, end_time=end, working_days=[0, 1, 2, 3, 4], tz=ZONE) for begin, end in WINDOWS
    ]
    span = BusinessTimeDelta(Rules([*rules, HolidayRule(HOLIDAYS, tz=ZONE)]), hours=hours)
    first = ZONE.localize(datetime.fromisoformat("2026-01-05"))
    starts = [first + timedelta(hours=7 * n) for n in range(1000)]
    print(*(int((start + span).timestamp()) for start in starts[:3]))
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        starts[done % len(starts)] + span
        done += 1
    print(done / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
