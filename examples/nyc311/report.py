"""What the demo prints around the board: what is real, what became of it, which promises were kept, one case, two letters."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from guanjia import Engine, Instant, moment
from guanjia.cli.desk import Desk
from guanjia.cli.out import Ink, Out, Piece
from guanjia.cli.telling import Telling
from guanjia.errors import Text
from guanjia.model.case import Case
from guanjia.model.event import Notification

MANY = 1_000_000


def cases(engine: Engine) -> Iterator[Case]:
    """Every case, in the order of opening."""
    for id in sorted(engine.store.cases()):
        yield engine.case(id)


def opening(out: Out, count: int, seed: int) -> None:
    out.line(Ink(Text("纽约 311 热线真实的一夜，由管家办理", "A real night of New York's 311 line, worked with Guanjia"), "bold"))  # fmt: skip
    for text in (
        Text(
            f"2022 年 5 月 1 日（星期日）0 点到 2 点 07 分的 {count} 件真实诉求，以及随后的七天。",
            f"{count} real requests of Sunday, 1 May 2022, from 00:00 to 02:07, and the seven days after.",
        ),
        Text(
            "真实的：何时、何地、何事、何时办结。编的：办公室和员工、其间的每一步和所有文字（examples/nyc311/mapping.yaml）。",
            "Real: when, where, what about, when closed. Invented: the office and its staff, every step in between and every text "
            "(examples/nyc311/mapping.yaml).",
        ),
        Text(
            f"时钟由程序拨动，种子 {seed}；同一种子，历史一字不差。",
            f"The clock is moved by the program; seed {seed}: the same seed gives the same history.",
        ),
    ):
        out.lines(text, indent="  ")
    out.line()


def outcome(engine: Engine, out: Out) -> None:
    """How many of which procedure, and what became of them."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    labels: dict[str, str] = {}
    for case in cases(engine):
        count = found[case.procedure]
        count["all"] += 1
        count["closed"] += case.finished
        count["on time"] += case.finished and not any(
            clock.breached_at for clock in (*case.cycles, *case.clocks.values())
        )
        labels[case.procedure] = engine.program(case).procedure.label(case.procedure, out.language)
    _title(out, Text("七天之后", "After seven days"))
    rows: list[list[Piece]] = [
        [labels[name], f"{count['all']:>6}", f"{count['closed']:>6}", f"{count['on time']:>6}", f"{count['all'] - count['closed']:>6}"]
        for name, count in sorted(found.items())
    ]  # fmt: skip
    head = (Text("流程", "PROCEDURE"), *map(_right, (Text("工单", "CASES"), Text("办结", "CLOSED"), Text("全程按时", "ON TIME"), Text("未结", "OPEN"))))  # fmt: skip
    out.table(rows, head, indent="  ")


def promises(engine: Engine, out: Out) -> None:
    """One line a clock: a cycle that ran out is broken for ever, one that ended in time is kept."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    labels = {}
    for case in cases(engine):
        for clock in (*case.cycles, *case.clocks.values()):
            counts[case.procedure, clock.name][_verdict(clock.breached_at, clock.status)] += 1
        labels[case.procedure] = engine.program(case).procedure.label
    _title(out, Text("承诺兑现", "Promises kept and broken"))
    rows: list[list[Piece]] = []
    previous = ""
    for (procedure, name), count in sorted(counts.items()):
        label = labels[procedure]
        rows.append([
            "" if procedure == previous else label(procedure, out.language), label(name, out.language),
            f"{count['kept']:>6}", Ink(f"{count['broken'] or '':>6}", "late"), f"{count['running'] or '':>6}", _share(count),
        ])  # fmt: skip
        previous = procedure
    total = sum(counts.values(), Counter())
    rows.append([Ink(Text("合计", "all"), "bold"), "", f"{total['kept']:>6}", Ink(f"{total['broken']:>6}", "late"), f"{total['running']:>6}", Ink(_share(total), "bold")])  # fmt: skip
    head = (Text("流程", "PROCEDURE"), Text("时限", "PROMISE"), *map(_right, (Text("守住", "KEPT"), Text("失守", "BROKEN"), Text("在计", "OPEN"), Text("兑现率", "SHARE"))))  # fmt: skip
    out.table(rows, head, indent="  ")


def _verdict(breached_at: Instant | None, status: str) -> str:
    if breached_at is not None:
        return "broken"
    return {"met": "kept", "running": "running", "paused": "running"}.get(status, "void")


def _share(count: Counter[str]) -> str:
    judged = count["kept"] + count["broken"]
    return (f"{100 * count['kept'] / judged:.0f} %" if judged else "—").rjust(6)


def _right(text: Text) -> Text:
    """A head over numbers that stand at the right of six columns."""
    return Text(" " * (6 - 2 * len(text.zh)) + text.zh, text.en.rjust(6))


def one_case(desk: Desk) -> str:
    """The first case that was closed, had missed a promise and walked one track, event by event; its number."""
    engine, out = desk.engine, desk.out
    closed = [case for case in cases(engine) if case.finished]
    case = max(closed, key=lambda case: (_broken(case) == 1) + (not _tracks(engine, case)))
    telling, zone = Telling(desk, case), engine.zone
    _title(out, Text(f"其中一件：{case.number}", f"One of them: {case.number}"))
    rows: list[list[Piece]] = []
    for event in engine.history(case.id):
        reached = event.type == "reached"
        late = reached and event.name.endswith(".due")
        at = moment(event.occurred_at, zone)
        told = dict.fromkeys(desk.short(who) for notice in event.data.get("notify", ()) for who in notice["to"])
        people = out.both(f"，已告知 {'、'.join(told)}", f", told {', '.join(told)}") if reached and told else ""
        words = telling.event(event) + people
        rows.append([Ink(f"{at:%m-%d %H:%M:%S}", "dim"), Ink(words, "late" if late else ""), Ink(desk.short(event.actor), "dim")])  # fmt: skip
    out.table(rows, indent="  ", flex=1)
    return case.number


def _tracks(engine: Engine, case: Case) -> bool:
    return any(len(event.data.get("states", ())) > 1 for event in engine.history(case.id))


def _broken(case: Case) -> int:
    return sum(clock.breached_at is not None for clock in (*case.cycles, *case.clocks.values()))


def notifications(engine: Engine, out: Out) -> None:
    """How many were told, and two letters: of a resident, and of a manager who reads English."""
    rows = engine.store.outbox(limit=MANY)
    sent = Counter(row.notification.language for row in rows if row.status == "sent")
    of = Counter(row.notification.template for row in rows)
    _title(out, Text("通知", "Notifications"))
    failed = len(rows) - sum(sent.values())
    out.lines(
        Text(
            f"发出 {sum(sent.values())} 条（中文 {sent['zh']}，英文 {sent['en']}），失败 {failed} 条；其中升级 {of['escalation']} 条，"
            f"向业主说明延误 {of['delay_notice']} 条。每条都在 outbox 文件夹里。",
            f"{sum(sent.values())} sent ({sent['zh']} in Chinese, {sent['en']} in English), {failed} failed; {of['escalation']} of "
            f"them escalations, {of['delay_notice']} notices of delay to residents. Each is a file in the folder outbox.",
        ),
        indent="  ",
    )
    told = sorted((row.notification for row in rows if not row.notification.problem), key=lambda it: (it.created_at, it.key))  # fmt: skip
    _letter(engine, out, told, "complaint_decision", "zh")
    _letter(engine, out, told, "escalation", "en")


def _letter(engine: Engine, out: Out, told: Sequence[Notification], template: str, language: str) -> None:
    found = next((item for item in told if item.template == template and item.language == language), None)
    if found is None:
        return
    out.line()
    at = moment(found.created_at, engine.zone)
    out.line("  ", Ink(found.subject, "bold"), "  ", Ink(f"→ {found.recipient}  {at:%Y-%m-%d %H:%M}", "dim"))
    out.lines(found.body.strip(), indent="  │ ")


def digest(engine: Engine) -> str:
    """SHA-256 over the heads of all chains: equal when two runs wrote the same history to the last byte."""
    total = hashlib.sha256()
    for id in sorted(engine.store.cases()):
        held = engine.store.get(id)
        assert held is not None
        total.update(held.head)
    return total.hexdigest()


def _title(out: Out, text: Text) -> None:
    out.line()
    out.line(Ink(text, "bold"))
