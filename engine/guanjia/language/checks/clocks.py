"""Promises: conditions that can be met, targets that always give one, thresholds that name an instant.

Conditions and targets are read when something happens to a case, never because time goes by: what reads the time in them is
said to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...calendars import Amount, AmountError, format_amount, parse_amount
from ...errors import Text
from ...model.procedure import Sla, Target
from ...model.standards import Held
from ...model.survey import Path
from .view import View, likely

_CONDITIONS = ("start", "pause", "resume", "stop", "cancel", "reset")
_SHARE = re.compile(r"(\d{1,4})(\.\d{1,2})?%")
_OFFSET = re.compile(r"due\s*[+-]\s*(.+)")


def check_clocks(view: View) -> None:
    for name, sla in view.procedure.sla.items():
        path: Path = ("sla", name)
        for condition in _CONDITIONS:
            _condition(view, (*path, condition), getattr(sla, condition))
        _pauses(view, path, sla)
        _starts(view, path, sla)
        if not sla.stop and not sla.cancel:
            view.warn(
                path, "clock-without-stop",
                Text(f"时钟“{name}”没有 stop，只有结案才会停", f"nothing stops the clock {name!r} but the end of the case"),
                Text("写上 stop: 哪个动作或状态算完成", "write stop: the action or state that keeps the promise"), key=True,
            )  # fmt: skip
        if sla.from_clock is not None:
            _from_clock(view, (*path, "from"), name, sla)
        elif sla.from_ is not None and sla.from_ != "open" and sla.from_ not in view.happenings:
            view.expression((*path, "from"), sla.from_, "instant")
        _targets(view, (*path, "target"), sla)
        if view.around.standards is not None:
            _grounds(view, path, name, sla, view.around.standards)
        _thresholds(view, path, sla)
    _extensions(view)


def _from_clock(view: View, path: Path, name: str, sla: Sla) -> None:
    other = sla.from_clock or ""
    clocks = [known for known in view.procedure.sla if known != name]
    if other not in clocks:
        view.say(
            path, "unknown-clock",
            Text("它不能从自己起算", "it cannot count from itself") if other == name
            else Text(f"没有叫“{other}”的时钟", f"there is no clock {other!r}"),
            likely(other, clocks),
        )  # fmt: skip
    elif not sla.pausable and view.procedure.sla[other].pausable:
        view.say(
            path, "never-pauses",
            Text(f"写了 pausable: false，却会带来“{other}”的暂停", f"pausable is false, and this takes over the pauses of {other!r}"),
            Text("写成 from: open，或一个时刻", "write from: open, or an instant"),
        )  # fmt: skip


def _condition(view: View, path: Path, words: tuple[str, ...]) -> None:
    for index, word in enumerate(words):
        if word in view.happenings or word == "open":
            continue
        here = (*path, index)
        field = view.procedure.fields.get(word)
        if word.isidentifier() and (field is None or field.type != "boolean"):
            view.say(
                here, "unknown-condition",
                Text(f"没有叫“{word}”的状态、动作或信号", f"there is no state, action or signal {word!r}"),
                likely(word, ["open", *sorted(view.happenings)]),
            )  # fmt: skip
        else:
            view.expression(here, word, "boolean")
            _timeless(view, here, word)


def _timeless(view: View, path: Path, text: str) -> None:
    """Time alone is not noticed where conditions are read step by step."""
    if _reads_time(view, text):
        view.warn(
            path, "time-unnoticed",
            Text("这里只在工单有事发生时才看，时间自己走到了没人看", "this is read when something happens to the case: that time goes by is not noticed"),
            Text("靠时间起作用的，写成时点（at）或延时（after）", "what time is to do stands under `at` (a threshold) or `after` (a delay)"),
        )  # fmt: skip


def _reads_time(view: View, text: str) -> bool:
    return any(path == ("now",) or (path[0] == "clock" and path[-1] in ("left", "used")) for path in view.reads(text))


def _starts(view: View, path: Path, sla: Sla) -> None:
    ends = {*sla.stop, *sla.cancel}
    if all(word in ends for word in sla.start):
        view.say(
            (*path, "start"), "never-starts",
            Text("让它开始的同时也让它结束，所以它从不计时", "whatever starts it also ends it, and the end goes first: it never runs"),
            Text("start 与 stop、cancel 不要写同一件事", "name something else under start than under stop and cancel"), key=True,
        )  # fmt: skip


def _pauses(view: View, path: Path, sla: Sla) -> None:
    for key in ("pause", "resume", "runs_in"):
        if not sla.pausable and getattr(sla, key):
            view.say(
                (*path, key), "never-pauses",
                Text(f"写了 pausable: false，就不能有 {key}", f"pausable is false: there is nothing to say under {key}"),
                Text("法定时限不停表；删去其中一个", "a statutory clock never stands still: delete one of the two"), key=True,
            )  # fmt: skip
    for index, word in enumerate(sla.pause):
        if word in view.happenings and word not in view.states and not sla.resume:
            view.say(
                (*path, "pause", index), "pause-without-resume",
                Text(f"“{word}”是一瞬间的事，暂停之后没有什么能让时钟继续", f"{word!r} happens in a moment: nothing lets the clock go on after it"),
                Text("写上 resume，或改用一个状态来暂停", "write resume, or pause by a state"),
            )  # fmt: skip
    if sla.resume and not sla.pause:
        view.say(
            (*path, "resume"), "resume-without-pause",
            Text("没有 pause，resume 没有意义", "there is nothing to resume: pause is missing"), key=True,
        )  # fmt: skip


def _targets(view: View, path: Path, sla: Sla) -> None:
    for index, target in enumerate(sla.target):
        here = (*path, index)
        last = index == len(sla.target) - 1
        if last and target.guard:
            view.say(
                (*here, "guard"), "no-default-target",
                Text("最后一个 target 不能有 guard，否则可能没有时限", "the last target has no guard: otherwise none may apply"),
                Text("在后面加一个没有 guard 的 target", "add one without a guard after it"), key=True,
            )  # fmt: skip
        elif last and not _applies(view, target):
            view.warn(
                here, "no-certain-target",
                Text("until 还没有值时没有时限，启动时钟的那一步会被拒绝", "while its until has no value there is no target, and the step that starts the clock is refused"),
                Text("在后面加一个 {within: …}", "add a {within: …} after it"),
            )  # fmt: skip
        elif not last and not target.guard and _applies(view, target):
            view.warn(
                here, "unreachable-target",
                Text("这个 target 没有 guard，后面的都轮不到", "this target has no guard: those after it never apply"),
                Text("加上 guard，或移到最后", "give it a guard, or move it to the end"),
            )  # fmt: skip
        _target(view, here, sla, target)
        for inner, part in enumerate(target.earliest):
            if part.earliest:
                view.say(
                    (*here, "earliest", inner, "earliest"), "nested-earliest",
                    Text("earliest 里不能再写 earliest", "earliest cannot stand inside earliest"),
                    Text("直接列在同一层", "list them on one level"), key=True,
                )  # fmt: skip
            _target(view, (*here, "earliest", inner), sla, part)


def _grounds(view: View, path: Path, name: str, sla: Sla, standards: Mapping[str, Held]) -> None:
    """Each limit keeps a standard, and what a law sets never stands still."""
    for index, target in enumerate(sla.target):
        if target.standard is None and not all(part.standard for part in target.earliest or (target,)):
            view.say(
                (*path, "target", index), "no-basis",
                Text(f"“{name}”的时限没有说明依据", f"nothing says what the limit of {name!r} rests upon"),
                Text("写成 {standard: …}，并在 standards.yaml 里写明事项、时限和依据", "write {standard: …}, and in standards.yaml the item, its limit and its basis"),
            )  # fmt: skip
        named = [part.standard for part in (target, *target.earliest) if part.standard is not None]
        lawful = [each for each in named if each in standards and standards[each].lawful]
        if lawful and sla.pausable:
            view.say(
                path, "lawful-pauses",
                Text(f"“{lawful[0]}”是法定时限，不能停表", f"{lawful[0]!r} is set by law: its clock never stands still"),
                Text("给时钟写上 pausable: false", "write pausable: false for the clock"), key=True,
            )  # fmt: skip


def _applies(view: View, target: Target) -> bool:
    """Whether the target always gives an instant where its guard holds: an `until` may have no value."""
    if target.earliest:
        return any(not part.guard and _applies(view, part) for part in target.earliest)
    if target.until is None:
        return True
    fields = view.procedure.fields
    given = {
        ("opened_at",),
        *((name,) for name, field in fields.items() if field.required or field.default is not None),
    }
    return view.reads(target.until) <= given


def _target(view: View, path: Path, sla: Sla, target: Target) -> None:
    for index, guard in enumerate(target.guard):
        view.expression((*path, "guard", index, "that"), guard.that, "boolean")
        _timeless(view, (*path, "guard", index, "that"), guard.that)
    if target.within is not None:
        view.positive(path, "within", target.within)
    if target.until is not None:
        view.expression((*path, "until"), target.until, "instant")
        if _reads_time(view, target.until):
            view.say(
                (*path, "until"), "until-moves",
                Text("until 里用了 now，每走一步期限就跟着变", "this reads the time of reading: with every step the deadline would move"),
                Text("写 within，或从 opened_at、past.<动作>.at 算起", "write within, or count from opened_at or past.<action>.at"),
            )  # fmt: skip
    if target.then is not None:
        _then(view, path, target)
    calendar = target.calendar or sla.calendar or view.procedure.calendar
    view.counting(path, target.counting, target.within, calendar)


def _then(view: View, path: Path, target: Target) -> None:
    view.positive(path, "then", target.then or "")
    within, then = _amount(target.within), _amount(target.then)
    if target.within is None or (within is not None and within.unit != "time"):
        view.say(
            (*path, "then"), "then",
            Text("then 接在以小时或分钟计的 within 之后", "then follows a within in hours or minutes"),
            Text("例如 {within: 2h, then: 30m}", "for example {within: 2h, then: 30m}"), key=True,
        )  # fmt: skip
    elif then is not None and then.unit != "time":
        what = Text("then 以小时或分钟计", "then is an amount of hours or minutes")
        view.say((*path, "then"), "then", what, Text("例如 30m", "for example 30m"))


def _amount(text: str | None) -> Amount | None:
    try:
        return None if text is None else parse_amount(text)
    except AmountError:
        return None


def _amounts(sla: Sla) -> Iterator[Amount | None]:
    """How long each limit of each target is; None for an instant, and for what cannot be read."""
    for target in sla.target:
        for limit in target.earliest or (target,):
            amount, then = _amount(limit.within), _amount(limit.then)
            if amount is not None and then is not None and amount.unit == then.unit == "time":
                amount = Amount("time", amount.value + then.value)
            yield amount


def _extensions(view: View) -> None:
    for deed in view.deeds:
        for name, extend in (deed.effect.extend or {}).items():
            sla, more = view.procedure.sla.get(name), _amount(extend.by)
            if sla is None or more is None or more.unit != "time":
                continue
            if all(amount is not None and amount.unit != "time" for amount in _amounts(sla)):
                view.warn(
                    (*deed.path, "extend", name, "by"), "hours-for-days",
                    Text(f"“{name}”以天计，延长几小时也算一整天", f"{name!r} counts days: a few hours more become a whole day"),
                    Text("写成 1 workdays 或 1 days", "write 1 workdays or 1 days"),
                )  # fmt: skip


def _thresholds(view: View, path: Path, sla: Sla) -> None:
    seen: dict[str, str] = {}
    for key in sla.at:
        here = (*path, "at", key)
        meaning = re.sub(r"\s+", "", key)
        if meaning in seen:
            view.say(
                here, "duplicate-threshold",
                Text(f"“{key}”与“{seen[meaning]}”是同一个时点", f"{key!r} is the same threshold as {seen[meaning]!r}"),
                Text("请合并", "make them one"), key=True,
            )  # fmt: skip
        seen.setdefault(meaning, key)
        share, offset = _SHARE.fullmatch(key), _OFFSET.fullmatch(key)
        if offset is not None:
            more = view.amount(here, offset.group(1), key=True, offset=offset.start(1))
            if more is not None and "-" in key:
                _before(view, here, key, more, sla)
        elif key != "due" and (share is None or float(key[:-1]) == 0):
            view.say(
                here, "threshold",
                Text(f"“{key}”不是时点", f"{key!r} is not a threshold"),
                Text("写成 80%、due、due + 30m 或 due - 1h", "write 80%, due, due + 30m or due - 1h"), key=True,
            )  # fmt: skip


def _before(view: View, path: Path, key: str, before: Amount, sla: Sla) -> None:
    """A threshold that lies no later than the start of its target is past as the clock begins."""
    for amount in _amounts(sla):
        if amount is not None and amount.unit == before.unit and before.value >= amount.value:
            view.warn(
                path, "threshold-before-start",
                Text(
                    f"时限只有 {format_amount(amount, 'zh')} 时，“{key}”在开始之前，不会起作用",
                    f"with a target of {format_amount(amount, 'en')} {key!r} lies before the start and never fires",
                ),
                Text("改短，或用百分比", "make it shorter, or write a percentage"), key=True,
            )  # fmt: skip
            return
