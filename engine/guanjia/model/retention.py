"""For how long what is personal may be kept: a period of days, months or years that runs from the closing of a case.

Unlike a promise, such a period may be in months and years: it ends with the day of the same number, or with the last day of
a month that has no such day; the day of the closing does not count (Civil Code of China, articles 201 and 202). Pure.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from ..clock import Instant, instant, moment
from ..errors import Text, plural

_PERIOD = re.compile(r"([1-9][0-9]{0,4}) ?(day|month|year)s?")
_LONGEST = 36_600
"""Days: a hundred years."""

_UNITS = {"day": ("天", "day"), "month": ("个月", "month"), "year": ("年", "year")}


class Period(NamedTuple):
    value: int
    unit: Literal["day", "month", "year"]

    @classmethod
    def parse(cls, text: str) -> Period:
        """`90 days`, `6 months`, `3 years`. ValueError with a Text says what to write."""
        found = _PERIOD.fullmatch(text.strip())
        period = cls(int(found[1]), found[2]) if found else None  # type: ignore[arg-type]
        if period is None or period.longest > _LONGEST:
            raise ValueError(
                Text(
                    f"“{text}”不是保存期限，写成 90 days、6 months、3 years（最长 100 年）",
                    f"{text!r} is no time to keep something: write 90 days, 6 months or 3 years (at most 100 years)",
                )
            )
        return period

    @property
    def longest(self) -> int:
        """The most days that it can have."""
        return self.value * {"day": 1, "month": 31, "year": 366}[self.unit]

    @property
    def shortest(self) -> int:
        """The fewest days that it can have."""
        return self.value * {"day": 1, "month": 28, "year": 365}[self.unit]

    def over(self, closed: Instant, zone: str) -> Instant:
        """The first instant at which it is over: the midnight that ends its last day, on the wall of `zone`."""
        began = moment(closed, zone).date()
        last = began + timedelta(self.value) if self.unit == "day" else _later(began, self._months)
        return instant(datetime.combine(last + timedelta(1), time(), ZoneInfo(zone)))

    def later(self, day: date, times: int) -> date:
        """The day so many of these periods later, or earlier, counted as one span: nothing drifts where months differ in length."""
        return day + timedelta(self.value * times) if self.unit == "day" else _later(day, self._months * times)

    @property
    def _months(self) -> int:
        return self.value * (12 if self.unit == "year" else 1)

    @property
    def text(self) -> Text:
        zh, en = _UNITS[self.unit]
        return Text(f"{self.value} {zh}", plural(self.value, en))


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
