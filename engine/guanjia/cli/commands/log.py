"""`log`: what happened to the office itself and to no case, the latest first."""

from __future__ import annotations

from ...clock import iso
from ...errors import Text
from ...model.event import Event
from ...model.suspension import as_written
from .. import words
from ..desk import Desk
from ..out import Ink
from ..spec import Command, json_option, limit_option
from . import suspend

HEAD = (Text("序号", "NO"), Text("时间", "WHEN"), Text("谁", "WHO"), Text("何事", "WHAT"))
MOST_PARTS = 3
"""Parts of a version that are named as changed before the rest is counted."""

SHORT = 12
"""Digits of a version's hash that are shown."""


def log(desk: Desk, *, limit: int, as_json: bool) -> None:
    from ...runtime import stream

    events = list(stream.events(desk.engine.store))[-limit:][::-1]
    if as_json:
        desk.out.json(
            [
                {"seq": event.seq, "type": event.type, "name": event.name, "actor": event.actor,
                 "recorded_at": iso(event.recorded_at, desk.zone), "reason": event.data.get("reason"), "data": event.data,
                 "words": desk.out.say(told(desk, event))}
                for event in events
            ]
        )  # fmt: skip
        return
    if not events:
        desk.out.line(Text("还没有记录。", "Nothing is recorded yet."))
        return
    desk.out.table(
        [
            [Ink(str(event.seq), "dim"), words.when(event.recorded_at, desk.zone, desk.now()), desk.short(event.actor), told(desk, event)]
            for event in events
        ],
        HEAD,
        flex=len(HEAD) - 1,
    )  # fmt: skip


def told(desk: Desk, event: Event) -> Text:
    """An event of the office in one line."""
    data = event.data
    if event.type in ("published", "withdrawn"):
        label, version = desk.label(event.name, event.name), data["version"][:SHORT]
        if event.type == "withdrawn":
            return Text(f"撤下流程“{label}”（{version}）", f"withdrew the procedure “{label}” ({version})")
        if "changed" not in data:
            return Text(f"发布流程“{label}”（{version}）", f"published the procedure “{label}” ({version})")
        changed = list(dict.fromkeys(as_written(part) for part in data["changed"]))
        shown, more = changed[:MOST_PARTS], len(changed) - MOST_PARTS
        return Text(
            f"发布流程“{label}”的新版本（{version}）：改动 {'、'.join(shown)}" + (f" 等 {len(changed)} 项" if more > 0 else ""),
            f"published a new version of “{label}” ({version}): {', '.join(shown)}"
            + (f" and {more} more" if more > 0 else "") + " changed",
        )  # fmt: skip
    if event.type == "applied":
        calendars, cases = ", ".join(data["calendars"]), sum(count for _, _, count in data["moves"])
        return Text(
            f"{cases} 个在办工单按现在的日历改期（{calendars}）：{data['reason']}",
            f"{cases} open cases were moved to the calendars as they are ({calendars}): {data['reason']}",
        )
    if event.type in ("suspended", "resumed"):
        return suspend.told(desk, event)
    if event.type == "rekeyed":
        if data["way"] == "added":
            return Text(f"启用新密钥 {event.name}", f"the new key {event.name} is in use")
        return Text(f"去掉旧密钥 {event.name}", f"the old key {event.name} was dropped")
    changed = [
        name for group in ("roles", "staff", "sites", "teams", "skills", "shifts") for name in data.get(group, ())
    ]
    rosters = Text("排班", "rosters") if "rosters" in data else Text("", "")
    return Text(
        f"组织有变动：{'、'.join(filter(None, [*changed, rosters.zh]))}",
        f"the organisation changed: {', '.join(filter(None, [*changed, rosters.en]))}",
    )


COMMANDS = {
    "log": Command(
        "log", log, [limit_option(30), json_option()],
        say=Text("办公室自己的记录：发布的流程版本、组织变动、日历调整、暂停计时，最近的在前。",
                 "The office's own record: procedure versions published, changes of the organisation, calendars applied, suspensions; the latest first."),
        examples=("guanjia log --limit 5",),
    ),
}  # fmt: skip
