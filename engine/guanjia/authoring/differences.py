"""What changed between two versions of a procedure, in words: which state is new, whose time limit fell from what to what.

Both are walked as the plain data that they are made of. Where a key holds things with names, those that are new or gone are told by
their names; of lists, what was added and taken away; of the rest, from what to what. So nothing that differs is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Any, NamedTuple

from ..errors import Text
from ..model.procedure import Procedure
from ..model.version import Version
from .wording import EXTENDED, NAMED, Entitled, Wording, as_it_is


class Difference(NamedTuple):
    """One thing that is otherwise. `path` leads to it in the definition; `text` says it."""

    kind: str
    """added, removed or changed"""
    path: tuple[str | int, ...]
    text: Text


def differences(before: Version, after: Version, entitled: Entitled = as_it_is) -> Iterator[Difference]:
    """Everything in which `after` differs from `before`, as it is written: the procedure, then calendars and templates. `entitled`
    says what people call a role or a relation."""
    yield from _Words(before.procedure, after.procedure, entitled).told()
    for group, what in (("calendars", Text("日历", "calendar")), ("templates", Text("模板", "template"))):
        then, now = getattr(before, group), getattr(after, group)
        for name in {**then, **now}:
            if then.get(name) == now.get(name):
                continue
            kind = "changed" if name in then and name in now else "added" if name in now else "removed"
            lines = _lines(then.get(name), now.get(name)) if kind == "changed" else Text("", "")
            yield Difference(
                kind, (group, name), _said(kind, Text(f"{what.zh}“{name}”", f"the {what.en} “{name}”"), lines)
            )


def _lines(before: Any, after: Any) -> Text:
    """The lines of a text that differ, marked - and +."""
    old, new = (
        text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1) for text in (before, after)
    )
    found = [
        line
        for line in unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    text = "".join(f"\n    {line}" for line in found)
    return Text(text, text)


def _said(kind: str, what: Text, more: Text) -> Text:
    if kind == "added":
        return Text(f"新增{what.zh}{more.zh}", f"new: {what.en}{more.en}")
    if kind == "removed":
        return Text(f"去掉{what.zh}{more.zh}", f"gone: {what.en}{more.en}")
    return Text(f"{what.zh}有改动{more.zh}", f"{what.en} changed{more.en}")


class _Words(Wording):
    """The walk through two procedures, with the names of both."""

    def __init__(self, before: Procedure, after: Procedure, entitled: Entitled) -> None:
        super().__init__(after, before, entitled=entitled)
        self.plain = [
            it.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"procedure"})
            for it in (before, after)
        ]

    def told(self) -> Iterator[Difference]:
        then, now = self.plain
        labels = (then.pop("labels", {}), now.pop("labels", {}))
        yield from self.named(then, now, (), ())
        for language in ("zh", "en"):
            old, new = (each.get(language, {}) for each in labels)
            for name in {**old, **new}:
                if old.get(name) != new.get(name):
                    spoken = Text("中文", "in Chinese") if language == "zh" else Text("英文", "in English")
                    was, now_ = (f"“{each[name]}”" if name in each else "—" for each in (old, new))
                    yield Difference("changed", ("labels", language, name), Text(
                        f"“{name}”的{spoken.zh}叫法：{was} → {now_}", f"what “{name}” is called {spoken.en}: {was} → {now_}"))  # fmt: skip

    def named(
        self, then: Mapping[str, Any], now: Mapping[str, Any], path: tuple[str | int, ...], where: tuple[Text, ...]
    ) -> Iterator[Difference]:
        """Two mappings of keys of the language."""
        for key in {**then, **now}:
            old, new = then.get(key), now.get(key)
            if _same(old, new) and (key in then) == (key in now):
                continue
            here = (*path, key)
            if old is new is None:  # `set: {slot: null}` empties a field; without it the field stays
                what, ways = self.key(key), [Text("未写", "not written"), Text("空", "empty")]
                was, becomes = ways if key in now else reversed(ways)
                yield self.say("changed", here, where, _turned(what, was, becomes))
            elif key in NAMED and isinstance(old or {}, dict) and isinstance(new or {}, dict):
                yield from self.things(key, old or {}, new or {}, here, where)
            elif isinstance(old, dict) and isinstance(new, dict):
                yield from self.named(old, new, here, (*where, self.key(key)))
            elif isinstance(old or [], list) and isinstance(new or [], list):
                yield from self.listed(key, old or [], new or [], here, where)
            else:
                was, becomes = self.value(key, old), self.value(key, new)
                what = EXTENDED if key == "by" else self.key(key)
                yield self.say("changed", here, where, _turned(what, was, becomes))

        yield from self.ordered(Text("各项", "item"), then, now, path, where)

    def things(
        self, key: str, then: Mapping[str, Any], now: Mapping[str, Any], path: tuple[str | int, ...], where: tuple[Text, ...]
    ) -> Iterator[Difference]:  # fmt: skip
        """Things by name: new, gone, or otherwise inside."""
        for name in {**then, **now}:
            here, what = (*path, name), self.thing(key, name)
            if name not in now or name not in then:
                kind = "added" if name in now else "removed"
                found = now.get(name, then.get(name))
                shown = "" if key in ("states", "tracks") else f"：{self.shown(found)}"
                yield self.say(kind, here, where, Text(what.zh + shown, what.en + shown.replace("：", ": ")))
                continue
            old, new = then[name], now[name]
            if _same(old, new):
                continue
            if isinstance(old, list) or isinstance(new, list):
                yield from self.listed("", _list(old), _list(new), here, (*where, what))
            else:
                yield from self.named(old, new, here, (*where, what))
        yield from self.ordered(NAMED[key], then, now, path, where)

    def ordered(
        self, what: Text, then: Mapping[str, Any], now: Mapping[str, Any], path: tuple[str | int, ...], where: tuple[Text, ...]
    ) -> Iterator[Difference]:  # fmt: skip
        """Of equals the one that is written first comes first."""
        if [name for name in then if name in now] != [name for name in now if name in then]:
            yield self.say("changed", path, where, Text(f"{what.zh}的先后次序", f"the order of each {what.en}"))

    def listed(
        self, key: str, then: Sequence[Any], now: Sequence[Any], path: tuple[str | int, ...], where: tuple[Text, ...]
    ) -> Iterator[Difference]:  # fmt: skip
        """Two lists: words that came and went; of bodies, those that belong together otherwise inside."""
        words, several = self.key(key) if key else Text("", ""), max(len(then), len(now)) > 1
        pair = (
            [json.dumps(each, ensure_ascii=False) for each in then],
            [json.dumps(each, ensure_ascii=False) for each in now],
        )
        if not any(isinstance(each, dict | list) for each in (*then, *now)):
            yield from self.words(key, then, now, path, where)
            return
        for way, a, b, c, d in SequenceMatcher(None, *pair, autojunk=False).get_opcodes():
            if way == "equal":
                continue
            both = [
                pair
                for pair in zip(then[a:b], now[c:d], strict=False)
                if isinstance(pair[0], dict) and isinstance(pair[1], dict)
            ]
            for at, (old, new) in enumerate(both, c):
                yield from self.named(old, new, (*path, at), (*where, _which(words, old, at) if several else words))
            for kind, items in (("removed", then[a + len(both) : b]), ("added", now[c + len(both) : d])):
                if items:
                    shown, named = self.values(key, items), words if key else Text("分支", "branch")
                    yield self.say("changed", (*path, c), where, _moved(kind, named, shown))._replace(kind=kind)

    def words(
        self, key: str, then: Sequence[Any], now: Sequence[Any], path: tuple[str | int, ...], where: tuple[Text, ...]
    ) -> Iterator[Difference]:  # fmt: skip
        """Two lists of words, of which it matters what is in them, and a little in which order."""
        named = self.key(key)
        gone, new = [each for each in then if each not in now], [each for each in now if each not in then]
        for kind, items in (("removed", gone), ("added", new)):
            if items:
                shown = self.values(key, items)
                yield self.say("changed", path, where, _moved(kind, named, shown))._replace(kind=kind)
        if not gone and not new:
            shown = self.values(key, now)
            yield self.say(
                "changed", path, where, Text(f"{named.zh}的次序：{shown.zh}", f"{named.en}, their order: {shown.en}")
            )

    # -- saying it

    def say(self, kind: str, path: tuple[str | int, ...], where: Sequence[Text], text: Text) -> Difference:
        zh, en = " · ".join(part.zh for part in where if part.zh), " · ".join(part.en for part in where if part.en)
        if path[-1] == "within" and "target" in path:  # which are one word in Chinese
            text = Text(text.zh.removeprefix(f"{self.key('within').zh}："), text.en)
        mark = {"added": Text("新增", "new "), "removed": Text("去掉", "gone: "), "changed": Text("", "")}[kind]
        return Difference(kind, path, Text(
            f"{zh}：{mark.zh}{text.zh}" if zh else f"{mark.zh}{text.zh}", f"{en}: {mark.en}{text.en}" if en else f"{mark.en}{text.en}"))  # fmt: skip


def _turned(what: Text, was: Text, becomes: Text) -> Text:
    return Text(f"{what.zh}：{was.zh} → {becomes.zh}", f"{what.en}: {was.en} → {becomes.en}")


def _same(one: Any, other: Any) -> bool:
    """Alike, the order included in which things are written."""
    return json.dumps(one) == json.dumps(other)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _which(words: Text, body: Mapping[str, Any], at: int) -> Text:
    """One of several: by its condition where it has one, else by its place."""
    if guards := " and ".join(guard["that"] for guard in body.get("guard", ())):
        return Text(f"{words.zh}（{guards}）", f"{words.en} ({guards})".strip())
    return Text(f"{words.zh}第 {at + 1} 项", f"{words.en} no. {at + 1}".strip())


def _moved(kind: str, named: Text, shown: Text) -> Text:
    """What came into a list, or went."""
    word = Text("加上", "added") if kind == "added" else Text("去掉", "removed")
    return Text(f"{named.zh}：{word.zh} {shown.zh}", f"{named.en}: {word.en} {shown.en}")
