"""`log`: what happened to the office itself and to no case, and who looked at personal data; the latest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...clock import iso
from ...errors import Text, plural
from ...model.event import Event
from .. import words
from ..desk import Desk
from ..failure import Usage
from ..out import Ink, Piece
from ..progress import progress
from ..spec import Command, Option, json_option, limit_option
from . import registry, suspend

if TYPE_CHECKING:
    from ...runtime.access import Look

HEAD = (Text("序号", "NO"), Text("时间", "WHEN"), Text("谁", "WHO"), Text("何事", "WHAT"))
MOST_PARTS = 3
"""Parts of a version that are named as changed before the rest is counted."""

SHORT = 12
"""Digits of a version's hash that are shown."""


def log(
    desk: Desk, *, access: bool, case: str | None, customer: str | None, who: str | None, limit: int, as_json: bool
) -> None:
    from ...runtime import stream

    if access or case or customer or who:
        _access(desk, case, customer, who, limit, as_json=as_json)
        return
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


def _access(desk: Desk, case: str | None, customer: str | None, who: str | None, limit: int, *, as_json: bool) -> None:
    """Who looked at personal data, the latest first."""
    from ...runtime import access

    who = who and desk.member(who)
    if case is not None and customer is not None:
        raise Usage(Text("--case 和 --customer 只写一个。", "Give --case or --customer, not both."))
    if case is not None:
        looks = list(access.of_case(desk.engine, case, actor=desk.asking))
    elif customer is not None:
        looks = list(access.of_customer(desk.engine, customer, actor=desk.asking))
    else:
        with progress(desk.out, Text("查找", "Looking"), None) as bar:
            looks = list(access.of_office(desk.engine, bar, actor=desk.asking))
    found = sorted((look for look in looks if who in (None, look.actor)), key=lambda look: -look.at)[:limit]
    numbers = {look.case: desk.number(look.case) for look in found if look.case is not None}
    if as_json:
        desk.out.json(
            [
                {"at": iso(look.at, desk.zone), "actor": look.actor, "number": numbers.get(look.case or ""), "customer": look.customer,
                 "refused": look.refused, "reason": look.reason, "words": desk.out.say(_looked(look))}
                for look in found
            ]
        )  # fmt: skip
        return
    if not found:
        desk.out.line(Text("没有人查看过。", "Nobody has looked."))
        return
    rows: list[list[Piece]] = [
        [
            words.when(look.at, desk.zone, desk.now()), desk.short(look.actor), numbers.get(look.case or "", look.customer or ""),
            Ink(_looked(look), "late" if look.refused else ""), look.reason or "",
        ]
        for look in found
    ]  # fmt: skip
    head = (HEAD[1], HEAD[2], Text("谁的", "WHOSE"), HEAD[3], Text("原因", "WHY"))
    desk.out.table(rows, head, flex=4, keep=(0, 2))


def _looked(look: Look) -> Text:
    if look.refused:
        return Text("想查看，被拒绝", "wanted to look, and was refused")
    return words.looked(look.data) if look.case is not None else Text("查看了客户资料", "looked at the customer")


def told(desk: Desk, event: Event) -> Text:
    """An event of the office in one line."""
    data = event.data
    if event.type in ("published", "withdrawn") and "reason" in data:
        return _published(desk, event)
    if event.type in ("proposed", "declined", "guarded", "taken_back", "explained"):
        return _decided(desk, event)
    if event.type in ("published", "withdrawn"):
        label, version = desk.label(event.name, event.name), data["version"][:SHORT]
        if event.type == "withdrawn":
            return Text(f"撤下流程“{label}”（{version}）", f"withdrew the procedure “{label}” ({version})")
        if "changed" not in data:
            return Text(f"发布流程“{label}”（{version}）", f"published the procedure “{label}” ({version})")
        parts = words.parts(data["changed"])
        shown, more = parts[:MOST_PARTS], len(parts) - MOST_PARTS
        return Text(
            f"发布流程“{label}”的新版本（{version}）：改动了{'、'.join(part.zh for part in shown)}" + (f" 等 {len(parts)} 项" if more > 0 else ""),
            f"published a new version of “{label}” ({version}): {', '.join(part.en for part in shown)}"
            + (f" and {more} more" if more > 0 else "") + " changed",
        )  # fmt: skip
    if event.type == "applied":
        calendars, cases = ", ".join(data["calendars"]), sum(count for _, _, count in data["moves"])
        if event.name:
            label = desk.label(event.name, event.name)
            return Text(
                f"{cases} 个在办的“{label}”改按新版本办理：{data['reason']}",
                f"{plural(cases, 'open case')} of “{label}” {'was' if cases == 1 else 'were'} brought under its new version: {data['reason']}",
            )
        return Text(
            f"{cases} 个在办工单按现在的日历改期（{calendars}）：{data['reason']}",
            f"{plural(cases, 'open case was', 'open cases were')} moved to the calendars as they are ({calendars}): {data['reason']}",
        )
    if event.type in ("suspended", "resumed"):
        return suspend.told(desk, event)
    if event.type == "amended":
        what = registry.changed(event)
        return Text(f"台账“{event.name}”：{what.zh}", f"the registry {event.name!r}: {what.en}")
    if event.type == "left_word":
        return Text(f"给下一班留言：{data['text']}", f"words for the next shift: {data['text']}")
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


def _published(desk: Desk, event: Event) -> Text:
    """What somebody published on purpose; where it took two, the event is of whoever approved it."""
    data, label = event.data, desk.label(event.name, event.name)
    zh, en = f"发布“{label}”（{data['version'][:SHORT]}）", f"published “{label}” ({data['version'][:SHORT]})"
    if event.type == "withdrawn":
        zh, en = f"撤下“{label}”", f"withdrew “{label}”"
    elif "rollback" in data:
        zh, en = f"“{label}”恢复第 {data['rollback']} 版", f"brought version {data['rollback']} of “{label}” back"
    if "proposal" in data:
        who = desk.short(data["proposed_by"])
        zh, en = f"批准 {who} 的 {data['proposal']}：{zh}", f"approved {data['proposal']} of {who}: {en}"
    return Text(f"{zh}：{data['reason']}", f"{en}: {data['reason']}")


def _decided(desk: Desk, event: Event) -> Text:
    data = event.data
    if event.type == "guarded":
        by, both = data["rule"]["by"], data["rule"]["approval"]
        if not by:
            return Text("流程改了随即生效，不再须发布", "from now on edited procedures come into force by themselves")
        zh, en = "、".join(map(desk.entitled, by)), ", ".join(map(desk.entitled, by))
        return Text(
            f"流程须发布才生效：{zh}" + ("，须第二个人批准" if both else ""),
            f"procedures come into force when published by {en}" + (", with a second person's approval" if both else ""),
        )  # fmt: skip
    if event.type == "taken_back":
        label = desk.label(event.name, event.name)
        return Text(f"撤回“{label}”在办工单的改用：{data['reason']}", f"took back the move of open cases of “{label}”: {data['reason']}")  # fmt: skip
    if event.type == "explained":
        label, version = desk.label(event.name, event.name), data["version"][:SHORT]
        return Text(
            f"为什么发布“{label}”（{version}）：{data['reason']}",
            f"why “{label}” ({version}) was published: {data['reason']}",
        )
    if event.type == "declined":
        return Text(f"{event.name} 不发布：{data['reason']}", f"{event.name} will not be published: {data['reason']}")
    names = ", ".join(desk.label(name, name) for name in data["versions"]) or "publishing"
    return Text(f"提交 {event.name} 待批准（{names}）：{data['reason']}", f"proposed {event.name} ({names}): {data['reason']}")  # fmt: skip


COMMANDS = {
    "log": Command(
        "log", log,
        [
            Option("--access", flag=True, say=Text("谁查看过个人信息", "who looked at personal data")),
            Option("--case", metavar="REF", complete="references", say=Text("谁查看过这个工单的", "who looked at that of this case")),
            Option("--customer", metavar="ID", say=Text("谁查看过这个客户的，包括全部工单", "who looked at that of this customer, in all cases")),
            Option("--who", metavar="STAFF", complete="people", say=Text("只看这个人查看过的", "only what this person looked at")),
            limit_option(30), json_option(),
        ],
        say=Text("办公室自己的记录：发布的流程版本、组织变动、日历调整、暂停计时，最近的在前。",
                 "The office's own record: procedure versions published, changes of the organisation, calendars applied, suspensions; the latest first."),
        more=Text("--access、--case、--customer、--who：谁在何时为什么查看过个人信息，包括被拒绝的；都取自各工单和客户自己的记录。",
                  "--access, --case, --customer, --who: who looked at personal data, when and why, and who was refused; from the histories of "
                  "cases and customers themselves."),
        examples=("guanjia log --limit 5", "guanjia log --access", "guanjia log --case TS-2026-00001", "guanjia log --customer C-00001"),
    ),
}  # fmt: skip
