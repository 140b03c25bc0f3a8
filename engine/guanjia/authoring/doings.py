"""What a step does, in words: who is told, who is made responsible, what is set, opened and said.

Each key is used up as it is told; what is left is told by its own word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import Text
from ..model.procedure import Procedure
from .conditions import in_words, joined, unrepeated
from .wording import Entitled, Wording

Plain = dict[str, Any]

_CHOOSING = {
    "least_loaded": Text("在办最少的", "whoever has the least to do"), "round_robin": Text("轮流", "in turn"),
    "owner": Text("所管楼栋的", "whoever looks after the building"), "previous": Text("上一位", "whoever had it before"),
    "on_duty": Text("在岗的", "whoever is on duty"), "first": Text("名单上第一位", "the first of them"),
}  # fmt: skip
_RELATED = {
    "substitute": Text("责任人的代班人", "the assignee's substitute"), "customers": Text("所属各户", "the customers of all cases below"),
}  # fmt: skip
"""Recipients that are no role and no relation of somebody who acts."""
URGENCY = {
    "low": Text("不急，等到次日早上", "can wait for the next morning"), "normal": Text("一般", "normal"),
    "urgent": Text("紧急，安静时段也发", "urgent, told in quiet hours too"),
}  # fmt: skip


_FIXED = re.compile(r"'([^']*)'")
"""A text that is always the same."""


class Line(NamedTuple):
    """One line, so many levels deep; a heading is of a part at the top, else of a state."""

    level: int
    text: Text
    heading: bool = False


class Doings(Wording):
    """The words for effects, and for names, people and conditions."""

    def __init__(self, procedure: Procedure, entitled: Entitled) -> None:
        super().__init__(procedure, entitled=entitled)
        self.procedure = procedure

    # -- words

    def named(self, name: str) -> Text:
        return Text(f"“{self.label(name, 'zh')}”", f"“{self.label(name, 'en')}”")

    def clock(self, name: str) -> Text:
        """A clock by its name, which often says already that it is one."""
        return unrepeated(Text(f"时限{self.named(name).zh}", f"the clock {self.named(name).en}"))

    def own(self, name: str) -> Text:
        """What it is called, and the name that is typed."""
        called = self.named(name)
        return Text(f"{called.zh}（{name}）", f"{called.en} ({name})")

    def _by(self, what: Text, plain: Plain) -> Text:
        """The same with the calendar and the way of counting that it names."""
        more = []
        if (calendar := plain.pop("calendar", None)) is not None:
            more.append(self._hours(calendar))
        more += self._grounds(plain.pop("standard", None), plain.pop("overlay", None))
        if (counting := plain.pop("counting", None)) is not None:
            more.append(_counted(counting))
        told = listed(more)
        return Text(f"{what.zh}（{told.zh}）", f"{what.en} ({told.en})") if more else what

    def _hours(self, calendar: str) -> Text:
        if calendar == "always":
            return Text("不分昼夜", "around the clock")
        return Text(f"按日历 {calendar}", f"by the calendar {calendar}")

    def _grounds(self, standard: str | None, overlay: str | None) -> list[Text]:
        told = [] if standard is None else [Text(f"依据标准 {standard}", f"by the standard {standard}")]
        return told if overlay is None else [*told, Text(f"另按 {overlay}", f"beside it by {overlay}")]

    def notice(self, template: str) -> Text:
        """What a notice is called."""
        return Text(self.label(template, "zh"), self.label(template, "en"))

    def names(self, names: Iterable[str]) -> Text:
        return listed([self.named(name) for name in names])

    def deeds(self, names: Iterable[str]) -> Text:
        """Actions, and the opening, which has no label of its own."""
        return listed([Text("“登记”", "“open”") if name == "open" else self.named(name) for name in names])

    def who(self, words: Iterable[str]) -> Text:
        return listed([self._one(word) for word in words])

    def _one(self, word: str) -> Text:
        head, colon, rest = word.partition(":")
        told = {
            "team": Text("{}班组", "the team {}"),
            "lead": Text("{}的组长", "the lead of {}"),
            "on_duty": Text("在岗的{}", "{} on duty"),
            "staff": Text("{}", "{}"),
        }
        if colon and head in told:
            inner = self._one(rest)
            if head == "team" and inner.zh[-1:] in "组队班":
                return Text(inner.zh, f"the team {inner.en}")
            return Text(told[head].zh.format(inner.zh), told[head].en.format(inner.en))
        if word in _RELATED:
            return _RELATED[word]
        called = self.entitled(word)
        return called if called != Text(word, word) else Text(self.label(word, "zh"), self.label(word, "en"))

    def condition(self, source: str) -> Text:
        return in_words(self.procedure.fields, self.label, source, self._one)

    def computed(self, source: str) -> Text:
        """What an expression comes to, in words."""
        return in_words(self.procedure.fields, self.label, source, self._one, value=True)

    def span(self, value: str) -> Text:
        return self.value("within", value)

    def rest(self, plain: Mapping[str, Any]) -> list[Text]:
        """What is left, by the words of its keys."""
        return [about(self.key(key), self.value(key, value)) for key, value in plain.items()]

    # -- effects

    def _effects(self, effects: Iterable[Plain]) -> Text:
        told = [self._effect(effect) for effect in effects]
        return sentence(told)

    def _effect(self, plain: Plain) -> Text:
        when = plain.pop("when", None)
        kind, plainly = next(iter(plain.items()))
        told: Text = getattr(self, f"_{kind}")(plainly)
        if when is None:
            return told
        that = self.condition(when)
        return Text(f"若{that.zh}，{told.zh}", f"if {that.en}, {told.en}")

    def _notify(self, plainly: Plain) -> Text:
        return listed([self._one_notice(name, to) for name, to in plainly.items()])

    def _one_notice(self, name: str, plain: Plain) -> Text:
        who, more = self.who(plain.pop("to")), []
        if channels := plain.pop("channel", None):
            more.append(about(Text("渠道", "by"), Text("、".join(channels), ", ".join(channels))))
        if (urgency := plain.pop("urgency", None)) is not None:
            more.append(URGENCY[urgency])
        more += [self._given(key, value) for key, value in plain.pop("with", {}).items()]
        more += self.rest(plain)
        told, called = listed(more), self.notice(name)
        return Text(
            f"通知{who.zh}（{called.zh}" + (f"；{told.zh}）" if more else "）"),
            f"{who.en} told ({called.en}" + (f"; {told.en})" if more else ")"),
        )

    def _given(self, name: str, source: str) -> Text:
        value = self.computed(source)
        if value == self.named(name):
            return value
        return Text(joined(f"{self.named(name).zh}为", value.zh), f"{self.named(name).en} being {value.en}")

    def _assign(self, plain: Plain) -> Text:
        if (person := plain.pop("person", None)) is not None:
            who = self.computed(person)
        elif (team := plain.pop("team", None)) is not None:
            who = self._one(f"team:{team}")
        else:
            who = self._one(plain.pop("role"))
        more = []
        if (choose := plain.pop("choose", None)) is not None:
            more.append(_CHOOSING.get(choose) or self.computed(choose))
        if (skill := plain.pop("skill", None)) is not None:
            able = self._one(skill)
            more.append(Text(f"须会{able.zh}", f"able to do {able.en}"))
        if (speaks := plain.pop("speaks", None)) is not None:
            language = self.computed(speaks)
            more.append(Text(joined("最好说", language.zh), f"preferably one who speaks {language.en}"))
        told = listed([*more, *self.rest(plain)])
        return Text(
            f"交给{who.zh}" + (f"（{told.zh}）" if told.zh else ""),
            f"given to {who.en}" + (f" ({told.en})" if told.en else ""),
        )

    def _escalate(self, plain: Plain) -> Text:
        if (ladder := plain.pop("ladder", None)) is not None:
            return Text(f"开始逐级上报{self.named(ladder).zh}", f"the ladder {self.named(ladder).en} is climbed")
        who, template = self.who(plain.pop("to")), plain.pop("template", None)
        more = listed([*([] if template is None else [quoted(self.notice(template))]), *self.rest(plain)])
        return Text(
            f"升级到{who.zh}" + (f"（{more.zh}）" if more.zh else ""),
            f"escalated to {who.en}" + (f" ({more.en})" if more.en else ""),
        )

    def _set(self, plainly: Plain) -> Text:
        told, kept = [], []
        for name, value in plainly.items():
            if value is None:
                told.append(Text(f"清空{self.named(name).zh}", f"{self.named(name).en} is cleared"))
                continue
            field = self.procedure.fields.get(name)
            computed = isinstance(value, str) and (field is None or field.is_computed(value))
            said = self.computed(value) if computed else self._chosen(value)
            if value == f"input.{name}" or (computed and said == self.named(name)):
                kept.append(self.named(name))
                continue
            told.append(Text(joined(f"{self.named(name).zh}记为", said.zh), f"{self.named(name).en} becomes {said.en}"))
        given = listed(kept)
        return listed([*([Text(f"记下{given.zh}", f"{given.en} noted")] if kept else []), *told])

    def _chosen(self, value: Any) -> Text:
        """A value as it is written down: a word in quotation marks, a number without."""
        said = self.value("", value)
        return quoted(said) if isinstance(value, str | bool) else said

    def _extend(self, plainly: Plain) -> Text:
        told = []
        for name, plain in plainly.items():
            by, start = self.span(plain.pop("by")), plain.pop("from", "due") == "start"
            since = Text("，从开始算", ", counted from its start") if start else Text("", "")
            told.append(
                Text(
                    f"{self.clock(name).zh}延长 {by.zh}{since.zh}",
                    f"{self.clock(name).en} gets {by.en} more{since.en}",
                )
            )
        return listed(told)

    def _open(self, plainly: Plain) -> Text:
        told = []
        for name, plain in plainly.items():
            more, child = [], self.elsewhere(name)
            if (called := plain.pop("as", None)) is not None:
                more.append(Text(f"称作“{self.label(called, 'zh')}”", f"called “{self.label(called, 'en')}”"))
            if (where := plain.pop("households", None)) is not None:
                place = self.computed(where)
                more.append(Text(f"{place.zh}的每一户各一个", f"one for each household of {place.en}"))
            if plain.pop("wait", False):
                more.append(Text("等它办结才能办结", "which must be closed first"))
            more += self._taken_along(child, plain.pop("with", {}))
            titled = [child.label(name, spoken) for spoken in ("zh", "en")]
            parts = [Text(f"另开工单“{titled[0]}”", f"a case “{titled[1]}” is opened"), *more, *self.rest(plain)]
            told.append(Text("，".join(part.zh for part in parts), ", ".join(part.en for part in parts)))
        return listed(told)

    def elsewhere(self, procedure: str) -> Procedure:
        """The procedure in whose words a case that is opened is told; this one where it is all that is known."""
        return self.procedure

    def _taken_along(self, child: Procedure, values: Mapping[str, str]) -> list[Text]:
        """What a new case begins with: fields that are called the same in both first."""
        same, told = [], []
        for name, source in values.items():
            called = Text(f"“{child.label(name, 'zh')}”", f"“{child.label(name, 'en')}”")
            fixed = _FIXED.fullmatch(source)
            value = Text(f"“{child.label(fixed[1], 'zh')}”", f"“{child.label(fixed[1], 'en')}”") if fixed else self.computed(source)  # fmt: skip
            if value == called:
                same.append(called)
            else:
                told.append(Text(joined(f"{called.zh}为", value.zh), f"{called.en} being {value.en}"))
        along = listed(same)
        return [*([Text(f"带去{along.zh}", f"with {along.en} of this one")] if same else []), *told]

    def _emit(self, plain: Plain) -> Text:
        signal, to = self.named(plain.pop("signal")), plain.pop("to", "self")
        aims = {
            "self": Text("本工单", "this case"),
            "parent": Text("上级工单", "its parent"),
            "children": Text("下级工单", "its children"),
        }
        aim = aims.get(to) or self.named(to)
        return Text(f"向{aim.zh}发信号{signal.zh}", f"the signal {signal.en} goes to {aim.en}")

    def _log(self, text: str) -> Text:
        named = self.named(text)
        return Text(f"记下{named.zh}", f"{named.en} is noted")


_COUNTED = {
    "first_day": (Text("当天算第一天", "the first day counts"), Text("当天不算", "the first day does not count")),
    "pause_day": (Text("停表当天算", "the day on which it pauses counts"), Text("停表当天不算", "the day on which it pauses does not count")),
    "resume_day": (Text("恢复当天算", "the day on which it goes on counts"), Text("恢复当天不算", "the day on which it goes on does not count")),
    "roll_over": (Text("末日遇休息日顺延", "a last day of rest rolls on"), Text("末日遇休息日不顺延", "a last day of rest does not roll on")),
}  # fmt: skip


def _counted(choices: Mapping[str, Any]) -> Text:
    """How days are counted."""
    told = [Text("按民法典计日", "days as the Civil Code counts them")] if "like" in choices else []
    told += [words[not choices[key]] for key, words in _COUNTED.items() if key in choices]
    if (ends := choices.get("ends")) is not None:
        told.append(Text("到当天 24 点", "until midnight of the last day") if ends == "midnight" else Text("到当天下班", "until closing time of the last day"))  # fmt: skip
    return listed(told)


def quoted(name: Text) -> Text:
    return Text(f"“{name.zh}”", f"“{name.en}”")


def about(what: Text, told: Text) -> Text:
    return Text(f"{what.zh}：{told.zh}", f"{what.en}: {told.en}")


def listed(found: list[Text]) -> Text:
    return Text("、".join(text.zh for text in found), ", ".join(text.en for text in found))


def sentence(told: list[Text]) -> Text:
    return Text("；".join(text.zh for text in told), "; ".join(text.en for text in told))
