"""The ways to count days, one by one, and as the Civil Code has them."""

from __future__ import annotations

from typing import Any

import pytest
from guanjia.calendars import Calendar, Counting, check_calendar, compile_calendar, flatten, parse_amount
from guanjia.calendars.counting import READY
from guanjia.clock import from_iso, iso
from guanjia.model import procedure

ZONE = "Asia/Shanghai"
OFFICE: dict[str, Any] = {
    "zone": ZONE,
    "week": {"mon-fri": ["08:30-12:00", "13:30-18:00"]},
    "holidays": {"2026-10-01..2026-10-07": "国庆节"},
    "workdays": ["2026-10-10"],
}


def at(text: str) -> int:
    return from_iso(text, ZONE)


def counted(start: str, amount: str, counting: Any = None) -> str:
    said = {} if counting is None else {"counting": counting}
    calendar = compile_calendar(flatten("x", {"x": {**OFFICE, **said}}))
    return iso(calendar.after(at(start), parse_amount(amount)), ZONE)[:16]


@pytest.mark.parametrize(
    ("claim", "start", "amount", "counting", "ends"),
    [
        ("usually the day of the start does not count", "2026-09-25T10:00", "5 days", None, "2026-10-01T00:00"),
        ("it can be made to count", "2026-09-25T10:00", "5 days", {"first_day": True}, "2026-09-30T00:00"),
        ("usually days end on a rest day too", "2026-09-25T10:00", "10 days", None, "2026-10-06T00:00"),
        ("rolled over they end with the first workday after it", "2026-09-25T10:00", "10 days", {"roll_over": True}, "2026-10-09T00:00"),
        ("a make-up Saturday is no rest day", "2026-09-30T10:00", "10 days", {"roll_over": True}, "2026-10-11T00:00"),
        ("a Sunday is", "2026-10-01T10:00", "10 days", {"roll_over": True}, "2026-10-13T00:00"),
        ("days that end on a workday stay", "2026-09-28T10:00", "2 days", {"roll_over": True}, "2026-10-01T00:00"),
        ("workdays never roll", "2026-09-30T10:00", "2 workdays", {"roll_over": True}, "2026-10-10T00:00"),
        ("at closing the last day ends when work is over", "2026-09-28T10:00", "2 days", {"ends": "closing"}, "2026-09-30T18:00"),
        ("and at 24:00 when there is no work on it", "2026-09-28T10:00", "4 days", {"ends": "closing"}, "2026-10-03T00:00"),
        ("civil code: not the first day, on to a workday, until closing", "2026-09-25T10:00", "10 days", "civil_code", "2026-10-08T18:00"),
        ("civil code: the same for working days", "2026-09-30T10:00", "2 workdays", "civil_code", "2026-10-09T18:00"),
        ("like it, but until midnight", "2026-09-25T10:00", "10 days", {"like": "civil_code", "ends": "midnight"}, "2026-10-09T00:00"),
        ("hours have no days to be counted", "2026-09-30T17:00", "2h", "civil_code", "2026-10-08T09:30"),
    ],
)  # fmt: skip
def test_an_amount_ends(claim: str, start: str, amount: str, counting: Any, ends: str) -> None:
    assert counted(start, amount, counting) == ends, claim


def test_what_is_counted_back_from_a_deadline_closes_but_does_not_roll() -> None:
    calendar = compile_calendar(flatten("x", {"x": {**OFFICE, "counting": "civil_code"}}))
    back = parse_amount("3 days")._replace(value=-3)
    assert iso(calendar.after(at("2026-10-09T18:00"), back, due=True), ZONE)[:16] == "2026-10-07T00:00"
    assert iso(calendar.after(at("2026-09-25T18:00"), back, due=True), ZONE)[:16] == "2026-09-22T18:00"


def test_a_night_shift_closes_at_midnight_for_this_purpose() -> None:
    gate = {"zone": ZONE, "week": {"mon-fri": ["22:00-06:00"]}, "counting": {"ends": "closing"}}
    calendar = compile_calendar(flatten("x", {"x": gate}))
    shown = [iso(calendar.after(at("2026-03-04T10:00"), parse_amount(f"{n} days")), ZONE)[:16] for n in (1, 2, 3)]
    assert shown == ["2026-03-06T00:00", "2026-03-07T00:00", "2026-03-08T00:00"]


def run(calendar: Calendar, start: str, *pauses: tuple[str, str], days: int) -> list[str]:
    """The days that count of those that follow, for a clock with these pauses."""
    begun, found = at(start), []
    since, last = begun, None
    for halted, resumed in (*((at(a), at(b)) for a, b in pauses), (at("2026-03-20T00:00"), 0)):
        begins, until = calendar.counts_from(begun, since, last), calendar.counts_until(halted)
        day = begins
        while calendar.end_of_day(day) <= until and len(found) < days:
            found.append(calendar.day_of(day).isoformat()[8:])
            day = calendar.end_of_day(day)
        since, last = resumed, (halted, resumed)
    return found


@pytest.mark.parametrize(
    ("pause_day", "resume_day", "over_days", "on_one_day", "on_the_first"),
    [
        (False, True, ["03", "06", "07"], ["03", "04", "05"], ["03", "04", "05"]),
        (True, False, ["03", "04", "07"], ["03", "04", "05"], ["03", "04", "05"]),
        (True, True, ["03", "04", "06"], ["03", "04", "05"], ["03", "04", "05"]),
        (False, False, ["03", "07", "08"], ["03", "05", "06"], ["03", "04", "05"]),
    ],
)
def test_days_of_pausing_and_going_on_count_as_chosen_and_none_twice(
    pause_day: bool, resume_day: bool, over_days: list[str], on_one_day: list[str], on_the_first: list[str]
) -> None:
    """Started on the 2nd at 9; paused on the 4th until the 6th; or twice on the 4th; or on the day of the start."""
    data = {"zone": ZONE, "always": True, "counting": {"pause_day": pause_day, "resume_day": resume_day}}
    calendar = compile_calendar(data)
    start = "2026-03-02T09:00"
    assert run(calendar, start, ("2026-03-04T10:00", "2026-03-06T10:00"), days=3) == over_days
    twice = (("2026-03-04T10:00", "2026-03-04T11:00"), ("2026-03-04T12:00", "2026-03-04T13:00"))
    assert run(calendar, start, *twice, days=3) == on_one_day
    assert run(calendar, start, ("2026-03-02T10:00", "2026-03-02T11:00"), days=3) == on_the_first


@pytest.mark.parametrize(
    ("counting", "path", "said", "hint"),
    [
        ("civil-code", (), "no way of counting", "mean civil_code?"),
        ("bank", (), "no way of counting", "write civil_code"),
        ([], (), "ready-made way", "civil_code"),
        ({}, (), "ready-made way", "civil_code"),
        ({"like": "bank"}, ("like",), "no way of counting", "civil_code"),
        ({"like": ["bank"]}, ("like",), "no way of counting", "civil_code"),
        ({"firstday": True}, ("firstday",), "unknown key", "mean first_day?"),
        ({"x": True}, ("x",), "unknown key", "first_day, pause_day"),
        ({"first_day": "yes"}, ("first_day",), "true or false", "first_day: true"),
        ({"ends": "18:00"}, ("ends",), "cannot be", "closing"),
    ],
)
def test_a_mistake_in_counting_is_told_at_its_place(counting: Any, path: tuple[str, ...], said: str, hint: str) -> None:
    problems = check_calendar({**OFFICE, "counting": counting})
    assert [problem[0] for problem in problems] == [("counting", *path)]
    _, text, told = problems[0]
    assert said in text.en
    assert any("一" <= letter <= "鿿" for letter in text.zh)
    assert told is not None
    assert hint in told.en


def test_around_the_clock_there_is_nothing_to_roll_over() -> None:
    assert check_calendar({"zone": ZONE, "always": True, "counting": {"first_day": True}}) == []
    assert check_calendar({"zone": ZONE, "always": True, "counting": "civil_code"})[0][0] == ("counting",)


def test_a_calendar_inherits_counting_and_changes_what_it_says() -> None:
    calendars = {
        "base": {**OFFICE, "counting": {"first_day": True, "ends": "closing"}},
        "child": {"extends": "base", "counting": {"first_day": False, "roll_over": True}},
        "legal": {"extends": "base", "counting": "civil_code"},
        "plain": {"extends": "legal", "counting": {"roll_over": False, "ends": "midnight"}},
    }
    assert flatten("child", calendars)["counting"] == {"roll_over": True, "ends": "closing"}
    assert flatten("legal", calendars)["counting"] == {"roll_over": True, "ends": "closing"}
    assert "counting" not in flatten("plain", calendars)
    assert "counting" not in flatten("x", {"x": OFFICE})


def test_procedures_know_the_same_choices_and_the_same_ready_made_ways() -> None:
    assert set(procedure.Counting.model_fields) == {"like", *Counting._fields}
    for name in READY:
        assert procedure.Counting.model_validate({"like": name}).text == f'{{"like":"{name}"}}'
