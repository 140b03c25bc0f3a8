"""Calendars and clocks on the wall: what users of other systems report as broken (sla-anchors C1 to C10), each claim run once more
with the bug planted. C4, an edited calendar and the open cases, stands in test_change_anchors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, time as wall
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from guanjia.authoring.feeds import read_feed
from guanjia.authoring.holidays import choose, to_yaml
from guanjia.calendars import Calendar, CalendarError, check_calendar, compile_calendar, flatten, parse_amount
from guanjia.cli import words
from guanjia.clock import DAY, HOUR, MINUTE, from_iso, iso
from guanjia.language import read_yaml

from tests.anchors.planting import Bug, planted
from tests.offices import ROOT

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
DAYTIME = {"mon-fri": ["09:00-12:00", "13:00-17:00"]}


def calendar(week: dict[str, Any], zone: str = SHANGHAI, **more: Any) -> Calendar:
    return compile_calendar(flatten("test", {"test": {"zone": zone, "week": week, **more}}))


def office() -> Calendar:
    """The shipped one, made anew, so that no year of it was laid out before a bug was planted."""
    files = (ROOT / "calendars").glob("*.yaml")
    return compile_calendar(
        flatten("office", {path.stem: read_yaml(path.read_text("utf-8"), path.name).data for path in files})
    )


def at(text: str, zone: str = SHANGHAI) -> int:
    return from_iso(text, zone)


def shown(when: int, zone: str = SHANGHAI) -> str:
    return iso(when, zone)[:16]


def planned(change: Callable[[Any, date, Any], Any]) -> Callable[[Any], Any]:
    """A bug in what a day's hours are: `change(plan, day, (windows, kind, key))` is what they are taken for."""
    return lambda real: lambda self, day: change(self, day, real(self, day))


PLAN = "guanjia.calendars.years.Plan.of"
FIXED_OFFSET = Bug(
    "every wall time of a year has the offset of its first day", "guanjia.calendars.years.Walls",
    lambda real: lambda zone, first, last: real(zone, first, first),
)  # fmt: skip


# -- C1: zammad #3180, zendesk/biz #68


@planted(
    Bug("24:00 becomes 23:59", PLAN,
        planned(lambda plan, day, found: ([[begin, end - (end == 1440)] for begin, end in found[0]], *found[1:]))),
    Bug("a window that ends at midnight does not touch the next one", "guanjia.calendars.years.Walls.closing",
        lambda real: lambda self, at: real(self, at) - MINUTE * (at % DAY == 0)),
)  # fmt: skip
def test_c1_a_calendar_around_the_clock_closes_for_a_minute_at_midnight() -> None:
    around = calendar({"mon-sun": ["00:00-24:00"]}, BERLIN)
    start = at("2026-03-02T23:30", BERLIN)
    midnight = at("2026-03-03T00:00", BERLIN)
    assert all(around.is_open(midnight + n * MINUTE // 4) for n in range(-8, 9))
    assert around.between(start, start + 400 * DAY) == 400 * DAY
    assert around.add(start, 365 * DAY) == start + 365 * DAY


@planted(
    Bug("any window will do", "guanjia.calendars.grammar._read_window",
        lambda real: lambda given: [0, 1440] if given == "00:00-23:59" else real(given)),
)  # fmt: skip
def test_c1_whoever_writes_23_59_is_told_to_write_24_00() -> None:
    problems = check_calendar({"zone": SHANGHAI, "week": {"mon": ["00:00-23:59"]}})
    assert [(path, "last minute" in said.en, hint and "24:00" in hint.en) for path, said, hint in problems] == [
        (("week", "mon", 0), True, True)
    ]


# -- C2: zammad #1395, osTicket PR #4807


@planted(
    Bug(
        "a calendar without hours is taken",
        "guanjia.calendars.flattening.has_working_time",
        lambda real: lambda data: True,
    )
)
def test_c2_a_calendar_that_lost_its_hours_is_used() -> None:
    without: list[dict[str, Any]] = [
        {"zone": SHANGHAI},
        {"zone": SHANGHAI, "workdays": ["2026-10-10"]},
        {"zone": SHANGHAI, "week": {"mon-fri": ["09:00-17:00"]}, "holidays": ["01-01..12-31"]},
    ]
    for data in without:
        with pytest.raises(CalendarError, match="no working time"):
            flatten("lost", {"lost": data})


@planted(
    Bug("compiled data is believed", "guanjia.calendars.arithmetic.has_working_time", lambda real: lambda data: True),
)  # fmt: skip
def test_c2_a_version_that_pinned_a_calendar_without_hours_fails_at_every_step() -> None:
    with pytest.raises(CalendarError, match="no working time"):
        compile_calendar({"zone": SHANGHAI, "week": [[]] * 7})


def _given_up(real: Any) -> Any:
    def at_most(self: Calendar, year: Any, spent: int) -> int:
        try:
            found: int = real(self, year, spent)
        except CalendarError:
            return int(year.begin) + 150 * DAY
        return found

    return at_most


@planted(Bug("after some days of looking any instant will do", "guanjia.calendars.Calendar._at", _given_up))
def test_c2_time_that_can_hardly_be_found_gives_a_deadline_out_of_the_air() -> None:
    rare = calendar({"mon": ["09:00-09:01"]}, holidays=["01-01..12-30"])
    assert shown(rare.add(at("2026-01-01T00:00"), MINUTE)) == "2029-12-31T09:01"
    for impossible in (
        lambda: rare.add(at("2026-01-01T00:00"), HOUR * 1000),
        lambda: rare.sub(at("2026-01-01T00:00"), HOUR * 1000),
    ):
        with pytest.raises(CalendarError, match="from 1900 to 2200"):
            impossible()


# -- C3: zammad #3706, #390


def _as_utc(real: Any) -> Any:
    def days(event: Any, zone: str, mark: str) -> list[date]:
        return [datetime.combine(day, wall(), UTC).astimezone(ZoneInfo(zone)).date() for day in real(event, zone, mark)]

    return days


FEED = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//t//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20260703
DTEND;VALUE=DATE:20260704
SUMMARY:Independence Day (observed)
DESCRIPTION:Public holiday
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260702
SUMMARY:Old Friends Day
DESCRIPTION:Observance
END:VEVENT
END:VCALENDAR
"""


def imported(zone: str) -> Calendar:
    choice = choose(read_feed(FEED.encode(), zone, (), 2026), ["Public holiday"], (), ())
    feed = read_yaml(to_yaml(choice, zone, [2026], ["feed"]), "feed").data
    week = {"extends": "feed", "week": {"mon-fri": ["00:00-24:00"]}}
    return compile_calendar(flatten("x", {"feed": feed, "x": week}))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Honolulu"])
@planted(
    Bug("a date is midnight in Greenwich", "guanjia.authoring.feeds._days", _as_utc),
    Bug("a day begins at midnight in Greenwich", "guanjia.calendars.years.Walls",
        lambda real: lambda zone, first, last: real(ZoneInfo("UTC"), first, last)),
)  # fmt: skip
def test_c3_a_holiday_of_a_feed_is_a_day_early_west_of_greenwich(zone: str) -> None:
    each = imported(zone)
    assert shown(each.next_open(at("2026-07-03T00:00", zone)), zone) == "2026-07-06T00:00"
    assert each.is_open(at("2026-07-03T00:00", zone) - 1)
    assert each.between(at("2026-07-02T00:00", zone), at("2026-07-04T00:00", zone)) == DAY


@planted(
    Bug("every name in a feed is a day off", "guanjia.authoring.feeds._mark", lambda real: lambda event, summary: "holiday"),
    Bug("why a day is off is not kept", "guanjia.calendars.Calendar.kind_of",
        lambda real: lambda self, day: (real(self, day)[0], "")),
)  # fmt: skip
def test_c3_folk_holidays_of_a_feed_stretch_deadlines_and_nobody_can_see_why() -> None:
    each = imported(BERLIN)
    due, days = each.explained(at("2026-07-01T10:00", BERLIN), parse_amount("2 workdays"))
    assert shown(due, BERLIN) == "2026-07-07T00:00"
    assert [(day.date.day, day.name) for day in days if day.kind == "holiday"] == [(3, "Independence Day (observed)")]


# -- C5: glpi PR #22678; with a clock and its levels in test_clock_anchors


@planted(
    Bug("counted back over the night from midnight", "guanjia.calendars.Calendar.sub",
        lambda real: lambda self, end, span: self.end_of_day(real(self, end, span) - DAY)),
    Bug("counted back as elapsed time", "guanjia.calendars.Calendar.add",
        lambda real: lambda self, start, span: real(self, start, span) if span > 0 else start + span),
)  # fmt: skip
def test_c5_an_hour_before_a_deadline_of_the_next_day_is_at_midnight() -> None:
    each = calendar({"mon-fri": ["08:00-18:00"]}, "Europe/Paris")
    due = each.add(at("2026-03-02T17:00", "Europe/Paris"), 4 * HOUR)
    assert shown(due, "Europe/Paris") == "2026-03-03T11:00"
    assert shown(each.sub(due, HOUR), "Europe/Paris") == "2026-03-03T10:00"
    assert shown(each.sub(due, 3 * HOUR + 30 * MINUTE), "Europe/Paris") == "2026-03-02T17:30"


# -- C6: fivetran/dbt_zendesk #25, chatwoot #2882, zendesk/biz PR #37, PR #160

ONCE = Bug(
    "a repeated hour counts once",
    "guanjia.calendars.years.Walls.closing",
    lambda real: lambda self, at: self.opening(at),
)


@planted(FIXED_OFFSET, ONCE)
def test_c6_the_hour_that_is_skipped_or_repeated_is_miscounted() -> None:
    night = calendar({"mon-sun": ["22:00-06:00"]}, BERLIN)
    for day, hours in {"2026-03-27": 8, "2026-03-28": 7, "2026-10-23": 8, "2026-10-24": 9}.items():
        begin = at(f"{day}T22:00", BERLIN)
        assert night.between(begin, begin + 12 * HOUR) == hours * HOUR
        assert shown(night.add(begin, hours * HOUR), BERLIN)[11:] == "06:00"
    early = calendar({"sun": ["02:30-05:00"]}, BERLIN)
    assert early.next_open(at("2026-03-29T00:00", BERLIN)) == at("2026-03-29T03:00", BERLIN), "begins with the jump"
    assert early.between(at("2026-10-25T00:00", BERLIN), at("2026-10-25T12:00", BERLIN)) == 3 * HOUR + 30 * MINUTE
    for hours in ("02:00-03:00", "01:30-02:30"):
        late = calendar({"sun": [hours]}, BERLIN)
        assert late.between(at("2026-10-25T00:00", BERLIN), at("2026-10-25T12:00", BERLIN)) == 2 * HOUR


@planted(FIXED_OFFSET)
def test_c6_a_change_of_the_clock_that_is_no_summer_time_is_missed() -> None:
    """Casablanca sets its clock back for Ramadan."""
    zone = "Africa/Casablanca"
    each = calendar({"mon-sun": ["09:00-17:00"]}, zone)
    for day in ("2026-02-14", "2026-02-15", "2026-02-16", "2026-03-22", "2026-03-23"):
        assert shown(each.next_open(at(f"{day}T00:00", zone)), zone) == f"{day}T09:00"
    around = calendar({"mon-sun": ["00:00-24:00"]}, zone)
    assert around.between(at("2026-02-15T00:00", zone), at("2026-02-16T00:00", zone)) == 25 * HOUR
    assert around.between(at("2026-03-22T00:00", zone), at("2026-03-23T00:00", zone)) == 23 * HOUR


# -- C7: frappe/helpdesk PR #3776, erpnext PR #38745


@planted(
    Bug("working hours are those of the machine", "guanjia.calendars.arithmetic.ZoneInfo",
        lambda real: lambda name: real(os.environ.get("TZ", name))),
    Bug("deadlines are shown in the zone of whoever looks", "guanjia.cli.words.moment",
        lambda real: lambda at, zone=None: real(at).astimezone()),
)  # fmt: skip
def test_c7_a_new_case_is_late_at_birth_for_somebody_in_another_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = at("2026-02-13T17:45")
    try:
        for zone in ("Asia/Shanghai", "Asia/Kolkata", "America/New_York", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            each = office()
            due = each.add(opened, 15 * MINUTE)
            assert words.when(due, each.zone) == "2026-02-13 18:00"
            assert words.left(due, opened)[0].en == "15 min left"
            assert words.by(each.add_days(opened, 2, working=True), each.zone) == "2026-02-24 24:00"
    finally:
        monkeypatch.undo()
        time.tzset()


# -- C8: zendesk/biz #103, #122, #142, rickar/cal #106, vacanza/holidays #298, NateScarlet/holiday-cn #301


def _as_weekday(*kinds: str) -> Callable[[Any], Any]:
    return planned(
        lambda plan, day, found: (
            (plan._week[day.weekday()], "" if plan._week[day.weekday()] else "closed", "")
            if found[1] in kinds
            else found
        )
    )


@planted(
    Bug("a weekend stays one", PLAN, _as_weekday("workday")),
    Bug("holidays are not known", PLAN, _as_weekday("holiday")),
)  # fmt: skip
def test_c8_make_up_workdays_are_days_off() -> None:
    each = office()
    for day in ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):
        assert each.is_workday(date.fromisoformat(day))
        begin = at(f"{day}T00:00")
        assert each.between(begin, begin + DAY) == 9 * HOUR + 30 * MINUTE
    friday = at("2026-02-13T17:00")
    assert shown(each.after(friday, parse_amount("1 workday"))) == "2026-02-15T00:00"
    assert shown(each.after(friday, parse_amount("2 workdays"))) == "2026-02-25T00:00"
    assert shown(each.add(at("2026-09-30T17:00"), 2 * HOUR)) == "2026-10-08T09:30"


@planted(
    Bug("a weekend stays one", PLAN, _as_weekday("workday")),
    Bug("a short day is as long as any", PLAN, _as_weekday("short day")),
    Bug("a short day opens what is closed", PLAN,
        planned(lambda plan, day, found: (plan._short[day.isoformat()], "short day", "") if day.isoformat() in plan._short else found)),
)  # fmt: skip
def test_c8_the_short_day_before_a_holiday_is_as_long_as_any() -> None:
    """zendesk/biz #142: Sunday 28 April 2019 was worked in China."""
    each = calendar(
        DAYTIME,
        holidays={"2019-05-01..2019-05-04": "劳动节"},
        workdays=["2019-04-28", "2019-05-05"],
        short_days={"2019-04-30": ["09:00-12:00"], "2019-04-27": ["09:00-12:00"]},
    )
    sunday = at("2019-04-28T00:00")
    assert each.next_open(sunday) == at("2019-04-28T09:00")
    assert each.between(sunday, sunday + DAY) == 7 * HOUR
    assert shown(each.add(at("2019-04-30T11:00"), 2 * HOUR)) == "2019-05-05T10:00"
    assert not each.is_workday(date(2019, 4, 27)), "a short day opens no Saturday"


# -- C9: chatwoot #14009, frappe/helpdesk #2212, osTicket #6847, seppemans/businesstimedelta #5


@planted(
    Bug("a day is one window from opening to closing", PLAN,
        planned(lambda plan, day, found: ([[found[0][0][0], found[0][-1][1]]], *found[1:]) if found[0] else found)),
    Bug("only the first window of a day is read", PLAN, planned(lambda plan, day, found: (found[0][:1], *found[1:]))),
)  # fmt: skip
def test_c9_the_lunch_break_counts_as_work() -> None:
    each = calendar(DAYTIME)
    assert shown(each.add(at("2026-03-02T11:30"), HOUR)) == "2026-03-02T13:30"
    assert shown(each.add(at("2026-03-02T12:15"), HOUR)) == "2026-03-02T14:00"
    assert not each.is_open(at("2026-03-02T12:00"))


def _by_its_end(plan: Any, day: date, found: Any) -> Any:
    """The hours after midnight belong to the day on which they lie, and follow whether that one is worked."""
    windows = [[begin, min(end, 1440)] for begin, end in found[0]]
    if found[0]:
        windows = [[0, end - 1440] for _, end in plan._week[day.weekday()] if end > 1440] + windows
    return (windows, *found[1:])


@planted(
    Bug("a shift ends at midnight", PLAN,
        planned(lambda plan, day, found: ([[begin, min(end, 1440)] for begin, end in found[0]], *found[1:]))),
    Bug("a shift belongs to the day on which it ends", PLAN, planned(_by_its_end)),
)  # fmt: skip
def test_c9_a_night_shift_ends_at_midnight() -> None:
    night = calendar({"mon-fri": ["22:00-06:00"]}, holidays=["2026-03-04"])
    assert night.is_open(at("2026-03-04T05:59")), "Tuesday's shift ends on the holiday"
    assert not night.is_open(at("2026-03-04T23:00"))
    assert not night.is_open(at("2026-03-05T03:00"))
    assert night.is_open(at("2026-03-07T05:00")), "Friday's shift ends on Saturday"
    assert not night.is_workday(date(2026, 3, 7))
    assert shown(night.add(at("2026-03-06T21:00"), 9 * HOUR)) == "2026-03-09T23:00"
    new_year = at("2026-12-31T22:00")
    assert night.add(new_year, 8 * HOUR) == new_year + 8 * HOUR


# -- C10: chatwoot PR #13392


@planted(
    Bug("working time is elapsed time", "guanjia.calendars.Calendar.add", lambda real: lambda self, start, span: start + span),
    Bug("what does not fit today begins anew tomorrow", "guanjia.calendars.Calendar.add",
        lambda real: lambda self, start, span: end if (end := real(self, start, span)) - start == span
        else self.next_open(self.end_of_day(start)) + span),
    Bug("the weekend is worked", PLAN, planned(lambda plan, day, found: ([[540, 1020]], "", ""))),
)  # fmt: skip
def test_c10_an_hour_from_half_an_hour_before_the_weekend_ends_on_saturday() -> None:
    zone = "America/New_York"
    each = calendar({"mon-fri": ["09:00-17:00"]}, zone)
    assert shown(each.add(at("2026-03-06T16:30", zone), HOUR), zone) == "2026-03-09T09:30"
