"""`schedules` of office.yaml: what they open is there, what they are planned by can be read, and it comes about at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date

from ...errors import Finding, Text
from ...model.office import Schedule
from ...model.procedure import ENTRY, Shape
from ...model.registry import Registry
from ...model.retention import Period
from ..cron import cron_trigger, has_a_day
from ..nodes import Node
from .view import Saying, likely


class Schedules:
    """`procedures`: name -> its file as it is written, None for one that cannot be read. `closed`: whether every day of a cron text is one
    on which a calendar does not work."""

    def __init__(
        self, root: Node, procedures: Mapping[str, Node | None], calendars: Collection[str], shapes: Mapping[str, Shape],
        broken: Collection[str], sound: Mapping[str, Registry], closed: Callable[[str, str], bool],
    ) -> None:  # fmt: skip
        self.saying, self.procedures, self.calendars, self.closed = Saying(root), procedures, calendars, closed
        self.shapes, self.broken, self.sound = shapes, broken, sound

    def check(self, schedules: Mapping[str, Schedule]) -> list[Finding]:
        for name, schedule in schedules.items():
            self.here = ("schedules", name)
            self._opens(schedule)
            self._calendar(schedule)
            if schedule.cron is not None:
                self._cron(schedule, schedule.cron)
            if schedule.each is None:
                if schedule.every is not None and schedule.from_ is not None:
                    self._period(schedule.every)
                    self._date(schedule.from_)
            elif schedule.each in self.shapes:
                self._rows(schedule, schedule.each, self.shapes[schedule.each])
            elif schedule.each not in self.broken:
                what = Text("台账", "registry")
                self.saying.known((*self.here, "each"), what, "unknown-registry", schedule.each, self.shapes)
        return self.saying.findings

    def _say(self, key: str, code: str, what: Text, hint: Text | None = None, *, severity: str = "error") -> None:
        self.saying.say((*self.here, key), code, what, hint, severity=severity)

    def _opens(self, schedule: Schedule) -> None:
        if not self.saying.known((*self.here, "open"), Text("流程", "procedure"), "unknown-procedure", schedule.open, self.procedures):  # fmt: skip
            return
        fields = _fields(self.procedures[schedule.open])
        if fields is None:
            return
        for given in (*schedule.with_, *([schedule.planned] if schedule.planned else [])):
            if given not in fields:
                what = Text(f"流程 {schedule.open} 没有字段“{given}”", f"{schedule.open} has no field {given!r}")
                path = (*self.here, "with", given) if given in schedule.with_ else (*self.here, "planned")
                self.saying.say(path, "unknown-field", what, likely(given, fields), key=given in schedule.with_)
        if schedule.planned in fields and _type(fields[schedule.planned]) not in ("date", "instant"):
            what = Text(
                f"字段“{schedule.planned}”不是日期或时间",
                f"the field {schedule.planned!r} is neither a date nor an instant",
            )
            self._say("planned", "schedule-field", what, Text("换一个 date 或 instant 的字段", "name a field of type date or instant"))  # fmt: skip
        if schedule.each is not None and len(_pointing(fields, schedule.each)) != 1:
            what = Text(
                f"流程 {schedule.open} 要有一个（只一个）指向台账 {schedule.each} 的字段",
                f"{schedule.open} needs one field, and only one, that points to the registry {schedule.each}",
            )
            hint = Text(f"写 {{type: entry, of: {schedule.each}}}", f"write {{type: entry, of: {schedule.each}}}")
            self._say("each", "schedule-field", what, hint)

    def _calendar(self, schedule: Schedule) -> None:
        if schedule.calendar is not None and schedule.calendar not in self.calendars:
            what = Text(f"没有叫“{schedule.calendar}”的日历", f"there is no calendar {schedule.calendar!r}")
            self._say("calendar", "unknown-calendar", what, likely(schedule.calendar, sorted(self.calendars)))

    def _cron(self, schedule: Schedule, cron: str) -> None:
        if not _is_cron(cron):
            what = Text("cron 看不懂", "this cron is not understood")
            hint = Text(
                "五段：分 时 日 月 周，例如 0 8 * * mon；每月第一个星期一写 mon#1，最后一个星期五写 friL",
                "five fields: minute hour day month weekday, e.g. 0 8 * * mon; mon#1 is the first Monday of the month, friL its last Friday",
            )
            self._say("cron", "cron", what, hint)
        elif not has_a_day(cron):
            what = Text("没有这样的日子，所以永远不会开单", "there is no such day: nothing is ever opened")
            self._say("cron", "never-fires", what, Text("每月最后一天写 0 8 last * *", "the last day of each month is 0 8 last * *"))  # fmt: skip
        elif schedule.on_closed == "skip" and self.closed(schedule.calendar or "", cron):
            what = Text(f"它总落在日历 {schedule.calendar} 的休息日，都跳过，所以永远不会开单", f"it always falls on days on which the calendar {schedule.calendar} does not work, and skips them: nothing is ever opened")  # fmt: skip
            hint = Text("写 on_closed: next，或换一天", "write on_closed: next, or take another day")
            self._say("on_closed", "never-fires", what, hint, severity="warning")

    # -- by rows

    def _rows(self, schedule: Schedule, name: str, shape: Shape) -> None:
        if schedule.every is not None:
            self._days(schedule.every, name, shape)
        for key, said in (("from", schedule.from_), ("on", schedule.on)):
            if said is None or (key == "from" and said[:1].isdigit()):
                if said is not None:
                    self._date(said)
            elif said not in shape.columns:
                self._column(key, said, shape)
            elif shape.columns[said].type != "date":
                what = Text(f"列“{said}”不是日期", f"the column {said!r} is no date")
                dates = [each for each, field in shape.columns.items() if field.type == "date"]
                self._say(key, "schedule-column", what, likely(said, dates))
        if schedule.where is not None:
            self._where(schedule.where, shape)

    def _days(self, every: str, name: str, shape: Shape) -> None:
        if every not in shape.columns:
            if every.isidentifier():
                self._column("every", every, shape)
            else:
                self._period(every)
            return
        if shape.columns[every].type != "duration":
            what = Text(f"列“{every}”不是时长", f"the column {every!r} is no length of time")
            self._say("every", "schedule-column", what, Text("type: duration", "type: duration"))
            return
        from ...calendars import parse_amount

        registry = self.sound.get(name)
        for key, row in registry.rows.items() if registry is not None else ():
            if row.get(every) is not None and parse_amount(row[every]).unit != "days":
                what = Text(
                    f"{key} 写的是 {row[every]}，隔多久要以天计", f"{key} says {row[every]}: how often is said in days"
                )
                self._say("every", "schedule-column", what, Text("写成 15 days", "write 15 days"))

    def _column(self, key: str, said: str, shape: Shape) -> None:
        what = Text(f"没有叫“{said}”的列", f"there is no column {said!r}")
        self._say(key, "schedule-column", what, likely(said, shape.columns))

    def _where(self, text: str, shape: Shape) -> None:
        from ...expressions import ExpressionError, parse, scope_of
        from ...model.scope import columns_of

        try:
            parse(text, scope_of(columns_of(shape)), expect="boolean")
        except ExpressionError as wrong:
            self.saying.say((*self.here, "where"), "expression", wrong.text, wrong.hint, offset=wrong.offset or 0)

    def _period(self, text: str) -> None:
        try:
            Period.parse(text)
        except ValueError:
            what = Text(f"“{text}”不是间隔", f"{text!r} is no interval")
            self._say("every", "duration", what, Text("写成 15 days、6 months、1 year", "write 15 days, 6 months or 1 year"))  # fmt: skip

    def _date(self, text: str) -> None:
        try:
            date.fromisoformat(text)
        except ValueError:
            what = Text(f"“{text}”不是日期", f"{text!r} is no date")
            self._say("from", "date", what, Text("写成 2026-03-05", "write 2026-03-05"))


def _is_cron(text: str) -> bool:
    try:
        cron_trigger(text, "UTC")
    except (ValueError, TypeError):
        return False
    return True


def _fields(root: Node | None) -> dict[str, Node] | None:
    """The fields of a procedure as they are written; None where they cannot be known from its file alone."""
    fields = None if root is None else root.get("fields")
    if root is None or root.get("include") is not None or (fields is not None and fields.kind != "map"):
        return None
    return {name: node for name, (_, node) in fields.entries.items()} if fields is not None else {}


def _type(node: Node) -> str:
    kind = node.get("type") if node.kind == "map" else None
    return "" if kind is None else kind.text


def _pointing(fields: Mapping[str, Node], registry: str) -> list[str]:
    found = []
    for name, node in fields.items():
        of = node.get("of") if node.kind == "map" else None
        of = of.items[0] if of is not None and of.kind == "list" and of.items else of
        if _type(node) == ENTRY and of is not None and of.text == registry:
            found.append(name)
    return found
