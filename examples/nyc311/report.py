"""What the demo prints at its end beside the board: promises kept and broken, notifications, and a digest of all history."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from guanjia import Engine, Instant, moment
from guanjia.model.case import Case
from guanjia.model.event import Notification
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

MANY = 1_000_000


def cases(engine: Engine) -> Iterator[Case]:
    """Every case, in the order of opening."""
    for id in sorted(engine.store.cases()):
        yield engine.case(id)


def promises(engine: Engine, console: Console) -> None:
    """One line a clock: a cycle that ran out is broken for ever, one that ended in time is kept."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    labels = {}
    for case in cases(engine):
        for clock in (*case.cycles, *case.clocks.values()):
            counts[case.procedure, clock.name][_verdict(clock.breached_at, clock.status)] += 1
        labels[case.procedure] = engine.program(case).procedure.label
    table = Table(box=SIMPLE_HEAD, title="承诺兑现  Promises kept and broken", title_justify="left")
    for head in ("时限", "Clock"):
        table.add_column(head, no_wrap=True)
    for head in ("守住\nkept", "失守\nbroken", "在计\nopen", "兑现率\nshare"):
        table.add_column(head, justify="right", no_wrap=True)
    for (procedure, name), count in sorted(counts.items()):
        label = labels[procedure]
        judged = count["kept"] + count["broken"]
        table.add_row(
            *(f"{label(procedure, language)}: {label(name, language)}" for language in ("zh", "en")),
            str(count["kept"]),
            str(count["broken"]),
            str(count["running"]),
            f"{100 * count['kept'] / judged:.0f} %" if judged else "—",
        )
    console.print(table)


def _verdict(breached_at: Instant | None, status: str) -> str:
    if breached_at is not None:
        return "broken"
    return {"met": "kept", "running": "running", "paused": "running"}.get(status, "void")


def notifications(engine: Engine, console: Console) -> None:
    rows = engine.store.outbox(limit=MANY)
    statuses = Counter(row.status for row in rows)
    templates = Counter(row.notification.template for row in rows)
    statuses.update(row.notification.language for row in rows)
    listed = "  ".join(f"{name} {count}" for name, count in sorted(statuses.items()))
    console.print(Text(f"通知 Notifications: {len(rows)}  {listed}", style="bold"))
    console.print(Text("  ".join(f"{name} {count}" for name, count in templates.most_common()), style="dim"))
    shown = sorted(
        (row.notification for row in rows if not row.notification.problem), key=lambda it: (it.created_at, it.key)
    )
    for words, language in (
        (("received", "opened"), "zh"),
        (("escalation", "breach"), "en"),
        (("closed", "done", "result"), "zh"),
    ):
        found = _first(shown, words, language)
        if found is not None:
            at = moment(found.created_at, engine.zone)
            title = f"{found.template} · {found.language} → {found.recipient} · {at:%Y-%m-%d %H:%M}"
            text = f"{found.subject}\n\n{found.body.strip()}" if found.subject else found.body.strip()
            console.print(Panel(Text(text), title=title, title_align="left", width=min(92, console.width)))


def _first(shown: list[Notification], words: tuple[str, ...], language: str) -> Notification | None:
    for word in words:
        for notification in shown:
            if word in notification.template and notification.language == language:
                return notification
    return None


def digest(engine: Engine) -> str:
    """SHA-256 over the heads of all chains: equal when two runs wrote the same history to the last byte."""
    total = hashlib.sha256()
    for id in sorted(engine.store.cases()):
        held = engine.store.get(id)
        assert held is not None
        total.update(held.head)
    return total.hexdigest()
