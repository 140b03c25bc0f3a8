"""Who is on duty: a function of the rosters and an instant, and nothing else.

A shift runs by the clock on the wall of the office. Its night belongs to the day on which it begins, so at any instant only the
shifts of that day and of the day before can run. A `Turn` is one shift of one day with the people who work it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from ..calendars import Calendar, compile_calendar, days_of, window_of
from ..clock import MINUTE, Instant, moment

_DAY = timedelta(days=1)


class Turn(NamedTuple):
    """One shift on one day, and the ids of the people who work it, in the order written."""

    shift: str
    day: date
    staff: tuple[str, ...]
    on_call: bool
    least: int
    """How many people it needs."""


class Duty:
    """The shifts of an office and its rosters. `shifts` as organisation.yaml has them; `duty` as `OfficeFiles.organisation`
    describes it, none where nobody is rostered."""

    def __init__(self, shifts: Mapping[str, Mapping[str, Any]], duty: Mapping[str, Any] | None) -> None:
        self.shifts = shifts
        self.lines: Sequence[Mapping[str, Any]] = (duty or {}).get("lines", ())
        self.zone: str = (duty or {}).get("zone", "Asia/Shanghai")
        self._calendars: Mapping[str, Mapping[str, Any]] = (duty or {}).get("calendars", {})
        self._compiled: dict[str, Calendar] = {}
        self._windows = {
            name: tuple(window for text in _listed(shift["hours"]) if (window := window_of(text)) is not None)
            for name, shift in shifts.items()
        }
        self._last: tuple[int, date, tuple[Turn, ...]] = (-1, date.min, ())

    @cached_property
    def rostered(self) -> frozenset[str]:
        """Everybody whom a roster puts on duty: who is in none is on duty whenever `on_duty` says so."""
        on_call = {name for name, shift in self.shifts.items() if shift.get("on_call")}
        return frozenset(id for line in self.lines if line["shift"] not in on_call for id in line["staff"])

    def day_of(self, at: Instant) -> date:
        return self._at(at)[1]

    def of_day(self, day: date) -> tuple[Turn, ...]:
        """Every shift that begins on that day, also those for which there is nobody."""
        people: dict[str, dict[str, None]] = {name: {} for name in self.shifts if self._runs(name, day)}
        for line in (*self._dated.get(day, ()), *self._standing):
            if line["shift"] in people:
                people[line["shift"]] |= dict.fromkeys(line["staff"])
        return tuple(
            Turn(name, day, tuple(ids), self.shifts[name].get("on_call", False), self.shifts[name].get("least", 1))
            for name, ids in people.items()
        )

    def at(self, at: Instant) -> tuple[Turn, ...]:
        """The shifts that run at the instant; the first instant of a shift is in it, its end is not."""
        return self._at(at)[2]

    def _at(self, at: Instant) -> tuple[int, date, tuple[Turn, ...]]:
        """The minute of an instant, its day, and the shifts that run: one decision asks for them of everybody."""
        minute, last = at // MINUTE, self._last
        if last[0] == minute:
            return last
        wall = moment(at, self.zone)
        today, now = wall.date(), wall.hour * 60 + wall.minute
        turns = tuple(
            turn
            for day, since in ((today - _DAY, now + 1440), (today, now))
            for turn in self.of_day(day)
            if any(begin <= since < end for begin, end in self._windows[turn.shift])
        )
        self._last = last = minute, today, turns
        return last

    def hours(self, shift: str) -> tuple[tuple[int, int], ...]:
        """The windows of a shift, in minutes from the midnight at which its day begins."""
        return self._windows[shift]

    @cached_property
    def _dated(self) -> dict[date, list[Mapping[str, Any]]]:
        found: dict[date, list[Mapping[str, Any]]] = {}
        for line in self.lines:
            for text in line["on"]:
                for day in days_of(text):
                    found.setdefault(day, []).append(line)
        return found

    @cached_property
    def _standing(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(line for line in self.lines if not line["on"])

    def _runs(self, shift: str, day: date) -> bool:
        """Whether the shift runs on a day. On every one where its calendar cannot be used: rather too many people than none."""
        about = self.shifts[shift]
        days, name = about.get("days", "every"), about.get("calendar", "office")
        if days == "every" or name not in self._calendars:
            return True
        if name not in self._compiled:
            self._compiled[name] = compile_calendar(self._calendars[name])
        return self._compiled[name].is_workday(day) is (days == "workdays")


def _listed(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value)
