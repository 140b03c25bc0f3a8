"""What the engine (model_desk.py) and the model (model.py) say of messages and clocks, in a form in which they can be compared."""

from __future__ import annotations

from typing import Any

from tests.runtime.model import Office
from tests.runtime.model_asking import when
from tests.runtime.model_case import Case, Clock, Message


def whose(number: str, row) -> tuple[Any, ...]:
    told = row.notification
    return number, told.seq, told.template, told.recipient


def written(number: str, row) -> str:
    """A message of the engine: what it is, and what became of it."""
    return f"{whose(number, row)} {row.status} {when(row.sent_at or row.next_at)}"


def waited(message: Message) -> str:
    """The same of the model."""
    at = message.left[0] if message.left else message.until if message.waits else None
    if message.left and message.destroyed:
        return f"{message[:4]} dead {when(None)}"
    other = "unrenderable" if message.template == "-" else "recorded"
    status = "sent" if message.left else "waiting" if message.waits else other
    return f"{message[:4]} {status} {when(at)}"


def parcels(left) -> list[Any]:
    """What left together."""
    found: dict[Any, list[Any]] = {}
    for message, parcel in left.items():
        found.setdefault(parcel, []).append(message)
    return sorted(sorted(messages) for messages in found.values())


def shown(clock) -> tuple[Any, ...]:
    return _read(clock, clock.due if clock.open else None)


def desk_why(desk, number: str, name: str) -> tuple[int, str | None]:
    """Which cycle an account is of, and when the clock is due by it: by the first of its ends, not by what the clock says."""
    account = desk.why(number, name)
    running = account.clock.status == "running"
    return account.clock.cycle, when(min(account.ends)) if running else None


def stood(pauses) -> list[tuple[int, int | None]]:
    """Pauses without those of no length, or that are said to have ended before they began, and those that follow on each other as one."""
    found: list[tuple[int, int | None]] = []
    for begun, ended in pauses:
        ended = ended if ended is None else max(begun, ended)  # noqa: PLW2901
        if found and found[-1][1] == begun:
            begun, _ = found.pop()  # noqa: PLW2901
        if begun != ended:
            found.append((begun, ended))
    return found


def expected(office: Office, case: Case, clock: Clock) -> tuple[Any, ...]:
    return _read(clock, office.due(case, clock) if clock.status == "running" else None)


def _read(clock, due: int | None) -> tuple[Any, ...]:
    """What is compared of a clock, the engine's or the model's, when it is due then."""
    return (
        clock.cycle,
        clock.status,
        when(due),
        when(clock.breached_at),
        when(clock.ended_at),
        sorted(clock.fired),
        clock.held,
        [f"{when(begun)} - {when(ended)}" for begun, ended in stood(clock.pauses)],
    )
