"""Counts: what cases are alike by is in clear, and what is done when there are so many is told or opened, and changes no case."""

from __future__ import annotations

from ...errors import Text
from .view import FIELD, View

_DONE = ("open", "notify", "escalate", "log")
"""What may be done as so many cases are there."""


def check_counts(view: View) -> None:
    fields = view.procedure.fields
    for name, count in view.procedure.counts.items():
        here = ("counts", name)
        view.positive(here, "within", count.within)
        for index, word in enumerate(count.same):
            at = (*here, "same", index)
            if view.known(at, FIELD, "unknown-field", word, fields) and (
                fields[word].personal or fields[word].type == "list"
            ):
                view.say(
                    at, "count-field",
                    Text(f"字段“{word}”不能用来计数：个人信息和列表不行", f"cases are not counted by {word!r}: nothing personal, and no list"),
                    Text("换一个选项、房号之类的字段", "name a choice, a room or the like"),
                )  # fmt: skip
        if count.where is not None:
            view.expression((*here, "where"), count.where, "boolean")
            read = view.reads(count.where)
            if "(" in count.where or any(path[0] not in fields or fields[path[0]].personal for path in read):
                view.say(
                    (*here, "where"), "count-field",
                    Text("where 只看工单自己的字段，不看个人信息、历史、时间和人", "where looks at fields of the case, and at nothing personal, of the past, of time or of people"),
                    Text("先把它记在一个字段里（set）", "put it into a field first (set)"),
                )  # fmt: skip
        for number, effects in count.at.items():
            for index, effect in enumerate(effects):
                climbs = effect.escalate is not None and effect.escalate.ladder is not None
                waits = any(child.wait for child in (effect.open or {}).values())
                if effect.kind not in _DONE or climbs or waits:
                    view.say(
                        (*here, "at", number, index), "count-effect",
                        Text(f"达到个数时只能 {'、'.join(_DONE)}，不含升级阶梯和 wait", f"at a number of cases there may only be {', '.join(_DONE)}, no ladder and no `wait`"),
                        Text("要改这个工单，写在转移的 do 里，用 when: count('…') >= 3", "what changes this case stands in `do` of a transition, with when: count('…') >= 3"),
                    )  # fmt: skip
