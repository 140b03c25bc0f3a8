"""`init`: the folder of a new office from the starter kit. What is there already is never overwritten."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

from ...errors import GuanjiaError, Refused, Text, because, plural
from ..desk import Desk, system_user
from ..out import Ink
from ..spec import Argument, Command

FIRST = ("reception", "supervisor")
"""Roles of whom the user of this machine becomes the first: those who can do something with every case."""

FOLDERS = ("procedures", "templates", "calendars")


def init(desk: Desk, *, folder: str) -> None:
    out, target = desk.out, Path(folder)
    if target.exists() and not target.is_dir():
        raise Refused("file", Text(f"{folder} 是一个文件，不是文件夹。", f"{folder} is a file, not a folder."))
    made, kept = [], []
    try:
        for source, relative in _kit():
            aim = target / relative
            if os.path.lexists(aim):
                kept.append(relative)
                continue
            aim.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, aim)
            made.append(relative)
    except OSError as error:
        why = because(error)
        raise Refused(
            "file", Text(f"写不了 {error.filename}：{why.zh}", f"{error.filename} cannot be written: {why.en}")
        ) from None
    from ...authoring import editors

    written, left = editors.write(target)
    made, kept = made + written, kept + left
    out.lines(Text(f"办公室文件夹：{folder}（新建 {len(made)} 个文件，保留原有 {len(kept)} 个）",
                  f"Office in {folder}: {plural(len(made), 'file')} made, {plural(len(kept), 'kept as it was', 'kept as they were')}"))  # fmt: skip
    who = adopt(target / "organisation.yaml", system_user()) if "organisation.yaml" in made else None
    if who is not None:
        out.lines(Text(f"您（系统用户 {system_user()}）在这里是 {who}；在 organisation.yaml 里可以改。",
                      f"You (the system's user {system_user()}) are {who} here; organisation.yaml can say otherwise."))  # fmt: skip
    out.line()
    out.line(Ink(Text("接下来", "Next"), "bold"))
    rows = [
        (
            f"cd {shlex.quote(folder)}",
            Text("在文件夹里，以下命令都认得这个办公室", "inside, every command knows this office"),
        ),
        ("guanjia check", Text("检查所有文件", "check all files")),
        ("guanjia procedures", Text("看有哪些流程", "see which procedures there are")),
        ("guanjia open complaint", Text("开一张投诉工单，会逐项询问", "open a complaint; it asks for what is needed")),
        ("guanjia board", Text("看全局", "see the whole office")),
        ("guanjia work", Text("运行后台：计时、升级、发通知", "run the worker: deadlines, escalation, notifications")),
    ]
    out.table([[Ink(command, "good"), text] for command, text in rows], indent="  ")


def _kit() -> list[tuple[Path, str]]:
    """Every file of the starter kit with its place in an office: beside the modules when installed, else the checkout's."""
    package = Path(__file__).parents[2]
    inside = package / "starter"
    roots = [inside] if inside.is_dir() else [package.parents[1] / "starter"]
    if not inside.is_dir():
        roots += [package.parents[1] / name for name in FOLDERS]
    found = []
    for root in roots:
        base = root.parent if root.name in FOLDERS else root
        found += [
            (path, path.relative_to(base).as_posix())
            for path in sorted(root.rglob("*"))
            if path.is_file() and not any(part.startswith((".", "__")) for part in path.relative_to(base).parts)
        ]
    if not any(relative == "office.yaml" for _, relative in found):
        raise Refused(
            "starter", Text("安装不完整：缺少初始文件。", "The installation is not whole: the starter kit is missing."),
            Text("请重新安装 guanjia。", "Install guanjia again."),
        )  # fmt: skip
    return found


def adopt(path: Path, user: str) -> str | None:
    """Make the system's user the first person who receives or supervises, by one insertion into the text of the file.

    Returns that person as "name (id)"; None when the file could not be changed so that it still reads the same otherwise.
    """
    from ...language.reading import read_yaml

    text = path.read_text(encoding="utf-8")
    try:
        document = read_yaml(text, path.name)
    except GuanjiaError:
        return None
    staff = document.data.get("staff") or {}
    who = next((key for role in FIRST for key, person in staff.items() if role in _roles(person)), None)
    if who is None or any(user in _words(person.get("users")) for person in staff.values()):
        return None
    changed = _insert(text, who, document.position(("staff", who)), user, staff[who])
    if changed is None:
        return None
    try:
        after = read_yaml(changed, path.name).data
    except GuanjiaError:
        return None
    expected = json.loads(json.dumps(document.data, default=str))
    expected["staff"][who]["users"] = [*_words(staff[who].get("users")), user]
    if json.loads(json.dumps(after, default=str)) != expected:
        return None
    path.write_text(changed, encoding="utf-8")
    return f"{staff[who].get('name', who)} ({who})"


def _insert(text: str, who: str, place: tuple[int, int], user: str, person: dict[str, object]) -> str | None:
    """The text with `users` added to the mapping that begins at `place`: in braces, or as a line of its own."""
    if person.get("users"):
        return None
    lines = text.split("\n")
    line, column = place[0] - 1, place[1] - 1
    written = f"users: [{json.dumps(user, ensure_ascii=False)}]"
    here = lines[line]
    if here[column : column + 1] == "{":
        lines[line] = f"{here[: column + 1]}{written}, {here[column + 1 :]}"
    elif re.match(r"\s*$", here[:column]):
        lines.insert(line, f"{' ' * column}{written}")
    else:
        return None
    return "\n".join(lines)


def _roles(person: object) -> list[str]:
    return _words(person.get("roles")) if isinstance(person, dict) else []


def _words(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []


COMMANDS = {
    "init": Command(
        "init", init, [Argument("folder", metavar="DIR", complete="folders", say=Text("文件夹", "the folder"))],
        say=Text("新建办公室文件夹：流程、模板、日历、名册，都可以直接修改。已有的文件不会被覆盖。",
                 "Make the folder of a new office: procedures, templates, calendars, staff, all yours to edit. Nothing is overwritten."),
        examples=("guanjia init 阳光花园",),
    ),
}  # fmt: skip
