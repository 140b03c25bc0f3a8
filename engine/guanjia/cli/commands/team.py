"""`team`: who is on duty, what each has to do and what of it is late, and the cases that are nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...clock import Instant, iso
from ...errors import Text
from ...store.interface import Row
from ..desk import Desk
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, json_option
from .ls import due, left_out, pages, plain, table
from .roster import REASONS

if TYPE_CHECKING:
    from ...people import Organisation

HEAD = (
    Text("编号", "ID"), Text("姓名", "NAME"), Text("班组", "TEAM"), Text("此时", "NOW"), Text("未结", "OPEN"), Text("超时", "LATE"),
    Text("最近的时限", "NEXT DEADLINE"), Text("工单", "CASE"), Text("内容", "SUMMARY"),
)  # fmt: skip


@dataclass(slots=True)
class Load:
    """What somebody has to do."""

    open: int = 0
    late: int = 0
    next: Row | None = None
    """With the earliest deadline."""


def team(desk: Desk, *, name: str | None, as_json: bool) -> None:
    people, now = desk.engine.organisation, desk.now()
    if name is not None and name not in people.teams:
        labels = {key: desk.called("teams", key) for key in people.teams}
        raise nameless(Text("班组", "team"), name, list(people.teams), labels)
    every = list(pages(desk, mode=None))
    loads = _loads([row for row in every if not row.columns.mode], now)
    shown = [
        id for id, person in people.staff.items()
        if (name is None or person.get("team") == name) and (id in loads or (person.get("active", True) and not people.outside(id)))
    ]  # fmt: skip
    nobodys = [row for row in pages(desk, alarm=True) if desk.engine.case(row.id).unassigned is not None]
    if as_json:
        desk.out.json(
            {
                "at": iso(now, desk.zone),
                "people": [_plain(desk, people, id, loads.get(id, Load()), now) for id in shown],
                "nobody": [plain(desk, row, now) for row in nobodys],
            }
        )
        return
    out = desk.out
    if name is not None:
        lead = (people.teams[name] or {}).get("lead")
        out.line(
            Ink(desk.called("teams", name), "bold"),
            "  ",
            Text(f"组长 {desk.person(lead)}", f"lead {desk.person(lead)}") if lead else "",
        )
    out.table(
        [_row(desk, people, id, loads.get(id, Load()), now) for id in shown],
        HEAD,
        flex=8,
        keep=(0, 3, 4, 5, 6, 7),
        spare=(8, 2),
    )
    if nobodys:
        out.line()
        out.line(Ink(Text("没有人可以负责的", "Nobody could take"), "late"))
        table(desk, nobodys, now)
    left_out(desk, (row for row in every if row.columns.assignee in shown))


def _loads(rows: Sequence[Row], now: Instant) -> dict[str, Load]:
    """Rows come with the earliest deadline first."""
    loads: dict[str, Load] = {}
    for row in rows:
        if row.columns.assignee is None:
            continue
        load = loads.setdefault(row.columns.assignee, Load(next=row))
        load.open += 1
        load.late += bool(row.columns.breached) or (row.columns.deadline is not None and row.columns.deadline <= now)
    return loads


def _row(desk: Desk, people: Organisation, id: str, load: Load, now: Instant) -> list[Piece]:
    person, next = people.staff[id], load.next
    word, style = _standing(people, id, now)
    return [
        Ink(id, "bold"), str(person["name"]), desk.called("teams", person.get("team")), Ink(word, style),
        f"{load.open:>4}", Ink(f"{load.late or '':>4}", "late"),
        due(next.columns.deadline, next.columns.breached, now) if next is not None else "",
        *((next.columns.number, next.columns.summary) if next is not None else ("", "")),
    ]  # fmt: skip


def _standing(people: Organisation, id: str, now: Instant) -> tuple[Text, str]:
    """Where somebody is now, in a word, with its style."""
    if not people.staff[id].get("active", True):
        return Text("已离职", "has left"), "late"
    if people.on_duty(id, now):
        return Text("在岗", "on duty"), "good"
    if id in people.on_call(now):
        return Text("待命", "on call"), ""
    reason = people.leave(id, people.duty.day_of(now))
    return (REASONS[reason], "soon") if reason is not None else (Text("不当班", "off duty"), "dim")


def _plain(desk: Desk, people: Organisation, id: str, load: Load, now: Instant) -> dict[str, Any]:
    person, next = people.staff[id], load.next
    deadline = None if next is None else next.columns.deadline
    return {
        "id": id, "name": person["name"], "team": person.get("team"), "active": person.get("active", True),
        "on_duty": people.on_duty(id, now), "on_call": id in people.on_call(now), "leave": people.leave(id, people.duty.day_of(now)),
        "open": load.open, "late": load.late, "next": None if next is None else next.columns.number,
        "deadline": None if deadline is None else iso(deadline, desk.zone),
    }  # fmt: skip


COMMANDS = {
    "team": Command(
        "team", team,
        [Argument("name", metavar="TEAM", required=False, say=Text("只看这个班组", "only this team")), json_option()],
        say=Text("谁在岗，各人手上多少、多少超时；没有人可以负责的工单。", "Who is on duty, what each has to do and what of it is late; cases that nobody could take."),
        examples=("guanjia team", "guanjia team engineering"),
    ),
}  # fmt: skip
