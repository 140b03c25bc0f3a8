"""What holds after each step of a way, read from the case's own history: the expectations of a story."""

from __future__ import annotations

from typing import Any

from ...model.case import Case, Climb
from ...model.event import Event, is_personal, openings
from ...model.stories import Moment, Opening, Story
from ..stories import Telling
from .exploring import Way
from .offers import Plain


class Holding:
    """Tells a way, and after each step says what has come of it."""

    def __init__(self, telling: Telling, start: str) -> None:
        self.telling, self.start = telling, start
        self.seen = 0
        self.before: Case | None = None

    def told(self, way: Way) -> list[Plain]:
        """The steps of the way, each with what holds after it. GuanjiaError or Differs where it cannot be gone."""
        opening = Opening.model_validate(way.opening)
        self.telling.begin(
            Story(story="-", at=self.start, open=opening, steps=(Moment.model_validate({"until": self.start}),))
        )
        steps = self._then(way.opening)
        for step in way.steps:
            self.telling.tell(Moment.model_validate(step))
            steps += [step, *self._then(step)]
        return steps or [{"then": {"closed": self.telling.case.finished}}]

    def _then(self, step: Plain) -> list[Plain]:
        case = self.telling.case
        events = self.telling.engine.history(case.id)
        new, self.seen = events[self.seen :], len(events)
        then = self._holds(case, new, set(step.get("with", ()))) if "refused" not in step else {}
        self.before = case
        return [{"then": then}] if then else []

    def _holds(self, case: Case, events: tuple[Event, ...], given: set[str]) -> Plain:
        before, then = self.before, dict[str, Any]()
        if before is None or before.states != case.states:
            then["state"] = case.states[0] if len(case.states) == 1 else list(case.states)
        if case.finished and (before is None or not before.finished):
            then |= {"closed": True, "outcome": case.outcome}
        if case.assignee is not None and (before is None or before.assignee != case.assignee):
            then["assignee"] = case.assignee
        if clocks := self._clocks(case):
            then["clocks"] = clocks
        if ladders := {
            key: _height(climb)
            for key, climb in case.climbs.items()
            if before is None or before.climbs.get(key) != climb
        }:
            then["ladders"] = ladders
        if notified := self._notified(case, events):
            then["notified"] = notified
        if fields := self._fields(case, events, given):
            then["fields"] = fields
        if children := {
            name: child["procedure"]
            for event in events
            for name, _, customer, child in openings(event.data)
            if customer is None and name in case.children
        }:
            then["children"] = children
        return then

    def _clocks(self, case: Case) -> Plain:
        """When a clock that has begun is due, and how one that has changed stands."""
        found: Plain = {}
        for name, clock in case.clocks.items():
            was = None if self.before is None else self.before.clocks.get(name)
            if clock.breached_at is not None and (was is None or was.breached_at is None):
                found[name] = "breached"
            elif was is None and clock.status == "running" and clock.due is not None:
                found[name] = {"due": self.telling.wall(clock.due)}
            elif was is None or was.status != clock.status:
                found[name] = clock.status
        return found

    def _notified(self, case: Case, events: tuple[Event, ...]) -> list[Plain]:
        told: dict[tuple[str, str], None] = {}
        for event in events:
            for notice in event.data.get("notify", ()):
                for to in notice["to"]:
                    who = to.removeprefix("staff:")
                    told[notice["template"], "assignee" if who == case.assignee else who] = None
        return [{template: to} for template, to in told]

    def _fields(self, case: Case, events: tuple[Event, ...], given: set[str]) -> Plain:
        """What the rules set by themselves."""
        fields = self.telling.engine.program(case).procedure.fields
        names = {name for event in events for name in event.data.get("set", ())} - given
        if self.before is None:
            names -= {
                name
                for name, field in fields.items()
                if field.default is not None and str(field.default) == str(case.fields.get(name))
            }
        return {
            name: self.telling.held(case, name)
            for name in fields
            if name in names
            and not is_personal(case.fields.get(name))
            and isinstance(case.fields.get(name), str | int | bool)
        }


def _height(climb: Climb) -> int | str:
    if climb.open:
        return "alarmed" if climb.alarmed_at is not None else climb.level
    return climb.status
