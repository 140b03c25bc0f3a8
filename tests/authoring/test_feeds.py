"""Feeds of holidays: what is marked is taken by its mark, the rest by name alone, and a day is the day that was meant."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pytest
from guanjia.authoring.feeds import Feed, FeedError, read_feed
from guanjia.authoring.holidays import Choice, choose, holiday_lines, published, to_yaml
from guanjia.calendars import check_calendar, compile_calendar, flatten
from guanjia.language import read_yaml
from hypothesis import given, settings, strategies as st

SHANGHAI = "Asia/Shanghai"


def event(*lines: str) -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{hash(lines)}", *lines, "END:VEVENT"))


def feed(*events: str, zone: str = SHANGHAI, years: tuple[int, ...] = (), title: str = "假日") -> Feed:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//EN", f"X-WR-CALNAME:{title}")
    return read_feed("\n".join((*head, *events, "END:VCALENDAR", "")).encode(), zone, years, 2026)


def taken(read: Feed, *holidays: str) -> list[tuple[str, str]]:
    return holiday_lines(choose(read, holidays, (), ()))


def made(choice: Choice, zone: str = SHANGHAI) -> dict[str, Any]:
    text = to_yaml(choice, zone, published(choice), ["test"])
    data: dict[str, Any] = read_yaml(text, "made").data
    assert check_calendar(data) == [], text
    return data


ALL_DAY = ("DTSTART;VALUE=DATE:20261001", "DTEND;VALUE=DATE:20261008")


# -- which days


def test_the_end_of_an_entry_is_the_first_day_after_it() -> None:
    assert taken(feed(event(*ALL_DAY, "SUMMARY:国庆节（休）"))) == [("2026-10-01..2026-10-07", "国庆节")]


def test_an_entry_without_an_end_is_one_day() -> None:
    assert taken(feed(event("DTSTART;VALUE=DATE:20260101", "SUMMARY:元旦（休）"))) == [("2026-01-01", "元旦")]
    lasting = event("DTSTART;VALUE=DATE:20260101", "DURATION:P3D", "SUMMARY:元旦（休）")
    assert taken(feed(lasting)) == [("2026-01-01..2026-01-03", "元旦")]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland", SHANGHAI])
def test_a_date_is_that_date_in_every_zone(zone: str) -> None:
    read = feed(event("DTSTART;VALUE=DATE:20260704", "SUMMARY:Independence Day"), zone=zone)
    assert taken(read, "Independence Day") == [("2026-07-04", "Independence Day")]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("DTSTART;TZID=America/New_York:20260704T000000", "DTEND;TZID=America/New_York:20260705T000000"),
        ("DTSTART:20260704T000000Z", "DTEND:20260705T000000Z"),
        ("DTSTART:20260704T000000", "DTEND:20260705T000000"),
        ("DTSTART:20260703T160000Z", "DTEND:20260704T160000Z"),
        ("DTSTART;TZID=Asia/Shanghai:20260704T000000", "DURATION:P1D"),
    ],
)
def test_from_midnight_to_midnight_is_a_day_of_the_wall_that_shows_it(begin: str, end: str) -> None:
    """On the entry's own wall, else on that of the office: 16:00 UTC is midnight in Shanghai."""
    assert taken(feed(event(begin, end, "SUMMARY:x")), "x") == [("2026-07-04", "x")]


def test_what_is_no_whole_day_is_left_out_and_said() -> None:
    read = feed(
        event("DTSTART:20260703T010000Z", "DTEND:20260703T030000Z", "SUMMARY:演习"),
        event("DTSTART:20260703T010000Z", "SUMMARY:一瞬"),
        event("SUMMARY:没有日期"),
        event("DTSTART:someday", "SUMMARY:读不懂"),
        event(*ALL_DAY, "STATUS:CANCELLED", "SUMMARY:取消"),
        event("DTSTART;VALUE=DATE:20200101", "DTEND;VALUE=DATE:20290101", "SUMMARY:长"),
        event("DTSTART;VALUE=DATE:20260102", "RRULE:FREQ=WEEKLY", "SUMMARY:周五"),
        event("DTSTART;VALUE=DATE:20260102", "RRULE:FREQ=YEARLY;BYSECOND=1", "SUMMARY:秒"),
        event("DTSTART;VALUE=DATE:20260102", "RRULE:FREQ=YEARLY;INTERVAL=0", "SUMMARY:不动"),
    )
    assert read.entries == ()
    assert [(name, why.en) for name, why in read.left_out] == [
        ("演习", "it is not of whole days"), ("一瞬", "it is not of whole days"),
        ("没有日期", "it has no date that can be read"), ("读不懂", "it has no date that can be read"),
        ("取消", "cancelled"), ("长", "it is longer than a year"),
        ("周五", "it repeats, but not as a day of the year"), ("秒", "it repeats, but not as a day of the year"),
        ("不动", "how it repeats cannot be read"),
    ]  # fmt: skip


def test_a_make_up_workday_may_be_given_by_its_hours() -> None:
    read = feed(
        event("DTSTART:20260214T090000", "DTEND:20260214T180000", "SUMMARY:春节 补班 第1天/共2天"),
        event("DTSTART:20260228T010000Z", "DTEND:20260228T100000Z", "SUMMARY:春节 补班 第2天/共2天"),
        event("DTSTART:20260216T130000", "DTEND:20260216T180000", "SUMMARY:除夕 放假"),
    )
    assert made(choose(read, (), (), ()))["workdays"] == ["2026-02-14", "2026-02-28"]
    assert [name for name, _ in read.left_out] == ["除夕 放假"], "half a day off is not a day off"


# -- repetition


def test_a_day_of_every_year_stays_one() -> None:
    for rule in ("FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=1;BYMONTH=1;BYMONTHDAY=1"):
        read = feed(event("DTSTART;VALUE=DATE:20200101", f"RRULE:{rule}", "SUMMARY:元旦"))
        assert taken(read, "元旦") == [("01-01", "元旦")]
    christmas = event("DTSTART;VALUE=DATE:20001224", "DTEND;VALUE=DATE:20001227", "RRULE:FREQ=YEARLY", "SUMMARY:圣诞")
    assert taken(feed(christmas), "圣诞") == [("12-24..12-26", "圣诞")]


def test_any_other_day_of_the_year_is_worked_out_for_the_years_of_the_feed() -> None:
    thanks = event("DTSTART;VALUE=DATE:20251127", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "SUMMARY:Thanksgiving")
    assert [day for day, _ in taken(feed(thanks), "*")] == ["2026-11-26", "2027-11-25"]
    assert [day for day, _ in taken(feed(thanks, years=(2028,)), "*")] == ["2028-11-23"]
    other = event("DTSTART;VALUE=DATE:20240101", "SUMMARY:New Year")
    assert [day for day, _ in taken(feed(thanks, other), "Thanks*")] == ["2025-11-27", "2026-11-26", "2027-11-25"]


def test_a_repetition_ends_skips_and_moves_as_it_says() -> None:
    until = event("DTSTART;VALUE=DATE:20250301", "RRULE:FREQ=YEARLY;UNTIL=20260301T000000Z", "SUMMARY:x")
    assert [day for day, _ in taken(feed(until, years=(2025, 2026, 2027)), "x")] == ["2025-03-01", "2026-03-01"]
    skipping = event("DTSTART;VALUE=DATE:20250301", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20260301", "SUMMARY:x")
    assert [day for day, _ in taken(feed(skipping, years=(2025, 2026, 2027)), "x")] == ["2025-03-01", "2027-03-01"]
    moved = "\n".join(
        (
            "BEGIN:VEVENT", "UID:m", "DTSTART;VALUE=DATE:20250301", "RRULE:FREQ=YEARLY", "SUMMARY:x", "END:VEVENT",
            "BEGIN:VEVENT", "UID:m", "RECURRENCE-ID;VALUE=DATE:20260301", "DTSTART;VALUE=DATE:20260302", "SUMMARY:x", "END:VEVENT",
        )
    )  # fmt: skip
    assert [day for day, _ in taken(feed(moved, years=(2026,)), "x")] == ["2026-03-02"]


# -- which of them


@pytest.mark.parametrize(
    ("summary", "mark", "name"),
    [
        ("国庆节（休）", "holiday", "国庆节"),
        ("国庆节(班)", "workday", "国庆节"),
        ("【休】春节", "holiday", "春节"),
        ("[班] 春节", "workday", "春节"),
        ("春节 休", "holiday", "春节"),
        ("春节 班", "workday", "春节"),
        ("春节 假期 第1天/共8天", "holiday", "春节"),
        ("春节 补班 第2天/共2天", "workday", "春节"),
        ("元旦假期", "holiday", "元旦"),
        ("上班(补春节)", "workday", "上班(补春节)"),
        ("七夕", "", "七夕"),
        ("退休", "", "退休"),
        ("值班", "", "值班"),
        ("调休", "", "调休"),
        ("上班(补春节假期)", "workday", "上班(补春节假期)"),
        ("放假前补班", "workday", "放假前"),
        ("全天不上班", "holiday", "全天不上班"),
    ],
)
def test_chinese_feeds_mark_what_is_off_and_what_is_worked(summary: str, mark: str, name: str) -> None:
    (entry,) = feed(event("DTSTART;VALUE=DATE:20260101", f"SUMMARY:{summary}")).entries
    assert (entry.mark, entry.name) == (mark, name)


def test_apple_marks_them_beside_the_name() -> None:
    read = feed(
        event("DTSTART;VALUE=DATE:20261001", "SUMMARY:国庆节", "X-APPLE-SPECIAL-DAY:WORK-HOLIDAY"),
        event("DTSTART;VALUE=DATE:20261010", "SUMMARY:国庆节", "X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY"),
    )
    data = made(choose(read, (), (), ()))
    assert data["holidays"] == {"2026-10-01": "国庆节"}
    assert data["workdays"] == ["2026-10-10"]


FOLK = feed(
    event("DTSTART;VALUE=DATE:20261001", "SUMMARY:国庆节（休）"),
    event("DTSTART;VALUE=DATE:20261010", "SUMMARY:国庆节（班）"),
    event("DTSTART;VALUE=DATE:20260214", "SUMMARY:情人节", "CATEGORIES:节日"),
    event("DTSTART;VALUE=DATE:20260819", "SUMMARY:七夕", "CATEGORIES:节日"),
    event("DTSTART;VALUE=DATE:20260405", "SUMMARY:Easter", "DESCRIPTION:Observance\\nMore"),
)


def test_a_day_with_only_a_name_is_neither_taken_nor_swallowed() -> None:
    choice = choose(FOLK, (), (), ())
    assert [entry.name for entry in choice.undecided] == ["情人节", "七夕", "Easter"]
    assert [entry.category for entry in choice.undecided] == ["节日", "节日", "Observance"]
    assert set(made(choice)["holidays"]) == {"2026-10-01"}


def test_it_is_taken_by_name_by_category_or_by_pattern() -> None:
    assert set(made(choose(FOLK, ("七夕",), (), ()))["holidays"]) == {"2026-08-19", "2026-10-01"}
    assert set(made(choose(FOLK, ("节日", "observance"), (), ()))["holidays"]) == {
        "2026-02-14", "2026-04-05", "2026-08-19", "2026-10-01",
    }  # fmt: skip
    assert made(choose(FOLK, (), ("情人*",), ()))["workdays"] == ["2026-02-14", "2026-10-10"]
    ignoring = made(choose(FOLK, (), (), ("国庆节（班）",)))
    assert "workdays" not in ignoring
    assert choose(FOLK, ("情人节",), ("情人节",), ()).holidays == [FOLK.entries[0]], "a workday, as it was said"


def test_a_name_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(FeedError) as refused:
        choose(FOLK, ("春节",), (), ())
    assert refused.value.hint
    assert "情人节" in refused.value.hint.zh


def test_a_day_cannot_be_off_and_worked() -> None:
    both = feed(event(*ALL_DAY, "SUMMARY:国庆节（休）"), event("DTSTART;VALUE=DATE:20261002", "SUMMARY:国庆节（班）"))
    with pytest.raises(FeedError, match="2026-10-02"):
        choose(both, (), (), ())
    assert made(choose(both, (), (), ("国庆节（班）",)))


# -- the file


def test_the_file_is_a_calendar_with_names_years_and_where_it_is_from() -> None:
    read = feed(
        event("DTSTART;VALUE=DATE:20261001", "DTEND;VALUE=DATE:20261003", "SUMMARY:国庆节（休）"),
        event("DTSTART;VALUE=DATE:20261003", "SUMMARY:国庆节（休）"),
        event("DTSTART;VALUE=DATE:20260925", "SUMMARY:中秋节（休）"),
        event("DTSTART;VALUE=DATE:20260925", "SUMMARY:校庆"),
        event("DTSTART;VALUE=DATE:20261010", "SUMMARY:国庆节（班）"),
        event("DTSTART;VALUE=DATE:20270101", "SUMMARY:元旦（休）"),
        event("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY", "SUMMARY:劳动节（休）"),
        title="中国\\n假日",
    )
    choice = choose(read, ("校庆",), (), ())
    assert published(choice) == [2026], "the first days of January belong to the year before"
    text = to_yaml(choice, SHANGHAI, published(choice), [f"来源：{read.title}", "on\ntwo lines: 1"])
    assert (
        text
        == """\
# 来源：中国 假日
# on two lines: 1
zone: Asia/Shanghai
published: [2026]
holidays:
  05-01: 劳动节
  2026-09-25: 中秋节、校庆
  2026-10-01..2026-10-03: 国庆节
  2027-01-01: 元旦
workdays:
  - 2026-10-10  # 国庆节
"""
    )
    office = {"extends": "cn", "week": {"mon-fri": ["09:00-18:00"]}}
    calendar = compile_calendar(flatten("x", {"cn": read_yaml(text, "cn").data, "x": office}))
    assert calendar.is_workday(date(2026, 10, 10))
    assert calendar.kind_of(date(2026, 10, 3)) == ("holiday", "国庆节")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_whatever_a_day_is_called_the_file_can_be_read_and_says_so(name: str) -> None:
    said = "".join(letter for letter in name if letter.isprintable() and letter not in "\\,;") or "x"
    read = feed(event("DTSTART;VALUE=DATE:20261001", f"SUMMARY:{said}"))
    choice = Choice(holidays=list(read.entries), workdays=[])
    assert list(made(choice)["holidays"].values()) == [read.entries[0].name]
    made(Choice(holidays=[], workdays=list(read.entries)))


# -- what is no feed


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\n", b"<html></html>", b"a" * 6_000_000]
)
def test_what_is_no_feed_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(FeedError) as refused:
        read_feed(content, SHANGHAI, (), 2026)
    assert refused.value.text.zh


def test_without_what_reads_feeds_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(FeedError) as refused:
        read_feed(b"", SHANGHAI, (), 2026)
    assert refused.value.hint
    assert "guanjia[ics]" in refused.value.hint.en
