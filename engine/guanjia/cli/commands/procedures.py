"""`procedures`: which there are, and what one of them asks for, where it can be, and who may do what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import Invalid, Text
from ...model import kinds
from ...model.retention import Period
from .. import words
from ..desk import Desk
from ..naming import NO_PROCEDURE, no_procedure
from ..out import Ink, Piece
from ..spec import Argument, Command, json_option

if TYPE_CHECKING:
    from ...model.procedure import Branch, Ladder, Procedure, Sla, Target


def procedures(desk: Desk, *, name: str | None, as_json: bool) -> None:
    known = desk.engine.procedures()
    if name is None:
        _list(desk, known, as_json=as_json)
        return
    if name not in known:
        raise no_procedure(desk, name, known)
    version = desk.engine.files.version(name)
    if as_json:
        desk.out.json(
            {
                "name": name,
                "hash": version.hash,
                "definition": version.procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            }
        )
        return
    _one(desk, version.procedure, version.hash)


def _list(desk: Desk, known: Sequence[str], *, as_json: bool) -> None:
    found: list[tuple[str, Procedure | None, str]] = []
    for name in known:
        try:
            version = desk.engine.files.version(name)
            found.append((name, version.procedure, version.hash))
        except Invalid:
            found.append((name, None, ""))
    if as_json:
        desk.out.json(
            [
                {"name": name, "valid": it is not None, "hash": hash or None, "labels": {} if it is None else {k: v.get(name, name) for k, v in it.labels.items()},
                 "required": [] if it is None else [key for key, field in it.fields.items() if field.required and field.default is None],
                 "modes": [] if it is None else list(it.modes)}
                for name, it, hash in found
            ]
        )  # fmt: skip
        return
    if not found:
        desk.out.line(NO_PROCEDURE)
        return
    rows: list[list[Piece]] = []
    for name, it, hash in found:
        if it is None:
            rows.append(
                [
                    Ink(name, "bold"),
                    Ink(Text("有错误，见 guanjia check", "has errors, see guanjia check"), "late"),
                    "",
                    "",
                    "",
                ]
            )
        else:
            label = it.label(name, desk.out.language)
            rows.append([Ink(name, "bold"), label, str(len(list(it.walk()))), str(len(it.sla)), Ink(hash[:12], "dim")])
    desk.out.table(
        rows,
        (
            Text("名字", "NAME"),
            Text("流程", "PROCEDURE"),
            Text("状态数", "STATES"),
            Text("时限数", "CLOCKS"),
            Text("版本", "VERSION"),
        ),
    )


def kept(period: Period) -> Text:
    return Text(f"办结后保存 {period.text.zh}", f"kept for {period.text.en} after the closing")


def _one(desk: Desk, it: Procedure, hash: str) -> None:
    out = desk.out

    def label(name: str) -> str:
        return it.label(name, out.language)

    def named(choice: str) -> str:
        called = label(choice)
        return choice if called == choice else out.both(f"{choice}（{called}）", f"{choice} ({called})")

    out.line(Ink(label(it.procedure), "bold"), "  ", it.procedure, "  ", Ink(hash[:12], "dim"))
    if it.modes:
        out.line(
            Ink(Text("模式：", "Modes: "), "dim"),
            out.both(
                "、".join(f"{label(mode)}（--mode {mode}）" for mode in it.modes),
                ", ".join(f"{label(mode)} (--mode {mode})" for mode in it.modes),
            ),
        )
    out.table([[Ink(Text("谁可以建单", "Who may open"), "dim"), _who(desk, it, it.open_by)]], flex=1, wrapped=True)
    if it.retention is not None:
        out.table([[Ink(Text("个人信息", "Personal data"), "dim"), kept(Period.parse(it.retention.after))]])
    if it.fields:
        out.line()
        out.line(Ink(Text("字段", "Fields"), "bold"))
        rows: list[list[Piece]] = []
        for name, field in it.fields.items():
            marks = [out.both("必填", "required")] if field.required and field.default is None else []
            if field.personal:
                marks.append(
                    out.both("敏感个人信息", "sensitive") if field.sensitive else out.both("个人信息", "personal")
                )
            if field.retention is not None:
                marks.append(out.say(kept(Period.parse(field.retention))))
            if field.default is not None:
                plain = str(field.default)
                default = (
                    words.truth(field.default)
                    if isinstance(field.default, bool)
                    else label(plain)
                    if field.choices
                    else plain
                )
                marks.append(out.both("默认 ", "default ") + out.say(default))
            kind = " | ".join(map(named, field.choices)) if field.choices else out.say(kinds.TYPES[field.type])
            if field.type == "entry":
                kind += f": {label(field.of[0])}"
            rows.append([f"--{name}", label(name) if label(name) != name else "", kind, Ink(" ".join(marks), "soon")])
        out.table(rows, indent="  ", flex=2, wrapped=True)
    out.line()
    out.line(Ink(Text("状态与操作", "States and actions"), "bold"))
    shown: list[list[Piece]] = []
    for state, action, branch in _actions(it):
        where = out.say(state) if isinstance(state, Text) else label(state)
        called = label(action) if label(action) != action else ""
        target = f" → {label(branch.to)}" if branch.to else ""
        shown.append([where, Ink(action, "good"), f"{called}{target}".strip(), Ink(_who(desk, it, branch.by), "dim")])
    out.table(
        _without_repeats(shown),
        (Text("状态", "STATE"), Text("操作", "ACTION"), "", Text("谁", "WHO")),
        indent="  ",
        flex=3,
        keep=(1,),
        wrapped=True,
    )
    if it.sla:
        out.line()
        out.line(Ink(Text("时限", "Clocks"), "bold"))
        limits: list[list[Piece]] = [
            [label(name), told, Ink(words.KINDS[sla.kind], "dim")]
            for name, sla in it.sla.items()
            for told in _targets(desk, it, sla)
        ]
        out.table(_without_repeats(limits), indent="  ", flex=1, wrapped=True)
    if it.ladders:
        out.line()
        out.line(Ink(Text("升级阶梯", "Ladders"), "bold"))
        out.table(
            [[label(name), _levels(desk, it, ladder)] for name, ladder in it.ladders.items()],
            indent="  ",
            flex=1,
            wrapped=True,
        )


def _targets(desk: Desk, it: Procedure, sla: Sla) -> Iterator[Text]:
    """if “class” is “urgent”: 10 min, then otherwise 30 min; what it rests upon is told by `standards`."""
    from ...authoring.promises import Promises

    def plain(target: Target) -> dict[str, Any]:
        bare = target.model_copy(update={"standard": None, "overlay": None, "earliest": ()})
        parts = {"earliest": [plain(part) for part in target.earliest]} if target.earliest else {}
        return bare.model_dump(mode="json", by_alias=True, exclude_defaults=True) | parts

    yield from Promises(it, lambda word: Text(*[desk.entitled(word)] * 2)).targets([plain(each) for each in sla.target])


def _levels(desk: Desk, it: Procedure, ladder: Ladder) -> str:
    """supervisor → 30 min → manager → 30 min → alarm"""
    from ...calendars import format_amount, parse_amount

    def span(text: str) -> str:
        return format_amount(parse_amount(text), desk.out.language)

    steps = []
    for level in ladder.levels:
        steps += [span(level.wait)] if level.wait else []
        steps.append(_who(desk, it, level.to))
    steps += [span(ladder.alarm or ladder.levels[-1].wait or "1h"), desk.out.both("告警", "alarm")]
    return " → ".join(steps)


def _actions(it: Procedure) -> Iterator[tuple[str | Text, str, Branch]]:
    for name, branches in it.transitions.items():
        for branch in branches:
            yield Text("任何状态", "any state"), name, branch
    for state, node, _ in it.walk():
        for name, branches in node.transitions.items():
            for branch in branches:
                yield state, name, branch
    for branch in it.reopen:
        yield Text("办结以后", "once closed"), "reopen", branch


def _without_repeats(rows: list[list[Piece]]) -> list[list[Piece]]:
    previous: Piece | None = None
    out = []
    for first, *rest in rows:
        out.append(["" if first == previous else first, *rest])
        previous = first
    return out


def _who(desk: Desk, it: Procedure, words: Sequence[str]) -> str:
    """Who may do something, or is told: roles, relations, fields of people."""
    shown = [called if (called := desk.entitled(word)) != word else it.label(word, desk.out.language) for word in words]
    return desk.out.both("、", ", ").join(shown)


COMMANDS = {
    "procedures": Command(
        "procedures", procedures,
        [Argument("name", metavar="PROCEDURE", required=False, complete="procedures", say=Text("流程的名字", "name of a procedure")), json_option()],
        say=Text("列出流程；给出名字则列出它的字段、状态、操作、时限。", "List the procedures; with a name, its fields, states, actions and clocks."),
        examples=("guanjia procedures", "guanjia procedures complaint"),
    ),
}  # fmt: skip
