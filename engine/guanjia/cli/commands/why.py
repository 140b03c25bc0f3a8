"""`why`: how a deadline came about, in words: from when, which target, what ran and what stood still, which days counted.

The account is the core's (`core.why`); here it becomes sentences. `--if` and `--at` ask of a case that is not so: what its
deadline would be if a field were otherwise, or once more time has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import NotFound, Text, plural
from ...model.suspension import as_written
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Piece
from ..spec import Argument, Command, Option, json_option, whole
from ..telling import Telling
from .standards import grounds

if TYPE_CHECKING:
    from ...core import Account
    from ...core.why import Spent

MOST_DAYS = 60
"""Days that are listed one by one; of a longer time the beginning and the end."""

TURNS = {
    "started": Text("开始", "started"), "paused": Text("暂停", "paused"), "resumed": Text("继续", "resumed"),
    "aimed": Text("改用另一时限", "another target"), "extended": Text("延长", "extended"),
    "moved": Text("改按新的日历", "moved to other calendars"), "reached": Text("到达", "reached"),
    "overtaken": Text("已越过，不再提醒", "overtaken, not told"), "met": Text("按时停止", "stopped in time"),
    "breached": Text("停止，已超时", "stopped, late"), "cancelled": Text("取消", "cancelled"), "reset": Text("重新起算", "restarted"),
    "climbed": Text("升级", "escalated"), "alarmed": Text("告警", "alarm"), "acknowledged": Text("有人确认", "acknowledged"),
    "undone": Text("撤回，恢复原状", "taken back: as it was before"),
}  # fmt: skip
POLICIES = {
    "keep": Text("起点不变", "from the same start"), "carry": Text("已用时间不变", "what was used stays"),
    "restart": Text("从这时重新起算", "counted anew from then"),
}  # fmt: skip


def why(
    desk: Desk, *, ref: str, clock: str | None, cycle: int | None, assumed: Sequence[str], at: str | None, as_json: bool
) -> None:
    case = desk.engine.case(ref, actor=desk.asking)
    telling = Telling(desk, case)
    names = [clock] if clock else [name for name, item in case.clocks.items() if item.open] or list(case.clocks)
    if not names:
        raise NotFound(Text(f"{case.number} 没有启动过的时钟。", f"{case.number} has no clock that started."))
    moment = desk.instant(at, "--at") if at else None
    values = _assumed(assumed)
    actor = desk.actor_or_system()
    accounts = [desk.engine.why(case.id, name, cycle=cycle, actor=actor, at=moment, **values) for name in names]
    if as_json:
        desk.out.json([_plain(desk, telling, account) for account in accounts])
        return
    for number, account in enumerate(accounts):
        if number:
            desk.out.line()
        tell(desk, telling, account, bool(values or moment))


def _grounds(desk: Desk, telling: Telling, names: Sequence[str]) -> Iterator[list[Piece]]:
    """What the limit rests upon: the standards that it keeps, and the overlays that set one beside them."""
    for name in names:
        for item, said in grounds(desk, telling.program.version.standards[name]):
            told = desk.out.both("；", "; ").join(filter(None, (item, said)))
            yield [Ink(Text("依据", "Basis"), "dim") if item else "", "", Ink(told, "dim")]


def _assumed(given: Sequence[str]) -> dict[str, str]:
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Usage(
                Text(f"--if 的“{text}”不是 字段=值。", f"--if: {text!r} is not FIELD=VALUE."),
                Text("例如 --if severity=critical", "for example --if severity=critical"),
            )
        values[name.strip()] = value.strip()
    return values


def tell(desk: Desk, telling: Telling, account: Account, supposed: bool) -> None:
    """How the deadline of a clock came about, in words."""
    out, clock, zone = desk.out, account.clock, account.zone
    text, style = words.clock(clock, desk.now())
    head: list[Piece] = [Ink(telling.named(clock.name), "bold"), "  ", Ink(text, style)]
    if clock.cycle > 1:
        head += ["  ", Text(f"第 {clock.cycle} 轮", f"cycle {clock.cycle}")]
    if supposed:
        head += ["  ", Ink(Text("（假设，未改动工单）", "(supposed; the case is as it was)"), "soon")]
    out.line(*head)
    rows: list[list[Piece]] = [[Text("起算", "From"), words.when(clock.counted_from, zone), _begun(telling, account)]]
    for target in account.targets:
        if target.chosen:
            calendar = _calendar(target.calendar)
            guard = f"  {telling.guard(target.guard)}" if target.guard else ""
            rows.append([Text("时限", "Target"), _written(telling, target.written), f"{out.say(calendar)}{guard}"])
            rows += _grounds(desk, telling, target.standards)
        else:
            failing = "; ".join(_part(telling, part) for part in target.failing) or telling.guard(target.guard)
            rows.append([Ink(Text("不适用", "Not"), "dim"), Ink(_written(telling, target.written), "dim"),
                         Ink(Text(f"因为不成立：{failing}", f"for this does not hold: {failing}"), "dim")])  # fmt: skip
    if account.carried:
        rows.append(
            [
                Text("已用", "Before"),
                _used(out.language, account.limit.unit, account.carried),
                Text("此前带来", "taken over"),
            ]
        )
    for stretch in account.stretches:
        name = Text("运行", "Ran") if stretch.running else Text("暂停", "Stood")
        until = words.by(stretch.until, zone) if stretch.until is not None else out.both("至今", "now")
        used = _used(out.language, account.limit.unit, stretch.used) if stretch.running else ""
        rows.append(
            [Ink(name, "" if stretch.running else "soon"), f"{words.when(stretch.since, zone)} → {until}", used]
        )
    if len(account.ends) > 1:
        others = ", ".join(words.by(end, zone) for end in sorted(account.ends)[1:])
        rows.append(
            [
                Text("较晚", "Later"),
                others,
                Ink(Text("其他时限，最早的为准", "other limits; the earliest counts"), "dim"),
            ]
        )
    if clock.due is not None:
        unsure = (
            Text("（暂定：那一年的日历尚未公布）", "(provisional: that year is not published)")
            if clock.provisional
            else ""
        )
        rows.append([Ink(Text("期限", "Due"), "bold"), Ink(words.by(clock.due, zone), "bold"), Ink(unsure, "soon")])
    out.table(rows, indent="  ", flex=2, keep=(0, 1), wrapped=True)
    _turns(desk, telling, account)
    _days(desk, account)


def _begun(telling: Telling, account: Account) -> str:
    start = account.turns[0]
    said = telling.event(start.event)
    if account.counted_from:
        return f"from: {account.counted_from}"
    return f"{said}  {telling.desk.person(start.event.actor)}"


def _turns(desk: Desk, telling: Telling, account: Account) -> None:
    out = desk.out
    out.line()
    out.line("  ", Ink(Text("经过", "What happened"), "bold"))
    rows: list[list[Piece]] = []
    for turn in account.turns:
        detail = turn.detail
        if turn.kind in ("reached", "overtaken"):
            detail = out.say(words.threshold(turn.detail))
        elif turn.kind == "aimed":
            detail = out.say(POLICIES[turn.detail])
        elif turn.kind == "extended":
            detail = _extension(out.language, turn.detail)
        elif turn.kind in ("climbed", "alarmed", "acknowledged"):
            name, _, level = turn.detail.rpartition(" ")
            ladder, shown = telling.label(name), int(level)
            people = telling.level(name, shown) if turn.kind == "climbed" else ""
            detail = out.both(f"{ladder} 第 {shown} 级 {people}", f"{ladder}, level {shown} {people}").rstrip()
        rows.append(
            [
                words.when(turn.at, account.zone), out.say(TURNS[turn.kind]), detail,
                Ink(telling.event(turn.event), "dim"), Ink(desk.person(turn.event.actor), "dim"),
            ]
        )  # fmt: skip
    for at, _, name in account.clock.pending:
        rows.append(
            [
                Ink(words.by(at, account.zone), "dim"),
                Ink(Text("将到达", "to come"), "dim"),
                Ink(words.threshold(name), "dim"),
                "",
                "",
            ]
        )
    out.table(rows, indent="    ", flex=3, keep=(0, 1), wrapped=True)


def _days(desk: Desk, account: Account) -> None:
    days = [day for stretch in account.stretches for day in stretch.days]
    if account.limit.unit == "instant" or not days:
        return
    out = desk.out
    out.line()
    out.line("  ", Ink(Text("逐日", "Day by day"), "bold"))
    shown: list[Spent | None] = list(days)
    if len(days) > MOST_DAYS:
        shown = [*days[: MOST_DAYS // 2], None, *days[-MOST_DAYS // 2 :]]
    rows: list[list[Piece]] = []
    for spent in shown:
        if spent is None:
            rows.append(
                [
                    Ink(
                        Text(
                            f"（其间 {len(days) - MOST_DAYS} 天）", f"({plural(len(days) - MOST_DAYS, 'day')} between)"
                        ),
                        "dim",
                    )
                ]
            )
            continue
        used = _used(out.language, account.limit.unit, spent.used) if spent.used else out.both("不计", "not counted")
        style = "" if spent.used else "dim"
        rows.append(
            [
                Ink(spent.day.date.isoformat(), style),
                Ink(words.weekday(spent.day.date), style),
                Ink(used, style),
                Ink(words.day(spent.day, first=spent is days[0], last=spent is days[-1]), style),
            ]
        )
    out.table(rows, indent="    ")
    if account.limit.unit != "time":
        out.line("    ", Ink(words.counting(account.counting, account.limit.unit), "dim"))


def _part(telling: Telling, part: Any) -> str:
    fields = telling.procedure.fields
    values = ", ".join(
        f"{telling.guard('.'.join(path), value=True)} = {telling.value(value, fields.get(path[0]) if len(path) == 1 else None)}"
        for path, value in part.values.items()
    )
    source = telling.guard(part.source)
    return telling.out.both(f"{source}（{values}）", f"{source} ({values})") if values else source


def _calendar(name: str) -> Text:
    """A calendar over which a suspension is laid for one clock is called `office@respond`."""
    plain, suspended, _ = name.partition("@")
    if suspended:
        return Text(f"日历 {plain}，其间暂停计时", f"calendar {plain}, suspended meanwhile")
    return Text(f"日历 {plain}", f"calendar {plain}")


def _written(telling: Telling, written: str) -> str:
    from ...calendars import AmountError, format_amount, parse_amount

    language = telling.out.language
    if written.startswith("until "):
        return _until(telling, written.removeprefix("until "))
    if written.startswith("earliest: "):
        parts = [_written(telling, part) for part in written.removeprefix("earliest: ").split(", ")]
        return f"最早的：{'、'.join(parts)}" if language == "zh" else f"earliest: {', '.join(parts)}"
    first, then, rest = written.partition(", then ")
    try:
        shown = format_amount(parse_amount(first), language)
        if not then:
            return shown
        after = format_amount(parse_amount(rest), language)
        return f"{shown}，再加不分昼夜的 {after}" if language == "zh" else f"{shown}, then {after} around the clock"
    except AmountError:
        return written


def _until(telling: Telling, source: str) -> str:
    """A limit that is an instant, as people read it."""
    from ...authoring.conditions import joined

    at = telling.guard(source, value=True)
    return telling.out.both(joined("到", f"{at}为止"), f"until {at}")


def _extension(language: str, detail: str) -> str:
    from ...calendars import Amount, format_amount

    value, unit, origin = detail.split(" ")
    where = Text("从期限起", "from the due instant") if origin == "due" else Text("从起点重算", "anew from the start")
    return f"{format_amount(Amount(unit, int(value)), language)}  {where.get(language)}"  # type: ignore[arg-type]


def _used(language: str, unit: str, used: int) -> str:
    from ...calendars import Amount, format_amount

    if unit == "instant":
        return ""
    return format_amount(Amount(unit, used), language)  # type: ignore[arg-type]


def _plain(desk: Desk, telling: Telling, account: Account) -> dict[str, Any]:
    """The account as docs/cli.md promises it."""
    clock, zone = account.clock, account.zone

    def at(instant: int | None) -> str | None:
        return None if instant is None else iso(instant, zone)

    return {
        "clock": clock.name, "kind": account.kind, "cycle": clock.cycle, "status": clock.status, "calendar": as_written(account.limit.calendar),
        "zone": zone, "unit": account.limit.unit, "counted_from": at(clock.counted_from), "from": account.counted_from or None,
        "total": account.limit.total if account.limit.unit != "instant" else None, "ends": [at(end) for end in account.ends], "due": at(clock.due), "provisional": clock.provisional,
        "breached_at": at(clock.breached_at), "carried": account.carried, "counting": account.counting._asdict(),
        "targets": [
            {
                "written": item.written, "calendar": item.calendar, "guard": item.guard or None, "chosen": item.chosen,
                "failing": [
                    {"part": part.source, "values": {".".join(path): telling.plain(value) for path, value in part.values.items()}}
                    for part in item.failing
                ],
            }
            for item in account.targets
        ],
        "turns": [
            {
                "kind": turn.kind, "at": at(turn.at), "detail": turn.detail or None, "seq": turn.event.seq,
                "event": turn.event.type, "name": turn.event.name, "actor": turn.event.actor,
            }
            for turn in account.turns
        ],
        "stretches": [
            {
                "running": stretch.running, "from": at(stretch.since), "until": at(stretch.until), "used": stretch.used,
                "days": [{**words.plain_day(spent.day), "used": spent.used} for spent in stretch.days],
            }
            for stretch in account.stretches
        ],
        "thresholds": [{"name": name, "at": at(instant)} for instant, _, name in clock.pending],
    }  # fmt: skip


COMMANDS = {
    "why": Command(
        "why", why,
        [
            Argument("ref", complete="references", say=Text("工单编号", "number of the case")),
            Argument("clock", required=False, complete="clocks", say=Text("哪个时钟（默认在计的全部）", "which clock (default: all that run)")),
            Option("--cycle", metavar="N", convert=whole(1), say=Text("第几轮（默认最近一轮）", "which cycle (default: the latest)")),
            Option("--if", to="assumed", metavar="FIELD=VALUE", many=True, say=Text("假设字段是这个值；可写多次", "suppose a field to be so; may stand several times")),
            Option("--at", metavar="TIME", say=Text("假设到了这一刻", "suppose it to be then")),
            json_option(),
        ],
        say=Text("期限为什么是这一刻：起点、时限、暂停、逐日计算。", "Why a deadline falls where it does: start, target, pauses, day by day."),
        more=Text("--if 和 --at 只是推算，不改动工单。", "--if and --at only reckon; the case is not changed."),
        examples=("guanjia why TS-2026-00001 decide", "guanjia why TS-2026-00001 --if severity=critical"),
    ),
}  # fmt: skip
