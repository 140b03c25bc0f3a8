"""`take-in`: cases of another system, with all that happened to them, from a file of JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...errors import NotFound, Text, because, plural
from ..desk import Desk
from ..failure import piecewise
from ..out import Ink
from ..progress import progress
from ..spec import Argument, Command, Option, json_option

MOST_SHOWN = 20


def take_in(desk: Desk, *, file: str, reason: str | None, as_json: bool) -> int:
    from ...authoring import old_cases

    lines, out, found, stopped = _lines(file), desk.out, old_cases.Taken(), False
    with progress(out, Text("补录", "Taking in"), len(lines)) as bar:
        try:
            old_cases.take_in(desk.engine, lines, desk.actor, reason or "", found, bar)
        except KeyboardInterrupt:
            stopped = True
    if as_json:
        out.json(
            {"taken_in": found.taken, "repeated": found.repeated, "refused": found.refused,
             "reasons": [{"line": line, "text": {"zh": text.zh, "en": text.en}} for line, text, _ in found.reasons]}
        )  # fmt: skip
    else:
        out.line(Ink(Text(f"补录了 {found.taken} 个工单，原已补录 {found.repeated} 个，{found.refused} 行未能补录。",
                          f"{plural(found.taken, 'case')} taken in, {plural(found.repeated, 'was', 'were')} in already, {plural(found.refused, 'line')} refused."), "bold"))  # fmt: skip
        for line, text, hint in found.reasons[:MOST_SHOWN]:
            out.line(Ink("! ", "late"), Text(f"第 {line} 行：{text.zh}", f"line {line}: {text.en}"))
            if hint is not None:
                out.lines(out.say(hint), indent="    ")
        if found.refused > MOST_SHOWN:
            out.line(Ink(Text("其余见 --json。", "The others stand in --json."), "dim"))
    return piecewise(out, found.refused, stopped=stopped)


def _lines(file: str) -> Sequence[str]:
    try:
        if file == "-":
            return sys.stdin.read().splitlines()
        with open(file, encoding="utf-8-sig") as source:
            return source.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = because(error) if isinstance(error, OSError) else Text("不是 UTF-8", "it is no UTF-8")
        raise NotFound(
            Text(f"读不了 {file}：{why.zh}", f"{file} cannot be read: {why.en}"),
            Text("应是 UTF-8 的 JSON 行，一行一个工单。", "It is JSON lines in UTF-8, one case to a line."),
        ) from None


COMMANDS = {
    "take-in": Command(
        "take-in", take_in,
        [
            Argument("file", say=Text("JSON 行，一行一个旧工单；- 为标准输入", "JSON lines, one old case each; - is standard input")),
            Option("--reason", metavar="WHY", say=Text("为什么补录（必填）", "why they are taken in (needed)")),
            json_option(),
        ],
        say=Text("补录别的系统的旧工单，连同经过；按当时的时间判定，不通知任何人。",
                 "Take in old cases of another system with all that happened to them, judged by the instants of then, told to nobody."),
        more=Text("需要 backdate 权限。每个工单要么完整进来，要么不进来；重复运行不会重复补录。",
                  "Needs the right `backdate`. Each case comes in as a whole or not at all, and once however often the file is read."),
        examples=("guanjia take-in old.jsonl --reason 旧系统停用",),
    ),
}  # fmt: skip
