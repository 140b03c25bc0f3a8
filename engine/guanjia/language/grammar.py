"""Nodes to definitions: what the pydantic models refuse, said at the place where it was written.

Pydantic's own words are for programmers, and its locations speak of normalised data (list indexes and union members that
nobody wrote). Here each refusal is walked back to its node, told in plain Chinese and English, and for an unknown key the
keys that are allowed there are listed, the likeliest first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..errors import Finding, Instead, Text, plural
from ..model.procedure import Branch, Delay, Procedure, State
from ..signs import full_width
from .nodes import Node, Path
from .torn import meant as torn

Model = TypeVar("Model", bound=BaseModel)

_MEANT = {
    "on": "transitions", "actions": "transitions", "action": "transitions", "events": "signals", "event": "signals",
    "target": "to", "goto": "to", "next": "to", "if": "guard", "condition": "guard", "cond": "guard", "unless": "guard",
    "role": "by", "roles": "by", "who": "by", "actions_on_entry": "entry", "on_entry": "entry", "enter": "entry",
    "on_exit": "exit", "leave": "exit", "effects": "do", "then": "do", "timeout": "after", "timers": "after",
    "parallel": "tracks", "regions": "tracks", "end": "final", "required_fields": "require", "values": "of",
    "options": "of", "enum": "of", "name": "procedure", "id": "procedure", "deadline": "within", "duration": "within",
    "clocks": "sla", "slas": "sla", "ladder": "ladders", "steps": "levels",
    "after": "wait", "message": "else", "params": "with", "parameters": "with",
}  # fmt: skip


def build(model: type[Model], root: Node, findings: list[Finding]) -> Model | None:
    """The definition that `root` holds, or None with every refusal added to `findings`."""
    if root.kind != "map":
        what = (
            Text("文件是空的", "the file is empty")
            if root.plain() is None
            else Text("文件开头应是“键: 值”", "the file must begin with `key: value`")
        )
        findings.append(root.finding("empty" if root.plain() is None else "type", what, _first_key(model)))
        return None
    try:
        return model.model_validate(root.plain())
    except ValidationError as refused:
        findings.extend(_findings(model, root, refused))
        return None


def _first_key(model: type[BaseModel]) -> Text:
    keys = sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
    key = _called(*keys[0])
    return Text(f"第一行写 {key}: …", f"begin with `{key}: …`")


def _findings(model: type[BaseModel], root: Node, refused: ValidationError) -> Iterable[Finding]:
    seen: dict[tuple[int, str], Finding] = {}
    refusals = refused.errors(include_url=False, include_context=True, include_input=False)
    for error in refusals:
        loc: Path = error["loc"]
        kind = error["type"]
        if kind == "too_short" and any(it["loc"][: len(loc)] == loc and it is not error for it in refusals):
            continue  # what is wrong within is not counted, and is told there
        key, value = root.at(tuple(part for part in loc if part != "[key]"))
        if kind == "extra_forbidden":
            finding = _unknown_key(model, loc, key, root.at(loc[:-1])[1])
        elif kind == "missing":
            wanted = str(loc[-1])
            finding = value.finding(
                "missing-key", Text(f"缺少 {wanted}", f"{wanted} is missing"), _required(model, loc)
            )
        elif "[key]" in loc:
            said, hint = _words(error, key)
            around = root.at(loc[: loc.index("[key]") - 1])[1]
            finding = key.finding("name", said, torn(around, key, None) or hint)
        else:
            finding = value.finding("grammar" if kind == "value_error" else "type", *_words(error, value))
        # A value that may be of several types is refused once for each of them: one finding for a node is enough.
        seen.setdefault((id(key if kind == "extra_forbidden" or "[key]" in loc else value), _group(kind, loc)), finding)
    return seen.values()


def _group(kind: str, loc: Path) -> str:
    return f"missing {loc[-1]}" if kind == "missing" else kind if kind in ("extra_forbidden", "value_error") else "type"


def _unknown_key(model: type[BaseModel], loc: Path, key: Node, around: Node) -> Finding:
    word = str(loc[-1])
    allowed = _allowed(model, loc[:-1])
    meant = suggest(word, allowed)
    if not (meant and word.isidentifier()) and (hint := torn(around, key, allowed)) is not None:
        return key.finding("unknown-key", Text(f"这里不认识“{word}”", f"{word!r} is not known here"), hint)
    if not meant and _MEANT.get(word) in allowed:
        meant = _MEANT[word]
    if meant:
        hint = Text(f"是否想写 {meant}？", f"did you mean {meant}?")
    elif word in Procedure.model_fields and loc[:-1]:
        hint = Text(f"{word} 只能写在文件的最外层", f"{word} belongs at the top level of the file")
    else:
        hint = Text("请删除，或放到它该在的层", "delete it, or put it on the level where it belongs")
    listed = ", ".join(allowed)
    if listed:
        hint = Text(
            f"{hint.zh.rstrip('？')}{'？' if meant else '；'}这里可以写：{listed}",
            f"{hint.en}{' A' if meant else '; a'}llowed here: {listed}",
        )
    if meant:
        hint = instead(hint, word, allowed)
    return key.finding("unknown-key", Text(f"这里不认识“{word}”", f"{word!r} is not known here"), hint)


def _required(model: type[BaseModel], loc: Path) -> Text | None:
    listed = ", ".join(_allowed(model, loc[:-1]))
    return Text(f"这里可以写：{listed}", f"allowed here: {listed}") if listed else None


NEAR = 0.7
"""How like two words are, from 0 to 1, of which one is taken for the other misspelt."""


def instead(hint: Text, word: str, known: Iterable[str]) -> Text:
    """The hint, as `Instead` where just one of the known words is near enough to have been meant."""
    near = difflib.get_close_matches(word, list(known), 2, NEAR)
    return Instead.of(hint, word, near[0]) if len(near) == 1 and _one_word(word, near[0]) else hint


def _one_word(word: str, near: str) -> bool:
    """Whether the word holds no more than itself: `within：30m` and `within30m` are near to `within`, and hold a limit besides."""
    if re.fullmatch(r"[\w.-]+", word) is None:
        return not re.search(r"\w\W+\w", word)
    return re.findall(r"\d", word) == re.findall(r"\d", near)


def suggest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like `word`; "" when none is."""
    return next(iter(difflib.get_close_matches(word, list(known), 1, 0.6)), "")


def _called(name: str, info: Any) -> str:
    return str(info.alias or name)


def _allowed(model: type[BaseModel], loc: Path) -> list[str]:
    """The keys of the model that stands at `loc`; those of a delay with those of its branch, as they are written together."""
    here: Any = model
    for part in loc:
        models, tables, lists = _shapes(here)
        known = next(
            (
                info.annotation
                for each in models
                for name, info in each.model_fields.items()
                if _called(name, info) == part != "branches"
            ),
            None,
        )
        if known is not None:
            here = known
        elif isinstance(part, int) and lists:
            here = lists[0]
        elif tables:
            here = tables[0]
    keys: list[str] = []
    for each in _shapes(here)[0]:
        keys += [_called(name, info) for name, info in each.model_fields.items() if name != "branches"]
        if issubclass(each, State):
            keys.append("include")
    return keys


def _shapes(annotation: Any) -> tuple[list[type[BaseModel]], list[Any], list[Any]]:
    """(models, types of the values of mappings, types of the items of lists) that an annotation allows."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _shapes(get_args(annotation)[0])
    if origin in (Union, UnionType):
        parts = [_shapes(part) for part in get_args(annotation)]
        models, tables, lists = ([each for part in parts for each in part[index]] for index in range(3))
        return models, tables, lists
    if origin is dict:
        return [], [get_args(annotation)[1]], []
    if origin is tuple:
        models, tables, _ = _shapes(get_args(annotation)[0])
        return models, tables, [get_args(annotation)[0]]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation, Branch] if annotation is Delay else [annotation], [], []
    return [], [], []


_SHAPE = {
    "list": Text("列表", "a list"),
    "map": Text("“键: 值”", "`key: value` pairs"),
}


def _is(node: Node) -> Text:
    """What was found, in words."""
    if node.kind != "scalar":
        return _SHAPE[node.kind]
    if node.value is None:
        return Text("空的", "nothing")
    if isinstance(node.value, bool):
        return Text(f"真假值 {node.text}", f"the truth value {node.text}")
    if not isinstance(node.value, str):
        return Text(f"数字 {node.text}", f"the number {node.text}")
    short = node.text if len(node.text) <= 40 else node.text[:39] + "…"
    return Text(f"文字“{short}”", f"the text {short!r}")


def _words(error: Mapping[str, Any], node: Node) -> tuple[Text, Text | None]:
    """(what is wrong, what to do) for one refusal of pydantic."""
    kind, context, found = error["type"], error.get("ctx", {}), _is(node)
    if kind == "value_error":
        said = context["error"].args[0] if context["error"].args else ""
        wide = full_width(node.text) if node.kind == "scalar" else ""
        hint = Text(f"“{wide}”是全角的，请改成半角", f"{wide} is full-width: write plain signs") if wide else None
        return (said if isinstance(said, Text) else Text(str(said), str(said))), hint
    if kind == "string_too_short":
        return Text("这里不能是空文字", "this must not be empty"), None
    if kind == "too_short":
        least, has = context["min_length"], len(node.items) + len(node.entries)
        what = Text(
            f"至少要 {least} 项，这里{f'只有 {has} 项' if has else '一项也没有'}",
            f"at least {plural(least, 'item is', 'items are')} needed; here {plural(has, 'is', 'are') if has else 'is none'}",
        )
        return what, _WANTED["map" if node.kind == "map" else "list"][1]
    if kind == "greater_than_equal":
        return Text(f"至少要 {context['ge']}，这里是{found.zh}", f"at least {context['ge']} is needed; this is {found.en}"), None  # fmt: skip
    if kind == "literal_error":
        choices = [part.strip(" '") for part in context["expected"].replace(" or ", ", ").split(",")]
        meant = suggest(node.text, choices) if node.kind == "scalar" else ""
        hint = instead(Text(f"是否想写 {meant}？", f"did you mean {meant}?"), node.text, choices) if meant else None
        one_of = ", ".join(choices)
        return Text(f"只能是 {one_of} 之一，这里是{found.zh}", f"must be one of {one_of}; this is {found.en}"), hint
    wanted, hint = _WANTED.get(_FAMILY.get(kind, ""), (Text("别的写法", "something else"), None))
    if _FAMILY.get(kind) == "text" and node.kind == "scalar" and node.value is not None:
        hint = Instead.of(
            Text(f"请加引号：'{node.text}'", f"put it in quotes: '{node.text}'"), node.text, f"'{node.text}'"
        )
    if error["loc"] and error["loc"][-1] in ("within", "delay", "every", "wait") and node.kind == "scalar":
        hint = Text("时长要写单位：30m、2h、3 days、5 workdays", "a duration has a unit: 30m, 2h, 3 days, 5 workdays")
    if _FAMILY.get(kind) == "text" and node.kind == "map":
        hint = Text("若是 {…} 开头的文字，请整个加引号", "quote the whole text if it is meant to begin with {")
    return Text(f"这里要{wanted.zh}，写的是{found.zh}", f"{wanted.en} is needed here; this is {found.en}"), hint


_FAMILY = {
    "string_type": "text", "bool_type": "flag", "bool_parsing": "flag", "int_type": "whole", "int_parsing": "whole",
    "int_from_float": "whole", "decimal_type": "number", "decimal_parsing": "number", "is_instance_of": "number",
    "dict_type": "map", "mapping_type": "map", "model_type": "map", "model_attributes_type": "map",
    "tuple_type": "list", "list_type": "list",
}  # fmt: skip
_WANTED: Mapping[str, tuple[Text, Text | None]] = {
    "text": (Text("文字", "a text"), None),
    "flag": (Text(" true 或 false", "true or false"), Text("不加引号，小写", "without quotes, in lower case")),
    "whole": (Text("整数", "a whole number"), Text("不加引号，不带小数", "without quotes or decimals")),
    "number": (Text("单个值（文字、数字或真假）", "a single value (text, number or truth value)"), None),
    "map": (Text("“键: 值”", "`key: value` pairs"), Text("请检查缩进，冒号后要有空格", "check the indentation; a space follows a colon")),
    "list": (Text("列表", "a list"), Text("写成 [甲, 乙]，或每行以“- ”开头", "write [a, b], or lines beginning with `- `")),
}  # fmt: skip
