"""`roster`: who is on duty at an instant or through a week, who is on call, who is away, and where a shift has too few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ...clock import Instant, from_iso, iso
from ...errors import Text, plural
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Command, Option, json_option

if TYPE_CHECKING:
    from ...people import Organisation, Turn

HEAD = (Text("日期", "DATE"), Text("班次", "SHIFT"), Text("时段", "HOURS"), Text("人员", "STAFF"), "")

REASONS = {
    "annual": Text("年假", "annual leave"), "sick": Text("病假", "sick"), "personal": Text("事假", "personal"),
    "family": Text("婚丧", "family"), "maternity": Text("产假", "maternity"), "training": Text("培训", "training"),
    "business": Text("出差", "business"), "rest": Text("调休", "day off"), "other": Text("休假", "leave"),
}  # fmt: skip


def roster(desk: Desk, *, at: str | None, week: bool, as_json: bool) -> None:
    when = desk.now() if at is None else _instant(desk, at)
    people = desk.engine.organisation
    today = people.duty.day_of(when)
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=n) for n in range(7)] if week else [today]
    turns = [turn for day in days for turn in people.duty.of_day(day)] if week else list(people.duty.at(when))
    away = [(id, day, reason) for day in days for id in people.staff if (reason := people.leave(id, day)) is not None]
    away = [(id, day, reason) for id, day, reason in away if people.staff[id].get("active", True)]
    if as_json:
        desk.out.json(
            {
                "at": None if week else iso(when, desk.zone), "from": days[0].isoformat(), "to": days[-1].isoformat(),
                "shifts": [plain(people, turn) for turn in turns],
                "on_duty": None if week else [id for id in people.staff if people.on_duty(id, when) and not people.outside(id)],
                "on_call": None if week else list(people.on_call(when)),
                "on_leave": [{"id": id, "date": day.isoformat(), "reason": reason} for id, day, reason in away],
                "gaps": sum(missing(people, turn) > 0 for turn in turns),
            }
        )  # fmt: skip
        return
    out = desk.out
    title = f"{days[0]} – {days[-1]}" if week else f"{today} {words.when(when, desk.zone)[-5:]}"
    out.line(Ink(title, "bold"), "  ", words.weekday(today) if not week else "")
    if not people.duty.shifts:
        out.line(Text("没有排班：organisation.yaml 里没有班次（shifts），在岗与否看各人的 on_duty。",
                      "There is no roster: organisation.yaml has no shifts; who is on duty is said by `on_duty`."))  # fmt: skip
    elif not turns:
        out.line(Ink(Text("此时没有班次。", "No shift runs."), "dim"))
    out.table([_row(desk, people, turn) for turn in turns], HEAD if turns else (), flex=3, keep=(0, 2))
    if not week:
        ours = [id for id in people.staff if id not in people.duty.rostered and not people.outside(id)]
        free = [id for id in ours if people.on_duty(id, when)]
        if free:
            _by_team(desk, people, free)
    for id, day, reason in away:
        out.line(
            Ink(Text("不在：", "away: "), "dim"),
            desk.person(id),
            "  ",
            day.isoformat() if week else "",
            " ",
            REASONS[reason],
        )
    if gaps := sum(missing(people, turn) > 0 for turn in turns):
        out.line(Ink(Text(f"缺人的班次 {gaps} 个", f"{plural(gaps, 'shift')} with too few people"), "late"))


def _by_team(desk: Desk, people: Organisation, ids: Sequence[str]) -> None:
    """Who else is on duty, team by team."""
    out, teams = desk.out, dict[str, list[str]]()
    for id in ids:
        teams.setdefault(desk.called("teams", people.staff[id].get("team")), []).append(id)
    if list(teams) == [""]:
        out.lines(Text("另有在岗：", "Also on duty: ").get(out.language) + _names(desk, ids))
        return
    out.line(Ink(Text("另有在岗", "Also on duty"), "bold"))
    rows: list[list[Piece]] = [[team or Text("其他", "others"), _names(desk, found)] for team, found in teams.items()]
    out.table(rows, indent="  ", flex=1, wrapped=True)


def missing(people: Organisation, turn: Turn) -> int:
    """How many people a shift lacks on its day."""
    return max(0, turn.least - len(people.working(turn)))


def plain(people: Organisation, turn: Turn) -> dict[str, Any]:
    """One shift of one day as docs/cli.md promises it."""
    working = people.working(turn)
    return {
        "shift": turn.shift, "date": turn.day.isoformat(), "hours": _hours(people, turn), "on_call": turn.on_call,
        "staff": list(working), "away": [id for id in turn.staff if id not in working], "least": turn.least,
        "missing": missing(people, turn),
    }  # fmt: skip


def _row(desk: Desk, people: Organisation, turn: Turn) -> Sequence[Piece]:
    lacks = missing(people, turn)
    note: Piece = Ink(Text(f"缺 {lacks} 人", f"{lacks} missing"), "late") if lacks else ""
    if not lacks and turn.on_call:
        note = Ink(Text("待命", "on call"), "dim")
    return [
        Ink(f"{turn.day:%m-%d} {desk.out.say(words.weekday(turn.day))}", "bold"), desk.called("shifts", turn.shift),
        ", ".join(_hours(people, turn)), _names(desk, people.working(turn)) or "—", note,
    ]  # fmt: skip


def _hours(people: Organisation, turn: Turn) -> list[str]:
    def wall(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    return [f"{wall(begin)}-{wall(end if end <= 1440 else end - 1440)}" for begin, end in people.duty.hours(turn.shift)]


def _names(desk: Desk, ids: Iterable[str]) -> str:
    return desk.out.both("、", ", ").join(desk.short(id) for id in ids)


def _instant(desk: Desk, text: str) -> Instant:
    """A time, or a day: its noon."""
    try:
        return from_iso(f"{date.fromisoformat(text.strip())}T12:00", desk.zone)
    except ValueError:
        return desk.instant(text, "--at")


COMMANDS = {
    "roster": Command(
        "roster", roster,
        [
            Option("--at", metavar="TIME", say=Text("什么时候（时刻或日期）；不写就是现在", "when: a time or a date; else now")),
            Option("--week", flag=True, say=Text("看这一周", "the whole week")),
            json_option(),
        ],
        say=Text("谁在岗、谁待命、谁不在，哪一班缺人。", "Who is on duty, on call and away, and which shift has too few people."),
        examples=("guanjia roster", "guanjia roster --at '2026-03-02 23:30'", "guanjia roster --week --at 2026-03-09"),
    ),
}  # fmt: skip
