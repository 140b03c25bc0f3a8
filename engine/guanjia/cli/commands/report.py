"""`report`: figures over a period, each traceable to its cases."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ...clock import Instant, instant, iso, moment
from ...errors import Text
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..naming import SITE, nameless, no_procedure
from ..out import Ink, Piece
from ..progress import progress
from ..spec import Argument, Command, Option, json_option
from .ls import sites_of

if TYPE_CHECKING:
    from ...authoring.reports import Figure, Report, Table

NAMES = ("sla", "pledge", "cycle_time", "complaint_analysis", "appraisal")


def report(
    desk: Desk, *, name: str | None, month: str | None, since: str | None, until: str | None, procedure: str | None, site: str | None,
    cases: bool, as_json: bool,
) -> None:  # fmt: skip
    from ...authoring import reports
    from ...authoring.reports.reading import report as made

    if name is None:
        if as_json:
            desk.out.json(
                [{"name": each, "text": {"zh": say.zh, "en": say.en}} for each, (_, say) in reports.REPORTS.items()]
            )
            return
        desk.out.table([[Ink(each, "bold"), say] for each, (_, say) in reports.REPORTS.items()])
        return
    begin, end = _period(desk, month, since, until)
    engine = desk.engine
    with progress(desk.out, Text("统计", "Counting"), None) as bar:
        found = made(engine, name, desk.asking, begin, end, procedure=procedure, site=site, step=bar)
    if not any(table.rows for table in found.tables):
        _nameless(desk, procedure, site)
    if as_json:
        desk.out.json(
            {"report": name, "from": iso(begin, engine.zone), "until": iso(end, engine.zone), **_plain(found)}
        )
        return
    _print(desk, found, begin, end, cases)


def _nameless(desk: Desk, procedure: str | None, site: str | None) -> None:
    """Whether nothing was counted because something was called by a name that there is not. What was withdrawn was counted."""
    engine = desk.engine
    if procedure is not None and procedure not in (known := engine.procedures()):
        raise no_procedure(desk, procedure, known)
    if site is not None and site not in (sites := sites_of(desk)):
        raise nameless(SITE, site, list(sites), sites)


def _print(desk: Desk, found: Report, begin: Instant, end: Instant, cases: bool) -> None:
    out = desk.out
    first, last = moment(begin, desk.zone), moment(end - 1, desk.zone)
    out.line(Ink(found.title, "bold"), "  ", f"{first:%Y-%m-%d} – {last:%Y-%m-%d}")
    for table in found.tables:
        if not table.rows:
            continue
        out.line()
        if table.title.zh:
            out.line(Ink(table.title, "bold"))
        texts = [index for index, cell in enumerate(table.rows[0]) if isinstance(cell, Text)]
        rows: list[list[Piece]] = [[_cell(desk, cell) for cell in row] for row in table.rows]
        head = [title if index in texts else _right(desk, title) for index, title in enumerate(table.head)]
        out.table(rows, head, flex=texts[0] if texts else None, wrapped=True)
        if cases:
            _cases(desk, table)
    if not any(table.rows for table in found.tables):
        out.line(Text("这段时间没有可统计的。", "There is nothing to count in this time."))


def _cases(desk: Desk, table: Table) -> None:
    """Of which cases each figure is made."""
    from ...authoring.reports import Figure

    for row in table.rows:
        called = " · ".join(desk.out.say(cell) for cell in row if isinstance(cell, Text))
        for title, cell in zip(table.head, row, strict=True):
            if isinstance(cell, Figure) and cell.cases and cell.unit == "count":
                head = " · ".join(filter(None, (called, desk.out.say(title))))
                desk.out.lines(
                    Text(f"{head}：{'、'.join(cell.cases)}", f"{head}: {', '.join(cell.cases)}"),
                    indent="  ",
                    style="dim",
                )


def _cell(desk: Desk, cell: Text | Figure) -> Piece:
    if isinstance(cell, Text):
        return cell
    value = cell.value
    if value is None:
        return f"{'—':>7}"
    if cell.unit == "span":
        return f"{desk.out.say(words.span(int(value), brief=True)):>7}"
    said = {"count": f"{value:.0f}", "share": f"{100 * value:.1f} %", "mean": f"{value:.2f}"}[cell.unit]
    return f"{said:>7}"


def _right(desk: Desk, title: Text) -> str:
    from ...terminal import width

    said = desk.out.say(title)
    return " " * max(0, 7 - width(said)) + said


def _plain(found: Report) -> dict[str, Any]:
    return {"tables": [{"table": table.key, "rows": [dict(zip(table.keys, map(_value, row), strict=True)) for row in table.rows]} for table in found.tables]}  # fmt: skip


def _value(cell: Text | Figure) -> dict[str, Any]:
    if isinstance(cell, Text):
        return {"zh": cell.zh, "en": cell.en}
    value = cell.value if cell.value is None or cell.unit in ("share", "mean") else int(cell.value)
    unit = {"span": "seconds"}.get(cell.unit, cell.unit)
    return {unit: value // 1_000_000 if cell.unit == "span" and value is not None else value, "cases": list(cell.cases)}


def _period(desk: Desk, month: str | None, since: str | None, until: str | None) -> tuple[Instant, Instant]:
    """[begin, end): a month, or from the one day to the end of the other; this month where nothing is said."""
    today = moment(desk.now(), desk.zone).date()
    if month is not None and (since or until):
        raise Usage(Text("--month 和 --from、--to 只用一样。", "Use --month, or --from and --to."))
    if month is not None or not (since or until):
        found = re.fullmatch(r"(\d{4})-(\d{1,2})", month or f"{today:%Y-%m}")
        if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
            raise Usage(Text(f"“{month}”不是月份。", f"{month!r} is no month."), Text("写成 2026-03", "Write 2026-03"))
        first = date(int(found[1]), int(found[2]), 1)
        last = date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(days=1)
    else:
        first = _day(since, "--from") if since else date(1970, 1, 2)
        last = _day(until, "--to") if until else today
        if last < first:
            raise Usage(Text("--to 早于 --from。", "--to is before --from."))
    return _midnight(desk, first), _midnight(desk, last + timedelta(days=1))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(
            Text(f"{option} 的“{text}”不是日期。", f"{option}: {text!r} is no date."),
            Text("写成 2026-03-01", "Write 2026-03-01"),
        ) from None


def _midnight(desk: Desk, day: date) -> Instant:
    return instant(datetime.combine(day, time(), ZoneInfo(desk.zone)))


COMMANDS = {
    "report": Command(
        "report", report,
        [
            Argument("name", metavar="NAME", required=False, words=NAMES, say=Text("哪一份报表；不写则列出有哪些", "which report; without it they are listed")),
            Option("--month", metavar="MONTH", say=Text("哪个月，如 2026-03（默认：本月）", "a month such as 2026-03 (default: this one)")),
            Option("--from", to="since", metavar="DATE", say=Text("从哪天起", "from this day on")),
            Option("--to", to="until", metavar="DATE", say=Text("到哪天为止（含）", "up to this day, included")),
            Option("--procedure", metavar="NAME", complete="procedures", say=Text("只统计一个流程", "only this procedure")),
            Option("--site", metavar="SITE", say=Text("只统计一个小区", "only this site")),
            Option("--cases", flag=True, say=Text("每个数字由哪些工单得来", "of which cases each figure is made")),
            json_option(),
        ],
        say=Text("报表：时限兑现、服务承诺、办理用时、投诉分析、员工考核数据。", "Reports: promises kept, the pledge, time taken, complaints analysed, the staff's work."),
        more=Text("只统计看得到的工单，演练不算。守没守住按当时的规则判定，记下就不再变。", "Over the cases that you see, drills left out. A promise was judged by the rules that held then, and stays as it was judged."),
        examples=("guanjia report sla", "guanjia report complaint_analysis --month 2026-03 --cases", "guanjia report cycle_time --from 2026-01-01 --to 2026-03-31 --procedure repair", "guanjia report pledge --json"),
    ),
}  # fmt: skip
