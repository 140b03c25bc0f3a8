"""Conditions in plain words: names by what people call them, comparisons and functions spelt out, in Chinese and in English.

The order of an expression is kept, so that whoever has it in front of them finds every part again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial

from ..calendars import format_amount, parse_amount
from ..errors import Text

_WORDS: Mapping[str, Text] = {
    "is not none": Text("已有值", "is known"), "is none": Text("没有值", "is not known"), "not in": Text("不属于", "is none of"), "in": Text("属于", "is one of"),
    "and": Text("且", "and"), "or": Text("或", "or"), "not": Text("并非", "not"), "==": Text("是", "is"), "!=": Text("不是", "is not"),
    ">=": Text("≥", "≥"), "<=": Text("≤", "≤"), "true": Text("是", "yes"), "false": Text("否", "no"), "none": Text("无", "nothing"),
    "now": Text("现在", "now"), "opened_at": Text("登记时间", "the opening"), "actor": Text("办理人", "whoever does it"), "mode": Text("模式", "the mode"),
    "outcome": Text("结果", "the outcome"), "number": Text("编号", "the number"), "site": Text("小区", "the site"), "procedure": Text("流程", "the procedure"),
}  # fmt: skip
_OF: Mapping[str, Mapping[str, Text]] = {
    "past": {
        "count": Text("“{}”的次数", "the number of “{}”"), "at": Text("上次“{}”的时间", "the time of the last “{}”"), "by": Text("上次办“{}”的人", "whoever did “{}” last"),
    },
    "clock": {
        "running": Text("时限“{}”在走", "the clock “{}” runs"), "paused": Text("时限“{}”停着", "the clock “{}” stands still"), "breached": Text("时限“{}”已超时", "the clock “{}” is late"),
        "met": Text("时限“{}”已按时办到", "the clock “{}” was met"), "started": Text("时限“{}”已开始", "the clock “{}” has started"), "due": Text("时限“{}”的到期时刻", "when the clock “{}” is due"),
        "left": Text("时限“{}”剩下的时间", "what the clock “{}” has left"), "used": Text("时限“{}”用掉的时间", "what the clock “{}” has used"),
    },
    "ladder": {
        "level": Text("升级阶梯“{}”到了第几级", "the level of the ladder “{}”"), "running": Text("升级阶梯“{}”还在往上", "the ladder “{}” climbs"),
        "acknowledged": Text("升级阶梯“{}”已有人确认", "the ladder “{}” is acknowledged"), "alarmed": Text("升级阶梯“{}”已告警", "the ladder “{}” has given the alarm"),
    },
    "child": {
        "closed": Text("子工单“{}”已办结", "the child “{}” is closed"), "open": Text("子工单“{}”在办", "the child “{}” is open"), "outcome": Text("子工单“{}”的结果", "the outcome of the child “{}”"),
    },
}  # fmt: skip
_CALLS: Mapping[str, Text] = {
    "done": Text("“{}”已走完", "“{}” is done"), "in_state": Text("处于“{}”", "it is in “{}”"), "is_role": Text("办理人是{}", "whoever does it is {}"),
    "count": Text("“{}”的个数", "the number of “{}”"), "sample": Text("抽中（{}%）", "drawn by lot ({} %)"),
}  # fmt: skip
_UNITS = {"minutes": "m", "hours": "h", "days": " days", "workdays": " workdays"}
_TOKEN = re.compile(
    r"\s*\|\s*default\(\s*(?P<fallback>[^()]*(?:\([^()]*\)[^()]*)*)\)|(?P<unit>minutes|hours|days|workdays)\(\s*(?P<many>\d+)\s*\)|(?P<call>done|in_state|is_role|sample|count)\(\s*(?P<of>'[^']*'|\"[^\"]*\"|\d+)\s*\)"
    r"|(?P<code>'[^']*'|\"[^\"]*\")|(?P<word>is not none|is none|not in\b|==|!=|>=|<=)|(?P<name>[^\W\d]\w*(?:\.\w+)*)"
)  # fmt: skip

_GAP = re.compile(r"(?<=[\u4e00-\u9fff”）]) (?=[\u4e00-\u9fff“（])")
"""A blank that Chinese does without."""


def in_words(
    fields: Container[str], label: Callable[[str, str], str], source: str, called: Callable[[str], Text]
) -> Text:
    """A condition or a computed value over these fields: `label` says what a name is called in a language, `called` what people call a
    role or a relation."""
    words = _Words(fields, label, called)
    zh, en = (_TOKEN.sub(partial(words.told, spoken), source) for spoken in ("zh", "en"))
    return Text(_GAP.sub("", zh), en)


@dataclass(frozen=True)
class _Words:
    fields: Container[str]
    label: Callable[[str, str], str]
    called: Callable[[str], Text]

    def told(self, spoken: str, found: re.Match[str]) -> str:
        if (fallback := found["fallback"]) is not None:
            other = in_words(self.fields, self.label, fallback, self.called).get(spoken)
            return f"（没有就取{other}）" if spoken == "zh" else f" (else {other})"
        if (unit := found["unit"]) is not None:
            return format_amount(parse_amount(found["many"] + _UNITS[unit]), spoken)
        if (call := found["call"]) is not None:
            what = found["of"].strip("'\"")
            name = self.called(what).get(spoken) if call == "is_role" else self.label(what, spoken)
            return _CALLS[call].get(spoken).format(name)
        if (code := found["code"]) is not None:
            label = self.label(code[1:-1], spoken)
            return f"“{label}”"
        if (word := found["word"]) is not None:
            return _WORDS[word].get(spoken)
        return self.name(spoken, found["name"])

    def name(self, spoken: str, path: str) -> str:
        head, *rest = path.split(".")
        if not rest:
            if head in self.fields:
                return f"“{self.label(head, spoken)}”"
            if head in ("assignee", "opener", "customer", "previous"):
                return self.called(head).get(spoken)
            return _WORDS[head].get(spoken) if head in _WORDS else head
        if head == "input":
            label = self.label(rest[0], spoken)
            return f"所填的“{label}”" if spoken == "zh" else f"“{label}” as given"
        if head == "past" and rest[1:2] == ["input"]:
            labels = self.label(rest[0], spoken), self.label(rest[-1], spoken)
            return "“{}”时所填的“{}”".format(*labels) if spoken == "zh" else "“{1}” as given with “{0}”".format(*labels)
        if head in self.fields:  # a column of the row that it points to
            labels = self.label(head, spoken), self.label(rest[0], spoken)
            return "“{}”的“{}”".format(*labels) if spoken == "zh" else "“{1}” of “{0}”".format(*labels)
        words = _OF.get(head, {}).get(rest[-1])
        return path if words is None else words.get(spoken).format(self.label(rest[0], spoken))
