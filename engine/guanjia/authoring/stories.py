"""Runs scenario stories: the real funnel over a store in memory, on a clock that is moved.

A story fails at its first step that does not hold; the result names the place in the file and the difference. Nothing is
sent anywhere and nothing of the office is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from ..calendars import AmountError, parse_amount
from ..channels.recorder import Recorder
from ..clock import Instant, ManualClock, from_iso, instant, iso, moment
from ..core.adjusting import WAYS
from ..core.surroundings import is_in
from ..errors import GuanjiaError, Refused, Text
from ..language import Document, OfficeFiles
from ..language.stories import read_stories
from ..model.case import Case, latest_climb
from ..model.event import SYSTEM, Actor, Command
from ..model.stories import Moment, Story, Then
from ..people.organisation import Organisation
from ..runtime.engine import Engine
from ..store.memory import MemoryStore


@dataclass(frozen=True, slots=True)
class StoryResult:
    """How one story went. `place` is file:line:column of the step that failed."""

    procedure: str
    name: str
    passed: bool
    place: str = ""
    message: Text | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the steps of one story stand in its file."""

    document: Document
    number: int

    def of(self, step: tuple[str | int, ...]) -> str:
        line, column = self.document.position(("stories", self.number, *step))
        return f"{self.document.root.source.file}:{line}:{column}"


class _Differs(Exception):
    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def run_stories(folder: str | Path, names: Sequence[str] = ()) -> Iterator[StoryResult]:
    """Run the stories of the procedures named (of all, when none is). Invalid when a file cannot be read."""
    files = OfficeFiles(folder, still=True)
    organisation = Organisation.from_plain(files.organisation(), files.office().language)
    for procedure in names or files.procedures():
        path = files.stories(procedure)
        if path is None:
            continue
        stories, document = read_stories(path)
        for number, story in enumerate(stories.stories):
            yield _run(files, organisation, procedure, story, _Place(document, number))


def _run(files: OfficeFiles, organisation: Organisation, procedure: str, story: Story, place: _Place) -> StoryResult:
    clock = ManualClock()
    engine = Engine(
        MemoryStore(), files=files, organisation=organisation, clock=clock, channels={"file": Recorder("file")},
        entropy=Random(story.story).randbytes,
    )  # fmt: skip
    telling = _Telling(engine, clock, procedure)
    step: tuple[Any, ...] = ("open",)
    try:
        telling.begin(story)
        for number, item in enumerate(story.steps):
            step = ("steps", number)
            telling.tell(item)
    except _Differs as differs:
        return StoryResult(procedure, story.story, False, place.of(step), differs.text)
    except GuanjiaError as error:
        return StoryResult(procedure, story.story, False, place.of(step), error.text)
    finally:
        engine.close()
    return StoryResult(procedure, story.story, True)


class _Telling:
    def __init__(self, engine: Engine, clock: ManualClock, procedure: str) -> None:
        self.engine = engine
        self.clock = clock
        self.procedure = procedure
        self.case_id = ""
        self.customer = "customer"
        self.heard = 0
        """Events before this number were heard by an earlier `then`."""

    @property
    def case(self) -> Case:
        return self.engine.case(self.case_id)

    def begin(self, story: Story) -> None:
        self.clock.set(self._instant(story.at))
        opening = story.open
        self.customer = opening.customer or self.customer
        command = Command(
            "open",
            self.procedure,
            values=_values(opening.with_),
            actor=self._who(opening.by),
            mode=opening.mode,
            customer=self.customer,
        )
        self.case_id = self.engine.execute(command).case.id

    def tell(self, item: Moment) -> None:
        if item.then is not None:
            self._holds(item.then)
        elif item.after is not None or item.until is not None:
            self._pass(self._later(item.after) if item.after is not None else self._instant(item.until or ""))
        elif item.refused is None:
            self.engine.execute(self._command(item))
        else:
            try:
                self.engine.execute(self._command(item))
            except Refused as refused:
                if refused.code != item.refused:
                    raise _Differs(
                        Text(f"应以 {item.refused} 被拒绝，实际是 {refused.code}：{refused.text.zh}",
                             f"should be refused for {item.refused}, was for {refused.code}: {refused.text.en}")
                    ) from None  # fmt: skip
                return
            raise _Differs(
                Text(f"应被拒绝（{item.refused}），却通过了", f"should be refused ({item.refused}) but was not")
            )

    def _command(self, item: Moment) -> Command:
        values = _values(item.with_)
        if item.when is not None:
            return Command("act", item.when, self.case_id, values, self._who(item.by or "assignee"))
        if item.signal is not None:
            return Command("signal", item.signal, self.case_id, values, SYSTEM)
        if item.assign is not None:
            return Command("assign", self._who(item.assign).id, self.case_id, {}, self._who(item.by or "system"))
        if item.ack is not None:
            return Command("ack", "", self.case_id, {}, self._who(item.ack))
        for way in WAYS:
            if (clock := getattr(item, way)) is not None:
                who = self._who(item.by or "system")
                return Command("clock", clock, self.case_id, {"way": way}, who, reason="story")
        return Command("edit", "", self.case_id, _values(item.edit or {}), self._who(item.by or "system"))

    def _who(self, word: str) -> Actor:
        organisation = self.engine.organisation
        if word == "system":
            return SYSTEM
        if word == "customer":
            return Actor(self.customer, (), "customer")
        if word in ("assignee", "opener", "previous"):
            who = getattr(self.case, word)
            if who is None:
                raise _Differs(Text(f"此时没有 {word}", f"there is no {word} here"))
            return organisation.actor(who)
        people = organisation.resolve(word) if word in organisation.roles else ()
        return organisation.actor(people[0] if people else word)

    # -- time

    def _instant(self, text: str) -> Instant:
        try:
            return from_iso(text, self.engine.zone)
        except ValueError:
            raise _Differs(
                Text(f"“{text}”不是时间，写成 2026-03-02 09:00", f"{text!r} is no time; write 2026-03-02 09:00")
            ) from None

    def _later(self, text: str) -> Instant:
        try:
            amount = parse_amount(text)
        except AmountError as error:
            raise _Differs(error.text) from None
        now = self.clock.now()
        if amount.unit == "time":
            return now + amount.value
        calendar = self.engine.program(self.case).calendar(None)
        at = moment(now, self.engine.zone)
        day, left = at.date(), amount.value
        while left:
            day += timedelta(days=1)
            left -= amount.unit == "days" or calendar.is_workday(day)
        return instant(datetime.combine(day, time(at.hour, at.minute, at.second), at.tzinfo))

    def _pass(self, until: Instant) -> None:
        if until < self.clock.now():
            raise _Differs(Text("时间不能倒流", "time does not go backwards"))
        while (wake := self.engine.store.next_wake()) is not None and wake <= until:
            self.clock.set(max(wake, self.clock.now()))
            work = self.engine.run_once(owner="story")
            if work.problems:
                raise _Differs(Text(work.problems[0], work.problems[0]))
            if not (work.fired or work.applied or work.delivered or work.failed):
                break
        self.clock.set(until)

    def _wall(self, at: Instant) -> str:
        """An instant as stories write it."""
        return iso(at, self.engine.zone)[:16].replace("T", " ")

    # -- what must be true

    def _holds(self, then: Then) -> None:
        case = self.case
        program = self.engine.program(case)
        shown = ", ".join(case.states)
        for state in then.state:
            if state not in program.nodes:
                raise _Differs(Text(f"没有状态 {state}", f"there is no state {state}"))
            if not is_in(program, case.states, state):
                raise _Differs(Text(f"状态应为 {state}，实际是 {shown}", f"state should be {state}, is {shown}"))
        for state in then.not_state:
            if is_in(program, case.states, state):
                raise _Differs(Text(f"不应处于 {state}", f"should not be in {state}"))
        for name, wanted in then.clocks.items():
            self._clock(case, name, wanted)
        for name, level in then.ladders.items():
            self._ladder(case, name, level)
        for name, value in then.fields.items():
            held = self._held(case, name)
            if str(held) != str(value):
                raise _Differs(Text(f"{name} 应为 {value}，实际是 {held}", f"{name} should be {value}, is {held}"))
        if (
            then.assignee is not None
            and case.assignee != then.assignee
            and case.assignee not in self._members(then.assignee)
        ):
            raise _Differs(
                Text(
                    f"责任人应为 {then.assignee}，实际是 {case.assignee}",
                    f"assignee should be {then.assignee}, is {case.assignee}",
                )
            )
        if then.closed is not None and case.finished != then.closed:
            raise _Differs(
                Text(
                    f"应{'已' if then.closed else '未'}办结，状态是 {shown}",
                    f"should be {'closed' if then.closed else 'open'}, is in {shown}",
                )
            )
        if then.outcome is not None and case.outcome != then.outcome:
            raise _Differs(
                Text(
                    f"结果应为 {then.outcome}，实际是 {case.outcome}",
                    f"outcome should be {then.outcome}, is {case.outcome}",
                )
            )
        for name, procedure in then.children.items():
            child = self.engine.store.columns(case.children.get(name, ""))
            if child is None or child.procedure != procedure:
                raise _Differs(
                    Text(f"应有子工单 {name}（{procedure}）", f"there should be a child {name} ({procedure})")
                )
        self._told(then)

    def _held(self, case: Case, name: str) -> Any:
        held, field = case.fields.get(name), self.engine.program(case).procedure.fields.get(name)
        return self._wall(held) if field is not None and field.type == "instant" and held is not None else held

    def _clock(self, case: Case, name: str, wanted: str | dict[str, Any]) -> None:
        clock = case.clocks.get(name)
        actual = "none" if clock is None else clock.status
        if isinstance(wanted, dict):
            due = "none" if clock is None or clock.due is None else self._wall(clock.due)
            if due != str(wanted.get("due")):
                raise _Differs(
                    Text(
                        f"时钟 {name} 应到期于 {wanted.get('due')}，实际是 {due}",
                        f"clock {name} should be due {wanted.get('due')}, is {due}",
                    )
                )
            return
        breached = wanted == "breached" and clock is not None and clock.breached_at is not None
        if actual != wanted and not breached:
            raise _Differs(
                Text(f"时钟 {name} 应为 {wanted}，实际是 {actual}", f"clock {name} should be {wanted}, is {actual}")
            )

    def _ladder(self, case: Case, name: str, wanted: int | str) -> None:
        climb = latest_climb(case, name)
        level, status = (0, "none") if climb is None else (climb.level, climb.status)
        if climb is not None and climb.open and climb.alarmed_at is not None:
            status = "alarmed"
        actual: int | str = level if isinstance(wanted, int) else status
        if actual != wanted:
            raise _Differs(
                Text(
                    f"升级 {name} 应为 {wanted}，实际是 {level}（{status}）",
                    f"ladder {name} should be {wanted}, is {level} ({status})",
                )
            )

    def _told(self, then: Then) -> None:
        events = self.engine.history(self.case_id)
        notices = [
            (notice["template"], to)
            for event in events[self.heard :]
            for notice in event.data.get("notify", ())
            for to in notice["to"]
        ]
        self.heard = len(events)
        sent = "、".join(f"{template} → {to}" for template, to in notices) or "—"
        for item in then.notified:
            for template, recipient in item.items() if isinstance(item, dict) else [(item, None)]:
                for one in recipient if isinstance(recipient, list | tuple) else [recipient]:
                    if not any(name == template and self._is(to, one) for name, to in notices):
                        raise _Differs(
                            Text(
                                f"应已通知 {template} → {one or '任何人'}；实际：{sent}",
                                f"{template} should have gone to {one or 'somebody'}; sent: {sent}",
                            )
                        )
        for template in then.not_notified:
            if any(name == template for name, _ in notices):
                raise _Differs(
                    Text(f"不应发出 {template}；实际：{sent}", f"{template} should not have been sent; sent: {sent}")
                )

    def _is(self, to: str, wanted: str | None) -> bool:
        if wanted is None or to in (wanted, f"staff:{wanted}"):
            return True
        if wanted in ("assignee", "opener", "previous"):
            return to == f"staff:{getattr(self.case, wanted)}"
        return to.removeprefix("staff:") in self._members(wanted)

    def _members(self, role: str) -> tuple[str, ...]:
        organisation = self.engine.organisation
        return tuple(organisation.members(role)) if role in organisation.roles else ()


def _values(given: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
