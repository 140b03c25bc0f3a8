"""`registry`: the office's tables as they are in force: which there are, their rows, one row, and how they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...clock import iso
from ...errors import NotFound, Text, plural
from .. import words
from ..desk import Desk
from ..naming import nameless
from ..out import Ink, Piece
from ..spec import Argument, Command, Entry, Group, Option, json_option

if TYPE_CHECKING:
    from ...model.event import Event
    from ...model.registry import Registry

SHORT = 12
"""Digits of a hash that are shown."""

REGISTRY = Text("台账", "registry")


def ls(desk: Desk, *, as_json: bool) -> None:
    engine, out = desk.engine, desk.out
    found = [engine.registry(name) for name in engine.registries()]
    since = {event.name: event.recorded_at for event in _amended(desk)}
    if as_json:
        out.json(
            [
                {"name": it.name, "version": it.version, "hash": it.hash, "key": it.shape.key, "columns": list(it.shape.columns),
                 "rows": len(it.rows), "since": iso(since[it.name], desk.zone)}
                for it in found
            ]
        )  # fmt: skip
        return
    if not found:
        out.line(Text("还没有台账；写在 registries/ 里，见 docs/registries.md。", "There is no registry yet; they stand in registries/, see docs/registries.md."))  # fmt: skip
        return
    rows: list[list[Piece]] = [
        [
            Ink(it.name, "bold"), it.label(it.name, out.language), str(len(it.rows)), it.version or Ink(it.hash[:SHORT], "dim"),
            Ink(words.when(since[it.name], desk.zone, desk.now()), "dim"),
        ]
        for it in found
    ]  # fmt: skip
    head = (
        Text("名字", "NAME"),
        Text("叫法", "CALLED"),
        Text("行数", "ROWS"),
        Text("版本", "VERSION"),
        Text("自", "SINCE"),
    )
    out.table(rows, head, flex=1)


def show(desk: Desk, *, name: str, row: str | None, version: str | None, as_json: bool) -> None:
    registry, out = _meant(desk, name, version), desk.out
    if row is not None and row not in registry.rows:
        raise nameless(Text("行", "row"), row, list(registry.rows), dict(registry.told()))
    if as_json:
        out.json(registry.rows[row] if row is not None else {"name": name, "version": registry.version, "hash": registry.hash, "rows": list(registry.rows.values())})  # fmt: skip
        return
    shape = registry.shape

    def label(word: str) -> str:
        return registry.label(word, out.language)

    if row is not None:
        out.table([[Ink(label(column), "dim"), _value(desk, registry, column, row)] for column in shape.columns])
        return
    edition = registry.version or registry.hash[:SHORT]
    out.line(Ink(label(name), "bold"), "  ", Ink(edition, "dim"), "  ", Text(f"{len(registry.rows)} 行", f"{plural(len(registry.rows), 'row')}"))  # fmt: skip
    table: list[list[Piece]] = [
        [Ink(key, "bold") if column == shape.key else _value(desk, registry, column, key) for column in shape.columns]
        for key in registry.rows
    ]
    out.table(table, [label(column) for column in shape.columns], wrapped=True)
    before = [event for event in _amended(desk) if event.name == name and event.data["version"]]
    for event in reversed(before[-5:]):
        out.line(Ink(f"{words.when(event.recorded_at, desk.zone, desk.now())}  {event.data['version'][:SHORT]}  {out.say(changed(event))}", "dim"))  # fmt: skip


def _amended(desk: Desk) -> list[Event]:
    from ...runtime import stream

    return [event for event in stream.events(desk.engine.store) if event.type == "amended"]


def _meant(desk: Desk, name: str, version: str | None) -> Registry:
    """The registry as it is in force, or as it was under a hash, of which the beginning is enough."""
    engine = desk.engine
    if version is None:
        if name not in engine.registries():
            raise nameless(REGISTRY, name, list(engine.registries()))
        return engine.registry(name)
    known = [event.data["version"] for event in _amended(desk) if event.name == name and event.data["version"]]
    found = [hash for hash in dict.fromkeys(known) if hash.startswith(version)]
    if len(found) != 1:
        listed = ", ".join(hash[:SHORT] for hash in known) or "—"
        raise NotFound(
            Text(f"“{name}”没有版本“{version}”。", f"{name!r} has no version {version!r}."),
            Text(f"有：{listed}", f"There are: {listed}"),
        )
    return engine.registry_of(found[0])


def _value(desk: Desk, registry: Registry, column: str, key: str) -> str:
    held: Any = registry.rows[key].get(column)
    field = registry.shape.columns[column]
    if held is None:
        return "—"
    if isinstance(held, bool):
        return desk.out.say(words.truth(held))
    if field.type == "instant":
        return words.when(held, desk.zone)
    if field.type == "staff":
        return desk.person(held)
    if isinstance(held, list):
        return desk.out.both("、", ", ").join(registry.label(item, desk.out.language) for item in held)
    return registry.label(held, desk.out.language) if field.type == "choice" else str(held)


def changed(event: Event) -> Text:
    """What became of a registry, in words."""
    data = event.data
    if data["version"] is None:
        return Text("撤下", "taken away")
    counts = [(data["added"], "加 {} 行", "{} added"), (data["changed"], "改 {} 行", "{} changed"), (data["removed"], "去 {} 行", "{} removed")]  # fmt: skip
    zh, en = ([text[at].format(text[0]) for text in counts if text[0]] for at in (1, 2))
    return Text("，".join(zh) or "列有变动", ", ".join(en) or "its columns changed")


COMMANDS = {
    "registry": Group(
        "registry",
        {
            Text("命令", "Commands"): {
                "ls": Entry("registry", Text("有哪些台账", "which there are")),
                "show": Entry("registry", Text("一本台账，或其中一行", "one of them, or a row of it")),
            }
        },
        say=Text("台账：设备、路线、价目、计划，工单和定时建单按它们来。", "Registries: equipment, routes, prices, plans, to which cases point and from which schedules open them."),
    ),
    "ls": Command(
        "ls", ls, [json_option()],
        say=Text("有哪些台账，各多少行，何时起用的。", "Which registries there are, how many rows each has, since when."),
        examples=("guanjia registry ls",),
    ),
    "show": Command(
        "show", show,
        [
            Argument("name", complete="registries", say=Text("台账的名字", "name of the registry")),
            Argument("row", required=False, say=Text("只看这一行（编号）", "only this row, by its key")),
            Option("--version", metavar="HASH", say=Text("看以前的版本（编号开头几位）", "as it was, by the beginning of a version's hash")),
            json_option(),
        ],
        say=Text("看一本台账，或其中一行；也可看它以前的样子。", "A registry, or a row of it; also as it was before."),
        more=Text("改 registries/ 里的文件，检查无误就生效；在办工单不受影响。", "Edit the files of registries/: what is in order comes into force, and no running case changes."),
        examples=("guanjia registry show lifts", "guanjia registry show lifts L1"),
    ),
}  # fmt: skip
