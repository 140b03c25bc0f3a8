"""Registries: the office's tables, as registries/<name>.yaml declares their columns, with rows there or in registries/<name>.csv.

Every value is judged by the very types that fields of procedures have. A registry with an error is not taken up at all: with a lift
left out, nobody would look after it, and nobody would know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import Finding, Instead, Invalid, Refused, Text, plural
from ..model.procedure import ENTRY, Shape
from ..model.registry import LONGEST_KEY, Registry, RegistryFile
from ..values import coerce
from .checks.values import check_field
from .checks.view import likely
from .folder import Folder
from .grammar import build
from .nodes import Node, Source
from .reading import decode, read_yaml
from .rosters import cells_of
from .torn import meant

_BARE = ("personal", "sensitive", "retention", "read", "write")
"""What a column cannot be: registries lie in files that everybody in the office may read."""

Cells = Mapping[str, Node]
"""A row as it is written, by column."""


class Registries(NamedTuple):
    """The registries of a folder: what is declared, and those that are in order as a whole."""

    shapes: Mapping[str, Shape]
    sound: Mapping[str, Registry]
    broken: frozenset[str]
    """Those of which not even the columns are known."""


class _Draft(NamedTuple):
    file: str
    root: Node
    about: RegistryFile
    rows: dict[str, dict[str, Any]]
    places: dict[tuple[str, str], Node]
    """Where each value of a row stands: (key, column)."""
    wrong: list[Finding]


def read_registries(folder: Folder, zone: str, staff: Collection[str] | None, findings: list[Finding]) -> Registries:
    """Every registry of the folder; what is wrong is added to `findings`. `staff`: the ids of the organisation, None where it cannot be read."""
    files, tables = folder.registries()
    drafts: dict[str, _Draft] = {}
    for name, file in files.items():
        wrong: list[Finding] = []
        draft = _draft(folder, name, file, tables.get(name), zone, wrong)
        if draft is None:
            findings += wrong
        else:
            drafts[name] = draft
    for name, file in tables.items():
        if name not in files:
            what = Text(
                f"没有 registries/{name}.yaml 说明各列", f"there is no registries/{name}.yaml that declares its columns"
            )
            findings.append(Finding("registry-columns", what, file, 1, 1, Text("写一个，列出 columns", "write one that lists its columns")))  # fmt: skip
    for draft in drafts.values():
        _refer(draft, drafts, files, staff)
        findings += draft.wrong
    return Registries(
        {name: draft.about.shape for name, draft in drafts.items()},
        {
            name: Registry(name, draft.about.version, draft.about.shape, draft.rows)
            for name, draft in drafts.items()
            if not any(item.severity == "error" for item in draft.wrong)
        },
        frozenset(files) - drafts.keys(),
    )


def _draft(folder: Folder, name: str, file: str, table: str | None, zone: str, wrong: list[Finding]) -> _Draft | None:
    """A registry as far as its declaration can be read."""
    try:
        root = read_yaml(folder.read(file), file).root
    except Invalid as refused:
        wrong += refused.findings
        return None
    about = build(RegistryFile, root, wrong)
    if about is None:
        return None
    if about.registry != name:
        what = Text(
            f"文件叫 {name}，里面写的是 {about.registry}", f"the file is called {name}, and it says {about.registry}"
        )
        wrong.append(_at(root, "registry").finding("registry-name", what, Text("两处写成一样", "call both the same")))
    _columns(root, about, wrong)
    written: Iterable[Cells] = _listed(root, about, wrong)
    if table is not None and root.get("rows") is not None:
        what = Text(f"行写在 {table}，这里不再写", f"the rows stand in {table}, and not here too")
        wrong.append(root.entries["rows"][0].finding("registry-rows", what, Text("删去一处", "delete one of them")))
    elif table is not None:
        try:
            written = list(_table(folder.read(table), table, about, wrong))
        except Invalid as refused:
            wrong += refused.findings
    draft = _Draft(file, root, about, {}, {}, wrong)
    for cells in written:
        _row(draft, cells, zone)
    return draft


def _at(root: Node, key: str) -> Node:
    return root.get(key) or root


def _columns(root: Node, about: RegistryFile, wrong: list[Finding]) -> None:
    for name, field in about.columns.items():
        here = ("columns", name)
        for key in _BARE:
            if getattr(field, key):
                what = Text(
                    "台账里不放个人信息，也人人可读", "a registry holds no personal data, and everybody may read it"
                )
                hint = Text("个人信息放在客户名册里", "personal data belongs in the register of customers")
                wrong.append(root.at((*here, key))[0].finding("registry-column", what, hint))
        if field.type == "attachment":
            what = Text("列不能是附件", "a column cannot be an attachment")
            wrong.append(root.at((*here, "type"))[1].finding("registry-column", what, Text("写文件名（text）", "write its name (text)")))  # fmt: skip
        wrong += check_field(root, here, field)
    named = about.columns.get(about.key)
    if named is None:
        what = Text(f"没有叫“{about.key}”的列", f"there is no column {about.key!r}")
        wrong.append(_at(root, "key").finding("registry-key", what, likely(about.key, about.columns)))
    elif named.type not in ("text", "room", "staff", "customer", "choice"):
        what = Text("作编号的列须是文字", "the column that names a row is a text")
        wrong.append(_at(root, "key").finding("registry-key", what, Text("type: text", "type: text")))
    for language in ("zh", "en"):
        words = about.labels.get(language, {})
        wanted = [about.registry, *about.columns, *(value for field in about.columns.values() for value in field.choices)]  # fmt: skip
        if missing := [name for name in dict.fromkeys(wanted) if name not in words]:
            spoken = Text("中文", "Chinese") if language == "zh" else Text("英文", "English")
            what = Text(
                f"缺少{spoken.zh}名称（{len(missing)} 个）：{', '.join(missing[:30])}",
                f"{plural(len(missing), f'{spoken.en} label is', f'{spoken.en} labels are')} missing: {', '.join(missing[:30])}",
            )
            hint = Text(f"写进 labels: {{{language}: …}}", f"write them under labels: {{{language}: …}}")
            place = root.entries["labels"][0] if "labels" in root.entries else _at(root, "registry")
            wrong.append(place.finding("missing-labels", what, hint, severity="warning"))


def _listed(root: Node, about: RegistryFile, wrong: list[Finding]) -> Iterator[Cells]:
    rows = root.get("rows")
    called = {word: name for words in about.labels.values() for name, word in words.items()}
    for row in () if rows is None else rows.items:
        for name, (key, _) in row.entries.items():
            if name not in about.columns:
                what = Text(f"没有叫“{name}”的列", f"there is no column {name!r}")
                hint = meant(row, key, about.columns) or likely(name, about.columns, called)
                wrong.append(key.finding("registry-columns", what, hint))
        yield {name: value for name, (_, value) in row.entries.items()}


def _table(raw: bytes, file: str, about: RegistryFile, wrong: list[Finding]) -> Iterator[Cells]:
    """The rows of a table; its first line names the columns, by name or by what people call them."""
    source = Source(file, tuple(decode(raw, file).splitlines()))
    called = {words[name]: name for words in about.labels.values() for name in about.columns if name in words}
    called |= {name: name for name in about.columns}
    head: list[str] = []
    for number, written in enumerate(source.lines, 1):
        cells = cells_of(source, number, written)
        if not any(cell.text for cell in cells):
            continue
        if not head:
            for cell in cells:
                if cell.text not in called:
                    what = Text(f"没有叫“{cell.text}”的列", f"there is no column {cell.text!r}")
                    raise Invalid([cell.finding("registry-columns", what, likely(cell.text, called))])
                if called[cell.text] in head:
                    what = Text(f"“{cell.text}”这一列写了两次", f"the column {cell.text!r} stands twice")
                    raise Invalid([cell.finding("registry-columns", what, Text("删去一列", "delete one of them"))])
                head.append(called[cell.text])
            continue
        if len(cells) > len(head):
            what = Text(
                f"这一行有 {len(cells)} 格，表头只有 {len(head)} 列",
                f"this line has {plural(len(cells), 'cell')}, the first line {len(head)}",
            )
            hint = Text("值里有逗号时，整个值加引号", "a value with a comma in it stands in quotes")
            wrong.append(cells[len(head)].finding("registry-columns", what, hint))
            continue
        yield {name: cell for name, cell in zip(head, cells, strict=False)}  # noqa: C416  # what is left off at the end is empty


def _row(draft: _Draft, cells: Cells, zone: str) -> None:
    """Take in a row whose key is one; what of it does not fit is said."""
    about, wrong = draft.about, draft.wrong
    first = next(iter(cells.values()), draft.root)
    held: dict[str, Any] = {}
    for name, field in about.columns.items():
        node = cells.get(name)
        try:
            value = coerce(name, field, _plain(node), called=lambda word: _called(about, word), zone=zone)
        except Refused as refused:
            hint = refused.hint
            named = [it for it in field.choices if node is not None and node.text in _called(about, it)]
            if hint is not None and node is not None and len(named) == 1:
                hint = Instead.of(hint, node.text, named[0])
            wrong.append((node or first).finding("registry-value", refused.text, hint))
            continue
        if value is None and field.default is not None:
            value = field.default if isinstance(field.default, bool | int) else str(field.default)
        if value is None and (field.required or name == about.key):
            what = Text(f"缺少“{_called(about, name).zh}”", f"“{_called(about, name).en}” is missing")
            wrong.append((node or first).finding("registry-value", what, Text(f"填写 {name}", f"give {name}")))
        if value is not None:
            held[name] = value
    key = held.get(about.key)
    if not isinstance(key, str):
        return
    place = cells[about.key]
    if len(key) > LONGEST_KEY or ":" in key:
        what = Text(f"编号最多 {LONGEST_KEY} 字，不含冒号", f"a key has at most {LONGEST_KEY} characters and no colon")
        wrong.append(place.finding("registry-value", what, Text("换一个短的编号", "give it a short one")))
    elif key in draft.rows:
        before = draft.places[key, about.key]
        where = f"{before.source.file}:{before.line}:{before.column}"
        what = Text(f"编号“{key}”已在 {where}", f"{key!r} stands at {where} already")
        wrong.append(place.finding("duplicate-row", what, Text("编号不能重复", "no two rows have the same key")))
    else:
        draft.rows[key] = held
        draft.places.update({(key, name): node for name, node in cells.items()})


def _plain(node: Node | None) -> Any:
    return None if node is None else node.plain()


def _called(about: RegistryFile, name: str) -> Text:
    zh, en = (about.labels.get(spoken, {}).get(name, name) for spoken in ("zh", "en"))
    return Text(zh, en)


def _refer(draft: _Draft, drafts: Mapping[str, _Draft], files: Collection[str], staff: Collection[str] | None) -> None:
    """What columns point to has to be there: rows of other registries, and people."""
    for name, field in draft.about.columns.items():
        of = field.of[0] if field.type == ENTRY and field.of else ""
        if of and of not in files:
            what = Text(f"没有台账“{of}”", f"there is no registry {of!r}")
            node = draft.root.at(("columns", name, "of"))[1]
            draft.wrong.append(node.finding("unknown-registry", what, likely(of, files)))
        elif of in drafts:
            for place, value in _lost(draft, name, drafts[of].rows):
                what = Text(f"台账 {of} 里没有“{value}”", f"the registry {of} has no {value!r}")
                draft.wrong.append(place.finding("unknown-row", what, likely(value, drafts[of].rows)))
        elif field.type == "staff" and staff is not None:
            for place, value in _lost(draft, name, staff):
                what = Text(f"名册里没有“{value}”", f"there is nobody called {value!r}")
                draft.wrong.append(place.finding("unknown-staff", what, likely(value, staff)))


def _lost(draft: _Draft, column: str, known: Collection[str]) -> Iterator[tuple[Node, str]]:
    """The values of a column that are none of these, each with its place."""
    for key, row in draft.rows.items():
        value = row.get(column)
        if value is not None and value not in known:
            yield draft.places.get((key, column), draft.root), value


# -- in a procedure


def fill_registries(root: Node, shapes: Mapping[str, Shape] | None, findings: list[Finding]) -> None:
    """Put the columns of the registries to which its fields point into a procedure, in place."""
    if (own := root.entries.pop("registries", None)) is not None:
        what = Text("registries 由程序填写", "`registries` is filled in")
        hint = Text("列写在 registries/ 的文件里", "columns stand in the files of registries/")
        findings.append(own[0].finding("filled-in", what, hint))
    fields = root.get("fields")
    named = {}
    for _, field in fields.entries.values() if fields is not None and fields.kind == "map" else ():
        kind, of = (field.get("type"), field.get("of")) if field.kind == "map" else (None, None)
        if kind is not None and kind.text == ENTRY and of is not None:
            of = of.items[0] if of.kind == "list" and of.items else of
            if of.text in (shapes or {}):
                named[of.text] = of
    if not named:
        return
    made = Node(root.source, root.line, root.column, "map")
    for name, of in named.items():
        made.entries[name] = (
            of,
            _planted(of, (shapes or {})[name].model_dump(mode="json", by_alias=True, exclude_defaults=True)),
        )
    root.entries["registries"] = next(iter(named.values())), made


def _planted(at: Node, value: Any) -> Node:
    """Plain data as nodes that stand where the registry is named."""
    made = Node(at.source, at.line, at.column)
    if isinstance(value, dict):
        made.kind = "map"
        made.entries = {key: (at, _planted(at, inner)) for key, inner in value.items()}
    elif isinstance(value, list):
        made.kind = "list"
        made.items = [_planted(at, inner) for inner in value]
    else:
        made.value, made.text = value, str(value)
    return made
