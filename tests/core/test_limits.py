"""What a limit uses up on a calendar in which time stands still for a while."""

from __future__ import annotations

import pytest
from guanjia.calendars import compile_calendar
from guanjia.clock import from_iso
from guanjia.core import limits
from guanjia.model.case import Limit


def at(text: str) -> int:
    return from_iso(text, "Asia/Shanghai")


SNOW = {"from": at("2026-11-26T00:00"), "to": at("2026-11-29T00:00"), "factor": None, "reason": "暴雪"}


@pytest.mark.parametrize("start", ["2026-11-26T19:13", "2026-11-27T00:00", "2026-11-28T23:59"])
def test_a_day_of_the_start_on_which_time_stands_still_takes_no_other_day_out(start):
    """The day of the start does not count, those of the snow do not: of ten days the 29th is the first."""
    calendar = compile_calendar({"zone": "Asia/Shanghai", "always": True, "suspended": [SNOW]})
    limit, run = Limit("always", "days", 10), limits.Run(at(start), at(start))
    ends = limits.due(limit, calendar, run)
    assert ends == at("2026-12-09T00:00")
    assert limits.spend(limit, calendar, run, ends).used == 10
