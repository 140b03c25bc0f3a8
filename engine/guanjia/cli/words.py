"""Instants, spans, values and clocks as people say them, in both languages. Pure: nothing here prints or reads a clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from ..clock import DAY, HOUR, MINUTE, SECOND, Instant, moment
from ..errors import Text

NOTHING = Text("—", "—")


def when(at: Instant | None, zone: str, now: Instant | None = None) -> str:
    """Date and time in `zone`; with `now` given, shortened: the time alone today, no year this year."""
    if at is None:
        return "—"
    local = moment(at, zone)
    if now is not None:
        today = moment(now, zone)
        if local.date() == today.date():
            return local.strftime("%H:%M")
        if local.year == today.year:
            return local.strftime("%m-%d %H:%M")
    return local.strftime("%Y-%m-%d %H:%M")


_PARTS = {"procedure": "流程", "calendars": "日历", "templates": "模板"}


def parts(changed: Iterable[str]) -> list[Text]:
    """The parts of a version that became otherwise, each once, whichever clock a calendar is kept for."""
    from ..model.suspension import as_written

    found = []
    for part in dict.fromkeys(map(as_written, changed)):
        kind, _, name = part.partition("/")
        found.append(Text(f"{_PARTS.get(kind, kind)} {name}".rstrip(), part))
    return found


def by(at: Instant | None, zone: str, now: Instant | None = None) -> str:
    """A deadline as `when` writes it, but the end of a day as 24:00 of that day, as people call it."""
    if at is None or moment(at, zone).strftime("%H%M%S") != "000000":
        return when(at, zone, now)
    day = when(at - SECOND, zone, now)
    return f"{day[:-5]}24:00"


def threshold(name: str) -> Text:
    """A point on the way of a clock: 80%, the due instant, so long before or after it."""
    from ..calendars import AmountError, format_amount, parse_amount

    rest = name.removeprefix("due").strip()
    if rest == name or not rest:
        return Text("到期", "due") if name == "due" else Text(name, name)
    try:
        amount = parse_amount(rest[1:].strip())
    except AmountError:
        return Text(name, name)
    zh, en = format_amount(amount, "zh"), format_amount(amount, "en")
    return Text(f"到期前 {zh}", f"{en} before due") if rest[0] == "-" else Text(f"到期后 {zh}", f"{en} after due")


def weekday(day: date) -> Text:
    at = day.weekday()
    return Text(f"周{'一二三四五六日'[at]}", ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[at])


def span(length: int, *, brief: bool = False) -> Text:
    """A length in microseconds in its two largest units: 3 天 4 小时, 2 h 5 min, 35 min, 20 s; `brief` leaves out the smaller
    one where it hardly counts: 3 天, 14 h."""
    units = ((DAY, "天", "d"), (HOUR, "小时", "h"), (MINUTE, "分", "min"))
    for i, (size, zh, en) in enumerate(units):
        if length < size:
            continue
        count, rest = divmod(length, size)
        whole = Text(f"{count} {zh}", f"{count} {en}")
        if i + 1 == len(units) or rest < units[i + 1][0] or (brief and count >= (2 if size == DAY else 10)):
            return whole
        smaller, zh_smaller, en_smaller = units[i + 1]
        return Text(f"{whole.zh} {rest // smaller} {zh_smaller}", f"{whole.en} {rest // smaller} {en_smaller}")
    seconds = max(0, length) // SECOND
    return Text(f"{seconds} 秒", f"{seconds} s")


def left(due: Instant, now: Instant, *, brief: bool = False) -> tuple[Text, str]:
    """How much time is left until `due`, or how late it is, with the style that says so."""
    if now >= due:
        late = span(now - due, brief=brief)
        return Text(f"超时 {late.zh}", f"{late.en} late"), "late"
    rest = span(due - now, brief=brief)
    return Text(f"还剩 {rest.zh}", f"{rest.en} left"), "soon" if due - now <= HOUR else ""


def clock(item: Any, now: Instant) -> tuple[Text, str]:
    """How a clock stands, with its style. `item` is a `model.case.Clock`."""
    if item.status == "running":
        if item.breached_at is not None and (item.due is None or now < item.due):
            return Text("已超时", "late"), "late"
        return left(item.due, now) if item.due is not None else (Text("计时中", "running"), "")
    if item.status == "paused":
        how = Text("人工暂停", "paused by hand") if item.held else Text("暂停中", "paused")
        if item.breached_at is not None:
            return Text(f"{how.zh}，已超时", f"{how.en}, late"), "late"
        return how, "dim"
    if item.status == "breached":
        due = item.due if item.due is not None else item.breached_at
        if due is None or item.ended_at is None or item.ended_at < due:
            return Text("超时", "late"), "late"
        late = span(item.ended_at - due)
        return Text(f"超时 {late.zh}", f"{late.en} late"), "late"
    text, style = {
        "met": (Text("按时", "met"), "good"),
        "cancelled": (Text("已取消", "cancelled"), "dim"),
        "reset": (Text("已重新起算", "restarted"), "dim"),
    }[item.status]
    if item.breached_at is not None:
        return Text(f"{text.zh}，曾超时", f"{text.en}, was late"), "late"
    return text, style


def day(item: Any, *, first: bool = False, last: bool = False) -> Text:
    """Why a day counts or not, where its weekday alone does not say so. `item` is a `calendars.Day`; `first` and `last`, that
    it is the one on which all began or ends."""
    kind = {
        "": Text("", ""),
        "closed": Text("休息", "closed"),
        "holiday": Text(item.name or "放假", item.name or "holiday"),
        "workday": Text("调休上班", "make-up workday"),
        "short day": Text("缩短工时", "short day"),
    }[item.kind]
    skip = {
        "": Text("", ""),
        "start": Text("起算当天", "the day of the start")
        if first
        else Text("暂停或恢复的当天", "a day of pausing or going on"),
        "closed": Text("" if kind.zh else "已下班", "" if kind.en else "work was over"),
        "still": Text(f"停止计时：{item.reason}", f"time stood still: {item.reason}"),
        "slower": Text(f"放慢计时：{item.reason}", f"time ran slower: {item.reason}"),
        "unfinished": Text("当天结束时没有计时", "time did not run as it ended"),
        "over": Text("顺延到这一天", "the last day instead") if last else Text("天数已满，顺延", "all days are over"),
    }[item.skip]
    said = [part for part in (kind, skip) if part.zh]
    return Text("，".join(part.zh for part in said), ", ".join(part.en for part in said))


def counting(item: Any, unit: str) -> Text:
    """Why a deadline is this very instant. `item` is a `calendars.Counting`."""
    if unit == "time":
        return Text(
            "工作时间用完的那一刻就是期限。", "The deadline is the instant at which the working time is used up."
        )
    first = (
        Text("起算当天计入", "The day of the start counts")
        if item.first_day
        else Text("起算当天不计", "The day of the start does not count")
    )
    roll = Text("最后一天遇休息日顺延到工作日", "a last day that is a rest day gives way to the next working day")
    ends = (
        Text("到最后一天 24:00 为止", "the last day ends at 24:00")
        if item.ends == "midnight"
        else Text(
            "到最后一天下班时为止（没有工作时间则到 24:00）",
            "it ends when work is over on the last day, at 24:00 where there is none",
        )
    )
    said = [first, *([roll] if item.roll_over and unit == "days" else []), ends]
    if item.pause_day:
        said.append(Text("暂停当天计入", "a day of pausing counts"))
    if not item.resume_day:
        said.append(Text("恢复当天不计", "a day of going on does not count"))
    return Text("；".join(part.zh for part in said) + "。", "; ".join(part.en for part in said) + ".")


def plain_day(item: Any) -> dict[str, Any]:
    """A `calendars.Day` as JSON has it (docs/cli.md)."""
    return {
        "date": item.date.isoformat(), "counted": item.counted, "kind": item.kind or None, "name": item.name or None,
        "skip": item.skip or None, "reason": item.reason or None,
    }  # fmt: skip


def climb(item: Any, levels: int, zone: str) -> tuple[Text, str]:
    """How an escalation stands, with its style. `item` is a `model.case.Climb` of a ladder with so many levels."""
    level = Text(f"第 {item.level}/{levels} 级", f"level {item.level} of {levels}")
    if item.open and item.alarmed_at is not None:
        at = when(item.alarmed_at, zone)
        return Text(f"{level.zh}，到顶无人确认，{at} 告警", f"{level.en}, alarm {at}: nobody acknowledged"), "late"
    if item.status == "climbing":
        return Text(f"{level.zh}，无人确认", f"{level.en}, not acknowledged"), "late"
    if item.status == "paused":
        return Text(f"{level.zh}，随时限暂停", f"{level.en}, paused with its clock"), "soon"
    at = when(item.ended_at, zone)
    if item.status == "acknowledged":
        return Text(f"{level.zh}，{at} 已确认", f"{level.en}, acknowledged {at}"), "good"
    return Text(f"{level.zh}，{at} 停止", f"{level.en}, stopped {at}"), "dim"


KINDS = {
    "sla": Text("", ""),
    "ola": Text("内部", "internal"),
    "uc": Text("外包", "contractor"),
}
"""To whom a clock is promised, where that is not the customer."""


def truth(value: bool) -> Text:
    return Text("是", "yes") if value else Text("否", "no")


def rounded(number: Any) -> str:
    """A decimal with no more than two places: what was reckoned has as many as came of it."""
    exact = Decimal(str(number))
    return format(round(exact, 2), "f") if exact != round(exact, 2) else format(exact, "f")


def mask(value: Any, kind: str = "text") -> str:
    """A personal value as it may be seen by anybody: enough to recognise it, too little to use it."""
    from ..model import identifiers

    return identifiers.mask(str(value), kind)


def looked(data: Any) -> Text:
    """At what somebody looked: `data` is that of an event `revealed`."""
    if (number := data.get("file")) is not None:
        return Text(f"取出了附件 {number}", f"read the attachment {number}")
    if data.get("message") is not None:
        return Text("查看了一条通知的全文", "read a notification in full")
    if data.get("sensitive"):
        return Text("查看了完整的个人信息，包括敏感的", "looked at the personal data, what is sensitive too")
    return Text("查看了完整的个人信息", "looked at the personal data")


# What stands in a case as words of ours, not of the procedure.


def waits(row: Any, zone: str, now: Instant) -> Text | None:
    """Until when a message of the outbox waits and why; None where it does not. `row` is a `store.OutboxRow`."""
    if row.status != "waiting" or row.next_at is None or row.next_at <= now:
        return None
    at = when(row.next_at, zone, now)
    if row.attempts:
        return Text(f"没有发出，{at} 再试", f"was not sent; next try {at}")
    if row.notification.urgency == "low":
        return Text(f"不急，{at} 与其他通知一并发送", f"has time; goes out with others at {at}")
    return Text(f"安静时段，{at} 发送", f"quiet hours; goes out at {at}")


def coming(row: Any, zone: str, now: Instant) -> Text | None:
    """When a message that waits goes out, in few words; None where it does not wait. `waits` says why, too."""
    if waits(row, zone, now) is None:
        return None
    at = when(row.next_at, zone, now)
    return Text(f"{at} 再试", f"next try {at}") if row.attempts else Text(f"{at} 发送", f"goes out {at}")


URGENCY = {
    "low": Text("不急", "has time"),
    "normal": Text("一般", "normal"),
    "urgent": Text("紧急", "urgent"),
}

STATUS = {
    "waiting": Text("待发送", "waiting"),
    "sending": Text("发送中", "sending"),
    "sent": Text("已发送", "sent"),
    "dead": Text("发送失败", "failed for good"),
    "unrenderable": Text("无法发送", "cannot be sent"),
    "recorded": Text("仅记录", "recorded only"),
}

VERDICTS = {
    "met": Text("按时", "met"),
    "breached": Text("超时", "late"),
    "running": Text("未超时", "not late"),
}
