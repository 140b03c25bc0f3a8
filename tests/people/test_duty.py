"""Who is on duty is a function of the rosters and the instant: told by a second way of reckoning, from shifts to intervals."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from guanjia.calendars import compile_calendar, flatten
from guanjia.clock import HOUR, MINUTE, from_iso
from guanjia.people import Organisation

from tests.scale import drawn, scale

ZONE = "Asia/Shanghai"
WRITTEN = {
    "zone": ZONE, "week": {"mon-fri": ["09:00-18:00"]}, "published": [2026],
    "holidays": {"2026-10-01..2026-10-07": "国庆节"}, "workdays": ["2026-10-10"],
}  # fmt: skip
CALENDAR = flatten("office", {"office": WRITTEN})
SHIFTS = {
    "day": {"hours": ["08:00-16:00"]},
    "split": {"hours": ["07:00-11:00", "15:00-19:30"], "least": 2},
    "night": {"hours": ["22:00-06:00"]},
    "office": {"hours": ["09:00-18:00"], "days": "workdays", "calendar": "office"},
    "weekend": {"hours": ["00:00-24:00"], "days": "rest_days", "calendar": "office"},
    "standby": {"hours": ["18:00-08:00"], "on_call": True},
}
WINDOWS = {
    "day": [(8, 16)], "split": [(7, 11), (15, 19.5)], "night": [(22, 30)], "office": [(9, 18)], "weekend": [(0, 24)], "standby": [(18, 32)],
}  # fmt: skip


def people(lines, leave=None, **staff):
    named = {
        id: {"name": id, "roles": ["guard"], "leave": (leave or {}).get(id, [])} | about for id, about in staff.items()
    }
    duty = {"zone": ZONE, "site": "main", "lines": lines, "calendars": {"office": CALENDAR}}
    return Organisation.from_plain({"roles": {"guard": {}}, "staff": named, "shifts": SHIFTS, "duty": duty}, "zh")


def at(text):
    return from_iso(text, ZONE)


def test_whoever_is_rostered_works_in_his_shifts_and_at_no_other_time_over_random_rosters():
    source = drawn()
    calendar = compile_calendar(CALENDAR)
    first = date(2026, 9, 25)
    days = [first + timedelta(days=n) for n in range(20)]
    for _ in range(scale(15, 300)):
        ids = ["a", "b", "c"]
        lines, worked = [], []
        for _ in range(source.randrange(1, 12)):
            shift, who = source.choice(list(SHIFTS)), source.sample(ids, source.randrange(1, 3))
            begin = source.randrange(len(days))
            until = min(len(days) - 1, begin + source.randrange(5))
            on = [f"{days[begin]}..{days[until]}"] if source.random() < 0.9 else []
            lines.append({"shift": shift, "staff": who, "on": on})
            for day in days[begin : until + 1] if on else days:
                runs = {"workdays": calendar.is_workday(day), "rest_days": not calendar.is_workday(day)}
                if runs.get(SHIFTS[shift].get("days", ""), True):
                    midnight = at(day.isoformat() + "T00:00")
                    worked += [
                        (id, shift, midnight + int(b * HOUR), midnight + int(e * HOUR))
                        for id in who
                        for b, e in WINDOWS[shift]
                    ]
        it = people(lines, **{id: {} for id in ids})
        rostered = {id for line in lines if line["shift"] != "standby" for id in line["staff"]}
        # Random instants, and the very ends of shifts, where half-open windows show; nights that began before the first day are
        # not in the oracle.
        edges = [edge + off for _, _, b, e in worked for edge in (b, e) for off in (-MINUTE, 0)]
        moments = [at("2026-09-26T12:00") + source.randrange(17 * 24 * 60) * MINUTE for _ in range(40)]
        for now in [*moments, *(edge for edge in edges if at("2026-09-26T12:00") <= edge <= at("2026-10-13T00:00"))]:
            on = {id for id, shift, b, e in worked if shift != "standby" and b <= now < e}
            assert {id for id in ids if it.on_duty(id, now)} == on | (set(ids) - rostered)
            assert set(it.on_call(now)) == {id for id, shift, b, e in worked if shift == "standby" and b <= now < e}


def test_a_night_belongs_to_the_day_on_which_it_begins_and_so_does_the_leave():
    it = people(
        [{"shift": "night", "staff": ["a", "b"], "on": ["2026-03-02..2026-03-03"]}],
        leave={"a": [{"on": ["2026-03-03"], "reason": "annual"}]}, a={}, b={},
    )  # fmt: skip
    assert it.on_duty("a", at("2026-03-03T05:59"))  # in the shift that began before the leave
    assert it.here("a", at("2026-03-03T05:59"))
    assert not it.here("a", at("2026-03-03T06:00"))
    assert not it.on_duty("a", at("2026-03-03T23:00"))
    assert not it.on_duty("a", at("2026-03-04T03:00"))  # the night of the day of the leave
    assert it.on_duty("b", at("2026-03-04T03:00"))
    assert it.working(it.duty.of_day(date(2026, 3, 3))[2]) == ("b",)


def test_without_a_roster_everybody_is_on_duty_who_is_said_to_be():
    it = people([], a={}, b={"on_duty": False}, c={"active": False})
    assert [id for id in "abc" if it.on_duty(id, at("2026-03-03T03:00"))] == ["a"]


def test_whoever_serves_another_site_or_is_on_leave_gets_nothing():
    it = people(
        [], leave={"c": [{"on": "2026-03-02..2026-03-04", "reason": "sick"}]}, a={"sites": ["north"]}, b={}, c={}
    )
    assert it.candidates("guard", at("2026-03-03T09:00"), "south") == ("b",)
    assert it.candidates("guard", at("2026-03-05T09:00"), "north") == ("a", "b", "c")


def test_a_role_of_which_nobody_is_there_falls_to_substitutes_and_then_to_the_role_above():
    staff = {
        "a": {"name": "a", "roles": ["guard"], "substitute": "b", "leave": [{"on": ["2026-03-02"]}]},
        "b": {"name": "b", "roles": []},
        "c": {"name": "c", "roles": ["head"]},
    }
    data = {"roles": {"guard": {"parent": "head"}, "head": {}}, "staff": staff}
    it = Organisation.from_plain(data, "zh")
    assert it.resolve("guard", at("2026-03-02T09:00")) == ("b",)
    staff["b"]["active"] = False
    it = Organisation.from_plain(data, "zh")
    assert it.resolve("guard", at("2026-03-02T09:00")) == ("c",)
    assert it.resolve("guard", at("2026-03-03T09:00")) == ("a",)


@pytest.mark.parametrize(
    ("day", "shifts"), [("2026-10-01", ["weekend"]), ("2026-10-10", ["office"]), ("2026-10-12", ["office"])]
)
def test_shifts_of_workdays_know_holidays_and_made_up_days(day, shifts):
    it = people([])
    assert [
        turn.shift for turn in it.duty.of_day(date.fromisoformat(day)) if turn.shift in ("office", "weekend")
    ] == shifts
