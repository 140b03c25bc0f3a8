"""The kinds of command, each a function of the name of its kind: what it asks for, what refuses it, the step that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import spoken
from ..errors import Conflict, NotFound, Refused, Text
from ..model.case import Case, due_things
from ..model.event import SYSTEM
from ..values import spelled
from . import ladders
from .adjusting import WAYS, adjust
from .admitting import awake, impartial, open_case, reasoned, staff_only
from .allowing import allowed, on_behalf, unwritable
from .answering import redeem
from .assigning import conflicted
from .attempt import Attempt, select
from .evolve import begun
from .moving import move
from .options import available, clocks_meant, meant
from .run import Run
from .surroundings import called, entitled


def open(run: Run) -> None:
    command, procedure = run.command, run.program.procedure
    if run.case is not None:
        raise Conflict(Text(f"{run.case.number} 已经存在。", f"{run.case.number} exists already."))
    if not allowed(procedure.open_by, command.actor, None):
        who = [entitled(run.given, word) for word in procedure.open_by]
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
    _writable(run, None, command.values)
    fields = {name: field.default for name, field in procedure.fields.items() if field.default is not None}
    fields = {name: value if isinstance(value, bool | int) else str(value) for name, value in fields.items()}
    fields |= {name: value for name, value in command.values.items() if value is not None}
    _require(run, tuple(name for name, field in procedure.fields.items() if field.required and name not in fields))
    about = {
        "number": run.given["number"], "site": command.site, "procedure": procedure.procedure,
        "version": run.program.hash, "mode": command.mode, "opener": command.actor.id,
        "customer": command.customer or (command.actor.id if command.actor.kind == "customer" else None),
        "parent": command.parent,
    }  # fmt: skip
    if kin := run.given.get("kin"):
        about["kin"] = kin
    blank = begun(run.given["id"], run.now, about)
    step = run.step(blank, {})
    for name, value in fields.items():
        step.change(name, value)
    step.occurred.add("open")
    step.begin()
    extra: dict[str, Any] = {"case": about}
    if (split := run.given.get("from")) is not None:
        first, name = split
        extra |= {"links": {first: name}, "ties": [{"case": first, "way": "back", "name": name}]}
    run.record("opened", procedure.procedure, step, None, extra)


def act(run: Run) -> None:
    case, command = run.present(), run.command
    # Whoever has a code that is no good hears that, and nothing of the case.
    codes = None if (digest := run.given.get("code")) is None else redeem(case, digest, run.now)
    awake(case)
    name = command.name
    run.asked = run.program.inputs.get(("act", name), {})
    inputs, fields = _sort(run, command.values)
    _writable(run, case, fields)
    _kept(run, case, fields)
    step = run.step(case, inputs)
    for field, value in fields.items():
        step.change(field, value)
    attempt = Attempt(run.program, case, step.see, command.actor, by_person=True, inputs=inputs)
    if case.finished and name == "reopen" and run.program.reopen:
        step.reopening = True
        step.leaves = ()
        taken = [(branch, "") for branch in run.program.reopen if attempt.consider(branch)][:1]
    else:
        taken = select(run.program, case.states, f"act:{name}", attempt)
    if not taken:
        raise _refused(run, attempt, name)
    windows = [branch.undo for branch, _ in taken if branch.undo is not None]
    run.window = min(windows, default=run.window)
    behalf = False
    before = run.before(case, inputs)
    for branch, _ in taken:
        behalf = behalf or on_behalf(branch, command.actor, case)
        run.default(step, branch)
    step.happens(name)
    if step.reopening:
        step.occurred.add("open")
        step.data["closed"] = None
        for delay in run.program.root.delays:
            step.arm(delay, run.now)
    for branch, leaf in taken:
        step.take(branch, leaf)
    extra: dict[str, Any] = {"input": dict(step.see.inputs)} if step.see.inputs else {}
    if codes is not None:
        extra["codes"] = codes
    if behalf:
        extra["for"] = "customer"
    run.record("reopened" if step.reopening else "acted", name, step, before, extra)


def signal(run: Run) -> None:
    case, command = run.present(), run.command
    awake(case)
    impartial(run, case)
    if command.name == REOPEN and run.program.reopen:
        _called_back(run, case)
        return
    if command.name not in run.program.signals:
        raise NotFound(
            Text(f"没有信号“{command.name}”。", f"There is no signal {command.name!r}."),
            Text(
                f"有：{'、'.join(run.program.signals) or '—'}",
                f"There are: {', '.join(run.program.signals) or 'none'}",
            ),
            known=list(run.program.signals),
        )
    _listened_to(run, case)
    if not run.signalled(command.name, dict(command.values), command.actor):
        where = "、".join(run.program.procedure.label(name, "zh") for name in case.states)
        raise Refused(
            "state",
            Text(
                f"{case.number} 现在是“{where}”，不接收信号“{command.name}”。",
                f"{case.number} is in {', '.join(case.states)}; the signal {command.name!r} is not expected there.",
            ),
        )


def _called_back(run: Run, case: Case) -> None:
    """Another case asks for this one to be reopened: a return visit that found nothing solved. It is done where `reopen` lets the system
    do it; where the case is open, that it was asked is all there is to it."""
    if case.finished:
        act(run)
        return
    staff_only(run)
    run.record("signalled", REOPEN, run.step(case, {}), None, {"already": True}, quiet=True)


REOPEN = "reopen"


def due(run: Run) -> None:
    case = run.present()
    at, _, kind, key = min(due_things(case), default=(run.now + 1, 0, "", ""))
    if case.finished or at > run.now:
        return
    run.now = at
    if kind == "delay":
        run.elapsed(case, key)
    elif kind == "climb":
        run.climbed(case, key)
    else:
        run.reached(case, key)


def edit(run: Run) -> None:
    case = run.present()
    staff_only(run)
    impartial(run, case)
    _writable(run, case, run.command.values)
    _kept(run, case, run.command.values)
    step = run.step(case, {})
    for name, value in run.command.values.items():
        step.change(name, value)
    if "set" not in step.data and run.command.key is None:
        return  # with a key it is recorded: only so can it be answered, and not done, when it is sent again
    run.record("edited", "", step, run.before(case, {}))


def assign(run: Run) -> None:
    case, command = open_case(run), run.command
    staff_only(run)
    impartial(run, case)
    if command.name in conflicted(run.program, case, run.personal):
        raise Refused(
            "conflict",
            Text(f"{case.number} 涉及 {command.name} 本人，不能由其负责。", f"{case.number} concerns {command.name}, who cannot be responsible for it."),
            Text("请指定他人。", "Name somebody else."),
        )  # fmt: skip
    # Why somebody took over long ago is often not on record: what is taken in late needs no reason.
    named = command.reason or command.actor is SYSTEM or run.given.get("quiet")
    if case.assignee not in (None, command.name, command.actor.id) and not named:
        raise Refused(
            "reason",
            Text(f"{case.number} 现由 {case.assignee} 负责，转给他人须写明原因（--reason）。",
                 f"{case.number} is {case.assignee}'s; to give it to somebody else needs a reason (--reason)."),
        )  # fmt: skip
    step = run.step(case, {})
    step.hand_to(command.name)
    step.do(run.program.on_assign)
    run.record("assigned", command.name, step, run.before(case, {}))


def clock(run: Run) -> None:
    case, command = open_case(run), run.command
    staff_only(run)
    impartial(run, case)
    label, way = run.program.procedure.label, command.values["way"]
    definition = run.program.clock_by_name.get(command.name)
    if definition is None or way not in WAYS:
        known = list(WAYS if definition is not None else run.program.clock_by_name)
        ways = Text(f"有：{'、'.join(known)}", f"There are: {', '.join(known)}")
        raise NotFound(
            Text(f"没有时限“{command.name}”。", f"There is no clock {command.name!r}.") if definition is None
            else Text(f"时限不能“{way}”。", f"There is no way to {way!r} a clock."),
            ways if definition is not None else clocks_meant(run.program, command.name), known=known,
        )  # fmt: skip
    if not command.reason:
        raise Refused("reason", Text("人工改动时限须写明原因（--reason）。", "To change a clock by hand needs a reason (--reason)."))  # fmt: skip
    step = run.step(case, {})
    adjust(step, definition, way, Text(label(command.name, "zh"), label(command.name, "en")))
    run.record("adjusted", f"{command.name}.{way}", step, run.before(case, {}))


def ack(run: Run) -> None:
    """Whoever was told of an escalation acknowledges it: of every ladder of the case on which he was told."""
    case, actor = open_case(run), run.command.actor
    impartial(run, case)
    keys = ladders.told_to(case, actor)
    if not keys:
        raise _nothing_to_acknowledge(run, case)
    step = run.step(case, {})
    before = run.before(case, {})
    ladders.acknowledge(step, keys)
    run.record("acknowledged", "", step, before)


def migrate(run: Run) -> None:
    """Bring the case under this program; `facts["before"]` is the program that it leaves."""
    case = open_case(run)
    staff_only(run)
    if case.version == run.program.hash:
        return
    reasoned(
        run,
        Text(
            "工单改按另一个版本办理须写明原因（--reason）。",
            "To bring a case under another version needs a reason (--reason).",
        ),
    )
    step = run.step(case, {})
    move(step, run.given["before"], run.command.values)
    run.record("migrated", "", step, None, quiet=True)


def note(run: Run) -> None:
    case = run.present()
    run.record("noted", "", run.step(case, {}), None, {"text": run.command.values["text"]}, quiet=True)


def attach(run: Run) -> None:
    case = run.present()
    run.record("attached", run.command.name, run.step(case, {}), None, {"file": dict(run.command.values)}, quiet=True)


def reveal(run: Run) -> None:
    staff_only(run)
    impartial(run, run.present())
    reasoned(
        run, Text("查看完整的个人信息须写明原因（--reason）。", "To look at personal data needs a reason (--reason).")
    )
    run.record("revealed", "", run.step(run.present(), {}), None, dict(run.command.values), quiet=True)


def forget(run: Run) -> None:
    """Destroy what is personal in the case, or what some of its fields have held; what promises still bind us is done first."""
    case = run.present()
    staff_only(run)
    impartial(run, case)
    reasoned(run, Text("销毁个人信息须写明原因（--reason）。", "To destroy personal data needs a reason (--reason)."))
    if not case.finished:
        raise Refused(
            "state",
            Text(f"{case.number} 还没有办结，个人信息还用得着。", f"{case.number} is not closed: its personal data is still needed."),
            Text("先办结。", "Close it first."),
            case=case.number,
        )  # fmt: skip
    if case.hold is not None:
        raise Refused(
            "hold",
            Text(f"{case.number} 在保全中（{case.hold}），个人信息不能销毁。", f"{case.number} is on hold ({case.hold}): its personal data stays."),
            Text(f"解除：guanjia hold {case.number} --lift --reason 原因", f"To lift it: guanjia hold {case.number} --lift --reason WHY"),
            case=case.number,
        )  # fmt: skip
    run.record("forgotten", "", run.step(case, {}), None, dict(run.command.values), quiet=True)


def hold(run: Run) -> None:
    """Keep what is personal in the case although its time may be over, or no longer (`on`)."""
    case, on = run.present(), run.command.values["on"]
    staff_only(run)
    impartial(run, case)
    reasoned(
        run, Text("保全和解除须写明原因（--reason）。", "To put on hold, or to lift it, needs a reason (--reason).")
    )
    if on == (case.hold is not None):
        raise Refused(
            "state",
            Text(f"{case.number} 已在保全中：{case.hold}", f"{case.number} is on hold already: {case.hold}")
            if on
            else Text(f"{case.number} 不在保全中。", f"{case.number} is not on hold."),
            case=case.number,
        )
    step = run.step(case, {})
    run.record("held" if on else "released", "", step, None, {"hold": run.command.reason if on else None}, quiet=True)


def _listened_to(run: Run, case: Case) -> None:
    """A signal is sent by whoever is under its `by`; where nothing is said by systems and staff, and by no customer."""
    actor = run.command.actor
    if actor.kind == "system":
        return
    branches = run.program.triggers_of(case.states).get(f"signal:{run.command.name}", [])
    if all(not branch.by for branch in branches):
        staff_only(run)
    elif not any(not branch.by or allowed(branch.by, actor, case) for branch in branches):
        words = [entitled(run.given, word) for word in dict.fromkeys(word for branch in branches for word in branch.by)]
        what, who = called(run.program, run.command.name), actor.name or actor.id
        raise Refused(
            "role",
            Text(
                f"信号“{what.zh}”只能由{'、'.join(word.zh for word in words)}发送；{who}不是。",
                f"Only {', '.join(word.en for word in words)} may send “{what.en}”; {who} is not.",
            ),
        )  # fmt: skip


def _writable(run: Run, case: Case | None, values: Mapping[str, Any]) -> None:
    """Fields are given by those under `write`. What others did long ago is taken in as they did it."""
    if not values or run.given.get("taken_in") is not None:
        return
    name = unwritable(run.program, case, run.command.actor, values)
    if name is None:
        return
    words, what = [entitled(run.given, word) for word in run.program.writers[name]], called(run.program, name)
    actor = run.command.actor.name or run.command.actor.id
    raise Refused(
        "write",
        Text(
            f"“{what.zh}”（{name}）只能由{'、'.join(word.zh for word in words)}填写，{actor}不是。",
            f"Only {', '.join(word.en for word in words)} may give “{what.en}” ({name}); {actor} is not.",
        ),
        field=name,
    )  # fmt: skip


def _kept(run: Run, case: Case, values: Mapping[str, Any]) -> None:
    """What a case cannot be opened without nobody takes away from it later."""
    for name, value in values.items():
        field = run.program.procedure.fields.get(name)
        if value is None and field is not None and field.required and case.fields.get(name) is not None:
            what = spelled(called(run.program, name), name)
            raise Refused(
                "field",
                Text(f"{what.zh}必须填写，不能清除。", f"{what.en} is required, and cannot be cleared."),
                Text("要改，请填上新的值。", "To change it, give another value."),
                field=name,
            )


def _require(run: Run, missing: tuple[str, ...]) -> None:
    if not missing:
        return
    names = [spelled(called(run.program, name), name) for name in missing]
    raise Refused(
        "field",
        Text(
            "还须填写：" + "、".join(name.zh for name in names),
            "Still needed: " + ", ".join(name.en for name in names),
        ),
        missing=list(missing),
    )


def _sort(run: Run, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values of an action: those that it asks for, and fields of the case."""
    if not values:
        return {}, {}
    wanted = run.asked
    inputs = {name: value for name, value in values.items() if name in wanted}
    return inputs, {name: value for name, value in values.items() if name not in wanted}


def _nothing_to_acknowledge(run: Run, case: Case) -> Refused:
    going = [climb for climb in case.climbs.values() if climb.open]
    if not going:
        zone, hint = run.program.calendar(None).zone, None
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


def _refused(run: Run, attempt: Attempt, action: str) -> Refused:
    case = run.present()
    options = available(run.program, case, run.command.actor, run.now, run.given)
    possible = tuple(option.action for option in options if option.allowed)
    if attempt.obstacles:
        return attempt.refusal(action, possible)
    hint = attempt.choice(possible)
    if action not in run.program.actions:
        near = meant(run.program, action)
        if near:
            asked = attempt.all(near)
            hint = Text(f"是不是：{asked.zh}？\n{hint.zh}", f"Did you mean {asked.en}?\n{hint.en}")
        return NotFound(
            Text(f"没有“{action}”这个操作。", f"There is no action {action!r}."), hint,
            action=action, known=list(run.program.actions), possible=list(possible),
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
