"""The clock on the wall of a zone, beside the instants: what a wall time means where the zone's clock jumps.

One definition serves every jump. A stretch from wall time b to wall time e begins at the earliest instant at which the clock
shows b or later, and ends right after the last instant at which it shows less than e. So a window that begins in a skipped
hour begins with the jump, one that holds a repeated hour holds both, and a day ends when its last 23:59 is over. Wall times
are whole microseconds since 1970-01-01T00:00 on the wall.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from ..clock import DAY, SECOND, Instant, moment

_NEVER = 1 << 62
_SECOND = timedelta(seconds=1)


class Walls:
    """How the zone's clock stands to UTC from `first` to `last`; the offsets at both ends hold for ever beyond them."""

    def __init__(self, zone: ZoneInfo, first: Instant, last: Instant) -> None:
        self._zone = zone
        sinces, offsets = [-_NEVER], [self._offset(first)]
        # Zones do not change twice within a day (the closest in the tz database are several days apart).
        for at in range(first, last, DAY):
            offset = self._offset(at + DAY)
            if offset != offsets[-1]:
                sinces.append(self._change(at, at + DAY))
                offsets.append(offset)
        self._pieces = list(zip(sinces, [*sinces[1:], _NEVER], offsets, strict=True))
        self._backwards = self._pieces[::-1]

    def opening(self, wall: int) -> Instant:
        """The earliest instant at which the clock shows `wall` or later."""
        at = wall
        for since, until, offset in self._pieces:
            at = max(since, wall - offset)
            if at < until:
                break
        return at

    def closing(self, wall: int) -> Instant:
        """The instant right after the last one at which the clock shows less than `wall`."""
        at = wall
        for since, until, offset in self._backwards:
            at = min(until, wall - offset)
            if at > since:
                break
        return at

    def _offset(self, at: Instant) -> int:
        offset = moment(at).astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset // _SECOND * SECOND

    def _change(self, before: Instant, after: Instant) -> Instant:
        """The instant of the change between two instants; the zone database knows whole seconds."""
        low, high, new = before // SECOND, after // SECOND, self._offset(after)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle * SECOND) == new:
                high = middle
            else:
                low = middle
        return high * SECOND
