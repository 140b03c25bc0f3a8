"""`calendar`: a month of a working calendar, what is wrong in the calendar files, and where a deadline falls and why."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...clock import HOUR, MINUTE, Instant, instant, iso, moment
from ...errors import Text, plural
from .. import words
from ..desk import Desk
from ..failure import INVALID, OK, Usage
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, Entry, Group, Option, json_option

if TYPE_CHECKING:
    from ...calendars import Calendar, Day
    from ...model.suspension import Suspension

WEEK = Text("一二三四五六日", "MoTuWeThFrSaSu")
MOST_DAYS = 400
"""Days that `explain` lists; what is longer is summed up."""


def show(desk: Desk, *, name: str, month: str | None, as_json: bool) -> None:
    calendar = _calendar(desk, name)
    first = _month(desk, month, calendar.zone)
    days = _days(first)
    begin, end = _midnight(calendar, first), _midnight(calendar, days[-1] + datetime.timedelta(days=1))
    suspended = [item for item in _suspensions(desk) if item.begin < end and begin < item.end]
    if as_json:
        desk.out.json(
            {"name": name, "zone": calendar.zone, "month": f"{first:%Y-%m}", "counting": calendar.counting._asdict(),
             "suspended": [item.id for item in suspended],
             "days": [{"date": day.isoformat(), "workday": calendar.is_workday(day), "open_minutes": _open(calendar, day) // 60_000_000}
                      for day in days]}
        )  # fmt: skip
        return
    out = desk.out
    out.line(Ink(f"{name}  {first:%Y-%m}", "bold"), "  ", Ink(calendar.zone, "dim"))
    head = [WEEK.zh[i] if out.language == "zh" else WEEK.en[2 * i : 2 * i + 2] for i in range(7)]
    weeks: list[list[Piece]] = [[""] * first.weekday()]
    for day in days:
        if len(weeks[-1]) == 7:
            weeks.append([])
        weeks[-1].append(_cell(desk, calendar, day))
    out.table(weeks, head)
    workdays = sum(calendar.is_workday(day) for day in days)
    hours = sum(_open(calendar, day) for day in days) / HOUR
    out.line(
        Text(f"工作日 {workdays} 天，合计 {hours:g} 小时。", f"{plural(workdays, 'workday')}, {hours:g} h in all.")
    )
    for day in days:
        if named := _named(out.language, calendar, day):
            out.line("  ", f"{day:%m-%d} ", words.weekday(day), "  ", named)
    out.line(
        Ink(
            Text(
                "休 = 平日放假   班 = 周末上班   · = 不上班",
                "off = holiday on a weekday   on = workday at a weekend   · = closed",
            ),
            "dim",
        )
    )
    ways = words.counting(calendar.counting, "days")
    out.line(Ink(Text(f"按天算的期限：{ways.zh}", f"Limits in days: {ways.en}"), "dim"))
    for item in suspended:
        out.line(Ink(_about(desk, item), "soon"))
    if calendar.provisional(end):
        out.line(
            Ink(
                Text(
                    "这个月的安排尚未公布，期限是暂定的。",
                    "This month is not published yet; deadlines in it are provisional.",
                ),
                "soon",
            )
        )


def check(desk: Desk, *, as_json: bool) -> int:
    from ...language import OfficeFiles

    findings = [item for item in OfficeFiles(desk.folder).check() if item.file.startswith("calendars/")]
    if as_json:
        desk.out.json([{"severity": item.severity, "code": item.code, "file": item.file, "line": item.line, "column": item.column,
                        "text": {"zh": item.text.zh, "en": item.text.en}} for item in findings])  # fmt: skip
    else:
        for finding in findings:
            desk.out.finding(finding, err=False)
        if not findings:
            desk.out.line(Ink(Text("日历没有问题。", "The calendars are in order."), "good"))
    return INVALID if any(item.severity == "error" for item in findings) else OK


def explain(desk: Desk, *, start: str, duration: str, name: str | None, clock: str | None, as_json: bool) -> None:
    from ...calendars import AmountError, format_amount, parse_amount

    begun = desk.instant(start, "START")
    try:
        amount = parse_amount(duration)
    except AmountError as error:
        raise Usage(error.text, error.hint) from None
    decided = _suspensions(desk)
    if clock is None:
        name, laid = name or "office", [item for item in decided if not item.procedures and not item.clocks]
    else:
        named, laid = _covered(desk, clock, decided)
        name = name or named
    calendar = _calendar(desk, name, laid)
    due, days = calendar.explained(begun, amount)
    between = [item for item in decided if item.begin < due and begun < item.end]
    if as_json:
        desk.out.json(
            {"calendar": name, "zone": calendar.zone, "start": iso(begun, calendar.zone), "duration": duration,
             "due": iso(due, calendar.zone), "provisional": calendar.provisional(due), "counting": calendar.counting._asdict(),
             "clock": clock, "suspended": [item.id for item in between if item in laid],
             "days": [{**words.plain_day(day), "counted_minutes": day.working // MINUTE} for day in days]}
        )  # fmt: skip
        return
    out = desk.out
    out.line(Ink(words.when(begun, calendar.zone), "bold"), " + ", format_amount(amount, out.language), out.both(f"（{name}）  →  ", f"  ({name})  →  "),
             Ink(words.by(due, calendar.zone), "good"), " ", words.weekday(moment(due - 1, calendar.zone).date()))  # fmt: skip
    if calendar.provisional(due):
        out.line(
            Ink(
                Text("暂定：这一年的日历尚未公布。", "Provisional: the calendar of that year is not published yet."),
                "soon",
            )
        )
    shown: list[Day | None] = list(days)
    if len(days) > MOST_DAYS:
        shown = [*days[: MOST_DAYS // 2], None, *days[-MOST_DAYS // 2 :]]
    reached, rows = 0, list[list[Piece]]()
    for day in shown:
        if day is None:
            passed = days[MOST_DAYS // 2 : -MOST_DAYS // 2]
            reached += sum(each.counted for each in passed)
            rows.append([Ink(Text(f"（其间 {len(passed)} 天）", f"({plural(len(passed), 'day')} between)"), "dim")])
            continue
        reached += day.counted
        of_days = Text(f"第 {reached} 天", f"day {reached}")
        counted = of_days if amount.unit != "time" else words.span(day.working)
        style = "" if day.counted else "dim"
        rows.append(
            [
                Ink(day.date.isoformat(), style),
                Ink(words.weekday(day.date), style),
                Ink(counted if day.counted else Text("不计", "not counted"), style),
                Ink(words.day(day, first=day is days[0], last=day is days[-1]), style),
            ]
        )
    out.table(rows, indent="  ")
    out.line(Ink(words.counting(calendar.counting, amount.unit), "dim"))
    for item in between:
        about = _about(desk, item)
        if item in laid:
            out.line(Ink(about, "soon"))
        elif clock is None:
            out.line(Ink(Text(f"{about.zh}。这里没有算入，看某个时限：--clock 流程.时限",
                              f"{about.en}. Not counted here; for one clock: --clock PROCEDURE.CLOCK"), "soon"))  # fmt: skip


def _suspensions(desk: Desk) -> list[Suspension]:
    """What was decided, as far as there is an office with a database."""
    from ...model.suspension import suspensions
    from ...runtime import stream

    return suspensions(stream.events(desk.store))


def _covered(desk: Desk, clock: str, decided: Sequence[Suspension]) -> tuple[str, list[Suspension]]:
    """The calendar by which a clock, `complaint.respond`, counts as a rule, and the suspensions that cover it."""
    procedure, dot, name = clock.partition(".")
    if not dot:
        raise Usage(
            Text(f"--clock 的“{clock}”不是 流程.时限。", f"--clock: {clock!r} is not PROCEDURE.CLOCK."),
            Text("例如 --clock complaint.resolve", "for example --clock complaint.resolve"),
        )
    rules = desk.engine.opening(procedure).procedure
    sla = rules.sla.get(name)
    if sla is None:
        raise nameless(Text("时限", "clock"), name, sorted(rules.sla))
    return sla.calendar or rules.calendar, [item for item in decided if item.covers(procedure, name, sla)]


def _about(desk: Desk, item: Suspension) -> Text:
    """A suspension in one line."""
    from .suspend import how, scope

    since, until, way, about = words.when(item.begin, desk.zone), words.by(item.end, desk.zone), how(item.factor), scope(desk, item.to_plain())  # fmt: skip
    return Text(
        f"{item.id}：{since} 至 {until} {way.zh}（{about.zh}）：{item.reason}",
        f"{item.id}: from {since} to {until} clocks {way.en} ({about.en}): {item.reason}",
    )


def _calendar(desk: Desk, name: str, laid: Sequence[Suspension] = ()) -> Calendar:
    from ...calendars import compile_calendar
    from ...language import OfficeFiles

    calendars: dict[str, Any] = OfficeFiles(desk.folder).calendars()
    if name not in calendars:
        raise nameless(Text("日历", "calendar"), name, sorted(calendars))
    windows = [item.window() for item in laid]
    return compile_calendar({**calendars[name], "suspended": windows} if windows else calendars[name])


def _month(desk: Desk, month: str | None, zone: str) -> datetime.date:
    if month is None:
        return moment(desk.now(), zone).date().replace(day=1)
    try:
        year, number = month.split("-")
        return datetime.date(int(year), int(number), 1)
    except ValueError:
        raise Usage(
            Text(f"“{month}”不是月份。", f"{month!r} is no month."), Text("写成 2026-10", "Write 2026-10")
        ) from None


def _days(first: datetime.date) -> list[datetime.date]:
    days = [first]
    while (following := days[-1] + datetime.timedelta(days=1)).month == first.month:
        days.append(following)
    return days


def _midnight(calendar: Calendar, day: datetime.date) -> Instant:
    from zoneinfo import ZoneInfo

    return instant(datetime.datetime.combine(day, datetime.time(), ZoneInfo(calendar.zone)))


def _open(calendar: Calendar, day: datetime.date) -> int:
    return calendar.between(_midnight(calendar, day), _midnight(calendar, day + datetime.timedelta(days=1)))


def _named(language: str, calendar: Calendar, day: datetime.date) -> str:
    """Why a day differs from its weekday, in words."""
    kind, name = calendar.kind_of(day)
    known = {
        "holiday": Text("放假", "holiday"),
        "workday": Text("调休上班", "make-up workday"),
        "short day": Text("缩短工时", "short day"),
    }.get(kind)
    return name or (known.get(language) if known else "")


def _cell(desk: Desk, calendar: Calendar, day: datetime.date) -> Piece:
    weekend, works = day.weekday() >= 5, calendar.is_workday(day)
    if works:
        return Ink(f"{day.day:>2} {desk.out.both('班', 'on')}", "soon") if weekend else f"{day.day:>2}"
    return Ink(f"{day.day:>2} ·", "dim") if weekend else Ink(f"{day.day:>2} {desk.out.both('休', 'off')}", "late")


COMMANDS = {
    "calendar": Group(
        "calendar",
        {
            Text("命令", "Commands"): {
                "show": Entry("calendar", Text("一个月：哪天上班，哪天放假", "a month: workdays and holidays")),
                "check": Entry("calendar", Text("检查日历文件", "check the calendar files")),
                "explain": Entry("calendar", Text("期限落在哪一刻，逐日说明", "where a deadline falls, day by day")),
                "import": Entry("feed", Text("从 .ics 订阅导入假日", "holidays from an .ics feed")),
                "apply": Entry("moves", Text("让在办工单改用现在的日历", "let open cases come under the calendars as they are now")),
            }
        },
        say=Text("工作日历：看一个月、检查、推算期限、导入假日。", "Working calendars: a month, checks, where a deadline falls, feeds of holidays."),
    ),
    "show": Command(
        "show", show,
        [
            Argument("name", required=False, default="office", complete="calendars", say=Text("日历的名字（默认 office）", "name of the calendar (default office)")),
            Option("--month", metavar="YYYY-MM", say=Text("哪个月（默认本月）", "which month (default: this one)")), json_option(),
        ],
        say=Text("看一个月：哪天上班，哪天放假。", "A month: workdays and holidays."),
        examples=("guanjia calendar show office --month 2026-10",),
    ),
    "check": Command("check", check, [json_option()], say=Text("检查日历文件；有错误则以 3 退出。", "Check the calendar files; the exit code is 3 when there are errors.")),
    "explain": Command(
        "explain", explain,
        [
            Argument("start", say=Text("起点，如 \"2026-09-30 16:00\"", "the start, e.g. \"2026-09-30 16:00\"")),
            Argument("duration", say=Text("时长：30m、2h30m、\"10 days\"、\"5 workdays\"", "how long: 30m, 2h30m, \"10 days\", \"5 workdays\"")),
            Option("--calendar", to="name", metavar="NAME", complete="calendars", say=Text("日历（默认该时限的，没写时限则 office）", "the calendar (default: the clock's; without a clock, office)")),
            Option("--clock", metavar="PROCEDURE.CLOCK", say=Text("照这个时限计：它的日历，对它有效的暂停", "as this clock counts: its calendar, the suspensions that cover it")),
            json_option(),
        ],
        say=Text("从某刻起加一段时长，期限落在哪一刻，逐日说明。", "From a time and a length to the deadline, explained day by day."),
        more=Text("已决定的暂停计时（guanjia suspend）会算入：没写 --clock 的，只算对全部时限有效的。",
                  "Suspensions that were decided (guanjia suspend) are counted: without --clock those that are about every clock."),
        examples=('guanjia calendar explain "2026-09-30 16:00" "5 workdays"', "guanjia calendar explain 16:00 4h"),
    ),
}  # fmt: skip
