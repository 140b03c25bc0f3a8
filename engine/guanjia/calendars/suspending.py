"""Windows in which time stands still or runs slower, laid over a calendar: what force majeure and the like do to limits.

Canonical data may carry `suspended`, a list of `{from, to, factor, reason}` with instants `from` < `to`, in any order. In such a
window no working time passes (`factor` null), or `factor` times as much is needed as usual (a whole number, 2 or more), which
multiplies a limit that lies inside by it.

The definition, from which everything else follows. Where windows overlap the strictest holds: standing still before slower,
slower before less slow; touching stretches of one factor are one stretch. In a slower stretch the time that has run since its
beginning counts divided by the factor, rounded down to a whole microsecond: so working time is a whole number that grows by
0 or 1 with each microsecond, takes every value, and `add` and `between` stay each other's inverse, exactly. A day of which the end
lies in a window that stands still does not count; in a slower stretch every factor-th counted day does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from ..clock import Instant
from ..errors import Text
from .grammar import CalendarError
from .years import Year

STANDS_STILL = 0


class Stretch(NamedTuple):
    """From `begin` to before `end` time runs `factor` times slower; not at all when that is 0."""

    begin: Instant
    end: Instant
    factor: int
    reason: str


class Measure(Protocol):
    """The calendar as it is without the windows."""

    def between(self, a: Instant, b: Instant) -> int: ...
    def days_between(self, a: Instant, b: Instant, *, working: bool, first_day_counts: bool = ...) -> int: ...


def stretches(suspended: Iterable[Mapping[str, Any]]) -> list[Stretch]:
    """The windows of canonical data as stretches one after the other. CalendarError for what cannot be a window."""
    windows = [_window(item) for item in suspended]
    cuts = sorted({at for window in windows for at in (window.begin, window.end)})
    found: list[Stretch] = []
    for begin, end in pairwise(cuts):
        over = [window for window in windows if window.begin <= begin and end <= window.end]
        if not over:
            continue
        strictest = max(over, key=lambda window: (window.factor == STANDS_STILL, window.factor))
        before = found[-1] if found else None
        if before and (before.end, before.factor) == (begin, strictest.factor):
            reason = before.reason or strictest.reason
            found[-1] = Stretch(before.begin, end, before.factor, reason)
        else:
            found.append(Stretch(begin, end, strictest.factor, strictest.reason))
    return found


def _window(given: Mapping[str, Any]) -> Stretch:
    begin, end, factor = given["from"], given["to"], given.get("factor")
    if begin >= end or not (factor is None or (type(factor) is int and factor >= 2)):
        raise CalendarError(
            Text("暂停计时的时段应先起后止，倍数为 2 以上的整数", "a suspended window begins before it ends, its factor is 2 or more"),
            Text("完全停止计时的，factor 写 null", "where time stands still, factor is null"),
        )  # fmt: skip
    return Stretch(begin, end, factor or STANDS_STILL, given.get("reason") or "")


class SlowerYear(Year):
    """A year in which some intervals run slower: of interval i, `rates[i]` are the factor and the time that its stretch
    had run when the interval began."""

    __slots__ = ("rates",)

    def __init__(self, rates: list[tuple[int, int]], *args: Any) -> None:
        self.rates = rates
        super().__init__(*args)

    def worth(self, index: int) -> int:
        return self._passed(index, self.ends[index])

    def spent(self, at: Instant) -> int:
        index = bisect_right(self.starts, at) - 1
        return self.before[index] + self._passed(index, min(at, self.ends[index])) if index >= 0 else 0

    def reach(self, spent: int) -> Instant:
        index = bisect_left(self.before, spent) - 1
        factor, run = self.rates[index]
        return self.starts[index] + factor * (run // factor + spent - self.before[index]) - run

    def _passed(self, index: int, at: Instant) -> int:
        factor, run = self.rates[index]
        return (run + at - self.starts[index]) // factor - run // factor


def suspend(year: Year, over: Iterable[Stretch], plain: Measure) -> Year:
    """The year as it is with the stretches laid over it."""
    touching = [stretch for stretch in over if stretch.begin < year.end and year.begin < stretch.end]
    if not touching:
        return year
    pieces = [(start, end, 1, 0) for start, end in zip(year.starts, year.ends, strict=True)]
    days, workdays = year.days, year.workdays
    for stretch in touching:
        pieces = [piece for whole in pieces for piece in _cut(whole, stretch, plain)]
        days = (_counted(days[0], year, stretch, plain, False), _counted(days[1], year, stretch, plain, True))
        if stretch.factor == STANDS_STILL:
            workdays = _counted(workdays, year, stretch, plain, True)
    rates = [(factor, run) for _, _, factor, run in pieces]
    return SlowerYear(
        rates, year.number, year.begin, year.day_ends, [(start, end) for start, end, _, _ in pieces], days, workdays
    )


def _cut(
    piece: tuple[Instant, Instant, int, int], stretch: Stretch, plain: Measure
) -> Iterable[tuple[Instant, Instant, int, int]]:
    """An interval in up to three pieces: before the stretch, in it, after it."""
    start, end, factor, run = piece
    begins, stops = max(start, stretch.begin), min(end, stretch.end)
    if begins >= stops:
        yield piece
        return
    if start < begins:
        yield start, begins, factor, run
    if stretch.factor != STANDS_STILL:
        yield begins, stops, stretch.factor, plain.between(stretch.begin, begins)
    if stops < end:
        yield stops, end, factor, run


def _counted(days: list[int], year: Year, stretch: Stretch, plain: Measure, working: bool) -> list[int]:
    """The days that still count. A day's last instant is the one before its end."""

    def counts(day: int) -> bool:
        end = year.end_of(day)
        if not stretch.begin < end <= stretch.end:
            return True
        if stretch.factor == STANDS_STILL:
            return False
        number = plain.days_between(stretch.begin, end, working=working, first_day_counts=True)
        return number % stretch.factor == 0

    return [day for day in days if counts(day)]
