"""Promises: conditions that can be met, targets that always give one, thresholds that name an instant."""

from __future__ import annotations

import re

from ...errors import Text
from ...model.procedure import Sla, Target
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
        if not sla.stop and not sla.cancel:
            view.warn(
                path, "clock-without-stop",
                Text(f"时钟“{name}”没有 stop，只有结案才会停", f"nothing stops the clock {name!r} but the end of the case"),
                Text("写上 stop: 哪个动作或状态算完成", "write stop: the action or state that keeps the promise"), key=True,
            )  # fmt: skip
        if sla.from_ is not None and sla.from_ != "open" and sla.from_ not in view.happenings:
            view.expression((*path, "from"), sla.from_, "instant")
        _targets(view, (*path, "target"), sla.target)
        _thresholds(view, path, sla)


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


def _pauses(view: View, path: Path, sla: Sla) -> None:
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


def _targets(view: View, path: Path, targets: tuple[Target, ...]) -> None:
    for index, target in enumerate(targets):
        here = (*path, index)
        last = index == len(targets) - 1
        if last and target.guard:
            view.say(
                (*here, "guard"), "no-default-target",
                Text("最后一个 target 不能有 guard，否则可能没有时限", "the last target has no guard: otherwise none may apply"),
                Text("在后面加一个没有 guard 的 target", "add one without a guard after it"), key=True,
            )  # fmt: skip
        elif not last and not target.guard:
            view.warn(
                here, "unreachable-target",
                Text("这个 target 没有 guard，后面的都轮不到", "this target has no guard: those after it never apply"),
                Text("加上 guard，或移到最后", "give it a guard, or move it to the end"),
            )  # fmt: skip
        _target(view, here, target)
        for inner, part in enumerate(target.earliest):
            if part.earliest:
                view.say(
                    (*here, "earliest", inner, "earliest"), "nested-earliest",
                    Text("earliest 里不能再写 earliest", "earliest cannot stand inside earliest"),
                    Text("直接列在同一层", "list them on one level"), key=True,
                )  # fmt: skip
            _target(view, (*here, "earliest", inner), part)


def _target(view: View, path: Path, target: Target) -> None:
    for index, guard in enumerate(target.guard):
        view.expression((*path, "guard", index, "that"), guard.that, "boolean")
    if target.within is not None:
        view.positive(path, "within", target.within)
    if target.until is not None:
        view.expression((*path, "until"), target.until, "instant")


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
            view.amount(here, offset.group(1), key=True, offset=offset.start(1))
        elif key != "due" and (share is None or float(key[:-1]) == 0):
            view.say(
                here, "threshold",
                Text(f"“{key}”不是时点", f"{key!r} is not a threshold"),
                Text("写成 80%、due、due + 30m 或 due - 1h", "write 80%, due, due + 30m or due - 1h"), key=True,
            )  # fmt: skip
