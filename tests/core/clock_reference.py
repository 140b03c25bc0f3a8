"""A clock by its words alone, minute by minute: every minute is looked at, nothing is clever.

A minute in which the clock runs is kept; what was used is what those minutes come to. It shares no code with the core: the office's
hours, the ends of days and what an extension comes to are read off the minutes too. Instants are minutes since 2026-03-02 00:00 in
Shanghai, a Monday.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

DAY = 1440
FAR = 90 * DAY


def is_open(calendar: str, minute: int) -> bool:
    day, time = divmod(minute, DAY)
    if calendar == "always":
        return True
    if calendar == "long":
        return 8 * 60 <= time < 20 * 60
    return day % 7 < 5 and (9 * 60 <= time < 12 * 60 or 13 * 60 <= time < 18 * 60)


def counts(unit: str, calendar: str, day: int) -> bool:
    """Whether the end of a day is one of those that are counted."""
    return unit == "days" or calendar != "office" or day % 7 < 5


@dataclass(frozen=True)
class Part:
    """One limit: `total` minutes (the first `head` of them working ones), day-ends, or the minute itself."""

    unit: str
    total: int
    calendar: str = "office"
    head: int | None = None
    used: int = 0

    def gains(self, minute: int, used: int, counted_from: int) -> bool:
        """Whether one more is used of it by a clock that runs in this minute."""
        if minute < counted_from or self.unit == "instant":
            return False
        if self.unit == "time":
            return is_open(self.calendar, minute) if self.head is None or used < self.head else True
        day, time = divmod(minute, DAY)
        return time == DAY - 1 and day != counted_from // DAY and counts(self.unit, self.calendar, day)

    def after(self, minute: int, counted_from: int) -> Part:
        """The limit after the clock ran in this minute."""
        return replace(self, used=self.used + 1) if self.gains(minute, self.used, counted_from) else self

    def over(self, minutes: list[int], counted_from: int) -> Part:
        part = replace(self, used=0)
        for minute in minutes:
            part = part.after(minute, counted_from)
        return part

    def reached(self, now: int) -> bool:
        return now >= self.total if self.unit == "instant" else self.used >= self.total

    def due(self, now: int, counted_from: int) -> int:
        """When it is reached if the clock runs from now on; it must not be yet."""
        if self.unit == "instant":
            return self.total
        used = self.used
        for minute in range(now, now + FAR):
            if used >= self.total:
                return minute
            used += self.gains(minute, used, counted_from)
        raise AssertionError("too far")


def end_of(unit: str, count: int, calendar: str, at: int, due: bool) -> int:
    """Where an amount ends that is counted from `at`, which may be the end of a day that is over."""
    if unit == "time":
        minute = at
        while count:
            count -= is_open(calendar, minute)
            minute += 1
        return minute
    day = (at - 1 if due else at) // DAY
    while count:
        day += 1
        count -= counts(unit, calendar, day)
    return (day + 1) * DAY


@dataclass
class Reference:
    """The clock of one case. `targets` by severity; whoever plays calls `tick` for each minute, and between them what happens."""

    targets: dict[str, tuple[Part, ...]]
    on_change: str
    on_reopen: str
    waits_for_resume: bool
    severity: str = "minor"
    status: str = "none"
    parts: tuple[Part, ...] = ()
    minutes: list[int] = field(default_factory=list)
    counted_from: int = 0
    extensions: list[tuple[str, int, str]] = field(default_factory=list)
    halted: bool = False
    held: bool = False
    waiting: bool = False
    late: int | None = None
    fired: set[str] = field(default_factory=set)
    cut_off: bool = False
    finished: list[tuple[str, int | None]] = field(default_factory=list)

    # -- time

    def look(self, now: int) -> None:
        """What is due at this very minute happens."""
        if self.status != "running":
            return
        if self.late is None and any(part.reached(now) for part in self.parts):
            self.late = now
        if len(self.parts) == 1 and self.parts[0].unit == "time":
            (part,) = self.parts
            levels = {"50%": part.total // 2, "due": part.total, "due + 1h": part.total + 60}
            self.fired |= {name for name, level in levels.items() if part.used >= level}

    def tick(self, now: int) -> None:
        if self.status == "running":
            self.minutes.append(now)
            self.parts = tuple(part.after(now, self.counted_from) for part in self.parts)

    # -- what happens

    def start(self, now: int, counted_from: int, halted: bool, held: bool = False) -> None:
        self.counted_from, self.minutes, self.extensions = counted_from, [], []
        self.parts, self.fired = self.targets[self.severity], set()
        self.late = min(
            (p.total for p in self.parts if p.unit == "instant" and p.total < min(counted_from, now)), default=None
        )
        self.status, self.halted, self.held = "running", False, False
        for minute in range(counted_from, now):
            self.look(minute)
            self.tick(minute)
        if not (halted or held):
            self.look(now)
        self.stand(halted, held, now)

    def stand(self, halted: bool, held: bool, now: int) -> None:
        if self.status not in ("running", "paused"):
            return
        self.halted, self.held = halted, held
        self.status = "paused" if halted or held else "running"
        self.look(now)

    def enter(self, waiting: bool, now: int) -> None:
        self.waiting = waiting
        self.stand(waiting or (self.halted and self.waits_for_resume), self.held, now)

    def resume(self, now: int) -> None:
        self.stand(self.waiting, self.held, now)

    def aim(self, severity: str, now: int) -> None:
        before, self.severity = self.severity, severity
        given = self.targets[severity]
        if self.status not in ("running", "paused") or severity == before:
            return
        if self.on_change == "restart":
            self.reset(now)
            return
        carried = {part.unit: part.used for part in reversed(self.parts)} if self.on_change == "carry" else {}
        self.parts = tuple(
            replace(part, used=carried[part.unit])
            if part.unit in carried
            else part.over(self.minutes, self.counted_from)
            for part in given
        )
        for extension in self.extensions:
            self._extend(*extension, now)
        self.look(now)

    def extend(self, unit: str, count: int, origin: str, now: int) -> None:
        if self.status in ("running", "paused"):
            self._extend(unit, count, origin, now)
            self.extensions.append((unit, count, origin))
            self.look(now)

    def _extend(self, unit: str, count: int, origin: str, now: int) -> None:
        self.parts = tuple(self._longer(part, unit, count, origin, now) for part in self.parts)

    def _longer(self, part: Part, unit: str, count: int, origin: str, now: int) -> Part:
        if part.unit == unit:
            return replace(part, total=count if origin == "start" else part.total + count)
        at = self.counted_from if origin == "start" else part.due(now, self.counted_from)
        to = end_of(unit, count, part.calendar, at, origin == "due")
        if part.unit == "instant":
            return replace(part, total=to)
        reached = replace(part, used=0 if origin == "start" else part.total)
        ends = {at: reached.used}
        for minute in range(at, to):
            reached = reached.after(minute, self.counted_from)
            ends[minute + 1] = reached.used
        short = part.unit != "time" and ends[to] == ends[to - 1]
        return replace(part, total=reached.used + short)

    def reset(self, now: int) -> None:
        self.finished.append(("reset", self.late))
        self.start(now, now, self.halted, self.held)

    def stop(self, now: int) -> None:
        self.waiting = False
        self.cut_off = self.status in ("running", "paused")
        if self.cut_off:
            if self.late is None and any(part.reached(now) for part in self.parts):
                self.late = now
            self.status = "met" if self.late is None else "breached"
            self.halted = self.held = False

    def reopen(self, now: int, counted_from: int) -> None:
        if self.on_reopen == "closed" or self.status == "none":
            return
        self.finished.append((self.status, self.late))
        if self.on_reopen == "new":
            self.start(now, counted_from, False)
            return
        passed = [part.total for part in self.parts if part.unit == "instant" and part.total < now]
        if self.late is None and passed:
            self.late = min(passed)
        self.status = "running"
        self.look(now)
