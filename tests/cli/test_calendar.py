"""`guanjia calendar`: a deadline explained day by day, and a feed that becomes a calendar file after a look at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminals import Ran

Run = Callable[..., Ran]
FEED = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//t//EN
X-WR-CALNAME:假日
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20271001
DTEND;VALUE=DATE:20271004
SUMMARY:国庆节（休）
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20271009
SUMMARY:国庆节（班）
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;VALUE=DATE:20270214
SUMMARY:情人节
CATEGORIES:Observance
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def office(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert run("init", "office").code == 0
    monkeypatch.chdir("office")
    Path("cn-2027.ics").write_text(FEED, encoding="utf-8")
    return Path.cwd()


# -- explain


def test_every_day_on_the_way_to_a_deadline_is_told_with_why_it_counts_or_not(run: Run, office: Path) -> None:
    zh = run("--lang", "zh", "calendar", "explain", "2026-09-30 16:00", "3 workdays").out
    assert "2026-10-10 24:00 周六" in zh
    for told in ("起算当天", "国庆节", "第 3 天", "调休上班", "起算当天不计；到最后一天 24:00 为止。"):
        assert told in zh
    en = run("--lang", "en", "calendar", "explain", "2026-09-30 19:00", "4h").out
    for told in ("2026-10-08 12:30", "work was over", "not counted", "4 h"):
        assert told in en


def test_an_office_that_counts_by_the_civil_code_has_it_explained(run: Run, office: Path) -> None:
    calendar = office / "calendars" / "office.yaml"
    calendar.write_text(calendar.read_text() + "counting: civil_code\n")
    zh = run("--lang", "zh", "calendar", "explain", "2026-09-25 10:00", "10 days").out
    for told in ("2026-10-08 18:00 周四", "第 10 天", "天数已满，顺延", "顺延到这一天", "下班"):
        assert told in zh
    told = json.loads(run("calendar", "explain", "2026-09-25 10:00", "10 days", "--json").out)
    assert told["counting"] == {
        "first_day": False, "pause_day": False, "resume_day": True, "roll_over": True, "ends": "closing",
    }  # fmt: skip
    assert sum(day["counted"] for day in told["days"]) == 10
    assert told["days"][-1] == {
        "date": "2026-10-08", "counted": False, "kind": None, "name": None, "skip": "over", "reason": None, "counted_minutes": 570,
    }  # fmt: skip


def test_a_month_says_how_days_are_counted_on_its_calendar(run: Run, office: Path) -> None:
    assert "按天算的期限：起算当天不计；到最后一天 24:00 为止。" in run("--lang", "zh", "calendar", "show").out
    calendar = office / "calendars" / "office.yaml"
    calendar.write_text(calendar.read_text() + "counting: {like: civil_code, pause_day: true, resume_day: false}\n")
    en = run("--lang", "en", "calendar", "show", "--month", "2026-10").out
    for told in (
        "Limits in days",
        "gives way to the next working day",
        "when work is over",
        "a day of pausing counts",
        "a day of going on does not",
    ):
        assert told in en
    assert json.loads(run("calendar", "show", "--json").out)["counting"]["pause_day"] is True


def test_what_is_suspended_is_explained_as_it_counts(run: Run, office: Path) -> None:
    """All of Tuesday for every clock; Wednesday for complaints alone; the statutory answer for neither."""
    decide = ("suspend", "--yes", "--reason")
    assert (
        run("--as", "manager.sun", *decide, "台风", "--from", "2026-09-01 00:00", "--to", "2026-09-02 00:00").code == 0
    )
    more = ("--from", "2026-09-02 00:00", "--to", "2026-09-03 00:00", "--procedure", "complaint")
    assert run("--as", "manager.sun", *decide, "积水", *more).code == 0
    start = ("calendar", "explain", "2026-08-31 10:00")
    en = run("--lang", "en", *start, "1 workday").out
    assert "→  2026-09-02 24:00" in en
    for told in (
        "time stood still: 台风",
        "S1: from 2026-09-01 00:00",
        "S2: from",
        "Not counted here; for one clock: --clock",
    ):
        assert told in en
    told = json.loads(run(*start, "1 workday", "--clock", "complaint.decide", "--json").out)
    assert (told["due"], told["suspended"], told["clock"]) == (
        "2026-09-04T00:00:00+08:00",
        ["S1", "S2"],
        "complaint.decide",
    )
    told = json.loads(run(*start, "1 workday", "--clock", "complaint.answer", "--json").out)
    assert (told["due"], told["suspended"]) == ("2026-09-02T00:00:00+08:00", [])
    zh = run("--lang", "zh", "calendar", "show", "--month", "2026-09").out
    assert "S1：2026-09-01 00:00 至 2026-09-01 24:00 停止计时（全部流程，全部时限）：台风" in zh
    assert json.loads(run("calendar", "show", "--month", "2026-08", "--json").out)["suspended"] == []
    for wrong, said in (
        ("complaint", "is not PROCEDURE.CLOCK"),
        ("complaint.anser", "answer"),
        ("cmplaint.answer", "complaint"),
    ):
        refused = run("--lang", "en", *start, "1 workday", "--clock", wrong)
        assert refused.code != 0
        assert said in refused.err


def test_a_long_way_is_told_at_both_ends(run: Run, office: Path) -> None:
    told = run("--lang", "en", "calendar", "explain", "2026-01-05 09:00", "600 days").out
    assert "(201 days between)" in told
    assert "day 600" in told
    assert "Provisional" in told


# -- import


def test_a_feed_is_looked_at_before_anything_is_written(run: Run, office: Path) -> None:
    for language, words in (
        ("zh", ("放假", "2027-10-01..2027-10-03  国庆节", "2027-10-09", "未取", "情人节", "没有写入", "--yes")),
        (
            "en",
            (
                "Holidays",
                "Workdays",
                "Not taken",
                "情人节",
                "Observance",
                "Published years: 2027",
                "Nothing was written",
            ),
        ),
    ):
        ran = run("--lang", language, "calendar", "import", "cn-2027.ics")
        assert ran.code == 0
        for word in words:
            assert word in ran.out
    assert not (office / "calendars" / "cn-2027.yaml").exists()


def test_it_is_written_when_it_is_said_and_can_be_extended(run: Run, office: Path) -> None:
    assert "已写入" in run("--lang", "zh", "calendar", "import", "cn-2027.ics", "--yes").out
    using = office / "calendars" / "office.yaml"
    using.write_text(using.read_text().replace("cn-2026]", "cn-2026, cn-2027]"))
    assert run("calendar", "check").code == 0
    told = json.loads(run("calendar", "explain", "2027-09-30 16:00", "2 workdays", "--json").out)
    assert told["due"] == "2027-10-06T00:00:00+08:00"
    assert not told["provisional"]


def test_a_file_that_is_there_is_overwritten_only_by_force(run: Run, office: Path) -> None:
    assert run("calendar", "import", "cn-2027.ics", "--yes").code == 0
    written = (office / "calendars" / "cn-2027.yaml").read_text()
    again = run("--lang", "en", "calendar", "import", "cn-2027.ics", "--holiday", "情人节", "--yes")
    assert (again.code, "--force" in again.err) == (1, True)
    assert "--force" in run("--lang", "en", "calendar", "import", "cn-2027.ics").out
    assert (office / "calendars" / "cn-2027.yaml").read_text() == written
    assert run("calendar", "import", "cn-2027.ics", "--holiday", "情人节", "--yes", "--force").code == 0
    assert "2027-02-14: 情人节" in (office / "calendars" / "cn-2027.yaml").read_text()


def test_a_program_reads_what_would_become_of_each_day(run: Run, office: Path) -> None:
    told = json.loads(run("calendar", "import", "cn-2027.ics", "--name", "cn", "--json").out)
    assert told == {
        "name": "cn", "zone": "Asia/Shanghai", "title": "假日", "published": [2027], "written": False,
        "holidays": [{"days": "2027-10-01..2027-10-03", "name": "国庆节"}], "workdays": [{"days": "2027-10-09", "name": "国庆节"}],
        "undecided": [{"days": "2027-02-14", "name": "情人节", "category": "Observance"}], "left_out": [],
    }  # fmt: skip
    assert json.loads(run("calendar", "import", "cn-2027.ics", "--json", "--yes").out)["written"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing.ics",), 1, "nothing.ics"),
        (("office.yaml",), 1, "iCalendar"),
        (("cn-2027.ics", "--holiday", "Easter"), 1, "Easter"),
        (("cn-2027.ics", "--zone", "Mars"), 2, "Mars"),
        (("cn-2027.ics", "--year", "27"), 2, "27"),
        (("cn-2027.ics", "--name", "../x"), 2, "../x"),
        ((), 2, "FILE.ics"),
    ],
)
def test_what_cannot_be_imported_says_why(run: Run, office: Path, words: tuple[str, ...], code: int, said: str) -> None:
    for language in ("zh", "en"):
        ran = run("--lang", language, "calendar", "import", *words, "--yes")
        assert ran.code == code
        assert said in ran.err


def test_a_feed_of_which_nothing_is_taken_writes_nothing(run: Run, office: Path) -> None:
    ran = run("--lang", "en", "calendar", "import", "cn-2027.ics", "--ignore", "国庆节*", "--ignore", "国庆节", "--yes")
    assert "nothing was written" in ran.out
    assert not (office / "calendars" / "cn-2027.yaml").exists()
