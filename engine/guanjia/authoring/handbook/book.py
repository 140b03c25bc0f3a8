"""What stands in the rule book, and in which order; and what changed since another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from ...core.surroundings import entitled
from ...errors import Text
from ...model.node import Labelled
from ...model.office import Role, Skill, Team
from ...model.standards import Held
from ...model.version import Version
from ..diagram import picture
from ..doings import Line, about, listed, sentence
from ..limits import ground, kept_by, measured, sentence_of
from .changes import otherwise
from .document import Block, Cell, Document, Figure, Heading, Items, Paragraph, Table
from .duties import Duties, Told, duties, told
from .hours import hours
from .house import House
from .regulations import Regulation

_DUTIES, _FLOW = Text("职责", "Duties"), Text("流程图", "Flow")
PARTS = ("rules", "roles", "pledge", "standards")
"""What the book is made of: a chapter for each procedure, the index by role, the page for residents, the table of standards."""


def handbook(house: House, language: str, day: str, parts: Sequence[str] = PARTS) -> Document:
    """The rule book in `language`, as it is on `day` (as it is printed)."""
    return Book(house, language).made(day, parts)


def notice_of_change(before: House, after: House, language: str, day: str) -> Document:
    """What is otherwise in `after` than in `before`, procedure by procedure."""
    return Book(after, language).changed(before, day)


class Book:
    def __init__(self, house: House, language: str) -> None:
        self.house = house
        self.language = language
        people = house.organisation
        called: dict[str, Skill | Team | Role] = {**people.skills, **people.teams, **people.roles}
        labels = {
            spoken: {name: word for name, it in called.items() if (word := getattr(it.label, spoken))}
            for spoken in ("zh", "en")
        }
        self.entitled = partial(entitled, {"labels": labels})
        procedures = [*(version.procedure for version in house.versions), *house.beside]
        self.regulations = [Regulation(version, self.entitled, procedures) for version in house.versions]
        self.calendars = {name: data for version in house.versions for name, data in version.calendars.items()}

    def made(self, day: str, parts: Sequence[str]) -> Document:
        document = self._document(Text("服务管理制度", "Rule book"), day)
        if "rules" in parts:
            document.blocks += self._preface()
            for regulation in self.regulations:
                document.blocks += self._chapter(regulation)
        for part, made in (("roles", self._roles), ("pledge", self._pledge), ("standards", self._standards)):
            if part in parts:
                document.blocks += made()
        if len(parts) == 1 and len(document.chapters()) == 1:  # a page that hangs by itself is called by what it is
            first, *document.blocks = document.blocks
            if isinstance(first, Heading):
                document.title = first.text
        return document

    def changed(self, before: House, day: str) -> Document:
        document = self._document(Text("制度变更通知", "Notice of changes to the rules"), day)
        earlier, here = ({it.procedure.procedure: it for it in each} for each in (Book(before, self.language).regulations, self.regulations))  # fmt: skip
        then = {version.procedure.procedure: version for version in before.versions}
        now = {version.procedure.procedure: version for version in self.house.versions}
        for name in {**now, **then}:
            label = self._called((now.get(name) or then[name]), name)
            if name not in then:
                document.blocks += [Heading(1, _begun(label), name), Paragraph(self._say(Text("新订立。", "New.")))]
            elif name not in now:
                document.blocks += [Heading(1, _begun(label), name), Paragraph(self._say(Text("废止，不再受理新工单；在办的按原制度办完。", "Withdrawn: no new cases. Those that are open go on under the old rules.")))]  # fmt: skip
            elif then[name].hash != now[name].hash:
                rows = self._otherwise(earlier[name], here[name])
                document.blocks.append(Heading(1, _begun(label), name))
                if rows:
                    head = (Text("何处", "Where"), Text("原来", "Before"), Text("现在", "Now"))
                    document.blocks.append(self._table(head, rows, (3, 6, 6)))
                else:
                    document.blocks.append(self._paragraph(Text("只有名称或内部设置有改动，办法不变。", "Only names or inner settings changed; what is done stays as it was.")))  # fmt: skip
        if not document.blocks:
            document.blocks.append(Paragraph(self._say(Text("没有变更。", "Nothing changed."))))
        else:
            document.blocks.append(Paragraph(self._say(Text("在办工单仍按登记时的制度办理，另有决定的除外。", "Open cases keep the rules under which they were opened, unless it is decided otherwise."))))  # fmt: skip
        return document

    def _otherwise(self, then: Regulation, now: Regulation) -> list[Sequence[Cell | str]]:
        """The rows of a table of what changed: chapters, letters, and the days that calendars count."""
        apart = [self._say(_DUTIES), self._say(_FLOW)]
        rows: list[Sequence[Cell | str]] = list(otherwise(self._chapter(then), self._chapter(now), apart))
        letters = then.version.templates, now.version.templates
        changed = {key for key in {**letters[0], **letters[1]} if letters[0].get(key) != letters[1].get(key)}
        names = dict.fromkeys(now.letter(key) for key in sorted(changed))
        if names:
            reads = Text("文字有改动", "the wording changed")
            told = tuple(self._say(about(name, reads)) for name in names)
            rows.append((self._say(Text("通知", "Notices")), "", told))
        if then.version.calendars != now.version.calendars:
            days = Text("工作日和节假日的安排有改动", "working days and holidays are arranged otherwise")
            rows.append((self._say(Text("日历", "Calendars")), "", self._say(days)))
        return rows

    # -- the beginning

    def _document(self, title: Text, day: str) -> Document:
        name = self._words(self.house.office.name)
        return Document(self._say(title), (name, day), self.language)

    def _preface(self) -> Iterator[Block]:
        yield self._heading(1, Text("总则", "General"), "general")
        yield self._paragraph(
            Text(
                "本制度由运行中的流程文件生成：写在这里的，就是系统照着执行的。时限到期、逐级上报和通知由系统自动进行，每一步都留有记录。",
                "This book is made of the procedures that run: what stands here is what is carried out. Limits, escalation and notices are kept by the system, and every step is recorded.",
            )
        )
        yield self._paragraph(
            Text(
                "期限写“分钟、小时”的，按所注的工作时间计，注明“不分昼夜”的连续计；写“工作日”的只计工作日，调休上班日计入；写“天”的按自然日计。",
                "Limits in minutes and hours run in the working hours that are named, or around the clock where that is said; working days count working days only, made-up ones among them; days are calendar days.",
            )
        )
        yield self._heading(2, Text("流程一览", "The procedures"), "procedures")
        between = "，" if self.language == "zh" else ", "
        rows = [
            (self._title(it), self._text(it.procedure.about), tuple(self._edition(it).split(between)))
            for it in self.regulations
        ]
        yield self._table(
            (Text("流程", "Procedure"), Text("目的与适用范围", "Aim and scope"), Text("版本", "Version")),
            rows,
            (3, 10, 3),
        )
        yield self._heading(2, Text("岗位", "Roles"), "positions")
        roles = self.house.organisation.roles
        people = {
            name: sum(name in person.roles and person.active for person in self.house.organisation.staff.values())
            for name in roles
        }
        outside = self._say(Text("外部单位", "outside"))
        table = [(self._role(name), outside if role.outside else str(people[name]), self._role(role.parent) if role.parent else "—") for name, role in roles.items()]  # fmt: skip
        yield self._table((Text("岗位", "Role"), Text("人数", "People"), Text("上级", "Answers to")), table, (4, 2, 4))

    # -- one procedure

    def _chapter(self, it: Regulation) -> Iterator[Block]:
        name = it.procedure.procedure
        yield Heading(1, _begun(self._title(it)), name)
        if edition := self._edition(it):
            yield Paragraph(_begun(edition))
        aim, *general = it.general() if self._text(it.procedure.about) else (Text("", ""), *it.general())
        yield self._heading(2, Text("目的与适用范围", "Aim and scope"), f"{name}-aim")
        if aim.zh:
            yield self._paragraph(aim)
        yield _items((0, self._say(text), False) for text in general)
        yield self._heading(2, _DUTIES, f"{name}-duties")
        doing, hearing = duties(it), told(it)
        alike: dict[tuple[Cell, Cell], list[str]] = {}
        for word in {**doing, **hearing}:
            cells = self._gathered(doing.get(word, {})), self._heard(hearing.get(word))
            alike.setdefault(cells, []).append(word)
        rows: list[tuple[Cell | str, ...]] = [(self._say(it.who(words)), *cells) for cells, words in alike.items()]
        yield self._table(
            (Text("岗位", "Role"), Text("办什么", "Does"), Text("收到什么通知", "Is told")), rows, (3, 7, 6)
        )
        yield self._heading(2, _FLOW, f"{name}-flow")
        drawn = picture(it.procedure, self.language, lambda word: self._say(self.entitled(word)))
        yield Figure(replace(drawn, promises=()))  # they stand in a table of their own
        yield self._heading(2, Text("工作程序", "How it goes"), f"{name}-steps")
        yield self._lines(it.steps())
        yield _items((0, self._say(text), False) for text in it.ends())
        if limits := list(it.limits()):
            yield self._heading(2, Text("时限与依据", "Limits and their basis"), f"{name}-limits")
            rows = [(self._say(it.plainly(each.clock)), self._say(each.when) if each.when else "—", self._say(each.measure), self._say(each.ground) if each.ground else "—") for each in limits]  # fmt: skip
            yield self._table(
                (Text("事项", "Matter"), Text("条件", "Where"), Text("时限", "Limit"), Text("依据", "Basis")),
                rows,
                (3, 4, 4, 6),
            )
            yield self._heading(
                2, Text("怎样计时，到时怎样", "How it is counted, and what happens in time"), f"{name}-clocks"
            )
            yield self._lines(it.clocks())
        if ladders := list(it.ladders()):
            yield self._heading(2, Text("逐级上报", "Escalation"), f"{name}-ladders")
            yield self._lines(ladders)
        if recorded := [(self._say(field), self._say(what)) for field, what in it.fields()]:
            yield self._heading(2, Text("记录", "Records"), f"{name}-records")
            yield self._table((Text("项目", "Item"), Text("填写要求", "What is written")), recorded, (3, 10))
        forms = [(self._say(action), tuple(map(self._say, items))) for action, items in it.forms()]
        if forms:
            yield self._heading(2, Text("表单", "Forms"), f"{name}-forms")
            yield self._table((Text("办什么", "Step"), Text("另填", "Filled in")), forms, (3, 10))

    def _gathered(self, doing: Duties) -> Cell:
        """Actions, and below them the clocks that they end, each with those that end it."""
        ended: dict[Text, list[Text]] = {}
        for action, clocks in doing.items():
            for clock in clocks:
                ended.setdefault(clock, []).append(action)
        return tuple(self._say(text) for text in (listed(list(doing)), *(about(clock, listed(by)) for clock, by in ended.items())) if text.zh)  # fmt: skip

    def _heard(self, told: Told | None) -> Cell:
        if told is None:
            return ()
        late = about(Text("将到期、已超时", "nearly late, late"), listed(told.late))
        ladders = about(Text("逐级上报", "escalations"), listed(told.ladders))
        parts = [*([sentence(told.notices)] if told.notices else []), *([late] if told.late else []), *([ladders] if told.ladders else [])]  # fmt: skip
        return tuple(map(self._say, parts))

    # -- indexes

    def _roles(self) -> Iterator[Block]:
        yield self._heading(1, Text("岗位职责索引", "Duties by role"), "roles")
        found = [(it, duties(it), told(it)) for it in self.regulations]
        for role in (*self.house.organisation.roles, "assignee", "customer"):
            rows: list[tuple[Cell | str, ...]] = [
                (
                    self._title(it),
                    self._gathered(doing.get(role, {})),
                    self._heard(hearing.get(role)),
                )
                for it, doing, hearing in found
                if role in doing or role in hearing
            ]
            if rows:
                yield Heading(2, _begun(self._role(role)), f"role-{role}")
                yield self._table(
                    (Text("流程", "Procedure"), Text("办什么", "Does"), Text("收到什么通知", "Is told")),
                    rows,
                    (3, 7, 6),
                )

    def _pledge(self) -> Iterator[Block]:
        pledged = [(held.standard, held) for held in self.house.standards.values() if held.standard.pledged]
        if not pledged:
            return
        name, phone = self._words(self.house.office.name), self.house.office.phone
        yield self._heading(1, Text("服务承诺", "Our pledge"), "pledge")
        yield self._paragraph(Text(f"{name}向各位业主、住户承诺：", f"{name} pledges to owners and residents:"))
        rows = [(self._say(sentence_of(standard.item)), self._say(self._soonest(held))) for standard, held in pledged]
        yield self._table((Text("我们做什么", "What we do"), Text("多快做到", "How soon")), rows, (5, 2))
        if phone:
            yield self._paragraph(Text(f"没有做到的，请致电 {phone}。我们会说明原因、致歉并改正。", f"Where we fail, please call {phone}. We say why, apologise, and mend it."))  # fmt: skip

    def _soonest(self, held: Held) -> Text:
        if held.standard.within is None and held.standard.at_least is None and len(held.limits) == 1:
            return Text("如左所述", "as it says here")
        told = list(dict.fromkeys(measured(limit, self._hours) for limit in held.limits))
        if len(told) == 1:
            return told[0]
        return Text(
            "、".join(each.zh for each in told) + "，以先到的为准",
            ", ".join(each.en for each in told) + ", whichever ends first",
        )

    def _standards(self) -> Iterator[Block]:
        if not self.house.standards:
            return
        kept = kept_by(it.procedure for it in self.regulations)
        yield self._heading(1, Text("服务标准与依据", "Standards and their basis"), "standards")
        rows: list[tuple[Cell | str, ...]] = []
        for name, held in self.house.standards.items():
            by = tuple(dict.fromkeys(f"{procedure.label(procedure.procedure, self.language)} · {procedure.label(clock, self.language)}" for procedure, clock in kept.get(name, ())))  # fmt: skip
            rows.append((self._say(sentence_of(held.standard.item)), tuple(self._say(measured(each, self._hours)) for each in held.limits),
                         tuple(self._say(ground(each)) for each in held.limits), by or ("—",)))  # fmt: skip
        yield self._table(
            (Text("事项", "Matter"), Text("时限", "Limit"), Text("依据", "Basis"), Text("对应流程与时限", "Kept by")),
            rows,
            (5, 4, 6, 4),
        )

    # -- pieces

    def _hours(self, calendar: str) -> Text:
        return hours(self.calendars.get(calendar, {}))

    def _say(self, text: Text) -> str:
        return text.get(self.language)

    def _words(self, words: Labelled) -> str:
        return self._say(sentence_of(words))

    def _text(self, words: Labelled) -> str:
        return self._words(words)

    def _called(self, version: Version, name: str) -> str:
        return version.procedure.label(name, self.language)

    def _title(self, it: Regulation) -> str:
        return self._called(it.version, it.procedure.procedure)

    def _edition(self, it: Regulation) -> str:
        edition = self.house.editions.get(it.procedure.procedure)
        return self._say(edition) if edition else ""

    def _role(self, word: str) -> str:
        return self._say(self.regulations[0].who([word])) if self.regulations else word

    def _heading(self, level: int, text: Text, anchor: str) -> Heading:
        return Heading(level, _begun(self._say(text)), anchor)

    def _paragraph(self, text: Text) -> Paragraph:
        return Paragraph(_begun(self._say(text)))

    def _lines(self, lines: Iterable[Line]) -> Items:
        return _items((line.level, self._say(line.text), line.heading) for line in lines)

    def _table(self, head: Sequence[Text], rows: Iterable[Sequence[Cell | str]], wide: tuple[int, ...]) -> Table:
        made = tuple(
            tuple(tuple(map(_begun, (cell,) if isinstance(cell, str) else cell)) or ("—",) for cell in row)
            for row in rows
        )
        return Table(tuple(map(self._say, head)), made, wide)


def _begun(text: str) -> str:
    """As a sentence begins; what is empty is said to be."""
    return text[:1].upper() + text[1:] or "—"


def _items(items: Iterable[tuple[int, str, bool]]) -> Items:
    return Items(tuple((depth, _begun(text), heading) for depth, text, heading in items))
