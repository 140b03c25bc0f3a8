"""Which of two things that wait for their time comes first, whenever they began: only where that is certain."""

from __future__ import annotations

from functools import lru_cache

from ...calendars import Amount, Calendar, CalendarError
from ...clock import DAY, HOUR, MINUTE, Instant
from ...core.parts import DelayProgram

_STEP = 30 * MINUTE
_SPAN = 70 * DAY


class Starts:
    """Instants from which spans are measured: half hours of ten weeks, and what lies around them."""

    def __init__(self, now: Instant) -> None:
        begin = now - 7 * DAY
        self.at = tuple(begin + n * _STEP for n in range(_SPAN // _STEP))

    @lru_cache(maxsize=4096)  # noqa: B019  # lives as long as the proof
    def before(self, one: Calendar, first: Amount, other: Calendar, second: Amount) -> bool:
        """Whether `first` always ends before `second`, both begun at one instant."""
        return all(
            self.ends(one, at, first) < self.ends(other, at, second) for at in self.at[:: 1 + (len(self.at) > 4000)]
        )

    @lru_cache(maxsize=4096)  # noqa: B019
    def longest(self, calendar: Calendar, amount: Amount) -> int:
        """The longest that it takes by the wall clock, in microseconds."""
        return max(self.ends(calendar, at, amount) - at for at in self.at)

    @staticmethod
    def ends(calendar: Calendar, at: Instant, amount: Amount) -> Instant:
        try:
            return calendar.after(at, amount)
        except CalendarError:
            return at + 36_500 * DAY


def sooner(starts: Starts, one: DelayProgram, other: DelayProgram) -> bool:
    """Whether `one` certainly runs out before `other`, both armed: it belongs to the same state or to one around it, so that it
    was armed no later, and takes less time. Of two that are armed at once and end at once the one that is written first comes first."""
    if one.delay.delay is None or one.amount is None or other.amount is None or one.owner not in other.owner.path:
        return False
    if one.owner is other.owner and (one.calendar, one.amount) == (other.calendar, other.amount):
        return one.order < other.order
    return starts.before(one.calendar, one.amount, other.calendar, other.amount)


__all__ = ["HOUR", "Starts", "sooner"]
