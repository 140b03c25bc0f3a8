"""Ladders: levels that somebody can receive, waits that can pass, acknowledgements that can happen, and a use for each."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import Text
from ...model.procedure import Ladder
from ...model.survey import Path
from .names import calendar, recipients
from .people import ON_DUTY
from .view import View


def check_ladders(view: View) -> None:
    begun = {deed.effect.escalate.ladder for deed in view.deeds if deed.effect.escalate is not None}
    for name, ladder in view.procedure.ladders.items():
        path: Path = ("ladders", name)
        if ladder.calendar is not None:
            calendar(view, (*path, "calendar"), ladder.calendar)
        for index, word in enumerate(ladder.acknowledge):
            what = Text("动作或信号", "action or signal")
            view.known((*path, "acknowledge", index), what, "unknown-action", word, {**view.actions, **view.signals})
        _levels(view, (*path, "levels"), ladder)
        if ladder.alarm is not None:
            view.positive(path, "alarm", ladder.alarm)
        if name not in begun:
            view.warn(
                path, "unused-ladder",
                Text(f"没有什么会启动升级阶梯“{name}”，它永远不会通知任何人", f"nothing begins the ladder {name!r}: it never tells anybody"),
                Text(f"在某个时点写 escalate: {{ladder: {name}}}，或删除它", f"write escalate: {{ladder: {name}}} at some threshold, or delete it"),
                key=True,
            )  # fmt: skip


def _levels(view: View, path: Path, ladder: Ladder) -> None:
    for index, level in enumerate(ladder.levels):
        here = (*path, index)
        recipients(view, (*here, "to"), level.to)
        unstaffed(view, (*here, "to"), level.to, Text("这一级可能没有人收到", "this level may reach nobody"))
        if level.wait is not None and index == 0:
            view.say(
                (*here, "wait"), "first-wait",
                Text("第一级是立即通知的，不能有 wait", "the first level is told at once: it has no wait"),
                Text("要晚一些开始，就放到晚一些的时点，如 due + 30m", "to begin later, begin at a later threshold such as due + 30m"), key=True,
            )  # fmt: skip
        elif level.wait is not None:
            view.positive(here, "wait", level.wait)
        elif index:
            view.say(
                here, "no-wait",
                Text("这一级缺少 wait：上一级之后多久还没有人确认才轮到它？", "wait is missing: how long after the level before is it told?"),
                Text("写上 wait: 30m；要同时通知就并入上一级的 to", "write wait: 30m; to tell them together, put them into `to` of the level before"),
            )  # fmt: skip


def unstaffed(view: View, path: Path, words: Iterable[str], means: Text, *, single: bool = False) -> None:
    """Say which of these words for people mean nobody who is here now. `single`: the word stands alone, in no list."""
    around = view.around
    if around.staffed is None:
        return
    for index, word in enumerate(words):
        asked = word.removeprefix(ON_DUTY)
        kind, _, name = asked.rpartition(":")
        names = {"": around.roles, "team": around.teams, "lead": around.teams}.get(kind) or ()
        if name in names and asked not in around.staffed:
            view.warn(
                path if single else (*path, index), "nobody-in-role",
                Text(f"“{word}”现在没有在职人员，{means.zh}", f"{word!r} means nobody who is here now: {means.en}"),
                Text("在 organisation.yaml 里安排人", "give somebody the role, the team or its lead in organisation.yaml"),
            )  # fmt: skip
