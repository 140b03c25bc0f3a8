"""`inbox`: what cases send each other and was refused; carrying it out once the reason is mended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...clock import iso
from ...errors import NotFound, Refused, Text
from ...model.event import short
from ...runtime import looking
from ...store.interface import InboxItem
from .. import words
from ..desk import Desk
from ..failure import OK, REFUSED, Usage
from ..out import Ink, Piece
from ..spec import Argument, Command, Entry, Group, Option, json_option, limit_option

KINDS = {
    "open": Text("建单", "open"),
    "signal": Text("信号", "signal"),
    "link": Text("子工单办结", "child closed"),
}


def list_(desk: Desk, *, limit: int, as_json: bool) -> None:
    parked = looking.parked(desk.engine, desk.asking, limit)
    if as_json:
        desk.out.json([_plain(desk, item, problem) for item, problem in parked])
        return
    if not parked:
        desk.out.line(Text("没有搁置的命令。", "No commands are parked."))
        return
    rows: list[list[Piece]] = []
    for item, problem in parked:
        told = _told(item)
        what = KINDS.get(told["kind"], Text("已损坏", "damaged"))
        since = words.when(told["since"], desk.zone, desk.now())
        kind = Text(f"{what.zh} {told['name']}".strip(), f"{what.en} {told['name']}".strip())
        to = desk.number(item.receiver) if item.receiver else Text("新工单", "a new case")
        key = Ink(short(item.key), "dim")
        rows.append([since, desk.number(item.sender), to, kind, Text.parse(problem), key])
    head = (Text("时间", "WHEN"), Text("发自", "FROM"), Text("发给", "TO"), Text("命令", "WHAT"), Text("原因", "WHY"),
            Text("键", "KEY"))  # fmt: skip
    desk.out.table(rows, head, flex=4, keep=(1, 5))
    desk.out.line(Ink(Text(
        "原因解决以后：guanjia inbox retry 键，或 --all", "Once the reason is mended: guanjia inbox retry KEY, or --all"), "dim"))  # fmt: skip


def retry(desk: Desk, *, key: str | None, everything: bool) -> int:
    if (key is None) == (not everything):
        raise Usage(
            Text("要重办哪一条？", "Which one is to be carried out?"),
            Text("写键，或 --all 重办全部搁置的", "Give its key, or --all for all that are parked"),
        )
    parked = [item for item, _ in looking.parked(desk.engine, desk.asking, looking.MOST)]
    # The oldest first: that is the order in which they were sent.
    chosen = parked[::-1] if key is None else [_find(parked, key)]
    if not chosen:
        desk.out.line(Text("没有搁置的命令。", "No commands are parked."))
    code = OK
    for item in chosen:
        why = desk.engine.retry_parked(item.key)
        told = short(item.key)
        if why is None:
            desk.out.line(Ink(Text("已办 ", "Done "), "good"), told)
        else:
            code = REFUSED
            desk.out.line(Ink(Text("仍被拒绝 ", "Still refused "), "late"), told, "  ", why)
    return code


def _find(parked: Sequence[InboxItem], key: str) -> InboxItem:
    found = [item for item in parked if key in (item.key, short(item.key))]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(item.key for item in found)
        raise Refused(
            "ambiguous",
            Text(f"“{key}”对应多条命令，请写全。", f"{key!r} fits several; write it in full."),
            Text(listed, listed),
        )
    raise NotFound(
        Text(f"没有搁置的命令“{key}”。", f"No command {key!r} is parked."),
        Text("键见 guanjia inbox", "Keys: guanjia inbox"),
    )


def _told(item: InboxItem) -> dict[str, Any]:
    """What may be shown of a command: never its values, which may be personal."""
    try:
        plain = json.loads(item.command)
        told = {"kind": str(plain["kind"]), "name": str(plain["name"]), "since": int(plain["since"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"kind": "damaged", "name": "", "since": None}
    return told


def _plain(desk: Desk, item: InboxItem, problem: str) -> dict[str, Any]:
    told, why = _told(item), Text.parse(problem)
    return {
        "key": item.key, "short": short(item.key), "kind": told["kind"], "name": told["name"],
        "since": None if told["since"] is None else iso(told["since"], desk.zone),
        "from": desk.number(item.sender), "to": desk.number(item.receiver) if item.receiver else None,
        "problem": {"zh": why.zh, "en": why.en},
    }  # fmt: skip


COMMANDS = {
    "inbox": Group(
        "inbox",
        {
            Text("工单之间的命令", "Commands between cases"): {
                "list": Entry("inbox", Text("列出搁置的，最近的在前", "list those that were refused, the latest first")),
                "retry": Entry("inbox", Text("原因解决以后重办", "carry them out once the reason is mended")),
            }
        },
        default="list",
        say=Text("工单之间互发的命令：被拒绝而搁置的。", "What cases send each other: commands that were refused and are parked."),
    ),
    "list": Command(
        "list", list_, [limit_option(50), json_option()],
        say=Text("列出搁置的命令：谁发给谁，为什么被拒绝。", "List parked commands: from whom to whom, and why they were refused."),
        more=Text("建子工单、信号、子工单办结的消息，对方不接受时搁置在这里，不会丢失。",
                  "Openings of children, signals and news that a child has closed are kept here when their receiver refuses them."),
    ),
    "retry": Command(
        "retry", retry,
        [Argument("key", required=False, say=Text("命令的键，或列表里的短键", "key of the command, or the short one of the list")),
         Option("--all", flag=True, to="everything", say=Text("全部搁置的，先发的先办", "all that are parked, in the order in which they were sent"))],
        say=Text("重办搁置的命令；仍不能办的留在原处，退出码 1。", "Carry out parked commands; what is still refused stays, exit code 1."),
        examples=("guanjia inbox retry --all",),
    ),
}  # fmt: skip
