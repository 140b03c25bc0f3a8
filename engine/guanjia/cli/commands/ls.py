"""`ls` and `find`: rows of the database as lines, without the engine. This is the path that must start fast."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...clock import Instant, iso
from ...errors import GuanjiaError, Text
from ...store.interface import Query, Row
from .. import words
from ..desk import Desk
from ..naming import SITE, nameless, no_procedure
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option, limit_option, whole

if TYPE_CHECKING:
    from ...model.procedure import Procedure

HEAD = (
    Text("编号", "NUMBER"), Text("流程", "PROCEDURE"), Text("状态", "STATE"), Text("时限", "DEADLINE"), Text("责任人", "ASSIGNEE"),
    Text("地点", "PLACE"), Text("内容", "SUMMARY"),
)  # fmt: skip


def ls(
    desk: Desk, *, procedure: str | None, state: str | None, assignee: str | None, mine: bool, room: str | None,
    customer: str | None, parent: str | None, mode: str | None, provisional: bool, alarm: bool, overdue: bool, closed: bool, everything: bool, order: str, limit: int,
    offset: int, as_json: bool,
) -> None:  # fmt: skip
    _print(
        desk, limit, as_json, late=overdue,
        procedure=procedure, open=None if everything else not closed, state=state,
        assignee=desk.who if mine else assignee and desk.member(assignee), room=room, customer=person(desk, customer), parent=_identity(desk, parent),
        mode=mode_of(mode), provisional=provisional or None, alarm=alarm or None, order=order, offset=offset,
    )  # fmt: skip


def find(desk: Desk, *, text: tuple[str, ...], limit: int, as_json: bool) -> None:
    words = " ".join(text)
    _print(desk, limit, as_json, _persons(desk, words), text=words, open=None, mode=None, order="changed")


def _persons(desk: Desk, text: str) -> tuple[str, ...]:
    """The ids of whoever in the register has this name, telephone number or mail address, of those whom whoever asks sees."""
    if not desk.store.customers.list(limit=1):
        return ()
    from ...runtime.customer_reading import family, named

    persons = filter(desk.acquaintance.knows, named(desk.register, text))
    return tuple(id for person in persons for id in family(desk.register, person.id))


def person(desk: Desk, customer: str | None) -> tuple[str, ...] | None:
    """The ids that the customer of this one was ever known by."""
    if customer is None:
        return None
    from ...runtime.customer_reading import family

    return tuple(family(desk.store.customers, customer))


def _print(
    desk: Desk, limit: int, as_json: bool, persons: tuple[str, ...] = (), late: bool = False, **query: Any
) -> None:
    """`persons`: customers whose cases are meant besides; `late`: only those that are overdue."""
    out, now = desk.out, desk.now()
    # One row more than asked for tells whether there are more, without counting them all.
    if late:
        first = query.pop("offset")
        found: Sequence[Row] = list(
            islice((row for row in pages(desk, **query) if overdue(row, now)), first, first + limit + 1)
        )
    else:
        found = desk.store.list(Query(limit=limit + 1, sight=desk.sight, **query))
    if persons:
        theirs = desk.store.list(
            Query(limit=limit + 1, sight=desk.sight, **{**query, "text": None, "customer": persons})
        )
        both = {row.id: row for row in (*found, *theirs)}
        found = sorted(both.values(), key=lambda row: (row.columns.changed_at, row.id), reverse=True)
    more, rows = len(found) > limit, found[:limit]
    if not rows:
        check_names(desk, query)
    if as_json:
        out.json([plain(desk, row, now) for row in rows])
        return
    if not rows:
        out.line(Text("没有符合的工单。", "No such cases."))
        return
    table(desk, rows, now)
    if more:
        out.line(Ink(Text(f"只列了 {limit} 个，还有更多：加大 --limit，或缩小范围。", f"These are {limit}; there are more: raise --limit, or narrow it down."), "dim"))  # fmt: skip


PAGE = 1000


def pages(desk: Desk, **narrowed: Any) -> Iterator[Row]:
    """All cases of a query, open ones unless it says otherwise, that whoever asks sees, the most urgent first, a page at a time."""
    offset = 0
    while True:
        rows = desk.store.list(Query(limit=PAGE, offset=offset, sight=desk.sight, **narrowed))
        yield from rows
        if len(rows) < PAGE:
            return
        offset += PAGE


def overdue(row: Row, now: Instant) -> bool:
    """Whether a clock of the case was late, or is."""
    it = row.columns
    return it.breached > 0 or (it.closed_at is None and it.deadline is not None and it.deadline <= now)


def left_out(desk: Desk, rows: Iterable[Row], more: str = "") -> None:
    """One line for each mode: how many of the rows are drills and the like, which were left out, and how to see them."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.columns.mode:
            found.setdefault(row.columns.mode, []).append(row)
    for mode, of in found.items():
        label, command = desk.label(of[0].columns.procedure, mode), f"{desk.line} ls --mode {mode}{more}"
        desk.out.line(
            Ink(Text(f"另有 {len(of)} 件{label}：{command}", f"Left out, {label}: {len(of)} ({command})"), "dim")
        )


def table(desk: Desk, rows: Sequence[Row], now: Instant) -> None:
    desk.out.table([line(desk, row, now) for row in rows], HEAD, flex=len(HEAD) - 1, keep=(0, 3))


def check_names(desk: Desk, query: Mapping[str, Any]) -> None:
    """NotFound where nothing was found because something is called by a name that there is not. Only then are the files read."""
    procedure, assignee, state, mode, site = (
        query.get(name) for name in ("procedure", "assignee", "state", "mode", "site")
    )
    if procedure and procedure not in (known := desk.engine.procedures()):
        raise no_procedure(desk, procedure, known)
    if assignee and assignee not in (staff := desk.known.get("staff", {})):
        raise nameless(Text("员工", "member of staff"), assignee, list(staff), staff)
    if state and state not in (states := _definitions(desk, lambda it: [name for name, *_ in it.walk()])):
        more = Text("一个流程的状态：guanjia procedures 流程", "The states of one: guanjia procedures PROCEDURE")
        raise nameless(Text("状态", "state"), state, list(states), states, more)
    if mode and mode not in (modes := _definitions(desk, lambda it: list(it.modes))):
        raise nameless(Text("模式", "mode"), mode, list(modes), modes)
    if site and site not in (sites := sites_of(desk)):
        raise nameless(SITE, site, list(sites), sites)


def sites_of(desk: Desk) -> dict[str, str]:
    """The sites of the office, with what people call them."""
    engine = desk.engine
    return {name: desk.called("sites", name) for name in (engine.office.site, *engine.organisation.sites)}


def _definitions(desk: Desk, names: Callable[[Procedure], Sequence[str]]) -> dict[str, str]:
    """Names out of all procedures that are in order, with what people call them."""
    found: dict[str, str] = {}
    for procedure in desk.known.get("versions", {}):
        with suppress(GuanjiaError):
            definition = desk.engine.opening(procedure).procedure
            found |= {name: definition.label(name, desk.out.language) for name in names(definition)}
    return found


def line(desk: Desk, row: Row, now: Instant) -> list[Piece]:
    it = row.columns
    if it.closed_at is not None:
        outcome = desk.label(it.procedure, it.outcome) if it.outcome else ""
        deadline: Piece = Ink(
            Text(
                f"{words.when(it.closed_at, desk.zone, now)} 办结", f"closed {words.when(it.closed_at, desk.zone, now)}"
            ),
            "dim",
        )
        state = outcome or desk.out.both("已办结", "closed")
    else:
        deadline = due(it.deadline, it.breached, now, bool(it.provisional), _alarm(it.assignee) if it.alarms else None)
        state = states(desk, it.procedure, it.states, brief=True)
    return [
        Ink(it.number, "bold"), desk.label(it.procedure, it.procedure), state, deadline, desk.short(it.assignee),
        it.room or "", f"[{desk.label(it.procedure, it.mode)}] {it.summary}" if it.mode else it.summary,
    ]  # fmt: skip


def due(
    deadline: Instant | None, breached: int, now: Instant, provisional: bool = False, alarm: Text | None = None
) -> Piece:  # fmt: skip
    """The earliest running deadline in words; that clocks are breached already, or what the alarm is, shows even when none is
    running."""
    late = Text("已超时", "late") if breached else None
    if alarm:
        text = words.left(deadline, now, brief=True)[0] if deadline is not None else late
        both = alarm if text is None else Text(f"{text.zh}，{alarm.zh}", f"{text.en}, {alarm.en}")
        return Ink(Text(f"！{both.zh}", f"! {both.en}"), "late")
    if deadline is not None:
        text, style = words.left(deadline, now, brief=True)
        return Ink(Text(f"{text.zh}（暂定）", f"{text.en} (provisional)") if provisional else text, style)
    return words.NOTHING if late is None else Ink(late, "late")


def _alarm(assignee: str | None) -> Text:
    return Text("无人负责", "nobody responsible") if assignee is None else Text("无人确认", "nobody acknowledged")


def states(desk: Desk, procedure: str, joined: str, *, brief: bool = False) -> str:
    """Innermost states by label; `brief` names one of several and counts the others."""
    names = [desk.label(procedure, name) for name in joined.split(",") if name]
    if brief and len(names) > 2:
        return desk.out.both(f"{names[0]} 等 {len(names)} 项", f"{names[0]} and {len(names) - 1} more")
    return " + ".join(names)


def plain(desk: Desk, row: Row, now: Instant) -> dict[str, Any]:
    """A row as docs/cli.md promises it."""
    it, zone = row.columns, desk.zone

    def at(moment: Instant | None) -> str | None:
        return None if moment is None else iso(moment, zone)

    return {
        "number": it.number, "id": row.id, "procedure": it.procedure, "mode": it.mode,
        "states": [name for name in it.states.split(",") if name], "assignee": it.assignee, "room": it.room,
        "customer": it.customer, "parent": it.parent, "priority": it.priority, "summary": it.summary,
        "opened_at": at(it.opened_at), "changed_at": at(it.changed_at), "closed_at": at(it.closed_at), "outcome": it.outcome,
        "deadline": at(it.deadline), "late": it.closed_at is None and it.deadline is not None and it.deadline <= now,
        "seconds_left": None if it.deadline is None or it.closed_at is not None else (it.deadline - now) // 1_000_000,
        "breached": it.breached, "provisional": it.provisional, "alarms": it.alarms,
    }  # fmt: skip


def _identity(desk: Desk, ref: str | None) -> str | None:
    if ref is None:
        return None
    held = desk.store.get(ref)
    if held is None:
        from ...runtime.recent import unknown

        raise unknown(desk.store, ref)
    return held.id


def mode_of(mode: str | None) -> str | None:
    if mode is None:
        return ""
    return None if mode == "all" else mode


COMMANDS = {
    "ls": Command(
        "ls", ls,
        [
            Option("--procedure", "-p", metavar="NAME", complete="procedures", say=Text("只看这种流程", "only this procedure")),
            Option("--state", "-s", metavar="NAME", complete="states", say=Text("只看处于这个状态的", "only cases in this state")),
            Option("--assignee", "-a", metavar="WHO", complete="people", say=Text("只看这位责任人的", "only cases of this assignee")),
            Option("--mine", "-m", flag=True, say=Text("只看我负责的", "only mine")),
            Option("--room", metavar="ROOM", say=Text("只看这个房号的", "only of this room")),
            Option("--customer", metavar="ID", say=Text("只看这位客户的（并入他的也算）", "only of this customer, and of whoever was merged into them")),
            Option("--parent", metavar="REF", complete="references", say=Text("只看这个工单的下级工单", "only children of this case")),
            Option("--mode", metavar="MODE", say=Text("看演练等模式的（drill）；all 为全部；不写只看真实工单",
                                                     "cases of a mode (drill); `all` for every mode; else real ones only")),
            Option("--provisional", flag=True, say=Text("只看有暂定期限的（日历尚未公布的年份）", "only those with a provisional deadline (a year that is not published)")),
            Option("--alarm", flag=True, say=Text("只看升级到顶无人确认、或没有人可以负责的", "only those whose last level of escalation nobody acknowledged, or that nobody could take")),
            Option("--overdue", flag=True, say=Text("只看超时的", "only those that are late")),
            Option("--closed", flag=True, say=Text("看已办结的", "closed cases instead of open ones")),
            Option("--all", flag=True, to="everything", say=Text("未结和已结都看", "open and closed ones")),
            Option("--order", metavar="deadline|opened|changed", words=("deadline", "opened", "changed"), default="deadline",
                   say=Text("排序：时限（默认）、建单、变动", "by deadline (default), by opening, by last change")),
            limit_option(50),
            Option("--offset", metavar="N", convert=whole(), default=0, say=Text("跳过前 N 行", "leave out the first N")),
            json_option(),
        ],
        say=Text("列出工单，最急的在前。", "List cases, the most urgent first."),
        examples=("guanjia ls --mine", "guanjia ls --overdue", "guanjia ls -p complaint -s investigating", "guanjia ls --closed --order changed"),
    ),
    "find": Command(
        "find", find,
        [
            Argument("text", metavar="TEXT", many=True, say=Text("要找的字", "what to look for")),
            limit_option(20),
            json_option(),
        ],
        say=Text("按编号、内容、房号、客户（编号、姓名、电话、邮箱）查找，含已办结的；最近变动的在前。",
                 "Find cases by number, summary, room or customer (id, name, telephone, mail), closed ones too; the last changed first."),
        examples=("guanjia find 3-1-502", "guanjia find 电梯"),
    ),
}  # fmt: skip
