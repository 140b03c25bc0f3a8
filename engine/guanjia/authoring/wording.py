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
    "about": Text("用途", "what it is for"), "purpose": Text("须同意的用途", "needs consent to"), "visible_to": Text("谁看得到", "who may see it"),
    "retention": Text("个人信息的保存", "keeping of personal data"), "after": Text("多久以后", "after"), "basis": Text("依据", "basis"),
    "on_merge": Text("并单时", "on merging"), "duplicates": Text("怎样算重复", "perhaps the same"), "same": Text("哪些相同", "alike in"),
    "undo": Text("多久以内可撤回", "can be taken back within"), "properties": Text("应成立的话", "what is claimed"), "never": Text("从不", "never"),
    "edits": Text("人工改动时也成立", "also where people edit"), "leads_to": Text("总会到", "leads to"), "where": Text("其中", "where"),
    "history": Text("回到原处", "history"), "when": Text("当", "when"), "notify": Text("通知", "tells"), "assign": Text("交给", "assigns"),
    "escalate": Text("上报", "escalates to"), "set": Text("写入", "sets"), "extend": Text("加时", "extends"), "open": Text("另开工单", "opens"),
    "emit": Text("发出信号", "sends the signal"), "log": Text("记一笔", "notes"), "channel": Text("渠道", "channel"), "with": Text("附上", "with"),
    "role": Text("角色", "role"), "team": Text("班组", "team"), "person": Text("人", "person"), "choose": Text("怎样选人", "chosen by"),
    "skill": Text("技能", "skill"), "speaks": Text("会说", "speaks"), "template": Text("模板", "template"), "ladder": Text("升级阶梯", "ladder"),
    "as": Text("叫作", "called"), "signal": Text("信号", "signal"), "that": Text("条件", "condition"), "else": Text("不成立时说", "else it says"),
    "sensitive": Text("敏感", "sensitive"), "read": Text("谁可以看", "who may read it"), "write": Text("谁可以填", "who may write it"),
    "standard": Text("服务标准", "standard"), "like": Text("照谁计日", "counts like"), "first_day": Text("当天算不算", "first day counts"),
    "pause_day": Text("暂停那天算不算", "day of pausing counts"), "resume_day": Text("恢复那天算不算", "day of resuming counts"),
    "roll_over": Text("遇休息日顺延", "rolls over a day of rest"), "ends": Text("几点截止", "ends at"), "runs_in": Text("只在这些状态计时", "runs only in"),
    "manual": Text("可人工暂停", "can be paused by hand"), "then": Text("之后再", "then"), "overlay": Text("地方标准", "overlay"),
    "acknowledge": Text("哪些算已确认", "counts as acknowledged"), "catch_up": Text("补发", "what was missed"), "prefix": Text("前缀", "prefix"),
    "households": Text("每户一个", "one for each household of"), "outside": Text("对外", "to people outside"), "branches": Text("怎么走", "ways"),
}  # fmt: skip

EXTENDED = Text("加时", "by")
"""A `by` that is no list of people is that of `extend`."""
_PEOPLE = frozenset({"by", "not_by", "open_by", "to"})
_SPANS = frozenset({"delay", "every", "within", "then", "wait", "alarm", "by", "undo"})

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
