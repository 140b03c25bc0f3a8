"""`doctor`: is the office in good health?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...clock import DAY, HOUR, MINUTE, SECOND, Instant, from_iso, iso
from ...errors import GuanjiaError, Text, plural
from ...store.interface import Query
from .. import words
from ..desk import Desk
from ..failure import OK, REFUSED
from ..out import Ink, Out, Piece
from ..spec import Command, json_option

SILENT = 10 * MINUTE
"""Something due for longer than this says that no worker is running."""

STUCK = HOUR
"""A message that waits for longer than this does not leave."""

LITTLE = 500 * 2**20
"""Bytes on the disk, below which it is time to do something."""

CLOCK_OFF = 10
"""Seconds; workers of several machines lease messages for a minute."""

BACKUP_OLD = 8 * DAY


def doctor(desk: Desk, *, as_json: bool) -> int:
    from ...runtime.health import examine

    store, now = desk.engine.store, desk.now()
    health = examine(desk.engine, now)
    due, held = health.oldest_due, health.held
    found = {
        "program": health.program,
        "python": health.python,
        "database": dict(store.describe()),
        "integrity": [{"zh": item.zh, "en": item.en} for item in store.integrity()],
        "outbox": dict(store.outbox_counts()),
        "inbox_parked": _parked(desk),
        "oldest_late": _oldest_late(desk, now),
        "next_wake": _at(desk, store.next_wake()),
        "work_overdue_seconds": _overdue(store.next_wake(), now),
        "findings": _findings(desk),
        "provisional_cases": store.count(Query(provisional=True, mode=None)),
        "alarms": store.count(Query(alarm=True)),
        "cases_on_other_calendars": _behind(desk),
        "disk_free_bytes": health.disk_free,
        "open_to_others": bool(health.open_to_others),
        "open": list(health.open_to_others),
        "unwritable": list(health.unwritable),
        "keys_missing": list(health.keys_missing),
        "clock_off_seconds": round(health.clock_off / SECOND, 3),
        "oldest_due": None if due is None else {"number": due.number, "due": _at(desk, due.due)},
        "oldest_unsent": _at(desk, health.oldest_unsent),
        "held": None if held is None else {"since": _at(desk, held.since), "source": held.source},
        "last_backup": _at(desk, health.last_backup),
        "unpublished": list(health.unpublished),
        "strangers": _strangers(desk),
    }
    problems = [*_problems(found), *_machine(found, now, health.begun)]
    if as_json:
        desk.out.json(
            found | {"healthy": not problems, "problems": [{"zh": item.zh, "en": item.en} for item in problems]}
        )
        return REFUSED if problems else OK
    _print(desk, found, problems)
    return REFUSED if problems else OK


def _print(desk: Desk, found: dict[str, Any], problems: list[Text]) -> None:
    out = desk.out
    late = found["oldest_late"]
    counts = found["findings"]
    outbox = out.both("，", ", ").join(
        f"{out.say(words.STATUS[status])} {count}" for status, count in found["outbox"].items() if count
    )
    free = found["disk_free_bytes"]
    rows: list[tuple[Text, Piece]] = [
        (Text("程序", "Program"), f"{found['program']}, Python {found['python']}"),
        (Text("办公室", "Office"), desk.folder),
        *_database(out, found["database"]),
        (
            Text("完整性", "Integrity"),
            Ink(Text("有损坏", "damaged"), "late") if found["integrity"] else Ink(Text("完好", "sound"), "good"),
        ),
        (Text("磁盘剩余", "Space on the disk"), words.NOTHING if free is None else f"{free / 2**30:,.1f} GB"),
        (Text("最近备份", "Last backup"), _local(desk, found["last_backup"])),
        (Text("通知", "Notifications"), outbox or "0"),
        (
            Text("最早的超时", "Oldest late case"),
            words.NOTHING if late is None else f"{late['number']}  {_local(desk, late['deadline'])}",
        ),
        (Text("下一件到时的事", "Next thing due"), _local(desk, found["next_wake"])),
        (Text("暂定期限的工单", "Cases with provisional deadlines"), str(found["provisional_cases"])),
        (
            Text("日历已改、仍按旧日历的工单", "Cases on calendars of before"),
            _told_behind(found["cases_on_other_calendars"]),
        ),
        (
            Text("文件", "Files"),
            Text(
                f"错误 {counts['errors']}，提醒 {counts['warnings']}",
                f"errors: {counts['errors']}, warnings: {counts['warnings']}",
            ),
        ),
    ]
    out.table([[Ink(title, "dim"), text] for title, text in rows], flex=1, wrapped=True)
    out.line()
    if not problems:
        out.line(Ink(Text("一切正常。", "All is well."), "good"))
    for problem in problems:
        out.line(Ink("! ", "late"), problem)


def _database(out: Out, about: dict[str, str]) -> Iterator[tuple[Text, Piece]]:
    """What the database says of itself: what everybody asks for in words, the settings as they are called."""
    size = f"{int(about['size']) / 1024:,.0f} KB"
    yield (
        Text("数据库", "Database"),
        Text(
            f"{about['version']}（{about['driver']}），结构版本 {about['schema']}，{size}",
            f"{about['version']} ({about['driver']}), schema {about['schema']}, {size}",
        ),
    )
    yield Text("位置", "Location"), about["location"]
    told = ("driver", "version", "location", "schema", "size")
    settings = [
        f"{key} {value}" + (f" ({out.say(Text.parse(about[f'{key}_why']))})" if f"{key}_why" in about else "")
        for key, value in about.items()
        if key not in told and not key.endswith("_why")
    ]
    if settings:
        yield Text("设置", "Settings"), out.both("，", ", ").join(settings)


def _problems(found: dict[str, Any]) -> list[Text]:
    problems = [
        Text(f"数据库损坏：{item['zh']}", f"The database is damaged: {item['en']}") for item in found["integrity"]
    ]
    dead, broken = found["outbox"].get("dead", 0), found["outbox"].get("unrenderable", 0)
    if dead:
        problems.append(
            Text(
                f"{dead} 条通知发送失败：guanjia outbox list --status dead",
                f"{plural(dead, 'notification')} failed: guanjia outbox list --status dead",
            )
        )
    if broken:
        problems.append(Text(f"{broken} 条通知没有发出，因为模板或收件人有问题：guanjia outbox list --status unrenderable",
                             f"{plural(broken, 'notification was', 'notifications were')} not sent, for the template or the recipient: guanjia outbox list --status unrenderable"))  # fmt: skip
    if found["work_overdue_seconds"] * 1_000_000 > SILENT:
        span = words.span(found["work_overdue_seconds"] * 1_000_000)
        problems.append(
            Text(
                f"有事情到时已 {span.zh}，还没有处理：guanjia work 在运行吗？",
                f"Something has been due for {span.en}: is guanjia work running?",
            )
        )
    if count := found["alarms"]:
        problems.append(Text(f"{count} 个工单升级到顶没有人确认，或没有人可以负责：guanjia ls --alarm",
                             f"{plural(count, 'case')} whose last level of escalation nobody acknowledged, or that nobody could take: guanjia ls --alarm"))  # fmt: skip
    errors = found["findings"]["errors"]
    if errors:
        problems.append(
            Text(f"文件有 {errors} 处错误：guanjia check", f"The files hold {plural(errors, 'error')}: guanjia check")
        )
    if found["unpublished"]:
        names = ", ".join(found["unpublished"])
        problems.append(
            Text(
                f"这些流程的文件有错，新工单仍按上一版：{names}（guanjia check）",
                f"The files of these procedures hold errors; new cases run under the version before: {names} (guanjia check)",
            )
        )
    for id in found["strangers"]:
        problems.append(
            Text(
                f"organisation.yaml 里 {id} 的 customer 不在客户资料里，遇到自己家的事不会回避：guanjia customer find",
                f"The customer of {id} in organisation.yaml is not in the register, so nothing keeps them out of what is of their own home: guanjia customer find",
            )
        )
    for item in found["inbox_parked"]:
        problems.append(
            Text(
                f"工单之间的一条命令被拒绝（guanjia inbox）：{item}",
                f"A command between cases was refused (guanjia inbox): {item}",
            )
        )
    return problems


def _machine(found: dict[str, Any], now: Instant, begun: Instant | None) -> Iterator[Text]:
    """What is wrong around the office: disk, clock, access, messages that do not leave, backups."""
    free, off = found["disk_free_bytes"], found["clock_off_seconds"]
    if free is not None and free < LITTLE:
        yield Text(f"磁盘只剩 {free / 2**20:,.0f} MB", f"Only {free / 2**20:,.0f} MB are left on the disk")
    if abs(off) > CLOCK_OFF:
        span = words.span(int(abs(off) * SECOND))
        if off > 0:
            yield Text(
                f"本机时钟比数据库快 {span.zh}：请校准",
                f"This machine's clock is {span.en} ahead of the database's: set it right",
            )
        else:
            yield Text(
                f"本机时钟比数据库里已有的时间慢 {span.zh}：请校准",
                f"This machine's clock is {span.en} behind what was written already: set it right",
            )
    for path in found["open"]:
        yield Text(
            f"本机其他用户也能读写 {path}，会泄露个人信息：chmod go= {path}",
            f"Other users of the machine may read or write {path}, and personal values by it: chmod go= {path}",
        )
    for path in found["unwritable"]:
        yield Text(
            f"{path} 不可写，什么都登记不了：改正它的权限和属主",
            f"{path} cannot be written, so nothing can be recorded: correct its permissions and its owner",
        )
    if found["keys_missing"]:
        names = ", ".join(found["keys_missing"])
        yield Text(
            f"缺少密钥 {names}，在它下面的个人信息打不开：把另存的 office.key 放回来（guanjia keys）",
            f"The key {names} is missing, and what is under it cannot be opened: put back your copy of office.key (guanjia keys)",
        )
    held, unsent = found["held"], found["oldest_unsent"]
    if held is not None:
        yield Text(
            f"通知都扣住了（{held['source']}）：guanjia outbox release",
            f"All notifications are held ({held['source']}): guanjia outbox release",
        )
    elif unsent is not None and now - from_iso(unsent) > STUCK:
        span = words.span(now - from_iso(unsent))
        yield Text(
            f"有通知等了 {span.zh} 还没发出：guanjia outbox list --status waiting",
            f"A notification has waited for {span.en}: guanjia outbox list --status waiting",
        )
    backup = found["last_backup"]
    if backup is not None and now - from_iso(backup) > BACKUP_OLD:
        span = words.span(now - from_iso(backup))
        yield Text(f"{span.zh}没有备份了：guanjia backup", f"The last backup is {span.en} old: guanjia backup")
    elif backup is None and free is not None and begun is not None and now - begun > BACKUP_OLD:  # a server has its own
        span = words.span(now - begun)
        yield Text(
            f"建立 {span.zh}以来还没有备份过：guanjia backup",
            f"Never backed up in the {span.en} that the office has existed: guanjia backup",
        )


def _strangers(desk: Desk) -> list[str]:
    """Staff who are said to be customers that the register does not have."""
    register, staff = desk.engine.store.customers, desk.engine.organisation.staff
    said = {id: person.get("customer") for id, person in staff.items() if person.get("active", True)}
    return [id for id, customer in said.items() if customer and register.get(customer) is None]


def _parked(desk: Desk) -> list[str]:
    """Commands between cases that their receivers refused, each with the reason, where whoever asks sees both."""
    eyes = desk.eyes
    return [
        f"{item.key}: {problem}" if eyes.sees(item.sender) and eyes.sees(item.receiver) else item.key
        for item, problem in desk.engine.store.dropped_inbox()
    ]


def _oldest_late(desk: Desk, now: Instant) -> dict[str, Any] | None:
    first = desk.engine.store.list(Query(order="deadline", limit=1))
    if not first or first[0].columns.deadline is None or first[0].columns.deadline > now:
        return None
    return {"number": desk.eyes.number(first[0].id), "deadline": _at(desk, first[0].columns.deadline)}


def _overdue(wake: Instant | None, now: Instant) -> int:
    return 0 if wake is None else max(0, (now - wake) // 1_000_000)


def _findings(desk: Desk) -> dict[str, int]:
    try:
        found = desk.engine.files.check()
    except GuanjiaError:
        return {"errors": 1, "warnings": 0}
    errors = sum(item.severity == "error" for item in found)
    return {"errors": errors, "warnings": len(found) - errors}


def _behind(desk: Desk) -> int | None:
    """Open cases that count by other calendars than those of the files; None when these cannot be read."""
    from ...runtime import moving

    try:
        return moving.plan(desk.engine).cases
    except GuanjiaError:
        return None


def _told_behind(count: int | None) -> Piece:
    if count is None:
        return words.NOTHING
    return Ink(Text(f"{count}：guanjia calendar apply", f"{count}: guanjia calendar apply"), "soon") if count else "0"


def _at(desk: Desk, at: Instant | None) -> str | None:
    return None if at is None else iso(at, desk.zone)


def _local(desk: Desk, at: str | None) -> str:
    return words.by(None if at is None else from_iso(at), desk.zone)


COMMANDS = {
    "doctor": Command(
        "doctor", doctor, [json_option()],
        say=Text("体检：数据库、通知、超时、日历、文件；有问题则以 1 退出。",
                 "Health: database, notifications, late cases, calendars, files; the exit code is 1 when something is wrong."),
    ),
}  # fmt: skip
