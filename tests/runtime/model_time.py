"""The time of the model (model.py): instants, days, and what a calendar works, looked for from the beginning each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
ZONE = ZoneInfo("Asia/Shanghai")
ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def local(at: int) -> datetime:
    return (ORIGIN + timedelta(microseconds=at)).astimezone(ZONE)


@cache
def midnight(day: date) -> int:
    return (datetime.combine(day, time(), ZONE) - ORIGIN) // timedelta(microseconds=1)


class Hours(NamedTuple):
    """A calendar by its name, with the windows in which its clocks stand still."""

    name: str
    still: tuple[tuple[int, int], ...] = ()

    def works(self, day: date) -> bool:
        if self.name == "short":
            return day.weekday() < 5 and day != date(2026, 3, 5)
        return self.name == "always" or day.weekday() < 6

    def windows(self, since: int) -> Iterator[tuple[int, int]]:
        """Stretches of working time from an instant on, in order, for a year."""
        day = local(since).date() - timedelta(days=1)
        for _ in range(400):
            start = midnight(day)
            hours = {"short": ((9, 12), (13, 17)), "long": ((8, 20),), "always": ((0, 24),)}[self.name]
            for opens, closes in hours if self.works(day) else ():
                yield from self.cut(max(since, start + opens * HOUR), start + closes * HOUR)
            day += timedelta(days=1)

    def cut(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        for since, until in sorted(self.still):
            if since < end and until > begin:
                if begin < since:
                    yield begin, since
                begin = max(begin, until)
        if begin < end:
            yield begin, end

    @cache  # noqa: B019 - a value of a few names
    def add(self, since: int, span: int) -> int:
        """The earliest instant at which so much working time has passed."""
        if span <= 0:
            return since
        for begin, end in self.windows(since):
            if end - begin >= span:
                return begin + span
            span -= end - begin
        raise AssertionError("no end within a year")

    @cache  # noqa: B019 - a value of a few names
    def between(self, since: int, until: int) -> int:
        total = 0
        for begin, end in self.windows(since):
            if begin >= until:
                break
            total += min(end, until) - begin
        return total

    @cache  # noqa: B019 - a value of a few names
    def sub(self, until: int, span: int) -> int:
        """The earliest instant from which on so much working time passes until then."""
        pieces = [
            (begin, min(end, until)) for begin, end in self.windows(until - 40 * DAY) if begin < until
        ]  # fmt: skip
        for begin, end in reversed(pieces):
            if end - begin > span:
                return end - span
            span -= end - begin
        raise AssertionError("no beginning within forty days")

    def day_ends(self, since: int, first: date) -> Iterator[int]:
        """The ends of working days after an instant, of days after `first`."""
        day = max(local(since).date() - timedelta(days=2), first)
        for _ in range(400):
            day += timedelta(days=1)
            end = midnight(day + timedelta(days=1))
            if end > since and self.works(day) and not any(begin < end <= until for begin, until in self.still):
                yield end
