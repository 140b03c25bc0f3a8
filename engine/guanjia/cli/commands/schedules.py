"""`schedules`: what opens by the calendar next: when, by which schedule, for which row; so that a plan is seen before its day."""

from __future__ import annotations

from ...clock import DAY, iso
from ...errors import Text, plural
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option, limit_option, whole

FARTHEST = 1000
"""Days that are looked ahead at most."""


def schedules(desk: Desk, *, name: str | None, days: int, limit: int, as_json: bool) -> None:
    from ...runtime.planning import planned

    if days > FARTHEST:
        raise Usage(Text(f"--days 最多 {FARTHEST}。", f"--days is at most {FARTHEST}."))
    engine, out = desk.engine, desk.out
    known = engine.office.schedules
    if name is not None and name not in known:
        raise nameless(Text("定时建单", "schedule"), name, list(known))
    now = desk.now()
    found = sorted(
        (it, each)
        for each, schedule in known.items()
        if name in (None, each)
        for it in planned(engine, schedule, now, now + days * DAY)
    )[:limit]
    if as_json:
        out.json(
            [{"at": iso(it.at, desk.zone), "schedule": each, "procedure": known[each].open, "row": it.row or None} for it, each in found]
        )  # fmt: skip
        return
    if not known:
        out.line(Text("office.yaml 里没有 schedules。", "office.yaml has no schedules."))
        return
    if not found:
        out.line(Text(f"{days} 天之内不会开单。", f"Nothing opens within {plural(days, 'day')}."))
        return
    rows: list[list[Piece]] = [
        [
            words.when(it.at, desk.zone, now), Ink(each, "bold"), desk.label(known[each].open, known[each].open), it.row,
        ]
        for it, each in found
    ]  # fmt: skip
    head = (Text("时间", "WHEN"), Text("定时", "SCHEDULE"), Text("流程", "PROCEDURE"), Text("行", "ROW"))
    out.table(rows, head, flex=3)


COMMANDS = {
    "schedules": Command(
        "schedules", schedules,
        [
            Argument("name", required=False, say=Text("只看这一项", "only this one")),
            Option("--days", metavar="N", default=30, convert=whole(1), say=Text("往后看几天（默认 30）", "how many days ahead (default 30)")),
            limit_option(100), json_option(),
        ],
        say=Text("定时建单：接下来哪天开哪个流程的工单，按台账的一行一行来。", "What opens by the calendar next: on which day, of which procedure, for which row of a registry."),
        more=Text("按现在的 office.yaml、台账和日历推算；真正建单由 guanjia work 做，每一项只建一次。", "By office.yaml, the registries and the calendars as they are; `guanjia work` opens the cases, each once."),
        examples=("guanjia schedules", "guanjia schedules upkeep --days 90"),
    ),
}  # fmt: skip
