"""A case that somebody plays by hand: through the real funnel, over a store in memory, on a clock that is moved.

What was played is a story. So it can be told again under other rules as far as it goes, and kept as one that `guanjia test` runs.
Nothing is sent, and nothing of the office is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from ..calendars import AmountError, parse_amount
from ..channels.recorder import Recorder
from ..clock import DAY, SECOND, Instant, ManualClock, instant, moment
from ..core import Program, next_due
from ..core.allowing import allowed
from ..errors import GuanjiaError, Refused, Text
from ..language import OfficeFiles
from ..model.case import Case
from ..model.event import Actor, Event
from ..model.procedure import Procedure
from ..model.stories import Moment, Opening, Story, Then
from ..people.organisation import Organisation
from ..runtime.engine import Engine
from ..store.memory import MemoryStore
from .stories import Differs, Telling

FARTHEST = 5 * 366
"""Days that may pass in one step."""
MOST = 1000
"""Rounds of things that fall due in one step."""


@dataclass(frozen=True, slots=True)
class Script:
    """What somebody played: how the case was opened, and what happened then. `name` also seeds what is left to chance."""

    name: str
    at: str
    open: Opening
    steps: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a script no longer goes under the rules as they are: at which step, counted from 0 (-1 is the opening), and why."""

    step: int
    why: GuanjiaError


def opens(procedure: Procedure, actor: Actor) -> bool:
    """Whether somebody may open a case, by what the procedure says of it."""
    return allowed(procedure.open_by, actor, None)


class Played:
    """A script as it came true under the files of an office. Invalid where these cannot be used."""

    def __init__(self, files: OfficeFiles, procedure: str, script: Script) -> None:
        self.files, self.procedure, self.script = files, procedure, script
        self._begin()

    def _begin(self) -> None:
        """Tell the script from its opening on."""
        office = self.files.office()
        named = [name for name, how in office.channels.model_dump().items() if how not in (None, False)]
        self.clock = ManualClock()
        self.engine = Engine(
            MemoryStore(), files=self.files, organisation=Organisation.from_plain(self.files.organisation(), office.language),
            clock=self.clock, channels={name: Recorder(name) for name in named or ["file"]}, entropy=Random(self.script.name).randbytes,
            rehearsal=True,
        )  # fmt: skip
        self.telling = Telling(self.engine, self.clock, self.procedure)
        self.telling.most = MOST
        self.stop: Stop | None = None
        self.thens: list[Then | None] = []
        """What each told step changed, the opening first."""
        self._before: Instant = 0
        """Of when the last step was."""
        self._tell()
        self._before = self.now

    def close(self) -> None:
        self.engine.close()

    @property
    def begun(self) -> bool:
        return bool(self.telling.case_id)

    @property
    def case(self) -> Case:
        return self.telling.case

    @property
    def program(self) -> Program:
        return self.engine.program(self.case)

    @property
    def history(self) -> tuple[Event, ...]:
        return self.engine.history(self.telling.case_id) if self.begun else ()

    @property
    def now(self) -> Instant:
        return self.clock.now()

    # -- what happens

    def move(self, step: Moment) -> None:
        """Let one more thing happen. What was refused has not happened and is not recorded; what of the script could not be told
        any more is dropped."""
        try:
            self._happen(step)
        except GuanjiaError:
            if self.now != self._before:  # a part of the time has passed
                self.close()
                self._begin()
            raise
        told = self.script.steps if self.stop is None else self.script.steps[: max(self.stop.step, 0)]
        self.script, self.stop = replace(self.script, steps=(*told, step)), None

    def _tell(self) -> None:
        try:
            with _as_refusals():
                self.telling.open(self.script.at, self.script.open)
            self.thens.append(self._changed(None, 0))
            for step in self.script.steps:
                self._happen(step)
        except GuanjiaError as why:
            self.stop = Stop(len(self.thens) - 1, why)

    def _happen(self, step: Moment) -> None:
        before, heard, self._before = self.case, len(self.history), self.now
        with _as_refusals():
            if step.after is not None or step.until is not None:
                self._within(step)
            else:
                (outcome,) = self.engine.preview([self.telling.command(step)])
                if isinstance(outcome, GuanjiaError):
                    raise outcome
            self.telling.tell(step)
        self.thens.append(self._changed(before, heard))

    def _within(self, step: Moment) -> None:
        amount = parse_amount(step.after) if step.after is not None else None
        days = amount.value if amount is not None and amount.unit != "time" else 0
        if days <= FARTHEST:
            until = self.telling.later(step.after) if step.after is not None else self.telling.instant(step.until or "")
            if until - self.now <= FARTHEST * DAY:
                return
        raise Refused("time", Text(f"一次最多过 {FARTHEST} 天。", f"At most {FARTHEST} days may pass at once."))

    # -- what could happen next

    def next(self) -> Instant | None:
        """When time next does something, as a story can say it: the first whole second at which it is due. That messages go out
        at once is nothing that anybody waits for."""
        due, wake = next_due(self.case), self.engine.store.next_wake()
        found = [*([due] if due is not None else []), *([wake] if wake is not None and wake > self.now else [])]
        return None if not found else max(-(-min(found) // SECOND) * SECOND, self.now)

    def tomorrow(self) -> Instant:
        """When work begins after today, by the calendar of the procedure."""
        midnight = datetime.combine(moment(self.now, self.engine.zone).date() + timedelta(days=1), time())
        begun = instant(midnight.replace(tzinfo=moment(self.now, self.engine.zone).tzinfo))
        return self.program.calendar(None).next_open(begun)

    # -- as a story

    def story(self) -> Story:
        """What was played as far as it came true, with what each step changed as what must hold."""
        steps: list[Moment] = []
        for number, then in enumerate(self.thens):
            if number:
                steps.append(self.script.steps[number - 1])
            if then is not None:
                steps.append(Moment.model_validate({"then": then}))
        return Story(story=self.script.name, at=self.script.at, open=self.script.open, steps=tuple(steps))

    def wall(self, at: Instant) -> str:
        """An instant as stories write it, to the second where it needs to."""
        local = moment(at, self.engine.zone)
        return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"

    def _changed(self, before: Case | None, heard: int) -> Then | None:
        case, said = self.case, dict[str, Any]()
        if before is None or case.states != before.states:
            said["state"] = case.states
        if case.assignee is not None and (before is None or case.assignee != before.assignee):
            said["assignee"] = case.assignee
        if case.finished and (before is None or not before.finished):
            said["closed"] = True
            if case.outcome is not None:
                said["outcome"] = case.outcome
        if clocks := dict(self._clocks(before, case)):
            said["clocks"] = clocks
        if told := list(self._told(heard)):
            said["notified"] = told
        return Then(**said) if said else None

    def _clocks(self, before: Case | None, case: Case) -> Iterator[tuple[str, Any]]:
        for name, clock in case.clocks.items():
            was = before.clocks.get(name) if before is not None else None
            if was is None or (was.status, was.due, was.cycle) != (clock.status, clock.due, clock.cycle):
                running = clock.status == "running" and clock.due is not None
                yield name, {"due": self.telling.wall(clock.due)} if running and clock.due is not None else clock.status
            elif was.breached_at is None and clock.breached_at is not None:
                yield name, "breached"

    def _told(self, heard: int) -> Iterator[dict[str, Any]]:
        found: dict[str, list[str]] = {}
        for event in self.history[heard:]:
            for notice in event.data.get("notify", ()):
                told = found.setdefault(notice["template"], [])
                told += [to for it in notice["to"] if (to := it.removeprefix("staff:")) not in told]
        for template, people in found.items():
            yield {template: people[0] if len(people) == 1 else people}


@contextmanager
def _as_refusals() -> Iterator[None]:
    """What a story cannot say or do is refused, as everything else that is not possible."""
    try:
        yield
    except (Differs, AmountError) as error:
        raise Refused("time", error.text, error.hint if isinstance(error, AmountError) else None) from None
    except OverflowError:
        raise Refused("time", Text("时间太远。", "That is too far away.")) from None
