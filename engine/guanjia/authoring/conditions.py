"""Conditions in plain words: names by what people call them, comparisons and functions spelt out, in Chinese and in English.

The order of an expression is kept, so that whoever has it in front of them finds every part again. What nothing here has words for
stands as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from jinja2 import nodes

from ..calendars import format_amount, parse_amount
from ..errors import Text, often
from ..expressions import ExpressionError, tree
from ..model.procedure import Field

_NAMES: Mapping[str, Text] = {
    "now": Text("现在", "now"), "opened_at": Text("登记时间", "the opening"), "actor": Text("办理人", "whoever does it"), "mode": Text("模式", "the mode"),
    "outcome": Text("结果", "the outcome"), "number": Text("编号", "the number"), "site": Text("小区", "the site"), "procedure": Text("流程", "the procedure"),
}  # fmt: skip
_PEOPLE = ("assignee", "opener", "customer", "previous")
_OF: Mapping[tuple[str, str], Text] = {
    ("past", "count"): Text("{}的次数", "the number of {}"), ("past", "at"): Text("上次{}的时间", "the time of the last {}"), ("past", "by"): Text("上次办{}的人", "whoever did {} last"),
    ("clock", "due"): Text("时限{}的到期时刻", "when the clock {} is due"), ("clock", "left"): Text("时限{}剩下的时间", "what the clock {} has left"),
    ("clock", "used"): Text("时限{}用去的时间", "what the clock {} has used"), ("ladder", "level"): Text("升级阶梯{}到了第几级", "the level of the ladder {}"),
    ("child", "outcome"): Text("子工单{}的结果", "the outcome of the child {}"),
}  # fmt: skip
_TRUE: Mapping[tuple[str, str], tuple[Text, Text]] = {
    ("clock", "running"): (Text("时限{}在走", "the clock {} runs"), Text("时限{}不在走", "the clock {} does not run")),
    ("clock", "paused"): (Text("时限{}停着", "the clock {} stands still"), Text("时限{}没有停", "the clock {} does not stand still")),
    ("clock", "breached"): (Text("时限{}已超时", "the clock {} is late"), Text("时限{}未超时", "the clock {} is not late")),
    ("clock", "met"): (Text("时限{}已按时办到", "the clock {} was met"), Text("时限{}尚未按时办到", "the clock {} was not met")),
    ("clock", "started"): (Text("时限{}已开始", "the clock {} has started"), Text("时限{}未开始", "the clock {} has not started")),
    ("ladder", "running"): (Text("升级阶梯{}还在往上", "the ladder {} climbs"), Text("升级阶梯{}没有在往上", "the ladder {} does not climb")),
    ("ladder", "acknowledged"): (Text("升级阶梯{}已有人确认", "the ladder {} is acknowledged"), Text("升级阶梯{}还没有人确认", "the ladder {} is not acknowledged")),
    ("ladder", "alarmed"): (Text("升级阶梯{}已告警", "the ladder {} has given the alarm"), Text("升级阶梯{}没有告警", "the ladder {} has given no alarm")),
    ("child", "closed"): (Text("子工单{}已办结", "the child {} is closed"), Text("子工单{}未办结", "the child {} is not closed")),
    ("child", "open"): (Text("子工单{}在办", "the child {} is open"), Text("子工单{}不在办", "the child {} is not open")),
}  # fmt: skip
"""What may be so, and the same where it is not."""
_CALLS: Mapping[str, tuple[Text, Text]] = {
    "done": (Text("{}已完成", "{} is done"), Text("{}未完成", "{} is not done")), "in_state": (Text("处于{}", "it is in {}"), Text("不处于{}", "it is not in {}")),
    "is_role": (Text("办理人是{}", "whoever does it is {}"), Text("办理人不是{}", "whoever does it is not {}")),
    "is_open": (Text("{}在工作时间", "{} is in working hours"), Text("{}不在工作时间", "{} is out of working hours")),
    "sample": (Text("按 {}% 抽中", "drawn by lot at {} %"), Text("按 {}% 没有抽中", "not drawn by lot at {} %")),
}  # fmt: skip
_UNITS = {"minutes": "m", "hours": "h", "days": " days", "workdays": " workdays"}
_SAME = {"eq": Text("{}是{}", "{} is {}"), "ne": Text("{}不是{}", "{} is not {}"), "in": Text("{}属于{}", "{} is one of {}"), "notin": Text("{}不属于{}", "{} is none of {}")}  # fmt: skip
_EQUAL = {**_SAME, "eq": Text("{}等于{}", "{} equals {}"), "ne": Text("{}不等于{}", "{} does not equal {}")}
_OPPOSITE = {"eq": "ne", "ne": "eq", "in": "notin", "notin": "in"}
_MORE = {"gt": Text("超过", "more than"), "gteq": Text("达到", "at least"), "lt": Text("不到", "less than"), "lteq": Text("不超过", "at most")}  # fmt: skip
_NOT_MORE = {"gt": "没有超过", "gteq": "没有达到", "lt": "并非不到", "lteq": "并非不超过"}
"""What holds too where the value is not known."""
_LATER = {"gt": Text("晚于", "later than"), "gteq": Text("不早于", "not before"), "lt": Text("早于", "before"), "lteq": Text("不晚于", "not later than")}  # fmt: skip
_NOT_LATER = {"gt": "lteq", "gteq": "lt", "lt": "gteq", "lteq": "gt"}
_NOW = {"gt": Text("已过{}", "{} is past"), "gteq": Text("已到{}", "{} has come"), "lt": Text("还没到{}", "{} has not come"), "lteq": Text("还没过{}", "{} is not past")}  # fmt: skip
_APART = {"gt": "超过", "gteq": "不少于", "lt": "不到", "lteq": "不超过"}
_SIGNS = {nodes.Add: Text("加", "+"), nodes.Sub: Text("减", "−"), nodes.Mul: Text("乘以", "×"), nodes.Div: Text("除以", "÷"), nodes.FloorDiv: Text("整除以", "÷ (whole)")}  # fmt: skip
_FILTERS = {
    "length": Text("{}的长度", "the length of {}"), "lower": Text("{}（小写）", "{} in lower case"), "upper": Text("{}（大写）", "{} in upper case"),
    "round": Text("{}（四舍五入）", "{}, rounded"), "abs": Text("{}的绝对值", "the size of {}"), "first": Text("{}的第一项", "the first of {}"),
    "last": Text("{}的最后一项", "the last of {}"), "int": Text("{}（取整数）", "{} as a whole number"),
}  # fmt: skip


_REPEATED = re.compile(r"(?:时限(?=“[^”]*时限”)|子工单(?=“[^”]*工单”))")


def in_words(
    fields: Mapping[str, Field],
    label: Callable[[str, str], str],
    source: str,
    called: Callable[[str], Text],
    *,
    value: bool = False,
) -> Text:
    """A condition over these fields, or a computed `value`: `label` says what a name is called in a language, `called` what people call
    a role or a relation."""
    words = _Words(fields, label, called)
    try:
        return unrepeated(words.value(tree(source)) if value else words.said(tree(source)))
    except (ExpressionError, _Wordless):
        return Text(source, source)


def joined(first: str, then: str) -> str:
    """Chinese after Chinese needs no blank; a number or a Latin word beside it has one."""
    beside = {_script(first[-1:]), _script(then[:1])} == {"Han", "Latin"}
    return f"{first} {then}" if beside else first + then


def unrepeated(told: Text) -> Text:
    """A name that ends with the word for what it is needs it not before."""
    return Text(_REPEATED.sub("", told.zh), told.en)


def _script(sign: str) -> str:
    return "" if not sign.isalnum() else "Latin" if sign.isascii() else "Han"


class _Wordless(Exception):
    """A part that is told as it is written."""


@dataclass(frozen=True, slots=True)
class _Words:
    fields: Mapping[str, Field]
    label: Callable[[str, str], str]
    called: Callable[[str], Text]

    # -- what is so

    def said(self, node: nodes.Node, *, no: bool = False) -> Text:
        """A condition in words, or with `no` that it does not hold."""
        match node:
            case nodes.Not(node=inner):
                return self.said(inner, no=not no)
            case nodes.And() | nodes.Or():
                return self._both(node, no)
            case nodes.Compare(expr=left, ops=[operand]):
                return self._compared(left, str(operand.op), operand.expr, no)
            case nodes.Compare(expr=left, ops=[operand, *more]):
                first = nodes.Compare(left, [operand])
                return self._both(nodes.And(first, nodes.Compare(operand.expr, more)), no)
            case nodes.Test(node=inner, name=name):
                return self._known(inner, known=(name == "defined") != no)
            case nodes.Call(node=nodes.Name(name=name), args=[given]) if name in _CALLS:
                return _filled(_CALLS[name][no], self._given(name, given))
        if (path := _path(node)) is not None and (words := _TRUE.get((path[0], path[-1]))) and len(path) == 3:
            return _filled(words[no], self._named(path[1]))
        return _filled(Text("{}为“否”", "{} is no") if no else Text("{}为“是”", "{} is yes"), self.value(node))

    def _both(self, node: nodes.And | nodes.Or, no: bool) -> Text:
        """One after the other; what is joined otherwise within stands in brackets."""
        parts = [self._within(part, type(node), no) for part in _flat(node, type(node))]
        both = isinstance(node, nodes.And) != no
        zh, en = ("且", " and ") if both else ("或", " or ")
        first, *rest = parts
        told = first.zh
        for part in rest:
            told = joined(joined(told, zh), part.zh)
        return Text(told, en.join(part.en for part in parts))

    def _within(self, node: nodes.Node, around: type, no: bool) -> Text:
        told = self.said(node, no=no)
        while isinstance(node, nodes.Not):
            node = node.node
        mixed = isinstance(node, nodes.And | nodes.Or) and not isinstance(node, around)
        return Text(f"（{told.zh}）", f"({told.en})") if mixed else told

    def _compared(self, left: nodes.Node, op: str, right: nodes.Node, no: bool) -> Text:
        if op in _SAME:
            return self._alike(left, _OPPOSITE[op] if no else op, right)
        count = _path(left)
        if count is not None and (count[0], count[-1]) == ("past", "count") and isinstance(right, nodes.Const):
            return self._times(count[1], op, right.value, no)
        if self._instant(left) or self._instant(right):
            op = _NOT_LATER[op] if no else op
            if isinstance(left, nodes.Name) and left.name == "now":
                return _filled(_NOW[op], self.value(right))
            word = _LATER[op]
            return _filled(Text(f"{{}}{word.zh}{{}}", f"{{}} is {word.en} {{}}"), self.value(left), self.value(right))
        if isinstance(left, nodes.Sub) and (apart := self._apart(left, op, right, no)):
            return apart
        if op == "gt" and isinstance(right, nodes.Const) and right.value == 0:
            word = Text("不大于", "is not more than") if no else Text("大于", "is more than")
            return _filled(Text(f"{{}}{word.zh}{{}}", f"{{}} {word.en} {{}}"), self.value(left), self.value(right))
        word = Text(_NOT_MORE[op] if no else _MORE[op].zh, f"is {'not ' if no else ''}{_MORE[op].en}")
        return _filled(Text(f"{{}}{word.zh}{{}}", f"{{}} {word.en} {{}}"), self.value(left), self.value(right))

    def _alike(self, left: nodes.Node, op: str, right: nodes.Node) -> Text:
        count = _path(left)
        if isinstance(right, nodes.Const):
            if isinstance(right.value, bool):
                return self.said(left, no=right.value != (op == "eq"))
            if right.value is None:
                return self._known(left, known=op == "ne")
            if count is not None and (count[0], count[-1]) == ("past", "count"):
                return self._times(count[1], op, right.value, False)
            if not isinstance(right.value, str):
                word = Text("{}为{}", "{} is {}") if op == "eq" else Text("{}不为{}", "{} is not {}")
                return _filled(word, self.value(left), self.value(right))
        words = _EQUAL if self._number(left) or self._number(right) else _SAME
        return _filled(words[op], self.value(left), self.value(right))

    def _times(self, name: str, op: str, times: Any, no: bool) -> Text:
        """How often something has been."""
        what = self._named(name)
        if (op, times) in (("gt", 0), ("gteq", 1), ("ne", 0)) or (op, times) in (("eq", 0), ("lt", 1), ("lteq", 0)):
            never = (op in ("eq", "lt", "lteq")) != no
            return _filled(Text("没有过{}", "{} has not happened") if never else Text("有过{}", "{} has happened"), what)  # fmt: skip
        words = {**_MORE, "eq": Text("正好", "exactly"), "ne": Text("不是", "not exactly")}[op]
        zh = _NOT_MORE.get(op, words.zh) if no else words.zh
        return Text(f"{what.zh}{zh} {times} 次", f"{what.en} happened {'not ' if no else ''}{words.en} {often(times)}")

    def _apart(self, between: nodes.Sub, op: str, span: nodes.Node, no: bool) -> Text | None:
        """How long ago or ahead something is: `now - it >= hours(4)`."""
        op = _NOT_LATER[op] if no else op
        zh = _APART[op]
        for ago, (one, other) in ((True, (between.left, between.right)), (False, (between.right, between.left))):
            if isinstance(one, nodes.Name) and one.name == "now":
                en = f"{{}} is {_MORE[op].en} {{}} {'ago' if ago else 'away'}"
                return _filled(Text(f"{'距' if ago else '离'}{{}}{zh}{{}}", en), self.value(other), self.value(span))
        return None

    def _known(self, node: nodes.Node, *, known: bool) -> Text:
        path = _path(node)
        if path is not None and (path[0], path[-1]) == ("past", "at"):
            return self._times(path[1], "gt" if known else "eq", 0, False)
        given = path is not None and (path[0] in self.fields or "input" in path)
        zh = ("{}已填" if known else "{}未填") if given else ("有{}" if known else "没有{}")
        return _filled(Text(zh, "{} is known" if known else "{} is not known"), self.value(node))

    # -- values

    def value(self, node: nodes.Node) -> Text:
        match node:
            case nodes.Const(value=value):
                return self._constant(value)
            case nodes.List(items=items) | nodes.Tuple(items=items):
                found = [self.value(item) for item in items]
                return Text("、".join(each.zh for each in found), ", ".join(each.en for each in found))
            case nodes.Call(node=nodes.Name(name=name), args=[given]) if name in _UNITS:
                return self._span(name, given)
            case nodes.Call(node=nodes.Name(name="count"), args=[nodes.Const(value=name)]):
                return _filled(Text("{}", "the count {}"), self._named(str(name)))
            case nodes.Filter(node=inner, name="default", args=[fallback]) if inner is not None:
                return _filled(Text("{}（未填则为{}）", "{} (else {})"), self.value(inner), self.value(fallback))
            case nodes.Filter(node=inner, name=name) if inner is not None and name in _FILTERS:
                return _filled(_FILTERS[name], self.value(inner))
            case nodes.CondExpr(test=test, expr1=one, expr2=other) if other is not None:
                words = Text("{}的为{}，否则为{}", "where {} {}, else {}")
                return _filled(words, self.said(test), self.value(one), self.value(other))
            case nodes.Neg(node=inner):
                return _filled(Text("负的{}", "−{}"), self.value(inner))
            case nodes.BinExpr(left=left, right=right) if type(node) in _SIGNS:
                return self._reckoned(type(node), left, right)
        if (path := _path(node)) is not None:
            return self._of(path)
        if isinstance(node, nodes.Compare | nodes.And | nodes.Or | nodes.Not | nodes.Test) or _asks(node):
            return self.said(node)
        raise _Wordless

    def _constant(self, value: Any) -> Text:
        if isinstance(value, bool):
            return Text("“是”", "yes") if value else Text("“否”", "no")
        if value is None:
            return Text("无", "nothing")
        return self._named(value) if isinstance(value, str) else Text(str(value), str(value))

    def _span(self, unit: str, given: nodes.Node) -> Text:
        if isinstance(given, nodes.Const):
            amount = parse_amount(f"{given.value}{_UNITS[unit]}")
            return Text(format_amount(amount, "zh"), format_amount(amount, "en"))
        zh = {"minutes": "分钟", "hours": "小时", "days": "天", "workdays": "个工作日"}[unit]
        return _filled(Text(f"{{}}{zh}", f"{{}} {'working days' if unit == 'workdays' else unit}"), self.value(given))

    def _reckoned(self, sign: type[nodes.BinExpr], left: nodes.Node, right: nodes.Node) -> Text:
        if self._instant(left) and not self._instant(right):
            after = sign is nodes.Add
            if isinstance(left, nodes.Name) and left.name == "now":
                words = Text("{}后", "{} from now") if after else Text("{}之前", "{} ago")
                return _filled(words, self.value(right))
            path = _path(left) or ("",)
            what = self.value(left)
            if path[-1] in ("at", "due") and len(path) == 3:  # "after the last visit" needs no "time of"
                words = Text("上次{}", "the last {}") if path[-1] == "at" else Text("时限{}到期", "the clock {} is due")
                what = _filled(words, self._named(path[1]))
            elif path == ("opened_at",):
                what = Text("登记", "the opening")
            zh, en = ("{}后{}", "after") if after else ("{}前{}", "before")
            moved = _filled(Text(zh, ""), what, self.value(right)).zh
            return Text(moved, f"{self.value(right).en} {en} {what.en}")
        word, first = _SIGNS[sign], self._part(left, sign, right=False)
        return _filled(Text(f"{{}}{word.zh}{{}}", f"{{}} {word.en} {{}}"), first, self._part(right, sign, right=True))

    def _part(self, node: nodes.Node, sign: type[nodes.BinExpr], *, right: bool) -> Text:
        """One side of a reckoning, in brackets where it would be read otherwise without."""
        told = self.value(node)
        weak = isinstance(node, nodes.Add | nodes.Sub) and (sign is not nodes.Add) and (right or sign is not nodes.Sub)
        beside = (
            right and sign in (nodes.Div, nodes.FloorDiv) and isinstance(node, nodes.Mul | nodes.Div | nodes.FloorDiv)
        )
        apart = weak or beside or isinstance(node, nodes.CondExpr)
        return Text(f"（{told.zh}）", f"({told.en})") if apart else told

    # -- names

    def _named(self, name: str) -> Text:
        return Text(f"“{self.label(name, 'zh')}”", f"“{self.label(name, 'en')}”")

    def _given(self, call: str, given: nodes.Node) -> Text:
        """What a function is asked about."""
        if isinstance(given, nodes.Const):
            return self.called(str(given.value)) if call == "is_role" else self._constant(given.value)
        return self.value(given)

    def _of(self, path: tuple[str, ...]) -> Text:
        head, *rest = path
        if not rest:
            if head in self.fields:
                return self._named(head)
            if head in _PEOPLE:
                return self.called(head)
            if head in _NAMES:
                return _NAMES[head]
        elif head == "input":
            apart = Text("所填的{}", "{} as given") if rest[0] in self.fields else Text("{}", "{}")
            return _filled(apart, self._named(rest[0]))
        elif head == "past" and rest[1:2] == ["input"]:
            return _filled(Text("{1}时所填的{0}", "{0} as given with {1}"), self._named(rest[-1]), self._named(rest[0]))
        elif head in self.fields:  # a column of the row that it points to
            return _filled(Text("{0}的{1}", "{1} of {0}"), self._named(head), self._named(rest[0]))
        elif words := _OF.get((head, rest[-1])):
            return _filled(words, self._named(rest[0]))
        elif truth := _TRUE.get((head, rest[-1])):
            return _filled(truth[0], self._named(rest[0]))
        raise _Wordless

    def _instant(self, node: nodes.Node) -> bool:
        """Whether it is a moment, as far as that can be seen."""
        match node:
            case nodes.Add(left=left) | nodes.Sub(left=left) if self._instant(left):
                return not (isinstance(node, nodes.Sub) and self._instant(node.right))
            case nodes.Filter(node=inner, name="default") if inner is not None:
                return self._instant(inner)
        path = _path(node)
        if path is None:
            return False
        if path in (("now",), ("opened_at",)) or (path[0], path[-1]) in (("past", "at"), ("clock", "due")):
            return True
        return self._type(path) in ("instant", "date")

    def _number(self, node: nodes.Node) -> bool:
        return isinstance(node, nodes.BinExpr) or self._type(_path(node) or ()) in ("integer", "decimal", "money")

    def _type(self, path: tuple[str, ...]) -> str:
        """Of a field, or of what is given for it."""
        given = len(path) == 1 or "input" in path
        return self.fields[path[-1]].type if given and path and path[-1] in self.fields else ""


def _asks(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in _CALLS


def _flat(node: nodes.Node, kind: type) -> list[nodes.Node]:
    return [*_flat(node.left, kind), *_flat(node.right, kind)] if isinstance(node, nodes.BinExpr) and isinstance(node, kind) else [node]  # fmt: skip


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        above = _path(node.node)
        return None if above is None else (*above, node.attr)
    return None


def _filled(words: Text, *parts: Text) -> Text:
    """The words with their gaps filled, in each language."""
    zh, number = "", 0
    for between, name, _, _ in Formatter().parse(words.zh):
        zh = joined(zh, between)
        if name is not None:
            zh = joined(zh, parts[int(name or number)].zh)
            number += 1
    return Text(zh, words.en.format(*(part.en for part in parts)))
