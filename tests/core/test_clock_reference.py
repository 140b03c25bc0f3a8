"""The core agrees with the minute-by-minute reference on random lives of a clock: started, paused, aimed anew, extended, reset, stopped
and opened again. The seed is the name of the test."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from guanjia.clock import MINUTE, from_iso

from tests.core.clock_reference import DAY, Part, Reference
from tests.core.plain import ZONE, Plain

FIRST = from_iso("2026-03-02T00:00", ZONE)
SEVERITIES = ("minor", "critical", "odd")

PROCEDURE = """
procedure: desk
fields:
  severity: {{type: choice, of: [minor, critical, odd], default: minor}}
  promised: {{type: instant}}
  since: {{type: instant}}
initial: new
transitions:
  touch: {{}}
  inform: {{}}
  go: {{}}
  more: {{do: [{{extend: {{it: 2h}}}}]}}
  anew: {{do: [{{extend: {{it: {{by: 9h, from: start}}}}}}]}}
  more_days: {{do: [{{extend: {{it: 1 workdays}}}}]}}
  more_nights: {{do: [{{extend: {{it: 2 days}}}}]}}
states:
  new: {{transitions: {{accept: {{to: working}}, ask: {{to: waiting}}}}}}
  working: {{transitions: {{finish: {{to: done}}, ask: {{to: waiting}}}}}}
  waiting: {{transitions: {{answer: {{to: working}}, finish: {{to: done}}}}}}
  done: {{final: true}}
reopen: {{to: working}}
sla:
  it:
    start: open
    stop: done
    pause: waiting
    reset: inform
    {resume}
    from: since
    on_change: {on_change}
    on_reopen: {on_reopen}
    target:
      - {{guard: severity == 'critical', {critical}}}
      - {{guard: severity == 'odd', {odd}}}
      - {{{minor}}}
    at: {{50%: [], due: [], due + 1h: []}}
"""
EXTENSIONS = {
    "more": ("time", 120, "due"), "anew": ("time", 540, "start"),
    "more_days": ("workdays", 1, "due"), "more_nights": ("days", 2, "due"),
}  # fmt: skip


def time_target(random: Random) -> tuple[Part, ...]:
    calendar = random.choice(("office", "office", "long", "always"))
    if random.random() < 0.3:
        head = random.randrange(1, 12) * 60
        return (Part("time", head + random.randrange(1, 20) * 60, "office", head),)
    return (Part("time", random.randrange(10, 1500), calendar),)


def any_target(random: Random, promised: int) -> tuple[Part, ...]:
    days = Part(random.choice(("days", "workdays")), random.randrange(1, 5))
    return random.choice(
        (time_target(random), (days,), (Part("instant", promised),), (time_target(random)[0], Part("instant", promised)), (days, Part("time", 2000, "always")))
    )  # fmt: skip


def written(parts: tuple[Part, ...]) -> str:
    if len(parts) > 1:
        return "earliest: [" + ", ".join("{" + written((part,)) + "}" for part in parts) + "]"
    (part,) = parts
    if part.unit == "instant":
        return "until: promised"
    calendar = f", calendar: {part.calendar}"
    if part.unit != "time":
        return f"within: {part.total} {part.unit}{calendar}"
    head = part.total if part.head is None else part.head
    return f"within: {head}m{calendar}" + ("" if part.head is None else f", then: {part.total - head}m")


class Life:
    """One random life, played to both."""

    def __init__(self, seed: int) -> None:
        random = self.random = Random(seed)
        self.now = random.randrange(3 * DAY) if random.random() < 0.8 else random.randrange(3) * DAY
        promised = self.now + random.randrange(60, 5 * DAY)
        # An extension in another unit than the target's is tried where no target changes: what it comes to depends on the target.
        self.changes = random.random() < 0.6
        make = time_target if self.changes and random.random() < 0.5 else lambda r: any_target(r, promised)
        targets = {severity: make(random) for severity in SEVERITIES}
        units = {part.unit for parts in targets.values() for part in parts}
        self.able = [name for name, (unit, _, _) in EXTENSIONS.items() if not self.changes or units == {unit}]
        latched = random.random() < 0.3
        since = self.now + random.choice((0, 0, -random.randrange(2 * DAY), random.randrange(DAY)))
        on_change = random.choice(("keep", "keep", "carry", "restart"))
        on_reopen = random.choice(("new", "resume", "closed"))
        procedure = PROCEDURE.format(
            on_change=on_change, on_reopen=on_reopen, resume="resume: go" if latched else "",
            **{severity: written(parts) for severity, parts in targets.items()},
        )  # fmt: skip
        self.since = max(since, 0)
        self.core = Plain(procedure)
        self.reference = Reference(targets, on_change, on_reopen, latched)
        self.state = "new"
        self.story = [procedure]
        self.play("open", lambda: self.core_do("open", "desk", promised=self.at(promised), since=self.at(self.since)),
                  lambda: self.reference.start(self.now, self.since, False))  # fmt: skip

    def at(self, minute: int) -> int:
        return FIRST + minute * MINUTE

    def core_do(self, kind: str, name: str = "", **values: object) -> None:
        self.core.do(self.at(self.now), kind, name, reason="because", **values)

    def play(self, what: str, core, reference) -> None:
        self.story.append(f"{self.now // DAY} {self.now % DAY // 60:02}:{self.now % 60:02} {what}")
        core()
        reference()
        self.compare()

    def pass_time(self) -> None:
        random = self.random
        for _ in range(random.choice((0, 1, random.randrange(300), random.randrange(2000), DAY - self.now % DAY))):
            self.reference.tick(self.now)
            self.now += 1
            self.reference.look(self.now)
        self.core.until(self.at(self.now))
        self.compare()

    def act(self, name: str, reference=lambda: None) -> None:
        self.play(name, lambda: self.core_do("act", name), reference)

    def go(self) -> None:
        reference, now, random = self.reference, self.now, self.random
        moves = {
            "new": (("accept", "working"), ("ask", "waiting")), "working": (("ask", "waiting"), ("finish", "done")),
            "waiting": (("answer", "working"), ("answer", "working"), ("finish", "done")), "done": (("reopen", "working"),),
        }[self.state]  # fmt: skip
        kind = random.choice(("move", "move", "aim", "aim", "extend", "hand", "inform", "go", "touch"))
        if kind == "move" or self.state == "done":
            name, self.state = random.choice(moves)
            if name == "finish":
                self.act(name, lambda: reference.stop(now))
            elif name == "reopen":
                self.act(name, lambda: reference.reopen(now, self.since))
            else:
                self.act(name, lambda: reference.enter(self.state == "waiting", now))
        elif kind == "aim" and self.changes:
            severity = random.choice(SEVERITIES)
            self.play(
                f"set {severity}", lambda: self.core_do("edit", severity=severity), lambda: reference.aim(severity, now)
            )
        elif kind == "extend" and self.able:
            name = random.choice(self.able)
            unit, count, origin = EXTENSIONS[name]
            if self.changes or not any(part.reached(now) for part in reference.parts):
                self.act(name, lambda: reference.extend(unit, count, origin, now))
        elif kind == "hand" and reference.status in ("running", "paused"):
            way = random.choice(
                ("reset", "resume" if reference.held else "pause", "resume" if reference.held else "pause")
            )
            self.play(f"hand {way}", lambda: self.core_do("clock", "it", way=way), lambda: self.by_hand(way))
        elif kind == "inform":
            self.act("inform", lambda: reference.reset(now) if reference.status in ("running", "paused") else None)
        elif kind == "go":
            self.act("go", lambda: reference.resume(now) if reference.waits_for_resume else None)
        else:
            self.act("touch")

    def by_hand(self, way: str) -> None:
        if way == "reset":
            self.reference.reset(self.now)
        else:
            self.reference.stand(self.reference.halted, way == "pause", self.now)

    def compare(self) -> None:
        assert self.core.case is not None
        clock, reference = self.core.case.clocks["it"], self.reference
        breached = None if clock.breached_at is None else (clock.breached_at - FIRST) // MINUTE
        assert (clock.status, breached) == (reference.status, reference.late), self.told()
        assert [(c.status, None if c.breached_at is None else (c.breached_at - FIRST) // MINUTE) for c in self.core.case.cycles] == reference.finished, self.told()  # fmt: skip
        if clock.status != "running":
            assert clock.due is None or clock.status != "paused", self.told()
            return
        if not any(part.reached(self.now) for part in reference.parts):
            due = min(part.due(self.now, reference.counted_from) for part in reference.parts)
            assert clock.due == self.at(due), self.told()
        else:
            assert clock.due <= self.at(self.now), self.told()
        if len(reference.parts) == 1 and reference.parts[0].unit == "time" and not self.changes:
            assert set(clock.fired) == reference.fired, self.told()

    def told(self) -> str:
        return "\n".join(self.story)


@pytest.mark.parametrize("seed", range(80))
def test_the_core_agrees_with_looking_at_every_minute(seed: int) -> None:
    life = Life(seed)
    for _ in range(14):
        life.pass_time()
        life.go()
    life.pass_time()


def test_the_reference_by_itself_is_what_a_person_would_say() -> None:
    assert Part("time", 480).due(16 * 60, 16 * 60) == DAY + 16 * 60
    assert Part("workdays", 3).due(9 * 60, 9 * 60) == 4 * DAY
    assert replace(Part("time", 150, "office", 120), used=120).due(18 * 60, 0) == 18 * 60 + 30
