"""`diff`: what changed in a procedure, in words: between the files as they are and what new cases run under, or two versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import NotFound, Text
from ..desk import Desk
from ..naming import no_procedure
from ..out import Ink
from ..spec import Argument, Command, Option, json_option

if TYPE_CHECKING:
    from ...authoring.differences import Difference
    from ...language import OfficeFiles
    from ...model.version import Version

SHORT = 12
"""Digits of a version's hash that are shown."""
_STYLES = {"added": "good", "removed": "late", "changed": ""}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def diff(desk: Desk, *, name: str, before: str | None, after: str | None, as_json: bool) -> None:
    from ...language import OfficeFiles

    files = OfficeFiles(desk.folder)
    known = files.procedures()
    if name not in known:
        raise no_procedure(desk, name, known)
    now = files.version(name) if after is None else _kept(desk, name, after)
    then = _kept(desk, name, before) if before is not None else _last(desk, name, now)
    found = list(_found(files, then, now)) if then is not None else []
    if as_json:
        desk.out.json({"procedure": name, "before": then and then.hash, "after": now.hash, "differences": [
            {"kind": item.kind, "path": list(item.path), "text": {"zh": item.text.zh, "en": item.text.en}} for item in found]})  # fmt: skip
        return
    if then is None:
        desk.out.line(
            Text(
                f"“{desk.label(name, name)}”还没有别的版本。",
                f"There is no other version of “{desk.label(name, name)}” yet.",
            )
        )
        return
    _told(desk, name, then, now, found)


def told_differences(desk: Desk, name: str, then: Version, now: Version) -> None:
    """Print in words what differs between two versions of a procedure."""
    from ...language import OfficeFiles

    _told(desk, name, then, now, list(_found(OfficeFiles(desk.folder), then, now)))


def _found(files: OfficeFiles, then: Version, now: Version) -> Iterator[Difference]:
    from functools import partial

    from ...authoring.differences import differences
    from ...core.surroundings import entitled

    return differences(then, now, partial(entitled, {"labels": _roles(files)}))


def _told(desk: Desk, name: str, then: Version, now: Version, found: Sequence[Difference]) -> None:
    out, label = desk.out, desk.label(name, name)
    title = f"{then.hash[:SHORT]} → {now.hash[:SHORT]}"
    out.line(Ink(Text(f"{label}：{title}", f"{label}: {title}"), "bold"))
    for item in found:
        first, *more = out.say(item.text).splitlines()
        out.line(Ink(f"{_SIGNS[item.kind]} ", _STYLES[item.kind]), first)
        for line in more:
            out.line(line)
    if not found:
        out.line(Text("没有改动。", "Nothing changed."))


def _roles(files: OfficeFiles) -> dict[str, Any]:
    """What roles are called, by language."""
    from ...people.organisation import Organisation

    organisation = Organisation.from_plain(files.organisation(), "zh")
    return {spoken: organisation.labels(spoken) for spoken in ("zh", "en")}


def _last(desk: Desk, name: str, now: Version) -> Version | None:
    """What new cases run under, where the files differ from it; else the version before that."""
    from ...runtime import stream

    compiled: dict[str, Any] = json.loads(desk.store.setting("office") or "{}")
    current = compiled.get("versions", {}).get(name)
    if current is not None and current != now.hash:
        return _kept(desk, name, current)
    earlier = [
        event.data.get("before")
        for event in stream.events(desk.store)
        if event.type == "published" and event.name == name
    ]
    last = next((hash for hash in reversed(earlier) if hash), None)
    return None if last is None else _kept(desk, name, last)


def _kept(desk: Desk, name: str, hash: str) -> Version:
    """The version whose number this is, or whose hash begins so; one that is only proposed has no number. NotFound."""
    from ...model.version import Version
    from ...runtime import stream
    from ...runtime.proposals import numbered

    past = list(stream.events(desk.store))
    known = {str(it.number): it.version for it in numbered(past, name)}
    proposed = {hash for event in past if event.type == "proposed" and (hash := event.data["versions"].get(name))}
    hashes = {*known.values(), *proposed}
    meant = [known[hash]] if hash in known else [each for each in sorted(hashes) if each.startswith(hash.lower())]
    text = desk.store.version(meant[0]) if len(meant) == 1 else desk.store.version(hash)
    if text is None:
        shown = ", ".join(each[:SHORT] for each in sorted(hashes)) or "—"
        raise NotFound(
            Text(f"流程“{name}”没有版本“{hash}”。", f"The procedure {name!r} has no version {hash!r}."),
            Text(f"有：{shown}（见 guanjia versions {name}）", f"There are: {shown} (see guanjia versions {name})"),
        )  # fmt: skip
    return Version.model_validate_json(text)


COMMANDS = {
    "diff": Command(
        "diff", diff,
        [
            Argument("name", metavar="PROCEDURE", complete="procedures", say=Text("流程的名字", "name of a procedure")),
            Option("--from", to="before", metavar="VERSION", say=Text("与哪个版本比（默认：新工单现在所用的；文件没改则比再前一版）", "the version to compare with (default: what new cases run under; if the files are the same, the one before)")),
            Option("--to", to="after", metavar="VERSION", say=Text("比哪个版本（默认：文件现在的样子）", "the version that is compared (default: the files as they are)")),
            json_option(),
        ],
        say=Text("用话说出一个流程改了什么：新状态、改短的期限、换了的角色。", "Say in words what changed in a procedure: new states, shorter limits, other roles."),
        more=Text("只看不发布：改完文件先 check、test，再 diff。版本写序号或哈希的开头，见 guanjia versions。", "It only looks and publishes nothing: after an edit check, test, then diff. A version is its number or the beginning of its hash: guanjia versions."),
        examples=("guanjia diff repair", "guanjia diff repair --from 2 --to 3"),
    ),
}  # fmt: skip
