"""One case over the pure core: no files, no store, no letters; what is due is applied as the funnel applies it."""

from __future__ import annotations

from typing import Any

from guanjia.calendars import flatten
from guanjia.clock import Instant
from guanjia.core import NeedFact, advance, compile, next_due, prepare
from guanjia.language import read_procedure_text
from guanjia.model.case import Case
from guanjia.model.event import SYSTEM, Command, Event
from guanjia.model.version import Version

ZONE = "Asia/Shanghai"
CALENDARS: dict[str, Any] = {
    # Eight hours a day, and none at noon: easy to reckon with.
    "office": {"zone": ZONE, "week": {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}},
    "long": {"zone": ZONE, "week": {day: ["08:00-20:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}},
    "always": {"zone": ZONE, "always": True},
}  # fmt: skip


class Plain:
    """A case of `procedure` (YAML). Time goes forward only; `facts` answer what the core asks for."""

    def __init__(self, procedure: str, facts: dict[str, Any] | None = None) -> None:
        calendars = {name: flatten(name, CALENDARS) if name != "always" else CALENDARS[name] for name in CALENDARS}
        self.program = compile(Version(procedure=read_procedure_text(procedure, "plain.yaml"), calendars=calendars))
        self.facts = {"id": "0", "number": "P-1", **(facts or {})}
        self.case: Case | None = None
        self.events: list[Event] = []

    def until(self, now: Instant) -> None:
        """Everything due at or before `now` happens at its own instant."""
        while self.case is not None and (due := next_due(self.case)) is not None and due <= now:
            before = self.case.seq
            self._advance(Command("due", ""), due)
            assert self.case.seq > before, "what is due must be done with"

    def do(self, now: Instant, kind: str, name: str = "", reason: str | None = None, **values: Any) -> None:
        self.until(now)
        command = Command(kind, name, values=values, actor=SYSTEM, reason=reason)  # type: ignore[arg-type]
        self._advance(prepare(self.program, command, lambda: "salt")[0], now)
        self.until(now)

    def _advance(self, command: Command, now: Instant) -> None:
        while True:
            try:
                events, self.case = advance(self.program, self.case, command, now, self.facts)
                break
            except NeedFact as need:
                kind, _, name = need.key.partition(":")
                self.facts[need.key] = [f"{name}.one"] if kind == "role" else {}
        self.events += events
