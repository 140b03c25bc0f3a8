"""`calendar import`: a feed of holidays becomes a calendar file, after a look at what each of its days becomes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...clock import moment
from ...errors import GuanjiaError, NotFound, Refused, Text, because
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option
from ..values import interactive

if TYPE_CHECKING:
    from ...authoring.feeds import Entry, Feed
    from ...authoring.holidays import Choice


def import_(
    desk: Desk, *, file: str, name: str | None, zone: str | None, years: Sequence[int], holidays: Sequence[str],
    workdays: Sequence[str], ignored: Sequence[str], published: Sequence[int], yes: bool, force: bool, as_json: bool,
) -> None:  # fmt: skip
    from ...authoring import feeds, holidays as chosen
    from ...calendars import check_calendar
    from ...language import OfficeFiles

    called = name or re.sub(r"[^\w-]+", "-", Path(file).stem).strip("-") or "holidays"
    if not re.fullmatch(r"\w[\w-]*", called):
        raise Usage(Text(f"“{called}”不能作日历的名字。", f"{called!r} cannot be the name of a calendar."),
                    Text("只用文字、数字、_ 和 -", "letters, digits, _ and - only"))  # fmt: skip
    zone = zone or OfficeFiles(desk.folder).office().zone
    for _, wrong, hint in check_calendar({"zone": zone}):
        raise Usage(wrong, hint)
    today = moment(desk.now(), "UTC").date()
    feed = feeds.read_feed(_content(file), zone, years, today.year)
    choice = chosen.choose(feed, holidays, workdays, ignored)
    known = sorted(published) or chosen.published(choice)
    sources = [f"来源 source: {feed.title or file} {feed.maker}", f"导入 imported: {Path(file).name}, {today}"]
    text = chosen.to_yaml(choice, zone, known, sources)
    _checked(text)
    aim = Path(desk.folder) / "calendars" / f"{called}.yaml"
    there = os.path.lexists(aim)
    taken = bool(choice.holidays or choice.workdays)
    if not as_json:
        _show(desk, file, feed, choice, known)
    if there and not force and yes:
        raise Refused("file", Text(f"calendars/{called}.yaml 已经有了，没有改动。", f"calendars/{called}.yaml is there already; it was left as it is."),
                      Text("换一个名字（--name），或用 --force 覆盖", "choose another --name, or overwrite it with --force"))  # fmt: skip
    if not taken:
        yes = False
    elif not yes and not as_json and interactive(desk.out) and (force or not there):
        question = Text(f"写入 calendars/{called}.yaml 吗？[y/N]", f"Write calendars/{called}.yaml? [y/N]")
        yes = desk.out.ask(question).strip().lower() in ("y", "yes", "是")
    if yes:
        _write(aim, text)
    if as_json:
        desk.out.json(_plain(called, zone, known, feed, choice, written=yes))
        return
    _told(desk, called, written=yes, taken=taken, there=there and not force)


def _content(file: str) -> bytes:
    from ...authoring.feeds import MOST_BYTES

    try:
        with open(file, "rb") as feed:
            return feed.read(MOST_BYTES + 1)
    except OSError as error:
        why = because(error)
        raise NotFound(Text(f"读不了 {file}：{why.zh}", f"{file} cannot be read: {why.en}")) from None


def _checked(text: str) -> None:
    """What is written must be a calendar, whatever the feed said."""
    from ...calendars import check_calendar
    from ...language import read_yaml

    for path, wrong, hint in check_calendar(read_yaml(text, "feed").data)[:1]:
        where = ".".join(map(str, path))
        raise GuanjiaError(Text(f"这个日历写不出来：{where} {wrong.zh}", f"This calendar cannot be written: {where} {wrong.en}"), hint)  # fmt: skip


def _write(aim: Path, text: str) -> None:
    draft = aim.with_name(f".{aim.name}.new")
    try:
        aim.parent.mkdir(exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, aim)
    except OSError as error:
        why = because(error)
        raise Refused("file", Text(f"写不了 {aim}：{why.zh}", f"{aim} cannot be written: {why.en}")) from None


def _show(desk: Desk, file: str, feed: Feed, choice: Choice, years: Sequence[int]) -> None:
    from ...authoring import holidays

    out = desk.out
    out.line(Ink(file, "bold"), "  ", Ink(feed.title, "dim"))
    _group(desk, Text("放假", "Holidays"), [[day, name] for day, name in holidays.holiday_lines(choice)])
    _group(
        desk, Text("上班（调休）", "Workdays (made up)"), [[day, name] for day, name in holidays.workday_lines(choice)]
    )
    undecided = Text(
        "未取：没有标明放假还是上班。要取的写 --holiday 名字 或 --workday 名字（* 代表任意）",
        "Not taken: nothing says whether these are days off. Take them with --holiday NAME or --workday NAME (* for any)",
    )
    rows: list[list[Piece]] = [[_when(item), item.summary, Ink(item.category, "dim")] for item in choice.undecided]
    _group(desk, undecided, rows)
    _group(desk, Text("不能取", "Cannot be taken"), [[summary, why] for summary, why in feed.left_out])
    if years:
        listed = ", ".join(map(str, years))
        out.line(Text(f"已公布的年份：{listed}（不对的话写 --published）", f"Published years: {listed} (if not, say --published)"))  # fmt: skip


def _group(desk: Desk, head: Text, rows: list[list[Piece]]) -> None:
    if rows:
        desk.out.line(Ink(head, "bold"))
        desk.out.table(rows, indent="  ")


def _when(entry: Entry) -> str:
    if entry.yearly:
        return entry.yearly
    first, last = entry.days[0], entry.days[-1]
    if first == last:
        return first.isoformat()
    return f"{first}..{last}" if (last - first).days + 1 == len(entry.days) else f"{first} … {last}"


def _told(desk: Desk, name: str, *, written: bool, taken: bool, there: bool) -> None:
    out = desk.out
    if written:
        out.line(Ink(Text(f"已写入 calendars/{name}.yaml", f"Written: calendars/{name}.yaml"), "good"))
        out.line(Text(f"在用它的日历里写 extends: [{name}]；在办工单：guanjia calendar apply",
                      f"Name it in the calendar that uses it: extends: [{name}]; open cases: guanjia calendar apply"))  # fmt: skip
    elif not taken:
        out.line(Text("没有可写入的日子，没有写入。", "There is no day to write; nothing was written."))
    elif there:
        out.line(Text(f"calendars/{name}.yaml 已经有了，没有写入。换一个 --name，或用 --yes --force 覆盖",
                      f"calendars/{name}.yaml is there already; nothing was written. Choose another --name, or overwrite it with --yes --force"))  # fmt: skip
    else:
        out.line(Text(f"没有写入。要写入 calendars/{name}.yaml，请加上 --yes", f"Nothing was written. To write calendars/{name}.yaml, add --yes"))  # fmt: skip


def _plain(name: str, zone: str, years: Sequence[int], feed: Feed, choice: Choice, *, written: bool) -> dict[str, Any]:
    from ...authoring import holidays

    return {
        "name": name, "zone": zone, "title": feed.title or None, "published": list(years), "written": written,
        "holidays": [{"days": day, "name": named} for day, named in holidays.holiday_lines(choice)],
        "workdays": [{"days": day, "name": named} for day, named in holidays.workday_lines(choice)],
        "undecided": [
            {"days": _when(item), "name": item.summary, "category": item.category or None} for item in choice.undecided
        ],
        "left_out": [{"name": summary, "why": {"zh": why.zh, "en": why.en}} for summary, why in feed.left_out],
    }  # fmt: skip


def _year(spelling: str, text: str) -> int:
    if re.fullmatch(r"(19|20|21)\d\d", text):
        return int(text)
    raise Usage(
        Text(f"{spelling} 要写年份，不是“{text}”。", f"{spelling} takes a year, not {text!r}."),
        Text("如 2026", "e.g. 2026"),
    )


COMMANDS = {
    "import": Command(
        "import", import_,
        [
            Argument("file", metavar="FILE.ics", say=Text("iCalendar 文件", "an iCalendar file")),
            Option("--name", metavar="NAME", say=Text("日历的名字（默认取文件名）", "name of the calendar (default: the file's)")),
            Option("--holiday", to="holidays", metavar="NAME", many=True, say=Text("叫这个名字或属这个类别的放假；可写多次", "what has this name or category is a day off; may stand several times")),
            Option("--workday", to="workdays", metavar="NAME", many=True, say=Text("叫这个名字或属这个类别的上班", "what has this name or category is a workday")),
            Option("--ignore", to="ignored", metavar="NAME", many=True, say=Text("不取，即使标了休或班", "leave it out, even where it is marked")),
            Option("--year", to="years", metavar="YYYY", many=True, convert=_year, say=Text("只取这一年的日子", "only days of this year")),
            Option("--published", metavar="YYYY", many=True, convert=_year, say=Text("这一年的安排已经公布（默认看文件）", "this year is published (default: by what the feed has)")),
            Option("--zone", metavar="ZONE", say=Text("时区（默认办公室的）", "time zone (default: the office's)")),
            Option("--yes", flag=True, say=Text("写入", "write it")),
            Option("--force", flag=True, say=Text("覆盖已有的文件", "overwrite a file that is there")),
            json_option(),
        ],
        say=Text("把假日订阅（.ics）变成日历文件：先看每天会变成什么，再写入。", "A feed of holidays (.ics) becomes a calendar file: first a look at what each day becomes."),
        more=Text("标了休、班的照标记取；其余的日子是不是放假，只有您知道，要用 --holiday 点名。", "What is marked as off or on is taken as marked; of the rest only you know, and name it with --holiday."),
        examples=("guanjia calendar import china.ics --name cn-2027", "guanjia calendar import feiertage.ics --holiday 'Public holiday' --yes"),
    ),
}  # fmt: skip
