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
from ..core import compile
from ..core.adjusting import WAYS
from ..core.surroundings import is_in
from ..errors import GuanjiaError, Refused, Text
from ..language import Document, OfficeFiles
from ..language.stories import read_stories, read_stories_text
from ..model.case import Case, latest_climb
from ..model.event import SYSTEM, Actor, Command
from ..model.stories import Moment, Opening, Story, Then
from ..people.organisation import Organisation
from ..runtime.engine import Engine
from ..store.memory import MemoryStore
from .coverage import Watch, Watches


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


class Differs(Exception):
    """Something is not as the story says, or cannot be."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def run_stories(
    folder: str | Path, names: Sequence[str] = (), *, watches: Watches | None = None
) -> Iterator[StoryResult]:
    """Run the stories of the procedures named (of all, when none is), and let `watches` listen. Invalid when a file cannot be
    read."""
    files = OfficeFiles(folder, still=True) if watches is None else watches.files
    organisation = Organisation.from_plain(files.organisation(), files.office().language)
    for procedure in names or files.procedures():
        watch = None if watches is None else watches.on(procedure)
        path = files.stories(procedure)
        if path is None:
            continue
        stories, document = read_stories(path)
        for number, story in enumerate(stories.stories):
            yield _run(files, organisation, procedure, story, _Place(document, number), watch)


def told_as_written(
    files: OfficeFiles, organisation: Organisation, procedure: str, text: str, watch: Watch | None = None
) -> Iterator[StoryResult]:  # fmt: skip
    """Run the stories that stand in this text of a story file."""
    stories, document = read_stories_text(text, "stories.yaml")
    for number, story in enumerate(stories.stories):
        yield _run(files, organisation, procedure, story, _Place(document, number), watch)


def rehearsal(
    files: OfficeFiles, organisation: Organisation, procedure: str, name: str, watch: Watch | None = None
) -> Telling:  # fmt: skip
    """An engine over a store in memory on which the story of this name can be told; what is drawn by lot follows from the name."""
    clock = ManualClock()
    engine = Engine(
        MemoryStore(), files=files, organisation=organisation, clock=clock, channels={"file": Recorder("file")},
        entropy=Random(name).randbytes, compiler=compile if watch is None else watch.compiler, rehearsal=True,
    )  # fmt: skip
    return Telling(engine, clock, procedure)


def _run(
    files: OfficeFiles, organisation: Organisation, procedure: str, story: Story, place: _Place, watch: Watch | None = None
) -> StoryResult:  # fmt: skip
    telling = rehearsal(files, organisation, procedure, story.story, watch)
    step: tuple[Any, ...] = ("open",)
    try:
        telling.begin(story)
        for number, item in enumerate(story.steps):
            step = ("steps", number)
            telling.tell(item)
    except Differs as differs:
        return StoryResult(procedure, story.story, False, place.of(step), differs.text)
    except GuanjiaError as error:
        return StoryResult(procedure, story.story, False, place.of(step), error.text)
    finally:
        if watch is not None:
            watch.heard(telling.engine)
        telling.engine.close()
    return StoryResult(procedure, story.story, True)


class Telling:
    """Lets one story happen: its case is `case_id` of the engine, and the clock is moved by it."""

    def __init__(self, engine: Engine, clock: ManualClock, procedure: str) -> None:
        self.engine = engine
        self.clock = clock
        self.procedure = procedure
        self.case_id = ""
        self.others: dict[str, str] = {}
        """Other cases of the story: name -> id."""
        self.customer = "customer"
        self.heard: dict[str, int] = {}
        """By case: events before this number were heard by an earlier `then`."""
        self.most: int | None = None
        """Rounds of the worker that one wait may take; None for as many as it needs."""

    @property
    def case(self) -> Case:
        return self.engine.case(self.case_id)

    def begin(self, story: Story) -> None:
        self.clock.set(self.instant(story.at))
        for id, resident in story.residents.items():
            given: dict[str, Any] = {"name": resident.name or id, "language": resident.language or ""}
            given |= {
                "phones": [resident.phone] if resident.phone else [],
                "mails": [resident.mail] if resident.mail else [],
            }
            rooms = [{"room": room, "relation": resident.relation} for room in resident.room]
            self.engine.customers.add(id, actor=SYSTEM, rooms=rooms, **given)
        self.open(story.at, story.open)

    def open(self, at: str, opening: Opening) -> None:
        self.clock.set(self.instant(at))
        self.customer = opening.customer or self.customer
        command = Command(
            "open",
            self.procedure,
            values=_values(opening.with_),
            actor=self.who(opening.by),
            mode=opening.mode,
            customer=self.customer,
        )
        self.case_id = self.others["case"] = self.engine.execute(command).case.id

    def _other(self, name: str) -> str:
        """Another case of the story, or a child of the story's own case: of a household by its resident, else by the name under which it was opened."""
        children = self.engine.case(self.others["case"]).children if "case" in self.others else {}
        ours = (id for child, id in children.items() if child == name or child.endswith(f":{name}"))
        found = next(ours, None) or self.others.get(name)
        if found is None:
            raise Differs(Text(f"这里没有叫“{name}”的另一个工单", f"there is no other case called {name!r} here"))
        return found

    def tell(self, item: Moment) -> None:
        if item.in_ is not None:
            own, self.case_id = self.case_id, self._other(item.in_)
            try:
                self._tell(item)
            finally:
                self.case_id = own
        else:
            self._tell(item)

    def _tell(self, item: Moment) -> None:
        if item.then is not None:
            self._holds(item.then)
        elif item.also is not None:
            self.others[item.also] = self.engine.execute(self.command(item)).case.id
        elif item.after is not None or item.until is not None:
            self.wait(self.later(item.after) if item.after is not None else self.instant(item.until or ""))
        elif item.refused is None:
            self.engine.execute(self.command(item))
        else:
            try:
                self.engine.execute(self.command(item))
            except Refused as refused:
                if refused.code != item.refused:
                    raise Differs(
                        Text(f"应以 {item.refused} 被拒绝，实际是 {refused.code}：{refused.text.zh}",
                             f"should be refused for {item.refused}, was for {refused.code}: {refused.text.en}")
                    ) from None  # fmt: skip
                return
            raise Differs(
                Text(f"应被拒绝（{item.refused}），却通过了", f"should be refused ({item.refused}) but was not")
            )

    def command(self, item: Moment) -> Command:
        values = _values(item.with_)
        if item.when is not None:
            return Command("act", item.when, self.case_id, values, self.who(item.by or "assignee"))
        if item.signal is not None:
            return Command("signal", item.signal, self.case_id, values, SYSTEM)
        if item.assign is not None:
            who = self.who(item.by or "system")
            return Command("assign", self.who(item.assign).id, self.case_id, {}, who, reason="story")
        if item.also is not None:
            return Command("open", item.procedure or self.procedure, values=values, actor=self.who(item.by or "customer"),
                           customer=item.customer or f"{self.customer}.{item.also}", mode=self.case.mode)  # fmt: skip
        if item.merge is not None:
            who = self.who(item.by or "assignee")
            return Command("merge", self._other(item.merge), self.case_id, {}, who, reason="story")
        if item.below is not None:
            values = {"case": self._other(item.below), "way": "child"}
            return Command("link", "", self.case_id, values, self.who(item.by or "assignee"))
        if item.ack is not None:
            return Command("ack", "", self.case_id, {}, self.who(item.ack))
        for way in WAYS:
            if (clock := getattr(item, way)) is not None:
                who = self.who(item.by or "system")
                return Command("clock", clock, self.case_id, {"way": way}, who, reason="story")
        return Command("edit", "", self.case_id, _values(item.edit or {}), self.who(item.by or "system"))

    def who(self, word: str) -> Actor:
        organisation = self.engine.organisation
        if word == "system":
            return SYSTEM
        if word == "customer":
            return Actor((self.case.customer if self.case_id else None) or self.customer, (), "customer")
        if word in ("assignee", "opener", "previous"):
            who = getattr(self.case, word)
            if who is None:
                raise Differs(Text(f"此时没有 {word}", f"there is no {word} here"))
            return organisation.actor(who)
        people = organisation.resolve(word, self.clock.now()) if ":" in word else organisation.resolve(word)
        return organisation.actor(people[0] if people else word)

    # -- time

    def instant(self, text: str) -> Instant:
        try:
            return from_iso(text, self.engine.zone)
        except ValueError:
            raise Differs(
                Text(f"“{text}”不是时间，写成 2026-03-02 09:00", f"{text!r} is no time; write 2026-03-02 09:00")
            ) from None

    def later(self, text: str) -> Instant:
        try:
            amount = parse_amount(text)
        except AmountError as error:
            raise Differs(error.text) from None
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

    def wait(self, until: Instant) -> None:
        if until < self.clock.now():
            raise Differs(Text("时间不能倒流", "time does not go backwards"))
        rounds = 0
        while (wake := self.engine.store.next_wake()) is not None and wake <= until:
            rounds += 1
            if self.most is not None and rounds > self.most:
                raise Differs(Text(f"到那时有 {self.most} 件以上的事到期，请少过一些时间", f"more than {self.most} things fall due until then; let less time pass"))  # fmt: skip
            self.clock.set(max(wake, self.clock.now()))
            work = self.engine.run_once(owner="story")
            if work.problems:
                raise Differs(Text(work.problems[0], work.problems[0]))
            if not (work.fired or work.applied or work.delivered or work.failed):
                break
        self.clock.set(until)

    def wall(self, at: Instant) -> str:
        """An instant as stories write it."""
        return iso(at, self.engine.zone)[:16].replace("T", " ")

    # -- what must be true

    def _holds(self, then: Then) -> None:
        case = self.case
        program = self.engine.program(case)
        shown = ", ".join(case.states)
        for state in then.state:
            if state not in program.nodes:
                raise Differs(Text(f"没有状态 {state}", f"there is no state {state}"))
            if not is_in(program, case.states, state):
                raise Differs(Text(f"状态应为 {state}，实际是 {shown}", f"state should be {state}, is {shown}"))
        for state in then.not_state:
            if is_in(program, case.states, state):
                raise Differs(Text(f"不应处于 {state}", f"should not be in {state}"))
        for name, wanted in then.clocks.items():
            self._clock(case, name, wanted)
        for name, level in then.ladders.items():
            self._ladder(case, name, level)
        for name, value in then.fields.items():
            held = self.held(case, name)
            if str(held) != str(value):
                raise Differs(Text(f"{name} 应为 {value}，实际是 {held}", f"{name} should be {value}, is {held}"))
        if (
            then.assignee is not None
            and case.assignee != then.assignee
            and case.assignee not in self.engine.organisation.members(then.assignee)
        ):
            raise Differs(
                Text(
                    f"责任人应为 {then.assignee}，实际是 {case.assignee}",
                    f"assignee should be {then.assignee}, is {case.assignee}",
                )
            )
        if then.closed is not None and case.finished != then.closed:
            raise Differs(
                Text(
                    f"应{'已' if then.closed else '未'}办结，状态是 {shown}",
                    f"should be {'closed' if then.closed else 'open'}, is in {shown}",
                )
            )
        if then.outcome is not None and case.outcome != then.outcome:
            raise Differs(
                Text(
                    f"结果应为 {then.outcome}，实际是 {case.outcome}",
                    f"outcome should be {then.outcome}, is {case.outcome}",
                )
            )
        for name, procedure in then.children.items():
            child = self.engine.store.columns(case.children.get(name, ""))
            if child is None or child.procedure != procedure:
                raise Differs(
                    Text(f"应有子工单 {name}（{procedure}）", f"there should be a child {name} ({procedure})")
                )
        self._told(then)
        own = self.case_id
        for name, holds in then.others.items():
            self.case_id = self._other(name)
            self._holds(holds)
        self.case_id = own

    def held(self, case: Case, name: str) -> Any:
        held, field = case.fields.get(name), self.engine.program(case).procedure.fields.get(name)
        return self.wall(held) if field is not None and field.type == "instant" and held is not None else held

    def _clock(self, case: Case, name: str, wanted: str | dict[str, Any]) -> None:
        clock = case.clocks.get(name)
        actual = "none" if clock is None else clock.status
        if isinstance(wanted, dict):
            due = "none" if clock is None or clock.due is None else self.wall(clock.due)
            if due != str(wanted.get("due")):
                raise Differs(
                    Text(
                        f"时钟 {name} 应到期于 {wanted.get('due')}，实际是 {due}",
                        f"clock {name} should be due {wanted.get('due')}, is {due}",
                    )
                )
            return
        breached = wanted == "breached" and clock is not None and clock.breached_at is not None
        if actual != wanted and not breached:
            raise Differs(
                Text(f"时钟 {name} 应为 {wanted}，实际是 {actual}", f"clock {name} should be {wanted}, is {actual}")
            )

    def _ladder(self, case: Case, name: str, wanted: int | str) -> None:
        climb = case.climbs.get(name) or latest_climb(case, name)
        level, status = (0, "none") if climb is None else (climb.level, climb.status)
        if climb is not None and climb.open and climb.alarmed_at is not None:
            status = "alarmed"
        actual: int | str = level if isinstance(wanted, int) else status
        if actual != wanted:
            raise Differs(
                Text(
                    f"升级 {name} 应为 {wanted}，实际是 {level}（{status}）",
                    f"ladder {name} should be {wanted}, is {level} ({status})",
                )
            )

    def _told(self, then: Then) -> None:
        events = self.engine.history(self.case_id)
        notices = [
            (notice["template"], to, event.occurred_at)
            for event in events[self.heard.get(self.case_id, 0) :]
            for notice in event.data.get("notify", ())
            for to in notice["to"]
        ]
        self.heard[self.case_id] = len(events)
        sent = "、".join(f"{template} → {to}" for template, to, _ in notices) or "—"
        for item in then.notified:
            for template, recipient in item.items() if isinstance(item, dict) else [(item, None)]:
                for one in recipient if isinstance(recipient, list | tuple) else [recipient]:
                    if not any(name == template and self._is(to, one, at) for name, to, at in notices):
                        raise Differs(
                            Text(
                                f"应已通知 {template} → {one or '任何人'}；实际：{sent}",
                                f"{template} should have gone to {one or 'somebody'}; sent: {sent}",
                            )
                        )
        for template in then.not_notified:
            if any(name == template for name, _, _ in notices):
                raise Differs(
                    Text(f"不应发出 {template}；实际：{sent}", f"{template} should not have been sent; sent: {sent}")
                )

    def _is(self, to: str, wanted: str | None, at: Instant) -> bool:
        if wanted is None or to in (wanted, f"staff:{wanted}"):
            return True
        if wanted in ("assignee", "opener", "previous"):
            return to == f"staff:{getattr(self.case, wanted)}"
        people, who = self.engine.organisation, to.removeprefix("staff:")
        asked = wanted.removeprefix("on_duty:")
        return who in people.members(asked) and (asked == wanted or people.on_duty(who, at))


def _values(given: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
