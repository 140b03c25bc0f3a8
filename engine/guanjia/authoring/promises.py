"""What is promised and what happens in time, in words: clocks with their targets and thresholds, and ladders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import Text
from .conditions import joined, unrepeated
from .doings import URGENCY, Doings, Line, Plain, about, listed, quoted, sentence

_PROMISED = {
    "sla": Text("对业主的承诺", "promised to customers"), "ola": Text("内部的约定", "promised among ourselves"),
    "uc": Text("外包单位的约定", "promised by a contractor"),
}  # fmt: skip
_CONDITIONS = {
    "start": Text("开始计时", "starts with"), "pause": Text("暂停", "stands still with"), "resume": Text("恢复", "goes on with"),
    "stop": Text("办到即止", "is met with"), "cancel": Text("取消", "is cancelled with"), "reset": Text("重新计", "begins anew with"),
    "runs_in": Text("只在这些状态里走", "runs only in"),
}  # fmt: skip
_SINCE = {
    "open": Text("登记", "the opening"), "opened_at": Text("登记", "the opening"), "now": Text("开始计时的时刻", "the moment at which it starts"),
}  # fmt: skip
_ON_CHANGE = {
    "keep": Text("改了期限，已走的时间照新期限重算", "when the target changes, all that ran is measured by the new one"),
    "carry": Text("改了期限，已走的时间照原样带过去", "when the target changes, what was used is taken over as it was"),
    "restart": Text("改了期限，从头计", "when the target changes, it begins anew"),
}  # fmt: skip
_ON_REOPEN = {
    "new": Text("重开后新开一轮", "a reopened case begins a new cycle"), "resume": Text("重开后接着走剩下的", "a reopened case goes on with what was left"),
    "closed": Text("重开后不再计", "a reopened case does not count it again"),
}  # fmt: skip


class Promises(Doings):
    """The words for clocks and ladders."""

    # -- clocks and ladders

    def _clock(self, name: str, plain: Plain) -> Iterator[Line]:
        kind = _PROMISED[plain.pop("kind", "sla")]
        yield Line(
            1, unrepeated(Text(f"时限{self.own(name).zh}，{kind.zh}", f"The clock {self.own(name).en}, {kind.en}"))
        )
        for key, word in _CONDITIONS.items():
            if words := plain.pop(key, None):
                joined_by = listed if all(word.isidentifier() for word in words) else sentence
                told = joined_by([self._happening(each) for each in words])
                yield Line(2, about(word, told))
        if (since := plain.pop("from", None)) is not None:
            told = (
                _SINCE[since]
                if since in _SINCE
                else self.named(since)
                if since.isidentifier()
                else self.computed(since)
            )
            yield Line(2, about(Text("起算", "counts from"), told))
        yield from (Line(2, about(Text("期限", "target"), told)) for told in self.targets(plain.pop("target")))
        if (calendar := plain.pop("calendar", None)) is not None:
            yield Line(2, self._by(Text("计时", "counted"), {"calendar": calendar}))
        for threshold, effects in plain.pop("at", {}).items():
            told = self._effects(effects) if effects else Text("只作记录", "it is only recorded")
            yield Line(2, about(self._threshold(threshold), told))
        for key, words in (("on_change", _ON_CHANGE), ("on_reopen", _ON_REOPEN)):
            if (how := plain.pop(key, None)) is not None:
                yield Line(2, words[how])
        if plain.pop("manual", True) is False:
            yield Line(2, Text("不能手工暂停、恢复、重置", "nobody pauses, resumes or resets it by hand"))
        if plain.pop("pausable", True) is False:
            yield Line(2, Text("任何情况下都不停", "nothing makes it stand still"))
        yield from (Line(2, text) for text in self.rest(plain))

    def targets(self, plain: Sequence[Plain]) -> Iterator[Text]:
        """Each target of a clock with what it asks for, in the order in which they are tried."""
        for number, target in enumerate(plain):
            measure = self._target(target)
            otherwise = (
                Text("其余" + " " * measure.zh[:1].isdigit(), "otherwise ")
                if number and measure.zh[:1] != "若"
                else Text("", "")
            )
            yield Text(otherwise.zh + measure.zh, otherwise.en + measure.en)

    def _happening(self, word: str) -> Text:
        """What a clock listens to: a state, an action, a signal, the opening, or a condition."""
        if word == "open":
            return Text("登记或重开", "the opening or a reopening")
        return self.named(word) if word.isidentifier() else self.condition(word)

    def _target(self, plain: Plain) -> Text:
        guards = [self.condition(guard.pop("that")) for guard in plain.pop("guard", ())]
        if (within := plain.pop("within", None)) is not None:
            measure = self.span(within)
            if (then := plain.pop("then", None)) is not None:
                more = self.span(then)
                measure = Text(
                    f"{measure.zh}工作时间，再加 {more.zh}不分昼夜",
                    f"{measure.en} of working time, then {more.en} around the clock",
                )
        elif (until := plain.pop("until", None)) is not None:
            at = self.computed(until)
            measure = Text(joined("到", f"{at.zh}为止"), f"until {at.en}")
        else:
            parts = [self._target(part) for part in plain.pop("earliest")]
            measure = Text(
                f"取最早的：{'；'.join(part.zh for part in parts)}",
                f"the earliest of: {'; '.join(part.en for part in parts)}",
            )
        measure = self._by(measure, plain)
        told = [measure, *self.rest(plain)]
        measure = sentence(told)
        if not guards:
            return measure
        return Text(
            f"若{'，且'.join(guard.zh for guard in guards)}，{measure.zh}",
            f"if {' and '.join(guard.en for guard in guards)}: {measure.en}",
        )

    def _threshold(self, threshold: str) -> Text:
        if threshold.endswith("%"):
            return Text(f"达到时限的 {threshold} 时", f"At {threshold} of the time")
        if threshold == "due":
            return Text("到期时", "When it is due")
        before, span = "-" in threshold, self.span(threshold[3:].strip().lstrip("+-").strip())
        return Text(
            f"到期{'前' if before else '后'} {span.zh}", f"{span.en} {'before' if before else 'after'} it is due"
        )

    def _ladder(self, name: str, plain: Plain) -> Iterator[Line]:
        yield Line(1, self._by(Text(f"升级阶梯{self.own(name).zh}", f"The ladder {self.own(name).en}"), plain))
        for number, level in enumerate(plain.pop("levels"), 1):
            who = self.who(level.pop("to"))
            wait = level.pop("wait", None)
            after = (
                Text("立即", "at once")
                if wait is None
                else Text(f"再过 {self.span(wait).zh}", f"{self.span(wait).en} later")
            )
            more = self.rest(level)
            yield Line(
                2,
                sentence(
                    [Text(f"第 {number} 级：{after.zh}告知{who.zh}", f"Level {number}: {after.en} {who.en}"), *more]
                ),
            )
        if (alarm := plain.pop("alarm", None)) is not None:
            yield Line(
                2,
                Text(
                    f"最高一级过 {self.span(alarm).zh}仍无人确认的，系统告警",
                    f"Nobody acknowledges the last for {self.span(alarm).en}: an alarm",
                ),
            )
        if words := plain.pop("acknowledge", None):
            yield Line(
                2, Text(f"办了{self.names(words).zh}也算确认", f"{self.names(words).en} counts as an acknowledgement")
            )
        if (template := plain.pop("template", None)) is not None:
            yield Line(2, about(Text("所用通知", "told by"), quoted(self.notice(template))))
        if (urgency := plain.pop("urgency", None)) is not None:
            yield Line(2, about(Text("缓急", "urgency"), URGENCY[urgency]))
        if plain.pop("catch_up", "each") == "summary":
            yield Line(
                2, Text("系统停运期间漏报的各级，合成一条补报", "levels that were missed are told in one message")
            )
        yield from (Line(2, text) for text in self.rest(plain))
