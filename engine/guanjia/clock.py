"""Instants, and where they come from.

Inside Guanjia an instant is a whole number of microseconds since 1970-01-01T00:00:00Z: exact, ordered, the same in memory,
in JSON and in SQL. A zone is applied only where a person reads or writes a time. Nothing but a `Clock` knows what time it
is; tests and simulations move a `ManualClock` by hand.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

Instant: TypeAlias = int

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


FIRST, LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def instant(moment: datetime) -> Instant:
    """The instant of an aware datetime; a naive one is refused, for nobody can know what it means."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone names no instant")
    return (moment - _EPOCH) // _TICK


_FIRST, _LAST = instant(FIRST), instant(LAST)


def moment(at: Instant, zone: str | None = None) -> datetime:
    """The aware datetime of an instant, in `zone` (an IANA name) or in UTC."""
    utc = _EPOCH + timedelta(microseconds=at)
    return utc if zone is None else utc.astimezone(ZoneInfo(zone))


def iso(at: Instant, zone: str | None = None) -> str:
    """ISO 8601 with offset, e.g. 2026-11-24T09:05:00+08:00; UTC is written Z."""
    return moment(at, zone).isoformat().replace("+00:00", "Z")


def spoken(at: Instant, zone: str | None = None) -> str:
    """A moment as a sentence has it: 2026-11-24 09:05:00."""
    return f"{moment(at, zone):%Y-%m-%d %H:%M:%S}"


def has_a_date(at: Instant) -> bool:
    """Whether every zone has a date for it."""
    return _FIRST <= at <= _LAST


def from_iso(text: str, zone: str | None = None) -> Instant:
    """The instant that ISO 8601 `text` names; without an offset it is a wall time of `zone`. ValueError if neither fits."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None and zone is not None:
        parsed = parsed.replace(tzinfo=ZoneInfo(zone))
    return instant(parsed)


class Clock(Protocol):
    """Tells the present instant. The only source of time for the engine."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Instant:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands still until it is moved: for tests, stories, simulations and imports."""

    def __init__(self, start: Instant = 0) -> None:
        self._now = _whole(start)

    def now(self) -> Instant:
        return self._now

    def set(self, at: Instant) -> None:
        """Move to `at`, forwards or backwards."""
        self._now = _whole(at)

    def advance(self, span: int) -> Instant:
        """Move by `span` microseconds and return the new present."""
        self._now += _whole(span)
        return self._now


def _whole(given: int) -> int:
    if type(given) is not int:
        raise TypeError(f"整数微秒才是时刻 / a ManualClock takes whole microseconds, as an int, and no {given!r:.40}")
    return given
