"""A case in words: the values of its fields, its events, what can be done next. What is personal is masked.

Used by `show`, by `do` (what can be done) and by every command that prints what it did.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial, reduce
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..core import HIDDEN
from ..core.answering import TEMPLATE
from ..errors import Text, plural
from ..model.event import PERSONAL, SENSITIVE, SHOWN, Event, is_personal
from ..model.places import ranged
from . import words
from .out import Ink, Piece

if TYPE_CHECKING:
    from ..core import Option, Program
    from ..model.case import Case, Climb
    from ..model.event import Notification
    from ..model.procedure import Field, Level
    from .desk import Desk


STANDS_IN = {
    "substitute": Text("由代班人接手", "a substitute stands in"), "lead": Text("由组长接手", "the lead of the team stands in"),
    "on_call": Text("由待命人员接手", "somebody on call stands in"), "above": Text("由上级接手", "the role above stands in"),
}  # fmt: skip

MOST_UNREACHED = 12
"""Rooms, or ranges of them, where somebody has to go: more are cut where not everything is wanted."""


class Telling:
    """Puts what a case holds into words, in the labels of the version that it is pinned to."""

    def __init__(self, desk: Desk, case: Case, *, reveal: Collection[str] | None = None) -> None:
        """`reveal`: the names of fields that may be seen in clear, which `Engine.reveal` gave; with it also texts in which
        there is something personal."""
        self.desk, self.out, self.case = desk, desk.out, case
        self.reveal = reveal is not None
        self.lines = True
        """Whether lines to type are told too."""
        self.program: Program = desk.engine.program(case)
        self.procedure = self.program.procedure
        self.personal: Mapping[str, Any] = desk.engine.personal(case.id)
        shown = (case.fields.get(name) for name in reveal or ())
        self.allowed = {held[PERSONAL] for held in shown if is_personal(held)}

    def label(self, name: str) -> str:
        return self.procedure.label(name, self.out.language)

    def guard(self, source: str, *, value: bool = False) -> str:
        """A guard, or a computed `value`, as people read it."""
        from ..authoring.conditions import in_words
        from ..core.surroundings import called

        of = self.procedure
        return self.out.say(in_words(of.fields, of.label, source, partial(called, self.program), value=value))

    def notice(self, template: str, of: Sequence[Any] = ()) -> str:
        """What a notice is called: by its subject, as whoever was told reads it. `of`: the event of another case that tells it, by the
        rules of that one."""
        from ..authoring.subjects import subject

        engine = self.desk.engine
        program = engine.program(engine.case(of[0])) if of else self.program
        procedure = program.procedure
        found = subject(program.version.templates, template, procedure.label, procedure.procedure)
        if found is None and template == TEMPLATE:  # which an office need not write
            found = Text("您的回复码", "Your code")
        return procedure.label(template, self.out.language) if found is None else self.out.say(found)

    def named(self, name: str) -> str:
        """Label and name, as people read and type it."""
        label = self.label(name)
        if label == name:
            return name
        return f"{label}（{name}）" if self.out.language == "zh" else f"{label} ({name})"

    def role(self, word: str) -> str:
        """A recipient as people call it: a role or relation by its label, a person by name, a field by its label."""
        if word.startswith("staff:"):
            return self.desk.person(word)
        called = self.desk.entitled(word)
        return called if called != word else self.label(word)

    def ladder(self, climb: Climb) -> Sequence[Level]:
        """The levels of the ladder of a climb; none when the rules of the case have it no more."""
        ladder = self.procedure.ladders.get(climb.ladder)
        return () if ladder is None else ladder.levels

    def level(self, ladder: str, level: int) -> str:
        """Whom a level of a ladder tells, as people call them."""
        known = self.procedure.ladders.get(ladder)
        to = known.levels[level - 1].to if known is not None and 0 < level <= len(known.levels) else ()
        return self.out.both("、", ", ").join(map(self.role, to))

    def kind(self, clock: str) -> str:
        """To whom a clock is promised: `sla`, `ola`, `uc`. A version that has it no more says nothing else of it."""
        sla = self.procedure.sla.get(clock)
        return sla.kind if sla is not None else "sla"

    # -- values

    def value(self, held: Any, field: Field | None = None) -> str:
        kind = field.type if field is not None else "text"
        if held is None:
            return "—"
        if held == HIDDEN:
            return HIDDEN
        if is_personal(held):
            clear = self.personal.get(held[PERSONAL])
            if SHOWN in held and (clear is None or not self.reveal):
                return str(held[SHOWN])
            if clear is None:
                return self.out.both("（已销毁）", "(destroyed)")
            return str(clear) if self._seen(held) else words.mask(clear, _kind(held, field))
        if isinstance(held, bool):
            return self.out.say(words.truth(held))
        if kind == "instant" and isinstance(held, int):
            return words.when(held, self.desk.zone)
        if kind == "choice":
            return self.label(str(held))
        if kind == "room":
            building = self.desk.building(self.case.site, str(held))
            return self.out.both(f"{held}（{building}）", f"{held} ({building})") if building else str(held)
        if kind == "staff":
            return self.desk.person(str(held))
        if kind == "entry":
            return self.row(str(held))
        if kind == "decimal":
            return words.rounded(held)
        if kind == "duration":
            from ..calendars import format_amount, parse_amount

            return format_amount(parse_amount(str(held)), self.out.language)
        if isinstance(held, list | tuple):
            return self.out.both("、", ", ").join(self.label(str(item)) for item in held)
        return str(held)

    def row(self, key: str) -> str:
        """The key of a row, with what the case keeps of it."""
        about = next((it for field, it in self.case.entries.items() if self.case.fields.get(field) == key), None)
        values = {} if about is None else about["values"]
        shape = self.procedure.registries.get(about["of"]) if about is not None else None
        told = [
            f"{self.label(name)} {self.value(value, shape.columns.get(name) if shape else None)}"
            for name, value in values.items()
            if value != key
        ]
        return self.out.both(f"{key}（{'，'.join(told)}）", f"{key} ({', '.join(told)})") if told else key

    def plain(self, held: Any, field: Field | None = None) -> Any:
        """A value for programs: personal ones masked unless they were asked for, instants as ISO 8601."""
        if is_personal(held):
            clear = self.personal.get(held[PERSONAL])
            if SHOWN in held and (clear is None or not self.reveal):
                return held[SHOWN]
            if clear is None or self._seen(held):
                return clear
            return words.mask(clear, _kind(held, field))
        if field is not None and field.type == "instant" and isinstance(held, int):
            return self.at(held)
        return held

    def _seen(self, held: Mapping[str, Any]) -> bool:
        return self.reveal and (SENSITIVE not in held or held[PERSONAL] in self.allowed)

    def at(self, instant: int | None) -> str | None:
        from ..clock import iso

        return None if instant is None else iso(instant, self.desk.zone)

    def states(self, names: Sequence[str]) -> str:
        """Innermost states by label, with the states around them; what is around all of them stands once."""
        paths = [self._path(name) for name in names]
        levels = zip(*paths, strict=False) if len(paths) > 1 else ()
        shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
        inner = " + ".join("·".join(map(self.label, path[shared:])) for path in paths)
        return self.out.both("：", ": ").join(
            [*(["·".join(map(self.label, paths[0][:shared]))] if shared else []), inner]
        )

    def _path(self, name: str) -> list[str]:
        node = self.program.nodes.get(name)
        return [part.name for part in node.path[1:]] if node is not None else [name]

    # -- events

    def event(self, event: Event) -> str:
        """What happened, in one line: the action by its label and, where the case moved, from where to where."""
        what = self._what(event)
        left, entered = event.data.get("exited", ()), event.data.get("states")
        if not entered or event.type == "opened":
            return what
        before = [name for name in left if self._leaf(name)]
        after = [name for name in entered if name in event.data.get("entered", ())] or list(entered)
        way = " + ".join(map(self.label, before)) + " → " if before else "→ "
        return (
            f"{what}: {way}{' + '.join(map(self.label, after))}"
            if self.out.language == "en"
            else f"{what}：{way}{' + '.join(map(self.label, after))}"
        )

    def _leaf(self, name: str) -> bool:
        node = self.program.nodes.get(name)
        return node is not None and node.leaf

    def _what(self, event: Event) -> str:
        both, data = self.out.both, event.data
        if event.type == "opened":
            mode = data.get("case", {}).get("mode")
            return both("建单", "opened") + (both(f"（{self.label(mode)}）", f" ({self.label(mode)})") if mode else "")
        if event.type == "acted":
            return self.label(event.name)
        if event.type == "signalled":
            return both(f"信号“{self.label(event.name)}”", f"signal “{self.label(event.name)}”")
        if event.type == "elapsed":
            name = self.label(event.name.rpartition(".")[2])
            return both(f"到时“{name}”", f"time ran out: “{name}”")
        if event.type == "reached":
            clock, _, threshold = event.name.partition(".")
            name = self.label(clock)
            if threshold == "due":
                return both(f"“{name}”超时", f"“{name}” is late")
            point = words.threshold(threshold)
            if threshold.endswith("%"):
                return both(f"“{name}”到达 {threshold}", f"“{name}” reached {threshold}")
            return both(f"“{name}”{point.zh}", f"“{name}”: {point.en}")
        if event.type == "climbed":
            level = len(data["climbs"][event.name].get("told", ()))
            return both(f"{self._climb(event)}升到第 {level} 级", f"{self._climb(event)} climbed to level {level}")
        if event.type == "alarmed":
            return both(f"{self._climb(event)}到顶无人确认，告警", f"alarm: nobody acknowledged {self._climb(event)}")
        if event.type == "adjusted":
            clock, _, way = event.name.partition(".")
            name = self.label(clock)
            return {
                "pause": both(f"人工暂停“{name}”", f"“{name}” paused by hand"),
                "resume": both(f"人工恢复“{name}”", f"“{name}” let go on by hand"),
                "reset": both(f"人工重新起算“{name}”", f"“{name}” reset by hand"),
            }[way]
        if event.type == "assigned":
            return both(
                f"指定责任人 {self.desk.person(event.name or None)}",
                f"assigned to {self.desk.person(event.name or None)}",
            )
        if event.type == "attached":
            file = data.get("file", {})
            return both(
                f"附件 {file.get('name', event.name)}（{file.get('size', 0)} B）",
                f"attached {file.get('name', event.name)} ({file.get('size', 0)} B)",
            )
        if event.type == "merged":
            into = self.desk.number(next(iter(data["merged"])))
            return both(f"并入 {into}", f"goes on in {into}")
        if event.type == "linked":
            return self._tied(data)
        if event.type == "undone":
            return both(f"撤回“{self.label(event.name)}”", f"took back “{self.label(event.name)}”")
        return {
            "moved": both("自动转入", "moved by itself"),
            "edited": both("修改", "changed"),
            "noted": both("备注", "note"),
            "reopened": both("重新打开", "reopened"),
            "coded": both("给客户发了回复码", "a code was sent to the customer"),
            "told": both("告知客户（来自关联工单）", "customer told, from another case") if data.get("notify")
            else both("关联工单的消息，这里没有客户可告知", "news of another case, and no customer here to tell"),
            "acknowledged": both("确认收到升级", "escalation acknowledged"),
            "migrated": both("改按新版本计算", "came under another version"),
            "revealed": self.out.say(words.looked(data)),
            "forgotten": self._forgotten(data.get("fields", ())),
            "held": both("保全个人信息", "put the personal data on hold"),
            "released": both("解除保全", "lifted the hold"),
            "refused": both(f"被拒绝：{self._tried(event)}", f"refused: {self._tried(event)}"),
        }.get(event.type, event.type)  # fmt: skip

    def _forgotten(self, fields: Sequence[str]) -> str:
        if not fields:
            return self.out.both("销毁了个人信息", "destroyed the personal data")
        names = self.out.both("、", ", ").join(map(self.label, fields))
        return self.out.both(f"销毁了个人信息：{names}", f"destroyed the personal data: {names}")

    def _climb(self, event: Event) -> str:
        """The ladder that is climbed, and the clock that it is climbed for."""
        plain = event.data["climbs"][event.name]
        ladder, clock = self.label(plain["ladder"]), plain.get("clock")
        if clock is None:
            return f"“{ladder}”"
        return self.out.both(f"“{ladder}”（{self.label(clock)}）", f"“{ladder}” ({self.label(clock)})")

    def _tied(self, data: Mapping[str, Any]) -> str:
        """What another case has become to this one."""
        both, number = self.out.both, self.desk.number
        for other, name in data.get("links", {}).items():
            if name is None:
                return both(f"与 {number(other)} 解除关联", f"no longer linked with {number(other)}")
            return both(
                f"与 {number(other)} 关联（{self.label(name)}）", f"linked with {number(other)} ({self.label(name)})"
            )
        for other, joined in data.get("absorbed", {}).items():
            if joined is None:
                return both(f"{number(other)} 的并单已撤回", f"{number(other)} goes on by itself again")
            return both(f"{number(other)} 并入本工单", f"{number(other)} goes on in this case")
        if "parent" in data:
            parent = data["parent"]
            return (
                both(f"归入上级工单 {number(parent)}", f"put below {number(parent)}")
                if parent
                else both("不再有上级工单", "taken out from below its parent")
            )
        link = data.get("link", {})
        if link.get("case") is None:
            return both(f"下级工单 {link.get('name')} 已移出", f"{link.get('name')} is no longer below it")
        name, case = self.label(link["name"]), number(link["case"])
        if name == case:  # put below it by hand
            return both(f"下级工单 {case}", f"child {case}")
        return both(f"下级工单 {name}：{case}", f"child {name}: {case}")

    def _tried(self, event: Event) -> str:
        """What somebody tried who was refused."""
        kind, both = event.data.get("kind", "act"), self.out.both
        return {
            "edit": both("修改字段", "changing fields"), "assign": both("指定责任人", "assigning"), "note": both("备注", "a note"),
            "attach": both("附件", "an attachment"), "reveal": both("查看个人信息", "looking at personal data"),
            "forget": both("销毁个人信息", "destroying personal data"), "hold": both("保全", "a hold"), "merge": both("并单", "merging it"),
            "link": both("关联工单", "linking it"), "undo": both("撤回", "taking it back"),
            "code": both("发回复码", "sending a code"),
        }.get(kind) or self.label(event.name or kind)  # fmt: skip

    def details(self, event: Event, *, everything: bool = False) -> Iterator[Piece]:
        """What else an event says, each on a line of its own; what is long is cut unless `everything` is wanted."""
        data, both = event.data, self.out.both
        if event.type == "noted":
            yield self.value(data.get("text", ""))
        if event.type == "refused":
            text = data.get("text", {})
            yield Text(text.get("zh", ""), text.get("en", ""))
        if event.type == "migrated":
            yield from self._migrated(data)
        if self.lines and event.seq == self.case.seq and data.get("undo", 0) > self.desk.now():
            at = words.when(data["undo"], self.desk.zone, self.desk.now())
            yield both(
                f"{at} 前可撤回：{self.desk.line} undo {self.case.number}",
                f"may be taken back until {at}: {self.desk.line} undo {self.case.number}",
            )
        for child in data.get("open", ()):
            called = self.desk.label(child["procedure"], child["procedure"])
            if "households" not in child:
                number = self.desk.number(child["id"])
                yield both(f"另开工单（{called}）：{number}", f"opened a case of its own ({called}): {number}")
            else:
                count = len(child["households"])
                if count:
                    each = "one household" if count == 1 else f"each of {count:,} households"
                    yield both(f"给 {count} 户各开一个工单（{called}）", f"opened a case for {each} ({called})")
                else:
                    yield both(f"没有要另开工单的住户（{called}）", f"opened a case for no household ({called})")
        if rooms := data.get("unreached"):
            parts = ranged(rooms)
            cut = self.lines and not everything and len(parts) > MOST_UNREACHED
            some = both("、", ", ").join(parts[:MOST_UNREACHED] if cut else parts) + (" …" if cut else "")
            yield both(
                f"没有登记住户，须上门或张贴告知（{len(rooms)}）：{some}",
                f"nobody is registered there, so somebody has to go ({len(rooms)}): {some}",
            )
            if cut:
                line = f"{self.desk.line} show {self.case.number} --all"
                yield both(f"全部房号：{line}", f"all of these rooms: {line}")
        for notice in data.get("relay", ()):
            count, called = len(notice["to"]), self.notice(notice["template"])
            yield both(
                f"并告知 {count} 个关联工单的客户：“{called}”",
                f"told the customers of {plural(count, 'other case')} too: “{called}”",
            )
        if data.get("for"):
            yield both(f"代{self.desk.person(data['for'])}", f"on behalf of {self.desk.person(data['for'])}")
        if data.get("taken_in"):
            who = self.desk.person(data["taken_in"])
            yield both(f"由 {who} 补录", f"taken in by {who}")
        if data.get("reason"):
            yield both(f"原因：{data['reason']}", f"reason: {data['reason']}")
        values = {**data.get("input", data.get("values") or {}), **data.get("set", {})}
        shown = []
        for name, held in values.items():
            field = self.procedure.fields.get(name) or self.inputs(event).get(name)
            shown.append(f"{self.label(name)} = {self.value(held, field)}")
        if shown:
            yield both("；", "; ").join(shown)
        if "assignee" in data and event.type != "assigned":
            yield both(
                f"责任人 → {self.desk.person(data['assignee'])}", f"assignee → {self.desk.person(data['assignee'])}"
            )
        if (how := data.get("stands_in")) is not None:
            yield Ink(STANDS_IN.get(how, Text(how, how)), "dim")
        if data.get("conflict"):
            yield Text("原责任人须回避", "whoever was responsible has a conflict of interest")
        if (sought := data.get("unassigned")) is not None:
            name = (
                self.desk.person(sought) if sought in self.desk.known.get("staff", {}) else self.desk.entitled(sought)
            )
            yield Ink(Text(f"没有人可以负责：{name}", f"nobody can be responsible: {name}"), "late")
        # What is past as it comes in is told to nobody, whatever the rules would have told then.
        for notice in () if data.get("quiet") else data.get("notify", ()):
            people = both("、", ", ").join(self.desk.short(who) for who in notice["to"])
            if people:
                called = self.notice(notice["template"], notice.get("of", ()))
                yield both(f"通知 {people}：“{called}”", f"told {people}: “{called}”")
        for line in data.get("log", ()):
            yield self.label(str(line))
        for who in data.get("nobody", ()):
            yield Ink(Text(f"没有人可以收到：{self.role(who)}", f"nobody to tell: {self.role(who)}"), "late")
        if "alarm" in data:
            ladder = self.label(data["alarm"])
            yield Ink(Text(f"“{ladder}”到顶也没有人可以收到", f"nobody at the top of “{ladder}” to tell"), "late")
        if data.get("closed"):
            yield both("办结：", "closed: ") + self.label(str(data["closed"].get("outcome")))

    def _migrated(self, data: Mapping[str, Any]) -> Iterator[Piece]:
        """Which deadlines moved from where to where, and which verdicts would be others now."""
        climbs = data.get("climbs", {})
        changed = {**data.get("clocks", {}), **data.get("delays", {}), **climbs}
        for name, was in data.get("was", {}).items():
            now = (changed.get(name) or {}).get("due")
            if was != now:
                label = self.label(name.partition(".")[0] if name in climbs else name.rpartition(".")[2])
                yield f"{label}: {words.by(was, self.desk.zone)} → {words.by(now, self.desk.zone)}"
        for item in data.get("rejudged", ()):
            then, anew = words.VERDICTS[item["verdict"]], words.VERDICTS[item["recalculated"]]
            label = self.label(item["clock"])
            yield Text(
                f"“{label}”当时判为{then.zh}，照现在的规则重算是{anew.zh}；原判定不变",
                f"“{label}” was judged {then.en} and would be {anew.en} now; the verdict stands",
            )

    def inputs(self, event: Event) -> Mapping[str, Field]:
        kind = {"acted": "act", "signalled": "signal", "reopened": "act"}.get(event.type)
        return self.program.inputs.get((kind, event.name), {}) if kind else {}

    # -- what can be done

    def command(self, option: Option) -> str:
        """The very line to type for an action, with what is still needed."""
        line = f"{self.desk.line} do {shlex.quote(self.case.number)} {option.action}"
        for name in option.requires:
            line += f" --{name} {placeholder(self.asked(option, name))}"
        return line

    def option(self, option: Option) -> dict[str, Any]:
        """An action as docs/cli.md promises it to programs."""
        return {
            "action": option.action, "label": self.label(option.action), "allowed": option.allowed, "to": option.to,
            "requires": list(option.requires), "optional": list(option.optional), "why": [self.out.say(text) for text in option.why],
            "command": self.command(option) if option.allowed else None,
        }  # fmt: skip

    def _able(self, option: Option) -> Iterator[list[Piece]]:
        """The line to type for an action, and below it what may be given besides with what it is now."""
        yield [self.label(option.action), Ink(self.command(option), "good")]
        for name in option.optional:
            field, held = self.asked(option, name), None if name in option.inputs else self.case.fields.get(name)
            now = (
                ""
                if held is None
                else self.out.both(f"（现为 {self.value(held, field)}）", f" (now {self.value(held, field)})")
            )
            yield ["", Ink(self.out.both("可加 ", "may have ") + f"--{name} {placeholder(field)}{now}", "dim")]

    def asked(self, option: Option, name: str) -> Field | None:
        """What an action asks for under this name."""
        return option.inputs.get(name) or self.procedure.fields.get(name)

    def options(self, options: Sequence[Option]) -> None:
        """What whoever asks can do now with the line to type, and what they cannot with the reason."""
        out = self.out
        actor = self.desk.actor
        who = actor.name or actor.id
        able = [item for item in options if item.allowed]
        if able:
            out.line(Ink(Text(f"接下来可以（{who}）", f"What {who} can do next"), "bold"))
            out.table([row for item in able for row in self._able(item)], indent="  ")
            wanted = {field.type for item in able for field in map(partial(self.asked, item), item.requires) if field}
            if wanted:
                out.lines(Text("大写的词换成要填的内容，带空格的加引号。", "Put your own words for those in capitals, in quotes where they hold spaces."),
                          indent="  ", style="dim")  # fmt: skip
            if "staff" in wanted:
                out.lines(Text("STAFF 是员工编号或姓名，见 guanjia staff。", "STAFF is the id or the name of a member of staff: guanjia staff"), indent="  ", style="dim")  # fmt: skip
        unable = [item for item in options if not item.allowed]
        if unable:
            out.line(Ink(Text("现在不能", "Not possible now"), "bold"))
            rows: list[list[Piece]] = [
                [Ink(self.named(item.action), "dim"), Ink(out.both("；", "; ").join(map(out.say, item.why)), "dim")]
                for item in unable
            ]
            out.table(rows, indent="  ", flex=1, wrapped=True)
        if not options:
            out.line(Ink(Text("没有可办的操作。", "There is nothing to do."), "dim"))


class Unsaid:
    """Texts of messages as everybody may see them: what they repeat of a case's personal data is masked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names: dict[str, Mapping[str, str]] = {}

    def text(self, case: str, text: str) -> str:
        from ..model.identifiers import masked

        return masked(text, self._of(case)) or text if text else text

    def sensitive(self, case: str) -> Callable[[str], str]:
        """What hides only what is sensitive, from whoever may see the rest."""
        from ..runtime.looking import sees_sensitive

        shown = sees_sensitive(self._desk.engine, self._desk.actor)
        hidden = [] if shown else [name for name, kind in self._of(case).items() if kind == SENSITIVE]
        return lambda text: reduce(lambda shown, name: shown.replace(name, "***"), hidden, text)

    def _of(self, case: str) -> Mapping[str, str]:
        from ..core.personal import repeated

        if case not in self._names:
            engine = self._desk.engine
            held = engine.case(case)
            self._names[case] = repeated(engine.program(held), held, engine.personal(case))
        return self._names[case]

    def address(self, sent: Notification) -> str:
        """Where it goes: of our own people as it is."""
        return sent.address if sent.recipient.startswith("staff:") else self.text(sent.case, sent.address)


def _kind(held: Mapping[str, Any], field: Field | None) -> str:
    """As what a personal value is masked."""
    if SENSITIVE in held or (field is not None and field.sensitive):
        return SENSITIVE
    return field.type if field is not None else "text"


def placeholder(field: Field | None) -> str:
    """What stands for a value in a line to type: the choices, or the type."""
    if field is None:
        return "VALUE"
    if field.choices:
        return "'" + "|".join(field.of) + "'"
    if field.type == "integer" and field.min is not None and field.max is not None:
        return f"{field.min}-{field.max}"
    return _FORMS.get(field.type) or field.type.upper()


_FORMS = {"boolean": "'yes|no'", "date": "YYYY-MM-DD", "instant": "'YYYY-MM-DD HH:MM'"}
"""How a value of a type is written, where a word in capitals would not say it."""
