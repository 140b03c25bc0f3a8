"""Names: each is defined once, none is taken by something else, and whatever is referred to exists."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import Text
from ...model.effects import Effect
from ...model.procedure import ENTRY, Field
from ...model.scope import ALWAYS, GROUPS
from ...model.survey import Path, Step
from .people import unknown
from .view import CALENDAR, CLOCK, FIELD, LADDER, RELATIONS, ROLE, SKILL, STATE, TEAM, View, likely

_PROXY = " for customer"
_ACTORS = ("assignee", "opener", "customer", "staff", "system", "anyone")
_KINDS = (
    (Text("状态", "state"), "states"),
    (Text("动作", "action"), "actions"),
    (Text("信号", "signal"), "signals"),
    (Text("延时", "delay"), "delays"),
)


def check_names(view: View) -> None:
    _unique(view)
    _shared_space(view)
    _fields(view)
    for step in view.steps:
        _step(view, step)
    for deed in view.deeds:
        _effect(view, deed.effect, deed.path)
    _clocks(view)
    _procedure(view)


def _unique(view: View) -> None:
    for place in view.places:
        first = view.place[place.name]
        if first.path != place.path:
            key = view.root.at(first.path)[0]
            where = f"{key.source.file}:{key.line}:{key.column}"
            view.say(
                place.path, "duplicate-state",
                Text(f"状态“{place.name}”已在 {where} 定义", f"the state {place.name!r} is already defined at {where}"),
                Text("一个文件里状态名不能重复，请改名", "state names are unique in a file: rename one"), key=True,
            )  # fmt: skip


def _shared_space(view: View) -> None:
    """States, actions, signals and delays are all remembered by bare name: `start: accept`, `past.accept.at`."""
    taken: dict[str, tuple[Text, Path]] = {}
    for what, kind in _KINDS:
        found: dict[str, Path] = getattr(view, kind)
        for name, path in found.items():
            if name in ("open", "self", "parent") or name == view.procedure.procedure:
                view.say(
                    path, "reserved-name",
                    Text(f"“{name}”另有含义，不能作{what.zh}名", f"{name!r} has a meaning of its own and cannot name a {what.en}"),
                    Text("请改名", "choose another name"), key=True,
                )  # fmt: skip
            elif name in taken:
                other, first = taken[name]
                line = view.root.at(first)[0].line
                view.say(
                    path, "name-taken",
                    Text(
                        f"“{name}”已经是第 {line} 行的{other.zh}，不能又是{what.zh}",
                        f"{name!r} is already a {other.en} (line {line}) and cannot be a {what.en} too",
                    ),
                    Text("请改其中一个的名字", "rename one of them"), key=True,
                )  # fmt: skip
            taken.setdefault(name, (what, path))


def _fields(view: View) -> None:
    for name in view.procedure.fields:
        if name in ALWAYS or name in GROUPS:
            view.say(
                ("fields", name), "reserved-name",
                Text(f"“{name}”是内置的名字，不能作字段名", f"{name!r} is a built-in name and cannot name a field"),
                Text(f"请改名，例如 {name}_", f"rename it, for example {name}_"), key=True,
            )  # fmt: skip
    for name, field in view.procedure.fields.items():
        if field.type == ENTRY and field.of and view.around.registries is not None:
            if field.of[0] not in view.around.broken:
                what = Text("台账", "registry")
                view.known(("fields", name, "of"), what, "unknown-registry", field.of[0], view.around.registries)
            if field.personal:
                view.say(
                    ("fields", name, "personal"), "entry-personal",
                    Text("指向台账的字段不能是个人信息：台账人人可读", "a field that points to a registry cannot be personal: everybody may read the registry"),
                    Text("个人信息另写一个字段", "put what is personal into a field of its own"), key=True,
                )  # fmt: skip
        _readers(view, ("fields", name), field)
        _fillable(view, name, field)


def _readers(view: View, path: Path, field: Field) -> None:
    """Who sees a field and who gives it: words as under `by`."""
    for key in ("read", "write"):
        for index, word in enumerate(getattr(field, key)):
            _actor(view, (*path, key, index), word)


def _fillable(view: View, name: str, field: Field) -> None:
    """Somebody who may open a case can give what is required to open it."""
    procedure, words = view.procedure, {*field.write}
    if not words or not field.required or field.default is not None or "anyone" in procedure.open_by:
        return
    if words.isdisjoint({"anyone", "opener", *procedure.open_by}) and not (
        words & {"staff"} and _by_staff(procedure.open_by)
    ):
        view.say(
            ("fields", name, "write"), "unfillable",
            Text(f"“{name}”登记时必填，可登记的人（open_by）却都不能填", f"{name!r} is required to open a case, and nobody under open_by may give it"),
            Text("在 write 里加上 opener，或去掉 required", "add opener to write, or take required away"),
        )  # fmt: skip


def _by_staff(words: Iterable[str]) -> bool:
    return any(word not in ("customer", "system") for word in words)


def _step(view: View, step: Step) -> None:
    branch, path = step.branch, step.path
    if branch.to is not None:
        view.known((*path, "to"), STATE, "unknown-state", branch.to, view.states)
    if step.trigger == "breach":
        view.known(path[:-1], CLOCK, "unknown-clock", step.name, view.procedure.sla, key=True)
    for index, word in enumerate(branch.by):
        _actor(view, (*path, "by", index), word)
    for index, word in enumerate(branch.not_by):
        view.known((*path, "not_by", index), Text("动作", "action"), "unknown-action", word, view.actions)
    for name, field in branch.input.items():
        _readers(view, (*path, "input", name), field)
        if field.write:
            view.say(
                (*path, "input", name, "write"), "write-of-input",
                Text("随操作填写的内容由办理这一步的人填，不写 write", "what comes with an action is given by whoever takes it: there is no `write` here"),
                Text("谁可以办理写在 by", "who may take it is said by `by`"), key=True,
            )  # fmt: skip
    fields = {**view.procedure.fields, **branch.input}
    for index, word in enumerate(branch.require):
        view.known((*path, "require", index), FIELD, "unknown-field", word, fields)
    if step.trigger == "delay":
        delay = view.place[step.state].state.after[step.name]
        if delay.calendar is not None:
            calendar(view, (*path[:-2], "calendar"), delay.calendar)


def _actor(view: View, path: Path, word: str) -> None:
    """A role, a relation, `staff`, `system`, `anyone`, or `<role> for customer`."""
    if word in _ACTORS:
        return
    if word.startswith("system:"):
        if view.around.systems is not None:
            known = sorted(f"system:{name}" for name in view.around.systems)
            view.known(path, Text("系统（systems）", "system"), "unknown-system", word, known)
        return
    if view.around.roles is not None:
        role = word.removesuffix(_PROXY)
        if role not in view.around.roles:
            known = [*view.around.roles, *_ACTORS]
            view.say(path, "unknown-role", _no("角色", "role", role), likely(role, sorted(known), view.called))
    elif " " in word and not word.endswith(_PROXY):
        view.say(
            path, "unknown-role", _no("角色", "role", word),
            Text("代客户办理写作“角色 for customer”", "acting for the customer is written `<role> for customer`"),
        )  # fmt: skip


def _no(zh: str, en: str, word: str) -> Text:
    return Text(f"没有叫“{word}”的{zh}", f"there is no {en} {word!r}")


def calendar(view: View, path: Path, name: str, *, key: bool = False) -> None:
    if view.around.calendars is not None:
        view.known(path, CALENDAR, "unknown-calendar", name, sorted({*view.around.calendars, "always"}), key=key)


def recipients(view: View, path: Path, words: Iterable[str]) -> None:
    """Everybody who is to be told: relations, fields of type staff, and the words for people of the organisation."""
    staff_fields = [name for name, field in view.procedure.fields.items() if field.type == "staff"]
    for index, word in enumerate(words):
        if word in RELATIONS or word in staff_fields:
            continue
        if word in view.procedure.fields:
            view.say(
                (*path, index), "recipient",
                Text(f"字段“{word}”不是员工（staff）类型，不能作收件人", f"the field {word!r} is not of type staff: nobody to tell"),
            )  # fmt: skip
        elif (problem := unknown(word, view.around, (*RELATIONS, *staff_fields), view.called)) is not None:
            view.say((*path, index), *problem)


def _effect(view: View, effect: Effect, path: Path) -> None:
    for name, to in (effect.notify or {}).items():
        recipients(view, (*path, "notify", name, "to"), to.to)
    if effect.escalate is not None:
        if effect.escalate.ladder is not None:
            here = (*path, "escalate", "ladder")
            view.known(here, LADDER, "unknown-ladder", effect.escalate.ladder, view.procedure.ladders)
        recipients(view, (*path, "escalate", "to"), effect.escalate.to)
    if effect.assign is not None:
        around, asked = view.around, effect.assign
        for key, what, names in (
            ("role", ROLE, around.roles),
            ("team", TEAM, around.teams),
            ("skill", SKILL, around.skills),
        ):
            word = getattr(asked, key)
            if word is not None and names is not None:
                view.known((*path, "assign", key), what, f"unknown-{key}", word, sorted(names))
    for name in effect.set or {}:
        view.known((*path, "set", name), FIELD, "unknown-field", name, view.procedure.fields, key=True)
    for name in effect.extend or {}:
        view.known((*path, "extend", name), CLOCK, "unknown-clock", name, view.procedure.sla, key=True)
    if effect.open is not None and view.around.procedures is not None:
        for name, child in effect.open.items():
            here = (*path, "open", name)
            procedure = Text("流程", "procedure")
            if view.known(here, procedure, "unknown-procedure", name, view.around.procedures, key=True):
                fields = view.around.procedures[name]
                for given in child.with_ if fields is not None else ():
                    what = Text(f"字段（流程 {name}）", f"field of {name}")
                    view.known((*here, "with", given), what, "unknown-field", given, sorted(fields or ()), key=True)
    if effect.emit is not None:
        _emit(view, effect, path)


def _emit(view: View, effect: Effect, path: Path) -> None:
    assert effect.emit is not None
    if effect.emit.to == "self":
        where = (*path, "emit", "signal")
        view.known(where, Text("信号", "signal"), "unknown-signal", effect.emit.signal, view.signals)
    elif effect.emit.to not in ("parent", "children"):
        children = [child.as_ or name for deed in view.deeds for name, child in (deed.effect.open or {}).items()]
        what = Text("子流程（或 self、parent、children）", "child (or self, parent, children)")
        view.known((*path, "emit", "to"), what, "unknown-child", effect.emit.to, children)


def _clocks(view: View) -> None:
    for name, sla in view.procedure.sla.items():
        path: Path = ("sla", name)
        for index, state in enumerate(sla.runs_in):
            view.known((*path, "runs_in", index), STATE, "unknown-state", state, view.states)
        if sla.calendar is not None:
            calendar(view, (*path, "calendar"), sla.calendar)
        for index, target in enumerate(sla.target):
            for part, here in (
                (target, (*path, "target", index)),
                *((inner, (*path, "target", index, "earliest", at)) for at, inner in enumerate(target.earliest)),
            ):
                if part.calendar is not None:
                    calendar(view, (*here, "calendar"), part.calendar)


def _procedure(view: View) -> None:
    procedure = view.procedure
    calendar(view, ("calendar",) if view.root.get("calendar") else ("procedure",), procedure.calendar)
    for index, word in enumerate(procedure.conflicts):
        here = ("conflicts", index)
        if word == "customer":
            continue
        if view.known(here, FIELD, "unknown-field", word, procedure.fields) and procedure.fields[word].type != "staff":
            view.say(
                here, "conflicts",
                Text(f"字段“{word}”不是员工（staff）类型，谈不上回避", f"the field {word!r} is not of type staff: nobody has a conflict"),
            )  # fmt: skip
        elif word in procedure.fields and procedure.fields[word].personal:
            view.say(
                here, "conflicts",
                Text(f"字段“{word}”是个人信息，列表里看不到是谁，无从对其隐去", f"the field {word!r} is personal: lists could not tell from whom to keep the case"),
                Text("员工编号不必标 personal", "the id of a member of staff need not be personal"),
            )  # fmt: skip
    for index, word in enumerate(procedure.visible_to):
        if view.around.roles is not None:
            view.known(("visible_to", index), ROLE, "unknown-role", word, sorted(view.around.roles))
    for number, sides in enumerate(procedure.four_eyes):
        for side, actions in enumerate(sides):
            for index, word in enumerate(actions):
                at = ("four_eyes", number, side, index)
                view.known(at, Text("动作", "action"), "unknown-action", word, [*view.actions, "open"])
    for index, word in enumerate(procedure.open_by):
        if view.root.get("open_by"):
            _actor(view, ("open_by", index), word)
