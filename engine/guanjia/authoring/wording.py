"""The words of the language as people say them: what each key is called, and values with the labels that the procedure gives them.

Whatever tells somebody of a procedure (what changed in it, what it says, what no story reaches) takes its words from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..calendars import AmountError, format_amount, parse_amount
from ..errors import Text
from ..model.procedure import Procedure

NAMED: Mapping[str, Text] = {
    "states": Text("状态", "state"), "tracks": Text("并行线", "track"), "transitions": Text("操作", "action"), "signals": Text("信号", "signal"),
    "after": Text("延时", "delay"), "breach": Text("超时时限", "breach of"), "sla": Text("时限", "clock"), "fields": Text("字段", "field"),
    "ladders": Text("升级阶梯", "ladder"), "input": Text("须填", "input"), "modes": Text("模式", "mode"), "counts": Text("计数", "count"), "at": Text("节点", "threshold"),
}  # fmt: skip
"""Keys that hold things by name, and what such a thing is called."""

KEYS: Mapping[str, Text] = {
    "to": Text("去向", "leads to"), "by": Text("谁可以", "who may"), "not_by": Text("不得由同一人", "not by who did"), "require": Text("须已有", "requires"),
    "guard": Text("条件", "condition"), "do": Text("效果", "effects"), "at_most": Text("最多几次", "at most"), "reenter": Text("重新进入", "re-enters"),
    "entry": Text("进入时", "on entry"), "exit": Text("离开时", "on exit"), "always": Text("随即", "at once"), "delay": Text("多久", "after"),
    "every": Text("每隔", "every"), "calendar": Text("日历", "calendar"), "counting": Text("计日", "counting"), "start": Text("开始", "starts"),
    "stop": Text("停止", "stops"), "pause": Text("暂停", "pauses"), "resume": Text("恢复", "resumes"), "cancel": Text("取消", "is cancelled"),
    "reset": Text("重置", "is reset"), "target": Text("期限", "target"), "within": Text("期限", "within"), "until": Text("直到", "until"),
    "kind": Text("类别", "kind"), "levels": Text("级别", "levels"), "wait": Text("等待", "waits"), "alarm": Text("告警", "alarm"),
    "initial": Text("起始状态", "begins in"), "final": Text("终态", "final"), "outcome": Text("结果", "outcome"), "number": Text("编号", "number"),
    "open_by": Text("谁可以建单", "who may open"), "reopen": Text("重开", "reopening"), "conflicts": Text("回避", "conflicts of interest"),
    "four_eyes": Text("四眼原则", "four eyes"), "on_assign": Text("指定责任人时", "on assigning"), "urgency": Text("缓急", "urgency"),
    "type": Text("类型", "type"), "of": Text("可选值", "values"), "required": Text("必填", "required"), "default": Text("默认", "default"),
    "min": Text("最小", "least"), "max": Text("最大", "greatest"), "personal": Text("个人信息", "personal"), "pattern": Text("格式", "pattern"),
    "labels": Text("叫法", "is called"), "pausable": Text("可暂停", "can be paused"), "on_change": Text("改动时", "on change"),
    "on_reopen": Text("重开时", "on reopening"), "from": Text("起算", "counts from"), "earliest": Text("最早的", "the earliest"),
}  # fmt: skip

EXTENDED = Text("加时", "by")
"""A `by` that is no list of people is that of `extend`."""
_PEOPLE = frozenset({"by", "not_by", "open_by", "to"})
_SPANS = frozenset({"delay", "every", "within", "then", "wait", "alarm", "by"})

Entitled = Callable[[str], Text]
"""What people call a role or a relation."""


def as_it_is(word: str) -> Text:
    return Text(word, word)


class Wording:
    """The words for what stands in these procedures; where several know a name, the first one's word counts."""

    def __init__(self, *procedures: Procedure, entitled: Entitled = as_it_is) -> None:
        self.procedures = procedures
        self.entitled = entitled

    def thing(self, key: str, name: str) -> Text:
        kind = NAMED[key]
        return Text(f"{kind.zh}“{self.label(name, 'zh')}”", f"{kind.en} “{self.label(name, 'en')}”")

    def key(self, key: str) -> Text:
        return KEYS.get(key, Text(key, key))

    def label(self, name: str, language: str) -> str:
        """What the newer of the two calls it, else the older."""
        found = (it.label(name, language) for it in self.procedures)
        return next((label for label in found if label != name), name)

    def value(self, key: str, value: Any) -> Text:
        if value is None:
            return Text("无", "none")
        if isinstance(value, bool):
            return Text("是", "yes") if value else Text("否", "no")
        if key in _SPANS and isinstance(value, str):
            try:
                amount = parse_amount(value)
            except AmountError:
                return self.entitled(value)
            return Text(format_amount(amount, "zh"), format_amount(amount, "en"))
        if isinstance(value, str):
            named = Text(self.label(value, "zh"), self.label(value, "en"))
            return self.entitled(value) if key in _PEOPLE and named == Text(value, value) else named
        shown = self.shown(value)
        return Text(shown, shown)

    def values(self, key: str, items: Sequence[Any]) -> Text:
        found = [self.value(key, item) for item in items]
        return Text("、".join(item.zh for item in found), ", ".join(item.en for item in found))

    def shown(self, value: Any) -> str:
        """As it would stand in the file, on one line."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {self.shown(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.shown, value)) + "]"
        return json.dumps(value) if isinstance(value, bool) or value is None else str(value)
