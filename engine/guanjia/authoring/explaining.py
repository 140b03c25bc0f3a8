"""A procedure in plain words: what it is for, who may do what from where, what is promised, what happens when it is late, how it ends.

It is told from the plain data that it is made of. Each key is told where it belongs and is used up as it is told; what is left
is told at the end of its place by the key's own word. So nothing that is written is left out, whatever the language learns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from ..calendars import Amount, format_amount, parse_amount
from ..clock import HOUR
from ..errors import Text, often
from ..model.kinds import TYPES
from ..model.procedure import ENTRY, Procedure
from ..model.retention import Period
from .conditions import joined
from .doings import URGENCY, Line, Plain, about, listed, sentence
from .promises import Promises
from .wording import Entitled, as_it_is

Another: TypeAlias = Callable[[str], Procedure | None]


def explain(procedure: Procedure, entitled: Entitled = as_it_is, another: Another = lambda name: None) -> list[Line]:
    """The whole procedure, line by line. `entitled` says what people call a role or a relation, `another` is another procedure of
    the office by name, None where that is not known."""
    made = Explaining(procedure, entitled)
    made.another = another
    return list(made.told())


class Explaining(Promises):
    another: Another

    def elsewhere(self, procedure: str) -> Procedure:
        return self.another(procedure) or self.procedure

    # -- the whole

    def told(self) -> Iterator[Line]:
        plain = self.procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        plain.pop("labels", None)
        name = plain.pop("procedure")
        yield Line(
            0,
            Text(f"流程“{self.label(name, 'zh')}”（{name}）", f"The procedure “{self.label(name, 'en')}” ({name})"),
            True,
        )
        states = {key: plain.pop(key) for key in _OF_A_STATE if key in plain}
        fields, sla, ladders = (plain.pop(key, {}) for key in ("fields", "sla", "ladders"))
        reopen, modes, properties = plain.pop("reopen", []), plain.pop("modes", {}), plain.pop("properties", {})
        yield from (Line(1, text) for text in self._general(plain))
        if fields:
            yield Line(0, Text("记录什么", "What is recorded"), True)
            yield from (Line(1, about(self.own(field), self._field(plainly))) for field, plainly in fields.items())
        yield Line(0, Text("怎么走，谁办什么", "How it goes, and who does what"), True)
        yield from self._inside(states, 1)
        if sla:
            yield Line(0, Text("承诺多久，到时怎样", "What is promised, and what happens in time"), True)
            for clock, plainly in sla.items():
                yield from self._clock(clock, plainly)
        if ladders:
            yield Line(0, Text("没人确认怎么逐级上报", "Who is told when nobody acknowledges"), True)
            for ladder, plainly in ladders.items():
                yield from self._ladder(ladder, plainly)
        yield Line(0, Text("怎么结束", "How it ends"), True)
        yield from self._ends()
        yield from (Line(1, text) for text in (*self._reopening(reopen), *self._modes(modes)))
        if properties:
            yield Line(
                0, Text("任何工单都应如此（guanjia prove）", "What is to be so of every case (guanjia prove)"), True
            )
            yield from (Line(1, about(self.named(name), self._property(claim))) for name, claim in properties.items())

    def _reopening(self, branches: list[Plain]) -> Iterator[Text]:
        for branch in branches:
            within = branch.pop("within", None)
            late = (
                []
                if within is None
                else [Text(f"办结后 {self.span(within).zh}以内", f"within {self.span(within).en} of the closing")]
            )
            yield about(Text("可以重开", "It may be reopened"), sentence([*late, *self._branch(branch)]))
        if not branches:
            yield Text("办结后不能重开", "Once closed it is not reopened")

    def _modes(self, modes: Plain) -> Iterator[Text]:
        for mode, plainly in modes.items():
            head = Text(f"另有模式“{self.label(mode, 'zh')}”", f"There is the mode “{self.label(mode, 'en')}”")
            yield about(head, sentence(self._mode(plainly)))

    def _count(self, plain: Plain) -> Text:
        within, same = self.span(plain.pop("within")), self.names(plain.pop("same", ()))
        alike = Text(f"{same.zh}相同的", f"with the same {same.en}") if same.zh else Text("所有的", "of all kinds")
        told = [
            Text(
                f"{within.zh}以内登记的、{alike.zh}工单有多少",
                f"how many cases {alike.en} were opened within {within.en}",
            )
        ]
        if (where := plain.pop("where", None)) is not None:
            that = self.condition(where)
            told.append(Text(f"只算{that.zh}的", f"only those of which {that.en}"))
        for number, effects in plain.pop("at", {}).items():
            done = self._effects(effects)
            told.append(Text(f"达到 {number} 个时：{done.zh}", f"once there are {number}: {done.en}"))
        return sentence([*told, *self.rest(plain)])

    def _property(self, plain: Plain) -> Text:
        told = []
        if (source := plain.pop("always", None)) is not None:
            that = self.condition(source)
            told.append(Text(f"总是{that.zh}", f"always {that.en}"))
        if (source := plain.pop("never", None)) is not None:
            that = self.condition(source)
            told.append(Text(f"从不{that.zh}", f"never {that.en}"))
        if (claim := plain.pop("leads_to", None)) is not None:
            first, then = (self.condition(claim.pop(key)) for key in ("from", "to"))
            soon = self._by(self.span(claim.pop("within")), claim)
            told.append(
                Text(f"每当{first.zh}，{soon.zh}之内总会{then.zh}", f"whenever {first.en}, within {soon.en} {then.en}")
            )
            told += self.rest(claim)
        if plain.pop("edits", True) is False:
            told.append(Text("手工改字段的不算", "fields that people change by hand left aside"))
        return sentence([*told, *self.rest(plain)])

    def _general(self, plain: Plain) -> Iterator[Text]:
        if aim := plain.pop("about", None):
            yield Text(aim.get("zh") or aim["en"], aim.get("en") or aim["zh"])
        if (number := plain.pop("number", None)) is not None:
            yield Text(f"编号写成 {number}", f"Cases are numbered {number}")
        hours = self._hours(plain.pop("calendar", "office"))
        yield Text(
            joined(f"没有另行注明的时限，{hours.zh}", "计").replace("不分昼夜计", "不分昼夜连续计"),
            f"Time is counted {hours.en} where nothing else is said",
        )
        who = self.who(plain.pop("open_by", ("anyone",)))
        yield Text(f"{who.zh}可以登记", f"Cases are opened by {who.en}")
        if (seen := plain.pop("visible_to", None)) is not None:
            who = self.who(seen)
            yield Text(
                f"没有经手的人里，只有{who.zh}看得到", f"Of those who have no hand in a case only {who.en} see it"
            )
        if (urgency := plain.pop("urgency", None)) is not None:
            yield about(Text("通知的缓急", "Messages"), URGENCY[urgency])
        if (purpose := plain.pop("purpose", None)) is not None:
            yield Text(
                f"业主同意了用途“{purpose}”才通知业主",
                f"Customers are told only if they agreed to the purpose “{purpose}”",
            )
        if (conflicts := plain.pop("conflicts", None)) is not None:
            if fields := [name for name in conflicts if name != "customer"]:
                names = self.names(fields)
                yield Text(f"{names.zh}写的是谁，谁就回避", f"Whoever {names.en} names has no hand in the case")
            if "customer" in conflicts:
                yield Text("员工自己家的事，本人回避", "Staff have no hand in matters of their own homes")
        for sides in plain.pop("four_eyes", ()):
            told = listed([self.deeds(side) for side in sides])
            yield Text(f"同一个人不能既办{told.zh.replace('、', '又办', 1)}", f"Nobody does two of these: {told.en}")
        if (window := plain.pop("undo", None)) is not None:
            yield self._undo(window)
        if (alike := plain.pop("duplicates", None)) is not None:
            within, same = _stretch(alike.pop("within", "24h")), self.names(alike.pop("same", ()))
            yield Text(
                f"登记时提示可能是同一件事的在办工单：{within.zh}以内、{same.zh}相同",
                f"Open cases of the last {within.en} with the same {same.en} are suggested as perhaps the same matter",
            )
        if (kept := plain.pop("retention", None)) is not None:
            after, basis = Period.parse(kept.pop("after")).text, kept.pop("basis", {})
            why = (
                Text(f"，依据：{basis.get('zh') or basis.get('en')}", f", by: {basis.get('en') or basis.get('zh')}")
                if basis
                else Text("", "")
            )
            yield Text(
                f"个人信息在办结后保存 {after.zh}{why.zh}",
                f"Personal data is kept for {after.en} after the closing{why.en}",
            )
        plain.pop("registries", None)  # what is in them is told by `guanjia registry`
        for name, plainly in plain.pop("counts", {}).items():
            yield about(self.own(name), self._count(plainly))
        for key, head in (
            ("on_assign", Text("手工指定责任人时", "When somebody is made responsible by hand")),
            ("on_merge", Text("并入别的工单时", "When it goes on in another case")),
        ):
            if effects := plain.pop(key, None):
                yield about(head, self._effects(effects))
        yield from self.rest(plain)

    def _undo(self, window: str) -> Text:
        if window == "never":
            return Text("不能撤回", "it is not taken back")
        return Text(
            f"本人 {self.span(window).zh}内可以撤回", f"whoever did it may take it back for {self.span(window).en}"
        )

    # -- fields

    def _field(self, plain: Plain) -> Text:
        kind = plain.pop("type")
        told, counted = [TYPES[kind]], kind in ("text", "room", "list")
        if kind == ENTRY:
            what = self.named(plain.pop("of")[0])
            told = [
                Text(
                    f"台账{what.zh}的一行，按填写时的内容留存",
                    f"row of the registry {what.en}, kept as it is when it is given",
                )
            ]
        elif of := plain.pop("of", None):
            how = Text("可选多项", "any of") if kind == "list" else Text("选一项", "one of")
            told = [about(how, self.values("of", of))]
        if plain.pop("required", False):
            told.append(Text("必填", "must be given"))
        if "default" in plain:
            default = self._chosen(plain.pop("default"))
            told.append(Text(joined("不填即为", default.zh), f"{default.en} where it is not given"))
        for key, zh, en in (
            ("min", "至少", "at least"),
            ("max", "不超过", "at most"),
            ("pattern", "格式", "of the form"),
        ):
            if key in plain:
                value = self.value("", plain.pop(key))
                unit = (
                    Text(" 项" if kind == "list" else " 字", " items" if kind == "list" else " characters")
                    if counted and key != "pattern"
                    else Text("", "")
                )
                told.append(Text(f"{zh} {value.zh}{unit.zh}", f"{en} {value.en}{unit.en}"))
        sensitive, personal = plain.pop("sensitive", False), plain.pop("personal", False)
        if sensitive or personal:
            told.append(
                Text("敏感个人信息", "sensitive personal data") if sensitive else Text("个人信息", "personal data")
            )
        if (kept := plain.pop("retention", None)) is not None:
            period = Period.parse(kept).text
            told.append(Text(f"办结后只保存 {period.zh}", f"kept for only {period.en} after the closing"))
        for key, zh, en in (("read", "只有{}看得到", "is seen by"), ("write", "只由{}填写", "is given by")):
            if words := plain.pop(key, None):
                who = self.who(words)
                told.append(Text(zh.format(who.zh), f"{en} {who.en}"))
        return sentence([*told, *self.rest(plain)])

    # -- states

    def _inside(self, plain: Plain, level: int) -> Iterator[Line]:
        """What a state holds: how it begins, what can be done in all of it, and the states inside."""
        if (initial := plain.pop("initial", None)) is not None:
            yield Line(level, Text(f"从{self.named(initial).zh}开始", f"It begins in {self.named(initial).en}"))
        for key, head in (("entry", Text("进入时", "On entering")), ("exit", Text("离开时", "On leaving"))):
            if effects := plain.pop(key, None):
                yield Line(level, about(head, self._effects(effects)))

        def steps(head: Text, branches: Sequence[Plain], *, person: bool = False) -> Iterator[Line]:
            choices = [any("else" not in guard for guard in branch.get("guard", ())) for branch in branches]
            for number, branch in enumerate(branches):
                told = self._branch(branch, person=person, only=len(branches) == 1, rest=any(choices[:number]))
                yield Line(level, about(head, sentence(told)))

        for name, branches in plain.pop("transitions", {}).items():
            yield from steps(self.own(name), branches, person=True)
        for name, branches in plain.pop("signals", {}).items():
            named = self.named(name)
            yield from steps(Text(f"收到信号{named.zh}", f"On the signal {named.en}"), branches)
        for name, delay in plain.pop("after", {}).items():
            when = self._when(delay)
            named = self.named(name)
            head = Text(f"{named.zh}，{when.zh}", f"{named.en}, {when.en}")
            yield from steps(head, delay.pop("branches", [{}]))
            yield from (Line(level + 1, text) for text in self.rest(delay))
        yield from steps(Text("随即", "At once"), plain.pop("always", []))
        for name, branches in plain.pop("breach", {}).items():
            clock = self.clock(name)
            yield from steps(Text(f"{clock.zh}到期", f"When {clock.en} is due"), branches)
        states, tracks = plain.pop("states", {}), plain.pop("tracks", {})
        yield from (Line(level, text) for text in self.rest(plain))
        if tracks:
            names = self.names(tracks)
            yield Line(level, Text(f"并行办理：{names.zh}", f"Side by side run {names.en}"))
        for kind, inner in (("状态", states), ("并行线", tracks)):
            for name, state in inner.items():
                called = self.own(name)
                yield Line(
                    level,
                    Text(f"{kind}{called.zh}", f"{'State' if kind == '状态' else 'Track'} {called.en}")
                    if not state.get("final")
                    else Text(f"终态{called.zh}", f"End {called.en}"),
                    True,
                )
                yield from self._state(state, level + 1)

    def _state(self, plain: Plain, level: int) -> Iterator[Line]:
        plain.pop("final", None)
        if (outcome := plain.pop("outcome", None)) is not None:
            yield Line(level, Text(f"结果记为{self.named(outcome).zh}", f"The outcome is {self.named(outcome).en}"))
        if (history := plain.pop("history", None)) is not None:
            deep = Text("最里层的", "the innermost") if history == "deep" else Text("上一层的", "one level down")
            yield Line(
                level, Text(f"回到离开时所在的状态（{deep.zh}）", f"leads back to the state that was left ({deep.en})")
            )
        if (default := plain.pop("default", None)) is not None:
            yield Line(
                level,
                Text(
                    f"还没离开过的，转入{self.named(default).zh}",
                    f"where none was left yet, to {self.named(default).en}",
                ),
            )
        yield from self._inside(plain, level)

    def _when(self, delay: Plain) -> Text:
        if "delay" in delay:
            span = self.span(delay.pop("delay"))
            when = Text(f"满 {span.zh}", f"after {span.en}")
        elif "every" in delay:
            span = self.span(delay.pop("every"))
            when = Text(f"每过 {span.zh}", f"every {span.en}")
        else:
            at = self.computed(delay.pop("at"))
            when = Text(joined("到", at.zh), f"at {at.en}")
        return self._by(when, delay)

    def _branch(self, plain: Plain, *, person: bool = False, only: bool = True, rest: bool = False) -> list[Text]:
        """`only`: no other leads out by the same; else a condition that refuses nothing chooses among them, and one without a condition
        is for the `rest`."""
        told: list[Text] = []
        by, behind = plain.pop("by", None), plain.pop("not_by", None)
        if by is not None:
            who = self.who(by)
            told.append(Text(f"由{who.zh}办", f"by {who.en}"))
        elif person:
            told.append(Text("看得到工单的人都可以办", "by anybody who sees the case"))
        if behind is not None:
            names = self.deeds(behind)
            told.append(Text(f"办{names.zh}的人不能办", f"not by whoever did {names.en}"))
        if (most := plain.pop("at_most", None)) is not None:
            told.append(Text(f"最多 {most} 次", f"at most {often(most)}"))
        if (needed := plain.pop("require", None)) is not None:
            names = self.names(needed)
            told.append(Text(f"须已填{names.zh}", f"{names.en} must be known"))
        told += self._inputs(plain.pop("input", {}))
        guards, choosing = plain.pop("guard", ()), []
        for guard in guards:
            if "else" in guard or (person and only):
                told.append(self._guard(guard))
            else:
                choosing.append(self.condition(guard.pop("that")))
        before, told = told, []
        if (effects := plain.pop("do", None)) and (done := self._effects(effects)).zh:
            told.append(done)
        if (to := plain.pop("to", None)) is not None:
            told.append(Text(f"转入{self.named(to).zh}", f"to {self.named(to).en}"))
        if plain.pop("reenter", False):
            told.append(Text("重新进入一次", "leaving and entering anew"))
        if (window := plain.pop("undo", None)) is not None:
            told.append(self._undo(window))
        told += self.rest(plain)
        if rest and not guards:
            done = sentence(told or [_STAYS])
            told = [Text(f"其余的：{done.zh}", f"otherwise: {done.en}")]
        elif choosing:
            when = Text("且".join(each.zh for each in choosing), " and ".join(each.en for each in choosing))
            done = sentence(told or [_STAYS])
            told = [Text(f"若{when.zh}：{done.zh}", f"if {when.en}: {done.en}")]
        return [*before, *told] or [_STAYS]

    def _inputs(self, fields: Plain) -> list[Text]:
        """What is given with an action."""
        told = []
        for name, plainly in fields.items():
            called, field = self.named(name), self._field(plainly)
            told.append(Text(f"另填{called.zh}（{field.zh}）", f"with {called.en} ({field.en})"))
        return told

    def _guard(self, plain: Plain) -> Text:
        that, otherwise = self.condition(plain.pop("that")), plain.pop("else", None)
        told = Text(f"须{that.zh}", f"only if {that.en}")
        if otherwise:
            zh, en = otherwise.get("zh") or otherwise.get("en"), otherwise.get("en") or otherwise.get("zh")
            zh, en = zh.translate(_INNER), en.translate(_INNER)
            told = Text(f"{told.zh}，否则答复“{zh}”", f"{told.en}, else “{en}”")
        return told

    # -- the end

    def _ends(self) -> Iterator[Line]:
        for name, state, above in self.procedure.walk():
            if state.final and not above:
                outcome = self.named(state.outcome or name)
                yield Line(
                    1,
                    Text(
                        f"到{self.named(name).zh}即办结，结果是{outcome.zh}",
                        f"In {self.named(name).en} it is closed, with the outcome {outcome.en}",
                    ),
                )

    def _mode(self, plain: Plain) -> list[Text]:
        prefix, told = plain.pop("prefix", {}), []
        if prefix:
            told.append(
                Text(
                    f"文字前加“{(prefix.get('zh') or prefix.get('en')).strip()}”",
                    f"texts begin with “{(prefix.get('en') or prefix.get('zh')).strip()}”",
                )
            )
        outside = plain.pop("outside", "record")
        told.append(
            Text("照样通知外部", "people outside are told too")
            if outside == "send"
            else Text("不通知外部，只留记录", "nobody outside is told, it is only recorded")
        )
        return [*told, *self.rest(plain)]


_INNER = str.maketrans("“”", "‘’")
"""Quotation marks within others."""


def _stretch(hours: str) -> Text:
    """How far back: many hours are told as days."""
    amount = parse_amount(hours)
    if amount.value > 48 * HOUR and not amount.value % (24 * HOUR):
        amount = Amount("days", amount.value // (24 * HOUR))
    return Text(format_amount(amount, "zh"), format_amount(amount, "en"))


_STAYS = Text("停在原处", "it stays where it is")
_OF_A_STATE = ("initial", "states", "tracks", "entry", "exit", "transitions", "signals", "after", "always", "breach")
