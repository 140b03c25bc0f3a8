"""`decide(program, case, command, now, facts) -> events`: every rule of a procedure, applied to one command.

Run to completion: the command is one step; then `always` transitions and the case's own signals are taken until nothing
moves. Nothing here does input or output or reads a clock: the same arguments give the same events for ever. An error leaves
no trace, for nothing was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from ..clock import Instant, spoken
from ..errors import Conflict, Refused, Text
from ..model.case import Case, due_things
from ..model.event import SYSTEM, Actor, Command, Event, EventType
from ..model.identifiers import masked
from ..model.procedure import Field
from . import assigning, clocks, ladders
from .adjusting import WAYS, adjust
from .assigning import conflicted
from .attempt import Attempt, allowed, conflict, on_behalf, select
from .evolve import evolve
from .moving import move
from .program import BranchProgram, Program
from .step import Step
from .surroundings import Facts, Surroundings, called, entitled
from .values import admit, coerce, seal_off, spelled

_WORDS = Field(type="text")
"""What people write beside the fields: remarks, reasons."""

MOST_STEPS = 200
"""Steps that one command may cause by itself before it is called a loop."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that could be done with a case now, and what stands in the way."""

    action: str
    allowed: bool
    to: str | None
    requires: tuple[str, ...]
    """Inputs and fields that are still to be given."""
    optional: tuple[str, ...]
    """What may be given besides: inputs that are not required, and fields that are but have a value already."""
    inputs: Mapping[str, Field]
    why: tuple[Text, ...]


def decide(
    program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
) -> tuple[Event, ...]:
    """The events that the command causes at `now`. Values must have been admitted (see `prepare`).

    `facts` holds what is known from outside: `id` and `number` to open, `recorded` when that is not `now`, `personal`
    (commitment -> value), `quiet` when nobody is to be told, `taken_in` who takes in an old case, `before` the program that a migrated case leaves, `labels` of roles by language, and what `NeedFact` asked for. Raises Refused, Conflict or NeedFact.
    """
    return tuple(_completed(program, case, command, now, facts).events)


def advance(
    program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
) -> tuple[tuple[Event, ...], Case]:
    """`decide` and `evolve` in one: the events and the case after them."""
    run = _completed(program, case, command, now, facts)
    after = run.case
    assert after is not None
    return tuple(run.events), after


def _completed(program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]) -> _Run:
    run = _Run(program, case, command, now, facts)
    getattr(run, command.kind)()
    if command.kind != "migrate":  # which is no step of the procedure: nothing follows from it
        run.complete()
        run.relieve()
    return run


def prepare(program: Program, command: Command, salt: Callable[[], str]) -> tuple[Command, list[tuple[str, str, Any]]]:
    """The command with checked values, personal ones as references; and those as (commitment, salt, value)."""
    if command.reason is not None:
        reason = coerce("reason", _WORDS, command.reason, label=Text("原因", "reason"))
        command = replace(command, reason=reason and (masked(reason) or reason))
    if command.kind == "note":
        label = Text("备注", "remark")
        if (text := coerce("text", _WORDS, command.values["text"], label=label)) is None:
            raise Refused("field", Text("备注是空的。", "The remark is empty."))
        if (shown := masked(text)) is None:
            return replace(command, values={"text": text}), []
        reference, item = seal_off(f"{salt()}:text", text, shown)
        return replace(command, values={"text": reference}), [item]
    if not command.values or command.kind not in ("open", "act", "signal", "edit"):
        return command, []
    fields: dict[str, Field] = dict(program.procedure.fields)
    what = Text(
        f"“{program.procedure.label(program.procedure.procedure, 'zh')}”",
        f"The procedure {program.procedure.procedure!r}",
    )
    if command.kind in ("act", "signal"):
        fields |= program.inputs.get((command.kind, command.name), {})
    labels = {
        name: Text(program.procedure.label(name, "zh"), program.procedure.label(name, "en")) for name in command.values
    }
    zone = program.calendar(None).zone
    held, personal = admit(fields, command.values, salt(), labels=labels, zone=zone, what=what)
    return replace(command, values=held), personal


def available(program: Program, case: Case, actor: Actor, now: Instant, facts: Mapping[str, Any]) -> tuple[Option, ...]:
    """Every action of the present states, in the order written: allowed or not, what it needs, why not."""
    known = Facts(facts)
    see = Surroundings(program, case, now, actor, known, facts.get("personal", {}))
    options = []
    for action, branches in _actions(program, case).items():
        attempt = Attempt(program, case, see, actor, by_person=True, probing=True)
        taken = next((branch for branch in branches if attempt.consider(branch)), None)
        inputs: dict[str, Field] = {}
        for branch in branches:
            inputs |= branch.branch.input
        missing = attempt.missing if taken is not None else ()
        asked = dict.fromkeys((*taken.require, *inputs) if taken is not None else ())
        options.append(
            Option(
                action,
                taken is not None,
                taken.target.name if taken is not None and taken.target is not None else None,
                missing,
                tuple(name for name in asked if name not in missing),
                inputs,
                () if taken is not None else tuple(dict.fromkeys(item.text for item in attempt.obstacles)),
            )
        )
    return tuple(options)


def refusal(case: Case, command: Command, refused: Refused, now: Instant, recorded: Instant) -> Event:
    """The event that records that somebody tried what they may not, or came too late."""
    data = {"kind": command.kind, "code": refused.code, "text": {"zh": refused.text.zh, "en": refused.text.en}}
    return Event(case.id, case.seq + 1, "refused", command.name, command.actor.id, now, recorded, data)


def meant(program: Program, typed: str) -> tuple[str, ...]:
    """The actions that somebody probably meant who typed this: like a name, or the very label."""
    label, names = program.procedure.label, list(program.actions)
    called = [name for name in names if typed in (label(name, "zh"), label(name, "en"))]
    return tuple(called or get_close_matches(typed, names, 3))


def _actions(program: Program, case: Case) -> dict[str, list[BranchProgram]]:
    if case.finished:
        return {"reopen": list(program.reopen)} if program.reopen else {}
    found = program.triggers_of(case.states)
    return {trigger[4:]: branches for trigger, branches in found.items() if trigger.startswith("act:")}


class _Run:
    """One command on its way to completion: the events so far and the case after them."""

    def __init__(
        self, program: Program, case: Case | None, command: Command, now: Instant, facts: Mapping[str, Any]
    ) -> None:
        self.program = program
        self._case = case
        self._ahead: list[Event] = []
        self.command = command
        self.now = now
        self.given = facts
        self.recorded: Instant = facts.get("recorded", now)
        self.personal: Mapping[str, Any] = facts.get("personal", {})
        self.events: list[Event] = []
        self.raised: list[str] = []
        self.asked: Mapping[str, Field] = {}
        """The fields that the action or signal asks for."""

    @property
    def case(self) -> Case | None:
        """The case after the events so far; they are folded in when somebody looks."""
        for event in self._ahead:
            self._case = evolve(self._case, event)
        self._ahead.clear()
        return self._case

    # -- commands

    def open(self) -> None:
        command, procedure = self.command, self.program.procedure
        if self.case is not None:
            raise Conflict(Text(f"{self.case.number} 已经存在。", f"{self.case.number} exists already."))
        if not allowed(procedure.open_by, command.actor, None):
            who = [entitled(self.given, word) for word in procedure.open_by]
            what = procedure.label(procedure.procedure, "zh"), procedure.label(procedure.procedure, "en")
            raise Refused(
                "role",
                Text(
                    f"只有{'、'.join(role.zh for role in who)}可以登记“{what[0]}”。",
                    f"Only {', '.join(role.en for role in who)} may open “{what[1]}”.",
                ),
            )
        if command.mode is not None and command.mode not in procedure.modes:
            modes = ", ".join(procedure.modes) or "—"
            raise Refused(
                "mode",
                Text(
                    f"没有“{command.mode}”这种模式；有：{modes}",
                    f"There is no mode {command.mode!r}; there are: {modes}",
                ),
            )
        fields = {name: field.default for name, field in procedure.fields.items() if field.default is not None}
        fields = {name: value if isinstance(value, bool | int) else str(value) for name, value in fields.items()}
        fields |= {name: value for name, value in command.values.items() if value is not None}
        self._require(tuple(name for name, field in procedure.fields.items() if field.required and name not in fields))
        about = {
            "number": self.given["number"], "site": command.site, "procedure": procedure.procedure,
            "version": self.program.hash, "mode": command.mode, "opener": command.actor.id,
            "customer": command.customer or (command.actor.id if command.actor.kind == "customer" else None),
            "parent": command.parent,
        }  # fmt: skip
        blank = Case(id=self.given["id"], seq=0, opened_at=self.now, changed_at=self.now, **about)
        step = self._step(blank, {})
        for name, value in fields.items():
            step.change(name, value)
        step.occurred.add("open")
        step.begin()
        self._record("opened", procedure.procedure, step, None, {"case": about})

    def act(self) -> None:
        case, command = self._present(), self.command
        name = command.name
        self.asked = self.program.inputs.get(("act", name), {})
        inputs, fields = self._sort(command.values)
        step = self._step(case, inputs)
        for field, value in fields.items():
            step.change(field, value)
        attempt = Attempt(self.program, case, step.see, command.actor, by_person=True, inputs=inputs)
        if case.finished and name == "reopen" and self.program.reopen:
            step.reopening = True
            step.leaves = ()
            taken = [(branch, "") for branch in self.program.reopen if attempt.consider(branch)][:1]
        else:
            taken = select(self.program, case.states, f"act:{name}", attempt)
        if not taken:
            raise self._refused(attempt, name)
        behalf = False
        before = self._before(case, inputs)
        for branch, _ in taken:
            behalf = behalf or on_behalf(branch, command.actor, case)
            self._default(step, branch)
        step.happens(name)
        if step.reopening:
            step.occurred.add("open")
            step.data["closed"] = None
            for delay in self.program.root.delays:
                step.arm(delay, self.now)
        for branch, leaf in taken:
            step.take(branch, leaf)
        extra: dict[str, Any] = {"input": dict(step.see.inputs)} if step.see.inputs else {}
        if behalf:
            extra["for"] = "customer"
        self._record("reopened" if step.reopening else "acted", name, step, before, extra)

    def signal(self) -> None:
        case, command = self._present(), self.command
        if command.name not in self.program.signals:
            raise Refused(
                "not_found",
                Text(f"没有信号“{command.name}”。", f"There is no signal {command.name!r}."),
                Text(
                    f"有：{'、'.join(self.program.signals) or '—'}",
                    f"There are: {', '.join(self.program.signals) or 'none'}",
                ),
            )
        if not self._signalled(command.name, dict(command.values), command.actor):
            where = "、".join(self.program.procedure.label(name, "zh") for name in case.states)
            raise Refused(
                "state",
                Text(
                    f"{case.number} 现在是“{where}”，不接收信号“{command.name}”。",
                    f"{case.number} is in {', '.join(case.states)}; the signal {command.name!r} is not expected there.",
                ),
            )

    def due(self) -> None:
        case = self._present()
        at, _, kind, key = min(due_things(case), default=(self.now + 1, 0, "", ""))
        if case.finished or at > self.now:
            return
        self.now = at
        if kind == "delay":
            self._elapsed(case, key)
        elif kind == "climb":
            self._climbed(case, key)
        else:
            self._reached(case, key)

    def edit(self) -> None:
        case = self._present()
        self._staff_only()
        self._impartial(case)
        step = self._step(case, {})
        for name, value in self.command.values.items():
            step.change(name, value)
        if "set" not in step.data and self.command.key is None:
            return  # with a key it is recorded: only so can it be answered, and not done, when it is sent again
        self._record("edited", "", step, self._before(case, {}))

    def assign(self) -> None:
        case, command = self._open_case(), self.command
        self._staff_only()
        self._impartial(case)
        if command.name in conflicted(self.program, case.fields, self.personal):
            raise Refused(
                "conflict",
                Text(f"{case.number} 涉及 {command.name} 本人，不能由其负责。", f"{case.number} concerns {command.name}, who cannot be responsible for it."),
                Text("请指定他人。", "Name somebody else."),
            )  # fmt: skip
        # Why somebody took over long ago is often not on record: what is taken in late needs no reason.
        named = command.reason or command.actor is SYSTEM or self.given.get("quiet")
        if case.assignee not in (None, command.name, command.actor.id) and not named:
            raise Refused(
                "reason",
                Text(f"{case.number} 现由 {case.assignee} 负责，转给他人须写明原因（--reason）。",
                     f"{case.number} is {case.assignee}'s; to give it to somebody else needs a reason (--reason)."),
            )  # fmt: skip
        step = self._step(case, {})
        step.hand_to(command.name)
        step.do(self.program.on_assign)
        self._record("assigned", command.name, step, self._before(case, {}))

    def clock(self) -> None:
        case, command = self._open_case(), self.command
        self._staff_only()
        self._impartial(case)
        label, way = self.program.procedure.label, command.values["way"]
        definition = self.program.clock_by_name.get(command.name)
        if definition is None or way not in WAYS:
            known = list(WAYS if definition is not None else self.program.clock_by_name)
            raise Refused(
                "not_found",
                Text(f"没有时限“{command.name}”。", f"There is no clock {command.name!r}.") if definition is None
                else Text(f"时限不能“{way}”。", f"There is no way to {way!r} a clock."),
                Text(f"有：{'、'.join(known) or '—'}", f"There are: {', '.join(known) or 'none'}"), known=known,
            )  # fmt: skip
        if not command.reason:
            raise Refused("reason", Text("人工改动时限须写明原因（--reason）。", "To change a clock by hand needs a reason (--reason)."))  # fmt: skip
        step = self._step(case, {})
        adjust(step, definition, way, Text(label(command.name, "zh"), label(command.name, "en")))
        self._record("adjusted", f"{command.name}.{way}", step, self._before(case, {}))

    def ack(self) -> None:
        """Whoever was told of an escalation acknowledges it: of every ladder of the case on which he was told."""
        case, actor = self._open_case(), self.command.actor
        self._impartial(case)
        keys = ladders.told_to(case, actor)
        if not keys:
            raise self._nothing_to_acknowledge(case)
        step = self._step(case, {})
        before = self._before(case, {})
        ladders.acknowledge(step, keys)
        self._record("acknowledged", "", step, before)

    def migrate(self) -> None:
        """Bring the case under this program; `facts["before"]` is the program that it leaves."""
        case = self._open_case()
        self._staff_only()
        if case.version == self.program.hash:
            return
        self._reasoned(
            Text(
                "工单改按另一个版本办理须写明原因（--reason）。",
                "To bring a case under another version needs a reason (--reason).",
            )
        )
        step = self._step(case, {})
        move(step, self.given["before"], self.command.values)
        self._record("migrated", "", step, None, quiet=True)

    def note(self) -> None:
        case = self._present()
        self._record("noted", "", self._step(case, {}), None, {"text": self.command.values["text"]}, quiet=True)

    def attach(self) -> None:
        case = self._present()
        self._record(
            "attached", self.command.name, self._step(case, {}), None, {"file": dict(self.command.values)}, quiet=True
        )

    def reveal(self) -> None:
        self._staff_only()
        self._impartial(self._present())
        self._reasoned(
            Text("查看完整的个人信息须写明原因（--reason）。", "To look at personal data needs a reason (--reason).")
        )
        self._record("revealed", "", self._step(self._present(), {}), None, quiet=True)

    def forget(self) -> None:
        """Destroy what is personal in the case; what promises still bind us is done first."""
        case = self._present()
        self._staff_only()
        self._impartial(case)
        self._reasoned(
            Text("销毁个人信息须写明原因（--reason）。", "To destroy personal data needs a reason (--reason).")
        )
        if not case.finished:
            raise Refused(
                "state",
                Text(f"{case.number} 还没有办结，个人信息还用得着。", f"{case.number} is not closed: its personal data is still needed."),
                Text("先办结。", "Close it first."),
                case=case.number,
            )  # fmt: skip
        self._record("forgotten", "", self._step(case, {}), None, quiet=True)

    def _reasoned(self, text: Text) -> None:
        if not self.command.reason:
            raise Refused("reason", text)

    def link(self) -> None:
        case = self._present()
        other = self.command.values["case"]
        known = next((name for name, child in case.children.items() if child == other), self.command.name)
        link = {"name": known, "case": other}
        self._record("linked", known, self._step(case, {}), self._before(case, {}), {"link": link})

    # -- to completion

    def complete(self) -> None:
        """`always` transitions, then own signals in the order raised, until nothing moves."""
        if not self.raised and "always" not in self.program.machine.events:
            return
        for _ in range(MOST_STEPS):
            case = self.case
            if case is None or case.finished or not self.events:
                return
            if self._moved(case):
                continue
            if not self.raised:
                return
            self._signalled(self.raised.pop(0), {}, SYSTEM)
        names = " -> ".join(dict.fromkeys(event.name for event in self.events[-8:] if event.name))
        raise Refused(
            "loop",
            Text(f"流程在这里转圈，停不下来：{names}", f"The procedure goes round in a circle here: {names}"),
            Text("检查这些状态的 always 和 emit。", "Look at `always` and `emit` of these states."),
        )

    def relieve(self) -> None:
        """Where whoever is responsible has come to have a conflict of interest, somebody else takes over."""
        if not self.program.procedure.conflicts or not self.events:
            return
        case = self._present()
        barred = conflicted(self.program, case.fields, self.personal)
        if case.finished or case.assignee is None or case.assignee not in barred:
            return
        step, before = self._step(case, {}, SYSTEM), self._before(case, {})
        assigning.relieve(step, case.assignee)
        if step.assignee is not None:
            step.do(self.program.on_assign)
        self._record("assigned", step.assignee or "", step, before, {"conflict": True}, actor=SYSTEM)
        self.complete()

    def _moved(self, case: Case) -> bool:
        if "always" not in self.program.machine.events:
            return False
        step = self._step(case, {}, SYSTEM)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, "always", attempt)
        if not taken:
            return False
        before = self._before(case, {})
        for branch, leaf in taken:
            step.take(branch, leaf)
        if not step.data:
            return False
        self._record("moved", taken[0][0].owner.name, step, before, actor=SYSTEM)
        return True

    def _signalled(self, name: str, inputs: dict[str, Any], actor: Actor) -> bool:
        case = self._present()
        if case.finished:
            return False
        self.asked = self.program.inputs.get(("signal", name), {})
        step = self._step(case, inputs, actor)
        attempt = Attempt(self.program, case, step.see, actor, by_person=False, inputs=inputs)
        taken = select(self.program, case.states, f"signal:{name}", attempt)
        if not taken and name not in self.program.heard:
            return False
        before = self._before(case, inputs)
        for branch, _ in taken:
            self._default(step, branch)
        step.happens(name)
        for branch, leaf in taken:
            step.take(branch, leaf)
        self._record("signalled", name, step, before, {"input": inputs} if inputs else {}, actor=actor)
        return True

    def _elapsed(self, case: Case, key: str) -> None:
        armed = case.delays[key]
        step = self._step(case, {}, SYSTEM)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, f"delay:{key}", attempt)
        step.data["delays"] = {key: None}
        before = self._before(case, {})
        step.happens(armed.name)
        for branch, leaf in taken:
            step.take(branch, leaf)
        definition = next(item for item in self.program.node(armed.state).delays if item.key == key)
        if definition.delay.every is not None and armed.state not in step.data.get("exited", ()):
            step.arm(definition, armed.due, again=True)
        self._record("elapsed", key, step, before, actor=SYSTEM)

    def _climbed(self, case: Case, key: str) -> None:
        step = self._step(case, {}, SYSTEM)
        before = self._before(case, {})
        ladders.climb(step, key)
        alarmed = step.climbs[key].alarmed_at is not None
        self._record("alarmed" if alarmed else "climbed", key, step, before, actor=SYSTEM)

    def _reached(self, case: Case, key: str) -> None:
        name, _, threshold = key.partition(".")
        step = self._step(case, {}, SYSTEM)
        step.clock = name
        fired = clocks.fire(case.clocks[name], threshold, self.now)
        breaches = fired.breached_at is not None and case.clocks[name].breached_at is None
        step.put(fired)
        before = self._before(case, {})
        # Effects and guards see the clock as it is once the threshold is reached.
        step.see.case = case.changed(clocks=step.clocks)
        attempt = Attempt(self.program, case, step.see, SYSTEM, by_person=False)
        taken = select(self.program, case.states, f"breach:{name}", attempt) if breaches else []
        step.do(self.program.clock_by_name[name].by_name[threshold].effects)
        for branch, leaf in taken:
            step.take(branch, leaf)
        self._record("reached", key, step, before, actor=SYSTEM)

    # -- pieces

    def _present(self) -> Case:
        case = self.case
        assert case is not None
        return case

    def _open_case(self) -> Case:
        case = self._present()
        if case.finished:
            raise Refused("state", Text(f"{case.number} 已经办结。", f"{case.number} is closed already."))
        return case

    def _staff_only(self) -> None:
        if self.command.actor.kind == "customer":
            raise Refused("role", Text("这一步只能由工作人员办理。", "Only staff may do this."))

    def _impartial(self, case: Case) -> None:
        actor = self.command.actor
        if actor.kind == "staff" and actor.id in conflicted(self.program, case.fields, self.personal):
            raise Refused("conflict", conflict(case), case=case.number)

    def _step(self, case: Case, inputs: Mapping[str, Any], actor: Actor | None = None) -> Step:
        return Step(
            self.program,
            case,
            self.now,
            actor or self.command.actor,
            Facts(self.given),
            self.personal,
            inputs,
            self.asked,
        )

    def _before(self, case: Case, inputs: Mapping[str, Any]) -> Surroundings | None:
        """What expressions saw ahead of the step; None where no clock begins as one becomes true."""
        if not self.program.rises:
            return None
        return Surroundings(
            self.program, case, self.now, self.command.actor, Facts(self.given), self.personal, inputs, asked=self.asked
        )

    def _sort(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Values of an action: those that it asks for, and fields of the case."""
        if not values:
            return {}, {}
        wanted = self.asked
        inputs = {name: value for name, value in values.items() if name in wanted}
        return inputs, {name: value for name, value in values.items() if name not in wanted}

    def _default(self, step: Step, branch: BranchProgram) -> None:
        absent = {name: value for name, value in branch.defaults.items() if step.see.inputs.get(name) is None}
        if absent:
            step.see.inputs = {**step.see.inputs, **absent}

    def _require(self, missing: tuple[str, ...]) -> None:
        if not missing:
            return
        names = [spelled(called(self.program, name), name) for name in missing]
        raise Refused(
            "field",
            Text(
                "还须填写：" + "、".join(name.zh for name in names),
                "Still needed: " + ", ".join(name.en for name in names),
            ),
            missing=list(missing),
        )

    def _nothing_to_acknowledge(self, case: Case) -> Refused:
        going = [climb for climb in case.climbs.values() if climb.open]
        if not going:
            zone, hint = self.program.calendar(None).zone, None
            for climb in case.climbs.values():
                if climb.ended_by is not None and climb.ended_at is not None:
                    at = spoken(climb.ended_at, zone)
                    hint = Text(f"{climb.ended_by} 已于 {at} 确认。", f"{climb.ended_by} acknowledged it at {at}.")
            none = Text(f"{case.number} 没有待确认的升级。", f"{case.number} has no escalation to acknowledge.")
            return Refused("state", none, hint)
        people = [who.removeprefix("staff:") for climb in going for who in climb.people]
        return Refused(
            "role",
            Text("只有收到升级通知的人可以确认。", "Only somebody who was told of the escalation may acknowledge it."),
            Text(f"已通知：{'、'.join(people) or '还没有人'}", f"Told so far: {', '.join(people) or 'nobody yet'}"),
            told=people,
        )  # fmt: skip

    def _refused(self, attempt: Attempt, action: str) -> Refused:
        case = self._present()
        options = available(self.program, case, self.command.actor, self.now, self.given)
        possible = tuple(option.action for option in options if option.allowed)
        if attempt.obstacles:
            return attempt.refusal(action, possible)
        hint = attempt.choice(possible)
        if action not in self.program.actions:
            near = meant(self.program, action)
            if near:
                asked = attempt.all(near)
                hint = Text(f"是不是：{asked.zh}？\n{hint.zh}", f"Did you mean {asked.en}?\n{hint.en}")
            return Refused(
                "not_found", Text(f"没有“{action}”这个操作。", f"There is no action {action!r}."), hint,
                action=action, known=list(self.program.actions), possible=list(possible),
            )  # fmt: skip
        states, what = [attempt.one(name) for name in case.states], attempt.one(action)
        return Refused(
            "state",
            Text(
                f"{case.number} 现在是“{'、'.join(state.zh for state in states)}”，不能“{what.zh}”。",
                f"{case.number} is in “{', '.join(state.en for state in states)}”; “{what.en}” is not possible there.",
            ),
            hint,
            case=case.number, action=action, possible=list(possible), states=list(case.states),
        )  # fmt: skip

    def _record(
        self, type: EventType, name: str, step: Step, before: Surroundings | None, extra: Mapping[str, Any] | None = None,
        *, actor: Actor | None = None, quiet: bool = False,
    ) -> None:  # fmt: skip
        if self.command.reason and not self.events:
            step.data["reason"] = self.command.reason
        data = step.data if quiet else step.settle(before)
        if self.given.get("quiet"):
            data["quiet"] = True
        if (by := self.given.get("taken_in")) is not None:
            data["taken_in"] = by
        event = Event(
            step.case.id, step.case.seq + 1, type, name, (actor or self.command.actor).id, self.now, self.recorded,
            {**(extra or {}), **data},
        )  # fmt: skip
        self._ahead.append(event)
        self.events.append(event)
        self.raised.extend(step.raised)
