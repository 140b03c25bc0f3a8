"""`outbox`: what was told to whom and how that went; sending again what failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...clock import iso
from ...core.answering import TEMPLATE
from ...errors import NotFound, Refused, Text, Unopened, plural
from ...model.event import Command as Asked, short
from ...runtime.looking import messages
from ...store.interface import OutboxRow
from .. import words
from ..desk import Desk
from ..out import Ink, Piece
from ..spec import Argument, Command, Entry, Group, Option, json_option, limit_option
from ..telling import Unsaid

FAILED = ("dead", "unrenderable")


def list_(desk: Desk, *, ref: str | None, status: str | None, limit: int, as_json: bool) -> None:
    case = _case(desk, ref) if ref else None
    rows = messages(desk.engine, desk.asking, case=case, status=status, limit=limit)
    if as_json:
        unsaid = Unsaid(desk)
        desk.out.json([_plain(desk, row, unsaid.address(row.notification)) for row in rows])
        return
    _say_held(desk)
    if not rows:
        desk.out.line(Text("没有通知。", "No notifications."))
        return
    table: list[list[Piece]] = []
    unsaid = Unsaid(desk)
    for row in rows:
        sent = row.notification
        number = desk.number(sent.case)
        table.append(
            [
                words.when(row.sent_at or sent.created_at, desk.zone, desk.now()), standing(desk, row),
                number, desk.short(sent.recipient), sent.channel, what(unsaid, row, number), Ink(short(sent.key), "dim"),
            ]
        )  # fmt: skip
    head = (Text("时间", "WHEN"), Text("状态", "STATUS"), Text("工单", "CASE"), Text("收件人", "TO"), Text("渠道", "BY"),
            Text("内容", "WHAT"), Text("键", "KEY"))  # fmt: skip
    desk.out.table(table, head, flex=5, keep=(0, 1, 2, 6), spare=(4,))


def _say_held(desk: Desk) -> None:
    from ...runtime.holding import held

    state = held(desk.store)
    if state is not None:
        at = words.when(state.since, desk.zone)
        desk.out.line(Ink(Text(
            f"自 {at} 起不发送通知（{state.source}）：guanjia outbox release",
            f"Nothing is sent since {at} ({state.source}): guanjia outbox release"), "late"))  # fmt: skip


def show(desk: Desk, *, key: str, reveal: bool, reason: str | None, as_json: bool) -> None:
    row = _find(desk, key)
    out, sent = desk.out, row.notification
    if reveal:
        desk.engine.execute(Asked("reveal", "", sent.case, {"message": sent.key}, desk.actor, reason=reason or ""))
        hides = Unsaid(desk).sensitive(sent.case)
        address, subject, body = sent.address, hides(sent.subject), hides(sent.body)
    else:
        unsaid = Unsaid(desk)
        address, subject, body = (
            unsaid.address(sent),
            unsaid.text(sent.case, sent.subject),
            unsaid.text(sent.case, sent.body),
        )
    if sent.template == TEMPLATE:
        from ...runtime.door import unread

        subject, body = unread(subject), unread(body)
    if as_json:
        out.json(_plain(desk, row, address) | {"subject": subject, "body": body})
        return
    to = (
        f"{desk.person(sent.recipient)} <{address}>"
        if address and sent.address != sent.recipient
        else desk.person(sent.recipient)
    )
    rows: list[list[Piece]] = [
        [Ink(Text("键", "Key"), "dim"), sent.key],
        [Ink(Text("工单", "Case"), "dim"), desk.number(sent.case)],
        [Ink(Text("收件人", "To"), "dim"), to],
        [Ink(Text("渠道", "Channel"), "dim"), sent.channel],
        [Ink(Text("状态", "Status"), "dim"), Ink(words.STATUS[row.status], _style(row))],
        [Ink(Text("缓急", "Urgency"), "dim"), words.URGENCY[sent.urgency]],
        [Ink(Text("尝试", "Attempts"), "dim"), str(row.attempts)],
    ]
    for title, at in (
        (Text("产生", "Made"), sent.created_at),
        (Text("发出", "Sent"), row.sent_at),
        (Text("下次", "Next try"), row.next_at),
    ):
        if at is not None:
            rows.append([Ink(title, "dim"), words.when(at, desk.zone)])
    if (waits := words.waits(row, desk.zone, desk.now())) is not None:
        rows.append([Ink(Text("等待", "Waits"), "dim"), Ink(waits, "soon")])
    out.table(rows)
    problem = _problem(row)
    if problem is not None:
        out.line(Ink(Text("问题：", "Problem: "), "late"), problem)
    if subject or body:
        out.line()
        out.line(Ink(subject, "bold"))
        out.lines(body.strip("\n"), indent="│ ")


def retry(desk: Desk, *, key: str | None, everything: bool) -> None:
    if key is None and not everything:
        from ..failure import Usage

        raise Usage(
            Text("要重发哪一条？", "Which one is to be sent again?"),
            Text("写键，或 --all 重发全部失败的", "Give its key, or --all for all that failed"),
        )
    rows = (
        [row for status in FAILED for row in messages(desk.engine, desk.asking, status=status, limit=100_000)]
        if key is None
        else [_find(desk, key)]
    )
    again, problems = 0, []
    for row in rows:
        try:
            again += desk.engine.resend(row.notification)
        except (Refused, Unopened) as error:
            if key is not None:
                raise
            problems.append((row, error.text))
    if key is not None and not again:
        row = rows[0]
        state = words.STATUS[row.status]
        raise Refused(
            "state",
            Text(
                f"这条通知“{state.zh}”，不需要重发。", f"This notification is {state.en}; there is nothing to repeat."
            ),
        )
    desk.out.line(
        Text(
            f"{again} 条将重新发送（由 guanjia work 发出）。", f"{again} will be sent again (guanjia work sends them)."
        )
    )
    for row, why in problems:
        desk.out.line(Ink(Text("仍发不出 ", "Still cannot be sent "), "late"), short(row.notification.key), "  ", why)


def hold(desk: Desk) -> None:
    from ...runtime import holding

    if holding.held(desk.store) is None:
        holding.hold(desk.store, desk.now(), "guanjia outbox hold")
    desk.out.line(
        Text(
            "从现在起不发送任何通知，直到 guanjia outbox release。",
            "Nothing is sent from now on, until guanjia outbox release.",
        )
    )


def release(desk: Desk, *, only_new: bool) -> None:
    from ...runtime import holding

    store, out = desk.store, desk.out
    if holding.held(store) is None:
        out.line(Text("没有扣住的通知，都在照常发送。", "No messages are held: they are sent as usual."))
        return
    kept = holding.release(store, only_new=only_new)
    counts = store.outbox_counts()
    waiting = counts["waiting"] + counts["sending"]
    if kept:
        out.line(
            Text(
                f"{kept} 条扣住以前的通知只留作记录，不再发送。",
                f"{plural(kept, 'message from before is', 'messages from before are')} kept as recorded and never sent.",
            )
        )
    out.line(
        Text(f"{waiting} 条将发送（由 guanjia work 发出）。", f"{waiting} will be sent (guanjia work sends them).")
    )


def _find(desk: Desk, key: str) -> OutboxRow:
    """The notification with this key, or the only one whose short key it is."""
    every = messages(desk.engine, desk.asking, limit=100_000)
    rows = [row for row in every if row.notification.key == key] or [
        row for row in every if short(row.notification.key) == key
    ]
    if len(rows) == 1:
        return rows[0]
    look = Text("键见 guanjia outbox list", "Keys: guanjia outbox list")
    if rows:
        listed = "\n".join(row.notification.key for row in rows)
        raise Refused(
            "ambiguous",
            Text(f"“{key}”对应多条通知，请写全。", f"{key!r} fits several; write it in full."),
            Text(listed, listed),
        )
    raise NotFound(Text(f"没有通知“{key}”。", f"There is no notification {key!r}."), look)


def standing(desk: Desk, row: OutboxRow) -> Ink:
    """How it stands; of what waits, when it goes out."""
    coming = words.coming(row, desk.zone, desk.now())
    return Ink(words.STATUS[row.status], _style(row)) if coming is None else Ink(coming, "soon")


def what(unsaid: Unsaid, row: OutboxRow, number: str) -> Piece:
    """The problem, else the subject without the number of the case, which stands beside it or above."""
    sent = row.notification
    return (
        _problem(row)
        or unsaid.text(sent.case, sent.subject).replace(f"【{number}】", "").replace(f"[{number}]", "").strip()
    )


def _problem(row: OutboxRow) -> Text | None:
    kept = row.notification.problem or row.last_error
    return Text.parse(kept) if kept else None


def _style(row: OutboxRow) -> str:
    return "late" if row.status in FAILED else "good" if row.status == "sent" else ""


def _case(desk: Desk, ref: str) -> str:
    held = desk.store.get(ref)
    if held is None:
        from ...runtime.recent import unknown

        raise unknown(desk.store, ref)
    return held.id


def _plain(desk: Desk, row: OutboxRow, address: str) -> dict[str, Any]:
    sent = row.notification
    return {
        "key": sent.key, "short": short(sent.key), "case": sent.case, "seq": sent.seq, "template": sent.template,
        "recipient": sent.recipient, "channel": sent.channel, "address": address, "language": sent.language,
        "status": row.status, "attempts": row.attempts, "created_at": iso(sent.created_at, desk.zone),
        "sent_at": None if row.sent_at is None else iso(row.sent_at, desk.zone),
        "next_at": None if row.next_at is None else iso(row.next_at, desk.zone), "problem": sent.problem or row.last_error,
        "urgency": sent.urgency, "not_before": None if sent.not_before is None else iso(sent.not_before, desk.zone),
    }  # fmt: skip


_KEY = Text("通知的键，或列表里的短键", "key of the notification, or the short one of the list")
_STATES: Sequence[str] = tuple(words.STATUS)

COMMANDS = {
    "outbox": Group(
        "outbox",
        {
            Text("命令", "Commands"): {
                "list": Entry("outbox", Text("列出通知，最近的在前", "list notifications, the latest first")),
                "show": Entry("outbox", Text("看一条通知的全文", "one notification in full")),
                "retry": Entry("outbox", Text("重发失败的", "send failed ones again")),
                "hold": Entry("outbox", Text("暂停发送，全部扣住", "send nothing for now")),
                "release": Entry("outbox", Text("放行扣住的，恢复备份以后也是", "let go what is held, after a restore too")),
            }
        },
        default="list",
        say=Text("看通知，重发失败的；不写命令则列出。", "Notifications: what was told to whom, and sending failed ones again; without a command, the list."),
    ),
    "list": Command(
        "list", list_,
        [
            Argument("ref", required=False, complete="references", say=Text("只看这个工单的", "only of this case")),
            Option("--status", "-s", metavar="|".join(_STATES), words=_STATES, say=Text("只看这种状态的", "only with this status")),
            limit_option(50),
            json_option(),
        ],
        say=Text("列出通知。", "List notifications."),
        examples=("guanjia outbox list --status dead", "guanjia outbox list TS-2026-00001"),
    ),
    "show": Command("show", show, [
        Argument("key", say=_KEY),
        Option("--reveal", flag=True, say=Text("显示完整的个人信息；须写原因，并留下记录", "show personal data in full; needs a reason, and is recorded")),
        Option("--reason", metavar="TEXT", say=Text("为什么要看", "why it is looked at")),
        json_option(),
    ], say=Text("看一条通知；其中的个人信息默认打码。", "One notification; personal data in it is masked.")),
    "retry": Command(
        "retry", retry,
        [Argument("key", required=False, say=_KEY),
         Option("--all", flag=True, to="everything", say=Text("全部失败的", "all that failed"))],
        say=Text("让失败的通知重新发送。", "Send failed notifications again."),
        examples=("guanjia outbox retry --all",),
    ),
    "hold": Command(
        "hold", hold,
        say=Text("暂停发送：通知照常产生，全部扣住，直到 guanjia outbox release。", "Send nothing for now: messages arise and wait until guanjia outbox release."),
    ),
    "release": Command(
        "release", release,
        [Option("--only-new", flag=True, to="only_new", say=Text(
            "扣住以前就在等待的只留作记录，只发以后产生的", "what waited before the hold is kept as recorded; send only what arose since"))],
        say=Text("让扣住的通知发出去：恢复、导入或 guanjia outbox hold 以后。", "Let messages go that are held: after a restore, an import or guanjia outbox hold."),
        examples=("guanjia outbox release --only-new",),
    ),
}  # fmt: skip
