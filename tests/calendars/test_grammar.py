"""A calendar file is read strictly: what is wrong is told at its place, with what to write instead."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from guanjia.calendars import CalendarError, check_calendar, compile_calendar, flatten
from guanjia.clock import HOUR, from_iso
from hypothesis import given, settings, strategies as st

WEEK = {"mon-fri": ["09:00-18:00"]}
GOOD: dict[str, Any] = {"zone": "Asia/Shanghai", "week": WEEK}


def with_window(text: Any) -> dict[str, Any]:
    return {**GOOD, "week": {"mon": [text]}}


@pytest.mark.parametrize(
    ("data", "path", "said", "hint"),
    [
        (["zone"], (), "a mapping of keys", "zone"),
        (None, (), "a mapping of keys", "zone"),
        ({**GOOD, "holiday": []}, ("holiday",), "unknown key 'holiday'", "did you mean holidays?"),
        ({**GOOD, "timezone": "Asia/Tokyo"}, ("timezone",), "unknown key", "did you mean zone?"),
        ({**GOOD, "source": "x"}, ("source",), "unknown key", "there are: zone"),
        ({**GOOD, 7: "x"}, (7,), "unknown key 7", "there are: zone"),
        ({**GOOD, "zone": "Asia/Shanghia"}, ("zone",), "no time zone", "did you mean Asia/Shanghai?"),
        ({**GOOD, "zone": "北京"}, ("zone",), "no time zone", "e.g. Asia/Shanghai"),
        ({**GOOD, "zone": "../etc/passwd"}, ("zone",), "no time zone", "Asia/Shanghai"),
        ({**GOOD, "zone": "Asia"}, ("zone",), "no time zone", ""),
        ({**GOOD, "zone": 8}, ("zone",), "no time zone", "Asia/Shanghai"),
        ({"zone": "Asia/Shanghai", "always": False}, ("always",), "only be true", "take the line away"),
        ({**GOOD, "always": True}, ("week",), "always open has no week", "take one"),
        ({**GOOD, "week": []}, ("week",), "mapping of weekdays", "write week: {mon-fri"),
        ({**GOOD, "week": {}}, ("week",), "no working time in the whole week", "write week"),
        ({**GOOD, "week": {"mon-sun": []}}, ("week",), "no working time in the whole week", "write week"),
        ({**GOOD, "week": {"Mon-Fri": []}}, ("week", "Mon-Fri"), "no day of the week", "did you mean mon-fri?"),
        ({**GOOD, "week": {"monday": []}}, ("week", "monday"), "no day of the week", "did you mean mon?"),
        ({**GOOD, "week": {"周一至周五": []}}, ("week", "周一至周五"), "no day of the week", "did you mean mon-fri?"),
        ({**GOOD, "week": {"星期六、日": []}}, ("week", "星期六、日"), "no day of the week", "did you mean sat,sun?"),
        ({**GOOD, "week": {"workdays": []}}, ("week", "workdays"), "no day of the week", "e.g. mon"),
        ({**GOOD, "week": {**WEEK, "wed": []}}, ("week", "wed"), "wed stands here twice", None),
        ({**GOOD, "week": {"mon": None}}, ("week", "mon"), "a list of windows", 'e.g. ["09:00-12:00"'),
        (with_window("9-18"), ("week", "mon", 0), "no window", "did you mean 9:00-18:00?"),
        (with_window("09：00–18：00"), ("week", "mon", 0), "no window", "did you mean 09:00-18:00?"),
        (with_window("09:00 到 18:00"), ("week", "mon", 0), "no window", "did you mean 09:00-18:00?"),
        (with_window("09:00"), ("week", "mon", 0), "no window", "e.g. 08:30-18:00"),
        (with_window("09:00-09:00"), ("week", "mon", 0), "no window", "00:00-24:00"),
        (with_window("09:60-18:00"), ("week", "mon", 0), "no window", "e.g."),
        (with_window("24:00-06:00"), ("week", "mon", 0), "no window", "e.g."),
        (with_window("22:00-30:00"), ("week", "mon", 0), "no window", "22:00-06:00"),
        (with_window("24:01-24:02"), ("week", "mon", 0), "no window", "e.g."),
        (with_window(930), ("week", "mon", 0), "no window", "e.g."),
        ({**GOOD, "week": {"mon": "9-18"}}, ("week", "mon"), "no window", "9:00-18:00"),
        ({**GOOD, "week": {"mon": ["13:00-18:00", "09:00-12:00"]}}, ("week", "mon", 1), "out of order", "in order"),
        ({**GOOD, "week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, ("week", "mon", 1), "overlaps", "without overlap"),
        ({**GOOD, "week": {"mon": ["22:00-06:00", "23:00-24:00"]}}, ("week", "mon", 1), "overlaps", "without overlap"),
        ({**GOOD, "holidays": "2026-10-01"}, ("holidays",), "a list of dates", "e.g. 2026-10-01"),
        ({**GOOD, "holidays": ["2026/10/1"]}, ("holidays", 0), "no date", "did you mean 2026-10-01?"),
        ({**GOOD, "holidays": ["10月1日"]}, ("holidays", 0), "no date", "did you mean 10-01?"),
        ({**GOOD, "holidays": ["2026年10月1日至7日"]}, ("holidays", 0), "no date", "mean 2026-10-01..2026-10-07?"),
        ({**GOOD, "holidays": ["2026-10-01 ~ 10-07"]}, ("holidays", 0), "no date", "mean 2026-10-01..2026-10-07?"),
        ({**GOOD, "holidays": ["2026-02-29"]}, ("holidays", 0), "no date", "e.g."),
        ({**GOOD, "holidays": ["02-30"]}, ("holidays", 0), "no date", "e.g."),
        ({**GOOD, "holidays": ["0001-01-01"]}, ("holidays", 0), "no date", "e.g."),
        ({**GOOD, "holidays": ["2026-10-01..10-07"]}, ("holidays", 0), "no date", "mean 2026-10-01..2026-10-07?"),
        ({**GOOD, "workdays": ["2026-01-04 2026-02-14"]}, ("workdays", 0), "no date", "apart: 2026-01-04, 2026-02-14"),
        ({**GOOD, "workdays": ["2026-01-04、02-14"]}, ("workdays", 0), "no date", "apart: 2026-01-04, 2026-02-14"),
        ({**GOOD, "holidays": ["10-01 10-07"]}, ("holidays", 0), "no date", "apart: 10-01, 10-07"),
        ({**GOOD, "holidays": ["2026-10-01 to 2026-10-07"]}, ("holidays", 0), "no date", "mean 2026-10-01..2026-10-07?"),
        ({**GOOD, "holidays": [{"01-01": "元旦"}]}, ("holidays", 0), "a `key: value` pair is no date", "away: 01-01: 元旦"),
        ({**GOOD, "holidays": [{"01-01": None}]}, ("holidays", 0), "a `key: value` pair is no date", "away: 01-01"),
        ({**GOOD, "zone": ["UTC"]}, ("zone",), "a list is no time zone", "Asia/Shanghai"),
        ({**GOOD, "holidays": ["9" * 9000]}, ("holidays", 0), "no date", "e.g."),
        ({**GOOD, "holidays": [20261001]}, ("holidays", 0), "no date", "e.g."),
        ({**GOOD, "holidays": {"国庆节": "2026-10-01"}}, ("holidays", "国庆节"), "no date", "e.g."),
        ({**GOOD, "holidays": {"2026-10-01": 1}}, ("holidays", "2026-10-01"), "is a text", None),
        ({**GOOD, "holidays": ["2026-10-07..2026-10-01"]}, ("holidays", 0), "ends before it begins", "e.g."),
        ({**GOOD, "holidays": ["2026-01-01..2199-01-01"]}, ("holidays", 0), "longer than a year", "e.g."),
        ({**GOOD, "workdays": {"2026-10-10": []}}, ("workdays", "2026-10-10"), "no window here", "into holidays"),
        ({**GOOD, "workdays": {"2026-10-10": ["x"]}}, ("workdays", "2026-10-10", 0), "no window", "e.g."),
        (
            {**GOOD, "holidays": ["2026-10-01..2026-10-07"], "workdays": ["2026-10-05"]},
            ("workdays", 0), "2026-10-05 is a holiday and a workday", "keep one",
        ),
        (
            {**GOOD, "holidays": ["2026-10-05"], "short_days": {"2026-10-05": ["09:00-12:00"]}},
            ("short_days", "2026-10-05"), "a holiday and a short day", "keep one",
        ),
        ({**GOOD, "short_days": ["2026-12-31"]}, ("short_days",), "need their windows", "write 2026-12-31:"),
        ({**GOOD, "workday_hours": []}, ("workday_hours",), "no window here", "holidays"),
        ({**GOOD, "published": 2026}, ("published",), "a list of years", "e.g. published"),
        ({**GOOD, "published": [2026, "2027"]}, ("published", 1), "no year", "e.g. 2026"),
        ({**GOOD, "published": [True]}, ("published", 0), "no year", "e.g. 2026"),
        ({**GOOD, "extends": [3]}, ("extends",), "name of a calendar", "e.g. extends"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place_with_what_to_write(
    data: Any, path: tuple[Any, ...], said: str, hint: str | None
) -> None:
    problems = check_calendar(data)
    assert path in [problem[0] for problem in problems]
    _, text, told = next(problem for problem in problems if problem[0] == path)
    assert said in text.en
    assert any("一" <= letter <= "鿿" for letter in text.zh)
    assert (told is None) if hint is None else (told is not None and hint in told.en)


def test_all_mistakes_are_told_at_once() -> None:
    data = {"zone": "Mars/Base", "week": {"mon": ["9-18"], "xyz": []}, "holidays": ["soon"], "hollidays": []}
    assert {problem[0] for problem in check_calendar(data)} == {
        ("zone",), ("week", "mon", 0), ("week", "xyz"), ("holidays", 0), ("hollidays",),
    }  # fmt: skip


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(
    ["mon", "mon-fri", "09:00-18:00", "22:00-06:00", "2026-10-01", "01-01", "2026-10-01..2026-10-07", "Asia/Shanghai"]
)  # fmt: skip
keys = st.sampled_from(
    [
        "zone",
        "always",
        "week",
        "workday_hours",
        "holidays",
        "workdays",
        "short_days",
        "published",
        "extends",
        "counting",
    ]
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars.map(str), inner, max_size=3)
)


@settings(deadline=None)
@given(values | st.dictionaries(keys | st.text(max_size=5), values, max_size=6))
def test_whatever_is_written_is_judged_and_what_passes_works_or_is_refused_with_a_sentence(data: Any) -> None:
    problems = check_calendar(data)
    try:
        calendar = compile_calendar(flatten("x", {"x": data}))
    except CalendarError as error:
        refused = error
    else:
        assert problems == []
        at = from_iso("2026-10-01T12:00Z")
        assert calendar.between(at, calendar.add(at, HOUR)) == HOUR
        return
    assert refused.text.zh
    assert refused.text.en


def test_a_week_may_be_written_by_day_by_range_and_by_list() -> None:
    data = {
        "zone": "Asia/Shanghai",
        "week": {"sat-mon": "08:00-12:00", "tue, thu": ["9:00 - 10:00", "23:00-24:00"], "wed": []},
    }
    assert check_calendar(data) == []
    morning, twice = [[480, 720]], [[540, 600], [1380, 1440]]
    assert flatten("x", {"x": data})["week"] == [morning, twice, [], twice, [], morning, morning]


def test_a_yearly_range_may_pass_the_end_of_the_year() -> None:
    calendar = compile_calendar(flatten("x", {"x": {**GOOD, "holidays": ["12-30..01-02", "02-28..03-01"]}}))
    closed = ["2026-12-30", "2026-12-31", "2027-01-01", "2031-01-02", "2028-02-28", "2028-02-29", "2028-03-01"]
    assert not any(calendar.is_workday(date.fromisoformat(day)) for day in closed)
    assert calendar.is_workday(date(2026, 12, 29))
    assert calendar.is_workday(date(2028, 1, 3))
    assert calendar.is_workday(date(2028, 3, 2))


# -- extends

BASE = {
    "zone": "Asia/Shanghai", "published": [2026], "workday_hours": ["10:00-11:00"],
    "holidays": {"2026-10-01": "国庆节", "2026-10-02": "国庆节", "05-01": "劳动节"},
    "workdays": ["2026-10-10"], "short_days": {"2026-09-30": ["09:00-12:00"], "12-31": ["09:00-12:00"]},
}  # fmt: skip


def opened(flat: dict[str, Any], day: str) -> float:
    calendar = compile_calendar(flat)
    start = from_iso(day, flat["zone"])
    return calendar.between(start, start + 24 * HOUR) / HOUR


def test_what_a_calendar_says_itself_goes_before_what_it_extends() -> None:
    child = {
        "extends": "base", "week": WEEK, "published": [2027], "holidays": ["2026-10-10", "2026-09-30"],
        "workdays": {"2026-10-02": ["09:00-11:00"], "2026-12-31": ["09:00-17:00"], "2026-10-11": None},
    }  # fmt: skip
    flat = flatten("child", {"base": BASE, "child": child})
    assert flat["name"] == "child"
    assert flat["zone"] == "Asia/Shanghai"
    assert flat["published"] == [2026, 2027]
    hours = {"2026-10-01": 0, "2026-10-02": 2, "2026-10-10": 0, "2026-10-11": 1, "2026-09-30": 0, "2026-12-31": 8}
    assert {day: opened(flat, day) for day in hours} == hours
    assert opened(flat, "2027-12-31") == 3
    kinds = {day: compile_calendar(flat).kind_of(date.fromisoformat(day)) for day in hours}
    assert kinds == {
        "2026-10-01": ("holiday", "国庆节"), "2026-10-02": ("workday", ""), "2026-10-10": ("holiday", ""),
        "2026-10-11": ("workday", ""), "2026-09-30": ("holiday", ""), "2026-12-31": ("workday", ""),
    }  # fmt: skip
    assert compile_calendar(flat).kind_of(date(2027, 12, 31)) == ("short day", "")


def test_later_parents_go_before_earlier_ones_and_a_common_ancestor_before_none_of_its_children() -> None:
    calendars = {
        "base": BASE,
        "left": {"extends": "base", "workdays": {"2026-10-01": ["09:00-10:00"], "2026-10-02": ["09:00-10:00"]}},
        "right": {"extends": "base", "workdays": {"2026-10-02": ["09:00-13:00"]}},
        "child": {"extends": ["left", "right"], "week": WEEK},
    }
    flat = flatten("child", calendars)
    assert opened(flat, "2026-10-01") == 1
    assert opened(flat, "2026-10-02") == 4


def test_extra_days_take_the_hours_of_the_week_that_finally_holds() -> None:
    base = {"zone": "Asia/Shanghai", "workdays": ["2026-10-10"]}
    assert opened(flatten("x", {"base": base, "x": {"extends": "base", "week": WEEK}}), "2026-10-10") == 9
    late = {"extends": "base", "week": {"tue": ["09:00-12:00"], "wed": ["09:00-10:00"]}}
    assert opened(flatten("x", {"base": base, "x": late}), "2026-10-10") == 3


@pytest.mark.parametrize(
    ("calendars", "said", "hint"),
    [
        ({"x": {**GOOD, "extends": "cn-2062"}, "cn-2026": BASE}, "which x extends, does not exist", "mean cn-2026?"),
        (
            {"x": {**GOOD, "extends": ["cn-2026", "cn-2027"]}, "cn-2026": BASE},
            "'cn-2027', which x extends",
            "there are: cn-2026",
        ),
        ({}, "no calendar 'x'", "there are"),
        ({"x": {"extends": "y"}, "y": {"extends": "z"}, "z": {"extends": "y"}}, "y -> z -> y", "take one"),
        ({"x": {"extends": "x"}}, "x -> x", "take one"),
        ({"x": {**GOOD, "week": {"mon": ["9-18"]}}}, "calendar x: week.mon.0", "9:00-18:00"),
        ({"x": {"week": WEEK}}, "has no zone", "zone: Asia/Shanghai"),
        ({"x": {"zone": "Asia/Shanghai"}}, "no working time", "add week"),
        ({"x": {**GOOD, "extends": "y"}, "y": {"zone": "UTC", "always": True}}, "never closes", "take extends away"),
    ],
)
def test_a_calendar_that_cannot_be_put_together_says_why(calendars: dict[str, Any], said: str, hint: str) -> None:
    with pytest.raises(CalendarError) as refused:
        flatten("x", calendars)
    assert said in refused.value.text.en
    assert refused.value.hint
    assert hint in refused.value.hint.en


def test_canonical_data_goes_through_json_unchanged_and_says_the_same() -> None:
    import json

    flat = flatten("x", {"x": {**BASE, "week": WEEK}})
    assert json.loads(json.dumps(flat)) == flat
    assert flatten("all", {"all": {"zone": "UTC", "always": True}}) == {"name": "all", "zone": "UTC", "always": True}
